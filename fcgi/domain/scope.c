/* Scopes. */
#include "domain/scope.h"

const char *const tab_names[] = {
	[TAB_MINE] = "mine",         [TAB_DEPARTMENT] = "department", [TAB_OVERDUE] = "overdue",
	[TAB_REQUESTS] = "requests", [TAB_ESCALATED] = "escalated",   NULL,
};
_Static_assert(ARRAY_LEN(tab_names) == TAB__COUNT + 1, "a tab has no name");

#define OFFICERS (GRO | EO | CONTROLLING | COMMISSIONER | MAYOR)

/* An LME sees only what is theirs; commissioner and mayor's office have nothing to act on. */
static const unsigned offered[TAB__COUNT] = {
	[TAB_MINE] = LME | GRO | EO | CONTROLLING, [TAB_DEPARTMENT] = OFFICERS, [TAB_OVERDUE] = LME | OFFICERS,
	[TAB_REQUESTS] = LME | OFFICERS,           [TAB_ESCALATED] = OFFICERS,
};

bool
tab_offered(enum tab tab, unsigned roles)
{
	return (offered[tab] & roles) != 0;
}

/* The same person without some of their duties. */
static enum status
without(struct arena *a, const struct actor *actor, unsigned roles, struct actor *out)
{
	struct duty *duties = arena_array(a, actor->n_duties, sizeof(*duties));

	*out = *actor;
	out->duties = duties;
	out->n_duties = 0;
	out->roles &= ~roles;
	if (duties == NULL)
		return E_NOMEM;
	for (size_t i = 0; i < actor->n_duties; i++)
		if ((actor->duties[i].role & roles) == 0)
			duties[out->n_duties++] = actor->duties[i];
	return E_OK;
}

/* Complaints that stand for all of an office; nobody has them by name. */
static const struct {
	enum state state;
	int level;
} examples[OFFICE__COUNT] = {
	[OFFICE_LME] = { ASSIGNED, 0 },
	[OFFICE_GRO] = { UNASSIGNED, 0 },
	[OFFICE_EO1] = { ESCALATED, 1 },
	[OFFICE_EO2] = { ESCALATED, LEVEL_MOST },
};

struct asking {
	const struct directory *d;
	const struct actor *all, *not_as_eo;
};

static void
ask(const struct asking *q, int borough, struct area *area)
{
	const unsigned bit = 1u << borough;

	for (int o = 0; o < OFFICE__COUNT; o++) {
		const struct complaint c = {
			.department = area->department, .borough = borough, .state = examples[o].state, .level = examples[o].level
		};
		bool holds;

		if (!complaint_visible(q->all, &c))
			return;
		area->sees |= bit;
		holds = (parties_of(q->d, &c, q->all, false) & P_HOLDER) != 0;
		if (holds)
			area->holds[o] |= bit;
		if (c.state == ESCALATED && (holds || complaint_visible(q->not_as_eo, &c)))
			area->escalated[o] |= bit;
	}
}

static enum status
tabulate(struct arena *a, const struct directory *d, const struct actor *actor, struct scope *out)
{
	struct area *areas = arena_array(a, d->n_departments, sizeof(*areas));
	struct actor not_as_eo;
	const struct asking q = { .d = d, .all = actor, .not_as_eo = &not_as_eo };
	enum status st = areas == NULL ? E_NOMEM : without(a, actor, EO, &not_as_eo);

	*out = (struct scope){ .staff_id = actor->id, .own = (actor->roles & LME) != 0, .areas = areas };
	for (size_t i = 0; i < d->n_departments && st == E_OK; i++) {
		struct area *area = &areas[out->n_areas];

		area->department = d->departments[i].code;
		for (int borough = 1; borough <= BOROUGHS; borough++)
			ask(&q, borough, area);
		if (area->sees != 0)
			out->n_areas++;
	}
	return st;
}

enum status
scope_seen(struct arena *a, const struct directory *d, const struct actor *actor, struct scope *out)
{
	return tabulate(a, d, actor, out);
}

enum status
scope_worked(struct arena *a, const struct directory *d, const struct actor *actor, struct scope *out)
{
	struct actor worker;
	enum status st = without(a, actor, DESK, &worker);

	return st == E_OK ? tabulate(a, d, &worker, out) : st;
}
