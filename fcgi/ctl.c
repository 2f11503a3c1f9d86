/* ekmc-ctl: what administrators do from a shell, one command per row of a table. */
#include <getopt.h>
#include <stdio.h>

#include "core/log.h"
#include "core/seal.h"
#include "ctl.h"

#define CONF_DEFAULT "/etc/ekmc/ekmc-ctl.ini"

static const struct ctl_command {
	const char *name;
	const char *args;
	ctl_run *run;
	const char *help;
} commands[] = {
	{ "migrate", "[--sql DIR] [--status] [--again NNNN] [--wait-s N] [--lease-s N]", ctl_migrate,
	  "bring the schema, procedures and grants up to date" },
	{ "seed", "--dir DIR", ctl_seed,
	  "load departments, categories, wards, holidays, names and SMS texts; again changes nothing" },
	{ "demo", "--passwords FILE --out FILE [--dir DIR] [--at TIME]", ctl_demo,
	  "invented staff and complaints to try the system with" },
	{ "outbox", "count | list [--number N] [--state STATE] [--limit N]", ctl_outbox,
	  "messages that wait and that left, how many, and to whom (of one complaint in order, else the newest first)" },
	{ "users", "list | add USER NAME NAME_BN [admin] | password USER | no-totp USER | logout USER | off USER | on USER",
	  ctl_users, "who can log in; a new account, whose password is shown once; a new password from standard input" },
	{ "roster", "import FILE | export  [--department CODE | --all] [--list NAME] [--dry-run] [--confirm-leaving]", ctl_roster,
	  "officers, categories and subcategories as CSV; `ekmc-ctl roster --help` tells the format" },
	{ "setting", "[NAME [VALUE]]", ctl_setting, "the rules that an administrator may change" },
	{ "holiday", "list [YEAR] | add DAY EN BN HI | delete DAY", ctl_holiday, "days that promises of more than 24 hours skip" },
	{ "audit",
	  "verify [--from DAY] [--number N] [--log FILE] | sign |\n"
	  "      export (--number N | --from DAY --to DAY) [--out FILE] [--personal --reason TEXT]",
	  ctl_audit, "prove that no timeline was tampered with; sign days by hand; write an export for an investigator" },
};

static void
help(FILE *to)
{
	(void)fputs("usage: ekmc-ctl [--conf FILE] COMMAND [options]\n"
		    "       ekmc-ctl [--conf FILE] --check | --print\n\ncommands:\n",
		    to);
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		(void)fprintf(to, "  %s %s\n      %s\n", commands[i].name, commands[i].args, commands[i].help);
	(void)fputs("\noptions:\n  --conf FILE  settings instead of " CONF_DEFAULT
		    "\n  --check      only say whether the settings are right\n"
		    "  --print      show the settings, secrets masked\n\nexit codes: 0 done, 1 failed, 2 wrong usage, 3 busy, try "
		    "again later\n",
		    to);
}

static const struct ctl_command *
command_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	return NULL;
}

static int
command_run(const struct ctl_command *cmd, struct conf *c, int argc, char **argv)
{
	int rc;

	log_init("ekmc-ctl", (enum log_level)c->log.level);
	if (!seal_init()) {
		(void)fputs("ekmc-ctl: libsodium does not start\n", stderr);
		return CTL_FAILED;
	}
	optind = 0; /* getopt starts anew with the command's own options */
	rc = cmd->run(c, argc, argv);
	if (rc == CTL_USAGE)
		(void)fprintf(stderr, "usage: ekmc-ctl %s %s\n", cmd->name, cmd->args);
	return rc;
}

int
main(int argc, char **argv)
{
	enum { OPT_CONF = 256, OPT_CHECK, OPT_PRINT, OPT_HELP };
	static const struct option options[] = {
		{ "conf", required_argument, NULL, OPT_CONF },
		{ "check", no_argument, NULL, OPT_CHECK },
		{ "print", no_argument, NULL, OPT_PRINT },
		{ "help", no_argument, NULL, OPT_HELP },
		{ NULL, 0, NULL, 0 },
	};
	const char *path = CONF_DEFAULT;
	const struct ctl_command *cmd = NULL;
	bool check = false, print = false;
	struct conf *c;
	int opt, rc = CTL_DONE;

	while ((opt = getopt_long(argc, argv, "+", options, NULL)) != -1) {
		if (opt == OPT_HELP) {
			help(stdout);
			return CTL_DONE;
		}
		if (opt == '?')
			return CTL_USAGE;
		path = opt == OPT_CONF ? optarg : path;
		check = check || opt == OPT_CHECK;
		print = print || opt == OPT_PRINT;
	}
	if (optind < argc)
		cmd = command_find(argv[optind]);
	if (optind < argc ? cmd == NULL || check || print : !check && !print) {
		help(stderr);
		return CTL_USAGE;
	}
	c = conf_load(path, CONF_CTL, stderr);
	if (c == NULL)
		return CTL_FAILED;
	if (print)
		conf_print(c, stdout);
	if (cmd != NULL)
		rc = command_run(cmd, c, argc - optind, argv + optind);
	conf_free(c);
	return rc;
}
