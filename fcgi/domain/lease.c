/* Leases by compare-and-set on owner and generation. */
#include "domain/lease.h"

#include "core/clock.h"
#include "core/seal.h"

#define NOW         "UTC_TIMESTAMP(3)"
#define NOW_PLUS_MS "TIMESTAMPADD(MICROSECOND, ? * 1000, UTC_TIMESTAMP(3))"
#define OURS        " WHERE name = ? AND owner = ? AND generation = ?"

enum { Q_MAKE, Q_WAITS, Q_TAKE, Q_TAKE_EARLY, Q_TAKEN, Q_RENEW, Q_END, Q_NOW };

const struct sql lease_sql[] = {
	[Q_MAKE] = { "INSERT IGNORE INTO lease (name, lease_until, next_at) VALUES (?, " NOW ", " NOW ")", "s", "", false },
	[Q_WAITS] = { "SELECT name, CAST(GREATEST(0, CEIL(TIMESTAMPDIFF(MICROSECOND, " NOW
		      ", GREATEST(lease_until, next_at)) / 1000))"
		      " AS SIGNED) FROM lease",
		      "", "si", false },
	[Q_TAKE] = { "UPDATE lease SET owner = ?, generation = generation + 1, lease_until = " NOW_PLUS_MS
		     " WHERE name = ? AND lease_until <= " NOW " AND next_at <= " NOW,
		     "bis", "", false },
	[Q_TAKE_EARLY] = { "UPDATE lease SET owner = ?, generation = generation + 1, lease_until = " NOW_PLUS_MS
			   " WHERE name = ? AND lease_until <= " NOW,
			   "bis", "", false },
	[Q_TAKEN] = { "SELECT generation, done_for FROM lease WHERE name = ? AND owner = ?", "sb", "it", false },
	[Q_RENEW] = { "UPDATE lease SET lease_until = " NOW_PLUS_MS OURS, "isbi", "", false },
	[Q_END] = { "UPDATE lease SET owner = NULL, lease_until = " NOW ", next_at = " NOW_PLUS_MS
		    ", done_for = COALESCE(?, done_for)" OURS,
		    "itsbi", "", false },
	[Q_NOW] = { "SELECT " NOW, "", "t", false },
};
const size_t lease_sql_n = ARRAY_LEN(lease_sql);

enum status
lease_make(struct db *db, const char *name)
{
	enum status st = db_run(db, NULL, &lease_sql[Q_MAKE], DB_ARGS(db_text(span_of(name))), NULL);

	return st == E_CONFLICT ? E_OK : st; /* another host made it in the same moment */
}

enum status
lease_waits(struct db *db, struct arena *a, const struct lease_wait **out, size_t *n)
{
	struct lease_wait *list;
	struct db_rows rows;
	enum status st = db_run(db, a, &lease_sql[Q_WAITS], DB_NO_ARGS, &rows);

	if (st != E_OK)
		return st;
	list = arena_array(a, rows.n, sizeof(*list));
	if (list == NULL)
		return E_NOMEM;
	for (size_t i = 0; i < rows.n; i++)
		list[i] = (struct lease_wait){ .name = db_row(&rows, i)[0].s, .wait_ms = db_row(&rows, i)[1].i };
	*out = list;
	*n = rows.n;
	return E_OK;
}

enum status
lease_take(struct db *db, struct arena *a, const char *name, int64_t length_ms, bool early, struct lease *out)
{
	struct db_rows rows;
	enum status st;

	*out = (struct lease){ .name = name, .length_ms = length_ms, .asked_ms = clock_monotonic_ms() };
	seal_random(out->owner, sizeof(out->owner));
	st = db_run(db, a, &lease_sql[early ? Q_TAKE_EARLY : Q_TAKE],
		    DB_ARGS(db_bytes(out->owner, sizeof(out->owner)), db_int(length_ms), db_text(span_of(name))), &rows);
	if (st == E_CONFLICT || (st == E_OK && rows.affected == 0))
		return E_STALE;
	if (st != E_OK && st != E_UNKNOWN)
		return st;
	/* what carries our token is ours, whatever was heard of the UPDATE */
	st = db_run(db, a, &lease_sql[Q_TAKEN], DB_ARGS(db_text(span_of(name)), db_bytes(out->owner, sizeof(out->owner))), &rows);
	if (st != E_OK || rows.n == 0)
		return st == E_OK ? E_STALE : st;
	out->generation = db_row(&rows, 0)[0].i;
	out->done_for_ms = db_row(&rows, 0)[1].null ? CLOCK_NONE : db_row(&rows, 0)[1].i;
	return E_OK;
}

enum status
lease_keep(struct db *db, struct lease *l)
{
	int64_t now_ms = clock_monotonic_ms();
	struct db_rows rows;
	enum status st;

	if (now_ms - l->asked_ms < l->length_ms / 3)
		return E_OK;
	st = db_run(db, NULL, &lease_sql[Q_RENEW],
		    DB_ARGS(db_int(l->length_ms), db_text(span_of(l->name)), db_bytes(l->owner, sizeof(l->owner)),
			    db_int(l->generation)),
		    &rows);
	if (st == E_OK && rows.affected == 1) {
		l->asked_ms = now_ms;
		return E_OK;
	}
	if (st == E_OK)
		return E_STALE;
	/* nobody can have taken it before it lapses */
	return (st == E_CONFLICT || st == E_UNKNOWN) && now_ms - l->asked_ms < l->length_ms ? E_OK : st;
}

enum status
lease_end(struct db *db, const struct lease *l, int64_t next_ms, int64_t done_for_ms)
{
	struct db_rows rows;
	enum status st = db_run(db, NULL, &lease_sql[Q_END],
				DB_ARGS(db_int(next_ms), db_time(done_for_ms), db_text(span_of(l->name)),
					db_bytes(l->owner, sizeof(l->owner)), db_int(l->generation)),
				&rows);

	return st == E_OK && rows.affected == 0 ? E_STALE : st;
}

enum status
lease_now(struct db *db, struct arena *a, int64_t *now_ms)
{
	struct db_rows rows;
	enum status st = db_run(db, a, &lease_sql[Q_NOW], DB_NO_ARGS, &rows);

	if (st == E_OK)
		*now_ms = db_row(&rows, 0)[0].i;
	return st;
}
