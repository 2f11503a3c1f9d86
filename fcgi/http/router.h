/* From method and path to a row of the table of routes. */
#ifndef EKMC_HTTP_ROUTER_H
#define EKMC_HTTP_ROUTER_H

#include <stdio.h>

#include "http/call.h"

/* Finds the route and fills c->route and c->param. A row without parameters stands above those whose parameters it would fit, and
 * takes the path from them, whatever the method (OpenAPI 3.1, paths object). E_NO_ROUTE; E_METHOD with *allowed set to the methods
 * the path has. */
MUST_USE enum status router_match(const struct route *routes, size_t n, struct call *c, unsigned *allowed);

/* Is there a route with this guard at the path? Asked before the body is read, by which the rest is known. */
bool router_guarded(const struct route *routes, size_t n, struct span path, enum guard guard);

/* "GET, POST" of a mask, for the Allow header. */
void router_methods(unsigned mask, char *out, size_t cap);

/* The table, a line to a route, for --routes. */
void router_print(const struct route *routes, size_t n, FILE *out);

#endif
