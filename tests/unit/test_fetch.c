/* Where outbound calls may go, and that calls and handles end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <unistd.h>

#include "bridge/address.h"
#include "bridge/fetch.h"

static void
test_address__special_ranges_are_not_public(void **state)
{
	static const struct {
		const char *text;
		bool public, loopback;
	} rows[] = {
		{ "8.8.8.8", true, false },
		{ "164.100.1.1", true, false },
		{ "0.0.0.0", false, false },
		{ "10.1.2.3", false, false },
		{ "100.64.0.1", false, false },
		{ "100.128.0.1", true, false },
		{ "127.0.0.1", false, true },
		{ "127.9.9.9", false, true },
		{ "169.254.169.254", false, false },
		{ "172.15.255.255", true, false },
		{ "172.16.0.0", false, false },
		{ "172.31.255.255", false, false },
		{ "192.168.0.1", false, false },
		{ "198.19.0.1", false, false },
		{ "223.255.255.255", true, false },
		{ "224.0.0.1", false, false },
		{ "255.255.255.255", false, false },
		{ "2a00:1450::1", true, false },
		{ "::1", false, true },
		{ "::", false, false },
		{ "::ffff:10.0.0.1", false, false },
		{ "::ffff:8.8.8.8", false, false },
		{ "64:ff9b::a00:1", false, false },
		{ "2002:a00:1::", false, false },
		{ "2001:0:1::", false, false },
		{ "2001:db8::1", false, false },
		{ "fe80::1", false, false },
		{ "fd00::1", false, false },
		{ "ff02::1", false, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct sockaddr_in in4 = { .sin_family = AF_INET };
		struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };
		bool is4 = inet_pton(AF_INET, rows[i].text, &in4.sin_addr) == 1;
		const struct sockaddr *a = is4 ? (const struct sockaddr *)&in4 : (const struct sockaddr *)&in6;

		if (!is4)
			assert_int_equal(inet_pton(AF_INET6, rows[i].text, &in6.sin6_addr), 1);
		if (address_is_public(a) != rows[i].public || address_is_loopback(a) != rows[i].loopback)
			fail_msg("%s", rows[i].text);
	}
}

static void
test_fetch__urls_follow_the_rules(void **state)
{
	static const struct {
		const char *url;
		bool configured, public;
	} rows[] = {
		{ "https://ekmc.example.org/search", true, true },
		{ "https://8.8.8.8/", true, true },
		{ "https://10.0.0.5/search", true, false },
		{ "https://[fd00::5]/search", true, false },
		{ "http://127.0.0.1:8080/a", true, false },
		{ "http://[::1]:8080/a", true, false },
		{ "http://localhost/a", true, false },
		{ "https://localhost/a", true, false },
		{ "http://ekmc.example.org/search", false, false },
		{ "http://10.0.0.5/", false, false },
		{ "http://localhost.example.org/", false, false },
		{ "http://127.0.0.1.example.org/", false, false },
		{ "https://user:secret@example.org/", false, false },
		{ "http://127.0.0.1@example.org/", false, false },
		{ "ftp://example.org/", false, false },
		{ "file:///etc/passwd", false, false },
		{ "gopher://127.0.0.1/", false, false },
		{ "https://", false, false },
		{ "", false, false },
		{ "http://127.0.0.1:PORT/", false, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (fetch_url_allowed(rows[i].url, FETCH_CONFIGURED) != rows[i].configured ||
		    fetch_url_allowed(rows[i].url, FETCH_PUBLIC) != rows[i].public)
			fail_msg("%s", rows[i].url);
}

struct outcome {
	enum fetch_status status;
	int calls;
	uv_loop_t *loop;
};

static void
done(void *arg, const struct fetch_result *r)
{
	struct outcome *o = arg;

	o->status = r->status;
	o->calls++;
	uv_stop(o->loop);
}

/* A listener whose queue takes connections that nobody ever accepts: it hangs. */
static int
silent_listener(char *url, size_t cap)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof(in);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(bind(fd, (const struct sockaddr *)&in, sizeof(in)), 0);
	assert_int_equal(listen(fd, 64), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&in, &n), 0);
	(void)snprintf(url, cap, "http://127.0.0.1:%d/", ntohs(in.sin_port));
	return fd;
}

static void
end_loop(uv_loop_t *loop, struct fetcher *f)
{
	fetcher_close(f);
	/* a callback may have stopped the loop */
	while (uv_run(loop, UV_RUN_DEFAULT) != 0)
		;
	assert_int_equal(uv_loop_close(loop), 0);
}

static void
test_fetch__a_deadline_holds_while_waiting_for_a_connection(void **state)
{
	struct fetcher_options o = { .reach = FETCH_CONFIGURED, .parallel = 2 };
	struct outcome outcomes[6] = { { FETCH_OK, 0, NULL } };
	uv_loop_t loop;
	char url[64];
	int fd = silent_listener(url, sizeof(url));

	(void)state;
	assert_int_equal(uv_loop_init(&loop), 0);
	struct fetcher *f = fetcher_new(&loop, &o);
	struct fetch_request r = { .url = url, .timeout_ms = 150, .max_bytes = 1000 };
	assert_non_null(f);
	uint64_t begun = uv_hrtime();
	for (size_t i = 0; i < ARRAY_LEN(outcomes); i++) {
		outcomes[i].loop = &loop;
		fetch_start(f, &r, done, &outcomes[i]);
	}
	for (size_t i = 0; i < ARRAY_LEN(outcomes); i++) {
		while (outcomes[i].calls == 0)
			(void)uv_run(&loop, UV_RUN_DEFAULT);
		assert_int_equal(outcomes[i].status, FETCH_TIMEOUT);
	}
	assert_in_range((uv_hrtime() - begun) / 1000000, 100, 1000);
	end_loop(&loop, f);
	for (size_t i = 0; i < ARRAY_LEN(outcomes); i++)
		assert_int_equal(outcomes[i].calls, 1);
	(void)close(fd);
}

static void
test_fetch__closing_ends_what_is_in_flight(void **state)
{
	struct fetcher_options o = { .reach = FETCH_CONFIGURED, .parallel = 8 };
	struct outcome flying = { FETCH_OK, 0, NULL }, later = { FETCH_OK, 0, NULL };
	uv_loop_t loop;
	char url[64];
	int fd = silent_listener(url, sizeof(url));

	(void)state;
	assert_int_equal(uv_loop_init(&loop), 0);
	flying.loop = later.loop = &loop;
	struct fetcher *f = fetcher_new(&loop, &o);
	struct fetch_request r = { .url = url, .post = true, .body = SPAN("a=b"), .timeout_ms = 60000, .max_bytes = 1000 };
	assert_non_null(f);
	fetch_start(f, &r, done, &flying);
	for (int i = 0; i < 20; i++)
		(void)uv_run(&loop, UV_RUN_NOWAIT);
	assert_int_equal(flying.calls, 0);
	fetcher_close(f);
	assert_int_equal(flying.calls, 1);
	assert_int_equal(flying.status, FETCH_STOPPED);
	fetch_start(f, &r, done, &later);
	assert_int_equal(later.status, FETCH_STOPPED);
	end_loop(&loop, f);
	(void)close(fd);
}

static void
test_fetch__nobody_there_is_refused_and_a_forbidden_url_blocked(void **state)
{
	struct fetcher_options o = { .reach = FETCH_CONFIGURED, .parallel = 8 };
	struct outcome outcome = { FETCH_OK, 0, NULL };
	uv_loop_t loop;
	char url[64];

	(void)state;
	(void)close(silent_listener(url, sizeof(url)));
	assert_int_equal(uv_loop_init(&loop), 0);
	outcome.loop = &loop;
	struct fetcher *f = fetcher_new(&loop, &o);
	struct fetch_request r = { .url = url, .timeout_ms = 5000, .max_bytes = 1000 };
	assert_non_null(f);
	fetch_start(f, &r, done, &outcome);
	while (outcome.calls == 0)
		(void)uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(outcome.status, FETCH_REFUSED);
	r.url = "http://198.51.100.1/";
	fetch_start(f, &r, done, &outcome);
	assert_int_equal(outcome.calls, 2);
	assert_int_equal(outcome.status, FETCH_BLOCKED);
	end_loop(&loop, f);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_address__special_ranges_are_not_public),
		cmocka_unit_test(test_fetch__urls_follow_the_rules),
		cmocka_unit_test(test_fetch__a_deadline_holds_while_waiting_for_a_connection),
		cmocka_unit_test(test_fetch__closing_ends_what_is_in_flight),
		cmocka_unit_test(test_fetch__nobody_there_is_refused_and_a_forbidden_url_blocked),
	};

	if (!fetch_global())
		return 1;
	return cmocka_run_group_tests_name("fetch", tests, NULL, NULL);
}
