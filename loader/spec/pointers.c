/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * int *p = &x; : addresses in initialised data (NEW-40).
 *
 * A map's value is bytes, and the kernel gives it its address only when it runs: nobody can store the address
 * of one variable in another beforehand. Loaders used to skip such relocations, and the program then found the
 * offset of x (or 0) where it expected its address. Here every one is noticed, by variable and offset. It is
 * not an error to read such a file, nor to load programs that leave the variable alone (objects for several kernels
 * carry structs of functions for the newer ones); it is one to load a program that refers to it, so the words are kept
 * with the map.
 */
#include <errno.h>
#include <stdlib.h>
#include "base/text.h"
#include "spec/reader.h"

#define NOTES_PER_SECTION 8u
/* Variables that are told apart; when there are more, the last one stands for all places. */
#define FAULTS_PER_SECTION 64u

/* The variable that contains a byte of a map, or NULL. Variables are sorted by place. */
static const struct bpfl_var *var_at(const struct bpfl_spec *spec, uint32_t map_idx, uint64_t byte_off)
{
	const struct bpfl_var *vars = spec->vars.items;
	size_t low = 0, high = spec->vars.nr;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (vars[middle].map_idx < map_idx ||
		    (vars[middle].map_idx == map_idx && vars[middle].byte_off <= byte_off))
			low = middle + 1;
		else
			high = middle;
	}
	if (low == 0 || vars[low - 1].map_idx != map_idx ||
	    byte_off - vars[low - 1].byte_off >= vars[low - 1].size_bytes)
		return NULL;
	return &vars[low - 1];
}

static const char *target_name(const struct bpfl_reader *reader, const struct bpfl_elf_symbol *symbol)
{
	if (symbol->name[0] == '\0' && symbol->section_idx < reader->elf->nr_sections)
		return reader->elf->sections[symbol->section_idx].name;
	return symbol->name;
}

static char *describe(const struct bpfl_reader *reader, uint32_t map_idx, const struct bpfl_elf_reloc *reloc)
{
	const struct bpfl_map_spec *map = &reader->spec->maps.items[map_idx];
	const struct bpfl_var *var = var_at(reader->spec, map_idx, reloc->byte_off);
	const char *target = target_name(reader, &reader->elf->symbols[reloc->symbol_idx]);
	struct bpfl_buf text = BPFL_BUF_INIT;

	if (var != NULL)
		bpfl_buf_printf(&text, "variable '%s' at byte %u (byte 0x%llx of '%s')", BPFL_ESC(var->name),
				(uint32_t)reloc->byte_off - var->byte_off, (unsigned long long)reloc->byte_off,
				BPFL_ESC(map->section));
	else
		bpfl_buf_printf(&text, "byte 0x%llx of '%s'", (unsigned long long)reloc->byte_off,
				BPFL_ESC(map->section));
	bpfl_buf_printf(&text, " holds the address of '%s', which no map can hold: set the pointer in the program",
			BPFL_ESC(target));
	return bpfl_buf_take(&text);
}

/* Takes the text. */
static int keep_fault(struct bpfl_reader *reader, uint32_t map_idx, const struct bpfl_elf_reloc *reloc, char *text)
{
	struct bpfl_map_spec *map = &reader->spec->maps.items[map_idx];
	const struct bpfl_var *var = var_at(reader->spec, map_idx, reloc->byte_off);
	/* Outside all variables nobody knows how far it reaches. */
	struct bpfl_pointer_fault fault = { 0, UINT32_MAX, text }, *kept;

	if (var != NULL && map->pointer_faults.nr < FAULTS_PER_SECTION - 1) {
		fault.byte_off = var->byte_off;
		fault.size_bytes = var->size_bytes;
	}
	kept = BPFL_VEC_PUSH(&map->pointer_faults);
	if (kept == NULL) {
		free(text);
		return bpfl_error_nomem(reader->err);
	}
	*kept = fault;
	return 0;
}

/* Whether the words for this place are there already. */
static bool is_kept(const struct bpfl_map_spec *map, uint64_t byte_off)
{
	for (size_t i = 0; i < map->pointer_faults.nr; i++) {
		const struct bpfl_pointer_fault *fault = &map->pointer_faults.items[i];

		if (byte_off - fault->byte_off < fault->size_bytes)
			return true;
	}
	return false;
}

static int read_table(struct bpfl_reader *reader, const struct bpfl_elf_reloc_table *table)
{
	uint32_t map_idx = reader->sections[table->target_section_idx].map_idx;
	struct bpfl_map_spec *map = &reader->spec->maps.items[map_idx];
	int ret;

	for (size_t i = 0; i < table->nr_relocs; i++) {
		char *text;

		if (table->relocs[i].type != BPFL_R_BPF_64_ABS64 && table->relocs[i].type != BPFL_R_BPF_64_ABS32)
			return bpfl_reader_fail(reader,
						"section '%s': relocation %zu: type %u does not belong into data",
						BPFL_ESC(map->section), i, table->relocs[i].type);
		bool is_new = !is_kept(map, table->relocs[i].byte_off);

		if (i >= NOTES_PER_SECTION && !is_new)
			continue;
		text = describe(reader, map_idx, &table->relocs[i]);
		if (text == NULL)
			return bpfl_error_nomem(reader->err);
		/*
		 * Whether it is an error (a program refers to it) or a warning (none does) is known when
		 * the image is built.
		 */
		if (i < NOTES_PER_SECTION)
			bpfl_spec_note(reader->spec, BPFL_LOG_INFO, "%s", text);
		if (!is_new) {
			free(text);
			continue;
		}
		ret = keep_fault(reader, map_idx, &table->relocs[i], text);
		if (ret < 0)
			return ret;
	}
	if (table->nr_relocs > NOTES_PER_SECTION)
		bpfl_spec_note(reader->spec, BPFL_LOG_INFO, "section '%s': %zu more addresses in initialised data",
			       BPFL_ESC(map->section), table->nr_relocs - NOTES_PER_SECTION);
	return 0;
}

int bpfl_read_pointers(struct bpfl_reader *reader)
{
	const struct bpfl_elf *elf = reader->elf;

	for (size_t i = 0; i < elf->nr_reloc_tables; i++) {
		if (reader->sections[elf->reloc_tables[i].target_section_idx].map_idx == BPFL_READER_NONE ||
		    elf->reloc_tables[i].nr_relocs == 0)
			continue;
		int ret = read_table(reader, &elf->reloc_tables[i]);

		if (ret < 0)
			return ret;
	}
	return 0;
}
