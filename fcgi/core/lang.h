/* The three languages of the city. */
#ifndef EKMC_CORE_LANG_H
#define EKMC_CORE_LANG_H

#include "core/base.h"

enum lang { LANG_EN, LANG_BN, LANG_HI, LANG__COUNT };

/* "en", "bn", "hi". */
const char *lang_code(enum lang l);

/* False unless the span is one of the three codes. */
MUST_USE bool lang_parse(struct span s, enum lang *out);

/* The best of the three by Accept-Language (RFC 9110, section 12.5.4: highest q, first of equals); English when none fits. */
enum lang lang_negotiate(struct span accept_language);

/* One text in the three languages, indexed by enum lang. */
struct names {
	struct span in[LANG__COUNT];
};

#endif
