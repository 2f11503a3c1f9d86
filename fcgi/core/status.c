/* Names of the outcomes. */
#include "core/status.h"

#include "core/base.h"

static const char *const names[] = {
	[E_OK] = "E_OK",
	[E_MALFORMED] = "E_MALFORMED",
	[E_INVALID] = "E_INVALID",
	[E_MISTYPED] = "E_MISTYPED",
	[E_OUTSIDE_KOLKATA] = "E_OUTSIDE_KOLKATA",
	[E_TOO_LARGE] = "E_TOO_LARGE",
	[E_MEDIA_TYPE] = "E_MEDIA_TYPE",
	[E_KEY_REUSED] = "E_KEY_REUSED",
	[E_UNAUTHENTICATED] = "E_UNAUTHENTICATED",
	[E_OTP_WRONG] = "E_OTP_WRONG",
	[E_OTP_SPENT] = "E_OTP_SPENT",
	[E_LOGIN_WRONG] = "E_LOGIN_WRONG",
	[E_TOTP_NEEDED] = "E_TOTP_NEEDED",
	[E_LINK_SPENT] = "E_LINK_SPENT",
	[E_FORBIDDEN] = "E_FORBIDDEN",
	[E_CSRF] = "E_CSRF",
	[E_PASSWORD_CHANGE] = "E_PASSWORD_CHANGE",
	[E_NOT_FOUND] = "E_NOT_FOUND",
	[E_NO_ROUTE] = "E_NO_ROUTE",
	[E_METHOD] = "E_METHOD",
	[E_OTHER_SYSTEM] = "E_OTHER_SYSTEM",
	[E_STALE] = "E_STALE",
	[E_ILLEGAL_MOVE] = "E_ILLEGAL_MOVE",
	[E_STILL_RUNNING] = "E_STILL_RUNNING",
	[E_TOTP_STATE] = "E_TOTP_STATE",
	[E_HOLDS_WORK] = "E_HOLDS_WORK",
	[E_LAST_ADMIN] = "E_LAST_ADMIN",
	[E_CONFIRM] = "E_CONFIRM",
	[E_RATE] = "E_RATE",
	[E_OTP_LIMIT] = "E_OTP_LIMIT",
	[E_LEGACY_DOWN] = "E_LEGACY_DOWN",
	[E_BUSY] = "E_BUSY",
	[E_CONFLICT] = "E_CONFLICT",
	[E_UNKNOWN] = "E_UNKNOWN",
	[E_NOMEM] = "E_NOMEM",
	[E_INTERNAL] = "E_INTERNAL",
};
_Static_assert(ARRAY_LEN(names) == STATUS__COUNT, "a status has no name");

const char *
status_name(enum status st)
{
	return (unsigned)st < ARRAY_LEN(names) && names[st] != NULL ? names[st] : "E_?";
}
