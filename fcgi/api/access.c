/* One-time passwords and sessions. */
#include "api/app.h"
#include "api/handlers.h"
#include "api/params.h"
#include "api/people.h"
#include "core/clock.h"
#include "core/json.h"
#include "core/log.h"
#include "core/scan.h"
#include "domain/login.h"
#include "domain/otp.h"
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
	id_text = param_hex(c, id, sizeof(id));
	c->resp.caching = CACHE_NEVER;
	return resp_json(&c->resp, 202, json_pack("{s:s, s:o}", "otp_id", id_text, "expires_at", json_time(expires_ms)));
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

/* What is left out and what does not belong to this way of logging in. */
static enum status
check_otp(struct call *c, const struct session_body *in)
{
	if (in->code.p == NULL)
		(void)call_field(c, "/code", FE_REQUIRED);
	if (in->otp_id.p == NULL)
		(void)call_field(c, "/otp_id", FE_REQUIRED);
	if (in->user.p != NULL)
		(void)call_field(c, "/user", FE_UNKNOWN_KEY);
	if (in->password.p != NULL)
		(void)call_field(c, "/password", FE_UNKNOWN_KEY);
	return c->errors.n > 0 ? E_INVALID : E_OK;
}

static enum status
by_otp(struct call *c, const struct session_body *in, struct session_new *n, char token[static SEAL_TOKEN_TEXT_SIZE])
{
	uint8_t id[OTP_ID_BYTES];
	struct span code;
	enum status st = check_otp(c, in);

	if (st == E_OK)
		st = people_code(c, in->code, &code);
	if (st != E_OK)
		return st;
	if (!scan_hex(in->otp_id, id, sizeof(id)))
		return E_OTP_SPENT;
	st = otp_use(c->worker->db, c->arena, c->conf, c->seal, id, code, n->now_ms, &n->id);
	if (st == E_OTP_WRONG)
		field_error_add(&c->errors, "/code", FE_WRONG);
	n->kind = ACTOR_CITIZEN;
	n->expires_ms = n->now_ms + c->conf->session.citizen_days * DAY_MS;
	return st == E_OK ? session_create(c->worker->db, c->arena, n, token) : st;
}

static enum status
by_password(struct call *c, const struct session_body *in, struct session_new *n, char token[static SEAL_TOKEN_TEXT_SIZE])
{
	struct proof p = { .user = in->user, .password = in->password, .now_ms = n->now_ms };
	enum status st = E_OK;

	if (in->user.p == NULL)
		return call_field(c, "/user", FE_REQUIRED);
	if (in->password.p == NULL)
		return call_field(c, "/password", FE_REQUIRED);
	if (in->code.p != NULL)
		st = people_code(c, in->code, &p.code);
	if (st != E_OK)
		return st;
	n->expires_ms = n->now_ms + c->conf->session.staff_hours * HOUR_MS;
	st = login_open(c->worker->db, c->arena, c->seal, &p, n, token);
	if (st == E_LOGIN_WRONG && p.code_wrong)
		field_error_add(&c->errors, "/code", FE_WRONG);
	if (st == E_LOGIN_WRONG)
		log_event(LOG_INFO, "login_wrong", NULL);
	return st;
}

enum status
sessions_post(struct call *c)
{
	struct session_body in = { .cookie = false };
	struct session_new n = { .address = c->req.address, .now_ms = clock_now_ms() };
	char token[SEAL_TOKEN_TEXT_SIZE];
	json_t *about = NULL, *answer;
	enum status st = call_body(c, session_fields, ARRAY_LEN(session_fields), &in);

	if (st != E_OK)
		return st;
	n.by_cookie = in.cookie;
	if (in.otp_id.p != NULL || (in.user.p == NULL && in.password.p == NULL))
		st = by_otp(c, &in, &n, token);
	else
		st = by_password(c, &in, &n, token);
	if (st != E_OK)
		return st;
	seal_sha256(span_of(token), c->actor.token_hash);
	st = session_actor(c->worker->db, c->arena, n.now_ms, &c->actor);
	if (st == E_OK)
		st = people_me(c, &about);
	if (st != E_OK)
		return st;
	answer = json_pack("{s:s, s:o, s:o}", "csrf", gate_csrf(c, c->actor.token_hash), "expires_at", json_time(n.expires_ms),
			   "me", about);
	if (in.cookie)
		resp_header(&c->resp, "Set-Cookie", SESSION_COOKIE "=%s; Path=/; Max-Age=%lld; Secure; HttpOnly; SameSite=Strict",
			    token, (long long)((n.expires_ms - n.now_ms) / 1000));
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
	size_t n;
	enum status st = session_list(c->worker->db, c->arena, c->actor.kind, c->actor.id, clock_now_ms(), &list, &n);

	return st == E_OK ? resp_json(&c->resp, 200, people_sessions(c, list, n)) : st;
}

static enum status
ended(struct call *c, bool mine_too)
{
	c->resp.http = 204;
	c->resp.caching = CACHE_NEVER;
	if (mine_too && req_cookie(&c->req, SESSION_COOKIE).p != NULL)
		resp_header(&c->resp, "Set-Cookie", SESSION_COOKIE "=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Strict");
	return E_OK;
}

enum status
sessions_delete(struct call *c)
{
	enum status st = session_end_all(c->worker->db, c->arena, c->actor.kind, c->actor.id, NULL, clock_now_ms());

	return st == E_OK ? ended(c, true) : st;
}

enum status
session_delete(struct call *c)
{
	enum status st = session_end(c->worker->db, c->arena, &c->actor, clock_now_ms());

	return st == E_OK ? ended(c, true) : st;
}

enum status
session_remove(struct call *c)
{
	uint8_t id[SESSION_ID_BYTES];
	enum status st = E_NOT_FOUND;

	if (scan_hex(c->param[0], id, sizeof(id)))
		st = session_end_one(c->worker->db, c->arena, &c->actor, id, clock_now_ms());
	return st == E_OK ? ended(c, memcmp(id, c->actor.token_hash, sizeof(id)) == 0) : st;
}
