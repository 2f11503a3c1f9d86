/* The three states of a breaker. */
#include "bridge/breaker.h"

static const char *const names[] = { [BREAKER_CLOSED] = "closed", [BREAKER_OPEN] = "open", [BREAKER_HALF_OPEN] = "half_open" };

static void
open_it(struct breaker *b, int64_t now_ms, uint32_t random)
{
	b->state = BREAKER_OPEN;
	b->probe_at_ms = now_ms + BREAKER_PAUSE_MS + (int64_t)(random % (BREAKER_JITTER_MS + 1));
	b->n_failed = 0;
	b->next = 0;
}

/* Remembers a failure; true when it is the last straw. */
static bool
too_many(struct breaker *b, int64_t now_ms)
{
	b->failed_ms[b->next] = now_ms;
	b->next = (b->next + 1) % BREAKER_FAILURES;
	if (b->n_failed < BREAKER_FAILURES)
		b->n_failed++;
	/* in a full ring the next place to be overwritten holds the oldest */
	return b->n_failed == BREAKER_FAILURES && now_ms - b->failed_ms[b->next] < BREAKER_WINDOW_MS;
}

enum breaker_pass
breaker_ask(struct breaker *b, int64_t now_ms)
{
	if (b->state == BREAKER_CLOSED)
		return PASS_YES;
	if (b->state == BREAKER_HALF_OPEN || now_ms < b->probe_at_ms)
		return PASS_NO;
	b->state = BREAKER_HALF_OPEN;
	return PASS_PROBE;
}

bool
breaker_tell(struct breaker *b, enum breaker_pass pass, bool ok, int64_t now_ms, uint32_t random)
{
	if (pass == PASS_PROBE) {
		if (ok)
			*b = (struct breaker){ .state = BREAKER_CLOSED };
		else
			open_it(b, now_ms, random);
		return true;
	}
	if (pass == PASS_NO || ok || b->state != BREAKER_CLOSED || !too_many(b, now_ms))
		return false;
	open_it(b, now_ms, random);
	return true;
}

int64_t
breaker_wait_ms(const struct breaker *b, int64_t now_ms)
{
	return b->state == BREAKER_OPEN && b->probe_at_ms > now_ms ? b->probe_at_ms - now_ms : 0;
}

const char *
breaker_name(enum breaker_state state)
{
	return names[state];
}
