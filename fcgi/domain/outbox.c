/* Claims by compare-and-set. The database's clock alone counts leases. */
#include "domain/outbox.h"

#include "core/seal.h"
#include "core/tx.h"

#define NOW         "UTC_TIMESTAMP(3)"
#define NOW_PLUS_MS "TIMESTAMPADD(MICROSECOND, ? * 1000, UTC_TIMESTAMP(3))"
/* Not a head: an earlier event of the complaint has a message to this destination that is not settled. Events of one complaint
 * commit in order, so a head stays one. */
#define IS_HEAD                                                                                                                    \
	" AND NOT EXISTS (SELECT 1 FROM outbox e WHERE e.complaint_id = o.complaint_id AND e.event_seq < o.event_seq"              \
	" AND e.destination = o.destination AND e.state IN ('new', 'claimed', 'sending'))"
#define TEN         "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
#define TEN_LETTERS "iiiiiiiiii"
#define CANDIDATES  40

enum { Q_DUE, Q_CLAIM, Q_OURS, Q_SENDING, Q_SETTLE, Q_RETURN, Q_HELD, Q_LAPSE };

const struct sql outbox_sql[] = {
	/* two reads of outbox_due in its own order: a long queue costs no sorting */
	[Q_DUE] = { "(SELECT o.id, o.lane FROM outbox o WHERE o.destination = ? AND o.state = 'new' AND o.not_before <= " NOW
			    IS_HEAD " ORDER BY o.lane, o.not_before LIMIT 40) UNION ALL"
		    " (SELECT o.id, o.lane FROM outbox o WHERE o.destination = ? AND o.state = 'claimed' AND o.lease_until < " NOW
			    IS_HEAD " ORDER BY o.lane, o.not_before LIMIT 40)",
		    "ss", "ii", false },
	[Q_CLAIM] = { "UPDATE outbox SET state = 'claimed', owner = ?, lease_until = " NOW_PLUS_MS
		      ", gen = gen + 1 WHERE id IN " TEN " AND (state = 'new' OR (state = 'claimed' AND lease_until < " NOW "))",
		      "bi" TEN_LETTERS, "", false },
	[Q_OURS] = { "SELECT id, gen, lane, complaint_id, recipient, recipient_id, template, language, payload_sealed, created_at, "
		     "tries"
		     " FROM outbox WHERE id IN " TEN
		     " AND owner = ? AND state = 'claimed' ORDER BY lane, complaint_id, event_seq, id",
		     TEN_LETTERS "b", "iiiisissbti", false },
	[Q_SENDING] = { "UPDATE outbox SET state = 'sending', tries = tries + 1, lease_until = " NOW_PLUS_MS
			" WHERE id = ? AND owner = ? AND gen = ? AND state = 'claimed'",
			"iibi", "", false },
	[Q_SETTLE] = { "UPDATE outbox SET state = ?, settled_at = " NOW ", lease_until = NULL, result = ?,"
		       " payload_sealed = IF(lane = 0, NULL, payload_sealed)"
		       " WHERE id = ? AND owner = ? AND gen = ? AND state IN ('claimed', 'sending', 'unknown')",
		       "ssibi", "", false },
	[Q_RETURN] = { "UPDATE outbox SET state = 'new', not_before = " NOW_PLUS_MS ", lease_until = NULL, result = ?"
		       " WHERE id = ? AND owner = ? AND gen = ? AND state IN ('claimed', 'sending')",
		       "isibi", "", false },
	[Q_HELD] = { "SELECT COUNT(*) FROM outbox WHERE id = ? AND owner = ? AND gen = ? AND state = ?", "ibis", "i", false },
	[Q_LAPSE] = { "UPDATE outbox SET state = 'unknown', settled_at = " NOW ", result = 'the sender died while sending',"
		      " payload_sealed = IF(lane = 0, NULL, payload_sealed)"
		      " WHERE destination = ? AND state = 'sending' AND lease_until < " NOW " LIMIT 100",
		      "s", "", false },
};
const size_t outbox_sql_n = ARRAY_LEN(outbox_sql);

static const char *const destinations[] = { [TO_SMS] = "sms", [TO_WHATSAPP] = "whatsapp", [TO_CMRO] = "cmro" };
_Static_assert(ARRAY_LEN(destinations) == OUTBOX_DESTINATION__COUNT, "a destination has no word");
static const char *const recipients[] = {
	[RECIPIENT_CITIZEN] = "citizen", [RECIPIENT_STAFF] = "staff", [RECIPIENT_MOBILE] = "mobile", [RECIPIENT_SYSTEM] = "system"
};
_Static_assert(ARRAY_LEN(recipients) == OUTBOX_RECIPIENT__COUNT, "a recipient has no word");
static const char *const outcomes[] = { [OUTBOX_DONE] = "done", [OUTBOX_REFUSED] = "refused", [OUTBOX_UNKNOWN] = "unknown" };
_Static_assert(ARRAY_LEN(outcomes) == OUTBOX_OUTCOME__COUNT, "an outcome has no word");

/* Up to `most` of the candidates into ids[OUTBOX_LEASE_MAX], lane 0 first, else at random; the rest 0, which is nobody's id. */
static size_t
pick(const struct db_rows *rows, size_t most, int64_t ids[static OUTBOX_LEASE_MAX])
{
	size_t order[2 * CANDIDATES], n = 0;

	memset(ids, 0, OUTBOX_LEASE_MAX * sizeof(*ids));
	for (size_t i = 0; i < rows->n; i++) {
		uint32_t random;
		size_t k;

		seal_random(&random, sizeof(random));
		k = random % (i + 1);
		order[i] = i;
		order[i] = order[k];
		order[k] = i;
	}
	for (int otp = 1; otp >= 0; otp--)
		for (size_t i = 0; i < rows->n && n < most; i++)
			if ((db_row(rows, order[i])[1].i == OUTBOX_LANE_OTP) == otp)
				ids[n++] = db_row(rows, order[i])[0].i;
	return n;
}

static int
index_of(const char *const *words, size_t n, struct span word)
{
	for (size_t i = 0; i < n; i++)
		if (span_eq(span_of(words[i]), word))
			return (int)i;
	return -1;
}

static enum status
read_ours(const struct db_rows *rows, const uint8_t *owner, struct arena *a, struct outbox_message **out)
{
	struct outbox_message *list = arena_array(a, rows->n, sizeof(*list));

	if (list == NULL)
		return E_NOMEM;
	for (size_t i = 0; i < rows->n; i++) {
		const struct db_value *v = db_row(rows, i);
		int recipient = index_of(recipients, ARRAY_LEN(recipients), v[4].s);

		list[i] = (struct outbox_message){ .id = v[0].i,
						   .gen = v[1].i,
						   .lane = (int)v[2].i,
						   .complaint_id = v[3].null ? 0 : v[3].i,
						   .recipient = (enum outbox_recipient)recipient,
						   .recipient_id = v[5].i,
						   .template = v[6].s,
						   .payload_sealed = v[8].null ? (struct span){ NULL, 0 } : v[8].s,
						   .created_ms = v[9].i,
						   .tries = v[10].i };
		memcpy(list[i].owner, owner, OUTBOX_TOKEN_BYTES);
		if (recipient < 0 || !lang_parse(v[7].s, &list[i].lang))
			return E_INTERNAL;
	}
	*out = list;
	return E_OK;
}

enum status
outbox_lease(struct db *db, struct arena *a, enum outbox_destination to, size_t most, int64_t lease_ms, struct outbox_message **out,
	     size_t *n)
{
	struct db_value destination = db_text(span_of(destinations[to])), token;
	int64_t ids[OUTBOX_LEASE_MAX];
	uint8_t owner[OUTBOX_TOKEN_BYTES];
	struct db_rows rows;
	enum status st = db_run(db, a, &outbox_sql[Q_DUE], DB_ARGS(destination, destination), &rows);

	*n = 0;
	if (st != E_OK || pick(&rows, most < OUTBOX_LEASE_MAX ? most : OUTBOX_LEASE_MAX, ids) == 0)
		return st;
	seal_random(owner, sizeof(owner));
	token = db_bytes(owner, sizeof(owner));
	st = db_run(db, a, &outbox_sql[Q_CLAIM],
		    DB_ARGS(token, db_int(lease_ms), db_int(ids[0]), db_int(ids[1]), db_int(ids[2]), db_int(ids[3]), db_int(ids[4]),
			    db_int(ids[5]), db_int(ids[6]), db_int(ids[7]), db_int(ids[8]), db_int(ids[9])),
		    &rows);
	if (st == E_CONFLICT)
		return E_OK; /* another sender was at them: we own nothing */
	if (st != E_OK && st != E_UNKNOWN)
		return st;
	/* what carries our token is ours, whatever was heard of the UPDATE */
	st = db_run(db, a, &outbox_sql[Q_OURS],
		    DB_ARGS(db_int(ids[0]), db_int(ids[1]), db_int(ids[2]), db_int(ids[3]), db_int(ids[4]), db_int(ids[5]),
			    db_int(ids[6]), db_int(ids[7]), db_int(ids[8]), db_int(ids[9]), token),
		    &rows);
	if (st == E_OK)
		st = read_ours(&rows, owner, a, out);
	if (st == E_OK)
		*n = rows.n;
	return st;
}

/* One step of one message under the fence of owner and gen. */
struct step {
	struct arena *arena;
	const struct outbox_message *m;
	int q;
	const struct db_value *args;
	size_t n;
	const char *state; /* the row's afterwards */
};

static enum status
step_body(struct db *db, void *arg)
{
	const struct step *s = arg;
	struct db_rows done;
	enum status st = db_run(db, s->arena, &outbox_sql[s->q], s->args, s->n, &done);

	return st == E_OK && done.affected == 0 ? E_STALE : st;
}

/* After a lost COMMIT: nobody else can have brought our claim into this state. */
static enum status
step_settled(struct db *db, void *arg)
{
	const struct step *s = arg;
	struct db_rows rows;
	enum status st = db_run(
		db, s->arena, &outbox_sql[Q_HELD],
		DB_ARGS(db_int(s->m->id), db_bytes(s->m->owner, OUTBOX_TOKEN_BYTES), db_int(s->m->gen), db_text(span_of(s->state))),
		&rows);

	return st == E_OK && db_row(&rows, 0)[0].i == 0 ? E_NOT_FOUND : st;
}

static enum status
step(struct db *db, struct arena *a, const struct outbox_message *m, int q, const char *state, const struct db_value *args,
     size_t n)
{
	struct step s = { .arena = a, .m = m, .q = q, .args = args, .n = n, .state = state };

	return db_tx(db, step_body, &s, step_settled);
}

enum status
outbox_sending(struct db *db, struct arena *a, const struct outbox_message *m, int64_t lease_ms)
{
	return step(db, a, m, Q_SENDING, "sending",
		    DB_ARGS(db_int(lease_ms), db_int(m->id), db_bytes(m->owner, OUTBOX_TOKEN_BYTES), db_int(m->gen)));
}

enum status
outbox_settle(struct db *db, struct arena *a, const struct outbox_message *m, enum outbox_outcome outcome, const char *result)
{
	return step(db, a, m, Q_SETTLE, outcomes[outcome],
		    DB_ARGS(db_text(span_of(outcomes[outcome])), db_text(span_of(result)), db_int(m->id),
			    db_bytes(m->owner, OUTBOX_TOKEN_BYTES), db_int(m->gen)));
}

enum status
outbox_return(struct db *db, struct arena *a, const struct outbox_message *m, int64_t wait_ms, const char *result)
{
	return step(db, a, m, Q_RETURN, "new",
		    DB_ARGS(db_int(wait_ms), db_text(span_of(result)), db_int(m->id), db_bytes(m->owner, OUTBOX_TOKEN_BYTES),
			    db_int(m->gen)));
}

enum status
outbox_lapse(struct db *db, struct arena *a, enum outbox_destination to, int64_t *n)
{
	struct db_rows done;
	enum status st = db_run(db, a, &outbox_sql[Q_LAPSE], DB_ARGS(db_text(span_of(destinations[to]))), &done);

	*n = st == E_OK ? done.affected : 0;
	return st == E_CONFLICT || st == E_UNKNOWN ? E_OK : st; /* the next look finds what is left */
}
