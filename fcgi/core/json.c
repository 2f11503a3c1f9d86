/* Jansson behind two doors: a strict one in, a compact one out. */
#include "core/json.h"

#include "core/clock.h"

/* Short English for the caller; Jansson's own texts quote the input, which may be somebody's data. */
static const char *const reasons[] = {
	[json_error_unknown] = "not valid JSON",
	[json_error_stack_overflow] = "nested too deeply",
	[json_error_invalid_utf8] = "not valid UTF-8",
	[json_error_premature_end_of_input] = "the text ends too early",
	[json_error_end_of_input_expected] = "something follows the JSON value",
	[json_error_invalid_syntax] = "not valid JSON",
	[json_error_null_character] = "\\u0000 is not allowed",
	[json_error_null_byte_in_key] = "\\u0000 is not allowed",
	[json_error_duplicate_key] = "a key stands twice in an object",
	[json_error_numeric_overflow] = "a number is too large",
};

static bool
at(struct arena *a, const char *reason, int line, int column, const char **why)
{
	*why = arena_printf(a, "%s (line %d, column %d)", reason, line, column);
	if (*why == NULL)
		*why = reason;
	return false;
}

/* Jansson's own limit of 2,048 is compiled in; this look ahead needs no more than to know strings. */
static bool
shallow(struct arena *a, struct span text, const char **why)
{
	int depth = 0, line = 1, column = 0;
	bool quoted = false;

	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i];

		if (((unsigned char)c & 0xC0) != 0x80)
			column++;
		if (c == '\n') {
			line++;
			column = 0;
		}
		if (c == '\0')
			return at(a, "a NUL byte", line, column, why);
		if (c == '"')
			quoted = !quoted;
		else if (quoted && c == '\\' && i + 1 < text.n)
			i++, column++;
		else if (!quoted && (c == '{' || c == '['))
			depth++;
		else if (!quoted && (c == '}' || c == ']') && depth > 0)
			depth--;
		if (depth > JSON_MAX_DEPTH)
			return at(a, reasons[json_error_stack_overflow], line, column, why);
	}
	return true;
}

enum status
json_decode(struct arena *a, struct span text, json_t **out, const char **why)
{
	json_error_t error;
	enum json_error_code code;
	json_t *v;

	*out = NULL;
	*why = "the body is empty";
	if (text.p == NULL || text.n == 0)
		return E_MALFORMED;
	if (!shallow(a, text, why))
		return E_MALFORMED;
	v = json_loadb(text.p, text.n, JSON_REJECT_DUPLICATES, &error);
	if (v != NULL) {
		*why = NULL;
		*out = json_own(a, v);
		return *out == NULL ? E_NOMEM : E_OK;
	}
	code = json_error_code(&error);
	if (code == json_error_out_of_memory)
		return E_NOMEM;
	if ((size_t)code >= ARRAY_LEN(reasons) || reasons[code] == NULL)
		code = json_error_unknown;
	at(a, reasons[code], error.line, error.column, why);
	return E_MALFORMED;
}

static int
append(const char *p, size_t n, void *b)
{
	buf_add(b, p, n);
	return ((const struct buf *)b)->failed ? -1 : 0;
}

void
json_encode(const json_t *v, struct buf *b)
{
	/* 15 digits: what a person typed comes back as typed, 22.5726 and not 22.572600000000001 */
	if (json_dump_callback(v, append, b, JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(15)) != 0)
		b->failed = true;
}

static void
let_go(void *v)
{
	json_decref(v);
}

json_t *
json_own(struct arena *a, json_t *v)
{
	if (v == NULL || !arena_defer(a, let_go, v))
		return NULL;
	return v;
}

json_t *
json_span(struct span s)
{
	return s.p == NULL ? json_null() : json_stringn(s.p, s.n);
}

json_t *
json_time(int64_t at_ms)
{
	char text[CLOCK_TEXT_SIZE];

	return at_ms == CLOCK_NONE ? json_null() : json_string(clock_text(at_ms, text));
}
