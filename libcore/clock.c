/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "libcore/clock.h"

#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include "libcore/error.h"

uint64_t clock_boot_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return (uint64_t)ts.tv_sec * CLOCK_NS_PER_S + (uint64_t)ts.tv_nsec;
}

uint64_t clock_wall_s(void)
{
	return (uint64_t)time(NULL);
}

int clock_boot_id(char id[static CLOCK_BOOT_ID_SIZE])
{
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t n = -1;

	id[0] = '\0';
	if (fd < 0)
		return QK_ERR_IO;
	n = read(fd, id, CLOCK_BOOT_ID_SIZE - 1);
	close(fd);
	id[n == CLOCK_BOOT_ID_SIZE - 1 ? n : 0] = '\0';
	return id[0] != '\0' ? 0 : QK_ERR_IO;
}
