/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a build with --enable-coverage puts before each file (-include, m4/qk_flags.m4), and no other build knows: a
 * process that ends by _exit writes its counters first, as gcc sees to for exit and exec. Where QK_COVERAGE, the
 * directory of the build, is defined, the sandbox leaves that directory open and a child gets the time to write. */
#ifndef QK_TESTS_COVERAGE_H
#define QK_TESTS_COVERAGE_H

#include <unistd.h>

extern void __gcov_dump(void);

__attribute__((noreturn, unused)) static inline void coverage_exit(int status)
{
	__gcov_dump();
	_exit(status);
}

#define _exit coverage_exit

#endif
