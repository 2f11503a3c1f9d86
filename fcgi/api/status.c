/* GET /status/{number}: from Redis in the front, from MariaDB in the back when Redis has nothing. */
#include "api/app.h"
#include "api/handlers.h"
#include "api/params.h"
#include "core/cache_async.h"
#include "domain/status_cache.h"
#include "domain/status_view.h"
#include "http/metrics.h"

static void
found(void *arg, struct span value)
{
	struct call *c = arg;
	struct span etag, body;

	if (!status_cache_parse(value, &etag, &body) || etag.n >= sizeof(c->resp.etag)) {
		(void)atomic_fetch_add(&metrics.cache_misses, 1);
		call_back(c);
		return;
	}
	(void)atomic_fetch_add(&metrics.cache_hits, 1);
	c->resp.http = 200;
	c->resp.type = "application/json";
	c->resp.caching = CACHE_PUBLIC;
	memcpy(c->resp.etag, etag.p, etag.n);
	c->resp.etag[etag.n] = '\0';
	buf_span(&c->resp.body, body);
	call_reply(c);
}

enum next
status_peek(struct call *c)
{
	char key[STATUS_KEY_SIZE];
	const char *number;
	enum status st = param_number(c, &number);

	if (st == E_OTHER_SYSTEM) {
		(void)call_fail(c, st);
		resp_header(&c->resp, "Link", "</api/v1/legacy/status/%.*s>; rel=\"alternate\"", SPAN_FMT(c->param[0]));
		return NEXT_REPLY;
	}
	if (st != E_OK)
		return call_fail(c, st);
	c->param[0] = span_of(number);
	status_cache_key(number, key);
	cache_async_get(call_local(c), key, found, c);
	return NEXT_WAIT;
}

enum status
status_get(struct call *c)
{
	const struct catalogue *k = app_catalogue(c);
	struct worker *w = c->worker;
	char token[STATUS_TOKEN_SIZE];
	struct complaint complaint;
	struct story own, parent;
	enum status st;

	if (k == NULL)
		return E_BUSY;
	status_cache_reserve(w->cache, c->param[0].p, token);
	st = complaint_find(w->db, c->arena, c->param[0].p, NULL, &complaint);
	if (st == E_OK)
		st = story_load(w->db, c->arena, &complaint, &own, &parent);
	if (st == E_OK)
		st = resp_json(&c->resp, 200, status_view(k->directory, &own, &parent));
	if (st != E_OK)
		return st;
	c->resp.caching = CACHE_PUBLIC;
	resp_etag(buf_view(&c->resp.body), c->resp.etag);
	(void)status_cache_put(w->cache, c->param[0].p, token, complaint.version, c->resp.etag, buf_view(&c->resp.body),
			       c->conf->status.ttl_s);
	return E_OK;
}
