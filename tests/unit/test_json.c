/* What json.c lets in, and how it writes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "core/clock.h"
#include "core/json.h"

static struct arena *arena;

static int
setup(void **state)
{
	(void)state;
	arena = arena_new(4096, 1 << 20);
	return arena == NULL;
}

static int
teardown(void **state)
{
	(void)state;
	arena_free(arena);
	return 0;
}

#define OPEN_16  "[[[[[[[[[[[[[[[["
#define CLOSE_16 "]]]]]]]]]]]]]]]]"

static void
test_json__decode_refuses(void **state)
{
	const struct {
		struct span text;
		const char *why;
	} cases[] = {
		{ SPAN(""), "the body is empty" },
		{ SPAN("  "), "the text ends too early (line 1, column 2)" },
		{ SPAN("7"), "not valid JSON (line 1, column 1)" },
		{ SPAN("\"text\""), "not valid JSON (line 1, column 6)" },
		{ SPAN("null"), "not valid JSON (line 1, column 4)" },
		{ SPAN("{\"a\":1"), "the text ends too early (line 1, column 6)" },
		{ SPAN("{\"a\":1} x"), "something follows the JSON value (line 1, column 9)" },
		{ SPAN("{}{}"), "something follows the JSON value (line 1, column 3)" },
		{ SPAN("{}\0"), "a NUL byte (line 1, column 3)" },
		{ SPAN("\xEF\xBB\xBF{}"), "not valid JSON (line 1, column 1)" },
		{ SPAN("{\n \"a\":1,\n \"a\":2}"), "a key stands twice in an object (line 3, column 4)" },
		{ SPAN("{\"x\":{\"a\":1,\"a\":null}}"), "a key stands twice in an object (line 1, column 15)" },
		{ SPAN("{\"a\":1,\"\\u0061\":2}"), "a key stands twice in an object (line 1, column 15)" },
		{ SPAN("{\"a\":\"\\u0000\"}"), "\\u0000 is not allowed (line 1, column 13)" },
		{ SPAN("{\"a\\u0000\":1}"), "\\u0000 is not allowed (line 1, column 10)" },
		{ SPAN("{\"a\":\"\xC3\"}"), "not valid UTF-8 (line 1, column 6)" },
		{ SPAN("{\"a\":\"\xED\xA0\x80\"}"), "not valid UTF-8 (line 1, column 6)" },
		{ SPAN("{\"a\":\"\xC0\xAF\"}"), "not valid UTF-8 (line 1, column 6)" },
		{ SPAN("{\"a\":\"\\ud800\"}"), "not valid JSON (line 1, column 13)" },
		{ SPAN("{\"a\":\"\n\"}"), "not valid JSON (line 1, column 6)" },
		{ SPAN("{\"a\":9223372036854775808}"), "a number is too large (line 1, column 24)" },
		{ SPAN("{\"a\":-9223372036854775809}"), "a number is too large (line 1, column 25)" },
		{ SPAN("{\"a\":1e400}"), "a number is too large (line 1, column 10)" },
		{ SPAN("{\"a\":NaN}"), "not valid JSON (line 1, column 8)" },
		{ SPAN("{\"a\":01}"), "not valid JSON (line 1, column 6)" },
		{ SPAN("{'a':1}"), "not valid JSON (line 1, column 2)" },
		{ SPAN("[1,]"), "not valid JSON (line 1, column 4)" },
		{ SPAN("{\"a\":\n" OPEN_16 CLOSE_16 "}"), "nested too deeply (line 2, column 16)" },
		{ SPAN("[\"\\\"[\"," OPEN_16), "nested too deeply (line 1, column 23)" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		json_t *v = NULL;
		const char *why = NULL;

		if (json_decode(arena, cases[i].text, &v, &why) != E_MALFORMED)
			fail_msg("case %zu was let in", i);
		assert_null(v);
		assert_string_equal(why, cases[i].why);
	}
}

static void
test_json__decode_lets_in(void **state)
{
	const struct {
		struct span text;
		const char *again; /* NULL: as it is */
	} cases[] = {
		{ SPAN("{}"), NULL },
		{ SPAN("[]"), NULL },
		{ SPAN(" {\"b\" : 1, \"a\":\t[true,false,null]}\r\n"), "{\"b\":1,\"a\":[true,false,null]}" },
		{ SPAN("[\"ক\",\"\\u0995\",\"\\ud83d\\ude00\",\"/\"]"), "[\"ক\",\"ক\",\"😀\",\"/\"]" },
		{ SPAN("[9223372036854775807,-9223372036854775808]"), NULL },
		{ SPAN("[22.5726,88.3639,0.1,-1.5,1e3]"), "[22.5726,88.3639,0.1,-1.5,1000.0]" },
		{ SPAN("{\"a\":{\"x\":1},\"b\":{\"x\":1}}"), NULL },
		{ SPAN("[\"\\n\\\"\\\\\"]"), NULL },
		{ SPAN(OPEN_16 CLOSE_16), NULL },
		{ SPAN("[[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[]]"), NULL },
		{ SPAN("[\"" OPEN_16 OPEN_16 "\"]"), NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct buf b = BUF_INIT(1024);
		json_t *v;
		const char *why;

		if (json_decode(arena, cases[i].text, &v, &why) != E_OK)
			fail_msg("case %zu: %s", i, why);
		json_encode(v, &b);
		assert_false(b.failed);
		assert_string_equal(b.data, cases[i].again == NULL ? cases[i].text.p : cases[i].again);
		buf_release(&b);
	}
}

static void
test_json__decode_needs_no_terminator(void **state)
{
	json_t *v;
	const char *why;

	(void)state;
	assert_int_equal(json_decode(arena, (struct span){ "{\"a\":12}garbage", 8 }, &v, &why), E_OK);
	assert_int_equal(json_integer_value(json_object_get(v, "a")), 12);
	assert_int_equal(json_decode(arena, (struct span){ NULL, 0 }, &v, &why), E_MALFORMED);
}

static void
test_json__own_lives_with_the_arena(void **state)
{
	json_t *mine = json_array(), *kept;

	(void)state;
	assert_null(json_own(arena, NULL));
	kept = json_own(arena, json_incref(mine));
	assert_ptr_equal(kept, mine);
	assert_int_equal(mine->refcount, 2);
	arena_reset(arena);
	assert_int_equal(mine->refcount, 1);
	json_decref(mine);
}

static void
test_json__own_leaks_nothing_when_full(void **state)
{
	struct arena *small = arena_new(64, 64);
	json_t *mine = json_array();
	const char *why;
	json_t *v;
	int kept = 0;

	(void)state;
	while (json_own(small, json_incref(mine)) != NULL && kept < 64)
		kept++;
	assert_true(kept < 64);
	assert_int_equal(mine->refcount, 1 + kept);
	assert_int_equal(json_decode(small, SPAN("[]"), &v, &why), E_NOMEM);
	assert_null(v);
	arena_free(small);
	assert_int_equal(mine->refcount, 1);
	json_decref(mine);
}

static void
test_json__encode_fails_into_the_buffer(void **state)
{
	struct buf small = BUF_INIT(8), none = BUF_INIT(64);
	json_t *v = json_own(arena, json_pack("{s:s}", "number", "261100000012"));

	(void)state;
	json_encode(v, &small);
	assert_true(small.failed);
	json_encode(NULL, &none);
	assert_true(none.failed);
	buf_release(&small);
	buf_release(&none);
}

static void
test_json__pieces(void **state)
{
	struct buf b = BUF_INIT(256);
	json_t *v;

	(void)state;
	v = json_own(arena, json_pack("{s:o,s:o,s:o,s:o,s:o}", "text", json_span((struct span){ "wardX", 4 }), "empty",
				      json_span(SPAN("")), "none", json_span((struct span){ NULL, 0 }), "at",
				      json_time(INT64_C(1795448400123)), "never", json_time(CLOCK_NONE)));
	json_encode(v, &b);
	assert_string_equal(b.data,
			    "{\"text\":\"ward\",\"empty\":\"\",\"none\":null,\"at\":\"2026-11-23T15:40:00.123Z\",\"never\":null}");
	buf_release(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_json__decode_refuses, setup, teardown),
		cmocka_unit_test_setup_teardown(test_json__decode_lets_in, setup, teardown),
		cmocka_unit_test_setup_teardown(test_json__decode_needs_no_terminator, setup, teardown),
		cmocka_unit_test_setup_teardown(test_json__own_lives_with_the_arena, setup, teardown),
		cmocka_unit_test_setup_teardown(test_json__own_leaks_nothing_when_full, setup, teardown),
		cmocka_unit_test_setup_teardown(test_json__encode_fails_into_the_buffer, setup, teardown),
		cmocka_unit_test_setup_teardown(test_json__pieces, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
