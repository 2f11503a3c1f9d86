/* `ekmc-ctl setting` and `ekmc-ctl holiday`: the same changes as by the API, recorded with the account of the host. */
#include "ctl.h"

#include <pwd.h>
#include <stdio.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/scan.h"
#include "domain/admin.h"

#define ARENA_BYTES ((size_t)32 << 20)
#define ACCOUNT     "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-$"

const char *
ctl_operator(char out[static 60])
{
	struct passwd account, *found = NULL;
	char text[4096];

	if (getpwuid_r(geteuid(), &account, text, sizeof(text), &found) == 0 && found != NULL &&
	    scan_token(span_of(found->pw_name), ACCOUNT, 1, 59))
		(void)snprintf(out, 60, "%s", found->pw_name);
	else
		(void)snprintf(out, 60, "uid %lu", (unsigned long)geteuid());
	return out;
}

struct job {
	struct db *db;
	struct arena *arena;
	int argc;
	char **argv;
	struct admin_who who;
	struct field_errors errors;
};

/* Runs `work` with a connection and turns what it says into an exit code. */
static int
run(struct conf *c, int argc, char **argv, enum status (*work)(struct job *j))
{
	char account[60];
	struct job j = { .argc = argc, .argv = argv, .who = { .account = ctl_operator(account), .now_ms = clock_now_ms() } };
	enum status st = E_NOMEM;

	j.arena = arena_new(65536, ARENA_BYTES);
	j.db = db_new(c);
	j.errors.arena = j.arena;
	if (j.arena != NULL && j.db != NULL)
		st = work(&j);
	db_free(j.db);
	arena_free(j.arena);
	if (st == E_MALFORMED)
		return CTL_USAGE;
	if (st != E_OK && st != E_INVALID && st != E_NOT_FOUND)
		(void)fprintf(stderr, "ekmc-ctl %s: %s\n", argv[0], status_name(st));
	return st == E_OK ? CTL_DONE : st == E_BUSY || st == E_STALE ? CTL_BUSY : CTL_FAILED;
}

/* ---- settings */

static enum status
print_settings(struct job *j, struct span only)
{
	const struct admin_setting *list;
	bool found = false;
	size_t n = 0;
	enum status st = admin_settings(j->db, j->arena, &list, &n);

	for (size_t i = 0; i < n; i++) {
		if (only.p != NULL && !span_eq(only, list[i].name))
			continue;
		found = true;
		(void)printf("%-24.*s %8lld   %lld to %lld\n", SPAN_FMT(list[i].name), (long long)list[i].value,
			     (long long)list[i].least, (long long)list[i].most);
	}
	if (st == E_OK && !found) {
		(void)fprintf(stderr, "ekmc-ctl setting: there is no %.*s\n", SPAN_FMT(only));
		st = E_NOT_FOUND;
	}
	return st;
}

static enum status
setting(struct job *j)
{
	struct admin_answer nothing = { .render = NULL };
	const struct span name = span_of(j->argc > 1 ? j->argv[1] : NULL);
	int64_t value;
	enum status st = E_OK;

	if (j->argc > 3)
		return E_MALFORMED;
	if (j->argc == 3 && !scan_i64(span_of(j->argv[2]), INT64_MIN, INT64_MAX, &value)) {
		(void)fprintf(stderr, "ekmc-ctl setting: \"%s\" is not a whole number\n", j->argv[2]);
		return E_INVALID;
	}
	if (j->argc == 3)
		st = admin_setting_put(j->db, j->arena, &j->who, name, value, 0, &j->errors, &nothing);
	if (st == E_INVALID)
		(void)fprintf(stderr, "ekmc-ctl setting: %s is %.15g to %.15g\n", j->argv[1], j->errors.v[0].min,
			      j->errors.v[0].max);
	if (st == E_NOT_FOUND)
		(void)fprintf(stderr, "ekmc-ctl setting: there is no %s\n", j->argv[1]);
	return st == E_OK ? print_settings(j, name) : st;
}

int
ctl_setting(struct conf *c, int argc, char **argv)
{
	return run(c, argc, argv, setting);
}

/* ---- holidays */

static enum status
print_holidays(struct job *j)
{
	const struct admin_holiday *list;
	int64_t year = 0;
	size_t n = 0;
	enum status st;

	if (j->argc > 3 || (j->argc == 3 && !scan_i64(span_of(j->argv[2]), 2000, 2099, &year)))
		return E_MALFORMED;
	st = admin_holidays(j->db, j->arena, year, &list, &n);
	for (size_t i = 0; st == E_OK && i < n; i++)
		(void)printf("%.*s  %.*s, %.*s, %.*s\n", SPAN_FMT(list[i].day), SPAN_FMT(list[i].name.in[LANG_EN]),
			     SPAN_FMT(list[i].name.in[LANG_BN]), SPAN_FMT(list[i].name.in[LANG_HI]));
	return st;
}

static bool
is_name(const char *text)
{
	size_t chars = 0;

	return text != NULL && scan_utf8(span_of(text), &chars) && chars >= 1 && chars <= 100 && strpbrk(text, "\r\n\t") == NULL;
}

static enum status
holiday(struct job *j)
{
	const char *verb = j->argc > 1 ? j->argv[1] : "list";
	const bool adding = j->argc == 6 && strcmp(verb, "add") == 0, deleting = j->argc == 3 && strcmp(verb, "delete") == 0;
	struct admin_answer nothing = { .render = NULL };
	struct admin_holiday h;
	enum status st;

	if (strcmp(verb, "list") == 0)
		return print_holidays(j);
	if (!adding && !deleting)
		return E_MALFORMED;
	h = (struct admin_holiday){ .day = span_of(j->argv[2]) };
	if (!admin_day_fits(h.day) || (adding && (!is_name(j->argv[3]) || !is_name(j->argv[4]) || !is_name(j->argv[5])))) {
		(void)fputs("ekmc-ctl holiday: a day is written as 2026-11-23, its names have 1 to 100 characters\n", stderr);
		return E_INVALID;
	}
	if (adding)
		h.name = (struct names){
			{ [LANG_EN] = span_of(j->argv[3]), [LANG_BN] = span_of(j->argv[4]), [LANG_HI] = span_of(j->argv[5]) }
		};
	st = adding ? admin_holiday_put(j->db, j->arena, &j->who, &h, &nothing)
		    : admin_holiday_delete(j->db, j->arena, &j->who, h.day);
	if (st == E_NOT_FOUND)
		(void)fprintf(stderr, "ekmc-ctl holiday: %s is none\n", j->argv[2]);
	return st;
}

int
ctl_holiday(struct conf *c, int argc, char **argv)
{
	return run(c, argc, argv, holiday);
}
