/* Reading outside text: what is taken and, row by row, what is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/scan.h"

static void
test_scan__i64_is_strict(void **state UNUSED)
{
	static const struct {
		const char *text;
		int64_t min, max;
		bool ok;
		int64_t value;
	} rows[] = {
		{ "0", 0, 9, true, 0 },
		{ "-1", -5, 5, true, -1 },
		{ "144", 1, 144, true, 144 },
		{ "145", 1, 144, false, 0 },
		{ "0", 1, 144, false, 0 },
		{ "9223372036854775807", INT64_MIN, INT64_MAX, true, INT64_MAX },
		{ "-9223372036854775808", INT64_MIN, INT64_MAX, true, INT64_MIN },
		{ "9223372036854775808", INT64_MIN, INT64_MAX, false, 0 },
		{ "-9223372036854775809", INT64_MIN, INT64_MAX, false, 0 },
		{ "99999999999999999999", INT64_MIN, INT64_MAX, false, 0 },
		{ "", 0, 9, false, 0 },
		{ "-", -9, 9, false, 0 },
		{ "-0", -9, 9, false, 0 },
		{ "+1", 0, 9, false, 0 },
		{ "01", 0, 9, false, 0 },
		{ "-01", -9, 9, false, 0 },
		{ " 1", 0, 9, false, 0 },
		{ "1 ", 0, 9, false, 0 },
		{ "1.0", 0, 9, false, 0 },
		{ "0x1", 0, 9, false, 0 },
		{ "--1", -9, 9, false, 0 },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		int64_t value = 77;
		if (scan_i64(span_of(rows[i].text), rows[i].min, rows[i].max, &value) != rows[i].ok)
			fail_msg("row %zu: '%s'", i, rows[i].text);
		assert_int_equal(value, rows[i].ok ? rows[i].value : 77);
	}
}

static void
test_scan__double_is_plain_and_exact(void **state UNUSED)
{
	static const struct {
		const char *text;
		bool ok;
		double value;
	} rows[] = {
		{ "0", true, 0 },
		{ "-12.5", true, -12.5 },
		{ "22.5726", true, 22.5726 },
		{ "88.363895", true, 88.363895 },
		{ "0.1", true, 0.1 },
		{ "-0.000001", true, -0.000001 },
		{ "22.572646123456", true, 22.572646123456 },
		{ "100.00000000000000000000000000000000000001", true, 100 },
		{ "180", true, 180 },
		{ "180.0001", false, 0 },
		{ "-180.1", false, 0 },
		{ "99999999999999999999999", false, 0 },
		{ "", false, 0 },
		{ "-", false, 0 },
		{ ".", false, 0 },
		{ ".5", false, 0 },
		{ "5.", false, 0 },
		{ "1e2", false, 0 },
		{ "1.5e1", false, 0 },
		{ "inf", false, 0 },
		{ "nan", false, 0 },
		{ "0x10", false, 0 },
		{ "00.5", false, 0 },
		{ "1,5", false, 0 },
		{ "+1", false, 0 },
		{ "1.5 ", false, 0 },
		{ "1.2.3", false, 0 },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		double value = 7;
		if (scan_double(span_of(rows[i].text), -180, 180, &value) != rows[i].ok)
			fail_msg("row %zu: '%s'", i, rows[i].text);
		double want = rows[i].ok ? rows[i].value : 7;
		assert_memory_equal(&value, &want, sizeof(value));
	}
}

static void
test_scan__hex_takes_exactly_the_bytes(void **state UNUSED)
{
	unsigned char out[2] = { 1, 1 };

	assert_true(scan_hex(SPAN("00fF"), out, 2));
	assert_memory_equal(out, "\x00\xff", 2);
	assert_true(scan_hex(SPAN(""), out, 0));
	assert_false(scan_hex(SPAN("00ff0"), out, 2));
	assert_false(scan_hex(SPAN("00f"), out, 2));
	assert_false(scan_hex(SPAN("00fg"), out, 2));
	assert_false(scan_hex(SPAN("0 ff"), out, 2));
}

static void
test_scan__utf8_refuses_what_rfc3629_refuses(void **state UNUSED)
{
	static const struct {
		struct span text;
		bool ok;
		size_t chars;
	} rows[] = {
		{ { "", 0 }, true, 0 },
		{ { NULL, 0 }, true, 0 },
		{ { "ward", 4 }, true, 4 },
		{ { "\xe0\xa6\x95", 3 }, true, 1 },
		{ { "\xf0\x9f\x9a\xb0!", 5 }, true, 2 },
		{ { "\xc2\x80", 2 }, true, 1 },
		{ { "\xf4\x8f\xbf\xbf", 4 }, true, 1 },
		{ { "\xef\xbf\xbf", 3 }, true, 1 },
		{ { "a\0b", 3 }, false, 0 },
		{ { "\x80", 1 }, false, 0 },
		{ { "\xc0\x80", 2 }, false, 0 },
		{ { "\xc1\xbf", 2 }, false, 0 },
		{ { "\xe0\x9f\xbf", 3 }, false, 0 },
		{ { "\xf0\x8f\xbf\xbf", 4 }, false, 0 },
		{ { "\xed\xa0\x80", 3 }, false, 0 },
		{ { "\xed\xbf\xbf", 3 }, false, 0 },
		{ { "\xf4\x90\x80\x80", 4 }, false, 0 },
		{ { "\xf5\x80\x80\x80", 4 }, false, 0 },
		{ { "\xff", 1 }, false, 0 },
		{ { "\xe0\xa6", 2 }, false, 0 },
		{ { "\xe0\xa6\x41", 3 }, false, 0 },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		size_t chars = 0;
		if (scan_utf8(rows[i].text, &chars) != rows[i].ok)
			fail_msg("row %zu", i);
		if (rows[i].ok)
			assert_int_equal(chars, rows[i].chars);
	}
}

static void
test_scan__utf8_next_stays_at_what_it_cannot_read(void **state UNUSED)
{
	struct span s = SPAN("\xe0\xa6\x95\xff");
	size_t i = 0;

	assert_int_equal(scan_utf8_next(s, &i), 0x0995);
	assert_int_equal(i, 3);
	assert_int_equal(scan_utf8_next(s, &i), -1);
	assert_int_equal(i, 3);
	i = 4;
	assert_int_equal(scan_utf8_next(s, &i), -1);
	assert_int_equal(i, 4);
}

static void
test_scan__digits_of_three_scripts(void **state UNUSED)
{
	static const struct {
		const char *text, *digits; /* digits NULL: refused */
	} rows[] = {
		{ "2611 0000 0012", "261100000012" },
		{ "2611-0000-0012", "261100000012" },
		{ "২৬১১ ০০০০ ০০১২", "261100000012" },
		{ "२६११०००००९", "2611000009" },
		{ "26\xe2\x80\x8b"
		  "11\xe2\x80\x8d\xef\xbb\xbf",
		  "2611" },
		{ "26\xc2\xa0"
		  "11\xe2\x80\x93"
		  "0\xe2\x88\x92"
		  "1",
		  "261101" },
		{ "\xe2\x80\xaa"
		  "2611\xe2\x80\xac",
		  "2611" },
		{ "", "" },
		{ "2611/0000", NULL },
		{ "2611.0000", NULL },
		{ "26a1", NULL },
		{ "26\xff", NULL },
		{ "১২৩৪৫৬৭৮৯০১২৩", NULL },
		{ "٢٦", NULL },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char out[12];
		int n = scan_digits(span_of(rows[i].text), out, sizeof(out));
		if (n != (rows[i].digits == NULL ? -1 : (int)strlen(rows[i].digits)))
			fail_msg("row %zu: '%s'", i, rows[i].text);
		if (n > 0)
			assert_memory_equal(out, rows[i].digits, (size_t)n);
	}
	for (int d = 0; d < 10; d++) {
		assert_int_equal(scan_digit('0' + d), d);
		assert_int_equal(scan_digit(0x09e6 + d), d);
		assert_int_equal(scan_digit(0x0966 + d), d);
	}
	assert_int_equal(scan_digit('0' - 1), -1);
	assert_int_equal(scan_digit('9' + 1), -1);
	assert_int_equal(scan_digit(0x09f0), -1);
	assert_int_equal(scan_digit(-1), -1);
}

static void
test_scan__mobile_in_any_usual_writing(void **state UNUSED)
{
	static const struct {
		const char *text, *mobile;
	} rows[] = {
		{ "9830012345", "9830012345" },
		{ "09830012345", "9830012345" },
		{ "919830012345", "9830012345" },
		{ "+919830012345", "9830012345" },
		{ "+91 98300-12345", "9830012345" },
		{ "00919830012345", "9830012345" },
		{ " 98300 12345 ", "9830012345" },
		{ "৯৮৩০০১২৩৪৫", "9830012345" },
		{ "+९१ ९८३००१२३४५", "9830012345" },
		{ "\xe2\x80\xaa+91 98300 12345\xe2\x80\xac", "9830012345" },
		{ "6000000000", "6000000000" },
		{ "9198300123", "9198300123" },
		{ "5830012345", NULL },
		{ "983001234", NULL },
		{ "98300123456", NULL },
		{ "+9830012345", NULL },
		{ "+09830012345", NULL },
		{ "+929830012345", NULL },
		{ "++919830012345", NULL },
		{ "91+9830012345", NULL },
		{ "0919830012345", NULL },
		{ "000919830012345", NULL },
		{ "98300(12345)", NULL },
		{ "98300x2345", NULL },
		{ "", NULL },
		{ "+", NULL },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char out[11] = "untouched";
		if (scan_mobile(span_of(rows[i].text), out) != (rows[i].mobile != NULL))
			fail_msg("row %zu: '%s'", i, rows[i].text);
		assert_string_equal(out, rows[i].mobile != NULL ? rows[i].mobile : "untouched");
	}
}

static void
test_scan__token_trim_cut(void **state UNUSED)
{
	struct span rest = SPAN("a,,b,"), part;

	assert_true(scan_token(SPAN("ab-1"), "ab-1", 1, 4));
	assert_false(scan_token(SPAN("ab-1"), "ab-1", 1, 3));
	assert_false(scan_token(SPAN("a"), "ab-1", 2, 3));
	assert_false(scan_token(SPAN("ac"), "ab-1", 1, 3));
	assert_false(scan_token((struct span){ "a\0", 2 }, "ab", 1, 3));
	assert_true(span_eq(scan_trim(SPAN(" \t\r\nx y\v\f ")), SPAN("x y")));
	assert_int_equal(scan_trim(SPAN("  \n")).n, 0);

	static const char *const parts[] = { "a", "", "b", "" };
	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		assert_true(scan_cut(&rest, ',', &part));
		assert_true(span_eq(part, span_of(parts[i])));
	}
	assert_false(scan_cut(&rest, ',', &part));
	rest = SPAN("");
	assert_true(scan_cut(&rest, ',', &part));
	assert_int_equal(part.n, 0);
	assert_false(scan_cut(&rest, ',', &part));
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_scan__i64_is_strict),
		cmocka_unit_test(test_scan__double_is_plain_and_exact),
		cmocka_unit_test(test_scan__hex_takes_exactly_the_bytes),
		cmocka_unit_test(test_scan__utf8_refuses_what_rfc3629_refuses),
		cmocka_unit_test(test_scan__utf8_next_stays_at_what_it_cannot_read),
		cmocka_unit_test(test_scan__digits_of_three_scripts),
		cmocka_unit_test(test_scan__mobile_in_any_usual_writing),
		cmocka_unit_test(test_scan__token_trim_cut),
	};
	return cmocka_run_group_tests_name("scan", tests, NULL, NULL);
}
