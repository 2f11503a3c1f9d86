/* A MariaDB of the test's own with the real sql/ in it and as little data as the rules need. Include after cmocka.h. */
#ifndef EKMC_TESTS_SEEDED_H
#define EKMC_TESTS_SEEDED_H

#include <glob.h>

#include "core/clock.h"
#include "core/log.h"
#include "domain/complaint.h"
#include "domain/session.h"
#include "private_mariadb.h"

#define SEEDED_KEY "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define MONDAY_MS  INT64_C(1795408200123) /* 2026-11-23T04:30:00.123Z, a Monday morning */
#define HOUR_MS    INT64_C(3600000)
#define THREADS    20

static struct private_mariadb maria;
static struct conf conf;
static struct seal *seal;

/* Ward 1 and ward 2 are squares that overlap in a sliver; 142 to 144 have no outline. */
static const char seeded_sql[] =
	"INSERT INTO department (code, name_en, name_bn, name_hi, sort, active) VALUES "
	"('DRN','Drains','নর্দমা','नाली',1,1),('PRK','Parks','উদ্যান','उद्यान',2,1);"
	"INSERT INTO category (code, department_code, name_en, name_bn, name_hi, sort, active) VALUES "
	"('DRN-A','DRN','A','ক','क',1,1),('DRN-B','DRN','B','খ','ख',2,1),('PRK-A','PRK','C','গ','ग',3,1);"
	"INSERT INTO subcategory (code, category_code, department_code, name_en, name_bn, name_hi, sla_hours, photo_on_resolve,"
	" anonymous, sort, active) VALUES "
	"('DRN-01','DRN-A','DRN','One','এক','एक',24,1,0,1,1),('DRN-02','DRN-B','DRN','Two','দুই','दो',48,0,0,2,1),"
	"('PRK-01','PRK-A','PRK','Three','তিন','तीन',168,0,1,3,1);"
	"INSERT INTO borough SELECT seq, CONCAT('B', seq), 'বরো', 'बोरो' FROM seq_1_to_16;"
	"INSERT INTO ward SELECT seq, 1 + (seq - 1) DIV 9 FROM seq_1_to_144;"
	"INSERT INTO ward_outline VALUES"
	" (1, ST_GeomFromText('MULTIPOLYGON(((88.36 22.50,88.37 22.50,88.37 22.51,88.36 22.51,88.36 22.50)))')),"
	" (2, ST_GeomFromText('MULTIPOLYGON(((88.369 22.50,88.38 22.50,88.38 22.51,88.369 22.51,88.369 22.50)))'));"
	"INSERT INTO holiday VALUES ('2026-12-25','Christmas','বড়দিন','क्रिसमस'),('2026-11-24','A feast','উৎসব','पर्व');"
	"INSERT INTO public_name VALUES ('state','ASSIGNED','Assigned','দেওয়া হয়েছে','सौंपा गया'),"
	"('state','LME','Not an office','না','नहीं'),('office','LME','Officer','আধিকারিক','अधिकारी');"
	"INSERT INTO staff (id, user_name, name_en, name_bn, language, active) VALUES (1,'lme1','L One','ল','bn',1),(2,'lme2','L "
	"Two','ল','hi',1),"
	"(3,'gro','G','গ','en',1),(4,'gro.b2','G Two','গ','en',1),(5,'left','Left','গ','en',0);"
	/* who has no mobile hears nothing */
	"UPDATE staff SET mobile_sealed = 'sealed';";

/* Tests begin anew and tamper: test_audit has the triggers put back. */
static const char seeded_free_sql[] = "DROP TRIGGER complaint_event_kept; DROP TRIGGER complaint_event_there;"
				      "DROP TRIGGER audit_day_kept; DROP TRIGGER audit_day_there; DROP TRIGGER audit_head_kept;"
				      "DROP TRIGGER audit_head_there; DROP TRIGGER access_log_kept; DROP TRIGGER access_log_there;";

/* One thread's connection and memory. */
struct hand {
	struct db *db;
	struct arena *a;
};

/* The test's own thread has it from seeded_up to seeded_down. */
static UNUSED struct hand one;

static UNUSED struct hand
hand_new(void)
{
	const struct hand h = { .db = db_new(&conf), .a = arena_new(65536, 64 << 20) };

	assert_non_null(h.db);
	assert_non_null(h.a);
	return h;
}

static UNUSED void
hand_free(struct hand *h)
{
	db_free(h->db);
	arena_free(h->a);
}

static UNUSED void
seeded_quiet(const char *line, size_t n, void *arg)
{
	(void)line;
	(void)n;
	(void)arg;
}

static UNUSED bool
seeded_apply(const char *pattern)
{
	char script[4096] = "", socket[96];
	char *argv[] = { (char[]){ "mariadb" },
			 (char[]){ "--no-defaults" },
			 socket,
			 (char[]){ "--default-character-set=utf8mb4" },
			 (char[]){ "--user=root" },
			 (char[]){ "ekmc" },
			 (char[]){ "-e" },
			 script,
			 NULL };
	size_t used = 0;
	glob_t files;
	int status = -1;

	if (glob(pattern, 0, NULL, &files) != 0)
		return false;
	for (size_t i = 0; i < files.gl_pathc && used < sizeof(script); i++)
		used += (size_t)snprintf(script + used, sizeof(script) - used, "DELIMITER ;\nsource %s\n", files.gl_pathv[i]);
	globfree(&files);
	(void)snprintf(socket, sizeof(socket), "--socket=%s", maria.socket);
	return waitpid(private_spawn(&maria, argv), &status, 0) > 0 && status == 0;
}

static UNUSED int
seeded_up(void **state)
{
	(void)state;
	log_init("unit", LOG_ERROR);
	log_sink(seeded_quiet, NULL);
	if (!seal_init() || !private_up(&maria) || !seeded_apply("sql/[0-9]*.sql") || !seeded_apply("sql/procedures/*.sql") ||
	    !private_sql(&maria, seeded_free_sql) || !private_sql(&maria, seeded_sql))
		return -1;
	conf = private_conf(&maria, NULL);
	conf.otp.ttl_s = 300;
	conf.otp.tries = 5;
	conf.otp.mobile_10min = 3;
	conf.otp.mobile_day = 10;
	conf.otp.address_hour = 200;
	conf.otp.total_day = 200000;
	seal = seal_new("1:" SEEDED_KEY, SEEDED_KEY, SEEDED_KEY);
	one = hand_new();
	return seal != NULL && seal_audit_keys(seal, "7:" SEEDED_KEY) ? 0 : -1;
}

static UNUSED int
seeded_down(void **state)
{
	(void)state;
	hand_free(&one);
	seal_free(seal);
	private_down(&maria);
	return 0;
}

static UNUSED struct db_rows
seeded_rows(struct hand *h, const struct sql *q, const struct db_value *args, size_t n)
{
	struct db_rows rows;

	assert_int_equal(db_run(h->db, h->a, q, args, n, &rows), E_OK);
	return rows;
}

static UNUSED int64_t
citizen_new(struct hand *h, const char *mobile, const char *language)
{
	static const struct sql insert = {
		"INSERT INTO citizen (mobile_index, mobile_sealed, language, created_at) VALUES (?, ?, ?, ?)", "bbst", "", false
	};
	uint8_t index[SEAL_HASH_BYTES];
	struct span sealed;

	seal_index(seal, span_of(mobile), index);
	assert_int_equal(seal_box(seal, h->a, span_of(mobile), &sealed), E_OK);
	return seeded_rows(h, &insert,
			   DB_ARGS(db_bytes(index, sizeof(index)), db_text(sealed), db_text(span_of(language)), db_time(MONDAY_MS)))
		.insert_id;
}

/* A session from an hour ago until tomorrow. */
static UNUSED void
session_for(struct hand *h, enum actor_kind kind, int64_t id, uint8_t hash[static SEAL_HASH_BYTES])
{
	const struct session_new n = {
		.kind = kind, .id = id, .now_ms = MONDAY_MS - HOUR_MS, .expires_ms = MONDAY_MS + 24 * HOUR_MS
	};
	char token[SEAL_TOKEN_TEXT_SIZE];

	assert_int_equal(session_create(h->db, h->a, &n, token), E_OK);
	seal_sha256(span_of(token), hash);
}

static UNUSED long long
count(const char *table)
{
	char query[512];

	(void)snprintf(query, sizeof(query), "SELECT COUNT(*) FROM %s", table);
	return private_number(&maria, query);
}

/* Everything that happened is forgotten, what is known stays. */
static UNUSED void
seeded_reset(void)
{
	assert_true(private_sql(
		&maria, "DELETE FROM attachment; DELETE FROM outbox; DELETE FROM idempotency; DELETE FROM complaint_event; DELETE "
			"FROM complaint;"
			"DELETE FROM session; DELETE FROM roster; DELETE FROM citizen; DELETE FROM otp; DELETE FROM otp_gate;"
			"DELETE FROM audit_day; DELETE FROM audit_head; DELETE FROM access_log;"
			"DELETE FROM otp_day; DELETE FROM staff WHERE id > 5; UPDATE id_block SET next_id = 1"));
}

static UNUSED struct lodging
lodging_of(const struct directory *d, const char *subcategory, const uint8_t *token_hash, const char *key)
{
	struct lodging in = { .subcategory = directory_subcategory(d, span_of(subcategory)),
			      .channel = "WEB",
			      .description = SPAN("জল জমে আছে"),
			      .ward = 1,
			      .token_hash = token_hash,
			      .now_ms = MONDAY_MS };

	assert_non_null(in.subcategory);
	seal_sha256(span_of(key), in.scope);
	seal_sha256(SPAN("body"), in.body_hash);
	return in;
}

#endif
