/* One move under way, for move.c and move_words.c. */
#ifndef EKMC_DOMAIN_MOVE_IMPL_H
#define EKMC_DOMAIN_MOVE_IMPL_H

#include "domain/move.h"
#include "domain/transition.h"

struct job {
	const struct means *w;
	const struct actor *actor;
	const struct moving *m;
	struct refused *refused;
	const struct move *row;
	struct complaint before;
	struct complaint *c; /* becomes what is stored */
	struct looked_up found;
	enum routing routing;
	int64_t seq;
	bool for_caller; /* a desk acts for the complainant */
	uint8_t uploads[ATTACHMENTS_MOST][ATTACHMENT_ID_BYTES];
};

/* What else changed, as JSON, for the timeline and for whoever replays it. p == NULL: nothing. */
MUST_USE enum status move_detail(const struct job *j, struct span *out);

/* The variables of every message of this move, sealed, about `about`: the complaint itself, or a duplicate of it. Makes the link of
 * those messages that have one. */
MUST_USE enum status move_payload(const struct job *j, const struct complaint *about, struct span *out);

/* notification_rule.event of what `about` is told of this action. */
const char *move_event(enum action on, const struct complaint *about);

#endif
