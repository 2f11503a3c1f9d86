/* A move as somebody's request: in a transaction of its own, once per idempotency key; and what may be offered to them. */
#include "core/clock.h"
#include "core/tx.h"
#include "domain/idempotency.h"
#include "domain/move.h"
#include "domain/parties.h"
#include "domain/status_cache.h"
#include "domain/transition.h"

enum { Q_DUPLICATES };

const struct sql act_sql[] = {
	[Q_DUPLICATES] = { "SELECT number FROM complaint WHERE parent_id = ? AND state = 'DUPLICATE'", "i", "s", false },
};
const size_t act_sql_n = ARRAY_LEN(act_sql);

/* ---- the public status meanwhile */

static void
family(const struct means *w, int64_t id, const char *number, void (*each)(struct cache *k, const char *number))
{
	struct db_rows rows;

	if (w->cache == NULL)
		return;
	each(w->cache, number);
	if (db_run(w->db, w->arena, &act_sql[Q_DUPLICATES], DB_ARGS(db_int(id)), &rows) != E_OK)
		return;
	for (size_t i = 0; i < rows.n; i++)
		each(w->cache, db_row(&rows, i)[0].s.p);
}

void
complaint_hide(const struct means *w, int64_t id, const char *number)
{
	family(w, id, number, status_cache_lower);
}

void
complaint_show(const struct means *w, int64_t id, const char *number)
{
	family(w, id, number, status_cache_drop);
}

/* ---- one request */

struct act {
	const struct means *w;
	const struct actor *actor;
	const struct moving *m;
	int64_t id;
	struct refused *refused;
	struct span answer;
	uint8_t scope[SEAL_HASH_BYTES];
};

static enum status
body(struct db *db, void *arg)
{
	struct act *s = arg;
	struct arena *a = s->w->arena;
	struct complaint c;
	enum status st = idempotency_claim(db, a, s->scope, s->m->body_hash, s->m->now_ms);

	if (st == E_STALE)
		return idempotency_stored(db, a, s->scope, s->m->body_hash, &s->answer);
	if (s->refused->errors != NULL)
		s->refused->errors->n = 0;
	if (st == E_OK)
		st = complaint_find_id(db, a, s->id, &c);
	if (st == E_OK && !complaint_visible(s->actor, &c))
		st = E_NOT_FOUND;
	if (st == E_OK)
		st = complaint_move(s->w, s->actor, s->m, &c, s->refused);
	if (st == E_OK)
		st = s->m->render(a, &c, &s->answer);
	return st == E_OK ? idempotency_answer(db, a, s->scope, s->answer) : st;
}

static enum status
settled(struct db *db, void *arg)
{
	struct act *s = arg;

	return idempotency_stored(db, s->w->arena, s->scope, s->m->body_hash, &s->answer);
}

static void
own_scope(const struct actor *actor, const struct moving *m, uint8_t scope[static SEAL_HASH_BYTES])
{
	static const char *const kinds[] = {
		[ACTOR_NOBODY] = "nobody", [ACTOR_CITIZEN] = "citizen", [ACTOR_STAFF] = "staff", [ACTOR_SYSTEM] = "system"
	};

	idempotency_scope(kinds[actor->kind], actor->id, m->scope, scope);
}

enum status
complaint_acted(const struct means *w, const struct actor *actor, const struct moving *m, struct span *answer)
{
	uint8_t scope[SEAL_HASH_BYTES];

	own_scope(actor, m, scope);
	return idempotency_stored(w->db, w->arena, scope, m->body_hash, answer);
}

static enum status
keep_body(struct db *db, void *arg)
{
	struct act *s = arg;
	enum status st = idempotency_claim(db, s->w->arena, s->scope, s->m->body_hash, s->m->now_ms);

	return st == E_OK ? idempotency_answer(db, s->w->arena, s->scope, s->answer) : st;
}

enum status
complaint_answered(const struct means *w, const struct actor *actor, const struct moving *m, struct span answer)
{
	struct act s = { .w = w, .actor = actor, .m = m, .answer = answer };
	enum status st;

	own_scope(actor, m, s.scope);
	st = db_tx(w->db, keep_body, &s, settled);
	return st == E_STALE ? E_OK : st;
}

enum status
complaint_act(const struct means *w, const struct actor *actor, const struct moving *m, const struct complaint *c,
	      struct span *answer, struct refused *refused)
{
	struct act s = { .w = w, .actor = actor, .m = m, .id = c->id, .refused = refused };
	enum status st;

	own_scope(actor, m, s.scope);
	complaint_hide(w, c->id, c->number.p);
	st = db_tx(w->db, body, &s, settled);
	complaint_show(w, c->id, c->number.p);
	*answer = s.answer;
	return st;
}

/* ---- offers */

enum status
complaint_offers(struct arena *a, const struct directory *d, const struct complaint *c, const struct actor *actor, unsigned only,
		 int64_t now_ms, const struct offer **out, size_t *n)
{
	struct offer *list = arena_array(a, ACTION__COUNT, sizeof(*list));
	const struct subcategory *s = directory_subcategory(d, c->subcategory);
	const unsigned photo = s != NULL && s->photo_on_resolve ? 0 : W_PHOTO;
	const unsigned own = parties_of(d, c, actor, false);
	const unsigned parties = parties_of(d, c, actor, actor->kind == ACTOR_STAFF && c->citizen_id != 0);

	*n = 0;
	if (list == NULL)
		return E_NOMEM;
	for (int i = 0; i < ACTION__COUNT && parties != 0; i++) {
		const enum action on = (enum action)i;
		const struct move *as_self = own == 0 ? NULL : workflow_move(c->state, on, own);
		const struct move *row = as_self != NULL ? as_self : workflow_move(c->state, on, parties);

		if (row == NULL || (only != 0 && (only & 1u << on) == 0) ||
		    transition_guard(d, c, row, parties, now_ms) != REFUSAL_NONE)
			continue;
		list[(*n)++] = (struct offer){ .action = on,
					       .needs = (row->needs & ~photo) | (as_self == NULL ? W_MOBILE : 0u),
					       .may = row->may | (row->needs & photo),
					       .until_ms = on == RATE     ? transition_rate_until(d, c)
							   : on == REOPEN ? transition_reopen_until(d, c)
									  : CLOCK_NONE };
	}
	*out = list;
	return E_OK;
}
