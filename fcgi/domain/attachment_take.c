/* An upload from the file as it came to a row and a file that is ours. */
#include <errno.h>
#include <sys/sendfile.h>
#include <sys/stat.h>

#include "core/log.h"
#include "core/tx.h"
#include "domain/attachment_impl.h"
#include "domain/idempotency.h"

struct taking {
	struct arena *arena;
	const struct upload *u;
	struct attachment at;
	struct store_file picture, thumbnail;
	struct span answer;
};

static enum status
length(int fd, int64_t *bytes)
{
	struct stat st;

	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
		return E_INTERNAL;
	*bytes = st.st_size;
	return E_OK;
}

/* Not copy_file_range: what nginx wrote and the store are often on different file systems, which it refuses. */
static enum status
copy(int from, int to, int64_t bytes)
{
	off_t at = 0;

	while (bytes > 0) {
		ssize_t n = sendfile(to, from, &at, (size_t)bytes);

		if (n <= 0) {
			log_event(LOG_ERROR, "attachment_store", "what", "copy", "error", n < 0 ? strerrorname_np(errno) : "short",
				  NULL);
			return E_BUSY;
		}
		bytes -= n;
	}
	return E_OK;
}

/* Has the helper write, or copies, what is to be stored; fills t->at. */
static enum status
make(struct taking *t, const char *program, int64_t bytes, enum image_verdict *verdict)
{
	struct image_made made;
	int64_t thumbnail_bytes = 0;
	enum status st = image_run(program, t->u->fd, t->picture.fd, t->thumbnail.fd, &made);

	if (st != E_OK)
		return st;
	*verdict = made.verdict;
	if (made.verdict != IMAGE_FINE)
		return E_INVALID;
	if (made.kind == KIND_PDF)
		st = copy(t->u->fd, t->picture.fd, bytes);
	if (st == E_OK)
		st = length(t->picture.fd, &t->at.bytes);
	if (st == E_OK)
		st = length(t->thumbnail.fd, &thumbnail_bytes);
	if (st == E_OK && (t->at.bytes == 0 || !seal_sha256_file(t->picture.fd, t->at.sha256)))
		st = E_INTERNAL;
	t->at.kind = made.kind;
	t->at.width = made.width;
	t->at.height = made.height;
	t->at.thumbnail = thumbnail_bytes > 0;
	return st;
}

/* The thumbnail first: a picture that is there has it. */
static enum status
put(const struct taking *t, const struct store *store,
    enum status (*how)(const struct store *, const struct store_file *, const uint8_t *, bool))
{
	enum status st = t->at.thumbnail ? how(store, &t->thumbnail, t->at.sha256, true) : E_OK;

	return st == E_OK ? how(store, &t->picture, t->at.sha256, false) : st;
}

static enum status
settled(struct db *db, void *arg)
{
	struct taking *t = arg;

	return idempotency_stored(db, t->arena, t->u->scope, t->u->body_hash, &t->answer);
}

static enum status
record(struct db *db, void *arg)
{
	struct taking *t = arg;
	const struct attachment *at = &t->at;
	bool picture = at->kind != KIND_PDF;
	struct db_rows rows;
	enum status st = idempotency_claim(db, t->arena, t->u->scope, t->u->body_hash, t->u->now_ms);

	if (st == E_STALE)
		return settled(db, arg);
	if (st == E_OK)
		st = db_run(db, t->arena, &attachment_sql[A_INSERT],
			    DB_ARGS(db_bytes(at->id, ATTACHMENT_ID_BYTES), attachment_citizen(t->u->actor),
				    attachment_staff(t->u->actor), db_bytes(at->sha256, SEAL_HASH_BYTES),
				    db_text(span_of(attachment_kind_name(at->kind))), db_int(at->bytes),
				    picture ? db_int(at->width) : db_null(), picture ? db_int(at->height) : db_null(),
				    db_int(at->thumbnail), db_time(t->u->now_ms)),
			    &rows);
	if (st == E_OK)
		st = t->u->render(t->arena, at, &t->answer);
	return st == E_OK ? idempotency_answer(db, t->arena, t->u->scope, t->answer) : st;
}

/* Whether this person may have one more waiting. */
static enum status
room(struct db *db, struct arena *a, const struct upload *u)
{
	struct db_rows rows;
	enum status st =
		db_run(db, a, &attachment_sql[A_UNBOUND], DB_ARGS(attachment_citizen(u->actor), attachment_staff(u->actor)), &rows);

	if (st != E_OK)
		return st;
	return rows.n == 1 && db_row(&rows, 0)[0].i < u->unbound_most ? E_OK : E_RATE;
}

enum status
attachment_take(struct db *db, struct arena *a, const struct store *store, const char *program, const struct upload *u,
		enum image_verdict *verdict, struct span *answer)
{
	struct taking t = { .arena = a, .u = u, .picture = { .fd = -1 }, .thumbnail = { .fd = -1 } };
	int64_t bytes = 0;
	enum status st = length(u->fd, &bytes);

	*verdict = IMAGE_FINE;
	if (st == E_OK && bytes > ATTACHMENT_BYTES_MOST)
		return E_TOO_LARGE;
	if (st == E_OK && bytes == 0) {
		*verdict = IMAGE_EMPTY;
		return E_INVALID;
	}
	if (st == E_OK)
		st = idempotency_stored(db, a, u->scope, u->body_hash, answer);
	if (st != E_NOT_FOUND)
		return st;
	seal_random(t.at.id, sizeof(t.at.id));
	st = room(db, a, u);
	if (st == E_OK)
		st = store_create(store, &t.picture);
	if (st == E_OK)
		st = store_create(store, &t.thumbnail);
	if (st == E_OK)
		st = make(&t, program, bytes, verdict);
	if (st == E_OK)
		st = put(&t, store, store_put);
	/* the helper has had its seconds, the database has its own */
	db_deadline(db, 0);
	if (st == E_OK)
		st = db_tx(db, record, &t, settled);
	if (st == E_OK)
		st = put(&t, store, store_keep);
	store_discard(&t.thumbnail);
	store_discard(&t.picture);
	*answer = t.answer;
	return st;
}
