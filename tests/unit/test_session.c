/* Sessions and passwords: who a token stands for, until when, and what guessing costs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "seeded.h"

#define PASSWORD "correct horse battery"

static struct hand one;
static int64_t citizen, other;

static int
group_up(void **state)
{
	char hash[SEAL_PASSWORD_SIZE];
	char text[400];

	if (seeded_up(state) != 0)
		return -1;
	one = hand_new();
	if (seal_password(SPAN(PASSWORD), hash) != E_OK)
		return -1;
	(void)snprintf(text, sizeof(text), "UPDATE staff SET password_hash = '%s' WHERE id IN (1, 5)", hash);
	return private_sql(&maria, text) ? 0 : -1;
}

static int
group_down(void **state)
{
	hand_free(&one);
	return seeded_down(state);
}

static int
setup(void **state)
{
	(void)state;
	seeded_reset();
	assert_true(private_sql(&maria, "UPDATE staff SET failed_logins = 0, locked_until = NULL"));
	arena_reset(one.a);
	citizen = citizen_new(&one, "9830012345", "hi");
	other = citizen_new(&one, "9830054321", "en");
	return 0;
}

static enum status
who(const uint8_t hash[static SEAL_HASH_BYTES], int64_t now_ms, struct actor *actor)
{
	*actor = (struct actor){ .has_token = true };
	memcpy(actor->token_hash, hash, SEAL_HASH_BYTES);
	return session_actor(one.db, one.a, now_ms, actor);
}

static void
test_session__a_token_stands_for_its_citizen_until_its_end(void **state)
{
	uint8_t hash[SEAL_HASH_BYTES], unknown[SEAL_HASH_BYTES] = { 7 };
	struct actor actor;

	(void)state;
	session_for(&one, ACTOR_CITIZEN, citizen, hash);
	assert_int_equal(who(hash, MONDAY_MS, &actor), E_OK);
	assert_int_equal(actor.kind, ACTOR_CITIZEN);
	assert_int_equal(actor.id, citizen);
	assert_int_equal(actor.roles, CITIZEN);
	assert_int_equal(actor.lang, LANG_HI);
	assert_int_equal(actor.n_duties, 0);
	assert_int_equal(who(hash, MONDAY_MS + 24 * HOUR_MS - 1, &actor), E_OK);
	assert_int_equal(who(hash, MONDAY_MS + 24 * HOUR_MS, &actor), E_UNAUTHENTICATED);
	assert_int_equal(who(unknown, MONDAY_MS, &actor), E_UNAUTHENTICATED);
	assert_int_equal(actor.kind, ACTOR_NOBODY);
}

static void
test_session__the_token_itself_is_nowhere(void **state)
{
	char token[SEAL_TOKEN_TEXT_SIZE], query[200];

	(void)state;
	assert_int_equal(session_create(one.db, one.a, ACTOR_CITIZEN, citizen, MONDAY_MS, MONDAY_MS + 1, token), E_OK);
	assert_int_equal(strlen(token), 43);
	(void)snprintf(query, sizeof(query), "session WHERE token_hash = UNHEX(SHA2('%s', 256))", token);
	assert_int_equal(count(query), 1);
}

static void
test_session__roles_come_from_the_roster(void **state)
{
	uint8_t hash[SEAL_HASH_BYTES];
	struct actor actor;
	unsigned all = 0;

	(void)state;
	session_for(&one, ACTOR_STAFF, 1, hash);
	assert_int_equal(who(hash, MONDAY_MS, &actor), E_OK);
	assert_int_equal(actor.kind, ACTOR_STAFF);
	assert_int_equal(actor.roles, 0);
	assert_true(private_sql(
		&maria, "INSERT INTO roster (staff_id, role, department_code, eo_level, borough_no) VALUES"
			"(1,'LME','DRN',NULL,NULL),(1,'EO','PRK',2,7),(1,'ADMIN',NULL,NULL,NULL),(2,'MAYOR',NULL,NULL,NULL)"));
	assert_int_equal(who(hash, MONDAY_MS, &actor), E_OK); /* at once, without a new login */
	assert_int_equal(actor.roles, LME | EO | ADMIN);
	assert_int_equal(actor.n_duties, 3);
	for (size_t i = 0; i < 3; i++) {
		const struct duty *d = &actor.duties[i];

		all |= d->role;
		assert_string_equal(d->department, d->role == LME ? "DRN" : d->role == EO ? "PRK" : "");
		assert_int_equal(d->eo_level, d->role == EO ? 2 : 0);
		assert_int_equal(d->borough, d->role == EO ? 7 : 0);
	}
	assert_int_equal(all, LME | EO | ADMIN);
	assert_true(private_sql(
		&maria, "DELETE FROM roster; INSERT INTO roster (staff_id, role) VALUES (1,'LME'),(1,'GRO'),(1,'EO'),(1,'DESK'),"
			"(1,'CONTROLLING'),(1,'COMMISSIONER'),(1,'MAYOR'),(1,'ADMIN')"));
	assert_int_equal(who(hash, MONDAY_MS, &actor), E_OK);
	assert_int_equal(actor.roles, STAFF); /* every word of the column is known */
	assert_true(private_sql(&maria, "UPDATE staff SET active = 0 WHERE id = 1"));
	assert_int_equal(who(hash, MONDAY_MS, &actor), E_UNAUTHENTICATED);
	assert_true(private_sql(&maria, "UPDATE staff SET active = 1 WHERE id = 1"));
}

static void
test_session__names_of_roles_round_trip(void **state)
{
	(void)state;
	for (unsigned bit = 1; bit <= ADMIN; bit <<= 1) {
		assert_non_null(role_name((enum role)bit));
		assert_int_equal(role_parse(span_of(role_name((enum role)bit))), bit);
	}
	assert_int_equal(role_parse(SPAN("lm")), ANYONE);
	assert_int_equal(role_parse(SPAN("lmes")), ANYONE);
	assert_null(role_name(ANYONE));
}

static void
test_session__one_or_all_of_ones_own_are_ended(void **state)
{
	uint8_t mine[3][SEAL_HASH_BYTES], theirs[SEAL_HASH_BYTES], staff[SEAL_HASH_BYTES];
	struct actor actor, me;
	int64_t same_id = citizen;

	(void)state;
	for (int i = 0; i < 3; i++)
		session_for(&one, ACTOR_CITIZEN, citizen, mine[i]);
	session_for(&one, ACTOR_CITIZEN, other, theirs);
	/* an employee whose id is that of the citizen is somebody else */
	assert_true(private_sql(&maria,
				"INSERT IGNORE INTO staff (id, user_name, name_en, name_bn) SELECT id, CONCAT('same', id), 'S', 'স'"
				" FROM citizen"));
	session_for(&one, ACTOR_STAFF, same_id, staff);
	assert_int_equal(who(mine[0], MONDAY_MS, &me), E_OK);
	assert_int_equal(session_revoke(one.db, one.a, &me, false, MONDAY_MS), E_OK);
	assert_int_equal(who(mine[0], MONDAY_MS, &actor), E_UNAUTHENTICATED);
	assert_int_equal(who(mine[1], MONDAY_MS, &actor), E_OK);
	assert_int_equal(session_revoke(one.db, one.a, &me, true, MONDAY_MS), E_OK);
	assert_int_equal(who(mine[1], MONDAY_MS, &actor), E_UNAUTHENTICATED);
	assert_int_equal(who(mine[2], MONDAY_MS, &actor), E_UNAUTHENTICATED);
	assert_int_equal(who(theirs, MONDAY_MS, &actor), E_OK);
	assert_int_equal(who(staff, MONDAY_MS, &actor), E_OK);
}

static void
test_session__lists_what_lives_newest_first(void **state)
{
	char token[SEAL_TOKEN_TEXT_SIZE];
	uint8_t hash[SEAL_HASH_BYTES];
	const struct session_row *list;
	struct actor me;
	size_t n;

	(void)state;
	for (int i = 0; i < 55; i++)
		assert_int_equal(
			session_create(one.db, one.a, ACTOR_CITIZEN, citizen, MONDAY_MS + i, MONDAY_MS + HOUR_MS + i, token), E_OK);
	seal_sha256(span_of(token), hash);
	session_for(&one, ACTOR_CITIZEN, other, hash);
	me = (struct actor){ .kind = ACTOR_CITIZEN, .id = citizen };
	assert_int_equal(session_list(one.db, one.a, &me, MONDAY_MS + 100, &list, &n), E_OK);
	assert_int_equal(n, 50);
	for (size_t i = 0; i < n; i++) {
		assert_true(list[i].created_ms == MONDAY_MS + 54 - (int64_t)i);
		assert_true(list[i].expires_ms == list[i].created_ms + HOUR_MS);
	}
	assert_int_equal(session_list(one.db, one.a, &me, MONDAY_MS + HOUR_MS + 50, &list, &n), E_OK);
	assert_int_equal(n, 4); /* the others have expired */
	assert_int_equal(session_revoke(one.db, one.a, &me, true, MONDAY_MS), E_OK);
	assert_int_equal(session_list(one.db, one.a, &me, MONDAY_MS + 100, &list, &n), E_OK);
	assert_int_equal(n, 0);
}

static enum status
login(const char *user, const char *password, int64_t now_ms)
{
	int64_t id = 0;
	enum status st = session_password(one.db, one.a, span_of(user), span_of(password), now_ms, &id);

	assert_int_equal(id, st == E_OK ? 1 : 0);
	return st;
}

static void
test_session__a_password_opens_only_its_own_account(void **state)
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
}

static void
test_session__guessing_costs_more_each_time(void **state)
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
	assert_int_equal(private_number(&maria, "SELECT failed_logins FROM staff WHERE id = 1"), ARRAY_LEN(lock_s));
	assert_int_equal(login("lme1", PASSWORD, now), E_OK); /* to the millisecond of its end */
	assert_int_equal(count("staff WHERE id = 1 AND failed_logins = 0 AND locked_until IS NULL"), 1);
	assert_int_equal(login("lme1", "wrong", now), E_LOGIN_WRONG);
	assert_int_equal(login("lme1", PASSWORD, now), E_OK); /* one slip locks nobody out */
}

static void
test_session__an_employee_is_named_in_the_script_of_the_language(void **state)
{
	struct span name;

	(void)state;
	assert_int_equal(session_staff_name(one.db, one.a, 2, LANG_BN, &name), E_OK);
	assert_true(span_eq(name, SPAN("ল")));
	assert_int_equal(session_staff_name(one.db, one.a, 2, LANG_HI, &name), E_OK);
	assert_true(span_eq(name, SPAN("L Two")));
	assert_int_equal(session_staff_name(one.db, one.a, 999999, LANG_EN, &name), E_NOT_FOUND);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_session__a_token_stands_for_its_citizen_until_its_end, setup),
		cmocka_unit_test_setup(test_session__the_token_itself_is_nowhere, setup),
		cmocka_unit_test_setup(test_session__roles_come_from_the_roster, setup),
		cmocka_unit_test_setup(test_session__names_of_roles_round_trip, setup),
		cmocka_unit_test_setup(test_session__one_or_all_of_ones_own_are_ended, setup),
		cmocka_unit_test_setup(test_session__lists_what_lives_newest_first, setup),
		cmocka_unit_test_setup(test_session__a_password_opens_only_its_own_account, setup),
		cmocka_unit_test_setup(test_session__guessing_costs_more_each_time, setup),
		cmocka_unit_test_setup(test_session__an_employee_is_named_in_the_script_of_the_language, setup),
	};

	return cmocka_run_group_tests(tests, group_up, group_down);
}
