/* Passwords and second factors: what opens an account, what guessing costs, and what nobody can tell from outside. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <liboath/oath.h>
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "domain/login.h"
#include "seeded.h"

#define PASSWORD "correct horse battery"
#define NEW      "staple the other horse"
#define STEP_MS  30000

static char own_hash[SEAL_PASSWORD_SIZE];

static int
group_up(void **state)
{
	if (seeded_up(state) != 0)
		return -1;
	return seal_password(SPAN(PASSWORD), own_hash) == E_OK ? 0 : -1;
}

static int
setup(void **state)
{
	char text[400];

	(void)state;
	seeded_reset();
	(void)snprintf(
		text, sizeof(text),
		"UPDATE staff SET failed_logins = 0, locked_until = NULL, totp_sealed = NULL, totp_since = NULL, totp_step = 0,"
		" must_change = TRUE, password_hash = IF(id IN (1, 5), '%s', NULL)",
		own_hash);
	assert_true(private_sql(&maria, text));
	arena_reset(one.a);
	return 0;
}

static enum status
try(struct hand *h, const char *user, const char *password, const char *code, int64_t now_ms, struct proof *p)
{
	struct session_new n = { .address = "127.0.0.1", .now_ms = now_ms, .expires_ms = now_ms + HOUR_MS };
	char token[SEAL_TOKEN_TEXT_SIZE];

	*p = (struct proof){ .user = span_of(user), .password = span_of(password), .code = span_of(code), .now_ms = now_ms };
	return login_open(h->db, h->a, seal, p, &n, token);
}

static enum status
login_code(const char *password, const char *code, int64_t now_ms)
{
	struct proof p;

	return try(&one, "lme1", password, code, now_ms, &p);
}

static enum status
login(const char *user, const char *password, int64_t now_ms)
{
	long long before = count("session");
	struct proof p;
	enum status st = try(&one, user, password, NULL, now_ms, &p);

	assert_int_equal(count("session"), before + (st == E_OK));
	assert_false(p.code_wrong);
	return st;
}

static long long
failed(void)
{
	return private_number(&maria, "SELECT failed_logins FROM staff WHERE id = 1");
}

/* -- passwords */

static void
test_login__a_password_opens_only_its_own_account(void **state)
{
	static const struct {
		const char *user, *password;
		enum status st;
	} cases[] = {
		{ "lme1", PASSWORD, E_OK },
		{ "LME1", PASSWORD, E_OK }, /* as people type */
		{ "lme1", "correct horse batter", E_LOGIN_WRONG },
		{ "lme1", "", E_LOGIN_WRONG },
		{ "lme2", PASSWORD, E_LOGIN_WRONG }, /* has none yet */
		{ "left", PASSWORD, E_LOGIN_WRONG },
		{ "nobody", PASSWORD, E_LOGIN_WRONG },
		{ "", PASSWORD, E_LOGIN_WRONG },
		{ "লাল", PASSWORD, E_LOGIN_WRONG },
		{ "lme1' OR '1'='1", PASSWORD, E_LOGIN_WRONG },
		{ "lme%", PASSWORD, E_LOGIN_WRONG },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_int_equal(login(cases[i].user, cases[i].password, MONDAY_MS), cases[i].st);
	assert_int_equal(count("session WHERE staff_id = 1 AND client = '127.0.0.*'"), 2);
}

static void
test_login__guessing_costs_more_each_time(void **state)
{
	/* seconds locked after the n-th wrong one in a row */
	static const int lock_s[] = { 0, 0, 0, 0, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900 };
	int64_t now = MONDAY_MS;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(lock_s); i++) {
		char query[200];

		assert_int_equal(login("lme1", "wrong", now), E_LOGIN_WRONG);
		(void)snprintf(
			query, sizeof(query),
			"SELECT IFNULL(TIMESTAMPDIFF(MICROSECOND, FROM_UNIXTIME(%lld / 1000), locked_until), 0) DIV 1000 FROM staff"
			" WHERE id = 1",
			(long long)now);
		assert_int_equal(private_number(&maria, query), lock_s[i] * 1000);
		if (lock_s[i] > 0 && i < 6) {
			/* while it is locked even the right one is refused, and counts for nothing */
			assert_int_equal(login("lme1", PASSWORD, now + lock_s[i] * 1000 - 1), E_LOGIN_WRONG);
			assert_int_equal(login("lme1", "wrong", now + lock_s[i] * 1000 - 1), E_LOGIN_WRONG);
		}
		now += lock_s[i] * 1000;
	}
	assert_int_equal(failed(), ARRAY_LEN(lock_s));
	assert_int_equal(login("lme1", PASSWORD, now), E_OK); /* to the millisecond of its end */
	assert_int_equal(count("staff WHERE id = 1 AND failed_logins = 0 AND locked_until IS NULL"), 1);
	assert_int_equal(login("lme1", "wrong", now), E_LOGIN_WRONG);
	assert_int_equal(login("lme1", PASSWORD, now), E_OK); /* one slip locks nobody out */
}

static atomic_int wrong, busy, opened;

static void *
guess(void *arg)
{
	struct hand h = hand_new();
	struct proof p;
	enum status st = try(&h, "lme1", arg, NULL, MONDAY_MS, &p);

	if (st == E_LOGIN_WRONG)
		atomic_fetch_add(&wrong, 1);
	else
		atomic_fetch_add(st == E_BUSY ? &busy : &opened, 1);
	hand_free(&h);
	return NULL;
}

/* The lock was looked at before the slow sum only: twenty at once were twenty guesses. */
static void
test_login__guesses_at_once_are_no_more_than_one_after_the_other(void **state)
{
	static char password[] = "wrong";
	pthread_t threads[THREADS];

	(void)state;
	atomic_store(&wrong, 0);
	atomic_store(&busy, 0);
	atomic_store(&opened, 0);
	assert_int_equal(login("lme1", "wrong", MONDAY_MS), E_LOGIN_WRONG);
	for (size_t i = 0; i < ARRAY_LEN(threads); i++)
		assert_int_equal(pthread_create(&threads[i], NULL, guess, password), 0);
	for (size_t i = 0; i < ARRAY_LEN(threads); i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	assert_int_equal(wrong + busy, THREADS);
	assert_true(wrong >= 4);
	assert_int_equal(failed(), 5);
	assert_int_equal(opened, 0);
}

static long long
server_status(const char *names)
{
	char query[300];

	(void)snprintf(
		query, sizeof(query),
		"SELECT CAST(SUM(VARIABLE_VALUE) AS SIGNED) FROM information_schema.GLOBAL_STATUS WHERE VARIABLE_NAME IN (%s)",
		names);
	return private_number(&maria, query);
}

/* Rows written by guesses up to now. */
static long long
written(void)
{
	return private_number(&maria, "SELECT SUM(failed_logins) + (SELECT COALESCE(SUM(TIMESTAMPDIFF(MICROSECOND, '2026-01-01',"
				      " touched_at)), 0) FROM otp_gate) FROM staff");
}

/* Whoever is refused costs the same statements and a transaction that writes: the clock tells nothing about a name. */
static void
test_login__a_refusal_costs_the_same_whoever_it_is(void **state)
{
	static const char *const users[] = { "lme1", "lme2", "left", "nobody", "locked", "" };
	static const char *const measures[] = { "'COM_STMT_EXECUTE'", "'COM_BEGIN'", "'COM_COMMIT'", "'COM_ROLLBACK'" };
	long long first[ARRAY_LEN(measures)] = { 0 };
	int64_t now = MONDAY_MS;

	(void)state;
	assert_true(private_sql(&maria, "INSERT INTO staff (user_name, name_en, name_bn, password_hash, locked_until)"
					" SELECT 'locked', 'L', 'L', password_hash, '2030-01-01' FROM staff WHERE id = 1"));
	for (size_t i = 0; i < ARRAY_LEN(users); i++)
		assert_int_equal(login(users[i], "wrong", now++), E_LOGIN_WRONG); /* statements are prepared */
	for (size_t i = 0; i < ARRAY_LEN(users); i++) {
		long long before[ARRAY_LEN(measures)], rows = written();
		struct proof p;

		for (size_t m = 0; m < ARRAY_LEN(measures); m++)
			before[m] = server_status(measures[m]);
		assert_int_equal(try(&one, users[i], "wrong", NULL, now++, &p), E_LOGIN_WRONG);
		for (size_t m = 0; m < ARRAY_LEN(measures); m++) {
			long long spent = server_status(measures[m]) - before[m];

			if (i == 0)
				first[m] = spent;
			assert_int_equal(spent, first[m]);
		}
		assert_int_not_equal(written(), rows);
	}
	assert_int_equal(first[0], 3);
	assert_int_equal(first[2], 1);
}

/* -- changing one's own */

static enum status
change(const char *password, int64_t now_ms, const uint8_t keep[static SEAL_HASH_BYTES])
{
	struct proof p = { .staff_id = 1, .password = span_of(password), .now_ms = now_ms };

	return login_password(one.db, one.a, seal, &p, SPAN(NEW), keep);
}

static void
test_login__a_new_password_ends_all_other_sessions(void **state)
{
	uint8_t mine[SEAL_HASH_BYTES], other[SEAL_HASH_BYTES], theirs[SEAL_HASH_BYTES];

	(void)state;
	session_for(&one, ACTOR_STAFF, 1, mine);
	session_for(&one, ACTOR_STAFF, 1, other);
	session_for(&one, ACTOR_STAFF, 2, theirs);
	assert_int_equal(change("wrong", MONDAY_MS, mine), E_LOGIN_WRONG);
	assert_int_equal(failed(), 1);
	assert_int_equal(count("session WHERE revoked_at IS NULL"), 3);
	assert_int_equal(count("staff WHERE id = 1 AND must_change"), 1);
	assert_int_equal(change(PASSWORD, MONDAY_MS, mine), E_OK);
	assert_int_equal(failed(), 0);
	assert_int_equal(count("staff WHERE id = 1 AND NOT must_change"), 1);
	assert_int_equal(count("session WHERE revoked_at IS NULL"), 2);
	assert_int_equal(count("session WHERE revoked_at IS NULL AND staff_id = 1"), 1);
	assert_int_equal(login("lme1", PASSWORD, MONDAY_MS), E_LOGIN_WRONG);
	assert_int_equal(login("lme1", NEW, MONDAY_MS), E_OK);
}

static void
test_login__a_stolen_session_cannot_guess_the_password(void **state)
{
	uint8_t mine[SEAL_HASH_BYTES];

	(void)state;
	session_for(&one, ACTOR_STAFF, 1, mine);
	for (int i = 0; i < 5; i++)
		assert_int_equal(change("wrong", MONDAY_MS, mine), E_LOGIN_WRONG);
	assert_int_equal(change(PASSWORD, MONDAY_MS, mine), E_LOGIN_WRONG);
	assert_int_equal(login("lme1", PASSWORD, MONDAY_MS), E_LOGIN_WRONG); /* one lock for all ways in */
	assert_int_equal(change(PASSWORD, MONDAY_MS + 2000, mine), E_OK);
}

static void *
log_in_later(void *arg)
{
	struct hand h = hand_new();
	struct proof p;

	*(enum status *)arg = try(&h, "lme1", PASSWORD, NULL, MONDAY_MS, &p);
	hand_free(&h);
	return NULL;
}

static void
wait_for_the_lock(void)
{
	const struct timespec pause = { .tv_nsec = 150000000 }; /* the server keeps this table for 100 ms after each look */

	for (int i = 0; i < 40; i++) {
		if (private_number(&maria, "SELECT COUNT(*) FROM information_schema.INNODB_TRX WHERE trx_state = 'LOCK WAIT'") > 0)
			return;
		(void)nanosleep(&pause, NULL);
	}
	fail_msg("nobody waits for the row");
}

/* A login that was under way with the old password must not outlive the change. */
static void
test_login__an_old_password_opens_nothing_once_it_is_changed(void **state)
{
	static const struct sql lock = { "UPDATE staff SET password_hash = 'another' WHERE id = 1", "", "", false };
	enum status st = E_OK;
	pthread_t thread;

	(void)state;
	assert_int_equal(db_begin(one.db), E_OK);
	assert_int_equal(db_run(one.db, one.a, &lock, DB_NO_ARGS, NULL), E_OK);
	assert_int_equal(pthread_create(&thread, NULL, log_in_later, &st), 0);
	wait_for_the_lock();
	assert_int_equal(db_commit(one.db), E_OK);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(st, E_LOGIN_WRONG);
	assert_int_equal(count("session"), 0);
	assert_int_equal(failed(), 0);
}

/* -- the second factor */

static const char *
code_at(const uint8_t secret[static TOTP_SECRET_BYTES], int64_t at_ms)
{
	char *code = arena_alloc(one.a, TOTP_DIGITS + 1);

	assert_int_equal(oath_totp_generate((const char *)secret, TOTP_SECRET_BYTES, (time_t)(at_ms / 1000), TOTP_STEP_S, 0,
					    TOTP_DIGITS, code),
			 OATH_OK);
	return code;
}

static const char *
wrong_code(const char *right)
{
	char *code = arena_strdup(one.a, right);

	assert_non_null(code);
	code[5] = code[5] == '0' ? '1' : '0';
	return code;
}

static enum status
begin(const char *password, uint8_t secret[static TOTP_SECRET_BYTES])
{
	struct proof p = { .staff_id = 1, .password = span_of(password), .now_ms = MONDAY_MS };

	return login_totp_begin(one.db, one.a, seal, &p, secret);
}

static enum status
confirm_with(const char *code, int64_t now_ms)
{
	return login_totp_confirm(one.db, one.a, seal, 1, span_of(code), now_ms);
}

/* With the code of the step before, so that those of this one and the next are unused. */
static void
switch_on(uint8_t secret[static TOTP_SECRET_BYTES])
{
	assert_int_equal(begin(PASSWORD, secret), E_OK);
	assert_int_equal(confirm_with(code_at(secret, MONDAY_MS - STEP_MS), MONDAY_MS), E_OK);
}

static void
test_login__a_second_factor_counts_when_it_is_confirmed(void **state)
{
	uint8_t first[TOTP_SECRET_BYTES], secret[TOTP_SECRET_BYTES];

	(void)state;
	assert_int_equal(confirm_with("123456", MONDAY_MS), E_TOTP_STATE);
	assert_int_equal(begin("wrong", first), E_LOGIN_WRONG);
	assert_int_equal(failed(), 1);
	assert_int_equal(count("staff WHERE totp_sealed IS NOT NULL"), 0);
	assert_int_equal(begin(PASSWORD, first), E_OK);
	assert_int_equal(login("lme1", PASSWORD, MONDAY_MS), E_OK); /* nobody is locked out by a code that was never scanned */
	assert_int_equal(begin(PASSWORD, secret), E_OK);            /* again, because the page was closed */
	assert_memory_not_equal(first, secret, sizeof(secret));
	assert_int_equal(confirm_with(code_at(first, MONDAY_MS), MONDAY_MS), E_LOGIN_WRONG);
	assert_int_equal(confirm_with(wrong_code(code_at(secret, MONDAY_MS)), MONDAY_MS), E_LOGIN_WRONG);
	assert_int_equal(login("lme1", PASSWORD, MONDAY_MS), E_OK);
	assert_int_equal(confirm_with(code_at(secret, MONDAY_MS), MONDAY_MS), E_OK);
	assert_int_equal(login("lme1", PASSWORD, MONDAY_MS), E_TOTP_NEEDED);
	assert_int_equal(begin(PASSWORD, first), E_TOTP_STATE);
	assert_int_equal(confirm_with(code_at(secret, MONDAY_MS + STEP_MS), MONDAY_MS), E_TOTP_STATE);
	assert_int_equal(login_code(PASSWORD, code_at(secret, MONDAY_MS), MONDAY_MS), E_LOGIN_WRONG); /* it confirmed already */
	assert_int_equal(login_code(PASSWORD, code_at(secret, MONDAY_MS + STEP_MS), MONDAY_MS), E_OK);
}

static void
test_login__the_secret_of_the_second_factor_is_sealed(void **state)
{
	static const struct sql find = { "SELECT totp_sealed FROM staff WHERE id = 1", "", "b", false };
	uint8_t secret[TOTP_SECRET_BYTES];
	struct span plain;
	struct db_rows rows;

	(void)state;
	switch_on(secret);
	rows = seeded_rows(&one, &find, DB_NO_ARGS);
	assert_int_equal(rows.v[0].s.n, TOTP_SECRET_BYTES + SEAL_OVERHEAD_BYTES);
	assert_int_equal(seal_open(seal, one.a, rows.v[0].s, &plain), E_OK);
	assert_memory_equal(plain.p, secret, sizeof(secret));
}

static void
test_login__both_are_needed_and_no_code_is_good_twice(void **state)
{
	uint8_t secret[TOTP_SECRET_BYTES];
	const char *now, *next;
	struct proof p;

	(void)state;
	switch_on(secret);
	now = code_at(secret, MONDAY_MS);
	next = code_at(secret, MONDAY_MS + STEP_MS);
	assert_int_equal(try(&one, "lme1", "wrong", NULL, MONDAY_MS, &p),
			 E_LOGIN_WRONG); /* a password that is wrong is told first */
	assert_false(p.code_wrong);
	assert_int_equal(try(&one, "lme1", "wrong", now, MONDAY_MS, &p), E_LOGIN_WRONG);
	assert_false(p.code_wrong);
	assert_int_equal(try(&one, "lme1", PASSWORD, wrong_code(now), MONDAY_MS, &p), E_LOGIN_WRONG);
	assert_true(p.code_wrong);
	assert_int_equal(failed(), 3);
	assert_int_equal(count("session"), 0);
	assert_int_equal(login_code(PASSWORD, now, MONDAY_MS), E_OK);
	assert_int_equal(failed(), 0);
	assert_int_equal(login_code(PASSWORD, now, MONDAY_MS), E_LOGIN_WRONG);
	assert_int_equal(failed(), 1);
	assert_int_equal(login_code(PASSWORD, code_at(secret, MONDAY_MS - STEP_MS), MONDAY_MS), E_LOGIN_WRONG); /* an older one */
	assert_int_equal(login_code(PASSWORD, next, MONDAY_MS), E_OK);
	assert_int_equal(login_code(PASSWORD, code_at(secret, MONDAY_MS + 2 * STEP_MS), MONDAY_MS), E_LOGIN_WRONG); /* too early */
	assert_int_equal(login_code(PASSWORD, code_at(secret, MONDAY_MS + 2 * STEP_MS), MONDAY_MS + STEP_MS), E_OK);
}

static void
test_login__wrong_codes_lock_and_the_password_alone_does_not_unlock(void **state)
{
	uint8_t secret[TOTP_SECRET_BYTES], mine[SEAL_HASH_BYTES];
	const char *now;

	(void)state;
	switch_on(secret);
	session_for(&one, ACTOR_STAFF, 1, mine);
	now = code_at(secret, MONDAY_MS);
	for (int i = 1; i <= 5; i++) {
		/* neither asking for the code nor another proof of the password takes back what was counted */
		assert_int_equal(login("lme1", PASSWORD, MONDAY_MS), E_TOTP_NEEDED);
		if (i == 3)
			assert_int_equal(begin(PASSWORD, (uint8_t[TOTP_SECRET_BYTES]){ 0 }), E_TOTP_STATE);
		assert_int_equal(login_code(PASSWORD, wrong_code(now), MONDAY_MS), E_LOGIN_WRONG);
		assert_int_equal(failed(), i);
	}
	assert_int_equal(login("lme1", PASSWORD, MONDAY_MS),
			 E_LOGIN_WRONG); /* locked: it does not even say that a code is needed */
	assert_int_equal(login_code(PASSWORD, now, MONDAY_MS), E_LOGIN_WRONG);
	assert_int_equal(change(PASSWORD, MONDAY_MS, mine), E_LOGIN_WRONG);
	assert_int_equal(failed(), 5);
	assert_int_equal(change(PASSWORD, MONDAY_MS + 2000, mine), E_OK);
	assert_int_equal(failed(), 5);
	assert_int_equal(login_code(NEW, now, MONDAY_MS + 2000), E_OK);
	assert_int_equal(failed(), 0);
}

static void
test_login__a_second_factor_is_given_up_with_both(void **state)
{
	uint8_t secret[TOTP_SECRET_BYTES];
	struct proof p = { .staff_id = 1, .password = SPAN(PASSWORD), .now_ms = MONDAY_MS };

	(void)state;
	assert_int_equal(login_totp_end(one.db, one.a, seal, &p), E_TOTP_STATE);
	switch_on(secret);
	assert_int_equal(login_totp_end(one.db, one.a, seal, &p), E_TOTP_NEEDED);
	p.code = span_of(wrong_code(code_at(secret, MONDAY_MS)));
	assert_int_equal(login_totp_end(one.db, one.a, seal, &p), E_LOGIN_WRONG);
	assert_true(p.code_wrong);
	p.code = span_of(code_at(secret, MONDAY_MS));
	p.password = SPAN("wrong");
	assert_int_equal(login_totp_end(one.db, one.a, seal, &p), E_LOGIN_WRONG);
	assert_false(p.code_wrong);
	assert_int_equal(failed(), 2);
	p.password = SPAN(PASSWORD);
	assert_int_equal(login_totp_end(one.db, one.a, seal, &p), E_OK);
	assert_int_equal(login("lme1", PASSWORD, MONDAY_MS), E_OK);
	assert_int_equal(count("staff WHERE totp_sealed IS NOT NULL OR totp_since IS NOT NULL OR totp_step <> 0"), 0);
}

static void
test_login__a_code_that_nobody_asked_for_is_not_looked_at(void **state)
{
	(void)state;
	assert_int_equal(login_code(PASSWORD, "000000", MONDAY_MS), E_OK);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_login__a_password_opens_only_its_own_account, setup),
		cmocka_unit_test_setup(test_login__guessing_costs_more_each_time, setup),
		cmocka_unit_test_setup(test_login__guesses_at_once_are_no_more_than_one_after_the_other, setup),
		cmocka_unit_test_setup(test_login__a_refusal_costs_the_same_whoever_it_is, setup),
		cmocka_unit_test_setup(test_login__a_new_password_ends_all_other_sessions, setup),
		cmocka_unit_test_setup(test_login__a_stolen_session_cannot_guess_the_password, setup),
		cmocka_unit_test_setup(test_login__an_old_password_opens_nothing_once_it_is_changed, setup),
		cmocka_unit_test_setup(test_login__a_second_factor_counts_when_it_is_confirmed, setup),
		cmocka_unit_test_setup(test_login__the_secret_of_the_second_factor_is_sealed, setup),
		cmocka_unit_test_setup(test_login__both_are_needed_and_no_code_is_good_twice, setup),
		cmocka_unit_test_setup(test_login__wrong_codes_lock_and_the_password_alone_does_not_unlock, setup),
		cmocka_unit_test_setup(test_login__a_second_factor_is_given_up_with_both, setup),
		cmocka_unit_test_setup(test_login__a_code_that_nobody_asked_for_is_not_looked_at, setup),
	};

	return cmocka_run_group_tests(tests, group_up, seeded_down);
}
