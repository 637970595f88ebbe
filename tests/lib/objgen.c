/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * objgen: see objgen.h.
 */
#include "objgen.h"

#include <stdlib.h>
#include <string.h>
#include "harness.h"

void objgen_init(struct objgen *obj, enum elfgen_order order)
{
	memset(obj, 0, sizeof(*obj));
	obj->elf = elfgen_new(order);
	btfgen_init(&obj->btf, order != ELFGEN_NATIVE);
	obj->u32 = btfgen_int(&obj->btf, "u32", 4, 0);
	obj->u64 = btfgen_int(&obj->btf, "u64", 8, 0);
	obj->chr = btfgen_int(&obj->btf, "char", 1, BPFL_INT_SIGNED);
	elfgen_section(obj->elf, "license", BPFL_SHT_PROGBITS, ELFGEN_DATA, "GPL", 4);
}

uint32_t objgen_uint(struct objgen *obj, uint32_t value)
{
	return btfgen_ptr(&obj->btf, btfgen_array(&obj->btf, obj->u32, obj->u32, value));
}

uint32_t objgen_pointer(struct objgen *obj, uint32_t type_id)
{
	return btfgen_ptr(&obj->btf, type_id);
}

uint32_t objgen_values(struct objgen *obj, uint32_t type_id)
{
	return btfgen_array(&obj->btf, btfgen_ptr(&obj->btf, type_id), obj->u32, 0);
}

uint32_t objgen_struct(struct objgen *obj, const struct objgen_attr *attrs, size_t nr)
{
	/* The array behind `values` has no size of its own when it stands last, where it belongs. */
	bool open = nr > 0 && strcmp(attrs[nr - 1].name, "values") == 0;
	uint32_t id = btfgen_struct(&obj->btf, "", 8 * (uint32_t)(open ? nr - 1 : nr));

	for (size_t i = 0; i < nr; i++)
		btfgen_member(&obj->btf, attrs[i].name, attrs[i].type_id, (uint32_t)i * 64);
	return id;
}

uint32_t objgen_list(struct objgen *obj, const char *section, const char *name, uint32_t type_id, uint32_t linkage,
		     uint32_t byte_off, uint32_t size)
{
	uint32_t id = btfgen_var(&obj->btf, name, type_id, linkage);

	ck_assert_uint_lt(obj->nr_listed, OBJGEN_MAX_LISTED);
	obj->listed[obj->nr_listed].section = section;
	obj->listed[obj->nr_listed].btf_id = id;
	obj->listed[obj->nr_listed].byte_off = byte_off;
	obj->listed[obj->nr_listed++].size = size;
	return id;
}

unsigned objgen_map(struct objgen *obj, const char *name, uint32_t struct_id, uint32_t size)
{
	void *zeroes = calloc(1, size);

	if (obj->maps == 0)
		obj->maps = elfgen_section(obj->elf, ".maps", BPFL_SHT_PROGBITS, ELFGEN_DATA, NULL, 0);
	size_t byte_off = elfgen_append(obj->elf, obj->maps, zeroes, size);

	free(zeroes);
	objgen_list(obj, ".maps", name, struct_id, BPFL_LINKAGE_GLOBAL, 0, size);
	return elfgen_symbol(obj->elf, name, obj->maps, byte_off, size, BPFL_STB_GLOBAL, BPFL_STT_OBJECT);
}

unsigned objgen_array(struct objgen *obj, const char *name, uint32_t max_entries)
{
	struct objgen_attr attrs[] = {
		{ "type", objgen_uint(obj, BPFL_MAP_TYPE_ARRAY) },
		{ "max_entries", objgen_uint(obj, max_entries) },
		{ "key", objgen_pointer(obj, obj->u32) },
		{ "value", objgen_pointer(obj, obj->u64) },
	};

	return objgen_map(obj, name, objgen_struct(obj, attrs, 4), 32);
}

static void put_u32(struct objgen *obj, uint32_t value)
{
	uint8_t bytes[4];
	bool foreign = obj->btf.swap;

	elfgen_put(bytes, foreign ? ELFGEN_FOREIGN : ELFGEN_NATIVE, 4, value);
	bpfl_buf_append(&obj->ext, bytes, 4);
}

void objgen_ext(struct objgen *obj, const char *section, uint32_t func_type_id, uint32_t func_off, uint32_t line_off,
		uint32_t core_off)
{
	uint32_t name_off = btfgen_string(&obj->btf, section);
	uint32_t access_off = btfgen_string(&obj->btf, "0:0");
	uint8_t magic[4];

	/* header: magic, version, flags; length; offset and length of the three tables, counted from its end */
	elfgen_put(magic, obj->btf.swap ? ELFGEN_FOREIGN : ELFGEN_NATIVE, 2, 0xeb9f);
	magic[2] = 1;
	magic[3] = 0;
	bpfl_buf_append(&obj->ext, magic, 4);
	put_u32(obj, 32);
	put_u32(obj, 0);
	put_u32(obj, 20);
	put_u32(obj, 20);
	put_u32(obj, 28);
	put_u32(obj, 48);
	put_u32(obj, 28);
	/* each table: record size; then section name, number of records, records */
	uint32_t words[] = {
		8, name_off, 1, func_off, func_type_id,
		16, name_off, 1, line_off, 0, 0, 7u << 10 | 3,
		16, name_off, 1, core_off, obj->u32, access_off, 6,
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		put_u32(obj, words[i]);
}

static void write_datasecs(struct objgen *obj)
{
	for (size_t i = 0; i < obj->nr_listed; i++) {
		const char *section = obj->listed[i].section;
		bool done = false;

		for (size_t j = 0; j < i; j++)
			done = done || strcmp(obj->listed[j].section, section) == 0;
		if (done)
			continue;
		btfgen_datasec(&obj->btf, section, 0);
		for (size_t j = i; j < obj->nr_listed; j++) {
			if (strcmp(obj->listed[j].section, section) == 0)
				btfgen_datasec_var(&obj->btf, obj->listed[j].btf_id, obj->listed[j].byte_off,
						   obj->listed[j].size);
		}
	}
}

int objgen_read(struct objgen *obj, struct bpfl_spec **ret_spec, struct bpfl_error *err)
{
	struct bpfl_spec_opts opts = { .size = sizeof(opts), .name = "t" };
	size_t size = 0;

	write_datasecs(obj);
	const void *btf = btfgen_bytes(&obj->btf, &size);

	if (!obj->without_btf)
		elfgen_section(obj->elf, ".BTF", BPFL_SHT_PROGBITS, 0, btf, size);
	if (obj->ext.size > 0)
		elfgen_section(obj->elf, ".BTF.ext", BPFL_SHT_PROGBITS, 0, obj->ext.data, obj->ext.size);
	uint8_t *bytes = elfgen_finish(obj->elf, &size);
	int ret = bpfl_spec_read_memory(bytes, size, &opts, ret_spec, err);

	free(bytes);
	btfgen_deinit(&obj->btf);
	bpfl_buf_deinit(&obj->ext);
	return ret;
}
