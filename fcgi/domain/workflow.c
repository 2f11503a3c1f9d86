/* The table of moves. */
#include "domain/workflow.h"

#define AT(s)              (1u << (s))
#define OPEN_BUT_ESCALATED (AT(UNASSIGNED) | AT(ASSIGNED) | AT(IN_PROGRESS) | AT(REASSIGN_REQUESTED) | AT(AWAITING_CITIZEN))

/* clang-format off */
static const struct move moves[] = {
	/* from                on        to         who          */
	{ OPEN_BUT_ESCALATED,  WITHDRAW, WITHDRAWN, COMPLAINANT },
};
/* clang-format on */

const char *const state_names[] = {
	[UNASSIGNED] = "UNASSIGNED",
	[ASSIGNED] = "ASSIGNED",
	[IN_PROGRESS] = "IN_PROGRESS",
	[REASSIGN_REQUESTED] = "REASSIGN_REQUESTED",
	[AWAITING_CITIZEN] = "AWAITING_CITIZEN",
	[ESCALATED] = "ESCALATED",
	[RESOLVED] = "RESOLVED",
	[REJECTED] = "REJECTED",
	[CLOSED] = "CLOSED",
	[WITHDRAWN] = "WITHDRAWN",
	[DUPLICATE] = "DUPLICATE",
	NULL,
};
_Static_assert(ARRAY_LEN(state_names) == STATE__COUNT + 1, "a state has no name");

const char *const action_names[] = { [WITHDRAW] = "withdraw", NULL };
_Static_assert(ARRAY_LEN(action_names) == ACTION__COUNT + 1, "an action has no name");

const struct move *
workflow_move(enum state from, enum action on)
{
	for (size_t i = 0; i < ARRAY_LEN(moves); i++)
		if (moves[i].on == on && (moves[i].from & AT(from)) != 0)
			return &moves[i];
	return NULL;
}

const char *
state_name(enum state s)
{
	return state_names[s];
}

const char *
action_name(enum action a)
{
	return action_names[a];
}

static int
index_of(const char *const *names, struct span word)
{
	for (int i = 0; names[i] != NULL; i++)
		if (span_eq(span_of(names[i]), word))
			return i;
	return -1;
}

bool
state_parse(struct span word, enum state *out)
{
	int i = index_of(state_names, word);

	if (i >= 0)
		*out = (enum state)i;
	return i >= 0;
}

bool
action_parse(struct span word, enum action *out)
{
	int i = index_of(action_names, word);

	if (i >= 0)
		*out = (enum action)i;
	return i >= 0;
}
