/* Checks that stand in front of all handlers. */
#include "http/gate.h"

#include <strings.h>

#include "core/clock.h"
#include "core/json.h"
#include "core/scan.h"
#include "domain/session.h"

#define KEY_CHARS   "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.:"
#define TOKEN_CHARS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-"

static enum status
malformed(struct call *c, const char *why)
{
	c->why = why;
	return E_MALFORMED;
}

static enum status
read_json(struct call *c)
{
	struct span type = span_of(req_content_type(&c->req)), media = { NULL, 0 };

	(void)scan_cut(&type, ';', &media);
	media = scan_trim(media);
	if (media.n != 16 || strncasecmp(media.p, "application/json", 16) != 0)
		return E_MEDIA_TYPE;
	return json_decode(c->arena, c->req.body, &c->body, &c->why);
}

static enum status
read_key(struct call *c)
{
	const char *sent = req_header(&c->req, "IDEMPOTENCY_KEY");

	if (sent == NULL) {
		/* our own, so that a retry after a lost commit finds what was done */
		ids_random_hex(c->key);
		return E_OK;
	}
	if (!scan_token(span_of(sent), KEY_CHARS, 1, KEY_MAX))
		return malformed(c, "Idempotency-Key: 1 to 64 of A-Z a-z 0-9 _ - . :");
	memcpy(c->key, sent, strlen(sent) + 1);
	return E_OK;
}

const char *
gate_csrf(const struct call *c, const uint8_t token_hash[static SEAL_HASH_BYTES])
{
	uint8_t tag[SEAL_HASH_BYTES];

	seal_tag(c->seal, "csrf", (struct span){ (const char *)token_hash, SEAL_HASH_BYTES }, tag);
	return seal_base64url(c->arena, (struct span){ (const char *)tag, sizeof(tag) });
}

static enum status
check_csrf(struct call *c)
{
	const char *sent = req_header(&c->req, "X_EKMC_CSRF");
	const char *right = gate_csrf(c, c->actor.token_hash);

	if (right == NULL)
		return E_NOMEM;
	if (sent == NULL || strlen(sent) != strlen(right) || !seal_equal(sent, right, strlen(right)))
		return E_CSRF;
	return E_OK;
}

static enum status
read_token(struct call *c)
{
	const char *header = req_header(&c->req, "AUTHORIZATION");
	struct span token;
	bool by_cookie = header == NULL;

	if (by_cookie) {
		token = req_cookie(&c->req, SESSION_COOKIE);
	} else {
		if (strncasecmp(header, "Bearer ", 7) != 0)
			return E_UNAUTHENTICATED;
		token = scan_trim(span_of(header + 7));
	}
	if (token.p == NULL || !scan_token(token, TOKEN_CHARS, 20, 64))
		return E_UNAUTHENTICATED;
	seal_sha256(token, c->actor.token_hash);
	c->actor.has_token = true;
	if (by_cookie && c->req.method != M_GET && c->req.method != M_HEAD)
		return check_csrf(c);
	return E_OK;
}

enum status
gate_front(struct call *c)
{
	enum status st = E_OK;

	if (c->route->who != ANYONE)
		st = read_token(c);
	if (st == E_OK && (c->route->guards & GUARD_IDEMPOTENT) != 0)
		st = read_key(c);
	if (st == E_OK && (c->route->guards & GUARD_JSON) != 0)
		st = read_json(c);
	return st;
}

/* What all of the staff may do an employee without any duty may too: log out, change a first password. */
static bool
may_call(const struct actor *a, unsigned who)
{
	return (a->roles & who) != 0 || (a->kind == ACTOR_STAFF && (who & STAFF) == STAFF);
}

enum status
gate_back(struct call *c)
{
	enum status st;

	if (c->route->who == ANYONE || (c->route->guards & GUARD_IN_CALL) != 0)
		return E_OK;
	st = session_actor(c->worker->db, c->arena, clock_now_ms(), &c->actor);
	if (st == E_OK && c->actor.must_change && (c->route->guards & GUARD_FIRST_PASSWORD) == 0)
		st = E_PASSWORD_CHANGE;
	if (st == E_OK && !may_call(&c->actor, c->route->who))
		st = E_FORBIDDEN;
	return st;
}
