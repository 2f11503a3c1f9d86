/* The register: everything that an employee may see, newest first. */
#include "domain/work.h"

#include "core/clock.h"
#include "core/scan.h"

/* One statement for each way in; the narrowest that the filter allows is taken. */
#define FOUND(key, lead)                                                                                                           \
	"SELECT c.lodged_at, c.id, c.department_code, c.borough_no, c.holder_id, c.last_holder_id FROM complaint c FORCE INDEX "   \
	"(" key ") WHERE " lead " AND (c.lodged_at < ? OR (c.lodged_at = ? AND c.id < ?))" WORK_FILTER_SQL                         \
	" ORDER BY c.lodged_at DESC, c.id DESC LIMIT ?"
#define LETTERS(lead) lead "tti" WORK_FILTER_LETTERS "i"
#define COLUMNS       "tisiii"
#define IN_AREA       "c.department_code = ? AND (? >> c.borough_no & 1) = 1"

enum { Q_AREA, Q_AREA_OPEN, Q_PLACE, Q_NUMBER, Q_CITIZEN, Q_HOLDER, Q_LAST_HOLDER, Q_CITIZEN_ID, Q_OLDEST, Q_OLDEST_OWN };

const struct sql register_sql[] = {
	[Q_AREA] = { FOUND("complaint_register", IN_AREA), LETTERS("si"), COLUMNS, false },
	[Q_AREA_OPEN] = { FOUND("complaint_queue", IN_AREA " AND c.urgency IN (0, 1)"), LETTERS("si"), COLUMNS, false },
	[Q_PLACE] = { FOUND("complaint_near", "c.subcategory_code = CONVERT(? USING ascii) AND c.ward_no = ?"), LETTERS("si"),
		      COLUMNS, false },
	[Q_NUMBER] = { FOUND("complaint_number", "c.number BETWEEN ? AND ?"), LETTERS("ss"), COLUMNS, false },
	[Q_CITIZEN] = { FOUND("complaint_citizen", "c.citizen_id = ?"), LETTERS("i"), COLUMNS, false },
	[Q_HOLDER] = { FOUND("complaint_holder", "c.holder_id = ?"), LETTERS("i"), COLUMNS, false },
	[Q_LAST_HOLDER] = { FOUND("complaint_last_holder", "c.last_holder_id = ?"), LETTERS("i"), COLUMNS, false },
	[Q_CITIZEN_ID] = { "SELECT id FROM citizen WHERE mobile_index = ?", "b", "i", false },
	[Q_OLDEST] = { "SELECT lodged_at FROM complaint FORCE INDEX (complaint_register) WHERE department_code = ? ORDER BY "
		       "lodged_at, id"
		       " LIMIT 1",
		       "s", "t", false },
	[Q_OLDEST_OWN] = { "SELECT lodged_at FROM complaint FORCE INDEX (complaint_last_holder) WHERE last_holder_id = ?"
			   " ORDER BY lodged_at, id LIMIT 1",
			   "i", "t", false },
};
const size_t register_sql_n = ARRAY_LEN(register_sql);

#define NUMBER_ENOUGH 8   /* digits of a number that leave at most a thousand */
#define BATCH         200 /* where visibility is told row by row */

/* What a filter lets through may be rare: of a department's years only so much is searched for one page as there is time for, from
 * the newest backwards, in windows that grow while they are cheap. The page then says from where to search on. */
#define DAY_MS    INT64_C(86400000)
#define WINDOW_MS (7 * DAY_MS)
#define MOST_MS   (64 * DAY_MS)
#define CHEAP_MS  200
#define DEAR_MS   600
#define BUDGET_MS 1500

struct search {
	struct db *db;
	struct arena *arena;
	const struct actor *actor;
	const struct work_filter *f;
	const struct work_place *after;
	struct work_keys keys;
	struct db_value filter[WORK_FILTER_ARGS];
	int64_t searched_from_ms; /* everything lodged since has been looked at; CLOCK_NONE: everything */
};

/* The object rule, whatever the way in. */
static bool
wanted(const struct search *s, const struct work_key *key)
{
	const struct complaint c = { .department = key->department,
				     .borough = key->borough,
				     .holder_id = key->holder_id,
				     .last_holder_id = key->last_holder_id };

	return complaint_visible(s->actor, &c) && (s->f->department.p == NULL || span_eq(s->f->department, key->department));
}

static enum status
batch(struct search *s, int query, const struct db_value *lead, size_t n_lead, struct work_place *from, int64_t limit,
      struct db_rows *rows)
{
	struct db_value v[2 + 3 + WORK_FILTER_ARGS + 1];
	const struct db_value after[] = { db_time(from->at_ms), db_time(from->at_ms), db_int(from->id) };

	memcpy(v, lead, n_lead * sizeof(*v));
	memcpy(v + n_lead, after, sizeof(after));
	memcpy(v + n_lead + ARRAY_LEN(after), s->filter, sizeof(s->filter));
	v[n_lead + ARRAY_LEN(after) + WORK_FILTER_ARGS] = db_int(limit);
	return db_run(s->db, s->arena, &register_sql[query], v, n_lead + ARRAY_LEN(after) + WORK_FILTER_ARGS + 1, rows);
}

/* Takes as many as a page wants, and one to know of more; asks on while what it gets is not for these eyes. */
static enum status
collect(struct search *s, int query, const struct db_value *lead, size_t n_lead)
{
	const int64_t limit = query == Q_AREA || query == Q_AREA_OPEN ? s->f->limit + 1 : BATCH;
	struct work_place from = *s->after;
	struct db_rows rows;
	int taken = 0;

	do {
		enum status st = batch(s, query, lead, n_lead, &from, limit, &rows);

		for (size_t i = 0; i < rows.n && st == E_OK && taken <= s->f->limit; i++) {
			const struct db_value *v = db_row(&rows, i);
			const struct work_key key = { .place = { .at_ms = v[0].i, .id = v[1].i },
						      .department = v[2].s,
						      .borough = (int)v[3].i,
						      .holder_id = v[4].null ? 0 : v[4].i,
						      .last_holder_id = v[5].null ? 0 : v[5].i };

			from = key.place;
			if (!wanted(s, &key))
				continue;
			st = work_keys_add(s->arena, &s->keys, &key);
			taken++;
		}
		if (st != E_OK)
			return st;
	} while (rows.n == (size_t)limit && taken <= s->f->limit);
	return E_OK;
}

static bool
only_open(const struct work_filter *f)
{
	return f->states != 0 && (f->states & ~OPEN_STATES) == 0;
}

static bool
area_wanted(const struct search *s, const struct area *area)
{
	return s->f->department.p == NULL || span_eq(s->f->department, area->department);
}

static enum status
collect_areas(struct search *s, const struct scope *scope, int query)
{
	enum status st = E_OK;

	for (size_t i = 0; i < scope->n_areas && st == E_OK; i++)
		if (area_wanted(s, &scope->areas[i]))
			st = collect(s, query, DB_ARGS(db_text(scope->areas[i].department), db_int(scope->areas[i].sees)));
	return st;
}

/* Lowers *oldest_ms to the first of what a key finds. */
static enum status
older(const struct search *s, int query, struct db_value whose, int64_t *oldest_ms)
{
	struct db_rows rows;
	enum status st = db_run(s->db, s->arena, &register_sql[query], DB_ARGS(whose), &rows);

	if (st == E_OK && rows.n == 1 && db_row(&rows, 0)->i < *oldest_ms)
		*oldest_ms = db_row(&rows, 0)->i;
	return st;
}

static enum status
find_oldest(const struct search *s, const struct scope *scope, int64_t *oldest_ms)
{
	enum status st = scope->own ? older(s, Q_OLDEST_OWN, db_int(scope->staff_id), oldest_ms) : E_OK;

	for (size_t i = 0; i < scope->n_areas && st == E_OK; i++)
		if (area_wanted(s, &scope->areas[i]))
			st = older(s, Q_OLDEST, db_text(scope->areas[i].department), oldest_ms);
	return st;
}

static int64_t
lesser(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int
found_since(const struct search *s, int64_t from_ms)
{
	int n = 0;

	for (size_t i = 0; i < s->keys.n; i++)
		n += s->keys.v[i].place.at_ms >= from_ms;
	return n;
}

static enum status
collect_windows(struct search *s, const struct scope *scope)
{
	const int64_t begun_ms = clock_monotonic_ms();
	int64_t to = lesser(lesser(s->f->lodged_to_ms, s->after->at_ms + 1), s->f->now_ms + DAY_MS), span = WINDOW_MS, least = to;
	enum status st = find_oldest(s, scope, &least);

	if (least < s->f->lodged_from_ms)
		least = s->f->lodged_from_ms;
	while (st == E_OK && to > least) {
		const int64_t at_ms = clock_monotonic_ms(), from = to - span > least ? to - span : least;
		int64_t now_ms;

		s->filter[WORK_FILTER_LODGED] = db_time(from);
		s->filter[WORK_FILTER_LODGED + 1] = db_time(to);
		st = collect_areas(s, scope, Q_AREA);
		if (st == E_OK && scope->own)
			st = collect(s, Q_LAST_HOLDER, DB_ARGS(db_int(scope->staff_id)));
		to = from;
		now_ms = clock_monotonic_ms();
		if (found_since(s, to) > s->f->limit || now_ms - begun_ms > BUDGET_MS)
			break;
		if (now_ms - at_ms < CHEAP_MS && span < MOST_MS)
			span *= 2;
		else if (now_ms - at_ms > DEAR_MS && span > DAY_MS)
			span /= 2;
	}
	if (to > least)
		s->searched_from_ms = to;
	s->filter[WORK_FILTER_LODGED] = db_time(s->f->lodged_from_ms);
	s->filter[WORK_FILTER_LODGED + 1] = db_time(s->f->lodged_to_ms);
	return st;
}

/* What an LME has now, beside what they finished and what an officer sees. */
static enum status
collect_seen(struct search *s, const struct scope *scope)
{
	const struct work_filter *f = s->f;
	enum status st = E_OK;

	if (scope->own)
		st = collect(s, Q_HOLDER, DB_ARGS(db_int(scope->staff_id)));
	if (st == E_OK && scope->n_areas > 0 && !scope->own && f->subcategory.p != NULL && f->ward != 0)
		return collect(s, Q_PLACE, DB_ARGS(db_text(f->subcategory), db_int(f->ward)));
	if (st == E_OK && !scope->own && only_open(f))
		return collect_areas(s, scope, Q_AREA_OPEN);
	return st == E_OK ? collect_windows(s, scope) : st;
}

static enum status
collect_citizen(struct search *s, const uint8_t *mobile_index)
{
	struct db_rows rows;
	enum status st =
		db_run(s->db, s->arena, &register_sql[Q_CITIZEN_ID], DB_ARGS(db_bytes(mobile_index, SEAL_HASH_BYTES)), &rows);

	return st == E_OK && rows.n == 1 ? collect(s, Q_CITIZEN, DB_ARGS(db_int(db_row(&rows, 0)[0].i))) : st;
}

static int
newest_first(const void *a, const void *b)
{
	const struct work_place *x = &((const struct work_key *)a)->place, *y = &((const struct work_key *)b)->place;

	if (x->at_ms != y->at_ms)
		return x->at_ms > y->at_ms ? -1 : 1;
	return (x->id < y->id) - (x->id > y->id);
}

/* What lies beyond the searched time waits for its turn. */
static enum status
read_searched(struct search *s, enum lang lang, struct work_page *out)
{
	size_t n = 0;
	enum status st;

	for (size_t i = 0; i < s->keys.n; i++)
		if (s->keys.v[i].place.at_ms >= s->searched_from_ms)
			s->keys.v[n++] = s->keys.v[i];
	s->keys.n = n;
	st = work_read(s->db, s->arena, s->f, &s->keys, newest_first, lang, out);
	if (st == E_OK && !out->more && s->searched_from_ms != CLOCK_NONE) {
		out->more = true;
		out->next = (struct work_place){ .at_ms = s->searched_from_ms };
	}
	return st;
}

/* A number begins with the year and month of its lodging: where they are told only that time needs to be searched. */
static void
bound_by_number(struct work_filter *f)
{
	const char *d = f->digits;
	int year, month = 0;
	int64_t from, to;

	if (d == NULL || strlen(d) < 2)
		return;
	year = 2000 + (d[0] - '0') * 10 + d[1] - '0';
	if (strlen(d) >= 4)
		month = (d[2] - '0') * 10 + d[3] - '0';
	if (month > 12 || (month == 0 && strlen(d) >= 4)) {
		f->lodged_to_ms = f->lodged_from_ms;
		return;
	}
	from = clock_kolkata_midnight_ms(year, month == 0 ? 1 : month, 1);
	to = month == 0 || month == 12 ? clock_kolkata_midnight_ms(year + 1, 1, 1) : clock_kolkata_midnight_ms(year, month + 1, 1);
	f->lodged_from_ms = from > f->lodged_from_ms ? from : f->lodged_from_ms;
	f->lodged_to_ms = to < f->lodged_to_ms ? to : f->lodged_to_ms;
}

enum status
register_page(struct db *db, struct arena *a, const struct scope *scope, const struct actor *actor, const struct work_filter *f,
	      const uint8_t *mobile_index, const struct work_place *after, enum lang lang, struct work_page *out)
{
	struct work_filter narrowed = *f;
	struct search s = { .db = db, .arena = a, .actor = actor, .f = &narrowed, .after = after, .searched_from_ms = CLOCK_NONE };
	enum status st;

	*out = (struct work_page){ .more = false };
	bound_by_number(&narrowed);
	if (f->overdue == 1 && (narrowed.states = OPEN_STATES & (f->states == 0 ? OPEN_STATES : f->states)) == 0)
		return E_OK;
	st = work_filter_args(a, &narrowed, s.filter);
	if (st != E_OK)
		return st;
	if (mobile_index != NULL)
		st = collect_citizen(&s, mobile_index);
	else if (f->digits != NULL && strlen(f->digits) >= NUMBER_ENOUGH)
		st = collect(&s, Q_NUMBER, s.filter + WORK_FILTER_NUMBER, 2);
	else if (f->holder_id != 0)
		st = collect(&s, Q_HOLDER, DB_ARGS(db_int(f->holder_id)));
	else
		st = collect_seen(&s, scope);
	return st == E_OK ? read_searched(&s, lang, out) : st;
}
