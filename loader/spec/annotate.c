/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * .BTF.ext -> annotations of instructions and functions.
 *
 * The records speak of byte offsets in a section that they name. They are spread over the instructions here,
 * and from then on travel with them: whoever copies an instruction copies its source line and its CO-RE record,
 * and nobody has to shift tables.
 *
 * A record about bytes that no function has is about code that a linker overrode, and is dropped with it (SYM-07).
 */
#include <errno.h>
#include <string.h>
#include "base/hash.h"
#include "base/text.h"
#include "spec/reader.h"

struct annotator {
	struct bpfl_reader *reader;
	struct bpfl_hash sections; /* name of an executable section -> its index */
	/* The section of the last record: records come grouped. */
	uint32_t last_name_off;
	uint32_t last_section_idx;
};

static int hash_sections(struct annotator *annotator)
{
	struct bpfl_reader *reader = annotator->reader;

	for (uint32_t i = 0; i < reader->elf->nr_sections; i++) {
		const char *name = reader->elf->sections[i].name;

		if (reader->sections[i].class == BPFL_SEC_CODE &&
		    bpfl_hash_put(&annotator->sections, name, strlen(name), i) == -ENOMEM)
			return bpfl_error_nomem(reader->err);
	}
	return 0;
}

/* The section that a record names, or BPFL_READER_NONE. */
static uint32_t section_of(struct annotator *annotator, uint32_t name_off)
{
	const char *name;

	if (annotator->last_section_idx != BPFL_READER_NONE && annotator->last_name_off == name_off)
		return annotator->last_section_idx;
	name = bpfl_btf_string(annotator->reader->spec->btf, name_off);
	annotator->last_name_off = name_off;
	if (bpfl_hash_get(&annotator->sections, name, strlen(name), &annotator->last_section_idx) < 0)
		annotator->last_section_idx = BPFL_READER_NONE;
	return annotator->last_section_idx;
}

/*
 * Finds the instruction of a record. 0 and NULL when no function has it. An offset inside an instruction, or
 * behind the end of the section, is an error (CORE-29).
 */
static int inst_of(struct annotator *annotator, uint32_t name_off, uint32_t byte_off, const char *what,
		   struct bpfl_inst **ret_inst)
{
	struct bpfl_reader *reader = annotator->reader;
	uint32_t section_idx = section_of(annotator, name_off);

	*ret_inst = NULL;
	if (section_idx == BPFL_READER_NONE)
		return 0;
	const struct bpfl_elf_section *section = &reader->elf->sections[section_idx];
	if (byte_off % BPFL_INSN_SIZE != 0 || byte_off >= section->size)
		return bpfl_reader_fail(reader, "section '.BTF.ext': %s at byte 0x%x of section '%s', %s", what,
					byte_off, BPFL_ESC(section->name),
					byte_off % BPFL_INSN_SIZE != 0 ? "which is inside an instruction"
								       : "which ends before");
	struct bpfl_func *func = bpfl_reader_func_at(reader, section_idx, byte_off);
	if (func != NULL)
		*ret_inst = &func->insts[(byte_off - func->byte_off) / BPFL_INSN_SIZE];
	return 0;
}

static int annotate_funcs(struct annotator *annotator)
{
	struct bpfl_reader *reader = annotator->reader;
	const struct bpfl_btf *btf = reader->spec->btf;

	for (size_t i = 0; i < reader->ext->nr_funcs; i++) {
		const struct bpfl_ext_func *record = &reader->ext->funcs[i];
		const struct bpfl_btf_type *type = bpfl_btf_type(btf, record->type_id);
		uint32_t section_idx = section_of(annotator, record->section_name_off);

		if (type == NULL || bpfl_btf_kind(type) != BPFL_KIND_FUNC)
			return bpfl_reader_fail(reader,
						"section '.BTF.ext': function record %zu: type %u is no function", i,
						record->type_id);
		if (section_idx == BPFL_READER_NONE)
			continue;
		struct bpfl_func *func = bpfl_reader_func_at(reader, section_idx, record->byte_off);
		if (func == NULL || func->byte_off != record->byte_off)
			continue;
		/* Of several names for one place (aliases) the record about the first name counts. */
		if (func->btf_func_id == 0 || strcmp(bpfl_btf_name(btf, record->type_id), func->name) == 0)
			func->btf_func_id = record->type_id;
	}
	return 0;
}

/* The second half of an ld_imm64 is no instruction of its own: the kernel refuses a source line there. */
static bool is_second_half(const struct bpfl_reader *reader, const struct bpfl_ext_line *record, uint32_t section_idx)
{
	const struct bpfl_func *func = bpfl_reader_func_at(reader, section_idx, record->byte_off);
	uint32_t insn_idx = (record->byte_off - func->byte_off) / BPFL_INSN_SIZE;

	return insn_idx > 0 && bpfl_insn_is_ld_imm64(&func->insts[insn_idx - 1].insn);
}

static int annotate_lines(struct annotator *annotator)
{
	struct bpfl_reader *reader = annotator->reader;

	if (!BPFL_VEC_RESERVE(&reader->spec->lines, reader->ext->nr_lines))
		return bpfl_error_nomem(reader->err);
	for (size_t i = 0; i < reader->ext->nr_lines; i++) {
		const struct bpfl_ext_line *record = &reader->ext->lines[i];
		struct bpfl_inst *inst = NULL;
		int ret = inst_of(annotator, record->section_name_off, record->byte_off, "a source line", &inst);

		if (ret < 0)
			return ret;
		/* The kernel takes one line for an instruction: the first. */
		if (inst == NULL || inst->line_idx != BPFL_NO_IDX ||
		    is_second_half(reader, record, annotator->last_section_idx))
			continue;
		struct bpfl_line *line = BPFL_VEC_PUSH(&reader->spec->lines);
		if (line == NULL)
			return bpfl_error_nomem(reader->err);
		*line = (struct bpfl_line){ record->file_name_off, record->line_off, record->line_col };
		inst->line_idx = (int32_t)(reader->spec->lines.nr - 1);
	}
	return 0;
}

static int annotate_cores(struct annotator *annotator)
{
	struct bpfl_reader *reader = annotator->reader;

	if (!BPFL_VEC_RESERVE(&reader->spec->cores, reader->ext->nr_cores))
		return bpfl_error_nomem(reader->err);
	for (size_t i = 0; i < reader->ext->nr_cores; i++) {
		const struct bpfl_ext_core *record = &reader->ext->cores[i];
		struct bpfl_inst *inst = NULL;
		int ret = inst_of(annotator, record->section_name_off, record->byte_off, "a CO-RE relocation", &inst);

		if (ret < 0)
			return ret;
		if (inst == NULL)
			continue;
		if (inst->core_idx != BPFL_NO_IDX)
			return bpfl_reader_fail(reader,
						"section '.BTF.ext': two CO-RE relocations for the instruction at byte 0x%x of section '%s'",
						record->byte_off,
						BPFL_ESC(bpfl_btf_string(reader->spec->btf, record->section_name_off)));
		struct bpfl_core *core = BPFL_VEC_PUSH(&reader->spec->cores);
		if (core == NULL)
			return bpfl_error_nomem(reader->err);
		*core = (struct bpfl_core){ record->type_id, record->kind,
					    bpfl_btf_string(reader->spec->btf, record->access_off) };
		inst->core_idx = (int32_t)(reader->spec->cores.nr - 1);
	}
	return 0;
}

int bpfl_read_annotations(struct bpfl_reader *reader)
{
	struct annotator annotator = { .reader = reader, .last_section_idx = BPFL_READER_NONE };
	int ret;

	if (reader->ext == NULL)
		return 0;
	ret = hash_sections(&annotator);
	if (ret == 0)
		ret = annotate_funcs(&annotator);
	if (ret == 0)
		ret = annotate_lines(&annotator);
	if (ret == 0)
		ret = annotate_cores(&annotator);
	bpfl_hash_deinit(&annotator.sections);
	return ret;
}
