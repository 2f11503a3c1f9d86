/* The connection to MariaDB: our own host list with health, the session every statement may rely on, the classes of errors. */
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <errmsg.h>
#include <mysqld_error.h>

#include "core/clock.h"
#include "core/db_impl.h"
#include "core/log.h"
#include "core/scan.h"

#define DOWN_MS          2000
#define REFUSED_PAUSE_MS 50
#define IDLE_TX_S        20
#define PORT_DEFAULT     3306

enum fault {
	FAULT_OTHER,
	FAULT_CONFLICT,  /* run the transaction again */
	FAULT_DUPLICATE, /* an earlier try, or somebody else, won */
	FAULT_NODE,      /* this host or connection is of no use any more */
	FAULT_COMMIT,    /* the server itself does not know whether it committed */
	FAULT_QUOTES,    /* FAULT_OTHER whose message quotes the value: personal data, not for logs */
};

/* reliability.md, "Transactions" */
static const struct {
	unsigned err;
	enum fault fault;
} faults[] = {
	{ ER_LOCK_DEADLOCK, FAULT_CONFLICT },
	{ ER_LOCK_WAIT_TIMEOUT, FAULT_CONFLICT },
	{ ER_CHECKREAD, FAULT_CONFLICT },
	{ ER_AUTOINC_READ_FAILED, FAULT_CONFLICT }, /* a deadlock on the lock of an AUTO_INCREMENT goes by this name */
	{ ER_DUP_ENTRY, FAULT_DUPLICATE },
	{ ER_UNKNOWN_COM_ERROR, FAULT_NODE }, /* 1047: the Galera node is not in the primary component */
	{ ER_CON_COUNT_ERROR, FAULT_NODE },
	{ ER_SERVER_SHUTDOWN, FAULT_NODE },
	{ ER_CONNECTION_KILLED, FAULT_NODE },
	{ ER_NET_READ_ERROR, FAULT_NODE },
	{ ER_NET_READ_INTERRUPTED, FAULT_NODE },
	{ ER_NET_ERROR_ON_WRITE, FAULT_NODE },
	{ ER_NET_WRITE_INTERRUPTED, FAULT_NODE },
	{ CR_CONNECTION_ERROR, FAULT_NODE },
	{ CR_CONN_HOST_ERROR, FAULT_NODE },
	{ CR_SERVER_GONE_ERROR, FAULT_NODE },
	{ CR_SERVER_LOST, FAULT_NODE },
	{ CR_SERVER_LOST_EXTENDED, FAULT_NODE },
	{ CR_STMT_CLOSED, FAULT_NODE }, /* what a statement says whose connection died */
	{ CR_MALFORMED_PACKET, FAULT_NODE },
	{ CR_ERR_NET_READ, FAULT_NODE },
	{ CR_ERR_NET_WRITE, FAULT_NODE },
	{ ER_ERROR_DURING_COMMIT, FAULT_COMMIT },
	{ ER_TRUNCATED_WRONG_VALUE, FAULT_QUOTES },
	{ ER_TRUNCATED_WRONG_VALUE_FOR_FIELD, FAULT_QUOTES },
	{ ER_WRONG_VALUE_FOR_TYPE, FAULT_QUOTES },
};

static pthread_once_t library_once = PTHREAD_ONCE_INIT;

static void
library_init(void)
{
	if (mysql_library_init(0, NULL, NULL) != 0)
		abort();
}

static enum fault
fault_of(unsigned err)
{
	for (size_t i = 0; i < ARRAY_LEN(faults); i++)
		if (faults[i].err == err)
			return faults[i].fault;
	return FAULT_OTHER;
}

static enum status
fault_status(enum fault fault, enum db_stake stake, unsigned err)
{
	if (stake == STAKE_COMMIT)
		return err == ER_LOCK_DEADLOCK ? E_CONFLICT : E_UNKNOWN;
	switch (fault) {
	case FAULT_CONFLICT:
		return E_CONFLICT;
	case FAULT_DUPLICATE:
		return E_STALE;
	case FAULT_NODE:
		return stake == STAKE_CHANGE ? E_UNKNOWN : E_BUSY;
	case FAULT_COMMIT:
		return stake == STAKE_CHANGE ? E_UNKNOWN : E_INTERNAL;
	case FAULT_OTHER:
	case FAULT_QUOTES:
		break;
	}
	return E_INTERNAL;
}

static void
host_mark(struct db *d, bool refused)
{
	struct db_host *h = &d->hosts[d->at];

	h->down_until_ms = clock_monotonic_ms() + DOWN_MS;
	h->refused = refused;
	d->at = (d->at + 1) % d->n_hosts;
}

static void
log_fault(const struct db *d, enum log_level level, const char *event, unsigned err, const char *message, const char *what)
{
	char number[16];

	(void)snprintf(number, sizeof(number), "%u", err);
	if (fault_of(err) == FAULT_QUOTES)
		message = "(it quotes the value)";
	log_event(level, event, "host", d->hosts[d->at].label, "errno", number, "error", message, "sql", what, NULL);
}

enum status
db_fail(struct db *d, unsigned err, const char *message, const char *what, enum db_stake stake)
{
	enum fault fault = fault_of(err);
	enum status st = fault_status(fault, stake, err);

	if (st == E_INTERNAL)
		log_fault(d, LOG_ERROR, "db_error", err, message, what);
	else if (st == E_BUSY || st == E_UNKNOWN)
		log_fault(d, LOG_WARN, st == E_BUSY ? "db_lost" : "db_unknown", err, message, what);
	if (st == E_BUSY || st == E_UNKNOWN) {
		db_drop(d);
		host_mark(d, false);
	} else if (err >= CR_MIN_ERROR && err <= CR_MAX_ERROR) {
		db_drop(d); /* the library was used wrongly: nothing is known of the connection any more */
	}
	/* the rest of the body must neither run in autocommit nor on another connection */
	if (d->in_tx && d->tx_st == E_OK && (d->my == NULL || st == E_CONFLICT))
		d->tx_st = st;
	return st;
}

/* host, host:port, [v6]:port or /path */
static bool
host_parse(struct span text, struct db_host *h)
{
	const char *colon = text.n == 0 ? NULL : memrchr(text.p, ':', text.n);
	const char *bracket = text.n == 0 ? NULL : memchr(text.p, ']', text.n);
	struct span name = text;
	int64_t port = PORT_DEFAULT;

	if (text.n == 0)
		return false;
	h->path = text.p[0] == '/';
	if (!h->path && colon != NULL && (bracket == NULL || colon > bracket)) {
		name.n = (size_t)(colon - text.p);
		if (!scan_i64((struct span){ colon + 1, text.n - name.n - 1 }, 1, 65535, &port))
			return false;
	}
	if (name.n >= 2 && name.p[0] == '[' && name.p[name.n - 1] == ']')
		name = (struct span){ name.p + 1, name.n - 2 };
	h->port = (unsigned)port;
	h->label = strndup(text.p, text.n);
	h->name = strndup(name.p, name.n);
	return name.n > 0 && h->label != NULL && h->name != NULL;
}

static bool
hosts_parse(struct db *d, struct span list)
{
	struct span part;

	while (scan_cut(&list, ',', &part)) {
		if (d->n_hosts == DB_HOSTS_MAX || !host_parse(scan_trim(part), &d->hosts[d->n_hosts++]))
			return false;
	}
	return d->n_hosts > 0;
}

/* Connector/C counts seconds. */
static unsigned
whole_seconds(int64_t ms)
{
	return ms <= 1000 ? 1 : (unsigned)((ms + 999) / 1000);
}

static bool
set_options(struct db *d, MYSQL *my)
{
	const struct db_host *h = &d->hosts[d->at];
	int64_t left = db_left_ms(d);
	unsigned connect_s = whole_seconds(left < d->conf->db.connect_ms ? left : d->conf->db.connect_ms);
	unsigned io_s = whole_seconds(d->conf->db.io_ms);
	unsigned protocol = h->path ? MYSQL_PROTOCOL_SOCKET : MYSQL_PROTOCOL_TCP;
	my_bool no = 0, yes = 1;
	unsigned off = 0;

	return mysql_options(my, MYSQL_OPT_CONNECT_TIMEOUT, &connect_s) == 0 &&
	       mysql_options(my, MYSQL_OPT_READ_TIMEOUT, &io_s) == 0 && mysql_options(my, MYSQL_OPT_WRITE_TIMEOUT, &io_s) == 0 &&
	       mysql_options(my, MYSQL_OPT_PROTOCOL, &protocol) == 0 && mysql_options(my, MYSQL_OPT_RECONNECT, &no) == 0 &&
	       mysql_options(my, MYSQL_REPORT_DATA_TRUNCATION, &yes) == 0 && mysql_options(my, MYSQL_OPT_LOCAL_INFILE, &off) == 0 &&
	       mysql_options(my, MYSQL_SET_CHARSET_NAME, "utf8mb4") == 0;
}

/* Whether `query`, a SHOW … LIKE, answers ON; *failed that it could not be asked. */
static bool
shows_on(MYSQL *my, const char *query, bool *failed)
{
	MYSQL_RES *res = NULL;
	MYSQL_ROW row = NULL;
	bool on = false;

	if (mysql_query(my, query) != 0 || (res = mysql_store_result(my)) == NULL) {
		*failed = true;
		return false;
	}
	row = mysql_fetch_row(res);
	on = row != NULL && row[1] != NULL && strcmp(row[1], "ON") == 0;
	mysql_free_result(res);
	return on;
}

/* The lock wait ends a second before our read would, else a conflict (1205) looked like a lost connection. A transaction that
 * nobody goes on with, because its host lost power or its process is stopped, would hold its rows until TCP gives up, in hours. */
static bool
set_session(const struct db *d, MYSQL *my)
{
	char text[512];
	unsigned io_s = whole_seconds(d->conf->db.io_ms);
	unsigned wait_s = io_s > 3 ? 3 : io_s < 2 ? 1 : io_s - 1;

	(void)snprintf(
		text, sizeof(text),
		"SET SESSION autocommit=1, time_zone='+00:00', tx_isolation='REPEATABLE-READ', innodb_snapshot_isolation=ON,"
		" sql_mode='STRICT_ALL_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION',"
		" innodb_lock_wait_timeout=%u, lock_wait_timeout=%u, idle_transaction_timeout=%d",
		wait_s, wait_s, IDLE_TX_S);
	return mysql_query(my, text) == 0;
}

static bool
open_session(struct db *d, MYSQL *my)
{
	const struct db_host *h = &d->hosts[d->at];
	bool failed = false;

	if (!set_options(d, my) || mysql_real_connect(my, h->path ? NULL : h->name, d->conf->db.user, d->conf->db.password,
						      d->conf->db.name, h->path ? 0 : h->port, h->path ? h->name : NULL, 0) == NULL)
		return false;
	if (!set_session(d, my))
		return false;
	/* wsrep_ready is OFF, not absent, where Galera is built in and not used */
	if (!shows_on(my, "SHOW GLOBAL VARIABLES LIKE 'wsrep_on'", &failed))
		return !failed;
	return shows_on(my, "SHOW GLOBAL STATUS LIKE 'wsrep_ready'", &failed);
}

static bool
host_try(struct db *d)
{
	MYSQL *my = mysql_init(NULL);

	if (my == NULL)
		return false;
	if (open_session(d, my)) {
		d->my = my;
		d->hosts[d->at].down_until_ms = 0;
		d->epoch++;
		return true;
	}
	log_fault(d, LOG_WARN, "db_unreachable", mysql_errno(my), mysql_errno(my) == 0 ? "not ready" : mysql_error(my), "connect");
	mysql_close(my);
	host_mark(d, true);
	return false;
}

/* A peer that has closed, or said good-bye (1927), makes a resting connection readable. */
static bool
peer_closed(const struct db *d)
{
	struct pollfd p = { .fd = mysql_get_socket(d->my), .events = POLLIN };

	return p.fd < 0 || poll(&p, 1, 0) != 0;
}

/* Moves `at` to a host that is up, else, as a last resort, to one whose connection was lost (that does not make a dead server) or
 * that refused a moment ago: asking again costs nothing, and a server that has restarted is found at once. */
static bool
host_pick(struct db *d)
{
	int64_t now = clock_monotonic_ms();

	for (int last_resort = 0; last_resort < 2; last_resort++) {
		for (size_t i = 0; i < d->n_hosts; i++) {
			size_t at = (d->at + i) % d->n_hosts;
			const struct db_host *h = &d->hosts[at];

			if (now >= h->down_until_ms ||
			    (last_resort && (!h->refused || now >= h->down_until_ms - DOWN_MS + REFUSED_PAUSE_MS))) {
				d->at = at;
				return true;
			}
		}
	}
	return false;
}

enum status
db_connect(struct db *d)
{
	if (d->my != NULL && !d->in_tx && peer_closed(d))
		db_drop(d);
	while (d->my == NULL) {
		if (db_left_ms(d) <= 0 || !host_pick(d))
			return E_BUSY;
		if (host_try(d))
			break;
	}
	return E_OK;
}

void
db_drop(struct db *d)
{
	if (d->my == NULL)
		return;
	mysql_close(d->my);
	d->my = NULL;
	db_stmts_release(d);
}

bool
db_connected(const struct db *d)
{
	return d->my != NULL;
}

void
db_enter(struct db *d)
{
	if (d->depth++ == 0)
		d->own_deadline_ms = clock_monotonic_ms() + d->conf->db.total_ms;
}

void
db_leave(struct db *d)
{
	d->depth--;
}

struct db *
db_new(const struct conf *c)
{
	struct db *d = calloc(1, sizeof(*d));

	if (d == NULL)
		return NULL;
	(void)pthread_once(&library_once, library_init);
	d->conf = c;
	if (!hosts_parse(d, span_of(c->db.hosts))) {
		log_event(LOG_ERROR, "db_hosts_malformed", "hosts", c->db.hosts, NULL);
		db_free(d);
		return NULL;
	}
	return d;
}

void
db_free(struct db *d)
{
	if (d == NULL)
		return;
	db_drop(d);
	for (size_t i = 0; i < d->n_hosts; i++) {
		free(d->hosts[i].label);
		free(d->hosts[i].name);
	}
	free(d->slots);
	free(d);
}

uint64_t
db_epoch(const struct db *d)
{
	return d->epoch;
}

void
db_deadline(struct db *d, int64_t at_ms)
{
	d->deadline_ms = at_ms == 0 ? clock_monotonic_ms() + d->conf->db.total_ms : at_ms;
}

int64_t
db_left_ms(const struct db *d)
{
	if (d->deadline_ms != 0)
		return d->deadline_ms - clock_monotonic_ms();
	if (d->depth == 0)
		return d->conf->db.total_ms;
	return d->own_deadline_ms - clock_monotonic_ms();
}
