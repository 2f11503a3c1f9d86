/* Rendering of resources. */
#include "api/render.h"

#include "core/scan.h"
#include "domain/status_view.h"

static json_t *
subcategories(const struct directory *d, size_t category)
{
	json_t *list = json_array();

	for (size_t i = 0; i < d->n_subcategories && list != NULL; i++) {
		const struct subcategory *s = &d->subcategories[i];
		json_t *o;

		if (s->category != category || !s->active)
			continue;
		o = names_json(s->code, &s->name);
		(void)json_object_set_new(o, "sla_hours", json_integer(s->sla_hours));
		(void)json_object_set_new(o, "photo_on_resolve", json_boolean(s->photo_on_resolve));
		(void)json_array_append_new(list, o);
	}
	return list;
}

static json_t *
categories(const struct directory *d, size_t department)
{
	json_t *list = json_array();

	for (size_t i = 0; i < d->n_categories && list != NULL; i++) {
		const struct category *k = &d->categories[i];
		json_t *o;

		if (k->department != department || !k->active)
			continue;
		o = names_json(k->code, &k->name);
		(void)json_object_set_new(o, "subcategories", subcategories(d, i));
		(void)json_array_append_new(list, o);
	}
	return list;
}

static bool
write(json_t *body, struct buf *out)
{
	if (body == NULL)
		return false;
	json_encode(body, out);
	json_decref(body);
	return !out->failed;
}

bool
render_catalogue(const struct conf *conf, const struct directory *d, struct buf *out)
{
	json_t *departments = json_array();

	for (size_t i = 0; i < d->n_departments && departments != NULL; i++) {
		json_t *o;

		if (!d->departments[i].active)
			continue;
		o = names_json(d->departments[i].code, &d->departments[i].name);
		(void)json_object_set_new(o, "categories", categories(d, i));
		(void)json_array_append_new(departments, o);
	}
	return write(json_pack("{s:I, s:[s,s,s], s:o, s:s, s:o}", "version", (json_int_t)d->version, "languages", "en", "bn", "hi",
			       "go_live", json_time(conf->system.go_live_ms), "legacy_pattern", conf->legacy.number_pattern,
			       "departments", departments),
		     out);
}

bool
render_wards(const struct directory *d, struct buf *out)
{
	json_t *wards = json_array();

	for (int w = 1; w <= WARDS && wards != NULL; w++)
		if (d->ward_borough[w] != 0)
			(void)json_array_append_new(wards, json_pack("{s:i, s:i}", "ward", w, "borough", d->ward_borough[w]));
	return write(json_pack("{s:o}", "wards", wards), out);
}

json_t *
render_display(struct span number)
{
	char digits[NUMBER_DIGITS + 1] = "", shown[NUMBER_DIGITS + 3];

	memcpy(digits, number.p, number.n < NUMBER_DIGITS ? number.n : NUMBER_DIGITS);
	return json_string(ids_number_display(digits, shown));
}

json_t *
render_lodged(const struct lodged *l)
{
	json_t *o = json_pack("{s:s%, s:o, s:s%, s:i, s:i, s:s%, s:s%, s:s%, s:i, s:i, s:o, s:o}", "number", l->number.p,
			      l->number.n, "display", render_display(l->number), "state", l->state.p, l->state.n, "level", 0,
			      "version", 1, "department", l->department.p, l->department.n, "category", l->category.p,
			      l->category.n, "subcategory", l->subcategory.p, l->subcategory.n, "ward", l->ward, "borough",
			      l->borough, "lodged_at", json_time(l->lodged_ms), "due_at", json_time(l->due_ms));

	if (o != NULL && l->parent.p != NULL)
		(void)json_object_set_new(
			o, "parent",
			json_pack("{s:s%, s:o}", "number", l->parent.p, l->parent.n, "display", render_display(l->parent)));
	return o;
}

json_t *
render_near(const struct near_complaint *n)
{
	return json_pack("{s:s%, s:o, s:s, s:i, s:o, s:o, s:o, s:I, s:b}", "number", n->number.p, n->number.n, "display",
			 render_display(n->number), "state", state_name(n->state), "ward", n->ward, "lodged_at",
			 json_time(n->lodged_ms), "due_at", json_time(n->due_ms), "distance_m",
			 n->distance_m < 0 ? json_null() : json_integer((json_int_t)n->distance_m), "duplicates",
			 (json_int_t)n->duplicates, "mine", n->mine);
}

json_t *
render_item(const struct complaint *c)
{
	return json_pack("{s:s%, s:o, s:s, s:i, s:I, s:s%, s:s%, s:s%, s:i, s:i, s:o, s:o, s:o}", "number", c->number.p,
			 c->number.n, "display", render_display(c->number), "state", state_name(c->state), "level", c->level,
			 "version", (json_int_t)c->version, "department", c->department.p, c->department.n, "category",
			 c->category.p, c->category.n, "subcategory", c->subcategory.p, c->subcategory.n, "ward", c->ward,
			 "borough", c->borough, "lodged_at", json_time(c->lodged_ms), "due_at", json_time(c->due_ms), "resolved_at",
			 json_time(c->resolved_ms));
}

json_t *
render_colleague(const struct colleague *who)
{
	return who->user.p == NULL ? json_null()
				   : json_pack("{s:o, s:o}", "user", json_span(who->user), "name", json_span(who->name));
}

json_t *
render_work(const struct work_item *w)
{
	const struct complaint *c = &w->complaint;
	json_t *o = render_item(c);

	if (o == NULL)
		return NULL;
	(void)json_object_set_new(o, "channel", json_span(c->channel));
	(void)json_object_set_new(o, "reopen_count", json_integer(c->reopen_count));
	(void)json_object_set_new(o, "priority", json_boolean(c->priority));
	(void)json_object_set_new(o, "parent",
				  c->parent.id == 0 ? json_null()
						    : json_pack("{s:s%, s:s}", "number", c->parent.number.p, c->parent.number.n,
								"state", state_name(c->parent.state)));
	(void)json_object_set_new(o, "holder", render_colleague(&w->holder));
	(void)json_object_set_new(o, "overdue", json_boolean(w->overdue));
	return o;
}

enum status
render_moved(struct arena *a, const struct complaint *c, struct span *answer)
{
	struct buf text = BUF_INIT(4096);
	json_t *item = render_item(c);

	json_encode(item, &text);
	json_decref(item);
	*answer = (struct span){ text.failed ? NULL : arena_strndup(a, text.data, text.len), text.len };
	buf_release(&text);
	return answer->p == NULL ? E_NOMEM : E_OK;
}

static json_t *
pixels(int n)
{
	return n == 0 ? json_null() : json_integer(n);
}

json_t *
render_uploaded(const struct attachment *at)
{
	char id[ATTACHMENT_ID_TEXT_SIZE];

	attachment_id_text(at->id, id);
	return json_pack("{s:s, s:s, s:I, s:o, s:o, s:b}", "id", id, "kind", attachment_kind_name(at->kind), "bytes",
			 (json_int_t)at->bytes, "width", pixels(at->width), "height", pixels(at->height), "thumbnail",
			 at->thumbnail);
}

static json_t *
render_attachment(const struct attachment *at)
{
	json_t *o = render_uploaded(at);

	(void)json_object_set_new(o, "seq", json_integer(at->seq));
	(void)json_object_set_new(o, "internal", json_boolean(at->internal));
	return o;
}

/* Texts by comma as a list. */
json_t *
json_words(struct span words)
{
	json_t *list = json_array();
	struct span word;

	while (list != NULL && words.n > 0) {
		if (!scan_cut(&words, ',', &word)) {
			word = words;
			words.n = 0;
		}
		(void)json_array_append_new(list, json_span(word));
	}
	return list;
}

json_t *
render_event(const struct directory *d, const struct event *e, bool for_staff)
{
	json_t *o = json_pack("{s:I, s:s%, s:o, s:s%, s:o, s:s%, s:o, s:o}", "seq", (json_int_t)e->seq, "action", e->action.p,
			      e->action.n, "from", json_span(e->from), "state", e->state.p, e->state.n, "at", json_time(e->at_ms),
			      "by", e->by.p, e->by.n, "office", names_json(e->office, directory_office(d, e->office)), "note",
			      json_span(e->internal && !for_staff ? (struct span){ NULL, 0 } : e->note));

	if (o != NULL && for_staff) {
		(void)json_object_set_new(o, "by_name", json_span(e->staff));
		(void)json_object_set_new(o, "internal", json_boolean(e->internal));
		(void)json_object_set_new(o, "level", json_integer(e->level));
	}
	return o;
}

json_t *
render_attachments(const struct attachment *list, size_t n, int64_t seq)
{
	json_t *items = json_array();

	for (size_t i = 0; i < n && items != NULL; i++)
		if (seq == 0 || list[i].seq == seq)
			(void)json_array_append_new(items, render_attachment(&list[i]));
	return items;
}
