/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Data sections -> maps.
 *
 * Global variables live in array maps with one element: the whole section is the value, and a program reaches a
 * variable by the value's address plus the variable's offset (Linux 5.2). Each of .data*, .rodata*, .bss*
 * becomes such a map, named like its section; what the kernel will call it is decided later (GLB-03). .rodata
 * is read-only for programs and frozen before they are verified. Variables of .percpu* (Linux 7.3) are there once
 * for each CPU, all with the same initial value.
 *
 * The type of the value is the DATASEC of the same name, if BTF has one: sections of constants that the compiler made
 * (.rodata.str1.1) have none (G-10).
 */
#include <errno.h>
#include <stdlib.h>
#include "base/text.h"
#include "spec/reader.h"

static enum bpfl_map_origin data_origin(const char *section_name)
{
	if (bpfl_text_has_prefix(section_name, ".rodata"))
		return BPFL_MAP_RODATA;
	return bpfl_text_has_prefix(section_name, ".bss") ? BPFL_MAP_BSS : BPFL_MAP_DATA;
}

static int check_size(struct bpfl_reader *reader, const struct bpfl_elf_section *section)
{
	reader->data_sum += section->size;
	if (section->size > BPFL_SPEC_MAX_DATA || reader->data_sum > BPFL_SPEC_MAX_DATA_SUM)
		return bpfl_error_set(reader->err, BPFL_ERR_OBJECT, E2BIG,
				      "section '%s': %llu bytes of variables are more than a map can hold",
				      BPFL_ESC(section->name), (unsigned long long)section->size);
	return 0;
}

/* Bytes of the file, or zeroes where the file has none. */
static uint8_t *section_copy(const struct bpfl_elf_section *section)
{
	return section->data != NULL ? bpfl_memdup(section->data, section->size) : calloc(1, section->size);
}

static int add_data_map(struct bpfl_reader *reader, uint32_t section_idx)
{
	const struct bpfl_elf_section *section = &reader->elf->sections[section_idx];
	enum bpfl_map_origin origin = data_origin(section->name);
	int ret = check_size(reader, section);

	if (ret < 0)
		return ret;
	if (section->data == NULL && origin != BPFL_MAP_BSS)
		return bpfl_reader_fail(reader, "section '%s' has no contents in the file", BPFL_ESC(section->name));
	struct bpfl_map_spec *map = bpfl_reader_add_map(reader, section->name, origin, section_idx, 0);
	if (map == NULL)
		return bpfl_error_nomem(reader->err);
	map->type = bpfl_text_has_prefix(section->name, ".percpu") ? BPFL_MAP_TYPE_PERCPU_ARRAY : BPFL_MAP_TYPE_ARRAY;
	map->key_size = sizeof(uint32_t);
	map->value_size = map->data_size = (uint32_t)section->size;
	map->max_entries = 1;
	map->has_max_entries = true;
	map->frozen = origin == BPFL_MAP_RODATA;
	map->flags = map->frozen ? BPFL_F_RDONLY_PROG : 0;
	map->data = section_copy(section);
	if (map->data == NULL)
		return bpfl_error_nomem(reader->err);
	map->value_type_id = bpfl_reader_btf_id(reader, BPFL_KIND_DATASEC, section->name);
	reader->sections[section_idx].map_idx = (uint32_t)reader->spec->maps.nr - 1;
	return 0;
}

/*
 * ".addr_space.1": the initial value of variables that live in the object's arena (__arena int x). They are
 * no map of their own.
 */
static int add_arena_data(struct bpfl_reader *reader, uint32_t section_idx)
{
	const struct bpfl_elf_section *section = &reader->elf->sections[section_idx];
	struct bpfl_map_spec *arena = NULL;
	size_t nr_arenas = 0;
	int ret = check_size(reader, section);

	if (ret < 0)
		return ret;
	for (size_t i = 0; i < reader->spec->maps.nr; i++) {
		if (reader->spec->maps.items[i].type == BPFL_MAP_TYPE_ARENA && nr_arenas++ == 0)
			arena = &reader->spec->maps.items[i];
	}
	if (nr_arenas != 1) {
		bpfl_reader_fail(reader, "section '%s': variables of an arena, but the object declares %zu arenas",
				 BPFL_ESC(section->name), nr_arenas);
		bpfl_error_fix(reader->err, "declare one map of type BPF_MAP_TYPE_ARENA, where these variables live");
		return -EINVAL;
	}
	arena->data = section_copy(section);
	if (arena->data == NULL)
		return bpfl_error_nomem(reader->err);
	arena->data_size = (uint32_t)section->size;
	reader->sections[section_idx].map_idx = (uint32_t)(arena - reader->spec->maps.items);
	return 0;
}

int bpfl_read_data(struct bpfl_reader *reader)
{
	for (uint32_t i = 0; i < reader->elf->nr_sections; i++) {
		int ret = 0;

		if (reader->elf->sections[i].size == 0)
			continue;
		if (reader->sections[i].class == BPFL_SEC_DATA)
			ret = add_data_map(reader, i);
		else if (reader->sections[i].class == BPFL_SEC_ARENA)
			ret = add_arena_data(reader, i);
		if (ret < 0)
			return ret;
	}
	int ret = bpfl_read_struct_ops(reader);

	bpfl_reader_sort_places(reader);
	return ret;
}
