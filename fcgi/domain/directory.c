/* Loading and looking up the directory. */
#include "domain/directory.h"

#include "core/clock.h"

#define DIRECTORY_BYTES (16 << 20)
#define HOUR_MS         INT64_C(3600000)
#define DAY_MS          (24 * HOUR_MS)

enum { Q_VERSION, Q_DEPARTMENTS, Q_CATEGORIES, Q_SUBCATEGORIES, Q_WARDS, Q_HOLIDAYS, Q_NAMES, Q_POSTS, Q_SETTINGS, Q_LOCATE };

const struct sql directory_sql[] = {
	[Q_VERSION] = { "SELECT version FROM directory_version", "", "i", false },
	[Q_DEPARTMENTS] = { "SELECT code, name_en, name_bn, name_hi, active FROM department ORDER BY sort, code", "", "ssssi",
			    false },
	[Q_CATEGORIES] = { "SELECT code, name_en, name_bn, name_hi, active, department_code FROM category ORDER BY sort, code", "",
			   "ssssis", false },
	[Q_SUBCATEGORIES] = { "SELECT code, name_en, name_bn, name_hi, active, category_code, sla_hours, photo_on_resolve, "
			      "anonymous"
			      " FROM subcategory ORDER BY sort, code",
			      "", "ssssisiii", false },
	[Q_WARDS] = { "SELECT ward_no, borough_no FROM ward ORDER BY ward_no", "", "ii", false },
	[Q_HOLIDAYS] = { "SELECT YEAR(day), MONTH(day), DAY(day) FROM holiday ORDER BY day", "", "iii", false },
	[Q_NAMES] = { "SELECT kind, code, name_en, name_bn, name_hi FROM public_name ORDER BY kind, code", "", "sssss", false },
	[Q_POSTS] = { "SELECT DISTINCT r.role, r.eo_level, r.department_code, r.borough_no FROM roster r"
		      " JOIN staff s ON s.id = r.staff_id AND s.active WHERE r.role IN ('GRO', 'EO')",
		      "", "sisi", false },
	[Q_SETTINGS] = { "SELECT name, value FROM setting", "", "si", false },
	[Q_LOCATE] = { "SELECT ward_at(?, ?)", "dd", "i", false },
};
const size_t directory_sql_n = ARRAY_LEN(directory_sql);

static struct names
names_of(const struct db_value *v)
{
	return (struct names){ { [LANG_EN] = v[0].s, [LANG_BN] = v[1].s, [LANG_HI] = v[2].s } };
}

/* Turns one row into one item. False: the row names something that is not there. */
typedef bool fill(struct directory *d, const struct db_value *v, void *item);

static bool
fill_department(struct directory *d, const struct db_value *v, void *item)
{
	(void)d;
	*(struct department *)item = (struct department){ .code = v[0].s, .name = names_of(v + 1), .active = v[4].i != 0 };
	return true;
}

static bool
fill_category(struct directory *d, const struct db_value *v, void *item)
{
	const struct department *owner = directory_department(d, v[5].s);

	if (owner == NULL)
		return false;
	*(struct category *)item = (struct category){
		.code = v[0].s, .name = names_of(v + 1), .active = v[4].i != 0, .department = (size_t)(owner - d->departments)
	};
	return true;
}

static bool
fill_subcategory(struct directory *d, const struct db_value *v, void *item)
{
	const struct category *owner = directory_category(d, v[5].s);
	bool active = v[4].i != 0;

	if (owner == NULL)
		return false;
	active = active && owner->active && d->departments[owner->department].active;
	*(struct subcategory *)item = (struct subcategory){ .code = v[0].s,
							    .name = names_of(v + 1),
							    .active = active,
							    .category = (size_t)(owner - d->categories),
							    .sla_hours = (int)v[6].i,
							    .photo_on_resolve = v[7].i != 0,
							    .anonymous = v[8].i != 0 };
	return true;
}

static bool
fill_ward(struct directory *d, const struct db_value *v, void *item)
{
	*(int64_t *)item = v[0].i;
	if (v[0].i < 1 || v[0].i > WARDS)
		return false;
	d->ward_borough[v[0].i] = (int)v[1].i;
	return true;
}

static bool
fill_holiday(struct directory *d, const struct db_value *v, void *item)
{
	(void)d;
	*(int64_t *)item = clock_kolkata_midnight_ms((int)v[0].i, (int)v[1].i, (int)v[2].i);
	return true;
}

static bool
fill_public_name(struct directory *d, const struct db_value *v, void *item)
{
	(void)d;
	*(struct public_name *)item = (struct public_name){ .kind = v[0].s, .code = v[1].s, .name = names_of(v + 2) };
	return true;
}

static bool
fill_post(struct directory *d, const struct db_value *v, void *item)
{
	(void)d;
	*(struct post *)item = (struct post){ .role = role_parse(v[0].s),
					      .eo_level = v[1].null ? 0 : (int)v[1].i,
					      .department = v[2].null ? (struct span){ NULL, 0 } : v[2].s,
					      .borough = v[3].null ? 0 : (int)v[3].i };
	return true;
}

/* In this order: what a row refers to has been loaded before it. */
static const struct {
	int query;
	size_t size;
	fill *fill;
	size_t list, n; /* offsets in struct directory */
} lists[] = {
#define LIST(q, type, f, member)                                                                                                   \
	{                                                                                                                          \
		q, sizeof(type), f, offsetof(struct directory, member), offsetof(struct directory, n_##member)                     \
	}
	LIST(Q_DEPARTMENTS, struct department, fill_department, departments),
	LIST(Q_CATEGORIES, struct category, fill_category, categories),
	LIST(Q_SUBCATEGORIES, struct subcategory, fill_subcategory, subcategories),
	LIST(Q_WARDS, int64_t, fill_ward, wards),
	LIST(Q_HOLIDAYS, int64_t, fill_holiday, holidays),
	LIST(Q_NAMES, struct public_name, fill_public_name, public_names),
	LIST(Q_POSTS, struct post, fill_post, posts),
#undef LIST
};

static enum status
load(struct db *db, struct directory *d, size_t k)
{
	struct db_rows rows;
	char *items;
	enum status st = db_run(db, d->arena, &directory_sql[lists[k].query], DB_NO_ARGS, &rows);

	if (st != E_OK)
		return st;
	items = arena_array(d->arena, rows.n, lists[k].size);
	if (items == NULL)
		return E_NOMEM;
	for (size_t i = 0; i < rows.n; i++)
		if (!lists[k].fill(d, db_row(&rows, i), items + i * lists[k].size))
			return E_INTERNAL;
	memcpy((char *)d + lists[k].list, &items, sizeof(items));
	memcpy((char *)d + lists[k].n, &rows.n, sizeof(rows.n));
	return E_OK;
}

/* A setting that this program does not know is another version's. */
static enum status
load_rules(struct db *db, struct directory *d)
{
	int64_t metres = 0;
	const struct {
		const char *name;
		int64_t *to, unit;
	} settings[] = {
		{ "reopen_window_days", &d->rules.reopen_window_ms, DAY_MS },
		{ "rate_after_close_days", &d->rules.rate_after_close_ms, DAY_MS },
		{ "wait_citizen_days", &d->rules.wait_citizen_ms, DAY_MS },
		{ "similar_metres", &metres, 1 },
	};
	struct db_rows rows;
	size_t found = 0;
	enum status st = db_run(db, d->arena, &directory_sql[Q_SETTINGS], DB_NO_ARGS, &rows);

	if (st != E_OK)
		return st;
	for (size_t i = 0; i < rows.n; i++)
		for (size_t k = 0; k < ARRAY_LEN(settings); k++)
			if (span_eq(db_row(&rows, i)[0].s, span_of(settings[k].name))) {
				*settings[k].to = db_row(&rows, i)[1].i * settings[k].unit;
				found++;
			}
	d->rules.similar_m = (double)metres;
	return found == ARRAY_LEN(settings) ? E_OK : E_INTERNAL;
}

enum status
directory_version(struct db *db, struct arena *a, int64_t *version)
{
	struct db_rows rows;
	enum status st = db_run(db, a, &directory_sql[Q_VERSION], DB_NO_ARGS, &rows);

	if (st == E_OK && rows.n != 1)
		st = E_INTERNAL;
	if (st == E_OK)
		*version = db_row(&rows, 0)[0].i;
	return st;
}

enum status
directory_load(struct db *db, struct directory **out)
{
	struct arena *a = arena_new(65536, DIRECTORY_BYTES);
	struct directory *d = a == NULL ? NULL : arena_alloc(a, sizeof(*d));
	enum status st;

	if (d == NULL) {
		arena_free(a);
		return E_NOMEM;
	}
	d->arena = a;
	st = directory_version(db, a, &d->version);
	for (size_t k = 0; k < ARRAY_LEN(lists) && st == E_OK; k++)
		st = load(db, d, k);
	if (st == E_OK)
		st = load_rules(db, d);
	if (st != E_OK) {
		directory_free(d);
		return st;
	}
	*out = d;
	return E_OK;
}

void
directory_free(struct directory *d)
{
	if (d != NULL)
		arena_free(d->arena);
}

const struct subcategory *
directory_subcategory(const struct directory *d, struct span code)
{
	for (size_t i = 0; i < d->n_subcategories; i++)
		if (span_eq(d->subcategories[i].code, code))
			return &d->subcategories[i];
	return NULL;
}

const struct category *
directory_category(const struct directory *d, struct span code)
{
	for (size_t i = 0; i < d->n_categories; i++)
		if (span_eq(d->categories[i].code, code))
			return &d->categories[i];
	return NULL;
}

const struct department *
directory_department(const struct directory *d, struct span code)
{
	for (size_t i = 0; i < d->n_departments; i++)
		if (span_eq(d->departments[i].code, code))
			return &d->departments[i];
	return NULL;
}

static const struct names *
public_name(const struct directory *d, struct span kind, struct span code)
{
	for (size_t i = 0; i < d->n_public_names; i++)
		if (span_eq(d->public_names[i].code, code) && span_eq(d->public_names[i].kind, kind))
			return &d->public_names[i].name;
	return NULL;
}

const struct names *
directory_state(const struct directory *d, struct span state)
{
	return public_name(d, SPAN("state"), state);
}

const struct names *
directory_office(const struct directory *d, struct span office)
{
	return public_name(d, SPAN("office"), office);
}

static bool
is_holiday(const struct directory *d, int64_t midnight_ms)
{
	size_t low = 0, high = d->n_holidays;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (d->holidays[mid] < midnight_ms)
			low = mid + 1;
		else
			high = mid;
	}
	return low < d->n_holidays && d->holidays[low] == midnight_ms;
}

/* `left` of the clock of a promise of `sla_hours`, from then on. */
static int64_t
later(const struct directory *d, int64_t from_ms, int sla_hours, int64_t left)
{
	int64_t at = from_ms;

	if (sla_hours <= 24)
		return from_ms + left;
	for (;;) {
		struct clock_date day = clock_kolkata_date(at);
		int64_t midnight = clock_kolkata_midnight_ms(day.year, day.month, day.day);
		int64_t end = midnight + DAY_MS;

		if (day.weekday != 0 && !is_holiday(d, midnight)) {
			if (left <= end - at)
				return at + left;
			left -= end - at;
		}
		at = end;
	}
}

int64_t
directory_due(const struct directory *d, int64_t from_ms, int sla_hours)
{
	return later(d, from_ms, sla_hours, sla_hours * HOUR_MS);
}

int64_t
directory_half_due(const struct directory *d, int64_t from_ms, int sla_hours)
{
	return later(d, from_ms, sla_hours, sla_hours * HOUR_MS / 2);
}

bool
directory_post(const struct directory *d, struct span department, int borough, enum role role, int eo_level)
{
	for (size_t i = 0; i < d->n_posts; i++) {
		const struct post *p = &d->posts[i];

		if (p->role == role && p->eo_level == eo_level && (p->department.p == NULL || span_eq(p->department, department)) &&
		    (p->borough == 0 || p->borough == borough))
			return true;
	}
	return false;
}

enum status
directory_locate(struct db *db, struct arena *a, double lon, double lat, int *ward)
{
	struct db_rows rows;
	enum status st = db_run(db, a, &directory_sql[Q_LOCATE], DB_ARGS(db_double(lon), db_double(lat)), &rows);

	if (st != E_OK)
		return st;
	if (db_row(&rows, 0)[0].null)
		return E_OUTSIDE_KOLKATA;
	*ward = (int)db_row(&rows, 0)[0].i;
	return E_OK;
}
