/* The demo's complaints: each plays its story, step by step, from its lodging until now. */
#include "ctl_demo_story.h"

#include <stdlib.h>

#include "core/clock.h"
#include "core/scan.h"
#include "core/tx.h"
#include "domain/complaint.h"

#define MINUTE_MS  INT64_C(60000)
#define HOUR_MS    (60 * MINUTE_MS)
#define STORIES_MS 60000
#define ACCURACY_M 18.0

enum column { NO = 1, DAYS_AGO, MINUTES, SUBCATEGORY, WARD, LAT, LON, LANGUAGE, CHANNEL, MOBILE, NAME, DESCRIPTION, STORY };
static const char *const columns[] = { "no",       "days_ago", "minutes", "subcategory", "ward",        "lat",  "lon",
				       "language", "channel",  "mobile",  "name",        "description", "story" };

enum { Q_ANY, Q_OFFICERS, Q_CITIZEN, Q_ROUTE, Q_HEAD, Q_LODGED, Q_EVENT, Q_COMPLAINT };
static const struct sql sql[] = {
	[Q_ANY] = { "SELECT EXISTS (SELECT 1 FROM complaint)", "", "i", false },
	[Q_OFFICERS] = { "SELECT s.id, r.role, r.department_code, r.eo_level FROM staff s JOIN roster r ON r.staff_id = s.id"
			 " WHERE s.active ORDER BY s.id",
			 "", "issi", false },
	[Q_CITIZEN] = { "INSERT INTO citizen (mobile_index, mobile_sealed, name_sealed, language, created_at) VALUES (?, ?, ?, ?, "
			"?)"
			" ON DUPLICATE KEY UPDATE id = LAST_INSERT_ID(id), name_sealed = COALESCE(VALUES(name_sealed), "
			"name_sealed)",
			"bbbst", "", false },
	[Q_ROUTE] = { "SELECT route_lme(?, ?, ?, ?, ?)", "sssii", "i", false },
	[Q_HEAD] = { "SET @demo_head = UNHEX(REPEAT('00', 32))", "", "", false },
	/* the detail as complaint_lodge writes it */
	[Q_LODGED] = { "CALL event_append(@demo_head, ?, 1, ?, 'lodge', NULL, ?, 0, ?, ?, ?, NULL, FALSE, "
		       "JSON_OBJECT('department', ?,"
		       " 'category', ?, 'subcategory', ?, 'ward', ?, 'borough', ?, 'due_at', CAST(? AS DATETIME(3))), @demo_head)",
		       "itssissssiit", "", false },
	[Q_EVENT] = { "CALL event_append(@demo_head, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, @demo_head)", "iitsssisissis", "",
		      false },
	[Q_COMPLAINT] = { "INSERT INTO complaint (id, number, version, state, level, channel, citizen_id, department_code, "
			  "category_code,"
			  " subcategory_code, ward_no, borough_no, lon, lat, accuracy_m, description, language, holder_id, "
			  "parent_id,"
			  " reopen_count, lodged_at, due_at, escalate_at, resolved_at, changed_at, event_count, event_head)"
			  " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, @demo_head)",
			  "isisisisssiidddssiiittttti", "", false },
};

/* ---- writing */

static struct db_value
id_or_null(int64_t id)
{
	return id == 0 ? db_null() : db_int(id);
}

static enum status
write_event(const struct stage *g, struct tale *t, const struct step *s, const char *from, struct doer who, const char *detail)
{
	const char *office = story_office(t->state, t->level);
	const char *note = s->note[t->lang];
	struct db_rows done;

	t->events++;
	if (story_is(s->action, "merge"))
		note = NULL;
	return db_run(g->demo->db, g->demo->arena, &sql[Q_EVENT],
		      DB_ARGS(db_int(t->id), db_int(t->events), db_time(t->at_ms), db_text(span_of(s->action)),
			      db_text(span_of(from)), db_text(span_of(t->state)), db_int(t->level), db_text(span_of(who.kind)),
			      id_or_null(who.id), db_text(span_of(office != NULL ? office : who.office)), db_text(span_of(note)),
			      db_int(s->internal), db_text(span_of(detail))),
		      &done);
}

static enum status
write_lodging(const struct stage *g, struct tale *t)
{
	struct doer who = { "citizen", t->citizen_id, NULL };
	struct db_rows rows;
	enum status st;

	if (t->desk_id != 0)
		who = (struct doer){ "staff", t->desk_id, NULL };
	else if (t->by_machine)
		who = (struct doer){ "machine", 0, NULL };
	st = db_run(
		g->demo->db, g->demo->arena, &sql[Q_ROUTE],
		DB_ARGS(db_text(t->department), db_text(t->category), db_text(t->subcategory), db_int(t->ward), db_int(t->borough)),
		&rows);
	if (st != E_OK)
		return st;
	t->holder_id = db_row(&rows, 0)[0].null ? 0 : db_row(&rows, 0)[0].i;
	t->state = t->holder_id == 0 ? "UNASSIGNED" : "ASSIGNED";
	t->events = 1;
	st = db_run(g->demo->db, g->demo->arena, &sql[Q_HEAD], DB_NO_ARGS, &rows);
	if (st != E_OK)
		return st;
	return db_run(g->demo->db, g->demo->arena, &sql[Q_LODGED],
		      DB_ARGS(db_int(t->id), db_time(t->at_ms), db_text(span_of(t->state)), db_text(span_of(who.kind)),
			      id_or_null(who.id), db_text(span_of(story_office(t->state, 0))), db_text(t->department),
			      db_text(t->category), db_text(t->subcategory), db_int(t->ward), db_int(t->borough),
			      db_time(t->due_ms)),
		      &rows);
}

static struct db_value
degrees(struct span s)
{
	double v = 0;

	return scan_double(s, -180, 180, &v) ? db_double(v) : db_null();
}

static enum status
write_complaint(const struct stage *g, const struct tale *t)
{
	const struct csv *c = &g->csv;
	struct db_value lon = degrees(csv_at(c, t->row, LON));
	struct db_rows done;

	return db_run(g->demo->db, g->demo->arena, &sql[Q_COMPLAINT],
		      DB_ARGS(db_int(t->id), db_text(span_of(t->number)), db_int(t->events), db_text(span_of(t->state)),
			      db_int(t->level), db_text(csv_at(c, t->row, CHANNEL)), db_int(t->citizen_id), db_text(t->department),
			      db_text(t->category), db_text(t->subcategory), db_int(t->ward), db_int(t->borough), lon,
			      degrees(csv_at(c, t->row, LAT)), lon.null ? db_null() : db_double(ACCURACY_M),
			      db_text(csv_at(c, t->row, DESCRIPTION)), db_text(csv_at(c, t->row, LANGUAGE)),
			      id_or_null(t->holder_id), id_or_null(t->parent_id), db_int(t->reopened), db_time(t->lodged_ms),
			      db_time(t->due_ms), db_time(t->escalate_ms), db_time(t->resolved_ms), db_time(t->at_ms),
			      db_int(t->events)),
		      &done);
}

static enum status
find_citizen(const struct stage *g, struct tale *t)
{
	const struct demo *d = g->demo;
	struct span mobile = csv_at(&g->csv, t->row, MOBILE), name = csv_at(&g->csv, t->row, NAME);
	struct span mobile_sealed, name_sealed = { NULL, 0 };
	uint8_t index[SEAL_HASH_BYTES];
	struct db_rows done = { 0 };
	enum status st = seal_box(d->seal, d->arena, mobile, &mobile_sealed);

	seal_index(d->seal, mobile, index);
	if (st == E_OK && name.n > 0)
		st = seal_box(d->seal, d->arena, name, &name_sealed);
	if (st == E_OK)
		st = db_run(d->db, d->arena, &sql[Q_CITIZEN],
			    DB_ARGS(db_bytes(index, sizeof(index)), db_text(mobile_sealed), db_text(name_sealed),
				    db_text(csv_at(&g->csv, t->row, LANGUAGE)), db_time(t->lodged_ms)),
			    &done);
	t->citizen_id = done.insert_id;
	return st;
}

/* ---- one story */

/* rate:4 and merge:12 carry an argument. */
static enum status
detail_of(const struct stage *g, struct tale *t, const struct step *s, struct span argument, const char **out)
{
	int64_t n = 0;

	*out = NULL;
	if (argument.p == NULL)
		return E_OK;
	if (!scan_i64(argument, 1, (int64_t)g->n, &n))
		return E_INVALID;
	if (story_is(s->action, "merge")) {
		const struct tale *parent = g->by_row[n - 1];

		t->parent_id = parent->id;
		*out = arena_printf(g->demo->arena, "{\"parent\": \"%s\"}", parent->number);
	} else {
		*out = arena_printf(g->demo->arena, "{\"rating\": %d}", (int)n);
	}
	return *out == NULL ? E_NOMEM : E_OK;
}

static enum status
play_step(const struct stage *g, struct tale *t, struct span word, size_t left, int64_t end_ms)
{
	struct span argument = word, action;
	const char *from = t->state, *detail;
	const struct step *s = NULL;
	struct doer who;
	enum status st;
	enum by by;

	if (scan_cut(&argument, ':', &action))
		s = story_step(action);
	if (s == NULL)
		return E_INVALID;
	by = s->by;
	st = detail_of(g, t, s, argument, &detail);
	if (st != E_OK)
		return st;
	t->at_ms = story_next_ms(g, t, s, left, end_ms, &by);
	who = story_doer(g, t, by);
	story_follow(g, t, s);
	return write_event(g, t, s, from, who, detail);
}

static enum status
play(const struct stage *g, struct tale *t)
{
	struct span story = csv_at(&g->csv, t->row, STORY), rest = story, word;
	int64_t end_ms = g->demo->now_ms - MINUTE_MS;
	size_t left = 0;
	enum status st = find_citizen(g, t);

	t->level = t->reopened = 0; /* the transaction may run twice */
	t->parent_id = 0;
	t->before = NULL;
	t->at_ms = t->lodged_ms;
	t->due_ms = t->escalate_ms = directory_due(g->directory, t->lodged_ms, t->sla_hours);
	t->resolved_ms = CLOCK_NONE;
	if (st == E_OK)
		st = write_lodging(g, t);
	while (scan_cut(&rest, '>', &word)) {
		left++;
		if (span_eq(word, SPAN("close")))
			end_ms -= STORY_WINDOW_MS + HOUR_MS;
	}
	(void)scan_cut(&story, '>', &word); /* lodge */
	while (st == E_OK && scan_cut(&story, '>', &word))
		st = play_step(g, t, word, --left, end_ms);
	return st == E_OK ? write_complaint(g, t) : st;
}

/* ---- all of them */

static enum status
read_officers(struct stage *g)
{
	struct db_rows rows;
	enum status st = db_run(g->demo->db, g->demo->arena, &sql[Q_OFFICERS], DB_NO_ARGS, &rows);

	if (st != E_OK)
		return st;
	g->officers = arena_array(g->demo->arena, rows.n, sizeof(*g->officers));
	if (g->officers == NULL)
		return E_NOMEM;
	g->n_officers = rows.n;
	for (size_t i = 0; i < rows.n; i++) {
		const struct db_value *v = db_row(&rows, i);

		g->officers[i] = (struct officer){ .id = v[0].i,
						   .role = v[1].s,
						   .department = v[2].null ? (struct span){ NULL, 0 } : v[2].s,
						   .level = v[3].null ? 0 : v[3].i };
	}
	return E_OK;
}

static enum status
refuse(const struct stage *g, size_t row, size_t column, const char *why)
{
	seed_fault(g->demo->err, "demo_complaints.csv", &(struct csv_error){ .row = row, .column = column, .why = why },
		   columns[column - 1]);
	return E_INVALID;
}

static enum status
read_tale(const struct stage *g, size_t row, struct tale *t)
{
	const struct csv *c = &g->csv;
	const struct directory *d = g->directory;
	const struct subcategory *s = directory_subcategory(d, csv_at(c, row, SUBCATEGORY));
	struct span channel = csv_at(c, row, CHANNEL);
	int64_t days, minutes, ward;

	if (s == NULL)
		return refuse(g, row, SUBCATEGORY, "not in the directory; run ekmc-ctl seed first");
	if (!scan_i64(csv_at(c, row, DAYS_AGO), 0, 365, &days))
		return refuse(g, row, DAYS_AGO, "not a number of days");
	if (!scan_i64(csv_at(c, row, MINUTES), 0, 1439, &minutes))
		return refuse(g, row, MINUTES, "not a number of minutes");
	if (!scan_i64(csv_at(c, row, WARD), 1, WARDS, &ward) || d->ward_borough[ward] == 0)
		return refuse(g, row, WARD, "no such ward");
	if (!lang_parse(csv_at(c, row, LANGUAGE), &t->lang))
		return refuse(g, row, LANGUAGE, "none of en, bn, hi");
	t->row = row;
	t->subcategory = s->code;
	t->category = d->categories[s->category].code;
	t->department = d->departments[d->categories[s->category].department].code;
	t->sla_hours = s->sla_hours;
	t->ward = (int)ward;
	t->borough = d->ward_borough[ward];
	t->lodged_ms = g->demo->now_ms - (days * 1440 + minutes) * MINUTE_MS - (int64_t)(row * 7919 % 60000);
	t->by_machine = span_eq(channel, SPAN("CMRO")) || span_eq(channel, SPAN("OPEN311"));
	if (span_eq(channel, SPAN("CALL_CENTRE")) || span_eq(channel, SPAN("TALK_TO_MAYOR")) ||
	    span_eq(channel, SPAN("MAYOR_OFFICE")))
		t->desk_id = story_officer(g, "DESK", 0, (struct span){ NULL, 0 });
	return E_OK;
}

static int
by_age(const void *a, const void *b)
{
	const struct tale *x = a, *y = b;

	if (x->lodged_ms != y->lodged_ms)
		return x->lodged_ms < y->lodged_ms ? -1 : 1;
	return x->row < y->row ? -1 : x->row > y->row;
}

/* Ids in the order of lodging, as they would have been. */
static enum status
number_all(struct stage *g)
{
	struct id_source *ids = id_source_new();
	enum status st = ids == NULL ? E_NOMEM : E_OK;

	qsort(g->tales, g->n, sizeof(*g->tales), by_age);
	for (size_t i = 0; i < g->n && st == E_OK; i++) {
		struct tale *t = &g->tales[i];

		st = id_source_next(ids, g->demo->db, g->demo->arena, &t->id);
		ids_number(t->id, t->lodged_ms, t->number);
		g->by_row[t->row - 2] = t;
	}
	id_source_free(ids);
	return st;
}

static enum status
set_stage(struct stage *g)
{
	const struct demo *d = g->demo;
	enum status st = seed_csv(d->arena, d->dir, "demo_complaints.csv", columns, ARRAY_LEN(columns), d->err, &g->csv);

	if (st == E_OK)
		st = read_officers(g);
	if (st != E_OK)
		return st;
	g->n = g->csv.rows - 1;
	g->tales = arena_array(d->arena, g->n, sizeof(*g->tales));
	g->by_row = arena_array(d->arena, g->n, sizeof(struct tale *));
	if (g->tales == NULL || g->by_row == NULL)
		return E_NOMEM;
	for (size_t i = 0; i < g->n && st == E_OK; i++)
		st = read_tale(g, i + 2, &g->tales[i]);
	return st == E_OK ? number_all(g) : st;
}

static enum status
play_all(struct db *db UNUSED, void *arg)
{
	const struct stage *g = arg;
	enum status st = E_OK;

	for (size_t i = 0; i < g->n && st == E_OK; i++) {
		st = play(g, &g->tales[i]);
		if (st == E_INVALID)
			(void)refuse(g, g->tales[i].row, STORY, "an unknown action or argument");
	}
	return st;
}

enum status
demo_complaints(const struct demo *d, size_t *added)
{
	struct stage *g = arena_alloc(d->arena, sizeof(*g));
	struct directory *directory = NULL;
	struct db_rows rows;
	enum status st = db_run(d->db, d->arena, &sql[Q_ANY], DB_NO_ARGS, &rows);

	*added = 0;
	if (st != E_OK || db_row(&rows, 0)[0].i != 0)
		return st;
	st = g == NULL ? E_NOMEM : directory_load(d->db, &directory);
	if (st != E_OK)
		return st;
	g->demo = d;
	g->directory = directory;
	st = set_stage(g);
	db_deadline(d->db, clock_monotonic_ms() + STORIES_MS);
	if (st == E_OK)
		st = db_tx(d->db, play_all, g, NULL);
	if (st == E_OK)
		*added = g->n;
	directory_free(directory);
	return st;
}
