/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Executable sections -> functions of annotated instructions, and the programs among them.
 *
 * Every function symbol in an executable section makes a function. Static ones are welcome in any section, and
 * so are calls into any section (SYM-03, NEW-46). A program is a function that others can see (global or weak)
 * in a section that is not .text: there live the helpers' bodies, the subprograms. Labels (LBB0_2: local, no
 * type) are not functions (G-09); an untyped global symbol is one, because old compilers wrote them so, and
 * then it may lack a size and ends where the next one begins.
 *
 * Bytes between functions are code that a linker overrode with another weak copy: nothing refers to it, and it
 * is dropped (SYM-07).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "base/cursor.h"
#include "base/hash.h"
#include "base/text.h"
#include "spec/reader.h"

static bool in_code(const struct bpfl_reader *reader, const struct bpfl_elf_symbol *symbol)
{
	return symbol->section_idx < reader->elf->nr_sections &&
	       reader->sections[symbol->section_idx].class == BPFL_SEC_CODE;
}

/* Also true for a function symbol that is in no executable section: found_check() refuses it. */
static bool symbol_is_func(const struct bpfl_reader *reader, const struct bpfl_elf_symbol *symbol)
{
	if (symbol->section_idx == BPFL_SHN_UNDEF)
		return false;
	if (symbol->type == BPFL_STT_NOTYPE)
		return in_code(reader, symbol) && symbol->bind != BPFL_STB_LOCAL && symbol->name[0] != '\0';
	return symbol->type == BPFL_STT_FUNC;
}

/* One record while the functions of all sections are sorted by place. */
struct found {
	uint32_t symbol_idx, section_idx;
	uint64_t byte_off, size_bytes;
	bool is_local;
};

/* By place; of several names for one place the visible one first. */
static int found_compare(const void *a_ptr, const void *b_ptr)
{
	const struct found *a = a_ptr, *b = b_ptr;

	if (a->section_idx != b->section_idx)
		return a->section_idx < b->section_idx ? -1 : 1;
	if (a->byte_off != b->byte_off)
		return a->byte_off < b->byte_off ? -1 : 1;
	if (a->is_local != b->is_local)
		return a->is_local ? 1 : -1;
	return a->symbol_idx < b->symbol_idx ? -1 : 1;
}

static int found_check(struct bpfl_reader *reader, const struct found *found)
{
	const struct bpfl_elf_symbol *symbol = &reader->elf->symbols[found->symbol_idx];

	if (!in_code(reader, symbol))
		return bpfl_reader_fail(reader, "function '%s' is not in an executable section",
					BPFL_ESC(symbol->name));

	const struct bpfl_elf_section *section = &reader->elf->sections[symbol->section_idx];
	if (section->data == NULL)
		return bpfl_reader_fail(reader, "section '%s': function '%s': the section has no contents in the file",
					BPFL_ESC(section->name), BPFL_ESC(symbol->name));
	if (found->byte_off % BPFL_INSN_SIZE != 0 || found->size_bytes % BPFL_INSN_SIZE != 0)
		return bpfl_reader_fail(reader,
					"section '%s': function '%s' at byte 0x%llx with 0x%llx bytes: not whole instructions of 8 bytes",
					BPFL_ESC(section->name), BPFL_ESC(symbol->name),
					(unsigned long long)found->byte_off, (unsigned long long)found->size_bytes);
	if (!bpfl_in_range(found->byte_off, found->size_bytes, section->size))
		return bpfl_reader_fail(reader,
					"section '%s': function '%s' at byte 0x%llx with 0x%llx bytes: the section ends at 0x%llx",
					BPFL_ESC(section->name), BPFL_ESC(symbol->name),
					(unsigned long long)found->byte_off, (unsigned long long)found->size_bytes,
					(unsigned long long)section->size);
	if (found->size_bytes == 0)
		return bpfl_reader_fail(reader, "section '%s': function '%s' has no instructions",
					BPFL_ESC(section->name), BPFL_ESC(symbol->name));
	return 0;
}

static int find_funcs(struct bpfl_reader *reader, struct found **ret_found, size_t *ret_nr)
{
	const struct bpfl_elf *elf = reader->elf;
	size_t nr = 0;

	*ret_found = calloc(elf->nr_symbols + 1, sizeof(**ret_found));
	if (*ret_found == NULL)
		return bpfl_error_nomem(reader->err);
	for (uint32_t i = 0; i < elf->nr_symbols; i++) {
		const struct bpfl_elf_symbol *symbol = &elf->symbols[i];

		if (symbol_is_func(reader, symbol))
			(*ret_found)[nr++] = (struct found){ i, symbol->section_idx, symbol->value, symbol->size,
							     symbol->bind == BPFL_STB_LOCAL };
	}
	qsort(*ret_found, nr, sizeof(**ret_found), found_compare);
	*ret_nr = nr;
	return 0;
}

/* A function without a size reaches to the next place where one begins, or to the end of its section. */
static void fill_sizes(const struct bpfl_reader *reader, struct found *found, size_t nr)
{
	uint64_t end = 0;

	for (size_t i = nr; i-- > 0;) {
		if (found[i].section_idx >= reader->elf->nr_sections)
			continue;
		if (i + 1 == nr || found[i + 1].section_idx != found[i].section_idx)
			end = reader->elf->sections[found[i].section_idx].size;
		else if (found[i + 1].byte_off != found[i].byte_off)
			end = found[i + 1].byte_off;
		if (found[i].size_bytes == 0 && end > found[i].byte_off)
			found[i].size_bytes = end - found[i].byte_off;
	}
}

static struct bpfl_insn decode_insn(const uint8_t *bytes, bool swap)
{
	struct bpfl_insn insn;

	memcpy(&insn, bytes, sizeof(insn));
	if (swap) {
		insn.regs = (uint8_t)(insn.regs >> 4 | insn.regs << 4);
		insn.off = (int16_t)__builtin_bswap16((uint16_t)insn.off);
		insn.imm = (int32_t)__builtin_bswap32((uint32_t)insn.imm);
	}
	return insn;
}

static int decode_insts(struct bpfl_reader *reader, const uint8_t *bytes, struct bpfl_func *func)
{
	func->insts = malloc(func->nr_insts * sizeof(*func->insts));
	if (func->insts == NULL)
		return bpfl_error_nomem(reader->err);
	for (uint32_t i = 0; i < func->nr_insts; i++)
		func->insts[i] = (struct bpfl_inst){ decode_insn(bytes + (size_t)i * BPFL_INSN_SIZE, reader->elf->swap),
						     BPFL_NO_IDX, BPFL_NO_IDX, BPFL_NO_IDX };
	return 0;
}

static int add_func(struct bpfl_reader *reader, const struct found *found, uint64_t *nr_insts_sum)
{
	const struct bpfl_elf_symbol *symbol = &reader->elf->symbols[found->symbol_idx];
	const struct bpfl_elf_section *section = &reader->elf->sections[found->section_idx];
	uint64_t nr_insts = found->size_bytes / BPFL_INSN_SIZE;

	*nr_insts_sum += nr_insts;
	if (*nr_insts_sum > BPFL_SPEC_MAX_INSTS)
		return bpfl_error_set(reader->err, BPFL_ERR_OBJECT, E2BIG,
				      "function '%s': more than %u instructions in one object", BPFL_ESC(symbol->name),
				      BPFL_SPEC_MAX_INSTS);
	struct bpfl_func *func = BPFL_VEC_PUSH(&reader->spec->funcs);
	if (func == NULL)
		return bpfl_error_nomem(reader->err);
	func->name = bpfl_strdup(symbol->name);
	func->section = bpfl_strdup(section->name);
	if (func->name == NULL || func->section == NULL)
		return bpfl_error_nomem(reader->err);
	func->section_idx = found->section_idx;
	func->byte_off = (uint32_t)found->byte_off;
	func->is_local = found->is_local;
	func->is_hidden = bpfl_elf_symbol_is_hidden(symbol);
	func->nr_insts = (uint32_t)nr_insts;
	return decode_insts(reader, section->data + found->byte_off, func);
}

/* Two functions may share all of their bytes (an alias), but not some. */
static int check_overlap(struct bpfl_reader *reader, const struct found *found, const struct found *before)
{
	if (before == NULL || before->section_idx != found->section_idx)
		return 0;
	bool alias = before->byte_off == found->byte_off && before->size_bytes == found->size_bytes;
	if (alias || before->byte_off + before->size_bytes <= found->byte_off)
		return 0;
	return bpfl_reader_fail(reader, "section '%s': function '%s' at byte 0x%llx lies inside function '%s'",
				BPFL_ESC(reader->elf->sections[found->section_idx].name),
				BPFL_ESC(reader->elf->symbols[found->symbol_idx].name),
				(unsigned long long)found->byte_off,
				BPFL_ESC(reader->elf->symbols[before->symbol_idx].name));
}

int bpfl_read_funcs(struct bpfl_reader *reader)
{
	struct found *found = NULL;
	size_t nr = 0;
	uint64_t nr_insts_sum = 0;
	int ret = find_funcs(reader, &found, &nr);

	fill_sizes(reader, found, nr);
	for (size_t i = 0; i < nr && ret == 0; i++) {
		ret = found_check(reader, &found[i]);
		if (ret == 0)
			ret = check_overlap(reader, &found[i], i > 0 ? &found[i - 1] : NULL);
		if (ret == 0)
			ret = add_func(reader, &found[i], &nr_insts_sum);
		if (ret == 0) {
			struct bpfl_reader_section *section = &reader->sections[found[i].section_idx];

			if (section->nr_funcs++ == 0)
				section->first_func = (uint32_t)i;
		}
	}
	free(found);
	return ret;
}

/* .text and .text.NAME (one section for each function) hold subprograms only (SEC-05). */
static bool is_text(const char *section_name)
{
	return strcmp(section_name, ".text") == 0 || bpfl_text_has_prefix(section_name, ".text.");
}

static int add_prog(struct bpfl_reader *reader, uint32_t func_idx)
{
	struct bpfl_spec *spec = reader->spec;
	const struct bpfl_func *func = &spec->funcs.items[func_idx];
	struct bpfl_prog *prog = BPFL_VEC_PUSH(&spec->progs);

	if (prog == NULL)
		return bpfl_error_nomem(reader->err);
	prog->name = bpfl_strdup(func->name);
	prog->section = bpfl_strdup(func->section);
	if (prog->name == NULL || prog->section == NULL)
		return bpfl_error_nomem(reader->err);
	prog->func_idx = func_idx;
	prog->optional = prog->section[0] == '?';
	prog->selected = !prog->optional;
	if (bpfl_prog_set_hit(prog, prog->section + (prog->optional ? 1 : 0)) < 0)
		return bpfl_error_nomem(reader->err);
	if (prog->hit.match == BPFL_MATCH_LENIENT)
		bpfl_spec_note(spec, BPFL_LOG_WARN, "program '%s': section '%s' taken for '%s'", BPFL_ESC(prog->name),
			       BPFL_ESC(prog->section), prog->hit.row->name);
	else if (prog->hit.match == BPFL_MATCH_NONE)
		bpfl_spec_note(spec, BPFL_LOG_INFO,
			       "program '%s': section '%s' does not say what type of program it is",
			       BPFL_ESC(prog->name), BPFL_ESC(prog->section));
	return 0;
}

/* SEC("xdp") static int f(): looks like a program, but nobody outside can see it. */
static void note_static(struct bpfl_reader *reader, const struct bpfl_func *func)
{
	const char *section = func->section + (func->section[0] == '?' ? 1 : 0);

	if (reader->sections[func->section_idx].nr_funcs == 1 &&
	    bpfl_section_find(section).match == BPFL_MATCH_EXACT)
		bpfl_spec_note(reader->spec, BPFL_LOG_WARN,
			       "function '%s' in section '%s' is static, so it is no program", BPFL_ESC(func->name),
			       BPFL_ESC(func->section));
}

static int fail_duplicate(struct bpfl_reader *reader, uint32_t func_idx, uint32_t other_idx)
{
	const struct bpfl_func *func = &reader->spec->funcs.items[func_idx];
	const struct bpfl_func *other = &reader->spec->funcs.items[other_idx];

	return bpfl_reader_fail(reader, "two programs have the name '%s' (sections '%s' and '%s')",
				BPFL_ESC(func->name), BPFL_ESC(other->section), BPFL_ESC(func->section));
}

int bpfl_read_progs(struct bpfl_reader *reader)
{
	struct bpfl_spec *spec = reader->spec;
	struct bpfl_hash names = BPFL_HASH_INIT;
	int ret = 0;

	reader->func_prog = malloc((spec->funcs.nr + 1) * sizeof(*reader->func_prog));
	if (reader->func_prog == NULL)
		return bpfl_error_nomem(reader->err);
	for (uint32_t i = 0; i < spec->funcs.nr && ret == 0; i++) {
		const struct bpfl_func *func = &spec->funcs.items[i];
		uint32_t other = 0;

		reader->func_prog[i] = BPFL_READER_NONE;
		if (is_text(func->section))
			continue;
		if (func->is_local) {
			note_static(reader, func);
			continue;
		}
		ret = bpfl_hash_put(&names, func->name, strlen(func->name), i);
		if (ret == -EEXIST) {
			bpfl_hash_get(&names, func->name, strlen(func->name), &other);
			ret = fail_duplicate(reader, i, other);
		} else if (ret < 0) {
			ret = bpfl_error_nomem(reader->err);
		} else {
			reader->func_prog[i] = (uint32_t)spec->progs.nr;
			ret = add_prog(reader, i);
		}
	}
	bpfl_hash_deinit(&names);
	return ret;
}

/* Of the functions of a section, the first that begins behind byte_off. */
static uint32_t first_behind(const struct bpfl_reader *reader, const struct bpfl_reader_section *section,
			     uint64_t byte_off)
{
	const struct bpfl_func *funcs = reader->spec->funcs.items;
	uint32_t low = section->first_func, high = section->first_func + section->nr_funcs;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (funcs[middle].byte_off <= byte_off)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct bpfl_func *bpfl_reader_func_at(const struct bpfl_reader *reader, uint32_t section_idx, uint64_t byte_off)
{
	const struct bpfl_reader_section *section = &reader->sections[section_idx];
	struct bpfl_func *funcs = reader->spec->funcs.items;
	uint32_t behind = first_behind(reader, section, byte_off);

	if (behind == section->first_func)
		return NULL;
	const struct bpfl_func *func = &funcs[behind - 1];
	if (byte_off - func->byte_off >= (uint64_t)func->nr_insts * BPFL_INSN_SIZE)
		return NULL;
	/* Of several names for one place the first is the one that gets the annotations. */
	return func->byte_off == 0 ? &funcs[section->first_func] :
				     &funcs[first_behind(reader, section, func->byte_off - 1)];
}

int bpfl_reader_func_start(const struct bpfl_reader *reader, uint32_t section_idx, uint64_t byte_off,
			   uint32_t *ret_func_idx)
{
	const struct bpfl_func *func = bpfl_reader_func_at(reader, section_idx, byte_off);
	const char *section = reader->elf->sections[section_idx].name;

	if (func == NULL)
		return bpfl_reader_fail(reader, "no function begins at byte 0x%llx of section '%s'",
					(unsigned long long)byte_off, BPFL_ESC(section));
	if (func->byte_off != byte_off)
		return bpfl_reader_fail(reader, "byte 0x%llx of section '%s' is in the middle of function '%s'",
					(unsigned long long)byte_off, BPFL_ESC(section), BPFL_ESC(func->name));
	*ret_func_idx = (uint32_t)(func - reader->spec->funcs.items);
	return 0;
}

int bpfl_read_aliases(struct bpfl_reader *reader)
{
	struct bpfl_func *funcs = reader->spec->funcs.items;

	for (size_t i = 1; i < reader->spec->funcs.nr; i++) {
		const struct bpfl_func *first = &funcs[i - 1];

		if (first->section_idx == funcs[i].section_idx && first->byte_off == funcs[i].byte_off) {
			memcpy(funcs[i].insts, first->insts, funcs[i].nr_insts * sizeof(*funcs[i].insts));
			if (funcs[i].btf_func_id == 0)
				funcs[i].btf_func_id = first->btf_func_id;
		}
	}
	return 0;
}
