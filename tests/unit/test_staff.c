/* Accounts of the staff: the rule of whose they are, in C and in SQL, and what a change may do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "domain/login.h"
#include "domain/staff.h"
#include "seeded.h"

static int
setup(void **state)
{
	(void)state;
	seeded_reset();
	assert_true(private_sql(
		&maria, "UPDATE staff SET active = id <> 5, password_hash = 'x', mobile_sealed = NULL, department_code = NULL,"
			" totp_sealed = NULL, totp_since = NULL, locked_until = NULL, failed_logins = 0"));
	arena_reset(one.a);
	return 0;
}

/* -- whose */

#define NONE                                                                                                                       \
	{                                                                                                                          \
		ANYONE, "", 0, 0                                                                                                   \
	}

/* Everybody a controlling officer may meet: at most two duties, or none and a department. */
static const struct {
	struct duty duties[2];
	const char *department; /* NULL: none */
} people[] = {
	{ { NONE, NONE }, NULL },
	{ { NONE, NONE }, "DRN" },
	{ { NONE, NONE }, "PRK" },
	{ { { LME, "DRN", 0, 0 }, NONE }, NULL },
	{ { { LME, "DRN", 0, 7 }, NONE }, NULL },
	{ { { LME, "DRN", 0, 8 }, NONE }, NULL },
	{ { { GRO, "DRN", 0, 0 }, { EO, "DRN", 2, 0 } }, NULL },
	{ { { GRO, "DRN", 0, 7 }, { EO, "DRN", 2, 8 } }, NULL },
	{ { { LME, "PRK", 0, 0 }, NONE }, NULL },
	{ { { LME, "PRK", 0, 0 }, NONE }, "DRN" }, /* made for the drains, then given to the parks */
	{ { { LME, "DRN", 0, 0 }, { LME, "PRK", 0, 0 } }, NULL },
	{ { { LME, "", 0, 0 }, NONE }, NULL },
	{ { { CONTROLLING, "DRN", 0, 0 }, NONE }, NULL },
	{ { { GRO, "DRN", 0, 0 }, { CONTROLLING, "DRN", 0, 0 } }, NULL },
	{ { { LME, "DRN", 0, 0 }, { ADMIN, "", 0, 0 } }, NULL },
	{ { { LME, "DRN", 0, 0 }, { DESK, "", 0, 0 } }, NULL },
	{ { { ADMIN, "", 0, 0 }, NONE }, NULL },
	{ { { ADMIN, "DRN", 0, 0 }, NONE }, NULL },
	{ { { COMMISSIONER, "", 0, 0 }, NONE }, NULL },
	{ { { MAYOR, "", 0, 0 }, NONE }, NULL },
};

#define SEES    1
#define CHANGES 3

/* Who asks, and what they may with each of the people. */
static const struct {
	struct duty duties[2];
	int may[ARRAY_LEN(people)];
} officers[] = {
	/*                                                    -  D  P  l7 .. */
	{ { { ADMIN, "", 0, 0 }, NONE }, { 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3 } },
	{ { { CONTROLLING, "DRN", 0, 0 }, NONE }, { 0, 3, 0, 3, 3, 3, 3, 3, 0, 0, 1, 0, 1, 1, 1, 1, 0, 1, 0, 0 } },
	{ { { CONTROLLING, "DRN", 0, 7 }, NONE }, { 0, 3, 0, 0, 3, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 } },
	{ { { CONTROLLING, "DRN", 0, 0 }, { CONTROLLING, "PRK", 0, 0 } },
	  { 0, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 0, 1, 1, 1, 1, 0, 1, 0, 0 } },
	{ { { CONTROLLING, "", 0, 0 }, NONE }, { 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1 } },
	{ { { GRO, "DRN", 0, 0 }, { COMMISSIONER, "", 0, 0 } }, { 0 } },
	{ { NONE, NONE }, { 0 } },
};

static void
give_duties(const char *user, const struct duty *duties)
{
	for (size_t i = 0; i < 2; i++) {
		char text[400];

		if (duties[i].role == ANYONE)
			continue;
		(void)snprintf(text, sizeof(text),
			       "INSERT INTO roster (staff_id, role, department_code, eo_level, borough_no) SELECT id, '%s',"
			       " NULLIF('%s', ''), NULLIF(%d, 0), NULLIF(%d, 0) FROM staff WHERE user_name = '%s'",
			       role_name(duties[i].role), duties[i].department, duties[i].eo_level, duties[i].borough, user);
		assert_true(private_sql(&maria, text));
	}
}

static void
add_person(const char *user, const struct duty *duties, const char *department)
{
	char text[300];

	(void)snprintf(text, sizeof(text),
		       "INSERT INTO staff (user_name, name_en, name_bn, department_code) VALUES ('%s', 'P', 'প', %s%s%s)", user,
		       department == NULL ? "" : "'", department == NULL ? "NULL" : department, department == NULL ? "" : "'");
	assert_true(private_sql(&maria, text));
	give_duties(user, duties);
}

/* The actor as a session would make it. */
static struct actor
actor_of(const char *user)
{
	struct actor actor = { .has_token = true };
	struct person p;

	assert_int_equal(staff_find(one.db, one.a, seal, span_of(user), &p), E_OK);
	session_for(&one, ACTOR_STAFF, p.id, actor.token_hash);
	assert_int_equal(session_actor(one.db, one.a, MONDAY_MS, &actor), E_OK);
	return actor;
}

static bool
listed(const struct person *list, size_t n, const char *user)
{
	for (size_t i = 0; i < n; i++)
		if (span_eq(list[i].user, span_of(user)))
			return true;
	return false;
}

static void
test_staff__who_may_see_and_change_whom(void **state)
{
	(void)state;
	for (size_t p = 0; p < ARRAY_LEN(people); p++) {
		char user[20];

		(void)snprintf(user, sizeof(user), "person%zu", p);
		add_person(user, people[p].duties, people[p].department);
	}
	for (size_t o = 0; o < ARRAY_LEN(officers); o++) {
		struct staff_filter f = { .active = -1, .limit = 100 };
		char user[20];
		const struct person *list;
		struct actor actor;
		size_t n;

		(void)snprintf(user, sizeof(user), "officer%zu", o);
		add_person(user, officers[o].duties, NULL);
		actor = actor_of(user);
		f.seen_by = (actor.roles & ADMIN) != 0 ? 0 : actor.id;
		assert_int_equal(staff_list(one.db, one.a, seal, &f, &list, &n), E_OK);
		for (size_t p = 0; p < ARRAY_LEN(people); p++) {
			struct person who;

			(void)snprintf(user, sizeof(user), "person%zu", p);
			assert_int_equal(staff_find(one.db, one.a, seal, span_of(user), &who), E_OK);
			if (staff_may_see(&actor, &who) != (officers[o].may[p] & SEES) ||
			    staff_may_change(&actor, &who) != (officers[o].may[p] == CHANGES) ||
			    listed(list, n, user) != (officers[o].may[p] & SEES))
				fail_msg("officer %zu and person %zu: sees %d, changes %d, is listed %d", o, p,
					 staff_may_see(&actor, &who), staff_may_change(&actor, &who), listed(list, n, user));
		}
	}
}

static void
test_staff__citizens_may_nothing(void **state)
{
	const struct actor citizen = { .kind = ACTOR_CITIZEN, .id = 1, .roles = CITIZEN };
	const struct person p = { .department = SPAN("DRN") };

	(void)state;
	assert_false(staff_may_see(&citizen, &p));
	assert_false(staff_may_change(&citizen, &p));
	assert_false(staff_may_make(&citizen, SPAN("DRN")));
}

/* -- reading */

static void
test_staff__a_person_is_read_whole(void **state)
{
	static const struct sql mobile = { "UPDATE staff SET mobile_sealed = ?, locked_until = ?, totp_since = ?, must_change = 1,"
					   " department_code = 'PRK' WHERE id = 1",
					   "btt", "", false };
	struct span sealed;
	struct person p;

	(void)state;
	assert_int_equal(seal_box(seal, one.a, SPAN("7000054321"), &sealed), E_OK);
	(void)seeded_rows(&one, &mobile, DB_ARGS(db_text(sealed), db_time(MONDAY_MS), db_time(MONDAY_MS)));
	give_duties("lme1", (const struct duty[]){ { EO, "PRK", 2, 16 }, { LME, "DRN", 0, 0 } });
	/* the same again for each ward and category */
	assert_true(private_sql(&maria, "INSERT INTO roster (staff_id, role, department_code, ward_no, subcategory_code)"
					" SELECT 1, 'LME', 'DRN', seq, 'DRN-01' FROM seq_1_to_144"));
	assert_int_equal(staff_find(one.db, one.a, seal, SPAN("LME1"), &p), E_OK);
	assert_int_equal(p.id, 1);
	assert_true(span_eq(p.user, SPAN("lme1")) && span_eq(p.name_en, SPAN("L One")) && span_eq(p.name_bn, SPAN("ল")));
	assert_string_equal(p.mobile_masked, "******4321");
	assert_int_equal(p.lang, LANG_BN);
	assert_true(p.active && p.has_password && p.must_change && p.totp);
	assert_true(span_eq(p.department, SPAN("PRK")));
	assert_true(p.locked_ms == MONDAY_MS);
	assert_int_equal(p.roles, LME | EO);
	assert_int_equal(p.n_duties, 2);
	assert_int_equal(p.duties[0].role, LME);
	assert_string_equal(p.duties[0].department, "DRN");
	assert_int_equal(p.duties[1].eo_level, 2);
	assert_int_equal(p.duties[1].borough, 16);
	assert_int_equal(p.open, 0);
	assert_int_equal(staff_find_id(one.db, one.a, seal, 5, &p), E_OK);
	assert_true(!p.active && p.mobile_masked == NULL && p.department.p == NULL && p.n_duties == 0 && p.locked_ms == CLOCK_NONE);
	assert_int_equal(staff_find(one.db, one.a, seal, SPAN("লাল"), &p), E_NOT_FOUND);
	assert_int_equal(staff_find(one.db, one.a, seal, SPAN("lme%"), &p), E_NOT_FOUND);
	assert_int_equal(staff_find_id(one.db, one.a, seal, 99999, &p), E_NOT_FOUND);
}

/* -- making and changing */

static void
test_staff__user_names(void **state)
{
	static const struct {
		const char *name;
		bool right;
	} cases[] = {
		{ "abc", true },    { "gro.drn2", true },
		{ "a-b_c", true },  { "a23456789012345678901234567890123456789012345678901234567890", true },
		{ "ab", false },    { "1bc", false },
		{ ".bc", false },   { "a23456789012345678901234567890123456789012345678901234567890x", false },
		{ "Abc", false },   { "a bc", false },
		{ "a/b", false },   { "a?b", false },
		{ "", false },      { "লাল", false },
		{ "a@b.c", false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_int_equal(staff_name_right(span_of(cases[i].name)), cases[i].right);
}

static void
test_staff__an_account_is_made_once_and_opens_with_its_first_password(void **state)
{
	struct staff_new n = { .user = SPAN("new.one"),
			       .name_en = SPAN("N"),
			       .name_bn = SPAN("ন"),
			       .mobile = "7000054321",
			       .department = SPAN("DRN"),
			       .password = SPAN("a first password") };
	struct session_new session = { .now_ms = MONDAY_MS, .expires_ms = MONDAY_MS + HOUR_MS };
	struct proof proof = { .user = n.user, .password = n.password, .now_ms = MONDAY_MS };
	char token[SEAL_TOKEN_TEXT_SIZE];
	struct person p;
	int64_t id = 0;

	(void)state;
	assert_int_equal(staff_create(one.db, one.a, seal, &n, &id), E_OK);
	assert_int_equal(staff_find_id(one.db, one.a, seal, id, &p), E_OK);
	assert_true(p.must_change && p.active && p.lang == LANG_BN);
	assert_int_equal(count("staff WHERE user_name = 'new.one' AND INSTR(mobile_sealed, '7000054321') = 0"), 1);
	assert_int_equal(login_open(one.db, one.a, seal, &proof, &session, token), E_OK);
	n.user = SPAN("NEW.one");
	assert_int_equal(staff_create(one.db, one.a, seal, &n, &id), E_STALE);
	assert_int_equal(count("staff"), 6);
}

static enum status
refuse(struct db *db, struct arena *a, int64_t id)
{
	(void)db;
	(void)a;
	(void)id;
	return E_INTERNAL;
}

static void
test_staff__nothing_is_made_when_what_belongs_to_it_fails(void **state)
{
	const struct staff_new n = { .user = SPAN("new.one"),
				     .name_en = SPAN("N"),
				     .name_bn = SPAN("ন"),
				     .password = SPAN("a first password"),
				     .also = refuse };
	int64_t id;

	(void)state;
	assert_int_equal(staff_create(one.db, one.a, seal, &n, &id), E_INTERNAL);
	assert_int_equal(count("staff WHERE user_name = 'new.one'"), 0);
}

static enum status
set_active(int64_t id, int active, int64_t *open)
{
	const struct staff_change c = { .active = active, .now_ms = MONDAY_MS };

	return staff_change(one.db, one.a, seal, id, &c, open);
}

static void
test_staff__the_last_administrator_stays(void **state)
{
	int64_t open;

	(void)state;
	assert_true(private_sql(&maria, "INSERT INTO roster (staff_id, role) VALUES (1, 'ADMIN'), (1, 'ADMIN'), (5, 'ADMIN')"));
	assert_int_equal(set_active(1, 0, &open), E_LAST_ADMIN); /* the other one has left */
	assert_int_equal(set_active(2, 0, &open), E_OK);
	assert_int_equal(set_active(5, 1, &open), E_OK);
	assert_int_equal(set_active(1, 0, &open), E_OK);
	assert_int_equal(set_active(5, 0, &open), E_LAST_ADMIN);
	assert_int_equal(set_active(1, 1, &open), E_OK);
	assert_true(private_sql(&maria, "UPDATE staff SET password_hash = NULL WHERE id = 1"));
	assert_int_equal(set_active(5, 0, &open), E_LAST_ADMIN); /* the other one cannot log in */
	assert_int_equal(set_active(99999, 1, &open), E_NOT_FOUND);
}

static void
test_staff__a_change_of_who_is_there_is_told_to_the_workers(void **state)
{
	static const char version[] = "SELECT version FROM directory_version";
	const struct staff_change name = { .name_en = SPAN("Other"), .active = -1, .now_ms = MONDAY_MS };
	long long before = private_number(&maria, version);
	uint8_t hash[SEAL_HASH_BYTES];
	int64_t open;

	(void)state;
	session_for(&one, ACTOR_STAFF, 1, hash);
	assert_int_equal(staff_change(one.db, one.a, seal, 1, &name, &open), E_OK);
	assert_int_equal(set_active(1, 1, &open), E_OK);
	assert_int_equal(private_number(&maria, version), before);
	assert_int_equal(count("session WHERE revoked_at IS NULL"), 1);
	assert_int_equal(set_active(1, 0, &open), E_OK);
	assert_int_equal(private_number(&maria, version), before + 1);
	assert_int_equal(count("session WHERE revoked_at IS NULL"), 0);
	assert_int_equal(set_active(1, 0, &open), E_OK);
	assert_int_equal(private_number(&maria, version), before + 1);
	assert_int_equal(set_active(1, 1, &open), E_OK);
	assert_int_equal(private_number(&maria, version), before + 2);
	assert_int_equal(count("staff WHERE id = 1 AND name_en = 'Other' AND name_bn = 'ল'"), 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_staff__who_may_see_and_change_whom, setup),
		cmocka_unit_test_setup(test_staff__citizens_may_nothing, setup),
		cmocka_unit_test_setup(test_staff__a_person_is_read_whole, setup),
		cmocka_unit_test_setup(test_staff__user_names, setup),
		cmocka_unit_test_setup(test_staff__an_account_is_made_once_and_opens_with_its_first_password, setup),
		cmocka_unit_test_setup(test_staff__nothing_is_made_when_what_belongs_to_it_fails, setup),
		cmocka_unit_test_setup(test_staff__the_last_administrator_stays, setup),
		cmocka_unit_test_setup(test_staff__a_change_of_who_is_there_is_told_to_the_workers, setup),
	};

	return cmocka_run_group_tests(tests, seeded_up, seeded_down);
}
