/* What the clock does and leaves alone, on a MariaDB of the test's own. Time passes by moving stored times back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "clocked.h"
#include "domain/due.h"
#include "domain/purge.h"

#define MANY 300

static PRINTF(1, 2) long long number(const char *fmt, ...)
{
	char query[600];
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(query, sizeof(query), fmt, args);
	va_end(args);
	return private_number(&maria, query);
}

static PRINTF(1, 2) void sql(const char *fmt, ...)
{
	char text[1000];
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	assert_true(private_sql(&maria, text));
}

static long long
events(int id, const char *action)
{
	return number("SELECT COUNT(*) FROM complaint_event WHERE complaint_id = %d AND action = '%s'", id, action);
}

static bool
is(int id, const char *in_state, int level)
{
	return number("SELECT COUNT(*) FROM complaint WHERE id = %d AND state = '%s' AND level = %d", id, in_state, level) == 1;
}

/* ---- the table */

static void
test_chores__each_has_a_name_a_lane_and_work(void **state UNUSED)
{
	for (size_t i = 0; i < chores_n; i++) {
		assert_in_range(strlen(chores[i].name), 1, 30); /* lease.name */
		assert_in_range(chores[i].lane, 0, LANE__COUNT - 1);
		assert_in_range(chores[i].every_s, 0, 3600);
		assert_non_null(chores[i].run);
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(chores[i].name, chores[k].name);
	}
}

static void
test_chores__the_statements_fit_the_schema(void **state UNUSED)
{
	assert_int_equal(chores_ready(keeper), E_OK);
	assert_true(keeper->checked);
	assert_int_equal(count("lease"), (long long)chores_n);
	assert_int_equal(keeper->directory->rules.reopen_window_ms, 240 * HOUR_MS);
}

static void
test_chores__only_one_host_does_a_chore_at_a_time(void **state UNUSED)
{
	struct chore_run run;
	struct lease theirs;

	clocked_reset();
	put(1, 1, "ASSIGNED", 0, 25);
	assert_int_equal(lease_make(keeper->db, chores[0].name), E_OK);
	assert_int_equal(lease_take(keeper->db, keeper->arena, chores[0].name, 60000, true, &theirs), E_OK);
	assert_int_equal(chore_do(keeper, &chores[0], true, &run), E_STALE);
	assert_true(is(1, "ASSIGNED", 0));
	assert_int_equal(lease_end(keeper->db, &theirs, 0, CLOCK_NONE), E_OK);
	assert_int_equal(chore_do(keeper, &chores[0], false, &run), E_OK);
	assert_true(is(1, "ESCALATED", 1));
	/* and not again before its time */
	assert_int_equal(chore_do(keeper, &chores[0], false, &run), E_STALE);
}

/* ---- escalation */

static void
test_chores__a_breach_goes_up_level_by_level(void **state UNUSED)
{
	struct chore_run run;

	clocked_reset();
	put(1, 1, "ASSIGNED", 0, 23.9);
	put(2, 2, "ASSIGNED", 0, 24.1);
	put(3, 3, "UNASSIGNED", 0, 25);
	put(4, 4, "IN_PROGRESS", 0, 25);
	put(5, 5, "REASSIGN_REQUESTED", 0, 25);
	put(6, 6, "AWAITING_CITIZEN", 0, 25);
	put(7, 7, "RESOLVED", 0, 25);
	put(8, 8, "ESCALATED", 2, 25);
	run = chore("escalate");
	assert_int_equal(run.done, 4);
	assert_int_equal(run.failed, 0);
	assert_in_range(run.lag_ms, HOUR_MS - 1000, HOUR_MS + 60000);
	assert_true(is(1, "ASSIGNED", 0) && is(6, "AWAITING_CITIZEN", 0) && is(7, "RESOLVED", 0) && is(8, "ESCALATED", 2));
	for (int id = 2; id <= 5; id++) {
		assert_true(is(id, "ESCALATED", 1));
		assert_int_equal(events(id, "escalate"), 1);
		assert_int_equal(number("SELECT COUNT(*) FROM outbox WHERE complaint_id = %d AND recipient = 'citizen'", id), 1);
		assert_int_equal(number("SELECT COUNT(*) FROM outbox WHERE complaint_id = %d AND recipient_id = 6", id), 1);
		/* half the promise for the first level, and the promise stands */
		assert_int_equal(number("SELECT ROUND(TIMESTAMPDIFF(SECOND, UTC_TIMESTAMP(), escalate_at) / 3600) FROM complaint"
					" WHERE id = %d",
					id),
				 12);
		assert_int_equal(number("SELECT due_at = lodged_at + INTERVAL 24 HOUR AND holder_id IS NULL FROM complaint WHERE "
					"id = %d",
					id),
				 1);
	}
	assert_int_equal(chore("escalate").done, 0);
	sql("UPDATE complaint SET escalate_at = escalate_at - INTERVAL 13 HOUR WHERE id IN (2, 3)");
	assert_int_equal(chore("escalate").done, 2);
	assert_true(is(2, "ESCALATED", 2) && is(3, "ESCALATED", 2) && is(4, "ESCALATED", 1));
	assert_int_equal(number("SELECT COUNT(*) FROM complaint WHERE id IN (2, 3) AND escalate_at IS NULL"), 2);
	assert_int_equal(number("SELECT COUNT(*) FROM outbox WHERE complaint_id = 2 AND recipient_id = 7"), 1);
	assert_int_equal(chore("escalate").done, 0);
	assert_int_equal(number("SELECT COUNT(*) FROM complaint_event WHERE action = 'escalate' AND actor_kind = 'system' AND"
				" actor_id IS NULL"),
			 6);
}

static void
test_chores__a_directed_breach_of_level_two_goes_back_there(void **state UNUSED)
{
	clocked_reset();
	put(1, 1, "ASSIGNED", 2, 25);
	assert_int_equal(chore("escalate").done, 1);
	assert_true(is(1, "ESCALATED", 2));
	assert_int_equal(number("SELECT escalate_at IS NULL AND holder_id IS NULL FROM complaint WHERE id = 1"), 1);
	assert_int_equal(chore("escalate").done, 0);
}

/* More than are read at once, and more than fit into one batch. */
static void
test_chores__many_breaches_make_one_event_each(void **state UNUSED)
{
	clocked_reset();
	put(1, 2345, "ASSIGNED", 0, 25);
	assert_int_equal(chore("escalate").done, 2345);
	assert_int_equal(
		number("SELECT COUNT(*) FROM complaint WHERE state = 'ESCALATED' AND level = 1 AND version = 2 AND event_count = "
		       "2"),
		2345);
	assert_int_equal(count("complaint_event"), 2 * 2345);
}

static void *
sweep_again(void *arg)
{
	struct keeper *k = keeper_new(&conf, seal, 1);
	struct chore_run run = { .chore = &chores[0], .keeper = k };
	const char *name = arg;
	enum status st;

	if (k == NULL || chores_ready(k) != E_OK || lease_make(k->db, name) != E_OK ||
	    lease_take(k->db, k->arena, name, 60000, true, &run.lease) != E_OK)
		return (void *)(intptr_t)-1;
	st = chores[0].run(&run);
	keeper_free(k);
	return (void *)(intptr_t)(st == E_OK && run.failed == 0 ? run.done : -1);
}

/* Each believes that the lease is its own. */
static void
test_chores__two_clocks_that_overlap_do_nothing_twice(void **state UNUSED)
{
	static char names[4][4] = { "a", "b", "c", "d" };
	pthread_t threads[ARRAY_LEN(names)];
	intptr_t done = 0;

	clocked_reset();
	put(1, MANY, "ASSIGNED", 0, 25);
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		assert_int_equal(pthread_create(&threads[i], NULL, sweep_again, names[i]), 0);
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		void *n;

		assert_int_equal(pthread_join(threads[i], &n), 0);
		assert_true((intptr_t)n >= 0);
		done += (intptr_t)n;
	}
	assert_int_equal(done, MANY);
	assert_int_equal(number("SELECT COUNT(*) FROM complaint_event WHERE action = 'escalate'"), MANY);
	assert_int_equal(number("SELECT COUNT(*) FROM complaint WHERE state = 'ESCALATED' AND level = 1"), MANY);
	assert_int_equal(number("SELECT COUNT(*) FROM outbox WHERE recipient = 'citizen'"), MANY);
}

static void
test_chores__one_that_cannot_be_moved_does_not_stop_the_others(void **state UNUSED)
{
	struct chore_run run;

	clocked_reset();
	put(1, MANY, "ASSIGNED", 0, 25);
	sql("CREATE TRIGGER broken BEFORE INSERT ON complaint_event FOR EACH ROW"
	    " IF NEW.complaint_id IN (7, 120) AND NEW.seq = 2 THEN SIGNAL SQLSTATE '45000'; END IF");
	/* an event that stands in the way for ever is no race that somebody else has won */
	sql("INSERT INTO complaint_event SELECT complaint_id, 2, at, 'x', NULL, to_state, level, actor_kind, actor_id, office, "
	    "note, "
	    "internal,"
	    " detail, hash FROM complaint_event WHERE complaint_id = 33");
	run = chore("escalate");
	sql("DROP TRIGGER broken");
	assert_int_equal(run.done, MANY - 3);
	assert_int_equal(run.failed, 3);
	assert_true(is(7, "ASSIGNED", 0) && is(120, "ASSIGNED", 0) && is(33, "ASSIGNED", 0));
	assert_int_equal(number("SELECT COUNT(*) FROM complaint WHERE state = 'ESCALATED'"), MANY - 3);
	assert_int_equal(chore("escalate").done, 2);
}

/* An officer's transaction holds one of the rows: the others do not wait for it. */
static void
test_chores__a_locked_complaint_does_not_stop_the_others(void **state UNUSED)
{
	struct chore_run run;
	MYSQL *officer;

	clocked_reset();
	put(1, 20, "ASSIGNED", 0, 25);
	officer = private_connect(&maria, "ekmc");
	assert_non_null(officer);
	assert_int_equal(mysql_query(officer, "BEGIN"), 0);
	assert_int_equal(mysql_query(officer, "UPDATE complaint SET version = version + 1 WHERE id = 4"), 0);
	run = chore("escalate");
	assert_int_equal(mysql_query(officer, "ROLLBACK"), 0);
	mysql_close(officer);
	assert_int_equal(run.done, 19);
	assert_int_equal(run.failed, 1);
	assert_true(is(4, "ASSIGNED", 0) && is(5, "ESCALATED", 1));
	assert_int_equal(chore("escalate").done, 1);
}

/* ---- the other moves */

static void
test_chores__one_that_cannot_be_vacated_does_not_stop_the_others(void **state UNUSED)
{
	struct chore_run run;

	clocked_reset();
	put(1, 120, "ASSIGNED", 0, 1);
	sql("UPDATE complaint SET holder_id = 1; UPDATE staff SET active = FALSE WHERE id = 1");
	sql("CREATE TRIGGER broken BEFORE INSERT ON complaint_event FOR EACH ROW"
	    " IF NEW.complaint_id = 7 THEN SIGNAL SQLSTATE '45000'; END IF");
	run = chore("vacate");
	sql("DROP TRIGGER broken");
	assert_int_equal(run.done, 119);
	assert_int_equal(run.failed, 1);
	assert_true(is(7, "ASSIGNED", 0) && is(8, "UNASSIGNED", 0) && is(120, "UNASSIGNED", 0));
	assert_int_equal(chore("vacate").done, 1);
	assert_int_equal(chore("vacate").done, 0);
	sql("UPDATE staff SET active = TRUE WHERE id = 1");
}

static void
test_chores__overdue_level_two_is_told_once(void **state UNUSED)
{
	clocked_reset();
	put(1, 1, "ESCALATED", 2, 25);
	put(2, 2, "ESCALATED", 2, 23);
	put(3, 3, "ESCALATED", 1, 23);
	put(4, 4, "RESOLVED", 2, 25);
	put(5, 5, "AWAITING_CITIZEN", 2, 25);
	put(6, 6, "IN_PROGRESS", 2, 25);
	sql("INSERT IGNORE INTO notification_rule (event, to_state, audience, destination, template)"
	    " VALUES ('overdue', '', 'controlling', 'sms', 'co_overdue')");
	assert_int_equal(chore("overdue").done, 2);
	assert_int_equal(number("SELECT COUNT(*) FROM complaint WHERE overdue_told"), 2);
	assert_int_equal(number("SELECT COUNT(*) FROM complaint WHERE overdue_told AND id IN (1, 6) AND version = 1"), 2);
	assert_int_equal(count("complaint_event"), 6);
	assert_int_equal(chore("overdue").done, 0);
	sql("UPDATE complaint SET due_at = due_at - INTERVAL 2 HOUR WHERE id = 2");
	assert_int_equal(chore("overdue").done, 1);
	assert_int_equal(chore("overdue").done, 0);
}

static void
test_chores__who_does_not_answer_is_no_longer_waited_for(void **state UNUSED)
{
	clocked_reset();
	put(1, 1, "AWAITING_CITIZEN", 0, 71.99);
	put(2, 2, "AWAITING_CITIZEN", 0, 72.01);
	assert_int_equal(chore("resume").done, 1);
	assert_true(is(1, "AWAITING_CITIZEN", 0) && is(2, "ASSIGNED", 0));
	/* the clocks stood for as long as it waited */
	assert_int_equal(
		number("SELECT ROUND(TIMESTAMPDIFF(SECOND, UTC_TIMESTAMP(), escalate_at) / 3600) FROM complaint WHERE id = 2"), 24);
	assert_int_equal(
		number("SELECT due_at = escalate_at AND waiting_since IS NULL AND holder_id = 1 FROM complaint WHERE id = 2"), 1);
	assert_int_equal(events(2, "resume"), 1);
	sql("UPDATE setting SET value = 1 WHERE name = 'wait_citizen_days'; UPDATE directory_version SET version = version + 1");
	assert_int_equal(chore("resume").done, 1);
	sql("UPDATE setting SET value = 3 WHERE name = 'wait_citizen_days'; UPDATE directory_version SET version = version + 1");
}

static void
test_chores__closes_a_second_after_the_window_and_not_before(void **state UNUSED)
{
	clocked_reset();
	put(1, 1, "RESOLVED", 0, 240 - 5.0 / 3600);
	put(2, 2, "RESOLVED", 0, 240 + 1.0 / 3600);
	put(3, 3, "REJECTED", 1, 241);
	put(4, 4, "WITHDRAWN", 0, 241);
	assert_int_equal(chore("close").done, 2);
	assert_true(is(1, "RESOLVED", 0) && is(2, "CLOSED", 0) && is(3, "CLOSED", 1) && is(4, "WITHDRAWN", 0));
	assert_int_equal(
		number("SELECT COUNT(*) FROM complaint WHERE closed_by_clock AND id IN (2, 3) AND resolved_at IS NOT NULL"), 2);
	assert_int_equal(events(2, "close"), 1);
	assert_int_equal(count("outbox"), 0);
	sql("UPDATE complaint SET resolved_at = resolved_at - INTERVAL 6 SECOND WHERE id = 1");
	assert_int_equal(chore("close").done, 1);
	assert_int_equal(chore("close").done, 0);
}

/* ---- what it costs */

static long long
rows_read(enum due_kind kind)
{
	static const struct sql reads = { "SELECT CAST(SUM(VARIABLE_VALUE) AS SIGNED) FROM information_schema.SESSION_STATUS WHERE"
					  " VARIABLE_NAME IN ('HANDLER_READ_KEY', 'HANDLER_READ_NEXT', 'HANDLER_READ_PREV',"
					  " 'HANDLER_READ_FIRST', 'HANDLER_READ_RND_NEXT')",
					  "", "i", false };
	static const struct due start;
	const struct due *list;
	struct db_rows rows;
	long long before;
	size_t n;

	assert_int_equal(db_run(keeper->db, keeper->arena, &reads, DB_NO_ARGS, &rows), E_OK);
	before = db_row(&rows, 0)[0].i;
	assert_int_equal(due_list(keeper->db, keeper->arena, kind, clock_now_ms(), &start, 2000, &list, &n), E_OK);
	assert_int_equal(n, 0);
	assert_int_equal(db_run(keeper->db, keeper->arena, &reads, DB_NO_ARGS, &rows), E_OK);
	return db_row(&rows, 0)[0].i - before;
}

static void
test_chores__closed_complaints_cost_the_clock_nothing(void **state UNUSED)
{
	long long before[DUE__COUNT];

	clocked_reset();
	for (int kind = 0; kind < DUE__COUNT; kind++)
		before[kind] = rows_read((enum due_kind)kind);
	put(1, 3000, "CLOSED", 0, 1000);
	put(3001, 4000, "WITHDRAWN", 2, 1000);
	put(4001, 5000, "CLOSED", 2, 1000);
	put(5001, 6000, "ASSIGNED", 0, 1);
	for (int kind = 0; kind < DUE__COUNT; kind++)
		assert_in_range(rows_read((enum due_kind)kind), 0, before[kind] + 3);
}

/* ---- the purge */

static void
test_chores__purges_what_is_old_and_keeps_what_is_younger(void **state UNUSED)
{
	struct chore_run run;

	clocked_reset();
	sql("INSERT INTO idempotency SELECT UNHEX(SHA2(seq, 256)), '', 201, '', UTC_TIMESTAMP(3) - INTERVAL IF(seq <= 1200, 24, "
	    "23) HOUR"
	    " - INTERVAL 59 MINUTE FROM seq_1_to_1210");
	sql("INSERT INTO session (token_hash, citizen_id, created_at, expires_at, revoked_at) VALUES"
	    " ('old', 1, UTC_TIMESTAMP(3), UTC_TIMESTAMP(3) - INTERVAL 25 HOUR, NULL),"
	    " ('ended', 1, UTC_TIMESTAMP(3), UTC_TIMESTAMP(3) - INTERVAL 1 HOUR, NULL),"
	    " ('live', 1, UTC_TIMESTAMP(3), UTC_TIMESTAMP(3) + INTERVAL 1 HOUR, NULL),"
	    " ('revoked', 1, UTC_TIMESTAMP(3), UTC_TIMESTAMP(3) + INTERVAL 20 DAY, UTC_TIMESTAMP(3) - INTERVAL 25 HOUR),"
	    " ('just revoked', 1, UTC_TIMESTAMP(3), UTC_TIMESTAMP(3) + INTERVAL 20 DAY, UTC_TIMESTAMP(3))");
	sql("INSERT INTO otp (id, mobile_index, mobile_sealed, address_index, code_tag, language, created_at, expires_at)"
	    " SELECT seq, '', '', '', '', 'en', UTC_TIMESTAMP(3) - INTERVAL seq DAY, UTC_TIMESTAMP(3) - INTERVAL seq DAY FROM "
	    "seq_1_to_4");
	sql("INSERT INTO otp_gate SELECT seq, UTC_TIMESTAMP(3) - INTERVAL seq DAY FROM seq_1_to_4");
	sql("INSERT INTO otp_day SELECT CURRENT_DATE - INTERVAL a.seq * 30 DAY, b.seq, 1 FROM seq_0_to_4 a, seq_0_to_15 b");
	run = chore("purge");
	assert_int_equal(run.done, 1200 + 2 + 3 + 3 + 2 * 16);
	assert_int_equal(count("idempotency"), 10);
	assert_int_equal(count("session WHERE token_hash IN (RPAD('ended', 32, '\\0'), RPAD('live', 32, '\\0'),"
			       " RPAD('just revoked', 32, '\\0'))"),
			 3);
	assert_int_equal(count("session"), 3);
	assert_int_equal(count("otp"), 1);
	assert_int_equal(count("otp_gate"), 1);
	assert_int_equal(count("otp_day"), 3 * 16);
	assert_int_equal(chore("purge").done, 0);
}

static void
test_chores__what_settled_messages_said_is_erased_after_ninety_days(void **state UNUSED)
{
	clocked_reset();
	sql("INSERT INTO outbox (destination, recipient, recipient_id, template, language, payload_sealed, state, not_before, "
	    "created_at,"
	    " settled_at) SELECT 'sms', 'citizen', 1, 't', 'bn', 'sealed', IF(seq > 1600, 'new', 'done'), UTC_TIMESTAMP(3),"
	    " UTC_TIMESTAMP(3), IF(seq > 1600, NULL, UTC_TIMESTAMP(3) - INTERVAL IF(seq <= 1500, 90, 89) DAY - INTERVAL 23 HOUR)"
	    " FROM seq_1_to_1700");
	assert_int_equal(chore("erase").done, 1500);
	assert_int_equal(count("outbox WHERE payload_sealed IS NULL AND settled_at < UTC_TIMESTAMP() - INTERVAL 90 DAY"), 1500);
	assert_int_equal(count("outbox WHERE payload_sealed IS NULL"), 1500);
	assert_int_equal(count("outbox"), 1700);
	/* it goes on where it stood */
	assert_int_equal(
		number("SELECT done_for = (SELECT MAX(settled_at) FROM outbox WHERE payload_sealed IS NULL) FROM lease WHERE name "
		       "= 'erase'"),
		1);
	sql("UPDATE outbox SET settled_at = settled_at - INTERVAL 2 HOUR WHERE payload_sealed IS NOT NULL AND state = 'done'");
	(void)chore("erase");
	assert_int_equal(count("outbox WHERE payload_sealed IS NULL"), 1600);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_chores__each_has_a_name_a_lane_and_work),
		cmocka_unit_test(test_chores__the_statements_fit_the_schema),
		cmocka_unit_test(test_chores__only_one_host_does_a_chore_at_a_time),
		cmocka_unit_test(test_chores__a_breach_goes_up_level_by_level),
		cmocka_unit_test(test_chores__a_directed_breach_of_level_two_goes_back_there),
		cmocka_unit_test(test_chores__many_breaches_make_one_event_each),
		cmocka_unit_test(test_chores__two_clocks_that_overlap_do_nothing_twice),
		cmocka_unit_test(test_chores__one_that_cannot_be_moved_does_not_stop_the_others),
		cmocka_unit_test(test_chores__a_locked_complaint_does_not_stop_the_others),
		cmocka_unit_test(test_chores__one_that_cannot_be_vacated_does_not_stop_the_others),
		cmocka_unit_test(test_chores__overdue_level_two_is_told_once),
		cmocka_unit_test(test_chores__who_does_not_answer_is_no_longer_waited_for),
		cmocka_unit_test(test_chores__closes_a_second_after_the_window_and_not_before),
		cmocka_unit_test(test_chores__closed_complaints_cost_the_clock_nothing),
		cmocka_unit_test(test_chores__purges_what_is_old_and_keeps_what_is_younger),
		cmocka_unit_test(test_chores__what_settled_messages_said_is_erased_after_ninety_days),
	};
	return cmocka_run_group_tests_name("chores", tests, clocked_up, clocked_down);
}
