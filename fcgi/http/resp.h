/* An answer in the making. Headers and body are bounded; one that does not fit becomes a 500, never half an answer. */
#ifndef EKMC_HTTP_RESP_H
#define EKMC_HTTP_RESP_H

#include <fcgiapp.h>
#include <jansson.h>

#include "core/buf.h"
#include "http/req.h"

#define RESP_HEADERS_MAX 4096
#define RESP_BODY_MAX    (4 << 20)
#define ETAG_SIZE        22 /* W/"16 hex" and a NUL */

enum caching {
	CACHE_PRIVATE, /* private, no-cache: the default */
	CACHE_PUBLIC,  /* public, no-cache: the same for everybody, asked again each time */
	CACHE_LONG,    /* public, max-age=300 */
	CACHE_NEVER,   /* no-store: secrets and errors */
};

struct resp {
	int http;
	const char *type; /* of the body; NULL without one */
	enum caching caching;
	char etag[ETAG_SIZE]; /* empty: made from the body of a GET's 200 */
	int retry_after_s;    /* 0: no Retry-After */
	const char *file;     /* an internal address whose file nginx sends instead of the body of a 200; NULL: none */
	struct buf headers;   /* "Name: value\r\n" lines */
	struct buf body;
};

void resp_init(struct resp *p);
void resp_release(struct resp *p);
void resp_clear(struct resp *p); /* as new, for a problem instead of what was begun */

/* `value` must not hold line breaks: what comes from outside has been parsed before. */
void resp_header(struct resp *p, const char *name, const char *fmt, ...) PRINTF(3, 4);

/* Sets a JSON answer and releases `body`, which may be NULL (a failed json_pack): E_NOMEM then. */
MUST_USE enum status resp_json(struct resp *p, int http, json_t *body);

/* Weak ETag of these bytes. */
void resp_etag(struct span body, char out[static ETAG_SIZE]);

/* Turns a GET's 200 whose ETag the caller has into a 304, adds the common headers and writes it all out. */
void resp_send(struct resp *p, const struct req *r, FCGX_Stream *out);

#endif
