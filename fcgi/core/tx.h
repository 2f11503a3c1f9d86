/* A transaction is a function that may run more than once. */
#ifndef EKMC_CORE_TX_H
#define EKMC_CORE_TX_H

#include "core/db.h"

/* Runs `body` between BEGIN and COMMIT. It must have no effect outside the database, and may run again from the start:
 *  - E_CONFLICT (1213, 1205, 1020, 1467): rolled back and run again, at most 5 times, after 5-50 ms of jitter; then E_BUSY;
 *  - E_BUSY before COMMIT: run again on the next host while the time budget lasts;
 *  - the connection lost in COMMIT: `settled(d, arg)` is asked on a new connection whether the idempotency row is there: E_OK done,
 *    E_NOT_FOUND run again; any other: passed on. NULL: E_UNKNOWN is passed on.
 * Any other status of the body: rolled back and returned. */
MUST_USE enum status db_tx(struct db *d, enum status (*body)(struct db *d, void *arg), void *arg,
			   enum status (*settled)(struct db *d, void *arg));

/* One CALL that commits, retried by the same rules: after E_UNKNOWN the same call is made again on a new connection, because its
 * idempotency key decides (reliability: 1062 on the key means an earlier try won). Only for procedures that take such a key. */
MUST_USE enum status db_call(struct db *d, struct arena *a, const struct sql *q, const struct db_value *args, size_t n,
			     struct db_rows *out);

#endif
