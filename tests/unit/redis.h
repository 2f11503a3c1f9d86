/* A private Redis for the tests of both caches, and a peer that only says one line. Include after cmocka.h. */
#ifndef EKMC_TESTS_REDIS_H
#define EKMC_TESTS_REDIS_H

#include <arpa/inet.h>
#include <hiredis/hiredis.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/buf.h"
#include "core/clock.h"
#include "core/conf.h"
#include "core/log.h"

#define PAUSE_MS 200

static char dir[] = "/tmp/ekmc-cache-XXXXXX";
static char redis_path[sizeof(dir) + 16];
static pid_t redis_pid;
static struct buf said;

static UNUSED void
sleep_ms(int ms)
{
	usleep((useconds_t)ms * 1000);
}

static UNUSED struct conf
conf_for(const char *address, int64_t timeout_ms)
{
	return (struct conf){
		.redis = {.address = address, .password = "", .timeout_ms = timeout_ms}
	};
}

/* For what the caches have no verb for, and to see whether Redis is there. */
static UNUSED bool
redis_says(const char *command)
{
	redisContext *c = redisConnectUnix(redis_path);
	redisReply *r = c != NULL && c->err == 0 ? redisCommand(c, command) : NULL;
	bool good = r != NULL && r->type != REDIS_REPLY_ERROR;

	freeReplyObject(r);
	if (c != NULL)
		redisFree(c);
	return good;
}

static UNUSED void
redis_start(void)
{
	int64_t until_ms = clock_monotonic_ms() + 10000;

	redis_pid = fork();
	assert_true(redis_pid >= 0);
	if (redis_pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		execlp("redis-server", "redis-server", "--port", "0", "--unixsocket", redis_path, "--save", "", "--appendonly",
		       "no", "--dir", dir, "--logfile", "/dev/null", (char *)NULL);
		_exit(127);
	}
	while (!redis_says("PING")) {
		assert_true(clock_monotonic_ms() < until_ms);
		sleep_ms(5);
	}
}

static UNUSED void
redis_kill(void)
{
	kill(redis_pid, SIGKILL);
	waitpid(redis_pid, NULL, 0);
	redis_pid = 0;
}

/* A peer that answers whatever comes with one text, and may then reset the connection. */
struct peer {
	pthread_t thread;
	int fd;
	const char *answer;
	bool resets;
	atomic_int connections;
	char address[32];
};

static UNUSED void *
peer_run(void *arg)
{
	struct peer *p = arg;
	struct linger abort_it = { 1, 0 };
	char text[4096];
	int last = -1, fd;

	while ((fd = accept(p->fd, NULL, NULL)) >= 0) {
		close(last);
		last = fd;
		atomic_fetch_add(&p->connections, 1);
		if (read(fd, text, sizeof(text)) <= 0 || write(fd, p->answer, strlen(p->answer)) < 0 || !p->resets)
			continue;
		sleep_ms(50);
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &abort_it, sizeof(abort_it));
		close(fd);
		last = -1;
	}
	close(last);
	return NULL;
}

static UNUSED void
peer_bind(struct peer *p)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof(in);

	p->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(p->fd, (struct sockaddr *)&in, n), 0);
	assert_int_equal(getsockname(p->fd, (struct sockaddr *)&in, &n), 0);
	snprintf(p->address, sizeof(p->address), "127.0.0.1:%d", ntohs(in.sin_port));
}

static UNUSED void
peer_start(struct peer *p)
{
	peer_bind(p);
	assert_int_equal(listen(p->fd, 16), 0);
	assert_int_equal(pthread_create(&p->thread, NULL, peer_run, p), 0);
}

static UNUSED void
peer_stop(struct peer *p)
{
	shutdown(p->fd, SHUT_RDWR);
	pthread_join(p->thread, NULL);
	close(p->fd);
}

static UNUSED void
keep_line(const char *line, size_t n, void *arg)
{
	(void)arg;
	buf_add(&said, line, n);
}

static UNUSED int
times_said(const char *event)
{
	int n = 0;

	for (const char *p = said.data; p != NULL && (p = strstr(p, event)) != NULL; p++)
		n++;
	return n;
}

/* For a test's setup: Redis runs, is empty, and what is logged is kept. */
static void
redis_ready(void)
{
	buf_init(&said, 1 << 20);
	log_sink(keep_line, NULL);
	if (redis_pid == 0)
		redis_start();
	assert_true(redis_says("FLUSHALL"));
}

static void
redis_done(void)
{
	log_sink(NULL, NULL);
	buf_release(&said);
}

static int
redis_group(int (*run)(void))
{
	int failed;

	signal(SIGPIPE, SIG_IGN);
	if (mkdtemp(dir) == NULL)
		return 1;
	snprintf(redis_path, sizeof(redis_path), "%s/r.sock", dir);
	failed = run();
	if (redis_pid > 0)
		redis_kill();
	unlink(redis_path);
	rmdir(dir);
	return failed;
}

#endif
