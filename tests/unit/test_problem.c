/* What problems promise: nothing without a text, in every language, and the members RFC 9457 and the contract ask for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "core/json.h"
#include "core/scan.h"
#include "http/problem.h"

static struct arena *arena;

static int
setup(void **state)
{
	(void)state;
	arena = arena_new(4096, 1 << 20);
	return arena == NULL ? -1 : 0;
}

static int
teardown(void **state)
{
	(void)state;
	arena_free(arena);
	return 0;
}

static bool
has_letter_of(const char *text, int32_t from, int32_t to)
{
	struct span s = span_of(text);

	for (size_t i = 0; i < s.n;) {
		int32_t c = scan_utf8_next(s, &i);

		if (c >= from && c <= to)
			return true;
		assert_true(c >= 0);
	}
	return false;
}

/* Each language in its own script, and no forgotten mark of an editor. */
static void
check_texts(const char *const *detail)
{
	static const struct {
		int32_t from, to;
	} scripts[LANG__COUNT] = { [LANG_EN] = { 'a', 'z' }, [LANG_BN] = { 0x980, 0x9ff }, [LANG_HI] = { 0x900, 0x963 } };

	for (int l = 0; l < LANG__COUNT; l++) {
		size_t chars = 0;

		assert_non_null(detail[l]);
		assert_true(scan_utf8(span_of(detail[l]), &chars));
		assert_true(chars > 5);
		assert_true(has_letter_of(detail[l], scripts[l].from, scripts[l].to));
		assert_null(strstr(detail[l], "TODO"));
		/* and no other script of the three in it; the danda is shared */
		for (int other = LANG_BN; other < LANG__COUNT; other++)
			if (other != l)
				assert_false(has_letter_of(detail[l], scripts[other].from, scripts[other].to));
	}
}

static void
test_problem__every_status_has_a_row(void **state)
{
	(void)state;
	for (int i = 0; i < STATUS__COUNT; i++) {
		const struct problem_text *t = &problems[i];

		assert_non_null(t->code);
		assert_true(scan_token(span_of(t->code), "abcdefghijklmnopqrstuvwxyz_", 2, 40));
		assert_string_equal(problem_code((enum status)i), t->code);
		if (i == E_OK)
			continue;
		check_texts(t->title);
		assert_in_range(t->http, 400, 503);
		check_texts(t->detail);
		/* one code, one meaning */
		for (int k = 1; k < i; k++)
			if (strcmp(problems[k].code, t->code) == 0)
				assert_int_equal(problems[k].http, t->http);
	}
}

static void
test_problem__every_field_code_has_a_row(void **state)
{
	(void)state;
	for (int i = 0; i < FIELD_CODE__COUNT; i++) {
		const struct field_text *t = &field_texts[i];

		assert_non_null(t->code);
		assert_true(scan_token(span_of(t->code), "abcdefghijklmnopqrstuvwxyz_", 2, 40));
		check_texts(t->detail);
		for (int k = 0; k < i; k++)
			assert_string_not_equal(field_texts[k].code, t->code);
		/* what one language mentions all do */
		for (int l = 1; l < LANG__COUNT; l++) {
			assert_int_equal(strstr(t->detail[l], "{min}") == NULL, strstr(t->detail[0], "{min}") == NULL);
			assert_int_equal(strstr(t->detail[l], "{max}") == NULL, strstr(t->detail[0], "{max}") == NULL);
			assert_int_equal(strstr(t->detail[l], "{expected}") == NULL, strstr(t->detail[0], "{expected}") == NULL);
		}
	}
}

/* The codes the contract promises, at the status it promises. */
static void
test_problem__codes_are_those_of_the_contract(void **state)
{
	static const struct {
		enum status st;
		int http;
		const char *code;
	} cases[] = {
		{ E_MALFORMED, 400, "malformed" },
		{ E_UNAUTHENTICATED, 401, "unauthenticated" },
		{ E_OTP_WRONG, 401, "otp_wrong" },
		{ E_OTP_SPENT, 401, "otp_spent" },
		{ E_LOGIN_WRONG, 401, "login_wrong" },
		{ E_TOTP_NEEDED, 401, "totp_needed" },
		{ E_FORBIDDEN, 403, "forbidden" },
		{ E_CSRF, 403, "csrf" },
		{ E_PASSWORD_CHANGE, 403, "password_change" },
		{ E_NOT_FOUND, 404, "not_found" },
		{ E_NO_ROUTE, 404, "no_route" },
		{ E_OTHER_SYSTEM, 404, "other_system" },
		{ E_METHOD, 405, "method_not_allowed" },
		{ E_LINK_SPENT, 410, "link_spent" },
		{ E_STALE, 409, "changed_meanwhile" },
		{ E_ILLEGAL_MOVE, 409, "illegal_move" },
		{ E_STILL_RUNNING, 409, "still_running" },
		{ E_TOTP_STATE, 409, "totp_state" },
		{ E_HOLDS_WORK, 409, "holds_complaints" },
		{ E_LAST_ADMIN, 409, "last_admin" },
		{ E_CONFIRM, 409, "confirm_needed" },
		{ E_TOO_LARGE, 413, "too_large" },
		{ E_MEDIA_TYPE, 415, "unsupported_media_type" },
		{ E_INVALID, 422, "invalid" },
		{ E_MISTYPED, 422, "mistyped" },
		{ E_OUTSIDE_KOLKATA, 422, "outside_kolkata" },
		{ E_KEY_REUSED, 422, "key_reused" },
		{ E_RATE, 429, "rate_limited" },
		{ E_OTP_LIMIT, 429, "otp_limit" },
		{ E_INTERNAL, 500, "internal" },
		{ E_LEGACY_DOWN, 503, "legacy_down" },
		{ E_BUSY, 503, "unavailable" },
		{ E_CONFLICT, 503, "unavailable" },
		{ E_UNKNOWN, 503, "unavailable" },
		{ E_NOMEM, 503, "unavailable" },
	};

	(void)state;
	assert_int_equal(ARRAY_LEN(cases), STATUS__COUNT - 1);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		assert_int_equal(problems[cases[i].st].http, cases[i].http);
		assert_string_equal(problems[cases[i].st].code, cases[i].code);
	}
}

static json_t *
written(struct resp *p, const struct req *r, enum status st, const struct field_errors *errors, json_t *about, const char *why)
{
	const char *wrong = NULL;
	json_t *o = NULL;

	problem_write(p, r, st, errors, about, why);
	assert_int_equal(json_decode(arena, buf_view(&p->body), &o, &wrong), E_OK);
	return o;
}

static const char *
member(const json_t *o, const char *name)
{
	const char *text = json_string_value(json_object_get(o, name));

	return text == NULL ? "(none)" : text;
}

static void
test_problem__renders_every_status_in_every_language(void **state)
{
	struct resp p;

	(void)state;
	resp_init(&p);
	for (int st = 1; st < STATUS__COUNT; st++) {
		for (int l = 0; l < LANG__COUNT; l++) {
			const struct req r = { .lang = (enum lang)l, .request_id = "request-1" };
			char type[80], language[80];
			json_t *o;

			resp_header(&p, "Set-Cookie", "begun=1"); /* what was begun is replaced */
			o = written(&p, &r, (enum status)st, NULL, NULL, NULL);
			(void)snprintf(type, sizeof(type), "/problems/%s", problems[st].code);
			(void)snprintf(language, sizeof(language), "Content-Language: %s\r\n", lang_code((enum lang)l));
			assert_string_equal(member(o, "type"), type);
			assert_string_equal(member(o, "title"), problems[st].title[l]);
			assert_string_equal(member(o, "detail"), problems[st].detail[l]);
			assert_string_equal(member(o, "code"), problems[st].code);
			assert_string_equal(member(o, "request_id"), "request-1");
			assert_int_equal(json_integer_value(json_object_get(o, "status")), problems[st].http);
			assert_null(json_object_get(o, "errors"));
			assert_null(json_object_get(o, "hint"));
			assert_int_equal(p.http, problems[st].http);
			assert_string_equal(p.type, "application/problem+json");
			assert_int_equal(p.caching, CACHE_NEVER);
			assert_non_null(strstr(p.headers.data, language));
			assert_null(strstr(p.headers.data, "Set-Cookie"));
			assert_int_equal(strstr(p.headers.data, "WWW-Authenticate") != NULL, p.http == 401);
			assert_int_equal(p.retry_after_s > 0, p.http == 429 || p.http == 503);
		}
	}
	resp_release(&p);
}

static void
test_problem__fills_what_a_field_may_hold(void **state)
{
	static const struct {
		struct field_error e;
		enum lang lang;
		const char *detail;
	} cases[] = {
		{ { "/ward", FE_RANGE, 1, 144, NULL }, LANG_EN, "Please give a number from 1 to 144." },
		{ { "/lat", FE_RANGE, -90.5, 1e6, NULL }, LANG_EN, "Please give a number from -90.5 to 1000000." },
		{ { "/ward", FE_RANGE, 1, 144, NULL }, LANG_HI, "कृपया 1 से 144 के बीच की संख्या दें।" },
		{ { "/a", FE_TOO_LONG, 0, 4000, NULL }, LANG_EN, "This is too long; please write at most 4000 characters." },
		{ { "/a", FE_TOO_SHORT, 6, 0, NULL }, LANG_EN, "This is too short; please write at least 6 characters." },
		{ { "/a", FE_FORMAT, 0, 0, "98300 12345" },
		  LANG_EN,
		  "This is not written as needed; please write it as 98300 12345." },
		{ { "/a", FE_FORMAT, 0, 0, "{min} \"x\" \\" },
		  LANG_EN,
		  "This is not written as needed; please write it as {min} \"x\" \\." },
		{ { "/a", FE_FORMAT, 0, 0, NULL }, LANG_EN, "This is not written as needed; please write it as ." },
		{ { "", FE_REQUIRED, 0, 0, NULL }, LANG_BN, "এটি পূরণ করুন।" },
	};
	struct resp p;

	(void)state;
	resp_init(&p);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct req r = { .lang = cases[i].lang };
		struct field_errors errors = { .arena = arena };
		json_t *list, *first;

		field_error_full(&errors, &cases[i].e);
		list = json_object_get(written(&p, &r, E_INVALID, &errors, NULL, NULL), "errors");
		first = json_array_get(list, 0);
		assert_int_equal(json_array_size(list), 1);
		assert_string_equal(member(first, "pointer"), cases[i].e.pointer);
		assert_string_equal(member(first, "code"), field_texts[cases[i].e.code].code);
		assert_string_equal(member(first, "detail"), cases[i].detail);
	}
	resp_release(&p);
}

static void
test_problem__keeps_all_errors_in_order(void **state)
{
	const struct req r = { .lang = LANG_EN };
	struct field_errors errors = { .arena = arena };
	struct resp p;
	json_t *list;

	(void)state;
	resp_init(&p);
	for (int i = 0; i < FIELD_ERRORS_MAX + 5; i++) {
		char pointer[16];

		(void)snprintf(pointer, sizeof(pointer), "/f%d", i);
		field_error_add(&errors, pointer, (enum field_code)(i % FIELD_CODE__COUNT));
	}
	list = json_object_get(written(&p, &r, E_INVALID, &errors, NULL, NULL), "errors");
	assert_int_equal(json_array_size(list), FIELD_ERRORS_MAX);
	assert_string_equal(member(json_array_get(list, 0), "pointer"), "/f0");
	assert_string_equal(member(json_array_get(list, 31), "pointer"), "/f31");
	resp_release(&p);
}

static void
test_problem__adds_what_it_is_about_but_lets_nothing_be_overwritten(void **state)
{
	const struct req r = { .lang = LANG_EN, .request_id = "request-1" };
	struct resp p;
	json_t *about = json_pack("{s:s, s:s, s:s, s:i, s:s}", "state", "WITHDRAWN", "code", "forged", "detail", "more", "status",
				  200, "request_id", "forged");
	json_t *o;

	(void)state;
	resp_init(&p);
	o = written(&p, &r, E_ILLEGAL_MOVE, NULL, about, "a hint");
	assert_string_equal(member(o, "state"), "WITHDRAWN");
	assert_string_equal(member(o, "hint"), "a hint");
	assert_string_equal(member(o, "code"), "illegal_move");
	assert_string_equal(member(o, "detail"), "more"); /* the one text that a refusal may put better */
	assert_string_equal(member(o, "request_id"), "request-1");
	assert_int_equal(json_integer_value(json_object_get(o, "status")), 409);
	assert_int_equal(json_object_size(about), 5); /* the caller's own is untouched */
	json_decref(about);
	resp_release(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_problem__every_status_has_a_row),
		cmocka_unit_test(test_problem__every_field_code_has_a_row),
		cmocka_unit_test(test_problem__codes_are_those_of_the_contract),
		cmocka_unit_test(test_problem__renders_every_status_in_every_language),
		cmocka_unit_test(test_problem__fills_what_a_field_may_hold),
		cmocka_unit_test(test_problem__keeps_all_errors_in_order),
		cmocka_unit_test(test_problem__adds_what_it_is_about_but_lets_nothing_be_overwritten),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
