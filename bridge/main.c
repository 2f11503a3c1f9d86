/* ekmc-bridge: everything that talks to systems outside, one role to a process. */
#include <signal.h>
#include <stdio.h>

#include "bridge/clock.h"
#include "bridge/legacy.h"
#include "bridge/notify.h"
#include "core/log.h"
#include "core/stop.h"

#define USAGE_EXIT 2
#define NAME_SIZE  32

static const struct role {
	const char *name;
	enum conf_user user;
	bool (*check)(const struct conf *c, FILE *err); /* beyond the types of the settings; prints what is wrong; or NULL */
	int (*run)(const struct conf *c, int stop_fd);
	void (*routes)(FILE *out);         /* NULL: answers no requests */
	int (*once)(const struct conf *c); /* NULL: has no end */
	const char *help;
} roles[] = {
	{ "legacy", CONF_LEGACY, legacy_check, legacy_run, legacy_routes, NULL, "answers status look-ups of eKMC1.0's complaints" },
	{ "notify", CONF_NOTIFY, notify_check, notify_run, NULL, NULL, "sends the SMS of the outbox" },
	{ "clock", CONF_CLOCK, NULL, clock_run, NULL, clock_once, "escalates, closes and purges when it is time" },
};

struct arguments {
	const struct role *role;
	const char *conf;
	bool check, print, routes, once;
};

static void
usage(FILE *out)
{
	(void)fputs("usage: ekmc-bridge ROLE --conf FILE [--check] [--print] | legacy --routes | clock --conf FILE --once\n\n"
		    "  --check   read the configuration, say what is wrong with it, do not start\n"
		    "  --print   show the configuration in force, secrets masked, do not start\n"
		    "  --routes  list the routes the role answers\n"
		    "  --once    do what the role does once, due or not, and end\n\nroles:\n",
		    out);
	for (size_t i = 0; i < ARRAY_LEN(roles); i++)
		(void)fprintf(out, "  %-8s %s\n", roles[i].name, roles[i].help);
}

static const struct role *
role_of(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(roles); i++)
		if (strcmp(roles[i].name, name) == 0)
			return &roles[i];
	return NULL;
}

static bool
read_arguments(int argc, char **argv, struct arguments *a)
{
	*a = (struct arguments){ .role = argc > 1 ? role_of(argv[1]) : NULL };
	for (int i = 2; i < argc; i++) {
		if (strcmp(argv[i], "--conf") == 0 && i + 1 < argc)
			a->conf = argv[++i];
		else if (strcmp(argv[i], "--check") == 0)
			a->check = true;
		else if (strcmp(argv[i], "--print") == 0)
			a->print = true;
		else if (strcmp(argv[i], "--routes") == 0 && a->role != NULL && a->role->routes != NULL)
			a->routes = true;
		else if (strcmp(argv[i], "--once") == 0 && a->role != NULL && a->role->once != NULL)
			a->once = true;
		else
			return false;
	}
	return a->role != NULL && (a->conf != NULL || a->routes);
}

static int
start(const struct role *role, const struct conf *c, bool once)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN };
	char program[NAME_SIZE];
	int stop_fd;

	(void)snprintf(program, sizeof(program), "ekmc-bridge-%s", role->name);
	log_init(program, (enum log_level)c->log.level);
	if (once)
		return sigaction(SIGPIPE, &ignore, NULL) == 0 ? role->once(c) : 1;
	stop_fd = stop_init();
	if (stop_fd < 0) {
		log_event(LOG_ERROR, "start", "error", "no signalfd", NULL);
		return 1;
	}
	return role->run(c, stop_fd);
}

int
main(int argc, char **argv)
{
	struct arguments a;
	struct conf *c;
	int code = 0;

	if (argc == 2 && strcmp(argv[1], "--help") == 0) {
		usage(stdout);
		return 0;
	}
	if (!read_arguments(argc, argv, &a)) {
		usage(stderr);
		return USAGE_EXIT;
	}
	if (a.routes) {
		a.role->routes(stdout);
		return 0;
	}
	c = conf_load(a.conf, a.role->user, stderr);
	if (c == NULL)
		return 1;
	if (a.print)
		conf_print(c, stdout);
	if (a.role->check != NULL && !a.role->check(c, stderr))
		code = 1;
	else if (!a.check && !a.print)
		code = start(a.role, c, a.once);
	conf_free(c);
	return code;
}
