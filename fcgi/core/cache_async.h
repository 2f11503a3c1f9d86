/* The same Redis for a libuv loop, through hiredis' asynchronous API: many reads in flight pipeline by themselves.
 *
 * hiredis 0.14 has no asynchronous time-out: one timer per context frees the context when the oldest command is overdue, whereupon
 * every callback gets NULL, which is a miss. Re-connects after 200 ms. A loop that was late itself is not held against
 * Redis. Not thread-safe: one per loop. The host of redis.address should be a number: a name is looked up while the loop waits. */
#ifndef EKMC_CORE_CACHE_ASYNC_H
#define EKMC_CORE_CACHE_ASYNC_H

#include <uv.h>
#include "core/conf.h"

struct cache_async;

MUST_USE struct cache_async *cache_async_new(uv_loop_t *loop, const struct conf *c);
/* Answers what is in flight as misses and closes its handles; the loop must run once more before it is freed. */
void cache_async_close(struct cache_async *k);

/* `value.p == NULL`: a miss. Called exactly once, on the loop's thread, possibly before the starting call returns. */
typedef void cache_async_cb(void *arg, struct span value);
void cache_async_get(struct cache_async *k, const char *key, cache_async_cb *cb, void *arg);
/* Fire and forget. */
void cache_async_set(struct cache_async *k, const char *key, struct span value, int64_t ttl_ms);
/* A doorbell: `ring(arg)` whenever a message comes on `channel`; subscribed again after each re-connect, and rung at each
 * subscription (the first too), because one may have been missed. The context serves nothing else after this. */
void cache_async_subscribe(struct cache_async *k, const char *channel, void (*ring)(void *arg), void *arg);

#endif
