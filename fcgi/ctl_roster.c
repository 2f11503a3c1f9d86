/* `ekmc-ctl roster`: lists of officers, categories and subcategories from files and into them. */
#include "ctl.h"
#include "ctl_seed.h"

#include <getopt.h>

#include "core/cache.h"
#include "core/clock.h"
#include "core/scan.h"
#include "domain/roster.h"

#define IMPORT_MS  120000
#define EXPORT_MAX (64 << 20)

static const char format[] =
	"A list is CSV in UTF-8 with a first line of column names, in any order.\n\n"
	"staff (the default): user,role,department,level,boroughs,wards,subcategories,en,bn,mobile\n"
	"  user           the login name: 3 to 60 of a-z 0-9 . _ -\n"
	"  role           lme, gro, eo, controlling; in the list of --all also desk, commissioner, mayor, admin\n"
	"  department     its code; empty for desk, commissioner, mayor and admin\n"
	"  level          1 or 2 of an eo\n"
	"  boroughs       of lme, gro, eo: numbers parted by spaces; empty: all\n"
	"  wards          of an lme: numbers parted by spaces; empty: all of the boroughs\n"
	"  subcategories  of an lme: codes of subcategories or whole categories; empty: all\n"
	"  en, bn         the name in Latin and in Bengali script\n"
	"  mobile         ten digits; empty: no messages\n"
	"  Several rows of one user add up. The list is complete: an lme, gro or eo of the department who is not in it loses that\n"
	"  duty, and can no longer log in when no duty is left anywhere. The other roles are compared only where the list names\n"
	"  somebody of that role.\n"
	"categories: code,department,en,bn,hi\n"
	"subcategories: code,category,en,bn,hi,sla_hours,photo_on_resolve,anonymous  (hours 1 to 720; yes or no)\n"
	"  In the order of the file; what is not in it takes no new complaints.\n\n"
	"A cell that begins with = + - @ stands behind an apostrophe, so that no spreadsheet takes it for a formula.\n"
	"One wrong row and nothing is changed. The same file again changes nothing. Open complaints of who leaves are routed "
	"anew,\n"
	"which --confirm-leaving agrees to.\n";

struct options {
	const char *file;
	struct span department;
	bool all, dry_run, confirm;
	int list;
};

static bool
parse(int argc, char **argv, struct options *o, bool *help)
{
	static const struct option options[] = {
		{ "department", required_argument, NULL, 'd' },
		{ "all", no_argument, NULL, 'a' },
		{ "list", required_argument, NULL, 'l' },
		{ "dry-run", no_argument, NULL, 'n' },
		{ "confirm-leaving", no_argument, NULL, 'c' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int opt;

	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (opt) {
		case 'd':
			o->department = span_of(optarg);
			break;
		case 'a':
			o->all = true;
			break;
		case 'l':
			for (o->list = 0; roster_list_names[o->list] != NULL; o->list++)
				if (strcmp(roster_list_names[o->list], optarg) == 0)
					break;
			break;
		case 'n':
			o->dry_run = true;
			break;
		case 'c':
			o->confirm = true;
			break;
		case 'h':
			*help = true;
			return true;
		default:
			return false;
		}
	}
	return o->list < ROSTER_LIST__COUNT && o->all == (o->department.p == NULL);
}

static void
print_report(const struct roster_job *job, const struct roster_report *r)
{
	static const char *const words[] = { [ROSTER_ADDED] = "added", [ROSTER_CHANGED] = "changed", [ROSTER_LEAVING] = "leaves" };
	struct buf text = BUF_INIT(4096);

	for (size_t i = 0; i < r->n_errors; i++) {
		const struct roster_error *e = &r->errors[i];

		buf_clear(&text);
		roster_fault_text(e, LANG_EN, &text);
		if (e->row > 0)
			(void)printf("row %zu%s%s: ", e->row, e->column == NULL ? "" : ", ", e->column == NULL ? "" : e->column);
		(void)printf("%.*s\n", (int)text.len, text.len == 0 ? "" : text.data);
	}
	for (size_t i = 0; i < r->n_items; i++) {
		const struct roster_item *item = &r->items[i];

		if (item->row > 0)
			(void)printf("row %zu, ", item->row);
		(void)printf("%.*s: %s", SPAN_FMT(item->key), words[item->what]);
		for (size_t k = 0; item->columns[k] != NULL; k++)
			(void)printf("%s%s", k == 0 ? " (" : ", ", item->columns[k]);
		(void)printf("%s", item->columns[0] != NULL ? ")" : "");
		if (item->open > 0) {
			buf_clear(&text);
			roster_open_text(item->open, LANG_EN, &text);
			(void)printf("; %.*s", (int)text.len, text.data);
		}
		(void)printf("\n");
	}
	buf_release(&text);
	if (r->n_errors < r->errors_all || r->n_items < r->items_all)
		(void)printf("… and %zu more\n", r->errors_all - r->n_errors + r->items_all - r->n_items);
	(void)printf("%zu rows: %zu added, %zu changed, %zu leaving, %zu unchanged, %zu errors, %lld complaints routed anew%s\n",
		     r->rows, r->added, r->changed, r->leaving, r->unchanged, r->errors_all, (long long)r->rerouted,
		     job->dry_run ? "; a dry run, nothing was changed" : "");
}

static enum status
import(const struct roster_means *w, const struct options *o)
{
	char account[60];
	struct roster_job job = { .list = (enum roster_list)o->list,
				  .department = o->department,
				  .who = { .account = ctl_operator(account), .now_ms = clock_now_ms() },
				  .dry_run = o->dry_run,
				  .confirm = o->confirm };
	struct admin_answer nothing = { .render = NULL };
	struct roster_report report = { .rows = 0 };
	enum status st = seed_read(w->arena, NULL, o->file, stderr, &job.csv);

	if (st != E_OK)
		return st;
	if (job.csv.n > ROSTER_BYTES_MAX) {
		(void)fprintf(stderr, "%s: larger than %d bytes\n", o->file, ROSTER_BYTES_MAX);
		return E_INVALID;
	}
	st = roster_import(w, &job, &report, &nothing);
	if (st == E_OK || st == E_INVALID || st == E_CONFIRM)
		print_report(&job, &report);
	if (st == E_INVALID)
		(void)fputs("nothing was changed: correct the rows named above\n", stderr);
	if (st == E_CONFIRM)
		(void)fputs("nothing was changed: people leave open complaints behind, or a department would have nobody;"
			    " --confirm-leaving agrees to it\n",
			    stderr);
	if (st == E_STALE)
		(void)fputs("nothing was changed: somebody else changed something in the same moment; look again\n", stderr);
	if (st == E_NOT_FOUND)
		(void)fprintf(stderr, "ekmc-ctl roster: there is no department %.*s\n", SPAN_FMT(o->department));
	return st == E_OK && job.dry_run && report.errors_all > 0 ? E_INVALID : st;
}

static enum status export(const struct roster_means *w, const struct options *o) {
	struct buf text = BUF_INIT(EXPORT_MAX); struct directory * d; enum status st = directory_load(w->db, &d);

	if (st != E_OK) return st;
	st = roster_csv(w, d, (enum roster_list)o->list, o->department, true, &text);
	if (st == E_OK && text.failed) st = E_NOMEM;
	if (st == E_OK && fwrite(text.data, 1, text.len, stdout) != text.len) st = E_INTERNAL;
	if (st == E_NOT_FOUND)(void) fprintf(stderr, "ekmc-ctl roster: there is no department %.*s\n", SPAN_FMT(o->department));
	directory_free(d);
	buf_release(&text);
	return st;
}

int
ctl_roster(struct conf *c, int argc, char **argv)
{
	struct options o = { .list = ROSTER_STAFF };
	struct roster_means w = { .arena = NULL };
	struct seal *seal;
	bool help = false, importing;
	enum status st = E_NOMEM;

	if (!parse(argc, argv, &o, &help) && !help)
		return CTL_USAGE;
	if (help) {
		(void)fputs(format, stdout);
		return CTL_DONE;
	}
	importing = optind + 2 == argc && strcmp(argv[optind], "import") == 0;
	if (!importing && (optind + 1 != argc || strcmp(argv[optind], "export") != 0))
		return CTL_USAGE;
	o.file = importing ? argv[optind + 1] : NULL;
	if (c->seal.keys[0] == '\0') {
		(void)fputs("ekmc-ctl roster: seal.keys is needed\n", stderr);
		return CTL_FAILED;
	}
	seal = seal_new(c->seal.keys, c->seal.index_key, c->seal.token_key);
	w.seal = seal;
	w.arena = arena_new(65536, ROSTER_ARENA_BYTES);
	w.db = db_new(c);
	w.cache = cache_new(c);
	if (seal == NULL) {
		st = E_INVALID;
	} else if (w.arena != NULL && w.db != NULL && w.cache != NULL) {
		db_deadline(w.db, clock_monotonic_ms() + IMPORT_MS);
		st = importing ? import(&w, &o) : export(&w, &o);
	}
	cache_free(w.cache);
	db_free(w.db);
	arena_free(w.arena);
	seal_free(seal);
	if (st != E_OK && st != E_INVALID && st != E_CONFIRM && st != E_STALE && st != E_NOT_FOUND)
		(void)fprintf(stderr, "ekmc-ctl roster: %s\n", status_name(st));
	return st == E_OK ? CTL_DONE : st == E_BUSY || st == E_STALE ? CTL_BUSY : CTL_FAILED;
}
