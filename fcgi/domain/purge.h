/* What is not kept for ever, and how long it is (design, section 5 "Kept"). Complaints and their events are. */
#ifndef EKMC_DOMAIN_PURGE_H
#define EKMC_DOMAIN_PURGE_H

#include "core/db.h"

enum purge {
	PURGE_IDEMPOTENCY,
	PURGE_SESSION_EXPIRED,
	PURGE_SESSION_REVOKED,
	PURGE_OTP,
	PURGE_OTP_GATE,
	PURGE_OTP_DAY,
	PURGE__COUNT
};
const char *purge_name(enum purge p);

/* Deletes up to `most` rows that are too old, by primary key in one transaction: inserts beside them wait for nothing. *n rows were
 * found; less than `most`: there are no more. */
MUST_USE enum status purge_some(struct db *db, struct arena *a, enum purge p, int64_t most, int64_t *n);

/* How far the erasing of messages has come. at_ms CLOCK_NONE: not begun. Between runs the time alone is kept. */
struct purge_mark {
	int64_t at_ms, id;
};
/* Erases what settled messages said, up to `most` of them behind the mark, which moves on: the rows stay, so without it each look
 * would begin at the first message ever. *n as above; those at the mark are found again, *erased are those that said something. */
MUST_USE enum status purge_messages(struct db *db, struct arena *a, int64_t most, struct purge_mark *mark, int64_t *n,
				    int64_t *erased);

extern const struct sql purge_sql[];
extern const size_t purge_sql_n;

#endif
