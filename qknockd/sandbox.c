/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qknockd/sandbox.h"

#include <cap-ng.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/if_packet.h>
#include <linux/landlock.h>
#include <linux/sockios.h>
#include <seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "libcore/error.h"

/* Newer than the headers of some systems that we build on. */
#ifndef LANDLOCK_ACCESS_FS_REFER
#define LANDLOCK_ACCESS_FS_REFER (1ULL << 13)
#endif
#ifndef LANDLOCK_ACCESS_FS_TRUNCATE
#define LANDLOCK_ACCESS_FS_TRUNCATE (1ULL << 14)
#endif
#ifndef LANDLOCK_ACCESS_FS_IOCTL_DEV
#define LANDLOCK_ACCESS_FS_IOCTL_DEV (1ULL << 15)
#endif
#define ACCESS_ABI_1 ((LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1)

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif

/* --- user and capabilities --- */

static int forbid(int resource)
{
	const struct rlimit none = {0, 0};

	return setrlimit(resource, &none);
}

int sandbox_become(const struct sandbox_ids *ids, pid_t parent)
{
	int flags = CAPNG_DROP_SUPP_GRP | CAPNG_CLEAR_BOUNDING;

	capng_clear(CAPNG_SELECT_ALL);
	if (capng_change_id((int)ids->uid, (int)ids->gid, (capng_flags_t)flags) != 0)
		return QK_ERR_IO;
	/* After the change of user, which resets both. */
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_DUMPABLE, 0) != 0 ||
	    prctl(PR_SET_PDEATHSIG, SIGKILL) != 0)
		return QK_ERR_IO;
	if (getppid() != parent) {
		errno = ESRCH;
		return QK_ERR_IO;
	}
	if (forbid(RLIMIT_CORE) != 0 || forbid(RLIMIT_NPROC) != 0)
		return QK_ERR_IO;
	if (ids->uid != 0 && (setuid(0) == 0 || geteuid() != ids->uid || getegid() != ids->gid)) {
		errno = EPERM;
		return QK_ERR_IO;
	}
	return 0;
}

/* Nothing is gained that was not there: in a container some may be missing, and what needs them does without or says
 * so itself. */
int sandbox_reduce_root(void)
{
	/* Before Linux 5.8 it was all one. */
	const unsigned for_bpf = prctl(PR_CAPBSET_READ, CAP_BPF) >= 0 ? CAP_BPF : CAP_SYS_ADMIN;
	/* Other users' processes; sockets of captures; group and mode of grants; configuration and hooks where root
	 * alone could not look. */
	const unsigned wanted[] = {CAP_SETUID,	  CAP_SETGID, CAP_SETPCAP,	   CAP_KILL, CAP_NET_RAW,
				   CAP_NET_ADMIN, CAP_CHOWN,  CAP_DAC_READ_SEARCH, for_bpf};
	bool had[sizeof(wanted) / sizeof(wanted[0])];

	if (capng_get_caps_process() != 0)
		return QK_ERR_IO;
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
		had[i] = capng_have_capability(CAPNG_PERMITTED, wanted[i]) == 1;
	capng_clear(CAPNG_SELECT_CAPS);
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
		if (had[i] && capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED, wanted[i]) != 0)
			return QK_ERR_IO;
	return capng_apply(CAPNG_SELECT_CAPS) == 0 ? 0 : QK_ERR_IO;
}

/* --- files --- */

static int add_rule(int ruleset, const char *path, uint64_t access)
{
	struct landlock_path_beneath_attr rule = {.allowed_access = access};
	int rc;

	rule.parent_fd = open(path, O_PATH | O_CLOEXEC);
	if (rule.parent_fd < 0)
		return -1;
	rc = (int)syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
	close(rule.parent_fd);
	return rc;
}

static uint64_t known_access(long abi)
{
	uint64_t access = ACCESS_ABI_1;

	if (abi >= 2)
		access |= LANDLOCK_ACCESS_FS_REFER;
	if (abi >= 3)
		access |= LANDLOCK_ACCESS_FS_TRUNCATE;
	if (abi >= 5)
		access |= LANDLOCK_ACCESS_FS_IOCTL_DEV;
	return access;
}

int sandbox_files(const char *directory, const char *readable)
{
	static const uint64_t in_directory = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE |
					     LANDLOCK_ACCESS_FS_READ_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |
					     LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_TRUNCATE;
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	struct landlock_ruleset_attr attributes;
	int ruleset, rc = QK_ERR_IO;

	if (abi < 1)
		return QK_ERR_NOT_FOUND;
	attributes.handled_access_fs = known_access(abi);
	ruleset = (int)syscall(SYS_landlock_create_ruleset, &attributes, sizeof(attributes.handled_access_fs), 0);
	if (ruleset < 0)
		return QK_ERR_IO;
	if ((directory == NULL || add_rule(ruleset, directory, in_directory & attributes.handled_access_fs) == 0) &&
	    (readable == NULL || add_rule(ruleset, readable, LANDLOCK_ACCESS_FS_READ_FILE) == 0) &&
#ifdef QK_COVERAGE
	    add_rule(ruleset, QK_COVERAGE, in_directory & attributes.handled_access_fs) == 0 && /* counters */
#endif
	    syscall(SYS_landlock_restrict_self, ruleset, 0) == 0)
		rc = 0;
	close(ruleset);
	return rc;
}

/* --- system calls --- */

#define LIST(...) ((const int[]){__VA_ARGS__, -1})
#define CALL(name) SCMP_SYS(name)

/* What all of them need: to talk over descriptors that they have, to know the time, and to end. */
static const int *const common =
    LIST(CALL(read), CALL(write), CALL(recvmsg), CALL(sendmsg), CALL(recvfrom), CALL(sendto), CALL(close),
	 CALL(clock_gettime), CALL(gettimeofday), CALL(time), CALL(getpid), CALL(gettid), CALL(rt_sigreturn),
	 CALL(rt_sigprocmask), CALL(restart_syscall), CALL(exit), CALL(exit_group));

static const int *const waiting =
    LIST(CALL(poll), CALL(ppoll), CALL(epoll_wait), CALL(epoll_pwait), CALL(epoll_ctl), CALL(timerfd_settime));

static const int *const memory =
    LIST(CALL(brk), CALL(munmap), CALL(mremap), CALL(madvise), CALL(futex), CALL(getrandom), CALL(sysinfo));

/* The files of SQLite, which Landlock keeps to their directory. */
static const int *const files =
    LIST(CALL(open), CALL(openat), CALL(stat), CALL(lstat), CALL(fstat), CALL(newfstatat), CALL(statx), CALL(lseek),
	 CALL(pread64), CALL(pwrite64), CALL(fsync), CALL(fdatasync), CALL(ftruncate), CALL(fallocate), CALL(unlink),
	 CALL(unlinkat), CALL(access), CALL(faccessat), CALL(faccessat2), CALL(readlink), CALL(readlinkat),
	 CALL(getcwd), CALL(fchmod), CALL(fcntl), CALL(geteuid), CALL(getuid), CALL(clock_nanosleep), CALL(nanosleep));

static const int *const serving = LIST(CALL(accept4));

static int allow(scmp_filter_ctx filter, const int *calls)
{
	int rc = 0;

	for (; rc == 0 && *calls != -1; calls++) {
		rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, *calls, 0);
		/* One that this architecture never had. */
		if (rc == -EINVAL || rc == -EDOM)
			rc = 0;
	}
	return rc;
}

/* The call with its argument number which of one of these values; -1 ends them. */
static int allow_with(scmp_filter_ctx filter, int call, unsigned which, const int *values)
{
	int rc = 0;

	for (; rc == 0 && *values != -1; values++)
		rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, call, 1,
				      SCMP_CMP(which, SCMP_CMP_EQ, (scmp_datum_t)*values, 0));
	return rc;
}

/* Memory, but none that could be run. */
static int allow_memory(scmp_filter_ctx filter)
{
	int rc = allow(filter, memory);

	if (rc == 0)
		rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
				      SCMP_CMP(2, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	if (rc == 0)
		rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
				      SCMP_CMP(2, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	return rc;
}

static int allow_verifier(scmp_filter_ctx filter)
{
	int rc = allow_memory(filter);

	if (rc == 0)
		rc = allow(filter, waiting);
	if (rc == 0)
		rc = allow(filter, files);
	if (rc == 0)
		rc = allow(filter, serving);
	if (rc == 0)
		rc = allow_with(filter, SCMP_SYS(getsockopt), 2, LIST(SO_PEERCRED));
	/* libconfuse's scanner wants to know whether the configuration is a terminal. */
	if (rc == 0)
		rc = allow_with(filter, SCMP_SYS(ioctl), 1, LIST(TCGETS));
	/* Of a map that it was given; nothing new comes into being. */
	if (rc == 0)
		rc = allow_with(filter, SCMP_SYS(bpf), 0,
				LIST(BPF_MAP_UPDATE_ELEM, BPF_MAP_DELETE_ELEM, BPF_MAP_GET_NEXT_KEY));
	return rc;
}

static int allow_capture(scmp_filter_ctx filter)
{
	int rc = allow(filter, waiting);

	/* What libpcap asks about its own sockets: counters, errors, and whether the interface is still there. */
	if (rc == 0)
		rc = allow(filter, LIST(CALL(getsockname)));
	if (rc == 0)
		rc = allow_with(filter, SCMP_SYS(getsockopt), 2, LIST(PACKET_STATISTICS, SO_ERROR));
	if (rc == 0)
		rc = allow_with(filter, SCMP_SYS(ioctl), 1, LIST(SIOCGIFNAME, SIOCGIFFLAGS, SIOCGIFINDEX));
	return rc;
}

int sandbox_calls(enum sandbox_calls which)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
	int rc;

	if (filter == NULL)
		return QK_ERR_IO;
	/* Calls of another architecture (32-bit, x32) are not in the list either. */
	rc = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
	if (rc == 0)
		rc = allow(filter, common);
	/* A process that finds a fault of its own may end itself as such. */
	if (rc == 0)
		rc = allow_with(filter, SCMP_SYS(tgkill), 0, LIST((int)getpid()));
	if (rc == 0 && which == SANDBOX_VERIFIER)
		rc = allow_verifier(filter);
	if (rc == 0 && which == SANDBOX_CAPTURE)
		rc = allow_capture(filter);
	if (rc == 0 && which == SANDBOX_HASHER)
		rc = allow_memory(filter);
#ifdef SANITIZED
	/* It keeps books in memory of its own. */
	if (rc == 0)
		rc = allow_memory(filter);
	if (rc == 0)
		rc = allow(filter, LIST(CALL(sigaltstack), CALL(sched_yield)));
#endif
#ifdef QK_COVERAGE
	/* It writes its counters when it ends. */
	if (rc == 0)
		rc = allow_memory(filter);
	if (rc == 0)
		rc = allow(filter, files);
#endif
	if (rc == 0)
		rc = seccomp_load(filter);
	seccomp_release(filter);
	errno = rc < 0 ? -rc : 0;
	return rc == 0 ? 0 : QK_ERR_IO;
}
