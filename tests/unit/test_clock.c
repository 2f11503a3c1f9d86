/* Times against libc's calendar, and RFC 3339 row by row. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <time.h>

#include "core/clock.h"

#define DAY_MS INT64_C(86400000)

static void
test_clock__every_day_agrees_with_libc(void **state UNUSED)
{
	for (int64_t day = -2; day < 2932896; day += day < 40000 ? 1 : 97) {
		time_t t = (time_t)(day * 86400);
		struct tm want;
		assert_non_null(gmtime_r(&t, &want));
		/* 23:59:59.999 of that day in Kolkata, and its midnight */
		struct clock_date d = clock_kolkata_date(day * DAY_MS + DAY_MS - 1 - CLOCK_KOLKATA_OFFSET_MS);
		assert_int_equal(d.year, want.tm_year + 1900);
		assert_int_equal(d.month, want.tm_mon + 1);
		assert_int_equal(d.day, want.tm_mday);
		assert_int_equal(d.weekday, want.tm_wday);
		assert_int_equal(clock_kolkata_midnight_ms(d.year, d.month, d.day), day * DAY_MS - CLOCK_KOLKATA_OFFSET_MS);
	}
}

static void
test_clock__kolkata_day_begins_at_half_past_six_utc(void **state UNUSED)
{
	int64_t live = INT64_C(1720809000000); /* 2024-07-13T00:00:00+05:30 */

	assert_int_equal(clock_kolkata_midnight_ms(2024, 7, 13), live);
	assert_int_equal(clock_kolkata_date(live).day, 13);
	assert_int_equal(clock_kolkata_date(live - 1).day, 12);
	assert_int_equal(clock_kolkata_date(live).weekday, 6);
}

static void
test_clock__text_is_rfc3339_with_milliseconds(void **state UNUSED)
{
	static const struct {
		int64_t at_ms;
		const char *text;
	} rows[] = {
		{ 0, "1970-01-01T00:00:00.000Z" },
		{ INT64_C(1720809000007), "2024-07-12T18:30:00.007Z" },
		{ INT64_C(951782399999), "2000-02-28T23:59:59.999Z" },
		{ INT64_C(951782400000), "2000-02-29T00:00:00.000Z" },
		{ INT64_C(253402300799999), "9999-12-31T23:59:59.999Z" },
		{ INT64_C(253402300800000), "" },
		{ -1, "" },
		{ CLOCK_NONE, "" },
		{ INT64_MAX, "" },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char out[CLOCK_TEXT_SIZE];
		int64_t back;
		assert_string_equal(clock_text(rows[i].at_ms, out), rows[i].text);
		assert_int_equal(clock_parse(span_of(out), &back), rows[i].text[0] != '\0');
		if (rows[i].text[0] != '\0')
			assert_int_equal(back, rows[i].at_ms);
	}
}

static void
test_clock__parse_takes_rfc3339_only(void **state UNUSED)
{
	static const struct {
		const char *text, *same_as; /* NULL: refused */
	} rows[] = {
		{ "2024-07-13T00:00:00+05:30", "2024-07-12T18:30:00.000Z" },
		{ "2024-07-13t00:00:00z", "2024-07-13T00:00:00.000Z" },
		{ "2024-07-13T00:00:00.1Z", "2024-07-13T00:00:00.100Z" },
		{ "2024-07-13T23:59:59.999999999Z", "2024-07-13T23:59:59.999Z" },
		{ "2024-07-13T00:00:00-00:00", "2024-07-13T00:00:00.000Z" },
		{ "2024-02-29T12:00:00-08:00", "2024-02-29T20:00:00.000Z" },
		{ "2000-02-29T00:00:00Z", "2000-02-29T00:00:00.000Z" },
		{ "1970-01-01T05:30:00+05:30", "1970-01-01T00:00:00.000Z" },
		{ "2016-12-31T23:59:60Z", "2016-12-31T23:59:59.999Z" },
		{ "1990-12-31T15:59:60-08:00", "1990-12-31T23:59:59.999Z" },
		{ "2017-01-01T05:29:60.5+05:30", "2016-12-31T23:59:59.999Z" },
		{ "2016-12-31T12:00:60Z", NULL },
		{ "2016-12-30T23:59:60Z", NULL },
		{ "2016-12-31T23:59:61Z", NULL },
		{ "2024-07-13T00:00:00", NULL },
		{ "2024-07-13", NULL },
		{ "2024-07-13 00:00:00Z", NULL },
		{ "2024-07-13T00:00Z", NULL },
		{ "2024-07-13T00:00:00.Z", NULL },
		{ "2024-07-13T00:00:00.1234567890Z", NULL },
		{ "2024-07-13T00:00:00,5Z", NULL },
		{ "2024-07-13T00:00:00+0530", NULL },
		{ "2024-07-13T00:00:00+5:30", NULL },
		{ "2024-07-13T00:00:00+24:00", NULL },
		{ "2024-07-13T00:00:00+05:60", NULL },
		{ "2024-07-13T00:00:00Z ", NULL },
		{ " 2024-07-13T00:00:00Z", NULL },
		{ "2024-07-13T00:00:00ZZ", NULL },
		{ "2024\r07\r13T00:00:00Z", NULL },
		{ "2023-02-29T00:00:00Z", NULL },
		{ "2100-02-29T00:00:00Z", NULL },
		{ "2024-04-31T00:00:00Z", NULL },
		{ "2024-13-01T00:00:00Z", NULL },
		{ "2024-00-01T00:00:00Z", NULL },
		{ "2024-01-00T00:00:00Z", NULL },
		{ "2024-01-32T00:00:00Z", NULL },
		{ "2024-01-01T24:00:00Z", NULL },
		{ "2024-01-01T00:60:00Z", NULL },
		{ "1969-12-31T23:59:59Z", NULL },
		{ "1970-01-01T00:00:00+00:01", NULL },
		{ "9999-12-31T23:59:59-00:01", NULL },
		{ "-024-01-01T00:00:00Z", NULL },
		{ "2024-1-01T00:00:00Z", NULL },
		{ "", NULL },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char out[CLOCK_TEXT_SIZE];
		int64_t at_ms = 77;
		if (clock_parse(span_of(rows[i].text), &at_ms) != (rows[i].same_as != NULL))
			fail_msg("row %zu: '%s'", i, rows[i].text);
		if (rows[i].same_as != NULL)
			assert_string_equal(clock_text(at_ms, out), rows[i].same_as);
		else
			assert_int_equal(at_ms, 77);
	}
}

static void
test_clock__clocks_run(void **state UNUSED)
{
	int64_t wall = clock_now_ms(), start = clock_monotonic_ms();

	assert_true(wall / 1000 >= (int64_t)time(NULL) - 2 && wall / 1000 <= (int64_t)time(NULL) + 2);
	while (clock_monotonic_ms() == start)
		continue;
	assert_true(clock_monotonic_ms() > start);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_clock__every_day_agrees_with_libc),
		cmocka_unit_test(test_clock__kolkata_day_begins_at_half_past_six_utc),
		cmocka_unit_test(test_clock__text_is_rfc3339_with_milliseconds),
		cmocka_unit_test(test_clock__parse_takes_rfc3339_only),
		cmocka_unit_test(test_clock__clocks_run),
	};
	return cmocka_run_group_tests_name("clock", tests, NULL, NULL);
}
