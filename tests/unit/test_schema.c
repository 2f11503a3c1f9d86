/* What schema.c takes, what it refuses, and where it points. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

#include "core/json.h"
#include "core/schema.h"

struct point {
	double lat, lon;
};

struct lodging {
	int64_t ward;
	struct span description, landmark;
	struct point location;
	int language;
	bool consent, has_ward, has_landmark, has_location, has_items;
	int64_t at_ms;
	struct schema_ints items;
	struct schema_texts tags;
};

static const char *const languages[] = { "en", "bn", "hi", NULL };

static const struct field point_fields[] = {
	{ .name = "lat", .type = FIELD_DOUBLE, .offset = offsetof(struct point, lat), .required = true, .min = -90, .max = 90 },
	{ .name = "lon", .type = FIELD_DOUBLE, .offset = offsetof(struct point, lon), .required = true, .min = -180, .max = 180 },
};

#define AT(member) .offset = offsetof(struct lodging, member)
static const struct field fields[] = {
	{ .name = "description", .type = FIELD_TEXT, AT(description), .required = true, .min = 3, .max = 8 },
	{ .name = "ward", .type = FIELD_INT, AT(ward), .min = 1, .max = 144, .present = offsetof(struct lodging, has_ward) },
	{ .name = "landmark", .type = FIELD_LINE, AT(landmark), .max = 5, .present = offsetof(struct lodging, has_landmark) },
	{ .name = "location",
	  .type = FIELD_OBJECT,
	  AT(location),
	  .fields = point_fields,
	  .n_fields = ARRAY_LEN(point_fields),
	  .present = offsetof(struct lodging, has_location) },
	{ .name = "language", .type = FIELD_CHOICE, AT(language), .choices = languages },
	{ .name = "consent", .type = FIELD_BOOL, AT(consent) },
	{ .name = "at", .type = FIELD_TIME, AT(at_ms) },
	{ .name = "items",
	  .type = FIELD_NUMBERS,
	  AT(items),
	  .min = -5,
	  .max = 5,
	  .most = 3,
	  .present = offsetof(struct lodging, has_items) },
	{ .name = "t/a~g", .type = FIELD_TEXTS, AT(tags), .min = 2, .max = 4, .most = 3 },
};

/* A query has no objects and arrays. */
static const struct field query_fields[] = {
	{ .name = "lat", .type = FIELD_DOUBLE, AT(location.lat), .required = true, .min = -90, .max = 90 },
	{ .name = "ward", .type = FIELD_INT, AT(ward), .min = 1, .max = 144, .present = offsetof(struct lodging, has_ward) },
	{ .name = "text", .type = FIELD_TEXT, AT(description), .max = 5 },
	{ .name = "language", .type = FIELD_CHOICE, AT(language), .choices = languages },
	{ .name = "consent", .type = FIELD_BOOL, AT(consent) },
	{ .name = "at", .type = FIELD_TIME, AT(at_ms) },
};

static const char *const codes[] = {
	[FE_REQUIRED] = "required", [FE_UNKNOWN_KEY] = "unknown_key", [FE_DUPLICATE_KEY] = "duplicate_key",
	[FE_TYPE] = "type",         [FE_TOO_SHORT] = "too_short",     [FE_TOO_LONG] = "too_long",
	[FE_RANGE] = "range",       [FE_FORMAT] = "format",           [FE_TOO_MANY] = "too_many",
};

static struct arena *arena;
static struct field_errors errors;

static int
setup(void **state)
{
	(void)state;
	arena = arena_new(4096, 1 << 20);
	errors = (struct field_errors){ .arena = arena };
	return arena == NULL;
}

static int
teardown(void **state)
{
	(void)state;
	arena_free(arena);
	return 0;
}

static json_t *
parse(struct span text)
{
	json_t *v;
	const char *why;

	assert_int_equal(json_decode(arena, text, &v, &why), E_OK);
	return v;
}

/* "pointer code, pointer code" */
static const char *
told(void)
{
	const char *all = "";

	for (size_t i = 0; i < errors.n; i++)
		all = arena_printf(arena, "%s%s%s %s", all, i > 0 ? ", " : "", errors.v[i].pointer, codes[errors.v[i].code]);
	return all;
}

static enum status
read_body(const char *text, struct lodging *out)
{
	*out = (struct lodging){ .language = -1 };
	errors.n = 0;
	return schema_object(arena, parse(span_of(text)), fields, ARRAY_LEN(fields), out, &errors);
}

static void
test_schema__object_takes_every_type(void **state)
{
	struct lodging l;

	(void)state;
	assert_int_equal(read_body("{\"description\":\" a\\r\\nb\\tc\\rd\\u00a0\\n\",\"ward\":144,\"landmark\":\"5 "
				   "Rd\",\"location\":{\"lat\":22,"
				   "\"lon\":88.3639},\"language\":\"hi\",\"consent\":true,\"at\":\"2026-11-23T21:10:00.123+05:30\","
				   "\"items\":[-5,0,5],\"t/a~g\":[\" ab \",\"কলকা\"]}",
				   &l),
			 E_OK);
	assert_int_equal(errors.n, 0);
	assert_true(span_eq(l.description, SPAN("a\nb\tc\nd")));
	assert_int_equal(l.description.p[l.description.n], '\0');
	assert_int_equal(l.ward, 144);
	assert_true(span_eq(l.landmark, SPAN("5 Rd")));
	assert_true(l.location.lat > 21.999 && l.location.lat < 22.001 && l.location.lon > 88.3638 && l.location.lon < 88.364);
	assert_int_equal(l.language, 2);
	assert_true(l.consent && l.has_ward && l.has_landmark && l.has_location && l.has_items);
	assert_int_equal(l.at_ms, INT64_C(1795448400123));
	assert_int_equal(l.items.n, 3);
	assert_int_equal(l.items.v[0], -5);
	assert_int_equal(l.items.v[2], 5);
	assert_int_equal(l.tags.n, 2);
	assert_true(span_eq(l.tags.v[0], SPAN("ab")) && span_eq(l.tags.v[1], SPAN("কলকা")));
}

static void
test_schema__object_leaves_what_is_absent(void **state)
{
	static const char *const bodies[] = {
		"{\"description\":\"abc\"}",
		"{\"description\":\"abc\",\"ward\":null,\"landmark\":null,\"location\":null,\"language\":null,\"items\":null}",
		"{\"description\":\"abc\",\"landmark\":\" \\u00a0 \"}",
	};
	struct lodging l;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
		assert_int_equal(read_body(bodies[i], &l), E_OK);
		assert_false(l.has_ward || l.has_landmark || l.has_location || l.has_items);
		assert_int_equal(l.language, -1);
		assert_null(l.landmark.p);
	}
	assert_int_equal(read_body("{\"description\":\"abc\",\"items\":[]}", &l), E_OK);
	assert_true(l.has_items && l.items.n == 0);
}

static void
test_schema__object_points_at_what_is_wrong(void **state)
{
	static const struct {
		const char *body, *told;
	} cases[] = {
		{ "[]", " type" },
		{ "{}", "/description required" },
		{ "{\"description\":null}", "/description required" },
		{ "{\"description\":\" \\t\\n\\u00a0 \"}", "/description required" },
		{ "{\"description\":\"\\u200b\\u200d\\u202e\\ufeff\\u2003\\u00ad\"}", "/description required" },
		{ "{\"description\":7}", "/description type" },
		{ "{\"description\":\"ab\"}", "/description too_short" },
		{ "{\"description\":\"  ab  \"}", "/description too_short" },
		{ "{\"description\":\"কলকাতাকল\"}", "" },
		{ "{\"description\":\"কলকাতাকলক\"}", "/description too_long" },
		{ "{\"description\":\"ab\\u0007c\"}", "/description format" },
		{ "{\"description\":\"ab\\u007fc\"}", "/description format" },
		{ "{\"description\":\"ab\\u0085c\"}", "/description format" },
		{ "{\"description\":\"abc\",\"landmark\":\"a\\r\\nb\"}", "/landmark format" },
		{ "{\"description\":\"abc\",\"landmark\":\"a\\u2028b\"}", "/landmark format" },
		{ "{\"description\":\"abc\",\"landmark\":\"abcdef\"}", "/landmark too_long" },
		{ "{\"description\":\"abc\",\"ward\":0}", "/ward range" },
		{ "{\"description\":\"abc\",\"ward\":145}", "/ward range" },
		{ "{\"description\":\"abc\",\"ward\":1.0}", "/ward type" },
		{ "{\"description\":\"abc\",\"ward\":\"1\"}", "/ward type" },
		{ "{\"description\":\"abc\",\"ward\":true}", "/ward type" },
		{ "{\"description\":\"abc\",\"location\":[22,88]}", "/location type" },
		{ "{\"description\":\"abc\",\"location\":{\"lat\":91}}", "/location/lat range, /location/lon required" },
		{ "{\"description\":\"abc\",\"location\":{\"lat\":true,\"lon\":\"1\"}}", "/location/lat type, /location/lon type" },
		{ "{\"description\":\"abc\",\"location\":{\"lat\":1,\"lon\":1,\"alt/~\":1}}", "/location/alt~1~0 unknown_key" },
		{ "{\"description\":\"abc\",\"language\":\"EN\"}", "/language format" },
		{ "{\"description\":\"abc\",\"language\":0}", "/language type" },
		{ "{\"description\":\"abc\",\"consent\":1}", "/consent type" },
		{ "{\"description\":\"abc\",\"consent\":\"true\"}", "/consent type" },
		{ "{\"description\":\"abc\",\"at\":\"2026-11-23T21:10:00\"}", "/at format" },
		{ "{\"description\":\"abc\",\"at\":1795448400}", "/at type" },
		{ "{\"description\":\"abc\",\"items\":7}", "/items type" },
		{ "{\"description\":\"abc\",\"items\":[1,2,3,4]}", "/items too_many" },
		{ "{\"description\":\"abc\",\"items\":[9,1.5,null]}", "/items/0 range, /items/1 type, /items/2 type" },
		{ "{\"description\":\"abc\",\"t/a~g\":[\"a\",\"\",7]}",
		  "/t~1a~0g/0 too_short, /t~1a~0g/1 required, /t~1a~0g/2 type" },
		{ "{\"description\":\"abc\",\"t/a~g\":\"ab\"}", "/t~1a~0g type" },
		{ "{\"zz\":1,\"at\":7,\"ward\":0,\"\":null}",
		  "/description required, /ward range, /at type, /zz unknown_key, / unknown_key" },
	};
	struct lodging l;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		enum status st = read_body(cases[i].body, &l);

		assert_string_equal(told(), cases[i].told);
		assert_int_equal(st, cases[i].told[0] == '\0' ? E_OK : E_INVALID);
	}
}

static void
test_schema__nothing_wrong_lands(void **state)
{
	struct lodging l;

	(void)state;
	assert_int_equal(
		read_body("{\"description\":\"a\",\"ward\":0,\"items\":[1,9],\"t/a~g\":[\"ab\",\"a\"],\"language\":\"x\"}", &l),
		E_INVALID);
	assert_null(l.description.p);
	assert_int_equal(l.ward, 0);
	assert_false(l.has_ward || l.has_items);
	assert_int_equal(l.items.n, 0);
	assert_int_equal(l.tags.n, 0);
	assert_int_equal(l.language, -1);
}

static void
test_schema__required_array_wants_an_element(void **state)
{
	static const struct field f[] = {
		{ .name = "ids", .type = FIELD_NUMBERS, .offset = 0, .required = true, .most = 3 },
		{ .name = "names", .type = FIELD_TEXTS, .offset = sizeof(struct schema_ints), .required = true, .most = 3 },
	};
	struct {
		struct schema_ints ids;
		struct schema_texts names;
	} out = { 0 };

	(void)state;
	assert_int_equal(schema_object(arena, parse(SPAN("{\"ids\":[],\"names\":[]}")), f, 2, &out, &errors), E_INVALID);
	assert_string_equal(told(), "/ids required, /names required");
	errors.n = 0;
	assert_int_equal(schema_object(arena, parse(SPAN("{\"ids\":[-99999],\"names\":[\"x\"]}")), f, 2, &out, &errors), E_OK);
	assert_int_equal(out.ids.v[0], -99999);
}

static void
test_schema__array_of_objects_points_into_each(void **state)
{
	static const struct field f[] = {
		{ .name = "points",
		  .type = FIELD_OBJECTS,
		  .offset = 0,
		  .required = true,
		  .fields = point_fields,
		  .n_fields = ARRAY_LEN(point_fields),
		  .size = sizeof(struct point),
		  .most = 3 },
	};
	static const struct {
		const char *text, *told;
	} wrong[] = {
		{ "{\"points\":[]}", "/points required" },
		{ "{\"points\":{}}", "/points type" },
		{ "{\"points\":[7]}", "/points/0 type" },
		{ "{\"points\":[{\"lat\":1,\"lon\":2},{\"lat\":91,\"lon\":2,\"x\":1},{\"lat\":1}]}",
		  "/points/1/lat range, /points/1/x unknown_key, /points/2/lon required" },
		{ "{\"points\":[{\"lat\":1,\"lon\":2},{},{},{}]}", "/points too_many" },
	};
	struct schema_objects out = { NULL, 0 };
	const struct point *points;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		errors.n = 0;
		assert_int_equal(schema_object(arena, parse(span_of(wrong[i].text)), f, 1, &out, &errors), E_INVALID);
		assert_string_equal(told(), wrong[i].told);
	}
	errors.n = 0;
	assert_int_equal(schema_object(arena, parse(SPAN("{\"points\":[{\"lat\":1,\"lon\":2},{\"lat\":-3,\"lon\":4}]}")), f, 1,
				       &out, &errors),
			 E_OK);
	points = out.v;
	assert_int_equal(out.n, 2);
	assert_true(points[0].lat == 1 && points[0].lon == 2 && points[1].lat == -3 && points[1].lon == 4);
}

static void
test_schema__errors_carry_what_the_detail_says(void **state)
{
	struct lodging l;

	(void)state;
	assert_int_equal(read_body("{\"description\":\"a\",\"ward\":999,\"language\":\"fr\",\"items\":[1,1,1,1]}", &l), E_INVALID);
	assert_int_equal(errors.n, 4);
	assert_true(errors.v[0].min > 2.5 && errors.v[0].min < 3.5 && errors.v[0].max > 7.5 && errors.v[0].max < 8.5);
	assert_true(errors.v[1].min > 0.5 && errors.v[1].min < 1.5 && errors.v[1].max > 143.5 && errors.v[1].max < 144.5);
	assert_string_equal(errors.v[2].expected, "en, bn, hi");
	assert_true(errors.v[3].max > 2.5 && errors.v[3].max < 3.5);
}

static void
test_schema__keeps_32_errors_and_no_more(void **state)
{
	json_t *v = json_own(arena, json_object());
	struct lodging l = { 0 };
	char key[8];

	(void)state;
	for (int i = 0; i < 40; i++) {
		snprintf(key, sizeof(key), "k%d", i);
		json_object_set_new(v, key, json_true());
	}
	assert_int_equal(schema_object(arena, v, fields, ARRAY_LEN(fields), &l, &errors), E_INVALID);
	assert_int_equal(errors.n, FIELD_ERRORS_MAX);
	assert_string_equal(errors.v[FIELD_ERRORS_MAX - 1].pointer, "/k30");
	/* also when the list was full before */
	assert_int_equal(schema_object(arena, v, fields, ARRAY_LEN(fields), &l, &errors), E_INVALID);
	field_error_add(&errors, "/more", FE_WRONG);
	assert_int_equal(errors.n, FIELD_ERRORS_MAX);
}

static void
test_schema__errors_before_are_not_ours(void **state)
{
	struct lodging l = { 0 };

	(void)state;
	field_error_add(&errors, "/mobile", FE_FORMAT);
	assert_int_equal(schema_object(arena, parse(SPAN("{\"description\":\"abc\"}")), fields, ARRAY_LEN(fields), &l, &errors),
			 E_OK);
	assert_string_equal(told(), "/mobile format");
}

static void
test_schema__added_errors_are_copies(void **state)
{
	char pointer[] = "/mobile";

	(void)state;
	field_error_full(&errors, &(struct field_error){ .pointer = pointer, .code = FE_RANGE, .max = 3, .expected = "x" });
	pointer[1] = 'X';
	assert_string_equal(told(), "/mobile range");
	assert_string_equal(errors.v[0].expected, "x");
}

static void
test_schema__full_arena_is_told(void **state)
{
	struct arena *small = arena_new(64, 64);
	struct lodging l = { 0 };
	char body[256];
	int n = snprintf(body, sizeof(body), "{\"description\":\"%0100d\"}", 0);

	(void)state;
	errors.arena = small;
	assert_int_equal(schema_object(small, parse((struct span){ body, (size_t)n }), fields, ARRAY_LEN(fields), &l, &errors),
			 E_NOMEM);
	arena_free(small);
}

static enum status
read_query(const char *const text[][2], size_t n, struct lodging *out)
{
	struct schema_param params[8];

	for (size_t i = 0; i < n; i++)
		params[i] = (struct schema_param){ span_of(text[i][0]), span_of(text[i][1]) };
	*out = (struct lodging){ .language = -1 };
	errors.n = 0;
	return schema_query(arena, params, n, query_fields, ARRAY_LEN(query_fields), out, &errors);
}

static void
test_schema__query_takes_every_type(void **state)
{
	static const char *const q[][2] = { { "ward", "63" },     { "lat", "-22.5" },    { "text", " কলকা " },
					    { "language", "bn" }, { "consent", "true" }, { "at", "2026-11-23T15:40:00.123Z" } };
	struct lodging l;

	(void)state;
	assert_int_equal(read_query(q, ARRAY_LEN(q), &l), E_OK);
	assert_int_equal(l.ward, 63);
	assert_true(l.has_ward && l.consent);
	assert_true(l.location.lat < -22.49 && l.location.lat > -22.51);
	assert_true(span_eq(l.description, SPAN("কলকা")));
	assert_int_equal(l.language, 1);
	assert_int_equal(l.at_ms, INT64_C(1795448400123));
	assert_int_equal(read_query((const char *const[][2]){ { "lat", "0" }, { "ward", "" } }, 2, &l), E_OK);
	assert_false(l.has_ward);
}

static void
test_schema__query_points_at_what_is_wrong(void **state)
{
	static const struct {
		const char *q[3][2];
		size_t n;
		const char *told;
	} cases[] = {
		{ { { "ward", "1" } }, 1, "/lat required" },
		{ { { "lat", "" } }, 1, "/lat required" },
		{ { { "lat", "1" }, { "lat", "1" } }, 2, "/lat duplicate_key" },
		{ { { "lat", "1e3" } }, 1, "/lat type" },
		{ { { "lat", "nan" } }, 1, "/lat type" },
		{ { { "lat", "90.01" } }, 1, "/lat range" },
		{ { { "lat", "1" }, { "ward", "6x" } }, 2, "/ward type" },
		{ { { "lat", "1" }, { "ward", "1.0" } }, 2, "/ward type" },
		{ { { "lat", "1" }, { "ward", "145" } }, 2, "/ward range" },
		{ { { "lat", "1" }, { "text", "abcdef" } }, 2, "/text too_long" },
		{ { { "lat", "1" }, { "text", "a\xC3" } }, 2, "/text format" },
		{ { { "lat", "1" }, { "language", "fr" } }, 2, "/language format" },
		{ { { "lat", "1" }, { "consent", "1" } }, 2, "/consent type" },
		{ { { "lat", "1" }, { "at", "today" } }, 2, "/at format" },
		{ { { "a/b", "1" }, { "ward", "0" }, { "\xFF", "1" } },
		  3,
		  "/lat required, /ward range, /a~1b unknown_key,  unknown_key" },
	};
	struct lodging l;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		assert_int_equal(read_query(cases[i].q, cases[i].n, &l), E_INVALID);
		assert_string_equal(told(), cases[i].told);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_schema__object_takes_every_type, setup, teardown),
		cmocka_unit_test_setup_teardown(test_schema__object_leaves_what_is_absent, setup, teardown),
		cmocka_unit_test_setup_teardown(test_schema__object_points_at_what_is_wrong, setup, teardown),
		cmocka_unit_test_setup_teardown(test_schema__nothing_wrong_lands, setup, teardown),
		cmocka_unit_test_setup_teardown(test_schema__required_array_wants_an_element, setup, teardown),
		cmocka_unit_test_setup_teardown(test_schema__array_of_objects_points_into_each, setup, teardown),
		cmocka_unit_test_setup_teardown(test_schema__errors_carry_what_the_detail_says, setup, teardown),
		cmocka_unit_test_setup_teardown(test_schema__keeps_32_errors_and_no_more, setup, teardown),
		cmocka_unit_test_setup_teardown(test_schema__errors_before_are_not_ours, setup, teardown),
		cmocka_unit_test_setup_teardown(test_schema__added_errors_are_copies, setup, teardown),
		cmocka_unit_test_setup_teardown(test_schema__full_arena_is_told, setup, teardown),
		cmocka_unit_test_setup_teardown(test_schema__query_takes_every_type, setup, teardown),
		cmocka_unit_test_setup_teardown(test_schema__query_points_at_what_is_wrong, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
