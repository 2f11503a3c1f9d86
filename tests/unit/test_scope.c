/* Scopes say of every department, borough and office what the object rule and HOLDER say of a complaint there: held against both
 * for every combination of duties. Without a database. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

#include "domain/scope.h"

#define ME 7

static const struct department departments[] = { { .code = { "DRN", 3 } }, { .code = { "PRK", 3 } }, { .code = { "WSU", 3 } } };
static struct arena *arena;

/* What can stand in somebody's roster. */
static const struct duty duties[] = {
	{ LME, "DRN", 0, 0 }, { GRO, "DRN", 0, 0 }, { GRO, "DRN", 0, 3 },          { EO, "DRN", 1, 0 },
	{ EO, "DRN", 2, 3 },  { EO, "PRK", 2, 0 },  { CONTROLLING, "DRN", 0, 0 },  { DESK, "", 0, 0 },
	{ MAYOR, "", 0, 0 },  { ADMIN, "", 0, 0 },  { CONTROLLING, "PRK", 0, 16 }, { EO, "", 1, 0 },
};
#define SETS (1u << ARRAY_LEN(duties))

/* Who else there is: nobody, or some of the posts. */
static const struct post posts[] = {
	{ GRO, 0, { "DRN", 3 }, 3 }, { EO, 1, { "DRN", 3 }, 0 }, { EO, 2, { "DRN", 3 }, 3 }, { GRO, 0, { "PRK", 3 }, 0 }
};

static int
setup(void **state)
{
	(void)state;
	arena = arena_new(65536, 4 << 20);
	return arena == NULL ? -1 : 0;
}

static int
teardown(void **state)
{
	(void)state;
	arena_free(arena);
	return 0;
}

static struct actor
actor_of(unsigned set, struct duty *mine)
{
	struct actor actor = { .kind = ACTOR_STAFF, .id = ME, .duties = mine };

	for (size_t i = 0; i < ARRAY_LEN(duties); i++) {
		if ((set >> i & 1) == 0)
			continue;
		mine[actor.n_duties++] = duties[i];
		actor.roles |= duties[i].role;
	}
	return actor;
}

static const struct area *
area_of(const struct scope *s, struct span department)
{
	static const struct area none;

	for (size_t i = 0; i < s->n_areas; i++)
		if (span_eq(s->areas[i].department, department))
			return &s->areas[i];
	return &none;
}

static const struct {
	enum state state;
	int level;
	enum office office;
} kinds[] = {
	{ UNASSIGNED, 0, OFFICE_GRO },  { REASSIGN_REQUESTED, 1, OFFICE_GRO }, { ASSIGNED, 0, OFFICE_LME },
	{ IN_PROGRESS, 2, OFFICE_LME }, { ESCALATED, 1, OFFICE_EO1 },          { ESCALATED, 2, OFFICE_EO2 },
};

static void
compare(const struct directory *d, const struct actor *actor)
{
	struct scope seen, worked;

	arena_reset(arena);
	assert_int_equal(scope_seen(arena, d, actor, &seen), E_OK);
	assert_int_equal(scope_worked(arena, d, actor, &worked), E_OK);
	assert_true(seen.own == ((actor->roles & LME) != 0) && worked.own == seen.own && seen.staff_id == ME);
	for (size_t i = 0; i < ARRAY_LEN(departments) * BOROUGHS * ARRAY_LEN(kinds); i++) {
		const struct area *all, *work;
		const int borough = (int)(i / ARRAY_LEN(kinds) % BOROUGHS) + 1;
		const int kind = (int)(i % ARRAY_LEN(kinds));
		/* nobody has it by name but a stranger */
		const struct complaint c = { .department = departments[i / ARRAY_LEN(kinds) / BOROUGHS].code,
					     .borough = borough,
					     .holder_id = kinds[kind].office == OFFICE_LME ? ME + 1 : 0,
					     .state = kinds[kind].state,
					     .level = kinds[kind].level };
		const bool holds = (parties_of(d, &c, actor, false) & P_HOLDER) != 0;

		all = area_of(&seen, c.department);
		work = area_of(&worked, c.department);
		assert_true((all->sees >> borough & 1) == complaint_visible(actor, &c));
		assert_true((all->holds[kinds[kind].office] >> borough & 1) == holds);
		/* what one holds is in one's inbox, desk or not */
		assert_true((work->holds[kinds[kind].office] >> borough & 1) == holds);
		if (kinds[kind].state == ESCALATED && holds)
			assert_true((work->escalated[kinds[kind].office] >> borough & 1) == 1);
		assert_true((work->escalated[kinds[kind].office] & ~work->sees) == 0);
	}
}

static void
test_scope__is_the_object_rule_and_holder_for_all_duties(void **state)
{
	struct directory d = { .departments = departments, .n_departments = ARRAY_LEN(departments), .posts = posts };
	struct duty mine[ARRAY_LEN(duties)];

	(void)state;
	for (d.n_posts = 0; d.n_posts <= ARRAY_LEN(posts); d.n_posts += 2) {
		for (unsigned set = 0; set < SETS; set++) {
			const struct actor actor = actor_of(set, mine);

			compare(&d, &actor);
		}
	}
}

static struct scope
worked_by(unsigned set, struct duty *mine)
{
	static const struct directory d = {
		.departments = departments, .n_departments = ARRAY_LEN(departments), .posts = posts, .n_posts = ARRAY_LEN(posts)
	};
	const struct actor actor = actor_of(set, mine);
	struct scope s;

	assert_int_equal(scope_worked(arena, &d, &actor, &s), E_OK);
	return s;
}

#define ALL_BOROUGHS 0x1fffeu

static void
test_scope__an_eo_is_shown_the_escalated_of_the_own_level(void **state)
{
	struct duty mine[ARRAY_LEN(duties)];
	const struct scope eo1 = worked_by(1u << 3, mine), eo2_prk = worked_by(1u << 5, mine), co = worked_by(1u << 6, mine);

	(void)state;
	/* level 2 is in borough 3 with somebody else, elsewhere with the controlling officer */
	assert_int_equal(eo1.areas[0].escalated[OFFICE_EO1], ALL_BOROUGHS);
	assert_int_equal(eo1.areas[0].escalated[OFFICE_EO2], 0);
	assert_int_equal(eo1.areas[0].sees, ALL_BOROUGHS);
	/* there is no EO 1 of PRK: EO 2 has both levels, as far as the directory knows of them */
	assert_int_equal(eo2_prk.n_areas, 1);
	assert_true(span_eq(eo2_prk.areas[0].department, SPAN("PRK")));
	assert_int_equal(co.areas[0].escalated[OFFICE_EO1], ALL_BOROUGHS);
	assert_int_equal(co.areas[0].escalated[OFFICE_EO2], ALL_BOROUGHS);
	assert_int_equal(co.areas[0].holds[OFFICE_EO2], ALL_BOROUGHS & ~(1u << 3));
	assert_int_equal(co.areas[0].holds[OFFICE_GRO], ALL_BOROUGHS & ~(1u << 3));
}

static void
test_scope__a_desk_works_on_nothing_of_others(void **state)
{
	struct duty mine[ARRAY_LEN(duties)];

	(void)state;
	assert_int_equal(worked_by(1u << 7, mine).n_areas, 0);
	assert_int_equal(worked_by(1u << 8, mine).n_areas, 3);
	assert_int_equal(worked_by(1u << 7 | 1u << 2, mine).n_areas, 1);
	assert_int_equal(worked_by(1u << 7 | 1u << 2, mine).areas[0].sees, 1u << 3);
	assert_int_equal(worked_by(1u << 9, mine).n_areas, 0);
	assert_int_equal(worked_by(0, mine).n_areas, 0);
}

static void
test_scope__tabs_follow_roles(void **state)
{
	static const struct {
		unsigned roles;
		const char *tabs;
	} cases[] = {
		{ LME, "mine overdue requests " },
		{ GRO, "mine department overdue requests escalated " },
		{ EO, "mine department overdue requests escalated " },
		{ CONTROLLING, "mine department overdue requests escalated " },
		{ COMMISSIONER, "department overdue requests escalated " },
		{ MAYOR, "department overdue requests escalated " },
		{ MAYOR | LME, "mine department overdue requests escalated " },
		{ DESK, "" },
		{ ADMIN, "" },
		{ CITIZEN, "" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char tabs[100] = "";
		size_t n = 0;

		for (int t = 0; t < TAB__COUNT; t++)
			if (tab_offered((enum tab)t, cases[i].roles))
				n += (size_t)snprintf(tabs + n, sizeof(tabs) - n, "%s ", tab_names[t]);
		assert_string_equal(tabs, cases[i].tabs);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_scope__is_the_object_rule_and_holder_for_all_duties),
		cmocka_unit_test(test_scope__an_eo_is_shown_the_escalated_of_the_own_level),
		cmocka_unit_test(test_scope__a_desk_works_on_nothing_of_others),
		cmocka_unit_test(test_scope__tabs_follow_roles),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
