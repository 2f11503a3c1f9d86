/* posix_spawn with five descriptors, a deadline, and one line to read. */
#include "domain/attachment_image.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/pidfd.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/log.h"
#include "core/scan.h"

#define LINE_SIZE  64
#define SIDE_MOST  65535
#define KEPT_FDS   5    /* as in image.c: file, verdict, nothing, picture, thumbnail */
#define SPARE_FROM 10   /* where ours wait, out of the way of the helper's numbers */
#define HEAVY_MS   4000 /* of processor time: who had less and was killed or too late is not to blame, the machine is */

static const struct {
	const char *word;
	enum image_verdict verdict;
} verdicts[] = { { "kind", IMAGE_KIND }, { "damaged", IMAGE_DAMAGED }, { "pixels", IMAGE_PIXELS } };

/* Nothing of the worker's reaches the helper: no other descriptor, no signal mask, no environment. */
static int
start(const char *program, const int fds[static KEPT_FDS], pid_t *pid)
{
	char *const argv[] = { (char[]){ "ekmc-image" }, NULL };
	char *const envp[] = { (char[]){ "LC_ALL=C" }, NULL };
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	sigset_t none, usual;
	int rc = 0;

	(void)sigemptyset(&none);
	(void)sigfillset(&usual);
	if (posix_spawn_file_actions_init(&files) != 0)
		return ENOMEM;
	(void)posix_spawnattr_init(&attr);
	(void)posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	(void)posix_spawnattr_setsigmask(&attr, &none);
	(void)posix_spawnattr_setsigdefault(&attr, &usual);
	for (int i = 0; i < KEPT_FDS && rc == 0; i++)
		rc = fds[i] < 0 ? posix_spawn_file_actions_addopen(&files, i, "/dev/null", O_WRONLY, 0)
				: posix_spawn_file_actions_adddup2(&files, fds[i], i);
	if (rc == 0)
		rc = posix_spawn_file_actions_addclosefrom_np(&files, KEPT_FDS);
	if (rc == 0)
		rc = posix_spawn(pid, program, &files, &attr, argv, envp);
	(void)posix_spawnattr_destroy(&attr);
	(void)posix_spawn_file_actions_destroy(&files);
	return rc;
}

/* Waits for its end, and brings it about when it is late. */
static void
reap(pid_t pid, int64_t until_ms, int *status, int64_t *cpu_ms)
{
	int fd = pidfd_open(pid, 0);
	struct pollfd end = { .fd = fd, .events = POLLIN };
	struct rusage used = { 0 };
	int64_t left;

	*status = 0;
	if (fd < 0)
		log_event(LOG_ERROR, "image_helper", "what", "pidfd_open", "error", strerrorname_np(errno), NULL);
	while (fd >= 0 && (left = until_ms - clock_monotonic_ms()) > 0 && poll(&end, 1, (int)left) < 0 && errno == EINTR)
		;
	if ((end.revents & POLLIN) == 0)
		(void)kill(pid, SIGKILL);
	if (fd >= 0)
		(void)close(fd);
	while (wait4(pid, status, 0, &used) < 0 && errno == EINTR)
		;
	*cpu_ms = (used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000 + (used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1000;
}

/* E_OK: it has judged (*well) or the file has ended it. E_BUSY: not the file's doing, who sends it again may be luckier. */
static enum status
await(pid_t pid, int64_t until_ms, bool *well)
{
	int64_t cpu_ms;
	int status;

	reap(pid, until_ms, &status, &cpu_ms);
	*well = WIFEXITED(status) && WEXITSTATUS(status) == 0;
	if (*well)
		return E_OK;
	if (WIFEXITED(status)) {
		log_detail(LOG_ERROR, "image_helper", "ended with %d: no room to write, or no file to know kinds by",
			   WEXITSTATUS(status));
		return E_BUSY;
	}
	log_detail(LOG_WARN, "image_helper", "ended by signal %d after %d ms of work", WTERMSIG(status), (int)cpu_ms);
	return WTERMSIG(status) == SIGKILL && cpu_ms < HEAVY_MS ? E_BUSY : E_OK;
}

/* "jpeg 2560 1920": believed no further than that. */
static void
parse(struct span line, struct image_made *out)
{
	struct span word, w, h;
	int64_t width, height;

	out->verdict = IMAGE_DAMAGED;
	if (line.n == 0 || line.p[line.n - 1] != '\n')
		return;
	line.n--;
	(void)scan_cut(&line, ' ', &word);
	for (size_t i = 0; i < ARRAY_LEN(verdicts); i++)
		if (span_eq(word, span_of(verdicts[i].word)))
			out->verdict = verdicts[i].verdict;
	if (span_eq(word, SPAN("pdf"))) {
		out->kind = KIND_PDF;
		out->verdict = IMAGE_FINE;
	}
	out->kind = span_eq(word, SPAN("png")) ? KIND_PNG : out->kind;
	if ((!span_eq(word, SPAN("png")) && !span_eq(word, SPAN("jpeg"))) || !scan_cut(&line, ' ', &w) ||
	    !scan_cut(&line, ' ', &h) || !scan_i64(w, 1, SIDE_MOST, &width) || !scan_i64(h, 1, SIDE_MOST, &height))
		return;
	out->width = (int)width;
	out->height = (int)height;
	out->verdict = IMAGE_FINE;
}

enum status
image_run(const char *program, int in_fd, int picture_fd, int thumbnail_fd, struct image_made *out)
{
	const int given[KEPT_FDS] = { in_fd, -1, -1, picture_fd, thumbnail_fd };
	int64_t until_ms = clock_monotonic_ms() + IMAGE_MS;
	int fds[KEPT_FDS] = { -1, -1, -1, -1, -1 }, line[2] = { -1, -1 };
	char text[LINE_SIZE];
	ssize_t n = 0;
	enum status st = E_OK;
	bool well = false;
	pid_t pid;
	int rc = pipe2(line, O_CLOEXEC) == 0 ? 0 : errno;

	*out = (struct image_made){ .verdict = IMAGE_DAMAGED };
	/* copies above the numbers they are moved to, so that no dup2 closes what the next one needs */
	for (int i = 0; i < KEPT_FDS && rc == 0; i++) {
		int from = i == STDOUT_FILENO ? line[1] : given[i];

		if (from >= 0 && (fds[i] = fcntl(from, F_DUPFD_CLOEXEC, SPARE_FROM)) < 0)
			rc = errno;
	}
	if (rc == 0)
		rc = start(program, fds, &pid);
	for (int i = 0; i < KEPT_FDS; i++)
		if (fds[i] >= 0)
			(void)close(fds[i]);
	if (line[1] >= 0)
		(void)close(line[1]);
	if (rc == 0)
		st = await(pid, until_ms, &well);
	if (well)
		n = read(line[0], text, sizeof(text));
	if (n > 0)
		parse((struct span){ text, (size_t)n }, out);
	if (line[0] >= 0)
		(void)close(line[0]);
	if (rc == 0)
		return st;
	log_event(LOG_ERROR, "image_helper", "program", program, "error", strerrorname_np(rc), NULL);
	return E_INTERNAL;
}

void
image_program(const char *configured, char out[static IMAGE_PROGRAM_SIZE])
{
	char self[IMAGE_PROGRAM_SIZE - 1];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self));
	const char *slash = n > 0 && (size_t)n < sizeof(self) ? memrchr(self, '/', (size_t)n) : NULL;

	if (configured[0] != '\0' || slash == NULL)
		(void)snprintf(out, IMAGE_PROGRAM_SIZE, "%s", configured);
	else
		(void)snprintf(out, IMAGE_PROGRAM_SIZE, "%.*s/ekmc-image", (int)(slash - self), self);
}
