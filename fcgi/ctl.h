/* What the commands of ekmc-ctl share. To add one: a row in ctl.c's table, a function here, a file fcgi/ctl_NAME.c. */
#ifndef EKMC_CTL_H
#define EKMC_CTL_H

#include "core/conf.h"

enum ctl_exit {
	CTL_DONE = 0,
	CTL_FAILED = 1,
	CTL_USAGE = 2, /* ctl.c prints how it is used */
	CTL_BUSY = 3,  /* the database cannot be reached, or somebody else is at it: try again later */
};

/* `argv[0]` is the command's name. Results go to standard output, complaints to standard error. */
typedef int ctl_run(struct conf *c, int argc, char **argv);

ctl_run ctl_audit, ctl_demo, ctl_holiday, ctl_migrate, ctl_outbox, ctl_roster, ctl_seed, ctl_setting, ctl_users;

/* The account of the host that runs this, for records of who changed what. */
const char *ctl_operator(char out[static 60]);

#endif
