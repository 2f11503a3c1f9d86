/* What takes the helper's powers away before it looks at a stranger's file. Internal to ekmc-image. */
#ifndef EKMC_IMAGE_CONFINE_H
#define EKMC_IMAGE_CONFINE_H

#include "core/base.h"

/* Limits of memory, processor time and file size; the user nobody when started by root; dies with the thread that started it.
 * False: it could not be had. */
MUST_USE bool confine_limits(void);

/* From here on no file or socket can be opened and no process begun; what is open can be read and written. */
void confine_lock(void);

#endif
