/* What administrators change: departments, categories, subcategories, holidays, settings. Each change is recorded (admin_change) in
 * its own transaction and makes directory_version grow, so every process works by it within seconds. Nothing here is ever deleted
 * but holidays: complaints refer to it; what is inactive takes no new complaints. */
#ifndef EKMC_DOMAIN_ADMIN_H
#define EKMC_DOMAIN_ADMIN_H

#include "core/db.h"
#include "core/json.h"
#include "core/lang.h"
#include "core/schema.h"
#include "core/seal.h"
#include "domain/actor.h"

/* ---- one change (admin.c) */

struct admin_who {
	const struct actor *actor; /* NULL: whoever runs ekmc-ctl */
	const char *account;       /* then that of the host */
	int64_t now_ms;
	bool keyed; /* the two below are set: a repetition gets the first answer */
	uint8_t scope[SEAL_HASH_BYTES], body_hash[SEAL_HASH_BYTES];
};

/* What the caller is told, stored with the change. */
struct admin_answer {
	/* Puts the text of `thing`, which the function that takes the answer names, into answer->text and the arena. NULL: nobody
	 * wants to know. */
	enum status (*render)(struct arena *a, struct admin_answer *answer, const void *thing);
	const void *context; /* the renderer's own */
	struct span text;
};

/* A change in the making, given to its body. */
struct admin_change {
	struct db *db;
	struct arena *arena;
	const struct admin_who *who;
};

/* Runs `body` in a transaction after the key's row and stores answer->text with it, unless the key was used before: then
 * answer->text is what was answered. E_KEY_REUSED, and what the body says. */
MUST_USE enum status admin_run(struct db *db, struct arena *a, const struct admin_who *who,
			       enum status (*body)(struct admin_change *c, void *arg), void *arg, struct admin_answer *answer);
/* Inside the body, last of all: renders, if anybody wants to know. */
MUST_USE enum status admin_tell(struct admin_change *c, struct admin_answer *answer, const void *thing);

/* Inside the body: the record of it; either may be NULL. Steals the references. */
MUST_USE enum status admin_record(struct admin_change *c, const char *what, struct span subject, json_t *before, json_t *after);
/* Inside the body: makes directory_version grow. */
MUST_USE enum status admin_bump(struct admin_change *c);

/* May this person look after the department: its controlling officer, an administrator, who runs ekmc-ctl? p == NULL: all of them.
 */
bool admin_may(const struct admin_who *who, struct span department);

extern const struct sql admin_sql[];
extern const size_t admin_sql_n;

/* ---- departments, categories, subcategories (admin_items.c) */

enum admin_kind { ADMIN_DEPARTMENTS, ADMIN_CATEGORIES, ADMIN_SUBCATEGORIES, ADMIN_KIND__COUNT };

struct admin_item {
	struct span code;
	struct span department, category; /* where the kind has them, else absent */
	struct names name;
	int64_t sort, version;
	int64_t sla_hours; /* of a subcategory, with the two below */
	bool photo_on_resolve, anonymous;
	bool active;
};

/* What to change; what is not told stays. */
struct admin_wish {
	int64_t version;                         /* that the caller has seen; 0: it is new */
	struct span department;                  /* of a new category */
	struct span category;                    /* of a subcategory: within its department */
	struct names name;                       /* p == NULL: not told */
	int64_t sort;                            /* -1: not told */
	int64_t sla_hours;                       /* 0: not told */
	int photo_on_resolve, anonymous, active; /* -1: not told */
};
#define ADMIN_WISH_INIT                                                                                                            \
	{                                                                                                                          \
		.sort = -1, .photo_on_resolve = -1, .anonymous = -1, .active = -1                                                  \
	}

#define ADMIN_HOURS_MOST 720

/* "department", "category", "subcategory". */
const char *admin_kind_name(enum admin_kind kind);
/* Of one department, or of all (p == NULL), in their order. */
MUST_USE enum status admin_items(struct db *db, struct arena *a, enum admin_kind kind, struct span department,
				 const struct admin_item **out, size_t *n);
/* A new one: all names are needed, and of a subcategory category and hours. E_INVALID (errors), E_FORBIDDEN, E_KEY_REUSED. */
MUST_USE enum status admin_item_add(struct db *db, struct arena *a, const struct admin_who *who, enum admin_kind kind,
				    struct span code, const struct admin_wish *w, struct field_errors *errors,
				    struct admin_answer *answer);
/* Also E_NOT_FOUND; E_STALE: another version. What changes nothing writes nothing. */
MUST_USE enum status admin_item_change(struct db *db, struct arena *a, const struct admin_who *who, enum admin_kind kind,
				       struct span code, const struct admin_wish *w, struct field_errors *errors,
				       struct admin_answer *answer);

/* Is this what a code of the kind looks like: DRN; DRN-A; DRN-01? `department` is that of a category or subcategory. */
bool admin_code_fits(enum admin_kind kind, struct span department, struct span code);

/* As it is recorded. */
json_t *admin_item_json(enum admin_kind kind, const struct admin_item *i);

/* For roster_lists.c, inside a transaction: the row as it is to be. `before` NULL: new. Records and bumps nothing. E_STALE. */
MUST_USE enum status admin_item_write(struct admin_change *c, enum admin_kind kind, const struct admin_item *before,
				      const struct admin_item *after);
bool admin_item_same(enum admin_kind kind, const struct admin_item *a, const struct admin_item *b);

extern const struct sql admin_items_sql[];
extern const size_t admin_items_sql_n;

/* What was changed, for those who look after it. */
struct admin_past {
	int64_t id, at_ms;
	struct span user, account;                /* either is absent */
	struct span what, subject, before, after; /* before, after: JSON text, or absent; of a long one only its {"bytes"} */
};
/* Newest first: ids below `before_id`. */
MUST_USE enum status admin_history(struct db *db, struct arena *a, int64_t before_id, int limit, const struct admin_past **out,
				   size_t *n);

/* ---- holidays and settings (admin_rules.c) */

struct admin_holiday {
	struct span day; /* 2026-11-23, a Kolkata calendar day */
	struct names name;
};
/* `year` 0: all. */
MUST_USE enum status admin_holidays(struct db *db, struct arena *a, int64_t year, const struct admin_holiday **out, size_t *n);
/* True for a day of the calendar from 2000 to 2099. */
bool admin_day_fits(struct span day);
/* The promises given stay as they are; what is lodged from now on goes by it. */
MUST_USE enum status admin_holiday_put(struct db *db, struct arena *a, const struct admin_who *who, const struct admin_holiday *h,
				       struct admin_answer *answer);
/* E_NOT_FOUND: it was none. */
MUST_USE enum status admin_holiday_delete(struct db *db, struct arena *a, const struct admin_who *who, struct span day);

struct admin_setting {
	struct span name, changed_by; /* user name, or absent */
	int64_t value, least, most, version, changed_ms;
};
MUST_USE enum status admin_settings(struct db *db, struct arena *a, const struct admin_setting **out, size_t *n);
/* `version` 0: whatever it is (ekmc-ctl). E_NOT_FOUND, E_STALE; E_INVALID: not within the bounds, with them in `errors`. */
MUST_USE enum status admin_setting_put(struct db *db, struct arena *a, const struct admin_who *who, struct span name, int64_t value,
				       int64_t version, struct field_errors *errors, struct admin_answer *answer);

extern const struct sql admin_rules_sql[];
extern const size_t admin_rules_sql_n;

#endif
