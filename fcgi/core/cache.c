/* Redis for threads that may block: one connection, milliseconds of patience. */
#include "core/cache.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <hiredis/hiredis.h>

#include "core/clock.h"
#include "core/log.h"
#include "core/scan.h"

#define PAUSE_MS    200
#define SCRIPTS_MAX 16
#define SHA1_TEXT   40

struct script {
	const char *lua;
	char sha[SHA1_TEXT + 1];
};

struct cache {
	struct cache_address address;
	bool absent; /* no usable address */
	char *path;
	char *password;
	struct timeval patience;
	redisContext *redis;
	int64_t again_at_ms;
	bool down; /* as last logged */
	struct script scripts[SCRIPTS_MAX];
	size_t n_scripts;
};

/* An absent Redis says so once, not on every request. */
static void
drop(struct cache *k, const char *why)
{
	if (!k->down)
		log_event(LOG_WARN, "cache_down", "why", why, NULL);
	k->down = true;
	if (k->redis != NULL)
		redisFree(k->redis);
	k->redis = NULL;
	k->again_at_ms = clock_monotonic_ms() + PAUSE_MS;
}

/* NULL: the connection is gone. An error reply is a reply. */
static redisReply *
exchange(struct cache *k, size_t n, const char **argv, const size_t *lengths)
{
	redisReply *r = redisCommandArgv(k->redis, (int)n, argv, lengths);

	if (r == NULL)
		drop(k, k->redis->errstr);
	return r;
}

/* Only good replies. Any error, LOADING and READONLY among them, drops the connection: the next one may reach the new primary. */
static redisReply *
good(struct cache *k, redisReply *r)
{
	if (r != NULL && r->type == REDIS_REPLY_ERROR) {
		drop(k, r->str);
		freeReplyObject(r);
		return NULL;
	}
	if (r != NULL && k->down) {
		k->down = false;
		log_event(LOG_INFO, "cache_up", NULL);
	}
	return r;
}

static bool
confirmed(redisReply *r)
{
	bool yes = r != NULL;

	freeReplyObject(r);
	return yes;
}

static bool
login(struct cache *k)
{
	const char *argv[] = { "AUTH", k->password };
	const size_t lengths[] = { 4, strlen(k->password) };

	return k->password[0] == '\0' || confirmed(good(k, exchange(k, 2, argv, lengths)));
}

static bool
reach(struct cache *k)
{
	if (k->redis != NULL)
		return true;
	if (k->absent || clock_monotonic_ms() < k->again_at_ms)
		return false;
	if (k->path[0] != '\0')
		k->redis = redisConnectUnixWithTimeout(k->path, k->patience);
	else
		k->redis = redisConnectWithTimeout(k->address.host, k->address.port, k->patience);
	if (k->redis == NULL || k->redis->err != 0 || redisSetTimeout(k->redis, k->patience) != REDIS_OK) {
		drop(k, k->redis == NULL ? "out of memory" : k->redis->errstr);
		return false;
	}
	return login(k);
}

static redisReply *
command(struct cache *k, size_t n, const char **argv, const size_t *lengths)
{
	return reach(k) ? good(k, exchange(k, n, argv, lengths)) : NULL;
}

/* Redis computes the SHA-1, so that we need not. */
static bool
script_load(struct cache *k, const char *lua, char sha[static SHA1_TEXT + 1])
{
	const char *argv[] = { "SCRIPT", "LOAD", lua };
	const size_t lengths[] = { 6, 4, strlen(lua) };
	redisReply *r = command(k, 3, argv, lengths);
	bool loaded = r != NULL && r->type == REDIS_REPLY_STRING && r->len == SHA1_TEXT;

	if (loaded)
		memcpy(sha, r->str, SHA1_TEXT + 1);
	freeReplyObject(r);
	return loaded;
}

static struct script *
script_known(struct cache *k, const char *lua)
{
	for (size_t i = 0; i < k->n_scripts; i++) {
		if (k->scripts[i].lua == lua)
			return &k->scripts[i];
	}
	assert(k->n_scripts < SCRIPTS_MAX);
	if (k->n_scripts == SCRIPTS_MAX || !script_load(k, lua, k->scripts[k->n_scripts].sha))
		return NULL;
	k->scripts[k->n_scripts].lua = lua;
	return &k->scripts[k->n_scripts++];
}

/* A restarted Redis has forgotten its scripts. */
static bool
forgotten(const redisReply *r)
{
	return r != NULL && r->type == REDIS_REPLY_ERROR && strncmp(r->str, "NOSCRIPT", 8) == 0;
}

bool
cache_address(const char *text, struct cache_address *out)
{
	const char *colon = strrchr(text, ':');
	struct span host;
	int64_t port;

	*out = (struct cache_address){ .path = text[0] == '/' ? text : NULL };
	if (out->path != NULL)
		return true;
	if (colon == NULL || !scan_i64(span_of(colon + 1), 1, 65535, &port))
		return false;
	host = (struct span){ text, (size_t)(colon - text) };
	if (host.n > 2 && host.p[0] == '[' && host.p[host.n - 1] == ']')
		host = (struct span){ host.p + 1, host.n - 2 };
	if (host.n == 0 || host.n >= sizeof(out->host))
		return false;
	memcpy(out->host, host.p, host.n);
	out->port = (int)port;
	return true;
}

struct cache *
cache_new(const struct conf *c)
{
	struct cache *k = calloc(1, sizeof(*k));

	if (k == NULL)
		return NULL;
	k->absent = !cache_address(c->redis.address, &k->address);
	if (k->absent && c->redis.address[0] != '\0')
		log_event(LOG_ERROR, "cache_address_malformed", "setting", "redis.address", NULL);
	k->patience.tv_sec = c->redis.timeout_ms / 1000;
	k->patience.tv_usec = c->redis.timeout_ms % 1000 * 1000;
	k->path = strdup(k->address.path != NULL ? k->address.path : "");
	k->password = strdup(c->redis.password);
	if (k->path == NULL || k->password == NULL) {
		cache_free(k);
		return NULL;
	}
	return k;
}

void
cache_free(struct cache *k)
{
	if (k == NULL)
		return;
	if (k->redis != NULL)
		redisFree(k->redis);
	free(k->path);
	free(k->password);
	free(k);
}

bool
cache_get(struct cache *k, struct arena *a, const char *key, struct span *out)
{
	const char *argv[] = { "GET", key };
	const size_t lengths[] = { 3, strlen(key) };
	redisReply *r = command(k, 2, argv, lengths);

	*out = (struct span){ NULL, 0 };
	if (r != NULL && r->type == REDIS_REPLY_STRING)
		*out = (struct span){ arena_strndup(a, r->str, r->len), r->len };
	freeReplyObject(r);
	if (out->p == NULL)
		out->n = 0;
	return out->p != NULL;
}

bool
cache_set(struct cache *k, const char *key, struct span value, int64_t ttl_ms)
{
	char ttl[24];
	int n = snprintf(ttl, sizeof(ttl), "%lld", (long long)ttl_ms);
	const char *argv[] = { "SET", key, value.n > 0 ? value.p : "", "PX", ttl };
	const size_t lengths[] = { 3, strlen(key), value.n, 2, (size_t)n };

	return ttl_ms > 0 && confirmed(command(k, ARRAY_LEN(argv), argv, lengths));
}

bool
cache_delete(struct cache *k, const char *key)
{
	const char *argv[] = { "DEL", key };
	const size_t lengths[] = { 3, strlen(key) };

	return confirmed(command(k, 2, argv, lengths));
}

bool
cache_publish(struct cache *k, const char *channel, const char *message)
{
	const char *argv[] = { "PUBLISH", channel, message };
	const size_t lengths[] = { 7, strlen(channel), strlen(message) };

	return confirmed(command(k, 3, argv, lengths));
}

bool
cache_ready(struct cache *k)
{
	const char *argv[] = { "PING" };
	const size_t lengths[] = { 4 };

	return confirmed(command(k, 1, argv, lengths));
}

bool
cache_script(struct cache *k, const char *lua, const char *key, const struct span *args, size_t n, int64_t *reply)
{
	const char *argv[4 + CACHE_SCRIPT_ARGS_MAX] = { "EVALSHA", NULL, "1", key };
	size_t lengths[4 + CACHE_SCRIPT_ARGS_MAX] = { 7, SHA1_TEXT, 1, strlen(key) };
	struct script *script = NULL;
	redisReply *r;
	bool got;

	assert(n <= CACHE_SCRIPT_ARGS_MAX);
	if (reach(k))
		script = script_known(k, lua);
	if (script == NULL || n > CACHE_SCRIPT_ARGS_MAX)
		return false;
	argv[1] = script->sha;
	for (size_t i = 0; i < n; i++) {
		argv[4 + i] = args[i].n > 0 ? args[i].p : "";
		lengths[4 + i] = args[i].n;
	}
	r = exchange(k, 4 + n, argv, lengths);
	if (forgotten(r)) {
		freeReplyObject(r);
		r = script_load(k, lua, script->sha) ? exchange(k, 4 + n, argv, lengths) : NULL;
	}
	r = good(k, r);
	got = r != NULL && r->type == REDIS_REPLY_INTEGER;
	if (got)
		*reply = r->integer;
	freeReplyObject(r);
	return got;
}
