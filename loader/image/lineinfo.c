/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * image/lineinfo: which function and which source line each place of the final stream belongs to.
 *
 * Both tables travel with the program: the kernel prints source lines in the verifier log, knows a callback's
 * prototype, and gives functions their names in stack traces. Its rules (check_btf_func and
 * check_btf_line, 5.0) are all-or-nothing:
 *
 * - func_info has exactly one record per function, in rising order, the first at instruction 0;
 * - line_info rises too, points at no second half of a 64-bit load, and has a record at the first instruction
 * of each function.
 *
 * So a table that cannot be complete is left out with a warning. libbpf refuses an object whose main function
 * has a record and whose subprogram has none; but such objects come out of strip tools and linkers, the table
 * is only a help, and where the kernel really needs it (callbacks) the verifier says so itself.
 */
#include "image/passes.h"

#include "base/text.h"

/* The second half of an ld_imm64 is no place of its own for the kernel. */
static bool inst_is_second_half(const struct bpfl_inst *insts, uint32_t idx)
{
	return idx > 0 && bpfl_insn_is_ld_imm64(&insts[idx - 1].insn) && insts[idx].insn.code == 0;
}

static int func_info_make(struct bpfl_image *image, struct bpfl_image_prog *prog, const struct bpfl_log *log,
			  struct bpfl_error *err)
{
	const struct bpfl_spec *spec = image->spec;

	for (size_t i = 0; i < prog->subprogs.nr; i++) {
		const struct bpfl_func *func = &spec->funcs.items[prog->subprogs.items[i].func_idx];

		if (func->btf_func_id == 0) {
			if (i > 0) {
				bpfl_log_line(log, BPFL_LOG_WARN,
					      "program '%s': function '%s' has no func_info record, so none "
					      "is passed to the kernel",
					      BPFL_ESC(spec->progs.items[prog->prog_idx].name),
					      BPFL_ESC(func->name));
			}
			prog->func_info.nr = 0;
			return 0;
		}
		struct bpfl_func_info *info = BPFL_VEC_PUSH(&prog->func_info);
		if (!info)
			return bpfl_error_nomem(err);
		*info = (struct bpfl_func_info){ prog->subprogs.items[i].insn_idx, func->btf_func_id };
	}
	return 0;
}

static int line_push(struct bpfl_image_prog *prog, uint32_t insn_idx, const struct bpfl_line *line)
{
	struct bpfl_line_info *info = BPFL_VEC_PUSH(&prog->line_info);

	if (!info)
		return -1;
	*info = (struct bpfl_line_info){ insn_idx, line->file_name_off, line->line_off, line->line_col };
	return 0;
}

/* The lines of one function. ret_nr: how many there were. */
static int func_lines_make(const struct bpfl_spec *spec, struct bpfl_image_prog *prog,
			   const struct bpfl_subprog *subprog, uint32_t *ret_nr, struct bpfl_error *err)
{
	uint32_t nr = 0;

	for (uint32_t i = subprog->insn_idx; i < subprog->insn_idx + subprog->nr_insns; i++) {
		if (prog->insts[i].line_idx == BPFL_NO_IDX || inst_is_second_half(prog->insts, i))
			continue;
		const struct bpfl_line *line = &spec->lines.items[prog->insts[i].line_idx];
		/* A function whose first line begins later gets that line from its first instruction on. */
		if (line_push(prog, nr == 0 ? subprog->insn_idx : i, line) < 0)
			return bpfl_error_nomem(err);
		nr++;
	}
	*ret_nr = nr;
	return 0;
}

static int line_info_make(struct bpfl_image *image, struct bpfl_image_prog *prog, const struct bpfl_log *log,
			  struct bpfl_error *err)
{
	const struct bpfl_spec *spec = image->spec;
	size_t nr_max = 0;

	for (uint32_t i = 0; i < prog->nr_insts; i++)
		nr_max += prog->insts[i].line_idx != BPFL_NO_IDX;
	if (!BPFL_VEC_RESERVE(&prog->line_info, nr_max))
		return bpfl_error_nomem(err);
	for (size_t i = 0; i < prog->subprogs.nr; i++) {
		const struct bpfl_subprog *subprog = &prog->subprogs.items[i];
		uint32_t nr_lines = 0;
		int result = func_lines_make(spec, prog, subprog, &nr_lines, err);

		if (result < 0)
			return result;
		if (nr_lines == 0) {
			if (i > 0) {
				bpfl_log_line(log, BPFL_LOG_WARN,
					      "program '%s': function '%s' has no source lines, so none are "
					      "passed to the kernel",
					      BPFL_ESC(spec->progs.items[prog->prog_idx].name),
					      BPFL_ESC(spec->funcs.items[subprog->func_idx].name));
			}
			prog->line_info.nr = 0;
			return 0;
		}
	}
	return 0;
}

int bpfl_image_lineinfo(struct bpfl_image *image, const struct bpfl_log *log, struct bpfl_error *err)
{
	int result = 0;

	/* Both tables speak of the object's BTF: without it there is nothing that they could point into. */
	for (size_t i = 0; i < image->nr_progs && image->spec->btf && result == 0; i++) {
		result = func_info_make(image, &image->progs[i], log, err);
		if (result == 0)
			result = line_info_make(image, &image->progs[i], log, err);
	}
	return result;
}
