/* Days against their signatures, and timelines against the heads of days. */
#include "domain/audit_impl.h"

#include "core/clock.h"
#include "core/json.h"
#include "core/scan.h"
#include "domain/audit_tree.h"

#define DAYS_MOST   100
#define BATCH_BYTES ((size_t)8 << 20)

enum { Q_DAYS, Q_DAYS_OF, Q_DAY, Q_FIRST, Q_STORED, Q_LOOK };

const struct sql audit_days_sql[] = {
	[Q_DAYS] = { "SELECT " AUDIT_DAY_COLUMNS " FROM audit_day WHERE day >= ? ORDER BY day LIMIT 100", "s", AUDIT_DAY_LETTERS,
		     false },
	/* the days on which a complaint changed or was signed */
	[Q_DAYS_OF] = { "SELECT " AUDIT_DAY_COLUMNS " FROM audit_day WHERE day >= ? AND day IN"
			" (SELECT day FROM audit_head WHERE complaint_id = ? UNION"
			" SELECT DATE(at + INTERVAL 330 MINUTE) FROM complaint_event WHERE complaint_id = ?) ORDER BY day LIMIT "
			"100",
			"sii", AUDIT_DAY_LETTERS, false },
	[Q_DAY] = { "SELECT " AUDIT_DAY_COLUMNS " FROM audit_day WHERE day = ?", "s", AUDIT_DAY_LETTERS, false },
	[Q_FIRST] = { "SELECT at FROM complaint_event ORDER BY at LIMIT 1", "", "t", false },
	[Q_STORED] = { "SELECT complaint_id, event_count, event_head, number, tag FROM audit_head"
		       " WHERE day = ? AND complaint_id > ? AND complaint_id <= ? ORDER BY complaint_id LIMIT ?",
		       "siii", "iibsb", false },
	/* only asked about what does not fit */
	[Q_LOOK] = { "SELECT EXISTS (SELECT 1 FROM complaint WHERE id = ?),"
		     " (SELECT MAX(seq) FROM complaint_event WHERE complaint_id = ?),"
		     " (SELECT hash FROM complaint_event WHERE complaint_id = ? AND seq = ?),"
		     " (SELECT MIN(seq) FROM complaint_event WHERE complaint_id = ? AND at >= ? AND at < ? AND seq > ?),"
		     " NOT EXISTS (SELECT 1 FROM audit_head WHERE number = ? AND day < ? AND day >= ?)",
		     "iiiiittisss", "iibii", false },
};
const size_t audit_days_sql_n = ARRAY_LEN(audit_days_sql);

/* Heads of a day in the order of complaint_id, read in batches. */
struct stream {
	struct arena *arena;
	struct db_rows rows;
	size_t at;
	int64_t after;
	bool begun;
};

struct days {
	struct audit_check *check;
	int64_t id;           /* one complaint's days; 0: all */
	struct arena *arena;  /* of a look at one thing */
	struct stream actual; /* audit_heads */
	struct stream stored; /* audit_head */
	struct audit_day day;
	char text[AUDIT_DAY_TEXT_SIZE]; /* the day */
	struct audit_tree tree;
	int64_t altered; /* heads of the day */
	bool keyed;      /* its key is there */
};

void
audit_day_fault(struct audit_check *c, enum audit_fault_kind kind, int64_t day_ms, int64_t day_to_ms)
{
	audit_fault(c, (struct audit_fault){ .kind = kind, .day_ms = day_ms, .day_to_ms = day_to_ms }, NULL);
}

static int64_t
scope_from(const struct audit_check *c)
{
	return c->scope.from_ms == CLOCK_NONE ? 0 : c->scope.from_ms;
}

/* ---- heads */

static enum status
read_more(struct days *d, struct stream *s)
{
	int64_t after = s->begun ? s->after : d->id == 0 ? 0 : d->id - 1;
	int64_t upto = d->id == 0 ? INT64_MAX : d->id;

	s->begun = true;
	s->at = 0;
	arena_reset(s->arena);
	if (s == &d->actual)
		return audit_heads(d->check->db, s->arena, d->day.day_ms, after, upto, &s->rows);
	return db_run(d->check->db, s->arena, &audit_days_sql[Q_STORED],
		      DB_ARGS(db_text(span_of(d->text)), db_int(after), db_int(upto), db_int(AUDIT_HEADS_MOST)), &s->rows);
}

/* The row that comes next; *v NULL: there are no more. */
static enum status
peek(struct days *d, struct stream *s, const struct db_value **v)
{
	enum status st = E_OK;

	*v = NULL;
	if (!s->begun || (s->at == s->rows.n && s->rows.n == AUDIT_HEADS_MOST))
		st = read_more(d, s);
	if (st == E_OK && s->at < s->rows.n) {
		*v = db_row(&s->rows, s->at);
		s->after = (*v)[0].i;
	}
	return st;
}

static void
head_fault(struct days *d, enum audit_fault_kind kind, const struct audit_head *h, int64_t seq, int64_t seq_to)
{
	audit_fault(d->check,
		    (struct audit_fault){ .kind = kind,
					  .complaint_id = h->complaint_id,
					  .seq = seq,
					  .seq_to = seq_to,
					  .day_ms = d->day.day_ms,
					  .day_to_ms = d->day.day_ms },
		    h->number);
}

/* Takes a stored head into the tree. *right: it is as it was signed. */
static enum status
take(struct days *d, const struct db_value *v, struct audit_head *h, bool *right)
{
	struct span text;

	*h = (struct audit_head){ .complaint_id = v[0].i, .event_count = v[1].i };
	audit_hash_read(&v[2], h->hash);
	(void)snprintf(h->number, sizeof(h->number), "%.*s", SPAN_FMT(v[3].s));
	arena_reset(d->arena);
	text = audit_head_span(d->arena, d->day.day_ms, h);
	if (text.p == NULL)
		return E_NOMEM;
	audit_tree_add(&d->tree, text, NULL, false);
	d->check->sum.heads++;
	*right = !d->keyed || (v[4].s.n == AUDIT_TAG_BYTES && seal_signed(d->check->seal, audit_head_purpose, text, d->day.key_id,
									  v[4].s.p, AUDIT_TAG_BYTES) == E_OK);
	if (*right)
		return E_OK;
	d->altered++;
	head_fault(d, FAULT_HEAD_ALTERED, h, 0, 0);
	return E_OK;
}

/* Names what is wrong when the last event of the day is not the one that was signed. `last`: what the timeline has as the last
 * event of the day now; 0: none of that day. `h->event_count` 0: none was signed. */
static enum status
look(struct days *d, const struct audit_head *h, int64_t last)
{
	int64_t id = h->complaint_id, seq = h->event_count, there;
	int64_t from_ms = d->day.day_ms, to_ms = d->day.day_ms + AUDIT_DAY_MS;
	char from[AUDIT_DAY_TEXT_SIZE];
	uint8_t hash[SEAL_HASH_BYTES];
	const struct db_value *v;
	struct db_rows rows;
	enum status st;

	arena_reset(d->arena);
	(void)audit_day_text(scope_from(d->check), from);
	st = db_run(d->check->db, d->arena, &audit_days_sql[Q_LOOK],
		    DB_ARGS(db_int(id), db_int(id), db_int(id), db_int(seq), db_int(id), db_time(from_ms), db_time(to_ms),
			    db_int(seq), db_text(span_of(h->number)), db_text(span_of(d->text)), db_text(span_of(from))),
		    &rows);
	if (st != E_OK)
		return st;
	v = db_row(&rows, 0);
	there = v[1].null ? 0 : v[1].i;
	audit_hash_read(&v[2], hash);
	if (seq > 0 && there == 0 && v[0].i == 0) {
		if (v[4].i != 0) /* once, for the first day it was signed on */
			head_fault(d, FAULT_SIGNED_GONE, h, 0, 0);
	} else if (seq > 0 && v[2].null) {
		head_fault(d, FAULT_SIGNED_MISSING, h, there < seq ? there + 1 : seq, seq);
	} else if (seq > 0 && !seal_equal(hash, h->hash, sizeof(hash))) {
		head_fault(d, FAULT_SIGNED_REWRITTEN, h, seq, seq);
	} else if (last > seq) {
		head_fault(d, FAULT_SIGNED_ADDED, h, v[3].null ? last : v[3].i, last);
	} else {
		head_fault(d, FAULT_SIGNED_REDATED, h, seq, seq);
	}
	return E_OK;
}

static enum status
compare(struct days *d, const struct db_value *actual, const struct audit_head *signed_head)
{
	uint8_t hash[SEAL_HASH_BYTES];

	audit_hash_read(&actual[3], hash);
	if (actual[1].i != signed_head->event_count || !seal_equal(hash, signed_head->hash, sizeof(hash)))
		return look(d, signed_head, actual[1].i);
	if (!actual[4].null && !span_eq(actual[4].s, span_of(signed_head->number)))
		head_fault(d, FAULT_SIGNED_NUMBER, signed_head, 0, 0);
	return E_OK;
}

/* One step along both lists. *more: there may be another one. */
static enum status
step(struct days *d, bool *more)
{
	const struct db_value *actual = NULL, *stored = NULL;
	struct audit_head h;
	bool right = true;
	enum status st = peek(d, &d->actual, &actual);

	if (st == E_OK)
		st = peek(d, &d->stored, &stored);
	*more = actual != NULL || stored != NULL;
	if (st != E_OK || !*more)
		return st;
	if (actual != NULL && stored != NULL && actual[0].i != stored[0].i) {
		if (actual[0].i < stored[0].i)
			stored = NULL;
		else
			actual = NULL;
	}
	d->actual.at += actual != NULL;
	d->stored.at += stored != NULL;
	if (stored == NULL) {
		h = (struct audit_head){ .complaint_id = actual[0].i };
		(void)snprintf(h.number, sizeof(h.number), "%.*s", SPAN_FMT(actual[4].s));
		return look(d, &h, actual[1].i);
	}
	st = take(d, stored, &h, &right);
	if (st != E_OK || !right)
		return st;
	return actual == NULL ? look(d, &h, 0) : compare(d, actual, &h);
}

static enum status
check_heads(struct days *d)
{
	struct arena *actual = d->actual.arena, *stored = d->stored.arena;
	uint8_t root[SEAL_HASH_BYTES];
	bool more = true;
	enum status st = E_OK;

	d->actual = (struct stream){ .arena = actual };
	d->stored = (struct stream){ .arena = stored };
	d->tree = (struct audit_tree){ 0 };
	d->altered = 0;
	while (st == E_OK && more)
		st = step(d, &more);
	if (st != E_OK || d->id != 0)
		return st;
	audit_tree_root(&d->tree, NULL, root);
	if ((int64_t)d->tree.leaves != d->day.heads || (d->altered == 0 && !seal_equal(root, d->day.root, sizeof(root))))
		audit_day_fault(d->check, FAULT_DAY_HEADS, d->day.day_ms, d->day.day_ms);
	return E_OK;
}

/* ---- days */

static enum status
check_signature(struct days *d)
{
	const struct audit_day *day = &d->day;
	struct audit_summary *sum = &d->check->sum;
	struct span text;
	enum status st;

	arena_reset(d->arena);
	text = audit_day_span(d->arena, day);
	if (text.p == NULL)
		return E_NOMEM;
	st = seal_signed(d->check->seal, audit_day_purpose, text, day->key_id, day->tag, sizeof(day->tag));
	d->keyed = st != E_NOT_FOUND;
	if (st != E_OK)
		audit_day_fault(d->check, st == E_NOT_FOUND ? FAULT_DAY_KEY : FAULT_DAY_ALTERED, day->day_ms, day->day_ms);
	if (sum->first_ms == CLOCK_NONE)
		sum->first_ms = day->day_ms;
	sum->last_ms = day->day_ms;
	sum->days++;
	sum->late += day->signed_ms > day->day_ms + 2 * AUDIT_DAY_MS + AUDIT_MARGIN_MS;
	return E_OK;
}

/* Against the signed day before it: `last`, or none when its day_ms is CLOCK_NONE. */
static void
check_chain(struct days *d, const struct audit_day *last)
{
	static const uint8_t zeros[SEAL_HASH_BYTES];
	const uint8_t *expected = last->day_ms == CLOCK_NONE ? zeros : last->tag;

	if (last->day_ms != CLOCK_NONE && last->day_ms + AUDIT_DAY_MS < d->day.day_ms)
		audit_day_fault(d->check, FAULT_DAY_MISSING, last->day_ms + AUDIT_DAY_MS, d->day.day_ms - AUDIT_DAY_MS);
	else if (!seal_equal(d->day.previous, expected, SEAL_HASH_BYTES))
		audit_day_fault(d->check, FAULT_DAY_CHAIN, d->day.day_ms, d->day.day_ms);
}

static enum status
read_days(struct days *d, struct arena *a, int64_t from_ms, struct db_rows *rows)
{
	char text[AUDIT_DAY_TEXT_SIZE];
	struct db_value from = db_text(span_of(audit_day_text(from_ms, text)));

	arena_reset(a);
	if (d->id == 0)
		return db_run(d->check->db, a, &audit_days_sql[Q_DAYS], DB_ARGS(from), rows);
	return db_run(d->check->db, a, &audit_days_sql[Q_DAYS_OF], DB_ARGS(from, db_int(d->id), db_int(d->id)), rows);
}

static enum status
check_days(struct days *d, struct arena *a, int64_t from_ms, struct audit_day *last)
{
	struct db_rows rows;
	enum status st;

	do {
		st = read_days(d, a, from_ms, &rows);
		for (size_t i = 0; st == E_OK && i < rows.n; i++) {
			audit_day_read(db_row(&rows, i), &d->day);
			(void)audit_day_text(d->day.day_ms, d->text);
			st = check_signature(d);
			if (st == E_OK && d->id == 0)
				check_chain(d, last);
			if (st == E_OK)
				st = check_heads(d);
			*last = d->day;
			from_ms = d->day.day_ms + AUDIT_DAY_MS;
		}
	} while (st == E_OK && rows.n == DAYS_MOST);
	return st;
}

/* The day of the first event of all; CLOCK_NONE: nothing has happened. */
static enum status
first_day(struct days *d, int64_t *day_ms)
{
	struct db_rows rows;
	enum status st;

	arena_reset(d->arena);
	st = db_run(d->check->db, d->arena, &audit_days_sql[Q_FIRST], DB_NO_ARGS, &rows);
	*day_ms = st == E_OK && rows.n == 1 ? audit_day_of(db_row(&rows, 0)[0].i) : CLOCK_NONE;
	return st;
}

/* The day before the scope, for its tag. */
static enum status
day_before(struct days *d, int64_t from_ms, struct audit_day *last)
{
	char text[AUDIT_DAY_TEXT_SIZE];
	struct db_rows rows;
	enum status st;

	arena_reset(d->arena);
	st = db_run(d->check->db, d->arena, &audit_days_sql[Q_DAY],
		    DB_ARGS(db_text(span_of(audit_day_text(from_ms - AUDIT_DAY_MS, text)))), &rows);
	if (st == E_OK && rows.n == 1)
		audit_day_read(db_row(&rows, 0), last);
	return st;
}

/* Days that should be there at both ends. The last ones have a day's grace: the clock may have been down for a night. */
static void
check_ends(struct days *d, int64_t begin_ms)
{
	const struct audit_summary *sum = &d->check->sum;
	int64_t due_ms = audit_day_of(d->check->scope.now_ms - AUDIT_MARGIN_MS) - 2 * AUDIT_DAY_MS;
	int64_t next_ms = sum->last_ms == CLOCK_NONE ? begin_ms : sum->last_ms + AUDIT_DAY_MS;

	if (begin_ms == CLOCK_NONE)
		return;
	if (sum->first_ms != CLOCK_NONE && begin_ms < sum->first_ms)
		audit_day_fault(d->check, FAULT_DAY_MISSING, begin_ms, sum->first_ms - AUDIT_DAY_MS);
	if (next_ms <= due_ms)
		audit_day_fault(d->check, FAULT_DAY_MISSING, next_ms, due_ms);
}

static enum status
check_all(struct days *d, struct arena *a)
{
	struct audit_day last = { .day_ms = CLOCK_NONE };
	int64_t begin_ms = CLOCK_NONE, from_ms = d->check->scope.from_ms;
	enum status st = first_day(d, &begin_ms);

	if (st == E_OK && from_ms != CLOCK_NONE && d->id == 0)
		st = day_before(d, from_ms, &last);
	if (st == E_OK)
		st = check_days(d, a, scope_from(d->check), &last);
	if (begin_ms != CLOCK_NONE && begin_ms < from_ms)
		begin_ms = from_ms;
	if (st == E_OK && d->id == 0)
		check_ends(d, begin_ms);
	return st;
}

enum status
audit_days(struct audit_check *c, int64_t id)
{
	struct days d = { .check = c, .id = id };
	struct arena *a = arena_new(65536, BATCH_BYTES);
	enum status st = E_NOMEM;

	d.arena = arena_new(65536, BATCH_BYTES);
	d.actual.arena = arena_new(65536, BATCH_BYTES);
	d.stored.arena = arena_new(65536, BATCH_BYTES);
	if (a != NULL && d.arena != NULL && d.actual.arena != NULL && d.stored.arena != NULL)
		st = check_all(&d, a);
	arena_free(d.stored.arena);
	arena_free(d.actual.arena);
	arena_free(d.arena);
	arena_free(a);
	return st;
}

/* ---- the log */

enum status
audit_verify_log(struct audit_check *c, struct arena *a, struct span line)
{
	const char *why = NULL, *event, *day, *tag;
	uint8_t logged[SEAL_HASH_BYTES];
	struct audit_day there;
	struct db_rows rows;
	int64_t day_ms;
	json_t *o;
	enum status st;

	if (memmem(line.p, line.n, "\"audit_signed\"", 14) == NULL || json_decode(a, line, &o, &why) != E_OK)
		return E_OK;
	event = json_string_value(json_object_get(o, "event"));
	day = json_string_value(json_object_get(o, "day"));
	tag = json_string_value(json_object_get(o, "tag"));
	if (event == NULL || strcmp(event, "audit_signed") != 0 || day == NULL || !audit_day_parse(span_of(day), &day_ms) ||
	    tag == NULL || !scan_hex(span_of(tag), logged, sizeof(logged)))
		return E_OK;
	st = db_run(c->db, a, &audit_days_sql[Q_DAY], DB_ARGS(db_text(span_of(day))), &rows);
	if (st != E_OK)
		return st;
	if (rows.n == 1)
		audit_day_read(db_row(&rows, 0), &there);
	if (rows.n == 0)
		audit_day_fault(c, FAULT_DAY_MISSING, day_ms, day_ms);
	else if (!seal_equal(there.tag, logged, sizeof(logged)))
		audit_day_fault(c, FAULT_DAY_LOG, day_ms, day_ms);
	return E_OK;
}
