/* A MariaDB of the test's own (unix socket only, gone with the test), and a TCP proxy before it that loses what it is told to lose.
 */
#ifndef EKMC_TESTS_PRIVATE_MARIADB_H
#define EKMC_TESTS_PRIVATE_MARIADB_H

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <mysql.h>

#include "core/conf.h"

struct private_mariadb {
	char dir[48];
	char socket[64];
	pid_t pid;
};

static inline void
private_sleep_ms(long ms)
{
	(void)nanosleep(&(struct timespec){ .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 }, NULL);
}

/* The child dies with the test, however the test dies. */
static inline pid_t
private_spawn(const struct private_mariadb *m, char *const argv[])
{
	pid_t pid = fork();
	char log[80];
	int fd;

	if (pid != 0)
		return pid;
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)snprintf(log, sizeof(log), "%s/log", m->dir);
	fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);
	(void)dup2(fd, STDOUT_FILENO);
	(void)dup2(fd, STDERR_FILENO);
	(void)setenv("PATH", "/usr/sbin:/usr/bin:/sbin:/bin", 1);
	(void)execvp(argv[0], argv);
	_exit(127);
}

static inline MYSQL *
private_connect(const struct private_mariadb *m, const char *schema)
{
	MYSQL *my = mysql_init(NULL);

	(void)mysql_options(my, MYSQL_SET_CHARSET_NAME, "utf8mb4");
	if (mysql_real_connect(my, NULL, "root", "", schema, 0, m->socket, CLIENT_MULTI_STATEMENTS) != NULL)
		return my;
	mysql_close(my);
	return NULL;
}

/* Returns before it can be connected to. It dies with the calling thread. */
static inline void
private_launch(struct private_mariadb *m)
{
	char data[80], socket_arg[96], user[] = "--user=root";
	char *argv[] = { (char[]){ "mariadbd" },
			 (char[]){ "--no-defaults" },
			 data,
			 socket_arg,
			 (char[]){ "--skip-networking" },
			 (char[]){ "--innodb-buffer-pool-size=8M" },
			 (char[]){ "--innodb-log-file-size=4M" },
			 (char[]){ "--performance-schema=OFF" },
			 (char[]){ "--character-set-server=utf8mb4" },
			 (char[]){ "--innodb-flush-log-at-trx-commit=1" },
			 (char[]){ "--innodb-autoinc-lock-mode=2" },
			 geteuid() == 0 ? user : NULL,
			 NULL };

	(void)snprintf(data, sizeof(data), "--datadir=%s/data", m->dir);
	(void)snprintf(socket_arg, sizeof(socket_arg), "--socket=%s", m->socket);
	(void)unlink(m->socket);
	m->pid = private_spawn(m, argv);
}

/* Also restarts what was killed. False: it did not come up in 10 s. */
static inline bool
private_start(struct private_mariadb *m)
{
	MYSQL *my;

	private_launch(m);
	for (int i = 0; i < 500; i++) {
		my = private_connect(m, NULL);
		if (my != NULL) {
			mysql_close(my);
			return true;
		}
		private_sleep_ms(20);
	}
	return false;
}

static inline void
private_kill(struct private_mariadb *m, int sig)
{
	if (m->pid <= 0)
		return;
	(void)kill(m->pid, sig);
	(void)waitpid(m->pid, NULL, 0);
	m->pid = 0;
}

/* Runs SQL as root in schema ekmc. False: an error, printed. */
static inline bool
private_sql(const struct private_mariadb *m, const char *text)
{
	MYSQL *my = private_connect(m, "ekmc");
	bool ok = my != NULL && mysql_query(my, text) == 0;
	int more = 0;

	if (ok) {
		do
			mysql_free_result(mysql_store_result(my));
		while ((more = mysql_next_result(my)) == 0);
	}
	if (!ok || more > 0)
		(void)fprintf(stderr, "private_sql: %s\n", my == NULL ? "no connection" : mysql_error(my));
	mysql_close(my);
	return ok && more < 0;
}

/* The one number `query` answers; -1 on any error. */
static inline long long
private_number(const struct private_mariadb *m, const char *query)
{
	MYSQL *my = private_connect(m, "ekmc");
	MYSQL_RES *res = my != NULL && mysql_query(my, query) == 0 ? mysql_store_result(my) : NULL;
	MYSQL_ROW row = res == NULL ? NULL : mysql_fetch_row(res);
	long long n = row == NULL || row[0] == NULL ? -1 : strtoll(row[0], NULL, 10);

	mysql_free_result(res);
	mysql_close(my);
	return n;
}

static inline bool
private_up(struct private_mariadb *m)
{
	char data[80];
	char *argv[] = { (char[]){ "mariadb-install-db" },
			 (char[]){ "--no-defaults" },
			 data,
			 (char[]){ "--auth-root-authentication-method=normal" },
			 (char[]){ "--skip-test-db" },
			 (char[]){ "--force" },
			 (char[]){ "--innodb-log-file-size=4M" },
			 geteuid() == 0 ? (char[]){ "--user=root" } : NULL,
			 NULL };
	MYSQL *my;
	int status = 0;

	*m = (struct private_mariadb){ .dir = "/tmp/ekmc-unit-XXXXXX" };
	if (mkdtemp(m->dir) == NULL)
		return false;
	(void)snprintf(m->socket, sizeof(m->socket), "%s/s", m->dir);
	(void)snprintf(data, sizeof(data), "--datadir=%s/data", m->dir);
	if (waitpid(private_spawn(m, argv), &status, 0) < 0 || status != 0 || !private_start(m))
		return false;
	my = private_connect(m, NULL);
	status = my == NULL ? -1 : mysql_query(my, "CREATE DATABASE ekmc CHARACTER SET utf8mb4");
	mysql_close(my);
	return status == 0;
}

static inline void
private_down(struct private_mariadb *m)
{
	char *argv[] = { (char[]){ "rm" }, (char[]){ "-rf" }, m->dir, NULL };

	private_kill(m, SIGKILL);
	(void)waitpid(private_spawn(m, argv), NULL, 0);
}

/* The configuration of a client of it; `hosts` NULL: its socket. */
static inline struct conf
private_conf(const struct private_mariadb *m, const char *hosts)
{
	struct conf c = { 0 };

	c.db.hosts = hosts == NULL ? m->socket : hosts;
	c.db.user = "root";
	c.db.password = "";
	c.db.name = "ekmc";
	c.db.connect_ms = 1000;
	c.db.io_ms = 2000; /* so lock waits end after 1 s */
	c.db.total_ms = 5000;
	return c;
}

/* ---- a proxy that is armed for one packet of the client */

enum proxy_mode {
	PROXY_PASS,
	PROXY_CUT_BEFORE, /* the packet never reaches the server */
	PROXY_CUT_AFTER,  /* it does, and is answered, but the answer is lost */
	PROXY_HANG,       /* it vanishes, the connection stays */
};

#define PROXY_QUERY   0x03
#define PROXY_EXECUTE 0x17

struct proxy {
	int listen_fd;
	char host[32];
	char socket[64];
	pthread_t thread;
	_Atomic int mode;
	_Atomic int command; /* the first packet with this command byte, and with `text` in it unless NULL */
	const char *text;
	_Atomic int fired;
	_Atomic bool end;
};

static inline void
proxy_arm(struct proxy *p, enum proxy_mode mode, int command, const char *text)
{
	p->text = text;
	atomic_store(&p->command, command);
	atomic_store(&p->mode, (int)mode);
}

static inline bool
proxy_matches(const struct proxy *p, const char *packet, size_t n)
{
	if (atomic_load(&p->mode) == PROXY_PASS || n < 5 || (unsigned char)packet[4] != atomic_load(&p->command))
		return false;
	return p->text == NULL || memmem(packet, n, p->text, strlen(p->text)) != NULL;
}

static inline bool
proxy_copy(int from, int to)
{
	char data[65536];
	ssize_t n = read(from, data, sizeof(data));

	return n > 0 && send(to, data, (size_t)n, MSG_NOSIGNAL) == n;
}

/* False: cut the connection. */
static inline bool
proxy_client(struct proxy *p, int client, int server)
{
	char data[65536];
	ssize_t n = read(client, data, sizeof(data));
	int mode;

	if (n <= 0)
		return false;
	if (!proxy_matches(p, data, (size_t)n))
		return send(server, data, (size_t)n, MSG_NOSIGNAL) == n;
	mode = atomic_exchange(&p->mode, PROXY_PASS);
	atomic_fetch_add(&p->fired, 1);
	if (mode == PROXY_CUT_AFTER && send(server, data, (size_t)n, MSG_NOSIGNAL) == n)
		return read(server, data, sizeof(data)) < 0; /* its answer: it is done */
	return mode == PROXY_HANG;
}

static inline void
proxy_serve(struct proxy *p, int client)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int server = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool ok;

	(void)snprintf(to.sun_path, sizeof(to.sun_path), "%s", p->socket);
	ok = connect(server, (struct sockaddr *)&to, sizeof(to)) == 0;
	while (ok && !atomic_load(&p->end)) {
		struct pollfd fds[] = { { .fd = client, .events = POLLIN }, { .fd = server, .events = POLLIN } };

		if (poll(fds, 2, 50) > 0) {
			if (fds[0].revents != 0)
				ok = proxy_client(p, client, server);
			if (ok && fds[1].revents != 0)
				ok = proxy_copy(server, client);
		}
	}
	(void)close(server);
	(void)close(client);
}

static inline void *
proxy_main(void *arg)
{
	struct proxy *p = arg;

	while (!atomic_load(&p->end)) {
		struct pollfd fd = { .fd = p->listen_fd, .events = POLLIN };

		if (poll(&fd, 1, 50) > 0)
			proxy_serve(p, accept4(p->listen_fd, NULL, NULL, SOCK_CLOEXEC));
	}
	return NULL;
}

/* A socket on a free port of 127.0.0.1, listening or not; its "host:port" into `host`. */
static inline int
private_port(char *host, size_t cap, bool listening)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&at, n) != 0 || getsockname(fd, (struct sockaddr *)&at, &n) != 0 ||
	    (listening && listen(fd, 16) != 0))
		return -1;
	(void)snprintf(host, cap, "127.0.0.1:%u", (unsigned)ntohs(at.sin_port));
	return fd;
}

static inline bool
proxy_up(struct proxy *p, const struct private_mariadb *m)
{
	*p = (struct proxy){ 0 };
	(void)snprintf(p->socket, sizeof(p->socket), "%s", m->socket);
	p->listen_fd = private_port(p->host, sizeof(p->host), true);
	return p->listen_fd >= 0 && pthread_create(&p->thread, NULL, proxy_main, p) == 0;
}

static inline void
proxy_down(struct proxy *p)
{
	atomic_store(&p->end, true);
	(void)pthread_join(p->thread, NULL);
	(void)close(p->listen_fd);
}

#endif
