/* The role `clock`: does what time alone causes (design, section 4 "SLA and clocks", section 5 "Kept"): escalates what is overdue,
 * resumes and closes what nobody answers, throws away what is old. The table of it is in chores.c.
 *
 * Several clocks on several hosts share the work by leases, a chore at a time. One that is killed loses nothing: its lease lapses
 * after clock.lease_s, and each move was a transaction with a compare-and-set on the complaint's version. The time is the
 * database's throughout. Two threads, each with a connection: moves, and what must not hold them up. */
#ifndef EKMC_BRIDGE_CLOCK_H
#define EKMC_BRIDGE_CLOCK_H

#include "core/conf.h"

/* Works until `stop_fd` (stop_init) says so, and finishes the batch it is at. The exit code of the process. */
MUST_USE int clock_run(const struct conf *c, int stop_fd);

/* Does every chore once, due or not, waits for those that another clock is at, and prints a line for each. SIGPIPE must be ignored.
 * The exit code: 0 unless one of them failed. */
MUST_USE int clock_once(const struct conf *c);

#endif
