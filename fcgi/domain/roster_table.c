/* A list as a table of cells: its header, its cells, and how they go out again. */
#include "core/scan.h"
#include "domain/roster_impl.h"

#define FORMULA "=+-@\t\r"

static enum status
refuse_csv(struct roster_faults *faults, const struct csv_error *e)
{
	static const enum roster_fault of[] = {
		[CSV_OTHER] = RF_CSV,        [CSV_EMPTY] = RF_EMPTY, [CSV_QUOTES] = RF_CSV, [CSV_FEW] = RF_FIELDS_FEW,
		[CSV_MANY] = RF_FIELDS_MANY, [CSV_UTF8] = RF_UTF8,   [CSV_COLUMN] = RF_CSV
	};

	roster_fault(faults, e->row, NULL, of[e->fault], 0, NOWHERE);
	return E_INVALID;
}

static void
bind_column(struct roster_table *t, size_t k, struct roster_faults *faults)
{
	for (size_t i = 1; i <= t->csv.columns; i++) {
		if (!span_eq(scan_trim(csv_at(&t->csv, 1, i)), span_of(t->names[k])))
			continue;
		if (t->at[k] != 0)
			roster_fault(faults, 1, t->names[k], RF_COLUMN_TWICE, 0, span_of(t->names[k]));
		t->at[k] = i;
	}
	if (t->at[k] == 0)
		roster_fault(faults, 1, t->names[k], RF_COLUMN_MISSING, 0, span_of(t->names[k]));
}

static bool
is_ours(const struct roster_table *t, struct span name)
{
	for (size_t k = 0; k < t->n; k++)
		if (span_eq(name, span_of(t->names[k])))
			return true;
	return false;
}

enum status
roster_table(struct arena *a, struct span text, const char *const *names, size_t n, struct roster_faults *faults,
	     struct roster_table *out)
{
	struct csv_error error = { .why = NULL };
	size_t chars = 0;
	enum status st;

	*out = (struct roster_table){ .names = names, .n = n };
	st = csv_parse(a, text, &out->csv, &error);
	if (st == E_MALFORMED && error.fault != CSV_UTF8 && !scan_utf8(text, &chars))
		error = (struct csv_error){ .fault = CSV_UTF8 }; /* UTF-16 has the quotes and commas of nothing */
	if (st == E_MALFORMED)
		return refuse_csv(faults, &error);
	if (st != E_OK)
		return st;
	for (size_t k = 0; k < n; k++)
		bind_column(out, k, faults);
	for (size_t i = 1; i <= out->csv.columns; i++) {
		const struct span name = scan_trim(csv_at(&out->csv, 1, i));

		if (!is_ours(out, name))
			roster_fault(faults, 1, NULL, RF_COLUMN_UNKNOWN, 0, name);
	}
	if (out->csv.rows > ROSTER_ROWS_MAX + 1)
		roster_fault(faults, 0, NULL, RF_ROWS_MANY, ROSTER_ROWS_MAX, NOWHERE);
	return faults->all > 0 ? E_INVALID : E_OK;
}

struct span
roster_cell(const struct roster_table *t, size_t row, size_t column)
{
	struct span s = scan_trim(csv_at(&t->csv, row, t->at[column]));

	if (s.n >= 2 && s.p[0] == '\'' && (strchr(FORMULA, s.p[1]) != NULL || (s.p[1] == '\'' && s.n >= 3)))
		s = (struct span){ s.p + 1, s.n - 1 };
	return s;
}

bool
roster_blank(const struct roster_table *t, size_t row)
{
	for (size_t k = 0; k < t->n; k++)
		if (roster_cell(t, row, k).n > 0)
			return false;
	return true;
}

bool
roster_check_name(const struct roster_table *t, size_t row, size_t column, struct roster_faults *faults)
{
	const struct span s = roster_cell(t, row, column);
	enum roster_fault fault = RF_REQUIRED;
	size_t chars = 0;
	bool right = s.n > 0;

	for (size_t i = 0; i < s.n && right; chars++) {
		const int32_t c = scan_utf8_next(s, &i);

		/* control characters, and those that turn the direction of the text around them */
		right = c >= 0x20 && (c < 0x7f || c > 0x9f) && c != 0x2028 && c != 0x2029 && (c < 0x202a || c > 0x202e) &&
			(c < 0x2066 || c > 0x2069);
		fault = RF_CHARACTERS;
	}
	if (right && chars > ROSTER_NAME_MAX) {
		fault = RF_TOO_LONG;
		right = false;
	}
	if (!right)
		roster_fault(faults, row, t->names[column], fault, ROSTER_NAME_MAX, NOWHERE);
	return right;
}

void
roster_put_cell(struct buf *out, struct span cell)
{
	/* one apostrophe is taken off again when it comes in */
	const bool formula = cell.n > 0 && (strchr(FORMULA, cell.p[0]) != NULL || (cell.p[0] == '\'' && cell.n >= 2));
	bool quoted = false;

	for (size_t i = 0; i < cell.n; i++)
		quoted = quoted || strchr(",\"\r\n", cell.p[i]) != NULL;
	if (quoted)
		buf_char(out, '"');
	if (formula)
		buf_char(out, '\'');
	for (size_t i = 0; i < cell.n; i++) {
		if (cell.p[i] == '"')
			buf_char(out, '"');
		buf_char(out, cell.p[i]);
	}
	if (quoted)
		buf_char(out, '"');
}
