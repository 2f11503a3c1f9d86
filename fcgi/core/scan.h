/* Reading text that came from outside: numbers, UTF-8, digits of three scripts. Nothing here allocates. */
#ifndef EKMC_CORE_SCAN_H
#define EKMC_CORE_SCAN_H

#include "core/base.h"

/* Strict decimal, the whole span, optional leading '-'; no spaces, no '+', no leading zeros but "0" itself. False: out of
 * [min, max] or not a number; *out is untouched then. */
MUST_USE bool scan_i64(struct span s, int64_t min, int64_t max, int64_t *out);
/* A plain decimal number such as -12.5 (no exponent, no inf, no nan), independent of the locale. */
MUST_USE bool scan_double(struct span s, double min, double max, double *out);
MUST_USE bool scan_hex(struct span s, void *out, size_t out_bytes); /* exactly 2*out_bytes digits */

/* Valid UTF-8 (RFC 3629: no surrogates, no overlong forms); *chars gets the number of code points. NULs are not valid text. */
MUST_USE bool scan_utf8(struct span s, size_t *chars);
/* Reads one code point at *i and moves *i past it; -1, and *i stays, when the bytes there are not UTF-8
 * or there are none. */
int32_t scan_utf8_next(struct span s, size_t *i);

/* The value 0-9 of an ASCII, Bengali (U+09E6..) or Devanagari (U+0966..) digit, else -1. */
int scan_digit(int32_t code_point);

/* Digits of three scripts as ASCII into out[cap]; spaces, hyphens and invisible joiners are dropped. Returns the number of
 * digits, or -1 at any other character, or when they do not fit. Not terminated. */
int scan_digits(struct span s, char *out, size_t cap);

/* An Indian mobile number in any usual writing (+91, 0091, 91, leading 0, spaces, hyphens, three scripts) as 10 digits and a NUL.
 * False: not 10 digits beginning with 6-9 (TRAI numbering plan). */
MUST_USE bool scan_mobile(struct span s, char out[11]);

/* Every character is in `allowed` (ASCII) and the length is within [min, max]. */
MUST_USE bool scan_token(struct span s, const char *allowed, size_t min, size_t max);

/* Trims ASCII white space at both ends. */
struct span scan_trim(struct span s);
/* Cuts the part before the first `sep` off *rest; false when *rest is absent (p == NULL). Without a `sep` the rest is the part. */
bool scan_cut(struct span *rest, char sep, struct span *part);

#endif
