/* The SMS profile `file`. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bridge/notify_impl.h"
#include "core/clock.h"
#include "core/json.h"
#include "core/log.h"

#define LINE_BYTES 8192

/* Opened anew for each message: whoever reads the file may move it away or empty it. */
static int
open_file(const char *path)
{
	int fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0)
		log_event(LOG_ERROR, "sms_file", "path", path, "error", strerror(errno), NULL);
	return fd;
}

bool
notify_file_check(const char *path)
{
	int fd = open_file(path);

	return fd >= 0 && close(fd) == 0;
}

/* Whether an earlier writer was cut off in its line: ours must not continue it. */
static bool
is_torn(int fd)
{
	struct stat info;
	char last = '\n';

	return fstat(fd, &info) == 0 && info.st_size > 0 && pread(fd, &last, 1, info.st_size - 1) == 1 && last != '\n';
}

static bool
make_line(int fd, const struct sms *s, struct buf *line)
{
	char now[CLOCK_TEXT_SIZE];
	json_t *o = json_pack("{s:s, s:s%, s:s%, s:s%, s:s, s:o, s:i, s:s, s:I}", "to", s->to, "text", s->text.p, s->text.n,
			      "template", s->template.p, s->template.n, "template_id", s->template_id.p, s->template_id.n, "lang",
			      lang_code(s->lang), "number", json_span(s->number), "parts", s->parts, "time",
			      clock_text(clock_now_ms(), now), "id", (json_int_t)s->id);

	if (o == NULL)
		return false;
	if (is_torn(fd))
		buf_char(line, '\n');
	json_encode(o, line);
	buf_char(line, '\n');
	json_decref(o);
	return !line->failed;
}

enum sms_sent
notify_file_send(const char *path, const struct sms *s)
{
	struct buf line = BUF_INIT(LINE_BYTES);
	enum sms_sent sent = SMS_NOT_SENT;
	int fd = open_file(path);

	if (fd >= 0 && make_line(fd, s, &line)) {
		ssize_t n = write(fd, line.data, line.len);

		if (n > 0)
			sent = n == (ssize_t)line.len && fdatasync(fd) == 0 ? SMS_SENT : SMS_MAYBE;
		if (sent != SMS_SENT)
			log_event(LOG_ERROR, "sms_file", "path", path, "error", strerror(errno), NULL);
	}
	if (line.data != NULL)
		seal_wipe(line.data, line.len);
	buf_release(&line);
	if (fd >= 0)
		(void)close(fd);
	return sent;
}
