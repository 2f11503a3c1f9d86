/* Sessions: who a token stands for, until when, and what its owner is shown of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "seeded.h"

static int64_t citizen, other;

static int
setup(void **state)
{
	(void)state;
	seeded_reset();
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
	const struct session_new n = { .kind = ACTOR_CITIZEN, .id = citizen, .now_ms = MONDAY_MS, .expires_ms = MONDAY_MS + 1 };
	char token[SEAL_TOKEN_TEXT_SIZE], query[200];

	(void)state;
	assert_int_equal(session_create(one.db, one.a, &n, token), E_OK);
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
	assert_int_equal(session_end(one.db, one.a, &me, MONDAY_MS), E_OK);
	assert_int_equal(who(mine[0], MONDAY_MS, &actor), E_UNAUTHENTICATED);
	assert_int_equal(who(mine[1], MONDAY_MS, &actor), E_OK);
	assert_int_equal(session_end_all(one.db, one.a, me.kind, me.id, NULL, MONDAY_MS), E_OK);
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
	for (int i = 0; i < 55; i++) {
		const struct session_new new = {
			.kind = ACTOR_CITIZEN, .id = citizen, .now_ms = MONDAY_MS + i, .expires_ms = MONDAY_MS + HOUR_MS + i
		};

		assert_int_equal(session_create(one.db, one.a, &new, token), E_OK);
	}
	seal_sha256(span_of(token), hash);
	session_for(&one, ACTOR_CITIZEN, other, hash);
	me = (struct actor){ .kind = ACTOR_CITIZEN, .id = citizen };
	assert_int_equal(session_list(one.db, one.a, me.kind, me.id, MONDAY_MS + 100, &list, &n), E_OK);
	assert_int_equal(n, 50);
	for (size_t i = 0; i < n; i++) {
		assert_true(list[i].created_ms == MONDAY_MS + 54 - (int64_t)i);
		assert_true(list[i].expires_ms == list[i].created_ms + HOUR_MS);
	}
	assert_int_equal(session_list(one.db, one.a, me.kind, me.id, MONDAY_MS + HOUR_MS + 50, &list, &n), E_OK);
	assert_int_equal(n, 4); /* the others have expired */
	assert_int_equal(session_end_all(one.db, one.a, me.kind, me.id, NULL, MONDAY_MS), E_OK);
	assert_int_equal(session_list(one.db, one.a, me.kind, me.id, MONDAY_MS + 100, &list, &n), E_OK);
	assert_int_equal(n, 0);
}

static void
test_session__a_use_is_noted_every_five_minutes_at_most(void **state)
{
	static const struct {
		int64_t at_ms;   /* after the creation */
		int64_t seen_ms; /* then; -1: never */
	} uses[] = {
		{ 0, -1 },          { 299999, -1 },     { 300000, 300000 }, { 300001, 300000 },
		{ 599999, 300000 }, { 700000, 700000 }, { 999999, 700000 }, { 1000000, 1000000 },
	};
	const struct session_new n = {
		.kind = ACTOR_CITIZEN, .id = citizen, .now_ms = MONDAY_MS, .expires_ms = MONDAY_MS + HOUR_MS
	};
	char token[SEAL_TOKEN_TEXT_SIZE];
	uint8_t hash[SEAL_HASH_BYTES];
	const struct session_row *list;
	struct actor actor;
	size_t count_of;

	(void)state;
	assert_int_equal(session_create(one.db, one.a, &n, token), E_OK);
	seal_sha256(span_of(token), hash);
	for (size_t i = 0; i < ARRAY_LEN(uses); i++) {
		assert_int_equal(who(hash, MONDAY_MS + uses[i].at_ms, &actor), E_OK);
		assert_int_equal(session_list(one.db, one.a, ACTOR_CITIZEN, citizen, MONDAY_MS, &list, &count_of), E_OK);
		assert_int_equal(count_of, 1);
		assert_true(list[0].seen_ms == (uses[i].seen_ms < 0 ? CLOCK_NONE : MONDAY_MS + uses[i].seen_ms));
	}
}

static void
test_session__keeps_where_it_was_opened_but_for_the_end(void **state)
{
	static const struct {
		const char *address, *kept;
	} cases[] = {
		{ "203.0.113.77", "203.0.113.*" },
		{ "127.0.0.1", "127.0.0.*" },
		{ "::ffff:203.0.113.77", "203.0.113.*" },
		{ "2001:db8:7:8:9:a:b:c", "2001:db8:7::*" },
		{ "::1", "0:0:0::*" },
		{ "unix:", NULL },
		{ "203.0.113", NULL },
		{ "", NULL },
		{ NULL, NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct session_new n = { .kind = ACTOR_STAFF,
					       .id = 1,
					       .address = cases[i].address,
					       .by_cookie = i % 2 == 0,
					       .now_ms = MONDAY_MS + (int64_t)i,
					       .expires_ms = MONDAY_MS + HOUR_MS };
		char token[SEAL_TOKEN_TEXT_SIZE];
		const struct session_row *list;
		size_t n_rows;

		assert_int_equal(session_create(one.db, one.a, &n, token), E_OK);
		assert_int_equal(session_list(one.db, one.a, ACTOR_STAFF, 1, MONDAY_MS, &list, &n_rows), E_OK);
		assert_int_equal(n_rows, i + 1);
		assert_int_equal(list[0].by_cookie, i % 2 == 0);
		assert_true(span_eq(list[0].client, span_of(cases[i].kept)));
		assert_int_equal(list[0].client.p == NULL, cases[i].kept == NULL);
	}
}

static void
test_session__one_of_ones_own_is_ended_by_its_name(void **state)
{
	uint8_t mine[2][SEAL_HASH_BYTES], theirs[SEAL_HASH_BYTES];
	struct actor me, actor;

	(void)state;
	session_for(&one, ACTOR_CITIZEN, citizen, mine[0]);
	session_for(&one, ACTOR_CITIZEN, citizen, mine[1]);
	session_for(&one, ACTOR_CITIZEN, other, theirs);
	assert_int_equal(who(mine[0], MONDAY_MS, &me), E_OK);
	assert_int_equal(session_end_one(one.db, one.a, &me, theirs, MONDAY_MS), E_NOT_FOUND);
	assert_int_equal(who(theirs, MONDAY_MS, &actor), E_OK);
	assert_int_equal(session_end_one(one.db, one.a, &me, mine[1], MONDAY_MS), E_OK);
	assert_int_equal(who(mine[1], MONDAY_MS, &actor), E_UNAUTHENTICATED);
	assert_int_equal(who(mine[0], MONDAY_MS, &actor), E_OK);
	assert_int_equal(session_end_one(one.db, one.a, &me, mine[1], MONDAY_MS), E_NOT_FOUND); /* ended already */
	assert_int_equal(session_end_one(one.db, one.a, &me, mine[0], MONDAY_MS + 48 * HOUR_MS), E_NOT_FOUND);
}

static void
test_session__all_but_one_are_ended(void **state)
{
	uint8_t hash[3][SEAL_HASH_BYTES];
	struct actor actor;

	(void)state;
	for (int i = 0; i < 3; i++)
		session_for(&one, ACTOR_STAFF, i < 2 ? 1 : 2, hash[i]);
	assert_int_equal(session_end_all(one.db, one.a, ACTOR_STAFF, 1, hash[0], MONDAY_MS), E_OK);
	assert_int_equal(who(hash[0], MONDAY_MS, &actor), E_OK);
	assert_int_equal(who(hash[1], MONDAY_MS, &actor), E_UNAUTHENTICATED);
	assert_int_equal(who(hash[2], MONDAY_MS, &actor), E_OK);
}

static void
test_session__a_duty_is_one_however_many_rows_route_to_it(void **state)
{
	uint8_t hash[SEAL_HASH_BYTES];
	struct actor actor;

	(void)state;
	session_for(&one, ACTOR_STAFF, 1, hash);
	/* more rows than are ever read, and a second duty behind them */
	assert_true(private_sql(&maria, "INSERT INTO roster (staff_id, role, department_code, borough_no, ward_no)"
					" SELECT 1, 'LME', 'DRN', 1, seq FROM seq_1_to_400;"
					"INSERT INTO roster (staff_id, role, department_code) VALUES (1, 'GRO', 'DRN')"));
	assert_int_equal(who(hash, MONDAY_MS, &actor), E_OK);
	assert_int_equal(actor.n_duties, 2);
	assert_int_equal(actor.roles, LME | GRO);
}

static void
test_session__tells_a_first_password(void **state)
{
	uint8_t hash[SEAL_HASH_BYTES];
	struct actor actor;

	(void)state;
	session_for(&one, ACTOR_STAFF, 1, hash);
	assert_true(private_sql(&maria, "UPDATE staff SET must_change = TRUE WHERE id = 1"));
	assert_int_equal(who(hash, MONDAY_MS, &actor), E_OK);
	assert_true(actor.must_change);
	assert_true(private_sql(&maria, "UPDATE staff SET must_change = FALSE WHERE id = 1"));
	assert_int_equal(who(hash, MONDAY_MS, &actor), E_OK);
	assert_false(actor.must_change);
	session_for(&one, ACTOR_CITIZEN, citizen, hash);
	assert_int_equal(who(hash, MONDAY_MS, &actor), E_OK);
	assert_false(actor.must_change);
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
		cmocka_unit_test_setup(test_session__a_use_is_noted_every_five_minutes_at_most, setup),
		cmocka_unit_test_setup(test_session__keeps_where_it_was_opened_but_for_the_end, setup),
		cmocka_unit_test_setup(test_session__one_of_ones_own_is_ended_by_its_name, setup),
		cmocka_unit_test_setup(test_session__all_but_one_are_ended, setup),
		cmocka_unit_test_setup(test_session__a_duty_is_one_however_many_rows_route_to_it, setup),
		cmocka_unit_test_setup(test_session__tells_a_first_password, setup),
	};

	return cmocka_run_group_tests(tests, seeded_up, seeded_down);
}
