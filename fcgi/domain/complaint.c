/* Reading complaints, and who may. */
#include "domain/complaint.h"

#include "core/clock.h"

#define COLUMNS                                                                                                                    \
	"c.id, c.version, c.number, c.state, c.level, c.channel, c.citizen_id, c.holder_id, c.department_code, c.category_code,"   \
	" c.subcategory_code, c.ward_no, c.borough_no, c.lat, c.lon, c.description, c.landmark_sealed, c.language, c.lodged_at,"   \
	" c.due_at, c.resolved_at, c.event_count, c.reopen_count, c.asked, c.asked_before, c.priority, c.closed_by_clock,"         \
	" c.overdue_told, c.accuracy_m, c.last_holder_id, c.proposed_id, c.waiting_from, c.waiting_since, c.escalate_at,"          \
	" c.changed_at, EXISTS (SELECT 1 FROM rating r WHERE r.complaint_id = c.id AND"                                            \
	" r.reopen_count = " COMPLAINT_RESOLUTION "), " COMPLAINT_RESOLUTION ", p.id, p.number, p.state, p.level, p.reopen_count," \
	" p.closed_by_clock, p.due_at, p.resolved_at, p.last_holder_id"
#define COLUMN_LETTERS                                                                                                             \
	"iissisiisssiiddsbsttt"                                                                                                    \
	"iiiiiiidiistttii"                                                                                                         \
	"issiiitti"
#define FROM " FROM complaint c LEFT JOIN complaint p ON p.id = c.parent_id AND c.state = 'DUPLICATE'"

enum { Q_FIND, Q_FIND_ID, Q_TIMELINE, Q_LIST, Q_COMPLAINANT, Q_COLLEAGUE, Q_RATING };

const struct sql complaint_sql[] = {
	[Q_FIND] = { "SELECT " COLUMNS FROM " WHERE c.number = ?", "s", COLUMN_LETTERS, false },
	[Q_FIND_ID] = { "SELECT " COLUMNS FROM " WHERE c.id = ?", "i", COLUMN_LETTERS, false },
	[Q_TIMELINE] = { "SELECT e.seq, e.at, e.action, e.from_state, e.to_state, e.actor_kind, e.office, e.note, e.internal,"
			 " e.detail, e.level, s.name_en FROM complaint_event e"
			 " LEFT JOIN staff s ON s.id = e.actor_id AND e.actor_kind = 'staff' WHERE e.complaint_id = ? ORDER BY "
			 "e.seq",
			 "i", "itssssssisis", false },
	/* the code is what a caller typed: letters that ASCII has not are no error, they match nothing */
	[Q_LIST] = { "SELECT " COLUMNS FROM " WHERE c.citizen_id = ? AND c.id < ? AND (? IS NULL OR c.state = ?)"
		     " AND (? IS NULL OR c.ward_no = ?) AND (? IS NULL OR c.subcategory_code = CONVERT(? USING ascii))"
		     " ORDER BY c.id DESC LIMIT ?",
		     "iissiissi", COLUMN_LETTERS, false },
	[Q_COMPLAINANT] = { "SELECT name_sealed, mobile_sealed FROM citizen WHERE id = ?", "i", "bb", false },
	[Q_COLLEAGUE] = { "SELECT user_name, IF(? = 'bn', name_bn, name_en) FROM staff WHERE id = ?", "si", "ss", false },
	[Q_RATING] = { "SELECT stars, reasons, comment, rated_at FROM rating WHERE complaint_id = ? ORDER BY reopen_count DESC "
		       "LIMIT 1",
		       "i", "isst", false },
};
const size_t complaint_sql_n = ARRAY_LEN(complaint_sql);
const size_t complaint_sql_find_n = Q_FIND_ID + 1;

static int64_t
int_or(const struct db_value *v, int64_t absent)
{
	return v->null ? absent : v->i;
}

static enum status
parent_from_row(const struct db_value *v, struct complaint *c)
{
	c->parent.id = int_or(&v[0], 0);
	if (c->parent.id == 0)
		return E_OK;
	c->parent.number = v[1].s;
	c->parent.level = (int)v[3].i;
	c->parent.reopen_count = (int)v[4].i;
	c->parent.closed_by_clock = v[5].i != 0;
	c->parent.due_ms = int_or(&v[6], CLOCK_NONE);
	c->parent.resolved_ms = int_or(&v[7], CLOCK_NONE);
	c->parent.last_holder_id = int_or(&v[8], 0);
	return state_parse(v[2].s, &c->parent.state) ? E_OK : E_INTERNAL;
}

static enum status
from_row(const struct db_value *v, struct complaint *c)
{
	*c = (struct complaint){
		.id = v[0].i,
		.version = v[1].i,
		.number = v[2].s,
		.level = (int)v[4].i,
		.channel = v[5].s,
		.citizen_id = int_or(&v[6], 0),
		.holder_id = int_or(&v[7], 0),
		.department = v[8].s,
		.category = v[9].s,
		.subcategory = v[10].s,
		.ward = (int)v[11].i,
		.borough = (int)v[12].i,
		.has_point = !v[13].null && !v[14].null,
		.lat = v[13].d,
		.lon = v[14].d,
		.description = v[15].s,
		.landmark_sealed = db_span(&v[16]),
		.language = v[17].s,
		.lodged_ms = v[18].i,
		.due_ms = v[19].i,
		.resolved_ms = int_or(&v[20], CLOCK_NONE),
		.event_count = v[21].i,
		.reopen_count = (int)v[22].i,
		.asked = (int)v[23].i,
		.asked_before = (int)v[24].i,
		.priority = v[25].i != 0,
		.closed_by_clock = v[26].i != 0,
		.overdue_told = v[27].i != 0,
		.accuracy_m = v[28].null ? -1 : v[28].d,
		.last_holder_id = int_or(&v[29], 0),
		.proposed_id = int_or(&v[30], 0),
		.waiting_ms = int_or(&v[32], CLOCK_NONE),
		.escalate_ms = int_or(&v[33], CLOCK_NONE),
		.changed_ms = v[34].i,
		.rated = v[35].i != 0,
		.resolution = (int)v[36].i,
	};
	if (!state_parse(v[3].s, &c->state) || (!v[31].null && !state_parse(v[31].s, &c->waiting_from)))
		return E_INTERNAL;
	return parent_from_row(v + 37, c);
}

static bool
duty_covers(const struct duty *d, const struct complaint *c)
{
	return (d->department[0] == '\0' || span_eq(span_of(d->department), c->department)) &&
	       (d->borough == 0 || d->borough == c->borough);
}

bool
complaint_visible(const struct actor *actor, const struct complaint *c)
{
	if (actor->kind == ACTOR_SYSTEM)
		return true;
	if (actor->kind == ACTOR_CITIZEN)
		return c->citizen_id == actor->id;
	if (actor->kind != ACTOR_STAFF)
		return false;
	for (size_t i = 0; i < actor->n_duties; i++) {
		const struct duty *d = &actor->duties[i];

		if ((d->role & (DESK | COMMISSIONER | MAYOR)) != 0)
			return true;
		if (d->role == LME && (c->holder_id == actor->id || c->last_holder_id == actor->id))
			return true;
		if ((d->role & (GRO | EO | CONTROLLING)) != 0 && duty_covers(d, c))
			return true;
	}
	return false;
}

static enum status
find(struct db *db, struct arena *a, int query, struct db_value key, struct complaint *out)
{
	struct db_rows rows;
	enum status st = db_run(db, a, &complaint_sql[query], DB_ARGS(key), &rows);

	if (st != E_OK)
		return st;
	return rows.n == 0 ? E_NOT_FOUND : from_row(db_row(&rows, 0), out);
}

enum status
complaint_find_id(struct db *db, struct arena *a, int64_t id, struct complaint *out)
{
	return find(db, a, Q_FIND_ID, db_int(id), out);
}

enum status
complaint_find(struct db *db, struct arena *a, const char *number, const struct actor *actor, struct complaint *out)
{
	enum status st = find(db, a, Q_FIND, db_text(span_of(number)), out);

	return st == E_OK && actor != NULL && !complaint_visible(actor, out) ? E_NOT_FOUND : st;
}

enum status
complaint_timeline(struct db *db, struct arena *a, int64_t complaint_id, const struct event **out, size_t *n)
{
	struct db_rows rows;
	struct event *list;
	enum status st = db_run(db, a, &complaint_sql[Q_TIMELINE], DB_ARGS(db_int(complaint_id)), &rows);

	if (st != E_OK)
		return st;
	list = arena_array(a, rows.n, sizeof(*list));
	if (list == NULL)
		return E_NOMEM;
	for (size_t i = 0; i < rows.n; i++) {
		const struct db_value *v = db_row(&rows, i);

		list[i] = (struct event){ .seq = v[0].i,
					  .at_ms = v[1].i,
					  .action = v[2].s,
					  .from = db_span(&v[3]),
					  .state = v[4].s,
					  .by = v[5].s,
					  .office = v[6].s,
					  .note = db_span(&v[7]),
					  .internal = v[8].i != 0,
					  .detail = db_span(&v[9]),
					  .level = (int)v[10].i,
					  .staff = db_span(&v[11]) };
	}
	*out = list;
	*n = rows.n;
	return E_OK;
}

enum status
complaint_list(struct db *db, struct arena *a, int64_t citizen_id, const struct complaint_filter *f, const struct complaint **out,
	       size_t *n)
{
	struct db_value state = db_text(span_of(f->state)), subcategory = db_text(f->subcategory);
	struct db_value ward = f->ward == 0 ? db_null() : db_int(f->ward);
	struct db_rows rows;
	struct complaint *list;
	enum status st = db_run(db, a, &complaint_sql[Q_LIST],
				DB_ARGS(db_int(citizen_id), db_int(f->before_id), state, state, ward, ward, subcategory,
					subcategory, db_int(f->limit)),
				&rows);

	if (st != E_OK)
		return st;
	list = arena_array(a, rows.n, sizeof(*list));
	if (list == NULL)
		return E_NOMEM;
	for (size_t i = 0; i < rows.n && st == E_OK; i++)
		st = from_row(db_row(&rows, i), &list[i]);
	*out = list;
	*n = rows.n;
	return st;
}

enum status
complaint_complainant(struct db *db, struct arena *a, const struct seal *seal, int64_t citizen_id, struct complainant *out)
{
	struct db_rows rows;
	const struct db_value *v;
	struct span mobile;
	enum status st = db_run(db, a, &complaint_sql[Q_COMPLAINANT], DB_ARGS(db_int(citizen_id)), &rows);

	*out = (struct complainant){ .name = { NULL, 0 } };
	if (st != E_OK)
		return st;
	if (rows.n == 0)
		return E_NOT_FOUND;
	v = db_row(&rows, 0);
	if (!v[0].null)
		st = seal_open(seal, a, v[0].s, &out->name);
	if (st == E_OK)
		st = seal_open(seal, a, v[1].s, &mobile);
	if (st != E_OK)
		return st;
	if (mobile.n != 10)
		return E_INTERNAL;
	out->mobile_masked = arena_printf(a, "******%.4s", mobile.p + 6);
	return out->mobile_masked == NULL ? E_NOMEM : E_OK;
}

enum status
complaint_colleague(struct db *db, struct arena *a, int64_t staff_id, enum lang lang, struct colleague *out)
{
	struct db_rows rows;
	enum status st;

	*out = (struct colleague){ .user = { NULL, 0 } };
	if (staff_id == 0)
		return E_OK;
	st = db_run(db, a, &complaint_sql[Q_COLLEAGUE], DB_ARGS(db_text(span_of(lang_code(lang))), db_int(staff_id)), &rows);
	if (st == E_OK && rows.n == 1)
		*out = (struct colleague){ .user = db_row(&rows, 0)[0].s, .name = db_row(&rows, 0)[1].s };
	return st;
}

enum status
complaint_rating(struct db *db, struct arena *a, int64_t complaint_id, struct rated *out)
{
	struct db_rows rows;
	const struct db_value *v;
	enum status st = db_run(db, a, &complaint_sql[Q_RATING], DB_ARGS(db_int(complaint_id)), &rows);

	if (st != E_OK)
		return st;
	if (rows.n == 0)
		return E_NOT_FOUND;
	v = db_row(&rows, 0);
	*out = (struct rated){ .stars = (int)v[0].i, .reasons = db_span(&v[1]), .comment = db_span(&v[2]), .at_ms = v[3].i };
	return E_OK;
}
