/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Preloaded into the daemon: its wall clock runs beside the system's by the seconds that the file $WALLCLOCK
 * holds, read afresh each time, so that a test sets the clock under a running process. All other clocks and
 * timers are the kernel's: those are what the test is about.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t clock, struct timespec *t) __attribute__((visibility("default")));
int gettimeofday(struct timeval *restrict tv, void *restrict zone) __attribute__((visibility("default")));
time_t time(time_t *t) __attribute__((visibility("default")));

static long offset(void)
{
	const char *path = getenv("WALLCLOCK");
	char text[32] = "";
	int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;

	if (fd >= 0) {
		if (read(fd, text, sizeof(text) - 1) < 0)
			text[0] = 0;
		close(fd);
	}
	return strtol(text, NULL, 10);
}

int clock_gettime(clockid_t clock, struct timespec *t)
{
	int rc = (int)syscall(SYS_clock_gettime, clock, t);

	if (rc == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
		t->tv_sec += offset();
	return rc;
}

int gettimeofday(struct timeval *restrict tv, void *restrict zone)
{
	struct timespec t;

	(void)zone;
	if (clock_gettime(CLOCK_REALTIME, &t) != 0)
		return -1;
	tv->tv_sec = t.tv_sec;
	tv->tv_usec = t.tv_nsec / 1000;
	return 0;
}

time_t time(time_t *t)
{
	struct timespec now = {0};

	clock_gettime(CLOCK_REALTIME, &now);
	if (t)
		*t = now.tv_sec;
	return now.tv_sec;
}
