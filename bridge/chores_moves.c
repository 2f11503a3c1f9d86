/* Chores that move complaints: several moves to a transaction, and one that cannot be made does not stop the others. */
#include <pthread.h>

#include "bridge/chores.h"
#include "core/clock.h"
#include "core/log.h"
#include "core/tx.h"
#include "domain/due.h"
#include "domain/roster.h"

#define BELL      "ekmc:bell:notify"
#define READ_MOST 2000  /* candidates read at once */
#define STALE_MS  60000 /* due for so long it would have been somebody's */
#define ALONE_MS  1000  /* for a complaint that others hold on to: many more may be waiting */

/* One pass over what is due of a kind. */
struct sweep {
	struct chore_run *run;
	enum due_kind kind;
	enum action action; /* unless it only tells */
	int64_t now_ms;     /* of the transaction */
	int64_t by_ms;
	/* Inside a transaction; `c` was read in it. */
	enum status (*act)(struct sweep *s, struct complaint *c);
	struct means means;
};

static const struct actor the_clock = { .kind = ACTOR_SYSTEM, .parties = P_CLOCK };

static enum status
act_move(struct sweep *s, struct complaint *c)
{
	const struct moving m = { MOVING_INIT, .action = s->action, .version = c->version, .now_ms = s->now_ms };
	struct refused refused = { .why = REFUSAL_NONE };

	return complaint_move(&s->means, &the_clock, &m, c, &refused);
}

static enum status
act_tell(struct sweep *s, struct complaint *c)
{
	return due_tell(&s->means, c, s->now_ms);
}

/* Some of a sweep, for one transaction. */
struct part {
	struct sweep *sweep;
	const struct due *list;
	size_t n;
	int64_t done; /* the others were no longer due */
};

static enum status
act_on_each(struct db *db, void *arg)
{
	struct part *p = arg;
	struct sweep *s = p->sweep;
	struct arena *a = s->run->keeper->scratch;
	enum status st;

	arena_reset(a);
	p->done = 0;
	/* the list may be old by now, also because this process was stopped for a while: what happens now is not to be dated back
	 */
	st = lease_now(db, a, &s->now_ms);
	for (size_t i = 0; i < p->n && st == E_OK; i++) {
		struct complaint c;

		st = complaint_find_id(db, a, p->list[i].id, &c);
		if (st != E_OK || !due_still(s->kind, &c, s->by_ms))
			continue;
		st = s->act(s, &c);
		p->done += st == E_OK;
	}
	return st;
}

/* Whether the database is there at all. */
static enum status
probe(const struct sweep *s)
{
	int64_t now_ms;

	return lease_now(s->run->keeper->db, s->run->keeper->scratch, &now_ms);
}

/* Each by itself, after they could not be moved together: all but the one that was in the way can. */
static enum status
one_by_one(struct sweep *s, const struct part *all)
{
	struct chore_run *r = s->run;
	enum status st, there = E_OK;

	for (size_t i = 0; i < all->n && there == E_OK; i++) {
		struct part one = { .sweep = s, .list = &all->list[i], .n = 1 };

		if (r->lease.name != NULL && !chore_goes_on(r, &there))
			break;
		db_deadline(r->keeper->db, clock_monotonic_ms() + ALONE_MS);
		st = db_tx(r->keeper->db, act_on_each, &one, NULL);
		db_deadline(r->keeper->db, 0);
		if (st == E_OK)
			r->done += one.done;
		/* stale: somebody else was faster; but nobody is faster for ever */
		if (st == E_OK || (st == E_STALE && s->by_ms - one.list->at_ms < STALE_MS))
			continue;
		there = probe(s);
		if (there != E_OK)
			break;
		r->failed++;
		log_event(LOG_WARN, "chore_failed", "chore", r->chore->name, "number", all->list[i].number, "status",
			  status_name(st), NULL);
	}
	return there;
}

static enum status
act_together(struct sweep *s, const struct due *list, size_t n)
{
	struct keeper *k = s->run->keeper;
	struct part p = { .sweep = s, .list = list, .n = n };
	enum status st;

	for (size_t i = 0; i < n; i++)
		complaint_hide(&s->means, list[i].id, list[i].number);
	st = db_tx(k->db, act_on_each, &p, NULL);
	if (st == E_OK)
		s->run->done += p.done;
	else if (probe(s) == E_OK)
		st = one_by_one(s, &p);
	for (size_t i = 0; i < n; i++)
		complaint_show(&s->means, list[i].id, list[i].number);
	(void)cache_publish(k->cache, BELL, "clock");
	return st;
}

/* ---- many hands: while one waits for the database another works */

struct shift {
	pthread_mutex_t lock;
	const struct due *list;
	size_t n, next, batch;
	enum status st; /* why it is over */
	bool over;
};

struct mate {
	pthread_t thread;
	struct shift *shift;
	struct chore_run run; /* what it has done itself; the lease is kept by who called it */
	struct sweep sweep;
};

static bool
next_batch(struct shift *f, const struct due **list, size_t *n)
{
	bool more;

	(void)pthread_mutex_lock(&f->lock);
	more = !f->over && f->next < f->n;
	if (more) {
		*list = f->list + f->next;
		*n = f->n - f->next < f->batch ? f->n - f->next : f->batch;
		f->next += *n;
	}
	(void)pthread_mutex_unlock(&f->lock);
	return more;
}

/* The first reason counts. */
static void
shift_end(struct shift *f, enum status st)
{
	(void)pthread_mutex_lock(&f->lock);
	if (!f->over)
		f->st = st;
	f->over = true;
	(void)pthread_mutex_unlock(&f->lock);
}

static void *
mate_main(void *arg)
{
	struct mate *m = arg;
	const struct due *list;
	size_t n;

	while (next_batch(m->shift, &list, &n)) {
		enum status st = act_together(&m->sweep, list, n);

		if (st != E_OK)
			shift_end(m->shift, st);
	}
	arena_reset(m->run.keeper->scratch);
	return NULL;
}

static size_t
call_mates(const struct sweep *s, struct shift *f, struct mate mates[static KEEPER_MATES_MOST])
{
	const struct keeper *k = s->run->keeper;
	size_t n = 0;

	for (; n < k->n_mates && (n + 1) * f->batch < f->n; n++) {
		struct mate *m = &mates[n];

		*m = (struct mate){ .shift = f, .run = { .chore = s->run->chore, .keeper = k->mates[n] }, .sweep = *s };
		m->sweep.run = &m->run;
		m->sweep.means.db = m->run.keeper->db;
		m->sweep.means.cache = m->run.keeper->cache;
		m->sweep.means.arena = m->run.keeper->scratch;
		if (pthread_create(&m->thread, NULL, mate_main, m) != 0)
			break; /* fewer hands do it too */
	}
	return n;
}

static enum status
sweep_list(struct sweep *s, const struct due *list, size_t n)
{
	struct shift f = {
		.lock = PTHREAD_MUTEX_INITIALIZER, .list = list, .n = n, .batch = (size_t)s->run->keeper->conf->clock.batch
	};
	struct mate mates[KEEPER_MATES_MOST];
	size_t n_mates = call_mates(s, &f, mates);
	const struct due *batch;
	enum status st = E_OK;

	while (st == E_OK && chore_goes_on(s->run, &st) && next_batch(&f, &batch, &n))
		st = act_together(s, batch, n);
	if (st != E_OK || s->run->cut_short)
		shift_end(&f, st);
	while (n_mates > 0) {
		const struct mate *m = &mates[--n_mates];

		(void)pthread_join(m->thread, NULL);
		s->run->done += m->run.done;
		s->run->failed += m->run.failed;
	}
	return f.st;
}

static enum status
sweep(struct sweep *s)
{
	struct keeper *k = s->run->keeper;
	struct due after = { 0 };
	const struct due *list = NULL;
	size_t n = READ_MOST;
	enum status st = E_OK;

	s->means =
		(struct means){ .db = k->db, .cache = k->cache, .arena = k->scratch, .directory = k->directory, .seal = k->seal };
	while (n == READ_MOST && st == E_OK && !s->run->cut_short) {
		arena_reset(k->arena);
		st = lease_now(k->db, k->arena, &s->now_ms);
		s->by_ms = due_by(s->kind, k->directory, s->now_ms);
		if (st == E_OK)
			st = due_list(k->db, k->arena, s->kind, s->by_ms, &after, READ_MOST, &list, &n);
		if (st != E_OK || n == 0)
			break;
		if (after.id == 0)
			s->run->lag_ms = s->by_ms - list[0].at_ms;
		/* what cannot be moved is passed over until the next run */
		after = list[n - 1];
		st = sweep_list(s, list, n);
	}
	return st;
}

enum status
chore_escalate(struct chore_run *r)
{
	return sweep(&(struct sweep){ .run = r, .kind = DUE_ESCALATE, .action = ESCALATE, .act = act_move });
}

enum status
chore_overdue(struct chore_run *r)
{
	return sweep(&(struct sweep){ .run = r, .kind = DUE_OVERDUE, .act = act_tell });
}

enum status
chore_resume(struct chore_run *r)
{
	return sweep(&(struct sweep){ .run = r, .kind = DUE_RESUME, .action = RESUME, .act = act_move });
}

enum status
chore_close(struct chore_run *r)
{
	return sweep(&(struct sweep){ .run = r, .kind = DUE_CLOSE, .action = CLOSE, .act = act_move });
}

/* As one_by_one: all but the one that is in the way can be routed anew. */
static enum status
vacate_each(struct chore_run *r, const struct roster_means *w, const struct roster_swept *all, int64_t now_ms)
{
	enum status there = E_OK;

	for (size_t i = 0; i < all->n && there == E_OK && chore_goes_on(r, &there); i++) {
		struct roster_swept one = { .only = all->held[i].id };
		int64_t any_ms;
		enum status st;

		db_deadline(w->db, clock_monotonic_ms() + ALONE_MS);
		st = roster_sweep(w, now_ms, &one);
		db_deadline(w->db, 0);
		if (st == E_OK) {
			r->done += (int64_t)one.n;
			continue;
		}
		there = lease_now(w->db, w->arena, &any_ms);
		if (there != E_OK)
			break;
		r->failed++;
		log_event(LOG_WARN, "chore_failed", "chore", r->chore->name, "number", all->held[i].number.p, "status",
			  status_name(st), NULL);
	}
	return there;
}

/* Some of them, behind s->after, which moves on: what cannot be moved is passed over until the next run. s->n 0: there are no more.
 */
static enum status
vacate_some(struct chore_run *r, const struct roster_means *w, struct roster_swept *s)
{
	int64_t now_ms = 0;
	enum status st;

	s->n = 0;
	arena_reset(w->arena);
	st = lease_now(w->db, w->arena, &now_ms);
	if (st == E_OK)
		st = roster_sweep(w, now_ms, s);
	if (s->n == 0)
		return st;
	if (st == E_OK)
		r->done += (int64_t)s->n;
	else if (lease_now(w->db, w->arena, &now_ms) == E_OK)
		st = vacate_each(r, w, s, now_ms);
	s->after = s->held[s->n - 1].id;
	return st;
}

enum status
chore_vacate(struct chore_run *r)
{
	struct keeper *k = r->keeper;
	const struct roster_means w = { .db = k->db, .cache = k->cache, .arena = k->arena, .seal = k->seal };
	struct roster_swept s = { .after = 0 };
	enum status st;

	do
		st = vacate_some(r, &w, &s);
	while (st == E_OK && s.n > 0 && chore_goes_on(r, &st));
	return st;
}
