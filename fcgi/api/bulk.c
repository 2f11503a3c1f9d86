/* POST /inbox/actions: the same move of many complaints, each for itself. */
#include "api/actions.h"
#include "api/app.h"
#include "api/handlers.h"
#include "api/params.h"
#include "core/clock.h"
#include "core/log.h"
#include "domain/idempotency.h"
#include "http/gate.h"
#include "http/problem.h"

#define ITEMS_MOST  100
#define ARENA_BYTES (1 << 20)
#define MARGIN_MS   500 /* of the request's time, for the answer */

struct item {
	struct span number;
	int64_t version;
};
static const struct field item_fields[] = {
	{ .name = "number", .type = FIELD_LINE, .offset = offsetof(struct item, number), .required = true, .min = 1, .max = 40 },
	{ .name = "version",
	  .type = FIELD_INT,
	  .offset = offsetof(struct item, version),
	  .required = true,
	  .min = 1,
	  .max = 4294967295.0 },
};

struct many {
	struct action_body body;
	struct schema_objects items;
};
static const struct field many_fields[] = {
	ACTION_FIELDS(struct many, body),
	{ .name = "items",
	  .type = FIELD_OBJECTS,
	  .offset = offsetof(struct many, items),
	  .required = true,
	  .fields = item_fields,
	  .n_fields = ARRAY_LEN(item_fields),
	  .size = sizeof(struct item),
	  .most = ITEMS_MOST },
};

/* The numbers as twelve digits; what is none, or stands there twice, is wrong in the request, not in its row. */
static enum status
read_numbers(struct call *c, const struct many *in, char (*numbers)[NUMBER_DIGITS + 1])
{
	const struct item *items = in->items.v;

	for (size_t i = 0; i < in->items.n; i++) {
		const char *pointer = arena_printf(c->arena, "/items/%zu/number", i);
		enum number_kind kind;

		if (pointer == NULL)
			return E_NOMEM;
		kind = ids_number_parse(items[i].number, c->conf->system.go_live_ms, numbers[i]);
		if (kind == NUMBER_NOT)
			(void)call_format(c, pointer, "2611 0000 0016");
		else if (kind == NUMBER_MISTYPED)
			(void)call_field(c, pointer, FE_MISTYPED);
		for (size_t k = 0; k < i && kind == NUMBER_NEW; k++)
			if (memcmp(numbers[k], numbers[i], NUMBER_DIGITS) == 0)
				(void)call_field(c, pointer, FE_DUPLICATE_KEY);
	}
	return c->errors.n > 0 ? E_INVALID : E_OK;
}

/* The key of a row: that of the request and the number, so that the request can be repeated whole. */
static enum status
row_scope(const struct call *c, const char *number, uint8_t scope[static SEAL_HASH_BYTES])
{
	const char *key = arena_printf(c->arena, "%s:%s", c->key, number);

	if (key == NULL)
		return E_NOMEM;
	idempotency_request(span_of(c->req.method_name), c->req.path, span_of(key), scope);
	return E_OK;
}

/* One row; everything of it lives in c->arena, which is the row's. */
static json_t *
act(struct call *c, const struct directory *d, struct moving m, const char *number, const struct item *item)
{
	struct refused refused = { .errors = &c->errors };
	struct means w = action_means(c, d);
	struct span answer = { NULL, 0 };
	struct complaint complaint = { .id = 0 };
	json_t *about = NULL, *done = NULL;
	const char *why;
	enum status st = db_left_ms(c->worker->db) < MARGIN_MS ? E_BUSY : row_scope(c, number, m.scope);

	/* a hundred rows take seconds: who is logged out or loses a duty meanwhile moves no more of them */
	c->actor.roles = 0;
	if (st == E_OK)
		st = gate_back(c);
	m.version = item->version;
	m.now_ms = clock_now_ms();
	if (st == E_OK)
		st = complaint_find(c->worker->db, c->arena, number, &c->actor, &complaint);
	if (st == E_NOT_FOUND)
		st = complaint_acted(&w, &c->actor, &m, &answer);
	else if (st == E_OK)
		st = complaint_act(&w, &c->actor, &m, &complaint, &answer, &refused);
	if (st == E_STALE || st == E_ILLEGAL_MOVE)
		about = action_refused(c, complaint.id, m.action, st, refused.why);
	if (st == E_OK)
		st = json_decode(c->arena, answer, &done, &why);
	if (st == E_OK)
		return json_pack("{s:s, s:i, s:O}", "number", number, "status", 200, "complaint", done);
	return json_pack("{s:s, s:i, s:o}", "number", number, "status", problems[st].http, "problem",
			 problem_json(&c->req, st, st == E_INVALID || st == E_OUTSIDE_KOLKATA ? &c->errors : NULL, about, NULL));
}

/* Row after row in an arena that is emptied between them: a hundred complaints with their timelines are more than a request may
 * hold. When the time of the request is over the rest answers `unavailable`, and is made when the request is repeated. */
static enum status
act_all(struct call *c, const struct directory *d, const struct many *in, const struct moving *m,
	char (*numbers)[NUMBER_DIGITS + 1], json_t *results)
{
	const struct item *items = in->items.v;
	struct arena *a = arena_new(65536, ARENA_BYTES);
	struct call row = *c;

	if (a == NULL)
		return E_NOMEM;
	row.arena = a;
	for (size_t i = 0; i < in->items.n; i++) {
		row.errors = (struct field_errors){ .arena = a };
		(void)json_array_append_new(results, act(&row, d, *m, numbers[i], &items[i]));
		arena_reset(a);
	}
	arena_free(a);
	return json_array_size(results) == in->items.n ? E_OK : E_NOMEM;
}

/* What is told again to the byte. Where nothing was done there is nothing to tell, and where a row had to wait it is made by the
 * repetition. */
static bool
worth_keeping(const json_t *results)
{
	bool done = false;
	const json_t *row;
	size_t i;

	json_array_foreach(results, i, row)
	{
		const json_int_t http = json_integer_value(json_object_get(row, "status"));

		if (http == problems[E_BUSY].http)
			return false;
		done = done || http == 200;
	}
	return done;
}

static enum status
tell(struct call *c, const struct means *w, const struct moving *m, json_t *results)
{
	const bool keep = worth_keeping(results);
	enum status st = resp_json(&c->resp, 200, json_pack("{s:o}", "results", results));

	/* not kept, the repetition finds what was done row by row */
	if (st == E_OK && keep && complaint_answered(w, &c->actor, m, buf_view(&c->resp.body)) != E_OK)
		log_detail(LOG_WARN, "bulk", "the answer is not kept");
	return st;
}

enum status
bulk_post(struct call *c)
{
	const struct catalogue *k = app_catalogue(c);
	struct many in = { .body = ACTION_BODY_INIT };
	char numbers[ITEMS_MOST][NUMBER_DIGITS + 1];
	struct span answer;
	struct moving m;
	struct means w;
	json_t *results;
	enum status st = call_body(c, many_fields, ARRAY_LEN(many_fields), &in);

	if (st != E_OK)
		return st;
	if (k == NULL)
		return E_BUSY;
	st = action_read(c, k->directory, &in.body, &m);
	if (st == E_OK || st == E_INVALID)
		st = read_numbers(c, &in, numbers);
	if (st != E_OK)
		return st;
	w = action_means(c, k->directory);
	param_idempotency(c, m.scope, m.body_hash);
	st = complaint_acted(&w, &c->actor, &m, &answer);
	if (st != E_NOT_FOUND)
		return st == E_OK ? action_answer(c, answer) : st;
	results = json_array();
	if (results == NULL)
		return E_NOMEM;
	st = act_all(c, k->directory, &in, &m, numbers, results);
	(void)cache_publish(c->worker->cache, "ekmc:bell:notify", "move");
	if (st != E_OK) {
		json_decref(results);
		return st;
	}
	return tell(c, &w, &m, results);
}
