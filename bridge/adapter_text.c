/* How people and pages write numbers and dates. */
#include "bridge/adapter_impl.h"

#include <time.h>

#include "core/clock.h"
#include "core/scan.h"

#define DATE_SIZE 64
#define YEAR_MIN  1971
#define YEAR_MAX  2100

static bool
is_blank(int32_t cp)
{
	return cp == ' ' || cp == '\t' || cp == 0xa0 || (cp >= 0x2000 && cp <= 0x200f) || cp == 0x202f || cp == 0x2060 ||
	       cp == 0xfeff;
}

/* The separator a code point stands for; 0: it is none. */
static char
separator(int32_t cp)
{
	if (cp == '/' || cp == '.' || cp == '_')
		return (char)cp;
	return cp == '-' || (cp >= 0x2010 && cp <= 0x2015) || cp == 0x2212 ? '-' : '\0';
}

static char
fold_character(int32_t cp)
{
	int digit = scan_digit(cp);

	if (digit >= 0)
		return (char)('0' + digit);
	if (cp >= 'a' && cp <= 'z')
		return (char)(cp - 'a' + 'A');
	return cp >= 'A' && cp <= 'Z' ? (char)cp : '\0';
}

bool
adapter_fold(struct span typed, bool strip, char out[static LEGACY_NUMBER_SIZE])
{
	size_t n = 0;

	for (size_t i = 0; i < typed.n;) {
		int32_t cp = scan_utf8_next(typed, &i);
		char c = cp < 0 ? '\0' : fold_character(cp), between = separator(cp);

		if (is_blank(cp) || (strip && between != '\0'))
			continue;
		if (c == '\0')
			c = between;
		if (c == '\0' || n + 1 >= LEGACY_NUMBER_SIZE)
			return false;
		out[n++] = c;
	}
	out[n] = '\0';
	return n > 0;
}

/* Whether the format reads a zone: %z that is no %%z. */
static bool
has_zone(const char *format)
{
	for (const char *p = format; *p != '\0'; p++) {
		if (*p != '%')
			continue;
		if (*++p == 'z')
			return true;
		if (*p == '\0')
			break;
	}
	return false;
}

static bool
ascii_digits(struct span text, char out[static DATE_SIZE])
{
	size_t n = 0;

	for (size_t i = 0; i < text.n;) {
		int32_t cp = scan_utf8_next(text, &i);
		int digit = scan_digit(cp);

		if (cp <= 0 || (cp > 0x7e && digit < 0) || n + 1 >= DATE_SIZE)
			return false;
		out[n++] = digit >= 0 ? (char)('0' + digit) : (char)cp;
	}
	out[n] = '\0';
	return n > 0;
}

bool
adapter_time(const char *format, struct span text, int64_t *out_ms)
{
	struct tm read = { .tm_mday = 1 }, again;
	char plain[DATE_SIZE], *end;
	long offset_s;

	if (format[0] == '\0' || !ascii_digits(text, plain))
		return false;
	end = strptime(plain, format, &read);
	if (end == NULL || *end != '\0' || read.tm_year < YEAR_MIN - 1900 || read.tm_year > YEAR_MAX - 1900)
		return false;
	offset_s = has_zone(format) ? read.tm_gmtoff : CLOCK_KOLKATA_OFFSET_MS / 1000;
	again = read;
	time_t at_s = timegm(&again);
	/* timegm makes 3 March of 31 February */
	if (again.tm_mday != read.tm_mday || again.tm_mon != read.tm_mon)
		return false;
	*out_ms = ((int64_t)at_s - offset_s) * 1000;
	return true;
}
