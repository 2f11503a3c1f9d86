/* Civil dates by arithmetic alone: no tables of zones, no locks of libc. */
#include "core/clock.h"

#include <stdio.h>
#include <time.h>

#define DAY_MS    INT64_C(86400000)
#define HOUR_MS   INT64_C(3600000)
#define MINUTE_MS INT64_C(60000)
#define SECOND_MS INT64_C(1000)
#define LAST_MS   INT64_C(253402300799999) /* 9999-12-31T23:59:59.999Z */

/* Howard Hinnant, chrono-Compatible Low-Level Date Algorithms: days_from_civil. Years begin in March, eras are 400 years. */
static int64_t
days_from_civil(int64_t year, int month, int day)
{
	int64_t y = month <= 2 ? year - 1 : year;
	int64_t era = (y >= 0 ? y : y - 399) / 400;
	int64_t year_of_era = y - era * 400;
	int64_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;

	return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719468;
}

/* The same source: civil_from_days, weekday_from_days. */
static struct clock_date
civil_from_days(int64_t days)
{
	int64_t z = days + 719468;
	int64_t era = (z >= 0 ? z : z - 146096) / 146097;
	int64_t day_of_era = z - era * 146097;
	int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	int64_t from_march = (5 * day_of_year + 2) / 153;
	int64_t month = from_march < 10 ? from_march + 3 : from_march - 9;
	int64_t weekday = days >= -4 ? (days + 4) % 7 : (days + 5) % 7 + 6;

	return (struct clock_date){
		.year = (int)(year_of_era + era * 400 + (month <= 2 ? 1 : 0)),
		.month = (int)month,
		.day = (int)(day_of_year - (153 * from_march + 2) / 5 + 1),
		.weekday = (int)weekday,
	};
}

static int64_t
floor_days(int64_t at_ms)
{
	return at_ms / DAY_MS - (at_ms % DAY_MS < 0 ? 1 : 0);
}

static int64_t
now_ms(clockid_t id)
{
	struct timespec t;

	(void)clock_gettime(id, &t);
	return (int64_t)t.tv_sec * SECOND_MS + t.tv_nsec / 1000000;
}

int64_t
clock_now_ms(void)
{
	return now_ms(CLOCK_REALTIME);
}

int64_t
clock_monotonic_ms(void)
{
	return now_ms(CLOCK_MONOTONIC);
}

struct clock_date
clock_kolkata_date(int64_t at_ms)
{
	return civil_from_days(floor_days(at_ms + CLOCK_KOLKATA_OFFSET_MS));
}

int64_t
clock_kolkata_midnight_ms(int year, int month, int day)
{
	return days_from_civil(year, month, day) * DAY_MS - CLOCK_KOLKATA_OFFSET_MS;
}

const char *
clock_text(int64_t at_ms, char out[static 25])
{
	_Static_assert(CLOCK_TEXT_SIZE == 25, "the prototype's size is the text's");
	if (at_ms < 0 || at_ms > LAST_MS) {
		out[0] = '\0';
		return out;
	}
	struct clock_date d = civil_from_days(at_ms / DAY_MS);
	unsigned in_day = (unsigned)(at_ms % DAY_MS);
	(void)snprintf(out, CLOCK_TEXT_SIZE, "%04u-%02u-%02uT%02u:%02u:%02u.%03uZ", (unsigned)d.year % 10000,
		       (unsigned)d.month % 100, (unsigned)d.day % 100, in_day / 3600000 % 100, in_day / 60000 % 60,
		       in_day / 1000 % 60, in_day % 1000);
	return out;
}

/* Exactly `n` digits followed by `after` (unless it is NUL), cut off the front. */
static bool
take(struct span *s, size_t n, char after, int *out)
{
	size_t whole = n + (after != '\0' ? 1 : 0);
	int value = 0;

	if (s->n < whole)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (s->p[i] < '0' || s->p[i] > '9')
			return false;
		value = value * 10 + (s->p[i] - '0');
	}
	if (after != '\0' && s->p[n] != after && !(after == 'T' && s->p[n] == 't'))
		return false;
	*s = (struct span){ s->p + whole, s->n - whole };
	*out = value;
	return true;
}

/* ".1" to ".123456789" as milliseconds, cut off, not rounded: 23:59:59.9999 must stay in its day. */
static bool
take_fraction(struct span *s, int *ms)
{
	size_t n = 1;
	int unit = 100;

	*ms = 0;
	if (s->n == 0 || s->p[0] != '.')
		return true;
	for (; n < s->n && s->p[n] >= '0' && s->p[n] <= '9'; n++, unit /= 10)
		*ms += (s->p[n] - '0') * unit;
	*s = (struct span){ s->p + n, s->n - n };
	return n >= 2 && n <= 10;
}

static bool
take_zone(struct span *s, int64_t *offset_ms)
{
	int hours, minutes;

	if (s->n == 1 && (s->p[0] == 'Z' || s->p[0] == 'z')) {
		*offset_ms = 0;
		return true;
	}
	if (s->n != 6 || (s->p[0] != '+' && s->p[0] != '-'))
		return false;
	int64_t sign = s->p[0] == '+' ? 1 : -1;
	*s = (struct span){ s->p + 1, s->n - 1 };
	if (!take(s, 2, ':', &hours) || !take(s, 2, '\0', &minutes) || hours > 23 || minutes > 59)
		return false;
	*offset_ms = sign * (hours * HOUR_MS + minutes * MINUTE_MS);
	return true;
}

static bool
is_month_end(int64_t at_ms)
{
	return at_ms % DAY_MS >= DAY_MS - MINUTE_MS && civil_from_days(floor_days(at_ms) + 1).day == 1;
}

bool
clock_parse(struct span s, int64_t *out_ms)
{
	int year, month, day, hour, minute, second, ms;
	int64_t offset_ms;

	if (!take(&s, 4, '-', &year) || !take(&s, 2, '-', &month) || !take(&s, 2, 'T', &day) || !take(&s, 2, ':', &hour) ||
	    !take(&s, 2, ':', &minute) || !take(&s, 2, '\0', &second) || !take_fraction(&s, &ms) || !take_zone(&s, &offset_ms))
		return false;
	if (month < 1 || month > 12 || day < 1 || hour > 23 || minute > 59 || second > 60)
		return false;
	int64_t days = days_from_civil(year, month, day);
	if (civil_from_days(days).day != day)
		return false;
	bool leap = second == 60;
	if (leap) {
		second = 59;
		ms = 999;
	}
	int64_t at_ms = days * DAY_MS + hour * HOUR_MS + minute * MINUTE_MS + second * SECOND_MS + ms - offset_ms;
	if (at_ms < 0 || at_ms > LAST_MS || (leap && !is_month_end(at_ms)))
		return false;
	*out_ms = at_ms;
	return true;
}
