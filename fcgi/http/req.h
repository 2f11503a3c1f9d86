/* A FastCGI request as data: everything a handler may look at, checked once. */
#ifndef EKMC_HTTP_REQ_H
#define EKMC_HTTP_REQ_H

#include <fcgiapp.h>

#include "core/arena.h"
#include "core/ids.h"
#include "core/lang.h"
#include "core/schema.h"
#include "core/status.h"

enum method { M_GET = 1, M_POST = 2, M_PUT = 4, M_PATCH = 8, M_DELETE = 16, M_HEAD = 32, M_OPTIONS = 64, M_OTHER = 128 };

#define REQ_PARAMS_MAX 32

struct req {
	enum method method;
	const char *method_name; /* as sent */
	struct span path;        /* decoded and normalised by nginx ($document_uri) */
	struct span query;       /* raw */
	struct span body;
	const char *upload; /* the file that holds the body instead, as nginx says (EKMC_UPLOAD); empty: none */
	const char *request_id;
	const char *address; /* of the client, as nginx saw it */
	enum lang lang;
	char **envp; /* alive until the request is finished */
};

/* Reads the parameters and the body (at most body_bytes; a larger one is drained and refused). Everything lives in `a`, but envp.
 * Errors: E_TOO_LARGE, E_MALFORMED (a security header twice, a body shorter than announced), E_NOMEM; the request id and the
 * language are set in every case. */
MUST_USE enum status req_read(struct req *r, struct arena *a, FCGX_Request *fcgi, size_t body_bytes);

/* A header by its CGI name without HTTP_: "IF_NONE_MATCH". NULL when it was not sent. */
const char *req_header(const struct req *r, const char *name);

/* Content-Type as sent; empty when it was not. */
const char *req_content_type(const struct req *r);

/* The query string decoded into at most REQ_PARAMS_MAX pairs, in the arena. E_MALFORMED: bad escapes or not UTF-8; E_INVALID: more.
 */
MUST_USE enum status req_query(const struct req *r, struct arena *a, struct schema_param *params, size_t *n);

/* The value of one cookie; absent when there is none. */
struct span req_cookie(const struct req *r, const char *name);

#endif
