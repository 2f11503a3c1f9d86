/* Sessions in MariaDB. */
#include "domain/session.h"

#include <arpa/inet.h>
#include <stdio.h>

#include "core/clock.h"
#include "core/log.h"

#define SEEN_EVERY_MS (5 * INT64_C(60000))
#define MASKED_SIZE   INET6_ADDRSTRLEN

enum { S_FIND, S_SEEN, S_DUTIES, S_CREATE, S_LIST, S_END, S_END_ONE, S_END_ALL };

const struct sql session_sql[] = {
	[S_FIND] = { "SELECT s.citizen_id, s.staff_id, COALESCE(c.language, f.language), COALESCE(f.must_change, 0),"
		     " COALESCE(s.last_seen_at, s.created_at) FROM session s"
		     " LEFT JOIN citizen c ON c.id = s.citizen_id LEFT JOIN staff f ON f.id = s.staff_id"
		     " WHERE s.token_hash = ? AND s.revoked_at IS NULL AND s.expires_at > ? AND (f.id IS NULL OR f.active)",
		     "bt", "iisit", false },
	/* of the requests that come at once one writes */
	[S_SEEN] = { "UPDATE session SET last_seen_at = ? WHERE token_hash = ? AND COALESCE(last_seen_at, created_at) <= ?", "tbt",
		     "", false },
	/* what categories and wards a duty is limited to matters to routing alone: an LME with a row for each is one duty here */
	[S_DUTIES] = { "SELECT DISTINCT role, department_code, eo_level, borough_no FROM roster WHERE staff_id = ? ORDER BY role,"
		       " department_code, eo_level, borough_no LIMIT 256",
		       "i", "ssii", false },
	[S_CREATE] = { "INSERT INTO session (token_hash, citizen_id, staff_id, created_at, expires_at, by_cookie, client)"
		       " VALUES (?, ?, ?, ?, ?, ?, ?)",
		       "biittis", "", false },
	[S_LIST] = { "SELECT token_hash, created_at, last_seen_at, expires_at, by_cookie, client FROM session"
		     " WHERE revoked_at IS NULL AND expires_at > ? AND (citizen_id = ? OR staff_id = ?)"
		     " ORDER BY created_at DESC LIMIT 50",
		     "tii", "btttis", false },
	[S_END] = { "UPDATE session SET revoked_at = ? WHERE token_hash = ? AND revoked_at IS NULL", "tb", "", false },
	[S_END_ONE] = { "UPDATE session SET revoked_at = ? WHERE revoked_at IS NULL AND expires_at > ?"
			" AND (citizen_id = ? OR staff_id = ?) AND LEFT(token_hash, 8) = ?",
			"ttiib", "", false },
	[S_END_ALL] = { "UPDATE session SET revoked_at = ? WHERE revoked_at IS NULL AND (citizen_id = ? OR staff_id = ?)"
			" AND (? IS NULL OR token_hash <> ?)",
			"tiibb", "", false },
};
const size_t session_sql_n = ARRAY_LEN(session_sql);

_Static_assert(SESSION_ID_BYTES == 8, "S_END_ONE compares eight bytes");

static enum status
load_duties(struct db *db, struct arena *a, struct actor *actor)
{
	struct db_rows rows;
	struct duty *duties;
	enum status st = db_run(db, a, &session_sql[S_DUTIES], DB_ARGS(db_int(actor->id)), &rows);

	if (st != E_OK)
		return st;
	duties = arena_array(a, rows.n, sizeof(*duties));
	if (duties == NULL)
		return E_NOMEM;
	for (size_t i = 0; i < rows.n; i++) {
		const struct db_value *v = db_row(&rows, i);

		duties[i].role = role_parse(v[0].s);
		if (!v[1].null && v[1].s.n < sizeof(duties[i].department))
			memcpy(duties[i].department, v[1].s.p, v[1].s.n);
		duties[i].eo_level = v[2].null ? 0 : (int)v[2].i;
		duties[i].borough = v[3].null ? 0 : (int)v[3].i;
		actor->roles |= duties[i].role;
	}
	actor->duties = duties;
	actor->n_duties = rows.n;
	return E_OK;
}

static void
note_use(struct db *db, struct arena *a, const struct actor *actor, int64_t seen_ms, int64_t now_ms)
{
	struct db_rows rows;

	if (now_ms - seen_ms < SEEN_EVERY_MS)
		return;
	/* who may read may read, also where nothing can be written just now */
	if (db_run(db, a, &session_sql[S_SEEN],
		   DB_ARGS(db_time(now_ms), db_bytes(actor->token_hash, SEAL_HASH_BYTES), db_time(now_ms - SEEN_EVERY_MS)),
		   &rows) != E_OK)
		log_event(LOG_DEBUG, "session_use_not_noted", NULL);
}

enum status
session_actor(struct db *db, struct arena *a, int64_t now_ms, struct actor *actor)
{
	struct db_rows rows;
	const struct db_value *v;
	enum status st;

	st = db_run(db, a, &session_sql[S_FIND], DB_ARGS(db_bytes(actor->token_hash, SEAL_HASH_BYTES), db_time(now_ms)), &rows);
	if (st != E_OK)
		return st;
	if (rows.n == 0)
		return E_UNAUTHENTICATED;
	v = db_row(&rows, 0);
	actor->kind = v[0].null ? ACTOR_STAFF : ACTOR_CITIZEN;
	actor->id = v[0].null ? v[1].i : v[0].i;
	actor->must_change = v[3].i != 0;
	if (!lang_parse(v[2].s, &actor->lang))
		return E_INTERNAL;
	note_use(db, a, actor, v[4].i, now_ms);
	if (actor->kind == ACTOR_CITIZEN) {
		actor->roles = CITIZEN;
		return E_OK;
	}
	return load_duties(db, a, actor);
}

static struct db_value
if_kind(enum actor_kind kind, enum actor_kind wanted, int64_t id)
{
	return kind == wanted ? db_int(id) : db_null();
}

/* Enough to know one's own network again: 203.0.113.*, 2001:db8:7::*. False: not an address. */
static bool
mask(const char *address, char out[static MASKED_SIZE])
{
	struct in_addr four;
	struct in6_addr six;
	uint8_t b[16];

	if (address != NULL && inet_pton(AF_INET6, address, &six) == 1) {
		memcpy(b, &six, sizeof(b));
		if (!IN6_IS_ADDR_V4MAPPED(&six))
			return snprintf(out, MASKED_SIZE, "%x:%x:%x::*", b[0] << 8 | b[1], b[2] << 8 | b[3], b[4] << 8 | b[5]) > 0;
		memcpy(&four, b + 12, sizeof(four));
	} else if (address == NULL || inet_pton(AF_INET, address, &four) != 1) {
		return false;
	}
	memcpy(b, &four, sizeof(four));
	return snprintf(out, MASKED_SIZE, "%d.%d.%d.*", b[0], b[1], b[2]) > 0;
}

enum status
session_create(struct db *db, struct arena *a, const struct session_new *n, char token[static SEAL_TOKEN_TEXT_SIZE])
{
	uint8_t hash[SEAL_HASH_BYTES];
	char masked[MASKED_SIZE];
	struct span client = { NULL, 0 };
	struct db_rows rows;

	if (mask(n->address, masked))
		client = span_of(masked);
	seal_token(token);
	seal_sha256(span_of(token), hash);
	return db_run(db, a, &session_sql[S_CREATE],
		      DB_ARGS(db_bytes(hash, sizeof(hash)), if_kind(n->kind, ACTOR_CITIZEN, n->id),
			      if_kind(n->kind, ACTOR_STAFF, n->id), db_time(n->now_ms), db_time(n->expires_ms),
			      db_int(n->by_cookie), db_text(client)),
		      &rows);
}

enum status
session_list(struct db *db, struct arena *a, enum actor_kind kind, int64_t id, int64_t now_ms, const struct session_row **out,
	     size_t *n)
{
	struct db_rows rows;
	struct session_row *list;
	enum status st = db_run(db, a, &session_sql[S_LIST],
				DB_ARGS(db_time(now_ms), if_kind(kind, ACTOR_CITIZEN, id), if_kind(kind, ACTOR_STAFF, id)), &rows);

	if (st != E_OK)
		return st;
	list = arena_array(a, rows.n, sizeof(*list));
	if (list == NULL)
		return E_NOMEM;
	for (size_t i = 0; i < rows.n; i++) {
		const struct db_value *v = db_row(&rows, i);

		memcpy(list[i].token_hash, v[0].s.p, SEAL_HASH_BYTES);
		list[i].created_ms = v[1].i;
		list[i].seen_ms = v[2].null ? CLOCK_NONE : v[2].i;
		list[i].expires_ms = v[3].i;
		list[i].by_cookie = v[4].i != 0;
		list[i].client = v[5].null ? (struct span){ NULL, 0 } : v[5].s;
	}
	*out = list;
	*n = rows.n;
	return E_OK;
}

enum status
session_end(struct db *db, struct arena *a, const struct actor *actor, int64_t now_ms)
{
	struct db_rows rows;

	return db_run(db, a, &session_sql[S_END], DB_ARGS(db_time(now_ms), db_bytes(actor->token_hash, SEAL_HASH_BYTES)), &rows);
}

enum status
session_end_one(struct db *db, struct arena *a, const struct actor *actor, const uint8_t id[static SESSION_ID_BYTES],
		int64_t now_ms)
{
	struct db_rows rows;
	enum status st = db_run(db, a, &session_sql[S_END_ONE],
				DB_ARGS(db_time(now_ms), db_time(now_ms), if_kind(actor->kind, ACTOR_CITIZEN, actor->id),
					if_kind(actor->kind, ACTOR_STAFF, actor->id), db_bytes(id, SESSION_ID_BYTES)),
				&rows);

	return st == E_OK && rows.affected == 0 ? E_NOT_FOUND : st;
}

enum status
session_end_all(struct db *db, struct arena *a, enum actor_kind kind, int64_t id, const uint8_t *keep, int64_t now_ms)
{
	struct db_value kept = db_bytes(keep, SEAL_HASH_BYTES);
	struct db_rows rows;

	return db_run(db, a, &session_sql[S_END_ALL],
		      DB_ARGS(db_time(now_ms), if_kind(kind, ACTOR_CITIZEN, id), if_kind(kind, ACTOR_STAFF, id), kept, kept),
		      &rows);
}
