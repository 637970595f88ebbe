/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * image/disasm: BPF instructions as text.
 *
 * The notation is the one of the kernel's verifier log, so that a log and a disassembly can be held side by
 * side: r for 64-bit and w for 32-bit registers, *(u32 *)(r1 + 4) for memory, "goto pc+5" for jumps. Behind a
 * jump the number of the instruction that it goes to is shown too. Unknown instructions are shown as their
 * bytes; nothing is refused.
 */
#ifndef BPFL_IMAGE_DISASM_H
#define BPFL_IMAGE_DISASM_H

#include <stdint.h>
#include "base/buf.h"
#include "sys/insn.h"

/*
 * Appends the text of one instruction, without a newline.
 * @insns: the list; the second half of a 64-bit load is read from it.
 * @insn_idx: which one, < nr_insns.
 * @symbol: what a 64-bit load or a call refers to ("map 'counters'", "bpf_loop callback"), or NULL: numbers
 * are shown. Return: how many slots it takes: 2 for a whole ld_imm64, else 1.
 */
uint32_t bpfl_disasm(const struct bpfl_insn *insns, uint32_t nr_insns, uint32_t insn_idx, const char *symbol,
		     struct bpfl_buf *out);

#endif
