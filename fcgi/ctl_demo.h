/* The parts of `ekmc-ctl demo`: invented staff, invented complaints. */
#ifndef EKMC_CTL_DEMO_H
#define EKMC_CTL_DEMO_H

#include <jansson.h>
#include "core/seal.h"
#include "ctl_seed.h"

struct demo {
	const struct conf *conf;
	struct db *db;
	struct arena *arena;
	const struct seal *seal;
	const char *dir; /* of the seed files */
	FILE *out, *err;
	int64_t now_ms;
	json_t *passwords; /* user, role or * → password */
};

/* The user a newcomer is shown for a role: the officers of Sewerage & Drainage. */
struct demo_login {
	const char *role; /* also a key of the passwords file */
	const char *user;
};
extern const struct demo_login demo_logins[];
extern const size_t demo_logins_n;

/* What the passwords file gives this user: by name, else as the example of a role, else by *. NULL: no password, no login. */
const char *demo_password(const struct demo *d, struct span user);

/* Adds those of staff.csv who are not there yet, with their duties; *added counts them. */
MUST_USE enum status demo_staff(const struct demo *d, size_t *added);

/* Plays the stories of demo_complaints.csv as the system would have been used, unless there is any complaint already: lodged and
 * moved by the domain, in the order of time, each step in a transaction of its own. Nobody is sent what would have been sent long
 * ago. *added counts the complaints. */
MUST_USE enum status demo_complaints(const struct demo *d, size_t *added);

#endif
