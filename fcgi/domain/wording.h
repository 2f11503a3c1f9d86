/* The texts of messages as administrators see and change them.
 *
 * A changed text holds for the next message. Each change keeps what stood there before, with who and when; seeding leaves a changed
 * text alone. The text must equal what is registered under its DLT template id: the one cannot be changed without the other. */
#ifndef EKMC_DOMAIN_WORDING_H
#define EKMC_DOMAIN_WORDING_H

#include "core/db.h"
#include "core/schema.h"
#include "domain/template.h"

#define WORDING_TEXT_MAX   1000 /* characters, as the column */
#define WORDING_DLT_DIGITS 19

/* What a message of this name can be filled with, and must not lack: bits 1 << enum placeholder_id. */
struct wording_kind {
	const char *code;
	unsigned may, must;
};
extern const struct wording_kind wording_kinds[];
extern const size_t wording_n_kinds;
/* NULL: there is no message of that name. */
const struct wording_kind *wording_kind(struct span code);

struct wording {
	struct span code, audience; /* "citizen", "officer" */
	enum lang lang;
	struct span text, dlt_id;
	int64_t changed_ms;     /* CLOCK_NONE: as it was seeded */
	struct span changed_by; /* user name; p == NULL: nobody */
};

/* All of them, by code, then language. */
MUST_USE enum status wording_list(struct db *db, struct arena *a, const struct wording **out, size_t *n);
/* E_NOT_FOUND. */
MUST_USE enum status wording_find(struct db *db, struct arena *a, struct span code, enum lang lang, struct wording *out);

/* What stood there until `at_ms`, newest first, at most 50. */
struct wording_change {
	int64_t at_ms;
	struct span by, text, dlt_id; /* who changed it; what it was before */
};
MUST_USE enum status wording_history(struct db *db, struct arena *a, struct span code, enum lang lang,
				     const struct wording_change **out, size_t *n);

/* *text becomes NFC and is checked: placeholders and characters that fit, nothing missing, TEMPLATE_PARTS_MOST at full length.
 * E_INVALID with a field error at "/text"; E_NOMEM. */
MUST_USE enum status wording_check(struct arena *a, const struct wording_kind *kind, enum lang lang, const char *site,
				   struct span *text, struct field_errors *errors);

/* The message with every placeholder at its longest, and filled with an example (the arena's; p == NULL: out of memory). `text` is
 * one that wording_check passed, or one that is stored. */
struct template_size wording_longest(struct span text, const char *site);
MUST_USE struct span wording_example(struct arena *a, struct span text, enum lang lang, const char *site);

/* Stores a checked text. The same text and id again change nothing. E_NOT_FOUND. */
struct wording_edit {
	struct span code;
	enum lang lang;
	struct span text, dlt_id;
	int64_t staff_id, now_ms;
};
MUST_USE enum status wording_change(struct db *db, struct arena *a, const struct wording_edit *edit);

extern const struct sql wording_sql[];
extern const size_t wording_sql_n;

#endif
