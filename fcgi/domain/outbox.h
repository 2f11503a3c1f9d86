/* What leaves the corporation: rows that others wrote in their transactions, claimed, sent and settled (design, section 9;
 * reliability, "Outbox claim").
 *
 * new → claimed → sending (committed before the first byte) → done, refused or unknown. Each claim has a token and counts up `gen`:
 * who comes late is fenced off. A lapsed claim is due again. A lapsed send is an unknown outcome: the sender died between the two
 * commits, and nobody can tell whether it was sent. */
#ifndef EKMC_DOMAIN_OUTBOX_H
#define EKMC_DOMAIN_OUTBOX_H

#include "core/db.h"
#include "core/lang.h"

#define OUTBOX_TOKEN_BYTES 16
#define OUTBOX_LEASE_MAX   10 /* messages per claim */

#define OUTBOX_LANE_OTP 0

enum outbox_destination { TO_SMS, TO_WHATSAPP, TO_CMRO, OUTBOX_DESTINATION__COUNT };
enum outbox_recipient { RECIPIENT_CITIZEN, RECIPIENT_STAFF, RECIPIENT_MOBILE, RECIPIENT_SYSTEM, OUTBOX_RECIPIENT__COUNT };
enum outbox_outcome { OUTBOX_DONE, OUTBOX_REFUSED, OUTBOX_UNKNOWN, OUTBOX_OUTCOME__COUNT };

struct outbox_message {
	int64_t id, gen;
	uint8_t owner[OUTBOX_TOKEN_BYTES];
	int lane;
	int64_t complaint_id; /* 0: about none */
	enum outbox_recipient recipient;
	int64_t recipient_id;
	struct span template; /* sms_template.code */
	enum lang lang;
	struct span payload_sealed; /* p == NULL: none */
	int64_t created_ms;
	int64_t tries;
};

/* Claims up to `most` (at most OUTBOX_LEASE_MAX) due messages for `to` for `lease_ms`: lane 0 first, heads of their complaint's
 * queue only (no earlier event of it is unsettled for `to`), picked at random among the first 40 so that senders seldom collide.
 * `lease_ms` has to cover the whole batch, twice the time-out of a send, and the skew of clocks.
 * Owns: the messages live in `a`. Errors: E_BUSY, E_UNKNOWN (what was claimed lapses); nothing due is E_OK with *n == 0. */
MUST_USE enum status outbox_lease(struct db *db, struct arena *a, enum outbox_destination to, size_t most, int64_t lease_ms,
				  struct outbox_message **out, size_t *n);

/* Commits that sending begins, and takes a new lease for it. E_STALE: the claim lapsed and is another's, or settled: do not send.
 */
MUST_USE enum status outbox_sending(struct db *db, struct arena *a, const struct outbox_message *m, int64_t lease_ms);

/* Writes the outcome and a `result` for people (no personal data); an OTP's payload is erased. E_STALE: it is no longer ours. */
MUST_USE enum status outbox_settle(struct db *db, struct arena *a, const struct outbox_message *m, enum outbox_outcome outcome,
				   const char *result);

/* Gives it back to be sent again after `wait_ms`, when certainly nothing was sent. E_STALE: it is no longer ours. */
MUST_USE enum status outbox_return(struct db *db, struct arena *a, const struct outbox_message *m, int64_t wait_ms,
				   const char *result);

/* Lapsed sends for `to` become unknown: *n of them. For destinations that must not hear twice (SMS, WhatsApp). */
MUST_USE enum status outbox_lapse(struct db *db, struct arena *a, enum outbox_destination to, int64_t *n);

extern const struct sql outbox_sql[];
extern const size_t outbox_sql_n;

#endif
