/* What is secret: libsodium behind the few verbs we use. Call seal_init once before threads.
 *
 * Sealed text is: 1 byte key id, 24 bytes nonce, XSalsa20-Poly1305 box (crypto_secretbox). */
#ifndef EKMC_CORE_SEAL_H
#define EKMC_CORE_SEAL_H

#include "core/arena.h"
#include "core/base.h"
#include "core/status.h"

#define SEAL_HASH_BYTES      32
#define SEAL_OVERHEAD_BYTES  (1 + 24 + 16)
#define SEAL_TOKEN_TEXT_SIZE 44 /* 256 bits in base64url without padding, and a NUL */
#define SEAL_PASSWORD_SIZE   128

struct seal; /* the keys, in guarded memory */

/* `keys` is "id:hex64,id:hex64", the first being the one to seal with; `index_key` and `token_key` are hex64 and may be empty for
 * a process that does not need them. NULL: malformed (logged without the value). */
MUST_USE struct seal *seal_new(const char *keys, const char *index_key, const char *token_key);
/* Without any key, for seal_audit_keys alone. NULL: out of memory (logged). */
MUST_USE struct seal *seal_empty(void);
void seal_free(struct seal *s); /* wipes */

/* The keys that sign closed days (domain/audit.h): "id:hex64,id:hex64", the first one signs, the others only prove. Only processes
 * that sign or prove have them: whoever takes over the API cannot sign. Before threads. False: malformed (logged), or empty. */
MUST_USE bool seal_audit_keys(struct seal *s, const char *keys);
/* The id of the first of them, and HMAC-SHA256 of `text` under it, with a purpose in front. */
uint8_t seal_signing_key(const struct seal *s);
void seal_sign(const struct seal *s, const char *purpose, struct span text, uint8_t out[static SEAL_HASH_BYTES]);
/* Whether `tag`, or its first `n` bytes, is that of `text`. E_INVALID: it is not; E_NOT_FOUND: there is no key of that id. */
MUST_USE enum status seal_signed(const struct seal *s, const char *purpose, struct span text, uint8_t key_id, const void *tag,
				 size_t n);

/* Personal data at rest; absent (p == NULL) stays absent both ways. The opened text has a NUL behind it. E_INTERNAL on a foreign
 * key id or a forged text. */
MUST_USE enum status seal_box(const struct seal *s, struct arena *a, struct span plain, struct span *out);
MUST_USE enum status seal_open(const struct seal *s, struct arena *a, struct span boxed, struct span *out);

/* The blind index of a mobile number: HMAC-SHA256 under index_key. */
void seal_index(const struct seal *s, struct span text, uint8_t out[static SEAL_HASH_BYTES]);
/* HMAC-SHA256 under token_key with a purpose in front ("csrf", "cursor", "otp"), so that no tag serves two purposes. */
void seal_tag(const struct seal *s, const char *purpose, struct span text, uint8_t out[static SEAL_HASH_BYTES]);

/* SHA-256 of the concatenation of `n` spans, each preceded by its length (8 bytes, big endian; all ones when absent): no two
 * lists collide. */
void seal_hash(const struct span *parts, size_t n, uint8_t out[static SEAL_HASH_BYTES]);
/* Plain SHA-256. */
void seal_sha256(struct span text, uint8_t out[static SEAL_HASH_BYTES]);
/* … of a file from its beginning, whose offset stays as it is. False: it cannot be read. */
MUST_USE bool seal_sha256_file(int fd, uint8_t out[static SEAL_HASH_BYTES]);

/* A new 256-bit bearer token as text. */
void seal_token(char out[static SEAL_TOKEN_TEXT_SIZE]);
/* `digits` decimal digits without bias and a NUL (an OTP). */
void seal_digits(char *out, size_t digits);

/* argon2id with 19 MiB and 2 passes (OWASP). At most two run at once in a process; one that waits over 1 s gets E_BUSY.
 * E_NOMEM: no memory to tell. */
MUST_USE enum status seal_password(struct span password, char out[static SEAL_PASSWORD_SIZE]);
/* E_LOGIN_WRONG when it does not match. `stored` may be NULL: the same time is spent and the answer is E_LOGIN_WRONG. */
MUST_USE enum status seal_password_check(struct span password, const char *stored);

void seal_random(void *p, size_t n);                     /* from the system's generator */
bool seal_equal(const void *a, const void *b, size_t n); /* in constant time */
void seal_wipe(void *p, size_t n);

/* Base64url without padding (RFC 4648, section 5). The arena's text, NULL on exhaustion. */
MUST_USE char *seal_base64url(struct arena *a, struct span bytes);
MUST_USE bool seal_base64url_decode(struct arena *a, struct span text, struct span *out);

MUST_USE bool seal_init(void);

#endif
