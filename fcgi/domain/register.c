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

enum { Q_AREA, Q_AREA_OPEN, Q_PLACE, Q_NUMBER, Q_CITIZEN, Q_HOLDER, Q_LAST_HOLDER, Q_CITIZEN_ID };

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
};
const size_t register_sql_n = ARRAY_LEN(register_sql);

#define NUMBER_ENOUGH 8   /* digits of a number that leave at most a thousand */
#define BATCH         200 /* where visibility is told row by row */

struct search {
	struct db *db;
	struct arena *arena;
	const struct actor *actor;
	const struct work_filter *f;
	const struct work_place *after;
	struct work_keys keys;
	struct db_value filter[WORK_FILTER_ARGS];
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
	return f->overdue == 1 || (f->states != 0 && (f->states & ~OPEN_STATES) == 0);
}

static enum status
collect_areas(struct search *s, const struct scope *scope)
{
	const struct work_filter *f = s->f;
	enum status st = E_OK;

	if (scope->n_areas > 0 && f->subcategory.p != NULL && f->ward != 0)
		return collect(s, Q_PLACE, DB_ARGS(db_text(f->subcategory), db_int(f->ward)));
	for (size_t i = 0; i < scope->n_areas && st == E_OK; i++) {
		const struct area *area = &scope->areas[i];

		if (f->department.p == NULL || span_eq(f->department, area->department))
			st = collect(s, only_open(f) ? Q_AREA_OPEN : Q_AREA,
				     DB_ARGS(db_text(area->department), db_int(area->sees)));
	}
	return st;
}

/* An LME's own besides. */
static enum status
collect_seen(struct search *s, const struct scope *scope)
{
	enum status st = collect_areas(s, scope);

	if (st == E_OK && scope->own)
		st = collect(s, Q_HOLDER, DB_ARGS(db_int(scope->staff_id)));
	if (st == E_OK && scope->own)
		st = collect(s, Q_LAST_HOLDER, DB_ARGS(db_int(scope->staff_id)));
	return st;
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
	struct search s = { .db = db, .arena = a, .actor = actor, .f = &narrowed, .after = after };
	enum status st;

	*out = (struct work_page){ .more = false };
	bound_by_number(&narrowed);
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
	return st == E_OK ? work_read(db, a, &narrowed, &s.keys, newest_first, lang, out) : st;
}
