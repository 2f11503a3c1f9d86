/* Building and writing answers. */
#include "http/resp.h"

#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>

#include "core/json.h"
#include "core/scan.h"

/* most heads are shorter, so they grow once */
#define HEAD_FIRST_BYTES 512

static const char *const cache_control[] = {
	[CACHE_PRIVATE] = "private, no-cache",
	[CACHE_PUBLIC] = "public, no-cache",
	[CACHE_LONG] = "public, max-age=300",
	[CACHE_NEVER] = "no-store",
};

static const struct {
	int http;
	const char *text;
} reasons[] = {
	{ 200, "OK" },
	{ 201, "Created" },
	{ 202, "Accepted" },
	{ 204, "No Content" },
	{ 304, "Not Modified" },
	{ 400, "Bad Request" },
	{ 401, "Unauthorized" },
	{ 403, "Forbidden" },
	{ 404, "Not Found" },
	{ 405, "Method Not Allowed" },
	{ 409, "Conflict" },
	{ 413, "Content Too Large" },
	{ 415, "Unsupported Media Type" },
	{ 422, "Unprocessable Content" },
	{ 429, "Too Many Requests" },
	{ 500, "Internal Server Error" },
	{ 503, "Service Unavailable" },
};

static const char *
reason(int http)
{
	for (size_t i = 0; i < ARRAY_LEN(reasons); i++)
		if (reasons[i].http == http)
			return reasons[i].text;
	return "";
}

void
resp_init(struct resp *p)
{
	*p = (struct resp){ .http = 500, .headers = BUF_INIT(RESP_HEADERS_MAX), .body = BUF_INIT(RESP_BODY_MAX) };
}

void
resp_release(struct resp *p)
{
	buf_release(&p->headers);
	buf_release(&p->body);
}

void
resp_clear(struct resp *p)
{
	buf_clear(&p->headers);
	buf_clear(&p->body);
	p->http = 500;
	p->type = NULL;
	p->caching = CACHE_PRIVATE;
	p->etag[0] = '\0';
	p->retry_after_s = 0;
	p->file = NULL;
}

void
resp_header(struct resp *p, const char *name, const char *fmt, ...)
{
	char value[1024];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(value, sizeof(value), fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= sizeof(value) || strpbrk(value, "\r\n") != NULL)
		return;
	buf_printf(&p->headers, "%s: %s\r\n", name, value);
}

enum status
resp_json(struct resp *p, int http, json_t *body)
{
	if (body == NULL)
		return E_NOMEM;
	buf_clear(&p->body);
	json_encode(body, &p->body);
	json_decref(body);
	p->http = http;
	p->type = "application/json";
	return p->body.failed ? E_NOMEM : E_OK;
}

void
resp_etag(struct span body, char out[static ETAG_SIZE])
{
	uint8_t hash[crypto_generichash_BYTES_MIN];
	char hex[17];

	crypto_generichash(hash, sizeof(hash), (const uint8_t *)body.p, body.n, NULL, 0);
	sodium_bin2hex(hex, sizeof(hex), hash, 8);
	(void)snprintf(out, ETAG_SIZE, "W/\"%s\"", hex);
}

/* RFC 9110, section 13.1.2: a list of tags, compared weakly, or a star. */
static bool
none_match(const char *header, const char *etag)
{
	struct span rest = span_of(header), tag, own = span_of(etag + 2);

	while (scan_cut(&rest, ',', &tag)) {
		tag = scan_trim(tag);
		if (span_eq(tag, SPAN("*")))
			return true;
		if (tag.n > 2 && tag.p[0] == 'W' && tag.p[1] == '/')
			tag = (struct span){ tag.p + 2, tag.n - 2 };
		if (span_eq(tag, own))
			return true;
	}
	return false;
}

void
resp_send(struct resp *p, const struct req *r, FCGX_Stream *out)
{
	struct buf head = BUF_INIT(RESP_HEADERS_MAX + 1024);
	bool readable = r->method == M_GET || r->method == M_HEAD;
	bool with_body = r->method != M_HEAD && p->http != 204 && p->http != 304;

	if (p->http == 200 && readable) {
		const char *sent = req_header(r, "IF_NONE_MATCH");

		if (p->etag[0] == '\0' && p->caching != CACHE_NEVER)
			resp_etag(buf_view(&p->body), p->etag);
		if (sent != NULL && p->etag[0] != '\0' && none_match(sent, p->etag)) {
			p->http = 304;
			with_body = false;
		}
	}
	if (buf_reserve(&head, HEAD_FIRST_BYTES) == NULL)
		return;
	buf_printf(&head, "Status: %d %s\r\nX-Request-Id: %s\r\nCache-Control: %s\r\n", p->http, reason(p->http),
		   r->request_id == NULL ? "-" : r->request_id, cache_control[p->caching]);
	if (p->etag[0] != '\0')
		buf_printf(&head, "ETag: %s\r\n", p->etag);
	if (p->retry_after_s > 0)
		buf_printf(&head, "Retry-After: %d\r\n", p->retry_after_s);
	if (p->type != NULL && p->http != 304)
		buf_printf(&head, "Content-Type: %s\r\n", p->type);
	if (p->file != NULL && p->http == 200)
		buf_printf(&head, "X-Accel-Redirect: %s\r\n", p->file);
	else if (with_body)
		buf_printf(&head, "Content-Length: %zu\r\n", p->body.len);
	buf_span(&head, buf_view(&p->headers));
	buf_text(&head, "\r\n");
	(void)FCGX_PutStr(head.data, (int)head.len, out);
	if (with_body && p->body.len > 0)
		(void)FCGX_PutStr(p->body.data, (int)p->body.len, out);
	buf_release(&head);
}
