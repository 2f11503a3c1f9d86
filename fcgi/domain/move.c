/* One move inside a transaction: what it needs is looked up, the table's row applied, the result stored with its event, its
 * messages and its links, and duplicates follow. */
#include "domain/move_impl.h"
#include "domain/parties.h"

#define CHILD_FIRST_BYTES 65536
#define CHILD_BYTES       (1 << 20)

enum { Q_MOVE, Q_CHILDREN, Q_TELL_CHILD, Q_LME, Q_LOCK, Q_RATE, Q_SAME_MOBILE, Q_COUNTED, Q_MOVED };

const struct sql move_sql[] = {
	[Q_MOVE] = { "CALL complaint_move("
		     "?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, "
		     "?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		     "iiitssssiiiiiiistiisssiidddbtttiisissisb", "iis", false },
	[Q_LME] = { "SELECT s.id FROM staff s WHERE s.user_name = CONVERT(? USING ascii) AND s.active AND EXISTS (SELECT 1 FROM"
		    " roster r WHERE r.staff_id = s.id AND r.role = 'LME' AND r.department_code = ?)",
		    "ss", "i", false },
	/* by id and in its order: a number that does not exist would lock a gap, and two that are joined crosswise would wait
	 * for each other */
	[Q_LOCK] = { "SELECT id FROM complaint WHERE id IN (?, ?) ORDER BY id FOR UPDATE", "ii", "i", false },
	[Q_CHILDREN] = { "SELECT id FROM complaint WHERE parent_id = ? AND state = 'DUPLICATE' ORDER BY id", "i", "i", false },
	[Q_RATE] = { "INSERT INTO rating (complaint_id, reopen_count, stars, reasons, comment, rated_at, holder_id, "
		     "department_code)"
		     " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
		     "iiisstis", "", false },
	/* who reported twice hears once */
	[Q_TELL_CHILD] = { "INSERT IGNORE INTO outbox (destination, complaint_id, event_seq, recipient, recipient_id, template,"
			   " language, payload_sealed, not_before, created_at) SELECT destination, ?, ?, 'citizen', ?, template, ?,"
			   " ?, ?, ? FROM notification_rule WHERE event = ? AND to_state IN ('', ?) AND audience = 'citizen'",
			   "iiisbttss", "", false },
	[Q_SAME_MOBILE] = { "SELECT mobile_index FROM citizen WHERE id = ?", "i", "b", false },
	/* what a promise counts from, how long the clocks stood since, and what has been done before to put it off */
	[Q_COUNTED] = { "SELECT b.at, IFNULL(SUM(CASE WHEN e.at < b.at THEN 0"
			" WHEN e.from_state = 'AWAITING_CITIZEN' AND e.to_state <> 'AWAITING_CITIZEN' THEN 1"
			" WHEN e.from_state <> 'AWAITING_CITIZEN' AND e.to_state = 'AWAITING_CITIZEN' THEN -1 ELSE 0 END"
			" * TIMESTAMPDIFF(MICROSECOND, b.at, e.at)) DIV 1000, 0),"
			" IFNULL(SUM(JSON_VALUE(e.detail, '$.department') = ?), 0),"
			" IFNULL(SUM(e.action = 'correct' AND JSON_EXISTS(e.detail, '$.subcategory')), 0),"
			" IFNULL(SUM(e.action = 'unmerge'), 0) FROM complaint_event e JOIN (SELECT MAX(at) AS at FROM "
			"complaint_event"
			" WHERE complaint_id = ? AND action IN ('lodge', 'me_too', 'reopen')) b WHERE e.complaint_id = ?",
			"sii", "tiiii", false },
	[Q_MOVED] = { "SELECT COUNT(*) FROM complaint_event WHERE complaint_id = ? AND seq > ? AND action <> 'note'", "ii", "i",
		      false },
};
const size_t move_sql_n = ARRAY_LEN(move_sql);
const size_t move_sql_system_n = Q_TELL_CHILD + 1;

static enum status
wrong(const struct job *j, const char *pointer, enum field_code code)
{
	if (j->refused->errors != NULL)
		field_error_add(j->refused->errors, pointer, code);
	return E_INVALID;
}

static enum status
illegal(const struct job *j, enum refusal why)
{
	j->refused->why = why;
	return E_ILLEGAL_MOVE;
}

/* ---- may they, and is everything told */

/* Of the desk alone: another employee could try mobiles until one is the complainant's. */
static enum status
check_caller(struct job *j)
{
	struct db_rows rows;
	uint8_t index[SEAL_HASH_BYTES];
	enum status st;

	if (j->m->mobile.p == NULL)
		return E_OK;
	if ((parties_of(j->w->directory, j->c, j->actor, false) & P_DESK) == 0)
		return wrong(j, "/mobile", FE_UNKNOWN_KEY);
	seal_index(j->w->seal, j->m->mobile, index);
	st = db_run(j->w->db, j->w->arena, &move_sql[Q_SAME_MOBILE], DB_ARGS(db_int(j->c->citizen_id)), &rows);
	if (st != E_OK)
		return st;
	if (rows.n != 1 || !seal_equal(db_row(&rows, 0)[0].s.p, index, sizeof(index)))
		return wrong(j, "/mobile", FE_MISMATCH);
	j->for_caller = true;
	return E_OK;
}

/* A note takes nothing from what somebody else is about to do: only moves make what they have seen old. Version and timeline grow
 * together. */
static enum status
check_version(const struct job *j)
{
	const int64_t behind = j->c->version - j->m->version;
	struct db_rows rows;
	enum status st;

	if (j->m->version == 0 || behind == 0)
		return E_OK;
	if (behind < 0)
		return E_STALE;
	st = db_run(j->w->db, j->w->arena, &move_sql[Q_MOVED], DB_ARGS(db_int(j->c->id), db_int(j->c->event_count - behind)),
		    &rows);
	return st == E_OK && db_row(&rows, 0)[0].i != 0 ? E_STALE : st;
}

/* The version first: who lost a race is to hear that somebody was faster, not that the move they saw offered is illegal. */
static enum status
check_right(struct job *j)
{
	const struct moving *m = j->m;
	enum status st = check_version(j);
	enum refusal why;
	unsigned parties;

	if (st != E_OK)
		return st;
	parties = parties_of(j->w->directory, j->c, j->actor, j->for_caller);
	j->row = parties == 0 ? NULL : workflow_move(j->c->state, m->action, parties);
	if (j->row == NULL && workflow_move(j->c->state, m->action, 0) == NULL)
		return illegal(j, REFUSAL_STATE);
	if (j->row == NULL || (m->only != 0 && (m->only & 1u << m->action) == 0))
		return E_FORBIDDEN;
	why = transition_guard(j->w->directory, j->c, j->row, parties, m->now_ms);
	return why == REFUSAL_NONE ? E_OK : illegal(j, why);
}

/* What the caller told, beside the wants of the row. */
static enum status
check_told(const struct job *j)
{
	const struct moving *m = j->m;
	const struct {
		const char *pointer;
		unsigned want;
		bool told;
	} fields[] = {
		{ "/note", W_NOTE, m->note.p != NULL },
		{ "/internal", W_INTERNAL, m->internal },
		{ "/lme", W_LME, m->lme.p != NULL },
		{ "/subcategory", W_SUBCATEGORY, m->subcategory != NULL },
		{ "/ward", W_PLACE, m->ward != 0 },
		{ "/location", W_PLACE, m->has_point },
		{ "/landmark", W_PLACE, m->landmark.p != NULL },
		{ "/stars", W_STARS, m->stars != 0 },
		{ "/reasons", W_RATING, m->reasons.p != NULL },
		{ "/comment", W_RATING, m->comment.p != NULL },
		{ "/parent", W_PARENT, m->parent != NULL },
		{ "/priority", W_PRIORITY, m->priority >= 0 },
		{ "/attachments", W_PHOTO, m->uploads.n > 0 },
	};
	enum status st = E_OK;

	for (size_t i = 0; i < ARRAY_LEN(fields); i++)
		if (fields[i].told && ((j->row->needs | j->row->may) & fields[i].want) == 0)
			st = wrong(j, fields[i].pointer, FE_UNKNOWN_KEY);
		else if (!fields[i].told && (j->row->needs & fields[i].want) != 0 && fields[i].want != W_PHOTO)
			st = wrong(j, fields[i].pointer, FE_REQUIRED);
	if (m->action == CORRECT && m->subcategory == NULL && m->ward == 0 && !m->has_point && m->landmark.p == NULL)
		st = wrong(j, "/subcategory", FE_REQUIRED);
	if (m->action == NOTE && (j->row->needs & W_NOTE) == 0 && m->note.p == NULL && m->priority < 0)
		st = wrong(j, "/note", FE_REQUIRED);
	return st;
}

/* Its parent's move, which was checked. */
static bool
follows(const struct job *j)
{
	return j->row->who == P_PARENT;
}

static enum status
check_subcategory(const struct job *j)
{
	const struct directory *d = j->w->directory;
	const struct subcategory *s = j->m->subcategory;
	bool same;

	if (s == NULL || follows(j))
		return E_OK;
	same = span_eq(d->departments[d->categories[s->category].department].code, j->c->department);
	return same == (j->m->action == CORRECT) ? E_OK : wrong(j, "/subcategory", FE_MISMATCH);
}

/* ---- what it refers to */

static enum status
find_lme(struct job *j)
{
	struct db_rows rows;
	enum status st;

	if (j->m->lme.p == NULL)
		return E_OK;
	st = db_run(j->w->db, j->w->arena, &move_sql[Q_LME], DB_ARGS(db_text(j->m->lme), db_text(j->c->department)), &rows);
	if (st != E_OK)
		return st;
	if (rows.n != 1)
		return wrong(j, "/lme", FE_NOT_FOUND);
	j->found.lme_id = db_row(&rows, 0)[0].i;
	return E_OK;
}

/* Locks both, so that the parent cannot close between this and our commit. Who changed one since this transaction began conflicts
 * (innodb_snapshot_isolation): what was read before the lock is what is locked. */
static enum status
find_parent(struct job *j)
{
	const struct actor *sees = j->actor->kind == ACTOR_SYSTEM ? NULL : j->actor;
	struct complaint parent;
	struct db_rows rows;
	enum status st;

	if (j->m->parent == NULL)
		return E_OK;
	st = complaint_find(j->w->db, j->w->arena, j->m->parent, sees, &parent);
	if (st == E_NOT_FOUND)
		return wrong(j, "/parent", FE_NOT_FOUND);
	if (st == E_OK)
		st = db_run(j->w->db, j->w->arena, &move_sql[Q_LOCK], DB_ARGS(db_int(parent.id), db_int(j->c->id)), &rows);
	if (st != E_OK)
		return st;
	if (parent.id == j->c->id || !state_in(parent.state, OPEN_STATES) ||
	    (!follows(j) && !span_eq(parent.department, j->c->department)))
		return illegal(j, REFUSAL_PARENT);
	j->found.parent_id = parent.id;
	return E_OK;
}

static enum status
find_ward(struct job *j)
{
	const struct moving *m = j->m;
	int ward = 0;
	enum status st;

	if (!m->has_point)
		return E_OK;
	st = directory_locate(j->w->db, j->w->arena, m->lon, m->lat, &ward);
	if (st == E_OUTSIDE_KOLKATA && j->refused->errors != NULL)
		field_error_add(j->refused->errors, "/location", FE_OUTSIDE_KOLKATA);
	if (st == E_OK && ward == 0 && m->ward == 0)
		return wrong(j, "/ward", FE_CHOOSE_WARD);
	j->found.ward = ward;
	return st;
}

/* A department that had it before, a subject corrected before, a duplicate taken apart before: they have had their time. */
static enum status
find_counted(struct job *j)
{
	const struct directory *d = j->w->directory;
	const struct subcategory *s = j->m->subcategory;
	const struct complaint *c = j->c;
	struct span department = c->department;
	const struct db_value *v;
	struct db_rows rows;
	enum status st;

	if (s == NULL && j->m->action != UNMERGE)
		return E_OK;
	if (s != NULL)
		department = d->departments[d->categories[s->category].department].code;
	st = db_run(j->w->db, j->w->arena, &move_sql[Q_COUNTED], DB_ARGS(db_text(department), db_int(c->id), db_int(c->id)), &rows);
	if (st != E_OK)
		return st;
	v = db_row(&rows, 0);
	j->found.counted_ms = v[0].i;
	j->found.stood_ms = v[1].i + (c->state == AWAITING_CITIZEN ? j->m->now_ms - v[0].i : 0);
	j->found.again = v[j->m->action == TRANSFER ? 2 : j->m->action == CORRECT ? 3 : 4].i > 0;
	return E_OK;
}

static bool
photo_needed(const struct job *j)
{
	const struct subcategory *s = directory_subcategory(j->w->directory, j->c->subcategory);

	return s != NULL && s->photo_on_resolve;
}

static enum status
wrong_upload(const struct job *j, size_t index)
{
	const char *pointer = arena_printf(j->w->arena, "/attachments/%zu", index);

	return pointer == NULL ? E_NOMEM : wrong(j, pointer, FE_NOT_FOUND);
}

static enum status
find_uploads(struct job *j)
{
	const struct schema_texts *uploads = &j->m->uploads;
	size_t photos = 0, index = 0;
	enum status st = attachment_ids(*uploads, j->uploads, &index);

	if (st == E_OK && uploads->n > 0)
		st = attachment_check(j->w->db, j->w->arena, j->actor, (const uint8_t(*)[ATTACHMENT_ID_BYTES])j->uploads,
				      uploads->n, j->m->now_ms, &photos, &index);
	if (st == E_INVALID)
		return wrong_upload(j, index);
	if (st == E_OK && photos == 0 && (j->row->needs & W_PHOTO) != 0 && photo_needed(j))
		return wrong(j, "/attachments", FE_REQUIRED);
	return st;
}

static enum status
look_up(struct job *j)
{
	enum status st = check_subcategory(j);

	if (st == E_OK)
		st = find_uploads(j);
	if (st == E_OK)
		st = find_counted(j);
	if (st == E_OK)
		st = find_lme(j);
	if (st == E_OK)
		st = find_ward(j);
	if (st == E_OK)
		st = find_parent(j);
	j->found.actor_id = j->actor->kind == ACTOR_STAFF ? j->actor->id : 0;
	return st;
}

/* ---- what is written */

static struct db_value
id_or_null(int64_t id)
{
	return id == 0 ? db_null() : db_int(id);
}

/* The office that the timeline names: who has it now, or of a closed one who did it. */
static const char *
office(const struct job *j)
{
	const char *now = parties_office(j->c->state, j->c->level);

	if (now != NULL)
		return now;
	if (j->m->action == RATE || j->m->action == WITHDRAW)
		return "CITIZEN";
	if (j->m->action == CLOSE)
		return "SYSTEM";
	now = parties_office(j->before.state, j->before.level);
	return now == NULL || j->m->action == MERGE ? "GRO" : now;
}

static enum status
store_rating(const struct job *j)
{
	const struct complaint *c = &j->before;
	const bool child = c->state == DUPLICATE;
	const int64_t whose = child ? c->parent.last_holder_id : c->last_holder_id;
	enum status st;

	if (j->m->action != RATE)
		return E_OK;
	st = db_run(j->w->db, j->w->arena, &move_sql[Q_RATE],
		    DB_ARGS(db_int(c->id), db_int(c->resolution), db_int(j->m->stars), db_text(j->m->reasons),
			    db_text(j->m->comment), db_time(j->m->now_ms), id_or_null(whose), db_text(c->department)),
		    NULL);
	return st == E_STALE ? illegal(j, REFUSAL_RATED) : st;
}

static enum status
bind_uploads(const struct job *j)
{
	const struct moving *m = j->m;
	size_t index = 0;
	enum status st;

	if (m->uploads.n == 0)
		return E_OK;
	st = attachment_bind(j->w->db, j->w->arena, j->actor, (const uint8_t(*)[ATTACHMENT_ID_BYTES])j->uploads, m->uploads.n,
			     m->now_ms, j->c->id, j->seq, m->internal, &index);
	return st == E_INVALID ? wrong_upload(j, index) : st;
}

static enum status
store(struct job *j)
{
	static const char *const routes[] = { [ROUTE_NOT] = "", [ROUTE_ANEW] = "anew", [ROUTE_IF_UNFIT] = "unfit" };
	static const char *const kinds[] = {
		[ACTOR_NOBODY] = "system", [ACTOR_CITIZEN] = "citizen", [ACTOR_STAFF] = "staff", [ACTOR_SYSTEM] = "system"
	};
	const struct complaint *c = j->c;
	const struct moving *m = j->m;
	const bool waits = c->state == AWAITING_CITIZEN;
	struct span detail, payload, landmark = { NULL, 0 };
	struct db_rows rows;
	enum status st = move_detail(j, &detail);

	if (st == E_OK)
		st = move_payload(j, c, &payload);
	if (st == E_OK && m->landmark.p != NULL)
		st = seal_box(j->w->seal, j->w->arena, m->landmark, &landmark);
	if (st == E_OK)
		st = store_rating(j);
	if (st != E_OK)
		return st;
	st = db_run(
		j->w->db, j->w->arena, &move_sql[Q_MOVE],
		DB_ARGS(db_int(0), db_int(c->id), db_int(c->version), db_time(m->now_ms), db_text(span_of(action_name(m->action))),
			db_text(span_of(move_event(m->action, c))), db_text(span_of(routes[j->routing])),
			db_text(span_of(state_name(c->state))), db_int(c->level), db_int(c->priority), db_int(c->reopen_count),
			id_or_null(c->holder_id), id_or_null(c->last_holder_id), id_or_null(c->proposed_id),
			id_or_null(c->parent.id), waits ? db_text(span_of(state_name(c->waiting_from))) : db_null(),
			waits ? db_time(c->waiting_ms) : db_null(), db_int(c->asked), db_int(c->asked_before),
			db_text(c->department), db_text(c->category), db_text(c->subcategory), db_int(c->ward), db_int(c->borough),
			c->has_point ? db_double(c->lon) : db_null(), c->has_point ? db_double(c->lat) : db_null(),
			c->accuracy_m < 0 ? db_null() : db_double(c->accuracy_m), db_text(landmark), db_time(c->due_ms),
			db_time(c->escalate_ms), db_time(c->resolved_ms), db_int(c->closed_by_clock), db_int(c->overdue_told),
			db_text(span_of(kinds[j->actor->kind])), id_or_null(j->actor->id), db_text(span_of(office(j))),
			db_text(m->note), db_int(m->internal), db_text(detail), db_text(payload)),
		&rows);
	if (st != E_OK)
		return st;
	if (rows.n != 1 || db_row(&rows, 0)[0].i == 0)
		return E_STALE;
	j->seq = db_row(&rows, 0)[1].i;
	return bind_uploads(j);
}

/* ---- duplicates */

/* The child's complainant hears what the parent's hears, under their own number and with a link of their own. */
static enum status
tell_child(const struct job *j, const struct complaint *child)
{
	struct span payload;
	enum status st;

	if (child->citizen_id == 0 || j->m->action == ASK_CITIZEN || j->m->action == RESUME)
		return E_OK;
	st = move_payload(j, child, &payload);
	if (st != E_OK)
		return st;
	return db_run(j->w->db, j->w->arena, &move_sql[Q_TELL_CHILD],
		      DB_ARGS(db_int(j->c->id), db_int(j->seq), db_int(child->citizen_id), db_text(child->language),
			      db_text(payload), db_time(j->m->now_ms), db_time(j->m->now_ms),
			      db_text(span_of(move_event(j->m->action, child))), db_text(span_of(state_name(j->c->state)))),
		      NULL);
}

/* What a move of the parent means for a child: joined to the new parent, on its own again, given another subject with it (whoever
 * re-opens it comes to those who had it last), or told. */
static enum status
follow(const struct job *j, struct complaint *child)
{
	static const struct actor parent = { .kind = ACTOR_SYSTEM, .parties = P_PARENT };
	struct moving m = { MOVING_INIT, .action = UNMERGE, .now_ms = j->m->now_ms };

	if (j->m->action == MERGE) {
		m.action = MERGE;
		m.parent = j->m->parent;
	} else if (j->m->subcategory != NULL) {
		m.action = j->m->action;
		m.subcategory = j->m->subcategory;
	} else if (j->m->action != WITHDRAW) {
		return tell_child(j, child);
	}
	return complaint_move(j->w, &parent, &m, child, j->refused);
}

/* One after the other in an arena that is emptied between them: there may be hundreds, after a burst main, and what they take
 * together is more than a request may hold. */
static enum status
children_follow(const struct job *j)
{
	struct means w = *j->w;
	struct job one = *j;
	struct db_rows rows;
	struct complaint child;
	enum status st = db_run(w.db, w.arena, &move_sql[Q_CHILDREN], DB_ARGS(db_int(j->c->id)), &rows);

	if (st != E_OK || rows.n == 0)
		return st;
	w.arena = arena_new(CHILD_FIRST_BYTES, CHILD_BYTES);
	if (w.arena == NULL)
		return E_NOMEM;
	one.w = &w;
	for (size_t i = 0; i < rows.n && st == E_OK; i++) {
		st = complaint_find_id(w.db, w.arena, db_row(&rows, i)[0].i, &child);
		if (st == E_OK)
			st = follow(&one, &child);
		arena_reset(w.arena);
	}
	arena_free(w.arena);
	return st;
}

enum status
complaint_move(const struct means *w, const struct actor *actor, const struct moving *m, struct complaint *c,
	       struct refused *refused)
{
	struct job j = { .w = w, .actor = actor, .m = m, .refused = refused, .c = c, .before = *c };
	enum status st = check_caller(&j);

	refused->why = REFUSAL_NONE;
	if (st == E_OK)
		st = check_right(&j);
	if (st == E_OK)
		st = check_told(&j);
	if (st == E_OK)
		st = look_up(&j);
	if (st != E_OK)
		return st;
	j.routing = transition_apply(w->directory, j.row, m, &j.found, c);
	st = store(&j);
	if (st == E_OK && m->action != NOTE && !state_in(j.before.state, STATE_BIT(DUPLICATE)))
		st = children_follow(&j);
	return st == E_OK ? complaint_find_id(w->db, w->arena, c->id, c) : st;
}
