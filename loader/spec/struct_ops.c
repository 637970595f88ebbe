/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * SEC(".struct_ops") struct tcp_congestion_ops my_ops = { .ssthresh = (void *)my_ssthresh, ... };
 *
 * A variable in such a section is an implementation of one of the kernel's interfaces (a struct of function
 * pointers): it becomes a map of its own, whose value is the struct. The file has its bytes, and a relocation
 * for each member that points to a program. Where a member is in the kernel's struct is the kernel's business
 * (image/struct_ops.c); here members are kept by their place in the object's struct.
 *
 *     .struct_ops         registered by writing the value, for as long as nobody deletes it (Linux 5.6)
 *     .struct_ops.link    registered by a link, for as long as that lives (6.4)
 *     ?.struct_ops[.link] made only when somebody asks for it: all variables of the section, not only the first (G-24)
 */
#include <errno.h>
#include <string.h>
#include "base/cursor.h"
#include "base/text.h"
#include "spec/reader.h"

static int add_variable(struct bpfl_reader *reader, uint32_t section_idx, const struct bpfl_elf_symbol *symbol)
{
	const struct bpfl_elf_section *section = &reader->elf->sections[section_idx];
	const struct bpfl_btf *btf = reader->spec->btf;

	if (!bpfl_in_range(symbol->value, symbol->size, section->size) || symbol->size == 0 || section->data == NULL ||
	    symbol->size > BPFL_SPEC_MAX_DATA)
		return bpfl_reader_fail(reader, "section '%s': variable '%s' does not lie inside the section",
					BPFL_ESC(section->name), BPFL_ESC(symbol->name));
	struct bpfl_map_spec *map = bpfl_reader_add_map(reader, symbol->name, BPFL_MAP_STRUCT_OPS, section_idx,
							(uint32_t)symbol->value);
	if (map == NULL)
		return bpfl_error_nomem(reader->err);
	map->type = BPFL_MAP_TYPE_STRUCT_OPS;
	map->key_size = sizeof(uint32_t);
	map->value_size = map->data_size = (uint32_t)symbol->size;
	map->max_entries = 1;
	map->has_max_entries = true;
	map->unselected = section->name[0] == '?';
	map->flags = bpfl_text_has_prefix(section->name + map->unselected, ".struct_ops.link") ? BPFL_F_LINK : 0;
	map->data = bpfl_memdup(section->data + symbol->value, symbol->size);
	if (map->data == NULL)
		return bpfl_error_nomem(reader->err);
	uint32_t var_id = bpfl_reader_btf_id(reader, BPFL_KIND_VAR, symbol->name);
	if (var_id != 0)
		bpfl_btf_skip_modifiers(btf, bpfl_btf_type(btf, var_id)->type, &map->value_type_id);
	struct bpfl_map_place place = { section_idx, map->byte_off, map->data_size, (uint32_t)reader->spec->maps.nr - 1,
					0 };
	return bpfl_reader_add_place(reader, &place);
}

int bpfl_read_struct_ops(struct bpfl_reader *reader)
{
	const struct bpfl_elf *elf = reader->elf;

	for (uint32_t i = 1; i < elf->nr_symbols; i++) {
		const struct bpfl_elf_symbol *symbol = &elf->symbols[i];

		if (symbol->type != BPFL_STT_OBJECT || symbol->section_idx >= elf->nr_sections ||
		    reader->sections[symbol->section_idx].class != BPFL_SEC_STRUCT_OPS)
			continue;
		int ret = add_variable(reader, symbol->section_idx, symbol);

		if (ret < 0)
			return ret;
	}
	return 0;
}

/* ---- members ---- */

/* Sections' own symbols keep the offset in the bytes that are relocated. */
static int func_off(struct bpfl_reader *reader, const struct bpfl_elf_section *section,
		    const struct bpfl_elf_reloc *reloc, const struct bpfl_elf_symbol *symbol, uint64_t *ret_byte_off)
{
	struct bpfl_cursor cursor = bpfl_cursor_make(section->data, section->size, reader->elf->swap);
	uint64_t addend = 0;

	if (symbol->type == BPFL_STT_SECTION &&
	    (bpfl_cursor_seek(&cursor, reloc->byte_off) < 0 || bpfl_cursor_u64(&cursor, &addend) < 0))
		return bpfl_reader_fail(reader, "the pointer reaches behind the end of the section");
	*ret_byte_off = symbol->value + addend;
	return 0;
}

static int prog_of(struct bpfl_reader *reader, uint32_t section_idx, const struct bpfl_elf_reloc *reloc,
		   uint32_t *ret_prog_idx)
{
	const struct bpfl_elf_symbol *symbol = &reader->elf->symbols[reloc->symbol_idx];
	uint64_t byte_off = 0;
	uint32_t func_idx = 0;
	int ret;

	if (reloc->type != BPFL_R_BPF_64_ABS64)
		return bpfl_reader_fail(reader, "relocation type %u does not belong into a struct of functions",
					reloc->type);
	if (symbol->section_idx == BPFL_SHN_UNDEF || symbol->section_idx >= reader->elf->nr_sections ||
	    reader->sections[symbol->section_idx].class != BPFL_SEC_CODE)
		return bpfl_reader_fail(reader, "'%s' is no program", BPFL_ESC(symbol->name));
	ret = func_off(reader, &reader->elf->sections[section_idx], reloc, symbol, &byte_off);
	if (ret == 0)
		ret = bpfl_reader_func_start(reader, symbol->section_idx, byte_off, &func_idx);
	if (ret < 0)
		return ret;
	*ret_prog_idx = reader->func_prog[func_idx];
	if (*ret_prog_idx == BPFL_READER_NONE) {
		bpfl_reader_fail(reader, "function '%s' is not an entry program",
				 BPFL_ESC(reader->spec->funcs.items[func_idx].name));
		bpfl_error_fix(reader->err, "make it global, in a section of its own: SEC(\"struct_ops\")");
		return -EINVAL;
	}
	return 0;
}

static int add_member(struct bpfl_reader *reader, uint32_t section_idx, const struct bpfl_elf_reloc *reloc)
{
	const struct bpfl_map_place *place = bpfl_reader_place_of(reader, section_idx, reloc->byte_off);
	uint32_t prog_idx = 0;

	if (place == NULL)
		return bpfl_reader_fail(reader, "falls into no variable");
	struct bpfl_map_spec *map = &reader->spec->maps.items[place->map_idx];
	int ret = prog_of(reader, section_idx, reloc, &prog_idx);

	if (ret < 0) {
		bpfl_error_prefix(reader->err, "struct_ops '%s'", BPFL_ESC(map->name));
		return ret;
	}
	struct bpfl_ops_member *member = BPFL_VEC_PUSH(&map->ops);
	if (member == NULL)
		return bpfl_error_nomem(reader->err);
	*member = (struct bpfl_ops_member){ (uint32_t)reloc->byte_off - place->byte_off, prog_idx };
	/*
	 * Whether such a program is loaded follows from the struct: '?' only says that it may be missing in
	 * the kernel's.
	 */
	reader->spec->progs.items[prog_idx].selected = reader->spec->progs.items[prog_idx].selected || !map->unselected;
	return 0;
}

int bpfl_read_ops_members(struct bpfl_reader *reader)
{
	const struct bpfl_elf *elf = reader->elf;

	for (size_t t = 0; t < elf->nr_reloc_tables; t++) {
		const struct bpfl_elf_reloc_table *table = &elf->reloc_tables[t];

		if (reader->sections[table->target_section_idx].class != BPFL_SEC_STRUCT_OPS)
			continue;
		for (size_t i = 0; i < table->nr_relocs; i++) {
			int ret = add_member(reader, table->target_section_idx, &table->relocs[i]);

			if (ret < 0) {
				bpfl_error_prefix(reader->err, "section '%s': relocation %zu at byte 0x%llx",
						  BPFL_ESC(elf->sections[table->target_section_idx].name), i,
						  (unsigned long long)table->relocs[i].byte_off);
				return ret;
			}
		}
	}
	return 0;
}

const char *bpfl_spec_ops_member_name(const struct bpfl_spec *spec, const struct bpfl_map_spec *map, uint32_t byte_off)
{
	const struct bpfl_btf_type *type = spec->btf != NULL ? bpfl_btf_type(spec->btf, map->value_type_id) : NULL;

	if (type == NULL || bpfl_btf_kind(type) != BPFL_KIND_STRUCT)
		return "";
	for (uint32_t i = 0; i < bpfl_btf_vlen(type); i++) {
		if (bpfl_btf_member_bit_off(type, i) == (uint64_t)byte_off * 8)
			return bpfl_btf_string(spec->btf, bpfl_btf_members(type)[i].name_off);
	}
	return "";
}

/* ---- changing ---- */

static int struct_ops_map(struct bpfl_spec *spec, const char *name, struct bpfl_map_spec **ret_map,
			  struct bpfl_error *err)
{
	struct bpfl_buf list = BPFL_BUF_INIT;
	struct bpfl_near near;
	char names[512];
	int32_t idx = bpfl_spec_map_idx(spec, name);

	if (idx != BPFL_NO_IDX && spec->maps.items[idx].origin == BPFL_MAP_STRUCT_OPS) {
		*ret_map = &spec->maps.items[idx];
		return 0;
	}
	bpfl_error_set(err, BPFL_ERR_USAGE, ENOENT, "the object has no struct_ops variable '%s'", BPFL_ESC(name));
	bpfl_near_init(&near, name);
	for (size_t i = 0; i < spec->maps.nr; i++) {
		if (spec->maps.items[i].origin != BPFL_MAP_STRUCT_OPS)
			continue;
		bpfl_near_offer(&near, spec->maps.items[i].name);
		bpfl_buf_printf(&list, "%s%s", list.size ? ", " : "", BPFL_ESC(spec->maps.items[i].name));
	}
	bpfl_error_why(err, "struct_ops variables: %s", list.size ? list.data : "none");
	bpfl_buf_deinit(&list);
	if (near.nr > 0)
		bpfl_error_fix(err, "did you mean %s?", bpfl_near_text(&near, names, sizeof(names)));
	return -ENOENT;
}

int bpfl_spec_struct_ops_select(struct bpfl_spec *spec, const char *map_name, bool selected, struct bpfl_error *err)
{
	struct bpfl_map_spec *map = NULL;
	int ret = struct_ops_map(spec, map_name, &map, err);

	if (ret < 0)
		return ret;
	map->unselected = !selected;
	for (size_t i = 0; selected && i < map->ops.nr; i++)
		spec->progs.items[map->ops.items[i].prog_idx].selected = true;
	return 0;
}

int bpfl_spec_struct_ops_set(struct bpfl_spec *spec, const char *map_name, const char *member_name,
			     const char *prog_name, struct bpfl_error *err)
{
	struct bpfl_map_spec *map = NULL;
	int32_t prog_idx = prog_name != NULL ? bpfl_spec_prog_idx(spec, prog_name) : BPFL_NO_IDX;
	int ret = struct_ops_map(spec, map_name, &map, err);
	const struct bpfl_btf_type *type;
	uint32_t m = 0;

	if (ret < 0)
		return ret;
	if (prog_name != NULL && prog_idx == BPFL_NO_IDX)
		return bpfl_error_set(err, BPFL_ERR_USAGE, ENOENT, "the object has no program '%s'",
				      BPFL_ESC(prog_name));
	type = spec->btf != NULL ? bpfl_btf_type(spec->btf, map->value_type_id) : NULL;
	if (type == NULL || bpfl_btf_kind(type) != BPFL_KIND_STRUCT)
		return bpfl_error_set(err, BPFL_ERR_OBJECT, EINVAL, "struct_ops '%s' has no type", BPFL_ESC(map_name));
	while (m < bpfl_btf_vlen(type) &&
	       strcmp(bpfl_btf_string(spec->btf, bpfl_btf_members(type)[m].name_off), member_name) != 0)
		m++;
	if (m == bpfl_btf_vlen(type))
		return bpfl_error_set(err, BPFL_ERR_USAGE, ENOENT, "struct_ops '%s' has no member '%s'",
				      BPFL_ESC(map_name), BPFL_ESC(member_name));
	uint32_t byte_off = bpfl_btf_member_bit_off(type, m) / 8;
	for (size_t i = 0; i < map->ops.nr; i++) {
		if (map->ops.items[i].byte_off == byte_off) {
			map->ops.items[i] = map->ops.items[--map->ops.nr];
			break;
		}
	}
	if (prog_idx == BPFL_NO_IDX)
		return 0;
	struct bpfl_ops_member *member = BPFL_VEC_PUSH(&map->ops);
	if (member == NULL)
		return bpfl_error_nomem(err);
	*member = (struct bpfl_ops_member){ byte_off, (uint32_t)prog_idx };
	spec->progs.items[prog_idx].selected = true;
	return 0;
}
