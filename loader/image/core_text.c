/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * image/core_text: CO-RE in words.
 *
 * A poisoned instruction is met again much later, as a complaint of the verifier about an unknown
 * function. What can be told to the user then is what is written down here: which field of which
 * type was wanted, where in the source, and what the kernel has instead. All names come from files
 * and are escaped.
 */
#include "image/core_match.h"

#include <inttypes.h>
#include <string.h>
#include "base/text.h"
#include "image/core.h"
#include "image/image.h"

#define TYPE_TEXT_SIZE 256

void bpfl_core_type_text(const struct bpfl_btf *btf, uint32_t type_id, struct bpfl_buf *out)
{
	char text[TYPE_TEXT_SIZE];

	bpfl_buf_text(out, BPFL_ESC(bpfl_btf_type_text(btf, type_id, text, sizeof(text))));
}

/* What the kernel would call it: without a flavour. */
static void kernel_type_text(const struct bpfl_btf *btf, uint32_t type_id, struct bpfl_buf *out)
{
	char text[TYPE_TEXT_SIZE];

	bpfl_btf_type_text(btf, type_id, text, sizeof(text));
	text[bpfl_core_name_size(text, strlen(text))] = '\0';
	bpfl_buf_text(out, BPFL_ESC(text));
}

static void steps_text(const struct bpfl_core_path *path, uint32_t nr_steps, struct bpfl_buf *out)
{
	bool is_field = bpfl_core_subject(path->kind) == BPFL_CORE_ABOUT_FIELD;

	for (uint32_t i = 0; i < nr_steps; i++) {
		const struct bpfl_core_step *step = &path->steps[i];

		if (step->name) {
			bpfl_buf_printf(out, ".%s", BPFL_ESC(step->name));
		} else if (i > 0 || (is_field && step->idx > 0)) {
			bpfl_buf_printf(out, "[%" PRIu32 "]", step->idx);
		}
	}
}

/* The beginning of a path, as a place in the kernel's type. */
static void kernel_place_text(const struct bpfl_core_path *path, uint32_t nr_steps,
			      struct bpfl_buf *out)
{
	kernel_type_text(path->btf, path->root_id, out);
	steps_text(path, nr_steps, out);
}

void bpfl_core_path_text(const struct bpfl_core_path *path, struct bpfl_buf *out)
{
	bpfl_core_type_text(path->btf, path->root_id, out);
	steps_text(path, path->nr_steps, out);
	for (uint32_t i = 0; i < path->nr_indexes; i++) {
		bpfl_buf_printf(out, "%s%" PRIu32, i == 0 ? " (" : ":", path->indexes[i]);
	}
	bpfl_buf_char(out, ')');
}

void bpfl_core_line_text(const struct bpfl_spec *spec, int32_t line_idx, struct bpfl_buf *out)
{
	if (line_idx == BPFL_NO_IDX || !spec->btf) {
		return;
	}
	const struct bpfl_line *line = &spec->lines.items[line_idx];
	bpfl_buf_printf(out, "%s:%" PRIu32,
			BPFL_ESC(bpfl_btf_string(spec->btf, line->file_name_off)),
			line->line_col >> 10);
}

/* "int" in the words of a C programmer, for a type that was found instead of another. */
static void found_text(const struct bpfl_core_miss *miss, struct bpfl_buf *out)
{
	bpfl_buf_char(out, '\'');
	bpfl_core_type_text(miss->btf, miss->type_id, out);
	bpfl_buf_char(out, '\'');
}

static void wanted_text(const struct bpfl_core_path *local, const struct bpfl_core_step *step,
			struct bpfl_buf *out)
{
	const struct bpfl_btf_type *owner = bpfl_btf_type(local->btf, step->type_id);

	bpfl_buf_char(out, '\'');
	bpfl_core_type_text(local->btf, bpfl_btf_members(owner)[step->idx].type, out);
	bpfl_buf_char(out, '\'');
}

void bpfl_core_miss_text(const struct bpfl_core_path *local, const struct bpfl_core_miss *miss,
			 struct bpfl_buf *out)
{
	uint32_t step_idx = miss->step < local->nr_steps ? miss->step : local->nr_steps - 1;
	const struct bpfl_core_step *step = &local->steps[step_idx];

	switch (miss->reason) {
	case BPFL_CORE_MISS_NONE:
		break;
	case BPFL_CORE_MISS_TYPE:
		bpfl_buf_text(out, "there is no ");
		kernel_type_text(local->btf, local->root_id, out);
		break;
	case BPFL_CORE_MISS_SHAPE:
		kernel_type_text(local->btf, local->root_id, out);
		bpfl_buf_text(out, " is made differently");
		break;
	case BPFL_CORE_MISS_FIELD:
		kernel_place_text(local, step_idx, out);
		bpfl_buf_printf(out, " has no field '%s'", BPFL_ESC(step->name));
		break;
	case BPFL_CORE_MISS_FIELD_TYPE:
		kernel_place_text(local, step_idx + 1, out);
		bpfl_buf_text(out, " is ");
		found_text(miss, out);
		bpfl_buf_text(out, ", which cannot be read as ");
		wanted_text(local, step, out);
		break;
	case BPFL_CORE_MISS_INDEX:
		kernel_place_text(local, step_idx, out);
		bpfl_buf_text(out, " is ");
		found_text(miss, out);
		bpfl_buf_printf(out, ", which has no element %" PRIu32, step->idx);
		break;
	case BPFL_CORE_MISS_ENUMERATOR: {
		char name[BPFL_ESC_SIZE];

		kernel_type_text(local->btf, local->root_id, out);
		bpfl_text_escape(name, sizeof(name), step->name,
				 bpfl_core_name_size(step->name, strlen(step->name)));
		bpfl_buf_printf(out, " has no enumerator '%s'", name);
		break;
	}
	case BPFL_CORE_MISS_BITS:
		kernel_place_text(local, step_idx + 1, out);
		bpfl_buf_text(out, " is a bit-field that no load of eight bytes can hold");
		break;
	case BPFL_CORE_MISS_SIZE:
		kernel_place_text(local, step_idx + 1, out);
		bpfl_buf_text(out, " is ");
		found_text(miss, out);
		bpfl_buf_text(out, ", whose size does not fit the question");
		break;
	}
}

void bpfl_core_kernel_text(struct bpfl_target *target, struct bpfl_buf *out)
{
	uint32_t version = bpfl_target_kernel_version(target);

	if (target->btf_path) {
		bpfl_buf_printf(out, "'%s'", BPFL_ESC(target->btf_path));
	} else if (version) {
		bpfl_buf_printf(out, "kernel %" PRIu32 ".%" PRIu32 ".%" PRIu32, version >> 16,
				version >> 8 & 0xff, version & 0xff);
	} else {
		bpfl_buf_text(out, "the kernel");
	}
}

/* The line that an instruction belongs to: its own, or the nearest one before. */
static int32_t line_of(const struct bpfl_image_prog *prog, uint32_t insn_idx)
{
	for (uint32_t i = insn_idx + 1; i-- > 0;) {
		if (prog->insts[i].line_idx != BPFL_NO_IDX) {
			return prog->insts[i].line_idx;
		}
	}
	return BPFL_NO_IDX;
}

void bpfl_core_prefix_user(const struct bpfl_spec *spec, const struct bpfl_image *image,
			   struct bpfl_core_user user, struct bpfl_error *err)
{
	const struct bpfl_image_prog *prog = &image->progs[user.prog];
	struct bpfl_buf line = BPFL_BUF_INIT;

	bpfl_core_line_text(spec, line_of(prog, user.insn_idx), &line);
	bpfl_error_prefix(err, "program '%s': instruction %" PRIu32 "%s%s%s",
			  BPFL_ESC(spec->progs.items[prog->prog_idx].name), user.insn_idx,
			  line.size ? " (" : "", line.size ? line.data : "", line.size ? ")" : "");
	bpfl_buf_deinit(&line);
}

void bpfl_core_prefix(const struct bpfl_spec *spec, const struct bpfl_image *image,
		      struct bpfl_core_user user, uint32_t core_idx, struct bpfl_error *err)
{
	const struct bpfl_core *core = &spec->cores.items[core_idx];

	bpfl_error_prefix(err, "CO-RE record %" PRIu32 " (%s, type %" PRIu32 ", access '%s')",
			  core_idx, bpfl_core_kind_name(core->kind), core->type_id,
			  BPFL_ESC(core->access));
	bpfl_core_prefix_user(spec, image, user, err);
}

/* ---- results ---- */

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
static void done_text(const struct bpfl_core_result *result, const struct bpfl_core_path *local,
		      const struct bpfl_insn *insn, struct bpfl_buf *out)
{
	const struct bpfl_core_query *query = result->query;
	const struct bpfl_core_value *was = &query->answer.local, *now = &query->answer.now;
	uint8_t class = BPFL_CLASS(insn->code);
	bool is_access = class == BPFL_CLASS_LDX || class == BPFL_CLASS_ST || class == BPFL_CLASS_STX;

	bpfl_core_path_text(local, out);
	bpfl_buf_printf(out, ": %s %" PRId64 " -> %" PRId64, number_words[query->kind],
			(int64_t)was->value, (int64_t)result->kernel_value);
	if (is_access && now->width_bytes != was->width_bytes) {
		bpfl_buf_printf(out, ", %" PRIu32 " -> %" PRIu32 " bytes", was->width_bytes,
				now->width_bytes);
	}
	if (query->answer.miss.reason != BPFL_CORE_MISS_NONE) {
		bpfl_buf_text(out, " (");
		bpfl_core_miss_text(local, &query->answer.miss, out);
		bpfl_buf_char(out, ')');
	}
}

/* "struct inode has no field 'i_atime' (x.c:88) in the BTF of kernel 6.12.0" */
static void poison_text(const struct bpfl_image *image, const struct bpfl_image_prog *prog,
			const struct bpfl_core_result *result, const struct bpfl_core_path *local,
			struct bpfl_buf *out)
{
	struct bpfl_buf line = BPFL_BUF_INIT;

	if (result->obstacle) {
		bpfl_core_path_text(local, out);
		bpfl_buf_printf(out, ": %s", result->obstacle);
	} else {
		bpfl_core_miss_text(local, &result->query->answer.miss, out);
	}
	bpfl_core_line_text(image->spec, line_of(prog, result->insn_idx), &line);
	if (line.size > 0) {
		bpfl_buf_printf(out, " (%s)", line.data);
	}
	bpfl_buf_deinit(&line);
	bpfl_buf_text(out, " in the BTF of ");
	bpfl_core_kernel_text(image->target, out);
}

void bpfl_core_result_text(const struct bpfl_image *image, const struct bpfl_image_prog *prog,
			   const struct bpfl_core_result *result, struct bpfl_buf *out)
{
	const struct bpfl_core_query *query = result->query;
	struct bpfl_core_path local;

	if (result->text) {
		bpfl_buf_text(out, result->text);
	} else if (query && bpfl_core_path_parse(image->spec->btf, query->type_id, query->kind,
						 query->access, &local, NULL) == 0) {
		if (result->poisoned) {
			poison_text(image, prog, result, &local, out);
		} else {
			done_text(result, &local, &prog->insts[result->insn_idx].insn, out);
		}
	}
}
