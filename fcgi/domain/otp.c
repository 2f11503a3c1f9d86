/* One-time passwords. */
#include "domain/otp.h"

#include <stdio.h>

#include "core/clock.h"
#include "core/json.h"
#include "core/log.h"
#include "core/tx.h"

#define MINUTE_MS INT64_C(60000)
#define SHARDS    16

enum { Q_GATE, Q_COUNT, Q_TODAY, Q_INSERT, Q_SMS, Q_COUNT_DAY, Q_FIND, Q_TRY, Q_USE, Q_CITIZEN, Q_LAST_ID };

const struct sql otp_sql[] = {
	[Q_GATE] = { "INSERT INTO otp_gate (subject, touched_at) VALUES (?, ?) ON DUPLICATE KEY UPDATE touched_at = "
		     "VALUES(touched_at)",
		     "bt", "", false },
	[Q_COUNT] = { "SELECT (SELECT COUNT(*) FROM otp WHERE mobile_index = ? AND created_at > ?),"
		      " (SELECT COUNT(*) FROM otp WHERE mobile_index = ? AND created_at > ?),"
		      " (SELECT COUNT(*) FROM otp WHERE address_index = ? AND created_at > ?)",
		      "btbtbt", "iii", false },
	[Q_TODAY] = { "SELECT CAST(COALESCE(SUM(sent), 0) AS SIGNED) FROM otp_day WHERE day = ?", "s", "i", false },
	[Q_INSERT] = { "INSERT INTO otp (id, mobile_index, mobile_sealed, address_index, code_tag, language, created_at, "
		       "expires_at)"
		       " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
		       "bbbbbstt", "", false },
	[Q_SMS] = { "INSERT INTO outbox (lane, destination, recipient, template, language, payload_sealed, not_before, created_at)"
		    " VALUES (0, 'sms', 'mobile', 'otp', ?, ?, ?, ?)",
		    "sbtt", "", false },
	[Q_COUNT_DAY] = { "INSERT INTO otp_day (day, shard, sent) VALUES (?, ?, 1) ON DUPLICATE KEY UPDATE sent = sent + 1", "si",
			  "", false },
	[Q_FIND] = { "SELECT code_tag, mobile_index, mobile_sealed, language, tries, expires_at, used_at FROM otp WHERE id = ? FOR "
		     "UPDATE",
		     "b", "bbbsitt", false },
	[Q_TRY] = { "UPDATE otp SET tries = tries + 1 WHERE id = ?", "b", "", false },
	[Q_USE] = { "UPDATE otp SET used_at = ? WHERE id = ?", "tb", "", false },
	/* one atomic upsert on the unique blind index; LAST_INSERT_ID(id) answers the id of the row that was there */
	[Q_CITIZEN] = { "INSERT INTO citizen (mobile_index, mobile_sealed, language, created_at) VALUES (?, ?, ?, ?)"
			" ON DUPLICATE KEY UPDATE id = LAST_INSERT_ID(id)",
			"bbst", "", false },
	[Q_LAST_ID] = { "SELECT LAST_INSERT_ID()", "", "i", false },
};
const size_t otp_sql_n = ARRAY_LEN(otp_sql);

struct sending {
	struct arena *arena;
	const struct conf *conf;
	const struct otp_request *request;
	const uint8_t *id;
	uint8_t mobile_index[SEAL_HASH_BYTES], address_index[SEAL_HASH_BYTES], tag[SEAL_HASH_BYTES];
	struct span mobile_sealed, payload;
	int64_t expires_ms;
	char day[40];
};

static void
code_tag(const struct seal *seal, const uint8_t *id, struct span code, uint8_t out[static SEAL_HASH_BYTES])
{
	char text[OTP_ID_BYTES + 16];
	size_t n = code.n > 16 ? 16 : code.n;

	memcpy(text, id, OTP_ID_BYTES);
	memcpy(text + OTP_ID_BYTES, code.p, n);
	seal_tag(seal, "otp", (struct span){ text, OTP_ID_BYTES + n }, out);
}

static enum status
check_limits(struct db *db, struct sending *s)
{
	const struct conf *c = s->conf;
	int64_t now = s->request->now_ms;
	struct db_value mobile = db_bytes(s->mobile_index, SEAL_HASH_BYTES), address = db_bytes(s->address_index, SEAL_HASH_BYTES);
	struct db_rows rows;
	const struct db_value *v;
	enum status st;

	st = db_run(db, s->arena, &otp_sql[Q_COUNT],
		    DB_ARGS(mobile, db_time(now - 10 * MINUTE_MS), mobile, db_time(now - 1440 * MINUTE_MS), address,
			    db_time(now - 60 * MINUTE_MS)),
		    &rows);
	if (st != E_OK)
		return st;
	v = db_row(&rows, 0);
	if (v[0].i >= c->otp.mobile_10min || v[1].i >= c->otp.mobile_day || v[2].i >= c->otp.address_hour)
		return E_OTP_LIMIT;
	st = db_run(db, s->arena, &otp_sql[Q_TODAY], DB_ARGS(db_text(span_of(s->day))), &rows);
	if (st == E_OK && db_row(&rows, 0)[0].i >= c->otp.total_day) {
		log_detail(LOG_ERROR, "otp_total_day", "%lld codes today", (long long)db_row(&rows, 0)[0].i);
		return E_OTP_LIMIT;
	}
	return st;
}

static enum status
send_body(struct db *db, void *arg)
{
	struct sending *s = arg;
	struct db_value now = db_time(s->request->now_ms), lang = db_text(span_of(lang_code(s->request->lang)));
	struct db_rows rows;
	uint8_t shard;
	enum status st;

	seal_random(&shard, 1);
	st = db_run(db, s->arena, &otp_sql[Q_GATE], DB_ARGS(db_bytes(s->mobile_index, SEAL_HASH_BYTES), now), &rows);
	if (st == E_OK)
		st = db_run(db, s->arena, &otp_sql[Q_GATE], DB_ARGS(db_bytes(s->address_index, SEAL_HASH_BYTES), now), &rows);
	if (st == E_OK)
		st = check_limits(db, s);
	if (st == E_OK)
		st = db_run(db, s->arena, &otp_sql[Q_INSERT],
			    DB_ARGS(db_bytes(s->id, OTP_ID_BYTES), db_bytes(s->mobile_index, SEAL_HASH_BYTES),
				    db_text(s->mobile_sealed), db_bytes(s->address_index, SEAL_HASH_BYTES),
				    db_bytes(s->tag, SEAL_HASH_BYTES), lang, now, db_time(s->expires_ms)),
			    &rows);
	if (st == E_OK)
		st = db_run(db, s->arena, &otp_sql[Q_SMS], DB_ARGS(lang, db_text(s->payload), now, now), &rows);
	if (st == E_OK)
		st = db_run(db, s->arena, &otp_sql[Q_COUNT_DAY], DB_ARGS(db_text(span_of(s->day)), db_int(shard % SHARDS)), &rows);
	return st;
}

enum status
otp_send(struct db *db, struct arena *a, const struct conf *conf, const struct seal *seal, const struct otp_request *r,
	 uint8_t id[static OTP_ID_BYTES], int64_t *expires_ms)
{
	struct sending s = { .arena = a, .conf = conf, .request = r, .id = id, .expires_ms = r->now_ms + conf->otp.ttl_s * 1000 };
	struct clock_date day = clock_kolkata_date(r->now_ms);
	struct buf json = BUF_INIT(512);
	char code[7];
	json_t *vars;
	enum status st;

	(void)snprintf(s.day, sizeof(s.day), "%04d-%02d-%02d", day.year, day.month, day.day);
	seal_random(id, OTP_ID_BYTES);
	seal_digits(code, 6);
	seal_index(seal, span_of(r->mobile), s.mobile_index);
	seal_index(seal, span_of(r->address), s.address_index);
	code_tag(seal, id, span_of(code), s.tag);
	vars = json_own(a,
			json_pack("{s:s, s:s, s:I}", "to", r->mobile, "code", code, "minutes", (json_int_t)(conf->otp.ttl_s / 60)));
	json_encode(vars, &json);
	seal_wipe(code, sizeof(code));
	st = vars == NULL || json.failed ? E_NOMEM : seal_box(seal, a, span_of(r->mobile), &s.mobile_sealed);
	if (st == E_OK)
		st = seal_box(seal, a, buf_view(&json), &s.payload);
	if (json.data != NULL)
		seal_wipe(json.data, json.len);
	buf_release(&json);
	*expires_ms = s.expires_ms;
	return st == E_OK ? db_tx(db, send_body, &s, NULL) : st;
}

struct using
{
	struct arena *arena;
	const struct conf *conf;
	const struct seal *seal;
	const uint8_t *id;
	struct span code;
	int64_t now_ms;
	int64_t citizen_id;
	bool wrong; /* the try is to be kept: committed, not rolled back */
};

static enum status
use_body(struct db *db, void *arg)
{
	struct using *u = arg;
	struct db_value id = db_bytes(u->id, OTP_ID_BYTES);
	uint8_t tag[SEAL_HASH_BYTES];
	struct db_rows rows, done;
	const struct db_value *v;
	enum status st = db_run(db, u->arena, &otp_sql[Q_FIND], DB_ARGS(id), &rows);

	u->wrong = false;
	if (st != E_OK)
		return st;
	if (rows.n == 0)
		return E_OTP_SPENT;
	v = db_row(&rows, 0);
	if (!v[6].null || v[5].i <= u->now_ms || v[4].i >= u->conf->otp.tries)
		return E_OTP_SPENT;
	code_tag(u->seal, u->id, u->code, tag);
	if (!seal_equal(tag, v[0].s.p, SEAL_HASH_BYTES)) {
		u->wrong = true;
		return db_run(db, u->arena, &otp_sql[Q_TRY], DB_ARGS(id), &done);
	}
	st = db_run(db, u->arena, &otp_sql[Q_USE], DB_ARGS(db_time(u->now_ms), id), &done);
	if (st == E_OK)
		st = db_run(db, u->arena, &otp_sql[Q_CITIZEN], DB_ARGS(v[1], v[2], v[3], db_time(u->now_ms)), &done);
	if (st == E_OK)
		st = db_run(db, u->arena, &otp_sql[Q_LAST_ID], DB_NO_ARGS, &rows);
	if (st == E_OK)
		u->citizen_id = db_row(&rows, 0)[0].i;
	return st;
}

enum status
otp_use(struct db *db, struct arena *a, const struct conf *conf, const struct seal *seal, const uint8_t id[static OTP_ID_BYTES],
	struct span code, int64_t now_ms, int64_t *citizen_id)
{
	struct using u = { .arena = a, .conf = conf, .seal = seal, .id = id, .code = code, .now_ms = now_ms };
	enum status st = db_tx(db, use_body, &u, NULL);

	if (st == E_OK && u.wrong)
		return E_OTP_WRONG;
	*citizen_id = u.citizen_id;
	return st;
}
