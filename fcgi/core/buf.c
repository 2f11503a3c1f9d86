/* Growth by doubling up to the maximum; one byte beyond the length is kept for the NUL. */
#include "core/buf.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define FIRST_BYTES ((size_t)128)

/* Room for `n` more bytes and a NUL; the sticky failure otherwise. */
static bool
room(struct buf *b, size_t n)
{
	size_t max = b->max_bytes < SIZE_MAX / 2 ? b->max_bytes : SIZE_MAX / 2;

	if (b->failed)
		return false;
	if (b->len > max || n > max - b->len) {
		b->failed = true;
		return false;
	}
	if (b->len + n < b->cap_bytes)
		return true;
	size_t cap = b->cap_bytes < FIRST_BYTES ? FIRST_BYTES : b->cap_bytes * 2;
	if (cap < b->len + n + 1)
		cap = b->len + n + 1;
	if (cap > max + 1)
		cap = max + 1;
	assert(cap > b->len + n);
	char *data = realloc(b->data, cap);
	if (data == NULL) {
		b->failed = true;
		return false;
	}
	b->data = data;
	b->cap_bytes = cap;
	return true;
}

void
buf_init(struct buf *b, size_t max_bytes)
{
	*b = BUF_INIT(max_bytes);
}

void
buf_release(struct buf *b)
{
	free(b->data);
	*b = BUF_INIT(b->max_bytes);
}

void
buf_clear(struct buf *b)
{
	b->len = 0;
	b->failed = false;
	if (b->data != NULL)
		b->data[0] = '\0';
}

void
buf_add(struct buf *b, const void *p, size_t n)
{
	if (!room(b, n))
		return;
	if (n > 0)
		memcpy(b->data + b->len, p, n);
	b->len += n;
	b->data[b->len] = '\0';
}

void
buf_span(struct buf *b, struct span s)
{
	buf_add(b, s.p, s.n);
}

void
buf_text(struct buf *b, const char *text)
{
	buf_add(b, text, strlen(text));
}

void
buf_char(struct buf *b, char c)
{
	buf_add(b, &c, 1);
}

void
buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list args, again;

	if (!room(b, 0))
		return;
	va_start(args, fmt);
	va_copy(again, args);
	size_t avail = b->cap_bytes - b->len;
	int n = vsnprintf(b->data + b->len, avail, fmt, args);
	if (n < 0 || !room(b, (size_t)n)) {
		b->failed = true;
		b->data[b->len] = '\0';
	} else {
		if ((size_t)n >= avail)
			(void)vsnprintf(b->data + b->len, (size_t)n + 1, fmt, again);
		b->len += (size_t)n;
	}
	va_end(again);
	va_end(args);
}

void
buf_hex(struct buf *b, const void *p, size_t n)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *bytes = p;

	if (n > SIZE_MAX / 2) {
		b->failed = true;
		return;
	}
	if (!room(b, n * 2))
		return;
	for (size_t i = 0; i < n; i++) {
		b->data[b->len++] = digits[bytes[i] >> 4];
		b->data[b->len++] = digits[bytes[i] & 15];
	}
	b->data[b->len] = '\0';
}

char *
buf_reserve(struct buf *b, size_t n)
{
	if (!room(b, n))
		return NULL;
	b->data[b->len] = '\0';
	return b->data + b->len;
}

void
buf_commit(struct buf *b, size_t n)
{
	assert(n < b->cap_bytes - b->len);
	b->len += n;
	b->data[b->len] = '\0';
}

struct span
buf_view(const struct buf *b)
{
	return (struct span){ b->data == NULL ? "" : b->data, b->len };
}
