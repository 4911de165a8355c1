/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The packets that are expected, as the kernel knows them: a BPF hash map with one entry for each (source, port,
 * word), and the socket filters that let only these through (expected.bpf.c). The session table keeps the map equal to
 * itself; what it can't put there makes the filters inexact: they pass then what a classic filter passes, and the
 * session table decides as ever. So nothing that goes wrong here costs more than time.
 *
 * The maps are made by who may use bpf(2) to that end (CAP_BPF). Afterwards a process without any privilege can keep
 * them, also one that was forked: it needs BPF_MAP_UPDATE_ELEM, BPF_MAP_DELETE_ELEM and BPF_MAP_GET_NEXT_KEY by
 * descriptor, which since Linux 5.19 no setting of kernel.unprivileged_bpf_disabled takes away. Before, or under a
 * seccomp filter that answers with an error, the filters are inexact. What the filters are told besides is
 * in memory shared with them, so that it can't fail.
 */
#ifndef QKNOCKD_EXPECTED_H
#define QKNOCKD_EXPECTED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "libcore/address.h"
#include "libcore/log.h"

/* Entries of the map: 5,461 pending keys of 48 packets. It takes 4 MB of the kernel's memory, and 96 bytes more for
 * each entry, 29 MB at most; the sieve before it 128 kB. */
#define EXPECTED_MAX 262144

struct expected_set;

/* Descriptors of eBPF socket filters, -1 for none. They differ in where the frames of a socket begin. */
struct expected_programs {
	int ethernet; /* with an Ethernet header */
	int network;  /* with the header of IP: cooked ones, and those of interfaces without link header */
};

/* An empty set with room for max packets, inexact. Errors: NOMEM, KERNEL (errno says why). log is borrowed. */
int expected_open(size_t max, const struct log *log, struct expected_set **out);
void expected_close(struct expected_set *set); /* filters that are attached stay as they are */

/* To be attached; they belong to the set. */
const struct expected_programs *expected_get_programs(const struct expected_set *set);

/* For processes that have forked off the one that opened the set: one that keeps it, and one that has attached its
 * programs and has no more to do with it. */
void expected_leave(struct expected_set *set);
void expected_set_log(struct expected_set *set, const struct log *log);
int expected_map(const struct expected_set *set); /* what a process that keeps the set needs, besides its memory */

/* Only packets to these ports pass; none do before this was called. */
void expected_set_ports(struct expected_set *set, uint16_t first, uint16_t last);

/* A packet that is not in the set yet; from ::, that is from anywhere. Errors: SPACE, KERNEL: it must be inexact then.
 */
int expected_add(struct expected_set *set, const struct address *source, uint16_t port, uint32_t word);
/* One that is in the set. */
void expected_remove(struct expected_set *set, const struct address *source, uint16_t port, uint32_t word);
/* All of them, whoever put them there. It is inexact afterwards. */
void expected_clear(struct expected_set *set);

/* Enough of it that it pays to begin again with a set that was full: an eighth. */
bool expected_has_room(const struct expected_set *set);

/* Whether the filters may hold back what is not in the set. Each change is one line in the log. */
void expected_set_exact(struct expected_set *set, bool exact);
bool expected_is_exact(const struct expected_set *set);

const char *expected_reason(const struct expected_set *set); /* why it is not exact; the set's */
size_t expected_count(const struct expected_set *set);
size_t expected_max(const struct expected_set *set);

#endif
