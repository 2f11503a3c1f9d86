/* Holidays and settings. */
#include "domain/admin.h"

#include <stdio.h>

#include "core/clock.h"
#include "core/scan.h"

enum { Q_HOLIDAYS, Q_HOLIDAY, Q_HOLIDAY_PUT, Q_HOLIDAY_DELETE, Q_SETTINGS, Q_SETTING_PUT };

#define DAY "DATE_FORMAT(day, '%Y-%m-%d')"

const struct sql admin_rules_sql[] = {
	[Q_HOLIDAYS] = { "SELECT " DAY ", name_en, name_bn, name_hi FROM holiday WHERE ? = 0 OR YEAR(day) = ? ORDER BY day", "ii",
			 "ssss", false },
	[Q_HOLIDAY] = { "SELECT " DAY ", name_en, name_bn, name_hi FROM holiday WHERE day = ?", "s", "ssss", false },
	[Q_HOLIDAY_PUT] = { "INSERT INTO holiday (day, name_en, name_bn, name_hi) VALUES (?, ?, ?, ?) ON DUPLICATE KEY UPDATE"
			    " name_en = VALUES(name_en), name_bn = VALUES(name_bn), name_hi = VALUES(name_hi)",
			    "ssss", "", false },
	[Q_HOLIDAY_DELETE] = { "DELETE FROM holiday WHERE day = ?", "s", "", false },
	[Q_SETTINGS] = { "SELECT t.name, t.value, t.least, t.most, t.version, t.changed_at, s.user_name FROM setting t"
			 " LEFT JOIN staff s ON s.id = t.changed_by ORDER BY t.name",
			 "", "siiiits", false },
	[Q_SETTING_PUT] = { "UPDATE setting SET value = ?, changed_at = ?, changed_by = ?, version = version + 1"
			    " WHERE name = ? AND version = ?",
			    "itisi", "", false },
};
const size_t admin_rules_sql_n = ARRAY_LEN(admin_rules_sql);

/* ---- holidays */

static struct admin_holiday
holiday_of(const struct db_value *v)
{
	return (struct admin_holiday){ .day = v[0].s, .name = { { [LANG_EN] = v[1].s, [LANG_BN] = v[2].s, [LANG_HI] = v[3].s } } };
}

enum status
admin_holidays(struct db *db, struct arena *a, int64_t year, const struct admin_holiday **out, size_t *n)
{
	struct db_rows rows;
	struct admin_holiday *list;
	enum status st = db_run(db, a, &admin_rules_sql[Q_HOLIDAYS], DB_ARGS(db_int(year), db_int(year)), &rows);

	if (st != E_OK)
		return st;
	list = arena_array(a, rows.n, sizeof(*list));
	if (list == NULL)
		return E_NOMEM;
	for (size_t i = 0; i < rows.n; i++)
		list[i] = holiday_of(db_row(&rows, i));
	*out = list;
	*n = rows.n;
	return E_OK;
}

bool
admin_day_fits(struct span day)
{
	char text[32];
	int64_t at;

	if (day.n != 10 || memcmp(day.p, "20", 2) != 0)
		return false;
	(void)snprintf(text, sizeof(text), "%.*sT00:00:00Z", SPAN_FMT(day));
	return clock_parse(span_of(text), &at);
}

static json_t *
names_of(const struct names *n)
{
	return json_pack("{s:o, s:o, s:o}", "en", json_span(n->in[LANG_EN]), "bn", json_span(n->in[LANG_BN]), "hi",
			 json_span(n->in[LANG_HI]));
}

struct holiday_edit {
	const struct admin_holiday *then; /* NULL: to be deleted */
	struct span day;
	struct admin_answer *answer;
};

static bool
same_names(const struct names *a, const struct names *b)
{
	for (int l = 0; l < LANG__COUNT; l++)
		if (!span_eq(a->in[l], b->in[l]))
			return false;
	return true;
}

static enum status
holiday_body(struct admin_change *c, void *arg)
{
	struct holiday_edit *e = arg;
	struct admin_holiday now = { .day = e->day };
	struct db_rows rows;
	enum status st = db_run(c->db, c->arena, &admin_rules_sql[Q_HOLIDAY], DB_ARGS(db_text(e->day)), &rows);
	bool there = st == E_OK && rows.n == 1;

	if (st != E_OK)
		return st;
	if (there)
		now = holiday_of(db_row(&rows, 0));
	if (e->then == NULL && !there)
		return E_NOT_FOUND;
	if (e->then == NULL)
		st = db_run(c->db, c->arena, &admin_rules_sql[Q_HOLIDAY_DELETE], DB_ARGS(db_text(e->day)), NULL);
	else if (!there || !same_names(&now.name, &e->then->name))
		st = db_run(c->db, c->arena, &admin_rules_sql[Q_HOLIDAY_PUT],
			    DB_ARGS(db_text(e->day), db_text(e->then->name.in[LANG_EN]), db_text(e->then->name.in[LANG_BN]),
				    db_text(e->then->name.in[LANG_HI])),
			    NULL);
	else
		return admin_tell(c, e->answer, e->then);
	if (st == E_OK)
		st = admin_record(c, "holiday", e->day, there ? names_of(&now.name) : NULL,
				  e->then == NULL ? NULL : names_of(&e->then->name));
	if (st == E_OK)
		st = admin_bump(c);
	return st == E_OK && e->then != NULL ? admin_tell(c, e->answer, e->then) : st;
}

enum status
admin_holiday_put(struct db *db, struct arena *a, const struct admin_who *who, const struct admin_holiday *h,
		  struct admin_answer *answer)
{
	struct holiday_edit e = { .then = h, .day = h->day, .answer = answer };

	return admin_run(db, a, who, holiday_body, &e, answer);
}

enum status
admin_holiday_delete(struct db *db, struct arena *a, const struct admin_who *who, struct span day)
{
	struct admin_answer nothing = { .render = NULL };
	struct holiday_edit e = { .day = day, .answer = &nothing };

	return admin_run(db, a, who, holiday_body, &e, &nothing);
}

/* ---- settings */

enum status
admin_settings(struct db *db, struct arena *a, const struct admin_setting **out, size_t *n)
{
	struct db_rows rows;
	struct admin_setting *list;
	enum status st = db_run(db, a, &admin_rules_sql[Q_SETTINGS], DB_NO_ARGS, &rows);

	if (st != E_OK)
		return st;
	list = arena_array(a, rows.n, sizeof(*list));
	if (list == NULL)
		return E_NOMEM;
	for (size_t i = 0; i < rows.n; i++) {
		const struct db_value *v = db_row(&rows, i);

		list[i] = (struct admin_setting){ .name = v[0].s,
						  .value = v[1].i,
						  .least = v[2].i,
						  .most = v[3].i,
						  .version = v[4].i,
						  .changed_ms = v[5].i,
						  .changed_by = v[6].s };
	}
	*out = list;
	*n = rows.n;
	return E_OK;
}

struct setting_edit {
	struct span name;
	int64_t value, version;
	struct field_errors *errors;
	struct admin_answer *answer;
};

/* *found is NULL when there is none of that name. */
static enum status
setting_find(struct admin_change *c, struct span name, const struct admin_setting **found)
{
	const struct admin_setting *list;
	size_t n = 0;
	enum status st = admin_settings(c->db, c->arena, &list, &n);

	*found = NULL;
	for (size_t i = 0; st == E_OK && i < n; i++)
		if (span_eq(list[i].name, name))
			*found = &list[i];
	return st;
}

static enum status
setting_store(struct admin_change *c, const struct setting_edit *e, const struct admin_setting *now)
{
	struct db_rows done;
	enum status st;

	if (now->value == e->value)
		return E_OK;
	st = db_run(c->db, c->arena, &admin_rules_sql[Q_SETTING_PUT],
		    DB_ARGS(db_int(e->value), db_time(c->who->now_ms),
			    c->who->actor == NULL ? db_null() : db_int(c->who->actor->id), db_text(e->name), db_int(now->version)),
		    &done);
	if (st == E_OK && done.affected == 0)
		st = E_STALE;
	if (st == E_OK)
		st = admin_record(c, "setting", e->name, json_pack("{s:I}", "value", (json_int_t)now->value),
				  json_pack("{s:I}", "value", (json_int_t)e->value));
	return st == E_OK ? admin_bump(c) : st;
}

static enum status
setting_body(struct admin_change *c, void *arg)
{
	struct setting_edit *e = arg;
	const struct admin_setting *now;
	enum status st = setting_find(c, e->name, &now);

	e->errors->n = 0;
	if (st != E_OK)
		return st;
	if (now == NULL)
		return E_NOT_FOUND;
	if (e->version != 0 && e->version != now->version)
		return E_STALE;
	if (e->value < now->least || e->value > now->most) {
		field_error_full(e->errors, &(struct field_error){ .pointer = "/value",
								   .code = FE_RANGE,
								   .min = (double)now->least,
								   .max = (double)now->most });
		return E_INVALID;
	}
	st = setting_store(c, e, now);
	if (st == E_OK)
		st = setting_find(c, e->name, &now);
	return st == E_OK ? admin_tell(c, e->answer, now) : st;
}

enum status
admin_setting_put(struct db *db, struct arena *a, const struct admin_who *who, struct span name, int64_t value, int64_t version,
		  struct field_errors *errors, struct admin_answer *answer)
{
	struct setting_edit e = { .name = name, .value = value, .version = version, .errors = errors, .answer = answer };

	return admin_run(db, a, who, setting_body, &e, answer);
}
