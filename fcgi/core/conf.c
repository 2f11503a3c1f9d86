/* The table of settings, and its two readers: libinih for the file, the environment over it. */
#include "core/conf.h"

#include <ctype.h>
#include <errno.h>
#include <ini.h>
#include <regex.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/arena.h"
#include "core/buf.h"
#include "core/clock.h"
#include "core/scan.h"

#define LINE_BYTES        8192
#define ARENA_BYTES       ((size_t)1 << 20)
#define ARENA_FIRST_BYTES ((size_t)8192)
#define ENV_PREFIX        "EKMC_"
#define ENV_SIZE          64

enum conf_type { CONF_TEXT, CONF_INT, CONF_CHOICE, CONF_TIME };

static const char *const modes[] = { [MODE_PRODUCTION] = "production", [MODE_DEMO] = "demo", NULL };
static const char *const levels[] = {
	[LOG_DEBUG] = "debug", [LOG_INFO] = "info", [LOG_WARN] = "warn", [LOG_ERROR] = "error", NULL
};
static const char *const methods[] = { [METHOD_GET] = "GET", [METHOD_POST] = "POST", NULL };
static const char *const formats[] = { [LEGACY_HTML] = "html", [LEGACY_JSON] = "json", NULL };
static const char *const profiles[] = { [SMS_NONE] = "none", [SMS_FILE] = "file", NULL };

#define DB_USERS   (CONF_API | CONF_NOTIFY | CONF_CTL | CONF_CLOCK)
#define SEAL_USERS (CONF_API | CONF_NOTIFY | CONF_CLOCK)

struct conf_key {
	const char *section, *name;
	const char *fallback, *help;
	size_t offset;
	enum conf_type type;
	bool secret;
	unsigned needed_by;  /* enum conf_user bits: it may not be empty for these */
	int64_t least, most; /* of a number */
	size_t most_bytes;   /* of a text */
	const char *const *choices;
};

/* TEXT(section, key, most bytes, default, needed by, help)   INT(section, key, least, most, default, help)
 * SECRET(section, key, most bytes, needed by, help)          CHOICE(section, key, choices, default, needed by, help) */
/* clang-format off */
#define ROW(s, n, member, t, def, text) /* NOLINTNEXTLINE(bugprone-macro-parentheses): a member's name takes none */ \
	.section = #s, .name = #n, .offset = offsetof(struct conf, s.member), .type = (t), .fallback = (def), .help = (text)
#define TEXT(s, n, max, def, by, help)     { ROW(s, n, n, CONF_TEXT, def, help), .most_bytes = (max), .needed_by = (by) }
#define SECRET(s, n, max, by, help)        { ROW(s, n, n, CONF_TEXT, "", help), .most_bytes = (max), .needed_by = (by), .secret = true }
#define INT(s, n, min, max, def, help)     { ROW(s, n, n, CONF_INT, def, help), .least = (min), .most = (max) }
#define CHOICE(s, n, names, def, by, help) { ROW(s, n, n, CONF_CHOICE, def, help), .choices = (names), .needed_by = (by) }
#define TIME(s, n, member, def, help)      { ROW(s, n, member, CONF_TIME, def, help) }

static const struct conf_key conf_keys[] = {
	CHOICE(system,  mode,           modes,    "production", 0,              "demo allows what must never face citizens"),
	TIME(system,    go_live,        go_live_ms, "2024-07-13T00:00:00+05:30", "the instant eKMC2.0 takes over from eKMC1.0"),
	TEXT(system,    base_url,       200,  "http://127.0.0.1:8080", 0,       "where citizens find the pages, for links in messages"),
	TEXT(system,    sql_dir,        1000, "sql",             CONF_CTL,      "directory of the migrations"),
	CHOICE(log,     level,          levels,   "info",       0,              "least level that is written"),
	TEXT(listen,    socket,         107,  "",                0,             "unix socket to bind when none is inherited"),
	INT(worker,     fronts,         1,     64,      "2",                    "reactor threads, one per core"),
	INT(worker,     backs,          1,     256,     "8",                    "threads with a database connection each"),
	INT(worker,     queue,          1,     65536,   "256",                  "requests that may wait for a back thread"),
	INT(worker,     body_bytes,     1024,  1 << 26, "65536",                "largest request body"),
	INT(worker,     arena_bytes,    65536, 1 << 30, "4194304",              "memory one request may use"),
	INT(worker,     drain_ms,       0,     600000,  "8000",                 "time for requests in flight after SIGTERM"),
	TEXT(db,        hosts,          1000, "127.0.0.1:3306",  DB_USERS,      "MariaDB servers, host:port or /path.sock, by comma"),
	TEXT(db,        user,           80,   "",                DB_USERS,      "MariaDB user of this process"),
	SECRET(db,      password,       200,                     DB_USERS,      "its password"),
	TEXT(db,        name,           64,   "ekmc",            DB_USERS,      "database"),
	INT(db,         connect_ms,     1,     600000,  "1000",                 "time to connect to one server"),
	INT(db,         io_ms,          1,     600000,  "3000",                 "time for one answer of a server"),
	INT(db,         total_ms,       1,     600000,  "5000",                 "time for a transaction with its retries"),
	TEXT(redis,     address,        200,  "127.0.0.1:6379",  0,             "host:port or /path.sock; empty: no Redis"),
	SECRET(redis,   password,       200,                     0,             "for AUTH; empty: none"),
	INT(redis,      timeout_ms,     1,     10000,   "20",                   "time after which an answer counts as a miss"),
	SECRET(seal,    keys,           2000,                    SEAL_USERS,    "id:hex64 by comma, the first one seals"),
	SECRET(seal,    index_key,      64,                      CONF_API,      "hex64, for looking up a mobile"),
	SECRET(seal,    token_key,      64,                      CONF_API,      "hex64, for cursors, CSRF and OTPs"),
	SECRET(seal,    audit_keys,     2000,                    CONF_CLOCK,            "id:hex64 by comma, the first one signs closed days"),
	INT(otp,        ttl_s,          1,     3600,    "300",                  "how long an OTP is good"),
	INT(otp,        tries,          1,     20,      "5",                    "tries per OTP"),
	INT(otp,        mobile_10min,   1,     1000000, "3",                    "OTPs per mobile in 10 minutes"),
	INT(otp,        mobile_day,     1,     1000000, "10",                   "OTPs per mobile in a day"),
	INT(otp,        address_hour,   1,     1000000, "200",                  "OTPs per network address in an hour"),
	INT(otp,        total_day,      1,     1 << 30, "200000",               "OTPs of everybody in a day"),
	INT(session,    citizen_days,   1,     365,     "30",                   "life of a citizen's session"),
	INT(session,    staff_hours,    1,     720,     "12",                   "life of an officer's session"),
	INT(status,     ttl_s,          1,     86400,   "30",                   "life of a public status in Redis"),
	TEXT(attachments, dir,          200,  "/var/lib/ekmc/attachments", CONF_API | CONF_CLOCK, "where photos and documents are kept; shared by all hosts"),
	TEXT(attachments, uploads,      200,  "/var/lib/ekmc/uploads",     CONF_API, "where nginx writes what is being uploaded"),
	TEXT(attachments, program,      200,  "",                0,             "ekmc-image; empty: the one beside this program"),
	INT(attachments, unbound,       1,     10000,   "30",                   "uploads one person may have that belong to no complaint yet"),
	TEXT(legacy,    url,            2000, "",                CONF_LEGACY,   "eKMC1.0's search page"),
	CHOICE(legacy,  method,         methods,  "GET",        0,              "how it is asked"),
	TEXT(legacy,    query,          2000, "",                0,             "query string, {number} is put in"),
	TEXT(legacy,    form,           2000, "",                0,             "form fields of a POST, {number} is put in"),
	TEXT(legacy,    charset,        40,   "",                0,             "of its pages, where they lie about it"),
	INT(legacy,     timeout_ms,     1,     60000,   "2000",                 "time for a whole answer"),
	INT(legacy,     max_bytes,      1024,  1 << 26, "2097152",              "largest answer"),
	INT(legacy,     parallel,       1,     1024,    "64",                   "look-ups under way at once"),
	INT(legacy,     open_ttl_s,     1,     604800,  "120",                  "life of an open complaint's copy"),
	INT(legacy,     closed_ttl_s,   1,     2592000, "86400",                "life of a closed complaint's copy"),
	INT(legacy,     stale_s,        0,     2592000, "604800",               "how long an old copy may stand in"),
	TEXT(legacy,    number_pattern, 500,  "",                CONF_LEGACY,   "extended regular expression of its numbers"),
	TEXT(legacy,    old_page,       2000, "",                0,             "its page for citizens, linked when it is down"),
	CHOICE(legacy,  format,         formats,  "",           CONF_LEGACY,    "how answers are read: XPath or JSON pointers"),
	TEXT(legacy,    not_found,      2000, "",                0,             "is there when the number is unknown"),
	TEXT(legacy,    number,         2000, "",                CONF_LEGACY,   "where the number stands"),
	TEXT(legacy,    status,         2000, "",                CONF_LEGACY,   "where the status word stands"),
	TEXT(legacy,    department,     2000, "",                0,             "where the department stands"),
	TEXT(legacy,    category,       2000, "",                0,             "where the kind of complaint stands"),
	TEXT(legacy,    ward,           2000, "",                0,             "where the ward stands"),
	TEXT(legacy,    lodged,         2000, "",                0,             "where the day of lodging stands"),
	TEXT(legacy,    closed,         2000, "",                0,             "where the day of closing stands"),
	TEXT(legacy,    remark,         2000, "",                0,             "where the remark stands"),
	TEXT(legacy,    date_format,    200,  "",                0,             "of its dates, as for strptime(3)"),
	TEXT(legacy,    status_map,     4000, "",                CONF_LEGACY,   "its status words to our states"),
	CHOICE(sms,     profile,        profiles, "none",       0,              "gateway; file writes messages to sms.file, demo only"),
	TEXT(sms,       file,           1000, "",                0,             "where the profile file writes, JSON lines"),
	INT(sms,        poll_ms,        1,     60000,   "200",                  "pause between looks at the outbox"),
	INT(clock,      tick_s,         1,     10,      "5",                    "pause between looks for breaches"),
	INT(clock,      lease_s,        2,     300,     "10",                   "after so long another host takes over from a dead one"),
	INT(clock,      batch,          1,     500,     "50",                   "complaints moved in one transaction"),
	INT(clock,      threads,        1,     8,       "2",                    "threads that move many at once, a database connection each"),
};
/* clang-format on */

struct loaded {
	struct conf conf; /* first: conf_free() gets its address */
	struct arena *arena;
};

/* Where the text of a key was found. */
struct source {
	const char *text; /* NULL: the default */
	int line;         /* of the file, 0: not there */
	bool env;
};

struct loader {
	const char *path;
	FILE *in, *err;
	char *raw;
	size_t raw_bytes;
	int line, problems;
	struct arena *arena;
	struct source sources[ARRAY_LEN(conf_keys)];
};

static void
env_name(const struct conf_key *k, char out[static ENV_SIZE])
{
	(void)snprintf(out, ENV_SIZE, ENV_PREFIX "%s_%s", k->section, k->name);
	for (char *p = out; *p != '\0'; p++)
		*p = (char)toupper((unsigned char)*p);
}

static PRINTF(2, 3) void problem_at_line(struct loader *l, const char *fmt, ...)
{
	va_list args;

	l->problems++;
	fprintf(l->err, "%s:%d: ", l->path, l->line);
	va_start(args, fmt);
	vfprintf(l->err, fmt, args);
	va_end(args);
	fputc('\n', l->err);
}

static PRINTF(3, 4) void problem_of(struct loader *l, size_t k, const char *fmt, ...)
{
	const struct source *from = &l->sources[k];
	char name[ENV_SIZE];
	va_list args;

	l->problems++;
	env_name(&conf_keys[k], name);
	if (from->env)
		fprintf(l->err, "%s: ", name);
	else if (from->line != 0)
		fprintf(l->err, "%s:%d: ", l->path, from->line);
	else
		fprintf(l->err, "%s: ", l->path);
	fprintf(l->err, "%s.%s: ", conf_keys[k].section, conf_keys[k].name);
	va_start(args, fmt);
	vfprintf(l->err, fmt, args);
	va_end(args);
	fputc('\n', l->err);
}

/* What libinih would refuse (naming only the first such line) or cut in two without a word. */
static bool
line_ok(struct loader *l, struct span raw, size_t room)
{
	struct span s = scan_trim(raw);

	if (memchr(raw.p, '\0', raw.n) != NULL)
		problem_at_line(l, "a NUL byte");
	else if (raw.n >= room)
		problem_at_line(l, "longer than %zu bytes", room - 2);
	else if (s.n > 0 && s.p[0] == '[' && memchr(s.p, ']', s.n) == NULL)
		problem_at_line(l, "a section without ]");
	else if (s.n > 0 && strchr("[;#", s.p[0]) == NULL && memchr(s.p, '=', s.n) == NULL)
		problem_at_line(l, "neither [section] nor key = value");
	else
		return true;
	return false;
}

/* An ini_reader: one whole line, an empty one in place of what was reported. */
static char *
read_line(char *out, int size, void *arg)
{
	struct loader *l = arg;
	ssize_t n = getline(&l->raw, &l->raw_bytes, l->in);

	if (n < 0 || size < 2)
		return NULL;
	l->line++;
	struct span raw = { l->raw, (size_t)n };
	if (l->line == 1 && raw.n >= 3 && memcmp(raw.p, "\xef\xbb\xbf", 3) == 0)
		raw = (struct span){ raw.p + 3, raw.n - 3 };
	if (!line_ok(l, raw, (size_t)size))
		raw = SPAN("\n");
	memcpy(out, raw.p, raw.n);
	out[raw.n] = '\0';
	return out;
}

static void
keep(struct loader *l, size_t k, const char *text)
{
	l->sources[k].text = arena_strdup(l->arena, text);
	if (l->sources[k].text == NULL)
		problem_of(l, k, "out of memory");
}

static int
take_pair(void *arg, const char *section, const char *name, const char *value)
{
	struct loader *l = arg;

	for (size_t k = 0; k < ARRAY_LEN(conf_keys); k++) {
		if (strcmp(section, conf_keys[k].section) != 0 || strcmp(name, conf_keys[k].name) != 0)
			continue;
		if (l->sources[k].line != 0) {
			problem_at_line(l, "%s.%s: set before, in line %d", section, name, l->sources[k].line);
			return 1;
		}
		l->sources[k].line = l->line;
		keep(l, k, value);
		return 1;
	}
	problem_at_line(l, "%s.%s: unknown key", section, name);
	return 1;
}

static void
read_file(struct loader *l)
{
	/* Debian's libinih has its options as variables. Inline comments would eat " ;" in an XPath or a pattern. */
	ini_use_stack = false;
	ini_allow_realloc = false;
	ini_initial_alloc = LINE_BYTES;
	ini_allow_inline_comments = false;
	ini_allow_multiline = false;

	l->in = fopen(l->path, "re");
	if (l->in == NULL) {
		l->problems++;
		fprintf(l->err, "%s: %s\n", l->path, strerror(errno));
		return;
	}
	int rc = ini_parse_stream(read_line, l, take_pair, l);
	if (rc != 0 || ferror(l->in) != 0) {
		l->problems++;
		fprintf(l->err, "%s: cannot be read%s\n", l->path, rc > 0 ? " as INI" : "");
	}
	(void)fclose(l->in);
	free(l->raw);
}

static void
read_environment(struct loader *l)
{
	for (char **e = environ; e != NULL && *e != NULL; e++) {
		struct span rest = span_of(*e), name;
		char known[ENV_SIZE];
		size_t k = 0;

		if (strncmp(*e, ENV_PREFIX, sizeof(ENV_PREFIX) - 1) != 0 || !scan_cut(&rest, '=', &name) || rest.p == NULL)
			continue;
		for (; k < ARRAY_LEN(conf_keys); k++) {
			env_name(&conf_keys[k], known);
			if (span_eq(name, span_of(known)))
				break;
		}
		if (k == ARRAY_LEN(conf_keys)) {
			l->problems++;
			fprintf(l->err, "%.*s: unknown setting in the environment\n", SPAN_FMT(name));
			continue;
		}
		l->sources[k].env = true;
		keep(l, k, rest.p);
	}
}

static bool
is_plain_text(struct span s)
{
	size_t chars;

	for (size_t i = 0; i < s.n; i++)
		if (iscntrl((unsigned char)s.p[i]))
			return false;
	return scan_utf8(s, &chars);
}

static void
check_text(struct loader *l, size_t k, struct span s)
{
	if (s.n > conf_keys[k].most_bytes)
		problem_of(l, k, "longer than %zu bytes", conf_keys[k].most_bytes);
	else if (!is_plain_text(s))
		problem_of(l, k, "control characters, or not UTF-8");
}

static void
store_choice(struct loader *l, size_t k, struct span s, int *out)
{
	const char *const *choices = conf_keys[k].choices;
	struct buf names = BUF_INIT(200);

	if (s.n == 0 && conf_keys[k].fallback[0] == '\0')
		return;
	for (int i = 0; choices[i] != NULL; i++) {
		if (span_eq(s, span_of(choices[i]))) {
			*out = i;
			buf_release(&names);
			return;
		}
		buf_printf(&names, "%s%s", i == 0 ? "" : ", ", choices[i]);
	}
	problem_of(l, k, "not one of %.*s", SPAN_FMT(buf_view(&names)));
	buf_release(&names);
}

static void
store(struct loader *l, size_t k, struct conf *c)
{
	const struct conf_key *key = &conf_keys[k];
	struct span s = span_of(l->sources[k].text != NULL ? l->sources[k].text : key->fallback);
	char *member = (char *)c + key->offset;
	int64_t number = 0;
	int choice = 0;

	switch (key->type) {
	case CONF_TEXT:
		check_text(l, k, s);
		memcpy(member, &s.p, sizeof(s.p));
		break;
	case CONF_CHOICE:
		store_choice(l, k, s, &choice);
		memcpy(member, &choice, sizeof(choice));
		break;
	case CONF_INT:
		if (!scan_i64(s, key->least, key->most, &number))
			problem_of(l, k, "not a whole number from %jd to %jd", (intmax_t)key->least, (intmax_t)key->most);
		memcpy(member, &number, sizeof(number));
		break;
	case CONF_TIME:
		if (!clock_parse(s, &number))
			problem_of(l, k, "not a time with a zone, such as 2024-07-13T00:00:00+05:30");
		memcpy(member, &number, sizeof(number));
		break;
	}
}

static void
check_pattern(struct loader *l, size_t k, const char *pattern)
{
	char why[200];
	regex_t compiled;

	int rc = regcomp(&compiled, pattern, REG_EXTENDED | REG_NOSUB);
	if (rc == 0) {
		regfree(&compiled);
		return;
	}
	(void)regerror(rc, &compiled, why, sizeof(why));
	problem_of(l, k, "not an extended regular expression: %s", why);
}

/* What one key alone cannot tell. */
static void
check_together(struct loader *l, const struct conf *c, enum conf_user user)
{
	for (size_t k = 0; k < ARRAY_LEN(conf_keys); k++) {
		const struct conf_key *key = &conf_keys[k];
		const char *text = l->sources[k].text != NULL ? l->sources[k].text : key->fallback;
		bool file_wanted = c->sms.profile == SMS_FILE && (user & CONF_NOTIFY) != 0;

		if (text[0] == '\0' && (key->needed_by & user) != 0)
			problem_of(l, k, "missing (%s)", key->help);
		if (key->offset == offsetof(struct conf, legacy.number_pattern) && text[0] != '\0')
			check_pattern(l, k, text);
		if (key->offset == offsetof(struct conf, sms.profile) && c->sms.profile == SMS_FILE &&
		    c->system.mode == MODE_PRODUCTION)
			problem_of(l, k, "file is for system.mode = demo, citizens would hear nothing");
		if (key->offset == offsetof(struct conf, sms.file) && text[0] == '\0' && file_wanted)
			problem_of(l, k, "missing (%s)", key->help);
	}
}

struct conf *
conf_load(const char *path, enum conf_user user, FILE *err)
{
	struct loader l = { .path = path, .err = err, .arena = arena_new(ARENA_FIRST_BYTES, ARENA_BYTES) };
	struct loaded *c = l.arena == NULL ? NULL : arena_alloc(l.arena, sizeof(*c));

	if (c == NULL) {
		fprintf(err, "%s: out of memory\n", path);
		arena_free(l.arena);
		return NULL;
	}
	c->arena = l.arena;
	read_file(&l);
	read_environment(&l);
	for (size_t k = 0; k < ARRAY_LEN(conf_keys); k++)
		store(&l, k, &c->conf);
	check_together(&l, &c->conf, user);
	if (l.problems > 0) {
		arena_free(l.arena);
		return NULL;
	}
	return &c->conf;
}

void
conf_free(struct conf *c)
{
	if (c != NULL)
		arena_free(((struct loaded *)(void *)c)->arena);
}

void
conf_print(const struct conf *c, FILE *out)
{
	for (size_t k = 0; k < ARRAY_LEN(conf_keys); k++) {
		const struct conf_key *key = &conf_keys[k];
		const char *member = (const char *)c + key->offset, *text;
		char at[CLOCK_TEXT_SIZE];
		int64_t number;
		int choice;

		fprintf(out, "%s.%s = ", key->section, key->name);
		switch (key->type) {
		case CONF_TEXT:
			memcpy(&text, member, sizeof(text));
			fprintf(out, "%s\n", key->secret && text[0] != '\0' ? "********" : text);
			break;
		case CONF_CHOICE:
			memcpy(&choice, member, sizeof(choice));
			fprintf(out, "%s\n", key->choices[choice]);
			break;
		case CONF_INT:
			memcpy(&number, member, sizeof(number));
			fprintf(out, "%jd\n", (intmax_t)number);
			break;
		case CONF_TIME:
			memcpy(&number, member, sizeof(number));
			fprintf(out, "%s\n", clock_text(number, at));
			break;
		}
	}
}
