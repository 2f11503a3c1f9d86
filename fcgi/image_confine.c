/* rlimits, no_new_privs and a list of system calls. */
#include "image_confine.h"

#include <errno.h>
#include <grp.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#define MEMORY_BYTES ((rlim_t)1 << 30) /* a progressive JPEG of 40 megapixels takes 430 MB */
#define FILE_BYTES   ((rlim_t)16 << 20)
#define CPU_S        5
#define NOBODY       65534

static const struct {
	__rlimit_resource_t what;
	rlim_t most;
} limits[] = {
	{ RLIMIT_AS, MEMORY_BYTES }, { RLIMIT_CPU, CPU_S }, { RLIMIT_FSIZE, FILE_BYTES }, { RLIMIT_CORE, 0 }, { RLIMIT_MEMLOCK, 0 },
};

/* All a decoder needs once its file is in memory. libde265 (HEIC) starts threads, which are no processes; everything else gets
 * EPERM, clone3 gets ENOSYS so that the C library takes clone, whose flags can be looked at. */
static const int calls[] = {
	SCMP_SYS(read),          SCMP_SYS(write),          SCMP_SYS(close),
	SCMP_SYS(lseek),         SCMP_SYS(fstat),          SCMP_SYS(newfstatat),
	SCMP_SYS(mmap),          SCMP_SYS(munmap),         SCMP_SYS(mremap),
	SCMP_SYS(mprotect),      SCMP_SYS(madvise),        SCMP_SYS(brk),
	SCMP_SYS(futex),         SCMP_SYS(exit),           SCMP_SYS(exit_group),
	SCMP_SYS(rt_sigreturn),  SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigaction),
	SCMP_SYS(clock_gettime), SCMP_SYS(gettimeofday),   SCMP_SYS(getrandom),
	SCMP_SYS(getpid),        SCMP_SYS(gettid),         SCMP_SYS(set_robust_list),
	SCMP_SYS(rseq),          SCMP_SYS(sched_yield),    SCMP_SYS(sched_getaffinity),
};

bool
confine_limits(void)
{
	for (size_t i = 0; i < ARRAY_LEN(limits); i++)
		if (setrlimit(limits[i].what, &(struct rlimit){ limits[i].most, limits[i].most }) != 0)
			return false;
	if (geteuid() == 0 &&
	    (setgroups(0, NULL) != 0 || setresgid(NOBODY, NOBODY, NOBODY) != 0 || setresuid(NOBODY, NOBODY, NOBODY) != 0))
		return false;
	return prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && prctl(PR_SET_DUMPABLE, 0) == 0 &&
	       prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
}

/* Where the kernel has no seccomp the limit of descriptors still keeps files and sockets away. */
void
confine_lock(void)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));

	for (size_t i = 0; filter != NULL && i < ARRAY_LEN(calls); i++)
		(void)seccomp_rule_add(filter, SCMP_ACT_ALLOW, calls[i], 0);
	if (filter != NULL) {
		(void)seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
		(void)seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
				       SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD));
		(void)seccomp_load(filter);
		seccomp_release(filter);
	}
	(void)setrlimit(RLIMIT_NOFILE, &(struct rlimit){ 0, 0 });
}
