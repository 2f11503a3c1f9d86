/* Who leaves by a list is out at once and leaves no work behind; who comes back is let in again. On the real procedures. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "roster_lab.h"

/* ---- who leaves, who comes back */

static void
test_roster_leaving__who_leaves_is_out_at_once_unless_another_duty_is_left(void **state)
{
	uint8_t token[2][SEAL_HASH_BYTES];
	struct actor actor = { .kind = ACTOR_NOBODY };

	(void)state;
	assert_int_equal(import(L1 L2 G3 "lme2,lme,PRK,,,,,Name 2,নাম,7000000002\n", ALL), E_OK);
	session_for(&one, ACTOR_STAFF, 1, token[0]);
	session_for(&one, ACTOR_STAFF, 2, token[1]);
	assert_int_equal(import(G3, DRN), E_OK);
	counts(0, 0, 2, 1, 0);
	memcpy(actor.token_hash, token[0], SEAL_HASH_BYTES);
	assert_int_equal(session_actor(one.db, one.a, MONDAY_MS, &actor), E_UNAUTHENTICATED);
	memcpy(actor.token_hash, token[1], SEAL_HASH_BYTES);
	assert_int_equal(session_actor(one.db, one.a, MONDAY_MS, &actor), E_OK);
	assert_int_equal(actor.n_duties, 1);
	assert_string_equal(actor.duties[0].department, "PRK");
	assert_int_equal(count("session WHERE staff_id = 1 AND revoked_at IS NOT NULL"), 1);
	/* back again: the account lives, its old sessions do not */
	assert_int_equal(import(G3 L1, DRN), E_OK);
	counts(1, 0, 0, 1, 0);
	assert_int_equal(count("staff WHERE id = 1 AND active"), 1);
	memcpy(actor.token_hash, token[0], SEAL_HASH_BYTES);
	assert_int_equal(session_actor(one.db, one.a, MONDAY_MS, &actor), E_UNAUTHENTICATED);
}

static void
test_roster_leaving__who_was_shut_out_stays_out(void **state)
{
	(void)state;
	assert_int_equal(import(L1 G3, DRN), E_OK);
	assert_true(private_sql(&maria, "UPDATE staff SET active = 0 WHERE id = 1"));
	assert_int_equal(import(L1 G3, DRN), E_OK);
	counts(0, 0, 0, 2, 0);
	assert_int_equal(import("lme1,lme,DRN,,2,,,Name 1,নাম,7000000001\n" G3, DRN), E_OK);
	counts(0, 1, 0, 1, 0);
	assert_int_equal(count("staff WHERE id = 1 AND active"), 0);
}

/* One wrong letter in a user name, and nobody could log in to put it right. */
static void
test_roster_leaving__an_administrator_who_can_log_in_stays(void **state)
{
	static const char mistyped[] = G3 "bose,admin,,,,,,A,আ,\n", right[] = G3 "left,admin,,,,,,Name 5,নাম,7000000005\n";

	(void)state;
	assert_true(private_sql(&maria, "UPDATE staff SET active = 1, password_hash = 'x' WHERE id = 5;"
					"INSERT INTO roster (staff_id, role) VALUES (5, 'ADMIN')"));
	for (int real = 0; real < 2; real++) {
		assert_int_equal(real ? import(mistyped, ALL) : look(mistyped, ALL), real ? E_INVALID : E_OK);
		assert_int_equal(report.errors_all, 1);
		assert_int_equal(report.errors[0].fault, RF_LAST_ADMIN);
	}
	assert_int_equal(import(G3, ALL), E_OK);
	assert_int_equal(import(right, ALL), E_OK);
	assert_true(private_sql(&maria, "UPDATE staff SET password_hash = NULL WHERE id = 5"));
	assert_int_equal(import(mistyped, ALL), E_OK); /* nobody could log in before either */
}

static void
test_roster_leaving__a_number_is_handed_over_but_not_shared(void **state)
{
	(void)state;
	assert_int_equal(import(L1 L2 "gro,gro,PRK,,,,,Name 3,নাম,7000000003\n", ALL), E_OK);
	assert_int_equal(import(L1 "heir,lme,DRN,,,,,A,আ,7000000003\n", DRN), E_INVALID);
	assert_int_equal(report.errors[0].fault, RF_MOBILE_TAKEN);
	assert_int_equal(report.errors[0].row, 3);
	assert_int_equal(import(L1 "heir,lme,DRN,,,,,A,আ,7000000002\n", DRN), E_OK);
	counts(1, 0, 1, 1, 0);
	/* and back, while the other takes a new one */
	assert_int_equal(import(L1 L2 "heir,lme,DRN,,,,,A,আ,7000000099\n", DRN), E_OK);
	counts(1, 1, 0, 1, 0);
}

static void
test_roster_leaving__a_department_is_not_emptied_by_accident(void **state)
{
	struct roster_job job = job_of(HEADER, DRN);

	(void)state;
	assert_int_equal(import(L1 L2 G3, DRN), E_OK);
	assert_int_equal(bring(&job), E_CONFIRM);
	assert_true(report.needs_confirm);
	counts(0, 0, 3, 0, 0);
	assert_int_equal(version(), 101);
	/* a list of all that forgot a department */
	assert_int_equal(import("gro.b2,gro,PRK,,,,,Name 4,নাম,7000000004\n", ALL), E_CONFIRM);
	job.confirm = true;
	assert_int_equal(bring(&job), E_OK);
	assert_int_equal(count("roster") + count("staff WHERE id <= 3 AND active"), 0);
}

/* ---- open work of who leaves */

static void
lodged(const char *subcategory, const char *key, struct lodged *out)
{
	static uint8_t token[SEAL_HASH_BYTES];
	static int64_t citizen;
	struct lodging in;

	if (count("citizen") == 0) {
		citizen = citizen_new(&one, "9830012345", "hi");
		session_for(&one, ACTOR_CITIZEN, citizen, token);
	}
	in = lodging_of(directory, subcategory, token, key);
	assert_int_equal(complaint_lodge(one.db, one.a, directory, seal, ids, &in, out), E_OK);
}

static void
put(const struct lodged *c, const char *values)
{
	assert_true(private_sql(&maria,
				arena_printf(one.a, "UPDATE complaint SET %s WHERE number = '%.*s'", values, SPAN_FMT(c->number))));
}

static long long
is(const struct lodged *c, const char *what)
{
	return count(arena_printf(one.a, "complaint WHERE number = '%.*s' AND %s", SPAN_FMT(c->number), what));
}

static void
test_roster_leaving__open_complaints_of_who_leaves_are_routed_anew(void **state)
{
	struct roster_job job = job_of(HEADER L2 G3, DRN);
	struct lodged c[6];

	(void)state;
	assert_int_equal(import(L1 L2 G3 "left,lme,PRK,,,,,Name 5,নাম,7000000005\n", ALL), E_OK);
	for (int i = 0; i < 6; i++)
		lodged(i == 5 ? "PRK-01" : "DRN-01", arena_printf(one.a, "k%d", i), &c[i]);
	for (int i = 0; i < 5; i++)
		assert_int_equal(is(&c[i], "holder_id = 1 AND state = 'ASSIGNED'"), 1);
	put(&c[1], "state = 'IN_PROGRESS'");
	put(&c[2], "state = 'REASSIGN_REQUESTED', proposed_id = 2");
	put(&c[3], "state = 'AWAITING_CITIZEN', waiting_from = 'IN_PROGRESS', waiting_since = '2026-11-23 04:30:00'");
	put(&c[4],
	    "state = 'RESOLVED', holder_id = NULL, last_holder_id = 1, resolved_at = '2026-11-23 04:40:00', escalate_at = NULL");
	assert_true(private_sql(&maria, "DELETE FROM outbox"));
	assert_int_equal(bring(&job), E_CONFIRM);
	assert_int_equal(report.rerouted, 4);
	assert_int_equal(report.items[0].open, 4);
	assert_int_equal(count("complaint_event WHERE action = 'vacate'"), 0);
	job.confirm = true;
	job.most_moved = 3;
	assert_int_equal(bring(&job), E_INVALID);
	assert_int_equal(report.errors[0].fault, RF_OPEN_MANY);
	assert_int_equal(report.errors[0].n, 4);
	job.most_moved = 4;
	assert_int_equal(bring(&job), E_OK);
	for (int i = 0; i < 4; i++)
		assert_int_equal(is(&c[i], "holder_id = 2 AND state = 'ASSIGNED' AND version = 2 AND proposed_id IS NULL"), 1);
	assert_int_equal(is(&c[4], "last_holder_id = 1 AND version = 1"), 1);
	assert_int_equal(is(&c[5], "holder_id = 5 AND version = 1"), 1);
	assert_int_equal(count("complaint_event WHERE action = 'vacate' AND actor_kind = 'system' AND to_state = 'ASSIGNED' AND "
			       "office = 'LME'"),
			 4);
	/* who gets it and the grievance officers hear of it, who left does not */
	assert_int_equal(count("outbox WHERE recipient = 'staff' AND recipient_id = 2 AND template = 'lme_assigned'"), 4);
	assert_int_equal(count("outbox WHERE recipient = 'staff' AND recipient_id = 3"), 4);
	assert_int_equal(count("outbox WHERE recipient = 'staff' AND recipient_id = 1"), 0);
	assert_int_equal(count("admin_change WHERE JSON_VALUE(after_json, '$.rerouted') = 4"), 1);
	/* nobody is left: the grievance officers have them */
	job = job_of(HEADER G3, DRN);
	job.confirm = true;
	assert_int_equal(bring(&job), E_OK);
	assert_int_equal(count("complaint WHERE state = 'UNASSIGNED' AND holder_id IS NULL AND version = 3"), 4);
}

static void
test_roster_leaving__who_changes_duties_keeps_what_is_still_theirs(void **state)
{
	struct lodged c;

	(void)state;
	assert_int_equal(import(L1 L2 G3, DRN), E_OK);
	lodged("DRN-01", "k", &c);
	/* another borough: what was begun is finished; a grievance officer now: it is not */
	assert_int_equal(import("lme1,lme,DRN,,7,,,Name 1,নাম,7000000001\n" L2 G3, DRN), E_OK);
	assert_int_equal(is(&c, "holder_id = 1 AND version = 1"), 1);
	assert_int_equal(import("lme1,gro,DRN,,,,,Name 1,নাম,7000000001\n" L2 G3, DRN), E_CONFIRM);
	assert_int_equal(report.items[0].what, ROSTER_CHANGED);
	assert_int_equal(report.items[0].row, 2);
	assert_int_equal(report.items[0].open, 1);
	assert_int_equal(is(&c, "holder_id = 1 AND version = 1"), 1);
}

static void
test_roster_leaving__what_cannot_be_moved_keeps_the_list_out(void **state)
{
	struct roster_job job = job_of(HEADER L2 G3, DRN);
	struct lodged c;

	(void)state;
	assert_int_equal(import(L1 L2 G3, DRN), E_OK);
	lodged("DRN-01", "k", &c);
	assert_true(private_sql(&maria, "DROP PROCEDURE complaint_move"));
	job.confirm = true;
	assert_int_equal(bring(&job), E_INTERNAL);
	assert_true(seeded_apply("sql/procedures/complaint_move.sql"));
	assert_int_equal(count("roster WHERE staff_id = 1") + count("staff WHERE id = 1 AND active"), 2);
	assert_int_equal(version(), 101);
	assert_int_equal(bring(&job), E_OK);
	assert_int_equal(is(&c, "holder_id = 2"), 1);
}

static void
test_roster_leaving__what_went_to_who_had_just_left_is_found(void **state)
{
	const struct roster_means w = means();
	struct roster_swept swept = { 0 };
	struct lodged c[3];

	(void)state;
	assert_int_equal(import(L1 L2 G3, DRN), E_OK);
	for (int i = 0; i < 3; i++)
		lodged("DRN-01", arena_printf(one.a, "k%d", i), &c[i]);
	assert_int_equal(roster_sweep(&w, MONDAY_MS + HOUR_MS, &swept), E_OK);
	assert_int_equal(swept.n, 0);
	/* as a lodging that began before the list came in and ended after it leaves it */
	assert_true(private_sql(&maria, "DELETE FROM roster WHERE staff_id = 1"));
	put(&c[2], "state = 'RESOLVED', holder_id = NULL");
	assert_int_equal(roster_sweep(&w, MONDAY_MS + HOUR_MS, &swept), E_OK);
	assert_int_equal(swept.n, 2);
	assert_int_equal(is(&c[0], "holder_id = 2") + is(&c[1], "holder_id = 2"), 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_roster_leaving__who_leaves_is_out_at_once_unless_another_duty_is_left, roster_setup),
		cmocka_unit_test_setup(test_roster_leaving__who_was_shut_out_stays_out, roster_setup),
		cmocka_unit_test_setup(test_roster_leaving__an_administrator_who_can_log_in_stays, roster_setup),
		cmocka_unit_test_setup(test_roster_leaving__a_number_is_handed_over_but_not_shared, roster_setup),
		cmocka_unit_test_setup(test_roster_leaving__a_department_is_not_emptied_by_accident, roster_setup),
		cmocka_unit_test_setup(test_roster_leaving__open_complaints_of_who_leaves_are_routed_anew, roster_setup),
		cmocka_unit_test_setup(test_roster_leaving__who_changes_duties_keeps_what_is_still_theirs, roster_setup),
		cmocka_unit_test_setup(test_roster_leaving__what_cannot_be_moved_keeps_the_list_out, roster_setup),
		cmocka_unit_test_setup(test_roster_leaving__what_went_to_who_had_just_left_is_found, roster_setup),
	};

	return cmocka_run_group_tests(tests, group_up, group_down);
}
