/* One-time passwords by SMS: six digits, five minutes, five tries, one use, bound to the request that asked for them.
 *
 * All limits are counted in MariaDB under a row lock per mobile and address, so they are exact and survive a loss of Redis. Nothing
 * here depends on whether the mobile is known. */
#ifndef EKMC_DOMAIN_OTP_H
#define EKMC_DOMAIN_OTP_H

#include "core/conf.h"
#include "core/db.h"
#include "core/lang.h"
#include "core/seal.h"

#define OTP_ID_BYTES 16

struct otp_request {
	const char *mobile;  /* ten digits */
	const char *address; /* of the client */
	enum lang lang;
	int64_t now_ms;
};

/* Stores the code's tag and its SMS in one transaction. E_OTP_LIMIT: too many for this mobile, address or day. */
MUST_USE enum status otp_send(struct db *db, struct arena *a, const struct conf *conf, const struct seal *seal,
			      const struct otp_request *r, uint8_t id[static OTP_ID_BYTES], int64_t *expires_ms);

/* Uses the code up and makes or finds the citizen of its mobile. E_OTP_WRONG; E_OTP_SPENT: unknown, expired, used, or no try left.
 */
MUST_USE enum status otp_use(struct db *db, struct arena *a, const struct conf *conf, const struct seal *seal,
			     const uint8_t id[static OTP_ID_BYTES], struct span code, int64_t now_ms, int64_t *citizen_id);

extern const struct sql otp_sql[];
extern const size_t otp_sql_n;

#endif
