/* A move as callers ask for it: one set of fields for a single action, for many at once and for a link of a message. */
#ifndef EKMC_API_ACTIONS_H
#define EKMC_API_ACTIONS_H

#include "api/params.h"
#include "api/render.h"
#include "domain/move.h"
#include "http/call.h"

struct action_body {
	int action;
	int64_t version, ward, stars;
	struct span note, lme, subcategory, landmark, comment, parent, mobile;
	bool internal, has_location, has_priority, priority;
	struct location location;
	struct schema_texts reasons, uploads;
};
#define ACTION_BODY_INIT                                                                                                           \
	{                                                                                                                          \
		.action = -1, .location = {.accuracy_m = -1 }                                                                      \
	}

/* Rows of a table for a struct whose member `m` is a struct action_body. */
/* NOLINTBEGIN(bugprone-macro-parentheses): a type and a member's name take none */
#define ACTION_FIELDS(T, m)                                                                                                        \
	{ .name = "action", .type = FIELD_CHOICE, .offset = offsetof(T, m.action), .required = true, .choices = action_names },    \
		{ .name = "note", .type = FIELD_TEXT, .offset = offsetof(T, m.note), .min = 1, .max = 1000 },                      \
		{ .name = "internal", .type = FIELD_BOOL, .offset = offsetof(T, m.internal) },                                     \
		{ .name = "lme", .type = FIELD_LINE, .offset = offsetof(T, m.lme), .min = 1, .max = 60 },                          \
		{ .name = "subcategory", .type = FIELD_LINE, .offset = offsetof(T, m.subcategory), .min = 1, .max = 10 },          \
		{ .name = "ward", .type = FIELD_INT, .offset = offsetof(T, m.ward), .min = 1, .max = WARDS },                      \
		{ .name = "location",                                                                                              \
		  .type = FIELD_OBJECT,                                                                                            \
		  .offset = offsetof(T, m.location),                                                                               \
		  .fields = location_fields,                                                                                       \
		  .n_fields = LOCATION_FIELDS,                                                                                     \
		  .present = offsetof(T, m.has_location) },                                                                        \
		{ .name = "landmark", .type = FIELD_LINE, .offset = offsetof(T, m.landmark), .min = 1, .max = 200 },               \
		{ .name = "stars", .type = FIELD_INT, .offset = offsetof(T, m.stars), .min = 1, .max = 5 },                        \
		{ .name = "reasons", .type = FIELD_TEXTS, .offset = offsetof(T, m.reasons), .min = 1, .max = 20, .most = 5 },      \
		{ .name = "comment", .type = FIELD_TEXT, .offset = offsetof(T, m.comment), .min = 1, .max = 1000 },                \
		{ .name = "parent", .type = FIELD_LINE, .offset = offsetof(T, m.parent), .min = 1, .max = 40 },                    \
		{ .name = "mobile", .type = FIELD_LINE, .offset = offsetof(T, m.mobile), .min = 1, .max = 20 },                    \
		{ .name = "priority",                                                                                              \
		  .type = FIELD_BOOL,                                                                                              \
		  .offset = offsetof(T, m.priority),                                                                               \
		  .present = offsetof(T, m.has_priority) },                                                                        \
	{                                                                                                                          \
		.name = "attachments", .type = FIELD_TEXTS, .offset = offsetof(T, m.uploads), .min = 1, .max = 40,                 \
		.most = ATTACHMENTS_MOST                                                                                           \
	}
/* NOLINTEND(bugprone-macro-parentheses) */

/* The caller's words as the domain takes them; everything but version, scope and hash. Errors are collected. */
MUST_USE enum status action_read(struct call *c, const struct directory *d, const struct action_body *in, struct moving *m);

/* What this call works with. */
struct means action_means(const struct call *c, const struct directory *d);

/* Answers what was stored, or is to be, as it stands. */
MUST_USE enum status action_answer(struct call *c, struct span answer);

/* The members of a problem about a refused move: where the complaint stands, since when, who moved it last. The arena's; NULL when
 * it cannot be told. */
json_t *action_refused(struct call *c, int64_t complaint_id, enum action action, enum status st, enum refusal why);

/* [{"action","needs":[…],"may":[…],"until"}]; a new reference, NULL on exhaustion. */
json_t *action_offers(struct call *c, const struct directory *d, const struct complaint *complaint, const struct actor *actor,
		      unsigned only);

/* What a refusal says to people. */
extern const char *const refusal_texts[REFUSAL__COUNT][LANG__COUNT];

#endif
