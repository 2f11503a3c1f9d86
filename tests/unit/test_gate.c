/* What the gate lets through: tokens, cookies with their CSRF answer, keys and media types, each in every form. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "http/gate.h"

#define KEY_A  "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define KEY_B  "202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f"
#define TOKEN  "AAAAAAAAAAAAAAAAAAAA-_0123456789abcdefghijk"
#define OTHER  "BBBBBBBBBBBBBBBBBBBB-_0123456789abcdefghijk"
#define TWENTY "12345678901234567890"
#define SIXTY4 "0123456789012345678901234567890123456789012345678901234567890123"

static struct arena *arena;
static struct seal *seal, *other_seal;

static const struct route open_route = { .methods = M_GET, .path = "/open", .who = ANYONE };
static const struct route closed_route = { .methods = M_GET | M_POST, .path = "/closed", .who = CITIZEN };
static const struct route json_route = { .methods = M_POST, .path = "/json", .who = ANYONE, .guards = GUARD_JSON };
static const struct route key_route = { .methods = M_POST, .path = "/key", .who = ANYONE, .guards = GUARD_IDEMPOTENT };
static const struct route all_route = {
	.methods = M_POST, .path = "/all", .who = CITIZEN, .guards = GUARD_JSON | GUARD_IDEMPOTENT
};

static int
setup(void **state)
{
	(void)state;
	if (!seal_init())
		return -1;
	arena = arena_new(4096, 1 << 20);
	seal = seal_new("1:" KEY_A, KEY_A, KEY_A);
	other_seal = seal_new("1:" KEY_A, KEY_A, KEY_B);
	return arena == NULL || seal == NULL || other_seal == NULL ? -1 : 0;
}

static int
teardown(void **state)
{
	(void)state;
	arena_free(arena);
	seal_free(seal);
	seal_free(other_seal);
	return 0;
}

/* Parameters "NAME=value", the last NULL; absent ones may be given as "". */
static enum status
front(struct call *c, const struct route *route, enum method method, struct span body, char **envp)
{
	char **from = envp, **to = envp;

	for (; *from != NULL; from++)
		if ((*from)[0] != '\0')
			*to++ = *from;
	*to = NULL;
	*c = (struct call){ .arena = arena, .route = route, .seal = seal, .req = { .method = method, .body = body, .envp = envp } };
	return gate_front(c);
}

static char *
line(const char *fmt, const char *value)
{
	char *text = arena_alloc(arena, 512);

	assert_non_null(text);
	assert_true(strlen(fmt) + strlen(value == NULL ? "" : value) < 512);
	if (value != NULL)
		(void)snprintf(text, 512, "%s%s", fmt, value);
	return text;
}

static const char *
csrf_of(const char *token, const struct seal *by)
{
	const struct call c = { .arena = arena, .seal = by };
	uint8_t hash[SEAL_HASH_BYTES];

	seal_sha256(span_of(token), hash);
	return gate_csrf(&c, hash);
}

static void
test_gate__takes_a_bearer_token_in_its_forms(void **state)
{
	static const struct {
		const char *header; /* NULL: not sent */
		enum status st;
	} cases[] = {
		{ "Bearer " TOKEN, E_OK },
		{ "bearer " TOKEN, E_OK }, /* the scheme is case-insensitive */
		{ "BEARER " TOKEN, E_OK },
		{ "Bearer   " TOKEN "  ", E_OK },
		{ "Bearer " TWENTY, E_OK },
		{ "Bearer " SIXTY4, E_OK },
		{ NULL, E_UNAUTHENTICATED },
		{ "", E_UNAUTHENTICATED },
		{ TOKEN, E_UNAUTHENTICATED },
		{ "Bearer", E_UNAUTHENTICATED },
		{ "Bearer ", E_UNAUTHENTICATED },
		{ "Bearer" TOKEN, E_UNAUTHENTICATED },
		{ "Basic " TOKEN, E_UNAUTHENTICATED },
		{ "Bearer " SIXTY4 "x", E_UNAUTHENTICATED },
		{ "Bearer 1234567890123456789", E_UNAUTHENTICATED },
		{ "Bearer " TOKEN " " TOKEN, E_UNAUTHENTICATED },
		{ "Bearer " TOKEN "=", E_UNAUTHENTICATED },
		{ "Bearer " TOKEN ", Bearer " TOKEN, E_UNAUTHENTICATED },
		{ "Bearer \xe0\xa6\x95\xe0\xa6\x95\xe0\xa6\x95\xe0\xa6\x95\xe0\xa6\x95\xe0\xa6\x95\xe0\xa6\x95",
		  E_UNAUTHENTICATED },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char *envp[] = { line("HTTP_AUTHORIZATION=", cases[i].header), NULL };
		struct call c;

		assert_int_equal(front(&c, &closed_route, M_POST, SPAN(""), envp), cases[i].st);
		assert_int_equal(c.actor.has_token, cases[i].st == E_OK);
		assert_int_equal(c.actor.kind, ACTOR_NOBODY); /* who it is only the database knows */
		/* where nobody need be known no token is looked at */
		assert_int_equal(front(&c, &open_route, M_GET, SPAN(""), envp), E_OK);
		assert_false(c.actor.has_token);
	}
}

static void
test_gate__keeps_only_the_hash_of_the_token(void **state)
{
	char *envp[] = { line("HTTP_AUTHORIZATION=", "Bearer  " TOKEN " "), NULL };
	uint8_t hash[SEAL_HASH_BYTES];
	struct call c;

	(void)state;
	assert_int_equal(front(&c, &closed_route, M_GET, SPAN(""), envp), E_OK);
	seal_sha256(SPAN(TOKEN), hash);
	assert_memory_equal(c.actor.token_hash, hash, sizeof(hash));
}

static void
test_gate__a_cookie_that_changes_something_needs_its_csrf_answer(void **state)
{
	const char *right = csrf_of(TOKEN, seal);
	const struct {
		enum method method;
		const char *csrf; /* NULL: not sent */
		enum status st;
	} cases[] = {
		{ M_GET, NULL, E_OK },
		{ M_HEAD, NULL, E_OK },
		{ M_GET, "wrong", E_OK },
		{ M_POST, NULL, E_CSRF },
		{ M_DELETE, NULL, E_CSRF },
		{ M_PUT, NULL, E_CSRF },
		{ M_PATCH, NULL, E_CSRF },
		{ M_POST, "", E_CSRF },
		{ M_POST, "wrong", E_CSRF },
		{ M_POST, TOKEN, E_CSRF },
		{ M_POST, csrf_of(OTHER, seal), E_CSRF },       /* of another session */
		{ M_POST, csrf_of(TOKEN, other_seal), E_CSRF }, /* under another key */
		{ M_POST, arena_printf(arena, "%s ", right), E_CSRF },
		{ M_POST, arena_strndup(arena, right, strlen(right) - 1), E_CSRF },
		{ M_POST, right, E_OK },
		{ M_DELETE, right, E_OK },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char *envp[] = { line("HTTP_COOKIE=", "a=1; " SESSION_COOKIE "=" TOKEN), line("HTTP_X_EKMC_CSRF=", cases[i].csrf),
				 NULL };
		struct call c;

		assert_int_equal(front(&c, &closed_route, cases[i].method, SPAN(""), envp), cases[i].st);
	}
}

static void
test_gate__a_bearer_token_needs_no_csrf_and_hides_the_cookie(void **state)
{
	static const struct {
		const char *header;
		enum status st;
		const char *token;
	} cases[] = {
		{ "Bearer " OTHER, E_OK, OTHER },
		{ "Basic abc", E_UNAUTHENTICATED, NULL }, /* a bad header is not mended by the cookie */
		{ "", E_UNAUTHENTICATED, NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char *envp[] = { line("HTTP_COOKIE=", SESSION_COOKIE "=" TOKEN), line("HTTP_AUTHORIZATION=", cases[i].header),
				 NULL };
		uint8_t hash[SEAL_HASH_BYTES];
		struct call c;

		assert_int_equal(front(&c, &closed_route, M_POST, SPAN(""), envp), cases[i].st);
		if (cases[i].token == NULL)
			continue;
		seal_sha256(span_of(cases[i].token), hash);
		assert_memory_equal(c.actor.token_hash, hash, sizeof(hash));
	}
}

static void
test_gate__refuses_a_cookie_that_is_no_token(void **state)
{
	static const char *const bad[] = { "", "short", SIXTY4 "x", TOKEN "%20", TOKEN "=" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		char *envp[] = { line("HTTP_COOKIE=" SESSION_COOKIE "=", bad[i]), NULL };
		struct call c;

		assert_int_equal(front(&c, &closed_route, M_GET, SPAN(""), envp), E_UNAUTHENTICATED);
	}
}

static void
test_gate__takes_or_makes_a_key(void **state)
{
	static const struct {
		const char *sent; /* NULL: not sent */
		enum status st;
	} cases[] = {
		{ "k", E_OK },
		{ "AZaz09_-.:", E_OK },
		{ SIXTY4, E_OK },
		{ NULL, E_OK },
		{ "", E_MALFORMED },
		{ SIXTY4 "x", E_MALFORMED },
		{ "with space", E_MALFORMED },
		{ "semi;colon", E_MALFORMED },
		{ "\"quoted\"", E_MALFORMED },
		{ "\xe0\xa6\x95", E_MALFORMED },
	};
	char first[KEY_MAX + 1];
	struct call c;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char *envp[] = { line("HTTP_IDEMPOTENCY_KEY=", cases[i].sent), NULL };

		assert_int_equal(front(&c, &key_route, M_POST, SPAN(""), envp), cases[i].st);
		if (cases[i].st != E_OK)
			assert_non_null(strstr(c.why, "Idempotency-Key"));
		else if (cases[i].sent != NULL)
			assert_string_equal(c.key, cases[i].sent);
		else
			assert_int_equal(strlen(c.key), 32);
		/* where a route takes none it is not even read */
		assert_int_equal(front(&c, &open_route, M_GET, SPAN(""), envp), E_OK);
		assert_string_equal(c.key, "");
	}
	char *none[] = { NULL };

	assert_int_equal(front(&c, &key_route, M_POST, SPAN(""), none), E_OK);
	memcpy(first, c.key, sizeof(first));
	assert_int_equal(front(&c, &key_route, M_POST, SPAN(""), none), E_OK);
	assert_string_not_equal(first, c.key);
}

static void
test_gate__takes_json_only_under_its_name(void **state)
{
	static const struct {
		const char *type; /* NULL: not sent */
		const char *body;
		enum status st;
	} cases[] = {
		{ "application/json", "{\"a\":1}", E_OK },
		{ "Application/JSON", "{}", E_OK },
		{ "application/json; charset=utf-8", "{}", E_OK },
		{ "application/json;charset=UTF-8", "[]", E_OK },
		{ " application/json ", "{}", E_OK },
		{ NULL, "{}", E_MEDIA_TYPE },
		{ "", "{}", E_MEDIA_TYPE },
		{ ";", "{}", E_MEDIA_TYPE },
		{ "text/plain", "{}", E_MEDIA_TYPE },
		{ "application/x-www-form-urlencoded", "a=1", E_MEDIA_TYPE },
		{ "multipart/form-data; boundary=x", "{}", E_MEDIA_TYPE },
		{ "application/json5", "{}", E_MEDIA_TYPE },
		{ "application/jso", "{}", E_MEDIA_TYPE },
		{ "application/problem+json", "{}", E_MEDIA_TYPE },
		{ "application/json, text/plain", "{}", E_MEDIA_TYPE },
		{ "application/json", "", E_MALFORMED },
		{ "application/json", "{", E_MALFORMED },
		{ "application/json", "{}{}", E_MALFORMED },
		{ "application/json", "{\"a\":1,\"a\":2}", E_MALFORMED },
		{ "application/json", "{\"a\":\"\xff\"}", E_MALFORMED },
		{ "application/json", "\xef\xbb\xbf{}", E_MALFORMED },
		{ "application/json", "[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]", E_MALFORMED },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char *envp[] = { line("CONTENT_TYPE=", cases[i].type), NULL };
		struct call c;

		assert_int_equal(front(&c, &json_route, M_POST, span_of(cases[i].body), envp), cases[i].st);
		assert_int_equal(c.body != NULL, cases[i].st == E_OK);
		assert_int_equal(c.why != NULL, cases[i].st == E_MALFORMED);
	}
}

static void
test_gate__asks_who_before_it_reads_what(void **state)
{
	char *nobody[] = { line("CONTENT_TYPE=", "text/plain"), line("HTTP_IDEMPOTENCY_KEY=", "a b"), NULL };
	char *somebody[] = { line("HTTP_AUTHORIZATION=", "Bearer " TOKEN), line("CONTENT_TYPE=", "application/json"),
			     line("HTTP_IDEMPOTENCY_KEY=", "key-1"), NULL };
	struct call c;

	(void)state;
	assert_int_equal(front(&c, &all_route, M_POST, SPAN("{"), nobody), E_UNAUTHENTICATED);
	assert_int_equal(front(&c, &all_route, M_POST, SPAN("{}"), somebody), E_OK);
	assert_true(c.actor.has_token);
	assert_string_equal(c.key, "key-1");
	assert_non_null(c.body);
}

static void
test_gate__the_back_asks_nothing_where_the_route_does_not(void **state)
{
	static const struct route in_call = { .who = CITIZEN, .guards = GUARD_IN_CALL };
	struct call c = { .route = &open_route }; /* no worker: a look-up would be felt */

	(void)state;
	assert_int_equal(gate_back(&c), E_OK);
	c.route = &in_call;
	assert_int_equal(gate_back(&c), E_OK);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_gate__takes_a_bearer_token_in_its_forms),
		cmocka_unit_test(test_gate__keeps_only_the_hash_of_the_token),
		cmocka_unit_test(test_gate__a_cookie_that_changes_something_needs_its_csrf_answer),
		cmocka_unit_test(test_gate__a_bearer_token_needs_no_csrf_and_hides_the_cookie),
		cmocka_unit_test(test_gate__refuses_a_cookie_that_is_no_token),
		cmocka_unit_test(test_gate__takes_or_makes_a_key),
		cmocka_unit_test(test_gate__takes_json_only_under_its_name),
		cmocka_unit_test(test_gate__asks_who_before_it_reads_what),
		cmocka_unit_test(test_gate__the_back_asks_nothing_where_the_route_does_not),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
