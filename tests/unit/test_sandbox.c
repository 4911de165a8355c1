/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Each wall of the sandbox, by trying from inside what it is there to stop; and that what is needed still works. */
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <net/if.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "libcore/error.h"
#include "qknockd/sandbox.h"

enum { SUCCEEDED = 10, REFUSED = 11, NO_SANDBOX = 12 }; /* exit codes */

static const struct sandbox_ids nobody = {65534, 65534};
static char dir[64], store[96], outside[96];

/* What an intruder might try. Each returns what its system call did. */

static long try_setuid(void)
{
	return setuid(0);
}

static long try_setgid(void)
{
	return setgid(0);
}

static long try_chroot(void)
{
	return chroot("/");
}

static long try_mount(void)
{
	return mount("none", dir, "tmpfs", 0, NULL);
}

static long try_unshare(void)
{
	return unshare(CLONE_NEWNS);
}

static long try_new_user(void)
{
	return unshare(CLONE_NEWUSER);
}

static long try_kill(void)
{
	return kill(getppid(), 0);
}

static long try_ptrace(void)
{
	return ptrace(PTRACE_ATTACH, getppid(), NULL, NULL);
}

static long try_raw_socket(void)
{
	return socket(AF_PACKET, SOCK_RAW, 0);
}

static long try_tcp(void)
{
	return socket(AF_INET, SOCK_STREAM, 0);
}

static long try_udp6(void)
{
	return socket(AF_INET6, SOCK_DGRAM, 0);
}

static long try_unix(void)
{
	return socket(AF_UNIX, SOCK_STREAM, 0);
}

static long try_pair(void)
{
	int fds[2];

	return socketpair(AF_UNIX, SOCK_STREAM, 0, fds);
}

static long try_bpf(enum bpf_cmd cmd, union bpf_attr *attr)
{
	return syscall(SYS_bpf, cmd, attr, sizeof(*attr));
}

static long try_bpf_program(void)
{
	/* r0 = 0; exit */
	static const struct bpf_insn insns[] = {{.code = 0xb7}, {.code = 0x95}};
	union bpf_attr attr = {.prog_type = BPF_PROG_TYPE_SOCKET_FILTER,
			       .insn_cnt = 2,
			       .insns = (uintptr_t)insns,
			       .license = (uintptr_t) "GPL"};

	return try_bpf(BPF_PROG_LOAD, &attr);
}

static long try_bpf_map(void)
{
	union bpf_attr attr = {.map_type = BPF_MAP_TYPE_HASH, .key_size = 4, .value_size = 4, .max_entries = 1};

	return try_bpf(BPF_MAP_CREATE, &attr);
}

static long try_bpf_lookup(void)
{
	union bpf_attr attr = {.map_fd = 0};

	return try_bpf(BPF_MAP_LOOKUP_ELEM, &attr);
}

static long try_fork(void)
{
	long pid = fork();

	if (pid == 0)
		_exit(0);
	return pid;
}

static long try_execve(void)
{
	char *argv[] = {(char *)(uintptr_t) "/bin/true", NULL};

	return execve(argv[0], argv, argv + 1);
}

static long try_code(void)
{
	return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? -1 : 0;
}

static long try_more_code(void)
{
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return mprotect(page, 4096, PROT_READ | PROT_EXEC);
}

static long try_terminal(void)
{
	return ioctl(0, TIOCSTI, "x");
}

static long try_interface(void)
{
	return ioctl(0, SIOCSIFFLAGS, NULL);
}

static long try_prctl(void)
{
	return prctl(PR_SET_DUMPABLE, 1);
}

static long try_limit(void)
{
	const struct rlimit limit = {10, 10};

	return setrlimit(RLIMIT_NPROC, &limit);
}

static long try_io_uring(void)
{
	return syscall(SYS_io_uring_setup, 1, NULL);
}

static long try_memory_of_others(void)
{
	char byte;
	struct iovec mine = {&byte, 1}, theirs = {dir, 1};

	return process_vm_readv(getppid(), &mine, 1, &theirs, 1, 0);
}

static long try_module(void)
{
	return syscall(SYS_init_module, NULL, 0, "");
}

static long try_passwd(void)
{
	return open("/etc/passwd", O_RDONLY | O_CLOEXEC);
}

static long try_shadow(void)
{
	return open("/etc/shadow", O_RDONLY | O_CLOEXEC);
}

static long try_outside(void)
{
	return open(outside, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
}

static long try_above(void)
{
	char path[160];

	snprintf(path, sizeof(path), "%s/../outside/file", store);
	return open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
}

static long try_link(void)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/link", store);
	return symlink("/etc/passwd", path);
}

static long try_directory(void)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/directory", store);
	return mkdir(path, 0700);
}

static long try_moving_out(void)
{
	char from[128];

	snprintf(from, sizeof(from), "%s/file", store);
	return rename(from, outside);
}

struct attempt {
	const char *name;
	long (*make)(void);
};

#define ATTEMPT(name)                                                                                                  \
	{                                                                                                              \
#name, try_##name                                                                                      \
	}

/* What the change of user stops by itself. */
static const struct attempt needs_privilege[] = {
    ATTEMPT(setuid), ATTEMPT(setgid), ATTEMPT(chroot),	   ATTEMPT(mount),	 ATTEMPT(unshare),
    ATTEMPT(kill),   ATTEMPT(ptrace), ATTEMPT(raw_socket), ATTEMPT(bpf_program), ATTEMPT(bpf_map),
    ATTEMPT(fork),   ATTEMPT(limit),  ATTEMPT(module),	   ATTEMPT(shadow),	 ATTEMPT(memory_of_others),
};

/* What Landlock stops besides, for everybody. */
static const struct attempt needs_files[] = {
    ATTEMPT(passwd),	ATTEMPT(outside),    ATTEMPT(above),  ATTEMPT(link),
    ATTEMPT(directory), ATTEMPT(moving_out), ATTEMPT(execve),
};

/* What no process of the daemon has a system call for. */
static const struct attempt needs_calls[] = {
    ATTEMPT(setuid),	 ATTEMPT(setgid),      ATTEMPT(chroot),	   ATTEMPT(mount),
    ATTEMPT(unshare),	 ATTEMPT(new_user),    ATTEMPT(kill),	   ATTEMPT(ptrace),
    ATTEMPT(raw_socket), ATTEMPT(tcp),	       ATTEMPT(udp6),	   ATTEMPT(unix),
    ATTEMPT(pair),	 ATTEMPT(bpf_program), ATTEMPT(bpf_map),   ATTEMPT(bpf_lookup),
    ATTEMPT(fork),	 ATTEMPT(execve),      ATTEMPT(terminal),  ATTEMPT(interface),
    ATTEMPT(prctl),	 ATTEMPT(limit),       ATTEMPT(io_uring),  ATTEMPT(memory_of_others),
    ATTEMPT(module),	 ATTEMPT(link),	       ATTEMPT(directory), ATTEMPT(moving_out),
    ATTEMPT(code),	 ATTEMPT(more_code),
};

/* What those who need no file have none for, but a build's that writes counters. */
#ifdef QK_COVERAGE
static const struct attempt needs_open[] = {ATTEMPT(link)};
#else
static const struct attempt needs_open[] = {ATTEMPT(passwd), ATTEMPT(outside)};
#endif

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* --- running them --- */

struct walls {
	bool become, files, calls;
	enum sandbox_calls which;
	const char *directory;
};

static bool enter(const struct walls *w, pid_t parent)
{
	return (!w->become || sandbox_become(&nobody, parent) == 0) &&
	       (!w->files || sandbox_files(w->directory, NULL) == 0) && (!w->calls || sandbox_calls(w->which) == 0);
}

static int run_inside(const struct walls *w, long (*make)(void))
{
	pid_t parent = getpid(), pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0) {
		if (!enter(w, parent))
			_exit(NO_SANDBOX);
		_exit(make() >= 0 ? SUCCEEDED : REFUSED);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void expect_refused(const struct walls *w, const struct attempt *attempts, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		int status = run_inside(w, attempts[i].make);

		if (!WIFEXITED(status) || WEXITSTATUS(status) != REFUSED)
			fail_msg("%s: status %x, expected a refusal", attempts[i].name, (unsigned)status);
	}
}

static void expect_killed(const struct walls *w, const struct attempt *attempts, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		int status = run_inside(w, attempts[i].make);

		if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGSYS)
			fail_msg("%s: status %x, expected the end by SIGSYS", attempts[i].name, (unsigned)status);
	}
}

static void test_without_privileges(void **state)
{
	static const struct walls walls = {.become = true};

	(void)state;
	expect_refused(&walls, needs_privilege, COUNT(needs_privilege));
}

static void test_files(void **state)
{
	const struct walls walls = {.files = true, .directory = store};

	(void)state;
	/* As root, so that nothing but Landlock stands in the way. */
	expect_refused(&walls, needs_files, COUNT(needs_files));
}

static void test_verifier(void **state)
{
	const struct walls walls = {.calls = true, .which = SANDBOX_VERIFIER};

	(void)state;
	expect_killed(&walls, needs_calls, COUNT(needs_calls));
}

static void test_capture(void **state)
{
	const struct walls walls = {.calls = true, .which = SANDBOX_CAPTURE};

	(void)state;
	expect_killed(&walls, needs_calls, COUNT(needs_calls));
	expect_killed(&walls, needs_open, COUNT(needs_open));
}

static void test_checker(void **state)
{
	const struct walls walls = {.calls = true, .which = SANDBOX_HASHER};

	(void)state;
	expect_killed(&walls, needs_calls, COUNT(needs_calls));
	expect_killed(&walls, needs_open, COUNT(needs_open));
}

/* --- what is left --- */

static long use_store(void)
{
	char path[128], text[4];
	int fd;

	snprintf(path, sizeof(path), "%s/new", store);
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0 || pwrite(fd, "abc", 3, 0) != 3 || fsync(fd) != 0 || pread(fd, text, 3, 0) != 3 ||
	    ftruncate(fd, 0) != 0)
		return -1;
	return unlink(path);
}

static long say_something(void)
{
	return write(STDERR_FILENO, "", 0);
}

static long see_itself(void)
{
	struct rlimit limit;

	if (getuid() != nobody.uid || geteuid() != nobody.uid || getgid() != nobody.gid || getegid() != nobody.gid ||
	    getgroups(0, NULL) != 0)
		return -1;
	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1 || prctl(PR_GET_DUMPABLE) != 0 ||
	    prctl(PR_CAPBSET_READ, 0) != 0)
		return -1;
	return getrlimit(RLIMIT_CORE, &limit) == 0 && limit.rlim_max == 0 ? 0 : -1;
}

static void expect_done(const struct walls *w, long (*make)(void))
{
	int status = run_inside(w, make);

	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), SUCCEEDED);
}

static void test_what_is_needed_works(void **state)
{
	const struct walls all = {true, true, true, SANDBOX_VERIFIER, store};
	const struct walls capture = {true, true, true, SANDBOX_CAPTURE, NULL};
	const struct walls checker = {true, true, true, SANDBOX_HASHER, NULL};
	const struct walls user = {.become = true};

	(void)state;
	expect_done(&all, use_store);
	expect_done(&capture, say_something);
	expect_done(&checker, say_something);
	expect_done(&user, see_itself);
}

/* A process whose parent has died already does not stay behind. */
static void test_parent_that_is_gone(void **state)
{
	pid_t pid = fork();
	int status;

	(void)state;
	if (pid == 0)
		_exit(sandbox_become(&nobody, getpid()) == 0 ? SUCCEEDED : REFUSED);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(WEXITSTATUS(status), REFUSED);
}

static int setup(void **state)
{
	char file[128];
	int fd;

	(void)state;
	strcpy(dir, "/tmp/qknock-sandbox-XXXXXX");
	if (mkdtemp(dir) == NULL)
		return -1;
	snprintf(store, sizeof(store), "%s/store", dir);
	snprintf(outside, sizeof(outside), "%s/outside", dir);
	if (chmod(dir, 0755) != 0 || mkdir(store, 0700) != 0 || mkdir(outside, 0777) != 0 || chmod(outside, 0777) != 0)
		return -1;
	strcat(outside, "/file");
	snprintf(file, sizeof(file), "%s/file", store);
	fd = open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return -1;
	close(fd);
	return chown(store, nobody.uid, nobody.gid);
}

static int teardown(void **state)
{
	char command[96];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_without_privileges),
	    cmocka_unit_test(test_files),
	    cmocka_unit_test(test_verifier),
	    cmocka_unit_test(test_capture),
	    cmocka_unit_test(test_checker),
	    cmocka_unit_test(test_what_is_needed_works),
	    cmocka_unit_test(test_parent_that_is_gone),
	};

	if (geteuid() != 0) {
		puts("needs root");
		return 77;
	}
	return cmocka_run_group_tests(tests, setup, teardown);
}
