/* A chain of blocks that are only ever filled, and a list of what else to release. */
#include "core/arena.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define ALIGN           alignof(max_align_t)
#define BLOCK_MIN_BYTES ((size_t)4096)
#define BLOCK_MAX_BYTES ((size_t)1 << 20)

struct block {
	struct block *next; /* the older one */
	size_t cap_bytes, used;
	alignas(max_align_t) char data[];
};

struct deferred {
	struct deferred *next;
	void (*release)(void *);
	void *object;
};

struct arena {
	struct block *top, *first;
	struct deferred *deferred;
	size_t limit_bytes, held_bytes; /* held: the capacity of all blocks */
	size_t used;
};

static struct block *
block_new(size_t cap_bytes)
{
	if (cap_bytes > SIZE_MAX - sizeof(struct block))
		return NULL;
	struct block *b = malloc(sizeof(struct block) + cap_bytes);
	if (b == NULL)
		return NULL;
	b->next = NULL;
	b->cap_bytes = cap_bytes;
	b->used = 0;
	return b;
}

/* Doubles the last block within [BLOCK_MIN_BYTES, BLOCK_MAX_BYTES], but never past the limit. */
static bool
grow(struct arena *a, size_t n)
{
	size_t left = a->limit_bytes - a->held_bytes;
	size_t cap = a->top->cap_bytes > BLOCK_MAX_BYTES / 2 ? BLOCK_MAX_BYTES : a->top->cap_bytes * 2;

	if (cap < BLOCK_MIN_BYTES)
		cap = BLOCK_MIN_BYTES;
	if (cap > left)
		cap = left;
	if (cap < n)
		cap = n;
	if (cap > left)
		return false;
	struct block *b = block_new(cap);
	if (b == NULL)
		return false;
	b->next = a->top;
	a->top = b;
	a->held_bytes += cap;
	return true;
}

static void
run_deferred(struct arena *a)
{
	while (a->deferred != NULL) {
		struct deferred *d = a->deferred;
		a->deferred = d->next;
		d->release(d->object);
	}
}

struct arena *
arena_new(size_t first_bytes, size_t limit_bytes)
{
	struct arena *a = calloc(1, sizeof(*a));

	if (a == NULL)
		return NULL;
	a->limit_bytes = limit_bytes;
	a->held_bytes = first_bytes < limit_bytes ? first_bytes : limit_bytes;
	a->first = a->top = block_new(a->held_bytes);
	if (a->first == NULL) {
		free(a);
		return NULL;
	}
	return a;
}

void
arena_free(struct arena *a)
{
	if (a == NULL)
		return;
	arena_reset(a);
	free(a->first);
	free(a);
}

void
arena_reset(struct arena *a)
{
	run_deferred(a);
	while (a->top != a->first) {
		struct block *b = a->top;
		a->top = b->next;
		free(b);
	}
	a->held_bytes = a->first->cap_bytes;
	a->first->used = 0;
	a->used = 0;
}

void *
arena_alloc(struct arena *a, size_t n)
{
	if (n == 0)
		n = 1;
	if (n > SIZE_MAX - ALIGN)
		return NULL;
	n = (n + ALIGN - 1) & ~(ALIGN - 1);
	if (n > a->top->cap_bytes - a->top->used && !grow(a, n))
		return NULL;
	void *p = a->top->data + a->top->used;
	a->top->used += n;
	a->used += n;
	return memset(p, 0, n);
}

void *
arena_array(struct arena *a, size_t count, size_t size)
{
	size_t n;

	return __builtin_mul_overflow(count, size, &n) ? NULL : arena_alloc(a, n);
}

char *
arena_strndup(struct arena *a, const char *p, size_t n)
{
	char *copy = n == SIZE_MAX ? NULL : arena_alloc(a, n + 1);

	if (copy != NULL && n > 0)
		memcpy(copy, p, n);
	return copy;
}

char *
arena_strdup(struct arena *a, const char *text)
{
	return arena_strndup(a, text, strlen(text));
}

char *
arena_printf(struct arena *a, const char *fmt, ...)
{
	char *text = NULL;
	va_list args, again;

	va_start(args, fmt);
	va_copy(again, args);
	int n = vsnprintf(NULL, 0, fmt, args);
	if (n >= 0)
		text = arena_alloc(a, (size_t)n + 1);
	if (text != NULL)
		(void)vsnprintf(text, (size_t)n + 1, fmt, again);
	va_end(again);
	va_end(args);
	return text;
}

bool
arena_defer(struct arena *a, void (*release)(void *), void *object)
{
	struct deferred *d = arena_alloc(a, sizeof(*d));

	if (d == NULL) {
		release(object);
		return false;
	}
	*d = (struct deferred){ .next = a->deferred, .release = release, .object = object };
	a->deferred = d;
	return true;
}

size_t
arena_used(const struct arena *a)
{
	return a->used;
}
