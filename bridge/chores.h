/* What time alone causes, as a table: escalations, closings, the purge. Each chore runs under a lease of its name, in batches. */
#ifndef EKMC_BRIDGE_CHORES_H
#define EKMC_BRIDGE_CHORES_H

#include "core/cache.h"
#include "core/seal.h"
#include "domain/directory.h"
#include "domain/lease.h"

#define KEEPER_MATES_MOST 7

/* What one thread works with. */
struct keeper {
	const struct conf *conf;
	const struct seal *seal;
	struct db *db;
	struct cache *cache;
	struct arena *arena;                     /* of a run */
	struct arena *scratch;                   /* of a batch */
	struct directory *directory;             /* NULL until chores_ready */
	bool checked;                            /* the schema is the one this program was built for */
	struct keeper *mates[KEEPER_MATES_MOST]; /* of the other threads that moves are shared among */
	size_t n_mates;
};

/* One run of one chore. */
struct chore_run {
	const struct chore *chore;
	struct keeper *keeper;
	struct lease lease;
	int64_t done, failed;
	int64_t lag_ms;      /* of the oldest that was due */
	int64_t done_for_ms; /* kept with the lease; CLOCK_NONE: as it was */
	int64_t took_ms;
	bool cut_short; /* there is more to do, for whoever takes the lease next */
};

enum lane {
	LANE_MOVES,   /* what citizens and officers wait for: within a minute */
	LANE_KEEPING, /* what may take its time, and must not hold up the moves */
	LANE__COUNT
};

struct chore {
	const char *name; /* also of its lease */
	enum lane lane;
	int every_s; /* 0: clock.tick_s */
	enum status (*run)(struct chore_run *r);
};
#define CHORES_MOST 16
extern const struct chore chores[];
extern const size_t chores_n;

/* NULL: out of memory, or a malformed db.hosts (logged). */
MUST_USE struct keeper *keeper_new(const struct conf *conf, const struct seal *seal, size_t mates);
void keeper_free(struct keeper *k);

/* Once per keeper: checks the schema and makes the rows of the leases. Each time: reloads the directory when it has changed.
 * E_INTERNAL while !k->checked: not the schema this program was built for. */
MUST_USE enum status chores_ready(struct keeper *k);

/* Does all that is due of the chore, unless another host is at it: E_STALE. `early`: also before its time. Stops between batches
 * when the process is to end. Logs a line of what was done. */
MUST_USE enum status chore_do(struct keeper *k, const struct chore *c, bool early, struct chore_run *r);

/* For the chores: whether there is time and right for another batch. *st: why not, E_OK when the process is to end. */
MUST_USE bool chore_goes_on(struct chore_run *r, enum status *st);

/* The work itself, one function a chore. */
enum status chore_escalate(struct chore_run *r);
enum status chore_overdue(struct chore_run *r);
enum status chore_resume(struct chore_run *r);
enum status chore_close(struct chore_run *r);
enum status chore_vacate(struct chore_run *r);
enum status chore_purge(struct chore_run *r);
enum status chore_erase(struct chore_run *r);
enum status chore_access(struct chore_run *r);
enum status chore_audit(struct chore_run *r);
enum status chore_uploads(struct chore_run *r);
enum status chore_links(struct chore_run *r);

#endif
