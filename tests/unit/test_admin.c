/* What administrators change: recorded in the same transaction, by one of several at once, and seen by everybody. On the real
 * tables. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "roster_lab.h"

#define CATEGORIES    "code,department,en,bn,hi\n"
#define SUBCATEGORIES "code,category,en,bn,hi,sla_hours,photo_on_resolve,anonymous\n"

static struct field_errors errors;
static struct admin_answer nothing;
static const struct admin_who root = { .account = "root", .now_ms = MONDAY_MS };

static int
setup(void **state)
{
	(void)roster_setup(state);
	errors = (struct field_errors){ .arena = one.a };
	assert_true(private_sql(&maria, "DELETE FROM department WHERE code NOT IN ('DRN', 'PRK');"
					"DELETE FROM holiday WHERE day = '2030-01-01';"
					"UPDATE department SET version = 1, active = 1;"
					"UPDATE category SET name_en = 'A', name_bn = 'ক', name_hi = 'क' WHERE code = 'DRN-A';"
					"UPDATE setting SET version = 1, value = 10 WHERE name = 'reopen_window_days'"));
	return 0;
}

static struct admin_wish
named(int64_t seen, const char *en)
{
	struct admin_wish w = ADMIN_WISH_INIT;

	w.version = seen;
	w.name = (struct names){ { [LANG_EN] = span_of(en), [LANG_BN] = SPAN("নাম"), [LANG_HI] = SPAN("नाम") } };
	return w;
}

static enum status
change(enum admin_kind kind, const char *code, const struct admin_wish *w)
{
	return admin_item_change(one.db, one.a, &root, kind, span_of(code), w, &errors, &nothing);
}

static enum status
add(enum admin_kind kind, const char *code, const struct admin_wish *w)
{
	return admin_item_add(one.db, one.a, &root, kind, span_of(code), w, &errors, &nothing);
}

static void
test_admin__codes_have_a_form(void **state)
{
	static const struct {
		enum admin_kind kind;
		const char *code;
		bool fits;
	} cases[] = {
		{ ADMIN_DEPARTMENTS, "DRN", true },         { ADMIN_DEPARTMENTS, "D2", true },
		{ ADMIN_DEPARTMENTS, "D", false },          { ADMIN_DEPARTMENTS, "2D", false },
		{ ADMIN_DEPARTMENTS, "drn", false },        { ADMIN_DEPARTMENTS, "ABCDEFGHI", false },
		{ ADMIN_DEPARTMENTS, "D-N", false },        { ADMIN_CATEGORIES, "DRN-A", true },
		{ ADMIN_CATEGORIES, "DRN-AB", true },       { ADMIN_CATEGORIES, "DRN-1", false },
		{ ADMIN_CATEGORIES, "DRN-", false },        { ADMIN_CATEGORIES, "DRN", false },
		{ ADMIN_CATEGORIES, "PRK-A", false },       { ADMIN_CATEGORIES, "DRNA", false },
		{ ADMIN_SUBCATEGORIES, "DRN-01", true },    { ADMIN_SUBCATEGORIES, "DRN-123", true },
		{ ADMIN_SUBCATEGORIES, "DRN-1", false },    { ADMIN_SUBCATEGORIES, "DRN-A1", false },
		{ ADMIN_SUBCATEGORIES, "DRN-1234", false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		if (admin_code_fits(cases[i].kind, DRN, span_of(cases[i].code)) != cases[i].fits)
			fail_msg("%s", cases[i].code);
}

static void
test_admin__a_change_is_recorded_with_what_it_was(void **state)
{
	struct admin_wish w = named(1, "Renamed");

	(void)state;
	assert_int_equal(change(ADMIN_CATEGORIES, "DRN-A", &w), E_OK);
	assert_int_equal(version(), 101);
	assert_int_equal(count("category WHERE code = 'DRN-A' AND name_en = 'Renamed' AND version = 2"), 1);
	assert_int_equal(
		count("admin_change WHERE what = 'category' AND subject = 'DRN-A' AND operator = 'root' AND staff_id IS NULL"
		      " AND JSON_VALUE(before_json, '$.en') = 'A' AND JSON_VALUE(after_json, '$.en') = 'Renamed'"
		      " AND at = '2026-11-23 04:30:00.123'"),
		1);
	w.version = 2;
	assert_int_equal(change(ADMIN_CATEGORIES, "DRN-A", &w), E_OK);
	assert_int_equal(version(), 101);
	w.version = 1;
	assert_int_equal(change(ADMIN_CATEGORIES, "DRN-A", &w), E_STALE);
	assert_int_equal(change(ADMIN_CATEGORIES, "DRN-Z", &w), E_NOT_FOUND);
	assert_int_equal(count("admin_change"), 1);
}

static void
test_admin__a_new_one_needs_all_that_belongs_to_it(void **state)
{
	struct admin_wish w = ADMIN_WISH_INIT;

	(void)state;
	assert_int_equal(add(ADMIN_SUBCATEGORIES, "DRN-09", &w), E_INVALID);
	assert_int_equal(errors.n, 5); /* category, three names, hours */
	w = named(0, "New");
	w.category = SPAN("DRN-B");
	w.sla_hours = 720;
	assert_int_equal(add(ADMIN_SUBCATEGORIES, "PRK-09", &w), E_INVALID);
	assert_int_equal(errors.n, 1);
	assert_int_equal(errors.v[0].code, FE_FORMAT);
	assert_int_equal(add(ADMIN_SUBCATEGORIES, "DRN-01", &w), E_INVALID);
	assert_int_equal(errors.v[0].code, FE_TAKEN);
	assert_int_equal(add(ADMIN_SUBCATEGORIES, "DRN-09", &w), E_OK);
	assert_int_equal(
		count("subcategory WHERE code = 'DRN-09' AND department_code = 'DRN' AND category_code = 'DRN-B' AND active"
		      " AND sla_hours = 720 AND NOT photo_on_resolve AND sort = 4"),
		1);
	w.department = SPAN("NONE");
	assert_int_equal(add(ADMIN_CATEGORIES, "DRN-C", &w), E_INVALID);
	assert_int_equal(errors.v[0].code, FE_NOT_FOUND);
	assert_int_equal(count("admin_change"), 1);
}

static void
test_admin__what_lies_in_something_inactive_is_inactive(void **state)
{
	struct admin_wish w = ADMIN_WISH_INIT;
	struct directory *d;

	(void)state;
	w.active = 0;
	w.version = 1;
	assert_int_equal(change(ADMIN_CATEGORIES, "DRN-A", &w), E_OK);
	assert_int_equal(change(ADMIN_DEPARTMENTS, "PRK", &w), E_OK);
	assert_int_equal(directory_load(one.db, &d), E_OK);
	assert_false(directory_subcategory(d, SPAN("DRN-01"))->active);
	assert_true(directory_subcategory(d, SPAN("DRN-02"))->active);
	assert_false(directory_subcategory(d, SPAN("PRK-01"))->active);
	directory_free(d);
}

struct racer {
	enum admin_kind kind;
	const char *code;
	enum status st;
};

static void *
race(void *arg)
{
	struct racer *r = arg;
	struct hand h = hand_new();
	struct field_errors e = { .arena = h.a };
	struct admin_answer none = { .render = NULL };
	const struct admin_wish w = named(1, arena_printf(h.a, "By %p", arg));

	r->st = admin_item_change(h.db, h.a, &root, r->kind, span_of(r->code), &w, &e, &none);
	hand_free(&h);
	return NULL;
}

static void
test_admin__of_two_at_once_one_wins(void **state)
{
	struct racer racers[6];
	pthread_t threads[ARRAY_LEN(racers)];
	int won = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(racers); i++) {
		racers[i] = (struct racer){ ADMIN_DEPARTMENTS, "PRK", E_OK };
		assert_int_equal(pthread_create(&threads[i], NULL, race, &racers[i]), 0);
	}
	for (size_t i = 0; i < ARRAY_LEN(racers); i++) {
		(void)pthread_join(threads[i], NULL);
		won += racers[i].st == E_OK;
		assert_true(racers[i].st == E_OK || racers[i].st == E_STALE);
	}
	assert_int_equal(won, 1);
	assert_int_equal(count("admin_change"), 1);
	assert_int_equal(count("department WHERE code = 'PRK' AND version = 2"), 1);
}

/* ---- lists of them */

static enum status
import_list(enum roster_list list, const char *csv, struct span department, bool confirm)
{
	struct roster_job job = job_of(csv, department);

	job.list = list;
	job.confirm = confirm;
	return bring(&job);
}

static void
test_admin__a_list_of_categories_is_complete_and_in_its_order(void **state)
{
	static const char list[] = CATEGORIES "DRN-C,DRN,Three,তিন,तीन\nDRN-A,DRN,A,ক,क\n";

	(void)state;
	assert_int_equal(import_list(ROSTER_CATEGORIES, list, DRN, false), E_OK);
	counts(1, 0, 1, 1, 0);
	assert_int_equal(count("category WHERE code = 'DRN-B' AND NOT active"), 1);
	assert_string_equal(exported(ROSTER_CATEGORIES, DRN, true), list);
	assert_int_equal(version(), 101);
	assert_int_equal(import_list(ROSTER_CATEGORIES, list, DRN, false), E_OK);
	counts(0, 0, 0, 2, 0);
	assert_int_equal(version(), 101);
	assert_int_equal(count("admin_change WHERE what = 'category'"), 2);
	/* other departments' are not in question, unless all are */
	assert_int_equal(count("category WHERE code = 'PRK-A' AND active"), 1);
	assert_int_equal(import_list(ROSTER_CATEGORIES, list, ALL, false), E_CONFIRM);
	assert_int_equal(import_list(ROSTER_CATEGORIES, list, ALL, true), E_OK);
	assert_int_equal(count("category WHERE code = 'PRK-A' AND active"), 0);
}

static void
test_admin__a_list_of_subcategories_names_what_differs(void **state)
{
	static const char list[] = SUBCATEGORIES "DRN-01,DRN-B,One,এক,एक,24,no,yes\n\"DRN-02\",DRN-B,Two,দুই,दो,48,no,no\r\n";

	(void)state;
	assert_int_equal(import_list(ROSTER_SUBCATEGORIES, list, DRN, false), E_OK);
	counts(0, 1, 0, 1, 0);
	assert_string_equal(report.items[0].columns[0], "category");
	assert_string_equal(report.items[0].columns[1], "photo_on_resolve");
	assert_string_equal(report.items[0].columns[2], "anonymous");
	assert_null(report.items[0].columns[3]);
	assert_int_equal(import_list(ROSTER_SUBCATEGORIES, SUBCATEGORIES "DRN-01,PRK-A,One,এক,एक,24,no,yes\n", DRN, false),
			 E_INVALID);
	assert_int_equal(report.errors[0].fault, RF_CATEGORY);
	assert_int_equal(version(), 101);
	assert_true(private_sql(&maria, "UPDATE subcategory SET category_code = 'DRN-A', photo_on_resolve = 1, anonymous = 0"
					" WHERE code = 'DRN-01'"));
}

/* ---- holidays and settings */

static void
test_admin__a_holiday_comes_and_goes(void **state)
{
	struct admin_holiday h = { .day = SPAN("2030-01-01"),
				   .name = { { [LANG_EN] = SPAN("Feast"), [LANG_BN] = SPAN("উৎসব"), [LANG_HI] = SPAN("पर्व") } } };
	const struct admin_holiday *list;
	size_t n;

	(void)state;
	assert_int_equal(admin_holiday_put(one.db, one.a, &root, &h, &nothing), E_OK);
	assert_int_equal(admin_holiday_put(one.db, one.a, &root, &h, &nothing), E_OK);
	assert_int_equal(version(), 101);
	h.name.in[LANG_EN] = SPAN("Festival");
	assert_int_equal(admin_holiday_put(one.db, one.a, &root, &h, &nothing), E_OK);
	assert_int_equal(admin_holidays(one.db, one.a, 2030, &list, &n), E_OK);
	assert_int_equal(n, 1);
	assert_true(span_eq(list[0].day, h.day) && span_eq(list[0].name.in[LANG_EN], SPAN("Festival")));
	assert_int_equal(admin_holiday_delete(one.db, one.a, &root, h.day), E_OK);
	assert_int_equal(admin_holiday_delete(one.db, one.a, &root, h.day), E_NOT_FOUND);
	assert_int_equal(count("admin_change WHERE what = 'holiday' AND subject = '2030-01-01'"), 3);
	assert_int_equal(version(), 103);
	assert_false(admin_day_fits(SPAN("2030-02-29")) || admin_day_fits(SPAN("1999-12-31")) || admin_day_fits(SPAN("2030-1-01")));
}

static void
test_admin__a_setting_stays_within_its_bounds(void **state)
{
	static const struct {
		int64_t value, seen;
		enum status st;
	} cases[] = {
		{ 0, 1, E_INVALID }, { 91, 1, E_INVALID }, { INT64_MIN, 1, E_INVALID }, { 90, 2, E_STALE }, { 90, 1, E_OK },
		{ 1, 0, E_OK },      { 1, 3, E_OK },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_int_equal(admin_setting_put(one.db, one.a, &root, SPAN("reopen_window_days"), cases[i].value, cases[i].seen,
						   &errors, &nothing),
				 cases[i].st);
	assert_int_equal(admin_setting_put(one.db, one.a, &root, SPAN("colour"), 1, 0, &errors, &nothing), E_NOT_FOUND);
	assert_int_equal(count("setting WHERE name = 'reopen_window_days' AND value = 1 AND version = 3"), 1);
	assert_int_equal(count("admin_change WHERE what = 'setting'"), 2);
	assert_int_equal(version(), 102);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_admin__codes_have_a_form, setup),
		cmocka_unit_test_setup(test_admin__a_change_is_recorded_with_what_it_was, setup),
		cmocka_unit_test_setup(test_admin__a_new_one_needs_all_that_belongs_to_it, setup),
		cmocka_unit_test_setup(test_admin__what_lies_in_something_inactive_is_inactive, setup),
		cmocka_unit_test_setup(test_admin__of_two_at_once_one_wins, setup),
		cmocka_unit_test_setup(test_admin__a_list_of_categories_is_complete_and_in_its_order, setup),
		cmocka_unit_test_setup(test_admin__a_list_of_subcategories_names_what_differs, setup),
		cmocka_unit_test_setup(test_admin__a_holiday_comes_and_goes, setup),
		cmocka_unit_test_setup(test_admin__a_setting_stays_within_its_bounds, setup),
	};

	return cmocka_run_group_tests(tests, group_up, group_down);
}
