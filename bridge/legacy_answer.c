/* The public shape of a complaint. */
#include "bridge/legacy_answer.h"

#include "core/clock.h"
#include "core/json.h"

static json_t *
state_texts(enum state state)
{
	json_t *o = json_object();

	for (int l = 0; o != NULL && l < LANG__COUNT; l++)
		(void)json_object_set_new(o, lang_code((enum lang)l), json_string(legacy_states[state].name[l]));
	return o;
}

/* eKMC1.0 gives one text and no code: it stands for all three languages. */
static json_t *
name(struct span text)
{
	json_t *o;

	if (text.p == NULL)
		return json_null();
	o = json_pack("{s:n}", "code");
	for (int l = 0; o != NULL && l < LANG__COUNT; l++)
		(void)json_object_set_new(o, lang_code((enum lang)l), json_span(text));
	return o;
}

static json_t *
step(enum state state, int64_t at_ms, struct span office)
{
	return json_pack("{s:s, s:o, s:o, s:o}", "state", state_name(state), "state_name", state_texts(state), "at",
			 json_time(at_ms), "office", name(office));
}

/* What can be dated: the lodging and the end. */
static json_t *
timeline(const struct legacy_case *c)
{
	json_t *list = json_array();

	if (list != NULL && c->lodged_ms != CLOCK_NONE)
		(void)json_array_append_new(list, step(UNASSIGNED, c->lodged_ms, c->department));
	if (list != NULL && c->closed_ms != CLOCK_NONE && legacy_states[c->state].ended)
		(void)json_array_append_new(list, step(c->state, c->closed_ms, c->department));
	return list;
}

static json_t *
number_or_null(int v)
{
	return v == 0 ? json_null() : json_integer(v);
}

json_t *
legacy_answer(const struct legacy_case *c, bool stale, int64_t age_s)
{
	bool ended = legacy_states[c->state].ended;

	return json_pack("{s:s, s:s, s:s, s:o, s:i, s:o, s:o, s:o, s:o, s:o, s:n, s:o, s:o, s:b, s:I, s:o}", "number", c->number,
			 "system", "ekmc1", "state", state_name(c->state), "state_name", state_texts(c->state), "level", 0,
			 "department", name(c->department), "subcategory", name(c->category), "ward", number_or_null(c->ward),
			 "borough", number_or_null(legacy_borough(c->ward)), "lodged_at", json_time(c->lodged_ms), "due_at",
			 "resolved_at", json_time(ended ? c->closed_ms : CLOCK_NONE), "remark", json_span(c->remark), "stale",
			 (int)stale, "age_s", (json_int_t)(stale ? age_s : 0), "timeline", timeline(c));
}
