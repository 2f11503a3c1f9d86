/* A complaint of eKMC1.0 in the shape of GET /status (design, section 6). */
#ifndef EKMC_BRIDGE_LEGACY_ANSWER_H
#define EKMC_BRIDGE_LEGACY_ANSWER_H

#include <jansson.h>

#include "bridge/adapter.h"

/* A new reference; NULL when the heap is exhausted. `age_s` is told only of a stale copy: a fresh answer stays the same from second
 * to second, and so does its ETag. */
MUST_USE json_t *legacy_answer(const struct legacy_case *c, bool stale, int64_t age_s);

#endif
