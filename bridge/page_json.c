/* JSON by pointers. */
#include "bridge/page_impl.h"

#include <stdio.h>

#include "bridge/text.h"
#include "core/json.h"
#include "core/scan.h"

/* Jansson takes about 80 bytes of heap for a byte of "{},{}". */
#define JSON_BYTES_MAX 262144
#define POINTER_TOKEN  256

/* One reference token with ~0 and ~1 resolved. False: malformed or too long. */
static bool
unescape(struct span token, char out[static POINTER_TOKEN])
{
	size_t n = 0;

	for (size_t i = 0; i < token.n; i++) {
		char c = token.p[i];

		if (c == '~') {
			if (++i == token.n || (token.p[i] != '0' && token.p[i] != '1'))
				return false;
			c = token.p[i] == '0' ? '~' : '/';
		}
		if (n + 1 >= POINTER_TOKEN)
			return false;
		out[n++] = c;
	}
	out[n] = '\0';
	return true;
}

/* RFC 6901; NULL: nothing there. */
static const json_t *
follow(const json_t *v, const char *pointer)
{
	struct span rest = span_of(pointer + 1), token;
	char name[POINTER_TOKEN];
	int64_t index;

	while (v != NULL && scan_cut(&rest, '/', &token)) {
		if (!unescape(token, name))
			return NULL;
		if (json_is_object(v))
			v = json_object_get(v, name);
		else if (json_is_array(v) && scan_i64(span_of(name), 0, INT32_MAX, &index))
			v = json_array_get(v, (size_t)index);
		else
			v = NULL;
	}
	return v;
}

static struct span
as_text(const json_t *v, char number[static 32])
{
	if (json_is_string(v))
		return (struct span){ json_string_value(v), json_string_length(v) };
	if (!json_is_integer(v))
		return (struct span){ NULL, 0 };
	(void)snprintf(number, 32, "%lld", (long long)json_integer_value(v));
	return span_of(number);
}

static bool
is_json(struct span type)
{
	return span_eq(type, SPAN("application/json")) || (type.n > 5 && memcmp(type.p + type.n - 5, "+json", 5) == 0);
}

enum page_verdict
page_read_json(struct page_reader *r, struct arena *a, const struct page_answer *answer, struct span text[static PAGE_FIELD__COUNT],
	       const char **why)
{
	const char *reason = NULL;
	json_t *root = NULL;
	bool failed = false;
	char number[32];

	/* an application server without the application says 404 too, in HTML */
	*why = "not a JSON document";
	if (!is_json(answer->type))
		return PAGE_BAD;
	*why = "longer than a JSON answer may be";
	if (answer->body.n > JSON_BYTES_MAX)
		return PAGE_BAD;
	if (json_decode(a, answer->body, &root, &reason) != E_OK) {
		*why = reason == NULL ? "not JSON" : reason;
		return PAGE_BAD;
	}
	if (r->missing_http != 0 && answer->http == r->missing_http)
		return PAGE_MISSING;
	if (r->missing.pointer != NULL) {
		const json_t *found = follow(root, r->missing.pointer);

		if (found != NULL && !json_is_null(found) && !json_is_false(found))
			return PAGE_MISSING;
	}
	*why = "an error answer";
	if (answer->http != 200)
		return PAGE_BAD;
	*why = "out of memory";
	for (size_t i = 0; i < PAGE_FIELD__COUNT && !failed; i++)
		if (r->field[i].pointer != NULL)
			text[i] = text_clean(a, as_text(follow(root, r->field[i].pointer), number), PAGE_CHARS_MAX, &failed);
	return failed ? PAGE_BAD : PAGE_READ;
}
