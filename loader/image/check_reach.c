/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * image/check_reach: which instructions of a relocated program the verifier can come to.
 *
 * A relocation that a kernel cannot satisfy is poison, and poison is harmless where the program
 * asked first:
 *
 *     if (bpf_core_field_exists(inode->i_atime))     r1 = 0        (the answer of this kernel)
 *             use(inode->i_atime);                   if r1 == 0 goto ...
 *
 * The verifier follows constants and never looks at the dead branch. So does this: every register
 * holds nothing yet, a known number, an address in a data map, something that is not zero, or
 * anything. Values are pushed along the paths that constants leave open, and where paths meet what
 * differs becomes "anything". A register can only change twice, so the work grows with the
 * program's length. (The idea is known as sparse conditional constant propagation.)
 *
 * Known numbers come from immediates, from read-only data, from the configuration, and from
 * externs: a weak one that the kernel lacks has address 0. Numbers that travel over the stack are
 * lost here, and ranges ("less than 5") are not kept, so an instruction that counts as reached may
 * still be dead for the verifier. (The other way round only verifiers of old, which compare the
 * addresses of externs less cleverly.)
 *
 * A static function gets what its callers pass, joined, and gives back what it returns. A global
 * one is verified for itself, with any arguments: since Linux 6.8 only if something that is alive
 * calls it, before in any case.
 */
#include "image/check.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "sys/facts.h"

#define NR_REGS 11u
/* Beyond this everything counts as reached: 200,000 instructions take 35 MB of states. */
#define INSTS_MAX 200000u

enum value_kind {
	NOTHING, /* no path has come here */
	NUMBER,
	DATA,	 /* address: number bytes into the value of map map_idx */
	NONZERO, /* another address */
	ANY,
};

struct value {
	uint32_t kind;
	uint32_t map_idx;
	uint64_t number;
};

struct state {
	struct value regs[NR_REGS];
};

struct function {
	uint32_t first, end; /* instructions */
	bool is_global;
	struct value result;
};

struct walk {
	const struct bpfl_checking *checking;
	const struct bpfl_image_prog *prog;
	struct state *states; /* before each instruction */
	bool *reached;
	struct function *functions;
	size_t nr_functions;
	uint32_t *todo; /* instructions whose state has changed; each at most once */
	bool *is_todo;
	size_t nr_todo;
};

static const struct value any = { ANY, 0, 0 };
static const struct value nonzero = { NONZERO, 0, 0 };

static struct value number(uint64_t value)
{
	return (struct value){ NUMBER, 0, value };
}

/* ---- states ---- */

static bool is_nonzero(const struct value *value)
{
	return value->kind == DATA || value->kind == NONZERO ||
	       (value->kind == NUMBER && value->number != 0);
}

static bool values_equal(const struct value *a, const struct value *b)
{
	return a->kind == b->kind && a->map_idx == b->map_idx && a->number == b->number;
}

/* What holds on both paths. */
static struct value join(const struct value *a, const struct value *b)
{
	if (a->kind == NOTHING || values_equal(a, b)) {
		return *b;
	}
	if (b->kind == NOTHING) {
		return *a;
	}
	return is_nonzero(a) && is_nonzero(b) ? nonzero : any;
}

static void push(struct walk *walk, uint32_t insn_idx)
{
	if (!walk->is_todo[insn_idx]) {
		walk->is_todo[insn_idx] = true;
		walk->todo[walk->nr_todo++] = insn_idx;
	}
}

/* A path with this state leads to an instruction. */
static void flow(struct walk *walk, int64_t target, const struct state *state)
{
	if (target < 0 || target >= walk->prog->nr_insts) {
		return; /* the verifier's business */
	}
	struct state *known = &walk->states[target];
	bool changed = !walk->reached[target];

	walk->reached[target] = true;
	for (unsigned i = 0; i < NR_REGS; i++) {
		struct value joined = join(&known->regs[i], &state->regs[i]);

		changed = changed || !values_equal(&joined, &known->regs[i]);
		known->regs[i] = joined;
	}
	if (changed) {
		push(walk, (uint32_t)target);
	}
}

/* ---- arithmetic ---- */

enum {
	OP_ADD = 0x00, OP_SUB = 0x10, OP_MUL = 0x20, OP_DIV = 0x30, OP_OR = 0x40, OP_AND = 0x50,
	OP_LSH = 0x60, OP_RSH = 0x70, OP_NEG = 0x80, OP_MOD = 0x90, OP_XOR = 0xa0, OP_MOV = 0xb0,
	OP_ARSH = 0xc0,
};

static uint64_t sign_extend(uint64_t value, unsigned bits)
{
	uint64_t sign = 1ull << (bits - 1);

	return bits >= 64 ? value : ((value & ((sign << 1) - 1)) ^ sign) - sign;
}

/* False for operations whose result is not worked out. b is cut to the width already. */
static bool compute(unsigned op, unsigned bits, uint64_t a, uint64_t b, uint64_t *ret)
{
	switch (op) {
	case OP_ADD: *ret = a + b; return true;
	case OP_SUB: *ret = a - b; return true;
	case OP_MUL: *ret = a * b; return true;
	case OP_DIV: *ret = b ? a / b : 0; return true;
	case OP_MOD: *ret = b ? a % b : a; return true;
	case OP_OR: *ret = a | b; return true;
	case OP_AND: *ret = a & b; return true;
	case OP_XOR: *ret = a ^ b; return true;
	case OP_LSH: *ret = a << (b & (bits - 1)); return true;
	case OP_RSH: *ret = a >> (b & (bits - 1)); return true;
	case OP_ARSH:
		*ret = (uint64_t)((int64_t)sign_extend(a, bits) >> (b & (bits - 1)));
		return true;
	case OP_NEG: *ret = 0 - a; return true;
	default: return false; /* byte swaps */
	}
}

static struct value arithmetic(const struct bpfl_insn *insn, const struct value *dst,
			       const struct value *src)
{
	unsigned op = BPFL_OP(insn->code),
		 bits = BPFL_CLASS(insn->code) == BPFL_CLASS_ALU64 ? 64 : 32;
	uint64_t mask = bits == 64 ? UINT64_MAX : UINT32_MAX, result;

	if (op == OP_MOV && insn->off == 0) {
		return bits == 64 ? *src : src->kind == NUMBER ? number(src->number & mask) : any;
	}
	if (op == OP_MOV) { /* sign-extending, off bits */
		return src->kind == NUMBER && insn->off > 0 && insn->off < 64 ?
			       number(sign_extend(src->number, (unsigned)insn->off) & mask) :
			       any;
	}
	if (insn->off != 0) {
		return any; /* signed division */
	}
	if (dst->kind == DATA && bits == 64 && src->kind == NUMBER &&
	    (op == OP_ADD || op == OP_SUB)) {
		struct value moved = *dst;

		moved.number = op == OP_ADD ? dst->number + src->number : dst->number - src->number;
		return moved;
	}
	if (op == OP_AND && src->kind == NUMBER && (src->number & mask) == 0) {
		return number(0);
	}
	if (dst->kind != NUMBER || (src->kind != NUMBER && op != OP_NEG) ||
	    !compute(op, bits, dst->number & mask, src->number & mask, &result)) {
		return any;
	}
	return number(result & mask);
}

/* ---- conditions ---- */

enum {
	JMP_JA = 0x00, JMP_JEQ = 0x10, JMP_JGT = 0x20, JMP_JGE = 0x30, JMP_JSET = 0x40,
	JMP_JNE = 0x50, JMP_JSGT = 0x60, JMP_JSGE = 0x70, JMP_JLT = 0xa0, JMP_JLE = 0xb0,
	JMP_JSLT = 0xc0, JMP_JSLE = 0xd0,
};

/* 1 always taken, 0 never, -1 not known. */
static int compare(unsigned op, uint64_t a, uint64_t b, unsigned bits)
{
	int64_t sa = (int64_t)sign_extend(a, bits), sb = (int64_t)sign_extend(b, bits);

	switch (op) {
	case JMP_JEQ: return a == b;
	case JMP_JNE: return a != b;
	case JMP_JGT: return a > b;
	case JMP_JGE: return a >= b;
	case JMP_JLT: return a < b;
	case JMP_JLE: return a <= b;
	case JMP_JSET: return (a & b) != 0;
	case JMP_JSGT: return sa > sb;
	case JMP_JSGE: return sa >= sb;
	case JMP_JSLT: return sa < sb;
	case JMP_JSLE: return sa <= sb;
	default: return -1;
	}
}

static int decide(const struct bpfl_insn *insn, const struct value *dst, const struct value *src)
{
	unsigned op = BPFL_OP(insn->code);

	if (BPFL_CLASS(insn->code) == BPFL_CLASS_JMP32) {
		return dst->kind == NUMBER && src->kind == NUMBER ?
			       compare(op, (uint32_t)dst->number, (uint32_t)src->number, 32) :
			       -1;
	}
	if (dst->kind == NUMBER && src->kind == NUMBER) {
		return compare(op, dst->number, src->number, 64);
	}
	if (is_nonzero(dst) && src->kind == NUMBER && src->number == 0 &&
	    (op == JMP_JEQ || op == JMP_JNE)) {
		return op == JMP_JNE;
	}
	return -1;
}

/* ---- memory ---- */

/* The bytes of a map that no program and no user changes once it is loaded, or NULL. */
static const uint8_t *constant_bytes(const struct bpfl_checking *checking, uint32_t map_idx,
				     uint64_t off, uint32_t size)
{
	const struct bpfl_map_spec *map = &checking->spec->maps.items[map_idx];

	if (map->origin == BPFL_MAP_RODATA && map->data && off <= map->data_size &&
	    size <= map->data_size - off) {
		return map->data + off;
	}
	if (map->origin != BPFL_MAP_KCONFIG || !checking->kconfig || off > checking->kconfig_size ||
	    size > checking->kconfig_size - off) {
		return NULL;
	}
	for (uint32_t i = 0; i < size; i++) {
		if (!checking->kconfig_known[off + i]) {
			return NULL;
		}
	}
	return checking->kconfig + off;
}

static struct value load(const struct walk *walk, const struct bpfl_insn *insn,
			 const struct value *base)
{
	static const uint8_t sizes[] = { 4, 2, 1, 8 }; /* by BPFL_SIZE() / 8 */
	uint32_t size = sizes[BPFL_SIZE(insn->code) >> 3];
	unsigned mode = BPFL_MODE(insn->code);
	uint64_t value = 0;

	if (base->kind != DATA || (mode != BPFL_MODE_MEM && mode != BPFL_MODE_MEMSX)) {
		return any;
	}
	const uint8_t *bytes = constant_bytes(walk->checking, base->map_idx,
					      base->number + (uint64_t)(int64_t)insn->off, size);
	if (!bytes) {
		return any;
	}
	for (uint32_t i = 0; i < size; i++) {
		value = value << 8 | bytes[walk->checking->spec->big_endian ? i : size - 1 - i];
	}
	return number(mode == BPFL_MODE_MEMSX ? sign_extend(value, size * 8) : value);
}

/* ---- what an instruction refers to ---- */

static const struct bpfl_ref *ref_of(const struct walk *walk, uint32_t insn_idx)
{
	int32_t ref_idx = walk->prog->insts[insn_idx].ref_idx;

	return ref_idx == BPFL_NO_IDX ? NULL : &walk->checking->spec->refs.items[ref_idx];
}

static int32_t kconfig_map_idx(const struct bpfl_spec *spec)
{
	for (size_t i = 0; i < spec->maps.nr; i++) {
		if (spec->maps.items[i].origin == BPFL_MAP_KCONFIG) {
			return (int32_t)i;
		}
	}
	return BPFL_NO_IDX;
}

static struct value extern_value(const struct walk *walk, uint32_t extern_idx)
{
	const struct bpfl_checking *checking = walk->checking;
	const struct bpfl_extern *ext = &checking->spec->externs.items[extern_idx];

	if (ext->kind == BPFL_EXTERN_KCONFIG) {
		int32_t map_idx = kconfig_map_idx(checking->spec);

		return map_idx == BPFL_NO_IDX ?
			       nonzero :
			       (struct value){ DATA, (uint32_t)map_idx, ext->byte_off };
	}
	switch (checking->externs[extern_idx]) {
	case BPFL_PRESENCE_ABSENT: return number(0);
	case BPFL_PRESENCE_PRESENT: return nonzero;
	default: return any;
	}
}

/* The result of an ld_imm64. */
static struct value wide_value(const struct walk *walk, uint32_t i)
{
	const struct bpfl_ref *ref = ref_of(walk, i);
	const struct bpfl_inst *insts = walk->prog->insts;

	if (!ref) {
		uint64_t high = i + 1 < walk->prog->nr_insts ? (uint32_t)insts[i + 1].insn.imm : 0;

		return number(high << 32 | (uint32_t)insts[i].insn.imm);
	}
	switch (ref->kind) {
	case BPFL_REF_DATA: return (struct value){ DATA, ref->target_idx, ref->byte_off };
	case BPFL_REF_EXTERN: return extern_value(walk, ref->target_idx);
	default: return nonzero;
	}
}

/* ---- functions ---- */

static struct function *function_at(const struct walk *walk, int64_t insn_idx)
{
	for (size_t i = 0; i < walk->nr_functions; i++) {
		if (insn_idx >= walk->functions[i].first && insn_idx < walk->functions[i].end) {
			return &walk->functions[i];
		}
	}
	return NULL;
}

static struct state entry_state(bool args_known, const struct state *caller)
{
	struct state state;

	for (unsigned i = 0; i < NR_REGS; i++) {
		state.regs[i] = args_known && i >= 1 && i <= 5 ? caller->regs[i] : any;
	}
	return state;
}

static bool is_poison(const struct walk *walk, uint32_t i)
{
	const struct bpfl_insn *insn = &walk->prog->insts[i].insn;
	const struct bpfl_ref *ref = ref_of(walk, i);

	return insn->code == BPFL_CODE_CALL &&
	       ((bpfl_insn_src(insn) == 0 && insn->imm == BPFL_POISON_CORE_IMM) ||
		(ref && ref->kind == BPFL_REF_EXTERN &&
		 walk->checking->externs[ref->target_idx] == BPFL_PRESENCE_ABSENT));
}

static void call(struct walk *walk, uint32_t i, struct state *state)
{
	const struct bpfl_insn *insn = &walk->prog->insts[i].insn;
	struct value result = any;

	if (is_poison(walk, i)) {
		return; /* the verifier stops here */
	}
	if (bpfl_insn_is_subprog_call(insn) &&
	    !(ref_of(walk, i) && ref_of(walk, i)->kind == BPFL_REF_EXTERN)) {
		int64_t target = (int64_t)i + 1 + insn->imm;
		const struct function *function = function_at(walk, target);
		bool is_static = function && !function->is_global;
		struct state entry = entry_state(is_static, state);

		flow(walk, target, &entry);
		result = is_static ? function->result : any;
		if (result.kind == NOTHING) {
			return; /* it has not returned yet: exit_function() comes back here */
		}
	}
	state->regs[0] = result;
	for (unsigned reg = 1; reg <= 5; reg++) {
		state->regs[reg] = any;
	}
	flow(walk, (int64_t)i + 1, state);
}

static void exit_function(struct walk *walk, uint32_t i, const struct state *state)
{
	struct function *function = function_at(walk, i);

	if (!function) {
		return;
	}
	struct value joined = join(&function->result, &state->regs[0]);
	if (values_equal(&joined, &function->result)) {
		return;
	}
	function->result = joined;
	for (uint32_t c = 0; c < walk->prog->nr_insts; c++) {
		const struct bpfl_insn *insn = &walk->prog->insts[c].insn;

		if (walk->reached[c] && bpfl_insn_is_subprog_call(insn) &&
		    (int64_t)c + 1 + insn->imm == function->first) {
			push(walk, c);
		}
	}
}

/* ---- one instruction ---- */

static void jump(struct walk *walk, uint32_t i, const struct state *state)
{
	const struct bpfl_insn *insn = &walk->prog->insts[i].insn;
	struct value imm = number((uint64_t)(int64_t)insn->imm);
	const struct value *src = BPFL_SRC(insn->code) == BPFL_SRC_X ?
					  &state->regs[bpfl_insn_src(insn) % NR_REGS] :
					  &imm;
	int64_t next = (int64_t)i + 1;
	int taken;

	if (BPFL_OP(insn->code) == JMP_JA && BPFL_SRC(insn->code) == BPFL_SRC_X) {
		return; /* gotox: jump_table() has been there */
	}
	if (BPFL_OP(insn->code) == JMP_JA) {
		flow(walk,
		     next + (BPFL_CLASS(insn->code) == BPFL_CLASS_JMP32 ? insn->imm : insn->off),
		     state);
		return;
	}
	taken = decide(insn, &state->regs[bpfl_insn_dst(insn) % NR_REGS], src);
	if (taken != 0) {
		flow(walk, next + insn->off, state);
	}
	if (taken != 1) {
		flow(walk, next, state);
	}
}

#define ATOMIC_LOAD_ACQUIRE 0x100 /* Linux 6.15 */

/* Atomic instructions may bring the old value back: in r0 or in the source register, and an
 * acquiring load in its own. */
static void store(const struct bpfl_insn *insn, struct state *state)
{
	if (BPFL_CLASS(insn->code) != BPFL_CLASS_STX || BPFL_MODE(insn->code) != BPFL_MODE_ATOMIC) {
		return;
	}
	state->regs[0] = any;
	state->regs[bpfl_insn_src(insn) % NR_REGS] = any;
	if (insn->imm == ATOMIC_LOAD_ACQUIRE) {
		state->regs[bpfl_insn_dst(insn) % NR_REGS] = any;
	}
}

/* Whoever loads a jump table's address is about to jump to any of its places: nothing is known of registers there. */
static void jump_table(struct walk *walk, uint32_t i, const struct bpfl_jump_table *table)
{
	const struct function *function = function_at(walk, i);
	struct state entry = entry_state(false, NULL);

	for (uint32_t k = 0; function && k < table->nr_targets; k++)
		flow(walk, (int64_t)function->first + table->targets[k], &entry);
}

static void wide_load(struct walk *walk, uint32_t i, struct state *state)
{
	const struct bpfl_insn *insn = &walk->prog->insts[i].insn;

	if (!bpfl_insn_is_ld_imm64(insn)) { /* packet access of old: a call in disguise */
		for (unsigned reg = 0; reg <= 5; reg++) {
			state->regs[reg] = any;
		}
		flow(walk, (int64_t)i + 1, state);
		return;
	}
	const struct bpfl_ref *ref = ref_of(walk, i);
	if (ref && ref->kind == BPFL_REF_FUNC_ADDR) { /* a callback: some helper will call it */
		struct state entry = entry_state(false, state);

		flow(walk, (int64_t)i + 1 + insn->imm, &entry);
	}
	if (ref && ref->kind == BPFL_REF_JUMP_TABLE)
		jump_table(walk, i, &walk->checking->spec->jump_tables.items[ref->target_idx]);
	state->regs[bpfl_insn_dst(insn) % NR_REGS] = wide_value(walk, i);
	flow(walk, (int64_t)i + 2, state);
}

static void step(struct walk *walk, uint32_t i)
{
	const struct bpfl_insn *insn = &walk->prog->insts[i].insn;
	struct state state = walk->states[i];
	struct value *dst = &state.regs[bpfl_insn_dst(insn) % NR_REGS];
	struct value src = BPFL_SRC(insn->code) == BPFL_SRC_X ?
				   state.regs[bpfl_insn_src(insn) % NR_REGS] :
				   number((uint64_t)(int64_t)insn->imm);

	switch (BPFL_CLASS(insn->code)) {
	case BPFL_CLASS_LD: wide_load(walk, i, &state); return;
	case BPFL_CLASS_LDX:
		*dst = load(walk, insn, &state.regs[bpfl_insn_src(insn) % NR_REGS]);
		break;
	case BPFL_CLASS_ST:
	case BPFL_CLASS_STX: store(insn, &state); break;
	case BPFL_CLASS_ALU:
	case BPFL_CLASS_ALU64: *dst = arithmetic(insn, dst, &src); break;
	default:
		if (insn->code == BPFL_CODE_CALL) {
			call(walk, i, &state);
		} else if (insn->code == BPFL_CODE_EXIT) {
			exit_function(walk, i, &state);
		} else {
			jump(walk, i, &state);
		}
		return;
	}
	flow(walk, (int64_t)i + 1, &state);
}

/* ---- all of them ---- */

static void functions_fill(struct walk *walk)
{
	const struct bpfl_image_prog *prog = walk->prog;

	for (size_t i = 0; i < prog->subprogs.nr; i++) {
		const struct bpfl_subprog *subprog = &prog->subprogs.items[i];
		const struct bpfl_func *func =
			&walk->checking->spec->funcs.items[subprog->func_idx];

		walk->functions[i].first = subprog->insn_idx;
		walk->functions[i].end = subprog->insn_idx + subprog->nr_insns;
		walk->functions[i].is_global = i > 0 && !func->is_local && !func->is_hidden;
	}
	walk->nr_functions = prog->subprogs.nr;
}

static void walk_run(struct walk *walk)
{
	uint32_t version = bpfl_target_kernel_version(walk->checking->target);
	struct state entry = entry_state(false, NULL);

	functions_fill(walk);
	for (size_t i = 1; i < walk->nr_functions && version < BPFL_KERNEL_VERSION(6, 8, 0); i++) {
		if (walk->functions[i].is_global) {
			flow(walk, walk->functions[i].first, &entry);
		}
	}
	flow(walk, 0, &entry);
	while (walk->nr_todo > 0) {
		uint32_t i = walk->todo[--walk->nr_todo];

		walk->is_todo[i] = false;
		step(walk, i);
	}
}

int bpfl_check_reach(const struct bpfl_checking *checking, const struct bpfl_image_prog *prog,
		     bool *ret_reached)
{
	struct walk walk = { .checking = checking, .prog = prog, .reached = ret_reached };
	int result = -ENOMEM;

	if (prog->nr_insts == 0 || prog->nr_insts > INSTS_MAX) {
		memset(ret_reached, true, prog->nr_insts);
		return 0;
	}
	walk.states = calloc(prog->nr_insts, sizeof(*walk.states));
	walk.todo = calloc(prog->nr_insts, sizeof(*walk.todo));
	walk.is_todo = calloc(prog->nr_insts, sizeof(*walk.is_todo));
	walk.functions = calloc(prog->subprogs.nr + 1, sizeof(*walk.functions));
	if (walk.states && walk.todo && walk.is_todo && walk.functions) {
		walk_run(&walk);
		result = 0;
	}
	free(walk.functions);
	free(walk.is_todo);
	free(walk.todo);
	free(walk.states);
	return result;
}
