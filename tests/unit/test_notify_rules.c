/* Who hears of what: event_notify on the real rules, for officers who are there, who left, and who never were. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "domain/wording.h"
#include "seeded.h"

#define CITIZEN_ID 7

static MYSQL *owner; /* one connection for thousands of scenes */

/* DRN has everybody; PRK has controlling officers alone; LGT an escalation officer of level 2. Staff 91 is of the whole
 * corporation. */
static const struct officer {
	int64_t id;
	const char *role, *department; /* NULL: everywhere */
	int level, borough;            /* 0: none, all */
	const char *language;
	bool active, mobile;
} officers[] = {
	{ 11, "LME", "DRN", 0, 1, "bn", true, true },
	{ 12, "LME", "DRN", 0, 2, "hi", true, true },
	{ 13, "LME", "DRN", 0, 1, "en", false, true },
	{ 14, "LME", "DRN", 0, 3, "en", true, false },
	{ 21, "GRO", "DRN", 0, 0, "en", true, true },
	{ 22, "GRO", "DRN", 0, 1, "bn", true, true },
	{ 22, "GRO", "DRN", 0, 2, "bn", true, true }, /* two rows of the roster, one person */
	{ 23, "GRO", "DRN", 0, 2, "hi", true, true },
	{ 24, "GRO", "DRN", 0, 0, "en", false, true },
	{ 25, "GRO", "DRN", 0, 0, "en", true, false },
	{ 31, "EO", "DRN", 1, 0, "bn", true, true },
	{ 32, "EO", "DRN", 2, 0, "hi", true, true },
	{ 33, "EO", "DRN", 2, 2, "en", true, true },
	{ 34, "EO", "DRN", 1, 0, "en", false, true },
	{ 41, "CONTROLLING", "DRN", 0, 0, "en", true, true },
	{ 51, "CONTROLLING", "PRK", 0, 0, "bn", true, true },
	{ 52, "CONTROLLING", "PRK", 0, 0, "hi", true, true },
	{ 53, "GRO", "PRK", 0, 0, "en", false, true },
	{ 61, "EO", "LGT", 2, 0, "bn", true, true },
	{ 62, "CONTROLLING", "LGT", 0, 0, "en", true, true },
	{ 63, "GRO", "LGT", 0, 0, "en", true, false }, /* there, though nobody can tell */
	{ 91, "COMMISSIONER", NULL, 0, 0, "en", true, true },
};

static const char *const states[] = { "UNASSIGNED",       "ASSIGNED",  "IN_PROGRESS", "REASSIGN_REQUESTED",
				      "AWAITING_CITIZEN", "ESCALATED", "RESOLVED",    "REJECTED",
				      "CLOSED",           "WITHDRAWN", "DUPLICATE" };

/* What a case needs of a complaint and its last event. */
struct scene {
	const char *action, *from, *to, *department;
	int borough, level;
	int64_t holder, last_holder; /* 0: nobody */
	const char *language;        /* of the complaint */
	bool anonymous;
	const char *asked_in; /* state of an earlier question; NULL: none */
};

static void run(const char *fmt, ...) PRINTF(1, 2);
static void
run(const char *fmt, ...)
{
	char text[2000];
	va_list args;
	int more;

	va_start(args, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	assert_int_equal(mysql_query(owner, text), 0);
	do
		mysql_free_result(mysql_store_result(owner));
	while ((more = mysql_next_result(owner)) == 0);
	assert_int_equal(more, -1);
}

static const char *
quoted(const char *word, char out[static 30])
{
	(void)snprintf(out, 30, word == NULL ? "NULL" : "'%s'", word);
	return out;
}

static int
group_up(void **state)
{
	char word[30];

	if (seeded_up(state) != 0)
		return -1;
	owner = private_connect(&maria, "ekmc");
	run("SET GLOBAL innodb_flush_log_at_trx_commit = 0"); /* nothing here has to last */
	run("INSERT INTO department (code, name_en, name_bn, name_hi, sort, active) VALUES ('LGT','Lighting','আলো','प्रकाश',3,1)");
	run("INSERT INTO citizen (id, mobile_index, mobile_sealed, language, created_at) VALUES (%d, REPEAT('i', 32), 'x', 'en', "
	    "NOW())",
	    CITIZEN_ID);
	for (size_t i = 0; i < ARRAY_LEN(officers); i++) {
		const struct officer *o = &officers[i];

		run("INSERT IGNORE INTO staff (id, user_name, name_en, name_bn, mobile_sealed, language, active) VALUES (%jd, "
		    "'u%jd',"
		    " 'Name', 'নাম', %s, '%s', %d)",
		    (intmax_t)o->id, (intmax_t)o->id, o->mobile ? "'x'" : "NULL", o->language, o->active);
		run("INSERT INTO roster (staff_id, role, department_code, eo_level, borough_no) VALUES (%jd, '%s', %s, NULLIF(%d, "
		    "0),"
		    " NULLIF(%d, 0))",
		    (intmax_t)o->id, o->role, quoted(o->department, word), o->level, o->borough);
	}
	return 0;
}

static int
group_down(void **state)
{
	mysql_close(owner);
	return seeded_down(state);
}

static void
set_scene(const struct scene *s)
{
	char from[30];

	run("DELETE FROM outbox; DELETE FROM complaint_event; DELETE FROM complaint;"
	    "INSERT INTO complaint (id, number, state, level, channel, citizen_id, department_code, category_code, "
	    "subcategory_code,"
	    " ward_no, borough_no, description, language, holder_id, last_holder_id, lodged_at, due_at, changed_at, event_count,"
	    " event_head) VALUES (1, '261100000016', '%s', %d, 'WEB', NULLIF(%d, 0), '%s', 'X', 'DRN-01', 1, %d, 'd', '%s',"
	    " NULLIF(%jd, 0), NULLIF(%jd, 0), NOW(), NOW(), NOW(), 5, REPEAT('h', 32));"
	    "INSERT INTO complaint_event (complaint_id, seq, at, action, from_state, to_state, level, actor_kind, office, hash)"
	    " VALUES (1, 5, NOW(), '%s', %s, '%s', %d, 'system', 'LME', REPEAT('h', 32))",
	    s->to, s->level, s->anonymous ? 0 : CITIZEN_ID, s->department, s->borough, s->language, (intmax_t)s->holder,
	    (intmax_t)s->last_holder, s->action, quoted(s->from, from), s->to, s->level);
	if (s->asked_in != NULL)
		run("INSERT INTO complaint_event (complaint_id, seq, at, action, from_state, to_state, level, actor_kind, office, "
		    "hash)"
		    " VALUES (1, 1, NOW(), 'ask_citizen', 'UNASSIGNED', 'AWAITING_CITIZEN', 0, 'staff', 'LME', REPEAT('h', 32)),"
		    " (1, 3, NOW(), 'ask_citizen', '%s', 'AWAITING_CITIZEN', 0, 'staff', 'LME', REPEAT('h', 32))",
		    s->asked_in);
}

static void
notify(const char *action)
{
	static const struct sql call = { "CALL event_notify(1, 5, ?, ?, 'sealed')", "ts", "", false };
	struct db_rows done;

	assert_int_equal(db_run(one.db, one.a, &call, DB_ARGS(db_time(MONDAY_MS), db_text(span_of(action))), &done), E_OK);
}

/* Everybody in the outbox: "citizen7 registered bn, staff11 lme_assigned bn". */
static const char *
outbox(void)
{
	static const struct sql read = {
		"SELECT COALESCE(GROUP_CONCAT(CONCAT(recipient, recipient_id, ' ', template, ' ', language)"
		" ORDER BY recipient, recipient_id, template SEPARATOR ', '), '') FROM outbox"
		" WHERE complaint_id = 1 AND event_seq = 5 AND destination = 'sms' AND lane = 1"
		" AND payload_sealed = 'sealed' AND state = 'new' AND not_before = created_at",
		"", "s", false
	};
	struct db_rows rows = seeded_rows(&one, &read, DB_NO_ARGS);

	assert_int_equal(count("outbox"), private_number(&maria, "SELECT COUNT(*) FROM outbox WHERE event_seq = 5"));
	return arena_strndup(one.a, db_row(&rows, 0)[0].s.p, db_row(&rows, 0)[0].s.n);
}

static const char *
told(const struct scene *s)
{
	set_scene(s);
	notify(s->action);
	return outbox();
}

/* ---- the design's table of moves, word for word */

#define DRN(...)                                                                                                                   \
	{                                                                                                                          \
		.department = "DRN", .borough = 1, .language = "bn", __VA_ARGS__                                                   \
	}
#define GROS(template) "staff21 " template " en, staff22 " template " bn"

static const struct {
	struct scene scene;
	const char *told;
} design[] = {
	{ DRN(.action = "lodge", .to = "ASSIGNED", .holder = 11), "citizen7 registered bn, staff11 lme_assigned bn" },
	{ DRN(.action = "lodge", .to = "UNASSIGNED"), "citizen7 registered bn, " GROS("gro_unassigned") },
	{ DRN(.action = "me_too", .to = "DUPLICATE"), "citizen7 me_too bn" },
	{ DRN(.action = "assign", .from = "REASSIGN_REQUESTED", .to = "ASSIGNED", .holder = 12),
	  "citizen7 assigned bn, staff12 lme_assigned hi" },
	{ DRN(.action = "start", .from = "ASSIGNED", .to = "IN_PROGRESS", .holder = 11), "" },
	{ DRN(.action = "request_reassign", .from = "IN_PROGRESS", .to = "REASSIGN_REQUESTED", .holder = 11),
	  "citizen7 reassigned bn, " GROS("gro_reassign_request") },
	{ DRN(.action = "refuse", .from = "REASSIGN_REQUESTED", .to = "ASSIGNED", .holder = 11), "staff11 lme_refused bn" },
	{ DRN(.action = "transfer", .from = "ASSIGNED", .to = "ASSIGNED", .holder = 11),
	  "citizen7 transferred bn, staff11 lme_assigned bn" },
	{ DRN(.action = "transfer", .from = "ASSIGNED", .to = "UNASSIGNED"), "citizen7 transferred bn, " GROS("gro_unassigned") },
	{ DRN(.action = "transfer", .from = "ESCALATED", .to = "ESCALATED", .level = 2),
	  "citizen7 transferred bn, staff32 eo_escalated hi" },
	{ DRN(.action = "correct", .from = "ASSIGNED", .to = "ASSIGNED", .holder = 11), "staff11 lme_corrected bn" },
	{ DRN(.action = "correct", .from = "IN_PROGRESS", .to = "IN_PROGRESS", .holder = 11), "staff11 lme_corrected bn" },
	{ DRN(.action = "correct", .from = "ASSIGNED", .to = "UNASSIGNED"), GROS("gro_unassigned") },
	{ DRN(.action = "correct", .from = "ESCALATED", .to = "ESCALATED", .level = 1), "" },
	{ DRN(.action = "vacate", .from = "IN_PROGRESS", .to = "ASSIGNED", .holder = 12),
	  "staff12 lme_assigned hi, " GROS("gro_vacated") },
	{ DRN(.action = "vacate", .from = "ASSIGNED", .to = "UNASSIGNED"), GROS("gro_vacant") },
	{ DRN(.action = "resolve", .from = "IN_PROGRESS", .to = "RESOLVED", .last_holder = 11), "citizen7 resolved bn" },
	{ DRN(.action = "ask_citizen", .from = "ASSIGNED", .to = "AWAITING_CITIZEN", .holder = 11), "citizen7 question bn" },
	{ DRN(.action = "reply", .from = "AWAITING_CITIZEN", .to = "IN_PROGRESS", .holder = 11), "staff11 holder_reply bn" },
	{ DRN(.action = "reply", .from = "AWAITING_CITIZEN", .to = "UNASSIGNED"), GROS("holder_reply") },
	{ DRN(.action = "reply", .from = "AWAITING_CITIZEN", .to = "REASSIGN_REQUESTED", .holder = 11), GROS("holder_reply") },
	{ DRN(.action = "reply", .from = "AWAITING_CITIZEN", .to = "ESCALATED", .level = 1), "staff31 holder_reply bn" },
	{ DRN(.action = "resume", .from = "AWAITING_CITIZEN", .to = "ASSIGNED", .holder = 11), "citizen7 resumed bn" },
	{ DRN(.action = "reject", .from = "UNASSIGNED", .to = "REJECTED"), "citizen7 rejected bn" },
	{ DRN(.action = "reopen", .from = "RESOLVED", .to = "ESCALATED", .level = 1),
	  "citizen7 reopened bn, staff31 eo_reopened bn" },
	{ { .action = "reopen",
	    .from = "CLOSED",
	    .to = "ESCALATED",
	    .level = 2,
	    .department = "DRN",
	    .borough = 2,
	    .language = "bn" },
	  "citizen7 reopened bn, staff32 eo_reopened hi, staff33 eo_reopened en" },
	{ DRN(.action = "escalate", .from = "ASSIGNED", .to = "ESCALATED", .level = 1),
	  "citizen7 escalated bn, staff31 eo_escalated bn" },
	{ DRN(.action = "direct", .from = "ESCALATED", .to = "ASSIGNED", .level = 1, .holder = 12),
	  "citizen7 directed bn, staff12 lme_directed hi" },
	{ DRN(.action = "rate", .from = "RESOLVED", .to = "CLOSED", .last_holder = 31), "staff31 holder_rated bn" },
	{ DRN(.action = "close", .from = "RESOLVED", .to = "CLOSED", .last_holder = 31), "" },
	{ DRN(.action = "withdraw", .from = "ASSIGNED", .to = "WITHDRAWN", .last_holder = 11), "staff11 holder_withdrawn bn" },
	{ DRN(.action = "withdraw", .from = "IN_PROGRESS", .to = "WITHDRAWN", .holder = 11), "staff11 holder_withdrawn bn" },
	{ DRN(.action = "withdraw", .from = "UNASSIGNED", .to = "WITHDRAWN"), GROS("holder_withdrawn") },
	{ DRN(.action = "withdraw", .from = "REASSIGN_REQUESTED", .to = "WITHDRAWN", .last_holder = 11), GROS("holder_withdrawn") },
	{ DRN(.action = "withdraw", .from = "AWAITING_CITIZEN", .to = "WITHDRAWN", .last_holder = 11, .asked_in = "IN_PROGRESS"),
	  "staff11 holder_withdrawn bn" },
	{ DRN(.action = "withdraw", .from = "AWAITING_CITIZEN", .to = "WITHDRAWN", .asked_in = "REASSIGN_REQUESTED"),
	  GROS("holder_withdrawn") },
	{ DRN(.action = "withdraw", .from = "AWAITING_CITIZEN", .to = "WITHDRAWN", .level = 2, .asked_in = "ESCALATED"),
	  "staff32 holder_withdrawn hi" },
	{ DRN(.action = "note", .from = "ASSIGNED", .to = "ASSIGNED", .holder = 11), "" },
	{ DRN(.action = "merge", .from = "ASSIGNED", .to = "DUPLICATE"), "citizen7 merged bn" },
	{ DRN(.action = "unmerge", .from = "DUPLICATE", .to = "ASSIGNED", .holder = 11),
	  "citizen7 unmerged bn, staff11 lme_assigned bn" },
	{ DRN(.action = "unmerge", .from = "DUPLICATE", .to = "UNASSIGNED"), "citizen7 unmerged bn, " GROS("gro_unassigned") },
	{ DRN(.action = "resolve_last", .from = "ESCALATED", .to = "RESOLVED", .level = 2, .last_holder = 32),
	  "citizen7 resolved_last bn" },
	{ DRN(.action = "reject_last", .from = "ESCALATED", .to = "REJECTED", .level = 2, .last_holder = 32),
	  "citizen7 rejected_last bn" },
	{ DRN(.action = "overdue", .from = "ESCALATED", .to = "ESCALATED", .level = 2), "staff41 co_overdue en" },
};

static void
test_notify_rules__every_move_tells_whom_the_design_says(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(design); i++)
		assert_string_equal(told(&design[i].scene), design[i].told);
}

static void
test_notify_rules__where_nobody_has_the_duty_somebody_above_does(void **state)
{
	static const struct {
		struct scene scene;
		const char *told;
	} rows[] = {
		{ { .action = "lodge", .to = "UNASSIGNED", .department = "PRK", .borough = 1, .language = "hi" },
		  "citizen7 registered hi, staff51 gro_unassigned bn, staff52 gro_unassigned hi" },
		{ { .action = "escalate", .to = "ESCALATED", .level = 1, .department = "PRK", .borough = 1, .language = "en" },
		  "citizen7 escalated en, staff51 eo_escalated bn, staff52 eo_escalated hi" },
		{ { .action = "reopen", .to = "ESCALATED", .level = 2, .department = "PRK", .borough = 1, .language = "en" },
		  "citizen7 reopened en, staff51 eo_reopened bn, staff52 eo_reopened hi" },
		{ { .action = "escalate", .to = "ESCALATED", .level = 1, .department = "LGT", .borough = 1, .language = "en" },
		  "citizen7 escalated en, staff61 eo_escalated bn" },
		/* there, but without a mobile: it is theirs all the same, and nobody else's */
		{ { .action = "lodge", .to = "UNASSIGNED", .department = "LGT", .borough = 1, .language = "en" },
		  "citizen7 registered en" },
		/* who left, who has no mobile, who gave no name */
		{ DRN(.action = "lodge", .to = "ASSIGNED", .holder = 13), "citizen7 registered bn" },
		{ DRN(.action = "lodge", .to = "ASSIGNED", .holder = 14), "citizen7 registered bn" },
		{ DRN(.action = "lodge", .to = "ASSIGNED", .holder = 11, .anonymous = true), "staff11 lme_assigned bn" },
		{ DRN(.action = "reply", .from = "AWAITING_CITIZEN", .to = "ASSIGNED", .holder = 13), "" },
		{ DRN(.action = "rate", .from = "RESOLVED", .to = "CLOSED", .last_holder = 34), "" },
		{ DRN(.action = "rate", .from = "RESOLVED", .to = "CLOSED"), "" },
		/* a department of nobody at all */
		{ { .action = "lodge", .to = "UNASSIGNED", .department = "XXX", .borough = 1, .language = "en" },
		  "citizen7 registered en" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_string_equal(told(&rows[i].scene), rows[i].told);
}

static void
test_notify_rules__the_rating_of_a_duplicate_is_for_whom_resolved_its_parent(void **state)
{
	static const struct scene rated = DRN(.action = "rate", .from = "DUPLICATE", .to = "DUPLICATE", .last_holder = 11);

	(void)state;
	set_scene(&rated);
	run("INSERT INTO complaint (id, number, state, level, channel, department_code, category_code, subcategory_code, ward_no, "
	    "borough_no,"
	    " description, language, last_holder_id, lodged_at, due_at, changed_at, event_count, event_head) VALUES (2, "
	    "'261100000024',"
	    " 'RESOLVED', 0, 'WEB', 'DRN', 'X', 'DRN-01', 1, 1, 'd', 'bn', 31, NOW(), NOW(), NOW(), 1, REPEAT('h', 32));"
	    "UPDATE complaint SET parent_id = 2 WHERE id = 1");
	notify("rate");
	assert_string_equal(outbox(), "staff31 holder_rated bn");
}

static void
test_notify_rules__one_person_hears_once(void **state)
{
	static const struct scene vacated = DRN(.action = "vacate", .from = "ASSIGNED", .to = "ASSIGNED", .holder = 22);
	static const struct scene assigned = DRN(.action = "lodge", .to = "ASSIGNED", .holder = 11);

	(void)state;
	/* 22 is a GRO too: as the new officer they know enough */
	assert_string_equal(told(&vacated), "staff21 gro_vacated en, staff22 lme_assigned bn");
	run("INSERT INTO notification_rule VALUES ('lodge', '', 'holder', 'sms', 'holder_reply'),"
	    " ('lodge', '', 'controlling', 'sms', 'co_overdue'), ('lodge', '', 'gro', 'sms', 'gro_vacant');"
	    "INSERT INTO roster (staff_id, role, department_code) VALUES (21, 'CONTROLLING', 'DRN')");
	assert_string_equal(told(&assigned),
			    "citizen7 registered bn, staff11 lme_assigned bn, " GROS("gro_vacant") ", staff41 co_overdue en");
	run("DELETE FROM notification_rule WHERE event = 'lodge' AND to_state = '' AND audience <> 'citizen';"
	    "DELETE FROM roster WHERE staff_id = 21 AND role = 'CONTROLLING'");
}

/* ---- every event in every state against the rules as they stand in the table */

struct rule {
	char event[21], to_state[21], audience[12], template[31];
};
static struct rule rules[200];
static size_t n_rules;

static void
read_rules(void)
{
	static const struct sql read = {
		"SELECT event, to_state, audience, template FROM notification_rule ORDER BY event, audience", "", "ssss", false
	};
	struct db_rows rows = seeded_rows(&one, &read, DB_NO_ARGS);

	assert_in_range(rows.n, 30, ARRAY_LEN(rules));
	n_rules = rows.n;
	for (size_t i = 0; i < rows.n; i++) {
		const struct db_value *v = db_row(&rows, i);

		(void)snprintf(rules[i].event, sizeof(rules[i].event), "%.*s", SPAN_FMT(v[0].s));
		(void)snprintf(rules[i].to_state, sizeof(rules[i].to_state), "%.*s", SPAN_FMT(v[1].s));
		(void)snprintf(rules[i].audience, sizeof(rules[i].audience), "%.*s", SPAN_FMT(v[2].s));
		(void)snprintf(rules[i].template, sizeof(rules[i].template), "%.*s", SPAN_FMT(v[3].s));
	}
}

static bool
is(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

/* Who hears what, by staff id; NULL: nothing. */
struct heard {
	const char *template[100];
};

static const char *
language_of(int64_t id)
{
	for (size_t i = 0; i < ARRAY_LEN(officers); i++)
		if (officers[i].id == id)
			return officers[i].active && officers[i].mobile ? officers[i].language : NULL;
	return NULL;
}

static void
hear(struct heard *h, int64_t id, const char *template)
{
	if (id != 0 && language_of(id) != NULL && h->template[id] == NULL)
		h->template[id] = template;
}

static bool
hear_duty(struct heard *h, const struct scene *s, const char *role, int level, const char *template)
{
	bool anybody = false;

	for (size_t i = 0; i < ARRAY_LEN(officers); i++) {
		const struct officer *o = &officers[i];

		if (!o->active || !is(o->role, role) || (o->department != NULL && !is(o->department, s->department)) ||
		    (o->borough != 0 && o->borough != s->borough) || (level != 0 && o->level != level))
			continue;
		anybody = true;
		hear(h, o->id, template);
	}
	return anybody;
}

static void
hear_rule(struct heard *h, const struct scene *s, const struct rule *r)
{
	const char *audience = r->audience, *held = s->to;

	if (is(audience, "holder")) {
		if (is(held, "WITHDRAWN") || is(held, "CLOSED") || is(held, "RESOLVED") || is(held, "REJECTED") ||
		    is(held, "DUPLICATE"))
			held = s->from;
		if (is(held, "AWAITING_CITIZEN"))
			held = s->asked_in;
		audience = is(held, "UNASSIGNED") || is(held, "REASSIGN_REQUESTED") ? "gro"
			   : is(held, "ESCALATED")                                  ? "eo"
			   : is(held, "ASSIGNED") || is(held, "IN_PROGRESS")        ? "lme"
										    : "nobody";
		if (is(audience, "lme"))
			hear(h, s->holder != 0 ? s->holder : s->last_holder, r->template);
	} else if (is(audience, "lme")) {
		hear(h, s->holder, r->template);
	}
	if (is(audience, "last_holder"))
		hear(h, s->last_holder, r->template);
	if ((is(audience, "gro") && hear_duty(h, s, "GRO", 0, r->template)) ||
	    (is(audience, "eo") && s->level <= 1 && hear_duty(h, s, "EO", 1, r->template)) ||
	    (is(audience, "eo") && hear_duty(h, s, "EO", 2, r->template)))
		return;
	if (is(audience, "gro") || is(audience, "eo") || is(audience, "controlling"))
		(void)hear_duty(h, s, "CONTROLLING", 0, r->template);
}

static const char *
expected(const struct scene *s)
{
	struct heard h = { .template = { NULL } };
	struct buf text = BUF_INIT(4000);
	const char *copy;

	for (size_t i = 0; i < n_rules; i++) {
		if (!is(rules[i].event, s->action) || (rules[i].to_state[0] != '\0' && !is(rules[i].to_state, s->to)))
			continue;
		if (is(rules[i].audience, "citizen") && !s->anonymous)
			buf_printf(&text, "citizen%d %s %s", CITIZEN_ID, rules[i].template, s->language);
		hear_rule(&h, s, &rules[i]);
	}
	for (size_t id = 0; id < ARRAY_LEN(h.template); id++)
		if (h.template[id] != NULL)
			buf_printf(&text, "%sstaff%zu %s %s", text.len > 0 ? ", " : "", id, h.template[id],
				   language_of((int64_t)id));
	copy = arena_strndup(one.a, text.data == NULL ? "" : text.data, text.len);
	buf_release(&text);
	return copy;
}

static void
check_all(const char *action)
{
	static const char *const departments[] = { "DRN", "DRN", "DRN", "DRN", "PRK", "LGT" };
	static const char *const languages[] = { "en", "bn", "hi" };

	for (int i = 0; i < (int)ARRAY_LEN(states) * (int)ARRAY_LEN(departments); i++) {
		int to = i % (int)ARRAY_LEN(states), k = i / (int)ARRAY_LEN(states);
		const struct scene s = { .action = action,
					 .from = states[(to + k) % (int)ARRAY_LEN(states)],
					 .to = states[to],
					 .department = departments[k],
					 .borough = 1 + k % 3,
					 .level = (k + to) % 3,
					 .holder = k == 0 ? 0 : 11 + (k + to) % 4,
					 .last_holder = k == 1 ? 31 : 0,
					 .language = languages[k % 3],
					 .anonymous = k == 3,
					 .asked_in = states[(k + to) % 6 == 4 ? 5 : (k + to) % 6] };

		assert_string_equal(told(&s), expected(&s));
	}
	arena_reset(one.a);
}

static void
test_notify_rules__every_event_in_every_state(void **state)
{
	(void)state;
	read_rules();
	for (size_t i = 0; i < n_rules; i++)
		if (i == 0 || !is(rules[i].event, rules[i - 1].event))
			check_all(rules[i].event);
	check_all("note");
	check_all("no_such_event");
}

static void
test_notify_rules__the_table_is_what_the_procedure_expects(void **state)
{
	(void)state;
	/* a rule for any state leaves no room for another */
	assert_int_equal(
		count("notification_rule a JOIN notification_rule b ON b.event = a.event AND b.audience = a.audience AND b.to_state"
		      " <> a.to_state WHERE a.to_state = ''"),
		0);
	assert_int_equal(count("notification_rule WHERE destination <> 'sms'"), 0);
	read_rules();
	for (size_t i = 0; i < n_rules; i++) {
		const struct wording_kind *kind = wording_kind(span_of(rules[i].template));

		assert_non_null(kind);
		/* a note stays in the house */
		if (is(rules[i].audience, "citizen"))
			assert_int_equal(kind->may & (1u << PH_REASON | 1u << PH_HOLDER | 1u << PH_CODE), 0);
	}
}

/* Messages must not wait for a roster import, nor make one wait: everything they read is locked by somebody else here. */
static void
test_notify_rules__a_roster_import_under_way_holds_nobody_up(void **state)
{
	static const struct scene scenes[] = {
		DRN(.action = "lodge", .to = "ASSIGNED", .holder = 11),
		DRN(.action = "vacate", .from = "ASSIGNED", .to = "ASSIGNED", .holder = 12),
		DRN(.action = "escalate", .from = "ASSIGNED", .to = "ESCALATED", .level = 1),
		DRN(.action = "rate", .from = "RESOLVED", .to = "CLOSED", .last_holder = 31),
	};
	MYSQL *import = private_connect(&maria, "ekmc");
	int64_t begun_ms;

	(void)state;
	assert_non_null(import);
	for (size_t i = 0; i < ARRAY_LEN(scenes); i++) {
		set_scene(&scenes[i]);
		assert_int_equal(mysql_query(import, "START TRANSACTION"), 0);
		assert_int_equal(mysql_query(import, "UPDATE staff SET name_en = CONCAT(name_en, '!')"), 0);
		assert_int_equal(mysql_query(import, "UPDATE roster SET borough_no = 9"), 0);
		assert_int_equal(mysql_query(import, "UPDATE notification_rule SET template = 'x'"), 0);
		begun_ms = clock_monotonic_ms();
		notify(scenes[i].action);
		assert_in_range(clock_monotonic_ms() - begun_ms, 0, 500);
		assert_int_equal(mysql_query(import, "ROLLBACK"), 0);
		assert_string_not_equal(outbox(), "");
	}
	/* and the other way round: what a message read is free for everybody while its transaction is open */
	set_scene(&scenes[1]);
	assert_int_equal(mysql_query(import, "SET innodb_lock_wait_timeout = 1"), 0);
	assert_int_equal(mysql_query(import, "START TRANSACTION"), 0);
	assert_int_equal(mysql_query(import, "CALL event_notify(1, 5, NOW(3), 'vacate', 'sealed')"), 0);
	run("SET innodb_lock_wait_timeout = 1; START TRANSACTION; UPDATE staff SET name_en = CONCAT(name_en, '!');"
	    "UPDATE roster SET borough_no = 9; UPDATE notification_rule SET template = 'x'; ROLLBACK");
	mysql_close(import);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_notify_rules__every_move_tells_whom_the_design_says),
		cmocka_unit_test(test_notify_rules__where_nobody_has_the_duty_somebody_above_does),
		cmocka_unit_test(test_notify_rules__the_rating_of_a_duplicate_is_for_whom_resolved_its_parent),
		cmocka_unit_test(test_notify_rules__one_person_hears_once),
		cmocka_unit_test(test_notify_rules__every_event_in_every_state),
		cmocka_unit_test(test_notify_rules__the_table_is_what_the_procedure_expects),
		cmocka_unit_test(test_notify_rules__a_roster_import_under_way_holds_nobody_up),
	};
	return cmocka_run_group_tests_name("notify_rules", tests, group_up, group_down);
}
