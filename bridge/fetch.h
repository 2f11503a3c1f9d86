/* Outbound HTTP on a libuv loop, through curl's multi interface.
 *
 * The rules hold for every role: https only (plain http for loopback hosts), no redirects, no proxy of the environment, no
 * cookies, a size cap, a deadline that counts from the start (waiting for a free connection included), connections reused, at most
 * so many of them to a host. What is not a whole HTTP answer is never handed out as one.
 * Not thread-safe: one per loop. Call fetch_global once, before threads. */
#ifndef EKMC_BRIDGE_FETCH_H
#define EKMC_BRIDGE_FETCH_H

#include <uv.h>

#include "core/base.h"

struct fetcher;

/* Where calls may go. Private addresses are refused after the name has been resolved, so that no name can lead into our network. */
enum fetch_reach {
	FETCH_PUBLIC,     /* URLs that others gave us: public addresses only */
	FETCH_CONFIGURED, /* URLs of our configuration: also loopback, and a private address that is written as such in the URL */
};

struct fetcher_options {
	enum fetch_reach reach;
	int parallel; /* connections to one host; further calls wait within their deadline */
};

struct fetch_header {
	const char *name, *value;
};

struct fetch_request {
	const char *url;
	bool post;
	struct span body; /* of a POST; everything is copied */
	const char *content_type;
	const struct fetch_header *headers;
	size_t n_headers;
	int64_t timeout_ms;
	size_t max_bytes; /* of the answer's body */
};

enum fetch_status {
	FETCH_OK,        /* a whole HTTP answer came, whatever its code */
	FETCH_TIMEOUT,   /* not within the deadline */
	FETCH_REFUSED,   /* no connection: name, address, TLS */
	FETCH_CUT,       /* the connection ended before the answer did */
	FETCH_TOO_LARGE, /* more than max_bytes */
	FETCH_BLOCKED,   /* our own rules forbid this URL or address */
	FETCH_STOPPED,   /* the fetcher was closed */
	FETCH_FAILED,    /* anything else */
	FETCH_STATUS__COUNT
};

/* All text lives during the callback only. */
struct fetch_result {
	enum fetch_status status;
	long http;           /* 0 unless FETCH_OK */
	struct span type;    /* media type in lower case, "text/html"; absent when not sent */
	struct span charset; /* parameter of the type; absent when not sent */
	struct span body;
	const char *error; /* for logs; "" when there is none */
	int64_t took_ms;
};

typedef void fetch_cb(void *arg, const struct fetch_result *result);

MUST_USE bool fetch_global(void);

MUST_USE struct fetcher *fetcher_new(uv_loop_t *loop, const struct fetcher_options *o);
/* Ends what is in flight as FETCH_STOPPED and closes all handles; the loop must run once more. No new calls after this. */
void fetcher_close(struct fetcher *f);

/* `done` is called exactly once, on the loop's thread, possibly before this returns. */
void fetch_start(struct fetcher *f, const struct fetch_request *r, fetch_cb *done, void *arg);

/* Whether the rules allow the URL, for checks of a configuration. */
MUST_USE bool fetch_url_allowed(const char *url, enum fetch_reach reach);

/* "timeout", for logs. */
const char *fetch_status_name(enum fetch_status st);

#endif
