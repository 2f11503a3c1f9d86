/* Passwords and second factors of the staff. */
#include "domain/login.h"

#include "core/tx.h"

#define LOCK_AFTER 5
#define LOCK_MAX_S 900
#define DECOY_ROWS 16 /* so that guesses at names do not queue behind one another */

enum { L_NAME, L_ID, L_LOCK, L_RIGHT, L_WRONG, L_DECOY, L_PASSWORD, L_TOTP_BEGIN, L_TOTP_ON, L_TOTP_END };

const struct sql login_sql[] = {
	/* the column is ASCII: other letters become '?', which no name has, instead of an illegal mix of collations */
	[L_NAME] = { "SELECT id, password_hash, locked_until FROM staff WHERE user_name = CONVERT(? USING ascii) AND active", "s",
		     "ist", false },
	[L_ID] = { "SELECT id, password_hash, locked_until FROM staff WHERE id = ? AND active", "i", "ist", false },
	[L_LOCK] = { "SELECT password_hash, locked_until, totp_sealed, totp_since, totp_step FROM staff WHERE id = ? AND active"
		     " FOR UPDATE",
		     "i", "stbti", false },
	[L_RIGHT] = { "UPDATE staff SET failed_logins = 0, locked_until = NULL, totp_step = ? WHERE id = ?", "ii", "", false },
	[L_WRONG] = { "UPDATE staff SET failed_logins = LEAST(failed_logins + 1, 1000), locked_until = IF(failed_logins < ?, NULL,"
		      " TIMESTAMPADD(SECOND, LEAST(POW(2, LEAST(failed_logins - ?, 20) + 1), ?), ?)) WHERE id = ?",
		      "iiiti", "", false },
	[L_DECOY] = { "INSERT INTO otp_gate (subject, touched_at) VALUES (?, ?)"
		      " ON DUPLICATE KEY UPDATE touched_at = VALUES(touched_at)",
		      "bt", "", false },
	[L_PASSWORD] = { "UPDATE staff SET password_hash = ?, must_change = FALSE WHERE id = ?", "si", "", false },
	[L_TOTP_BEGIN] = { "UPDATE staff SET totp_sealed = ?, totp_since = NULL, totp_step = 0 WHERE id = ?", "bi", "", false },
	[L_TOTP_ON] = { "UPDATE staff SET totp_since = ?, totp_step = ? WHERE id = ?", "tii", "", false },
	[L_TOTP_END] = { "UPDATE staff SET totp_sealed = NULL, totp_since = NULL, totp_step = 0 WHERE id = ?", "i", "", false },
};
const size_t login_sql_n = ARRAY_LEN(login_sql);

/* The second factor as its row has it. */
struct factor {
	bool begun, on;
	struct span secret; /* when begun */
	int64_t step;       /* last one taken */
};

struct proving {
	struct arena *arena;
	const struct seal *seal;
	struct proof *proof;
	bool asks_code; /* where the account has a second factor */
	int64_t id;     /* 0: nobody's name */
	struct span hash;
	bool right; /* the password fits `hash` */
	struct factor factor;
	enum status outcome; /* what the caller hears; the transaction is committed in each case, because a wrong try counts */
	/* what all is for, in the same transaction */
	enum status (*then)(struct db *db, struct proving *w);
	struct session_new *session;
	char *token;
	const char *new_hash;
	const uint8_t *keep;
	struct span secret_sealed;
};

/* Looks up and does the slow sum, before any row is locked. */
static enum status
look(struct db *db, struct proving *w)
{
	struct proof *p = w->proof;
	struct db_rows rows;
	const struct db_value *v;
	const char *stored = NULL;
	enum status st;

	if (p->staff_id != 0)
		st = db_run(db, w->arena, &login_sql[L_ID], DB_ARGS(db_int(p->staff_id)), &rows);
	else
		st = db_run(db, w->arena, &login_sql[L_NAME], DB_ARGS(db_text(p->user)), &rows);
	if (st != E_OK)
		return st;
	if (rows.n == 1) {
		v = db_row(&rows, 0);
		w->id = v[0].i;
		/* while it is locked even the right password is refused, at the same price */
		if (!v[1].null && (v[2].null || v[2].i <= p->now_ms)) {
			w->hash = v[1].s;
			stored = arena_strndup(w->arena, v[1].s.p, v[1].s.n);
			if (stored == NULL)
				return E_NOMEM;
		}
	}
	st = seal_password_check(p->password, stored);
	w->right = st == E_OK;
	return st == E_LOGIN_WRONG ? E_OK : st;
}

static enum status
factor_of(struct proving *w, const struct db_value *v)
{
	w->factor = (struct factor){ .begun = !v[2].null, .on = !v[2].null && !v[3].null, .step = v[4].i };
	return seal_open(w->seal, w->arena, v[2].null ? (struct span){ NULL, 0 } : v[2].s, &w->factor.secret);
}

/* The write of somebody who has nothing to be written to, so that the clock does not tell them from one who has. */
static enum status
decoy(struct db *db, const struct proving *w)
{
	uint8_t shard, subject[SEAL_HASH_BYTES];
	char text[16] = "login";
	struct db_rows done;

	seal_random(&shard, 1);
	text[5] = (char)('a' + shard % DECOY_ROWS);
	seal_sha256(span_of(text), subject);
	return db_run(db, w->arena, &login_sql[L_DECOY], DB_ARGS(db_bytes(subject, sizeof(subject)), db_time(w->proof->now_ms)),
		      &done);
}

static enum status
count_wrong(struct db *db, const struct proving *w)
{
	struct db_rows done;

	return db_run(db, w->arena, &login_sql[L_WRONG],
		      DB_ARGS(db_int(LOCK_AFTER), db_int(LOCK_AFTER), db_int(LOCK_MAX_S), db_time(w->proof->now_ms), db_int(w->id)),
		      &done);
}

static enum status
accept(struct db *db, struct proving *w)
{
	bool whole = !w->factor.on || w->asks_code;
	struct db_rows done;
	enum status st = E_OK;

	w->outcome = E_OK;
	/* a password alone must not take back what wrong codes were counted */
	if (whole)
		st = db_run(db, w->arena, &login_sql[L_RIGHT], DB_ARGS(db_int(w->factor.step), db_int(w->id)), &done);
	return st == E_OK ? w->then(db, w) : st;
}

static enum status
decide(struct db *db, void *arg)
{
	struct proving *w = arg;
	struct proof *p = w->proof;
	struct db_rows rows;
	const struct db_value *v;
	enum status st = db_run(db, w->arena, &login_sql[L_LOCK], DB_ARGS(db_int(w->id)), &rows);

	w->outcome = E_LOGIN_WRONG;
	p->code_wrong = false;
	if (st != E_OK)
		return st;
	v = rows.n == 1 ? db_row(&rows, 0) : NULL;
	/* locked, changed or gone since we looked */
	if (v == NULL || w->hash.p == NULL || v[0].null || !span_eq(v[0].s, w->hash) || (!v[1].null && v[1].i > p->now_ms))
		return decoy(db, w);
	if (!w->right)
		return count_wrong(db, w);
	st = factor_of(w, v);
	if (st != E_OK || !w->factor.on || !w->asks_code)
		return st == E_OK ? accept(db, w) : st;
	if (p->code.p == NULL) {
		w->outcome = E_TOTP_NEEDED;
		return E_OK;
	}
	if (!totp_check(w->factor.secret, p->code, p->now_ms, w->factor.step, &w->factor.step)) {
		p->code_wrong = true;
		return count_wrong(db, w);
	}
	return accept(db, w);
}

static enum status
prove(struct db *db, struct proving *w)
{
	enum status st = look(db, w);

	if (st == E_OK)
		st = db_tx(db, decide, w, NULL);
	return st == E_OK ? w->outcome : st;
}

static enum status
then_open(struct db *db, struct proving *w)
{
	w->session->kind = ACTOR_STAFF;
	w->session->id = w->id;
	return session_create(db, w->arena, w->session, w->token);
}

enum status
login_open(struct db *db, struct arena *a, const struct seal *seal, struct proof *p, struct session_new *n,
	   char token[static SEAL_TOKEN_TEXT_SIZE])
{
	struct proving w = {
		.arena = a, .seal = seal, .proof = p, .asks_code = true, .then = then_open, .session = n, .token = token
	};

	return prove(db, &w);
}

static enum status
then_password(struct db *db, struct proving *w)
{
	struct db_rows done;
	enum status st = db_run(db, w->arena, &login_sql[L_PASSWORD], DB_ARGS(db_text(span_of(w->new_hash)), db_int(w->id)), &done);

	return st == E_OK ? session_end_all(db, w->arena, ACTOR_STAFF, w->id, w->keep, w->proof->now_ms) : st;
}

enum status
login_password(struct db *db, struct arena *a, const struct seal *seal, struct proof *p, struct span password,
	       const uint8_t keep[static SEAL_HASH_BYTES])
{
	char hash[SEAL_PASSWORD_SIZE] = "";
	struct proving w = { .arena = a, .seal = seal, .proof = p, .then = then_password, .new_hash = hash, .keep = keep };
	enum status st = look(db, &w);

	/* not for a wrong one: it is the second slow sum */
	if (st == E_OK && w.right)
		st = seal_password(password, hash);
	if (st == E_OK)
		st = db_tx(db, decide, &w, NULL);
	return st == E_OK ? w.outcome : st;
}

static enum status
then_begin(struct db *db, struct proving *w)
{
	struct db_rows done;

	if (w->factor.on) {
		w->outcome = E_TOTP_STATE;
		return E_OK;
	}
	return db_run(db, w->arena, &login_sql[L_TOTP_BEGIN], DB_ARGS(db_text(w->secret_sealed), db_int(w->id)), &done);
}

enum status
login_totp_begin(struct db *db, struct arena *a, const struct seal *seal, struct proof *p, uint8_t secret[static TOTP_SECRET_BYTES])
{
	struct proving w = { .arena = a, .seal = seal, .proof = p, .then = then_begin };
	enum status st;

	seal_random(secret, TOTP_SECRET_BYTES);
	st = seal_box(seal, a, (struct span){ (const char *)secret, TOTP_SECRET_BYTES }, &w.secret_sealed);
	return st == E_OK ? prove(db, &w) : st;
}

static enum status
confirm(struct db *db, void *arg)
{
	struct proving *w = arg;
	const struct proof *p = w->proof;
	struct db_rows rows;
	int64_t step = 0;
	enum status st = db_run(db, w->arena, &login_sql[L_LOCK], DB_ARGS(db_int(w->id)), &rows);

	if (st == E_OK && rows.n == 0)
		st = E_UNAUTHENTICATED;
	if (st == E_OK)
		st = factor_of(w, db_row(&rows, 0));
	if (st == E_OK && (!w->factor.begun || w->factor.on))
		st = E_TOTP_STATE;
	if (st != E_OK)
		return st;
	if (!totp_check(w->factor.secret, p->code, p->now_ms, w->factor.step, &step))
		return E_LOGIN_WRONG;
	return db_run(db, w->arena, &login_sql[L_TOTP_ON], DB_ARGS(db_time(p->now_ms), db_int(step), db_int(w->id)), &rows);
}

enum status
login_totp_confirm(struct db *db, struct arena *a, const struct seal *seal, int64_t staff_id, struct span code, int64_t now_ms)
{
	struct proof p = { .code = code, .now_ms = now_ms };
	struct proving w = { .arena = a, .seal = seal, .proof = &p, .id = staff_id };

	return db_tx(db, confirm, &w, NULL);
}

static enum status
then_end(struct db *db, struct proving *w)
{
	struct db_rows done;

	if (!w->factor.on) {
		w->outcome = E_TOTP_STATE;
		return E_OK;
	}
	return db_run(db, w->arena, &login_sql[L_TOTP_END], DB_ARGS(db_int(w->id)), &done);
}

enum status
login_totp_end(struct db *db, struct arena *a, const struct seal *seal, struct proof *p)
{
	struct proving w = { .arena = a, .seal = seal, .proof = p, .asks_code = true, .then = then_end };

	return prove(db, &w);
}
