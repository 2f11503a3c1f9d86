/* Chores that throw away what is old. */
#include <inttypes.h>

#include "bridge/chores.h"
#include "core/log.h"
#include "domain/access.h"
#include "domain/attachment.h"
#include "domain/audit.h"
#include "domain/link.h"
#include "domain/purge.h"

#define ROWS_MOST  500 /* in one transaction */
#define FILES_MOST 50

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
	int64_t n = ROWS_MOST, erased;
	enum status st = E_OK;

	while (n == ROWS_MOST && chore_goes_on(r, &st)) {
		arena_reset(r->keeper->arena);
		st = purge_messages(r->keeper->db, r->keeper->arena, ROWS_MOST, &mark, &n, &erased);
		if (st != E_OK)
			break;
		r->done += erased;
		r->done_for_ms = mark.at_ms;
	}
	return st;
}

enum status
chore_links(struct chore_run *r)
{
	struct keeper *k = r->keeper;
	int64_t n = ROWS_MOST, now_ms = 0;
	enum status st = lease_now(k->db, k->arena, &now_ms);

	while (n == ROWS_MOST && st == E_OK && chore_goes_on(r, &st)) {
		arena_reset(k->arena);
		st = link_purge(k->db, k->arena, now_ms, ROWS_MOST, &n);
		r->done += n;
	}
	return st;
}

enum status
chore_uploads(struct chore_run *r)
{
	struct keeper *k = r->keeper;
	struct store store;
	int64_t now_ms = 0;
	int n = FILES_MOST;
	enum status st = lease_now(k->db, k->arena, &now_ms);

	if (st == E_OK && store_open(&store, k->conf->attachments.dir) != E_OK)
		return E_INTERNAL; /* the directory, not the database, which E_BUSY would be taken for */
	while (n == FILES_MOST && st == E_OK && chore_goes_on(r, &st)) {
		arena_reset(k->arena);
		st = attachment_purge(k->db, k->arena, &store, now_ms, FILES_MOST, &n);
		r->done += n;
	}
	return st;
}

enum status
chore_access(struct chore_run *r)
{
	struct keeper *k = r->keeper;
	int64_t n = 1, now_ms = 0;
	enum status st = lease_now(k->db, k->arena, &now_ms);

	while (n > 0 && st == E_OK && chore_goes_on(r, &st)) {
		arena_reset(k->arena);
		st = access_purge(k->db, k->arena, now_ms, &n);
		r->done += n;
	}
	return st;
}

/* Several hosts may sign at once: one does it, the others find it done. */
enum status
chore_audit(struct chore_run *r)
{
	struct keeper *k = r->keeper;
	int64_t now_ms = 0;
	int n = AUDIT_DAYS_MOST;
	enum status st = lease_now(k->db, k->arena, &now_ms);

	while (n == AUDIT_DAYS_MOST && st == E_OK && chore_goes_on(r, &st)) {
		arena_reset(k->arena);
		st = audit_sign_due(k->db, k->arena, k->seal, now_ms, &n);
		r->done += n;
	}
	return st;
}
