/* POST /complaints/similar: what was reported already where somebody is about to complain. */
#include "api/app.h"
#include "api/handlers.h"
#include "api/params.h"
#include "api/render.h"

#define LIMIT_DEFAULT 10

struct similar_body {
	struct span subcategory;
	int64_t ward, limit;
	struct location location;
	bool has_location;
};
#define AT(member) .offset = offsetof(struct similar_body, member)
static const struct field similar_fields[] = {
	{ .name = "subcategory", .type = FIELD_LINE, AT(subcategory), .required = true, .min = 1, .max = 10 },
	{ .name = "ward", .type = FIELD_INT, AT(ward), .min = 1, .max = WARDS },
	{ .name = "location",
	  .type = FIELD_OBJECT,
	  AT(location),
	  .fields = location_fields,
	  .n_fields = LOCATION_FIELDS,
	  .present = offsetof(struct similar_body, has_location) },
	LIMIT_FIELD(struct similar_body, limit),
};
#undef AT

/* Where it is. A point decides the ward where none was chosen; in the gap of wards 142 to 144 it alone must do. */
static enum status
place(struct call *c, const struct similar_body *in, struct near_place *at)
{
	int located = 0;
	enum status st;

	at->ward = (int)in->ward;
	if (!in->has_location)
		return E_OK;
	at->has_point = true;
	at->lat = in->location.lat;
	at->lon = in->location.lon;
	st = directory_locate(c->worker->db, c->arena, at->lon, at->lat, &located);
	if (st == E_OUTSIDE_KOLKATA)
		field_error_add(&c->errors, "/location", FE_OUTSIDE_KOLKATA);
	if (st == E_OK && at->ward == 0)
		at->ward = located;
	return st;
}

enum status
similar_post(struct call *c)
{
	const struct catalogue *k = app_catalogue(c);
	struct similar_body in = { .limit = LIMIT_DEFAULT };
	struct near_place at = { .metres = 0 };
	const struct subcategory *s;
	const struct near_complaint *list;
	json_t *items;
	size_t n = 0;
	enum status st = call_body(c, similar_fields, ARRAY_LEN(similar_fields), &in);

	if (st != E_OK && st != E_INVALID)
		return st;
	if (k == NULL)
		return E_BUSY;
	s = in.subcategory.p == NULL ? NULL : directory_subcategory(k->directory, in.subcategory);
	if (in.subcategory.p != NULL && (s == NULL || !s->active))
		(void)call_field(c, "/subcategory", FE_NOT_FOUND);
	if (in.ward == 0 && !in.has_location && c->errors.n == 0)
		(void)call_field(c, "/ward", FE_REQUIRED);
	if (c->errors.n > 0 || s == NULL)
		return E_INVALID;
	st = place(c, &in, &at);
	if (st != E_OK)
		return st;
	at.subcategory = s->code;
	at.metres = k->directory->rules.similar_m;
	at.citizen_id = c->actor.kind == ACTOR_CITIZEN ? c->actor.id : 0;
	at.limit = (int)in.limit;
	st = near_find(c->worker->db, c->arena, &at, &list, &n);
	if (st != E_OK)
		return st;
	items = json_array();
	for (size_t i = 0; i < n && items != NULL; i++)
		(void)json_array_append_new(items, render_near(&list[i]));
	return resp_json(&c->resp, 200, json_pack("{s:o}", "items", items));
}
