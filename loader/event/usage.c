/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * event/usage.c: which records go through a map? See usage.h.
 *
 * For each call of a helper that sends, the registers with the map and the size are followed backwards: "r2 =
 * 40" is a constant, "r1 = map ll" a map, "r1 = r6" goes on with r6. Compilers write these just before the
 * call, so a walk in a straight line is enough for nearly all code. It is a guess about the type of an event,
 * not a proof, so it is careful where it could be wrong:
 * a size that a jump leads past (two ways, two values) counts as unknown; a call in between destroys r1 to r5.
 */
#include "event/usage.h"

#include <stdlib.h>
#include <string.h>

static const struct sender {
	int32_t helper;
	uint8_t map_reg, size_reg; /* size 0: reads the counters in a perf event array */
} senders[] = {
	{ 25, 2, 5 },  /* perf_event_output(ctx, map, flags, data, size), 4.4 */
	{ 111, 2, 5 }, /* skb_output, 5.5 */
	{ 121, 2, 5 }, /* xdp_output, 5.6 */
	{ 130, 1, 3 }, /* ringbuf_output(map, data, size, flags), 5.8 */
	{ 131, 1, 2 }, /* ringbuf_reserve(map, size, flags) */
	{ 198, 1, 2 }, /* ringbuf_reserve_dynptr(map, size, flags, ptr), 5.19 */
	{ 22, 1, 0 },  /* perf_event_read(map, flags), 4.3: sends nothing */
	{ 55, 1, 0 },  /* perf_event_read_value(map, flags, buf, size), 4.15 */
};

static const struct sender *sender_of(const struct bpfl_insn *insn)
{
	if (insn->code != BPFL_CODE_CALL || bpfl_insn_src(insn) != 0)
		return NULL;
	for (size_t i = 0; i < sizeof(senders) / sizeof(senders[0]); i++) {
		if (senders[i].helper == insn->imm)
			return &senders[i];
	}
	return NULL;
}

/* Whether an instruction writes a register. Calls write r0 and leave nothing in r1 to r5. */
static bool writes(const struct bpfl_insn *insn, unsigned reg)
{
	switch (BPFL_CLASS(insn->code)) {
	case BPFL_CLASS_ALU:
	case BPFL_CLASS_ALU64:
	case BPFL_CLASS_LD:
	case BPFL_CLASS_LDX:
		return bpfl_insn_dst(insn) == reg;
	case BPFL_CLASS_JMP:
		return insn->code == BPFL_CODE_CALL && reg <= 5;
	default:
		return false; /* an atomic operation can return a value, but no map and no constant */
	}
}

#define CODE_MOV64_X 0xbf
#define CODE_MOV32_K 0xb4
#define RB_NO_WAKEUP 1

/*
 * The instruction that gave reg its value at inst_idx; moves between registers are followed. NULL: not found in
 * a straight line.
 * ret_joined: another way of the program leads in between.
 */
static const struct bpfl_inst *origin(const struct bpfl_func *func, const bool *is_target, uint32_t inst_idx,
				      unsigned reg, bool *ret_joined)
{
	*ret_joined = false;
	for (uint32_t i = inst_idx; i-- > 0;) {
		const struct bpfl_inst *inst = &func->insts[i];

		if (is_target[i + 1])
			*ret_joined = true;
		if (inst->insn.code == 0 || !writes(&inst->insn, reg)) /* 0: second half of ld_imm64 */
			continue;
		if (inst->insn.code != CODE_MOV64_X)
			return inst;
		reg = bpfl_insn_src(&inst->insn);
	}
	return NULL;
}

static void add_size(struct bpfl_map_usage *usage, const struct bpfl_inst *inst, bool joined)
{
	bool is_constant = inst && !joined &&
			   (inst->insn.code == BPFL_CODE_MOV64_K || inst->insn.code == CODE_MOV32_K) &&
			   inst->insn.imm > 0;

	for (unsigned i = 0; is_constant && i < usage->nr_sizes; i++) {
		if (usage->sizes[i] == (uint32_t)inst->insn.imm)
			return;
	}
	if (!is_constant || usage->nr_sizes == BPFL_USAGE_SIZES_MAX)
		usage->any_size = true;
	else
		usage->sizes[usage->nr_sizes++] = (uint32_t)inst->insn.imm;
}

static bool is_map(const struct bpfl_spec *spec, const struct bpfl_inst *inst, uint32_t map_idx)
{
	const struct bpfl_ref *ref;

	if (!inst || inst->ref_idx < 0)
		return false;
	ref = &spec->refs.items[inst->ref_idx];
	return ref->kind == BPFL_REF_MAP && ref->target_idx == map_idx;
}

static void mark_jump_table(const struct bpfl_jump_table *table, const struct bpfl_func *func, bool *is_target)
{
	for (uint32_t i = 0; i < table->nr_targets; i++) {
		if (table->targets[i] < func->nr_insts)
			is_target[table->targets[i]] = true;
	}
}

/* Instructions that a jump leads to. */
static void mark_targets(const struct bpfl_spec *spec, const struct bpfl_func *func, bool *is_target)
{
	for (uint32_t i = 0; i < func->nr_insts; i++) {
		const struct bpfl_insn *insn = &func->insts[i].insn;
		int32_t ref_idx = func->insts[i].ref_idx;
		const struct bpfl_ref *ref = ref_idx < 0 ? NULL : &spec->refs.items[ref_idx];
		unsigned class = BPFL_CLASS(insn->code);
		bool is_jump = (class == BPFL_CLASS_JMP || class == BPFL_CLASS_JMP32) && insn->code != BPFL_CODE_CALL &&
			       insn->code != BPFL_CODE_EXIT;
		/* "gotol" (6.4) is the unconditional jump of the 32-bit class and has its distance in imm. */
		int64_t distance = insn->code == 0x06 ? insn->imm : insn->off;
		int64_t target = (int64_t)i + 1 + distance;

		if (is_jump && target >= 0 && target < func->nr_insts)
			is_target[target] = true;
		if (ref && ref->kind == BPFL_REF_JUMP_TABLE)
			mark_jump_table(&spec->jump_tables.items[ref->target_idx], func, is_target);
	}
}

/* What the programs do with a map besides sending. */
struct other_use {
	bool any, is_read;
};

static void read_func(const struct bpfl_spec *spec, const struct bpfl_func *func, uint32_t map_idx, bool *is_target,
		      struct bpfl_map_usage *usage, struct other_use *other)
{
	bool has_targets = false, joined;

	for (uint32_t i = 0; i < func->nr_insts; i++) {
		const struct sender *sender = sender_of(&func->insts[i].insn);

		other->any |= is_map(spec, &func->insts[i], map_idx);
		if (!sender)
			continue;
		if (!has_targets) {
			memset(is_target, 0, (size_t)func->nr_insts + 1);
			mark_targets(spec, func, is_target);
			has_targets = true;
		}
		if (!is_map(spec, origin(func, is_target, i, sender->map_reg, &joined), map_idx))
			continue;
		if (sender->size_reg == 0) {
			other->is_read = true;
			continue;
		}
		usage->sends = true;
		const struct bpfl_inst *size = origin(func, is_target, i, sender->size_reg, &joined);
		add_size(usage, size, joined);
	}
}

/* Calls that make a record visible, and the register with their flags. */
static unsigned flags_reg(const struct bpfl_insn *insn)
{
	if (insn->code != BPFL_CODE_CALL || bpfl_insn_src(insn) != 0)
		return 0;
	switch (insn->imm) {
	case 130: /* ringbuf_output(map, data, size, flags), 5.8 */
		return 4;
	case 132: /* ringbuf_submit(record, flags) */
	case 133: /* ringbuf_discard(record, flags) */
	case 199: /* ringbuf_submit_dynptr(ptr, flags), 5.19 */
	case 200: /* ringbuf_discard_dynptr(ptr, flags) */
		return 2;
	default:
		return 0;
	}
}

static bool is_silent(const struct bpfl_spec *spec, const struct bpfl_func *func, bool *is_target)
{
	const struct bpfl_inst *inst;
	bool joined;

	mark_targets(spec, func, is_target);
	for (uint32_t i = 0; i < func->nr_insts; i++) {
		unsigned reg = flags_reg(&func->insts[i].insn);

		if (reg == 0)
			continue;
		inst = origin(func, is_target, i, reg, &joined);
		if (!inst || joined || (inst->insn.code != BPFL_CODE_MOV64_K && inst->insn.code != CODE_MOV32_K) ||
		    inst->insn.imm & RB_NO_WAKEUP)
			return true;
	}
	return false;
}

bool bpfl_usage_is_silent(const struct bpfl_spec *spec)
{
	bool ret = false;

	for (size_t f = 0; f < spec->funcs.nr && !ret; f++) {
		const struct bpfl_func *func = &spec->funcs.items[f];
		bool *is_target = calloc((size_t)func->nr_insts + 1, sizeof(*is_target));

		ret = !is_target || is_silent(spec, func, is_target);
		free(is_target);
	}
	return ret;
}

void bpfl_map_usage_read(const struct bpfl_spec *spec, uint32_t map_idx, struct bpfl_map_usage *ret_usage)
{
	struct other_use other = { false, false };
	uint32_t nr_max = 0;
	bool *is_target;

	memset(ret_usage, 0, sizeof(*ret_usage));
	for (size_t f = 0; f < spec->funcs.nr; f++) {
		if (spec->funcs.items[f].nr_insts > nr_max)
			nr_max = spec->funcs.items[f].nr_insts;
	}
	is_target = calloc((size_t)nr_max + 1, sizeof(*is_target));
	if (!is_target) {
		ret_usage->any_size = true; /* nothing is known then */
		return;
	}
	for (size_t f = 0; f < spec->funcs.nr; f++)
		read_func(spec, &spec->funcs.items[f], map_idx, is_target, ret_usage, &other);
	/* Used somehow that cannot be traced: a map that is chosen at run time, or handed to a function. */
	ret_usage->sends |= other.any && !other.is_read;
	free(is_target);
}
