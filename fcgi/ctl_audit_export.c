/* `ekmc-ctl audit export`: everything there is about a complaint, with what proves it, for somebody without access to the system.
 */
#include "ctl_audit.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/json.h"
#include "core/scan.h"
#include "domain/access.h"

#define REASON_MOST   200 /* characters */
#define OPERATOR_MOST 60  /* bytes of access_log.operator */
#define ID_BATCH      100
#define PART_BYTES    ((size_t)64 << 20) /* of one complaint */
#define DUMP          (JSON_INDENT(1) | JSON_REAL_PRECISION(15))

enum { Q_ID, Q_CHANGED };
static const struct sql sql[] = {
	[Q_ID] = { "SELECT id FROM complaint WHERE number = ? UNION SELECT complaint_id FROM audit_head WHERE number = ? LIMIT 1",
		   "ss", "i", false },
	[Q_CHANGED] = { "SELECT DISTINCT complaint_id FROM complaint_event FORCE INDEX (complaint_event_at)"
			" WHERE at >= ? AND at < ? AND complaint_id > ? ORDER BY complaint_id LIMIT 100",
			"tti", "i", false },
};

/* sql/AUDIT.md in short. */
static const char *const how[] = {
	"Hashes are SHA-256 in lower-case hex. LF is one line feed. Text is UTF-8. null is the empty text, unless said otherwise.",
	"Event: hash = SHA-256(P + C). P: the 32 bytes of the hash of the event before it, of the first event 32 zero bytes.",
	"C: these, joined by LF: complaint_id, seq, at, action, from, to, level, actor_kind, actor_id, office, SHA-256 of note in "
	"hex,",
	"internal as 1 or 0, SHA-256 of detail in hex. A null note or detail gives the empty text instead of a hash.",
	"at is written as 2026-11-23 04:30:00.123000: a blank for T, three zeros behind the milliseconds, no Z.",
	"seq runs 1, 2, 3 ... The last event's seq and hash are event_count and event_head of the complaint.",
	"Signed head: says that at the end of `day` (in Kolkata) event number event_count was the last of that day, with "
	"event_head as",
	"its hash. Leaf: these, joined by LF: day, complaint.id, complaint.number, event_count, event_head. Its hash: SHA-256(0x00 "
	"+ leaf).",
	"path, where there is one: for each step from the leaf up, hash = SHA-256(0x01 + left + right), the step's hash standing "
	"on its side.",
	"The last hash is day_root (a Merkle tree as in RFC 6962 over the heads of all complaints of that day, by complaint id).",
	"day_tag = HMAC-SHA256 of audit-day + one zero byte + these, joined by LF: day, day_heads, day_events, day_root, "
	"day_previous,",
	"day_signed_at, day_key_id. The key is the corporation's (seal.audit_keys); day_previous is the day_tag of the day before.",
	"tag = the first 16 bytes of HMAC-SHA256 of audit-head + one zero byte + the leaf, with the same key.",
	"Each day_tag also stands in the log of the day it was made (audit_signed); there it cannot be changed through the "
	"database.",
};

struct export
{
	const struct audit_job *job;
	struct arena *arena; /* of one complaint */
	FILE *out;
	char id[REQUEST_ID_SIZE];
	char operator[OPERATOR_MOST + 1];
	json_t *faults;
	int64_t written;
};

/* ---- who does it */

/* The account, and who became it with sudo. */
static void
find_operator(char out[static OPERATOR_MOST + 1])
{
	const char *person = getenv("SUDO_USER");
	struct passwd entry, *account = NULL;
	char names[1024];

	(void)getpwuid_r(geteuid(), &entry, names, sizeof(names), &account);
	(void)snprintf(out, OPERATOR_MOST + 1, "%.28s%s%.28s", person == NULL ? "" : person, person == NULL ? "" : " as ",
		       account == NULL ? "?" : account->pw_name);
	for (char *p = out; *p != '\0'; p++)
		if (*p < ' ' || *p > '~')
			*p = '?';
}

/* ---- the file */

static void
keep_fault(const struct audit_fault *f, void *arg)
{
	json_t *list = arg;
	char day[AUDIT_DAY_TEXT_SIZE];

	(void)json_array_append_new(
		list, json_pack("{s:I, s:I, s:o, s:s}", "seq", (json_int_t)f->seq, "seq_to", (json_int_t)f->seq_to, "day",
				f->day_ms == CLOCK_NONE ? json_null() : json_string(audit_day_text(f->day_ms, day)), "fault",
				audit_fault_texts[f->kind]));
}

/* A single complaint is proved here too, so that the file says what the system itself thinks of it. */
static enum status
prove(struct export *x)
{
	struct audit_check c = { .db = x->job->db,
				 .seal = x->job->seal,
				 .scope = { .from_ms = CLOCK_NONE, .number = x->job->options->number, .now_ms = clock_now_ms() },
				 .found = keep_fault,
				 .arg = x->faults };

	return audit_verify(&c);
}

static enum status
write_head(struct export *x)
{
	const struct audit_options *o = x->job->options;
	char from[AUDIT_DAY_TEXT_SIZE], to[AUDIT_DAY_TEXT_SIZE];
	json_t *lines = json_array(), *head;
	bool days = o->from_ms != CLOCK_NONE;

	for (size_t i = 0; i < ARRAY_LEN(how); i++)
		(void)json_array_append_new(lines, json_string(how[i]));
	head = json_own(x->arena,
			json_pack("{s:s, s:s, s:s, s:o, s:s, s:s?, s:b, s:s?, s:s?, s:O, s:o}", "format", "ekmc-audit-export 1",
				  "id", x->id, "system", x->job->conf->system.base_url, "made_at", json_time(clock_now_ms()),
				  "made_by", x->operator, "reason", o->reason, "personal", o->personal, "from",
				  days ? audit_day_text(o->from_ms, from) : NULL, "to", days ? audit_day_text(o->to_ms, to) : NULL,
				  "faults", days ? json_null() : x->faults, "how_to_verify", lines));
	if (head == NULL)
		return E_NOMEM;
	if (fputs("{\n", x->out) == EOF || json_dumpf(head, x->out, DUMP | JSON_EMBED) != 0 ||
	    fputs(",\n\"complaints\": [", x->out) == EOF)
		return E_INTERNAL;
	return E_OK;
}

/* Recorded before it is read. */
static enum status
write_complaint(struct export *x, int64_t id)
{
	const struct audit_options *o = x->job->options;
	json_t *complaint;
	enum status st;

	arena_reset(x->arena);
	st = access_record_operator(x->job->db, x->arena, x->operator, id, o->reason, x->id);
	if (st == E_OK)
		st = audit_export_complaint(x->job, x->arena, id, o->number[0] != '\0', &complaint);
	if (st != E_OK)
		return st;
	if (fputs(x->written++ == 0 ? "\n" : ",\n", x->out) == EOF || json_dumpf(complaint, x->out, DUMP) != 0)
		return E_INTERNAL;
	return E_OK;
}

static enum status
write_one(struct export *x)
{
	struct db_value number = db_text(span_of(x->job->options->number));
	struct db_rows rows;
	enum status st = db_run(x->job->db, x->arena, &sql[Q_ID], DB_ARGS(number, number), &rows);

	if (st == E_OK && rows.n == 0) {
		(void)fprintf(stderr, "ekmc-ctl audit: there is no complaint %s, and none was ever signed\n",
			      x->job->options->number);
		st = E_INVALID;
	}
	return st == E_OK ? write_complaint(x, db_row(&rows, 0)[0].i) : st;
}

static enum status
write_changed(struct export *x)
{
	const struct audit_options *o = x->job->options;
	int64_t ids[ID_BATCH] = { 0 }, after = 0;
	struct db_rows rows;
	enum status st;

	do {
		arena_reset(x->arena);
		st = db_run(x->job->db, x->arena, &sql[Q_CHANGED],
			    DB_ARGS(db_time(o->from_ms), db_time(o->to_ms + AUDIT_DAY_MS), db_int(after)), &rows);
		for (size_t i = 0; st == E_OK && i < rows.n; i++)
			ids[i] = db_row(&rows, i)[0].i;
		for (size_t i = 0; st == E_OK && i < rows.n; i++)
			st = write_complaint(x, after = ids[i]);
	} while (st == E_OK && rows.n == ID_BATCH);
	return st;
}

static enum status
write_all(struct export *x)
{
	bool one = x->job->options->number[0] != '\0';
	enum status st = one ? prove(x) : E_OK;

	if (st == E_NOT_FOUND)
		st = E_OK; /* write_one says it */
	if (st == E_OK)
		st = write_head(x);
	if (st == E_OK)
		st = one ? write_one(x) : write_changed(x);
	if (st == E_OK && (fputs("\n]\n}\n", x->out) == EOF || fflush(x->out) != 0))
		st = E_INTERNAL;
	return st;
}

/* For its owner alone. */
static FILE *
open_file(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	FILE *out = fd < 0 || fchmod(fd, 0600) != 0 ? NULL : fdopen(fd, "w");

	if (out == NULL) {
		(void)fprintf(stderr, "%s: %s\n", path, strerror(errno));
		if (fd >= 0)
			(void)close(fd);
	}
	return out;
}

static bool
reason_is_text(const char *reason)
{
	size_t chars = 0;

	if (reason == NULL || (scan_utf8(span_of(reason), &chars) && chars <= REASON_MOST))
		return true;
	(void)fprintf(stderr, "ekmc-ctl audit: --reason takes a text of at most %d characters\n", REASON_MOST);
	return false;
}

static enum status
write_to(struct export *x, FILE *out)
{
	x->out = out;
	return write_all(x);
}

static enum status
write_file(struct export *x, const char *path)
{
	FILE *out = open_file(path);
	enum status st;

	if (out == NULL)
		return E_INVALID;
	st = write_to(x, out);
	if (fclose(out) != 0)
		st = E_INTERNAL; /* a failed close is a failed write */
	if (st != E_OK)
		(void)unlink(path); /* half an export proves nothing */
	return st;
}

enum status
audit_export(const struct audit_job *j, int64_t *found)
{
	const struct audit_options *o = j->options;
	struct export x = { .job = j, .arena = arena_new(65536, PART_BYTES), .faults = json_array() };
	enum status st = E_INVALID;

	*found = 0;
	find_operator(x.operator);
	ids_random_hex(x.id);
	if (x.arena == NULL || x.faults == NULL)
		st = E_NOMEM;
	else if (reason_is_text(o->reason))
		st = o->out == NULL ? write_to(&x, stdout) : write_file(&x, o->out);
	if (st == E_OK)
		(void)fprintf(stderr, "%lld complaint%s written, export %s\n", (long long)x.written, x.written == 1 ? "" : "s",
			      x.id);
	*found = (int64_t)json_array_size(x.faults);
	json_decref(x.faults);
	arena_free(x.arena);
	return st;
}
