/* The roster as a list: duties that were stored one by one, folded into as few rows as say the same. */
#include <stdlib.h>

#include "domain/roster_impl.h"

struct folding {
	struct arena *arena;
	const struct directory *d;
	struct roster_line *lines;
	size_t n, cap;
};

/* Duties of one person, role, department and level that are about one subject. */
struct run {
	const uint64_t *v;
	size_t n;
	bool done;
};

static struct roster_line *
new_line(struct folding *f, const struct roster_person *p, struct roster_parts parts)
{
	struct roster_line *l;

	if (f->n == f->cap) {
		struct roster_line *more = arena_array(f->arena, f->cap * 2, sizeof(*more));

		if (more == NULL)
			return NULL;
		memcpy(more, f->lines, f->n * sizeof(*more));
		f->lines = more;
		f->cap *= 2;
	}
	l = &f->lines[f->n];
	*l = (struct roster_line){ .user = p->user,
				   .en = p->en,
				   .bn = p->bn,
				   .mobile = p->mobile[0] == '\0' ? NULL : p->mobile,
				   .role = parts.role,
				   .department = parts.department == 0 ? NOWHERE : f->d->departments[parts.department - 1].code,
				   .level = (int)parts.level,
				   .active = p->active,
				   .place = f->n++ };
	return l;
}

/* Wards with wards, boroughs with boroughs, everywhere alone: a row of each. */
enum area { AREA_ALL, AREA_BOROUGH, AREA_WARD, AREA_NONE };

static enum area
area_of(struct roster_parts p)
{
	if (p.ward > 0)
		return p.borough > 0 ? AREA_NONE : AREA_WARD; /* a ward that is not in its borough is nowhere */
	return p.borough > 0 ? AREA_BOROUGH : AREA_ALL;
}

static enum status
fold_area(struct folding *f, const struct roster_person *p, const struct run *run, const struct span *subjects, size_t n_subjects,
	  enum area area)
{
	int *numbers = arena_array(f->arena, run->n, sizeof(*numbers));
	struct roster_line *l;
	size_t n = 0;

	if (numbers == NULL)
		return E_NOMEM;
	for (size_t i = 0; i < run->n; i++) {
		const struct roster_parts parts = roster_unpack(run->v[i]);

		if (area_of(parts) == area)
			numbers[n++] = (int)(area == AREA_WARD ? parts.ward : parts.borough);
	}
	if (n == 0)
		return E_OK;
	l = new_line(f, p, roster_unpack(run->v[0]));
	if (l == NULL)
		return E_NOMEM;
	if (area == AREA_WARD) {
		l->wards = numbers;
		l->n_wards = n;
	} else if (area == AREA_BOROUGH) {
		l->boroughs = numbers;
		l->n_boroughs = n;
	}
	l->subjects = subjects;
	l->n_subjects = n_subjects;
	return E_OK;
}

static struct span
subject(const struct directory *d, struct roster_parts p)
{
	if (p.subcategory > 0)
		return p.subcategory <= d->n_subcategories ? d->subcategories[p.subcategory - 1].code : NOWHERE;
	return p.category > 0 && p.category <= d->n_categories ? d->categories[p.category - 1].code : NOWHERE;
}

static bool
same_areas(const struct run *a, const struct run *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++) {
		const struct roster_parts x = roster_unpack(a->v[i]), y = roster_unpack(b->v[i]);

		if (x.ward != y.ward || x.borough != y.borough)
			return false;
	}
	return true;
}

/* All subjects with the areas of runs[first], in one row for each kind of area. */
static enum status
fold_subjects(struct folding *f, const struct roster_person *p, struct run *runs, size_t n, size_t first)
{
	struct span *subjects = arena_array(f->arena, n, sizeof(*subjects));
	size_t n_subjects = 0;
	const struct roster_parts parts = roster_unpack(runs[first].v[0]);
	const bool all = parts.category == 0 && parts.subcategory == 0;
	enum status st = E_OK;

	if (subjects == NULL)
		return E_NOMEM;
	for (size_t i = first; i < n && !all; i++) {
		const struct span code = subject(f->d, roster_unpack(runs[i].v[0]));

		if (runs[i].done || !same_areas(&runs[i], &runs[first]))
			continue;
		runs[i].done = true;
		if (code.p != NULL)
			subjects[n_subjects++] = code;
	}
	if (!all && n_subjects == 0)
		return E_OK;
	for (int area = AREA_ALL; area < AREA_NONE && st == E_OK; area++)
		st = fold_area(f, p, &runs[first], subjects, n_subjects, (enum area)area);
	return st;
}

static bool
same_charge(struct roster_parts a, struct roster_parts b)
{
	return a.role == b.role && a.department == b.department && a.level == b.level;
}

/* `v`: duties of one role, department and level, ascending: one subject after the other. */
static enum status
fold_charge(struct folding *f, const struct roster_person *p, const uint64_t *v, size_t n)
{
	struct run *runs = arena_array(f->arena, n, sizeof(*runs));
	size_t n_runs = 0;
	enum status st = E_OK;

	if (runs == NULL)
		return E_NOMEM;
	for (size_t i = 0; i < n; i++) {
		const struct roster_parts now = roster_unpack(v[i]), before = roster_unpack(v[i == 0 ? 0 : i - 1]);

		if (i == 0 || now.category != before.category || now.subcategory != before.subcategory)
			runs[n_runs++] = (struct run){ .v = v + i };
		runs[n_runs - 1].n++;
	}
	for (size_t i = 0; i < n_runs && st == E_OK; i++)
		if (!runs[i].done)
			st = fold_subjects(f, p, runs, n_runs, i);
	return st;
}

static enum status
fold_person(struct folding *f, const struct roster_person *p, unsigned department, bool by_admin)
{
	enum status st = E_OK;

	for (size_t i = 0, to; i < p->duties.n && st == E_OK; i = to) {
		const struct roster_parts parts = roster_unpack(p->duties.v[i]);
		const struct roster_rule *rule = roster_rule(parts.role);

		for (to = i + 1; to < p->duties.n && same_charge(roster_unpack(p->duties.v[to]), parts); to++)
			;
		if (rule == NULL || (!rule->officer && !by_admin) || (department != 0 && parts.department != department))
			continue;
		st = fold_charge(f, p, p->duties.v + i, to - i);
	}
	return st;
}

static int
by_place(const void *a, const void *b)
{
	const struct roster_line *x = a, *y = b;
	const size_t n = x->department.n < y->department.n ? x->department.n : y->department.n;
	int c = n == 0 ? 0 : memcmp(x->department.p, y->department.p, n);

	if (c == 0)
		c = (x->department.n > y->department.n) - (x->department.n < y->department.n);
	if (c == 0)
		c = (x->role < y->role) - (x->role > y->role); /* controlling officers first */
	if (c == 0)
		c = x->level - y->level;
	return c != 0 ? c : (x->place > y->place) - (x->place < y->place);
}

enum status
roster_lines(const struct roster_means *w, const struct directory *d, struct span department, bool by_admin,
	     const struct roster_line **out, size_t *n)
{
	struct folding f = { .arena = w->arena, .d = d, .cap = 256 };
	const unsigned number = roster_department(d, department);
	struct roster_state state;
	enum status st;

	if (department.p != NULL && number == 0)
		return E_NOT_FOUND;
	f.lines = arena_array(w->arena, f.cap, sizeof(*f.lines));
	if (f.lines == NULL)
		return E_NOMEM;
	st = roster_state(w->db, w->arena, w->seal, d, &state);
	for (size_t i = 0; st == E_OK && i < state.n; i++)
		st = fold_person(&f, &state.v[i], number, by_admin);
	if (st == E_OK && f.n > 0)
		qsort(f.lines, f.n, sizeof(*f.lines), by_place);
	*out = f.lines;
	*n = f.n;
	return st;
}

/* ---- as a file */

static void
put_numbers(struct buf *out, const int *v, size_t n)
{
	buf_char(out, ',');
	for (size_t i = 0; i < n; i++)
		buf_printf(out, "%s%d", i == 0 ? "" : " ", v[i]);
}

static void
put_line(struct buf *out, const struct roster_line *l)
{
	roster_put_cell(out, l->user);
	buf_printf(out, ",%s,", role_name(l->role));
	buf_span(out, l->department);
	buf_char(out, ',');
	if (l->level > 0)
		buf_printf(out, "%d", l->level);
	put_numbers(out, l->boroughs, l->n_boroughs);
	put_numbers(out, l->wards, l->n_wards);
	buf_char(out, ',');
	for (size_t i = 0; i < l->n_subjects; i++) {
		buf_text(out, i == 0 ? "" : " ");
		buf_span(out, l->subjects[i]);
	}
	buf_char(out, ',');
	roster_put_cell(out, l->en);
	buf_char(out, ',');
	roster_put_cell(out, l->bn);
	buf_printf(out, ",%s\n", l->mobile == NULL ? "" : l->mobile);
}

enum status
roster_csv(const struct roster_means *w, const struct directory *d, enum roster_list list, struct span department, bool by_admin,
	   struct buf *out)
{
	const struct roster_line *lines;
	size_t n;
	enum status st;

	if (department.p != NULL && directory_department(d, department) == NULL)
		return E_NOT_FOUND;
	if (list != ROSTER_STAFF)
		return roster_csv_items(w, list, department, out);
	st = roster_lines(w, d, department, by_admin, &lines, &n);
	if (st != E_OK)
		return st;
	for (size_t i = 0; i < roster_columns_n; i++)
		buf_printf(out, "%s%s", i == 0 ? "" : ",", roster_columns[i]);
	buf_char(out, '\n');
	for (size_t i = 0; i < n; i++)
		put_line(out, &lines[i]);
	return E_OK;
}
