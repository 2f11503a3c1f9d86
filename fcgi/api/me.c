/* One's own account: who am I, my password, my second factor. */
#include "api/app.h"
#include "api/handlers.h"
#include "api/people.h"
#include "core/clock.h"
#include "core/json.h"
#include "core/log.h"
#include "domain/login.h"
#include "domain/staff.h"

enum status
me_get(struct call *c)
{
	json_t *about = NULL;
	enum status st = people_me(c, &about);

	return st == E_OK ? resp_json(&c->resp, 200, about) : st;
}

static enum status
no_content(struct call *c)
{
	c->resp.http = 204;
	c->resp.caching = CACHE_NEVER;
	return E_OK;
}

/* Not 401: the session is a good one, what was typed is not. */
static enum status
wrong(struct call *c, const struct proof *p, enum status st, const char *pointer)
{
	if (st != E_LOGIN_WRONG)
		return st;
	log_detail(LOG_INFO, "proof_wrong", "staff %lld", (long long)c->actor.id);
	return call_field(c, p->code_wrong ? "/code" : pointer, FE_WRONG);
}

struct me_body {
	struct span current, next, password, code;
};
#define AT(member) .offset = offsetof(struct me_body, member), .required = true, .min = 1
static const struct field password_fields[] = {
	{ .name = "current", .type = FIELD_LINE, AT(current), .max = 200 },
	{ .name = "new", .type = FIELD_LINE, AT(next), .max = 200 },
};
static const struct field begin_fields[] = {
	{ .name = "password", .type = FIELD_LINE, AT(password), .max = 200 },
};
static const struct field confirm_fields[] = {
	{ .name = "code", .type = FIELD_LINE, AT(code), .max = 20 },
};
static const struct field remove_fields[] = {
	{ .name = "password", .type = FIELD_LINE, AT(password), .max = 200 },
	{ .name = "code", .type = FIELD_LINE, AT(code), .max = 20 },
};
#undef AT

enum status
me_password(struct call *c)
{
	struct me_body in = { .code = { NULL, 0 } };
	struct proof p = { .staff_id = c->actor.id, .now_ms = clock_now_ms() };
	struct person me;
	enum status st = call_body(c, password_fields, ARRAY_LEN(password_fields), &in);

	if (st == E_OK)
		st = staff_find_id(c->worker->db, c->arena, c->seal, c->actor.id, &me);
	if (st != E_OK)
		return st;
	if (!people_password_right(c, "/new", in.next, me.user))
		return E_INVALID;
	if (span_eq(in.next, in.current))
		return call_field(c, "/new", FE_UNCHANGED);
	p.password = in.current;
	st = login_password(c->worker->db, c->arena, c->seal, &p, in.next, c->actor.token_hash);
	if (st != E_OK)
		return wrong(c, &p, st, "/current");
	log_detail(LOG_INFO, "password_changed", "staff %lld", (long long)c->actor.id);
	return no_content(c);
}

enum status
totp_post(struct call *c)
{
	struct me_body in = { .code = { NULL, 0 } };
	struct proof p = { .staff_id = c->actor.id, .now_ms = clock_now_ms() };
	uint8_t bytes[TOTP_SECRET_BYTES];
	const struct span secret = { (const char *)bytes, sizeof(bytes) };
	const char *text, *uri;
	struct person me;
	enum status st = call_body(c, begin_fields, ARRAY_LEN(begin_fields), &in);

	p.password = in.password;
	if (st == E_OK)
		st = staff_find_id(c->worker->db, c->arena, c->seal, c->actor.id, &me);
	if (st == E_OK)
		st = wrong(c, &p, login_totp_begin(c->worker->db, c->arena, c->seal, &p, bytes), "/password");
	if (st != E_OK)
		return st;
	text = totp_text(c->arena, secret);
	uri = totp_uri(c->arena, me.user, secret);
	seal_wipe(bytes, sizeof(bytes));
	if (text == NULL || uri == NULL)
		return E_NOMEM;
	c->resp.caching = CACHE_NEVER;
	return resp_json(&c->resp, 201, json_pack("{s:s, s:s}", "secret", text, "uri", uri));
}

enum status
totp_confirm(struct call *c)
{
	const struct proof p = { .code_wrong = true };
	struct me_body in = { .code = { NULL, 0 } };
	enum status st = call_body(c, confirm_fields, ARRAY_LEN(confirm_fields), &in);

	if (st == E_OK)
		st = people_code(c, in.code, &in.code);
	if (st == E_OK)
		st = wrong(c, &p, login_totp_confirm(c->worker->db, c->arena, c->seal, c->actor.id, in.code, clock_now_ms()),
			   "/code");
	if (st != E_OK)
		return st;
	log_detail(LOG_INFO, "totp_on", "staff %lld", (long long)c->actor.id);
	return no_content(c);
}

enum status
totp_remove(struct call *c)
{
	struct me_body in = { .code = { NULL, 0 } };
	struct proof p = { .staff_id = c->actor.id, .now_ms = clock_now_ms() };
	enum status st = call_body(c, remove_fields, ARRAY_LEN(remove_fields), &in);

	if (st == E_OK)
		st = people_code(c, in.code, &p.code);
	p.password = in.password;
	if (st == E_OK)
		st = wrong(c, &p, login_totp_end(c->worker->db, c->arena, c->seal, &p), "/password");
	if (st != E_OK)
		return st;
	log_detail(LOG_INFO, "totp_off", "staff %lld", (long long)c->actor.id);
	return no_content(c);
}
