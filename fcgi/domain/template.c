/* Filling templates and counting their sizes. */
#include "domain/template.h"

#include <stdio.h>

#include "core/log.h"
#include "core/scan.h"

#define CUT_LEAST 9 /* a reason of less says nothing */
#define CUT_STEP  3

/* clang-format off */
const struct placeholder placeholders[PLACEHOLDER__COUNT] = {
	[PH_NUMBER] =      { "number",      14, false, { "2611 0000 0016", "2611 0000 0016", "2611 0000 0016" } },
	[PH_PARENT] =      { "parent",      14, false, { "2611 0000 0024", "2611 0000 0024", "2611 0000 0024" } },
	[PH_SUBCATEGORY] = { "subcategory", 30, true,  { "Street light not working", "রাস্তার আলো জ্বলছে না", "सड़क की बत्ती बंद है" } },
	[PH_DEPARTMENT] =  { "department",  30, true,  { "Lighting & Electricity", "আলো ও বিদ্যুৎ", "प्रकाश एवं विद्युत" } },
	[PH_WARD] =        { "ward",         3, false, { "63", "63", "63" } },
	[PH_DUE] =         { "due",         16, false, { "24-11-2026 21:10", "24-11-2026 21:10", "24-11-2026 21:10" } },
	[PH_UNTIL] =       { "until",       10, false, { "03-12-2026", "03-12-2026", "03-12-2026" } },
	[PH_LEVEL] =       { "level",        1, false, { "1", "1", "1" } },
	[PH_RATING] =      { "rating",       1, false, { "4", "4", "4" } },
	[PH_REASON] =      { "reason",      30, true,  { "Not in my area", "আমার এলাকা নয়", "मेरा क्षेत्र नहीं है" } },
	[PH_HOLDER] =      { "holder",      30, true,  { "Partha Bose", "পার্থ বসু", "Partha Bose" } },
	[PH_CODE] =        { "code",         6, false, { "042117", "042117", "042117" } },
	[PH_MINUTES] =     { "minutes",      2, false, { "5", "5", "5" } },
	/* a constant of the installation, whitelisted by DLT: it is as long as it is */
	[PH_SITE] =        { "site",       200, false, { "https://kmc.example", "https://kmc.example", "https://kmc.example" } },
	[PH_LINK] =        { "link",        28, false, { "261100000016dEmO-dEmO_dEmO12", "261100000016dEmO-dEmO_dEmO12",
							 "261100000016dEmO-dEmO_dEmO12" } },
};
/* clang-format on */

enum placeholder_id
placeholder_parse(struct span name)
{
	enum placeholder_id id = PH_NUMBER;

	while (id < PLACEHOLDER__COUNT && !span_eq(span_of(placeholders[id].name), name))
		id++;
	return id;
}

bool
template_piece(struct span *rest, struct template_piece *out, bool *paired)
{
	const char *end;
	size_t n = 0;

	*paired = true;
	if (rest->n == 0)
		return false;
	while (n < rest->n && rest->p[n] != '{' && rest->p[n] != '}')
		n++;
	if (n > 0) {
		*out = (struct template_piece){ { rest->p, n }, false };
		*rest = (struct span){ rest->p + n, rest->n - n };
		return true;
	}
	end = rest->p[0] == '{' ? memchr(rest->p, '}', rest->n) : NULL;
	*paired = end != NULL;
	if (end == NULL)
		return false;
	n = (size_t)(end - rest->p);
	*out = (struct template_piece){ { rest->p + 1, n - 1 }, true };
	*rest = (struct span){ end + 1, rest->n - n - 1 };
	return true;
}

/* ---- filling */

static enum status
refuse(const char *why, struct span name)
{
	log_detail(LOG_ERROR, "template_refused", "%s: {%.*s}", why, SPAN_FMT(name));
	return E_INTERNAL;
}

/* Whether Bengali or Devanagari `c` belongs to the letter before it: a vowel sign, a virama, the second half of a conjunct. */
static bool
is_joined(int32_t before, int32_t c)
{
	int32_t place = (c >= 0x980 ? c - 0x980 : c - 0x900); /* the blocks are laid out alike */

	if (c == 0x200C || c == 0x200D || before == 0x200D || before == 0x94D || before == 0x9CD)
		return true;
	if (c < 0x900 || c > 0x9FF)
		return false;
	return place <= 0x03 || (place >= 0x3A && place <= 0x4F && place != 0x3D) || (place >= 0x51 && place <= 0x57) ||
	       place == 0x62 || place == 0x63;
}

static bool
is_blank(int32_t c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Without what leads on to words that are not there: the template has a full stop of its own. */
static struct span
trim_end(struct span s)
{
	static const char *const ends[] = {
		" ", "\t", "\r", "\n", ",", ";", ":", ".", "-", "/", "(", "[", "–", "—", "…", "।", "॥"
	};
	struct span rest = s;

	for (size_t i = 0; i < ARRAY_LEN(ends) && rest.n > 0;) {
		const size_t n = strlen(ends[i]);

		if (rest.n >= n && memcmp(rest.p + rest.n - n, ends[i], n) == 0) {
			rest.n -= n;
			i = 0;
		} else {
			i++;
		}
	}
	return rest.n > 0 ? rest : s;
}

/* The first `longest` code points, without the last word if that is cut through; within a word, never within a letter. */
static struct span
cut(struct span s, size_t longest)
{
	size_t i = 0, space = 0, letter = 0;
	int32_t before = 0;

	for (size_t n = 0;; n++) {
		size_t at = i;
		int32_t c = scan_utf8_next(s, &i);

		if (c < 0)
			return s;
		if (!is_joined(before, c))
			letter = at;
		if (n == longest)
			return trim_end((struct span){ s.p, is_blank(c) ? at : space > 0 ? space : letter > 0 ? letter : at });
		if (is_blank(c))
			space = at;
		before = c;
	}
}

/* What turns the text around it (embeddings, overrides, isolates) or shows nothing at all; joiners are part of letters and emoji.
 */
static bool
is_hidden(int32_t c)
{
	return c == 0x200B || c == 0x200E || c == 0x200F || (c >= 0x202A && c <= 0x202E) || (c >= 0x2060 && c <= 0x206F) ||
	       c == 0xFEFF;
}

/* A note of several lines is one line in a message, and turns nothing of the message round. */
static void
add_line(struct buf *out, struct span text)
{
	bool blank = false;

	for (size_t i = 0; i < text.n;) {
		const size_t at = i;
		const int32_t c = scan_utf8_next(text, &i);

		if (is_hidden(c))
			continue;
		if (!is_blank(c))
			buf_span(out, (struct span){ text.p + at, i - at });
		else if (at > 0 && !blank)
			buf_char(out, ' ');
		blank = is_blank(c);
	}
}

static enum status
add_value(struct span name, struct span value, size_t cut_at, struct buf *out)
{
	enum placeholder_id id = placeholder_parse(name);
	size_t chars;

	if (id == PLACEHOLDER__COUNT)
		return refuse("unknown placeholder", name);
	if (!scan_utf8(value, &chars))
		return refuse("not UTF-8", name);
	if (!placeholders[id].cut && chars > placeholders[id].longest)
		return refuse("longer than it may be", name);
	if (placeholders[id].cut)
		add_line(out, cut(value, cut_at < placeholders[id].longest ? cut_at : placeholders[id].longest));
	else
		buf_span(out, value);
	return E_OK;
}

static enum status
add_variable(struct span name, const json_t *vars, size_t cut_at, struct buf *out)
{
	const json_t *v = json_object_getn(vars, name.p, name.n);
	char number[24];

	if (json_is_string(v))
		return add_value(name, (struct span){ json_string_value(v), json_string_length(v) }, cut_at, out);
	if (!json_is_integer(v))
		return refuse("variable missing", name);
	(void)snprintf(number, sizeof(number), "%jd", (intmax_t)json_integer_value(v));
	return add_value(name, span_of(number), cut_at, out);
}

static enum status
fill(struct span text, const json_t *vars, size_t cut_at, struct buf *out)
{
	struct template_piece piece;
	bool paired;

	buf_clear(out);
	while (template_piece(&text, &piece, &paired)) {
		enum status st = E_OK;

		if (piece.is_name)
			st = add_variable(piece.text, vars, cut_at, out);
		else
			buf_span(out, piece.text);
		if (st != E_OK)
			return st;
	}
	if (!paired)
		return refuse("a brace without its pair", (struct span){ NULL, 0 });
	return out->failed ? E_NOMEM : E_OK;
}

enum status
template_fill(struct span text, const json_t *vars, struct buf *out)
{
	size_t whole = placeholders[PH_REASON].longest;
	enum status st = fill(text, vars, whole, out);

	for (size_t cut_at = whole; st == E_OK && template_size(buf_view(out)).parts > TEMPLATE_PARTS_MOST;) {
		if (cut_at <= CUT_LEAST)
			return fill(text, vars, whole, out); /* it is not the words that are too long */
		cut_at -= CUT_STEP;
		st = fill(text, vars, cut_at, out);
	}
	return st;
}

/* ---- counting */

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
static struct template_size
size_of(struct span text, bool unicode, int (*units_of)(int32_t), int single, int each)
{
	struct template_size size = { .unicode = unicode, .parts = 1 };
	int used = 0;

	for (size_t i = 0; i < text.n;) {
		int units = units_of(scan_utf8_next(text, &i));

		size.units += units;
		if (used + units > each) {
			size.parts++;
			used = 0;
		}
		used += units;
	}
	if (size.units <= single)
		size.parts = 1;
	return size;
}

static int
ucs2_units(int32_t c)
{
	return c > 0xFFFF ? 2 : 1;
}

struct template_size
template_size(struct span text)
{
	size_t chars;

	if (text.n == 0 || !scan_utf8(text, &chars))
		return (struct template_size){ .parts = 0 };
	for (size_t i = 0; i < text.n;)
		if (gsm_septets(scan_utf8_next(text, &i)) == 0)
			return size_of(text, true, ucs2_units, 70, 67);
	return size_of(text, false, gsm_septets, 160, 153);
}
