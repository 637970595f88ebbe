/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * image/disasm: see disasm.h for the notation.
 *
 * An opcode is three fields: class (3 bits), and by class either operation and source, or mode and size. One
 * function per group of classes, and tables for the operators. Instruction set: RFC 9669, with what came with
 * -mcpu=v4 (sign extension, signed division, bswap, gotol: 6.6), may_goto and address-space casts (6.9),
 * load-acquire and store-release (6.15).
 */
#include "image/disasm.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include "image/helper_names.h"

#define OP_NEG 0x80
#define OP_MOV 0xb0
#define OP_DIV 0x30
#define OP_MOD 0x90
#define OP_END 0xd0
#define OP_JA 0x00
#define OP_JCOND 0xe0
#define OP_CALL 0x80
#define OP_EXIT 0x90
#define MODE_ABS 0x20
#define MODE_IND 0x40

/* imm of an atomic instruction. */
#define ATOMIC_FETCH 0x01
#define ATOMIC_XCHG 0xe1
#define ATOMIC_CMPXCHG 0xf1
#define ATOMIC_LOAD_ACQ 0x100
#define ATOMIC_STORE_REL 0x110

static const char *const alu_ops[16] = { "+=", "-=", "*=", "/=", "|=",	 "&=", "<<=", ">>=",
					 NULL, "%=", "^=", "=",	 "s>>=", NULL, NULL,  NULL };

static const char *const jmp_ops[16] = { NULL, "==", ">", ">=", "&",  "!=",  "s>", "s>=",
					 NULL, NULL, "<", "<=", "s<", "s<=", NULL, NULL };

static unsigned op_idx(const struct bpfl_insn *insn)
{
	return insn->code >> 4;
}

/* Small numbers and negative ones as they are; large ones are masks, addresses, packed strings: better in
 * hexadecimal. */
static void number(struct bpfl_buf *out, int64_t value)
{
	if (value < 4096)
		bpfl_buf_printf(out, "%" PRId64, value);
	else
		bpfl_buf_printf(out, "0x%" PRIx64, (uint64_t)value);
}

static void operand(struct bpfl_buf *out, const struct bpfl_insn *insn, char reg)
{
	if (BPFL_SRC(insn->code) == BPFL_SRC_X)
		bpfl_buf_printf(out, "%c%u", reg, bpfl_insn_src(insn));
	else
		number(out, insn->imm);
}

static void unknown(struct bpfl_buf *out, const struct bpfl_insn *insn)
{
	bpfl_buf_printf(out, "(unknown: code 0x%02x dst %u src %u off %d imm 0x%x)", insn->code,
			bpfl_insn_dst(insn), bpfl_insn_src(insn), insn->off, (unsigned)insn->imm);
}

/* ---- arithmetic ---- */

/* mov with an offset is something else: sign extension (8, 16, 32), or an address-space cast (1). */
static bool mov_special(struct bpfl_buf *out, const struct bpfl_insn *insn, char reg)
{
	unsigned dst = bpfl_insn_dst(insn), src = bpfl_insn_src(insn);

	if (BPFL_SRC(insn->code) != BPFL_SRC_X)
		return false;
	if (insn->off == 8 || insn->off == 16 || insn->off == 32) {
		bpfl_buf_printf(out, "%c%u = (s%d)%c%u", reg, dst, insn->off, reg, src);
	} else if (insn->off == 1) {
		bpfl_buf_printf(out, "r%u = addr_space_cast(r%u, %u, %u)", dst, src,
				(unsigned)insn->imm >> 16, (unsigned)insn->imm & 0xffff);
	} else if (insn->off == -1) {
		bpfl_buf_printf(out, "r%u = &(void __percpu *)(r%u)", dst, src);
	} else {
		return false;
	}
	return true;
}

static void alu(struct bpfl_buf *out, const struct bpfl_insn *insn)
{
	bool is_64 = BPFL_CLASS(insn->code) == BPFL_CLASS_ALU64;
	char reg = is_64 ? 'r' : 'w';
	unsigned dst = bpfl_insn_dst(insn), op = BPFL_OP(insn->code);

	if (op == OP_END) {
		const char *word = is_64 ? "bswap" : BPFL_SRC(insn->code) == BPFL_SRC_X ? "be" : "le";

		bpfl_buf_printf(out, "r%u = %s%d r%u", dst, word, insn->imm, dst);
		return;
	}
	if (op == OP_NEG) {
		bpfl_buf_printf(out, "%c%u = -%c%u", reg, dst, reg, dst);
		return;
	}
	if (op == OP_MOV && insn->off != 0 && mov_special(out, insn, reg))
		return;
	bool is_signed = (op == OP_DIV || op == OP_MOD) && insn->off == 1;
	if (!alu_ops[op_idx(insn)] || (insn->off != 0 && !is_signed)) {
		unknown(out, insn);
		return;
	}
	bpfl_buf_printf(out, "%c%u %s%s ", reg, dst, is_signed ? "s" : "", alu_ops[op_idx(insn)]);
	operand(out, insn, reg);
}

/* ---- jumps and calls ---- */

static void jump_target(struct bpfl_buf *out, const char *word, int64_t distance, uint32_t insn_idx)
{
	bpfl_buf_printf(out, "%s pc%+" PRId64 " <%" PRId64 ">", word, distance,
			(int64_t)insn_idx + 1 + distance);
}

static void call(struct bpfl_buf *out, const struct bpfl_insn *insn, uint32_t insn_idx, const char *symbol)
{
	const char *helper = bpfl_helper_name((uint32_t)insn->imm);

	if (BPFL_SRC(insn->code) == BPFL_SRC_X) {
		bpfl_buf_printf(out, "callx r%u", bpfl_insn_dst(insn));
	} else if (bpfl_insn_src(insn) == BPFL_PSEUDO_CALL) {
		jump_target(out, "call", insn->imm, insn_idx);
		if (symbol)
			bpfl_buf_printf(out, " %s", symbol);
	} else if (bpfl_insn_src(insn) == BPFL_PSEUDO_KFUNC_CALL) {
		bpfl_buf_printf(out, "call %s#%d", symbol ? symbol : "kernel-function", insn->imm);
	} else if (helper) {
		bpfl_buf_printf(out, "call bpf_%s#%d", helper, insn->imm);
	} else {
		bpfl_buf_printf(out, "call %s#%d", symbol ? symbol : "unknown", insn->imm);
	}
}

static void jmp(struct bpfl_buf *out, const struct bpfl_insn *insn, uint32_t insn_idx, const char *symbol)
{
	bool is_32 = BPFL_CLASS(insn->code) == BPFL_CLASS_JMP32;
	char reg = is_32 ? 'w' : 'r';
	unsigned op = BPFL_OP(insn->code);

	if (op == OP_JA && BPFL_SRC(insn->code) == BPFL_SRC_K) {
		jump_target(out, is_32 ? "gotol" : "goto", is_32 ? insn->imm : insn->off, insn_idx);
	} else if (op == OP_JA && !is_32) {
		bpfl_buf_printf(out, "gotox r%u", bpfl_insn_dst(insn));
	} else if (op == OP_JCOND && !is_32) {
		jump_target(out, "may_goto", insn->off, insn_idx);
	} else if (op == OP_CALL && !is_32) {
		call(out, insn, insn_idx, symbol);
	} else if (op == OP_EXIT && !is_32) {
		bpfl_buf_text(out, "exit");
	} else if (jmp_ops[op_idx(insn)]) {
		bpfl_buf_printf(out, "if %c%u %s ", reg, bpfl_insn_dst(insn), jmp_ops[op_idx(insn)]);
		operand(out, insn, reg);
		jump_target(out, " goto", insn->off, insn_idx);
	} else {
		unknown(out, insn);
	}
}

/* ---- memory ---- */

static const char *size_name(const struct bpfl_insn *insn)
{
	switch (BPFL_SIZE(insn->code)) {
	case BPFL_SIZE_B:
		return "u8";
	case BPFL_SIZE_H:
		return "u16";
	case BPFL_SIZE_W:
		return "u32";
	default:
		return "u64";
	}
}

static void memory(struct bpfl_buf *out, const struct bpfl_insn *insn, unsigned base)
{
	bpfl_buf_printf(out, "*(%s *)(r%u %c %d)", size_name(insn), base, insn->off < 0 ? '-' : '+',
			insn->off < 0 ? -insn->off : insn->off);
}

static void place_only(struct bpfl_buf *out, const struct bpfl_insn *insn)
{
	bpfl_buf_printf(out, "(%s *)(r%u %c %d)", size_name(insn), bpfl_insn_dst(insn),
			insn->off < 0 ? '-' : '+', insn->off < 0 ? -insn->off : insn->off);
}

static void atomic(struct bpfl_buf *out, const struct bpfl_insn *insn)
{
	static const struct {
		int32_t op;
		const char *sign, *fetch;
	} simple[] = {
		{ 0x00, "+=", "add" },
		{ 0x40, "|=", "or" },
		{ 0x50, "&=", "and" },
		{ 0xa0, "^=", "xor" },
	};
	char reg = BPFL_SIZE(insn->code) == BPFL_SIZE_DW ? 'r' : 'w';
	const char *width = BPFL_SIZE(insn->code) == BPFL_SIZE_DW ? "64" : "";
	unsigned dst = bpfl_insn_dst(insn), src = bpfl_insn_src(insn);

	if (insn->imm == ATOMIC_LOAD_ACQ) {
		bpfl_buf_printf(out, "%c%u = load_acquire(", reg, dst);
		struct bpfl_insn load = *insn; /* here the address is in the source register */
		load.regs = bpfl_insn_regs(src, dst);
		place_only(out, &load);
		bpfl_buf_char(out, ')');
		return;
	}
	if (insn->imm == ATOMIC_STORE_REL) {
		bpfl_buf_text(out, "store_release(");
		place_only(out, insn);
		bpfl_buf_printf(out, ", %c%u)", reg, src);
		return;
	}
	if (insn->imm == ATOMIC_XCHG) {
		bpfl_buf_printf(out, "%c%u = atomic%s_xchg(", reg, src, width);
		place_only(out, insn);
		bpfl_buf_printf(out, ", %c%u)", reg, src);
		return;
	}
	if (insn->imm == ATOMIC_CMPXCHG) {
		bpfl_buf_printf(out, "%c0 = atomic%s_cmpxchg(", reg, width);
		place_only(out, insn);
		bpfl_buf_printf(out, ", %c0, %c%u)", reg, reg, src);
		return;
	}
	for (size_t i = 0; i < sizeof(simple) / sizeof(simple[0]); i++) {
		if (insn->imm == simple[i].op) {
			bpfl_buf_text(out, "lock ");
			memory(out, insn, dst);
			bpfl_buf_printf(out, " %s %c%u", simple[i].sign, reg, src);
			return;
		}
		if (insn->imm == (simple[i].op | ATOMIC_FETCH)) {
			bpfl_buf_printf(out, "%c%u = atomic%s_fetch_%s(", reg, src, width, simple[i].fetch);
			place_only(out, insn);
			bpfl_buf_printf(out, ", %c%u)", reg, src);
			return;
		}
	}
	unknown(out, insn);
}

static void load_store(struct bpfl_buf *out, const struct bpfl_insn *insn)
{
	unsigned class = BPFL_CLASS(insn->code), mode = BPFL_MODE(insn->code);
	bool is_plain = mode == BPFL_MODE_MEM;

	if (class == BPFL_CLASS_LDX && is_plain) {
		bpfl_buf_printf(out, "r%u = ", bpfl_insn_dst(insn));
		memory(out, insn, bpfl_insn_src(insn));
	} else if (class == BPFL_CLASS_LDX && mode == BPFL_MODE_MEMSX &&
		   BPFL_SIZE(insn->code) != BPFL_SIZE_DW) {
		bpfl_buf_printf(out, "r%u = *(s%s *)(r%u %c %d)", bpfl_insn_dst(insn), size_name(insn) + 1,
				bpfl_insn_src(insn), insn->off < 0 ? '-' : '+',
				insn->off < 0 ? -insn->off : insn->off);
	} else if (class == BPFL_CLASS_ST && is_plain) {
		memory(out, insn, bpfl_insn_dst(insn));
		bpfl_buf_text(out, " = ");
		number(out, insn->imm);
	} else if (class == BPFL_CLASS_STX && is_plain) {
		memory(out, insn, bpfl_insn_dst(insn));
		bpfl_buf_printf(out, " = r%u", bpfl_insn_src(insn));
	} else if (class == BPFL_CLASS_STX && mode == BPFL_MODE_ATOMIC) {
		atomic(out, insn);
	} else if (class == BPFL_CLASS_LD && mode == MODE_ABS) {
		bpfl_buf_printf(out, "r0 = *(%s *)skb[%d]", size_name(insn), insn->imm);
	} else if (class == BPFL_CLASS_LD && mode == MODE_IND) {
		bpfl_buf_printf(out, "r0 = *(%s *)skb[r%u + %d]", size_name(insn), bpfl_insn_src(insn),
				insn->imm);
	} else {
		unknown(out, insn);
	}
}

/* ---- 64-bit loads ---- */

static void ld_imm64(struct bpfl_buf *out, const struct bpfl_insn *insn, const struct bpfl_insn *second,
		     const char *symbol)
{
	uint64_t value = (uint64_t)(uint32_t)second->imm << 32 | (uint32_t)insn->imm;

	bpfl_buf_printf(out, "r%u = ", bpfl_insn_dst(insn));
	if (symbol) {
		bpfl_buf_text(out, symbol);
		return;
	}
	switch (bpfl_insn_src(insn)) {
	case 0:
		bpfl_buf_printf(out, "0x%" PRIx64 " ll", value);
		break;
	case BPFL_PSEUDO_MAP_FD:
		bpfl_buf_printf(out, "map[fd %d]", insn->imm);
		break;
	case BPFL_PSEUDO_MAP_VALUE:
		bpfl_buf_printf(out, "map[fd %d][0]%+d", insn->imm, second->imm);
		break;
	case BPFL_PSEUDO_MAP_IDX:
		bpfl_buf_printf(out, "map[idx %d]", insn->imm);
		break;
	case BPFL_PSEUDO_MAP_IDX_VALUE:
		bpfl_buf_printf(out, "map[idx %d][0]%+d", insn->imm, second->imm);
		break;
	case BPFL_PSEUDO_BTF_ID:
		bpfl_buf_printf(out, "kernel variable, BTF id %d", insn->imm);
		break;
	case BPFL_PSEUDO_FUNC:
		bpfl_buf_printf(out, "function at pc%+d", insn->imm);
		break;
	default:
		unknown(out, insn);
	}
}

uint32_t bpfl_disasm(const struct bpfl_insn *insns, uint32_t nr_insns, uint32_t insn_idx, const char *symbol,
		     struct bpfl_buf *out)
{
	const struct bpfl_insn *insn = &insns[insn_idx];

	if (bpfl_insn_is_ld_imm64(insn)) {
		if (insn_idx + 1 < nr_insns) {
			ld_imm64(out, insn, insn + 1, symbol);
			return 2;
		}
		unknown(out, insn);
		return 1;
	}
	switch (BPFL_CLASS(insn->code)) {
	case BPFL_CLASS_ALU:
	case BPFL_CLASS_ALU64:
		alu(out, insn);
		break;
	case BPFL_CLASS_JMP:
	case BPFL_CLASS_JMP32:
		jmp(out, insn, insn_idx, symbol);
		break;
	default:
		load_store(out, insn);
	}
	return 1;
}
