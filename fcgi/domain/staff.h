/* Employees as users: who they are, and what an administrator or their controlling officer may change.
 *
 * Duties are the roster's and only shown here. A controlling officer sees who has a duty in their department, and changes who has
 * no other duties than LME, GRO and EO there: whoever gives out somebody's password can act as them. An account without any duty is
 * looked after by the department it was made for. */
#ifndef EKMC_DOMAIN_STAFF_H
#define EKMC_DOMAIN_STAFF_H

#include "domain/admin.h"
#include "domain/password.h"
#include "domain/session.h"

struct person {
	int64_t id;
	struct span user, name_en, name_bn;
	enum lang lang;
	const char *mobile_masked; /* NULL: none known */
	struct span department;    /* who looks after the account while it has no duties, or absent */
	bool active, has_password, must_change, totp;
	int64_t locked_ms; /* until when; CLOCK_NONE */
	const struct duty *duties;
	size_t n_duties;
	unsigned roles;
	int64_t open; /* complaints held */
};

/* Anybody of this user name, in any case of letters. E_NOT_FOUND. */
MUST_USE enum status staff_find(struct db *db, struct arena *a, const struct seal *seal, struct span user, struct person *out);
MUST_USE enum status staff_find_id(struct db *db, struct arena *a, const struct seal *seal, int64_t id, struct person *out);

struct staff_filter {
	int64_t after_id;       /* keyset: users behind this one's name; 0: from the first */
	struct span department; /* of a duty, or who looks after the account; absent: any */
	const char *role;       /* NULL: any */
	int active;             /* -1: both */
	struct span text;       /* in the user name or a name */
	int64_t seen_by;        /* what this controlling officer may see; 0: all */
	int limit;
};
/* By user name. */
MUST_USE enum status staff_list(struct db *db, struct arena *a, const struct seal *seal, const struct staff_filter *f,
				const struct person **out, size_t *n);

bool staff_may_see(const struct actor *actor, const struct person *p);
bool staff_may_change(const struct actor *actor, const struct person *p);
/* Whether accounts may be made for this department (absent: for none). */
bool staff_may_make(const struct actor *actor, struct span department);

/* Small letters, digits, '.', '-' and '_', beginning with a letter; 3 to 60 of them. */
MUST_USE bool staff_name_right(struct span user);

struct staff_new {
	struct span user, name_en, name_bn;
	const char *mobile, *language; /* ten digits; "bn"; NULL: none, the column's default */
	struct span department;        /* an existing one, or absent */
	struct span password;          /* a first one: to be changed at the first login */
	/* what else belongs to the same transaction, or NULL: ekmc-ctl makes the first administrator one */
	enum status (*also)(struct db *db, struct arena *a, int64_t id);
	const struct admin_who *by; /* whose change is recorded (admin_change), here and below; NULL: nobody's */
};
/* seal: may be NULL without a mobile, here and below. E_STALE: the name is taken. */
MUST_USE enum status staff_create(struct db *db, struct arena *a, const struct seal *seal, const struct staff_new *n, int64_t *id);

struct staff_change {
	struct span name_en, name_bn; /* absent: as it is, of each */
	const char *mobile, *language;
	int active; /* -1: as it is */
	int64_t now_ms;
	const struct admin_who *by;
};
/* Who is made inactive is out at once. E_HOLDS_WORK (*open says how many complaints): the roster moves those. E_LAST_ADMIN. */
MUST_USE enum status staff_change(struct db *db, struct arena *a, const struct seal *seal, int64_t id, const struct staff_change *c,
				  int64_t *open);

/* A password to be changed at the next login; ends the lock and all sessions. */
MUST_USE enum status staff_password(struct db *db, struct arena *a, int64_t id, struct span password, int64_t now_ms,
				    const struct admin_who *by);
/* Takes the second factor away, for somebody who lost their telephone. */
MUST_USE enum status staff_totp_reset(struct db *db, struct arena *a, int64_t id, const struct admin_who *by);
/* Ends all their sessions. */
MUST_USE enum status staff_log_out(struct db *db, struct arena *a, int64_t id, int64_t now_ms, const struct admin_who *by);

extern const struct sql staff_sql[];
extern const size_t staff_sql_n;

#endif
