/* The loop of the role `notify`: lease, write down that sending begins, send, settle. */
#include "bridge/notify.h"

#include <inttypes.h>
#include <systemd/sd-daemon.h>

#include "bridge/notify_impl.h"
#include "core/cache_async.h"
#include "core/clock.h"
#include "core/log.h"
#include "core/stop.h"

#define BELL         "ekmc:bell:notify"
#define ARENA_BYTES  ((size_t)4 << 20)
#define BATCH        10
#define CLAIM_MS     10000 /* a batch takes tens of milliseconds; what a crash leaves is due again so soon */
#define SEND_MS      15000
#define OTP_OLD_MS   300000 /* the code has expired; its text is erased then (design, section 5) */
#define LAPSE_MS     5000   /* between looks for lapsed sends */
#define WAIT_MIN_MS  200
#define WAIT_MAX_MS  2000
#define RETRY_MIN_MS 1000
#define RETRY_MAX_MS 60000

struct notify {
	const struct conf *conf;
	struct db *db;
	struct seal *seal;
	struct arena *arena; /* of a batch */
	uv_loop_t loop;
	uv_timer_t timer;
	uv_poll_t stop;
	int stop_fd;
	struct cache_async *bell;
	bool checked; /* the schema is the one this program was built for */
	bool closing;
	int exit_code;
	int64_t wait_ms; /* back-off while the database is down; 0: it is not */
	int64_t lapse_at_ms;
	/* sent, but the database went away before that was written down: first thing when it is back */
	struct outbox_message unsettled;
	enum outbox_outcome unsettled_outcome;
	bool has_unsettled;
};

/* ---- one message */

static enum status
settle(struct notify *n, const struct outbox_message *m, enum outbox_outcome outcome, const char *result)
{
	enum status st = outbox_settle(n->db, n->arena, m, outcome, result);

	if (outcome != OUTBOX_DONE)
		log_detail(LOG_WARN, "sms_not_sent", "outbox %" PRId64 ": %s", m->id, result);
	if (st == E_OK || st == E_STALE)
		return E_OK; /* stale: a claim of ours that lapsed, whoever has it now settles it */
	n->unsettled = (struct outbox_message){ .id = m->id, .gen = m->gen };
	memcpy(n->unsettled.owner, m->owner, OUTBOX_TOKEN_BYTES);
	n->unsettled_outcome = outcome;
	n->has_unsettled = true;
	return st;
}

static enum status
settle_late(struct notify *n)
{
	enum status st;

	if (!n->has_unsettled)
		return E_OK;
	st = outbox_settle(n->db, n->arena, &n->unsettled, n->unsettled_outcome, "settled late");
	if (st != E_OK && st != E_STALE)
		return st;
	n->has_unsettled = false;
	return E_OK;
}

static enum status
put_back(struct notify *n, const struct outbox_message *m)
{
	int64_t wait_ms = RETRY_MAX_MS;
	enum status st;

	if (m->tries < 6)
		wait_ms = RETRY_MIN_MS << m->tries;
	st = outbox_return(n->db, n->arena, m, wait_ms, "the file could not be written");
	return st == E_STALE ? E_OK : st;
}

static enum status
send_one(struct notify *n, const struct outbox_message *m)
{
	const char *refused = NULL;
	char result[64];
	struct sms sms;
	enum status st;

	if (m->lane == OUTBOX_LANE_OTP && clock_now_ms() - m->created_ms > OTP_OLD_MS)
		return settle(n, m, OUTBOX_REFUSED, "too old");
	st = notify_text(n->db, n->arena, n->seal, n->conf, m, &sms, &refused);
	if (st != E_OK)
		return st;
	if (refused != NULL)
		return settle(n, m, OUTBOX_REFUSED, refused);
	st = outbox_sending(n->db, n->arena, m, SEND_MS);
	if (st != E_OK)
		return st == E_STALE ? E_OK : st;
	switch (notify_file_send(n->conf->sms.file, &sms)) {
	case SMS_SENT:
		(void)snprintf(result, sizeof(result), "file, parts: %d", sms.parts);
		return settle(n, m, OUTBOX_DONE, result);
	case SMS_NOT_SENT:
		return put_back(n, m);
	case SMS_MAYBE:
		break;
	}
	return settle(n, m, OUTBOX_UNKNOWN, "the file was written in part");
}

/* ---- a batch */

static enum status
look_for_lapsed(struct notify *n)
{
	int64_t lapsed = 0, now_ms = clock_monotonic_ms();
	enum status st;

	if (now_ms < n->lapse_at_ms)
		return E_OK;
	st = outbox_lapse(n->db, n->arena, TO_SMS, &lapsed);
	if (lapsed > 0)
		log_detail(LOG_WARN, "sms_unknown", "%" PRId64 " messages: their sender died while sending", lapsed);
	if (st == E_OK)
		n->lapse_at_ms = now_ms + LAPSE_MS;
	return st;
}

static enum status
check_schema(struct notify *n)
{
	enum status st = E_OK;

	if (!n->checked)
		st = db_check(n->db, outbox_sql, outbox_sql_n);
	if (!n->checked && st == E_OK)
		st = db_check(n->db, notify_sql, notify_sql_n);
	n->checked = n->checked || st == E_OK;
	return st;
}

/* *more: there may be more due. */
static enum status
work(struct notify *n, bool *more)
{
	struct outbox_message *list = NULL;
	size_t count = 0;
	enum status st;

	arena_reset(n->arena);
	st = check_schema(n);
	if (st == E_OK)
		st = settle_late(n);
	if (st == E_OK)
		st = look_for_lapsed(n);
	if (st == E_OK)
		st = outbox_lease(n->db, n->arena, TO_SMS, BATCH, CLAIM_MS, &list, &count);
	for (size_t i = 0; i < count && st == E_OK; i++)
		st = send_one(n, &list[i]);
	*more = count > 0;
	return st;
}

/* ---- the loop */

static void
close_all(struct notify *n)
{
	if (n->closing)
		return;
	n->closing = true;
	uv_close((uv_handle_t *)&n->timer, NULL);
	uv_close((uv_handle_t *)&n->stop, NULL);
	if (n->bell != NULL)
		cache_async_close(n->bell);
}

static int64_t
after_trouble(struct notify *n, enum status st)
{
	if (n->wait_ms == 0)
		log_event(LOG_WARN, "notify_waits", "status", status_name(st), NULL);
	n->wait_ms = n->wait_ms == 0 ? WAIT_MIN_MS : n->wait_ms * 2 < WAIT_MAX_MS ? n->wait_ms * 2 : WAIT_MAX_MS;
	return n->wait_ms;
}

/* Milliseconds to the next look. */
static int64_t
turn(struct notify *n)
{
	bool more = false;
	enum status st = work(n, &more);

	if (!n->checked && st == E_INTERNAL) {
		n->exit_code = 1; /* not our schema; logged with the statement */
		close_all(n);
	}
	if (st != E_OK)
		return after_trouble(n, st);
	if (n->wait_ms != 0)
		log_event(LOG_INFO, "notify_goes_on", NULL);
	n->wait_ms = 0;
	return more ? 0 : n->conf->sms.poll_ms;
}

static void
on_timer(uv_timer_t *timer)
{
	struct notify *n = timer->data;
	int64_t next_ms = turn(n);

	if (!n->closing)
		uv_timer_start(timer, on_timer, (uint64_t)next_ms, 0);
}

static void
on_bell(void *arg)
{
	struct notify *n = arg;

	if (!n->closing && n->wait_ms == 0)
		uv_timer_start(&n->timer, on_timer, 0, 0);
}

static void
on_stop(uv_poll_t *poll, int status, int events)
{
	struct notify *n = poll->data;

	(void)status;
	(void)events;
	if (stop_read(n->stop_fd))
		close_all(n);
}

static bool
start(struct notify *n)
{
	if (uv_loop_init(&n->loop) != 0)
		return false;
	if (uv_timer_init(&n->loop, &n->timer) != 0 || uv_poll_init(&n->loop, &n->stop, n->stop_fd) != 0)
		return false;
	n->timer.data = n->stop.data = n;
	n->bell = cache_async_new(&n->loop, n->conf);
	if (n->bell == NULL || uv_poll_start(&n->stop, UV_READABLE, on_stop) != 0)
		return false;
	cache_async_subscribe(n->bell, BELL, on_bell, n);
	on_timer(&n->timer); /* a wrong schema ends us before we say that we are ready */
	return true;
}

bool
notify_check(const struct conf *c, FILE *err)
{
	if (c->sms.profile != SMS_FILE) {
		(void)fputs("sms.profile: there is no way to send; file is the only profile yet\n", err);
		return false;
	}
	if (c->system.mode != MODE_DEMO) {
		(void)fputs("sms.profile: file is for system.mode = demo\n", err);
		return false;
	}
	return true;
}

int
notify_run(const struct conf *c, int stop_fd)
{
	struct notify n = { .conf = c, .stop_fd = stop_fd };

	n.seal = seal_init() ? seal_new(c->seal.keys, "", "") : NULL;
	n.arena = arena_new(65536, ARENA_BYTES);
	n.db = db_new(c);
	n.exit_code = n.seal != NULL && n.arena != NULL && n.db != NULL && notify_file_check(c->sms.file) ? 0 : 1;
	if (n.exit_code == 0 && !start(&n)) {
		log_event(LOG_ERROR, "notify_start", "error", "no event loop", NULL);
		return 1; /* the process ends: half a loop is not worth taking apart */
	}
	if (n.exit_code == 0 && !n.closing) {
		(void)sd_notify(0, "READY=1");
		log_event(LOG_INFO, "ready", NULL);
	}
	/* also without having been ready: handles close in the loop */
	if (n.exit_code == 0 || n.closing) {
		(void)uv_run(&n.loop, UV_RUN_DEFAULT);
		(void)uv_loop_close(&n.loop);
	}
	db_free(n.db);
	arena_free(n.arena);
	seal_free(n.seal);
	return n.exit_code;
}
