/* Texts of messages: placeholders filled, parts counted.
 *
 * The table of placeholders, with their longest values in code points, is that of sql/seed/README.md. */
#ifndef EKMC_DOMAIN_TEMPLATE_H
#define EKMC_DOMAIN_TEMPLATE_H

#include <jansson.h>
#include "core/buf.h"
#include "core/status.h"

/* Puts the variables (text or whole numbers) in place of {placeholders} and appends the result to `out`. A text over its longest
 * is cut, at a space where there is one; a number, a code or a link is not: half of one is worse than none.
 * Errors (logged, without values): E_INTERNAL for an unknown placeholder, a missing variable, a value over its longest that may not
 * be cut, a brace without its pair. E_NOMEM when `out` is full. */
MUST_USE enum status template_fill(struct span text, const json_t *vars, struct buf *out);

/* How many SMS parts a text takes: GSM 03.38 (160, or 153 each of several; the extension table costs two) when all of it is in that
 * alphabet, else UCS-2 (70, or 67 each). 0 for an empty text. Source: 3GPP TS 23.038 and 23.040. */
int template_parts(struct span text);

#endif
