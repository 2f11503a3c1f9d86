/* Moving a complaint: what is asked for, and what comes of it. */
#ifndef EKMC_DOMAIN_MOVE_H
#define EKMC_DOMAIN_MOVE_H

#include "core/cache.h"
#include "core/schema.h"
#include "domain/attachment.h"
#include "domain/complaint.h"

/* What the domain works with; all of it belongs to the caller. */
struct means {
	struct db *db;
	struct cache *cache; /* NULL: a process without Redis; public answers are then up to status.ttl_s old */
	struct arena *arena;
	const struct directory *directory;
	const struct seal *seal;
};

struct moving {
	enum action action;
	int64_t version; /* 0: whatever it is now (clock, roster, parent) */
	int64_t now_ms;
	unsigned only;    /* bits 1 << enum action that the caller may take at all; 0: all (a link's holder has few) */
	struct span note; /* p == NULL: none, so with the other texts */
	bool internal;
	struct span lme;                       /* user name */
	const struct subcategory *subcategory; /* NULL: none told */
	int ward;                              /* 0: none told */
	bool has_point;
	double lat, lon, accuracy_m; /* accuracy below 0: not told */
	struct span landmark;
	int stars; /* 0: none told */
	struct span reasons, comment;
	const char *parent;          /* number; NULL: none told */
	struct span mobile;          /* the caller's, ten digits, when a desk acts for the complainant */
	struct schema_texts uploads; /* ids of attachments */
	int priority;                /* the flag: -1 not told, 0, 1 */
	/* Complete answers for complaint_act: scope is of method, path and key. */
	uint8_t scope[SEAL_HASH_BYTES], body_hash[SEAL_HASH_BYTES];
	/* The answer for the complaint as the move left it, in the arena; stored with the move. */
	enum status (*render)(struct arena *a, const struct complaint *c, struct span *answer);
};
#define MOVING_INIT .accuracy_m = -1, .priority = -1

/* What was wrong: `why` with E_ILLEGAL_MOVE, `errors` with E_INVALID (pointers such as "/lme"). */
struct refused {
	enum refusal why;
	struct field_errors *errors; /* NULL: nobody is interested */
};

/* One move inside the caller's transaction: its event, its messages, its links, and what it means for its duplicates. *c is the
 * complaint as found in this transaction, afterwards as the move left it.
 * Errors: E_STALE (another version), E_ILLEGAL_MOVE, E_FORBIDDEN, E_INVALID, E_OUTSIDE_KOLKATA, those of db_run. */
MUST_USE enum status complaint_move(const struct means *w, const struct actor *actor, const struct moving *m, struct complaint *c,
				    struct refused *refused);

/* The same in a transaction of its own, with the public status hidden meanwhile. A repeated key finds the move done and gets the
 * same *answer, whatever has happened since. *c is the complaint as the caller found it. Also E_KEY_REUSED. */
MUST_USE enum status complaint_act(const struct means *w, const struct actor *actor, const struct moving *m,
				   const struct complaint *c, struct span *answer, struct refused *refused);

/* What complaint_act answered when this actor asked with this key before; only m's scope and body_hash count. For who moved a
 * complaint out of their own sight: it is not there for them any more, but a repetition hears how it went. Errors: E_NOT_FOUND (no
 * such request), E_KEY_REUSED (with another body), of the database. */
MUST_USE enum status complaint_acted(const struct means *w, const struct actor *actor, const struct moving *m, struct span *answer);

/* Keeps what was answered to a request for several moves, each of which has a key of its own: complaint_acted finds it then. An
 * answer that is there already stays. */
MUST_USE enum status complaint_answered(const struct means *w, const struct actor *actor, const struct moving *m,
					struct span answer);

/* Around a transaction with moves in it: takes the public status of this complaint and of its duplicates out of the cache before,
 * and again after, whatever became of it. */
void complaint_hide(const struct means *w, int64_t id, const char *number);
void complaint_show(const struct means *w, int64_t id, const char *number);

/* A move that this actor may make now. */
struct offer {
	enum action action;
	unsigned needs, may; /* enum want */
	int64_t until_ms;    /* rate, reopen: the last moment; else CLOCK_NONE */
};
/* In the order of enum action. `only` as in struct moving. */
MUST_USE enum status complaint_offers(struct arena *a, const struct directory *d, const struct complaint *c,
				      const struct actor *actor, unsigned only, int64_t now_ms, const struct offer **out,
				      size_t *n);

extern const struct sql move_sql[], act_sql[];
extern const size_t move_sql_n, act_sql_n;
/* So many of move_sql, the first, are all that the clock's moves take. */
extern const size_t move_sql_system_n;

#endif
