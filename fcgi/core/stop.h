/* The wish to end: SIGTERM and SIGINT set it once; every loop and pool watches it. */
#ifndef EKMC_CORE_STOP_H
#define EKMC_CORE_STOP_H

#include "core/base.h"

/* Blocks SIGTERM, SIGINT, SIGHUP and ignores SIGPIPE in this and all later threads (before FCGX_Init, which would take SIGTERM,
 * SIGUSR1 and SIGPIPE for itself where they are at default), and returns a signalfd for the main loop. -1 with errno on failure. */
MUST_USE int stop_init(void);

/* Reads the signalfd: true when the process is to end. */
MUST_USE bool stop_read(int fd);

void stop_request(void); /* as if a signal had come; safe from any thread */
bool stop_requested(void);

#endif
