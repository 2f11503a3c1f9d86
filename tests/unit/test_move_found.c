/* What a move refers to: the colleague who is named, the complaint that one is joined to. On the real procedures. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "core/tx.h"
#include "moving.h"

#define ROUNDS 10

/* ---- naming a colleague */

/* Proposed or assigned is an active LME of the complaint's department. */
static void
test_move_found__who_is_named_is_an_lme_of_the_department(void **state)
{
	static const struct {
		const char *user;
		bool is;
	} cases[] = { { "lme2", true }, { "lme1", false }, { "gro", false }, { "left", false }, { "", false }, { "লোক", false } };
	const struct duty duty = { .role = GRO, .department = "DRN" };
	const struct actor officer = { .kind = ACTOR_STAFF, .id = 3, .roles = GRO, .duties = &duty, .n_duties = 1 };

	(void)state;
	/* lme1 is of parks, and GRO of drains; left has gone */
	assert_true(private_sql(&maria,
				"INSERT INTO roster (staff_id, role, department_code) VALUES (2, 'LME', 'DRN'), (1, 'LME', 'PRK'),"
				" (1, 'GRO', 'DRN'), (3, 'GRO', 'DRN'), (5, 'LME', 'DRN')"));
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct means w = { .db = one.db, .arena = one.a, .directory = directory, .seal = seal };
		struct field_errors errors = { .arena = one.a };
		struct refused refused = { .errors = &errors };
		struct moving m = { MOVING_INIT, .action = ASSIGN, .version = 1, .lme = span_of(cases[i].user),
				    .now_ms = MONDAY_MS };
		struct complaint c;

		lodged(&c);
		assert_int_equal(complaint_move(&w, &officer, &m, &c, &refused), cases[i].is ? E_OK : E_INVALID);
		assert_int_equal(errors.n, cases[i].is ? 0 : 1);
		if (cases[i].is) {
			assert_int_equal(c.holder_id, 2);
		} else {
			assert_string_equal(errors.v[0].pointer, "/lme");
			assert_int_equal(errors.v[0].code, FE_NOT_FOUND);
		}
	}
}

/* ---- joining one to another */

static const struct duty gro_duty = { .role = GRO, .department = "DRN" };
static const struct actor gro = { .kind = ACTOR_STAFF, .id = 3, .roles = GRO, .duties = &gro_duty, .n_duties = 1 };

static const struct duty eo_duty = { .role = EO, .department = "DRN", .eo_level = 1 };
static const struct actor eo = { .kind = ACTOR_STAFF, .id = 4, .roles = EO, .duties = &eo_duty, .n_duties = 1 };

static struct moving
joining(const struct complaint *parent, const char *key)
{
	struct moving m = withdrawal(1, key);

	m.action = MERGE;
	m.parent = parent->number.p;
	return m;
}

struct joiner {
	pthread_t thread;
	pthread_barrier_t *meet;
	struct moving m;
	struct complaint c;
	enum status st;
	enum refusal why;
};

static void *
join_it(void *arg)
{
	struct joiner *t = arg;
	struct hand h = hand_new();
	const struct means w = { .db = h.db, .arena = h.a, .directory = directory, .seal = seal };
	struct refused refused = { .why = REFUSAL_NONE };
	struct span answer;
	int64_t version;

	assert_int_equal(directory_version(h.db, h.a, &version), E_OK); /* connected before the start */
	(void)pthread_barrier_wait(t->meet);
	t->st = complaint_act(&w, &gro, &t->m, &t->c, &answer, &refused);
	t->why = refused.why;
	hand_free(&h);
	return NULL;
}

/* Each of two is joined to the other at the same instant: one stays open, and neither waits for the other in a circle. */
static void
test_move_found__of_two_joined_to_each_other_one_stays(void **state)
{
	static const char deadlocks[] =
		"SELECT VARIABLE_VALUE FROM information_schema.GLOBAL_STATUS WHERE VARIABLE_NAME = 'INNODB_DEADLOCKS'";
	const long long before = private_number(&maria, deadlocks);
	pthread_barrier_t meet;

	(void)state;
	(void)pthread_barrier_init(&meet, NULL, 2);
	for (int round = 0; round < ROUNDS; round++) {
		struct complaint c[2];
		struct joiner t[2];

		lodged(&c[0]);
		lodged(&c[1]);
		for (int i = 0; i < 2; i++) {
			char key[24];

			(void)snprintf(key, sizeof(key), "join-%d-%d", round, i);
			t[i] = (struct joiner){ .meet = &meet, .m = joining(&c[1 - i], key), .c = c[i] };
			assert_int_equal(pthread_create(&t[i].thread, NULL, join_it, &t[i]), 0);
		}
		for (int i = 0; i < 2; i++)
			assert_int_equal(pthread_join(t[i].thread, NULL), 0);
		const int won = t[0].st == E_OK ? 0 : 1;

		assert_int_equal(t[won].st, E_OK);
		assert_int_equal(t[1 - won].st, E_ILLEGAL_MOVE);
		assert_int_equal(t[1 - won].why, REFUSAL_PARENT);
		check_chain(&c[won], 2);
		check_chain(&c[1 - won], 1);
	}
	(void)pthread_barrier_destroy(&meet);
	assert_int_equal(private_number(&maria, deadlocks), before);
}

struct attempt {
	struct moving m;
	struct complaint c;
	int lodged_meanwhile;
};

static enum status
try_in_transaction(struct db *db, void *arg)
{
	struct attempt *t = arg;
	struct hand h = hand_new();
	struct refused refused = { .why = REFUSAL_NONE };
	const struct means w = { .db = db, .arena = h.a, .directory = directory, .seal = seal };
	struct complaint other;
	enum status st = complaint_move(&w, &gro, &t->m, &t->c, &refused);

	lodged(&other); /* by `one`, while this transaction is open */
	t->lodged_meanwhile++;
	hand_free(&h);
	return st;
}

/* A number that does not exist locked the gap where the next complaints are stored. */
static void
test_move_found__joining_to_nothing_holds_up_nobody(void **state)
{
	const struct complaint none = { .number = SPAN("999999999999") };
	struct attempt t = { .m = joining(&none, "k") };
	struct hand h = hand_new();

	(void)state;
	lodged(&t.c);
	assert_int_equal(db_tx(h.db, try_in_transaction, &t, NULL), E_INVALID);
	assert_int_equal(t.lodged_meanwhile, 1);
	hand_free(&h);
}

/* ---- what its promise counts from */

static void
step(struct complaint *c, const struct actor *who, enum action on, int hours, const char *subcategory)
{
	const struct means w = { .db = one.db, .arena = one.a, .directory = directory, .seal = seal };
	struct refused refused = { .why = REFUSAL_NONE };
	struct moving m = withdrawal(c->version, "unused");

	m.action = on;
	m.now_ms = c->lodged_ms + hours * HOUR_MS;
	m.subcategory = subcategory == NULL ? NULL : directory_subcategory(directory, span_of(subcategory));
	assert_int_equal(complaint_move(&w, who, &m, c, &refused), E_OK);
}

/* Lodging, the last re-opening, the pauses since, and whether time was given before: all told by the timeline. */
static void
test_move_found__a_promise_counts_from_what_the_timeline_tells(void **state)
{
	struct complaint c;

	(void)state;
	assert_true(private_sql(&maria, "INSERT INTO roster (staff_id, role, department_code) VALUES (3, 'GRO', 'DRN')"));
	assert_true(
		private_sql(&maria, "INSERT INTO roster (staff_id, role, department_code, eo_level) VALUES (4, 'EO', 'DRN', 1)"));
	directory_free(directory); /* who has which office is read with it */
	assert_int_equal(directory_load(one.db, &directory), E_OK);
	lodged(&c);
	step(&c, &gro, ASK_CITIZEN, 1, NULL);
	step(&c, &actor, REPLY, 4, NULL);
	step(&c, &gro, CORRECT, 5, "DRN-02");
	assert_true(c.due_ms == directory_due(directory, c.lodged_ms, 48) + 3 * HOUR_MS && c.escalate_ms == c.due_ms);
	step(&c, &gro, CORRECT, 26, "DRN-01");
	assert_true(c.due_ms == c.lodged_ms + 38 * HOUR_MS); /* 12 hours for an LME, out of what DRN-02 had left */
	for (int hours = 27; hours <= 60; hours++)
		step(&c, &gro, CORRECT, hours, hours % 2 == 0 ? "DRN-02" : "DRN-01");
	assert_true(c.due_ms <= directory_due(directory, c.lodged_ms, 48) + 3 * HOUR_MS);
	step(&c, &gro, REJECT, 61, NULL);
	step(&c, &actor, REOPEN, 62, NULL);
	step(&c, &eo, CORRECT, 63, "DRN-01");
	assert_true(c.due_ms == c.lodged_ms + (62 + 24) * HOUR_MS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_move_found__who_is_named_is_an_lme_of_the_department, setup),
		cmocka_unit_test_setup(test_move_found__of_two_joined_to_each_other_one_stays, setup),
		cmocka_unit_test_setup(test_move_found__joining_to_nothing_holds_up_nobody, setup),
		cmocka_unit_test_setup(test_move_found__a_promise_counts_from_what_the_timeline_tells, setup),
	};

	return cmocka_run_group_tests(tests, group_up, group_down);
}
