/* Compiling the rules of the configuration; choosing the format. */
#include "bridge/page_impl.h"

#include <libxml/parser.h>
#include <libxml/xmlerror.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/scan.h"

static const struct {
	const char *key;
	size_t offset;
} keys[] = {
	[PAGE_NUMBER] = { "legacy.number", offsetof(struct conf, legacy.number) },
	[PAGE_STATUS] = { "legacy.status", offsetof(struct conf, legacy.status) },
	[PAGE_DEPARTMENT] = { "legacy.department", offsetof(struct conf, legacy.department) },
	[PAGE_CATEGORY] = { "legacy.category", offsetof(struct conf, legacy.category) },
	[PAGE_WARD] = { "legacy.ward", offsetof(struct conf, legacy.ward) },
	[PAGE_LODGED] = { "legacy.lodged", offsetof(struct conf, legacy.lodged) },
	[PAGE_CLOSED] = { "legacy.closed", offsetof(struct conf, legacy.closed) },
	[PAGE_REMARK] = { "legacy.remark", offsetof(struct conf, legacy.remark) },
};
_Static_assert(ARRAY_LEN(keys) == PAGE_FIELD__COUNT, "a field has no key");

static void
silent(void *arg, const char *fmt, ...)
{
	(void)arg;
	(void)fmt;
}

static void
silent_error(void *arg, xmlErrorPtr error)
{
	(void)arg;
	(void)error;
}

void
page_global(void)
{
	xmlInitParser();
	/* the handlers are per thread: these are the ones that later threads begin with */
	xmlSetGenericErrorFunc(NULL, silent);
	xmlSetStructuredErrorFunc(NULL, silent_error);
	(void)xmlThrDefSetGenericErrorFunc(NULL, silent);
	(void)xmlThrDefSetStructuredErrorFunc(NULL, silent_error);
}

static const char *
setting(const struct conf *c, size_t offset)
{
	const char *text;

	memcpy(&text, (const char *)c + offset, sizeof(text));
	return text;
}

static bool
compile(struct page_reader *r, struct page_rule *rule, const char *expression)
{
	if (expression[0] == '\0')
		return true;
	if (r->format == LEGACY_JSON) {
		rule->pointer = expression;
		return expression[0] == '/';
	}
	rule->compiled = xmlXPathCompile((const xmlChar *)expression);
	return rule->compiled != NULL;
}

static bool
compile_missing(struct page_reader *r, const char *rule)
{
	int64_t http;

	if (strncmp(rule, "http:", 5) != 0)
		return compile(r, &r->missing, rule);
	if (!scan_i64(span_of(rule + 5), 400, 499, &http))
		return false;
	r->missing_http = (long)http;
	return true;
}

struct page_reader *
page_reader_new(const struct conf *c, char *why, size_t why_cap)
{
	struct page_reader *r = calloc(1, sizeof(*r));

	(void)snprintf(why, why_cap, "out of memory");
	if (r == NULL)
		return NULL;
	r->format = (enum legacy_format)c->legacy.format;
	r->charset = c->legacy.charset;
	if (!compile_missing(r, c->legacy.not_found)) {
		(void)snprintf(why, why_cap, "legacy.not_found: neither http:4xx nor a valid expression");
		page_reader_free(r);
		return NULL;
	}
	for (size_t i = 0; i < PAGE_FIELD__COUNT; i++) {
		if (compile(r, &r->field[i], setting(c, keys[i].offset)))
			continue;
		(void)snprintf(why, why_cap, "%s: not a valid %s", keys[i].key,
			       r->format == LEGACY_JSON ? "JSON pointer" : "XPath expression");
		page_reader_free(r);
		return NULL;
	}
	return r;
}

void
page_reader_free(struct page_reader *r)
{
	if (r == NULL)
		return;
	xmlXPathFreeCompExpr(r->missing.compiled);
	for (size_t i = 0; i < PAGE_FIELD__COUNT; i++)
		xmlXPathFreeCompExpr(r->field[i].compiled);
	free(r);
}

enum page_verdict
page_read(struct page_reader *r, struct arena *a, const struct page_answer *answer, struct span text[static PAGE_FIELD__COUNT],
	  const char **why)
{
	for (size_t i = 0; i < PAGE_FIELD__COUNT; i++)
		text[i] = (struct span){ NULL, 0 };
	*why = "";
	if (answer->body.n == 0) {
		*why = "an empty answer";
		return PAGE_BAD;
	}
	return r->format == LEGACY_JSON ? page_read_json(r, a, answer, text, why) : page_read_html(r, a, answer, text, why);
}
