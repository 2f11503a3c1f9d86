/* What the public may know of a complaint (design, section 6): no name, no words, no place but the ward. */
#ifndef EKMC_DOMAIN_STATUS_VIEW_H
#define EKMC_DOMAIN_STATUS_VIEW_H

#include "core/json.h"
#include "domain/complaint.h"

/* {"code","en","bn","hi"}; an absent code is null. A new reference, NULL on exhaustion. */
json_t *names_json(struct span code, const struct names *names);

/* The public answer for a complaint and its timeline; nothing in it depends on the caller or the hour. NULL on exhaustion. */
json_t *status_view(const struct directory *d, const struct complaint *c, const struct event *events, size_t n);

#endif
