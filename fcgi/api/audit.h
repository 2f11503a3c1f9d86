/* What handlers do before they show personal data to the staff. */
#ifndef EKMC_API_AUDIT_H
#define EKMC_API_AUDIT_H

#include "domain/access.h"
#include "http/call.h"

/* Writes that the caller reads personal data of this complaint (0: of several); nothing for citizens. To be called when the data is
 * there and before the answer is made: what cannot be recorded is not shown. */
MUST_USE enum status audit_reading(struct call *c, int64_t complaint_id, enum access_what what);
/* The same for a search by mobile, given its blind index (seal_index). */
MUST_USE enum status audit_reading_mobile(struct call *c, const uint8_t subject[static SEAL_HASH_BYTES], enum access_what what);

#endif
