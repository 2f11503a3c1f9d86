/* The loop of the role `clock`: looks which chores are due, does them, sleeps until the next is. */
#include "bridge/clock.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <systemd/sd-daemon.h>
#include <time.h>

#include "bridge/chores.h"
#include "core/clock.h"
#include "core/log.h"
#include "core/stop.h"
#include "domain/status_cache.h"

#define PAUSE_MIN_MS 20
#define JITTER_MS    30 /* so that two hosts do not always ask at once */
#define WAIT_MIN_MS  200
#define WAIT_MAX_MS  2000
#define RETRY_MS     50
#define OWED_MS      200 /* while Redis does not answer: what is shown to the public waits for it */

struct worker {
	struct timekeeper *t;
	struct keeper *keeper;
	enum lane lane;
	pthread_t thread;
	int64_t wait_ms; /* back-off while the database is down; 0: it is not */
};

struct timekeeper {
	const struct conf *conf;
	struct seal *seal;
	struct worker workers[LANE__COUNT];
	pthread_mutex_t lock;
	pthread_cond_t wake;
	bool stop;
	_Atomic bool wrong; /* not our schema: end with an error */
};

/* ---- one worker */

/* False: to end. */
static bool
pause_for(struct timekeeper *t, int64_t ms)
{
	struct timespec until;
	int rc = 0;
	bool stop;

	(void)clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += ms / 1000;
	until.tv_nsec += ms % 1000 * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_nsec -= 1000000000;
		until.tv_sec++;
	}
	(void)pthread_mutex_lock(&t->lock);
	while (!t->stop && rc != ETIMEDOUT)
		rc = pthread_cond_timedwait(&t->wake, &t->lock, &until);
	stop = t->stop;
	(void)pthread_mutex_unlock(&t->lock);
	return !stop;
}

static int64_t
wait_of(const struct lease_wait *waits, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (span_eq(waits[i].name, span_of(name)))
			return waits[i].wait_ms;
	return -1; /* its row has gone */
}

/* Does the chores of the lane that are due. *next_ms: until the next one is. */
static enum status
turn(struct worker *w, int64_t *next_ms)
{
	struct keeper *k = w->keeper;
	const struct lease_wait *waits;
	size_t n;
	bool due[CHORES_MOST];
	struct chore_run run;
	enum status st;

	arena_reset(k->arena);
	*next_ms = k->conf->clock.tick_s * 1000;
	st = chores_ready(k);
	if (st == E_OK)
		st = lease_waits(k->db, k->arena, &waits, &n);
	if (st != E_OK)
		return st;
	for (size_t i = 0; i < chores_n; i++) {
		int64_t wait_ms = chores[i].lane == w->lane ? wait_of(waits, n, chores[i].name) : INT64_MAX;

		due[i] = wait_ms == 0;
		k->checked = k->checked && wait_ms >= 0; /* the next look makes it again */
		if (wait_ms > 0 && wait_ms < *next_ms)
			*next_ms = wait_ms;
	}
	for (size_t i = 0; i < chores_n && !stop_requested(); i++) {
		if (!due[i])
			continue;
		*next_ms = 0; /* look again: others may have come due meanwhile */
		st = chore_do(k, &chores[i], false, &run);
		if (st == E_BUSY)
			return st; /* any other failure is the chore's own, and must not hold up the rest */
	}
	return E_OK;
}

static int64_t
after_trouble(struct worker *w, enum status st)
{
	if (w->wait_ms == 0)
		log_event(LOG_WARN, "clock_waits", "status", status_name(st), NULL);
	w->wait_ms = w->wait_ms == 0 ? WAIT_MIN_MS : w->wait_ms * 2 < WAIT_MAX_MS ? w->wait_ms * 2 : WAIT_MAX_MS;
	return w->wait_ms;
}

static void *
work(void *arg)
{
	struct worker *w = arg;
	int64_t next_ms;
	uint8_t jitter;

	do {
		enum status st = turn(w, &next_ms);

		if (!status_cache_pay(w->keeper->cache) && next_ms > OWED_MS)
			next_ms = OWED_MS;
		if (st == E_INTERNAL && !w->keeper->checked) {
			atomic_store(&w->t->wrong, true);
			stop_request();
			break;
		}
		if (st != E_OK) {
			next_ms = after_trouble(w, st);
		} else if (w->wait_ms != 0) {
			log_event(LOG_INFO, "clock_goes_on", NULL);
			w->wait_ms = 0;
		}
		seal_random(&jitter, 1);
		next_ms = (next_ms < PAUSE_MIN_MS ? PAUSE_MIN_MS : next_ms) + jitter % JITTER_MS;
	} while (pause_for(w->t, next_ms));
	return NULL;
}

/* ---- all of them */

static void
release(struct timekeeper *t)
{
	for (size_t i = 0; i < LANE__COUNT; i++)
		keeper_free(t->workers[i].keeper);
	seal_free(t->seal);
	(void)pthread_cond_destroy(&t->wake);
	(void)pthread_mutex_destroy(&t->lock);
}

static bool
prepare(struct timekeeper *t, const struct conf *c)
{
	pthread_condattr_t monotonic;
	bool ok = true;

	*t = (struct timekeeper){ .conf = c };
	(void)pthread_mutex_init(&t->lock, NULL);
	(void)pthread_condattr_init(&monotonic);
	(void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&t->wake, &monotonic);
	(void)pthread_condattr_destroy(&monotonic);
	t->seal = seal_init() ? seal_new(c->seal.keys, "", "") : NULL;
	ok = t->seal != NULL && seal_audit_keys(t->seal, c->seal.audit_keys);
	for (size_t i = 0; i < LANE__COUNT; i++) {
		t->workers[i] =
			(struct worker){ .t = t,
					 .lane = (enum lane)i,
					 .keeper = keeper_new(c, t->seal, i == LANE_MOVES ? (size_t)c->clock.threads - 1 : 0) };
		ok = ok && t->workers[i].keeper != NULL;
	}
	return ok && t->seal != NULL;
}

static void
wait_for_the_end(int stop_fd)
{
	struct pollfd fd = { .fd = stop_fd, .events = POLLIN };

	while (!stop_read(stop_fd))
		(void)poll(&fd, 1, -1);
}

static int
run_all(struct timekeeper *t, int stop_fd)
{
	size_t started = 0;

	for (; started < LANE__COUNT; started++)
		if (pthread_create(&t->workers[started].thread, NULL, work, &t->workers[started]) != 0)
			break;
	if (started == LANE__COUNT) {
		(void)sd_notify(0, "READY=1");
		log_event(LOG_INFO, "ready", NULL);
		wait_for_the_end(stop_fd);
	} else {
		log_event(LOG_ERROR, "clock_start", "error", "no thread", NULL);
		atomic_store(&t->wrong, true);
	}
	(void)pthread_mutex_lock(&t->lock);
	t->stop = true;
	(void)pthread_cond_broadcast(&t->wake);
	(void)pthread_mutex_unlock(&t->lock);
	while (started > 0)
		(void)pthread_join(t->workers[--started].thread, NULL);
	return atomic_load(&t->wrong) ? 1 : 0;
}

int
clock_run(const struct conf *c, int stop_fd)
{
	struct timekeeper t;
	struct keeper *first;
	int code = 1;

	if (prepare(&t, c)) {
		/* a wrong schema ends us before we say that we are ready; an absent database does not */
		first = t.workers[0].keeper;
		if (chores_ready(first) != E_INTERNAL || first->checked)
			code = run_all(&t, stop_fd);
	}
	release(&t);
	return code;
}

static enum status
once(struct keeper *k, const struct chore *c, struct chore_run *run)
{
	int64_t until_ms = clock_monotonic_ms() + k->conf->clock.lease_s * 1000 + WAIT_MAX_MS;
	enum status st = chore_do(k, c, true, run);

	while (st == E_STALE && clock_monotonic_ms() < until_ms) {
		(void)nanosleep(&(struct timespec){ .tv_nsec = RETRY_MS * 1000000L }, NULL);
		st = chore_do(k, c, true, run);
	}
	return st;
}

int
clock_once(const struct conf *c)
{
	struct timekeeper t;
	struct chore_run run;
	int code = 1;

	if (prepare(&t, c) && chores_ready(t.workers[0].keeper) == E_OK) {
		code = 0;
		for (size_t i = 0; i < chores_n; i++) {
			enum status st = once(t.workers[0].keeper, &chores[i], &run);

			(void)printf("%-10s %" PRId64 " done, %" PRId64 " failed, %" PRId64 " ms%s%s\n", chores[i].name, run.done,
				     run.failed, run.took_ms, st == E_OK ? "" : ": ",
				     st == E_OK      ? ""
				     : st == E_STALE ? "another clock is at it"
						     : status_name(st));
			code = st == E_OK && run.failed == 0 ? code : 1;
		}
	}
	release(&t);
	return code;
}
