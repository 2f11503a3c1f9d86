/* Open complaints of officers who leave: routed anew, one move each. */
#include "core/clock.h"
#include "core/json.h"
#include "core/tx.h"
#include "domain/move.h"
#include "domain/roster_impl.h"

#define IDS_BYTES    (1 << 20)
#define IN_HAND      "c.state IN ('ASSIGNED', 'IN_PROGRESS', 'REASSIGN_REQUESTED', 'AWAITING_CITIZEN')"
#define HELD         "c.id, c.holder_id, c.number, c.department_code, s.user_name"
#define HELD_LETTERS "iisss"

enum { Q_HELD, Q_STRAYS, Q_STRAY };

/* The holders are read from the index alone, one after the other. */
#define STRAYS(which)                                                                                                              \
	{                                                                                                                          \
		"SELECT " HELD " FROM (SELECT DISTINCT holder_id FROM complaint WHERE holder_id IS NOT NULL) h"                    \
		" STRAIGHT_JOIN staff s ON s.id = h.holder_id STRAIGHT_JOIN complaint c ON c.holder_id = h.holder_id"              \
		" WHERE (NOT s.active OR NOT EXISTS (SELECT 1 FROM roster r WHERE r.staff_id = s.id AND r.role = 'LME'))"          \
		" AND " IN_HAND " AND c.id " which " ? ORDER BY c.id LIMIT 50",                                                    \
			"i", HELD_LETTERS, false                                                                                   \
	}

const struct sql roster_vacate_sql[] = {
	[Q_HELD] = { "SELECT " HELD " FROM JSON_TABLE(?, '$[*]' COLUMNS (id BIGINT PATH '$')) j"
		     " STRAIGHT_JOIN staff s ON s.id = j.id STRAIGHT_JOIN complaint c ON c.holder_id = j.id WHERE " IN_HAND
		     " ORDER BY c.id",
		     "s", HELD_LETTERS, false },
	[Q_STRAYS] = STRAYS(">"),
	[Q_STRAY] = STRAYS("="),
};
const size_t roster_vacate_sql_n = ARRAY_LEN(roster_vacate_sql);

static enum status
read_held(struct arena *a, const struct db_rows *rows, const struct roster_held **out, size_t *n)
{
	struct roster_held *list = arena_array(a, rows->n, sizeof(*list));

	if (list == NULL)
		return E_NOMEM;
	for (size_t i = 0; i < rows->n; i++) {
		const struct db_value *v = db_row(rows, i);

		list[i] = (struct roster_held){
			.id = v[0].i, .holder_id = v[1].i, .number = v[2].s, .department = v[3].s, .user = v[4].s
		};
	}
	*out = list;
	*n = rows->n;
	return E_OK;
}

enum status
roster_held(struct db *db, struct arena *a, const json_t *holders, const struct roster_held **out, size_t *n)
{
	struct buf ids = BUF_INIT(IDS_BYTES);
	struct db_rows rows;
	enum status st = E_NOMEM;

	json_encode(holders, &ids);
	if (!ids.failed)
		st = db_run(db, a, &roster_vacate_sql[Q_HELD], DB_ARGS(db_text(buf_view(&ids))), &rows);
	buf_release(&ids);
	return st == E_OK ? read_held(a, &rows, out, n) : st;
}

static enum status
vacate_one(const struct means *m, const struct roster_held *held, int64_t now_ms)
{
	const struct actor roster = { .kind = ACTOR_SYSTEM, .parties = P_ROSTER };
	const struct moving moving = { MOVING_INIT, .action = VACATE, .now_ms = now_ms };
	struct refused refused = { .errors = NULL };
	struct complaint c;
	enum status st = complaint_find_id(m->db, m->arena, held->id, &c);

	if (st == E_OK && m->cache != NULL)
		complaint_hide(m, held->id, held->number.p);
	if (st == E_OK)
		st = complaint_move(m, &roster, &moving, &c, &refused);
	/* somebody moved it since it was listed: all of it once more */
	return st == E_STALE || st == E_ILLEGAL_MOVE ? E_CONFLICT : st;
}

enum status
roster_vacate(const struct roster_means *w, const struct roster_held *held, size_t n, int64_t now_ms)
{
	struct means m = { .db = w->db, .cache = w->cache, .arena = w->arena, .seal = w->seal };
	struct directory *d;
	/* who stands in for whom is to be told by the roster as it is from now on */
	enum status st = directory_load(w->db, &d);

	if (st != E_OK)
		return st;
	m.directory = d;
	for (size_t i = 0; i < n && st == E_OK; i++)
		st = vacate_one(&m, &held[i], now_ms);
	directory_free(d);
	return st;
}

void
roster_vacated(const struct roster_means *w, const struct roster_held *held, size_t n)
{
	const struct means m = { .db = w->db, .cache = w->cache, .arena = w->arena, .seal = w->seal };

	for (size_t i = 0; i < n && w->cache != NULL; i++)
		complaint_show(&m, held[i].id, held[i].number.p);
}

/* ---- what was lodged meanwhile */

struct sweep {
	const struct roster_means *w;
	int64_t now_ms;
	struct roster_swept *out;
};

static enum status
sweep_body(struct db *db, void *arg)
{
	const struct sweep *s = arg;
	struct roster_swept *out = s->out;
	struct db_rows rows;
	enum status st = out->only != 0 ? db_run(db, s->w->arena, &roster_vacate_sql[Q_STRAY], DB_ARGS(db_int(out->only)), &rows)
					: db_run(db, s->w->arena, &roster_vacate_sql[Q_STRAYS], DB_ARGS(db_int(out->after)), &rows);

	if (st == E_OK)
		st = read_held(s->w->arena, &rows, &out->held, &out->n);
	return st == E_OK && out->n > 0 ? roster_vacate(s->w, out->held, out->n, s->now_ms) : st;
}

/* After a lost COMMIT: what is left over is found again. */
static enum status
sweep_again(struct db *db UNUSED, void *arg UNUSED)
{
	return E_NOT_FOUND;
}

enum status
roster_sweep(const struct roster_means *w, int64_t now_ms, struct roster_swept *out)
{
	struct sweep s = { .w = w, .now_ms = now_ms, .out = out };
	enum status st;

	out->n = 0;
	st = db_tx(w->db, sweep_body, &s, sweep_again);
	roster_vacated(w, out->held, out->n);
	return st;
}
