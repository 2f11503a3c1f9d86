/* The demo's complaints: all stories of the file are played at once, beat by beat in the order of time, until now. */
#include "ctl_demo_story.h"

#include "core/clock.h"
#include "core/scan.h"
#include "core/tx.h"

#define MINUTE_MS  INT64_C(60000)
#define HOUR_MS    (60 * MINUTE_MS)
#define STORIES_MS 60000
#define BEAT_BYTES (1 << 20)
#define SENT_MS    (10 * MINUTE_MS) /* messages older than this have long been delivered */
#define ACCURACY_M 18.0

enum column { NO = 1, DAYS_AGO, MINUTES, SUBCATEGORY, WARD, LAT, LON, LANGUAGE, CHANNEL, MOBILE, NAME, DESCRIPTION, STORY };
static const char *const columns[] = { "no",       "days_ago", "minutes", "subcategory", "ward",        "lat",  "lon",
				       "language", "channel",  "mobile",  "name",        "description", "story" };

enum { Q_ANY, Q_SENT };
static const struct sql sql[] = {
	[Q_ANY] = { "SELECT EXISTS (SELECT 1 FROM complaint)", "", "i", false },
	[Q_SENT] = { "UPDATE outbox SET state = 'done', tries = 1, settled_at = created_at, result = 'demo'"
		     " WHERE state = 'new' AND created_at < ?",
		     "t", "", false },
};

static enum status
refuse(const struct stage *g, size_t row, size_t column, const char *why)
{
	seed_fault(g->demo->err, "demo_complaints.csv", &(struct csv_error){ .row = row, .column = column, .why = why },
		   columns[column - 1]);
	return E_INVALID;
}

static const char *
number_of(const struct stage *g, const struct beat *b)
{
	return b->step->argument == ARG_PARENT ? g->tales[b->number - 1].number : NULL;
}

/* ---- one beat */

/* What the complaint is now, as far as the story goes by it. */
static void
take_note(const struct stage *g, struct tale *t, const struct complaint *c)
{
	const struct subcategory *s = directory_subcategory(g->means.directory, c->subcategory);

	t->id = c->id;
	memcpy(t->number, c->number.p, NUMBER_DIGITS);
	t->state = c->state;
	t->escalate_ms = c->escalate_ms;
	t->resolved_ms = c->resolved_ms;
	t->sla_hours = s->sla_hours;
	t->at_ms = t->next_ms;
}

static enum status
lodge(const struct stage *g, struct tale *t, struct field_errors *errors)
{
	const struct csv *c = &g->csv;
	const struct span channel = csv_at(c, t->row, CHANNEL);
	struct lodging in = { .subcategory = t->subcategory,
			      .channel = arena_strndup(g->means.arena, channel.p, channel.n),
			      .description = csv_at(c, t->row, DESCRIPTION),
			      .name = csv_at(c, t->row, NAME),
			      .language = lang_code(t->lang),
			      .ward = t->ward,
			      .accuracy_m = ACCURACY_M,
			      .me_too = number_of(g, &t->next),
			      .token_hash = t->citizen.token_hash,
			      .now_ms = t->next_ms };
	struct complaint complaint;
	struct lodged lodged = { 0 };
	enum status st = in.channel == NULL ? E_NOMEM : E_OK;

	if (st == E_OK)
		st = cast_citizen(g, t, csv_at(c, t->row, MOBILE));
	in.has_point =
		scan_double(csv_at(c, t->row, LAT), -90, 90, &in.lat) && scan_double(csv_at(c, t->row, LON), -180, 180, &in.lon);
	seal_random(in.scope, sizeof(in.scope));
	if (st == E_OK)
		st = complaint_lodge(g->demo->db, g->means.arena, g->means.directory, g->demo->seal, g->ids, &in, &lodged);
	if (lodged.pointer != NULL)
		field_error_add(errors, lodged.pointer, lodged.code);
	if (st == E_OK)
		st = complaint_find(g->demo->db, g->means.arena, lodged.number.p, NULL, &complaint);
	if (st == E_OK)
		take_note(g, t, &complaint);
	return st;
}

struct scene {
	const struct stage *stage;
	struct tale *tale;
	struct complaint complaint;
	struct span photo;
	struct refused refused;
};

/* Told to the domain as the pages would tell it. */
static enum status
prepare(struct scene *s, const struct actor *actor, struct moving *m)
{
	const struct stage *g = s->stage;
	const struct tale *t = s->tale;
	const struct complaint *c = &s->complaint;
	const struct beat *b = &t->next;

	*m = (struct moving){ MOVING_INIT,
			      .action = b->step->action,
			      .version = c->version,
			      .now_ms = t->next_ms,
			      .note = span_of(b->step->note[t->lang]),
			      .internal = b->step->internal,
			      .subcategory = b->subcategory,
			      .parent = number_of(g, b),
			      .stars = b->step->argument == ARG_STARS ? b->number : 0 };
	if (m->action == RATE)
		m->reasons = m->stars > 3 ? SPAN("quick,polite") : SPAN("slow");
	if (m->action == ASSIGN || m->action == DIRECT || m->action == REQUEST_REASSIGN)
		m->lme = cast_lme(g, c);
	if (m->action != RESOLVE || !directory_subcategory(g->means.directory, c->subcategory)->photo_on_resolve)
		return E_OK;
	m->uploads = (struct schema_texts){ &s->photo, 1 };
	return cast_photo_of(g, actor, t->next_ms, &s->photo);
}

static enum status
move(struct db *db, void *arg)
{
	struct scene *s = arg;
	const struct stage *g = s->stage;
	const struct actor *actor;
	struct moving m;
	enum status st;

	arena_reset(g->means.arena);
	st = complaint_find_id(db, g->means.arena, s->tale->id, &s->complaint);
	if (st != E_OK)
		return st;
	actor = cast_actor(g, s->tale, &s->complaint, s->tale->next.step);
	if (actor == NULL)
		return E_FORBIDDEN;
	st = prepare(s, actor, &m);
	return st == E_OK ? complaint_move(&g->means, actor, &m, &s->complaint, &s->refused) : st;
}

/* The domain does not allow the story: a mistake in the file. */
static enum status
blame(const struct stage *g, const struct tale *t, enum status st, const struct refused *refused)
{
	const char *why = st == E_ILLEGAL_MOVE     ? refusal_codes[refused->why]
			  : refused->errors->n > 0 ? refused->errors->v[0].pointer
						   : "";
	char text[100];

	if (st != E_ILLEGAL_MOVE && st != E_FORBIDDEN && st != E_INVALID)
		return st;
	(void)snprintf(text, sizeof(text), "%s: %s %s", t->next.step->word, status_name(st), why);
	return refuse(g, t->row, STORY, text);
}

static enum status
play(const struct stage *g, struct tale *t)
{
	struct field_errors errors = { .arena = g->demo->arena };
	struct scene s = { .stage = g, .tale = t, .refused = { .errors = &errors } };
	enum status st;

	arena_reset(g->means.arena);
	if (t->next.step->action == STEP_LODGE) {
		st = lodge(g, t, &errors);
	} else {
		st = db_tx(g->demo->db, move, &s, NULL);
		if (st == E_OK)
			take_note(g, t, &s.complaint);
	}
	if (st != E_OK)
		return blame(g, t, st, &s.refused);
	t->told++;
	story_plan(g, t);
	return E_OK;
}

/* ---- all of them */

static enum status
read_story(const struct stage *g, struct tale *t)
{
	struct span story = csv_at(&g->csv, t->row, STORY), word;

	while (scan_cut(&story, '>', &word)) {
		struct beat *b = &t->beats[t->n_beats];

		if (t->n_beats == STORY_STEPS || !story_beat(g->means.directory, word, b) ||
		    (b->step->action == STEP_LODGE) != (t->n_beats == 0))
			return refuse(g, t->row, STORY, "an unknown action or argument");
		if (b->step->argument == ARG_PARENT && (size_t)b->number > g->n)
			return refuse(g, t->row, STORY, "no such parent");
		if (b->step->action == CLOSE)
			t->end_ms -= g->means.directory->rules.reopen_window_ms + HOUR_MS;
		t->n_beats++;
	}
	t->next = t->beats[0];
	return E_OK;
}

static enum status
read_tale(const struct stage *g, size_t row, struct tale *t)
{
	const struct csv *c = &g->csv;
	const struct directory *d = g->means.directory;
	int64_t days, minutes, ward;

	*t = (struct tale){ .row = row, .subcategory = directory_subcategory(d, csv_at(c, row, SUBCATEGORY)) };
	if (t->subcategory == NULL)
		return refuse(g, row, SUBCATEGORY, "not in the directory; run ekmc-ctl seed first");
	if (!scan_i64(csv_at(c, row, DAYS_AGO), 0, 365, &days))
		return refuse(g, row, DAYS_AGO, "not a number of days");
	if (!scan_i64(csv_at(c, row, MINUTES), 0, 1439, &minutes))
		return refuse(g, row, MINUTES, "not a number of minutes");
	if (!scan_i64(csv_at(c, row, WARD), 1, WARDS, &ward) || d->ward_borough[ward] == 0)
		return refuse(g, row, WARD, "no such ward");
	if (!lang_parse(csv_at(c, row, LANGUAGE), &t->lang))
		return refuse(g, row, LANGUAGE, "none of en, bn, hi");
	t->ward = (int)ward;
	t->next_ms = g->demo->now_ms - (days * 1440 + minutes) * MINUTE_MS - (int64_t)(row * 7919 % 60000);
	t->end_ms = g->demo->now_ms - MINUTE_MS;
	return read_story(g, t);
}

static struct tale *
next_tale(const struct stage *g)
{
	struct tale *first = NULL;

	for (size_t i = 0; i < g->n; i++)
		if (g->tales[i].next_ms != INT64_MAX && (first == NULL || g->tales[i].next_ms < first->next_ms))
			first = &g->tales[i];
	return first;
}

static enum status
set_stage(struct stage *g)
{
	const struct demo *d = g->demo;
	enum status st = seed_csv(d->arena, d->dir, "demo_complaints.csv", columns, ARRAY_LEN(columns), d->err, &g->csv);

	if (st != E_OK)
		return st;
	g->n = g->csv.rows - 1;
	g->tales = arena_array(d->arena, g->n, sizeof(*g->tales));
	if (g->tales == NULL)
		return E_NOMEM;
	for (size_t i = 0; i < g->n && st == E_OK; i++)
		st = read_tale(g, i + 2, &g->tales[i]);
	if (st == E_OK)
		st = cast_load(g);
	return st == E_OK ? cast_photo(g) : st;
}

static enum status
play_all(struct stage *g)
{
	const struct demo *d = g->demo;
	enum status st = set_stage(g), sent;

	db_deadline(d->db, clock_monotonic_ms() + STORIES_MS);
	for (struct tale *t = next_tale(g); st == E_OK && t != NULL; t = next_tale(g))
		st = play(g, t);
	sent = db_run(d->db, d->arena, &sql[Q_SENT], DB_ARGS(db_time(d->now_ms - SENT_MS)), NULL);
	return st == E_OK ? sent : st;
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
	g->means = (struct means){ .db = d->db, .arena = arena_new(65536, BEAT_BYTES), .directory = directory, .seal = d->seal };
	g->ids = id_source_new();
	st = g->means.arena == NULL || g->ids == NULL ? E_NOMEM : play_all(g);
	if (st == E_OK)
		*added = g->n;
	id_source_free(g->ids);
	arena_free(g->means.arena);
	directory_free(directory);
	return st;
}
