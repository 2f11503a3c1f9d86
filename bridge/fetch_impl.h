/* Internal to fetch: what its files share. */
#ifndef EKMC_BRIDGE_FETCH_IMPL_H
#define EKMC_BRIDGE_FETCH_IMPL_H

#include <curl/curl.h>
#include <sys/socket.h>

#include "bridge/fetch.h"
#include "core/buf.h"

enum fetch_host { HOST_NAME, HOST_LOOPBACK, HOST_PUBLIC, HOST_PRIVATE };

#define FETCH_TYPE_MAX 128

struct fetch_url {
	enum fetch_host host;
	bool tls;
};

/* False: the rules forbid it. */
MUST_USE bool fetch_url_check(const char *url, enum fetch_reach reach, struct fetch_url *out);

/* Whether a URL with such a host may be connected to this address, now that its name is resolved. */
MUST_USE bool fetch_address_allowed(const struct sockaddr *a, enum fetch_host host);

struct fetcher {
	struct fetcher_options options;
	uv_loop_t *loop;
	CURLM *multi;
	uv_timer_t timer;
	int handles; /* open at libuv; the last one closed frees this */
	bool closing;
	struct fetch *first;
	struct watch *watches;
};

/* A call in flight. */
struct fetch {
	struct fetch *prev, *next;
	struct fetcher *fetcher;
	CURL *easy;
	struct curl_slist *headers;
	uv_timer_t deadline;
	char type[FETCH_TYPE_MAX];
	struct buf body;
	struct fetch_url url;
	bool too_large, blocked;
	int64_t started_ms;
	char error[CURL_ERROR_SIZE];
	fetch_cb *done;
	void *arg;
};

/* Takes the call out, tells its owner and frees it. */
void fetch_finish(struct fetch *x, enum fetch_status st);
enum fetch_status fetch_status_of(const struct fetch *x, CURLcode code);

/* One handle less; the last one frees the fetcher. */
void fetcher_handle_closed(struct fetcher *f);

#endif
