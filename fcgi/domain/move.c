/* Moving a complaint: the table's row, the version, the event and its messages in one transaction. */
#include "core/clock.h"
#include "core/json.h"
#include "core/tx.h"
#include "domain/complaint.h"
#include "domain/idempotency.h"

enum { Q_MOVE };

const struct sql move_sql[] = {
	[Q_MOVE] = { "CALL complaint_move(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", "iiitssisissisttb", "ii", false },
};
const size_t move_sql_n = ARRAY_LEN(move_sql);

/* What the actor is to this complaint. */
static unsigned
parties(const struct complaint *c, const struct actor *actor)
{
	return actor->kind == ACTOR_CITIZEN && c->citizen_id == actor->id ? COMPLAINANT : 0;
}

const char *const *
complaint_allowed(struct arena *a, const struct complaint *c, const struct actor *actor)
{
	const char **list = arena_array(a, ACTION__COUNT + 1, sizeof(*list));
	size_t n = 0;

	for (int i = 0; list != NULL && i < ACTION__COUNT; i++) {
		const struct move *m = workflow_move(c->state, (enum action)i);

		if (m != NULL && (m->who & parties(c, actor)) != 0)
			list[n++] = action_name((enum action)i);
	}
	return list;
}

struct step {
	struct arena *arena;
	const struct actor *actor;
	const struct moving *m;
	const char *number;
	struct span payload, answer;
	uint8_t scope[SEAL_HASH_BYTES];
};

/* The version first: who lost a race is to hear that somebody was faster, not that the move they saw offered is illegal. */
static enum status
check(const struct step *s, const struct complaint *c, const struct move **row)
{
	if (s->m->version != c->version)
		return E_STALE;
	*row = workflow_move(c->state, s->m->action);
	if (*row == NULL)
		return E_ILLEGAL_MOVE;
	return ((*row)->who & parties(c, s->actor)) == 0 ? E_FORBIDDEN : E_OK;
}

static enum status
make(struct db *db, struct step *s, const struct complaint *c, const struct move *row)
{
	const struct moving *m = s->m;
	struct db_rows rows;
	enum status st;

	st = db_run(db, s->arena, &move_sql[Q_MOVE],
		    DB_ARGS(db_int(0), db_int(c->id), db_int(m->version), db_time(m->now_ms),
			    db_text(span_of(action_name(m->action))), db_text(span_of(state_name(row->to))), db_int(c->level),
			    db_text(SPAN("citizen")), db_int(s->actor->id), db_text(SPAN("CITIZEN")), db_text(m->note), db_int(0),
			    db_null(), db_time(c->resolved_ms), db_null(), db_text(s->payload)),
		    &rows);
	if (st != E_OK)
		return st;
	return rows.n == 1 && db_row(&rows, 0)[0].i != 0 ? E_OK : E_STALE;
}

static enum status
body(struct db *db, void *arg)
{
	struct step *s = arg;
	struct complaint c;
	const struct move *row;
	enum status st = idempotency_claim(db, s->arena, s->scope, s->m->body_hash, s->m->now_ms);

	if (st == E_STALE)
		return idempotency_stored(db, s->arena, s->scope, s->m->body_hash, &s->answer);
	if (st == E_OK)
		st = complaint_find(db, s->arena, s->number, s->actor, &c);
	if (st == E_OK)
		st = check(s, &c, &row);
	if (st == E_OK)
		st = make(db, s, &c, row);
	if (st == E_OK)
		st = complaint_find(db, s->arena, s->number, s->actor, &c);
	if (st == E_OK)
		st = s->m->render(s->arena, &c, &s->answer);
	return st == E_OK ? idempotency_answer(db, s->arena, s->scope, s->answer) : st;
}

static enum status
settled(struct db *db, void *arg)
{
	struct step *s = arg;

	return idempotency_stored(db, s->arena, s->scope, s->m->body_hash, &s->answer);
}

enum status
complaint_act(struct db *db, struct arena *a, const struct seal *seal, const struct actor *actor, const struct moving *m,
	      const struct complaint *c, struct span *answer)
{
	struct step s = { .arena = a, .actor = actor, .m = m, .number = c->number.p };
	struct buf json = BUF_INIT(512);
	json_t *vars = json_own(a, json_pack("{s:s%, s:s%}", "number", c->number.p, c->number.n, "subcategory", c->subcategory.p,
					     c->subcategory.n));
	enum status st;

	if (vars == NULL)
		return E_NOMEM;
	idempotency_scope("citizen", actor->id, m->scope, s.scope);
	json_encode(vars, &json);
	st = json.failed ? E_NOMEM : seal_box(seal, a, buf_view(&json), &s.payload);
	buf_release(&json);
	if (st == E_OK)
		st = db_tx(db, body, &s, settled);
	*answer = s.answer;
	return st;
}
