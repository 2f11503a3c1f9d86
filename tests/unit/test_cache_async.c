/* The cache of a loop against a Redis that is killed, stopped and restarted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "core/cache_async.h"
#include "redis.h"

static uv_loop_t loop;

static int
setup(void **state)
{
	(void)state;
	redis_ready();
	return uv_loop_init(&loop);
}

static int
teardown(void **state)
{
	(void)state;
	redis_done();
	/* a handle left open is a leak of the module */
	uv_run(&loop, UV_RUN_DEFAULT);
	return uv_loop_close(&loop);
}

/* What came back to a test on the loop. */
struct tally {
	int hits, misses, rings;
	struct buf last;
	struct cache_async *close_this;
};

static void
on_value(void *arg, struct span value)
{
	struct tally *t = arg;

	buf_clear(&t->last);
	buf_span(&t->last, value);
	if (value.p != NULL)
		t->hits++;
	else
		t->misses++;
	cache_async_close(t->close_this);
}

static void
on_ring(void *arg)
{
	((struct tally *)arg)->rings++;
}

/* Turns the loop until *counter has reached `n`; milliseconds it took, or -1. */
static int64_t
turn_until(const int *counter, int n, int64_t limit_ms)
{
	int64_t from_ms = clock_monotonic_ms(), took_ms = 0;

	while (*counter < n && took_ms <= limit_ms) {
		uv_run(&loop, UV_RUN_NOWAIT);
		usleep(200);
		took_ms = clock_monotonic_ms() - from_ms;
	}
	return *counter < n ? -1 : took_ms;
}

static void
turn_for(int64_t ms)
{
	const int never = 0;

	assert_int_equal(turn_until(&never, 1, ms), -1);
}

static void
test_cache_async__keeps_values(void **state)
{
	struct tally t = { .last = BUF_INIT(100) };
	struct conf conf = conf_for(redis_path, 2000);
	struct cache_async *k = cache_async_new(&loop, &conf);

	(void)state;
	cache_async_get(k, "key", on_value, &t);
	cache_async_set(k, "key", SPAN("a\0b"), 60000);
	cache_async_set(k, "never", SPAN("x"), 0);
	cache_async_set(k, "empty", SPAN(""), 60000);
	cache_async_get(k, "never", on_value, &t);
	cache_async_get(k, "empty", on_value, &t);
	for (int i = 0; i < 1000; i++)
		cache_async_get(k, "key", on_value, &t);
	assert_true(turn_until(&t.hits, 1001, 2000) >= 0);
	assert_int_equal(t.misses, 2);
	assert_true(span_eq(buf_view(&t.last), SPAN("a\0b")));
	assert_int_equal(said.len, 0);
	cache_async_close(k);
	cache_async_get(k, "key", on_value, &t);
	assert_int_equal(t.misses, 3);
	buf_release(&t.last);
}

static void
test_cache_async__writes_more_than_a_socket_takes(void **state)
{
	enum { BIG = 16 << 20 };
	struct tally t = { .last = BUF_INIT(BIG) };
	struct conf conf = conf_for(redis_path, 5000);
	struct cache_async *k = cache_async_new(&loop, &conf);
	char *big = calloc(1, BIG);

	(void)state;
	assert_non_null(big);
	/* connected first: what is asked of a connection under way waits for it anyhow */
	cache_async_get(k, "big", on_value, &t);
	assert_true(turn_until(&t.misses, 1, 2000) >= 0);
	big[BIG - 1] = 'z';
	cache_async_set(k, "big", (struct span){ big, BIG }, 60000);
	cache_async_get(k, "big", on_value, &t);
	assert_true(turn_until(&t.hits, 1, 5000) >= 0);
	assert_true(span_eq(buf_view(&t.last), (struct span){ big, BIG }));
	free(big);
	cache_async_close(k);
	buf_release(&t.last);
}

static void
test_cache_async__a_stopped_redis_is_misses(void **state)
{
	struct tally t = { .last = BUF_INIT(100) };
	struct conf conf = conf_for(redis_path, 100);
	struct cache_async *k = cache_async_new(&loop, &conf);
	int64_t took_ms;

	(void)state;
	cache_async_set(k, "key", SPAN("x"), 60000);
	cache_async_get(k, "key", on_value, &t);
	assert_true(turn_until(&t.hits, 1, 2000) >= 0);
	kill(redis_pid, SIGSTOP);
	for (int i = 0; i < 100; i++)
		cache_async_get(k, "key", on_value, &t);
	assert_int_equal(t.misses, 0);
	took_ms = turn_until(&t.misses, 100, 2000);
	kill(redis_pid, SIGCONT);
	assert_in_range(took_ms, 90, 300);
	cache_async_get(k, "key", on_value, &t);
	assert_int_equal(t.misses, 101);
	turn_for(PAUSE_MS);
	cache_async_get(k, "key", on_value, &t);
	assert_true(turn_until(&t.hits, 2, 2000) >= 0);
	assert_int_equal(t.misses, 101);
	assert_int_equal(times_said("cache_down"), 1);
	assert_int_equal(times_said("cache_up"), 1);
	cache_async_close(k);
	buf_release(&t.last);
}

static void
test_cache_async__a_killed_redis_is_misses(void **state)
{
	struct tally t = { .last = BUF_INIT(100) };
	struct conf conf = conf_for(redis_path, 2000);
	struct cache_async *k = cache_async_new(&loop, &conf);

	(void)state;
	cache_async_set(k, "key", SPAN("x"), 60000);
	cache_async_get(k, "key", on_value, &t);
	assert_true(turn_until(&t.hits, 1, 2000) >= 0);
	kill(redis_pid, SIGSTOP);
	for (int i = 0; i < 100; i++)
		cache_async_get(k, "key", on_value, &t);
	uv_run(&loop, UV_RUN_NOWAIT);
	redis_kill();
	assert_in_range(turn_until(&t.misses, 100, 2000), 0, 200);
	redis_start();
	turn_for(PAUSE_MS);
	cache_async_get(k, "key", on_value, &t);
	assert_in_range(turn_until(&t.misses, 101, 2000), 0, 200);
	cache_async_set(k, "key", SPAN("x"), 60000);
	cache_async_get(k, "key", on_value, &t);
	assert_true(turn_until(&t.hits, 2, 2000) >= 0);
	cache_async_close(k);
	buf_release(&t.last);
}

/* Refused TCP is POLLERR, which hiredis' own adapter would sleep through until the time-out. */
static void
test_cache_async__nobody_there_is_a_miss_at_once(void **state)
{
	struct tally t = { .last = BUF_INIT(100) };
	struct peer closed = { 0 };
	const char *addresses[] = { closed.address, "/nowhere/redis.sock", "", "nonsense" };

	(void)state;
	peer_bind(&closed);
	for (int i = 0; i < (int)ARRAY_LEN(addresses); i++) {
		struct conf conf = conf_for(addresses[i], 2000);
		struct cache_async *k = cache_async_new(&loop, &conf);

		cache_async_get(k, "key", on_value, &t);
		assert_in_range(turn_until(&t.misses, i + 1, 3000), 0, 500);
		cache_async_close(k);
	}
	assert_int_equal(times_said("Connection refused"), 1);
	assert_int_equal(times_said("No such file"), 1);
	close(closed.fd);
	buf_release(&t.last);
}

static void
test_cache_async__a_late_loop_is_not_a_late_redis(void **state)
{
	struct tally t = { .last = BUF_INIT(100) };
	struct conf conf = conf_for(redis_path, 50);
	struct cache_async *k = cache_async_new(&loop, &conf);

	(void)state;
	cache_async_set(k, "key", SPAN("x"), 60000);
	cache_async_get(k, "key", on_value, &t);
	uv_run(&loop, UV_RUN_NOWAIT);
	sleep_ms(200);
	turn_until(&t.hits, 1, 1000);
	cache_async_get(k, "key", on_value, &t);
	sleep_ms(200);
	turn_until(&t.hits, 2, 1000);
	assert_int_equal(t.hits, 2);
	assert_int_equal(t.misses, 0);
	cache_async_close(k);
	buf_release(&t.last);
}

static void
test_cache_async__close_answers_what_is_in_flight(void **state)
{
	struct conf conf = conf_for(redis_path, 2000);
	struct tally t = { .last = BUF_INIT(100) };
	struct cache_async *k;

	(void)state;
	/* before, and then from within, a callback */
	for (int i = 0; i < 2; i++) {
		k = cache_async_new(&loop, &conf);
		for (int j = 0; j < 10; j++)
			cache_async_get(k, "none", on_value, &t);
		if (i == 0)
			cache_async_close(k);
		else
			t.close_this = k;
		assert_in_range(turn_until(&t.misses, 10 * (i + 1), 1000), 0, 200);
	}
	assert_int_equal(t.misses, 20);
	assert_int_equal(times_said("cache_down"), 0);
	buf_release(&t.last);
}

static void
test_cache_async__drops_the_connection_on_errors(void **state)
{
	struct tally t = { .last = BUF_INIT(100) };
	struct peer peer = { .answer = "-LOADING Redis is loading the dataset in memory\r\n" };
	struct cache_async *k;
	struct conf conf;

	(void)state;
	peer_start(&peer);
	conf = conf_for(peer.address, 2000);
	k = cache_async_new(&loop, &conf);
	for (int i = 1; i <= 2; i++) {
		cache_async_get(k, "key", on_value, &t);
		cache_async_get(k, "key", on_value, &t);
		assert_in_range(turn_until(&t.misses, 3 * i - 1, 1000), 0, 500);
		cache_async_get(k, "key", on_value, &t);
		assert_int_equal(t.misses, 3 * i);
		assert_int_equal(peer.connections, i);
		turn_for(PAUSE_MS);
	}
	cache_async_close(k);
	peer_stop(&peer);
	buf_release(&t.last);
}

static void
test_cache_async__logs_in(void **state)
{
	struct tally t = { .last = BUF_INIT(100) };
	struct conf conf[3];
	static const char *const passwords[] = { "open", "wrong", "" };

	(void)state;
	assert_true(redis_says("SET key x"));
	redis_says("CONFIG SET requirepass open");
	for (size_t i = 0; i < 3; i++) {
		struct cache_async *k;

		conf[i] = conf_for(redis_path, 2000);
		conf[i].redis.password = passwords[i];
		k = cache_async_new(&loop, &conf[i]);
		cache_async_get(k, "key", on_value, &t);
		assert_true(turn_until(i == 0 ? &t.hits : &t.misses, i == 0 ? 1 : (int)i, 1000) >= 0);
		cache_async_close(k);
	}
	assert_int_equal(t.hits, 1);
	redis_kill();
	buf_release(&t.last);
}

static void
test_cache_async__bell_rings_again_after_a_restart(void **state)
{
	struct conf conf = conf_for(redis_path, 2000);
	struct cache_async *k = cache_async_new(&loop, &conf);
	struct tally t = { 0 };
	int rings;

	(void)state;
	cache_async_subscribe(k, "ekmc:bell:notify", on_ring, &t);
	assert_true(turn_until(&t.rings, 1, 2000) >= 0);
	assert_true(redis_says("PUBLISH ekmc:bell:notify 1"));
	assert_true(turn_until(&t.rings, 2, 2000) >= 0);
	assert_true(redis_says("PUBLISH ekmc:bell:other 1"));
	turn_for(50);
	assert_int_equal(t.rings, 2);
	redis_kill();
	turn_for(PAUSE_MS + 100);
	assert_int_equal(t.rings, 2);
	redis_start();
	assert_in_range(turn_until(&t.rings, 3, 2000), 0, 2 * PAUSE_MS);
	rings = t.rings;
	assert_true(redis_says("PUBLISH ekmc:bell:notify 1"));
	assert_true(turn_until(&t.rings, rings + 1, 2000) >= 0);
	assert_int_equal(times_said("cache_down"), 1);
	assert_int_equal(times_said("cache_up"), 1);
	cache_async_close(k);
}

static void
test_cache_async__bell_notices_a_reset_and_a_silence(void **state)
{
	static const struct {
		const char *answer;
		bool resets;
		int rings;
	} cases[] = {
		{ "*3\r\n$9\r\nsubscribe\r\n$1\r\nb\r\n:1\r\n", true, 2 },
		{ "-NOAUTH Authentication required.\r\n", false, 0 },
		{ "", false, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct peer peer = { .answer = cases[i].answer, .resets = cases[i].resets };
		struct tally t = { 0 };
		struct cache_async *k;
		struct conf conf;
		int64_t until_ms = clock_monotonic_ms() + 3000;

		peer_start(&peer);
		conf = conf_for(peer.address, 20);
		k = cache_async_new(&loop, &conf);
		cache_async_subscribe(k, "b", on_ring, &t);
		while ((peer.connections < 2 || t.rings < cases[i].rings) && clock_monotonic_ms() < until_ms)
			turn_for(5);
		assert_int_equal(peer.connections, 2);
		assert_int_equal(t.rings, cases[i].rings);
		cache_async_close(k);
		peer_stop(&peer);
	}
}

static int
run(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_cache_async__keeps_values, setup, teardown),
		cmocka_unit_test_setup_teardown(test_cache_async__writes_more_than_a_socket_takes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_cache_async__a_stopped_redis_is_misses, setup, teardown),
		cmocka_unit_test_setup_teardown(test_cache_async__a_killed_redis_is_misses, setup, teardown),
		cmocka_unit_test_setup_teardown(test_cache_async__nobody_there_is_a_miss_at_once, setup, teardown),
		cmocka_unit_test_setup_teardown(test_cache_async__a_late_loop_is_not_a_late_redis, setup, teardown),
		cmocka_unit_test_setup_teardown(test_cache_async__close_answers_what_is_in_flight, setup, teardown),
		cmocka_unit_test_setup_teardown(test_cache_async__drops_the_connection_on_errors, setup, teardown),
		cmocka_unit_test_setup_teardown(test_cache_async__logs_in, setup, teardown),
		cmocka_unit_test_setup_teardown(test_cache_async__bell_rings_again_after_a_restart, setup, teardown),
		cmocka_unit_test_setup_teardown(test_cache_async__bell_notices_a_reset_and_a_silence, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

int
main(void)
{
	return redis_group(run);
}
