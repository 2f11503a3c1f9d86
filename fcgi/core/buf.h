/* A byte buffer that grows up to a mandatory maximum and fails stickily: many appends, one check.
 *
 * Owns: its heap memory until buf_release. `data` is always NUL-terminated beyond `len` once anything was appended. */
#ifndef EKMC_CORE_BUF_H
#define EKMC_CORE_BUF_H

#include "core/base.h"

struct buf {
	char *data;
	size_t len;
	size_t cap_bytes;
	size_t max_bytes;
	bool failed; /* an append did not fit or the heap was exhausted; every later append does nothing */
};

#define BUF_INIT(max) ((struct buf){ .max_bytes = (max) })

void buf_init(struct buf *b, size_t max_bytes);
void buf_release(struct buf *b);
void buf_clear(struct buf *b); /* empty and not failed; keeps the memory */

void buf_add(struct buf *b, const void *p, size_t n);
void buf_span(struct buf *b, struct span s);
void buf_text(struct buf *b, const char *text);
void buf_char(struct buf *b, char c);
void buf_printf(struct buf *b, const char *fmt, ...) PRINTF(2, 3);
void buf_hex(struct buf *b, const void *p, size_t n);

/* The reserved stretch of at least `n` bytes behind the data, to be filled by a read(2) and confirmed by buf_commit.
 * NULL when it does not fit (the buffer is failed then). */
MUST_USE char *buf_reserve(struct buf *b, size_t n);
void buf_commit(struct buf *b, size_t n);

struct span buf_view(const struct buf *b);

#endif
