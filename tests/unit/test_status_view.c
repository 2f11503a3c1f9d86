/* What the public sees of a complaint: what design section 6 lists, and nothing of what is anybody's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "core/clock.h"
#include "domain/status_view.h"

#define AT_MS  INT64_C(1795408200123) /* 2026-11-23T04:30:00.123Z */
#define MARKER "PRIVATE-MARKER"
#define NUMBER "261100000017"
#define LIT(text)                                                                                                                  \
	{                                                                                                                          \
		text, sizeof(text) - 1                                                                                             \
	} /* SPAN for constants */

static const struct department departments[] = {
	{ .code = LIT("DRN"), .name = { { LIT("Drains"), LIT("নর্দমা"), LIT("नाली") } }, .active = true },
};
static const struct category categories[] = { { .code = LIT("DRN-A"), .department = 0, .active = true } };
static const struct subcategory subcategories[] = {
	{ .code = LIT("DRN-01"), .name = { { LIT("Blocked"), LIT("বন্ধ"), LIT("बंद") } }, .category = 0, .active = true },
};
static const struct public_name public_names[] = {
	{ LIT("office"), LIT("GRO"), { { LIT("Grievance officer"), LIT("আধিকারিক"), LIT("अधिकारी") } } },
	{ LIT("state"), LIT("ASSIGNED"), { { LIT("Assigned"), LIT("দেওয়া হয়েছে"), LIT("सौंपा") } } },
	{ LIT("state"), LIT("GRO"), { { LIT("no"), LIT("no"), LIT("no") } } },
};
static const struct directory directory = {
	.departments = departments,
	.categories = categories,
	.subcategories = subcategories,
	.public_names = public_names,
	.n_departments = 1,
	.n_categories = 1,
	.n_subcategories = 1,
	.n_public_names = 3,
};

/* Every field that is not for the public holds a marker or a number that occurs nowhere else. */
static struct complaint
complaint_of(void)
{
	return (struct complaint){
		.id = 777000001,
		.version = 777000002,
		.citizen_id = 777000003,
		.holder_id = 777000004,
		.number = SPAN(NUMBER),
		.channel = SPAN(MARKER "-channel"),
		.department = SPAN("DRN"),
		.category = SPAN("DRN-A"),
		.subcategory = SPAN("DRN-01"),
		.description = SPAN(MARKER "-description"),
		.landmark_sealed = SPAN(MARKER "-landmark"),
		.language = SPAN(MARKER "-language"),
		.state = ASSIGNED,
		.level = 1,
		.ward = 63,
		.borough = 7,
		.has_point = true,
		.lat = 22.777005,
		.lon = 88.777006,
		.lodged_ms = AT_MS,
		.due_ms = AT_MS + 86400000,
		.resolved_ms = CLOCK_NONE,
	};
}

static struct event
event_of(int64_t seq, struct span action, struct span state)
{
	return (struct event){ .seq = 777000 + seq,
			       .at_ms = AT_MS + seq * 1000,
			       .action = action,
			       .from = SPAN(MARKER "-from"),
			       .state = state,
			       .by = SPAN(MARKER "-by"),
			       .office = SPAN("GRO"),
			       .note = SPAN(MARKER "-note"),
			       .internal = seq % 2 == 0 };
}

static void
test_status_view__shows_nothing_that_is_anybodys_own(void **state)
{
	const struct complaint c = complaint_of();
	const struct event events[] = { event_of(1, SPAN(MARKER "-action"), SPAN("UNASSIGNED")),
					event_of(2, SPAN("assign"), SPAN("ASSIGNED")),
					event_of(3, SPAN("note"), SPAN("ASSIGNED")) };
	json_t *o = status_view(&directory, &c, events, ARRAY_LEN(events));
	struct buf text = BUF_INIT(65536);

	(void)state;
	json_encode(o, &text);
	assert_false(text.failed);
	assert_null(strstr(text.data, MARKER));
	assert_null(strstr(text.data, "777"));
	assert_non_null(strstr(text.data, NUMBER));
	buf_release(&text);
	json_decref(o);
}

static void
test_status_view__has_exactly_the_members_of_the_contract(void **state)
{
	static const char expected[] =
		"{\"number\":\"" NUMBER
		"\",\"system\":\"ekmc2\",\"state\":\"ASSIGNED\",\"state_name\":{\"en\":\"Assigned\",\"bn\":\"দেওয়া হয়েছে\","
		"\"hi\":\"सौंपा\"},\"level\":1,\"department\":{\"code\":\"DRN\",\"en\":\"Drains\",\"bn\":\"নর্দমা\",\"hi\":\"नाली\"},"
		"\"subcategory\":{\"code\":\"DRN-01\",\"en\":\"Blocked\",\"bn\":\"বন্ধ\",\"hi\":\"बंद\"},\"ward\":63,\"borough\":7,"
		"\"lodged_at\":\"2026-11-23T04:30:00.123Z\",\"due_at\":\"2026-11-24T04:30:00.123Z\",\"resolved_at\":null,"
		"\"remark\":null,"
		"\"stale\":false,\"age_s\":0,\"timeline\":[{\"state\":\"ASSIGNED\",\"state_name\":{\"en\":\"Assigned\",\"bn\":"
		"\"দেওয়া হয়েছে\","
		"\"hi\":\"सौंपा\"},\"at\":\"2026-11-23T04:30:01.123Z\",\"office\":{\"code\":\"GRO\",\"en\":\"Grievance officer\","
		"\"bn\":\"আধিকারিক\",\"hi\":\"अधिकारी\"}}]}";
	const struct complaint c = complaint_of();
	const struct event e = event_of(1, SPAN("lodge"), SPAN("ASSIGNED"));
	json_t *o = status_view(&directory, &c, &e, 1);
	struct buf text = BUF_INIT(65536);

	(void)state;
	json_encode(o, &text);
	assert_string_equal(text.data, expected);
	buf_release(&text);
	json_decref(o);
}

static void
test_status_view__what_the_directory_does_not_know_is_named_by_its_code(void **state)
{
	struct complaint c = complaint_of();
	json_t *o;

	(void)state;
	c.department = SPAN("OLD");
	c.subcategory = SPAN("OLD-09");
	c.state = RESOLVED;
	c.resolved_ms = AT_MS + 1000;
	o = status_view(&directory, &c, NULL, 0);
	assert_non_null(o);
	assert_string_equal(json_string_value(json_object_get(json_object_get(o, "department"), "bn")), "OLD");
	assert_string_equal(json_string_value(json_object_get(json_object_get(o, "subcategory"), "code")), "OLD-09");
	assert_string_equal(json_string_value(json_object_get(json_object_get(o, "state_name"), "hi")), "RESOLVED");
	assert_null(json_object_get(json_object_get(o, "state_name"), "code"));
	assert_string_equal(json_string_value(json_object_get(o, "resolved_at")), "2026-11-23T04:30:01.123Z");
	assert_int_equal(json_array_size(json_object_get(o, "timeline")), 0);
	json_decref(o);
}

static void
test_status_view__the_timeline_leaves_out_what_changes_nothing(void **state)
{
	static const struct {
		const char *actions[6], *states[6];
		const char *seen; /* "STATE@seq " each */
	} cases[] = {
		{ { "lodge" }, { "ASSIGNED" }, "ASSIGNED@1 " },
		{ { "lodge", "note", "note" }, { "ASSIGNED", "ASSIGNED", "ASSIGNED" }, "ASSIGNED@1 " },
		{ { "lodge", "note", "start", "note", "resolve" },
		  { "ASSIGNED", "ASSIGNED", "IN_PROGRESS", "IN_PROGRESS", "RESOLVED" },
		  "ASSIGNED@1 IN_PROGRESS@3 RESOLVED@5 " },
		{ { "lodge", "assign", "assign" }, { "UNASSIGNED", "ASSIGNED", "ASSIGNED" }, "UNASSIGNED@1 ASSIGNED@2 " },
		{ { "lodge", "request_reassign", "refuse" },
		  { "ASSIGNED", "REASSIGN_REQUESTED", "ASSIGNED" },
		  "ASSIGNED@1 REASSIGN_REQUESTED@2 ASSIGNED@3 " },
		/* escalated again by a re-opening: the citizen's own act is shown */
		{ { "escalate", "note", "reopen", "note" },
		  { "ESCALATED", "ESCALATED", "ESCALATED", "ESCALATED" },
		  "ESCALATED@1 ESCALATED@3 " },
	};
	const struct complaint c = complaint_of();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct event events[6];
		char text[256] = "";
		size_t n = 0, used = 0, at;
		json_t *o, *list, *e;

		for (; n < 6 && cases[i].actions[n] != NULL; n++)
			events[n] = event_of((int64_t)n + 1, span_of(cases[i].actions[n]), span_of(cases[i].states[n]));
		o = status_view(&directory, &c, events, n);
		list = json_object_get(o, "timeline");
		json_array_foreach(list, at, e)
		{
			const char *when = json_string_value(json_object_get(e, "at"));

			used += (size_t)snprintf(text + used, sizeof(text) - used, "%s@%c ",
						 json_string_value(json_object_get(e, "state")), when[18]);
		}
		assert_string_equal(text, cases[i].seen);
		json_decref(o);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_status_view__shows_nothing_that_is_anybodys_own),
		cmocka_unit_test(test_status_view__has_exactly_the_members_of_the_contract),
		cmocka_unit_test(test_status_view__what_the_directory_does_not_know_is_named_by_its_code),
		cmocka_unit_test(test_status_view__the_timeline_leaves_out_what_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
