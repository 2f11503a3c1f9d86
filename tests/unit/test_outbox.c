/* The outbox on a MariaDB of the test's own: who may send what, and how often. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "core/log.h"
#include "core/seal.h"
#include "domain/outbox.h"
#include "private_mariadb.h"

#define LEASE_MS 5000

static struct private_mariadb maria;

struct fixture {
	struct conf conf;
	struct db *d;
	struct arena *a;
};

static bool
run_file(const char *path)
{
	char text[32768];
	FILE *f = fopen(path, "re");
	size_t n = f == NULL ? 0 : fread(text, 1, sizeof(text) - 1, f);

	if (f != NULL)
		(void)fclose(f);
	text[n] = '\0';
	return n > 0 && private_sql(&maria, text);
}

static void
no_log(const char *line, size_t n, void *arg)
{
	(void)line;
	(void)n;
	(void)arg;
}

static int
group_up(void **state)
{
	(void)state;
	log_sink(no_log, NULL);
	return seal_init() && private_up(&maria) && run_file("sql/0001_directory.sql") && run_file("sql/0002_people.sql") &&
			       run_file("sql/0003_complaint.sql")
		       ? 0
		       : -1;
}

static int
group_down(void **state)
{
	(void)state;
	private_down(&maria);
	return 0;
}

static void
fixture_up(struct fixture *f, const char *hosts)
{
	f->conf = private_conf(&maria, hosts);
	f->d = db_new(&f->conf);
	f->a = arena_new(65536, 16777216);
	assert_non_null(f->d);
	assert_non_null(f->a);
	assert_true(private_sql(&maria, "DELETE FROM outbox"));
}

static void
fixture_down(struct fixture *f)
{
	db_free(f->d);
	arena_free(f->a);
}

/* lane, destination, complaint, event, recipient id, seconds until due */
static void
put(int lane, const char *to, int complaint, int seq, int recipient, int due_s)
{
	char text[400];

	(void)snprintf(
		text, sizeof(text),
		"INSERT INTO outbox (lane, destination, complaint_id, event_seq, recipient, recipient_id, template, language,"
		" payload_sealed, not_before, created_at) VALUES (%d, '%s', NULLIF(%d, 0), NULLIF(%d, 0), 'citizen', %d, 't', 'bn',"
		" 'sealed', UTC_TIMESTAMP(3) + INTERVAL %d SECOND, UTC_TIMESTAMP(3))",
		lane, to, complaint, seq, recipient, due_s);
	assert_true(private_sql(&maria, text));
}

static size_t
lease(const struct fixture *f, size_t most, int64_t lease_ms, struct outbox_message **out)
{
	size_t n;

	assert_int_equal(outbox_lease(f->d, f->a, TO_SMS, most, lease_ms, out, &n), E_OK);
	return n;
}

static long long
in_state(const char *state)
{
	char text[100];

	(void)snprintf(text, sizeof(text), "SELECT COUNT(*) FROM outbox WHERE state = '%s'", state);
	return private_number(&maria, text);
}

static void
test_outbox__one_time_passwords_go_first(void **state UNUSED)
{
	struct outbox_message *m;
	struct fixture f;

	fixture_up(&f, NULL);
	for (int i = 1; i <= 30; i++)
		put(1, "sms", i, 1, 1, 0);
	put(0, "sms", 0, 0, 7, 0);
	put(0, "sms", 0, 0, 8, 0);
	assert_int_equal(lease(&f, 2, LEASE_MS, &m), 2);
	assert_int_equal(m[0].lane, OUTBOX_LANE_OTP);
	assert_int_equal(m[1].lane, OUTBOX_LANE_OTP);
	assert_int_equal(m[0].gen, 1);
	assert_int_equal(m[0].lang, LANG_BN);
	assert_int_equal(m[0].recipient, RECIPIENT_CITIZEN);
	assert_int_equal(m[0].complaint_id, 0);
	assert_memory_equal(m[0].payload_sealed.p, "sealed", 6);
	assert_int_equal(lease(&f, 100, LEASE_MS, &m), OUTBOX_LEASE_MAX);
	assert_int_equal(in_state("claimed"), 2 + OUTBOX_LEASE_MAX);
	fixture_down(&f);
}

static void
test_outbox__only_heads_and_only_what_is_due(void **state UNUSED)
{
	struct outbox_message *m;
	struct fixture f;

	fixture_up(&f, NULL);
	put(1, "sms", 5, 1, 1, 0);
	put(1, "sms", 5, 1, 2, 0);
	put(1, "sms", 5, 2, 1, 0);
	put(1, "cmro", 5, 1, 1, 0);
	put(1, "cmro", 6, 1, 1, 0);
	put(1, "sms", 6, 2, 1, 0); /* the earlier one is for another destination */
	put(1, "sms", 7, 1, 1, 3600);
	put(1, "sms", 7, 2, 1, 0); /* waits for one in back-off */
	assert_int_equal(lease(&f, 10, LEASE_MS, &m), 3);
	assert_int_equal(m[0].complaint_id, 5);
	assert_int_equal(m[1].complaint_id, 5);
	assert_int_equal(m[2].complaint_id, 6);
	assert_int_equal(outbox_settle(f.d, f.a, &m[0], OUTBOX_DONE, "file"), E_OK);
	struct outbox_message second = m[1];
	assert_int_equal(lease(&f, 10, LEASE_MS, &m), 0);
	assert_int_equal(outbox_settle(f.d, f.a, &second, OUTBOX_REFUSED, "no mobile"), E_OK);
	assert_int_equal(lease(&f, 10, LEASE_MS, &m), 1);
	assert_int_equal(m[0].complaint_id, 5);
	fixture_down(&f);
}

static void
test_outbox__a_lapsed_claim_is_due_again_and_fences_off_the_first(void **state UNUSED)
{
	struct outbox_message *m, first;
	struct fixture f;

	fixture_up(&f, NULL);
	put(1, "sms", 1, 1, 1, 0);
	assert_int_equal(lease(&f, 10, 1, &m), 1);
	first = m[0];
	private_sleep_ms(20);
	assert_int_equal(lease(&f, 10, LEASE_MS, &m), 1);
	assert_int_equal(m[0].gen, 2);
	assert_int_equal(outbox_sending(f.d, f.a, &first, LEASE_MS), E_STALE);
	assert_int_equal(outbox_settle(f.d, f.a, &first, OUTBOX_DONE, "late"), E_STALE);
	assert_int_equal(outbox_return(f.d, f.a, &first, 0, "late"), E_STALE);
	assert_int_equal(outbox_sending(f.d, f.a, &m[0], LEASE_MS), E_OK);
	assert_int_equal(outbox_sending(f.d, f.a, &m[0], LEASE_MS), E_STALE);
	assert_int_equal(outbox_settle(f.d, f.a, &m[0], OUTBOX_DONE, "file"), E_OK);
	assert_int_equal(private_number(&maria, "SELECT tries FROM outbox WHERE state = 'done' AND result = 'file'"), 1);
	fixture_down(&f);
}

static void
test_outbox__a_lapsed_send_is_unknown_and_never_sent_again(void **state UNUSED)
{
	struct outbox_message *m;
	struct fixture f;
	int64_t n;

	fixture_up(&f, NULL);
	put(0, "sms", 0, 0, 1, 0);
	put(1, "sms", 1, 1, 1, 0);
	put(1, "sms", 2, 1, 1, 0);
	assert_int_equal(lease(&f, 3, LEASE_MS, &m), 3);
	assert_int_equal(outbox_sending(f.d, f.a, &m[0], 1), E_OK);
	assert_int_equal(outbox_sending(f.d, f.a, &m[1], 1), E_OK);
	assert_int_equal(outbox_sending(f.d, f.a, &m[2], LEASE_MS), E_OK);
	private_sleep_ms(20);
	struct outbox_message late = m[1];
	assert_int_equal(lease(&f, 10, LEASE_MS, &m), 0);
	assert_int_equal(outbox_lapse(f.d, f.a, TO_SMS, &n), E_OK);
	assert_int_equal(n, 2);
	assert_int_equal(outbox_lapse(f.d, f.a, TO_SMS, &n), E_OK);
	assert_int_equal(n, 0);
	assert_int_equal(in_state("unknown"), 2);
	assert_int_equal(private_number(&maria, "SELECT COUNT(*) FROM outbox WHERE payload_sealed IS NULL"), 1);
	assert_int_equal(lease(&f, 10, LEASE_MS, &m), 0);
	/* a sender that was only slow knows better */
	assert_int_equal(outbox_settle(f.d, f.a, &late, OUTBOX_DONE, "slow"), E_OK);
	assert_int_equal(in_state("unknown"), 1);
	fixture_down(&f);
}

static void
test_outbox__settling_erases_one_time_passwords_alone(void **state UNUSED)
{
	struct outbox_message *m;
	struct fixture f;

	fixture_up(&f, NULL);
	put(0, "sms", 0, 0, 1, 0);
	put(1, "sms", 1, 1, 1, 0);
	assert_int_equal(lease(&f, 2, LEASE_MS, &m), 2);
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(outbox_settle(f.d, f.a, &m[i], OUTBOX_DONE, "file"), E_OK);
	assert_int_equal(private_number(&maria, "SELECT COUNT(*) FROM outbox WHERE payload_sealed IS NULL AND lane = 0"), 1);
	assert_int_equal(private_number(&maria, "SELECT COUNT(*) FROM outbox WHERE payload_sealed IS NULL"), 1);
	assert_int_equal(private_number(&maria, "SELECT COUNT(*) FROM outbox WHERE settled_at IS NULL OR lease_until IS NOT NULL"),
			 0);
	fixture_down(&f);
}

static void
test_outbox__what_was_returned_waits(void **state UNUSED)
{
	struct outbox_message *m;
	struct fixture f;

	fixture_up(&f, NULL);
	put(1, "sms", 1, 1, 1, 0);
	assert_int_equal(lease(&f, 1, LEASE_MS, &m), 1);
	assert_int_equal(outbox_sending(f.d, f.a, &m[0], LEASE_MS), E_OK);
	assert_int_equal(outbox_return(f.d, f.a, &m[0], 300, "no space"), E_OK);
	assert_int_equal(lease(&f, 1, LEASE_MS, &m), 0);
	private_sleep_ms(400);
	assert_int_equal(lease(&f, 1, LEASE_MS, &m), 1);
	assert_int_equal(m[0].tries, 1);
	assert_int_equal(m[0].gen, 2);
	fixture_down(&f);
}

#define CROWD     4
#define CROWD_ALL 200

static void *
send_all(void *arg)
{
	struct fixture f;
	intptr_t sent = 0;

	(void)arg;
	f.conf = private_conf(&maria, NULL);
	f.d = db_new(&f.conf);
	f.a = arena_new(65536, 16777216);
	for (int idle = 0; f.d != NULL && f.a != NULL && idle < 20;) {
		struct outbox_message *m;
		size_t n = 0;

		if (outbox_lease(f.d, f.a, TO_SMS, 10, LEASE_MS, &m, &n) != E_OK)
			break;
		for (size_t i = 0; i < n; i++)
			if (outbox_sending(f.d, f.a, &m[i], LEASE_MS) == E_OK && ++sent > 0 &&
			    outbox_settle(f.d, f.a, &m[i], OUTBOX_DONE, "file") != E_OK)
				sent += CROWD_ALL;
		idle = n == 0 ? idle + 1 : 0;
		private_sleep_ms(n == 0 ? 5 : 0);
	}
	fixture_down(&f);
	return (void *)sent;
}

static void
test_outbox__a_crowd_of_senders_sends_each_once(void **state UNUSED)
{
	pthread_t threads[CROWD];
	intptr_t sum = 0;
	struct fixture f;

	fixture_up(&f, NULL);
	assert_true(private_sql(
		&maria, "INSERT INTO outbox (destination, complaint_id, event_seq, recipient, template, language, not_before,"
			" created_at) SELECT 'sms', seq DIV 2 + 1, seq % 2 + 1, 'citizen', 't', 'en', UTC_TIMESTAMP(3),"
			" UTC_TIMESTAMP(3) FROM seq_0_to_199"));
	for (size_t i = 0; i < CROWD; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, send_all, NULL), 0);
	for (size_t i = 0; i < CROWD; i++) {
		void *sent;

		assert_int_equal(pthread_join(threads[i], &sent), 0);
		sum += (intptr_t)sent;
	}
	assert_int_equal(sum, CROWD_ALL);
	assert_int_equal(in_state("done"), CROWD_ALL);
	assert_int_equal(private_number(&maria, "SELECT COUNT(*) FROM outbox WHERE tries <> 1"), 0);
	/* in the order of the events: no later one was settled before its earlier one */
	assert_int_equal(private_number(&maria, "SELECT COUNT(*) FROM outbox a JOIN outbox b ON b.complaint_id = a.complaint_id"
						" AND b.event_seq > a.event_seq WHERE b.settled_at < a.settled_at"),
			 0);
	fixture_down(&f);
}

static void
test_outbox__a_lost_answer_to_commit_is_looked_up(void **state UNUSED)
{
	struct outbox_message *m;
	struct fixture f;
	struct proxy p;

	assert_true(proxy_up(&p, &maria));
	fixture_up(&f, p.host);
	put(1, "sms", 1, 1, 1, 0);
	assert_int_equal(lease(&f, 1, LEASE_MS, &m), 1);
	proxy_arm(&p, PROXY_CUT_AFTER, PROXY_QUERY, "COMMIT");
	assert_int_equal(outbox_sending(f.d, f.a, &m[0], LEASE_MS), E_OK);
	assert_int_equal(atomic_load(&p.fired), 1);
	assert_int_equal(private_number(&maria, "SELECT tries FROM outbox WHERE state = 'sending'"), 1);
	proxy_arm(&p, PROXY_CUT_BEFORE, PROXY_QUERY, "COMMIT");
	assert_int_equal(outbox_settle(f.d, f.a, &m[0], OUTBOX_DONE, "file"), E_OK);
	assert_int_equal(atomic_load(&p.fired), 2);
	assert_int_equal(in_state("done"), 1);
	fixture_down(&f);
	proxy_down(&p);
}

static void
test_outbox__the_statements_fit_the_schema(void **state UNUSED)
{
	struct fixture f;

	fixture_up(&f, NULL);
	assert_int_equal(db_check(f.d, outbox_sql, outbox_sql_n), E_OK);
	fixture_down(&f);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_outbox__one_time_passwords_go_first),
		cmocka_unit_test(test_outbox__only_heads_and_only_what_is_due),
		cmocka_unit_test(test_outbox__a_lapsed_claim_is_due_again_and_fences_off_the_first),
		cmocka_unit_test(test_outbox__a_lapsed_send_is_unknown_and_never_sent_again),
		cmocka_unit_test(test_outbox__settling_erases_one_time_passwords_alone),
		cmocka_unit_test(test_outbox__what_was_returned_waits),
		cmocka_unit_test(test_outbox__a_crowd_of_senders_sends_each_once),
		cmocka_unit_test(test_outbox__a_lost_answer_to_commit_is_looked_up),
		cmocka_unit_test(test_outbox__the_statements_fit_the_schema),
	};
	return cmocka_run_group_tests_name("outbox", tests, group_up, group_down);
}
