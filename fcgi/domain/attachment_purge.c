/* What nobody bound in a day, and what the killed have left. */
#include "domain/attachment.h"

#define YOUNG_MS INT64_C(3600000) /* a file put since may be about to get a row, on a node we read from late */

enum { P_OLD, P_DELETE, P_REFERRED, P__COUNT };

const struct sql attachment_purge_sql[] = {
	[P_OLD] = { "SELECT id, sha256 FROM attachment WHERE complaint_id IS NULL AND created_at <= ? ORDER BY created_at LIMIT ?",
		    "ti", "bb", false },
	[P_DELETE] = { "DELETE FROM attachment WHERE id = ? AND complaint_id IS NULL AND created_at <= ?", "bt", "", false },
	[P_REFERRED] = { "SELECT EXISTS (SELECT 1 FROM attachment WHERE sha256 = ?)", "b", "i", false },
};
_Static_assert(ARRAY_LEN(attachment_purge_sql) == P__COUNT, "a statement has no text");
const size_t attachment_purge_sql_n = P__COUNT;

struct purge {
	struct db *db;
	struct arena *arena;
	const struct store *store;
	int64_t young_ms; /* what was put since is left alone */
	enum status st;
};

static enum status
referred(struct purge *p, const uint8_t *sha256, bool *yes)
{
	struct db_rows rows;
	enum status st =
		db_run(p->db, p->arena, &attachment_purge_sql[P_REFERRED], DB_ARGS(db_bytes(sha256, SEAL_HASH_BYTES)), &rows);

	if (st == E_OK)
		*yes = rows.n == 1 && db_row(&rows, 0)[0].i != 0;
	return st;
}

/* A file that is aside goes back or goes for good. Where the database cannot be asked it stays aside until the next time. */
static void
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
}

/* Asked before, so that a file in use is not taken from under its readers; aside it is asked again (attachment_store.h). */
static void
remove_file(void *arg, const uint8_t *sha256)
{
	struct purge *p = arg;
	bool needed = true;
	enum status st = referred(p, sha256, &needed);

	if (st != E_OK)
		p->st = st;
	else if (!needed && store_aside(p->store, sha256, p->young_ms))
		settle_aside(p, sha256);
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

enum status
attachment_purge(struct db *db, struct arena *a, const struct store *store, int64_t now_ms, int limit, int *n)
{
	int64_t before_ms = now_ms - ATTACHMENT_LIFE_MS;
	struct purge p = { .db = db, .arena = a, .store = store, .young_ms = now_ms - YOUNG_MS };
	struct db_rows rows;
	uint8_t top;

	*n = 0;
	p.st = db_run(db, a, &attachment_purge_sql[P_OLD], DB_ARGS(db_time(before_ms), db_int(limit)), &rows);
	for (size_t i = 0; p.st == E_OK && i < rows.n; i++) {
		const struct db_value *v = db_row(&rows, i);
		enum status st = remove_row(&p, v[0].s, before_ms, n);

		if (st != E_OK)
			return st;
		remove_file(&p, (const uint8_t *)v[1].s.p);
	}
	if (p.st != E_OK)
		return p.st;
	store_each_aside(store, settle_aside, &p);
	store_sweep_new(store, before_ms);
	p.young_ms = before_ms;
	seal_random(&top, 1);
	store_each(store, top, before_ms, remove_file, &p);
	return p.st;
}
