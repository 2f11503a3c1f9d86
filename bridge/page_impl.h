/* Internal to page: its two formats. */
#ifndef EKMC_BRIDGE_PAGE_IMPL_H
#define EKMC_BRIDGE_PAGE_IMPL_H

#include <libxml/xpath.h>

#include "bridge/page.h"

/* Longest text of a field, in code points. */
#define PAGE_CHARS_MAX 2000

/* What a configured expression means. */
struct page_rule {
	const char *pointer;          /* JSON */
	xmlXPathCompExprPtr compiled; /* HTML; NULL: not configured */
};

struct page_reader {
	enum legacy_format format;
	const char *charset; /* of the configuration; empty: as the page says */
	long missing_http;   /* "http:404"; 0: by the rule below */
	struct page_rule missing;
	struct page_rule field[PAGE_FIELD__COUNT];
};

MUST_USE enum page_verdict page_read_html(struct page_reader *r, struct arena *a, const struct page_answer *answer,
					  struct span text[static PAGE_FIELD__COUNT], const char **why);
MUST_USE enum page_verdict page_read_json(struct page_reader *r, struct arena *a, const struct page_answer *answer,
					  struct span text[static PAGE_FIELD__COUNT], const char **why);

#endif
