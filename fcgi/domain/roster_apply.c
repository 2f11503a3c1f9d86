/* Bringing a list in: read, compared, applied, recorded and its open work moved, in one transaction. */
#include <stdlib.h>

#include "core/json.h"
#include "core/log.h"
#include "core/tx.h"
#include "domain/roster_impl.h"

#define JSON_MAX (14 << 20) /* below max_allowed_packet */

enum { Q_APPLY };

const struct sql roster_apply_sql[] = {
	[Q_APPLY] = { "CALL roster_apply(?, ?, ?, ?, ?, ?, ?, ?)", "iitsssss", "i", false },
};
const size_t roster_apply_sql_n = ARRAY_LEN(roster_apply_sql);

struct import {
	const struct roster_means *w;
	const struct roster_job *job;
	const struct directory *d;
	struct roster_report *report;
	struct admin_answer *answer;
	const struct roster_held *held; /* open complaints of who leaves */
	size_t n_held;
	bool applied;
};

/* ---- the report */

static int
by_place(const void *a, const void *b)
{
	const struct roster_item *x = a, *y = b;

	return (x->row > y->row) - (x->row < y->row);
}

void
roster_report_items(struct roster_report *report, struct roster_item *items, size_t n)
{
	if (n > 0)
		qsort(items, n, sizeof(*items), by_place);
	report->items = items;
	report->items_all = n;
	report->n_items = n < ROSTER_ITEMS_MAX ? n : ROSTER_ITEMS_MAX;
}

/* What those have who lose a duty: complaints of whose department they will be no LME any more. */
static enum status
count_open(struct import *m, const struct roster_staff *file, const struct roster_state *state, const struct roster_plan *plan)
{
	const struct roster_held *all;
	struct roster_held *ours;
	size_t n = 0;
	enum status st = json_array_size(plan->losers) == 0 ? E_OK : roster_held(m->w->db, m->w->arena, plan->losers, &all, &n);

	m->n_held = 0;
	if (st != E_OK || n == 0)
		return st;
	ours = arena_array(m->w->arena, n, sizeof(*ours));
	if (ours == NULL)
		return E_NOMEM;
	for (size_t i = 0; i < n; i++) {
		const struct roster_person *p = roster_person(state, all[i].user);

		if (p == NULL || roster_stays_lme(m->d, m->job, file, p, all[i].department))
			continue;
		if (p->item != NULL)
			p->item->open++;
		ours[m->n_held++] = all[i];
	}
	m->held = ours;
	return E_OK;
}

static enum status
compare(struct import *m, struct roster_plan *plan)
{
	struct arena *a = m->w->arena;
	struct roster_report *report = m->report;
	struct roster_faults faults;
	struct roster_state state;
	struct roster_staff file = { .rows = 0 };
	enum status st = roster_faults_init(&faults, a);
	bool list = true;

	if (st == E_OK)
		st = roster_read(a, m->d, m->job, &faults, &file);
	if (st == E_INVALID) {
		list = false;
		st = E_OK;
	}
	if (st == E_OK && list)
		st = roster_state(m->w->db, a, m->w->seal, m->d, &state);
	if (st == E_OK && list)
		st = roster_plan(a, m->w->seal, m->d, m->job, &file, &state, &faults, plan, report);
	if (st == E_OK && list)
		st = count_open(m, &file, &state, plan);
	if (st != E_OK)
		return st;
	if (m->job->most_moved > 0 && (int64_t)m->n_held > m->job->most_moved)
		roster_fault(&faults, 0, NULL, RF_OPEN_MANY, (int64_t)m->n_held, NOWHERE);
	roster_faults_sort(&faults);
	report->errors = faults.v;
	report->n_errors = faults.n;
	report->errors_all = faults.all;
	report->rows = file.rows;
	report->rerouted = (int64_t)m->n_held;
	report->needs_confirm = m->n_held > 0 || (list && plan->empties);
	if (list)
		roster_report_items(report, plan->items, plan->n_items);
	return E_OK;
}

/* ---- doing it */

static enum status
text_of(struct arena *a, const json_t *v, struct span *out)
{
	struct buf text = BUF_INIT(JSON_MAX);

	json_encode(v, &text);
	*out = (struct span){ text.failed ? NULL : arena_strndup(a, text.data, text.len), text.len };
	buf_release(&text);
	return out->p == NULL ? E_NOMEM : E_OK;
}

static enum status
apply(const struct import *m, const struct roster_plan *plan)
{
	const json_t *lists[] = { plan->people_new, plan->people, plan->drop, plan->left, plan->add };
	struct span text[ARRAY_LEN(lists)];
	struct db_rows rows;
	enum status st = E_OK;

	for (size_t i = 0; i < ARRAY_LEN(lists) && st == E_OK; i++)
		st = text_of(m->w->arena, lists[i], &text[i]);
	if (st == E_OK)
		st = db_run(m->w->db, m->w->arena, &roster_apply_sql[Q_APPLY],
			    DB_ARGS(db_int(0), db_int(m->d->version), db_time(m->job->who.now_ms), db_text(text[0]),
				    db_text(text[1]), db_text(text[2]), db_text(text[3]), db_text(text[4])),
			    &rows);
	if (st == E_OK && (rows.n != 1 || db_row(&rows, 0)[0].i == 0))
		st = E_STALE;
	return st;
}

/* User names only: who came, what changed about whom, who left. */
static enum status
record(struct admin_change *c, const struct import *m, const struct roster_plan *plan)
{
	static const char *const words[] = { [ROSTER_ADDED] = "added", [ROSTER_CHANGED] = "changed", [ROSTER_LEAVING] = "left" };
	const struct span department = m->job->department;
	json_t *after = json_pack("{s:[], s:[], s:[], s:I}", "added", "changed", "left", "rerouted", (json_int_t)m->n_held);

	for (size_t i = 0; i < plan->n_items && after != NULL; i++)
		(void)json_array_append_new(json_object_get(after, words[plan->items[i].what]), json_span(plan->items[i].key));
	return after == NULL ? E_NOMEM : admin_record(c, "roster", department.p == NULL ? SPAN("all") : department, NULL, after);
}

static enum status
change(struct admin_change *c, struct import *m, const struct roster_plan *plan)
{
	enum status st = apply(m, plan);

	if (st == E_OK)
		st = record(c, m, plan);
	if (st == E_OK && m->n_held > 0)
		st = roster_vacate(m->w, m->held, m->n_held, m->job->who.now_ms);
	if (st == E_OK)
		m->report->version = m->d->version + 1;
	m->applied = true;
	return st;
}

static enum status
body(struct admin_change *c, void *arg)
{
	struct import *m = arg;
	struct roster_report *report = m->report;
	struct roster_plan plan = { .items = NULL };
	int64_t version = 0;
	enum status st = directory_version(c->db, c->arena, &version);

	*report = (struct roster_report){ .version = m->d->version };
	if (st == E_OK && (version != m->d->version || (m->job->version != 0 && m->job->version != version)))
		st = E_STALE;
	if (st == E_OK)
		st = compare(m, &plan);
	if (st == E_OK && !m->job->dry_run) {
		if (report->errors_all > 0)
			return E_INVALID;
		if (report->needs_confirm && !m->job->confirm)
			return E_CONFIRM;
		if (plan.n_items > 0)
			st = change(c, m, &plan);
	}
	return st == E_OK ? admin_tell(c, m->answer, report) : st;
}

static void
release_directory(void *d)
{
	directory_free(d);
}

enum status
roster_import(const struct roster_means *w, const struct roster_job *job, struct roster_report *report, struct admin_answer *answer)
{
	struct import m = { .w = w, .job = job, .report = report, .answer = answer };
	struct admin_who who = job->who;
	struct directory *d;
	struct roster_swept strays = { 0 };
	enum status st = directory_load(w->db, &d);

	if (st != E_OK)
		return st;
	if (!arena_defer(w->arena, release_directory, d))
		return E_NOMEM;
	if (job->department.p != NULL && directory_department(d, job->department) == NULL)
		return E_NOT_FOUND;
	if (job->list != ROSTER_STAFF)
		return roster_import_items(w, d, job, report, answer);
	m.d = d;
	/* a dry run leaves nothing behind, so there is nothing to repeat */
	who.keyed = who.keyed && !job->dry_run;
	st = admin_run(w->db, w->arena, &who, body, &m, answer);
	if (m.applied)
		roster_vacated(w, m.held, m.n_held);
	if (m.applied && st == E_OK && roster_sweep(w, who.now_ms, &strays) != E_OK)
		log_event(LOG_WARN, "roster_sweep", "error", "left to the next one", NULL);
	return st;
}
