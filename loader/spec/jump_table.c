/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * .jumptables -> lists of instructions (SEC-18).
 *
 * clang 22 with -mcpu=v4 makes of a large switch what compilers for other machines make of it: a table of places, a
 * load from it, and a jump to what was loaded (gotox). Each table is a symbol of the section .jumptables, an array of
 * 64-bit numbers: byte offsets in the section of the code. Only the function that holds the switch refers to it, and
 * that is where all the places must lie; here they become numbers of instructions in that function. When the function
 * has its place in a program they become numbers in the program (image/refs.c), and a map (kern/jump_table.c).
 */
#include <errno.h>
#include <stdlib.h>
#include "base/cursor.h"
#include "base/text.h"
#include "spec/reader.h"

#define ENTRY_SIZE 8u

void bpfl_jump_table_deinit(struct bpfl_jump_table *table)
{
	free(table->name);
	free(table->targets);
}

static int read_targets(struct bpfl_reader *reader, const struct bpfl_func *func, struct bpfl_cursor *cursor,
			struct bpfl_jump_table *table)
{
	for (uint32_t i = 0; i < table->nr_targets; i++) {
		uint64_t byte_off = 0, in_func;
		int ret = bpfl_cursor_u64(cursor, &byte_off);

		if (ret < 0)
			return ret;
		in_func = byte_off - func->byte_off;
		if (byte_off < func->byte_off || in_func / BPFL_INSN_SIZE >= func->nr_insts ||
		    in_func % BPFL_INSN_SIZE != 0)
			return bpfl_reader_fail(reader,
						"jump table '%s': entry %u: byte 0x%llx is no instruction of '%s'",
						BPFL_ESC(table->name), i, (unsigned long long)byte_off,
						BPFL_ESC(func->name));
		table->targets[i] = (uint32_t)(in_func / BPFL_INSN_SIZE);
	}
	return 0;
}

static int read_table(struct bpfl_reader *reader, const struct bpfl_func *func, const struct bpfl_elf_symbol *symbol,
		      struct bpfl_jump_table *table)
{
	const struct bpfl_elf_section *section = &reader->elf->sections[symbol->section_idx];
	struct bpfl_cursor cursor;

	if (symbol->size == 0 || symbol->size % ENTRY_SIZE != 0 || section->data == NULL ||
	    !bpfl_in_range(symbol->value, symbol->size, section->size))
		return bpfl_reader_fail(reader, "jump table '%s': %llu bytes at byte 0x%llx of '%s', which has %llu",
					BPFL_ESC(symbol->name), (unsigned long long)symbol->size,
					(unsigned long long)symbol->value, BPFL_ESC(section->name),
					(unsigned long long)section->size);
	reader->nr_jumps += symbol->size / ENTRY_SIZE;
	if (reader->nr_jumps > BPFL_SPEC_MAX_INSTS)
		return bpfl_error_set(reader->err, BPFL_ERR_OBJECT, E2BIG, "more than %u places in jump tables",
				      BPFL_SPEC_MAX_INSTS);
	table->nr_targets = (uint32_t)(symbol->size / ENTRY_SIZE);
	table->targets = calloc(table->nr_targets, sizeof(*table->targets));
	table->name = bpfl_strdup(symbol->name);
	if (table->targets == NULL || table->name == NULL)
		return bpfl_error_nomem(reader->err);
	cursor = bpfl_cursor_make(section->data + symbol->value, symbol->size, reader->elf->swap);
	return read_targets(reader, func, &cursor, table);
}

static bool is_made(const struct bpfl_reader *reader, uint32_t table_idx, uint32_t func_idx)
{
	return table_idx != BPFL_READER_NONE && reader->spec->jump_tables.items[table_idx].func_idx == func_idx;
}

int bpfl_reader_jump_table(struct bpfl_reader *reader, const struct bpfl_func *func, uint32_t symbol_idx,
			   uint32_t *ret_table_idx)
{
	uint32_t func_idx = (uint32_t)(func - reader->spec->funcs.items);
	struct bpfl_jump_table *table;

	if (reader->symbol_jumps == NULL) {
		reader->symbol_jumps = malloc(reader->elf->nr_symbols * sizeof(*reader->symbol_jumps));
		if (reader->symbol_jumps == NULL)
			return bpfl_error_nomem(reader->err);
		for (size_t i = 0; i < reader->elf->nr_symbols; i++)
			reader->symbol_jumps[i] = BPFL_READER_NONE;
	}
	*ret_table_idx = reader->symbol_jumps[symbol_idx];
	if (is_made(reader, *ret_table_idx, func_idx))
		return 0;
	table = BPFL_VEC_PUSH(&reader->spec->jump_tables);
	if (table == NULL)
		return bpfl_error_nomem(reader->err);
	*table = (struct bpfl_jump_table){ .func_idx = func_idx };
	*ret_table_idx = reader->symbol_jumps[symbol_idx] = (uint32_t)reader->spec->jump_tables.nr - 1;
	return read_table(reader, func, &reader->elf->symbols[symbol_idx], table);
}
