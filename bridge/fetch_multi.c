/* curl_multi_socket_action on libuv: one poll handle per socket, one timer for curl. */
#include "bridge/fetch_impl.h"

#include <stdlib.h>

/* A socket of curl's. */
struct watch {
	uv_poll_t poll;
	struct watch *prev, *next;
	struct fetcher *fetcher;
	curl_socket_t fd;
};

void
fetcher_handle_closed(struct fetcher *f)
{
	if (--f->handles == 0)
		free(f);
}

static void
on_timer_closed(uv_handle_t *handle)
{
	fetcher_handle_closed(handle->data);
}

static void
on_watch_closed(uv_handle_t *handle)
{
	struct watch *w = handle->data;
	struct fetcher *f = w->fetcher;

	free(w);
	fetcher_handle_closed(f);
}

static void
watch_end(struct watch *w)
{
	struct fetcher *f = w->fetcher;

	if (w->prev != NULL)
		w->prev->next = w->next;
	else
		f->watches = w->next;
	if (w->next != NULL)
		w->next->prev = w->prev;
	(void)uv_poll_stop(&w->poll);
	uv_close((uv_handle_t *)&w->poll, on_watch_closed);
}

static void
reap(struct fetcher *f)
{
	CURLMsg *msg;
	int left;

	while (!f->closing && (msg = curl_multi_info_read(f->multi, &left)) != NULL) {
		CURLcode code = msg->data.result;
		void *x = NULL;

		if (msg->msg != CURLMSG_DONE)
			continue;
		(void)curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, &x);
		fetch_finish(x, fetch_status_of(x, code));
	}
}

static void
on_poll(uv_poll_t *poll, int status, int events)
{
	struct watch *w = poll->data;
	struct fetcher *f = w->fetcher;
	int flags = status < 0 ? CURL_CSELECT_ERR : 0, running;

	if ((events & UV_READABLE) != 0)
		flags |= CURL_CSELECT_IN;
	if ((events & UV_WRITABLE) != 0)
		flags |= CURL_CSELECT_OUT;
	(void)curl_multi_socket_action(f->multi, w->fd, flags, &running);
	reap(f);
}

static void
on_timer(uv_timer_t *timer)
{
	struct fetcher *f = timer->data;
	int running;

	(void)curl_multi_socket_action(f->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	reap(f);
}

static int
set_timer(CURLM *multi, long timeout_ms, void *arg)
{
	struct fetcher *f = arg;

	(void)multi;
	if (timeout_ms < 0 || f->closing)
		(void)uv_timer_stop(&f->timer);
	else
		(void)uv_timer_start(&f->timer, on_timer, (uint64_t)timeout_ms, 0);
	return 0;
}

static struct watch *
watch_new(struct fetcher *f, curl_socket_t fd)
{
	struct watch *w = calloc(1, sizeof(*w));

	if (w == NULL || uv_poll_init_socket(f->loop, &w->poll, fd) != 0) {
		free(w);
		return NULL;
	}
	w->poll.data = w;
	w->fetcher = f;
	w->fd = fd;
	w->next = f->watches;
	if (f->watches != NULL)
		f->watches->prev = w;
	f->watches = w;
	f->handles++;
	return w;
}

static int
watch_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *socket_arg)
{
	struct fetcher *f = arg;
	struct watch *w = socket_arg;
	int events = 0;

	(void)easy;
	if (what == CURL_POLL_REMOVE) {
		if (w != NULL)
			watch_end(w);
		(void)curl_multi_assign(f->multi, fd, NULL);
		return 0;
	}
	/* a socket that cannot be watched ends with its deadline */
	if (w == NULL && (w = watch_new(f, fd)) == NULL)
		return 0;
	(void)curl_multi_assign(f->multi, fd, w);
	if (what != CURL_POLL_OUT)
		events |= UV_READABLE;
	if (what != CURL_POLL_IN)
		events |= UV_WRITABLE;
	(void)uv_poll_start(&w->poll, events, on_poll);
	return 0;
}

struct fetcher *
fetcher_new(uv_loop_t *loop, const struct fetcher_options *o)
{
	struct fetcher *f = calloc(1, sizeof(*f));

	if (f == NULL)
		return NULL;
	f->options = *o;
	f->loop = loop;
	f->multi = curl_multi_init();
	if (f->multi == NULL || curl_multi_setopt(f->multi, CURLMOPT_SOCKETFUNCTION, watch_socket) != CURLM_OK ||
	    curl_multi_setopt(f->multi, CURLMOPT_SOCKETDATA, f) != CURLM_OK ||
	    curl_multi_setopt(f->multi, CURLMOPT_TIMERFUNCTION, set_timer) != CURLM_OK ||
	    curl_multi_setopt(f->multi, CURLMOPT_TIMERDATA, f) != CURLM_OK ||
	    curl_multi_setopt(f->multi, CURLMOPT_MAX_HOST_CONNECTIONS, (long)o->parallel) != CURLM_OK ||
	    curl_multi_setopt(f->multi, CURLMOPT_MAXCONNECTS, (long)o->parallel) != CURLM_OK ||
	    uv_timer_init(loop, &f->timer) != 0) {
		if (f->multi != NULL)
			(void)curl_multi_cleanup(f->multi);
		free(f);
		return NULL;
	}
	f->timer.data = f;
	f->handles = 1;
	return f;
}

void
fetcher_close(struct fetcher *f)
{
	if (f == NULL || f->closing)
		return;
	f->closing = true;
	while (f->first != NULL)
		fetch_finish(f->first, FETCH_STOPPED);
	(void)curl_multi_cleanup(f->multi);
	while (f->watches != NULL)
		watch_end(f->watches);
	(void)uv_timer_stop(&f->timer);
	uv_close((uv_handle_t *)&f->timer, on_timer_closed);
}
