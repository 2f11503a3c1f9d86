/* Reading the files of sql/seed, for `ekmc-ctl seed` and `ekmc-ctl demo`. */
#ifndef EKMC_CTL_SEED_H
#define EKMC_CTL_SEED_H

#include <stdio.h>
#include "core/csv.h"
#include "core/db.h"

/* Most of a seed file that is read: the ward outlines have 3 MB. */
#define SEED_FILE_BYTES  (16 << 20)
#define SEED_ARENA_BYTES ((size_t)256 << 20)

/* The whole of dir/name, or of name when dir is NULL. What is wrong is printed to `err`; then E_INVALID (or E_NOMEM). */
MUST_USE enum status seed_read(struct arena *a, const char *dir, const char *name, FILE *err, struct span *out);
/* Prints "name:row:column: column's name: why". `column` is "" when the error says it all. */
void seed_fault(FILE *err, const char *name, const struct csv_error *error, const char *column);
/* A CSV file with exactly these columns, in this order afterwards. */
MUST_USE enum status seed_csv(struct arena *a, const char *dir, const char *name, const char *const *columns, size_t n, FILE *err,
			      struct csv *out);

/* Loads all of `dir` but the demo in one transaction, a line per file to `out`. The same files again change nothing; what the files
 * no longer hold stays, because complaints may refer to it, and so does a text of a message that an administrator changed (a line
 * each). E_INVALID: a file is wrong, every fault printed to `err`. */
MUST_USE enum status seed_load(struct db *db, struct arena *a, const char *dir, FILE *out, FILE *err);

#endif
