/* The table of chores, and what is the same for each: the lease, the directory, the line in the log. */
#include "bridge/chores.h"

#include <inttypes.h>
#include <stdlib.h>

#include "core/clock.h"
#include "core/log.h"
#include "core/stop.h"
#include "domain/access.h"
#include "domain/attachment.h"
#include "domain/audit.h"
#include "domain/due.h"
#include "domain/link.h"
#include "domain/purge.h"
#include "domain/roster.h"

#define ARENA_FIRST_BYTES 65536
#define ARENA_BYTES       ((size_t)16 << 20)
#define LATE_MS           60000 /* the promise of design section 4 */
#define SLOW_MS           1000

/* clang-format off */
const struct chore chores[] = {
	/* name       lane          every s  does */
	{ "escalate", LANE_MOVES,   0,       chore_escalate },
	{ "overdue",  LANE_MOVES,   30,      chore_overdue },
	{ "resume",   LANE_MOVES,   30,      chore_resume },
	{ "close",    LANE_MOVES,   30,      chore_close },
	{ "vacate",   LANE_MOVES,   60,      chore_vacate },
	{ "purge",    LANE_KEEPING, 60,      chore_purge },
	{ "erase",    LANE_KEEPING, 600,     chore_erase },
	{ "access",   LANE_KEEPING, 600,     chore_access },
	{ "audit",    LANE_KEEPING, 60,      chore_audit },
	{ "uploads",  LANE_KEEPING, 600,     chore_uploads },
	{ "links",    LANE_KEEPING, 600,     chore_links },
};
/* clang-format on */
const size_t chores_n = ARRAY_LEN(chores);
_Static_assert(ARRAY_LEN(chores) <= CHORES_MOST, "more chores than a turn has room for");

static const struct {
	const struct sql *table;
	const size_t *n;
} modules[] = {
	{ lease_sql, &lease_sql_n },
	{ directory_sql, &directory_sql_n },
	{ due_sql, &due_sql_n },
	{ act_sql, &act_sql_n },
	{ purge_sql, &purge_sql_n },
	{ complaint_sql, &complaint_sql_find_n },
	{ move_sql, &move_sql_system_n },
	{ access_purge_sql, &access_purge_sql_n },
	{ audit_sql, &audit_sql_n },
	{ attachment_purge_sql, &attachment_purge_sql_n },
	{ link_purge_sql, &link_purge_sql_n },
	{ roster_vacate_sql, &roster_vacate_sql_n },
};

struct keeper *
keeper_new(const struct conf *conf, const struct seal *seal, size_t mates)
{
	struct keeper *k = calloc(1, sizeof(*k));

	if (k == NULL)
		return NULL;
	*k = (struct keeper){ .conf = conf,
			      .seal = seal,
			      .db = db_new(conf),
			      .cache = cache_new(conf),
			      .arena = arena_new(ARENA_FIRST_BYTES, ARENA_BYTES),
			      .scratch = arena_new(ARENA_FIRST_BYTES, ARENA_BYTES) };
	if (k->db == NULL || k->cache == NULL || k->arena == NULL || k->scratch == NULL)
		goto fail;
	for (; k->n_mates < mates; k->n_mates++) {
		k->mates[k->n_mates] = keeper_new(conf, seal, 0);
		if (k->mates[k->n_mates] == NULL)
			goto fail;
	}
	return k;
fail:
	keeper_free(k);
	return NULL;
}

void
keeper_free(struct keeper *k)
{
	if (k == NULL)
		return;
	for (size_t i = 0; i < k->n_mates; i++)
		keeper_free(k->mates[i]);
	directory_free(k->directory);
	arena_free(k->scratch);
	arena_free(k->arena);
	cache_free(k->cache);
	db_free(k->db);
	free(k);
}

static enum status
check(struct keeper *k)
{
	enum status st = E_OK;

	for (size_t i = 0; i < ARRAY_LEN(modules) && st == E_OK; i++)
		st = db_check(k->db, modules[i].table, *modules[i].n);
	for (size_t i = 0; i < chores_n && st == E_OK; i++)
		st = lease_make(k->db, chores[i].name);
	k->checked = st == E_OK;
	return st;
}

enum status
chores_ready(struct keeper *k)
{
	struct directory *d;
	int64_t version = 0;
	enum status st = k->checked ? E_OK : check(k);

	if (st == E_OK)
		st = directory_version(k->db, k->arena, &version);
	if (st != E_OK || (k->directory != NULL && k->directory->version == version))
		return st;
	st = directory_load(k->db, &d);
	if (st != E_OK)
		return st;
	directory_free(k->directory);
	k->directory = d;
	return E_OK;
}

bool
chore_goes_on(struct chore_run *r, enum status *st)
{
	*st = E_OK;
	if (stop_requested()) {
		r->cut_short = true;
		return false;
	}
	*st = lease_keep(r->keeper->db, &r->lease);
	return *st == E_OK;
}

static void
report(const struct chore_run *r, enum status st)
{
	bool late = r->lag_ms > LATE_MS && r->chore->lane == LANE_MOVES;
	enum log_level level = late || r->failed > 0 || (st != E_OK && st != E_STALE) ? LOG_WARN
			       : r->done > 0 || r->took_ms > SLOW_MS                  ? LOG_INFO
										      : LOG_DEBUG;
	char done[24], failed[24], took[24], lag[24];

	(void)snprintf(done, sizeof(done), "%" PRId64, r->done);
	(void)snprintf(failed, sizeof(failed), "%" PRId64, r->failed);
	(void)snprintf(took, sizeof(took), "%" PRId64, r->took_ms);
	(void)snprintf(lag, sizeof(lag), "%" PRId64, r->lag_ms);
	log_event(level, "chore", "chore", r->chore->name, "status", status_name(st), "done", done, "failed", failed, "took_ms",
		  took, "lag_ms", lag, NULL);
}

enum status
chore_do(struct keeper *k, const struct chore *c, bool early, struct chore_run *r)
{
	int64_t every_ms = (c->every_s == 0 ? k->conf->clock.tick_s : c->every_s) * 1000, begun_ms = clock_monotonic_ms();
	enum status st, ended;

	*r = (struct chore_run){ .chore = c, .keeper = k, .done_for_ms = CLOCK_NONE };
	st = lease_take(k->db, k->arena, c->name, k->conf->clock.lease_s * 1000, early, &r->lease);
	if (st != E_OK)
		return st;
	st = c->run(r);
	arena_reset(k->scratch);
	arena_reset(k->arena);
	/* when it cannot be given back it lapses */
	ended = lease_end(k->db, &r->lease, r->cut_short ? 0 : every_ms, r->done_for_ms);
	r->took_ms = clock_monotonic_ms() - begun_ms;
	report(r, st);
	if (st == E_STALE)
		st = E_OK; /* we were slow and another took over: it goes on where we stopped */
	return st == E_OK && ended == E_BUSY ? E_BUSY : st;
}
