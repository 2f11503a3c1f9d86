/* Who of the staff read whose personal data, and when (design, section 5). Citizens' reading of their own is not recorded.
 *
 * One row per employee, complaint and kind of reading in each five minutes of the clock: a page that shows a complaint asks several
 * times. Kept for a year. */
#ifndef EKMC_DOMAIN_ACCESS_H
#define EKMC_DOMAIN_ACCESS_H

#include "core/db.h"
#include "core/ids.h"
#include "domain/actor.h"

enum access_what {
	ACCESS_COMPLAINT,  /* name, masked mobile, landmark, the citizen's words */
	ACCESS_ATTACHMENT, /* photos and documents */
	ACCESS_SEARCH,     /* by mobile */
	ACCESS_CALLER,     /* earlier complaints of somebody on the telephone, by mobile */
	ACCESS_LIST,       /* names or mobiles in a list or a report */
	ACCESS_EXPORT,     /* ekmc-ctl audit export */
	ACCESS__COUNT
};
extern const char *const access_names[]; /* NULL-terminated, indexed by enum access_what */

/* Writes that the actor reads personal data of the complaint (0: of several); nothing for who is not of the staff. Call it when the
 * data has been read and before any of it is sent: when this fails the request fails. */
MUST_USE enum status access_record(struct db *db, struct arena *a, const struct actor *actor, int64_t complaint_id,
				   enum access_what what, const char *request_id);
/* The same for a search by mobile: `subject` is the mobile's blind index, so that it can be found who searched for whom. */
MUST_USE enum status access_record_mobile(struct db *db, struct arena *a, const struct actor *actor,
					  const uint8_t subject[static SEAL_HASH_BYTES], enum access_what what,
					  const char *request_id);
/* The same for somebody at the shell of a host, who has to say why. Always a row of its own. */
MUST_USE enum status access_record_operator(struct db *db, struct arena *a, const char *operator, int64_t complaint_id,
					    const char *reason, const char *request_id);

struct access {
	int64_t id, at_ms;
	struct span user, operator, what, number, reason, request_id; /* absent: p == NULL */
	struct span roles;                                            /* at that time, as "LME,DESK" */
};
struct access_filter {
	int64_t complaint_id; /* 0: any */
	int64_t staff_id;     /* 0: anybody's; one of the two is to be given */
	int64_t from_ms, to_ms;
	int64_t before_id; /* keyset: ids below this; INT64_MAX: from the newest */
	int limit;
};
/* Newest first. */
MUST_USE enum status access_list(struct db *db, struct arena *a, const struct access_filter *f, const struct access **out,
				 size_t *n);

/* The ids behind what a filter names. E_NOT_FOUND. */
MUST_USE enum status access_complaint(struct db *db, struct arena *a, const char *number, int64_t *id);
MUST_USE enum status access_staff(struct db *db, struct arena *a, struct span user, int64_t *id);

/* Removes what is older than a year, at most a thousand rows; *n: how many. For the clock. */
MUST_USE enum status access_purge(struct db *db, struct arena *a, int64_t now_ms, int64_t *n);

extern const struct sql access_sql[], access_purge_sql[]; /* the purge is the clock's alone */
extern const size_t access_sql_n, access_purge_sql_n;

#endif
