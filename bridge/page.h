/* Reading an answer of another system by configuration: HTML by XPath, JSON by pointers (RFC 6901).
 *
 * The expressions are compiled once. Parsing is bounded: by size (the caller's cap), by depth, by the number of XPath steps, and
 * HTML never fetches anything. Texts come out cleaned (bridge/text.h). Call page_global once, before threads; a reader is not
 * thread-safe. */
#ifndef EKMC_BRIDGE_PAGE_H
#define EKMC_BRIDGE_PAGE_H

#include "core/arena.h"
#include "core/conf.h"

enum page_field {
	PAGE_NUMBER,
	PAGE_STATUS,
	PAGE_DEPARTMENT,
	PAGE_CATEGORY,
	PAGE_WARD,
	PAGE_LODGED,
	PAGE_CLOSED,
	PAGE_REMARK,
	PAGE_FIELD__COUNT
};

struct page_reader;

struct page_answer {
	long http;
	struct span type, charset; /* of the Content-Type header; absent when not sent */
	struct span body;
};

enum page_verdict {
	PAGE_READ,    /* text[] is what the expressions found; absent where nothing was */
	PAGE_MISSING, /* the rule of "not found" holds */
	PAGE_BAD,     /* neither: an error page, another kind of document, rubbish */
};

void page_global(void);

/* NULL when an expression of the configuration is wrong; *why names it then, in `why_cap` bytes. */
MUST_USE struct page_reader *page_reader_new(const struct conf *c, char *why, size_t why_cap);
void page_reader_free(struct page_reader *r);

/* *why is set for PAGE_BAD. Texts live in `a`. */
MUST_USE enum page_verdict page_read(struct page_reader *r, struct arena *a, const struct page_answer *answer,
				     struct span text[static PAGE_FIELD__COUNT], const char **why);

#endif
