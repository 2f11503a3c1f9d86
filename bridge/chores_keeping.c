/* Chores that throw away what is old. */
#include <inttypes.h>

#include "bridge/chores.h"
#include "core/log.h"
#include "domain/purge.h"

#define ROWS_MOST 500 /* in one transaction */

static void
tell(const char *what, int64_t n)
{
	if (n > 0)
		log_detail(LOG_INFO, "purged", "%s: %" PRId64, what, n);
}

static enum status
purge_one(struct chore_run *r, enum purge p)
{
	int64_t n = ROWS_MOST, all = 0;
	enum status st = E_OK;

	while (n == ROWS_MOST && chore_goes_on(r, &st)) {
		arena_reset(r->keeper->arena);
		st = purge_some(r->keeper->db, r->keeper->arena, p, ROWS_MOST, &n);
		if (st != E_OK)
			break;
		all += n;
	}
	r->done += all;
	tell(purge_name(p), all);
	return st;
}

enum status
chore_purge(struct chore_run *r)
{
	enum status st = E_OK;

	for (int p = 0; p < PURGE__COUNT && st == E_OK; p++)
		st = purge_one(r, (enum purge)p);
	return st;
}

enum status
chore_erase(struct chore_run *r)
{
	struct purge_mark mark = { .at_ms = r->lease.done_for_ms };
	int64_t n = ROWS_MOST;
	enum status st = E_OK;

	while (n == ROWS_MOST && chore_goes_on(r, &st)) {
		arena_reset(r->keeper->arena);
		st = purge_messages(r->keeper->db, r->keeper->arena, ROWS_MOST, &mark, &n);
		if (st != E_OK)
			break;
		r->done += n;
		r->done_for_ms = mark.at_ms;
	}
	return st;
}
