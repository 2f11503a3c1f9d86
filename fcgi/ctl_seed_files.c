/* Reading the files of sql/seed. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ctl_seed.h"

enum status
seed_read(struct arena *a, const char *dir, const char *name, FILE *err, struct span *out)
{
	const char *path = dir == NULL ? name : arena_printf(a, "%s/%s", dir, name);
	struct stat info = { 0 };
	ssize_t n = -1;
	char *text = NULL;
	int fd = -1;

	if (path == NULL)
		return E_NOMEM;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &info) != 0)
		(void)fprintf(err, "%s: %s\n", path, strerror(errno));
	else if (!S_ISREG(info.st_mode) || info.st_size > SEED_FILE_BYTES)
		(void)fprintf(err, "%s: not a file, or larger than %d bytes\n", path, SEED_FILE_BYTES);
	else if ((text = arena_alloc(a, (size_t)info.st_size + 1)) == NULL)
		(void)fprintf(err, "%s: out of memory\n", path);
	else if ((n = read(fd, text, (size_t)info.st_size)) != info.st_size)
		(void)fprintf(err, "%s: cannot be read whole\n", path);
	if (fd >= 0)
		(void)close(fd);
	*out = (struct span){ text, n < 0 ? 0 : (size_t)n };
	return n == info.st_size && text != NULL ? E_OK : E_INVALID;
}

void
seed_fault(FILE *err, const char *name, const struct csv_error *error, const char *column)
{
	if (error->column == 0)
		(void)fprintf(err, "%s:%zu: %s\n", name, error->row, error->why);
	else
		(void)fprintf(err, "%s:%zu:%zu: %s%s%s\n", name, error->row, error->column, column, column[0] == '\0' ? "" : ": ",
			      error->why);
}

enum status
seed_csv(struct arena *a, const char *dir, const char *name, const char *const *columns, size_t n, FILE *err, struct csv *out)
{
	struct csv_error error;
	struct span text;
	enum status st = seed_read(a, dir, name, err, &text);

	if (st != E_OK)
		return st;
	st = csv_parse(a, text, out, &error);
	if (st == E_OK)
		st = csv_bind(a, out, columns, n, &error);
	if (st == E_MALFORMED) {
		seed_fault(err, name, &error, "");
		st = E_INVALID;
	}
	return st;
}
