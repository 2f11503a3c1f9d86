/* eKMC1.0 by configuration: how it is asked for a number, and what its answer means (design, section 7).
 *
 * Its API, charset, wording and number format are unknown to us, so all of it is settings of the section [legacy]. What cannot be
 * understood is a failure; only the configured rule makes "not found", and only the asked number makes a complaint. */
#ifndef EKMC_BRIDGE_ADAPTER_H
#define EKMC_BRIDGE_ADAPTER_H

#include "bridge/fetch.h"
#include "bridge/legacy_names.h"
#include "core/arena.h"
#include "core/conf.h"

#define LEGACY_NUMBER_SIZE 41
#define LEGACY_NAME_CHARS  200
#define LEGACY_TEXT_CHARS  2000

struct legacy_case {
	char number[LEGACY_NUMBER_SIZE];
	enum state state;
	int ward;                                 /* 0: unknown */
	int64_t lodged_ms, closed_ms;             /* or CLOCK_NONE */
	struct span department, category, remark; /* absent when unknown */
};

struct adapter;

/* NULL: the configuration is wrong; `why` names the key. Settings are used in place: `c` must outlive it. */
MUST_USE struct adapter *adapter_new(const struct conf *c, char *why, size_t why_cap);
void adapter_free(struct adapter *d);

/* A number as somebody typed it, in the writing that fits legacy.number_pattern: digits of three scripts, either case, with or
 * without spaces, hyphens and slashes. False: it is no number of eKMC1.0. */
MUST_USE bool adapter_number(const struct adapter *d, struct span typed, char out[static LEGACY_NUMBER_SIZE]);

/* The call that asks for `number`, which is percent-encoded wherever it is put in. E_NOMEM is false. */
MUST_USE bool adapter_request(const struct adapter *d, struct arena *a, const char *number, struct fetch_request *out);

enum adapter_verdict {
	ADAPTER_FOUND,
	ADAPTER_MISSING,
	ADAPTER_ODD, /* the right complaint, but with a status word that nobody mapped: eKMC1.0 works, this answer is of no use */
	ADAPTER_BAD, /* anything else */
};

/* What the answer to adapter_request means. *why is set for ODD and BAD. Texts live in `a`. */
MUST_USE enum adapter_verdict adapter_read(struct adapter *d, struct arena *a, const char *number,
					   const struct fetch_result *answer, struct legacy_case *out, const char **why);

/* A date by strptime(3), digits of three scripts, Kolkata unless the format reads a zone. False: not such a date. */
MUST_USE bool adapter_time(const char *format, struct span text, int64_t *out_ms);

#endif
