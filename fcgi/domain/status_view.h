/* What the public may know of a complaint (design, section 6): no name, no words, no place but the ward. */
#ifndef EKMC_DOMAIN_STATUS_VIEW_H
#define EKMC_DOMAIN_STATUS_VIEW_H

#include "core/json.h"
#include "domain/complaint.h"

/* {"code","en","bn","hi"}; an absent code is null. A new reference, NULL on exhaustion. */
json_t *names_json(struct span code, const struct names *names);

/* A complaint and its timeline. */
struct story {
	const struct complaint *complaint;
	const struct event *events;
	size_t n;
};

/* Reads the timeline, and of a duplicate the parent and its timeline; parent->complaint is NULL when it stands for itself. Errors:
 * of the database. */
MUST_USE enum status story_load(struct db *db, struct arena *a, const struct complaint *c, struct story *own, struct story *parent);

/* The public answer for a complaint; nothing in it depends on the caller or the hour. Of a duplicate `parent` is what it joined:
 * the answer shows that one's state, level, times and offices, its steps since they were joined, and nothing that names it. NULL:
 * it stands for itself. NULL on exhaustion. */
json_t *status_view(const struct directory *d, const struct story *own, const struct story *parent);

#endif
