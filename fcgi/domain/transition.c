/* The effects of moves. */
#include "domain/transition.h"

#include "core/clock.h"

static int
sla_hours(const struct directory *d, const struct complaint *c)
{
	const struct subcategory *s = directory_subcategory(d, c->subcategory);

	return s == NULL ? 0 : s->sla_hours;
}

static int64_t
later_of(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static int64_t
earlier_of(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* ---- windows: of a duplicate they are its parent's */

static int64_t
resolved_at(const struct complaint *c)
{
	return c->state == DUPLICATE ? c->parent.resolved_ms : c->resolved_ms;
}

static enum state
done_state(const struct complaint *c)
{
	return c->state == DUPLICATE ? c->parent.state : c->state;
}

#define DONE (STATE_BIT(RESOLVED) | STATE_BIT(REJECTED) | STATE_BIT(CLOSED))

int64_t
transition_reopen_until(const struct directory *d, const struct complaint *c)
{
	if (resolved_at(c) == CLOCK_NONE || !state_in(done_state(c), DONE) || c->reopen_count >= REOPEN_MOST)
		return CLOCK_NONE;
	return resolved_at(c) + d->rules.reopen_window_ms;
}

/* Rated by then or, when the clock closed it unrated, some days more. */
int64_t
transition_rate_until(const struct directory *d, const struct complaint *c)
{
	if (resolved_at(c) == CLOCK_NONE || !state_in(done_state(c), DONE) || c->rated)
		return CLOCK_NONE;
	return resolved_at(c) + d->rules.reopen_window_ms + d->rules.rate_after_close_ms;
}

static enum refusal
guard_reopen(const struct directory *d, const struct complaint *c, int64_t now_ms)
{
	if (c->reopen_count >= REOPEN_MOST)
		return REFUSAL_REOPENED_TWICE;
	if (resolved_at(c) == CLOCK_NONE || !state_in(done_state(c), DONE))
		return REFUSAL_NOT_DONE;
	return now_ms > transition_reopen_until(d, c) ? REFUSAL_WINDOW : REFUSAL_NONE;
}

static enum refusal
guard_rate(const struct directory *d, const struct complaint *c, int64_t now_ms)
{
	if (c->rated)
		return REFUSAL_RATED;
	if (resolved_at(c) == CLOCK_NONE || !state_in(done_state(c), DONE))
		return REFUSAL_NOT_DONE;
	return now_ms > transition_rate_until(d, c) ? REFUSAL_RATE_LATE : REFUSAL_NONE;
}

/* What the clock may do only when it is time; others need not wait. */
static enum refusal
guard_clock(const struct directory *d, const struct complaint *c, enum action on, int64_t now_ms)
{
	bool early = false;

	if (on == RESUME)
		early = c->waiting_ms == CLOCK_NONE || now_ms < c->waiting_ms + d->rules.wait_citizen_ms;
	else if (on == ESCALATE)
		early = c->escalate_ms == CLOCK_NONE || now_ms < c->escalate_ms;
	else if (on == CLOSE)
		early = c->resolved_ms == CLOCK_NONE || now_ms <= c->resolved_ms + d->rules.reopen_window_ms;
	return early ? REFUSAL_EARLY : REFUSAL_NONE;
}

enum refusal
transition_guard(const struct directory *d, const struct complaint *c, const struct move *row, unsigned parties, int64_t now_ms)
{
	if ((parties & P_CLOCK) != 0)
		return c->state == ESCALATED && c->level >= LEVEL_MOST && row->on == ESCALATE ? REFUSAL_LEVEL
											      : guard_clock(d, c, row->on, now_ms);
	/* what a GRO or an escalation officer asked is not the LME's to leave behind */
	if (row->on == VACATE && c->holder_id == 0)
		return REFUSAL_STATE;
	if (row->on == REOPEN)
		return guard_reopen(d, c, now_ms);
	if (row->on == RATE)
		return guard_rate(d, c, now_ms);
	if (row->on == ASK_CITIZEN && c->citizen_id == 0)
		return REFUSAL_ANONYMOUS;
	if (row->on == ASK_CITIZEN && c->asked >= ASK_MOST)
		return REFUSAL_ASKED_TWICE;
	if (row->on == ESCALATE && c->level >= LEVEL_MOST &&
	    (c->state == ESCALATED || (c->state == AWAITING_CITIZEN && c->waiting_from == ESCALATED)))
		return REFUSAL_LEVEL;
	return REFUSAL_NONE;
}

/* ---- effects */

/* The clocks stood while the citizen was asked. */
static void
end_pause(struct complaint *c, int64_t now_ms)
{
	if (c->state != AWAITING_CITIZEN || c->waiting_ms == CLOCK_NONE)
		return;
	c->due_ms += now_ms - c->waiting_ms;
	if (c->escalate_ms != CLOCK_NONE)
		c->escalate_ms += now_ms - c->waiting_ms;
	c->waiting_ms = CLOCK_NONE;
}

/* A new holder may ask anew. */
static void
new_holder(struct complaint *c, int64_t lme_id)
{
	c->holder_id = lme_id;
	c->proposed_id = 0;
	c->asked = 0;
	c->asked_before = 0;
}

static void
set_place(const struct directory *d, const struct moving *m, const struct looked_up *found, struct complaint *c)
{
	const int ward = m->ward != 0 ? m->ward : found->ward;

	if (m->subcategory != NULL) {
		const struct category *category = &d->categories[m->subcategory->category];

		c->subcategory = m->subcategory->code;
		c->category = category->code;
		c->department = d->departments[category->department].code;
	}
	if (ward != 0) {
		c->ward = ward;
		c->borough = d->ward_borough[ward];
	}
	if (m->has_point) {
		c->has_point = true;
		c->lat = m->lat;
		c->lon = m->lon;
		c->accuracy_m = m->accuracy_m;
	}
}

/* transfer and correct: due_at = max(lodged_at + new SLA, now + new SLA/2). What was re-opened counts from then, and the time that
 * the clocks have stood is added. The half from now is for who gets it new: given at every turn, two subjects in turn would put the
 * promise off for ever. */
static void
promise_anew(const struct directory *d, int64_t now_ms, const struct looked_up *found, struct complaint *c)
{
	const int hours = sla_hours(d, c);
	const int64_t from = found->counted_ms == 0 ? c->lodged_ms : found->counted_ms;
	const int64_t half = directory_half_due(d, now_ms, hours);
	const int64_t due = directory_due(d, from, hours) + found->stood_ms;
	const int64_t escalate = c->escalate_ms;

	c->due_ms = later_of(due, found->again ? earlier_of(half, c->due_ms) : half);
	c->escalate_ms = later_of(c->due_ms, found->again ? earlier_of(half, escalate) : half);
	c->overdue_told = false;
}

static void
escalated(const struct directory *d, int64_t now_ms, struct complaint *c)
{
	c->level = c->level < LEVEL_MOST ? c->level + 1 : LEVEL_MOST;
	c->escalate_ms = directory_half_due(d, now_ms, sla_hours(d, c));
}

static void
reopened(const struct directory *d, int64_t now_ms, struct complaint *c)
{
	c->reopen_count++;
	if (c->level < c->reopen_count)
		c->level = c->reopen_count;
	c->due_ms = directory_due(d, now_ms, sla_hours(d, c));
	c->escalate_ms = c->due_ms;
	c->resolved_ms = CLOCK_NONE;
	c->closed_by_clock = false;
	c->overdue_told = false;
	c->parent.id = 0;
}

static void
ask(struct complaint *c, int64_t now_ms)
{
	c->waiting_from = c->state;
	c->waiting_ms = now_ms;
	c->asked++;
}

/* The LME keeps their own count of questions while the GRO has it. */
static void
hand_to_gro(struct complaint *c, int64_t proposed_id)
{
	c->proposed_id = proposed_id;
	c->asked_before = c->asked;
	c->asked = 0;
}

static void
hand_back(struct complaint *c)
{
	c->proposed_id = 0;
	c->asked = c->asked_before;
	c->asked_before = 0;
}

/* Who is given what they have is not a new holder. */
static void
assigned(struct complaint *c, int64_t lme_id)
{
	if (c->holder_id != lme_id)
		new_holder(c, lme_id);
	else if (c->state == REASSIGN_REQUESTED)
		hand_back(c);
}

/* Nobody has it any more. */
static void
finish(struct complaint *c, const struct looked_up *found, const struct moving *m)
{
	if (m->action == RESOLVE || m->action == REJECT) {
		c->resolved_ms = m->now_ms;
		c->last_holder_id = found->actor_id;
	} else if (m->action == WITHDRAW) {
		c->last_holder_id = c->holder_id;
	}
	c->escalate_ms = CLOCK_NONE;
	c->overdue_told = false;
	new_holder(c, 0);
}

static void
separate(const struct directory *d, int64_t now_ms, const struct looked_up *found, struct complaint *c)
{
	c->parent.id = 0;
	if (!found->again)
		c->due_ms = later_of(c->due_ms, directory_half_due(d, now_ms, sla_hours(d, c)));
	c->escalate_ms = c->due_ms;
	new_holder(c, 0);
}

static void
effects(const struct directory *d, const struct moving *m, const struct looked_up *found, struct complaint *c)
{
	const int64_t now_ms = m->now_ms;
	const struct span subcategory = c->subcategory;

	switch (m->action) {
	case ASSIGN:
		assigned(c, found->lme_id);
		break;
	case DIRECT:
		new_holder(c, found->lme_id);
		c->escalate_ms = later_of(c->escalate_ms, directory_half_due(d, now_ms, sla_hours(d, c)));
		break;
	case REQUEST_REASSIGN:
		hand_to_gro(c, found->lme_id);
		break;
	case REFUSE:
		hand_back(c);
		break;
	case TRANSFER:
		set_place(d, m, found, c);
		if (c->state == DUPLICATE)
			break;
		promise_anew(d, now_ms, found, c);
		new_holder(c, 0);
		break;
	case CORRECT:
		set_place(d, m, found, c);
		if (c->state != DUPLICATE && !span_eq(subcategory, c->subcategory))
			promise_anew(d, now_ms, found, c);
		break;
	case VACATE:
		new_holder(c, 0);
		break;
	case ASK_CITIZEN:
		ask(c, now_ms);
		break;
	case ESCALATE:
		escalated(d, now_ms, c);
		new_holder(c, 0);
		break;
	case REOPEN:
		reopened(d, now_ms, c);
		new_holder(c, 0);
		break;
	case RESOLVE:
	case REJECT:
	case WITHDRAW:
		finish(c, found, m);
		break;
	case MERGE:
		finish(c, found, m);
		c->parent.id = found->parent_id;
		break;
	case UNMERGE:
		separate(d, now_ms, found, c);
		break;
	case CLOSE:
		c->closed_by_clock = true;
		break;
	case RATE:
		c->closed_by_clock = false;
		break;
	case NOTE:
		if (m->priority >= 0)
			c->priority = m->priority != 0;
		break;
	case START:
	case REPLY:
	case RESUME:
	case ACTION__COUNT:
		break;
	}
}

/* The state after, and whether the roster has to say who has it. */
static enum routing
arrive(const struct move *row, enum state before, enum state waiting_from, struct complaint *c)
{
	const bool stays = before == ESCALATED || (before == AWAITING_CITIZEN && waiting_from == ESCALATED);

	switch (row->to) {
	case TO_SAME:
		return ROUTE_NOT;
	case TO_BACK:
		c->state = waiting_from;
		return ROUTE_NOT;
	case TO_ROUTED_THERE:
		c->state = stays ? ESCALATED : UNASSIGNED;
		return stays ? ROUTE_NOT : ROUTE_ANEW;
	case TO_ROUTED:
		c->state = UNASSIGNED;
		return ROUTE_ANEW;
	case TO_ROUTED_IF_UNFIT:
		return before == ESCALATED ? ROUTE_NOT : ROUTE_IF_UNFIT;
	default:
		c->state = (enum state)row->to;
		return ROUTE_NOT;
	}
}

enum routing
transition_apply(const struct directory *d, const struct move *row, const struct moving *m, const struct looked_up *found,
		 struct complaint *c)
{
	const enum state before = c->state, waiting_from = c->waiting_from;
	enum routing routing;

	if (row->to != TO_SAME)
		end_pause(c, m->now_ms);
	effects(d, m, found, c);
	routing = arrive(row, before, waiting_from, c);
	/* level 2 is the end: there is nobody to escalate to, the controlling officer is told when it is overdue */
	if (c->state == ESCALATED && c->level >= LEVEL_MOST)
		c->escalate_ms = CLOCK_NONE;
	return routing;
}
