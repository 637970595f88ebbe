/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * image/core_apply: CO-RE numbers into instructions.
 *
 * In: flat programs and the answers of core_solve.c. Out: the same programs, patched, and a result
 * for each relocation, of which core_text.c can make a sentence.
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
		return "it has another size there, and only pointers and unsigned integers can be read with another "
		       "width";
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

/* ---- results ---- */

/*
 * The sentence is not written here: bpfl_core_result_text() makes it of what stands in the result when somebody
 * wants to read it, which for most of a thousand relocations nobody does.
 */
static int result_add(const struct patch *patch, const struct bpfl_log *log,
		      struct bpfl_image_prog *prog, struct bpfl_error *err)
{
	const struct bpfl_core_query *query = patch->query;
	struct bpfl_core_result *item = BPFL_VEC_PUSH(&prog->core_results);

	if (!item) {
		return bpfl_error_nomem(err);
	}
	item->insn_idx = patch->user.insn_idx;
	item->poisoned = query->answer.poison || patch->obstacle;
	item->core_idx = (uint32_t)prog->insts[patch->user.insn_idx].core_idx;
	item->kernel_value = patch->value;
	item->query = query;
	item->obstacle = patch->obstacle;
	if (log && log->fn) {
		struct bpfl_buf text = BPFL_BUF_INIT;

		bpfl_core_result_text(patch->image, prog, item, &text);
		bpfl_log_line(log, BPFL_LOG_DEBUG, "CO-RE: program '%s': instruction %" PRIu32 ": %s%s",
			      BPFL_ESC(patch->spec->progs.items[prog->prog_idx].name),
			      patch->user.insn_idx, item->poisoned ? "not resolved: " : "",
			      text.data ? text.data : "");
		bpfl_buf_deinit(&text);
	}
	return 0;
}

uint32_t bpfl_core_result_local_id(const struct bpfl_core_result *result)
{
	return result->query && result->query->kind == BPFL_CORE_TYPE_ID_LOCAL && !result->poisoned
		       ? result->query->type_id
		       : 0;
}

void bpfl_core_renumber(struct bpfl_image_prog *prog, struct bpfl_core_result *result, uint32_t type_id)
{
	struct bpfl_insn *insn = &prog->insts[result->insn_idx].insn;

	if (form_of(insn) == FORM_OFF) {
		insn->off = (int16_t)type_id;
	} else {
		insn->imm = (int32_t)type_id;
	}
	result->kernel_value = type_id;
}

/* ---- all instructions ---- */

/* Room for the results of a program, which are as many as the records that its instructions carry. */
static bool results_reserve(struct bpfl_image_prog *prog)
{
	size_t nr = prog->core_results.nr;

	for (uint32_t i = 0; i < prog->nr_insts; i++) {
		nr += prog->insts[i].core_idx != BPFL_NO_IDX;
	}
	return BPFL_VEC_RESERVE(&prog->core_results, nr);
}

static int prog_apply(const struct bpfl_spec *spec, struct bpfl_image *image, uint32_t prog_nr,
		      const struct bpfl_log *log, struct bpfl_error *err)
{
	const struct bpfl_core_solver *solver = image->core;
	struct bpfl_image_prog *prog = &image->progs[prog_nr];

	if (!results_reserve(prog)) {
		return bpfl_error_nomem(err);
	}
	for (uint32_t i = 0; i < prog->nr_insts; i++) {
		const struct bpfl_inst *inst = &prog->insts[i];

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
			result = result_add(&patch, log, prog, err);
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
	image->target = target;
	image->core = calloc(1, sizeof(*image->core));
	if (!image->core) {
		return bpfl_error_nomem(err);
	}
	int result = bpfl_core_solve(spec, target, image, log, image->core, err);
	for (uint32_t i = 0; i < image->nr_progs && result == 0; i++) {
		result = prog_apply(spec, image, i, log, err);
	}
	return result;
}
