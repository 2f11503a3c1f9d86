/* Migrations: the files of sql/, and how they are cut into statements. For ctl_migrate*.c alone. */
#ifndef EKMC_CTL_MIGRATE_H
#define EKMC_CTL_MIGRATE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include "core/arena.h"
#include "core/db.h"
#include "core/ids.h"

enum migration_kind { MIGRATION_NUMBERED, MIGRATION_PROCEDURE, MIGRATION_GRANTS, MIGRATION_KIND__COUNT };
/* As stored in schema_migration.kind. */
extern const char *const migration_kinds[MIGRATION_KIND__COUNT];

#define CHECKSUM_SIZE 65 /* SHA-256 in hex and a NUL */

/* What the database knows of a file. */
struct migration_record {
	enum migration_kind kind;
	int version; /* 0 unless numbered */
	const char *name;
	const char *checksum;
	bool done; /* else it was begun and never finished */
	int64_t applied_at_ms;
	int64_t duration_ms;
};

struct migration {
	enum migration_kind kind;
	int version;
	const char *name; /* the file's */
	struct span text;
	char checksum[CHECKSUM_SIZE];
	const struct migration_record *record; /* NULL: never begun */
};

struct migrations {
	struct migration *v; /* in the order to apply them */
	size_t n;
};

/* Reads `dir`/NNNN_name.sql, `dir`/procedures/name.sql and `dir`/grants.sql; all lives in `a`. False, with a line on `err` for each
 * problem: unreadable, a wrong name, a gap, a number that occurs twice. */
MUST_USE bool migrations_read(const char *dir, struct arena *a, struct migrations *out, FILE *err);

/* Ties records to files. False, with a line on `err` for each: a numbered file that was applied has changed, or is missing. */
MUST_USE bool migrations_match(struct migrations *m, const struct migration_record *records, size_t n, FILE *err);

/* Whether there is anything to apply. */
bool migration_pending(const struct migration *m);

/* The client's way of cutting a script: quotes, comments and DELIMITER lines are understood. */
struct sql_split {
	struct span rest;
	char delimiter[16];
	int line;        /* of `rest` */
	const char *bad; /* why it ended before the end of the text: NULL when it did not */
};
struct sql_split sql_split_start(struct span text);
/* The next statement without its delimiter, and the line it begins at. False at the end. */
MUST_USE bool sql_split_next(struct sql_split *s, struct span *statement, int *line);

#define LEASE_S_DEFAULT 30
#define WAIT_S_DEFAULT  60

/* The right to migrate: a row taken by compare-and-set, renewed by a thread on a connection of its own while DDL keeps ours busy.
 */
struct migrate_lease {
	const struct conf *conf;
	int64_t lease_s, wait_s;
	char owner[REQUEST_ID_SIZE];
	pthread_t renewer;
	pthread_mutex_t lock;
	pthread_cond_t ended;
	bool end;
	_Atomic bool lost;
};

#define MIGRATE_LEASE_INIT(c)                                                                                                      \
	{                                                                                                                          \
		.conf = (c), .lease_s = LEASE_S_DEFAULT, .wait_s = WAIT_S_DEFAULT, .lock = PTHREAD_MUTEX_INITIALIZER,              \
		.ended = PTHREAD_COND_INITIALIZER                                                                                  \
	}

/* Waits at most wait_s for it. An enum ctl_exit; the reason was printed. */
MUST_USE int migrate_lease_take(struct migrate_lease *l, struct db *d);
void migrate_lease_release(struct migrate_lease *l, struct db *d);
/* Somebody else may be at work: touch nothing more. */
bool migrate_lease_lost(struct migrate_lease *l);

/* Prints what failed; the enum ctl_exit for it. */
int migrate_complain(enum status st, const char *what);

#endif
