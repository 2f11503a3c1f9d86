/* Prepared statements of the modules' tables: the cache of a connection, running them, transactions, the check of the schema. */
#include <assert.h>
#include <stdlib.h>
#include <strings.h>
#include <errmsg.h>

#include "core/db_impl.h"
#include "core/log.h"

#define SLOTS_FIRST 64

static size_t
slot_of(const struct db *d, const struct sql *q)
{
	size_t i = ((uintptr_t)q >> 3) * UINT64_C(0x9e3779b97f4a7c15) >> 32;

	for (i &= d->n_slots - 1; d->slots[i].q != NULL && d->slots[i].q != q;)
		i = (i + 1) & (d->n_slots - 1);
	return i;
}

static bool
slots_grow(struct db *d)
{
	struct db_slot *old = d->slots;
	size_t n_old = d->n_slots;
	size_t n = n_old == 0 ? SLOTS_FIRST : n_old * 2;
	struct db_slot *slots = calloc(n, sizeof(*slots));

	if (slots == NULL)
		return false;
	d->slots = slots;
	d->n_slots = n;
	for (size_t i = 0; i < n_old; i++)
		if (old[i].q != NULL)
			slots[slot_of(d, old[i].q)] = old[i];
	free(old);
	return true;
}

/* The slot of `q`, made when there is none; NULL when the heap is exhausted. */
static struct db_slot *
slot_get(struct db *d, const struct sql *q)
{
	struct db_slot *s;

	if (d->used_slots * 2 >= d->n_slots && !slots_grow(d))
		return NULL;
	s = &d->slots[slot_of(d, q)];
	if (s->q == NULL) {
		s->q = q;
		d->used_slots++;
	}
	return s;
}

void
db_stmts_release(struct db *d)
{
	for (size_t i = 0; i < d->n_slots; i++) {
		if (d->slots[i].stmt != NULL)
			(void)mysql_stmt_close(d->slots[i].stmt);
		d->slots[i] = (struct db_slot){ 0 };
	}
	d->used_slots = 0;
}

static void
stmt_forget(struct db *d, const struct sql *q)
{
	struct db_slot *s = d->n_slots == 0 ? NULL : &d->slots[slot_of(d, q)];

	if (s == NULL || s->stmt == NULL)
		return;
	(void)mysql_stmt_close(s->stmt);
	s->stmt = NULL;
}

static bool
begins_with(const char *text, const char *word)
{
	return strncasecmp(text, word, strlen(word)) == 0;
}

static bool
changes(const struct sql *q)
{
	static const char *const words[] = { "INSERT", "UPDATE", "DELETE", "REPLACE", "CALL" };

	if (q->commits)
		return true;
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (begins_with(q->text, words[i]))
			return true;
	return false;
}

/* The statement's own error, or that of its connection, which says more when the statement was cut off from it. */
enum status
db_stmt_fail(struct db *d, MYSQL_STMT *stmt, const struct sql *q, enum db_stake stake)
{
	unsigned err = mysql_stmt_errno(stmt);

	if ((err == 0 || err == CR_STMT_CLOSED) && d->my != NULL && mysql_errno(d->my) != 0)
		return db_fail(d, mysql_errno(d->my), mysql_error(d->my), q->text, stake);
	return db_fail(d, err, mysql_stmt_error(stmt), q->text, stake);
}

enum status
db_wrong_shape(const struct sql *q, const char *what, unsigned long have, size_t want)
{
	log_detail(LOG_ERROR, "db_shape", "%s: %lu %s instead of %zu", q->text, have, what, want);
	return E_INTERNAL;
}

static enum status
stmt_prepare(struct db *d, const struct sql *q, MYSQL_STMT **out)
{
	struct db_slot *s = slot_get(d, q);
	MYSQL_STMT *stmt;
	unsigned long params;
	enum status st;

	if (s == NULL)
		return E_NOMEM;
	*out = s->stmt;
	if (s->stmt != NULL)
		return E_OK;
	stmt = mysql_stmt_init(d->my);
	if (stmt == NULL)
		return E_NOMEM;
	if (mysql_stmt_prepare(stmt, q->text, strlen(q->text)) != 0) {
		st = db_stmt_fail(d, stmt, q, d->in_tx ? STAKE_TX : STAKE_NONE);
		(void)mysql_stmt_close(stmt);
		return st;
	}
	params = mysql_stmt_param_count(stmt);
	if (params != strlen(q->in)) {
		(void)mysql_stmt_close(stmt);
		return db_wrong_shape(q, "parameters", params, strlen(q->in));
	}
	*out = s->stmt = stmt;
	return E_OK;
}

/* A procedure must leave no transaction open behind it, not even by failing. */
static enum status
close_left_open(struct db *d, const struct sql *q, enum status st)
{
	unsigned server = 0;

	if (d->my == NULL || d->in_tx || !begins_with(q->text, "CALL"))
		return st;
	if (st == E_OK &&
	    (mariadb_get_infov(d->my, MARIADB_CONNECTION_SERVER_STATUS, &server) != 0 || !(server & SERVER_STATUS_IN_TRANS)))
		return st;
	db_rollback(d);
	if (st != E_OK)
		return st;
	log_detail(LOG_ERROR, "db_left_open", "%s: the procedure left its transaction open; rolled back", q->text);
	return E_INTERNAL;
}

/* One try on the connection there is. *sent says whether the server may have seen the statement. */
static enum status
try_once(struct db_run *r, const struct db_value *args, size_t n, bool *sent)
{
	enum status st = stmt_prepare(r->d, r->q, &r->stmt);

	*sent = st == E_OK;
	if (st != E_OK)
		return st;
	st = db_execute(r, args, n);
	if (st == E_INTERNAL && r->d->my != NULL)
		stmt_forget(r->d, r->q);
	return close_left_open(r->d, r->q, st);
}

enum status
db_run(struct db *d, struct arena *a, const struct sql *q, const struct db_value *args, size_t n, struct db_rows *out)
{
	bool change = changes(q);
	bool sent = false;
	enum status st = d->in_tx ? d->tx_st : E_OK;
	struct db_run r = { .d = d, .a = a, .q = q };

	assert(n == strlen(q->in) && n <= DB_PARAMS_MAX);
	assert(!(d->in_tx && q->commits));
	if (out != NULL)
		*out = r.rows;
	if (st != E_OK)
		return st;
	r.stake = d->in_tx ? STAKE_TX : change ? STAKE_CHANGE : STAKE_NONE;
	db_enter(d);
	for (int tries = 0; tries < 2; tries++) {
		r.rows = (struct db_rows){ 0 };
		r.v = NULL;
		r.cap_rows = 0;
		st = d->in_tx ? E_OK : db_connect(d);
		if (st != E_OK)
			break;
		st = try_once(&r, args, n, &sent);
		if (st != E_BUSY || d->in_tx || (sent && change))
			break;
	}
	db_leave(d);
	if (out != NULL)
		*out = r.rows;
	return st;
}

static enum status
check_procedure(struct db *d, const struct sql *q)
{
	struct db_value args[DB_PARAMS_MAX];
	size_t n = strlen(q->in);
	struct arena *a;
	struct db_rows rows;
	enum status st;

	if (n == 0 || n > DB_PARAMS_MAX || q->in[0] != 'i')
		return db_wrong_shape(q, "leading integer parameters `check`", 0, 1);
	a = arena_new(4096, 65536);
	if (a == NULL)
		return E_NOMEM;
	args[0] = db_int(1);
	for (size_t i = 1; i < n; i++)
		args[i] = db_null();
	st = db_run(d, a, q, args, n, &rows);
	if (st == E_OK && rows.columns > 0 && rows.n != 1)
		st = db_wrong_shape(q, "rows to check=1", rows.n, 1);
	arena_free(a);
	return st;
}

static enum status
check_one(struct db *d, const struct sql *q)
{
	MYSQL_STMT *stmt = NULL;
	enum status st = db_connect(d);

	if (st == E_OK)
		st = stmt_prepare(d, q, &stmt);
	if (st != E_OK)
		return st;
	if (begins_with(q->text, "CALL "))
		return check_procedure(d, q);
	if (mysql_stmt_field_count(stmt) != strlen(q->out))
		return db_wrong_shape(q, "columns", mysql_stmt_field_count(stmt), strlen(q->out));
	return E_OK;
}

enum status
db_check(struct db *d, const struct sql *table, size_t n)
{
	enum status st = E_OK, one;

	assert(!d->in_tx);
	db_enter(d);
	for (size_t i = 0; i < n && st != E_BUSY; i++) {
		one = check_one(d, &table[i]);
		if (one != E_OK) /* the log names all that are wrong, not only the first */
			st = one;
	}
	db_leave(d);
	return st;
}

enum status
db_begin(struct db *d)
{
	enum status st;

	assert(!d->in_tx);
	st = db_connect(d);
	if (st != E_OK)
		return st;
	if (mysql_query(d->my, "START TRANSACTION") != 0)
		return db_fail(d, mysql_errno(d->my), mysql_error(d->my), "START TRANSACTION", STAKE_NONE);
	d->in_tx = true;
	d->tx_st = E_OK;
	return E_OK;
}

enum status
db_commit(struct db *d)
{
	enum status st = d->tx_st;

	assert(d->in_tx);
	if (st != E_OK) {
		db_rollback(d);
		return st;
	}
	if (mysql_query(d->my, "COMMIT") != 0)
		st = db_fail(d, mysql_errno(d->my), mysql_error(d->my), "COMMIT", STAKE_COMMIT);
	d->in_tx = false;
	return st;
}

void
db_rollback(struct db *d)
{
	if (d->my != NULL && mysql_query(d->my, "ROLLBACK") != 0)
		db_drop(d); /* the server rolls back what has lost its connection */
	d->in_tx = false;
	d->tx_st = E_OK;
}

enum status
db_script(struct db *d, struct arena *a, const char *text, size_t n, const char **why)
{
	enum status st;
	int more = 0;

	*why = "the database cannot be reached";
	db_enter(d);
	st = db_connect(d);
	db_leave(d);
	if (st != E_OK)
		return st;
	if (mysql_set_server_option(d->my, MYSQL_OPTION_MULTI_STATEMENTS_ON) == 0 && mysql_real_query(d->my, text, n) == 0) {
		do
			mysql_free_result(mysql_use_result(d->my));
		while ((more = mysql_next_result(d->my)) == 0);
	} else {
		more = 1;
	}
	if (more > 0) {
		*why = arena_strdup(a, mysql_error(d->my));
		if (*why == NULL)
			*why = "out of memory";
		return db_fail(d, mysql_errno(d->my), mysql_error(d->my), "script", STAKE_CHANGE);
	}
	return mysql_set_server_option(d->my, MYSQL_OPTION_MULTI_STATEMENTS_OFF) == 0 ? E_OK : E_INTERNAL;
}
