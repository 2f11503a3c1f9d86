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

/* The columns of a complaint that are held against its timeline. */
enum audit_row_column {
	ROW_ID,
	ROW_NUMBER,
	ROW_COUNT,
	ROW_HEAD,
	ROW_STATE,
	ROW_LEVEL,
	ROW_CITIZEN,
	ROW_HOLDER,
	ROW_DEPARTMENT,
	ROW_CATEGORY,
	ROW_SUBCATEGORY,
	ROW_WARD,
	ROW_LODGED,
	ROW_DUE,
	ROW_REOPENED,
};
#define AUDIT_ROW_COLUMNS                                                                                                          \
	"c.id, c.number, c.event_count, c.event_head, c.state, c.level, c.citizen_id, c.holder_id, c.department_code,"             \
	" c.category_code, c.subcategory_code, c.ward_no, c.lodged_at, c.due_at, c.reopen_count"
#define AUDIT_ROW_LETTERS "isibsiiisssitti"

/* Holds the row of a complaint against its events, whose hashes are right. *differs: the first column that they contradict, or
 * NULL. What they do not tell is not looked at. */
MUST_USE enum status audit_row(struct arena *a, const struct db_value *row, const struct audit_event *events, size_t n,
			       const char **differs);

#endif
