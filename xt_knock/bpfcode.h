/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * eBPF programs that clang compiled at build time and bpf2h.sh made a header of: what the program calls constants is
 * put in place before the kernel gets it.
 */
#ifndef XT_KNOCK_BPFCODE_H
#define XT_KNOCK_BPFCODE_H

#include <linux/bpf.h>
#include <stddef.h>
#include <stdint.h>

struct bpfcode_relocation {
	uint16_t insn;
	uint16_t constant; /* which; the enum is the program's own */
};

struct bpfcode_constant {
	uint64_t value; /* a number, or the descriptor of a map */
	uint8_t kind;	/* 0: a number; BPF_PSEUDO_MAP_FD: the map; BPF_PSEUDO_MAP_VALUE: the first value in it */
};

void bpfcode_relocate(struct bpf_insn *insns, const struct bpfcode_relocation *relocations, size_t count,
		      const struct bpfcode_constant *constants);

#endif
