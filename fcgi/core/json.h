/* Jansson, strictly: what is duplicate, too deep, not UTF-8 or followed by anything is refused; results are tied to the arena. */
#ifndef EKMC_CORE_JSON_H
#define EKMC_CORE_JSON_H

#include <jansson.h>
#include "core/arena.h"
#include "core/buf.h"
#include "core/status.h"

#define JSON_MAX_DEPTH 16

/* Decodes `text` (an object or an array at the top). Owns: *out is released with the arena.
 * Errors: E_MALFORMED with a short English reason in *why (static or the arena's), E_NOMEM. */
MUST_USE enum status json_decode(struct arena *a, struct span text, json_t **out, const char **why);

/* Appends the compact text of `v` (any value) to `b`, slashes unescaped, keys in order of insertion, 15 digits; steals nothing.
 * `b` is failed when it does not fit, and for NULL. */
void json_encode(const json_t *v, struct buf *b);

/* Ties a new reference to the arena and returns it; NULL (released) on exhaustion or when v is NULL. Lets json_pack be one call:
 * `json_t *o = json_own(a, json_pack("{s:s}", "number", number)); if (o == NULL) return E_NOMEM;` */
MUST_USE json_t *json_own(struct arena *a, json_t *v);

/* New references for json_pack's "o": text of a span, a time or null (CLOCK_NONE), or null. */
json_t *json_span(struct span s); /* p == NULL gives null */
json_t *json_time(int64_t at_ms);

#endif
