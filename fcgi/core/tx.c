/* Transactions and committing calls, run again by the table of reliability.md until they are done, refused or out of time. */
#include <time.h>
#include <sodium.h>

#include "core/db_impl.h"
#include "core/log.h"
#include "core/tx.h"

#define CONFLICTS_MAX 5
#define JITTER_MIN_MS 5
#define JITTER_MAX_MS 50

/* What happened so far in one db_tx or db_call. */
struct attempts {
	struct db *d;
	int conflicts;
	bool began;   /* a connection was had: its loss is worth waiting for, a database that is down is not */
	bool unknown; /* an earlier try may have committed: nothing but an answer may say otherwise */
};

static void
pause_jitter(void)
{
	long ms = JITTER_MIN_MS + (long)randombytes_uniform(JITTER_MAX_MS - JITTER_MIN_MS + 1);

	(void)nanosleep(&(struct timespec){ .tv_nsec = ms * 1000000 }, NULL);
}

/* Whether to run again after `st`; waits before. */
static bool
again(struct attempts *t, enum status st)
{
	if (st == E_CONFLICT && t->conflicts++ == CONFLICTS_MAX)
		return false;
	if (st == E_BUSY && !t->began)
		return false;
	if ((st != E_CONFLICT && st != E_BUSY && st != E_UNKNOWN) || db_left_ms(t->d) <= JITTER_MAX_MS)
		return false;
	pause_jitter();
	return true;
}

static enum status
give_up(const struct attempts *t, enum status st)
{
	if (t->unknown && (st == E_BUSY || st == E_CONFLICT))
		return E_UNKNOWN;
	if (st != E_CONFLICT)
		return st;
	log_detail(LOG_WARN, "db_conflicts", "given up after %d tries", t->conflicts);
	return E_BUSY;
}

/* E_BUSY of a body whose connection is well is its own answer, not ours to repeat: *final. */
static enum status
run_once(struct attempts *t, enum status (*body)(struct db *d, void *arg), void *arg, bool *final)
{
	enum status st;

	*final = false;
	t->began = t->began || db_connected(t->d);
	st = db_begin(t->d);
	if (st != E_OK)
		return st;
	t->began = true;
	st = body(t->d, arg);
	if (st == E_OK)
		return db_commit(t->d);
	*final = st != E_CONFLICT && !(st == E_BUSY && !db_connected(t->d));
	db_rollback(t->d);
	return st;
}

/* Asks whether the lost COMMIT took place, until somebody answers. E_NOT_FOUND: it did not. */
static enum status
settle(struct attempts *t, enum status (*settled)(struct db *d, void *arg), void *arg)
{
	enum status st = E_UNKNOWN;

	if (settled == NULL)
		return E_UNKNOWN;
	do
		st = settled(t->d, arg);
	while (again(t, st));
	return st == E_NOT_FOUND ? st : give_up(t, st);
}

enum status
db_tx(struct db *d, enum status (*body)(struct db *d, void *arg), void *arg, enum status (*settled)(struct db *d, void *arg))
{
	struct attempts t = { .d = d };
	enum status st;
	bool final;

	db_enter(d);
	for (;;) {
		st = run_once(&t, body, arg, &final);
		if (final)
			break;
		if (st == E_UNKNOWN) {
			t.unknown = true;
			st = settle(&t, settled, arg);
			if (st != E_NOT_FOUND)
				break;
			t.unknown = false;
			st = E_BUSY; /* not committed: as if the connection had been lost before */
		}
		if (!again(&t, st)) {
			st = give_up(&t, st);
			break;
		}
	}
	db_leave(d);
	return st;
}

enum status
db_call(struct db *d, struct arena *a, const struct sql *q, const struct db_value *args, size_t n, struct db_rows *out)
{
	struct attempts t = { .d = d };
	enum status st;

	db_enter(d);
	do {
		st = db_run(d, a, q, args, n, out);
		t.unknown = t.unknown || st == E_UNKNOWN;
		t.began = t.began || st != E_BUSY;
	} while (again(&t, st));
	st = give_up(&t, st);
	db_leave(d);
	return st;
}
