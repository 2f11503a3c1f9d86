/* What was reported already at a place: the open complaints that a new one may be the same as (design, section 4). */
#ifndef EKMC_DOMAIN_NEAR_H
#define EKMC_DOMAIN_NEAR_H

#include "core/db.h"
#include "domain/workflow.h"

struct near_place {
	struct span subcategory; /* a code of the directory */
	int ward;                /* 0: none */
	bool has_point;
	double lat, lon;
	double metres;      /* how far is near */
	int64_t citizen_id; /* whose own are marked; 0: nobody's */
	int limit;
};

/* Public facts only, and whether it is the caller's. Text lives in the arena. */
struct near_complaint {
	struct span number;
	enum state state;
	int ward;
	int64_t lodged_ms, due_ms;
	int64_t distance_m; /* to ten metres; -1: one of the two has no point */
	int64_t duplicates; /* who reported it too */
	bool mine;
};

/* Open ones of the subcategory, no duplicates: those within `metres` of the point, nearest first, then those of the ward where one
 * of the two has no point, newest first. Errors: of the database. */
MUST_USE enum status near_find(struct db *db, struct arena *a, const struct near_place *at, const struct near_complaint **out,
			       size_t *n);

extern const struct sql near_sql[];
extern const size_t near_sql_n;

#endif
