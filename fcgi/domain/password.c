/* Rules for passwords. */
#include "domain/password.h"

#include <strings.h>

#include "core/scan.h"
#include "core/seal.h"

/* The commonest of ten characters and more in published lists of leaked passwords, and what would be common here; small letters. */
static const char *const commonest[] = {
	"0123456789",   "0987654321",   "1029384756",   "1111222233",    "1122334455",    "1123581321",    "11223344556",
	"123123123123", "123321123321", "123456789a",   "1234567890",    "12345678900",   "12345678901",   "123456789012",
	"12345678910",  "1234567891",   "123456789q",   "1234512345",    "1234qwerasdf",  "1472583690",    "1q2w3e4r5t",
	"1q2w3e4r5t6y", "1qaz2wsx3edc", "1qazxsw23edc", "9876543210",    "a123456789",    "aa123456789",   "abc1234567",
	"abcd123456",   "abcdefghij",   "admin@1234",   "admin@12345",   "admin123456",   "admin12345",    "administrator",
	"asdfghjkl123", "asdfghjkl;",   "calcutta123",  "changeme123",   "changeme1234",  "computer123",   "ekmc123456",
	"football123",  "iloveyou123",  "india@1234",   "india12345",    "internet123",   "jaihind123",    "kmc@123456",
	"kmc@1234567",  "kolkata@123",  "kolkata@1234", "kolkata123",    "kolkata1234",   "letmein123",    "letmein1234",
	"p@ssw0rd123",  "p@ssword123",  "pass123456",   "passw0rd123",   "password@1",    "password@123",  "password01",
	"password10",   "password11",   "password12",   "password123",   "password1234",  "password12345", "princess123",
	"q1w2e3r4t5",   "q1w2e3r4t5y6", "qazwsxedcr",   "qazwsxedcrfv",  "qwer1234qwer",  "qwerty1234",    "qwerty12345",
	"qwerty123456", "qwertyuiop",   "qwertyuiop[]", "qwertyuiop123", "secret1234",    "sunshine123",   "superman123",
	"welcome@123",  "welcome@1234", "welcome123",   "welcome1234",   "westbengal123", "zaq12wsxcde3",  "zxcvbnm123",
	"zxcvbnm,./",   "1234567890-=", "qwerty@123",   "qwerty@1234",   "bengal@123",    "durgapuja123",
};

static bool
is_one_of_the_commonest(struct span password)
{
	for (size_t i = 0; i < ARRAY_LEN(commonest); i++)
		if (password.n == strlen(commonest[i]) && strncasecmp(password.p, commonest[i], password.n) == 0)
			return true;
	return false;
}

static bool
is_one_character(struct span password)
{
	size_t i = 0;
	int32_t first = scan_utf8_next(password, &i);

	while (i < password.n)
		if (scan_utf8_next(password, &i) != first)
			return false;
	return true;
}

enum password_fault
password_fault(struct span password, struct span user)
{
	size_t chars = 0;

	if (!scan_utf8(password, &chars) || chars < PASSWORD_LEAST)
		return PASSWORD_SHORT;
	if (password.n > PASSWORD_MOST)
		return PASSWORD_LONG;
	if ((password.n == user.n && strncasecmp(password.p, user.p, user.n) == 0) || is_one_character(password) ||
	    is_one_of_the_commonest(password))
		return PASSWORD_EASY;
	return PASSWORD_FINE;
}

void
password_first(char out[static PASSWORD_FIRST_SIZE])
{
	static const char letters[] = "abcdefghijkmnpqrstuvwxyz23456789";
	uint8_t bits[16];

	_Static_assert(sizeof(letters) - 1 == 32, "five bits a letter, without bias");
	seal_random(bits, sizeof(bits));
	for (size_t i = 0; i < PASSWORD_FIRST_SIZE - 1; i++)
		out[i] = i % 5 == 4 ? '-' : letters[bits[i - i / 5] & 31];
	out[PASSWORD_FIRST_SIZE - 1] = '\0';
	seal_wipe(bits, sizeof(bits));
}
