/* CSV as people's programs write it: RFC 4180, UTF-8, a byte order mark at the beginning forgiven, lines ended by CRLF or LF.
 *
 * Row 1 is the header; every row has as many fields as it. Rows and columns count from 1, as a spreadsheet shows them; a row is a
 * record, however many lines its quoted fields take.
 * Owns: all text lives in the arena or in the text that was parsed, which must outlive it. */
#ifndef EKMC_CORE_CSV_H
#define EKMC_CORE_CSV_H

#include "core/arena.h"
#include "core/status.h"

struct csv {
	size_t rows; /* the header counts */
	size_t columns;
	const struct span *fields; /* rows * columns */
};

enum csv_fault {
	CSV_OTHER, /* of those who check what the cells say */
	CSV_EMPTY,
	CSV_QUOTES, /* quotes or line ends that no program writes */
	CSV_FEW,    /* fewer fields than the header */
	CSV_MANY,
	CSV_UTF8,
	CSV_COLUMN,
};

struct csv_error {
	size_t row, column; /* column 0: the whole row */
	const char *why;    /* static, or the arena's */
	enum csv_fault fault;
};

/* Empty lines at the very end are forgiven, elsewhere one is a row with one empty field.
 * Errors: E_MALFORMED (in *error), E_NOMEM. */
MUST_USE enum status csv_parse(struct arena *a, struct span text, struct csv *out, struct csv_error *error);

/* Puts the columns into the order of `names`, whatever order the file has them in. A missing, repeated or unknown name is
 * E_MALFORMED. E_NOMEM. */
MUST_USE enum status csv_bind(struct arena *a, struct csv *c, const char *const *names, size_t n, struct csv_error *error);

/* `row` and `column` from 1, both within bounds. */
static inline struct span
csv_at(const struct csv *c, size_t row, size_t column)
{
	return c->fields[(row - 1) * c->columns + column - 1];
}

#endif
