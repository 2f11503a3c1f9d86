/* The store of files: a name never stands for half a file, the same bytes are one, and whoever removes does not race whoever puts.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "store_fixture.h"

#define DAY_MS INT64_C(86400000)

static int seen;
static uint8_t last[SEAL_HASH_BYTES];

static void
quiet(const char *line, size_t n, void *arg)
{
	(void)line;
	(void)n;
	(void)arg;
}

static int
setup(void **state)
{
	(void)state;
	log_init("unit", LOG_ERROR);
	log_sink(quiet, NULL);
	return seal_init() && store_up() ? 0 : -1;
}

static int
teardown(void **state)
{
	(void)state;
	store_down();
	return 0;
}

static bool
remember(void *arg, const uint8_t *sha256)
{
	(void)arg;
	seen++;
	memcpy(last, sha256, sizeof(last));
	return true;
}

static bool
remember_one(void *arg, const uint8_t *sha256)
{
	return !remember(arg, sha256);
}

static int
aside(void)
{
	seen = 0;
	store_each_aside(&store, remember, NULL);
	return seen;
}

static void
test_store__a_file_stands_under_its_hash_when_it_is_whole(void **state)
{
	uint8_t sha256[SEAL_HASH_BYTES];
	char name[STORE_NAME_SIZE], text[16] = "";
	struct store_file f;
	int fd;

	(void)state;
	seal_sha256(SPAN("a photo"), sha256);
	store_name(sha256, true, name);
	assert_int_equal(strlen(name), STORE_NAME_SIZE - 1);
	assert_memory_equal(name, name + 6, 2);
	assert_memory_equal(name + 3, name + 8, 2);
	store_write(&f, "a photo");
	assert_false(is_stored(sha256, false));
	assert_int_equal(store_put(&store, &f, sha256, false), E_OK);
	fd = open(stored_path(sha256, false), O_RDONLY | O_CLOEXEC);
	assert_int_equal(read(fd, text, sizeof(text)), 7);
	assert_string_equal(text, "a photo");
	(void)close(fd);
	store_discard(&f);
	assert_true(is_stored(sha256, false));
	assert_int_equal(files_in("new"), 0);
}

static void
test_store__what_is_discarded_leaves_nothing(void **state)
{
	struct store_file f;

	(void)state;
	store_write(&f, "half a ph");
	assert_int_equal(files_in("new"), 1);
	store_discard(&f);
	store_discard(&f);
	assert_int_equal(files_in("new"), 0);
}

static void
test_store__the_same_bytes_are_one_file_of_new_age(void **state)
{
	uint8_t sha256[SEAL_HASH_BYTES];
	struct stat st;

	(void)state;
	store_text("twice", sha256);
	make_old(stored_path(sha256, false), clock_now_ms() - DAY_MS);
	store_text("twice", sha256);
	assert_int_equal(stat(stored_path(sha256, false), &st), 0);
	assert_int_equal(st.st_nlink, 1);
	assert_true(clock_now_ms() - (int64_t)st.st_mtim.tv_sec * 1000 < 60000);
}

static void
test_store__a_directory_that_is_not_there_is_told(void **state)
{
	struct store nowhere;
	struct store_file f;

	(void)state;
	assert_int_equal(store_open(&nowhere, "/tmp/ekmc-no-such-directory"), E_BUSY);
	assert_int_equal(store_create(&nowhere, &f), E_BUSY);
	/* and nothing is made where a file system is to be mounted */
	assert_int_not_equal(access("/tmp/ekmc-no-such-directory", F_OK), 0);
	store_discard(&f);
}

static void
test_store__what_is_aside_comes_back_or_goes(void **state)
{
	uint8_t sha256[SEAL_HASH_BYTES];
	int64_t now = clock_now_ms();

	(void)state;
	store_text("aside", sha256);
	assert_true(store_aside(&store, sha256, now + DAY_MS));
	assert_false(is_stored(sha256, false) || is_stored(sha256, true));
	assert_true(aside() >= 1);
	assert_memory_equal(last, sha256, sizeof(last));
	store_back(&store, sha256);
	assert_true(is_stored(sha256, false) && is_stored(sha256, true));
	assert_int_equal(aside(), 0);
	assert_true(store_aside(&store, sha256, now + DAY_MS));
	store_drop(&store, sha256);
	assert_int_equal(aside(), 0);
	store_back(&store, sha256);
	assert_false(is_stored(sha256, false) || is_stored(sha256, true));
	assert_false(store_aside(&store, sha256, now + DAY_MS));
}

static void
test_store__what_was_put_lately_is_not_set_aside(void **state)
{
	uint8_t sha256[SEAL_HASH_BYTES];
	int64_t now = clock_now_ms();

	(void)state;
	store_text("young", sha256);
	assert_false(store_aside(&store, sha256, now - DAY_MS));
	/* nor when only half of it is old */
	make_old(stored_path(sha256, false), now - 2 * DAY_MS);
	assert_false(store_aside(&store, sha256, now - DAY_MS));
	assert_true(is_stored(sha256, false) && is_stored(sha256, true));
}

/* Set aside by a purge between put and keep: the one who keeps puts it again. */
static void
test_store__who_keeps_sees_what_was_taken(void **state)
{
	uint8_t sha256[SEAL_HASH_BYTES];
	struct store_file f;

	(void)state;
	seal_sha256(SPAN("kept"), sha256);
	store_write(&f, "kept");
	assert_int_equal(store_put(&store, &f, sha256, false), E_OK);
	assert_int_equal(store_keep(&store, &f, sha256, false), E_OK);
	assert_true(store_aside(&store, sha256, clock_now_ms() + DAY_MS));
	assert_false(is_stored(sha256, false));
	assert_int_equal(store_keep(&store, &f, sha256, false), E_OK);
	assert_true(is_stored(sha256, false));
	store_drop(&store, sha256);
	assert_true(is_stored(sha256, false));
	store_discard(&f);
}

/* The one put meanwhile stays when the other comes back. */
static void
test_store__a_newer_file_is_not_overwritten_from_aside(void **state)
{
	uint8_t sha256[SEAL_HASH_BYTES];
	struct stat before, after;

	(void)state;
	store_text("again", sha256);
	assert_true(store_aside(&store, sha256, clock_now_ms() + DAY_MS));
	store_text("again", sha256);
	assert_int_equal(stat(stored_path(sha256, false), &before), 0);
	store_back(&store, sha256);
	assert_int_equal(stat(stored_path(sha256, false), &after), 0);
	assert_true(before.st_ino == after.st_ino);
	assert_int_equal(aside(), 0);
}

static void
test_store__sweeps_what_is_old(void **state)
{
	uint8_t sha256[SEAL_HASH_BYTES];
	int64_t now = clock_now_ms();
	struct store_file old, young;

	(void)state;
	store_write(&old, "half");
	store_write(&young, "half");
	make_old(old.path, now - 2 * DAY_MS);
	store_sweep_new(&store, now - DAY_MS);
	assert_int_not_equal(access(old.path, F_OK), 0);
	assert_int_equal(access(young.path, F_OK), 0);
	store_discard(&old);
	store_discard(&young);

	/* a thumbnail alone is found by the hash of its picture */
	store_text("orphan", sha256);
	make_old(stored_path(sha256, true), now - 2 * DAY_MS);
	seen = 0;
	store_each(&store, sha256[0], now - DAY_MS, remember, NULL);
	assert_int_equal(seen, 1);
	assert_memory_equal(last, sha256, sizeof(last));
	store_each(&store, (uint8_t)(sha256[0] + 1), now + DAY_MS, remember, NULL);
	assert_int_equal(seen, 1);
	/* picture and thumbnail, unless who is told has had enough */
	seen = 0;
	store_each(&store, sha256[0], now + DAY_MS, remember, NULL);
	assert_int_equal(seen, 2);
	seen = 0;
	store_each(&store, sha256[0], now + DAY_MS, remember_one, NULL);
	assert_int_equal(seen, 1);
}

static void
test_store__sweeps_what_nginx_left_and_nothing_else(void **state)
{
	static const struct {
		const char *name;
		bool old, stays;
	} files[] = { { "0000000007", true, false }, { "0000000008", false, true }, { "README", true, true } };
	int64_t now = clock_now_ms();
	char path[80];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", store_dir, files[i].name);
		(void)close(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
		if (files[i].old)
			make_old(path, now - DAY_MS);
	}
	store_sweep_uploads(store_dir, now - DAY_MS / 24);
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", store_dir, files[i].name);
		assert_int_equal(access(path, F_OK) == 0, files[i].stays);
	}
	store_sweep_uploads("/nowhere", now);
}

/* Killed anywhere while it puts: the name stands for the whole file or for none. */
static void
test_store__who_is_killed_leaves_no_half_file(void **state)
{
	static char text[1 << 20];
	uint8_t sha256[SEAL_HASH_BYTES], read_back[SEAL_HASH_BYTES];

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	for (int i = 0; i < 40; i++) {
		pid_t pid;
		int fd;

		(void)snprintf(text, 8, "%06d", i);
		text[6] = 'x';
		seal_sha256(span_of(text), sha256);
		pid = fork();
		if (pid == 0) {
			struct store_file f;

			if (store_create(&store, &f) == E_OK && write(f.fd, text, sizeof(text) - 1) > 0)
				(void)!store_put(&store, &f, sha256, false);
			_exit(0);
		}
		(void)usleep((useconds_t)i * 150);
		(void)kill(pid, SIGKILL);
		(void)waitpid(pid, NULL, 0);
		fd = open(stored_path(sha256, false), O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			continue;

		assert_true(seal_sha256_file(fd, read_back));
		assert_memory_equal(read_back, sha256, sizeof(sha256));
		(void)close(fd);
	}

	store_sweep_new(&store, clock_now_ms() + DAY_MS);
	assert_int_equal(files_in("new"), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_store__a_file_stands_under_its_hash_when_it_is_whole),
		cmocka_unit_test(test_store__what_is_discarded_leaves_nothing),
		cmocka_unit_test(test_store__the_same_bytes_are_one_file_of_new_age),
		cmocka_unit_test(test_store__a_directory_that_is_not_there_is_told),
		cmocka_unit_test(test_store__what_is_aside_comes_back_or_goes),
		cmocka_unit_test(test_store__what_was_put_lately_is_not_set_aside),
		cmocka_unit_test(test_store__who_keeps_sees_what_was_taken),
		cmocka_unit_test(test_store__a_newer_file_is_not_overwritten_from_aside),
		cmocka_unit_test(test_store__sweeps_what_is_old),
		cmocka_unit_test(test_store__sweeps_what_nginx_left_and_nothing_else),
		cmocka_unit_test(test_store__who_is_killed_leaves_no_half_file),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
