/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What every unit test includes: cmocka and the headers that it wants before it. */
#ifndef TESTS_UNIT_UNIT_H
#define TESTS_UNIT_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#endif
