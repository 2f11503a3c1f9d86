/* Departments, categories, subcategories, holidays and settings, for those who look after them. */
#include "domain/admin.h"

#include "api/app.h"
#include "api/handlers.h"
#include "api/params.h"
#include "core/clock.h"
#include "core/json.h"

#define VERSION_MAX 4294967295.0
#define SORT_MAX    65535

static struct admin_who
who_of(const struct call *c)
{
	struct admin_who who = { .actor = &c->actor, .now_ms = clock_now_ms(), .keyed = true };

	param_idempotency(c, who.scope, who.body_hash);
	return who;
}

static enum status
text_of(struct arena *a, struct admin_answer *answer, json_t *o)
{
	struct buf text = BUF_INIT(65536);

	json_encode(o, &text);
	json_decref(o);
	answer->text = (struct span){ text.failed ? NULL : arena_strndup(a, text.data, text.len), text.len };
	buf_release(&text);
	return answer->text.p == NULL ? E_NOMEM : E_OK;
}

static enum status
tell(struct call *c, int http, const struct admin_answer *answer)
{
	c->resp.http = http;
	c->resp.type = "application/json";
	buf_span(&c->resp.body, answer->text);
	return E_OK;
}

/* ---- departments, categories, subcategories */

struct item_body {
	struct span code, department, category, en, bn, hi;
	int64_t sort, sla_hours, version;
	bool photo_on_resolve, anonymous, active;
	bool has_sort, has_photo, has_anonymous, has_active;
};
#define AT(member)  .offset = offsetof(struct item_body, member)
#define HAS(member) .present = offsetof(struct item_body, member)
#define CODE(most)                                                                                                                 \
	{                                                                                                                          \
		.name = "code", .type = FIELD_LINE, AT(code), .required = true, .min = 1, .max = (most)                            \
	}
#define VERSION                                                                                                                    \
	{                                                                                                                          \
		.name = "version", .type = FIELD_INT, AT(version), .required = true, .min = 1, .max = VERSION_MAX                  \
	}
#define NAMES                                                                                                                      \
	{ .name = "en", .type = FIELD_LINE, AT(en), .min = 1, .max = 100 },                                                        \
		{ .name = "bn", .type = FIELD_LINE, AT(bn), .min = 1, .max = 100 },                                                \
		{ .name = "hi", .type = FIELD_LINE, AT(hi), .min = 1, .max = 100 },                                                \
		{ .name = "sort", .type = FIELD_INT, AT(sort), HAS(has_sort), .min = 0, .max = SORT_MAX },                         \
	{                                                                                                                          \
		.name = "active", .type = FIELD_BOOL, AT(active), HAS(has_active)                                                  \
	}
#define PROMISE                                                                                                                    \
	{ .name = "category", .type = FIELD_LINE, AT(category), .min = 1, .max = 10 },                                             \
		{ .name = "sla_hours", .type = FIELD_INT, AT(sla_hours), .min = 1, .max = ADMIN_HOURS_MOST },                      \
		{ .name = "photo_on_resolve", .type = FIELD_BOOL, AT(photo_on_resolve), HAS(has_photo) },                          \
	{                                                                                                                          \
		.name = "anonymous", .type = FIELD_BOOL, AT(anonymous), HAS(has_anonymous)                                         \
	}
static const struct field department_new[] = { CODE(8), NAMES };
static const struct field department_change[] = { VERSION, NAMES };
static const struct field category_new[] = { CODE(10),
					     { .name = "department", .type = FIELD_LINE, AT(department), .min = 1, .max = 8 },
					     NAMES };
static const struct field category_change[] = { VERSION, NAMES };
static const struct field subcategory_new[] = { CODE(10), NAMES, PROMISE };
static const struct field subcategory_change[] = { VERSION, NAMES, PROMISE };
#undef AT

static const struct {
	const struct field *add, *change;
	size_t n_add, n_change;
	const char *path;
} bodies[] = {
	[ADMIN_DEPARTMENTS] = { department_new, department_change, ARRAY_LEN(department_new), ARRAY_LEN(department_change),
				"departments" },
	[ADMIN_CATEGORIES] = { category_new, category_change, ARRAY_LEN(category_new), ARRAY_LEN(category_change), "categories" },
	[ADMIN_SUBCATEGORIES] = { subcategory_new, subcategory_change, ARRAY_LEN(subcategory_new), ARRAY_LEN(subcategory_change),
				  "subcategories" },
};
_Static_assert(ARRAY_LEN(bodies) == ADMIN_KIND__COUNT, "a kind has no body");

static json_t *
item_json(enum admin_kind kind, const struct admin_item *i)
{
	json_t *o = admin_item_json(kind, i);

	if (o != NULL)
		(void)json_object_set_new(o, "version", json_integer((json_int_t)i->version));
	return o;
}

static enum status
render_item_of(struct arena *a, struct admin_answer *answer, const void *thing)
{
	const enum admin_kind *kind = answer->context;

	return text_of(a, answer, item_json(*kind, thing));
}

static struct admin_wish
wish_of(const struct item_body *in)
{
	return (struct admin_wish){ .version = in->version,
				    .department = in->department,
				    .category = in->category,
				    .name = { { [LANG_EN] = in->en, [LANG_BN] = in->bn, [LANG_HI] = in->hi } },
				    .sort = in->has_sort ? in->sort : -1,
				    .sla_hours = in->sla_hours,
				    .photo_on_resolve = in->has_photo ? in->photo_on_resolve : -1,
				    .anonymous = in->has_anonymous ? in->anonymous : -1,
				    .active = in->has_active ? in->active : -1 };
}

struct items_query {
	struct span department;
};
static const struct field items_fields[] = {
	{ .name = "department", .type = FIELD_LINE, .offset = offsetof(struct items_query, department), .min = 1, .max = 8 },
};

static enum status
items_get(struct call *c, enum admin_kind kind)
{
	struct items_query in = { .department = { NULL, 0 } };
	const struct admin_item *list;
	json_t *items;
	size_t n = 0;
	enum status st = call_query(c, items_fields, kind == ADMIN_DEPARTMENTS ? 0 : ARRAY_LEN(items_fields), &in);

	if (st == E_OK)
		st = admin_items(c->worker->db, c->arena, kind, in.department, &list, &n);
	if (st != E_OK)
		return st;
	items = json_array();
	for (size_t i = 0; i < n && items != NULL; i++)
		(void)json_array_append_new(items, item_json(kind, &list[i]));
	return resp_json(&c->resp, 200, json_pack("{s:o}", "items", items));
}

static enum status
item_add(struct call *c, enum admin_kind kind)
{
	const struct admin_who who = who_of(c);
	struct admin_answer answer = { .render = render_item_of, .context = &kind };
	struct item_body in = { .version = 0 };
	struct admin_wish wish;
	enum status st = call_body(c, bodies[kind].add, bodies[kind].n_add, &in);

	if (st != E_OK)
		return st;
	wish = wish_of(&in);
	st = admin_item_add(c->worker->db, c->arena, &who, kind, in.code, &wish, &c->errors, &answer);
	if (st != E_OK)
		return st;
	resp_header(&c->resp, "Location", "/api/v1/%s/%.*s", bodies[kind].path, SPAN_FMT(in.code));
	return tell(c, 201, &answer);
}

static enum status
item_change(struct call *c, enum admin_kind kind)
{
	const struct admin_who who = who_of(c);
	struct admin_answer answer = { .render = render_item_of, .context = &kind };
	struct item_body in = { .version = 0 };
	struct admin_wish wish;
	enum status st = call_body(c, bodies[kind].change, bodies[kind].n_change, &in);

	if (st != E_OK)
		return st;
	wish = wish_of(&in);
	st = admin_item_change(c->worker->db, c->arena, &who, kind, c->param[0], &wish, &c->errors, &answer);
	return st == E_OK ? tell(c, 200, &answer) : st;
}

enum status
departments_get(struct call *c)
{
	return items_get(c, ADMIN_DEPARTMENTS);
}

enum status
department_post(struct call *c)
{
	return item_add(c, ADMIN_DEPARTMENTS);
}

enum status
department_change_post(struct call *c)
{
	return item_change(c, ADMIN_DEPARTMENTS);
}

enum status
categories_get(struct call *c)
{
	return items_get(c, ADMIN_CATEGORIES);
}

enum status
category_post(struct call *c)
{
	return item_add(c, ADMIN_CATEGORIES);
}

enum status
category_change_post(struct call *c)
{
	return item_change(c, ADMIN_CATEGORIES);
}

enum status
subcategories_get(struct call *c)
{
	return items_get(c, ADMIN_SUBCATEGORIES);
}

enum status
subcategory_post(struct call *c)
{
	return item_add(c, ADMIN_SUBCATEGORIES);
}

enum status
subcategory_change_post(struct call *c)
{
	return item_change(c, ADMIN_SUBCATEGORIES);
}

/* ---- holidays */

struct holidays_query {
	int64_t year;
};
static const struct field holidays_fields[] = {
	{ .name = "year", .type = FIELD_INT, .offset = offsetof(struct holidays_query, year), .min = 2000, .max = 2099 },
};

struct holiday_body {
	struct span en, bn, hi;
};
#define NAME(l)                                                                                                                    \
	{                                                                                                                          \
		.name = #l, .type = FIELD_LINE, .offset = offsetof(struct holiday_body, l), .required = true, .min = 1, .max = 100 \
	}
static const struct field holiday_fields[] = { NAME(en), NAME(bn), NAME(hi) };

static json_t *
holiday_json(const struct admin_holiday *h)
{
	return json_pack("{s:o, s:o, s:o, s:o}", "day", json_span(h->day), "en", json_span(h->name.in[LANG_EN]), "bn",
			 json_span(h->name.in[LANG_BN]), "hi", json_span(h->name.in[LANG_HI]));
}

static enum status
render_holiday(struct arena *a, struct admin_answer *answer, const void *thing)
{
	return text_of(a, answer, holiday_json(thing));
}

enum status
holidays_get(struct call *c)
{
	struct holidays_query in = { .year = 0 };
	const struct admin_holiday *list;
	json_t *items;
	size_t n = 0;
	enum status st = call_query(c, holidays_fields, ARRAY_LEN(holidays_fields), &in);

	if (st == E_OK)
		st = admin_holidays(c->worker->db, c->arena, in.year, &list, &n);
	if (st != E_OK)
		return st;
	items = json_array();
	for (size_t i = 0; i < n && items != NULL; i++)
		(void)json_array_append_new(items, holiday_json(&list[i]));
	return resp_json(&c->resp, 200, json_pack("{s:o}", "items", items));
}

enum status
holiday_put(struct call *c)
{
	const struct admin_who who = who_of(c);
	struct admin_answer answer = { .render = render_holiday };
	struct holiday_body in = { .en = { NULL, 0 } };
	struct admin_holiday h = { .day = c->param[0] };
	enum status st = call_body(c, holiday_fields, ARRAY_LEN(holiday_fields), &in);

	if ((st == E_OK || st == E_INVALID) && !admin_day_fits(h.day))
		st = call_format(c, "/day", "2026-11-23");
	if (st != E_OK)
		return st;
	h.name = (struct names){ { [LANG_EN] = in.en, [LANG_BN] = in.bn, [LANG_HI] = in.hi } };
	st = admin_holiday_put(c->worker->db, c->arena, &who, &h, &answer);
	return st == E_OK ? tell(c, 200, &answer) : st;
}

enum status
holiday_delete(struct call *c)
{
	const struct admin_who who = who_of(c);
	enum status st;

	if (!admin_day_fits(c->param[0]))
		return call_format(c, "/day", "2026-11-23");
	st = admin_holiday_delete(c->worker->db, c->arena, &who, c->param[0]);
	if (st != E_OK)
		return st;
	c->resp.http = 204;
	c->resp.caching = CACHE_NEVER;
	return E_OK;
}

/* ---- settings */

struct setting_body {
	int64_t value, version;
};
static const struct field setting_fields[] = {
	{ .name = "value", .type = FIELD_INT, .offset = offsetof(struct setting_body, value), .required = true },
	{ .name = "version",
	  .type = FIELD_INT,
	  .offset = offsetof(struct setting_body, version),
	  .required = true,
	  .min = 1,
	  .max = VERSION_MAX },
};

static json_t *
setting_json(const struct admin_setting *s)
{
	return json_pack("{s:o, s:I, s:I, s:I, s:I, s:o, s:o}", "name", json_span(s->name), "value", (json_int_t)s->value, "least",
			 (json_int_t)s->least, "most", (json_int_t)s->most, "version", (json_int_t)s->version, "changed_at",
			 json_time(s->changed_ms), "changed_by", json_span(s->changed_by));
}

static enum status
render_setting(struct arena *a, struct admin_answer *answer, const void *thing)
{
	return text_of(a, answer, setting_json(thing));
}

enum status
settings_get(struct call *c)
{
	const struct admin_setting *list;
	json_t *items;
	size_t n = 0;
	enum status st = admin_settings(c->worker->db, c->arena, &list, &n);

	if (st != E_OK)
		return st;
	items = json_array();
	for (size_t i = 0; i < n && items != NULL; i++)
		(void)json_array_append_new(items, setting_json(&list[i]));
	return resp_json(&c->resp, 200, json_pack("{s:o}", "items", items));
}

enum status
setting_put(struct call *c)
{
	const struct admin_who who = who_of(c);
	struct admin_answer answer = { .render = render_setting };
	struct setting_body in = { .version = 0 };
	enum status st = call_body(c, setting_fields, ARRAY_LEN(setting_fields), &in);

	if (st == E_OK)
		st = admin_setting_put(c->worker->db, c->arena, &who, c->param[0], in.value, in.version, &c->errors, &answer);
	return st == E_OK ? tell(c, 200, &answer) : st;
}

/* ---- what was changed */

struct past_query {
	struct param_page page;
};
static const struct field past_fields[] = { PAGE_FIELDS(struct past_query, page) };

static json_t *
stored_json(struct call *c, struct span text)
{
	const char *why = NULL;
	json_t *o = NULL;

	if (text.p == NULL || json_decode(c->arena, text, &o, &why) != E_OK)
		return json_null();
	return json_incref(o);
}

static json_t *
past_json(struct call *c, const struct admin_past *p)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "at", json_time(p->at_ms), "user", json_span(p->user), "operator",
			 json_span(p->account), "what", json_span(p->what), "subject", json_span(p->subject), "before",
			 stored_json(c, p->before), "after", stored_json(c, p->after));
}

enum status
changes_get(struct call *c)
{
	struct past_query in = { .page = PAGE_INIT };
	const struct admin_past *list;
	const char *next = NULL;
	int64_t before = INT64_MAX;
	json_t *items;
	size_t n = 0;
	enum status st = call_query(c, past_fields, ARRAY_LEN(past_fields), &in);

	if (st == E_OK && in.page.cursor.p != NULL)
		st = param_cursor_read(c, SPAN("changes"), in.page.cursor, &before);
	if (st == E_OK)
		st = admin_history(c->worker->db, c->arena, before, (int)in.page.limit + 1, &list, &n);
	if (st != E_OK)
		return st;
	if (n > (size_t)in.page.limit) {
		n = (size_t)in.page.limit;
		next = param_cursor(c, SPAN("changes"), list[n - 1].id);
	}
	items = json_array();
	for (size_t i = 0; i < n && items != NULL; i++)
		(void)json_array_append_new(items, past_json(c, &list[i]));
	return resp_json(&c->resp, 200, json_pack("{s:o, s:o}", "items", items, "next", json_span(span_of(next))));
}
