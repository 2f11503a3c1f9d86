/* One-time passwords: what they open, how often, how long, and limits that hold exactly however many ask at once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "core/json.h"
#include "domain/otp.h"
#include "seeded.h"

#define ASKERS 16
#define MOBILE "9830012345"

struct sent {
	uint8_t id[OTP_ID_BYTES];
	int64_t expires_ms;
	char code[7];
};

static int
setup(void **state)
{
	(void)state;
	seeded_reset();
	arena_reset(one.a);
	conf.otp.mobile_10min = 3;
	conf.otp.mobile_day = 10;
	conf.otp.address_hour = 200;
	conf.otp.total_day = 200000;
	return 0;
}

/* The code as the SMS has it. */
static void
read_sms(struct sent *s, const char *mobile)
{
	static const struct sql last = {
		"SELECT payload_sealed, lane, recipient, template, language FROM outbox ORDER BY id DESC LIMIT 1", "", "bisss",
		false
	};
	const struct db_rows rows = seeded_rows(&one, &last, DB_NO_ARGS);
	const struct db_value *v = db_row(&rows, 0);
	const char *why = NULL, *code;
	struct span plain;
	json_t *o = NULL;

	assert_int_equal(seal_open(seal, one.a, v[0].s, &plain), E_OK);
	assert_int_equal(json_decode(one.a, plain, &o, &why), E_OK);
	assert_string_equal(json_string_value(json_object_get(o, "to")), mobile);
	assert_int_equal(json_integer_value(json_object_get(o, "minutes")), 5);
	code = json_string_value(json_object_get(o, "code"));
	assert_int_equal(strlen(code), 6);
	memcpy(s->code, code, sizeof(s->code));
	assert_int_equal(v[1].i, 0);
	assert_true(span_eq(v[2].s, SPAN("mobile")) && span_eq(v[3].s, SPAN("otp")) && span_eq(v[4].s, SPAN("bn")));
}

static enum status
send_from(struct hand *h, const char *mobile, const char *address, int64_t now_ms, struct sent *s)
{
	const struct otp_request r = { .mobile = mobile, .address = address, .lang = LANG_BN, .now_ms = now_ms };

	return otp_send(h->db, h->a, &conf, seal, &r, s->id, &s->expires_ms);
}

static void
sent_at(int64_t now_ms, struct sent *s)
{
	assert_int_equal(send_from(&one, MOBILE, "192.0.2.1", now_ms, s), E_OK);
	read_sms(s, MOBILE);
}

static enum status
use(const struct sent *s, const char *code, int64_t now_ms, int64_t *citizen)
{
	return otp_use(one.db, one.a, &conf, seal, s->id, span_of(code), now_ms, citizen);
}

static const char *
wrong_code(const struct sent *s)
{
	static char code[7];

	memcpy(code, s->code, sizeof(code));
	code[5] = code[5] == '9' ? '0' : (char)(code[5] + 1);
	return code;
}

static void
test_otp__opens_once_and_always_the_same_citizen(void **state)
{
	struct sent s;
	int64_t first = 0, second = 0;

	(void)state;
	sent_at(MONDAY_MS, &s);
	assert_true(s.expires_ms == MONDAY_MS + 300000);
	assert_int_equal(count("citizen"), 0); /* none before the mobile is proved */
	assert_int_equal(use(&s, s.code, MONDAY_MS + 1000, &first), E_OK);
	assert_int_equal(count("citizen WHERE language = 'bn'"), 1);
	assert_int_equal(use(&s, s.code, MONDAY_MS + 2000, &second), E_OTP_SPENT);
	sent_at(MONDAY_MS + 3000, &s);
	assert_int_equal(use(&s, s.code, MONDAY_MS + 4000, &second), E_OK);
	assert_int_equal(first, second);
	assert_int_equal(count("citizen"), 1);
}

static void
test_otp__has_five_tries(void **state)
{
	struct sent s;
	int64_t citizen = 0;

	(void)state;
	sent_at(MONDAY_MS, &s);
	for (int i = 0; i < 4; i++)
		assert_int_equal(use(&s, wrong_code(&s), MONDAY_MS, &citizen), E_OTP_WRONG);
	assert_int_equal(use(&s, s.code, MONDAY_MS, &citizen), E_OK); /* the fifth may be right */
	sent_at(MONDAY_MS, &s);
	for (int i = 0; i < 5; i++)
		assert_int_equal(use(&s, wrong_code(&s), MONDAY_MS, &citizen), E_OTP_WRONG);
	assert_int_equal(use(&s, s.code, MONDAY_MS, &citizen), E_OTP_SPENT);
	assert_int_equal(use(&s, wrong_code(&s), MONDAY_MS, &citizen), E_OTP_SPENT);
}

static void
test_otp__ends_to_the_millisecond(void **state)
{
	struct sent s;
	int64_t citizen = 0;

	(void)state;
	sent_at(MONDAY_MS, &s);
	assert_int_equal(use(&s, s.code, s.expires_ms, &citizen), E_OTP_SPENT);
	assert_int_equal(use(&s, s.code, s.expires_ms - 1, &citizen), E_OK);
}

static void
test_otp__is_bound_to_its_request(void **state)
{
	static const char *const odd[] = { "", "12345", "1234567", "00000000000000000000000000000000000000000000000000" };
	struct sent a, b, nobodys = { .expires_ms = 0 };
	int64_t citizen = 0;

	(void)state;
	sent_at(MONDAY_MS, &a);
	sent_at(MONDAY_MS, &b);
	while (strcmp(a.code, b.code) == 0)
		sent_at(MONDAY_MS, &b);
	assert_int_equal(use(&a, b.code, MONDAY_MS, &citizen), E_OTP_WRONG);
	assert_int_equal(use(&nobodys, a.code, MONDAY_MS, &citizen), E_OTP_SPENT);
	for (size_t i = 0; i < ARRAY_LEN(odd); i++)
		assert_int_equal(use(&b, odd[i], MONDAY_MS, &citizen), E_OTP_WRONG);
	assert_int_equal(use(&a, a.code, MONDAY_MS, &citizen), E_OK);
}

static void
test_otp__nothing_readable_is_stored(void **state)
{
	char query[300];
	struct sent s;

	(void)state;
	sent_at(MONDAY_MS, &s);
	(void)snprintf(query, sizeof(query),
		       "otp WHERE CONCAT_WS('|', id, mobile_index, mobile_sealed, address_index, code_tag) LIKE '%%%s%%' OR"
		       " CONCAT_WS('|', id, mobile_index, mobile_sealed, address_index, code_tag) LIKE '%%%s%%'",
		       s.code, MOBILE);
	assert_int_equal(count(query), 0);
	(void)snprintf(query, sizeof(query), "outbox WHERE payload_sealed LIKE '%%%s%%' OR payload_sealed LIKE '%%%s%%'", s.code,
		       MOBILE);
	assert_int_equal(count(query), 0);
}

/* The same answer and the same rows, whether the mobile is known or not. */
static void
test_otp__says_nothing_about_who_is_known(void **state)
{
	static const char *const mobiles[] = { "9830000001", "9830000002" };

	(void)state;
	(void)citizen_new(&one, mobiles[0], "hi");
	for (size_t i = 0; i < 4; i++) {
		enum status st[2];
		struct sent s[2];

		for (size_t k = 0; k < 2; k++)
			st[k] = send_from(&one, mobiles[k], k == 0 ? "192.0.2.1" : "192.0.2.2", MONDAY_MS, &s[k]);
		assert_int_equal(st[0], st[1]);
		assert_int_equal(st[0], i < 3 ? E_OK : E_OTP_LIMIT);
		assert_true(s[0].expires_ms == s[1].expires_ms);
		if (i < 3) {
			int64_t citizen = 0;

			assert_int_equal(use(&s[0], "no", MONDAY_MS, &citizen), use(&s[1], "no", MONDAY_MS, &citizen));
		}
	}
	assert_int_equal(count("otp"), 6);
	assert_int_equal(count("outbox WHERE language = 'bn'"), 6); /* the language asked for, not the one we know */
	assert_int_equal(count("citizen"), 1);
}

struct asker {
	pthread_t thread;
	pthread_barrier_t *meet;
	const struct sent *with; /* NULL: sends */
	const char *code;
	char mobile[11], address[20];
	int64_t now_ms;
	enum status st;
};

static void *
ask_along(void *arg)
{
	struct asker *k = arg;
	struct hand h = hand_new();
	struct sent s;
	int64_t id = 0;

	(void)pthread_barrier_wait(k->meet);
	k->st = k->with == NULL ? send_from(&h, k->mobile, k->address, k->now_ms, &s)
				: otp_use(h.db, h.a, &conf, seal, k->with->id, span_of(k->code), k->now_ms, &id);
	hand_free(&h);
	return NULL;
}

/* How many of ASKERS at once got `st`; the others must have got `other`. */
static int
all_at_once(const struct asker *like, bool own_mobile, bool own_address, enum status st, enum status other)
{
	struct asker k[ASKERS];
	pthread_barrier_t meet;
	int n = 0;

	(void)pthread_barrier_init(&meet, NULL, ASKERS);
	for (int i = 0; i < ASKERS; i++) {
		k[i] = *like;
		k[i].meet = &meet;
		(void)snprintf(k[i].mobile, sizeof(k[i].mobile), "98300%05d", own_mobile ? i : 99999);
		(void)snprintf(k[i].address, sizeof(k[i].address), "192.0.2.%d", own_address ? i : 99);
		assert_int_equal(pthread_create(&k[i].thread, NULL, ask_along, &k[i]), 0);
	}
	for (int i = 0; i < ASKERS; i++) {
		assert_int_equal(pthread_join(k[i].thread, NULL), 0);
		n += k[i].st == st;
		assert_true(k[i].st == st || k[i].st == other);
	}
	(void)pthread_barrier_destroy(&meet);
	return n;
}

static void
test_otp__limits_of_a_mobile_are_exact(void **state)
{
	struct asker like = { .now_ms = MONDAY_MS };

	(void)state;
	assert_int_equal(all_at_once(&like, false, true, E_OK, E_OTP_LIMIT), 3);
	assert_int_equal(count("otp"), 3);
	assert_int_equal(count("outbox"), 3); /* a refusal sends nothing */
	like.now_ms += 10 * 60000 - 1;
	assert_int_equal(all_at_once(&like, false, true, E_OK, E_OTP_LIMIT), 0);
	for (int i = 1; i <= 3; i++) {
		like.now_ms = MONDAY_MS + i * 11 * 60000;
		assert_int_equal(all_at_once(&like, false, true, E_OK, E_OTP_LIMIT), i < 3 ? 3 : 1); /* ten a day */
	}
	like.now_ms = MONDAY_MS + 24 * HOUR_MS;
	assert_int_equal(all_at_once(&like, false, true, E_OK, E_OTP_LIMIT), 3); /* the first three are a day old */
}

static void
test_otp__limits_of_an_address_are_exact(void **state)
{
	struct asker like = { .now_ms = MONDAY_MS };

	(void)state;
	conf.otp.address_hour = 5;
	assert_int_equal(all_at_once(&like, true, false, E_OK, E_OTP_LIMIT), 5);
	assert_int_equal(count("otp"), 5);
	like.now_ms += HOUR_MS;
	assert_int_equal(all_at_once(&like, true, false, E_OK, E_OTP_LIMIT), 5);
}

static void
test_otp__a_day_of_kolkata_has_a_total(void **state)
{
	const int64_t evening = clock_kolkata_midnight_ms(2026, 11, 24) - 1000;
	struct sent s;
	char mobile[11];

	(void)state;
	conf.otp.total_day = 6;
	for (int i = 0; i < 8; i++) {
		(void)snprintf(mobile, sizeof(mobile), "98300%05d", i);
		assert_int_equal(send_from(&one, mobile, "192.0.2.1", evening, &s), i < 6 ? E_OK : E_OTP_LIMIT);
	}
	assert_int_equal(send_from(&one, mobile, "192.0.2.1", evening + 1000, &s), E_OK); /* the next day */
	assert_int_equal(private_number(&maria, "SELECT SUM(sent) FROM otp_day WHERE day = '2026-11-23'"), 6);
	assert_int_equal(private_number(&maria, "SELECT SUM(sent) FROM otp_day WHERE day = '2026-11-24'"), 1);
}

static void
test_otp__one_use_and_five_tries_hold_for_many_at_once(void **state)
{
	struct asker like = { .now_ms = MONDAY_MS };
	struct sent s;

	(void)state;
	sent_at(MONDAY_MS, &s);
	like.with = &s;
	like.code = s.code;
	assert_int_equal(all_at_once(&like, false, false, E_OK, E_OTP_SPENT), 1);
	assert_int_equal(count("citizen"), 1);
	sent_at(MONDAY_MS, &s);
	like.code = wrong_code(&s);
	assert_int_equal(all_at_once(&like, false, false, E_OTP_WRONG, E_OTP_SPENT), 5);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_otp__opens_once_and_always_the_same_citizen, setup),
		cmocka_unit_test_setup(test_otp__has_five_tries, setup),
		cmocka_unit_test_setup(test_otp__ends_to_the_millisecond, setup),
		cmocka_unit_test_setup(test_otp__is_bound_to_its_request, setup),
		cmocka_unit_test_setup(test_otp__nothing_readable_is_stored, setup),
		cmocka_unit_test_setup(test_otp__says_nothing_about_who_is_known, setup),
		cmocka_unit_test_setup(test_otp__limits_of_a_mobile_are_exact, setup),
		cmocka_unit_test_setup(test_otp__limits_of_an_address_are_exact, setup),
		cmocka_unit_test_setup(test_otp__a_day_of_kolkata_has_a_total, setup),
		cmocka_unit_test_setup(test_otp__one_use_and_five_tries_hold_for_many_at_once, setup),
	};

	return cmocka_run_group_tests(tests, seeded_up, seeded_down);
}
