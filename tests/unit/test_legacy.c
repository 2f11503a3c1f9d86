/* eKMC1.0's numbers, requests, words and dates; what Redis keeps of them; names that stand in sql/seed too. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "bridge/adapter.h"
#include "bridge/legacy_answer.h"
#include "bridge/legacy_record.h"
#include "bridge/page.h"
#include "core/clock.h"
#include "core/log.h"

#include "ekmc1_pages.h"

#define NOW INT64_C(1700000000000)

static struct arena *arena;
static struct conf *conf;
static struct adapter *adapter;
static int warnings;

static void
count_line(const char *line, size_t n, void *arg)
{
	(void)line;
	(void)n;
	(void)arg;
	warnings++;
}

static int
setup(void **state)
{
	char why[200];

	(void)state;
	page_global();
	log_init("test", LOG_WARN);
	/* the profile has PORT there, for whoever starts the simulator */
	(void)setenv("EKMC_LEGACY_URL", "http://127.0.0.1:1/a/search", 1);
	(void)setenv("EKMC_LEGACY_OLD_PAGE", "http://127.0.0.1:1/", 1);
	arena = arena_new(4096, 4 << 20);
	conf = conf_load("tests/sim/ekmc1_profiles/a.ini", CONF_LEGACY, stderr);
	if (arena == NULL || conf == NULL)
		return -1;
	adapter = adapter_new(conf, why, sizeof(why));
	if (adapter == NULL)
		(void)fprintf(stderr, "%s\n", why);
	return adapter == NULL ? -1 : 0;
}

static int
teardown(void **state)
{
	(void)state;
	adapter_free(adapter);
	conf_free(conf);
	arena_free(arena);
	return 0;
}

static void
test_adapter__numbers_are_forgiven(void **state)
{
	const struct {
		struct span typed;
		const char *expected;
	} rows[] = {
		{ SPAN("2023WSU004512"), "2023WSU004512" },
		{ SPAN("2023/wsu/004512"), "2023WSU004512" },
		{ SPAN(" 2023-WSU 004512\t"), "2023WSU004512" },
		{ SPAN("২০২৩WSU০০৪৫১২"), "2023WSU004512" },
		{ SPAN("२०२३.wsu.००४५१२"), "2023WSU004512" },
		{ SPAN("2023WSU\xe2\x80\x93"
		       "004512"),
		  "2023WSU004512" },
		{ SPAN("2023WSU00451"), NULL },
		{ SPAN("2023WSU0045123"), NULL },
		{ SPAN("2023WSU004512x"), NULL },
		{ SPAN("2023WSU004512&lang=bn"), NULL },
		{ SPAN("2023WSU004512#"), NULL },
		{ SPAN("2023WSU004512\r\nX: y"), NULL },
		{ SPAN("2023WSU004512\0"), NULL },
		{ SPAN("2023WSU004512\xff"), NULL },
		{ SPAN("{number}"), NULL },
		{ SPAN(""), NULL },
		{ SPAN("🦜"), NULL },
		{ SPAN("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"), NULL },
	};
	char out[LEGACY_NUMBER_SIZE];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		bool fits = adapter_number(adapter, rows[i].typed, out);

		if (fits != (rows[i].expected != NULL))
			fail_msg("row %zu", i);
		if (fits)
			assert_string_equal(out, rows[i].expected);
	}
}

static void
test_adapter__hostile_numbers_stay_one_value(void **state)
{
	struct fetch_request r;

	(void)state;
	assert_true(adapter_request(adapter, arena, "A/b&c=d#e?f%g h+\xe0\xa6\x95\r\n\"<~-._", &r));
	assert_string_equal(r.url, "http://127.0.0.1:1/a/search?cno="
				   "A%2Fb%26c%3Dd%23e%3Ff%25g%20h%2B%E0%A6%95%0D%0A%22%3C~-._&lang=en");
	assert_false(r.post);
}

static void
test_adapter__the_number_may_stand_in_path_and_form(void **state)
{
	struct conf c = *conf;
	struct fetch_request r;
	struct adapter *d;
	char why[200];

	(void)state;
	c.legacy.url = "https://old.example.org/x/{number}/y?v=1";
	c.legacy.query = "n={number}";
	c.legacy.method = METHOD_POST;
	c.legacy.form = "complaintNo={number}&act={number}";
	d = adapter_new(&c, why, sizeof(why));
	assert_non_null(d);
	assert_true(adapter_request(d, arena, "1/2", &r));
	assert_string_equal(r.url, "https://old.example.org/x/1%2F2/y?v=1&n=1%2F2");
	assert_true(r.post);
	assert_true(span_eq(r.body, SPAN("complaintNo=1%2F2&act=1%2F2")));
	adapter_free(d);
}

static void
test_adapter__wrong_settings_are_named(void **state)
{
	const struct {
		size_t offset;
		const char *value, *key;
	} rows[] = {
		{ offsetof(struct conf, legacy.url), "http://old.example.org/", "legacy.url" },
		{ offsetof(struct conf, legacy.url), "https://{number}.example.org/", "legacy.url" },
		{ offsetof(struct conf, legacy.url), "https://example.org{number}", "legacy.url" },
		{ offsetof(struct conf, legacy.query), "cno=1", "legacy.url" },
		{ offsetof(struct conf, legacy.old_page), "javascript:alert(1)", "legacy.old_page" },
		{ offsetof(struct conf, legacy.old_page), "http://a/>; rel=x", "legacy.old_page" },
		{ offsetof(struct conf, legacy.number_pattern), "([", "legacy.number_pattern" },
		{ offsetof(struct conf, legacy.status_map), "Done=FINISHED", "legacy.status_map" },
		{ offsetof(struct conf, legacy.status_map), "Done=RESOLVED, Done=CLOSED", "legacy.status_map" },
		{ offsetof(struct conf, legacy.status_map), "Done", "legacy.status_map" },
		{ offsetof(struct conf, legacy.status_map), "=RESOLVED", "legacy.status_map" },
		{ offsetof(struct conf, legacy.status), "//td[", "legacy.status" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct conf c = *conf;
		char why[200];

		memcpy((char *)&c + rows[i].offset, &rows[i].value, sizeof(rows[i].value));
		assert_null(adapter_new(&c, why, sizeof(why)));
		if (strncmp(why, rows[i].key, strlen(rows[i].key)) != 0)
			fail_msg("row %zu: %s", i, why);
	}
}

static enum adapter_verdict
look(const char *number, struct span body, struct legacy_case *out)
{
	struct fetch_result answer = {
		.status = FETCH_OK, .http = 200, .type = SPAN("text/html"), .charset = SPAN("windows-1252"), .body = body
	};
	const char *why;

	arena_reset(arena);
	return adapter_read(adapter, arena, number, &answer, out, &why);
}

#define BODY(text) ((struct span){ (text), sizeof(text) - 1 })

static void
test_adapter__a_page_is_a_complaint_of_the_asked_number(void **state)
{
	struct legacy_case c;

	(void)state;
	assert_int_equal(look("2023WSU004512", BODY(PAGE_A_FOUND), &c), ADAPTER_FOUND);
	assert_string_equal(c.number, "2023WSU004512");
	assert_int_equal(c.state, IN_PROGRESS);
	assert_int_equal(c.ward, 63);
	assert_int_equal(c.lodged_ms, clock_kolkata_midnight_ms(2023, 8, 14));
	assert_true(c.closed_ms == CLOCK_NONE);
	assert_int_equal(look("2023WSU004513", BODY(PAGE_A_FOUND), &c), ADAPTER_BAD);
	assert_int_equal(look("2023WSU999999", BODY(PAGE_A_MISSING), &c), ADAPTER_MISSING);
	assert_int_equal(look("2023WSU999999", SPAN("<html>Please log in"), &c), ADAPTER_BAD);
}

static void
test_adapter__an_unknown_word_is_odd_and_told_once(void **state)
{
	const struct span page = SPAN("<table><tr><td class=lbl>Complaint&nbsp;No<td>2023/WSU/000001"
				      "<tr><td class=lbl>Status<td>Gone to the moon</table>");
	const struct span none = SPAN("<table><tr><td class=lbl>Complaint&nbsp;No<td>2023/WSU/000001</table>");
	struct legacy_case c;

	(void)state;
	log_sink(count_line, NULL);
	warnings = 0;
	for (int i = 0; i < 5; i++)
		assert_int_equal(look("2023WSU000001", page, &c), ADAPTER_ODD);
	assert_int_equal(warnings, 1);
	assert_int_equal(look("2023WSU000001", none, &c), ADAPTER_BAD);
	log_sink(NULL, NULL);
}

static void
test_adapter__dates(void **state)
{
	const struct {
		const char *format;
		struct span text;
		const char *expected; /* NULL: not a date */
	} rows[] = {
		{ "%d/%m/%Y", SPAN("14/08/2023"), "2023-08-13T18:30:00.000Z" },
		{ "%d/%m/%Y", SPAN("১৪/০৮/২০২৩"), "2023-08-13T18:30:00.000Z" },
		{ "%d-%b-%Y", SPAN("14-Aug-2023"), "2023-08-13T18:30:00.000Z" },
		{ "%d/%m/%Y %H:%M", SPAN("12/07/2024 23:59"), "2024-07-12T18:29:00.000Z" },
		{ "%Y-%m-%dT%H:%M:%S%z", SPAN("2023-08-14T10:15:00+05:30"), "2023-08-14T04:45:00.000Z" },
		{ "%Y-%m-%dT%H:%M:%S%z", SPAN("2023-08-14T10:15:00Z"), "2023-08-14T10:15:00.000Z" },
		{ "%Y-%m-%dT%H:%M:%S%z", SPAN("2023-08-14T10:15:00"), NULL },
		{ "%d/%m/%Y", SPAN("29/02/2024"), "2024-02-28T18:30:00.000Z" },
		{ "%d/%m/%Y", SPAN("29/02/2023"), NULL },
		{ "%d/%m/%Y", SPAN("31/04/2023"), NULL },
		{ "%d/%m/%Y", SPAN("14/08/2023 x"), NULL },
		{ "%d/%m/%Y", SPAN("14/08/0023"), NULL },
		{ "%d/%m/%Y", SPAN("14/08/9999"), NULL },
		{ "%d/%m/%Y", SPAN("soon"), NULL },
		{ "%d/%m/%Y", SPAN(""), NULL },
		{ "", SPAN("14/08/2023"), NULL },
		{ "%d/%m/%Y", SPAN("                                                                      14/08/2023"), NULL },
	};
	char at[CLOCK_TEXT_SIZE];
	int64_t ms;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		bool ok = adapter_time(rows[i].format, rows[i].text, &ms);

		if (ok != (rows[i].expected != NULL))
			fail_msg("row %zu", i);
		if (ok)
			assert_string_equal(clock_text(ms, at), rows[i].expected);
	}
}

static struct legacy_record
sample(void)
{
	struct legacy_case c = { .number = "2023WSU004512",
				 .state = CLOSED,
				 .ward = 63,
				 .lodged_ms = NOW - 100000,
				 .closed_ms = CLOCK_NONE,
				 .department = SPAN("জল সরবরাহ"),
				 .remark = SPAN("a \"quoted\" <b>") };

	return (struct legacy_record){ .found = true, .fetched_ms = NOW, .complaint = c };
}

static void
test_record__round_trip(void **state)
{
	struct buf text = BUF_INIT(10000);
	struct legacy_record r, whole = sample();

	(void)state;
	arena_reset(arena);
	legacy_record_encode(&whole, "2023WSU004512", &text);
	assert_false(text.failed);
	assert_true(legacy_record_decode(arena, buf_view(&text), "2023WSU004512", NOW, &r));
	assert_true(r.found);
	assert_int_equal(r.fetched_ms, NOW);
	assert_string_equal(r.complaint.number, "2023WSU004512");
	assert_int_equal(r.complaint.state, CLOSED);
	assert_int_equal(r.complaint.ward, 63);
	assert_int_equal(r.complaint.lodged_ms, NOW - 100000);
	assert_true(r.complaint.closed_ms == CLOCK_NONE);
	assert_true(span_eq(r.complaint.department, whole.complaint.department));
	assert_null(r.complaint.category.p);
	assert_true(span_eq(r.complaint.remark, whole.complaint.remark));
	/* another number's, or one of the future */
	assert_false(legacy_record_decode(arena, buf_view(&text), "2023WSU004513", NOW, &r));
	assert_false(legacy_record_decode(arena, buf_view(&text), "2023WSU004512", NOW - 3600000, &r));
	/* every cut of it is a miss */
	for (size_t n = 0; n < text.len; n++)
		assert_false(legacy_record_decode(arena, (struct span){ text.data, n }, "2023WSU004512", NOW, &r));
	buf_clear(&text);
	legacy_record_encode(&(struct legacy_record){ .found = false, .fetched_ms = NOW }, "N", &text);
	assert_true(legacy_record_decode(arena, buf_view(&text), "N", NOW, &r));
	assert_false(r.found);
	buf_release(&text);
}

#define HEAD "{\"v\":1,\"number\":\"N\",\"fetched\":1000,\"found\":"
#define TAIL "\"lodged\":null,\"closed\":null,\"department\":null,\"category\":null,\"remark\":null}"

static void
test_record__bad_content_is_a_miss(void **state)
{
	const struct {
		struct span text;
		bool good;
	} rows[] = {
		{ SPAN(HEAD "true,\"state\":\"CLOSED\",\"ward\":1," TAIL), true },
		{ SPAN(HEAD "true,\"state\":\"CLOSED\",\"ward\":null," TAIL), true },
		{ SPAN(HEAD "false}"), true },
		{ SPAN(HEAD "true}"), false },
		{ SPAN(HEAD "1}"), false },
		{ SPAN(HEAD "true,\"state\":\"NOPE\",\"ward\":1," TAIL), false },
		{ SPAN(HEAD "true,\"state\":7,\"ward\":1," TAIL), false },
		{ SPAN(HEAD "true,\"state\":\"CLOSED\",\"ward\":145," TAIL), false },
		{ SPAN(HEAD "true,\"state\":\"CLOSED\",\"ward\":-1," TAIL), false },
		{ SPAN(HEAD "true,\"state\":\"CLOSED\",\"ward\":\"1\"," TAIL), false },
		{ SPAN("{\"v\":2,\"number\":\"N\",\"fetched\":1000,\"found\":false}"), false },
		{ SPAN("{\"v\":1,\"number\":\"N\",\"fetched\":-1,\"found\":false}"), false },
		{ SPAN("{\"v\":1,\"number\":\"N\",\"fetched\":\"x\",\"found\":false}"), false },
		{ SPAN("{\"v\":1,\"number\":null,\"fetched\":1000,\"found\":false}"), false },
		{ SPAN("[]"), false },
		{ SPAN("null"), false },
		{ SPAN("\x00\xff"), false },
		{ { NULL, 0 }, false },
	};
	struct legacy_record r;

	(void)state;
	arena_reset(arena);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (legacy_record_decode(arena, rows[i].text, "N", NOW, &r) != rows[i].good)
			fail_msg("row %zu", i);
}

static void
test_answer__the_age_is_told_of_stale_copies_only(void **state)
{
	struct legacy_record r = sample();
	json_t *fresh = legacy_answer(&r.complaint, false, 77), *stale = legacy_answer(&r.complaint, true, 77);

	(void)state;
	assert_non_null(fresh);
	assert_non_null(stale);
	assert_int_equal(json_integer_value(json_object_get(fresh, "age_s")), 0);
	assert_int_equal(json_integer_value(json_object_get(stale, "age_s")), 77);
	assert_true(json_is_true(json_object_get(stale, "stale")));
	assert_int_equal(json_integer_value(json_object_get(fresh, "borough")), 7);
	assert_int_equal(json_array_size(json_object_get(fresh, "timeline")), 1);
	assert_true(json_is_null(json_object_get(fresh, "subcategory")));
	json_decref(fresh);
	json_decref(stale);
}

static FILE *
seed(const char *path)
{
	FILE *f = fopen(path, "re");

	assert_non_null(f);
	return f;
}

static void
test_names__are_those_of_the_seed(void **state)
{
	char line[1024], expected[1024];
	FILE *f = seed("sql/seed/states.csv");
	int n = 0;

	(void)state;
	assert_non_null(fgets(line, sizeof(line), f));
	for (; fgets(line, sizeof(line), f) != NULL; n++) {
		assert_in_range(n, 0, STATE__COUNT - 1);
		(void)snprintf(expected, sizeof(expected), "%s,%s,%s,%s\n", state_name((enum state)n),
			       legacy_states[n].name[LANG_EN], legacy_states[n].name[LANG_BN], legacy_states[n].name[LANG_HI]);
		assert_string_equal(line, expected);
	}
	(void)fclose(f);
	assert_int_equal(n, STATE__COUNT);
}

static void
test_boroughs__are_those_of_the_seed(void **state)
{
	char line[64], expected[64];
	FILE *f = seed("sql/seed/wards.csv");
	int n = 0;

	(void)state;
	assert_non_null(fgets(line, sizeof(line), f));
	while (fgets(line, sizeof(line), f) != NULL) {
		n++;
		(void)snprintf(expected, sizeof(expected), "%d,%d\n", n, legacy_borough(n));
		assert_string_equal(line, expected);
	}
	(void)fclose(f);
	assert_int_equal(n, LEGACY_WARDS);
	assert_int_equal(legacy_borough(0), 0);
	assert_int_equal(legacy_borough(145), 0);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_adapter__numbers_are_forgiven),
		cmocka_unit_test(test_adapter__hostile_numbers_stay_one_value),
		cmocka_unit_test(test_adapter__the_number_may_stand_in_path_and_form),
		cmocka_unit_test(test_adapter__wrong_settings_are_named),
		cmocka_unit_test(test_adapter__a_page_is_a_complaint_of_the_asked_number),
		cmocka_unit_test(test_adapter__an_unknown_word_is_odd_and_told_once),
		cmocka_unit_test(test_adapter__dates),
		cmocka_unit_test(test_record__round_trip),
		cmocka_unit_test(test_record__bad_content_is_a_miss),
		cmocka_unit_test(test_answer__the_age_is_told_of_stale_copies_only),
		cmocka_unit_test(test_names__are_those_of_the_seed),
		cmocka_unit_test(test_boroughs__are_those_of_the_seed),
	};

	return cmocka_run_group_tests_name("legacy", tests, setup, teardown);
}
