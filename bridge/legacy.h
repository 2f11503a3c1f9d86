/* The role `legacy`: GET /api/v1/legacy/status/{number}, answered by asking eKMC1.0 (design, section 7).
 *
 * One reactor, all asynchronous: Redis, else one look-up per number for everybody who waits for it, behind a breaker. When eKMC1.0
 * does not answer, an old copy marked stale, else 503 with Retry-After and the link to its own page. */
#ifndef EKMC_BRIDGE_LEGACY_H
#define EKMC_BRIDGE_LEGACY_H

#include <stdio.h>
#include "core/conf.h"

/* Whether the role could start with these settings; prints what is wrong to `err`. */
MUST_USE bool legacy_check(const struct conf *c, FILE *err);

/* Its routes, a line each. */
void legacy_routes(FILE *out);

/* Serves until `stop_fd` (stop_init) says so. The exit code of the process. */
MUST_USE int legacy_run(const struct conf *c, int stop_fd);

#endif
