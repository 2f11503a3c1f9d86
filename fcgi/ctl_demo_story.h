/* The demo's stories: who plays in them, what they do, and when. What comes of it the domain says. */
#ifndef EKMC_CTL_DEMO_STORY_H
#define EKMC_CTL_DEMO_STORY_H

#include "core/ids.h"
#include "ctl_demo.h"
#include "domain/move.h"

#define STORY_STEPS 8 /* most of one story */

enum argument { ARG_NONE, ARG_STARS, ARG_PARENT, ARG_SUBCATEGORY };

/* What a word of a story stands for: who does it, how long after the one before (a part of the SLA and some minutes), what stands
 * behind its colon, and what is written; the note is the citizen's to read unless internal. */
struct step {
	const char *word;
	enum action action;
	unsigned who; /* enum party */
	int sla_percent, minutes;
	enum argument argument;
	bool internal;
	const char *note[LANG__COUNT];
};
#define STEP_LODGE ACTION__COUNT /* the action of lodge and me_too, which are no moves */

struct beat {
	const struct step *step;
	int number; /* stars, or the `no` of the parent */
	const struct subcategory *subcategory;
};

/* One row of the file, and where its story stands. */
struct tale {
	size_t row;
	enum lang lang;
	const struct subcategory *subcategory;
	int ward;
	struct beat beats[STORY_STEPS];
	size_t n_beats, told;
	int64_t end_ms; /* before which the next beats are to happen */
	/* what became of it */
	struct actor citizen;
	char number[NUMBER_DIGITS + 1];
	int64_t id, at_ms, escalate_ms, resolved_ms;
	int sla_hours;
	enum state state;
	/* what comes next, and when; INT64_MAX: nothing more */
	struct beat next;
	int64_t next_ms;
};

struct member {
	struct actor actor;
	struct span user;
};

struct stage {
	const struct demo *demo;
	struct means means; /* its arena is emptied before each beat */
	struct id_source *ids;
	struct csv csv;
	struct tale *tales; /* by row of the file */
	size_t n;
	struct member *cast;
	size_t n_cast;
	uint8_t photo[ATTACHMENT_ID_BYTES];
};

/* The step of a story's word and its argument. False: there is none, or its argument is wrong. */
MUST_USE bool story_beat(const struct directory *d, struct span word, struct beat *out);

/* Sets t->next and t->next_ms after a beat: the story's next after its usual gap, but so early that the others fit before the end
 * and the clock has nothing to do; or, when all are told, what the clock has done since. */
void story_plan(const struct stage *g, struct tale *t);

/* Everybody who works there, with the duties of the roster, as if logged in for a moment. */
MUST_USE enum status cast_load(struct stage *g);
/* The complainant, who logs in for the moment of lodging: t->citizen. */
MUST_USE enum status cast_citizen(const struct stage *g, struct tale *t, struct span mobile);
/* Who does this step of the story; NULL: nobody may. */
const struct actor *cast_actor(const struct stage *g, const struct tale *t, const struct complaint *c, const struct step *s);
/* The LME who is proposed, else another one than who has it, best of the borough. p == NULL: the department has none. */
struct span cast_lme(const struct stage *g, const struct complaint *c);

/* Stores the demo's one picture. */
MUST_USE enum status cast_photo(struct stage *g);
/* The same as an upload of somebody's, inside the transaction that binds it. *id is its name. */
MUST_USE enum status cast_photo_of(const struct stage *g, const struct actor *actor, int64_t at_ms, struct span *id);

#endif
