/* A line is built on the stack, escaped, masked and cut while it grows, and leaves by one write(2). */
#include "core/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <strings.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/scan.h"

/* A write of at most PIPE_BUF bytes to a pipe is not torn by those of other processes. */
#define LINE_BYTES   4096
#define TAIL_BYTES   8 /* kept free for what ends a line: an ellipsis, a quote, a brace, LF */
#define DETAIL_BYTES 3072

static const char *const level_names[] = {
	[LOG_DEBUG] = "debug",
	[LOG_INFO] = "info",
	[LOG_WARN] = "warn",
	[LOG_ERROR] = "error",
};
_Static_assert(ARRAY_LEN(level_names) == LOG_LEVEL__COUNT, "a level has no name");

static const char *const masked_keys[] = {
	"mobile", "phone", "name", "address", "email", "code", "token", "password", "secret",
};

struct line {
	char text[LINE_BYTES];
	size_t n;
	bool cut; /* something did not fit; nothing more is taken */
};

static const char *program_name = "ekmc";
static enum log_level least_level = LOG_INFO;
static _Thread_local const char *request;
static void (*sink_write)(const char *line, size_t n, void *arg);
static void *sink_arg;

static bool
is_masked(const char *key)
{
	for (size_t i = 0; i < ARRAY_LEN(masked_keys); i++)
		if (strcasecmp(key, masked_keys[i]) == 0)
			return true;
	return false;
}

/* All of it or nothing, so that no escape and no code point is ever torn. */
static void
put(struct line *l, const char *p, size_t n)
{
	if (l->cut || n > LINE_BYTES - TAIL_BYTES - l->n) {
		l->cut = true;
		return;
	}
	memcpy(l->text + l->n, p, n);
	l->n += n;
}

static void
put_char(struct line *l, struct span s, size_t *i)
{
	static const char hex[] = "0123456789abcdef";
	size_t start = *i;
	int32_t cp = scan_utf8_next(s, i);
	char escaped[6];

	if (cp < 0) {
		*i = start + 1;
		put(l, "\\ufffd", 6);
	} else if (cp == '"' || cp == '\\') {
		escaped[0] = '\\';
		escaped[1] = (char)cp;
		put(l, escaped, 2);
	} else if (cp < 0x20 || (cp >= 0x7f && cp < 0xa0)) {
		/* C1 controls too: a terminal showing the log obeys them */
		memcpy(escaped, "\\u00", 4);
		escaped[4] = hex[cp >> 4 & 15];
		escaped[5] = hex[cp & 15];
		put(l, escaped, 6);
	} else {
		put(l, s.p + start, *i - start);
	}
}

static void
put_text(struct line *l, const char *text)
{
	struct span s = span_of(text);

	for (size_t i = 0; i < s.n && !l->cut;)
		put_char(l, s, &i);
}

/* A value may be cut, a pair whose key does not fit is left out; the line is valid JSON either way. */
static void
put_pair(struct line *l, const char *key, const char *value)
{
	static const char more[] = "…";
	size_t start = l->n;

	if (l->cut)
		return;
	put(l, start == 0 ? "{\"" : ",\"", 2);
	put_text(l, key);
	put(l, "\":", 2);
	put(l, value == NULL ? "null" : "\"", value == NULL ? 4 : 1);
	if (l->cut) {
		l->n = start;
		return;
	}
	if (value == NULL)
		return;
	put_text(l, is_masked(key) ? "***" : value);
	if (l->cut) {
		memcpy(l->text + l->n, more, sizeof(more) - 1);
		l->n += sizeof(more) - 1;
	}
	l->text[l->n++] = '"';
}

static void
begin(struct line *l, enum log_level level, const char *event)
{
	char at[CLOCK_TEXT_SIZE];

	l->n = 0;
	l->cut = false;
	put_pair(l, "at", clock_text(clock_now_ms(), at));
	put_pair(l, "level", (unsigned)level < ARRAY_LEN(level_names) ? level_names[level] : "error");
	put_pair(l, "program", program_name);
	put_pair(l, "event", event);
	if (request != NULL)
		put_pair(l, "request_id", request);
}

static void
finish(struct line *l)
{
	l->text[l->n++] = '}';
	l->text[l->n++] = '\n';
	if (sink_write != NULL) {
		sink_write(l->text, l->n, sink_arg);
		return;
	}
	/* there is nowhere to tell that the log is gone */
	ssize_t written = write(STDERR_FILENO, l->text, l->n);
	(void)written;
}

void
log_init(const char *program, enum log_level least)
{
	program_name = program;
	least_level = least;
}

bool
log_level_parse(const char *name, enum log_level *out)
{
	for (size_t i = 0; i < ARRAY_LEN(level_names); i++) {
		if (strcmp(name, level_names[i]) == 0) {
			*out = (enum log_level)i;
			return true;
		}
	}
	return false;
}

void
log_request(const char *request_id)
{
	request = request_id;
}

void
log_event(enum log_level level, const char *event, ...)
{
	struct line l;
	const char *key, *value;
	va_list args;

	if (level < least_level)
		return;
	begin(&l, level, event);
	va_start(args, event);
	do {
		key = va_arg(args, const char *);
		if (key == NULL)
			break;
		value = va_arg(args, const char *);
		put_pair(&l, key, value);
	} while (value != NULL);
	va_end(args);
	finish(&l);
}

void
log_detail(enum log_level level, const char *event, const char *fmt, ...)
{
	struct line l;
	char detail[DETAIL_BYTES];
	va_list args;

	if (level < least_level)
		return;
	va_start(args, fmt);
	if (vsnprintf(detail, sizeof(detail), fmt, args) < 0)
		detail[0] = '\0';
	va_end(args);
	begin(&l, level, event);
	put_pair(&l, "detail", detail);
	finish(&l);
}

void
log_sink(void (*write_line)(const char *line, size_t n, void *arg), void *arg)
{
	sink_write = write_line;
	sink_arg = arg;
}
