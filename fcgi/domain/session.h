/* Sessions of citizens and staff: opaque tokens, stored as SHA-256 only, looked up in MariaDB each time.
 *
 * One primary-key look-up costs less than the rules a cache of sessions needs, and a revocation holds at once on every host. */
#ifndef EKMC_DOMAIN_SESSION_H
#define EKMC_DOMAIN_SESSION_H

#include "core/db.h"
#include "domain/actor.h"

/* Fills id, kind, roles and duties of `actor`, whose token_hash is set. E_UNAUTHENTICATED: no such, expired or revoked. */
MUST_USE enum status session_actor(struct db *db, struct arena *a, int64_t now_ms, struct actor *actor);

/* A new session for a citizen or an employee; `token` gets the secret that is shown once. */
MUST_USE enum status session_create(struct db *db, struct arena *a, enum actor_kind kind, int64_t id, int64_t now_ms,
				    int64_t expires_ms, char token[static SEAL_TOKEN_TEXT_SIZE]);

struct session_row {
	uint8_t token_hash[SEAL_HASH_BYTES];
	int64_t created_ms, expires_ms;
};
/* The live sessions of the actor, newest first, at most 50. */
MUST_USE enum status session_list(struct db *db, struct arena *a, const struct actor *actor, int64_t now_ms,
				  const struct session_row **out, size_t *n);

/* Ends the actor's current session, or all of them. */
MUST_USE enum status session_revoke(struct db *db, struct arena *a, const struct actor *actor, bool all, int64_t now_ms);

/* Checks user name and password; five wrong in a row lock the account for 2, 4, 8 … seconds, at most 15 minutes.
 * E_LOGIN_WRONG in every case of refusal, after the same work. */
MUST_USE enum status session_password(struct db *db, struct arena *a, struct span user, struct span password, int64_t now_ms,
				      int64_t *staff_id);

/* An employee's name, in Bengali script when `lang` is Bengali. */
MUST_USE enum status session_staff_name(struct db *db, struct arena *a, int64_t staff_id, enum lang lang, struct span *name);

extern const struct sql session_sql[];
extern const size_t session_sql_n;

#endif
