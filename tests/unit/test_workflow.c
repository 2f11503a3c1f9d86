/* The table of moves, walked state by state and action by action, and the names of both. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

#include "domain/workflow.h"

/* Design, section 4: what each action leads to from each state; -1: illegal. A new action needs its line here. */
static const int expected[ACTION__COUNT][STATE__COUNT] = {
	[WITHDRAW] = {
		[UNASSIGNED] = WITHDRAWN, [ASSIGNED] = WITHDRAWN, [IN_PROGRESS] = WITHDRAWN, [REASSIGN_REQUESTED] = WITHDRAWN,
		[AWAITING_CITIZEN] = WITHDRAWN, [ESCALATED] = -1, [RESOLVED] = -1, [REJECTED] = -1, [CLOSED] = -1, [WITHDRAWN] = -1,
		[DUPLICATE] = -1,
	},
};
static const unsigned who[ACTION__COUNT] = { [WITHDRAW] = COMPLAINANT };

static void
test_workflow__every_state_and_action(void **state)
{
	(void)state;
	for (int s = 0; s < STATE__COUNT; s++) {
		for (int a = 0; a < ACTION__COUNT; a++) {
			const struct move *m = workflow_move((enum state)s, (enum action)a);

			if (expected[a][s] < 0) {
				assert_null(m);
				continue;
			}
			assert_non_null(m);
			assert_int_equal(m->on, a);
			assert_int_equal(m->to, expected[a][s]);
			assert_int_equal(m->who, who[a]);
			assert_true(m->who != 0); /* a move nobody may make is a hole */
		}
	}
}

static void
test_workflow__nothing_leaves_what_is_final(void **state)
{
	(void)state;
	for (int a = 0; a < ACTION__COUNT; a++)
		assert_null(workflow_move(WITHDRAWN, (enum action)a));
}

static void
test_workflow__names_round_trip(void **state)
{
	(void)state;
	assert_null(state_names[STATE__COUNT]);
	assert_null(action_names[ACTION__COUNT]);
	for (int s = 0; s < STATE__COUNT; s++) {
		enum state back = STATE__COUNT;

		assert_non_null(state_names[s]);
		assert_string_equal(state_name((enum state)s), state_names[s]);
		assert_true(state_parse(span_of(state_names[s]), &back));
		assert_int_equal(back, s); /* so no two are alike */
	}
	for (int a = 0; a < ACTION__COUNT; a++) {
		enum action back = ACTION__COUNT;

		assert_non_null(action_names[a]);
		assert_string_equal(action_name((enum action)a), action_names[a]);
		assert_true(action_parse(span_of(action_names[a]), &back));
		assert_int_equal(back, a);
	}
}

static void
test_workflow__words_are_taken_exactly(void **state)
{
	static const char *const bad[] = {
		"", "assigned", "ASSIGNED ", " ASSIGNED", "ASSIGN", "WITHDRAW", "Withdraw", "withdraw "
	};
	enum state s = REJECTED;
	enum action a = ACTION__COUNT;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		assert_false(state_parse(span_of(bad[i]), &s));
		assert_false(action_parse(span_of(bad[i]), &a));
	}
	assert_false(state_parse((struct span){ "ASSIGNED\0", 9 }, &s));
	assert_false(state_parse((struct span){ NULL, 0 }, &s));
	assert_int_equal(s, REJECTED); /* untouched */
	assert_int_equal(a, ACTION__COUNT);
}

/* The migration spells the states again: a state the database does not know could not be stored. */
static void
test_workflow__the_database_knows_every_state(void **state)
{
	FILE *in = fopen("sql/0003_complaint.sql", "re");
	char text[32768], list[512] = "";
	size_t n, used = 0;

	(void)state;
	assert_non_null(in);
	n = fread(text, 1, sizeof(text) - 1, in);
	text[n] = '\0';
	assert_int_equal(fclose(in), 0);
	for (int s = 0; s < STATE__COUNT; s++)
		used += (size_t)snprintf(list + used, sizeof(list) - used, "%s'%s'", s == 0 ? "state ENUM(" : ",", state_names[s]);
	(void)snprintf(list + used, sizeof(list) - used, ") NOT NULL");
	assert_non_null(strstr(text, list));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_workflow__every_state_and_action),
		cmocka_unit_test(test_workflow__nothing_leaves_what_is_final),
		cmocka_unit_test(test_workflow__names_round_trip),
		cmocka_unit_test(test_workflow__words_are_taken_exactly),
		cmocka_unit_test(test_workflow__the_database_knows_every_state),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
