/* The web server's side of FastCGI 1.0 for tests: a request as records, the answer back as text. Include after cmocka.h. */
#ifndef EKMC_TESTS_FCGI_PEER_H
#define EKMC_TESTS_FCGI_PEER_H

#include <fcgiapp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/buf.h"

#define PEER_BYTES (8 << 20)

enum { PEER_BEGIN = 1, PEER_END = 3, PEER_PARAMS = 4, PEER_STDIN = 5, PEER_STDOUT = 6 };

static UNUSED void
peer_record(struct buf *b, int type, const void *p, size_t n)
{
	const unsigned char head[8] = { 1, (unsigned char)type, 0, 1, (unsigned char)(n >> 8), (unsigned char)n, 0, 0 };

	assert_true(n <= 65535);
	buf_add(b, head, sizeof(head));
	buf_add(b, p, n);
}

static UNUSED void
peer_length(struct buf *b, size_t n)
{
	if (n > 127) {
		buf_char(b, (char)(n >> 24 | 128));
		buf_char(b, (char)(n >> 16));
		buf_char(b, (char)(n >> 8));
	}
	buf_char(b, (char)n);
}

/* In records of at most `chunk` bytes, and the empty one that ends them. */
static UNUSED void
peer_stream(struct buf *b, int type, struct span all, size_t chunk)
{
	for (size_t at = 0; at < all.n; at += chunk)
		peer_record(b, type, all.p + at, all.n - at < chunk ? all.n - at : chunk);
	peer_record(b, type, "", 0);
}

/* `params`: names and values by turns, then NULL. CONTENT_LENGTH is the caller's. */
static UNUSED void
peer_request(struct buf *b, bool keep, const char *const *params, struct span body)
{
	const unsigned char begin[8] = { 0, 1, keep ? 1 : 0 };
	struct buf pairs = BUF_INIT(PEER_BYTES);

	for (size_t i = 0; params[i] != NULL; i += 2) {
		peer_length(&pairs, strlen(params[i]));
		peer_length(&pairs, strlen(params[i + 1]));
		buf_text(&pairs, params[i]);
		buf_text(&pairs, params[i + 1]);
	}
	peer_record(b, PEER_BEGIN, begin, sizeof(begin));
	peer_stream(b, PEER_PARAMS, buf_view(&pairs), 16384);
	peer_stream(b, PEER_STDIN, body, 16384);
	buf_release(&pairs);
}

static UNUSED bool
peer_send(int fd, const char *p, size_t n)
{
	while (n > 0) {
		ssize_t sent = send(fd, p, n, MSG_NOSIGNAL);

		if (sent <= 0)
			return false;
		p += sent;
		n -= (size_t)sent;
	}
	return true;
}

static UNUSED bool
peer_take(int fd, void *to, size_t n)
{
	for (size_t got = 0; got < n;) {
		ssize_t r = recv(fd, (char *)to + got, n - got, 0);

		if (r <= 0)
			return false;
		got += (size_t)r;
	}
	return true;
}

/* What came on the standard output, headers and body, until the request is ended. False: the connection ended before. */
static UNUSED bool
peer_answer(int fd, struct buf *out)
{
	unsigned char head[8], data[65535 + 255];

	buf_clear(out);
	while (peer_take(fd, head, sizeof(head))) {
		size_t n = (size_t)head[4] << 8 | head[5];

		if (!peer_take(fd, data, n + head[6]))
			return false;
		if (head[1] == PEER_STDOUT)
			buf_add(out, data, n);
		if (head[1] == PEER_END)
			return true;
	}
	return false;
}

/* The value of a header of an answer; absent without it. */
static UNUSED struct span
peer_header(const struct buf *answer, const char *name)
{
	struct span head = buf_view(answer);
	const char *end = head.n == 0 ? NULL : memmem(head.p, head.n, "\r\n\r\n", 4);
	size_t n = strlen(name);

	assert_non_null(end);
	for (const char *line = head.p; line < end + 2;) {
		const char *stop = memmem(line, (size_t)(end + 2 - line), "\r\n", 2);

		if ((size_t)(stop - line) > n + 1 && strncmp(line, name, n) == 0 && line[n] == ':' && line[n + 1] == ' ')
			return (struct span){ line + n + 2, (size_t)(stop - line) - n - 2 };
		line = stop + 2;
	}
	return (struct span){ NULL, 0 };
}

static UNUSED int
peer_status(const struct buf *answer)
{
	struct span status = peer_header(answer, "Status");

	assert_true(status.n >= 3);
	return (int)strtol(status.p, NULL, 10);
}

static UNUSED struct span
peer_body(const struct buf *answer)
{
	const char *end = answer->len == 0 ? NULL : memmem(answer->data, answer->len, "\r\n\r\n", 4);

	assert_non_null(end);
	return (struct span){ end + 4, answer->len - (size_t)(end + 4 - answer->data) };
}

/* A request that libfcgi has parsed on one end of a socket pair, its sender at the other. */
struct fcgi_here {
	FCGX_Request request;
	int peer;
};

static UNUSED void
fcgi_here_open(struct fcgi_here *h, const char *const *params, struct span body)
{
	struct buf b = BUF_INIT(PEER_BYTES);
	int pair[2], bytes = 4 << 20;

	peer_request(&b, true, params, body);
	assert_false(b.failed);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	(void)setsockopt(pair[1], SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
	assert_int_equal(FCGX_Init(), 0);
	assert_int_equal(FCGX_InitRequest(&h->request, -1, 0), 0);
	h->request.ipcFd = pair[0];
	h->request.keepConnection = 1;
	h->peer = pair[1];
	assert_true(peer_send(h->peer, b.data, b.len));
	buf_release(&b);
	assert_int_equal(FCGX_Accept_r(&h->request), 0);
}

/* Ends the request and reads what was written to it. */
static UNUSED void
fcgi_here_answer(struct fcgi_here *h, struct buf *out)
{
	FCGX_Finish_r(&h->request);
	assert_true(peer_answer(h->peer, out));
}

static UNUSED void
fcgi_here_close(struct fcgi_here *h)
{
	FCGX_Free(&h->request, 1);
	(void)close(h->peer);
}

#endif
