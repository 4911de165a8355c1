/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "knockwrap/refuse.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libcore/clock.h"
#include "libcore/grant.h"

#define NS_PER_MS 1000000

void refuse_reset(int fd)
{
	const struct sockaddr nobody = {.sa_family = AF_UNSPEC};
	const struct linger none = {1, 0};

	/* The close at our end would send it only if nobody else holds the socket. */
	if (connect(fd, &nobody, sizeof(nobody)) != 0)
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof(none));
}

static int open_slots(const char *dir, const char *service)
{
	char name[SERVICE_NAME_MAX + sizeof(".drop.")];
	struct stat st;
	int base;
	int fd;

	if (grant_open_dir(AT_FDCWD, dir, &base) != 0)
		return -1;
	snprintf(name, sizeof(name), ".drop.%s", service);
	fd = openat(base, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0600);
	close(base);
	if (fd >= 0 && (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))) {
		close(fd);
		return -1;
	}
	return fd;
}

/* One byte of the file for each connection held. Returns the file, whose end is the lock's end, or -1. */
static int take_slot(const char *dir, const char *service, uint32_t limit)
{
	int fd = open_slots(dir, service);
	uint32_t first = (uint32_t)getpid() % limit;

	for (uint32_t i = 0; fd >= 0 && i < limit; i++) {
		struct flock lock = {
		    .l_type = F_WRLCK,
		    .l_whence = SEEK_SET,
		    .l_start = (first + i) % limit,
		    .l_len = 1,
		};

		if (fcntl(fd, F_OFD_SETLK, &lock) == 0)
			return fd;
	}
	if (fd >= 0)
		close(fd);
	return -1;
}

/* Only the connection and the slot remain: whoever waits for an end of the other descriptors need not wait for us. */
static bool keep_two(int fd, int slot)
{
	int high = fcntl(slot, F_DUPFD, 3);

	return high >= 0 && dup2(fd, 0) == 0 && dup2(high, 1) == 1 && close_range(2, ~0U, 0) == 0;
}

static void wait_for_end(int fd, uint64_t end_ns)
{
	struct pollfd pollfd = {.fd = fd, .events = POLLRDHUP};
	uint64_t now_ns;

	while ((now_ns = clock_boot_ns()) < end_ns) {
		int n = poll(&pollfd, 1, (int)((end_ns - now_ns) / NS_PER_MS) + 1);

		if (n > 0 || (n < 0 && errno != EINTR))
			return;
	}
}

static void hold(int fd, const struct refusal *refusal, const char *dir, const char *service)
{
	const struct linger none = {1, 0};
	const int least = 0;
	int slot = take_slot(dir, service, refusal->hold_limit);

	/* What it sends stays in the kernel; and if we are killed, let it be a reset. */
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &least, sizeof(least));
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof(none));
	if (slot >= 0 && keep_two(fd, slot)) {
		fd = 0;
		wait_for_end(fd, clock_boot_ns() + refusal->hold_s * CLOCK_NS_PER_S);
	}
	refuse_reset(fd);
}

void refuse_peer(int fd, const struct refusal *refusal, const char *dir, const char *service)
{
	switch (refusal->reject) {
	case REJECT_RESET:
		refuse_reset(fd);
		break;
	case REJECT_DROP:
		hold(fd, refusal, dir, service);
		break;
	case REJECT_CLOSE:
		shutdown(fd, SHUT_RDWR);
		break;
	}
}
