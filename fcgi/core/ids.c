/* The check digit by the dihedral group D5, and numbers made and read with it. */
#include "core/ids.h"

#include <stdlib.h>

#include "core/clock.h"
#include "core/scan.h"

/* D5: 0-4 are rotations, 5-9 reflections. */
/* clang-format off */
static const unsigned char multiply[10][10] = {
	{ 0, 1, 2, 3, 4, 5, 6, 7, 8, 9 },
	{ 1, 2, 3, 4, 0, 6, 7, 8, 9, 5 },
	{ 2, 3, 4, 0, 1, 7, 8, 9, 5, 6 },
	{ 3, 4, 0, 1, 2, 8, 9, 5, 6, 7 },
	{ 4, 0, 1, 2, 3, 9, 5, 6, 7, 8 },
	{ 5, 9, 8, 7, 6, 0, 4, 3, 2, 1 },
	{ 6, 5, 9, 8, 7, 1, 0, 4, 3, 2 },
	{ 7, 6, 5, 9, 8, 2, 1, 0, 4, 3 },
	{ 8, 7, 6, 5, 9, 3, 2, 1, 0, 4 },
	{ 9, 8, 7, 6, 5, 4, 3, 2, 1, 0 },
};
static const unsigned char permute[8][10] = {
	{ 0, 1, 2, 3, 4, 5, 6, 7, 8, 9 },
	{ 1, 5, 7, 6, 2, 8, 3, 0, 9, 4 },
	{ 5, 8, 0, 3, 7, 9, 6, 1, 4, 2 },
	{ 8, 9, 1, 6, 0, 4, 3, 5, 2, 7 },
	{ 9, 4, 5, 3, 1, 2, 6, 8, 7, 0 },
	{ 4, 2, 8, 6, 5, 7, 3, 9, 0, 1 },
	{ 2, 7, 9, 3, 8, 0, 6, 4, 1, 5 },
	{ 7, 0, 4, 6, 9, 1, 3, 2, 5, 8 },
};
/* clang-format on */
static const unsigned char inverse[10] = { 0, 4, 3, 2, 1, 5, 6, 7, 8, 9 };

static void
put_digits(char *out, size_t n, uint64_t value)
{
	for (size_t i = n; i-- > 0; value /= 10)
		out[i] = (char)('0' + value % 10);
}

int
ids_verhoeff(const char *digits, size_t n)
{
	unsigned check = 0;

	for (size_t i = 0; i < n; i++)
		check = multiply[check][permute[(i + 1) % 8][digits[n - 1 - i] - '0']];
	return inverse[check];
}

void
ids_number(int64_t id, int64_t lodged_at_ms, char out[static NUMBER_DIGITS + 1])
{
	struct clock_date d = clock_kolkata_date(lodged_at_ms);

	put_digits(out, 2, (uint64_t)d.year);
	put_digits(out + 2, 2, (uint64_t)d.month);
	put_digits(out + 4, 7, (uint64_t)id);
	out[11] = (char)('0' + ids_verhoeff(out, 11));
	out[NUMBER_DIGITS] = '\0';
}

enum number_kind
ids_number_parse(struct span s, int64_t go_live_ms, char out[static NUMBER_DIGITS + 1])
{
	char digits[NUMBER_DIGITS];

	out[0] = '\0';
	if (scan_digits(s, digits, sizeof(digits)) != NUMBER_DIGITS)
		return NUMBER_NOT;
	memcpy(out, digits, NUMBER_DIGITS);
	out[NUMBER_DIGITS] = '\0';
	int year = 2000 + (out[0] - '0') * 10 + (out[1] - '0');
	int month = (out[2] - '0') * 10 + (out[3] - '0');
	if (month < 1 || month > 12 || ids_verhoeff(out, 11) != out[11] - '0')
		return NUMBER_MISTYPED;
	struct clock_date live = clock_kolkata_date(go_live_ms);
	return year * 12 + month < live.year * 12 + live.month ? NUMBER_OLD : NUMBER_NEW;
}

const char *
ids_number_display(const char *number, char out[static NUMBER_DIGITS + 3])
{
	memcpy(out, number, 4);
	out[4] = ' ';
	memcpy(out + 5, number + 4, 4);
	out[9] = ' ';
	memcpy(out + 10, number + 8, 4);
	out[14] = '\0';
	return out;
}

void
ids_random_hex(char out[static REQUEST_ID_SIZE])
{
	static const char digits[] = "0123456789abcdef";
	unsigned char random[(REQUEST_ID_SIZE - 1) / 2];

	arc4random_buf(random, sizeof(random));
	for (size_t i = 0; i < sizeof(random); i++) {
		out[2 * i] = digits[random[i] >> 4];
		out[2 * i + 1] = digits[random[i] & 15];
	}
	out[REQUEST_ID_SIZE - 1] = '\0';
}
