/* Log lines: one JSON object each, masked, escaped, cut where they are too long. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <jansson.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/log.h"

static char last[8192];
static size_t last_n, lines;

static void
remember(const char *line, size_t n, void *arg UNUSED)
{
	assert_true(n < sizeof(last));
	memcpy(last, line, n);
	last[n] = '\0';
	last_n = n;
	lines++;
}

static int
to_memory(void **state UNUSED)
{
	log_init("ekmc-test", LOG_INFO);
	log_sink(remember, NULL);
	last_n = lines = 0;
	return 0;
}

static int
to_stderr(void **state UNUSED)
{
	log_sink(NULL, NULL);
	log_request(NULL);
	return 0;
}

/* The last line as JSON, after checking its frame; the caller frees it. */
static json_t *
parsed(void)
{
	assert_true(last_n > 0 && last_n <= 4096);
	assert_int_equal(last[last_n - 1], '\n');
	assert_null(memchr(last, '\n', last_n - 1));
	json_t *o = json_loadb(last, last_n, JSON_REJECT_DUPLICATES, NULL);
	if (o == NULL)
		fail_msg("not JSON: %s", last);
	return o;
}

static void
assert_member(const char *key, const char *want)
{
	json_t *o = parsed();
	const char *got = json_string_value(json_object_get(o, key));

	if (want == NULL)
		assert_null(got);
	else if (got == NULL)
		fail_msg("no %s in %s", key, last);
	else
		assert_string_equal(got, want);
	json_decref(o);
}

static void
test_log__line_has_its_frame(void **state UNUSED)
{
	int64_t at_ms, now_ms = clock_now_ms();

	log_request("0123456789abcdef");
	log_event(LOG_WARN, "db_lost", "host", "a:3306", "error", "gone away", NULL);
	assert_int_equal(lines, 1);
	assert_member("level", "warn");
	assert_member("program", "ekmc-test");
	assert_member("event", "db_lost");
	assert_member("request_id", "0123456789abcdef");
	assert_member("host", "a:3306");
	assert_member("error", "gone away");
	json_t *o = parsed();
	assert_true(clock_parse(span_of(json_string_value(json_object_get(o, "at"))), &at_ms));
	assert_in_range(at_ms, now_ms, now_ms + 10000);
	json_decref(o);
	log_request(NULL);
	log_detail(LOG_ERROR, "start", "%d of %s", 3, "four");
	assert_member("detail", "3 of four");
	assert_member("request_id", NULL);
}

static void
test_log__levels_below_the_least_are_silent(void **state UNUSED)
{
	static const char *const names[] = { "debug", "info", "warn", "error" };
	enum log_level level;

	for (size_t least = 0; least < ARRAY_LEN(names); least++) {
		assert_true(log_level_parse(names[least], &level));
		assert_int_equal(level, least);
		log_init("ekmc-test", level);
		lines = 0;
		for (int l = LOG_DEBUG; l < LOG_LEVEL__COUNT; l++) {
			log_event((enum log_level)l, "x", NULL);
			log_detail((enum log_level)l, "x", "y");
		}
		assert_int_equal(lines, 2 * (ARRAY_LEN(names) - least));
	}
	assert_false(log_level_parse("INFO", &level));
	assert_false(log_level_parse("", &level));
}

static void
test_log__secret_keys_are_masked(void **state UNUSED)
{
	static const char *const keys[] = { "mobile", "phone", "name",     "address", "email",
					    "code",   "token", "password", "secret",  "Mobile" };

	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		log_event(LOG_INFO, "x", keys[i], "9830012345", "ward", "63", NULL);
		assert_null(strstr(last, "9830012345"));
		assert_member(keys[i], "***");
		assert_member("ward", "63");
	}
}

static void
test_log__text_from_outside_cannot_break_a_line(void **state UNUSED)
{
	static const struct {
		const char *value, *raw, *read;
	} rows[] = {
		{ "a\"b\\c", "a\\\"b\\\\c", "a\"b\\c" },
		{ "a\nb\r\tc", "a\\u000ab\\u000d\\u0009c", "a\nb\r\tc" },
		{ "\x01\x1b[31m\x7f", "\\u0001\\u001b[31m\\u007f", "\x01\x1b[31m\x7f" },
		{ "\xc2\x9b", "\\u009b", "\xc2\x9b" },
		{ "বাংলা", "বাংলা", "বাংলা" },
		{ "x\xffy\xe0\xa6", "x\\ufffdy\\ufffd\\ufffd", "x\xef\xbf\xbdy\xef\xbf\xbd\xef\xbf\xbd" },
		{ "\xed\xa0\x80", "\\ufffd\\ufffd\\ufffd", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		log_event(LOG_INFO, "x", "v", rows[i].value, NULL);
		assert_non_null(strstr(last, rows[i].raw));
		assert_member("v", rows[i].read);
	}
	log_event(LOG_INFO, "e\"", "k\n", "v", NULL);
	assert_member("event", "e\"");
	assert_member("k\n", "v");
}

static void
test_log__long_lines_are_cut_into_valid_json(void **state UNUSED)
{
	static const char *const fills[] = { "x", "\n", "ক", "\xff", "\"", "🚰" };
	static char value[9000];
	static char key[5000];

	for (size_t f = 0; f < ARRAY_LEN(fills); f++) {
		size_t step = strlen(fills[f]), n = 0;
		for (; n + step < sizeof(value); n += step) {
			memcpy(value + n, fills[f], step + 1);
			if (n < 500 || n % 7 != 0)
				continue;
			log_event(LOG_INFO, "x", "v", value, "w", value, "z", "end", NULL);
			json_decref(parsed());
		}
		assert_true(last_n > 4000);
		assert_member("z", NULL);
		assert_non_null(strstr(last, "…\"}\n"));
	}
	memset(key, 'k', sizeof(key) - 1);
	log_event(LOG_INFO, "x", "a", "1", key, "v", "b", "2", NULL);
	assert_member("a", "1");
	assert_member("b", NULL);
	log_detail(LOG_INFO, "x", "%s", value);
	json_decref(parsed());
}

static void
test_log__null_value_ends_the_pairs(void **state UNUSED)
{
	log_event(LOG_INFO, "x", "a", "1", "b", NULL);
	json_t *o = parsed();
	assert_true(json_is_null(json_object_get(o, "b")));
	json_decref(o);
	assert_member("a", "1");
}

static void *
other_thread(void *arg UNUSED)
{
	log_event(LOG_INFO, "x", NULL);
	return NULL;
}

static void
test_log__request_id_belongs_to_its_thread(void **state UNUSED)
{
	pthread_t t;

	log_request("mine");
	assert_int_equal(pthread_create(&t, NULL, other_thread, NULL), 0);
	assert_int_equal(pthread_join(t, NULL), 0);
	assert_member("request_id", NULL);
	log_event(LOG_INFO, "x", NULL);
	assert_member("request_id", "mine");
}

static void
test_log__goes_to_stderr_and_survives_its_loss(void **state UNUSED)
{
	int fds[2], kept = dup(STDERR_FILENO);
	char line[4096];

	log_sink(NULL, NULL);
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	assert_true(dup2(fds[1], STDERR_FILENO) >= 0);
	log_event(LOG_INFO, "here", NULL);
	close(STDERR_FILENO);
	log_event(LOG_INFO, "lost", NULL);
	assert_true(dup2(kept, STDERR_FILENO) >= 0);
	close(fds[1]);
	ssize_t n = read(fds[0], line, sizeof(line) - 1);
	assert_true(n > 0);
	line[n] = '\0';
	assert_non_null(strstr(line, "\"event\":\"here\"}\n"));
	assert_int_equal(read(fds[0], line, sizeof(line)), 0);
	close(fds[0]);
	close(kept);
}

#define LOG_TEST(f) cmocka_unit_test_setup_teardown(f, to_memory, to_stderr)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		LOG_TEST(test_log__line_has_its_frame),
		LOG_TEST(test_log__levels_below_the_least_are_silent),
		LOG_TEST(test_log__secret_keys_are_masked),
		LOG_TEST(test_log__text_from_outside_cannot_break_a_line),
		LOG_TEST(test_log__long_lines_are_cut_into_valid_json),
		LOG_TEST(test_log__null_value_ends_the_pairs),
		LOG_TEST(test_log__request_id_belongs_to_its_thread),
		LOG_TEST(test_log__goes_to_stderr_and_survives_its_loss),
	};
	return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
