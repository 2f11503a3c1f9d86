/* Redis, which is never the truth: each call has milliseconds, and anything that goes wrong is a miss.
 *
 * After a failure the connection is dropped and not tried again for 200 ms, so that an absent Redis costs nothing.
 * SIGPIPE must be ignored (stop_init does). Not thread-safe: one per thread (back pool). The reactors use cache_async.h. */
#ifndef EKMC_CORE_CACHE_H
#define EKMC_CORE_CACHE_H

#include "core/arena.h"
#include "core/conf.h"

/* redis.address taken apart: "host:port", "[::1]:port" or "/path.sock". False: none of these. */
struct cache_address {
	const char *path; /* within the text; NULL for TCP */
	char host[256];
	int port;
};
MUST_USE bool cache_address(const char *text, struct cache_address *out);

struct cache;

/* Connects lazily; NULL only when the heap is exhausted. An empty redis.address means: no Redis at all. */
MUST_USE struct cache *cache_new(const struct conf *c);
void cache_free(struct cache *k);

/* False: a miss. */
MUST_USE bool cache_get(struct cache *k, struct arena *a, const char *key, struct span *out);
/* All of these return whether Redis confirmed. A ttl_ms below 1 keeps nothing and is false. */
bool cache_set(struct cache *k, const char *key, struct span value, int64_t ttl_ms);
bool cache_delete(struct cache *k, const char *key);
bool cache_publish(struct cache *k, const char *channel, const char *message);

#define CACHE_SCRIPT_ARGS_MAX 16
/* Runs a Lua script by its SHA-1, loading it when Redis does not know it. Arguments (ARGV, binary-safe) beside the one key.
 * `lua` is known by its address: a static text. *reply gets the integer the script returned. */
bool cache_script(struct cache *k, const char *lua, const char *key, const struct span *args, size_t n, int64_t *reply);

bool cache_ready(struct cache *k); /* PING */

#endif
