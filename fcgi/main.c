/* ekmc-fcgi: the REST API as a FastCGI worker. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <systemd/sd-daemon.h>

#include "api/app.h"
#include "core/cache_async.h"
#include "core/log.h"
#include "core/stop.h"
#include "http/router.h"
#include "http/server.h"

#define START_WAIT_MS 5000 /* then cached answers are better than none */

static const struct option options[] = {
	{ "conf", required_argument, NULL, 'c' }, { "check", no_argument, NULL, 'k' }, { "print", no_argument, NULL, 'p' },
	{ "routes", no_argument, NULL, 'r' },     { "help", no_argument, NULL, 'h' },  { NULL, 0, NULL, 0 },
};

static void *
local_new(uv_loop_t *loop, void *app)
{
	return cache_async_new(loop, app_conf(app));
}

static void
local_close(void *local)
{
	cache_async_close(local);
}

static void
ready(void *app)
{
	(void)app;
	(void)sd_notify(0, "READY=1");
	log_event(LOG_INFO, "ready", NULL);
}

static int
serve(const struct conf *conf)
{
	struct server_options o = { .conf = conf,
				    .routes = routes,
				    .n_routes = n_routes,
				    .fronts = (int)conf->worker.fronts,
				    .backs = (int)conf->worker.backs,
				    .local_new = local_new,
				    .local_close = local_close,
				    .ready = ready };
	struct seal *seal = NULL;
	struct app *app = NULL;
	int rc = -1;

	o.stop_fd = stop_init();
	if (o.stop_fd >= 0 && seal_init())
		seal = seal_new(conf->seal.keys, conf->seal.index_key, conf->seal.token_key);
	if (seal != NULL)
		app = app_new(conf, seal);
	if (app != NULL)
		app_wait(app, START_WAIT_MS);
	if (app != NULL && (o.listen_fd = server_socket(conf->listen.socket)) >= 0) {
		o.seal = seal;
		o.app = app;
		rc = server_run(&o);
	}
	if (app != NULL)
		app_free(app);
	seal_free(seal);
	return rc == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

int
main(int argc, char **argv)
{
	const char *path = NULL;
	bool check = false, print = false;
	struct conf *conf;
	int o, rc = EXIT_SUCCESS;

	while ((o = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (o) {
		case 'c':
			path = optarg;
			break;
		case 'k':
			check = true;
			break;
		case 'p':
			print = true;
			break;
		case 'r':
			router_print(routes, n_routes, stdout);
			return EXIT_SUCCESS;
		default:
			(void)fputs("usage: ekmc-fcgi --conf FILE [--check | --print] | --routes\n", stderr);
			return o == 'h' ? EXIT_SUCCESS : 2;
		}
	}
	conf = conf_load(path, CONF_API, stderr);
	if (conf == NULL)
		return EXIT_FAILURE;
	log_init("ekmc-fcgi", (enum log_level)conf->log.level);
	if (print)
		conf_print(conf, stdout);
	else if (!check)
		rc = serve(conf);
	conf_free(conf);
	return rc;
}
