/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sys/insn: one BPF instruction, as the kernel takes it.
 *
 * Eight bytes: opcode, two register numbers in one byte, signed 16-bit offset, signed 32-bit immediate. The two
 * register nibbles stand in the machine's bit-field order, so they are read through the accessors below.
 * ld_imm64 takes two slots; the second has opcode 0 and carries the upper half of the constant in imm.
 */
#ifndef BPFL_SYS_INSN_H
#define BPFL_SYS_INSN_H

#include <stdbool.h>
#include <stdint.h>

struct bpfl_insn {
	uint8_t code;
	uint8_t regs;
	int16_t off;
	int32_t imm;
};

#define BPFL_INSN_SIZE 8u

/* Opcode parts. */
#define BPFL_CLASS(code) ((code) & 0x07)
#define BPFL_CLASS_LD 0x00
#define BPFL_CLASS_LDX 0x01
#define BPFL_CLASS_ST 0x02
#define BPFL_CLASS_STX 0x03
#define BPFL_CLASS_ALU 0x04
#define BPFL_CLASS_JMP 0x05
#define BPFL_CLASS_JMP32 0x06
#define BPFL_CLASS_ALU64 0x07
#define BPFL_SIZE(code) ((code) & 0x18)
#define BPFL_SIZE_W 0x00
#define BPFL_SIZE_H 0x08
#define BPFL_SIZE_B 0x10
#define BPFL_SIZE_DW 0x18
#define BPFL_MODE(code) ((code) & 0xe0)
#define BPFL_MODE_IMM 0x00
#define BPFL_MODE_MEM 0x60
#define BPFL_MODE_MEMSX 0x80
#define BPFL_MODE_ATOMIC 0xc0
#define BPFL_OP(code) ((code) & 0xf0)
#define BPFL_SRC(code) ((code) & 0x08)
#define BPFL_SRC_K 0x00
#define BPFL_SRC_X 0x08

#define BPFL_CODE_LD_IMM64 0x18 /* LD | DW | IMM */
#define BPFL_CODE_CALL 0x85     /* JMP | CALL */
#define BPFL_CODE_EXIT 0x95
#define BPFL_CODE_MOV64_K 0xb7

/* src_reg of ld_imm64: what the immediate means (since: map fd 3.18, map value 5.2, btf id 5.6, func 5.13). */
#define BPFL_PSEUDO_MAP_FD 1
#define BPFL_PSEUDO_MAP_VALUE 2
#define BPFL_PSEUDO_BTF_ID 3
#define BPFL_PSEUDO_FUNC 4
#define BPFL_PSEUDO_MAP_IDX 5
#define BPFL_PSEUDO_MAP_IDX_VALUE 6
/* src_reg of call: helper number (0), other function of the program (1, 4.16), kfunc (2, 5.13). */
#define BPFL_PSEUDO_CALL 1
#define BPFL_PSEUDO_KFUNC_CALL 2

static inline unsigned bpfl_insn_dst(const struct bpfl_insn *insn)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	return insn->regs & 0x0fu;
#else
	return insn->regs >> 4;
#endif
}

static inline unsigned bpfl_insn_src(const struct bpfl_insn *insn)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	return insn->regs >> 4;
#else
	return insn->regs & 0x0fu;
#endif
}

static inline uint8_t bpfl_insn_regs(unsigned dst, unsigned src)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	return (uint8_t)((src << 4) | (dst & 0x0fu));
#else
	return (uint8_t)((dst << 4) | (src & 0x0fu));
#endif
}

static inline struct bpfl_insn bpfl_insn_make(uint8_t code, unsigned dst, unsigned src, int16_t off,
					      int32_t imm)
{
	struct bpfl_insn insn = { code, bpfl_insn_regs(dst, src), off, imm };
	return insn;
}

static inline bool bpfl_insn_is_ld_imm64(const struct bpfl_insn *insn)
{
	return insn->code == BPFL_CODE_LD_IMM64;
}

/* A call of another function of the same program. */
static inline bool bpfl_insn_is_subprog_call(const struct bpfl_insn *insn)
{
	return insn->code == BPFL_CODE_CALL && bpfl_insn_src(insn) == BPFL_PSEUDO_CALL;
}

#endif
