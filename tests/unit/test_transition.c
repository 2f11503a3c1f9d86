/* The rules of design, section 4, in its own words, against guard and effects: who may do what with whose complaint, when, and what
 * becomes of it. No database; the rows of moves[] are not looked at but through what they let happen. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

#include "domain/parties.h"
#include "scene.h"

/* ---- people */

static const struct person {
	const char *name;
	struct actor actor;
	struct duty duty;
	bool for_caller;
} people[] = {
#define STAFF_OF(what, n, ...) what, { .kind = ACTOR_STAFF, .id = n }, { __VA_ARGS__ }, false
	{ "nobody", { .kind = ACTOR_NOBODY, .id = LME_1 }, { .role = 0 }, false },
	{ "its complainant", { .kind = ACTOR_CITIZEN, .id = OWNER }, { .role = 0 }, false },
	{ "another citizen", { .kind = ACTOR_CITIZEN, .id = OWNER + 1 }, { .role = 0 }, false },
	{ "a citizen with the LME's id", { .kind = ACTOR_CITIZEN, .id = LME_1 }, { .role = 0 }, false },
	{ STAFF_OF("the LME", LME_1, LME, "DRN", 0, 1) },
	{ STAFF_OF("a colleague", 2, LME, "DRN", 0, 1) },
	{ STAFF_OF("an LME of parks", 3, LME, "PRK", 0, 0) },
	{ STAFF_OF("an employee with the complainant's id", OWNER, LME, "DRN", 0, 1) },
	{ STAFF_OF("GRO", 10, GRO, "DRN", 0, 0) },
	{ STAFF_OF("GRO of the borough", 11, GRO, "DRN", 0, 1) },
	{ STAFF_OF("GRO of borough 2", 12, GRO, "DRN", 0, 2) },
	{ STAFF_OF("GRO of parks", 13, GRO, "PRK", 0, 0) },
	{ STAFF_OF("EO 1", 20, EO, "DRN", 1, 0) },
	{ STAFF_OF("EO 2", 21, EO, "DRN", 2, 1) },
	{ STAFF_OF("EO 1 of borough 2", 22, EO, "DRN", 1, 2) },
	{ STAFF_OF("EO 2 of parks", 23, EO, "PRK", 2, 0) },
	{ STAFF_OF("EO without a level", 24, EO, "DRN", 0, 0) },
	{ STAFF_OF("controlling officer", 30, CONTROLLING, "DRN", 0, 0) },
	{ STAFF_OF("controlling officer of parks", 31, CONTROLLING, "PRK", 0, 0) },
	{ STAFF_OF("desk", 40, DESK, "", 0, 0) },
	{ "desk for the caller", { .kind = ACTOR_STAFF, .id = 41 }, { .role = DESK }, true },
	{ "an LME who says so", { .kind = ACTOR_STAFF, .id = 2 }, { LME, "DRN", 0, 1 }, true },
	{ STAFF_OF("commissioner", 50, COMMISSIONER, "", 0, 0) },
	{ STAFF_OF("mayor's office", 51, MAYOR, "", 0, 0) },
	{ STAFF_OF("administrator", 60, ADMIN, "", 0, 0) },
	{ "the clock", { .kind = ACTOR_SYSTEM, .parties = P_CLOCK }, { .role = 0 }, false },
	{ "the roster", { .kind = ACTOR_SYSTEM, .parties = P_ROSTER }, { .role = 0 }, false },
	{ "CMRO", { .kind = ACTOR_SYSTEM, .parties = P_CMRO }, { .role = 0 }, false },
	{ "its parent", { .kind = ACTOR_SYSTEM, .parties = P_PARENT }, { .role = 0 }, false },
};

static unsigned
parties_now(const struct person *p, const struct complaint *c)
{
	struct actor actor = p->actor;

	actor.duties = &p->duty;
	actor.n_duties = actor.kind == ACTOR_STAFF ? 1 : 0;
	return parties_of(&directory, c, &actor, p->for_caller);
}

/* ---- the design's table. "office": an officer of the department, whatever the complaint's level. */

#define BEFORE_ANSWER "UNASSIGNED ASSIGNED IN_PROGRESS REASSIGN_REQUESTED "
#define UNESCALATED   BEFORE_ANSWER "AWAITING_CITIZEN "
#define ANY_OPEN      UNESCALATED "ESCALATED"
#define DONE          "RESOLVED REJECTED CLOSED"
#define HIDDEN        "note internal"
#define PHOTO         "attachments"

static const struct rule {
	const char *from;
	enum action on;
	const char *to, *who, *needs, *may;
} rules[] = {
	{ BEFORE_ANSWER, ASSIGN, "ASSIGNED", "GRO", "lme", HIDDEN },
	{ "ASSIGNED", START, "IN_PROGRESS", "HOLDER", "", HIDDEN },
	{ "ASSIGNED IN_PROGRESS", REQUEST_REASSIGN, "REASSIGN_REQUESTED", "HOLDER", "note", "internal lme attachments" },
	{ "REASSIGN_REQUESTED", REFUSE, "ASSIGNED", "GRO", "note", "internal" },
	{ UNESCALATED, TRANSFER, "there", "GRO", "subcategory", HIDDEN },
	{ "ESCALATED", TRANSFER, "there", "EO", "subcategory", HIDDEN },
	{ BEFORE_ANSWER "ESCALATED", CORRECT, "unless unfit", "GRO EO", "", "subcategory ward location landmark note internal" },
	{ "ASSIGNED IN_PROGRESS REASSIGN_REQUESTED AWAITING_CITIZEN", VACATE, "anew", "roster", "", "" },
	{ "ASSIGNED IN_PROGRESS", RESOLVE, "RESOLVED", "HOLDER", "note attachments", "" },
	{ "ESCALATED", RESOLVE, "RESOLVED", "HOLDER", "note", PHOTO },
	{ BEFORE_ANSWER "ESCALATED", ASK_CITIZEN, "AWAITING_CITIZEN", "HOLDER", "note", PHOTO },
	{ "AWAITING_CITIZEN", REPLY, "back", "COMPLAINANT", "note", PHOTO },
	{ "AWAITING_CITIZEN", RESUME, "back", "HOLDER clock", "", HIDDEN },
	{ "UNASSIGNED REASSIGN_REQUESTED ESCALATED", REJECT, "REJECTED", "HOLDER", "note", PHOTO },
	{ DONE, REOPEN, "ESCALATED", "COMPLAINANT CMRO", "note", PHOTO },
	{ "DUPLICATE", REOPEN, "ESCALATED", "COMPLAINANT", "note", PHOTO },
	{ BEFORE_ANSWER, ESCALATE, "ESCALATED", "GRO clock", "", HIDDEN },
	{ "AWAITING_CITIZEN", ESCALATE, "ESCALATED", "GRO", "", HIDDEN },
	{ "ESCALATED", ESCALATE, "ESCALATED", "EO clock", "", HIDDEN },
	{ "ESCALATED", DIRECT, "ASSIGNED", "HOLDER", "lme note", "internal attachments" },
	{ DONE, RATE, "CLOSED", "COMPLAINANT", "stars", "reasons comment" },
	{ "DUPLICATE", RATE, "same", "COMPLAINANT", "stars", "reasons comment" },
	{ "RESOLVED REJECTED", CLOSE, "CLOSED", "clock", "", "" },
	{ UNESCALATED, WITHDRAW, "WITHDRAWN", "COMPLAINANT CMRO", "", "note" },
	{ ANY_OPEN, NOTE, "same", "commissioner", "", "note internal attachments priority" },
	{ ANY_OPEN, NOTE, "same", "HOLDER GRO EO office desk", "note", "internal attachments" },
	{ ANY_OPEN, NOTE, "same", "COMPLAINANT", "note", PHOTO },
	{ "UNASSIGNED ASSIGNED IN_PROGRESS", MERGE, "DUPLICATE", "GRO", "parent", HIDDEN },
	{ "DUPLICATE", MERGE, "same", "parent", "parent", "" },
	{ "DUPLICATE", TRANSFER, "same", "parent", "subcategory", "" },
	{ "DUPLICATE", CORRECT, "same", "parent", "subcategory", "" },
	{ "DUPLICATE", UNMERGE, "anew", "GRO parent", "", HIDDEN },
};

static bool
has_word(const char *list, const char *word)
{
	const size_t n = strlen(word);

	for (const char *at = list; (at = strstr(at, word)) != NULL; at += n)
		if ((at == list || at[-1] == ' ') && (at[n] == '\0' || at[n] == ' '))
			return true;
	return false;
}

/* ---- who is what, by the design's paragraph on HOLDER. `office` is an index into offices. */

/* Where it is, or was before the question. */
static enum state
held(const struct complaint *c)
{
	return c->state == AWAITING_CITIZEN ? c->waiting_from : c->state;
}

static bool
has_duty(const struct person *p, enum role role)
{
	return p->actor.kind == ACTOR_STAFF && p->duty.role == role && strcmp(p->duty.department, "DRN") == 0 &&
	       p->duty.borough != 2;
}

static bool
is_gro(const struct person *p, size_t office)
{
	return has_duty(p, GRO) || (has_duty(p, CONTROLLING) && !offices[office].gro);
}

static bool
is_eo(const struct person *p, size_t office, int level)
{
	const int eo = offices[office].levels_eo[level];

	return level > 0 && ((has_duty(p, EO) && p->duty.eo_level == eo) || (has_duty(p, CONTROLLING) && eo == 3));
}

static bool
is_holder(const struct person *p, size_t office, const struct complaint *c)
{
	const enum state s = held(c);

	if (s == UNASSIGNED || s == REASSIGN_REQUESTED)
		return is_gro(p, office);
	if (s == ASSIGNED || s == IN_PROGRESS)
		return p->actor.kind == ACTOR_STAFF && p->actor.id == LME_1;
	return s == ESCALATED && is_eo(p, office, c->level);
}

static bool
is(const struct person *p, const char *word, size_t office, const struct complaint *c)
{
	const bool staff = p->actor.kind == ACTOR_STAFF;
	const struct {
		const char *word;
		bool is;
	} words[] = {
		{ "COMPLAINANT",
		  (p->actor.kind == ACTOR_CITIZEN && p->actor.id == OWNER) || (p->for_caller && p->duty.role == DESK) },
		{ "HOLDER", is_holder(p, office, c) },
		{ "GRO", is_gro(p, office) },
		{ "EO", is_eo(p, office, c->level) },
		{ "office", has_duty(p, EO) || has_duty(p, CONTROLLING) },
		{ "desk", staff && p->duty.role == DESK },
		{ "commissioner", staff && (p->duty.role == COMMISSIONER || p->duty.role == MAYOR) },
		{ "clock", strcmp(p->name, "the clock") == 0 },
		{ "roster", strcmp(p->name, "the roster") == 0 },
		{ "CMRO", strcmp(p->name, "CMRO") == 0 },
		{ "parent", strcmp(p->name, "its parent") == 0 },
	};

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (strcmp(word, words[i].word) == 0)
			return words[i].is;
	fail_msg("no such party: %s", word);
	return false;
}

/* The first rule by which this person may do that now; NULL: none. */
static const struct rule *
rule_for(const struct person *p, enum action on, size_t office, const struct complaint *c)
{
	for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
		char who[64], *word, *rest = who;

		if (rules[i].on != on || !has_word(rules[i].from, state_name(c->state)))
			continue;
		(void)snprintf(who, sizeof(who), "%s", rules[i].who);
		while ((word = strsep(&rest, " ")) != NULL)
			if (is(p, word, office, c))
				return &rules[i];
	}
	return NULL;
}

/* ---- who */

static const char *
fields_of(unsigned wants, char *out, size_t n)
{
	static const struct {
		enum want want;
		const char *fields;
	} names[] = {
		{ W_NOTE, "note " },
		{ W_INTERNAL, "internal " },
		{ W_LME, "lme " },
		{ W_SUBCATEGORY, "subcategory " },
		{ W_PLACE, "ward location landmark " },
		{ W_PHOTO, "attachments " },
		{ W_STARS, "stars " },
		{ W_RATING, "reasons comment " },
		{ W_PARENT, "parent " },
		{ W_PRIORITY, "priority " },
	};
	size_t used = 0;

	out[0] = '\0';
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if ((wants & names[i].want) != 0)
			used += (size_t)snprintf(out + used, n - used, "%s", names[i].fields);
	return out;
}

/* The same words, in whatever order. */
static bool
same_fields(unsigned wants, const char *words)
{
	char mine[120], theirs[120], *word, *rest = theirs;
	size_t length = 0;

	(void)fields_of(wants, mine, sizeof(mine));
	(void)snprintf(theirs, sizeof(theirs), "%s", words);
	while ((word = strsep(&rest, " ")) != NULL) {
		if (*word != '\0' && !has_word(mine, word))
			return false;
		length += *word == '\0' ? 0 : strlen(word) + 1;
	}
	return length == strlen(mine);
}

/* To be refused although it is theirs to do: above EO 2 there is nobody, and only an LME leaves work behind. */
static enum refusal
refusal_of(enum action on, const struct complaint *c)
{
	if (on == VACATE && c->holder_id == 0)
		return REFUSAL_STATE;
	return on == ESCALATE && held(c) == ESCALATED && c->level == 2 ? REFUSAL_LEVEL : REFUSAL_NONE;
}

static void
check_one(const struct person *p, enum action on, size_t office, const struct complaint *c)
{
	const unsigned parties = parties_now(p, c);
	const struct move *row = parties == 0 ? NULL : workflow_move(c->state, on, parties);
	const struct rule *rule = rule_for(p, on, office, c);

	if ((row == NULL) != (rule == NULL))
		fail_msg("%s, %s, level %d, office %zu: %s may %s", state_name(c->state), action_name(on), c->level, office,
			 p->name, rule == NULL ? "not" : "");
	if (rule == NULL)
		return;
	if (!same_fields(row->needs, rule->needs) || !same_fields(row->may, rule->may))
		fail_msg("%s by %s in %s: other fields than \"%s\", \"%s\"", action_name(on), p->name, state_name(c->state),
			 rule->needs, rule->may);
	if (transition_guard(&directory, c, row, parties, on == CLOSE ? NOW + WINDOW : NOW) != refusal_of(on, c))
		fail_msg("%s by %s in %s, level %d: the guard", action_name(on), p->name, state_name(c->state), c->level);
}

static void
test_transition__who_may_do_what_in_which_state(void **state)
{
	(void)state;
	for (size_t office = 0; office < ARRAY_LEN(offices); office++) {
		take_office(office);
		for (int i = 0; i < SCENES * (LEVEL_MOST + 1) * ACTION__COUNT; i++) {
			const struct complaint c = nth_scene(i % SCENES, i / SCENES % (LEVEL_MOST + 1));
			const enum action on = (enum action)(i / SCENES / (LEVEL_MOST + 1));

			for (size_t k = 0; k < ARRAY_LEN(people); k++)
				check_one(&people[k], on, office, &c);
		}
	}
}

/* What is offered is what may be done, no more and no less; the photo where the subcategory asks for one. */
static void
test_transition__what_is_offered(void **state)
{
	struct arena *a = arena_new(65536, 1 << 20);

	(void)state;
	take_office(0);
	for (size_t i = 0; i < SCENES * (LEVEL_MOST + 1) * ARRAY_LEN(people); i++) {
		const struct person *p = &people[i % ARRAY_LEN(people)];
		struct complaint c = nth_scene((int)(i / ARRAY_LEN(people)) % SCENES, (int)(i / ARRAY_LEN(people)) / SCENES);
		struct actor actor = p->actor;
		const struct offer *offers;
		size_t n, k = 0;

		if (p->duty.role == DESK && !p->for_caller) /* is offered what they may do for a caller */
			continue;
		actor.duties = &p->duty;
		actor.n_duties = actor.kind == ACTOR_STAFF ? 1 : 0;
		arena_reset(a);
		assert_int_equal(complaint_offers(a, &directory, &c, &actor, 0, NOW, &offers, &n), E_OK);
		for (int on = 0; on < ACTION__COUNT; on++) {
			/* at NOW the clock has nothing to close yet */
			const struct rule *rule = on == CLOSE ? NULL : rule_for(p, (enum action)on, 0, &c);

			if (rule == NULL || refusal_of((enum action)on, &c) != REFUSAL_NONE)
				continue;
			assert_true(k < n);
			assert_int_equal(offers[k].action, on);
			assert_true(offers[k].until_ms == (on == REOPEN ? NOW - DAY + WINDOW
							   : on == RATE ? NOW - DAY + WINDOW + RATE_MORE
									: CLOCK_NONE));
			assert_false(on == RESOLVE && (offers[k].needs & W_PHOTO) != 0); /* DRN-02 asks for none */
			k++;
		}
		assert_int_equal(k, n);
		assert_int_equal(complaint_offers(a, &directory, &c, &actor, 1u << RATE, NOW, &offers, &n), E_OK);
		assert_true(n <= 1 && (n == 0 || offers[0].action == RATE));
	}
	arena_free(a);
}

static void
test_transition__a_photo_is_asked_for_where_the_subcategory_does(void **state)
{
	const struct duty duty = { .role = LME, .department = "DRN" };
	const struct actor lme = { .kind = ACTOR_STAFF, .id = LME_1, .duties = &duty, .n_duties = 1 };
	struct arena *a = arena_new(65536, 1 << 20);
	struct complaint c = scene(IN_PROGRESS, UNASSIGNED, 0);
	const struct offer *offers;
	size_t n;

	(void)state;
	take_office(0);
	for (int photo = 0; photo <= 1; photo++) {
		c.subcategory = photo ? SPAN("DRN-01") : SPAN("DRN-02");
		assert_int_equal(complaint_offers(a, &directory, &c, &lme, 1u << RESOLVE, NOW, &offers, &n), E_OK);
		assert_int_equal(n, 1);
		assert_int_equal(offers[0].needs, photo ? W_NOTE | W_PHOTO : W_NOTE);
		assert_int_equal(offers[0].may, photo ? 0 : W_PHOTO);
	}
	arena_free(a);
}

/* ---- what becomes of it */

static void
check_arrival(const struct rule *r, const struct complaint *before, const struct complaint *c, enum routing routing)
{
	const bool escalated = held(before) == ESCALATED;
	enum state to = before->state;
	enum routing by = ROUTE_NOT;

	if (strcmp(r->to, "back") == 0) {
		to = before->waiting_from;
	} else if (strcmp(r->to, "anew") == 0 || (strcmp(r->to, "there") == 0 && !escalated)) {
		to = UNASSIGNED;
		by = ROUTE_ANEW;
	} else if (strcmp(r->to, "there") == 0) {
		to = ESCALATED;
	} else if (strcmp(r->to, "unless unfit") == 0) {
		by = escalated ? ROUTE_NOT : ROUTE_IF_UNFIT;
	} else if (strcmp(r->to, "same") != 0) {
		assert_true(state_parse(span_of(r->to), &to));
	}
	assert_int_equal(c->state, to);
	assert_int_equal(routing, by);
}

static void
check_holder(enum action on, const struct complaint *before, const struct complaint *c)
{
	const bool lme = state_in(held(c), STATE_BIT(ASSIGNED) | STATE_BIT(IN_PROGRESS) | STATE_BIT(REASSIGN_REQUESTED));

	assert_int_equal(c->holder_id, !lme ? 0 : on == ASSIGN || on == DIRECT ? 2 : LME_1);
	assert_int_equal(c->proposed_id, held(c) == REASSIGN_REQUESTED ? 2 : 0);
	assert_int_equal(c->last_holder_id, on == RESOLVE || on == REJECT ? 10 : on == WITHDRAW ? before->holder_id : 5);
	assert_int_equal(c->parent.id, on == MERGE ? 9 : on == REOPEN || on == UNMERGE ? 0 : before->parent.id);
}

/* Level never falls; both clocks stand while the citizen is asked, and only what the design names moves them otherwise. */
static void
check_counts(enum action on, const struct complaint *before, const struct complaint *c)
{
	const bool answered = before->state == AWAITING_CITIZEN && c->state != AWAITING_CITIZEN;
	const bool top = held(c) == ESCALATED && c->level == 2;
	int64_t due = before->due_ms + (answered ? NOW - before->waiting_ms : 0);

	assert_int_equal(c->reopen_count, on == REOPEN ? 1 : 0);
	assert_int_equal(c->level, on == ESCALATE && before->level < 2  ? before->level + 1
				   : on == REOPEN && before->level == 0 ? 1
									: before->level);
	assert_true((c->resolved_ms != CLOCK_NONE) ==
		    state_in(c->state, STATE_BIT(RESOLVED) | STATE_BIT(REJECTED) | STATE_BIT(CLOSED)));
	if (on == RESOLVE || on == REJECT)
		assert_true(c->resolved_ms == NOW);
	else if (c->resolved_ms != CLOCK_NONE)
		assert_true(c->resolved_ms == before->resolved_ms); /* neither rating nor closing begins a new window */
	assert_true((c->waiting_ms == CLOCK_NONE) == (c->state != AWAITING_CITIZEN));
	if (on == REOPEN)
		due = NOW + 8 * HOUR;
	else if (on == TRANSFER && before->state != DUPLICATE) /* whose clocks are its parent's */
		due = NOW + 16 * HOUR / 2;
	else if (on == UNMERGE)
		due = NOW + 8 * HOUR / 2;
	assert_true(c->due_ms == due);
	assert_true((c->escalate_ms == CLOCK_NONE) == (top || !state_in(c->state, OPEN_STATES)));
}

static void
check_effects(const struct rule *r, unsigned parties, const struct complaint *before)
{
	struct complaint c = *before;

	check_arrival(r, before, &c, apply_as(&c, r->on, parties, NOW, r->on == TRANSFER ? &subcategories[2] : NULL));
	check_holder(r->on, before, &c);
	check_counts(r->on, before, &c);
	assert_int_equal(c.version, before->version); /* the procedure's to count */
}

/* By everybody who may, and of every rule there is somebody. */
static void
test_transition__what_becomes_of_it(void **state)
{
	int made[ARRAY_LEN(rules)] = { 0 };

	(void)state;
	take_office(0);
	for (int k = 0; k < SCENES * (LEVEL_MOST + 1) * ACTION__COUNT; k++) {
		const enum action on = (enum action)(k / SCENES / (LEVEL_MOST + 1));
		struct complaint before = nth_scene(k % SCENES, k / SCENES % (LEVEL_MOST + 1));

		before.last_holder_id = 5;
		for (size_t i = 0; i < ARRAY_LEN(people); i++) {
			const struct rule *r = rule_for(&people[i], on, 0, &before);

			if (r == NULL || refusal_of(on, &before) != REFUSAL_NONE)
				continue;
			check_effects(r, parties_now(&people[i], &before), &before);
			made[r - rules]++;
		}
	}
	for (size_t i = 0; i < ARRAY_LEN(rules); i++)
		assert_true(made[i] > 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_transition__who_may_do_what_in_which_state),
		cmocka_unit_test(test_transition__what_is_offered),
		cmocka_unit_test(test_transition__a_photo_is_asked_for_where_the_subcategory_does),
		cmocka_unit_test(test_transition__what_becomes_of_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
