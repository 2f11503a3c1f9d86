/* What several resources read from a request in the same way. */
#ifndef EKMC_API_PARAMS_H
#define EKMC_API_PARAMS_H

#include "domain/complaint.h"
#include "http/call.h"

/* The complaint number of the path, normalised to 12 digits in the arena. E_MISTYPED and E_INVALID carry the pointer "/number";
 * E_OTHER_SYSTEM: from before the go-live. */
MUST_USE enum status param_number(struct call *c, const char **number);
/* The same for a number that stands elsewhere, as in the query. */
MUST_USE enum status param_number_in(struct call *c, struct span text, const char **number);

/* The same for a number that stands in the field `pointer` of a body. E_INVALID with the field's error: mistyped, not found (from
 * before the go-live: not here), or no number at all. */
MUST_USE enum status param_number_field(struct call *c, const char *pointer, struct span text, const char **number);

/* {"lat","lon","accuracy_m"?} of a body; accuracy_m stays as the caller of the table set it. */
struct location {
	double lat, lon, accuracy_m;
};
#define LOCATION_FIELDS 3
extern const struct field location_fields[LOCATION_FIELDS];

/* The complaint of that number, if this actor may see it; numbers of the old system are simply not here: E_NOT_FOUND. */
MUST_USE enum status param_complaint(struct call *c, struct complaint *out);

/* Ids of attachments from the body; the one that is none becomes "/attachments/1" not_found. */
MUST_USE enum status param_attachments(struct call *c, struct schema_texts texts, uint8_t (*ids)[ATTACHMENT_ID_BYTES]);

/* The hashes that a repeated request is recognised by: method, path and key; and the body's bytes. */
void param_idempotency(const struct call *c, uint8_t scope[static SEAL_HASH_BYTES], uint8_t body_hash[static SEAL_HASH_BYTES]);

/* Bytes as small hexadecimal digits, in the arena; NULL on exhaustion. */
const char *param_hex(const struct call *c, const void *bytes, size_t n);

/* How much of a list is asked for, and behind which place: the same two rows in the table of every list. */
struct param_page {
	int64_t limit;
	struct span cursor;
};
#define PAGE_LIMIT 100
#define PAGE_INIT                                                                                                                  \
	{                                                                                                                          \
		.limit = 20                                                                                                        \
	}
/* NOLINTBEGIN(bugprone-macro-parentheses): a type and a member's name take none */
#define LIMIT_FIELD(T, m)                                                                                                          \
	{                                                                                                                          \
		.name = "limit", .type = FIELD_INT, .offset = offsetof(T, m), .min = 1, .max = PAGE_LIMIT                          \
	}
#define PAGE_FIELDS(T, m)                                                                                                          \
	LIMIT_FIELD(T, m.limit),                                                                                                   \
	{                                                                                                                          \
		.name = "cursor", .type = FIELD_LINE, .offset = offsetof(T, m.cursor), .min = 1, .max = 100                        \
	}
/* NOLINTEND(bugprone-macro-parentheses) */

/* An opaque, signed place in a list of this actor and query: "list" must hold everything the list depends on. */
const char *param_cursor(const struct call *c, struct span list, int64_t id);
/* E_INVALID with the pointer "/cursor" for a foreign, old or forged one. */
MUST_USE enum status param_cursor_read(struct call *c, struct span list, struct span cursor, int64_t *id);

/* The same for a list whose order takes several values, such as (urgency, due, id). */
#define CURSOR_PLACE_MAX 3
const char *param_cursor_at(const struct call *c, struct span list, const int64_t *place, size_t n);
MUST_USE enum status param_cursor_at_read(struct call *c, struct span list, struct span cursor, int64_t *place, size_t n);

#endif
