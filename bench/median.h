/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The figure that the benchmarks tell of many. */
#ifndef BENCH_MEDIAN_H
#define BENCH_MEDIAN_H

#include <stddef.h>

/* Of count values, one or more; the upper of the two in the middle. They are sorted thereafter. */
double median(double *values, size_t count);

#endif
