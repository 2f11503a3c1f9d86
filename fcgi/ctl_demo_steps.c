/* What each action of a demo story does, who does it, and when. */
#include "ctl_demo_story.h"

#include "core/clock.h"

#define MINUTE_MS INT64_C(60000)

/* clang-format off */
static const struct step steps[] = {
	{ "start", "IN_PROGRESS", BY_HOLDER, 12, 15, false, { NULL } },
	{ "request_reassign", "REASSIGN_REQUESTED", BY_HOLDER, 15, 25, true,
	  { "Not in my area, please give it to a colleague.", "আমার এলাকা নয়, সহকর্মীকে দিন।", "मेरा क्षेत्र नहीं है, सहकर्मी को दें।" } },
	{ "refuse", "ASSIGNED", BY_GRO, 8, 20, true,
	  { "It is in your area.", "এটি আপনারই এলাকা।", "यह आपका ही क्षेत्र है।" } },
	{ "assign", "ASSIGNED", BY_GRO, 8, 20, false, { NULL } },
	{ "ask_citizen", "AWAITING_CITIZEN", BY_HOLDER, 15, 20, false,
	  { "Please tell us the exact place, such as a house number or a landmark.", "সঠিক জায়গাটি জানান: বাড়ির নম্বর বা কাছের কোনও চিহ্ন।",
	    "कृपया सही जगह बताएँ: मकान नंबर या पास की कोई पहचान।" } },
	{ "reply", NULL, BY_CITIZEN, 5, 90, false,
	  { "Beside the tube well, opposite the primary school.", "টিউবওয়েলের পাশে, প্রাথমিক বিদ্যালয়ের উল্টো দিকে।",
	    "चापाकल के पास, प्राथमिक विद्यालय के सामने।" } },
	{ "resolve", "RESOLVED", BY_HOLDER, 50, 30, false,
	  { "The work is done and was checked on the spot.", "কাজ শেষ হয়েছে, জায়গায় গিয়ে দেখা হয়েছে।", "काम पूरा हुआ, मौके पर जाँच की गई।" } },
	{ "reject", "REJECTED", BY_HOLDER, 20, 30, false,
	  { "This is not a matter of the corporation; please write to the authority concerned.", "বিষয়টি পুরসভার অধীনে নয়; সংশ্লিষ্ট দপ্তরে জানান।",
	    "यह विषय नगर निगम के अधीन नहीं है; संबंधित विभाग को लिखें।" } },
	{ "reopen", "ESCALATED", BY_CITIZEN, 0, 1500, false,
	  { "The same problem is back.", "একই সমস্যা আবার দেখা দিয়েছে।", "वही समस्या फिर आ गई है।" } },
	{ "escalate", "ESCALATED", BY_GRO, 30, 30, false, { NULL } },
	{ "direct", "ASSIGNED", BY_HOLDER, 10, 30, true,
	  { "Send the gang today and report.", "আজই লোক পাঠিয়ে জানান।", "आज ही दल भेजकर सूचना दें।" } },
	{ "rate", "CLOSED", BY_CITIZEN, 0, 700, false, { NULL } },
	{ "close", "CLOSED", BY_CLOCK, 0, 0, false, { NULL } },
	{ "withdraw", "WITHDRAWN", BY_CITIZEN, 20, 60, false,
	  { "It has been settled.", "সমস্যাটি মিটে গেছে।", "समस्या हल हो गई।" } },
	{ "merge", "DUPLICATE", BY_GRO, 8, 20, false, { NULL } },
};
/* clang-format on */

const struct step *
story_step(struct span action)
{
	for (size_t i = 0; i < ARRAY_LEN(steps); i++)
		if (span_eq(span_of(steps[i].action), action))
			return &steps[i];
	return NULL;
}

/* ---- who */

int64_t
story_officer(const struct stage *g, const char *role, int level, struct span department)
{
	for (size_t i = 0; i < g->n_officers; i++) {
		const struct officer *o = &g->officers[i];

		if (span_eq(o->role, span_of(role)) && o->level == level && span_eq(o->department, department))
			return o->id;
	}
	return strcmp(role, "CONTROLLING") == 0 ? 0 : story_officer(g, "CONTROLLING", 0, department);
}

/* Another LME of the department than `id`, if there is one. */
static int64_t
colleague(const struct stage *g, struct span department, int64_t id)
{
	for (size_t i = 0; i < g->n_officers; i++) {
		const struct officer *o = &g->officers[i];

		if (span_eq(o->role, SPAN("LME")) && span_eq(o->department, department) && o->id != id)
			return o->id;
	}
	return id;
}

const char *
story_office(const char *state, int level)
{
	if (story_is(state, "ASSIGNED") || story_is(state, "IN_PROGRESS"))
		return "LME";
	if (story_is(state, "UNASSIGNED") || story_is(state, "REASSIGN_REQUESTED"))
		return "GRO";
	if (story_is(state, "ESCALATED"))
		return level == 2 ? "EO2" : "EO1";
	return story_is(state, "AWAITING_CITIZEN") ? "CITIZEN" : NULL;
}

struct doer
story_doer(const struct stage *g, const struct tale *t, enum by by)
{
	const char *office = story_office(t->state, t->level);

	if (by == BY_CLOCK)
		return (struct doer){ "system", 0, "SYSTEM" };
	if (by == BY_CITIZEN)
		return (struct doer){ "citizen", t->citizen_id, "CITIZEN" };
	if (by == BY_HOLDER && office != NULL && story_is(office, "LME"))
		return (struct doer){ "staff", t->holder_id, office };
	if (by == BY_HOLDER && story_is(t->state, "ESCALATED"))
		return (struct doer){ "staff", story_officer(g, "EO", t->level, t->department), office };
	return (struct doer){ "staff", story_officer(g, "GRO", 0, t->department), "GRO" };
}

/* ---- when */

static int64_t
least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* 70 to 130 percent, the same for the same row and step every day. */
static int64_t
vary(const struct tale *t, int64_t gap_ms)
{
	return gap_ms * (70 + (int64_t)((t->row * 37 + (size_t)t->events * 101) % 61)) / 100;
}

int64_t
story_next_ms(const struct stage *g, const struct tale *t, const struct step *s, size_t left, int64_t end_ms, enum by *by)
{
	int64_t room = end_ms - t->at_ms, gap;

	if (story_is(s->action, "close"))
		return t->resolved_ms + STORY_WINDOW_MS + 30000;
	if (story_is(s->action, "escalate") && t->escalate_ms != CLOCK_NONE && t->escalate_ms > t->at_ms &&
	    t->escalate_ms - t->at_ms < room / (int64_t)left) {
		*by = BY_CLOCK;
		return t->escalate_ms + 20000;
	}
	gap = directory_due(g->directory, t->at_ms, t->sla_hours) - t->at_ms;
	gap = vary(t, gap * s->sla_percent / 100 + s->minutes * MINUTE_MS);
	if (story_is(s->action, "resolve") && t->row % 9 == 4)
		gap *= 3; /* some are late */
	return t->at_ms + least(gap, room / (int64_t)left * 9 / 10);
}

/* ---- what follows */

/* The clocks after an action that led to `to` (design, section 4, "SLA and clocks"). */
static void
set_clocks(const struct stage *g, struct tale *t, const struct step *s)
{
	int64_t half = directory_due(g->directory, t->at_ms, (t->sla_hours + 1) / 2);

	if (story_is(s->action, "reopen")) {
		t->due_ms = t->escalate_ms = directory_due(g->directory, t->at_ms, t->sla_hours);
		t->resolved_ms = CLOCK_NONE;
	} else if (story_is(s->action, "escalate")) {
		t->escalate_ms = half;
	} else if (story_is(s->action, "direct")) {
		t->escalate_ms = t->escalate_ms == CLOCK_NONE || half > t->escalate_ms ? half : t->escalate_ms;
	} else if (story_is(s->action, "ask_citizen")) {
		t->asked_ms = t->at_ms;
	} else if (story_is(s->action, "reply")) {
		t->due_ms += t->at_ms - t->asked_ms;
		t->escalate_ms += t->escalate_ms == CLOCK_NONE ? 0 : t->at_ms - t->asked_ms;
	} else if (story_is(s->action, "resolve") || story_is(s->action, "reject")) {
		t->resolved_ms = t->at_ms;
	}
	if (story_office(t->state, t->level) == NULL || (story_is(t->state, "ESCALATED") && t->level == 2))
		t->escalate_ms = CLOCK_NONE;
}

void
story_follow(const struct stage *g, struct tale *t, const struct step *s)
{
	const char *from = t->state;

	t->state = s->to != NULL ? s->to : t->before;
	if (story_is(s->action, "ask_citizen"))
		t->before = from;
	if (story_is(s->action, "escalate") && t->level < 2)
		t->level++;
	if (story_is(s->action, "reopen") && ++t->reopened > t->level)
		t->level = t->reopened;
	if (story_is(s->action, "assign"))
		t->holder_id = colleague(g, t->department, t->holder_id);
	if (story_is(s->action, "direct") && t->holder_id == 0)
		t->holder_id = colleague(g, t->department, 0);
	set_clocks(g, t, s);
}
