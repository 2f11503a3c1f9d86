/* The directory in memory and the thread that keeps it. */
#include "api/app.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "api/render.h"
#include "core/clock.h"
#include "core/log.h"
#include "core/stop.h"
#include "domain/access.h"
#include "domain/employee.h"
#include "domain/idempotency.h"
#include "domain/link.h"
#include "domain/login.h"
#include "domain/move.h"
#include "domain/near.h"
#include "domain/otp.h"
#include "domain/roster.h"
#include "domain/session.h"
#include "domain/staff.h"
#include "domain/status_cache.h"
#include "domain/wording.h"
#include "domain/work.h"

#define TICK_MS       200
#define VERSION_TICKS 10
#define SWEEP_TICKS   (3600 * 1000 / TICK_MS)
#define UPLOAD_OLD_MS INT64_C(3600000) /* nginx allows 10 s between two parts of a body */
#define ARENA_BYTES   (1 << 20)

struct app {
	const struct conf *conf;
	const struct seal *seal;
	struct store store;
	char program[IMAGE_PROGRAM_SIZE];
	struct id_source *ids;
	pthread_t thread;
	pthread_mutex_t lock; /* of all below */
	pthread_cond_t wake;
	struct catalogue *catalogue;
	bool stop;
	struct app_health health;
};

static const struct {
	const struct sql *table;
	const size_t *n;
} modules[] = {
	{ session_sql, &session_sql_n },
	{ otp_sql, &otp_sql_n },
	{ directory_sql, &directory_sql_n },
	{ complaint_sql, &complaint_sql_n },
	{ lodge_sql, &lodge_sql_n },
	{ move_sql, &move_sql_n },
	{ act_sql, &act_sql_n },
	{ idempotency_sql, &idempotency_sql_n },
	{ link_sql, &link_sql_n },
	{ attachment_sql, &attachment_sql_n },
	{ login_sql, &login_sql_n },
	{ staff_sql, &staff_sql_n },
	{ link_check_sql, &link_check_sql_n },
	{ near_sql, &near_sql_n },
	{ wording_sql, &wording_sql_n },
	{ roster_state_sql, &roster_state_sql_n },
	{ roster_apply_sql, &roster_apply_sql_n },
	{ roster_vacate_sql, &roster_vacate_sql_n },
	{ admin_sql, &admin_sql_n },
	{ admin_items_sql, &admin_items_sql_n },
	{ admin_rules_sql, &admin_rules_sql_n },
	{ access_sql, &access_sql_n },
	{ work_sql, &work_sql_n },
	{ inbox_sql, &inbox_sql_n },
	{ register_sql, &register_sql_n },
	{ employee_sql, &employee_sql_n },
};

static void
catalogue_free(struct catalogue *k)
{
	directory_free(k->directory);
	buf_release(&k->departments);
	buf_release(&k->wards);
	free(k);
}

static void
catalogue_drop(struct app *app, struct catalogue *k)
{
	bool last;

	(void)pthread_mutex_lock(&app->lock);
	last = --k->refs == 0;
	(void)pthread_mutex_unlock(&app->lock);
	if (last)
		catalogue_free(k);
}

struct held {
	struct app *app;
	struct catalogue *catalogue;
};

static void
let_go(void *arg)
{
	struct held *h = arg;

	catalogue_drop(h->app, h->catalogue);
}

const struct catalogue *
app_catalogue(struct call *c)
{
	struct app *app = c->app;
	struct held *h = arena_alloc(c->arena, sizeof(*h));

	if (h == NULL)
		return NULL;
	h->app = app;
	(void)pthread_mutex_lock(&app->lock);
	h->catalogue = app->catalogue;
	if (h->catalogue != NULL)
		h->catalogue->refs++;
	(void)pthread_mutex_unlock(&app->lock);
	if (h->catalogue == NULL || !arena_defer(c->arena, let_go, h))
		return NULL;
	return h->catalogue;
}

struct id_source *
app_ids(struct app *app)
{
	return app->ids;
}

const struct conf *
app_conf(const struct app *app)
{
	return app->conf;
}

const struct store *
app_store(const struct app *app)
{
	return &app->store;
}

const char *
app_image_program(const struct app *app)
{
	return app->program;
}

struct app_health
app_health(struct app *app)
{
	struct app_health h;

	(void)pthread_mutex_lock(&app->lock);
	h = app->health;
	h.ready = h.schema_right && app->catalogue != NULL;
	(void)pthread_mutex_unlock(&app->lock);
	return h;
}

static void
publish(struct app *app, struct directory *d)
{
	struct catalogue *k = calloc(1, sizeof(*k)), *old;

	if (k == NULL) {
		directory_free(d);
		return;
	}
	k->directory = d;
	k->refs = 1;
	buf_init(&k->departments, RESP_BODY_MAX);
	buf_init(&k->wards, RESP_BODY_MAX);
	if (!render_catalogue(app->conf, d, &k->departments) || !render_wards(d, &k->wards)) {
		log_event(LOG_ERROR, "catalogue", "error", "cannot be rendered", NULL);
		catalogue_free(k);
		return;
	}
	resp_etag(buf_view(&k->departments), k->departments_etag);
	resp_etag(buf_view(&k->wards), k->wards_etag);
	(void)pthread_mutex_lock(&app->lock);
	old = app->catalogue;
	app->catalogue = k;
	(void)pthread_mutex_unlock(&app->lock);
	if (old != NULL)
		catalogue_drop(app, old);
	log_detail(LOG_INFO, "directory", "version %lld", (long long)d->version);
}

/* E_OK: the schema is the one this program was built for, and the newest directory is published. */
static enum status
refresh(struct app *app, struct db *db, struct arena *a)
{
	int64_t version = 0;
	struct directory *d;
	enum status st = E_OK;

	db_deadline(db, 0);
	for (size_t i = 0; i < ARRAY_LEN(modules) && st == E_OK && !app->health.schema_right; i++)
		st = db_check(db, modules[i].table, *modules[i].n);
	if (st == E_OK)
		st = directory_version(db, a, &version);
	/* only this thread replaces it */
	if (st != E_OK || (app->catalogue != NULL && app->catalogue->directory->version == version))
		return st;
	st = directory_load(db, &d);
	if (st == E_OK)
		publish(app, d);
	return st;
}

static void
look(struct app *app, struct db *db, struct cache *cache, struct arena *a)
{
	enum status st = refresh(app, db, a);
	bool redis = cache_ready(cache);

	(void)pthread_mutex_lock(&app->lock);
	app->health.schema_right = app->health.schema_right || st == E_OK;
	app->health.database = st == E_OK;
	app->health.redis = redis;
	(void)pthread_mutex_unlock(&app->lock);
}

static bool
pause_tick(struct app *app)
{
	struct timespec until;
	bool stop;

	(void)clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += TICK_MS * 1000000L;
	until.tv_sec += until.tv_nsec / 1000000000L;
	until.tv_nsec %= 1000000000L;
	(void)pthread_mutex_lock(&app->lock);
	if (!app->stop)
		(void)pthread_cond_timedwait(&app->wake, &app->lock, &until);
	stop = app->stop;
	(void)pthread_mutex_unlock(&app->lock);
	return !stop;
}

static void *
keep(void *arg)
{
	struct app *app = arg;
	struct db *db = db_new(app->conf);
	struct cache *cache = cache_new(app->conf);
	struct arena *a = arena_new(4096, ARENA_BYTES);
	unsigned tick = 0;

	if (db == NULL || cache == NULL || a == NULL) {
		log_event(LOG_ERROR, "out_of_memory", NULL);
	} else {
		do {
			if (tick % SWEEP_TICKS == 0)
				store_sweep_uploads(app->conf->attachments.uploads, clock_now_ms() - UPLOAD_OLD_MS);
			if (tick++ % VERSION_TICKS == 0 || app->catalogue == NULL)
				look(app, db, cache, a);
			(void)status_cache_pay(cache);
			arena_reset(a);
		} while (pause_tick(app));
	}
	arena_free(a);
	cache_free(cache);
	db_free(db);
	return NULL;
}

struct app *
app_new(const struct conf *conf, const struct seal *seal)
{
	struct app *app = calloc(1, sizeof(*app));
	pthread_condattr_t monotonic;

	if (app == NULL)
		return NULL;
	app->conf = conf;
	app->seal = seal;
	app->ids = id_source_new();
	image_program(conf->attachments.program, app->program);
	/* without it everything but photos works: said in the log, and uploads find it again when it is back */
	(void)!store_open(&app->store, conf->attachments.dir);
	(void)pthread_mutex_init(&app->lock, NULL);
	/* who sets the host's clock back must not stop the thread for as long */
	(void)pthread_condattr_init(&monotonic);
	(void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&app->wake, &monotonic);
	(void)pthread_condattr_destroy(&monotonic);
	if (app->ids == NULL || pthread_create(&app->thread, NULL, keep, app) != 0) {
		id_source_free(app->ids);
		free(app);
		return NULL;
	}
	return app;
}

void
app_wait(struct app *app, int64_t wait_ms)
{
	const struct timespec pause = { .tv_nsec = 5000000 };
	int64_t until = clock_monotonic_ms() + wait_ms;

	while (!app_health(app).ready && clock_monotonic_ms() < until && !stop_requested())
		(void)nanosleep(&pause, NULL);
}

void
app_free(struct app *app)
{
	(void)pthread_mutex_lock(&app->lock);
	app->stop = true;
	(void)pthread_cond_signal(&app->wake);
	(void)pthread_mutex_unlock(&app->lock);
	(void)pthread_join(app->thread, NULL);
	if (app->catalogue != NULL)
		catalogue_free(app->catalogue);
	id_source_free(app->ids);
	free(app);
}
