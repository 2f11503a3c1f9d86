/* Employees of a department, in the order in which one would ask them. */
#include "domain/employee.h"

const char *const fit_names[] = {
	[FIT_WARD] = "ward", [FIT_BOROUGH] = "borough", [FIT_DEPARTMENT] = "department", [FIT_OTHER] = "other", NULL,
};
_Static_assert(ARRAY_LEN(fit_names) == FIT__COUNT + 1, "a fit has no name");

/* The same nearness as in route_lme (sql/procedures/place.sql), where it decides. An LME is always of one department; other
 * officers without one are of all. */
#define SUBJECT_FITS                                                                                                               \
	"(? IS NULL OR r.subcategory_code IS NULL OR r.subcategory_code = CONVERT(? USING ascii))"                                 \
	" AND (? IS NULL OR r.category_code IS NULL OR r.category_code = CONVERT(? USING ascii))"
#define FIT                                                                                                                        \
	"MIN(CASE WHEN NOT (" SUBJECT_FITS                                                                                         \
	") THEN 3 WHEN r.ward_no = ? THEN 0 WHEN r.ward_no IS NOT NULL AND ? IS NOT NULL THEN 3"                                   \
	" WHEN r.borough_no = ? THEN 1 WHEN r.borough_no IS NOT NULL AND ? IS NOT NULL THEN 3 ELSE 2 END)"

enum { Q_LIST };

const struct sql employee_sql[] = {
	[Q_LIST] = { "SELECT s.user_name, IF(? = 'bn', s.name_bn, s.name_en), JSON_ARRAYAGG(JSON_OBJECT('level', r.eo_level,"
		     " 'category', r.category_code, 'subcategory', r.subcategory_code, 'borough', r.borough_no, 'ward', "
		     "r.ward_no)), " FIT " AS fit, (SELECT COUNT(*) FROM complaint c WHERE c.holder_id = s.id) AS open"
		     " FROM roster r JOIN staff s ON s.id = r.staff_id AND s.active"
		     " WHERE r.role = ? AND (r.department_code = ? OR (r.department_code IS NULL AND r.role <> 'LME'))"
		     " AND (? IS NULL OR LOCATE(?, s.name_en) > 0 OR LOCATE(?, s.name_bn) > 0"
		     " OR LOCATE(?, CONVERT(s.user_name USING utf8mb4)) > 0)"
		     " GROUP BY s.id ORDER BY fit, open, s.user_name LIMIT ?",
		     "s"
		     "ssss"
		     "iiii"
		     "ss"
		     "ssss"
		     "i",
		     "sssii", false },
};
const size_t employee_sql_n = ARRAY_LEN(employee_sql);

static struct db_value
place_or_null(int number)
{
	return number == 0 ? db_null() : db_int(number);
}

static const char *
role_word(struct arena *a, enum role role)
{
	char *word = arena_strdup(a, role_name(role));

	for (char *p = word; p != NULL && *p != '\0'; p++)
		*p = (char)(*p - 'a' + 'A');
	return word;
}

enum status
employee_list(struct db *db, struct arena *a, const struct employee_filter *f, enum lang lang, const struct employee **out,
	      size_t *n)
{
	const struct db_value subcategory = db_text(f->subcategory), category = db_text(f->category), text = db_text(f->text);
	const struct db_value ward = place_or_null(f->ward), borough = place_or_null(f->borough);
	const char *role = role_word(a, f->role);
	struct employee *list;
	struct db_rows rows;
	enum status st;

	if (role == NULL)
		return E_NOMEM;
	st = db_run(db, a, &employee_sql[Q_LIST],
		    DB_ARGS(db_text(span_of(lang_code(lang))), subcategory, subcategory, category, category, ward, ward, borough,
			    borough, db_text(span_of(role)), db_text(f->department), text, text, text, text, db_int(f->limit)),
		    &rows);
	if (st != E_OK)
		return st;
	list = arena_array(a, rows.n, sizeof(*list));
	if (list == NULL)
		return E_NOMEM;
	for (size_t i = 0; i < rows.n; i++) {
		const struct db_value *v = db_row(&rows, i);

		list[i] = (struct employee){
			.user = v[0].s, .name = v[1].s, .duties = v[2].s, .fit = (enum fit)v[3].i, .open = v[4].i
		};
	}
	*out = list;
	*n = rows.n;
	return E_OK;
}
