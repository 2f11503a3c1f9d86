/* Reading complaints, and who may. */
#include "domain/complaint.h"

#include "core/clock.h"

#define COLUMNS                                                                                                                    \
	"id, version, number, state, level, channel, citizen_id, holder_id, department_code, category_code, subcategory_code, "    \
	"ward_no,"                                                                                                                 \
	" borough_no, lat, lon, description, landmark_sealed, language, lodged_at, due_at, resolved_at"
#define COLUMN_LETTERS "iissisiisssiiddsbsttt"

enum { Q_FIND, Q_TIMELINE, Q_LIST, Q_COMPLAINANT };

const struct sql complaint_sql[] = {
	[Q_FIND] = { "SELECT " COLUMNS " FROM complaint WHERE number = ?", "s", COLUMN_LETTERS, false },
	[Q_TIMELINE] = { "SELECT seq, at, action, from_state, to_state, actor_kind, office, note, internal FROM complaint_event"
			 " WHERE complaint_id = ? ORDER BY seq",
			 "i", "itssssssi", false },
	[Q_LIST] = { "SELECT " COLUMNS " FROM complaint WHERE citizen_id = ? AND id < ? AND (? IS NULL OR state = ?)"
		     " AND (? IS NULL OR ward_no = ?) AND (? IS NULL OR subcategory_code = ?) ORDER BY id DESC LIMIT ?",
		     "iissiissi", COLUMN_LETTERS, false },
	[Q_COMPLAINANT] = { "SELECT name_sealed, mobile_sealed FROM citizen WHERE id = ?", "i", "bb", false },
};
const size_t complaint_sql_n = ARRAY_LEN(complaint_sql);

static enum status
from_row(const struct db_value *v, struct complaint *c)
{
	*c = (struct complaint){
		.id = v[0].i,
		.version = v[1].i,
		.number = v[2].s,
		.level = (int)v[4].i,
		.channel = v[5].s,
		.citizen_id = v[6].null ? 0 : v[6].i,
		.holder_id = v[7].null ? 0 : v[7].i,
		.department = v[8].s,
		.category = v[9].s,
		.subcategory = v[10].s,
		.ward = (int)v[11].i,
		.borough = (int)v[12].i,
		.has_point = !v[13].null && !v[14].null,
		.lat = v[13].d,
		.lon = v[14].d,
		.description = v[15].s,
		.landmark_sealed = v[16].null ? (struct span){ NULL, 0 } : v[16].s,
		.language = v[17].s,
		.lodged_ms = v[18].i,
		.due_ms = v[19].i,
		.resolved_ms = v[20].null ? CLOCK_NONE : v[20].i,
	};
	return state_parse(v[3].s, &c->state) ? E_OK : E_INTERNAL;
}

/* The object rule: a citizen sees their own; an LME what they hold; officers their department, in the boroughs the roster gives
 * them; commissioner and mayor's office everything. */
static bool
may_see(const struct actor *actor, const struct complaint *c)
{
	if (actor->kind == ACTOR_CITIZEN)
		return c->citizen_id == actor->id;
	if (actor->kind != ACTOR_STAFF)
		return false;
	for (size_t i = 0; i < actor->n_duties; i++) {
		const struct duty *d = &actor->duties[i];

		if ((d->role & (COMMISSIONER | MAYOR)) != 0)
			return true;
		if (d->role == LME && c->holder_id == actor->id)
			return true;
		if ((d->role & (GRO | EO | CONTROLLING)) != 0 &&
		    (d->department[0] == '\0' || span_eq(span_of(d->department), c->department)) &&
		    (d->borough == 0 || d->borough == c->borough))
			return true;
	}
	return false;
}

enum status
complaint_find(struct db *db, struct arena *a, const char *number, const struct actor *actor, struct complaint *out)
{
	struct db_rows rows;
	enum status st = db_run(db, a, &complaint_sql[Q_FIND], DB_ARGS(db_text(span_of(number))), &rows);

	if (st != E_OK)
		return st;
	if (rows.n == 0)
		return E_NOT_FOUND;
	st = from_row(db_row(&rows, 0), out);
	if (st == E_OK && actor != NULL && !may_see(actor, out))
		st = E_NOT_FOUND;
	return st;
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
					  .from = v[3].null ? (struct span){ NULL, 0 } : v[3].s,
					  .state = v[4].s,
					  .by = v[5].s,
					  .office = v[6].s,
					  .note = v[7].null ? (struct span){ NULL, 0 } : v[7].s,
					  .internal = v[8].i != 0 };
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
