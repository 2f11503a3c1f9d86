/* What the handlers of ekmc-fcgi share: the directory in memory, ids, readiness. */
#ifndef EKMC_API_APP_H
#define EKMC_API_APP_H

#include "core/conf.h"
#include "core/seal.h"
#include "domain/complaint.h"
#include "http/call.h"

/* One loaded directory and what is rendered from it; counted, because a request may still read the one before. */
struct catalogue {
	struct directory *directory;
	struct buf departments; /* the body of GET /catalogue */
	struct buf wards;       /* the body of GET /wards */
	char departments_etag[ETAG_SIZE], wards_etag[ETAG_SIZE];
	int refs;
};

struct app;

/* Starts the thread that loads the directory, reloads it when it changes, and pays what is owed to the status cache.
 * NULL: out of memory. */
MUST_USE struct app *app_new(const struct conf *conf, const struct seal *seal);
void app_free(struct app *app); /* ends the thread */

/* Waits until the directory is loaded, at most `wait_ms`: a worker that takes requests before can only refuse them. */
void app_wait(struct app *app, int64_t wait_ms);

/* The catalogue, held until the call's arena is reset; NULL while none has been loaded (answer E_BUSY). */
const struct catalogue *app_catalogue(struct call *c);
struct id_source *app_ids(struct app *app);
const struct conf *app_conf(const struct app *app);
const struct store *app_store(const struct app *app);
const char *app_image_program(const struct app *app);

struct app_health {
	bool ready; /* the schema was checked and the directory loaded since the start; what fails later does not change it */
	bool schema_right;
	bool database, redis; /* at the last look, at most a few seconds ago */
};
struct app_health app_health(struct app *app);

/* Every handler's table of routes. */
extern const struct route routes[];
extern const size_t n_routes;

#endif
