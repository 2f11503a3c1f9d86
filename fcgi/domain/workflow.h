/* States of a complaint and the moves between them: one static table (design, section 4). */
#ifndef EKMC_DOMAIN_WORKFLOW_H
#define EKMC_DOMAIN_WORKFLOW_H

#include "core/base.h"
#include "core/status.h"

enum state {
	UNASSIGNED,
	ASSIGNED,
	IN_PROGRESS,
	REASSIGN_REQUESTED,
	AWAITING_CITIZEN,
	ESCALATED,
	RESOLVED,
	REJECTED,
	CLOSED,
	WITHDRAWN,
	DUPLICATE,
	STATE__COUNT
};

enum action {
	ASSIGN,
	START,
	REQUEST_REASSIGN,
	REFUSE,
	TRANSFER,
	CORRECT,
	VACATE,
	RESOLVE,
	ASK_CITIZEN,
	REPLY,
	RESUME,
	REJECT,
	REOPEN,
	ESCALATE,
	DIRECT,
	RATE,
	CLOSE,
	WITHDRAW,
	NOTE,
	MERGE,
	UNMERGE,
	ACTION__COUNT
};

/* What an actor is to a complaint; one can be several (parties.h). */
enum party {
	P_COMPLAINANT = 1 << 0, /* the citizen whose it is, or a desk operator for them */
	P_HOLDER = 1 << 1,      /* who has it now */
	P_GRO = 1 << 2,         /* GRO of the department there, or who stands in */
	P_EO = 1 << 3,          /* EO of the complaint's level there, or who stands in */
	P_OFFICER = 1 << 4,     /* any EO or controlling officer of the department */
	P_DESK = 1 << 5,
	P_COMMISSIONER = 1 << 6, /* commissioner and mayor's office */
	P_CLOCK = 1 << 7,
	P_ROSTER = 1 << 8,
	P_PARENT = 1 << 9, /* the complaint it is a duplicate of, when that one moves */
	P_CMRO = 1 << 10,
};

/* Where a move leads, when not to a state of its own. */
enum to {
	TO_SAME = STATE__COUNT,
	TO_BACK,            /* where it was before the question */
	TO_ROUTED,          /* ASSIGNED to the LME of the roster, UNASSIGNED when there is none */
	TO_ROUTED_THERE,    /* the same in another department; what was ESCALATED, or asked from there, is ESCALATED there */
	TO_ROUTED_IF_UNFIT, /* the same state, routed when no LME has it or the LME's duty does not cover it any more */
};

/* What a move takes besides the version, as bits: what must be told, what may be. */
enum want {
	W_NOTE = 1 << 0,
	W_INTERNAL = 1 << 1,    /* whether the note is hidden from the citizen */
	W_LME = 1 << 2,         /* an LME of the department */
	W_SUBCATEGORY = 1 << 3, /* of another department (transfer), of this one (correct) */
	W_PLACE = 1 << 4,       /* ward, location, landmark */
	W_PHOTO = 1 << 5,       /* attachments; as a need: where the subcategory asks for a photo */
	W_STARS = 1 << 6,
	W_RATING = 1 << 7, /* reasons and comment beside the stars */
	W_PARENT = 1 << 8,
	W_PRIORITY = 1 << 9, /* the flag of commissioner and mayor's office */
	W_MOBILE = 1 << 10,  /* the caller's, when a desk acts for the complainant: in no row, for it goes with who asks */
};

struct move {
	unsigned from; /* bits 1 << enum state */
	enum action on;
	int to;       /* enum state or enum to */
	unsigned who; /* enum party */
	unsigned needs, may;
};

extern const struct move moves[];
extern const size_t n_moves;

/* The row by which one of these parties does this in this state; NULL: none. With parties 0: any row for this action and state but
 * those by which duplicates only follow. */
const struct move *workflow_move(enum state from, enum action on, unsigned parties);

#define REOPEN_MOST 2 /* times in a complaint's life */
#define ASK_MOST    2 /* questions of one holder */
#define LEVEL_MOST  2

/* Why a move that the caller could have made is refused; each is E_ILLEGAL_MOVE and has its text in http/refusal_texts.c. */
enum refusal {
	REFUSAL_NONE,
	REFUSAL_STATE,          /* no such move in this state */
	REFUSAL_REOPENED_TWICE, /* a third time is not offered */
	REFUSAL_WINDOW,         /* the re-open window has ended */
	REFUSAL_RATED,          /* this resolution has its rating */
	REFUSAL_RATE_LATE,      /* closed too long ago */
	REFUSAL_NOT_DONE,       /* a duplicate whose parent is not resolved or rejected */
	REFUSAL_ASKED_TWICE,    /* two questions of this holder */
	REFUSAL_ANONYMOUS,      /* nobody is there to be asked */
	REFUSAL_LEVEL,          /* level 2 is the highest */
	REFUSAL_PARENT,         /* cannot be joined to that one: not open, a duplicate itself, another department's */
	REFUSAL_EARLY,          /* the clock's moves, before their time */
	REFUSAL__COUNT
};
extern const char *const refusal_codes[]; /* indexed by enum refusal: "reopened_twice" */

static inline bool
state_in(enum state s, unsigned states)
{
	return (states & (1u << s)) != 0;
}
#define STATE_BIT(s) (1u << (s))
#define OPEN_BUT_ESCALATED                                                                                                         \
	(STATE_BIT(UNASSIGNED) | STATE_BIT(ASSIGNED) | STATE_BIT(IN_PROGRESS) | STATE_BIT(REASSIGN_REQUESTED) |                    \
	 STATE_BIT(AWAITING_CITIZEN))
#define OPEN_STATES (OPEN_BUT_ESCALATED | STATE_BIT(ESCALATED))

const char *state_name(enum state s);
MUST_USE bool state_parse(struct span word, enum state *out);
const char *action_name(enum action a);
MUST_USE bool action_parse(struct span word, enum action *out);

extern const char *const state_names[];  /* NULL-terminated, indexed by enum state */
extern const char *const action_names[]; /* NULL-terminated, indexed by enum action */

#endif
