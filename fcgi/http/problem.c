/* Rendering of problems. */
#include "http/problem.h"

#include "core/json.h"

#define DETAIL_MAX 2048

const char *
problem_code(enum status st)
{
	return problems[st].code;
}

/* Replaces {min}, {max} and {expected}; whole numbers are written without a fraction. */
static void
fill(struct buf *out, const char *text, const struct field_error *e)
{
	for (const char *p = text; *p != '\0'; p++) {
		if (strncmp(p, "{min}", 5) == 0) {
			buf_printf(out, "%.15g", e->min);
			p += 4;
		} else if (strncmp(p, "{max}", 5) == 0) {
			buf_printf(out, "%.15g", e->max);
			p += 4;
		} else if (strncmp(p, "{expected}", 10) == 0) {
			buf_text(out, e->expected == NULL ? "" : e->expected);
			p += 9;
		} else {
			buf_char(out, *p);
		}
	}
}

static json_t *
field_list(const struct field_errors *errors, enum lang lang)
{
	json_t *list = json_array();
	struct buf detail = BUF_INIT(DETAIL_MAX);

	for (size_t i = 0; i < errors->n && list != NULL; i++) {
		const struct field_error *e = &errors->v[i];

		buf_clear(&detail);
		fill(&detail, field_texts[e->code].detail[lang], e);
		(void)json_array_append_new(list,
					    json_pack("{s:s, s:s, s:s%}", "pointer", e->pointer, "code", field_texts[e->code].code,
						      "detail", detail.len == 0 ? "" : detail.data, detail.len));
	}
	buf_release(&detail);
	return list;
}

json_t *
problem_json(const struct req *r, enum status st, const struct field_errors *errors, json_t *about, const char *why)
{
	const struct problem_text *t = &problems[st];
	char type[64];
	const char *detail = json_string_value(json_object_get(about, "detail")); /* what says more than the general text */
	json_t *body;

	(void)snprintf(type, sizeof(type), "/problems/%s", t->code);
	body = json_pack("{s:s, s:s, s:i, s:s, s:s, s:s}", "type", type, "title", t->title[r->lang], "status", t->http, "detail",
			 detail != NULL ? detail : t->detail[r->lang], "code", t->code, "request_id",
			 r->request_id == NULL ? "-" : r->request_id);
	if (body != NULL && why != NULL)
		(void)json_object_set_new(body, "hint", json_string(why));
	if (body != NULL && about != NULL)
		(void)json_object_update_missing(body, about);
	if (body != NULL && errors != NULL && errors->n > 0)
		(void)json_object_set_new(body, "errors", field_list(errors, r->lang));
	return body;
}

void
problem_write(struct resp *p, const struct req *r, enum status st, const struct field_errors *errors, json_t *about,
	      const char *why)
{
	const struct problem_text *t = &problems[st];

	resp_clear(p);
	if (resp_json(p, t->http, problem_json(r, st, errors, about, why)) != E_OK)
		buf_clear(&p->body);
	p->http = t->http;
	p->type = "application/problem+json";
	p->caching = CACHE_NEVER;
	resp_header(p, "Content-Language", "%s", lang_code(r->lang));
	if (t->http == 401)
		resp_header(p, "WWW-Authenticate", "Bearer");
	if (t->http == 429 || t->http == 503)
		p->retry_after_s = t->http == 429 ? 60 : 1;
}
