/* Complaints: lodge, list, read. */
#include "api/actions.h"
#include "api/app.h"
#include "api/audit.h"
#include "api/handlers.h"
#include "api/params.h"
#include "api/render.h"
#include "core/clock.h"
#include "core/json.h"

static const char *const languages[] = { "en", "bn", "hi", NULL };
/* The others come in by ways of their own. */
static const char *const channels[] = { "WEB", "APP", NULL };

struct lodge_body {
	struct span subcategory, department, category, description, landmark, name, me_too;
	int64_t ward;
	struct location location;
	bool has_location;
	int language, channel;
	struct schema_texts attachments;
};
#define AT(member) .offset = offsetof(struct lodge_body, member)
static const struct field lodge_fields[] = {
	{ .name = "subcategory", .type = FIELD_LINE, AT(subcategory), .required = true, .min = 1, .max = 10 },
	{ .name = "department", .type = FIELD_LINE, AT(department), .min = 1, .max = 8 },
	{ .name = "category", .type = FIELD_LINE, AT(category), .min = 1, .max = 10 },
	{ .name = "description", .type = FIELD_TEXT, AT(description), .required = true, .min = 1, .max = 4000 },
	{ .name = "ward", .type = FIELD_INT, AT(ward), .min = 1, .max = WARDS },
	{ .name = "location",
	  .type = FIELD_OBJECT,
	  AT(location),
	  .fields = location_fields,
	  .n_fields = LOCATION_FIELDS,
	  .present = offsetof(struct lodge_body, has_location) },
	{ .name = "landmark", .type = FIELD_LINE, AT(landmark), .min = 1, .max = 200 },
	{ .name = "name", .type = FIELD_LINE, AT(name), .min = 1, .max = 100 },
	{ .name = "language", .type = FIELD_CHOICE, AT(language), .choices = languages },
	{ .name = "channel", .type = FIELD_CHOICE, AT(channel), .choices = channels },
	{ .name = "attachments", .type = FIELD_TEXTS, AT(attachments), .min = 1, .max = 40, .most = ATTACHMENTS_MOST },
	{ .name = "me_too", .type = FIELD_LINE, AT(me_too), .min = 1, .max = 64 },
};
#undef AT

/* The subcategory, which must belong to the department and category that were named beside it. */
static const struct subcategory *
check_subcategory(struct call *c, const struct directory *d, const struct lodge_body *in)
{
	const struct subcategory *s = in->subcategory.p == NULL ? NULL : directory_subcategory(d, in->subcategory);
	const struct category *category;

	if (in->subcategory.p == NULL)
		return NULL;
	if (s == NULL || !s->active) {
		(void)call_field(c, "/subcategory", FE_NOT_FOUND);
		return NULL;
	}
	category = &d->categories[s->category];
	if (in->category.p != NULL && !span_eq(in->category, category->code))
		(void)call_field(c, "/category", FE_MISMATCH);
	if (in->department.p != NULL && !span_eq(in->department, d->departments[category->department].code))
		(void)call_field(c, "/department", FE_MISMATCH);
	return s;
}

enum status
complaint_post(struct call *c)
{
	const struct catalogue *k = app_catalogue(c);
	struct lodge_body in = { .language = -1, .location = { .accuracy_m = -1 } };
	struct lodging lodging = { .token_hash = c->actor.token_hash };
	struct lodged lodged;
	uint8_t ids[ATTACHMENTS_MOST][ATTACHMENT_ID_BYTES];
	enum status st = call_body(c, lodge_fields, ARRAY_LEN(lodge_fields), &in);

	if (st != E_OK && st != E_INVALID)
		return st;
	if (k == NULL)
		return E_BUSY;
	lodging.subcategory = check_subcategory(c, k->directory, &in);
	if (param_attachments(c, in.attachments, ids) == E_NOMEM)
		return E_NOMEM;
	if (in.me_too.p != NULL && (st = param_number_field(c, "/me_too", in.me_too, &lodging.me_too)) == E_NOMEM)
		return st;
	if (in.ward == 0 && !in.has_location && c->errors.n == 0)
		(void)call_field(c, "/ward", FE_REQUIRED);
	if (c->errors.n > 0)
		return E_INVALID;
	lodging.description = in.description;
	lodging.landmark = in.landmark;
	lodging.name = in.name;
	lodging.channel = channels[in.channel];
	lodging.language = in.language < 0 ? NULL : languages[in.language];
	lodging.ward = (int)in.ward;
	lodging.has_point = in.has_location;
	lodging.lat = in.location.lat;
	lodging.lon = in.location.lon;
	lodging.accuracy_m = in.location.accuracy_m;
	lodging.attachments = (const uint8_t(*)[ATTACHMENT_ID_BYTES])ids;
	lodging.n_attachments = in.attachments.n;
	lodging.now_ms = clock_now_ms();
	param_idempotency(c, lodging.scope, lodging.body_hash);
	st = complaint_lodge(c->worker->db, c->arena, k->directory, c->seal, app_ids(c->app), &lodging, &lodged);
	if (st == E_INVALID || st == E_OUTSIDE_KOLKATA)
		field_error_add(&c->errors, lodged.pointer, lodged.code);
	if (st != E_OK)
		return st;
	if (!lodged.replay)
		(void)cache_publish(c->worker->cache, "ekmc:bell:notify", "lodge");
	resp_header(&c->resp, "Location", "/api/v1/complaints/%.*s", SPAN_FMT(lodged.number));
	return resp_json(&c->resp, 201, render_lodged(&lodged));
}

struct list_query {
	int state;
	int64_t ward;
	struct span subcategory;
	struct param_page page;
};
#define AT(member) .offset = offsetof(struct list_query, member)
static const struct field list_fields[] = {
	{ .name = "state", .type = FIELD_CHOICE, AT(state), .choices = state_names },
	{ .name = "ward", .type = FIELD_INT, AT(ward), .min = 1, .max = WARDS },
	{ .name = "subcategory", .type = FIELD_LINE, AT(subcategory), .min = 1, .max = 10 },
	PAGE_FIELDS(struct list_query, page),
};
#undef AT

enum status
complaints_get(struct call *c)
{
	struct list_query in = { .state = -1, .page = PAGE_INIT };
	struct complaint_filter f = { .before_id = INT64_MAX };
	const struct complaint *list;
	const char *depends, *next = NULL;
	json_t *items;
	size_t n;
	enum status st;

	if (c->actor.kind == ACTOR_STAFF)
		return register_get(c);
	st = call_query(c, list_fields, ARRAY_LEN(list_fields), &in);
	if (st != E_OK)
		return st;
	depends = arena_printf(c->arena, "complaints %d %lld %.*s", in.state, (long long)in.ward, SPAN_FMT(in.subcategory));
	if (depends == NULL)
		return E_NOMEM;
	if (in.page.cursor.p != NULL && (st = param_cursor_read(c, span_of(depends), in.page.cursor, &f.before_id)) != E_OK)
		return st;
	f.state = in.state < 0 ? NULL : state_names[in.state];
	f.ward = (int)in.ward;
	f.subcategory = in.subcategory;
	f.limit = (int)in.page.limit + 1;
	st = complaint_list(c->worker->db, c->arena, c->actor.id, &f, &list, &n);
	if (st != E_OK)
		return st;
	if (n > (size_t)in.page.limit) {
		n = (size_t)in.page.limit;
		next = param_cursor(c, span_of(depends), list[n - 1].id);
	}
	items = json_array();
	for (size_t i = 0; i < n && items != NULL; i++)
		(void)json_array_append_new(items, render_item(&list[i]));
	return resp_json(&c->resp, 200, json_pack("{s:o, s:o}", "items", items, "next", json_span(span_of(next))));
}

/* What only employees see: who has it, whom the LME proposes. */
static enum status
set_colleagues(struct call *c, const struct complaint *complaint, json_t *o)
{
	struct colleague holder, proposed;
	enum status st = complaint_colleague(c->worker->db, c->arena, complaint->holder_id, c->req.lang, &holder);

	if (st == E_OK)
		st = complaint_colleague(c->worker->db, c->arena, complaint->proposed_id, c->req.lang, &proposed);
	if (st != E_OK)
		return st;
	(void)json_object_set_new(o, "holder", render_colleague(&holder));
	(void)json_object_set_new(o, "proposed", render_colleague(&proposed));
	(void)json_object_set_new(o, "escalate_at", json_time(complaint->escalate_ms));
	return E_OK;
}

static enum status
set_rating(struct call *c, const struct complaint *complaint, json_t *o)
{
	struct rated r;
	enum status st = complaint_rating(c->worker->db, c->arena, complaint->id, &r);

	if (st == E_NOT_FOUND)
		(void)json_object_set_new(o, "rating", json_null());
	else if (st == E_OK)
		(void)json_object_set_new(o, "rating",
					  json_pack("{s:i, s:o, s:o, s:o}", "stars", r.stars, "reasons", json_words(r.reasons),
						    "comment", json_span(r.comment), "at", json_time(r.at_ms)));
	return st == E_NOT_FOUND ? E_OK : st;
}

enum status
complaint_get(struct call *c)
{
	struct complainant who = { .name = { NULL, 0 } };
	struct complaint complaint;
	struct span landmark = { NULL, 0 };
	const struct attachment *attachments;
	size_t n_attachments;
	json_t *o;
	const struct catalogue *k = app_catalogue(c);
	enum status st = k == NULL ? E_BUSY : param_complaint(c, &complaint);

	if (st == E_OK && complaint.landmark_sealed.p != NULL)
		st = seal_open(c->seal, c->arena, complaint.landmark_sealed, &landmark);
	if (st == E_OK && complaint.citizen_id != 0)
		st = complaint_complainant(c->worker->db, c->arena, c->seal, complaint.citizen_id, &who);
	if (st == E_OK)
		st = attachment_list(c->worker->db, c->arena, complaint.id, &c->actor, &attachments, &n_attachments);
	if (st == E_OK)
		st = audit_reading(c, complaint.id, ACCESS_COMPLAINT);
	if (st != E_OK)
		return st;
	o = render_item(&complaint);
	if (o == NULL)
		return E_NOMEM;
	(void)json_object_set_new(o, "description", json_span(complaint.description));
	(void)json_object_set_new(o, "landmark", json_span(landmark));
	(void)json_object_set_new(o, "location",
				  complaint.has_point ? json_pack("{s:f, s:f}", "lat", complaint.lat, "lon", complaint.lon)
						      : json_null());
	(void)json_object_set_new(o, "channel", json_span(complaint.channel));
	(void)json_object_set_new(o, "language", json_span(complaint.language));
	(void)json_object_set_new(o, "complainant",
				  complaint.citizen_id == 0
					  ? json_null()
					  : json_pack("{s:o, s:s}", "name", json_span(who.name), "mobile", who.mobile_masked));
	(void)json_object_set_new(o, "reopen_count", json_integer(complaint.reopen_count));
	(void)json_object_set_new(o, "priority", json_boolean(complaint.priority));
	(void)json_object_set_new(o, "parent",
				  complaint.parent.id == 0
					  ? json_null()
					  : json_pack("{s:s%, s:s}", "number", complaint.parent.number.p, complaint.parent.number.n,
						      "state", state_name(complaint.parent.state)));
	(void)json_object_set_new(o, "attachments", render_attachments(attachments, n_attachments, 0));
	(void)json_object_set_new(o, "allowed_actions", action_offers(c, k->directory, &complaint, &c->actor, 0));
	st = set_rating(c, &complaint, o);
	if (st == E_OK && c->actor.kind == ACTOR_STAFF)
		st = set_colleagues(c, &complaint, o);
	if (st != E_OK) {
		json_decref(o);
		return st;
	}
	return resp_json(&c->resp, 200, o);
}

static json_t *
with_attachments(json_t *event, const struct event *e, const struct attachment *list, size_t n)
{
	(void)json_object_set_new(event, "attachments", render_attachments(list, n, e->seq));
	return event;
}

enum status
timeline_get(struct call *c)
{
	const struct catalogue *k = app_catalogue(c);
	struct complaint complaint;
	const struct event *events;
	const struct attachment *attachments;
	json_t *items;
	size_t n = 0, n_attachments;
	enum status st = k == NULL ? E_BUSY : param_complaint(c, &complaint);

	if (st == E_OK)
		st = complaint_timeline(c->worker->db, c->arena, complaint.id, &events, &n);
	if (st == E_OK)
		st = attachment_list(c->worker->db, c->arena, complaint.id, &c->actor, &attachments, &n_attachments);
	if (st == E_OK)
		st = audit_reading(c, complaint.id, ACCESS_COMPLAINT); /* notes are the citizen's words too */
	if (st != E_OK)
		return st;
	items = json_array();
	for (size_t i = 0; i < n && items != NULL; i++)
		if (c->actor.kind == ACTOR_STAFF || !events[i].internal || !span_eq(events[i].action, SPAN("note")))
			(void)json_array_append_new(
				items, with_attachments(render_event(k->directory, &events[i], c->actor.kind == ACTOR_STAFF),
							&events[i], attachments, n_attachments));
	return resp_json(&c->resp, 200, json_pack("{s:o}", "items", items));
}
