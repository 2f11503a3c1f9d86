/* Inboxes, the register and searches: lists of complaints for employees. */
#include "api/app.h"
#include "api/audit.h"
#include "api/handlers.h"
#include "api/params.h"
#include "api/work.h"
#include "core/clock.h"
#include "core/scan.h"

static const char *const sorts[] = { "due", NULL };

static const struct field inbox_fields[] = {
	{ .name = "tab", .type = FIELD_CHOICE, WORK_AT(tab), .choices = tab_names },
	{ .name = "sort", .type = FIELD_CHOICE, WORK_AT(sort), .choices = sorts },
	{ .name = "state", .type = FIELD_LINE, WORK_AT(state), .min = 1, .max = 200 },
	WORK_FIELDS,
};
static const struct field register_fields[] = {
	{ .name = "state", .type = FIELD_LINE, WORK_AT(state), .min = 1, .max = 200 },
	WORK_FIELDS,
};
static const struct field search_fields[] = {
	{ .name = "state", .type = FIELD_TEXTS, WORK_AT(states), .min = 1, .max = 20, .most = STATE__COUNT },
	{ .name = "mobile", .type = FIELD_LINE, WORK_AT(mobile), .min = 1, .max = 40 },
	WORK_FIELDS,
};

/* ---- inboxes */

static json_t *
counts_json(unsigned roles, const int64_t counts[static TAB__COUNT])
{
	json_t *o = json_object();

	for (int t = 0; t < TAB__COUNT && o != NULL; t++)
		if (tab_offered((enum tab)t, roles))
			(void)json_object_set_new(o, tab_names[t], json_integer(counts[t]));
	return o;
}

static const char *
inbox_next(const struct call *c, struct span depends, const struct work_page *page)
{
	const int64_t place[] = { page->next.urgency, page->next.at_ms, page->next.id };

	return page->more ? param_cursor_at(c, depends, place, ARRAY_LEN(place)) : NULL;
}

static enum status
inbox_after(struct call *c, struct span depends, struct span cursor, struct work_place *after)
{
	int64_t place[3];
	enum status st;

	*after = INBOX_FIRST;
	if (cursor.p == NULL)
		return E_OK;
	st = param_cursor_at_read(c, depends, cursor, place, ARRAY_LEN(place));
	if (st == E_OK)
		*after = (struct work_place){ .urgency = place[0], .at_ms = place[1], .id = place[2] };
	return st;
}

enum status
inbox_get(struct call *c)
{
	const struct catalogue *k = app_catalogue(c);
	struct work_query in = WORK_QUERY_INIT;
	int64_t counts[TAB__COUNT];
	struct work_place after;
	struct work_filter f;
	struct work_page page;
	struct scope scope;
	struct span depends;
	enum status st = call_query(c, inbox_fields, ARRAY_LEN(inbox_fields), &in);

	if (st != E_OK)
		return st;
	if (k == NULL)
		return E_BUSY;
	if (in.tab < 0)
		in.tab = tab_offered(TAB_MINE, c->actor.roles) ? TAB_MINE : TAB_DEPARTMENT;
	if (!tab_offered((enum tab)in.tab, c->actor.roles))
		return E_FORBIDDEN;
	st = work_filter_read(c, k->directory, &in, &f, &depends);
	if (st == E_OK)
		st = inbox_after(c, depends, in.page.cursor, &after);
	if (st == E_OK)
		st = scope_worked(c->arena, k->directory, &c->actor, &scope);
	if (st == E_OK)
		st = inbox_page(c->worker->db, c->arena, &scope, (enum tab)in.tab, &f, &after, c->req.lang, &page);
	if (st == E_OK)
		st = inbox_counts(c->worker->db, c->arena, &scope, f.now_ms, counts);
	if (st != E_OK)
		return st;
	return resp_json(&c->resp, 200,
			 json_pack("{s:s, s:o, s:o, s:o}", "tab", tab_names[in.tab], "counts", counts_json(c->actor.roles, counts),
				   "items", work_items_json(&page), "next", json_span(span_of(inbox_next(c, depends, &page)))));
}

/* ---- the register and searches */

static enum status
list(struct call *c, const struct work_query *in, const uint8_t *mobile_index)
{
	const struct catalogue *k = app_catalogue(c);
	struct work_place after = REGISTER_FIRST;
	int64_t place[] = { after.at_ms, after.id };
	const char *next = NULL;
	struct work_filter f;
	struct work_page page;
	struct scope scope;
	struct span depends;
	enum status st = k == NULL ? E_BUSY : work_filter_read(c, k->directory, in, &f, &depends);

	if (st == E_OK && in->page.cursor.p != NULL)
		st = param_cursor_at_read(c, depends, in->page.cursor, place, ARRAY_LEN(place));
	after.at_ms = place[0];
	after.id = place[1];
	if (st == E_OK)
		st = scope_seen(c->arena, k->directory, &c->actor, &scope);
	if (st == E_OK)
		st = register_page(c->worker->db, c->arena, &scope, &c->actor, &f, mobile_index, &after, c->req.lang, &page);
	if (st != E_OK)
		return st;
	place[0] = page.next.at_ms;
	place[1] = page.next.id;
	if (page.more)
		next = param_cursor_at(c, depends, place, ARRAY_LEN(place));
	return resp_json(&c->resp, 200, json_pack("{s:o, s:o}", "items", work_items_json(&page), "next", json_span(span_of(next))));
}

enum status
register_get(struct call *c)
{
	struct work_query in = WORK_QUERY_INIT;
	enum status st = call_query(c, register_fields, ARRAY_LEN(register_fields), &in);

	return st == E_OK ? list(c, &in, NULL) : st;
}

enum status
search_post(struct call *c)
{
	struct work_query in = WORK_QUERY_INIT;
	uint8_t index[SEAL_HASH_BYTES];
	char mobile[11];
	enum status st = call_body(c, search_fields, ARRAY_LEN(search_fields), &in);

	if (st != E_OK)
		return st;
	/* one box for both: no number begins as a mobile does, its first two digits are the year */
	if (in.mobile.p == NULL && in.text.p != NULL && scan_mobile(in.text, mobile)) {
		in.mobile = in.text;
		in.text = (struct span){ NULL, 0 };
	}
	if (in.mobile.p == NULL)
		return list(c, &in, NULL);
	if (!scan_mobile(in.mobile, mobile))
		return call_format(c, "/mobile", "98300 12345");
	seal_index(c->seal, span_of(mobile), index);
	seal_wipe(mobile, sizeof(mobile));
	st = audit_reading_mobile(c, index, ACCESS_SEARCH);
	return st == E_OK ? list(c, &in, index) : st;
}
