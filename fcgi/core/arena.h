/* Memory of one request or job: handed out in order, given back at once.
 *
 * Owns: everything allocated from it and every resource tied to it by arena_defer; released in reverse order.
 * Units: limit in bytes, counted over all blocks. Errors: NULL when the limit or the heap is exhausted (a value, never an abort).
 */
#ifndef EKMC_CORE_ARENA_H
#define EKMC_CORE_ARENA_H

#include "core/base.h"

struct arena;

/* NULL only when the heap is exhausted. The first block of `first_bytes` is kept over arena_reset. */
MUST_USE struct arena *arena_new(size_t first_bytes, size_t limit_bytes);
void arena_free(struct arena *a); /* NULL is allowed */

/* Runs what was deferred and gives back all but the first block: the arena is as new. */
void arena_reset(struct arena *a);

/* `n` zeroed bytes, aligned for any type. n == 0 gives a valid pointer. */
MUST_USE void *arena_alloc(struct arena *a, size_t n);
/* count * size with the multiplication checked. */
MUST_USE void *arena_array(struct arena *a, size_t count, size_t size);

/* Copies, always terminated by a NUL beyond the length. NULL on exhaustion. */
MUST_USE char *arena_strndup(struct arena *a, const char *p, size_t n);
MUST_USE char *arena_strdup(struct arena *a, const char *text);
MUST_USE char *arena_printf(struct arena *a, const char *fmt, ...) PRINTF(2, 3);

/* Has `release(object)` run when the arena is reset or freed. False on exhaustion: then release has been run already,
 * so the caller has nothing left to clean. */
MUST_USE bool arena_defer(struct arena *a, void (*release)(void *), void *object);

/* Bytes handed out since the last reset. */
size_t arena_used(const struct arena *a);

#endif
