/* What a move does to a complaint, as a pure function: no database, no clock. move.c stores it. */
#ifndef EKMC_DOMAIN_TRANSITION_H
#define EKMC_DOMAIN_TRANSITION_H

#include "domain/move.h"

/* Who is to have it afterwards, when the roster decides. */
enum routing { ROUTE_NOT, ROUTE_ANEW, ROUTE_IF_UNFIT };

/* What has been looked up for a move: all by id. */
struct looked_up {
	int64_t lme_id, parent_id;
	int64_t actor_id; /* the employee who acts; 0: none */
	int ward;         /* of the point, when that was told without a ward */
	/* Of transfer, correct and unmerge: what the promise counts from, 0: lodging; how long the clocks have stood since; and
	 * whether time was given for the like before, which is given once. */
	int64_t counted_ms, stood_ms;
	bool again;
};

/* May this row be taken now, whatever else is told? Windows, counts, levels. */
enum refusal transition_guard(const struct directory *d, const struct complaint *c, const struct move *row, unsigned parties,
			      int64_t now_ms);

/* Until when the complaint can be rated and re-opened; CLOCK_NONE: it cannot. */
int64_t transition_reopen_until(const struct directory *d, const struct complaint *c);
int64_t transition_rate_until(const struct directory *d, const struct complaint *c);

/* Changes *c as the row says; the guard has let it pass and m's fields were checked. */
enum routing transition_apply(const struct directory *d, const struct move *row, const struct moving *m,
			      const struct looked_up *found, struct complaint *c);

#endif
