/* HTML as old portals write it: libxml2 repairs what it can and nothing is believed. */
#include "bridge/page_impl.h"

#include <libxml/HTMLparser.h>

#include "bridge/text.h"

/* Steps of all expressions together over one page: about a quarter of a second. */
#define STEPS_MAX   2000000
#define CHARSET_MAX 40

static void
silent_error(void *arg, xmlErrorPtr error)
{
	(void)arg;
	(void)error;
}

static bool
is_html(struct span type)
{
	return span_eq(type, SPAN("text/html")) || span_eq(type, SPAN("application/xhtml+xml"));
}

/* The configured charset, else the header's, else NULL: as the page's meta tag says. */
static const char *
charset_of(const struct page_reader *r, const struct page_answer *answer, char out[static CHARSET_MAX])
{
	if (r->charset[0] != '\0')
		return r->charset;
	if (answer->charset.p == NULL || answer->charset.n == 0 || answer->charset.n >= CHARSET_MAX)
		return NULL;
	memcpy(out, answer->charset.p, answer->charset.n);
	out[answer->charset.n] = '\0';
	return out;
}

/* NULL: out of steps or memory. */
static xmlXPathObjectPtr
evaluate(const struct page_rule *rule, xmlXPathContextPtr context, xmlDocPtr doc)
{
	context->node = xmlDocGetRootElement(doc);
	return xmlXPathCompiledEval(rule->compiled, context);
}

static bool
read_texts(struct page_reader *r, struct arena *a, xmlXPathContextPtr context, xmlDocPtr doc,
	   struct span text[static PAGE_FIELD__COUNT])
{
	for (size_t i = 0; i < PAGE_FIELD__COUNT; i++) {
		bool failed = false;
		xmlXPathObjectPtr found;
		xmlChar *s;

		if (r->field[i].compiled == NULL)
			continue;
		found = evaluate(&r->field[i], context, doc);
		if (found == NULL)
			return false;
		s = xmlXPathCastToString(found);
		xmlXPathFreeObject(found);
		if (s == NULL)
			return false;
		text[i] = text_clean(a, span_of((const char *)s), PAGE_CHARS_MAX, &failed);
		xmlFree(s);
		if (failed)
			return false;
	}
	return true;
}

static enum page_verdict
read_document(struct page_reader *r, struct arena *a, xmlXPathContextPtr context, xmlDocPtr doc,
	      struct span text[static PAGE_FIELD__COUNT], const char **why)
{
	*why = "the expressions take too long or too much memory";
	if (r->missing.compiled != NULL) {
		xmlXPathObjectPtr found = evaluate(&r->missing, context, doc);
		bool missing;

		if (found == NULL)
			return PAGE_BAD;
		missing = xmlXPathCastToBoolean(found) != 0;
		xmlXPathFreeObject(found);
		if (missing)
			return PAGE_MISSING;
	}
	return read_texts(r, a, context, doc, text) ? PAGE_READ : PAGE_BAD;
}

enum page_verdict
page_read_html(struct page_reader *r, struct arena *a, const struct page_answer *answer, struct span text[static PAGE_FIELD__COUNT],
	       const char **why)
{
	static const int options = HTML_PARSE_RECOVER | HTML_PARSE_NOERROR | HTML_PARSE_NOWARNING | HTML_PARSE_NONET;
	enum page_verdict verdict = PAGE_BAD;
	xmlXPathContextPtr context = NULL;
	xmlDocPtr doc = NULL;
	char charset[CHARSET_MAX];

	*why = "not an HTML page";
	if (!is_html(answer->type))
		return PAGE_BAD;
	if (r->missing_http != 0 && answer->http == r->missing_http)
		return PAGE_MISSING;
	*why = "an error page";
	if (answer->http != 200)
		return PAGE_BAD;
	*why = "a page that cannot be parsed";
	doc = htmlReadMemory(answer->body.p, (int)answer->body.n, NULL, charset_of(r, answer, charset), options);
	if (doc == NULL || xmlDocGetRootElement(doc) == NULL)
		goto out;
	context = xmlXPathNewContext(doc);
	if (context == NULL)
		goto out;
	context->opLimit = STEPS_MAX;
	context->error = silent_error;
	verdict = read_document(r, a, context, doc, text, why);
out:
	xmlXPathFreeContext(context);
	xmlFreeDoc(doc);
	return verdict;
}
