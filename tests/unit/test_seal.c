/* What seal.c promises: nothing opens with the wrong key, no two purposes share a tag, two passwords at once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dlfcn.h>
#include <pthread.h>
#include <sodium.h>
#include <time.h>

#include "core/buf.h"
#include "core/log.h"
#include "core/seal.h"

#define KEY_A  "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define KEY_B  "202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f"
#define KEY_C  "404142434445464748494a4b4c4d4e4f505152535455565758595a5b5c5d5e5f"
#define MEMORY (1 << 20)

static struct arena *arena;

/* Stands before libsodium's: slow on demand, and counts how many run at once. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int slow_ms, running, most_running;

int
crypto_pwhash_str_alg(char out[crypto_pwhash_STRBYTES], const char *const passwd, unsigned long long passwdlen,
		      unsigned long long opslimit, size_t memlimit, int alg)
{
	int (*real)(char *, const char *, unsigned long long, unsigned long long, size_t, int);
	void *found = dlsym(RTLD_NEXT, "crypto_pwhash_str_alg");
	struct timespec pause = { 0, slow_ms * 1000000L };
	int err = 0;

	memcpy(&real, &found, sizeof(real));
	pthread_mutex_lock(&lock);
	if (++running > most_running)
		most_running = running;
	pthread_mutex_unlock(&lock);
	if (slow_ms > 0)
		nanosleep(&pause, NULL);
	else
		err = real(out, passwd, passwdlen, opslimit, memlimit, alg);
	pthread_mutex_lock(&lock);
	running--;
	pthread_mutex_unlock(&lock);
	return err;
}

static void
swallow(const char *line, size_t n, void *arg)
{
	buf_add(arg, line, n);
}

static int
setup(void **state)
{
	(void)state;
	arena = arena_new(4096, MEMORY);
	return arena == NULL || !seal_init();
}

static int
teardown(void **state)
{
	(void)state;
	arena_free(arena);
	log_sink(NULL, NULL);
	return 0;
}

static void
test_seal__new_takes_and_refuses_keys(void **state)
{
	static const struct {
		const char *keys, *index_key, *token_key;
		bool good;
	} cases[] = {
		{ "1:" KEY_A, KEY_B, KEY_C, true },
		{ "1:" KEY_A ",0:" KEY_B, "", "", true },
		{ "255:" KEY_A, "", "", true },
		{ "", "", "", false },
		{ KEY_A, "", "", false },
		{ "1:", "", "", false },
		{ "256:" KEY_A, "", "", false },
		{ "-1:" KEY_A, "", "", false },
		{ "x:" KEY_A, "", "", false },
		{ "1:" KEY_A ",1:" KEY_B, "", "", false },
		{ "1:" KEY_A ",", "", "", false },
		{ "1:" KEY_A "00", "", "", false },
		{ "1:0" KEY_A, "", "", false },
		{ "1:" KEY_A, "abc", "", false },
		{ "1:" KEY_A, "", KEY_B "0", false },
	};
	struct buf said = BUF_INIT(65536);

	(void)state;
	log_sink(swallow, &said);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct seal *s;

		buf_clear(&said);
		s = seal_new(cases[i].keys, cases[i].index_key, cases[i].token_key);
		if ((s != NULL) != cases[i].good)
			fail_msg("case %zu", i);
		assert_int_equal(said.len > 0, !cases[i].good);
		assert_null(said.len > 0 ? strstr(said.data, "0a0b0c") : NULL);
		seal_free(s);
	}
	buf_release(&said);
}

/* The keys that sign days: their own ring, the first one signs, all prove. */
static void
test_seal__signing_keys_rotate_and_prove(void **state)
{
	static const char *const malformed[] = { "", "x:" KEY_A, "1:" KEY_A ",1:" KEY_B, "1:0", "256:" KEY_A };
	struct seal *old = seal_empty(), *new = seal_new("1:" KEY_C, "", "");
	const struct span text = SPAN("2026-11-23");
	uint8_t tag[SEAL_HASH_BYTES], again[SEAL_HASH_BYTES];
	struct buf said = BUF_INIT(65536);

	(void)state;
	assert_true(seal_audit_keys(old, "3:" KEY_A) && seal_audit_keys(new, "4:" KEY_B ",3:" KEY_A));
	assert_int_equal(seal_signing_key(old), 3);
	assert_int_equal(seal_signing_key(new), 4);
	seal_sign(old, "p", text, tag);
	assert_int_equal(seal_signed(new, "p", text, 3, tag, sizeof(tag)), E_OK);
	assert_int_equal(seal_signed(new, "p", text, 3, tag, 16), E_OK);
	assert_int_equal(seal_signed(new, "p", text, 4, tag, sizeof(tag)), E_INVALID);
	assert_int_equal(seal_signed(new, "p", text, 1, tag, sizeof(tag)), E_NOT_FOUND); /* the box's keys are no signing keys */
	assert_int_equal(seal_signed(new, "q", text, 3, tag, sizeof(tag)), E_INVALID);
	assert_int_equal(seal_signed(new, "p", SPAN("2026-11-24"), 3, tag, 16), E_INVALID);
	tag[15] ^= 1;
	assert_int_equal(seal_signed(new, "p", text, 3, tag, 16), E_INVALID);
	seal_sign(new, "p", text, again);
	assert_int_equal(seal_signed(new, "p", text, 4, again, sizeof(again)), E_OK);
	assert_int_equal(seal_signed(old, "p", text, 4, again, sizeof(again)), E_NOT_FOUND);
	log_sink(swallow, &said);
	for (size_t i = 0; i < ARRAY_LEN(malformed); i++) {
		buf_clear(&said);
		assert_false(seal_audit_keys(old, malformed[i]));
		assert_non_null(strstr(said.data, "seal.audit_keys"));
		assert_null(strstr(said.data, "0a0b0c"));
	}
	assert_int_equal(seal_signed(old, "p", text, 3, tag, sizeof(tag)), E_NOT_FOUND); /* what was malformed left none behind */
	buf_release(&said);
	seal_free(old);
	seal_free(new);
}

static void
test_seal__box_opens_to_the_same(void **state)
{
	const struct span texts[] = { SPAN(""), SPAN("9830012345"), SPAN("কলকাতা\0x") };
	struct seal *s = seal_new("7:" KEY_A, "", "");
	struct span box, again, out;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		assert_int_equal(seal_box(s, arena, texts[i], &box), E_OK);
		assert_int_equal(seal_box(s, arena, texts[i], &again), E_OK);
		assert_int_equal(box.n, texts[i].n + SEAL_OVERHEAD_BYTES);
		assert_int_equal(box.p[0], 7);
		assert_false(span_eq(box, again));
		assert_int_equal(seal_open(s, arena, box, &out), E_OK);
		assert_non_null(out.p);
		assert_true(span_eq(out, texts[i]));
		assert_int_equal(out.p[out.n], '\0');
	}
	assert_int_equal(seal_box(s, arena, (struct span){ NULL, 0 }, &box), E_OK);
	assert_null(box.p);
	assert_int_equal(seal_open(s, arena, box, &out), E_OK);
	assert_null(out.p);
	seal_free(s);
}

static void
test_seal__box_survives_rotation(void **state)
{
	struct seal *before = seal_new("0:" KEY_A, "", ""), *after = seal_new("1:" KEY_B ",0:" KEY_A, "", "");
	struct span box, out;

	(void)state;
	assert_int_equal(seal_box(before, arena, SPAN("old"), &box), E_OK);
	assert_int_equal(seal_open(after, arena, box, &out), E_OK);
	assert_true(span_eq(out, SPAN("old")));
	assert_int_equal(seal_box(after, arena, SPAN("new"), &box), E_OK);
	assert_int_equal(box.p[0], 1);
	seal_free(before);
	seal_free(after);
}

static void
test_seal__open_refuses_what_was_not_sealed(void **state)
{
	struct seal *s = seal_new("1:" KEY_A, "", ""), *other = seal_new("1:" KEY_B, "", "");
	struct buf said = BUF_INIT(1 << 20);
	struct span box, out;

	(void)state;
	log_sink(swallow, &said);
	assert_int_equal(seal_box(s, arena, SPAN("9830012345"), &box), E_OK);
	assert_int_equal(seal_open(other, arena, box, &out), E_INTERNAL);
	for (size_t i = 0; i < box.n; i++) {
		char *bent = arena_strndup(arena, box.p, box.n);

		bent[i] = (char)(bent[i] ^ 1);
		assert_int_equal(seal_open(s, arena, (struct span){ bent, box.n }, &out), E_INTERNAL);
		assert_null(out.p);
		assert_int_equal(seal_open(s, arena, (struct span){ box.p, i }, &out), E_INTERNAL);
	}
	assert_true(said.len > 0);
	buf_release(&said);
	seal_free(s);
	seal_free(other);
}

static void
test_seal__box_tells_of_a_full_arena(void **state)
{
	struct arena *small = arena_new(64, 64);
	struct seal *s = seal_new("1:" KEY_A, "", "");
	struct span out;
	char text[200] = "x";

	(void)state;
	assert_int_equal(seal_box(s, small, (struct span){ text, sizeof(text) }, &out), E_NOMEM);
	seal_free(s);
	arena_free(small);
}

static void
hex_is(const uint8_t hash[static SEAL_HASH_BYTES], const char *expected)
{
	char hex[2 * SEAL_HASH_BYTES + 1];

	assert_string_equal(sodium_bin2hex(hex, sizeof(hex), hash, SEAL_HASH_BYTES), expected);
}

static void
test_seal__hashes_are_the_standard_ones(void **state)
{
	/* HMAC-SHA256, the key bytes 20..3f and 40..5f, computed with Python's hmac */
	struct seal *s = seal_new("1:" KEY_A, KEY_B, KEY_C);
	uint8_t h[SEAL_HASH_BYTES];

	(void)state;
	seal_sha256(SPAN("abc"), h);
	hex_is(h, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	seal_sha256((struct span){ NULL, 0 }, h);
	hex_is(h, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	seal_index(s, SPAN("9830012345"), h);
	hex_is(h, "e4018d38ebb0ab8d7efdea9e57a8803d6232f57061aa443fa20e8e1010958f13");
	seal_tag(s, "csrf", SPAN("token"), h);
	hex_is(h, "cf103601bdd8bb55936ec6f918676f57f6ddb0cb9df0ea0be86c898cbf58c9e8");
	seal_hash((struct span[]){ SPAN("ab"), SPAN("c") }, 2, h);
	hex_is(h, "601d5476e2ccfe2c87a2bba7a322659734a05749d5b5aa781f513e4912db0d5f");
	seal_free(s);
}

static void
test_seal__no_two_lists_or_purposes_collide(void **state)
{
	const struct {
		struct span v[3];
		size_t n;
	} lists[] = {
		{ { SPAN("ab"), SPAN("c") }, 2 },
		{ { SPAN("a"), SPAN("bc") }, 2 },
		{ { SPAN("abc") }, 1 },
		{ { SPAN("abc"), SPAN("") }, 2 },
		{ { SPAN(""), SPAN("abc") }, 2 },
		{ { SPAN("") }, 0 },
		{ { SPAN("abc"), { NULL, 0 } }, 2 },
		{ { SPAN("") }, 1 },
		{ { { NULL, 0 } }, 1 },
		{ { SPAN("ab"), SPAN("c"), SPAN("") }, 3 },
	};
	const struct {
		const char *purpose;
		struct span text;
	} tags[] = {
		{ "csrf", SPAN("xy") }, { "csr", SPAN("fxy") }, { "csrfx", SPAN("y") }, { "otp", SPAN("xy") }, { "", SPAN("csrf") }
	};
	uint8_t h[ARRAY_LEN(lists) + ARRAY_LEN(tags)][SEAL_HASH_BYTES];
	struct seal *s = seal_new("1:" KEY_A, KEY_B, KEY_C);
	size_t n = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(lists); i++)
		seal_hash(lists[i].v, lists[i].n, h[n++]);
	for (size_t i = 0; i < ARRAY_LEN(tags); i++)
		seal_tag(s, tags[i].purpose, tags[i].text, h[n++]);
	for (size_t i = 0; i < n; i++) {
		for (size_t j = 0; j < i; j++)
			assert_memory_not_equal(h[i], h[j], SEAL_HASH_BYTES);
	}
	seal_free(s);
}

static void
test_seal__tokens_and_digits(void **state)
{
	char a[SEAL_TOKEN_TEXT_SIZE], b[SEAL_TOKEN_TEXT_SIZE], otp[7];
	int seen[10] = { 0 };
	struct span bits;

	(void)state;
	seal_token(a);
	seal_token(b);
	assert_int_equal(strlen(a), SEAL_TOKEN_TEXT_SIZE - 1);
	assert_string_not_equal(a, b);
	assert_true(seal_base64url_decode(arena, span_of(a), &bits));
	assert_int_equal(bits.n, 32);
	for (int i = 0; i < 200; i++) {
		seal_digits(otp, 6);
		assert_int_equal(strlen(otp), 6);
		for (size_t j = 0; j < 6; j++) {
			assert_in_range(otp[j], '0', '9');
			seen[otp[j] - '0']++;
		}
	}
	/* 120 of each are expected; 60 is five and a half standard deviations off */
	for (size_t i = 0; i < ARRAY_LEN(seen); i++)
		assert_in_range(seen[i], 60, 180);
}

static void
test_seal__base64url_both_ways(void **state)
{
	/* RFC 4648, section 10, and the two letters that differ */
	const struct {
		struct span bytes;
		const char *text;
	} cases[] = { { SPAN(""), "" },        { SPAN("f"), "Zg" },        { SPAN("fo"), "Zm8" },
		      { SPAN("foo"), "Zm9v" }, { SPAN("foob"), "Zm9vYg" }, { SPAN("\xfb\xff\xfe"), "-__-" } };
	static const char *const wrong[] = { "Z", "Zg==", "Zg=", "Zh", "Zm9v Yg", "+//+", "Zm9v\n", "é" };
	struct span out;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		assert_string_equal(seal_base64url(arena, cases[i].bytes), cases[i].text);
		assert_true(seal_base64url_decode(arena, span_of(cases[i].text), &out));
		assert_true(span_eq(out, cases[i].bytes));
	}
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
		assert_false(seal_base64url_decode(arena, span_of(wrong[i]), &out));
	assert_false(seal_base64url_decode(arena, (struct span){ NULL, 0 }, &out));
}

static void
test_seal__passwords(void **state)
{
	char stored[SEAL_PASSWORD_SIZE], again[SEAL_PASSWORD_SIZE];

	(void)state;
	assert_int_equal(seal_password(SPAN("Ganga-1864"), stored), E_OK);
	assert_int_equal(seal_password(SPAN("Ganga-1864"), again), E_OK);
	assert_string_not_equal(stored, again);
	assert_memory_equal(stored, "$argon2id$v=19$m=19456,t=2,p=1$", 31);
	assert_int_equal(seal_password_check(SPAN("Ganga-1864"), stored), E_OK);
	assert_int_equal(seal_password_check(SPAN("ganga-1864"), stored), E_LOGIN_WRONG);
	assert_int_equal(seal_password_check(SPAN(""), stored), E_LOGIN_WRONG);
	assert_int_equal(seal_password_check(SPAN("Ganga-1864"), ""), E_LOGIN_WRONG);
	assert_int_equal(seal_password_check(SPAN("Ganga-1864"), "$argon2id$nonsense"), E_LOGIN_WRONG);
}

static void
test_seal__unknown_user_costs_a_hash(void **state)
{
	(void)state;
	most_running = 0;
	assert_int_equal(seal_password_check(SPAN("x"), NULL), E_LOGIN_WRONG);
	assert_int_equal(most_running, 1);
}

static void *
hash_one(void *arg)
{
	char stored[SEAL_PASSWORD_SIZE];

	*(enum status *)arg = seal_password(SPAN("x"), stored);
	return NULL;
}

static void
test_seal__two_passwords_at_once(void **state)
{
	enum status st[5];
	pthread_t threads[ARRAY_LEN(st)];
	size_t done = 0, busy = 0;

	(void)state;
	/* two at 0 s, two at 0.7 s, the fifth would begin at 1.4 s */
	slow_ms = 700;
	most_running = 0;
	for (size_t i = 0; i < ARRAY_LEN(st); i++)
		assert_int_equal(pthread_create(&threads[i], NULL, hash_one, &st[i]), 0);
	for (size_t i = 0; i < ARRAY_LEN(st); i++)
		pthread_join(threads[i], NULL);
	slow_ms = 0;
	for (size_t i = 0; i < ARRAY_LEN(st); i++) {
		done += st[i] == E_OK;
		busy += st[i] == E_BUSY;
	}
	assert_int_equal(most_running, 2);
	assert_int_equal(done, 4);
	assert_int_equal(busy, 1);
}

static void
test_seal__equal_and_wipe(void **state)
{
	char text[] = "secret";

	(void)state;
	assert_true(seal_equal("abc", "abc", 3));
	assert_false(seal_equal("abc", "abd", 3));
	assert_true(seal_equal("abc", "abd", 2));
	assert_true(seal_equal("abc", "xyz", 0));
	seal_wipe(text, sizeof(text));
	assert_memory_equal(text, "\0\0\0\0\0\0\0", sizeof(text));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_seal__new_takes_and_refuses_keys, setup, teardown),
		cmocka_unit_test_setup_teardown(test_seal__signing_keys_rotate_and_prove, setup, teardown),
		cmocka_unit_test_setup_teardown(test_seal__box_opens_to_the_same, setup, teardown),
		cmocka_unit_test_setup_teardown(test_seal__box_survives_rotation, setup, teardown),
		cmocka_unit_test_setup_teardown(test_seal__open_refuses_what_was_not_sealed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_seal__box_tells_of_a_full_arena, setup, teardown),
		cmocka_unit_test_setup_teardown(test_seal__hashes_are_the_standard_ones, setup, teardown),
		cmocka_unit_test_setup_teardown(test_seal__no_two_lists_or_purposes_collide, setup, teardown),
		cmocka_unit_test_setup_teardown(test_seal__tokens_and_digits, setup, teardown),
		cmocka_unit_test_setup_teardown(test_seal__base64url_both_ways, setup, teardown),
		cmocka_unit_test_setup_teardown(test_seal__passwords, setup, teardown),
		cmocka_unit_test_setup_teardown(test_seal__unknown_user_costs_a_hash, setup, teardown),
		cmocka_unit_test_setup_teardown(test_seal__two_passwords_at_once, setup, teardown),
		cmocka_unit_test_setup_teardown(test_seal__equal_and_wipe, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
