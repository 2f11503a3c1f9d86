/* What a move tells: the detail of its event, and the rule and variables of its messages. */
#include "core/clock.h"
#include "core/json.h"
#include "core/scan.h"
#include "domain/link.h"
#include "domain/move_impl.h"

#define DETAIL_BYTES  4000
#define PAYLOAD_BYTES 4096
#define REASON_CHARS  100

static void
set_if_changed(json_t *o, const char *key, struct span before, struct span after)
{
	if (!span_eq(before, after))
		(void)json_object_set_new(o, key, json_span(after));
}

/* More of a note than any message shows; whole characters. */
static json_t *
reason_json(struct span note)
{
	size_t i = 0;

	for (int n = 0; n < REASON_CHARS && scan_utf8_next(note, &i) >= 0; n++)
		;
	return json_stringn(note.p, i);
}

enum status
move_detail(const struct job *j, struct span *out)
{
	const struct complaint *b = &j->before, *c = j->c;
	json_t *o = json_own(j->w->arena, json_object());
	struct buf text = BUF_INIT(DETAIL_BYTES);

	*out = (struct span){ NULL, 0 };
	if (j->found.lme_id != 0)
		(void)json_object_set_new(o, j->m->action == REQUEST_REASSIGN ? "proposed" : "to", json_integer(j->found.lme_id));
	set_if_changed(o, "department", b->department, c->department);
	set_if_changed(o, "category", b->category, c->category);
	set_if_changed(o, "subcategory", b->subcategory, c->subcategory);
	if (b->ward != c->ward)
		(void)json_object_set_new(o, "ward", json_integer(c->ward));
	if (b->due_ms != c->due_ms)
		(void)json_object_set_new(o, "due_at", json_time(c->due_ms));
	if (b->priority != c->priority)
		(void)json_object_set_new(o, "priority", json_boolean(c->priority));
	if (j->m->stars != 0)
		(void)json_object_set_new(o, "stars", json_integer(j->m->stars));
	if (j->m->parent != NULL)
		(void)json_object_set_new(o, "parent", json_string(j->m->parent));
	if (j->for_caller)
		(void)json_object_set_new(o, "for_caller", json_true());
	for (size_t i = 0; i < j->m->uploads.n; i++) {
		if (i == 0)
			(void)json_object_set_new(o, "attachments", json_array());
		(void)json_array_append_new(json_object_get(o, "attachments"), json_span(j->m->uploads.v[i]));
	}
	if (o == NULL)
		return E_NOMEM;
	if (json_object_size(o) == 0)
		return E_OK;
	json_encode(o, &text);
	*out = (struct span){ text.failed ? NULL : arena_strndup(j->w->arena, text.data, text.len), text.len };
	buf_release(&text);
	return out->p == NULL ? E_NOMEM : E_OK;
}

enum status
move_payload(const struct job *j, const struct complaint *about, struct span *out)
{
	const struct complaint *c = j->c;
	const bool done = j->m->action == RESOLVE || j->m->action == REJECT;
	struct buf text = BUF_INIT(PAYLOAD_BYTES);
	char link[LINK_CHARS + 1];
	json_t *o = json_own(j->w->arena,
			     json_pack("{s:s%, s:s%, s:s%, s:i, s:i, s:o}", "number", about->number.p, about->number.n,
				       "subcategory", about->subcategory.p, about->subcategory.n, "department", c->department.p,
				       c->department.n, "ward", about->ward, "level", c->level, "due", json_time(c->due_ms)));
	enum status st = o == NULL ? E_NOMEM : E_OK;

	if (st == E_OK && about->citizen_id != 0 && (done || j->m->action == ASK_CITIZEN)) {
		const int64_t until = j->m->now_ms + j->w->directory->rules.reopen_window_ms;

		st = link_create(j->w->db, j->w->arena, about->number.p, about->id, about->resolution, until, link);
		(void)json_object_set_new(o, "until", json_time(until));
		(void)json_object_set_new(o, "link", json_string(link));
	}
	if (st != E_OK)
		return st;
	if (j->m->note.p != NULL && !j->m->internal)
		(void)json_object_set_new(o, "reason", reason_json(j->m->note));
	if (j->m->stars != 0)
		(void)json_object_set_new(o, "rating", json_integer(j->m->stars));
	if (j->m->parent != NULL)
		(void)json_object_set_new(o, "parent", json_string(j->m->parent));
	json_encode(o, &text);
	st = text.failed ? E_NOMEM : seal_box(j->w->seal, j->w->arena, buf_view(&text), out);
	buf_release(&text);
	return st;
}

/* The third time is refused: nobody is to be told that they could. */
const char *
move_event(enum action on, const struct complaint *about)
{
	if (about->reopen_count >= REOPEN_MOST && (on == RESOLVE || on == REJECT))
		return on == RESOLVE ? "resolve_last" : "reject_last";
	return action_name(on);
}
