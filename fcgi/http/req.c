/* FastCGI parameters into struct req. */
#include "http/req.h"

#include <stdio.h>
#include <stdlib.h>

#include "core/scan.h"

#define REQUEST_ID_CHARS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-"

static const struct {
	const char *name;
	enum method method;
} methods[] = {
	{ "GET", M_GET },       { "POST", M_POST }, { "PUT", M_PUT },         { "PATCH", M_PATCH },
	{ "DELETE", M_DELETE }, { "HEAD", M_HEAD }, { "OPTIONS", M_OPTIONS },
};

/* Headers that decide who the caller is or what happens twice: one of each, or the request is refused. */
static const char *const single[] = { "AUTHORIZATION=",    "IDEMPOTENCY_KEY=",  "COOKIE=",
				      "X_EKMC_CSRF=",      "X_EKMC_CLIENT=",    "X_EKMC_NONCE=",
				      "X_EKMC_TIMESTAMP=", "X_EKMC_SIGNATURE=", "X_HUB_SIGNATURE_256=" };

static const char *
param(const struct req *r, const char *name)
{
	const char *v = FCGX_GetParam(name, r->envp);

	return v == NULL ? "" : v;
}

static enum method
method_of(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(methods); i++)
		if (strcmp(methods[i].name, name) == 0)
			return methods[i].method;
	return M_OTHER;
}

static bool
has_doubles(const struct req *r)
{
	unsigned seen = 0;

	for (char *const *e = r->envp; *e != NULL; e++) {
		if (strncmp(*e, "HTTP_", 5) != 0)
			continue;
		for (size_t i = 0; i < ARRAY_LEN(single); i++) {
			if (strncmp(*e + 5, single[i], strlen(single[i])) != 0)
				continue;
			if ((seen & 1U << i) != 0)
				return true;
			seen |= 1U << i;
		}
	}
	return false;
}

static const char *
request_id(const struct req *r, struct arena *a)
{
	const char *sent = param(r, "HTTP_X_REQUEST_ID");
	char made[REQUEST_ID_SIZE];

	if (scan_token(span_of(sent), REQUEST_ID_CHARS, 8, 64))
		return arena_strdup(a, sent);
	ids_random_hex(made);
	return arena_strdup(a, made);
}

/* To the end of its stream in every case: what stays in the socket, be it the empty record at the end, would be taken for the next
 * request of the connection. */
static void
drain(FCGX_Stream *in)
{
	char waste[4096];

	while (FCGX_GetStr(waste, sizeof(waste), in) > 0)
		;
}

static enum status
read_body(struct req *r, struct arena *a, FCGX_Stream *in, size_t body_bytes)
{
	int64_t length = 0;
	const char *announced = param(r, "CONTENT_LENGTH");
	char *p;
	int got = 0;

	if (announced[0] != '\0' && !scan_i64(span_of(announced), 0, INT32_MAX, &length))
		return E_MALFORMED;
	if ((uint64_t)length > body_bytes)
		return E_TOO_LARGE;
	p = arena_alloc(a, (size_t)length + 1);
	if (p == NULL)
		return E_NOMEM;
	while (got < (int)length) {
		int n = FCGX_GetStr(p + got, (int)length - got, in);

		if (n <= 0)
			return E_MALFORMED;
		got += n;
	}
	r->body = (struct span){ p, (size_t)length };
	return E_OK;
}

enum status
req_read(struct req *r, struct arena *a, FCGX_Request *fcgi, size_t body_bytes)
{
	const char *path, *query;
	enum status st;

	*r = (struct req){ .envp = fcgi->envp };
	r->lang = lang_negotiate(span_of(param(r, "HTTP_ACCEPT_LANGUAGE")));
	r->request_id = request_id(r, a);
	r->method_name = arena_strdup(a, param(r, "REQUEST_METHOD"));
	r->address = arena_strdup(a, param(r, "REMOTE_ADDR"));
	r->upload = arena_strdup(a, param(r, "EKMC_UPLOAD"));
	path = arena_strdup(a, param(r, "DOCUMENT_URI"));
	query = arena_strdup(a, param(r, "QUERY_STRING"));
	st = read_body(r, a, fcgi->in, body_bytes);
	drain(fcgi->in);
	if (r->request_id == NULL || r->method_name == NULL || r->address == NULL || r->upload == NULL || path == NULL ||
	    query == NULL)
		return E_NOMEM;
	r->method = method_of(r->method_name);
	r->path = span_of(path);
	r->query = span_of(query);
	if (st == E_OK && has_doubles(r))
		st = E_MALFORMED;
	return st;
}

const char *
req_header(const struct req *r, const char *name)
{
	size_t n = strlen(name);

	for (char *const *e = r->envp; *e != NULL; e++)
		if (strncmp(*e, "HTTP_", 5) == 0 && strncmp(*e + 5, name, n) == 0 && (*e)[5 + n] == '=')
			return *e + 6 + n;
	return NULL;
}

const char *
req_content_type(const struct req *r)
{
	return param(r, "CONTENT_TYPE");
}

static bool
decode(struct arena *a, struct span raw, struct span *out)
{
	char *p = arena_alloc(a, raw.n + 1);
	size_t n = 0, chars;
	uint8_t byte;

	if (p == NULL)
		return false;
	for (size_t i = 0; i < raw.n; i++) {
		if (raw.p[i] == '%') {
			if (raw.n - i < 3 || !scan_hex((struct span){ raw.p + i + 1, 2 }, &byte, 1))
				return false;
			p[n++] = (char)byte;
			i += 2;
		} else {
			p[n++] = raw.p[i] == '+' ? ' ' : raw.p[i];
		}
	}
	*out = (struct span){ p, n };
	return scan_utf8(*out, &chars);
}

enum status
req_query(const struct req *r, struct arena *a, struct schema_param *params, size_t *n)
{
	struct span rest = r->query, pair, name;

	*n = 0;
	while (scan_cut(&rest, '&', &pair)) {
		if (pair.n == 0)
			continue;
		if (*n == REQ_PARAMS_MAX)
			return E_INVALID;
		(void)scan_cut(&pair, '=', &name);
		if (pair.p == NULL)
			pair = SPAN("");
		if (!decode(a, name, &params[*n].name) || !decode(a, pair, &params[*n].value))
			return E_MALFORMED;
		(*n)++;
	}
	return E_OK;
}

struct span
req_cookie(const struct req *r, const char *name)
{
	const char *header = req_header(r, "COOKIE");
	struct span rest = span_of(header), pair, key;

	while (scan_cut(&rest, ';', &pair)) {
		pair = scan_trim(pair);
		(void)scan_cut(&pair, '=', &key);
		if (pair.p != NULL && span_eq(key, span_of(name)))
			return pair;
	}
	return (struct span){ NULL, 0 };
}
