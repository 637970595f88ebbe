/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * image/refs: references to maps -> instructions that lack nothing but a file descriptor.
 *
 * "ld_imm64 rN = map" becomes pseudo source 1 (map fd), "ld_imm64 rN = address of a variable" pseudo source 2
 * (map value) with the place of the variable in the second half. The descriptor itself goes into the first
 * half once the map lives: a fixup says where. Whatever stood in the immediates of the file is overwritten:
 * the spec has worked the addend into the reference.
 */
#include "image/passes.h"

#include <errno.h>
#include "base/text.h"

static int fixup_add(struct bpfl_image_prog *prog, uint32_t insn_idx, enum bpfl_fixup_kind kind, uint32_t idx)
{
	struct bpfl_fixup *fixup = BPFL_VEC_PUSH(&prog->fixups);

	if (!fixup)
		return -ENOMEM;
	*fixup = (struct bpfl_fixup){ insn_idx, kind, idx };
	return 0;
}

static int ref_resolve(struct bpfl_image *image, struct bpfl_image_prog *prog, uint32_t insn_idx,
		       const struct bpfl_ref *ref, struct bpfl_error *err)
{
	bool is_value = ref->kind == BPFL_REF_DATA;
	struct bpfl_inst *inst = &prog->insts[insn_idx];

	if (!bpfl_insn_is_ld_imm64(&inst->insn) || insn_idx + 1 >= prog->nr_insts) {
		return bpfl_error_set(
			err, BPFL_ERR_OBJECT, EINVAL,
			"instruction %u refers to map '%s' but is no 64-bit load (opcode 0x%02x)", insn_idx,
			BPFL_ESC(image->spec->maps.items[ref->target_idx].name), inst->insn.code);
	}
	inst->insn.regs = bpfl_insn_regs(bpfl_insn_dst(&inst->insn),
					 is_value ? BPFL_PSEUDO_MAP_VALUE : BPFL_PSEUDO_MAP_FD);
	inst->insn.imm = 0;
	inst[1].insn.imm = is_value ? (int32_t)(image->maps[ref->target_idx].data_off + ref->byte_off) : 0;
	if (fixup_add(prog, insn_idx, is_value ? BPFL_FIXUP_MAP_VALUE : BPFL_FIXUP_MAP_FD, ref->target_idx) <
	    0)
		return bpfl_error_nomem(err);
	return 0;
}

int bpfl_image_refs(struct bpfl_image *image, struct bpfl_error *err)
{
	const struct bpfl_spec *spec = image->spec;

	for (size_t i = 0; i < image->nr_progs; i++) {
		struct bpfl_image_prog *prog = &image->progs[i];

		for (uint32_t k = 0; k < prog->nr_insts; k++) {
			if (prog->insts[k].ref_idx == BPFL_NO_IDX)
				continue;
			const struct bpfl_ref *ref = &spec->refs.items[prog->insts[k].ref_idx];
			if (ref->kind != BPFL_REF_MAP && ref->kind != BPFL_REF_DATA)
				continue; /* functions: subprog.c; externs: extern.c */
			int result = ref_resolve(image, prog, k, ref, err);
			if (result < 0) {
				bpfl_error_prefix(err, "program '%s'",
						  BPFL_ESC(spec->progs.items[prog->prog_idx].name));
				return result;
			}
		}
	}
	return 0;
}
