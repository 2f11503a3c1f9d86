/* The one set of outcomes of the whole program. Its HTTP face is problems[] in http/problem.c. */
#ifndef EKMC_CORE_STATUS_H
#define EKMC_CORE_STATUS_H

enum status {
	E_OK = 0,
	/* what the caller sent */
	E_MALFORMED,       /* not JSON, not UTF-8, too deep, a duplicate key, a bad header */
	E_INVALID,         /* well-formed, but fields are wrong: the list of field errors says which */
	E_MISTYPED,        /* a complaint number whose check digit is wrong */
	E_OUTSIDE_KOLKATA, /* a point in no ward */
	E_TOO_LARGE,
	E_MEDIA_TYPE,
	E_KEY_REUSED, /* the Idempotency-Key came with another body before */
	/* who the caller is */
	E_UNAUTHENTICATED,
	E_OTP_WRONG,
	E_OTP_SPENT,
	E_LOGIN_WRONG,
	E_TOTP_NEEDED, /* the password is right; the account wants the code of its second factor too */
	E_LINK_SPENT,  /* the link of a message: wrong, expired, guessed at too often, or of an earlier resolution */
	E_FORBIDDEN,
	E_CSRF,
	E_PASSWORD_CHANGE, /* a first password is to be changed before anything else */
	/* what there is */
	E_NOT_FOUND, /* also: not visible to you */
	E_NO_ROUTE,
	E_METHOD,
	E_OTHER_SYSTEM, /* the number belongs to the other of eKMC1.0 and eKMC2.0 */
	E_STALE,        /* somebody moved the row meanwhile */
	E_ILLEGAL_MOVE,
	E_STILL_RUNNING,
	E_TOTP_STATE, /* a second factor is there already, or none was begun */
	E_HOLDS_WORK, /* an employee who still holds open complaints */
	E_LAST_ADMIN,
	E_CONFIRM, /* what it brings with it is to be confirmed first */
	E_RATE,
	E_OTP_LIMIT,
	/* what we could not do */
	E_LEGACY_DOWN,
	E_BUSY,     /* a queue, a pool or the database cannot take it now; nothing was done */
	E_CONFLICT, /* the database asks to run the transaction again */
	E_UNKNOWN,  /* the connection died while committing: done or not, the idempotency row decides */
	E_NOMEM,
	E_INTERNAL,
	STATUS__COUNT
};

/* The name of the value as written above, for logs. Never NULL. */
const char *status_name(enum status st);

#endif
