/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "xt_knock/bpfcode.h"

/* A 64-bit immediate lies in the two halves of a double instruction. The second half of one that points into a value
 * is the offset there, which is 0 for what is not a number. */
void bpfcode_relocate(struct bpf_insn *insns, const struct bpfcode_relocation *relocations, size_t count,
		      const struct bpfcode_constant *constants)
{
	for (size_t i = 0; i < count; i++) {
		const struct bpfcode_constant *c = &constants[relocations[i].constant];
		struct bpf_insn *insn = &insns[relocations[i].insn];

		insn[0].imm = (int32_t)(uint32_t)c->value;
		insn[1].imm = (int32_t)(uint32_t)(c->value >> 32);
		if (c->kind != 0)
			insn[0].src_reg = c->kind & 0x0f;
	}
}
