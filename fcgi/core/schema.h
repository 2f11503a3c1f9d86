/* JSON bodies and query strings into structs, by a table: every field error is collected, with its RFC 6901 pointer.
 *
 * A table describes one object; unknown keys are errors too. The destination struct must be zeroed by the caller: absent fields
 * stay as they are. Text lands trimmed, valid UTF-8, without control characters but LF and TAB (CRLF becomes LF); text that is
 * empty then is absent, and so are null and an empty query value. */
#ifndef EKMC_CORE_SCHEMA_H
#define EKMC_CORE_SCHEMA_H

#include <jansson.h>
#include "core/arena.h"
#include "core/status.h"

enum field_type {
	FIELD_TEXT,    /* struct span; min/max count characters (code points) */
	FIELD_LINE,    /* FIELD_TEXT that may not hold a line break */
	FIELD_INT,     /* int64_t; min/max bound the value */
	FIELD_DOUBLE,  /* double; min/max bound the value */
	FIELD_BOOL,    /* bool */
	FIELD_CHOICE,  /* int: the index in `choices` (NULL-terminated) */
	FIELD_OBJECT,  /* the struct at `offset`, described by `fields`, `n_fields` */
	FIELD_TIME,    /* int64_t, ms since 1970 in UTC, from RFC 3339 */
	FIELD_NUMBERS, /* struct schema_ints: an array of integers, min/max bound each; at most `most` */
	FIELD_TEXTS,   /* struct schema_texts: an array of text; at most `most` */
	FIELD_OBJECTS, /* struct schema_objects: an array of structs of `size` bytes, described as FIELD_OBJECT; at most `most` */
};

struct schema_ints {
	const int64_t *v;
	size_t n;
};
struct schema_texts {
	const struct span *v;
	size_t n;
};
struct schema_objects {
	const void *v; /* zeroed before their fields are read */
	size_t n;
};

struct field {
	const char *name;
	enum field_type type;
	size_t offset;
	bool required;
	double min, max;            /* both 0: no bounds; of text, max 0: no upper bound */
	const char *const *choices; /* compared exactly; anything else is FE_FORMAT with the list in `expected` */
	const struct field *fields;
	size_t n_fields;
	size_t size;    /* of one struct of FIELD_OBJECTS */
	size_t most;    /* elements; more are FE_TOO_MANY. A required array that is empty is FE_REQUIRED */
	size_t present; /* offset of a bool set true when the field was there and not null; 0: none */
};

enum field_code {
	FE_REQUIRED,
	FE_UNKNOWN_KEY,
	FE_DUPLICATE_KEY, /* of a query; in JSON it is E_MALFORMED */
	FE_TYPE,
	FE_TOO_SHORT,
	FE_TOO_LONG,
	FE_RANGE,
	FE_FORMAT,
	FE_NOT_FOUND,
	FE_MISMATCH,
	FE_MISTYPED,
	FE_OUTSIDE_KOLKATA,
	FE_CHOOSE_WARD,
	FE_EXPIRED,
	FE_WRONG,
	FE_TOO_MANY, /* elements of an array */
	FE_FILE_KIND,
	FE_DAMAGED,
	FE_PIXELS,
	FE_TAKEN,
	FE_TOO_EASY,
	FE_UNCHANGED,
	FE_CLOSED,
	FE_OWN,
	FIELD_CODE__COUNT
};

struct field_error {
	const char *pointer; /* "/location/lat" */
	enum field_code code;
	double min, max;      /* what the detail mentions, where the code has bounds */
	const char *expected; /* static or the arena's, or NULL */
};

#define FIELD_ERRORS_MAX 32
struct field_errors {
	struct arena *arena;
	struct field_error v[FIELD_ERRORS_MAX];
	size_t n; /* further errors are not kept */
		  /* of the schema: in the order of the table, then the unknown keys */
};

/* Adds one; `pointer` is copied. Domain rules use it as the schema does. */
void field_error_add(struct field_errors *e, const char *pointer, enum field_code code);
void field_error_full(struct field_errors *e, const struct field_error *error);

/* E_OK, E_INVALID (errors has at least one) or E_NOMEM. `value` must be an object, else E_INVALID with pointer "". */
MUST_USE enum status schema_object(struct arena *a, const json_t *value, const struct field *fields, size_t n, void *out,
				   struct field_errors *errors);

/* The same table over decoded query parameters: values are text, converted by the field's type; a repeated or unknown name is an
 * error. Objects and arrays do not occur. */
struct schema_param {
	struct span name, value;
};
MUST_USE enum status schema_query(struct arena *a, const struct schema_param *params, size_t n_params, const struct field *fields,
				  size_t n, void *out, struct field_errors *errors);

#endif
