/* Complaints for which time has come: what the clock reads, each kind at the end of an index of its own, so that closed complaints
 * cost nothing however many there are (design, section 4 "SLA and clocks"). */
#ifndef EKMC_DOMAIN_DUE_H
#define EKMC_DOMAIN_DUE_H

#include "domain/move.h"

enum due_kind {
	DUE_ESCALATE, /* nobody kept the promise: escalate_at has passed and the clocks do not stand */
	DUE_OVERDUE,  /* at level 2, where nobody is left to escalate to: due_at has passed, the controlling officer was not told */
	DUE_RESUME,   /* the citizen was asked and does not answer */
	DUE_CLOSE,    /* resolved or rejected, and not re-opened in time */
	DUE__COUNT
};

struct due {
	int64_t id;
	int64_t at_ms; /* escalate_at, due_at, waiting_since, resolved_at */
	char number[NUMBER_DIGITS + 1];
};

/* Up to `most` whose time is before `by_ms`, oldest first, behind `after` (a zero one: from the start). They live in `a`. */
MUST_USE enum status due_list(struct db *db, struct arena *a, enum due_kind kind, int64_t by_ms, const struct due *after,
			      int64_t most, const struct due **out, size_t *n);

/* Whether it is so of this complaint, as it was read in the transaction that is to move it. */
MUST_USE bool due_still(enum due_kind kind, const struct complaint *c, int64_t by_ms);

/* The time before which a complaint of this kind is due at `now_ms`. */
int64_t due_by(enum due_kind kind, const struct directory *d, int64_t now_ms);

/* Tells the controlling officer that *c (DUE_OVERDUE) is past its promise; inside the caller's transaction. E_STALE: told already.
 */
MUST_USE enum status due_tell(const struct means *w, const struct complaint *c, int64_t now_ms);

extern const struct sql due_sql[];
extern const size_t due_sql_n;

#endif
