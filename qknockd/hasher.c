/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qknockd/hasher.h"

#include <crypt.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "libcore/crypto.h"
#include "libcore/error.h"
#include "libcore/otp.h"
#include "qknockd/store.h"

#define CHILD_FD 3
#define NICENESS 10 /* a burst of requests yields to the knocks */

struct job {
	uint64_t id;
	char hash[STORE_PASS_HASH_SIZE];
	char pass_code[OTP_PASS_CODE_MAX + 1];
	bool real; /* false: for the time it takes only */
};

struct result {
	uint64_t id;
	bool ok;
};

struct hasher {
	hasher_done *done;
	void *arg;
	const struct log *log;
	int epoll_fd; /* what callers watch: the socket below changes when the child is replaced */
	int fd;
	pid_t child;
	uint64_t waiting[HASHER_WAITING_MAX];
	size_t waiting_count;
};

/* --- the child --- */

static bool matches(const struct job *job, const char *dummy, struct crypt_data *data)
{
	const char *got = crypt_r(job->pass_code, job->real ? job->hash : dummy, data);
	size_t len = strlen(job->hash);

	/* Failure tokens begin with '*', which no stored hash does. */
	return got != NULL && got[0] != '*' && job->real && strlen(got) == len && crypto_equal(got, job->hash, len);
}

static void __attribute__((noreturn)) serve(void)
{
	static struct crypt_data data;
	char dummy[CRYPT_GENSALT_OUTPUT_SIZE];
	struct job job;

	/* The same method and cost as qknockctl's hashes have. */
	if (crypt_gensalt_rn("$y$", 0, NULL, 0, dummy, sizeof(dummy)) == NULL)
		_exit(1);

	while (recv(CHILD_FD, &job, sizeof(job), 0) == (ssize_t)sizeof(job)) {
		struct result result;

		memset(&result, 0, sizeof(result)); /* the bytes between the fields leave this process too */
		result.id = job.id;
		result.ok = matches(&job, dummy, &data);
		crypto_wipe(&job, sizeof(job));
		crypto_wipe(&data, sizeof(data));
		if (send(CHILD_FD, &result, sizeof(result), MSG_NOSIGNAL) != (ssize_t)sizeof(result))
			break;
	}
	_exit(0);
}

static void __attribute__((noreturn)) become_child(int fd, pid_t parent)
{
	int null = open("/dev/null", O_RDWR);
	sigset_t none;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent || null < 0)
		_exit(1);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	/* The socket first: it may be any number, 0 to 2 included. */
	if (dup2(fd, CHILD_FD) < 0)
		_exit(1);
	for (int i = 0; i <= STDERR_FILENO; i++)
		dup2(null, i);
	close_range(CHILD_FD + 1, ~0U, 0);
	if (nice(NICENESS) < 0)
		errno = 0; /* it works all the same */
	signal(SIGTERM, SIG_DFL);
	signal(SIGINT, SIG_IGN); /* of the terminal: the parent ends us */
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	serve();
}

/* --- the parent --- */

static void stop(struct hasher *hasher)
{
	if (hasher->fd >= 0)
		close(hasher->fd);
	hasher->fd = -1;
	if (hasher->child > 0) {
		kill(hasher->child, SIGKILL);
		waitpid(hasher->child, NULL, 0);
	}
	hasher->child = -1;
}

static int start(struct hasher *hasher)
{
	struct epoll_event event = {.events = EPOLLIN};
	pid_t parent = getpid();
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) != 0)
		return QK_ERR_IO;
	hasher->child = fork();
	if (hasher->child == 0)
		become_child(fds[1], parent);
	close(fds[1]);
	hasher->fd = fds[0];
	if (hasher->child > 0 && fcntl(fds[0], F_SETFL, O_NONBLOCK) == 0 &&
	    epoll_ctl(hasher->epoll_fd, EPOLL_CTL_ADD, fds[0], &event) == 0)
		return 0;
	stop(hasher);
	return QK_ERR_IO;
}

int hasher_new(hasher_done *done, void *arg, const struct log *log, struct hasher **out)
{
	struct hasher *hasher = calloc(1, sizeof(*hasher));
	int rc = QK_ERR_IO;

	*out = NULL;
	if (hasher == NULL)
		return QK_ERR_NOMEM;
	*hasher = (struct hasher){.done = done, .arg = arg, .log = log, .fd = -1, .child = -1};
	hasher->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (hasher->epoll_fd >= 0)
		rc = start(hasher);
	if (rc != 0) {
		hasher_free(hasher);
		return rc;
	}
	*out = hasher;
	return 0;
}

void hasher_free(struct hasher *hasher)
{
	if (hasher == NULL)
		return;
	stop(hasher);
	if (hasher->epoll_fd >= 0)
		close(hasher->epoll_fd);
	free(hasher);
}

int hasher_fd(const struct hasher *hasher)
{
	return hasher->epoll_fd;
}

int hasher_check(struct hasher *hasher, uint64_t id, const char *hash, const char *pass_code)
{
	struct job job = {.id = id, .real = hash != NULL && hash[0] == '$'};
	ssize_t sent;

	if (hasher->waiting_count == HASHER_WAITING_MAX || (hasher->fd < 0 && start(hasher) != 0))
		return QK_ERR_AGAIN;
	if (job.real)
		strncpy(job.hash, hash, sizeof(job.hash) - 1);
	strncpy(job.pass_code, pass_code, sizeof(job.pass_code) - 1);
	sent = send(hasher->fd, &job, sizeof(job), MSG_NOSIGNAL);
	crypto_wipe(&job, sizeof(job));
	if (sent != (ssize_t)sizeof(job))
		return QK_ERR_AGAIN;
	hasher->waiting[hasher->waiting_count++] = id;
	return 0;
}

static void finish(struct hasher *hasher, uint64_t id, enum hasher_answer answer)
{
	for (size_t i = 0; i < hasher->waiting_count; i++) {
		if (hasher->waiting[i] != id)
			continue;
		hasher->waiting[i] = hasher->waiting[--hasher->waiting_count];
		hasher->done(hasher->arg, id, answer);
		return;
	}
}

/* Whatever the child was asked stays undecided: it says nothing about the pass-codes. */
static void replace_child(struct hasher *hasher)
{
	log_line(hasher->log, LOG_LEVEL_ERROR, "the process that checks pass-codes has died waiting=%zu",
		 hasher->waiting_count);
	stop(hasher);
	while (hasher->waiting_count > 0)
		finish(hasher, hasher->waiting[0], HASHER_UNDONE);
	if (start(hasher) != 0)
		log_line(hasher->log, LOG_LEVEL_ERROR, "and can't be started again: %s", strerror(errno));
}

void hasher_dispatch(struct hasher *hasher)
{
	struct result result;
	ssize_t n;

	while ((n = recv(hasher->fd, &result, sizeof(result), MSG_DONTWAIT)) == (ssize_t)sizeof(result))
		finish(hasher, result.id, result.ok ? HASHER_YES : HASHER_NO);
	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
		replace_child(hasher);
}
