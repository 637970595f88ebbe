/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * image/refs: references to maps -> instructions that lack nothing but a file descriptor.
 *
 * "ld_imm64 rN = map" becomes pseudo source 1 (map fd), "ld_imm64 rN = address of a variable" pseudo source 2
 * (map value) with the place of the variable in the second half. The descriptor itself goes into the first
 * half once the map lives: a fixup says where. Whatever stood in the immediates of the file is overwritten:
 * the spec has worked the addend into the reference.
 *
 * A jump table is such an address too: of the first place in a map that is made for this program alone, because the
 * places are numbers of its instructions (REL-14).
 */
#include "image/passes.h"

#include <errno.h>
#include <stdlib.h>
#include "base/text.h"

static int fixup_add(struct bpfl_image_prog *prog, uint32_t insn_idx, enum bpfl_fixup_kind kind, uint32_t idx)
{
	struct bpfl_fixup *fixup = BPFL_VEC_PUSH(&prog->fixups);

	if (!fixup)
		return -ENOMEM;
	*fixup = (struct bpfl_fixup){ insn_idx, kind, idx };
	return 0;
}

static int load_check(const struct bpfl_image_prog *prog, uint32_t insn_idx, const char *what, const char *name,
		      struct bpfl_error *err)
{
	const struct bpfl_insn *insn = &prog->insts[insn_idx].insn;

	if (bpfl_insn_is_ld_imm64(insn) && insn_idx + 1 < prog->nr_insts)
		return 0;
	return bpfl_error_set(err, BPFL_ERR_OBJECT, EINVAL,
			      "instruction %u refers to %s '%s' but is no 64-bit load (opcode 0x%02x)", insn_idx, what,
			      BPFL_ESC(name), insn->code);
}

static void load_set(struct bpfl_inst *inst, unsigned pseudo_src, uint32_t byte_off)
{
	inst->insn.regs = bpfl_insn_regs(bpfl_insn_dst(&inst->insn), pseudo_src);
	inst->insn.imm = 0;
	inst[1].insn.imm = (int32_t)byte_off;
}

static int map_resolve(struct bpfl_image *image, struct bpfl_image_prog *prog, uint32_t insn_idx,
		       const struct bpfl_ref *ref, struct bpfl_error *err)
{
	bool is_value = ref->kind == BPFL_REF_DATA;
	const struct bpfl_image_map *map = &image->maps[ref->target_idx];
	int result = load_check(prog, insn_idx, "map", image->spec->maps.items[ref->target_idx].name, err);

	if (result < 0)
		return result;
	load_set(&prog->insts[insn_idx], is_value ? BPFL_PSEUDO_MAP_VALUE : BPFL_PSEUDO_MAP_FD,
		 is_value ? (uint32_t)(map->data_off + ref->byte_off) : 0);
	if (fixup_add(prog, insn_idx, is_value ? BPFL_FIXUP_MAP_VALUE : BPFL_FIXUP_MAP_FD, ref->target_idx) < 0)
		return bpfl_error_nomem(err);
	return 0;
}

/* ---- jump tables ---- */

struct resolver {
	struct bpfl_image *image;
	struct bpfl_error *err;
	/* per table of the spec: where it may be among those of the program at hand; compared before it is believed */
	uint32_t *jump_slots;
};

/* The program's own number of a table. -ENOMEM. */
static int jump_slot(struct resolver *res, struct bpfl_image_prog *prog, struct bpfl_image_jump_table wanted,
		     uint32_t *ret_slot)
{
	uint32_t *slot = &res->jump_slots[wanted.table_idx];
	const struct bpfl_image_jump_table *there = prog->jump_tables.items + *slot;
	struct bpfl_image_jump_table *table;

	if (*slot >= prog->jump_tables.nr || there->table_idx != wanted.table_idx ||
	    there->insn_idx != wanted.insn_idx) {
		table = BPFL_VEC_PUSH(&prog->jump_tables);
		if (!table)
			return -ENOMEM;
		*table = wanted;
		*slot = (uint32_t)prog->jump_tables.nr - 1;
	}
	*ret_slot = *slot;
	return 0;
}

static int jump_resolve(struct resolver *res, struct bpfl_image_prog *prog, uint32_t insn_idx, uint32_t table_idx,
			uint32_t func_insn_idx)
{
	const struct bpfl_jump_table *table = &res->image->spec->jump_tables.items[table_idx];
	uint32_t slot = 0;
	int result = load_check(prog, insn_idx, "jump table", table->name, res->err);

	if (result < 0)
		return result;
	load_set(&prog->insts[insn_idx], BPFL_PSEUDO_MAP_VALUE, 0);
	if (jump_slot(res, prog, (struct bpfl_image_jump_table){ table_idx, func_insn_idx }, &slot) < 0 ||
	    fixup_add(prog, insn_idx, BPFL_FIXUP_JUMP_TABLE, slot) < 0)
		return bpfl_error_nomem(res->err);
	return 0;
}

/* ---- all of them ---- */

static int prog_resolve(struct resolver *res, struct bpfl_image_prog *prog)
{
	size_t subprog = 0;
	int result = 0;

	for (uint32_t k = 0; k < prog->nr_insts && result == 0; k++) {
		if (prog->insts[k].ref_idx == BPFL_NO_IDX)
			continue;
		const struct bpfl_ref *ref = &res->image->spec->refs.items[prog->insts[k].ref_idx];

		while (subprog + 1 < prog->subprogs.nr && prog->subprogs.items[subprog + 1].insn_idx <= k)
			subprog++;
		if (ref->kind == BPFL_REF_MAP || ref->kind == BPFL_REF_DATA)
			result = map_resolve(res->image, prog, k, ref, res->err);
		else if (ref->kind == BPFL_REF_JUMP_TABLE)
			result = jump_resolve(res, prog, k, ref->target_idx, prog->subprogs.items[subprog].insn_idx);
		/* functions: subprog.c; externs: extern.c */
	}
	return result;
}

int bpfl_image_refs(struct bpfl_image *image, struct bpfl_error *err)
{
	const struct bpfl_spec *spec = image->spec;
	struct resolver res = { image, err, calloc(spec->jump_tables.nr + 1, sizeof(*res.jump_slots)) };
	int result = res.jump_slots ? 0 : bpfl_error_nomem(err);

	for (size_t i = 0; i < image->nr_progs && result == 0; i++) {
		result = prog_resolve(&res, &image->progs[i]);
		if (result < 0)
			bpfl_error_prefix(err, "program '%s'",
					  BPFL_ESC(spec->progs.items[image->progs[i].prog_idx].name));
	}
	free(res.jump_slots);
	return result;
}
