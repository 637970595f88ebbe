/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * spec/map_def, spec/map_legacy, spec/slots: maps as objects declare them, in the new way and in the old ones.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include "harness.h"
#include "objgen.h"

static struct bpfl_error err = BPFL_ERROR_INIT;
static struct bpfl_spec *spec;
static struct objgen obj;

static void start(void)
{
	spec = NULL;
	objgen_init(&obj, ELFGEN_NATIVE);
}

static void finish(void)
{
	bpfl_spec_destroy(spec);
	bpfl_error_clear(&err);
}

static void must_fail(int errnum, const char *text)
{
	CHECK_FAILS(objgen_read(&obj, &spec, &err), err, BPFL_ERR_OBJECT, errnum, text);
	finish();
}

static const struct bpfl_map_spec *map_named(const char *name)
{
	int32_t idx = bpfl_spec_map_idx(spec, name);

	ck_assert_msg(idx >= 0, "no map %s", name);
	return &spec->maps.items[idx];
}

/* Reads an object with one map "m" of the given attributes; -errno. */
static int read_map(const struct objgen_attr *attrs, size_t nr)
{
	objgen_map(&obj, "m", objgen_struct(&obj, attrs, nr), 8 * (uint32_t)nr);
	return objgen_read(&obj, &spec, &err);
}

#define READ_MAP(...) \
	read_map((const struct objgen_attr[]){ __VA_ARGS__ }, \
		 sizeof((const struct objgen_attr[]){ __VA_ARGS__ }) / sizeof(struct objgen_attr))
#define UINT(name, value) { name, objgen_uint(&obj, value) }
#define TYPE(name, type) { name, objgen_pointer(&obj, type) }
#define HASH UINT("type", BPFL_MAP_TYPE_HASH)
/* For an attribute whose types are made beforehand. */
#define ATTR(name, id) { name, id }

static void map_must_fail(int ret, int errnum, const char *text)
{
	CHECK_FAILS(ret, err, BPFL_ERR_OBJECT, errnum, text);
	CHECK_HAS(err.message, "map 'm");
	finish();
}

START_TEST(all_attributes_are_read)
{
	start();
	CHECK_OK(READ_MAP(HASH, UINT("max_entries", 7), UINT("map_flags", 5), TYPE("key", obj.u32),
			  TYPE("value", obj.u64), UINT("numa_node", 2), UINT("pinning", 1), UINT("map_extra", 9),
			  UINT("key_size", 4), UINT("value_size", 8)),
		 err);
	const struct bpfl_map_spec *map = map_named("m");

	ck_assert_int_eq(map->origin, BPFL_MAP_BTF);
	ck_assert_uint_eq(map->type, BPFL_MAP_TYPE_HASH);
	ck_assert_uint_eq(map->max_entries, 7);
	ck_assert(map->has_max_entries);
	ck_assert_uint_eq(map->flags, 5);
	ck_assert_uint_eq(map->key_size, 4);
	ck_assert_uint_eq(map->value_size, 8);
	ck_assert_uint_eq(map->key_type_id, obj.u32);
	ck_assert_uint_eq(map->value_type_id, obj.u64);
	ck_assert_uint_eq(map->numa_node, 2);
	ck_assert_uint_eq(map->pinning, 1);
	ck_assert_uint_eq(map->map_extra, 9);
	finish();
}
END_TEST

START_TEST(a_size_that_is_not_given_stays_open)
{
	start();
	CHECK_OK(READ_MAP(HASH, TYPE("key", obj.u32), TYPE("value", obj.u32)), err);
	ck_assert(!map_named("m")->has_max_entries);
	finish();
}
END_TEST

START_TEST(zero_entries_are_a_number)
{
	start();
	CHECK_OK(READ_MAP(HASH, UINT("max_entries", 0)), err);
	ck_assert(map_named("m")->has_max_entries);
	finish();
}
END_TEST

START_TEST(large_numbers_come_from_enumerators)
{
	start();
	uint32_t id = btfgen_enum64(&obj.btf, "", false);

	btfgen_enumerator(&obj.btf, "x", INT64_C(1) << 44);
	CHECK_OK(READ_MAP(UINT("type", BPFL_MAP_TYPE_ARENA), ATTR("map_extra", id)), err);
	ck_assert_uint_eq(map_named("m")->map_extra, UINT64_C(1) << 44);
	finish();
	start();
	id = btfgen_enum(&obj.btf, "", 4);
	btfgen_enumerator(&obj.btf, "x", 12);
	CHECK_OK(READ_MAP(UINT("type", BPFL_MAP_TYPE_ARENA), ATTR("map_extra", id)), err);
	ck_assert_uint_eq(map_named("m")->map_extra, 12);
	finish();
}
END_TEST

START_TEST(definitions_behind_typedefs_are_read)
{
	start();
	struct objgen_attr attrs[] = { HASH };
	uint32_t id = btfgen_type(&obj.btf, BPFL_KIND_TYPEDEF, "counts_t", objgen_struct(&obj, attrs, 1));

	objgen_map(&obj, "m", btfgen_type(&obj.btf, BPFL_KIND_CONST, "", id), 8);
	CHECK_OK(objgen_read(&obj, &spec, &err), err);
	ck_assert_uint_eq(map_named("m")->type, BPFL_MAP_TYPE_HASH);
	finish();
}
END_TEST

/* ---- broken definitions ---- */

START_TEST(no_type)
{
	start();
	map_must_fail(READ_MAP(UINT("max_entries", 1)), EINVAL, "map 'm': no map type");
}
END_TEST

START_TEST(a_type_of_zero)
{
	start();
	map_must_fail(READ_MAP(UINT("type", 0)), EINVAL, "map 'm': no map type");
}
END_TEST

START_TEST(an_unknown_attribute)
{
	start();
	CHECK_FAILS(READ_MAP(HASH, UINT("max_entrys", 1)), err, BPFL_ERR_OBJECT, ENOTSUP,
		    "unknown attribute 'max_entrys'");
	CHECK_HAS(err.fix, "'max_entries'");
	finish();
}
END_TEST

START_TEST(a_number_that_is_no_array)
{
	start();
	map_must_fail(READ_MAP(HASH, ATTR("max_entries", obj.u32)), EINVAL,
		      "attribute 'max_entries': expected a number, __uint(), found 'u32'");
}
END_TEST

START_TEST(a_number_behind_the_wrong_pointer)
{
	start();
	map_must_fail(READ_MAP(HASH, TYPE("map_flags", obj.u64)), EINVAL, "attribute 'map_flags': expected a number");
}
END_TEST

START_TEST(a_key_that_is_no_pointer)
{
	start();
	map_must_fail(READ_MAP(HASH, ATTR("key", obj.u32)), EINVAL, "attribute 'key': expected a type, __type()");
}
END_TEST

START_TEST(a_value_without_a_size)
{
	start();
	map_must_fail(READ_MAP(HASH, TYPE("value", 0)), EINVAL, "attribute 'value': expected a type with a size");
}
END_TEST

START_TEST(two_key_sizes)
{
	start();
	map_must_fail(READ_MAP(HASH, UINT("key_size", 8), TYPE("key", obj.u32)), EINVAL,
		      "attribute 'key': 4 bytes here, 8 bytes said before");
}
END_TEST

START_TEST(two_value_sizes)
{
	start();
	map_must_fail(READ_MAP(HASH, TYPE("value", obj.u64), UINT("value_size", 4)), EINVAL,
		      "attribute 'value_size': 4 bytes here, 8 bytes said before");
}
END_TEST

START_TEST(pinning_of_another_kind)
{
	start();
	map_must_fail(READ_MAP(HASH, UINT("pinning", 2)), EINVAL, "attribute 'pinning': 2");
}
END_TEST

START_TEST(map_extra_of_a_wrong_kind)
{
	start();
	map_must_fail(READ_MAP(HASH, ATTR("map_extra", obj.u64)), EINVAL, "attribute 'map_extra': expected a number");
}
END_TEST

START_TEST(values_that_are_not_last)
{
	start();
	uint32_t id = objgen_values(&obj, objgen_struct(&obj, NULL, 0));

	map_must_fail(READ_MAP(UINT("type", BPFL_MAP_TYPE_ARRAY_OF_MAPS), ATTR("values", id), UINT("max_entries", 1)),
		      EINVAL, "attribute 'values' must be the last one");
}
END_TEST

START_TEST(values_of_a_plain_map)
{
	start();
	uint32_t id = objgen_values(&obj, objgen_struct(&obj, NULL, 0));

	map_must_fail(READ_MAP(HASH, ATTR("values", id)), EINVAL, "only maps of maps and program arrays");
}
END_TEST

START_TEST(values_that_are_no_array)
{
	start();
	uint32_t id = objgen_struct(&obj, NULL, 0);

	map_must_fail(READ_MAP(UINT("type", BPFL_MAP_TYPE_ARRAY_OF_MAPS), ATTR("values", id)), EINVAL,
		      "attribute 'values': expected an array of pointers");
}
END_TEST

START_TEST(values_of_the_wrong_kind)
{
	start();
	uint32_t id = objgen_values(&obj, obj.u32);

	map_must_fail(READ_MAP(UINT("type", BPFL_MAP_TYPE_HASH_OF_MAPS), ATTR("values", id)), EINVAL,
		      "attribute 'values': expected a map definition");
	start();
	id = objgen_values(&obj, obj.u32);
	map_must_fail(READ_MAP(UINT("type", BPFL_MAP_TYPE_PROG_ARRAY), ATTR("values", id)), EINVAL,
		      "attribute 'values': expected a function");
}
END_TEST

START_TEST(an_outer_value_of_eight_bytes)
{
	start();
	struct objgen_attr attrs[] = { HASH };
	uint32_t id = objgen_values(&obj, objgen_struct(&obj, attrs, 1));

	map_must_fail(READ_MAP(UINT("type", BPFL_MAP_TYPE_ARRAY_OF_MAPS), UINT("value_size", 8), ATTR("values", id)),
		      EINVAL, "a value of 8 bytes, but type array_of_maps holds descriptors of 4");
}
END_TEST

START_TEST(a_pinned_inner_map)
{
	start();
	struct objgen_attr attrs[] = { HASH, UINT("pinning", 1) };
	uint32_t id = objgen_values(&obj, objgen_struct(&obj, attrs, 2));

	map_must_fail(READ_MAP(UINT("type", BPFL_MAP_TYPE_ARRAY_OF_MAPS), ATTR("values", id)), EINVAL,
		      "map 'm.inner': attribute 'pinning': an inner map cannot be pinned");
}
END_TEST

START_TEST(maps_in_maps_in_maps)
{
	start();
	struct objgen_attr innermost[] = { HASH };
	struct objgen_attr middle[] = { UINT("type", BPFL_MAP_TYPE_ARRAY_OF_MAPS),
					ATTR("values", objgen_values(&obj, objgen_struct(&obj, innermost, 1))) };
	uint32_t id = objgen_values(&obj, objgen_struct(&obj, middle, 2));

	map_must_fail(READ_MAP(UINT("type", BPFL_MAP_TYPE_ARRAY_OF_MAPS), ATTR("values", id)), EINVAL,
		      "map 'm.inner': a map in a map cannot hold maps itself");
}
END_TEST

START_TEST(a_definition_that_is_no_struct)
{
	start();
	objgen_map(&obj, "m", obj.u64, 8);
	map_must_fail(objgen_read(&obj, &spec, &err), EINVAL, "expected a struct that defines a map, found 'u64'");
}
END_TEST

START_TEST(a_static_map)
{
	start();
	struct objgen_attr attrs[] = { HASH };
	unsigned symbol = objgen_map(&obj, "m", objgen_struct(&obj, attrs, 1), 8);

	elfgen_patch_sym(obj.elf, symbol, ELFGEN_ST_INFO, BPFL_STB_LOCAL << 4 | BPFL_STT_OBJECT);
	map_must_fail(objgen_read(&obj, &spec, &err), EOPNOTSUPP, "map 'm': a map definition cannot be static");
}
END_TEST

START_TEST(a_definition_behind_the_section)
{
	start();
	struct objgen_attr attrs[] = { HASH };

	objgen_map(&obj, "m", objgen_struct(&obj, attrs, 1), 8);
	obj.listed[0].size = 64;
	map_must_fail(objgen_read(&obj, &spec, &err), EINVAL,
		      "map 'm': 64 bytes at byte 0x0, but section '.maps' ends at 0x8");
}
END_TEST

START_TEST(a_map_without_a_symbol)
{
	start();
	struct objgen_attr attrs[] = { HASH };
	uint32_t id = objgen_struct(&obj, attrs, 1);

	objgen_map(&obj, "other", id, 8);
	objgen_list(&obj, ".maps", "m", id, BPFL_LINKAGE_GLOBAL, 0, 8);
	map_must_fail(objgen_read(&obj, &spec, &err), EINVAL, "map 'm' has no symbol in section '.maps'");
}
END_TEST

START_TEST(a_symbol_without_a_map)
{
	start();
	objgen_array(&obj, "m", 1);
	elfgen_append(obj.elf, obj.maps, "12345678", 8);
	elfgen_symbol(obj.elf, "odd", obj.maps, 32, 8, BPFL_STB_GLOBAL, BPFL_STT_OBJECT);
	must_fail(EINVAL, "section '.maps': 2 symbols, but BTF describes 1 maps");
}
END_TEST

START_TEST(two_symbols_of_one_name)
{
	start();
	objgen_array(&obj, "m", 1);
	elfgen_symbol(obj.elf, "m", obj.maps, 0, 8, BPFL_STB_GLOBAL, BPFL_STT_OBJECT);
	must_fail(EINVAL, "section '.maps': two symbols have the name 'm'");
}
END_TEST

START_TEST(an_extern_map)
{
	start();
	struct objgen_attr attrs[] = { HASH };

	objgen_array(&obj, "here", 1);
	objgen_list(&obj, ".maps", "m", objgen_struct(&obj, attrs, 1), BPFL_LINKAGE_EXTERN, 0, 8);
	map_must_fail(objgen_read(&obj, &spec, &err), EINVAL, "map 'm' is declared extern");
}
END_TEST

START_TEST(maps_without_btf)
{
	start();
	objgen_array(&obj, "m", 1);
	obj.without_btf = true;
	CHECK_FAILS(objgen_read(&obj, &spec, &err), err, BPFL_ERR_OBJECT, ENOENT, "the object has no section '.BTF'");
	ck_assert_int_eq(err.catalogue_id, 8);
	CHECK_HAS(err.why, "without -g, or stripped");
	CHECK_HAS(err.fix, "clang -g");
	finish();
}
END_TEST

START_TEST(maps_that_btf_does_not_know)
{
	start();
	obj.maps = elfgen_section(obj.elf, ".maps", BPFL_SHT_PROGBITS, ELFGEN_DATA, "12345678", 8);
	elfgen_symbol(obj.elf, "m", obj.maps, 0, 8, BPFL_STB_GLOBAL, BPFL_STT_OBJECT);
	must_fail(EINVAL, "section '.maps': the object's BTF does not describe it");
}
END_TEST

/* ---- values ---- */

static unsigned inner_symbol;

/* Two inner maps and an outer one of type with nr_slots slots; returns the byte offset of its first slot in .maps. */
static uint64_t outer(uint32_t type, uint32_t nr_slots, uint32_t max_entries)
{
	struct objgen_attr attrs[] = { UINT("type", BPFL_MAP_TYPE_ARRAY), UINT("max_entries", 1), UINT("key_size", 4),
				       UINT("value_size", 8) };
	uint32_t inner = objgen_struct(&obj, attrs, 4);

	inner_symbol = objgen_map(&obj, "inner", inner, 32);
	uint32_t target = type == BPFL_MAP_TYPE_PROG_ARRAY ? btfgen_func_proto(&obj.btf, obj.u32) : inner;
	struct objgen_attr outer_attrs[] = { UINT("type", type), UINT("max_entries", max_entries), UINT("key_size", 4),
					     ATTR("values", objgen_values(&obj, target)) };

	objgen_map(&obj, "outer", objgen_struct(&obj, outer_attrs, 4), 24 + 8 * nr_slots);
	return 32 + 24;
}

static void slot_must_fail(uint64_t byte_off, uint32_t reloc_type, unsigned symbol, const char *text)
{
	elfgen_reloc(obj.elf, obj.maps, byte_off, reloc_type, symbol);
	must_fail(EINVAL, text);
}

START_TEST(slots_are_filled_with_maps)
{
	start();
	uint64_t slots = outer(BPFL_MAP_TYPE_ARRAY_OF_MAPS, 4, 4);

	elfgen_reloc(obj.elf, obj.maps, slots + 24, BPFL_R_BPF_64_ABS64, inner_symbol);
	elfgen_reloc(obj.elf, obj.maps, slots + 8, BPFL_R_BPF_64_ABS64, inner_symbol);
	CHECK_OK(objgen_read(&obj, &spec, &err), err);
	const struct bpfl_map_spec *map = map_named("outer");

	ck_assert_uint_eq(map->value_size, 4);
	ck_assert_uint_eq(map->nr_slots, 2);
	ck_assert_uint_eq(map->slots[0].key, 1);
	ck_assert_uint_eq(map->slots[1].key, 3);
	ck_assert(!map->slots[0].is_prog);
	ck_assert_str_eq(spec->maps.items[map->slots[0].target_idx].name, "inner");
	ck_assert_str_eq(map->inner->name, "outer.inner");
	ck_assert_uint_eq(map->inner->value_size, 8);
	finish();
}
END_TEST

START_TEST(slots_are_filled_with_programs)
{
	start();
	uint64_t slots = outer(BPFL_MAP_TYPE_PROG_ARRAY, 2, 2);
	unsigned xdp = elfgen_program(obj.elf, "xdp", "pass", 2);
	unsigned symbol = elfgen_symbol(obj.elf, "", xdp, 0, 0, BPFL_STB_LOCAL, BPFL_STT_SECTION);

	elfgen_reloc(obj.elf, obj.maps, slots, BPFL_R_BPF_64_ABS64, symbol);
	CHECK_OK(objgen_read(&obj, &spec, &err), err);
	ck_assert_uint_eq(map_named("outer")->nr_slots, 1);
	ck_assert(map_named("outer")->slots[0].is_prog);
	ck_assert_uint_eq(map_named("outer")->slots[0].target_idx, 0);
	finish();
}
END_TEST

START_TEST(a_slot_with_a_subprogram)
{
	start();
	uint64_t slots = outer(BPFL_MAP_TYPE_PROG_ARRAY, 2, 2);
	unsigned text = elfgen_section(obj.elf, ".text", BPFL_SHT_PROGBITS, ELFGEN_CODE, NULL, 0);

	elfgen_insn(obj.elf, text, BPFL_CODE_EXIT, 0, 0, 0, 0);
	slot_must_fail(slots, BPFL_R_BPF_64_ABS64,
		       elfgen_symbol(obj.elf, "sub", text, 0, 8, BPFL_STB_GLOBAL, BPFL_STT_FUNC),
		       "slot 0 of map 'outer': function 'sub' is not an entry program");
}
END_TEST

START_TEST(a_slot_with_a_map_for_a_program)
{
	start();
	uint64_t slots = outer(BPFL_MAP_TYPE_PROG_ARRAY, 2, 2);

	slot_must_fail(slots, BPFL_R_BPF_64_ABS64, inner_symbol, "slot 0 of map 'outer': 'inner' is no program");
}
END_TEST

START_TEST(a_slot_with_a_variable_for_a_map)
{
	start();
	uint64_t slots = outer(BPFL_MAP_TYPE_ARRAY_OF_MAPS, 2, 2);
	unsigned bss = elfgen_section(obj.elf, ".bss", BPFL_SHT_NOBITS, ELFGEN_DATA, NULL, 8);

	slot_must_fail(slots + 8, BPFL_R_BPF_64_ABS64,
		       elfgen_symbol(obj.elf, "v", bss, 0, 8, BPFL_STB_GLOBAL, BPFL_STT_OBJECT),
		       "section '.maps': relocation 0 at byte 0x40: slot 1 of map 'outer': 'v' is no map");
}
END_TEST

START_TEST(a_slot_with_an_undefined_symbol)
{
	start();
	uint64_t slots = outer(BPFL_MAP_TYPE_ARRAY_OF_MAPS, 2, 2);

	slot_must_fail(slots, BPFL_R_BPF_64_ABS64,
		       elfgen_symbol(obj.elf, "v", BPFL_SHN_UNDEF, 0, 0, BPFL_STB_GLOBAL, BPFL_STT_NOTYPE),
		       "undefined symbol 'v'");
}
END_TEST

START_TEST(a_slot_of_another_relocation_type)
{
	start();
	uint64_t slots = outer(BPFL_MAP_TYPE_ARRAY_OF_MAPS, 2, 2);

	slot_must_fail(slots, BPFL_R_BPF_64_64, inner_symbol, "relocation type 1 does not belong into map definitions");
}
END_TEST

START_TEST(half_a_slot)
{
	start();
	uint64_t slots = outer(BPFL_MAP_TYPE_ARRAY_OF_MAPS, 2, 2);

	slot_must_fail(slots + 4, BPFL_R_BPF_64_ABS64, inner_symbol, "byte 0x1c of map 'outer' is not at a whole slot");
}
END_TEST

START_TEST(an_initialised_attribute)
{
	start();
	uint64_t slots = outer(BPFL_MAP_TYPE_ARRAY_OF_MAPS, 2, 2);

	slot_must_fail(slots - 8, BPFL_R_BPF_64_ABS64, inner_symbol,
		       "byte 0x10 of map 'outer' is not one of its initial values");
}
END_TEST

START_TEST(a_map_that_holds_itself)
{
	start();
	uint64_t slots = outer(BPFL_MAP_TYPE_ARRAY_OF_MAPS, 2, 2);

	/* The symbol of the outer map is the one made after the inner map's. */
	slot_must_fail(slots, BPFL_R_BPF_64_ABS64, inner_symbol + 1, "slot 0 of map 'outer': a map cannot hold itself");
}
END_TEST

START_TEST(two_values_for_one_slot)
{
	start();
	uint64_t slots = outer(BPFL_MAP_TYPE_ARRAY_OF_MAPS, 2, 2);

	elfgen_reloc(obj.elf, obj.maps, slots, BPFL_R_BPF_64_ABS64, inner_symbol);
	slot_must_fail(slots, BPFL_R_BPF_64_ABS64, inner_symbol, "map 'outer': two initial values for slot 0");
}
END_TEST

START_TEST(a_slot_behind_the_last)
{
	start();
	uint64_t slots = outer(BPFL_MAP_TYPE_ARRAY_OF_MAPS, 4, 2);

	slot_must_fail(slots + 24, BPFL_R_BPF_64_ABS64, inner_symbol,
		       "an initial value for slot 3, but it has 2 entries");
}
END_TEST

/* ---- the old ways ---- */

/* A section of legacy definitions: words, 4 bytes each, in the object's byte order. */
static unsigned legacy(const char *section_name, const uint32_t *words, size_t nr)
{
	unsigned section = elfgen_section(obj.elf, section_name, BPFL_SHT_PROGBITS, ELFGEN_DATA, NULL, 0);

	for (size_t i = 0; i < nr; i++)
		elfgen_number(obj.elf, section, 4, words[i]);
	return section;
}

static void legacy_symbol(const char *name, unsigned section, uint64_t byte_off)
{
	elfgen_symbol(obj.elf, name, section, byte_off, 20, BPFL_STB_GLOBAL, BPFL_STT_OBJECT);
}

START_TEST(bpf_map_defs_are_read)
{
	static const uint32_t words[] = { 1, 4, 8, 100, 1, 2, 4, 16, 0, 0 };

	for (int order = ELFGEN_LITTLE; order <= ELFGEN_BIG; order++) {
		objgen_init(&obj, (enum elfgen_order)order);
		obj.without_btf = true; /* such objects have none */
		unsigned section = legacy("maps", words, 10);

		legacy_symbol("second", section, 20);
		legacy_symbol("first", section, 0);
		CHECK_OK(objgen_read(&obj, &spec, &err), err);
		ck_assert_uint_eq(spec->maps.nr, 2);
		ck_assert_str_eq(spec->maps.items[0].name, "first");
		ck_assert_int_eq(spec->maps.items[0].origin, BPFL_MAP_LEGACY);
		ck_assert_uint_eq(spec->maps.items[0].type, BPFL_MAP_TYPE_HASH);
		ck_assert_uint_eq(spec->maps.items[0].value_size, 8);
		ck_assert_uint_eq(spec->maps.items[0].max_entries, 100);
		ck_assert_uint_eq(spec->maps.items[0].flags, 1);
		ck_assert_uint_eq(spec->maps.items[1].value_size, 16);
		ck_assert(!spec->maps.items[1].has_max_entries);
		finish();
	}
}
END_TEST

START_TEST(a_section_for_each_map)
{
	static const uint32_t words[] = { 2, 4, 8, 3, 0 };

	start();
	legacy_symbol("whatever", legacy("maps/counts", words, 5), 0);
	CHECK_OK(objgen_read(&obj, &spec, &err), err);
	ck_assert_uint_eq(map_named("counts")->max_entries, 3);
	finish();
}
END_TEST

/* v4l-utils has its own section for the maps of its infrared decoders. */
START_TEST(definitions_of_infrared_decoders_are_read)
{
	static const uint32_t words[] = { 2, 4, 16, 1, 0 };

	start();
	legacy_symbol("decoder_state_map", legacy("lirc_mode2/maps", words, 5), 0);
	CHECK_OK(objgen_read(&obj, &spec, &err), err);
	ck_assert_uint_eq(map_named("decoder_state_map")->value_size, 16);
	finish();
}
END_TEST

START_TEST(iproute2_definitions_are_read)
{
	/* type key value entries flags id pinning inner_id inner_idx */
	static const uint32_t words[] = { 12, 4, 4, 8, 0, 1, 2, 5, 0, 2, 4, 8, 3, 0, 5, 1, 0, 0 };

	start();
	unsigned section = legacy("maps", words, 18);

	legacy_symbol("outer", section, 0);
	legacy_symbol("inner", section, 36);
	CHECK_OK(objgen_read(&obj, &spec, &err), err);
	ck_assert_uint_eq(map_named("outer")->pinning, 1); /* its 2, shared by name, is our 1 */
	ck_assert_uint_eq(map_named("outer")->legacy_id, 1);
	ck_assert_uint_eq(map_named("outer")->inner->value_size, 8);
	ck_assert_uint_eq(map_named("outer")->inner->max_entries, 3);
	ck_assert_uint_eq(map_named("inner")->pinning, 2);
	finish();
}
END_TEST

START_TEST(an_iproute2_map_without_its_inner_map)
{
	static const uint32_t words[] = { 12, 4, 4, 8, 0, 1, 2, 5, 0 };

	start();
	legacy_symbol("outer", legacy("maps", words, 9), 0);
	must_fail(EINVAL, "map 'outer': its inner map, id 5, does not exist");
}
END_TEST

START_TEST(unknown_words_are_noted)
{
	static const uint32_t words[] = { 1, 4, 8, 100, 1, 0, 0, 77 };

	start();
	legacy_symbol("m", legacy("maps", words, 8), 0);
	CHECK_OK(objgen_read(&obj, &spec, &err), err);
	CHECK_HAS(spec->notes.items[0].text, "map 'm': the last 12 bytes of its definition are unknown");
	finish();
}
END_TEST

START_TEST(a_reference_to_a_legacy_map)
{
	static const uint32_t words[] = { 1, 4, 8, 100, 1, 1, 4, 8, 100, 1 };

	start();
	unsigned section = legacy("maps", words, 10),
		 xdp = elfgen_section(obj.elf, "xdp", BPFL_SHT_PROGBITS, ELFGEN_CODE, NULL, 0);

	elfgen_symbol(obj.elf, "one", section, 0, 20, BPFL_STB_LOCAL, BPFL_STT_OBJECT);
	elfgen_symbol(obj.elf, "two", section, 20, 20, BPFL_STB_LOCAL, BPFL_STT_OBJECT);
	/* static maps are referred to by section and addend */
	elfgen_insn(obj.elf, xdp, BPFL_CODE_LD_IMM64, 1, 0, 0, 20);
	elfgen_insn(obj.elf, xdp, 0, 0, 0, 0, 0);
	elfgen_symbol(obj.elf, "p", xdp, 0, 16, BPFL_STB_GLOBAL, BPFL_STT_FUNC);
	elfgen_reloc(obj.elf, xdp, 0, BPFL_R_BPF_64_64,
		     elfgen_symbol(obj.elf, "", section, 0, 0, BPFL_STB_LOCAL, BPFL_STT_SECTION));
	CHECK_OK(objgen_read(&obj, &spec, &err), err);
	ck_assert_int_eq((int)spec->refs.items[0].target_idx, bpfl_spec_map_idx(spec, "two"));
	finish();
}
END_TEST

START_TEST(types_of_legacy_maps)
{
	static const uint32_t words[] = { 1, 4, 8, 100, 1 };

	start();
	legacy_symbol("m", legacy("maps", words, 5), 0);
	uint32_t id = btfgen_struct(&obj.btf, "____btf_map_m", 16);

	ck_assert_uint_gt(id, 0);
	btfgen_member(&obj.btf, "key", obj.u32, 0);
	btfgen_member(&obj.btf, "value", obj.u64, 64);
	CHECK_OK(objgen_read(&obj, &spec, &err), err);
	ck_assert_uint_eq(map_named("m")->key_type_id, obj.u32);
	ck_assert_uint_eq(map_named("m")->value_type_id, obj.u64);
	finish();
}
END_TEST

START_TEST(a_short_legacy_definition)
{
	static const uint32_t words[] = { 1, 4, 8 };

	start();
	elfgen_symbol(obj.elf, "m", legacy("maps", words, 3), 0, 12, BPFL_STB_GLOBAL, BPFL_STT_OBJECT);
	must_fail(EINVAL, "section 'maps': map 'm' is defined by 12 bytes");
}
END_TEST

START_TEST(a_legacy_section_without_symbols)
{
	static const uint32_t words[] = { 1, 4, 8, 1, 0 };

	start();
	legacy("maps", words, 5);
	must_fail(EINVAL, "section 'maps' has no symbols");
}
END_TEST

START_TEST(two_legacy_maps_in_one_place)
{
	static const uint32_t words[] = { 1, 4, 8, 1, 0 };

	start();
	unsigned section = legacy("maps", words, 5);

	legacy_symbol("a", section, 0);
	elfgen_symbol(obj.elf, "b", section, 0, 20, BPFL_STB_GLOBAL, BPFL_STT_OBJECT);
	must_fail(EINVAL, "is defined by 0 bytes");
}
END_TEST

START_TEST(a_legacy_map_of_no_type)
{
	static const uint32_t words[] = { 0, 4, 8, 1, 0 };

	start();
	legacy_symbol("m", legacy("maps", words, 5), 0);
	must_fail(EINVAL, "map 'm': no map type");
}
END_TEST

/* 10,000 maps: a pass that compares each with each takes seconds, these take none. */
START_TEST(many_maps_take_little_time)
{
	enum { NR = 10000 };
	static const uint32_t words[] = { 1, 4, 8, 1, 0 };

	start();
	unsigned section = legacy("maps", NULL, 0);

	for (uint32_t i = 0; i < NR; i++) {
		char name[16];

		for (size_t j = 0; j < 5; j++)
			elfgen_number(obj.elf, section, 4, words[j]);
		snprintf(name, sizeof(name), "m%u", i);
		legacy_symbol(name, section, (uint64_t)i * 20);
	}
	CHECK_OK(objgen_read(&obj, &spec, &err), err);
	ck_assert_uint_eq(spec->maps.nr, NR);
	finish();
}
END_TEST

int main(void)
{
	const TTest *good[] = { all_attributes_are_read, a_size_that_is_not_given_stays_open, zero_entries_are_a_number,
				large_numbers_come_from_enumerators, definitions_behind_typedefs_are_read };
	const TTest *broken[] = { no_type,
				  a_type_of_zero,
				  an_unknown_attribute,
				  a_number_that_is_no_array,
				  a_number_behind_the_wrong_pointer,
				  a_key_that_is_no_pointer,
				  a_value_without_a_size,
				  two_key_sizes,
				  two_value_sizes,
				  pinning_of_another_kind,
				  map_extra_of_a_wrong_kind,
				  values_that_are_not_last,
				  values_of_a_plain_map,
				  values_that_are_no_array,
				  values_of_the_wrong_kind,
				  an_outer_value_of_eight_bytes,
				  a_pinned_inner_map,
				  maps_in_maps_in_maps,
				  a_definition_that_is_no_struct,
				  a_static_map,
				  a_definition_behind_the_section,
				  a_map_without_a_symbol,
				  a_symbol_without_a_map,
				  two_symbols_of_one_name,
				  an_extern_map,
				  maps_without_btf,
				  maps_that_btf_does_not_know };
	const TTest *slots[] = { slots_are_filled_with_maps, slots_are_filled_with_programs, a_slot_with_a_subprogram,
				 a_slot_with_a_map_for_a_program, a_slot_with_a_variable_for_a_map,
				 a_slot_with_an_undefined_symbol, a_slot_of_another_relocation_type, half_a_slot,
				 an_initialised_attribute, a_map_that_holds_itself, two_values_for_one_slot,
				 a_slot_behind_the_last };
	const TTest *old[] = { bpf_map_defs_are_read,
			       a_section_for_each_map,
			       definitions_of_infrared_decoders_are_read, iproute2_definitions_are_read,
			       an_iproute2_map_without_its_inner_map,
			       unknown_words_are_noted,
			       a_reference_to_a_legacy_map,
			       types_of_legacy_maps,
			       a_short_legacy_definition,
			       a_legacy_section_without_symbols,
			       two_legacy_maps_in_one_place,
			       a_legacy_map_of_no_type,
			       many_maps_take_little_time };
	Suite *suite = BPFL_TEST_SUITE("spec/maps", good);

	BPFL_TEST_ADD_CASE(suite, "broken definitions", broken);
	BPFL_TEST_ADD_CASE(suite, "initial values", slots);
	BPFL_TEST_ADD_CASE(suite, "legacy", old);
	return bpfl_test_main(suite);
}
