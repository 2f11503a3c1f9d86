/* Photos and documents: taking an upload, binding it to an event of a complaint, listing, purging.
 *
 * An upload is its uploader's alone until it is bound, once, inside the transaction of a lodging or a move; a day later it is gone.
 * Rows are here, the bytes in attachment_store.h. */
#ifndef EKMC_DOMAIN_ATTACHMENT_H
#define EKMC_DOMAIN_ATTACHMENT_H

#include "core/db.h"
#include "core/schema.h"
#include "domain/actor.h"
#include "domain/attachment_image.h"
#include "domain/attachment_store.h"

#define ATTACHMENT_ID_BYTES   16
#define ATTACHMENTS_MOST      5                 /* of one event */
#define ATTACHMENT_BYTES_MOST (10 << 20)        /* of one upload; nginx refuses larger bodies before */
#define ATTACHMENT_LIFE_MS    INT64_C(86400000) /* of an upload that is not bound */

struct attachment {
	uint8_t id[ATTACHMENT_ID_BYTES];
	uint8_t sha256[SEAL_HASH_BYTES];
	enum attachment_kind kind;
	int64_t bytes;
	int width, height; /* 0: no picture */
	bool thumbnail, internal;
	int64_t seq; /* of its event; 0: not bound */
};

/* "jpeg", "png", "pdf", and their media types. */
const char *attachment_kind_name(enum attachment_kind k);
const char *attachment_media_type(enum attachment_kind k);

/* 32 hex digits, as the API shows an id. */
#define ATTACHMENT_ID_TEXT_SIZE (2 * ATTACHMENT_ID_BYTES + 1)
void attachment_id_text(const uint8_t id[static ATTACHMENT_ID_BYTES], char out[static ATTACHMENT_ID_TEXT_SIZE]);
MUST_USE bool attachment_id_parse(struct span text, uint8_t out[static ATTACHMENT_ID_BYTES]);
/* A list of them, at most ATTACHMENTS_MOST (asserted). E_INVALID: *wrong is the index of one that is no id. */
MUST_USE enum status attachment_ids(struct schema_texts texts, uint8_t (*out)[ATTACHMENT_ID_BYTES], size_t *wrong);

/* ---- taking an upload */

struct upload {
	const struct actor *actor;                                  /* a citizen or an employee */
	int fd;                                                     /* the file as it came, at offset 0 */
	int64_t now_ms, unbound_most;                               /* uploads one person may have waiting */
	uint8_t scope[SEAL_HASH_BYTES], body_hash[SEAL_HASH_BYTES]; /* as idempotency.h has them, the principal mixed in */
	/* The answer for the new row, in the arena; stored with it. */
	enum status (*render)(struct arena *a, const struct attachment *at, struct span *answer);
};

/* Looks at the file, stores what is made of it and its row, and renders. A repeated scope gets the same *answer and stores nothing.
 * Takes seconds: not for a thread that others wait for.
 * Errors: E_INVALID with *verdict; E_TOO_LARGE; E_RATE (too many that are not bound); E_KEY_REUSED; E_BUSY (store or database). */
MUST_USE enum status attachment_take(struct db *db, struct arena *a, const struct store *store, const char *program,
				     const struct upload *u, enum image_verdict *verdict, struct span *answer);

/* ---- binding, inside the caller's transaction (db_tx)
 *
 * For a move: attachment_check before the event is written (does it need a photo? which ids go into its detail?), attachment_bind
 * once its seq is known. Both refuse the whole list for one id that is not the actor's own, is bound, older than a day, or stands
 * there twice: E_INVALID, *wrong its index, for the pointer "/attachments/1" with FE_NOT_FOUND. n is at most ATTACHMENTS_MOST
 * (asserted). A lodging binds inside its procedure (sql/procedures/complaint_lodge.sql) by the same rule. */

/* *photos counts those that are pictures: a PDF is none. Nothing is changed. */
MUST_USE enum status attachment_check(struct db *db, struct arena *a, const struct actor *actor,
				      const uint8_t (*ids)[ATTACHMENT_ID_BYTES], size_t n, int64_t now_ms, size_t *photos,
				      size_t *wrong);

/* After E_OK all n are bound to event `seq` of the complaint, whose row must exist; `internal` is the event's. E_INVALID: roll
 * back. */
MUST_USE enum status attachment_bind(struct db *db, struct arena *a, const struct actor *actor,
				     const uint8_t (*ids)[ATTACHMENT_ID_BYTES], size_t n, int64_t now_ms, int64_t complaint_id,
				     int64_t seq, bool internal, size_t *wrong);

/* ---- reading; who may see the complaint was asked before (complaint_find) */

/* Those of a complaint by event and age; internal ones for employees only. */
MUST_USE enum status attachment_list(struct db *db, struct arena *a, int64_t complaint_id, const struct actor *actor,
				     const struct attachment **out, size_t *n);

/* One of them. E_NOT_FOUND: none of this complaint, or internal and the actor is no employee. */
MUST_USE enum status attachment_find(struct db *db, struct arena *a, int64_t complaint_id, const struct actor *actor,
				     const uint8_t id[static ATTACHMENT_ID_BYTES], struct attachment *out);

/* ---- purging, by the clock role: several on several hosts may do it at once, and each may be killed anywhere */

/* Removes at most `limit` unbound uploads older than a day, rows and files; then what the killed have left: half-written files,
 * and, in one of 256 parts of the store picked at random, files that no row refers to, each older than a day. *n: rows removed.
 * Needs SELECT and DELETE on `attachment`. Errors: those of the database; what was not done is done the next time. */
MUST_USE enum status attachment_purge(struct db *db, struct arena *a, const struct store *store, int64_t now_ms, int limit, int *n);

extern const struct sql attachment_sql[], attachment_purge_sql[];
extern const size_t attachment_sql_n, attachment_purge_sql_n;

#endif
