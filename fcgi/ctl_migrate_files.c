/* The files of sql/: read in order, and compared with what the database says was applied. */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <sodium.h>

#include "core/scan.h"
#include "core/seal.h"
#include "ctl_migrate.h"

#define FILES_MAX      2000
#define FILE_BYTES_MAX (INT64_C(64) << 20)
#define NAME_CHARS     "abcdefghijklmnopqrstuvwxyz0123456789_"

const char *const migration_kinds[MIGRATION_KIND__COUNT] = {
	[MIGRATION_NUMBERED] = "migration",
	[MIGRATION_PROCEDURE] = "procedure",
	[MIGRATION_GRANTS] = "grants",
};

static bool
is_sql(const struct dirent *e)
{
	size_t n = strlen(e->d_name);

	return e->d_name[0] != '.' && n > 4 && strcmp(e->d_name + n - 4, ".sql") == 0;
}

static int
is_sql_entry(const struct dirent *e)
{
	return is_sql(e);
}

static int
by_bytes(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

/* NNNN_name.sql gives its number, anything else -1. */
static int
version_of(const char *name)
{
	int64_t version = 0;
	size_t n = strlen(name);

	for (size_t i = 0; i < 4; i++) {
		if (name[i] < '0' || name[i] > '9')
			return -1;
		version = version * 10 + (name[i] - '0');
	}
	if (name[4] != '_' || !scan_token((struct span){ name + 5, n - 5 - 4 }, NAME_CHARS, 1, 80))
		return -1;
	return (int)version;
}

static bool
read_text(const char *path, struct arena *a, struct span *out)
{
	FILE *in = fopen(path, "rbe");
	char *p = NULL;
	off_t size = -1;
	bool ok = false;

	if (in == NULL)
		return false;
	if (fseeko(in, 0, SEEK_END) == 0)
		size = ftello(in);
	if (size >= 0 && size <= FILE_BYTES_MAX && fseeko(in, 0, SEEK_SET) == 0)
		p = arena_alloc(a, (size_t)size + 1);
	if (p != NULL && fread(p, 1, (size_t)size, in) == (size_t)size)
		ok = true;
	*out = (struct span){ p, (size_t)(ok ? size : 0) };
	return fclose(in) == 0 && ok;
}

static bool
add_file(struct migrations *m, struct arena *a, const char *dir, const char *name, struct migration id, FILE *err)
{
	const char *path = arena_printf(a, "%s/%s", dir, name);
	uint8_t hash[SEAL_HASH_BYTES];
	struct migration *file = &m->v[m->n];

	if (m->n == FILES_MAX) {
		(void)fprintf(err, "%s: more than %d files\n", dir, FILES_MAX);
		return false;
	}
	*file = id;
	file->name = arena_strdup(a, name);
	if (path == NULL || file->name == NULL || !read_text(path, a, &file->text)) {
		(void)fprintf(err, "%s/%s: cannot be read: %s\n", dir, name, strerror(errno));
		return false;
	}
	seal_sha256(file->text, hash);
	(void)sodium_bin2hex(file->checksum, sizeof(file->checksum), hash, sizeof(hash));
	m->n++;
	return true;
}

static bool
add_numbered(struct migrations *m, struct arena *a, const char *dir, const char *name, FILE *err)
{
	int version = version_of(name);
	int last = m->n == 0 ? 0 : m->v[m->n - 1].version;

	if (version <= 0) {
		(void)fprintf(err, "%s/%s: is named neither NNNN_name.sql (a-z 0-9 _) nor grants.sql\n", dir, name);
		return false;
	}
	if (version == last) {
		(void)fprintf(err, "%s/%s: number %04d occurs twice, also in %s\n", dir, name, version, m->v[m->n - 1].name);
		return false;
	}
	if (version != last + 1) {
		(void)fprintf(err, "%s/%s: number %04d is missing before it\n", dir, name, last + 1);
		return false;
	}
	return add_file(m, a, dir, name, (struct migration){ .kind = MIGRATION_NUMBERED, .version = version }, err);
}

static bool
read_dir(const char *dir, bool procedures, struct arena *a, struct migrations *m, FILE *err)
{
	struct dirent **entries = NULL;
	int n = scandir(dir, &entries, is_sql_entry, by_bytes);
	bool ok = n >= 0 || (procedures && errno == ENOENT);

	if (!ok)
		(void)fprintf(err, "%s: %s\n", dir, strerror(errno));
	for (int i = 0; i < n; i++) {
		const char *name = entries[i]->d_name;

		if (ok && procedures)
			ok = add_file(m, a, dir, name, (struct migration){ .kind = MIGRATION_PROCEDURE }, err);
		else if (ok && strcmp(name, "grants.sql") != 0)
			ok = add_numbered(m, a, dir, name, err);
		free(entries[i]);
	}
	free(entries);
	return ok;
}

static bool
exists(const char *path)
{
	FILE *in = fopen(path, "rbe");

	return in != NULL && fclose(in) == 0;
}

bool
migrations_read(const char *dir, struct arena *a, struct migrations *out, FILE *err)
{
	const char *procedures = arena_printf(a, "%s/procedures", dir);
	const char *grants = arena_printf(a, "%s/grants.sql", dir);

	*out = (struct migrations){ .v = arena_array(a, FILES_MAX + 1, sizeof(*out->v)) };
	if (out->v == NULL || procedures == NULL || grants == NULL) {
		(void)fputs("out of memory\n", err);
		return false;
	}
	if (!read_dir(dir, false, a, out, err) || !read_dir(procedures, true, a, out, err))
		return false;
	return !exists(grants) || add_file(out, a, dir, "grants.sql", (struct migration){ .kind = MIGRATION_GRANTS }, err);
}

static struct migration *
file_of(const struct migrations *m, const struct migration_record *r)
{
	for (size_t i = 0; i < m->n; i++) {
		struct migration *file = &m->v[i];

		if (file->kind == r->kind &&
		    (r->kind == MIGRATION_NUMBERED ? file->version == r->version : strcmp(file->name, r->name) == 0))
			return file;
	}
	return NULL;
}

bool
migrations_match(struct migrations *m, const struct migration_record *records, size_t n, FILE *err)
{
	bool ok = true;

	for (size_t i = 0; i < m->n; i++)
		m->v[i].record = NULL;
	for (size_t i = 0; i < n; i++) {
		const struct migration_record *r = &records[i];
		struct migration *file = file_of(m, r);

		if (file != NULL)
			file->record = r;
		if (r->kind != MIGRATION_NUMBERED)
			continue; /* they are simply applied again when they changed */
		if (file == NULL || strcmp(file->name, r->name) != 0) {
			(void)fprintf(err, "%s: was applied, and is not among the files any more\n", r->name);
			ok = false;
		} else if (r->done && strcmp(file->checksum, r->checksum) != 0) {
			(void)fprintf(err, "%s: was changed after it was applied; put it back and write a new migration\n",
				      r->name);
			ok = false;
		}
	}
	return ok;
}

bool
migration_pending(const struct migration *m)
{
	return m->record == NULL || !m->record->done || strcmp(m->record->checksum, m->checksum) != 0;
}
