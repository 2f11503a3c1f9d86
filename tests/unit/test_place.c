/* Where a point lies, whose work a place is, and who is told: the real procedures, asked through complaint_lodge. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "lodging.h"

static int64_t citizen;
static uint8_t token[SEAL_HASH_BYTES];
static int keys;

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

/* (staff, role, department, category, subcategory, borough, ward) */
static void
roster(const char *values)
{
	char text[512];

	(void)snprintf(text, sizeof(text),
		       "DELETE FROM roster; INSERT INTO roster"
		       " (staff_id, role, department_code, category_code, subcategory_code, borough_no, ward_no) VALUES %s",
		       values);
	assert_true(private_sql(&maria, text));
}

static enum status
lodge_at(const char *subcategory, int ward, double lon, double lat, struct lodged *out)
{
	char key[24];
	struct lodging in;

	(void)snprintf(key, sizeof(key), "key-%d", ++keys);
	in = lodging_of(directory, subcategory, token, key);
	in.ward = ward;
	in.has_point = lon != 0;
	in.lon = lon;
	in.lat = lat;
	return complaint_lodge(one.db, one.a, directory, seal, ids, &in, out);
}

static long long
holder_of(const struct lodged *l)
{
	char query[128];

	(void)snprintf(query, sizeof(query), "SELECT IFNULL(holder_id, 0) FROM complaint WHERE number = '%.*s'",
		       SPAN_FMT(l->number));
	return private_number(&maria, query);
}

static void
test_place__the_nearest_duty_has_it(void **state)
{
	/* wards 1 to 9 are borough 1 */
	static const struct {
		const char *what;
		const char *roster;
		const char *subcategory;
		int ward;
		int holder; /* 0: nobody */
	} cases[] = {
		{ "ward before borough", "(1,'LME','DRN',NULL,NULL,1,NULL),(2,'LME','DRN',NULL,NULL,NULL,1)", "DRN-01", 1, 2 },
		{ "ward before department", "(1,'LME','DRN',NULL,NULL,NULL,NULL),(2,'LME','DRN',NULL,NULL,NULL,1)", "DRN-01", 1,
		  2 },
		{ "borough before department", "(1,'LME','DRN',NULL,NULL,NULL,NULL),(2,'LME','DRN',NULL,NULL,1,NULL)", "DRN-01", 1,
		  2 },
		{ "another ward", "(1,'LME','DRN',NULL,NULL,1,NULL),(2,'LME','DRN',NULL,NULL,NULL,1)", "DRN-01", 2, 1 },
		{ "another borough", "(1,'LME','DRN',NULL,NULL,NULL,NULL),(2,'LME','DRN',NULL,NULL,1,NULL)", "DRN-01", 10, 1 },
		{ "nowhere near", "(1,'LME','DRN',NULL,NULL,2,NULL),(2,'LME','DRN',NULL,NULL,NULL,10)", "DRN-01", 1, 0 },
		{ "the subcategory's own", "(1,'LME','DRN',NULL,'DRN-01',NULL,NULL)", "DRN-01", 1, 1 },
		{ "another subcategory", "(1,'LME','DRN',NULL,'DRN-02',NULL,NULL)", "DRN-01", 1, 0 },
		{ "the category's", "(1,'LME','DRN','DRN-A',NULL,NULL,NULL)", "DRN-01", 1, 1 },
		{ "another category", "(1,'LME','DRN','DRN-B',NULL,NULL,NULL)", "DRN-01", 1, 0 },
		{ "the area counts more than the subject",
		  "(1,'LME','DRN',NULL,'DRN-01',NULL,NULL),(2,'LME','DRN',NULL,NULL,NULL,1)", "DRN-01", 1, 2 },
		{ "another department", "(1,'LME','PRK',NULL,NULL,NULL,1)", "DRN-01", 1, 0 },
		{ "another role", "(1,'GRO','DRN',NULL,NULL,NULL,1),(2,'EO','DRN',NULL,NULL,NULL,1)", "DRN-01", 1, 0 },
		{ "who has left", "(5,'LME','DRN',NULL,NULL,NULL,1),(1,'LME','DRN',NULL,NULL,NULL,NULL)", "DRN-01", 1, 1 },
		{ "twice the same", "(1,'LME','DRN',NULL,NULL,NULL,1),(1,'LME','DRN',NULL,'DRN-01',NULL,1)", "DRN-01", 1, 1 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct lodged out;

		roster(cases[i].roster);
		assert_int_equal(lodge_at(cases[i].subcategory, cases[i].ward, 0, 0, &out), E_OK);
		if (holder_of(&out) != cases[i].holder)
			fail_msg("%s: %lld, not %d", cases[i].what, holder_of(&out), cases[i].holder);
		assert_true(span_eq(out.state, cases[i].holder == 0 ? SPAN("UNASSIGNED") : SPAN("ASSIGNED")));
	}
}

static void
test_place__of_several_the_one_with_fewest_open(void **state)
{
	static const int turns[] = { 1, 2, 1, 2 };
	struct lodged out, first = { .ward = 0 };
	char text[200];

	(void)state;
	roster("(1,'LME','DRN',NULL,NULL,NULL,1),(2,'LME','DRN',NULL,NULL,NULL,1)");
	for (size_t i = 0; i < ARRAY_LEN(turns); i++) {
		assert_int_equal(lodge_at("DRN-01", 1, 0, 0, &out), E_OK);
		assert_int_equal(holder_of(&out), turns[i]);
		if (i == 1)
			first = out;
	}
	/* what is done does not count; what waits for the citizen does */
	(void)snprintf(text, sizeof(text), "UPDATE complaint SET state = 'AWAITING_CITIZEN' WHERE number = '%.*s'",
		       SPAN_FMT(first.number));
	assert_true(private_sql(&maria, text));
	assert_int_equal(lodge_at("DRN-01", 1, 0, 0, &out), E_OK);
	assert_int_equal(holder_of(&out), 1);
	(void)snprintf(text, sizeof(text), "UPDATE complaint SET state = 'RESOLVED' WHERE number = '%.*s'", SPAN_FMT(first.number));
	assert_true(private_sql(&maria, text));
	for (int i = 0; i < 2; i++) {
		assert_int_equal(lodge_at("DRN-01", 1, 0, 0, &out), E_OK);
		assert_int_equal(holder_of(&out), 2);
	}
}

static void
test_place__a_point_becomes_a_ward(void **state)
{
	static const struct {
		int ward; /* chosen; 0: none */
		double lon, lat;
		enum status st;
		int found;
	} cases[] = {
		{ 0, 88.365, 22.505, E_OK, 1 },
		{ 0, 88.375, 22.505, E_OK, 2 },
		{ 0, 88.3695, 22.505, E_OK, 1 },   /* in the sliver of both: always the lower */
		{ 7, 88.375, 22.505, E_OK, 7 },    /* the citizen's choice */
		{ 0, 88.30, 22.45, E_INVALID, 0 }, /* the gap of 142 to 144: to be chosen */
		{ 143, 88.30, 22.45, E_OK, 143 },
		{ 1, 88.30, 22.45, E_OK, 1 },
		{ 0, 88.39, 22.505, E_OUTSIDE_KOLKATA, 0 },
		{ 0, 22.505, 88.365, E_OUTSIDE_KOLKATA, 0 }, /* the wrong way round */
		{ 5, 77.2, 28.6, E_OUTSIDE_KOLKATA, 0 },     /* Delhi, whatever ward is chosen */
		{ 0, 88.28, 22.43, E_INVALID, 0 },
		{ 0, 88.2799, 22.45, E_OUTSIDE_KOLKATA, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct lodged out;
		int located = -1;
		long long before = count("complaint");
		enum status st = directory_locate(one.db, one.a, cases[i].lon, cases[i].lat, &located);

		assert_int_equal(lodge_at("DRN-01", cases[i].ward, cases[i].lon, cases[i].lat, &out), cases[i].st);
		assert_int_equal(count("complaint"), before + (cases[i].st == E_OK));
		assert_int_equal(count("idempotency"), before + (cases[i].st == E_OK)); /* a refusal does not use the key up */
		assert_int_equal(st, cases[i].st == E_OUTSIDE_KOLKATA ? E_OUTSIDE_KOLKATA : E_OK);
		if (cases[i].st == E_OK) {
			assert_int_equal(out.ward, cases[i].found);
			assert_int_equal(out.borough, 1 + (cases[i].found - 1) / 9);
		}
		if (cases[i].st == E_INVALID)
			assert_int_equal(located, 0);
		if (cases[i].ward == 0 && cases[i].st == E_OK)
			assert_int_equal(located, cases[i].found);
	}
}

/* All messages of the last lodging as "recipient:id:template:language " in order. */
static void
told(const struct lodged *l, const char *expected)
{
	static const struct sql read = {
		"SELECT o.recipient, o.recipient_id, o.template, o.language, o.payload_sealed, o.event_seq"
		" FROM outbox o JOIN complaint c ON c.id = o.complaint_id WHERE c.number = ? AND o.state = 'new'"
		" AND o.destination = 'sms' AND o.lane = 1 ORDER BY o.recipient, o.recipient_id",
		"s", "sissbi", false
	};
	const struct db_rows rows = seeded_rows(&one, &read, DB_ARGS(db_text(l->number)));
	char text[512] = "";
	size_t used = 0;

	for (size_t i = 0; i < rows.n; i++) {
		const struct db_value *v = db_row(&rows, i);
		struct span plain;

		used += (size_t)snprintf(text + used, sizeof(text) - used, "%.*s:%lld:%.*s:%.*s ", SPAN_FMT(v[0].s),
					 (long long)v[1].i, SPAN_FMT(v[2].s), SPAN_FMT(v[3].s));
		assert_int_equal(v[5].i, 1);
		assert_int_equal(seal_open(seal, one.a, v[4].s, &plain), E_OK);
		assert_non_null(memmem(plain.p, plain.n, l->number.p, l->number.n));
		assert_non_null(memmem(plain.p, plain.n, "\"DRN-01\"", 8));
	}
	assert_string_equal(text, expected);
}

static void
test_place__tells_whom_the_rules_name(void **state)
{
	static const struct {
		const char *roster;
		int ward;
		const char *staff; /* told besides the citizen */
	} cases[] = {
		{ "(1,'LME','DRN',NULL,NULL,NULL,NULL),(3,'GRO','DRN',NULL,NULL,NULL,NULL)", 1, "staff:1:lme_assigned:bn " },
		{ "(2,'LME','DRN',NULL,NULL,NULL,NULL)", 1, "staff:2:lme_assigned:hi " },
		{ "(3,'GRO','DRN',NULL,NULL,NULL,NULL)", 1, "staff:3:gro_unassigned:en " },
		{ "(3,'GRO','DRN',NULL,NULL,NULL,NULL),(4,'GRO','DRN',NULL,NULL,2,NULL)", 1, "staff:3:gro_unassigned:en " },
		{ "(3,'GRO','DRN',NULL,NULL,NULL,NULL),(4,'GRO','DRN',NULL,NULL,2,NULL)", 10,
		  "staff:3:gro_unassigned:en staff:4:gro_unassigned:en " },
		{ "(3,'GRO','DRN',NULL,NULL,1,NULL),(3,'GRO','DRN',NULL,NULL,NULL,NULL)", 1,
		  "staff:3:gro_unassigned:en " },                 /* once */
		{ "(5,'GRO','DRN',NULL,NULL,NULL,NULL)", 1, "" }, /* has left */
		{ "(3,'GRO','PRK',NULL,NULL,NULL,NULL)", 1, "" }, /* another department */
		{ "(3,'EO','DRN',NULL,NULL,NULL,NULL)", 1, "" },  /* another duty */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct lodged out;
		char expected[256];

		roster(cases[i].roster);
		assert_int_equal(lodge_at("DRN-01", cases[i].ward, 0, 0, &out), E_OK);
		(void)snprintf(expected, sizeof(expected), "citizen:%lld:registered:hi %s", (long long)citizen, cases[i].staff);
		told(&out, expected);
	}
}

#define IDS_EACH 700

struct taker {
	pthread_t thread;
	struct id_source *from;
	int64_t got[IDS_EACH];
};

static void *
take_ids(void *arg)
{
	struct taker *t = arg;
	struct hand h = hand_new();

	for (int i = 0; i < IDS_EACH; i++)
		if (id_source_next(t->from, h.db, h.a, &t->got[i]) != E_OK)
			t->got[i] = 0;
	hand_free(&h);
	return NULL;
}

/* Two processes with four threads each: no id twice, whatever blocks they take from each other. */
static void
test_place__ids_are_unique_over_sources_and_threads(void **state)
{
	static struct taker takers[8];
	static bool seen[20000];
	struct id_source *two[2] = { id_source_new(), id_source_new() };

	(void)state;
	assert_true(two[0] != NULL && two[1] != NULL);
	memset(seen, 0, sizeof(seen));
	for (size_t i = 0; i < ARRAY_LEN(takers); i++) {
		takers[i].from = two[i % 2];
		assert_int_equal(pthread_create(&takers[i].thread, NULL, take_ids, &takers[i]), 0);
	}
	for (size_t i = 0; i < ARRAY_LEN(takers); i++) {
		assert_int_equal(pthread_join(takers[i].thread, NULL), 0);
		for (int k = 0; k < IDS_EACH; k++) {
			int64_t id = takers[i].got[k];

			assert_in_range(id, 1, ARRAY_LEN(seen) - 1);
			assert_false(seen[id]);
			seen[id] = true;
		}
	}
	/* 2,800 from each: three blocks of 1,000 each */
	assert_int_equal(private_number(&maria, "SELECT next_id FROM id_block"), 6001);
	id_source_free(two[0]);
	id_source_free(two[1]);
	id_source_free(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_place__the_nearest_duty_has_it, setup),
		cmocka_unit_test_setup(test_place__of_several_the_one_with_fewest_open, setup),
		cmocka_unit_test_setup(test_place__a_point_becomes_a_ward, setup),
		cmocka_unit_test_setup(test_place__tells_whom_the_rules_name, setup),
		cmocka_unit_test_setup(test_place__ids_are_unique_over_sources_and_threads, setup),
	};

	return cmocka_run_group_tests(tests, group_up, group_down);
}
