/* What administrators may make of a text, and what is kept of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "seed_texts.h"

#define SITE "https://kmc.example.in"

static int
group_up(void **state)
{
	if (seeded_up(state) != 0)
		return -1;
	load_templates(&one);
	return 0;
}

static void
test_wording__every_text_of_the_seed_is_right(void **state UNUSED)
{
	const struct wording *list;
	size_t n;

	assert_int_equal(wording_list(one.db, one.a, &list, &n), E_OK);
	assert_int_equal(n, wording_n_kinds * LANG__COUNT);
	for (size_t i = 0; i < n; i++) {
		struct field_errors errors = { .arena = one.a };
		const struct wording_kind *kind = wording_kind(list[i].code);
		struct span text = list[i].text;

		assert_non_null(kind);
		assert_int_equal(wording_check(one.a, kind, list[i].lang, SITE, &text, &errors), E_OK);
		assert_true(span_eq(text, list[i].text)); /* it is NFC */
		assert_in_range(wording_longest(text, SITE).parts, 1, list[i].lang == LANG_EN ? 1 : 2);
		assert_in_range(template_size(wording_example(one.a, text, list[i].lang, SITE)).parts, 1, 2);
		assert_null(memchr(wording_example(one.a, text, list[i].lang, SITE).p, '{', text.n));
		assert_true(list[i].changed_ms == CLOCK_NONE && list[i].changed_by.p == NULL);
	}
}

static void
test_wording__refuses_what_could_not_be_sent(void **state UNUSED)
{
	static const struct {
		const char *code;
		enum lang lang;
		const char *text;
		const char *expected; /* NULL: too long; "": right */
		double max;
	} rows[] = {
		{ "assigned", LANG_EN, "{number} it is", "", 0 },
		{ "assigned", LANG_EN, "{number", "{number} {subcategory} {department} {ward} {due} {level} {site}", 0 },
		{ "assigned", LANG_EN, "number}", "{number} {subcategory} {department} {ward} {due} {level} {site}", 0 },
		{ "assigned", LANG_EN, "{number} {", "{number} {subcategory} {department} {ward} {due} {level} {site}", 0 },
		{ "assigned", LANG_EN, "{}", "{number} {subcategory} {department} {ward} {due} {level} {site}", 0 },
		{ "assigned", LANG_EN, "{number} {{number}}", "{number} {subcategory} {department} {ward} {due} {level} {site}",
		  0 },
		{ "assigned", LANG_EN, "{nummer}", "{number} {subcategory} {department} {ward} {due} {level} {site}", 0 },
		/* known, but not to this message: a note is nothing for a citizen */
		{ "assigned", LANG_EN, "{number} {reason}", "{number} {subcategory} {department} {ward} {due} {level} {site}", 0 },
		{ "otp", LANG_EN, "{number} {code}", "{code} {minutes}", 0 },
		{ "otp", LANG_EN, "Five minutes", "{code}", 0 },
		{ "assigned", LANG_EN, "Your complaint", "{number}", 0 },
		{ "resolved", LANG_EN, "Complaint {number} is resolved", "{site} {link}", 0 },
		{ "resolved", LANG_EN, "Complaint {number}: {site}/r#{link}", "", 0 },
		{ "assigned", LANG_BN, "{number} এখন", "", 0 },
		{ "assigned", LANG_HI, "{number} अभी।", "", 0 },
		{ "assigned", LANG_BN, "{number} এখন।", "", 0 },
		{ "assigned", LANG_BN, "{number} अभी", "বাংলা", 0 },
		{ "assigned", LANG_BN, "{number} now।", "বাংলা", 0 },
		{ "assigned", LANG_HI, "{number} এখন", "हिन्दी", 0 },
		{ "assigned", LANG_EN, "{number} এখন", "English", 0 },
		{ "assigned", LANG_EN, "{number} caf\u00E9", "English", 0 },
		{ "assigned", LANG_EN, "{number} 123", "English", 0 },
		{ "assigned", LANG_EN, "{number} \u202Eevil", "English", 0 },
		{ "assigned", LANG_BN, "{number} এখন \U0001F600", "বাংলা", 0 },
		/* 306 of GSM, 134 of UCS-2 with everything at its longest: the number takes 14 for 8 */
		{ "assigned", LANG_EN, "{number}%292", "", 0 },
		{ "assigned", LANG_EN, "{number}%293", NULL, 300 },
		{ "assigned", LANG_BN, "{number}ক%119", "", 0 },
		{ "assigned", LANG_BN, "{number}ক%125", NULL, 128 },
		{ "gro_vacant", LANG_BN, "{number}ক{subcategory}{due}%100", NULL, 100 },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct field_errors errors = { .arena = one.a };
		const char *tail = strchr(rows[i].text, '%');
		struct buf text = BUF_INIT(2000);
		struct span view;
		bool right = rows[i].expected != NULL && rows[i].expected[0] == '\0';

		buf_add(&text, rows[i].text, tail == NULL ? strlen(rows[i].text) : (size_t)(tail - rows[i].text));
		for (long n = tail == NULL ? 0 : strtol(tail + 1, NULL, 10); n > 0; n--)
			buf_char(&text, 'x');
		view = buf_view(&text);
		assert_int_equal(wording_check(one.a, wording_kind(span_of(rows[i].code)), rows[i].lang, SITE, &view, &errors),
				 right ? E_OK : E_INVALID);
		assert_int_equal(errors.n, right ? 0 : 1);
		if (!right) {
			assert_string_equal(errors.v[0].pointer, "/text");
			assert_int_equal(errors.v[0].code, rows[i].expected == NULL ? FE_TOO_LONG : FE_FORMAT);
			if (rows[i].expected != NULL)
				assert_string_equal(errors.v[0].expected, rows[i].expected);
			else
				assert_int_equal(errors.v[0].max, rows[i].max);
		}
		buf_release(&text);
	}
}

static void
test_wording__writes_letters_one_way(void **state UNUSED)
{
	struct field_errors errors = { .arena = one.a };
	struct span text = SPAN("{number} \u09DF \u0995\u09C7\u09BE");

	assert_int_equal(wording_check(one.a, wording_kind(SPAN("assigned")), LANG_BN, SITE, &text, &errors), E_OK);
	assert_true(span_eq(text, SPAN("{number} \u09AF\u09BC \u0995\u09CB")));
}

static struct wording_edit
edit_of(const char *text, const char *dlt_id, int64_t staff_id, int64_t now_ms)
{
	return (struct wording_edit){ .code = SPAN("assigned"),
				      .lang = LANG_BN,
				      .text = span_of(text),
				      .dlt_id = span_of(dlt_id),
				      .staff_id = staff_id,
				      .now_ms = now_ms };
}

static void
change(struct hand *h, const char *text, const char *dlt_id, int64_t staff_id, int64_t now_ms)
{
	const struct wording_edit edit = edit_of(text, dlt_id, staff_id, now_ms);

	assert_int_equal(wording_change(h->db, h->a, &edit), E_OK);
}

static void
test_wording__keeps_what_was_changed(void **state UNUSED)
{
	struct wording_edit nobody = edit_of("x", "1", 1, MONDAY_MS);
	long long version = private_number(&maria, "SELECT version FROM directory_version");
	const struct wording_change *list;
	struct wording before, w;
	size_t n;

	assert_int_equal(wording_find(one.db, one.a, SPAN("assigned"), LANG_BN, &before), E_OK);
	change(&one, "{number} ক", "1107000000000000001", 1, MONDAY_MS);
	change(&one, "{number} ক", "1107000000000000001", 2, MONDAY_MS + 1); /* the same: no change of theirs */
	change(&one, "{number} ক", "1107000000000000002", 2, MONDAY_MS + 2);
	change(&one, "{number} ক ", "1107000000000000002", 2, MONDAY_MS + 3); /* a space is a difference, whatever collations say */
	assert_int_equal(wording_find(one.db, one.a, SPAN("assigned"), LANG_BN, &w), E_OK);
	assert_true(span_eq(w.text, SPAN("{number} ক ")) && span_eq(w.dlt_id, SPAN("1107000000000000002")));
	assert_true(span_eq(w.changed_by, SPAN("lme2")) && w.changed_ms == MONDAY_MS + 3);
	assert_int_equal(wording_history(one.db, one.a, SPAN("assigned"), LANG_BN, &list, &n), E_OK);
	assert_int_equal(n, 3);
	assert_true(span_eq(list[2].text, before.text) && span_eq(list[2].dlt_id, before.dlt_id) &&
		    span_eq(list[2].by, SPAN("lme1")));
	assert_true(span_eq(list[1].text, SPAN("{number} ক")) && span_eq(list[1].dlt_id, SPAN("1107000000000000001")));
	assert_true(list[1].at_ms == MONDAY_MS + 2 && span_eq(list[1].by, SPAN("lme2")));
	assert_int_equal(private_number(&maria, "SELECT version FROM directory_version"), version + 3);
	assert_int_equal(wording_find(one.db, one.a, SPAN("assigned"), LANG_EN, &w), E_OK);
	assert_true(w.changed_ms == CLOCK_NONE);
	assert_int_equal(wording_find(one.db, one.a, SPAN("nothing"), LANG_EN, &w), E_NOT_FOUND);
	nobody.code = SPAN("nothing");
	assert_int_equal(wording_change(one.db, one.a, &nobody), E_NOT_FOUND);
}

static void *
change_some(void *arg)
{
	struct hand h = hand_new();
	char text[40];

	for (int i = 0; i < 20; i++) {
		(void)snprintf(text, sizeof(text), "{number} ক %d.%d", *(const int *)arg, i);
		change(&h, text, "1107000000000000009", *(const int *)arg, MONDAY_MS);
	}
	hand_free(&h);
	return NULL;
}

/* Of two at once neither loses what the other wrote: each text is in the history of the one that followed it. */
static void
test_wording__loses_no_change_between_two(void **state UNUSED)
{
	int who[] = { 1, 2, 3 };
	pthread_t threads[ARRAY_LEN(who)];

	assert_true(private_sql(&maria, "DELETE FROM sms_template_change"));
	for (size_t i = 0; i < ARRAY_LEN(who); i++)
		assert_int_equal(pthread_create(&threads[i], NULL, change_some, &who[i]), 0);
	for (size_t i = 0; i < ARRAY_LEN(who); i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	assert_int_equal(count("sms_template_change"), 60);
	assert_int_equal(private_number(&maria, "SELECT COUNT(DISTINCT text_before) FROM sms_template_change"), 60);
}

static void
test_wording__a_lost_answer_to_commit_changes_it_once(void **state UNUSED)
{
	struct proxy p;
	struct conf through;
	struct hand h = { .a = arena_new(65536, 4 << 20) };

	assert_true(proxy_up(&p, &maria));
	through = private_conf(&maria, p.host);
	h.db = db_new(&through);
	assert_true(private_sql(&maria, "DELETE FROM sms_template_change"));
	change(&h, "{number} খ", "1107000000000000010", 1, MONDAY_MS);
	proxy_arm(&p, PROXY_CUT_AFTER, PROXY_QUERY, "COMMIT");
	change(&h, "{number} গ", "1107000000000000010", 1, MONDAY_MS);
	proxy_arm(&p, PROXY_CUT_BEFORE, PROXY_QUERY, "COMMIT");
	change(&h, "{number} ঘ", "1107000000000000010", 1, MONDAY_MS);
	assert_int_equal(atomic_load(&p.fired), 2);
	assert_int_equal(count("sms_template_change"), 3);
	hand_free(&h);
	proxy_down(&p);
}

static void
test_wording__the_statements_fit_the_schema(void **state UNUSED)
{
	assert_int_equal(db_check(one.db, wording_sql, wording_sql_n), E_OK);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wording__every_text_of_the_seed_is_right),
		cmocka_unit_test(test_wording__refuses_what_could_not_be_sent),
		cmocka_unit_test(test_wording__writes_letters_one_way),
		cmocka_unit_test(test_wording__keeps_what_was_changed),
		cmocka_unit_test(test_wording__loses_no_change_between_two),
		cmocka_unit_test(test_wording__a_lost_answer_to_commit_changes_it_once),
		cmocka_unit_test(test_wording__the_statements_fit_the_schema),
	};
	return cmocka_run_group_tests_name("wording", tests, group_up, seeded_down);
}
