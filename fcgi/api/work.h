/* What employees ask for when they list complaints: one set of filters for inboxes, the register and searches. */
#ifndef EKMC_API_WORK_H
#define EKMC_API_WORK_H

#include "api/params.h"
#include "core/json.h"
#include "domain/work.h"
#include "http/call.h"

struct work_query {
	int tab, sort, channel;
	struct span state;          /* of a query: by comma */
	struct schema_texts states; /* of a body */
	struct span department, category, subcategory, holder, text, mobile;
	int64_t ward, borough, level, min_days, max_days, lodged_after_ms, lodged_before_ms;
	bool overdue, has_overdue;
	struct param_page page;
};
#define WORK_QUERY_INIT                                                                                                            \
	{                                                                                                                          \
		.tab = -1, .channel = -1, .level = -1, .min_days = -1, .max_days = -1, .lodged_before_ms = WORK_FOREVER_MS,        \
		.page = PAGE_INIT                                                                                                  \
	}

extern const char *const work_channels[];

#define WORK_AT(member) .offset = offsetof(struct work_query, member)
/* Rows of a table for a struct work_query: all but the states, which are written otherwise in a query and in a body. */
#define WORK_FIELDS                                                                                                                \
	{ .name = "department", .type = FIELD_LINE, WORK_AT(department), .min = 1, .max = 8 },                                     \
		{ .name = "category", .type = FIELD_LINE, WORK_AT(category), .min = 1, .max = 10 },                                \
		{ .name = "subcategory", .type = FIELD_LINE, WORK_AT(subcategory), .min = 1, .max = 10 },                          \
		{ .name = "ward", .type = FIELD_INT, WORK_AT(ward), .min = 1, .max = WARDS },                                      \
		{ .name = "borough", .type = FIELD_INT, WORK_AT(borough), .min = 1, .max = BOROUGHS },                             \
		{ .name = "level", .type = FIELD_INT, WORK_AT(level), .min = 0, .max = LEVEL_MOST },                               \
		{ .name = "channel", .type = FIELD_CHOICE, WORK_AT(channel), .choices = work_channels },                           \
		{ .name = "holder", .type = FIELD_LINE, WORK_AT(holder), .min = 1, .max = 60 },                                    \
		{ .name = "overdue", .type = FIELD_BOOL, WORK_AT(overdue), .present = offsetof(struct work_query, has_overdue) },  \
		{ .name = "min_days", .type = FIELD_INT, WORK_AT(min_days), .min = 0, .max = 36500 },                              \
		{ .name = "max_days", .type = FIELD_INT, WORK_AT(max_days), .min = 0, .max = 36500 },                              \
		{ .name = "lodged_after", .type = FIELD_TIME, WORK_AT(lodged_after_ms) },                                          \
		{ .name = "lodged_before", .type = FIELD_TIME, WORK_AT(lodged_before_ms) },                                        \
		{ .name = "text", .type = FIELD_LINE, WORK_AT(text), .min = 1, .max = 40 }, PAGE_FIELDS(struct work_query, page)

/* The filter that was asked for; E_INVALID names what cannot be one. *depends: all that the list depends on, for cursors. */
MUST_USE enum status work_filter_read(struct call *c, const struct directory *d, const struct work_query *in, struct work_filter *f,
				      struct span *depends);

/* The items of a page as an array; a new reference, NULL on exhaustion. */
json_t *work_items_json(const struct work_page *page);

#endif
