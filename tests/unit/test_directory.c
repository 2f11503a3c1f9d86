/* When promises are due, and what is found by its code: by table in memory, and loaded from the real tables. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "api/render.h"
#include "seeded.h"

static struct directory *loaded;

static int
group_up(void **state)
{
	if (seeded_up(state) != 0)
		return -1;
	return directory_load(one.db, &loaded) == E_OK ? 0 : -1;
}

static int
group_down(void **state)
{
	directory_free(loaded);
	return seeded_down(state);
}

static int64_t
at(const char *text)
{
	int64_t ms = 0;

	assert_true(clock_parse(span_of(text), &ms));
	return ms;
}

/* All in Kolkata's own time. 2026-11-22 and 2026-11-29 are Sundays; 24 November and 25 December are holidays of the seed. */
static void
test_directory__promises_skip_sundays_and_holidays(void **state)
{
	static const struct {
		const char *from;
		int hours;
		const char *due;
	} cases[] = {
		/* up to a day the clock always runs */
		{ "2026-11-18T10:00:00+05:30", 4, "2026-11-18T14:00:00+05:30" },
		{ "2026-11-21T22:00:00+05:30", 4, "2026-11-22T02:00:00+05:30" },
		{ "2026-11-22T10:00:00+05:30", 24, "2026-11-23T10:00:00+05:30" },
		{ "2026-11-23T12:00:00.123+05:30", 24, "2026-11-24T12:00:00.123+05:30" },
		{ "2026-12-25T00:00:00+05:30", 24, "2026-12-26T00:00:00+05:30" },
		{ "2026-11-18T10:00:00+05:30", 0, "2026-11-18T10:00:00+05:30" },
		/* longer ones: within the week */
		{ "2026-11-16T10:00:00.123+05:30", 48, "2026-11-18T10:00:00.123+05:30" },
		{ "2026-11-18T10:00:00+05:30", 25, "2026-11-19T11:00:00+05:30" },
		/* over a Sunday */
		{ "2026-11-20T10:00:00+05:30", 48, "2026-11-23T10:00:00+05:30" },
		{ "2026-11-21T10:00:00+05:30", 48, "2026-11-25T10:00:00+05:30" }, /* Sunday, and Tuesday is a holiday */
		{ "2026-11-20T00:00:00+05:30", 48, "2026-11-22T00:00:00+05:30" }, /* the very end of Saturday */
		{ "2026-11-20T00:00:00.001+05:30", 48, "2026-11-23T00:00:00.001+05:30" },
		/* made on a day that does not count: from its end */
		{ "2026-11-22T15:00:00+05:30", 48, "2026-11-26T00:00:00+05:30" },
		{ "2026-11-22T00:00:00+05:30", 48, "2026-11-26T00:00:00+05:30" },
		{ "2026-11-22T23:59:59.999+05:30", 48, "2026-11-26T00:00:00+05:30" },
		{ "2026-11-24T12:00:00+05:30", 48, "2026-11-27T00:00:00+05:30" },
		{ "2026-12-25T18:00:00+05:30", 48, "2026-12-29T00:00:00+05:30" }, /* a holiday, Saturday counts, Sunday does not */
		/* a week of promise is more than a week */
		{ "2026-11-02T09:00:00+05:30", 168, "2026-11-10T09:00:00+05:30" },
		{ "2026-11-16T09:00:00+05:30", 168, "2026-11-25T09:00:00+05:30" },
		/* midnight is Kolkata's: 18:30 UTC. Saturday evening in UTC is Sunday there already */
		{ "2026-11-21T18:29:59.999Z", 48, "2026-11-25T23:59:59.999+05:30" },
		{ "2026-11-21T18:30:00Z", 48, "2026-11-26T00:00:00+05:30" },
		{ "2026-11-22T18:30:00Z", 48, "2026-11-26T00:00:00+05:30" },
	};

	(void)state;
	assert_int_equal(loaded->n_holidays, 2);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char text[CLOCK_TEXT_SIZE], wanted[CLOCK_TEXT_SIZE];

		assert_string_equal(clock_text(directory_due(loaded, at(cases[i].from), cases[i].hours), text),
				    clock_text(at(cases[i].due), wanted));
	}
}

static void
test_directory__an_hour_later_is_never_due_earlier(void **state)
{
	static const int hours[] = { 4, 24, 25, 48, 72, 168 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(hours); i++) {
		int64_t before = 0;

		for (int64_t from = at("2026-11-19T00:00:00+05:30"); from < at("2026-11-30T00:00:00+05:30"); from += 20 * 60000) {
			int64_t due = directory_due(loaded, from, hours[i]);

			assert_true(due >= before);
			assert_true(due - from >= hours[i] * HOUR_MS);
			before = due;
		}
	}
}

static void
test_directory__finds_by_code_and_nothing_else(void **state)
{
	const struct subcategory *s = directory_subcategory(loaded, SPAN("PRK-01"));
	const struct category *k;

	(void)state;
	assert_non_null(s);
	k = &loaded->categories[s->category];
	assert_true(span_eq(k->code, SPAN("PRK-A")));
	assert_true(span_eq(loaded->departments[k->department].code, SPAN("PRK")));
	assert_true(span_eq(s->name.in[LANG_BN], SPAN("তিন")));
	assert_int_equal(s->sla_hours, 168);
	assert_false(s->photo_on_resolve);
	assert_true(s->anonymous && s->active);
	assert_ptr_equal(directory_category(loaded, SPAN("PRK-A")), k);
	assert_ptr_equal(directory_department(loaded, SPAN("DRN")), &loaded->departments[0]);
	assert_null(directory_subcategory(loaded, SPAN("PRK-0")));
	assert_null(directory_subcategory(loaded, SPAN("prk-01")));
	assert_null(directory_category(loaded, SPAN("PRK")));
	assert_null(directory_department(loaded, SPAN("")));
	/* the two kinds of public names do not mix */
	assert_true(span_eq(directory_office(loaded, SPAN("LME"))->in[LANG_EN], SPAN("Officer")));
	assert_true(span_eq(directory_state(loaded, SPAN("LME"))->in[LANG_EN], SPAN("Not an office")));
	assert_null(directory_office(loaded, SPAN("ASSIGNED")));
	for (int w = 0; w <= WARDS; w++)
		assert_int_equal(loaded->ward_borough[w], w == 0 ? 0 : 1 + (w - 1) / 9);
}

static void
test_directory__a_change_makes_a_new_version(void **state)
{
	struct directory *again;
	int64_t version = 0;

	(void)state;
	assert_int_equal(directory_version(one.db, one.a, &version), E_OK);
	assert_int_equal(version, loaded->version);
	assert_true(private_sql(
		&maria,
		"UPDATE subcategory SET active = 0 WHERE code = 'DRN-02'; UPDATE directory_version SET version = version + 1"));
	assert_int_equal(directory_version(one.db, one.a, &version), E_OK);
	assert_int_equal(version, loaded->version + 1);
	assert_int_equal(directory_load(one.db, &again), E_OK);
	assert_int_equal(again->version, version);
	assert_false(directory_subcategory(again, SPAN("DRN-02"))->active);
	assert_true(directory_subcategory(loaded, SPAN("DRN-02"))->active); /* the old one is as it was */
	directory_free(again);
	directory_free(NULL);
	assert_true(private_sql(&maria, "UPDATE subcategory SET active = 1"));
}

static void
test_directory__the_catalogue_shows_what_can_be_chosen(void **state)
{
	struct conf shown = { .system = { .go_live_ms = MONDAY_MS }, .legacy = { .number_pattern = "^[0-9]+$" } };
	struct buf catalogue = BUF_INIT(65536), wards = BUF_INIT(65536);
	struct directory *d;

	(void)state;
	assert_true(private_sql(
		&maria,
		"UPDATE subcategory SET active = 0 WHERE code = 'DRN-02'; UPDATE department SET active = 0 WHERE code = 'PRK'"));
	assert_int_equal(directory_load(one.db, &d), E_OK);
	assert_true(render_catalogue(&shown, d, &catalogue));
	assert_true(render_wards(d, &wards));
	assert_non_null(strstr(catalogue.data, "\"DRN-01\""));
	assert_null(strstr(catalogue.data, "\"DRN-02\""));
	assert_null(strstr(catalogue.data, "PRK"));
	assert_non_null(strstr(catalogue.data, "\"languages\":[\"en\",\"bn\",\"hi\"]"));
	assert_non_null(strstr(catalogue.data, "\"go_live\":\"2026-11-23T04:30:00.123Z\""));
	assert_non_null(strstr(catalogue.data, "\"sla_hours\":24,\"photo_on_resolve\":true"));
	assert_non_null(strstr(wards.data, "{\"ward\":144,\"borough\":16}"));
	directory_free(d);
	buf_release(&catalogue);
	buf_release(&wards);
	assert_true(private_sql(&maria, "UPDATE subcategory SET active = 1; UPDATE department SET active = 1"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_directory__promises_skip_sundays_and_holidays),
		cmocka_unit_test(test_directory__an_hour_later_is_never_due_earlier),
		cmocka_unit_test(test_directory__finds_by_code_and_nothing_else),
		cmocka_unit_test(test_directory__a_change_makes_a_new_version),
		cmocka_unit_test(test_directory__the_catalogue_shows_what_can_be_chosen),
	};

	return cmocka_run_group_tests(tests, group_up, group_down);
}
