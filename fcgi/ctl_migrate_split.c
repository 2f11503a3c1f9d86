/* Cuts an SQL script into statements as the mariadb client does. */
#include <strings.h>

#include "ctl_migrate.h"

#define DELIMITER_WORD "DELIMITER"

struct sql_split
sql_split_start(struct span text)
{
	return (struct sql_split){ .rest = text, .delimiter = ";", .line = 1 };
}

static void
skip(struct sql_split *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		s->line += s->rest.p[i] == '\n';
	s->rest.p += n;
	s->rest.n -= n;
}

static bool
starts(struct span s, const char *with)
{
	size_t n = strlen(with);

	return s.n >= n && strncasecmp(s.p, with, n) == 0;
}

static bool
is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v';
}

static size_t
line_length(struct span s)
{
	const char *end = memchr(s.p, '\n', s.n);

	return end == NULL ? s.n : (size_t)(end - s.p) + 1;
}

/* The length of the comment at the beginning of `s`; 0: there is none; more than s.n: it does not end. */
static size_t
comment_length(struct span s)
{
	const char *end;

	if (s.n > 0 && s.p[0] == '#')
		return line_length(s);
	if (starts(s, "--") && (s.n == 2 || is_space(s.p[2])))
		return line_length(s);
	if (!starts(s, "/*"))
		return 0;
	end = memmem(s.p + 2, s.n - 2, "*/", 2);
	return end == NULL ? s.n + 1 : (size_t)(end - s.p) + 2;
}

/* The same for a quoted text or name. */
static size_t
quote_length(struct span s)
{
	char quote;

	if (s.n == 0 || strchr("'\"`", s.p[0]) == NULL || s.p[0] == '\0')
		return 0;
	quote = s.p[0];
	for (size_t i = 1; i < s.n; i++) {
		if (s.p[i] == '\\' && quote != '`')
			i++;
		else if (s.p[i] == quote)
			return i + 1; /* a doubled quote begins the next quoted text, which is as good */
	}
	return s.n + 1;
}

/* "DELIMITER //" and the rest of its line. */
static bool
take_delimiter(struct sql_split *s)
{
	size_t from = strlen(DELIMITER_WORD), n = 0, line = line_length(s->rest);
	const char *p = s->rest.p;

	while (from < line && (p[from] == ' ' || p[from] == '\t'))
		from++;
	while (from + n < line && !is_space(p[from + n]))
		n++;
	if (n == 0 || n >= sizeof(s->delimiter)) {
		s->bad = "a DELIMITER line names no delimiter";
		return false;
	}
	memcpy(s->delimiter, p + from, n);
	s->delimiter[n] = '\0';
	skip(s, line);
	return true;
}

/* Past space, comments and DELIMITER lines. Comments for the server stay: they are statements. */
static bool
skip_between(struct sql_split *s)
{
	while (s->rest.n > 0 && s->bad == NULL) {
		size_t comment = starts(s->rest, "/*!") || starts(s->rest, "/*M!") ? 0 : comment_length(s->rest);

		if (comment > s->rest.n)
			s->bad = "a comment does not end";
		else if (comment > 0)
			skip(s, comment);
		else if (is_space(s->rest.p[0]))
			skip(s, 1);
		else if (starts(s->rest, DELIMITER_WORD) && s->rest.n > strlen(DELIMITER_WORD) &&
			 is_space(s->rest.p[strlen(DELIMITER_WORD)]))
			(void)take_delimiter(s);
		else
			return true;
	}
	return false;
}

bool
sql_split_next(struct sql_split *s, struct span *statement, int *line)
{
	for (;;) {
		struct span at;
		size_t n = 0;

		if (!skip_between(s))
			return false;
		*line = s->line;
		for (at = s->rest; at.n > 0 && !starts(at, s->delimiter);) {
			size_t step = quote_length(at);

			step = step > 0 ? step : comment_length(at);
			step = step > 0 ? step : 1;
			if (step > at.n) {
				s->bad = "a quotation or comment does not end";
				return false;
			}
			at = (struct span){ at.p + step, at.n - step };
		}
		n = (size_t)(at.p - s->rest.p);
		*statement = (struct span){ s->rest.p, n };
		skip(s, at.n == 0 ? n : n + strlen(s->delimiter));
		while (statement->n > 0 && is_space(statement->p[statement->n - 1]))
			statement->n--;
		if (statement->n > 0)
			return true;
	}
}
