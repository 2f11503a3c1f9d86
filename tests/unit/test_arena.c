/* The arena: alignment, the limit, order of release, and that a reset makes it new. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/arena.h"

static char trace[16];
static char marks[] = "123x";

static void
note_release(void *object)
{
	size_t n = strlen(trace);

	assert_true(n + 1 < sizeof(trace));
	trace[n] = *(char *)object;
	trace[n + 1] = '\0';
}

static int
clear_trace(void **state UNUSED)
{
	memset(trace, 0, sizeof(trace));
	return 0;
}

static void
test_arena__allocations_are_aligned_zeroed_and_apart(void **state UNUSED)
{
	static const size_t sizes[] = { 0, 1, 7, 16, 17, 100, 4096, 5000, 70000 };
	struct arena *a = arena_new(64, 1 << 20);
	unsigned char *seen[ARRAY_LEN(sizes)];

	assert_non_null(a);
	for (int round = 0; round < 2; round++) {
		for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
			seen[i] = arena_alloc(a, sizes[i]);
			assert_non_null(seen[i]);
			assert_int_equal((uintptr_t)seen[i] % _Alignof(max_align_t), 0);
			for (size_t k = 0; k < sizes[i]; k++)
				assert_int_equal(seen[i][k], 0);
			memset(seen[i], (int)i + 1, sizes[i]);
		}
		for (size_t i = 0; i < ARRAY_LEN(sizes); i++)
			for (size_t k = 0; k < sizes[i]; k++)
				assert_int_equal(seen[i][k], i + 1);
		arena_reset(a);
	}
	assert_ptr_not_equal(arena_alloc(a, 0), arena_alloc(a, 0));
	arena_free(a);
}

static void
test_arena__limit_is_a_value_not_an_abort(void **state UNUSED)
{
	static const struct {
		size_t first, limit, fits, fails;
	} rows[] = {
		{ 0, 0, 0, 1 },
		{ 0, 4096, 4096, 1 },
		{ 100, 1000, 800, 200 },
		{ 4096, 1024, 1024, 1 },
		{ 64, 100000, 60000, 60000 },
		{ 64, 4096, 1024, SIZE_MAX },
		{ 64, SIZE_MAX, 1024, SIZE_MAX - 64 },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct arena *a = arena_new(rows[i].first, rows[i].limit);
		assert_non_null(a);
		if (rows[i].fits > 0)
			assert_non_null(arena_alloc(a, rows[i].fits));
		assert_null(arena_alloc(a, rows[i].fails));
		arena_free(a);
	}
}

static void
test_arena__array_checks_the_product(void **state UNUSED)
{
	struct arena *a = arena_new(64, SIZE_MAX);

	assert_non_null(arena_array(a, 10, 10));
	assert_null(arena_array(a, SIZE_MAX / 4, 8));
	assert_null(arena_array(a, ((size_t)1 << 63) + 1, 2));
	arena_free(a);
}

static void
test_arena__copies_are_terminated(void **state UNUSED)
{
	struct arena *a = arena_new(64, 1 << 16);

	assert_string_equal(arena_strdup(a, "ward"), "ward");
	assert_string_equal(arena_strndup(a, "borough", 3), "bor");
	assert_string_equal(arena_strndup(a, NULL, 0), "");
	assert_memory_equal(arena_strndup(a, "a\0b", 3), "a\0b", 4);
	assert_string_equal(arena_printf(a, "%s-%02d", "DRN", 1), "DRN-01");
	assert_int_equal(strlen(arena_printf(a, "%05000d", 7)), 5000);
	assert_null(arena_strndup(a, "x", SIZE_MAX));
	assert_null(arena_printf(a, "%0100000d", 7));
	arena_free(a);
}

static void
test_arena__defers_run_in_reverse_once(void **state UNUSED)
{
	struct arena *a = arena_new(1024, 1 << 16);

	assert_true(arena_defer(a, note_release, &marks[0]));
	assert_true(arena_defer(a, note_release, &marks[1]));
	assert_string_equal(trace, "");
	arena_reset(a);
	assert_string_equal(trace, "21");
	assert_true(arena_defer(a, note_release, &marks[2]));
	arena_free(a);
	assert_string_equal(trace, "213");
	arena_free(NULL);
}

static void
test_arena__defer_without_room_releases_at_once(void **state UNUSED)
{
	struct arena *a = arena_new(16, 16);

	assert_false(arena_defer(a, note_release, &marks[3]));
	assert_string_equal(trace, "x");
	arena_free(a);
	assert_string_equal(trace, "x");
}

static void
test_arena__reset_gives_the_room_back(void **state UNUSED)
{
	struct arena *a = arena_new(64, 8192);

	for (int i = 0; i < 100; i++) {
		assert_int_equal(arena_used(a), 0);
		assert_non_null(arena_alloc(a, 7000));
		assert_in_range(arena_used(a), 7000, 7016);
		arena_reset(a);
	}
	arena_free(a);
	a = arena_new(1024, 1024);
	for (int i = 0; i < 3; i++) {
		assert_non_null(arena_alloc(a, 1000));
		assert_null(arena_alloc(a, 1000));
		arena_reset(a);
	}
	arena_free(a);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_arena__allocations_are_aligned_zeroed_and_apart),
		cmocka_unit_test(test_arena__limit_is_a_value_not_an_abort),
		cmocka_unit_test(test_arena__array_checks_the_product),
		cmocka_unit_test(test_arena__copies_are_terminated),
		cmocka_unit_test_setup(test_arena__defers_run_in_reverse_once, clear_trace),
		cmocka_unit_test_setup(test_arena__defer_without_room_releases_at_once, clear_trace),
		cmocka_unit_test(test_arena__reset_gives_the_room_back),
	};
	return cmocka_run_group_tests_name("arena", tests, NULL, NULL);
}
