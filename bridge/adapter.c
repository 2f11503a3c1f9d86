/* Numbers, requests and answers of eKMC1.0. */
#include "bridge/adapter.h"

#include <regex.h>
#include <stdio.h>
#include <stdlib.h>

#include "bridge/adapter_impl.h"
#include "bridge/page.h"
#include "bridge/text.h"
#include "core/buf.h"
#include "core/clock.h"
#include "core/log.h"
#include "core/scan.h"

#define PLACE     "{number}"
#define URL_MAX   8192
#define WORDS_MAX 64
#define ODD_MAX   16
#define ODD_SIZE  64

struct word {
	struct span text;
	enum state state;
};

struct adapter {
	const struct conf *conf;
	regex_t pattern;
	bool has_pattern;
	struct page_reader *reader;
	struct word words[WORDS_MAX];
	size_t n_words;
	char odd[ODD_MAX][ODD_SIZE]; /* words that were logged already */
	size_t n_odd;
};

static bool
complain(char *why, size_t cap, const char *text)
{
	(void)snprintf(why, cap, "%s", text);
	return false;
}

/* "Registered=UNASSIGNED, Under Process=IN_PROGRESS" */
static bool
read_words(struct adapter *d, char *why, size_t cap)
{
	struct span rest = span_of(d->conf->legacy.status_map), pair, word;

	while (scan_cut(&rest, ',', &pair)) {
		struct word *w = &d->words[d->n_words];

		(void)scan_cut(&pair, '=', &word);
		word = scan_trim(word);
		if (d->n_words == WORDS_MAX || word.n == 0 || pair.p == NULL || !state_parse(scan_trim(pair), &w->state))
			return complain(why, cap, "legacy.status_map: not a list of word=STATE");
		for (size_t i = 0; i < d->n_words; i++)
			if (span_eq(d->words[i].text, word))
				return complain(why, cap, "legacy.status_map: a word stands there twice");
		w->text = word;
		d->n_words++;
	}
	return true;
}

/* The number may stand in the path, the query or the form, never where it would choose the host. */
static bool
check_url(const struct adapter *d, char *why, size_t cap)
{
	const char *url = d->conf->legacy.url, *slashes = strstr(url, "://");
	const char *path = slashes == NULL ? NULL : strchr(slashes + 3, '/');
	const char *place = strstr(url, PLACE), *page = d->conf->legacy.old_page;

	if (!fetch_url_allowed(url, FETCH_CONFIGURED))
		return complain(why, cap, "legacy.url: must be https, or http of a loopback host");
	if (place != NULL && (path == NULL || place < path))
		return complain(why, cap, "legacy.url: {number} may not stand in the host");
	if (place == NULL && strstr(d->conf->legacy.query, PLACE) == NULL &&
	    (d->conf->legacy.method != METHOD_POST || strstr(d->conf->legacy.form, PLACE) == NULL))
		return complain(why, cap, "legacy.url, query or form: {number} stands in none of them");
	if (page[0] != '\0' &&
	    ((strncmp(page, "http://", 7) != 0 && strncmp(page, "https://", 8) != 0) || strpbrk(page, "<> \"") != NULL))
		return complain(why, cap, "legacy.old_page: not the URL of a page");
	return true;
}

struct adapter *
adapter_new(const struct conf *c, char *why, size_t why_cap)
{
	struct adapter *d = calloc(1, sizeof(*d));

	(void)snprintf(why, why_cap, "out of memory");
	if (d == NULL)
		return NULL;
	d->conf = c;
	if (!check_url(d, why, why_cap) || !read_words(d, why, why_cap))
		goto fail;
	if (regcomp(&d->pattern, c->legacy.number_pattern, REG_EXTENDED | REG_NOSUB) != 0) {
		(void)complain(why, why_cap, "legacy.number_pattern: not an extended regular expression");
		goto fail;
	}
	d->has_pattern = true;
	d->reader = page_reader_new(c, why, why_cap);
	if (d->reader != NULL)
		return d;
fail:
	adapter_free(d);
	return NULL;
}

void
adapter_free(struct adapter *d)
{
	if (d == NULL)
		return;
	if (d->has_pattern)
		regfree(&d->pattern);
	page_reader_free(d->reader);
	free(d);
}

bool
adapter_number(const struct adapter *d, struct span typed, char out[static LEGACY_NUMBER_SIZE])
{
	/* a pattern with separators in it comes first, else they are decoration */
	return (adapter_fold(typed, false, out) && regexec(&d->pattern, out, 0, NULL, 0) == 0) ||
	       (adapter_fold(typed, true, out) && regexec(&d->pattern, out, 0, NULL, 0) == 0);
}

/* RFC 3986: all but the unreserved characters are escaped, so that the number stays one value wherever it stands. */
static void
add_escaped(struct buf *out, const char *number)
{
	for (const char *p = number; *p != '\0'; p++) {
		bool plain = (*p >= '0' && *p <= '9') || (*p >= 'A' && *p <= 'Z') || (*p >= 'a' && *p <= 'z') ||
			     strchr("-._~", *p) != NULL;

		if (plain)
			buf_char(out, *p);
		else
			buf_printf(out, "%%%02X", (unsigned)(unsigned char)*p);
	}
}

static void
add_filled(struct buf *out, const char *template, const char *number)
{
	const char *place;

	while ((place = strstr(template, PLACE)) != NULL) {
		buf_add(out, template, (size_t)(place - template));
		add_escaped(out, number);
		template = place + strlen(PLACE);
	}
	buf_text(out, template);
}

bool
adapter_request(const struct adapter *d, struct arena *a, const char *number, struct fetch_request *out)
{
	const struct conf *c = d->conf;
	struct buf url = BUF_INIT(URL_MAX), form = BUF_INIT(URL_MAX);

	*out = (struct fetch_request){ .post = c->legacy.method == METHOD_POST,
				       .timeout_ms = c->legacy.timeout_ms,
				       .max_bytes = (size_t)c->legacy.max_bytes };
	add_filled(&url, c->legacy.url, number);
	if (c->legacy.query[0] != '\0') {
		buf_char(&url, strchr(c->legacy.url, '?') == NULL ? '?' : '&');
		add_filled(&url, c->legacy.query, number);
	}
	if (!url.failed)
		out->url = arena_strdup(a, url.data);
	if (out->post) {
		add_filled(&form, c->legacy.form, number);
		out->content_type = "application/x-www-form-urlencoded";
		if (!form.failed && form.len > 0)
			out->body = (struct span){ arena_strndup(a, form.data, form.len), form.len };
	}
	bool ok = out->url != NULL && !form.failed && (form.len == 0 || out->body.p != NULL);
	buf_release(&url);
	buf_release(&form);
	return ok;
}

/* A word that nobody mapped is told once, for whoever keeps the configuration. */
static void
log_odd(struct adapter *d, const char *number, struct span word)
{
	char text[ODD_SIZE];

	(void)snprintf(text, sizeof(text), "%.*s", SPAN_FMT(word));
	for (size_t i = 0; i < d->n_odd; i++)
		if (strcmp(d->odd[i], text) == 0)
			return;
	if (d->n_odd == ODD_MAX)
		return;
	memcpy(d->odd[d->n_odd++], text, sizeof(text));
	log_detail(LOG_WARN, "legacy_unknown_status", "%.*s of %s: add it to legacy.status_map", SPAN_FMT(word), number);
}

static int64_t
time_of(const struct adapter *d, const char *number, struct span text)
{
	int64_t at_ms;

	if (text.p == NULL)
		return CLOCK_NONE;
	if (adapter_time(d->conf->legacy.date_format, text, &at_ms))
		return at_ms;
	log_detail(LOG_INFO, "legacy_date", "%.*s of %s does not fit legacy.date_format", SPAN_FMT(text), number);
	return CLOCK_NONE;
}

static int
ward_of(struct span text)
{
	char digits[4];
	int n = scan_digits(text, digits, sizeof(digits)), ward = 0;

	for (int i = 0; i < n; i++)
		ward = ward * 10 + (digits[i] - '0');
	return ward <= LEGACY_WARDS ? ward : 0;
}

static bool
same_number(const char *asked, struct span found)
{
	struct span own = { asked, strlen(asked) };
	char a[LEGACY_NUMBER_SIZE], b[LEGACY_NUMBER_SIZE];

	return found.p != NULL && adapter_fold(own, true, a) && adapter_fold(found, true, b) && strcmp(a, b) == 0;
}

static enum adapter_verdict
understand(struct adapter *d, struct arena *a, const char *number, const struct span text[static PAGE_FIELD__COUNT],
	   struct legacy_case *out, const char **why)
{
	bool failed = false, known = false;

	*why = text[PAGE_NUMBER].p == NULL ? "neither a complaint nor \"not found\"" : "the answer is about another number";
	if (!same_number(number, text[PAGE_NUMBER]))
		return ADAPTER_BAD;
	*why = "no status";
	if (text[PAGE_STATUS].p == NULL)
		return ADAPTER_BAD;
	*out = (struct legacy_case){ .ward = ward_of(text[PAGE_WARD]) };
	memcpy(out->number, number, strlen(number) + 1);
	for (size_t i = 0; i < d->n_words && !known; i++) {
		known = span_eq(d->words[i].text, text[PAGE_STATUS]);
		out->state = d->words[i].state;
	}
	*why = "an unknown status word";
	if (!known) {
		log_odd(d, number, text[PAGE_STATUS]);
		return ADAPTER_ODD;
	}
	out->lodged_ms = time_of(d, number, text[PAGE_LODGED]);
	out->closed_ms = time_of(d, number, text[PAGE_CLOSED]);
	out->department = text_clean(a, text[PAGE_DEPARTMENT], LEGACY_NAME_CHARS, &failed);
	out->category = text_clean(a, text[PAGE_CATEGORY], LEGACY_NAME_CHARS, &failed);
	out->remark = text_clean(a, text[PAGE_REMARK], LEGACY_TEXT_CHARS, &failed);
	*why = "out of memory";
	return failed ? ADAPTER_BAD : ADAPTER_FOUND;
}

enum adapter_verdict
adapter_read(struct adapter *d, struct arena *a, const char *number, const struct fetch_result *answer, struct legacy_case *out,
	     const char **why)
{
	struct page_answer page = { answer->http, answer->type, answer->charset, answer->body };
	struct span text[PAGE_FIELD__COUNT];

	switch (page_read(d->reader, a, &page, text, why)) {
	case PAGE_READ:
		return understand(d, a, number, text, out, why);
	case PAGE_MISSING:
		return ADAPTER_MISSING;
	case PAGE_BAD:
		break;
	}
	return ADAPTER_BAD;
}
