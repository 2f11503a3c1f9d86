/* CSV: what spreadsheets write is read, what is broken is told with row and column. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "core/csv.h"

/* The fields joined: ',' between columns, '/' between rows. */
static void
join(const struct csv *c, char *out, size_t cap)
{
	size_t n = 0;

	for (size_t row = 1; row <= c->rows; row++)
		for (size_t column = 1; column <= c->columns; column++)
			n += (size_t)snprintf(out + n, cap - n, "%.*s%s", SPAN_FMT(csv_at(c, row, column)),
					      column < c->columns ? "|" : "/");
}

static void
test_csv__reads_what_programs_write(void **state UNUSED)
{
	static const struct {
		const char *text, *joined;
	} rows[] = {
		{ "a,b\n1,2\n", "a|b/1|2/" },
		{ "a,b\n1,2", "a|b/1|2/" },
		{ "a,b\r\n1,2\r\n", "a|b/1|2/" },
		{ "\xef\xbb\xbf"
		  "a,b\n1,2\n",
		  "a|b/1|2/" },
		{ "a,b\n1,2\n\n\r\n", "a|b/1|2/" },
		{ "a,b\n1,\n,2\n,\n", "a|b/1|/|2/|/" },
		{ "a\n\"x\"\n", "a/x/" },
		{ "a,b\n\"x,y\",\"\"\n", "a|b/x,y|/" },
		{ "a,b\n\"say \"\"ho\"\"\",\"\"\"\"\n", "a|b/say \"ho\"|\"/" },
		{ "a,b\n\"two\nlines\",\"two\r\nmore\"\n", "a|b/two\nlines|two\r\nmore/" },
		{ "a, b\n 1 ,2\n", "a| b/ 1 |2/" },
		{ "a\nওয়ার্ড\n", "a/ওয়ার্ড/" },
		{ "a", "a/" },
	};
	struct arena *a = arena_new(4096, 65536);
	char joined[200];

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct csv_error error;
		struct csv c;

		assert_int_equal(csv_parse(a, span_of(rows[i].text), &c, &error), E_OK);
		join(&c, joined, sizeof(joined));
		assert_string_equal(joined, rows[i].joined);
	}
	arena_free(a);
}

static void
test_csv__says_where_it_is_broken(void **state UNUSED)
{
	static const struct {
		const char *text;
		size_t row, column;
		enum csv_fault fault;
	} rows[] = {
		{ "", 1, 0, CSV_EMPTY },
		{ "\n\n", 1, 0, CSV_EMPTY },
		{ "a,b\n1\n", 2, 0, CSV_FEW },
		{ "a,b\n1,2\n1,2,3\n", 3, 0, CSV_MANY },
		{ "a,b\n\n1,2\n", 2, 0, CSV_FEW },
		{ "a,b\n1,\"2\n", 2, 2, CSV_QUOTES },
		{ "a,b\n1,\"2\"x\n", 2, 2, CSV_QUOTES },
		{ "a,b\n1,2\"x\n", 2, 2, CSV_QUOTES },
		{ "a,b\n1,\"two\nlines\"\n1\n", 3, 0, CSV_FEW },
		{ "a,b\n1\r2,3\n", 2, 1, CSV_QUOTES },
		{ "a,b\n1,2\n3,\xff\n", 3, 2, CSV_UTF8 },
	};
	struct arena *a = arena_new(4096, 65536);

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct csv_error error;
		struct csv c;

		assert_int_equal(csv_parse(a, span_of(rows[i].text), &c, &error), E_MALFORMED);
		assert_int_equal(error.row, rows[i].row);
		assert_int_equal(error.column, rows[i].column);
		assert_int_equal(error.fault, rows[i].fault);
		assert_non_null(error.why);
	}
	arena_free(a);
}

static void
test_csv__refuses_a_nul(void **state UNUSED)
{
	struct arena *a = arena_new(4096, 65536);
	struct csv_error error;
	struct csv c;

	assert_int_equal(csv_parse(a, SPAN("a\nx\0y\n"), &c, &error), E_MALFORMED);
	assert_int_equal(error.row, 2);
	arena_free(a);
}

static void
test_csv__bind_orders_columns_and_names_strangers(void **state UNUSED)
{
	static const char *const names[] = { "code", "en", "bn" };
	static const struct {
		const char *text, *joined;
		size_t column; /* of the error */
	} rows[] = {
		{ "code,en,bn\n1,2,3\n", "code|en|bn/1|2|3/", 0 },
		{ "bn,code,en\n3,1,2\n", "code|en|bn/1|2|3/", 0 },
		{ "code,en\n1,2\n", NULL, 0 },
		{ "code,en,bn,hi\n1,2,3,4\n", NULL, 4 },
		{ "code,en,en,bn\n1,2,2,3\n", NULL, 3 },
		{ "code,EN,bn\n1,2,3\n", NULL, 0 },
	};
	struct arena *a = arena_new(4096, 65536);
	char joined[200];

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct csv_error error = { 0 };
		struct csv c;

		assert_int_equal(csv_parse(a, span_of(rows[i].text), &c, &error), E_OK);
		assert_int_equal(csv_bind(a, &c, names, ARRAY_LEN(names), &error), rows[i].joined != NULL ? E_OK : E_MALFORMED);
		if (rows[i].joined != NULL) {
			join(&c, joined, sizeof(joined));
			assert_string_equal(joined, rows[i].joined);
			continue;
		}
		assert_int_equal(error.row, 1);
		assert_int_equal(error.column, rows[i].column);
		assert_int_equal(error.fault, CSV_COLUMN);
	}
	arena_free(a);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_csv__reads_what_programs_write),
		cmocka_unit_test(test_csv__says_where_it_is_broken),
		cmocka_unit_test(test_csv__refuses_a_nul),
		cmocka_unit_test(test_csv__bind_orders_columns_and_names_strangers),
	};
	return cmocka_run_group_tests_name("csv", tests, NULL, NULL);
}
