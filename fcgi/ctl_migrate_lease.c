/* Who may migrate: a lease row, because GET_LOCK is given to both nodes of a cluster (reliability.md). Not domain/lease.c: its
 * table is there only after the migrations, and DDL has to be waited for while a thread renews. */
#include <time.h>

#include "core/clock.h"
#include "ctl.h"
#include "ctl_migrate.h"

#define ASK_MS 250

enum { S_TAKE, S_RENEW, S_RELEASE, S_HOLDER };
/* clang-format off */
static const struct sql statements[] = {
	[S_TAKE] = { "UPDATE schema_lease SET owner = ?, until = UTC_TIMESTAMP(3) + INTERVAL ? SECOND"
		     " WHERE name = 'migrate' AND until < UTC_TIMESTAMP(3)", "si", "", false },
	[S_RENEW] = { "UPDATE schema_lease SET until = UTC_TIMESTAMP(3) + INTERVAL ? SECOND"
		      " WHERE name = 'migrate' AND owner = ? AND until > UTC_TIMESTAMP(3)", "is", "", false },
	[S_RELEASE] = { "UPDATE schema_lease SET owner = '', until = '2000-01-01' WHERE name = 'migrate' AND owner = ?", "s", "", false },
	[S_HOLDER] = { "SELECT 1 FROM schema_lease WHERE name = 'migrate' AND owner = ?", "s", "i", false },
};
/* clang-format on */

int
migrate_complain(enum status st, const char *what)
{
	(void)fprintf(stderr, "migrate: %s: %s\n", what, st == E_BUSY ? "the database cannot be reached" : status_name(st));
	return st == E_BUSY ? CTL_BUSY : CTL_FAILED;
}

static struct timespec
in_a_quarter(int64_t lease_s)
{
	struct timespec t;
	int64_t ms = lease_s * 250;

	(void)clock_gettime(CLOCK_REALTIME, &t);
	t.tv_sec += ms / 1000;
	t.tv_nsec += ms % 1000 * 1000000;
	if (t.tv_nsec >= 1000000000) {
		t.tv_nsec -= 1000000000;
		t.tv_sec++;
	}
	return t;
}

static void *
renew_main(void *arg)
{
	struct migrate_lease *l = arg;
	struct db *d = db_new(l->conf);
	int64_t good_ms = clock_monotonic_ms();
	struct timespec until = in_a_quarter(l->lease_s);
	struct db_rows rows;
	enum status st;

	(void)pthread_mutex_lock(&l->lock);
	while (!l->end && !atomic_load(&l->lost)) {
		if (pthread_cond_timedwait(&l->ended, &l->lock, &until) == 0)
			continue;
		until = in_a_quarter(l->lease_s);
		st = d == NULL ? E_NOMEM
			       : db_run(d, NULL, &statements[S_RENEW], DB_ARGS(db_int(l->lease_s), db_text(span_of(l->owner))),
					&rows);
		if (st == E_OK && rows.affected == 1)
			good_ms = clock_monotonic_ms();
		else if (st == E_OK || clock_monotonic_ms() - good_ms > l->lease_s * 1000)
			atomic_store(&l->lost, true);
	}
	(void)pthread_mutex_unlock(&l->lock);
	db_free(d);
	return NULL;
}

static enum status
take_once(struct migrate_lease *l, struct db *d, bool *mine)
{
	struct db_rows rows;
	struct arena *a;
	enum status st;

	st = db_run(d, NULL, &statements[S_TAKE], DB_ARGS(db_text(span_of(l->owner)), db_int(l->lease_s)), &rows);
	*mine = st == E_OK && rows.affected == 1;
	if (st == E_CONFLICT)
		return E_OK; /* somebody else took it in the same moment */
	if (st != E_UNKNOWN)
		return st;
	a = arena_new(1024, 65536);
	st = a == NULL ? E_NOMEM : db_run(d, a, &statements[S_HOLDER], DB_ARGS(db_text(span_of(l->owner))), &rows);
	*mine = st == E_OK && rows.n == 1;
	arena_free(a);
	return st;
}

int
migrate_lease_take(struct migrate_lease *l, struct db *d)
{
	int64_t until_ms = clock_monotonic_ms() + l->wait_s * 1000;
	bool mine = false, told = false;
	enum status st;

	ids_random_hex(l->owner);
	while (!mine) {
		st = take_once(l, d, &mine);
		if (st != E_OK)
			return migrate_complain(st, "taking the lease");
		if (mine)
			break;
		if (clock_monotonic_ms() >= until_ms) {
			(void)fprintf(stderr, "migrate: another ekmc-ctl migrate has been at work for %lld s; try again later\n",
				      (long long)l->wait_s);
			return CTL_BUSY;
		}
		if (!told)
			(void)fputs("migrate: waiting for another ekmc-ctl migrate\n", stderr);
		told = true;
		(void)nanosleep(&(struct timespec){ .tv_nsec = ASK_MS * 1000000L }, NULL);
	}
	return pthread_create(&l->renewer, NULL, renew_main, l) == 0 ? CTL_DONE : migrate_complain(E_NOMEM, "keeping the lease");
}

void
migrate_lease_release(struct migrate_lease *l, struct db *d)
{
	(void)pthread_mutex_lock(&l->lock);
	l->end = true;
	(void)pthread_cond_signal(&l->ended);
	(void)pthread_mutex_unlock(&l->lock);
	(void)pthread_join(l->renewer, NULL);
	if (db_run(d, NULL, &statements[S_RELEASE], DB_ARGS(db_text(span_of(l->owner))), NULL) != E_OK)
		(void)fputs("migrate: the lease was not given back; it lapses by itself\n", stderr);
}

bool
migrate_lease_lost(struct migrate_lease *l)
{
	return atomic_load(&l->lost);
}
