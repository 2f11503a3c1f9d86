/* liboath behind the three verbs we use. */
#include "core/totp.h"

#include <liboath/oath.h>
#include <pthread.h>
#include <stdlib.h>

#define NEIGHBOURS 1
#define ISSUER     "eKMC2.0"

static pthread_once_t begun = PTHREAD_ONCE_INIT;
static bool works;

static void
begin(void)
{
	works = oath_init() == OATH_OK;
}

bool
totp_check(struct span secret, struct span code, int64_t now_ms, int64_t after, int64_t *step)
{
	char digits[TOTP_DIGITS + 1] = "";
	uint64_t found = 0;

	/* liboath takes the number of digits from what was typed */
	if (code.p == NULL || code.n != TOTP_DIGITS)
		return false;
	memcpy(digits, code.p, code.n);
	(void)pthread_once(&begun, begin);
	if (!works)
		return false;
	if (oath_totp_validate3(secret.p, secret.n, (time_t)(now_ms / 1000), TOTP_STEP_S, 0, NEIGHBOURS, NULL, &found, digits) <
		    0 ||
	    (int64_t)found <= after)
		return false;
	*step = (int64_t)found;
	return true;
}

const char *
totp_text(struct arena *a, struct span secret)
{
	char *text = NULL;
	const char *kept = NULL;
	size_t n = 0;

	if (oath_base32_encode(secret.p, secret.n, &text, &n) == OATH_OK)
		kept = arena_strndup(a, text, n);
	free(text);
	return kept;
}

const char *
totp_uri(struct arena *a, struct span user, struct span secret)
{
	const char *text = totp_text(a, secret);

	/* a user name holds nothing that would have to be escaped */
	return text == NULL ? NULL
			    : arena_printf(a,
					   "otpauth://totp/" ISSUER ":%.*s?secret=%s&issuer=" ISSUER
					   "&algorithm=SHA1&digits=6&period=30",
					   SPAN_FMT(user), text);
}
