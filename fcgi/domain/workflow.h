/* States of a complaint and the moves between them: one static table (design, section 4). */
#ifndef EKMC_DOMAIN_WORKFLOW_H
#define EKMC_DOMAIN_WORKFLOW_H

#include "core/status.h"
#include "domain/actor.h"

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

enum action { WITHDRAW, ACTION__COUNT };

/* Who may make a move, seen from the complaint. */
enum party { COMPLAINANT = 1 };

struct move {
	unsigned from; /* bits 1 << enum state */
	enum action on;
	enum state to;
	unsigned who; /* enum party */
};

/* The row for this action in this state. NULL: illegal. */
const struct move *workflow_move(enum state from, enum action on);

const char *state_name(enum state s);
MUST_USE bool state_parse(struct span word, enum state *out);
const char *action_name(enum action a);
MUST_USE bool action_parse(struct span word, enum action *out);

extern const char *const state_names[];  /* NULL-terminated, indexed by enum state */
extern const char *const action_names[]; /* NULL-terminated, indexed by enum action */

#endif
