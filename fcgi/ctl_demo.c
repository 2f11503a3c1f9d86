/* `ekmc-ctl demo`: people and complaints to try the system with, never on the real one. */
#include "ctl.h"
#include "ctl_demo.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/json.h"

#define DIR_DEFAULT "sql/seed"

/* clang-format off */
const struct demo_login demo_logins[] = {
	{ "lme",          "lme.drn.b10" },
	{ "lme2",         "lme.drn.b09" },
	{ "gro",          "gro.drn" },
	{ "eo1",          "eo1.drn" },
	{ "eo2",          "eo2.drn" },
	{ "desk",         "desk1" },
	{ "controlling",  "co.drn" },
	{ "commissioner", "commissioner" },
	{ "mayor",        "mayor" },
	{ "admin",        "admin" },
};
const size_t demo_logins_n = ARRAY_LEN(demo_logins);

/* Numbers worth looking up: the newest in each of these states. */
static const char *const shown_states[] = { "IN_PROGRESS", "RESOLVED", "ESCALATED", "AWAITING_CITIZEN", "CLOSED" };
/* clang-format on */

static const struct sql newest_sql = { "SELECT number FROM complaint WHERE state = ? ORDER BY id DESC LIMIT 1", "s", "s", false };

struct options {
	const char *dir, *passwords, *out, *at;
};

const char *
demo_password(const struct demo *d, struct span user)
{
	const char *password = json_string_value(json_object_getn(d->passwords, user.p, user.n));

	for (size_t i = 0; i < demo_logins_n && password == NULL; i++)
		if (span_eq(span_of(demo_logins[i].user), user))
			password = json_string_value(json_object_get(d->passwords, demo_logins[i].role));
	return password != NULL ? password : json_string_value(json_object_get(d->passwords, "*"));
}

static enum status
read_passwords(struct demo *d, const char *path)
{
	const char *why = NULL, *user;
	struct span text;
	json_t *value;
	enum status st = seed_read(d->arena, NULL, path, d->err, &text);

	if (st != E_OK)
		return st;
	st = json_decode(d->arena, text, &d->passwords, &why);
	if (st == E_NOMEM)
		return st;
	if (!json_is_object(d->passwords)) {
		(void)fprintf(d->err, "%s: %s\n", path, why != NULL ? why : "not an object of user names and passwords");
		return E_INVALID;
	}
	json_object_foreach(d->passwords, user, value)
	{
		if (json_string_length(value) > 0)
			continue;
		(void)fprintf(d->err, "%s: the password of %s is not a text, or empty\n", path, user);
		return E_INVALID;
	}
	return E_OK;
}

/* ---- what a newcomer needs to know */

static enum status
add_numbers(const struct demo *d, json_t *list)
{
	for (size_t i = 0; i < ARRAY_LEN(shown_states); i++) {
		struct db_rows rows;
		enum status st = db_run(d->db, d->arena, &newest_sql, DB_ARGS(db_text(span_of(shown_states[i]))), &rows);

		if (st != E_OK)
			return st;
		if (rows.n == 1 && json_array_append_new(list, json_span(db_row(&rows, 0)[0].s)) != 0)
			return E_NOMEM;
	}
	return E_OK;
}

static enum status
add_logins(const struct demo *d, json_t *list)
{
	for (size_t i = 0; i < demo_logins_n; i++) {
		const struct demo_login *l = &demo_logins[i];
		json_t *row = json_pack("{s:s, s:s, s:s?}", "role", l->role, "user", l->user, "password",
					demo_password(d, span_of(l->user)));

		if (json_array_append_new(list, row) != 0)
			return E_NOMEM;
	}
	return E_OK;
}

/* Readable by its owner alone: it holds passwords. */
static enum status
write_whole(const struct demo *d, const char *path, struct span text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	bool ok = fd >= 0 && fchmod(fd, 0600) == 0 && write(fd, text.p, text.n) == (ssize_t)text.n;

	if (fd >= 0 && close(fd) != 0)
		ok = false;
	if (!ok)
		(void)fprintf(d->err, "%s: %s\n", path, strerror(errno));
	return ok ? E_OK : E_INVALID;
}

static enum status
write_out(const struct demo *d, const char *path)
{
	json_t *numbers = json_array(), *logins = json_array();
	json_t *root = json_own(d->arena, json_pack("{s:{s:o}, s:o}", "numbers", "new", numbers, "logins", logins));
	struct buf text = BUF_INIT(65536);
	enum status st;

	if (root == NULL)
		return E_NOMEM;
	st = add_numbers(d, numbers);
	if (st == E_OK)
		st = add_logins(d, logins);
	if (st == E_OK) {
		json_encode(root, &text);
		buf_char(&text, '\n');
		st = text.failed ? E_NOMEM : write_whole(d, path, buf_view(&text));
	}
	buf_release(&text);
	return st;
}

/* ---- the command */

static bool
parse(int argc, char **argv, struct options *o)
{
	static const struct option options[] = {
		{ "dir", required_argument, NULL, 'd' },
		{ "passwords", required_argument, NULL, 'p' },
		{ "out", required_argument, NULL, 'o' },
		{ "at", required_argument, NULL, 'a' },
		{ NULL, 0, NULL, 0 },
	};
	int opt;

	*o = (struct options){ .dir = DIR_DEFAULT };
	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (opt) {
		case 'd':
			o->dir = optarg;
			break;
		case 'p':
			o->passwords = optarg;
			break;
		case 'o':
			o->out = optarg;
			break;
		case 'a':
			o->at = optarg;
			break;
		default:
			return false;
		}
	}
	return optind == argc && o->passwords != NULL && o->out != NULL;
}

static enum status
run(struct demo *d, const struct options *o)
{
	size_t staff = 0, complaints = 0;
	enum status st = read_passwords(d, o->passwords);

	if (st == E_OK)
		st = demo_staff(d, &staff);
	if (st == E_OK)
		st = demo_complaints(d, &complaints);
	if (st == E_OK)
		st = write_out(d, o->out);
	if (st == E_OK)
		(void)fprintf(d->out, "%zu staff and %zu complaints added\n", staff, complaints);
	return st;
}

int
ctl_demo(struct conf *c, int argc, char **argv)
{
	struct demo d = { .conf = c, .out = stdout, .err = stderr, .now_ms = clock_now_ms() };
	struct seal *seal = NULL;
	struct options o;
	enum status st = E_NOMEM;

	if (!parse(argc, argv, &o) || (o.at != NULL && !clock_parse(span_of(o.at), &d.now_ms)))
		return CTL_USAGE;
	if (c->system.mode != MODE_DEMO) {
		(void)fputs("ekmc-ctl demo: refused, system.mode is not demo\n", stderr);
		return CTL_FAILED;
	}
	if (c->seal.keys[0] == '\0' || c->seal.index_key[0] == '\0') {
		(void)fputs("ekmc-ctl demo: seal.keys and seal.index_key are needed\n", stderr);
		return CTL_FAILED;
	}
	d.dir = o.dir;
	d.seal = seal = seal_new(c->seal.keys, c->seal.index_key, c->seal.token_key);
	d.arena = arena_new(65536, SEED_ARENA_BYTES);
	d.db = db_new(c);
	if (seal == NULL)
		st = E_INVALID;
	else if (d.arena != NULL && d.db != NULL)
		st = run(&d, &o);
	db_free(d.db);
	arena_free(d.arena);
	seal_free(seal);
	if (st != E_OK && st != E_INVALID)
		(void)fprintf(stderr, "ekmc-ctl demo: %s\n", status_name(st));
	return st == E_OK ? CTL_DONE : st == E_BUSY ? CTL_BUSY : CTL_FAILED;
}
