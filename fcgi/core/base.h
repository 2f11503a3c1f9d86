/* The few words every file uses. */
#ifndef EKMC_CORE_BASE_H
#define EKMC_CORE_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define ARRAY_LEN(a)    (sizeof(a) / sizeof((a)[0]))
#define MUST_USE        __attribute__((warn_unused_result))
#define PRINTF(fmt, va) __attribute__((format(printf, fmt, va)))
#define UNUSED          __attribute__((unused))

/* A stretch of bytes somebody else owns; not terminated. `p == NULL` means absent, `n == 0` alone means empty. */
struct span {
	const char *p;
	size_t n;
};

#define SPAN(literal) ((struct span){ "" literal, sizeof(literal) - 1 })
#define SPAN_FMT(s)   (int)(s).n, ((s).p == NULL ? "" : (s).p)

static inline struct span
span_of(const char *text)
{
	return text == NULL ? (struct span){ NULL, 0 } : (struct span){ text, strlen(text) };
}

static inline bool
span_eq(struct span a, struct span b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

#endif
