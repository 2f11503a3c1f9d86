/* Errors as RFC 9457 problems, in the caller's language. */
#ifndef EKMC_HTTP_PROBLEM_H
#define EKMC_HTTP_PROBLEM_H

#include "core/schema.h"
#include "http/resp.h"

struct problem_text {
	const char *code;
	short http;
	const char *title[LANG__COUNT];
	const char *detail[LANG__COUNT];
};
struct field_text {
	const char *code;
	const char *detail[LANG__COUNT]; /* with {min}, {max}, {expected} */
};

/* problem_texts.c: the tables, indexed by enum status and enum field_code. */
extern const struct problem_text problems[STATUS__COUNT];
extern const struct field_text field_texts[FIELD_CODE__COUNT];

/* The stable code of a status: "not_found". */
const char *problem_code(enum status st);

/* The problem as an object; a new reference, NULL on exhaustion. Each may be NULL: `errors`; `about`, an object with further
 * members (they win); `why`, a developer's hint in English. */
json_t *problem_json(const struct req *r, enum status st, const struct field_errors *errors, json_t *about, const char *why);

/* Replaces what was begun in `p`. Headers that belong to the status (Allow) are the caller's to add afterwards; 429 and 503 get a
 * Retry-After of a minute and a second here, which the caller may change in p->retry_after_s. The rest as above. */
void problem_write(struct resp *p, const struct req *r, enum status st, const struct field_errors *errors, json_t *about,
		   const char *why);

#endif
