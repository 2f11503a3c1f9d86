/* What an export says about one complaint: a statement to each part, its columns become the members. */
#include "ctl_audit.h"

#include "core/clock.h"
#include "core/json.h"
#include "core/scan.h"
#include "domain/audit_tree.h"

#define HEADS_MOST  1000
#define BATCH_BYTES ((size_t)4 << 20)

/* A column becomes a member by its letter (bytes as hex) and by the sign behind its name: `?` true or false, `*` personal, opened
 * only when that was asked for. Each parameter of the statement is the complaint's id. */
struct part {
	const char *name;
	bool one; /* an object or null; else an array */
	const char *members;
	struct sql sql;
};

enum { P_COMPLAINT, P_EVENTS, P_RATINGS, P_ATTACHMENTS, P_MESSAGES, P_SIGNED, P_ACCESS, PART__COUNT };

/* clang-format off */
static const struct part parts[] = {
[P_COMPLAINT] = { "complaint", true,
	"id number version state level priority? channel citizen_id name* mobile* email* landmark* department category subcategory"
	" ward borough lat lon accuracy_m description language holder last_holder proposed parent reopen_count"
	" waiting_from waiting_since lodged_at due_at escalate_at resolved_at closed_by_clock? changed_at event_count event_head",
	{ "SELECT c.id, c.number, c.version, c.state, c.level, c.priority, c.channel, c.citizen_id, z.name_sealed, z.mobile_sealed,"
	  " z.email_sealed, c.landmark_sealed, c.department_code, c.category_code, c.subcategory_code, c.ward_no, c.borough_no,"
	  " c.lat, c.lon, c.accuracy_m, c.description, c.language, h.user_name, l.user_name, x.user_name, p.number, c.reopen_count,"
	  " c.waiting_from, c.waiting_since, c.lodged_at, c.due_at, c.escalate_at, c.resolved_at, c.closed_by_clock, c.changed_at,"
	  " c.event_count, c.event_head FROM complaint c LEFT JOIN citizen z ON z.id = c.citizen_id"
	  " LEFT JOIN staff h ON h.id = c.holder_id LEFT JOIN staff l ON l.id = c.last_holder_id"
	  " LEFT JOIN staff x ON x.id = c.proposed_id LEFT JOIN complaint p ON p.id = c.parent_id WHERE c.id = ?",
	  "i", "isisiisibbbbsssiidddssssssistttttitib", false } },
[P_EVENTS] = { "events", false,
	"complaint_id seq at action from to level actor_kind actor_id user office note internal? detail hash",
	{ "SELECT e.complaint_id, e.seq, e.at, e.action, e.from_state, e.to_state, e.level, e.actor_kind, e.actor_id, s.user_name,"
	  " e.office, e.note, e.internal, e.detail, e.hash FROM complaint_event e"
	  " LEFT JOIN staff s ON e.actor_kind = 'staff' AND s.id = e.actor_id WHERE e.complaint_id = ? ORDER BY e.seq",
	  "i", "iitsssisisssisb", false } },
[P_RATINGS] = { "ratings", false,
	"reopen_count stars reasons comment rated_at holder department",
	{ "SELECT r.reopen_count, r.stars, r.reasons, r.comment, r.rated_at, s.user_name, r.department_code FROM rating r"
	  " LEFT JOIN staff s ON s.id = r.holder_id WHERE r.complaint_id = ? ORDER BY r.reopen_count",
	  "i", "iisstss", false } },
[P_ATTACHMENTS] = { "attachments", false,
	"id event_seq kind bytes sha256 internal? uploaded_at",
	{ "SELECT id, event_seq, kind, bytes, sha256, internal, created_at FROM attachment WHERE complaint_id = ?"
	  " ORDER BY event_seq, created_at, id",
	  "i", "bisibit", false } },
/* never their variables: they hold the links that open a complaint without a login */
[P_MESSAGES] = { "messages", false,
	"event_seq destination recipient user template language state tries created_at settled_at result",
	{ "SELECT o.event_seq, o.destination, o.recipient, s.user_name, o.template, o.language, o.state, o.tries, o.created_at,"
	  " o.settled_at, o.result FROM outbox o LEFT JOIN staff s ON o.recipient = 'staff' AND s.id = o.recipient_id"
	  " WHERE o.complaint_id = ? AND o.lane <> 0 ORDER BY o.event_seq, o.id",
	  "i", "issssssitts", false } },
[P_SIGNED] = { "signed", false,
	"day event_count event_head tag day_heads day_events day_root day_previous day_signed_at day_key_id day_tag",
	{ "SELECT CAST(h.day AS CHAR), h.event_count, h.event_head, h.tag, d.heads, d.events, d.root, d.previous, d.signed_at,"
	  " d.key_id, d.tag FROM audit_head h LEFT JOIN audit_day d ON d.day = h.day WHERE h.complaint_id = ? ORDER BY h.day",
	  "i", "sibbiibbtib", false } },
/* also who searched for the complainant's mobile */
[P_ACCESS] = { "access", false,
	"at user operator roles what by_mobile? reason request_id",
	{ "SELECT l.at, s.user_name, l.operator, l.roles, l.what, FALSE, l.reason, l.request_id FROM access_log l"
	  " LEFT JOIN staff s ON s.id = l.staff_id WHERE l.complaint_id = ? UNION ALL"
	  " SELECT l.at, s.user_name, l.operator, l.roles, l.what, TRUE, l.reason, l.request_id FROM complaint c"
	  " JOIN citizen z ON z.id = c.citizen_id JOIN access_log l ON l.complaint_id = 0 AND l.subject = z.mobile_index"
	  " LEFT JOIN staff s ON s.id = l.staff_id WHERE c.id = ? ORDER BY 1",
	  "ii", "tssssiss", false } },
};
/* clang-format on */
_Static_assert(ARRAY_LEN(parts) == PART__COUNT, "a part is missing");

static const struct sql heads_sql = { "SELECT complaint_id, event_count, event_head, number FROM audit_head"
				      " WHERE day = ? AND complaint_id > ? ORDER BY complaint_id LIMIT 1000",
				      "si", "iibs", false };

static json_t *
json_hex(struct arena *a, struct span bytes)
{
	struct buf b = BUF_INIT(2 * bytes.n + 1);
	json_t *text;

	buf_hex(&b, bytes.p, bytes.n);
	text = json_span(b.failed ? (struct span){ NULL, 0 } : (struct span){ arena_strndup(a, b.data, b.len), b.len });
	buf_release(&b);
	return text;
}

/* E_INTERNAL: sealed with a key that is not there, or forged. */
static enum status
open_sealed(const struct audit_job *j, struct arena *a, const struct db_value *v, json_t **out)
{
	struct span plain = { NULL, 0 };
	enum status st = j->options->personal && !v->null ? seal_open(j->seal, a, v->s, &plain) : E_OK;

	*out = json_span(plain);
	return st;
}

static json_t *
json_cell(struct arena *a, char letter, char sign, const struct db_value *v)
{
	if (v->null)
		return json_null();
	if (letter == 'i')
		return sign == '?' ? json_boolean(v->i != 0) : json_integer(v->i);
	if (letter == 'd')
		return json_real(v->d);
	if (letter == 't')
		return json_time(v->i);
	return letter == 'b' ? json_hex(a, v->s) : json_span(v->s);
}

static enum status
row_json(const struct audit_job *j, struct arena *a, const struct part *p, const struct db_value *v, json_t **out)
{
	struct span rest = span_of(p->members), name;
	enum status st = E_OK;

	*out = json_object();
	for (size_t i = 0; st == E_OK && scan_cut(&rest, ' ', &name); i++) {
		char sign = name.p[name.n - 1];
		json_t *cell = NULL;

		if (sign == '*')
			st = open_sealed(j, a, &v[i], &cell);
		else
			cell = json_cell(a, p->sql.out[i], sign, &v[i]);
		name.n -= sign == '*' || sign == '?';
		if (json_object_setn_new(*out, name.p, name.n, cell) != 0)
			st = E_NOMEM;
	}
	return st;
}

/* Whether the complaint's head of the day is in the tree: the way up to the root that was signed. */
static enum status
path_json(const struct audit_job *j, struct arena *a, int64_t id, const char *day, json_t **out)
{
	struct arena *batch = arena_new(65536, BATCH_BYTES);
	struct audit_tree tree = { 0 };
	struct audit_path path = { 0 };
	uint8_t root[SEAL_HASH_BYTES];
	struct db_rows rows = { 0 };
	int64_t after = 0, day_ms = 0;
	enum status st = batch == NULL ? E_NOMEM : audit_day_parse(span_of(day), &day_ms) ? E_OK : E_INTERNAL;

	while (st == E_OK && (after == 0 || rows.n == HEADS_MOST)) {
		arena_reset(batch);
		st = db_run(j->db, batch, &heads_sql, DB_ARGS(db_text(span_of(day)), db_int(after)), &rows);
		for (size_t i = 0; st == E_OK && i < rows.n; i++) {
			const struct db_value *v = db_row(&rows, i);
			struct audit_head h = { .complaint_id = v[0].i, .event_count = v[1].i };
			struct span text;

			audit_hash_read(&v[2], h.hash);
			(void)snprintf(h.number, sizeof(h.number), "%.*s", SPAN_FMT(v[3].s));
			text = audit_head_span(batch, day_ms, &h);
			if (text.p == NULL)
				st = E_NOMEM;
			else
				audit_tree_add(&tree, text, &path, h.complaint_id == id);
			after = h.complaint_id;
		}
		if (rows.n == 0)
			break;
	}
	audit_tree_root(&tree, &path, root);
	*out = json_array();
	for (int i = 0; i < path.n && st == E_OK; i++)
		(void)json_array_append_new(
			*out, json_pack("{s:s, s:o}", "side", path.step[i].left ? "left" : "right", "hash",
					json_hex(a, (struct span){ (const char *)path.step[i].hash, SEAL_HASH_BYTES })));
	arena_free(batch);
	return st;
}

static enum status
add_paths(const struct audit_job *j, struct arena *a, int64_t id, json_t *list)
{
	enum status st = E_OK;
	json_t *head, *path;
	size_t i;

	json_array_foreach(list, i, head)
	{
		if (st == E_OK)
			st = path_json(j, a, id, json_string_value(json_object_get(head, "day")), &path);
		if (st == E_OK && json_object_set_new(head, "path", path) != 0)
			st = E_NOMEM;
	}
	return st;
}

static enum status
part_json(const struct audit_job *j, struct arena *a, int64_t id, const struct part *p, json_t **out)
{
	const struct db_value args[] = { db_int(id), db_int(id) };
	struct db_rows rows;
	enum status st = db_run(j->db, a, &p->sql, args, strlen(p->sql.in), &rows);

	*out = p->one ? json_null() : json_array();
	for (size_t i = 0; st == E_OK && i < rows.n; i++) {
		json_t *row;

		st = row_json(j, a, p, db_row(&rows, i), &row);
		if (p->one)
			*out = row;
		else if (json_array_append_new(*out, row) != 0)
			st = E_NOMEM;
	}
	return st;
}

enum status
audit_export_complaint(const struct audit_job *j, struct arena *a, int64_t id, bool proved, json_t **out)
{
	json_t *o = json_own(a, json_object());
	enum status st = o == NULL ? E_NOMEM : E_OK;

	for (int i = 0; st == E_OK && i < PART__COUNT; i++) {
		json_t *part = NULL;

		st = part_json(j, a, id, &parts[i], &part);
		if (st == E_OK && i == P_SIGNED && proved)
			st = add_paths(j, a, id, part);
		if (json_object_set_new(o, parts[i].name, part) != 0)
			st = E_NOMEM;
	}
	*out = o;
	return st;
}
