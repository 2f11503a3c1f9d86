/* Language codes and their negotiation. */
#include "core/lang.h"

#include <strings.h>

#include "core/scan.h"

static const char *const codes[] = { [LANG_EN] = "en", [LANG_BN] = "bn", [LANG_HI] = "hi" };
_Static_assert(ARRAY_LEN(codes) == LANG__COUNT, "a language has no code");

const char *
lang_code(enum lang l)
{
	return codes[l];
}

bool
lang_parse(struct span s, enum lang *out)
{
	for (size_t i = 0; i < ARRAY_LEN(codes); i++) {
		if (s.n == 2 && strncasecmp(s.p, codes[i], 2) == 0) {
			*out = (enum lang)i;
			return true;
		}
	}
	return false;
}

/* The weight of one element such as `bn-IN;q=0.8`, which loses its parameters. */
static double
weight(struct span *element)
{
	struct span rest = *element, part;
	double q = 1.0;

	(void)scan_cut(&rest, ';', element);
	while (scan_cut(&rest, ';', &part)) {
		part = scan_trim(part);
		if (part.n > 2 && (part.p[0] == 'q' || part.p[0] == 'Q') && part.p[1] == '=' &&
		    !scan_double((struct span){ part.p + 2, part.n - 2 }, 0.0, 1.0, &q))
			q = 0.0;
	}
	*element = scan_trim(*element);
	return q;
}

enum lang
lang_negotiate(struct span accept_language)
{
	struct span rest = accept_language, element, primary;
	enum lang best = LANG_EN, l;
	double best_q = 0.0;

	while (scan_cut(&rest, ',', &element)) {
		double q = weight(&element);

		(void)scan_cut(&element, '-', &primary);
		if (q > best_q && lang_parse(primary, &l)) {
			best = l;
			best_q = q;
		}
	}
	return best;
}
