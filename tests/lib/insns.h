/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * insns: BPF programs as tables of instructions, so that a test needs no compiler.
 *
 *     static const struct bpfl_insn insns[] = { MOV(0, 2), EXIT };
 *
 * Registers are numbers; off is in bytes of memory, or in instructions to jump over.
 */
#ifndef BPFL_TESTS_INSNS_H
#define BPFL_TESTS_INSNS_H

#include "sys/insn.h"

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define INSN(code, dst, src, off, imm) { (code), (uint8_t)((src) << 4 | (dst)), (off), (imm) }
#else
#define INSN(code, dst, src, off, imm) { (code), (uint8_t)((dst) << 4 | (src)), (off), (imm) }
#endif

#define MOV(dst, imm) INSN(0xb7, dst, 0, 0, imm)
#define MOV_REG(dst, src) INSN(0xbf, dst, src, 0, 0)
#define ADD(dst, imm) INSN(0x07, dst, 0, 0, imm)
#define SHIFT_RIGHT(dst, bits) INSN(0x77, dst, 0, 0, bits)
#define LOAD32(dst, src, off) INSN(0x61, dst, src, off, 0)
#define LOAD64(dst, src, off) INSN(0x79, dst, src, off, 0)
#define STORE32(dst, off, src) INSN(0x63, dst, src, off, 0)
#define STORE64(dst, off, src) INSN(0x7b, dst, src, off, 0)
#define STORE8_IMM(dst, off, imm) INSN(0x72, dst, 0, off, imm)
#define STORE32_IMM(dst, off, imm) INSN(0x62, dst, 0, off, imm)
#define ATOMIC_ADD(dst, src) INSN(0xdb, dst, src, 0, 0) /* *(u64 *)dst += src */
#define FETCH_ADD(dst, src) INSN(0xdb, dst, src, 0, 1)  /* and src becomes the old value: Linux 5.12 */
#define IF_ZERO(dst, off) INSN(0x15, dst, 0, off, 0)
#define IF_NOT(dst, imm, off) INSN(0x55, dst, 0, off, imm)
#define IF_LESS(dst, imm, off) INSN(0xa5, dst, 0, off, imm)
#define IF_GREATER(dst, src, off) INSN(0x2d, dst, src, off, 0)
#define CALL(helper) INSN(0x85, 0, 0, 0, helper)
#define EXIT INSN(0x95, 0, 0, 0, 0)
/* Two slots: dst becomes what the reference of the first one says, or a number. */
#define ADDRESS(dst) INSN(0x18, dst, 0, 0, 0), INSN(0, 0, 0, 0, 0)
#define IMM64(dst, value) \
	INSN(0x18, dst, 0, 0, (int32_t)((value) & 0xffffffff)), INSN(0, 0, 0, 0, (int32_t)((value) >> 32))

#define HELPER_MAP_LOOKUP_ELEM 1
#define HELPER_TRACE_PRINTK 6
#define HELPER_SEQ_WRITE 127
#define HELPER_GET_ATTACH_COOKIE 174

/* The four bytes "hi\n" as they lie in memory, for STORE32_IMM(). */
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define TEXT_HI 0x000a6968
#else
#define TEXT_HI 0x68690a00
#endif

#endif
