/* Complaints near a place. */
#include "domain/near.h"

#define OPEN "('UNASSIGNED', 'ASSIGNED', 'IN_PROGRESS', 'REASSIGN_REQUESTED', 'AWAITING_CITIZEN', 'ESCALATED')"
/* of the few that are shown, what is shown */
#define SHOWN                                                                                                                      \
	"SELECT c.number, c.state, c.ward_no, c.lodged_at, c.due_at, n.distance, c.citizen_id = ?,"                                \
	" (SELECT COUNT(*) FROM complaint d WHERE d.parent_id = c.id AND d.state = 'DUPLICATE') FROM ("
#define IN_ORDER ") n JOIN complaint c ON c.id = n.id ORDER BY n.distance IS NULL, n.distance, c.id DESC"
/* the keys are named, because it must not depend on this morning's statistics whether a million rows are read */
#define IN_WARD " FROM complaint FORCE INDEX (complaint_near) WHERE subcategory_code = ? AND ward_no = ? AND state IN " OPEN

/* A degree on ST_Distance_Sphere's globe, rounded down so that the box is a little too large: northward, and eastward as far north
 * as 23 degrees; Kolkata ends before. */
#define METRES_NORTH 111194.0
#define METRES_EAST  102354.0
#define ROUNDING     0.0001 /* degrees, of near_m */

enum { Q_POINT, Q_WARD };

const struct sql near_sql[] = {
	/* a box first, by key, whatever ward its corners lie in; then the circle */
	[Q_POINT] = { SHOWN "SELECT id, distance FROM ("
			    "SELECT id, near_m(lon, lat, ?, ?) AS distance FROM complaint FORCE INDEX (complaint_place)"
			    " WHERE subcategory_code = ? AND state IN " OPEN
			    " AND lat BETWEEN ? AND ? AND lon BETWEEN ? AND ? HAVING distance <= ?"
			    " UNION ALL SELECT id, NULL" IN_WARD " AND lat IS NULL) u"
			    " ORDER BY distance IS NULL, distance, id DESC LIMIT ?" IN_ORDER,
		      "iddsdddddsii", "ssittdii", false },
	[Q_WARD] = { SHOWN "SELECT id, NULL AS distance" IN_WARD " ORDER BY id DESC LIMIT ?" IN_ORDER, "isii", "ssittdii", false },
};
const size_t near_sql_n = ARRAY_LEN(near_sql);

static enum status
run(struct db *db, struct arena *a, const struct near_place *at, struct db_rows *rows)
{
	const struct db_value me = at->citizen_id == 0 ? db_null() : db_int(at->citizen_id);
	const double up = at->metres / METRES_NORTH + ROUNDING, aside = at->metres / METRES_EAST + ROUNDING;

	if (!at->has_point)
		return db_run(db, a, &near_sql[Q_WARD], DB_ARGS(me, db_text(at->subcategory), db_int(at->ward), db_int(at->limit)),
			      rows);
	return db_run(db, a, &near_sql[Q_POINT],
		      DB_ARGS(me, db_double(at->lon), db_double(at->lat), db_text(at->subcategory), db_double(at->lat - up),
			      db_double(at->lat + up), db_double(at->lon - aside), db_double(at->lon + aside),
			      db_double(at->metres), db_text(at->subcategory), db_int(at->ward), db_int(at->limit)),
		      rows);
}

enum status
near_find(struct db *db, struct arena *a, const struct near_place *at, const struct near_complaint **out, size_t *n)
{
	struct db_rows rows;
	struct near_complaint *list;
	enum status st = run(db, a, at, &rows);

	if (st != E_OK)
		return st;
	list = arena_array(a, rows.n, sizeof(*list));
	if (list == NULL)
		return E_NOMEM;
	for (size_t i = 0; i < rows.n; i++) {
		const struct db_value *v = db_row(&rows, i);

		list[i] = (struct near_complaint){ .number = v[0].s,
						   .ward = (int)v[2].i,
						   .lodged_ms = v[3].i,
						   .due_ms = v[4].i,
						   .distance_m = v[5].null ? -1 : (int64_t)(v[5].d / 10 + 0.5) * 10,
						   .mine = !v[6].null && v[6].i != 0,
						   .duplicates = v[7].i };
		if (!state_parse(v[1].s, &list[i].state))
			return E_INTERNAL;
	}
	*out = list;
	*n = rows.n;
	return E_OK;
}
