/* What somebody with all rights to the database did to timelines, complaints and signed days is found and named. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "audited.h"

#define MANY 4500 /* more than a batch of heads, or of complaints */

static void
print_found(void)
{
	char day[AUDIT_DAY_TEXT_SIZE];

	for (size_t i = 0; i < n_found; i++)
		print_message("  %s events %lld to %lld, day %s: %s %s\n", found[i].number, (long long)found[i].seq,
			      (long long)found[i].seq_to,
			      found[i].day_ms == CLOCK_NONE ? "-" : audit_day_text(found[i].day_ms, day),
			      audit_fault_texts[found[i].kind], found[i].field == NULL ? "" : found[i].field);
}

enum { A = 1, B, C, NEW }; /* whose fault; 0: a day's */

struct expected {
	enum audit_fault_kind kind;
	int whose;
	int64_t seq, seq_to, day_ms;
};

#define E(kind, whose, seq, to)                                                                                                    \
	{                                                                                                                          \
		kind, whose, seq, to, CLOCK_NONE                                                                                   \
	}
#define S(kind, whose, seq, to, day)                                                                                               \
	{                                                                                                                          \
		kind, whose, seq, to, day                                                                                          \
	}
#define D(kind, day)                                                                                                               \
	{                                                                                                                          \
		kind, 0, 0, 0, day                                                                                                 \
	}
#define CUT(n)                                                                                                                     \
	"DELETE FROM complaint_event WHERE complaint_id = @a AND seq > " #n "; UPDATE complaint SET event_count = " #n             \
	", event_head = (SELECT hash FROM complaint_event WHERE complaint_id = @a AND seq = " #n ") WHERE id = @a"
#define NEW_EVENT(complaint, seq, at)                                                                                              \
	"INSERT INTO complaint_event SELECT complaint_id, " seq ", '" at                                                           \
	"', action, from_state, to_state, level, actor_kind, actor_id,"                                                            \
	" office, 'forged', internal, detail, hash FROM complaint_event WHERE complaint_id = " complaint                           \
	" AND seq = 1; CALL rechain(" complaint ")"

/* clang-format off */
static const struct tampering {
	const char *sql;
	struct expected faults[8];
} tamperings[] = {
	{ "SELECT 1", { { 0 } } },
	/* one event */
	{ "UPDATE complaint_event SET note = 'tampered' WHERE complaint_id = @a AND seq = 2", { E(FAULT_EVENT_CHANGED, A, 2, 2) } },
	{ "UPDATE complaint_event SET note = NULL WHERE complaint_id = @a AND seq = 5", { E(FAULT_EVENT_CHANGED, A, 5, 5) } },
	{ "UPDATE complaint_event SET note = '' WHERE complaint_id = @a AND seq = 1", { E(FAULT_EVENT_CHANGED, A, 1, 1) } },
	{ "UPDATE complaint_event SET actor_id = 4 WHERE complaint_id = @a AND seq = 3", { E(FAULT_EVENT_CHANGED, A, 3, 3) } },
	{ "UPDATE complaint_event SET actor_kind = 'system' WHERE complaint_id = @b AND seq = 2", { E(FAULT_EVENT_CHANGED, B, 2, 2) } },
	{ "UPDATE complaint_event SET internal = 1 - internal WHERE complaint_id = @a AND seq = 4", { E(FAULT_EVENT_CHANGED, A, 4, 4) } },
	{ "UPDATE complaint_event SET action = 'resolve' WHERE complaint_id = @a AND seq = 4", { E(FAULT_EVENT_CHANGED, A, 4, 4) } },
	{ "UPDATE complaint_event SET office = 'EO1', level = 1 WHERE complaint_id = @a AND seq = 2", { E(FAULT_EVENT_CHANGED, A, 2, 2) } },
	{ "UPDATE complaint_event SET detail = CONCAT(detail, ' ') WHERE complaint_id = @c AND seq = 1", { E(FAULT_EVENT_CHANGED, C, 1, 1) } },
	{ "UPDATE complaint_event SET at = at + INTERVAL 1000 MICROSECOND WHERE complaint_id = @a AND seq = 4", { E(FAULT_EVENT_CHANGED, A, 4, 4) } },
	{ "UPDATE complaint_event SET at = at - INTERVAL 1 DAY WHERE complaint_id = @a AND seq = 3",
	  { E(FAULT_EVENT_CHANGED, A, 3, 3), S(FAULT_SIGNED_ADDED, A, 3, 3, MONDAY) } },
	{ "UPDATE complaint_event SET at = at + INTERVAL 1 DAY WHERE complaint_id = @a AND seq IN (3, 4)",
	  { E(FAULT_EVENT_CHANGED, A, 3, 3), E(FAULT_EVENT_CHANGED, A, 4, 4), S(FAULT_SIGNED_REDATED, A, 4, 4, TUESDAY) } },
	{ "UPDATE complaint_event SET hash = UNHEX(REPEAT('ab', 32)) WHERE complaint_id = @a AND seq = 3", { E(FAULT_EVENT_CHANGED, A, 3, 3) } },
	{ "UPDATE complaint_event SET hash = UNHEX(REPEAT('ab', 32)) WHERE complaint_id = @a AND seq = 2",
	  { E(FAULT_EVENT_CHANGED, A, 2, 2), S(FAULT_SIGNED_REWRITTEN, A, 2, 2, MONDAY) } },
	/* the order of events */
	{ "UPDATE complaint_event SET seq = 99 WHERE complaint_id = @a AND seq = 3; UPDATE complaint_event SET seq = 3 WHERE complaint_id = @a"
	  " AND seq = 4; UPDATE complaint_event SET seq = 4 WHERE complaint_id = @a AND seq = 99",
	  { E(FAULT_EVENT_MOVED, A, 3, 3), E(FAULT_EVENT_MOVED, A, 4, 4), S(FAULT_SIGNED_REWRITTEN, A, 4, 4, TUESDAY) } },
	/* removed */
	{ "DELETE FROM complaint_event WHERE complaint_id = @a AND seq = 3", { E(FAULT_EVENT_MISSING, A, 3, 3) } },
	{ "DELETE FROM complaint_event WHERE complaint_id = @a AND seq IN (2, 3)",
	  { E(FAULT_EVENT_MISSING, A, 2, 3), S(FAULT_SIGNED_MISSING, A, 2, 2, MONDAY) } },
	{ "DELETE FROM complaint_event WHERE complaint_id = @a AND seq = 1", { E(FAULT_EVENT_MISSING, A, 1, 1) } },
	{ "DELETE FROM complaint_event WHERE complaint_id = @a AND seq = 5", { E(FAULT_EVENT_MISSING, A, 5, 5) } },
	{ "DELETE FROM complaint_event WHERE complaint_id = @c", { E(FAULT_EVENT_MISSING, C, 1, 1), S(FAULT_SIGNED_MISSING, C, 1, 1, MONDAY) } },
	{ "DELETE FROM complaint_event WHERE complaint_id = @a AND seq = 3; UPDATE complaint_event SET seq = seq - 1 WHERE complaint_id = @a"
	  " AND seq > 3 ORDER BY seq; CALL rechain(@a)", { S(FAULT_SIGNED_REWRITTEN, A, 4, 4, TUESDAY) } },
	/* cut off, with count and head made to fit */
	{ CUT(3), { S(FAULT_SIGNED_MISSING, A, 4, 4, TUESDAY) } },
	{ CUT(1), { S(FAULT_SIGNED_MISSING, A, 2, 2, MONDAY), S(FAULT_SIGNED_MISSING, A, 2, 4, TUESDAY) } },
	{ CUT(4), { { 0 } } }, /* what happened since the last signed day cannot be missed */
	/* added */
	{ NEW_EVENT("@c", "2", "2026-11-23 12:00"), { S(FAULT_SIGNED_ADDED, C, 2, 2, MONDAY) } },
	{ NEW_EVENT("@c", "2", "2026-11-24 12:00"), { S(FAULT_SIGNED_ADDED, C, 2, 2, TUESDAY) } },
	{ NEW_EVENT("@a", "6", "2026-11-24 12:00"), { S(FAULT_SIGNED_ADDED, A, 6, 6, TUESDAY) } },
	{ "UPDATE complaint_event SET seq = seq + 1 WHERE complaint_id = @a AND seq > 2 ORDER BY seq DESC;" NEW_EVENT("@a", "3", "2026-11-24 01:00"),
	  { S(FAULT_SIGNED_REWRITTEN, A, 4, 4, TUESDAY) } },
	{ "UPDATE complaint_event SET seq = seq + 1 WHERE complaint_id = @a ORDER BY seq DESC;"
	  "UPDATE complaint_event SET seq = 1 WHERE complaint_id = @a AND seq = 2;" NEW_EVENT("@a", "2", "2026-11-23 06:00"),
	  { S(FAULT_SIGNED_REWRITTEN, A, 2, 2, MONDAY), S(FAULT_SIGNED_REWRITTEN, A, 4, 4, TUESDAY) } },
	{ "INSERT INTO complaint_event SELECT complaint_id, 6, at, action, from_state, to_state, level, actor_kind, actor_id, office, note, internal,"
	  " detail, event_hash(hash, complaint_id, 6, at, action, from_state, to_state, level, actor_kind, actor_id, office, note, internal, detail)"
	  " FROM complaint_event WHERE complaint_id = @a AND seq = 5", { E(FAULT_EVENT_UNCOUNTED, A, 6, 6) } },
	{ "CALL happen_many(@a, 777777777777, 1)", { S(FAULT_SIGNED_ADDED, NEW, 1, 1, MONDAY) } },
	/* rewritten, with the whole chain after it */
	{ "UPDATE complaint_event SET note = 'tampered' WHERE complaint_id = @a AND seq = 2; CALL rechain(@a)",
	  { S(FAULT_SIGNED_REWRITTEN, A, 2, 2, MONDAY), S(FAULT_SIGNED_REWRITTEN, A, 4, 4, TUESDAY) } },
	{ "UPDATE complaint_event SET note = 'tampered' WHERE complaint_id = @a AND seq = 5; CALL rechain(@a)", { { 0 } } },
	/* complaints */
	{ "DELETE FROM outbox; DELETE FROM complaint_event WHERE complaint_id = @a; DELETE FROM complaint WHERE id = @a",
	  { S(FAULT_SIGNED_GONE, A, 0, 0, MONDAY) } },
	{ "DELETE FROM outbox; DELETE FROM complaint WHERE id = @a", { E(FAULT_NO_COMPLAINT, A, 0, 0) } },
	{ "UPDATE complaint SET event_head = UNHEX(REPEAT('00', 32)) WHERE id = @a", { E(FAULT_HEAD, A, 5, 5) } },
	{ "UPDATE complaint SET event_count = 7 WHERE id = @a", { E(FAULT_EVENT_MISSING, A, 6, 7) } },
	{ "UPDATE complaint SET event_count = 4 WHERE id = @a", { E(FAULT_EVENT_UNCOUNTED, A, 5, 5) } },
	{ "UPDATE complaint SET state = 'CLOSED' WHERE id = @b", { E(FAULT_STATE, B, 2, 2) } },
	{ "UPDATE complaint SET level = 2 WHERE id = @c", { E(FAULT_STATE, C, 1, 1) } },
	/* the row made to say what the timeline does not, also of what is not signed yet */
	{ "UPDATE complaint SET holder_id = 4 WHERE id = @a", { E(FAULT_ROW, A, 5, 5) } },
	{ "INSERT INTO citizen (mobile_index, mobile_sealed, created_at) VALUES (REPEAT('x', 32), '', NOW(3));"
	  "UPDATE complaint SET citizen_id = LAST_INSERT_ID() WHERE id = @b", { E(FAULT_ROW, B, 2, 2) } },
	{ "UPDATE complaint SET due_at = due_at + INTERVAL 1 DAY WHERE id = @c", { E(FAULT_ROW, C, 1, 1) } },
	{ "UPDATE complaint SET lodged_at = lodged_at + INTERVAL 1 DAY WHERE id = @c", { E(FAULT_ROW, C, 1, 1) } },
	{ "UPDATE complaint SET ward_no = ward_no + 1 WHERE id = @c", { E(FAULT_ROW, C, 1, 1) } },
	{ "UPDATE complaint SET subcategory_code = 'PRK-01' WHERE id = @c", { E(FAULT_ROW, C, 1, 1) } },
	{ "UPDATE complaint SET reopen_count = 1 WHERE id = @c", { E(FAULT_ROW, C, 1, 1) } },
	/* cut off before it was signed: the messages are still there */
	{ "INSERT INTO outbox (destination, complaint_id, event_seq, recipient, template, language, not_before, created_at) VALUES ('sms', @a, 5,"
	  " 'citizen', 'resolved', 'bn', NOW(3), NOW(3));" CUT(4), { E(FAULT_TOLD, A, 5, 5) } },
	{ "UPDATE complaint SET number = '999999999999' WHERE id = @c",
	  { E(FAULT_ROW, C, 1, 1), S(FAULT_SIGNED_NUMBER, C, 0, 0, MONDAY) } },
	/* the signed heads, also made to fit what was done to the events */
	{ "UPDATE audit_head SET event_count = 1 WHERE complaint_id = @a AND day = '2026-11-23'", { S(FAULT_HEAD_ALTERED, A, 0, 0, MONDAY) } },
	{ CUT(3) "; UPDATE audit_head h JOIN complaint c ON c.id = h.complaint_id SET h.event_count = 3, h.event_head = c.event_head"
	  " WHERE complaint_id = @a AND day = '2026-11-24'", { S(FAULT_HEAD_ALTERED, A, 0, 0, TUESDAY) } },
	{ "DELETE FROM audit_head WHERE complaint_id = @b AND day = '2026-11-24'",
	  { S(FAULT_SIGNED_ADDED, B, 2, 2, TUESDAY), D(FAULT_DAY_HEADS, TUESDAY) } },
	{ "DELETE FROM outbox; DELETE FROM audit_head WHERE complaint_id = @c; DELETE FROM complaint_event WHERE complaint_id = @c;"
	  " DELETE FROM complaint WHERE id = @c", { D(FAULT_DAY_HEADS, MONDAY) } },
	{ "INSERT INTO audit_head SELECT '2026-11-24', complaint_id, number, event_count, event_head, tag FROM audit_head WHERE complaint_id = @c",
	  { S(FAULT_HEAD_ALTERED, C, 0, 0, TUESDAY), D(FAULT_DAY_HEADS, TUESDAY) } },
	/* the signed days */
	{ "UPDATE audit_day SET root = UNHEX(REPEAT('ab', 32)) WHERE day = '2026-11-23'", { D(FAULT_DAY_ALTERED, MONDAY), D(FAULT_DAY_HEADS, MONDAY) } },
	{ "UPDATE audit_day SET signed_at = signed_at + INTERVAL 1 SECOND WHERE day = '2026-11-23'", { D(FAULT_DAY_ALTERED, MONDAY) } },
	{ "UPDATE audit_day SET events = 1 WHERE day = '2026-11-24'", { D(FAULT_DAY_ALTERED, TUESDAY) } },
	{ "UPDATE audit_day SET tag = UNHEX(REPEAT('ab', 32)) WHERE day = '2026-11-23'", { D(FAULT_DAY_ALTERED, MONDAY), D(FAULT_DAY_CHAIN, TUESDAY) } },
	{ "UPDATE audit_day SET key_id = 8 WHERE day = '2026-11-24'", { D(FAULT_DAY_KEY, TUESDAY) } },
	{ "DELETE FROM audit_day WHERE day = '2026-11-23'", { D(FAULT_DAY_CHAIN, TUESDAY), D(FAULT_DAY_MISSING, MONDAY) } },
	{ "DELETE FROM audit_day WHERE day = '2026-11-24'", { D(FAULT_DAY_MISSING, TUESDAY) } },
	{ "DELETE FROM audit_day", { D(FAULT_DAY_MISSING, MONDAY) } },
};
/* clang-format on */

static bool
is(const struct audit_fault *f, const struct expected *e)
{
	const char *number = e->whose == NEW ? "777777777777" : e->whose == 0 ? "" : abc[e->whose - 1].number;

	return f->kind == e->kind && f->seq == e->seq && f->seq_to == e->seq_to && f->day_ms == e->day_ms &&
	       (strcmp(f->number, number) == 0 || strcmp(f->number, "999999999999") == 0);
}

static size_t
expected_of(const struct tampering *t)
{
	size_t n = 0;

	while (n < ARRAY_LEN(t->faults) && t->faults[n].seq + t->faults[n].day_ms + t->faults[n].whose != 0)
		n++;
	return n;
}

static void
expect(const struct tampering *t, const struct expected *faults, size_t n)
{
	bool right = n == n_found;

	for (size_t i = 0; i < n && right; i++)
		right = is(&found[i], &faults[i]);
	if (right)
		return;
	print_message("%s\n", t->sql);
	print_found();
	fail();
}

static void
test_audit_verify__tampering_is_found_and_named(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(tamperings); i++) {
		(void)setup(state);
		tamper(tamperings[i].sql);
		check_with(seal, NULL, CLOCK_NONE);
		expect(&tamperings[i], tamperings[i].faults, expected_of(&tamperings[i]));
	}
}

/* The faults of A alone, when only A is looked at; its days are looked at by their signatures alone. */
static void
test_audit_verify__one_complaint_alone_is_proved_too(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(tamperings); i++) {
		const struct tampering *t = &tamperings[i];
		struct expected wanted[8];
		size_t n = 0;

		for (size_t k = 0; k < expected_of(t); k++)
			if (t->faults[k].whose == A || (t->faults[k].whose == 0 && (t->faults[k].kind == FAULT_DAY_ALTERED ||
										    t->faults[k].kind == FAULT_DAY_KEY)))
				wanted[n++] = t->faults[k];
		(void)setup(state);
		tamper(t->sql);
		check_with(seal, abc[0].number, CLOCK_NONE);
		expect(t, wanted, n);
	}
}

static void
test_audit_verify__a_number_that_never_was_is_no_complaint(void **state)
{
	struct audit_check c = {
		.db = one.db, .seal = seal, .scope = { .from_ms = CLOCK_NONE, .number = "261100000016" }, .found = keep
	};

	(void)state;
	tamper("UPDATE complaint SET number = id; UPDATE audit_head SET number = complaint_id");
	assert_int_equal(audit_verify(&c), E_NOT_FOUND);
}

static void
test_audit_verify__from_a_day_on_older_days_are_left_alone(void **state)
{
	struct audit_check c;

	(void)state;
	c = check_with(seal, NULL, TUESDAY);
	assert_int_equal(n_found, 0);
	assert_int_equal(c.sum.complaints, 2);
	assert_int_equal(c.sum.days, 1);
	assert_int_equal(c.sum.heads, 2);
	tamper("UPDATE complaint_event SET note = 'x' WHERE complaint_id = @c; DELETE FROM audit_head WHERE day = '2026-11-23'");
	check_with(seal, NULL, TUESDAY);
	assert_int_equal(n_found, 0);
	tamper("UPDATE complaint_event SET note = 'x' WHERE complaint_id = @b AND seq = 1;"
	       "UPDATE audit_day SET tag = UNHEX(REPEAT('ab', 32)) WHERE day = '2026-11-23'");
	check_with(seal, NULL, TUESDAY);
	assert_int_equal(n_found, 2);
	assert_int_equal(found[0].kind, FAULT_EVENT_CHANGED);
	assert_int_equal(found[1].kind, FAULT_DAY_CHAIN);
}

static void
test_audit_verify__the_summary_says_what_was_looked_at(void **state)
{
	struct audit_check c;

	(void)state;
	c = check_with(seal, NULL, CLOCK_NONE);
	assert_int_equal(c.sum.complaints, 3);
	assert_int_equal(c.sum.events, 8);
	assert_int_equal(c.sum.days, 2);
	assert_int_equal(c.sum.heads, 5);
	assert_true(c.sum.first_ms == MONDAY && c.sum.last_ms == TUESDAY);
	assert_int_equal(c.sum.late, 0); /* Monday's was half an hour short of it */
}

static void
test_audit_verify__more_than_fits_into_a_batch(void **state)
{
	char sql[200];
	struct audit_check c;
	int n = 0;

	(void)state;
	tamper("DELETE FROM audit_day; DELETE FROM audit_head");
	(void)snprintf(sql, sizeof(sql), "START TRANSACTION; CALL happen_many(@a, 1000000, %d); COMMIT", MANY);
	tamper(sql);
	assert_int_equal(audit_sign_due(one.db, one.a, seal, WEDNESDAY + AUDIT_MARGIN_MS, &n), E_OK);
	assert_int_equal(n, 2);
	assert_int_equal(count("audit_head WHERE day = '2026-11-23'"), MANY + 3);
	c = check_with(seal, NULL, CLOCK_NONE);
	assert_int_equal(n_found, 0);
	assert_int_equal(c.sum.complaints, MANY + 3);
	assert_int_equal(c.sum.heads, MANY + 5);
	for (int id = 1000000; id < 1000000 + MANY; id += 899) {
		(void)snprintf(sql, sizeof(sql),
			       "DELETE FROM complaint_event WHERE complaint_id = %d; DELETE FROM complaint WHERE id = %d", id, id);
		tamper(sql);
	}
	check_with(seal, NULL, CLOCK_NONE);
	assert_int_equal(n_found, 6);
	for (int i = 0; i < 6; i++) {
		assert_int_equal(found[i].kind, FAULT_SIGNED_GONE);
		assert_int_equal(found[i].complaint_id, 1000000 + 899 * i);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_audit_verify__tampering_is_found_and_named),
		cmocka_unit_test(test_audit_verify__one_complaint_alone_is_proved_too),
		cmocka_unit_test_setup(test_audit_verify__a_number_that_never_was_is_no_complaint, setup),
		cmocka_unit_test_setup(test_audit_verify__from_a_day_on_older_days_are_left_alone, setup),
		cmocka_unit_test_setup(test_audit_verify__the_summary_says_what_was_looked_at, setup),
		cmocka_unit_test_setup(test_audit_verify__more_than_fits_into_a_batch, setup),
	};

	return cmocka_run_group_tests(tests, group_up, group_down);
}
