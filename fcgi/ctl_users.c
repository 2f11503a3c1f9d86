/* `ekmc-ctl users`: who can log in, the first administrator, and help for somebody who cannot. */
#include "ctl.h"

#include <stdio.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/db.h"
#include "core/scan.h"
#include "domain/staff.h"

#define ARENA_BYTES ((size_t)32 << 20)

enum { Q_LIST, Q_ID, Q_ADMIN };
static const struct sql sql[] = {
	[Q_LIST] = { "SELECT s.user_name, s.name_en, s.active, s.password_hash IS NOT NULL, s.must_change, s.locked_until,"
		     " COALESCE(GROUP_CONCAT(DISTINCT CONCAT_WS(' ', r.role, r.department_code, r.eo_level) ORDER BY r.role "
		     "SEPARATOR ', '), ''), s.totp_since IS NOT NULL"
		     " FROM staff s LEFT JOIN roster r ON r.staff_id = s.id GROUP BY s.id ORDER BY s.user_name",
		     "", "ssiiitsi", false },
	[Q_ID] = { "SELECT id FROM staff WHERE user_name = CONVERT(? USING ascii)", "s", "i", false },
	[Q_ADMIN] = { "INSERT INTO roster (staff_id, role) VALUES (?, 'ADMIN')", "i", "", false },
};

struct users {
	struct db *db;
	struct arena *arena;
	const char *user; /* argv of a command that has one */
	int64_t id;
	char **more;
	struct admin_who by;
};

static enum status
list(struct users *u)
{
	int64_t now_ms = clock_now_ms();
	struct db_rows rows;
	enum status st = db_run(u->db, u->arena, &sql[Q_LIST], DB_NO_ARGS, &rows);

	for (size_t i = 0; st == E_OK && i < rows.n; i++) {
		const struct db_value *v = db_row(&rows, i);
		const char *can = v[2].i == 0 ? "left" : v[3].i == 0 ? "no password" : v[4].i != 0 ? "first password" : "password";

		if (v[2].i != 0 && !v[5].null && v[5].i > now_ms)
			can = "locked";
		(void)printf("%-20.*s %-14s %-4s %-30.*s %.*s\n", SPAN_FMT(v[0].s), can, v[7].i != 0 ? "totp" : "",
			     SPAN_FMT(v[1].s), SPAN_FMT(v[6].s));
	}
	return st;
}

/* One line of standard input, so that the password stands in no process list and no shell history. Trimmed, as a login's is. */
static bool
read_password(const char *user, char *out, size_t cap, struct span *password)
{
	enum password_fault fault = PASSWORD_SHORT;
	char *line;

	if (isatty(STDIN_FILENO))
		(void)fputs("new password (is shown): ", stderr);
	line = fgets(out, (int)cap, stdin);
	if (line != NULL) {
		*password = scan_trim(span_of(line));
		fault = password_fault(*password, span_of(user));
	}
	if (fault == PASSWORD_EASY)
		(void)fputs("ekmc-ctl users: this password is too easy to guess\n", stderr);
	else if (fault != PASSWORD_FINE)
		(void)fprintf(stderr, "ekmc-ctl users: a password has at least %d characters, at most %d bytes\n", PASSWORD_LEAST,
			      PASSWORD_MOST);
	return fault == PASSWORD_FINE;
}

static enum status
password(struct users *u)
{
	char line[2 * PASSWORD_MOST];
	struct span typed;
	enum status st = E_INVALID;

	if (read_password(u->user, line, sizeof(line), &typed))
		st = staff_password(u->db, u->arena, u->id, typed, u->by.now_ms, &u->by);
	seal_wipe(line, sizeof(line));
	if (st == E_OK)
		(void)printf("%s has a new password, to be changed at the first login\n", u->user);
	return st;
}

static enum status
make_admin(struct db *db, struct arena *a, int64_t id)
{
	return db_run(db, a, &sql[Q_ADMIN], DB_ARGS(db_int(id)), NULL);
}

static enum status
add(struct users *u)
{
	char first[PASSWORD_FIRST_SIZE];
	const bool admin = u->more[2] != NULL;
	struct staff_new n = {
		.user = span_of(u->user), .name_en = span_of(u->more[0]), .name_bn = span_of(u->more[1]), .by = &u->by
	};
	enum status st;

	if (!staff_name_right(n.user) || (admin && strcmp(u->more[2], "admin") != 0)) {
		(void)fputs(
			"ekmc-ctl users: a user name has small letters, digits, '.', '-', '_', 3 to 60 of them, a letter first;\n"
			"  the only role that can be given here is admin\n",
			stderr);
		return E_INVALID;
	}
	password_first(first);
	n.password = span_of(first);
	n.also = admin ? make_admin : NULL;
	st = staff_create(u->db, u->arena, NULL, &n, &u->id);
	if (st == E_OK)
		(void)printf("%s %s\nto be changed at the first login; shown this once\n", u->user, first);
	else if (st == E_STALE)
		(void)fprintf(stderr, "ekmc-ctl users: there is a user %s already\n", u->user);
	seal_wipe(first, sizeof(first));
	return st == E_STALE ? E_INVALID : st;
}

static enum status
no_totp(struct users *u)
{
	enum status st = staff_totp_reset(u->db, u->arena, u->id, &u->by);

	if (st == E_OK)
		(void)printf("%s has no second factor\n", u->user);
	return st;
}

static enum status
log_out(struct users *u)
{
	enum status st = staff_log_out(u->db, u->arena, u->id, u->by.now_ms, &u->by);

	if (st == E_OK)
		(void)printf("%s is logged out everywhere\n", u->user);
	return st;
}

static enum status
activate(struct users *u, bool active)
{
	const struct staff_change change = { .active = active, .now_ms = u->by.now_ms, .by = &u->by };
	int64_t open;
	enum status st = staff_change(u->db, u->arena, NULL, u->id, &change, &open);

	if (st == E_HOLDS_WORK)
		(void)fprintf(stderr, "ekmc-ctl users: %s holds %lld open complaints; let the roster move them\n", u->user,
			      (long long)open);
	else if (st == E_LAST_ADMIN)
		(void)fprintf(stderr, "ekmc-ctl users: %s is the last administrator\n", u->user);
	else if (st == E_OK)
		(void)printf("%s %s log in\n", u->user, active ? "can" : "can no longer");
	return st == E_HOLDS_WORK || st == E_LAST_ADMIN ? E_INVALID : st;
}

static enum status
on(struct users *u)
{
	return activate(u, true);
}

static enum status
off(struct users *u)
{
	return activate(u, false);
}

static const struct verb {
	const char *name;
	int least, most; /* arguments */
	bool user;       /* the first is somebody who is there */
	enum status (*run)(struct users *u);
} verbs[] = {
	{ "list", 0, 0, false, list },      { "add", 3, 4, false, add },       { "password", 1, 1, true, password },
	{ "no-totp", 1, 1, true, no_totp }, { "logout", 1, 1, true, log_out }, { "on", 1, 1, true, on },
	{ "off", 1, 1, true, off },
};

static const struct verb *
verb_find(int argc, char **argv)
{
	for (size_t i = 0; argc >= 2 && i < ARRAY_LEN(verbs); i++)
		if (strcmp(verbs[i].name, argv[1]) == 0 && argc - 2 >= verbs[i].least && argc - 2 <= verbs[i].most)
			return &verbs[i];
	return NULL;
}

static enum status
find(struct users *u)
{
	struct db_rows rows;
	enum status st = db_run(u->db, u->arena, &sql[Q_ID], DB_ARGS(db_text(span_of(u->user))), &rows);

	if (st == E_OK && rows.n == 0) {
		(void)fprintf(stderr, "ekmc-ctl users: there is no user %s\n", u->user);
		st = E_NOT_FOUND;
	}
	if (st == E_OK)
		u->id = db_row(&rows, 0)[0].i;
	return st;
}

int
ctl_users(struct conf *c, int argc, char **argv)
{
	const struct verb *verb = verb_find(argc, argv);
	char account[60];
	struct users u = { .by = { .account = ctl_operator(account), .now_ms = clock_now_ms() } };
	enum status st = E_NOMEM;

	if (verb == NULL)
		return CTL_USAGE;
	u.arena = arena_new(65536, ARENA_BYTES);
	u.db = db_new(c);
	u.user = argv[2];
	u.more = argc > 2 ? argv + 3 : NULL;
	if (u.arena != NULL && u.db != NULL)
		st = verb->user ? find(&u) : E_OK;
	if (st == E_OK)
		st = verb->run(&u);
	db_free(u.db);
	arena_free(u.arena);
	if (st != E_OK && st != E_INVALID && st != E_NOT_FOUND)
		(void)fprintf(stderr, "ekmc-ctl users: %s\n", status_name(st));
	return st == E_OK ? CTL_DONE : st == E_BUSY ? CTL_BUSY : CTL_FAILED;
}
