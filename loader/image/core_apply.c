// SPDX-License-Identifier: BSD-2-Clause
/*
 * image/core_apply: CO-RE numbers into instructions.
 *
 * In: flat programs and the answers of core_solve.c. Out: the same programs, patched, and a
 * sentence for each relocation.
 *
 * A number can stand in three places: the immediate of an ALU instruction, the offset of a load or
 * store, and the 64 bits of an ld_imm64. Before it is overwritten, the old number is compared with
 * what the object's own types say: when these differ, the record belongs to another instruction,
 * and patching would break a program silently.
 *
 * A load whose field has another width in the kernel is changed to that width where that is right:
 * pointers and unsigned integers are zero-extended, whatever their width. In all other cases, and
 * whenever the kernel has no answer at all, the instruction is replaced by a call of a function
 * that does not exist. That is harmless in code that the verifier finds to be dead (the program
 * asked bpf_core_field_exists() first, say), and stops the program from loading otherwise. Nothing
 * is read that was not meant.
 */
#include "image/core.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "image/core_match.h"

/* Where an instruction keeps a number. */
enum form { FORM_NONE, FORM_IMM, FORM_OFF, FORM_IMM64 };

/* One relocation at work. */
struct patch {
	const struct bpfl_spec *spec;
	const struct bpfl_image *image;
	const struct bpfl_core_query *query;
	struct bpfl_core_user user;
	struct bpfl_insn *insn, *second; /* second half of ld_imm64, else NULL */
	enum form form;
	uint64_t value;       /* to be written */
	const char *obstacle; /* why it is poisoned although the kernel has an answer */
};

static enum form form_of(const struct bpfl_insn *insn)
{
	switch (BPFL_CLASS(insn->code)) {
	case BPFL_CLASS_ALU:
	case BPFL_CLASS_ALU64:
		return BPFL_SRC(insn->code) == BPFL_SRC_K ? FORM_IMM : FORM_NONE;
	case BPFL_CLASS_LDX:
	case BPFL_CLASS_ST:
	case BPFL_CLASS_STX:
		return FORM_OFF;
	case BPFL_CLASS_LD:
		return bpfl_insn_is_ld_imm64(insn) && bpfl_insn_src(insn) == 0 ? FORM_IMM64
									       : FORM_NONE;
	default:
		return FORM_NONE;
	}
}

static int patch_fail(const struct patch *patch, int32_t core_idx, int result,
		      struct bpfl_error *err)
{
	bpfl_core_prefix(patch->spec, patch->image, patch->user, (uint32_t)core_idx, err);
	return result;
}

/* ---- the old number ---- */

static uint64_t old_imm64(const struct patch *patch)
{
	return (uint64_t)(uint32_t)patch->second->imm << 32 | (uint32_t)patch->insn->imm;
}

/* Whether the upper half is no more than an extension of the lower one. */
static bool upper_half_is_empty(uint64_t value)
{
	return value <= UINT32_MAX || (int64_t)value == (int32_t)value;
}

static bool old_value_fits(const struct patch *patch)
{
	const struct bpfl_core_value *local = &patch->query->answer.local;

	switch (patch->form) {
	case FORM_IMM:
		return (uint32_t)patch->insn->imm == (uint32_t)local->value;
	case FORM_OFF:
		return patch->insn->off >= 0 && (uint64_t)patch->insn->off == local->value;
	default:
		break;
	}
	if (patch->query->kind != BPFL_CORE_ENUM_VALUE || local->width_bytes == 8) {
		return old_imm64(patch) == local->value;
	}
	/* A 32-bit enumerator may be extended with its sign or without; of an 8-byte enum in old
	 * BTF the lower half is known. */
	return (uint32_t)patch->insn->imm == (uint32_t)local->value &&
	       (local->width_bytes == 0 || upper_half_is_empty(old_imm64(patch)));
}

static int old_value_check(const struct patch *patch, struct bpfl_error *err)
{
	const struct bpfl_core_value *local = &patch->query->answer.local;
	int64_t old = patch->form == FORM_OFF   ? patch->insn->off
		      : patch->form == FORM_IMM ? patch->insn->imm
						: (int64_t)old_imm64(patch);

	if (!local->sure || old_value_fits(patch)) {
		return 0;
	}
	return bpfl_error_set(err, BPFL_ERR_OBJECT, EINVAL,
			      "the instruction (opcode 0x%02x) holds %" PRId64
			      " where the object's types give %" PRId64,
			      patch->insn->code, old, (int64_t)local->value);
}

/* ---- obstacles ---- */

static uint32_t access_bytes(uint8_t code)
{
	switch (BPFL_SIZE(code)) {
	case BPFL_SIZE_B:
		return 1;
	case BPFL_SIZE_H:
		return 2;
	case BPFL_SIZE_W:
		return 4;
	default:
		return 8;
	}
}

/* The opcode's size bits for a width; -1 for widths that no instruction has. */
static int size_bits(uint32_t bytes)
{
	switch (bytes) {
	case 1:
		return BPFL_SIZE_B;
	case 2:
		return BPFL_SIZE_H;
	case 4:
		return BPFL_SIZE_W;
	case 8:
		return BPFL_SIZE_DW;
	default:
		return -1;
	}
}

/* A store of a negative constant fills a wider field with ones, where the program meant as many as
 * fitted its own. */
static bool constant_would_spread(const struct bpfl_insn *insn, uint32_t old_bytes,
				  uint32_t new_bytes)
{
	return BPFL_CLASS(insn->code) == BPFL_CLASS_ST && insn->imm < 0 && new_bytes > old_bytes;
}

/* Gives a load or store the width of the kernel's field. Returns the obstacle, or NULL. */
static const char *width_adjust(struct patch *patch)
{
	const struct bpfl_core_answer *answer = &patch->query->answer;
	const struct bpfl_core_value *local = &answer->local, *now = &answer->now;

	if (local->is_bitfield) {
		/* The compiler's own code cuts the bits out of what is loaded, with shifts that no
		 * record speaks of. */
		return now->bit_in == local->bit_in && now->bit_size == local->bit_size
			       ? NULL
			       : "its bits have moved, and the program reads them without BPF_CORE_READ_BITFIELD()";
	}
	if (now->is_bitfield) {
		return "it is a bit-field there, and the program reads it without BPF_CORE_READ_BITFIELD()";
	}
	if (now->width_bytes == local->width_bytes) {
		return NULL;
	}
	if (!bpfl_core_width_adjustable(patch->spec->btf, local, answer->target, now)) {
		return "it has another size there, and only pointers and unsigned integers can be read with another width";
	}
	if (access_bytes(patch->insn->code) != local->width_bytes ||
	    size_bits(now->width_bytes) < 0 || BPFL_MODE(patch->insn->code) != BPFL_MODE_MEM ||
	    constant_would_spread(patch->insn, local->width_bytes, now->width_bytes)) {
		return "it has another size there, which this instruction cannot follow";
	}
	patch->insn->code = (uint8_t)((patch->insn->code & ~BPFL_SIZE_DW) |
				      size_bits(now->width_bytes));
	return NULL;
}

static const char *off_obstacle(struct patch *patch)
{
	if (patch->value > INT16_MAX) {
		return "it is too far from the start for the offset of a load or store (at most 32767)";
	}
	return patch->query->kind == BPFL_CORE_FIELD_BYTE_OFF ? width_adjust(patch) : NULL;
}

/* ALU64 extends its 32 bits with the sign, ALU with zeroes. */
static const char *imm_obstacle(const struct patch *patch)
{
	bool fits = (int64_t)patch->value == (int32_t)patch->value ||
		    (BPFL_CLASS(patch->insn->code) == BPFL_CLASS_ALU && patch->value <= UINT32_MAX);

	return fits ? NULL : "the number does not fit the 32 bits of the instruction";
}

static const char *imm64_obstacle(struct patch *patch)
{
	const struct bpfl_core_answer *answer = &patch->query->answer;
	uint64_t old = old_imm64(patch);

	if (patch->query->kind != BPFL_CORE_ENUM_VALUE || answer->now.width_bytes == 8) {
		return NULL;
	}
	if (answer->now.width_bytes == 0 && !upper_half_is_empty(old)) {
		return "its BTF keeps only 32 of the 64 bits";
	}
	/* BTF before Linux 6.0 does not say whether an enum is signed, but the compiler knew:
	 * extend as it did. */
	bool was_zero_extended = (int32_t)(uint32_t)old < 0 && old <= UINT32_MAX;
	if (was_zero_extended) {
		patch->value = (uint32_t)patch->value;
	}
	return NULL;
}

static const char *obstacle_find(struct patch *patch)
{
	switch (patch->form) {
	case FORM_IMM:
		return imm_obstacle(patch);
	case FORM_OFF:
		return off_obstacle(patch);
	default:
		return imm64_obstacle(patch);
	}
}

/* ---- the new number ---- */

/* Both halves of ld_imm64: a second half without its first is what the verifier would complain
 * about instead (G-32). */
static void poison_write(struct patch *patch)
{
	struct bpfl_insn poison = bpfl_insn_make(BPFL_CODE_CALL, 0, 0, 0, BPFL_POISON_CORE_IMM);

	*patch->insn = poison;
	if (patch->second) {
		*patch->second = poison;
	}
}

static void value_write(struct patch *patch)
{
	switch (patch->form) {
	case FORM_OFF:
		patch->insn->off = (int16_t)patch->value;
		break;
	case FORM_IMM64:
		patch->second->imm = (int32_t)(uint32_t)(patch->value >> 32);
		/* fall through */
	default:
		patch->insn->imm = (int32_t)(uint32_t)patch->value;
		break;
	}
}

/* Checks that the instruction is one that a compiler marks, then writes. */
static int patch_write(struct patch *patch, struct bpfl_inst *insts, uint32_t nr_insts,
		       struct bpfl_error *err)
{
	uint32_t i = patch->user.insn_idx;

	patch->insn = &insts[i].insn;
	patch->form = form_of(patch->insn);
	if (patch->form == FORM_NONE) {
		return bpfl_error_set(
			err, BPFL_ERR_OBJECT, EINVAL,
			"the instruction (opcode 0x%02x) has no place for a number: "
			"expected an ALU instruction with an immediate, a load, a store or ld_imm64",
			patch->insn->code);
	}
	if (patch->form == FORM_IMM64) {
		if (i + 1 >= nr_insts || insts[i + 1].insn.code != 0) {
			return bpfl_error_set(err, BPFL_ERR_OBJECT, EINVAL,
					      "ld_imm64 without its second half");
		}
		patch->second = &insts[i + 1].insn;
	}
	int result = old_value_check(patch, err);
	if (result < 0) {
		return result;
	}
	patch->value = patch->query->answer.now.value;
	if (patch->query->answer.poison) {
		poison_write(patch);
		return 0;
	}
	patch->obstacle = obstacle_find(patch);
	if (patch->obstacle) {
		poison_write(patch);
	} else {
		value_write(patch);
	}
	return 0;
}

/* ---- words ---- */

/* What the number is, between the path and "8 -> 16". */
static const char *const number_words[BPFL_CORE_NR_KINDS] = {
	[BPFL_CORE_FIELD_BYTE_OFF] = "byte",         [BPFL_CORE_FIELD_BYTE_SIZE] = "size",
	[BPFL_CORE_FIELD_EXISTS] = "exists",         [BPFL_CORE_FIELD_SIGNED] = "signed",
	[BPFL_CORE_FIELD_LSHIFT_U64] = "left shift", [BPFL_CORE_FIELD_RSHIFT_U64] = "right shift",
	[BPFL_CORE_TYPE_ID_LOCAL] = "local type id", [BPFL_CORE_TYPE_ID_TARGET] = "kernel type id",
	[BPFL_CORE_TYPE_EXISTS] = "exists",          [BPFL_CORE_TYPE_SIZE] = "size",
	[BPFL_CORE_ENUM_EXISTS] = "exists",          [BPFL_CORE_ENUM_VALUE] = "value",
	[BPFL_CORE_TYPE_MATCHES] = "matches",
};

/* "struct task_struct.pid (0:81): byte 2336 -> 2464" */
static void done_text(const struct patch *patch, const struct bpfl_core_path *local,
		      struct bpfl_buf *out)
{
	const struct bpfl_core_answer *answer = &patch->query->answer;

	bpfl_core_path_text(local, out);
	bpfl_buf_printf(out, ": %s %" PRId64 " -> %" PRId64, number_words[patch->query->kind],
			(int64_t)answer->local.value, (int64_t)patch->value);
	if (patch->form == FORM_OFF && answer->now.width_bytes != answer->local.width_bytes) {
		bpfl_buf_printf(out, ", %" PRIu32 " -> %" PRIu32 " bytes",
				answer->local.width_bytes, answer->now.width_bytes);
	}
	if (answer->miss.reason != BPFL_CORE_MISS_NONE) {
		bpfl_buf_text(out, " (");
		bpfl_core_miss_text(local, &answer->miss, out);
		bpfl_buf_char(out, ')');
	}
}

/* "struct inode has no field 'i_atime' (x.c:88) in the BTF of kernel 6.12.0" */
static void poison_text(const struct patch *patch, const struct bpfl_core_path *local,
			int32_t line_idx, struct bpfl_target *target, struct bpfl_buf *out)
{
	if (patch->obstacle) {
		bpfl_core_path_text(local, out);
		bpfl_buf_printf(out, ": %s", patch->obstacle);
	} else {
		bpfl_core_miss_text(local, &patch->query->answer.miss, out);
	}
	struct bpfl_buf line = BPFL_BUF_INIT;
	bpfl_core_line_text(patch->spec, line_idx, &line);
	if (line.size > 0) {
		bpfl_buf_printf(out, " (%s)", line.data);
	}
	bpfl_buf_deinit(&line);
	bpfl_buf_text(out, " in the BTF of ");
	bpfl_core_kernel_text(target, out);
}

static int result_add(const struct patch *patch, int32_t line_idx, struct bpfl_target *target,
		      const struct bpfl_log *log, struct bpfl_image_prog *prog,
		      struct bpfl_error *err)
{
	struct bpfl_core_path local;
	struct bpfl_buf text = BPFL_BUF_INIT;
	const struct bpfl_core_query *query = patch->query;
	bool poisoned = query->answer.poison || patch->obstacle;
	int result = bpfl_core_path_parse(patch->spec->btf, query->type_id, query->kind,
					  query->access, &local, err);

	if (result < 0) {
		return result;
	}
	if (poisoned) {
		poison_text(patch, &local, line_idx, target, &text);
	} else {
		done_text(patch, &local, &text);
	}
	struct bpfl_core_result *item = bpfl_buf_ok(&text) ? BPFL_VEC_PUSH(&prog->core_results)
							   : NULL;
	if (!item) {
		bpfl_buf_deinit(&text);
		return bpfl_error_nomem(err);
	}
	bpfl_log_line(log, BPFL_LOG_DEBUG, "CO-RE: program '%s': instruction %" PRIu32 ": %s%s",
		      BPFL_ESC(patch->spec->progs.items[prog->prog_idx].name), patch->user.insn_idx,
		      poisoned ? "not resolved: " : "", text.data);
	item->insn_idx = patch->user.insn_idx;
	item->poisoned = poisoned;
	item->core_idx = (uint32_t)prog->insts[patch->user.insn_idx].core_idx;
	item->local_value = query->answer.local.value;
	item->kernel_value = patch->value;
	item->local_bytes = query->answer.local.width_bytes;
	item->kernel_bytes = query->answer.now.width_bytes;
	item->kernel_type_id = query->answer.target_id;
	item->text = bpfl_buf_take(&text);
	return 0;
}

/* ---- all instructions ---- */

static int prog_apply(const struct bpfl_spec *spec, struct bpfl_target *target,
		      struct bpfl_image *image, uint32_t prog_nr,
		      const struct bpfl_core_solver *solver, const struct bpfl_log *log,
		      struct bpfl_error *err)
{
	struct bpfl_image_prog *prog = &image->progs[prog_nr];
	int32_t line_idx = BPFL_NO_IDX;

	for (uint32_t i = 0; i < prog->nr_insts; i++) {
		const struct bpfl_inst *inst = &prog->insts[i];

		if (inst->line_idx != BPFL_NO_IDX) {
			line_idx = inst->line_idx;
		}
		if (inst->core_idx == BPFL_NO_IDX) {
			continue;
		}
		struct patch patch = {
			.spec = spec,
			.image = image,
			.query = &solver->queries[solver->query_of_core[inst->core_idx]],
			.user = { prog_nr, i },
		};
		int result = patch_write(&patch, prog->insts, prog->nr_insts, err);
		if (result == 0) {
			result = result_add(&patch, line_idx, target, log, prog, err);
		}
		if (result < 0) {
			return patch_fail(&patch, inst->core_idx, result, err);
		}
	}
	return 0;
}

int bpfl_core_apply(const struct bpfl_spec *spec, struct bpfl_target *target,
		    struct bpfl_image *image, const struct bpfl_log *log, struct bpfl_error *err)
{
	struct bpfl_core_solver solver;
	int result = bpfl_core_solve(spec, target, image, log, &solver, err);

	if (result < 0) {
		return result;
	}
	for (uint32_t i = 0; i < image->nr_progs && result == 0; i++) {
		result = prog_apply(spec, target, image, i, &solver, log, err);
	}
	bpfl_core_solver_deinit(&solver);
	return result;
}
