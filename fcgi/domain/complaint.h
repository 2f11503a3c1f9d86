/* Complaints: lodging and reading. Who may see one is here; what becomes of it: workflow.h, parties.h, transition.h, move.h. */
#ifndef EKMC_DOMAIN_COMPLAINT_H
#define EKMC_DOMAIN_COMPLAINT_H

#include "core/db.h"
#include "core/ids.h"
#include "core/schema.h"
#include "domain/attachment.h"
#include "domain/directory.h"
#include "domain/workflow.h"

/* Ids that are known before the row is stored: blocks of 1,000, taken by compare-and-set, shared by the threads of a process. */
struct id_source;
MUST_USE struct id_source *id_source_new(void);
void id_source_free(struct id_source *ids);
MUST_USE enum status id_source_next(struct id_source *ids, struct db *db, struct arena *a, int64_t *id);

struct lodging {
	const struct subcategory *subcategory;
	const char *channel; /* "WEB", "APP" */
	struct span description, landmark, name;
	const char *language; /* NULL: the citizen's */
	int ward;             /* 0: from the point */
	bool has_point;
	double lat, lon, accuracy_m;                       /* accuracy below 0: not told */
	const uint8_t (*attachments)[ATTACHMENT_ID_BYTES]; /* the citizen's own uploads */
	size_t n_attachments;                              /* at most ATTACHMENTS_MOST */
	const char *me_too;                                /* the number of the complaint to join, or NULL */
	const uint8_t *token_hash;
	uint8_t scope[SEAL_HASH_BYTES];     /* method, path and Idempotency-Key */
	uint8_t body_hash[SEAL_HASH_BYTES]; /* of the request's bytes */
	int64_t now_ms;
};

/* What the answer is rendered from, the first time and every time after. Text lives in the arena. */
struct lodged {
	struct span number, state, department, category, subcategory;
	struct span parent; /* the number of what it joined; absent: it stands for itself */
	int ward, borough;
	int64_t lodged_ms, due_ms;
	bool replay;
	const char *pointer; /* of E_INVALID and E_OUTSIDE_KOLKATA: which field, and what is wrong with it */
	enum field_code code;
};

/* One CALL that commits. Errors: E_UNAUTHENTICATED, E_FORBIDDEN (not a citizen), E_OUTSIDE_KOLKATA, E_KEY_REUSED, and E_INVALID
 * when the point lies in the gap of wards 142 to 144 and one of them is to be chosen, when an attachment is none of theirs, bound
 * already or older than a day, or when `me_too` cannot be joined: there is none of that number, it is the caller's own, not open,
 * or another thing or place. */
MUST_USE enum status complaint_lodge(struct db *db, struct arena *a, const struct directory *d, const struct seal *seal,
				     struct id_source *ids, const struct lodging *in, struct lodged *out);

struct complaint {
	int64_t id, version, citizen_id, event_count;
	struct span number, channel, department, category, subcategory, description, landmark_sealed, language;
	enum state state;
	int level, ward, borough, reopen_count;
	int asked;        /* questions of the present holder */
	int asked_before; /* and of the LME who asks to be relieved */
	bool has_point, priority, closed_by_clock, overdue_told;
	double lat, lon, accuracy_m; /* accuracy below 0: not told */
	int64_t holder_id;           /* the LME who has it; 0: nobody */
	int64_t last_holder_id;      /* who resolved, rejected or had it last; 0: nobody */
	int64_t proposed_id;         /* the colleague of a reassignment request; 0: none */
	enum state waiting_from;     /* of AWAITING_CITIZEN: where it goes back to */
	int64_t waiting_ms;          /* and since when the clocks stand */
	/* CLOCK_NONE: not resolved, nothing for the clock to escalate */
	int64_t lodged_ms, due_ms, escalate_ms, resolved_ms, changed_ms;
	int resolution; /* which of its resolutions is the last or the next: tells ratings and links apart */
	bool rated;     /* this resolution has its rating */
	/* of a DUPLICATE: the complaint it is joined to */
	struct {
		int64_t id; /* 0: none */
		struct span number;
		enum state state;
		int level, reopen_count;
		bool closed_by_clock;
		int64_t due_ms, resolved_ms, last_holder_id;
	} parent;
};

/* In SQL, of a complaint c and the parent p that it is joined to: times it was re-opened, alone and with those it was joined to. */
#define COMPLAINT_RESOLUTION "c.reopen_count + c.reopens_left + IFNULL(p.reopen_count, 0)"

/* E_NOT_FOUND: there is none of that number, or this actor may not see it (the same answer, design section 4). A NULL actor sees
 * all: for the public status, which shows nothing personal. */
MUST_USE enum status complaint_find(struct db *db, struct arena *a, const char *number, const struct actor *actor,
				    struct complaint *out);
/* The same by id, for all eyes. */
MUST_USE enum status complaint_find_id(struct db *db, struct arena *a, int64_t id, struct complaint *out);

/* The object rule: a citizen sees their own; an LME what they have or finished; officers their department, in the boroughs the
 * roster gives them; the desk, commissioner and mayor's office everything. */
bool complaint_visible(const struct actor *actor, const struct complaint *c);

struct event {
	int64_t seq, at_ms;
	struct span action, from, state, by, office, note, detail;
	struct span staff; /* the employee's name, when one did it */
	int level;
	bool internal;
};
MUST_USE enum status complaint_timeline(struct db *db, struct arena *a, int64_t complaint_id, const struct event **out, size_t *n);

struct complaint_filter {
	const char *state; /* NULL: any */
	int ward;          /* 0: any */
	struct span subcategory;
	int64_t before_id; /* keyset: ids below this; INT64_MAX: from the newest */
	int limit;
};
/* A citizen's own, newest first. */
MUST_USE enum status complaint_list(struct db *db, struct arena *a, int64_t citizen_id, const struct complaint_filter *f,
				    const struct complaint **out, size_t *n);

/* The complainant's name and masked mobile, for those who may see the complaint. */
struct complainant {
	struct span name;
	const char *mobile_masked;
};
MUST_USE enum status complaint_complainant(struct db *db, struct arena *a, const struct seal *seal, int64_t citizen_id,
					   struct complainant *out);

/* An employee in the words of colleagues; absent for id 0. */
struct colleague {
	struct span user, name;
};
MUST_USE enum status complaint_colleague(struct db *db, struct arena *a, int64_t staff_id, enum lang lang, struct colleague *out);

struct rated {
	int stars;
	struct span reasons, comment; /* codes by comma; p == NULL: none */
	int64_t at_ms;
};
/* The last rating. E_NOT_FOUND: none yet. */
MUST_USE enum status complaint_rating(struct db *db, struct arena *a, int64_t complaint_id, struct rated *out);

extern const struct sql complaint_sql[], lodge_sql[];
extern const size_t complaint_sql_n, lodge_sql_n;
/* So many of complaint_sql, the first, find one complaint: all that a process needs which shows none. */
extern const size_t complaint_sql_find_n;

#endif
