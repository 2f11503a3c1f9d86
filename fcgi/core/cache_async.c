/* Redis for a libuv loop: one connection, reads pipelined, one timer for the oldest of them. */
#include "core/cache_async.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <hiredis/async.h>

#include "core/cache.h"
#include "core/clock.h"
#include "core/log.h"

#define PAUSE_MS          200
#define SUBSCRIBE_WAIT_MS 1000

/* A command in flight. Redis answers in order, so they are a queue. */
struct ask {
	struct ask *next;
	struct cache_async *cache;
	cache_async_cb *cb; /* NULL: nobody waits */
	void *arg;
	int64_t due_ms;
	bool noticed; /* the timer has seen it overdue once */
};

/* One connection. hiredis' own adapter (adapters/libuv.h) ignores the error libuv reports for POLLERR and stops watching: a refused
 * or reset connection would never be noticed by a subscriber. Hence one of ours; it lives until libuv has closed its handle. */
struct link {
	uv_poll_t poll;
	int events;
	bool writing;             /* inside write_now: what is left then must wait for the socket */
	redisAsyncContext *redis; /* NULL: freed by hiredis */
	struct cache_async *cache;
};

struct cache_async {
	uv_loop_t *loop;
	uv_timer_t timer;
	uv_prepare_t before_poll; /* writes what the callbacks of this turn have asked, in one go */
	int handles;              /* open at libuv; the last one closed frees this */
	bool closing;
	struct cache_address address;
	bool absent; /* no usable address */
	char *path;
	char *password;
	int64_t patience_ms;
	struct link *link;
	int64_t again_at_ms;
	bool down; /* as last logged */
	struct ask *first, **last;
	char *channel; /* of a subscriber */
	bool subscribed;
	void (*ring)(void *arg);
	void *ring_arg;
};

static void on_timer(uv_timer_t *timer);

static void
wake_in(struct cache_async *k, int64_t wait_ms)
{
	if (!k->closing)
		uv_timer_start(&k->timer, on_timer, wait_ms > 0 ? (uint64_t)wait_ms : 1, 0);
}

static void
handle_closed(struct cache_async *k)
{
	if (--k->handles > 0)
		return;
	free(k->path);
	free(k->password);
	free(k->channel);
	free(k);
}

static void
on_own_closed(uv_handle_t *handle)
{
	handle_closed(handle->data);
}

static void
on_link_closed(uv_handle_t *handle)
{
	struct link *link = handle->data;

	handle_closed(link->cache);
	free(link);
}

/* An absent Redis says so once, not on every request. */
static void
went_down(struct cache_async *k, const char *why)
{
	if (!k->down && !k->closing)
		log_event(LOG_WARN, "cache_down", "why", why, NULL);
	k->down = true;
	k->again_at_ms = clock_monotonic_ms() + PAUSE_MS;
	if (k->channel != NULL)
		wake_in(k, PAUSE_MS);
}

static void
came_up(struct cache_async *k)
{
	if (k->down)
		log_event(LOG_INFO, "cache_up", NULL);
	k->down = false;
}

static void
on_poll(uv_poll_t *poll, int status, int events)
{
	struct link *link = poll->data;

	/* on an error libuv has stopped watching; a read lets hiredis find out what it was */
	if (link->redis != NULL && (status < 0 || (events & UV_READABLE) != 0))
		redisAsyncHandleRead(link->redis);
	if (link->redis != NULL && status < 0)
		redisAsyncFree(link->redis);
	else if (link->redis != NULL && (events & UV_WRITABLE) != 0)
		redisAsyncHandleWrite(link->redis);
}

/* hiredis asks anew for every command and after every read, and libuv leaves and enters epoll on every start. */
static void
watch(struct link *link, int events)
{
	if (events == link->events)
		return;
	link->events = events;
	if (events == 0)
		uv_poll_stop(&link->poll);
	else
		uv_poll_start(&link->poll, events, on_poll);
}

static void
add_read(void *data)
{
	struct link *link = data;

	watch(link, link->events | UV_READABLE);
}

static void
delete_read(void *data)
{
	struct link *link = data;

	watch(link, link->events & ~UV_READABLE);
}

/* Nearly always the socket takes it at once: asking epoll first costs two changes and a turn for every batch. */
static void
write_now(uv_prepare_t *prepare)
{
	struct cache_async *k = prepare->data;
	struct link *link = k->link;

	(void)uv_prepare_stop(prepare);
	if (link == NULL || (link->redis->c.flags & REDIS_CONNECTED) == 0)
		return;
	link->writing = true;
	redisAsyncHandleWrite(link->redis);
	link->writing = false;
}

static void
add_write(void *data)
{
	struct link *link = data;

	if (link->writing || (link->redis->c.flags & REDIS_CONNECTED) == 0)
		watch(link, link->events | UV_WRITABLE);
	else
		(void)uv_prepare_start(&link->cache->before_poll, write_now);
}

static void
delete_write(void *data)
{
	struct link *link = data;

	watch(link, link->events & ~UV_WRITABLE);
}

/* hiredis calls this exactly once, whatever the reason a context ends, after the callbacks and before it closes the socket. */
static void
cleanup(void *data)
{
	struct link *link = data;
	struct cache_async *k = link->cache;
	const char *why = link->redis->err != 0 ? link->redis->errstr : "given up";

	k->link = NULL;
	k->subscribed = false;
	went_down(k, why);
	link->redis = NULL;
	uv_close((uv_handle_t *)&link->poll, on_link_closed);
}

/* Any error reply, LOADING and READONLY among them, drops the connection: the next one may reach the new primary. */
static bool
refused(struct cache_async *k, redisAsyncContext *redis, const redisReply *r)
{
	if (r == NULL || r->type != REDIS_REPLY_ERROR)
		return false;
	went_down(k, r->str);
	redisAsyncFree(redis);
	return true;
}

static void
on_login(redisAsyncContext *redis, void *reply, void *data)
{
	refused(data, redis, reply);
}

static void
abandon(struct cache_async *k, redisAsyncContext *redis, const char *why)
{
	went_down(k, why);
	if (redis != NULL)
		redisAsyncFree(redis);
}

static bool
attach(struct cache_async *k, redisAsyncContext *redis)
{
	struct link *link = calloc(1, sizeof(*link));

	if (link == NULL || uv_poll_init(k->loop, &link->poll, redis->c.fd) != 0) {
		free(link);
		return false;
	}
	link->poll.data = link;
	link->redis = redis;
	link->cache = k;
	redis->ev.data = link;
	redis->ev.addRead = add_read;
	redis->ev.delRead = delete_read;
	redis->ev.addWrite = add_write;
	redis->ev.delWrite = delete_write;
	redis->ev.cleanup = cleanup;
	k->handles++;
	k->link = link;
	return true;
}

static bool
reach(struct cache_async *k)
{
	redisAsyncContext *redis;

	if (k->closing || k->absent)
		return false;
	if (k->link != NULL)
		return true;
	if (clock_monotonic_ms() < k->again_at_ms)
		return false;
	if (k->path[0] != '\0')
		redis = redisAsyncConnectUnix(k->path);
	else
		redis = redisAsyncConnect(k->address.host, k->address.port);
	if (redis == NULL || redis->err != 0) {
		abandon(k, redis, redis == NULL ? "out of memory" : redis->errstr);
		return false;
	}
	if (!attach(k, redis)) {
		abandon(k, redis, "no handle");
		return false;
	}
	return k->password[0] == '\0' || redisAsyncCommand(redis, on_login, k, "AUTH %s", k->password) == REDIS_OK;
}

static void
on_reply(redisAsyncContext *redis, void *reply, void *data)
{
	struct ask *ask = data;
	struct cache_async *k = ask->cache;
	const redisReply *r = reply;
	struct span value = { NULL, 0 };

	assert(k->first == ask);
	k->first = ask->next;
	if (k->first == NULL)
		k->last = &k->first;
	if (r != NULL && !refused(k, redis, r))
		came_up(k);
	if (r != NULL && r->type == REDIS_REPLY_STRING)
		value = (struct span){ r->str, r->len };
	if (ask->cb != NULL)
		ask->cb(ask->arg, value);
	free(ask);
}

static bool
ask_send(struct cache_async *k, int argc, const char **argv, const size_t *lengths, cache_async_cb *cb, void *arg)
{
	struct ask *ask;

	assert(k->channel == NULL);
	if (!reach(k))
		return false;
	ask = malloc(sizeof(*ask));
	if (ask == NULL)
		return false;
	*ask = (struct ask){ .cache = k, .cb = cb, .arg = arg, .due_ms = clock_monotonic_ms() + k->patience_ms };
	if (redisAsyncCommandArgv(k->link->redis, on_reply, ask, argc, argv, lengths) != REDIS_OK) {
		free(ask);
		return false;
	}
	*k->last = ask;
	k->last = &ask->next;
	if (!uv_is_active((uv_handle_t *)&k->timer))
		wake_in(k, k->patience_ms);
	return true;
}

static void
on_message(redisAsyncContext *redis, void *reply, void *data)
{
	struct cache_async *k = data;
	const redisReply *r = reply;

	(void)redis;
	/* ["subscribe", channel, 1] or ["message", channel, text]: both ring */
	if (r == NULL || r->type != REDIS_REPLY_ARRAY || k->closing)
		return;
	if (!k->subscribed)
		uv_timer_stop(&k->timer);
	k->subscribed = true;
	came_up(k);
	k->ring(k->ring_arg);
}

static void
listen_again(struct cache_async *k)
{
	int64_t wait_ms = k->patience_ms > SUBSCRIBE_WAIT_MS ? k->patience_ms : SUBSCRIBE_WAIT_MS;

	if (!reach(k) || redisAsyncCommand(k->link->redis, on_message, k, "SUBSCRIBE %s", k->channel) != REDIS_OK) {
		wake_in(k, k->again_at_ms - clock_monotonic_ms());
		return;
	}
	/* a subscriber sends nothing, so only the kernel can notice a host that vanished */
	if (k->path[0] == '\0')
		redisEnableKeepAlive(&k->link->redis->c);
	wake_in(k, wait_ms);
}

static void
on_timer(uv_timer_t *timer)
{
	struct cache_async *k = timer->data;
	struct ask *ask = k->first;
	int64_t left_ms;

	if (k->channel != NULL) {
		if (k->link == NULL)
			listen_again(k);
		else if (!k->subscribed)
			redisAsyncFree(k->link->redis);
		return;
	}
	if (ask == NULL || k->link == NULL)
		return;
	left_ms = ask->due_ms - clock_monotonic_ms();
	if (left_ms > 0 && !ask->noticed) {
		wake_in(k, left_ms);
		return;
	}
	/* timers run before sockets: a loop that was late itself lets Redis have as much again, once */
	if (!ask->noticed) {
		ask->noticed = true;
		wake_in(k, -left_ms < k->patience_ms ? -left_ms : k->patience_ms);
		return;
	}
	redisAsyncFree(k->link->redis);
}

struct cache_async *
cache_async_new(uv_loop_t *loop, const struct conf *c)
{
	struct cache_async *k = calloc(1, sizeof(*k));

	if (k == NULL)
		return NULL;
	k->absent = !cache_address(c->redis.address, &k->address);
	if (k->absent && c->redis.address[0] != '\0')
		log_event(LOG_ERROR, "cache_address_malformed", "setting", "redis.address", NULL);
	k->loop = loop;
	k->last = &k->first;
	k->patience_ms = c->redis.timeout_ms;
	k->path = strdup(k->address.path != NULL ? k->address.path : "");
	k->password = strdup(c->redis.password);
	if (k->path == NULL || k->password == NULL || uv_timer_init(loop, &k->timer) != 0 ||
	    uv_prepare_init(loop, &k->before_poll) != 0) {
		free(k->path);
		free(k->password);
		free(k);
		return NULL;
	}
	k->timer.data = k;
	k->before_poll.data = k;
	k->handles = 2;
	return k;
}

void
cache_async_close(struct cache_async *k)
{
	if (k == NULL || k->closing)
		return;
	k->closing = true;
	uv_close((uv_handle_t *)&k->timer, on_own_closed);
	uv_close((uv_handle_t *)&k->before_poll, on_own_closed);
	if (k->link != NULL)
		redisAsyncFree(k->link->redis);
}

void
cache_async_get(struct cache_async *k, const char *key, cache_async_cb *cb, void *arg)
{
	const char *argv[] = { "GET", key };
	const size_t lengths[] = { 3, strlen(key) };

	if (!ask_send(k, 2, argv, lengths, cb, arg))
		cb(arg, (struct span){ NULL, 0 });
}

void
cache_async_set(struct cache_async *k, const char *key, struct span value, int64_t ttl_ms)
{
	char ttl[24];
	int n = snprintf(ttl, sizeof(ttl), "%lld", (long long)ttl_ms);
	const char *argv[] = { "SET", key, value.n > 0 ? value.p : "", "PX", ttl };
	const size_t lengths[] = { 3, strlen(key), value.n, 2, (size_t)n };

	if (ttl_ms > 0)
		(void)ask_send(k, ARRAY_LEN(argv), argv, lengths, NULL, NULL);
}

void
cache_async_subscribe(struct cache_async *k, const char *channel, void (*ring)(void *arg), void *arg)
{
	k->channel = strdup(channel);
	k->ring = ring;
	k->ring_arg = arg;
	if (k->channel == NULL)
		log_event(LOG_ERROR, "cache_subscribe_no_memory", NULL);
	else if (!k->absent)
		listen_again(k);
}
