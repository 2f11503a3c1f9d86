/* One thread of the front. Internal to libhttp. */
#ifndef EKMC_HTTP_REACTOR_H
#define EKMC_HTTP_REACTOR_H

#include <pthread.h>

#include "http/queue.h"
#include "http/server.h"

struct conn;

struct reactor {
	const struct server_options *options;
	struct queue *queue, *slow; /* of the back pool and of what takes seconds; NULL without a pool */
	struct reactor *all;        /* the acceptor deals connections out to all of them */
	size_t n_all, next;
	bool acceptor;

	pthread_t thread;
	uv_loop_t loop;
	uv_async_t wake;
	uv_poll_t listen;
	uv_timer_t timer; /* accept again after EMFILE; then the drain */
	void *local;
	struct arena *spare[16];
	size_t n_spare;
	struct conn *conns;
	size_t n_conns;
	bool draining;
	int64_t drain_until_ms;

	pthread_mutex_t lock; /* of all below */
	struct conn *mail;
	bool stop;
	bool ended;
};

/* All fields above the blank line are set by the caller. -1 when a thread or handle cannot be made. */
MUST_USE int reactor_start(struct reactor *r);
void reactor_drain(struct reactor *r); /* from any thread */
void reactor_join(struct reactor *r);

/* A thread of the pool has answered: back to the connection's reactor. */
void reactor_done(struct call *c);

#endif
