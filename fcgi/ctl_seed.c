/* `ekmc-ctl seed`: the files of sql/seed into the directory tables. */
#include "ctl.h"
#include "ctl_seed.h"

#include <getopt.h>
#include <stdarg.h>

#include "core/clock.h"
#include "core/json.h"
#include "core/scan.h"
#include "core/tx.h"

#define OUTLINES     "kolkata_wards.geojson"
#define LOAD_MS      60000
#define FAULTS_SHOWN 20

#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define DIGIT "0123456789"

enum kind {
	CODE,  /* ASCII, letters of one case, digits, - and _; most bytes */
	TEXT,  /* any text, not empty; most characters */
	INT,   /* least and most */
	DAY,   /* 2026-11-23 */
	YESNO, /* yes or no */
	REF,   /* first column of the file `of` */
	WORD,  /* one of the words in `of` */
};

struct column {
	const char *name;
	enum kind kind;
	int64_t least, most;
	const char *of;
};

/* One INSERT of each row of a file: it says which columns are its parameters, counted from 1; 0 is the place in the file. */
struct load {
	const char *file;
	struct column columns[9];
	int args[10]; /* up to strlen(sql.in) */
	struct sql sql;
};

/* clang-format off */
#define NAMES { "en", TEXT, .most = 100 }, { "bn", TEXT, .most = 100 }, { "hi", TEXT, .most = 100 }
#define TEMPLATE \
	.file = "templates.csv", .columns = { \
		{ "code", CODE, .most = 30 }, { "audience", WORD, .of = "citizen lme gro eo holder controlling" }, \
		{ "en", TEXT, .most = 1000 }, { "bn", TEXT, .most = 1000 }, { "hi", TEXT, .most = 1000 }, \
		{ "dlt_id_en", CODE, .most = 30 }, { "dlt_id_bn", CODE, .most = 30 }, { "dlt_id_hi", CODE, .most = 30 } }
#define TEMPLATE_SQL(language) \
	"INSERT INTO sms_template (code, language, audience, text, dlt_id)" \
	" VALUES (?, '" language "', IF(? = 'citizen', 'citizen', 'officer'), ?, ?) ON DUPLICATE KEY UPDATE" \
	" audience = VALUES(audience), text = IF(changed_at IS NULL, VALUES(text), text)," \
	" dlt_id = IF(changed_at IS NULL, VALUES(dlt_id), dlt_id)"
#define SET_NAMES "name_en = VALUES(name_en), name_bn = VALUES(name_bn), name_hi = VALUES(name_hi)"

/* In this order: a file may refer to those before it. */
static const struct load loads[] = {
	{ .file = "departments.csv",
	  .columns = { { "code", CODE, .most = 8 }, NAMES },
	  .args = { 1, 2, 3, 4, 0 },
	  .sql = { "INSERT INTO department (code, name_en, name_bn, name_hi, sort) VALUES (?, ?, ?, ?, ?)"
		   " ON DUPLICATE KEY UPDATE " SET_NAMES ", sort = VALUES(sort)",
		   "ssssi", "", false } },
	{ .file = "categories.csv",
	  .columns = { { "code", CODE, .most = 10 }, { "department", REF, .of = "departments.csv" }, NAMES },
	  .args = { 1, 2, 3, 4, 5, 0 },
	  .sql = { "INSERT INTO category (code, department_code, name_en, name_bn, name_hi, sort) VALUES (?, ?, ?, ?, ?, ?)"
		   " ON DUPLICATE KEY UPDATE department_code = VALUES(department_code), " SET_NAMES ", sort = VALUES(sort)",
		   "sssssi", "", false } },
	{ .file = "subcategories.csv",
	  .columns = { { "code", CODE, .most = 10 },
		       { "category", REF, .of = "categories.csv" },
		       NAMES,
		       { "sla_hours", INT, .least = 1, .most = 720 },
		       { .name = "photo_on_resolve", .kind = YESNO },
		       { .name = "anonymous", .kind = YESNO } },
	  .args = { 1, 2, 2, 3, 4, 5, 6, 7, 8, 0 },
	  .sql = { "INSERT INTO subcategory (code, category_code, department_code, name_en, name_bn, name_hi, sla_hours,"
		   " photo_on_resolve, anonymous, sort)"
		   " VALUES (?, ?, (SELECT department_code FROM category WHERE code = ?), ?, ?, ?, ?, ? = 'yes', ? = 'yes', ?)"
		   " ON DUPLICATE KEY UPDATE category_code = VALUES(category_code), department_code = VALUES(department_code), "
		   SET_NAMES ", sla_hours = VALUES(sla_hours), photo_on_resolve = VALUES(photo_on_resolve),"
		   " anonymous = VALUES(anonymous), sort = VALUES(sort)",
		   "ssssssissi", "", false } },
	{ .file = "boroughs.csv",
	  .columns = { { "borough", INT, .least = 1, .most = 16 }, NAMES },
	  .args = { 1, 2, 3, 4 },
	  .sql = { "INSERT INTO borough (borough_no, name_en, name_bn, name_hi) VALUES (?, ?, ?, ?)"
		   " ON DUPLICATE KEY UPDATE " SET_NAMES,
		   "isss", "", false } },
	{ .file = "wards.csv",
	  .columns = { { "ward", INT, .least = 1, .most = 144 }, { "borough", REF, .of = "boroughs.csv" } },
	  .args = { 1, 2 },
	  .sql = { "INSERT INTO ward (ward_no, borough_no) VALUES (?, ?) ON DUPLICATE KEY UPDATE borough_no = VALUES(borough_no)",
		   "is", "", false } },
	{ .file = "holidays.csv",
	  .columns = { { .name = "day", .kind = DAY }, NAMES },
	  .args = { 1, 2, 3, 4 },
	  .sql = { "INSERT INTO holiday (day, name_en, name_bn, name_hi) VALUES (?, ?, ?, ?) ON DUPLICATE KEY UPDATE " SET_NAMES,
		   "ssss", "", false } },
	{ .file = "states.csv",
	  .columns = { { "state", CODE, .most = 20 }, NAMES },
	  .args = { 1, 2, 3, 4 },
	  .sql = { "INSERT INTO public_name (kind, code, name_en, name_bn, name_hi) VALUES ('state', ?, ?, ?, ?)"
		   " ON DUPLICATE KEY UPDATE " SET_NAMES,
		   "ssss", "", false } },
	{ .file = "offices.csv",
	  .columns = { { "code", CODE, .most = 20 }, NAMES },
	  .args = { 1, 2, 3, 4 },
	  .sql = { "INSERT INTO public_name (kind, code, name_en, name_bn, name_hi) VALUES ('office', ?, ?, ?, ?)"
		   " ON DUPLICATE KEY UPDATE " SET_NAMES,
		   "ssss", "", false } },
	{ TEMPLATE, .args = { 1, 2, 3, 6 }, .sql = { TEMPLATE_SQL("en"), "ssss", "", false } },
	{ TEMPLATE, .args = { 1, 2, 4, 7 }, .sql = { TEMPLATE_SQL("bn"), "ssss", "", false } },
	{ TEMPLATE, .args = { 1, 2, 5, 8 }, .sql = { TEMPLATE_SQL("hi"), "ssss", "", false } },
};
/* clang-format on */

static const struct sql outline_sql = { "INSERT INTO ward_outline (ward_no, outline) VALUES (?, ST_GeomFromGeoJSON(?))"
					" ON DUPLICATE KEY UPDATE outline = VALUES(outline)",
					"is", "", false };
static const struct sql bump_sql = { "UPDATE directory_version SET version = version + 1, changed_at = UTC_TIMESTAMP(3)", "", "",
				     false };

/* what administrators wrote is theirs */
static const struct sql kept_sql = { "SELECT code, language FROM sms_template WHERE changed_at IS NOT NULL ORDER BY code, language",
				     "", "ss", false };

struct outline {
	int64_t ward;
	struct span json;
};

struct tally {
	size_t rows, added, changed;
};

struct seed {
	struct arena *arena;
	const char *dir;
	FILE *err;
	size_t faults;
	struct csv csv[ARRAY_LEN(loads)];
	struct outline *outlines;
	size_t n_outlines;
	struct tally tally[ARRAY_LEN(loads) + 1]; /* the last: outlines */
};

/* ---- checks */

static size_t
count_columns(const struct load *l)
{
	size_t n = 0;

	while (n < ARRAY_LEN(l->columns) && l->columns[n].name != NULL)
		n++;
	return n;
}

static PRINTF(4, 5) void fault(struct seed *s, const struct load *l, struct csv_error at, const char *fmt, ...)
{
	char why[300];
	va_list args;

	if (++s->faults > FAULTS_SHOWN)
		return;
	va_start(args, fmt);
	(void)vsnprintf(why, sizeof(why), fmt, args);
	va_end(args);
	at.why = why;
	seed_fault(s->err, l->file, &at, at.column == 0 ? "" : l->columns[at.column - 1].name);
}

static bool
is_day(struct span s)
{
	char text[32];
	int64_t at;

	if (s.n != 10)
		return false;
	(void)snprintf(text, sizeof(text), "%.*sT00:00:00Z", SPAN_FMT(s));
	return clock_parse(span_of(text), &at);
}

/* Whether `s` stands in the first column of the file `of`, which was read before. */
static bool
is_known(const struct seed *s, const char *of, struct span word)
{
	for (size_t i = 0; i < ARRAY_LEN(loads); i++) {
		if (strcmp(loads[i].file, of) != 0)
			continue;
		for (size_t row = 2; row <= s->csv[i].rows; row++)
			if (span_eq(csv_at(&s->csv[i], row, 1), word))
				return true;
	}
	return false;
}

static bool
is_word(const char *words, struct span word)
{
	struct span rest = span_of(words), part;

	while (scan_cut(&rest, ' ', &part))
		if (span_eq(part, word))
			return true;
	return false;
}

static void
check_field(struct seed *s, const struct load *l, const struct column *c, struct span v, struct csv_error at)
{
	size_t chars = 0, most = (size_t)c->most;
	int64_t number;

	switch (c->kind) {
	case CODE:
		if (!scan_token(v, UPPER DIGIT "-_", 1, most) && !scan_token(v, LOWER DIGIT "-_", 1, most))
			fault(s, l, at, "\"%.*s\" is not a code of at most %zu characters", SPAN_FMT(v), most);
		break;
	case TEXT:
		if (v.n == 0 || !scan_utf8(v, &chars) || chars > most)
			fault(s, l, at, "%s, 1 to %zu characters are needed", v.n == 0 ? "empty" : "too long", most);
		break;
	case INT:
		if (!scan_i64(v, c->least, c->most, &number))
			fault(s, l, at, "\"%.*s\" is not a whole number from %jd to %jd", SPAN_FMT(v), (intmax_t)c->least,
			      (intmax_t)c->most);
		break;
	case DAY:
		if (!is_day(v))
			fault(s, l, at, "\"%.*s\" is not a day such as 2026-11-23", SPAN_FMT(v));
		break;
	case YESNO:
		if (!is_word("yes no", v))
			fault(s, l, at, "\"%.*s\" is neither yes nor no", SPAN_FMT(v));
		break;
	case REF:
		if (!is_known(s, c->of, v))
			fault(s, l, at, "\"%.*s\" does not stand in %s", SPAN_FMT(v), c->of);
		break;
	case WORD:
		if (!is_word(c->of, v))
			fault(s, l, at, "\"%.*s\" is none of: %s", SPAN_FMT(v), c->of);
		break;
	}
}

static void
check_rows(struct seed *s, const struct load *l, const struct csv *c)
{
	for (size_t row = 2; row <= c->rows; row++) {
		for (size_t k = 1; k <= c->columns; k++)
			check_field(s, l, &l->columns[k - 1], csv_at(c, row, k), (struct csv_error){ .row = row, .column = k });
		for (size_t other = 2; other < row; other++)
			if (span_eq(csv_at(c, other, 1), csv_at(c, row, 1)))
				fault(s, l, (struct csv_error){ .row = row, .column = 1 }, "the same as in row %zu", other);
	}
}

/* ---- outlines */

/* {"type": "MultiPolygon", "coordinates": …} of a feature's geometry; NULL when it is none. */
static json_t *
multipolygon(struct arena *a, const json_t *feature)
{
	const json_t *geometry = json_object_get(feature, "geometry");
	const char *type = json_string_value(json_object_get(geometry, "type"));
	json_t *coordinates = json_object_get(geometry, "coordinates");

	if (type == NULL || !json_is_array(coordinates))
		return NULL;
	if (strcmp(type, "MultiPolygon") == 0)
		return json_own(a, json_pack("{s:s, s:O}", "type", type, "coordinates", coordinates));
	if (strcmp(type, "Polygon") == 0)
		return json_own(a, json_pack("{s:s, s:[O]}", "type", "MultiPolygon", "coordinates", coordinates));
	return NULL;
}

static bool
feature_ward(const json_t *feature, int64_t *ward)
{
	const json_t *v = json_object_get(json_object_get(feature, "properties"), "WARD");

	if (json_is_integer(v)) {
		*ward = json_integer_value(v);
		return *ward >= 1 && *ward <= 144;
	}
	return scan_i64(span_of(json_string_value(v)), 1, 144, ward);
}

static void
release_buf(void *b)
{
	buf_release(b);
}

static enum status
read_outline(struct seed *s, const json_t *feature, size_t place)
{
	struct outline *o = &s->outlines[place];
	struct buf *text = arena_alloc(s->arena, sizeof(*text));
	json_t *polygon = multipolygon(s->arena, feature);

	if (text == NULL)
		return E_NOMEM;
	if (polygon == NULL || !feature_ward(feature, &o->ward)) {
		(void)fprintf(s->err, OUTLINES ": feature %zu: not a (Multi)Polygon with a property WARD from 1 to 144\n",
			      place + 1);
		s->faults++;
		return E_OK;
	}
	buf_init(text, SEED_FILE_BYTES);
	if (!arena_defer(s->arena, release_buf, text))
		return E_NOMEM;
	json_encode(polygon, text);
	o->json = buf_view(text);
	return text->failed ? E_NOMEM : E_OK;
}

static enum status
read_outlines(struct seed *s)
{
	const json_t *features;
	const char *why = NULL;
	struct span text;
	json_t *root = NULL;
	enum status st = seed_read(s->arena, s->dir, OUTLINES, s->err, &text);

	if (st != E_OK)
		return st;
	st = json_decode(s->arena, text, &root, &why);
	if (st == E_NOMEM)
		return st;
	features = json_object_get(root, "features");
	if (!json_is_array(features)) {
		(void)fprintf(s->err, OUTLINES ": %s\n", why != NULL ? why : "no array of features");
		return E_INVALID;
	}
	s->n_outlines = json_array_size(features);
	s->outlines = arena_array(s->arena, s->n_outlines, sizeof(*s->outlines));
	if (s->outlines == NULL)
		return E_NOMEM;
	for (size_t i = 0; i < s->n_outlines && st == E_OK; i++)
		st = read_outline(s, json_array_get(features, i), i);
	return st;
}

static enum status
read_all(struct seed *s)
{
	enum status st = E_OK, one;

	for (size_t i = 0; i < ARRAY_LEN(loads); i++) {
		const struct load *l = &loads[i];
		const char *columns[ARRAY_LEN(l->columns)];
		size_t n = count_columns(l);

		if (i > 0 && strcmp(l->file, loads[i - 1].file) == 0) {
			s->csv[i] = s->csv[i - 1];
			continue;
		}
		for (size_t k = 0; k < n; k++)
			columns[k] = l->columns[k].name;
		one = seed_csv(s->arena, s->dir, l->file, columns, n, s->err, &s->csv[i]);
		if (one == E_OK)
			check_rows(s, l, &s->csv[i]);
		else
			s->csv[i].rows = 0, st = one;
	}
	one = read_outlines(s);
	if (s->faults > FAULTS_SHOWN)
		(void)fprintf(s->err, "… and %zu more\n", s->faults - FAULTS_SHOWN);
	if (one != E_OK)
		return one;
	return st == E_OK && s->faults > 0 ? E_INVALID : st;
}

/* ---- loading */

/* ON DUPLICATE KEY UPDATE counts 1 for a new row, 2 for a changed one, 0 for one that was the same. */
static void
count(struct tally *t, int64_t affected)
{
	t->rows++;
	t->added += affected == 1;
	t->changed += affected == 2;
}

static enum status
load_rows(struct db *db, struct seed *s, const struct load *l, const struct csv *c, struct tally *t)
{
	struct db_value args[ARRAY_LEN(l->args)];
	size_t n = strlen(l->sql.in);
	struct db_rows done;
	enum status st = E_OK;

	for (size_t row = 2; row <= c->rows && st == E_OK; row++) {
		for (size_t k = 0; k < n; k++) {
			int64_t number = (int64_t)row - 1;

			args[k] = db_text(l->args[k] == 0 ? (struct span){ NULL, 0 } : csv_at(c, row, (size_t)l->args[k]));
			if (l->sql.in[k] == 'i')
				args[k] = l->args[k] == 0 || scan_i64(args[k].s, INT64_MIN, INT64_MAX, &number) ? db_int(number)
														: db_null();
		}
		st = db_run(db, s->arena, &l->sql, args, n, &done);
		if (st == E_OK)
			count(t, done.affected);
		else if (st == E_INTERNAL)
			(void)fprintf(s->err, "%s:%zu: the database refuses it, see the log line above\n", l->file, row);
	}
	return st;
}

static enum status
load_body(struct db *db, void *arg)
{
	struct seed *s = arg;
	struct tally *last = &s->tally[ARRAY_LEN(loads)];
	struct db_rows done;
	enum status st = E_OK;
	size_t changes = 0;

	memset(s->tally, 0, sizeof(s->tally));
	for (size_t i = 0; i < ARRAY_LEN(loads) && st == E_OK; i++) {
		st = load_rows(db, s, &loads[i], &s->csv[i], &s->tally[i]);
		changes += s->tally[i].added + s->tally[i].changed;
	}
	for (size_t i = 0; i < s->n_outlines && st == E_OK; i++) {
		st = db_run(db, s->arena, &outline_sql, DB_ARGS(db_int(s->outlines[i].ward), db_text(s->outlines[i].json)), &done);
		if (st == E_OK)
			count(last, done.affected);
		else if (st == E_INTERNAL)
			(void)fprintf(s->err, OUTLINES ": ward %jd: the database refuses it\n", (intmax_t)s->outlines[i].ward);
	}
	changes += last->added + last->changed;
	return st == E_OK && changes > 0 ? db_run(db, s->arena, &bump_sql, DB_NO_ARGS, &done) : st;
}

/* After a lost COMMIT: the same files twice change nothing, so nobody need find out. */
static enum status
run_again(struct db *db UNUSED, void *arg UNUSED)
{
	return E_NOT_FOUND;
}

static void
print_tally(FILE *out, const char *file, const struct tally *t)
{
	(void)fprintf(out, "%-22s %5zu rows %5zu added %5zu changed\n", file, t->rows, t->added, t->changed);
}

static enum status
print_kept(struct db *db, struct arena *a, FILE *out)
{
	struct db_rows rows;
	enum status st = db_run(db, a, &kept_sql, DB_NO_ARGS, &rows);

	for (size_t i = 0; st == E_OK && i < rows.n; i++)
		(void)fprintf(out, "templates.csv: %.*s %.*s stays as an administrator wrote it\n", SPAN_FMT(db_row(&rows, i)[0].s),
			      SPAN_FMT(db_row(&rows, i)[1].s));
	return st;
}

enum status
seed_load(struct db *db, struct arena *a, const char *dir, FILE *out, FILE *err)
{
	struct seed *s = arena_alloc(a, sizeof(*s));
	struct tally sum = { 0 };
	enum status st;

	if (s == NULL)
		return E_NOMEM;
	*s = (struct seed){ .arena = a, .dir = dir, .err = err };
	st = read_all(s);
	if (st != E_OK)
		return st;
	db_deadline(db, clock_monotonic_ms() + LOAD_MS);
	st = db_tx(db, load_body, s, run_again);
	for (size_t i = 0; i < ARRAY_LEN(loads) && st == E_OK; i++) {
		sum.rows += s->tally[i].rows;
		sum.added += s->tally[i].added;
		sum.changed += s->tally[i].changed;
		if (i + 1 < ARRAY_LEN(loads) && strcmp(loads[i].file, loads[i + 1].file) == 0)
			continue; /* several statements, one file */
		print_tally(out, loads[i].file, &sum);
		sum = (struct tally){ 0 };
	}
	if (st == E_OK)
		print_tally(out, OUTLINES, &s->tally[ARRAY_LEN(loads)]);
	return st == E_OK ? print_kept(db, a, out) : st;
}

int
ctl_seed(struct conf *c, int argc, char **argv)
{
	static const struct option options[] = {
		{ "dir", required_argument, NULL, 'd' },
		{ NULL, 0, NULL, 0 },
	};
	const char *dir = NULL;
	struct arena *a;
	struct db *db;
	enum status st = E_NOMEM;
	int opt;

	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (opt == '?')
			return CTL_USAGE;
		dir = optarg;
	}
	if (dir == NULL || optind < argc)
		return CTL_USAGE;
	a = arena_new(65536, SEED_ARENA_BYTES);
	db = db_new(c);
	if (a != NULL && db != NULL)
		st = seed_load(db, a, dir, stdout, stderr);
	db_free(db);
	arena_free(a);
	if (st != E_OK && st != E_INVALID)
		(void)fprintf(stderr, "ekmc-ctl seed: %s\n", status_name(st));
	return st == E_OK ? CTL_DONE : st == E_BUSY ? CTL_BUSY : CTL_FAILED;
}
