/* Time-based one-time passwords as authenticator apps make them (RFC 6238): SHA-1, 30 s, six digits. liboath does the sums. */
#ifndef EKMC_CORE_TOTP_H
#define EKMC_CORE_TOTP_H

#include "core/arena.h"

#define TOTP_SECRET_BYTES 20 /* RFC 4226, section 4, R6 */
#define TOTP_DIGITS       6
#define TOTP_STEP_S       30

/* Whether `code`, six ASCII digits, is that of the present step or of a neighbour (a clock that is a little off) and later than
 * `after`, the last step taken: no code is good twice (RFC 6238, section 5.2). *step gets the step it is of. */
MUST_USE bool totp_check(struct span secret, struct span code, int64_t now_ms, int64_t after, int64_t *step);

/* The secret as people type it and as apps scan it (Google's Key URI format). The arena's; NULL on exhaustion. */
MUST_USE const char *totp_text(struct arena *a, struct span secret);
MUST_USE const char *totp_uri(struct arena *a, struct span user, struct span secret);

#endif
