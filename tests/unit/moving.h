/* What tests that move complaints share: a citizen, a complaint of theirs, one move, and the chain of its events. After cmocka.h.
 */
#ifndef EKMC_TESTS_MOVING_H
#define EKMC_TESTS_MOVING_H

#include "domain/audit.h"
#include "domain/move.h"
#include "lodging.h"

static struct actor actor;
static uint8_t token[SEAL_HASH_BYTES];
static int keys;

static UNUSED int
setup(void **state)
{
	(void)state;
	seeded_reset();
	arena_reset(one.a);
	actor = (struct actor){ .kind = ACTOR_CITIZEN, .id = citizen_new(&one, "9830012345", "hi"), .roles = CITIZEN };
	session_for(&one, ACTOR_CITIZEN, actor.id, token);
	return 0;
}

static UNUSED void
lodged(struct complaint *c)
{
	char key[24];
	struct lodging in;
	struct lodged out;

	(void)snprintf(key, sizeof(key), "lodge-%d", ++keys);
	in = lodging_of(directory, "DRN-01", token, key);
	assert_int_equal(complaint_lodge(one.db, one.a, directory, seal, ids, &in, &out), E_OK);
	assert_int_equal(complaint_find(one.db, one.a, out.number.p, &actor, c), E_OK);
}

/* An answer that tells which complaint the move left behind. */
static UNUSED enum status
render(struct arena *a, const struct complaint *c, struct span *answer)
{
	*answer = span_of(arena_printf(a, "%s %lld", state_name(c->state), (long long)c->version));
	return answer->p == NULL ? E_NOMEM : E_OK;
}

static UNUSED struct moving
withdrawal(int64_t version, const char *key)
{
	struct moving m = { MOVING_INIT,
			    .render = render,
			    .action = WITHDRAW,
			    .version = version,
			    .note = SPAN("মেরামত হয়ে গেছে"),
			    .now_ms = MONDAY_MS + HOUR_MS };

	seal_sha256(span_of(key), m.scope);
	seal_sha256(SPAN("body"), m.body_hash);
	return m;
}

/* Every hash of the timeline once more, in C; the last is the complaint's head, the number of them its count. */
static UNUSED void
check_chain(const struct complaint *c, size_t events)
{
	static const struct sql read = { "SELECT " AUDIT_EVENT_COLUMNS
					 " FROM complaint_event e WHERE e.complaint_id = ? ORDER BY e.seq",
					 "i", AUDIT_EVENT_LETTERS, false };
	static const struct sql head = { "SELECT event_head, event_count FROM complaint WHERE id = ?", "i", "bi", false };
	struct db_rows rows = seeded_rows(&one, &read, DB_ARGS(db_int(c->id)));
	uint8_t hash[SEAL_HASH_BYTES] = { 0 };

	assert_int_equal(rows.n, events);
	for (size_t i = 0; i < rows.n; i++) {
		struct audit_event e;

		audit_event_read(db_row(&rows, i), &e);
		assert_int_equal(e.seq, i + 1);
		audit_event_hash(hash, &e, hash);
		assert_memory_equal(hash, e.hash, sizeof(hash));
	}
	rows = seeded_rows(&one, &head, DB_ARGS(db_int(c->id)));
	assert_memory_equal(hash, db_row(&rows, 0)[0].s.p, sizeof(hash));
	assert_int_equal(db_row(&rows, 0)[1].i, events);
}

#endif
