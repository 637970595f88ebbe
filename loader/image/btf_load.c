/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * image/btf_load: the object's BTF, changed into what BPF_BTF_LOAD accepts.
 *
 * The compiler writes BTF before the file is laid out, so a loader has to complete it:
 *
 * - a data section (DATASEC) has size 0, and its global variables offset 0: both are known from the ELF file
 * (GLB-08, G-11);
 * - .ksyms and .kconfig declare variables and functions "extern", which the kernel refuses (EXT-14, G-12);
 * - hidden functions have to be verified together with their callers, not on their own: they become static
 * (SYM-05, G-15), and hidden variables follow (SYM-06).
 *
 * Every type keeps its id, because programs, func_info and maps refer to them; what is new goes to the end.
 * What an older kernel does not know (newer kinds of types) is replaced later, by kern/, when that kernel has
 * refused the blob.
 */
#include "image/passes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "btf/build.h"

struct rewriter {
	struct bpfl_image *image;
	const struct bpfl_spec *spec;
	const struct bpfl_btf *btf;
	struct bpfl_btf_builder *builder;
	/* By type id of the object's BTF, BPFL_NO_IDX where there is none. */
	int32_t *var_of;    /* VAR -> spec->vars */
	int32_t *extern_of; /* VAR or FUNC -> spec->externs */
	int32_t *map_of;    /* DATASEC -> spec->maps */
	/* What stands in for a kernel symbol; made when the first one is met. */
	uint32_t int_id, dummy_var_id;
};

/* ---- reverse tables ---- */

static int32_t *table_make(uint32_t nr_types)
{
	int32_t *table = malloc(nr_types * sizeof(*table));

	for (uint32_t id = 0; table && id < nr_types; id++)
		table[id] = BPFL_NO_IDX;
	return table;
}

static void table_put(int32_t *table, uint32_t nr_types, uint32_t id, size_t idx)
{
	if (id != 0 && id < nr_types)
		table[id] = (int32_t)idx;
}

static bool map_is_section(const struct bpfl_map_spec *map)
{
	return map->origin == BPFL_MAP_DATA || map->origin == BPFL_MAP_RODATA ||
	       map->origin == BPFL_MAP_BSS || map->origin == BPFL_MAP_KCONFIG;
}

static int rewriter_init(struct rewriter *rw)
{
	uint32_t nr_types = bpfl_btf_nr_types(rw->btf);

	rw->var_of = table_make(nr_types);
	rw->extern_of = table_make(nr_types);
	rw->map_of = table_make(nr_types);
	if (!rw->var_of || !rw->extern_of || !rw->map_of)
		return -ENOMEM;
	for (size_t i = 0; i < rw->spec->vars.nr; i++)
		table_put(rw->var_of, nr_types, rw->spec->vars.items[i].btf_id, i);
	for (size_t i = 0; i < rw->spec->externs.nr; i++)
		table_put(rw->extern_of, nr_types, rw->spec->externs.items[i].btf_id, i);
	for (size_t i = 0; i < rw->spec->maps.nr; i++) {
		if (map_is_section(&rw->spec->maps.items[i]))
			table_put(rw->map_of, nr_types, rw->spec->maps.items[i].value_type_id, i);
	}
	return 0;
}

static void rewriter_deinit(struct rewriter *rw)
{
	free(rw->var_of);
	free(rw->extern_of);
	free(rw->map_of);
	bpfl_btf_builder_destroy(rw->builder);
}

/* ---- linkage ---- */

/* A FUNC keeps its linkage where others count their members. */
static void func_linkage_set(struct bpfl_btf_type *type, uint32_t linkage)
{
	type->info = (type->info & 0xff000000u) | linkage;
}

static void var_linkage_set(struct bpfl_btf_type *type, uint32_t linkage)
{
	((struct bpfl_btf_var *)(type + 1))->linkage = linkage;
}

static bool is_hidden(uint8_t visibility)
{
	return visibility == BPFL_STV_HIDDEN || visibility == BPFL_STV_INTERNAL;
}

static void hidden_make_static(struct rewriter *rw)
{
	for (size_t i = 0; i < rw->spec->funcs.nr; i++) {
		const struct bpfl_func *func = &rw->spec->funcs.items[i];

		if (func->btf_func_id != 0 && func->bind != BPFL_STB_LOCAL && is_hidden(func->visibility)) {
			func_linkage_set(bpfl_btf_builder_type(rw->builder, func->btf_func_id),
					 BPFL_LINKAGE_STATIC);
		}
	}
	for (size_t i = 0; i < rw->spec->vars.nr; i++) {
		const struct bpfl_var *var = &rw->spec->vars.items[i];

		if (var->btf_id != 0 && var->is_hidden)
			var_linkage_set(bpfl_btf_builder_type(rw->builder, var->btf_id), BPFL_LINKAGE_STATIC);
	}
}

/* The kernel wants a name for each parameter of a FUNC; declarations often have none. */
static int params_name(struct rewriter *rw, uint32_t proto_id)
{
	struct bpfl_btf_type *proto = bpfl_btf_builder_type(rw->builder, proto_id);
	struct bpfl_btf_param *params = (struct bpfl_btf_param *)(proto + 1);
	int name_off = 0;

	for (uint32_t i = 0; i < bpfl_btf_vlen(proto); i++) {
		if (params[i].type == 0 || params[i].name_off != 0)
			continue; /* type 0 ends the list: "..." */
		if (name_off == 0) {
			name_off = bpfl_btf_builder_string_add(rw->builder, "arg");
			if (name_off < 0)
				return name_off;
		}
		params[i].name_off = (uint32_t)name_off;
	}
	return 0;
}

/* Declarations become definitions: the kernel has no use for a FUNC or VAR that is "extern". */
static int externs_make_global(struct rewriter *rw)
{
	for (uint32_t id = 1; id < bpfl_btf_nr_types(rw->btf); id++) {
		struct bpfl_btf_type *type = bpfl_btf_builder_type(rw->builder, id);

		if (bpfl_btf_kind(type) == BPFL_KIND_VAR &&
		    bpfl_btf_var_linkage(type) == BPFL_LINKAGE_EXTERN) {
			var_linkage_set(type, BPFL_LINKAGE_GLOBAL);
		} else if (bpfl_btf_kind(type) == BPFL_KIND_FUNC &&
			   bpfl_btf_vlen(type) == BPFL_LINKAGE_EXTERN) {
			func_linkage_set(type, BPFL_LINKAGE_GLOBAL);
			if (params_name(rw, type->type) < 0)
				return -ENOMEM;
		}
	}
	return 0;
}

/* ---- sections ---- */

/* The stand-ins of kernel symbols: a 4-byte int, and a variable of that type for functions, which no DATASEC
 * may hold. */
static int standins_make(struct rewriter *rw)
{
	for (uint32_t id = 1; id < bpfl_btf_nr_types(rw->btf) && rw->int_id == 0; id++) {
		const struct bpfl_btf_type *type = bpfl_btf_type(rw->btf, id);

		if (bpfl_btf_kind(type) == BPFL_KIND_INT && type->size == 4 && bpfl_btf_int_bits(type) == 32)
			rw->int_id = id;
	}
	if (rw->int_id == 0) {
		struct {
			struct bpfl_btf_type type;
			uint32_t encoding;
		} record = { { 0, (uint32_t)BPFL_KIND_INT << 24, { 4 } },
			     ((uint32_t)BPFL_INT_SIGNED << 24) | 32 };
		int name_off = bpfl_btf_builder_string_add(rw->builder, "int");
		record.type.name_off = (uint32_t)name_off;
		int id = name_off < 0 ? name_off : bpfl_btf_builder_add(rw->builder, &record, sizeof(record));
		if (id < 0)
			return id;
		rw->int_id = (uint32_t)id;
	}

	struct {
		struct bpfl_btf_type type;
		struct bpfl_btf_var var;
	} record = { { 0, (uint32_t)BPFL_KIND_VAR << 24, { rw->int_id } }, { BPFL_LINKAGE_GLOBAL } };
	int name_off = bpfl_btf_builder_string_add(rw->builder, "kernel_symbol");
	record.type.name_off = (uint32_t)name_off;
	int id = name_off < 0 ? name_off : bpfl_btf_builder_add(rw->builder, &record, sizeof(record));
	if (id < 0)
		return id;
	rw->dummy_var_id = (uint32_t)id;
	return 0;
}

/* .ksyms: what it holds lives in the kernel. One int per symbol keeps the section well-formed. Returns its
 * size, or -ENOMEM. */
static int64_t ksyms_fill(struct rewriter *rw, struct bpfl_btf_datasec_var *entries, uint32_t *nr)
{
	if (rw->dummy_var_id == 0 && standins_make(rw) < 0)
		return -ENOMEM;
	for (uint32_t i = 0; i < *nr; i++) {
		struct bpfl_btf_type *type = bpfl_btf_builder_type(rw->builder, entries[i].type);

		if (bpfl_btf_kind(type) == BPFL_KIND_VAR)
			type->type = rw->int_id;
		else
			entries[i].type = rw->dummy_var_id;
		entries[i].byte_off = i * 4;
		entries[i].size_bytes = 4;
	}
	return (int64_t)*nr * 4;
}

static int entry_compare(const void *a, const void *b)
{
	const struct bpfl_btf_datasec_var *x = a, *y = b;

	return x->byte_off < y->byte_off ? -1 : x->byte_off > y->byte_off;
}

/* Where an entry of a data section lies; false: in another section (clang 14 files some constants under the
 * wrong one). */
static bool entry_place(const struct rewriter *rw, int32_t map_idx, struct bpfl_btf_datasec_var *entry)
{
	int32_t var_idx = rw->var_of[entry->type];
	int32_t extern_idx = rw->extern_of[entry->type];

	if (var_idx != BPFL_NO_IDX) {
		entry->byte_off = rw->spec->vars.items[var_idx].byte_off;
		return rw->spec->vars.items[var_idx].map_idx == (uint32_t)map_idx;
	}
	if (extern_idx != BPFL_NO_IDX)
		entry->byte_off = rw->spec->externs.items[extern_idx].byte_off;
	return true;
}

/* A section that is a map: its size is the map's. Entries that do not fit in are left out: the table only
 * describes. */
static int64_t map_section_fill(struct rewriter *rw, int32_t map_idx, struct bpfl_btf_datasec_var *entries,
				uint32_t *nr)
{
	uint32_t size_bytes = rw->spec->maps.items[map_idx].data_size;
	uint32_t nr_kept = 0;
	uint64_t end = 0;

	for (uint32_t i = 0; i < *nr; i++) {
		struct bpfl_btf_datasec_var entry = entries[i];

		if (entry_place(rw, map_idx, &entry))
			entries[nr_kept++] = entry;
	}
	qsort(entries, nr_kept, sizeof(*entries), entry_compare);
	*nr = nr_kept;
	nr_kept = 0;
	for (uint32_t i = 0; i < *nr; i++) {
		uint64_t entry_end = (uint64_t)entries[i].byte_off + entries[i].size_bytes;

		if (entries[i].size_bytes > 0 && entries[i].byte_off >= end && entry_end <= size_bytes) {
			entries[nr_kept++] = entries[i];
			end = entry_end;
		}
	}
	*nr = nr_kept;
	return size_bytes;
}

/* Any other section (.maps, license): nothing is loaded from it. It only has to be well-formed: entries one
 * behind the other. */
static int64_t other_section_fill(struct bpfl_btf_datasec_var *entries, uint32_t *nr)
{
	uint32_t nr_kept = 0;
	uint64_t end = 0;

	for (uint32_t i = 0; i < *nr; i++) {
		uint64_t start = (end + 7) & ~(uint64_t)7;

		if (entries[i].size_bytes == 0 || start + entries[i].size_bytes > INT32_MAX)
			continue;
		entries[nr_kept] = entries[i];
		entries[nr_kept++].byte_off = (uint32_t)start;
		end = start + entries[i].size_bytes;
	}
	*nr = nr_kept;
	return (int64_t)end;
}

static void value_type_forget(struct rewriter *rw, uint32_t datasec_id)
{
	int32_t map_idx = rw->map_of[datasec_id];

	if (map_idx != BPFL_NO_IDX)
		rw->image->maps[map_idx].value_type_id = 0;
}

/* Replaces one DATASEC. An empty one is no DATASEC for the kernel: an empty struct keeps its place. */
static int datasec_rewrite(struct rewriter *rw, uint32_t id)
{
	const struct bpfl_btf_type *old = bpfl_btf_type(rw->btf, id);
	const char *name = bpfl_btf_name(rw->btf, id);
	uint32_t nr = bpfl_btf_vlen(old);
	size_t entries_size = nr * sizeof(struct bpfl_btf_datasec_var);
	struct bpfl_btf_type *record = malloc(sizeof(*record) + entries_size);
	int64_t size_bytes;

	if (!record)
		return -ENOMEM;
	struct bpfl_btf_datasec_var *entries = (struct bpfl_btf_datasec_var *)(record + 1);
	memcpy(record, old, sizeof(*record) + entries_size);

	if (strcmp(name, ".ksyms") == 0)
		size_bytes = ksyms_fill(rw, entries, &nr);
	else if (rw->map_of[id] != BPFL_NO_IDX)
		size_bytes = map_section_fill(rw, rw->map_of[id], entries, &nr);
	else
		size_bytes = other_section_fill(entries, &nr);

	int result = size_bytes < 0 ? (int)size_bytes : 0;
	if (result == 0) {
		record->info = ((uint32_t)BPFL_KIND_DATASEC << 24) | nr;
		record->size = (uint32_t)size_bytes;
		if (nr == 0 || size_bytes == 0) {
			value_type_forget(rw, id);
			record->name_off = 0;
			record->info = (uint32_t)BPFL_KIND_STRUCT << 24;
		}
		result = bpfl_btf_builder_replace(rw->builder, id, record,
						  sizeof(*record) + nr * sizeof(struct bpfl_btf_datasec_var));
	}
	free(record);
	return result;
}

static int rewrite(struct rewriter *rw)
{
	int result = rewriter_init(rw);

	if (result == 0) {
		hidden_make_static(rw);
		result = externs_make_global(rw);
	}
	for (uint32_t id = 1; id < bpfl_btf_nr_types(rw->btf) && result == 0; id++)
		if (bpfl_btf_kind(bpfl_btf_type(rw->btf, id)) == BPFL_KIND_DATASEC)
			result = datasec_rewrite(rw, id);
	if (result == 0)
		result = bpfl_btf_builder_finish(rw->builder, &rw->image->btf_bytes, &rw->image->btf_size);
	return result;
}

int bpfl_image_btf(struct bpfl_image *image, struct bpfl_error *err)
{
	struct rewriter rw = { .image = image, .spec = image->spec, .btf = image->spec->btf };

	if (!rw.btf)
		return 0;
	int result = bpfl_btf_builder_create(rw.btf, &rw.builder, err);
	if (result < 0)
		return result;
	result = rewrite(&rw);
	rewriter_deinit(&rw);
	return result < 0 ? bpfl_error_set(err, BPFL_ERR_SYSTEM, -result, "cannot build the BTF to be loaded")
			  : 0;
}
