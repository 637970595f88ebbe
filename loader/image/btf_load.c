/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * image/btf_load: the part of the object's BTF that BPF_BTF_LOAD gets.
 *
 * The kernel checks and keeps every type that it is given, and most of an object's types are there for CO-RE
 * and the debugger. So only those go along that something loaded refers to (btf/subset): the functions of
 * func_info, keys and values of maps, types that a program names by number (bpf_core_type_id_local(), which
 * bpf_obj_new() is made of), what says the types of events, and what stands behind these. The types get new
 * numbers, and the strings new places; whoever refers to them is rewritten here: func_info, line_info, the
 * instructions with such numbers (G-40). Maps keep the object's numbers, with which their contents are printed:
 * bpfl_image_btf_id() translates.
 *
 * The compiler writes BTF before the file is laid out, so a loader has to complete it:
 *
 * - a data section (DATASEC) has size 0, and its global variables offset 0: both are known from the ELF file
 * (GLB-08, G-11);
 * - .kconfig declares variables "extern", which the kernel refuses (EXT-14, G-12), as it does enums that are only
 *   declared; .ksyms, .maps and license,
 *   which would need more, belong to no map and stay behind;
 * - hidden functions have to be verified together with their callers, not on their own: they become static
 * (SYM-05, G-15), and hidden variables follow (SYM-06).
 *
 * What an older kernel does not know (newer kinds of types) is replaced later, by kern/, when that kernel has
 * refused the blob.
 */
#include "image/passes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "btf/build.h"
#include "btf/subset.h"
#include "image/arg_ctx.h"
#include "image/core.h"

struct rewriter {
	struct bpfl_image *image;
	const struct bpfl_spec *spec;
	const struct bpfl_btf *btf;
	struct bpfl_btf_subset *subset;
	struct bpfl_btf_builder *builder;
	/* By type id of the object's BTF, BPFL_NO_IDX where there is none. */
	int32_t *var_of;    /* VAR -> spec->vars */
	int32_t *extern_of; /* VAR -> spec->externs */
};

/* ---- what goes along ---- */

static void map_want(struct rewriter *rw, const struct bpfl_image_map *map)
{
	bpfl_btf_subset_want(rw->subset, map->key_type_id);
	bpfl_btf_subset_want(rw->subset, map->value_type_id);
	if (map->inner)
		map_want(rw, map->inner);
}

static void prog_want(struct rewriter *rw, const struct bpfl_image_prog *prog)
{
	for (size_t i = 0; i < prog->func_info.nr; i++)
		bpfl_btf_subset_want(rw->subset, prog->func_info.items[i].type_id);
	for (size_t i = 0; i < prog->line_info.nr; i++) {
		bpfl_btf_subset_want_string(rw->subset, prog->line_info.items[i].file_name_off);
		bpfl_btf_subset_want_string(rw->subset, prog->line_info.items[i].line_off);
	}
	for (size_t i = 0; i < prog->core_results.nr; i++)
		bpfl_btf_subset_want(rw->subset, bpfl_core_result_local_id(&prog->core_results.items[i]));
}

static bool has_buffer(const struct rewriter *rw)
{
	for (size_t i = 0; i < rw->spec->maps.nr; i++) {
		uint32_t type = rw->spec->maps.items[i].type;

		if (rw->image->maps[i].needed &&
		    (type == BPFL_MAP_TYPE_RINGBUF || type == BPFL_MAP_TYPE_PERF_EVENT_ARRAY))
			return true;
	}
	return false;
}

static bool is_composite(const struct bpfl_btf *btf, uint32_t type_id)
{
	enum bpfl_btf_kind kind = bpfl_btf_kind(bpfl_btf_skip_modifiers(btf, type_id, NULL));

	return kind == BPFL_KIND_STRUCT || kind == BPFL_KIND_UNION;
}

/*
 * "const struct event *unused", "gadget_tracer_...", a buffer's own definition. Not one that is declared
 * only: the kernel refuses it.
 */
static bool var_names_event(const struct rewriter *rw, const struct bpfl_btf_type *var)
{
	const char *name = bpfl_btf_string(rw->btf, var->name_off);
	const struct bpfl_btf_type *type = bpfl_btf_skip_modifiers(rw->btf, var->type, NULL);
	int32_t map_idx = bpfl_spec_map_idx(rw->spec, name);

	if (bpfl_btf_var_linkage(var) > 1)
		return false;
	if (map_idx != BPFL_NO_IDX)
		return rw->spec->maps.items[map_idx].type == BPFL_MAP_TYPE_RINGBUF ||
		       rw->spec->maps.items[map_idx].type == BPFL_MAP_TYPE_PERF_EVENT_ARRAY;
	if (bpfl_btf_kind(type) == BPFL_KIND_PTR)
		return is_composite(rw->btf, type->type) || bpfl_text_has_prefix(name, "gadget_tracer_");
	return is_composite(rw->btf, var->type) && (strstr(name, "unused") || strstr(name, "dummy"));
}

/*
 * The kernel has no use for the types of events. But who reads a buffer of a pinned object later has nothing
 * else to go by: so what include/bpfload/decode.h finds them by goes along, without what is found by its size alone.
 */
static void events_want(struct rewriter *rw)
{
	for (uint32_t id = 1; id < bpfl_btf_nr_types(rw->btf) && has_buffer(rw); id++) {
		const struct bpfl_btf_type *type = bpfl_btf_type(rw->btf, id);
		const char *name = bpfl_btf_string(rw->btf, type->name_off);
		size_t len = strlen(name);

		if (bpfl_btf_kind(type) == BPFL_KIND_VAR && var_names_event(rw, type))
			bpfl_btf_subset_want(rw->subset, id);
		if (bpfl_btf_kind(type) == BPFL_KIND_DECL_TAG && bpfl_text_has_prefix(name, "bpfload:event="))
			bpfl_btf_subset_want(rw->subset, type->type);
		if (bpfl_btf_kind(type) == BPFL_KIND_STRUCT &&
		    ((len >= 5 && strcmp(name + len - 5, "event") == 0) || strcmp(name, "event_t") == 0 ||
		     strcmp(name, "data_t") == 0))
			bpfl_btf_subset_want(rw->subset, id);
	}
}

static int types_choose(struct rewriter *rw, struct bpfl_error *err)
{
	struct bpfl_image *image = rw->image;

	for (size_t i = 0; i < image->nr_progs; i++)
		prog_want(rw, &image->progs[i]);
	for (size_t i = 0; i < rw->spec->maps.nr; i++) {
		if (image->maps[i].needed)
			map_want(rw, &image->maps[i]);
	}
	events_want(rw);
	/*
	 * The kernel takes no BTF without a type, and a struct_ops map (5.6) wants some BTF beside its type
	 * in the kernel's.
	 */
	if (bpfl_btf_subset_is_empty(rw->subset))
		bpfl_btf_subset_want(rw->subset, 1);
	return bpfl_btf_subset_close(rw->subset, err);
}

/* ---- those who refer to it ---- */

static void prog_rewrite(struct rewriter *rw, struct bpfl_image_prog *prog)
{
	const struct bpfl_btf_subset *subset = rw->subset;

	for (size_t i = 0; i < prog->func_info.nr; i++) {
		struct bpfl_func_info *info = &prog->func_info.items[i];

		info->type_id = bpfl_btf_subset_id(subset, info->type_id);
	}
	for (size_t i = 0; i < prog->line_info.nr; i++) {
		struct bpfl_line_info *info = &prog->line_info.items[i];

		info->file_name_off = bpfl_btf_subset_string(subset, info->file_name_off);
		info->line_off = bpfl_btf_subset_string(subset, info->line_off);
	}
	for (size_t i = 0; i < prog->core_results.nr; i++) {
		struct bpfl_core_result *result = &prog->core_results.items[i];
		uint32_t local_id = bpfl_core_result_local_id(result);

		if (local_id != 0)
			bpfl_core_renumber(prog, result, bpfl_btf_subset_id(subset, local_id));
	}
}

static int references_rewrite(struct rewriter *rw)
{
	struct bpfl_image *image = rw->image;
	uint32_t nr_types = bpfl_btf_nr_types(rw->btf);

	image->btf_ids = malloc(nr_types * sizeof(*image->btf_ids));
	if (!image->btf_ids)
		return -ENOMEM;
	for (uint32_t id = 0; id < nr_types; id++)
		image->btf_ids[id] = bpfl_btf_subset_id(rw->subset, id);
	for (size_t i = 0; i < image->nr_progs; i++)
		prog_rewrite(rw, &image->progs[i]);
	return 0;
}

uint32_t bpfl_image_btf_id(const struct bpfl_image *image, uint32_t type_id)
{
	return image->btf_ids ? image->btf_ids[type_id] : type_id;
}

const char *bpfl_image_btf_string(const struct bpfl_image *image, uint32_t name_off)
{
	return image->btf_bytes ? bpfl_btf_blob_string(image->btf_bytes, image->btf_size, name_off) : "";
}

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

static int tables_fill(struct rewriter *rw)
{
	uint32_t nr_types = bpfl_btf_nr_types(rw->btf);

	rw->var_of = table_make(nr_types);
	rw->extern_of = table_make(nr_types);
	if (!rw->var_of || !rw->extern_of)
		return -ENOMEM;
	for (size_t i = 0; i < rw->spec->vars.nr; i++)
		table_put(rw->var_of, nr_types, rw->spec->vars.items[i].btf_id, i);
	for (size_t i = 0; i < rw->spec->externs.nr; i++)
		table_put(rw->extern_of, nr_types, rw->spec->externs.items[i].btf_id, i);
	return 0;
}

static void rewriter_deinit(struct rewriter *rw)
{
	free(rw->var_of);
	free(rw->extern_of);
	bpfl_btf_subset_destroy(rw->subset);
	bpfl_btf_builder_destroy(rw->builder);
}

/* ---- linkage ---- */

/* The record that goes along, of a type of the object; NULL when it stays behind. */
static struct bpfl_btf_type *loaded_type(struct rewriter *rw, uint32_t type_id)
{
	return bpfl_btf_builder_type(rw->builder, bpfl_btf_subset_id(rw->subset, type_id));
}

static void var_linkage_set(struct bpfl_btf_type *type, uint32_t linkage)
{
	((struct bpfl_btf_var *)(type + 1))->linkage = linkage;
}

static void hidden_make_static(struct rewriter *rw)
{
	for (size_t i = 0; i < rw->spec->funcs.nr; i++) {
		const struct bpfl_func *func = &rw->spec->funcs.items[i];
		struct bpfl_btf_type *type = loaded_type(rw, func->btf_func_id);

		/* A FUNC keeps its linkage where others count their members. */
		if (type && !func->is_local && func->is_hidden)
			type->info = (type->info & 0xff000000u) | BPFL_LINKAGE_STATIC;
	}
	for (size_t i = 0; i < rw->spec->vars.nr; i++) {
		const struct bpfl_var *var = &rw->spec->vars.items[i];
		struct bpfl_btf_type *type = loaded_type(rw, var->btf_id);

		if (type && var->is_hidden)
			var_linkage_set(type, BPFL_LINKAGE_STATIC);
	}
}

/*
 * Declarations become definitions: the kernel has no use for a VAR that is "extern", and refuses an enum without a size,
 * as clang writes one that is declared only. Behind a pointer its size means nothing.
 */
static void declarations_define(struct rewriter *rw)
{
	for (uint32_t id = 1; id < bpfl_btf_builder_nr_types(rw->builder); id++) {
		struct bpfl_btf_type *type = bpfl_btf_builder_type(rw->builder, id);

		if (bpfl_btf_kind(type) == BPFL_KIND_VAR && bpfl_btf_var_linkage(type) == BPFL_LINKAGE_EXTERN)
			var_linkage_set(type, BPFL_LINKAGE_GLOBAL);
		if (bpfl_btf_kind(type) == BPFL_KIND_ENUM && type->size == 0)
			type->size = sizeof(int32_t);
	}
}

/* ---- sections ---- */

static int entry_compare(const void *a, const void *b)
{
	const struct bpfl_btf_datasec_var *x = a, *y = b;

	return x->byte_off < y->byte_off ? -1 : x->byte_off > y->byte_off;
}

/* Where an entry of a data section lies; false: in another section (clang 14 files some constants under the
 * wrong one). */
static bool entry_place(const struct rewriter *rw, uint32_t map_idx, struct bpfl_btf_datasec_var *entry)
{
	int32_t var_idx = rw->var_of[entry->type];
	int32_t extern_idx = rw->extern_of[entry->type];

	if (var_idx != BPFL_NO_IDX) {
		entry->byte_off = rw->spec->vars.items[var_idx].byte_off;
		return rw->spec->vars.items[var_idx].map_idx == map_idx;
	}
	if (extern_idx != BPFL_NO_IDX)
		entry->byte_off = rw->spec->externs.items[extern_idx].byte_off;
	return true;
}

/* A section that is a map: its size is the map's. Entries that do not fit in are left out: the table only
 * describes. */
static void entries_fill(struct rewriter *rw, uint32_t map_idx, struct bpfl_btf_datasec_var *entries,
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
}

/*
 * The DATASEC of a map. Without entries it would be no DATASEC for the kernel: an empty struct keeps its place,
 * and the map has no value type.
 */
static int datasec_rewrite(struct rewriter *rw, uint32_t map_idx)
{
	struct bpfl_image_map *map = &rw->image->maps[map_idx];
	const struct bpfl_btf_type *old = bpfl_btf_type(rw->btf, map->value_type_id);
	uint32_t nr = bpfl_btf_vlen(old);
	size_t entries_size = nr * sizeof(struct bpfl_btf_datasec_var);
	struct bpfl_btf_type *record = malloc(sizeof(*record) + entries_size);
	uint32_t new_id = bpfl_btf_subset_id(rw->subset, map->value_type_id);

	if (!record)
		return -ENOMEM;
	struct bpfl_btf_datasec_var *entries = (struct bpfl_btf_datasec_var *)(record + 1);
	memcpy(record, old, sizeof(*record) + entries_size);
	entries_fill(rw, map_idx, entries, &nr);
	for (uint32_t i = 0; i < nr; i++)
		entries[i].type = bpfl_btf_subset_id(rw->subset, entries[i].type);

	record->name_off = bpfl_btf_subset_string(rw->subset, old->name_off);
	record->info = ((uint32_t)BPFL_KIND_DATASEC << 24) | nr;
	record->size = rw->spec->maps.items[map_idx].data_size;
	if (nr == 0 || record->size == 0) {
		map->value_type_id = 0;
		record->name_off = 0;
		record->info = (uint32_t)BPFL_KIND_STRUCT << 24;
		record->size = 0;
		nr = 0;
	}
	int result = bpfl_btf_builder_replace(rw->builder, new_id, record,
					      sizeof(*record) + nr * sizeof(struct bpfl_btf_datasec_var));
	free(record);
	return result;
}

static int datasecs_rewrite(struct rewriter *rw)
{
	int result = tables_fill(rw);

	for (uint32_t i = 0; i < rw->spec->maps.nr && result == 0; i++) {
		uint32_t type_id = rw->image->maps[i].value_type_id;

		if (rw->image->maps[i].needed && type_id != 0 &&
		    bpfl_btf_kind(bpfl_btf_type(rw->btf, type_id)) == BPFL_KIND_DATASEC)
			result = datasec_rewrite(rw, i);
	}
	return result;
}

/* ---- all of it ---- */

static int rewrite(struct rewriter *rw, struct bpfl_error *err)
{
	int result = types_choose(rw, err);

	if (result == 0)
		result = bpfl_btf_subset_copy(rw->subset, rw->builder, err);
	if (result < 0)
		return result;
	result = datasecs_rewrite(rw);
	if (result == 0) {
		hidden_make_static(rw);
		declarations_define(rw);
		result = references_rewrite(rw);
	}
	if (result == 0)
		result = bpfl_arg_ctx_define(rw->image, rw->builder);
	if (result == 0)
		result = bpfl_btf_builder_take(rw->builder, &rw->image->btf_bytes, &rw->image->btf_size);
	return result < 0 ? bpfl_error_set(err, BPFL_ERR_SYSTEM, -result, "cannot build the BTF to be loaded")
			  : 0;
}

int bpfl_image_btf(struct bpfl_image *image, struct bpfl_error *err)
{
	struct rewriter rw = { .image = image, .spec = image->spec, .btf = image->spec->btf };

	if (!rw.btf || bpfl_btf_nr_types(rw.btf) < 2)
		return 0;
	int result = bpfl_btf_subset_create(rw.btf, &rw.subset, err);
	if (result == 0)
		result = bpfl_btf_builder_create_empty(&rw.builder, err);
	if (result == 0)
		result = rewrite(&rw, err);
	rewriter_deinit(&rw);
	return result;
}
