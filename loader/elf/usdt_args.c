/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * elf/usdt_args.c: where the arguments of a probe are: assembler's notation -> kind, register, offset.
 *
 *     argument := [ "-" ] SIZE [ "f" ] "@" operand     "-": signed, "f": floating point
 *     x86      := "$" N | "%" REG | [ N ] "(" "%" REG [ "," "%" REG [ "," SCALE ] ] ")"
 *     s390x    := N | "%" REG | N "(" "%" REG ")"
 *     riscv    := N | REG | N "(" REG ")"             "zero", "xzr", "wzr": the constant 0
 *     arm64    := N | REG | "[" REG [ "," N | "," REG [ "," "lsl" N ] ] "]"
 *
 * One reader serves them all: what differs is the names of registers and whether a bare number is a constant.
 * Blanks may stand between all of these, so an argument ends where its operand does. One that is not understood
 * is skipped up to the next "SIZE@".
 *
 * A floating-point number is its bits, where it is in memory or in a general register; others are not in struct
 * pt_regs.
 *
 * A register becomes its offset in struct pt_regs as the kernel shows it to BPF programs (user_pt_regs on arm64
 * and s390x, user_regs_struct on riscv).
 */
#include "elf/usdt.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define REG_NAME_SIZE 8

struct reg {
	const char *names; /* with a blank on both sides of each */
	uint16_t off;
};

static const struct reg x86_regs[] = {
	{ " r15 r15d r15w r15b ", 0 },	{ " r14 r14d r14w r14b ", 8 },	{ " r13 r13d r13w r13b ", 16 },
	{ " r12 r12d r12w r12b ", 24 }, { " rbp ebp bp bpl ", 32 },	{ " rbx ebx bx bl ", 40 },
	{ " r11 r11d r11w r11b ", 48 }, { " r10 r10d r10w r10b ", 56 }, { " r9 r9d r9w r9b ", 64 },
	{ " r8 r8d r8w r8b ", 72 },	{ " rax eax ax al ", 80 },	{ " rcx ecx cx cl ", 88 },
	{ " rdx edx dx dl ", 96 },	{ " rsi esi si sil ", 104 },	{ " rdi edi di dil ", 112 },
	{ " rip eip ", 128 },		{ " rsp esp sp spl ", 152 },
};

static const struct reg riscv_regs[] = {
	{ " pc ", 0 },	 { " ra ", 8 },	  { " sp ", 16 },  { " gp ", 24 },  { " tp ", 32 },   { " t0 ", 40 },	{ " t1 ", 48 },
	{ " t2 ", 56 },	 { " s0 fp ", 64 }, { " s1 ", 72 }, { " a0 ", 80 }, { " a1 ", 88 },   { " a2 ", 96 },	{ " a3 ", 104 },
	{ " a4 ", 112 }, { " a5 ", 120 }, { " a6 ", 128 }, { " a7 ", 136 }, { " s2 ", 144 },  { " s3 ", 152 },	{ " s4 ", 160 },
	{ " s5 ", 168 }, { " s6 ", 176 }, { " s7 ", 184 }, { " s8 ", 192 }, { " s9 ", 200 },  { " s10 ", 208 }, { " s11 ", 216 },
	{ " t3 ", 224 }, { " t4 ", 232 }, { " t5 ", 240 }, { " t6 ", 248 },
};

/* Named by a letter and a number. */
static const struct reg arm64_regs[] = { { " sp ", 248 }, { " pc ", 256 }, { " fp ", 232 }, { " lr ", 240 } };

static const struct notation {
	uint16_t machine;
	const struct reg *regs;
	size_t nr_regs;
	const char *letters; /* "x17" is the 17th of numbered registers */
	unsigned nr_numbered;
	uint16_t numbered_off;
	char mark; /* in front of registers, 0 none */
	char const_mark; /* in front of constants, 0 none */
	bool brackets;	 /* [REG, N], else N(REG) */
} notations[] = {
	{ BPFL_EM_X86_64, x86_regs, sizeof(x86_regs) / sizeof(x86_regs[0]), "", 0, 0, '%', '$', false },
	{ BPFL_EM_386, x86_regs, sizeof(x86_regs) / sizeof(x86_regs[0]), "", 0, 0, '%', '$', false },
	{ BPFL_EM_AARCH64, arm64_regs, sizeof(arm64_regs) / sizeof(arm64_regs[0]), "xw", 31, 0, 0, 0, true },
	{ BPFL_EM_S390, NULL, 0, "r", 16, 24, '%', 0, false },
	{ BPFL_EM_RISCV, riscv_regs, sizeof(riscv_regs) / sizeof(riscv_regs[0]), "", 0, 0, 0, 0, false },
};

bool bpfl_usdt_is_native(uint16_t machine)
{
#if defined(__x86_64__)
	return machine == BPFL_EM_X86_64 || machine == BPFL_EM_386;
#elif defined(__aarch64__)
	return machine == BPFL_EM_AARCH64;
#elif defined(__s390x__)
	return machine == BPFL_EM_S390;
#elif defined(__riscv) && __riscv_xlen == 64
	return machine == BPFL_EM_RISCV;
#else
	(void)machine;
	return false;
#endif
}

/* ---- pieces; each moves *at on success only ---- */

static void skip_blanks(const char **at)
{
	*at += strspn(*at, " \t");
}

static bool take_char(const char **at, char c)
{
	const char *pos = *at;

	skip_blanks(&pos);
	if (*pos != c)
		return false;
	*at = pos + 1;
	return true;
}

static bool take_number(const char **at, int64_t *ret)
{
	const char *pos = *at;
	char *end;
	long long value;

	skip_blanks(&pos);
	if (*pos == '#') /* arm64, sometimes */
		pos++;
	if (!isdigit((unsigned char)pos[*pos == '-' || *pos == '+']))
		return false;
	errno = 0;
	value = strtoll(pos, &end, 0);
	if (errno == ERANGE) { /* an unsigned constant of 64 bits */
		errno = 0;
		value = (long long)strtoull(pos, &end, 0);
	}
	if (errno == ERANGE)
		return false;
	*ret = value;
	*at = end;
	return true;
}

static bool numbered_reg(const struct notation *notation, const char *name, uint16_t *ret_off)
{
	char *end;
	unsigned long number;

	if (!*notation->letters || !strchr(notation->letters, name[0]) || !isdigit((unsigned char)name[1]))
		return false;
	number = strtoul(name + 1, &end, 10);
	if (*end || number >= notation->nr_numbered)
		return false;
	*ret_off = (uint16_t)(notation->numbered_off + 8 * number);
	return true;
}

static bool take_reg(const struct notation *notation, const char **at, uint16_t *ret_off)
{
	const char *pos = *at;
	char name[REG_NAME_SIZE + 2] = " ";
	size_t len;

	skip_blanks(&pos);
	if (notation->mark && *pos++ != notation->mark)
		return false;
	len = strspn(pos, "abcdefghijklmnopqrstuvwxyz0123456789");
	if (len == 0 || len >= REG_NAME_SIZE)
		return false;
	memcpy(name + 1, pos, len);
	name[len + 1] = '\0';
	*at = pos + len;
	if (numbered_reg(notation, name + 1, ret_off))
		return true;
	name[len + 1] = ' ';
	name[len + 2] = '\0';
	for (size_t i = 0; i < notation->nr_regs; i++) {
		if (strstr(notation->regs[i].names, name)) {
			*ret_off = notation->regs[i].off;
			return true;
		}
	}
	return false;
}

/* ---- operands ---- */

static bool set_scale(struct bpfl_usdt_arg *arg, int64_t scale)
{
	if (scale != 1 && scale != 2 && scale != 4 && scale != 8)
		return false;
	arg->scale_shift = (uint8_t)__builtin_ctzll((unsigned long long)scale);
	return true;
}

/* Behind the opening parenthesis. */
static bool take_parentheses(const struct notation *notation, const char **at, struct bpfl_usdt_arg *arg)
{
	int64_t scale = 1;

	arg->kind = BPFL_USDT_DEREF;
	if (!take_reg(notation, at, &arg->reg_off))
		return false;
	if (take_char(at, ',')) {
		arg->kind = BPFL_USDT_SIB;
		if (!take_reg(notation, at, &arg->idx_reg_off) || (take_char(at, ',') && !take_number(at, &scale)) ||
		    !set_scale(arg, scale))
			return false;
	}
	return take_char(at, ')');
}

/* Behind the opening bracket. */
static bool take_brackets(const struct notation *notation, const char **at, struct bpfl_usdt_arg *arg)
{
	int64_t shift = 0;

	arg->kind = BPFL_USDT_DEREF;
	if (!take_reg(notation, at, &arg->reg_off))
		return false;
	if (take_char(at, ',') && !take_number(at, &arg->value)) {
		arg->kind = BPFL_USDT_SIB;
		if (!take_reg(notation, at, &arg->idx_reg_off))
			return false;
		if (take_char(at, ',')) {
			skip_blanks(at);
			if (strncmp(*at, "lsl", 3) != 0)
				return false;
			*at += 3;
			if (!take_number(at, &shift) || shift < 0 || shift > 3)
				return false;
			arg->scale_shift = (uint8_t)shift;
		}
	}
	return take_char(at, ']');
}

/* A register that is always 0, in place of a constant. */
static bool take_zero(const struct notation *notation, const char **at)
{
	static const char *const names[] = { "xzr", "wzr", "zero" };
	size_t len = strspn(*at, "abcdefghijklmnopqrstuvwxyz0123456789");

	for (size_t i = 0; !notation->mark && i < sizeof(names) / sizeof(names[0]); i++) {
		if (strlen(names[i]) == len && strncmp(*at, names[i], len) == 0) {
			*at += len;
			return true;
		}
	}
	return false;
}

static bool take_operand(const struct notation *notation, const char **at, struct bpfl_usdt_arg *arg)
{
	if (notation->brackets && take_char(at, '['))
		return take_brackets(notation, at, arg);
	if (notation->const_mark && take_char(at, notation->const_mark))
		return take_number(at, &arg->value); /* kind CONST is 0 */
	if (take_number(at, &arg->value)) {
		if (!notation->brackets && take_char(at, '('))
			return take_parentheses(notation, at, arg);
		return !notation->const_mark;
	}
	if (!notation->brackets && take_char(at, '('))
		return take_parentheses(notation, at, arg);
	if (take_zero(notation, at))
		return true;
	arg->kind = BPFL_USDT_REG;
	return take_reg(notation, at, &arg->reg_off);
}

static bool take_arg(const struct notation *notation, const char **at, struct bpfl_usdt_arg *arg)
{
	bool is_float;
	int64_t size;

	memset(arg, 0, sizeof(*arg));
	if (!take_number(at, &size))
		return false;
	is_float = take_char(at, 'f');
	if (!take_char(at, '@'))
		return false;
	arg->is_signed = size < 0 && !is_float;
	size = size < 0 ? -size : size;
	if (size != 1 && size != 2 && size != 4 && size != 8)
		return false;
	arg->size_bytes = (uint8_t)size;
	if (!take_operand(notation, at, arg))
		return false;
	return **at == '\0' || **at == ' ' || **at == '\t';
}

/* The next blank that "SIZE@" follows, or the end. */
static const char *skip_arg(const char *at)
{
	for (at += strspn(at, " \t"); *at; at++) {
		const char *size = at + 1 + (at[1] == '-');
		size_t nr_digits = strspn(size, "0123456789");

		if (*at != ' ' && *at != '\t')
			continue;
		if (nr_digits > 0 && size[nr_digits + (isalpha((unsigned char)size[nr_digits]) != 0)] == '@')
			break;
	}
	return at;
}

int bpfl_usdt_args(uint16_t machine, const char *text, struct bpfl_usdt_arg *ret_args)
{
	const struct notation *notation = NULL;
	int nr = 0;

	for (size_t i = 0; i < sizeof(notations) / sizeof(notations[0]); i++) {
		if (notations[i].machine == machine)
			notation = &notations[i];
	}
	if (!notation)
		return -EOPNOTSUPP;
	skip_blanks(&text);
	while (*text && nr < BPFL_USDT_NR_ARGS) {
		const char *at = text;

		if (!take_arg(notation, &at, &ret_args[nr])) {
			memset(&ret_args[nr], 0, sizeof(ret_args[nr]));
			ret_args[nr].kind = BPFL_USDT_UNKNOWN;
			at = skip_arg(text);
		}
		nr++;
		text = at;
		skip_blanks(&text);
	}
	return nr;
}
