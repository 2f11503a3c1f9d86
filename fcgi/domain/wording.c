/* Which message may say what, and its change with what stood there before. */
#include "domain/wording.h"

#include "core/clock.h"
#include "core/json.h"
#include "core/nfc.h"
#include "core/scan.h"
#include "core/tx.h"

#define HISTORY_MOST "50"

#define P(name) (1u << PH_##name)
/* what every message about a complaint can say */
#define ABOUT (P(NUMBER) | P(SUBCATEGORY) | P(DEPARTMENT) | P(WARD) | P(LEVEL) | P(DUE) | P(SITE))
#define LINK  (P(NUMBER) | P(SITE) | P(LINK))

/* A note is told to officers alone: what the citizen may read of it stands behind the link. */
/* clang-format off */
const struct wording_kind wording_kinds[] = {
	/* code                    may be filled with              must not lack */
	{ "otp",                   P(CODE) | P(MINUTES),           P(CODE) },
	{ "registered",            ABOUT,                          P(NUMBER) },
	{ "me_too",                ABOUT | P(PARENT),              P(NUMBER) | P(PARENT) },
	{ "assigned",              ABOUT,                          P(NUMBER) },
	{ "reassigned",            ABOUT,                          P(NUMBER) },
	{ "question",              ABOUT | P(LINK),                LINK },
	{ "resumed",               ABOUT,                          P(NUMBER) },
	{ "resolved",              ABOUT | P(LINK) | P(UNTIL),     LINK },
	{ "rejected",              ABOUT | P(LINK) | P(UNTIL),     LINK },
	{ "resolved_last",         ABOUT | P(LINK),                LINK },
	{ "rejected_last",         ABOUT | P(LINK),                LINK },
	{ "reopened",              ABOUT,                          P(NUMBER) },
	{ "escalated",             ABOUT,                          P(NUMBER) },
	{ "transferred",           ABOUT,                          P(NUMBER) },
	{ "directed",              ABOUT,                          P(NUMBER) },
	{ "merged",                ABOUT | P(PARENT),              P(NUMBER) | P(PARENT) },
	{ "unmerged",              ABOUT,                          P(NUMBER) },
	{ "lme_assigned",          ABOUT,                          P(NUMBER) },
	{ "lme_corrected",         ABOUT,                          P(NUMBER) },
	{ "lme_directed",          ABOUT | P(REASON),              P(NUMBER) },
	{ "lme_refused",           ABOUT | P(REASON),              P(NUMBER) },
	{ "gro_unassigned",        ABOUT,                          P(NUMBER) },
	{ "gro_reassign_request",  ABOUT | P(REASON) | P(HOLDER),  P(NUMBER) },
	{ "gro_vacated",           ABOUT | P(HOLDER),              P(NUMBER) },
	{ "gro_vacant",            ABOUT,                          P(NUMBER) },
	{ "eo_reopened",           ABOUT | P(REASON),              P(NUMBER) },
	{ "eo_escalated",          ABOUT | P(REASON),              P(NUMBER) },
	{ "holder_reply",          ABOUT,                          P(NUMBER) },
	{ "holder_withdrawn",      ABOUT,                          P(NUMBER) },
	{ "holder_rated",          ABOUT | P(RATING),              P(NUMBER) | P(RATING) },
	{ "co_overdue",            ABOUT,                          P(NUMBER) },
};
/* clang-format on */
const size_t wording_n_kinds = ARRAY_LEN(wording_kinds);

#define COLUMNS        "t.code, t.audience, t.language, t.text, t.dlt_id, t.changed_at, s.user_name"
#define COLUMN_LETTERS "sssssts"
#define FROM           " FROM sms_template t LEFT JOIN staff s ON s.id = t.changed_by"

enum { Q_LIST, Q_FIND, Q_HISTORY, Q_BEFORE, Q_KEEP, Q_CHANGE, Q_BUMP };

const struct sql wording_sql[] = {
	[Q_LIST] = { "SELECT " COLUMNS FROM " ORDER BY t.code, t.language", "", COLUMN_LETTERS, false },
	[Q_FIND] = { "SELECT " COLUMNS FROM " WHERE t.code = ? AND t.language = ?", "ss", COLUMN_LETTERS, false },
	[Q_HISTORY] = { "SELECT c.at, s.user_name, c.text_before, c.dlt_id_before FROM sms_template_change c JOIN staff s ON s.id "
			"= "
			"c.staff_id WHERE c.code = ? AND c.language = ? ORDER BY c.id DESC LIMIT " HISTORY_MOST,
			"ss", "tsss", false },
	/* locked, so that of two at once each keeps what the other wrote */
	[Q_BEFORE] = { "SELECT text, dlt_id FROM sms_template WHERE code = ? AND language = ? FOR UPDATE", "ss", "ss", false },
	[Q_KEEP] = { "INSERT INTO sms_template_change (code, language, at, staff_id, text_before, dlt_id_before) VALUES (?, ?, ?, "
		     "?, ?, ?)",
		     "sstiss", "", false },
	[Q_CHANGE] = { "UPDATE sms_template SET text = ?, dlt_id = ?, changed_at = ?, changed_by = ? WHERE code = ? AND language = "
		       "?",
		       "sstiss", "", false },
	[Q_BUMP] = { "UPDATE directory_version SET version = version + 1, changed_at = ?", "t", "", false },
};
const size_t wording_sql_n = ARRAY_LEN(wording_sql);

const struct wording_kind *
wording_kind(struct span code)
{
	for (size_t i = 0; i < ARRAY_LEN(wording_kinds); i++)
		if (span_eq(span_of(wording_kinds[i].code), code))
			return &wording_kinds[i];
	return NULL;
}

/* ---- reading */

static enum status
from_row(const struct db_value *v, struct wording *w)
{
	*w = (struct wording){
		.code = v[0].s,
		.audience = v[1].s,
		.text = v[3].s,
		.dlt_id = v[4].s,
		.changed_ms = v[5].null ? CLOCK_NONE : v[5].i,
		.changed_by = v[6].null ? (struct span){ NULL, 0 } : v[6].s,
	};
	return lang_parse(v[2].s, &w->lang) ? E_OK : E_INTERNAL;
}

enum status
wording_list(struct db *db, struct arena *a, const struct wording **out, size_t *n)
{
	struct db_rows rows;
	struct wording *list;
	enum status st = db_run(db, a, &wording_sql[Q_LIST], DB_NO_ARGS, &rows);

	if (st != E_OK)
		return st;
	list = arena_array(a, rows.n, sizeof(*list));
	if (list == NULL)
		return E_NOMEM;
	for (size_t i = 0; i < rows.n && st == E_OK; i++)
		st = from_row(db_row(&rows, i), &list[i]);
	*out = list;
	*n = rows.n;
	return st;
}

enum status
wording_find(struct db *db, struct arena *a, struct span code, enum lang lang, struct wording *out)
{
	struct db_rows rows;
	enum status st = db_run(db, a, &wording_sql[Q_FIND], DB_ARGS(db_text(code), db_text(span_of(lang_code(lang)))), &rows);

	if (st != E_OK)
		return st;
	return rows.n == 0 ? E_NOT_FOUND : from_row(db_row(&rows, 0), out);
}

enum status
wording_history(struct db *db, struct arena *a, struct span code, enum lang lang, const struct wording_change **out, size_t *n)
{
	struct db_rows rows;
	struct wording_change *list;
	enum status st = db_run(db, a, &wording_sql[Q_HISTORY], DB_ARGS(db_text(code), db_text(span_of(lang_code(lang)))), &rows);

	if (st != E_OK)
		return st;
	list = arena_array(a, rows.n, sizeof(*list));
	if (list == NULL)
		return E_NOMEM;
	for (size_t i = 0; i < rows.n; i++) {
		const struct db_value *v = db_row(&rows, i);

		list[i] = (struct wording_change){ .at_ms = v[0].i, .by = v[1].s, .text = v[2].s, .dlt_id = v[3].s };
	}
	*out = list;
	*n = rows.n;
	return E_OK;
}

/* ---- checking */

static enum status
wrong(struct field_errors *errors, const char *expected)
{
	field_error_full(errors, &(struct field_error){ .pointer = "/text", .code = FE_FORMAT, .expected = expected });
	return E_INVALID;
}

/* "{number} {due}" */
static const char *
names_of(struct arena *a, unsigned set)
{
	const char *list = "";

	for (int i = 0; i < PLACEHOLDER__COUNT && list != NULL; i++)
		if ((set & 1u << i) != 0)
			list = arena_printf(a, "%s%s{%s}", list, list[0] == '\0' ? "" : " ", placeholders[i].name);
	return list;
}

static enum status
check_placeholders(struct arena *a, const struct wording_kind *kind, struct span text, struct field_errors *errors)
{
	unsigned found = 0, missing;
	struct template_piece piece;
	bool paired;

	while (template_piece(&text, &piece, &paired)) {
		enum placeholder_id id = piece.is_name ? placeholder_parse(piece.text) : PLACEHOLDER__COUNT;

		if (piece.is_name && (id == PLACEHOLDER__COUNT || (kind->may & 1u << id) == 0))
			return wrong(errors, names_of(a, kind->may));
		if (piece.is_name)
			found |= 1u << id;
	}
	missing = kind->must & ~found;
	if (!paired)
		return wrong(errors, names_of(a, kind->may));
	return missing == 0 ? E_OK : wrong(errors, names_of(a, missing));
}

static const struct {
	int32_t first, last;
	const char *name;
} scripts[LANG__COUNT] = {
	[LANG_EN] = { 'A', 'z', "English" },
	[LANG_BN] = { 0x0980, 0x09FF, "বাংলা" },
	[LANG_HI] = { 0x0900, 0x097F, "हिन्दी" },
};

/* *own: there is a letter of the language. False: there is one of another. */
static bool
has_letters(enum lang lang, struct span text, bool *own)
{
	for (size_t i = 0; i < text.n;) {
		int32_t c = scan_utf8_next(text, &i);
		bool danda = c == 0x0964 || c == 0x0965, in_script = c >= scripts[lang].first && c <= scripts[lang].last;
		bool shared = (c >= ' ' && c <= '~') || (lang != LANG_EN && (danda || c == 0x200C || c == 0x200D));

		if (!shared && !in_script)
			return false;
		*own = *own || (in_script && !danda);
	}
	return true;
}

/* Letters of the message's language and what all three share. A text in the place of another language would go out unseen. */
static enum status
check_letters(enum lang lang, struct span text, struct field_errors *errors)
{
	struct template_piece piece;
	bool own = false, right = true, paired;

	while (right && template_piece(&text, &piece, &paired))
		right = piece.is_name || has_letters(lang, piece.text, &own);
	return right && own ? E_OK : wrong(errors, scripts[lang].name);
}

static size_t
longest_of(enum placeholder_id id, const char *site)
{
	return id == PH_SITE ? strlen(site) : placeholders[id].longest;
}

/* `out` is empty. Stored texts are taken as they are: what nobody can fill counts as written. */
static void
write_longest(struct span text, const char *site, struct buf *out)
{
	struct template_piece piece;
	bool paired;

	while (template_piece(&text, &piece, &paired)) {
		enum placeholder_id id = piece.is_name ? placeholder_parse(piece.text) : PLACEHOLDER__COUNT;

		if (id == PLACEHOLDER__COUNT)
			buf_span(out, piece.text);
		else
			for (size_t n = longest_of(id, site); n > 0; n--)
				buf_char(out, 'x');
	}
}

struct template_size
wording_longest(struct span text, const char *site)
{
	struct buf full = BUF_INIT(64 * (size_t)WORDING_TEXT_MAX);
	struct template_size size;

	write_longest(text, site, &full);
	size = template_size(buf_view(&full));
	buf_release(&full);
	return size;
}

static enum status
check_size(struct span text, const char *site, struct field_errors *errors)
{
	struct template_size size = wording_longest(text, site);
	int over = size.units - (size.unicode ? 67 : 153) * TEMPLATE_PARTS_MOST;
	size_t chars = 0;

	if (size.parts <= TEMPLATE_PARTS_MOST)
		return E_OK;
	/* how long the text as it is written may be */
	if (!scan_utf8(text, &chars) || over >= (int)chars)
		return wrong(errors, "{number}");
	field_error_full(errors,
			 &(struct field_error){ .pointer = "/text", .code = FE_TOO_LONG, .max = (double)((int)chars - over) });
	return E_INVALID;
}

enum status
wording_check(struct arena *a, const struct wording_kind *kind, enum lang lang, const char *site, struct span *text,
	      struct field_errors *errors)
{
	enum status st;

	*text = nfc(a, *text);
	if (text->p == NULL)
		return E_NOMEM;
	st = check_placeholders(a, kind, *text, errors);
	if (st == E_OK)
		st = check_letters(lang, *text, errors);
	return st == E_OK ? check_size(*text, site, errors) : st;
}

static void
release_buf(void *b)
{
	buf_release(b);
}

struct span
wording_example(struct arena *a, struct span text, enum lang lang, const char *site)
{
	json_t *vars = json_own(a, json_object());
	struct buf *out = arena_alloc(a, sizeof(*out));
	struct span none = { NULL, 0 };

	if (vars == NULL || out == NULL)
		return none;
	for (int i = 0; i < PLACEHOLDER__COUNT; i++)
		if (json_object_set_new(vars, placeholders[i].name,
					json_string(i == PH_SITE ? site : placeholders[i].example[lang])) != 0)
			return none;
	buf_init(out, 64 * (size_t)WORDING_TEXT_MAX);
	if (!arena_defer(a, release_buf, out))
		return none;
	/* a stored text that cannot be filled is shown as it stands */
	return template_fill(text, vars, out) == E_OK ? buf_view(out) : text;
}

/* ---- changing */

struct change {
	struct arena *arena;
	const struct wording_edit *edit;
};

static enum status
read_before(struct db *db, const struct change *c, struct span *text, struct span *dlt_id)
{
	struct db_rows rows;
	enum status st = db_run(db, c->arena, &wording_sql[Q_BEFORE],
				DB_ARGS(db_text(c->edit->code), db_text(span_of(lang_code(c->edit->lang)))), &rows);

	if (st != E_OK)
		return st;
	if (rows.n == 0)
		return E_NOT_FOUND;
	*text = db_row(&rows, 0)[0].s;
	*dlt_id = db_row(&rows, 0)[1].s;
	return E_OK;
}

static bool
is_so(const struct change *c, struct span text, struct span dlt_id)
{
	return span_eq(text, c->edit->text) && span_eq(dlt_id, c->edit->dlt_id);
}

static enum status
change_body(struct db *db, void *arg)
{
	const struct change *c = arg;
	const struct wording_edit *e = c->edit;
	struct db_value code = db_text(e->code), lang = db_text(span_of(lang_code(e->lang)));
	struct span text, dlt_id;
	struct db_rows done;
	enum status st = read_before(db, c, &text, &dlt_id);

	if (st != E_OK || is_so(c, text, dlt_id))
		return st;
	st = db_run(db, c->arena, &wording_sql[Q_CHANGE],
		    DB_ARGS(db_text(e->text), db_text(e->dlt_id), db_time(e->now_ms), db_int(e->staff_id), code, lang), &done);
	if (st == E_OK)
		st = db_run(db, c->arena, &wording_sql[Q_KEEP],
			    DB_ARGS(code, lang, db_time(e->now_ms), db_int(e->staff_id), db_text(text), db_text(dlt_id)), &done);
	return st == E_OK ? db_run(db, c->arena, &wording_sql[Q_BUMP], DB_ARGS(db_time(e->now_ms)), &done) : st;
}

static enum status
change_settled(struct db *db, void *arg)
{
	const struct change *c = arg;
	struct span text, dlt_id;
	enum status st = read_before(db, c, &text, &dlt_id);

	return st == E_OK && !is_so(c, text, dlt_id) ? E_NOT_FOUND : st;
}

enum status
wording_change(struct db *db, struct arena *a, const struct wording_edit *edit)
{
	struct change c = { .arena = a, .edit = edit };

	return db_tx(db, change_body, &c, change_settled);
}
