/* Matching of paths, segment by segment. */
#include "http/router.h"

static const struct {
	enum method method;
	const char *name;
} names[] = { { M_GET, "GET" }, { M_HEAD, "HEAD" },   { M_POST, "POST" },
	      { M_PUT, "PUT" }, { M_PATCH, "PATCH" }, { M_DELETE, "DELETE" } };

static bool
match(const char *pattern, struct span path, struct span *params)
{
	const char *p = path.p, *end = path.p + path.n;
	size_t n = 0;

	for (const char *t = pattern; *t != '\0';) {
		if (*t == '{') {
			const char *from = p;

			while (p < end && *p != '/')
				p++;
			if (p == from || n == CALL_PARAMS_MAX)
				return false;
			params[n++] = (struct span){ from, (size_t)(p - from) };
			while (*t++ != '}')
				;
		} else if (p < end && *p == *t) {
			p++;
			t++;
		} else {
			return false;
		}
	}
	return p == end;
}

enum status
router_match(const struct route *routes, size_t n, struct call *c, unsigned *allowed)
{
	unsigned asked = c->req.method == M_HEAD ? M_GET : c->req.method;
	bool literal = false;

	*allowed = 0;
	for (size_t i = 0; i < n; i++) {
		struct span params[CALL_PARAMS_MAX] = { { NULL, 0 } };

		if (!match(routes[i].path, c->req.path, params) || (literal && params[0].p != NULL))
			continue;
		literal = params[0].p == NULL;
		*allowed |= routes[i].methods;
		if ((routes[i].methods & asked) != 0) {
			c->route = &routes[i];
			memcpy(c->param, params, sizeof(params));
			return E_OK;
		}
	}
	if ((*allowed & M_GET) != 0)
		*allowed |= M_HEAD;
	return *allowed == 0 ? E_NO_ROUTE : E_METHOD;
}

bool
router_guarded(const struct route *routes, size_t n, struct span path, enum guard guard)
{
	struct span params[CALL_PARAMS_MAX];

	for (size_t i = 0; i < n; i++)
		if ((routes[i].guards & guard) != 0 && match(routes[i].path, path, params))
			return true;
	return false;
}

void
router_methods(unsigned mask, char *out, size_t cap)
{
	size_t used = 0;

	out[0] = '\0';
	for (size_t i = 0; i < ARRAY_LEN(names) && used < cap; i++)
		if ((mask & names[i].method) != 0)
			used += (size_t)snprintf(out + used, cap - used, "%s%s", used == 0 ? "" : ", ", names[i].name);
}

void
router_print(const struct route *routes, size_t n, FILE *out)
{
	for (size_t i = 0; i < n; i++) {
		char methods[64];

		router_methods(routes[i].methods, methods, sizeof(methods));
		(void)fprintf(out, "%s %s\n", methods, routes[i].path);
	}
}
