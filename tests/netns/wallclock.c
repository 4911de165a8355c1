/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Preloaded into the daemon: its wall clock runs beside the system's by the seconds that the file $WALLCLOCK
 * holds (TEXT_SIZE bytes, written in place), so that a test sets the clock under running processes. All other clocks
 * and timers are the kernel's: those are what the test is about.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define TEXT_SIZE 16

int clock_gettime(clockid_t clock, struct timespec *t) __attribute__((visibility("default")));
int gettimeofday(struct timeval *restrict tv, void *restrict zone) __attribute__((visibility("default")));
time_t time(time_t *t) __attribute__((visibility("default")));

static const char *text; /* the file, mapped */

/* At once: later the process may open no file any more. */
static void __attribute__((constructor)) map_file(void)
{
	const char *path = getenv("WALLCLOCK");
	int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	void *mapped = fd >= 0 ? mmap(NULL, TEXT_SIZE, PROT_READ, MAP_SHARED, fd, 0) : MAP_FAILED;

	if (fd >= 0)
		close(fd);
	text = mapped != MAP_FAILED ? mapped : NULL;
}

static long offset(void)
{
	return text != NULL ? strtol(text, NULL, 10) : 0;
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
