/* Secrets: boxes, blind indexes, tags, tokens and passwords, all of them libsodium's. */
#include "core/seal.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <sodium.h>
#include <time.h>
#include <unistd.h>

#include "core/log.h"
#include "core/scan.h"

#define KEY_BYTES       crypto_secretbox_KEYBYTES
#define NONCE_BYTES     crypto_secretbox_NONCEBYTES
#define KEYS_MAX        16
#define PASSWORD_PASSES 2
#define PASSWORD_BYTES  ((size_t)19 << 20)
#define PASSWORD_SLOTS  2
#define PASSWORD_WAIT_S 1

_Static_assert(SEAL_HASH_BYTES == crypto_hash_sha256_BYTES, "SHA-256");
_Static_assert(SEAL_HASH_BYTES == crypto_auth_hmacsha256_BYTES, "HMAC-SHA256");
_Static_assert(KEY_BYTES == crypto_auth_hmacsha256_KEYBYTES, "one key length for all");
_Static_assert(SEAL_OVERHEAD_BYTES == 1 + NONCE_BYTES + crypto_secretbox_MACBYTES, "the layout in the header");
_Static_assert(SEAL_PASSWORD_SIZE == crypto_pwhash_STRBYTES, "libsodium fills the whole text");
_Static_assert(SEAL_TOKEN_TEXT_SIZE == sodium_base64_ENCODED_LEN(32, sodium_base64_VARIANT_URLSAFE_NO_PADDING), "256 bits");

struct key {
	uint8_t id;
	uint8_t bytes[KEY_BYTES];
};

struct ring {
	struct key keys[KEYS_MAX];
	size_t n;
};

struct seal {
	struct ring box, audit;
	bool has_index, has_token;
	uint8_t index_key[KEY_BYTES];
	uint8_t token_key[KEY_BYTES];
};

/* 19 MiB each and most of a core: more at once would only take the memory of a small host. */
static pthread_mutex_t gate_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t gate_free = PTHREAD_COND_INITIALIZER;
static int gate_slots = PASSWORD_SLOTS;

static bool
gate_enter(void)
{
	struct timespec until;
	int err = 0;
	bool in;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += PASSWORD_WAIT_S;
	pthread_mutex_lock(&gate_lock);
	while (gate_slots == 0 && err == 0)
		err = pthread_cond_clockwait(&gate_free, &gate_lock, CLOCK_MONOTONIC, &until);
	in = gate_slots > 0;
	if (in)
		gate_slots--;
	pthread_mutex_unlock(&gate_lock);
	return in;
}

static void
gate_leave(void)
{
	pthread_mutex_lock(&gate_lock);
	gate_slots++;
	pthread_cond_signal(&gate_free);
	pthread_mutex_unlock(&gate_lock);
}

static const struct key *
key_find(const struct ring *r, uint8_t id)
{
	for (size_t i = 0; i < r->n; i++) {
		if (r->keys[i].id == id)
			return &r->keys[i];
	}
	return NULL;
}

static bool
keys_read(struct ring *r, struct span rest)
{
	struct span row, id;
	int64_t number;

	while (scan_cut(&rest, ',', &row)) {
		struct key *k = &r->keys[r->n];

		row = scan_trim(row);
		if (r->n == KEYS_MAX || !scan_cut(&row, ':', &id) || row.p == NULL)
			return false;
		if (!scan_i64(id, 0, UINT8_MAX, &number) || key_find(r, (uint8_t)number) != NULL)
			return false;
		if (!scan_hex(row, k->bytes, KEY_BYTES))
			return false;
		k->id = (uint8_t)number;
		r->n++;
	}
	return r->n > 0;
}

static bool
key_read(const char *hex, uint8_t key[static KEY_BYTES], bool *has)
{
	struct span s = scan_trim(span_of(hex));

	*has = s.n > 0;
	return !*has || scan_hex(s, key, KEY_BYTES);
}

static void
hmac(const uint8_t key[static KEY_BYTES], const char *purpose, struct span text, uint8_t out[static SEAL_HASH_BYTES])
{
	crypto_auth_hmacsha256_state st;

	crypto_auth_hmacsha256_init(&st, key, KEY_BYTES);
	/* with its NUL, so that no purpose is the beginning of another */
	if (purpose != NULL)
		crypto_auth_hmacsha256_update(&st, (const uint8_t *)purpose, strlen(purpose) + 1);
	if (text.n > 0)
		crypto_auth_hmacsha256_update(&st, (const uint8_t *)text.p, text.n);
	crypto_auth_hmacsha256_final(&st, out);
	sodium_memzero(&st, sizeof(st));
}

struct seal *
seal_empty(void)
{
	struct seal *s = sodium_malloc(sizeof(*s));

	if (s == NULL)
		log_event(LOG_ERROR, "seal_no_memory", NULL);
	else
		sodium_memzero(s, sizeof(*s));
	return s;
}

struct seal *
seal_new(const char *keys, const char *index_key, const char *token_key)
{
	struct seal *s = seal_empty();
	const char *wrong = NULL;

	if (s == NULL)
		return NULL;
	if (!keys_read(&s->box, span_of(keys)))
		wrong = "seal.keys";
	else if (!key_read(index_key, s->index_key, &s->has_index))
		wrong = "seal.index_key";
	else if (!key_read(token_key, s->token_key, &s->has_token))
		wrong = "seal.token_key";
	if (wrong != NULL) {
		log_event(LOG_ERROR, "seal_key_malformed", "setting", wrong, NULL);
		sodium_free(s);
		return NULL;
	}
	sodium_mprotect_readonly(s);
	return s;
}

bool
seal_audit_keys(struct seal *s, const char *keys)
{
	bool right;

	sodium_mprotect_readwrite(s);
	s->audit.n = 0;
	right = keys_read(&s->audit, span_of(keys));
	if (!right)
		sodium_memzero(&s->audit, sizeof(s->audit));
	sodium_mprotect_readonly(s);
	if (!right)
		log_event(LOG_ERROR, "seal_key_malformed", "setting", "seal.audit_keys", NULL);
	return right;
}

void
seal_free(struct seal *s)
{
	sodium_free(s);
}

enum status
seal_box(const struct seal *s, struct arena *a, struct span plain, struct span *out)
{
	static const uint8_t nothing[1];
	size_t n = plain.n + SEAL_OVERHEAD_BYTES;
	uint8_t *box;

	assert(s->box.n > 0);
	*out = (struct span){ NULL, 0 };
	if (plain.p == NULL)
		return E_OK;
	box = arena_alloc(a, n);
	if (box == NULL)
		return E_NOMEM;
	box[0] = s->box.keys[0].id;
	randombytes_buf(box + 1, NONCE_BYTES);
	if (crypto_secretbox_easy(box + 1 + NONCE_BYTES, plain.n > 0 ? (const uint8_t *)plain.p : nothing, plain.n, box + 1,
				  s->box.keys[0].bytes) != 0)
		return E_INTERNAL;
	*out = (struct span){ (const char *)box, n };
	return E_OK;
}

enum status
seal_open(const struct seal *s, struct arena *a, struct span boxed, struct span *out)
{
	const uint8_t *box = (const uint8_t *)boxed.p;
	const struct key *key;
	uint8_t *plain;

	*out = (struct span){ NULL, 0 };
	if (box == NULL)
		return E_OK;
	key = boxed.n < SEAL_OVERHEAD_BYTES ? NULL : key_find(&s->box, box[0]);
	if (key == NULL) {
		log_detail(LOG_ERROR, "seal_unknown_key", "%zu bytes, key id %d", boxed.n, boxed.n > 0 ? box[0] : -1);
		return E_INTERNAL;
	}
	plain = arena_alloc(a, boxed.n - SEAL_OVERHEAD_BYTES + 1);
	if (plain == NULL)
		return E_NOMEM;
	if (crypto_secretbox_open_easy(plain, box + 1 + NONCE_BYTES, boxed.n - 1 - NONCE_BYTES, box + 1, key->bytes) != 0) {
		log_detail(LOG_ERROR, "seal_forged", "%zu bytes, key id %d", boxed.n, box[0]);
		return E_INTERNAL;
	}
	*out = (struct span){ (const char *)plain, boxed.n - SEAL_OVERHEAD_BYTES };
	return E_OK;
}

void
seal_index(const struct seal *s, struct span text, uint8_t out[static SEAL_HASH_BYTES])
{
	assert(s->has_index);
	hmac(s->index_key, NULL, text, out);
}

void
seal_tag(const struct seal *s, const char *purpose, struct span text, uint8_t out[static SEAL_HASH_BYTES])
{
	assert(s->has_token);
	hmac(s->token_key, purpose, text, out);
}

uint8_t
seal_signing_key(const struct seal *s)
{
	assert(s->audit.n > 0);
	return s->audit.keys[0].id;
}

void
seal_sign(const struct seal *s, const char *purpose, struct span text, uint8_t out[static SEAL_HASH_BYTES])
{
	assert(s->audit.n > 0);
	hmac(s->audit.keys[0].bytes, purpose, text, out);
}

enum status
seal_signed(const struct seal *s, const char *purpose, struct span text, uint8_t key_id, const void *tag, size_t n)
{
	const struct key *key = key_find(&s->audit, key_id);
	uint8_t right[SEAL_HASH_BYTES];

	assert(n > 0 && n <= sizeof(right));
	if (key == NULL)
		return E_NOT_FOUND;
	hmac(key->bytes, purpose, text, right);
	return seal_equal(right, tag, n) ? E_OK : E_INVALID;
}

void
seal_hash(const struct span *parts, size_t n, uint8_t out[static SEAL_HASH_BYTES])
{
	crypto_hash_sha256_state st;

	crypto_hash_sha256_init(&st);
	for (size_t i = 0; i < n; i++) {
		uint64_t length = parts[i].p == NULL ? UINT64_MAX : parts[i].n;
		uint8_t head[8];

		for (size_t j = 0; j < sizeof(head); j++)
			head[j] = (uint8_t)(length >> (56 - 8 * j));
		crypto_hash_sha256_update(&st, head, sizeof(head));
		if (parts[i].p != NULL && parts[i].n > 0)
			crypto_hash_sha256_update(&st, (const uint8_t *)parts[i].p, parts[i].n);
	}
	crypto_hash_sha256_final(&st, out);
	sodium_memzero(&st, sizeof(st));
}

void
seal_sha256(struct span text, uint8_t out[static SEAL_HASH_BYTES])
{
	static const uint8_t nothing[1];

	crypto_hash_sha256(out, text.n > 0 ? (const uint8_t *)text.p : nothing, text.n);
}

bool
seal_sha256_file(int fd, uint8_t out[static SEAL_HASH_BYTES])
{
	crypto_hash_sha256_state st;
	uint8_t part[16384];
	off_t at = 0;
	ssize_t n;

	crypto_hash_sha256_init(&st);
	while ((n = pread(fd, part, sizeof(part), at)) > 0) {
		crypto_hash_sha256_update(&st, part, (unsigned long long)n);
		at += n;
	}
	crypto_hash_sha256_final(&st, out);
	return n == 0;
}

void
seal_token(char out[static SEAL_TOKEN_TEXT_SIZE])
{
	uint8_t bits[32];

	randombytes_buf(bits, sizeof(bits));
	sodium_bin2base64(out, SEAL_TOKEN_TEXT_SIZE, bits, sizeof(bits), sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	sodium_memzero(bits, sizeof(bits));
}

void
seal_digits(char *out, size_t digits)
{
	for (size_t i = 0; i < digits; i++)
		out[i] = (char)('0' + randombytes_uniform(10));
	out[digits] = '\0';
}

enum status
seal_password(struct span password, char out[static SEAL_PASSWORD_SIZE])
{
	int err;

	if (!gate_enter())
		return E_BUSY;
	err = crypto_pwhash_str_alg(out, password.n > 0 ? password.p : "", password.n, PASSWORD_PASSES, PASSWORD_BYTES,
				    crypto_pwhash_ALG_ARGON2ID13);
	gate_leave();
	return err == 0 ? E_OK : E_NOMEM;
}

enum status
seal_password_check(struct span password, const char *stored)
{
	char unknown[SEAL_PASSWORD_SIZE];
	enum status st;
	int err;

	if (stored == NULL) {
		st = seal_password(password, unknown);
		sodium_memzero(unknown, sizeof(unknown));
		return st == E_OK ? E_LOGIN_WRONG : st;
	}
	if (!gate_enter())
		return E_BUSY;
	errno = 0;
	err = crypto_pwhash_str_verify(stored, password.n > 0 ? password.p : "", password.n);
	/* libsodium says -1 both for a wrong password and for no memory to tell */
	st = err == 0 ? E_OK : errno == ENOMEM ? E_NOMEM : E_LOGIN_WRONG;
	gate_leave();
	return st;
}

bool
seal_equal(const void *a, const void *b, size_t n)
{
	return n == 0 || sodium_memcmp(a, b, n) == 0;
}

void
seal_wipe(void *p, size_t n)
{
	sodium_memzero(p, n);
}

char *
seal_base64url(struct arena *a, struct span bytes)
{
	size_t size = sodium_base64_encoded_len(bytes.n, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	char *text = arena_alloc(a, size);

	if (text != NULL)
		sodium_bin2base64(text, size, (const uint8_t *)bytes.p, bytes.n, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	return text;
}

bool
seal_base64url_decode(struct arena *a, struct span text, struct span *out)
{
	size_t cap = text.n / 4 * 3 + 3, n;
	uint8_t *bytes;

	if (text.p == NULL)
		return false;
	bytes = arena_alloc(a, cap);
	if (bytes == NULL ||
	    sodium_base642bin(bytes, cap, text.p, text.n, NULL, &n, NULL, sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0)
		return false;
	*out = (struct span){ (const char *)bytes, n };
	return true;
}

bool
seal_init(void)
{
	return sodium_init() >= 0;
}

void
seal_random(void *p, size_t n)
{
	randombytes_buf(p, n);
}
