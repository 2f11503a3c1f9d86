/* Inboxes: what is open. */
#include "domain/work.h"

/* A department's open complaints stand in complaint_queue in the order of an inbox; what office and borough leave over is told from
 * the key too, without the row. Whoever has one by name has few: those are sorted. Closed ones are never looked at: their urgency
 * is NULL, and they have no holder. */
#define LATE  "c.due_at < IFNULL(c.waiting_since, ?)"
#define AFTER "((c.urgency = ? AND (c.due_at > ? OR (c.due_at = ? AND c.id > ?))) OR c.urgency IN (?, ?))"
#define BY_OFFICE(lme, gro, eo1, eo2)                                                                                              \
	"CASE c.holder_office WHEN 'LME' THEN " lme " WHEN 'GRO' THEN " gro " WHEN 'EO1' THEN " eo1 " ELSE " eo2 " END"
#define ORDER " ORDER BY c.urgency, c.due_at, c.id LIMIT ?"

enum { Q_AREA, Q_OWN, Q_AREA_COUNT, Q_OWN_COUNT };

const struct sql inbox_sql[] = {
	[Q_AREA] = { "SELECT c.urgency, c.due_at, c.id FROM complaint c FORCE INDEX (complaint_queue)"
		     " WHERE c.department_code = ? AND c.due_at < ? AND " AFTER
		     " AND (" BY_OFFICE("?", "?", "?", "?") " >> c.borough_no & 1) = 1" WORK_FILTER_SQL ORDER,
		     "st"
		     "ittiii"
		     "iiii" WORK_FILTER_LETTERS "i",
		     "iti", false },
	[Q_OWN] = { "SELECT c.urgency, c.due_at, c.id FROM complaint c FORCE INDEX (complaint_holder)"
		    " WHERE c.holder_id = ? AND c.due_at < ? AND " AFTER
		    " AND (? IS NULL OR c.holder_office = ?)" WORK_FILTER_SQL ORDER,
		    "it"
		    "ittiii"
		    "ss" WORK_FILTER_LETTERS "i",
		    "iti", false },
	[Q_AREA_COUNT] = { "SELECT IFNULL(SUM(" BY_OFFICE(
				   "0", "?", "?", "?") " >> c.borough_no & 1), 0), COUNT(*), IFNULL(SUM(" LATE "), 0),"
						       " IFNULL(SUM(c.state = 'REASSIGN_REQUESTED'), 0),"
						       " IFNULL(SUM(c.state = 'ESCALATED' AND " BY_OFFICE(
							       "0", "0", "?", "?") " >> c.borough_no & 1), 0)"
										   " FROM complaint c FORCE INDEX (complaint_queue)"
										   " WHERE c.department_code = ? AND c.urgency IN "
										   "(0, 1) AND (? >> c.borough_no & 1) = 1",
			   "iii"
			   "t"
			   "ii"
			   "si",
			   "iiiii", false },
	/* by place, because some of them may be counted among a department's already */
	[Q_OWN_COUNT] = { "SELECT c.department_code, c.borough_no, COUNT(*), SUM(c.holder_office = 'LME'), SUM(" LATE "),"
			  " SUM(c.state = 'REASSIGN_REQUESTED') FROM complaint c FORCE INDEX (complaint_holder)"
			  " WHERE c.holder_id = ? AND c.urgency IN (0, 1) GROUP BY c.department_code, c.borough_no",
			  "ti", "siiiii", false },
};
const size_t inbox_sql_n = ARRAY_LEN(inbox_sql);

/* What a tab shows of a department, and what besides. */
static const unsigned *
shown(const struct area *area, enum tab tab, unsigned all[static OFFICE__COUNT])
{
	if (tab == TAB_MINE)
		return area->holds;
	if (tab == TAB_ESCALATED)
		return area->escalated;
	for (int o = 0; o < OFFICE__COUNT; o++)
		all[o] = area->sees;
	return all;
}

static unsigned
tab_states(enum tab tab)
{
	if (tab == TAB_REQUESTS)
		return STATE_BIT(REASSIGN_REQUESTED);
	return tab == TAB_ESCALATED ? STATE_BIT(ESCALATED) : OPEN_STATES;
}

/* Of an LME a department's tab would be the same as what is theirs; none of the escalated is. */
static bool
tab_of_own(enum tab tab)
{
	return tab == TAB_MINE || tab == TAB_OVERDUE || tab == TAB_REQUESTS;
}

struct page {
	struct db *db;
	struct arena *arena;
	const struct work_filter *f;
	const struct work_place *after;
	int64_t due_before_ms;
	struct work_keys keys;
	struct db_value filter[WORK_FILTER_ARGS];
};

#define AFTER_ARGS 6

/* After (urgency, due, id): the rest of its urgency, and whole urgencies behind it. */
static void
after_args(const struct work_place *p, struct db_value *v)
{
	const int64_t nothing = -1;
	const struct db_value all[AFTER_ARGS] = { db_int(p->urgency),
						  db_time(p->at_ms),
						  db_time(p->at_ms),
						  db_int(p->id),
						  db_int(p->urgency < 0 ? 0 : nothing),
						  db_int(p->urgency < 1 ? 1 : nothing) };

	memcpy(v, all, sizeof(all));
}

static enum status
collect(struct page *p, int query, const struct db_value *lead, size_t n_lead, const struct db_value *office, size_t n_office)
{
	struct db_value v[2 + AFTER_ARGS + OFFICE__COUNT + WORK_FILTER_ARGS + 1];
	struct db_rows rows;
	size_t n = n_lead;
	enum status st;

	memcpy(v, lead, n_lead * sizeof(*v));
	after_args(p->after, v + n);
	n += AFTER_ARGS;
	memcpy(v + n, office, n_office * sizeof(*v));
	n += n_office;
	memcpy(v + n, p->filter, sizeof(p->filter));
	n += WORK_FILTER_ARGS;
	v[n++] = db_int(p->f->limit + 1);
	st = db_run(p->db, p->arena, &inbox_sql[query], v, n, &rows);
	for (size_t i = 0; i < rows.n && st == E_OK; i++) {
		const struct db_value *row = db_row(&rows, i);
		const struct work_key key = { .place = { .urgency = row[0].i, .at_ms = row[1].i, .id = row[2].i } };

		st = work_keys_add(p->arena, &p->keys, &key);
	}
	return st;
}

static enum status
collect_area(struct page *p, const struct area *area, enum tab tab)
{
	const struct db_value lead[] = { db_text(area->department), db_time(p->due_before_ms) };
	struct db_value office[OFFICE__COUNT];
	unsigned all[OFFICE__COUNT], any = 0;
	const unsigned *masks = shown(area, tab, all);

	for (int o = 0; o < OFFICE__COUNT; o++) {
		office[o] = db_int(masks[o]);
		any |= masks[o];
	}
	if (any == 0 || (p->f->department.p != NULL && !span_eq(p->f->department, area->department)))
		return E_OK;
	return collect(p, Q_AREA, lead, ARRAY_LEN(lead), office, ARRAY_LEN(office));
}

static enum status
collect_own(struct page *p, int64_t staff_id, enum tab tab)
{
	const struct db_value lead[] = { db_int(staff_id), db_time(p->due_before_ms) };
	const struct db_value lme = tab == TAB_MINE ? db_text(SPAN("LME")) : db_null();

	return collect(p, Q_OWN, lead, ARRAY_LEN(lead), DB_ARGS(lme, lme));
}

static int
most_urgent_first(const void *a, const void *b)
{
	const struct work_place *x = &((const struct work_key *)a)->place, *y = &((const struct work_key *)b)->place;

	if (x->urgency != y->urgency)
		return x->urgency < y->urgency ? -1 : 1;
	if (x->at_ms != y->at_ms)
		return x->at_ms < y->at_ms ? -1 : 1;
	return (x->id > y->id) - (x->id < y->id);
}

enum status
inbox_page(struct db *db, struct arena *a, const struct scope *s, enum tab tab, const struct work_filter *f,
	   const struct work_place *after, enum lang lang, struct work_page *out)
{
	struct work_filter narrowed = *f;
	struct page p = { .db = db, .arena = a, .f = &narrowed, .after = after, .due_before_ms = WORK_FOREVER_MS };
	enum status st;

	*out = (struct work_page){ .more = false };
	narrowed.states = tab_states(tab) & (f->states == 0 ? OPEN_STATES : f->states);
	if (narrowed.states == 0)
		return E_OK;
	if (tab == TAB_OVERDUE || f->overdue == 1) {
		if (f->overdue == 0)
			return E_OK;
		narrowed.overdue = 1;
		p.due_before_ms = f->now_ms;
	}
	st = work_filter_args(a, &narrowed, p.filter);
	for (size_t i = 0; i < s->n_areas && st == E_OK; i++)
		st = collect_area(&p, &s->areas[i], tab);
	if (st == E_OK && s->own && tab_of_own(tab))
		st = collect_own(&p, s->staff_id, tab);
	return st == E_OK ? work_read(db, a, &narrowed, &p.keys, most_urgent_first, lang, out) : st;
}

/* ---- counts */

static enum status
count_area(struct db *db, struct arena *a, const struct area *area, int64_t now_ms, int64_t counts[static TAB__COUNT])
{
	struct db_rows rows;
	enum status st = db_run(db, a, &inbox_sql[Q_AREA_COUNT],
				DB_ARGS(db_int(area->holds[OFFICE_GRO]), db_int(area->holds[OFFICE_EO1]),
					db_int(area->holds[OFFICE_EO2]), db_time(now_ms), db_int(area->escalated[OFFICE_EO1]),
					db_int(area->escalated[OFFICE_EO2]), db_text(area->department), db_int(area->sees)),
				&rows);

	if (st != E_OK)
		return st;
	for (int t = 0; t < TAB__COUNT; t++)
		counts[t] += db_row(&rows, 0)[t].i;
	return E_OK;
}

static bool
counted_already(const struct scope *s, struct span department, int64_t borough)
{
	for (size_t i = 0; i < s->n_areas; i++)
		if (span_eq(s->areas[i].department, department))
			return (s->areas[i].sees >> borough & 1) != 0;
	return false;
}

static enum status
count_own(struct db *db, struct arena *a, const struct scope *s, int64_t now_ms, int64_t counts[static TAB__COUNT])
{
	struct db_rows rows;
	enum status st = db_run(db, a, &inbox_sql[Q_OWN_COUNT], DB_ARGS(db_time(now_ms), db_int(s->staff_id)), &rows);

	if (st != E_OK)
		return st;
	for (size_t i = 0; i < rows.n; i++) {
		const struct db_value *v = db_row(&rows, i);

		counts[TAB_MINE] += v[3].i;
		if (counted_already(s, v[0].s, v[1].i))
			continue;
		counts[TAB_OVERDUE] += v[4].i;
		counts[TAB_REQUESTS] += v[5].i;
	}
	return E_OK;
}

enum status
inbox_counts(struct db *db, struct arena *a, const struct scope *s, int64_t now_ms, int64_t counts[static TAB__COUNT])
{
	enum status st = E_OK;

	memset(counts, 0, TAB__COUNT * sizeof(*counts));
	for (size_t i = 0; i < s->n_areas && st == E_OK; i++)
		st = count_area(db, a, &s->areas[i], now_ms, counts);
	return st == E_OK && s->own ? count_own(db, a, s, now_ms, counts) : st;
}
