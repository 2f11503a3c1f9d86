/* The row of a complaint against its timeline: what the events say that it must be. */
#include "core/clock.h"
#include "core/json.h"
#include "core/scan.h"
#include "domain/audit_impl.h"

#define HOLDER_UNKNOWN (-1)

/* What the events say, in the order in which they happened. */
struct told {
	struct span department, category, subcategory;
	int64_t ward, due_ms, holder_id, reopened;
};

static bool
is_one_of(struct span word, const char *const *words)
{
	for (; *words != NULL; words++)
		if (span_eq(word, span_of(*words)))
			return true;
	return false;
}

static void
take_text(const json_t *o, const char *key, struct span *out)
{
	const char *text = json_string_value(json_object_get(o, key));

	if (text != NULL)
		*out = span_of(text);
}

/* MariaDB writes small integers as text. */
static bool
take_number(const json_t *o, const char *key, int64_t *out)
{
	const json_t *v = json_object_get(o, key);

	if (json_is_integer(v))
		*out = json_integer_value(v);
	return json_is_integer(v) || (json_is_string(v) && scan_i64(span_of(json_string_value(v)), 0, INT64_MAX, out));
}

/* As event 1 has it, "2026-11-23 04:30:00.123" in UTC, or RFC 3339 as the later ones do. */
static void
take_time(const json_t *o, const char *key, int64_t *out)
{
	const char *text = json_string_value(json_object_get(o, key));
	char at[CLOCK_TEXT_SIZE];

	if (text == NULL || clock_parse(span_of(text), out) || strlen(text) < CLOCK_TEXT_SIZE - 2)
		return;
	(void)snprintf(at, sizeof(at), "%.10sT%.12sZ", text, text + 11);
	if (!clock_parse(span_of(at), out))
		*out = CLOCK_NONE;
}

/* Who has it after the event: the one that it names, nobody where it is nobody's, else who had it. */
static int64_t
holder_after(const struct audit_event *e, const json_t *detail, int64_t holder_id)
{
	static const char *const held[] = { "ASSIGNED", "IN_PROGRESS", "REASSIGN_REQUESTED", "AWAITING_CITIZEN", NULL };
	static const char *const routing[] = { "lodge", "transfer", "vacate", "unmerge", NULL };
	int64_t to;

	if (!is_one_of(e->to, held))
		return 0;
	if (take_number(detail, "to", &to))
		return to;
	return is_one_of(e->action, routing) ? HOLDER_UNKNOWN : holder_id;
}

static enum status
take_event(struct arena *a, const struct audit_event *e, struct told *t)
{
	json_t *detail = NULL;
	const char *why;

	/* what is no JSON says nothing; its hash was right */
	if (e->detail.p != NULL && json_decode(a, e->detail, &detail, &why) == E_NOMEM)
		return E_NOMEM;
	take_text(detail, "department", &t->department);
	take_text(detail, "category", &t->category);
	take_text(detail, "subcategory", &t->subcategory);
	take_time(detail, "due_at", &t->due_ms);
	(void)take_number(detail, "ward", &t->ward);
	t->holder_id = holder_after(e, detail, t->holder_id);
	t->reopened += span_eq(e->action, SPAN("reopen"));
	return E_OK;
}

enum status
audit_row(struct arena *a, const struct db_value *row, const struct audit_event *events, size_t n, const char **differs)
{
	const struct audit_event *first = &events[0];
	struct told t = { .due_ms = CLOCK_NONE };
	char number[NUMBER_DIGITS + 1];
	enum status st = E_OK;

	*differs = NULL;
	for (size_t i = 0; i < n && st == E_OK; i++)
		st = take_event(a, &events[i], &t);
	if (st != E_OK || t.department.p == NULL)
		return st;
	ids_number(first->complaint_id, first->at_ms, number);
	if (!span_eq(row[ROW_NUMBER].s, span_of(number)))
		*differs = "number";
	else if (row[ROW_LODGED].i != first->at_ms)
		*differs = "lodged_at";
	else if (span_eq(first->actor_kind, SPAN("citizen")) && row[ROW_CITIZEN].i != first->actor_id)
		*differs = "citizen";
	else if (!span_eq(row[ROW_DEPARTMENT].s, t.department))
		*differs = "department";
	else if (!span_eq(row[ROW_CATEGORY].s, t.category))
		*differs = "category";
	else if (!span_eq(row[ROW_SUBCATEGORY].s, t.subcategory))
		*differs = "subcategory";
	else if (row[ROW_WARD].i != t.ward)
		*differs = "ward";
	else if (row[ROW_DUE].i != t.due_ms)
		*differs = "due_at";
	else if (row[ROW_REOPENED].i != t.reopened)
		*differs = "reopen_count";
	else if (t.holder_id != HOLDER_UNKNOWN && (row[ROW_HOLDER].null ? 0 : row[ROW_HOLDER].i) != t.holder_id)
		*differs = "holder";
	return E_OK;
}
