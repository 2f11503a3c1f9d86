/* db: hosts that are dead, hung or killed, and answers that get lost, on a MariaDB of the test's own. */
#include "db_fixture.h"

enum { S_BUMP, S_PING, S_SLEEP, S_SLOW_ADD };
/* clang-format off */
static const struct sql statements[] = {
	[S_BUMP] = { "UPDATE one SET version = version + 1 WHERE name = ?", "s", "", false },
	[S_PING] = { "SELECT 1", "", "i", false },
	[S_SLEEP] = { "SELECT SLEEP(1.5)", "", "i", false },
	[S_SLOW_ADD] = { "INSERT INTO one (name) SELECT IF(SLEEP(1.5) = 0, 'slow', 'slow')", "", "", false },
};
/* clang-format on */

static int
group_up(void **state)
{
	(void)state;
	return fixture_server("CREATE TABLE one (id BIGINT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(20) UNIQUE,"
			      " version INT NOT NULL DEFAULT 1); INSERT INTO one (name) VALUES ('a')");
}

static int
group_down(void **state)
{
	(void)state;
	private_down(&maria);
	return 0;
}

static void
test_db_hosts__malformed_hosts_do_not_start(void **state)
{
	static const struct {
		const char *hosts;
		bool ok;
	} cases[] = {
		{ "127.0.0.1", true },
		{ "127.0.0.1:3306, [::1]:3307 ,/run/x.sock", true },
		{ "[::1]", true },
		{ "", false },
		{ "h:", false },
		{ "h:0", false },
		{ "h:65536", false },
		{ ":3306", false },
		{ "a,,b", false },
		{ "h:33x", false },
		{ "1,2,3,4,5,6,7,8", true },
		{ "1,2,3,4,5,6,7,8,9", false },
	};
	struct conf c;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct db *d;

		c = private_conf(&maria, cases[i].hosts);
		d = db_new(&c);
		assert_int_equal(d != NULL, cases[i].ok);
		db_free(d);
	}
}

static void
test_db_hosts__second_host_serves_when_the_first_is_dead_or_hung(void **state)
{
	static const struct {
		bool listening; /* accepts, says nothing */
		int64_t within_ms;
	} cases[] = { { false, 500 }, { true, 1800 } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct fixture f;
		char host[32], hosts[128];
		int fd = private_port(host, sizeof(host), cases[i].listening);
		int64_t one, from = clock_monotonic_ms();

		assert_true(fd >= 0);
		(void)snprintf(hosts, sizeof(hosts), "%s,%s", host, maria.socket);
		fixture_up(&f, hosts);
		assert_int_equal(run_int(&f, &statements[S_PING], &one), E_OK);
		assert_in_range(clock_monotonic_ms() - from, 0, cases[i].within_ms);
		assert_non_null(strstr(last_log, host));
		(void)close(fd);
		fixture_down(&f);
	}
}

static void
test_db_hosts__unreachable_is_busy_and_then_costs_nothing(void **state)
{
	struct fixture f;
	char host[32];
	int fd = private_port(host, sizeof(host), true);
	int64_t one, from;

	(void)state;
	fixture_up(&f, host);
	assert_int_equal(run_int(&f, &statements[S_PING], &one), E_BUSY);
	from = clock_monotonic_ms();
	assert_int_equal(run_int(&f, &statements[S_PING], &one), E_BUSY);
	assert_in_range(clock_monotonic_ms() - from, 0, 50); /* marked down */
	assert_int_equal(db_check(f.d, &statements[S_PING], 1), E_BUSY);
	(void)close(fd);
	fixture_down(&f);
}

static void
test_db_hosts__no_waiting_beyond_the_deadline(void **state)
{
	struct fixture f;
	char host[32], hosts[128];
	int fd = private_port(host, sizeof(host), true);
	int64_t one;

	(void)state;
	(void)snprintf(hosts, sizeof(hosts), "%s,%s", host, maria.socket);
	fixture_up(&f, hosts);
	db_deadline(f.d, clock_monotonic_ms() + 100);
	assert_int_equal(run_int(&f, &statements[S_PING], &one), E_BUSY);
	assert_true(db_left_ms(f.d) <= 0);
	db_deadline(f.d, 0);
	assert_in_range(db_left_ms(f.d), 4900, 5000);
	assert_int_equal(run_int(&f, &statements[S_PING], &one), E_OK);
	(void)close(fd);
	fixture_down(&f);
}

static void
test_db_hosts__a_lost_read_is_repeated_a_lost_change_is_not(void **state)
{
	static const struct {
		int statement;
		enum proxy_mode mode;
		enum status st;
		long long stored;
	} cases[] = {
		{ S_PING, PROXY_CUT_BEFORE, E_OK, 0 },
		{ S_PING, PROXY_CUT_AFTER, E_OK, 0 },
		{ S_PING, PROXY_HANG, E_OK, 0 },
		{ S_SLOW_ADD, PROXY_CUT_BEFORE, E_UNKNOWN, 0 },
		{ S_SLOW_ADD, PROXY_CUT_AFTER, E_UNKNOWN, 1 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct fixture f;
		struct proxy p;
		char hosts[128];
		const struct sql *q = &statements[cases[i].statement];
		struct db_rows rows;

		assert_true(private_sql(&maria, "DELETE FROM one WHERE name = 'slow'"));
		assert_true(proxy_up(&p, &maria));
		(void)snprintf(hosts, sizeof(hosts), "%s,%s", p.host, maria.socket);
		fixture_up(&f, hosts);
		proxy_arm(&p, cases[i].mode, PROXY_EXECUTE, NULL);
		assert_int_equal(db_run(f.d, f.a, q, DB_NO_ARGS, &rows), cases[i].st);
		assert_int_equal(atomic_load(&p.fired), 1);
		assert_int_equal(db_epoch(f.d), cases[i].st == E_OK ? 2 : 1);
		assert_int_equal(private_number(&maria, "SELECT COUNT(*) FROM one WHERE name = 'slow'"), cases[i].stored);
		fixture_down(&f);
		proxy_down(&p);
	}
}

static void
test_db_hosts__a_single_host_that_lost_a_connection_is_asked_again_at_once(void **state)
{
	struct fixture f;
	struct proxy p;
	int64_t one, from;

	(void)state;
	assert_true(proxy_up(&p, &maria));
	fixture_up(&f, p.host);
	proxy_arm(&p, PROXY_CUT_BEFORE, PROXY_EXECUTE, NULL);
	from = clock_monotonic_ms();
	assert_int_equal(run_int(&f, &statements[S_PING], &one), E_OK);
	assert_in_range(clock_monotonic_ms() - from, 0, 500);
	assert_int_equal(db_epoch(f.d), 2);
	fixture_down(&f);
	proxy_down(&p);
}

static void
test_db_hosts__an_idle_connection_the_server_closed_goes_unnoticed(void **state)
{
	struct fixture f;
	int64_t one;

	(void)state;
	fixture_up(&f, NULL);
	assert_int_equal(run_int(&f, &statements[S_PING], &one), E_OK);
	assert_int_equal(db_run(f.d, f.a, &statements[S_BUMP], DB_ARGS(db_text(SPAN("a"))), NULL), E_OK);
	assert_true(private_sql(&maria, "KILL USER root"));
	private_sleep_ms(100);
	assert_int_equal(db_run(f.d, f.a, &statements[S_BUMP], DB_ARGS(db_text(SPAN("a"))), NULL), E_OK);
	assert_int_equal(db_epoch(f.d), 2);
	assert_string_equal(last_log, "");
	fixture_down(&f);
}

static void *
kill_soon(void *arg)
{
	(void)arg;
	private_sleep_ms(300);
	private_kill(&maria, SIGKILL);
	return NULL;
}

static void
test_db_hosts__a_killed_server_comes_back(void **state)
{
	static const struct {
		int statement;
		enum status st;
	} cases[] = { { S_SLEEP, E_BUSY }, { S_SLOW_ADD, E_UNKNOWN } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct fixture f;
		struct db_rows rows;
		pthread_t t;
		int64_t one;
		enum status st = E_BUSY;

		fixture_up(&f, NULL);
		assert_int_equal(run_int(&f, &statements[S_PING], &one), E_OK);
		assert_int_equal(pthread_create(&t, NULL, kill_soon, NULL), 0);
		assert_int_equal(db_run(f.d, f.a, &statements[cases[i].statement], DB_NO_ARGS, &rows), cases[i].st);
		(void)pthread_join(t, NULL);
		assert_int_equal(run_int(&f, &statements[S_PING], &one), E_BUSY);
		assert_true(private_start(&maria));
		for (int tries = 0; tries < 25 && st == E_BUSY; tries++) {
			st = run_int(&f, &statements[S_PING], &one);
			private_sleep_ms(100);
		}
		assert_int_equal(st, E_OK);
		assert_int_equal(one, 1);
		assert_int_equal(db_epoch(f.d), 2);
		fixture_down(&f);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_db_hosts__malformed_hosts_do_not_start),
		cmocka_unit_test(test_db_hosts__second_host_serves_when_the_first_is_dead_or_hung),
		cmocka_unit_test(test_db_hosts__unreachable_is_busy_and_then_costs_nothing),
		cmocka_unit_test(test_db_hosts__no_waiting_beyond_the_deadline),
		cmocka_unit_test(test_db_hosts__a_lost_read_is_repeated_a_lost_change_is_not),
		cmocka_unit_test(test_db_hosts__a_single_host_that_lost_a_connection_is_asked_again_at_once),
		cmocka_unit_test(test_db_hosts__an_idle_connection_the_server_closed_goes_unnoticed),
		cmocka_unit_test(test_db_hosts__a_killed_server_comes_back),
	};

	return cmocka_run_group_tests(tests, group_up, group_down);
}
