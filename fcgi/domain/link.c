/* Links of messages. */
#include "domain/link.h"

enum { Q_CREATE };

const struct sql link_sql[] = {
	[Q_CREATE] = { "INSERT INTO link (token_hash, complaint_id, reopen_count, expires_at) VALUES (?, ?, ?, ?)", "biit", "",
		       false },
};
const size_t link_sql_n = ARRAY_LEN(link_sql);

enum status
link_create(struct db *db, struct arena *a, const char *number, int64_t complaint_id, int reopen_count, int64_t expires_ms,
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
		    DB_ARGS(db_bytes(hash, sizeof(hash)), db_int(complaint_id), db_int(reopen_count), db_time(expires_ms)), NULL);
	/* two equal secrets of 96 bits are a broken generator, not somebody who was faster */
	return st == E_STALE ? E_INTERNAL : st;
}
