/* People as JSON. */
#include "api/people.h"

#include "api/app.h"
#include "api/params.h"
#include "core/json.h"
#include "core/scan.h"
#include "core/totp.h"
#include "domain/staff.h"
#include "http/gate.h"

json_t *
people_roles(unsigned roles)
{
	json_t *list = json_array();

	for (unsigned bit = LME; bit <= ADMIN; bit <<= 1)
		if ((roles & bit) != 0)
			(void)json_array_append_new(list, json_string(role_name((enum role)bit)));
	return list;
}

static bool
same_duty(const struct duty *x, const struct duty *y)
{
	return x->role == y->role && x->eo_level == y->eo_level && strcmp(x->department, y->department) == 0;
}

static json_t *
one_duty(const struct duty *duties, size_t n)
{
	json_t *boroughs = json_array();

	for (size_t i = 0; i < n; i++) {
		/* NULL, everywhere, comes first in the database's order */
		if (duties[i].borough == 0)
			break;
		(void)json_array_append_new(boroughs, json_integer(duties[i].borough));
	}
	return json_pack("{s:s, s:s?, s:o, s:o}", "role", role_name(duties->role), "department",
			 duties->department[0] == '\0' ? NULL : duties->department, "eo_level",
			 duties->eo_level == 0 ? json_null() : json_integer(duties->eo_level), "boroughs", boroughs);
}

json_t *
people_duties(const struct duty *duties, size_t n)
{
	json_t *list = json_array();

	for (size_t i = 0, next; i < n && list != NULL; i = next) {
		for (next = i + 1; next < n && same_duty(&duties[i], &duties[next]);)
			next++;
		/* a role that this program does not know gives no right and no row */
		if (duties[i].role != ANYONE)
			(void)json_array_append_new(list, one_duty(duties + i, next - i));
	}
	return list;
}

json_t *
people_sessions(const struct call *c, const struct session_row *list, size_t n)
{
	json_t *items = json_array();

	for (size_t i = 0; i < n && items != NULL; i++) {
		const struct session_row *s = &list[i];
		const char *id = param_hex(c, s->token_hash, SESSION_ID_BYTES);

		(void)json_array_append_new(
			items, json_pack("{s:s, s:o, s:o, s:o, s:b, s:s, s:o}", "id", id, "created_at", json_time(s->created_ms),
					 "last_seen_at", json_time(s->seen_ms), "expires_at", json_time(s->expires_ms), "current",
					 memcmp(s->token_hash, c->actor.token_hash, SEAL_HASH_BYTES) == 0, "how",
					 s->by_cookie ? "browser" : "app", "client", json_span(s->client)));
	}
	return json_pack("{s:o}", "items", items);
}

enum status
people_me(struct call *c, json_t **out)
{
	const struct actor *actor = &c->actor;
	struct complainant who = { .name = { NULL, 0 } };
	struct person p = { .id = 0 };
	bool staff = actor->kind == ACTOR_STAFF;
	enum status st;

	if (staff)
		st = staff_find_id(c->worker->db, c->arena, c->seal, actor->id, &p);
	else
		st = complaint_complainant(c->worker->db, c->arena, c->seal, actor->id, &who);
	if (st != E_OK)
		return st;
	if (staff)
		who = (struct complainant){ .name = actor->lang == LANG_BN ? p.name_bn : p.name_en,
					    .mobile_masked = p.mobile_masked };
	*out = json_pack("{s:s, s:o, s:o, s:o, s:s, s:o, s:o, s:b, s:b, s:s}", "kind", staff ? "staff" : "citizen", "user",
			 json_span(p.user), "name", json_span(who.name), "mobile", json_span(span_of(who.mobile_masked)),
			 "language", lang_code(actor->lang), "roles", people_roles(actor->roles), "duties",
			 people_duties(actor->duties, actor->n_duties), "must_change", actor->must_change, "totp", p.totp, "csrf",
			 gate_csrf(c, actor->token_hash));
	return *out == NULL ? E_NOMEM : E_OK;
}

bool
people_password_right(struct call *c, const char *pointer, struct span password, struct span user)
{
	struct field_error e = { .pointer = pointer };

	switch (password_fault(password, user)) {
	case PASSWORD_FINE:
		return true;
	case PASSWORD_SHORT:
		e.code = FE_TOO_SHORT;
		e.min = PASSWORD_LEAST;
		break;
	case PASSWORD_LONG:
		e.code = FE_TOO_LONG;
		e.max = PASSWORD_MOST;
		break;
	case PASSWORD_EASY:
		e.code = FE_TOO_EASY;
		break;
	}
	field_error_full(&c->errors, &e);
	return false;
}

enum status
people_code(struct call *c, struct span typed, struct span *code)
{
	char *digits = arena_alloc(c->arena, TOTP_DIGITS + 1);

	if (digits == NULL)
		return E_NOMEM;
	if (scan_digits(typed, digits, TOTP_DIGITS) != TOTP_DIGITS)
		return call_format(c, "/code", "123456");
	*code = (struct span){ digits, TOTP_DIGITS };
	return E_OK;
}
