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
#define LINK_TRIES        10
#define LINK_KEPT_MS      (90 * INT64_C(86400000))

/* A new link into `out`, with a NUL. Inside the transaction that makes it worth sending; those of before stay good.
 * `resolution`: of the struct complaint. Errors: of the database. */
MUST_USE enum status link_create(struct db *db, struct arena *a, const char *number, int64_t complaint_id, int resolution,
				 int64_t expires_ms, char out[static LINK_CHARS + 1]);

struct link {
	const char *number;   /* the arena's */
	int64_t complaint_id; /* 0: it never was one */
	int64_t expires_ms;
};

/* Looks a link up. A secret that never was one counts a try on every live link of its number; with ten a link is refused, whatever
 * comes next, and only a new message helps. Who opens the link of an older message has guessed nothing.
 * Errors: E_INVALID: not the form of a link; E_LINK_SPENT: a wrong secret, an expired link, one with ten tries or of a resolution
 * before the last re-opening (*out then is only for finding what was answered before); those of the database. */
MUST_USE enum status link_check(struct db *db, struct arena *a, struct span text, int64_t now_ms, struct link *out);

/* Removes at most `limit` links that expired LINK_KEPT_MS ago: until then an older message is told from a guess. *n is how many.
 * For the clock; on how many hosts it runs does not matter. Errors: of the database. */
MUST_USE enum status link_purge(struct db *db, struct arena *a, int64_t now_ms, int limit, int64_t *n);

/* For whoever moves complaints, for the API alone, and for the clock alone: each has the rights to its own. */
extern const struct sql link_sql[], link_check_sql[], link_purge_sql[];
extern const size_t link_sql_n, link_check_sql_n, link_purge_sql_n;

#endif
