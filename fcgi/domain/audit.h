/* Proof that timelines are whole (design, section 4; sql/AUDIT.md has the canonical forms for outsiders).
 *
 * Each event's hash covers the event before it. The last hash of every timeline that changed on a Kolkata calendar day is a head of
 * that day; when the day is over its heads become a Merkle tree whose root is signed with a key that the API does not have. Who can
 * write to the database can re-compute a chain, but not the heads that were signed. */
#ifndef EKMC_DOMAIN_AUDIT_H
#define EKMC_DOMAIN_AUDIT_H

#include "core/db.h"
#include "core/ids.h"
#include "core/seal.h"

#define AUDIT_DAY_MS        INT64_C(86400000)
#define AUDIT_MARGIN_MS     INT64_C(900000) /* after midnight: what was begun before it has committed, even by a clock that is slow */
#define AUDIT_DAY_TEXT_SIZE sizeof("2026-11-23")
#define AUDIT_TAG_BYTES     16 /* of a head's own tag */

/* ---- events */

#define AUDIT_NOBODY (-1)

/* An event as it is stored. Absent text has p == NULL. */
struct audit_event {
	int64_t complaint_id, seq, at_ms, level;
	int64_t actor_id; /* AUDIT_NOBODY: NULL */
	struct span action, from, to, actor_kind, office, note, detail;
	bool internal;
	uint8_t hash[SEAL_HASH_BYTES];
};

/* The columns of a SELECT that audit_event_read takes, and their letters. */
#define AUDIT_EVENT_COLUMNS                                                                                                        \
	"e.complaint_id, e.seq, e.at, e.action, e.from_state, e.to_state, e.level, e.actor_kind, e.actor_id, e.office, e.note,"    \
	" e.internal, e.detail, e.hash"
#define AUDIT_EVENT_LETTERS "iitsssisissisb"
void audit_event_read(const struct db_value *v, struct audit_event *e);
/* A hash as a column has it; zeros when it is NULL or no hash. */
void audit_hash_read(const struct db_value *v, uint8_t out[static SEAL_HASH_BYTES]);

/* event_hash() of sql/procedures/event.sql: SHA-256 over `previous` (zeros for the first event) and the event's fields. */
void audit_event_hash(const uint8_t previous[static SEAL_HASH_BYTES], const struct audit_event *e,
		      uint8_t out[static SEAL_HASH_BYTES]);

/* ---- days: the instant a Kolkata calendar day begins, so the next one is AUDIT_DAY_MS later */

int64_t audit_day_of(int64_t at_ms);
const char *audit_day_text(int64_t day_ms, char out[static 11]);
MUST_USE bool audit_day_parse(struct span s, int64_t *day_ms);

/* A timeline at the end of a day. */
struct audit_head {
	int64_t complaint_id, event_count;
	char number[NUMBER_DIGITS + 1]; /* empty: of events without a complaint */
	uint8_t hash[SEAL_HASH_BYTES];
};
/* Complaints with an event of the day, ids above `after` up to `upto`, at most AUDIT_HEADS_MOST: id, last event of the day, number
 * of events of the day, hash of the last one, number (NULL: there is no such complaint). */
#define AUDIT_HEADS_MOST 4000
MUST_USE enum status audit_heads(struct db *db, struct arena *a, int64_t day_ms, int64_t after, int64_t upto, struct db_rows *rows);
/* What the tree's leaf is made from and the head's own tag covers, in the arena. p == NULL: exhausted. */
struct span audit_head_span(struct arena *a, int64_t day_ms, const struct audit_head *h);

/* A signed day. */
struct audit_day {
	int64_t day_ms, heads, events, signed_ms;
	uint8_t root[SEAL_HASH_BYTES], previous[SEAL_HASH_BYTES], tag[SEAL_HASH_BYTES];
	uint8_t key_id;
};
/* What its tag covers, in the arena. */
struct span audit_day_span(struct arena *a, const struct audit_day *d);

/* The columns of a SELECT from audit_day that audit_day_read takes. */
#define AUDIT_DAY_COLUMNS "day, heads, events, root, previous, signed_at, key_id, tag"
#define AUDIT_DAY_LETTERS "tiibbtib"
void audit_day_read(const struct db_value *v, struct audit_day *d);

extern const char audit_day_purpose[], audit_head_purpose[]; /* of seal_sign */

/* ---- signing */

#define AUDIT_DAYS_MOST 32 /* in one call of audit_sign_due */

/* Signs the day: its heads and the day in one transaction, then a line to the log (audit_signed). May be called by several hosts at
 * once: one does it, the others find it done. *done: it was us.
 * Errors: E_INVALID the day is not over by AUDIT_MARGIN_MS; E_BUSY, E_UNKNOWN: to be called again. */
MUST_USE enum status audit_sign_day(struct db *db, const struct seal *seal, int64_t day_ms, int64_t now_ms, bool *done);

/* Signs the days that are due, oldest first, from the first event or the last signed day on, at most AUDIT_DAYS_MOST in one call;
 * *n: how many this call signed. For the clock, once in a while: one look-up when nothing is due. `seal` has audit keys. */
MUST_USE enum status audit_sign_due(struct db *db, struct arena *a, const struct seal *seal, int64_t now_ms, int *n);

extern const struct sql audit_sql[];
extern const size_t audit_sql_n;

#endif
