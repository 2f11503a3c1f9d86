/* What audit_verify.c (timelines) and audit_days.c (days) share; nobody else includes it. */
#ifndef EKMC_DOMAIN_AUDIT_IMPL_H
#define EKMC_DOMAIN_AUDIT_IMPL_H

#include "domain/audit_verify.h"

/* Counts and reports. `number` may be NULL. */
void audit_fault(struct audit_check *c, struct audit_fault f, const char *number);
/* The fault of a day. */
void audit_day_fault(struct audit_check *c, enum audit_fault_kind kind, int64_t day_ms, int64_t day_to_ms);

/* The days of the scope. `id`: one complaint's; 0: all. */
MUST_USE enum status audit_days(struct audit_check *c, int64_t id);

#endif
