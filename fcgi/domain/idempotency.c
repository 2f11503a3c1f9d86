/* Idempotency rows. */
#include "domain/idempotency.h"

#include <inttypes.h>
#include <stdio.h>

enum { Q_CLAIM, Q_ANSWER, Q_STORED };

const struct sql idempotency_sql[] = {
	[Q_CLAIM] = { "INSERT INTO idempotency (scope, body_hash, http, answer, created_at) VALUES (?, ?, 200, '', ?)", "bbt", "",
		      false },
	[Q_ANSWER] = { "UPDATE idempotency SET answer = ? WHERE scope = ?", "bb", "", false },
	[Q_STORED] = { "SELECT body_hash, answer FROM idempotency WHERE scope = ?", "b", "bb", false },
};
const size_t idempotency_sql_n = ARRAY_LEN(idempotency_sql);

void
idempotency_request(struct span method, struct span path, struct span key, uint8_t out[static SEAL_HASH_BYTES])
{
	const struct span parts[] = { method, path, key };

	seal_hash(parts, ARRAY_LEN(parts), out);
}

void
idempotency_scope(const char *kind, int64_t id, const uint8_t request[static SEAL_HASH_BYTES], uint8_t out[static SEAL_HASH_BYTES])
{
	char text[64 + SEAL_HASH_BYTES];
	int n = snprintf(text, 64, "%s:%" PRId64 ":", kind, id);

	memcpy(text + n, request, SEAL_HASH_BYTES);
	seal_sha256((struct span){ text, (size_t)n + SEAL_HASH_BYTES }, out);
}

enum status
idempotency_claim(struct db *db, struct arena *a, const uint8_t scope[static SEAL_HASH_BYTES],
		  const uint8_t body_hash[static SEAL_HASH_BYTES], int64_t now_ms)
{
	struct db_rows rows;

	return db_run(db, a, &idempotency_sql[Q_CLAIM],
		      DB_ARGS(db_bytes(scope, SEAL_HASH_BYTES), db_bytes(body_hash, SEAL_HASH_BYTES), db_time(now_ms)), &rows);
}

enum status
idempotency_answer(struct db *db, struct arena *a, const uint8_t scope[static SEAL_HASH_BYTES], struct span answer)
{
	return db_run(db, a, &idempotency_sql[Q_ANSWER], DB_ARGS(db_text(answer), db_bytes(scope, SEAL_HASH_BYTES)), NULL);
}

enum status
idempotency_stored(struct db *db, struct arena *a, const uint8_t scope[static SEAL_HASH_BYTES],
		   const uint8_t body_hash[static SEAL_HASH_BYTES], struct span *answer)
{
	struct db_rows rows;
	enum status st = db_run(db, a, &idempotency_sql[Q_STORED], DB_ARGS(db_bytes(scope, SEAL_HASH_BYTES)), &rows);

	if (st != E_OK)
		return st;
	if (rows.n == 0)
		return E_NOT_FOUND;
	*answer = db_row(&rows, 0)[1].s;
	return seal_equal(db_row(&rows, 0)[0].s.p, body_hash, SEAL_HASH_BYTES) ? E_OK : E_KEY_REUSED;
}
