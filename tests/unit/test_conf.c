/* Settings: defaults, every way to be wrong, long values, secrets, the environment. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/buf.h"
#include "core/conf.h"

#define KEY     "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define API_INI "[db]\nuser=api\npassword=geheim\n[seal]\nkeys=1:" KEY "\nindex_key=" KEY "\ntoken_key=" KEY "\n"
#define NONE    ((enum conf_user)0) /* a process that needs nothing */
#define LEGACY_INI                                                                                                                 \
	"[legacy]\nurl=http://127.0.0.1:9/search\nformat=html\nnumber_pattern=^[0-9]{6}$\nstatus_map=Open=ASSIGNED\n"              \
	"number=//td[1]\nstatus=//td[2]\n"

static char path[] = "/tmp/ekmc-test-conf-XXXXXX";
static char *said; /* what the last load printed */
static size_t said_n;

static int
make_file(void **state UNUSED)
{
	int fd = mkstemp(path);

	if (fd >= 0)
		close(fd);
	return fd < 0 ? -1 : 0;
}

static int
remove_file(void **state UNUSED)
{
	free(said);
	return unlink(path);
}

static struct conf *
load_bytes(const char *ini, size_t n, enum conf_user user)
{
	FILE *f = fopen(path, "we");

	assert_non_null(f);
	assert_int_equal(fwrite(ini, 1, n, f), n);
	assert_int_equal(fclose(f), 0);
	free(said);
	said = NULL;
	FILE *err = open_memstream(&said, &said_n);
	assert_non_null(err);
	struct conf *c = conf_load(path, user, err);
	assert_int_equal(fclose(err), 0);
	return c;
}

static struct conf *
load(const char *ini, enum conf_user user)
{
	return load_bytes(ini, strlen(ini), user);
}

static size_t
lines_said(void)
{
	size_t n = 0;

	for (const char *p = said; *p != '\0'; p++)
		n += *p == '\n';
	return n;
}

/* Refused with exactly these texts, one line each. */
static void
assert_refused(const char *ini, enum conf_user user, const char *const *texts, size_t n)
{
	assert_null(load(ini, user));
	for (size_t i = 0; i < n; i++)
		if (strstr(said, texts[i]) == NULL)
			fail_msg("not said: %s\nbut: %s", texts[i], said);
	if (lines_said() != n)
		fail_msg("expected %zu lines, got: %s", n, said);
}

#define REFUSED(ini, user, ...)                                                                                                    \
	do {                                                                                                                       \
		static const char *const texts_[] = { __VA_ARGS__ };                                                               \
		assert_refused(ini, user, texts_, ARRAY_LEN(texts_));                                                              \
	} while (0)

static struct conf *
loaded(const char *ini, enum conf_user user)
{
	struct conf *c = load(ini, user);

	if (c == NULL)
		fail_msg("refused: %s", said);
	assert_string_equal(said, "");
	return c;
}

static void
test_conf__defaults_are_the_documented_ones(void **state UNUSED)
{
	struct conf *c = loaded(API_INI, CONF_API);

	assert_int_equal(c->system.mode, MODE_PRODUCTION);
	assert_int_equal(c->system.go_live_ms, INT64_C(1720809000000));
	assert_string_equal(c->system.base_url, "http://127.0.0.1:8080");
	assert_string_equal(c->system.sql_dir, "sql");
	assert_int_equal(c->log.level, LOG_INFO);
	assert_string_equal(c->listen.socket, "");
	assert_int_equal(c->worker.fronts, 2);
	assert_int_equal(c->worker.backs, 8);
	assert_int_equal(c->worker.queue, 256);
	assert_int_equal(c->worker.body_bytes, 65536);
	assert_int_equal(c->worker.arena_bytes, 4194304);
	assert_int_equal(c->worker.drain_ms, 8000);
	assert_string_equal(c->db.hosts, "127.0.0.1:3306");
	assert_string_equal(c->db.name, "ekmc");
	assert_int_equal(c->db.connect_ms, 1000);
	assert_int_equal(c->db.io_ms, 3000);
	assert_int_equal(c->db.total_ms, 5000);
	assert_int_equal(c->redis.timeout_ms, 20);
	assert_int_equal(c->otp.ttl_s, 300);
	assert_int_equal(c->otp.tries, 5);
	assert_int_equal(c->otp.mobile_10min, 3);
	assert_int_equal(c->otp.mobile_day, 10);
	assert_int_equal(c->otp.address_hour, 200);
	assert_int_equal(c->otp.total_day, 200000);
	assert_int_equal(c->session.citizen_days, 30);
	assert_int_equal(c->session.staff_hours, 12);
	assert_int_equal(c->status.ttl_s, 30);
	assert_string_equal(c->attachments.dir, "/var/lib/ekmc/attachments");
	assert_string_equal(c->attachments.uploads, "/var/lib/ekmc/uploads");
	assert_string_equal(c->attachments.program, "");
	assert_int_equal(c->attachments.unbound, 30);
	assert_int_equal(c->legacy.method, METHOD_GET);
	assert_int_equal(c->legacy.timeout_ms, 2000);
	assert_int_equal(c->legacy.max_bytes, 2097152);
	assert_int_equal(c->legacy.parallel, 64);
	assert_int_equal(c->legacy.open_ttl_s, 120);
	assert_int_equal(c->legacy.closed_ttl_s, 86400);
	assert_int_equal(c->legacy.stale_s, 604800);
	assert_string_equal(c->legacy.remark, "");
	assert_int_equal(c->sms.profile, SMS_NONE);
	assert_int_equal(c->sms.poll_ms, 200);
	assert_int_equal(c->clock.tick_s, 5);
	assert_int_equal(c->clock.lease_s, 10);
	assert_int_equal(c->clock.batch, 50);
	assert_int_equal(c->clock.threads, 2);
	conf_free(c);
	conf_free(NULL);
}

/* A value that is valid for the key and not its default, told from its printed default. */
static void
other_value(const char *key, const char *now, size_t i, char out[static 64])
{
	static const struct {
		const char *key, *value;
	} special[] = {
		{ "system.mode", "demo" },        { "system.go_live", "2025-01-01T00:00:00.000Z" },
		{ "log.level", "error" },         { "legacy.method", "POST" },
		{ "legacy.format", "json" },      { "sms.profile", "file" },
		{ "worker.body_bytes", "70001" }, { "worker.arena_bytes", "70002" },
		{ "legacy.max_bytes", "70003" },
	};
	for (size_t k = 0; k < ARRAY_LEN(special); k++) {
		if (strcmp(key, special[k].key) == 0) {
			(void)snprintf(out, 64, "%s", special[k].value);
			return;
		}
	}
	size_t digits = strspn(now, "0123456789");
	if (digits > 0 && now[digits] == '\n')
		(void)snprintf(out, 64, "7");
	else
		(void)snprintf(out, 64, "text%zu", i);
}

static void
print_into(const struct conf *c, char **text)
{
	size_t n;
	FILE *out = open_memstream(text, &n);

	assert_non_null(out);
	conf_print(c, out);
	assert_int_equal(fclose(out), 0);
}

/* Lines of `text` that `other` does not have. */
static size_t
lines_apart(const char *text, const char *other)
{
	size_t n = 0;

	for (const char *p = text, *end; (end = strchr(p, '\n')) != NULL; p = end + 1)
		n += memmem(other, strlen(other), p, (size_t)(end + 1 - p)) == NULL;
	return n;
}

static void
test_conf__each_key_sets_its_own_member_and_no_other(void **state UNUSED)
{
	struct conf *c = loaded("", NONE);
	char *before, *after, *end;
	size_t i = 0;

	print_into(c, &before);
	conf_free(c);
	for (char *p = before; (end = strchr(p, '\n')) != NULL; p = end + 1, i++) {
		struct buf key = BUF_INIT(100), ini = BUF_INIT(300), line = BUF_INIT(300);
		char *dot = strchr(p, '.'), *equals = strstr(p, " = "), value[64];
		assert_true(dot != NULL && equals != NULL && dot < equals && equals < end);
		buf_add(&key, p, (size_t)(equals - p));
		other_value(key.data, equals + 3, i, value);
		bool secret = strstr(key.data, "password") != NULL || strncmp(key.data, "seal.", 5) == 0;
		bool demo = strcmp(key.data, "sms.profile") == 0;
		buf_printf(&ini, "%s[%.*s]\n%.*s=%s\n", demo ? "[system]\nmode=demo\n" : "", (int)(dot - p), p,
			   (int)(equals - dot - 1), dot + 1, value);
		buf_printf(&line, "%s = %s\n", key.data, secret ? "********" : value);
		print_into(c = loaded(ini.data, NONE), &after);
		if (strstr(after, line.data) == NULL || lines_apart(after, before) != (demo ? 2 : 1))
			fail_msg("%s gave\n%s", ini.data, after);
		conf_free(c);
		free(after);
		buf_release(&line);
		buf_release(&ini);
		buf_release(&key);
	}
	assert_int_equal(i, 71);
	free(before);
}

static void
test_conf__print_never_shows_a_secret(void **state UNUSED)
{
	struct conf *c = loaded(API_INI "[redis]\npassword=", CONF_API);
	char *text;

	print_into(c, &text);
	assert_null(strstr(text, "geheim"));
	assert_null(strstr(text, KEY));
	assert_non_null(strstr(text, "db.password = ********\n"));
	assert_non_null(strstr(text, "seal.token_key = ********\n"));
	assert_non_null(strstr(text, "redis.password = \n"));
	assert_non_null(strstr(text, "system.go_live = 2024-07-12T18:30:00.000Z\n"));
	assert_non_null(strstr(text, "db.user = api\n"));
	assert_string_equal(c->db.password, "geheim");
	assert_string_equal(c->seal.token_key, KEY);
	conf_free(c);
	free(text);
}

static void
test_conf__every_problem_is_reported_with_its_key(void **state UNUSED)
{
	REFUSED(API_INI "[worker]\nfronts=0\nbacks=many\nqueue=\n[log]\nlevel=loud\n[system]\ngo_live=2024-07-13\n[otp]\nspeed=1\n"
			"[zoo]\nkey=1\n[worker]\nfronts=3\nnonsense\n[open\n",
		CONF_API, "worker.fronts: not a whole number from 1 to 64", "worker.backs: not a whole number",
		"worker.queue: not a", "log.level: not one of debug, info, warn, error", "system.go_live: not a time",
		"otp.speed: unknown key", "zoo.key: unknown key", "worker.fronts: set before, in line",
		"neither [section] nor key = value", "a section without ]");
	REFUSED(API_INI "[db]\nhosts=a\nport=3306\n", CONF_API, ":10: db.port: unknown key");
	REFUSED("user=x\n" API_INI, CONF_API, ":1: .user: unknown key");
}

static void
test_conf__what_a_process_needs_must_be_there(void **state UNUSED)
{
	REFUSED("", CONF_API, "db.user: missing", "db.password: missing", "seal.keys: missing", "seal.index_key: missing",
		"seal.token_key: missing");
	REFUSED("", CONF_NOTIFY, "db.user: missing", "db.password: missing", "seal.keys: missing");
	REFUSED("[system]\nsql_dir=\n", CONF_CTL, "db.user: missing", "db.password: missing", "system.sql_dir: missing");
	REFUSED("", CONF_LEGACY, "legacy.url: missing", "legacy.format: missing", "legacy.number_pattern: missing",
		"legacy.number: missing", "legacy.status: missing", "legacy.status_map: missing");
	conf_free(loaded(LEGACY_INI, CONF_LEGACY));
	conf_free(loaded("[db]\nuser=ctl\npassword=x\n", CONF_CTL));
}

static void
test_conf__sms_to_a_file_is_for_the_demo(void **state UNUSED)
{
	REFUSED(API_INI "[sms]\nprofile=file\nfile=/tmp/x\n", CONF_NOTIFY, ":9: sms.profile: file is for system.mode = demo");
	REFUSED(API_INI "[sms]\nprofile=file\n[system]\nmode=production\n", CONF_API, "sms.profile: file is for");
	REFUSED(API_INI "[sms]\nprofile=file\n[system]\nmode=demo\n", CONF_NOTIFY, "sms.file: missing");
	conf_free(loaded(API_INI "[sms]\nprofile=file\n[system]\nmode=demo\n", CONF_API));
	struct conf *c = loaded(API_INI "[sms]\nprofile=file\nfile=/tmp/x\n[system]\nmode=demo\n", CONF_NOTIFY);
	assert_int_equal(c->sms.profile, SMS_FILE);
	assert_string_equal(c->sms.file, "/tmp/x");
	conf_free(c);
}

static void
test_conf__secret_values_stay_out_of_messages(void **state UNUSED)
{
	struct buf ini = BUF_INIT(4000);

	buf_text(&ini, "[db]\nuser=api\npassword=");
	for (int i = 0; i < 300; i++)
		buf_text(&ini, "q");
	buf_text(&ini, "\n");
	REFUSED(ini.data, CONF_CTL, "db.password: longer than 200 bytes");
	assert_null(strstr(said, "qqq"));
	buf_release(&ini);
}

static void
test_conf__long_and_odd_values_arrive_whole(void **state UNUSED)
{
	static const char odd[] = "//td[contains(., \"a;b ; c # d\")]/text() | //x[@y='=:, ']";
	struct buf ini = BUF_INIT(20000);

	buf_text(&ini, LEGACY_INI "remark=");
	while (ini.len < sizeof(LEGACY_INI) + 1900)
		buf_text(&ini, odd);
	size_t n = ini.len - (sizeof(LEGACY_INI "remark=") - 1);
	assert_in_range(n, 1800, 2000);
	buf_printf(&ini, "  \n  ward = %s\t\r\n; a comment\n# another = comment\n\n[redis]\naddress =\n", odd);
	struct conf *c = loaded(ini.data, CONF_LEGACY);
	assert_int_equal(strlen(c->legacy.remark), n);
	assert_memory_equal(c->legacy.remark, ini.data + sizeof(LEGACY_INI "remark=") - 1, n);
	assert_string_equal(c->legacy.ward, odd);
	assert_string_equal(c->redis.address, "");
	conf_free(c);
	buf_release(&ini);
}

static void
test_conf__too_long_is_an_error_not_a_cut(void **state UNUSED)
{
	static const struct {
		size_t value;
		const char *text;
	} rows[] = {
		{ 2000, NULL },
		{ 2001, ":9: legacy.remark: longer than 2000 bytes" },
		{ 9000, ":9: longer than 8190 bytes" },
		{ 100000, ":9: longer than 8190 bytes" },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct buf ini = BUF_INIT(200000);
		buf_text(&ini, LEGACY_INI "\nremark=");
		for (size_t k = 0; k < rows[i].value; k++)
			buf_char(&ini, 'r');
		buf_text(&ini, "\ncharset=latin1\n");
		if (rows[i].text == NULL) {
			struct conf *c = loaded(ini.data, CONF_LEGACY);
			assert_int_equal(strlen(c->legacy.remark), rows[i].value);
			assert_string_equal(c->legacy.charset, "latin1");
			conf_free(c);
		} else {
			assert_refused(ini.data, CONF_LEGACY, &rows[i].text, 1);
		}
		buf_release(&ini);
	}
}

static void
test_conf__bytes_that_are_no_text_are_refused(void **state UNUSED)
{
	static const char nul[] = "[legacy]\nurl=http\0://x\n";

	assert_null(load_bytes(nul, sizeof(nul) - 1, NONE));
	assert_non_null(strstr(said, ":2: a NUL byte"));
	REFUSED("[legacy]\nurl=a\x01"
		"b\n",
		NONE, "legacy.url: control characters");
	REFUSED("[legacy]\nurl=a\xff\n", NONE, "legacy.url: control characters, or not UTF-8");
	conf_free(loaded("\xef\xbb\xbf[legacy]\nurl=\xe0\xa6\x95\n", NONE));
}

static void
test_conf__pattern_must_compile(void **state UNUSED)
{
	REFUSED("[legacy]\nnumber_pattern=^[0-9{6}$\n", NONE, "legacy.number_pattern: not an extended regular expression");
	REFUSED("[legacy]\nnumber_pattern=(a\n", NONE, "legacy.number_pattern");
}

static void
test_conf__environment_overrides_and_may_be_wrong_too(void **state UNUSED)
{
	assert_int_equal(setenv("EKMC_WORKER_FRONTS", "5", 1), 0);
	assert_int_equal(setenv("EKMC_OTP_MOBILE_10MIN", "9", 1), 0);
	assert_int_equal(setenv("EKMC_DB_PASSWORD", "from=env", 1), 0);
	struct conf *c = loaded(API_INI "[worker]\nfronts=3\nbacks=4\n", CONF_API);
	assert_int_equal(c->worker.fronts, 5);
	assert_int_equal(c->worker.backs, 4);
	assert_int_equal(c->otp.mobile_10min, 9);
	assert_string_equal(c->db.password, "from=env");
	conf_free(c);
	assert_int_equal(setenv("EKMC_WORKER_FRONTS", "x", 1), 0);
	assert_int_equal(setenv("EKMC_WORKER_FRONT", "1", 1), 0);
	REFUSED(API_INI, CONF_API, "EKMC_WORKER_FRONTS: worker.fronts: not a whole number", "EKMC_WORKER_FRONT: unknown");
	unsetenv("EKMC_WORKER_FRONTS");
	unsetenv("EKMC_WORKER_FRONT");
	unsetenv("EKMC_OTP_MOBILE_10MIN");
	unsetenv("EKMC_DB_PASSWORD");
}

static void
test_conf__file_must_be_readable(void **state UNUSED)
{
	static const char *const paths[] = { "/nonexistent/x.ini", "/tmp" };

	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		free(said);
		said = NULL;
		FILE *err = open_memstream(&said, &said_n);
		assert_non_null(err);
		assert_null(conf_load(paths[i], NONE, err));
		assert_int_equal(fclose(err), 0);
		assert_int_equal(lines_said(), 1);
		assert_memory_equal(said, paths[i], strlen(paths[i]));
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_conf__defaults_are_the_documented_ones),
		cmocka_unit_test(test_conf__each_key_sets_its_own_member_and_no_other),
		cmocka_unit_test(test_conf__print_never_shows_a_secret),
		cmocka_unit_test(test_conf__every_problem_is_reported_with_its_key),
		cmocka_unit_test(test_conf__what_a_process_needs_must_be_there),
		cmocka_unit_test(test_conf__sms_to_a_file_is_for_the_demo),
		cmocka_unit_test(test_conf__secret_values_stay_out_of_messages),
		cmocka_unit_test(test_conf__long_and_odd_values_arrive_whole),
		cmocka_unit_test(test_conf__too_long_is_an_error_not_a_cut),
		cmocka_unit_test(test_conf__bytes_that_are_no_text_are_refused),
		cmocka_unit_test(test_conf__pattern_must_compile),
		cmocka_unit_test(test_conf__environment_overrides_and_may_be_wrong_too),
		cmocka_unit_test(test_conf__file_must_be_readable),
	};
	return cmocka_run_group_tests_name("conf", tests, make_file, remove_file);
}
