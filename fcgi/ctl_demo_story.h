/* The rules by which the demo's stories play, apart from reading and writing them. */
#ifndef EKMC_CTL_DEMO_STORY_H
#define EKMC_CTL_DEMO_STORY_H

#include "ctl_demo.h"
#include "core/ids.h"
#include "domain/directory.h"

#define STORY_WINDOW_MS (INT64_C(240) * 3600000) /* in which a closed complaint can be re-opened: the clock closes after it */

enum by { BY_CITIZEN, BY_HOLDER, BY_GRO, BY_CLOCK };

/* What an action leads to, who does it, how long after the one before: a part of the SLA and some minutes. The note is the
 * citizen's to read unless internal. */
struct step {
	const char *action;
	const char *to; /* NULL: back where it was */
	enum by by;
	int sla_percent, minutes;
	bool internal;
	const char *note[LANG__COUNT];
};

/* One row of the file, and where its story stands. */
struct tale {
	size_t row;
	int64_t id, parent_id, citizen_id, holder_id;
	char number[NUMBER_DIGITS + 1];
	struct span department, category, subcategory;
	enum lang lang;
	int sla_hours, ward, borough;
	const char *state, *before; /* `before`: where a reply leads back */
	int level, reopened, events;
	int64_t lodged_ms, at_ms, asked_ms, due_ms, escalate_ms, resolved_ms;
	bool by_machine;
	int64_t desk_id; /* who wrote it down; 0: nobody */
};

struct officer {
	int64_t id, level;
	struct span role, department;
};

struct stage {
	const struct demo *demo;
	const struct directory *directory;
	struct csv csv;
	struct tale *tales;   /* by age, oldest first */
	struct tale **by_row; /* by row of the file */
	size_t n;
	struct officer *officers;
	size_t n_officers;
};

/* Who acts: kind and id of the event, and the office the timeline names when nobody has the complaint afterwards. */
struct doer {
	const char *kind;
	int64_t id; /* 0: none */
	const char *office;
};

/* NULL: no such action. */
const struct step *story_step(struct span action);

/* The first officer of the role, level and department; without one its controlling officer (design, section 4). 0: nobody. */
int64_t story_officer(const struct stage *g, const char *role, int level, struct span department);

/* Who has an open complaint in this state; NULL: nobody, it is closed. */
const char *story_office(const char *state, int level);

struct doer story_doer(const struct stage *g, const struct tale *t, enum by by);

/* When the next step happens: after its usual gap, but so early that `left` steps fit before `end_ms`. *by may become the clock. */
int64_t story_next_ms(const struct stage *g, const struct tale *t, const struct step *s, size_t left, int64_t end_ms, enum by *by);

/* State, level, holder and clocks after the action, which happened at t->at_ms. */
void story_follow(const struct stage *g, struct tale *t, const struct step *s);

static inline bool
story_is(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

#endif
