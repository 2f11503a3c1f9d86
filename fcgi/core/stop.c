/* One flag for everybody, one signalfd for the main loop. */
#include "core/stop.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/signalfd.h>
#include <unistd.h>

static atomic_bool wanted;
static atomic_bool blocked; /* SIGTERM goes to the signalfd, it cannot kill us */

int
stop_init(void)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN };
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGHUP);
	errno = pthread_sigmask(SIG_BLOCK, &set, NULL);
	if (errno != 0 || sigaction(SIGPIPE, &ignore, NULL) != 0)
		return -1;
	int fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd >= 0)
		atomic_store(&blocked, true);
	return fd;
}

bool
stop_read(int fd)
{
	struct signalfd_siginfo info;

	while (read(fd, &info, sizeof(info)) == (ssize_t)sizeof(info))
		if (info.ssi_signo == SIGTERM || info.ssi_signo == SIGINT)
			atomic_store(&wanted, true);
	return stop_requested();
}

void
stop_request(void)
{
	/* the signal wakes a main loop that sleeps on the signalfd */
	if (!atomic_exchange(&wanted, true) && atomic_load(&blocked))
		(void)kill(getpid(), SIGTERM);
}

bool
stop_requested(void)
{
	return atomic_load(&wanted);
}
