/* The list against what there is: who comes, changes, leaves, and what the database is to be told. */
#include <stdlib.h>

#include "core/json.h"
#include "domain/roster_impl.h"

struct planner {
	struct arena *arena;
	const struct seal *seal;
	const struct directory *d;
	const struct roster_job *job;
	const struct roster_staff *file;
	const struct roster_state *state;
	struct roster_faults *faults;
	struct roster_plan *plan;
	struct roster_report *report;
};

/* ---- which duties the list is about */

/* Does the file have a row of this role in this department? */
static bool
file_names(const struct roster_staff *file, enum role role, unsigned department)
{
	for (size_t i = 0; i < file->n; i++) {
		for (size_t k = 0; k < file->v[i].duties.n; k++) {
			const struct roster_parts p = roster_unpack(file->v[i].duties.v[k]);

			if (p.role == role && p.department == department)
				return true;
		}
	}
	return false;
}

/* LME, GRO and EO of the scope: the list is complete. What only administrators give is left alone where the list does not speak of
 * it: a controlling officer's own list, imported by an administrator, must not depose them. */
static bool
is_managed(const struct directory *d, const struct roster_job *job, const struct roster_staff *file, uint64_t duty)
{
	const struct roster_parts p = roster_unpack(duty);
	const struct roster_rule *rule = roster_rule(p.role);

	if (rule == NULL)
		return false;
	if (job->department.p != NULL && p.department != roster_department(d, job->department))
		return false;
	return rule->officer || (admin_may(&job->who, NOWHERE) && file_names(file, p.role, p.department));
}

static bool
managed(const struct planner *k, uint64_t duty)
{
	return is_managed(k->d, k->job, k->file, duty);
}

/* Duties beyond the list's reach. */
static size_t
others(const struct planner *k, const struct roster_person *p)
{
	size_t n = 0;

	for (size_t i = 0; i < p->duties.n; i++)
		n += !managed(k, p->duties.v[i]);
	return n;
}

bool
roster_stays_lme(const struct directory *d, const struct roster_job *job, const struct roster_staff *file,
		 const struct roster_person *p, struct span department)
{
	const unsigned number = roster_department(d, department);

	/* a row that is wrong says nothing: as it was */
	if (p->entry != NULL && (p->entry->bad || roster_is_lme(&p->entry->duties, number)))
		return p->active;
	for (size_t i = 0; i < p->duties.n; i++) {
		const struct roster_parts parts = roster_unpack(p->duties.v[i]);

		if (parts.role == LME && parts.department == number && !is_managed(d, job, file, p->duties.v[i]))
			return p->active;
	}
	return false;
}

/* ---- what the database is to be told */

static bool
put(json_t *list, json_t *value)
{
	return json_array_append_new(list, value) == 0;
}

static json_t *
sealed(const struct planner *k, const char *mobile)
{
	struct buf hex = BUF_INIT(1024);
	struct span box;
	json_t *text = NULL;

	if (mobile[0] == '\0')
		return json_null();
	if (seal_box(k->seal, k->arena, span_of(mobile), &box) == E_OK) {
		buf_hex(&hex, box.p, box.n);
		text = hex.failed ? NULL : json_stringn(hex.data, hex.len);
	}
	buf_release(&hex);
	return text;
}

/* Whose account it is when no duty is left: that of the first one's department. */
static json_t *
owner(const struct planner *k, const struct roster_duties *duties)
{
	const unsigned department = duties->n == 0 ? 0 : roster_unpack(duties->v[0]).department;

	return department == 0 ? json_null() : json_span(k->d->departments[department - 1].code);
}

static bool
set(json_t *o, const char *key, json_t *value)
{
	return json_object_set_new(o, key, value) == 0;
}

static bool
add_duty(const struct planner *k, struct span user, uint64_t duty)
{
	const struct roster_parts p = roster_unpack(duty);
	const struct directory *d = k->d;
	char role[16] = "";
	json_t *o = json_object();
	bool ok;

	for (size_t i = 0; i + 1 < sizeof(role) && role_name(p.role)[i] != '\0'; i++)
		role[i] = (char)(role_name(p.role)[i] - 'a' + 'A');
	ok = set(o, "user", json_span(user)) && set(o, "role", json_string(role));
	if (ok && p.department > 0)
		ok = set(o, "department", json_span(d->departments[p.department - 1].code));
	if (ok && p.level > 0)
		ok = set(o, "level", json_integer(p.level));
	if (ok && p.category > 0)
		ok = set(o, "category", json_span(d->categories[p.category - 1].code));
	if (ok && p.subcategory > 0)
		ok = set(o, "subcategory", json_span(d->subcategories[p.subcategory - 1].code));
	if (ok && p.borough > 0)
		ok = set(o, "borough", json_integer(p.borough));
	if (ok && p.ward > 0)
		ok = set(o, "ward", json_integer(p.ward));
	/* appending takes the reference, also when it fails */
	return put(k->plan->add, o) && ok;
}

/* Drops the rows of the roster that the entry does not repeat; NULL: all that the list is about. *n counts them. */
static bool
drop_duties(const struct planner *k, const struct roster_person *p, const struct roster_entry *e, size_t *n)
{
	struct roster_duties kept = { .v = arena_array(k->arena, p->n_rows, sizeof(uint64_t)) };

	if (kept.v == NULL)
		return false;
	for (size_t i = 0; i < p->n_rows; i++) {
		bool twice = false;

		if (!managed(k, p->rows[i]))
			continue;
		for (size_t j = 0; j < kept.n; j++)
			twice = twice || kept.v[j] == p->rows[i];
		if (e != NULL && !twice && roster_has(&e->duties, p->rows[i])) {
			kept.v[kept.n++] = p->rows[i];
			continue;
		}
		if (!put(k->plan->drop, json_integer(p->row_ids[i])))
			return false;
		++*n;
	}
	return true;
}

static bool
add_duties(const struct planner *k, const struct roster_entry *e, size_t *n)
{
	for (size_t i = 0; i < e->duties.n; i++) {
		if (e->person != NULL && roster_has(&e->person->duties, e->duties.v[i]))
			continue;
		if (!add_duty(k, e->user, e->duties.v[i]))
			return false;
		++*n;
	}
	return true;
}

/* ---- one person */

static struct roster_item *
new_item(const struct planner *k, enum roster_what what, size_t row, struct span key)
{
	struct roster_item *i = &k->plan->items[k->plan->n_items++];

	*i = (struct roster_item){ .what = what, .row = row, .key = key };
	return i;
}

static bool
lost_lme(const struct planner *k, const struct roster_person *p)
{
	for (size_t i = 0; i < p->duties.n; i++) {
		const struct roster_parts parts = roster_unpack(p->duties.v[i]);

		if (parts.role == LME && parts.department > 0 &&
		    !roster_stays_lme(k->d, k->job, k->file, p, k->d->departments[parts.department - 1].code))
			return true;
	}
	return false;
}

static enum status
plan_new(const struct planner *k, const struct roster_entry *e)
{
	size_t n = 0;
	json_t *mobile = sealed(k, e->mobile);
	json_t *o = json_pack("{s:o, s:o, s:o, s:o, s:o}", "user", json_span(e->user), "en", json_span(e->en), "bn",
			      json_span(e->bn), "mobile", mobile, "department", owner(k, &e->duties));

	if (!put(k->plan->people_new, o) || !add_duties(k, e, &n))
		return E_NOMEM;
	(void)new_item(k, ROSTER_ADDED, e->row, e->user);
	k->report->added++;
	return E_OK;
}

struct differs {
	bool en, bn, mobile, back;
	size_t dropped, added;
};

/* A person of other departments too, or whose account is another's: names and mobile are not for this list to change. */
static bool
is_foreign(const struct planner *k, const struct roster_person *p)
{
	if (admin_may(&k->job->who, NOWHERE))
		return false;
	return p->duties.n == 0 ? !span_eq(p->department, k->job->department) : others(k, p) > 0;
}

static bool
refuse_foreign(const struct planner *k, const struct roster_entry *e, const struct differs *x)
{
	if (x->en)
		roster_fault(k->faults, e->row, roster_columns[C_EN], RF_FOREIGN, 0, NOWHERE);
	if (x->bn)
		roster_fault(k->faults, e->row, roster_columns[C_BN], RF_FOREIGN, 0, NOWHERE);
	if (x->mobile)
		roster_fault(k->faults, e->row, roster_columns[C_MOBILE], RF_FOREIGN, 0, NOWHERE);
	return x->en || x->bn || x->mobile;
}

static void
name_columns(struct roster_item *i, const struct differs *x)
{
	size_t n = 0;

	if (x->en)
		i->columns[n++] = "en";
	if (x->bn)
		i->columns[n++] = "bn";
	if (x->mobile)
		i->columns[n++] = "mobile";
	if (x->dropped + x->added > 0)
		i->columns[n++] = "duties";
	if (x->back)
		i->columns[n++] = "active";
}

static enum status
plan_known(const struct planner *k, struct roster_entry *e)
{
	const struct roster_person *p = e->person;
	struct differs x = { .en = !span_eq(p->en, e->en),
			     .bn = !span_eq(p->bn, e->bn),
			     .mobile = strcmp(p->mobile, e->mobile) != 0 };
	const bool joins = p->duties.n == others(k, p);

	if (is_foreign(k, p) && refuse_foreign(k, e, &x)) {
		e->bad = true;
		return E_OK;
	}
	/* who is inactive and has duties was shut out by an administrator, and stays so */
	x.back = !p->active && p->duties.n == 0;
	if (!drop_duties(k, p, e, &x.dropped) || !add_duties(k, e, &x.added))
		return E_NOMEM;
	if (x.en || x.bn || x.mobile || x.back) {
		json_t *mobile = sealed(k, e->mobile);
		json_t *o = json_pack("{s:I, s:o, s:o, s:o, s:b}", "id", (json_int_t)p->id, "en", json_span(e->en), "bn",
				      json_span(e->bn), "mobile", mobile, "back", x.back);

		if (!put(k->plan->people, o))
			return E_NOMEM;
	} else if (x.dropped + x.added == 0) {
		k->report->unchanged++;
		return E_OK;
	}
	if (x.dropped > 0 && lost_lme(k, p) && !put(k->plan->losers, json_integer(p->id)))
		return E_NOMEM;
	e->person->item = new_item(k, joins ? ROSTER_ADDED : ROSTER_CHANGED, e->row, e->user);
	name_columns(e->person->item, &x);
	if (joins)
		k->report->added++;
	else
		k->report->changed++;
	return E_OK;
}

static enum status
plan_leaving(const struct planner *k, struct roster_person *p)
{
	const size_t stays = others(k, p);
	size_t n = 0;

	if (stays == p->duties.n)
		return E_OK;
	if (!drop_duties(k, p, NULL, &n))
		return E_NOMEM;
	if (stays == 0 && !put(k->plan->left, json_pack("{s:I, s:o}", "id", (json_int_t)p->id, "department", owner(k, &p->duties))))
		return E_NOMEM;
	if (lost_lme(k, p) && !put(k->plan->losers, json_integer(p->id)))
		return E_NOMEM;
	p->item = new_item(k, ROSTER_LEAVING, 0, p->user);
	k->report->leaving++;
	return E_OK;
}

/* ---- all of them */

/* A mobile of the list that somebody has who is not in it and stays. Who leaves hands the number over with the duty. */
static int
by_mobile(const void *a, const void *b)
{
	const struct roster_entry *const *x = a, *const *y = b;

	return strcmp((*x)->mobile, (*y)->mobile);
}

static enum status
check_taken(const struct planner *k)
{
	struct roster_entry **sorted = arena_array(k->arena, k->file->n, sizeof(struct roster_entry *));

	if (sorted == NULL)
		return E_NOMEM;
	for (size_t i = 0; i < k->file->n; i++)
		sorted[i] = &k->file->v[i];
	if (k->file->n > 0)
		qsort(sorted, k->file->n, sizeof(struct roster_entry *), by_mobile);
	for (size_t i = 0; i < k->state->n && k->file->n > 0; i++) {
		const struct roster_person *p = &k->state->v[i];
		struct roster_entry probe = { .row = 0 }, *key = &probe, **found;

		if (!p->active || p->entry != NULL || p->mobile[0] == '\0' || (p->duties.n > 0 && others(k, p) == 0))
			continue;
		memcpy(probe.mobile, p->mobile, sizeof(probe.mobile));
		found = bsearch(&key, sorted, k->file->n, sizeof(struct roster_entry *), by_mobile);
		if (found == NULL)
			continue;
		roster_fault(k->faults, (*found)->row, roster_columns[C_MOBILE], RF_MOBILE_TAKEN, 0, NOWHERE);
		(*found)->bad = true;
	}
	return E_OK;
}

/* A department that has officers, and none in the list. */
static bool
empties(const struct planner *k)
{
	bool has[256] = { false }, keeps[256] = { false };

	for (size_t i = 0; i < k->state->n; i++) {
		for (size_t j = 0; j < k->state->v[i].duties.n; j++) {
			const uint64_t duty = k->state->v[i].duties.v[j];

			if (managed(k, duty) && roster_rule(roster_unpack(duty).role)->officer)
				has[roster_unpack(duty).department] = true;
		}
	}
	for (size_t i = 0; i < k->file->n; i++)
		for (size_t j = 0; j < k->file->v[i].duties.n; j++)
			if (roster_rule(roster_unpack(k->file->v[i].duties.v[j]).role)->officer)
				keeps[roster_unpack(k->file->v[i].duties.v[j]).department] = true;
	for (size_t i = 1; i < ARRAY_LEN(has); i++)
		if (has[i] && !keeps[i])
			return true;
	return false;
}

static bool
is_admin(const struct roster_duties *d)
{
	for (size_t i = 0; i < d->n; i++)
		if (roster_unpack(d->v[i]).role == ADMIN)
			return true;
	return false;
}

/* Administrators who can log in: there are some, and the list leaves none. Who it makes one has no password yet. */
static bool
ends_admins(const struct planner *k)
{
	bool any = false;

	for (size_t i = 0; i < k->state->n; i++) {
		const struct roster_person *p = &k->state->v[i];
		const struct roster_entry *e = p->entry;

		if (!p->active || !p->has_password || !is_admin(&p->duties))
			continue;
		if (!file_names(k->file, ADMIN, 0) || (e != NULL && (e->bad || is_admin(&e->duties))))
			return false;
		any = true;
	}
	return any;
}

static enum status
begin(struct planner *k)
{
	struct roster_plan *p = k->plan;
	json_t **lists[] = { &p->people_new, &p->people, &p->drop, &p->left, &p->add, &p->losers };

	*p = (struct roster_plan){ .items = arena_array(k->arena, k->file->n + k->state->n, sizeof(*p->items)) };
	for (size_t i = 0; i < ARRAY_LEN(lists); i++)
		if ((*lists[i] = json_own(k->arena, json_array())) == NULL)
			return E_NOMEM;
	for (size_t i = 0; i < k->file->n; i++) {
		struct roster_entry *e = &k->file->v[i];

		e->person = roster_person(k->state, e->user);
		if (e->person != NULL)
			e->person->entry = e;
	}
	return p->items == NULL ? E_NOMEM : E_OK;
}

enum status
roster_plan(struct arena *a, const struct seal *seal, const struct directory *d, const struct roster_job *job,
	    const struct roster_staff *file, const struct roster_state *state, struct roster_faults *faults,
	    struct roster_plan *plan, struct roster_report *report)
{
	struct planner k = { a, seal, d, job, file, state, faults, plan, report };
	enum status st = begin(&k);

	if (st == E_OK)
		st = check_taken(&k);
	for (size_t i = 0; i < state->n && st == E_OK; i++)
		if (state->v[i].entry == NULL)
			st = plan_leaving(&k, &state->v[i]);
	for (size_t i = 0; i < file->n && st == E_OK; i++) {
		if (!file->v[i].bad)
			st = file->v[i].person == NULL ? plan_new(&k, &file->v[i]) : plan_known(&k, &file->v[i]);
	}
	plan->empties = empties(&k);
	if (job->department.p == NULL && ends_admins(&k))
		roster_fault(faults, 0, NULL, RF_LAST_ADMIN, 0, NOWHERE);
	return st;
}
