/* What each word of a demo story does, who does it, and when. */
#include "core/clock.h"
#include "core/scan.h"
#include "ctl_demo_story.h"

#define MINUTE_MS INT64_C(60000)
#define CLOCK_MS  INT64_C(20000) /* after which the clock has seen that something is due */

#define OFFICER (P_GRO | P_EO | P_CLOCK)

/* clang-format off */
static const struct step steps[] = {
	/* word              action            who            SLA % minutes  argument         internal */
	{ "lodge",            STEP_LODGE,       P_COMPLAINANT,  0,    0,      ARG_NONE,        false, { NULL } },
	{ "me_too",           STEP_LODGE,       P_COMPLAINANT,  0,    0,      ARG_PARENT,      false, { NULL } },
	{ "start",            START,            P_HOLDER,       12,   15,     ARG_NONE,        false, { NULL } },
	{ "request_reassign", REQUEST_REASSIGN, P_HOLDER,       15,   25,     ARG_NONE,        true,
	  { "Not in my area, please give it to a colleague.", "আমার এলাকা নয়, সহকর্মীকে দিন।", "मेरा क्षेत्र नहीं है, सहकर्मी को दें।" } },
	{ "refuse",           REFUSE,           P_GRO,          8,    20,     ARG_NONE,        true,
	  { "It is in your area.", "এটি আপনারই এলাকা।", "यह आपका ही क्षेत्र है।" } },
	{ "assign",           ASSIGN,           P_GRO,          8,    20,     ARG_NONE,        false, { NULL } },
	{ "transfer",         TRANSFER,         P_GRO | P_EO,   8,    20,     ARG_SUBCATEGORY, false,
	  { "It belongs to another department.", "বিষয়টি অন্য বিভাগের।", "यह दूसरे विभाग का विषय है।" } },
	{ "ask_citizen",      ASK_CITIZEN,      P_HOLDER,       15,   20,     ARG_NONE,        false,
	  { "Please tell us the exact place, such as a house number or a landmark.", "সঠিক জায়গাটি জানান: বাড়ির নম্বর বা কাছের কোনও চিহ্ন।",
	    "कृपया सही जगह बताएँ: मकान नंबर या पास की कोई पहचान।" } },
	{ "reply",            REPLY,            P_COMPLAINANT,  5,    90,     ARG_NONE,        false,
	  { "Beside the tube well, opposite the primary school.", "টিউবওয়েলের পাশে, প্রাথমিক বিদ্যালয়ের উল্টো দিকে।",
	    "चापाकल के पास, प्राथमिक विद्यालय के सामने।" } },
	{ "resolve",          RESOLVE,          P_HOLDER,       50,   30,     ARG_NONE,        false,
	  { "The work is done and was checked on the spot.", "কাজ শেষ হয়েছে, জায়গায় গিয়ে দেখা হয়েছে।", "काम पूरा हुआ, मौके पर जाँच की गई।" } },
	{ "reject",           REJECT,           P_HOLDER,       20,   30,     ARG_NONE,        false,
	  { "This is not a matter of the corporation; please write to the authority concerned.", "বিষয়টি পুরসভার অধীনে নয়; সংশ্লিষ্ট দপ্তরে জানান।",
	    "यह विषय नगर निगम के अधीन नहीं है; संबंधित विभाग को लिखें।" } },
	{ "reopen",           REOPEN,           P_COMPLAINANT,  0,    1500,   ARG_NONE,        false,
	  { "The same problem is back.", "একই সমস্যা আবার দেখা দিয়েছে।", "वही समस्या फिर आ गई है।" } },
	{ "escalate",         ESCALATE,         OFFICER,        30,   30,     ARG_NONE,        false, { NULL } },
	{ "direct",           DIRECT,           P_HOLDER,       10,   30,     ARG_NONE,        true,
	  { "Send the gang today and report.", "আজই লোক পাঠিয়ে জানান।", "आज ही दल भेजकर सूचना दें।" } },
	{ "rate",             RATE,             P_COMPLAINANT,  0,    700,    ARG_STARS,       false, { NULL } },
	{ "close",            CLOSE,            P_CLOCK,        0,    0,      ARG_NONE,        false, { NULL } },
	{ "withdraw",         WITHDRAW,         P_COMPLAINANT,  20,   60,     ARG_NONE,        false,
	  { "It has been settled.", "সমস্যাটি মিটে গেছে।", "समस्या हल हो गई।" } },
	{ "merge",            MERGE,            P_GRO,          8,    20,     ARG_PARENT,      false, { NULL } },
};
/* clang-format on */

static const struct step *
step_find(struct span word)
{
	for (size_t i = 0; i < ARRAY_LEN(steps); i++)
		if (span_eq(span_of(steps[i].word), word))
			return &steps[i];
	return NULL;
}

bool
story_beat(const struct directory *d, struct span word, struct beat *out)
{
	struct span argument = word, name;
	int64_t n = 0;

	*out = (struct beat){ .step = scan_cut(&argument, ':', &name) ? step_find(name) : NULL };
	if (out->step == NULL)
		return false;
	if (out->step->argument == ARG_NONE)
		return argument.p == NULL;
	if (out->step->argument == ARG_SUBCATEGORY) {
		out->subcategory = directory_subcategory(d, argument);
		return out->subcategory != NULL;
	}
	if (!scan_i64(argument, 1, out->step->argument == ARG_STARS ? 5 : INT32_MAX, &n))
		return false;
	out->number = (int)n;
	return true;
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
	return gap_ms * (70 + (int64_t)((t->row * 37 + t->told * 101) % 61)) / 100;
}

static int64_t
close_ms(const struct stage *g, const struct tale *t)
{
	return t->resolved_ms + g->means.directory->rules.reopen_window_ms + CLOCK_MS;
}

static int64_t
when(const struct stage *g, const struct tale *t, const struct step *s)
{
	const int64_t room = (t->end_ms - t->at_ms) / (int64_t)(t->n_beats - t->told);
	const int64_t due = t->escalate_ms == CLOCK_NONE ? INT64_MAX : t->escalate_ms - t->at_ms;
	int64_t gap = directory_due(g->means.directory, t->at_ms, t->sla_hours) - t->at_ms;

	if (s->action == CLOSE)
		return close_ms(g, t);
	if (s->action == ESCALATE && due < room)
		return t->escalate_ms + CLOCK_MS;
	gap = vary(t, gap * s->sla_percent / 100 + s->minutes * MINUTE_MS);
	return t->at_ms + least(gap, least(room, due) * 9 / 10);
}

void
story_plan(const struct stage *g, struct tale *t)
{
	t->next_ms = INT64_MAX;
	if (t->told < t->n_beats) {
		t->next = t->beats[t->told];
		t->next_ms = when(g, t, t->next.step);
	} else if (t->escalate_ms != CLOCK_NONE && t->state != AWAITING_CITIZEN) {
		t->next = (struct beat){ .step = step_find(SPAN("escalate")) };
		t->next_ms = t->escalate_ms + CLOCK_MS;
	} else if (state_in(t->state, STATE_BIT(RESOLVED) | STATE_BIT(REJECTED))) {
		t->next = (struct beat){ .step = step_find(SPAN("close")) };
		t->next_ms = close_ms(g, t);
	}
	if (t->next_ms > g->demo->now_ms) /* it has not happened yet */
		t->next_ms = INT64_MAX;
}
