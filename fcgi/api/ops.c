/* Probes and counters. */
#include "api/app.h"
#include "api/handlers.h"
#include "core/json.h"
#include "http/metrics.h"

enum next
healthz(struct call *c)
{
	c->resp.caching = CACHE_NEVER;
	return resp_json(&c->resp, 200, json_pack("{s:s}", "status", "ok")) == E_OK ? NEXT_REPLY : call_fail(c, E_NOMEM);
}

enum next
readyz(struct call *c)
{
	struct app_health h = app_health(c->app);
	json_t *about = json_own(c->arena, json_pack("{s:s, s:s, s:s}", "migrations", h.schema_right ? "match" : "unknown",
						     "database", h.database ? "up" : "down", "redis", h.redis ? "up" : "down"));

	if (about == NULL)
		return call_fail(c, E_NOMEM);
	c->resp.caching = CACHE_NEVER;
	if (!h.ready) {
		c->about = about;
		return call_fail(c, E_BUSY);
	}
	(void)json_object_set_new(about, "status", json_string("ready"));
	return resp_json(&c->resp, 200, json_incref(about)) == E_OK ? NEXT_REPLY : call_fail(c, E_NOMEM);
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
