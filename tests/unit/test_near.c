/* What is open near a place, and joining it. On the real procedures. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "core/json.h"
#include "core/tx.h"
#include "domain/near.h"
#include "lodging.h"

/* In ward 1, 60 m from its border with ward 2; a ten-thousandth of a degree is 11 m north, 10 m east. */
#define LAT 22.5050
#define LON 88.3690

static int64_t me, other;
static uint8_t my_token[SEAL_HASH_BYTES], other_token[SEAL_HASH_BYTES];
static int keys;

static int
setup(void **state)
{
	(void)state;
	seeded_reset();
	arena_reset(one.a);
	me = citizen_new(&one, "9830012345", "hi");
	other = citizen_new(&one, "9830054321", "bn");
	session_for(&one, ACTOR_CITIZEN, me, my_token);
	session_for(&one, ACTOR_CITIZEN, other, other_token);
	return 0;
}

/* A lodging of the other citizen; lat 0: without a point. */
static struct lodging
at(int ward, double lat, double lon)
{
	char key[24];
	struct lodging in;

	(void)snprintf(key, sizeof(key), "k%d", ++keys);
	in = lodging_of(directory, "DRN-01", other_token, key);
	in.ward = ward;
	in.has_point = lat > 0;
	in.lat = lat;
	in.lon = lon;
	in.accuracy_m = -1;
	return in;
}

static enum status
lodge(const struct lodging *in, struct lodged *out)
{
	return complaint_lodge(one.db, one.a, directory, seal, ids, in, out);
}

static struct span
put(int ward, double lat, double lon)
{
	const struct lodging in = at(ward, lat, lon);
	struct lodged out;

	assert_int_equal(lodge(&in, &out), E_OK);
	return out.number;
}

static void
sql_about(const char *change, struct span number)
{
	char text[512];

	(void)snprintf(text, sizeof(text), "UPDATE complaint SET %s WHERE number = '%.*s'", change, SPAN_FMT(number));
	assert_true(private_sql(&maria, text));
}

static struct near_place
around(int ward, double lat, double lon)
{
	return (struct near_place){ .subcategory = SPAN("DRN-01"),
				    .ward = ward,
				    .has_point = lat > 0,
				    .lat = lat,
				    .lon = lon,
				    .metres = 250,
				    .citizen_id = me,
				    .limit = 10 };
}

static const struct near_complaint *
find(const struct near_place *place, size_t expected)
{
	const struct near_complaint *list;
	size_t n;

	assert_int_equal(near_find(one.db, one.a, place, &list, &n), E_OK);
	assert_int_equal(n, expected);
	return list;
}

static void
test_near__nearest_first_over_the_border_then_the_ward(void **state)
{
	const struct near_place here = around(1, LAT, LON);
	const struct near_complaint *list;
	struct span numbers[6];

	(void)state;
	numbers[0] = put(1, 0, 0);
	numbers[1] = put(1, LAT + 0.0022, LON); /* 245 m */
	numbers[2] = put(2, LAT, LON + 0.0010); /* 103 m, the other ward */
	numbers[3] = put(1, LAT + 0.0001, LON); /* 11 m */
	numbers[4] = put(1, 0, 0);
	numbers[5] = put(1, LAT, LON);
	(void)put(1, LAT + 0.0023, LON); /* 256 m */
	(void)put(2, 0, 0);
	(void)put(3, LAT - 0.0023, LON);
	list = find(&here, 6);
	assert_true(span_eq(list[0].number, numbers[5]) && list[0].distance_m == 0);
	assert_true(span_eq(list[1].number, numbers[3]) && list[1].distance_m == 10);
	assert_true(span_eq(list[2].number, numbers[2]) && list[2].distance_m == 100 && list[2].ward == 2);
	assert_true(span_eq(list[3].number, numbers[1]) && list[3].distance_m == 240);
	assert_true(span_eq(list[4].number, numbers[4]) && list[4].distance_m == -1); /* the newer */
	assert_true(span_eq(list[5].number, numbers[0]) && list[5].distance_m == -1);
	assert_true(list[0].lodged_ms == MONDAY_MS && list[0].due_ms == MONDAY_MS + 24 * HOUR_MS && list[0].state == UNASSIGNED);
}

static void
test_near__without_a_point_it_is_the_ward(void **state)
{
	const struct near_place here = around(1, 0, 0), elsewhere = around(3, 0, 0);
	const struct near_complaint *list;
	struct span first, second;

	(void)state;
	first = put(1, LAT, LON);
	second = put(1, 0, 0);
	(void)put(2, LAT, LON);
	list = find(&here, 2);
	assert_true(span_eq(list[0].number, second) && span_eq(list[1].number, first));
	assert_true(list[0].distance_m == -1 && list[1].distance_m == -1);
	(void)find(&elsewhere, 0);
}

static void
test_near__only_what_is_open_and_of_the_subcategory(void **state)
{
	const struct near_place here = around(1, LAT, LON), ward = around(1, 0, 0);
	struct near_place parks = here;
	const unsigned open = 1u << UNASSIGNED | 1u << ASSIGNED | 1u << IN_PROGRESS | 1u << REASSIGN_REQUESTED |
			      1u << AWAITING_CITIZEN | 1u << ESCALATED;
	struct span point = put(1, LAT, LON), none = put(1, 0, 0);

	(void)state;
	for (int s = 0; s < STATE__COUNT; s++) {
		size_t n = (open >> s & 1) != 0 ? 2 : 0;
		const struct near_complaint *list;
		char change[64];

		(void)snprintf(change, sizeof(change), "state = '%s'", state_names[s]);
		sql_about(change, point);
		sql_about(change, none);
		list = find(&here, n);
		assert_true(n == 0 || (list[0].state == (enum state)s && list[1].state == (enum state)s));
		(void)find(&ward, n);
	}
	parks.subcategory = SPAN("PRK-01");
	(void)find(&parks, 0);
}

static void
test_near__knows_its_own_and_counts_who_joined(void **state)
{
	struct near_place here = around(1, LAT, LON);
	const struct near_complaint *list;
	struct lodging mine = at(1, LAT, LON);
	struct lodged out;
	struct span theirs = put(1, LAT + 0.0001, LON), nobodys = put(1, LAT + 0.0002, LON);

	(void)state;
	mine.token_hash = my_token;
	assert_int_equal(lodge(&mine, &out), E_OK);
	sql_about("citizen_id = NULL", nobodys);
	for (int i = 0; i < 2; i++) {
		struct lodging too = at(1, 0, 0);

		too.token_hash = my_token;
		too.me_too = theirs.p;
		assert_int_equal(lodge(&too, &out), E_OK);
	}
	list = find(&here, 3);
	assert_true(list[0].mine && list[0].duplicates == 0);
	assert_true(!list[1].mine && list[1].duplicates == 2);
	assert_true(!list[2].mine);
	sql_about("state = 'ESCALATED', parent_id = NULL", out.number); /* one is handled by itself again */
	assert_int_equal(find(&here, 4)[1].duplicates, 1);
	here.citizen_id = 0;
	here.limit = 2;
	list = find(&here, 2);
	assert_true(!list[0].mine && !list[1].mine);
}

/* Whoever asks from many points around a complaint learns its place to about ten metres, not to one. */
static void
test_near__the_exact_point_cannot_be_measured(void **state)
{
	struct span number = put(1, LAT + 0.0010, LON);
	int64_t seen[2];

	(void)state;
	for (int i = 0; i < 100; i++) {
		const struct near_place here = around(9, LAT + i * 0.00001, LON);

		sql_about("lat = 22.50596", number);
		seen[0] = find(&here, 1)[0].distance_m;
		sql_about("lat = 22.50604", number);
		seen[1] = find(&here, 1)[0].distance_m;
		assert_int_equal(seen[0], seen[1]);
	}
}

static int64_t
rows_read(void)
{
	static const struct sql reads = { "SELECT CAST(SUM(VARIABLE_VALUE) AS SIGNED) FROM information_schema.SESSION_STATUS"
					  " WHERE VARIABLE_NAME LIKE 'HANDLER_READ%' AND VARIABLE_NAME <> 'HANDLER_READ_RND_NEXT'",
					  "", "i", false };
	struct db_rows rows = seeded_rows(&one, &reads, DB_NO_ARGS);

	return db_row(&rows, 0)[0].i;
}

/* Of twenty thousand all over the city only those of the box and of the ward are read. */
static void
test_near__reads_little_of_much(void **state)
{
	const struct near_place point = around(1, LAT, LON), ward = around(1, 0, 0);
	int64_t before, between;

	(void)state;
	assert_true(private_sql(
		&maria,
		"INSERT INTO complaint (id, number, state, channel, department_code, category_code, subcategory_code, ward_no,"
		" borough_no, lon, lat, description, language, lodged_at, due_at, changed_at, event_count, event_head)"
		" SELECT 1000000 + seq, LPAD(seq, 12, '0'), ELT(1 + seq MOD 3, 'ASSIGNED', 'UNASSIGNED', 'RESOLVED'), 'WEB', 'DRN',"
		" 'DRN-A', 'DRN-01', 1 + seq MOD 144, 1, IF(seq MOD 2, 88.25 + seq MOD 997 / 5000, NULL),"
		" IF(seq MOD 2, 22.45 + seq MOD 1999 / 10000, NULL), 'x', 'bn', '2026-11-23', '2026-11-24', '2026-11-23', 1,"
		" REPEAT('x', 32) FROM seq_1_to_20000"));
	before = rows_read();
	(void)find(&point, 10);
	between = rows_read();
	(void)find(&ward, 10);
	assert_in_range(between - before, 10, 700);
	assert_in_range(rows_read() - between, 10, 700);
}

static void
test_near__joining_makes_a_duplicate_that_is_nobodys_work(void **state)
{
	static const struct sql read = { "SELECT c.state, c.parent_id = p.id, c.holder_id, c.escalate_at, c.level, e.action,"
					 " JSON_VALUE(e.detail, '$.parent'), e.office, p.version, p.joined, c.due_at, e.from_state"
					 " FROM complaint c JOIN complaint p ON p.number = ? JOIN complaint_event e"
					 " ON e.complaint_id = c.id WHERE c.number = ?",
					 "ss", "siitisssiits", false };
	static const struct sql told = {
		"SELECT o.template, o.recipient, o.recipient_id, o.language, o.payload_sealed FROM outbox o"
		" JOIN complaint c ON c.id = o.complaint_id WHERE c.number = ?",
		"s", "ssisb", false
	};
	struct lodging in = at(1, 0, 0);
	struct lodged out;
	struct db_rows rows;
	const struct db_value *v;
	struct span parent, payload;
	const char *why;
	json_t *vars;

	(void)state;
	assert_true(private_sql(&maria, "INSERT INTO roster (staff_id, role, department_code) VALUES (2, 'LME', 'DRN')"));
	parent = put(1, LAT, LON);
	in.token_hash = my_token;
	in.me_too = parent.p;
	assert_int_equal(lodge(&in, &out), E_OK);
	assert_true(span_eq(out.state, SPAN("DUPLICATE")) && span_eq(out.parent, parent) && !out.replay);
	rows = seeded_rows(&one, &read, DB_ARGS(db_text(parent), db_text(out.number)));
	assert_int_equal(rows.n, 1);
	v = db_row(&rows, 0);
	assert_true(span_eq(v[0].s, SPAN("DUPLICATE")) && v[1].i == 1 && v[2].null && v[3].null && v[4].i == 0);
	assert_true(span_eq(v[5].s, SPAN("me_too")) && span_eq(v[6].s, parent) && span_eq(v[7].s, SPAN("LME")));
	assert_true(v[8].i == 1 && v[9].i == 1 && v[10].i == out.due_ms && v[11].null);
	rows = seeded_rows(&one, &told, DB_ARGS(db_text(out.number)));
	assert_int_equal(rows.n, 1); /* the citizen, and no officer */
	v = db_row(&rows, 0);
	assert_true(span_eq(v[0].s, SPAN("me_too")) && span_eq(v[1].s, SPAN("citizen")) && v[2].i == me);
	assert_int_equal(seal_open(seal, one.a, v[4].s, &payload), E_OK);
	assert_int_equal(json_decode(one.a, payload, &vars, &why), E_OK);
	assert_memory_equal(json_string_value(json_object_get(vars, "parent")), parent.p, NUMBER_DIGITS);
	assert_memory_equal(json_string_value(json_object_get(vars, "number")), out.number.p, NUMBER_DIGITS);
}

/* What cannot be joined leaves nothing behind, the key neither. */
static void
test_near__what_cannot_be_joined(void **state)
{
	static const struct {
		const char *change; /* of the parent: ward 1, at LAT and LON, of the other citizen */
		int ward;
		double lat;
		enum field_code code; /* FE_REQUIRED: joined */
	} cases[] = {
		{ "state = 'ASSIGNED'", 1, LAT, FE_REQUIRED },
		{ "state = 'IN_PROGRESS'", 2, LAT + 0.0022, FE_REQUIRED },       /* near, over the border */
		{ "state = 'REASSIGN_REQUESTED'", 1, LAT + 0.004, FE_REQUIRED }, /* far, in the same ward */
		{ "state = 'AWAITING_CITIZEN', lat = NULL, lon = NULL", 1, LAT, FE_REQUIRED },
		{ "state = 'ESCALATED', level = 2", 1, 0, FE_REQUIRED },
		{ "state = 'ASSIGNED'", 2, LAT + 0.0024, FE_MISMATCH },
		{ "state = 'ASSIGNED'", 2, 0, FE_MISMATCH },
		{ "lat = NULL, lon = NULL", 2, LAT, FE_MISMATCH },
		{ "subcategory_code = 'DRN-02'", 1, LAT, FE_MISMATCH },
		{ "state = 'RESOLVED'", 1, LAT, FE_CLOSED },
		{ "state = 'REJECTED'", 1, LAT, FE_CLOSED },
		{ "state = 'CLOSED'", 1, LAT, FE_CLOSED },
		{ "state = 'WITHDRAWN'", 1, LAT, FE_CLOSED },
		{ "state = 'DUPLICATE'", 1, LAT, FE_CLOSED },
		{ "citizen_id = (SELECT id FROM citizen WHERE language = 'hi')", 1, LAT, FE_OWN },
		{ "citizen_id = NULL", 1, LAT, FE_REQUIRED },
		{ "number = '261199999999'", 1, LAT, FE_NOT_FOUND },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		bool joined = cases[i].code == FE_REQUIRED;
		struct lodging in = at(cases[i].ward, cases[i].lat, LON);
		struct span parent = put(1, LAT, LON);
		long long before[3] = { count("complaint"), count("idempotency"), count("outbox") };
		struct lodged out;

		sql_about(cases[i].change, parent);
		in.token_hash = my_token;
		in.me_too = parent.p;
		assert_int_equal(lodge(&in, &out), joined ? E_OK : E_INVALID);
		if (!joined) {
			assert_string_equal(out.pointer, "/me_too");
			assert_int_equal(out.code, cases[i].code);
		}
		assert_int_equal(count("complaint"), before[0] + joined);
		assert_int_equal(count("idempotency"), before[1] + joined);
		assert_int_equal(count("outbox"), before[2] + joined);
		assert_int_equal(count("complaint WHERE joined > 0"), joined);
		assert_true(private_sql(&maria, "UPDATE complaint SET joined = 0"));
	}
}

static void
test_near__the_distance_is_a_setting(void **state)
{
	struct span parent = put(1, LAT, LON);
	struct lodged out;

	(void)state;
	for (int metres = 200; metres <= 300; metres += 100) {
		struct lodging in = at(2, LAT + 0.0022, LON);
		char text[96];

		(void)snprintf(text, sizeof(text), "UPDATE setting SET value = %d WHERE name = 'similar_metres'", metres);
		assert_true(private_sql(&maria, text));
		in.token_hash = my_token;
		in.me_too = parent.p;
		assert_int_equal(lodge(&in, &out), metres < 245 ? E_INVALID : E_OK);
	}
	assert_true(private_sql(&maria, "UPDATE setting SET value = 250 WHERE name = 'similar_metres'"));
}

static void
test_near__joining_again_with_the_key_answers_the_same(void **state)
{
	struct span parent = put(1, LAT, LON);
	struct lodging in = at(1, 0, 0);
	struct lodged first, again;

	(void)state;
	in.token_hash = my_token;
	in.me_too = parent.p;
	assert_int_equal(lodge(&in, &first), E_OK);
	sql_about("state = 'CLOSED'", parent);
	assert_int_equal(lodge(&in, &again), E_OK);
	assert_true(again.replay && span_eq(again.parent, parent) && span_eq(again.number, first.number) &&
		    span_eq(again.state, SPAN("DUPLICATE")) && again.due_ms == first.due_ms);
	assert_int_equal(count("complaint"), 2);
	assert_int_equal(count("complaint WHERE joined = 1"), 1);
}

struct joiner {
	pthread_t thread;
	struct lodging in;
	struct lodged out;
	enum status st;
};

static void *
join_along(void *arg)
{
	struct joiner *j = arg;
	struct hand h = hand_new();

	j->st = complaint_lodge(h.db, h.a, directory, seal, ids, &j->in, &j->out);
	hand_free(&h);
	return NULL;
}

/* The parent is being closed: the joining waits and is refused. */
static enum status
close_slowly(struct db *db, void *arg)
{
	static const struct sql close = { "UPDATE complaint SET state = 'WITHDRAWN', version = version + 1 WHERE number = ?", "s",
					  "", false };
	struct joiner *j = arg;
	enum status st = db_run(db, one.a, &close, DB_ARGS(db_text(span_of(j->in.me_too))), NULL);

	assert_int_equal(pthread_create(&j->thread, NULL, join_along, j), 0);
	private_sleep_ms(300);
	return st;
}

static void
test_near__a_parent_that_is_just_closing_is_waited_for(void **state)
{
	struct span parent = put(1, LAT, LON);
	struct joiner j = { .in = at(1, 0, 0) };

	(void)state;
	j.in.token_hash = my_token;
	j.in.me_too = parent.p;
	assert_int_equal(db_tx(one.db, close_slowly, &j, NULL), E_OK);
	assert_int_equal(pthread_join(j.thread, NULL), 0);
	assert_int_equal(j.st, E_INVALID);
	assert_int_equal(j.out.code, FE_CLOSED);
	assert_int_equal(count("complaint"), 1);
}

struct moving_on {
	struct joiner joiner;
	int runs;
	int64_t children;
};

/* Somebody joins between the moment a mover looked for children and the moment it moves the parent: it must look again. */
static enum status
move_with_children(struct db *db, void *arg)
{
	static const struct sql children = {
		"SELECT COUNT(*) FROM complaint WHERE parent_id = (SELECT id FROM complaint WHERE number = ?)", "s", "i", false
	};
	static const struct sql move = { "UPDATE complaint SET version = version + 1 WHERE number = ?", "s", "", false };
	struct moving_on *m = arg;
	const struct db_value number = db_text(span_of(m->joiner.in.me_too));
	struct db_rows rows;
	enum status st = db_run(db, one.a, &children, DB_ARGS(number), &rows);

	if (st != E_OK)
		return st;
	m->children = db_row(&rows, 0)[0].i;
	if (m->runs++ == 0) {
		assert_int_equal(pthread_create(&m->joiner.thread, NULL, join_along, &m->joiner), 0);
		assert_int_equal(pthread_join(m->joiner.thread, NULL), 0);
		assert_int_equal(m->joiner.st, E_OK);
	}
	return db_run(db, one.a, &move, DB_ARGS(number), NULL);
}

static void
test_near__who_moves_the_parent_sees_everybody_who_joined(void **state)
{
	struct span parent = put(1, LAT, LON);
	struct moving_on m = { .joiner = { .in = at(1, 0, 0) } };

	(void)state;
	m.joiner.in.token_hash = my_token;
	m.joiner.in.me_too = parent.p;
	assert_int_equal(db_tx(one.db, move_with_children, &m, NULL), E_OK);
	assert_int_equal(m.runs, 2);
	assert_int_equal(m.children, 1);
}

static void
test_near__twenty_join_at_once(void **state)
{
	struct span parent = put(1, LAT, LON);
	struct joiner j[THREADS];

	(void)state;
	for (int i = 0; i < THREADS; i++) {
		j[i] = (struct joiner){ .in = at(1, 0, 0) };
		j[i].in.token_hash = my_token;
		j[i].in.me_too = parent.p;
		assert_int_equal(pthread_create(&j[i].thread, NULL, join_along, &j[i]), 0);
	}
	for (int i = 0; i < THREADS; i++) {
		assert_int_equal(pthread_join(j[i].thread, NULL), 0);
		assert_int_equal(j[i].st, E_OK);
	}
	assert_int_equal(count("complaint WHERE state = 'DUPLICATE'"), THREADS);
	assert_int_equal(count("complaint WHERE joined = 20 AND version = 1"), 1);
	assert_int_equal(count("outbox WHERE template = 'me_too'"), THREADS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_near__nearest_first_over_the_border_then_the_ward, setup),
		cmocka_unit_test_setup(test_near__without_a_point_it_is_the_ward, setup),
		cmocka_unit_test_setup(test_near__only_what_is_open_and_of_the_subcategory, setup),
		cmocka_unit_test_setup(test_near__knows_its_own_and_counts_who_joined, setup),
		cmocka_unit_test_setup(test_near__the_exact_point_cannot_be_measured, setup),
		cmocka_unit_test_setup(test_near__reads_little_of_much, setup),
		cmocka_unit_test_setup(test_near__joining_makes_a_duplicate_that_is_nobodys_work, setup),
		cmocka_unit_test_setup(test_near__what_cannot_be_joined, setup),
		cmocka_unit_test_setup(test_near__the_distance_is_a_setting, setup),
		cmocka_unit_test_setup(test_near__joining_again_with_the_key_answers_the_same, setup),
		cmocka_unit_test_setup(test_near__a_parent_that_is_just_closing_is_waited_for, setup),
		cmocka_unit_test_setup(test_near__who_moves_the_parent_sees_everybody_who_joined, setup),
		cmocka_unit_test_setup(test_near__twenty_join_at_once, setup),
	};

	return cmocka_run_group_tests(tests, group_up, group_down);
}
