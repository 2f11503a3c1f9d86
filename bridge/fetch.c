/* One outbound call: its options, its body, its outcome. */
#include "bridge/fetch_impl.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "core/buf.h"
#include "core/clock.h"
#include "core/log.h"
#include "core/scan.h"

#define USER_AGENT "eKMC/2.0"

static const char *const names[] = {
	[FETCH_OK] = "ok",           [FETCH_TIMEOUT] = "timeout",     [FETCH_REFUSED] = "refused",
	[FETCH_CUT] = "cut",         [FETCH_TOO_LARGE] = "too_large", [FETCH_BLOCKED] = "blocked",
	[FETCH_STOPPED] = "stopped", [FETCH_FAILED] = "failed",
};
_Static_assert(ARRAY_LEN(names) == FETCH_STATUS__COUNT, "an outcome has no name");

static void
on_deadline_closed(uv_handle_t *handle)
{
	struct fetch *x = handle->data;
	struct fetcher *f = x->fetcher;

	free(x);
	fetcher_handle_closed(f);
}

/* --- the end of a call ------------------------------------------------------------------------------------------------------ */

enum fetch_status
fetch_status_of(const struct fetch *x, CURLcode code)
{
	if (x->blocked && code == CURLE_COULDNT_CONNECT)
		return FETCH_BLOCKED;
	if (x->too_large || code == CURLE_FILESIZE_EXCEEDED)
		return FETCH_TOO_LARGE;
	/* of curl's hundred codes the bridge tells a few kinds apart */
	if (code == CURLE_OK)
		return FETCH_OK;
	if (code == CURLE_OPERATION_TIMEDOUT)
		return FETCH_TIMEOUT;
	if (code == CURLE_COULDNT_CONNECT || code == CURLE_COULDNT_RESOLVE_HOST || code == CURLE_SSL_CONNECT_ERROR ||
	    code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE)
		return FETCH_REFUSED;
	if (code == CURLE_PARTIAL_FILE || code == CURLE_GOT_NOTHING || code == CURLE_RECV_ERROR || code == CURLE_SEND_ERROR)
		return FETCH_CUT;
	return FETCH_FAILED;
}

/* "Text/HTML; charset=\"x\"" into its two parts; the copy is changed. */
static void
split_type(char *text, struct span *type, struct span *charset)
{
	struct span rest = { text, strlen(text) }, part, name;
	char *semicolon = strchr(text, ';');

	for (char *p = text; *p != '\0' && p != semicolon; p++)
		*p = (char)tolower((unsigned char)*p);
	(void)scan_cut(&rest, ';', &part);
	*type = scan_trim(part);
	while (scan_cut(&rest, ';', &part)) {
		(void)scan_cut(&part, '=', &name);
		name = scan_trim(name);
		if (part.p == NULL || name.n != 7 || strncasecmp(name.p, "charset", 7) != 0)
			continue;
		part = scan_trim(part);
		if (part.n >= 2 && part.p[0] == '"' && part.p[part.n - 1] == '"')
			part = (struct span){ part.p + 1, part.n - 2 };
		*charset = part;
		return;
	}
}

static void
unlink_fetch(struct fetch *x)
{
	if (x->prev != NULL)
		x->prev->next = x->next;
	else
		x->fetcher->first = x->next;
	if (x->next != NULL)
		x->next->prev = x->prev;
}

void
fetch_finish(struct fetch *x, enum fetch_status st)
{
	struct fetch_result result = { .status = st, .error = x->error, .took_ms = clock_monotonic_ms() - x->started_ms };
	char *type = NULL;

	unlink_fetch(x);
	if (st == FETCH_OK) {
		(void)curl_easy_getinfo(x->easy, CURLINFO_RESPONSE_CODE, &result.http);
		(void)curl_easy_getinfo(x->easy, CURLINFO_CONTENT_TYPE, &type);
		result.body = x->body.len == 0 ? SPAN("") : buf_view(&x->body);
		if (type != NULL && strlen(type) < sizeof(x->type)) {
			memcpy(x->type, type, strlen(type) + 1);
			split_type(x->type, &result.type, &result.charset);
		}
	}
	(void)curl_multi_remove_handle(x->fetcher->multi, x->easy);
	curl_easy_cleanup(x->easy);
	curl_slist_free_all(x->headers);
	x->done(x->arg, &result);
	buf_release(&x->body);
	uv_close((uv_handle_t *)&x->deadline, on_deadline_closed);
}

static void
on_deadline(uv_timer_t *timer)
{
	struct fetch *x = timer->data;

	fetch_finish(x, FETCH_TIMEOUT);
}

/* --- curl's callbacks ------------------------------------------------------------------------------------------------------- */

static curl_socket_t
open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *a)
{
	struct fetch *x = arg;

	if (purpose != CURLSOCKTYPE_IPCXN || !fetch_address_allowed(&a->addr, x->url.host)) {
		x->blocked = true;
		return CURL_SOCKET_BAD;
	}
	/* of several addresses one may be forbidden: the call fails only if no other takes it */
	x->blocked = false;
	return socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol);
}

static size_t
take_body(char *p, size_t size, size_t n, void *arg)
{
	struct fetch *x = arg;

	buf_add(&x->body, p, size * n);
	if (!x->body.failed)
		return size * n;
	x->too_large = true;
	return 0;
}

/* --- the start of a call ---------------------------------------------------------------------------------------------------- */

static bool
add_header(struct curl_slist **list, const char *name, const char *value)
{
	struct buf line = BUF_INIT(4096);
	struct curl_slist *longer = NULL;

	buf_printf(&line, "%s: %s", name, value);
	if (!line.failed && strpbrk(line.data, "\r\n") == NULL)
		longer = curl_slist_append(*list, line.data);
	buf_release(&line);
	if (longer != NULL)
		*list = longer;
	return longer != NULL;
}

static bool
set_headers(struct fetch *x, const struct fetch_request *r)
{
	bool ok = !r->post || r->content_type == NULL || add_header(&x->headers, "Content-Type", r->content_type);

	for (size_t i = 0; ok && i < r->n_headers; i++)
		ok = add_header(&x->headers, r->headers[i].name, r->headers[i].value);
	return ok;
}

#define SET(option, value) (ok = ok && curl_easy_setopt(e, option, value) == CURLE_OK)

static bool
set_options(struct fetch *x, const struct fetch_request *r)
{
	CURL *e = x->easy;
	bool ok = set_headers(x, r);

	SET(CURLOPT_URL, r->url);
	SET(CURLOPT_PROTOCOLS_STR, x->url.tls ? "https" : "http");
	SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	SET(CURLOPT_FOLLOWLOCATION, 0L);
	SET(CURLOPT_PROXY, "");
	SET(CURLOPT_NOSIGNAL, 1L);
	/* else giving up while a name is being resolved would wait for the resolver, and the loop with it */
	SET(CURLOPT_QUICK_EXIT, 1L);
	SET(CURLOPT_USERAGENT, USER_AGENT);
	SET(CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)r->max_bytes);
	SET(CURLOPT_ERRORBUFFER, x->error);
	SET(CURLOPT_PRIVATE, x);
	SET(CURLOPT_WRITEFUNCTION, take_body);
	SET(CURLOPT_WRITEDATA, x);
	SET(CURLOPT_OPENSOCKETFUNCTION, open_socket);
	SET(CURLOPT_OPENSOCKETDATA, x);
	SET(CURLOPT_HTTPHEADER, x->headers);
	if (r->post) {
		SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)r->body.n);
		SET(CURLOPT_COPYPOSTFIELDS, r->body.n == 0 ? "" : r->body.p);
	}
	return ok;
}

static struct fetch *
fetch_new(struct fetcher *f, const struct fetch_request *r)
{
	struct fetch *x = calloc(1, sizeof(*x));

	if (x == NULL)
		return NULL;
	x->fetcher = f;
	x->started_ms = clock_monotonic_ms();
	buf_init(&x->body, r->max_bytes);
	x->easy = curl_easy_init();
	if (x->easy == NULL || uv_timer_init(f->loop, &x->deadline) != 0) {
		curl_easy_cleanup(x->easy);
		free(x);
		return NULL;
	}
	x->deadline.data = x;
	f->handles++;
	x->next = f->first;
	if (f->first != NULL)
		f->first->prev = x;
	f->first = x;
	return x;
}

void
fetch_start(struct fetcher *f, const struct fetch_request *r, fetch_cb *done, void *arg)
{
	struct fetch_result refused = { .status = FETCH_FAILED, .error = "" };
	struct fetch_url url;
	struct fetch *x;

	if (f->closing) {
		refused.status = FETCH_STOPPED;
		done(arg, &refused);
		return;
	}
	if (!fetch_url_check(r->url, f->options.reach, &url)) {
		refused.status = FETCH_BLOCKED;
		done(arg, &refused);
		return;
	}
	x = fetch_new(f, r);
	if (x == NULL) {
		done(arg, &refused);
		return;
	}
	x->url = url;
	x->done = done;
	x->arg = arg;
	(void)uv_timer_start(&x->deadline, on_deadline, r->timeout_ms > 0 ? (uint64_t)r->timeout_ms : 1, 0);
	if (!set_options(x, r) || curl_multi_add_handle(f->multi, x->easy) != CURLM_OK)
		fetch_finish(x, FETCH_FAILED);
}

bool
fetch_global(void)
{
	return curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
}

const char *
fetch_status_name(enum fetch_status st)
{
	return names[st];
}
