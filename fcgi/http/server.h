/* The frame of a FastCGI process: reactors in front, a pool behind, a drain at the end.
 *
 * A reactor is a libuv loop over kept connections; libfcgi parses and writes, always on the reactor's thread. What may block runs
 * in the pool, whose threads own a database connection and a cache each. */
#ifndef EKMC_HTTP_SERVER_H
#define EKMC_HTTP_SERVER_H

#include <uv.h>

#include "http/call.h"

struct server_options {
	const struct conf *conf;
	const struct seal *seal;
	const struct route *routes;
	size_t n_routes;
	void *app;
	int listen_fd;
	int stop_fd; /* of stop_init */
	int fronts;
	int backs; /* 0: no pool, every route is answered in front */
	/* What a reactor needs for itself (call_local), made on its thread before the first request; close ends what is in flight.
	 * Both may be NULL. */
	void *(*local_new)(uv_loop_t *loop, void *app);
	void (*local_close)(void *local);
	void (*ready)(void *app); /* called once when requests are being accepted; may be NULL */
};

/* Runs until SIGTERM, then drains: no new connection, every request begun is answered, at most worker.drain_ms. 0 or -1. */
MUST_USE int server_run(const struct server_options *o);

/* The socket inherited by the systemd protocol (sd_listen_fds(3)), else a new unix socket at `path`, backlog 4096. -1: logged. */
MUST_USE int server_socket(const char *path);

#endif
