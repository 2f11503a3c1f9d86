/* Files by their hash. */
#include "domain/attachment_store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/ids.h"
#include "core/log.h"
#include "core/scan.h"

#define PATH_SIZE (STORE_DIR_MOST + 80)
#define HEX_CHARS ((size_t)2 * SEAL_HASH_BYTES)
#define MODE_FILE 0640
#define MODE_DIR  0750

static enum status
failed(const char *what, const char *path)
{
	log_event(LOG_ERROR, "attachment_store", "what", what, "path", path, "error", strerrorname_np(errno), NULL);
	return E_BUSY;
}

static void
hash_hex(const uint8_t sha256[static SEAL_HASH_BYTES], char out[static HEX_CHARS + 1])
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < SEAL_HASH_BYTES; i++) {
		out[2 * i] = digits[sha256[i] >> 4];
		out[2 * i + 1] = digits[sha256[i] & 15];
	}
	out[HEX_CHARS] = '\0';
}

void
store_name(const uint8_t sha256[static SEAL_HASH_BYTES], bool thumbnail, char out[static STORE_NAME_SIZE])
{
	char hex[HEX_CHARS + 1];

	hash_hex(sha256, hex);
	(void)snprintf(out, STORE_NAME_SIZE, "%.2s/%.2s/%s%s", hex, hex + 2, hex, thumbnail ? "-t" : "");
}

static void
place(const struct store *s, const uint8_t *sha256, bool thumbnail, char out[static PATH_SIZE])
{
	char name[STORE_NAME_SIZE];

	store_name(sha256, thumbnail, name);
	(void)snprintf(out, PATH_SIZE, "%s/%s", s->dir, name);
}

static void
place_aside(const struct store *s, const uint8_t *sha256, bool thumbnail, char out[static PATH_SIZE])
{
	char hex[HEX_CHARS + 1];

	hash_hex(sha256, hex);
	(void)snprintf(out, PATH_SIZE, "%s/gone/%s%s", s->dir, hex, thumbnail ? "-t" : "");
}

/* The directory's own entry in its parent is the parent's to sync. */
static bool
sync_dir(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool ok = fd >= 0 && fsync(fd) == 0;

	if (fd >= 0)
		(void)close(fd);
	return ok;
}

/* A directory of the way to `path`: its first `n` characters. */
static bool
make_dir(const char *path, size_t n, size_t parent)
{
	char dir[PATH_SIZE];

	(void)snprintf(dir, sizeof(dir), "%.*s", (int)n, path);
	if (mkdir(dir, MODE_DIR) != 0)
		return errno == EEXIST;
	dir[parent] = '\0';
	return sync_dir(dir);
}

/* Ours within `dir`, never `dir` itself: where a shared file system is not mounted, nothing is to be stored. */
static bool
mkdir_all(const char *dir)
{
	static const char *const names[] = { "new", "gone" };
	char path[PATH_SIZE];

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		if (mkdir(path, MODE_DIR) != 0 && errno != EEXIST)
			return false;
	}
	return true;
}

enum status
store_open(struct store *s, const char *dir)
{
	s->dir = dir;
	if (!mkdir_all(dir))
		return failed("mkdir", dir);
	return access(dir, R_OK | W_OK | X_OK) == 0 ? E_OK : failed("access", dir);
}

enum status
store_create(const struct store *s, struct store_file *f)
{
	char unique[REQUEST_ID_SIZE];
	int n;

	ids_random_hex(unique);
	f->fd = -1;
	n = snprintf(f->path, sizeof(f->path), "%s/new/%s", s->dir, unique);
	if (n < 0 || (size_t)n >= sizeof(f->path)) {
		f->path[0] = '\0';
		return E_INTERNAL;
	}
	f->fd = open(f->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, MODE_FILE);
	if (f->fd < 0 && errno == ENOENT && mkdir_all(s->dir)) /* it was not there at the start */
		f->fd = open(f->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, MODE_FILE);
	return f->fd >= 0 ? E_OK : failed("create", f->path);
}

void
store_discard(struct store_file *f)
{
	if (f->fd < 0)
		return;
	(void)unlink(f->path);
	(void)close(f->fd);
	f->fd = -1;
}

/* A second name, moved over the final one: unlike link(2) alone that replaces what is there. */
static enum status
link_over(const struct store_file *f, const char *to)
{
	char second[sizeof(f->path) + 2];

	(void)snprintf(second, sizeof(second), "%s+", f->path);
	if (link(f->path, second) != 0)
		return failed("link", second);
	if (rename(second, to) == 0)
		return E_OK;
	(void)unlink(second);
	return failed("rename", to);
}

enum status
store_put(const struct store *s, const struct store_file *f, const uint8_t sha256[static SEAL_HASH_BYTES], bool thumbnail)
{
	size_t root = strlen(s->dir), first = root + 3, second = root + 6;
	char path[PATH_SIZE];
	enum status st;

	place(s, sha256, thumbnail, path);
	if (fsync(f->fd) != 0)
		return failed("fsync", f->path);
	if (!make_dir(path, first, root) || !make_dir(path, second, first))
		return failed("mkdir", path);
	st = link_over(f, path);
	if (st != E_OK)
		return st;
	path[second] = '\0';
	return sync_dir(path) ? E_OK : failed("fsync", path);
}

enum status
store_keep(const struct store *s, const struct store_file *f, const uint8_t sha256[static SEAL_HASH_BYTES], bool thumbnail)
{
	char path[PATH_SIZE];

	place(s, sha256, thumbnail, path);
	if (access(path, F_OK) == 0)
		return E_OK;
	return errno == ENOENT ? store_put(s, f, sha256, thumbnail) : failed("access", path);
}

static int64_t
put_at_ms(const struct stat *st)
{
	return (int64_t)st->st_mtim.tv_sec * 1000 + st->st_mtim.tv_nsec / 1000000;
}

/* Put lately, or not to be told. */
static bool
is_young(const char *path, int64_t before_ms)
{
	struct stat st;

	return stat(path, &st) == 0 ? put_at_ms(&st) >= before_ms : errno != ENOENT;
}

bool
store_aside(const struct store *s, const uint8_t sha256[static SEAL_HASH_BYTES], int64_t before_ms)
{
	char from[PATH_SIZE], to[PATH_SIZE];
	bool any = false;

	for (int thumbnail = 0; thumbnail < 2; thumbnail++) {
		place(s, sha256, thumbnail == 1, from);
		if (is_young(from, before_ms))
			return false;
	}
	for (int thumbnail = 0; thumbnail < 2; thumbnail++) {
		place(s, sha256, thumbnail == 1, from);
		place_aside(s, sha256, thumbnail == 1, to);
		any = rename(from, to) == 0 || any;
	}
	return any;
}

void
store_back(const struct store *s, const uint8_t sha256[static SEAL_HASH_BYTES])
{
	char from[PATH_SIZE], to[PATH_SIZE];

	for (int thumbnail = 0; thumbnail < 2; thumbnail++) {
		place_aside(s, sha256, thumbnail == 1, from);
		place(s, sha256, thumbnail == 1, to);
		/* a newer one of the same bytes stays */
		if (link(from, to) == 0 || errno == EEXIST)
			(void)unlink(from);
		else if (errno != ENOENT)
			(void)failed("link", to);
	}
}

void
store_drop(const struct store *s, const uint8_t sha256[static SEAL_HASH_BYTES])
{
	char path[PATH_SIZE];

	for (int thumbnail = 0; thumbnail < 2; thumbnail++) {
		place_aside(s, sha256, thumbnail == 1, path);
		(void)unlink(path);
	}
}

static const struct dirent *
next_entry(DIR *d)
{
	/* cppcheck-suppress readdirCalled ; readdir(3): safe where no two threads share the stream */
	return readdir(d);
}

static bool
is_any(const char *name UNUSED)
{
	return true;
}

static bool
is_digits(const char *name)
{
	return scan_token(span_of(name), "0123456789", 1, 20);
}

static void
sweep(const char *path, bool (*ours)(const char *name), int64_t before_ms)
{
	const struct dirent *e;
	struct stat st;
	DIR *d = opendir(path);

	while (d != NULL && (e = next_entry(d)) != NULL)
		if (ours(e->d_name) && fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) &&
		    put_at_ms(&st) < before_ms)
			(void)unlinkat(dirfd(d), e->d_name, 0);
	if (d != NULL)
		(void)closedir(d);
}

void
store_sweep_new(const struct store *s, int64_t before_ms)
{
	char path[PATH_SIZE];

	(void)snprintf(path, sizeof(path), "%s/new", s->dir);
	sweep(path, is_any, before_ms);
}

void
store_sweep_uploads(const char *dir, int64_t before_ms)
{
	sweep(dir, is_digits, before_ms);
}

/* The name of a file or of its thumbnail: either may be all that is left. */
static bool
is_hash(const char *name, uint8_t sha256[static SEAL_HASH_BYTES])
{
	size_t n = strlen(name);

	if (n == HEX_CHARS + 2 && strcmp(name + HEX_CHARS, "-t") == 0)
		n = HEX_CHARS;
	return scan_hex((struct span){ name, n }, sha256, SEAL_HASH_BYTES);
}

void
store_each_aside(const struct store *s, bool (*found)(void *arg, const uint8_t *sha256), void *arg)
{
	uint8_t sha256[SEAL_HASH_BYTES];
	char path[PATH_SIZE];
	const struct dirent *e;
	bool more = true;
	DIR *d;

	(void)snprintf(path, sizeof(path), "%s/gone", s->dir);
	d = opendir(path);
	while (d != NULL && more && (e = next_entry(d)) != NULL)
		if (is_hash(e->d_name, sha256))
			more = found(arg, sha256);
	if (d != NULL)
		(void)closedir(d);
}

void
store_each(const struct store *s, uint8_t top, int64_t before_ms, bool (*found)(void *arg, const uint8_t *sha256), void *arg)
{
	uint8_t sha256[SEAL_HASH_BYTES];
	char path[PATH_SIZE];
	const struct dirent *e;
	bool more = true;
	struct stat st;
	DIR *d;

	for (unsigned second = 0; second < 256 && more; second++) {
		(void)snprintf(path, sizeof(path), "%s/%02x/%02x", s->dir, top, second);
		d = opendir(path);
		while (d != NULL && more && (e = next_entry(d)) != NULL)
			if (is_hash(e->d_name, sha256) && fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
			    put_at_ms(&st) < before_ms)
				more = found(arg, sha256);
		if (d != NULL)
			(void)closedir(d);
	}
}
