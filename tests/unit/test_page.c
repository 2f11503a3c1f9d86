/* Pages as eKMC1.0 writes them, and rubbish, through the profiles that are shipped. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <time.h>

#include "bridge/page.h"
#include "bridge/text.h"
#include "core/buf.h"

#include "ekmc1_pages.h"

#define MUCH    (2 << 20)
#define MUCH_MS 6000 /* 400 by itself, 2300 under ASan; what is not linear takes minutes */

static struct arena *arena;
static struct conf *conf[3];
static struct page_reader *reader[3];
static const char *const profiles[] = { "tests/sim/ekmc1_profiles/a.ini", "tests/sim/ekmc1_profiles/b.ini",
					"tests/sim/ekmc1_profiles/json.ini" };
enum profile { A, B, JSON };

static int
setup(void **state)
{
	char why[200];

	(void)state;
	page_global();
	arena = arena_new(4096, 8 << 20);
	for (size_t i = 0; i < ARRAY_LEN(profiles); i++) {
		conf[i] = conf_load(profiles[i], CONF_LEGACY, stderr);
		reader[i] = conf[i] == NULL ? NULL : page_reader_new(conf[i], why, sizeof(why));
		if (reader[i] == NULL)
			return -1;
	}
	return arena == NULL ? -1 : 0;
}

static int
teardown(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(profiles); i++) {
		page_reader_free(reader[i]);
		conf_free(conf[i]);
	}
	arena_free(arena);
	return 0;
}

static enum page_verdict
look(enum profile p, long http, const char *type, const char *charset, struct span body, struct span *text)
{
	struct page_answer answer = { http, span_of(type), span_of(charset), body };
	const char *why = NULL;
	enum page_verdict v;

	arena_reset(arena);
	v = page_read(reader[p], arena, &answer, text, &why);
	assert_non_null(why);
	return v;
}

static void
assert_text(struct span s, const char *expected)
{
	if (expected == NULL)
		assert_null(s.p);
	else
		assert_string_equal(s.p, expected);
}

#define BODY(text) ((struct span){ (text), sizeof(text) - 1 })

static void
test_page__windows_1252_by_the_header(void **state)
{
	struct span t[PAGE_FIELD__COUNT];

	(void)state;
	assert_int_equal(look(A, 200, "text/html", "windows-1252", BODY(PAGE_A_FOUND), t), PAGE_READ);
	assert_text(t[PAGE_NUMBER], "2023WSU004512");
	assert_text(t[PAGE_STATUS], "Under Process");
	assert_text(t[PAGE_DEPARTMENT], "Water Supply / জল সরবরাহ");
	assert_text(t[PAGE_CATEGORY], "Leakage in pipe line");
	assert_text(t[PAGE_WARD], "63");
	assert_text(t[PAGE_LODGED], "14/08/2023");
	assert_text(t[PAGE_CLOSED], NULL);
	assert_text(t[PAGE_REMARK], "Gang will attend – ‘urgent’ slip issued to A.E.(C).");
	assert_int_equal(look(A, 200, "text/html", "windows-1252", BODY(PAGE_A_MISSING), t), PAGE_MISSING);
}

static void
test_page__utf8_by_the_meta_tag(void **state)
{
	struct span t[PAGE_FIELD__COUNT];

	(void)state;
	assert_int_equal(look(B, 200, "text/html", NULL, BODY(PAGE_B_FOUND), t), PAGE_READ);
	assert_text(t[PAGE_NUMBER], "2023SWM000106");
	assert_text(t[PAGE_STATUS], "বন্ধ");
	assert_text(t[PAGE_DEPARTMENT], "জঞ্জাল অপসারণ");
	assert_text(t[PAGE_WARD], "015");
	assert_text(t[PAGE_CLOSED], "17-Jan-2023");
	assert_int_equal(look(B, 200, "text/html", NULL, BODY(PAGE_B_MISSING), t), PAGE_MISSING);
}

static void
test_page__json_by_pointers(void **state)
{
	struct span t[PAGE_FIELD__COUNT];

	(void)state;
	assert_int_equal(look(JSON, 200, "application/json", "UTF-8", BODY(PAGE_JSON_FOUND), t), PAGE_READ);
	assert_text(t[PAGE_NUMBER], "2023WSU004512");
	assert_text(t[PAGE_WARD], "63");
	assert_text(t[PAGE_CLOSED], NULL);
	assert_int_equal(look(JSON, 404, "application/json", NULL, SPAN("{\"success\":false}"), t), PAGE_MISSING);
}

static void
test_page__an_injected_remark_plays_no_other_part(void **state)
{
	struct span t[PAGE_FIELD__COUNT];

	(void)state;
	assert_int_equal(look(A, 200, "text/html", "windows-1252", BODY(PAGE_A_SPOOF), t), PAGE_READ);
	assert_text(t[PAGE_STATUS], "Under Process");
	assert_text(t[PAGE_REMARK], "noted");
}

static void
test_page__what_is_no_answer_is_bad(void **state)
{
	const struct {
		enum profile profile;
		long http;
		const char *type;
		struct span body;
	} rows[] = {
		{ A, 200, "text/html", { "", 0 } },
		{ A, 500, "text/html", SPAN("<h1>HTTP Status 500</h1>") },
		{ A, 302, "text/html", SPAN("<p class=msg>No record found") },
		{ A, 200, "application/json", SPAN("{\"success\": true}") },
		{ A, 200, NULL, SPAN("<p class=msg>No record found") },
		{ JSON, 200, "text/html", SPAN("<html>Session expired</html>") },
		/* an application server without the application */
		{ JSON, 404, "text/html", SPAN("<html>HTTP Status 404</html>") },
		{ JSON, 404, "application/json", SPAN("{\"a\":") },
		{ JSON, 500, "application/json", SPAN("{}") },
		{ JSON, 200, "application/json", SPAN("{\"a\":1,\"a\":2}") },
		{ JSON, 200, "application/json", SPAN("[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]") },
	};
	struct span t[PAGE_FIELD__COUNT];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (look(rows[i].profile, rows[i].http, rows[i].type, NULL, rows[i].body, t) != PAGE_BAD)
			fail_msg("row %zu", i);
}

static void
test_page__another_page_has_no_number(void **state)
{
	struct span t[PAGE_FIELD__COUNT];

	(void)state;
	assert_int_equal(look(A, 200, "text/html", NULL, SPAN("<html><body>Session expired"), t), PAGE_READ);
	assert_text(t[PAGE_NUMBER], NULL);
	assert_int_equal(look(A, 200, "text/html", "no-such-charset", SPAN("<td class=lbl>\xff\xfe\x00\x01"), t), PAGE_READ);
	assert_int_equal(look(JSON, 200, "application/json", NULL, SPAN("{\"data\":[1,{\"complaint\":null}]}"), t), PAGE_READ);
	assert_text(t[PAGE_NUMBER], NULL);
}

/* Time this thread has worked: the machine may be busy with other tests. */
static int64_t
worked_ms(void)
{
	struct timespec t;

	assert_int_equal(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t), 0);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* 2 MB of one pattern, read within a time that a reactor can spare. */
static void
read_much(enum profile p, const char *head, const char *pattern)
{
	struct buf body = BUF_INIT(MUCH);
	struct span t[PAGE_FIELD__COUNT];
	int64_t begun;

	buf_text(&body, head);
	while (body.len + strlen(pattern) < MUCH)
		buf_text(&body, pattern);
	begun = worked_ms();
	(void)look(p, 200, p == JSON ? "application/json" : "text/html", NULL, buf_view(&body), t);
	begun = worked_ms() - begun;
	buf_release(&body);
	if (begun > MUCH_MS)
		fail_msg("%s: %lld ms", pattern, (long long)begun);
}

static void
test_page__much_rubbish_takes_bounded_time(void **state)
{
	static const char *const patterns[] = {
		"<td class=lbl>Note&nbsp;:<td class=val>seen</tr>\n",
		"<div>",
		"<table><tr><td>",
		"<td class=lbl>Remarks<td>",
		"<b><i><p>",
		"<a href=x><font>",
		"</p></div>",
		"<script>",
		"<!-- ",
		"<",
		"&",
		"&#x110000;",
		"&nbsp;",
		"\xff\x00\x01<\x80",
		"a='\"><p class=msg>No record found",
		"<x y=",
		"<select><option>",
		"<ul><li><form>",
	};
	struct buf noise = BUF_INIT(4100);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(patterns); i++) {
		read_much(A, "<html><body>", patterns[i]);
		read_much(B, "<html><table id=grvList>", patterns[i]);
	}
	for (uint32_t x = 1; noise.len < 4096; x = x * 1664525 + 1013904223)
		buf_char(&noise, (char)(x >> 24 == 0 ? 1 : x >> 24));
	read_much(A, "", noise.data);
	buf_release(&noise);
	read_much(JSON, "[", "{},");
	read_much(JSON, "", "[");
}

static void
test_text__clean(void **state)
{
	const struct {
		struct span raw;
		size_t max;
		const char *expected;
	} rows[] = {
		{ SPAN("plain"), 10, "plain" },
		{ SPAN("  a \t\r\n b  "), 10, "a b" },
		{ SPAN("a\xc2\xa0\xe2\x80\x89 b"), 10, "a b" },
		{ SPAN("start \x07\x1b[31m\xe2\x80\xae x"), 50, "start [31m x" },
		{ SPAN("a\xff\xc0\x80"
		       "b\xed\xa0\x80"
		       "c"),
		  10, "abc" },
		{ SPAN("ক্\xe2\x80\x8dষ"), 10, "ক্\xe2\x80\x8dষ" },
		{ SPAN("জল সরবরাহ"), 3, "জল" },
		{ SPAN("abcdef"), 3, "abc" },
		{ SPAN("ab cdef"), 3, "ab" },
		{ SPAN("\x01\x02 \xe2\x80\x8b"), 10, NULL },
		{ SPAN(""), 10, NULL },
		{ { NULL, 0 }, 10, NULL },
		{ SPAN("a\0b"), 10, "ab" },
		{ SPAN("<script>alert(1)</script>"), 50, "<script>alert(1)</script>" },
	};
	bool failed = false;

	(void)state;
	arena_reset(arena);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_text(text_clean(arena, rows[i].raw, rows[i].max, &failed), rows[i].expected);
		assert_false(failed);
	}
}

static void
test_page__wrong_expressions_are_named(void **state)
{
	struct conf c = *conf[A];
	char why[200];

	(void)state;
	c.legacy.ward = "//td[";
	assert_null(page_reader_new(&c, why, sizeof(why)));
	assert_non_null(strstr(why, "legacy.ward"));
	c = *conf[A];
	c.legacy.not_found = "http:200";
	assert_null(page_reader_new(&c, why, sizeof(why)));
	assert_non_null(strstr(why, "legacy.not_found"));
	c = *conf[JSON];
	c.legacy.remark = "data/remark";
	assert_null(page_reader_new(&c, why, sizeof(why)));
	assert_non_null(strstr(why, "legacy.remark"));
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_page__windows_1252_by_the_header),
		cmocka_unit_test(test_page__utf8_by_the_meta_tag),
		cmocka_unit_test(test_page__json_by_pointers),
		cmocka_unit_test(test_page__an_injected_remark_plays_no_other_part),
		cmocka_unit_test(test_page__what_is_no_answer_is_bad),
		cmocka_unit_test(test_page__another_page_has_no_number),
		cmocka_unit_test(test_page__much_rubbish_takes_bounded_time),
		cmocka_unit_test(test_text__clean),
		cmocka_unit_test(test_page__wrong_expressions_are_named),
	};

	return cmocka_run_group_tests_name("page", tests, setup, teardown);
}
