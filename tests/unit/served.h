/* A server in a process of its own with a tiny table of routes, and a client of it. Include after cmocka.h. */
#ifndef EKMC_TESTS_SERVED_H
#define EKMC_TESTS_SERVED_H

#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "core/clock.h"
#include "core/log.h"
#include "core/stop.h"
#include "fcgi_peer.h"
#include "http/reactor.h"

#define SLOW_MS 250

static struct {
	atomic_int ready, slow_begun, slow_ended, heavy_now, heavy_most;
} * shared;
static char dir[] = "/tmp/ekmc-reactor-XXXXXX";
static char path[sizeof(dir) + 8];
static struct buf answer;
static pid_t server;

static enum status
say(struct call *c, const char *where)
{
	return resp_json(
		&c->resp, 200,
		json_pack("{s:s, s:s%, s:i}", "where", where, "name", c->param[0].p, c->param[0].n, "bytes", (int)c->req.body.n));
}

static enum next
front(struct call *c)
{
	enum status st = say(c, "front");

	return st == E_OK ? NEXT_REPLY : call_fail(c, st);
}

static enum status
back(struct call *c)
{
	return say(c, "back");
}

static enum status
slow(struct call *c)
{
	(void)atomic_fetch_add(&shared->slow_begun, 1);
	(void)usleep(SLOW_MS * 1000);
	(void)atomic_fetch_add(&shared->slow_ended, 1);
	return say(c, "slow");
}

static enum status
heavy(struct call *c)
{
	int now = atomic_fetch_add(&shared->heavy_now, 1) + 1;

	if (now > atomic_load(&shared->heavy_most))
		atomic_store(&shared->heavy_most, now);
	(void)usleep(SLOW_MS * 1000);
	(void)atomic_fetch_sub(&shared->heavy_now, 1);
	return say(c, "heavy");
}

static enum status
refuse(struct call *c)
{
	return call_field(c, "/name", FE_WRONG);
}

static void
timer_closed(uv_handle_t *handle)
{
	free(handle);
}

static void
later(uv_timer_t *timer)
{
	struct call *c = timer->data;

	uv_close((uv_handle_t *)timer, timer_closed);
	if (c->route->back != NULL) {
		call_back(c);
		return;
	}
	(void)front(c);
	call_reply(c);
}

/* As the asynchronous cache does: answered, or sent to the back, by the loop. */
static enum next
waiting(struct call *c)
{
	uv_timer_t *timer = malloc(sizeof(*timer));

	if (timer == NULL || uv_timer_init(call_local(c), timer) != 0)
		abort();
	timer->data = c;
	(void)uv_timer_start(timer, later, 10, 0);
	return NEXT_WAIT;
}

/* A miss that is known at once calls back before the front function has returned. */
static enum next
at_once(struct call *c)
{
	(void)front(c);
	call_reply(c);
	return NEXT_WAIT;
}

static const struct route table[] = {
	{ .methods = M_GET, .path = "/front/{name}", .front = front },
	{ .methods = M_POST, .path = "/front/{name}", .front = front },
	{ .methods = M_GET, .path = "/back/{name}", .back = back },
	{ .methods = M_GET, .path = "/slow/{name}", .back = slow },
	{ .methods = M_GET, .path = "/heavy/{name}", .guards = GUARD_SLOW, .back = heavy },
	{ .methods = M_GET, .path = "/fail/{name}", .back = refuse },
	{ .methods = M_GET, .path = "/wait/{name}", .front = waiting },
	{ .methods = M_GET, .path = "/wait-back/{name}", .front = waiting, .back = back },
	{ .methods = M_GET, .path = "/at-once/{name}", .front = at_once },
};

static void *
local_new(uv_loop_t *loop, void *app)
{
	(void)app;
	return loop;
}

static void
is_ready(void *app)
{
	(void)app;
	atomic_store(&shared->ready, 1);
}

struct setting {
	int fronts, backs, queue;
	int waste_fds;
	int (*run)(const struct server_options *o); /* NULL: server_run */
};

static void
serve(const struct setting *s)
{
	const struct conf conf = { .worker = { .queue = s->queue, .body_bytes = 65536, .arena_bytes = 1 << 20, .drain_ms = 4000 },
				   .db = { .hosts = "/nowhere.sock",
					   .user = "",
					   .password = "",
					   .name = "",
					   .connect_ms = 100,
					   .io_ms = 100,
					   .total_ms = 5000 },
				   .redis = { .address = "", .password = "", .timeout_ms = 20 } };
	struct server_options o = { .conf = &conf,
				    .routes = table,
				    .n_routes = ARRAY_LEN(table),
				    .fronts = s->fronts,
				    .backs = s->backs,
				    .local_new = local_new,
				    .ready = is_ready };

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	log_init("test_reactor", LOG_ERROR);
	o.stop_fd = stop_init();
	o.listen_fd = server_socket(path);
	for (int i = 0; i < s->waste_fds; i++)
		if (fcntl(o.listen_fd, F_DUPFD_CLOEXEC, 0) < 0)
			exit(3);
	exit(o.stop_fd < 0 || o.listen_fd < 0 || (s->run == NULL ? server_run(&o) : s->run(&o)) != 0 ? 2 : 0);
}

static void
up(struct setting s)
{
	atomic_store(&shared->ready, 0);
	atomic_store(&shared->slow_begun, 0);
	atomic_store(&shared->slow_ended, 0);
	(void)fflush(NULL);
	server = fork();
	assert_true(server >= 0);
	if (server == 0)
		serve(&s);
	for (int i = 0; i < 2000 && atomic_load(&shared->ready) == 0; i++)
		(void)usleep(5000);
	assert_int_equal(atomic_load(&shared->ready), 1);
}

/* A clean end: a sanitizer that found something, or a crash, is another one. */
static void
gone(void)
{
	int status = -1;

	assert_int_equal(waitpid(server, &status, 0), server);
	server = 0;
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void
down(void)
{
	assert_int_equal(kill(server, SIGTERM), 0);
	gone();
}

static int
teardown(void **state)
{
	(void)state;
	if (server > 0) {
		(void)kill(server, SIGKILL);
		(void)waitpid(server, NULL, 0);
		server = 0;
	}
	return 0;
}

static int
dial(void)
{
	static const struct timeval patience = { .tv_sec = 10 };
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	(void)snprintf(at.sun_path, sizeof(at.sun_path), "%s", path);
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	return fd;
}

static void
request(struct buf *b, bool keep, const char *method, const char *uri, struct span body)
{
	char length[24];
	const char *const params[] = { "REQUEST_METHOD", method, "DOCUMENT_URI", uri, "CONTENT_LENGTH", length, NULL };

	(void)snprintf(length, sizeof(length), "%zu", body.n);
	buf_clear(b);
	peer_request(b, keep, params, body);
}

static void
ask(int fd, const char *uri)
{
	struct buf b = BUF_INIT(4096);

	request(&b, true, "GET", uri, SPAN(""));
	assert_true(peer_send(fd, b.data, b.len));
	buf_release(&b);
}

static void
expect(int fd, int http, const char *in_body)
{
	assert_true(peer_answer(fd, &answer));
	assert_int_equal(peer_status(&answer), http);
	assert_non_null(strstr(peer_body(&answer).p, in_body));
}

static bool
ended(int fd)
{
	char byte;

	return recv(fd, &byte, 1, 0) <= 0;
}

static void
wait_for(atomic_int *value, int n)
{
	for (int i = 0; i < 2000 && atomic_load(value) < n; i++)
		(void)usleep(2000);
	assert_true(atomic_load(value) >= n);
}

static int
group_up(void **state)
{
	(void)state;
	(void)signal(SIGPIPE, SIG_IGN);
	buf_init(&answer, PEER_BYTES);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED || mkdtemp(dir) == NULL)
		return -1;
	(void)snprintf(path, sizeof(path), "%s/s", dir);
	return 0;
}

static int
group_down(void **state)
{
	(void)state;
	buf_release(&answer);
	(void)unlink(path);
	return rmdir(dir);
}

#endif
