/* A list of staff: each row for itself, then the rows of one person together. */
#include <stdlib.h>
#include <strings.h>

#include "core/scan.h"
#include "domain/roster_impl.h"

#define USER_LEAST 3
#define USER_MAX   60
#define LOWER      "abcdefghijklmnopqrstuvwxyz"
#define DIGIT      "0123456789"

const char *const roster_columns[] = {
	[C_USER] = "user",
	[C_ROLE] = "role",
	[C_DEPARTMENT] = "department",
	[C_LEVEL] = "level",
	[C_BOROUGHS] = "boroughs",
	[C_WARDS] = "wards",
	[C_SUBCATEGORIES] = "subcategories",
	[C_EN] = "en",
	[C_BN] = "bn",
	[C_MOBILE] = "mobile",
};
const size_t roster_columns_n = ARRAY_LEN(roster_columns);
_Static_assert(ARRAY_LEN(roster_columns) <= ROSTER_COLUMNS_MAX, "a list has more columns than a table takes");

/* One row, while it is read and before it is put to its person. */
struct row {
	size_t row;
	struct span user, en, bn;
	char mobile[11];
	bool bad;
	struct roster_duties duties;
};

struct reader {
	struct arena *arena;
	const struct directory *d;
	const struct roster_job *job;
	bool admin;
	struct roster_faults *faults;
	struct roster_table table;
	struct row *rows;
	size_t n;
};

/* The row that is being read. */
struct at {
	struct reader *r;
	struct row *row;
	const struct roster_rule *rule;
	struct roster_parts parts;
};

static struct span
cell(const struct at *t, enum roster_column column)
{
	return roster_cell(&t->r->table, t->row->row, column);
}

static void
wrong(const struct at *t, enum roster_column column, enum roster_fault fault, int64_t n, struct span value)
{
	t->row->bad = true;
	roster_fault(t->r->faults, t->row->row, roster_columns[column], fault, n, value);
}

/* ---- who */

static void
check_user(struct at *t)
{
	const struct span s = cell(t, C_USER);

	t->row->user = s;
	if (s.n == 0)
		wrong(t, C_USER, RF_REQUIRED, 0, NOWHERE);
	else if (!scan_token(s, LOWER DIGIT "._-", USER_LEAST, USER_MAX) || strchr(LOWER, s.p[0]) == NULL)
		wrong(t, C_USER, RF_USER, 0, NOWHERE);
}

static void
check_names(struct at *t)
{
	struct reader *r = t->r;

	if (!roster_check_name(&r->table, t->row->row, C_EN, r->faults))
		t->row->bad = true;
	if (!roster_check_name(&r->table, t->row->row, C_BN, r->faults))
		t->row->bad = true;
	t->row->en = cell(t, C_EN);
	t->row->bn = cell(t, C_BN);
}

static void
check_mobile(struct at *t)
{
	struct span s = cell(t, C_MOBILE);
	char digits[40];
	int n;

	if (s.n == 0 || scan_mobile(s, t->row->mobile))
		return;
	t->row->mobile[0] = '\0';
	if (s.p[0] == '+')
		s = (struct span){ s.p + 1, s.n - 1 };
	n = scan_digits(s, digits, sizeof(digits));
	if (n > 0 && n != 10)
		wrong(t, C_MOBILE, RF_MOBILE_DIGITS, n, NOWHERE);
	else
		wrong(t, C_MOBILE, RF_MOBILE, 0, NOWHERE);
}

/* ---- what */

static bool
check_role(struct at *t)
{
	const struct span s = cell(t, C_ROLE);
	const struct roster_rule *rule = roster_rule(role_parse(s));

	if (s.n == 0) {
		wrong(t, C_ROLE, RF_REQUIRED, 0, NOWHERE);
		return false;
	}
	if (rule == NULL) {
		wrong(t, C_ROLE, RF_ROLE, 0, s);
		return false;
	}
	if (!rule->officer && !t->r->admin) {
		wrong(t, C_ROLE, RF_ROLE_FORBIDDEN, 0, s);
		return false;
	}
	if (!rule->department && t->r->job->department.p != NULL) {
		wrong(t, C_ROLE, RF_ROLE_ELSEWHERE, 0, s);
		return false;
	}
	t->rule = rule;
	t->parts.role = rule->role;
	return true;
}

/* True when the cell is to be read; one that the role does not have must be empty. */
static bool
has(struct at *t, enum roster_column column, bool wanted)
{
	const bool there = cell(t, column).n > 0;

	if (there && !wanted)
		wrong(t, column, RF_NOT_FOR_ROLE, 0, cell(t, C_ROLE));
	return there && wanted;
}

static void
check_department(struct at *t)
{
	const struct span s = cell(t, C_DEPARTMENT), scope = t->r->job->department;

	if (t->rule->department && s.n == 0)
		wrong(t, C_DEPARTMENT, RF_REQUIRED, 0, NOWHERE);
	if (!has(t, C_DEPARTMENT, t->rule->department))
		return;
	t->parts.department = roster_department(t->r->d, s);
	if (t->parts.department == 0)
		wrong(t, C_DEPARTMENT, RF_DEPARTMENT, 0, s);
	else if (scope.p != NULL && !span_eq(scope, s))
		wrong(t, C_DEPARTMENT, RF_DEPARTMENT_OTHER, 0, scope);
}

static void
check_level(struct at *t)
{
	const struct span s = cell(t, C_LEVEL);
	int64_t level = 0;

	if (t->rule->level && !scan_i64(s, 1, 2, &level))
		wrong(t, C_LEVEL, RF_LEVEL, 0, s);
	else
		(void)has(t, C_LEVEL, t->rule->level);
	t->parts.level = (unsigned)level;
}

/* ---- where, and of which subject */

struct areas {
	unsigned boroughs[BOROUGHS], wards[WARDS];
	size_t n_boroughs, n_wards;
};

/* Numbers parted by spaces, each once. */
static void
read_numbers(struct at *t, enum roster_column column, int64_t most, enum roster_fault fault, unsigned *out, size_t *n)
{
	struct span rest = cell(t, column), word;
	bool seen[WARDS + 1] = { false };
	int64_t number;

	while (scan_cut(&rest, ' ', &word)) {
		if (word.n == 0)
			continue;
		if (!scan_i64(word, 1, most, &number)) {
			wrong(t, column, fault, 0, word);
			continue;
		}
		if (!seen[number])
			out[(*n)++] = (unsigned)number;
		seen[number] = true;
	}
}

static bool
in_list(unsigned borough, const struct areas *areas)
{
	for (size_t i = 0; i < areas->n_boroughs; i++)
		if (areas->boroughs[i] == borough)
			return true;
	return false;
}

/* Wards beside boroughs: each in one of them, and each of them with one. */
static void
check_both(struct at *t, const struct areas *areas)
{
	bool used[BOROUGHS + 1] = { false };

	for (size_t i = 0; i < areas->n_wards; i++) {
		const int borough = t->r->d->ward_borough[areas->wards[i]];

		if (!in_list((unsigned)borough, areas))
			wrong(t, C_WARDS, RF_WARD_BOROUGH, areas->wards[i], NOWHERE);
		used[borough] = true;
	}
	for (size_t i = 0; i < areas->n_boroughs; i++)
		if (!used[areas->boroughs[i]])
			wrong(t, C_BOROUGHS, RF_BOROUGH_WARDS, areas->boroughs[i], NOWHERE);
}

static void
check_areas(struct at *t, struct areas *areas)
{
	if (has(t, C_BOROUGHS, t->rule->boroughs))
		read_numbers(t, C_BOROUGHS, BOROUGHS, RF_BOROUGH, areas->boroughs, &areas->n_boroughs);
	if (has(t, C_WARDS, t->rule->wards))
		read_numbers(t, C_WARDS, WARDS, RF_WARD, areas->wards, &areas->n_wards);
	if (!t->row->bad && areas->n_boroughs > 0 && areas->n_wards > 0)
		check_both(t, areas);
}

/* One subject into the parts. */
static void
read_subject(struct at *t, struct span code, struct roster_parts *p)
{
	const struct directory *d = t->r->d;
	const struct subcategory *s = directory_subcategory(d, code);
	const struct category *k = s == NULL ? directory_category(d, code) : &d->categories[s->category];

	if (k == NULL) {
		wrong(t, C_SUBCATEGORIES, RF_SUBCATEGORY, 0, code);
		return;
	}
	if (t->parts.department != 0 && k->department + 1 != t->parts.department)
		wrong(t, C_SUBCATEGORIES, RF_SUBCATEGORY_OTHER, 0, code);
	*p = t->parts;
	if (s != NULL)
		p->subcategory = (unsigned)(s - d->subcategories) + 1;
	else
		p->category = (unsigned)(k - d->categories) + 1;
}

static size_t
words(struct span rest)
{
	struct span word;
	size_t n = 0;

	while (scan_cut(&rest, ' ', &word))
		n += word.n > 0;
	return n;
}

/* A duty for each area, with the subject in `p`. */
static void
add_areas(struct at *t, struct roster_parts p, const struct areas *areas)
{
	struct roster_duties *to = &t->row->duties;
	const size_t n = areas->n_wards > 0 ? areas->n_wards : areas->n_boroughs;

	for (size_t i = 0; i < n || i == 0; i++) {
		p.ward = areas->n_wards > 0 ? areas->wards[i] : 0;
		p.borough = areas->n_wards == 0 && n > 0 ? areas->boroughs[i] : 0;
		to->v[to->n++] = roster_pack(t->r->d, p);
	}
}

static enum status
check_duties(struct at *t)
{
	struct areas areas = { .n_boroughs = 0 };
	struct span rest = NOWHERE, code;
	struct roster_parts p = t->parts;
	size_t subjects = 1, places, n;

	check_areas(t, &areas);
	if (has(t, C_SUBCATEGORIES, t->rule->wards)) {
		rest = cell(t, C_SUBCATEGORIES);
		subjects = words(rest);
	}
	places = areas.n_wards > 0 ? areas.n_wards : areas.n_boroughs > 0 ? areas.n_boroughs : 1;
	n = subjects * places;
	if (n > DUTIES_MAX) {
		wrong(t, places > 1 ? C_WARDS : C_SUBCATEGORIES, RF_DUTIES_MANY, (int64_t)n, NOWHERE);
		return E_OK;
	}
	t->row->duties.v = arena_array(t->r->arena, n, sizeof(uint64_t));
	if (t->row->duties.v == NULL)
		return E_NOMEM;
	if (rest.p == NULL)
		add_areas(t, p, &areas);
	while (scan_cut(&rest, ' ', &code)) {
		if (code.n == 0)
			continue;
		read_subject(t, code, &p);
		add_areas(t, p, &areas);
	}
	return E_OK;
}

static enum status
read_row(struct reader *r, size_t row)
{
	struct at t = { .r = r, .row = &r->rows[r->n++] };

	t.row->row = row;
	check_user(&t);
	check_names(&t);
	check_mobile(&t);
	if (!check_role(&t))
		return E_OK;
	check_department(&t);
	check_level(&t);
	return check_duties(&t);
}

/* ---- rows of one person */

static int
by_user(const void *a, const void *b)
{
	const struct row *x = a, *y = b;
	const size_t n = x->user.n < y->user.n ? x->user.n : y->user.n;
	const int c = n == 0 ? 0 : memcmp(x->user.p, y->user.p, n);

	if (c != 0 || x->user.n != y->user.n)
		return c != 0 ? c : (x->user.n > y->user.n) - (x->user.n < y->user.n);
	return (x->row > y->row) - (x->row < y->row);
}

/* What another row says of the same person must be the same. */
static void
contradict(struct reader *r, struct roster_entry *e, const struct row *row)
{
	const struct {
		enum roster_column column;
		bool same;
	} said[] = { { C_EN, span_eq(e->en, row->en) },
		     { C_BN, span_eq(e->bn, row->bn) },
		     { C_MOBILE, strcmp(e->mobile, row->mobile) == 0 } };

	if (e->bad || row->bad)
		return;
	for (size_t i = 0; i < ARRAY_LEN(said); i++) {
		if (said[i].same)
			continue;
		roster_fault(r->faults, row->row, roster_columns[said[i].column], RF_CONTRADICTS, (int64_t)e->row, NOWHERE);
		e->bad = true;
	}
}

static enum status
gather(struct reader *r, size_t from, size_t to, struct roster_entry *e)
{
	const struct row *first = &r->rows[from];
	size_t n = 0;

	*e = (struct roster_entry){ .row = first->row, .user = first->user, .en = first->en, .bn = first->bn };
	memcpy(e->mobile, first->mobile, sizeof(e->mobile));
	for (size_t i = from; i < to; i++)
		n += r->rows[i].duties.n;
	e->duties.v = arena_array(r->arena, n, sizeof(uint64_t));
	if (e->duties.v == NULL)
		return E_NOMEM;
	for (size_t i = from; i < to; i++) {
		contradict(r, e, &r->rows[i]);
		e->bad = e->bad || r->rows[i].bad;
		if (r->rows[i].duties.n > 0)
			memcpy(e->duties.v + e->duties.n, r->rows[i].duties.v, r->rows[i].duties.n * sizeof(uint64_t));
		e->duties.n += r->rows[i].duties.n;
	}
	roster_sort(&e->duties);
	if (e->duties.n > DUTIES_MAX) {
		roster_fault(r->faults, e->row, NULL, RF_DUTIES_MANY, (int64_t)e->duties.n, NOWHERE);
		e->bad = true;
	}
	return E_OK;
}

static int
by_mobile(const void *a, const void *b)
{
	const struct roster_entry *const *x = a, *const *y = b;
	const int c = strcmp((*x)->mobile, (*y)->mobile);

	return c != 0 ? c : ((*x)->row > (*y)->row) - ((*x)->row < (*y)->row);
}

/* One mobile, one person. */
static enum status
check_mobiles(struct reader *r, struct roster_staff *s)
{
	struct roster_entry **sorted = arena_array(r->arena, s->n, sizeof(struct roster_entry *));

	if (sorted == NULL)
		return E_NOMEM;
	for (size_t i = 0; i < s->n; i++)
		sorted[i] = &s->v[i];
	if (s->n > 0)
		qsort(sorted, s->n, sizeof(struct roster_entry *), by_mobile);
	for (size_t i = 1; i < s->n; i++) {
		if (sorted[i]->mobile[0] == '\0' || strcmp(sorted[i]->mobile, sorted[i - 1]->mobile) != 0)
			continue;
		roster_fault(r->faults, sorted[i]->row, roster_columns[C_MOBILE], RF_MOBILE_TWICE, (int64_t)sorted[i - 1]->row,
			     NOWHERE);
		sorted[i]->bad = true;
	}
	return E_OK;
}

static enum status
put_together(struct reader *r, struct roster_staff *out)
{
	enum status st = E_OK;

	out->v = arena_array(r->arena, r->n, sizeof(*out->v));
	if (out->v == NULL)
		return E_NOMEM;
	if (r->n > 0)
		qsort(r->rows, r->n, sizeof(*r->rows), by_user);
	for (size_t i = 0, to; i < r->n && st == E_OK; i = to) {
		for (to = i + 1; to < r->n && span_eq(r->rows[to].user, r->rows[i].user); to++)
			;
		st = gather(r, i, to, &out->v[out->n++]);
	}
	return st == E_OK ? check_mobiles(r, out) : st;
}

enum status
roster_read(struct arena *a, const struct directory *d, const struct roster_job *job, struct roster_faults *faults,
	    struct roster_staff *out)
{
	struct reader r = { .arena = a, .d = d, .job = job, .faults = faults, .admin = admin_may(&job->who, NOWHERE) };
	enum status st = roster_table(a, job->csv, roster_columns, roster_columns_n, faults, &r.table);

	*out = (struct roster_staff){ .rows = 0 };
	if (st != E_OK)
		return st;
	r.rows = arena_array(a, r.table.csv.rows, sizeof(*r.rows));
	if (r.rows == NULL)
		return E_NOMEM;
	for (size_t row = 2; row <= r.table.csv.rows && st == E_OK; row++)
		if (!roster_blank(&r.table, row))
			st = read_row(&r, row);
	out->rows = r.n;
	return st == E_OK ? put_together(&r, out) : st;
}

struct roster_entry *
roster_entry(const struct roster_staff *s, struct span user)
{
	size_t low = 0, high = s->n;

	while (low < high) {
		const size_t mid = low + (high - low) / 2;
		const struct row probe = { .user = user }, there = { .user = s->v[mid].user };
		const int c = by_user(&there, &probe);

		if (c == 0)
			return &s->v[mid];
		if (c < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}
