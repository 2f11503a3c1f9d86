/* Links of messages. */
#include "domain/link.h"

#include "core/scan.h"
#include "core/tx.h"
#include "domain/complaint.h"

#define SECRET_CHARS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-"

enum { Q_CREATE };
enum { Q_FIND, Q_LIVE, Q_TRY };
enum { Q_PURGE };

const struct sql link_sql[] = {
	[Q_CREATE] = { "INSERT INTO link (token_hash, complaint_id, reopen_count, expires_at) VALUES (?, ?, ?, ?)", "biit", "",
		       false },
};
const size_t link_sql_n = ARRAY_LEN(link_sql);

const struct sql link_check_sql[] = {
	/* the last: it is for the present resolution */
	[Q_FIND] = { "SELECT l.complaint_id, l.expires_at, l.tries, l.reopen_count = " COMPLAINT_RESOLUTION
		     " FROM link l JOIN complaint c ON c.id = l.complaint_id"
		     " LEFT JOIN complaint p ON p.id = c.parent_id AND c.state = 'DUPLICATE' WHERE l.token_hash = ?",
		     "b", "itii", false },
	[Q_LIVE] = { "SELECT l.complaint_id FROM complaint c JOIN link l ON l.complaint_id = c.id WHERE c.number = ?"
		     " AND l.expires_at >= ? AND l.tries < ? LIMIT 1",
		     "sti", "i", false },
	[Q_TRY] = { "UPDATE link SET tries = tries + 1 WHERE complaint_id = ? AND expires_at >= ? AND tries < ?", "iti", "",
		    false },
};
const size_t link_check_sql_n = ARRAY_LEN(link_check_sql);

const struct sql link_purge_sql[] = {
	[Q_PURGE] = { "DELETE FROM link WHERE expires_at < ? ORDER BY expires_at LIMIT ?", "ti", "", false },
};
const size_t link_purge_sql_n = ARRAY_LEN(link_purge_sql);

enum status
link_create(struct db *db, struct arena *a, const char *number, int64_t complaint_id, int resolution, int64_t expires_ms,
	    char out[static LINK_CHARS + 1])
{
	uint8_t secret[LINK_SECRET_BYTES], hash[SEAL_HASH_BYTES];
	const char *text;
	enum status st;

	seal_random(secret, sizeof(secret));
	text = seal_base64url(a, (struct span){ (const char *)secret, sizeof(secret) });
	if (text == NULL)
		return E_NOMEM;
	memcpy(out, number, NUMBER_DIGITS);
	memcpy(out + NUMBER_DIGITS, text, LINK_CHARS - NUMBER_DIGITS + 1);
	seal_sha256((struct span){ out, LINK_CHARS }, hash);
	st = db_run(db, a, &link_sql[Q_CREATE],
		    DB_ARGS(db_bytes(hash, sizeof(hash)), db_int(complaint_id), db_int(resolution), db_time(expires_ms)), NULL);
	/* two equal secrets of 96 bits are a broken generator, not somebody who was faster */
	return st == E_STALE ? E_INTERNAL : st;
}

struct guess {
	struct arena *arena;
	struct span number;
	int64_t now_ms;
};

static enum status
count_body(struct db *db, void *arg)
{
	const struct guess *g = arg;
	const struct db_value now = db_time(g->now_ms), most = db_int(LINK_TRIES);
	struct db_rows rows;
	enum status st = db_run(db, g->arena, &link_check_sql[Q_LIVE], DB_ARGS(db_text(g->number), now, most), &rows);

	if (st != E_OK || rows.n == 0)
		return st;
	return db_run(db, g->arena, &link_check_sql[Q_TRY], DB_ARGS(db_row(&rows, 0)[0], now, most), NULL);
}

enum status
link_check(struct db *db, struct arena *a, struct span text, int64_t now_ms, struct link *out)
{
	struct guess g = { .arena = a, .number = { text.p, NUMBER_DIGITS }, .now_ms = now_ms };
	uint8_t hash[SEAL_HASH_BYTES];
	struct db_rows rows;
	const struct db_value *v;
	enum status st;

	if (text.n != LINK_CHARS || !scan_token(g.number, "0123456789", NUMBER_DIGITS, NUMBER_DIGITS) ||
	    !scan_token(text, SECRET_CHARS, LINK_CHARS, LINK_CHARS))
		return E_INVALID;
	seal_sha256(text, hash);
	*out = (struct link){ .number = arena_strndup(a, text.p, NUMBER_DIGITS) };
	if (out->number == NULL)
		return E_NOMEM;
	st = db_run(db, a, &link_check_sql[Q_FIND], DB_ARGS(db_bytes(hash, sizeof(hash))), &rows);
	if (st == E_OK && rows.n == 0)
		st = db_tx(db, count_body, &g, NULL);
	if (st != E_OK || rows.n == 0)
		return st == E_OK ? E_LINK_SPENT : st;
	v = db_row(&rows, 0);
	out->complaint_id = v[0].i;
	out->expires_ms = v[1].i;
	return out->expires_ms < now_ms || v[2].i >= LINK_TRIES || v[3].i == 0 ? E_LINK_SPENT : E_OK;
}

enum status
link_purge(struct db *db, struct arena *a, int64_t now_ms, int limit, int64_t *n)
{
	struct db_rows rows;
	enum status st = db_run(db, a, &link_purge_sql[Q_PURGE], DB_ARGS(db_time(now_ms - LINK_KEPT_MS), db_int(limit)), &rows);

	*n = st == E_OK ? rows.affected : 0;
	return st;
}
