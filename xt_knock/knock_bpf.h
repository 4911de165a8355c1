/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the eBPF match program, the iptables plugin and qknockd agree on: one header for kernel and user side.
 * Plain C types of fixed size only; included by a program compiled with -target bpf.
 */
#ifndef XT_KNOCK_KNOCK_BPF_H
#define XT_KNOCK_KNOCK_BPF_H

#include <linux/types.h>

#define KNOCK_SERVICE_SIZE 16 /* name padded with NUL */
#define KNOCK_TABLE_ENTRIES 131072

struct knock_key {
	char service[KNOCK_SERVICE_SIZE];
	__u8 address[16]; /* IPv4 as ::ffff:a.b.c.d */
};

#define KNOCK_GRANT_SINGLE_USE 1u

struct knock_value {
	__u64 id;
	__u64 granted_ns; /* CLOCK_BOOTTIME */
	__u64 expires_ns; /* CLOCK_BOOTTIME */
	__u64 used;	  /* 0, or KNOCK_USED(...) of the connection that claimed the grant */
	__u32 flags;	  /* KNOCK_GRANT_* */
	__u32 pad;	  /* zero */
};

/* The connection that claimed a grant: never 0. Ports in host order. */
#define KNOCK_USED(protocol, source_port, destination_port) \
	((1ULL << 63) | ((__u64)(protocol) << 32) | ((__u64)(source_port) << 16) | (__u64)(destination_port))

#endif
