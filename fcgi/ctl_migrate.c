/* ekmc-ctl migrate: brings the schema up to date, once, however many start it at the same time.
 *
 * MariaDB cannot roll DDL back: a version is recorded as 'running' before and as 'done' after, so that a half-applied one is seen.
 * Who may work is a lease row taken by compare-and-set; GET_LOCK is given to both nodes of a cluster (reliability.md). */
#include <getopt.h>
#include <stdio.h>

#include "core/clock.h"
#include "core/db.h"
#include "core/scan.h"
#include "ctl.h"
#include "ctl_migrate.h"

#define ARENA_BYTES     (UINT64_C(1) << 30)
#define BOOTSTRAP_TRIES 5
#define STATEMENT_MS    INT64_C(86400000) /* DDL of a large table takes its time */

static const char bootstrap[] =
	"CREATE TABLE IF NOT EXISTS schema_migration ("
	" kind VARCHAR(10) CHARACTER SET ascii NOT NULL COMMENT 'migration, procedure or grants',"
	" version INT NOT NULL COMMENT 'the number of a migration, 0 for the others',"
	" name VARCHAR(120) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'the file below sql/',"
	" checksum CHAR(64) CHARACTER SET ascii NOT NULL COMMENT 'SHA-256 of the file as applied, in hex',"
	" state VARCHAR(7) CHARACTER SET ascii NOT NULL COMMENT 'running until every statement succeeded, then done',"
	" applied_at DATETIME(3) NOT NULL COMMENT 'when it was begun, UTC',"
	" duration_ms BIGINT NULL COMMENT 'how long it took',"
	" PRIMARY KEY (kind, version, name)"
	") ENGINE=InnoDB COMMENT='What ekmc-ctl migrate has applied';"
	"CREATE TABLE IF NOT EXISTS schema_lease ("
	" name VARCHAR(20) CHARACTER SET ascii NOT NULL COMMENT 'what only one may do at a time',"
	" owner VARCHAR(32) CHARACTER SET ascii NOT NULL COMMENT 'the random name of who does it',"
	" until DATETIME(3) NOT NULL COMMENT 'when it lapses unless renewed, UTC',"
	" PRIMARY KEY (name)"
	") ENGINE=InnoDB COMMENT='Leases, taken by compare-and-set';"
	"INSERT IGNORE INTO schema_lease VALUES ('migrate', '', '2000-01-01');"
	/* a transaction of a worker may hold a table for its whole budget */
	"SET SESSION lock_wait_timeout=60, innodb_lock_wait_timeout=50";

enum { S_RECORDS, S_BEGUN, S_DONE, S_FORGET };
/* clang-format off */
static const struct sql statements[] = {
	[S_RECORDS] = { "SELECT kind, version, name, checksum, state, applied_at, duration_ms FROM schema_migration"
			" ORDER BY kind = 'migration' DESC, kind = 'procedure' DESC, version, name", "", "sisssti", false },
	[S_BEGUN] = { "INSERT INTO schema_migration (kind, version, name, checksum, state, applied_at)"
		      " VALUES (?, ?, ?, ?, 'running', UTC_TIMESTAMP(3)) ON DUPLICATE KEY UPDATE checksum = VALUES(checksum),"
		      " state = 'running', applied_at = VALUES(applied_at), duration_ms = NULL", "siss", "", false },
	[S_DONE] = { "UPDATE schema_migration SET state = 'done', duration_ms = ? WHERE kind = ? AND version = ? AND name = ?",
		     "isis", "", false },
	[S_FORGET] = { "DELETE FROM schema_migration WHERE kind = ? AND version = ? AND name = ? AND state = 'running'",
		       "sis", "", false },
};
/* clang-format on */

struct job {
	struct conf conf; /* a copy with time for DDL */
	struct db *db;
	struct arena *a;
	const char *dir;
	int64_t again; /* the interrupted version to apply again; 0: none */
	bool status;
	struct migrations files;
	struct migration_record *records;
	size_t n_records;
	struct migrate_lease lease;
};

static bool
span_to_kind(struct span s, enum migration_kind *out)
{
	for (int i = 0; i < MIGRATION_KIND__COUNT; i++) {
		if (span_eq(s, span_of(migration_kinds[i]))) {
			*out = (enum migration_kind)i;
			return true;
		}
	}
	return false;
}

static enum status
load_records(struct job *j)
{
	struct db_rows rows;
	enum status st = db_run(j->db, j->a, &statements[S_RECORDS], DB_NO_ARGS, &rows);

	if (st != E_OK)
		return st;
	j->n_records = 0;
	j->records = arena_array(j->a, rows.n, sizeof(*j->records));
	if (j->records == NULL)
		return E_NOMEM;
	for (size_t i = 0; i < rows.n; i++) {
		const struct db_value *v = db_row(&rows, i);
		struct migration_record *r = &j->records[j->n_records];

		if (!span_to_kind(v[0].s, &r->kind))
			continue; /* a later program's */
		r->version = (int)v[1].i;
		r->name = v[2].s.p;
		r->checksum = v[3].s.p;
		r->done = span_eq(v[4].s, SPAN("done"));
		r->applied_at_ms = v[5].i;
		r->duration_ms = v[6].i;
		j->n_records++;
	}
	return E_OK;
}

static void
say_interrupted(const struct migration *m, const char *since)
{
	(void)fprintf(stderr,
		      "migrate: %s was begun %sand never finished. MariaDB cannot roll a schema change back: compare the database "
		      "with the"
		      " file, undo by hand what is there of it, then run: ekmc-ctl migrate --again %04d\n",
		      m->name, since, m->version);
}

static enum status
mark(struct job *j, const struct migration *m, int statement, int64_t duration_ms)
{
	const struct db_value kind = db_text(span_of(migration_kinds[m->kind]));
	const struct db_value version = db_int(m->version), name = db_text(span_of(m->name));

	switch (statement) {
	case S_BEGUN:
		return db_run(j->db, j->a, &statements[S_BEGUN], DB_ARGS(kind, version, name, db_text(span_of(m->checksum))), NULL);
	case S_DONE:
		return db_run(j->db, j->a, &statements[S_DONE], DB_ARGS(db_int(duration_ms), kind, version, name), NULL);
	default:
		return db_run(j->db, j->a, &statements[S_FORGET], DB_ARGS(kind, version, name), NULL);
	}
}

/* Runs the statements of a file; *applied counts those that took effect, or may have. */
static bool
run_statements(struct job *j, const struct migration *m, int *applied)
{
	struct sql_split split = sql_split_start(m->text);
	struct span statement;
	const char *why = "";
	enum status st;
	int line = 0;

	for (*applied = 0; sql_split_next(&split, &statement, &line); ++*applied) {
		if (migrate_lease_lost(&j->lease)) {
			(void)fprintf(stderr, "migrate: %s:%d: stopped, because the lease was lost\n", m->name, line);
			return false;
		}
		st = db_script(j->db, j->a, statement.p, statement.n, &why);
		if (st == E_OK)
			continue;
		*applied += st == E_UNKNOWN;
		(void)fprintf(stderr, "migrate: %s:%d: %s (%s)\n", m->name, line, why, status_name(st));
		return false;
	}
	if (split.bad != NULL)
		(void)fprintf(stderr, "migrate: %s:%d: %s\n", m->name, split.line, split.bad);
	return split.bad == NULL;
}

/* An unfinished quotation is found before anything is done. */
static bool
splits_well(const struct migration *m)
{
	struct sql_split split = sql_split_start(m->text);
	struct span statement;
	int line;

	while (sql_split_next(&split, &statement, &line))
		;
	if (split.bad != NULL)
		(void)fprintf(stderr, "migrate: %s:%d: %s\n", m->name, split.line, split.bad);
	return split.bad == NULL;
}

static int
apply(struct job *j, const struct migration *m)
{
	int64_t from = clock_monotonic_ms();
	enum status st;
	int applied;

	st = mark(j, m, S_BEGUN, 0);
	if (st != E_OK)
		return migrate_complain(st, m->name);
	if (!run_statements(j, m, &applied)) {
		if (applied == 0 && mark(j, m, S_FORGET, 0) == E_OK)
			(void)fprintf(stderr, "migrate: nothing of %s was applied\n", m->name);
		else if (m->kind == MIGRATION_NUMBERED)
			say_interrupted(m, "");
		return CTL_FAILED;
	}
	from = clock_monotonic_ms() - from;
	st = mark(j, m, S_DONE, from);
	if (st != E_OK)
		return migrate_complain(st, m->name);
	(void)printf("applied %s (%lld ms)\n", m->name, (long long)from);
	return CTL_DONE;
}

/* With the lease in hand: the state may have moved since it was last read. */
static int
apply_pending(struct job *j)
{
	bool again_found = j->again == 0;
	char since[CLOCK_TEXT_SIZE + 8];
	char at[CLOCK_TEXT_SIZE];
	int rc = CTL_DONE, applied = 0;
	enum status st = load_records(j);

	if (st != E_OK)
		return migrate_complain(st, "schema_migration");
	if (!migrations_match(&j->files, j->records, j->n_records, stderr))
		return CTL_FAILED;
	for (size_t i = 0; i < j->files.n; i++) {
		const struct migration *m = &j->files.v[i];

		if (m->kind != MIGRATION_NUMBERED || m->record == NULL || m->record->done)
			continue;
		if (m->version != j->again) {
			(void)snprintf(since, sizeof(since), "at %s ", clock_text(m->record->applied_at_ms, at));
			say_interrupted(m, since);
			return CTL_FAILED;
		}
		again_found = true;
	}
	if (!again_found) {
		(void)fprintf(stderr, "migrate: %04d was not interrupted, nothing is to be done again\n", (int)j->again);
		return CTL_FAILED;
	}
	for (size_t i = 0; rc == CTL_DONE && i < j->files.n; i++)
		if (!splits_well(&j->files.v[i]))
			rc = CTL_FAILED;
	for (size_t i = 0; rc == CTL_DONE && i < j->files.n; i++)
		if (migration_pending(&j->files.v[i])) {
			rc = apply(j, &j->files.v[i]);
			applied++;
		}
	if (rc == CTL_DONE && applied == 0)
		(void)puts("nothing to do");
	return rc;
}

static const char *
state_of(const struct migration *m)
{
	if (m->record == NULL)
		return "pending";
	if (!m->record->done)
		return "running";
	return migration_pending(m) ? "changed" : "done";
}

static int
print_status(const struct job *j)
{
	char at[CLOCK_TEXT_SIZE];
	int rc = CTL_DONE;

	for (size_t i = 0; i < j->files.n; i++) {
		const struct migration *m = &j->files.v[i];

		(void)printf("%-9s  %-7s  %-24s  %s\n", migration_kinds[m->kind], state_of(m),
			     m->record == NULL ? "-" : clock_text(m->record->applied_at_ms, at), m->name);
		if (migration_pending(m))
			rc = CTL_FAILED;
	}
	return rc;
}

static int
migrate(struct job *j)
{
	const char *why = "";
	bool pending = j->again != 0, fits;
	enum status st;
	int rc, tries = 0;

	do
		st = db_script(j->db, j->a, bootstrap, sizeof(bootstrap) - 1, &why);
	while (st == E_CONFLICT && ++tries < BOOTSTRAP_TRIES);
	if (st == E_OK)
		st = load_records(j);
	if (st != E_OK)
		return migrate_complain(st, *why == '\0' ? "schema_migration" : why);
	fits = migrations_match(&j->files, j->records, j->n_records, stderr);
	if (j->status) {
		rc = print_status(j);
		return fits ? rc : CTL_FAILED;
	}
	if (!fits)
		return CTL_FAILED;
	for (size_t i = 0; i < j->files.n; i++)
		pending = pending || migration_pending(&j->files.v[i]);
	if (!pending) {
		(void)puts("nothing to do");
		return CTL_DONE;
	}
	rc = migrate_lease_take(&j->lease, j->db);
	if (rc != CTL_DONE)
		return rc;
	rc = apply_pending(j);
	migrate_lease_release(&j->lease, j->db);
	return rc;
}

static bool
number_option(const char *text, int64_t min, int64_t max, int64_t *out)
{
	while (text[0] == '0' && text[1] != '\0')
		text++;
	if (scan_i64(span_of(text), min, max, out))
		return true;
	(void)fprintf(stderr, "migrate: %s is not a number from %lld to %lld\n", text, (long long)min, (long long)max);
	return false;
}

static bool
parse_options(struct job *j, int argc, char **argv)
{
	enum { OPT_SQL = 256, OPT_STATUS, OPT_AGAIN, OPT_LEASE, OPT_WAIT };
	static const struct option options[] = {
		{ "sql", required_argument, NULL, OPT_SQL },     { "status", no_argument, NULL, OPT_STATUS },
		{ "again", required_argument, NULL, OPT_AGAIN }, { "lease-s", required_argument, NULL, OPT_LEASE },
		{ "wait-s", required_argument, NULL, OPT_WAIT }, { NULL, 0, NULL, 0 },
	};
	bool ok = true;
	int opt;

	while (ok && (opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (opt == OPT_SQL)
			j->dir = optarg;
		else if (opt == OPT_STATUS)
			j->status = true;
		else if (opt == OPT_AGAIN)
			ok = number_option(optarg, 1, 9999, &j->again);
		else if (opt == OPT_LEASE)
			ok = number_option(optarg, 1, 3600, &j->lease.lease_s);
		else if (opt == OPT_WAIT)
			ok = number_option(optarg, 0, 86400, &j->lease.wait_s);
		else
			ok = false;
	}
	return ok && optind == argc;
}

int
ctl_migrate(struct conf *c, int argc, char **argv)
{
	struct job j = { .conf = *c, .dir = c->system.sql_dir, .lease = MIGRATE_LEASE_INIT(c) };
	int rc = CTL_FAILED;

	if (!parse_options(&j, argc, argv))
		return CTL_USAGE;
	j.conf.db.io_ms = STATEMENT_MS;
	j.conf.db.total_ms = STATEMENT_MS;
	j.a = arena_new(1 << 20, ARENA_BYTES);
	j.db = db_new(&j.conf);
	if (j.a != NULL && j.db != NULL && migrations_read(j.dir, j.a, &j.files, stderr))
		rc = migrate(&j);
	db_free(j.db);
	arena_free(j.a);
	return rc;
}
