/* Accounts of the staff, for administrators and, within their department, controlling officers. */
#include "api/app.h"
#include "api/handlers.h"
#include "api/params.h"
#include "api/people.h"
#include "core/clock.h"
#include "core/json.h"
#include "core/log.h"
#include "core/scan.h"
#include "domain/staff.h"

static const char *const languages[] = { "en", "bn", "hi", NULL };
static const char *const roles[] = { "lme", "gro", "eo", "desk", "controlling", "commissioner", "mayor", "admin", NULL };

static json_t *
person_json(const struct person *p)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:s, s:o, s:b, s:b, s:b, s:b, s:o, s:o, s:o, s:I}", "user", json_span(p->user),
			 "name_en", json_span(p->name_en), "name_bn", json_span(p->name_bn), "mobile",
			 json_span(span_of(p->mobile_masked)), "language", lang_code(p->lang), "department",
			 json_span(p->department), "active", p->active, "has_password", p->has_password, "must_change",
			 p->must_change, "totp", p->totp, "locked_until",
			 json_time(p->locked_ms > clock_now_ms() ? p->locked_ms : CLOCK_NONE), "roles", people_roles(p->roles),
			 "duties", people_duties(p->duties, p->n_duties), "open_complaints", (json_int_t)p->open);
}

struct users_query {
	struct span department, text;
	int role;
	bool active, has_active;
	struct param_page page;
};
#define AT(member) .offset = offsetof(struct users_query, member)
static const struct field list_fields[] = {
	{ .name = "department", .type = FIELD_LINE, AT(department), .min = 1, .max = 8 },
	{ .name = "role", .type = FIELD_CHOICE, AT(role), .choices = roles },
	{ .name = "active", .type = FIELD_BOOL, AT(active), .present = offsetof(struct users_query, has_active) },
	{ .name = "text", .type = FIELD_LINE, AT(text), .min = 1, .max = 60 },
	PAGE_FIELDS(struct users_query, page),
};
#undef AT

enum status
users_get(struct call *c)
{
	struct users_query in = { .role = -1, .page = PAGE_INIT };
	struct staff_filter f = { .after_id = 0 };
	const struct person *list;
	const char *depends, *next = NULL;
	json_t *items;
	size_t n;
	enum status st = call_query(c, list_fields, ARRAY_LEN(list_fields), &in);

	if (st != E_OK)
		return st;
	f.active = in.has_active ? in.active : -1;
	depends = arena_printf(c->arena, "users %d %d %.*s/%.*s", in.role, f.active, SPAN_FMT(in.department), SPAN_FMT(in.text));
	if (depends == NULL)
		return E_NOMEM;
	if (in.page.cursor.p != NULL && (st = param_cursor_read(c, span_of(depends), in.page.cursor, &f.after_id)) != E_OK)
		return st;
	f.department = in.department;
	f.role = in.role < 0 ? NULL : roles[in.role];
	f.text = in.text;
	f.seen_by = (c->actor.roles & ADMIN) != 0 ? 0 : c->actor.id;
	f.limit = (int)in.page.limit + 1;
	st = staff_list(c->worker->db, c->arena, c->seal, &f, &list, &n);
	if (st != E_OK)
		return st;
	if (n > (size_t)in.page.limit) {
		n = (size_t)in.page.limit;
		next = param_cursor(c, span_of(depends), list[n - 1].id);
	}
	items = json_array();
	for (size_t i = 0; i < n && items != NULL; i++)
		(void)json_array_append_new(items, person_json(&list[i]));
	return resp_json(&c->resp, 200, json_pack("{s:o, s:o}", "items", items, "next", json_span(span_of(next))));
}

/* The person of the path, whom this actor may see, and change if `change`. Who is not theirs to see is not there. */
static enum status
find(struct call *c, bool change, struct person *p)
{
	enum status st = staff_find(c->worker->db, c->arena, c->seal, c->param[0], p);

	if (st == E_OK && !staff_may_see(&c->actor, p))
		st = E_NOT_FOUND;
	if (st == E_OK && change && !staff_may_change(&c->actor, p))
		st = E_FORBIDDEN;
	return st;
}

enum status
user_get(struct call *c)
{
	struct person p;
	enum status st = find(c, false, &p);

	return st == E_OK ? resp_json(&c->resp, 200, person_json(&p)) : st;
}

struct user_body {
	struct span user, name_en, name_bn, mobile, department;
	int language;
	bool active, has_active;
};
#define AT(member) .offset = offsetof(struct user_body, member)
static const struct field create_fields[] = {
	{ .name = "user", .type = FIELD_LINE, AT(user), .required = true, .min = 1, .max = 60 },
	{ .name = "name_en", .type = FIELD_LINE, AT(name_en), .required = true, .min = 1, .max = 100 },
	{ .name = "name_bn", .type = FIELD_LINE, AT(name_bn), .required = true, .min = 1, .max = 100 },
	{ .name = "mobile", .type = FIELD_LINE, AT(mobile), .min = 1, .max = 40 },
	{ .name = "language", .type = FIELD_CHOICE, AT(language), .choices = languages },
	{ .name = "department", .type = FIELD_LINE, AT(department), .min = 1, .max = 8 },
};
static const struct field change_fields[] = {
	{ .name = "name_en", .type = FIELD_LINE, AT(name_en), .min = 1, .max = 100 },
	{ .name = "name_bn", .type = FIELD_LINE, AT(name_bn), .min = 1, .max = 100 },
	{ .name = "mobile", .type = FIELD_LINE, AT(mobile), .min = 1, .max = 40 },
	{ .name = "language", .type = FIELD_CHOICE, AT(language), .choices = languages },
	{ .name = "active", .type = FIELD_BOOL, AT(active), .present = offsetof(struct user_body, has_active) },
};
#undef AT

/* NULL when none was sent, or it is none: then there is an error. */
static const char *
read_mobile(struct call *c, struct span typed)
{
	char digits[11];

	if (typed.p == NULL)
		return NULL;
	if (scan_mobile(typed, digits))
		return arena_strdup(c->arena, digits);
	(void)call_format(c, "/mobile", "70000 12345");
	return NULL;
}

/* Which department looks after the new account: the one named, else the only one that the controlling officer has. */
static enum status
check_department(struct call *c, struct span *department)
{
	const struct catalogue *k = app_catalogue(c);
	const struct actor *a = &c->actor;
	const struct department *found;

	if (k == NULL)
		return E_BUSY;
	for (size_t i = 0; i < a->n_duties && department->p == NULL && (a->roles & ADMIN) == 0; i++)
		if (a->duties[i].role == CONTROLLING && a->duties[i].department[0] != '\0')
			*department = span_of(a->duties[i].department);
	found = department->p == NULL ? NULL : directory_department(k->directory, *department);
	if (department->p != NULL && found == NULL)
		return call_field(c, "/department", FE_NOT_FOUND);
	return staff_may_make(a, *department) ? E_OK : E_FORBIDDEN;
}

/* The one answer that shows a secret; nothing keeps it. */
static enum status
answer_password(struct call *c, int http, int64_t id, const char *event, char first[static PASSWORD_FIRST_SIZE])
{
	struct person p;
	enum status st = staff_find_id(c->worker->db, c->arena, c->seal, id, &p);

	if (st != E_OK)
		return st;
	log_detail(LOG_INFO, event, "staff %lld by staff %lld", (long long)id, (long long)c->actor.id);
	c->resp.caching = CACHE_NEVER;
	if (http == 201)
		resp_header(&c->resp, "Location", "/api/v1/users/%.*s", SPAN_FMT(p.user));
	st = resp_json(&c->resp, http, json_pack("{s:o, s:s}", "user", person_json(&p), "password", first));
	seal_wipe(first, PASSWORD_FIRST_SIZE);
	return st;
}

enum status
user_post(struct call *c)
{
	struct user_body in = { .language = -1 };
	const struct admin_who by = { .actor = &c->actor, .now_ms = clock_now_ms() };
	struct staff_new n = { .by = &by };
	char first[PASSWORD_FIRST_SIZE];
	int64_t id;
	enum status st = call_body(c, create_fields, ARRAY_LEN(create_fields), &in);

	if (st != E_OK && st != E_INVALID)
		return st;
	n.mobile = read_mobile(c, in.mobile);
	if (in.user.p != NULL && !staff_name_right(in.user))
		(void)call_format(c, "/user", "gro.drn2");
	if (c->errors.n > 0)
		return E_INVALID;
	st = check_department(c, &in.department);
	if (st != E_OK)
		return st;
	password_first(first);
	n.user = in.user;
	n.name_en = in.name_en;
	n.name_bn = in.name_bn;
	n.language = in.language < 0 ? NULL : languages[in.language];
	n.department = in.department;
	n.password = span_of(first);
	st = staff_create(c->worker->db, c->arena, c->seal, &n, &id);
	if (st == E_STALE)
		return call_field(c, "/user", FE_TAKEN);
	return st == E_OK ? answer_password(c, 201, id, "user_created", first) : st;
}

enum status
user_patch(struct call *c)
{
	struct user_body in = { .language = -1 };
	const struct admin_who by = { .actor = &c->actor, .now_ms = clock_now_ms() };
	struct staff_change change = { .active = -1, .now_ms = by.now_ms, .by = &by };
	struct person p;
	int64_t open = 0;
	enum status st = call_body(c, change_fields, ARRAY_LEN(change_fields), &in);

	if (st != E_OK && st != E_INVALID)
		return st;
	change.mobile = read_mobile(c, in.mobile);
	if (c->errors.n > 0)
		return E_INVALID;
	st = find(c, true, &p);
	if (st != E_OK)
		return st;
	change.name_en = in.name_en;
	change.name_bn = in.name_bn;
	change.language = in.language < 0 ? NULL : languages[in.language];
	change.active = in.has_active ? in.active : -1;
	st = staff_change(c->worker->db, c->arena, c->seal, p.id, &change, &open);
	if (st == E_HOLDS_WORK)
		c->about = json_own(c->arena, json_pack("{s:I}", "open_complaints", (json_int_t)open));
	if (st == E_OK)
		st = staff_find_id(c->worker->db, c->arena, c->seal, p.id, &p);
	if (st != E_OK)
		return st;
	log_detail(LOG_INFO, "user_changed", "staff %lld by staff %lld", (long long)p.id, (long long)c->actor.id);
	return resp_json(&c->resp, 200, person_json(&p));
}

enum status
user_password(struct call *c)
{
	const struct admin_who by = { .actor = &c->actor, .now_ms = clock_now_ms() };
	char first[PASSWORD_FIRST_SIZE];
	struct person p = { .id = 0 };
	char nothing;
	enum status st = call_body(c, NULL, 0, &nothing);

	password_first(first);
	if (st == E_OK)
		st = find(c, true, &p);
	if (st == E_OK)
		st = staff_password(c->worker->db, c->arena, p.id, span_of(first), by.now_ms, &by);
	return st == E_OK ? answer_password(c, 200, p.id, "user_password", first) : st;
}

static enum status
no_content(struct call *c, const struct person *p, const char *event)
{
	log_detail(LOG_INFO, event, "staff %lld by staff %lld", (long long)p->id, (long long)c->actor.id);
	c->resp.http = 204;
	c->resp.caching = CACHE_NEVER;
	return E_OK;
}

enum status
user_totp_off(struct call *c)
{
	const struct admin_who by = { .actor = &c->actor, .now_ms = clock_now_ms() };
	struct person p;
	enum status st = find(c, true, &p);

	if (st == E_OK)
		st = staff_totp_reset(c->worker->db, c->arena, p.id, &by);
	return st == E_OK ? no_content(c, &p, "user_totp_reset") : st;
}

enum status
user_sessions(struct call *c)
{
	const struct session_row *list;
	struct person p;
	size_t n;
	enum status st = find(c, true, &p);

	if (st == E_OK)
		st = session_list(c->worker->db, c->arena, ACTOR_STAFF, p.id, clock_now_ms(), &list, &n);
	return st == E_OK ? resp_json(&c->resp, 200, people_sessions(c, list, n)) : st;
}

enum status
user_log_out(struct call *c)
{
	const struct admin_who by = { .actor = &c->actor, .now_ms = clock_now_ms() };
	struct person p;
	enum status st = find(c, true, &p);

	if (st == E_OK)
		st = staff_log_out(c->worker->db, c->arena, p.id, by.now_ms, &by);
	return st == E_OK ? no_content(c, &p, "user_sessions_ended") : st;
}
