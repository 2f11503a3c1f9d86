/* The directory of stored files, each named by the SHA-256 of its bytes: DIR/ab/cd/abcd…, its thumbnail abcd…-t beside it.
 *
 * A file is written under DIR/new/, synced, and linked to its name, so that a name never stands for half a file, whatever dies
 * when. The same bytes are one file. DIR may be a shared file system; nothing here needs locks. Thread-safe: it keeps nothing but
 * the path.
 *
 * Putting and removing the same bytes at once (attachment_purge): whoever removes sets the file aside first (DIR/gone/), then asks
 * the database whether anybody refers to it, and puts it back if so; whoever puts one commits its row first and then looks whether
 * the file is still there (store_keep). Whichever comes second sees what the other did. */
#ifndef EKMC_DOMAIN_ATTACHMENT_STORE_H
#define EKMC_DOMAIN_ATTACHMENT_STORE_H

#include "core/arena.h"
#include "core/seal.h"
#include "core/status.h"

#define STORE_DIR_MOST  200
#define STORE_NAME_SIZE 73 /* "ab/cd/", 64 hex digits, "-t" and a NUL */

struct store {
	const char *dir;
};

/* `dir` is kept, at most STORE_DIR_MOST bytes. DIR/new and DIR/gone are made where they are missing. E_BUSY: the directory cannot
 * be used (logged). */
MUST_USE enum status store_open(struct store *s, const char *dir);

/* "ab/cd/abcd…", "ab/cd/abcd…-t". */
void store_name(const uint8_t sha256[static SEAL_HASH_BYTES], bool thumbnail, char out[static STORE_NAME_SIZE]);

/* One file on its way in. */
struct store_file {
	int fd; /* to be written, -1: none */
	char path[STORE_DIR_MOST + 40];
};
MUST_USE enum status store_create(const struct store *s, struct store_file *f);
/* The name under DIR/new goes, whether it was put or not. */
void store_discard(struct store_file *f);

/* Syncs and links it to its name, in place of the file that was there (the bytes are the same, but its age is new). */
MUST_USE enum status store_put(const struct store *s, const struct store_file *f, const uint8_t sha256[static SEAL_HASH_BYTES],
			       bool thumbnail);
/* After the row that refers to it was committed: puts it again should it have gone meanwhile. */
MUST_USE enum status store_keep(const struct store *s, const struct store_file *f, const uint8_t sha256[static SEAL_HASH_BYTES],
				bool thumbnail);

/* Removing, for attachment_purge: sets a file and its thumbnail aside unless it was put after `before_ms`; true: it is aside now
 * and store_back or store_drop is to follow. */
MUST_USE bool store_aside(const struct store *s, const uint8_t sha256[static SEAL_HASH_BYTES], int64_t before_ms);
void store_back(const struct store *s, const uint8_t sha256[static SEAL_HASH_BYTES]);
void store_drop(const struct store *s, const uint8_t sha256[static SEAL_HASH_BYTES]);

/* What somebody who was killed has left: removes files under DIR/new older than `before_ms`. */
void store_sweep_new(const struct store *s, int64_t before_ms);
/* … and what an nginx that was killed has left in `dir` (attachments.uploads): only what it can have written, and as far as we may.
 */
void store_sweep_uploads(const char *dir, int64_t before_ms);
/* Calls `found` for each hash that is aside, until it says false; for one with a thumbnail perhaps twice. */
void store_each_aside(const struct store *s, bool (*found)(void *arg, const uint8_t *sha256), void *arg);
/* … and for each stored one whose name begins with the byte `top` and that was put before `before_ms`. */
void store_each(const struct store *s, uint8_t top, int64_t before_ms, bool (*found)(void *arg, const uint8_t *sha256), void *arg);

#endif
