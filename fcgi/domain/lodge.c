/* Lodging a complaint: ids from blocks, one CALL, one answer. */
#include <pthread.h>
#include <stdlib.h>

#include "core/clock.h"
#include "core/json.h"
#include "core/tx.h"
#include "domain/complaint.h"

#define BLOCK 1000

enum { Q_LODGE, Q_BLOCK_READ, Q_BLOCK_TAKE };

const struct sql lodge_sql[] = {
	[Q_LODGE] = { "CALL complaint_lodge(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		      "ibbbisssssidddbssbttbbs", "ssssssiitts", true },
	[Q_BLOCK_READ] = { "SELECT next_id FROM id_block WHERE name = 'complaint'", "", "i", false },
	[Q_BLOCK_TAKE] = { "UPDATE id_block SET next_id = next_id + ? WHERE name = 'complaint' AND next_id = ?", "ii", "", false },
};
const size_t lodge_sql_n = ARRAY_LEN(lodge_sql);

struct id_source {
	pthread_mutex_t lock;
	int64_t next, end;
};

struct id_source *
id_source_new(void)
{
	struct id_source *ids = calloc(1, sizeof(*ids));

	if (ids != NULL)
		(void)pthread_mutex_init(&ids->lock, NULL);
	return ids;
}

void
id_source_free(struct id_source *ids)
{
	if (ids == NULL)
		return;
	(void)pthread_mutex_destroy(&ids->lock);
	free(ids);
}

/* A lost answer to the UPDATE only loses a block: gaps are allowed. */
static enum status
take_block(struct id_source *ids, struct db *db, struct arena *a)
{
	struct db_rows rows;
	enum status st;

	for (int tries = 0; tries < 100; tries++) {
		int64_t from;

		st = db_run(db, a, &lodge_sql[Q_BLOCK_READ], DB_NO_ARGS, &rows);
		if (st != E_OK)
			return st;
		if (rows.n != 1)
			return E_INTERNAL;
		from = db_row(&rows, 0)[0].i;
		st = db_run(db, a, &lodge_sql[Q_BLOCK_TAKE], DB_ARGS(db_int(BLOCK), db_int(from)), &rows);
		if (st != E_OK && st != E_CONFLICT && st != E_UNKNOWN)
			return st;
		if (st == E_OK && rows.affected == 1) {
			ids->next = from;
			ids->end = from + BLOCK;
			return E_OK;
		}
	}
	return E_BUSY;
}

enum status
id_source_next(struct id_source *ids, struct db *db, struct arena *a, int64_t *id)
{
	enum status st = E_OK;

	(void)pthread_mutex_lock(&ids->lock);
	if (ids->next == ids->end)
		st = take_block(ids, db, a);
	if (st == E_OK)
		*id = ids->next++;
	(void)pthread_mutex_unlock(&ids->lock);
	return st;
}

/* The variables of every message about this lodging. */
static enum status
seal_payload(struct arena *a, const struct seal *seal, const char *number, const struct lodging *in, int64_t due_ms,
	     struct span *out)
{
	struct buf json = BUF_INIT(1024);
	char due[CLOCK_TEXT_SIZE];
	json_t *vars = json_own(a, json_pack("{s:s, s:s%, s:s}", "number", number, "subcategory", in->subcategory->code.p,
					     in->subcategory->code.n, "due", clock_text(due_ms, due)));
	enum status st;

	if (vars == NULL || (in->me_too != NULL && json_object_set_new(vars, "parent", json_string(in->me_too)) != 0))
		return E_NOMEM;
	json_encode(vars, &json);
	st = json.failed ? E_NOMEM : seal_box(seal, a, buf_view(&json), out);
	buf_release(&json);
	return st;
}

static enum status
seal_optional(struct arena *a, const struct seal *seal, struct span plain, struct span *out)
{
	*out = (struct span){ NULL, 0 };
	return plain.p == NULL || plain.n == 0 ? E_OK : seal_box(seal, a, plain, out);
}

static enum status
outcome(const struct db_value *v, struct lodged *out)
{
	static const struct {
		const char *word;
		enum status st;
		const char *pointer;
		enum field_code code;
	} outcomes[] = {
		{ "done", E_OK, NULL, 0 },
		{ "replay", E_OK, NULL, 0 },
		{ "key_reused", E_KEY_REUSED, NULL, 0 },
		{ "unauthenticated", E_UNAUTHENTICATED, NULL, 0 },
		{ "forbidden", E_FORBIDDEN, NULL, 0 },
		{ "outside_kolkata", E_OUTSIDE_KOLKATA, "/location", FE_OUTSIDE_KOLKATA },
		{ "choose_ward", E_INVALID, "/ward", FE_CHOOSE_WARD },
		{ "attachment_0", E_INVALID, "/attachments/0", FE_NOT_FOUND },
		{ "attachment_1", E_INVALID, "/attachments/1", FE_NOT_FOUND },
		{ "attachment_2", E_INVALID, "/attachments/2", FE_NOT_FOUND },
		{ "attachment_3", E_INVALID, "/attachments/3", FE_NOT_FOUND },
		{ "attachment_4", E_INVALID, "/attachments/4", FE_NOT_FOUND },
		{ "me_too_not_found", E_INVALID, "/me_too", FE_NOT_FOUND },
		{ "me_too_own", E_INVALID, "/me_too", FE_OWN },
		{ "me_too_closed", E_INVALID, "/me_too", FE_CLOSED },
		{ "me_too_mismatch", E_INVALID, "/me_too", FE_MISMATCH },
	};

	*out = (struct lodged){ .number = v[1].s,
				.state = v[2].s,
				.department = v[3].s,
				.category = v[4].s,
				.subcategory = v[5].s,
				.ward = (int)v[6].i,
				.borough = (int)v[7].i,
				.lodged_ms = v[8].i,
				.due_ms = v[9].i,
				.parent = v[10].null ? (struct span){ NULL, 0 } : v[10].s,
				.replay = span_eq(v[0].s, SPAN("replay")) };
	for (size_t i = 0; i < ARRAY_LEN(outcomes); i++) {
		if (!span_eq(v[0].s, span_of(outcomes[i].word)))
			continue;
		out->pointer = outcomes[i].pointer;
		out->code = outcomes[i].code;
		return outcomes[i].st;
	}
	return E_INTERNAL;
}

enum status
complaint_lodge(struct db *db, struct arena *a, const struct directory *d, const struct seal *seal, struct id_source *ids,
		const struct lodging *in, struct lodged *out)
{
	const struct category *category = &d->categories[in->subcategory->category];
	int64_t id = 0, due_ms = directory_due(d, in->now_ms, in->subcategory->sla_hours);
	struct span payload, landmark, name;
	char number[NUMBER_DIGITS + 1];
	struct db_rows rows;
	enum status st = id_source_next(ids, db, a, &id);

	if (st != E_OK)
		return st;
	ids_number(id, in->now_ms, number);
	st = seal_payload(a, seal, number, in, due_ms, &payload);
	if (st == E_OK)
		st = seal_optional(a, seal, in->landmark, &landmark);
	if (st == E_OK)
		st = seal_optional(a, seal, in->name, &name);
	if (st != E_OK)
		return st;
	st = db_call(
		db, a, &lodge_sql[Q_LODGE],
		DB_ARGS(db_int(0), db_bytes(in->token_hash, SEAL_HASH_BYTES), db_bytes(in->scope, SEAL_HASH_BYTES),
			db_bytes(in->body_hash, SEAL_HASH_BYTES), db_int(id), db_text(span_of(number)),
			db_text(span_of(in->channel)), db_text(d->departments[category->department].code), db_text(category->code),
			db_text(in->subcategory->code), in->ward == 0 ? db_null() : db_int(in->ward),
			in->has_point ? db_double(in->lon) : db_null(), in->has_point ? db_double(in->lat) : db_null(),
			in->has_point && in->accuracy_m >= 0 ? db_double(in->accuracy_m) : db_null(), db_text(landmark),
			db_text(in->description), db_text(span_of(in->language)), db_text(name), db_time(in->now_ms),
			db_time(due_ms), db_text(payload),
			in->n_attachments == 0 ? db_null() : db_bytes(in->attachments, in->n_attachments * ATTACHMENT_ID_BYTES),
			db_text(span_of(in->me_too))),
		&rows);
	if (st != E_OK)
		return st;
	return rows.n == 1 ? outcome(db_row(&rows, 0), out) : E_INTERNAL;
}
