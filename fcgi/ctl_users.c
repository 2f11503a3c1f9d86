/* `ekmc-ctl users`: who can log in, and a new password for somebody. */
#include "ctl.h"

#include <stdio.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/db.h"
#include "core/scan.h"
#include "core/seal.h"

#define ARENA_BYTES    ((size_t)32 << 20)
#define PASSWORD_LEAST 10 /* characters */
#define PASSWORD_MOST  256

enum { Q_LIST, Q_PASSWORD, Q_LOG_OUT };
static const struct sql sql[] = {
	[Q_LIST] = { "SELECT s.user_name, s.name_en, s.active, s.password_hash IS NOT NULL, s.must_change, s.locked_until,"
		     " COALESCE(GROUP_CONCAT(DISTINCT CONCAT_WS(' ', r.role, r.department_code, r.eo_level) ORDER BY r.role "
		     "SEPARATOR ', '), '')"
		     " FROM staff s LEFT JOIN roster r ON r.staff_id = s.id GROUP BY s.id ORDER BY s.user_name",
		     "", "ssiiits", false },
	[Q_PASSWORD] = { "UPDATE staff SET password_hash = ?, must_change = TRUE, failed_logins = 0, locked_until = NULL WHERE "
			 "user_name = ?",
			 "ss", "", false },
	[Q_LOG_OUT] = { "UPDATE session SET revoked_at = ? WHERE staff_id = (SELECT id FROM staff WHERE user_name = ?)"
			" AND revoked_at IS NULL",
			"ts", "", false },
};

static enum status
list(struct db *db, struct arena *a)
{
	int64_t now_ms = clock_now_ms();
	struct db_rows rows;
	enum status st = db_run(db, a, &sql[Q_LIST], DB_NO_ARGS, &rows);

	for (size_t i = 0; st == E_OK && i < rows.n; i++) {
		const struct db_value *v = db_row(&rows, i);
		const char *can = v[2].i == 0 ? "left" : v[3].i == 0 ? "no password" : v[4].i != 0 ? "first password" : "password";

		if (!v[5].null && v[5].i > now_ms)
			can = "locked";
		(void)printf("%-20.*s %-14s %-30.*s %.*s\n", SPAN_FMT(v[0].s), can, SPAN_FMT(v[1].s), SPAN_FMT(v[6].s));
	}
	return st;
}

/* One line of standard input, so that the password stands in no process list and no shell history. */
static bool
read_password(char *out, size_t cap, struct span *password)
{
	size_t chars = 0;
	char *line;

	if (isatty(STDIN_FILENO))
		(void)fputs("new password (is shown): ", stderr);
	line = fgets(out, (int)cap, stdin);
	if (line == NULL)
		return false;
	*password = (struct span){ line, strcspn(line, "\r\n") };
	if (scan_utf8(*password, &chars) && chars >= PASSWORD_LEAST && password->n < cap - 2)
		return true;
	(void)fprintf(stderr, "ekmc-ctl users: a password has at least %d characters, at most %d bytes\n", PASSWORD_LEAST,
		      PASSWORD_MOST);
	return false;
}

static enum status
set_password(struct db *db, struct arena *a, const char *user)
{
	char line[PASSWORD_MOST + 3], hash[SEAL_PASSWORD_SIZE];
	struct span password;
	struct db_rows done;
	enum status st = E_INVALID;

	if (read_password(line, sizeof(line), &password))
		st = seal_password(password, hash);
	seal_wipe(line, sizeof(line));
	if (st == E_OK)
		st = db_run(db, a, &sql[Q_PASSWORD], DB_ARGS(db_text(span_of(hash)), db_text(span_of(user))), &done);
	/* a new hash has a new salt: the row of an existing user always changes */
	if (st == E_OK && done.affected == 0)
		st = E_NOT_FOUND;
	if (st == E_OK)
		st = db_run(db, a, &sql[Q_LOG_OUT], DB_ARGS(db_time(clock_now_ms()), db_text(span_of(user))), &done);
	if (st == E_NOT_FOUND)
		(void)fprintf(stderr, "ekmc-ctl users: there is no user %s\n", user);
	else if (st == E_OK)
		(void)printf("%s has a new password, to be changed at the first login\n", user);
	return st;
}

int
ctl_users(struct conf *c, int argc, char **argv)
{
	bool listing = argc == 2 && strcmp(argv[1], "list") == 0;
	struct arena *a;
	struct db *db;
	enum status st = E_NOMEM;

	if (!listing && (argc != 3 || strcmp(argv[1], "password") != 0))
		return CTL_USAGE;
	a = arena_new(65536, ARENA_BYTES);
	db = db_new(c);
	if (a != NULL && db != NULL)
		st = listing ? list(db, a) : set_password(db, a, argv[2]);
	db_free(db);
	arena_free(a);
	if (st != E_OK && st != E_INVALID && st != E_NOT_FOUND)
		(void)fprintf(stderr, "ekmc-ctl users: %s\n", status_name(st));
	return st == E_OK ? CTL_DONE : st == E_BUSY ? CTL_BUSY : CTL_FAILED;
}
