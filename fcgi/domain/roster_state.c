/* Everybody who is there, with all their duties, as one snapshot. */
#include <stdlib.h>

#include "domain/roster_impl.h"

#define UNKNOWN_CODE 4095 /* of a category or subcategory that the directory does not have: like nothing in a file */

enum { Q_PEOPLE, Q_DUTIES };

const struct sql roster_state_sql[] = {
	/* the column is ASCII whatever its case; ours is the order of bytes */
	[Q_PEOPLE] = { "SELECT id, LOWER(user_name), name_en, name_bn, mobile_sealed, active, department_code,"
		       " password_hash IS NOT NULL FROM staff"
		       " ORDER BY CAST(LOWER(user_name) AS BINARY)",
		       "", "isssbisi", false },
	[Q_DUTIES] = { "SELECT id, staff_id, role, department_code, eo_level, category_code, subcategory_code, borough_no, ward_no"
		       " FROM roster ORDER BY staff_id, id",
		       "", "iississii", false },
};
const size_t roster_state_sql_n = ARRAY_LEN(roster_state_sql);

static enum status
read_person(struct arena *a, const struct seal *seal, const struct db_value *v, struct roster_person *p)
{
	struct span mobile = NOWHERE;
	enum status st = E_OK;

	*p = (struct roster_person){
		.id = v[0].i,
		.user = v[1].s,
		.en = v[2].s,
		.bn = v[3].s,
		.active = v[5].i != 0,
		.department = v[6].s,
		.has_password = v[7].i != 0,
	};
	if (!v[4].null)
		st = seal_open(seal, a, v[4].s, &mobile);
	if (st == E_OK && mobile.n < sizeof(p->mobile) && mobile.n > 0)
		memcpy(p->mobile, mobile.p, mobile.n);
	return st;
}

static unsigned
code_of(struct span code, const void *list, size_t size, const void *found)
{
	if (code.p == NULL)
		return 0;
	return found == NULL ? UNKNOWN_CODE : (unsigned)((size_t)((const char *)found - (const char *)list) / size) + 1;
}

static uint64_t
read_duty(const struct directory *d, const struct db_value *v)
{
	const struct span category = v[5].s, subcategory = v[6].s;
	const struct roster_parts p = {
		.role = role_parse(v[2].s),
		.department = roster_department(d, v[3].s),
		.level = v[4].null ? 0 : (unsigned)v[4].i,
		.category = code_of(category, d->categories, sizeof(*d->categories),
				    category.p == NULL ? NULL : directory_category(d, category)),
		.subcategory = code_of(subcategory, d->subcategories, sizeof(*d->subcategories),
				       subcategory.p == NULL ? NULL : directory_subcategory(d, subcategory)),
		.borough = v[7].null ? 0 : (unsigned)v[7].i,
		.ward = v[8].null ? 0 : (unsigned)v[8].i,
	};

	return roster_pack(d, p);
}

static int
by_id(const void *a, const void *b)
{
	const struct roster_person *const *x = a, *const *y = b;

	return ((*x)->id > (*y)->id) - ((*x)->id < (*y)->id);
}

/* Puts rows `from` to `to` of the roster, which are one person's, to that person. */
static enum status
give_duties(struct arena *a, const struct directory *d, const struct db_rows *rows, size_t from, size_t to, struct roster_person *p)
{
	p->n_rows = to - from;
	p->rows = arena_array(a, p->n_rows, sizeof(*p->rows));
	p->row_ids = arena_array(a, p->n_rows, sizeof(*p->row_ids));
	p->duties.v = arena_array(a, p->n_rows, sizeof(*p->duties.v));
	if (p->rows == NULL || p->row_ids == NULL || p->duties.v == NULL)
		return E_NOMEM;
	for (size_t i = 0; i < p->n_rows; i++) {
		const struct db_value *v = db_row(rows, from + i);

		p->row_ids[i] = v[0].i;
		p->rows[i] = p->duties.v[i] = read_duty(d, v);
	}
	p->duties.n = p->n_rows;
	roster_sort(&p->duties);
	return E_OK;
}

static enum status
load_duties(struct db *db, struct arena *a, const struct directory *d, struct roster_state *s)
{
	struct roster_person **sorted = arena_array(a, s->n, sizeof(struct roster_person *));
	struct db_rows rows;
	enum status st = sorted == NULL ? E_NOMEM : db_run(db, a, &roster_state_sql[Q_DUTIES], DB_NO_ARGS, &rows);
	size_t person = 0;

	if (st != E_OK)
		return st;
	for (size_t i = 0; i < s->n; i++)
		sorted[i] = &s->v[i];
	if (s->n > 0)
		qsort(sorted, s->n, sizeof(struct roster_person *), by_id);
	for (size_t i = 0, to; i < rows.n && st == E_OK; i = to) {
		const int64_t id = db_row(&rows, i)[1].i;

		for (to = i + 1; to < rows.n && db_row(&rows, to)[1].i == id; to++)
			;
		while (person < s->n && sorted[person]->id < id)
			person++;
		st = person < s->n && sorted[person]->id == id ? give_duties(a, d, &rows, i, to, sorted[person]) : E_INTERNAL;
	}
	return st;
}

enum status
roster_state(struct db *db, struct arena *a, const struct seal *seal, const struct directory *d, struct roster_state *out)
{
	struct db_rows rows;
	enum status st = db_run(db, a, &roster_state_sql[Q_PEOPLE], DB_NO_ARGS, &rows);

	if (st != E_OK)
		return st;
	if (d->n_categories >= UNKNOWN_CODE || d->n_subcategories >= UNKNOWN_CODE || d->n_departments > 255)
		return E_INTERNAL;
	*out = (struct roster_state){ .v = arena_array(a, rows.n, sizeof(*out->v)), .n = rows.n };
	if (out->v == NULL)
		return E_NOMEM;
	for (size_t i = 0; i < rows.n && st == E_OK; i++)
		st = read_person(a, seal, db_row(&rows, i), &out->v[i]);
	return st == E_OK ? load_duties(db, a, d, out) : st;
}

struct roster_person *
roster_person(const struct roster_state *s, struct span user)
{
	size_t low = 0, high = s->n;

	while (low < high) {
		const size_t mid = low + (high - low) / 2;
		const struct span there = s->v[mid].user;
		const size_t n = there.n < user.n ? there.n : user.n;
		int c = n == 0 ? 0 : memcmp(there.p, user.p, n);

		if (c == 0)
			c = (there.n > user.n) - (there.n < user.n);
		if (c == 0)
			return &s->v[mid];
		if (c < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}
