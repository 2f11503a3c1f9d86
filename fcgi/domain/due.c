/* What is due: four reads of the same shape, and the same rule again for a complaint that is at hand. */
#include "domain/due.h"

#include "core/clock.h"
#include "core/json.h"

#define CLOCKS_RUN (OPEN_STATES & ~STATE_BIT(AWAITING_CITIZEN))
#define OPEN       "'UNASSIGNED', 'ASSIGNED', 'IN_PROGRESS', 'REASSIGN_REQUESTED', 'ESCALATED'"
/* The index is named: with statistics that are old the optimizer may prefer to read all there is. */
#define DUE(index, at, rule)                                                                                                       \
	{                                                                                                                          \
		"SELECT id, number, " at " FROM complaint FORCE INDEX (" index ") WHERE " at " < ? AND " at " >= ? AND (" at       \
		" > ? OR id > ?) AND " rule " ORDER BY " at ", id LIMIT ?",                                                        \
			"tttii", "ist", false                                                                                      \
	}

enum { Q_TELL = DUE__COUNT };

const struct sql due_sql[] = {
	[DUE_ESCALATE] = DUE("complaint_escalate", "escalate_at", "state IN (" OPEN ")"),
	[DUE_OVERDUE] = DUE("complaint_overdue", "due_at", "level = 2 AND overdue_told = FALSE AND state IN (" OPEN ")"),
	[DUE_RESUME] = DUE("complaint_waiting", "waiting_since", "state = 'AWAITING_CITIZEN'"),
	[DUE_CLOSE] = DUE("complaint_resolved", "resolved_at", "state IN ('RESOLVED', 'REJECTED')"),
	[Q_TELL] = { "CALL complaint_overdue(?, ?, ?, ?)", "iitb", "i", false },
};
const size_t due_sql_n = ARRAY_LEN(due_sql);

enum status
due_list(struct db *db, struct arena *a, enum due_kind kind, int64_t by_ms, const struct due *after, int64_t most,
	 const struct due **out, size_t *n)
{
	struct db_value behind = db_time(after->at_ms);
	struct db_rows rows;
	struct due *list;
	enum status st =
		db_run(db, a, &due_sql[kind], DB_ARGS(db_time(by_ms), behind, behind, db_int(after->id), db_int(most)), &rows);

	if (st != E_OK)
		return st;
	list = arena_array(a, rows.n, sizeof(*list));
	if (list == NULL)
		return E_NOMEM;
	for (size_t i = 0; i < rows.n; i++) {
		const struct db_value *v = db_row(&rows, i);

		list[i] = (struct due){ .id = v[0].i, .at_ms = v[2].i };
		memcpy(list[i].number, v[1].s.p, v[1].s.n < NUMBER_DIGITS ? v[1].s.n : NUMBER_DIGITS);
	}
	*out = list;
	*n = rows.n;
	return E_OK;
}

static bool
before(int64_t at_ms, int64_t by_ms)
{
	return at_ms != CLOCK_NONE && at_ms < by_ms;
}

bool
due_still(enum due_kind kind, const struct complaint *c, int64_t by_ms)
{
	switch (kind) {
	case DUE_ESCALATE:
		return state_in(c->state, CLOCKS_RUN) && before(c->escalate_ms, by_ms);
	case DUE_OVERDUE:
		return state_in(c->state, CLOCKS_RUN) && c->level == 2 && !c->overdue_told && before(c->due_ms, by_ms);
	case DUE_RESUME:
		return c->state == AWAITING_CITIZEN && before(c->waiting_ms, by_ms);
	case DUE_CLOSE:
		return (c->state == RESOLVED || c->state == REJECTED) && before(c->resolved_ms, by_ms);
	case DUE__COUNT:
		break;
	}
	return false;
}

int64_t
due_by(enum due_kind kind, const struct directory *d, int64_t now_ms)
{
	switch (kind) {
	case DUE_RESUME:
		return now_ms - d->rules.wait_citizen_ms;
	case DUE_CLOSE:
		return now_ms - d->rules.reopen_window_ms;
	case DUE_ESCALATE:
	case DUE_OVERDUE:
	case DUE__COUNT:
		break;
	}
	return now_ms;
}

enum status
due_tell(const struct means *w, const struct complaint *c, int64_t now_ms)
{
	struct buf text = BUF_INIT(512);
	struct db_rows rows;
	struct span payload;
	json_t *o = json_own(w->arena, json_pack("{s:s%, s:s%, s:s%, s:i, s:i, s:o}", "number", c->number.p, c->number.n,
						 "subcategory", c->subcategory.p, c->subcategory.n, "department", c->department.p,
						 c->department.n, "ward", c->ward, "level", c->level, "due", json_time(c->due_ms)));
	enum status st = o == NULL ? E_NOMEM : E_OK;

	if (st == E_OK) {
		json_encode(o, &text);
		st = text.failed ? E_NOMEM : seal_box(w->seal, w->arena, buf_view(&text), &payload);
	}
	buf_release(&text);
	if (st == E_OK)
		st = db_run(w->db, w->arena, &due_sql[Q_TELL], DB_ARGS(db_int(0), db_int(c->id), db_time(now_ms), db_text(payload)),
			    &rows);
	if (st != E_OK)
		return st;
	return rows.n == 1 && db_row(&rows, 0)[0].i != 0 ? E_OK : E_STALE;
}
