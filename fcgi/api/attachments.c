/* Uploads, and the files of a complaint. */
#include <errno.h>
#include <fcntl.h>
#include <strings.h>
#include <unistd.h>

#include "api/app.h"
#include "api/audit.h"
#include "api/handlers.h"
#include "api/params.h"
#include "api/render.h"
#include "core/clock.h"
#include "core/json.h"
#include "core/log.h"
#include "core/scan.h"
#include "domain/idempotency.h"

#define FILES       "/api/_files/" /* internal in nginx: the store */
#define ANSWER_MOST 1024

static const enum field_code verdict_codes[] = {
	[IMAGE_EMPTY] = FE_REQUIRED,
	[IMAGE_KIND] = FE_FILE_KIND,
	[IMAGE_DAMAGED] = FE_DAMAGED,
	[IMAGE_PIXELS] = FE_PIXELS,
};

/* Only what nginx can have written: digits, directly in its directory, no link. */
static int
open_upload(const struct conf *conf, const char *path)
{
	size_t n = strlen(conf->attachments.uploads);
	int fd;

	if (strncmp(path, conf->attachments.uploads, n) != 0 || path[n] != '/' ||
	    !scan_token(span_of(path + n + 1), "0123456789", 1, 20)) {
		log_event(LOG_ERROR, "upload", "path", path, "error", "not in attachments.uploads", NULL);
		return -1;
	}
	fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		log_event(LOG_ERROR, "upload", "path", path, "error", strerrorname_np(errno), NULL);
	return fd;
}

static enum status
render_upload(struct arena *a, const struct attachment *at, struct span *answer)
{
	struct buf text = BUF_INIT(ANSWER_MOST);
	json_t *o = render_uploaded(at);

	json_encode(o, &text);
	json_decref(o);
	*answer = (struct span){ text.failed ? NULL : arena_strndup(a, text.data, text.len), text.len };
	buf_release(&text);
	return answer->p == NULL ? E_NOMEM : E_OK;
}

static enum status
take(struct call *c, int fd, struct span *answer)
{
	struct upload u = { .actor = &c->actor,
			    .fd = fd,
			    .now_ms = clock_now_ms(),
			    .unbound_most = c->conf->attachments.unbound,
			    .render = render_upload };
	uint8_t request[SEAL_HASH_BYTES];
	enum image_verdict verdict = IMAGE_FINE;
	enum status st;

	param_idempotency(c, request, u.body_hash);
	idempotency_scope(c->actor.kind == ACTOR_CITIZEN ? "citizen" : "staff", c->actor.id, request, u.scope);
	if (!seal_sha256_file(fd, u.body_hash))
		return E_INTERNAL;
	st = attachment_take(c->worker->db, c->arena, app_store(c->app), app_image_program(c->app), &u, &verdict, answer);
	return st == E_INVALID ? call_field(c, "/file", verdict_codes[verdict]) : st;
}

enum status
upload_post(struct call *c)
{
	struct span answer;
	enum status st;
	int fd;

	if (strncasecmp(req_content_type(&c->req), "multipart/", 10) == 0) {
		c->why = "the body is the file itself, without a form around it";
		return E_MEDIA_TYPE;
	}
	if (c->req.upload[0] == '\0')
		return call_field(c, "/file", FE_REQUIRED);
	fd = open_upload(c->conf, c->req.upload);
	if (fd < 0)
		return E_INTERNAL;
	st = take(c, fd, &answer);
	(void)close(fd);
	if (st != E_OK)
		return st;
	c->resp.http = 201;
	c->resp.type = "application/json";
	buf_span(&c->resp.body, answer);
	return E_OK;
}

static const char *const sizes[] = { "full", "thumbnail", NULL };
enum { SIZE_FULL, SIZE_THUMBNAIL };

static const struct field get_fields[] = { { .name = "size", .type = FIELD_CHOICE, .choices = sizes } };

enum status
attachment_get(struct call *c)
{
	uint8_t id[ATTACHMENT_ID_BYTES];
	char name[STORE_NAME_SIZE];
	struct complaint complaint;
	struct attachment at;
	int size = SIZE_FULL;
	enum status st = call_query(c, get_fields, ARRAY_LEN(get_fields), &size);

	if (st == E_OK)
		st = param_complaint(c, &complaint);
	if (st == E_OK && !attachment_id_parse(c->param[1], id))
		st = E_NOT_FOUND;
	if (st == E_OK)
		st = attachment_find(c->worker->db, c->arena, complaint.id, &c->actor, id, &at);
	if (st == E_OK && size == SIZE_THUMBNAIL && !at.thumbnail)
		st = E_NOT_FOUND;
	if (st == E_OK)
		st = audit_reading(c, complaint.id, ACCESS_ATTACHMENT);
	if (st != E_OK)
		return st;
	store_name(at.sha256, size == SIZE_THUMBNAIL, name);
	c->resp.http = 200;
	c->resp.type = attachment_media_type(at.kind);
	c->resp.file = arena_printf(c->arena, FILES "%s", name);
	/* 64 bits of the hash, others for the thumbnail: what has this name never changes */
	(void)snprintf(c->resp.etag, sizeof(c->resp.etag), "W/\"%.16s\"", name + (size == SIZE_THUMBNAIL ? 22 : 6));
	resp_header(&c->resp, "Content-Disposition", "%s; filename=\"%.*s-%.8s.%s\"", at.kind == KIND_PDF ? "attachment" : "inline",
		    SPAN_FMT(complaint.number), name + 6, at.kind == KIND_JPEG ? "jpg" : attachment_kind_name(at.kind));
	return c->resp.file == NULL ? E_NOMEM : E_OK;
}
