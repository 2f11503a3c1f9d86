/* Lists of complaints for employees: inboxes (what is open, most urgent first) and the register (everything, newest first).
 *
 * A page is found in two steps: keys of rows from one index per department, at most a page from each, merged here; then the rows
 * themselves. So a page costs the same whatever has been closed, and the same for one department as its share of all. */
#ifndef EKMC_DOMAIN_WORK_H
#define EKMC_DOMAIN_WORK_H

#include "domain/scope.h"

#define WORK_LIMIT 100

/* What the caller narrows a list to. */
struct work_filter {
	unsigned states;                               /* bits 1 << enum state; 0: any */
	struct span department, category, subcategory; /* absent: any; so with the texts below */
	int ward, borough;                             /* 0: any */
	int level;                                     /* -1: any */
	const char *channel;                           /* NULL: any */
	int64_t holder_id;                             /* the LME who has it; 0: any */
	const char *digits;                            /* the number begins with these; NULL: any */
	int64_t lodged_from_ms, lodged_to_ms;          /* from, and before */
	int overdue;                                   /* 1: only those, 0: none of those, -1: any */
	int64_t now_ms;
	int limit; /* at most WORK_LIMIT */
};
/* For the filter; -1 when there is nobody of that user name: as any code that nobody knows, it matches nothing. */
MUST_USE enum status work_staff_id(struct db *db, struct arena *a, struct span user, int64_t *id);

#define WORK_FOREVER_MS  INT64_C(253402300799000) /* 9999-12-31T23:59:59Z */
#define WORK_FILTER_INIT .level = -1, .overdue = -1, .lodged_to_ms = WORK_FOREVER_MS

/* A complaint as lists show it: `complaint` without description, landmark, point and language. */
struct work_item {
	struct complaint complaint;
	struct colleague holder; /* absent: no LME has it */
	bool overdue;            /* open, and past its promise; while the citizen is asked: was so before */
};

/* Where a page ended, for the next one; of an inbox urgency, due_at, id; of the register lodged_at, id. */
struct work_place {
	int64_t urgency, at_ms, id;
};
#define INBOX_FIRST    ((struct work_place){ .urgency = -1 })
#define REGISTER_FIRST ((struct work_place){ .at_ms = WORK_FOREVER_MS, .id = INT64_MAX })

struct work_page {
	const struct work_item *items;
	size_t n;
	bool more;              /* there is a next page, */
	struct work_place next; /* after this place */
};

/* inbox.c: one page of a tab, flagged ones first, then by due_at, then by id. */
MUST_USE enum status inbox_page(struct db *db, struct arena *a, const struct scope *s, enum tab tab, const struct work_filter *f,
				const struct work_place *after, enum lang lang, struct work_page *out);
/* How many every tab holds, unfiltered. */
MUST_USE enum status inbox_counts(struct db *db, struct arena *a, const struct scope *s, int64_t now_ms,
				  int64_t counts[static TAB__COUNT]);

/* register.c: one page of what the actor may see, newest lodging first. `mobile_index`: of this citizen only, or NULL. Where few of
 * very many match, a page may end before it is full: only `more` says whether there is another. */
MUST_USE enum status register_page(struct db *db, struct arena *a, const struct scope *s, const struct actor *actor,
				   const struct work_filter *f, const uint8_t *mobile_index, const struct work_place *after,
				   enum lang lang, struct work_page *out);

/* ---- for inbox.c and register.c */

/* A row that was found, before it is read. */
struct work_key {
	struct work_place place;
	/* what complaint_visible asks for */
	struct span department;
	int borough;
	int64_t holder_id, last_holder_id;
};
struct work_keys {
	struct work_key *v;
	size_t n, cap;
};
MUST_USE enum status work_keys_add(struct arena *a, struct work_keys *keys, const struct work_key *key);
/* Sorts, drops what was found twice, cuts to the page, and reads its rows. */
MUST_USE enum status work_read(struct db *db, struct arena *a, const struct work_filter *f, struct work_keys *keys,
			       int (*order)(const void *a, const void *b), enum lang lang, struct work_page *out);

/* The conditions of a filter in SQL, their letters, and their values: WORK_FILTER_ARGS of them are written to v. */
#define WORK_FILTER_SQL                                                                                                            \
	" AND (? IS NULL OR FIND_IN_SET(c.state, ?)) AND (? IS NULL OR c.category_code = CONVERT(? USING ascii))"                  \
	" AND (? IS NULL OR c.subcategory_code = CONVERT(? USING ascii)) AND (? IS NULL OR c.ward_no = ?)"                         \
	" AND (? IS NULL OR c.borough_no = ?) AND (? IS NULL OR c.level = ?) AND (? IS NULL OR c.channel = ?)"                     \
	" AND (? IS NULL OR c.holder_id = ?) AND (? IS NULL OR c.number BETWEEN ? AND ?)"                                          \
	" AND (? IS NULL OR (c.urgency IS NOT NULL AND c.due_at < IFNULL(c.waiting_since, ?)) = ?)"                                \
	" AND c.lodged_at >= ? AND c.lodged_at < ?"
#define WORK_FILTER_LETTERS "ssssssiiiiiissiisssititt"
#define WORK_FILTER_ARGS    (sizeof(WORK_FILTER_LETTERS) - 1)
#define WORK_FILTER_NUMBER  17 /* the place of the first and the last number among them, */
#define WORK_FILTER_LODGED  22 /* and of the times of lodging */
MUST_USE enum status work_filter_args(struct arena *a, const struct work_filter *f, struct db_value *v);

extern const struct sql work_sql[], inbox_sql[], register_sql[];
extern const size_t work_sql_n, inbox_sql_n, register_sql_n;

#endif
