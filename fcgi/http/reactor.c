/* Kept FastCGI connections on a libuv loop. */
#include "http/reactor.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/log.h"
#include "http/gate.h"
#include "http/metrics.h"
#include "http/problem.h"
#include "http/router.h"

/* gcc 12 loses sight of a connection once it hangs in a reactor's list or mail; clang-tidy and ASan follow it */
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wanalyzer-malloc-leak"
#endif

#define ARENA_FIRST_BYTES 16384
#define IO_TIMEOUT_S      3
#define ACCEPT_PAUSE_MS   100
#define DRAIN_TICK_MS     50
#define DRAIN_IDLE_MS     300

enum mail { MAIL_NEW, MAIL_DONE };

struct conn {
	struct call call;
	FCGX_Request fcgi;
	uv_poll_t poll;
	struct reactor *reactor;
	struct conn *prev, *next; /* of the reactor's connections */
	struct conn *next_mail;
	enum mail mail;
	bool busy;     /* a request is being answered */
	bool closing;  /* handle closed, memory goes with its callback */
	bool starting; /* inside dispatch: an answer given now is sent when it returns */
	bool replied;
	int64_t idle_since_ms;
	int64_t begun_us;
};

static struct conn *
conn_of(struct call *c)
{
	return (struct conn *)((char *)c - offsetof(struct conn, call));
}

/* False: the reactor has ended and will look at nothing any more. */
static bool
post(struct reactor *r, struct conn *k, enum mail mail)
{
	bool taken;

	k->mail = mail;
	(void)pthread_mutex_lock(&r->lock);
	taken = !r->ended;
	if (taken) {
		k->next_mail = r->mail;
		r->mail = k;
		(void)uv_async_send(&r->wake);
	}
	(void)pthread_mutex_unlock(&r->lock);
	return taken;
}

/* Not while somebody's mail waits: a connection dealt out here is to be served here. */
static bool
may_end(struct reactor *r)
{
	(void)pthread_mutex_lock(&r->lock);
	r->ended = r->mail == NULL;
	(void)pthread_mutex_unlock(&r->lock);
	return r->ended;
}

static void
conn_freed(uv_handle_t *handle)
{
	struct conn *k = handle->data;

	free(k);
}

static void
conn_close(struct conn *k)
{
	struct reactor *r = k->reactor;

	if (k->closing)
		return;
	k->closing = true;
	(void)uv_poll_stop(&k->poll);
	FCGX_Free(&k->fcgi, 1);
	if (k->prev != NULL)
		k->prev->next = k->next;
	else
		r->conns = k->next;
	if (k->next != NULL)
		k->next->prev = k->prev;
	r->n_conns--;
	(void)atomic_fetch_sub(&metrics.connections, 1);
	uv_close((uv_handle_t *)&k->poll, conn_freed);
}

static struct arena *
arena_take(struct reactor *r)
{
	if (r->n_spare > 0)
		return r->spare[--r->n_spare];
	return arena_new(ARENA_FIRST_BYTES, (size_t)r->options->conf->worker.arena_bytes);
}

static void
arena_give(struct reactor *r, struct arena *a)
{
	if (r->n_spare == ARRAY_LEN(r->spare)) {
		arena_free(a);
		return;
	}
	arena_reset(a);
	r->spare[r->n_spare++] = a;
}

static void
finish(struct conn *k)
{
	struct reactor *r = k->reactor;
	struct call *c = &k->call;
	int http;

	/* others may have been read, or answered, since this one was */
	log_request(c->req.request_id);
	if (c->resp.body.failed || c->resp.headers.failed)
		(void)call_fail(c, E_INTERNAL);
	resp_send(&c->resp, &c->req, k->fcgi.out);
	http = c->resp.http;
	/* reads are in nginx' log; what changes something, or went wrong, is here too */
	if (http >= 500 || (c->req.method & (M_GET | M_HEAD)) == 0)
		log_detail(http >= 500 && http != 503 ? LOG_WARN : LOG_INFO, "answer", "%d %s %.*s", http, c->req.method_name,
			   SPAN_FMT(c->req.path));
	(void)atomic_fetch_add(&metrics.answers[http / 100 < 6 ? http / 100 : 5], 1);
	(void)atomic_fetch_add(&metrics.micros, (uint64_t)(uv_hrtime() / 1000) - (uint64_t)k->begun_us);
	FCGX_Finish_r(&k->fcgi);
	resp_release(&c->resp);
	arena_give(r, c->arena);
	log_request(NULL);
	k->busy = false;
	k->idle_since_ms = clock_monotonic_ms();
	if (k->fcgi.ipcFd < 0 || r->draining)
		conn_close(k);
}

enum next
call_fail(struct call *c, enum status st)
{
	problem_write(&c->resp, &c->req, st, &c->errors, c->about, c->why);
	return NEXT_REPLY;
}

void
call_reply(struct call *c)
{
	struct conn *k = conn_of(c);

	if (k->starting) {
		k->replied = true;
		return;
	}
	(void)atomic_fetch_add(&metrics.front, 1);
	finish(k);
}

void
call_back(struct call *c)
{
	struct reactor *r = c->reactor;
	struct queue *queue = (c->route->guards & GUARD_SLOW) != 0 ? r->slow : r->queue;

	if (c->route->back == NULL || queue == NULL) {
		(void)call_fail(c, E_INTERNAL);
	} else if (queue_push(queue, c)) {
		(void)atomic_fetch_add(&metrics.queued, 1);
		return;
	} else {
		(void)atomic_fetch_add(&metrics.refused, 1);
		(void)call_fail(c, E_BUSY);
	}
	call_reply(c);
}

void *
call_local(const struct call *c)
{
	return c->reactor->local;
}

/* How large the body may be that is about to be read. */
static size_t
body_most(const struct server_options *o, const struct conn *k)
{
	const size_t usual = (size_t)o->conf->worker.body_bytes;
	const struct span path = span_of(FCGX_GetParam("DOCUMENT_URI", k->fcgi.envp));

	if (usual >= BODY_LARGE_BYTES || path.p == NULL || !router_guarded(o->routes, o->n_routes, path, GUARD_LARGE))
		return usual;
	return BODY_LARGE_BYTES;
}

static enum next
dispatch(struct conn *k)
{
	struct reactor *r = k->reactor;
	struct call *c = &k->call;
	const struct server_options *o = r->options;
	unsigned allowed = 0;
	enum status st;

	st = req_read(&c->req, c->arena, &k->fcgi, body_most(o, k));
	log_request(c->req.request_id);
	if (st == E_OK)
		st = router_match(o->routes, o->n_routes, c, &allowed);
	if (st == E_OK)
		st = gate_front(c);
	if (st != E_OK) {
		(void)call_fail(c, st);
		if (st == E_METHOD) {
			char list[64];

			router_methods(allowed, list, sizeof(list));
			resp_header(&c->resp, "Allow", "%s", list);
		}
		return NEXT_REPLY;
	}
	assert(c->route != NULL);
	return c->route->front != NULL ? c->route->front(c) : NEXT_BACK;
}

static void
begin(struct conn *k)
{
	struct reactor *r = k->reactor;
	struct call *c = &k->call;

	*c = (struct call){ .conf = r->options->conf,
			    .seal = r->options->seal,
			    .app = r->options->app,
			    .reactor = r,
			    .started_ms = clock_monotonic_ms(),
			    .arena = arena_take(r) };
	k->begun_us = (int64_t)(uv_hrtime() / 1000);
	if (c->arena == NULL) {
		log_event(LOG_ERROR, "out_of_memory", NULL);
		conn_close(k);
		return;
	}
	c->errors.arena = c->arena;
	resp_init(&c->resp);
	k->busy = true;
	k->starting = true;
	k->replied = false;
	enum next next = dispatch(k);
	k->starting = false;
	log_request(NULL);
	if (next == NEXT_BACK)
		call_back(c);
	else if (next == NEXT_REPLY || k->replied)
		call_reply(c);
}

static void
on_readable(uv_poll_t *poll, int status, int events)
{
	struct conn *k = poll->data;

	(void)events;
	if (k->busy) {
		/* nginx gave up on the request; the answer will fail to be written and close the connection */
		(void)uv_poll_stop(poll);
		k->fcgi.keepConnection = 0;
		return;
	}
	if (status < 0 || FCGX_Accept_r(&k->fcgi) < 0) {
		conn_close(k);
		return;
	}
	begin(k);
}

static void
adopt(struct conn *k)
{
	struct reactor *r = k->reactor;

	if (uv_poll_init(&r->loop, &k->poll, k->fcgi.ipcFd) != 0) {
		FCGX_Free(&k->fcgi, 1);
		free(k);
		return;
	}
	/* uv_poll_init has made it non-blocking, but libfcgi takes EAGAIN for the end: what came or left in parts would be cut */
	(void)fcntl(k->fcgi.ipcFd, F_SETFL, fcntl(k->fcgi.ipcFd, F_GETFL) & ~O_NONBLOCK);
	k->poll.data = k;
	k->next = r->conns;
	if (r->conns != NULL)
		r->conns->prev = k;
	r->conns = k;
	r->n_conns++;
	(void)atomic_fetch_add(&metrics.connections, 1);
	(void)uv_poll_start(&k->poll, UV_READABLE, on_readable);
}

/* A connection as libfcgi wants it: an accepted socket that it will only parse. Detached, because otherwise closing selects on the
 * descriptor, which must be below 1,024 there, and waits up to 2 s for the other side. */
static struct conn *
conn_new(struct reactor *r, int fd)
{
	struct conn *k = calloc(1, sizeof(*k));

	if (k == NULL || FCGX_InitRequest(&k->fcgi, -1, 0) != 0) {
		free(k);
		(void)close(fd);
		return NULL;
	}
	k->fcgi.ipcFd = fd;
	k->fcgi.detached = 1;
	k->fcgi.keepConnection = 1; /* FCGX_Accept_r finishes the request before, and would close */
	k->reactor = r;
	k->idle_since_ms = clock_monotonic_ms();
	return k;
}

static void on_acceptable(uv_poll_t *poll, int status, int events);

static void
accept_again(uv_timer_t *timer)
{
	struct reactor *r = timer->data;

	if (!r->draining)
		(void)uv_poll_start(&r->listen, UV_READABLE, on_acceptable);
}

static void
on_acceptable(uv_poll_t *poll, int status, int events)
{
	static const struct timeval timeout = { .tv_sec = IO_TIMEOUT_S };
	struct reactor *r = poll->data;
	struct conn *k;
	int fd;

	(void)status;
	(void)events;
	/* cppcheck-suppress nullPointer ; accept4(2): nobody asks for the peer's address */
	while ((fd = accept4(r->options->listen_fd, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
		struct reactor *to = &r->all[r->next++ % r->n_all];

		(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
		(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
		k = conn_new(to, fd);
		if (k == NULL)
			continue;
		if (to != r && post(to, k, MAIL_NEW))
			continue;
		k->reactor = r;
		adopt(k);
	}
	if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
		log_event(LOG_WARN, "accept_paused", "error", strerrorname_np(errno), NULL);
		(void)uv_poll_stop(&r->listen);
		(void)uv_timer_start(&r->timer, accept_again, ACCEPT_PAUSE_MS, 0);
	}
}

/* Idle connections are closed after a moment without requests, busy ones when they have their answer. */
static void
drain_tick(uv_timer_t *timer)
{
	struct reactor *r = timer->data;
	int64_t now = clock_monotonic_ms();

	for (struct conn *k = r->conns, *next; k != NULL; k = next) {
		next = k->next;
		if (!k->busy && now - k->idle_since_ms >= DRAIN_IDLE_MS)
			conn_close(k);
	}
	if ((r->n_conns > 0 && now < r->drain_until_ms) || !may_end(r))
		return;
	if (r->n_conns > 0)
		log_detail(LOG_WARN, "drain_cut", "%zu connections left", r->n_conns);
	if (r->options->local_close != NULL && r->local != NULL)
		r->options->local_close(r->local);
	uv_close((uv_handle_t *)&r->timer, NULL);
	uv_close((uv_handle_t *)&r->wake, NULL);
	for (struct conn *k = r->conns, *next; k != NULL; k = next) {
		next = k->next;
		if (!k->busy)
			conn_close(k);
	}
	uv_stop(&r->loop);
}

static void
drain_begin(struct reactor *r)
{
	if (r->draining)
		return;
	r->draining = true;
	r->drain_until_ms = clock_monotonic_ms() + r->options->conf->worker.drain_ms;
	if (r->acceptor)
		uv_close((uv_handle_t *)&r->listen, NULL);
	(void)uv_timer_start(&r->timer, drain_tick, 0, DRAIN_TICK_MS);
}

static void
on_wake(uv_async_t *wake)
{
	struct reactor *r = wake->data;
	struct conn *mail, *next;
	bool stop;

	(void)pthread_mutex_lock(&r->lock);
	mail = r->mail;
	r->mail = NULL;
	stop = r->stop;
	(void)pthread_mutex_unlock(&r->lock);
	for (; mail != NULL; mail = next) {
		next = mail->next_mail;
		if (mail->mail == MAIL_NEW) {
			adopt(mail);
		} else {
			(void)atomic_fetch_sub(&metrics.queued, 1);
			(void)atomic_fetch_add(&metrics.back, 1);
			finish(mail);
		}
	}
	if (stop)
		drain_begin(r);
}

void
reactor_done(struct call *c)
{
	/* refused after a drain that ran out of time: the process is about to exit */
	(void)post(c->reactor, conn_of(c), MAIL_DONE);
}

static void *
reactor_main(void *arg)
{
	struct reactor *r = arg;

	(void)uv_run(&r->loop, UV_RUN_DEFAULT);
	(void)uv_run(&r->loop, UV_RUN_NOWAIT);
	while (r->n_spare > 0)
		arena_free(r->spare[--r->n_spare]);
	return NULL;
}

int
reactor_start(struct reactor *r)
{
	(void)pthread_mutex_init(&r->lock, NULL);
	if (uv_loop_init(&r->loop) != 0 || uv_async_init(&r->loop, &r->wake, on_wake) != 0 ||
	    uv_timer_init(&r->loop, &r->timer) != 0)
		return -1;
	r->wake.data = r;
	r->timer.data = r;
	if (r->options->local_new != NULL) {
		r->local = r->options->local_new(&r->loop, r->options->app);
		if (r->local == NULL)
			return -1;
	}
	if (r->acceptor) {
		if (uv_poll_init(&r->loop, &r->listen, r->options->listen_fd) != 0)
			return -1;
		r->listen.data = r;
		(void)uv_poll_start(&r->listen, UV_READABLE, on_acceptable);
	}
	return pthread_create(&r->thread, NULL, reactor_main, r) == 0 ? 0 : -1;
}

void
reactor_drain(struct reactor *r)
{
	(void)pthread_mutex_lock(&r->lock);
	r->stop = true;
	(void)pthread_mutex_unlock(&r->lock);
	(void)uv_async_send(&r->wake);
}

void
reactor_join(struct reactor *r)
{
	(void)pthread_join(r->thread, NULL);
}
