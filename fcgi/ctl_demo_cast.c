/* Who plays in the demo's stories, and the picture they take. */
#include <fcntl.h>
#include <unistd.h>

#include "core/clock.h"
#include "ctl_demo_story.h"
#include "domain/parties.h"
#include "domain/session.h"

#define MOMENT_MS 1

enum { Q_STAFF, Q_CITIZEN, Q_PHOTO };
static const struct sql sql[] = {
	[Q_STAFF] = { "SELECT id, user_name FROM staff WHERE active ORDER BY id", "", "is", false },
	[Q_CITIZEN] = { "INSERT INTO citizen (mobile_index, mobile_sealed, language, created_at) VALUES (?, ?, ?, ?)"
			" ON DUPLICATE KEY UPDATE id = LAST_INSERT_ID(id)",
			"bbst", "", false },
	[Q_PHOTO] = { "INSERT INTO attachment (id, staff_id, sha256, kind, bytes, width, height, thumbnail, created_at)"
		      " SELECT ?, ?, sha256, kind, bytes, width, height, thumbnail, ? FROM attachment WHERE id = ?",
		      "bitb", "", false },
};

/* A session that has ended when this returns tells who somebody is, and what the roster lets them do. */
static enum status
log_in(const struct stage *g, struct arena *a, enum actor_kind kind, int64_t id, int64_t at_ms, struct actor *out)
{
	const struct session_new session = { .kind = kind, .id = id, .now_ms = at_ms, .expires_ms = at_ms + MOMENT_MS };
	char token[SEAL_TOKEN_TEXT_SIZE];
	enum status st = session_create(g->demo->db, a, &session, token);

	*out = (struct actor){ .has_token = true };
	seal_sha256(span_of(token), out->token_hash);
	return st == E_OK ? session_actor(g->demo->db, a, at_ms, out) : st;
}

enum status
cast_load(struct stage *g)
{
	const struct demo *d = g->demo;
	struct db_rows rows;
	enum status st = db_run(d->db, d->arena, &sql[Q_STAFF], DB_NO_ARGS, &rows);

	if (st != E_OK)
		return st;
	g->cast = arena_array(d->arena, rows.n, sizeof(*g->cast));
	if (g->cast == NULL)
		return E_NOMEM;
	for (size_t i = 0; i < rows.n && st == E_OK; i++) {
		g->cast[i].user = db_row(&rows, i)[1].s;
		st = log_in(g, d->arena, ACTOR_STAFF, db_row(&rows, i)[0].i, d->now_ms, &g->cast[i].actor);
	}
	g->n_cast = rows.n;
	return st;
}

enum status
cast_citizen(const struct stage *g, struct tale *t, struct span mobile)
{
	const struct demo *d = g->demo;
	struct arena *a = g->means.arena;
	struct span sealed;
	uint8_t index[SEAL_HASH_BYTES];
	struct db_rows done;
	enum status st = seal_box(d->seal, a, mobile, &sealed);

	seal_index(d->seal, mobile, index);
	if (st == E_OK)
		st = db_run(d->db, a, &sql[Q_CITIZEN],
			    DB_ARGS(db_bytes(index, sizeof(index)), db_text(sealed), db_text(span_of(lang_code(t->lang))),
				    db_time(t->next_ms)),
			    &done);
	return st == E_OK ? log_in(g, a, ACTOR_CITIZEN, done.insert_id, t->next_ms, &t->citizen) : st;
}

const struct actor *
cast_actor(const struct stage *g, const struct tale *t, const struct complaint *c, const struct step *s)
{
	static const struct actor the_clock = { .kind = ACTOR_SYSTEM, .parties = P_CLOCK };

	if ((s->who & P_COMPLAINANT) != 0)
		return &t->citizen;
	if (s->action == CLOSE || (s->action == ESCALATE && c->escalate_ms != CLOCK_NONE && c->escalate_ms <= t->next_ms))
		return &the_clock;
	for (size_t i = 0; i < g->n_cast; i++) {
		const unsigned parties = parties_of(g->means.directory, c, &g->cast[i].actor, false) & s->who;

		if (parties != 0 && workflow_move(c->state, s->action, parties) != NULL)
			return &g->cast[i].actor;
	}
	return NULL;
}

/* 0: no LME of the department; more the nearer their area is. */
static int
nearness(const struct actor *actor, const struct complaint *c)
{
	int best = 0;

	for (size_t i = 0; i < actor->n_duties; i++) {
		const struct duty *duty = &actor->duties[i];
		const int near = duty->borough == c->borough ? 3 : duty->borough == 0 ? 2 : 1;

		if (duty->role == LME && span_eq(span_of(duty->department), c->department) && near > best)
			best = near;
	}
	return best;
}

struct span
cast_lme(const struct stage *g, const struct complaint *c)
{
	struct span user = { NULL, 0 };
	int best = 0;

	for (size_t i = 0; i < g->n_cast; i++) {
		const struct member *m = &g->cast[i];
		const int near = m->actor.id == c->proposed_id ? INT32_MAX : nearness(&m->actor, c);

		if (near > best && m->actor.id != c->holder_id) {
			best = near;
			user = m->user;
		}
	}
	return user;
}

/* ---- the picture */

static enum status
render_id(struct arena *a, const struct attachment *at, struct span *answer)
{
	*answer = (struct span){ arena_strndup(a, (const char *)at->id, sizeof(at->id)), sizeof(at->id) };
	return answer->p == NULL ? E_NOMEM : E_OK;
}

enum status
cast_photo(struct stage *g)
{
	const struct demo *d = g->demo;
	const char *path = arena_printf(d->arena, "%s/demo_photo.jpg", d->dir);
	struct upload u = { .actor = &g->cast[0].actor, .now_ms = d->now_ms, .unbound_most = INT64_MAX, .render = render_id };
	enum image_verdict verdict;
	char program[IMAGE_PROGRAM_SIZE];
	struct store store;
	struct span id;
	enum status st = store_open(&store, d->conf->attachments.dir);

	if (st != E_OK)
		return st;
	u.fd = path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC);
	if (u.fd < 0) {
		(void)fprintf(d->err, "%s: cannot be read\n", path == NULL ? d->dir : path);
		return E_INVALID;
	}
	seal_random(u.scope, sizeof(u.scope));
	image_program(d->conf->attachments.program, program);
	st = attachment_take(d->db, d->arena, &store, program, &u, &verdict, &id);
	(void)close(u.fd);
	if (st == E_OK)
		memcpy(g->photo, id.p, sizeof(g->photo));
	return st;
}

enum status
cast_photo_of(const struct stage *g, const struct actor *actor, int64_t at_ms, struct span *id)
{
	struct arena *a = g->means.arena;
	char text[ATTACHMENT_ID_TEXT_SIZE];
	uint8_t raw[ATTACHMENT_ID_BYTES];

	seal_random(raw, sizeof(raw));
	attachment_id_text(raw, text);
	*id = (struct span){ arena_strdup(a, text), sizeof(text) - 1 };
	if (id->p == NULL)
		return E_NOMEM;
	return db_run(g->demo->db, a, &sql[Q_PHOTO],
		      DB_ARGS(db_bytes(raw, sizeof(raw)), db_int(actor->id), db_time(at_ms), db_bytes(g->photo, sizeof(g->photo))),
		      NULL);
}
