/* Canonical forms of events, heads and days, and the signing of days. */
#include "domain/audit.h"

#include "core/buf.h"
#include "core/clock.h"
#include "core/log.h"
#include "core/scan.h"
#include "core/tx.h"
#include "domain/audit_tree.h"

#define EVENT_BYTES ((size_t)4096) /* of the hashed form: words, numbers and hashes */
#define BATCH       1000           /* heads in memory at once */
#define BATCH_LIMIT "1000"
#define BATCH_BYTES ((size_t)8 << 20)
#define HEADS_BYTES ((size_t)1 << 20) /* of a batch as JSON */
#define HASH_HEX    (2 * SEAL_HASH_BYTES + 1)

const char audit_day_purpose[] = "audit-day", audit_head_purpose[] = "audit-head";

enum { Q_FIRST, Q_LAST, Q_TAG, Q_HEADS, Q_ADD_HEADS, Q_ADD_DAY };

const struct sql audit_sql[] = {
	[Q_FIRST] = { "SELECT at FROM complaint_event ORDER BY at LIMIT 1", "", "t", false },
	[Q_LAST] = { "SELECT day FROM audit_day ORDER BY day DESC LIMIT 1", "", "t", false },
	[Q_TAG] = { "SELECT tag FROM audit_day WHERE day = ?", "s", "b", false },
	/* plain reads take no locks: INSERT … SELECT would hold up those who append events */
	[Q_HEADS] = { "SELECT m.complaint_id, m.seq, m.events, e.hash, c.number FROM"
		      " (SELECT complaint_id, MAX(seq) AS seq, COUNT(*) AS events"
		      " FROM complaint_event FORCE INDEX (complaint_event_at)"
		      " WHERE at >= ? AND at < ? AND complaint_id > ? AND complaint_id <= ?"
		      " GROUP BY complaint_id ORDER BY complaint_id LIMIT ?) m"
		      " JOIN complaint_event e ON e.complaint_id = m.complaint_id AND e.seq = m.seq"
		      " LEFT JOIN complaint c ON c.id = m.complaint_id ORDER BY m.complaint_id",
		      "ttiii", "iiibs", false },
	[Q_ADD_HEADS] = { "INSERT INTO audit_head (day, complaint_id, number, event_count, event_head, tag)"
			  " SELECT ?, h.id, h.number, h.n, UNHEX(h.head), UNHEX(h.tag) FROM JSON_TABLE(?, '$[*]' COLUMNS ("
			  "id BIGINT UNSIGNED PATH '$[0]', number CHAR(12) PATH '$[1]', n INT UNSIGNED PATH '$[2]',"
			  " head CHAR(64) PATH '$[3]', tag CHAR(32) PATH '$[4]')) h",
			  "ss", "", false },
	[Q_ADD_DAY] = { "INSERT INTO audit_day (" AUDIT_DAY_COLUMNS ") VALUES (?, ?, ?, ?, ?, ?, ?, ?)", "siibbtib", "", false },
};
const size_t audit_sql_n = ARRAY_LEN(audit_sql);

/* ---- events */

void
audit_hash_read(const struct db_value *v, uint8_t out[static SEAL_HASH_BYTES])
{
	memset(out, 0, SEAL_HASH_BYTES);
	if (!v->null && v->s.n == SEAL_HASH_BYTES)
		memcpy(out, v->s.p, SEAL_HASH_BYTES);
}

void
audit_event_read(const struct db_value *v, struct audit_event *e)
{
	*e = (struct audit_event){ .complaint_id = v[0].i,
				   .seq = v[1].i,
				   .at_ms = v[2].i,
				   .action = v[3].s,
				   .from = db_span(&v[4]),
				   .to = v[5].s,
				   .level = v[6].i,
				   .actor_kind = v[7].s,
				   .actor_id = v[8].null ? AUDIT_NOBODY : v[8].i,
				   .office = v[9].s,
				   .note = db_span(&v[10]),
				   .internal = v[11].i != 0,
				   .detail = db_span(&v[12]) };
	audit_hash_read(&v[13], e->hash);
}

/* "2026-11-23 04:30:00.123000", as DATE_FORMAT writes it. */
static void
add_time(struct buf *b, int64_t at_ms)
{
	char at[CLOCK_TEXT_SIZE];

	(void)clock_text(at_ms, at);
	buf_printf(b, "%.10s %.12s000\n", at, at[0] == '\0' ? "" : at + 11);
}

static void
add_line(struct buf *b, struct span text)
{
	buf_span(b, text);
	buf_char(b, '\n');
}

static void
add_text_hash(struct buf *b, struct span text)
{
	uint8_t hash[SEAL_HASH_BYTES];

	if (text.p == NULL)
		return;
	seal_sha256(text, hash);
	buf_hex(b, hash, sizeof(hash));
}

void
audit_event_hash(const uint8_t previous[static SEAL_HASH_BYTES], const struct audit_event *e, uint8_t out[static SEAL_HASH_BYTES])
{
	struct buf b = BUF_INIT(EVENT_BYTES);

	buf_add(&b, previous, SEAL_HASH_BYTES);
	buf_printf(&b, "%lld\n%lld\n", (long long)e->complaint_id, (long long)e->seq);
	add_time(&b, e->at_ms);
	add_line(&b, e->action);
	add_line(&b, e->from);
	add_line(&b, e->to);
	buf_printf(&b, "%lld\n", (long long)e->level);
	add_line(&b, e->actor_kind);
	if (e->actor_id != AUDIT_NOBODY)
		buf_printf(&b, "%lld", (long long)e->actor_id);
	buf_char(&b, '\n');
	add_line(&b, e->office);
	add_text_hash(&b, e->note);
	buf_printf(&b, "\n%d\n", e->internal ? 1 : 0);
	add_text_hash(&b, e->detail);
	memset(out, 0, SEAL_HASH_BYTES); /* no memory: a hash that fits nothing */
	if (!b.failed)
		seal_sha256(buf_view(&b), out);
	buf_release(&b);
}

/* ---- days and heads */

int64_t
audit_day_of(int64_t at_ms)
{
	struct clock_date d = clock_kolkata_date(at_ms);

	return clock_kolkata_midnight_ms(d.year, d.month, d.day);
}

const char *
audit_day_text(int64_t day_ms, char out[static 11])
{
	struct clock_date d = clock_kolkata_date(day_ms);

	_Static_assert(AUDIT_DAY_TEXT_SIZE == 11, "the prototype's size is the text's");
	(void)snprintf(out, AUDIT_DAY_TEXT_SIZE, "%04u-%02u-%02u", (unsigned)d.year % 10000, (unsigned)d.month % 100,
		       (unsigned)d.day % 100);
	return out;
}

bool
audit_day_parse(struct span s, int64_t *day_ms)
{
	char at[sizeof("2026-11-23T00:00:00+05:30")];

	if (s.n != AUDIT_DAY_TEXT_SIZE - 1)
		return false;
	(void)snprintf(at, sizeof(at), "%.*sT00:00:00+05:30", SPAN_FMT(s));
	return clock_parse(span_of(at), day_ms);
}

static const char *
hex_of(const uint8_t *bytes, size_t n, char out[static HASH_HEX])
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < n; i++) {
		out[2 * i] = digits[bytes[i] >> 4];
		out[2 * i + 1] = digits[bytes[i] & 15];
	}
	out[2 * n] = '\0';
	return out;
}

struct span
audit_head_span(struct arena *a, int64_t day_ms, const struct audit_head *h)
{
	char day[AUDIT_DAY_TEXT_SIZE], hash[HASH_HEX];

	return span_of(arena_printf(a, "%s\n%lld\n%s\n%lld\n%s", audit_day_text(day_ms, day), (long long)h->complaint_id, h->number,
				    (long long)h->event_count, hex_of(h->hash, SEAL_HASH_BYTES, hash)));
}

struct span
audit_day_span(struct arena *a, const struct audit_day *d)
{
	char day[AUDIT_DAY_TEXT_SIZE], root[HASH_HEX], previous[HASH_HEX], at[CLOCK_TEXT_SIZE];

	return span_of(arena_printf(a, "%s\n%lld\n%lld\n%s\n%s\n%s\n%d", audit_day_text(d->day_ms, day), (long long)d->heads,
				    (long long)d->events, hex_of(d->root, SEAL_HASH_BYTES, root),
				    hex_of(d->previous, SEAL_HASH_BYTES, previous), clock_text(d->signed_ms, at), d->key_id));
}

void
audit_day_read(const struct db_value *v, struct audit_day *d)
{
	*d = (struct audit_day){ .day_ms = v[0].i - CLOCK_KOLKATA_OFFSET_MS, /* a DATE comes as its midnight in UTC */
				 .heads = v[1].i,
				 .events = v[2].i,
				 .signed_ms = v[5].i,
				 .key_id = (uint8_t)v[6].i };
	audit_hash_read(&v[3], d->root);
	audit_hash_read(&v[4], d->previous);
	audit_hash_read(&v[7], d->tag);
}

enum status
audit_heads(struct db *db, struct arena *a, int64_t day_ms, int64_t after, int64_t upto, struct db_rows *rows)
{
	return db_run(
		db, a, &audit_sql[Q_HEADS],
		DB_ARGS(db_time(day_ms), db_time(day_ms + AUDIT_DAY_MS), db_int(after), db_int(upto), db_int(AUDIT_HEADS_MOST)),
		rows);
}

/* ---- signing */

struct signing {
	const struct seal *seal;
	struct arena *arena; /* of a batch */
	struct audit_day day;
	struct audit_tree tree;
	char text[AUDIT_DAY_TEXT_SIZE]; /* the day */
	bool done;
};

/* The tag of a day; E_NOT_FOUND: it is not signed. */
static enum status
tag_of(struct signing *s, struct db *db, int64_t day_ms, uint8_t out[static SEAL_HASH_BYTES])
{
	char text[AUDIT_DAY_TEXT_SIZE];
	struct db_rows rows;
	enum status st = db_run(db, s->arena, &audit_sql[Q_TAG], DB_ARGS(db_text(span_of(audit_day_text(day_ms, text)))), &rows);

	if (st != E_OK || rows.n == 0)
		return st == E_OK ? E_NOT_FOUND : st;
	audit_hash_read(&db_row(&rows, 0)[0], out);
	return E_OK;
}

/* Takes a head into the tree, and its row into the batch. */
static enum status
add_head(struct signing *s, const struct db_value *v, struct buf *batch)
{
	struct audit_head h = { .complaint_id = v[0].i, .event_count = v[1].i };
	uint8_t tag[SEAL_HASH_BYTES];
	struct span text;

	if (!v[4].null && scan_token(v[4].s, "0123456789", NUMBER_DIGITS, NUMBER_DIGITS))
		memcpy(h.number, v[4].s.p, NUMBER_DIGITS);
	audit_hash_read(&v[3], h.hash);
	text = audit_head_span(s->arena, s->day.day_ms, &h);
	if (text.p == NULL)
		return E_NOMEM;
	audit_tree_add(&s->tree, text, NULL, false);
	seal_sign(s->seal, audit_head_purpose, text, tag);
	buf_printf(batch, "%s[%lld,\"%s\",%lld,\"", batch->len == 0 ? "[" : ",", (long long)h.complaint_id, h.number,
		   (long long)h.event_count);
	buf_hex(batch, h.hash, SEAL_HASH_BYTES);
	buf_text(batch, "\",\"");
	buf_hex(batch, tag, AUDIT_TAG_BYTES);
	buf_text(batch, "\"]");
	s->day.heads++;
	s->day.events += v[2].i;
	return batch->failed ? E_NOMEM : E_OK;
}

static enum status
add_heads(struct signing *s, struct db *db, const struct db_rows *rows)
{
	struct buf batch = BUF_INIT(HEADS_BYTES);
	enum status st = E_OK;

	for (size_t i = 0; i < rows->n && st == E_OK; i++)
		st = add_head(s, db_row(rows, i), &batch);
	buf_char(&batch, ']');
	if (st == E_OK)
		st = batch.failed ? E_NOMEM
				  : db_run(db, s->arena, &audit_sql[Q_ADD_HEADS],
					   DB_ARGS(db_text(span_of(s->text)), db_text(buf_view(&batch))), NULL);
	buf_release(&batch);
	return st;
}

static enum status
add_day(struct signing *s, struct db *db)
{
	struct audit_day *d = &s->day;
	struct span text;

	audit_tree_root(&s->tree, NULL, d->root);
	d->key_id = seal_signing_key(s->seal);
	text = audit_day_span(s->arena, d);
	if (text.p == NULL)
		return E_NOMEM;
	seal_sign(s->seal, audit_day_purpose, text, d->tag);
	return db_run(db, s->arena, &audit_sql[Q_ADD_DAY],
		      DB_ARGS(db_text(span_of(s->text)), db_int(d->heads), db_int(d->events), db_bytes(d->root, SEAL_HASH_BYTES),
			      db_bytes(d->previous, SEAL_HASH_BYTES), db_time(d->signed_ms), db_int(d->key_id),
			      db_bytes(d->tag, SEAL_HASH_BYTES)),
		      NULL);
}

/* E_STALE: another host has just signed it. */
static enum status
sign(struct db *db, void *arg)
{
	struct signing *s = arg;
	struct audit_day *d = &s->day;
	struct db_rows rows = { 0 };
	int64_t after = 0;
	enum status st = tag_of(s, db, d->day_ms, d->tag);

	if (st != E_NOT_FOUND)
		return st == E_OK ? E_STALE : st;
	d->heads = d->events = 0;
	s->tree = (struct audit_tree){ 0 };
	st = tag_of(s, db, d->day_ms - AUDIT_DAY_MS, d->previous);
	if (st == E_NOT_FOUND)
		memset(d->previous, 0, sizeof(d->previous));
	st = st == E_NOT_FOUND ? E_OK : st;
	do {
		arena_reset(s->arena);
		if (st == E_OK)
			st = audit_heads(db, s->arena, d->day_ms, after, INT64_MAX, &rows);
		if (st == E_OK && rows.n > 0) {
			after = db_row(&rows, rows.n - 1)[0].i;
			st = add_heads(s, db, &rows);
		}
	} while (st == E_OK && rows.n == AUDIT_HEADS_MOST);
	return st == E_OK ? add_day(s, db) : st;
}

/* After a lost COMMIT: whether it was ours that was kept. */
static enum status
signed_already(struct db *db, void *arg)
{
	struct signing *s = arg;
	uint8_t tag[SEAL_HASH_BYTES];
	enum status st = tag_of(s, db, s->day.day_ms, tag);

	return st == E_OK && !seal_equal(tag, s->day.tag, sizeof(tag)) ? E_STALE : st;
}

static void
tell(const struct signing *s)
{
	const struct audit_day *d = &s->day;
	char heads[24], events[24], key[8], root[HASH_HEX], previous[HASH_HEX], tag[HASH_HEX], at[CLOCK_TEXT_SIZE];

	(void)snprintf(heads, sizeof(heads), "%lld", (long long)d->heads);
	(void)snprintf(events, sizeof(events), "%lld", (long long)d->events);
	(void)snprintf(key, sizeof(key), "%d", d->key_id);
	log_event(LOG_INFO, "audit_signed", "day", s->text, "heads", heads, "events", events, "root",
		  hex_of(d->root, SEAL_HASH_BYTES, root), "previous", hex_of(d->previous, SEAL_HASH_BYTES, previous), "signed_at",
		  clock_text(d->signed_ms, at), "key_id", key, "tag", hex_of(d->tag, SEAL_HASH_BYTES, tag), NULL);
}

enum status
audit_sign_day(struct db *db, const struct seal *seal, int64_t day_ms, int64_t now_ms, bool *done)
{
	struct signing s = { .seal = seal, .day = { .day_ms = day_ms, .signed_ms = now_ms } };
	enum status st;

	*done = false;
	(void)audit_day_text(day_ms, s.text);
	if (day_ms != audit_day_of(day_ms) || now_ms < day_ms + AUDIT_DAY_MS + AUDIT_MARGIN_MS)
		return E_INVALID;
	s.arena = arena_new(65536, BATCH_BYTES);
	if (s.arena == NULL)
		return E_NOMEM;
	st = db_tx(db, sign, &s, signed_already);
	arena_free(s.arena);
	*done = st == E_OK;
	if (st == E_OK)
		tell(&s);
	return st == E_STALE ? E_OK : st;
}

enum status
audit_sign_due(struct db *db, struct arena *a, const struct seal *seal, int64_t now_ms, int *n)
{
	struct db_rows rows;
	int64_t day_ms = 0;
	bool done;
	enum status st = db_run(db, a, &audit_sql[Q_LAST], DB_NO_ARGS, &rows);

	*n = 0;
	if (st == E_OK && rows.n == 1) {
		day_ms = db_row(&rows, 0)[0].i - CLOCK_KOLKATA_OFFSET_MS + AUDIT_DAY_MS;
	} else if (st == E_OK) {
		st = db_run(db, a, &audit_sql[Q_FIRST], DB_NO_ARGS, &rows);
		if (st != E_OK || rows.n == 0)
			return st;
		day_ms = audit_day_of(db_row(&rows, 0)[0].i);
	}
	for (int i = 0; i < AUDIT_DAYS_MOST && st == E_OK && day_ms + AUDIT_DAY_MS + AUDIT_MARGIN_MS <= now_ms; i++) {
		st = audit_sign_day(db, seal, day_ms, now_ms, &done);
		*n += st == E_OK && done;
		day_ms += AUDIT_DAY_MS;
	}
	return st;
}
