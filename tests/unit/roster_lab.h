/* What the tests of lists share: the seeded database, ways to bring a list in, what came of it. After cmocka.h. */
#ifndef EKMC_TESTS_ROSTER_LAB_H
#define EKMC_TESTS_ROSTER_LAB_H

#include "domain/roster.h"
#include "lodging.h"

#define HEADER "user,role,department,level,boroughs,wards,subcategories,en,bn,mobile\n"
#define DRN    ((struct span){ "DRN", 3 })
#define ALL    ((struct span){ NULL, 0 })

/* rows of seeded.h's people, with the names and mobiles that roster_setup gives them */
#define L1 "lme1,lme,DRN,,1,,,Name 1,নাম,7000000001\n"
#define L2 "lme2,lme,DRN,,,,,Name 2,নাম,7000000002\n"
#define G3 "gro,gro,DRN,,,,,Name 3,নাম,7000000003\n"
#define G4 "gro.b2,gro,DRN,,2,,,Name 4,নাম,7000000004\n"

static struct roster_report report;

/* Everybody as seeded.h has them, with mobiles, and without duties. */
static int
roster_setup(void **state)
{
	static const struct sql mobile = { "UPDATE staff SET mobile_sealed = ? WHERE id = ?", "bi", "", false };

	(void)state;
	seeded_reset();
	arena_reset(one.a);
	assert_true(private_sql(&maria,
				"DELETE FROM admin_change; UPDATE directory_version SET version = 100;"
				"UPDATE staff SET active = id <> 5, name_en = CONCAT('Name ', id), name_bn = 'নাম',"
				" department_code = NULL WHERE id <= 5;"
				"DELETE FROM subcategory WHERE code NOT IN ('DRN-01', 'DRN-02', 'PRK-01');"
				"DELETE FROM category WHERE code NOT IN ('DRN-A', 'DRN-B', 'PRK-A');"
				"UPDATE category SET active = 1, version = 1; UPDATE subcategory SET active = 1, version = 1"));
	for (int64_t id = 1; id <= 5; id++) {
		char digits[11];
		struct span sealed;

		(void)snprintf(digits, sizeof(digits), "700000000%d", (int)id);
		assert_int_equal(seal_box(seal, one.a, span_of(digits), &sealed), E_OK);
		(void)seeded_rows(&one, &mobile, DB_ARGS(db_text(sealed), db_int(id)));
	}
	return 0;
}

static struct roster_means
means(void)
{
	return (struct roster_means){ .db = one.db, .arena = one.a, .seal = seal };
}

static UNUSED struct roster_job
job_of(const char *csv, struct span department)
{
	return (struct roster_job){ .csv = span_of(csv),
				    .department = department,
				    .who = { .account = "root", .now_ms = MONDAY_MS + HOUR_MS } };
}

static UNUSED enum status
bring(const struct roster_job *job)
{
	const struct roster_means w = means();
	struct admin_answer nothing = { .render = NULL };

	return roster_import(&w, job, &report, &nothing);
}

/* As the administrator of the host: for real, or only looking. */
static UNUSED enum status
import(const char *rows, struct span department)
{
	const struct roster_job job = job_of(arena_printf(one.a, HEADER "%s", rows), department);

	return bring(&job);
}

static UNUSED enum status
look(const char *rows, struct span department)
{
	struct roster_job job = job_of(arena_printf(one.a, HEADER "%s", rows), department);

	job.dry_run = true;
	return bring(&job);
}

static UNUSED long long
version(void)
{
	return private_number(&maria, "SELECT version FROM directory_version");
}

static UNUSED void
counts(size_t added, size_t changed, size_t leaving, size_t unchanged, size_t errors)
{
	assert_int_equal(report.errors_all, errors);
	assert_int_equal(report.added, added);
	assert_int_equal(report.changed, changed);
	assert_int_equal(report.leaving, leaving);
	assert_int_equal(report.unchanged, unchanged);
}

/* The whole file of the scope. */
static UNUSED const char *
exported(enum roster_list list, struct span department, bool by_admin)
{
	const struct roster_means w = means();
	struct buf text = BUF_INIT(1 << 20);
	struct directory *d;
	const char *copy;

	assert_int_equal(directory_load(one.db, &d), E_OK);
	assert_int_equal(roster_csv(&w, d, list, department, by_admin, &text), E_OK);
	copy = arena_strndup(one.a, text.data, text.len);
	assert_non_null(copy);
	directory_free(d);
	buf_release(&text);
	return copy;
}

#endif
