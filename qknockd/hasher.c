/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qknockd/hasher.h"

#include <crypt.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "libcore/crypto.h"
#include "libcore/error.h"
#include "libcore/otp.h"
#include "qknockd/store.h"

struct job {
	uint64_t id;
	char hash[STORE_PASS_HASH_SIZE];
	char pass_code[OTP_PASS_CODE_MAX + 1];
	uint8_t real; /* 0: for the time it takes only */
};

struct result {
	uint64_t id;
	uint8_t ok;
};

struct hasher {
	hasher_done *done;
	void *arg;
	const struct log *log;
	int epoll_fd; /* what callers watch: the socket below changes when the process is replaced */
	int fd;	      /* -1: there is none */
	uint64_t waiting[HASHER_WAITING_MAX];
	size_t waiting_count;
};

/* --- the process that checks --- */

static bool matches(const struct job *job, const char *dummy, struct crypt_data *data)
{
	const char *got = crypt_r(job->pass_code, job->real ? job->hash : dummy, data);
	size_t len = strlen(job->hash);

	/* Failure tokens begin with '*', which no stored hash does. */
	return got != NULL && got[0] != '*' && job->real && strlen(got) == len && crypto_equal(got, job->hash, len);
}

void hasher_serve(int fd)
{
	static struct crypt_data data;
	char dummy[CRYPT_GENSALT_OUTPUT_SIZE];
	struct job job;

	/* The same method and cost as qknockctl's hashes have. */
	if (crypt_gensalt_rn("$y$", 0, NULL, 0, dummy, sizeof(dummy)) == NULL)
		return;

	while (recv(fd, &job, sizeof(job), 0) == (ssize_t)sizeof(job)) {
		struct result result;

		memset(&result, 0, sizeof(result)); /* the bytes between the fields leave this process too */
		result.id = job.id;
		job.hash[sizeof(job.hash) - 1] = '\0';
		job.pass_code[sizeof(job.pass_code) - 1] = '\0';
		result.ok = matches(&job, dummy, &data);
		crypto_wipe(&job, sizeof(job));
		crypto_wipe(&data, sizeof(data));
		if (send(fd, &result, sizeof(result), MSG_NOSIGNAL) != (ssize_t)sizeof(result))
			return;
	}
}

/* --- the one who asks --- */

static void detach(struct hasher *hasher)
{
	if (hasher->fd >= 0) {
		epoll_ctl(hasher->epoll_fd, EPOLL_CTL_DEL, hasher->fd, NULL);
		close(hasher->fd);
	}
	hasher->fd = -1;
}

int hasher_new(hasher_done *done, void *arg, const struct log *log, struct hasher **out)
{
	struct hasher *hasher = calloc(1, sizeof(*hasher));

	*out = NULL;
	if (hasher == NULL)
		return QK_ERR_NOMEM;
	*hasher = (struct hasher){.done = done, .arg = arg, .log = log, .fd = -1};
	hasher->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (hasher->epoll_fd < 0) {
		hasher_free(hasher);
		return QK_ERR_IO;
	}
	*out = hasher;
	return 0;
}

void hasher_free(struct hasher *hasher)
{
	if (hasher == NULL)
		return;
	detach(hasher);
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
	struct job job;
	ssize_t sent;

	if (hasher->waiting_count == HASHER_WAITING_MAX || hasher->fd < 0)
		return QK_ERR_AGAIN;
	memset(&job, 0, sizeof(job)); /* what lies between its members is sent, too */
	job.id = id;
	job.real = hash != NULL && hash[0] == '$';
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

/* Whatever the process was asked stays undecided: it says nothing about the pass-codes. */
static void give_up(struct hasher *hasher)
{
	detach(hasher);
	while (hasher->waiting_count > 0)
		finish(hasher, hasher->waiting[0], HASHER_UNDONE);
}

int hasher_attach(struct hasher *hasher, int fd)
{
	struct epoll_event event = {.events = EPOLLIN};

	give_up(hasher);
	if (fcntl(fd, F_SETFL, O_NONBLOCK) != 0 || epoll_ctl(hasher->epoll_fd, EPOLL_CTL_ADD, fd, &event) != 0) {
		close(fd);
		return QK_ERR_IO;
	}
	hasher->fd = fd;
	return 0;
}

void hasher_dispatch(struct hasher *hasher)
{
	struct result result;
	ssize_t n;

	if (hasher->fd < 0)
		return;
	while ((n = recv(hasher->fd, &result, sizeof(result), MSG_DONTWAIT)) == (ssize_t)sizeof(result))
		finish(hasher, result.id, result.ok == 1 ? HASHER_YES : HASHER_NO);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	log_line(hasher->log, LOG_LEVEL_ERROR, "the process that checks pass-codes has died waiting=%zu",
		 hasher->waiting_count);
	give_up(hasher);
}
