/* Proving timelines against their hashes, and days against their signatures. Reads only, in batches. */
#ifndef EKMC_DOMAIN_AUDIT_VERIFY_H
#define EKMC_DOMAIN_AUDIT_VERIFY_H

#include "domain/audit.h"

enum audit_fault_kind {
	/* a timeline by itself */
	FAULT_EVENT_CHANGED,
	FAULT_EVENT_MOVED,
	FAULT_EVENT_MISSING,
	FAULT_EVENT_UNCOUNTED,
	FAULT_HEAD,
	FAULT_STATE,
	FAULT_ROW,
	FAULT_TOLD,
	FAULT_NO_COMPLAINT,
	/* a timeline against what was signed */
	FAULT_SIGNED_MISSING,
	FAULT_SIGNED_REWRITTEN,
	FAULT_SIGNED_REDATED,
	FAULT_SIGNED_ADDED,
	FAULT_SIGNED_GONE,
	FAULT_SIGNED_NUMBER,
	/* what was signed by itself */
	FAULT_HEAD_ALTERED,
	FAULT_DAY_HEADS,
	FAULT_DAY_ALTERED,
	FAULT_DAY_KEY,
	FAULT_DAY_CHAIN,
	FAULT_DAY_MISSING,
	FAULT_DAY_LOG,
	AUDIT_FAULT__COUNT
};
extern const char *const audit_fault_texts[]; /* for people, in English */

struct audit_fault {
	enum audit_fault_kind kind;
	int64_t complaint_id;           /* 0: about a day */
	char number[NUMBER_DIGITS + 1]; /* empty: about a day, or nobody knows it any more */
	int64_t seq, seq_to;            /* the event, or the first and the last of several; 0: the whole complaint */
	int64_t day_ms, day_to_ms;      /* the day, or the first and the last of several; CLOCK_NONE: not about one */
	const char *field;              /* of the complaint's row, with FAULT_ROW; else NULL */
};

struct audit_scope {
	int64_t from_ms;    /* a day: only complaints that changed, and days, from there on; CLOCK_NONE: all */
	const char *number; /* one complaint; NULL: all */
	int64_t now_ms;
};

struct audit_summary {
	int64_t complaints, events, days, heads, faults;
	int64_t first_ms, last_ms; /* signed days of the scope; CLOCK_NONE: none */
	int64_t late;              /* signed more than a day after their end: the clock stood still, or they were signed again */
};

struct audit_check {
	struct db *db;
	const struct seal *seal; /* with audit keys */
	struct audit_scope scope;
	void (*found)(const struct audit_fault *f, void *arg);
	void *arg;
	struct audit_summary sum;
};

/* Holds every event, head and day of the scope against hashes and signatures, and calls `found` for each fault: timelines first, by
 * complaint, then days. A single complaint is held against the days it changed on, whose heads of others are not looked at.
 * Errors: E_NOT_FOUND there is no complaint of that number and none was ever signed; others: it could not be looked at. A fault is
 * no error. */
MUST_USE enum status audit_verify(struct audit_check *c);

/* Holds a line of a log against the table: a day that was signed twice is seen in the log alone. Lines about something else are
 * passed over. */
MUST_USE enum status audit_verify_log(struct audit_check *c, struct arena *a, struct span line);

extern const struct sql audit_verify_sql[], audit_days_sql[];
extern const size_t audit_verify_sql_n, audit_days_sql_n;

#endif
