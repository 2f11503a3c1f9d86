/* What several resources read alike: numbers in people's writing, and cursors that are good for one list of one person only. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "api/params.h"
#include "core/clock.h"

#define KEY_A "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define KEY_B "202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f"
#define LIST  SPAN("complaints -1 0 ")

static struct arena *arena;
static struct seal *seal, *other_seal;
static struct conf conf;

static int
setup(void **state)
{
	(void)state;
	if (!seal_init() || !clock_parse(SPAN("2024-07-13T00:00:00+05:30"), &conf.system.go_live_ms))
		return -1;
	arena = arena_new(4096, 4 << 20);
	seal = seal_new("1:" KEY_A, KEY_A, KEY_A);
	other_seal = seal_new("1:" KEY_A, KEY_A, KEY_B);
	return arena == NULL || seal == NULL || other_seal == NULL ? -1 : 0;
}

static int
teardown(void **state)
{
	(void)state;
	arena_free(arena);
	seal_free(seal);
	seal_free(other_seal);
	return 0;
}

static struct call
call_of(enum actor_kind kind, int64_t id, const struct seal *by)
{
	return (struct call){
		.arena = arena, .seal = by, .conf = &conf, .errors = { .arena = arena }, .actor = { .kind = kind, .id = id }
	};
}

static void
test_params__a_cursor_brings_back_its_place(void **state)
{
	static const int64_t ids[] = { 0, 1, 255, 256, INT64_C(1) << 40, INT64_MAX };
	struct call c = call_of(ACTOR_CITIZEN, 7, seal);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
		const char *cursor = param_cursor(&c, LIST, ids[i]);
		int64_t id = -1;

		assert_non_null(cursor);
		assert_true(strlen(cursor) <= 100); /* fits the parameter */
		assert_int_equal(param_cursor_read(&c, LIST, span_of(cursor), &id), E_OK);
		assert_true(id == ids[i]);
	}
}

static void
test_params__a_cursor_of_several_values_is_no_cursor_of_one(void **state)
{
	static const int64_t place[CURSOR_PLACE_MAX] = { 1, INT64_C(1795408200123), 77 };
	struct call c = call_of(ACTOR_STAFF, 7, seal);
	const char *cursor = param_cursor_at(&c, LIST, place, CURSOR_PLACE_MAX);
	int64_t found[CURSOR_PLACE_MAX] = { -1, -1, -1 };

	(void)state;
	assert_non_null(cursor);
	assert_true(strlen(cursor) <= 100);
	assert_int_equal(param_cursor_at_read(&c, LIST, span_of(param_cursor_at(&c, LIST, place, 2)), found, CURSOR_PLACE_MAX),
			 E_INVALID);
	assert_int_equal(param_cursor_at_read(&c, LIST, span_of(param_cursor(&c, LIST, 77)), found, CURSOR_PLACE_MAX), E_INVALID);
	assert_int_equal(param_cursor_read(&c, LIST, span_of(cursor), found), E_INVALID);
	for (size_t i = 0; i < CURSOR_PLACE_MAX; i++)
		assert_true(found[i] == -1);
	assert_int_equal(param_cursor_at_read(&c, LIST, span_of(cursor), found, CURSOR_PLACE_MAX), E_OK);
	assert_memory_equal(found, place, sizeof(place));
}

static void
test_params__a_cursor_is_good_for_one_list_of_one_person(void **state)
{
	const struct {
		struct call reader;
		struct span list;
	} cases[] = {
		{ call_of(ACTOR_CITIZEN, 8, seal), LIST },                    /* somebody else */
		{ call_of(ACTOR_STAFF, 7, seal), LIST },                      /* an employee of the same id */
		{ call_of(ACTOR_CITIZEN, 7, other_seal), LIST },              /* another key */
		{ call_of(ACTOR_CITIZEN, 7, seal), SPAN("complaints 1 0 ") }, /* another filter */
		{ call_of(ACTOR_CITIZEN, 7, seal), SPAN("complaints -1 0") },
		{ call_of(ACTOR_CITIZEN, 7, seal), SPAN("inbox -1 0 ") },
		{ call_of(ACTOR_CITIZEN, 7, seal), SPAN("") },
	};
	const struct call writer = call_of(ACTOR_CITIZEN, 7, seal);
	const char *cursor = param_cursor(&writer, LIST, 1234);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct call c = cases[i].reader;
		int64_t id = -1;

		assert_int_equal(param_cursor_read(&c, cases[i].list, span_of(cursor), &id), E_INVALID);
		assert_true(id == -1);
		assert_int_equal(c.errors.n, 1);
		assert_string_equal(c.errors.v[0].pointer, "/cursor");
		assert_int_equal(c.errors.v[0].code, FE_FORMAT);
	}
}

static void
test_params__a_forged_cursor_is_refused(void **state)
{
	struct call c = call_of(ACTOR_CITIZEN, 7, seal);
	const char *right = param_cursor(&c, LIST, 1234);
	size_t n = strlen(right);
	int64_t id = -1;

	(void)state;
	for (size_t i = 0; i < n; i++) {
		char *forged = arena_strdup(arena, right);

		assert_non_null(forged);
		forged[i] = forged[i] == 'A' ? 'B' : 'A';
		assert_int_equal(param_cursor_read(&c, LIST, span_of(forged), &id), E_INVALID);
		assert_int_equal(param_cursor_read(&c, LIST, (struct span){ right, i }, &id), E_INVALID);
	}
	assert_int_equal(param_cursor_read(&c, LIST, span_of(arena_printf(arena, "%sAAAA", right)), &id), E_INVALID);
	assert_int_equal(param_cursor_read(&c, LIST, span_of(arena_printf(arena, "%s=", right)), &id), E_INVALID);
	assert_int_equal(param_cursor_read(&c, LIST, SPAN("ক"), &id), E_INVALID);
	assert_true(id == -1);
}

static void
test_params__a_number_as_people_write_it(void **state)
{
	char good[NUMBER_DIGITS + 1], old[NUMBER_DIGITS + 1], wrong[NUMBER_DIGITS + 1], spaced[NUMBER_DIGITS + 3];
	int64_t june;

	(void)state;
	assert_true(clock_parse(SPAN("2024-06-30T12:00:00+05:30"), &june));
	ids_number(12, conf.system.go_live_ms, good);
	ids_number(12, june, old);
	memcpy(wrong, good, sizeof(wrong));
	wrong[11] = wrong[11] == '9' ? '0' : (char)(wrong[11] + 1);
	const struct {
		const char *sent;
		enum status st;
		enum field_code code;
	} cases[] = {
		{ good, E_OK, FE_WRONG },
		{ ids_number_display(good, spaced), E_OK, FE_WRONG },
		{ old, E_OTHER_SYSTEM, FE_WRONG },
		{ wrong, E_MISTYPED, FE_MISTYPED },
		{ "12345", E_INVALID, FE_FORMAT },
		{ "", E_INVALID, FE_FORMAT },
		{ "2611O0000012", E_INVALID, FE_FORMAT },
		{ "2407000000121", E_INVALID, FE_FORMAT },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct call c = call_of(ACTOR_NOBODY, 0, seal);
		const char *number = NULL;

		c.param[0] = span_of(cases[i].sent);
		assert_int_equal(param_number(&c, &number), cases[i].st);
		assert_int_equal(c.errors.n, cases[i].code == FE_WRONG ? 0 : 1);
		if (cases[i].st == E_OK)
			assert_string_equal(number, good);
		if (c.errors.n == 1) {
			assert_string_equal(c.errors.v[0].pointer, "/number");
			assert_int_equal(c.errors.v[0].code, cases[i].code);
		}
	}
}

/* Method, path, key and body each count, and none runs into the next. */
static void
test_params__a_repeated_request_is_known_by_all_of_it(void **state)
{
	static const struct {
		const char *method, *path, *key, *body;
	} cases[] = {
		{ "POST", "/a", "key", "body" }, { "PUT", "/a", "key", "body" },  { "POST", "/ak", "ey", "body" },
		{ "POST", "/", "akey", "body" }, { "POST", "/a", "KEY", "body" }, { "POST", "/b", "key", "body" },
	};
	uint8_t scope[ARRAY_LEN(cases)][SEAL_HASH_BYTES], body[2][SEAL_HASH_BYTES], again[SEAL_HASH_BYTES];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct call c = call_of(ACTOR_CITIZEN, 7, seal);

		c.req.method_name = cases[i].method;
		c.req.path = span_of(cases[i].path);
		c.req.body = span_of(cases[i].body);
		memcpy(c.key, cases[i].key, strlen(cases[i].key) + 1);
		param_idempotency(&c, scope[i], body[0]);
		param_idempotency(&c, again, body[1]);
		assert_memory_equal(scope[i], again, sizeof(again));
		for (size_t k = 0; k < i; k++)
			assert_memory_not_equal(scope[i], scope[k], SEAL_HASH_BYTES);
		c.req.body = SPAN("body ");
		param_idempotency(&c, again, body[1]);
		assert_memory_equal(scope[i], again, sizeof(again)); /* the body is not the request's name */
		assert_memory_not_equal(body[0], body[1], SEAL_HASH_BYTES);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_params__a_cursor_brings_back_its_place),
		cmocka_unit_test(test_params__a_cursor_of_several_values_is_no_cursor_of_one),
		cmocka_unit_test(test_params__a_cursor_is_good_for_one_list_of_one_person),
		cmocka_unit_test(test_params__a_forged_cursor_is_refused),
		cmocka_unit_test(test_params__a_number_as_people_write_it),
		cmocka_unit_test(test_params__a_repeated_request_is_known_by_all_of_it),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
