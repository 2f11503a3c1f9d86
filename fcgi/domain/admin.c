/* What every change by an administrator has in common: the key, the transaction, the record, the directory's version. */
#include "domain/admin.h"

#include "core/tx.h"
#include "domain/idempotency.h"

#define JSON_MAX (1 << 20)

enum { Q_RECORD, Q_BUMP, Q_HISTORY };

const struct sql admin_sql[] = {
	[Q_RECORD] = { "INSERT INTO admin_change (at, staff_id, operator, what, subject, before_json, after_json)"
		       " VALUES (?, ?, ?, ?, ?, ?, ?)",
		       "tisssss", "", false },
	[Q_BUMP] = { "UPDATE directory_version SET version = version + 1, changed_at = ? WHERE one = 1", "t", "", false },
	[Q_HISTORY] = { "SELECT c.id, c.at, s.user_name, c.operator, c.what, c.subject, c.before_json,"
			" IF(OCTET_LENGTH(c.after_json) > 16384, JSON_OBJECT('bytes', OCTET_LENGTH(c.after_json)), c.after_json)"
			" FROM admin_change c LEFT JOIN staff s ON s.id = c.staff_id WHERE c.id < ? ORDER BY c.id DESC LIMIT ?",
			"ii", "itssssss", false },
};
const size_t admin_sql_n = ARRAY_LEN(admin_sql);

struct run {
	struct admin_change change;
	enum status (*body)(struct admin_change *c, void *arg);
	void *arg;
	struct admin_answer *answer;
	uint8_t scope[SEAL_HASH_BYTES];
};

static enum status
run_body(struct db *db, void *arg)
{
	struct run *r = arg;
	struct arena *a = r->change.arena;
	const struct admin_who *who = r->change.who;
	enum status st = E_OK;

	if (who->keyed)
		st = idempotency_claim(db, a, r->scope, who->body_hash, who->now_ms);
	if (st == E_STALE)
		return idempotency_stored(db, a, r->scope, who->body_hash, &r->answer->text);
	if (st == E_OK)
		st = r->body(&r->change, r->arg);
	if (st == E_OK && who->keyed)
		st = idempotency_answer(db, a, r->scope, r->answer->text.p == NULL ? SPAN("") : r->answer->text);
	return st;
}

static enum status
run_settled(struct db *db, void *arg)
{
	struct run *r = arg;

	return idempotency_stored(db, r->change.arena, r->scope, r->change.who->body_hash, &r->answer->text);
}

enum status
admin_run(struct db *db, struct arena *a, const struct admin_who *who, enum status (*body)(struct admin_change *c, void *arg),
	  void *arg, struct admin_answer *answer)
{
	struct run r = { .change = { .db = db, .arena = a, .who = who }, .body = body, .arg = arg, .answer = answer };

	if (who->keyed)
		idempotency_scope("staff", who->actor->id, who->scope, r.scope);
	return db_tx(db, run_body, &r, who->keyed ? run_settled : NULL);
}

enum status
admin_tell(struct admin_change *c, struct admin_answer *answer, const void *thing)
{
	return answer->render == NULL ? E_OK : answer->render(c->arena, answer, thing);
}

/* The text of `v`, absent for NULL, whose reference it takes. */
static enum status
text_of(struct arena *a, json_t *v, struct span *out)
{
	struct buf text = BUF_INIT(JSON_MAX);

	*out = (struct span){ NULL, 0 };
	if (v == NULL)
		return E_OK;
	json_encode(v, &text);
	json_decref(v);
	if (!text.failed)
		*out = (struct span){ arena_strndup(a, text.data, text.len), text.len };
	buf_release(&text);
	return out->p == NULL ? E_NOMEM : E_OK;
}

enum status
admin_record(struct admin_change *c, const char *what, struct span subject, json_t *before, json_t *after)
{
	const struct admin_who *who = c->who;
	struct span was, is;
	enum status st = text_of(c->arena, before, &was), also = text_of(c->arena, after, &is);

	if (st != E_OK || also != E_OK)
		return E_NOMEM;
	return db_run(c->db, c->arena, &admin_sql[Q_RECORD],
		      DB_ARGS(db_time(who->now_ms), who->actor == NULL ? db_null() : db_int(who->actor->id),
			      db_text(span_of(who->actor == NULL ? who->account : NULL)), db_text(span_of(what)), db_text(subject),
			      db_text(was), db_text(is)),
		      NULL);
}

enum status
admin_bump(struct admin_change *c)
{
	return db_run(c->db, c->arena, &admin_sql[Q_BUMP], DB_ARGS(db_time(c->who->now_ms)), NULL);
}

bool
admin_may(const struct admin_who *who, struct span department)
{
	const struct actor *actor = who->actor;

	if (actor == NULL || (actor->roles & ADMIN) != 0)
		return true;
	for (size_t i = 0; i < actor->n_duties && department.p != NULL; i++)
		if (actor->duties[i].role == CONTROLLING && span_eq(span_of(actor->duties[i].department), department))
			return true;
	return false;
}

enum status
admin_history(struct db *db, struct arena *a, int64_t before_id, int limit, const struct admin_past **out, size_t *n)
{
	struct db_rows rows;
	struct admin_past *list;
	enum status st = db_run(db, a, &admin_sql[Q_HISTORY], DB_ARGS(db_int(before_id), db_int(limit)), &rows);

	if (st != E_OK)
		return st;
	list = arena_array(a, rows.n, sizeof(*list));
	if (list == NULL)
		return E_NOMEM;
	for (size_t i = 0; i < rows.n; i++) {
		const struct db_value *v = db_row(&rows, i);

		list[i] = (struct admin_past){ .id = v[0].i,
					       .at_ms = v[1].i,
					       .user = v[2].s,
					       .account = v[3].s,
					       .what = v[4].s,
					       .subject = v[5].s,
					       .before = v[6].s,
					       .after = v[7].s };
	}
	*out = list;
	*n = rows.n;
	return E_OK;
}
