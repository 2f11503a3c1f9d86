/* Look-ups in eKMC1.0: who waits, what is known, who may ask. */
#include "bridge/legacy.h"

#include <assert.h>
#include <stdlib.h>
#include <systemd/sd-daemon.h>

#include "bridge/breaker.h"
#include "bridge/legacy_answer.h"
#include "bridge/legacy_record.h"
#include "bridge/page.h"
#include "core/cache_async.h"
#include "core/clock.h"
#include "core/log.h"
#include "http/metrics.h"
#include "http/router.h"
#include "http/server.h"

#define WAITING_MAX        512
#define MISSING_TTL_S      60
#define LOOKUP_FIRST_BYTES 8192
#define LOOKUP_BYTES       ((size_t)1 << 20)
#define RECORD_BYTES       65536
#define REASON_SIZE        256

/* server_options.app, for conf itself is const. */
struct app {
	const struct conf *conf;
};

/* What the reactor's thread owns. */
struct legacy {
	const struct conf *conf;
	struct adapter *adapter;
	struct cache_async *cache;
	struct fetcher *fetcher;
	struct breaker breaker;
	struct lookup *lookups;
	size_t waiting; /* calls, over all look-ups */
	bool closing;
};

struct waiter {
	struct waiter *next;
	struct call *call;
};

/* One number being looked up, for all who asked for it meanwhile. A caller who hangs up stays in the list: the reactor notices when
 * the answer cannot be written, and the others get theirs. */
struct lookup {
	struct lookup *next;
	struct legacy *legacy;
	struct arena *arena;
	struct waiter *first, **last;
	char number[LEGACY_NUMBER_SIZE];
	struct legacy_record old; /* the copy in Redis, too old to be given away while eKMC1.0 answers */
	bool has_old;
	enum breaker_pass pass;
};

/* --- answers ---------------------------------------------------------------------------------------------------------------- */

static void
link_old_page(struct call *c)
{
	if (c->conf->legacy.old_page[0] != '\0')
		resp_header(&c->resp, "Link", "<%s>; rel=\"related\"", c->conf->legacy.old_page);
}

static void
answer(struct call *c, const struct legacy_record *r, bool stale)
{
	int64_t age_ms = clock_now_ms() - r->fetched_ms;
	enum status st = E_NOT_FOUND;

	if (r->found)
		st = resp_json(&c->resp, 200, legacy_answer(&r->complaint, stale, age_ms < 0 ? 0 : age_ms / 1000));
	if (st != E_OK)
		(void)call_fail(c, st);
	else
		c->resp.caching = CACHE_PUBLIC;
}

static void
answer_down(struct call *c, const struct legacy *g)
{
	int64_t wait_ms = breaker_wait_ms(&g->breaker, clock_monotonic_ms());

	(void)call_fail(c, E_LEGACY_DOWN);
	c->resp.retry_after_s = wait_ms <= 1000 ? 1 : (int)((wait_ms + 999) / 1000);
	link_old_page(c);
}

/* Answers everybody who waits; `r` NULL: eKMC1.0 has failed. */
static void
lookup_end(struct lookup *l, const struct legacy_record *r)
{
	struct legacy *g = l->legacy;
	struct lookup **at = &g->lookups;

	while (*at != l)
		at = &(*at)->next;
	*at = l->next;
	for (struct waiter *w = l->first, *next; w != NULL; w = next) {
		/* the waiter lives in the memory of its call, which goes with the answer */
		next = w->next;
		g->waiting--;
		if (r != NULL)
			answer(w->call, r, false);
		else if (l->has_old)
			answer(w->call, &l->old, true);
		else
			answer_down(w->call, g);
		call_reply(w->call);
	}
	arena_free(l->arena);
	free(l);
}

/* --- asking eKMC1.0 --------------------------------------------------------------------------------------------------------- */

static void
store(struct legacy *g, const char *number, const struct legacy_record *r)
{
	const struct conf *c = g->conf;
	struct buf text = BUF_INIT(RECORD_BYTES);
	char key[LEGACY_KEY_SIZE];
	int64_t ttl_s = MISSING_TTL_S;

	if (r->found)
		ttl_s = (legacy_states[r->complaint.state].ended ? c->legacy.closed_ttl_s : c->legacy.open_ttl_s) +
			c->legacy.stale_s;
	legacy_record_encode(r, number, &text);
	if (!text.failed)
		cache_async_set(g->cache, legacy_record_key(number, key), buf_view(&text), ttl_s * 1000);
	buf_release(&text);
}

static void
tell_breaker(struct legacy *g, enum breaker_pass pass, bool ok)
{
	if (!breaker_tell(&g->breaker, pass, ok, clock_monotonic_ms(), arc4random()))
		return;
	log_event(LOG_WARN, "legacy_breaker", "state", breaker_name(g->breaker.state), NULL);
}

static void
log_failure(const struct lookup *l, const struct fetch_result *result, const char *why)
{
	log_detail(LOG_WARN, "legacy_failed", "%s: %s after %lld ms, http %ld: %s", l->number, fetch_status_name(result->status),
		   (long long)result->took_ms, result->http, why);
}

static void
on_fetched(void *arg, const struct fetch_result *result)
{
	struct lookup *l = arg;
	struct legacy *g = l->legacy;
	struct legacy_record r = { .fetched_ms = clock_now_ms() };
	enum adapter_verdict verdict = ADAPTER_BAD;
	const char *why = result->error;

	log_request(l->first->call->req.request_id);
	if (result->status == FETCH_OK)
		verdict = adapter_read(g->adapter, l->arena, l->number, result, &r.complaint, &why);
	if (verdict == ADAPTER_BAD || verdict == ADAPTER_ODD)
		log_failure(l, result, why);
	/* one complaint that nobody can read must not cut off all the others */
	tell_breaker(g, l->pass, verdict != ADAPTER_BAD);
	r.found = verdict == ADAPTER_FOUND;
	if (r.found || verdict == ADAPTER_MISSING) {
		if (!g->closing)
			store(g, l->number, &r);
		lookup_end(l, &r);
	} else {
		lookup_end(l, NULL);
	}
}

static void
ask(struct lookup *l)
{
	struct legacy *g = l->legacy;
	struct fetch_request request;

	if (g->closing || !adapter_request(g->adapter, l->arena, l->number, &request)) {
		lookup_end(l, NULL);
		return;
	}
	l->pass = breaker_ask(&g->breaker, clock_monotonic_ms());
	if (l->pass == PASS_NO)
		lookup_end(l, NULL);
	else
		fetch_start(g->fetcher, &request, on_fetched, l);
}

static bool
is_fresh(const struct conf *c, const struct legacy_record *r)
{
	int64_t age_ms = clock_now_ms() - r->fetched_ms, ttl_s = MISSING_TTL_S;

	if (r->found)
		ttl_s = legacy_states[r->complaint.state].ended ? c->legacy.closed_ttl_s : c->legacy.open_ttl_s;
	return age_ms < ttl_s * 1000;
}

static void
on_cached(void *arg, struct span value)
{
	struct lookup *l = arg;
	struct legacy *g = l->legacy;
	bool known = legacy_record_decode(l->arena, value, l->number, clock_now_ms(), &l->old);

	if (known && is_fresh(g->conf, &l->old)) {
		(void)atomic_fetch_add(&metrics.cache_hits, 1);
		lookup_end(l, &l->old);
		return;
	}
	(void)atomic_fetch_add(&metrics.cache_misses, 1);
	l->has_old = known && l->old.found;
	ask(l);
}

/* --- the route -------------------------------------------------------------------------------------------------------------- */

/* What is no number of eKMC1.0 may be one of ours. */
static enum next
refuse(struct call *c)
{
	char number[NUMBER_DIGITS + 1];

	if (ids_number_parse(c->param[0], c->conf->system.go_live_ms, number) == NUMBER_NEW) {
		(void)call_fail(c, E_OTHER_SYSTEM);
		resp_header(&c->resp, "Link", "</api/v1/status/%s>; rel=\"alternate\"", number);
		return NEXT_REPLY;
	}
	return call_fail(c, call_field(c, "/number", FE_WRONG));
}

static struct lookup *
lookup_new(struct legacy *g, const char *number)
{
	struct lookup *l = calloc(1, sizeof(*l));

	if (l == NULL)
		return NULL;
	l->arena = arena_new(LOOKUP_FIRST_BYTES, LOOKUP_BYTES);
	if (l->arena == NULL) {
		free(l);
		return NULL;
	}
	l->legacy = g;
	l->last = &l->first;
	memcpy(l->number, number, strlen(number) + 1);
	l->next = g->lookups;
	g->lookups = l;
	return l;
}

static void
join(struct lookup *l, struct waiter *w, struct call *c)
{
	w->call = c;
	*l->last = w;
	l->last = &w->next;
	l->legacy->waiting++;
}

static enum next
status_get(struct call *c)
{
	struct legacy *g = call_local(c);
	struct waiter *w = arena_alloc(c->arena, sizeof(*w));
	char number[LEGACY_NUMBER_SIZE], key[LEGACY_KEY_SIZE];
	struct lookup *l;

	if (!adapter_number(g->adapter, c->param[0], number))
		return refuse(c);
	if (g->waiting >= WAITING_MAX || w == NULL) {
		(void)call_fail(c, E_BUSY);
		link_old_page(c);
		return NEXT_REPLY;
	}
	for (l = g->lookups; l != NULL; l = l->next) {
		if (strcmp(l->number, number) == 0) {
			join(l, w, c);
			return NEXT_WAIT;
		}
	}
	l = lookup_new(g, number);
	if (l == NULL)
		return call_fail(c, E_NOMEM);
	join(l, w, c);
	cache_async_get(g->cache, legacy_record_key(number, key), on_cached, l);
	return NEXT_WAIT;
}

static const struct route routes[] = {
	/* method  path                              who     guards      front       back */
	{ M_GET, "/api/v1/legacy/status/{number}", ANYONE, GUARD_NONE, status_get, NULL },
};

/* --- the process ------------------------------------------------------------------------------------------------------------ */

static void
local_close(void *local)
{
	struct legacy *g = local;

	/* in this order: what Redis still owes would otherwise begin new calls */
	g->closing = true;
	cache_async_close(g->cache);
	fetcher_close(g->fetcher);
	assert(g->lookups == NULL);
	adapter_free(g->adapter);
	free(g);
}

static void *
local_new(uv_loop_t *loop, void *app)
{
	struct legacy *g = calloc(1, sizeof(*g));
	char why[REASON_SIZE];

	if (g == NULL)
		return NULL;
	g->conf = ((const struct app *)app)->conf;
	struct fetcher_options options = { .reach = FETCH_CONFIGURED, .parallel = (int)g->conf->legacy.parallel };
	g->adapter = adapter_new(g->conf, why, sizeof(why));
	g->cache = cache_async_new(loop, g->conf);
	g->fetcher = fetcher_new(loop, &options);
	if (g->adapter != NULL && g->cache != NULL && g->fetcher != NULL)
		return g;
	cache_async_close(g->cache);
	fetcher_close(g->fetcher);
	adapter_free(g->adapter);
	free(g);
	return NULL;
}

static void
ready(void *app)
{
	(void)app;
	(void)sd_notify(0, "READY=1");
	log_event(LOG_INFO, "ready", NULL);
}

bool
legacy_check(const struct conf *c, FILE *err)
{
	char why[REASON_SIZE];
	struct adapter *d;

	page_global();
	d = adapter_new(c, why, sizeof(why));
	if (d == NULL)
		(void)fprintf(err, "%s\n", why);
	adapter_free(d);
	return d != NULL;
}

void
legacy_routes(FILE *out)
{
	router_print(routes, ARRAY_LEN(routes), out);
}

int
legacy_run(const struct conf *c, int stop_fd)
{
	struct app app = { .conf = c };
	struct server_options o = {
		.conf = c,
		.routes = routes,
		.n_routes = ARRAY_LEN(routes),
		.app = &app,
		.stop_fd = stop_fd,
		.fronts = 1,
		.backs = 0,
		.local_new = local_new,
		.local_close = local_close,
		.ready = ready,
	};

	if (!seal_init() || !fetch_global()) {
		log_event(LOG_ERROR, "start", "error", "libsodium or libcurl cannot be used", NULL);
		return 1;
	}
	o.listen_fd = server_socket(c->listen.socket);
	return o.listen_fd >= 0 && server_run(&o) == 0 ? 0 : 1;
}
