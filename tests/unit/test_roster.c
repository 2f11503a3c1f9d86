/* Lists of officers: each mistake is named with its row, the same file changes nothing, who leaves is out at once. On the real
 * procedures. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "core/scan.h"
#include "roster_lab.h"

/* ---- mistakes */

static void
expect_fault(const char *rows, struct span department, size_t row, const char *column, enum roster_fault fault)
{
	assert_int_equal(look(rows, department), E_OK);
	for (size_t i = 0; i < report.n_errors; i++) {
		const struct roster_error *e = &report.errors[i];

		if (e->row == row && e->fault == fault &&
		    (column == NULL ? e->column == NULL : e->column != NULL && strcmp(e->column, column) == 0))
			return;
	}
	fail_msg("%s: not found in row %zu of %s, but %zu others, the first %s", roster_fault_code(fault), row, rows,
		 report.n_errors, report.n_errors == 0 ? "-" : roster_fault_code(report.errors[0].fault));
}

static void
test_roster__every_mistake_is_named_with_its_row_and_column(void **state)
{
	static const struct {
		const char *row; /* the third of the file */
		const char *column;
		enum roster_fault fault;
	} wrong[] = {
		{ ",lme,DRN,,,,,A,আ,", "user", RF_REQUIRED },
		{ "Lme3,lme,DRN,,,,,A,আ,", "user", RF_USER },
		{ "ab,lme,DRN,,,,,A,আ,", "user", RF_USER },
		{ "3lme,lme,DRN,,,,,A,আ,", "user", RF_USER },
		{ "lme three,lme,DRN,,,,,A,আ,", "user", RF_USER },
		{ "lme3,,DRN,,,,,A,আ,", "role", RF_REQUIRED },
		{ "lme3,boss,DRN,,,,,A,আ,", "role", RF_ROLE },
		{ "lme3,citizen,DRN,,,,,A,আ,", "role", RF_ROLE },
		{ "lme3,desk,,,,,,A,আ,", "role", RF_ROLE_ELSEWHERE },
		{ "lme3,lme,,,,,,A,আ,", "department", RF_REQUIRED },
		{ "lme3,lme,XYZ,,,,,A,আ,", "department", RF_DEPARTMENT },
		{ "lme3,lme,PRK,,,,,A,আ,", "department", RF_DEPARTMENT_OTHER },
		{ "lme3,eo,DRN,,,,,A,আ,", "level", RF_LEVEL },
		{ "lme3,eo,DRN,3,,,,A,আ,", "level", RF_LEVEL },
		{ "lme3,eo,DRN,x,,,,A,আ,", "level", RF_LEVEL },
		{ "lme3,lme,DRN,1,,,,A,আ,", "level", RF_NOT_FOR_ROLE },
		{ "lme3,lme,DRN,,17,,,A,আ,", "boroughs", RF_BOROUGH },
		{ "lme3,lme,DRN,,0 1,,,A,আ,", "boroughs", RF_BOROUGH },
		{ "lme3,lme,DRN,,\"1,2\",,,A,আ,", "boroughs", RF_BOROUGH },
		{ "lme3,lme,DRN,,,145,,A,আ,", "wards", RF_WARD },
		{ "lme3,lme,DRN,,1,10,,A,আ,", "wards", RF_WARD_BOROUGH },
		{ "lme3,lme,DRN,,1 2,9,,A,আ,", "boroughs", RF_BOROUGH_WARDS },
		{ "lme3,gro,DRN,,,9,,A,আ,", "wards", RF_NOT_FOR_ROLE },
		{ "lme3,gro,DRN,,,,DRN-01,A,আ,", "subcategories", RF_NOT_FOR_ROLE },
		{ "lme3,controlling,DRN,,1,,,A,আ,", "boroughs", RF_NOT_FOR_ROLE },
		{ "lme3,lme,DRN,,,,DRN-99,A,আ,", "subcategories", RF_SUBCATEGORY },
		{ "lme3,lme,DRN,,,,DRN-01 PRK-01,A,আ,", "subcategories", RF_SUBCATEGORY_OTHER },
		{ "lme3,lme,DRN,,,,PRK-A,A,আ,", "subcategories", RF_SUBCATEGORY_OTHER },
		{ "lme3,lme,DRN,,,,,,আ,", "en", RF_REQUIRED },
		{ "lme3,lme,DRN,,,,,A,  ,", "bn", RF_REQUIRED },
		{ "lme3,lme,DRN,,,,,\"A\nB\",আ,", "en", RF_CHARACTERS },
		{ "lme3,lme,DRN,,,,,A,\xe2\x80\xae"
		  "আ,",
		  "bn", RF_CHARACTERS },
		{ "lme3,lme,DRN,,,,,A,আ,900000001", "mobile", RF_MOBILE_DIGITS },
		{ "lme3,lme,DRN,,,,,A,আ,98300123456", "mobile", RF_MOBILE_DIGITS },
		{ "lme3,lme,DRN,,,,,A,আ,5000000001", "mobile", RF_MOBILE },
		{ "lme3,lme,DRN,,,,,A,আ,9.83E+09", "mobile", RF_MOBILE },
		{ "lme3,lme,DRN,,,,,A,আ,7000000001", "mobile", RF_MOBILE_TWICE },
		{ "lme1,lme,DRN,,2,,,Name One,নাম,7000000001", "en", RF_CONTRADICTS },
		{ "lme1,lme,DRN,,2,,,Name 1,নামে,7000000001", "bn", RF_CONTRADICTS },
		{ "lme1,lme,DRN,,2,,,Name 1,নাম,", "mobile", RF_CONTRADICTS },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
		expect_fault(arena_printf(one.a, L1 "%s\n", wrong[i].row), DRN, 3, wrong[i].column, wrong[i].fault);
	assert_int_equal(look(L1 "lme3,lme,DRN,,,,,A,আ,900000001\n", DRN), E_OK);
	assert_int_equal(report.n_errors, 1);
	assert_int_equal(report.errors[0].n, 9);
	counts(1, 0, 0, 0, 1);
}

static void
test_roster__what_is_no_list_is_told_for_the_file(void **state)
{
	static const struct {
		const char *text;
		enum roster_fault fault;
		size_t row;
		const char *value;
	} wrong[] = {
		{ "", RF_EMPTY, 1, NULL },
		{ "user,role\nx,lme\n", RF_COLUMN_MISSING, 1, "department" },
		{ "user;role;department;level;boroughs;wards;subcategories;en;bn;mobile\n", RF_COLUMN_UNKNOWN, 1,
		  "user;role;department;level;boroughs;wards;subcategories;en;bn;mobile" },
		{ "user,role,department,level,boroughs,wards,subcategories,en,bn,mobile,salary\n", RF_COLUMN_UNKNOWN, 1, "salary" },
		{ "user,user,role,department,level,boroughs,wards,subcategories,en,bn,mobile\n", RF_COLUMN_TWICE, 1, "user" },
		{ HEADER "lme1,lme,DRN,,,,,A,আ,,x\n", RF_FIELDS_MANY, 2, NULL },
		{ HEADER "lme1,lme,DRN\n", RF_FIELDS_FEW, 2, NULL },
		{ HEADER "lme1,lme,DRN,,,,,\"A,আ,\n", RF_CSV, 2, NULL },
		{ HEADER "lme1,lme,DRN,,,,,A,\xe0\xa6,\n", RF_UTF8, 2, NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		struct roster_job job = job_of(wrong[i].text, DRN);
		bool found = false;

		assert_int_equal(bring(&job), E_INVALID);
		for (size_t k = 0; k < report.n_errors; k++)
			found = found || (report.errors[k].fault == wrong[i].fault && report.errors[k].row == wrong[i].row &&
					  (wrong[i].value == NULL || span_eq(report.errors[k].value, span_of(wrong[i].value))));
		if (!found)
			fail_msg("%s of %s", roster_fault_code(wrong[i].fault), wrong[i].text);
	}
	assert_int_equal(import(L1, span_of("XYZ")), E_NOT_FOUND);
	assert_int_equal(version(), 100);
}

static void
test_roster__too_many_rows_and_duties_are_refused(void **state)
{
	struct buf text = BUF_INIT(1 << 22);
	struct roster_job job;

	(void)state;
	buf_text(&text, HEADER);
	for (int i = 0; i <= ROSTER_ROWS_MAX; i++)
		buf_text(&text, ",,,,,,,,,\n");
	job = job_of("", DRN);
	job.csv = buf_view(&text);
	assert_int_equal(bring(&job), E_INVALID);
	assert_int_equal(report.errors[0].fault, RF_ROWS_MANY);
	buf_clear(&text);
	_Static_assert(2 * WARDS > DUTIES_MAX, "every ward for two subcategories is too much");
	buf_text(&text, "lme1,lme,DRN,,,");
	for (int w = 1; w <= WARDS; w++)
		buf_printf(&text, "%d ", w);
	buf_text(&text, ",DRN-01 DRN-02,A,আ,\n");
	expect_fault(text.data, DRN, 2, "wards", RF_DUTIES_MANY);
	assert_int_equal(report.errors[0].n, 2 * WARDS);
	buf_release(&text);
}

static void
test_roster__every_fault_has_a_code_and_three_texts(void **state)
{
	char longest[5001];
	size_t chars = 0;

	(void)state;
	for (size_t i = 0; i < 5000; i += 4)
		memcpy(longest + i, "🦜", 4);
	longest[5000] = '\0';
	for (int f = 0; f < ROSTER_FAULT__COUNT; f++) {
		const struct roster_error e = { .fault = (enum roster_fault)f, .n = 7, .value = SPAN("X") };

		assert_true(strlen(roster_fault_code(e.fault)) > 0);
		for (int g = 0; g < f; g++)
			assert_string_not_equal(roster_fault_code(e.fault), roster_fault_code((enum roster_fault)g));
		for (int l = 0; l < LANG__COUNT; l++) {
			struct buf text = BUF_INIT(1024);

			roster_fault_text(&e, (enum lang)l, &text);
			assert_true(text.len > 5 && strchr(text.data, '{') == NULL);
			buf_clear(&text);
			roster_fault_text(&(struct roster_error){ .fault = e.fault, .value = span_of(longest) }, (enum lang)l,
					  &text);
			assert_true(!text.failed && scan_utf8(buf_view(&text), &chars) && chars < 300);
			buf_release(&text);
		}
	}
}

/* ---- bringing in */

static void
test_roster__comes_changes_and_leaves(void **state)
{
	(void)state;
	assert_int_equal(import(L1 L2 G3, DRN), E_OK);
	counts(3, 0, 0, 0, 0);
	assert_int_equal(version(), 101);
	assert_int_equal(report.version, 101);
	assert_int_equal(import("lme1,lme,DRN,,1 2,,,Name 1,নাম,9830012345\n" G3 "new.one,eo,DRN,2,,,,=1+1,নতুন \"এক\",\n", DRN),
			 E_INVALID); /* a quote inside an unquoted field */
	assert_int_equal(
		import("lme1,lme,DRN,,1 2,,,Name 1,নাম,9830012345\n" G3 "new.one,eo,DRN,2,,,,=1+1,\"নতুন \"\"এক\"\"\",\n", DRN),
		E_OK);
	counts(1, 1, 1, 1, 0);
	assert_int_equal(report.n_items, 3);
	assert_int_equal(report.items[0].what, ROSTER_LEAVING);
	assert_true(span_eq(report.items[0].key, SPAN("lme2")));
	assert_int_equal(report.items[1].what, ROSTER_CHANGED);
	assert_string_equal(report.items[1].columns[0], "mobile");
	assert_string_equal(report.items[1].columns[1], "duties");
	assert_int_equal(report.items[2].row, 4);
	assert_int_equal(count("staff WHERE user_name = 'new.one' AND name_en = '=1+1' AND name_bn = 'নতুন \"এক\"' AND active"
			       " AND password_hash IS NULL AND must_change AND mobile_sealed IS NULL AND department_code = 'DRN'"),
			 1);
	assert_int_equal(count("roster r JOIN staff s ON s.id = r.staff_id WHERE s.user_name = 'new.one' AND r.role = 'EO'"
			       " AND r.eo_level = 2 AND r.department_code = 'DRN' AND r.borough_no IS NULL"),
			 1);
	assert_int_equal(count("roster WHERE staff_id = 1 AND borough_no IN (1, 2)"), 2);
	assert_int_equal(count("staff WHERE id = 2 AND NOT active AND department_code = 'DRN'"), 1);
	assert_int_equal(count("roster WHERE staff_id = 2"), 0);
	assert_int_equal(count("admin_change WHERE what = 'roster' AND subject = 'DRN' AND operator = 'root'"), 2);
	assert_int_equal(count("admin_change WHERE JSON_VALUE(after_json, '$.left[0]') = 'lme2'"), 1);
}

static void
test_roster__the_same_file_twice_changes_nothing(void **state)
{
	(void)state;
	assert_int_equal(import(L1 L2 G3 G4, DRN), E_OK);
	assert_int_equal(import(L1 L2 G3 G4, DRN), E_OK);
	counts(0, 0, 0, 4, 0);
	assert_int_equal(version(), 101);
	assert_int_equal(report.version, 101);
	assert_int_equal(count("admin_change"), 1);
	assert_int_equal(import(G4 G3 L2 L1, DRN), E_OK); /* nor does another order of rows */
	counts(0, 0, 0, 4, 0);
	assert_int_equal(version(), 101);
}

static void
test_roster__a_dry_run_changes_nothing_and_says_the_same(void **state)
{
	(void)state;
	assert_int_equal(look(L1 L2, DRN), E_OK);
	counts(2, 0, 0, 0, 0);
	assert_int_equal(version() + count("roster") + count("admin_change"), 100);
	assert_int_equal(look(L1 "lme9,lme,DRN,,99,,,A,আ,12\n", DRN), E_OK);
	counts(1, 0, 0, 0, 2);
}

static void
test_roster__one_wrong_row_and_nothing_is_changed(void **state)
{
	(void)state;
	assert_int_equal(import(L1 L2 "lme9,lme,DRN,,99,,,A,আ,\n", DRN), E_INVALID);
	counts(2, 0, 0, 0, 1);
	assert_int_equal(version() + count("roster") + count("admin_change"), 100);
}

static void
test_roster__is_read_however_a_spreadsheet_writes_it(void **state)
{
	const struct roster_job job = job_of("\xef\xbb\xbfmobile,bn,en,subcategories,wards,boroughs,level,department,role,user\r\n"
					     "\"+91 70000 00001\",নাম, Name 1 ,,, 1,,DRN,LME,lme1\r\n"
					     ",,,,,,,,,\r\n"
					     "৭০০০০০০০০২,\"নাম\",'=SUM(A1),DRN-A  DRN-02 ,9 10,,,DRN,lme,lme2\r\n\r\n",
					     DRN);

	(void)state;
	assert_int_equal(bring(&job), E_OK);
	counts(2, 0, 0, 0, 0);
	assert_int_equal(report.rows, 2);
	assert_int_equal(count("roster WHERE staff_id = 1 AND borough_no = 1 AND ward_no IS NULL"), 1);
	assert_int_equal(count("staff WHERE id = 2 AND name_en = '=SUM(A1)'"), 1);
	assert_int_equal(count("roster WHERE staff_id = 2"), 4);
	assert_int_equal(count("roster WHERE staff_id = 2 AND category_code = 'DRN-A' AND subcategory_code IS NULL AND ward_no = 10"
			       " AND borough_no IS NULL"),
			 1);
	assert_string_equal(exported(ROSTER_STAFF, DRN, true),
			    HEADER "lme1,lme,DRN,,1,,,Name 1,নাম,7000000001\n"
				   "lme2,lme,DRN,,,9 10,DRN-02 DRN-A,'=SUM(A1),নাম,7000000002\n");
}

static void
test_roster__what_goes_out_comes_in_unchanged(void **state)
{
	(void)state;
	assert_int_equal(import("lme1,lme,DRN,,1,,,\"A, B\",নাম,7000000001\n"
				"lme1,lme,DRN,,,99 100,DRN-01,\"A, B\",নাম,7000000001\n"
				"lme1,gro,DRN,,,,,\"A, B\",নাম,7000000001\n"
				"lme1,lme,PRK,,16,136 137,,\"A, B\",নাম,7000000001\n"
				"lme2,lme,DRN,,3,19,DRN-01 DRN-02,\"say \"\"so\"\"\",'=নাম,7000000002\n"
				"gro,controlling,DRN,,,,,'+Name,''নাম,7000000003\n"
				"gro.b2,admin,,,,,,-Name,@নাম,7000000004\n"
				"left,eo,PRK,1,1 2 3,,,Name 5,নাম,\n",
				ALL),
			 E_OK);
	counts(5, 0, 0, 0, 0);
	for (int i = 0; i < 3; i++) {
		const struct span scope = i == 0 ? ALL : i == 1 ? DRN : span_of("PRK");
		const struct roster_job job = job_of(exported(ROSTER_STAFF, scope, true), scope);

		assert_int_equal(bring(&job), E_OK);
		assert_int_equal(report.added + report.changed + report.leaving + report.errors_all, 0);
		assert_true(report.unchanged >= 2);
	}
	assert_int_equal(version(), 101);
	assert_int_equal(count("staff WHERE name_en IN ('A, B', 'say \"so\"', '+Name', '-Name') OR name_bn IN ('=নাম', '''নাম')"),
			 5 - 1);
	/* a controlling officer's file has no officers that are not theirs to give */
	assert_null(strstr(exported(ROSTER_STAFF, DRN, false), "controlling"));
}

/* ---- who may */

static struct actor
officer(int64_t id, const struct duty *duty)
{
	return (struct actor){ .kind = ACTOR_STAFF, .id = id, .roles = duty->role, .duties = duty, .n_duties = 1 };
}

static enum status
import_as(const struct actor *actor, const char *rows, struct span department)
{
	struct roster_job job = job_of(arena_printf(one.a, HEADER "%s", rows), department);

	job.who.actor = actor;
	return bring(&job);
}

static void
test_roster__a_controlling_officer_gives_duties_of_officers_only(void **state)
{
	static const struct duty duty = { .role = CONTROLLING, .department = "DRN" };
	const struct actor co = officer(4, &duty);

	(void)state;
	assert_true(private_sql(&maria, "INSERT INTO roster (staff_id, role, department_code) VALUES (4, 'CONTROLLING', 'DRN'),"
					" (3, 'LME', 'PRK')"));
	assert_int_equal(import_as(&co, L1 "lme2,controlling,DRN,,,,,Name 2,নাম,7000000002\n", DRN), E_INVALID);
	assert_int_equal(report.errors[0].fault, RF_ROLE_FORBIDDEN);
	/* an officer of another department takes a second charge, but keeps name and mobile */
	assert_int_equal(import_as(&co, "gro,gro,DRN,,,,,Other Name,নাম,7000000009\n", DRN), E_INVALID);
	assert_int_equal(report.errors_all, 2);
	assert_int_equal(report.errors[0].fault, RF_FOREIGN);
	assert_int_equal(import_as(&co, G3, DRN), E_OK);
	counts(1, 0, 0, 0, 0);
	/* nobody's account, or another department's, is not theirs to rename */
	assert_int_equal(import_as(&co, G3 "left,lme,DRN,,,,,New Name,নাম,7000000005\n", DRN), E_INVALID);
	assert_true(private_sql(&maria, "UPDATE staff SET department_code = 'DRN' WHERE id = 5"));
	assert_int_equal(import_as(&co, G3 "left,lme,DRN,,,,,New Name,নাম,7000000005\n", DRN), E_OK);
	counts(1, 0, 0, 1, 0);
	/* the controlling officer, whom no list of theirs names, is still there */
	assert_int_equal(count("roster WHERE staff_id = 4 AND role = 'CONTROLLING'"), 1);
	assert_int_equal(import(G3, DRN), E_OK);
	assert_int_equal(count("roster WHERE staff_id = 4 AND role = 'CONTROLLING'"), 1);
	/* an administrator's list that names another one replaces them */
	assert_int_equal(import(G3 "lme1,controlling,DRN,,,,,Name 1,নাম,7000000001\n", DRN), E_OK);
	assert_int_equal(count("roster WHERE role = 'CONTROLLING' AND staff_id = 1"), 1);
	assert_int_equal(count("roster WHERE role = 'CONTROLLING'"), 1);
}

/* ---- at once */

static void
test_roster__a_list_made_from_an_old_look_is_refused(void **state)
{
	struct roster_job job = job_of(HEADER L1, DRN);

	(void)state;
	job.dry_run = true;
	assert_int_equal(bring(&job), E_OK);
	job.dry_run = false;
	job.version = report.version;
	assert_true(private_sql(&maria, "UPDATE directory_version SET version = version + 1"));
	assert_int_equal(bring(&job), E_STALE);
	assert_int_equal(count("roster"), 0);
	job.version++;
	assert_int_equal(bring(&job), E_OK);
}

static void *
race(void *arg)
{
	struct hand h = hand_new();
	const struct roster_means w = { .db = h.db, .arena = h.a, .seal = seal };
	struct admin_answer nothing = { .render = NULL };
	struct roster_report r;
	enum status *st = arg;
	struct roster_job job = job_of(HEADER L1 G3, DRN);

	job.version = 100;
	*st = roster_import(&w, &job, &r, &nothing);
	hand_free(&h);
	return NULL;
}

static void
test_roster__of_lists_at_once_one_wins(void **state)
{
	enum { RACERS = 6 };
	pthread_t threads[RACERS];
	enum status st[RACERS];
	int won = 0;

	(void)state;
	for (int i = 0; i < RACERS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, race, &st[i]), 0);
	for (int i = 0; i < RACERS; i++) {
		(void)pthread_join(threads[i], NULL);
		won += st[i] == E_OK;
		assert_true(st[i] == E_OK || st[i] == E_STALE);
	}
	assert_int_equal(won, 1);
	assert_int_equal(version(), 101);
	assert_int_equal(count("roster"), 2);
	assert_int_equal(count("admin_change"), 1);
}

static void
test_roster__five_thousand_rows_come_in_as_one(void **state)
{
	struct buf text = BUF_INIT(1 << 22);
	struct roster_job job;

	(void)state;
	buf_text(&text, HEADER);
	for (int i = 0; i < 5000; i++)
		buf_printf(&text, "lme.%04d,lme,DRN,,,%d %d,,Officer %d,আধিকারিক %d,70001%05d\n", i, 1 + i % 144, 1 + (i + 1) % 144,
			   i, i, i);
	job = job_of("", DRN);
	job.csv = buf_view(&text);
	assert_int_equal(bring(&job), E_OK);
	counts(5000, 0, 0, 0, 0);
	assert_int_equal(report.items_all, 5000);
	assert_int_equal(report.n_items, ROSTER_ITEMS_MAX);
	assert_int_equal(count("roster"), 10000);
	assert_int_equal(bring(&job), E_OK);
	counts(0, 0, 0, 5000, 0);
	buf_release(&text);
	assert_true(private_sql(&maria, "DELETE FROM roster; DELETE FROM staff WHERE id > 5"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_roster__every_mistake_is_named_with_its_row_and_column, roster_setup),
		cmocka_unit_test_setup(test_roster__what_is_no_list_is_told_for_the_file, roster_setup),
		cmocka_unit_test_setup(test_roster__too_many_rows_and_duties_are_refused, roster_setup),
		cmocka_unit_test_setup(test_roster__every_fault_has_a_code_and_three_texts, roster_setup),
		cmocka_unit_test_setup(test_roster__comes_changes_and_leaves, roster_setup),
		cmocka_unit_test_setup(test_roster__the_same_file_twice_changes_nothing, roster_setup),
		cmocka_unit_test_setup(test_roster__a_dry_run_changes_nothing_and_says_the_same, roster_setup),
		cmocka_unit_test_setup(test_roster__one_wrong_row_and_nothing_is_changed, roster_setup),
		cmocka_unit_test_setup(test_roster__is_read_however_a_spreadsheet_writes_it, roster_setup),
		cmocka_unit_test_setup(test_roster__what_goes_out_comes_in_unchanged, roster_setup),
		cmocka_unit_test_setup(test_roster__a_controlling_officer_gives_duties_of_officers_only, roster_setup),
		cmocka_unit_test_setup(test_roster__a_list_made_from_an_old_look_is_refused, roster_setup),
		cmocka_unit_test_setup(test_roster__of_lists_at_once_one_wins, roster_setup),
		cmocka_unit_test_setup(test_roster__five_thousand_rows_come_in_as_one, roster_setup),
	};

	return cmocka_run_group_tests(tests, group_up, group_down);
}
