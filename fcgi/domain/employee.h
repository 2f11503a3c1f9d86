/* Who works in a department: whom a complaint can be given to, proposed to or discussed with. */
#ifndef EKMC_DOMAIN_EMPLOYEE_H
#define EKMC_DOMAIN_EMPLOYEE_H

#include "domain/directory.h"

#define EMPLOYEES_MOST 100

/* How near a duty is to a ward and a subcategory, nearest first; FIT_OTHER: not on duty for them, yet of the department. */
enum fit { FIT_WARD, FIT_BOROUGH, FIT_DEPARTMENT, FIT_OTHER, FIT__COUNT };
extern const char *const fit_names[];

struct employee_filter {
	struct span department;
	enum role role;
	int ward, borough;                 /* 0: wherever */
	struct span category, subcategory; /* absent: whatever */
	struct span text;                  /* in a name or the user name; absent: anybody */
	int limit;                         /* at most EMPLOYEES_MOST */
};
struct employee {
	struct span user, name;
	struct span duties; /* JSON: [{"level","category","subcategory","borough","ward"}], null for any */
	enum fit fit;
	int64_t open; /* complaints that they have now, as an LME */
};

/* Nearest first, of these who has fewest, then by user name. */
MUST_USE enum status employee_list(struct db *db, struct arena *a, const struct employee_filter *f, enum lang lang,
				   const struct employee **out, size_t *n);

extern const struct sql employee_sql[];
extern const size_t employee_sql_n;

#endif
