/* The breaker, on a clock of the test's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bridge/breaker.h"

enum what { ASK, FAIL, OK, PROBE_FAIL, PROBE_OK, END };

struct step {
	enum what what;
	int64_t at_ms;
	enum breaker_pass pass;   /* expected of ASK */
	enum breaker_state state; /* expected after the step */
	int64_t wait_ms;          /* expected after the step */
};

static void
play(const struct step *steps)
{
	struct breaker b = { .state = BREAKER_CLOSED };

	for (const struct step *s = steps; s->what != END; s++) {
		if (s->what == ASK)
			assert_int_equal(breaker_ask(&b, s->at_ms), s->pass);
		else if (s->what == FAIL || s->what == OK)
			(void)breaker_tell(&b, PASS_YES, s->what == OK, s->at_ms, 0);
		else
			assert_true(breaker_tell(&b, PASS_PROBE, s->what == PROBE_OK, s->at_ms, 0));
		assert_int_equal(b.state, s->state);
		assert_int_equal(breaker_wait_ms(&b, s->at_ms), s->wait_ms);
	}
}

static void
test_breaker__five_failures_in_ten_seconds_open_it(void **state)
{
	static const struct step steps[] = {
		{ FAIL, 0, 0, BREAKER_CLOSED, 0 },
		{ FAIL, 1, 0, BREAKER_CLOSED, 0 },
		{ FAIL, 2, 0, BREAKER_CLOSED, 0 },
		{ OK, 3, 0, BREAKER_CLOSED, 0 },
		{ FAIL, 4, 0, BREAKER_CLOSED, 0 },
		{ ASK, 5, PASS_YES, BREAKER_CLOSED, 0 },
		{ FAIL, 9999, 0, BREAKER_OPEN, 5000 },
		{ ASK, 10000, PASS_NO, BREAKER_OPEN, 4999 },
		{ END, 0, 0, 0, 0 },
	};

	(void)state;
	play(steps);
}

static void
test_breaker__slow_failures_never_open_it(void **state)
{
	struct breaker b = { .state = BREAKER_CLOSED };

	(void)state;
	for (int64_t at = 0; at < 100; at++)
		assert_false(breaker_tell(&b, PASS_YES, false, at * 2500, 0));
	assert_int_equal(breaker_ask(&b, 250000), PASS_YES);
}

static void
test_breaker__one_probe_decides(void **state)
{
	static const struct step steps[] = {
		{ FAIL, 0, 0, BREAKER_CLOSED, 0 },
		{ FAIL, 0, 0, BREAKER_CLOSED, 0 },
		{ FAIL, 0, 0, BREAKER_CLOSED, 0 },
		{ FAIL, 0, 0, BREAKER_CLOSED, 0 },
		{ FAIL, 0, 0, BREAKER_OPEN, 5000 },
		{ ASK, 4999, PASS_NO, BREAKER_OPEN, 1 },
		{ ASK, 5000, PASS_PROBE, BREAKER_HALF_OPEN, 0 },
		{ ASK, 5000, PASS_NO, BREAKER_HALF_OPEN, 0 },
		{ ASK, 60000, PASS_NO, BREAKER_HALF_OPEN, 0 },
		{ PROBE_FAIL, 7000, 0, BREAKER_OPEN, 5000 },
		{ ASK, 12000, PASS_PROBE, BREAKER_HALF_OPEN, 0 },
		{ PROBE_OK, 12001, 0, BREAKER_CLOSED, 0 },
		/* the failures of before are forgotten */
		{ FAIL, 12002, 0, BREAKER_CLOSED, 0 },
		{ ASK, 12003, PASS_YES, BREAKER_CLOSED, 0 },
		{ END, 0, 0, 0, 0 },
	};

	(void)state;
	play(steps);
}

static void
test_breaker__what_began_before_it_opened_decides_nothing(void **state)
{
	static const struct step steps[] = {
		{ FAIL, 0, 0, BREAKER_CLOSED, 0 },
		{ FAIL, 0, 0, BREAKER_CLOSED, 0 },
		{ FAIL, 0, 0, BREAKER_CLOSED, 0 },
		{ FAIL, 0, 0, BREAKER_CLOSED, 0 },
		{ FAIL, 0, 0, BREAKER_OPEN, 5000 },
		{ FAIL, 2000, 0, BREAKER_OPEN, 3000 }, /* does not push the probe away */
		{ OK, 2000, 0, BREAKER_OPEN, 3000 },
		{ ASK, 5000, PASS_PROBE, BREAKER_HALF_OPEN, 0 },
		{ OK, 5001, 0, BREAKER_HALF_OPEN, 0 },
		{ FAIL, 5002, 0, BREAKER_HALF_OPEN, 0 },
		{ END, 0, 0, 0, 0 },
	};

	(void)state;
	play(steps);
}

static void
test_breaker__jitter_stays_within_a_second(void **state)
{
	static const uint32_t random[] = { 0, 1, 1000, 1001, 123456789, UINT32_MAX };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(random); i++) {
		struct breaker b = { .state = BREAKER_HALF_OPEN };

		assert_true(breaker_tell(&b, PASS_PROBE, false, 0, random[i]));
		assert_in_range(breaker_wait_ms(&b, 0), BREAKER_PAUSE_MS, BREAKER_PAUSE_MS + BREAKER_JITTER_MS);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_breaker__five_failures_in_ten_seconds_open_it),
		cmocka_unit_test(test_breaker__slow_failures_never_open_it),
		cmocka_unit_test(test_breaker__one_probe_decides),
		cmocka_unit_test(test_breaker__what_began_before_it_opened_decides_nothing),
		cmocka_unit_test(test_breaker__jitter_stays_within_a_second),
	};

	return cmocka_run_group_tests_name("breaker", tests, NULL, NULL);
}
