/* One-time passwords, sessions, and who am I. */
#include "api/app.h"
#include "api/handlers.h"
#include "core/clock.h"
#include "core/json.h"
#include "core/scan.h"
#include "domain/otp.h"
#include "domain/session.h"
#include "http/gate.h"

#define DAY_MS  INT64_C(86400000)
#define HOUR_MS INT64_C(3600000)

static const char *const languages[] = { "en", "bn", "hi", NULL };

struct otp_body {
	struct span mobile;
	int language;
};

static const struct field otp_fields[] = {
	{ .name = "mobile",
	  .type = FIELD_LINE,
	  .offset = offsetof(struct otp_body, mobile),
	  .required = true,
	  .min = 1,
	  .max = 40 },
	{ .name = "language", .type = FIELD_CHOICE, .offset = offsetof(struct otp_body, language), .choices = languages },
};

static const char *
hex(struct call *c, const void *bytes, size_t n)
{
	struct buf b = BUF_INIT(256);
	const char *text;

	buf_hex(&b, bytes, n);
	text = b.failed ? NULL : arena_strndup(c->arena, b.data, b.len);
	buf_release(&b);
	return text;
}

enum status
otp_post(struct call *c)
{
	struct otp_body in = { .language = (int)c->req.lang };
	struct otp_request request = { .address = c->req.address, .now_ms = clock_now_ms() };
	uint8_t id[OTP_ID_BYTES];
	int64_t expires_ms = 0;
	char mobile[11];
	const char *id_text;
	enum status st = call_body(c, otp_fields, ARRAY_LEN(otp_fields), &in);

	if (st != E_OK)
		return st;
	if (!scan_mobile(in.mobile, mobile))
		return call_format(c, "/mobile", "70000 12345");
	request.mobile = mobile;
	request.lang = (enum lang)in.language;
	st = otp_send(c->worker->db, c->arena, c->conf, c->seal, &request, id, &expires_ms);
	seal_wipe(mobile, sizeof(mobile));
	if (st != E_OK)
		return st;
	(void)cache_publish(c->worker->cache, "ekmc:bell:notify", "otp");
	id_text = hex(c, id, sizeof(id));
	c->resp.caching = CACHE_NEVER;
	return resp_json(&c->resp, 202, json_pack("{s:s, s:o}", "otp_id", id_text, "expires_at", json_time(expires_ms)));
}

static enum status
me(struct call *c, json_t **out)
{
	const struct actor *actor = &c->actor;
	struct complainant who = { .name = { NULL, 0 } };
	json_t *roles = json_array();
	enum status st = E_OK;

	if (actor->kind == ACTOR_CITIZEN)
		st = complaint_complainant(c->worker->db, c->arena, c->seal, actor->id, &who);
	else
		st = session_staff_name(c->worker->db, c->arena, actor->id, actor->lang, &who.name);
	for (unsigned bit = LME; bit <= ADMIN; bit <<= 1)
		if ((actor->roles & bit) != 0)
			(void)json_array_append_new(roles, json_string(role_name((enum role)bit)));
	if (st != E_OK) {
		json_decref(roles);
		return st;
	}
	*out = json_pack("{s:s, s:o, s:o, s:s, s:o, s:s}", "kind", actor->kind == ACTOR_CITIZEN ? "citizen" : "staff", "name",
			 json_span(who.name), "mobile", json_span(span_of(who.mobile_masked)), "language", lang_code(actor->lang),
			 "roles", roles, "csrf", gate_csrf(c, actor->token_hash));
	return *out == NULL ? E_NOMEM : E_OK;
}

struct session_body {
	struct span otp_id, code, user, password;
	bool cookie;
};

static const struct field session_fields[] = {
	{ .name = "otp_id", .type = FIELD_LINE, .offset = offsetof(struct session_body, otp_id), .min = 1, .max = 64 },
	{ .name = "code", .type = FIELD_LINE, .offset = offsetof(struct session_body, code), .min = 1, .max = 20 },
	{ .name = "user", .type = FIELD_LINE, .offset = offsetof(struct session_body, user), .min = 1, .max = 60 },
	{ .name = "password", .type = FIELD_LINE, .offset = offsetof(struct session_body, password), .min = 1, .max = 200 },
	{ .name = "cookie", .type = FIELD_BOOL, .offset = offsetof(struct session_body, cookie) },
};

static enum status
by_otp(struct call *c, const struct session_body *in, int64_t now_ms)
{
	uint8_t id[OTP_ID_BYTES];
	char code[7];
	enum status st;

	if (in->code.p == NULL)
		(void)call_field(c, "/code", FE_REQUIRED);
	if (in->otp_id.p == NULL)
		(void)call_field(c, "/otp_id", FE_REQUIRED);
	if (in->user.p != NULL)
		(void)call_field(c, "/user", FE_UNKNOWN_KEY);
	if (in->password.p != NULL)
		(void)call_field(c, "/password", FE_UNKNOWN_KEY);
	if (c->errors.n == 0 && scan_digits(in->code, code, 6) != 6)
		(void)call_format(c, "/code", "123456");
	if (c->errors.n > 0)
		return E_INVALID;
	if (!scan_hex(in->otp_id, id, sizeof(id)))
		return E_OTP_SPENT;
	st = otp_use(c->worker->db, c->arena, c->conf, c->seal, id, (struct span){ code, 6 }, now_ms, &c->actor.id);
	if (st == E_OTP_WRONG)
		field_error_add(&c->errors, "/code", FE_WRONG);
	c->actor.kind = ACTOR_CITIZEN;
	return st;
}

static enum status
by_password(struct call *c, const struct session_body *in, int64_t now_ms)
{
	if (in->user.p == NULL && in->password.p == NULL) {
		(void)call_field(c, "/otp_id", FE_REQUIRED);
		return call_field(c, "/code", FE_REQUIRED);
	}
	if (in->user.p == NULL)
		return call_field(c, "/user", FE_REQUIRED);
	if (in->password.p == NULL)
		return call_field(c, "/password", FE_REQUIRED);
	c->actor.kind = ACTOR_STAFF;
	return session_password(c->worker->db, c->arena, in->user, in->password, now_ms, &c->actor.id);
}

enum status
sessions_post(struct call *c)
{
	struct session_body in = { .cookie = false };
	char token[SEAL_TOKEN_TEXT_SIZE];
	int64_t now = clock_now_ms(), expires;
	json_t *about = NULL, *answer;
	enum status st = call_body(c, session_fields, ARRAY_LEN(session_fields), &in);

	if (st == E_OK)
		st = in.otp_id.p != NULL || in.code.p != NULL ? by_otp(c, &in, now) : by_password(c, &in, now);
	if (st != E_OK)
		return st;
	expires = now + (c->actor.kind == ACTOR_CITIZEN ? c->conf->session.citizen_days * DAY_MS
							: c->conf->session.staff_hours * HOUR_MS);
	st = session_create(c->worker->db, c->arena, c->actor.kind, c->actor.id, now, expires, token);
	seal_sha256(span_of(token), c->actor.token_hash);
	if (st == E_OK)
		st = session_actor(c->worker->db, c->arena, now, &c->actor);
	if (st == E_OK)
		st = me(c, &about);
	if (st != E_OK)
		return st;
	answer = json_pack("{s:s, s:o, s:o}", "csrf", gate_csrf(c, c->actor.token_hash), "expires_at", json_time(expires), "me",
			   about);
	if (in.cookie)
		resp_header(&c->resp, "Set-Cookie", SESSION_COOKIE "=%s; Path=/; Max-Age=%lld; Secure; HttpOnly; SameSite=Strict",
			    token, (long long)((expires - now) / 1000));
	else if (answer != NULL)
		(void)json_object_set_new(answer, "token", json_string(token));
	seal_wipe(token, sizeof(token));
	c->resp.caching = CACHE_NEVER;
	return resp_json(&c->resp, 201, answer);
}

enum status
sessions_get(struct call *c)
{
	const struct session_row *list;
	json_t *items;
	size_t n;
	enum status st = session_list(c->worker->db, c->arena, &c->actor, clock_now_ms(), &list, &n);

	if (st != E_OK)
		return st;
	items = json_array();
	for (size_t i = 0; i < n && items != NULL; i++)
		(void)json_array_append_new(
			items, json_pack("{s:s, s:o, s:o, s:b}", "id", hex(c, list[i].token_hash, 8), "created_at",
					 json_time(list[i].created_ms), "expires_at", json_time(list[i].expires_ms), "current",
					 memcmp(list[i].token_hash, c->actor.token_hash, SEAL_HASH_BYTES) == 0));
	return resp_json(&c->resp, 200, json_pack("{s:o}", "items", items));
}

static enum status
revoke(struct call *c, bool all)
{
	enum status st = session_revoke(c->worker->db, c->arena, &c->actor, all, clock_now_ms());

	if (st != E_OK)
		return st;
	c->resp.http = 204;
	c->resp.caching = CACHE_NEVER;
	if (req_cookie(&c->req, SESSION_COOKIE).p != NULL)
		resp_header(&c->resp, "Set-Cookie", SESSION_COOKIE "=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Strict");
	return E_OK;
}

enum status
sessions_delete(struct call *c)
{
	return revoke(c, true);
}

enum status
session_delete(struct call *c)
{
	return revoke(c, false);
}

enum status
me_get(struct call *c)
{
	json_t *about = NULL;
	enum status st = me(c, &about);

	return st == E_OK ? resp_json(&c->resp, 200, about) : st;
}
