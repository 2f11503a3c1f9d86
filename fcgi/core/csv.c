/* Reading CSV: one pass to know how many fields there are, one to cut them out. */
#include "core/csv.h"

#include <stdint.h>

#include "core/scan.h"

/* Where the parser stands. */
struct reader {
	struct span text;
	size_t at;
	size_t row, column;
	struct csv_error *error;
};

static enum status
refuse(const struct reader *r, size_t column, enum csv_fault fault, const char *why)
{
	*r->error = (struct csv_error){ r->row, column, why, fault };
	return E_MALFORMED;
}

static bool
at_end(const struct reader *r)
{
	return r->at == r->text.n;
}

/* Moves past LF or CRLF. */
static bool
take_line_end(struct reader *r)
{
	size_t left = r->text.n - r->at;
	const char *p = r->text.p + r->at;

	if (left >= 1 && p[0] == '\n')
		r->at += 1;
	else if (left >= 2 && p[0] == '\r' && p[1] == '\n')
		r->at += 2;
	else
		return false;
	return true;
}

/* The text between quotes, the doubled ones still doubled; *doubled says how many of those there are. */
static enum status
take_quoted(struct reader *r, struct span *out, size_t *doubled)
{
	size_t from = ++r->at;

	*doubled = 0;
	for (; !at_end(r); r->at++) {
		if (r->text.p[r->at] != '"')
			continue;
		if (r->at + 1 == r->text.n || r->text.p[r->at + 1] != '"') {
			*out = (struct span){ r->text.p + from, r->at - from };
			r->at++;
			return E_OK;
		}
		++*doubled;
		r->at++;
	}
	return refuse(r, r->column, CSV_QUOTES, "a quote is opened and never closed");
}

static enum status
take_plain(struct reader *r, struct span *out)
{
	size_t from = r->at;

	for (; !at_end(r); r->at++) {
		char c = r->text.p[r->at];

		if (c == ',' || c == '\n' || (c == '\r' && r->at + 1 < r->text.n && r->text.p[r->at + 1] == '\n'))
			break;
		if (c == '"')
			return refuse(r, r->column, CSV_QUOTES, "a quote inside an unquoted field");
		if (c == '\r')
			return refuse(r, r->column, CSV_QUOTES, "a carriage return without a line feed");
	}
	*out = (struct span){ r->text.p + from, r->at - from };
	return E_OK;
}

/* One field and what ends it. *last: the row ends with it. */
static enum status
take_field(struct reader *r, struct span *out, size_t *doubled, bool *last)
{
	enum status st;

	*doubled = 0;
	st = !at_end(r) && r->text.p[r->at] == '"' ? take_quoted(r, out, doubled) : take_plain(r, out);
	if (st != E_OK)
		return st;
	*last = at_end(r) || take_line_end(r);
	if (*last)
		return E_OK;
	if (r->text.p[r->at] != ',')
		return refuse(r, r->column, CSV_QUOTES, "text behind a closing quote");
	r->at++;
	return E_OK;
}

/* Calls for every field of a row; fields beyond `cap` are only counted. */
static enum status
take_row(struct reader *r, struct arena *a, struct span *fields, size_t cap, size_t *n)
{
	bool last = false;

	for (*n = 0; !last; ++*n) {
		struct span raw;
		size_t doubled;
		enum status st;

		r->column = *n + 1;
		st = take_field(r, &raw, &doubled, &last);
		if (st != E_OK)
			return st;
		if (*n >= cap)
			continue;
		fields[*n] = raw;
		if (doubled > 0) {
			char *text = arena_alloc(a, raw.n - doubled);
			size_t k = 0;

			if (text == NULL)
				return E_NOMEM;
			for (size_t i = 0; i < raw.n; i++) {
				text[k++] = raw.p[i];
				i += raw.p[i] == '"';
			}
			fields[*n] = (struct span){ text, k };
		}
	}
	return E_OK;
}

/* Rows and columns, and whether all rows have as many. */
static enum status
measure(struct reader *r, struct csv *out)
{
	*out = (struct csv){ 0 };
	while (!at_end(r)) {
		size_t n;
		enum status st;

		r->row = ++out->rows;
		st = take_row(r, NULL, NULL, 0, &n);
		if (st != E_OK)
			return st;
		if (out->rows == 1)
			out->columns = n;
		if (n != out->columns)
			return n < out->columns ? refuse(r, 0, CSV_FEW, "fewer fields than the header")
						: refuse(r, 0, CSV_MANY, "more fields than the header");
	}
	return out->rows == 0 ? refuse(r, 0, CSV_EMPTY, "empty, not even a header") : E_OK;
}

enum status
csv_parse(struct arena *a, struct span text, struct csv *out, struct csv_error *error)
{
	struct reader r = { .text = text, .row = 1, .error = error };
	struct span *fields;
	size_t chars, n;
	enum status st;

	if (text.n >= 3 && memcmp(text.p, "\xef\xbb\xbf", 3) == 0)
		r.text = (struct span){ text.p + 3, text.n - 3 };
	while (r.text.n > 0 && (r.text.p[r.text.n - 1] == '\n' || r.text.p[r.text.n - 1] == '\r'))
		r.text.n--;
	st = measure(&r, out);
	if (st != E_OK)
		return st;
	fields = arena_array(a, out->rows * out->columns, sizeof(*fields));
	if (fields == NULL)
		return E_NOMEM;
	r.at = 0;
	for (r.row = 1; r.row <= out->rows; r.row++) {
		struct span *row = fields + (r.row - 1) * out->columns;

		st = take_row(&r, a, row, out->columns, &n);
		if (st != E_OK)
			return st;
		for (size_t i = 0; i < n; i++)
			if (!scan_utf8(row[i], &chars))
				return refuse(&r, i + 1, CSV_UTF8, "not UTF-8");
	}
	out->fields = fields;
	return E_OK;
}

static enum status
refuse_header(struct csv_error *error, size_t column, const char *why)
{
	*error = (struct csv_error){ 1, column, why, CSV_COLUMN };
	return error->why == NULL ? E_NOMEM : E_MALFORMED;
}

enum status
csv_bind(struct arena *a, struct csv *c, const char *const *names, size_t n, struct csv_error *error)
{
	struct span *fields = arena_array(a, c->rows * n, sizeof(*fields));
	bool *known = arena_array(a, c->columns, sizeof(*known));

	if (fields == NULL || known == NULL)
		return E_NOMEM;
	for (size_t k = 0; k < n; k++) {
		size_t from = 0;

		for (size_t i = 1; i <= c->columns; i++) {
			if (!span_eq(csv_at(c, 1, i), span_of(names[k])))
				continue;
			if (from != 0)
				return refuse_header(error, i, arena_printf(a, "the column %s stands twice", names[k]));
			from = i;
			known[i - 1] = true;
		}
		if (from == 0)
			return refuse_header(error, 0, arena_printf(a, "the column %s is missing", names[k]));
		for (size_t row = 1; row <= c->rows; row++)
			fields[(row - 1) * n + k] = csv_at(c, row, from);
	}
	for (size_t i = 1; i <= c->columns; i++)
		if (!known[i - 1])
			return refuse_header(error, i, "an unknown column");
	c->fields = fields;
	c->columns = n;
	return E_OK;
}
