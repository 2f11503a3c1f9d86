/* Numbers, keys and cursors. */
#include "api/params.h"

#include <assert.h>

#include "domain/idempotency.h"

#define CURSOR_TAG 16

#define AT(member) .offset = offsetof(struct location, member)
const struct field location_fields[LOCATION_FIELDS] = {
	{ .name = "lat", .type = FIELD_DOUBLE, AT(lat), .required = true, .min = -90, .max = 90 },
	{ .name = "lon", .type = FIELD_DOUBLE, AT(lon), .required = true, .min = -180, .max = 180 },
	{ .name = "accuracy_m", .type = FIELD_DOUBLE, AT(accuracy_m), .min = 0, .max = 100000 },
};
#undef AT

enum status
param_number(struct call *c, const char **number)
{
	return param_number_in(c, c->param[0], number);
}

enum status
param_number_in(struct call *c, struct span text, const char **number)
{
	char digits[NUMBER_DIGITS + 1];

	switch (ids_number_parse(text, c->conf->system.go_live_ms, digits)) {
	case NUMBER_NEW:
		*number = arena_strdup(c->arena, digits);
		return *number == NULL ? E_NOMEM : E_OK;
	case NUMBER_OLD:
		return E_OTHER_SYSTEM;
	case NUMBER_MISTYPED:
		(void)call_field(c, "/number", FE_MISTYPED);
		return E_MISTYPED;
	case NUMBER_NOT:
		break;
	}
	return call_format(c, "/number", "2611 0000 0016");
}

enum status
param_number_field(struct call *c, const char *pointer, struct span text, const char **number)
{
	char digits[NUMBER_DIGITS + 1];

	switch (ids_number_parse(text, c->conf->system.go_live_ms, digits)) {
	case NUMBER_NEW:
		*number = arena_strdup(c->arena, digits);
		return *number == NULL ? E_NOMEM : E_OK;
	case NUMBER_OLD:
		return call_field(c, pointer, FE_NOT_FOUND);
	case NUMBER_MISTYPED:
		return call_field(c, pointer, FE_MISTYPED);
	case NUMBER_NOT:
		break;
	}
	return call_format(c, pointer, "2611 0000 0016");
}

enum status
param_complaint(struct call *c, struct complaint *out)
{
	const char *number = NULL;
	enum status st = param_number(c, &number);

	if (st == E_OTHER_SYSTEM)
		return E_NOT_FOUND;
	return st == E_OK ? complaint_find(c->worker->db, c->arena, number, &c->actor, out) : st;
}

enum status
param_attachments(struct call *c, struct schema_texts texts, uint8_t (*ids)[ATTACHMENT_ID_BYTES])
{
	size_t wrong = 0;
	const char *pointer;

	if (attachment_ids(texts, ids, &wrong) == E_OK)
		return E_OK;
	pointer = arena_printf(c->arena, "/attachments/%zu", wrong);
	return pointer == NULL ? E_NOMEM : call_field(c, pointer, FE_NOT_FOUND);
}

void
param_idempotency(const struct call *c, uint8_t scope[static SEAL_HASH_BYTES], uint8_t body_hash[static SEAL_HASH_BYTES])
{
	idempotency_request(span_of(c->req.method_name), c->req.path, span_of(c->key), scope);
	seal_sha256(c->req.body, body_hash);
}

const char *
param_hex(const struct call *c, const void *bytes, size_t n)
{
	struct buf b = BUF_INIT(256);
	const char *text;

	buf_hex(&b, bytes, n);
	text = b.failed ? NULL : arena_strndup(c->arena, b.data, b.len);
	buf_release(&b);
	return text;
}

static void
cursor_tag(const struct call *c, struct span list, struct span place, uint8_t out[static SEAL_HASH_BYTES])
{
	const uint8_t kind = (uint8_t)c->actor.kind;
	const struct span parts[] = {
		{ (const char *)&kind, 1 }, { (const char *)&c->actor.id, sizeof(c->actor.id) }, list, place
	};
	uint8_t hash[SEAL_HASH_BYTES];

	seal_hash(parts, ARRAY_LEN(parts), hash);
	seal_tag(c->seal, "cursor", (struct span){ (const char *)hash, sizeof(hash) }, out);
}

const char *
param_cursor_at(const struct call *c, struct span list, const int64_t *place, size_t n)
{
	uint8_t bytes[8 * CURSOR_PLACE_MAX + SEAL_HASH_BYTES];

	assert(n <= CURSOR_PLACE_MAX);
	for (size_t i = 0; i < 8 * n; i++)
		bytes[i] = (uint8_t)((uint64_t)place[i / 8] >> (56 - 8 * (i % 8)));
	cursor_tag(c, list, (struct span){ (const char *)bytes, 8 * n }, bytes + 8 * n);
	return seal_base64url(c->arena, (struct span){ (const char *)bytes, 8 * n + CURSOR_TAG });
}

enum status
param_cursor_at_read(struct call *c, struct span list, struct span cursor, int64_t *place, size_t n)
{
	uint8_t tag[SEAL_HASH_BYTES];
	uint64_t value = 0;
	struct span bytes;

	if (!seal_base64url_decode(c->arena, cursor, &bytes) || bytes.n != 8 * n + CURSOR_TAG)
		return call_format(c, "/cursor", "next");
	cursor_tag(c, list, (struct span){ bytes.p, 8 * n }, tag);
	if (!seal_equal(tag, bytes.p + 8 * n, CURSOR_TAG))
		return call_format(c, "/cursor", "next");
	for (size_t i = 0; i < 8 * n; i++) {
		value = value << 8 | (uint8_t)bytes.p[i];
		if (i % 8 == 7)
			place[i / 8] = (int64_t)value;
	}
	return E_OK;
}

const char *
param_cursor(const struct call *c, struct span list, int64_t id)
{
	return param_cursor_at(c, list, &id, 1);
}

enum status
param_cursor_read(struct call *c, struct span list, struct span cursor, int64_t *id)
{
	return param_cursor_at_read(c, list, cursor, id, 1);
}
