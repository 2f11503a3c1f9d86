/* The public status as JSON. */
#include "domain/status_view.h"

json_t *
names_json(struct span code, const struct names *names)
{
	json_t *o = json_object();

	if (o == NULL)
		return NULL;
	(void)json_object_set_new(o, "code", json_span(code));
	for (int l = 0; l < LANG__COUNT; l++)
		(void)json_object_set_new(o, lang_code((enum lang)l), json_span(names == NULL ? code : names->in[l]));
	return o;
}

static json_t *
state_names_json(const struct directory *d, struct span state)
{
	json_t *o = names_json(state, directory_state(d, state));

	if (o != NULL)
		(void)json_object_del(o, "code");
	return o;
}

/* Appends the steps after `after_ms`; what came before decides whether a step changes anything. */
static bool
add_steps(json_t *list, const struct directory *d, const struct story *s, int64_t after_ms)
{
	struct span before = { NULL, 0 };

	for (size_t i = 0; i < s->n; i++) {
		const struct event *e = &s->events[i];

		/* notes and the like change nothing that the public sees */
		if (before.p != NULL && span_eq(before, e->state) && !span_eq(e->action, SPAN("reopen")))
			continue;
		before = e->state;
		if (e->at_ms > after_ms &&
		    json_array_append_new(list, json_pack("{s:s%, s:o, s:o, s:o}", "state", e->state.p, e->state.n, "state_name",
							  state_names_json(d, e->state), "at", json_time(e->at_ms), "office",
							  names_json(e->office, directory_office(d, e->office)))) != 0)
			return false;
	}
	return true;
}

/* When it became a duplicate: its last step, a duplicate has no later one but notes. */
static int64_t
joined_ms(const struct story *own)
{
	size_t i = own->n;

	while (i > 1 && span_eq(own->events[i - 2].state, SPAN("DUPLICATE")))
		i--;
	return i == 0 ? INT64_MIN : own->events[i - 1].at_ms;
}

static json_t *
timeline(const struct directory *d, const struct story *own, const struct story *parent)
{
	json_t *list = json_array();

	if (list == NULL || !add_steps(list, d, own, INT64_MIN) ||
	    (parent->complaint != NULL && !add_steps(list, d, parent, joined_ms(own)))) {
		json_decref(list);
		return NULL;
	}
	return list;
}

enum status
story_load(struct db *db, struct arena *a, const struct complaint *c, struct story *own, struct story *parent)
{
	struct complaint *other;
	enum status st;

	*own = (struct story){ .complaint = c };
	*parent = (struct story){ .complaint = NULL };
	st = complaint_timeline(db, a, c->id, &own->events, &own->n);
	if (st != E_OK || c->state != DUPLICATE)
		return st;
	other = arena_alloc(a, sizeof(*other));
	if (other == NULL)
		return E_NOMEM;
	st = complaint_find_id(db, a, c->parent.id, other);
	if (st == E_OK)
		st = complaint_timeline(db, a, other->id, &parent->events, &parent->n);
	parent->complaint = other;
	return st == E_NOT_FOUND ? E_INTERNAL : st;
}

json_t *
status_view(const struct directory *d, const struct story *own, const struct story *parent)
{
	const struct complaint *c = own->complaint, *shown = parent->complaint == NULL ? c : parent->complaint;
	const struct department *department = directory_department(d, shown->department);
	const struct subcategory *subcategory = directory_subcategory(d, shown->subcategory);
	struct span state = span_of(state_name(shown->state));

	return json_pack("{s:s%, s:s, s:s, s:o, s:i, s:o, s:o, s:i, s:i, s:o, s:o, s:o, s:n, s:b, s:i, s:o}", "number", c->number.p,
			 c->number.n, "system", "ekmc2", "state", state.p, "state_name", state_names_json(d, state), "level",
			 shown->level, "department", names_json(shown->department, department == NULL ? NULL : &department->name),
			 "subcategory", names_json(shown->subcategory, subcategory == NULL ? NULL : &subcategory->name), "ward",
			 c->ward, "borough", c->borough, "lodged_at", json_time(c->lodged_ms), "due_at", json_time(shown->due_ms),
			 "resolved_at", json_time(shown->resolved_ms), "remark", "stale", 0, "age_s", 0, "timeline",
			 timeline(d, own, parent));
}
