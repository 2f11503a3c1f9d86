/* One pass over the code points. */
#include "bridge/text.h"

#include "core/scan.h"

enum kind { KIND_KEEP, KIND_SPACE, KIND_DROP };

static const struct {
	int32_t first, last;
	enum kind kind;
} special[] = {
	{ 0x0009, 0x000d, KIND_SPACE }, { 0x0020, 0x0020, KIND_SPACE }, { 0x0085, 0x0085, KIND_SPACE },
	{ 0x0000, 0x001f, KIND_DROP },  { 0x007f, 0x009f, KIND_DROP },  { 0x00a0, 0x00a0, KIND_SPACE },
	{ 0x00ad, 0x00ad, KIND_DROP },  { 0x061c, 0x061c, KIND_DROP },  { 0x1680, 0x1680, KIND_SPACE },
	{ 0x180e, 0x180e, KIND_DROP },  { 0x2000, 0x200a, KIND_SPACE }, { 0x200b, 0x200b, KIND_DROP },
	{ 0x200e, 0x200f, KIND_DROP },  { 0x2028, 0x2029, KIND_SPACE }, { 0x202a, 0x202e, KIND_DROP },
	{ 0x202f, 0x202f, KIND_SPACE }, { 0x205f, 0x205f, KIND_SPACE }, { 0x2060, 0x206f, KIND_DROP },
	{ 0x3000, 0x3000, KIND_SPACE }, { 0xe000, 0xf8ff, KIND_DROP },  { 0xfdd0, 0xfdef, KIND_DROP },
	{ 0xfeff, 0xfeff, KIND_DROP },  { 0xfff0, 0xffff, KIND_DROP },  { 0x1fffe, 0x10ffff, KIND_DROP },
};

static enum kind
kind_of(int32_t cp)
{
	if (cp > 0x20 && cp < 0x7f)
		return KIND_KEEP;
	for (size_t i = 0; i < ARRAY_LEN(special); i++)
		if (cp >= special[i].first && cp <= special[i].last)
			return special[i].kind;
	return KIND_KEEP;
}

struct span
text_clean(struct arena *a, struct span raw, size_t max_chars, bool *failed)
{
	size_t most = raw.n < max_chars * 4 ? raw.n : max_chars * 4, n = 0, chars = 0;
	char *out = raw.p == NULL ? NULL : arena_alloc(a, most + 1);
	bool gap = false;

	if (out == NULL) {
		*failed = *failed || raw.p != NULL;
		return (struct span){ NULL, 0 };
	}
	for (size_t i = 0, from = 0; i < raw.n && chars < max_chars; from = i) {
		int32_t cp = scan_utf8_next(raw, &i);
		enum kind kind = kind_of(cp);

		if (cp < 0) {
			i = from + 1;
			continue;
		}
		if (kind != KIND_KEEP) {
			gap = gap || (kind == KIND_SPACE && n > 0);
			continue;
		}
		if (gap) {
			if (++chars == max_chars)
				break;
			out[n++] = ' ';
			gap = false;
		}
		memcpy(out + n, raw.p + from, i - from);
		n += i - from;
		chars++;
	}
	out[n] = '\0';
	return n == 0 ? (struct span){ NULL, 0 } : (struct span){ out, n };
}
