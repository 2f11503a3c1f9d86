/* What every route has in common, before its handler runs: body, key, token, who may call. */
#ifndef EKMC_HTTP_GATE_H
#define EKMC_HTTP_GATE_H

#include "http/call.h"

#define SESSION_COOKIE "__Host-ekmc"

/* On the reactor: what needs no database. Fills c->body, c->key and the token in c->actor.
 * Errors: E_MEDIA_TYPE, E_MALFORMED, E_UNAUTHENTICATED (a token is needed and none was sent), E_CSRF. */
MUST_USE enum status gate_front(struct call *c);

/* In the back: the session behind the token, unless the database call looks itself (GUARD_IN_CALL).
 * Errors: E_UNAUTHENTICATED, E_PASSWORD_CHANGE, E_FORBIDDEN, those of the database. */
MUST_USE enum status gate_back(struct call *c);

/* What a browser must send in X-Ekmc-Csrf along with the cookie of this token. In the arena; NULL on exhaustion. */
const char *gate_csrf(const struct call *c, const uint8_t token_hash[static SEAL_HASH_BYTES]);

#endif
