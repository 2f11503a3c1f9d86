/* A small corporation, and a complaint of it in any state: for tests of the rules alone, without a database. After cmocka.h. */
#ifndef EKMC_TESTS_SCENE_H
#define EKMC_TESTS_SCENE_H

#include "core/clock.h"
#include "domain/transition.h"

#define HOUR      INT64_C(3600000)
#define DAY       (24 * HOUR)
#define LODGED    INT64_C(1795408200123) /* 2026-11-23T04:30:00.123Z, a Monday morning */
#define WINDOW    (10 * DAY)
#define RATE_MORE (30 * DAY)
#define WAIT      (3 * DAY)
#define NOW       (LODGED + 5 * DAY) /* every deadline of the scene below has passed, every window is open */

/* ---- a corporation of two departments */

#define TEXT(s)                                                                                                                    \
	{                                                                                                                          \
		s, sizeof(s) - 1                                                                                                   \
	}
static const struct department departments[] = { { .code = TEXT("DRN"), .active = true }, { .code = TEXT("PRK"), .active = true } };
static const struct category categories[] = { { .code = TEXT("DRN-A"), .department = 0, .active = true },
					      { .code = TEXT("PRK-A"), .department = 1, .active = true } };
static const struct subcategory subcategories[] = {
	{ .code = TEXT("DRN-01"), .category = 0, .sla_hours = 24, .photo_on_resolve = true, .active = true },
	{ .code = TEXT("DRN-02"), .category = 0, .sla_hours = 8, .active = true },
	{ .code = TEXT("PRK-01"), .category = 1, .sla_hours = 16, .active = true },
};

/* Who is in office, from everybody to nobody but the controlling officer. */
static const struct post everybody[] = {
	{ GRO, 0, TEXT("DRN"), 1 }, { EO, 1, TEXT("DRN"), 0 }, { EO, 2, TEXT("DRN"), 0 }, { GRO, 0, TEXT("PRK"), 0 }
};
static const struct post no_first_level[] = { { GRO, 0, TEXT("DRN"), 0 }, { EO, 1, TEXT("DRN"), 2 }, { EO, 2, TEXT("DRN"), 1 } };
static const struct post no_second_level[] = { { GRO, 0, TEXT("DRN"), 2 }, { EO, 1, TEXT("DRN"), 1 }, { EO, 2, TEXT("PRK"), 0 } };
static const struct post nobody[] = { { GRO, 0, TEXT("PRK"), 0 }, { EO, 1, TEXT("DRN"), 2 }, { EO, 2, TEXT("DRN"), 2 } };

/* What that means in borough 1 of drains. */
static const struct {
	const struct post *posts;
	size_t n;
	bool gro;         /* there is one */
	int levels_eo[3]; /* who has a complaint of level 1 and 2: EO 1, EO 2, 3 for the controlling officer */
} offices[] = {
	{ everybody, ARRAY_LEN(everybody), true, { 0, 1, 2 } },
	{ no_first_level, ARRAY_LEN(no_first_level), true, { 0, 2, 2 } },
	{ no_second_level, ARRAY_LEN(no_second_level), false, { 0, 1, 3 } },
	{ nobody, ARRAY_LEN(nobody), false, { 0, 3, 3 } },
};

static struct directory directory = {
	.rules = { .reopen_window_ms = WINDOW, .rate_after_close_ms = RATE_MORE, .wait_citizen_ms = WAIT },
	.departments = departments,
	.n_departments = ARRAY_LEN(departments),
	.categories = categories,
	.n_categories = ARRAY_LEN(categories),
	.subcategories = subcategories,
	.n_subcategories = ARRAY_LEN(subcategories),
	.ward_borough = { [1] = 1, [10] = 2 },
};

#define OWNER 70
#define LME_1 1 /* has it while an LME has it */

/* ---- a complaint in a state */

static struct complaint
scene(enum state s, enum state waiting_from, int level)
{
	const bool open = state_in(s, OPEN_STATES),
		   done = state_in(s, STATE_BIT(RESOLVED) | STATE_BIT(REJECTED) | STATE_BIT(CLOSED));
	const enum state held = s == AWAITING_CITIZEN ? waiting_from : s;
	struct complaint c = {
		.id = 1,
		.version = 3,
		.citizen_id = OWNER,
		.number = SPAN("261100000016"),
		.department = SPAN("DRN"),
		.category = SPAN("DRN-A"),
		.subcategory = SPAN("DRN-02"),
		.state = s,
		.level = level,
		.ward = 1,
		.borough = 1,
		.accuracy_m = -1,
		.waiting_from = s == AWAITING_CITIZEN ? waiting_from : UNASSIGNED,
		.waiting_ms = s == AWAITING_CITIZEN ? LODGED + HOUR : CLOCK_NONE,
		.lodged_ms = LODGED,
		.due_ms = LODGED + 8 * HOUR,
		.escalate_ms = open && !(held == ESCALATED && level == 2) ? LODGED + 8 * HOUR : CLOCK_NONE,
		.resolved_ms = done ? NOW - DAY : CLOCK_NONE,
		.changed_ms = LODGED,
	};

	if (state_in(held, STATE_BIT(ASSIGNED) | STATE_BIT(IN_PROGRESS) | STATE_BIT(REASSIGN_REQUESTED)))
		c.holder_id = LME_1;
	if (held == REASSIGN_REQUESTED)
		c.proposed_id = 2;
	if (s == DUPLICATE) {
		c.parent.id = 2;
		c.parent.state = RESOLVED;
		c.parent.resolved_ms = NOW - DAY;
	}
	return c;
}

/* Every state; a question once for each state it can be asked in. */
static const enum state asked_in[] = { UNASSIGNED, ASSIGNED, IN_PROGRESS, REASSIGN_REQUESTED, ESCALATED };
#define SCENES (STATE__COUNT - 1 + (int)ARRAY_LEN(asked_in))

static UNUSED struct complaint
nth_scene(int n, int level)
{
	const bool escalated = n == (int)ARRAY_LEN(asked_in) - 1 || n == (int)ARRAY_LEN(asked_in) + ESCALATED - 1;

	if (escalated && level == 0)
		level = 1; /* nothing is escalated to nobody */
	if (n < (int)ARRAY_LEN(asked_in))
		return scene(AWAITING_CITIZEN, asked_in[n], level);
	n -= (int)ARRAY_LEN(asked_in);
	return scene((enum state)(n < AWAITING_CITIZEN ? n : n + 1), UNASSIGNED, level);
}

static UNUSED void
take_office(size_t office)
{
	directory.posts = offices[office].posts;
	directory.n_posts = offices[office].n;
}

static enum routing
apply_as(struct complaint *c, enum action on, unsigned parties, int64_t now_ms, const struct subcategory *subcategory)
{
	const struct move *row = workflow_move(c->state, on, parties);
	const struct moving m = { MOVING_INIT, .action = on, .now_ms = now_ms, .subcategory = subcategory };
	const struct looked_up found = { .lme_id = 2, .parent_id = 9, .actor_id = 10 };

	assert_non_null(row);
	return transition_apply(&directory, row, &m, &found, c);
}

/* By whoever may. */
static UNUSED enum routing
apply_at(struct complaint *c, enum action on, int64_t now_ms, const struct subcategory *subcategory)
{
	return apply_as(c, on, 0, now_ms, subcategory);
}

static UNUSED enum routing
apply(struct complaint *c, enum action on)
{
	return apply_at(c, on, NOW, NULL);
}

#endif
