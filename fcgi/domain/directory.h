/* What the corporation consists of, read from the database into memory as one unchanging value.
 *
 * A change of a directory table makes directory_version grow; whoever holds a directory compares and loads a new one. */
#ifndef EKMC_DOMAIN_DIRECTORY_H
#define EKMC_DOMAIN_DIRECTORY_H

#include "core/db.h"
#include "core/lang.h"
#include "domain/actor.h"

#define WARDS    144
#define BOROUGHS 16

struct subcategory {
	struct span code;
	struct names name;
	size_t category; /* index */
	int sla_hours;
	bool photo_on_resolve, anonymous;
	bool active; /* its category and department are, too */
};
struct category {
	struct span code;
	struct names name;
	size_t department; /* index */
	bool active;
};
struct department {
	struct span code;
	struct names name;
	bool active;
};
struct public_name {
	struct span kind, code;
	struct names name;
};

/* Where there is an active GRO or EO; borough 0: in all of the department. */
struct post {
	enum role role;
	int eo_level; /* 0 of a GRO */
	struct span department;
	int borough;
};

/* What an administrator may change (table setting). */
struct rules {
	int64_t reopen_window_ms, rate_after_close_ms, wait_citizen_ms;
	double similar_m;
};

struct directory {
	int64_t version;
	struct rules rules;
	const struct department *departments;
	const struct category *categories;
	const struct subcategory *subcategories;
	const struct public_name *public_names;
	const struct post *posts;
	size_t n_departments, n_categories, n_subcategories, n_public_names, n_posts;
	const int64_t *wards; /* numbers, ascending */
	size_t n_wards;
	int ward_borough[WARDS + 1]; /* by ward number; 0: no such ward */
	const int64_t *holidays;     /* Kolkata midnights, ascending */
	size_t n_holidays;
	struct arena *arena; /* owns all of it, this struct too */
};

/* The version in the database now. */
MUST_USE enum status directory_version(struct db *db, struct arena *a, int64_t *version);

/* A new directory; freed by directory_free. */
MUST_USE enum status directory_load(struct db *db, struct directory **out);
void directory_free(struct directory *d);

/* NULL when there is none of that code. */
const struct subcategory *directory_subcategory(const struct directory *d, struct span code);
const struct category *directory_category(const struct directory *d, struct span code);
const struct department *directory_department(const struct directory *d, struct span code);
const struct names *directory_state(const struct directory *d, struct span state);
const struct names *directory_office(const struct directory *d, struct span office);

/* When a promise of `sla_hours` made at `from_ms` is due: up to 24 hours the clock always runs, longer ones skip Sundays and
 * holidays of Kolkata (design, section 4). */
int64_t directory_due(const struct directory *d, int64_t from_ms, int sla_hours);
/* The same after half the promise, by the promise's own calendar. */
int64_t directory_half_due(const struct directory *d, int64_t from_ms, int sla_hours);

/* Is an active officer of this duty there? `eo_level` is 0 for a GRO. */
bool directory_post(const struct directory *d, struct span department, int borough, enum role role, int eo_level);

/* The ward of a point by the full polygons. *ward: 1-144, or 0 in the gap of 142-144. E_OUTSIDE_KOLKATA. */
MUST_USE enum status directory_locate(struct db *db, struct arena *a, double lon, double lat, int *ward);

extern const struct sql directory_sql[];
extern const size_t directory_sql_n;

#endif
