/* Sessions and staff passwords in MariaDB. */
#include "domain/session.h"

#include "core/clock.h"

#define SESSIONS_SHOWN 50
#define LOCK_AFTER     5
#define LOCK_MAX_S     900

enum { S_FIND, S_DUTIES, S_CREATE, S_LIST, S_REVOKE_ONE, S_REVOKE_ALL, S_STAFF, S_STAFF_RIGHT, S_STAFF_WRONG, S_STAFF_NAME };

const struct sql session_sql[] = {
	[S_FIND] = { "SELECT s.citizen_id, s.staff_id, COALESCE(c.language, f.language) FROM session s"
		     " LEFT JOIN citizen c ON c.id = s.citizen_id LEFT JOIN staff f ON f.id = s.staff_id"
		     " WHERE s.token_hash = ? AND s.revoked_at IS NULL AND s.expires_at > ? AND (f.id IS NULL OR f.active)",
		     "bt", "iis", false },
	[S_DUTIES] = { "SELECT role, department_code, eo_level, borough_no FROM roster WHERE staff_id = ? LIMIT 64", "i", "ssii",
		       false },
	[S_CREATE] = { "INSERT INTO session (token_hash, citizen_id, staff_id, created_at, expires_at) VALUES (?, ?, ?, ?, ?)",
		       "biitt", "", false },
	[S_LIST] = { "SELECT token_hash, created_at, expires_at FROM session WHERE revoked_at IS NULL AND expires_at > ?"
		     " AND (citizen_id = ? OR staff_id = ?) ORDER BY created_at DESC LIMIT 50",
		     "tii", "btt", false },
	[S_REVOKE_ONE] = { "UPDATE session SET revoked_at = ? WHERE token_hash = ? AND revoked_at IS NULL", "tb", "", false },
	[S_REVOKE_ALL] = { "UPDATE session SET revoked_at = ? WHERE (citizen_id = ? OR staff_id = ?) AND revoked_at IS NULL", "tii",
			   "", false },
	/* the column is ASCII: other letters become '?', which no name has, instead of an illegal mix of collations */
	[S_STAFF] = { "SELECT id, password_hash, locked_until FROM staff WHERE user_name = CONVERT(? USING ascii) AND active", "s",
		      "ist", false },
	[S_STAFF_RIGHT] = { "UPDATE staff SET failed_logins = 0, locked_until = NULL WHERE id = ? AND failed_logins > 0", "i", "",
			    false },
	[S_STAFF_WRONG] = { "UPDATE staff SET failed_logins = LEAST(failed_logins + 1, 1000), locked_until = IF(failed_logins < ?, "
			    "NULL,"
			    " TIMESTAMPADD(SECOND, LEAST(POW(2, LEAST(failed_logins - ?, 20) + 1), ?), ?)) WHERE id = ?",
			    "iiiti", "", false },
	[S_STAFF_NAME] = { "SELECT IF(? = 'bn', name_bn, name_en) FROM staff WHERE id = ?", "si", "s", false },
};
const size_t session_sql_n = ARRAY_LEN(session_sql);

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
	if (!lang_parse(v[2].s, &actor->lang))
		return E_INTERNAL;
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

enum status
session_create(struct db *db, struct arena *a, enum actor_kind kind, int64_t id, int64_t now_ms, int64_t expires_ms,
	       char token[static SEAL_TOKEN_TEXT_SIZE])
{
	uint8_t hash[SEAL_HASH_BYTES];
	struct db_rows rows;

	seal_token(token);
	seal_sha256(span_of(token), hash);
	return db_run(db, a, &session_sql[S_CREATE],
		      DB_ARGS(db_bytes(hash, sizeof(hash)), if_kind(kind, ACTOR_CITIZEN, id), if_kind(kind, ACTOR_STAFF, id),
			      db_time(now_ms), db_time(expires_ms)),
		      &rows);
}

enum status
session_list(struct db *db, struct arena *a, const struct actor *actor, int64_t now_ms, const struct session_row **out, size_t *n)
{
	struct db_rows rows;
	struct session_row *list;
	enum status st = db_run(db, a, &session_sql[S_LIST],
				DB_ARGS(db_time(now_ms), if_kind(actor->kind, ACTOR_CITIZEN, actor->id),
					if_kind(actor->kind, ACTOR_STAFF, actor->id)),
				&rows);

	if (st != E_OK)
		return st;
	list = arena_array(a, rows.n, sizeof(*list));
	if (list == NULL)
		return E_NOMEM;
	for (size_t i = 0; i < rows.n; i++) {
		const struct db_value *v = db_row(&rows, i);

		memcpy(list[i].token_hash, v[0].s.p, SEAL_HASH_BYTES);
		list[i].created_ms = v[1].i;
		list[i].expires_ms = v[2].i;
	}
	*out = list;
	*n = rows.n;
	return E_OK;
}

enum status
session_revoke(struct db *db, struct arena *a, const struct actor *actor, bool all, int64_t now_ms)
{
	struct db_rows rows;

	if (!all)
		return db_run(db, a, &session_sql[S_REVOKE_ONE],
			      DB_ARGS(db_time(now_ms), db_bytes(actor->token_hash, SEAL_HASH_BYTES)), &rows);
	return db_run(db, a, &session_sql[S_REVOKE_ALL],
		      DB_ARGS(db_time(now_ms), if_kind(actor->kind, ACTOR_CITIZEN, actor->id),
			      if_kind(actor->kind, ACTOR_STAFF, actor->id)),
		      &rows);
}

enum status
session_password(struct db *db, struct arena *a, struct span user, struct span password, int64_t now_ms, int64_t *staff_id)
{
	struct db_rows rows, ignored;
	const struct db_value *v = NULL;
	const char *stored = NULL;
	enum status st = db_run(db, a, &session_sql[S_STAFF], DB_ARGS(db_text(user)), &rows);
	enum status checked;

	if (st != E_OK)
		return st;
	if (rows.n == 1) {
		v = db_row(&rows, 0);
		/* while locked even the right password is refused, at the same price */
		if (!v[1].null && (v[2].null || v[2].i <= now_ms) && (stored = arena_strndup(a, v[1].s.p, v[1].s.n)) == NULL)
			return E_NOMEM;
	}
	checked = seal_password_check(password, stored);
	if (v == NULL || stored == NULL)
		return checked == E_BUSY ? E_BUSY : E_LOGIN_WRONG;
	if (checked == E_OK) {
		*staff_id = v[0].i;
		return db_run(db, a, &session_sql[S_STAFF_RIGHT], DB_ARGS(db_int(v[0].i)), &ignored);
	}
	if (checked == E_LOGIN_WRONG) {
		st = db_run(db, a, &session_sql[S_STAFF_WRONG],
			    DB_ARGS(db_int(LOCK_AFTER), db_int(LOCK_AFTER), db_int(LOCK_MAX_S), db_time(now_ms), db_int(v[0].i)),
			    &ignored);
		if (st != E_OK)
			return st;
	}
	return checked;
}

enum status
session_staff_name(struct db *db, struct arena *a, int64_t staff_id, enum lang lang, struct span *name)
{
	struct db_rows rows;
	enum status st =
		db_run(db, a, &session_sql[S_STAFF_NAME], DB_ARGS(db_text(span_of(lang_code(lang))), db_int(staff_id)), &rows);

	if (st == E_OK && rows.n == 0)
		st = E_NOT_FOUND;
	if (st == E_OK)
		*name = db_row(&rows, 0)[0].s;
	return st;
}
