/* Departments, categories and subcategories as administrators see them: the inactive ones too, with versions. */
#include "domain/admin.h"

#include "core/scan.h"
#include "domain/directory.h"

#define UPPER   "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGIT   "0123456789"
#define NAMED   "name_en, name_bn, name_hi, sort, active, version"
#define RENAMED "name_en = ?, name_bn = ?, name_hi = ?, sort = ?, active = ?, version = version + 1"
#define SEEN    " WHERE code = ? AND version = ?"

enum { Q_LIST, Q_ADD = Q_LIST + ADMIN_KIND__COUNT, Q_CHANGE = Q_ADD + ADMIN_KIND__COUNT };

/* The arguments of the changes stand in this order: what all kinds have, what this one has, code; a change's version. A department
 * is for ever. */
const struct sql admin_items_sql[] = {
	[Q_LIST + ADMIN_DEPARTMENTS] = { "SELECT code, " NAMED " FROM department ORDER BY sort, code", "", "ssssiii", false },
	[Q_LIST + ADMIN_CATEGORIES] = { "SELECT code, " NAMED ", department_code FROM category ORDER BY sort, code", "", "ssssiiis",
					false },
	[Q_LIST + ADMIN_SUBCATEGORIES] = { "SELECT code, " NAMED ", department_code, category_code, sla_hours, photo_on_resolve,"
					   " anonymous FROM subcategory ORDER BY sort, code",
					   "", "ssssiiissiii", false },
	[Q_ADD + ADMIN_DEPARTMENTS] = { "INSERT INTO department (name_en, name_bn, name_hi, sort, active, code)"
					" VALUES (?, ?, ?, ?, ?, ?)",
					"sssiis", "", false },
	[Q_ADD + ADMIN_CATEGORIES] = { "INSERT INTO category (name_en, name_bn, name_hi, sort, active, department_code, code)"
				       " VALUES (?, ?, ?, ?, ?, ?, ?)",
				       "sssiiss", "", false },
	[Q_ADD + ADMIN_SUBCATEGORIES] = { "INSERT INTO subcategory (name_en, name_bn, name_hi, sort, active, department_code,"
					  " category_code, sla_hours, photo_on_resolve, anonymous, code)"
					  " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
					  "sssiissiiis", "", false },
	[Q_CHANGE + ADMIN_DEPARTMENTS] = { "UPDATE department SET " RENAMED SEEN, "sssiisi", "", false },
	[Q_CHANGE + ADMIN_CATEGORIES] = { "UPDATE category SET " RENAMED SEEN, "sssiisi", "", false },
	[Q_CHANGE + ADMIN_SUBCATEGORIES] = { "UPDATE subcategory SET " RENAMED ", category_code = ?,"
					     " sla_hours = ?, photo_on_resolve = ?, anonymous = ?" SEEN,
					     "sssiisiiisi", "", false },
};
const size_t admin_items_sql_n = ARRAY_LEN(admin_items_sql);

/* How many columns a kind has beyond those of all: the department, the category with the three of a promise. */
static const struct {
	const char *name;
	const char *example; /* of a code */
	size_t own;
	size_t code_max;
} kinds[] = {
	[ADMIN_DEPARTMENTS] = { "department", "DRN", 0, 8 },
	[ADMIN_CATEGORIES] = { "category", "DRN-A", 1, 10 },
	[ADMIN_SUBCATEGORIES] = { "subcategory", "DRN-01", 5, 10 },
};
_Static_assert(ARRAY_LEN(kinds) == ADMIN_KIND__COUNT, "a kind has no row");

const char *
admin_kind_name(enum admin_kind kind)
{
	return kinds[kind].name;
}

bool
admin_code_fits(enum admin_kind kind, struct span department, struct span code)
{
	struct span rest;

	if (kind == ADMIN_DEPARTMENTS)
		return scan_token(code, UPPER DIGIT, 2, 8) && scan_token((struct span){ code.p, 1 }, UPPER, 1, 1);
	if (code.n > kinds[kind].code_max || code.n < department.n + 2 || memcmp(code.p, department.p, department.n) != 0 ||
	    code.p[department.n] != '-')
		return false;
	rest = (struct span){ code.p + department.n + 1, code.n - department.n - 1 };
	return kind == ADMIN_CATEGORIES ? scan_token(rest, UPPER, 1, 2) : scan_token(rest, DIGIT, 2, 3);
}

/* ---- reading */

static void
read_item(const struct db_value *v, size_t own, struct admin_item *i)
{
	*i = (struct admin_item){ .code = v[0].s,
				  .name = { { [LANG_EN] = v[1].s, [LANG_BN] = v[2].s, [LANG_HI] = v[3].s } },
				  .sort = v[4].i,
				  .active = v[5].i != 0,
				  .version = v[6].i };
	if (own >= 1)
		i->department = v[7].s;
	if (own >= 2) {
		i->category = v[8].s;
		i->sla_hours = v[9].i;
		i->photo_on_resolve = v[10].i != 0;
		i->anonymous = v[11].i != 0;
	}
}

enum status
admin_items(struct db *db, struct arena *a, enum admin_kind kind, struct span department, const struct admin_item **out, size_t *n)
{
	struct db_rows rows;
	struct admin_item *list;
	enum status st = db_run(db, a, &admin_items_sql[Q_LIST + (size_t)kind], DB_NO_ARGS, &rows);

	if (st != E_OK)
		return st;
	list = arena_array(a, rows.n, sizeof(*list));
	if (list == NULL)
		return E_NOMEM;
	*n = 0;
	for (size_t i = 0; i < rows.n; i++) {
		struct admin_item *item = &list[*n];

		read_item(db_row(&rows, i), kinds[kind].own, item);
		if (department.p == NULL || span_eq(kind == ADMIN_DEPARTMENTS ? item->code : item->department, department))
			++*n;
	}
	*out = list;
	return E_OK;
}

static const struct admin_item *
find(const struct admin_item *list, size_t n, struct span code)
{
	for (size_t i = 0; i < n; i++)
		if (span_eq(list[i].code, code))
			return &list[i];
	return NULL;
}

json_t *
admin_item_json(enum admin_kind kind, const struct admin_item *i)
{
	json_t *o = json_pack("{s:o, s:o, s:o, s:o, s:I, s:b}", "code", json_span(i->code), "en", json_span(i->name.in[LANG_EN]),
			      "bn", json_span(i->name.in[LANG_BN]), "hi", json_span(i->name.in[LANG_HI]), "sort",
			      (json_int_t)i->sort, "active", i->active);

	if (o != NULL && kind != ADMIN_DEPARTMENTS)
		(void)json_object_set_new(o, "department", json_span(i->department));
	if (o != NULL && kind == ADMIN_SUBCATEGORIES) {
		(void)json_object_set_new(o, "category", json_span(i->category));
		(void)json_object_set_new(o, "sla_hours", json_integer(i->sla_hours));
		(void)json_object_set_new(o, "photo_on_resolve", json_boolean(i->photo_on_resolve));
		(void)json_object_set_new(o, "anonymous", json_boolean(i->anonymous));
	}
	return o;
}

bool
admin_item_same(enum admin_kind kind, const struct admin_item *a, const struct admin_item *b)
{
	for (int l = 0; l < LANG__COUNT; l++)
		if (!span_eq(a->name.in[l], b->name.in[l]))
			return false;
	if (a->sort != b->sort || a->active != b->active)
		return false;
	return kind != ADMIN_SUBCATEGORIES || (span_eq(a->category, b->category) && a->sla_hours == b->sla_hours &&
					       a->photo_on_resolve == b->photo_on_resolve && a->anonymous == b->anonymous);
}

/* ---- writing */

enum status
admin_item_write(struct admin_change *c, enum admin_kind kind, const struct admin_item *before, const struct admin_item *after)
{
	const bool adding = before == NULL;
	const struct db_value own[] = { db_text(after->department), db_text(after->category), db_int(after->sla_hours),
					db_int(after->photo_on_resolve), db_int(after->anonymous) };
	struct db_value args[12] = { db_text(after->name.in[LANG_EN]), db_text(after->name.in[LANG_BN]),
				     db_text(after->name.in[LANG_HI]), db_int(after->sort), db_int(after->active) };
	size_t n = 5;
	struct db_rows done;
	enum status st;

	for (size_t i = adding ? 0 : 1; i < kinds[kind].own; i++)
		args[n++] = own[i];
	args[n++] = db_text(after->code);
	if (!adding)
		args[n++] = db_int(before->version);
	st = db_run(c->db, c->arena, &admin_items_sql[(adding ? Q_ADD : Q_CHANGE) + (size_t)kind], args, n, &done);
	return st == E_OK && done.affected == 0 ? E_STALE : st;
}

struct edit {
	enum admin_kind kind;
	struct span code;
	const struct admin_wish *w;
	struct field_errors *errors;
	struct admin_answer *answer;
	bool adding;
	const struct admin_item *list; /* all of the kind */
	size_t n;
	struct admin_item now, then;
};

static void
wrong(const struct edit *e, const char *pointer, enum field_code code)
{
	field_error_add(e->errors, pointer, code);
}

static void
apply_wish(struct edit *e)
{
	const struct admin_wish *w = e->w;
	struct admin_item *i = &e->then;

	for (int l = 0; l < LANG__COUNT; l++)
		if (w->name.in[l].p != NULL)
			i->name.in[l] = w->name.in[l];
	if (w->category.p != NULL)
		i->category = w->category;
	if (w->sort >= 0)
		i->sort = w->sort;
	if (w->sla_hours > 0)
		i->sla_hours = w->sla_hours;
	if (w->photo_on_resolve >= 0)
		i->photo_on_resolve = w->photo_on_resolve != 0;
	if (w->anonymous >= 0)
		i->anonymous = w->anonymous != 0;
	if (w->active >= 0)
		i->active = w->active != 0;
}

/* Which department a subcategory's category has; a category's own stands in the wish. */
static enum status
check_parent(struct admin_change *c, struct edit *e)
{
	const bool sub = e->kind == ADMIN_SUBCATEGORIES;
	const struct admin_item *parents, *parent;
	struct span code = sub ? e->then.category : e->w->department;
	size_t n;
	enum status st;

	if (e->kind == ADMIN_DEPARTMENTS || (!sub && !e->adding))
		return E_OK;
	if (code.p == NULL) {
		wrong(e, sub ? "/category" : "/department", FE_REQUIRED);
		return E_OK;
	}
	st = admin_items(c->db, c->arena, sub ? ADMIN_CATEGORIES : ADMIN_DEPARTMENTS, (struct span){ NULL, 0 }, &parents, &n);
	if (st != E_OK)
		return st;
	parent = find(parents, n, code);
	if (parent == NULL)
		wrong(e, sub ? "/category" : "/department", FE_NOT_FOUND);
	else if (e->adding)
		e->then.department = sub ? parent->department : parent->code;
	else if (!span_eq(parent->department, e->then.department))
		wrong(e, "/category", FE_MISMATCH);
	return E_OK;
}

static void
check_new(const struct edit *e)
{
	static const char *const pointers[] = { [LANG_EN] = "/en", [LANG_BN] = "/bn", [LANG_HI] = "/hi" };

	for (int l = 0; l < LANG__COUNT; l++)
		if (e->then.name.in[l].p == NULL)
			wrong(e, pointers[l], FE_REQUIRED);
	if (e->kind == ADMIN_SUBCATEGORIES && e->then.sla_hours == 0)
		wrong(e, "/sla_hours", FE_REQUIRED);
	/* without its department nothing can be said about the code */
	if ((e->kind == ADMIN_DEPARTMENTS || e->then.department.p != NULL) &&
	    !admin_code_fits(e->kind, e->then.department, e->code))
		field_error_full(e->errors, &(struct field_error){
						    .pointer = "/code", .code = FE_FORMAT, .expected = kinds[e->kind].example });
	else if (find(e->list, e->n, e->code) != NULL)
		wrong(e, "/code", FE_TAKEN);
}

static enum status
begin_new(struct edit *e)
{
	e->then = (struct admin_item){ .code = e->code, .active = true, .version = 1 };
	for (size_t i = 0; i < e->n; i++)
		if (e->list[i].sort >= e->then.sort)
			e->then.sort = e->list[i].sort + 1;
	return E_OK;
}

static enum status
begin_change(struct edit *e)
{
	const struct admin_item *there = find(e->list, e->n, e->code);

	if (there == NULL)
		return E_NOT_FOUND;
	e->now = e->then = *there;
	return e->w->version == there->version ? E_OK : E_STALE;
}

static enum status
store(struct admin_change *c, struct edit *e)
{
	enum status st;

	if (!e->adding && admin_item_same(e->kind, &e->now, &e->then))
		return E_OK;
	st = admin_item_write(c, e->kind, e->adding ? NULL : &e->now, &e->then);
	if (st == E_STALE && e->adding) {
		wrong(e, "/code", FE_TAKEN);
		return E_INVALID;
	}
	if (st == E_OK)
		st = admin_record(c, kinds[e->kind].name, e->code, e->adding ? NULL : admin_item_json(e->kind, &e->now),
				  admin_item_json(e->kind, &e->then));
	if (st == E_OK && !e->adding)
		e->then.version++;
	return st == E_OK ? admin_bump(c) : st;
}

static enum status
edit_body(struct admin_change *c, void *arg)
{
	struct edit *e = arg;
	struct span owner;
	enum status st = admin_items(c->db, c->arena, e->kind, (struct span){ NULL, 0 }, &e->list, &e->n);

	e->errors->n = 0;
	if (st == E_OK)
		st = e->adding ? begin_new(e) : begin_change(e);
	if (st != E_OK && st != E_STALE)
		return st;
	/* who may not is not told of versions */
	owner = e->then.department;
	if (!e->adding && !admin_may(c->who, owner))
		return E_FORBIDDEN;
	if (st != E_OK)
		return st;
	apply_wish(e);
	st = check_parent(c, e);
	if (st != E_OK)
		return st;
	if (e->adding && e->then.department.p != NULL && !admin_may(c->who, e->then.department))
		return E_FORBIDDEN;
	if (e->adding)
		check_new(e);
	if (e->errors->n > 0)
		return E_INVALID;
	st = store(c, e);
	return st == E_OK ? admin_tell(c, e->answer, &e->then) : st;
}

enum status
admin_item_add(struct db *db, struct arena *a, const struct admin_who *who, enum admin_kind kind, struct span code,
	       const struct admin_wish *w, struct field_errors *errors, struct admin_answer *answer)
{
	struct edit e = { .kind = kind, .code = code, .w = w, .errors = errors, .answer = answer, .adding = true };

	if (kind == ADMIN_DEPARTMENTS && !admin_may(who, (struct span){ NULL, 0 }))
		return E_FORBIDDEN;
	return admin_run(db, a, who, edit_body, &e, answer);
}

enum status
admin_item_change(struct db *db, struct arena *a, const struct admin_who *who, enum admin_kind kind, struct span code,
		  const struct admin_wish *w, struct field_errors *errors, struct admin_answer *answer)
{
	struct edit e = { .kind = kind, .code = code, .w = w, .errors = errors, .answer = answer };

	return admin_run(db, a, who, edit_body, &e, answer);
}
