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

/* E_OK: done before with the same body; E_KEY_REUSED: with another; E_NOT_FOUND: not done. */
MUST_USE enum status idempotency_stored(struct db *db, struct arena *a, const uint8_t scope[static SEAL_HASH_BYTES],
					const uint8_t body_hash[static SEAL_HASH_BYTES]);

extern const struct sql idempotency_sql[];
extern const size_t idempotency_sql_n;

#endif
