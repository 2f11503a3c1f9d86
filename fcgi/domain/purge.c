/* The table of what is thrown away when. Keys are read first, without locks; each row is judged again as it goes. */
#include "domain/purge.h"

#include "core/clock.h"
#include "core/tx.h"

#define AGO(time) " < UTC_TIMESTAMP(3) - INTERVAL " time
/* Two statements each: the keys of what is too old, oldest first, and the end of one row. That one reckons from the row's time,
 * which no index can be used for: by the index of times it would lock the gap that new rows go into. */
#define OLD(p, table, keys, match, letters, at, age)                                                                               \
	[2 * (p)] = { "SELECT " keys " FROM " table " WHERE " at AGO(age) " ORDER BY " at " LIMIT ?", "i", letters, false },       \
	     [2 * (p) + 1] = { "DELETE FROM " table " WHERE " match " AND " at " + INTERVAL " age " < UTC_TIMESTAMP(3)", letters,  \
			       "", false }
#define Q_SETTLED ((size_t)2 * PURGE__COUNT)
#define Q_ERASE   (Q_SETTLED + 1)

/* clang-format off */
const struct sql purge_sql[] = {
	/*  what                   table          its key       one row                     letters  its time      age       */
	OLD(PURGE_IDEMPOTENCY,     "idempotency", "scope",      "scope = ?",                "b",     "created_at", "24 HOUR"),
	OLD(PURGE_SESSION_EXPIRED, "session",     "token_hash", "token_hash = ?",           "b",     "expires_at", "24 HOUR"),
	OLD(PURGE_SESSION_REVOKED, "session",     "token_hash", "token_hash = ?",           "b",     "revoked_at", "24 HOUR"),
	/* their limits look back 24 hours */
	OLD(PURGE_OTP,             "otp",         "id",         "id = ?",                   "b",     "created_at", "48 HOUR"),
	OLD(PURGE_OTP_GATE,        "otp_gate",    "subject",    "subject = ?",              "b",     "touched_at", "48 HOUR"),
	/* sixteen small rows a day, and what a bad week was like is worth knowing */
	OLD(PURGE_OTP_DAY,         "otp_day",     "day, shard", "day = ? AND shard = ?",    "si",    "day",        "90 DAY"),
	[Q_SETTLED] = { "SELECT id, settled_at FROM outbox WHERE settled_at >= ? AND (settled_at > ? OR id > ?) AND settled_at"
			AGO("90 DAY") " ORDER BY settled_at, id LIMIT ?", "ttii", "it", false },
	[Q_ERASE] = { "UPDATE outbox SET payload_sealed = NULL WHERE id = ?", "i", "", false },
};
/* clang-format on */
const size_t purge_sql_n = ARRAY_LEN(purge_sql);

static const char *const names[] = {
	[PURGE_IDEMPOTENCY] = "idempotency",
	[PURGE_SESSION_EXPIRED] = "session_expired",
	[PURGE_SESSION_REVOKED] = "session_revoked",
	[PURGE_OTP] = "otp",
	[PURGE_OTP_GATE] = "otp_gate",
	[PURGE_OTP_DAY] = "otp_day",
};
_Static_assert(ARRAY_LEN(names) == PURGE__COUNT, "a purge has no name");

struct batch {
	struct arena *arena;
	const struct sql *end;
	struct db_rows found;
	size_t keys; /* the first columns of what was found */
	int64_t changed;
};

static enum status
end_each(struct db *db, void *arg)
{
	struct batch *b = arg;
	enum status st = E_OK;

	b->changed = 0;
	for (size_t i = 0; i < b->found.n && st == E_OK; i++) {
		struct db_rows rows = { 0 };

		st = db_run(db, b->arena, b->end, db_row(&b->found, i), b->keys, &rows);
		b->changed += rows.affected;
	}
	return st;
}

/* Twice is as good as once: what became of a lost COMMIT does not matter. */
static enum status
end_all(struct db *db, struct batch *b)
{
	enum status st = b->found.n == 0 ? E_OK : db_tx(db, end_each, b, NULL);

	return st == E_UNKNOWN ? E_OK : st;
}

const char *
purge_name(enum purge p)
{
	return names[p];
}

enum status
purge_some(struct db *db, struct arena *a, enum purge p, int64_t most, int64_t *n)
{
	const struct sql *find = &purge_sql[2 * (size_t)p];
	struct batch b = { .arena = a, .end = find + 1, .keys = strlen(find->out) };
	enum status st = db_run(db, a, find, DB_ARGS(db_int(most)), &b.found);

	*n = 0;
	if (st == E_OK)
		st = end_all(db, &b);
	if (st == E_OK)
		*n = (int64_t)b.found.n;
	return st;
}

enum status
purge_messages(struct db *db, struct arena *a, int64_t most, struct purge_mark *mark, int64_t *n, int64_t *erased)
{
	struct batch b = { .arena = a, .end = &purge_sql[Q_ERASE], .keys = 1 };
	struct db_value from = db_time(mark->at_ms == CLOCK_NONE ? 0 : mark->at_ms);
	enum status st = db_run(db, a, &purge_sql[Q_SETTLED], DB_ARGS(from, from, db_int(mark->id), db_int(most)), &b.found);

	*n = *erased = 0;
	if (st == E_OK)
		st = end_all(db, &b);
	if (st != E_OK || b.found.n == 0)
		return st;
	*n = (int64_t)b.found.n;
	*erased = b.changed;
	mark->id = db_row(&b.found, b.found.n - 1)[0].i;
	mark->at_ms = db_row(&b.found, b.found.n - 1)[1].i;
	return E_OK;
}
