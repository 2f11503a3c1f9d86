/* Lists of categories and subcategories, in the format of sql/seed. Their order is that of the file; what is not in it becomes
 * inactive, because complaints refer to it for ever. */
#include "core/json.h"
#include "core/scan.h"
#include "domain/roster_impl.h"

enum { I_CODE, I_OWNER, I_EN, I_BN, I_HI, I_HOURS, I_PHOTO, I_ANONYMOUS };
static const char *const category_columns[] = {
	[I_CODE] = "code", [I_OWNER] = "department", [I_EN] = "en", [I_BN] = "bn", [I_HI] = "hi"
};
static const char *const subcategory_columns[] = {
	[I_CODE] = "code",
	[I_OWNER] = "category",
	[I_EN] = "en",
	[I_BN] = "bn",
	[I_HI] = "hi",
	[I_HOURS] = "sla_hours",
	[I_PHOTO] = "photo_on_resolve",
	[I_ANONYMOUS] = "anonymous",
};

static const struct format {
	enum admin_kind kind;
	const char *const *columns;
	size_t n;
	const char *example; /* what comes behind the department's code */
} formats[] = {
	[ROSTER_CATEGORIES] = { ADMIN_CATEGORIES, category_columns, ARRAY_LEN(category_columns), "-A" },
	[ROSTER_SUBCATEGORIES] = { ADMIN_SUBCATEGORIES, subcategory_columns, ARRAY_LEN(subcategory_columns), "-01" },
};

struct entry {
	size_t row;
	bool bad;
	const struct admin_item *now; /* NULL: it is new */
	struct admin_item then;
};

struct listing {
	const struct roster_means *w;
	const struct directory *d;
	const struct roster_job *job;
	const struct format *format;
	struct roster_report *report;
	struct admin_answer *answer;
	struct roster_table table;
	struct roster_faults faults;
	struct entry *entries;
	const struct admin_item *items; /* what there is, of the scope */
	size_t n, n_items;
	struct roster_item *said;
	size_t n_said;
};

/* ---- reading */

static void
wrong(struct listing *l, struct entry *e, size_t column, enum roster_fault fault, int64_t n, struct span value)
{
	e->bad = true;
	roster_fault(&l->faults, e->row, l->format->columns[column], fault, n, value);
}

static void
check_department(struct listing *l, struct entry *e)
{
	const struct span s = roster_cell(&l->table, e->row, I_OWNER), scope = l->job->department;

	if (s.n == 0)
		wrong(l, e, I_OWNER, RF_REQUIRED, 0, NOWHERE);
	else if (directory_department(l->d, s) == NULL)
		wrong(l, e, I_OWNER, RF_DEPARTMENT, 0, s);
	else if (scope.p != NULL && !span_eq(scope, s))
		wrong(l, e, I_OWNER, RF_DEPARTMENT_OTHER, 0, scope);
	else
		e->then.department = s;
}

static void
check_category(struct listing *l, struct entry *e)
{
	const struct span s = roster_cell(&l->table, e->row, I_OWNER), scope = l->job->department;
	const struct category *k = directory_category(l->d, s);
	const struct span department = k == NULL ? NOWHERE : l->d->departments[k->department].code;

	if (s.n == 0) {
		wrong(l, e, I_OWNER, RF_REQUIRED, 0, NOWHERE);
	} else if (k == NULL || (scope.p != NULL && !span_eq(scope, department))) {
		wrong(l, e, I_OWNER, RF_CATEGORY, 0, s);
	} else {
		e->then.category = s;
		e->then.department = department;
	}
}

static bool
check_yesno(struct listing *l, struct entry *e, size_t column)
{
	const struct span s = roster_cell(&l->table, e->row, column);
	const bool yes = span_eq(s, SPAN("yes"));

	if (!yes && !span_eq(s, SPAN("no")))
		wrong(l, e, column, RF_YESNO, 0, NOWHERE);
	return yes;
}

static void
check_promise(struct listing *l, struct entry *e)
{
	if (!scan_i64(roster_cell(&l->table, e->row, I_HOURS), 1, ADMIN_HOURS_MOST, &e->then.sla_hours))
		wrong(l, e, I_HOURS, RF_HOURS, 0, NOWHERE);
	e->then.photo_on_resolve = check_yesno(l, e, I_PHOTO);
	e->then.anonymous = check_yesno(l, e, I_ANONYMOUS);
}

static void
check_code(struct listing *l, struct entry *e)
{
	const struct span department = e->then.department, code = e->then.code;

	if (code.n == 0) {
		wrong(l, e, I_CODE, RF_REQUIRED, 0, NOWHERE);
		return;
	}
	for (const struct entry *other = l->entries; other < e; other++) {
		if (!span_eq(other->then.code, code))
			continue;
		wrong(l, e, I_CODE, RF_CODE_TWICE, (int64_t)other->row, NOWHERE);
		return;
	}
	if (department.p != NULL && !admin_code_fits(l->format->kind, department, code))
		wrong(l, e, I_CODE, RF_CODE, 0,
		      span_of(arena_printf(l->w->arena, "%.*s%s", SPAN_FMT(department), l->format->example)));
}

static void
read_entry(struct listing *l, size_t row)
{
	struct entry *e = &l->entries[l->n++];
	const size_t names[LANG__COUNT] = { [LANG_EN] = I_EN, [LANG_BN] = I_BN, [LANG_HI] = I_HI };

	*e = (struct entry){ .row = row, .then = { .code = roster_cell(&l->table, row, I_CODE), .active = true } };
	if (l->format->kind == ADMIN_CATEGORIES)
		check_department(l, e);
	else
		check_category(l, e);
	check_code(l, e);
	for (int i = 0; i < LANG__COUNT; i++) {
		e->bad = !roster_check_name(&l->table, row, names[i], &l->faults) || e->bad;
		e->then.name.in[i] = roster_cell(&l->table, row, names[i]);
	}
	if (l->format->kind == ADMIN_SUBCATEGORIES)
		check_promise(l, e);
	for (size_t i = 0; i < l->n_items; i++)
		if (span_eq(l->items[i].code, e->then.code))
			e->now = &l->items[i];
}

/* E_INVALID: no list at all. */
static enum status
read_all(struct listing *l)
{
	enum status st = roster_table(l->w->arena, l->job->csv, l->format->columns, l->format->n, &l->faults, &l->table);

	if (st != E_OK)
		return st;
	l->entries = arena_array(l->w->arena, l->table.csv.rows, sizeof(*l->entries));
	if (l->entries == NULL)
		return E_NOMEM;
	/* each is compared with those before it */
	if (l->table.csv.rows > 2001) {
		roster_fault(&l->faults, 0, NULL, RF_ROWS_MANY, 2000, NOWHERE);
		return E_INVALID;
	}
	for (size_t row = 2; row <= l->table.csv.rows; row++)
		if (!roster_blank(&l->table, row))
			read_entry(l, row);
	return E_OK;
}

/* ---- comparing */

/* The places in the order, moved as little as possible: the same file again moves nothing. */
static void
number(struct listing *l)
{
	int64_t last = -1;

	for (size_t i = 0; i < l->n; i++) {
		struct entry *e = &l->entries[i];

		e->then.sort = e->now != NULL && e->now->sort > last ? e->now->sort : last + 1;
		last = e->then.sort;
	}
}

static struct roster_item *
say(struct listing *l, enum roster_what what, size_t row, struct span code)
{
	struct roster_item *i = &l->said[l->n_said++];

	*i = (struct roster_item){ .what = what, .row = row, .key = code };
	return i;
}

static void
name_columns(struct roster_item *i, const struct admin_item *a, const struct admin_item *b)
{
	const struct {
		const char *name;
		bool differs;
	} columns[] = { { "category", !span_eq(a->category, b->category) },
			{ "en", !span_eq(a->name.in[LANG_EN], b->name.in[LANG_EN]) },
			{ "bn", !span_eq(a->name.in[LANG_BN], b->name.in[LANG_BN]) },
			{ "hi", !span_eq(a->name.in[LANG_HI], b->name.in[LANG_HI]) },
			{ "sla_hours", a->sla_hours != b->sla_hours },
			{ "photo_on_resolve", a->photo_on_resolve != b->photo_on_resolve },
			{ "anonymous", a->anonymous != b->anonymous },
			{ "order", a->sort != b->sort },
			{ "active", a->active != b->active } };
	size_t n = 0;

	_Static_assert(ARRAY_LEN(columns) < ARRAY_LEN(((struct roster_item *)NULL)->columns), "the list of columns must end");
	for (size_t k = 0; k < ARRAY_LEN(columns); k++)
		if (columns[k].differs)
			i->columns[n++] = columns[k].name;
}

static bool
is_listed(const struct listing *l, struct span code)
{
	for (size_t i = 0; i < l->n; i++)
		if (span_eq(l->entries[i].then.code, code))
			return true;
	return false;
}

/* Does the list have anything of this item's department? */
static bool
has_department(const struct listing *l, const struct admin_item *item)
{
	for (size_t i = 0; i < l->n; i++)
		if (span_eq(l->entries[i].then.department, item->department))
			return true;
	return false;
}

static void
compare(struct listing *l)
{
	struct roster_report *report = l->report;

	number(l);
	for (size_t i = 0; i < l->n; i++) {
		const struct entry *e = &l->entries[i];

		if (e->bad)
			continue;
		if (e->now == NULL) {
			(void)say(l, ROSTER_ADDED, e->row, e->then.code);
			report->added++;
		} else if (!admin_item_same(l->format->kind, e->now, &e->then)) {
			name_columns(say(l, ROSTER_CHANGED, e->row, e->then.code), e->now, &e->then);
			report->changed++;
		} else {
			report->unchanged++;
		}
	}
	for (size_t i = 0; i < l->n_items; i++) {
		const struct admin_item *item = &l->items[i];

		if (!item->active || is_listed(l, item->code))
			continue;
		(void)say(l, ROSTER_LEAVING, 0, item->code);
		report->leaving++;
		report->needs_confirm = report->needs_confirm || !has_department(l, item);
	}
}

/* ---- doing it */

static enum status
write_one(struct admin_change *c, const struct listing *l, const struct admin_item *now, const struct admin_item *then)
{
	enum status st = admin_item_write(c, l->format->kind, now, then);

	if (st != E_OK)
		return st;
	return admin_record(c, admin_kind_name(l->format->kind), then->code,
			    now == NULL ? NULL : admin_item_json(l->format->kind, now), admin_item_json(l->format->kind, then));
}

static enum status
apply(struct admin_change *c, struct listing *l)
{
	enum status st = E_OK;

	for (size_t i = 0; i < l->n && st == E_OK; i++) {
		struct entry *e = &l->entries[i];

		if (e->now == NULL || !admin_item_same(l->format->kind, e->now, &e->then))
			st = write_one(c, l, e->now, &e->then);
	}
	for (size_t i = 0; i < l->n_items && st == E_OK; i++) {
		struct admin_item then = l->items[i];

		if (!then.active || is_listed(l, then.code))
			continue;
		then.active = false;
		st = write_one(c, l, &l->items[i], &then);
	}
	if (st == E_OK)
		st = admin_bump(c);
	l->report->version = l->d->version + 1;
	return st;
}

static enum status
prepare(struct listing *l)
{
	struct arena *a = l->w->arena;
	enum status st = roster_faults_init(&l->faults, a);
	bool list;

	l->n = l->n_said = 0;
	if (st == E_OK)
		st = admin_items(l->w->db, a, l->format->kind, l->job->department, &l->items, &l->n_items);
	if (st == E_OK)
		st = read_all(l);
	list = st == E_OK;
	if (st != E_OK && st != E_INVALID)
		return st;
	l->said = arena_array(a, l->n + l->n_items, sizeof(*l->said));
	if (l->said == NULL)
		return E_NOMEM;
	if (list)
		compare(l);
	roster_faults_sort(&l->faults);
	l->report->rows = l->n;
	l->report->errors = l->faults.v;
	l->report->n_errors = l->faults.n;
	l->report->errors_all = l->faults.all;
	roster_report_items(l->report, l->said, l->n_said);
	return E_OK;
}

static enum status
body(struct admin_change *c, void *arg)
{
	struct listing *l = arg;
	struct roster_report *report = l->report;
	int64_t version = 0;
	enum status st = directory_version(c->db, c->arena, &version);

	*report = (struct roster_report){ .version = l->d->version };
	if (st == E_OK && (version != l->d->version || (l->job->version != 0 && l->job->version != version)))
		st = E_STALE;
	if (st == E_OK)
		st = prepare(l);
	if (st == E_OK && !l->job->dry_run) {
		if (report->errors_all > 0)
			return E_INVALID;
		if (report->needs_confirm && !l->job->confirm)
			return E_CONFIRM;
		if (l->n_said > 0)
			st = apply(c, l);
	}
	return st == E_OK ? admin_tell(c, l->answer, report) : st;
}

enum status
roster_import_items(const struct roster_means *w, const struct directory *d, const struct roster_job *job,
		    struct roster_report *report, struct admin_answer *answer)
{
	struct listing l = { .w = w, .d = d, .job = job, .format = &formats[job->list], .report = report, .answer = answer };
	struct admin_who who = job->who;

	who.keyed = who.keyed && !job->dry_run;
	return admin_run(w->db, w->arena, &who, body, &l, answer);
}

/* ---- going out */

static void
put_line(struct buf *out, enum admin_kind kind, const struct admin_item *i)
{
	roster_put_cell(out, i->code);
	buf_char(out, ',');
	roster_put_cell(out, kind == ADMIN_CATEGORIES ? i->department : i->category);
	for (int l = 0; l < LANG__COUNT; l++) {
		buf_char(out, ',');
		roster_put_cell(out, i->name.in[l]);
	}
	if (kind == ADMIN_SUBCATEGORIES)
		buf_printf(out, ",%lld,%s,%s", (long long)i->sla_hours, i->photo_on_resolve ? "yes" : "no",
			   i->anonymous ? "yes" : "no");
	buf_char(out, '\n');
}

enum status
roster_csv_items(const struct roster_means *w, enum roster_list list, struct span department, struct buf *out)
{
	const struct format *f = &formats[list];
	const struct admin_item *items;
	size_t n = 0;
	enum status st = admin_items(w->db, w->arena, f->kind, department, &items, &n);

	for (size_t i = 0; i < f->n; i++)
		buf_printf(out, "%s%s", i == 0 ? "" : ",", f->columns[i]);
	buf_char(out, '\n');
	for (size_t i = 0; st == E_OK && i < n; i++)
		if (items[i].active)
			put_line(out, f->kind, &items[i]);
	return st;
}
