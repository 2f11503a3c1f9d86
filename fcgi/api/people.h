/* What /me, /sessions and /users show alike. */
#ifndef EKMC_API_PEOPLE_H
#define EKMC_API_PEOPLE_H

#include "domain/session.h"
#include "http/call.h"

/* New references for json_pack's "o"; NULL on exhaustion. */

/* ["lme", "gro"] */
json_t *people_roles(unsigned roles);
/* [{"role","department","eo_level","boroughs"}]: one for each role, department and level; no borough: all of them. `duties` are in
 * this order, as the database gives them. */
json_t *people_duties(const struct duty *duties, size_t n);
/* {"items":[…]}; the caller's own is marked. */
json_t *people_sessions(const struct call *c, const struct session_row *list, size_t n);

/* What is said of the caller by GET /me and by a login. */
MUST_USE enum status people_me(struct call *c, json_t **out);

/* The rules for a new password, as errors at `pointer`. False: there is one. */
bool people_password_right(struct call *c, const char *pointer, struct span password, struct span user);

/* Six digits of three scripts, with or without a blank, as ASCII in the arena. E_INVALID with an error at "/code". */
MUST_USE enum status people_code(struct call *c, struct span typed, struct span *code);

#endif
