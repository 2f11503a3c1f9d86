/* Who is what to a complaint. */
#include "domain/parties.h"

#define CONTROLLING_LEVEL (LEVEL_MOST + 1)

int
parties_eo_level(const struct directory *d, const struct complaint *c)
{
	if (c->level == 0)
		return 0;
	for (int level = c->level; level <= LEVEL_MOST; level++)
		if (directory_post(d, c->department, c->borough, EO, level))
			return level;
	return CONTROLLING_LEVEL;
}

static unsigned
by_duty(const struct directory *d, const struct complaint *c, const struct duty *duty)
{
	const bool there = (duty->department[0] == '\0' || span_eq(span_of(duty->department), c->department)) &&
			   (duty->borough == 0 || duty->borough == c->borough);

	if (duty->role == DESK)
		return P_DESK;
	if ((duty->role & (COMMISSIONER | MAYOR)) != 0)
		return P_COMMISSIONER;
	if (!there)
		return 0;
	if (duty->role == GRO)
		return P_GRO;
	if (duty->role == EO)
		return P_OFFICER | (duty->eo_level > 0 && duty->eo_level == parties_eo_level(d, c) ? P_EO : 0u);
	if (duty->role == CONTROLLING)
		return P_OFFICER | (parties_eo_level(d, c) == CONTROLLING_LEVEL ? P_EO : 0u) |
		       (directory_post(d, c->department, c->borough, GRO, 0) ? 0u : P_GRO);
	return 0;
}

/* The party that has the complaint in this state; 0: the LME by name, or nobody. */
static unsigned
holding_party(enum state s)
{
	if (s == UNASSIGNED || s == REASSIGN_REQUESTED)
		return P_GRO;
	return s == ESCALATED ? P_EO : 0;
}

static bool
holds(const struct complaint *c, const struct actor *actor, unsigned parties)
{
	const enum state s = c->state == AWAITING_CITIZEN ? c->waiting_from : c->state;

	if (s == ASSIGNED || s == IN_PROGRESS)
		return c->holder_id == actor->id;
	return (parties & holding_party(s)) != 0;
}

unsigned
parties_of(const struct directory *d, const struct complaint *c, const struct actor *actor, bool for_caller)
{
	unsigned parties = 0;

	if (actor->kind == ACTOR_SYSTEM)
		return actor->parties;
	if (actor->kind == ACTOR_CITIZEN)
		return c->citizen_id == actor->id ? P_COMPLAINANT : 0;
	if (actor->kind != ACTOR_STAFF)
		return 0;
	for (size_t i = 0; i < actor->n_duties; i++)
		parties |= by_duty(d, c, &actor->duties[i]);
	if (holds(c, actor, parties))
		parties |= P_HOLDER;
	if (for_caller && (parties & P_DESK) != 0)
		parties |= P_COMPLAINANT;
	return parties;
}

const char *
parties_office(enum state state, int level)
{
	static const char *const offices[STATE__COUNT] = {
		[UNASSIGNED] = "GRO",         [ASSIGNED] = "LME",  [IN_PROGRESS] = "LME",
		[REASSIGN_REQUESTED] = "GRO", [ESCALATED] = "EO1", [AWAITING_CITIZEN] = "CITIZEN",
	};

	return state == ESCALATED && level >= LEVEL_MOST ? "EO2" : offices[state];
}
