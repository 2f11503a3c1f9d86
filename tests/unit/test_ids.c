/* Complaint numbers: published check values, every slip the digit must catch, and whose number it is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/clock.h"
#include "core/ids.h"
#include "core/scan.h"

static void
test_ids__verhoeff_gives_the_published_digits(void **state UNUSED)
{
	static const struct {
		const char *digits;
		int check;
	} rows[] = { { "236", 3 }, { "12345", 1 }, { "54321", 7 }, { "142857", 0 }, { "", 0 } };

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_int_equal(ids_verhoeff(rows[i].digits, strlen(rows[i].digits)), rows[i].check);
}

static void
test_ids__every_wrong_digit_and_swap_is_mistyped(void **state UNUSED)
{
	char number[NUMBER_DIGITS + 1], out[NUMBER_DIGITS + 1];
	int64_t live = clock_kolkata_midnight_ms(2024, 7, 13);

	for (int64_t id = 1; id < 60000000; id += 654321) {
		ids_number(id, clock_kolkata_midnight_ms(2026, 11, 23), number);
		assert_int_equal(ids_number_parse(span_of(number), live, out), NUMBER_NEW);
		for (size_t i = 0; i < NUMBER_DIGITS; i++) {
			char right = number[i], next = number[i + 1];
			for (char c = '0'; c <= '9'; c++) {
				number[i] = c;
				enum number_kind kind = ids_number_parse(span_of(number), live, out);
				assert_int_equal(kind, c == right ? NUMBER_NEW : NUMBER_MISTYPED);
			}
			number[i] = right;
			if (next == '\0' || next == right)
				continue;
			number[i] = next;
			number[i + 1] = right;
			assert_int_equal(ids_number_parse(span_of(number), live, out), NUMBER_MISTYPED);
			number[i] = right;
			number[i + 1] = next;
		}
	}
}

static void
test_ids__number_is_month_id_and_check(void **state UNUSED)
{
	static const struct {
		int64_t id;
		const char *lodged, *head;
	} rows[] = {
		{ 1, "2026-11-23T15:40:00Z", "26110000001" },       { 10000001, "2026-11-23T15:40:00Z", "26110000001" },
		{ 9999999, "2026-11-23T15:40:00Z", "26119999999" }, { 10000000, "2026-11-23T15:40:00Z", "26110000000" },
		{ 42, "2026-11-30T18:29:59.999Z", "26110000042" },  { 42, "2026-11-30T18:30:00Z", "26120000042" },
		{ 42, "2026-12-31T18:30:00Z", "27010000042" },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char out[NUMBER_DIGITS + 1];
		int64_t at_ms;
		assert_true(clock_parse(span_of(rows[i].lodged), &at_ms));
		ids_number(rows[i].id, at_ms, out);
		assert_memory_equal(out, rows[i].head, 11);
		assert_int_equal(out[11] - '0', ids_verhoeff(rows[i].head, 11));
		assert_int_equal(out[12], '\0');
	}
}

/* `head` is 11 digits; the right check digit is added, or a wrong one. */
static enum number_kind
kind_of(const char *head, bool right)
{
	char number[NUMBER_DIGITS + 1], out[NUMBER_DIGITS + 1];
	int64_t live = clock_kolkata_midnight_ms(2024, 7, 13);

	memcpy(number, head, 11);
	number[11] = (char)('0' + (ids_verhoeff(head, 11) + (right ? 0 : 1)) % 10);
	number[12] = '\0';
	enum number_kind kind = ids_number_parse(span_of(number), live, out);
	assert_string_equal(out, number);
	return kind;
}

static void
test_ids__month_tells_old_from_new(void **state UNUSED)
{
	assert_int_equal(kind_of("24070000001", true), NUMBER_NEW);
	assert_int_equal(kind_of("24060000001", true), NUMBER_OLD);
	assert_int_equal(kind_of("23120000001", true), NUMBER_OLD);
	assert_int_equal(kind_of("25010000001", true), NUMBER_NEW);
	assert_int_equal(kind_of("25010000001", false), NUMBER_MISTYPED);
	assert_int_equal(kind_of("23120000001", false), NUMBER_MISTYPED);
	assert_int_equal(kind_of("25000000001", true), NUMBER_MISTYPED);
	assert_int_equal(kind_of("25130000001", true), NUMBER_MISTYPED);
}

static void
test_ids__input_is_forgiving_but_not_everything_is_a_number(void **state UNUSED)
{
	char number[NUMBER_DIGITS + 1], shown[NUMBER_DIGITS + 3], out[NUMBER_DIGITS + 1];
	int64_t live = clock_kolkata_midnight_ms(2024, 7, 13);

	ids_number(1, clock_kolkata_midnight_ms(2026, 11, 23), number);
	assert_string_equal(ids_number_display("261100000012", shown), "2611 0000 0012");
	assert_int_equal(ids_number_parse(span_of(ids_number_display(number, shown)), live, out), NUMBER_NEW);
	assert_string_equal(out, number);
	assert_int_equal(ids_number_parse(SPAN("২৬১১-০০০০-০০১৯"), live, out), NUMBER_MISTYPED);
	assert_string_equal(out, "261100000019");

	static const char *const nots[] = { "", "2611", "26110000001", "2611000000121", "26110000001x", "2611/0000/0012", "abc" };
	for (size_t i = 0; i < ARRAY_LEN(nots); i++)
		assert_int_equal(ids_number_parse(span_of(nots[i]), live, out), NUMBER_NOT);
}

static void
test_ids__random_hex_is_hex_and_never_the_same(void **state UNUSED)
{
	char one[REQUEST_ID_SIZE], two[REQUEST_ID_SIZE];

	ids_random_hex(one);
	ids_random_hex(two);
	assert_int_equal(strlen(one), REQUEST_ID_SIZE - 1);
	assert_true(scan_token(span_of(one), "0123456789abcdef", 32, 32));
	assert_string_not_equal(one, two);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ids__verhoeff_gives_the_published_digits),
		cmocka_unit_test(test_ids__every_wrong_digit_and_swap_is_mistyped),
		cmocka_unit_test(test_ids__number_is_month_id_and_check),
		cmocka_unit_test(test_ids__month_tells_old_from_new),
		cmocka_unit_test(test_ids__input_is_forgiving_but_not_everything_is_a_number),
		cmocka_unit_test(test_ids__random_hex_is_hex_and_never_the_same),
	};
	return cmocka_run_group_tests_name("ids", tests, NULL, NULL);
}
