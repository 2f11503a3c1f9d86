/* Lists that officers send: who does what where (table roster), and what can be complained of (category, subcategory). A list is
 * CSV and complete: it is compared with what is there, and what differs is brought in as one, or not at all (design, section 4).
 *
 * Staff: user,role,department,level,boroughs,wards,subcategories,en,bn,mobile, a row per duty, several rows per person allowed.
 * Lists within a cell are parted by a space; an empty one says everywhere, everything. `subcategories` takes categories too. A cell
 * that a spreadsheet would take for a formula stands behind an apostrophe, going out and coming in.
 * Who is not in the list any more loses the duties that the list is about, and is inactive when none is left anywhere; an LME's
 * open complaints are then routed anew. What is not in a list of categories or subcategories becomes inactive. */
#ifndef EKMC_DOMAIN_ROSTER_H
#define EKMC_DOMAIN_ROSTER_H

#include "core/buf.h"
#include "core/seal.h"
#include "domain/actor.h"
#include "domain/admin.h"
#include "domain/directory.h"

#define ROSTER_ROWS_MAX   20000
#define ROSTER_BYTES_MAX  (8 << 20)
#define ROSTER_ERRORS_MAX 500  /* further ones are only counted */
#define ROSTER_ITEMS_MAX  1000 /* likewise */
/* What one import may use; not the request's arena, which is smaller. */
#define ROSTER_ARENA_BYTES ((size_t)256 << 20)

enum roster_list { ROSTER_STAFF, ROSTER_CATEGORIES, ROSTER_SUBCATEGORIES, ROSTER_LIST__COUNT };
extern const char *const roster_list_names[]; /* "staff", …; NULL-terminated */

/* ---- what can be wrong with a file (roster_faults.c) */

enum roster_fault {
	RF_CSV,
	RF_UTF8,
	RF_EMPTY,
	RF_FIELDS_MANY,
	RF_FIELDS_FEW,
	RF_COLUMN_MISSING,
	RF_COLUMN_UNKNOWN,
	RF_COLUMN_TWICE,
	RF_ROWS_MANY,
	RF_REQUIRED,
	RF_TOO_LONG,
	RF_CHARACTERS,
	RF_USER,
	RF_ROLE,
	RF_ROLE_FORBIDDEN,
	RF_ROLE_ELSEWHERE,
	RF_NOT_FOR_ROLE,
	RF_DEPARTMENT,
	RF_DEPARTMENT_OTHER,
	RF_LEVEL,
	RF_BOROUGH,
	RF_WARD,
	RF_WARD_BOROUGH,
	RF_BOROUGH_WARDS,
	RF_SUBCATEGORY,
	RF_SUBCATEGORY_OTHER,
	RF_DUTIES_MANY,
	RF_MOBILE_DIGITS,
	RF_MOBILE,
	RF_MOBILE_TWICE,
	RF_MOBILE_TAKEN,
	RF_CONTRADICTS,
	RF_FOREIGN,
	RF_CODE,
	RF_CODE_TWICE,
	RF_CATEGORY,
	RF_HOURS,
	RF_YESNO,
	RF_OPEN_MANY,
	RF_LAST_ADMIN,
	ROSTER_FAULT__COUNT
};

struct roster_error {
	size_t row;         /* as a spreadsheet counts; 0: the whole file */
	const char *column; /* NULL: the whole row */
	enum roster_fault fault;
	int64_t n;         /* what the text mentions: digits there are, another row */
	struct span value; /* likewise */
};

/* Stable: "mobile_digits". */
const char *roster_fault_code(enum roster_fault f);
/* What is wrong and what is needed, in the reader's language. */
void roster_fault_text(const struct roster_error *e, enum lang lang, struct buf *out);
/* What becomes of the open complaints of somebody who leaves. */
void roster_open_text(int64_t open, enum lang lang, struct buf *out);

/* ---- coming in */

enum roster_what { ROSTER_ADDED, ROSTER_CHANGED, ROSTER_LEAVING };

/* A person, or a category, that is not as the list says. */
struct roster_item {
	enum roster_what what;
	size_t row;              /* the first about them; 0: none, they leave */
	struct span key;         /* user name or code */
	const char *columns[10]; /* what differs, when changed; NULL-terminated */
	int64_t open;            /* open complaints they would leave behind */
};

struct roster_report {
	int64_t version;                           /* of the directory that the file was compared with */
	size_t rows;                               /* without the header */
	size_t added, changed, leaving, unchanged; /* people, or categories */
	size_t errors_all, items_all;              /* with those not listed */
	int64_t rerouted;                          /* open complaints of who leaves */
	bool needs_confirm;                        /* somebody leaves open work, or a department would have nobody */
	const struct roster_error *errors;         /* by row */
	const struct roster_item *items;           /* who leaves, then by row */
	size_t n_errors, n_items;
};

struct roster_job {
	enum roster_list list;
	struct span department; /* p == NULL: all of them */
	struct span csv;        /* must outlive the report */
	struct admin_who who;
	bool dry_run, confirm;
	int64_t version;    /* of an earlier report; 0: whatever it is now */
	int64_t most_moved; /* open complaints that may be routed anew, 3 to 6 ms each; 0: all there are */
};

struct cache;

/* What an import works with; all of it belongs to the caller. The arena holds the report. */
struct roster_means {
	struct db *db;
	struct cache *cache; /* NULL: a process without Redis */
	struct arena *arena;
	const struct seal *seal;
};

/* Compares, and unless job->dry_run brings it in, in one transaction with the record of it and with the complaints of who leaves.
 * What changes nothing writes nothing. The answer is rendered from
 * the report; a repetition of the key gets the first one.
 * Errors: E_INVALID (report->errors), E_CONFIRM (needs_confirm and not job->confirm), E_STALE (another version, or somebody was
 * faster), E_KEY_REUSED, E_NOT_FOUND (no such department); the report is there but for the last three. */
MUST_USE enum status roster_import(const struct roster_means *w, const struct roster_job *job, struct roster_report *report,
				   struct admin_answer *answer);

/* A complaint in the hands of somebody who leaves. */
struct roster_held {
	int64_t id, holder_id;
	struct span number, department, user; /* user: the holder */
};

struct roster_swept {
	int64_t after; /* only complaints behind this one; 0: all */
	int64_t only;  /* none but this one; 0: no matter */
	const struct roster_held *held;
	size_t n; /* what it was at: routed anew, unless it failed */
};

/* Routes anew what is held by somebody who is inactive or no LME at all, in one transaction, at most 50 at once: a complaint that
 * was lodged while a list came in may have gone to an officer who has just left. Called after each import and by the clock: it
 * costs one look through an index when there is nothing to do. */
MUST_USE enum status roster_sweep(const struct roster_means *w, int64_t now_ms, struct roster_swept *out);

/* ---- going out */

/* A duty row as the list has it: lists of what the roster holds one by one. */
struct roster_line {
	struct span user, en, bn;
	const char *mobile; /* ten digits, or NULL */
	enum role role;
	struct span department; /* p == NULL: none */
	int level;              /* 0: none */
	const int *boroughs, *wards;
	const struct span *subjects;
	size_t n_boroughs, n_wards, n_subjects;
	bool active;
	size_t place; /* among those of the same duty */
};
/* By department, role, user. `by_admin`: with the duties that only an administrator gives. E_NOT_FOUND: no such department. */
MUST_USE enum status roster_lines(const struct roster_means *w, const struct directory *d, struct span department, bool by_admin,
				  const struct roster_line **out, size_t *n);

/* The whole file, to be imported again unchanged. */
MUST_USE enum status roster_csv(const struct roster_means *w, const struct directory *d, enum roster_list list,
				struct span department, bool by_admin, struct buf *out);

extern const struct sql roster_state_sql[], roster_apply_sql[], roster_vacate_sql[];
extern const size_t roster_state_sql_n, roster_apply_sql_n, roster_vacate_sql_n;

#endif
