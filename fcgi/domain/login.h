/* An employee proving who they are: password, second factor, and what guessing costs.
 *
 * Five wrong in a row lock the account for 2, 4, 8 … seconds, at most 15 minutes; while it is locked the right password is refused
 * too. The count stands in MariaDB under a row lock, so that many guesses at once are no more than one after the other; only a
 * whole success takes it back. A wrong code of the second factor counts like a wrong password.
 *
 * What leaks: nothing about names. A name that is nobody's, one that has left, one without a password and one that is locked get
 * the same answer after the same work, a durable write included. Whoever has the right password hears that a code is needed, or
 * that the code was wrong; that tells them the password is right, which somebody without the second factor can do nothing with. */
#ifndef EKMC_DOMAIN_LOGIN_H
#define EKMC_DOMAIN_LOGIN_H

#include "core/totp.h"
#include "domain/session.h"

struct proof {
	int64_t staff_id;     /* whose, when that is known; else 0 and */
	struct span user;     /* the name as it was typed */
	struct span password; /* as the schema leaves it */
	struct span code;     /* of the second factor, six digits, or absent */
	int64_t now_ms;
	bool code_wrong; /* out, with E_LOGIN_WRONG: the password was right, the code was not */
};

/* All of these. E_LOGIN_WRONG: refused, for whatever reason. E_TOTP_NEEDED: the password is right, this account wants a code too,
 * and none was given; counts for nothing. E_BUSY: too many log in at once. */

/* Logs in. `n` is the session to open: its kind and id are set here. */
MUST_USE enum status login_open(struct db *db, struct arena *a, const struct seal *seal, struct proof *p, struct session_new *n,
				char token[static SEAL_TOKEN_TEXT_SIZE]);

/* Sets a password of one's own and ends all one's sessions but that of `keep`. Wants no code: the session proved that one. */
MUST_USE enum status login_password(struct db *db, struct arena *a, const struct seal *seal, struct proof *p, struct span password,
				    const uint8_t keep[static SEAL_HASH_BYTES]);

/* Begins a second factor, which is not asked for until it is confirmed; again makes a new secret. E_TOTP_STATE: there is one. */
MUST_USE enum status login_totp_begin(struct db *db, struct arena *a, const struct seal *seal, struct proof *p,
				      uint8_t secret[static TOTP_SECRET_BYTES]);
/* Confirms it with a first code. E_LOGIN_WRONG: not its code. E_TOTP_STATE: none was begun, or it is confirmed already. */
MUST_USE enum status login_totp_confirm(struct db *db, struct arena *a, const struct seal *seal, int64_t staff_id, struct span code,
					int64_t now_ms);
/* Gives it up; wants password and code. E_TOTP_STATE: there is none. */
MUST_USE enum status login_totp_end(struct db *db, struct arena *a, const struct seal *seal, struct proof *p);

extern const struct sql login_sql[];
extern const size_t login_sql_n;

#endif
