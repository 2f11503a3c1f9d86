/* What tests of the clock share: complaints made by the thousand, moved in time by SQL. Include after cmocka.h. */
#ifndef EKMC_TESTS_CLOCKED_H
#define EKMC_TESTS_CLOCKED_H

#include "bridge/chores.h"
#include "seeded.h"

static struct keeper *keeper;

static UNUSED int
clocked_up(void **state)
{
	if (seeded_up(state) != 0)
		return -1;
	conf.clock.tick_s = 5;
	conf.clock.lease_s = 10;
	conf.clock.batch = 50;
	conf.redis.address = "";
	conf.redis.password = "";
	keeper = keeper_new(&conf, seal, 2);
	return keeper != NULL && private_sql(&maria, "UPDATE staff SET mobile_sealed = 'sealed'") ? 0 : -1;
}

static UNUSED int
clocked_down(void **state)
{
	keeper_free(keeper);
	return seeded_down(state);
}

/* Nothing has happened yet; one LME, GROs, EOs of both levels and a controlling officer are on duty for DRN; one citizen. */
static UNUSED void
clocked_reset(void)
{
	seeded_reset();
	assert_true(private_sql(
		&maria,
		"UPDATE lease SET owner = NULL, lease_until = '2000-01-01', next_at = '2000-01-01', done_for = NULL;"
		"INSERT INTO staff (id, user_name, name_en, name_bn, mobile_sealed) VALUES "
		"(6,'eo1','E','ই','s'),(7,'eo2','E','ই','s'),"
		" (8,'co','C','ক','s');"
		"INSERT INTO roster (staff_id, role, department_code, eo_level) VALUES (1,'LME','DRN',NULL),(3,'GRO','DRN',NULL),"
		" (6,'EO','DRN',1),(7,'EO','DRN',2),(8,'CONTROLLING','DRN',NULL);"
		"UPDATE directory_version SET version = version + 1;"
		"INSERT INTO citizen (id, mobile_index, mobile_sealed, created_at) VALUES (1, REPEAT('i', 32), 's', "
		"UTC_TIMESTAMP(3))"));
	assert_int_equal(chores_ready(keeper), E_OK);
}

/* Complaints `from` to `to` of DRN-01 (24 hours) in this state, lodged `hours` ago, their clocks set to that. */
static UNUSED void
put(int from, int to, const char *in_state, int level, double hours)
{
	char text[3000];

	(void)snprintf(
		text, sizeof(text),
		"SET @at = UTC_TIMESTAMP(3) - INTERVAL ROUND(%f * 3600000000) MICROSECOND;"
		"INSERT INTO complaint_event (complaint_id, seq, at, action, to_state, level, actor_kind, actor_id, office, hash)"
		" SELECT seq, 1, @at, 'lodge', '%s', %d, 'citizen', 1, 'LME',"
		" event_hash(REPEAT('\\0', 32), seq, 1, @at, 'lodge', NULL, '%s', %d, 'citizen', 1, 'LME', NULL, FALSE, NULL)"
		" FROM seq_%d_to_%d;"
		"INSERT INTO complaint (id, number, state, level, channel, citizen_id, department_code, category_code, "
		"subcategory_code,"
		" ward_no, borough_no, description, language, holder_id, waiting_from, waiting_since, lodged_at, due_at, "
		"escalate_at,"
		" resolved_at, changed_at, event_count, event_head)"
		" SELECT n.seq, LPAD(n.seq, 12, '0'), '%s', %d, 'WEB', 1, 'DRN', 'DRN-A', 'DRN-01', 1, 1, 'x', 'bn',"
		" IF('%s' IN ('ASSIGNED', 'IN_PROGRESS', 'REASSIGN_REQUESTED', 'AWAITING_CITIZEN'), 1, NULL),"
		" IF('%s' = 'AWAITING_CITIZEN', 'ASSIGNED', NULL), IF('%s' = 'AWAITING_CITIZEN', @at, NULL), @at, @at + INTERVAL "
		"24 HOUR,"
		" IF('%s' IN ('RESOLVED', 'REJECTED', 'CLOSED', 'WITHDRAWN', 'DUPLICATE') OR ('%s' = 'ESCALATED' AND %d = 2), NULL,"
		" @at + INTERVAL 24 HOUR),"
		" IF('%s' IN ('RESOLVED', 'REJECTED', 'CLOSED'), @at, NULL), @at, 1, e.hash"
		" FROM seq_%d_to_%d n JOIN complaint_event e ON e.complaint_id = n.seq AND e.seq = 1",
		hours, in_state, level, in_state, level, from, to, in_state, level, in_state, in_state, in_state, in_state,
		in_state, level, in_state, from, to);
	assert_true(private_sql(&maria, text));
}

/* Does the chore of this name now, under its lease; what it did. */
static UNUSED struct chore_run
chore(const char *name)
{
	struct chore_run run = { 0 };

	for (size_t i = 0; i < chores_n; i++) {
		if (strcmp(chores[i].name, name) != 0)
			continue;
		assert_int_equal(chores_ready(keeper), E_OK);
		assert_int_equal(chore_do(keeper, &chores[i], true, &run), E_OK);
		return run;
	}
	fail_msg("there is no chore %s", name);
	return run;
}

#endif
