/* What an actor is to a complaint: complainant, holder, officer of its department (design, section 4, HOLDER). */
#ifndef EKMC_DOMAIN_PARTIES_H
#define EKMC_DOMAIN_PARTIES_H

#include "domain/complaint.h"

/* Bits of enum party. A level without an EO there is held by the next level, else by the controlling officer; a department without
 * a GRO there by its controlling officer. `for_caller`: a desk operator whose caller's mobile is the complainant's. */
unsigned parties_of(const struct directory *d, const struct complaint *c, const struct actor *actor, bool for_caller);

/* The EO level whose officers have this complaint's level: 1, 2, or 3 for the controlling officer; 0 of level 0. */
int parties_eo_level(const struct directory *d, const struct complaint *c);

/* The office of the timeline (public_name of kind office) of who has it in this state; NULL: nobody, it is closed. */
const char *parties_office(enum state state, int level);

#endif
