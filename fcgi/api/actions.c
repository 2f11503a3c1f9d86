/* Moves: read from a request, made, answered; and which of them are offered. */
#include "api/actions.h"

#include "api/app.h"
#include "api/handlers.h"
#include "core/clock.h"
#include "core/scan.h"

/* Why somebody gave this many stars. */
static const char *const rating_reasons[] = { "quick",      "well_done", "polite", "informed",  "slow",
					      "incomplete", "not_done",  "rude",   "uninformed" };

static bool
known_reason(struct span word)
{
	for (size_t i = 0; i < ARRAY_LEN(rating_reasons); i++)
		if (span_eq(word, span_of(rating_reasons[i])))
			return true;
	return false;
}

static void
read_reasons(struct call *c, const struct schema_texts *reasons, struct moving *m)
{
	struct buf text = BUF_INIT(200);

	for (size_t i = 0; i < reasons->n; i++) {
		if (!known_reason(reasons->v[i]))
			(void)call_format(c, arena_printf(c->arena, "/reasons/%zu", i), "slow, well_done …");
		buf_text(&text, i == 0 ? "" : ",");
		buf_span(&text, reasons->v[i]);
	}
	if (reasons->n > 0 && !text.failed)
		m->reasons = (struct span){ arena_strndup(c->arena, text.data, text.len), text.len };
	buf_release(&text);
}

static void
read_parent(struct call *c, struct span text, struct moving *m)
{
	char digits[NUMBER_DIGITS + 1];

	if (text.p == NULL)
		return;
	if (ids_number_parse(text, c->conf->system.go_live_ms, digits) == NUMBER_NEW)
		m->parent = arena_strdup(c->arena, digits);
	else
		(void)call_format(c, "/parent", "2611 0000 0016");
}

static void
read_mobile(struct call *c, struct span text, struct moving *m)
{
	char digits[11];

	if (text.p == NULL)
		return;
	if (scan_mobile(text, digits))
		m->mobile = span_of(arena_strdup(c->arena, digits));
	else
		(void)call_format(c, "/mobile", "98300 12345");
}

static void
read_subcategory(struct call *c, const struct directory *d, struct span code, struct moving *m)
{
	if (code.p == NULL)
		return;
	m->subcategory = directory_subcategory(d, code);
	if (m->subcategory == NULL || !m->subcategory->active)
		(void)call_field(c, "/subcategory", FE_NOT_FOUND);
}

enum status
action_read(struct call *c, const struct directory *d, const struct action_body *in, struct moving *m)
{
	*m = (struct moving){ MOVING_INIT,
			      .action = in->action < 0 ? ACTION__COUNT : (enum action)in->action,
			      .version = in->version,
			      .now_ms = clock_now_ms(),
			      .note = in->note,
			      .internal = in->internal,
			      .lme = in->lme,
			      .ward = (int)in->ward,
			      .has_point = in->has_location,
			      .lat = in->location.lat,
			      .lon = in->location.lon,
			      .landmark = in->landmark,
			      .stars = (int)in->stars,
			      .comment = in->comment,
			      .uploads = in->uploads,
			      .render = render_moved };
	if (in->has_location)
		m->accuracy_m = in->location.accuracy_m;
	if (in->has_priority)
		m->priority = in->priority;
	read_reasons(c, &in->reasons, m);
	read_parent(c, in->parent, m);
	read_mobile(c, in->mobile, m);
	read_subcategory(c, d, in->subcategory, m);
	return c->errors.n > 0 ? E_INVALID : E_OK;
}

struct means
action_means(const struct call *c, const struct directory *d)
{
	return (struct means){ .db = c->worker->db, .cache = c->worker->cache, .arena = c->arena, .directory = d, .seal = c->seal };
}

enum status
action_answer(struct call *c, struct span answer)
{
	c->resp.http = 200;
	c->resp.type = "application/json";
	buf_span(&c->resp.body, answer);
	return E_OK;
}

/* ---- refusals */

/* The event that led to the state it is in: notes and the like came after it. */
static size_t
entered(const struct event *events, size_t n)
{
	size_t i = n - 1;

	while (i > 0 && span_eq(events[i].state, events[i - 1].state))
		i--;
	return i;
}

/* Who moved it last; a note moves nothing, and an internal one is not the complainant's to know of. */
static const struct event *
moved(const struct event *events, size_t n)
{
	size_t i = n - 1;

	while (i > 0 && span_eq(events[i].action, SPAN("note")))
		i--;
	return &events[i];
}

json_t *
action_refused(struct call *c, int64_t complaint_id, enum action action, enum status st, enum refusal why)
{
	struct complaint now;
	const struct event *events, *last;
	json_t *o;
	size_t n = 0;

	if (complaint_find_id(c->worker->db, c->arena, complaint_id, &now) != E_OK ||
	    complaint_timeline(c->worker->db, c->arena, complaint_id, &events, &n) != E_OK || n == 0)
		return NULL;
	last = moved(events, n);
	o = json_own(c->arena, json_pack("{s:s, s:s, s:I, s:o, s:s%, s:o, s:s%}", "action", action_name(action), "state",
					 state_name(now.state), "version", (json_int_t)now.version, "since",
					 json_time(events[entered(events, n)].at_ms), "last_action", last->action.p, last->action.n,
					 "last_at", json_time(last->at_ms), "by", last->by.p, last->by.n));
	if (o != NULL && st == E_ILLEGAL_MOVE) {
		(void)json_object_set_new(o, "why", json_string(refusal_codes[why]));
		(void)json_object_set_new(o, "detail", json_string(refusal_texts[why][c->req.lang]));
	}
	if (o != NULL && c->actor.kind == ACTOR_STAFF && last->staff.p != NULL)
		(void)json_object_set_new(o, "by_name", json_span(last->staff));
	return o;
}

/* ---- offers */

static const struct {
	enum want want;
	const char *fields[3];
} want_fields[] = {
	{ W_NOTE, { "note" } },
	{ W_INTERNAL, { "internal" } },
	{ W_LME, { "lme" } },
	{ W_SUBCATEGORY, { "subcategory" } },
	{ W_PLACE, { "ward", "location", "landmark" } },
	{ W_PHOTO, { "attachments" } },
	{ W_STARS, { "stars" } },
	{ W_RATING, { "reasons", "comment" } },
	{ W_PARENT, { "parent" } },
	{ W_PRIORITY, { "priority" } },
	{ W_MOBILE, { "mobile" } },
};

static json_t *
fields_json(unsigned wants)
{
	json_t *list = json_array();

	for (size_t i = 0; i < ARRAY_LEN(want_fields) && list != NULL; i++)
		for (size_t k = 0; k < ARRAY_LEN(want_fields[i].fields); k++)
			if ((wants & want_fields[i].want) != 0 && want_fields[i].fields[k] != NULL)
				(void)json_array_append_new(list, json_string(want_fields[i].fields[k]));
	return list;
}

json_t *
action_offers(struct call *c, const struct directory *d, const struct complaint *complaint, const struct actor *actor,
	      unsigned only)
{
	const struct offer *offers;
	size_t n;
	json_t *list = json_array();

	if (list == NULL || complaint_offers(c->arena, d, complaint, actor, only, clock_now_ms(), &offers, &n) != E_OK)
		return list;
	for (size_t i = 0; i < n; i++) {
		json_t *o = json_pack("{s:s, s:o, s:o}", "action", action_name(offers[i].action), "needs",
				      fields_json(offers[i].needs), "may", fields_json(offers[i].may));

		if (o != NULL && offers[i].until_ms != CLOCK_NONE)
			(void)json_object_set_new(o, "until", json_time(offers[i].until_ms));
		(void)json_array_append_new(list, o);
	}
	return list;
}

/* ---- POST /complaints/{number}/actions */

struct one {
	struct action_body body;
};
static const struct field action_fields[] = {
	ACTION_FIELDS(struct one, body),
	{ .name = "version",
	  .type = FIELD_INT,
	  .offset = offsetof(struct one, body.version),
	  .required = true,
	  .min = 1,
	  .max = 4294967295.0 },
};

enum status
action_post(struct call *c)
{
	const struct catalogue *k = app_catalogue(c);
	struct one in = { .body = ACTION_BODY_INIT };
	struct refused refused = { .errors = &c->errors };
	struct moving m;
	struct complaint complaint = { .id = 0 };
	struct span answer;
	struct means w;
	enum status st = call_body(c, action_fields, ARRAY_LEN(action_fields), &in);

	if (st != E_OK && st != E_INVALID)
		return st;
	if (k == NULL)
		return E_BUSY;
	st = action_read(c, k->directory, &in.body, &m);
	if (st == E_OK)
		st = param_complaint(c, &complaint);
	if (st != E_OK && st != E_NOT_FOUND)
		return st;
	param_idempotency(c, m.scope, m.body_hash);
	w = action_means(c, k->directory);
	if (st == E_NOT_FOUND)
		st = complaint_acted(&w, &c->actor, &m, &answer);
	else
		st = complaint_act(&w, &c->actor, &m, &complaint, &answer, &refused);
	if (st == E_STALE || st == E_ILLEGAL_MOVE)
		c->about = action_refused(c, complaint.id, m.action, st, refused.why);
	if (st != E_OK)
		return st;
	(void)cache_publish(c->worker->cache, "ekmc:bell:notify", "move");
	return action_answer(c, answer);
}
