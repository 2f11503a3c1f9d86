/* GET /employees: whom a complaint can be given to. */
#include "api/app.h"
#include "api/handlers.h"
#include "api/params.h"
#include "core/json.h"
#include "domain/employee.h"
#include "domain/scope.h"

#define LIST_DEFAULT 20

static const char *const roles[] = { "lme", "gro", "eo", "controlling", NULL };

struct employee_query {
	struct span department, subcategory, text;
	int role;
	int64_t ward, limit;
};
#define AT(member) .offset = offsetof(struct employee_query, member)
static const struct field fields[] = {
	{ .name = "department", .type = FIELD_LINE, AT(department), .min = 1, .max = 8 },
	{ .name = "role", .type = FIELD_CHOICE, AT(role), .choices = roles },
	{ .name = "ward", .type = FIELD_INT, AT(ward), .min = 1, .max = WARDS },
	{ .name = "subcategory", .type = FIELD_LINE, AT(subcategory), .min = 1, .max = 10 },
	{ .name = "text", .type = FIELD_LINE, AT(text), .min = 1, .max = 60 },
	LIMIT_FIELD(struct employee_query, limit),
};
#undef AT
_Static_assert(PAGE_LIMIT <= EMPLOYEES_MOST, "more employees could be asked for than are found");

/* Is the caller of this department? An LME too: they propose a colleague. */
static bool
works_in(const struct actor *actor, struct span department)
{
	for (size_t i = 0; i < actor->n_duties; i++) {
		const struct duty *d = &actor->duties[i];

		if ((d->role & (LME | GRO | EO | CONTROLLING)) != 0 &&
		    (d->department[0] == '\0' || span_eq(span_of(d->department), department)))
			return true;
	}
	return false;
}

/* The department that was named, or that of the subcategory, or the caller's only one. */
static enum status
find_department(struct call *c, const struct directory *d, const struct employee_query *in, const struct subcategory *subject,
		struct span *out)
{
	struct span found = in->department;

	if (found.p == NULL && subject != NULL)
		found = d->departments[d->categories[subject->category].department].code;
	for (size_t i = 0; i < c->actor.n_duties && in->department.p == NULL && subject == NULL; i++) {
		const struct span own = span_of(c->actor.duties[i].department);

		if (own.n == 0 || (found.p != NULL && !span_eq(found, own)))
			return call_field(c, "/department", FE_REQUIRED);
		found = own;
	}
	if (found.p == NULL)
		return call_field(c, "/department", FE_REQUIRED);
	if (directory_department(d, found) == NULL)
		return call_field(c, "/department", FE_NOT_FOUND);
	*out = found;
	return works_in(&c->actor, found) ? E_OK : E_FORBIDDEN;
}

static json_t *
employee_json(struct arena *a, const struct employee *e)
{
	const char *why;
	json_t *duties;

	if (json_decode(a, e->duties, &duties, &why) != E_OK)
		return NULL;
	return json_pack("{s:o, s:o, s:s, s:I, s:O}", "user", json_span(e->user), "name", json_span(e->name), "fit",
			 fit_names[e->fit], "open", (json_int_t)e->open, "duties", duties);
}

enum status
employees_get(struct call *c)
{
	const struct catalogue *k = app_catalogue(c);
	struct employee_query in = { .limit = LIST_DEFAULT };
	const struct subcategory *subject = NULL;
	struct employee_filter f;
	const struct employee *list;
	json_t *items;
	size_t n;
	enum status st = call_query(c, fields, ARRAY_LEN(fields), &in);

	if (st != E_OK)
		return st;
	if (k == NULL)
		return E_BUSY;
	if (in.subcategory.p != NULL && (subject = directory_subcategory(k->directory, in.subcategory)) == NULL)
		return call_field(c, "/subcategory", FE_NOT_FOUND);
	f = (struct employee_filter){ .role = role_parse(span_of(roles[in.role])),
				      .ward = (int)in.ward,
				      .borough = k->directory->ward_borough[in.ward],
				      .text = in.text,
				      .limit = (int)in.limit };
	if (subject != NULL) {
		f.subcategory = subject->code;
		f.category = k->directory->categories[subject->category].code;
	}
	st = find_department(c, k->directory, &in, subject, &f.department);
	if (st == E_OK)
		st = employee_list(c->worker->db, c->arena, &f, c->req.lang, &list, &n);
	if (st != E_OK)
		return st;
	items = json_array();
	for (size_t i = 0; i < n && items != NULL; i++)
		(void)json_array_append_new(items, employee_json(c->arena, &list[i]));
	return resp_json(&c->resp, 200, json_pack("{s:s%, s:o}", "department", f.department.p, f.department.n, "items", items));
}
