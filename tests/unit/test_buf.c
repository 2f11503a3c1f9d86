/* The buffer: growth, the maximum, the sticky failure, reserve and commit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/buf.h"

static void
test_buf__appends_of_every_kind(void **state UNUSED)
{
	struct buf b = BUF_INIT(1000);

	buf_add(&b, "ab", 2);
	buf_span(&b, SPAN("cd"));
	buf_text(&b, "ef");
	buf_char(&b, 'g');
	buf_printf(&b, "%d%s", 12, "x");
	buf_hex(&b, "\x00\xff\x5a", 3);
	assert_false(b.failed);
	assert_string_equal(b.data, "abcdefg12x00ff5a");
	assert_int_equal(b.len, 16);
	buf_add(&b, "\0y", 2);
	assert_int_equal(buf_view(&b).n, 18);
	assert_memory_equal(buf_view(&b).p, "abcdefg12x00ff5a\0y", 19);
	buf_release(&b);
	assert_null(b.data);
	assert_int_equal(b.max_bytes, 1000);
}

static void
test_buf__grows_to_the_maximum_and_not_past_it(void **state UNUSED)
{
	static const size_t maxima[] = { 0, 1, 127, 128, 129, 5000 };

	for (size_t i = 0; i < ARRAY_LEN(maxima); i++) {
		struct buf b;
		buf_init(&b, maxima[i]);
		for (size_t k = 0; k < maxima[i]; k++)
			buf_char(&b, 'x');
		assert_false(b.failed);
		assert_int_equal(b.len, maxima[i]);
		assert_true(b.cap_bytes <= maxima[i] + 1);
		if (maxima[i] > 0)
			assert_int_equal(strlen(b.data), maxima[i]);
		buf_char(&b, 'y');
		assert_true(b.failed);
		assert_int_equal(b.len, maxima[i]);
		buf_release(&b);
	}
}

static void
test_buf__failure_is_sticky_until_cleared(void **state UNUSED)
{
	struct buf b = BUF_INIT(8);

	buf_text(&b, "12345");
	buf_text(&b, "6789");
	assert_true(b.failed);
	buf_text(&b, "6");
	buf_printf(&b, "6");
	buf_hex(&b, "6", 1);
	assert_null(buf_reserve(&b, 0));
	assert_string_equal(b.data, "12345");
	buf_clear(&b);
	assert_false(b.failed);
	assert_string_equal(b.data, "");
	buf_text(&b, "12345678");
	assert_false(b.failed);
	assert_string_equal(b.data, "12345678");
	buf_release(&b);
}

static void
test_buf__printf_fails_whole_or_fits_whole(void **state UNUSED)
{
	struct buf b = BUF_INIT(300);

	buf_text(&b, "a");
	buf_printf(&b, "%0299d", 7);
	assert_false(b.failed);
	assert_int_equal(b.len, 300);
	assert_int_equal(b.data[299], '7');
	buf_clear(&b);
	buf_text(&b, "a");
	buf_printf(&b, "%0300d", 7);
	assert_true(b.failed);
	assert_string_equal(b.data, "a");
	buf_release(&b);
}

static void
test_buf__reserve_is_filled_and_committed(void **state UNUSED)
{
	struct buf b = BUF_INIT(2000);

	buf_text(&b, "<");
	char *p = buf_reserve(&b, 1500);
	assert_non_null(p);
	assert_int_equal(b.len, 1);
	memset(p, 'z', 1500);
	buf_commit(&b, 1500);
	assert_int_equal(b.len, 1501);
	assert_int_equal(strlen(b.data), 1501);
	assert_null(buf_reserve(&b, 500));
	assert_true(b.failed);
	buf_release(&b);
}

static void
test_buf__huge_lengths_do_not_wrap(void **state UNUSED)
{
	struct buf b = BUF_INIT(SIZE_MAX);

	buf_text(&b, "abc");
	buf_hex(&b, "x", SIZE_MAX / 2 + 2);
	assert_true(b.failed);
	buf_clear(&b);
	buf_text(&b, "abc");
	buf_add(&b, "x", SIZE_MAX - 2);
	assert_true(b.failed);
	assert_string_equal(b.data, "abc");
	buf_release(&b);
}

static void
test_buf__empty_is_empty_not_absent(void **state UNUSED)
{
	struct buf b = BUF_INIT(10);

	assert_non_null(buf_view(&b).p);
	assert_int_equal(buf_view(&b).n, 0);
	buf_add(&b, NULL, 0);
	assert_string_equal(b.data, "");
	buf_release(&b);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_buf__appends_of_every_kind),
		cmocka_unit_test(test_buf__grows_to_the_maximum_and_not_past_it),
		cmocka_unit_test(test_buf__failure_is_sticky_until_cleared),
		cmocka_unit_test(test_buf__printf_fails_whole_or_fits_whole),
		cmocka_unit_test(test_buf__reserve_is_filled_and_committed),
		cmocka_unit_test(test_buf__huge_lengths_do_not_wrap),
		cmocka_unit_test(test_buf__empty_is_empty_not_absent),
	};
	return cmocka_run_group_tests_name("buf", tests, NULL, NULL);
}
