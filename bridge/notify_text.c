/* From an outbox row to a text message: who gets it, and what it says. */
#include "bridge/notify_impl.h"
#include "core/clock.h"
#include "core/ids.h"
#include "core/json.h"
#include "core/scan.h"
#include "domain/template.h"

#define TEXT_BYTES 4096

enum { Q_TEMPLATE, Q_CITIZEN, Q_STAFF, Q_COMPLAINT, Q_SUBCATEGORY, Q_DEPARTMENT };

const struct sql notify_sql[] = {
	[Q_TEMPLATE] = { "SELECT text, dlt_id FROM sms_template WHERE code = ? AND language = ?", "ss", "ss", false },
	[Q_CITIZEN] = { "SELECT mobile_sealed FROM citizen WHERE id = ?", "i", "b", false },
	[Q_STAFF] = { "SELECT mobile_sealed FROM staff WHERE id = ? AND active", "i", "b", false },
	[Q_COMPLAINT] = { "SELECT c.number, c.subcategory_code, c.department_code, c.ward_no, c.level, c.due_at, s.name_en, "
			  "s.name_bn"
			  " FROM complaint c LEFT JOIN staff s ON s.id = c.holder_id WHERE c.id = ?",
			  "i", "sssiitss", false },
	[Q_SUBCATEGORY] = { "SELECT name_en, name_bn, name_hi FROM subcategory WHERE code = ?", "s", "sss", false },
	[Q_DEPARTMENT] = { "SELECT name_en, name_bn, name_hi FROM department WHERE code = ?", "s", "sss", false },
};
const size_t notify_sql_n = ARRAY_LEN(notify_sql);

/* One message on its way to being a text. */
struct job {
	struct db *db;
	struct arena *arena;
	const struct seal *seal;
	const struct outbox_message *m;
	json_t *vars;
	struct span number; /* of the complaint, digits; p == NULL: about none */
	const char **refused;
};

/* ---- variables as the templates want them */

static enum status
set_text(struct job *j, const char *name, struct span text)
{
	return json_object_set_new(j->vars, name, json_span(text)) == 0 ? E_OK : E_NOMEM;
}

/* 4-4-4, the way it is spoken. */
static enum status
show_number(struct job *j, const char *name, struct span v)
{
	char digits[NUMBER_DIGITS + 1], shown[NUMBER_DIGITS + 3];

	if (v.n != NUMBER_DIGITS)
		return E_OK;
	memcpy(digits, v.p, NUMBER_DIGITS);
	digits[NUMBER_DIGITS] = '\0';
	return set_text(j, name, span_of(ids_number_display(digits, shown)));
}

/* A code becomes its name in the message's language. */
static enum status
show_name(struct job *j, const char *name, struct span code)
{
	int q = strcmp(name, "department") == 0 ? Q_DEPARTMENT : Q_SUBCATEGORY;
	struct db_rows rows;
	enum status st = db_run(j->db, j->arena, &notify_sql[q], DB_ARGS(db_text(code)), &rows);

	return st == E_OK && rows.n == 1 ? set_text(j, name, db_row(&rows, 0)[j->m->lang].s) : st;
}

/* "24-11-2026 21:10" in Kolkata; Latin digits in all languages (sql/seed/README.md). */
static enum status
show_time(struct job *j, const char *name, struct span v)
{
	struct clock_date d;
	const char *text;
	int64_t at_ms, minutes;

	if (!clock_parse(v, &at_ms))
		return E_OK;
	d = clock_kolkata_date(at_ms);
	minutes = (at_ms - clock_kolkata_midnight_ms(d.year, d.month, d.day)) / 60000;
	text = strcmp(name, "until") == 0 ? arena_printf(j->arena, "%02d-%02d-%04d", d.day, d.month, d.year)
					  : arena_printf(j->arena, "%02d-%02d-%04d %02d:%02d", d.day, d.month, d.year,
							 (int)(minutes / 60), (int)(minutes % 60));
	return text == NULL ? E_NOMEM : set_text(j, name, span_of(text));
}

static const struct {
	const char *name;
	enum status (*show)(struct job *j, const char *name, struct span v);
} shown[] = {
	{ "number", show_number },   { "parent", show_number }, { "subcategory", show_name },
	{ "department", show_name }, { "due", show_time },      { "until", show_time },
};

static enum status
show_all(struct job *j)
{
	for (size_t i = 0; i < ARRAY_LEN(shown); i++) {
		const json_t *v = json_object_get(j->vars, shown[i].name);
		char *copy; /* show() replaces the value it reads */
		enum status st;

		if (!json_is_string(v))
			continue;
		copy = arena_strndup(j->arena, json_string_value(v), json_string_length(v));
		st = copy == NULL ? E_NOMEM : shown[i].show(j, shown[i].name, span_of(copy));
		if (st != E_OK)
			return st;
	}
	return E_OK;
}

/* ---- where they come from */

/* What officers' messages say where the event gave no words, or where nobody has the complaint any more. */
static const struct {
	const char *name;
	const char *words[LANG__COUNT];
} otherwise[] = {
	{ "reason", { "see the complaint", "অভিযোগে দেখুন", "शिकायत में देखें" } },
	{ "holder", { "another officer", "অন্য আধিকারিক", "दूसरे अधिकारी" } },
};

static enum status
fill_gaps(struct job *j)
{
	enum status st = E_OK;

	for (size_t i = 0; i < ARRAY_LEN(otherwise) && st == E_OK; i++)
		if (json_string_length(json_object_get(j->vars, otherwise[i].name)) == 0)
			st = set_text(j, otherwise[i].name, span_of(otherwise[i].words[j->m->lang]));
	return st;
}

static enum status
from_complaint(struct job *j)
{
	struct db_rows rows;
	const struct db_value *v, *holder;
	json_t *facts;
	enum status st = db_run(j->db, j->arena, &notify_sql[Q_COMPLAINT], DB_ARGS(db_int(j->m->complaint_id)), &rows);

	if (st != E_OK || rows.n == 0)
		return st;
	v = db_row(&rows, 0);
	holder = &v[j->m->lang == LANG_BN ? 7 : 6];
	facts = json_own(j->arena, json_pack("{s:o, s:o, s:o, s:I, s:I, s:o, s:o}", "number", json_span(v[0].s), "subcategory",
					     json_span(v[1].s), "department", json_span(v[2].s), "ward", (json_int_t)v[3].i,
					     "level", (json_int_t)v[4].i, "due", json_time(v[5].i), "holder",
					     json_span(holder->null ? (struct span){ NULL, 0 } : holder->s)));
	return facts != NULL && json_object_update(j->vars, facts) == 0 ? E_OK : E_NOMEM;
}

/* What the payload says was so when it was written: it wins. For the complainant of a duplicate it says their own number. */
static enum status
from_payload(struct job *j)
{
	struct span plain;
	const char *why, *name;
	json_t *payload, *value;
	enum status st;

	if (j->m->payload_sealed.p == NULL)
		return E_OK;
	st = seal_open(j->seal, j->arena, j->m->payload_sealed, &plain);
	if (st == E_OK)
		st = json_decode(j->arena, plain, &payload, &why);
	if (st == E_NOMEM)
		return st;
	if (st != E_OK || !json_is_object(payload)) {
		*j->refused = "the payload cannot be opened";
		return E_OK;
	}
	json_object_foreach(payload, name, value)
	{
		if (!json_is_null(value) && json_object_set(j->vars, name, value) != 0)
			return E_NOMEM;
	}
	return E_OK;
}

static enum status
keep_number(struct job *j)
{
	const char *digits = json_string_value(json_object_get(j->vars, "number"));

	if (digits == NULL)
		return E_OK;
	j->number = span_of(arena_strdup(j->arena, digits)); /* show_all writes it another way */
	return j->number.p == NULL ? E_NOMEM : E_OK;
}

static enum status
read_variables(struct job *j, const struct conf *c)
{
	enum status st = E_OK;

	j->vars = json_own(j->arena, json_pack("{s:s}", "site", c->system.base_url));
	if (j->vars == NULL)
		return E_NOMEM;
	if (j->m->complaint_id != 0)
		st = from_complaint(j);
	if (st == E_OK)
		st = from_payload(j);
	if (st == E_OK)
		st = keep_number(j);
	if (st == E_OK)
		st = show_all(j);
	return st == E_OK ? fill_gaps(j) : st;
}

/* ---- to whom */

static void
set_mobile(struct job *j, struct span digits, struct sms *out)
{
	char mobile[11];

	if (!scan_mobile(digits, mobile)) {
		*j->refused = "no mobile number";
		return;
	}
	memcpy(out->to, "+91", 3);
	memcpy(out->to + 3, mobile, sizeof(mobile));
}

static enum status
find_mobile(struct job *j, struct sms *out)
{
	int q = j->m->recipient == RECIPIENT_CITIZEN ? Q_CITIZEN : Q_STAFF;
	struct span digits = { NULL, 0 };
	struct db_rows rows;
	enum status st;

	if (j->m->recipient == RECIPIENT_MOBILE) {
		set_mobile(j, span_of(json_string_value(json_object_get(j->vars, "to"))), out);
		return E_OK;
	}
	st = db_run(j->db, j->arena, &notify_sql[q], DB_ARGS(db_int(j->m->recipient_id)), &rows);
	if (st != E_OK)
		return st;
	if (rows.n == 1 && !db_row(&rows, 0)[0].null && seal_open(j->seal, j->arena, db_row(&rows, 0)[0].s, &digits) == E_NOMEM)
		return E_NOMEM;
	set_mobile(j, digits, out);
	return E_OK;
}

/* ---- what it says */

static void
release_buf(void *b)
{
	const struct buf *text = b;

	if (text->data != NULL)
		seal_wipe(text->data, text->len);
	buf_release(b);
}

static enum status
fill(struct job *j, struct sms *out)
{
	struct buf *text = arena_alloc(j->arena, sizeof(*text));
	struct db_rows rows;
	enum status st = db_run(j->db, j->arena, &notify_sql[Q_TEMPLATE],
				DB_ARGS(db_text(j->m->template), db_text(span_of(lang_code(j->m->lang)))), &rows);

	if (st != E_OK)
		return st;
	if (text == NULL)
		return E_NOMEM;
	buf_init(text, TEXT_BYTES);
	if (!arena_defer(j->arena, release_buf, text))
		return E_NOMEM;
	st = rows.n == 1 ? template_fill(db_row(&rows, 0)[0].s, j->vars, text) : E_NOT_FOUND;
	if (st != E_OK || text->len == 0) {
		*j->refused = st == E_NOT_FOUND ? "no such template" : "the template cannot be filled";
		return E_OK;
	}
	out->text = buf_view(text);
	out->parts = template_size(out->text).parts;
	out->template = j->m->template;
	out->template_id = db_row(&rows, 0)[1].s;
	out->number = j->number;
	out->lang = j->m->lang;
	out->id = j->m->id;
	return E_OK;
}

enum status
notify_text(struct db *db, struct arena *a, const struct seal *seal, const struct conf *c, const struct outbox_message *m,
	    struct sms *out, const char **refused)
{
	struct job j = { .db = db, .arena = a, .seal = seal, .m = m, .refused = refused };
	enum status st;

	*out = (struct sms){ .id = 0 };
	*refused = NULL;
	st = read_variables(&j, c);
	if (st == E_OK && *refused == NULL)
		st = find_mobile(&j, out);
	if (st == E_OK && *refused == NULL)
		st = fill(&j, out);
	return st;
}
