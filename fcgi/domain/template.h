/* Texts of messages: placeholders filled, sizes counted.
 *
 * The table of placeholders, with their longest values in code points, is that of sql/seed/README.md. */
#ifndef EKMC_DOMAIN_TEMPLATE_H
#define EKMC_DOMAIN_TEMPLATE_H

#include <jansson.h>
#include "core/buf.h"
#include "core/lang.h"
#include "core/status.h"

#define TEMPLATE_PARTS_MOST 2 /* SMS parts that a message of ours may take */

enum placeholder_id {
	PH_NUMBER,
	PH_PARENT,
	PH_SUBCATEGORY,
	PH_DEPARTMENT,
	PH_WARD,
	PH_DUE,
	PH_UNTIL,
	PH_LEVEL,
	PH_RATING,
	PH_REASON,
	PH_HOLDER,
	PH_CODE,
	PH_MINUTES,
	PH_SITE,
	PH_LINK,
	PLACEHOLDER__COUNT
};

struct placeholder {
	const char *name;
	size_t longest; /* code points */
	bool cut;       /* what is longer is cut; half a number, code or link is worse than none */
	const char *example[LANG__COUNT];
};
extern const struct placeholder placeholders[PLACEHOLDER__COUNT];

/* PLACEHOLDER__COUNT: none of that name. */
enum placeholder_id placeholder_parse(struct span name);

/* One stretch of a template: plain text, or the name between braces. */
struct template_piece {
	struct span text;
	bool is_name;
};
/* Cuts the next piece off *rest; false at the end. A brace without its pair: *paired is false, and that is the end too. */
MUST_USE bool template_piece(struct span *rest, struct template_piece *out, bool *paired);

/* Puts the variables (text or whole numbers) in place of {placeholders}; the result replaces what `out` holds. A text over its
 * longest is cut, at a space where there is one, and shorter when the message would else take more than TEMPLATE_PARTS_MOST parts
 * (a Bengali reason in an English text makes all of it Unicode). White space within such a text becomes one space.
 * Errors (logged, without values): E_INTERNAL for an unknown placeholder, a missing variable, a value over its longest that may not
 * be cut, a brace without its pair. E_NOMEM when `out` is full. */
MUST_USE enum status template_fill(struct span text, const json_t *vars, struct buf *out);

/* What a text takes as SMS: GSM 03.38 (160 septets, or 153 each of several parts; the extension table costs two) when all of it is
 * in that alphabet, else UCS-2 (70 units, or 67 each). All 0 for an empty text. Source: 3GPP TS 23.038 and 23.040. */
struct template_size {
	bool unicode;
	int units, parts;
};
struct template_size template_size(struct span text);

#endif
