/* Timelines against their own hashes: every event by the one before it, the last by the complaint's head. */
#include "domain/audit_impl.h"

#include "core/clock.h"
#include "core/tx.h"

#define BATCH       500 /* complaints */
#define BATCH_BYTES ((size_t)256 << 20)
#define LOOK_MOST   64 /* events of a faulty timeline among which a moved one is looked for */

enum { Q_COMPLAINTS, Q_EVENTS, Q_TOLD, Q_ID, Q_SIGNED_ID };

const struct sql audit_verify_sql[] = {
	[Q_COMPLAINTS] = { "SELECT " AUDIT_ROW_COLUMNS " FROM complaint c"
			   " WHERE c.id > ? AND c.id <= ? AND c.changed_at >= ? ORDER BY c.id LIMIT ?",
			   "iiti", AUDIT_ROW_LETTERS, false },
	/* by the range of ids, not by complaint: events without one are found too */
	[Q_EVENTS] = { "SELECT " AUDIT_EVENT_COLUMNS " FROM complaint_event e LEFT JOIN complaint c ON c.id = e.complaint_id"
		       " WHERE e.complaint_id > ? AND e.complaint_id <= ? AND (c.id IS NULL OR c.changed_at >= ?)"
		       " ORDER BY e.complaint_id, e.seq",
		       "iit", AUDIT_EVENT_LETTERS, false },
	[Q_TOLD] = { "SELECT complaint_id, MAX(event_seq) FROM outbox WHERE complaint_id > ? AND complaint_id <= ?"
		     " GROUP BY complaint_id ORDER BY complaint_id",
		     "ii", "ii", false },
	[Q_ID] = { "SELECT id FROM complaint WHERE number = ?", "s", "i", false },
	[Q_SIGNED_ID] = { "SELECT complaint_id FROM audit_head WHERE number = ? LIMIT 1", "s", "i", false },
};
const size_t audit_verify_sql_n = ARRAY_LEN(audit_verify_sql);

const char *const audit_fault_texts[] = {
	[FAULT_EVENT_CHANGED] = "changed: content and hash do not fit",
	[FAULT_EVENT_MOVED] = "moved here from another place of the timeline",
	[FAULT_EVENT_MISSING] = "missing",
	[FAULT_EVENT_UNCOUNTED] = "added: the complaint does not count it",
	[FAULT_HEAD] = "not the one whose hash the complaint has as its head",
	[FAULT_STATE] = "led to another state or level than the complaint is in",
	[FAULT_ROW] = "the timeline says something else than the complaint has as its",
	[FAULT_TOLD] = "missing, but messages went out because of it: the timeline was cut off",
	[FAULT_NO_COMPLAINT] = "complaint removed, events of it are there",
	[FAULT_SIGNED_MISSING] = "missing, but signed: the timeline was cut off",
	[FAULT_SIGNED_REWRITTEN] = "not the one that was signed: the timeline was rewritten up to it",
	[FAULT_SIGNED_REDATED] = "not dated to the day it was signed for",
	[FAULT_SIGNED_ADDED] = "dated to a day that was signed without it: added later",
	[FAULT_SIGNED_GONE] = "complaint removed with its timeline",
	[FAULT_SIGNED_NUMBER] = "complaint has another number now",
	[FAULT_HEAD_ALTERED] = "signed head altered",
	[FAULT_DAY_HEADS] = "heads altered, removed or added: they are not those that were signed",
	[FAULT_DAY_ALTERED] = "altered, or signed with another key: the signature does not fit",
	[FAULT_DAY_KEY] = "signed with a key that is not among seal.audit_keys",
	[FAULT_DAY_CHAIN] = "does not follow the day before as it is now: one of the two was signed again",
	[FAULT_DAY_MISSING] = "not signed, or the signature was removed",
	[FAULT_DAY_LOG] = "signed again: the log has another signature",
};
_Static_assert(ARRAY_LEN(audit_fault_texts) == AUDIT_FAULT__COUNT, "a fault has no text");

void
audit_fault(struct audit_check *c, struct audit_fault f, const char *number)
{
	if (number != NULL)
		(void)snprintf(f.number, sizeof(f.number), "%s", number);
	if (f.seq_to == 0)
		f.seq_to = f.seq;
	c->sum.faults++;
	c->found(&f, c->arg);
}

/* ---- one timeline */

struct timeline {
	struct audit_check *check;
	struct arena *arena;
	int64_t id;
	char number[NUMBER_DIGITS + 1];
	const struct db_value *row; /* of the complaint; NULL: there is none */
	const struct audit_event *events;
	size_t n;
	int64_t told;                            /* the last event that messages went out about */
	const uint8_t (*known)[SEAL_HASH_BYTES]; /* hashes that may have stood before an event: only made when one does not fit */
	size_t n_known;
};

static void
fault(const struct timeline *t, enum audit_fault_kind kind, int64_t seq, int64_t seq_to)
{
	audit_fault(t->check,
		    (struct audit_fault){ .kind = kind,
					  .complaint_id = t->id,
					  .seq = seq,
					  .seq_to = seq_to,
					  .day_ms = CLOCK_NONE,
					  .day_to_ms = CLOCK_NONE },
		    t->number);
}

static const uint8_t *
before(const struct timeline *t, size_t i)
{
	static const uint8_t zeros[SEAL_HASH_BYTES];

	return i == 0 ? zeros : t->events[i - 1].hash;
}

static bool
fits(const uint8_t *previous, const struct audit_event *e)
{
	uint8_t hash[SEAL_HASH_BYTES];

	audit_event_hash(previous, e, hash);
	return seal_equal(hash, e->hash, sizeof(hash));
}

/* Every hash that is stored, and every one that should have been. */
static bool
gather(struct timeline *t)
{
	uint8_t(*known)[SEAL_HASH_BYTES] = arena_array(t->arena, 2 * t->n + 1, sizeof(*known));

	if (known == NULL)
		return false;
	memset(known[0], 0, SEAL_HASH_BYTES);
	for (size_t i = 0; i < t->n; i++) {
		memcpy(known[1 + 2 * i], t->events[i].hash, SEAL_HASH_BYTES);
		audit_event_hash(before(t, i), &t->events[i], known[2 + 2 * i]);
	}
	t->known = (const uint8_t(*)[SEAL_HASH_BYTES])known;
	t->n_known = 2 * t->n + 1;
	return true;
}

/* The place an event that does not fit where it stands was written for; 0: it fits nowhere, so it was changed itself. */
static int64_t
written_for(struct timeline *t, const struct audit_event *e)
{
	struct audit_event as = *e;

	if (t->n > LOOK_MOST || (t->known == NULL && !gather(t)))
		return 0;
	for (as.seq = 1; as.seq <= t->events[t->n - 1].seq; as.seq++)
		for (size_t i = 0; i < t->n_known; i++)
			if (fits(t->known[i], &as))
				return as.seq;
	return 0;
}

static void
check_event(struct timeline *t, size_t i)
{
	const struct audit_event *e = &t->events[i];
	int64_t expected = i == 0 ? 1 : t->events[i - 1].seq + 1, place;

	if (e->seq > expected) {
		fault(t, FAULT_EVENT_MISSING, expected, e->seq - 1);
		return; /* what stood before it is not known */
	}
	if (fits(before(t, i), e))
		return;
	place = written_for(t, e);
	if (place != e->seq) /* else only the one before it is wrong */
		fault(t, place == 0 ? FAULT_EVENT_CHANGED : FAULT_EVENT_MOVED, e->seq, 0);
}

static enum status
check_row(const struct timeline *t)
{
	struct audit_fault f = { .kind = FAULT_ROW,
				 .complaint_id = t->id,
				 .seq = t->events[t->n - 1].seq,
				 .day_ms = CLOCK_NONE,
				 .day_to_ms = CLOCK_NONE };
	enum status st = audit_row(t->arena, t->row, t->events, t->n, &f.field);

	if (f.field != NULL)
		audit_fault(t->check, f, t->number);
	return st;
}

static void
check_complaint(const struct timeline *t)
{
	const struct audit_event *last = t->n == 0 ? NULL : &t->events[t->n - 1];
	int64_t have = last == NULL ? 0 : last->seq, counted = t->row[ROW_COUNT].i;
	uint8_t head[SEAL_HASH_BYTES];

	audit_hash_read(&t->row[ROW_HEAD], head);
	if (have < counted)
		fault(t, FAULT_EVENT_MISSING, have + 1, counted);
	else if (have > counted)
		fault(t, FAULT_EVENT_UNCOUNTED, counted + 1, have);
	else if (last == NULL)
		fault(t, FAULT_EVENT_MISSING, 1, 1); /* a complaint begins with an event */
	else if (!seal_equal(head, last->hash, sizeof(head)))
		fault(t, FAULT_HEAD, have, 0);
	else if (have < t->told)
		fault(t, FAULT_TOLD, have + 1, t->told);
	else if (!span_eq(t->row[ROW_STATE].s, last->to) || t->row[ROW_LEVEL].i != last->level)
		fault(t, FAULT_STATE, have, 0);
}

static enum status
check_timeline(struct timeline *t)
{
	const int64_t faults = t->check->sum.faults;
	enum status st = E_OK;

	if (t->row != NULL)
		(void)snprintf(t->number, sizeof(t->number), "%.*s", SPAN_FMT(t->row[ROW_NUMBER].s));
	else if (t->events[0].seq == 1)
		ids_number(t->id, t->events[0].at_ms, t->number); /* as it was made when the complaint was lodged */
	for (size_t i = 0; i < t->n; i++)
		check_event(t, i);
	if (t->row == NULL)
		fault(t, FAULT_NO_COMPLAINT, 0, 0);
	else
		check_complaint(t);
	/* what a timeline that was tampered with says proves nothing about the row */
	if (t->row != NULL && t->check->sum.faults == faults)
		st = check_row(t);
	t->check->sum.complaints++;
	t->check->sum.events += (int64_t)t->n;
	return st;
}

/* ---- batches */

struct batch {
	struct audit_check *check;
	struct arena *arena;
	int64_t after, upto, end;
	int64_t limit;
	struct db_rows complaints, events, told;
};

/* Complaints and events of one snapshot: what is moved meanwhile is no fault. */
static enum status
read_batch(struct db *db, void *arg)
{
	struct batch *b = arg;
	int64_t from_ms = b->check->scope.from_ms == CLOCK_NONE ? 0 : b->check->scope.from_ms;
	enum status st;

	arena_reset(b->arena);
	st = db_run(db, b->arena, &audit_verify_sql[Q_COMPLAINTS],
		    DB_ARGS(db_int(b->after), db_int(b->end), db_time(from_ms), db_int(b->limit)), &b->complaints);
	if (st != E_OK)
		return st;
	b->upto = b->end;
	if (b->complaints.n == (size_t)b->limit)
		b->upto = db_row(&b->complaints, b->complaints.n - 1)[0].i;
	st = db_run(db, b->arena, &audit_verify_sql[Q_EVENTS], DB_ARGS(db_int(b->after), db_int(b->upto), db_time(from_ms)),
		    &b->events);
	if (st != E_OK)
		return st;
	return db_run(db, b->arena, &audit_verify_sql[Q_TOLD], DB_ARGS(db_int(b->after), db_int(b->upto)), &b->told);
}

static enum status
check_batch(struct batch *b)
{
	struct audit_event *events = arena_array(b->arena, b->events.n, sizeof(*events));
	size_t c = 0, e = 0, m = 0;
	enum status st = E_OK;

	if (events == NULL)
		return E_NOMEM;
	for (size_t i = 0; i < b->events.n; i++)
		audit_event_read(db_row(&b->events, i), &events[i]);
	while (st == E_OK && (c < b->complaints.n || e < b->events.n)) {
		const struct db_value *row = c < b->complaints.n ? db_row(&b->complaints, c) : NULL;
		struct timeline t = { .check = b->check, .arena = b->arena, .events = &events[e] };

		t.id = row != NULL && (e == b->events.n || row[0].i <= events[e].complaint_id) ? row[0].i : events[e].complaint_id;
		if (row != NULL && row[0].i == t.id) {
			t.row = row;
			c++;
		}
		for (; e < b->events.n && events[e].complaint_id == t.id; e++)
			t.n++;
		for (; m < b->told.n && db_row(&b->told, m)[0].i <= t.id; m++)
			if (db_row(&b->told, m)[0].i == t.id)
				t.told = db_row(&b->told, m)[1].i;
		st = check_timeline(&t);
	}
	return st;
}

static enum status
timelines(struct audit_check *check, int64_t after, int64_t end)
{
	struct batch b = { .check = check, .after = after, .end = end, .limit = BATCH };
	enum status st;

	b.arena = arena_new(1 << 20, BATCH_BYTES);
	if (b.arena == NULL)
		return E_NOMEM;
	do {
		st = db_tx(check->db, read_batch, &b, NULL);
		if (st == E_OK)
			st = check_batch(&b);
		if (st == E_OK)
			b.after = b.upto;
		/* long timelines: fewer at once */
		if (st == E_NOMEM && b.limit > 1) {
			b.limit /= 8;
			b.limit += b.limit == 0;
			b.upto = b.after;
			st = E_OK;
		}
	} while (st == E_OK && b.after < end);
	arena_free(b.arena);
	return st;
}

static enum status
find_id(struct audit_check *c, int64_t *id)
{
	struct arena *a = arena_new(4096, 65536);
	struct db_rows rows = { 0 };
	enum status st = a == NULL ? E_NOMEM : E_OK;

	for (int q = Q_ID; st == E_OK && rows.n == 0 && q <= Q_SIGNED_ID; q++)
		st = db_run(c->db, a, &audit_verify_sql[q], DB_ARGS(db_text(span_of(c->scope.number))), &rows);
	if (st == E_OK && rows.n == 0)
		st = E_NOT_FOUND;
	if (st == E_OK)
		*id = db_row(&rows, 0)[0].i;
	arena_free(a);
	return st;
}

enum status
audit_verify(struct audit_check *c)
{
	int64_t id = 0;
	enum status st = E_OK;

	c->sum = (struct audit_summary){ .first_ms = CLOCK_NONE, .last_ms = CLOCK_NONE };
	if (c->scope.number != NULL)
		st = find_id(c, &id);
	if (st == E_OK)
		st = id == 0 ? timelines(c, 0, INT64_MAX) : timelines(c, id - 1, id);
	return st == E_OK ? audit_days(c, id) : st;
}
