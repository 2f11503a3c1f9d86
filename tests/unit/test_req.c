/* What a request promises to handlers: it has been through libfcgi, whole, checked, and leaves nothing for the one after it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <stdio.h>

#include "core/scan.h"
#include "fcgi_peer.h"
#include "http/req.h"

#define BODY_BYTES 65536

static struct arena *arena;
static struct fcgi_here here;

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

/* Leaves `here` open: the request's strings live in it. */
static enum status
read_it(const char *const *params, struct span body, struct req *r)
{
	fcgi_here_open(&here, params, body);
	return req_read(r, arena, &here.request, BODY_BYTES);
}

static void
test_req__reads_what_nginx_sends(void **state)
{
	static const char *const params[] = { "REQUEST_METHOD",
					      "POST",
					      "DOCUMENT_URI",
					      "/api/v1/complaints",
					      "QUERY_STRING",
					      "a=1&b=%41",
					      "REMOTE_ADDR",
					      "192.0.2.7",
					      "CONTENT_LENGTH",
					      "17",
					      "HTTP_ACCEPT_LANGUAGE",
					      "hi;q=0.5, bn",
					      "HTTP_X_REQUEST_ID",
					      "request-0123",
					      "HTTP_EMPTY",
					      "",
					      "HTTP_LONGER_NAME",
					      "x",
					      NULL };
	struct req r;

	(void)state;
	assert_int_equal(read_it(params, SPAN("{\"description\":1}"), &r), E_OK);
	assert_int_equal(r.method, M_POST);
	assert_string_equal(r.method_name, "POST");
	assert_true(span_eq(r.path, SPAN("/api/v1/complaints")));
	assert_true(span_eq(r.query, SPAN("a=1&b=%41")));
	assert_true(span_eq(r.body, SPAN("{\"description\":1}")));
	assert_string_equal(r.address, "192.0.2.7");
	assert_string_equal(r.request_id, "request-0123");
	assert_int_equal(r.lang, LANG_BN);
	assert_string_equal(req_header(&r, "EMPTY"), "");
	assert_null(req_header(&r, "LONGER"));
	assert_null(req_header(&r, "LONGER_NAME_STILL"));
	assert_null(req_header(&r, "REQUEST_METHOD"));
	fcgi_here_close(&here);
}

static void
test_req__takes_the_name_of_a_file_from_no_header(void **state)
{
	static const char *const headers[] = { "REQUEST_METHOD", "POST", "HTTP_EKMC_UPLOAD", "/etc/passwd", NULL };
	static const char *const nginx[] = { "REQUEST_METHOD", "POST", "EKMC_UPLOAD", "/uploads/0000000001", NULL };
	struct req r;

	(void)state;
	assert_int_equal(read_it(headers, SPAN(""), &r), E_OK);
	assert_string_equal(r.upload, "");
	assert_string_equal(req_content_type(&r), "");
	fcgi_here_close(&here);
	assert_int_equal(read_it(nginx, SPAN(""), &r), E_OK);
	assert_string_equal(r.upload, "/uploads/0000000001");
	fcgi_here_close(&here);
}

static void
test_req__needs_nothing_but_a_method(void **state)
{
	static const char *const params[] = { "REQUEST_METHOD", "GET", NULL };
	struct req r;

	(void)state;
	assert_int_equal(read_it(params, SPAN(""), &r), E_OK);
	assert_true(span_eq(r.path, SPAN("")));
	assert_true(span_eq(r.query, SPAN("")));
	assert_int_equal(r.body.n, 0);
	assert_int_equal(r.lang, LANG_EN);
	assert_int_equal(strlen(r.request_id), 32);
	assert_string_equal(r.address, "");
	fcgi_here_close(&here);
}

static void
test_req__knows_methods_exactly(void **state)
{
	static const struct {
		const char *name;
		enum method method;
	} cases[] = {
		{ "GET", M_GET },       { "POST", M_POST }, { "PUT", M_PUT },         { "PATCH", M_PATCH },
		{ "DELETE", M_DELETE }, { "HEAD", M_HEAD }, { "OPTIONS", M_OPTIONS }, { "get", M_OTHER },
		{ "TRACE", M_OTHER },   { "", M_OTHER },    { "GETTING", M_OTHER },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const char *const params[] = { "REQUEST_METHOD", cases[i].name, NULL };
		struct req r;

		assert_int_equal(read_it(params, SPAN(""), &r), E_OK);
		assert_int_equal(r.method, cases[i].method);
		fcgi_here_close(&here);
	}
}

static void
test_req__echoes_only_a_clean_request_id(void **state)
{
	static const struct {
		const char *sent;
		bool echoed;
	} cases[] = {
		{ "abcdEFGH_-09", true },
		{ "12345678", true },
		{ "0123456789012345678901234567890123456789012345678901234567890123", true },
		{ "1234567", false },
		{ "01234567890123456789012345678901234567890123456789012345678901234", false },
		{ "with space", false },
		{ "quote\"quote", false },
		{ "line\r\nSet-Cookie: x=1", false },
		{ "\xe0\xa6\x95\xe0\xa6\x95\xe0\xa6\x95", false },
		{ "", false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const char *const params[] = { "REQUEST_METHOD", "GET", "HTTP_X_REQUEST_ID", cases[i].sent, NULL };
		struct req r;

		assert_int_equal(read_it(params, SPAN(""), &r), E_OK);
		assert_int_equal(strcmp(r.request_id, cases[i].sent) == 0, cases[i].echoed);
		assert_true(scan_token(span_of(r.request_id), "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-", 8,
				       64));
		fcgi_here_close(&here);
	}
}

static void
test_req__bounds_the_body(void **state)
{
	static const struct {
		const char *announced;
		size_t sent;
		enum status st;
	} cases[] = {
		{ "0", 0, E_OK },
		{ "", 0, E_OK },
		{ "5", 5, E_OK },
		{ "65536", 65536, E_OK },
		{ "65537", 65537, E_TOO_LARGE },
		{ "200000", 200000, E_TOO_LARGE },
		{ "6", 5, E_MALFORMED }, /* shorter than announced */
		{ "5", 6, E_OK },        /* the rest is not ours */
		{ "-1", 5, E_MALFORMED },
		{ "5x", 5, E_MALFORMED },
		{ " 5", 5, E_MALFORMED },
		{ "05", 5, E_MALFORMED },
		{ "+5", 5, E_MALFORMED },
		{ "99999999999999999999", 5, E_MALFORMED },
		{ "2147483647", 5, E_TOO_LARGE },
	};
	char *text = malloc(200000);

	(void)state;
	assert_non_null(text);
	for (size_t i = 0; i < 200000; i++)
		text[i] = (char)('a' + i % 23);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const char *const params[] = { "REQUEST_METHOD", "POST", "CONTENT_LENGTH", cases[i].announced, NULL };
		struct req r;

		arena_reset(arena);
		assert_int_equal(read_it(params, (struct span){ text, cases[i].sent }, &r), cases[i].st);
		assert_non_null(r.request_id); /* whatever happens there is an answer to write */
		if (cases[i].st == E_OK) {
			assert_int_equal(r.body.n, strtol(cases[i].announced, NULL, 10));
			assert_memory_equal(r.body.p, text, r.body.n);
		}
		fcgi_here_close(&here);
	}
	free(text);
}

/* Whatever was wrong with a request, the next one on the same connection is read from its own beginning. */
static void
test_req__leaves_nothing_of_a_body_for_the_next_request(void **state)
{
	static const struct {
		const char *announced;
		size_t sent;
	} cases[] = {
		{ "10", 10 },     { "", 10 },         { "5", 10 },    { "10x", 10 },
		{ "100", 60000 }, { "70000", 70000 }, { "0", 60000 }, { "-1", 60000 },
	};
	static const char *const next[] = { "REQUEST_METHOD", "GET", "DOCUMENT_URI", "/next", NULL };
	char *text = calloc(1, 70000);
	struct buf answer = BUF_INIT(PEER_BYTES), again = BUF_INIT(PEER_BYTES);

	(void)state;
	assert_non_null(text);
	peer_request(&again, true, next, SPAN(""));
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const char *const params[] = { "REQUEST_METHOD", "POST", "CONTENT_LENGTH", cases[i].announced, NULL };
		struct req r;

		arena_reset(arena);
		(void)read_it(params, (struct span){ text, cases[i].sent }, &r);
		fcgi_here_answer(&here, &answer);
		assert_true(peer_send(here.peer, again.data, again.len));
		assert_int_equal(FCGX_Accept_r(&here.request), 0);
		assert_int_equal(req_read(&r, arena, &here.request, BODY_BYTES), E_OK);
		assert_true(span_eq(r.path, SPAN("/next")));
		fcgi_here_close(&here);
	}
	buf_release(&answer);
	buf_release(&again);
	free(text);
}

struct late {
	int fd;
	struct span rest;
};

static void *
send_late(void *arg)
{
	struct late *l = arg;

	(void)usleep(50000);
	(void)peer_send(l->fd, l->rest.p, l->rest.n);
	return NULL;
}

/* The empty record that ends the body may come in a packet of its own: left in the socket it would pass for the next request. */
static void
test_req__waits_for_the_record_that_ends_the_body(void **state)
{
	static const char *const lengths[] = { "0", "17" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
		const char *const params[] = { "REQUEST_METHOD", "POST", "CONTENT_LENGTH", lengths[i], NULL };
		struct span body = i == 0 ? SPAN("") : SPAN("{\"description\":1}");
		struct buf b = BUF_INIT(PEER_BYTES);
		struct fcgi_here h = { .peer = -1 };
		struct late late;
		pthread_t thread;
		struct req r;
		int pair[2];
		char byte;

		peer_request(&b, true, params, body);
		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
		assert_int_equal(FCGX_Init(), 0);
		assert_int_equal(FCGX_InitRequest(&h.request, -1, 0), 0);
		h.request.ipcFd = pair[0];
		h.request.keepConnection = 1;
		h.request.detached = 1;
		h.peer = pair[1];
		late = (struct late){ pair[1], { b.data + b.len - 8, 8 } };
		assert_true(peer_send(pair[1], b.data, b.len - 8));
		assert_int_equal(FCGX_Accept_r(&h.request), 0);
		assert_int_equal(pthread_create(&thread, NULL, send_late, &late), 0);
		assert_int_equal(req_read(&r, arena, &h.request, BODY_BYTES), E_OK);
		assert_true(span_eq(r.body, body));
		pthread_join(thread, NULL);
		assert_int_equal(recv(pair[0], &byte, 1, MSG_PEEK | MSG_DONTWAIT), -1); /* nothing is left */
		fcgi_here_close(&h);
		buf_release(&b);
	}
}

static void
test_req__refuses_a_security_header_twice(void **state)
{
	static const char *const single[] = { "AUTHORIZATION",    "COOKIE",           "IDEMPOTENCY_KEY",
					      "X_EKMC_CSRF",      "X_EKMC_CLIENT",    "X_EKMC_NONCE",
					      "X_EKMC_TIMESTAMP", "X_EKMC_SIGNATURE", "X_HUB_SIGNATURE_256" };
	char name[64];
	struct req r;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(single); i++) {
		const char *const once[] = { "REQUEST_METHOD", "GET", name, "same", NULL };
		const char *const twice[] = { "REQUEST_METHOD", "GET", name, "same", "HTTP_OTHER", "x", name, "same", NULL };

		(void)snprintf(name, sizeof(name), "HTTP_%s", single[i]);
		assert_int_equal(read_it(once, SPAN(""), &r), E_OK);
		fcgi_here_close(&here);
		assert_int_equal(read_it(twice, SPAN(""), &r), E_MALFORMED);
		fcgi_here_close(&here);
	}
	const char *const other[] = { "REQUEST_METHOD", "GET", "HTTP_ACCEPT", "a", "HTTP_ACCEPT", "b", NULL };

	assert_int_equal(read_it(other, SPAN(""), &r), E_OK);
	fcgi_here_close(&here);
}

static void
test_req__decodes_a_query(void **state)
{
	static const struct {
		const char *raw;
		enum status st;
		const char *decoded; /* name=value| each */
	} cases[] = {
		{ "", E_OK, "" },
		{ "a=1&b=2", E_OK, "a=1|b=2|" },
		{ "a", E_OK, "a=|" },
		{ "a=", E_OK, "a=|" },
		{ "=1", E_OK, "=1|" },
		{ "&&a=1&", E_OK, "a=1|" },
		{ "a=1=2", E_OK, "a=1=2|" },
		{ "a+b=c+d%20e%2Bf", E_OK, "a b=c d e+f|" },
		{ "a=1&a=2", E_OK, "a=1|a=2|" }, /* the table of fields refuses it */
		{ "w=%e0%a7%a7%E0%A7%a8", E_OK, "w=\xe0\xa7\xa7\xe0\xa7\xa8|" },
		{ "a=%26%3D", E_OK, "a=&=|" },
		{ "a=%", E_MALFORMED, "" },
		{ "a=%4", E_MALFORMED, "" },
		{ "a=%zz", E_MALFORMED, "" },
		{ "%=1", E_MALFORMED, "" },
		{ "a=%ff", E_MALFORMED, "" },
		{ "a=%c0%80", E_MALFORMED, "" },
		{ "a=%00", E_MALFORMED, "" },
		{ "a=\xe0\xa7", E_MALFORMED, "" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct req r = { .query = span_of(cases[i].raw) };
		struct schema_param params[REQ_PARAMS_MAX];
		struct buf text = BUF_INIT(256);
		size_t n;

		assert_int_equal(req_query(&r, arena, params, &n), cases[i].st);
		buf_text(&text, "");
		for (size_t k = 0; cases[i].st == E_OK && k < n; k++)
			buf_printf(&text, "%.*s=%.*s|", SPAN_FMT(params[k].name), SPAN_FMT(params[k].value));
		assert_true(span_eq(buf_view(&text), span_of(cases[i].decoded)));
		buf_release(&text);
	}
}

static void
test_req__bounds_the_number_of_parameters(void **state)
{
	struct schema_param params[REQ_PARAMS_MAX];
	struct buf text = BUF_INIT(4096);
	struct req r;
	size_t n;

	(void)state;
	for (int i = 0; i < REQ_PARAMS_MAX; i++)
		buf_printf(&text, "%sp%d=1", i == 0 ? "" : "&", i);
	r = (struct req){ .query = buf_view(&text) };
	assert_int_equal(req_query(&r, arena, params, &n), E_OK);
	assert_int_equal(n, REQ_PARAMS_MAX);
	buf_text(&text, "&");
	r.query = buf_view(&text);
	assert_int_equal(req_query(&r, arena, params, &n), E_OK);
	buf_text(&text, "&one=more");
	r.query = buf_view(&text);
	assert_int_equal(req_query(&r, arena, params, &n), E_INVALID);
	buf_release(&text);
}

static void
test_req__finds_a_cookie(void **state)
{
	static const struct {
		const char *header;
		const char *value; /* NULL: absent */
	} cases[] = {
		{ "__Host-ekmc=abc", "abc" },
		{ "a=1; __Host-ekmc=abc; b=2", "abc" },
		{ "a=1;__Host-ekmc=abc", "abc" },
		{ "__Host-ekmc=", "" },
		{ "__Host-ekmc=a=b", "a=b" },
		{ "__Host-ekmc", NULL },
		{ "__Host-ekmcx=abc", NULL },
		{ "x__Host-ekmc=abc", NULL },
		{ "__host-ekmc=abc", NULL },
		{ "a=__Host-ekmc=abc", NULL },
		{ "", NULL },
		{ NULL, NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char header[128];
		char *envp[] = { header, NULL };
		const struct req r = { .envp = cases[i].header == NULL ? envp + 1 : envp };
		struct span found;

		(void)snprintf(header, sizeof(header), "HTTP_COOKIE=%s", cases[i].header == NULL ? "" : cases[i].header);
		found = req_cookie(&r, "__Host-ekmc");
		assert_int_equal(found.p == NULL, cases[i].value == NULL);
		assert_true(span_eq(found, span_of(cases[i].value)));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_req__reads_what_nginx_sends, setup, teardown),
		cmocka_unit_test_setup_teardown(test_req__takes_the_name_of_a_file_from_no_header, setup, teardown),
		cmocka_unit_test_setup_teardown(test_req__needs_nothing_but_a_method, setup, teardown),
		cmocka_unit_test_setup_teardown(test_req__knows_methods_exactly, setup, teardown),
		cmocka_unit_test_setup_teardown(test_req__echoes_only_a_clean_request_id, setup, teardown),
		cmocka_unit_test_setup_teardown(test_req__bounds_the_body, setup, teardown),
		cmocka_unit_test_setup_teardown(test_req__leaves_nothing_of_a_body_for_the_next_request, setup, teardown),
		cmocka_unit_test_setup_teardown(test_req__waits_for_the_record_that_ends_the_body, setup, teardown),
		cmocka_unit_test_setup_teardown(test_req__refuses_a_security_header_twice, setup, teardown),
		cmocka_unit_test_setup_teardown(test_req__decodes_a_query, setup, teardown),
		cmocka_unit_test_setup_teardown(test_req__bounds_the_number_of_parameters, setup, teardown),
		cmocka_unit_test_setup_teardown(test_req__finds_a_cookie, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
