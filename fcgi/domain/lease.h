/* The right to do a job, held by one host at a time: a row of the table lease, taken by compare-and-set, because GET_LOCK is given
 * to two nodes of a cluster and SKIP LOCKED claims twice (reliability, "Transactions").
 *
 * All its times are the database's: hosts' clocks differ, and what one host wrote another compares. In a cluster the nodes' clocks
 * may still differ by as much as NTP leaves, so two holders may overlap for a moment: a lease saves work, it does not guard
 * anything. What a holder changes has to be safe when done twice (version compare-and-set, deletes). */
#ifndef EKMC_DOMAIN_LEASE_H
#define EKMC_DOMAIN_LEASE_H

#include "core/db.h"

#define LEASE_OWNER_BYTES 16

struct lease {
	const char *name;
	uint8_t owner[LEASE_OWNER_BYTES];
	int64_t generation;
	int64_t length_ms;
	int64_t asked_ms;    /* when it was last taken or renewed: clock_monotonic_ms of before the asking */
	int64_t done_for_ms; /* how far the work had come; CLOCK_NONE: not begun */
};

/* Makes the row of the job unless it is there. */
MUST_USE enum status lease_make(struct db *db, const char *name);

struct lease_wait {
	struct span name;
	int64_t wait_ms; /* until it can be had; 0: now */
};
/* All jobs there are. */
MUST_USE enum status lease_waits(struct db *db, struct arena *a, const struct lease_wait **out, size_t *n);

/* Takes it for `length_ms`. `early`: also before its time. E_STALE: somebody else has it, or it is not time yet. */
MUST_USE enum status lease_take(struct db *db, struct arena *a, const char *name, int64_t length_ms, bool early, struct lease *out);

/* Call between steps that are short against the length: renews it after a third of it. E_STALE: it may be another's now. */
MUST_USE enum status lease_keep(struct db *db, struct lease *l);

/* Gives it back; the job is due again after `next_ms`. `done_for_ms` CLOCK_NONE: as it was. E_STALE: it was another's already. */
MUST_USE enum status lease_end(struct db *db, const struct lease *l, int64_t next_ms, int64_t done_for_ms);

/* The database's clock. */
MUST_USE enum status lease_now(struct db *db, struct arena *a, int64_t *now_ms);

extern const struct sql lease_sql[];
extern const size_t lease_sql_n;

#endif
