/* What the server promises on real sockets: each test has a process of its own that serves a tiny table of routes until SIGTERM. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "served.h"

static void
test_reactor__serves_one_request_after_another_on_a_kept_connection(void **state)
{
	static const char *const kinds[] = { "front", "back", "wait", "wait-back", "at-once" };
	struct buf b = BUF_INIT(PEER_BYTES);
	char big[20000];
	int fd;

	(void)state;
	up((struct setting){ .fronts = 1, .backs = 2, .queue = 16 });
	fd = dial();
	for (int i = 0; i < 50; i++) {
		char uri[64], name[32];

		(void)snprintf(name, sizeof(name), "\"name\":\"n%d\"", i);
		(void)snprintf(uri, sizeof(uri), "/%s/n%d", kinds[(size_t)i % ARRAY_LEN(kinds)], i);
		ask(fd, uri);
		expect(fd, 200, name);
	}
	memset(big, 'x', sizeof(big));
	request(&b, true, "POST", "/front/post", (struct span){ big, sizeof(big) });
	assert_true(peer_send(fd, b.data, b.len));
	expect(fd, 200, "\"bytes\":20000");
	/* what is refused leaves the connection well */
	ask(fd, "/nowhere");
	expect(fd, 404, "no_route");
	ask(fd, "/fail/x");
	expect(fd, 422, "\"pointer\":\"/name\"");
	request(&b, true, "DELETE", "/front/x", SPAN(""));
	assert_true(peer_send(fd, b.data, b.len));
	expect(fd, 405, "method_not_allowed");
	assert_true(span_eq(peer_header(&answer, "Allow"), SPAN("GET, HEAD, POST")));
	request(&b, true, "HEAD", "/front/x", SPAN(""));
	assert_true(peer_send(fd, b.data, b.len));
	expect(fd, 200, "");
	assert_int_equal(peer_body(&answer).n, 0);
	/* and one that is not to be kept is ended */
	request(&b, false, "GET", "/back/last", SPAN(""));
	assert_true(peer_send(fd, b.data, b.len));
	expect(fd, 200, "last");
	assert_true(ended(fd));
	(void)close(fd);
	buf_release(&b);
	down();
}

static void
test_reactor__a_body_too_large_is_refused_and_drained(void **state)
{
	struct buf b = BUF_INIT(PEER_BYTES);
	char *big = calloc(1, 300000);
	int fd;

	(void)state;
	assert_non_null(big);
	up((struct setting){ .fronts = 1, .backs = 1, .queue = 4 });
	fd = dial();
	request(&b, true, "POST", "/front/post", (struct span){ big, 300000 });
	assert_true(peer_send(fd, b.data, b.len));
	expect(fd, 413, "too_large");
	ask(fd, "/front/next");
	expect(fd, 200, "next");
	(void)close(fd);
	buf_release(&b);
	free(big);
	down();
}

static void
test_reactor__two_hundred_connections_at_once(void **state)
{
	static const char *const kinds[] = { "front", "back", "wait", "wait-back" };
	int fds[200];

	(void)state;
	up((struct setting){ .fronts = 2, .backs = 4, .queue = 256 });
	for (size_t i = 0; i < ARRAY_LEN(fds); i++)
		fds[i] = dial();
	for (int round = 0; round < 3; round++) {
		char text[64];

		for (size_t i = 0; i < ARRAY_LEN(fds); i++) {
			(void)snprintf(text, sizeof(text), "/%s/c%zu-%d", kinds[i % ARRAY_LEN(kinds)], i, round);
			ask(fds[i], text);
		}
		for (size_t i = ARRAY_LEN(fds); i-- > 0;) {
			(void)snprintf(text, sizeof(text), "\"name\":\"c%zu-%d\"", i, round);
			expect(fds[i], 200, text);
		}
	}
	for (size_t i = 0; i < ARRAY_LEN(fds); i++)
		(void)close(fds[i]);
	down();
}

static void
test_reactor__slow_handlers_do_not_hold_up_the_front(void **state)
{
	int64_t begun_ms;
	int slow_fds[4], fd;

	(void)state;
	up((struct setting){ .fronts = 1, .backs = 2, .queue = 16 });
	fd = dial();
	for (size_t i = 0; i < ARRAY_LEN(slow_fds); i++) {
		slow_fds[i] = dial();
		ask(slow_fds[i], "/slow/x");
	}
	wait_for(&shared->slow_begun, 2);
	begun_ms = clock_monotonic_ms();
	for (int i = 0; i < 20; i++) {
		ask(fd, "/front/x");
		expect(fd, 200, "front");
	}
	assert_true(clock_monotonic_ms() - begun_ms < SLOW_MS);
	assert_true(atomic_load(&shared->slow_ended) < 4);
	for (size_t i = 0; i < ARRAY_LEN(slow_fds); i++) {
		expect(slow_fds[i], 200, "slow");
		(void)close(slow_fds[i]);
	}
	(void)close(fd);
	down();
}

static void
test_reactor__what_takes_seconds_runs_two_at_once_beside_the_others(void **state)
{
	int heavy_fds[6], fd;
	int64_t begun_ms;

	(void)state;
	up((struct setting){ .fronts = 1, .backs = 1, .queue = 4 });
	fd = dial();
	for (size_t i = 0; i < ARRAY_LEN(heavy_fds); i++) {
		heavy_fds[i] = dial();
		ask(heavy_fds[i], "/heavy/x");
	}
	wait_for(&shared->heavy_now, 2);
	begun_ms = clock_monotonic_ms();
	for (int i = 0; i < 20; i++) {
		ask(fd, "/back/x");
		expect(fd, 200, "back");
	}
	assert_true(clock_monotonic_ms() - begun_ms < SLOW_MS);
	for (size_t i = 0; i < ARRAY_LEN(heavy_fds); i++) {
		expect(heavy_fds[i], 200, "heavy");
		(void)close(heavy_fds[i]);
	}
	assert_int_equal(atomic_load(&shared->heavy_most), 2);
	(void)close(fd);
	down();
}

static void
test_reactor__a_full_queue_is_told_at_once(void **state)
{
	int first, fds[6], refused = 0;

	(void)state;
	up((struct setting){ .fronts = 2, .backs = 1, .queue = 2 });
	first = dial();
	ask(first, "/slow/first");
	wait_for(&shared->slow_begun, 1);
	for (size_t i = 0; i < ARRAY_LEN(fds); i++) {
		fds[i] = dial();
		ask(fds[i], "/slow/x");
	}
	for (size_t i = 0; i < ARRAY_LEN(fds); i++) {
		assert_true(peer_answer(fds[i], &answer));
		if (peer_status(&answer) == 200)
			continue;
		assert_int_equal(peer_status(&answer), 503);
		assert_true(span_eq(peer_header(&answer, "Retry-After"), SPAN("1")));
		assert_non_null(strstr(peer_body(&answer).p, "unavailable"));
		refused++;
	}
	assert_int_equal(refused, 4); /* one runs, two wait */
	expect(first, 200, "first");
	for (size_t i = 0; i < ARRAY_LEN(fds); i++) {
		ask(fds[i], "/back/again");
		expect(fds[i], 200, "again");
		(void)close(fds[i]);
	}
	(void)close(first);
	down();
}

static void
test_reactor__a_drain_answers_every_request_begun(void **state)
{
	static const char *const kinds[] = { "slow", "wait", "wait-back", "slow" };
	int busy[8], idle = -1, kept = -1;
	int64_t begun_ms;

	(void)state;
	up((struct setting){ .fronts = 2, .backs = 2, .queue = 64 });
	idle = dial();
	kept = dial();
	ask(kept, "/front/before");
	expect(kept, 200, "before");
	for (size_t i = 0; i < ARRAY_LEN(busy); i++) {
		char uri[32];

		busy[i] = dial();
		(void)snprintf(uri, sizeof(uri), "/%s/b%zu", kinds[i % ARRAY_LEN(kinds)], i);
		ask(busy[i], uri);
	}
	wait_for(&shared->slow_begun, 2);
	begun_ms = clock_monotonic_ms();
	assert_int_equal(kill(server, SIGTERM), 0);
	/* nginx may send on a kept connection just now */
	ask(kept, "/back/late");
	expect(kept, 200, "late");
	assert_true(ended(kept));
	for (size_t i = 0; i < ARRAY_LEN(busy); i++) {
		char name[32];

		(void)snprintf(name, sizeof(name), "\"name\":\"b%zu\"", i);
		expect(busy[i], 200, name);
		assert_true(ended(busy[i]));
		(void)close(busy[i]);
	}
	assert_true(ended(idle));
	gone();
	assert_true(clock_monotonic_ms() - begun_ms < 3000);
	(void)close(idle);
	(void)close(kept);
}

/* Two reactors, the second of which has ended its drain before the acceptor hears of it. */
static int
run_half_ended(const struct server_options *o)
{
	static struct reactor r[2];

	(void)fcntl(o->listen_fd, F_SETFL, O_NONBLOCK);
	for (int i = 1; i >= 0; i--) {
		r[i] = (struct reactor){ .options = o, .all = r, .n_all = 2, .acceptor = i == 0 };
		if ((i == 1 && FCGX_Init() != 0) || reactor_start(&r[i]) != 0)
			return -1;
	}
	reactor_drain(&r[1]);
	reactor_join(&r[1]);
	o->ready(NULL);
	while (!stop_read(o->stop_fd))
		(void)usleep(5000);
	reactor_drain(&r[0]);
	reactor_join(&r[0]);
	return 0;
}

static void
test_reactor__no_connection_is_dealt_to_a_reactor_that_has_ended(void **state)
{
	(void)state;
	up((struct setting){ .run = run_half_ended });
	for (int i = 0; i < 4; i++) {
		int fd = dial();

		ask(fd, "/front/x");
		expect(fd, 200, "front");
		(void)close(fd);
	}
	down();
}

static void
test_reactor__clients_that_vanish_harm_nobody(void **state)
{
	struct buf b = BUF_INIT(4096);
	int fd;

	(void)state;
	up((struct setting){ .fronts = 2, .backs = 2, .queue = 64 });
	request(&b, true, "GET", "/slow/x", SPAN(""));
	for (size_t i = 0; i < 20; i++) {
		fd = dial(); /* in the middle of the request, at every kind of place */
		assert_true(peer_send(fd, b.data, i * b.len / 20));
		(void)close(fd);
	}
	for (int i = 0; i < 6; i++) {
		fd = dial(); /* before the answer */
		ask(fd, i % 2 == 0 ? "/slow/x" : "/wait/x");
		(void)close(fd);
	}
	fd = dial();
	for (int i = 0; i < 10; i++) {
		ask(fd, "/wait-back/x");
		expect(fd, 200, "back");
	}
	wait_for(&shared->slow_ended, 3);
	(void)close(fd);
	buf_release(&b);
	down();
}

/* libfcgi reads block: who sends half a request holds its reactor until SO_RCVTIMEO (3 s), the other reactors not at all. */
static void
test_reactor__half_a_request_holds_its_reactor_no_longer_than_the_timeout(void **state)
{
	struct buf b = BUF_INIT(4096);
	int64_t begun_ms;
	int stalled, beside, behind;

	(void)state;
	up((struct setting){ .fronts = 2, .backs = 1, .queue = 4 });
	stalled = dial(); /* dealt out by turns: the first and the third to the same */
	beside = dial();
	behind = dial();
	request(&b, true, "GET", "/front/x", SPAN(""));
	assert_true(peer_send(stalled, b.data, b.len / 2));
	(void)usleep(50000);
	begun_ms = clock_monotonic_ms();
	ask(behind, "/front/behind");
	ask(beside, "/front/beside");
	expect(beside, 200, "beside");
	assert_true(clock_monotonic_ms() - begun_ms < 1000);
	expect(behind, 200, "behind");
	assert_true(clock_monotonic_ms() - begun_ms < 4000);
	assert_true(ended(stalled));
	(void)close(stalled);
	(void)close(beside);
	(void)close(behind);
	buf_release(&b);
	down();
}

/* select(2) ends at 1,024, and libfcgi uses it to close what it accepted itself. */
static void
test_reactor__descriptors_above_1024(void **state)
{
	struct rlimit before, more;
	int64_t begun_ms;
	int fds[20];

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	more = before;
	more.rlim_cur = before.rlim_max < 2000 ? before.rlim_max : 2000;
	assert_true(more.rlim_cur >= 1200);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &more), 0);
	up((struct setting){ .fronts = 2, .backs = 2, .queue = 64, .waste_fds = 1100 });
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	begun_ms = clock_monotonic_ms();
	for (size_t i = 0; i < ARRAY_LEN(fds); i++) {
		fds[i] = dial();
		ask(fds[i], i % 2 == 0 ? "/back/x" : "/wait/x");
	}
	for (size_t i = 0; i < ARRAY_LEN(fds); i++) {
		struct buf b = BUF_INIT(4096);

		expect(fds[i], 200, "x");
		request(&b, false, "GET", "/front/last", SPAN(""));
		assert_true(peer_send(fds[i], b.data, b.len));
		expect(fds[i], 200, "last");
		assert_true(ended(fds[i]));
		(void)close(fds[i]);
		buf_release(&b);
	}
	assert_true(clock_monotonic_ms() - begun_ms < 2000);
	down();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_reactor__serves_one_request_after_another_on_a_kept_connection, teardown),
		cmocka_unit_test_teardown(test_reactor__a_body_too_large_is_refused_and_drained, teardown),
		cmocka_unit_test_teardown(test_reactor__two_hundred_connections_at_once, teardown),
		cmocka_unit_test_teardown(test_reactor__slow_handlers_do_not_hold_up_the_front, teardown),
		cmocka_unit_test_teardown(test_reactor__what_takes_seconds_runs_two_at_once_beside_the_others, teardown),
		cmocka_unit_test_teardown(test_reactor__a_full_queue_is_told_at_once, teardown),
		cmocka_unit_test_teardown(test_reactor__a_drain_answers_every_request_begun, teardown),
		cmocka_unit_test_teardown(test_reactor__no_connection_is_dealt_to_a_reactor_that_has_ended, teardown),
		cmocka_unit_test_teardown(test_reactor__clients_that_vanish_harm_nobody, teardown),
		cmocka_unit_test_teardown(test_reactor__half_a_request_holds_its_reactor_no_longer_than_the_timeout, teardown),
		cmocka_unit_test_teardown(test_reactor__descriptors_above_1024, teardown),
	};

	return cmocka_run_group_tests(tests, group_up, group_down);
}
