/* The record of who read personal data. */
#include "domain/access.h"

#include <assert.h>

#include "core/clock.h"

#define SLOT_MS INT64_C(300000)
#define TRIES   3
#define KEPT_MS (INT64_C(366) * 86400000) /* a day more than the trigger holds on to */

enum { Q_RECORD, Q_OPERATOR, Q_BY_COMPLAINT, Q_BY_STAFF, Q_COMPLAINT, Q_STAFF };

#define COLUMNS                                                                                                                    \
	"SELECT l.id, l.at, s.user_name, l.operator, l.what, c.number, l.reason, l.request_id, l.roles FROM access_log l"          \
	" LEFT JOIN staff s ON s.id = l.staff_id LEFT JOIN complaint c ON c.id = l.complaint_id"

const struct sql access_sql[] = {
	/* the SET counts its bits from LME, enum role from CITIZEN */
	[Q_RECORD] = { "INSERT INTO access_log (at, slot, staff_id, roles, complaint_id, what, subject, request_id)"
		       " VALUES (?, ?, ?, ? >> 1, ?, ?, ?, ?)",
		       "tiiiisbs", "", false },
	[Q_OPERATOR] = { "INSERT INTO access_log (at, slot, operator, roles, complaint_id, what, reason, request_id)"
			 " VALUES (?, ?, ?, '', ?, ?, ?, ?)",
			 "tisisss", "", false },
	[Q_BY_COMPLAINT] = { COLUMNS " WHERE l.complaint_id = ? AND (? IS NULL OR l.staff_id = ?) AND l.at >= ? AND l.at < ?"
				     " AND l.id < ? ORDER BY l.id DESC LIMIT ?",
			     "iiittii", "itsssssss", false },
	[Q_BY_STAFF] = { COLUMNS " WHERE l.staff_id = ? AND l.slot BETWEEN ? AND ? AND l.at >= ? AND l.at < ? AND l.id < ?"
				 " ORDER BY l.id DESC LIMIT ?",
			 "iiittii", "itsssssss", false },
	[Q_COMPLAINT] = { "SELECT id FROM complaint WHERE number = ?", "s", "i", false },
	[Q_STAFF] = { "SELECT id FROM staff WHERE user_name = CONVERT(? USING ascii)", "s", "i", false },
};
const size_t access_sql_n = ARRAY_LEN(access_sql);

const struct sql access_purge_sql[] = {
	{ "DELETE FROM access_log WHERE at < ? ORDER BY at LIMIT 1000", "t", "", false },
};
const size_t access_purge_sql_n = ARRAY_LEN(access_purge_sql);

_Static_assert(LME >> 1 == 1 && ADMIN >> 1 == 128, "the order of access_log.roles");

const char *const access_names[] = {
	[ACCESS_COMPLAINT] = "complaint",
	[ACCESS_ATTACHMENT] = "attachment",
	[ACCESS_SEARCH] = "search",
	[ACCESS_CALLER] = "caller",
	[ACCESS_LIST] = "list",
	[ACCESS_EXPORT] = "export",
	NULL,
};
_Static_assert(ARRAY_LEN(access_names) == ACCESS__COUNT + 1, "a reading has no name");

static enum status
record(struct db *db, struct arena *a, const struct actor *actor, int64_t complaint_id, enum access_what what,
       const uint8_t subject[static SEAL_HASH_BYTES], const char *request_id)
{
	int64_t now_ms = clock_now_ms();
	enum status st = E_CONFLICT;

	if (actor->kind != ACTOR_STAFF)
		return E_OK;
	for (int tries = 0; st == E_CONFLICT && tries < TRIES; tries++)
		st = db_run(db, a, &access_sql[Q_RECORD],
			    DB_ARGS(db_time(now_ms), db_int(now_ms / SLOT_MS), db_int(actor->id), db_int(actor->roles & STAFF),
				    db_int(complaint_id), db_text(span_of(access_names[what])), db_bytes(subject, SEAL_HASH_BYTES),
				    db_text(span_of(request_id))),
			    NULL);
	/* a duplicate key: it stands there since less than five minutes. A lost answer may be asked for again. */
	return st == E_STALE ? E_OK : st == E_UNKNOWN || st == E_CONFLICT ? E_BUSY : st;
}

enum status
access_record(struct db *db, struct arena *a, const struct actor *actor, int64_t complaint_id, enum access_what what,
	      const char *request_id)
{
	static const uint8_t nobody[SEAL_HASH_BYTES];

	return record(db, a, actor, complaint_id, what, nobody, request_id);
}

enum status
access_record_mobile(struct db *db, struct arena *a, const struct actor *actor, const uint8_t subject[static SEAL_HASH_BYTES],
		     enum access_what what, const char *request_id)
{
	return record(db, a, actor, 0, what, subject, request_id);
}

enum status
access_record_operator(struct db *db, struct arena *a, const char *operator, int64_t complaint_id, const char *reason,
		       const char *request_id)
{
	int64_t now_ms = clock_now_ms();

	return db_run(db, a, &access_sql[Q_OPERATOR],
		      DB_ARGS(db_time(now_ms), db_int(now_ms / SLOT_MS), db_text(span_of(operator)), db_int(complaint_id),
			      db_text(span_of(access_names[ACCESS_EXPORT])), db_text(span_of(reason)),
			      db_text(span_of(request_id))),
		      NULL);
}

static struct access
from_row(const struct db_value *v)
{
	return (struct access){ .id = v[0].i,
				.at_ms = v[1].i,
				.user = db_span(&v[2]),
				.operator= db_span(&v[3]),
				.what = v[4].s,
				.number = db_span(&v[5]),
				.reason = db_span(&v[6]),
				.request_id = v[7].s,
				.roles = v[8].s };
}

enum status
access_list(struct db *db, struct arena *a, const struct access_filter *f, const struct access **out, size_t *n)
{
	struct db_value staff = f->staff_id == 0 ? db_null() : db_int(f->staff_id);
	struct access *list;
	struct db_rows rows;
	enum status st;

	assert(f->complaint_id != 0 || f->staff_id != 0);
	if (f->complaint_id != 0)
		st = db_run(db, a, &access_sql[Q_BY_COMPLAINT],
			    DB_ARGS(db_int(f->complaint_id), staff, staff, db_time(f->from_ms), db_time(f->to_ms),
				    db_int(f->before_id), db_int(f->limit)),
			    &rows);
	else
		st = db_run(db, a, &access_sql[Q_BY_STAFF],
			    DB_ARGS(staff, db_int(f->from_ms / SLOT_MS), db_int(f->to_ms / SLOT_MS), db_time(f->from_ms),
				    db_time(f->to_ms), db_int(f->before_id), db_int(f->limit)),
			    &rows);
	if (st != E_OK)
		return st;
	list = arena_array(a, rows.n, sizeof(*list));
	if (list == NULL)
		return E_NOMEM;
	for (size_t i = 0; i < rows.n; i++)
		list[i] = from_row(db_row(&rows, i));
	*out = list;
	*n = rows.n;
	return E_OK;
}

static enum status
id_of(struct db *db, struct arena *a, const struct sql *q, struct span name, int64_t *id)
{
	struct db_rows rows;
	enum status st = db_run(db, a, q, DB_ARGS(db_text(name)), &rows);

	if (st == E_OK && rows.n == 0)
		st = E_NOT_FOUND;
	if (st == E_OK)
		*id = db_row(&rows, 0)[0].i;
	return st;
}

enum status
access_complaint(struct db *db, struct arena *a, const char *number, int64_t *id)
{
	return id_of(db, a, &access_sql[Q_COMPLAINT], span_of(number), id);
}

enum status
access_staff(struct db *db, struct arena *a, struct span user, int64_t *id)
{
	return id_of(db, a, &access_sql[Q_STAFF], user, id);
}

enum status
access_purge(struct db *db, struct arena *a, int64_t now_ms, int64_t *n)
{
	struct db_rows done = { 0 };
	enum status st = db_run(db, a, &access_purge_sql[0], DB_ARGS(db_time(now_ms - KEPT_MS)), &done);

	*n = done.affected;
	return st;
}
