/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Standard error of the code under test, kept from the log and looked into. */
#ifndef TESTS_UNIT_QUIET_H
#define TESTS_UNIT_QUIET_H

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static int quiet_saved = -1;

static inline void quiet_begin(void)
{
	int fd = memfd_create("stderr", MFD_CLOEXEC);

	assert_true(fd >= 0);
	fflush(stderr);
	quiet_saved = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	assert_true(quiet_saved >= 0);
	assert_int_equal(dup2(fd, STDERR_FILENO), STDERR_FILENO);
	close(fd);
}

/* What was written since quiet_begin; text is cut to fit. */
static inline void quiet_end(char *text, size_t size)
{
	ssize_t n;

	fflush(stderr);
	n = pread(STDERR_FILENO, text, size - 1, 0);
	assert_int_equal(dup2(quiet_saved, STDERR_FILENO), STDERR_FILENO);
	close(quiet_saved);
	assert_true(n >= 0);
	text[n] = '\0';
}

#endif
