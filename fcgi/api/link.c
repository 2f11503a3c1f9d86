/* The link of a message: what its page shows, and what its holder may do without a login. The link stands in bodies alone. */
#include "api/actions.h"
#include "api/app.h"
#include "api/handlers.h"
#include "api/params.h"
#include "core/clock.h"
#include "domain/link.h"
#include "domain/status_view.h"

#define EXAMPLE "the 28 characters behind /r#"

/* For whom the complaint waits, in the order of the choices below. */
static const enum action actions[] = { REPLY, REOPEN, RATE };
static const char *const choices[] = { "reply", "reopen", "rate", NULL };
_Static_assert(ARRAY_LEN(choices) == ARRAY_LEN(actions) + 1, "an action has no name");
#define ONLY (1u << REPLY | 1u << REOPEN | 1u << RATE)

/* Who has the link acts as the complainant, if there is one, and as nobody else. */
static enum status
follow(struct call *c, struct span text, struct link *link, struct complaint *complaint)
{
	enum status st = link_check(c->worker->db, c->arena, text, clock_now_ms(), link);

	if (st == E_INVALID)
		return call_format(c, "/link", EXAMPLE);
	if (st != E_OK && (st != E_LINK_SPENT || link->complaint_id == 0))
		return st;
	if (complaint_find_id(c->worker->db, c->arena, link->complaint_id, complaint) != E_OK)
		return E_BUSY;
	c->actor = (struct actor){ .kind = ACTOR_CITIZEN, .id = complaint->citizen_id, .roles = CITIZEN, .lang = c->req.lang };
	return st;
}

/* ---- POST /links */

struct link_body {
	struct span link;
};
#define LINK_FIELD(T)                                                                                                              \
	{                                                                                                                          \
		.name = "link", .type = FIELD_LINE, .offset = offsetof(T, link), .required = true, .min = 1, .max = 64             \
	}
static const struct field link_fields[] = { LINK_FIELD(struct link_body) };

/* The note of the last event of this action, if it is for all eyes. */
static struct span
note_of(const struct story *s, struct span one, struct span other)
{
	for (size_t i = s->n; i-- > 0;)
		if (span_eq(s->events[i].action, one) || span_eq(s->events[i].action, other))
			return s->events[i].internal ? (struct span){ NULL, 0 } : s->events[i].note;
	return (struct span){ NULL, 0 };
}

static json_t *
view(struct call *c, const struct directory *d, const struct link *link, const struct story *own, const struct story *parent)
{
	const struct story *shown = parent->complaint == NULL ? own : parent;
	const struct complaint *complaint = own->complaint;
	const bool done = state_in(shown->complaint->state, STATE_BIT(RESOLVED) | STATE_BIT(REJECTED) | STATE_BIT(CLOSED));
	const bool asked = complaint->state == AWAITING_CITIZEN;
	static const char *const of_two_systems[] = { "system", "remark", "stale", "age_s" };
	json_t *o = status_view(d, own, parent);

	for (size_t i = 0; i < ARRAY_LEN(of_two_systems) && o != NULL; i++)
		(void)json_object_del(o, of_two_systems[i]);
	if (o == NULL)
		return NULL;
	(void)json_object_set_new(o, "display", render_display(complaint->number));
	(void)json_object_set_new(o, "version", json_integer((json_int_t)complaint->version));
	(void)json_object_set_new(o, "note", done ? json_span(note_of(shown, SPAN("resolve"), SPAN("reject"))) : json_null());
	(void)json_object_set_new(o, "question",
				  asked ? json_span(note_of(own, SPAN("ask_citizen"), SPAN("ask_citizen"))) : json_null());
	(void)json_object_set_new(o, "allowed_actions", action_offers(c, d, complaint, &c->actor, ONLY));
	(void)json_object_set_new(o, "expires_at", json_time(link->expires_ms));
	return o;
}

enum status
link_post(struct call *c)
{
	const struct catalogue *k = app_catalogue(c);
	struct link_body in = { .link = { NULL, 0 } };
	struct complaint complaint;
	struct story own, parent;
	struct link link;
	enum status st = call_body(c, link_fields, ARRAY_LEN(link_fields), &in);

	if (st == E_OK && k == NULL)
		st = E_BUSY;
	if (st == E_OK)
		st = follow(c, in.link, &link, &complaint);
	if (st == E_OK)
		st = story_load(c->worker->db, c->arena, &complaint, &own, &parent);
	if (st != E_OK)
		return st;
	c->resp.caching = CACHE_NEVER;
	return resp_json(&c->resp, 200, view(c, k->directory, &link, &own, &parent));
}

/* ---- POST /links/actions */

struct link_action_body {
	struct span link;
	int choice;
	struct action_body body;
};
#define AT(member) .offset = offsetof(struct link_action_body, member)
static const struct field link_action_fields[] = {
	LINK_FIELD(struct link_action_body),
	{ .name = "action", .type = FIELD_CHOICE, AT(choice), .required = true, .choices = choices },
	{ .name = "version", .type = FIELD_INT, AT(body.version), .required = true, .min = 1, .max = 4294967295.0 },
	{ .name = "note", .type = FIELD_TEXT, AT(body.note), .min = 1, .max = 1000 },
	{ .name = "stars", .type = FIELD_INT, AT(body.stars), .min = 1, .max = 5 },
	{ .name = "reasons", .type = FIELD_TEXTS, AT(body.reasons), .min = 1, .max = 20, .most = 5 },
	{ .name = "comment", .type = FIELD_TEXT, AT(body.comment), .min = 1, .max = 1000 },
};
#undef AT

/* The key is this link's: whoever sends the same with another link means something else. */
static void
scope(const struct call *c, struct span link, struct moving *m)
{
	param_idempotency(c, m->scope, m->body_hash);
	const struct span parts[] = { { (const char *)m->scope, sizeof(m->scope) }, link };

	seal_hash(parts, ARRAY_LEN(parts), m->scope);
}

/* A re-opening spends its own link: repeated with the same key it finds what it did. */
static enum status
repeated(struct call *c, const struct directory *d, const struct moving *m)
{
	const struct means w = action_means(c, d);
	struct span answer;
	enum status st = complaint_acted(&w, &c->actor, m, &answer);

	if (st != E_OK)
		return st == E_NOT_FOUND ? E_LINK_SPENT : st;
	return action_answer(c, answer);
}

static enum status
act(struct call *c, const struct directory *d, const struct moving *m, const struct complaint *complaint)
{
	struct refused refused = { .errors = &c->errors };
	const struct means w = action_means(c, d);
	struct span answer;
	enum status st = complaint_act(&w, &c->actor, m, complaint, &answer, &refused);

	if (st == E_STALE || st == E_ILLEGAL_MOVE)
		c->about = action_refused(c, complaint->id, m->action, st, refused.why);
	if (st != E_OK)
		return st;
	(void)cache_publish(c->worker->cache, "ekmc:bell:notify", "move");
	return action_answer(c, answer);
}

enum status
link_action_post(struct call *c)
{
	const struct catalogue *k = app_catalogue(c);
	struct link_action_body in = { .choice = -1, .body = ACTION_BODY_INIT };
	struct complaint complaint;
	struct moving m;
	struct link link;
	enum status st = call_body(c, link_action_fields, ARRAY_LEN(link_action_fields), &in);

	if (st != E_OK && st != E_INVALID)
		return st;
	if (k == NULL)
		return E_BUSY;
	in.body.action = in.choice < 0 ? -1 : (int)actions[in.choice];
	st = action_read(c, k->directory, &in.body, &m);
	if (st != E_OK)
		return st;
	c->resp.caching = CACHE_NEVER;
	m.only = ONLY;
	scope(c, in.link, &m);
	st = follow(c, in.link, &link, &complaint);
	if (st == E_LINK_SPENT && link.complaint_id != 0)
		return repeated(c, k->directory, &m);
	return st == E_OK ? act(c, k->directory, &m, &complaint) : st;
}
