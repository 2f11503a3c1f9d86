/* Moving a complaint: one version wins, the chain of events goes on, a repeated key finds the move done. On the real procedures. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "moving.h"

#define ROUNDS 10

/* Moves, and finds the complaint again when that succeeded. */
static enum status
act_as(const struct hand *h, const struct actor *who, const struct moving *m, struct complaint *c)
{
	const struct means w = { .db = h->db, .arena = h->a, .directory = directory, .seal = seal };
	struct refused refused = { .why = REFUSAL_NONE };
	struct span answer;
	enum status st = complaint_act(&w, who, m, c, &answer, &refused);

	if (st != E_OK)
		return st;
	assert_true(m->action == NOTE || (answer.n > 10 && memcmp(answer.p, "WITHDRAWN ", 10) == 0));
	return complaint_find(h->db, h->a, c->number.p, who, c);
}

static bool
offered(const struct complaint *c, const struct actor *who, enum action action)
{
	const struct offer *offers;
	size_t n;

	assert_int_equal(complaint_offers(one.a, directory, c, who, 0, MONDAY_MS, &offers, &n), E_OK);
	for (size_t i = 0; i < n; i++)
		if (offers[i].action == action)
			return true;
	return false;
}

static enum status
act(const struct moving *m, struct complaint *c)
{
	return act_as(&one, &actor, m, c);
}

static void
test_move__withdrawing_adds_an_event_and_tells_the_holder(void **state)
{
	struct moving m = withdrawal(1, "k");
	struct complaint c;
	const struct event *events;
	size_t n;

	(void)state;
	assert_true(private_sql(&maria, "INSERT INTO roster (staff_id, role, department_code) VALUES (2, 'LME', 'DRN')"));
	lodged(&c);
	assert_int_equal(act(&m, &c), E_OK);
	assert_int_equal(c.state, WITHDRAWN);
	assert_int_equal(c.version, 2);
	assert_int_equal(complaint_timeline(one.db, one.a, c.id, &events, &n), E_OK);
	assert_int_equal(n, 2);
	assert_true(span_eq(events[1].action, SPAN("withdraw")) && span_eq(events[1].from, SPAN("ASSIGNED")));
	assert_true(span_eq(events[1].state, SPAN("WITHDRAWN")) && span_eq(events[1].office, SPAN("CITIZEN")));
	assert_true(span_eq(events[1].note, m.note) && span_eq(events[1].by, SPAN("citizen")) && !events[1].internal);
	assert_true(events[1].at_ms == m.now_ms);
	check_chain(&c, 2);
	assert_int_equal(count("outbox WHERE event_seq = 2"), 1);
	assert_int_equal(
		count("outbox WHERE event_seq = 2 AND recipient = 'staff' AND recipient_id = 2 AND template = 'holder_withdrawn'"
		      " AND language = 'hi' AND state = 'new'"),
		1);
	assert_int_equal(count("complaint WHERE escalate_at IS NULL AND changed_at = '2026-11-23 05:30:00.123'"), 1);
}

static void
test_move__every_state_answers_by_the_table(void **state)
{
	(void)state;
	for (int s = 0; s < STATE__COUNT; s++) {
		bool legal = workflow_move((enum state)s, WITHDRAW, 0) != NULL;
		struct complaint c, before;
		char text[128];

		lodged(&c);
		(void)snprintf(text, sizeof(text), "UPDATE complaint SET state = '%s' WHERE id = %lld", state_names[s],
			       (long long)c.id);
		assert_true(private_sql(&maria, text));
		assert_int_equal(complaint_find(one.db, one.a, c.number.p, &actor, &before), E_OK);
		assert_int_equal(offered(&before, &actor, WITHDRAW), legal);
		const struct moving m = withdrawal(1, state_names[s]);

		assert_int_equal(act(&m, &c), legal ? E_OK : E_ILLEGAL_MOVE);
		check_chain(&before, legal ? 2 : 1);
	}
}

static void
test_move__who_may_not_changes_nothing(void **state)
{
	const struct duty lme = { .role = LME, .department = "DRN" };
	const struct {
		struct actor actor;
		enum status st;
	} cases[] = {
		{ { .kind = ACTOR_CITIZEN, .id = actor.id + 1, .roles = CITIZEN }, E_NOT_FOUND },
		{ { .kind = ACTOR_NOBODY }, E_NOT_FOUND },
		{ { .kind = ACTOR_STAFF, .id = 1, .roles = LME, .duties = &lme, .n_duties = 1 },
		  E_FORBIDDEN }, /* sees it: holds it */
		{ { .kind = ACTOR_STAFF, .id = 2, .roles = LME, .duties = &lme, .n_duties = 1 }, E_NOT_FOUND },
	};
	struct complaint c;

	(void)state;
	assert_true(private_sql(&maria, "INSERT INTO roster (staff_id, role, department_code) VALUES (1, 'LME', 'DRN')"));
	lodged(&c);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct moving m = withdrawal(1, "k");
		struct complaint copy = c;

		assert_int_equal(act_as(&one, &cases[i].actor, &m, &copy), cases[i].st);
		assert_false(offered(&c, &cases[i].actor, WITHDRAW));
	}
	assert_int_equal(count("idempotency"), 1); /* the lodging's */
	check_chain(&c, 1);
}

static void
test_move__an_old_version_hears_that_it_changed_even_when_the_move_is_now_illegal(void **state)
{
	struct complaint c, copy;
	struct moving m = withdrawal(2, "k1");

	(void)state;
	lodged(&c);
	copy = c;
	assert_int_equal(act(&m, &copy), E_STALE); /* a version that never was */
	check_chain(&c, 1);
	m = withdrawal(1, "k1"); /* the refusal has not used the key up */
	copy = c;
	assert_int_equal(act(&m, &copy), E_OK);
	m = withdrawal(1, "k2");
	copy = c;
	assert_int_equal(act(&m, &copy), E_STALE);
	m = withdrawal(2, "k2");
	copy = c;
	assert_int_equal(act(&m, &copy), E_ILLEGAL_MOVE);
	check_chain(&c, 2);
}

/* The procedure itself is the last to compare: whoever calls it with an old version has not moved anything. */
static void
test_move__the_procedure_refuses_an_old_version(void **state)
{
	struct complaint c;
	char call[512];

	(void)state;
	lodged(&c);
	for (int version = 0; version <= 2; version += 2) {
		(void)snprintf(
			call, sizeof(call),
			"CALL complaint_move(0, %lld, %d, '2026-11-23 05:00:00', 'withdraw', 'withdraw', '', 'WITHDRAWN', 0, 0, 0,"
			" NULL, NULL, NULL, NULL, NULL, NULL, 0, 0, 'DRN', 'DRN-A', 'DRN-01', 1, 1, NULL, NULL, NULL, NULL,"
			" '2026-11-23 05:00:00', NULL, NULL, 0, 0, 'citizen', 1, 'CITIZEN', NULL, 0, NULL, 'x')",
			(long long)c.id, version);
		assert_int_equal(private_number(&maria, call), 0);
		check_chain(&c, 1);
	}
}

static void
test_move__a_repeated_key_finds_it_done(void **state)
{
	struct moving m = withdrawal(1, "k");
	struct complaint c, copy;

	(void)state;
	lodged(&c);
	for (int i = 0; i < 3; i++) {
		copy = c;
		m.now_ms += 1000;
		assert_int_equal(act(&m, &copy), E_OK);
		assert_int_equal(copy.version, 2);
		assert_int_equal(copy.state, WITHDRAWN);
	}
	check_chain(&c, 2);
	seal_sha256(SPAN("another body"), m.body_hash);
	copy = c;
	assert_int_equal(act(&m, &copy), E_KEY_REUSED);
	check_chain(&c, 2);
}

struct mover {
	pthread_t thread;
	pthread_barrier_t *meet;
	struct moving m;
	struct complaint c;
	enum status st;
};

static void *
move_along(void *arg)
{
	struct mover *t = arg;
	struct hand h = hand_new();
	struct complaint c = t->c;
	int64_t version;

	assert_int_equal(directory_version(h.db, h.a, &version), E_OK); /* connected before the start */
	(void)pthread_barrier_wait(t->meet);
	t->st = act_as(&h, &actor, &t->m, &c);
	hand_free(&h);
	return NULL;
}

/* Of two with the same version one wins; the other hears E_STALE, whatever the race looked like, and nothing is moved twice. */
static void
test_move__of_two_at_once_one_wins_and_one_hears_of_it(void **state)
{
	pthread_barrier_t meet;

	(void)state;
	(void)pthread_barrier_init(&meet, NULL, 2);
	for (int round = 0; round < ROUNDS; round++) {
		struct complaint c;
		struct mover t[2];

		lodged(&c);
		for (int i = 0; i < 2; i++) {
			char key[24];

			(void)snprintf(key, sizeof(key), "move-%d-%d", round, i);
			t[i] = (struct mover){ .meet = &meet, .m = withdrawal(1, key), .c = c };
			assert_int_equal(pthread_create(&t[i].thread, NULL, move_along, &t[i]), 0);
		}
		for (int i = 0; i < 2; i++)
			assert_int_equal(pthread_join(t[i].thread, NULL), 0);
		assert_true((t[0].st == E_OK) != (t[1].st == E_OK));
		assert_int_equal(t[0].st == E_OK ? t[1].st : t[0].st, E_STALE);
		check_chain(&c, 2);
	}
	(void)pthread_barrier_destroy(&meet);
}

/* The same request sent twice at once, as a browser does after a time-out: both hear that it is done. */
static void
test_move__of_two_at_once_with_one_key_both_hear_it_is_done(void **state)
{
	pthread_barrier_t meet;

	(void)state;
	(void)pthread_barrier_init(&meet, NULL, 2);
	for (int round = 0; round < ROUNDS; round++) {
		struct complaint c;
		struct mover t[2];
		char key[24];

		lodged(&c);
		(void)snprintf(key, sizeof(key), "same-%d", round);
		for (int i = 0; i < 2; i++) {
			t[i] = (struct mover){ .meet = &meet, .m = withdrawal(1, key), .c = c };
			assert_int_equal(pthread_create(&t[i].thread, NULL, move_along, &t[i]), 0);
		}
		for (int i = 0; i < 2; i++) {
			assert_int_equal(pthread_join(t[i].thread, NULL), 0);
			assert_int_equal(t[i].st, E_OK);
		}
		check_chain(&c, 2);
	}
	(void)pthread_barrier_destroy(&meet);
}

/* Words take nothing from what somebody is about to do: nobody who has read the complaint before them has to read it again. */
static void
test_move__a_note_does_not_make_a_version_old(void **state)
{
	struct moving note = withdrawal(1, "k1"), m = withdrawal(1, "k3");
	struct complaint c;

	(void)state;
	assert_true(private_sql(&maria, "INSERT INTO roster (staff_id, role, department_code) VALUES (2, 'LME', 'DRN')"));
	lodged(&c);
	note.action = NOTE;
	assert_int_equal(act(&note, &c), E_OK);
	assert_int_equal(c.version, 2);
	seal_sha256(SPAN("k2"), note.scope);
	assert_int_equal(act(&note, &c), E_OK);
	check_chain(&c, 3);
	m.version = 4; /* nobody has seen that */
	assert_int_equal(act(&m, &c), E_STALE);
	m.version = 1;
	assert_int_equal(act(&m, &c), E_OK);
	assert_int_equal(c.version, 4);
	check_chain(&c, 4);
	seal_sha256(SPAN("k4"), note.scope);
	assert_int_equal(act(&note, &c), E_STALE); /* but of a move who writes one hears */
}

/* Both happen, each once, in whatever order; neither writes over the other. */
static void
test_move__a_note_and_a_move_at_once_both_happen(void **state)
{
	pthread_barrier_t meet;

	(void)state;
	assert_true(private_sql(&maria, "INSERT INTO roster (staff_id, role, department_code) VALUES (2, 'LME', 'DRN')"));
	(void)pthread_barrier_init(&meet, NULL, 3);
	for (int round = 0; round < ROUNDS; round++) {
		struct complaint c;
		struct mover t[3];

		lodged(&c);
		for (int i = 0; i < 3; i++) {
			char key[24];

			(void)snprintf(key, sizeof(key), "note-%d-%d", round, i);
			t[i] = (struct mover){ .meet = &meet, .m = withdrawal(1, key), .c = c };
			t[i].m.action = i == 0 ? WITHDRAW : NOTE;
			assert_int_equal(pthread_create(&t[i].thread, NULL, move_along, &t[i]), 0);
		}
		for (int i = 0; i < 3; i++)
			assert_int_equal(pthread_join(t[i].thread, NULL), 0);
		assert_int_equal(t[0].st, E_OK);
		for (int i = 1; i < 3; i++) /* of a withdrawn one nothing is noted */
			assert_true(t[i].st == E_OK || t[i].st == E_STALE);
		check_chain(&c, 2u + (t[1].st == E_OK ? 1u : 0u) + (t[2].st == E_OK ? 1u : 0u));
		assert_int_equal(complaint_find(one.db, one.a, c.number.p, &actor, &c), E_OK);
		assert_true(c.state == WITHDRAWN && c.version == c.event_count);
	}
	(void)pthread_barrier_destroy(&meet);
}

/* Who may see one, by duty: an empty department or borough means everywhere (actor.h). */
static void
test_move__officers_see_their_department_and_boroughs(void **state)
{
	static const struct {
		struct duty duty;
		bool sees;
	} cases[] = {
		{ { GRO, "DRN", 0, 0 }, true },
		{ { GRO, "DRN", 0, 1 }, true },
		{ { GRO, "DRN", 0, 2 }, false },
		{ { GRO, "PRK", 0, 0 }, false },
		{ { GRO, "", 0, 0 }, true },
		{ { EO, "DRN", 1, 0 }, true },
		{ { EO, "DRN", 2, 2 }, false },
		{ { CONTROLLING, "DRN", 0, 0 }, true },
		{ { CONTROLLING, "PRK", 0, 0 }, false },
		{ { CONTROLLING, "", 0, 0 }, true },
		{ { CONTROLLING, "", 0, 2 }, false },
		{ { LME, "DRN", 0, 0 }, false },
		{ { COMMISSIONER, "", 0, 0 }, true },
		{ { MAYOR, "", 0, 0 }, true },
		{ { DESK, "", 0, 0 }, true },
		{ { ADMIN, "", 0, 0 }, false },
	};
	struct complaint c;

	(void)state;
	lodged(&c); /* drains, borough 1 */
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct actor officer = {
			.kind = ACTOR_STAFF, .id = 3, .roles = cases[i].duty.role, .duties = &cases[i].duty, .n_duties = 1
		};
		struct complaint found;

		assert_int_equal(complaint_find(one.db, one.a, c.number.p, &officer, &found), cases[i].sees ? E_OK : E_NOT_FOUND);
	}
}

/* Filters of a citizen's own list; what a caller typed in another script matches nothing and is no error. */
static void
test_move__a_list_is_filtered_and_paged(void **state)
{
	struct complaint c[3];
	const struct {
		struct complaint_filter filter;
		size_t n;
	} cases[] = {
		{ { .before_id = INT64_MAX, .limit = 10 }, 3 },
		{ { .before_id = INT64_MAX, .limit = 2 }, 2 },
		{ { .before_id = INT64_MAX, .limit = 10, .state = "WITHDRAWN" }, 1 },
		{ { .before_id = INT64_MAX, .limit = 10, .state = "UNASSIGNED" }, 2 },
		{ { .before_id = INT64_MAX, .limit = 10, .ward = 1 }, 3 },
		{ { .before_id = INT64_MAX, .limit = 10, .ward = 2 }, 0 },
		{ { .before_id = INT64_MAX, .limit = 10, .subcategory = SPAN("DRN-01") }, 3 },
		{ { .before_id = INT64_MAX, .limit = 10, .subcategory = SPAN("drn-01") }, 0 },
		{ { .before_id = INT64_MAX, .limit = 10, .subcategory = SPAN("নালা") }, 0 },
		{ { .before_id = 1, .limit = 10 }, 0 },
	};
	const struct complaint *list;
	size_t n;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(c); i++)
		lodged(&c[i]);
	const struct moving m = withdrawal(1, "k");

	assert_int_equal(act(&m, &c[1]), E_OK);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		assert_int_equal(complaint_list(one.db, one.a, actor.id, &cases[i].filter, &list, &n), E_OK);
		assert_int_equal(n, cases[i].n);
		for (size_t k = 1; k < n; k++)
			assert_true(list[k].id < list[k - 1].id); /* newest first */
		assert_int_equal(complaint_list(one.db, one.a, actor.id + 1, &cases[i].filter, &list, &n), E_OK);
		assert_int_equal(n, 0);
	}
	assert_int_equal(
		complaint_list(one.db, one.a, actor.id, &(struct complaint_filter){ .before_id = c[1].id, .limit = 10 }, &list, &n),
		E_OK);
	assert_int_equal(n, 1); /* the page after it */
	assert_int_equal(list[0].id, c[0].id);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_move__withdrawing_adds_an_event_and_tells_the_holder, setup),
		cmocka_unit_test_setup(test_move__every_state_answers_by_the_table, setup),
		cmocka_unit_test_setup(test_move__who_may_not_changes_nothing, setup),
		cmocka_unit_test_setup(test_move__an_old_version_hears_that_it_changed_even_when_the_move_is_now_illegal, setup),
		cmocka_unit_test_setup(test_move__the_procedure_refuses_an_old_version, setup),
		cmocka_unit_test_setup(test_move__a_repeated_key_finds_it_done, setup),
		cmocka_unit_test_setup(test_move__of_two_at_once_one_wins_and_one_hears_of_it, setup),
		cmocka_unit_test_setup(test_move__of_two_at_once_with_one_key_both_hear_it_is_done, setup),
		cmocka_unit_test_setup(test_move__a_note_does_not_make_a_version_old, setup),
		cmocka_unit_test_setup(test_move__a_note_and_a_move_at_once_both_happen, setup),
		cmocka_unit_test_setup(test_move__officers_see_their_department_and_boroughs, setup),
		cmocka_unit_test_setup(test_move__a_list_is_filtered_and_paged, setup),
	};

	return cmocka_run_group_tests(tests, group_up, group_down);
}
