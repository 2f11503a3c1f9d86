/* A circuit breaker: a neighbour that fails again and again is left alone for a while, then probed with one call.
 *
 * Open after 5 failures in 10 s; half-open 5 s later, plus up to 1 s of jitter so that several bridges do not probe in step; one
 * probe at a time decides (reliability, "Time budgets"). Functions of the given times only: nothing here reads a clock.
 * Not thread-safe. Units: milliseconds of clock_monotonic_ms. */
#ifndef EKMC_BRIDGE_BREAKER_H
#define EKMC_BRIDGE_BREAKER_H

#include "core/base.h"

#define BREAKER_FAILURES  5
#define BREAKER_WINDOW_MS 10000
#define BREAKER_PAUSE_MS  5000
#define BREAKER_JITTER_MS 1000

enum breaker_state { BREAKER_CLOSED, BREAKER_OPEN, BREAKER_HALF_OPEN };

/* Leave to call, which goes back with the outcome: what began before the breaker opened must not decide in place of the probe. */
enum breaker_pass { PASS_NO, PASS_YES, PASS_PROBE };

struct breaker {
	enum breaker_state state;
	int64_t failed_ms[BREAKER_FAILURES]; /* a ring of the last failures */
	size_t n_failed, next;
	int64_t probe_at_ms; /* while open */
};

/* A zeroed breaker is closed. */
MUST_USE enum breaker_pass breaker_ask(struct breaker *b, int64_t now_ms);

/* The outcome of a call that had leave. `random` gives the jitter. True when the state has changed (to be logged). */
bool breaker_tell(struct breaker *b, enum breaker_pass pass, bool ok, int64_t now_ms, uint32_t random);

/* How long to wait until asking again is worth it; 0 while closed or being probed. */
int64_t breaker_wait_ms(const struct breaker *b, int64_t now_ms);

/* "closed", "open", "half_open". */
const char *breaker_name(enum breaker_state state);

#endif
