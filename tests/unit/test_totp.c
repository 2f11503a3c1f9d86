/* Time-based codes: those of the RFC, the neighbours that are forgiven, and never one twice. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "core/totp.h"

#define SECRET SPAN("12345678901234567890") /* of RFC 6238, appendix B */

static struct arena *arena;

static int
setup(void **state)
{
	(void)state;
	arena = arena_new(4096, 1 << 16);
	return arena == NULL ? -1 : 0;
}

static int
teardown(void **state)
{
	(void)state;
	arena_free(arena);
	return 0;
}

static void
test_totp__codes_are_those_of_the_rfc(void **state)
{
	static const struct {
		int64_t at_s;
		const char *code; /* the last six of the RFC's eight digits */
	} cases[] = {
		{ 59, "287082" },         { 1111111109, "081804" }, { 1111111111, "050471" },
		{ 1234567890, "005924" }, { 2000000000, "279037" }, { INT64_C(20000000000), "353130" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		int64_t step = -1;

		assert_true(totp_check(SECRET, span_of(cases[i].code), cases[i].at_s * 1000 + 999, 0, &step));
		assert_int_equal(step, cases[i].at_s / 30);
	}
}

static void
test_totp__a_clock_may_be_off_by_one_step(void **state)
{
	static const struct {
		int64_t at_s;
		bool right;
	} cases[] = {
		{ 1234567890 - 31, false },                       /* the step before the one before */
		{ 1234567890 - 30, true },  { 1234567890, true }, /* divides by 30 */
		{ 1234567890 + 29, true },  { 1234567890 + 59, true }, { 1234567890 + 60, false },
	};

	(void)state;
	assert_int_equal(1234567890 % 30, 0);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		int64_t step = -1;

		assert_int_equal(totp_check(SECRET, SPAN("005924"), cases[i].at_s * 1000, 0, &step), cases[i].right);
		assert_int_equal(step, cases[i].right ? 1234567890 / 30 : -1);
	}
}

static void
test_totp__no_step_is_taken_twice(void **state)
{
	const int64_t own = 1234567890 / 30;
	int64_t step = -1;

	(void)state;
	for (int64_t at_s = 1234567890 - 30; at_s < 1234567890 + 60; at_s += 15) {
		assert_true(totp_check(SECRET, SPAN("005924"), at_s * 1000, own - 1, &step));
		assert_false(totp_check(SECRET, SPAN("005924"), at_s * 1000, own, &step));
		assert_false(totp_check(SECRET, SPAN("005924"), at_s * 1000, own + 1, &step)); /* a later one was taken */
	}
}

static void
test_totp__anything_else_is_wrong(void **state)
{
	static const char *const wrong[] = { "",       "0",      "05924",  "00592",  "0059241", "89005924",
					     "005925", "00592a", "abcdef", "-05924", " 05924" };
	int64_t step = -1;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
		assert_false(totp_check(SECRET, span_of(wrong[i]), INT64_C(1234567890000), 0, &step));
	assert_false(totp_check(SECRET, (struct span){ NULL, 0 }, INT64_C(1234567890000), 0, &step));
	assert_false(totp_check(SPAN("12345678901234567891"), SPAN("005924"), INT64_C(1234567890000), 0, &step));
	assert_int_equal(step, -1);
}

static void
test_totp__a_secret_is_written_as_apps_want_it(void **state)
{
	(void)state;
	assert_string_equal(totp_text(arena, SECRET), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
	assert_string_equal(totp_uri(arena, SPAN("gro.drn"), SECRET),
			    "otpauth://totp/eKMC2.0:gro.drn?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=eKMC2.0&algorithm=SHA1"
			    "&digits=6&period=30");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_totp__codes_are_those_of_the_rfc),
		cmocka_unit_test(test_totp__a_clock_may_be_off_by_one_step),
		cmocka_unit_test(test_totp__no_step_is_taken_twice),
		cmocka_unit_test(test_totp__anything_else_is_wrong),
		cmocka_unit_test(test_totp__a_secret_is_written_as_apps_want_it),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
