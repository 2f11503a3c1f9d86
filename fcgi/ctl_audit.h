/* What the files of `ekmc-ctl audit` share. */
#ifndef EKMC_CTL_AUDIT_H
#define EKMC_CTL_AUDIT_H

#include "core/json.h"
#include "ctl.h"
#include "domain/audit_verify.h"

struct audit_options {
	const char *log, *out, *reason;
	char number[NUMBER_DIGITS + 1]; /* empty: none */
	int64_t from_ms, to_ms;         /* days; CLOCK_NONE: none */
	bool personal;
};

struct audit_job {
	const struct conf *conf;
	const struct audit_options *options;
	struct db *db;
	struct seal *seal;   /* with audit keys */
	struct arena *arena; /* of the whole command */
};

/* Writes the file, or to standard output. *found: faults of what was written. */
MUST_USE enum status audit_export(const struct audit_job *j, int64_t *found);
/* All about one complaint, tied to the arena. `proved`: with the paths from its signed heads to the roots of their days. */
MUST_USE enum status audit_export_complaint(const struct audit_job *j, struct arena *a, int64_t id, bool proved, json_t **out);

#endif
