/* Rows of attachments: bound, listed, found. */
#include "domain/attachment.h"

#include <assert.h>

#include "core/scan.h"
#include "domain/attachment_impl.h"

#define COLUMNS "id, sha256, kind, bytes, width, height, thumbnail, internal, event_seq"
#define LETTERS "bbsiiiiii"
/* the caller's own, not bound, young enough: the rule of complaint_lodge too */
#define OWN "id = ? AND (citizen_id = ? OR staff_id = ?) AND complaint_id IS NULL AND created_at > ?"

const struct sql attachment_sql[] = {
	[A_CHECK] = { "SELECT kind FROM attachment WHERE " OWN, "biit", "s", false },
	[A_BIND] = { "UPDATE attachment SET complaint_id = ?, event_seq = ?, internal = ? WHERE " OWN, "iiibiit", "", false },
	[A_LIST] = { "SELECT " COLUMNS " FROM attachment WHERE complaint_id = ? AND (NOT internal OR ?)"
		     " ORDER BY event_seq, created_at, id",
		     "ii", LETTERS, false },
	[A_FIND] = { "SELECT " COLUMNS " FROM attachment WHERE id = ? AND complaint_id = ? AND (NOT internal OR ?)", "bii", LETTERS,
		     false },
	[A_UNBOUND] = { "SELECT COUNT(*) FROM attachment WHERE (citizen_id = ? OR staff_id = ?) AND complaint_id IS NULL", "ii",
			"i", false },
	[A_INSERT] = { "INSERT INTO attachment (id, citizen_id, staff_id, sha256, kind, bytes, width, height, thumbnail, "
		       "created_at)"
		       " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		       "biibsiiiit", "", false },
};
_Static_assert(ARRAY_LEN(attachment_sql) == A__COUNT, "a statement has no text");
const size_t attachment_sql_n = A__COUNT;

static const struct {
	const char *name, *type;
} kinds[] = {
	[KIND_JPEG] = { "jpeg", "image/jpeg" },
	[KIND_PNG] = { "png", "image/png" },
	[KIND_PDF] = { "pdf", "application/pdf" },
};
_Static_assert(ARRAY_LEN(kinds) == KIND__COUNT, "a kind has no name");

const char *
attachment_kind_name(enum attachment_kind k)
{
	return kinds[k].name;
}

const char *
attachment_media_type(enum attachment_kind k)
{
	return kinds[k].type;
}

void
attachment_id_text(const uint8_t id[static ATTACHMENT_ID_BYTES], char out[static ATTACHMENT_ID_TEXT_SIZE])
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < ATTACHMENT_ID_BYTES; i++) {
		out[2 * i] = digits[id[i] >> 4];
		out[2 * i + 1] = digits[id[i] & 15];
	}
	out[ATTACHMENT_ID_TEXT_SIZE - 1] = '\0';
}

bool
attachment_id_parse(struct span text, uint8_t out[static ATTACHMENT_ID_BYTES])
{
	return scan_hex(text, out, ATTACHMENT_ID_BYTES);
}

enum status
attachment_ids(struct schema_texts texts, uint8_t (*out)[ATTACHMENT_ID_BYTES], size_t *wrong)
{
	assert(texts.n <= ATTACHMENTS_MOST);
	for (size_t i = 0; i < texts.n; i++) {
		*wrong = i;
		if (!attachment_id_parse(texts.v[i], out[i]))
			return E_INVALID;
	}
	return E_OK;
}

struct db_value
attachment_citizen(const struct actor *actor)
{
	return actor->kind == ACTOR_CITIZEN ? db_int(actor->id) : db_null();
}

struct db_value
attachment_staff(const struct actor *actor)
{
	return actor->kind == ACTOR_STAFF ? db_int(actor->id) : db_null();
}

static bool
twice(const uint8_t (*ids)[ATTACHMENT_ID_BYTES], size_t i)
{
	for (size_t j = 0; j < i; j++)
		if (memcmp(ids[i], ids[j], ATTACHMENT_ID_BYTES) == 0)
			return true;
	return false;
}

enum status
attachment_check(struct db *db, struct arena *a, const struct actor *actor, const uint8_t (*ids)[ATTACHMENT_ID_BYTES], size_t n,
		 int64_t now_ms, size_t *photos, size_t *wrong)
{
	struct db_rows rows;
	enum status st;

	assert(n <= ATTACHMENTS_MOST && (n == 0 || ids != NULL));
	*photos = 0;
	for (size_t i = 0; i < n; i++) {
		*wrong = i;
		if (twice(ids, i))
			return E_INVALID;
		st = db_run(db, a, &attachment_sql[A_CHECK],
			    DB_ARGS(db_bytes(ids[i], ATTACHMENT_ID_BYTES), attachment_citizen(actor), attachment_staff(actor),
				    db_time(now_ms - ATTACHMENT_LIFE_MS)),
			    &rows);
		if (st != E_OK)
			return st;
		if (rows.n == 0)
			return E_INVALID;
		*photos += !span_eq(db_row(&rows, 0)[0].s, span_of(kinds[KIND_PDF].name));
	}
	return E_OK;
}

enum status
attachment_bind(struct db *db, struct arena *a, const struct actor *actor, const uint8_t (*ids)[ATTACHMENT_ID_BYTES], size_t n,
		int64_t now_ms, int64_t complaint_id, int64_t seq, bool internal, size_t *wrong)
{
	struct db_rows rows;
	enum status st;

	assert(n <= ATTACHMENTS_MOST && (n == 0 || ids != NULL));
	for (size_t i = 0; i < n; i++) {
		*wrong = i;
		/* one that stands there twice is bound by then */
		st = db_run(db, a, &attachment_sql[A_BIND],
			    DB_ARGS(db_int(complaint_id), db_int(seq), db_int(internal), db_bytes(ids[i], ATTACHMENT_ID_BYTES),
				    attachment_citizen(actor), attachment_staff(actor), db_time(now_ms - ATTACHMENT_LIFE_MS)),
			    &rows);
		if (st != E_OK)
			return st;
		if (rows.affected == 0)
			return E_INVALID;
	}
	return E_OK;
}

static enum status
from_row(const struct db_value *v, struct attachment *at)
{
	*at = (struct attachment){
		.bytes = v[3].i,
		.width = v[4].null ? 0 : (int)v[4].i,
		.height = v[5].null ? 0 : (int)v[5].i,
		.thumbnail = v[6].i != 0,
		.internal = v[7].i != 0,
		.seq = v[8].null ? 0 : v[8].i,
	};
	if (v[0].s.n != ATTACHMENT_ID_BYTES || v[1].s.n != SEAL_HASH_BYTES)
		return E_INTERNAL;
	memcpy(at->id, v[0].s.p, ATTACHMENT_ID_BYTES);
	memcpy(at->sha256, v[1].s.p, SEAL_HASH_BYTES);
	for (size_t k = 0; k < ARRAY_LEN(kinds); k++) {
		if (span_eq(v[2].s, span_of(kinds[k].name))) {
			at->kind = (enum attachment_kind)k;
			return E_OK;
		}
	}
	return E_INTERNAL;
}

enum status
attachment_list(struct db *db, struct arena *a, int64_t complaint_id, const struct actor *actor, const struct attachment **out,
		size_t *n)
{
	struct db_rows rows;
	struct attachment *list;
	enum status st =
		db_run(db, a, &attachment_sql[A_LIST], DB_ARGS(db_int(complaint_id), db_int(actor->kind == ACTOR_STAFF)), &rows);

	if (st != E_OK)
		return st;
	list = arena_array(a, rows.n, sizeof(*list));
	if (list == NULL)
		return E_NOMEM;
	for (size_t i = 0; i < rows.n && st == E_OK; i++)
		st = from_row(db_row(&rows, i), &list[i]);
	*out = list;
	*n = rows.n;
	return st;
}

enum status
attachment_find(struct db *db, struct arena *a, int64_t complaint_id, const struct actor *actor,
		const uint8_t id[static ATTACHMENT_ID_BYTES], struct attachment *out)
{
	struct db_rows rows;
	enum status st =
		db_run(db, a, &attachment_sql[A_FIND],
		       DB_ARGS(db_bytes(id, ATTACHMENT_ID_BYTES), db_int(complaint_id), db_int(actor->kind == ACTOR_STAFF)), &rows);

	if (st != E_OK)
		return st;
	return rows.n == 0 ? E_NOT_FOUND : from_row(db_row(&rows, 0), out);
}
