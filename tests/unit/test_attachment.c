/* Attachments: taken once per key, the uploader's own, bound once and together, listed to whom they are for, purged when nobody
 * binds them. On the real schema and a store of the test's own; the helper is a script that copies. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <sys/mman.h>

#include "core/buf.h"
#include "core/tx.h"
#include "domain/idempotency.h"
#include "lodging.h"
#include "store_fixture.h"

#define DAY_MS INT64_C(86400000)

static struct actor citizen, neighbour, officer;
static char program[64];
static int64_t complaint_id;
static int64_t real_now; /* files have real ages */

static int
group(void **state)
{
	int fd;

	if (group_up(state) != 0 || !store_up())
		return -1;
	(void)snprintf(program, sizeof(program), "%s/helper", store_dir);
	fd = open(program, O_WRONLY | O_CREAT | O_CLOEXEC, 0700);
	(void)dprintf(fd, "#!/bin/sh\nIFS= read -r line\ncase $line in\nPDF*) echo pdf;;\nBAD*) echo damaged;;\n"
			  "*) printf '%%s' \"$line\" >&3; echo small >&4; echo jpeg 20 10;;\nesac\n");
	return close(fd);
}

static int
group_end(void **state)
{
	store_down();
	return group_down(state);
}

static int
setup(void **state)
{
	uint8_t token[SEAL_HASH_BYTES];
	struct lodging in;
	struct lodged out;

	(void)state;
	seeded_reset();
	arena_reset(one.a);
	real_now = clock_now_ms();
	citizen = (struct actor){ .kind = ACTOR_CITIZEN, .id = citizen_new(&one, "9830012345", "en") };
	neighbour = (struct actor){ .kind = ACTOR_CITIZEN, .id = citizen_new(&one, "9830012346", "en") };
	officer = (struct actor){ .kind = ACTOR_STAFF, .id = 1 };
	session_for(&one, ACTOR_CITIZEN, citizen.id, token);
	in = lodging_of(directory, "DRN-01", token, "k");
	assert_int_equal(complaint_lodge(one.db, one.a, directory, seal, ids, &in, &out), E_OK);
	complaint_id = private_number(&maria, "SELECT id FROM complaint");
	return 0;
}

static enum status
id_only(struct arena *a, const struct attachment *at, struct span *answer)
{
	char id[ATTACHMENT_ID_TEXT_SIZE];

	attachment_id_text(at->id, id);
	*answer = (struct span){ arena_strdup(a, id), ATTACHMENT_ID_TEXT_SIZE - 1 };
	return answer->p == NULL ? E_NOMEM : E_OK;
}

static int
text_file(const char *text)
{
	char path[64];
	int fd;

	(void)snprintf(path, sizeof(path), "%s/in-XXXXXX", store_dir);
	fd = mkostemp(path, O_CLOEXEC);
	assert_true(fd >= 0);
	(void)unlink(path);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

static enum status
take_by(struct hand *h, const struct actor *who, const char *text, const char *key, int64_t now_ms,
	uint8_t id[static ATTACHMENT_ID_BYTES], enum image_verdict *verdict)
{
	struct upload u = { .actor = who, .fd = text_file(text), .now_ms = now_ms, .unbound_most = 3, .render = id_only };
	struct span answer = { NULL, 0 };
	uint8_t request[SEAL_HASH_BYTES];
	enum status st;

	idempotency_request(SPAN("POST"), SPAN("/api/v1/uploads"), span_of(key), request);
	idempotency_scope(who->kind == ACTOR_CITIZEN ? "citizen" : "staff", who->id, request, u.scope);
	assert_true(seal_sha256_file(u.fd, u.body_hash));
	st = attachment_take(h->db, h->a, &store, program, &u, verdict, &answer);
	(void)close(u.fd);
	if (st == E_OK)
		assert_true(attachment_id_parse(answer, id));
	return st;
}

static enum status
take(const struct actor *who, const char *text, const char *key, uint8_t id[static ATTACHMENT_ID_BYTES])
{
	enum image_verdict verdict;

	return take_by(&one, who, text, key, real_now, id, &verdict);
}

/* Bound in a transaction of its own. */
struct binding {
	struct arena *a;
	const struct actor *who;
	const uint8_t (*ids)[ATTACHMENT_ID_BYTES];
	size_t n, wrong;
	int64_t now_ms, seq;
	bool internal;
};

static enum status
bind_body(struct db *db, void *arg)
{
	struct binding *b = arg;

	return attachment_bind(db, b->a, b->who, b->ids, b->n, b->now_ms, complaint_id, b->seq, b->internal, &b->wrong);
}

static enum status
bind_by(struct hand *h, const struct actor *who, const uint8_t (*list)[ATTACHMENT_ID_BYTES], size_t n, size_t *wrong)
{
	struct binding b = { .a = h->a, .who = who, .ids = list, .n = n, .now_ms = real_now, .seq = 1 };
	enum status st = db_tx(h->db, bind_body, &b, NULL);

	*wrong = b.wrong;
	return st;
}

static long long
bound(void)
{
	return count("attachment WHERE complaint_id IS NOT NULL");
}

static void
sha_of(const char *text, uint8_t sha256[static SEAL_HASH_BYTES])
{
	seal_sha256(span_of(text), sha256);
}

static void
test_attachment__is_taken_once_per_key(void **state)
{
	uint8_t first[ATTACHMENT_ID_BYTES], again[ATTACHMENT_ID_BYTES], sha256[SEAL_HASH_BYTES];

	(void)state;
	assert_int_equal(take(&citizen, "a photo", "k1", first), E_OK);
	assert_int_equal(take(&citizen, "a photo", "k1", again), E_OK);
	assert_memory_equal(first, again, sizeof(first));
	assert_int_equal(count("attachment"), 1);
	assert_int_equal(take(&citizen, "another", "k1", again), E_KEY_REUSED);
	/* the key is the caller's own */
	assert_int_equal(take(&neighbour, "a photo", "k1", again), E_OK);
	assert_memory_not_equal(first, again, sizeof(first));
	sha_of("a photo", sha256);
	assert_true(is_stored(sha256, false) && is_stored(sha256, true));
	assert_int_equal(count("attachment WHERE kind = 'jpeg' AND bytes = 7 AND width = 20 AND height = 10 AND thumbnail"
			       " AND complaint_id IS NULL AND event_seq IS NULL AND sha256 = UNHEX(SHA2('a photo', 256))"),
			 2);
	assert_int_equal(files_in("new"), 0);
}

static void
test_attachment__a_document_is_kept_as_it_is(void **state)
{
	uint8_t id[ATTACHMENT_ID_BYTES], sha256[SEAL_HASH_BYTES];

	(void)state;
	assert_int_equal(take(&officer, "PDF of an order\nsecond line", "k", id), E_OK);
	sha_of("PDF of an order\nsecond line", sha256);
	assert_true(is_stored(sha256, false));
	assert_false(is_stored(sha256, true));
	assert_int_equal(count("attachment WHERE kind = 'pdf' AND width IS NULL AND NOT thumbnail AND staff_id = 1"), 1);
}

/* As where the store is a shared file system and what nginx writes is not. */
static void
test_attachment__a_document_comes_from_another_file_system(void **state)
{
	struct upload u = { .actor = &citizen, .now_ms = real_now, .unbound_most = 3, .render = id_only };
	enum image_verdict verdict;
	uint8_t sha256[SEAL_HASH_BYTES];
	struct span answer;

	(void)state;
	u.fd = memfd_create("upload", MFD_CLOEXEC);
	assert_int_equal(write(u.fd, "PDF far away", 12), 12);
	assert_int_equal(lseek(u.fd, 0, SEEK_SET), 0);
	seal_sha256(SPAN("scope"), u.scope);
	seal_sha256(SPAN("PDF far away"), sha256);
	memcpy(u.body_hash, sha256, sizeof(sha256));
	assert_int_equal(attachment_take(one.db, one.a, &store, program, &u, &verdict, &answer), E_OK);
	(void)close(u.fd);
	assert_true(is_stored(sha256, false));
}

static void
test_attachment__what_is_refused_leaves_nothing(void **state)
{
	uint8_t id[ATTACHMENT_ID_BYTES];
	enum image_verdict verdict;

	(void)state;
	assert_int_equal(take_by(&one, &citizen, "BAD", "k", real_now, id, &verdict), E_INVALID);
	assert_int_equal(verdict, IMAGE_DAMAGED);
	assert_int_equal(take_by(&one, &citizen, "", "k", real_now, id, &verdict), E_INVALID);
	assert_int_equal(verdict, IMAGE_EMPTY);
	assert_int_equal(count("attachment"), 0);
	assert_int_equal(count("idempotency WHERE http = 200"), 0);
	assert_int_equal(files_in("new"), 0);
}

static void
test_attachment__one_person_has_a_few_waiting(void **state)
{
	uint8_t list[4][ATTACHMENT_ID_BYTES];
	char key[8];
	size_t wrong;

	(void)state;
	for (int i = 0; i < 3; i++) {
		(void)snprintf(key, sizeof(key), "k%d", i);
		assert_int_equal(take(&citizen, "x", key, list[i]), E_OK);
	}
	assert_int_equal(take(&citizen, "x", "k3", list[3]), E_RATE);
	assert_int_equal(take(&citizen, "x", "k2", list[3]), E_OK); /* a repetition is none more */
	assert_int_equal(take(&neighbour, "x", "k3", list[3]), E_OK);
	assert_int_equal(bind_by(&one, &citizen, (const uint8_t(*)[ATTACHMENT_ID_BYTES])list, 1, &wrong), E_OK);
	assert_int_equal(take(&citizen, "x", "k4", list[3]), E_OK);
}

static void
test_attachment__binds_all_or_none(void **state)
{
	uint8_t list[3][ATTACHMENT_ID_BYTES];
	size_t wrong = 99, photos = 99;

	(void)state;
	assert_int_equal(take(&citizen, "one", "1", list[0]), E_OK);
	assert_int_equal(take(&citizen, "PDF", "2", list[1]), E_OK);
	assert_int_equal(take(&neighbour, "three", "3", list[2]), E_OK);
	const uint8_t(*const all)[ATTACHMENT_ID_BYTES] = (const uint8_t(*)[ATTACHMENT_ID_BYTES])list;

	/* a stranger's */
	assert_int_equal(attachment_check(one.db, one.a, &citizen, all, 3, real_now, &photos, &wrong), E_INVALID);
	assert_int_equal(wrong, 2);
	assert_int_equal(bind_by(&one, &citizen, all, 3, &wrong), E_INVALID);
	assert_int_equal(wrong, 2);
	assert_int_equal(bound(), 0);
	/* an employee of the same number is somebody else */
	assert_int_equal(bind_by(&one, &(const struct actor){ .kind = ACTOR_STAFF, .id = citizen.id }, all, 1, &wrong), E_INVALID);
	assert_int_equal(bind_by(&one, &(const struct actor){ .kind = ACTOR_NOBODY, .id = citizen.id }, all, 1, &wrong), E_INVALID);
	/* fine: one of the two is a picture */
	assert_int_equal(attachment_check(one.db, one.a, &citizen, all, 2, real_now, &photos, &wrong), E_OK);
	assert_int_equal(photos, 1);
	assert_int_equal(bind_by(&one, &citizen, all, 2, &wrong), E_OK);
	assert_int_equal(bound(), 2);
	/* once */
	assert_int_equal(attachment_check(one.db, one.a, &citizen, all, 2, real_now, &photos, &wrong), E_INVALID);
	assert_int_equal(wrong, 0);
	assert_int_equal(bind_by(&one, &citizen, all + 1, 1, &wrong), E_INVALID);
	assert_int_equal(attachment_check(one.db, one.a, &citizen, all, 0, real_now, &photos, &wrong), E_OK);
	assert_int_equal(photos, 0);
}

static void
test_attachment__binds_no_id_twice_and_none_too_old(void **state)
{
	uint8_t list[2][ATTACHMENT_ID_BYTES];
	const uint8_t(*const all)[ATTACHMENT_ID_BYTES] = (const uint8_t(*)[ATTACHMENT_ID_BYTES])list;
	enum image_verdict verdict;
	size_t wrong, photos;

	(void)state;
	assert_int_equal(take(&citizen, "one", "1", list[0]), E_OK);
	memcpy(list[1], list[0], sizeof(list[0]));
	assert_int_equal(attachment_check(one.db, one.a, &citizen, all, 2, real_now, &photos, &wrong), E_INVALID);
	assert_int_equal(wrong, 1);
	assert_int_equal(bind_by(&one, &citizen, all, 2, &wrong), E_INVALID);
	assert_int_equal(wrong, 1);
	assert_int_equal(bound(), 0);
	assert_int_equal(take_by(&one, &citizen, "two", "2", real_now - DAY_MS, list[1], &verdict), E_OK);
	assert_int_equal(attachment_check(one.db, one.a, &citizen, all + 1, 1, real_now, &photos, &wrong), E_INVALID);
	assert_int_equal(bind_by(&one, &citizen, all + 1, 1, &wrong), E_INVALID);
	assert_int_equal(take_by(&one, &citizen, "two", "3", real_now - DAY_MS + 1, list[1], &verdict), E_OK);
	assert_int_equal(bind_by(&one, &citizen, all, 2, &wrong), E_OK);
}

static void
test_attachment__internal_ones_are_for_employees(void **state)
{
	uint8_t list[2][ATTACHMENT_ID_BYTES];
	const struct attachment *seen;
	struct attachment at;
	size_t n, wrong;
	struct binding b = {
		.a = one.a, .who = &officer, .ids = (const uint8_t(*)[ATTACHMENT_ID_BYTES])list, .n = 1, .seq = 2, .internal = true
	};

	(void)state;
	assert_int_equal(take(&officer, "secret", "1", list[0]), E_OK);
	assert_int_equal(take(&citizen, "open", "2", list[1]), E_OK);
	b.now_ms = real_now;
	assert_int_equal(db_tx(one.db, bind_body, &b, NULL), E_OK);
	assert_int_equal(bind_by(&one, &citizen, (const uint8_t(*)[ATTACHMENT_ID_BYTES])(list + 1), 1, &wrong), E_OK);

	assert_int_equal(attachment_list(one.db, one.a, complaint_id, &officer, &seen, &n), E_OK);
	assert_int_equal(n, 2);
	assert_true(seen[0].seq == 1 && !seen[0].internal && seen[1].seq == 2 && seen[1].internal);
	assert_memory_equal(seen[1].id, list[0], sizeof(list[0]));
	assert_int_equal(attachment_list(one.db, one.a, complaint_id, &citizen, &seen, &n), E_OK);
	assert_int_equal(n, 1);
	assert_memory_equal(seen[0].id, list[1], sizeof(list[1]));

	assert_int_equal(attachment_find(one.db, one.a, complaint_id, &officer, list[0], &at), E_OK);
	assert_int_equal(attachment_find(one.db, one.a, complaint_id, &citizen, list[0], &at), E_NOT_FOUND);
	assert_int_equal(attachment_find(one.db, one.a, complaint_id, &citizen, list[1], &at), E_OK);
	assert_int_equal(at.bytes, 4);
	assert_int_equal(attachment_find(one.db, one.a, complaint_id + 1, &officer, list[1], &at), E_NOT_FOUND);
}

static void
test_attachment__lodging_binds_in_its_own_transaction(void **state)
{
	uint8_t list[2][ATTACHMENT_ID_BYTES], token[SEAL_HASH_BYTES];
	char query[300], hex[2][ATTACHMENT_ID_TEXT_SIZE];
	struct lodging in;
	struct lodged out;
	long long before = count("complaint");

	(void)state;
	session_for(&one, ACTOR_CITIZEN, citizen.id, token);
	in = lodging_of(directory, "DRN-01", token, "with photos");
	in.now_ms = real_now;
	assert_true(private_sql(&maria, "UPDATE session SET expires_at = '2038-01-01'"));
	assert_int_equal(take(&citizen, "one", "1", list[0]), E_OK);
	assert_int_equal(take(&neighbour, "two", "2", list[1]), E_OK);
	in.attachments = (const uint8_t(*)[ATTACHMENT_ID_BYTES])list;
	in.n_attachments = 2;
	assert_int_equal(complaint_lodge(one.db, one.a, directory, seal, ids, &in, &out), E_INVALID);
	assert_string_equal(out.pointer, "/attachments/1");
	assert_int_equal(out.code, FE_NOT_FOUND);
	assert_int_equal(count("complaint"), before);
	assert_int_equal(bound(), 0);

	assert_int_equal(take(&citizen, "two", "3", list[1]), E_OK);
	assert_int_equal(complaint_lodge(one.db, one.a, directory, seal, ids, &in, &out), E_OK);
	assert_false(out.replay);
	assert_int_equal(bound(), 2);
	attachment_id_text(list[0], hex[0]);
	attachment_id_text(list[1], hex[1]);
	(void)snprintf(query, sizeof(query),
		       "complaint_event WHERE JSON_VALUE(detail, '$.attachments[0]') = '%s' AND JSON_VALUE(detail, "
		       "'$.attachments[1]') = '%s'"
		       " AND JSON_LENGTH(detail, '$.attachments') = 2 AND JSON_VALUE(detail, '$.ward') = 1",
		       hex[0], hex[1]);
	assert_int_equal(count(query), 1);
	/* the same request again finds what it did; another one with the same photos finds them taken */
	assert_int_equal(complaint_lodge(one.db, one.a, directory, seal, ids, &in, &out), E_OK);
	assert_true(out.replay);
	seal_sha256(SPAN("another"), in.scope);
	assert_int_equal(complaint_lodge(one.db, one.a, directory, seal, ids, &in, &out), E_INVALID);
	assert_string_equal(out.pointer, "/attachments/0");
	assert_int_equal(count("complaint"), before + 1);
	/* five are possible, and none leaves no trace in the event */
	assert_int_equal(count("complaint_event WHERE JSON_EXISTS(detail, '$.attachments')"), 1);
}

static int
purge(int64_t now_ms, int limit)
{
	int n = -1;

	assert_int_equal(attachment_purge(one.db, one.a, &store, now_ms, limit, &n), E_OK);
	return n;
}

static void
make_all_old(const char *text)
{
	uint8_t sha256[SEAL_HASH_BYTES];

	sha_of(text, sha256);
	make_old(stored_path(sha256, false), real_now - 3 * DAY_MS);
	make_old(stored_path(sha256, true), real_now - 3 * DAY_MS);
}

static void
test_attachment__purges_what_nobody_bound_in_a_day(void **state)
{
	uint8_t id[3][ATTACHMENT_ID_BYTES], shared[SEAL_HASH_BYTES], alone[SEAL_HASH_BYTES];
	enum image_verdict verdict;
	size_t wrong;

	(void)state;
	sha_of("shared", shared);
	sha_of("alone", alone);
	assert_int_equal(take(&citizen, "shared", "1", id[0]), E_OK);
	assert_int_equal(bind_by(&one, &citizen, (const uint8_t(*)[ATTACHMENT_ID_BYTES])id, 1, &wrong), E_OK);
	assert_int_equal(take_by(&one, &neighbour, "shared", "2", real_now - DAY_MS, id[1], &verdict), E_OK);
	assert_int_equal(take_by(&one, &neighbour, "alone", "3", real_now - DAY_MS, id[2], &verdict), E_OK);
	assert_int_equal(take(&neighbour, "young", "4", id[2]), E_OK);
	make_all_old("shared");
	make_all_old("alone");
	assert_int_equal(purge(real_now - 1, 10), 0);
	assert_int_equal(count("attachment"), 4);
	assert_int_equal(purge(real_now, 1), 1);
	assert_int_equal(purge(real_now, 10), 1);
	assert_int_equal(purge(real_now, 10), 0);
	assert_int_equal(count("attachment"), 2);
	/* what another row refers to stays, and what nobody does goes with its thumbnail */
	assert_true(is_stored(shared, false) && is_stored(shared, true));
	assert_false(is_stored(alone, false) || is_stored(alone, true));
	assert_int_equal(files_in("gone"), 0);
}

/* The row is gone, the file is not yet: the next ones find it, whatever its place in the store. */
static void
test_attachment__a_purge_that_was_killed_is_finished_by_the_next(void **state)
{
	uint8_t sha256[SEAL_HASH_BYTES], kept[SEAL_HASH_BYTES], id[ATTACHMENT_ID_BYTES], young[SEAL_HASH_BYTES];
	int tries = 0;

	(void)state;
	store_text("orphan", sha256);
	make_all_old("orphan");
	store_text("young orphan", young);
	while (is_stored(sha256, false) && tries++ < 8000)
		(void)purge(real_now, 10);
	assert_false(is_stored(sha256, false) || is_stored(sha256, true));
	assert_true(is_stored(young, false));

	/* killed with files aside: one that somebody needs, one that nobody does */
	assert_int_equal(take(&citizen, "needed", "1", id), E_OK);
	sha_of("needed", kept);
	store_text("orphan", sha256);
	assert_true(store_aside(&store, kept, real_now + DAY_MS));
	assert_true(store_aside(&store, sha256, real_now + DAY_MS));
	assert_false(is_stored(kept, false));
	(void)purge(real_now, 10);
	assert_true(is_stored(kept, false) && is_stored(kept, true));
	assert_false(is_stored(sha256, false));
	assert_int_equal(files_in("gone"), 0);
}

/* However many files there are: a year of photos is looked through with the memory of one. */
static void
test_attachment__a_purge_of_many_files_takes_little_memory(void **state)
{
	struct arena *small = arena_new(4096, 65536);
	uint8_t sha256[SEAL_HASH_BYTES];
	char text[16];
	int n = 0;

	(void)state;
	assert_non_null(small);
	for (int i = 0; i < 1000; i++) {
		(void)snprintf(text, sizeof(text), "left %d", i);
		store_text(text, sha256);
		assert_true(store_aside(&store, sha256, real_now + DAY_MS));
	}
	assert_int_equal(attachment_purge(one.db, small, &store, real_now, 10, &n), E_OK);
	assert_int_equal(files_in("gone"), 0);
	arena_free(small);
}

/* The worst moment: the file is put, its row not yet committed, and the only other row of these bytes is purged. */
static enum status
render_during_a_purge(struct arena *a, const struct attachment *at, struct span *answer)
{
	struct hand h = hand_new();
	int n = 0;

	/* a clock two hours ahead, or the file were too young to be removed */
	assert_int_equal(attachment_purge(h.db, h.a, &store, real_now + 2 * HOUR_MS, 10, &n), E_OK);
	assert_int_equal(n, 1);
	assert_false(is_stored(at->sha256, false));
	hand_free(&h);
	return id_only(a, at, answer);
}

static void
test_attachment__the_same_bytes_come_again_during_their_purge(void **state)
{
	uint8_t id[1][ATTACHMENT_ID_BYTES], sha256[SEAL_HASH_BYTES];
	struct upload u = { .actor = &citizen, .now_ms = real_now, .unbound_most = 3, .render = render_during_a_purge };
	enum image_verdict verdict;
	struct span answer;
	size_t wrong;

	(void)state;
	assert_int_equal(take_by(&one, &neighbour, "again", "1", real_now - 23 * HOUR_MS, id[0], &verdict), E_OK);
	u.fd = text_file("again");
	seal_sha256(SPAN("scope"), u.scope);
	seal_sha256(SPAN("again"), u.body_hash);
	assert_int_equal(attachment_take(one.db, one.a, &store, program, &u, &verdict, &answer), E_OK);
	(void)close(u.fd);
	assert_true(attachment_id_parse(answer, id[0]));
	assert_int_equal(bind_by(&one, &citizen, (const uint8_t(*)[ATTACHMENT_ID_BYTES])id, 1, &wrong), E_OK);
	sha_of("again", sha256);
	assert_true(is_stored(sha256, false) && is_stored(sha256, true));
	assert_int_equal(files_in("new"), 0);
}

/* Two clocks at once: each row counts once, and nobody trips over what the other has removed. */
struct racer {
	pthread_t thread;
	int purged;
	bool failed;
};

static void *
purge_on_and_on(void *arg)
{
	struct racer *r = arg;
	struct hand h = hand_new();
	int n = 0;

	for (int i = 0; i < 60; i++) {
		r->failed = r->failed || attachment_purge(h.db, h.a, &store, real_now + 2 * HOUR_MS, 5, &n) != E_OK;
		r->purged += n;
		arena_reset(h.a);
	}
	hand_free(&h);
	return NULL;
}

static void
test_attachment__several_clocks_purge_each_once(void **state)
{
	struct racer racers[3] = { { .purged = 0 } };
	uint8_t id[ATTACHMENT_ID_BYTES], sha256[SEAL_HASH_BYTES];
	enum image_verdict verdict;
	char text[16];
	int sum = 0;

	(void)state;
	for (int i = 0; i < 60; i++) {
		(void)snprintf(text, sizeof(text), "text %d", i % 20);
		assert_int_equal(take_by(&one, &citizen, text, text, real_now - 23 * HOUR_MS, id, &verdict), E_OK);
		assert_true(private_sql(
			&maria, "DELETE FROM idempotency; UPDATE attachment SET citizen_id = (SELECT MAX(id) FROM citizen)"));
	}
	for (size_t i = 0; i < ARRAY_LEN(racers); i++)
		assert_int_equal(pthread_create(&racers[i].thread, NULL, purge_on_and_on, &racers[i]), 0);
	for (size_t i = 0; i < ARRAY_LEN(racers); i++) {
		(void)pthread_join(racers[i].thread, NULL);
		assert_false(racers[i].failed);
		sum += racers[i].purged;
	}
	assert_int_equal(sum, 60);
	assert_int_equal(count("attachment"), 0);
	for (int i = 0; i < 20; i++) {
		(void)snprintf(text, sizeof(text), "text %d", i);
		sha_of(text, sha256);
		assert_false(is_stored(sha256, false) || is_stored(sha256, true));
	}
	assert_int_equal(files_in("gone"), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_attachment__is_taken_once_per_key, setup),
		cmocka_unit_test_setup(test_attachment__a_document_is_kept_as_it_is, setup),
		cmocka_unit_test_setup(test_attachment__a_document_comes_from_another_file_system, setup),
		cmocka_unit_test_setup(test_attachment__what_is_refused_leaves_nothing, setup),
		cmocka_unit_test_setup(test_attachment__one_person_has_a_few_waiting, setup),
		cmocka_unit_test_setup(test_attachment__binds_all_or_none, setup),
		cmocka_unit_test_setup(test_attachment__binds_no_id_twice_and_none_too_old, setup),
		cmocka_unit_test_setup(test_attachment__internal_ones_are_for_employees, setup),
		cmocka_unit_test_setup(test_attachment__lodging_binds_in_its_own_transaction, setup),
		cmocka_unit_test_setup(test_attachment__purges_what_nobody_bound_in_a_day, setup),
		cmocka_unit_test_setup(test_attachment__a_purge_that_was_killed_is_finished_by_the_next, setup),
		cmocka_unit_test_setup(test_attachment__a_purge_of_many_files_takes_little_memory, setup),
		cmocka_unit_test_setup(test_attachment__the_same_bytes_come_again_during_their_purge, setup),
		cmocka_unit_test_setup(test_attachment__several_clocks_purge_each_once, setup),
	};

	return cmocka_run_group_tests(tests, group, group_end);
}
