/* Reactors, pool and drain of one process. */
#include "http/server.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/json.h"
#include "core/log.h"
#include "core/stop.h"
#include "http/gate.h"
#include "http/metrics.h"
#include "http/reactor.h"

#define BACKLOG    4096
#define FRONTS_MAX 16
#define BACKS_MAX  64
/* what takes seconds runs two at a time; who waits longer than db.total_ms gets a 503 */
#define SLOWS      2
#define SLOW_QUEUE 32

struct pool_thread {
	pthread_t thread;
	struct queue *queue;
	const struct conf *conf;
	struct worker worker;
};

enum status
call_field(struct call *c, const char *pointer, enum field_code code)
{
	field_error_add(&c->errors, pointer, code);
	return E_INVALID;
}

enum status
call_format(struct call *c, const char *pointer, const char *example)
{
	const struct field_error e = { .pointer = pointer, .code = FE_FORMAT, .expected = example };

	field_error_full(&c->errors, &e);
	return E_INVALID;
}

enum status
call_query(struct call *c, const struct field *fields, size_t n, void *out)
{
	struct schema_param params[REQ_PARAMS_MAX];
	size_t n_params;
	enum status st = req_query(&c->req, c->arena, params, &n_params);

	if (st == E_MALFORMED)
		c->why = "the query string is not percent-encoded UTF-8";
	if (st == E_INVALID)
		return call_field(c, "", FE_TOO_LONG);
	return st == E_OK ? schema_query(c->arena, params, n_params, fields, n, out, &c->errors) : st;
}

enum status
call_body(struct call *c, const struct field *fields, size_t n, void *out)
{
	return schema_object(c->arena, c->body, fields, n, out, &c->errors);
}

static void
answer(struct call *c, struct worker *w)
{
	enum status st;

	c->worker = w;
	log_request(c->req.request_id);
	if (clock_monotonic_ms() - c->started_ms >= c->conf->db.total_ms) {
		(void)atomic_fetch_add(&metrics.late, 1);
		st = E_BUSY;
	} else {
		db_deadline(w->db, c->started_ms + c->conf->db.total_ms);
		st = gate_back(c);
		if (st == E_OK)
			st = c->route->back(c);
	}
	if (st != E_OK)
		(void)call_fail(c, st);
	c->worker = NULL;
	log_request(NULL);
	reactor_done(c);
}

static void *
pool_main(void *arg)
{
	struct pool_thread *t = arg;
	struct call *c;

	while ((c = queue_pop(t->queue)) != NULL)
		answer(c, &t->worker);
	return NULL;
}

static int
pool_start(struct pool_thread *pool, int n, struct queue *queue, const struct conf *conf)
{
	for (int i = 0; i < n && queue != NULL; i++) {
		pool[i].queue = queue;
		pool[i].conf = conf;
		pool[i].worker.db = db_new(conf);
		pool[i].worker.cache = cache_new(conf);
		if (pool[i].worker.db == NULL || pool[i].worker.cache == NULL ||
		    pthread_create(&pool[i].thread, NULL, pool_main, &pool[i]) != 0)
			return -1;
	}
	return queue == NULL ? -1 : 0;
}

static void
pool_end(struct pool_thread *pool, int n, struct queue *queue)
{
	queue_close(queue);
	for (int i = 0; i < n; i++) {
		(void)pthread_join(pool[i].thread, NULL);
		db_free(pool[i].worker.db);
		cache_free(pool[i].worker.cache);
	}
	queue_free(queue);
}

static int
front_start(struct reactor *fronts, size_t n, struct queue *queue, struct queue *slow, const struct server_options *o)
{
	for (size_t i = 0; i < n; i++)
		fronts[i] = (struct reactor){ .options = o, .queue = queue, .slow = slow, .all = fronts, .n_all = n };
	/* the acceptor last: it deals connections out to loops that run */
	for (size_t i = n; i-- > 0;) {
		fronts[i].acceptor = i == 0;
		if (reactor_start(&fronts[i]) != 0)
			return -1;
	}
	return 0;
}

static void
wait_for_stop(int stop_fd)
{
	struct pollfd p = { .fd = stop_fd, .events = POLLIN };

	while (!stop_requested()) {
		if (poll(&p, 1, 1000) > 0 && stop_read(stop_fd))
			return;
	}
}

int
server_run(const struct server_options *o)
{
	static struct reactor fronts[FRONTS_MAX];
	static struct pool_thread pool[BACKS_MAX], slows[SLOWS];
	size_t n = o->fronts < 1 ? 1 : o->fronts > FRONTS_MAX ? FRONTS_MAX : (size_t)o->fronts;
	int backs = o->backs > BACKS_MAX ? BACKS_MAX : o->backs;
	struct queue *queue = NULL, *slow = NULL;

	(void)fcntl(o->listen_fd, F_SETFL, fcntl(o->listen_fd, F_GETFL) | O_NONBLOCK);
	if (FCGX_Init() != 0)
		return -1;
	if (backs > 0) {
		queue = queue_new((size_t)o->conf->worker.queue);
		slow = queue_new(SLOW_QUEUE);
		if (pool_start(pool, backs, queue, o->conf) != 0 || pool_start(slows, SLOWS, slow, o->conf) != 0)
			return -1;
	}
	if (front_start(fronts, n, queue, slow, o) != 0)
		return -1;
	if (o->ready != NULL)
		o->ready(o->app);
	wait_for_stop(o->stop_fd);
	log_event(LOG_INFO, "draining", NULL);
	for (size_t i = 0; i < n; i++)
		reactor_drain(&fronts[i]);
	for (size_t i = 0; i < n; i++)
		reactor_join(&fronts[i]);
	if (backs > 0) {
		pool_end(pool, backs, queue);
		pool_end(slows, SLOWS, slow);
	}
	log_event(LOG_INFO, "drained", NULL);
	return 0;
}

int
server_socket(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd, inherited = sd_listen_fds(1);

	if (inherited >= 1)
		return SD_LISTEN_FDS_START;
	if (path[0] == '\0' || strlen(path) >= sizeof(address.sun_path)) {
		log_event(LOG_ERROR, "listen", "error", "no socket inherited and listen.socket is empty or too long", NULL);
		return -1;
	}
	memcpy(address.sun_path, path, strlen(path) + 1);
	(void)unlink(path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof(address)) != 0 || listen(fd, BACKLOG) != 0) {
		log_event(LOG_ERROR, "listen", "socket", path, "error", strerrorname_np(errno), NULL);
		if (fd >= 0)
			(void)close(fd);
		return -1;
	}
	return fd;
}
