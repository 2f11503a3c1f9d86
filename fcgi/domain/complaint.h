/* Complaints: lodging, reading, moving. The rules of who may see one are here, those of moves in workflow.c. */
#ifndef EKMC_DOMAIN_COMPLAINT_H
#define EKMC_DOMAIN_COMPLAINT_H

#include "core/db.h"
#include "core/ids.h"
#include "core/schema.h"
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
	double lat, lon, accuracy_m; /* accuracy below 0: not told */
	const char *me_too;          /* the number of the complaint to join, or NULL */
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

/* One CALL that commits. Errors: E_UNAUTHENTICATED, E_FORBIDDEN (not a citizen), E_KEY_REUSED, E_OUTSIDE_KOLKATA, and E_INVALID
 * when the point lies in the gap of wards 142 to 144 and one of them is to be chosen, or when `me_too` cannot be joined: there is
 * none of that number, it is the caller's own, not open, or another thing or place. */
MUST_USE enum status complaint_lodge(struct db *db, struct arena *a, const struct directory *d, const struct seal *seal,
				     struct id_source *ids, const struct lodging *in, struct lodged *out);

struct complaint {
	int64_t id, version, citizen_id, holder_id;
	struct span number, channel, department, category, subcategory, description, landmark_sealed, language;
	enum state state;
	int level, ward, borough;
	bool has_point;
	double lat, lon;
	int64_t lodged_ms, due_ms, resolved_ms; /* CLOCK_NONE: not resolved */
};

/* E_NOT_FOUND: there is none of that number, or this actor may not see it (the same answer, design section 4). A NULL actor sees
 * all: for the public status, which shows nothing personal. */
MUST_USE enum status complaint_find(struct db *db, struct arena *a, const char *number, const struct actor *actor,
				    struct complaint *out);

struct event {
	int64_t seq, at_ms;
	struct span action, from, state, by, office, note;
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

/* The actions this actor may take now; NULL-terminated names in the arena. */
const char *const *complaint_allowed(struct arena *a, const struct complaint *c, const struct actor *actor);

struct moving {
	enum action action;
	int64_t version;
	struct span note;
	int64_t now_ms;
	uint8_t scope[SEAL_HASH_BYTES], body_hash[SEAL_HASH_BYTES];
	/* The answer for the complaint as the move left it, in the arena; stored with the move. */
	enum status (*render)(struct arena *a, const struct complaint *c, struct span *answer);
};
/* Makes the move in a transaction with its event, its messages and its answer. A repeated key finds the move done and gets the same
 * *answer, whatever has happened since. *c is the complaint as the caller found it.
 * Errors: E_STALE (another version), E_ILLEGAL_MOVE, E_FORBIDDEN, E_KEY_REUSED. */
MUST_USE enum status complaint_act(struct db *db, struct arena *a, const struct seal *seal, const struct actor *actor,
				   const struct moving *m, const struct complaint *c, struct span *answer);

extern const struct sql complaint_sql[], lodge_sql[], move_sql[];
extern const size_t complaint_sql_n, lodge_sql_n, move_sql_n;

#endif
