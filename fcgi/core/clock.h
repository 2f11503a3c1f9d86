/* Time: milliseconds since 1970 in UTC everywhere; Kolkata (UTC+5:30, no summer time since 1945) only for calendar days. */
#ifndef EKMC_CORE_CLOCK_H
#define EKMC_CORE_CLOCK_H

#include "core/base.h"

#define CLOCK_NONE INT64_MIN /* an absent time */
#define CLOCK_KOLKATA_OFFSET_MS (19800 * INT64_C(1000))

int64_t clock_now_ms(void);	  /* wall clock, UTC */
int64_t clock_monotonic_ms(void); /* for deadlines and durations */

struct clock_date {
	int year, month, day; /* month 1-12 */
	int weekday;	      /* 0 Sunday */
};
struct clock_date clock_kolkata_date(int64_t at_ms);
/* The instant a Kolkata calendar day begins. */
int64_t clock_kolkata_midnight_ms(int year, int month, int day);

#define CLOCK_TEXT_SIZE sizeof("2026-11-23T15:40:00.123Z")
/* RFC 3339 in UTC with milliseconds into out[CLOCK_TEXT_SIZE]; empty for CLOCK_NONE and out of 1970-9999. */
const char *clock_text(int64_t at_ms, char out[static 25]);
/* RFC 3339 with a mandatory zone; false without one or when out of 1970-9999. */
MUST_USE bool clock_parse(struct span s, int64_t *out_ms);

#endif
