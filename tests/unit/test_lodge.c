/* Lodging: one call stores the complaint, its event, its messages and its key; a repeated one finds them. On the real procedures.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "core/buf.h"
#include "domain/idempotency.h"
#include "lodging.h"

static int64_t citizen;
static uint8_t token[SEAL_HASH_BYTES];

static int
setup(void **state)
{
	(void)state;
	seeded_reset();
	arena_reset(one.a);
	citizen = citizen_new(&one, "9830012345", "hi");
	session_for(&one, ACTOR_CITIZEN, citizen, token);
	return 0;
}

static void
roster(const char *values)
{
	char text[512];

	(void)snprintf(text, sizeof(text),
		       "INSERT INTO roster (staff_id, role, department_code, category_code, subcategory_code, borough_no, ward_no) "
		       "VALUES %s",
		       values);
	assert_true(private_sql(&maria, text));
}

static enum status
lodge(const struct lodging *in, struct lodged *out)
{
	return complaint_lodge(one.db, one.a, directory, seal, ids, in, out);
}

static void
nothing_stored(void)
{
	static const char *const tables[] = { "complaint", "complaint_event", "outbox", "idempotency" };

	for (size_t i = 0; i < ARRAY_LEN(tables); i++)
		assert_int_equal(count(tables[i]), 0);
}

static void
test_lodge__stores_what_was_said(void **state)
{
	static const struct sql read = { "SELECT number, version, state, level, channel, citizen_id, department_code, "
					 "category_code, subcategory_code, ward_no,"
					 " borough_no, lon, lat, accuracy_m, landmark_sealed, description, language, holder_id, "
					 "lodged_at, due_at, escalate_at,"
					 " resolved_at, changed_at, event_count FROM complaint",
					 "", "sisisisssiidddbssittttti", false };
	static const struct sql name = { "SELECT name_sealed FROM citizen", "", "b", false };
	struct lodging in = lodging_of(directory, "DRN-02", token, "k");
	struct lodged out;
	struct db_rows rows;
	const struct db_value *v;
	struct span plain;

	(void)state;
	roster("(1,'LME','DRN',NULL,NULL,NULL,NULL)");
	in.ward = 2;
	in.has_point = true;
	in.lon = 88.365;
	in.lat = 22.505;
	in.accuracy_m = 12.5;
	in.landmark = SPAN("মন্দিরের পাশে");
	in.name = SPAN("Ananya Sen");
	in.language = "bn";
	assert_int_equal(lodge(&in, &out), E_OK);
	assert_false(out.replay);
	rows = seeded_rows(&one, &read, DB_NO_ARGS);
	assert_int_equal(rows.n, 1);
	v = db_row(&rows, 0);
	assert_int_equal(v[0].s.n, NUMBER_DIGITS);
	assert_memory_equal(v[0].s.p, "2611", 4);
	assert_int_equal(v[0].s.p[11] - '0', ids_verhoeff(v[0].s.p, 11));
	assert_true(span_eq(out.number, v[0].s));
	assert_int_equal(v[1].i, 1);
	assert_true(span_eq(v[2].s, SPAN("ASSIGNED")) && span_eq(out.state, v[2].s));
	assert_int_equal(v[3].i, 0);
	assert_true(span_eq(v[4].s, SPAN("WEB")));
	assert_int_equal(v[5].i, citizen);
	assert_true(span_eq(v[6].s, SPAN("DRN")) && span_eq(out.department, v[6].s));
	assert_true(span_eq(v[7].s, SPAN("DRN-B")) && span_eq(out.category, v[7].s));
	assert_true(span_eq(v[8].s, SPAN("DRN-02")) && span_eq(out.subcategory, v[8].s));
	assert_int_equal(v[9].i, 2); /* the citizen's choice, though the point lies in ward 1 */
	assert_int_equal(v[10].i, 1);
	assert_int_equal(out.ward, 2);
	assert_int_equal(out.borough, 1);
	assert_true(v[11].d == 88.365 && v[12].d == 22.505 && v[13].d == 12.5);
	assert_int_equal(seal_open(seal, one.a, v[14].s, &plain), E_OK);
	assert_true(span_eq(plain, in.landmark));
	assert_true(span_eq(v[15].s, in.description));
	assert_true(span_eq(v[16].s, SPAN("bn")));
	assert_int_equal(v[17].i, 1);
	assert_true(v[18].i == MONDAY_MS && out.lodged_ms == MONDAY_MS && v[22].i == MONDAY_MS);
	assert_true(v[19].i == directory_due(directory, MONDAY_MS, 48) && out.due_ms == v[19].i && v[20].i == v[19].i);
	assert_true(v[21].null);
	assert_int_equal(v[23].i, 1);
	rows = seeded_rows(&one, &name, DB_NO_ARGS);
	assert_int_equal(seal_open(seal, one.a, db_row(&rows, 0)[0].s, &plain), E_OK);
	assert_true(span_eq(plain, in.name));
}

static void
test_lodge__leaves_out_what_was_not_said(void **state)
{
	struct lodging in = lodging_of(directory, "DRN-01", token, "k");
	struct lodged out;

	(void)state;
	in.accuracy_m = -1;
	assert_int_equal(lodge(&in, &out), E_OK);
	assert_int_equal(count("complaint WHERE lon IS NULL AND lat IS NULL AND accuracy_m IS NULL AND landmark_sealed IS NULL"
			       " AND holder_id IS NULL AND language = 'hi'"),
			 1); /* the citizen's own language */
	assert_int_equal(count("citizen WHERE name_sealed IS NULL"), 1);
}

/* The hash once more, in C, from the columns of the row. */
static void
test_lodge__the_first_event_begins_the_chain(void **state)
{
	static const struct sql read = {
		"SELECT complaint_id, seq, at, action, from_state, to_state, e.level, actor_kind, actor_id, office,"
		" note, internal, detail, e.hash, c.event_head FROM complaint_event e JOIN complaint c ON c.id ="
		" complaint_id",
		"", "iitsssisissisbb", false
	};
	struct lodging in = lodging_of(directory, "DRN-01", token, "k");
	struct lodged out;
	struct db_rows rows;
	const struct db_value *v;
	struct buf text = BUF_INIT(4096);
	uint8_t hash[SEAL_HASH_BYTES], detail[SEAL_HASH_BYTES];
	char at[CLOCK_TEXT_SIZE];

	(void)state;
	assert_int_equal(lodge(&in, &out), E_OK);
	rows = seeded_rows(&one, &read, DB_NO_ARGS);
	assert_int_equal(rows.n, 1);
	v = db_row(&rows, 0);
	assert_true(v[4].null && v[10].null && !v[12].null);
	assert_true(span_eq(v[3].s, SPAN("lodge")) && span_eq(v[9].s, SPAN("GRO")) && span_eq(v[5].s, SPAN("UNASSIGNED")));
	assert_int_equal(v[8].i, citizen);
	(void)clock_text(v[2].i, at);
	at[10] = ' ';
	at[23] = '\0';
	seal_sha256(v[12].s, detail);
	buf_add(&text, (const uint8_t[32]){ 0 }, 32);
	buf_printf(&text, "%lld\n1\n%s000\nlodge\n\nUNASSIGNED\n0\ncitizen\n%lld\nGRO\n\n0\n", (long long)v[0].i, at,
		   (long long)citizen);
	buf_hex(&text, detail, sizeof(detail));
	seal_sha256(buf_view(&text), hash);
	assert_memory_equal(v[13].s.p, hash, sizeof(hash));
	assert_memory_equal(v[14].s.p, hash, sizeof(hash));
	buf_release(&text);
}

static void
test_lodge__keeps_the_key_for_its_caller_alone(void **state)
{
	struct lodging in = lodging_of(directory, "DRN-01", token, "k");
	uint8_t scope[SEAL_HASH_BYTES], other[SEAL_HASH_BYTES];
	struct lodged first, second;
	struct span answer;

	(void)state;
	assert_int_equal(lodge(&in, &first), E_OK);
	idempotency_scope("citizen", citizen, in.scope, scope); /* C and SQL mean the same row */
	assert_int_equal(idempotency_stored(one.db, one.a, scope, in.body_hash, &answer), E_OK);
	session_for(&one, ACTOR_CITIZEN, citizen_new(&one, "9830099999", "bn"), other);
	in.token_hash = other;
	assert_int_equal(lodge(&in, &second), E_OK);
	assert_false(second.replay);
	assert_false(span_eq(first.number, second.number));
}

static void
test_lodge__a_repeated_key_gets_the_facts_of_the_first_time(void **state)
{
	struct lodging in = lodging_of(directory, "DRN-02", token, "k");
	struct lodged first, again;
	uint8_t session[SEAL_HASH_BYTES];

	(void)state;
	roster("(1,'LME','DRN',NULL,NULL,NULL,NULL)");
	assert_int_equal(lodge(&in, &first), E_OK);
	/* the complaint has moved on, the roster and the caller's session too */
	assert_true(private_sql(&maria,
				"UPDATE complaint SET state = 'CLOSED', ward_no = 99, borough_no = 11, department_code = 'PRK',"
				" category_code = 'PRK-A', subcategory_code = 'PRK-01', due_at = '2030-01-01', version = 9;"
				"DELETE FROM roster"));
	session_for(&one, ACTOR_CITIZEN, citizen, session);
	in.token_hash = session;
	in.now_ms += 23 * HOUR_MS;
	assert_int_equal(lodge(&in, &again), E_OK);
	assert_true(again.replay);
	assert_true(span_eq(first.number, again.number));
	assert_true(span_eq(first.state, again.state));
	assert_true(span_eq(first.department, again.department));
	assert_true(span_eq(first.category, again.category));
	assert_true(span_eq(first.subcategory, again.subcategory));
	assert_int_equal(first.ward, again.ward);
	assert_int_equal(first.borough, again.borough);
	assert_true(first.lodged_ms == again.lodged_ms && first.due_ms == again.due_ms);
	assert_int_equal(count("complaint"), 1);
	assert_int_equal(count("outbox"), 2);
	seal_sha256(SPAN("another body"), in.body_hash);
	assert_int_equal(lodge(&in, &again), E_KEY_REUSED);
	assert_int_equal(count("complaint"), 1);
}

struct lodger {
	pthread_t thread;
	pthread_barrier_t *meet;
	struct lodging in;
	struct id_source *ids;
	enum status st;
	bool replay;
	char number[NUMBER_DIGITS + 1];
};

static void *
lodge_along(void *arg)
{
	struct lodger *l = arg;
	struct hand h = hand_new();
	struct lodged out = { .replay = false };

	(void)pthread_barrier_wait(l->meet);
	l->st = complaint_lodge(h.db, h.a, directory, seal, l->ids, &l->in, &out);
	l->replay = out.replay;
	if (l->st == E_OK)
		memcpy(l->number, out.number.p, NUMBER_DIGITS);
	hand_free(&h);
	return NULL;
}

static void
test_lodge__of_twenty_at_once_with_one_key_one_is_stored(void **state)
{
	struct lodger l[THREADS];
	pthread_barrier_t meet;
	int first = 0;

	(void)state;
	(void)pthread_barrier_init(&meet, NULL, THREADS);
	for (int i = 0; i < THREADS; i++) {
		l[i] = (struct lodger){ .meet = &meet, .in = lodging_of(directory, "DRN-01", token, "k"), .ids = ids };
		assert_int_equal(pthread_create(&l[i].thread, NULL, lodge_along, &l[i]), 0);
	}
	for (int i = 0; i < THREADS; i++) {
		assert_int_equal(pthread_join(l[i].thread, NULL), 0);
		assert_int_equal(l[i].st, E_OK);
		assert_string_equal(l[i].number, l[0].number);
		first += !l[i].replay;
	}
	(void)pthread_barrier_destroy(&meet);
	assert_int_equal(first, 1);
	assert_int_equal(count("complaint"), 1);
	assert_int_equal(count("complaint_event"), 1);
	assert_int_equal(count("outbox"), 1);
	assert_int_equal(count("idempotency"), 1);
}

static void
test_lodge__only_a_citizen_with_a_live_session(void **state)
{
	uint8_t unknown[SEAL_HASH_BYTES] = { 1 }, staff[SEAL_HASH_BYTES];
	struct lodging in = lodging_of(directory, "DRN-01", token, "k");
	struct lodged out;

	(void)state;
	session_for(&one, ACTOR_STAFF, 1, staff);
	in.token_hash = unknown;
	assert_int_equal(lodge(&in, &out), E_UNAUTHENTICATED);
	in.token_hash = staff;
	assert_int_equal(lodge(&in, &out), E_FORBIDDEN);
	in.token_hash = token;
	in.now_ms = MONDAY_MS + 24 * HOUR_MS; /* to the millisecond of its end */
	assert_int_equal(lodge(&in, &out), E_UNAUTHENTICATED);
	in.now_ms = MONDAY_MS;
	assert_true(private_sql(&maria, "UPDATE session SET revoked_at = '2026-11-23 04:00:00' WHERE citizen_id IS NOT NULL"));
	assert_int_equal(lodge(&in, &out), E_UNAUTHENTICATED);
	nothing_stored();
	assert_true(private_sql(&maria, "UPDATE session SET revoked_at = NULL"));
	assert_int_equal(lodge(&in, &out), E_OK);
	assert_false(out.replay);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_lodge__stores_what_was_said, setup),
		cmocka_unit_test_setup(test_lodge__leaves_out_what_was_not_said, setup),
		cmocka_unit_test_setup(test_lodge__the_first_event_begins_the_chain, setup),
		cmocka_unit_test_setup(test_lodge__keeps_the_key_for_its_caller_alone, setup),
		cmocka_unit_test_setup(test_lodge__a_repeated_key_gets_the_facts_of_the_first_time, setup),
		cmocka_unit_test_setup(test_lodge__of_twenty_at_once_with_one_key_one_is_stored, setup),
		cmocka_unit_test_setup(test_lodge__only_a_citizen_with_a_live_session, setup),
	};

	return cmocka_run_group_tests(tests, group_up, group_down);
}
