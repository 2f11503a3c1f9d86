/* What the tests of db share: a MariaDB, a connection, the last line of the log. */
#ifndef EKMC_TESTS_DB_FIXTURE_H
#define EKMC_TESTS_DB_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "core/clock.h"
#include "core/db.h"
#include "core/log.h"
#include "private_mariadb.h"

static struct private_mariadb maria;
static char last_log[2048];

struct fixture {
	struct conf conf;
	struct db *d;
	struct arena *a;
};

static inline void
keep_log(const char *line, size_t n, void *arg)
{
	(void)arg;
	(void)snprintf(last_log, sizeof(last_log), "%.*s", (int)n, line);
}

static inline void
fixture_up(struct fixture *f, const char *hosts)
{
	f->conf = private_conf(&maria, hosts);
	f->d = db_new(&f->conf);
	f->a = arena_new(65536, 4194304);
	assert_non_null(f->d);
	assert_non_null(f->a);
	last_log[0] = '\0';
}

static inline void
fixture_down(struct fixture *f)
{
	db_free(f->d);
	arena_free(f->a);
}

/* Runs a statement without arguments that answers one integer. */
static inline enum status
run_int(struct fixture *f, const struct sql *q, int64_t *out)
{
	struct db_rows rows;
	enum status st = db_run(f->d, f->a, q, DB_NO_ARGS, &rows);

	*out = st == E_OK && rows.n == 1 ? db_row(&rows, 0)->i : -1;
	return st;
}

static inline int
fixture_server(const char *schema)
{
	log_init("test_db", LOG_WARN);
	log_sink(keep_log, NULL);
	return private_up(&maria) && private_sql(&maria, schema) ? 0 : -1;
}

#endif
