/* What nobody bound in a day, and what the killed have left. */
#include "core/stop.h"
#include "domain/attachment.h"

#define ASK_FIRST_BYTES 4096
#define ASK_BYTES       65536
#define YOUNG_MS        INT64_C(3600000) /* a file put since may be about to get a row, on a node we read from late */

enum { P_OLD, P_DELETE, P_REFERRED, P__COUNT };

const struct sql attachment_purge_sql[] = {
	[P_OLD] = { "SELECT id, sha256 FROM attachment WHERE complaint_id IS NULL AND created_at <= ? ORDER BY created_at LIMIT ?",
		    "ti", "bb", false },
	/* not IS NULL: by the index of that it would lock, and wait for, what others are uploading */
	[P_DELETE] = { "DELETE FROM attachment WHERE id = ? AND IFNULL(complaint_id, 0) = 0 AND created_at <= ?", "bt", "", false },
	[P_REFERRED] = { "SELECT EXISTS (SELECT 1 FROM attachment WHERE sha256 = ?)", "b", "i", false },
};
_Static_assert(ARRAY_LEN(attachment_purge_sql) == P__COUNT, "a statement has no text");
const size_t attachment_purge_sql_n = P__COUNT;

struct purge {
	struct db *db;
	struct arena *arena;
	struct arena *ask; /* of one question: there may be as many as there are files */
	const struct store *store;
	int64_t young_ms; /* what was put since is left alone */
	enum status st;
};

static enum status
referred(struct purge *p, const uint8_t *sha256, bool *yes)
{
	struct db_rows rows;
	enum status st;

	arena_reset(p->ask);
	st = db_run(p->db, p->ask, &attachment_purge_sql[P_REFERRED], DB_ARGS(db_bytes(sha256, SEAL_HASH_BYTES)), &rows);
	if (st == E_OK)
		*yes = rows.n == 1 && db_row(&rows, 0)[0].i != 0;
	return st;
}

/* Whether to look at more files: of a database that is down each would wait for its turn to fail. */
static bool
goes_on(const struct purge *p)
{
	return p->st == E_OK && !stop_requested();
}

/* A file that is aside goes back or goes for good. Where the database cannot be asked it stays aside until the next time. */
static bool
settle_aside(void *arg, const uint8_t *sha256)
{
	struct purge *p = arg;
	bool needed = true;
	enum status st = referred(p, sha256, &needed);

	if (st != E_OK)
		p->st = st;
	else if (needed)
		store_back(p->store, sha256);
	else
		store_drop(p->store, sha256);
	return goes_on(p);
}

/* Asked before, so that a file in use is not taken from under its readers; aside it is asked again (attachment_store.h). */
static bool
remove_file(void *arg, const uint8_t *sha256)
{
	struct purge *p = arg;
	bool needed = true;
	enum status st = referred(p, sha256, &needed);

	if (st != E_OK)
		p->st = st;
	else if (!needed && store_aside(p->store, sha256, p->young_ms))
		(void)settle_aside(p, sha256);
	return goes_on(p);
}

/* E_OK with `affected` 0: somebody bound it, or another clock was faster. */
static enum status
remove_row(struct purge *p, struct span id, int64_t before_ms, int *n)
{
	struct db_rows rows;
	enum status st =
		db_run(p->db, p->arena, &attachment_purge_sql[P_DELETE], DB_ARGS(db_bytes(id.p, id.n), db_time(before_ms)), &rows);

	if (st == E_OK)
		*n += (int)rows.affected;
	return st;
}

static void
remove_rows(struct purge *p, int64_t before_ms, int limit, int *n)
{
	struct db_rows rows;

	p->st = db_run(p->db, p->arena, &attachment_purge_sql[P_OLD], DB_ARGS(db_time(before_ms), db_int(limit)), &rows);
	for (size_t i = 0; p->st == E_OK && i < rows.n; i++) {
		const struct db_value *v = db_row(&rows, i);

		p->st = remove_row(p, v[0].s, before_ms, n);
		if (p->st == E_OK)
			(void)remove_file(p, (const uint8_t *)v[1].s.p);
	}
}

static void
remove_leftovers(struct purge *p, int64_t before_ms)
{
	uint8_t top;

	store_each_aside(p->store, settle_aside, p);
	store_sweep_new(p->store, before_ms);
	if (!goes_on(p))
		return;
	p->young_ms = before_ms;
	seal_random(&top, 1);
	store_each(p->store, top, before_ms, remove_file, p);
}

enum status
attachment_purge(struct db *db, struct arena *a, const struct store *store, int64_t now_ms, int limit, int *n)
{
	int64_t before_ms = now_ms - ATTACHMENT_LIFE_MS;
	struct purge p = {
		.db = db, .arena = a, .ask = arena_new(ASK_FIRST_BYTES, ASK_BYTES), .store = store, .young_ms = now_ms - YOUNG_MS
	};

	*n = 0;
	if (p.ask == NULL)
		return E_NOMEM;
	remove_rows(&p, before_ms, limit, n);
	if (p.st == E_OK)
		remove_leftovers(&p, before_ms);
	arena_free(p.ask);
	return p.st;
}
