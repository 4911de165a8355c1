/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A socket filter in the kernel, given packets that no network would deliver (BPF_PROG_TEST_RUN). */
#ifndef TESTS_UNIT_BPFRUN_H
#define TESTS_UNIT_BPFRUN_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/bpf.h>

/* data begins with an Ethernet header, which the program does not see: for a socket filter, a frame begins with the
 * header of IP. Returns what the last of repeat runs returned, and in *ns what each took; -1 with errno. */
static inline int64_t bpf_run_repeated(int fd, const void *data, size_t len, uint32_t repeat, uint32_t *ns)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.test.prog_fd = (uint32_t)fd;
	attr.test.data_in = (uint64_t)(uintptr_t)data;
	attr.test.data_size_in = (uint32_t)len;
	attr.test.repeat = repeat;
	if (syscall(SYS_bpf, BPF_PROG_TEST_RUN, &attr, sizeof(attr)) != 0)
		return -1;
	if (ns != NULL)
		*ns = attr.test.duration;
	return attr.test.retval;
}

static inline int64_t bpf_run(int fd, const void *data, size_t len)
{
	return bpf_run_repeated(fd, data, len, 1, NULL);
}

#endif
