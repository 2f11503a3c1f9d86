/* `ekmc-ctl audit`: prove timelines and signed days, sign days by hand, write exports. */
#include "ctl_audit.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>

#include "core/clock.h"

#define ARENA_BYTES ((size_t)32 << 20)
#define LINE_BYTES  ((size_t)1 << 16)

/* ---- verify */

static void
print_fault(const struct audit_fault *f, void *arg)
{
	char shown[NUMBER_DIGITS + 3], day[AUDIT_DAY_TEXT_SIZE], last[AUDIT_DAY_TEXT_SIZE];
	FILE *out = arg;

	if (f->number[0] != '\0')
		(void)fputs(ids_number_display(f->number, shown), out);
	else if (f->complaint_id != 0)
		(void)fprintf(out, "complaint of id %lld", (long long)f->complaint_id);
	if (f->seq != 0)
		(void)fprintf(out, f->seq == f->seq_to ? ", event %lld" : ", events %lld to %lld", (long long)f->seq,
			      (long long)f->seq_to);
	if (f->day_ms != CLOCK_NONE)
		(void)fprintf(out, f->day_ms == f->day_to_ms ? "%s%s" : "%s%s to %s", f->complaint_id != 0 ? ", signed for " : "",
			      audit_day_text(f->day_ms, day), audit_day_text(f->day_to_ms, last));
	(void)fprintf(out, ": %s%s%s\n", audit_fault_texts[f->kind], f->field == NULL ? "" : " ", f->field == NULL ? "" : f->field);
}

static enum status
read_log(struct audit_check *c, const char *path)
{
	struct arena *a = arena_new(LINE_BYTES, 64 * LINE_BYTES);
	FILE *in = fopen(path, "re");
	enum status st = a == NULL ? E_NOMEM : in == NULL ? E_INVALID : E_OK;
	char *line = NULL;
	size_t cap = 0;
	ssize_t n;

	if (in == NULL)
		(void)fprintf(stderr, "%s: %s\n", path, strerror(errno));
	while (st == E_OK && (n = getline(&line, &cap, in)) >= 0) {
		arena_reset(a);
		st = audit_verify_log(c, a, (struct span){ line, (size_t)n });
	}
	if (st == E_OK && ferror(in) != 0) {
		(void)fprintf(stderr, "%s: cannot be read\n", path);
		st = E_INVALID;
	}
	if (in != NULL)
		(void)fclose(in);
	free(line);
	arena_free(a);
	return st;
}

static void
print_summary(const struct audit_summary *s)
{
	char first[AUDIT_DAY_TEXT_SIZE], last[AUDIT_DAY_TEXT_SIZE];

	(void)printf("%lld complaints with %lld events, ", (long long)s->complaints, (long long)s->events);
	if (s->last_ms == CLOCK_NONE)
		(void)fputs("no signed day", stdout);
	else
		(void)printf("%lld heads of %lld signed days from %s to %s", (long long)s->heads, (long long)s->days,
			     audit_day_text(s->first_ms, first), audit_day_text(s->last_ms, last));
	(void)printf(": %lld fault%s\n", (long long)s->faults, s->faults == 1 ? "" : "s");
	if (s->last_ms != CLOCK_NONE)
		(void)printf("events after %s are not signed yet: only their chain was looked at\n",
			     audit_day_text(s->last_ms, last));
	if (s->late > 0)
		(void)printf("%lld of the days were signed more than a day late: hold them against the log (--log FILE)\n",
			     (long long)s->late);
}

static enum status
verify(const struct audit_job *j, int64_t *found)
{
	const struct audit_options *o = j->options;
	struct audit_check c = {
		.db = j->db,
		.seal = j->seal,
		.scope = { .from_ms = o->from_ms, .number = o->number[0] == '\0' ? NULL : o->number, .now_ms = clock_now_ms() },
		.found = print_fault,
		.arg = stdout,
	};
	enum status st = audit_verify(&c);

	if (st == E_NOT_FOUND) {
		(void)fprintf(stderr, "ekmc-ctl audit: there is no complaint %s, and none was ever signed\n", o->number);
		return E_INVALID;
	}
	if (st == E_OK && o->log != NULL)
		st = read_log(&c, o->log);
	if (st == E_OK)
		print_summary(&c.sum);
	*found = c.sum.faults;
	return st;
}

/* ---- sign */

static enum status
sign(const struct audit_job *j, int64_t *found)
{
	int n = 0, all = 0;
	enum status st;

	do {
		st = audit_sign_due(j->db, j->arena, j->seal, clock_now_ms(), &n);
		all += n;
	} while (st == E_OK && n > 0);
	if (st == E_OK)
		(void)printf("%d day%s signed\n", all, all == 1 ? "" : "s");
	*found = 0;
	return st;
}

/* ---- the command */

static const struct {
	const char *name;
	enum status (*run)(const struct audit_job *j, int64_t *found);
} deeds[] = {
	{ "verify", verify },
	{ "sign", sign },
	{ "export", audit_export },
};

static bool
take_option(struct audit_options *o, int opt, const char *text, int64_t go_live_ms)
{
	switch (opt) {
	case 'f':
		return audit_day_parse(span_of(text), &o->from_ms);
	case 't':
		return audit_day_parse(span_of(text), &o->to_ms);
	case 'n':
		return ids_number_parse(span_of(text), go_live_ms, o->number) == NUMBER_NEW;
	case 'l':
		o->log = text;
		return true;
	case 'o':
		o->out = text;
		return true;
	case 'p':
		o->personal = true;
		return true;
	case 'r':
		o->reason = text;
		return text[0] != '\0';
	default:
		return false;
	}
}

static bool
parse(int argc, char **argv, int64_t go_live_ms, struct audit_options *o)
{
	static const struct option options[] = {
		{ "from", required_argument, NULL, 'f' },   { "to", required_argument, NULL, 't' },
		{ "number", required_argument, NULL, 'n' }, { "log", required_argument, NULL, 'l' },
		{ "out", required_argument, NULL, 'o' },    { "personal", no_argument, NULL, 'p' },
		{ "reason", required_argument, NULL, 'r' }, { NULL, 0, NULL, 0 },
	};
	bool number, days;
	int opt;

	*o = (struct audit_options){ .from_ms = CLOCK_NONE, .to_ms = CLOCK_NONE };
	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (opt != '?' && take_option(o, opt, optarg, go_live_ms))
			continue;
		if (opt != '?')
			(void)fprintf(stderr, "ekmc-ctl audit: %s is no day such as 2026-11-23, number or text\n", optarg);
		return false;
	}
	if (optind + 1 != argc)
		return false;
	number = o->number[0] != '\0';
	days = o->from_ms != CLOCK_NONE && o->to_ms != CLOCK_NONE && o->from_ms <= o->to_ms;
	if (strcmp(argv[optind], "verify") == 0)
		return o->to_ms == CLOCK_NONE && o->out == NULL && !o->personal && o->reason == NULL;
	if (strcmp(argv[optind], "export") == 0)
		return number != days && (number ? o->from_ms == CLOCK_NONE && o->to_ms == CLOCK_NONE : true) && o->log == NULL &&
		       o->personal == (o->reason != NULL);
	return argc == 2;
}

static enum status
run(const struct audit_job *j, const char *deed, int64_t *found)
{
	for (size_t i = 0; i < ARRAY_LEN(deeds); i++)
		if (strcmp(deeds[i].name, deed) == 0)
			return deeds[i].run(j, found);
	return E_MALFORMED;
}

int
ctl_audit(struct conf *c, int argc, char **argv)
{
	struct audit_options o;
	struct audit_job j = { .conf = c, .options = &o };
	int64_t found = 0;
	enum status st = E_NOMEM;

	if (!parse(argc, argv, c->system.go_live_ms, &o))
		return CTL_USAGE;
	if (c->seal.audit_keys[0] == '\0' || (o.personal && c->seal.keys[0] == '\0')) {
		(void)fprintf(stderr, "ekmc-ctl audit: %s is needed\n",
			      o.personal ? "seal.keys beside seal.audit_keys" : "seal.audit_keys");
		return CTL_FAILED;
	}
	/* who proves needs no key that opens personal data */
	j.seal = o.personal ? seal_new(c->seal.keys, "", "") : seal_empty();
	j.arena = arena_new(65536, ARENA_BYTES);
	j.db = db_new(c);
	if (j.seal == NULL || !seal_audit_keys(j.seal, c->seal.audit_keys))
		st = E_INVALID;
	else if (j.arena != NULL && j.db != NULL)
		st = run(&j, argv[optind], &found);
	db_free(j.db);
	arena_free(j.arena);
	seal_free(j.seal);
	if (st == E_MALFORMED)
		return CTL_USAGE;
	if (st != E_OK && st != E_INVALID)
		(void)fprintf(stderr, "ekmc-ctl audit: %s\n", status_name(st));
	return st != E_OK ? (st == E_BUSY ? CTL_BUSY : CTL_FAILED) : found == 0 ? CTL_DONE : CTL_FAILED;
}
