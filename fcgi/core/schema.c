/* Walks a table of fields over a JSON object or a query string and keeps every complaint about it. */
#include "core/schema.h"

#include <assert.h>
#include <float.h>

#include "core/clock.h"
#include "core/scan.h"

/* One row of the way from the top to a value, on the stack of the walk; rendered only for an error. */
struct path {
	const struct path *up;
	const char *name; /* NULL: the element `index` of an array */
	size_t index;
};

struct walk {
	struct arena *arena;
	struct field_errors *errors;
	bool invalid;
	bool no_memory;
};

enum taken { TAKEN, ABSENT, REFUSED };

static size_t
token_write(const char *name, char *out)
{
	size_t n = 0;

	/* RFC 6901, section 3 */
	for (; *name != '\0'; name++) {
		bool escaped = *name == '~' || *name == '/';

		if (out != NULL)
			out[n] = *name;
		if (out != NULL && escaped) {
			out[n + 1] = *name == '~' ? '0' : '1';
			out[n] = '~';
		}
		n += escaped ? 2 : 1;
	}
	return n;
}

static const char *
path_text(struct arena *a, const struct path *path)
{
	const char *up;
	char *token;

	if (path == NULL)
		return "";
	up = path_text(a, path->up);
	if (up == NULL)
		return NULL;
	if (path->name == NULL)
		return arena_printf(a, "%s/%zu", up, path->index);
	token = arena_alloc(a, token_write(path->name, NULL) + 1);
	if (token == NULL)
		return NULL;
	token_write(path->name, token);
	return arena_printf(a, "%s/%s", up, token);
}

static enum taken
refuse_full(struct walk *w, const struct path *path, struct field_error error)
{
	w->invalid = true;
	if (w->errors->n >= FIELD_ERRORS_MAX)
		return REFUSED;
	error.pointer = path_text(w->arena, path);
	if (error.pointer == NULL)
		w->no_memory = true;
	else
		field_error_full(w->errors, &error);
	return REFUSED;
}

static enum taken
refuse(struct walk *w, const struct path *path, enum field_code code)
{
	return refuse_full(w, path, (struct field_error){ .code = code });
}

static enum taken
refuse_bounds(struct walk *w, const struct path *path, enum field_code code, const struct field *f)
{
	return refuse_full(w, path, (struct field_error){ .code = code, .min = f->min, .max = f->max });
}

static enum taken
exhausted(struct walk *w)
{
	w->no_memory = true;
	return REFUSED;
}

/* ASCII white space and U+00A0, which phones' keyboards and copied web pages leave behind. */
static struct span
trim(struct span s)
{
	for (;;) {
		struct span t = scan_trim(s);

		if (t.n >= 2 && memcmp(t.p, "\xC2\xA0", 2) == 0)
			t = (struct span){ t.p + 2, t.n - 2 };
		else if (t.n >= 2 && memcmp(t.p + t.n - 2, "\xC2\xA0", 2) == 0)
			t.n -= 2;
		if (t.n == s.n)
			return t;
		s = t;
	}
}

static bool
printable(int32_t c, bool one_line)
{
	if (c == '\n' || c == 0x2028 || c == 0x2029)
		return !one_line;
	return c == '\t' || (c >= 0x20 && c != 0x7F && !(c >= 0x80 && c <= 0x9F));
}

/* Whether a reader sees anything of it. What is all joiners, marks of direction and spaces says nothing, though it is long. */
static bool
visible(int32_t c)
{
	return c > ' ' && c != 0xA0 && c != 0xAD && c != 0x34F && c != 0x61C && c != 0x180E && !(c >= 0x2000 && c <= 0x200F) &&
	       !(c >= 0x2028 && c <= 0x202F) && !(c >= 0x205F && c <= 0x206F) && c != 0x3000 && c != 0xFEFF &&
	       !(c >= 0xE0000 && c <= 0xE007F);
}

static struct span
unix_lines(char *out, struct span s)
{
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '\r') {
			out[n++] = '\n';
			if (i + 1 < s.n && s.p[i + 1] == '\n')
				i++;
		} else
			out[n++] = s.p[i];
	}
	return (struct span){ out, n };
}

static enum taken
take_text(struct walk *w, const struct field *f, const struct path *path, struct span *slot, struct span s)
{
	size_t chars = 0, i = 0;
	bool seen = false;
	char *copy;

	s = trim(s);
	if (s.n == 0)
		return ABSENT;
	copy = arena_alloc(w->arena, s.n + 1);
	if (copy == NULL)
		return exhausted(w);
	s = unix_lines(copy, s);
	copy[s.n] = '\0';
	while (i < s.n) {
		const int32_t c = scan_utf8_next(s, &i);

		if (!printable(c, f->type == FIELD_LINE))
			return refuse(w, path, FE_FORMAT);
		seen = seen || visible(c);
		chars++;
	}
	if (!seen)
		return ABSENT;
	if ((double)chars < f->min)
		return refuse_bounds(w, path, FE_TOO_SHORT, f);
	if (f->max > 0 && (double)chars > f->max)
		return refuse_bounds(w, path, FE_TOO_LONG, f);
	*slot = s;
	return TAKEN;
}

static bool
outside(const struct field *f, double v)
{
	bool bounded = f->min < 0 || f->min > 0 || f->max < 0 || f->max > 0;

	return bounded && !(v >= f->min && v <= f->max);
}

static enum taken
take_int(struct walk *w, const struct field *f, const struct path *path, int64_t *slot, int64_t v)
{
	if (outside(f, (double)v))
		return refuse_bounds(w, path, FE_RANGE, f);
	*slot = v;
	return TAKEN;
}

static enum taken
take_double(struct walk *w, const struct field *f, const struct path *path, double *slot, double v)
{
	if (outside(f, v))
		return refuse_bounds(w, path, FE_RANGE, f);
	*slot = v;
	return TAKEN;
}

static enum taken
take_choice(struct walk *w, const struct field *f, const struct path *path, int *slot, struct span s)
{
	const char *expected = "";

	for (int i = 0; f->choices[i] != NULL; i++) {
		if (span_eq(s, span_of(f->choices[i]))) {
			*slot = i;
			return TAKEN;
		}
	}
	for (size_t i = 0; f->choices[i] != NULL && expected != NULL; i++)
		expected = arena_printf(w->arena, "%s%s%s", expected, i > 0 ? ", " : "", f->choices[i]);
	if (expected == NULL)
		return exhausted(w);
	return refuse_full(w, path, (struct field_error){ .code = FE_FORMAT, .expected = expected });
}

static enum taken
take_time(struct walk *w, const struct path *path, int64_t *slot, struct span s)
{
	if (clock_parse(s, slot))
		return TAKEN;
	return refuse_full(w, path, (struct field_error){ .code = FE_FORMAT, .expected = "2026-11-23T15:40:00Z" });
}

static enum taken
take_ints(struct walk *w, const struct field *f, const struct path *path, struct schema_ints *slot, const json_t *v)
{
	size_t n = json_array_size(v);
	bool all = true;
	int64_t *ints;

	if (n > f->most)
		return refuse_full(w, path, (struct field_error){ .code = FE_TOO_MANY, .max = (double)f->most });
	ints = arena_array(w->arena, n, sizeof(*ints));
	if (ints == NULL)
		return exhausted(w);
	for (size_t i = 0; i < n; i++) {
		const json_t *item = json_array_get(v, i);
		struct path at = { path, NULL, i };

		enum taken got =
			json_is_integer(item) ? take_int(w, f, &at, &ints[i], json_integer_value(item)) : refuse(w, &at, FE_TYPE);

		all = all && got == TAKEN;
	}
	if (!all)
		return REFUSED;
	*slot = (struct schema_ints){ ints, n };
	return n == 0 && f->required ? ABSENT : TAKEN;
}

static enum taken
take_texts(struct walk *w, const struct field *f, const struct path *path, struct schema_texts *slot, const json_t *v)
{
	size_t n = json_array_size(v);
	bool all = true;
	struct span *texts;

	if (n > f->most)
		return refuse_full(w, path, (struct field_error){ .code = FE_TOO_MANY, .max = (double)f->most });
	texts = arena_array(w->arena, n, sizeof(*texts));
	if (texts == NULL)
		return exhausted(w);
	for (size_t i = 0; i < n; i++) {
		const json_t *item = json_array_get(v, i);
		struct path at = { path, NULL, i };
		struct span s = { json_string_value(item), json_string_length(item) };
		enum taken got = json_is_string(item) ? take_text(w, f, &at, &texts[i], s) : refuse(w, &at, FE_TYPE);

		if (got == ABSENT)
			got = refuse(w, &at, FE_REQUIRED);
		all = all && got == TAKEN;
	}
	if (!all)
		return REFUSED;
	*slot = (struct schema_texts){ texts, n };
	return n == 0 && f->required ? ABSENT : TAKEN;
}

static void walk_object(struct walk *w, const json_t *value, const struct field *fields, size_t n, const struct path *up,
			void *out);

static enum taken
take_objects(struct walk *w, const struct field *f, const struct path *path, struct schema_objects *slot, const json_t *v)
{
	size_t n = json_array_size(v);
	char *objects;

	if (n > f->most)
		return refuse_full(w, path, (struct field_error){ .code = FE_TOO_MANY, .max = (double)f->most });
	objects = arena_array(w->arena, n, f->size);
	if (objects == NULL)
		return exhausted(w);
	for (size_t i = 0; i < n; i++) {
		const json_t *item = json_array_get(v, i);
		struct path at = { path, NULL, i };

		if (json_is_object(item))
			walk_object(w, item, f->fields, f->n_fields, &at, objects + i * f->size);
		else
			refuse(w, &at, FE_TYPE);
	}
	*slot = (struct schema_objects){ objects, n };
	return n == 0 && f->required ? ABSENT : TAKEN;
}

static bool
type_fits(enum field_type type, const json_t *v)
{
	switch (type) {
	case FIELD_TEXT:
	case FIELD_LINE:
	case FIELD_CHOICE:
	case FIELD_TIME:
		return json_is_string(v);
	case FIELD_INT:
		return json_is_integer(v);
	case FIELD_DOUBLE:
		return json_is_number(v);
	case FIELD_BOOL:
		return json_is_boolean(v);
	case FIELD_OBJECT:
		return json_is_object(v);
	case FIELD_NUMBERS:
	case FIELD_TEXTS:
	case FIELD_OBJECTS:
		return json_is_array(v);
	}
	return false;
}

static enum taken
take_json(struct walk *w, const struct field *f, const struct path *path, void *slot, const json_t *v)
{
	struct span s = { json_string_value(v), json_string_length(v) };

	if (v == NULL || json_is_null(v))
		return ABSENT;
	if (!type_fits(f->type, v))
		return refuse(w, path, FE_TYPE);
	switch (f->type) {
	case FIELD_TEXT:
	case FIELD_LINE:
		return take_text(w, f, path, slot, s);
	case FIELD_CHOICE:
		return take_choice(w, f, path, slot, s);
	case FIELD_TIME:
		return take_time(w, path, slot, s);
	case FIELD_INT:
		return take_int(w, f, path, slot, json_integer_value(v));
	case FIELD_DOUBLE:
		return take_double(w, f, path, slot, json_number_value(v));
	case FIELD_BOOL:
		*(bool *)slot = json_is_true(v);
		return TAKEN;
	case FIELD_OBJECT:
		walk_object(w, v, f->fields, f->n_fields, path, slot);
		return TAKEN;
	case FIELD_NUMBERS:
		return take_ints(w, f, path, slot, v);
	case FIELD_TEXTS:
		return take_texts(w, f, path, slot, v);
	case FIELD_OBJECTS:
		return take_objects(w, f, path, slot, v);
	}
	return REFUSED;
}

static enum taken
take_query(struct walk *w, const struct field *f, const struct path *path, void *slot, struct span s)
{
	int64_t i;
	double d;

	if (s.n == 0)
		return ABSENT;
	switch (f->type) {
	case FIELD_TEXT:
	case FIELD_LINE:
		return take_text(w, f, path, slot, s);
	case FIELD_CHOICE:
		return take_choice(w, f, path, slot, s);
	case FIELD_TIME:
		return take_time(w, path, slot, s);
	case FIELD_INT:
		return scan_i64(s, INT64_MIN, INT64_MAX, &i) ? take_int(w, f, path, slot, i) : refuse(w, path, FE_TYPE);
	case FIELD_DOUBLE:
		return scan_double(s, -DBL_MAX, DBL_MAX, &d) ? take_double(w, f, path, slot, d) : refuse(w, path, FE_TYPE);
	case FIELD_BOOL:
		if (!span_eq(s, SPAN("true")) && !span_eq(s, SPAN("false")))
			return refuse(w, path, FE_TYPE);
		*(bool *)slot = s.n == 4;
		return TAKEN;
	case FIELD_OBJECT:
	case FIELD_NUMBERS:
	case FIELD_TEXTS:
	case FIELD_OBJECTS:
		break;
	}
	assert(false && "objects and arrays do not occur in a query");
	return REFUSED;
}

static void
settle(struct walk *w, const struct field *f, const struct path *path, enum taken got, void *out)
{
	if (got == ABSENT && f->required)
		refuse(w, path, FE_REQUIRED);
	if (got == TAKEN && f->present != 0)
		*(bool *)((char *)out + f->present) = true;
}

static bool
known(const struct field *fields, size_t n, struct span name)
{
	for (size_t i = 0; i < n; i++) {
		if (span_eq(name, span_of(fields[i].name)))
			return true;
	}
	return false;
}

static void
walk_object(struct walk *w, const json_t *value, const struct field *fields, size_t n, const struct path *up, void *out)
{
	/* Jansson's iterators change nothing but are not declared so */
	json_t *object = (json_t *)(uintptr_t)value;

	for (size_t i = 0; i < n; i++) {
		const struct field *f = &fields[i];
		struct path path = { up, f->name, 0 };

		settle(w, f, &path, take_json(w, f, &path, (char *)out + f->offset, json_object_get(value, f->name)), out);
	}
	for (void *it = json_object_iter(object); it != NULL; it = json_object_iter_next(object, it)) {
		struct path path = { up, json_object_iter_key(it), 0 };

		if (!known(fields, n, span_of(path.name)))
			refuse(w, &path, FE_UNKNOWN_KEY);
	}
}

static enum status
outcome(const struct walk *w)
{
	return w->no_memory ? E_NOMEM : w->invalid ? E_INVALID : E_OK;
}

/* How often `name` stands among the parameters; the first one's value in *value. */
static size_t
param_find(const struct schema_param *params, size_t n, struct span name, struct span *value)
{
	size_t times = 0;

	for (size_t i = 0; i < n; i++) {
		if (span_eq(params[i].name, name) && times++ == 0)
			*value = params[i].value;
	}
	return times;
}

static void
param_unknown(struct walk *w, struct span name)
{
	struct path path = { NULL, NULL, 0 };
	size_t chars;

	/* the name goes back in the answer, which is JSON: what is not text is reported without it */
	if (!scan_utf8(name, &chars)) {
		refuse(w, NULL, FE_UNKNOWN_KEY);
		return;
	}
	path.name = arena_strndup(w->arena, name.n > 0 ? name.p : "", name.n);
	if (path.name == NULL)
		w->no_memory = true;
	else
		refuse(w, &path, FE_UNKNOWN_KEY);
}

void
field_error_full(struct field_errors *e, const struct field_error *error)
{
	struct field_error *slot;

	if (e->n >= FIELD_ERRORS_MAX)
		return;
	slot = &e->v[e->n++];
	*slot = *error;
	slot->pointer = arena_strdup(e->arena, error->pointer == NULL ? "" : error->pointer);
	if (slot->pointer == NULL)
		slot->pointer = "";
}

void
field_error_add(struct field_errors *e, const char *pointer, enum field_code code)
{
	field_error_full(e, &(struct field_error){ .pointer = pointer, .code = code });
}

enum status
schema_object(struct arena *a, const json_t *value, const struct field *fields, size_t n, void *out, struct field_errors *errors)
{
	struct walk w = { .arena = a, .errors = errors };

	if (json_is_object(value))
		walk_object(&w, value, fields, n, NULL, out);
	else
		refuse(&w, NULL, FE_TYPE);
	return outcome(&w);
}

enum status
schema_query(struct arena *a, const struct schema_param *params, size_t n_params, const struct field *fields, size_t n, void *out,
	     struct field_errors *errors)
{
	struct walk w = { .arena = a, .errors = errors };

	for (size_t i = 0; i < n; i++) {
		const struct field *f = &fields[i];
		struct path path = { NULL, f->name, 0 };
		struct span value = { NULL, 0 };
		size_t times = param_find(params, n_params, span_of(f->name), &value);

		if (times > 1)
			refuse(&w, &path, FE_DUPLICATE_KEY);
		else
			settle(&w, f, &path, take_query(&w, f, &path, (char *)out + f->offset, value), out);
	}
	for (size_t i = 0; i < n_params; i++) {
		if (!known(fields, n, params[i].name))
			param_unknown(&w, params[i].name);
	}
	return outcome(&w);
}
