/* What the files of attachment share. Internal to them. */
#ifndef EKMC_DOMAIN_ATTACHMENT_IMPL_H
#define EKMC_DOMAIN_ATTACHMENT_IMPL_H

#include "domain/attachment.h"

enum { A_CHECK, A_BIND, A_LIST, A_FIND, A_UNBOUND, A_INSERT, A__COUNT };

/* The actor's id in the column that is theirs, NULL in the other. */
struct db_value attachment_citizen(const struct actor *actor);
struct db_value attachment_staff(const struct actor *actor);

#endif
