/* What the files of the roster share; nobody else includes it. */
#ifndef EKMC_DOMAIN_ROSTER_IMPL_H
#define EKMC_DOMAIN_ROSTER_IMPL_H

#include "core/csv.h"
#include "domain/roster.h"

#define ROSTER_COLUMNS_MAX 10
#define ROSTER_NAME_MAX    100 /* characters */
#define NOWHERE            ((struct span){ NULL, 0 })

/* ---- duties as numbers (roster_duty.c) */

/* Codes are places in the directory, counted from 1; 0: none. */
struct roster_parts {
	enum role role;
	unsigned department, level, category, subcategory, borough, ward;
};
/* All of it in one number, so that sets of duties are sorted and compared as numbers; what is equal in role, department and level
 * stands together. Wards lie in one borough only, so with a ward the borough is left out. */
uint64_t roster_pack(const struct directory *d, struct roster_parts p);
struct roster_parts roster_unpack(uint64_t duty);

struct roster_duties {
	uint64_t *v; /* ascending, each once */
	size_t n;
};
/* Sorts and drops doubles. */
void roster_sort(struct roster_duties *d);
bool roster_has(const struct roster_duties *d, uint64_t duty);
/* Is there an LME's duty for this department in it? */
bool roster_is_lme(const struct roster_duties *d, unsigned department);

/* What a role's rows have. */
struct roster_rule {
	enum role role;
	bool officer;    /* the list is complete for it, and controlling officers may give it; others only administrators */
	bool department; /* belongs to one */
	bool level, boroughs;
	bool wards; /* and subjects */
};
const struct roster_rule *roster_rule(enum role role); /* NULL for a citizen's and unknown ones */

unsigned roster_department(const struct directory *d, struct span code); /* 0: there is none */

/* ---- faults */

struct roster_faults {
	struct arena *arena;
	struct roster_error *v;
	size_t n, all;
};
MUST_USE enum status roster_faults_init(struct roster_faults *f, struct arena *a);
void roster_fault(struct roster_faults *f, size_t row, const char *column, enum roster_fault fault, int64_t n, struct span value);
/* By row. */
void roster_faults_sort(struct roster_faults *f);

/* ---- the file (roster_file.c) */

struct roster_table {
	struct csv csv;
	size_t at[ROSTER_COLUMNS_MAX]; /* where the file has our columns */
	const char *const *names;
	size_t n;
};
/* Cuts the file up by its header. E_INVALID: `faults` says why. */
MUST_USE enum status roster_table(struct arena *a, struct span text, const char *const *names, size_t n,
				  struct roster_faults *faults, struct roster_table *out);
/* Trimmed, without the apostrophe before a formula. */
struct span roster_cell(const struct roster_table *t, size_t row, size_t column);
bool roster_blank(const struct roster_table *t, size_t row);
/* 1 to 100 characters that can be shown; else a fault. */
bool roster_check_name(const struct roster_table *t, size_t row, size_t column, struct roster_faults *faults);

enum roster_column { C_USER, C_ROLE, C_DEPARTMENT, C_LEVEL, C_BOROUGHS, C_WARDS, C_SUBCATEGORIES, C_EN, C_BN, C_MOBILE };
extern const char *const roster_columns[];
extern const size_t roster_columns_n;

struct roster_person;

/* A person of the file: all rows with that user name. */
struct roster_entry {
	size_t row; /* the first */
	struct span user, en, bn;
	char mobile[11]; /* empty: none */
	bool bad;        /* a row of theirs has a fault: nothing is said about them */
	struct roster_duties duties;
	struct roster_person *person; /* who it is; NULL: nobody yet */
};

struct roster_staff {
	struct roster_entry *v; /* by user name */
	size_t n, rows;
};
/* Reads and checks each row for itself and against the others. E_INVALID: not a list at all; faults of rows leave E_OK. */
MUST_USE enum status roster_read(struct arena *a, const struct directory *d, const struct roster_job *job,
				 struct roster_faults *faults, struct roster_staff *out);
struct roster_entry *roster_entry(const struct roster_staff *s, struct span user);

/* ---- what there is (roster_state.c) */

struct roster_person {
	int64_t id;
	struct span user, en, bn, department; /* department: whose account while they have no duty */
	char mobile[11];
	bool active, has_password;
	struct roster_duties duties;
	size_t n_rows; /* of the table roster, in `rows` and `row_ids`; more than duties when one stands there twice */
	uint64_t *rows;
	int64_t *row_ids;
	struct roster_entry *entry; /* of the file; NULL: not in it */
	struct roster_item *item;   /* of the plan; NULL: stays as they are */
};
struct roster_state {
	struct roster_person *v; /* by user name */
	size_t n;
};
MUST_USE enum status roster_state(struct db *db, struct arena *a, const struct seal *seal, const struct directory *d,
				  struct roster_state *out);
struct roster_person *roster_person(const struct roster_state *s, struct span user);

/* ---- what is to be done (roster_plan.c) */

struct roster_plan {
	json_t *people_new, *people, *drop, *left, *add; /* for the procedure roster_apply; the arena's */
	json_t *losers;                                  /* ids of who is no LME any more somewhere */
	struct roster_item *items;
	size_t n_items;
	bool empties; /* a department would have nobody */
};
/* Compares. Fills the report but for the open complaints. */
MUST_USE enum status roster_plan(struct arena *a, const struct seal *seal, const struct directory *d, const struct roster_job *job,
				 const struct roster_staff *file, const struct roster_state *state, struct roster_faults *faults,
				 struct roster_plan *plan, struct roster_report *report);
/* Will this person still be an LME of the department? */
bool roster_stays_lme(const struct directory *d, const struct roster_job *job, const struct roster_staff *file,
		      const struct roster_person *p, struct span department);

/* ---- open complaints of who leaves (roster_vacate.c) */

/* What the holders (a JSON array of staff ids) have now. */
MUST_USE enum status roster_held(struct db *db, struct arena *a, const json_t *holders, const struct roster_held **out, size_t *n);
/* Inside a transaction whose roster is the new one: each is routed anew, with its event and its messages. */
MUST_USE enum status roster_vacate(const struct roster_means *w, const struct roster_held *held, size_t n, int64_t now_ms);
/* After it, whatever became of it: what the public saw of them is read anew. */
void roster_vacated(const struct roster_means *w, const struct roster_held *held, size_t n);

/* ---- the lists of categories and subcategories (roster_lists.c) */

MUST_USE enum status roster_import_items(const struct roster_means *w, const struct directory *d, const struct roster_job *job,
					 struct roster_report *report, struct admin_answer *answer);
MUST_USE enum status roster_csv_items(const struct roster_means *w, enum roster_list list, struct span department, struct buf *out);

/* A cell as it goes out: quoted where it has to be, a formula behind an apostrophe. */
void roster_put_cell(struct buf *out, struct span cell);

/* The report by row, cut to what it may hold. */
void roster_report_items(struct roster_report *report, struct roster_item *items, size_t n);

#endif
