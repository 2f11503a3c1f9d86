/* The role `notify`: sends the SMS that wait in the outbox (design, section 9).
 *
 * One job at a time over one blocking connection. Wakes at the doorbell ekmc:bell:notify, else every sms.poll_ms. Its only profile
 * so far is `file`, which writes messages where a developer can read them and sends nothing: demo only. */
#ifndef EKMC_BRIDGE_NOTIFY_H
#define EKMC_BRIDGE_NOTIFY_H

#include <stdio.h>
#include "core/conf.h"

/* Whether the role could start with these settings; prints what is wrong to `err`. */
MUST_USE bool notify_check(const struct conf *c, FILE *err);

/* Works until `stop_fd` (stop_init) says so, and finishes the batch it is at. The exit code of the process. */
MUST_USE int notify_run(const struct conf *c, int stop_fd);

#endif
