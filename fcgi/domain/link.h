/* The link of a message, /r# and 28 characters: the complaint's number and a secret of 96 random bits in base64url. Who has it may
 * rate, re-open and reply to this one complaint and this one resolution until the window ends (design, section 5). Only its SHA-256
 * is stored. */
#ifndef EKMC_DOMAIN_LINK_H
#define EKMC_DOMAIN_LINK_H

#include "core/db.h"
#include "core/ids.h"
#include "core/seal.h"

#define LINK_SECRET_BYTES 12
#define LINK_CHARS        (NUMBER_DIGITS + 16)

/* A new link into `out`, with a NUL. Inside the transaction that makes it worth sending; those of before stay good.
 * `reopen_count`: times re-opened, of a duplicate its parent's added. Errors: of the database. */
MUST_USE enum status link_create(struct db *db, struct arena *a, const char *number, int64_t complaint_id, int reopen_count,
				 int64_t expires_ms, char out[static LINK_CHARS + 1]);

extern const struct sql link_sql[];
extern const size_t link_sql_n;

#endif
