/* What a password of the staff must be like, and first passwords made up for them. */
#ifndef EKMC_DOMAIN_PASSWORD_H
#define EKMC_DOMAIN_PASSWORD_H

#include "core/base.h"

#define PASSWORD_LEAST 10  /* characters */
#define PASSWORD_MOST  128 /* bytes */

enum password_fault {
	PASSWORD_FINE,
	PASSWORD_SHORT,
	PASSWORD_LONG,
	PASSWORD_EASY, /* the user name, one character again and again, or one of the commonest */
};

/* `password` is trimmed, valid UTF-8, as the schema leaves it. */
MUST_USE enum password_fault password_fault(struct span password, struct span user);

#define PASSWORD_FIRST_SIZE 20 /* four groups of four and a NUL */

/* 80 random bits in letters and digits that nobody confuses: "k7mw-2xqp-9hdt-4vzc". */
void password_first(char out[static PASSWORD_FIRST_SIZE]);

#endif
