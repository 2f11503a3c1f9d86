/* What an employee may see and has to act on, as sets that a database can be asked about.
 *
 * There is no second object rule here: complaint_visible and parties_of are asked once for every department, borough and office,
 * and their answers kept as bits. What one of them says of a complaint is what an inbox finds. */
#ifndef EKMC_DOMAIN_SCOPE_H
#define EKMC_DOMAIN_SCOPE_H

#include "domain/parties.h"

/* Who has an open complaint: complaint.holder_office. While a citizen is asked it is who had it before. */
enum office { OFFICE_LME, OFFICE_GRO, OFFICE_EO1, OFFICE_EO2, OFFICE__COUNT };

/* One department; bit n: borough n. */
struct area {
	struct span department;
	unsigned sees;                     /* may look at them */
	unsigned holds[OFFICE__COUNT];     /* is HOLDER of those that this office has (never the LME's: those are held by name) */
	unsigned escalated[OFFICE__COUNT]; /* shown the escalated ones of this level: officers all, an EO those of their level */
};
_Static_assert(BOROUGHS < 31, "a borough has no bit");

struct scope {
	int64_t staff_id;
	bool own; /* an LME: sees what they have and what they finished */
	const struct area *areas;
	size_t n_areas;
};

/* The scope of GET /complaints and of searches: everything that complaint_visible lets this actor see. */
MUST_USE enum status scope_seen(struct arena *a, const struct directory *d, const struct actor *actor, struct scope *out);
/* The scope of inboxes: the same without what a desk may look up for callers, which is nobody's work of the desk. */
MUST_USE enum status scope_worked(struct arena *a, const struct directory *d, const struct actor *actor, struct scope *out);

enum tab { TAB_MINE, TAB_DEPARTMENT, TAB_OVERDUE, TAB_REQUESTS, TAB_ESCALATED, TAB__COUNT };
extern const char *const tab_names[]; /* NULL-terminated, indexed by enum tab */

/* Has somebody of these roles this tab? */
bool tab_offered(enum tab tab, unsigned roles);

#endif
