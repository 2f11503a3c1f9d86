/* Lists of officers, categories and subcategories: out as JSON or CSV, in as CSV. */
#include "domain/roster.h"

#include <malloc.h>
#include <strings.h>

#include "api/app.h"
#include "api/audit.h"
#include "api/handlers.h"
#include "api/params.h"
#include "core/clock.h"
#include "core/json.h"
#include "core/scan.h"

#define FIRST_BYTES (1 << 16)
#define TRIM_BYTES  (2 << 20)
#define TEXT_MAX    2048
#define IMPORT_MS   20000 /* nginx waits a little longer */
#define MOST_MOVED  2000
#define CSV_TYPE    "text/csv; charset=utf-8"
#define EVERYTHING  "all"

static const char *const flags[] = { "0", "1", NULL };

struct roster_query {
	struct span department;
	int list, dry_run, confirm;
	int64_t version;
};
#define AT(member) .offset = offsetof(struct roster_query, member)
static const struct field query_fields[] = {
	{ .name = "department", .type = FIELD_LINE, AT(department), .min = 1, .max = 8 },
	{ .name = "list", .type = FIELD_CHOICE, AT(list), .choices = roster_list_names },
	/* of an import only */
	{ .name = "dry_run", .type = FIELD_CHOICE, AT(dry_run), .choices = flags },
	{ .name = "confirm_leaving", .type = FIELD_CHOICE, AT(confirm), .choices = flags },
	{ .name = "version", .type = FIELD_INT, AT(version), .min = 1, .max = 9007199254740991.0 },
};
#undef AT
#define READING 2

/* An import and an export need more than a request has. */
static enum status
means_begin(const struct call *c, struct roster_means *w)
{
	*w = (struct roster_means){
		.db = c->worker->db, .cache = c->worker->cache, .arena = arena_new(FIRST_BYTES, ROSTER_ARENA_BYTES), .seal = c->seal
	};
	return w->arena == NULL ? E_NOMEM : E_OK;
}

/* The C library would keep 100 MB of a large list for a worker that lives on 20. */
static void
means_end(const struct roster_means *w)
{
	const bool large = arena_used(w->arena) > TRIM_BYTES;

	arena_free(w->arena);
	if (large)
		(void)malloc_trim(0);
}

/* A controlling officer's own department, when there is only one. */
static struct span
own_department(const struct actor *actor)
{
	struct span found = { NULL, 0 };

	for (size_t i = 0; i < actor->n_duties; i++) {
		const struct span one = span_of(actor->duties[i].department);

		if (actor->duties[i].role != CONTROLLING || (found.p != NULL && span_eq(found, one)))
			continue;
		if (found.p != NULL)
			return (struct span){ NULL, 0 };
		found = one;
	}
	return found;
}

/* Which department it is about: *department is absent for all of them. Whether there is such a one the database says: who has just
 * made it must not wait until every process knows. */
static enum status
scope(struct call *c, const struct admin_who *who, struct span *department)
{
	if (department->p == NULL && (c->actor.roles & ADMIN) == 0)
		*department = own_department(&c->actor);
	if (department->p == NULL)
		return call_field(c, "/department", FE_REQUIRED);
	if (span_eq(*department, SPAN(EVERYTHING)))
		*department = (struct span){ NULL, 0 };
	return admin_may(who, *department) ? E_OK : E_FORBIDDEN;
}

/* ---- the report */

static json_t *
text_json(struct buf *text)
{
	json_t *v = text->failed ? NULL : json_stringn(text->len == 0 ? "" : text->data, text->len);

	buf_clear(text);
	return v;
}

static json_t *
error_json(const struct roster_error *e, enum lang lang, struct buf *text)
{
	roster_fault_text(e, lang, text);
	return json_pack("{s:o, s:s?, s:s, s:o}", "row", e->row == 0 ? json_null() : json_integer((json_int_t)e->row), "column",
			 e->column, "code", roster_fault_code(e->fault), "detail", text_json(text));
}

static json_t *
item_json(const struct roster_item *i, enum lang lang, struct buf *text)
{
	static const char *const words[] = { [ROSTER_ADDED] = "added", [ROSTER_CHANGED] = "changed", [ROSTER_LEAVING] = "leaving" };
	json_t *columns = json_array(), *o;

	for (size_t k = 0; i->columns[k] != NULL; k++)
		(void)json_array_append_new(columns, json_string(i->columns[k]));
	o = json_pack("{s:o, s:s, s:o, s:o, s:I}", "row", i->row == 0 ? json_null() : json_integer((json_int_t)i->row), "what",
		      words[i->what], "key", json_span(i->key), "columns", columns, "open", (json_int_t)i->open);
	if (o != NULL && i->open > 0) {
		roster_open_text(i->open, lang, text);
		(void)json_object_set_new(o, "detail", text_json(text));
	}
	return o;
}

/* What a report is about. */
struct about {
	const struct roster_job *job;
	enum lang lang;
};

static json_t *
report_json(const struct about *about, const struct roster_report *r)
{
	struct buf text = BUF_INIT(TEXT_MAX);
	json_t *errors = json_array(), *items = json_array();

	for (size_t i = 0; i < r->n_errors; i++)
		(void)json_array_append_new(errors, error_json(&r->errors[i], about->lang, &text));
	for (size_t i = 0; i < r->n_items; i++)
		(void)json_array_append_new(items, item_json(&r->items[i], about->lang, &text));
	buf_release(&text);
	return json_pack("{s:s, s:o, s:b, s:I, s:b, s:{s:I, s:I, s:I, s:I, s:I, s:I, s:I}, s:o, s:o, s:b}", "list",
			 roster_list_names[about->job->list], "department", json_span(about->job->department), "dry_run",
			 about->job->dry_run, "version", (json_int_t)r->version, "needs_confirm", r->needs_confirm, "counts",
			 "rows", (json_int_t)r->rows, "added", (json_int_t)r->added, "changed", (json_int_t)r->changed, "leaving",
			 (json_int_t)r->leaving, "unchanged", (json_int_t)r->unchanged, "errors", (json_int_t)r->errors_all,
			 "rerouted", (json_int_t)r->rerouted, "errors", errors, "items", items, "truncated",
			 r->n_errors < r->errors_all || r->n_items < r->items_all);
}

static enum status
render_report(struct arena *a, struct admin_answer *answer, const void *thing)
{
	struct buf text = BUF_INIT(RESP_BODY_MAX);
	json_t *o = report_json(answer->context, thing);

	json_encode(o, &text);
	json_decref(o);
	answer->text = (struct span){ text.failed ? NULL : arena_strndup(a, text.data, text.len), text.len };
	buf_release(&text);
	return answer->text.p == NULL ? E_NOMEM : E_OK;
}

/* ---- coming in */

/* The key's row is about the query too: a dry run and the import have the same body. */
static struct admin_who
who_of(const struct call *c)
{
	struct admin_who who = { .actor = &c->actor, .now_ms = clock_now_ms(), .keyed = true };
	const struct span parts[] = { c->req.query, c->req.body };

	param_idempotency(c, who.scope, who.body_hash);
	seal_hash(parts, ARRAY_LEN(parts), who.body_hash);
	return who;
}

static bool
is_csv(struct span type)
{
	struct span media = { NULL, 0 };

	(void)scan_cut(&type, ';', &media);
	media = scan_trim(media);
	return media.n == 8 && strncasecmp(media.p, "text/csv", 8) == 0;
}

static enum status
bring_in(struct call *c, const struct roster_means *w, const struct roster_job *job)
{
	const struct about about = { job, c->req.lang };
	struct admin_answer answer = { .render = render_report, .context = &about };
	struct roster_report report = { .rows = 0 };
	enum status st = roster_import(w, job, &report, &answer);

	if (st == E_NOT_FOUND)
		return call_field(c, "/department", FE_NOT_FOUND);
	if (st == E_INVALID || st == E_CONFIRM) {
		c->about = json_own(c->arena, json_pack("{s:o}", "report", report_json(&about, &report)));
		return c->about == NULL ? E_NOMEM : st;
	}
	if (st != E_OK)
		return st;
	if (report.rerouted > 0 && !job->dry_run)
		(void)cache_publish(c->worker->cache, "ekmc:bell:notify", "move");
	c->resp.http = 200;
	c->resp.type = "application/json";
	buf_span(&c->resp.body, answer.text);
	return E_OK;
}

enum status
roster_post(struct call *c)
{
	struct roster_query in = { .version = 0 };
	struct roster_job job = { .csv = c->req.body, .who = who_of(c) };
	struct roster_means w;
	enum status st = call_query(c, query_fields, ARRAY_LEN(query_fields), &in);

	if (st == E_OK && !is_csv(span_of(req_content_type(&c->req)))) {
		c->why = CSV_TYPE;
		return E_MEDIA_TYPE;
	}
	if (st == E_OK)
		st = scope(c, &job.who, &in.department);
	if (st == E_OK)
		st = means_begin(c, &w);
	if (st != E_OK)
		return st;
	job.list = (enum roster_list)in.list;
	job.department = in.department;
	job.dry_run = in.dry_run != 0;
	job.confirm = in.confirm != 0;
	job.version = in.version;
	job.most_moved = MOST_MOVED;
	db_deadline(w.db, clock_monotonic_ms() + IMPORT_MS);
	st = bring_in(c, &w, &job);
	means_end(&w);
	return st;
}

/* ---- going out */

static json_t *
numbers_json(const int *v, size_t n)
{
	json_t *list = json_array();

	for (size_t i = 0; i < n && list != NULL; i++)
		(void)json_array_append_new(list, json_integer(v[i]));
	return list;
}

/* The whole number stands in the file alone, which is for those who maintain it. */
static json_t *
mobile_json(const char *mobile)
{
	return mobile == NULL ? json_null() : json_sprintf("******%s", mobile + 6);
}

static json_t *
line_json(const struct roster_line *l)
{
	json_t *subjects = json_array();

	for (size_t i = 0; i < l->n_subjects; i++)
		(void)json_array_append_new(subjects, json_span(l->subjects[i]));
	return json_pack("{s:o, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:b}", "user", json_span(l->user), "role",
			 role_name(l->role), "department", json_span(l->department), "level",
			 l->level == 0 ? json_null() : json_integer(l->level), "boroughs", numbers_json(l->boroughs, l->n_boroughs),
			 "wards", numbers_json(l->wards, l->n_wards), "subcategories", subjects, "en", json_span(l->en), "bn",
			 json_span(l->bn), "mobile", mobile_json(l->mobile), "active", l->active);
}

static enum status
lines_json(struct call *c, const struct roster_means *w, const struct directory *d, struct span department, bool by_admin)
{
	const struct roster_line *lines;
	json_t *items;
	size_t n = 0;
	enum status st = roster_lines(w, d, department, by_admin, &lines, &n);

	if (st != E_OK)
		return st;
	items = json_array();
	for (size_t i = 0; i < n && items != NULL; i++)
		(void)json_array_append_new(items, line_json(&lines[i]));
	return resp_json(&c->resp, 200,
			 json_pack("{s:o, s:I, s:o}", "department", json_span(department), "version", (json_int_t)d->version,
				   "items", items));
}

static enum status
lines_csv(struct call *c, const struct roster_means *w, const struct directory *d, enum roster_list list, struct span department,
	  bool by_admin)
{
	struct buf text = BUF_INIT(RESP_BODY_MAX);
	enum status st;

	/* without the mark spreadsheets take Bengali for something else, and save what they took it for */
	buf_text(&text, "\xef\xbb\xbf");
	st = roster_csv(w, d, list, department, by_admin, &text);
	if (st == E_OK && list == ROSTER_STAFF)
		st = audit_reading(c, 0, ACCESS_LIST); /* whole mobiles */
	if (st == E_OK) {
		c->resp.http = 200;
		c->resp.type = CSV_TYPE;
		buf_span(&c->resp.body, buf_view(&text));
		c->resp.body.failed = c->resp.body.failed || text.failed;
		resp_header(&c->resp, "Content-Disposition", "attachment; filename=\"%s-%.*s.csv\"", roster_list_names[list],
			    SPAN_FMT(department.p == NULL ? SPAN(EVERYTHING) : department));
	}
	buf_release(&text);
	return st;
}

static enum status
take_out(struct call *c, const struct roster_means *w, const struct roster_query *in)
{
	const char *accept = req_header(&c->req, "ACCEPT");
	const bool by_admin = (c->actor.roles & ADMIN) != 0;
	struct directory *d;
	enum status st = directory_load(w->db, &d);

	if (st != E_OK)
		return st;
	resp_header(&c->resp, "Vary", "Accept");
	if (in->department.p != NULL && directory_department(d, in->department) == NULL)
		st = call_field(c, "/department", FE_NOT_FOUND);
	else if (in->list != ROSTER_STAFF || (accept != NULL && strcasestr(accept, "text/csv") != NULL))
		st = lines_csv(c, w, d, (enum roster_list)in->list, in->department, by_admin);
	else
		st = lines_json(c, w, d, in->department, by_admin);
	directory_free(d);
	return st;
}

enum status
roster_get(struct call *c)
{
	const struct admin_who who = { .actor = &c->actor };
	struct roster_query in = { .version = 0 };
	struct roster_means w;
	enum status st = call_query(c, query_fields, READING, &in);

	if (st == E_OK)
		st = scope(c, &who, &in.department);
	if (st == E_OK)
		st = means_begin(c, &w);
	if (st != E_OK)
		return st;
	st = take_out(c, &w, &in);
	means_end(&w);
	return st;
}
