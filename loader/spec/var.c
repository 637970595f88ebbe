/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The variables in data maps: where each one is, how large, of what type.
 *
 * Two tables know about them and neither is whole. Symbols say where a variable is, and have nothing to say
 * about its type; BTF has the type, but clang leaves the offsets of global variables 0 (G-11) and files some
 * constants under another section than the one they went to. So: symbols make the variables, BTF adds types by
 * name, and what BTF alone knows (static variables whose symbols were stripped) comes from there, because for
 * those its offsets are right.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "base/cursor.h"
#include "base/hash.h"
#include "base/text.h"
#include "spec/reader.h"

static int fail_outside(struct bpfl_reader *reader, const char *name, uint64_t byte_off, uint64_t size,
			const struct bpfl_map_spec *map)
{
	return bpfl_reader_fail(reader,
				"section '%s': variable '%s' at byte 0x%llx with %llu bytes: the section has %u",
				BPFL_ESC(map->section), BPFL_ESC(name), (unsigned long long)byte_off,
				(unsigned long long)size, map->data_size);
}

static int add_var(struct bpfl_reader *reader, const char *name, uint32_t map_idx, uint64_t byte_off, uint64_t size,
		   bool is_static, bool is_hidden)
{
	const struct bpfl_map_spec *map = &reader->spec->maps.items[map_idx];

	if (!bpfl_in_range(byte_off, size, map->data_size))
		return fail_outside(reader, name, byte_off, size, map);
	char *copy = bpfl_strdup(name);
	struct bpfl_var *var = copy == NULL ? NULL : BPFL_VEC_PUSH(&reader->spec->vars);
	if (var == NULL) {
		free(copy);
		return bpfl_error_nomem(reader->err);
	}
	var->name = copy;
	var->map_idx = map_idx;
	var->byte_off = (uint32_t)byte_off;
	var->size_bytes = (uint32_t)size;
	var->is_static = is_static;
	var->is_hidden = is_hidden;
	return 0;
}

/* Variables of .struct_ops are maps themselves. */
static uint32_t map_of_symbol(const struct bpfl_reader *reader, const struct bpfl_elf_symbol *symbol)
{
	if (reader->sections[symbol->section_idx].class == BPFL_SEC_STRUCT_OPS)
		return bpfl_reader_map_at(reader, symbol->section_idx, symbol->value);
	return reader->sections[symbol->section_idx].map_idx;
}

/* Labels the compiler made (.L.str) are nobody's variables. */
static bool symbol_is_var(const struct bpfl_reader *reader, const struct bpfl_elf_symbol *symbol)
{
	return symbol->section_idx < reader->elf->nr_sections && symbol->type == BPFL_STT_OBJECT &&
	       symbol->name[0] != '\0' && strncmp(symbol->name, ".L", 2) != 0 &&
	       map_of_symbol(reader, symbol) != BPFL_READER_NONE;
}

static int read_symbols(struct bpfl_reader *reader)
{
	for (uint32_t i = 1; i < reader->elf->nr_symbols; i++) {
		const struct bpfl_elf_symbol *symbol = &reader->elf->symbols[i];

		if (!symbol_is_var(reader, symbol))
			continue;
		uint32_t map_idx = map_of_symbol(reader, symbol);
		/* A struct_ops variable is the whole of its map; others have their place in the section. */
		bool is_map = reader->sections[symbol->section_idx].class == BPFL_SEC_STRUCT_OPS;
		uint64_t byte_off = is_map ? 0 : symbol->value;
		int ret = add_var(reader, symbol->name, map_idx, byte_off, symbol->size, symbol->bind == BPFL_STB_LOCAL,
				  bpfl_elf_symbol_is_hidden(symbol));

		if (ret < 0)
			return ret;
	}
	return 0;
}

/* ---- types from BTF ---- */

static int set_type(struct bpfl_reader *reader, struct bpfl_var *var, uint32_t btf_id)
{
	const struct bpfl_btf *btf = reader->spec->btf;
	const struct bpfl_map_spec *map = &reader->spec->maps.items[var->map_idx];
	uint32_t type_id = bpfl_btf_type(btf, btf_id)->type;
	uint32_t size = 0;

	var->btf_id = btf_id;
	if (bpfl_btf_size(btf, type_id, &size) < 0)
		return 0; /* no size: known by its symbol only */
	if (var->size_bytes == 0)
		var->size_bytes = size;
	/* An array of open length (int a[] = {1, 2}) is larger than its type; smaller would be a contradiction. */
	if (size > var->size_bytes || !bpfl_in_range(var->byte_off, var->size_bytes, map->data_size))
		return bpfl_reader_fail(reader, "section '%s': variable '%s' has %u bytes, its type has %u",
					BPFL_ESC(map->section), BPFL_ESC(var->name), var->size_bytes, size);
	var->type_id = type_id;
	return 0;
}

/* A variable that only BTF knows: static, its symbol stripped, its offset right. */
static int add_from_btf(struct bpfl_reader *reader, uint32_t map_idx, const struct bpfl_btf_datasec_var *datasec_var)
{
	int ret = add_var(reader, bpfl_btf_name(reader->spec->btf, datasec_var->type), map_idx, datasec_var->byte_off,
			  datasec_var->size_bytes, true, false);

	return ret < 0 ? ret
		       : set_type(reader, &reader->spec->vars.items[reader->spec->vars.nr - 1], datasec_var->type);
}

/* What the second half of this pass looks things up in. */
struct var_tables {
	struct bpfl_hash names;	    /* variable's name -> index; visible ones first */
	struct bpfl_hash map_names; /* section -> its map */
	size_t nr_sorted;	    /* the first of spec->vars are sorted by place */
};

static int var_compare(const void *a_ptr, const void *b_ptr)
{
	const struct bpfl_var *a = a_ptr, *b = b_ptr;

	if (a->map_idx != b->map_idx)
		return a->map_idx < b->map_idx ? -1 : 1;
	if (a->byte_off != b->byte_off)
		return a->byte_off < b->byte_off ? -1 : 1;
	return strcmp(a->name, b->name);
}

static void sort_vars(struct bpfl_spec *spec)
{
	if (spec->vars.nr > 0)
		qsort(spec->vars.items, spec->vars.nr, sizeof(*spec->vars.items), var_compare);
}

static int hash_vars(const struct bpfl_spec *spec, bool is_static, struct bpfl_hash *names)
{
	for (uint32_t i = 0; i < spec->vars.nr; i++) {
		const struct bpfl_var *var = &spec->vars.items[i];

		if (var->is_static == is_static &&
		    bpfl_hash_put(names, var->name, strlen(var->name), i) == -ENOMEM)
			return -ENOMEM;
	}
	return 0;
}

#define ARENA_SECTION ".addr_space.1"

static int hash_maps(const struct bpfl_spec *spec, struct bpfl_hash *names)
{
	for (uint32_t i = 0; i < spec->maps.nr; i++) {
		const struct bpfl_map_spec *map = &spec->maps.items[i];

		const char *section = map->type == BPFL_MAP_TYPE_ARENA ? ARENA_SECTION : map->section;

		if (map->data != NULL && map->origin != BPFL_MAP_STRUCT_OPS &&
		    bpfl_hash_put(names, section, strlen(section), i) == -ENOMEM)
			return -ENOMEM;
	}
	return 0;
}

/* A static variable by place: after linking, several of one name can be in a section. NULL when none is there. */
static struct bpfl_var *find_by_place(const struct bpfl_spec *spec, const struct var_tables *tables, uint32_t map_idx,
				      uint32_t byte_off, const char *name)
{
	struct bpfl_var key = { .name = (char *)(uintptr_t)name, .map_idx = map_idx, .byte_off = byte_off };

	if (tables->nr_sorted == 0)
		return NULL;
	return bsearch(&key, spec->vars.items, tables->nr_sorted, sizeof(key), var_compare);
}

static struct bpfl_var *find_var(const struct bpfl_spec *spec, const struct var_tables *tables, uint32_t map_idx,
				 const struct bpfl_btf_datasec_var *datasec_var, bool is_static)
{
	const char *name = bpfl_btf_name(spec->btf, datasec_var->type);
	uint32_t var_idx = 0;

	if (is_static && map_idx != BPFL_READER_NONE) {
		struct bpfl_var *var = find_by_place(spec, tables, map_idx, datasec_var->byte_off, name);

		if (var != NULL && var->is_static && var->btf_id == 0)
			return var;
	}
	if (bpfl_hash_get(&tables->names, name, strlen(name), &var_idx) < 0)
		return NULL;
	struct bpfl_var *var = &spec->vars.items[var_idx];
	return var->btf_id == 0 && var->is_static == is_static ? var : NULL;
}

static int read_datasec_var(struct bpfl_reader *reader, const struct var_tables *tables, uint32_t map_idx,
			    const struct bpfl_btf_datasec_var *datasec_var)
{
	const struct bpfl_spec *spec = reader->spec;
	const struct bpfl_btf_type *type = bpfl_btf_type(spec->btf, datasec_var->type);

	if (type == NULL || bpfl_btf_kind(type) != BPFL_KIND_VAR)
		return bpfl_reader_fail(reader, "BTF: a data section lists type %u, which is no variable",
					datasec_var->type);
	bool is_static = bpfl_btf_var_linkage(type) == BPFL_LINKAGE_STATIC;
	struct bpfl_var *var = find_var(spec, tables, map_idx, datasec_var, is_static);

	if (var != NULL)
		return set_type(reader, var, datasec_var->type);
	if (is_static && map_idx != BPFL_READER_NONE)
		return add_from_btf(reader, map_idx, datasec_var);
	return 0; /* extern, or filed under a section that is not there */
}

static bool is_data_name(const char *name)
{
	return bpfl_text_has_prefix(name, ".data") || bpfl_text_has_prefix(name, ".rodata") ||
	       bpfl_text_has_prefix(name, ".bss") || bpfl_text_has_prefix(name, ".percpu") ||
	       bpfl_text_has_prefix(name, ".struct_ops") || bpfl_text_has_prefix(name, "?.struct_ops") || strcmp(name, ARENA_SECTION) == 0;
}

static int read_datasecs(struct bpfl_reader *reader, const struct var_tables *tables)
{
	const struct bpfl_btf *btf = reader->spec->btf;

	for (uint32_t id = 1; id < bpfl_btf_nr_types(btf); id++) {
		const struct bpfl_btf_type *type = bpfl_btf_type(btf, id);
		const char *name = bpfl_btf_name(btf, id);
		uint32_t map_idx = BPFL_READER_NONE;

		if (type == NULL || bpfl_btf_kind(type) != BPFL_KIND_DATASEC || !is_data_name(name))
			continue;
		bpfl_hash_get(&tables->map_names, name, strlen(name), &map_idx);
		for (uint32_t i = 0; i < bpfl_btf_vlen(type); i++) {
			int ret = read_datasec_var(reader, tables, map_idx, &bpfl_btf_datasec_vars(type)[i]);

			if (ret < 0)
				return ret;
		}
	}
	return 0;
}

/* GLB-02: a map is worth sharing with user space when it holds something that is not private to the object. */
static void mark_mmapable(struct bpfl_spec *spec)
{
	for (size_t i = 0; i < spec->vars.nr; i++) {
		const struct bpfl_var *var = &spec->vars.items[i];
		struct bpfl_map_spec *map = &spec->maps.items[var->map_idx];

		if (!var->is_static && !var->is_hidden && map->value_type_id != 0 && map->origin != BPFL_MAP_STRUCT_OPS &&
		    map->type != BPFL_MAP_TYPE_PERCPU_ARRAY)
			map->mmapable = true;
	}
}

int bpfl_read_vars(struct bpfl_reader *reader)
{
	struct bpfl_spec *spec = reader->spec;
	struct var_tables tables = { BPFL_HASH_INIT, BPFL_HASH_INIT, 0 };
	int ret = read_symbols(reader);

	sort_vars(spec);
	tables.nr_sorted = spec->vars.nr;
	if (ret == 0 && spec->btf != NULL) {
		if (hash_vars(spec, false, &tables.names) < 0 || hash_vars(spec, true, &tables.names) < 0 ||
		    hash_maps(spec, &tables.map_names) < 0)
			ret = bpfl_error_nomem(reader->err);
		else
			ret = read_datasecs(reader, &tables);
	}
	bpfl_hash_deinit(&tables.names);
	bpfl_hash_deinit(&tables.map_names);
	sort_vars(spec);
	mark_mmapable(spec);
	return ret;
}
