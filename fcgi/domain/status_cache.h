/* The public status answer of a number, as bytes in Redis (key ekmc:status:NUMBER).
 *
 * The value is an answer "V<version of the row> <etag>\n<body>", or the token of somebody who will put or drop one:
 *  - a reader that missed puts "R<token>" where there is nothing, and its answer only in the place of its own token: one that was
 * slow finds another token, a newer answer or nothing, and leaves it so;
 *  - a writer puts "W<token>" over whatever there is before its transaction and drops the entry after it: between the two, and
 * should it die there, everybody reads MariaDB. So no order of slow readers, writers and restarts of Redis leaves an older answer
 * over a newer one. Everything has a TTL. What a writer could not tell an unreachable Redis it owes, and pays as soon as Redis is
 * back. */
#ifndef EKMC_DOMAIN_STATUS_CACHE_H
#define EKMC_DOMAIN_STATUS_CACHE_H

#include "core/cache.h"
#include "core/ids.h"

#define STATUS_KEY_SIZE   (sizeof("ekmc:status:") + NUMBER_DIGITS)
#define STATUS_TOKEN_SIZE 34

void status_cache_key(const char *number, char out[static STATUS_KEY_SIZE]);

/* Splits a value. False: it is a token or nothing we know, which is a miss. */
MUST_USE bool status_cache_parse(struct span value, struct span *etag, struct span *body);

/* A reader's place; `token` is empty when somebody else has it: then nothing is to be put. */
void status_cache_reserve(struct cache *k, const char *number, char token[static STATUS_TOKEN_SIZE]);
/* A writer's barrier, before its transaction. */
void status_cache_lower(struct cache *k, const char *number);

/* The answer in the place of the token. False: refused or Redis unreachable. */
bool status_cache_put(struct cache *k, const char *number, const char *token, int64_t version, const char *etag, struct span body,
		      int64_t ttl_s);

/* After the transaction, whatever became of it: the entry goes, now or as soon as Redis answers. */
void status_cache_drop(struct cache *k, const char *number);
/* Pays what is owed; call now and then from a thread with a cache of its own. False: Redis does not answer, something is owed yet.
 */
bool status_cache_pay(struct cache *k);

#endif
