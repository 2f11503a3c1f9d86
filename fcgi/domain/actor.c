/* Names of roles. */
#include "domain/actor.h"

#include <strings.h>

static const struct {
	enum role role;
	const char *name;
} role_names[] = {
	{ CITIZEN, "citizen" },
	{ LME, "lme" },
	{ GRO, "gro" },
	{ EO, "eo" },
	{ DESK, "desk" },
	{ CONTROLLING, "controlling" },
	{ COMMISSIONER, "commissioner" },
	{ MAYOR, "mayor" },
	{ ADMIN, "admin" },
};

const char *
role_name(enum role r)
{
	for (size_t i = 0; i < ARRAY_LEN(role_names); i++)
		if (role_names[i].role == r)
			return role_names[i].name;
	return NULL;
}

enum role
role_parse(struct span word)
{
	for (size_t i = 0; i < ARRAY_LEN(role_names); i++)
		if (word.n == strlen(role_names[i].name) && strncasecmp(word.p, role_names[i].name, word.n) == 0)
			return role_names[i].role;
	return ANYONE;
}
