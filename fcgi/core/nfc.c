/* Decompose, sort, compose. */
#include "core/nfc.h"

#include "core/scan.h"

/* clang-format off */
static const struct {
	int32_t whole, base, mark;
	bool composes; /* false: NFC keeps it in two (composition exclusion) */
} pairs[] = {
	{ 0x0929, 0x0928, 0x093C, true },  { 0x0931, 0x0930, 0x093C, true },  { 0x0934, 0x0933, 0x093C, true },
	{ 0x0958, 0x0915, 0x093C, false }, { 0x0959, 0x0916, 0x093C, false }, { 0x095A, 0x0917, 0x093C, false },
	{ 0x095B, 0x091C, 0x093C, false }, { 0x095C, 0x0921, 0x093C, false }, { 0x095D, 0x0922, 0x093C, false },
	{ 0x095E, 0x092B, 0x093C, false }, { 0x095F, 0x092F, 0x093C, false },
	{ 0x09CB, 0x09C7, 0x09BE, true },  { 0x09CC, 0x09C7, 0x09D7, true },
	{ 0x09DC, 0x09A1, 0x09BC, false }, { 0x09DD, 0x09A2, 0x09BC, false }, { 0x09DF, 0x09AF, 0x09BC, false },
};
/* clang-format on */

/* Canonical combining class: marks of a letter stand in its order; 0 begins anew. */
static int
class_of(int32_t c)
{
	switch (c) {
	case 0x093C:
	case 0x09BC:
		return 7;
	case 0x094D:
	case 0x09CD:
		return 9;
	case 0x0952:
		return 220;
	case 0x0951:
	case 0x0953:
	case 0x0954:
	case 0x09FE:
		return 230;
	default:
		return 0;
	}
}

static size_t
decompose(struct span text, int32_t *out)
{
	size_t n = 0;

	for (size_t i = 0; i < text.n;) {
		int32_t c = scan_utf8_next(text, &i);
		size_t k = 0;

		while (k < ARRAY_LEN(pairs) && pairs[k].whole != c)
			k++;
		out[n++] = k < ARRAY_LEN(pairs) ? pairs[k].base : c;
		if (k < ARRAY_LEN(pairs))
			out[n++] = pairs[k].mark;
	}
	return n;
}

/* Insertion sort of each run of marks: runs are short. */
static void
sort_marks(int32_t *c, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		int class = class_of(c[i]);

		for (size_t k = i; k > 0 && class != 0 && class_of(c[k - 1]) > class; k--) {
			int32_t mark = c[k];

			c[k] = c[k - 1];
			c[k - 1] = mark;
		}
	}
}

/* The marks of our pairs never stand behind another mark of lower class, so a pair is always side by side. */
static size_t
compose(int32_t *c, size_t n)
{
	size_t used = 0;

	for (size_t i = 0; i < n; i++) {
		size_t k = 0;

		while (k < ARRAY_LEN(pairs) &&
		       !(pairs[k].composes && used > 0 && pairs[k].base == c[used - 1] && pairs[k].mark == c[i]))
			k++;
		if (k < ARRAY_LEN(pairs))
			c[used - 1] = pairs[k].whole;
		else
			c[used++] = c[i];
	}
	return used;
}

static size_t
put_utf8(char *p, int32_t c)
{
	if (c < 0x80) {
		p[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		p[0] = (char)(0xC0 | c >> 6);
		p[1] = (char)(0x80 | (c & 0x3F));
		return 2;
	}
	if (c < 0x10000) {
		p[0] = (char)(0xE0 | c >> 12);
		p[1] = (char)(0x80 | (c >> 6 & 0x3F));
		p[2] = (char)(0x80 | (c & 0x3F));
		return 3;
	}
	p[0] = (char)(0xF0 | c >> 18);
	p[1] = (char)(0x80 | (c >> 12 & 0x3F));
	p[2] = (char)(0x80 | (c >> 6 & 0x3F));
	p[3] = (char)(0x80 | (c & 0x3F));
	return 4;
}

struct span
nfc(struct arena *a, struct span text)
{
	/* a letter of ours has three bytes and becomes two code points at most, of three bytes each */
	int32_t *c = arena_array(a, 2 * text.n, sizeof(*c));
	char *out = arena_alloc(a, 2 * text.n + 1);
	size_t n, used = 0;

	if (c == NULL || out == NULL)
		return (struct span){ NULL, 0 };
	n = decompose(text, c);
	sort_marks(c, n);
	n = compose(c, n);
	for (size_t i = 0; i < n; i++)
		used += put_utf8(out + used, c[i]);
	return (struct span){ out, used };
}
