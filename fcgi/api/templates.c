/* Texts of messages: read, tried, changed. */
#include "api/app.h"
#include "api/handlers.h"
#include "core/clock.h"
#include "core/json.h"
#include "core/scan.h"
#include "domain/wording.h"

static const char *const languages[] = { "en", "bn", "hi", NULL };

/* ---- rendering */

/* Adds encoding, units and parts. */
static void
add_size(json_t *o, struct template_size size)
{
	(void)json_object_set_new(o, "encoding", json_string(size.unicode ? "UCS2" : "GSM7"));
	(void)json_object_set_new(o, "units", json_integer(size.units));
	(void)json_object_set_new(o, "parts", json_integer(size.parts));
}

static json_t *
longest_json(const struct call *c, struct span text)
{
	json_t *o = json_object();

	add_size(o, wording_longest(text, c->conf->system.base_url));
	return o;
}

static json_t *
wording_json(const struct call *c, const struct wording *w)
{
	return json_pack("{s:s%, s:s%, s:o, s:o, s:o}", "text", w->text.p, w->text.n, "dlt_id", w->dlt_id.p, w->dlt_id.n, "longest",
			 longest_json(c, w->text), "changed_at", json_time(w->changed_ms), "changed_by", json_span(w->changed_by));
}

static json_t *
placeholders_json(const struct call *c, struct span code)
{
	const struct wording_kind *kind = wording_kind(code);
	json_t *list = json_array();

	for (int i = 0; i < PLACEHOLDER__COUNT && kind != NULL; i++) {
		size_t longest = i == PH_SITE ? strlen(c->conf->system.base_url) : placeholders[i].longest;

		if ((kind->may & 1u << i) != 0)
			(void)json_array_append_new(list, json_pack("{s:s, s:I, s:b}", "name", placeholders[i].name, "longest",
								    (json_int_t)longest, "required", (kind->must & 1u << i) != 0));
	}
	return list;
}

enum status
templates_get(struct call *c)
{
	const struct wording *list;
	json_t *items, *item = NULL;
	size_t n;
	enum status st = wording_list(c->worker->db, c->arena, &list, &n);

	if (st != E_OK)
		return st;
	items = json_array();
	for (size_t i = 0; i < n; i++) {
		if (i == 0 || !span_eq(list[i].code, list[i - 1].code)) {
			item = json_pack("{s:s%, s:s%, s:o, s:{}}", "code", list[i].code.p, list[i].code.n, "audience",
					 list[i].audience.p, list[i].audience.n, "placeholders", placeholders_json(c, list[i].code),
					 "texts");
			(void)json_array_append_new(items, item);
		}
		(void)json_object_set_new(json_object_get(item, "texts"), lang_code(list[i].lang), wording_json(c, &list[i]));
	}
	return resp_json(&c->resp, 200, json_pack("{s:o}", "items", items));
}

/* ---- one of them */

/* The path's code and language. */
static enum status
read_path(const struct call *c, const struct wording_kind **kind, enum lang *lang)
{
	*kind = wording_kind(c->param[0]);
	return *kind != NULL && lang_parse(c->param[1], lang) ? E_OK : E_NOT_FOUND;
}

static json_t *
changes_json(const struct wording_change *list, size_t n)
{
	json_t *changes = json_array();

	for (size_t i = 0; i < n; i++)
		(void)json_array_append_new(changes,
					    json_pack("{s:o, s:s%, s:s%, s:s%}", "at", json_time(list[i].at_ms), "by", list[i].by.p,
						      list[i].by.n, "text_before", list[i].text.p, list[i].text.n, "dlt_id_before",
						      list[i].dlt_id.p, list[i].dlt_id.n));
	return changes;
}

/* The text as it stands, and what it was. */
static enum status
answer_one(struct call *c, const struct wording_kind *kind, enum lang lang)
{
	const struct wording_change *changes;
	struct wording w;
	json_t *o;
	size_t n;
	enum status st = wording_find(c->worker->db, c->arena, span_of(kind->code), lang, &w);

	if (st == E_OK)
		st = wording_history(c->worker->db, c->arena, w.code, lang, &changes, &n);
	if (st != E_OK)
		return st;
	o = wording_json(c, &w);
	if (o == NULL)
		return E_NOMEM;
	(void)json_object_set_new(o, "code", json_span(w.code));
	(void)json_object_set_new(o, "language", json_string(lang_code(lang)));
	(void)json_object_set_new(o, "audience", json_span(w.audience));
	(void)json_object_set_new(o, "placeholders", placeholders_json(c, w.code));
	(void)json_object_set_new(o, "changes", changes_json(changes, n));
	return resp_json(&c->resp, 200, o);
}

enum status
template_get(struct call *c)
{
	const struct wording_kind *kind;
	enum lang lang;
	enum status st = read_path(c, &kind, &lang);

	return st == E_OK ? answer_one(c, kind, lang) : st;
}

/* ---- changing */

struct template_body {
	struct span text, dlt_id;
};
#define AT(member) .offset = offsetof(struct template_body, member)
static const struct field template_fields[] = {
	{ .name = "text", .type = FIELD_LINE, AT(text), .required = true, .min = 1, .max = WORDING_TEXT_MAX },
	{ .name = "dlt_id", .type = FIELD_LINE, AT(dlt_id), .required = true, .min = 1, .max = 30 },
};
#undef AT

enum status
template_put(struct call *c)
{
	struct template_body in = { .text = { NULL, 0 } };
	struct wording_edit edit = { .staff_id = c->actor.id, .now_ms = clock_now_ms() };
	const struct wording_kind *kind;
	enum status st = read_path(c, &kind, &edit.lang), body;

	if (st != E_OK)
		return st;
	body = call_body(c, template_fields, ARRAY_LEN(template_fields), &in);
	if (body != E_OK && body != E_INVALID)
		return body;
	if (in.dlt_id.p != NULL && !scan_token(in.dlt_id, "0123456789", WORDING_DLT_DIGITS, WORDING_DLT_DIGITS))
		(void)call_format(c, "/dlt_id", "1107167200000039256");
	if (in.text.p != NULL)
		st = wording_check(c->arena, kind, edit.lang, c->conf->system.base_url, &in.text, &c->errors);
	if (st != E_OK || c->errors.n > 0)
		return st == E_OK ? E_INVALID : st;
	edit.code = span_of(kind->code);
	edit.text = in.text;
	edit.dlt_id = in.dlt_id;
	st = wording_change(c->worker->db, c->arena, &edit);
	return st == E_OK ? answer_one(c, kind, edit.lang) : st;
}

struct preview_body {
	struct span code, text;
	int language;
};
#define AT(member) .offset = offsetof(struct preview_body, member)
static const struct field preview_fields[] = {
	{ .name = "code", .type = FIELD_LINE, AT(code), .required = true, .min = 1, .max = 30 },
	{ .name = "language", .type = FIELD_CHOICE, AT(language), .required = true, .choices = languages },
	{ .name = "text", .type = FIELD_LINE, AT(text), .required = true, .min = 1, .max = WORDING_TEXT_MAX },
};
#undef AT

enum status
template_preview(struct call *c)
{
	struct preview_body in = { .language = -1 };
	const char *site = c->conf->system.base_url;
	const struct wording_kind *kind;
	struct span example;
	json_t *o;
	enum status st = call_body(c, preview_fields, ARRAY_LEN(preview_fields), &in);

	if (st != E_OK)
		return st;
	kind = wording_kind(in.code);
	if (kind == NULL)
		return call_field(c, "/code", FE_NOT_FOUND);
	st = wording_check(c->arena, kind, (enum lang)in.language, site, &in.text, &c->errors);
	if (st != E_OK)
		return st;
	example = wording_example(c->arena, in.text, (enum lang)in.language, site);
	o = json_pack("{s:s%, s:o, s:s%}", "text", in.text.p, in.text.n, "longest", longest_json(c, in.text), "example", example.p,
		      example.n);
	add_size(o, template_size(example));
	return example.p == NULL ? E_NOMEM : resp_json(&c->resp, 200, o);
}
