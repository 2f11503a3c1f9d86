/* `ekmc-ctl outbox`: what waits to leave, what left, and to whom. Texts are not shown: they are not stored. */
#include "ctl.h"

#include <getopt.h>
#include <stdio.h>

#include "core/clock.h"
#include "core/db.h"
#include "core/ids.h"
#include "core/scan.h"
#include "core/seal.h"

#define ARENA_BYTES   ((size_t)64 << 20)
#define LIMIT_DEFAULT 50
#define LIMIT_MOST    10000

#define COLUMNS                                                                                                                    \
	"SELECT o.created_at, c.number, o.event_seq, o.destination, o.recipient, s.user_name, z.mobile_sealed, o.template,"        \
	" o.language, o.state, o.tries, o.result"
#define COLUMN_LETTERS "tsisssbsssis"
#define PEOPLE                                                                                                                     \
	" LEFT JOIN staff s ON o.recipient = 'staff' AND s.id = o.recipient_id"                                                    \
	" LEFT JOIN citizen z ON o.recipient = 'citizen' AND z.id = o.recipient_id"

enum { Q_COUNT, Q_UNREACHABLE, Q_LIST, Q_NUMBER };
static const struct sql sql[] = {
	[Q_COUNT] = { "SELECT destination, state, COUNT(*), MIN(created_at) FROM outbox GROUP BY destination, state", "", "ssit",
		      false },
	[Q_UNREACHABLE] = { "SELECT COUNT(DISTINCT s.id) FROM staff s JOIN roster d ON d.staff_id = s.id"
			    " WHERE s.active AND s.mobile_sealed IS NULL",
			    "", "i", false },
	[Q_LIST] = { COLUMNS " FROM outbox o LEFT JOIN complaint c ON c.id = o.complaint_id" PEOPLE
			     " WHERE (? IS NULL OR o.state = ?) ORDER BY o.id DESC LIMIT ?",
		     "ssi", COLUMN_LETTERS, false },
	/* the complainant of a duplicate also hears what its parent says */
	[Q_NUMBER] = { COLUMNS " FROM complaint c JOIN outbox o ON o.complaint_id = c.id OR (o.complaint_id = c.parent_id"
			       " AND o.recipient = 'citizen' AND o.recipient_id = c.citizen_id)" PEOPLE
			       " WHERE c.number = ? AND (? IS NULL OR o.state = ?) ORDER BY o.created_at, o.id LIMIT ?",
		       "sssi", COLUMN_LETTERS, false },
};

struct options {
	bool count, list;
	const char *state;
	char number[NUMBER_DIGITS + 1]; /* "": all */
	int64_t limit;
};

struct post {
	struct db *db;
	struct arena *arena;
	const struct seal *seal; /* NULL: mobiles stay sealed */
};

static bool
is_state(const char *word)
{
	static const char *const states[] = { "new", "claimed", "sending", "done", "refused", "unknown" };

	for (size_t i = 0; i < ARRAY_LEN(states); i++)
		if (strcmp(states[i], word) == 0)
			return true;
	return false;
}

static bool
parse(const struct conf *c, int argc, char **argv, struct options *o)
{
	static const struct option options[] = {
		{ "number", required_argument, NULL, 'n' },
		{ "state", required_argument, NULL, 's' },
		{ "limit", required_argument, NULL, 'l' },
		{ NULL, 0, NULL, 0 },
	};
	enum number_kind kind;
	int opt;

	*o = (struct options){ .limit = LIMIT_DEFAULT };
	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (opt == 'n') {
			kind = ids_number_parse(span_of(optarg), c->system.go_live_ms, o->number);
			if (kind != NUMBER_NEW) {
				(void)fprintf(stderr, "ekmc-ctl outbox: %s is %s\n", optarg,
					      kind == NUMBER_MISTYPED ? "mistyped" : "no number of a complaint of this system");
				return false;
			}
		} else if (opt == 's' && is_state(optarg)) {
			o->state = optarg;
		} else if (opt != 'l' || !scan_i64(span_of(optarg), 1, LIMIT_MOST, &o->limit)) {
			return false;
		}
	}
	o->count = optind + 1 == argc && strcmp(argv[optind], "count") == 0;
	o->list = optind + 1 == argc && strcmp(argv[optind], "list") == 0;
	return o->list || (o->count && o->state == NULL && o->number[0] == '\0');
}

/* "lme.drn.b07", "******2345": enough to recognise, not enough to call. */
static const char *
who(const struct post *p, const struct db_value *v)
{
	struct span mobile = { NULL, 0 };

	if (!v[5].null)
		return arena_strndup(p->arena, v[5].s.p, v[5].s.n);
	if (!v[6].null && p->seal != NULL && seal_open(p->seal, p->arena, v[6].s, &mobile) == E_OK && mobile.n == 10)
		return arena_printf(p->arena, "******%.4s", mobile.p + 6);
	return arena_strndup(p->arena, v[4].s.p, v[4].s.n);
}

static enum status
list(const struct post *p, const struct options *o)
{
	struct db_value state = db_text(span_of(o->state));
	struct db_rows rows;
	enum status st;

	if (o->number[0] != '\0')
		st = db_run(p->db, p->arena, &sql[Q_NUMBER], DB_ARGS(db_text(span_of(o->number)), state, state, db_int(o->limit)),
			    &rows);
	else
		st = db_run(p->db, p->arena, &sql[Q_LIST], DB_ARGS(state, state, db_int(o->limit)), &rows);
	for (size_t i = 0; st == E_OK && i < rows.n; i++) {
		const struct db_value *v = db_row(&rows, i);
		const char *name = who(p, v);
		char at[CLOCK_TEXT_SIZE];

		if (name == NULL)
			return E_NOMEM;
		(void)printf("%s %-12.*s %3jd %-4.*s %-20s %-22.*s %.*s %-8.*s %jd %.*s\n", clock_text(v[0].i, at),
			     SPAN_FMT(v[1].null ? SPAN("-") : v[1].s), (intmax_t)(v[2].null ? 0 : v[2].i), SPAN_FMT(v[3].s), name,
			     SPAN_FMT(v[7].s), SPAN_FMT(v[8].s), SPAN_FMT(v[9].s), (intmax_t)v[10].i,
			     SPAN_FMT(v[11].null ? SPAN("") : v[11].s));
	}
	return st;
}

static enum status
count(const struct post *p)
{
	struct db_rows rows;
	enum status st = db_run(p->db, p->arena, &sql[Q_COUNT], DB_NO_ARGS, &rows);

	for (size_t i = 0; st == E_OK && i < rows.n; i++) {
		const struct db_value *v = db_row(&rows, i);
		char at[CLOCK_TEXT_SIZE];

		(void)printf("%-8.*s %-8.*s %8jd  oldest %s\n", SPAN_FMT(v[0].s), SPAN_FMT(v[1].s), (intmax_t)v[2].i,
			     clock_text(v[3].i, at));
	}
	if (st == E_OK)
		st = db_run(p->db, p->arena, &sql[Q_UNREACHABLE], DB_NO_ARGS, &rows);
	if (st == E_OK && db_row(&rows, 0)[0].i > 0)
		(void)printf("%jd officers on duty have no mobile number: no message is written for them\n",
			     (intmax_t)db_row(&rows, 0)[0].i);
	return st;
}

int
ctl_outbox(struct conf *c, int argc, char **argv)
{
	struct post p = { .db = NULL };
	struct seal *seal = NULL;
	struct options o;
	enum status st = E_NOMEM;

	if (!parse(c, argc, argv, &o))
		return CTL_USAGE;
	if (c->seal.keys[0] != '\0')
		p.seal = seal = seal_new(c->seal.keys, "", "");
	p.arena = arena_new(65536, ARENA_BYTES);
	p.db = db_new(c);
	if (p.arena != NULL && p.db != NULL)
		st = o.list ? list(&p, &o) : count(&p);
	db_free(p.db);
	arena_free(p.arena);
	seal_free(seal);
	if (st != E_OK)
		(void)fprintf(stderr, "ekmc-ctl outbox: %s\n", status_name(st));
	return st == E_OK ? CTL_DONE : st == E_BUSY ? CTL_BUSY : CTL_FAILED;
}
