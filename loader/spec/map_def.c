/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * .maps: maps declared with BTF.
 *
 *     struct {
 *             __uint(type, BPF_MAP_TYPE_HASH);      int (*type)[BPF_MAP_TYPE_HASH];
 *             __type(key, u32);                     u32 *key;
 *             __array(values, struct inner);        struct inner *values[];
 *     } my_map SEC(".maps");
 *
 * The bytes of such a variable mean nothing; its type says everything. A number is the length of an array
 * behind a pointer, or the only enumerator of an enum when it needs 64 bits; a type is what a pointer points
 * to. Each member of the struct is one row of the attribute table below, whose function reads the member into the map.
 *
 * `values` is special: it is a template for the maps that a map-in-map holds (one level), or says that the
 * slots of a program array are filled; slots.c reads the initialisers themselves. It must be the last member
 * because its length is open.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "base/cursor.h"
#include "base/hash.h"
#include "base/text.h"
#include "spec/reader.h"

/* One definition while it is read. */
struct map_def {
	struct bpfl_reader *reader;
	const struct bpfl_btf *btf;
	struct bpfl_map_spec *map;
	const char *name; /* for messages */
	bool is_inner;
	bool has_key_size, has_value_size; /* given as a number or through a type so far */
	bool has_values;
	uint32_t values_type_id; /* of member `values` */
	uint32_t values_off;	 /* its byte offset */
};

static int def_read(struct map_def *def, uint32_t struct_id);

/* ---- the two ways to write a number, and the way to write a type ---- */

static int fail_attribute(struct map_def *def, const char *attribute, uint32_t type_id, const char *expected)
{
	char text[128];

	return bpfl_reader_fail(def->reader, "map '%s': attribute '%s': expected %s, found '%s'", BPFL_ESC(def->name),
				BPFL_ESC(attribute), expected,
				BPFL_ESC(bpfl_btf_type_text(def->btf, type_id, text, sizeof(text))));
}

/* The type behind a pointer, 0 when type_id is no pointer. */
static uint32_t pointee(const struct bpfl_btf *btf, uint32_t type_id, bool *ret_is_pointer)
{
	const struct bpfl_btf_type *type = bpfl_btf_skip_modifiers(btf, type_id, NULL);

	*ret_is_pointer = type != NULL && bpfl_btf_kind(type) == BPFL_KIND_PTR;
	return *ret_is_pointer ? type->type : 0;
}

static int read_u32(struct map_def *def, const char *attribute, uint32_t type_id, uint32_t *ret_value)
{
	bool is_pointer;
	uint32_t array_id = pointee(def->btf, type_id, &is_pointer);
	const struct bpfl_btf_type *array = is_pointer ? bpfl_btf_skip_modifiers(def->btf, array_id, NULL) : NULL;

	if (array == NULL || bpfl_btf_kind(array) != BPFL_KIND_ARRAY)
		return fail_attribute(def, attribute, type_id, "a number, __uint()");
	*ret_value = bpfl_btf_array(array)->nr_elems;
	return 0;
}

/* __ulong(): an enum with one value. */
static int read_u64(struct map_def *def, const char *attribute, uint32_t type_id, uint64_t *ret_value)
{
	const struct bpfl_btf_type *type = bpfl_btf_skip_modifiers(def->btf, type_id, NULL);
	enum bpfl_btf_kind kind = type != NULL ? bpfl_btf_kind(type) : BPFL_KIND_VOID;
	uint32_t small = 0;

	if (kind == BPFL_KIND_ENUM && bpfl_btf_vlen(type) == 1) {
		*ret_value = (uint32_t)bpfl_btf_enums(type)[0].value;
		return 0;
	}
	if (kind == BPFL_KIND_ENUM64 && bpfl_btf_vlen(type) == 1) {
		const struct bpfl_btf_enum64 *value = bpfl_btf_enums64(type);

		*ret_value = (uint64_t)value->value_hi32 << 32 | value->value_lo32;
		return 0;
	}
	if (kind != BPFL_KIND_PTR)
		return fail_attribute(def, attribute, type_id, "a number, __uint() or __ulong()");
	int ret = read_u32(def, attribute, type_id, &small);
	*ret_value = small;
	return ret;
}

/* A size can be given twice, as a number and through a type, if both say the same (MAP-04). */
static int set_size(struct map_def *def, const char *attribute, uint32_t size, uint32_t *field, bool *has)
{
	if (*has && *field != size)
		return bpfl_reader_fail(def->reader, "map '%s': attribute '%s': %u bytes here, %u bytes said before",
					BPFL_ESC(def->name), attribute, size, *field);
	*field = size;
	*has = true;
	return 0;
}

static int read_sized_type(struct map_def *def, const char *attribute, uint32_t type_id, uint32_t *ret_type_id,
			   uint32_t *ret_size)
{
	bool is_pointer;
	uint32_t target_id = pointee(def->btf, type_id, &is_pointer);

	if (!is_pointer)
		return fail_attribute(def, attribute, type_id, "a type, __type()");
	if (bpfl_btf_size(def->btf, target_id, ret_size) < 0)
		return fail_attribute(def, attribute, target_id, "a type with a size");
	*ret_type_id = target_id;
	return 0;
}

/* ---- attributes, one function each ---- */

static int read_type(struct map_def *def, const char *attribute, uint32_t type_id)
{
	return read_u32(def, attribute, type_id, &def->map->type);
}

static int read_max_entries(struct map_def *def, const char *attribute, uint32_t type_id)
{
	def->map->has_max_entries = true;
	return read_u32(def, attribute, type_id, &def->map->max_entries);
}

static int read_flags(struct map_def *def, const char *attribute, uint32_t type_id)
{
	return read_u32(def, attribute, type_id, &def->map->flags);
}

static int read_numa_node(struct map_def *def, const char *attribute, uint32_t type_id)
{
	return read_u32(def, attribute, type_id, &def->map->numa_node);
}

static int read_map_extra(struct map_def *def, const char *attribute, uint32_t type_id)
{
	return read_u64(def, attribute, type_id, &def->map->map_extra);
}

static int read_key_size(struct map_def *def, const char *attribute, uint32_t type_id)
{
	uint32_t size = 0;
	int ret = read_u32(def, attribute, type_id, &size);

	return ret < 0 ? ret : set_size(def, attribute, size, &def->map->key_size, &def->has_key_size);
}

static int read_value_size(struct map_def *def, const char *attribute, uint32_t type_id)
{
	uint32_t size = 0;
	int ret = read_u32(def, attribute, type_id, &size);

	return ret < 0 ? ret : set_size(def, attribute, size, &def->map->value_size, &def->has_value_size);
}

static int read_key(struct map_def *def, const char *attribute, uint32_t type_id)
{
	uint32_t size = 0;
	int ret = read_sized_type(def, attribute, type_id, &def->map->key_type_id, &size);

	return ret < 0 ? ret : set_size(def, attribute, size, &def->map->key_size, &def->has_key_size);
}

static int read_value(struct map_def *def, const char *attribute, uint32_t type_id)
{
	uint32_t size = 0;
	int ret = read_sized_type(def, attribute, type_id, &def->map->value_type_id, &size);

	return ret < 0 ? ret : set_size(def, attribute, size, &def->map->value_size, &def->has_value_size);
}

static int read_pinning(struct map_def *def, const char *attribute, uint32_t type_id)
{
	int ret = read_u32(def, attribute, type_id, &def->map->pinning);

	if (ret < 0)
		return ret;
	if (def->is_inner)
		return bpfl_reader_fail(def->reader, "map '%s': attribute 'pinning': an inner map cannot be pinned",
					BPFL_ESC(def->name));
	if (def->map->pinning > 1)
		return bpfl_reader_fail(def->reader, "map '%s': attribute 'pinning': %u (0 is none, 1 is by name)",
					BPFL_ESC(def->name), def->map->pinning);
	return 0;
}

static int read_values(struct map_def *def, const char *attribute, uint32_t type_id)
{
	(void)attribute;
	def->has_values = true;
	def->values_type_id = type_id;
	return 0;
}

static const struct attribute_row {
	const char *name;
	int (*read)(struct map_def *def, const char *attribute, uint32_t type_id);
} attribute_rows[] = {
	{ "type", read_type },
	{ "max_entries", read_max_entries },
	{ "map_flags", read_flags },
	{ "key", read_key },
	{ "key_size", read_key_size },
	{ "value", read_value },
	{ "value_size", read_value_size },
	{ "numa_node", read_numa_node },
	{ "pinning", read_pinning },
	{ "map_extra", read_map_extra },
	{ "values", read_values },
};

#define NR_ATTRIBUTES (sizeof(attribute_rows) / sizeof(attribute_rows[0]))

static int fail_unknown_attribute(struct map_def *def, const char *name)
{
	struct bpfl_near near;
	char text[256];

	bpfl_near_init(&near, name);
	for (size_t i = 0; i < NR_ATTRIBUTES; i++)
		bpfl_near_offer(&near, attribute_rows[i].name);
	bpfl_error_set(def->reader->err, BPFL_ERR_OBJECT, ENOTSUP, "map '%s': unknown attribute '%s'",
		       BPFL_ESC(def->name), BPFL_ESC(name));
	if (bpfl_near_text(&near, text, sizeof(text))[0] != '\0')
		bpfl_error_fix(def->reader->err, "did you mean %s?", text);
	return -ENOTSUP;
}

static int read_attribute(struct map_def *def, const struct bpfl_btf_member *member)
{
	const char *name = bpfl_btf_string(def->btf, member->name_off);

	for (size_t i = 0; i < NR_ATTRIBUTES; i++) {
		if (strcmp(attribute_rows[i].name, name) == 0)
			return attribute_rows[i].read(def, name, member->type);
	}
	return fail_unknown_attribute(def, name);
}

/* ---- values ---- */

static bool is_map_in_map(uint32_t type)
{
	return type == BPFL_MAP_TYPE_ARRAY_OF_MAPS || type == BPFL_MAP_TYPE_HASH_OF_MAPS;
}

/* The value of a map that holds maps or programs is a 4-byte descriptor (FIX-04). */
static int set_fd_value(struct map_def *def)
{
	if (def->map->value_size != 0 && def->map->value_size != sizeof(uint32_t))
		return bpfl_reader_fail(def->reader,
					"map '%s': a value of %u bytes, but type %s holds descriptors of 4",
					BPFL_ESC(def->name), def->map->value_size, bpfl_map_type_name(def->map->type));
	def->map->value_size = sizeof(uint32_t);
	return 0;
}

static int read_inner(struct map_def *def, uint32_t struct_id)
{
	struct bpfl_map_spec *outer = def->map;
	char *name;

	if (def->is_inner)
		return bpfl_reader_fail(def->reader, "map '%s': a map in a map cannot hold maps itself",
					BPFL_ESC(def->name));
	outer->inner = calloc(1, sizeof(*outer->inner));
	name = malloc(strlen(def->name) + sizeof(".inner"));
	if (outer->inner == NULL || name == NULL) {
		free(name);
		return bpfl_error_nomem(def->reader->err);
	}
	strcpy(name, def->name);
	strcat(name, ".inner");
	outer->inner->name = name;
	outer->inner->origin = BPFL_MAP_BTF;
	outer->inner->section_idx = outer->section_idx;
	outer->inner->section = bpfl_strdup(outer->section);
	if (outer->inner->section == NULL)
		return bpfl_error_nomem(def->reader->err);

	struct map_def inner = {
		.reader = def->reader, .btf = def->btf, .map = outer->inner, .name = name, .is_inner = true
	};
	int ret = def_read(&inner, struct_id);
	return ret < 0 ? ret : set_fd_value(def);
}

/* `values` is an array of pointers: to a map definition, or to a function. */
static int apply_values(struct map_def *def)
{
	const struct bpfl_btf_type *array = bpfl_btf_skip_modifiers(def->btf, def->values_type_id, NULL);
	bool is_pointer = false;
	uint32_t target_id = 0, struct_id = 0;

	if (array != NULL && bpfl_btf_kind(array) == BPFL_KIND_ARRAY)
		target_id = pointee(def->btf, bpfl_btf_array(array)->type, &is_pointer);
	if (!is_pointer)
		return fail_attribute(def, "values", def->values_type_id, "an array of pointers, __array()");
	const struct bpfl_btf_type *target = bpfl_btf_skip_modifiers(def->btf, target_id, &struct_id);
	enum bpfl_btf_kind kind = target != NULL ? bpfl_btf_kind(target) : BPFL_KIND_VOID;

	if (is_map_in_map(def->map->type)) {
		if (kind != BPFL_KIND_STRUCT)
			return fail_attribute(def, "values", target_id, "a map definition");
		return read_inner(def, struct_id);
	}
	if (def->map->type == BPFL_MAP_TYPE_PROG_ARRAY) {
		if (kind != BPFL_KIND_FUNC_PROTO)
			return fail_attribute(def, "values", target_id, "a function");
		return set_fd_value(def);
	}
	return bpfl_reader_fail(def->reader,
				"map '%s': attribute 'values': only maps of maps and program arrays can have it",
				BPFL_ESC(def->name));
}

/* ---- a whole definition ---- */

static int def_read(struct map_def *def, uint32_t struct_id)
{
	const struct bpfl_btf_type *type = bpfl_btf_type(def->btf, struct_id);
	const struct bpfl_btf_member *members = bpfl_btf_members(type);
	uint32_t nr = bpfl_btf_vlen(type);

	for (uint32_t i = 0; i < nr; i++) {
		int ret = read_attribute(def, &members[i]);

		if (ret < 0)
			return ret;
		if (def->has_values && i + 1 < nr)
			return bpfl_reader_fail(def->reader, "map '%s': attribute 'values' must be the last one",
						BPFL_ESC(def->name));
		if (def->has_values)
			def->values_off = bpfl_btf_member_bit_off(type, i) / 8;
	}
	if (def->map->type == BPFL_MAP_TYPE_UNSPEC)
		return bpfl_reader_fail(def->reader, "map '%s': no map type: add __uint(type, BPF_MAP_TYPE_...)",
					BPFL_ESC(def->name));
	return def->has_values ? apply_values(def) : 0;
}

static int fail_static(struct bpfl_reader *reader, const char *name)
{
	return bpfl_error_set(reader->err, BPFL_ERR_OBJECT, EOPNOTSUPP,
			      "map '%s': a map definition cannot be static", BPFL_ESC(name));
}

/* The type of the variable as a struct, behind typedefs and const. */
static int def_struct(struct bpfl_reader *reader, uint32_t var_id, uint32_t *ret_struct_id)
{
	const struct bpfl_btf *btf = reader->spec->btf;
	const struct bpfl_btf_type *var = bpfl_btf_type(btf, var_id);
	const struct bpfl_btf_type *type = bpfl_btf_skip_modifiers(btf, var->type, ret_struct_id);
	char text[128];

	if (type == NULL || bpfl_btf_kind(type) != BPFL_KIND_STRUCT)
		return bpfl_reader_fail(reader, "map '%s': expected a struct that defines a map, found '%s'",
					BPFL_ESC(bpfl_btf_name(btf, var_id)),
					BPFL_ESC(bpfl_btf_type_text(btf, var->type, text, sizeof(text))));
	return 0;
}

/* A definition ends inside .maps; numbers in its bytes would be thrown away, so they are worth a word. */
static int check_bytes(struct bpfl_reader *reader, const struct bpfl_elf_section *section, const char *name,
		       uint64_t byte_off, uint64_t size)
{
	if (!bpfl_in_range(byte_off, size, section->size))
		return bpfl_reader_fail(reader,
					"map '%s': %llu bytes at byte 0x%llx, but section '.maps' ends at 0x%llx",
					BPFL_ESC(name), (unsigned long long)size, (unsigned long long)byte_off,
					(unsigned long long)section->size);
	return 0;
}

static int add_map(struct bpfl_reader *reader, uint32_t section_idx, const struct bpfl_btf_datasec_var *datasec_var,
		   const struct bpfl_elf_symbol *symbol)
{
	const struct bpfl_elf_section *section = &reader->elf->sections[section_idx];
	const char *name = bpfl_btf_name(reader->spec->btf, datasec_var->type);
	uint32_t struct_id = 0;
	uint64_t size = symbol->size > datasec_var->size_bytes ? symbol->size : datasec_var->size_bytes;
	int ret = check_bytes(reader, section, name, symbol->value, size);

	if (ret == 0)
		ret = def_struct(reader, datasec_var->type, &struct_id);
	if (ret < 0)
		return ret;
	uint32_t map_idx = (uint32_t)reader->spec->maps.nr;
	struct bpfl_map_spec *map = bpfl_reader_add_map(reader, name, BPFL_MAP_BTF, section_idx,
							(uint32_t)symbol->value);
	if (map == NULL)
		return bpfl_error_nomem(reader->err);
	struct map_def def = { .reader = reader, .btf = reader->spec->btf, .map = map, .name = map->name };
	ret = def_read(&def, struct_id);
	struct bpfl_map_place place = { section_idx, map->byte_off, (uint32_t)size, map_idx, def.values_off };
	return ret < 0 ? ret : bpfl_reader_add_place(reader, &place);
}

/* Symbols of the section by name. A second symbol of one name could not be told apart. */
static int hash_symbols(struct bpfl_reader *reader, uint32_t section_idx, struct bpfl_hash *symbols, size_t *ret_nr)
{
	const struct bpfl_elf *elf = reader->elf;

	for (uint32_t i = 1; i < elf->nr_symbols; i++) {
		const struct bpfl_elf_symbol *symbol = &elf->symbols[i];

		if (symbol->section_idx != section_idx || symbol->name[0] == '\0' || symbol->type == BPFL_STT_SECTION)
			continue;
		int ret = bpfl_hash_put(symbols, symbol->name, strlen(symbol->name), i);

		if (ret == -EEXIST)
			return bpfl_reader_fail(reader, "section '.maps': two symbols have the name '%s'",
						BPFL_ESC(symbol->name));
		if (ret < 0)
			return bpfl_error_nomem(reader->err);
		*ret_nr += symbol->type == BPFL_STT_OBJECT;
	}
	return 0;
}

static int add_datasec_var(struct bpfl_reader *reader, uint32_t section_idx, const struct bpfl_hash *symbols,
			   const struct bpfl_btf_datasec_var *datasec_var)
{
	const struct bpfl_btf *btf = reader->spec->btf;
	const struct bpfl_btf_type *var = bpfl_btf_type(btf, datasec_var->type);
	const char *name = bpfl_btf_name(btf, datasec_var->type);
	uint32_t symbol_idx = 0;

	if (var == NULL || bpfl_btf_kind(var) != BPFL_KIND_VAR)
		return bpfl_reader_fail(reader, "BTF: section '.maps' lists type %u, which is no variable",
					datasec_var->type);
	if (bpfl_btf_var_linkage(var) == BPFL_LINKAGE_STATIC)
		return fail_static(reader, name);
	if (bpfl_btf_var_linkage(var) != BPFL_LINKAGE_GLOBAL)
		return bpfl_reader_fail(reader, "map '%s' is declared extern: link the object that defines it",
					BPFL_ESC(name));
	if (bpfl_hash_get(symbols, name, strlen(name), &symbol_idx) < 0)
		return bpfl_reader_fail(reader, "map '%s' has no symbol in section '.maps'", BPFL_ESC(name));
	const struct bpfl_elf_symbol *symbol = &reader->elf->symbols[symbol_idx];
	if (symbol->bind == BPFL_STB_LOCAL)
		return fail_static(reader, name);
	return add_map(reader, section_idx, datasec_var, symbol);
}

/* Maps that come after these: .data, .rodata, .bss, .kconfig, and a few sections more. A guess, for making room. */
#define NR_DATA_MAPS 6

static int read_maps_section(struct bpfl_reader *reader, uint32_t section_idx)
{
	const struct bpfl_btf *btf = reader->spec->btf;
	const struct bpfl_btf_type *datasec = bpfl_btf_type(btf,
							    bpfl_reader_btf_id(reader, BPFL_KIND_DATASEC, ".maps"));
	struct bpfl_hash symbols = BPFL_HASH_INIT;
	size_t nr_symbols = 0;
	size_t nr_before = reader->spec->maps.nr;

	if (datasec == NULL || bpfl_btf_kind(datasec) != BPFL_KIND_DATASEC)
		return bpfl_reader_fail(reader, "section '.maps': the object's BTF does not describe it");
	int ret = hash_symbols(reader, section_idx, &symbols, &nr_symbols);

	if (ret == 0 && !BPFL_VEC_RESERVE(&reader->spec->maps, nr_before + nr_symbols + NR_DATA_MAPS))
		ret = bpfl_error_nomem(reader->err);
	for (uint32_t i = 0; i < bpfl_btf_vlen(datasec) && ret == 0; i++)
		ret = add_datasec_var(reader, section_idx, &symbols, &bpfl_btf_datasec_vars(datasec)[i]);
	bpfl_hash_deinit(&symbols);
	size_t nr_maps = reader->spec->maps.nr - nr_before;
	if (ret == 0 && nr_maps != nr_symbols)
		return bpfl_reader_fail(reader, "section '.maps': %zu symbols, but BTF describes %zu maps", nr_symbols,
					nr_maps);
	return ret;
}

int bpfl_read_map_defs(struct bpfl_reader *reader)
{
	bool seen = false;

	for (uint32_t i = 0; i < reader->elf->nr_sections; i++) {
		if (reader->sections[i].class != BPFL_SEC_MAPS || reader->elf->sections[i].size == 0)
			continue;
		if (seen)
			return bpfl_reader_fail(reader, "two sections '.maps' (sections %u and before)", i);
		if (reader->elf->sections[i].data == NULL)
			return bpfl_reader_fail(reader, "section '.maps' has no contents in the file");
		int ret = read_maps_section(reader, i);

		if (ret < 0)
			return ret;
		seen = true;
	}
	bpfl_reader_sort_places(reader);
	return 0;
}
