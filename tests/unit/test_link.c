/* Links of messages: one complaint, one resolution, one window, ten guesses. On the real tables. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "core/tx.h"
#include "domain/link.h"
#include "lodging.h"

#define END_MS   (MONDAY_MS + 240 * HOUR_MS)
#define GUESSERS 12 /* nine who guess, three who have it */

static int64_t citizen, id;
static uint8_t token[SEAL_HASH_BYTES];
static char number[NUMBER_DIGITS + 1];
static int keys;

static int64_t
lodged(char out[static NUMBER_DIGITS + 1])
{
	char key[24], query[96];
	struct lodging in;
	struct lodged done;

	(void)snprintf(key, sizeof(key), "k%d", ++keys);
	in = lodging_of(directory, "DRN-01", token, key);
	assert_int_equal(complaint_lodge(one.db, one.a, directory, seal, ids, &in, &done), E_OK);
	(void)snprintf(out, NUMBER_DIGITS + 1, "%.*s", SPAN_FMT(done.number));
	(void)snprintf(query, sizeof(query), "SELECT id FROM complaint WHERE number = '%s'", out);
	return private_number(&maria, query);
}

static int
setup(void **state)
{
	(void)state;
	seeded_reset();
	assert_true(private_sql(&maria, "DELETE FROM link"));
	arena_reset(one.a);
	citizen = citizen_new(&one, "9830012345", "hi");
	session_for(&one, ACTOR_CITIZEN, citizen, token);
	id = lodged(number);
	return 0;
}

static void
sql_about(const char *change, int64_t complaint_id)
{
	char text[256];

	(void)snprintf(text, sizeof(text), "UPDATE complaint SET %s WHERE id = %lld", change, (long long)complaint_id);
	assert_true(private_sql(&maria, text));
}

static void
create(int reopen_count, int64_t expires_ms, char out[static LINK_CHARS + 1])
{
	assert_int_equal(link_create(one.db, one.a, number, id, reopen_count, expires_ms, out), E_OK);
}

static enum status
check_at(const char *link, int64_t now_ms)
{
	struct link out = { .number = NULL };
	enum status st = link_check(one.db, one.a, span_of(link), now_ms, &out);

	if (st == E_OK) {
		assert_string_equal(out.number, number);
		assert_int_equal(out.complaint_id, id);
	}
	return st;
}

static enum status
check(const char *link)
{
	return check_at(link, MONDAY_MS);
}

/* The link with its last character changed: a secret that never was one. */
static void
wrong_of(const char *link, char out[static LINK_CHARS + 1])
{
	memcpy(out, link, LINK_CHARS + 1);
	out[LINK_CHARS - 1] = out[LINK_CHARS - 1] == 'A' ? 'B' : 'A';
}

static void
test_link__is_number_and_secret_and_only_its_hash_is_kept(void **state)
{
	static const struct sql read = { "SELECT token_hash, complaint_id, reopen_count, tries, expires_at FROM link", "", "biiit",
					 false };
	char link[LINK_CHARS + 1], other[LINK_CHARS + 1];
	uint8_t hash[SEAL_HASH_BYTES];
	const struct db_value *v;
	struct db_rows rows;

	(void)state;
	create(1, END_MS, link);
	assert_int_equal(strlen(link), 28);
	assert_memory_equal(link, number, NUMBER_DIGITS);
	assert_int_equal(strspn(link + NUMBER_DIGITS, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-"), 16);
	rows = seeded_rows(&one, &read, DB_NO_ARGS);
	assert_int_equal(rows.n, 1);
	v = db_row(&rows, 0);
	seal_sha256(span_of(link), hash);
	assert_int_equal(v[0].s.n, SEAL_HASH_BYTES);
	assert_memory_equal(v[0].s.p, hash, SEAL_HASH_BYTES);
	assert_true(v[1].i == id && v[2].i == 1 && v[3].i == 0 && v[4].i == END_MS);
	create(1, END_MS, other);
	assert_string_not_equal(link, other);
}

static enum status
create_and_fail(struct db *db, void *arg)
{
	enum status st = link_create(db, one.a, number, id, 0, END_MS, arg);

	return st == E_OK ? E_ILLEGAL_MOVE : st;
}

static void
test_link__goes_with_the_move_that_made_it(void **state)
{
	char link[LINK_CHARS + 1];

	(void)state;
	assert_int_equal(db_tx(one.db, create_and_fail, link, NULL), E_ILLEGAL_MOVE);
	assert_int_equal(count("link"), 0);
	assert_int_equal(check(link), E_LINK_SPENT);
}

static void
test_link__is_good_until_the_window_ends(void **state)
{
	static const struct {
		int64_t at_ms;
		enum status st;
	} cases[] = {
		{ MONDAY_MS, E_OK },
		{ END_MS, E_OK }, /* as long as re-opening is */
		{ END_MS + 1, E_LINK_SPENT },
		{ END_MS, E_OK }, /* looking late has spent nothing */
	};
	char link[LINK_CHARS + 1];

	(void)state;
	create(0, END_MS, link);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_int_equal(check_at(link, cases[i].at_ms), cases[i].st);
}

static void
test_link__what_is_no_link_is_said_to_be_none(void **state)
{
	char link[LINK_CHARS + 1], longer[LINK_CHARS + 2], bad[LINK_CHARS + 1];
	static const struct {
		int at;
		char is;
	} cases[] = { { 0, 'x' }, { 11, '-' }, { 12, '+' }, { 27, '=' }, { 20, ' ' }, { 15, '/' } };

	(void)state;
	create(0, END_MS, link);
	for (size_t n = 0; n < LINK_CHARS; n++) {
		const struct span part = { link, n };
		struct link out;

		assert_int_equal(link_check(one.db, one.a, part, MONDAY_MS, &out), E_INVALID);
	}
	(void)snprintf(longer, sizeof(longer), "%sA", link);
	assert_int_equal(check(longer), E_INVALID);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		memcpy(bad, link, sizeof(bad));
		bad[cases[i].at] = cases[i].is;
		assert_int_equal(check(bad), E_INVALID);
	}
	assert_int_equal(count("link WHERE tries = 0"), 1); /* none of it is a guess */
	assert_int_equal(check(link), E_OK);
}

static void
test_link__after_ten_wrong_secrets_even_the_right_one_is_refused(void **state)
{
	char first[LINK_CHARS + 1], second[LINK_CHARS + 1], wrong[LINK_CHARS + 1];

	(void)state;
	create(0, END_MS, first);
	create(0, END_MS, second); /* of the question and of the resolution: both are live */
	wrong_of(first, wrong);
	for (int i = 1; i <= LINK_TRIES; i++) {
		assert_int_equal(check(first), E_OK);
		assert_int_equal(check(second), E_OK);
		assert_int_equal(check(wrong), E_LINK_SPENT);
	}
	assert_int_equal(check(first), E_LINK_SPENT);
	assert_int_equal(check(second), E_LINK_SPENT);
	assert_int_equal(check(wrong), E_LINK_SPENT);
	assert_int_equal(count("link WHERE tries = 10"), 2); /* and counts no further */
	create(0, END_MS, second);
	assert_int_equal(check(first), E_LINK_SPENT);
	assert_int_equal(check(second), E_OK);
}

static void
test_link__guesses_count_where_they_aim(void **state)
{
	char other_number[NUMBER_DIGITS + 1], link[LINK_CHARS + 1], other[LINK_CHARS + 1], wrong[LINK_CHARS + 1];
	int64_t other_id = lodged(other_number);

	(void)state;
	create(0, END_MS, link);
	assert_int_equal(link_create(one.db, one.a, other_number, other_id, 0, END_MS, other), E_OK);
	/* the one's secret under the other's number is a guess at the other */
	(void)snprintf(wrong, sizeof(wrong), "%s%s", other_number, link + NUMBER_DIGITS);
	assert_int_equal(check(wrong), E_LINK_SPENT);
	assert_int_equal(count("link WHERE tries = 1"), 1);
	/* of a number that does not exist or has no link there is nothing to count */
	(void)snprintf(wrong, sizeof(wrong), "%s%s", "999999999999", link + NUMBER_DIGITS);
	assert_int_equal(check(wrong), E_LINK_SPENT);
	assert_int_equal(count("link WHERE tries = 0"), 1);
	assert_int_equal(check(link), E_OK);
}

static void
test_link__of_an_earlier_resolution_is_spent_but_no_guess(void **state)
{
	char first[LINK_CHARS + 1], second[LINK_CHARS + 1];

	(void)state;
	create(0, END_MS, first);
	assert_int_equal(check(first), E_OK);
	sql_about("reopen_count = 1, state = 'ESCALATED'", id);
	assert_int_equal(check(first), E_LINK_SPENT);
	sql_about("state = 'RESOLVED'", id);
	create(1, END_MS + HOUR_MS, second);
	for (int i = 0; i < 2 * LINK_TRIES; i++)
		assert_int_equal(check_at(first, END_MS + (i % 2)), E_LINK_SPENT);
	assert_int_equal(check_at(second, END_MS + 1), E_OK);
	assert_int_equal(count("link WHERE tries > 0"), 0);
}

static void
test_link__of_a_duplicate_follows_its_parents_resolutions(void **state)
{
	char parent_number[NUMBER_DIGITS + 1], first[LINK_CHARS + 1], second[LINK_CHARS + 1], change[64];
	int64_t parent = lodged(parent_number);

	(void)state;
	(void)snprintf(change, sizeof(change), "state = 'DUPLICATE', parent_id = %lld", (long long)parent);
	sql_about(change, id);
	create(0, END_MS, first);
	assert_int_equal(check(first), E_OK);
	sql_about("reopen_count = 1", parent);
	assert_int_equal(check(first), E_LINK_SPENT);
	create(1, END_MS, second);
	assert_int_equal(check(second), E_OK);
}

struct guesser {
	pthread_t thread;
	char link[LINK_CHARS + 1];
	enum status st;
};

static void *
guess_along(void *arg)
{
	struct guesser *g = arg;
	struct hand h = hand_new();
	struct link out;

	g->st = link_check(h.db, h.a, span_of(g->link), MONDAY_MS, &out);
	hand_free(&h);
	return NULL;
}

static void
test_link__guesses_at_once_are_all_counted(void **state)
{
	char link[LINK_CHARS + 1];
	struct guesser g[GUESSERS];

	(void)state;
	create(0, END_MS, link);
	for (int i = 0; i < GUESSERS; i++) {
		if (i % 4 == 0)
			memcpy(g[i].link, link, sizeof(link));
		else
			(void)snprintf(g[i].link, sizeof(g[i].link), "%sguess-%010d", number, i);
		assert_int_equal(pthread_create(&g[i].thread, NULL, guess_along, &g[i]), 0);
	}
	for (int i = 0; i < GUESSERS; i++) {
		assert_int_equal(pthread_join(g[i].thread, NULL), 0);
		assert_int_equal(g[i].st, i % 4 == 0 ? E_OK : E_LINK_SPENT);
	}
	assert_int_equal(count("link WHERE tries = 9"), 1);
	assert_int_equal(check(link), E_OK);
	assert_int_equal(check(g[1].link), E_LINK_SPENT);
	assert_int_equal(check(link), E_LINK_SPENT);
}

static void
test_link__expired_ones_are_purged_in_portions(void **state)
{
	static const struct {
		int64_t at_ms;
		int limit;
		int64_t n;
	} cases[] = {
		{ END_MS, 100, 0 },
		{ END_MS + LINK_KEPT_MS, 100, 0 },
		{ END_MS + LINK_KEPT_MS + 1, 3, 3 },
		{ END_MS + LINK_KEPT_MS + 1, 3, 2 },
		{ END_MS + LINK_KEPT_MS + 1, 3, 0 },
		{ END_MS + LINK_KEPT_MS + HOUR_MS + 1, 3, 1 },
	};
	char link[LINK_CHARS + 1];

	(void)state;
	for (int i = 0; i < 5; i++)
		create(0, END_MS, link);
	create(0, END_MS + HOUR_MS, link);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		int64_t n = -1;

		assert_int_equal(link_purge(one.db, one.a, cases[i].at_ms, cases[i].limit, &n), E_OK);
		assert_int_equal(n, cases[i].n);
	}
	assert_int_equal(count("link"), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_link__is_number_and_secret_and_only_its_hash_is_kept, setup),
		cmocka_unit_test_setup(test_link__goes_with_the_move_that_made_it, setup),
		cmocka_unit_test_setup(test_link__is_good_until_the_window_ends, setup),
		cmocka_unit_test_setup(test_link__what_is_no_link_is_said_to_be_none, setup),
		cmocka_unit_test_setup(test_link__after_ten_wrong_secrets_even_the_right_one_is_refused, setup),
		cmocka_unit_test_setup(test_link__guesses_count_where_they_aim, setup),
		cmocka_unit_test_setup(test_link__of_an_earlier_resolution_is_spent_but_no_guess, setup),
		cmocka_unit_test_setup(test_link__of_a_duplicate_follows_its_parents_resolutions, setup),
		cmocka_unit_test_setup(test_link__guesses_at_once_are_all_counted, setup),
		cmocka_unit_test_setup(test_link__expired_ones_are_purged_in_portions, setup),
	};

	return cmocka_run_group_tests(tests, group_up, group_down);
}
