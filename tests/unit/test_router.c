/* What the router promises: whole segments, parameters in order, HEAD as GET, and the methods a path does have. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "api/app.h"
#include "http/router.h"

static const struct route table[] = {
	{ .methods = M_GET, .path = "/" },
	{ .methods = M_GET, .path = "/things" },
	{ .methods = M_POST, .path = "/things" },
	{ .methods = M_DELETE, .path = "/things/current" },
	{ .methods = M_GET, .path = "/things/{id}" },
	{ .methods = M_POST, .path = "/things/{id}/parts/{part}" },
	{ .methods = M_PUT, .path = "/four/{a}/{b}/{c}/{d}" },
	{ .methods = M_PUT, .path = "/five/{a}/{b}/{c}/{d}/{e}" },
	{ .methods = M_GET, .path = "/files/{name}.txt" },
};

static enum status
ask(enum method method, const char *path, struct call *c, unsigned *allowed)
{
	*c = (struct call){ .req = { .method = method, .path = span_of(path) } };
	return router_match(table, ARRAY_LEN(table), c, allowed);
}

static void
test_router__finds_by_method_and_whole_path(void **state)
{
	static const struct {
		enum method method;
		const char *path;
		int row; /* -1: none */
		unsigned allowed;
	} cases[] = {
		{ M_GET, "/", 0, 0 },
		{ M_GET, "/things", 1, 0 },
		{ M_HEAD, "/things", 1, 0 },
		{ M_POST, "/things", 2, 0 },
		{ M_DELETE, "/things/current", 3, 0 },
		{ M_GET, "/things/current", -1, M_DELETE }, /* the literal row has the path, with whatever methods it has */
		{ M_GET, "/things/7", 4, 0 },
		{ M_HEAD, "/things/7", 4, 0 },
		{ M_POST, "/things/7/parts/x", 5, 0 },
		{ M_PUT, "/things", -1, M_GET | M_HEAD | M_POST },
		{ M_OPTIONS, "/things", -1, M_GET | M_HEAD | M_POST },
		{ M_OTHER, "/things", -1, M_GET | M_HEAD | M_POST },
		{ M_PATCH, "/things/current", -1, M_DELETE },
		{ M_HEAD, "/things/7/parts/x", -1, M_POST }, /* HEAD is GET only where there is a GET */
		{ M_GET, "/thing", -1, 0 },
		{ M_GET, "/thingss", -1, 0 },
		{ M_GET, "/things/", -1, 0 }, /* an empty parameter is none */
		{ M_GET, "/things/7/", -1, 0 },
		{ M_GET, "/things/7/8", -1, 0 }, /* nor does one cross a slash */
		{ M_POST, "/things/7/parts/", -1, 0 },
		{ M_POST, "/things//parts/x", -1, 0 },
		{ M_POST, "/things/7/8/parts/x", -1, 0 },
		{ M_GET, "//things", -1, 0 },
		{ M_GET, "/Things", -1, 0 },
		{ M_GET, "", -1, 0 },
		{ M_PUT, "/five/1/2/3/4/5", -1, 0 }, /* more parameters than a call has room for */
		{ M_GET, "/files/a.txt", -1, 0 },    /* a parameter is a whole segment */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct call c;
		unsigned allowed = 12345;
		enum status st = ask(cases[i].method, cases[i].path, &c, &allowed);

		if (cases[i].row >= 0) {
			assert_int_equal(st, E_OK);
			assert_ptr_equal(c.route, &table[cases[i].row]);
			continue;
		}
		assert_int_equal(st, cases[i].allowed == 0 ? E_NO_ROUTE : E_METHOD);
		assert_int_equal(allowed, cases[i].allowed);
		assert_null(c.route);
	}
}

static void
test_router__gives_parameters_in_order(void **state)
{
	struct call c;
	unsigned allowed;

	(void)state;
	assert_int_equal(ask(M_PUT, "/four/one/2 2/\xe0\xa7\xa7/%2F", &c, &allowed), E_OK);
	assert_true(span_eq(c.param[0], SPAN("one")));
	assert_true(span_eq(c.param[1], SPAN("2 2")));
	assert_true(span_eq(c.param[2], SPAN("\xe0\xa7\xa7")));
	assert_true(span_eq(c.param[3], SPAN("%2F")));
	/* those of rows that did not fit leave nothing behind */
	assert_int_equal(ask(M_GET, "/things/7", &c, &allowed), E_OK);
	assert_true(span_eq(c.param[0], SPAN("7")));
	assert_null(c.param[1].p);
	assert_int_equal(ask(M_DELETE, "/things/current", &c, &allowed), E_OK);
	assert_null(c.param[0].p);
}

static void
test_router__lists_methods_for_allow(void **state)
{
	static const struct {
		unsigned mask;
		size_t cap;
		const char *text;
	} cases[] = {
		{ 0, 64, "" },
		{ M_POST, 64, "POST" },
		{ M_GET | M_HEAD | M_DELETE, 64, "GET, HEAD, DELETE" },
		{ M_GET | M_HEAD | M_POST | M_PUT | M_PATCH | M_DELETE | M_OPTIONS | M_OTHER, 64,
		  "GET, HEAD, POST, PUT, PATCH, DELETE" },
		{ M_GET | M_HEAD, 6, "GET, " },
	};
	char text[64];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		memset(text, '#', sizeof(text));
		router_methods(cases[i].mask, text, cases[i].cap);
		assert_string_equal(text, cases[i].text);
	}
}

/* What the table of the process promises to whoever reads it. */
static void
test_router__the_real_table_has_no_holes(void **state)
{
	(void)state;
	assert_true(n_routes > 0);
	for (size_t i = 0; i < n_routes; i++) {
		const struct route *r = &routes[i];
		struct call c = { .req = { .method = (enum method)r->methods, .path = span_of(r->path) } };
		unsigned allowed;

		assert_int_equal(r->path[0], '/');
		assert_true(r->front != NULL || r->back != NULL);
		assert_int_equal(r->methods & (r->methods - 1), 0); /* one row, one method */
		assert_int_equal(router_match(routes, n_routes, &c, &allowed), E_OK);
		assert_ptr_equal(c.route, r); /* no row is hidden by one above it */
		/* who is looked up in the back only */
		assert_true(r->who == ANYONE || r->back != NULL);
		/* a body is JSON, or a file; a key belongs to what changes something */
		assert_true((r->guards & GUARD_IDEMPOTENT) == 0 || r->methods != M_GET);
		assert_true((r->methods & (M_POST | M_PUT | M_PATCH)) == 0 ||
			    (r->guards & (GUARD_JSON | GUARD_LARGE | GUARD_SLOW)) != 0);
	}
}

static void
test_router__knows_the_paths_that_take_a_file(void **state)
{
	(void)state;
	assert_true(router_guarded(routes, n_routes, SPAN("/api/v1/roster"), GUARD_LARGE));
	assert_false(router_guarded(routes, n_routes, SPAN("/api/v1/roster/"), GUARD_LARGE));
	assert_false(router_guarded(routes, n_routes, SPAN("/api/v1/complaints"), GUARD_LARGE));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_router__finds_by_method_and_whole_path),
		cmocka_unit_test(test_router__gives_parameters_in_order),
		cmocka_unit_test(test_router__lists_methods_for_allow),
		cmocka_unit_test(test_router__the_real_table_has_no_holes),
		cmocka_unit_test(test_router__knows_the_paths_that_take_a_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
