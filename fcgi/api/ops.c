/* Probes and counters. */
#include "api/app.h"
#include "api/handlers.h"
#include "http/metrics.h"

static enum next
answer(struct call *c, int http, const char *text)
{
	c->resp.caching = CACHE_NEVER;
	if (resp_json(&c->resp, http, json_pack("{s:s}", "status", text)) != E_OK)
		return call_fail(c, E_NOMEM);
	return NEXT_REPLY;
}

enum next
healthz(struct call *c)
{
	return answer(c, 200, "alive");
}

enum next
readyz(struct call *c)
{
	if (app_ready(c->app))
		return answer(c, 200, "ready");
	c->why = "the database has not been reached, or its schema is not the one this program was built for";
	return call_fail(c, E_BUSY);
}

enum next
metrics_get(struct call *c)
{
	c->resp.http = 200;
	c->resp.type = "text/plain; version=0.0.4; charset=utf-8";
	c->resp.caching = CACHE_NEVER;
	metrics_write(&c->resp.body);
	return NEXT_REPLY;
}
