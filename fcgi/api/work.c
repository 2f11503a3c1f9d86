/* Filters of lists, and their items as JSON. */
#include "api/work.h"

#include "api/params.h"
#include "api/render.h"
#include "core/clock.h"
#include "core/scan.h"

#define DAY_MS INT64_C(86400000)

_Static_assert(PAGE_LIMIT <= WORK_LIMIT, "more complaints could be asked for than are found");

const char *const work_channels[] = { "WEB",          "APP",  "WHATSAPP", "CALL_CENTRE", "TALK_TO_MAYOR",
				      "MAYOR_OFFICE", "CMRO", "OPEN311",  NULL };

static bool
read_state(struct call *c, struct span word, const char *pointer, struct work_filter *f)
{
	enum state s;

	if (!state_parse(word, &s)) {
		(void)call_format(c, pointer, "ASSIGNED, ESCALATED …");
		return false;
	}
	f->states |= STATE_BIT(s);
	return true;
}

static void
read_states(struct call *c, const struct work_query *in, struct work_filter *f)
{
	struct span rest = in->state, word;

	while (scan_cut(&rest, ',', &word) && read_state(c, scan_trim(word), "/state", f))
		continue;
	for (size_t i = 0; i < in->states.n; i++)
		(void)read_state(c, in->states.v[i], arena_printf(c->arena, "/state/%zu", i), f);
}

/* A number, or how one begins, as people write it. */
static void
read_text(struct call *c, struct span text, struct work_filter *f)
{
	char digits[NUMBER_DIGITS + 1], whole[NUMBER_DIGITS + 1];
	int n;

	if (text.p == NULL)
		return;
	n = scan_digits(text, digits, NUMBER_DIGITS);
	if (n < 1) {
		(void)call_format(c, "/text", "2611 0000");
		return;
	}
	digits[n] = '\0';
	if (n == NUMBER_DIGITS && ids_number_parse(text, c->conf->system.go_live_ms, whole) == NUMBER_MISTYPED)
		(void)call_field(c, "/text", FE_MISTYPED);
	f->digits = arena_strdup(c->arena, digits);
}

/* Days are of 24 hours; whoever asks for 3 to 5 days gets what is at least 3 and less than 6 days old. */
static void
read_age(const struct work_query *in, struct work_filter *f)
{
	f->lodged_from_ms = in->lodged_after_ms;
	f->lodged_to_ms = in->lodged_before_ms;
	if (in->min_days >= 0 && f->now_ms - in->min_days * DAY_MS < f->lodged_to_ms)
		f->lodged_to_ms = f->now_ms - in->min_days * DAY_MS + 1;
	if (in->max_days >= 0 && f->now_ms - (in->max_days + 1) * DAY_MS > f->lodged_from_ms)
		f->lodged_from_ms = f->now_ms - (in->max_days + 1) * DAY_MS + 1;
	if (f->lodged_from_ms < 0)
		f->lodged_from_ms = 0;
}

/* A category is of one department: the others need not be searched. A code that nobody knows matches nothing. */
static void
read_codes(const struct directory *d, struct work_filter *f)
{
	const struct subcategory *s = f->subcategory.p == NULL ? NULL : directory_subcategory(d, f->subcategory);
	const struct category *k = f->category.p == NULL ? NULL : directory_category(d, f->category);

	if ((f->subcategory.p != NULL && s == NULL) || (f->category.p != NULL && k == NULL))
		f->lodged_to_ms = f->lodged_from_ms;
	if (k == NULL && s != NULL)
		k = &d->categories[s->category];
	if (k != NULL && f->department.p == NULL)
		f->department = d->departments[k->department].code;
}

/* Control characters cannot stand in a field: they part them here. */
static enum status
write_depends(const struct call *c, const struct work_query *in, const struct work_filter *f, struct span *out)
{
	*out = span_of(arena_printf(
		c->arena,
		"%.*s\x1f%d\x1f%x\x1f%.*s\x1f%.*s\x1f%.*s\x1f%.*s\x1f%.*s\x1f%.*s\x1f%lld\x1f%lld\x1f%lld\x1f%d\x1f%d"
		"\x1f%lld\x1f%lld\x1f%lld\x1f%lld",
		SPAN_FMT(c->req.path), in->tab, f->states, SPAN_FMT(in->department), SPAN_FMT(in->category),
		SPAN_FMT(in->subcategory), SPAN_FMT(in->holder), SPAN_FMT(in->text), SPAN_FMT(in->mobile), (long long)in->ward,
		(long long)in->borough, (long long)in->level, in->channel, f->overdue, (long long)in->min_days,
		(long long)in->max_days, (long long)in->lodged_after_ms, (long long)in->lodged_before_ms));
	return out->p == NULL ? E_NOMEM : E_OK;
}

enum status
work_filter_read(struct call *c, const struct directory *d, const struct work_query *in, struct work_filter *f,
		 struct span *depends)
{
	*f = (struct work_filter){
		.department = in->department,
		.category = in->category,
		.subcategory = in->subcategory,
		.ward = (int)in->ward,
		.borough = (int)in->borough,
		.level = (int)in->level,
		.channel = in->channel < 0 ? NULL : work_channels[in->channel],
		.overdue = in->has_overdue ? in->overdue : -1,
		.now_ms = clock_now_ms(),
		.limit = (int)in->page.limit,
	};
	read_states(c, in, f);
	read_text(c, in->text, f);
	read_age(in, f);
	read_codes(d, f);
	if (c->errors.n > 0)
		return E_INVALID;
	if (in->holder.p != NULL) {
		enum status st = work_staff_id(c->worker->db, c->arena, in->holder, &f->holder_id);

		if (st != E_OK)
			return st;
	}
	return write_depends(c, in, f, depends);
}

json_t *
work_items_json(const struct work_page *page)
{
	json_t *items = json_array();

	for (size_t i = 0; i < page->n && items != NULL; i++)
		(void)json_array_append_new(items, render_work(&page->items[i]));
	return items;
}
