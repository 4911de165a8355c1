/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's part of the capture: a classic filter that lets possible knocks through and leaves the rest, which
 * is nearly all traffic, in the kernel. It may let a little more through than frame_parse takes, never less. Where
 * there are programs of the expected packets (expected.h), these take its place.
 */
#ifndef QKNOCKD_FILTER_H
#define QKNOCKD_FILTER_H

#include <pcap/pcap.h>

#include "libcore/service.h"
#include "qknockd/expected.h"

/* For the link type of pcap. The caller frees *program with pcap_freecode. Errors: IO (pcap_geterr tells). */
int filter_compile(pcap_t *pcap, const struct knock_shape *shape, struct bpf_program *program);

/* In place of the filter that pcap has; packets that passed that one may come yet. Takes no privilege. Errors:
 * NOT_FOUND (no program for this link type), KERNEL (errno says why); the old filter stays. */
int filter_attach(pcap_t *pcap, const struct expected_programs *programs);

#endif
