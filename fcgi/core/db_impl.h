/* What db.c (connection, hosts), db_stmt.c (statements) and tx.c share; nobody else includes it. */
#ifndef EKMC_CORE_DB_IMPL_H
#define EKMC_CORE_DB_IMPL_H

#include <mysql.h>
#include "core/db.h"

#define DB_HOSTS_MAX   8
#define DB_COLUMNS_MAX 64
#define DB_PARAMS_MAX  64

struct db_host {
	char *label; /* as configured, for logs */
	char *name;  /* host or path */
	bool path;
	unsigned port;
	int64_t down_until_ms; /* monotonic; 0 is up */
	bool refused;          /* connecting failed, as opposed to a connection that was lost: not even a last resort while down */
};

struct db_slot {
	const struct sql *q;
	MYSQL_STMT *stmt;
};

struct db {
	const struct conf *conf;
	struct db_host hosts[DB_HOSTS_MAX];
	size_t n_hosts, at; /* `at` is tried first */
	MYSQL *my;          /* NULL: not connected */
	uint64_t epoch;
	int64_t deadline_ms; /* 0: each operation has total_ms of its own */
	int64_t own_deadline_ms;
	unsigned depth; /* operations within operations share own_deadline_ms */
	bool in_tx;
	enum status tx_st;     /* why the open transaction is dead already; E_OK while it lives */
	struct db_slot *slots; /* open addressing, a power of two */
	size_t n_slots, used_slots;
};

/* What was at stake when an error came. */
enum db_stake {
	STAKE_NONE,   /* nothing was sent, or only a read */
	STAKE_TX,     /* inside a transaction that has not been committed */
	STAKE_CHANGE, /* an autocommitted change, or a CALL that commits */
	STAKE_COMMIT,
};

/* Turns an error of the client library into a status by the table in db.c, logs it once, drops a connection that is of no more use.
 */
enum status db_fail(struct db *d, unsigned err, const char *message, const char *what, enum db_stake stake);

/* Connects unless connected: hosts that are up first, within the time budget. E_BUSY when none can be had. */
MUST_USE enum status db_connect(struct db *d);
void db_drop(struct db *d);
bool db_connected(const struct db *d);

/* Begin and end of an operation that has a time budget: nested ones share that of the outermost. */
void db_enter(struct db *d);
void db_leave(struct db *d);

/* One execution of a prepared statement: what goes in, and the rows that come out. */
struct db_run {
	struct db *d;
	struct arena *a;
	const struct sql *q;
	MYSQL_STMT *stmt;
	enum db_stake stake;
	struct db_rows rows;
	struct db_value *v; /* rows.v, writable */
	size_t cap_rows;
};
MUST_USE enum status db_execute(struct db_run *r, const struct db_value *args, size_t n);

/* The statement's own error, or that of its connection, by db_fail. */
enum status db_stmt_fail(struct db *d, MYSQL_STMT *stmt, const struct sql *q, enum db_stake stake);
/* Logs that the schema is not the one the statement was written for: E_INTERNAL. */
enum status db_wrong_shape(const struct sql *q, const char *what, unsigned long have, size_t want);

/* Forgets all prepared statements; when the connection is closed first, without a word to the server. */
void db_stmts_release(struct db *d);

#endif
