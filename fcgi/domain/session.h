/* Sessions of citizens and staff: opaque tokens, stored as SHA-256 only, looked up in MariaDB each time.
 *
 * One primary-key look-up costs less than the rules a cache of sessions needs, and a revocation, a duty that ends or a person who
 * leaves holds at once on every host. */
#ifndef EKMC_DOMAIN_SESSION_H
#define EKMC_DOMAIN_SESSION_H

#include "core/db.h"
#include "domain/actor.h"

#define SESSION_ID_BYTES 8 /* the beginning of the token's hash: names a session to its owner */

/* Fills id, kind, roles, duties and must_change of `actor`, whose token_hash is set, and notes that the session was used (a write
 * every five minutes at most). E_UNAUTHENTICATED: no such, expired or revoked, or the employee has left. */
MUST_USE enum status session_actor(struct db *db, struct arena *a, int64_t now_ms, struct actor *actor);

struct session_new {
	enum actor_kind kind;
	int64_t id;
	const char *address; /* of the client, kept with its end masked; NULL: not known */
	bool by_cookie;
	int64_t now_ms, expires_ms;
};
/* A new session for a citizen or an employee; `token` gets the secret that is shown once. */
MUST_USE enum status session_create(struct db *db, struct arena *a, const struct session_new *n,
				    char token[static SEAL_TOKEN_TEXT_SIZE]);

struct session_row {
	uint8_t token_hash[SEAL_HASH_BYTES];
	int64_t created_ms, seen_ms, expires_ms; /* seen_ms: CLOCK_NONE before the first use */
	bool by_cookie;
	struct span client; /* masked, or absent */
};
/* The live sessions of a citizen or an employee, newest first, at most 50. */
MUST_USE enum status session_list(struct db *db, struct arena *a, enum actor_kind kind, int64_t id, int64_t now_ms,
				  const struct session_row **out, size_t *n);

/* Ends the actor's current session. */
MUST_USE enum status session_end(struct db *db, struct arena *a, const struct actor *actor, int64_t now_ms);
/* Ends the one of theirs that is named so. E_NOT_FOUND: they have no such live session. */
MUST_USE enum status session_end_one(struct db *db, struct arena *a, const struct actor *actor,
				     const uint8_t id[static SESSION_ID_BYTES], int64_t now_ms);
/* Ends all sessions of somebody but the one of `keep` (a token's hash, or NULL). May be part of a transaction. */
MUST_USE enum status session_end_all(struct db *db, struct arena *a, enum actor_kind kind, int64_t id, const uint8_t *keep,
				     int64_t now_ms);

extern const struct sql session_sql[];
extern const size_t session_sql_n;

#endif
