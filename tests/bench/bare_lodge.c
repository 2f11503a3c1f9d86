/* The least a lodging can cost: threads that do nothing but call complaint_lodge, each on a connection of its own.
 *
 * usage: bare_lodge HOST PORT USER DATABASE THREADS SECONDS FIRST_ID CASES   (the password in EKMC_BENCH_PASSWORD)
 * A line of CASES: token hash in hex, department, category, subcategory, ward, SLA hours, bytes of the landmark, description; by
 * tabs. Prints "lodged N micros N retried N p50_us N p99_us N". The parameters are what ekmc-fcgi sends for the same case; what it
 * would seal is random bytes of that length. */
#include <mysql.h>
#include <mysqld_error.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "core/clock.h"
#include "core/ids.h"
#include "core/scan.h"
#include "core/seal.h"

#define CALL          "CALL complaint_lodge(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
#define PARAMS        23
#define THREADS_MAX   64
#define CASES_MAX     1000
#define SAMPLES_MAX   200000
#define PAYLOAD_BYTES (75 + SEAL_OVERHEAD_BYTES) /* {"number":…,"subcategory":…,"due":…} */

struct lodge_case {
	uint8_t token_hash[32];
	char department[9], category[11], subcategory[11], description[4000];
	int64_t ward, sla_hours, landmark_bytes;
};

struct bench {
	const char *host, *user, *name, *password;
	unsigned port;
	struct lodge_case cases[CASES_MAX];
	size_t n_cases;
	_Atomic int64_t next_id, retried;
	_Atomic bool stop, failed;
};

struct lodger {
	pthread_t thread;
	MYSQL *my;
	MYSQL_STMT *stmt;
	size_t first_case;
	int64_t lodged;
	uint32_t *sample_us;
	size_t n_samples;
};

static struct bench bench;
static uint8_t noise[8000];

/* The parameters, in the order of the procedure. */
struct row {
	MYSQL_BIND in[PARAMS];
	char check, outcome[20];
	uint8_t scope[32], body_hash[32];
	char number[NUMBER_DIGITS + 1];
	int64_t id, ward;
	MYSQL_TIME lodged_at, due_at;
};

static int64_t
now_us(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static bool
wrong(struct lodger *l, const char *what)
{
	(void)fprintf(stderr, "bare_lodge: %s: %s\n", what, l->stmt != NULL ? mysql_stmt_error(l->stmt) : mysql_error(l->my));
	bench.failed = true;
	return false;
}

static MYSQL_TIME
sql_time(int64_t ms)
{
	time_t s = (time_t)(ms / 1000);
	struct tm t;

	(void)gmtime_r(&s, &t);
	return (MYSQL_TIME){ .year = (unsigned)t.tm_year + 1900,
			     .month = (unsigned)t.tm_mon + 1,
			     .day = (unsigned)t.tm_mday,
			     .hour = (unsigned)t.tm_hour,
			     .minute = (unsigned)t.tm_min,
			     .second = (unsigned)t.tm_sec,
			     .second_part = (unsigned long)(ms % 1000) * 1000,
			     .time_type = MYSQL_TIMESTAMP_DATETIME };
}

static MYSQL_BIND
bytes(void *p, size_t n)
{
	return (MYSQL_BIND){ .buffer_type = MYSQL_TYPE_BLOB, .buffer = p, .buffer_length = (unsigned long)n };
}

static MYSQL_BIND
text(char *p)
{
	return (MYSQL_BIND){ .buffer_type = MYSQL_TYPE_STRING, .buffer = p, .buffer_length = (unsigned long)strlen(p) };
}

static MYSQL_BIND
number(int64_t *p)
{
	return (MYSQL_BIND){ .buffer_type = MYSQL_TYPE_LONGLONG, .buffer = p };
}

static MYSQL_BIND
moment(MYSQL_TIME *t)
{
	return (MYSQL_BIND){ .buffer_type = MYSQL_TYPE_DATETIME, .buffer = t, .buffer_length = sizeof(*t) };
}

static void
fill(struct row *r, struct lodge_case *c)
{
	static char web[] = "WEB";
	static const MYSQL_BIND null = { .buffer_type = MYSQL_TYPE_NULL };
	int64_t now_ms = clock_now_ms();

	r->check = 0;
	r->id = bench.next_id++;
	memcpy(r->scope, &r->id, sizeof(r->id));
	memcpy(r->scope + sizeof(r->id), &now_ms, sizeof(now_ms));
	ids_number(r->id, now_ms, r->number);
	r->ward = c->ward;
	r->lodged_at = sql_time(now_ms);
	r->due_at = sql_time(now_ms + c->sla_hours * 3600 * 1000);
	const MYSQL_BIND in[PARAMS] = { { .buffer_type = MYSQL_TYPE_TINY, .buffer = &r->check },
					bytes(c->token_hash, sizeof(c->token_hash)),
					bytes(r->scope, sizeof(r->scope)),
					bytes(r->body_hash, sizeof(r->body_hash)),
					number(&r->id),
					text(r->number),
					text(web),
					text(c->department),
					text(c->category),
					text(c->subcategory),
					number(&r->ward),
					null,
					null,
					null,
					c->landmark_bytes == 0 ? null : bytes(noise, (size_t)c->landmark_bytes),
					text(c->description),
					null,
					null,
					moment(&r->lodged_at),
					moment(&r->due_at),
					bytes(noise, PAYLOAD_BYTES),
					null,
					null };

	memcpy(r->in, in, sizeof(in));
}

/* Reads the one row and what follows it. */
static bool
answered(struct lodger *l, struct row *r)
{
	unsigned long n = 0;
	MYSQL_BIND out[11] = {
		[0] = { .buffer_type = MYSQL_TYPE_STRING, .buffer = r->outcome, .buffer_length = sizeof(r->outcome), .length = &n }
	};

	for (size_t i = 1; i < ARRAY_LEN(out); i++)
		out[i].buffer_type = MYSQL_TYPE_NULL;
	if (mysql_stmt_field_count(l->stmt) != ARRAY_LEN(out) || mysql_stmt_bind_result(l->stmt, out) != 0 ||
	    mysql_stmt_store_result(l->stmt) != 0 || mysql_stmt_fetch(l->stmt) == 1)
		return wrong(l, "answer");
	do
		(void)mysql_stmt_free_result(l->stmt);
	while (mysql_stmt_next_result(l->stmt) == 0);
	if (n != 4 || memcmp(r->outcome, "done", 4) != 0) {
		(void)fprintf(stderr, "bare_lodge: outcome %.*s\n", (int)n, r->outcome);
		bench.failed = true;
		return false;
	}
	return true;
}

static bool
lodge(struct lodger *l, struct lodge_case *c)
{
	struct row r = { .check = 0 };

	fill(&r, c);
	for (;;) {
		if (mysql_stmt_bind_param(l->stmt, r.in) != 0)
			return wrong(l, "bind");
		if (mysql_stmt_execute(l->stmt) == 0)
			return answered(l, &r);
		if (mysql_stmt_errno(l->stmt) != ER_LOCK_DEADLOCK && mysql_stmt_errno(l->stmt) != ER_CHECKREAD)
			return wrong(l, "execute");
		bench.retried++;
	}
}

static bool
reach(struct lodger *l)
{
	l->my = mysql_init(NULL);
	if (l->my == NULL)
		return false;
	if (mysql_real_connect(l->my, bench.host, bench.user, bench.password, bench.name, bench.port, NULL, 0) == NULL ||
	    mysql_set_character_set(l->my, "utf8mb4") != 0)
		return wrong(l, "connect");
	l->stmt = mysql_stmt_init(l->my);
	return l->stmt != NULL && (mysql_stmt_prepare(l->stmt, CALL, strlen(CALL)) == 0 || wrong(l, "prepare"));
}

static void *
lodger_main(void *arg)
{
	struct lodger *l = arg;
	size_t i = l->first_case;

	while (!bench.stop && !bench.failed) {
		int64_t begun = now_us();

		if (!lodge(l, &bench.cases[i++ % bench.n_cases]))
			break;
		l->lodged++;
		if (l->n_samples < SAMPLES_MAX)
			l->sample_us[l->n_samples++] = (uint32_t)(now_us() - begun);
	}
	return NULL;
}

static bool
read_case(char *line, struct lodge_case *c)
{
	struct span rest = span_of(line), f[8];

	for (size_t i = 0; i < ARRAY_LEN(f); i++)
		if (!scan_cut(&rest, i + 1 < ARRAY_LEN(f) ? '\t' : '\n', &f[i]))
			return false;
	if (!scan_hex(f[0], c->token_hash, 32) || !scan_i64(f[4], 1, 144, &c->ward) || !scan_i64(f[5], 1, 100000, &c->sla_hours) ||
	    !scan_i64(f[6], 0, sizeof(noise), &c->landmark_bytes))
		return false;
	(void)snprintf(c->department, sizeof(c->department), "%.*s", SPAN_FMT(f[1]));
	(void)snprintf(c->category, sizeof(c->category), "%.*s", SPAN_FMT(f[2]));
	(void)snprintf(c->subcategory, sizeof(c->subcategory), "%.*s", SPAN_FMT(f[3]));
	return (size_t)snprintf(c->description, sizeof(c->description), "%.*s", SPAN_FMT(f[7])) < sizeof(c->description);
}

static bool
read_cases(const char *path)
{
	FILE *in = fopen(path, "r");
	char line[8192];
	bool ok = in != NULL;

	while (ok && bench.n_cases < CASES_MAX && fgets(line, sizeof(line), in) != NULL)
		ok = read_case(line, &bench.cases[bench.n_cases++]);
	if (in != NULL)
		(void)fclose(in);
	if (!ok || bench.n_cases == 0)
		(void)fprintf(stderr, "bare_lodge: %s: line %zu cannot be read\n", path, bench.n_cases);
	return ok && bench.n_cases > 0;
}

static int
by_value(const void *a, const void *b)
{
	uint32_t x, y;

	memcpy(&x, a, sizeof(x));
	memcpy(&y, b, sizeof(y));
	return (x > y) - (x < y);
}

static void
report(const struct lodger *lodgers, size_t n, int64_t micros)
{
	size_t n_all = 0, cap = n * SAMPLES_MAX;
	uint32_t *all = malloc(cap * sizeof(*all));
	int64_t lodged = 0;

	for (size_t i = 0; i < n && all != NULL; i++) {
		memcpy(all + n_all, lodgers[i].sample_us, lodgers[i].n_samples * sizeof(*all));
		n_all += lodgers[i].n_samples;
		lodged += lodgers[i].lodged;
	}
	if (all == NULL || n_all == 0) {
		bench.failed = true;
	} else {
		qsort(all, n_all, sizeof(*all), by_value);
		(void)printf("lodged %lld micros %lld retried %lld p50_us %u p99_us %u\n", (long long)lodged, (long long)micros,
			     (long long)bench.retried, all[n_all / 2], all[n_all * 99 / 100]);
	}
	free(all);
}

/* All connect and prepare before the clock starts. */
static bool
prepare(struct lodger *lodgers, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		lodgers[i].first_case = i * bench.n_cases / n;
		lodgers[i].sample_us = calloc(SAMPLES_MAX, sizeof(*lodgers[i].sample_us));
		if (lodgers[i].sample_us == NULL || !reach(&lodgers[i]))
			return false;
	}
	return true;
}

int
main(int argc, char **argv)
{
	static struct lodger lodgers[THREADS_MAX];
	int64_t port, threads, seconds, first, begun;

	if (argc != 9 || !scan_i64(span_of(argv[2]), 1, 65535, &port) || !scan_i64(span_of(argv[5]), 1, THREADS_MAX, &threads) ||
	    !scan_i64(span_of(argv[6]), 1, 60, &seconds) || !scan_i64(span_of(argv[7]), 1, INT64_MAX, &first)) {
		(void)fputs("usage: bare_lodge HOST PORT USER DATABASE THREADS SECONDS FIRST_ID CASES\n", stderr);
		return 2;
	}
	bench.host = argv[1];
	bench.port = (unsigned)port;
	bench.user = argv[3];
	bench.name = argv[4];
	bench.password = getenv("EKMC_BENCH_PASSWORD");
	bench.next_id = first;
	arc4random_buf(noise, sizeof(noise));
	if (mysql_library_init(0, NULL, NULL) != 0 || !read_cases(argv[8]) || !prepare(lodgers, (size_t)threads))
		return 1;
	begun = now_us();
	for (int64_t i = 0; i < threads; i++)
		if (pthread_create(&lodgers[i].thread, NULL, lodger_main, &lodgers[i]) != 0)
			return 1;
	(void)nanosleep(&(struct timespec){ .tv_sec = (time_t)seconds }, NULL);
	bench.stop = true;
	for (int64_t i = 0; i < threads; i++)
		(void)pthread_join(lodgers[i].thread, NULL);
	report(lodgers, (size_t)threads, now_us() - begun);
	return bench.failed ? 1 : 0;
}
