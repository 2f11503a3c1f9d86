/* The table of moves. */
#include "domain/workflow.h"

#define AT_UN       STATE_BIT(UNASSIGNED)
#define AT_AS       STATE_BIT(ASSIGNED)
#define AT_IP       STATE_BIT(IN_PROGRESS)
#define AT_RR       STATE_BIT(REASSIGN_REQUESTED)
#define AT_AW       STATE_BIT(AWAITING_CITIZEN)
#define AT_ES       STATE_BIT(ESCALATED)
#define AT_RE       STATE_BIT(RESOLVED)
#define AT_RJ       STATE_BIT(REJECTED)
#define AT_CL       STATE_BIT(CLOSED)
#define AT_DU       STATE_BIT(DUPLICATE)
#define STAFF_OF_IT (P_HOLDER | P_GRO | P_EO | P_OFFICER | P_DESK)

/* clang-format off */
const struct move moves[] = {
	/* from                                  on                to                  who                       needs                  may */
	{ AT_UN | AT_AS | AT_IP | AT_RR,         ASSIGN,           ASSIGNED,           P_GRO,                    W_LME,                 W_NOTE | W_INTERNAL },
	{ AT_AS,                                 START,            IN_PROGRESS,        P_HOLDER,                 0,                     W_NOTE | W_INTERNAL },
	{ AT_AS | AT_IP,                         REQUEST_REASSIGN, REASSIGN_REQUESTED, P_HOLDER,                 W_NOTE,                W_LME | W_INTERNAL | W_PHOTO },
	{ AT_RR,                                 REFUSE,           ASSIGNED,           P_GRO,                    W_NOTE,                W_INTERNAL },
	{ AT_UN | AT_AS | AT_IP | AT_RR | AT_AW, TRANSFER,         TO_ROUTED_THERE,    P_GRO,                    W_SUBCATEGORY,         W_NOTE | W_INTERNAL },
	{ AT_ES,                                 TRANSFER,         TO_ROUTED_THERE,    P_EO,                     W_SUBCATEGORY,         W_NOTE | W_INTERNAL },
	{ AT_UN | AT_AS | AT_IP | AT_RR | AT_ES, CORRECT,          TO_ROUTED_IF_UNFIT, P_GRO | P_EO,             0,                     W_SUBCATEGORY | W_PLACE | W_NOTE | W_INTERNAL },
	{ AT_AS | AT_IP | AT_RR | AT_AW,         VACATE,           TO_ROUTED,          P_ROSTER,                 0,                     0 },
	{ AT_AS | AT_IP,                         RESOLVE,          RESOLVED,           P_HOLDER,                 W_NOTE | W_PHOTO,      0 },
	{ AT_ES,                                 RESOLVE,          RESOLVED,           P_HOLDER,                 W_NOTE,                W_PHOTO },
	{ AT_UN | AT_RR | AT_AS | AT_IP | AT_ES, ASK_CITIZEN,      AWAITING_CITIZEN,   P_HOLDER,                 W_NOTE,                W_PHOTO },
	{ AT_AW,                                 REPLY,            TO_BACK,            P_COMPLAINANT,            W_NOTE,                W_PHOTO },
	{ AT_AW,                                 RESUME,           TO_BACK,            P_HOLDER | P_CLOCK,       0,                     W_NOTE | W_INTERNAL },
	{ AT_UN | AT_RR | AT_ES,                 REJECT,           REJECTED,           P_HOLDER,                 W_NOTE,                W_PHOTO },
	{ AT_RE | AT_RJ | AT_CL,                 REOPEN,           ESCALATED,          P_COMPLAINANT | P_CMRO,   W_NOTE,                W_PHOTO },
	{ AT_DU,                                 REOPEN,           ESCALATED,          P_COMPLAINANT,            W_NOTE,                W_PHOTO },
	{ AT_UN | AT_AS | AT_IP | AT_RR,         ESCALATE,         ESCALATED,          P_GRO | P_CLOCK,          0,                     W_NOTE | W_INTERNAL },
	{ AT_AW,                                 ESCALATE,         ESCALATED,          P_GRO,                    0,                     W_NOTE | W_INTERNAL },
	{ AT_ES,                                 ESCALATE,         ESCALATED,          P_EO | P_CLOCK,           0,                     W_NOTE | W_INTERNAL },
	{ AT_ES,                                 DIRECT,           ASSIGNED,           P_HOLDER,                 W_LME | W_NOTE,        W_INTERNAL | W_PHOTO },
	{ AT_RE | AT_RJ | AT_CL,                 RATE,             CLOSED,             P_COMPLAINANT,            W_STARS,               W_RATING },
	{ AT_DU,                                 RATE,             TO_SAME,            P_COMPLAINANT,            W_STARS,               W_RATING },
	{ AT_RE | AT_RJ,                         CLOSE,            CLOSED,             P_CLOCK,                  0,                     0 },
	{ OPEN_BUT_ESCALATED,                    WITHDRAW,         WITHDRAWN,          P_COMPLAINANT | P_CMRO,   0,                     W_NOTE },
	{ OPEN_STATES,                           NOTE,             TO_SAME,            P_COMMISSIONER,           0,                     W_NOTE | W_INTERNAL | W_PHOTO | W_PRIORITY },
	{ OPEN_STATES,                           NOTE,             TO_SAME,            STAFF_OF_IT,              W_NOTE,                W_INTERNAL | W_PHOTO },
	{ OPEN_STATES,                           NOTE,             TO_SAME,            P_COMPLAINANT,            W_NOTE,                W_PHOTO },
	{ AT_UN | AT_AS | AT_IP,                 MERGE,            DUPLICATE,          P_GRO,                    W_PARENT,              W_NOTE | W_INTERNAL },
	{ AT_DU,                                 MERGE,            TO_SAME,            P_PARENT,                 W_PARENT,              0 },
	{ AT_DU,                                 TRANSFER,         TO_SAME,            P_PARENT,                 W_SUBCATEGORY,         0 },
	{ AT_DU,                                 CORRECT,          TO_SAME,            P_PARENT,                 W_SUBCATEGORY,         0 },
	{ AT_DU,                                 UNMERGE,          TO_ROUTED,          P_GRO | P_PARENT,         0,                     W_NOTE | W_INTERNAL },
};
/* clang-format on */
const size_t n_moves = ARRAY_LEN(moves);

const char *const refusal_codes[] = {
	[REFUSAL_NONE] = "none",
	[REFUSAL_STATE] = "state",
	[REFUSAL_REOPENED_TWICE] = "reopened_twice",
	[REFUSAL_WINDOW] = "window_ended",
	[REFUSAL_RATED] = "rated",
	[REFUSAL_RATE_LATE] = "rate_late",
	[REFUSAL_NOT_DONE] = "not_done",
	[REFUSAL_ASKED_TWICE] = "asked_twice",
	[REFUSAL_ANONYMOUS] = "anonymous",
	[REFUSAL_LEVEL] = "highest_level",
	[REFUSAL_PARENT] = "parent",
	[REFUSAL_EARLY] = "early",
};
_Static_assert(ARRAY_LEN(refusal_codes) == REFUSAL__COUNT, "a refusal has no code");

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

const char *const action_names[] = {
	[ASSIGN] = "assign",
	[START] = "start",
	[REQUEST_REASSIGN] = "request_reassign",
	[REFUSE] = "refuse",
	[TRANSFER] = "transfer",
	[CORRECT] = "correct",
	[VACATE] = "vacate",
	[RESOLVE] = "resolve",
	[ASK_CITIZEN] = "ask_citizen",
	[REPLY] = "reply",
	[RESUME] = "resume",
	[REJECT] = "reject",
	[REOPEN] = "reopen",
	[ESCALATE] = "escalate",
	[DIRECT] = "direct",
	[RATE] = "rate",
	[CLOSE] = "close",
	[WITHDRAW] = "withdraw",
	[NOTE] = "note",
	[MERGE] = "merge",
	[UNMERGE] = "unmerge",
	NULL,
};
_Static_assert(ARRAY_LEN(action_names) == ACTION__COUNT + 1, "an action has no name");

const struct move *
workflow_move(enum state from, enum action on, unsigned parties)
{
	for (size_t i = 0; i < n_moves; i++)
		if (moves[i].on == on && state_in(from, moves[i].from) &&
		    (parties == 0 ? moves[i].who != P_PARENT : (moves[i].who & parties) != 0))
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
