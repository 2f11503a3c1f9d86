/* The blocking cache against a Redis that is killed, stopped and restarted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "core/cache.h"
#include "redis.h"

static struct arena *arena;

static int
setup(void **state)
{
	(void)state;
	arena = arena_new(4096, 1 << 20);
	redis_ready();
	return arena == NULL;
}

static int
teardown(void **state)
{
	(void)state;
	arena_free(arena);
	redis_done();
	return 0;
}

static void
test_cache__address(void **state)
{
	static const struct {
		const char *text, *host;
		int port;
		bool good;
	} cases[] = {
		{ "127.0.0.1:6379", "127.0.0.1", 6379, true },
		{ "[::1]:1", "::1", 1, true },
		{ "redis.kmc:65535", "redis.kmc", 65535, true },
		{ "/run/redis.sock", "", 0, true },
		{ "", "", 0, false },
		{ "localhost", "", 0, false },
		{ ":6379", "", 0, false },
		{ "h:0", "", 0, false },
		{ "h:65536", "", 0, false },
		{ "h:", "", 0, false },
		{ "h:6379x", "", 0, false },
	};
	struct cache_address a;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		assert_int_equal(cache_address(cases[i].text, &a), cases[i].good);
		if (!cases[i].good)
			continue;
		assert_string_equal(a.host, cases[i].host);
		assert_int_equal(a.port, cases[i].port);
		assert_int_equal(a.path != NULL, cases[i].text[0] == '/');
	}
}

static void
test_cache__keeps_values(void **state)
{
	const struct span values[] = { SPAN("{}"), SPAN(""), SPAN("a\0b\r\n\xff") };
	struct conf conf = conf_for(redis_path, 2000);
	struct cache *k = cache_new(&conf);
	struct span v;

	(void)state;
	assert_false(cache_get(k, arena, "none", &v));
	assert_null(v.p);
	for (size_t i = 0; i < ARRAY_LEN(values); i++) {
		assert_true(cache_set(k, "key", values[i], 60000));
		assert_true(cache_get(k, arena, "key", &v));
		assert_non_null(v.p);
		assert_true(span_eq(v, values[i]));
	}
	assert_true(cache_delete(k, "key"));
	assert_false(cache_get(k, arena, "key", &v));
	assert_true(cache_set(k, "short", SPAN("x"), 20));
	assert_false(cache_set(k, "never", SPAN("x"), 0));
	sleep_ms(40);
	assert_false(cache_get(k, arena, "short", &v));
	assert_false(cache_get(k, arena, "never", &v));
	assert_true(cache_ready(k));
	assert_true(cache_publish(k, "bell", "1"));
	assert_int_equal(said.len, 0);
	cache_free(k);
}

static void
test_cache__runs_scripts(void **state)
{
	static const char count[] = "redis.call('INCRBY', KEYS[1], ARGV[1]) return #ARGV[2] + redis.call('GET', KEYS[1])";
	static const char text[] = "return 'text'", wrong[] = "return redis.call('NOSUCH')";
	const struct span args[] = { SPAN("10"), SPAN("a\0b") };
	struct conf conf = conf_for(redis_path, 2000);
	struct cache *k = cache_new(&conf);
	int64_t got = 0;

	(void)state;
	assert_true(cache_script(k, count, "n", args, 2, &got));
	assert_int_equal(got, 13);
	assert_true(cache_script(k, count, "n", args, 2, &got));
	assert_int_equal(got, 23);
	assert_true(redis_says("SCRIPT FLUSH"));
	assert_true(cache_script(k, count, "n", args, 2, &got));
	assert_int_equal(got, 33);
	assert_false(cache_script(k, text, "n", NULL, 0, &got));
	assert_int_equal(got, 33);
	assert_true(cache_ready(k));
	assert_false(cache_script(k, wrong, "n", NULL, 0, &got));
	cache_free(k);
}

static void
test_cache__logs_in(void **state)
{
	struct conf right = conf_for(redis_path, 2000), wrong = right, none = right;
	struct cache *k[3];

	(void)state;
	right.redis.password = "open-sesame";
	wrong.redis.password = "sesame";
	assert_true(redis_says("CONFIG SET requirepass open-sesame"));
	k[0] = cache_new(&right);
	k[1] = cache_new(&wrong);
	k[2] = cache_new(&none);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(cache_ready(k[i]), i == 0);
		cache_free(k[i]);
	}
	assert_null(strstr(said.data, "sesame"));
	redis_kill();
}

static void
test_cache__survives_a_killed_redis(void **state)
{
	struct conf conf = conf_for(redis_path, 2000);
	struct cache *k = cache_new(&conf);
	static const char one[] = "return 1";
	int64_t from_ms, got;
	struct span v;

	(void)state;
	assert_true(cache_set(k, "key", SPAN("x"), 60000));
	assert_true(cache_script(k, one, "n", NULL, 0, &got));
	redis_kill();
	from_ms = clock_monotonic_ms();
	for (int i = 0; i < 1000; i++)
		assert_false(cache_get(k, arena, "key", &v));
	assert_true(clock_monotonic_ms() - from_ms < 100);
	sleep_ms(PAUSE_MS);
	assert_false(cache_ready(k));
	redis_start();
	while (clock_monotonic_ms() - from_ms < PAUSE_MS + 500 && !cache_ready(k))
		sleep_ms(10);
	assert_true(cache_set(k, "key", SPAN("x"), 60000));
	assert_true(cache_get(k, arena, "key", &v));
	assert_true(cache_script(k, one, "n", NULL, 0, &got));
	assert_int_equal(times_said("cache_down"), 1);
	assert_int_equal(times_said("cache_up"), 1);
	cache_free(k);
}

static void
test_cache__waits_milliseconds_and_then_pauses(void **state)
{
	struct conf conf = conf_for(redis_path, 60);
	struct cache *k = cache_new(&conf);
	int64_t from_ms, stopped_ms;
	struct span v;

	(void)state;
	assert_true(cache_ready(k));
	kill(redis_pid, SIGSTOP);
	from_ms = clock_monotonic_ms();
	assert_false(cache_get(k, arena, "key", &v));
	stopped_ms = clock_monotonic_ms();
	assert_in_range(stopped_ms - from_ms, 50, 180);
	kill(redis_pid, SIGCONT);
	for (int i = 0; i < 100; i++)
		assert_false(cache_ready(k));
	assert_true(clock_monotonic_ms() - stopped_ms < PAUSE_MS / 2);
	sleep_ms(PAUSE_MS);
	assert_true(cache_ready(k));
	cache_free(k);
}

static void
test_cache__drops_the_connection_on_errors(void **state)
{
	static const char *const answers[] = { "-LOADING Redis is loading the dataset in memory\r\n",
					       "-READONLY You can't write against a read only replica.\r\n", "!\r\n" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(answers); i++) {
		struct peer peer = { .answer = answers[i] };
		struct conf conf;
		struct cache *k;

		peer_start(&peer);
		conf = conf_for(peer.address, 2000);
		k = cache_new(&conf);
		assert_false(cache_set(k, "key", SPAN("x"), 1000));
		assert_false(cache_set(k, "key", SPAN("x"), 1000));
		assert_int_equal(peer.connections, 1);
		sleep_ms(PAUSE_MS);
		assert_false(cache_set(k, "key", SPAN("x"), 1000));
		assert_int_equal(peer.connections, 2);
		cache_free(k);
		peer_stop(&peer);
	}
}

static void
test_cache__no_address_is_no_redis(void **state)
{
	static const char *const addresses[] = { "", "nonsense" };
	int64_t got;
	struct span v;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(addresses); i++) {
		struct conf conf = conf_for(addresses[i], 20);
		struct cache *k = cache_new(&conf);

		assert_false(cache_get(k, arena, "key", &v) || cache_set(k, "key", SPAN("x"), 1) || cache_delete(k, "key"));
		assert_false(cache_ready(k) || cache_publish(k, "c", "m") || cache_script(k, "return 1", "k", NULL, 0, &got));
		assert_int_equal(times_said("cache_address_malformed"), i);
		cache_free(k);
	}
	assert_int_equal(times_said("cache_down"), 0);
}

static int
run(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_cache__address, setup, teardown),
		cmocka_unit_test_setup_teardown(test_cache__keeps_values, setup, teardown),
		cmocka_unit_test_setup_teardown(test_cache__runs_scripts, setup, teardown),
		cmocka_unit_test_setup_teardown(test_cache__logs_in, setup, teardown),
		cmocka_unit_test_setup_teardown(test_cache__survives_a_killed_redis, setup, teardown),
		cmocka_unit_test_setup_teardown(test_cache__waits_milliseconds_and_then_pauses, setup, teardown),
		cmocka_unit_test_setup_teardown(test_cache__drops_the_connection_on_errors, setup, teardown),
		cmocka_unit_test_setup_teardown(test_cache__no_address_is_no_redis, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

int
main(void)
{
	return redis_group(run);
}
