/* Byte-by-byte readers of outside text. */
#include "core/scan.h"

/* What people's telephones and keyboards put between digits: blanks, dashes, joiners and direction marks. */
/* clang-format off */
static const struct {
	int32_t first, last;
} fillers[] = {
	{ '\t', '\t' },
	{ ' ', ' ' },
	{ '-', '-' },
	{ 0x00a0, 0x00a0 }, /* no-break space */
	{ 0x00ad, 0x00ad }, /* soft hyphen */
	{ 0x2000, 0x2015 }, /* spaces, joiners, marks, dashes */
	{ 0x202a, 0x202f }, /* embeddings, narrow no-break space */
	{ 0x2060, 0x2069 }, /* word joiner, isolates */
	{ 0x2212, 0x2212 }, /* minus */
	{ 0xfeff, 0xfeff }, /* byte order mark */
};
/* clang-format on */

static bool
is_filler(int32_t cp)
{
	for (size_t i = 0; i < ARRAY_LEN(fillers); i++)
		if (cp >= fillers[i].first && cp <= fillers[i].last)
			return true;
	return false;
}

static bool
is_ascii_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
is_ascii_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

bool
scan_i64(struct span s, int64_t min, int64_t max, int64_t *out)
{
	bool negative = s.n > 0 && s.p[0] == '-';
	size_t start = negative ? 1 : 0;
	int64_t value = 0;

	if (s.n == start || (s.p[start] == '0' && s.n > 1))
		return false;
	for (size_t i = start; i < s.n; i++) {
		if (!is_ascii_digit(s.p[i]) || __builtin_mul_overflow(value, 10, &value))
			return false;
		int64_t digit = s.p[i] - '0';
		if (__builtin_add_overflow(value, negative ? -digit : digit, &value))
			return false;
	}
	if (value < min || value > max)
		return false;
	*out = value;
	return true;
}

/* A mantissa below 2^53 over a power of ten up to 10^22 is one correctly rounded division (W. D. Clinger, How to Read Floating
 * Point Numbers Accurately, 1990); digits of the fraction beyond that precision cannot matter to us and are only checked. */
bool
scan_double(struct span s, double min, double max, double *out)
{
	static const uint64_t mantissa_max = (UINT64_C(1) << 53) / 10 - 1;
	size_t i = s.n > 0 && s.p[0] == '-' ? 1 : 0, first = i;
	uint64_t mantissa = 0;
	double scale = 1;

	for (; i < s.n && is_ascii_digit(s.p[i]); i++) {
		if (mantissa > mantissa_max)
			return false;
		mantissa = mantissa * 10 + (uint64_t)(s.p[i] - '0');
	}
	if (i == first || (s.p[first] == '0' && i - first > 1))
		return false;
	if (i < s.n) {
		if (s.p[i++] != '.' || i == s.n)
			return false;
		for (; i < s.n; i++) {
			if (!is_ascii_digit(s.p[i]))
				return false;
			if (mantissa <= mantissa_max && scale < 1e22) {
				mantissa = mantissa * 10 + (uint64_t)(s.p[i] - '0');
				scale *= 10;
			}
		}
	}
	double value = (double)mantissa / scale;
	if (first == 1)
		value = -value;
	if (value < min || value > max)
		return false;
	*out = value;
	return true;
}

static int
hex_digit(char c)
{
	if (is_ascii_digit(c))
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

bool
scan_hex(struct span s, void *out, size_t out_bytes)
{
	unsigned char *bytes = out;

	if (s.n / 2 != out_bytes || s.n % 2 != 0)
		return false;
	for (size_t i = 0; i < out_bytes; i++) {
		int high = hex_digit(s.p[2 * i]), low = hex_digit(s.p[2 * i + 1]);
		if (high < 0 || low < 0)
			return false;
		bytes[i] = (unsigned char)(high * 16 + low);
	}
	return true;
}

int32_t
scan_utf8_next(struct span s, size_t *i)
{
	static const int32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t at = *i, length;

	if (at >= s.n)
		return -1;
	int32_t cp = (unsigned char)s.p[at];
	if (cp < 0x80) {
		*i = at + 1;
		return cp;
	}
	if (cp < 0xc2 || cp > 0xf4)
		return -1;
	length = cp < 0xe0 ? 2 : cp < 0xf0 ? 3 : 4;
	if (s.n - at < length)
		return -1;
	cp &= 0x7f >> length;
	for (size_t k = 1; k < length; k++) {
		unsigned char c = (unsigned char)s.p[at + k];
		if ((c & 0xc0) != 0x80)
			return -1;
		cp = cp << 6 | (c & 0x3f);
	}
	if (cp < least[length] || cp > 0x10ffff || (cp >= 0xd800 && cp <= 0xdfff))
		return -1;
	*i = at + length;
	return cp;
}

bool
scan_utf8(struct span s, size_t *chars)
{
	size_t n = 0;

	for (size_t i = 0; i < s.n; n++)
		if (scan_utf8_next(s, &i) <= 0)
			return false;
	*chars = n;
	return true;
}

int
scan_digit(int32_t cp)
{
	static const int32_t zeros[] = { '0', 0x0966, 0x09e6 };

	for (size_t i = 0; i < ARRAY_LEN(zeros); i++)
		if (cp >= zeros[i] && cp <= zeros[i] + 9)
			return (int)(cp - zeros[i]);
	return -1;
}

int
scan_digits(struct span s, char *out, size_t cap)
{
	size_t n = 0;

	for (size_t i = 0; i < s.n;) {
		int32_t cp = scan_utf8_next(s, &i);
		int digit = scan_digit(cp);
		if (digit < 0 && is_filler(cp))
			continue;
		if (digit < 0 || n == cap || n == INT32_MAX)
			return -1;
		out[n++] = (char)('0' + digit);
	}
	return (int)n;
}

bool
scan_mobile(struct span s, char out[11])
{
	static const struct {
		bool plus;
		const char *prefix;
	} writings[] = { { false, "" }, { false, "0" }, { false, "91" }, { false, "0091" }, { true, "91" } };
	char digits[14];
	bool plus = false;

	for (size_t i = 0; i < s.n && !plus;) {
		int32_t cp = scan_utf8_next(s, &i);
		if (cp == '+') {
			plus = true;
			s = (struct span){ s.p + i, s.n - i };
		} else if (!is_filler(cp)) {
			break;
		}
	}
	int n = scan_digits(s, digits, sizeof(digits));
	for (size_t k = 0; k < ARRAY_LEN(writings); k++) {
		const char *prefix = writings[k].prefix;
		size_t skip = strlen(prefix);
		if (writings[k].plus != plus || n != (int)skip + 10 || memcmp(digits, prefix, skip) != 0)
			continue;
		if (digits[skip] < '6')
			return false;
		memcpy(out, digits + skip, 10);
		out[10] = '\0';
		return true;
	}
	return false;
}

bool
scan_token(struct span s, const char *allowed, size_t min, size_t max)
{
	size_t n = strlen(allowed);

	if (s.n < min || s.n > max)
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (memchr(allowed, s.p[i], n) == NULL)
			return false;
	return true;
}

struct span
scan_trim(struct span s)
{
	while (s.n > 0 && is_ascii_space(s.p[0])) {
		s.p++;
		s.n--;
	}
	while (s.n > 0 && is_ascii_space(s.p[s.n - 1]))
		s.n--;
	return s;
}

bool
scan_cut(struct span *rest, char sep, struct span *part)
{
	if (rest->p == NULL)
		return false;
	const char *at = memchr(rest->p, sep, rest->n);
	if (at == NULL) {
		*part = *rest;
		*rest = (struct span){ NULL, 0 };
		return true;
	}
	size_t n = (size_t)(at - rest->p);
	*part = (struct span){ rest->p, n };
	*rest = (struct span){ at + 1, rest->n - n - 1 };
	return true;
}
