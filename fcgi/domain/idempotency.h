/* The row that makes a repeated request find what the first one did. Written in the transaction it answers for, kept 24 hours. */
#ifndef EKMC_DOMAIN_IDEMPOTENCY_H
#define EKMC_DOMAIN_IDEMPOTENCY_H

#include "core/db.h"
#include "core/seal.h"

/* Method, path and key of a request, without its principal. */
void idempotency_request(struct span method, struct span path, struct span key, uint8_t out[static SEAL_HASH_BYTES]);

/* … with its principal, so that keys of different callers never meet. The same as in sql/procedures/complaint_lodge.sql. */
void idempotency_scope(const char *kind, int64_t id, const uint8_t request[static SEAL_HASH_BYTES],
		       uint8_t out[static SEAL_HASH_BYTES]);

/* Inside db_tx, first of all. E_STALE: an earlier try has committed (its row is there). */
MUST_USE enum status idempotency_claim(struct db *db, struct arena *a, const uint8_t scope[static SEAL_HASH_BYTES],
				       const uint8_t body_hash[static SEAL_HASH_BYTES], int64_t now_ms);

/* Inside the same transaction, last of all: the answer that every repetition gets. */
MUST_USE enum status idempotency_answer(struct db *db, struct arena *a, const uint8_t scope[static SEAL_HASH_BYTES],
					struct span answer);

/* E_OK: done before with the same body, *answer is what was answered; E_KEY_REUSED: with another; E_NOT_FOUND: not done. */
MUST_USE enum status idempotency_stored(struct db *db, struct arena *a, const uint8_t scope[static SEAL_HASH_BYTES],
					const uint8_t body_hash[static SEAL_HASH_BYTES], struct span *answer);

extern const struct sql idempotency_sql[];
extern const size_t idempotency_sql_n;

#endif
