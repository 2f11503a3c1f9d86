/* What tests that move complaints share: a citizen, a complaint of theirs, one move, and the chain of its events. After cmocka.h.
 */
#ifndef EKMC_TESTS_MOVING_H
#define EKMC_TESTS_MOVING_H

#include "core/buf.h"
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

static void
add_text(struct buf *b, const struct db_value *v)
{
	buf_span(b, v->s);
	buf_char(b, '\n');
}

static void
add_hash(struct buf *b, const struct db_value *v, const char *after)
{
	uint8_t hash[SEAL_HASH_BYTES];

	if (!v->null) {
		seal_sha256(v->s, hash);
		buf_hex(b, hash, sizeof(hash));
	}
	buf_text(b, after);
}

/* Every hash of the timeline once more, in C; the last is the complaint's head, the number of them its count. */
static UNUSED void
check_chain(const struct complaint *c, size_t events)
{
	static const struct sql read = {
		"SELECT complaint_id, seq, at, action, from_state, to_state, level, actor_kind, actor_id, office,"
		" note, internal, detail, hash FROM complaint_event WHERE complaint_id = ? ORDER BY seq",
		"i", "iitsssisissisb", false
	};
	static const struct sql head = { "SELECT event_head, event_count FROM complaint WHERE id = ?", "i", "bi", false };
	struct db_rows rows = seeded_rows(&one, &read, DB_ARGS(db_int(c->id)));
	uint8_t hash[SEAL_HASH_BYTES] = { 0 };

	assert_int_equal(rows.n, events);
	for (size_t i = 0; i < rows.n; i++) {
		const struct db_value *v = db_row(&rows, i);
		struct buf b = BUF_INIT(8192);
		char at[CLOCK_TEXT_SIZE];

		(void)clock_text(v[2].i, at);
		at[10] = ' ';
		at[23] = '\0';
		assert_int_equal(v[1].i, i + 1);
		buf_add(&b, hash, sizeof(hash));
		buf_printf(&b, "%lld\n%lld\n%s000\n", (long long)v[0].i, (long long)v[1].i, at);
		add_text(&b, &v[3]);
		add_text(&b, &v[4]);
		add_text(&b, &v[5]);
		buf_printf(&b, "%lld\n", (long long)v[6].i);
		add_text(&b, &v[7]);
		buf_printf(&b, "%lld\n", (long long)v[8].i);
		add_text(&b, &v[9]);
		add_hash(&b, &v[10], "\n");
		buf_printf(&b, "%lld\n", (long long)v[11].i);
		add_hash(&b, &v[12], "");
		seal_sha256(buf_view(&b), hash);
		buf_release(&b);
		assert_memory_equal(hash, v[13].s.p, sizeof(hash));
	}
	rows = seeded_rows(&one, &head, DB_ARGS(db_int(c->id)));
	assert_memory_equal(hash, db_row(&rows, 0)[0].s.p, sizeof(hash));
	assert_int_equal(db_row(&rows, 0)[1].i, events);
}

#endif
