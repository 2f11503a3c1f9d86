/* One connection to MariaDB: prepared statements from tables, typed parameters and rows, a host list of our own.
 *
 * A statement is a row of a module's `static const struct sql statements[]`; it is prepared on its first use per connection. SQL is
 * never built from strings. Times are UTC; in C they are milliseconds since 1970, CLOCK_NONE being NULL.
 * Not thread-safe: one per thread. Rules and error classes: Keeping every complaint (README, "When something is down"). */
#ifndef EKMC_CORE_DB_H
#define EKMC_CORE_DB_H

#include "core/arena.h"
#include "core/conf.h"
#include "core/status.h"

/* Letters of `in` and `out`, one per parameter and column: i int64, d double, s text (utf8mb4), b bytes, t time (DATETIME(3)). */
struct sql {
	const char *text;
	const char *in;
	const char *out;
	bool commits; /* a CALL whose procedure commits: a connection lost in it is E_UNKNOWN */
};

struct db_value {
	bool null;
	int64_t i; /* i, t */
	double d;
	struct span s; /* s, b */
};

static inline struct db_value
db_int(int64_t i)
{
	return (struct db_value){ .i = i };
}
static inline struct db_value
db_double(double d)
{
	return (struct db_value){ .d = d };
}
/* Absent (p == NULL) becomes NULL. */
static inline struct db_value
db_text(struct span s)
{
	return (struct db_value){ .null = s.p == NULL, .s = s };
}
static inline struct db_value
db_bytes(const void *p, size_t n)
{
	return (struct db_value){ .null = p == NULL, .s = { p, n } };
}
static inline struct db_value
db_time(int64_t at_ms)
{
	return (struct db_value){ .null = at_ms == INT64_MIN, .i = at_ms };
}
static inline struct db_value
db_null(void)
{
	return (struct db_value){ .null = true };
}

/* Text or bytes; absent for NULL. */
static inline struct span
db_span(const struct db_value *v)
{
	return v->null ? (struct span){ NULL, 0 } : v->s;
}

struct db_rows {
	size_t n;
	size_t columns;
	const struct db_value *v; /* n * columns, row by row, in the arena */
	int64_t affected;         /* changed rows of a statement that returns none */
	int64_t insert_id;
};

static inline const struct db_value *
db_row(const struct db_rows *rows, size_t row)
{
	return &rows->v[row * rows->columns];
}

struct db;

/* Connects lazily. NULL only when the heap is exhausted or db.hosts is malformed (logged). `c` must outlive it. */
MUST_USE struct db *db_new(const struct conf *c);
void db_free(struct db *d);

#define DB_ARGS(...)                                                                                                               \
	(const struct db_value[]){ __VA_ARGS__ }, sizeof((const struct db_value[]){ __VA_ARGS__ }) / sizeof(struct db_value)
#define DB_NO_ARGS NULL, 0

/* Runs one statement with `n` arguments (n must be strlen(q->in): asserted). Text and bytes of the rows live in `a`.
 * Outside db_tx it is its own transaction (autocommit). A procedure's single result set comes as rows; further ones are drained.
 * Errors: E_BUSY no host reachable or the connection was lost before anything was committed; E_CONFLICT 1213, 1205, 1020, 1467;
 * E_UNKNOWN (see `commits`; also an autocommitted change whose answer was lost); E_INTERNAL anything else (logged once).
 * A duplicate key (1062) is E_STALE: the caller knows which key it was; a transaction may go on after it. After E_CONFLICT or
 * E_BUSY in db_tx every further statement of the body answers the same. `out` may be NULL. */
MUST_USE enum status db_run(struct db *d, struct arena *a, const struct sql *q, const struct db_value *args, size_t n,
			    struct db_rows *out);

/* Prepares every statement of the table and compares parameters and columns (and calls each procedure with check=1: its first
 * parameter, the others NULL; it answers one row with the columns of its real answer and touches nothing).
 * E_INTERNAL: the schema is not the one this program was built for (each wrong statement is logged). E_BUSY: unreachable. */
MUST_USE enum status db_check(struct db *d, const struct sql *table, size_t n);

/* Counts re-connects; a change between two calls says that session state was lost. */
uint64_t db_epoch(const struct db *d);
/* When the time budget of the current job ends (clock_monotonic_ms); every wait for hosts stops there. 0: db.total_ms from now.
 * Call it at the start of each job: a deadline that has passed forbids re-connecting. Never called: each db_run and db_tx has
 * total_ms. */
void db_deadline(struct db *d, int64_t at_ms);
/* Milliseconds left of it. */
int64_t db_left_ms(const struct db *d);

/* For tx.c alone. */
MUST_USE enum status db_begin(struct db *d);
MUST_USE enum status db_commit(struct db *d); /* E_UNKNOWN when the answer was lost */
void db_rollback(struct db *d);
/* For migrations: any text, many statements at once, no parameters; only ekmc-ctl uses it. The error text in `why` (the arena's).
 * Each statement commits by itself; E_UNKNOWN when the connection was lost. */
MUST_USE enum status db_script(struct db *d, struct arena *a, const char *text, size_t n, const char **why);

#endif
