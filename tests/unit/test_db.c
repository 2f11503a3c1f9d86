/* db: typed rows, procedures, the check of the schema and the classes of errors, on a MariaDB of the test's own. */
#include "db_fixture.h"

static const char schema[] =
	"CREATE TABLE v (id BIGINT PRIMARY KEY, i BIGINT, d DOUBLE, s LONGTEXT, b LONGBLOB, at DATETIME(3));"
	"CREATE TABLE one (id BIGINT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(20) UNIQUE, version INT NOT NULL DEFAULT 1);"
	"CREATE PROCEDURE two_results(IN p_check INT) BEGIN SELECT 7, 'seven'; SELECT 8, 9, 10; END;"
	"CREATE PROCEDURE refuses(IN p_check INT) BEGIN SELECT 1; SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'no such level'; END;"
	"CREATE PROCEDURE stays_open(IN p_check INT) BEGIN START TRANSACTION; INSERT INTO one (name) VALUES ('open'); END;"
	"CREATE PROCEDURE fails_open(IN p_check INT) BEGIN START TRANSACTION; INSERT INTO one (name) VALUES ('failed');"
	" SIGNAL SQLSTATE '45000'; END;"
	"CREATE PROCEDURE checked(IN p_check INT, IN p_name VARCHAR(20)) BEGIN"
	" IF p_check = 1 THEN SELECT 1 AS version, 'x' AS name; ELSE SELECT 2, p_name; END IF; END";

enum { S_PUT, S_GET, S_GET_TEXT, S_ADD, S_BUMP, S_NAMES, S_PING };
/* clang-format off */
static const struct sql statements[] = {
	[S_PUT] = { "INSERT INTO v (id, i, d, s, b, at) VALUES (?, ?, ?, ?, ?, ?)", "iidsbt", "", false },
	[S_GET] = { "SELECT i, d, s, b, at FROM v WHERE id = ?", "i", "idsbt", false },
	[S_GET_TEXT] = { "SELECT DATE_FORMAT(at, '%Y-%m-%dT%H:%i:%s.%f'), CHAR_LENGTH(s), MD5(b) FROM v WHERE id = ?", "i", "sis", false },
	[S_ADD] = { "INSERT INTO one (name) VALUES (?)", "s", "", false },
	[S_BUMP] = { "UPDATE one SET version = 1 WHERE name = ?", "s", "", false },
	[S_NAMES] = { "SELECT seq, CONCAT('row ', seq), IF(seq % 2, NULL, seq) FROM seq_1_to_1000 ORDER BY seq", "", "isi", false },
	[S_PING] = { "SELECT 1", "", "i", false },
};
/* clang-format on */

static int
group_up(void **state)
{
	(void)state;
	return fixture_server(schema);
}

static int
group_down(void **state)
{
	(void)state;
	private_down(&maria);
	return 0;
}

static char *
repeat(struct arena *a, const char *unit, size_t times)
{
	size_t n = strlen(unit);
	char *p = arena_alloc(a, n * times + 1);

	assert_non_null(p);
	for (size_t i = 0; i < n * times; i++)
		p[i] = unit[i % n];
	return p;
}

static void
same_span(struct span have, struct span want)
{
	assert_int_equal(have.n, want.n);
	assert_memory_equal(have.p, want.p, want.n);
	assert_int_equal(have.p[have.n], '\0');
}

static void
test_db__types_round_trip(void **state)
{
	static const char scripts[] = "ঢাকনা 🚧 नाली";
	struct fixture f;
	struct db_rows rows;
	struct span big, some;
	char *blob, *emoji;

	(void)state;
	fixture_up(&f, NULL);
	blob = arena_alloc(f.a, 100000);
	emoji = repeat(f.a, "🚰", 4000);
	for (size_t i = 0; i < 100000; i++)
		blob[i] = (char)(unsigned char)(i * 7 % 256);
	big = (struct span){ blob, 100000 };
	some = (struct span){ blob, 256 };
	const struct {
		int64_t i;
		double d;
		struct span s;
		struct span b;
		int64_t at;
		const char *at_text;
		int64_t chars;
	} cases[] = {
		{ 0, 0.0, SPAN(""), SPAN(""), 0, "1970-01-01T00:00:00.000000", 0 },
		{ INT64_MAX, 1e300, span_of(scripts), big, 1795448400123, "2026-11-23T15:40:00.123000", 12 },
		{ INT64_MIN, -0.1, span_of(emoji), SPAN("\0\1\0"), -1, "1969-12-31T23:59:59.999000", 4000 },
		{ -1, 22.5726, SPAN("'\"\\ -- ;"), some, 253402300799999, "9999-12-31T23:59:59.999000", 8 },
		{ 1, 88.3639, SPAN("x"), some, -30610224000000, "1000-01-01T00:00:00.000000", 1 },
		{ 1, 1, SPAN("x"), some, 951782400000, "2000-02-29T00:00:00.000000", 1 },
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct db_value id = db_int((int64_t)i + 1);

		assert_int_equal(db_run(f.d, f.a, &statements[S_PUT],
					DB_ARGS(id, db_int(cases[i].i), db_double(cases[i].d), db_text(cases[i].s),
						db_bytes(cases[i].b.p, cases[i].b.n), db_time(cases[i].at)),
					&rows),
				 E_OK);
		assert_int_equal(rows.affected, 1);
		assert_int_equal(db_run(f.d, f.a, &statements[S_GET], DB_ARGS(id), &rows), E_OK);
		assert_int_equal(rows.n, 1);
		for (size_t j = 0; j < 5; j++)
			assert_false(db_row(&rows, 0)[j].null);
		assert_true(db_row(&rows, 0)[0].i == cases[i].i);
		assert_true(db_row(&rows, 0)[1].d == cases[i].d);
		same_span(db_row(&rows, 0)[2].s, cases[i].s);
		same_span(db_row(&rows, 0)[3].s, cases[i].b);
		assert_true(db_row(&rows, 0)[4].i == cases[i].at);
		assert_int_equal(db_run(f.d, f.a, &statements[S_GET_TEXT], DB_ARGS(id), &rows), E_OK);
		assert_string_equal(db_row(&rows, 0)[0].s.p, cases[i].at_text);
		assert_int_equal(db_row(&rows, 0)[1].i, cases[i].chars);
	}
	fixture_down(&f);
}

static void
test_db__null_is_null_in_every_type(void **state)
{
	struct fixture f;
	struct db_rows rows;

	(void)state;
	fixture_up(&f, NULL);
	assert_int_equal(
		db_run(f.d, f.a, &statements[S_PUT],
		       DB_ARGS(db_int(100), db_null(), db_null(), db_text(span_of(NULL)), db_bytes(NULL, 0), db_time(CLOCK_NONE)),
		       NULL),
		E_OK);
	assert_int_equal(db_run(f.d, f.a, &statements[S_GET], DB_ARGS(db_int(100)), &rows), E_OK);
	assert_int_equal(rows.n, 1);
	for (size_t i = 0; i < 5; i++)
		assert_true(db_row(&rows, 0)[i].null);
	assert_null(db_row(&rows, 0)[2].s.p);
	assert_true(db_row(&rows, 0)[4].i == CLOCK_NONE);
	assert_int_equal(db_run(f.d, f.a, &statements[S_GET], DB_ARGS(db_int(999)), &rows), E_OK);
	assert_int_equal(rows.n, 0);
	fixture_down(&f);
}

static void
test_db__many_rows_keep_order_and_values(void **state)
{
	struct fixture f;
	struct db_rows rows;
	char text[32];

	(void)state;
	fixture_up(&f, NULL);
	for (int again = 0; again < 2; again++) {
		assert_int_equal(db_run(f.d, f.a, &statements[S_NAMES], DB_NO_ARGS, &rows), E_OK);
		assert_int_equal(rows.n, 1000);
		assert_int_equal(rows.columns, 3);
		for (size_t i = 0; i < rows.n; i++) {
			(void)snprintf(text, sizeof(text), "row %zu", i + 1);
			assert_int_equal(db_row(&rows, i)[0].i, i + 1);
			assert_string_equal(db_row(&rows, i)[1].s.p, text);
			assert_int_equal(db_row(&rows, i)[2].null, (i + 1) % 2);
		}
	}
	fixture_down(&f);
}

static void
test_db__decimals_and_dates_fit_the_letters(void **state)
{
	static const struct sql q = { "SELECT SUM(seq), AVG(seq), COUNT(*), CAST('2026-11-23' AS DATE) FROM seq_1_to_4", "", "idit",
				      false };
	static const struct sql too_big = { "SELECT CAST(18446744073709551615 AS UNSIGNED)", "", "i", false };
	struct fixture f;
	struct db_rows rows;

	(void)state;
	fixture_up(&f, NULL);
	assert_int_equal(db_run(f.d, f.a, &q, DB_NO_ARGS, &rows), E_OK);
	assert_int_equal(db_row(&rows, 0)[0].i, 10);
	assert_true(db_row(&rows, 0)[1].d > 2.49 && db_row(&rows, 0)[1].d < 2.51);
	assert_int_equal(db_row(&rows, 0)[2].i, 4);
	assert_true(db_row(&rows, 0)[3].i == 1795392000000);
	assert_int_equal(db_run(f.d, f.a, &too_big, DB_NO_ARGS, &rows), E_INTERNAL);
	assert_non_null(strstr(last_log, "does not fit"));
	fixture_down(&f);
}

static void
test_db__small_arena_is_a_value_and_the_connection_lives(void **state)
{
	struct fixture f;
	struct arena *small = arena_new(1024, 4096);
	struct db_rows rows;
	uint64_t epoch;
	int64_t one;

	(void)state;
	fixture_up(&f, NULL);
	assert_int_equal(run_int(&f, &statements[S_PING], &one), E_OK);
	epoch = db_epoch(f.d);
	assert_int_equal(db_run(f.d, small, &statements[S_NAMES], DB_NO_ARGS, &rows), E_NOMEM);
	assert_int_equal(run_int(&f, &statements[S_PING], &one), E_OK);
	assert_int_equal(one, 1);
	assert_int_equal(db_epoch(f.d), epoch);
	arena_free(small);
	fixture_down(&f);
}

static void
test_db__changes_report_ids_and_changed_rows(void **state)
{
	struct fixture f;
	struct db_rows rows;

	(void)state;
	fixture_up(&f, NULL);
	assert_int_equal(db_run(f.d, f.a, &statements[S_ADD], DB_ARGS(db_text(SPAN("a"))), &rows), E_OK);
	assert_true(rows.insert_id > 0);
	assert_int_equal(rows.affected, 1);
	assert_int_equal(db_run(f.d, f.a, &statements[S_BUMP], DB_ARGS(db_text(SPAN("a"))), &rows), E_OK);
	assert_int_equal(rows.affected, 0); /* changed, not found, rows */
	assert_int_equal(db_run(f.d, f.a, &statements[S_ADD], DB_ARGS(db_text(SPAN("a"))), &rows), E_STALE);
	assert_string_equal(last_log, "");
	fixture_down(&f);
}

static void
test_db__wrong_shape_is_internal_and_logged(void **state)
{
	static const struct {
		struct sql q;
		const char *log;
	} cases[] = {
		{ { "SELECT 1, 2", "", "i", false }, "2 columns instead of 1" },
		{ { "SELECT 1", "", "", false }, "1 columns instead of 0" },
		{ { "SELECT 1 + ?", "", "i", false }, "1 parameters instead of 0" },
		{ { "SELECT x FROM missing", "", "i", false }, "missing" },
		{ { "INSERT INTO one (name) VALUES ('far too long for twenty letters')", "", "", false }, "1406" },
	};
	struct fixture f;
	struct db_rows rows;
	int64_t one;

	(void)state;
	fixture_up(&f, NULL);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		last_log[0] = '\0';
		assert_int_equal(db_run(f.d, f.a, &cases[i].q, DB_NO_ARGS, &rows), E_INTERNAL);
		assert_non_null(strstr(last_log, cases[i].log));
	}
	assert_int_equal(run_int(&f, &statements[S_PING], &one), E_OK);
	assert_int_equal(db_epoch(f.d), 1);
	fixture_down(&f);
}

static void
test_db__errors_that_quote_a_value_are_not_logged(void **state)
{
	static const struct sql q = { "INSERT INTO v (id, at) VALUES (200, ?)", "s", "", false };
	struct fixture f;

	(void)state;
	fixture_up(&f, NULL);
	assert_int_equal(db_run(f.d, f.a, &q, DB_ARGS(db_text(SPAN("9830012345"))), NULL), E_INTERNAL);
	assert_non_null(strstr(last_log, "1292"));
	assert_null(strstr(last_log, "9830012345"));
	fixture_down(&f);
}

static void
test_db__procedures_answer_one_set_and_leave_nothing_open(void **state)
{
	static const struct {
		struct sql q;
		enum status st;
		const char *log;
		const char *row;
	} cases[] = {
		{ { "CALL two_results(?)", "i", "is", false }, E_OK, "", NULL },
		{ { "CALL refuses(?)", "i", "i", false }, E_INTERNAL, "no such level", NULL },
		{ { "CALL stays_open(?)", "i", "", true }, E_INTERNAL, "left its transaction open", "open" },
		{ { "CALL fails_open(?)", "i", "", true }, E_INTERNAL, "1644", "failed" },
	};
	struct fixture f;
	struct db_rows rows;
	char text[80];
	int64_t one;

	(void)state;
	fixture_up(&f, NULL);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		last_log[0] = '\0';
		assert_int_equal(db_run(f.d, f.a, &cases[i].q, DB_ARGS(db_int(0)), &rows), cases[i].st);
		assert_non_null(strstr(last_log, cases[i].log));
		if (cases[i].st == E_OK) {
			assert_int_equal(rows.n, 1);
			assert_int_equal(db_row(&rows, 0)[0].i, 7);
			assert_string_equal(db_row(&rows, 0)[1].s.p, "seven");
		}
		/* the connection is in step, and in no transaction: a later change is committed */
		assert_int_equal(run_int(&f, &statements[S_PING], &one), E_OK);
		assert_int_equal(one, 1);
		if (cases[i].row == NULL)
			continue;
		(void)snprintf(text, sizeof(text), "after %s", cases[i].row);
		assert_int_equal(db_run(f.d, f.a, &statements[S_ADD], DB_ARGS(db_text(span_of(text))), NULL), E_OK);
		(void)snprintf(text, sizeof(text), "SELECT COUNT(*) FROM one WHERE name LIKE '%%%s'", cases[i].row);
		assert_int_equal(private_number(&maria, text), 1);
	}
	assert_int_equal(db_epoch(f.d), 1);
	fixture_down(&f);
}

static void
test_db__check_finds_a_foreign_schema(void **state)
{
	static const struct {
		struct sql q;
		enum status st;
	} cases[] = {
		{ { "SELECT id, name FROM one WHERE id = ?", "i", "is", false }, E_OK },
		{ { "SELECT id, name FROM one WHERE id = ?", "i", "i", false }, E_INTERNAL },
		{ { "SELECT id, name FROM one WHERE id = ?", "", "is", false }, E_INTERNAL },
		{ { "SELECT id, gone FROM one", "", "is", false }, E_INTERNAL },
		{ { "DELETE FROM one WHERE id = ?", "i", "", false }, E_OK },
		{ { "CALL checked(?, ?)", "is", "is", false }, E_OK },
		{ { "CALL checked(?, ?)", "is", "iss", false }, E_INTERNAL },
		{ { "CALL checked(?, ?)", "ss", "is", false }, E_INTERNAL },
		{ { "CALL checked(?)", "i", "is", false }, E_INTERNAL },
		{ { "CALL missing(?)", "i", "is", false }, E_INTERNAL },
	};
	struct fixture f;
	struct sql both[2];

	(void)state;
	fixture_up(&f, NULL);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		last_log[0] = '\0';
		assert_int_equal(db_check(f.d, &cases[i].q, 1), cases[i].st);
		assert_int_equal(last_log[0] == '\0', cases[i].st == E_OK);
	}
	both[0] = cases[1].q;
	both[1] = cases[0].q;
	assert_int_equal(db_check(f.d, both, 2), E_INTERNAL);
	fixture_down(&f);
}

static void
test_db__session_is_what_the_rules_say(void **state)
{
	static const struct sql q = { "SELECT CONCAT_WS(' ', @@time_zone, @@tx_isolation, @@innodb_snapshot_isolation, "
				      "@@innodb_lock_wait_timeout, @@autocommit,"
				      " @@character_set_client, @@character_set_results), @@sql_mode,"
				      " CAST(@@idle_transaction_timeout AS SIGNED)",
				      "", "ssi", false };
	struct fixture f;
	struct db_rows rows;

	(void)state;
	fixture_up(&f, NULL);
	assert_int_equal(db_run(f.d, f.a, &q, DB_NO_ARGS, &rows), E_OK);
	assert_string_equal(db_row(&rows, 0)[0].s.p, "+00:00 REPEATABLE-READ ON 1 ON utf8mb4 utf8mb4");
	assert_non_null(strstr(db_row(&rows, 0)[1].s.p, "STRICT_ALL_TABLES"));
	/* rows locked by a host that lost power are free again within seconds, not when TCP gives up */
	assert_in_range(db_row(&rows, 0)[2].i, 10, 30);
	fixture_down(&f);
}

static void
test_db__lock_wait_is_a_conflict_not_a_lost_connection(void **state)
{
	static const struct sql q = { "UPDATE one SET version = version + 1 WHERE name = 'lock'", "", "", false };
	struct fixture f;
	MYSQL *other = private_connect(&maria, "ekmc");

	(void)state;
	fixture_up(&f, NULL);
	assert_int_equal(mysql_query(other, "INSERT INTO one (name) VALUES ('lock')"), 0);
	assert_int_equal(mysql_query(other, "START TRANSACTION"), 0);
	assert_int_equal(mysql_query(other, "UPDATE one SET version = 5 WHERE name = 'lock'"), 0);
	assert_int_equal(db_run(f.d, f.a, &q, DB_NO_ARGS, NULL), E_CONFLICT);
	assert_int_equal(db_epoch(f.d), 1);
	mysql_close(other);
	fixture_down(&f);
}

static void
test_db__script_runs_many_and_says_why_not(void **state)
{
	struct fixture f;
	const char *why = NULL;
	static const char good[] =
		"CREATE TABLE script (n INT); INSERT INTO script VALUES (1); SELECT * FROM script; INSERT INTO script VALUES (2)";
	static const char bad[] = "INSERT INTO script VALUES (3); INSERT INTO nowhere VALUES (4)";

	(void)state;
	fixture_up(&f, NULL);
	assert_int_equal(db_script(f.d, f.a, good, sizeof(good) - 1, &why), E_OK);
	assert_int_equal(private_number(&maria, "SELECT SUM(n) FROM script"), 3);
	assert_int_equal(db_script(f.d, f.a, bad, sizeof(bad) - 1, &why), E_INTERNAL);
	assert_non_null(strstr(why, "nowhere"));
	fixture_down(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_db__types_round_trip),
		cmocka_unit_test(test_db__null_is_null_in_every_type),
		cmocka_unit_test(test_db__many_rows_keep_order_and_values),
		cmocka_unit_test(test_db__decimals_and_dates_fit_the_letters),
		cmocka_unit_test(test_db__small_arena_is_a_value_and_the_connection_lives),
		cmocka_unit_test(test_db__changes_report_ids_and_changed_rows),
		cmocka_unit_test(test_db__wrong_shape_is_internal_and_logged),
		cmocka_unit_test(test_db__errors_that_quote_a_value_are_not_logged),
		cmocka_unit_test(test_db__procedures_answer_one_set_and_leave_nothing_open),
		cmocka_unit_test(test_db__check_finds_a_foreign_schema),
		cmocka_unit_test(test_db__session_is_what_the_rules_say),
		cmocka_unit_test(test_db__lock_wait_is_a_conflict_not_a_lost_connection),
		cmocka_unit_test(test_db__script_runs_many_and_says_why_not),
	};

	return cmocka_run_group_tests(tests, group_up, group_down);
}
