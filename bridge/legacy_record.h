/* What Redis keeps of eKMC1.0's answers: JSON that is checked as strictly as if somebody else had written it. */
#ifndef EKMC_BRIDGE_LEGACY_RECORD_H
#define EKMC_BRIDGE_LEGACY_RECORD_H

#include "bridge/adapter.h"
#include "core/buf.h"

#define LEGACY_KEY_SIZE (sizeof("ekmc:legacy:") + LEGACY_NUMBER_SIZE)

struct legacy_record {
	bool found; /* else eKMC1.0 said that there is no such number */
	int64_t fetched_ms;
	struct legacy_case complaint;
};

const char *legacy_record_key(const char *number, char out[static LEGACY_KEY_SIZE]);

void legacy_record_encode(const struct legacy_record *r, const char *number, struct buf *out);

/* False: not a record of this number, or written in the future; a miss. Texts live in `a`. */
MUST_USE bool legacy_record_decode(struct arena *a, struct span text, const char *number, int64_t now_ms,
				   struct legacy_record *out);

#endif
