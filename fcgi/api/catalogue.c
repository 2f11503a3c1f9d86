/* GET /catalogue, /wards, /wards/locate. */
#include "api/app.h"
#include "api/handlers.h"

static enum next
rendered(struct call *c, const struct buf *body, const char *etag)
{
	c->resp.http = 200;
	c->resp.type = "application/json";
	c->resp.caching = CACHE_LONG;
	memcpy(c->resp.etag, etag, ETAG_SIZE);
	buf_span(&c->resp.body, buf_view(body));
	return NEXT_REPLY;
}

enum next
catalogue_get(struct call *c)
{
	const struct catalogue *k = app_catalogue(c);

	return k == NULL ? call_fail(c, E_BUSY) : rendered(c, &k->departments, k->departments_etag);
}

enum next
wards_get(struct call *c)
{
	const struct catalogue *k = app_catalogue(c);

	return k == NULL ? call_fail(c, E_BUSY) : rendered(c, &k->wards, k->wards_etag);
}

struct point {
	double lat, lon;
};

static const struct field point_fields[] = {
	{ .name = "lat", .type = FIELD_DOUBLE, .offset = offsetof(struct point, lat), .required = true, .min = -90, .max = 90 },
	{ .name = "lon", .type = FIELD_DOUBLE, .offset = offsetof(struct point, lon), .required = true, .min = -180, .max = 180 },
};

enum status
wards_locate(struct call *c)
{
	const struct catalogue *k = app_catalogue(c);
	struct point p = { 0 };
	int ward = 0;
	enum status st = call_query(c, point_fields, ARRAY_LEN(point_fields), &p);

	if (st == E_OK)
		st = k == NULL ? E_BUSY : directory_locate(c->worker->db, c->arena, p.lon, p.lat, &ward);
	if (st == E_OUTSIDE_KOLKATA)
		field_error_add(&c->errors, "/lat", FE_OUTSIDE_KOLKATA);
	if (st != E_OK)
		return st;
	c->resp.caching = CACHE_PUBLIC;
	if (ward == 0)
		return resp_json(&c->resp, 200, json_pack("{s:n, s:n, s:[i,i,i]}", "ward", "borough", "candidates", 142, 143, 144));
	return resp_json(
		&c->resp, 200,
		json_pack("{s:i, s:i, s:[i]}", "ward", ward, "borough", k->directory->ward_borough[ward], "candidates", ward));
}
