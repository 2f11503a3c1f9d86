/* Duties as numbers, roles as a table, faults as a list. */
#include <stdlib.h>

#include "domain/roster_impl.h"

/* clang-format off */
static const struct roster_rule rules[] = {
	/* role          officer dept   level  boroughs wards */
	{ LME,           true,   true,  false, true,    true  },
	{ GRO,           true,   true,  false, true,    false },
	{ EO,            true,   true,  true,  true,    false },
	{ CONTROLLING,   false,  true,  false, false,   false },
	{ DESK,          false,  false, false, false,   false },
	{ COMMISSIONER,  false,  false, false, false,   false },
	{ MAYOR,         false,  false, false, false,   false },
	{ ADMIN,         false,  false, false, false,   false },
};
/* clang-format on */

const struct roster_rule *
roster_rule(enum role role)
{
	for (size_t i = 0; i < ARRAY_LEN(rules); i++)
		if (rules[i].role == role)
			return &rules[i];
	return NULL;
}

unsigned
roster_department(const struct directory *d, struct span code)
{
	const struct department *k = code.p == NULL ? NULL : directory_department(d, code);

	return k == NULL ? 0 : (unsigned)(k - d->departments) + 1;
}

/* ---- packing: widths from the highest bits down */

enum {
	ROLE_BITS = 4,
	DEPARTMENT_BITS = 8,
	LEVEL_BITS = 2,
	CATEGORY_BITS = 12,
	SUBCATEGORY_BITS = 16,
	BOROUGH_BITS = 5,
	WARD_BITS = 8
};
_Static_assert(ROLE_BITS + DEPARTMENT_BITS + LEVEL_BITS + CATEGORY_BITS + SUBCATEGORY_BITS + BOROUGH_BITS + WARD_BITS <= 64,
	       "a duty does not fit a number");

static uint64_t
push(uint64_t to, unsigned value, unsigned bits)
{
	return to << bits | (value & ((1u << bits) - 1));
}

static unsigned
pop(uint64_t *from, unsigned bits)
{
	const unsigned value = (unsigned)(*from & ((UINT64_C(1) << bits) - 1));

	*from >>= bits;
	return value;
}

uint64_t
roster_pack(const struct directory *d, struct roster_parts p)
{
	uint64_t k = (uint64_t)__builtin_ctz((unsigned)p.role);

	if (p.ward >= 1 && p.ward <= WARDS && p.borough == (unsigned)d->ward_borough[p.ward])
		p.borough = 0;
	k = push(k, p.department, DEPARTMENT_BITS);
	k = push(k, p.level, LEVEL_BITS);
	k = push(k, p.category, CATEGORY_BITS);
	k = push(k, p.subcategory, SUBCATEGORY_BITS);
	k = push(k, p.borough, BOROUGH_BITS);
	return push(k, p.ward, WARD_BITS);
}

struct roster_parts
roster_unpack(uint64_t duty)
{
	struct roster_parts p;

	p.ward = pop(&duty, WARD_BITS);
	p.borough = pop(&duty, BOROUGH_BITS);
	p.subcategory = pop(&duty, SUBCATEGORY_BITS);
	p.category = pop(&duty, CATEGORY_BITS);
	p.level = pop(&duty, LEVEL_BITS);
	p.department = pop(&duty, DEPARTMENT_BITS);
	p.role = (enum role)(1u << pop(&duty, ROLE_BITS));
	return p;
}

static int
by_number(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

void
roster_sort(struct roster_duties *d)
{
	size_t n = 0;

	if (d->n > 0)
		qsort(d->v, d->n, sizeof(*d->v), by_number);
	for (size_t i = 0; i < d->n; i++)
		if (n == 0 || d->v[i] != d->v[n - 1])
			d->v[n++] = d->v[i];
	d->n = n;
}

bool
roster_has(const struct roster_duties *d, uint64_t duty)
{
	return d->n > 0 && bsearch(&duty, d->v, d->n, sizeof(*d->v), by_number) != NULL;
}

bool
roster_is_lme(const struct roster_duties *d, unsigned department)
{
	for (size_t i = 0; i < d->n; i++) {
		const struct roster_parts p = roster_unpack(d->v[i]);

		if (p.role == LME && p.department == department)
			return true;
	}
	return false;
}

/* ---- faults */

enum status
roster_faults_init(struct roster_faults *f, struct arena *a)
{
	*f = (struct roster_faults){ .arena = a, .v = arena_array(a, ROSTER_ERRORS_MAX, sizeof(*f->v)) };
	return f->v == NULL ? E_NOMEM : E_OK;
}

void
roster_fault(struct roster_faults *f, size_t row, const char *column, enum roster_fault fault, int64_t n, struct span value)
{
	f->all++;
	if (f->n < ROSTER_ERRORS_MAX)
		f->v[f->n++] = (struct roster_error){ row, column, fault, n, value };
}

static int
by_row(const void *a, const void *b)
{
	const struct roster_error *x = a, *y = b;

	return (x->row > y->row) - (x->row < y->row);
}

void
roster_faults_sort(struct roster_faults *f)
{
	if (f->n > 0)
		qsort(f->v, f->n, sizeof(*f->v), by_row);
}
