/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * elf/print: the first stage for people: what `bpfload elf FILE` shows.
 *
 * Three tables (sections, symbols, relocations) as text, or the same as one JSON object. The JSON has numbers
 * as they are in the file beside their names, so that nothing is lost where a number has no name.
 */
#include "elf/elf.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "base/json.h"
#include "base/text.h"
#include "bpfload/spec.h"
#include "sys/file.h"

struct named {
	uint32_t value;
	const char *name;
};

static const struct named section_types[] = {
	{ 0, "NULL" },	 { 1, "PROGBITS" }, { 2, "SYMTAB" }, { 3, "STRTAB" }, { 4, "RELA" },
	{ 7, "NOTE" },	 { 8, "NOBITS" },   { 9, "REL" },    { 17, "GROUP" }, { 0x6fff4c03, "LLVM_ADDRSIG" },
	{ 0, NULL },
};
static const struct named symbol_types[] = {
	{ BPFL_STT_NOTYPE, "NOTYPE" }, { BPFL_STT_OBJECT, "OBJECT" }, { BPFL_STT_FUNC, "FUNC" },
	{ BPFL_STT_SECTION, "SECTION" }, { BPFL_STT_FILE, "FILE" },	  { 0, NULL },
};
static const struct named binds[] = {
	{ BPFL_STB_LOCAL, "LOCAL" }, { BPFL_STB_GLOBAL, "GLOBAL" }, { BPFL_STB_WEAK, "WEAK" }, { 0, NULL },
};
static const struct named visibilities[] = {
	{ BPFL_STV_DEFAULT, "DEFAULT" },     { BPFL_STV_INTERNAL, "INTERNAL" }, { BPFL_STV_HIDDEN, "HIDDEN" },
	{ BPFL_STV_PROTECTED, "PROTECTED" }, { 0, NULL },
};
static const struct named reloc_types[] = {
	{ 0, "R_BPF_NONE" },
	{ BPFL_R_BPF_64_64, "R_BPF_64_64" },
	{ BPFL_R_BPF_64_ABS64, "R_BPF_64_ABS64" },
	{ BPFL_R_BPF_64_ABS32, "R_BPF_64_ABS32" },
	{ BPFL_R_BPF_64_NODYLD32, "R_BPF_64_NODYLD32" },
	{ BPFL_R_BPF_64_32, "R_BPF_64_32" },
	{ 0, NULL },
};

#define NAME_SCRATCH_SIZE 16
#define PLACE_WIDTH 24 /* of the column with a symbol's section */

/* The name of a number, or the number itself in scratch. */
static const char *name_of(const struct named *table, uint32_t value, char scratch[NAME_SCRATCH_SIZE])
{
	for (; table->name; table++) {
		if (table->value == value)
			return table->name;
	}
	snprintf(scratch, NAME_SCRATCH_SIZE, "0x%x", value);
	return scratch;
}

#define NAME_OF(table, value) name_of(table, value, (char[NAME_SCRATCH_SIZE]){ 0 })

/* Which section a symbol is in: its name, or what the reserved index means. */
static const char *place_of(const struct bpfl_elf *elf, const struct bpfl_elf_symbol *symbol)
{
	switch (symbol->section_idx) {
	case BPFL_SHN_UNDEF:
		return "(undefined)";
	case BPFL_SHN_ABS:
		return "(absolute)";
	case BPFL_SHN_COMMON:
		return "(common)";
	default:
		return elf->sections[symbol->section_idx].name;
	}
}

/* A symbol as a relocation shows it: a section symbol has no name of its own. */
static const char *symbol_text(const struct bpfl_elf *elf, uint32_t symbol_idx)
{
	const struct bpfl_elf_symbol *symbol = &elf->symbols[symbol_idx];

	if (symbol->type == BPFL_STT_SECTION && !*symbol->name)
		return place_of(elf, symbol);
	return symbol->name;
}

/* ---- text ---- */

static void flags_text(uint64_t flags, char out[8])
{
	snprintf(out, 8, "%s%s%s%s", flags & BPFL_SHF_WRITE ? "W" : "", flags & BPFL_SHF_ALLOC ? "A" : "",
		 flags & BPFL_SHF_EXECINSTR ? "X" : "", flags & BPFL_SHF_COMPRESSED ? "C" : "");
}

static void print_sections(const struct bpfl_elf *elf, struct bpfl_buf *out)
{
	bpfl_buf_printf(out, "\nsections\n%5s  %-12s %-5s %10s %6s %4s %4s  %s\n", "index", "type", "flags", "size",
			"align", "link", "info", "name");
	for (size_t i = 1; i < elf->nr_sections; i++) {
		const struct bpfl_elf_section *section = &elf->sections[i];
		char flags[8];

		flags_text(section->flags, flags);
		bpfl_buf_printf(out, "%5zu  %-12s %-5s %10llu %6llu %4u %4u  %s\n", i,
				NAME_OF(section_types, section->type), flags, (unsigned long long)section->size,
				(unsigned long long)section->align, section->link, section->info,
				BPFL_ESC(section->name));
	}
}

static void print_symbols(const struct bpfl_elf *elf, struct bpfl_buf *out)
{
	bpfl_buf_printf(out, "\nsymbols\n%5s  %-8s %-6s %-9s %10s %8s  %-*s %s\n", "index", "type", "bind",
			"visible", "value", "size", PLACE_WIDTH, "section", "name");
	for (size_t i = 1; i < elf->nr_symbols; i++) {
		const struct bpfl_elf_symbol *symbol = &elf->symbols[i];

		bpfl_buf_printf(out, "%5zu  %-8s %-6s %-9s %#10llx %8llu  %-*s%s%s\n", i,
				NAME_OF(symbol_types, symbol->type), NAME_OF(binds, symbol->bind),
				NAME_OF(visibilities, symbol->visibility), (unsigned long long)symbol->value,
				(unsigned long long)symbol->size, *symbol->name ? PLACE_WIDTH : 0,
				BPFL_ESC(place_of(elf, symbol)), *symbol->name ? " " : "", BPFL_ESC(symbol->name));
	}
}

static void print_relocs(const struct bpfl_elf *elf, struct bpfl_buf *out)
{
	for (size_t i = 0; i < elf->nr_reloc_tables; i++) {
		const struct bpfl_elf_reloc_table *table = &elf->reloc_tables[i];

		bpfl_buf_printf(out, "\nrelocations of section %u '%s'\n%10s  %-18s %s\n", table->target_section_idx,
				BPFL_ESC(elf->sections[table->target_section_idx].name), "byte", "type", "symbol");
		for (size_t j = 0; j < table->nr_relocs; j++) {
			const struct bpfl_elf_reloc *reloc = &table->relocs[j];

			bpfl_buf_printf(out, "%#10llx  %-18s %s\n", (unsigned long long)reloc->byte_off,
					NAME_OF(reloc_types, reloc->type),
					BPFL_ESC(symbol_text(elf, reloc->symbol_idx)));
		}
	}
}

static void print_text(const struct bpfl_elf *elf, struct bpfl_buf *out)
{
	bpfl_buf_printf(out, "%s: ELF64, %s-endian, machine %s, %zu sections, %zu symbols\n", BPFL_ESC(elf->name),
			elf->big_endian ? "big" : "little", elf->machine ? "BPF" : "none", elf->nr_sections - 1,
			elf->nr_symbols - 1);
	print_sections(elf, out);
	print_symbols(elf, out);
	print_relocs(elf, out);
}

/* ---- JSON ---- */

static void json_sections(struct bpfl_json *json, const struct bpfl_elf *elf)
{
	bpfl_json_key(json, "sections");
	bpfl_json_array_begin(json);
	for (size_t i = 1; i < elf->nr_sections; i++) {
		const struct bpfl_elf_section *section = &elf->sections[i];

		bpfl_json_object_begin(json);
		bpfl_json_member_u64(json, "index", i);
		bpfl_json_member_string(json, "name", section->name);
		bpfl_json_member_u64(json, "type", section->type);
		bpfl_json_member_string(json, "type_name", NAME_OF(section_types, section->type));
		bpfl_json_member_u64(json, "flags", section->flags);
		bpfl_json_member_u64(json, "size", section->size);
		bpfl_json_member_u64(json, "align", section->align);
		bpfl_json_member_u64(json, "link", section->link);
		bpfl_json_member_u64(json, "info", section->info);
		bpfl_json_object_end(json);
	}
	bpfl_json_array_end(json);
}

static void json_symbols(struct bpfl_json *json, const struct bpfl_elf *elf)
{
	bpfl_json_key(json, "symbols");
	bpfl_json_array_begin(json);
	for (size_t i = 1; i < elf->nr_symbols; i++) {
		const struct bpfl_elf_symbol *symbol = &elf->symbols[i];

		bpfl_json_object_begin(json);
		bpfl_json_member_u64(json, "index", i);
		bpfl_json_member_string(json, "name", symbol->name);
		bpfl_json_member_string(json, "type", NAME_OF(symbol_types, symbol->type));
		bpfl_json_member_string(json, "bind", NAME_OF(binds, symbol->bind));
		bpfl_json_member_string(json, "visibility", NAME_OF(visibilities, symbol->visibility));
		bpfl_json_member_u64(json, "section_index", symbol->section_idx);
		bpfl_json_member_string(json, "section", place_of(elf, symbol));
		bpfl_json_member_u64(json, "value", symbol->value);
		bpfl_json_member_u64(json, "size", symbol->size);
		bpfl_json_object_end(json);
	}
	bpfl_json_array_end(json);
}

static void json_relocs(struct bpfl_json *json, const struct bpfl_elf *elf)
{
	bpfl_json_key(json, "relocations");
	bpfl_json_array_begin(json);
	for (size_t i = 0; i < elf->nr_reloc_tables; i++) {
		const struct bpfl_elf_reloc_table *table = &elf->reloc_tables[i];

		for (size_t j = 0; j < table->nr_relocs; j++) {
			const struct bpfl_elf_reloc *reloc = &table->relocs[j];

			bpfl_json_object_begin(json);
			bpfl_json_member_u64(json, "section_index", table->target_section_idx);
			bpfl_json_member_string(json, "section", elf->sections[table->target_section_idx].name);
			bpfl_json_member_u64(json, "byte_off", reloc->byte_off);
			bpfl_json_member_u64(json, "type", reloc->type);
			bpfl_json_member_string(json, "type_name", NAME_OF(reloc_types, reloc->type));
			bpfl_json_member_u64(json, "symbol_index", reloc->symbol_idx);
			bpfl_json_member_string(json, "symbol", symbol_text(elf, reloc->symbol_idx));
			bpfl_json_object_end(json);
		}
	}
	bpfl_json_array_end(json);
}

static void print_json(const struct bpfl_elf *elf, struct bpfl_buf *out)
{
	struct bpfl_json json;

	bpfl_json_init(&json, out);
	bpfl_json_object_begin(&json);
	bpfl_json_member_string(&json, "name", elf->name);
	bpfl_json_member_string(&json, "byte_order", elf->big_endian ? "big" : "little");
	bpfl_json_member_u64(&json, "machine", elf->machine);
	json_sections(&json, elf);
	json_symbols(&json, elf);
	json_relocs(&json, elf);
	bpfl_json_object_end(&json);
	bpfl_buf_char(out, '\n');
}

int bpfl_elf_print(const struct bpfl_elf *elf, enum bpfl_format format, struct bpfl_buf *out)
{
	if (format == BPFL_FORMAT_JSON)
		print_json(elf, out);
	else
		print_text(elf, out);
	return bpfl_buf_ok(out) ? 0 : -ENOMEM;
}

int bpfl_elf_text(const char *path, enum bpfl_format format, char **ret_text, struct bpfl_error *err)
{
	struct bpfl_buf bytes = BPFL_BUF_INIT, text = BPFL_BUF_INIT;
	const char *slash = strrchr(path, '/');
	struct bpfl_elf *elf = NULL;
	char *taken;
	int ret;

	ret = bpfl_file_read(path, BPFL_FILE_SIZE_MAX, &bytes, err);
	if (ret < 0)
		goto out;
	ret = bpfl_elf_borrow(bytes.data, bytes.size, slash ? slash + 1 : path, &elf, err);
	if (ret < 0)
		goto out;
	ret = bpfl_elf_print(elf, format, &text);
	taken = ret < 0 ? NULL : bpfl_buf_take(&text);
	if (!taken) {
		ret = bpfl_error_nomem(err);
		goto out;
	}
	*ret_text = taken;
	ret = 0;
out:
	bpfl_elf_destroy(elf);
	bpfl_buf_deinit(&text);
	bpfl_buf_deinit(&bytes);
	return ret;
}
