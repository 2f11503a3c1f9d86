/* Accounts of the staff. */
#include "domain/staff.h"

#include "core/clock.h"
#include "core/scan.h"
#include "core/tx.h"

#define NAME_LEAST 3
#define NAME_MOST  60

#define COLUMNS                                                                                                                    \
	"s.id, s.user_name, s.name_en, s.name_bn, s.mobile_sealed, s.language, s.department_code, s.active,"                       \
	" s.password_hash IS NOT NULL, s.must_change, s.totp_since IS NOT NULL, s.locked_until,"                                   \
	" (SELECT GROUP_CONCAT(DISTINCT CONCAT_WS(',', r.role, IFNULL(r.department_code, ''), IFNULL(r.eo_level, 0),"              \
	" IFNULL(r.borough_no, 0)) ORDER BY r.role, r.department_code, r.eo_level, r.borough_no SEPARATOR ';')"                    \
	" FROM roster r WHERE r.staff_id = s.id),"                                                                                 \
	" (SELECT COUNT(*) FROM complaint c WHERE c.holder_id = s.id AND c.state IN (" HELD "))"
#define COLUMN_LETTERS "isssbssiiiitsi"
#define HELD           "'ASSIGNED','IN_PROGRESS','REASSIGN_REQUESTED','AWAITING_CITIZEN'"
#define NO_DUTY        "NOT EXISTS (SELECT 1 FROM roster r WHERE r.staff_id = s.id)"

enum { Q_FIND, Q_FIND_ID, Q_LIST, Q_CREATE, Q_ADMINS, Q_LOCK, Q_HELD, Q_CHANGE, Q_BUMP, Q_PASSWORD, Q_TOTP, Q_NAME };

const struct sql staff_sql[] = {
	/* the column is ASCII: other letters become '?', which no name has */
	[Q_FIND] = { "SELECT " COLUMNS " FROM staff s WHERE s.user_name = CONVERT(? USING ascii)", "s", COLUMN_LETTERS, false },
	[Q_FIND_ID] = { "SELECT " COLUMNS " FROM staff s WHERE s.id = ?", "i", COLUMN_LETTERS, false },
	/* what a controlling officer may see is staff_may_see() again, so that pages are full */
	[Q_LIST] = { "SELECT " COLUMNS " FROM staff s"
		     " WHERE (? = 0 OR s.user_name > (SELECT user_name FROM staff WHERE id = ?))"
		     " AND (? < 0 OR s.active = ?)"
		     " AND (? IS NULL OR (s.department_code = CONVERT(? USING ascii) AND " NO_DUTY ") OR EXISTS"
		     " (SELECT 1 FROM roster r WHERE r.staff_id = s.id AND r.department_code = CONVERT(? USING ascii)))"
		     " AND (? IS NULL OR EXISTS (SELECT 1 FROM roster r WHERE r.staff_id = s.id AND r.role = ?"
		     " AND (? IS NULL OR r.department_code = CONVERT(? USING ascii))))"
		     " AND (? IS NULL OR LOCATE(?, CONVERT(s.user_name USING utf8mb4)) > 0 OR LOCATE(?, s.name_en) > 0"
		     " OR LOCATE(?, s.name_bn) > 0)"
		     " AND (? = 0 OR EXISTS (SELECT 1 FROM roster me JOIN roster r ON r.staff_id = s.id"
		     " AND (me.department_code IS NULL OR r.department_code = me.department_code)"
		     " AND (me.borough_no IS NULL OR r.borough_no = me.borough_no)"
		     " WHERE me.staff_id = ? AND me.role = 'CONTROLLING') OR (" NO_DUTY " AND EXISTS"
		     " (SELECT 1 FROM roster me WHERE me.staff_id = ? AND me.role = 'CONTROLLING'"
		     " AND (me.department_code IS NULL OR me.department_code = s.department_code))))"
		     " ORDER BY s.user_name LIMIT ?",
		     "iiiisssssssssssiiii", COLUMN_LETTERS, false },
	[Q_CREATE] = { "INSERT INTO staff (user_name, password_hash, must_change, name_en, name_bn, mobile_sealed, language,"
		       " department_code) VALUES (?, ?, TRUE, ?, ?, ?, COALESCE(?, 'bn'), ?)",
		       "ssssbss", "", false },
	[Q_ADMINS] = { "SELECT s.id FROM roster r JOIN staff s ON s.id = r.staff_id WHERE r.department_code IS NULL"
		       " AND r.role = 'ADMIN' AND s.active AND s.password_hash IS NOT NULL FOR UPDATE",
		       "", "i", false },
	[Q_LOCK] = { "SELECT active FROM staff WHERE id = ? FOR UPDATE", "i", "i", false },
	/* reads what is committed now, not the snapshot: a complaint routed meanwhile counts */
	[Q_HELD] = { "SELECT COUNT(*) FROM complaint WHERE holder_id = ? AND state IN (" HELD ") LOCK IN SHARE MODE", "i", "i",
		     false },
	[Q_CHANGE] = { "UPDATE staff SET name_en = COALESCE(?, name_en), name_bn = COALESCE(?, name_bn),"
		       " mobile_sealed = COALESCE(?, mobile_sealed), language = COALESCE(?, language), active = COALESCE(?, active)"
		       " WHERE id = ?",
		       "ssbsii", "", false },
	[Q_BUMP] = { "UPDATE directory_version SET version = version + 1, changed_at = ?", "t", "", false },
	[Q_PASSWORD] = { "UPDATE staff SET password_hash = ?, must_change = TRUE, failed_logins = 0, locked_until = NULL"
			 " WHERE id = ?",
			 "si", "", false },
	[Q_NAME] = { "SELECT user_name FROM staff WHERE id = ?", "i", "s", false },
	[Q_TOTP] = { "UPDATE staff SET totp_sealed = NULL, totp_since = NULL, totp_step = 0 WHERE id = ?", "i", "", false },
};
const size_t staff_sql_n = ARRAY_LEN(staff_sql);

/* "LME,DRN,0,7;EO,PRK,2,0" as Q_FIND writes it. */
static enum status
read_duties(struct arena *a, struct span text, struct person *p)
{
	struct span rest = text, row, part[4];
	struct duty *duties;
	size_t n = text.n == 0 ? 0 : 1;

	for (size_t i = 0; i < text.n; i++)
		n += text.p[i] == ';';
	duties = arena_array(a, n, sizeof(*duties));
	if (duties == NULL)
		return E_NOMEM;
	for (size_t i = 0; i < n && scan_cut(&rest, ';', &row); i++) {
		int64_t level = 0, borough = 0;

		for (size_t k = 0; k < ARRAY_LEN(part); k++)
			if (!scan_cut(&row, ',', &part[k]))
				return E_INTERNAL;
		duties[i].role = role_parse(part[0]);
		if (part[1].n >= sizeof(duties[i].department) || !scan_i64(part[2], 0, 9, &level) ||
		    !scan_i64(part[3], 0, 99, &borough))
			return E_INTERNAL;
		memcpy(duties[i].department, part[1].p, part[1].n);
		duties[i].eo_level = (int)level;
		duties[i].borough = (int)borough;
		p->roles |= duties[i].role;
	}
	p->duties = duties;
	p->n_duties = n;
	return E_OK;
}

static enum status
from_row(struct arena *a, const struct seal *seal, const struct db_value *v, struct person *p)
{
	struct span mobile = { NULL, 0 };
	enum status st;

	*p = (struct person){ .id = v[0].i,
			      .user = v[1].s,
			      .name_en = v[2].s,
			      .name_bn = v[3].s,
			      .department = v[6].null ? (struct span){ NULL, 0 } : v[6].s,
			      .active = v[7].i != 0,
			      .has_password = v[8].i != 0,
			      .must_change = v[9].i != 0,
			      .totp = v[10].i != 0,
			      .locked_ms = v[11].null ? CLOCK_NONE : v[11].i,
			      .open = v[13].i };
	if (!lang_parse(v[5].s, &p->lang))
		return E_INTERNAL;
	st = seal_open(seal, a, v[4].null ? (struct span){ NULL, 0 } : v[4].s, &mobile);
	if (st == E_OK && mobile.n == 10 && (p->mobile_masked = arena_printf(a, "******%.4s", mobile.p + 6)) == NULL)
		st = E_NOMEM;
	return st == E_OK ? read_duties(a, v[12].null ? (struct span){ NULL, 0 } : v[12].s, p) : st;
}

static enum status
find(struct db *db, struct arena *a, const struct seal *seal, const struct sql *q, struct db_value by, struct person *out)
{
	struct db_rows rows;
	enum status st = db_run(db, a, q, DB_ARGS(by), &rows);

	if (st != E_OK)
		return st;
	return rows.n == 0 ? E_NOT_FOUND : from_row(a, seal, db_row(&rows, 0), out);
}

enum status
staff_find(struct db *db, struct arena *a, const struct seal *seal, struct span user, struct person *out)
{
	return find(db, a, seal, &staff_sql[Q_FIND], db_text(user), out);
}

enum status
staff_find_id(struct db *db, struct arena *a, const struct seal *seal, int64_t id, struct person *out)
{
	return find(db, a, seal, &staff_sql[Q_FIND_ID], db_int(id), out);
}

enum status
staff_list(struct db *db, struct arena *a, const struct seal *seal, const struct staff_filter *f, const struct person **out,
	   size_t *n)
{
	struct db_value after = db_int(f->after_id), active = db_int(f->active), department = db_text(f->department);
	struct db_value role = db_text(span_of(f->role)), text = db_text(f->text), seen_by = db_int(f->seen_by);
	struct db_rows rows;
	struct person *list;
	enum status st = db_run(db, a, &staff_sql[Q_LIST],
				DB_ARGS(after, after, active, active, department, department, department, role, role, department,
					department, text, text, text, text, seen_by, seen_by, seen_by, db_int(f->limit)),
				&rows);

	if (st != E_OK)
		return st;
	list = arena_array(a, rows.n, sizeof(*list));
	if (list == NULL)
		return E_NOMEM;
	for (size_t i = 0; i < rows.n && st == E_OK; i++)
		st = from_row(a, seal, db_row(&rows, i), &list[i]);
	*out = list;
	*n = rows.n;
	return st;
}

/* Whether one of the actor's departments as a controlling officer is this one, and one of the boroughs (0: any will do). */
static bool
controls(const struct actor *actor, struct span department, int borough)
{
	for (size_t i = 0; i < actor->n_duties; i++) {
		const struct duty *d = &actor->duties[i];

		if (d->role == CONTROLLING && (d->department[0] == '\0' || span_eq(span_of(d->department), department)) &&
		    (d->borough == 0 || d->borough == borough))
			return true;
	}
	return false;
}

static bool
controls_duty(const struct actor *actor, const struct duty *theirs)
{
	return controls(actor, span_of(theirs->department), theirs->borough);
}

bool
staff_may_make(const struct actor *actor, struct span department)
{
	if (actor->kind != ACTOR_STAFF)
		return false;
	if ((actor->roles & ADMIN) != 0)
		return true;
	for (size_t i = 0; i < actor->n_duties; i++) {
		const struct duty *d = &actor->duties[i];

		if (d->role == CONTROLLING && (d->department[0] == '\0' || span_eq(span_of(d->department), department)))
			return true;
	}
	return false;
}

bool
staff_may_see(const struct actor *actor, const struct person *p)
{
	if (actor->kind != ACTOR_STAFF)
		return false;
	if ((actor->roles & ADMIN) != 0)
		return true;
	for (size_t i = 0; i < p->n_duties; i++)
		if (controls_duty(actor, &p->duties[i]))
			return true;
	return p->n_duties == 0 && staff_may_make(actor, p->department);
}

bool
staff_may_change(const struct actor *actor, const struct person *p)
{
	if (actor->kind != ACTOR_STAFF)
		return false;
	if ((actor->roles & ADMIN) != 0)
		return true;
	for (size_t i = 0; i < p->n_duties; i++)
		if ((p->duties[i].role & (LME | GRO | EO)) == 0 || !controls_duty(actor, &p->duties[i]))
			return false;
	return p->n_duties > 0 || staff_may_make(actor, p->department);
}

bool
staff_name_right(struct span user)
{
	return scan_token(user, "abcdefghijklmnopqrstuvwxyz0123456789.-_", NAME_LEAST, NAME_MOST) && user.p[0] >= 'a' &&
	       user.p[0] <= 'z';
}

/* Without a mobile nothing is sealed: ekmc-ctl has no seal then. */
static enum status
box_mobile(struct arena *a, const struct seal *seal, const char *mobile, struct db_value *out)
{
	struct span boxed = { NULL, 0 };
	enum status st = mobile == NULL ? E_OK : seal_box(seal, a, span_of(mobile), &boxed);

	*out = db_text(boxed);
	return st;
}

/* What was changed about whom, without personal data. Takes the reference of `after`. */
static enum status
record(struct db *db, struct arena *a, const struct admin_who *by, int64_t id, json_t *before, json_t *after)
{
	struct admin_change change = { .db = db, .arena = a, .who = by };
	struct db_rows rows;
	enum status st;

	if (by == NULL || after == NULL) {
		json_decref(before);
		json_decref(after);
		return by == NULL ? E_OK : E_NOMEM;
	}
	st = db_run(db, a, &staff_sql[Q_NAME], DB_ARGS(db_int(id)), &rows);
	if (st == E_OK && rows.n == 1)
		return admin_record(&change, "user", db_row(&rows, 0)[0].s, before, after);
	json_decref(before);
	json_decref(after);
	return st == E_OK ? E_NOT_FOUND : st;
}

static json_t *
changed(const char *what)
{
	return json_pack("{s:[s]}", "changed", what);
}

struct creating {
	struct arena *arena;
	const struct staff_new *n;
	struct db_value mobile;
	const char *hash;
	int64_t id;
};

static enum status
create_body(struct db *db, void *arg)
{
	struct creating *w = arg;
	const struct staff_new *n = w->n;
	struct db_rows done;
	enum status st = db_run(db, w->arena, &staff_sql[Q_CREATE],
				DB_ARGS(db_text(n->user), db_text(span_of(w->hash)), db_text(n->name_en), db_text(n->name_bn),
					w->mobile, db_text(span_of(n->language)), db_text(n->department)),
				&done);

	if (st != E_OK)
		return st;
	w->id = done.insert_id;
	if (n->also != NULL)
		st = n->also(db, w->arena, w->id);
	return st == E_OK ? record(db, w->arena, n->by, w->id, NULL, json_pack("{s:o}", "department", json_span(n->department)))
			  : st;
}

enum status
staff_create(struct db *db, struct arena *a, const struct seal *seal, const struct staff_new *n, int64_t *id)
{
	char hash[SEAL_PASSWORD_SIZE];
	struct creating w = { .arena = a, .n = n, .hash = hash };
	enum status st = seal_password(n->password, hash);

	if (st == E_OK)
		st = box_mobile(a, seal, n->mobile, &w.mobile);
	if (st == E_OK)
		st = db_tx(db, create_body, &w, NULL);
	*id = w.id;
	return st;
}

struct changing {
	struct arena *arena;
	const struct staff_change *c;
	int64_t id, open;
	struct db_value mobile;
};

/* The order of the locks is that of everybody: administrators, the person, what they hold. */
static enum status
may_leave(struct db *db, struct changing *w)
{
	struct db_rows rows;
	bool admin = false, other = false;
	enum status st = db_run(db, w->arena, &staff_sql[Q_ADMINS], DB_NO_ARGS, &rows);

	for (size_t i = 0; st == E_OK && i < rows.n; i++) {
		admin = admin || db_row(&rows, i)[0].i == w->id;
		other = other || db_row(&rows, i)[0].i != w->id;
	}
	if (st == E_OK && admin && !other)
		st = E_LAST_ADMIN;
	if (st == E_OK)
		st = db_run(db, w->arena, &staff_sql[Q_HELD], DB_ARGS(db_int(w->id)), &rows);
	if (st != E_OK)
		return st;
	w->open = db_row(&rows, 0)[0].i;
	return w->open > 0 ? E_HOLDS_WORK : E_OK;
}

static json_t *
change_json(const struct staff_change *c, bool was)
{
	const bool told[] = { c->name_en.p != NULL, c->name_bn.p != NULL, c->mobile != NULL, c->language != NULL };
	static const char *const names[] = { "name_en", "name_bn", "mobile", "language" };
	json_t *list = json_array();

	for (size_t i = 0; i < ARRAY_LEN(names) && list != NULL; i++)
		if (told[i])
			(void)json_array_append_new(list, json_string(names[i]));
	return json_pack("{s:b, s:o}", "active", c->active < 0 ? was : c->active != 0, "changed", list);
}

static enum status
change_body(struct db *db, void *arg)
{
	struct changing *w = arg;
	const struct staff_change *c = w->c;
	struct db_rows rows, done;
	bool was;
	enum status st = c->active == 0 ? may_leave(db, w) : E_OK;

	if (st == E_OK)
		st = db_run(db, w->arena, &staff_sql[Q_LOCK], DB_ARGS(db_int(w->id)), &rows);
	if (st != E_OK || rows.n == 0)
		return st == E_OK ? E_NOT_FOUND : st;
	was = db_row(&rows, 0)[0].i != 0;
	st = db_run(db, w->arena, &staff_sql[Q_CHANGE],
		    DB_ARGS(db_text(c->name_en), db_text(c->name_bn), w->mobile, db_text(span_of(c->language)),
			    c->active < 0 ? db_null() : db_int(c->active), db_int(w->id)),
		    &done);
	if (st == E_OK && c->active == 0)
		st = session_end_all(db, w->arena, ACTOR_STAFF, w->id, NULL, c->now_ms);
	if (st == E_OK)
		st = record(db, w->arena, c->by, w->id, json_pack("{s:b}", "active", was), change_json(c, was));
	if (st == E_OK && c->active >= 0 && was != (c->active != 0))
		st = db_run(db, w->arena, &staff_sql[Q_BUMP], DB_ARGS(db_time(c->now_ms)), &done);
	return st;
}

enum status
staff_change(struct db *db, struct arena *a, const struct seal *seal, int64_t id, const struct staff_change *c, int64_t *open)
{
	struct changing w = { .arena = a, .c = c, .id = id };
	enum status st = box_mobile(a, seal, c->mobile, &w.mobile);

	if (st == E_OK)
		st = db_tx(db, change_body, &w, NULL);
	*open = w.open;
	return st;
}

struct resetting {
	struct arena *arena;
	int64_t id, now_ms;
	const char *hash;
	const struct admin_who *by;
};

static enum status
password_body(struct db *db, void *arg)
{
	const struct resetting *w = arg;
	struct db_rows done;
	enum status st = db_run(db, w->arena, &staff_sql[Q_PASSWORD], DB_ARGS(db_text(span_of(w->hash)), db_int(w->id)), &done);

	if (st == E_OK)
		st = session_end_all(db, w->arena, ACTOR_STAFF, w->id, NULL, w->now_ms);
	return st == E_OK ? record(db, w->arena, w->by, w->id, json_object(), changed("password")) : st;
}

enum status
staff_password(struct db *db, struct arena *a, int64_t id, struct span password, int64_t now_ms, const struct admin_who *by)
{
	char hash[SEAL_PASSWORD_SIZE];
	struct resetting w = { .arena = a, .id = id, .now_ms = now_ms, .hash = hash, .by = by };
	enum status st = seal_password(password, hash);

	return st == E_OK ? db_tx(db, password_body, &w, NULL) : st;
}

static enum status
totp_body(struct db *db, void *arg)
{
	const struct resetting *w = arg;
	enum status st = db_run(db, w->arena, &staff_sql[Q_TOTP], DB_ARGS(db_int(w->id)), NULL);

	return st == E_OK ? record(db, w->arena, w->by, w->id, json_object(), changed("totp")) : st;
}

enum status
staff_totp_reset(struct db *db, struct arena *a, int64_t id, const struct admin_who *by)
{
	struct resetting w = { .arena = a, .id = id, .by = by };

	return db_tx(db, totp_body, &w, NULL);
}

static enum status
log_out_body(struct db *db, void *arg)
{
	const struct resetting *w = arg;
	enum status st = session_end_all(db, w->arena, ACTOR_STAFF, w->id, NULL, w->now_ms);

	return st == E_OK ? record(db, w->arena, w->by, w->id, json_object(), changed("sessions")) : st;
}

enum status
staff_log_out(struct db *db, struct arena *a, int64_t id, int64_t now_ms, const struct admin_who *by)
{
	struct resetting w = { .arena = a, .id = id, .now_ms = now_ms, .by = by };

	return db_tx(db, log_out_body, &w, NULL);
}
