/* Names of states and boroughs of wards for a process that has no database. */
#ifndef EKMC_BRIDGE_LEGACY_NAMES_H
#define EKMC_BRIDGE_LEGACY_NAMES_H

#include "core/lang.h"
#include "domain/workflow.h"

#define LEGACY_WARDS 144

struct legacy_state_row {
	bool ended; /* nobody works on it any more */
	const char *name[LANG__COUNT];
};

/* Equal to sql/seed/states.csv, which a test proves. */
extern const struct legacy_state_row legacy_states[STATE__COUNT];

/* The borough of a ward of 1 to LEGACY_WARDS (sql/seed/wards.csv); 0 for another. */
int legacy_borough(int ward);

#endif
