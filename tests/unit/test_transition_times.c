/* The times and counts of design, section 4: twice, the windows, the two clocks and their pause, the questions. No database. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "scene.h"

static void
apply_found(struct complaint *c, enum action on, int64_t now_ms, const struct subcategory *subcategory, struct looked_up found)
{
	const struct moving m = { MOVING_INIT, .action = on, .now_ms = now_ms, .subcategory = subcategory };

	(void)transition_apply(&directory, workflow_move(c->state, on, 0), &m, &found, c);
}

/* ---- twice, and within the window */

#define LAST (NOW - DAY + WINDOW) /* the last moment at which the scene's resolution can be re-opened */

static enum refusal
guard_at(const struct complaint *c, enum action on, unsigned party, int64_t now_ms)
{
	return transition_guard(&directory, c, workflow_move(c->state, on, party), party, now_ms);
}

static void
test_transition_times__a_third_reopening_is_refused_whatever_came_between(void **state)
{
	static const enum action ends[] = { RESOLVE, REJECT };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
		struct complaint c = scene(RESOLVED, UNASSIGNED, 0);

		for (int times = 1; times <= 2; times++) {
			assert_int_equal(guard_at(&c, REOPEN, P_COMPLAINANT, NOW), REFUSAL_NONE);
			assert_int_equal(guard_at(&c, REOPEN, P_CMRO, NOW), REFUSAL_NONE);
			(void)apply(&c, REOPEN);
			assert_int_equal(c.reopen_count, times);
			assert_int_equal(c.level, times); /* EO 1, then EO 2 */
			(void)apply(&c, ends[i]);
			assert_int_equal(c.level, times);
		}
		for (int closed = 0; closed <= 1; closed++) {
			assert_int_equal(guard_at(&c, REOPEN, P_COMPLAINANT, NOW), REFUSAL_REOPENED_TWICE);
			assert_int_equal(guard_at(&c, REOPEN, P_CMRO, NOW), REFUSAL_REOPENED_TWICE); /* one count for both */
			assert_int_equal(guard_at(&c, REOPEN, P_COMPLAINANT, NOW + WINDOW + 1), REFUSAL_REOPENED_TWICE);
			assert_true(transition_reopen_until(&directory, &c) == CLOCK_NONE);
			if (!closed)
				(void)apply(&c, RATE);
		}
	}
}

/* What had been escalated to EO 2 goes back to EO 2. */
static void
test_transition_times__the_level_never_falls(void **state)
{
	static const int reopened_to[] = { 1, 1, 2 };

	(void)state;
	for (int level = 0; level <= LEVEL_MOST; level++) {
		struct complaint c = scene(REJECTED, UNASSIGNED, level);

		(void)apply(&c, REOPEN);
		assert_int_equal(c.level, reopened_to[level]);
		(void)apply(&c, DIRECT);
		assert_int_equal(c.level, reopened_to[level]);
		(void)apply(&c, ESCALATE);
		assert_int_equal(c.level, 2);
		assert_int_equal(c.state, ESCALATED);
		assert_int_equal(guard_at(&c, ESCALATE, P_EO, NOW), REFUSAL_LEVEL);
		assert_int_equal(guard_at(&c, ESCALATE, P_CLOCK, NOW + 100 * DAY), REFUSAL_LEVEL);
	}
}

static void
test_transition_times__windows_end_to_the_millisecond(void **state)
{
	static const enum state done[] = { RESOLVED, REJECTED, CLOSED, DUPLICATE };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(done); i++) {
		struct complaint c = scene(done[i], UNASSIGNED, 1);

		assert_int_equal(guard_at(&c, REOPEN, P_COMPLAINANT, LAST), REFUSAL_NONE);
		assert_int_equal(guard_at(&c, REOPEN, P_COMPLAINANT, LAST + 1), REFUSAL_WINDOW);
		assert_int_equal(guard_at(&c, RATE, P_COMPLAINANT, LAST + RATE_MORE), REFUSAL_NONE);
		assert_int_equal(guard_at(&c, RATE, P_COMPLAINANT, LAST + RATE_MORE + 1), REFUSAL_RATE_LATE);
		assert_true(transition_reopen_until(&directory, &c) == LAST);
		assert_true(transition_rate_until(&directory, &c) == LAST + RATE_MORE);
		c.rated = true; /* never changed, and no end to re-opening */
		assert_int_equal(guard_at(&c, RATE, P_COMPLAINANT, NOW), REFUSAL_RATED);
		assert_int_equal(guard_at(&c, REOPEN, P_COMPLAINANT, LAST), REFUSAL_NONE);
		assert_true(transition_rate_until(&directory, &c) == CLOCK_NONE);
		if (done[i] != RESOLVED && done[i] != REJECTED)
			continue;
		assert_int_equal(guard_at(&c, CLOSE, P_CLOCK, LAST), REFUSAL_EARLY);
		assert_int_equal(guard_at(&c, CLOSE, P_CLOCK, LAST + 1), REFUSAL_NONE);
	}
}

static void
test_transition_times__a_duplicate_waits_for_its_parent(void **state)
{
	(void)state;
	for (int s = 0; s < STATE__COUNT; s++) {
		const bool done = s == RESOLVED || s == REJECTED || s == CLOSED;
		struct complaint c = scene(DUPLICATE, UNASSIGNED, 0);

		c.parent.state = (enum state)s;
		c.parent.resolved_ms = done ? NOW : CLOCK_NONE;
		assert_int_equal(guard_at(&c, REOPEN, P_COMPLAINANT, NOW), done ? REFUSAL_NONE : REFUSAL_NOT_DONE);
		assert_int_equal(guard_at(&c, RATE, P_COMPLAINANT, NOW), done ? REFUSAL_NONE : REFUSAL_NOT_DONE);
	}
}

/* ---- the clocks */

static void
test_transition_times__the_clock_is_never_early(void **state)
{
	struct complaint c = scene(UNASSIGNED, UNASSIGNED, 0);

	(void)state;
	assert_int_equal(guard_at(&c, ESCALATE, P_CLOCK, c.escalate_ms - 1), REFUSAL_EARLY);
	assert_int_equal(guard_at(&c, ESCALATE, P_CLOCK, c.escalate_ms), REFUSAL_NONE);
	assert_int_equal(guard_at(&c, ESCALATE, P_GRO, LODGED), REFUSAL_NONE); /* a person need not wait */
	c = scene(AWAITING_CITIZEN, ASSIGNED, 0);
	assert_int_equal(guard_at(&c, RESUME, P_CLOCK, c.waiting_ms + WAIT - 1), REFUSAL_EARLY);
	assert_int_equal(guard_at(&c, RESUME, P_CLOCK, c.waiting_ms + WAIT), REFUSAL_NONE);
	assert_int_equal(guard_at(&c, RESUME, P_HOLDER, c.waiting_ms), REFUSAL_NONE);
}

/* Two questions, one answered after three hours, one given up after a day: both clocks stood for 27 hours. */
static void
test_transition_times__clocks_stand_while_the_citizen_is_asked(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(asked_in); i++) {
		struct complaint c = scene(asked_in[i], UNASSIGNED, 1);
		const int64_t due = c.due_ms;

		c.escalate_ms = due - HOUR;
		(void)apply_at(&c, ASK_CITIZEN, LODGED + HOUR, NULL);
		(void)apply_at(&c, NOTE, LODGED + 2 * HOUR, NULL);
		assert_true(c.due_ms == due && c.escalate_ms == due - HOUR && c.waiting_ms == LODGED + HOUR);
		(void)apply_at(&c, REPLY, LODGED + 4 * HOUR, NULL);
		assert_int_equal(c.state, asked_in[i]);
		assert_true(c.due_ms == due + 3 * HOUR && c.escalate_ms == due + 2 * HOUR);
		(void)apply_at(&c, ASK_CITIZEN, LODGED + 5 * HOUR, NULL);
		(void)apply_at(&c, RESUME, LODGED + 29 * HOUR, NULL);
		assert_int_equal(c.state, asked_in[i]);
		assert_true(c.due_ms == due + 27 * HOUR && c.escalate_ms == due + 26 * HOUR);
	}
}

/* Two questions of one holder; the LME who asked to be relieved and is not has no new ones. */
static void
test_transition_times__two_questions_of_one_holder(void **state)
{
	struct complaint c = scene(ASSIGNED, UNASSIGNED, 0);

	(void)state;
	for (int i = 0; i < ASK_MOST; i++) {
		assert_int_equal(guard_at(&c, ASK_CITIZEN, P_HOLDER, NOW), REFUSAL_NONE);
		(void)apply(&c, ASK_CITIZEN);
		(void)apply(&c, REPLY);
	}
	assert_int_equal(guard_at(&c, ASK_CITIZEN, P_HOLDER, NOW), REFUSAL_ASKED_TWICE);
	(void)apply(&c, REQUEST_REASSIGN);
	assert_int_equal(guard_at(&c, ASK_CITIZEN, P_HOLDER, NOW), REFUSAL_NONE); /* the GRO's first */
	(void)apply(&c, ASK_CITIZEN);
	(void)apply(&c, REPLY);
	(void)apply(&c, REFUSE);
	assert_int_equal(guard_at(&c, ASK_CITIZEN, P_HOLDER, NOW), REFUSAL_ASKED_TWICE);
	apply_found(&c, ASSIGN, NOW, NULL, (struct looked_up){ .lme_id = LME_1 }); /* what they have is given to them */
	assert_int_equal(guard_at(&c, ASK_CITIZEN, P_HOLDER, NOW), REFUSAL_ASKED_TWICE);
	(void)apply(&c, REQUEST_REASSIGN);
	apply_found(&c, ASSIGN, NOW, NULL, (struct looked_up){ .lme_id = LME_1 });
	assert_true(c.holder_id == LME_1 && c.proposed_id == 0);
	assert_int_equal(guard_at(&c, ASK_CITIZEN, P_HOLDER, NOW), REFUSAL_ASKED_TWICE);
	(void)apply(&c, ASSIGN);
	assert_int_equal(guard_at(&c, ASK_CITIZEN, P_HOLDER, NOW), REFUSAL_NONE);
	c.citizen_id = 0;
	assert_int_equal(guard_at(&c, ASK_CITIZEN, P_HOLDER, NOW), REFUSAL_ANONYMOUS);
}

static void
test_transition_times__what_the_clock_reads_next(void **state)
{
	struct complaint c = scene(IN_PROGRESS, UNASSIGNED, 0); /* promised after 8 hours */
	const int64_t due = c.due_ms;

	(void)state;
	(void)apply_at(&c, ESCALATE, LODGED + 8 * HOUR, NULL);
	assert_true(c.escalate_ms == LODGED + 12 * HOUR && c.due_ms == due); /* the promise stands, though it is broken */
	(void)apply_at(&c, DIRECT, LODGED + 9 * HOUR, NULL);
	assert_true(c.escalate_ms == LODGED + 13 * HOUR);
	(void)apply_at(&c, ESCALATE, LODGED + 13 * HOUR, NULL);
	assert_true(c.level == 2 && c.escalate_ms == CLOCK_NONE);
	(void)apply_at(&c, DIRECT, LODGED + 14 * HOUR, NULL);
	assert_true(c.escalate_ms == LODGED + 18 * HOUR && c.due_ms == due);
	c = scene(ESCALATED, UNASSIGNED, 1);
	c.escalate_ms = NOW + DAY; /* not sooner than it would have been */
	(void)apply(&c, DIRECT);
	assert_true(c.escalate_ms == NOW + DAY);
}

/* transfer and correct: the later of lodged_at + new SLA and now + half of it. */
static void
test_transition_times__another_subject_has_another_promise(void **state)
{
	static const struct {
		enum action on;
		size_t subcategory;
		int64_t at, due;
	} cases[] = {
		{ TRANSFER, 2, LODGED + HOUR, LODGED + 16 * HOUR },     { TRANSFER, 2, LODGED + 8 * HOUR, LODGED + 16 * HOUR },
		{ TRANSFER, 2, LODGED + 9 * HOUR, LODGED + 17 * HOUR }, { CORRECT, 0, LODGED + HOUR, LODGED + 24 * HOUR },
		{ CORRECT, 0, LODGED + 20 * HOUR, LODGED + 32 * HOUR },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct complaint c = scene(ASSIGNED, UNASSIGNED, 1);

		c.overdue_told = true;
		(void)apply_at(&c, cases[i].on, cases[i].at, &subcategories[cases[i].subcategory]);
		assert_true(c.due_ms == cases[i].due && c.escalate_ms == cases[i].due && !c.overdue_told);
		assert_true(span_eq(c.subcategory, subcategories[cases[i].subcategory].code));
		assert_true(span_eq(c.department, cases[i].on == TRANSFER ? SPAN("PRK") : SPAN("DRN")));
		assert_true(span_eq(c.category, cases[i].on == TRANSFER ? SPAN("PRK-A") : SPAN("DRN-A")));
		assert_int_equal(c.level, 1);
	}
}

/* A GRO could put the promise off for ever by correcting to what it is. */
static void
test_transition_times__the_same_subject_has_the_same_promise(void **state)
{
	struct complaint c = scene(ASSIGNED, UNASSIGNED, 0);
	const int64_t due = c.due_ms;

	(void)state;
	c.escalate_ms = due - HOUR;
	c.overdue_told = true;
	(void)apply_at(&c, CORRECT, due + DAY, &subcategories[1]);
	assert_true(span_eq(c.subcategory, SPAN("DRN-02")));
	assert_true(c.due_ms == due && c.escalate_ms == due - HOUR && c.overdue_told);
}

/* ... nor by correcting to and fro, nor two departments by sending it to each other: half the time from now is given once. */
static void
test_transition_times__no_turn_of_subjects_puts_the_promise_off(void **state)
{
	static const struct looked_up again = { .again = true };

	(void)state;
	for (int transferred = 0; transferred <= 1; transferred++) {
		struct complaint c = scene(ASSIGNED, UNASSIGNED, 0);
		const enum action on = transferred ? TRANSFER : CORRECT;

		(void)apply_at(&c, on, LODGED + HOUR, &subcategories[transferred ? 2 : 0]); /* 24 hours, or 16 */
		for (int turn = 1; turn <= 20; turn++) {
			const struct subcategory *s = &subcategories[turn % 2 ? 1 : transferred ? 2 : 0];

			apply_found(&c, on, LODGED + (1 + turn) * HOUR, s, again);
			assert_true(c.due_ms <= LODGED + 24 * HOUR && c.escalate_ms == c.due_ms);
		}
	}
	/* what was given is not taken away, nor what is overdue made good */
	struct complaint c = scene(ESCALATED, UNASSIGNED, 1);

	c.escalate_ms = LODGED + 12 * HOUR;
	apply_found(&c, CORRECT, LODGED + 9 * HOUR, &subcategories[1], again);
	assert_true(c.due_ms == LODGED + 8 * HOUR && c.escalate_ms == LODGED + 12 * HOUR);
	c = scene(DUPLICATE, UNASSIGNED, 0);
	apply_found(&c, UNMERGE, LODGED + 20 * HOUR, NULL, (struct looked_up){ .again = false });
	assert_true(c.due_ms == LODGED + 24 * HOUR);
	c.state = DUPLICATE;
	apply_found(&c, UNMERGE, LODGED + 40 * HOUR, NULL, again);
	assert_true(c.due_ms == LODGED + 24 * HOUR && c.escalate_ms == c.due_ms);
}

/* What was re-opened counts from then, and the time that the clocks stood is the citizen's. */
static void
test_transition_times__another_promise_counts_from_the_reopening_and_without_the_pauses(void **state)
{
	struct complaint c = scene(ESCALATED, UNASSIGNED, 1);

	(void)state;
	apply_found(&c, CORRECT, LODGED + 31 * HOUR, &subcategories[0], (struct looked_up){ .counted_ms = LODGED + 30 * HOUR });
	assert_true(c.due_ms == LODGED + 54 * HOUR);
	c = scene(ASSIGNED, UNASSIGNED, 0);
	apply_found(&c, TRANSFER, LODGED + 4 * HOUR, &subcategories[2],
		    (struct looked_up){ .counted_ms = LODGED, .stood_ms = 3 * HOUR });
	assert_true(c.due_ms == LODGED + 19 * HOUR);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_transition_times__a_third_reopening_is_refused_whatever_came_between),
		cmocka_unit_test(test_transition_times__the_level_never_falls),
		cmocka_unit_test(test_transition_times__windows_end_to_the_millisecond),
		cmocka_unit_test(test_transition_times__a_duplicate_waits_for_its_parent),
		cmocka_unit_test(test_transition_times__the_clock_is_never_early),
		cmocka_unit_test(test_transition_times__clocks_stand_while_the_citizen_is_asked),
		cmocka_unit_test(test_transition_times__two_questions_of_one_holder),
		cmocka_unit_test(test_transition_times__what_the_clock_reads_next),
		cmocka_unit_test(test_transition_times__another_subject_has_another_promise),
		cmocka_unit_test(test_transition_times__the_same_subject_has_the_same_promise),
		cmocka_unit_test(test_transition_times__no_turn_of_subjects_puts_the_promise_off),
		cmocka_unit_test(test_transition_times__another_promise_counts_from_the_reopening_and_without_the_pauses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
