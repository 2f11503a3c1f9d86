/* A store in a directory of the test's own. Include after cmocka.h. */
#ifndef EKMC_TESTS_STORE_FIXTURE_H
#define EKMC_TESTS_STORE_FIXTURE_H

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/log.h"
#include "domain/attachment_store.h"

static char store_dir[32];
static struct store store;

static inline bool
store_up(void)
{
	(void)snprintf(store_dir, sizeof(store_dir), "/tmp/ekmc-store-XXXXXX");
	return mkdtemp(store_dir) != NULL && store_open(&store, store_dir) == E_OK;
}

static inline void
store_down(void)
{
	char *argv[] = { (char[]){ "rm" }, (char[]){ "-rf" }, store_dir, NULL };
	pid_t pid = fork();

	if (pid == 0) {
		(void)execv("/bin/rm", argv);
		_exit(127);
	}
	(void)waitpid(pid, NULL, 0);
}

static inline const char *
stored_path(const uint8_t *sha256, bool thumbnail)
{
	static char path[sizeof(store_dir) + STORE_NAME_SIZE];
	char name[STORE_NAME_SIZE];

	store_name(sha256, thumbnail, name);
	(void)snprintf(path, sizeof(path), "%s/%s", store_dir, name);
	return path;
}

static inline bool
is_stored(const uint8_t *sha256, bool thumbnail)
{
	return access(stored_path(sha256, thumbnail), F_OK) == 0;
}

/* As if it had been put at that time. */
static inline void
make_old(const char *path, int64_t at_ms)
{
	const struct timespec times[2] = { { .tv_sec = at_ms / 1000 }, { .tv_sec = at_ms / 1000 } };

	assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

static inline void
store_write(struct store_file *f, const char *text)
{
	assert_int_equal(store_create(&store, f), E_OK);
	assert_int_equal(write(f->fd, text, strlen(text)), (ssize_t)strlen(text));
}

/* Puts `text` and a thumbnail of it. */
static inline void
store_text(const char *text, uint8_t sha256[static SEAL_HASH_BYTES])
{
	struct store_file f, t;

	seal_sha256(span_of(text), sha256);
	store_write(&f, text);
	store_write(&t, "small");
	assert_int_equal(store_put(&store, &t, sha256, true), E_OK);
	assert_int_equal(store_put(&store, &f, sha256, false), E_OK);
	store_discard(&t);
	store_discard(&f);
}

static inline int
files_in(const char *name)
{
	char path[sizeof(store_dir) + 16];
	int n = 0;
	DIR *d;

	(void)snprintf(path, sizeof(path), "%s/%s", store_dir, name);
	d = opendir(path);
	assert_non_null(d);
	for (const struct dirent *e; (e = readdir(d)) != NULL;)
		n += e->d_name[0] != '.';
	(void)closedir(d);
	return n;
}

#endif
