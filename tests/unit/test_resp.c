/* What an answer promises: an ETag compared as RFC 9110 says, no body where none may be, no header from outside. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "fcgi_peer.h"
#include "http/resp.h"

static struct buf answer;

static int
setup(void **state)
{
	(void)state;
	buf_init(&answer, PEER_BYTES);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	buf_release(&answer);
	return 0;
}

/* Sends `p` as the answer to a request of this method and If-None-Match, through libfcgi, into `answer`. */
static void
send_to(struct resp *p, enum method method, const char *none_match)
{
	static const char *const params[] = { "REQUEST_METHOD", "GET", NULL };
	char header[300];
	char *envp[] = { header, NULL };
	const struct req r = { .method = method, .request_id = "request-1", .envp = none_match == NULL ? envp + 1 : envp };
	struct fcgi_here h;

	(void)snprintf(header, sizeof(header), "HTTP_IF_NONE_MATCH=%s", none_match == NULL ? "" : none_match);
	fcgi_here_open(&h, params, SPAN(""));
	resp_send(p, &r, h.request.out);
	fcgi_here_answer(&h, &answer);
	fcgi_here_close(&h);
}

static void
json_of(struct resp *p, int http, const char *value)
{
	resp_init(p);
	assert_int_equal(resp_json(p, http, json_pack("{s:s}", "value", value)), E_OK);
}

static bool
has(const char *name, const char *value)
{
	struct span found = peer_header(&answer, name);

	return value == NULL ? found.p == NULL : span_eq(found, span_of(value));
}

static void
test_resp__an_etag_is_weak_and_of_the_bytes(void **state)
{
	char one[ETAG_SIZE], same[ETAG_SIZE], other[ETAG_SIZE], empty[ETAG_SIZE];

	(void)state;
	resp_etag(SPAN("{\"a\":1}"), one);
	resp_etag(SPAN("{\"a\":1}"), same);
	resp_etag(SPAN("{\"a\":2}"), other);
	resp_etag(SPAN(""), empty);
	assert_int_equal(strlen(one), strlen("W/\"0123456789abcdef\""));
	assert_memory_equal(one, "W/\"", 3);
	assert_string_equal(one, same);
	assert_string_not_equal(one, other);
	assert_string_not_equal(one, empty);
}

static void
test_resp__if_none_match_is_compared_weakly(void **state)
{
	static const struct {
		const char *sent; /* @ stands for the 16 hex digits of the right tag, ! for others */
		int http;
	} cases[] = {
		{ "W/\"@\"", 304 },
		{ "\"@\"", 304 }, /* weak comparison: a strong one of the same text is equal */
		{ "*", 304 },
		{ " * ", 304 },
		{ "\"!\", W/\"@\"", 304 },
		{ "W/\"!\",W/\"@\",\"!\"", 304 },
		{ "\t W/\"@\" \t", 304 },
		{ "\"!\", *", 304 },
		{ "W/\"!\"", 200 },
		{ "\"!\", \"!\"", 200 },
		{ "", 200 },
		{ ",", 200 },
		{ ",,, ,", 200 },
		{ "@", 200 },
		{ "\"@", 200 },
		{ "@\"", 200 },
		{ "w/\"@\"", 200 }, /* W/ is case-sensitive */
		{ "W/W/\"@\"", 200 },
		{ "W/", 200 },
		{ "W", 200 },
		{ "/\"@\"", 200 },
		{ "**", 200 },
		{ "\"@\"x", 200 },
		{ "\xff\xfe", 200 },
	};
	char right[ETAG_SIZE];
	struct resp p;

	(void)state;
	json_of(&p, 200, "x");
	resp_etag(buf_view(&p.body), right);
	resp_release(&p);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct buf sent = BUF_INIT(256);

		buf_text(&sent, "");
		for (const char *c = cases[i].sent; *c != '\0'; c++) {
			if (*c == '@')
				buf_add(&sent, right + 3, 16);
			else if (*c == '!')
				buf_text(&sent, "0123456789abcdef");
			else
				buf_char(&sent, *c);
		}
		json_of(&p, 200, "x");
		send_to(&p, M_GET, sent.data == NULL ? "" : sent.data);
		assert_int_equal(peer_status(&answer), cases[i].http);
		assert_true(has("ETag", right));
		resp_release(&p);
		buf_release(&sent);
	}
}

static void
test_resp__says_only_what_the_status_and_method_allow(void **state)
{
	static const struct {
		enum method method;
		int http;
		const char *none_match;
		const char *status;
		const char *length; /* NULL: no Content-Length and no body */
		bool etag, type;
	} cases[] = {
		{ M_GET, 200, NULL, "200 OK", "13", true, true },
		{ M_GET, 200, "*", "304 Not Modified", NULL, true, false },
		{ M_HEAD, 200, NULL, "200 OK", NULL, true, true },
		{ M_HEAD, 200, "*", "304 Not Modified", NULL, true, false },
		{ M_POST, 200, "*", "200 OK", "13", false, true }, /* the header means something else there */
		{ M_POST, 201, NULL, "201 Created", "13", false, true },
		{ M_POST, 202, NULL, "202 Accepted", "13", false, true },
		{ M_DELETE, 204, NULL, "204 No Content", NULL, false, true },
		{ M_GET, 404, "*", "404 Not Found", "13", false, true },
		{ M_HEAD, 404, "*", "404 Not Found", NULL, false, true },
		{ M_GET, 422, NULL, "422 Unprocessable Content", "13", false, true },
		{ M_GET, 503, NULL, "503 Service Unavailable", "13", false, true },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct resp p;

		json_of(&p, cases[i].http, "x");
		send_to(&p, cases[i].method, cases[i].none_match);
		assert_true(has("Status", cases[i].status));
		assert_true(has("Content-Length", cases[i].length));
		assert_int_equal(peer_body(&answer).n, cases[i].length == NULL ? 0 : 13);
		assert_int_equal(peer_header(&answer, "ETag").p != NULL, cases[i].etag);
		assert_int_equal(peer_header(&answer, "Content-Type").p != NULL, cases[i].type);
		assert_true(has("X-Request-Id", "request-1"));
		resp_release(&p);
	}
}

static void
test_resp__what_must_not_be_kept_has_no_etag(void **state)
{
	static const struct {
		enum caching caching;
		const char *text;
		int http;
	} cases[] = {
		{ CACHE_PRIVATE, "private, no-cache", 304 },
		{ CACHE_PUBLIC, "public, no-cache", 304 },
		{ CACHE_LONG, "public, max-age=300", 304 },
		{ CACHE_NEVER, "no-store", 200 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct resp p;

		json_of(&p, 200, "x");
		p.caching = cases[i].caching;
		send_to(&p, M_GET, "*");
		assert_true(has("Cache-Control", cases[i].text));
		assert_int_equal(peer_status(&answer), cases[i].http);
		assert_int_equal(peer_header(&answer, "ETag").p != NULL, cases[i].http == 304);
		resp_release(&p);
	}
}

static void
test_resp__a_given_etag_stands(void **state)
{
	struct resp p;

	(void)state;
	json_of(&p, 200, "x");
	(void)snprintf(p.etag, sizeof(p.etag), "W/\"0011223344556677\"");
	send_to(&p, M_GET, "\"0011223344556677\"");
	assert_int_equal(peer_status(&answer), 304);
	assert_true(has("ETag", "W/\"0011223344556677\""));
	resp_release(&p);
}

static void
test_resp__no_header_is_injected(void **state)
{
	static const char *const bad[] = { "a\r\nSet-Cookie: x=1", "a\nSet-Cookie: x=1", "a\rSet-Cookie: x=1", "\r\n\r\n<html>",
					   "\n" };
	char huge[3000];
	struct resp p;

	(void)state;
	memset(huge, 'x', sizeof(huge) - 1);
	huge[sizeof(huge) - 1] = '\0';
	json_of(&p, 200, "x");
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		resp_header(&p, "Location", "/%s", bad[i]);
	resp_header(&p, "Location", "%s", huge); /* nor half of one */
	resp_header(&p, "Link", "</%s>; rel=\"%s\"", "there", "alternate");
	send_to(&p, M_GET, NULL);
	assert_true(has("Location", NULL));
	assert_true(has("Set-Cookie", NULL));
	assert_true(has("Link", "</there>; rel=\"alternate\""));
	assert_int_equal(peer_body(&answer).n, 13);
	resp_release(&p);
}

static void
test_resp__retry_after_only_when_asked_for(void **state)
{
	struct resp p;

	(void)state;
	json_of(&p, 503, "x");
	send_to(&p, M_GET, NULL);
	assert_true(has("Retry-After", NULL));
	p.retry_after_s = 60;
	send_to(&p, M_GET, NULL);
	assert_true(has("Retry-After", "60"));
	resp_release(&p);
}

static void
test_resp__clear_leaves_nothing_of_what_was_begun(void **state)
{
	struct resp p;

	(void)state;
	json_of(&p, 200, "x");
	p.caching = CACHE_LONG;
	p.retry_after_s = 7;
	(void)snprintf(p.etag, sizeof(p.etag), "W/\"0011223344556677\"");
	resp_header(&p, "Link", "</there>");
	resp_clear(&p);
	send_to(&p, M_GET, NULL);
	assert_int_equal(peer_status(&answer), 500);
	assert_int_equal(peer_body(&answer).n, 0);
	assert_true(has("Link", NULL));
	assert_true(has("ETag", NULL));
	assert_true(has("Retry-After", NULL));
	assert_true(has("Cache-Control", "private, no-cache"));
	resp_release(&p);
}

static void
test_resp__what_does_not_fit_is_an_error_not_half_an_answer(void **state)
{
	size_t n = RESP_BODY_MAX + 1;
	char *huge = malloc(n + 1);
	struct resp p;

	(void)state;
	assert_non_null(huge);
	memset(huge, 'x', n);
	huge[n] = '\0';
	resp_init(&p);
	assert_int_equal(resp_json(&p, 200, json_pack("{s:s}", "value", huge)), E_NOMEM);
	assert_int_equal(resp_json(&p, 200, NULL), E_NOMEM);
	for (int i = 0; i < 100; i++)
		resp_header(&p, "X-Filler", "%.100s", huge);
	assert_true(p.headers.failed);
	resp_release(&p);
	free(huge);
}

static void
test_resp__a_large_body_arrives_whole(void **state)
{
	size_t n = 150000; /* more than one record of the protocol */
	char *text = malloc(n + 1);
	struct resp p;

	(void)state;
	assert_non_null(text);
	for (size_t i = 0; i < n; i++)
		text[i] = (char)('a' + i % 26);
	text[n] = '\0';
	json_of(&p, 200, text);
	send_to(&p, M_GET, NULL);
	assert_int_equal(peer_body(&answer).n, p.body.len);
	assert_memory_equal(peer_body(&answer).p, p.body.data, p.body.len);
	resp_release(&p);
	free(text);
}

static void
test_resp__a_file_is_named_to_nginx_only_with_a_200(void **state)
{
	struct resp p;

	(void)state;
	resp_init(&p);
	p.http = 200;
	p.type = "image/jpeg";
	p.file = "/api/_files/ab";
	(void)snprintf(p.etag, sizeof(p.etag), "W/\"0123456789abcdef\"");
	send_to(&p, M_GET, "W/\"other\"");
	assert_true(has("X-Accel-Redirect", "/api/_files/ab"));
	assert_true(has("Content-Length", NULL));
	/* the file would be sent after all */
	send_to(&p, M_GET, "W/\"0123456789abcdef\"");
	assert_true(has("Status", "304 Not Modified"));
	assert_true(has("X-Accel-Redirect", NULL));
	resp_clear(&p);
	assert_null(p.file);
	resp_release(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_resp__an_etag_is_weak_and_of_the_bytes),
		cmocka_unit_test(test_resp__if_none_match_is_compared_weakly),
		cmocka_unit_test(test_resp__says_only_what_the_status_and_method_allow),
		cmocka_unit_test(test_resp__what_must_not_be_kept_has_no_etag),
		cmocka_unit_test(test_resp__a_given_etag_stands),
		cmocka_unit_test(test_resp__no_header_is_injected),
		cmocka_unit_test(test_resp__retry_after_only_when_asked_for),
		cmocka_unit_test(test_resp__clear_leaves_nothing_of_what_was_begun),
		cmocka_unit_test(test_resp__what_does_not_fit_is_an_error_not_half_an_answer),
		cmocka_unit_test(test_resp__a_large_body_arrives_whole),
		cmocka_unit_test(test_resp__a_file_is_named_to_nginx_only_with_a_200),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
