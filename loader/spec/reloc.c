/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Relocations of code -> references.
 *
 * A relocation says: this instruction means that symbol. What it means follows from the instruction and from
 * what the symbol is, not from the relocation's type; the type only has to be one that belongs into code:
 *
 *     call                     of a function        target = symbol + (imm + 1) * 8: the compiler stores target
 *                              - 1 (G-01) call                     of an extern         a kernel function
 *     ld_imm64                 map definition       the map's descriptor
 *     ld_imm64                 variable             address of byte symbol + imm in the map of its section (G-06)
 *     ld_imm64                 function             address of the function at byte symbol + imm: no + 1 here (G-02)
 *     ld_imm64                 extern               configuration value, kernel symbol
 *     ld_imm64                 jump table           a map of the places where an indirect jump may go (REL-14)
 *
 * "symbol" is its offset in its section; the symbols of sections themselves have offset 0 and no name, and the
 * addend in imm says where to (SYM-11). The addend is worked out here, once: later stages look at references,
 * never at old immediates.
 *
 * A static function of the same section is called without any relocation (G-03): those calls get their
 * reference from a second pass.
 */
#include <errno.h>
#include "base/text.h"
#include "spec/reader.h"

/* One relocation with what it connects. */
struct site {
	struct bpfl_reader *reader;
	const struct bpfl_elf_symbol *symbol;
	uint32_t symbol_idx;
	struct bpfl_func *func;
	uint32_t insn_idx;
};

static const char *symbol_text(const struct site *site)
{
	const struct bpfl_elf *elf = site->reader->elf;

	if (site->symbol->name[0] != '\0' || site->symbol->section_idx >= elf->nr_sections)
		return site->symbol->name;
	return elf->sections[site->symbol->section_idx].name;
}

static int set_ref(struct site *site, enum bpfl_ref_kind kind, uint32_t target_idx, uint32_t byte_off)
{
	struct bpfl_spec *spec = site->reader->spec;
	struct bpfl_inst *inst = &site->func->insts[site->insn_idx];

	if (inst->ref_idx != BPFL_NO_IDX)
		return bpfl_reader_fail(site->reader, "a second relocation for the same instruction");
	struct bpfl_ref *ref = BPFL_VEC_PUSH(&spec->refs);
	if (ref == NULL)
		return bpfl_error_nomem(site->reader->err);
	*ref = (struct bpfl_ref){ kind, target_idx, byte_off };
	inst->ref_idx = (int32_t)(spec->refs.nr - 1);
	return 0;
}

/* ---- what the symbol is ---- */

static int fail_undefined(struct site *site)
{
	if (site->symbol->name[0] == '\0')
		return bpfl_reader_fail(site->reader, "refers to no symbol");
	bpfl_error_set(site->reader->err, BPFL_ERR_OBJECT, ENOENT, "undefined symbol '%s'",
		       BPFL_ESC(site->symbol->name));
	bpfl_error_why(site->reader->err, "'%s' is neither in this object nor declared __ksym or __kconfig",
		       BPFL_ESC(site->symbol->name));
	bpfl_error_fix(site->reader->err, "link the object that defines it, or declare it extern ... __ksym");
	return -ENOENT;
}

static int fail_common(struct site *site)
{
	bpfl_reader_fail(site->reader, "variable '%s' is in no section (a common symbol)",
			 BPFL_ESC(site->symbol->name));
	bpfl_error_fix(site->reader->err, "initialise '%s', or compile with -fno-common", BPFL_ESC(site->symbol->name));
	return -EINVAL;
}

/* Symbols that are not in a section of the file. */
static int ref_special(struct site *site, bool is_call)
{
	struct bpfl_reader *reader = site->reader;
	uint32_t extern_idx = reader->symbol_extern[site->symbol_idx];

	if (site->symbol->section_idx == BPFL_SHN_COMMON)
		return fail_common(site);
	if (site->symbol->section_idx != BPFL_SHN_UNDEF)
		return bpfl_reader_fail(reader, "symbol '%s' is in section %u, which does not exist",
					BPFL_ESC(site->symbol->name), site->symbol->section_idx);
	if (extern_idx == BPFL_READER_NONE)
		return fail_undefined(site);
	if (is_call && reader->spec->externs.items[extern_idx].kind != BPFL_EXTERN_KFUNC)
		return bpfl_reader_fail(reader, "calls extern '%s', which is no function",
					BPFL_ESC(site->symbol->name));
	return set_ref(site, BPFL_REF_EXTERN, extern_idx, 0);
}

static int ref_map(struct site *site, int64_t addend)
{
	struct bpfl_reader *reader = site->reader;
	/* A named symbol is the map whatever stands in imm (REL-01). */
	int64_t byte_off = (int64_t)site->symbol->value + (site->symbol->type == BPFL_STT_SECTION ? addend : 0);
	uint32_t map_idx = bpfl_reader_map_at(reader, site->symbol->section_idx, (uint64_t)byte_off);

	if (map_idx == BPFL_READER_NONE)
		return bpfl_reader_fail(reader, "no map is defined at byte %lld of section '%s'", (long long)byte_off,
					BPFL_ESC(reader->elf->sections[site->symbol->section_idx].name));
	return set_ref(site, BPFL_REF_MAP, map_idx, 0);
}

static int ref_data(struct site *site, int64_t addend)
{
	struct bpfl_reader *reader = site->reader;
	uint32_t map_idx = reader->sections[site->symbol->section_idx].map_idx;
	uint32_t size = map_idx != BPFL_READER_NONE ? reader->spec->maps.items[map_idx].data_size : 0;
	int64_t byte_off = (int64_t)site->symbol->value + addend;

	if (byte_off < 0 || byte_off >= size)
		return bpfl_reader_fail(reader, "byte %lld of section '%s' (from '%s'): the section has %u bytes",
					(long long)byte_off,
					BPFL_ESC(reader->elf->sections[site->symbol->section_idx].name),
					BPFL_ESC(symbol_text(site)), size);
	return set_ref(site, BPFL_REF_DATA, map_idx, (uint32_t)byte_off);
}

static int ref_func(struct site *site, enum bpfl_ref_kind kind, int64_t byte_off)
{
	uint32_t func_idx = 0;
	int ret = bpfl_reader_func_start(site->reader, site->symbol->section_idx, (uint64_t)byte_off, &func_idx);

	return ret < 0 ? ret : set_ref(site, kind, func_idx, 0);
}

static int fail_section(struct site *site, const char *what)
{
	const struct bpfl_elf_section *section = &site->reader->elf->sections[site->symbol->section_idx];

	return bpfl_reader_fail(site->reader, "%s '%s' in section '%s', %s", what, BPFL_ESC(symbol_text(site)),
				BPFL_ESC(section->name), "which holds nothing that a program can use");
}

static int ref_jump_table(struct site *site)
{
	uint32_t table_idx = 0;
	int ret = bpfl_reader_jump_table(site->reader, site->func, site->symbol_idx, &table_idx);

	return ret < 0 ? ret : set_ref(site, BPFL_REF_JUMP_TABLE, table_idx, 0);
}

/* ---- what the instruction is ---- */

static int ref_call(struct site *site)
{
	struct bpfl_reader *reader = site->reader;
	const struct bpfl_insn *insn = &site->func->insts[site->insn_idx].insn;

	if (site->symbol->section_idx == BPFL_SHN_UNDEF || site->symbol->section_idx >= reader->elf->nr_sections)
		return ref_special(site, true);
	if (bpfl_insn_src(insn) != BPFL_PSEUDO_CALL)
		return bpfl_reader_fail(reader, "the call of helper %d has a relocation to '%s'", insn->imm,
					BPFL_ESC(symbol_text(site)));
	if (reader->sections[site->symbol->section_idx].class != BPFL_SEC_CODE)
		return fail_section(site, "calls");
	int64_t byte_off = (int64_t)site->symbol->value + ((int64_t)insn->imm + 1) * BPFL_INSN_SIZE;
	return ref_func(site, BPFL_REF_CALL, byte_off);
}

static int ref_ld_imm64(struct site *site)
{
	struct bpfl_reader *reader = site->reader;
	const struct bpfl_insn *insn = &site->func->insts[site->insn_idx].insn;

	if (site->insn_idx + 1 >= site->func->nr_insts ||
	    site->func->insts[site->insn_idx + 1].insn.code != 0)
		return bpfl_reader_fail(reader, "ld_imm64 without its second half");
	if (site->symbol->section_idx == BPFL_SHN_UNDEF || site->symbol->section_idx >= reader->elf->nr_sections)
		return ref_special(site, false);
	switch (reader->sections[site->symbol->section_idx].class) {
	case BPFL_SEC_MAPS:
	case BPFL_SEC_LEGACY_MAPS:
	case BPFL_SEC_STRUCT_OPS:
		return ref_map(site, insn->imm);
	case BPFL_SEC_DATA:
	case BPFL_SEC_ARENA:
		return ref_data(site, insn->imm);
	case BPFL_SEC_CODE:
		return ref_func(site, BPFL_REF_FUNC_ADDR, (int64_t)site->symbol->value + insn->imm);
	case BPFL_SEC_JUMPTABLES:
		return ref_jump_table(site);
	default:
		return fail_section(site, "refers to");
	}
}

static int read_reloc(struct site *site, const struct bpfl_elf_reloc *reloc)
{
	const struct bpfl_insn *insn = &site->func->insts[site->insn_idx].insn;

	if (reloc->type != BPFL_R_BPF_64_64 && reloc->type != BPFL_R_BPF_64_32)
		return bpfl_reader_fail(site->reader, "relocation type %u does not belong into code", reloc->type);
	if (insn->code == BPFL_CODE_CALL)
		return ref_call(site);
	if (bpfl_insn_is_ld_imm64(insn))
		return ref_ld_imm64(site);
	return bpfl_reader_fail(site->reader, "instruction with opcode 0x%02x cannot refer to '%s'", insn->code,
				BPFL_ESC(symbol_text(site)));
}

static int read_table(struct bpfl_reader *reader, const struct bpfl_elf_reloc_table *table)
{
	uint32_t section_idx = table->target_section_idx;
	const char *section = reader->elf->sections[section_idx].name;

	for (size_t i = 0; i < table->nr_relocs; i++) {
		const struct bpfl_elf_reloc *reloc = &table->relocs[i];
		struct site site = { .reader = reader, .symbol = &reader->elf->symbols[reloc->symbol_idx],
				     .symbol_idx = reloc->symbol_idx };
		int ret;

		site.func = bpfl_reader_func_at(reader, section_idx, reloc->byte_off);
		if (site.func == NULL)
			continue; /* code that no symbol names any more: overridden weak copies (SYM-07) */
		uint64_t byte_off = reloc->byte_off - site.func->byte_off;
		site.insn_idx = (uint32_t)(byte_off / BPFL_INSN_SIZE);
		if (byte_off % BPFL_INSN_SIZE != 0)
			ret = bpfl_reader_fail(reader, "not at the beginning of an instruction");
		else
			ret = read_reloc(&site, reloc);
		if (ret < 0) {
			bpfl_error_prefix(reader->err,
					  "section '%s': relocation %zu at byte 0x%llx: instruction %u of '%s'",
					  BPFL_ESC(section), i, (unsigned long long)reloc->byte_off, site.insn_idx,
					  BPFL_ESC(site.func->name));
			if (reader->old_gcc) {
				bpfl_error_why(reader->err, BPFL_OLD_GCC_TEXT);
				bpfl_error_fix(reader->err, "compile it with GCC 14 or clang");
			}
			return ret;
		}
	}
	return 0;
}

int bpfl_read_relocs(struct bpfl_reader *reader)
{
	const struct bpfl_elf *elf = reader->elf;

	for (size_t i = 0; i < elf->nr_reloc_tables; i++) {
		if (reader->sections[elf->reloc_tables[i].target_section_idx].class != BPFL_SEC_CODE)
			continue;
		int ret = read_table(reader, &elf->reloc_tables[i]);

		if (ret < 0)
			return ret;
	}
	return 0;
}

/* ---- calls without relocation (REL-06) ---- */

static int read_local_calls(struct bpfl_reader *reader, struct bpfl_func *func)
{
	struct site site = { .reader = reader, .func = func };

	for (uint32_t i = 0; i < func->nr_insts; i++) {
		const struct bpfl_inst *inst = &func->insts[i];
		uint32_t func_idx = 0;

		if (!bpfl_insn_is_subprog_call(&inst->insn) || inst->ref_idx != BPFL_NO_IDX)
			continue;
		/* Counted from the next instruction. A negative sum becomes a huge one and is in no function. */
		int64_t byte_off = (int64_t)func->byte_off + ((int64_t)i + 1 + inst->insn.imm) * BPFL_INSN_SIZE;
		int ret = bpfl_reader_func_start(reader, func->section_idx, (uint64_t)byte_off, &func_idx);

		site.insn_idx = i;
		if (ret == 0)
			ret = set_ref(&site, BPFL_REF_CALL, func_idx, 0);
		if (ret < 0) {
			bpfl_error_prefix(reader->err, "section '%s': call at instruction %u of '%s'",
					  BPFL_ESC(func->section), i, BPFL_ESC(func->name));
			return ret;
		}
	}
	return 0;
}

int bpfl_read_local_calls(struct bpfl_reader *reader)
{
	struct bpfl_func *funcs = reader->spec->funcs.items;

	for (size_t i = 0; i < reader->spec->funcs.nr; i++) {
		/* Second names of a function get what the first one has, in the last pass. */
		if (i > 0 && funcs[i - 1].section_idx == funcs[i].section_idx &&
		    funcs[i - 1].byte_off == funcs[i].byte_off)
			continue;
		int ret = read_local_calls(reader, &funcs[i]);

		if (ret < 0)
			return ret;
	}
	return 0;
}
