/* Filling templates and counting parts. */
#include "domain/template.h"

#include <stdio.h>

#include "core/log.h"
#include "core/scan.h"

enum limit { CUT, WHOLE };

/* clang-format off */
static const struct {
	const char *name;
	size_t longest; /* code points */
	enum limit limit;
} placeholders[] = {
	{ "number",      14, WHOLE },
	{ "parent",      14, WHOLE },
	{ "subcategory", 30, CUT },
	{ "department",  30, CUT },
	{ "ward",         3, WHOLE },
	{ "due",         16, WHOLE },
	{ "until",       10, WHOLE },
	{ "level",        1, WHOLE },
	{ "rating",       1, WHOLE },
	{ "reason",      30, CUT },
	{ "code",         6, WHOLE },
	{ "minutes",      2, WHOLE },
	{ "site",       200, WHOLE }, /* a constant of the installation, whitelisted by DLT: it is as long as it is */
	{ "link",        28, WHOLE },
};
/* clang-format on */

static enum status
refuse(const char *why, struct span name)
{
	log_detail(LOG_ERROR, "template_refused", "%s: {%.*s}", why, SPAN_FMT(name));
	return E_INTERNAL;
}

/* The first `longest` code points, without the last word if that is cut through. */
static struct span
cut(struct span s, size_t longest)
{
	size_t i = 0, space = 0;

	for (size_t n = 0; n < longest; n++) {
		if (s.p[i] == ' ')
			space = i;
		if (scan_utf8_next(s, &i) < 0)
			return (struct span){ s.p, i };
	}
	if (s.p[i] != ' ' && space > 0)
		i = space;
	return (struct span){ s.p, i };
}

static enum status
add_value(struct span name, struct span value, struct buf *out)
{
	size_t chars;

	for (size_t i = 0; i < ARRAY_LEN(placeholders); i++) {
		if (!span_eq(span_of(placeholders[i].name), name))
			continue;
		if (!scan_utf8(value, &chars))
			return refuse("not UTF-8", name);
		if (chars > placeholders[i].longest && placeholders[i].limit == WHOLE)
			return refuse("longer than it may be", name);
		buf_span(out, chars > placeholders[i].longest ? cut(value, placeholders[i].longest) : value);
		return E_OK;
	}
	return refuse("unknown placeholder", name);
}

static enum status
add_variable(struct span name, const json_t *vars, struct buf *out)
{
	const json_t *v = json_object_getn(vars, name.p, name.n);
	char number[24];

	if (json_is_string(v))
		return add_value(name, (struct span){ json_string_value(v), json_string_length(v) }, out);
	if (!json_is_integer(v))
		return refuse("variable missing", name);
	(void)snprintf(number, sizeof(number), "%jd", (intmax_t)json_integer_value(v));
	return add_value(name, span_of(number), out);
}

enum status
template_fill(struct span text, const json_t *vars, struct buf *out)
{
	for (size_t i = 0; i < text.n;) {
		const char *p = text.p + i, *end;
		enum status st;

		if (*p != '{') {
			if (*p == '}')
				return refuse("a brace without its pair", (struct span){ NULL, 0 });
			buf_char(out, *p);
			i++;
			continue;
		}
		end = memchr(p, '}', text.n - i);
		if (end == NULL)
			return refuse("a brace without its pair", (struct span){ NULL, 0 });
		st = add_variable((struct span){ p + 1, (size_t)(end - p) - 1 }, vars, out);
		if (st != E_OK)
			return st;
		i += (size_t)(end - p) + 1;
	}
	return out->failed ? E_NOMEM : E_OK;
}

/* GSM 03.38 beyond what it shares with ASCII. */
static const int32_t gsm_basic[] = {
	0xA3,  0xA5,  0xE8,  0xE9,  0xF9,  0xEC,  0xF2,  0xC7,  0xD8,  0xF8, 0xC5, 0xE5, 0x394,
	0x3A6, 0x393, 0x39B, 0x3A9, 0x3A0, 0x3A8, 0x3A3, 0x398, 0x39E, 0xC6, 0xE6, 0xDF, 0xC9,
	0xA4,  0xA1,  0xC4,  0xD6,  0xD1,  0xDC,  0xA7,  0xBF,  0xE4,  0xF6, 0xF1, 0xFC, 0xE0,
};

/* Septets of one character: 1, 2 (extension table), or 0: not in the alphabet. */
static int
gsm_septets(int32_t c)
{
	if (c == '\f' || c == 0x20AC || (c > 0 && c < 0x80 && strchr("^{}\\[~]|", (int)c) != NULL))
		return 2;
	if (c == '\n' || c == '\r' || (c >= ' ' && c <= '~' && c != '`'))
		return 1;
	for (size_t i = 0; i < ARRAY_LEN(gsm_basic); i++)
		if (gsm_basic[i] == c)
			return 1;
	return 0;
}

/* Parts of a text of which a character takes one or two units that are never parted. */
static int
parts_of(struct span text, int (*units_of)(int32_t), int single, int each)
{
	int total = 0, parts = 1, used = 0;

	for (size_t i = 0; i < text.n;) {
		int units = units_of(scan_utf8_next(text, &i));

		total += units;
		if (used + units > each) {
			parts++;
			used = 0;
		}
		used += units;
	}
	return total == 0 ? 0 : total <= single ? 1 : parts;
}

static int
ucs2_units(int32_t c)
{
	return c > 0xFFFF ? 2 : 1;
}

int
template_parts(struct span text)
{
	size_t chars;

	if (!scan_utf8(text, &chars))
		return 0;
	for (size_t i = 0; i < text.n;)
		if (gsm_septets(scan_utf8_next(text, &i)) == 0)
			return parts_of(text, ucs2_units, 70, 67);
	return parts_of(text, gsm_septets, 160, 153);
}
