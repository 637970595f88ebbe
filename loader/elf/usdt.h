/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * elf/usdt: the probes that a program's author put into it (sys/sdt.h of SystemTap): where they are, and where
 * their arguments are.
 *
 * A probe is a nop in the code and a note in the file, section .note.stapsdt, with the nop's address, the
 * names, and the places of the arguments as the compiler happened to choose them, in assembler's notation:
 * "-4@-20(%rbp) 8@%rax". A probe may have a semaphore, a counter in the program's data that says how many
 * listen; it is 0 when nobody does, and programs skip work that is only for listeners.
 */
#ifndef BPFL_ELF_USDT_H
#define BPFL_ELF_USDT_H

#include "elf/user.h"

struct bpfl_usdt_site {
	char *provider, *name, *args;
	uint64_t vaddr, file_off; /* of the nop */
	uint64_t semaphore_off; /* byte offset in the file, 0 none */
};

struct bpfl_usdt_sites {
	struct bpfl_usdt_site *items; /* as in the file: one probe may be in many places (inlined functions) */
	size_t nr, cap;
};

/* All probes of a file that fit the patterns ('*' and '?'). Damaged notes are an error. ret may come out empty. */
int bpfl_usdt_read(const struct bpfl_user_elf *elf, const char *provider, const char *name, struct bpfl_usdt_sites *ret,
		   struct bpfl_error *err);
void bpfl_usdt_sites_deinit(struct bpfl_usdt_sites *sites);

/* ---- elf/usdt_args.c ---- */

#define BPFL_USDT_NR_ARGS 12 /* as many as sys/sdt.h allows */

/* The numbers are those of the programs' side (bpf/usdt.bpf.h). */
enum bpfl_usdt_arg_kind {
	BPFL_USDT_CONST = 0,
	BPFL_USDT_REG = 1,
	BPFL_USDT_DEREF = 2, /* memory at register + value */
	BPFL_USDT_SIB = 3,   /* memory at register + (index << scale) + value */
	BPFL_USDT_UNKNOWN = 255,
};

struct bpfl_usdt_arg {
	enum bpfl_usdt_arg_kind kind;
	int64_t value;
	uint16_t reg_off, idx_reg_off; /* bytes in struct pt_regs, as a program sees it */
	uint8_t scale_shift;
	uint8_t size_bytes; /* 1, 2, 4, 8 */
	bool is_signed;
};

/*
 * Reads the arguments of a probe.
 * @machine: BPFL_EM_386, _X86_64, _AARCH64, _S390 or _RISCV: each has its own notation and registers.
 * @ret_args: BPFL_USDT_NR_ARGS of them. What is not understood (floating point, variables by name) has kind UNKNOWN.
 * Return: how many, or -EOPNOTSUPP for another machine.
 */
int bpfl_usdt_args(uint16_t machine, const char *text, struct bpfl_usdt_arg *ret_args);
/* Whether this machine runs programs of that one, so that their registers are in its struct pt_regs. */
bool bpfl_usdt_is_native(uint16_t machine);

#endif
