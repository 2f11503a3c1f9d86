/* The table of moves, walked state by state and action by action, and the names of both. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

#include "domain/workflow.h"

#define UN        UNASSIGNED
#define AS        ASSIGNED
#define IP        IN_PROGRESS
#define RR        REASSIGN_REQUESTED
#define AW        AWAITING_CITIZEN
#define ES        ESCALATED
#define RE        RESOLVED
#define RJ        REJECTED
#define CL        CLOSED
#define WD        WITHDRAWN
#define DU        DUPLICATE
#define ANY_STAFF (P_HOLDER | P_GRO | P_EO | P_OFFICER | P_DESK | P_COMMISSIONER)

/* Design, section 4, once more and the other way round: for each action what it leads to from each state (-1: illegal), and by
 * whom. A new action needs its line here. */
static const struct {
	int to[STATE__COUNT];
	unsigned who[STATE__COUNT]; /* all rows of that state together */
} expected[ACTION__COUNT] = {
#define X  -1
#define S  TO_SAME
#define B  TO_BACK
#define R  TO_ROUTED
#define T  TO_ROUTED_THERE
#define U  TO_ROUTED_IF_UNFIT
#define P1 P_COMPLAINANT
#define PH P_HOLDER
#define PG P_GRO
#define PE P_EO
	/* clang-format off */
	/*                       UN  AS  IP  RR  AW  ES  RE  RJ  CL  WD  DU */
	[ASSIGN]           = { { AS, AS, AS, AS, X,  X,  X,  X,  X,  X,  X  }, { PG, PG, PG, PG, 0,  0,  0,  0,  0,  0,  0 } },
	[START]            = { { X,  IP, X,  X,  X,  X,  X,  X,  X,  X,  X  }, { 0,  PH, 0,  0,  0,  0,  0,  0,  0,  0,  0 } },
	[REQUEST_REASSIGN] = { { X,  RR, RR, X,  X,  X,  X,  X,  X,  X,  X  }, { 0,  PH, PH, 0,  0,  0,  0,  0,  0,  0,  0 } },
	[REFUSE]           = { { X,  X,  X,  AS, X,  X,  X,  X,  X,  X,  X  }, { 0,  0,  0,  PG, 0,  0,  0,  0,  0,  0,  0 } },
	[TRANSFER]         = { { T,  T,  T,  T,  T,  T,  X,  X,  X,  X,  S  },
			       { PG, PG, PG, PG, PG, PE, 0, 0, 0, 0, P_PARENT } },
	[CORRECT]          = { { U,  U,  U,  U,  X,  U,  X,  X,  X,  X,  S  },
			       { PG|PE, PG|PE, PG|PE, PG|PE, 0, PG|PE, 0, 0, 0, 0, P_PARENT } },
	[VACATE]           = { { X,  R,  R,  R,  R,  X,  X,  X,  X,  X,  X  },
			       { 0, P_ROSTER, P_ROSTER, P_ROSTER, P_ROSTER, 0, 0, 0, 0, 0, 0 } },
	[RESOLVE]          = { { X,  RE, RE, X,  X,  RE, X,  X,  X,  X,  X  }, { 0,  PH, PH, 0,  0,  PH, 0,  0,  0,  0,  0 } },
	[ASK_CITIZEN]      = { { AW, AW, AW, AW, X,  AW, X,  X,  X,  X,  X  }, { PH, PH, PH, PH, 0,  PH, 0,  0,  0,  0,  0 } },
	[REPLY]            = { { X,  X,  X,  X,  B,  X,  X,  X,  X,  X,  X  }, { 0,  0,  0,  0,  P1, 0,  0,  0,  0,  0,  0 } },
	[RESUME]           = { { X,  X,  X,  X,  B,  X,  X,  X,  X,  X,  X  }, { 0,  0,  0,  0,  PH|P_CLOCK, 0, 0, 0, 0, 0, 0 } },
	[REJECT]           = { { RJ, X,  X,  RJ, X,  RJ, X,  X,  X,  X,  X  }, { PH, 0,  0,  PH, 0,  PH, 0,  0,  0,  0,  0 } },
	[REOPEN]           = { { X,  X,  X,  X,  X,  X,  ES, ES, ES, X,  ES },
			       { 0, 0, 0, 0, 0, 0, P1|P_CMRO, P1|P_CMRO, P1|P_CMRO, 0, P1 } },
	[ESCALATE]         = { { ES, ES, ES, ES, ES, ES, X,  X,  X,  X,  X  },
			       { PG|P_CLOCK, PG|P_CLOCK, PG|P_CLOCK, PG|P_CLOCK, PG, PE|P_CLOCK, 0, 0, 0, 0, 0 } },
	[DIRECT]           = { { X,  X,  X,  X,  X,  AS, X,  X,  X,  X,  X  }, { 0,  0,  0,  0,  0,  PH, 0,  0,  0,  0,  0 } },
	[RATE]             = { { X,  X,  X,  X,  X,  X,  CL, CL, CL, X,  S  }, { 0,  0,  0,  0,  0,  0,  P1, P1, P1, 0,  P1 } },
	[CLOSE]            = { { X,  X,  X,  X,  X,  X,  CL, CL, X,  X,  X  }, { 0, 0, 0, 0, 0, 0, P_CLOCK, P_CLOCK, 0, 0, 0 } },
	[WITHDRAW]         = { { WD, WD, WD, WD, WD, X,  X,  X,  X,  X,  X  },
			       { P1|P_CMRO, P1|P_CMRO, P1|P_CMRO, P1|P_CMRO, P1|P_CMRO, 0, 0, 0, 0, 0, 0 } },
	[NOTE]             = { { S,  S,  S,  S,  S,  S,  X,  X,  X,  X,  X  },
			       { P1|ANY_STAFF, P1|ANY_STAFF, P1|ANY_STAFF, P1|ANY_STAFF, P1|ANY_STAFF, P1|ANY_STAFF, 0, 0, 0, 0, 0 } },
	[MERGE]            = { { DU, DU, DU, X,  X,  X,  X,  X,  X,  X,  S  }, { PG, PG, PG, 0, 0, 0, 0, 0, 0, 0, P_PARENT } },
	[UNMERGE]          = { { X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  R  }, { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, PG|P_PARENT } },
	/* clang-format on */
};

static void
test_workflow__every_state_action_and_party(void **state)
{
	(void)state;
	for (int s = 0; s < STATE__COUNT; s++) {
		for (int a = 0; a < ACTION__COUNT; a++) {
			const struct move *any = workflow_move((enum state)s, (enum action)a, 0);

			/* what duplicates only follow is nobody's to do */
			assert_int_equal(any != NULL, expected[a].to[s] >= 0 && expected[a].who[s] != P_PARENT);
			for (unsigned party = P_COMPLAINANT; party <= P_CMRO; party <<= 1) {
				const struct move *m = workflow_move((enum state)s, (enum action)a, party);

				assert_int_equal(m != NULL, (expected[a].who[s] & party) != 0);
				if (m == NULL)
					continue;
				assert_int_equal(m->on, a);
				assert_int_equal(m->to, expected[a].to[s]);
				assert_int_equal(m->needs & m->may, 0); /* either must be told or may be */
			}
		}
	}
}

/* A row that no test state reaches, or that asks nobody, is a hole. */
static void
test_workflow__no_row_is_dead(void **state)
{
	(void)state;
	for (size_t i = 0; i < n_moves; i++) {
		unsigned reached = 0;

		for (int s = 0; s < STATE__COUNT; s++)
			for (unsigned party = P_COMPLAINANT; party <= P_CMRO; party <<= 1)
				if (workflow_move((enum state)s, moves[i].on, party) == &moves[i])
					reached |= party;
		assert_int_equal(reached, moves[i].who);
	}
}

static void
test_workflow__nothing_leaves_what_is_final(void **state)
{
	(void)state;
	for (int a = 0; a < ACTION__COUNT; a++)
		assert_null(workflow_move(WITHDRAWN, (enum action)a, 0));
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
		cmocka_unit_test(test_workflow__every_state_action_and_party),
		cmocka_unit_test(test_workflow__no_row_is_dead),
		cmocka_unit_test(test_workflow__nothing_leaves_what_is_final),
		cmocka_unit_test(test_workflow__names_round_trip),
		cmocka_unit_test(test_workflow__words_are_taken_exactly),
		cmocka_unit_test(test_workflow__the_database_knows_every_state),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
