/* Who read personal data: recorded before it is shown, told to those who ask. */
#include "api/audit.h"

#include "api/handlers.h"
#include "api/params.h"
#include "core/clock.h"
#include "core/json.h"
#include "core/scan.h"
#include "domain/complaint.h"

#define FOREVER_MS INT64_C(253402300799000)

enum status
audit_reading(struct call *c, int64_t complaint_id, enum access_what what)
{
	return access_record(c->worker->db, c->arena, &c->actor, complaint_id, what, c->req.request_id);
}

enum status
audit_reading_mobile(struct call *c, const uint8_t subject[static SEAL_HASH_BYTES], enum access_what what)
{
	return access_record_mobile(c->worker->db, c->arena, &c->actor, subject, what, c->req.request_id);
}

/* ---- what was recorded */

struct access_query {
	struct span number, user;
	int64_t from_ms, to_ms;
	struct param_page page;
};
#define AT(member) .offset = offsetof(struct access_query, member)
static const struct field page_fields[] = { PAGE_FIELDS(struct access_query, page) };
static const struct field access_fields[] = {
	{ .name = "number", .type = FIELD_LINE, AT(number), .min = 1, .max = 40 },
	{ .name = "user", .type = FIELD_LINE, AT(user), .min = 1, .max = 60 },
	{ .name = "from", .type = FIELD_TIME, AT(from_ms) },
	{ .name = "to", .type = FIELD_TIME, AT(to_ms) },
	PAGE_FIELDS(struct access_query, page),
};
#undef AT

/* "LME,DESK" as ["lme","desk"]. */
static json_t *
roles_json(struct span roles)
{
	json_t *list = json_array();
	struct span word;

	while (list != NULL && roles.n > 0 && scan_cut(&roles, ',', &word)) {
		const char *name = role_name(role_parse(word));

		if (name != NULL)
			(void)json_array_append_new(list, json_string(name));
	}
	return list;
}

static json_t *
whole_json(const struct access *r)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:s%, s:o, s:o, s:s%}", "at", json_time(r->at_ms), "user", json_span(r->user),
			 "operator", json_span(r->operator), "roles", roles_json(r->roles), "what", r->what.p, r->what.n, "number",
			 json_span(r->number), "reason", json_span(r->reason), "request_id", r->request_id.p, r->request_id.n);
}

/* For the complainant: which office, not who in it. */
static json_t *
nameless_json(const struct access *r)
{
	return json_pack("{s:o, s:o, s:s%}", "at", json_time(r->at_ms), "roles", roles_json(r->roles), "what", r->what.p,
			 r->what.n);
}

static enum status
page(struct call *c, const struct access_query *in, struct access_filter *f, json_t *(*row)(const struct access *r))
{
	const char *depends = arena_printf(c->arena, "access %lld %lld %lld %lld", (long long)f->complaint_id,
					   (long long)f->staff_id, (long long)f->from_ms, (long long)f->to_ms);
	const char *next = NULL;
	const struct access *list;
	json_t *items;
	size_t n;
	enum status st;

	if (depends == NULL)
		return E_NOMEM;
	if (in->page.cursor.p != NULL && (st = param_cursor_read(c, span_of(depends), in->page.cursor, &f->before_id)) != E_OK)
		return st;
	f->limit = (int)in->page.limit + 1;
	st = access_list(c->worker->db, c->arena, f, &list, &n);
	if (st != E_OK)
		return st;
	if (n > (size_t)in->page.limit) {
		n = (size_t)in->page.limit;
		next = param_cursor(c, span_of(depends), list[n - 1].id);
	}
	items = json_array();
	for (size_t i = 0; i < n && items != NULL; i++)
		(void)json_array_append_new(items, row(&list[i]));
	return resp_json(&c->resp, 200, json_pack("{s:o, s:o}", "items", items, "next", json_span(span_of(next))));
}

/* The ids of what the query names; what is not there is named. */
static enum status
name_filter(struct call *c, const struct access_query *in, struct access_filter *f)
{
	const char *number;
	enum status st = E_OK;

	if (in->number.p == NULL && in->user.p == NULL)
		return call_field(c, "/number", FE_REQUIRED);
	if (in->number.p != NULL) {
		st = param_number_in(c, in->number, &number);
		if (st == E_OK)
			st = access_complaint(c->worker->db, c->arena, number, &f->complaint_id);
		if (st == E_NOT_FOUND || st == E_OTHER_SYSTEM)
			return call_field(c, "/number", FE_NOT_FOUND);
	}
	if (st == E_OK && in->user.p != NULL)
		st = access_staff(c->worker->db, c->arena, in->user, &f->staff_id);
	return st == E_NOT_FOUND ? call_field(c, "/user", FE_NOT_FOUND) : st;
}

enum status
audit_access_get(struct call *c)
{
	struct access_query in = { .to_ms = FOREVER_MS, .page = PAGE_INIT };
	struct access_filter f = { .before_id = INT64_MAX };
	enum status st = call_query(c, access_fields, ARRAY_LEN(access_fields), &in);

	if (st == E_OK)
		st = name_filter(c, &in, &f);
	f.from_ms = in.from_ms;
	f.to_ms = in.to_ms;
	return st == E_OK ? page(c, &in, &f, whole_json) : st;
}

enum status
complaint_access_get(struct call *c)
{
	struct access_query in = { .to_ms = FOREVER_MS, .page = PAGE_INIT };
	struct access_filter f = { .before_id = INT64_MAX, .to_ms = FOREVER_MS };
	struct complaint complaint;
	enum status st = call_query(c, page_fields, ARRAY_LEN(page_fields), &in);

	if (st == E_OK)
		st = param_complaint(c, &complaint);
	if (st != E_OK)
		return st;
	f.complaint_id = complaint.id;
	return page(c, &in, &f, nameless_json);
}
