/* What inboxes and the register share: filters as values, the merging of what several indexes found, and reading the rows. */
#include "domain/work.h"

#include <stdlib.h>

#include "core/buf.h"
#include "core/clock.h"

enum { Q_STAFF, Q_ROWS };

const struct sql work_sql[] = {
	[Q_STAFF] = { "SELECT id FROM staff WHERE user_name = CONVERT(? USING ascii)", "s", "i", false },
	/* in the order of the ids; a page of them in one statement */
	[Q_ROWS] = { "SELECT c.id, c.version, c.number, c.state, c.level, c.channel, c.department_code, c.category_code,"
		     " c.subcategory_code, c.ward_no, c.borough_no, c.lodged_at, c.due_at, c.resolved_at, c.waiting_since,"
		     " c.reopen_count, c.priority, h.user_name, IF(? = 'bn', h.name_bn, h.name_en), p.id, p.number, p.state"
		     " FROM JSON_TABLE(?, '$[*]' COLUMNS (place FOR ORDINALITY, id BIGINT PATH '$')) wanted"
		     " STRAIGHT_JOIN complaint c ON c.id = wanted.id LEFT JOIN staff h ON h.id = c.holder_id"
		     " LEFT JOIN complaint p ON p.id = c.parent_id AND c.state = 'DUPLICATE' ORDER BY wanted.place",
		     "ss",
		     "iissi"
		     "ssss"
		     "ii"
		     "tttt"
		     "ii"
		     "ss"
		     "iss",
		     false },
};
const size_t work_sql_n = ARRAY_LEN(work_sql);

enum status
work_staff_id(struct db *db, struct arena *a, struct span user, int64_t *id)
{
	struct db_rows rows;
	enum status st = db_run(db, a, &work_sql[Q_STAFF], DB_ARGS(db_text(user)), &rows);

	if (st == E_OK)
		*id = rows.n == 0 ? -1 : db_row(&rows, 0)[0].i;
	return st;
}

/* ---- filters */

static struct db_value
int_or_null(int64_t value, int64_t absent)
{
	return value == absent ? db_null() : db_int(value);
}

/* "ASSIGNED,ESCALATED" of their bits. */
static enum status
state_list(struct arena *a, unsigned states, struct db_value *out)
{
	const char *list = "";

	*out = db_null();
	if (states == 0)
		return E_OK;
	for (int s = 0; s < STATE__COUNT && list != NULL; s++)
		if (state_in((enum state)s, states))
			list = arena_printf(a, "%s%s%s", list, list[0] == '\0' ? "" : ",", state_name((enum state)s));
	*out = db_text(span_of(list));
	return list == NULL ? E_NOMEM : E_OK;
}

/* The numbers that begin with these digits. */
static enum status
number_range(struct arena *a, const char *digits, struct db_value *low, struct db_value *high)
{
	const int missing = digits == NULL ? 0 : NUMBER_DIGITS - (int)strlen(digits);

	*low = *high = db_null();
	if (digits == NULL)
		return E_OK;
	*low = db_text(span_of(arena_printf(a, "%s%.*s", digits, missing, "000000000000")));
	*high = db_text(span_of(arena_printf(a, "%s%.*s", digits, missing, "999999999999")));
	return low->null || high->null ? E_NOMEM : E_OK;
}

enum status
work_filter_args(struct arena *a, const struct work_filter *f, struct db_value *v)
{
	const struct db_value ward = int_or_null(f->ward, 0), borough = int_or_null(f->borough, 0);
	const struct db_value level = int_or_null(f->level, -1), overdue = int_or_null(f->overdue, -1);
	const struct db_value category = db_text(f->category), subcategory = db_text(f->subcategory);
	const struct db_value channel = db_text(span_of(f->channel));
	const struct db_value holder = int_or_null(f->holder_id, 0);
	struct db_value states, low, high;
	enum status st = state_list(a, f->states, &states);

	if (st == E_OK)
		st = number_range(a, f->digits, &low, &high);
	if (st != E_OK)
		return st;
	const struct db_value all[] = { states,
					states,
					category,
					category,
					subcategory,
					subcategory,
					ward,
					ward,
					borough,
					borough,
					level,
					level,
					channel,
					channel,
					holder,
					holder,
					low,
					low,
					high,
					overdue,
					db_time(f->now_ms),
					overdue,
					db_time(f->lodged_from_ms),
					db_time(f->lodged_to_ms) };

	_Static_assert(ARRAY_LEN(all) == WORK_FILTER_ARGS, "a parameter of the filter has no value");
	memcpy(v, all, sizeof(all));
	return E_OK;
}

/* ---- keys */

enum status
work_keys_add(struct arena *a, struct work_keys *keys, const struct work_key *key)
{
	if (keys->n == keys->cap) {
		const size_t cap = keys->cap == 0 ? 256 : 2 * keys->cap;
		struct work_key *v = arena_array(a, cap, sizeof(*v));

		if (v == NULL)
			return E_NOMEM;
		if (keys->n > 0)
			memcpy(v, keys->v, keys->n * sizeof(*v));
		keys->v = v;
		keys->cap = cap;
	}
	keys->v[keys->n++] = *key;
	return E_OK;
}

/* Somebody who holds it by name and as an officer finds it twice. */
static size_t
drop_repeated(struct work_key *v, size_t n)
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++)
		if (kept == 0 || v[kept - 1].place.id != v[i].place.id)
			v[kept++] = v[i];
	return kept;
}

/* ---- rows */

static enum status
from_row(const struct db_value *v, int64_t now_ms, struct work_item *item)
{
	struct complaint *c = &item->complaint;

	*item = (struct work_item){
		.complaint = { .id = v[0].i,
			       .version = v[1].i,
			       .number = v[2].s,
			       .level = (int)v[4].i,
			       .channel = v[5].s,
			       .department = v[6].s,
			       .category = v[7].s,
			       .subcategory = v[8].s,
			       .ward = (int)v[9].i,
			       .borough = (int)v[10].i,
			       .lodged_ms = v[11].i,
			       .due_ms = v[12].i,
			       .resolved_ms = v[13].null ? CLOCK_NONE : v[13].i,
			       .waiting_ms = v[14].null ? CLOCK_NONE : v[14].i,
			       .reopen_count = (int)v[15].i,
			       .priority = v[16].i != 0 },
		.holder = { .user = db_span(&v[17]), .name = db_span(&v[18]) },
	};
	if (!state_parse(v[3].s, &c->state) || (!v[19].null && !state_parse(v[21].s, &c->parent.state)))
		return E_INTERNAL;
	if (!v[19].null) {
		c->parent.id = v[19].i;
		c->parent.number = v[20].s;
	}
	item->overdue = state_in(c->state, OPEN_STATES) && c->due_ms < (c->waiting_ms == CLOCK_NONE ? now_ms : c->waiting_ms);
	return E_OK;
}

static enum status
read_rows(struct db *db, struct arena *a, const struct work_key *keys, size_t n, enum lang lang, int64_t now_ms,
	  struct work_page *out)
{
	struct buf ids = BUF_INIT((size_t)WORK_LIMIT * 24);
	struct work_item *items = arena_array(a, n, sizeof(*items));
	struct db_rows rows = { .n = 0 };
	enum status st = items == NULL ? E_NOMEM : E_OK;

	for (size_t i = 0; i < n; i++)
		buf_printf(&ids, "%c%lld", i == 0 ? '[' : ',', (long long)keys[i].place.id);
	buf_char(&ids, ']');
	if (st == E_OK && n > 0)
		st = ids.failed ? E_NOMEM
				: db_run(db, a, &work_sql[Q_ROWS],
					 DB_ARGS(db_text(span_of(lang_code(lang))), db_text(buf_view(&ids))), &rows);
	buf_release(&ids);
	for (size_t i = 0; i < rows.n && st == E_OK; i++)
		st = from_row(db_row(&rows, i), now_ms, &items[i]);
	out->items = items;
	out->n = rows.n;
	return st;
}

enum status
work_read(struct db *db, struct arena *a, const struct work_filter *f, struct work_keys *keys,
	  int (*order)(const void *a, const void *b), enum lang lang, struct work_page *out)
{
	size_t n = keys->n;

	*out = (struct work_page){ .more = false };
	if (n > 1) {
		qsort(keys->v, n, sizeof(*keys->v), order);
		n = drop_repeated(keys->v, n);
	}
	if (n > (size_t)f->limit) {
		n = (size_t)f->limit;
		out->more = true;
		out->next = keys->v[n - 1].place;
	}
	return read_rows(db, a, keys->v, n, lang, f->now_ms, out);
}
