/* tx: conflicts, lost nodes and lost answers, provoked for real on a MariaDB of the test's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "core/clock.h"
#include "core/log.h"
#include "core/tx.h"
#include "private_mariadb.h"

static struct private_mariadb maria;

static const char schema[] =
	"CREATE TABLE counter (id INT PRIMARY KEY, n INT NOT NULL);"
	"CREATE TABLE done (idem VARCHAR(20) PRIMARY KEY);"
	"CREATE PROCEDURE commit_once(IN p_key VARCHAR(20)) BEGIN"
	" DECLARE EXIT HANDLER FOR 1062 BEGIN ROLLBACK; SELECT 'earlier'; END;"
	" START TRANSACTION; INSERT INTO done VALUES (p_key); UPDATE counter SET n = n + 1 WHERE id = 1; COMMIT; SELECT 'now'; END;"
	/* says so the first @left times: a conflict on demand */
	"CREATE PROCEDURE conflicts(IN p_times INT, IN p_errno INT) BEGIN SET @left = COALESCE(@left, p_times);"
	" IF @left > 0 THEN SET @left = @left - 1; SIGNAL SQLSTATE '40001' SET MYSQL_ERRNO = p_errno; END IF; SELECT 'now'; END";

static const struct sql q_first = { "UPDATE counter SET n = n + 1 WHERE id = 1", "", "", false };
static const struct sql q_second = { "UPDATE counter SET n = n + 1 WHERE id = 2", "", "", false };
static const struct sql q_read = { "SELECT n FROM counter WHERE id = 1", "", "i", false };
static const struct sql q_key = { "INSERT INTO done VALUES (?)", "s", "", false };
static const struct sql q_is_done = { "SELECT 1 FROM done WHERE idem = ?", "s", "i", false };
static const struct sql q_call = { "CALL commit_once(?)", "s", "s", true };
static const struct sql q_conflicts = { "CALL conflicts(?, ?)", "ii", "s", true };

struct fixture {
	struct conf conf;
	struct db *d;
	struct arena *a;
	int runs;           /* of the body */
	int asked;          /* of settled */
	enum status answer; /* of a body or a settled that only answers */
	pthread_barrier_t *meet;
	const struct sql *one, *two;
};

static void
drop_log(const char *line, size_t n, void *arg)
{
	(void)line;
	(void)n;
	(void)arg;
}

static int
group_up(void **state)
{
	(void)state;
	log_init("test_tx", LOG_WARN);
	log_sink(drop_log, NULL);
	return private_up(&maria) && private_sql(&maria, schema) ? 0 : -1;
}

static int
group_down(void **state)
{
	(void)state;
	private_down(&maria);
	return 0;
}

static void
fixture_up(struct fixture *f, const char *hosts)
{
	*f = (struct fixture){ .conf = private_conf(&maria, hosts) };
	f->d = db_new(&f->conf);
	f->a = arena_new(4096, 65536);
	assert_non_null(f->d);
	assert_non_null(f->a);
	assert_true(private_sql(&maria, "DELETE FROM done; REPLACE INTO counter VALUES (1, 0), (2, 0)"));
}

static void
fixture_down(struct fixture *f)
{
	db_free(f->d);
	arena_free(f->a);
}

static long long
counter(int id)
{
	return private_number(&maria, id == 1 ? "SELECT n FROM counter WHERE id = 1" : "SELECT n FROM counter WHERE id = 2");
}

static enum status
count_body(struct db *d, void *arg)
{
	struct fixture *f = arg;

	f->runs++;
	return db_run(d, f->a, &q_first, DB_NO_ARGS, NULL);
}

/* An idempotency row and a change, as every real body has them. */
static enum status
keyed_body(struct db *d, void *arg)
{
	struct fixture *f = arg;
	enum status st;

	f->runs++;
	st = db_run(d, f->a, &q_key, DB_ARGS(db_text(SPAN("key"))), NULL);
	return st == E_OK ? db_run(d, f->a, &q_first, DB_NO_ARGS, NULL) : st;
}

static enum status
is_settled(struct db *d, void *arg)
{
	struct fixture *f = arg;
	struct db_rows rows;
	enum status st;

	f->asked++;
	st = db_run(d, f->a, &q_is_done, DB_ARGS(db_text(SPAN("key"))), &rows);
	if (st != E_OK)
		return st;
	return rows.n == 1 ? E_OK : E_NOT_FOUND;
}

static enum status
answer_settled(struct db *d, void *arg)
{
	struct fixture *f = arg;

	(void)d;
	f->asked++;
	return f->answer;
}

static enum status
answer_body(struct db *d, void *arg)
{
	struct fixture *f = arg;
	enum status st;

	f->runs++;
	st = db_run(d, f->a, &q_first, DB_NO_ARGS, NULL);
	assert_int_equal(st, E_OK);
	return f->answer;
}

static void
test_tx__only_a_body_that_is_content_is_committed(void **state)
{
	static const struct {
		enum status answer, st;
		int runs;
		long long stored;
	} cases[] = {
		{ E_OK, E_OK, 1, 1 },           { E_NOT_FOUND, E_NOT_FOUND, 1, 0 }, { E_STALE, E_STALE, 1, 0 },
		{ E_NOMEM, E_NOMEM, 1, 0 },     { E_INTERNAL, E_INTERNAL, 1, 0 },   { E_ILLEGAL_MOVE, E_ILLEGAL_MOVE, 1, 0 },
		{ E_BUSY, E_BUSY, 1, 0 }, /* its own answer: the connection is well */
		{ E_UNKNOWN, E_UNKNOWN, 1, 0 }, { E_CONFLICT, E_BUSY, 6, 0 },
	};
	struct fixture f;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		fixture_up(&f, NULL);
		f.answer = cases[i].answer;
		assert_int_equal(db_tx(f.d, answer_body, &f, is_settled), cases[i].st);
		assert_int_equal(f.runs, cases[i].runs);
		assert_int_equal(f.asked, 0);
		assert_int_equal(counter(1), cases[i].stored);
		fixture_down(&f);
	}
}

/* The first time both wait for each other in the middle, each holding what the other wants. */
static enum status
crossing_body(struct db *d, void *arg)
{
	struct fixture *f = arg;
	enum status st = db_run(d, f->a, f->one, DB_NO_ARGS, NULL);

	if (f->runs++ == 0)
		(void)pthread_barrier_wait(f->meet);
	return st == E_OK ? db_run(d, f->a, f->two, DB_NO_ARGS, NULL) : st;
}

static void *
crossing_main(void *arg)
{
	struct fixture *f = arg;

	f->answer = db_tx(f->d, crossing_body, f, NULL);
	return NULL;
}

static void
test_tx__a_deadlock_is_run_again(void **state)
{
	struct fixture f[2];
	pthread_t t[2];
	pthread_barrier_t meet;

	(void)state;
	(void)pthread_barrier_init(&meet, NULL, 2);
	for (size_t i = 0; i < 2; i++) {
		fixture_up(&f[i], NULL);
		f[i].meet = &meet;
		f[i].one = i == 0 ? &q_first : &q_second;
		f[i].two = i == 0 ? &q_second : &q_first;
	}
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&t[i], NULL, crossing_main, &f[i]), 0);
	for (size_t i = 0; i < 2; i++)
		(void)pthread_join(t[i], NULL);
	assert_int_equal(f[0].answer, E_OK);
	assert_int_equal(f[1].answer, E_OK);
	assert_true(f[0].runs + f[1].runs >= 3);
	assert_int_equal(counter(1), 2);
	assert_int_equal(counter(2), 2);
	for (size_t i = 0; i < 2; i++)
		fixture_down(&f[i]);
	(void)pthread_barrier_destroy(&meet);
}

static void
test_tx__a_lock_wait_is_run_again_until_the_budget_ends(void **state)
{
	struct fixture f;
	MYSQL *other = private_connect(&maria, "ekmc");
	int64_t from;

	(void)state;
	fixture_up(&f, NULL);
	f.conf.db.total_ms = 1500;
	assert_int_equal(mysql_query(other, "START TRANSACTION"), 0);
	assert_int_equal(mysql_query(other, "UPDATE counter SET n = 9 WHERE id = 1"), 0);
	from = clock_monotonic_ms();
	assert_int_equal(db_tx(f.d, count_body, &f, NULL), E_BUSY);
	assert_in_range(clock_monotonic_ms() - from, 1400, 3000);
	assert_int_equal(f.runs, 2);
	assert_int_equal(mysql_query(other, "ROLLBACK"), 0);
	assert_int_equal(db_tx(f.d, count_body, &f, NULL), E_OK);
	assert_int_equal(counter(1), 1);
	mysql_close(other);
	fixture_down(&f);
}

/* Somebody else changes the row between this snapshot and the update of the first run: 1020. */
static enum status
overtaken_body(struct db *d, void *arg)
{
	struct fixture *f = arg;
	enum status st = db_run(d, f->a, &q_read, DB_NO_ARGS, NULL);

	assert_int_equal(st, E_OK);
	if (f->runs++ == 0)
		assert_true(private_sql(&maria, "UPDATE counter SET n = n + 10 WHERE id = 1"));
	return db_run(d, f->a, &q_first, DB_NO_ARGS, NULL);
}

static void
test_tx__an_outdated_snapshot_is_run_again(void **state)
{
	struct fixture f;

	(void)state;
	fixture_up(&f, NULL);
	assert_int_equal(db_tx(f.d, overtaken_body, &f, NULL), E_OK);
	assert_int_equal(f.runs, 2);
	assert_int_equal(counter(1), 11);
	fixture_down(&f);
}

/* Takes no notice of a conflict and goes on: nothing of it may be stored alone. */
static enum status
deaf_body(struct db *d, void *arg)
{
	struct fixture *f = arg;
	enum status st = overtaken_body(d, f);

	assert_int_equal(db_run(d, f->a, &q_second, DB_NO_ARGS, NULL), st);
	return E_OK;
}

static void
test_tx__a_body_deaf_to_conflicts_stores_nothing_half(void **state)
{
	struct fixture f;

	(void)state;
	fixture_up(&f, NULL);
	assert_int_equal(db_tx(f.d, deaf_body, &f, NULL), E_OK);
	assert_int_equal(f.runs, 2);
	assert_int_equal(counter(1), 11);
	assert_int_equal(counter(2), 1);
	fixture_down(&f);
}

static enum status
duplicate_body(struct db *d, void *arg)
{
	struct fixture *f = arg;
	enum status st = keyed_body(d, f);

	assert_int_equal(st, E_OK);
	assert_int_equal(db_run(d, f->a, &q_key, DB_ARGS(db_text(SPAN("key"))), NULL), E_STALE);
	return db_run(d, f->a, &q_second, DB_NO_ARGS, NULL);
}

static void
test_tx__goes_on_after_a_duplicate_key(void **state)
{
	struct fixture f;

	(void)state;
	fixture_up(&f, NULL);
	assert_int_equal(db_tx(f.d, duplicate_body, &f, NULL), E_OK);
	assert_int_equal(counter(1), 1);
	assert_int_equal(counter(2), 1);
	fixture_down(&f);
}

static void
test_tx__a_lost_commit_is_settled_by_asking(void **state)
{
	static const struct {
		enum proxy_mode mode;
		enum status (*settled)(struct db *d, void *arg);
		enum status answer, st;
		int runs, asked;
		long long stored;
	} cases[] = {
		{ PROXY_CUT_AFTER, is_settled, E_OK, E_OK, 1, 1, 1 },
		{ PROXY_CUT_BEFORE, is_settled, E_OK, E_OK, 2, 1, 1 },
		{ PROXY_HANG, is_settled, E_OK, E_OK, 2, 1, 1 },
		{ PROXY_CUT_AFTER, NULL, E_OK, E_UNKNOWN, 1, 0, 1 },
		{ PROXY_CUT_BEFORE, NULL, E_OK, E_UNKNOWN, 1, 0, 0 },
		{ PROXY_CUT_AFTER, answer_settled, E_INTERNAL, E_INTERNAL, 1, 1, 1 },
		{ PROXY_CUT_AFTER, answer_settled, E_KEY_REUSED, E_KEY_REUSED, 1, 1, 1 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct fixture f;
		struct proxy p;

		assert_true(proxy_up(&p, &maria));
		fixture_up(&f, p.host);
		f.answer = cases[i].answer;
		proxy_arm(&p, cases[i].mode, PROXY_QUERY, "COMMIT");
		assert_int_equal(db_tx(f.d, keyed_body, &f, cases[i].settled), cases[i].st);
		assert_int_equal(atomic_load(&p.fired), 1);
		assert_int_equal(f.runs, cases[i].runs);
		assert_int_equal(f.asked, cases[i].asked);
		assert_int_equal(counter(1), cases[i].stored);
		fixture_down(&f);
		proxy_down(&p);
	}
}

static enum status
doomed_settled(struct db *d, void *arg)
{
	struct fixture *f = arg;

	f->asked++;
	private_kill(&maria, SIGKILL);
	return is_settled(d, arg);
}

static void
test_tx__unknown_stays_unknown_while_nobody_answers(void **state)
{
	struct fixture f;
	struct proxy p;

	(void)state;
	assert_true(proxy_up(&p, &maria));
	fixture_up(&f, p.host);
	f.conf.db.total_ms = 1000;
	proxy_arm(&p, PROXY_CUT_AFTER, PROXY_QUERY, "COMMIT");
	assert_int_equal(db_tx(f.d, keyed_body, &f, doomed_settled), E_UNKNOWN);
	assert_true(f.asked > 2);
	assert_true(private_start(&maria));
	assert_int_equal(counter(1), 1);
	fixture_down(&f);
	proxy_down(&p);
}

static void
test_tx__a_node_lost_in_the_middle_is_left(void **state)
{
	static const enum proxy_mode modes[] = { PROXY_CUT_BEFORE, PROXY_CUT_AFTER, PROXY_HANG };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
		struct fixture f;
		struct proxy p;
		char hosts[128];

		assert_true(proxy_up(&p, &maria));
		(void)snprintf(hosts, sizeof(hosts), "%s,%s", p.host, maria.socket);
		fixture_up(&f, hosts);
		proxy_arm(&p, modes[i], PROXY_EXECUTE, NULL);
		assert_int_equal(db_tx(f.d, count_body, &f, NULL), E_OK);
		assert_int_equal(atomic_load(&p.fired), 1);
		assert_int_equal(f.runs, 2);
		assert_int_equal(db_epoch(f.d), 2);
		assert_int_equal(counter(1), 1);
		fixture_down(&f);
		proxy_down(&p);
	}
}

/* The server dies under the first run; `answer` E_OK: it comes back at once, which takes it a while. */
static enum status
killing_body(struct db *d, void *arg)
{
	struct fixture *f = arg;
	enum status st = keyed_body(d, f);

	if (f->runs > 1)
		return st;
	assert_int_equal(st, E_OK);
	private_kill(&maria, SIGKILL);
	if (f->answer == E_OK)
		private_launch(&maria);
	assert_int_equal(db_run(d, f->a, &q_second, DB_NO_ARGS, NULL), E_BUSY);
	return E_BUSY;
}

static void
test_tx__a_killed_server_is_waited_for_within_the_budget(void **state)
{
	static const struct {
		enum status answer;
		int64_t total_ms;
		enum status st;
	} cases[] = { { E_OK, 5000, E_OK }, { E_BUSY, 800, E_BUSY } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct fixture f;
		int64_t from;

		fixture_up(&f, NULL);
		f.answer = cases[i].answer;
		f.conf.db.total_ms = cases[i].total_ms;
		from = clock_monotonic_ms();
		assert_int_equal(db_tx(f.d, killing_body, &f, NULL), cases[i].st);
		assert_in_range(clock_monotonic_ms() - from, 0, cases[i].total_ms + 500);
		/* nothing is there, so nobody is kept waiting */
		from = clock_monotonic_ms();
		if (cases[i].st != E_OK) {
			assert_int_equal(db_tx(f.d, keyed_body, &f, NULL), E_BUSY);
			assert_in_range(clock_monotonic_ms() - from, 0, 100);
			assert_true(private_start(&maria));
		}
		assert_int_equal(counter(1), cases[i].st == E_OK ? 1 : 0);
		assert_int_equal(counter(2), 0);
		fixture_down(&f);
	}
}

static void
test_tx__a_lost_call_is_made_again_with_its_key(void **state)
{
	static const struct {
		enum proxy_mode mode;
		const char *answer;
	} cases[] = { { PROXY_PASS, "now" }, { PROXY_CUT_AFTER, "earlier" }, { PROXY_CUT_BEFORE, "now" }, { PROXY_HANG, "now" } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct fixture f;
		struct proxy p;
		struct db_rows rows;

		assert_true(proxy_up(&p, &maria));
		fixture_up(&f, p.host);
		proxy_arm(&p, cases[i].mode, PROXY_EXECUTE, NULL);
		assert_int_equal(db_call(f.d, f.a, &q_call, DB_ARGS(db_text(SPAN("key"))), &rows), E_OK);
		assert_int_equal(atomic_load(&p.fired), cases[i].mode != PROXY_PASS);
		assert_int_equal(rows.n, 1);
		assert_string_equal(db_row(&rows, 0)[0].s.p, cases[i].answer);
		assert_int_equal(counter(1), 1);
		fixture_down(&f);
		proxy_down(&p);
	}
}

static void
test_tx__a_call_in_conflict_is_made_again_five_times(void **state)
{
	static const struct {
		int64_t times, err;
		enum status st;
	} cases[] = { { 0, 1213, E_OK }, { 5, 1213, E_OK }, { 5, 1467, E_OK }, { 6, 1213, E_BUSY } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct fixture f;

		fixture_up(&f, NULL);
		assert_int_equal(db_call(f.d, f.a, &q_conflicts, DB_ARGS(db_int(cases[i].times), db_int(cases[i].err)), NULL),
				 cases[i].st);
		fixture_down(&f);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tx__only_a_body_that_is_content_is_committed),
		cmocka_unit_test(test_tx__a_deadlock_is_run_again),
		cmocka_unit_test(test_tx__a_lock_wait_is_run_again_until_the_budget_ends),
		cmocka_unit_test(test_tx__an_outdated_snapshot_is_run_again),
		cmocka_unit_test(test_tx__a_body_deaf_to_conflicts_stores_nothing_half),
		cmocka_unit_test(test_tx__goes_on_after_a_duplicate_key),
		cmocka_unit_test(test_tx__a_lost_commit_is_settled_by_asking),
		cmocka_unit_test(test_tx__unknown_stays_unknown_while_nobody_answers),
		cmocka_unit_test(test_tx__a_node_lost_in_the_middle_is_left),
		cmocka_unit_test(test_tx__a_killed_server_is_waited_for_within_the_budget),
		cmocka_unit_test(test_tx__a_lost_call_is_made_again_with_its_key),
		cmocka_unit_test(test_tx__a_call_in_conflict_is_made_again_five_times),
	};

	return cmocka_run_group_tests(tests, group_up, group_down);
}
