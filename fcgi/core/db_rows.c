/* One execution of a prepared statement: typed parameters in, typed rows out into the arena. */
#include <assert.h>

#include "core/clock.h"
#include "core/db_impl.h"
#include "core/log.h"

#define ROWS_FIRST 4

struct cell {
	union {
		long long i;
		double d;
		MYSQL_TIME t;
	};
	unsigned long length;
	my_bool null;
	my_bool wrong; /* did not fit its type */
};

static MYSQL_TIME
time_out(int64_t at_ms)
{
	/* the calendar of clock.h is Kolkata's: shifted back it is that of UTC */
	struct clock_date date = clock_kolkata_date(at_ms - CLOCK_KOLKATA_OFFSET_MS);
	int64_t ms = at_ms - (clock_kolkata_midnight_ms(date.year, date.month, date.day) + CLOCK_KOLKATA_OFFSET_MS);

	return (MYSQL_TIME){
		.year = (unsigned)date.year,
		.month = (unsigned)date.month,
		.day = (unsigned)date.day,
		.hour = (unsigned)(ms / 3600000),
		.minute = (unsigned)(ms / 60000 % 60),
		.second = (unsigned)(ms / 1000 % 60),
		.second_part = (unsigned long)(ms % 1000 * 1000),
		.time_type = MYSQL_TIMESTAMP_DATETIME,
	};
}

static int64_t
time_in(const MYSQL_TIME *t)
{
	int64_t day = clock_kolkata_midnight_ms((int)t->year, (int)t->month, (int)t->day) + CLOCK_KOLKATA_OFFSET_MS;

	return day + ((int64_t)t->hour * 3600 + (int64_t)t->minute * 60 + (int64_t)t->second) * 1000 +
	       (int64_t)(t->second_part / 1000);
}

static enum enum_field_types
text_type(char letter)
{
	return letter == 's' ? MYSQL_TYPE_STRING : MYSQL_TYPE_BLOB;
}

static enum status
bind_params(struct db_run *r, const struct db_value *args, size_t n, MYSQL_BIND *bind, MYSQL_TIME *times)
{
	memset(bind, 0, n * sizeof(*bind));
	for (size_t i = 0; i < n; i++) {
		const struct db_value *v = &args[i];
		MYSQL_BIND *b = &bind[i];

		b->is_null_value = v->null ? 1 : 0;
		b->is_null = &b->is_null_value;
		switch (r->q->in[i]) {
		case 'i':
			b->buffer_type = MYSQL_TYPE_LONGLONG;
			b->buffer = (void *)(uintptr_t)&v->i;
			break;
		case 'd':
			b->buffer_type = MYSQL_TYPE_DOUBLE;
			b->buffer = (void *)(uintptr_t)&v->d;
			break;
		case 't':
			if (!v->null)
				times[i] = time_out(v->i);
			b->buffer_type = MYSQL_TYPE_DATETIME;
			b->buffer = &times[i];
			break;
		case 's':
		case 'b':
			b->buffer_type = text_type(r->q->in[i]);
			b->buffer = (void *)(uintptr_t)(v->s.p == NULL ? "" : v->s.p);
			b->buffer_length = v->s.n;
			break;
		default:
			assert(false); /* a letter that db.h does not know */
		}
	}
	return mysql_stmt_bind_param(r->stmt, bind) == 0 ? E_OK : db_stmt_fail(r->d, r->stmt, r->q, r->stake);
}

static void
bind_column(MYSQL_BIND *b, struct cell *c, char letter)
{
	static char nothing[1];

	*c = (struct cell){ 0 };
	*b = (MYSQL_BIND){ .is_null = &c->null, .error = &c->wrong, .length = &c->length };
	switch (letter) {
	case 'i':
		b->buffer_type = MYSQL_TYPE_LONGLONG;
		b->buffer = &c->i;
		break;
	case 'd':
		b->buffer_type = MYSQL_TYPE_DOUBLE;
		b->buffer = &c->d;
		break;
	case 't':
		b->buffer_type = MYSQL_TYPE_DATETIME;
		b->buffer = &c->t;
		break;
	case 's':
	case 'b':
		/* no room: the fetch tells the length, fetch_column puts it straight into the arena */
		b->buffer_type = text_type(letter);
		b->buffer = nothing;
		break;
	default:
		assert(false); /* a letter that db.h does not know */
	}
}

static enum status
fetch_text(struct db_run *r, unsigned column, const struct cell *c, struct db_value *v)
{
	unsigned long n = c->length;
	char *p = arena_alloc(r->a, n + 1);
	MYSQL_BIND b = { .buffer_type = text_type(r->q->out[column]), .buffer = p, .buffer_length = n };

	if (p == NULL)
		return E_NOMEM;
	if (n > 0 && mysql_stmt_fetch_column(r->stmt, &b, column, 0) != 0)
		return db_stmt_fail(r->d, r->stmt, r->q, r->stake);
	p[n] = '\0';
	v->s = (struct span){ p, n };
	return E_OK;
}

static enum status
take_cell(struct db_run *r, unsigned column, const struct cell *c, struct db_value *v)
{
	char letter = r->q->out[column];

	*v = (struct db_value){ .null = c->null, .i = letter == 't' ? CLOCK_NONE : 0 };
	if (c->null)
		return E_OK;
	if (letter == 's' || letter == 'b')
		return fetch_text(r, column, c, v);
	if (c->wrong || (letter == 't' && c->t.month == 0)) {
		log_detail(LOG_ERROR, "db_value", "%s: column %u does not fit its letter %c", r->q->text, column + 1, letter);
		return E_INTERNAL;
	}
	if (letter == 'i')
		v->i = c->i;
	else if (letter == 'd')
		v->d = c->d;
	else
		v->i = time_in(&c->t);
	return E_OK;
}

static enum status
take_row(struct db_run *r, const struct cell *cell)
{
	size_t columns = r->rows.columns;
	enum status st = E_OK;

	if (r->rows.n == r->cap_rows) {
		size_t cap = r->cap_rows == 0 ? ROWS_FIRST : r->cap_rows * 2;
		struct db_value *v = arena_array(r->a, cap * columns, sizeof(*v));

		if (v == NULL)
			return E_NOMEM;
		if (r->rows.n > 0)
			memcpy(v, r->v, r->rows.n * columns * sizeof(*v));
		r->v = v;
		r->rows.v = v;
		r->cap_rows = cap;
	}
	for (unsigned i = 0; st == E_OK && i < columns; i++)
		st = take_cell(r, i, &cell[i], &r->v[r->rows.n * columns + i]);
	if (st == E_OK)
		r->rows.n++;
	return st;
}

static enum status
take_rows(struct db_run *r)
{
	MYSQL_BIND bind[DB_COLUMNS_MAX];
	struct cell cell[DB_COLUMNS_MAX];
	enum status st = E_OK;
	int rc = 0;

	r->rows.columns = mysql_stmt_field_count(r->stmt);
	if (r->rows.columns != strlen(r->q->out))
		return db_wrong_shape(r->q, "columns", r->rows.columns, strlen(r->q->out));
	if (r->rows.columns == 0) {
		r->rows.affected = (int64_t)mysql_stmt_affected_rows(r->stmt);
		r->rows.insert_id = (int64_t)mysql_stmt_insert_id(r->stmt);
		return E_OK;
	}
	assert(r->rows.columns <= DB_COLUMNS_MAX);
	for (size_t i = 0; i < r->rows.columns; i++)
		bind_column(&bind[i], &cell[i], r->q->out[i]);
	if (mysql_stmt_bind_result(r->stmt, bind) != 0)
		return db_stmt_fail(r->d, r->stmt, r->q, r->stake);
	while (st == E_OK && ((rc = mysql_stmt_fetch(r->stmt)) == 0 || rc == MYSQL_DATA_TRUNCATED))
		st = take_row(r, cell);
	if (st == E_OK && rc != MYSQL_NO_DATA)
		st = db_stmt_fail(r->d, r->stmt, r->q, r->stake);
	return st;
}

/* What a procedure still says after its first result, until the server's last word; an error may stand there. */
static enum status
drain(struct db_run *r, enum status st)
{
	int more;

	if (r->d->my == NULL)
		return st;
	(void)mysql_stmt_free_result(r->stmt);
	while ((more = mysql_stmt_next_result(r->stmt)) == 0)
		(void)mysql_stmt_free_result(r->stmt);
	if (more > 0 && st == E_OK)
		st = db_stmt_fail(r->d, r->stmt, r->q, r->stake);
	return st;
}

enum status
db_execute(struct db_run *r, const struct db_value *args, size_t n)
{
	MYSQL_BIND bind[DB_PARAMS_MAX];
	MYSQL_TIME times[DB_PARAMS_MAX];
	enum status st = E_OK;

	if (n > 0)
		st = bind_params(r, args, n, bind, times);
	if (st != E_OK)
		return st;
	if (mysql_stmt_execute(r->stmt) != 0)
		return db_stmt_fail(r->d, r->stmt, r->q, r->stake);
	return drain(r, take_rows(r));
}
