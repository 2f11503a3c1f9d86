/* Who asks: an anonymous caller, a citizen, an employee with duties, or the system itself. */
#ifndef EKMC_DOMAIN_ACTOR_H
#define EKMC_DOMAIN_ACTOR_H

#include "core/lang.h"
#include "core/seal.h"

enum actor_kind { ACTOR_NOBODY, ACTOR_CITIZEN, ACTOR_STAFF, ACTOR_SYSTEM };

/* Bits of a route's `who` column and of an actor's duties. */
enum role {
	ANYONE = 0,
	CITIZEN = 1 << 0,
	LME = 1 << 1,
	GRO = 1 << 2,
	EO = 1 << 3,
	DESK = 1 << 4,
	CONTROLLING = 1 << 5,
	COMMISSIONER = 1 << 6,
	MAYOR = 1 << 7,
	ADMIN = 1 << 8,
};
#define STAFF (LME | GRO | EO | DESK | CONTROLLING | COMMISSIONER | MAYOR | ADMIN)

/* One line of the roster: what an employee does where; empty code or 0 means everywhere. */
struct duty {
	enum role role;
	char department[9];
	int eo_level;
	int borough;
};
#define DUTIES_MAX 256

struct actor {
	enum actor_kind kind;
	int64_t id; /* citizen.id or staff.id */
	unsigned roles;
	enum lang lang;
	bool has_token;
	bool must_change; /* an employee with a first password: may do nothing but change it */
	uint8_t token_hash[SEAL_HASH_BYTES];
	const struct duty *duties; /* the arena's */
	size_t n_duties;
	unsigned parties; /* enum party of ACTOR_SYSTEM: the clock, the roster */
};

/* "lme", "gro", …; NULL for none. */
const char *role_name(enum role r);
/* The role of the database's word such as "LME"; 0 when unknown. */
enum role role_parse(struct span word);

#endif
