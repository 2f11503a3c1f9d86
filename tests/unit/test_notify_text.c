/* From outbox rows to texts: every template of the seed in every language, full and half payloads, everybody's telephone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "bridge/notify_impl.h"
#include "core/json.h"
#include "seed_texts.h"

#define SITE "https://kmc.example.in"

static const char *const reasons[LANG__COUNT] = { "The manhole lies on the other side of the road",
						  "ম্যানহোলটি রাস্তার উল্টো দিকে, সেটি অন্য ওয়ার্ড",
						  "मैनहोल सड़क के उस पार है, वह दूसरा वार्ड है" };

static void
seal_mobile(const char *table, int64_t id, const char *mobile)
{
	struct span sealed;
	char text[100];

	(void)snprintf(text, sizeof(text), "UPDATE %s SET mobile_sealed = ? WHERE id = ?", table);
	const struct sql update = { text, "bi", "", false };

	assert_int_equal(seal_box(seal, one.a, span_of(mobile), &sealed), E_OK);
	(void)seeded_rows(&one, &update, DB_ARGS(db_text(sealed), db_int(id)));
}

static int
group_up(void **state)
{
	if (seeded_up(state) != 0)
		return -1;
	conf.system.base_url = SITE;
	load_templates(&one);
	seal_mobile("staff", 1, "7000000001");
	seal_mobile("staff", 5, "7000000005");
	return private_sql(&maria, "UPDATE department SET name_en = 'Drinking water, drains and sewers', name_bn = 'পানীয় জল, "
				   "নর্দমা ও পয়ঃপ্রণালী বিভাগ',"
				   " name_hi = 'पेयजल, नाली एवं मलजल निकासी विभाग' WHERE code = 'DRN';"
				   "UPDATE subcategory SET name_en = 'Manhole cover missing or broken', name_bn = 'ম্যানহোলের ঢাকনা "
				   "নেই কিংবা ভেঙে গেছে',"
				   " name_hi = 'मैनहोल का ढक्कन नहीं है या टूटा हुआ है' WHERE code = 'DRN-01';"
				   "UPDATE staff SET mobile_sealed = NULL WHERE id = 2; UPDATE staff SET name_en = 'Kumar Purnendu "
				   "Bandyopadhyay Junior', name_bn = 'কুমার পূর্ণেন্দু "
				   "বন্দ্যোপাধ্যায় কনিষ্ঠ' WHERE id = 1;"
				   "INSERT INTO complaint (id, number, state, level, channel, department_code, category_code, "
				   "subcategory_code, ward_no,"
				   " borough_no, description, language, holder_id, lodged_at, due_at, changed_at, event_count, "
				   "event_head) VALUES (1,"
				   " '261100000016', 'ASSIGNED', 2, 'WEB', 'DRN', 'DRN-A', 'DRN-01', 144, 16, 'd', 'bn', 1, NOW(), "
				   "'2026-11-24 15:40:00',"
				   " NOW(), 1, REPEAT('h', 32))")
		       ? 0
		       : -1;
}

static struct outbox_message
message(const char *template, enum lang lang, json_t *payload)
{
	struct outbox_message m = { .id = 9,
				    .lane = 1,
				    .complaint_id = 1,
				    .recipient = RECIPIENT_STAFF,
				    .recipient_id = 1,
				    .template = span_of(template),
				    .lang = lang };
	struct buf json = BUF_INIT(4000);

	if (payload != NULL) {
		json_encode(payload, &json);
		assert_int_equal(seal_box(seal, one.a, buf_view(&json), &m.payload_sealed), E_OK);
		buf_release(&json);
		json_decref(payload);
	}
	return m;
}

static const char *
text_of(const struct outbox_message *m, struct sms *sms)
{
	const char *refused;

	assert_int_equal(notify_text(one.db, one.a, seal, &conf, m, sms, &refused), E_OK);
	return refused != NULL ? refused : arena_strndup(one.a, sms->text.p, sms->text.n);
}

static json_t *
full_payload(const char *reason)
{
	return json_pack("{s:s, s:s, s:s, s:i, s:i, s:s, s:s, s:s, s:s, s:i, s:s, s:s, s:i}", "number", "261100000016",
			 "subcategory", "DRN-01", "department", "DRN", "ward", 144, "level", 2, "due", "2026-11-24T15:40:00.000Z",
			 "until", "2026-12-03T15:40:00.000Z", "link", "261100000016AbCdEfGh_-345678", "reason", reason, "rating", 4,
			 "parent", "261100000024", "code", "042117", "minutes", 5);
}

static void
test_notify_text__fills_every_template_in_every_language(void **state UNUSED)
{
	for (size_t i = 0; i < wording_n_kinds; i++)
		for (enum lang lang = LANG_EN; lang < LANG__COUNT; lang++)
			for (enum lang reason = LANG_EN; reason < LANG__COUNT; reason++) {
				struct outbox_message m = message(wording_kinds[i].code, lang, full_payload(reasons[reason]));
				bool foreign = reason != LANG_EN && (wording_kinds[i].may & 1u << PH_REASON) != 0;
				struct template_size size;
				struct sms sms;
				const char *text = text_of(&m, &sms);

				assert_null(strpbrk(text, "{}"));
				assert_int_equal(sms.text.n, strlen(text));
				size = template_size(sms.text);
				assert_int_equal(size.parts, sms.parts);
				assert_in_range(sms.parts, 1, lang == LANG_EN && !foreign ? 1 : 2);
				assert_string_equal(sms.to, "+917000000001");
				assert_true(span_eq(sms.number, SPAN("261100000016")));
				assert_true(sms.template_id.n == 19 && sms.lang == lang && sms.id == 9);
			}
}

static void
test_notify_text__says_what_it_should(void **state UNUSED)
{
	static const struct {
		const char *template;
		enum lang lang;
		const char *payload, *text; /* no payload: as the complaint stands */
	} rows[] = {
		{ "registered", LANG_EN, "{}",
		  "Complaint 2611 0000 0016 (Manhole cover missing or) is registered. Expected by 24-11-2026 21:10. Keep this "
		  "number to track "
		  "it. -KMC" },
		{ "registered", LANG_BN, NULL,
		  "অভিযোগ 2611 0000 0016 (ম্যানহোলের ঢাকনা নেই কিংবা) নথিভুক্ত হল। সমাধানের সময়সীমা 24-11-2026 21:10। নম্বরটি রেখে "
		  "দিন। -KMC" },
		/* what was so at the event, not what is so now; a duplicate's complainant reads of their own number */
		{ "registered", LANG_EN,
		  "{\"number\":\"261100000024\",\"subcategory\":\"PRK-01\",\"due\":\"2026-12-31T18:30:00Z\"}",
		  "Complaint 2611 0000 0024 (Three) is registered. Expected by 01-01-2027 00:00. Keep this number to track it. "
		  "-KMC" },
		/* the last day of the window, in Kolkata */
		{ "resolved", LANG_EN, "{\"link\":\"261100000016AbCdEfGh_-345678\",\"until\":\"2026-12-03T18:30:00Z\"}",
		  "Complaint 2611 0000 0016 is resolved. Please rate it, or reopen it by 04-12-2026: " SITE
		  "/r#261100000016AbCdEfGh_-345678 -KMC" },
		{ "resolved", LANG_EN, "{\"until\":\"2026-12-03T18:30:00Z\"}", "the template cannot be filled" },
		{ "transferred", LANG_HI, NULL,
		  "शिकायत 2611 0000 0016 इस विभाग को भेजी गई: पेयजल, नाली एवं मलजल निकासी। समय सीमा 24-11-2026 21:10। -KMC" },
		{ "lme_refused", LANG_EN, "{\"reason\":\"It is\\nyours\"}",
		  "Complaint 2611 0000 0016, ward 144 stays with you, reassignment refused: It is yours. Please act by 24-11-2026 "
		  "21:10. -KMC" },
		/* a Bengali reason in an English text: cut more, for two parts */
		{ "lme_refused", LANG_EN, "{\"reason\":\"এই ম্যানহোল আপনার এলাকাতেই পড়ে বলে\"}",
		  "Complaint 2611 0000 0016, ward 144 stays with you, reassignment refused: এই ম্যানহোল আপনার. Please act by "
		  "24-11-2026 21:10. "
		  "-KMC" },
		/* no words with the event, or none that are anybody's business */
		{ "lme_directed", LANG_BN, "{\"reason\":null}",
		  "অভিযোগ 2611 0000 0016, ওয়ার্ড 144: ঊর্ধ্বতন আধিকারিকের নির্দেশ: অভিযোগে দেখুন। সময়সীমা 24-11-2026 21:10। -KMC" },
		{ "gro_vacated", LANG_EN, NULL,
		  "The officer of complaint 2611 0000 0016, ward 144, has left; it is now with Kumar Purnendu Bandyopadhyay. Due "
		  "24-11-2026 "
		  "21:10. -KMC" },
		{ "gro_vacated", LANG_BN, NULL,
		  "অভিযোগ 2611 0000 0016, ওয়ার্ড 144: আধিকারিক দায়িত্ব ছেড়েছেন, এখন কুমার পূর্ণেন্দু। সময়সীমা 24-11-2026 21:10। -KMC" },
		{ "holder_rated", LANG_EN, "{\"rating\":4}",
		  "Complaint 2611 0000 0016 (Manhole cover missing or, ward 144): the citizen gave 4 of 5 for your work. -KMC" },
		{ "holder_rated", LANG_EN, "{\"rating\":42}", "the template cannot be filled" },
		{ "co_overdue", LANG_EN, NULL,
		  "Complaint 2611 0000 0016 (Manhole cover missing or, ward 144), level 2, was due 24-11-2026 21:10 and is still "
		  "open. Please "
		  "step in. -KMC" },
		{ "merged", LANG_EN, "{\"parent\":\"261100000024\"}",
		  "Complaint 2611 0000 0016 is joined to complaint 2611 0000 0024 on the same problem. You will get its updates. "
		  "-KMC" },
		{ "no_such_template", LANG_EN, NULL, "no such template" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		json_t *payload = rows[i].payload == NULL ? NULL : json_loads(rows[i].payload, 0, NULL);
		struct outbox_message m = message(rows[i].template, rows[i].lang, payload);
		struct sms sms;

		assert_string_equal(text_of(&m, &sms), rows[i].text);
	}
}

static void
test_notify_text__a_changed_text_holds_for_the_next_message(void **state UNUSED)
{
	struct outbox_message m = message("registered", LANG_EN, NULL);
	const struct wording_edit edit = { .code = SPAN("registered"),
					   .lang = LANG_EN,
					   .text = SPAN("We have {number}."),
					   .dlt_id = SPAN("1107000000000000001"),
					   .staff_id = 3,
					   .now_ms = MONDAY_MS };
	struct sms sms;

	assert_int_equal(wording_change(one.db, one.a, &edit), E_OK);
	assert_string_equal(text_of(&m, &sms), "We have 2611 0000 0016.");
	assert_true(span_eq(sms.template_id, edit.dlt_id));
}

static void
test_notify_text__refuses_whom_it_cannot_reach(void **state UNUSED)
{
	struct outbox_message m = message("registered", LANG_EN, NULL);
	struct sms sms;

	m.recipient_id = 5; /* has left since */
	assert_string_equal(text_of(&m, &sms), "no mobile number");
	m.recipient_id = 2; /* never gave one */
	assert_string_equal(text_of(&m, &sms), "no mobile number");
	m.recipient = RECIPIENT_CITIZEN;
	m.recipient_id = 12345;
	assert_string_equal(text_of(&m, &sms), "no mobile number");
	m.recipient_id = citizen_new(&one, "9830054321", "bn");
	(void)text_of(&m, &sms);
	assert_string_equal(sms.to, "+919830054321");
	m.payload_sealed = SPAN("not sealed by us at all, and long enough to be looked at");
	assert_string_equal(text_of(&m, &sms), "the payload cannot be opened");
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_notify_text__fills_every_template_in_every_language),
		cmocka_unit_test(test_notify_text__says_what_it_should),
		cmocka_unit_test(test_notify_text__a_changed_text_holds_for_the_next_message),
		cmocka_unit_test(test_notify_text__refuses_whom_it_cannot_reach),
	};
	return cmocka_run_group_tests_name("notify_text", tests, group_up, seeded_down);
}
