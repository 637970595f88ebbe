/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * image/map: a map as declared -> a map as this kernel takes it.
 *
 * A declaration may leave things open that only the target knows (the number of CPUs, the page size) and may
 * say things that the kernel refuses for this type of map (BTF types, sizes of ring buffers). One table says
 * what has to be done per type; everything that is not in the table passes through unchanged, so that map
 * types of the future load without a change here.
 *
 * Data sections (.data, .rodata, .bss, .kconfig) are arrays of one element that holds the whole section.
 */
#include "image/passes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"

#define F_MMAPABLE (1u << 10) /* BPF_F_MMAPABLE, 5.5 */

/* What a map type asks for. */
enum rule {
	RULE_NO_BTF = 1 << 0,	    /* the kernel refuses (or ignores) key and value types: FIX-07, G-50 */
	RULE_NO_ENTRIES = 1 << 1,   /* max_entries must or may be 0 */
	RULE_CPUS_IF_OPEN = 1 << 2, /* an open size is the number of possible CPUs: FIX-01, G-43 */
	RULE_CPUS_AT_MOST = 1 << 3, /* FIX-03 */
	RULE_PAGES = 1 << 4,	    /* max_entries is bytes: a power of two of whole pages: FIX-02, G-42 */
	RULE_NO_SIZES = 1 << 5,	    /* key and value size 0; a value type only says what events look like */
	RULE_FD_VALUE = 1 << 6,	    /* value is a file descriptor: 4 bytes, as is an open key: FIX-04 */
	RULE_EVENTS = 1 << 7,	    /* a value type that is no plain int says what events look like */
};

static const unsigned rules[BPFL_NR_MAP_TYPES] = {
	[BPFL_MAP_TYPE_PERF_EVENT_ARRAY] = RULE_NO_BTF | RULE_CPUS_IF_OPEN | RULE_FD_VALUE | RULE_EVENTS,
	[BPFL_MAP_TYPE_CGROUP_ARRAY] = RULE_NO_BTF,
	[BPFL_MAP_TYPE_STACK_TRACE] = RULE_NO_BTF,
	[BPFL_MAP_TYPE_ARRAY_OF_MAPS] = RULE_NO_BTF | RULE_FD_VALUE,
	[BPFL_MAP_TYPE_HASH_OF_MAPS] = RULE_NO_BTF | RULE_FD_VALUE,
	[BPFL_MAP_TYPE_DEVMAP] = RULE_NO_BTF,
	[BPFL_MAP_TYPE_DEVMAP_HASH] = RULE_NO_BTF,
	[BPFL_MAP_TYPE_CPUMAP] = RULE_NO_BTF | RULE_CPUS_IF_OPEN | RULE_CPUS_AT_MOST,
	[BPFL_MAP_TYPE_XSKMAP] = RULE_NO_BTF,
	[BPFL_MAP_TYPE_SOCKMAP] = RULE_NO_BTF,
	[BPFL_MAP_TYPE_SOCKHASH] = RULE_NO_BTF,
	[BPFL_MAP_TYPE_QUEUE] = RULE_NO_BTF,
	[BPFL_MAP_TYPE_STACK] = RULE_NO_BTF,
	[BPFL_MAP_TYPE_ARENA] = RULE_NO_BTF,
	[BPFL_MAP_TYPE_RINGBUF] = RULE_NO_BTF | RULE_PAGES | RULE_NO_SIZES | RULE_EVENTS,
	[BPFL_MAP_TYPE_USER_RINGBUF] = RULE_NO_BTF | RULE_PAGES | RULE_NO_SIZES | RULE_EVENTS,
	[BPFL_MAP_TYPE_CGROUP_STORAGE] = RULE_NO_ENTRIES,
	[BPFL_MAP_TYPE_PERCPU_CGROUP_STORAGE] = RULE_NO_ENTRIES,
	[BPFL_MAP_TYPE_SK_STORAGE] = RULE_NO_ENTRIES,
	[BPFL_MAP_TYPE_INODE_STORAGE] = RULE_NO_ENTRIES,
	[BPFL_MAP_TYPE_TASK_STORAGE] = RULE_NO_ENTRIES,
	[BPFL_MAP_TYPE_CGRP_STORAGE] = RULE_NO_ENTRIES,
	[BPFL_MAP_TYPE_STRUCT_OPS] = RULE_NO_ENTRIES,
};

struct resolver {
	struct bpfl_image *image;
	struct bpfl_target *target;
	const struct bpfl_log *log;
	struct bpfl_error *err;
	/* per map: a variable that holds an address and is used, or NULL */
	const struct bpfl_pointer_fault **used_faults;
	struct bpfl_hash legacy_ids; /* id of a bpf_elf_map -> map_idx; filled when the first map asks */
	bool has_legacy_ids;
};

static unsigned rules_of(uint32_t map_type)
{
	return map_type < BPFL_NR_MAP_TYPES ? rules[map_type] : 0;
}

static bool map_is_data(const struct bpfl_map_spec *map)
{
	return map->origin == BPFL_MAP_DATA || map->origin == BPFL_MAP_RODATA ||
	       map->origin == BPFL_MAP_BSS || map->origin == BPFL_MAP_KCONFIG;
}

/* ---- names ---- */

/*
 * The kernel refuses names with other characters (EINVAL). Dots are allowed since 5.2, and only data maps
 * have them: those need 5.2 anyway.
 */
void bpfl_kernel_name(char out[16], const char *prefix, size_t prefix_max, const char *name)
{
	size_t used = strnlen(prefix, prefix_max);
	size_t name_size = strnlen(name, 15 - used);

	memset(out, 0, 16);
	memcpy(out, prefix, used);
	memcpy(out + used, name, name_size);
	for (char *c = out; *c; c++) {
		bool is_letter = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z');
		bool is_digit = *c >= '0' && *c <= '9';

		if (!is_letter && !is_digit && *c != '_' && *c != '.')
			*c = '_';
	}
}

/* GLB-03: ".bss" is shown with the first letters of the object's name in front, ".data.mine" as it is. */
static void map_name(const struct resolver *res, const struct bpfl_map_spec *map, char out[16])
{
	size_t prefix_max = 0;

	if (map_is_data(map) && map->type != BPFL_MAP_TYPE_PERCPU_ARRAY && map->name[0] != '\0' &&
	    !strchr(map->name + 1, '.')) {
		size_t name_size = strnlen(map->name, 15);

		prefix_max = name_size > 7 ? 15 - name_size : 8;
	}
	bpfl_kernel_name(out, res->image->spec->name ? res->image->spec->name : "", prefix_max, map->name);
}

/* ---- sizes ---- */

static bool entries_are_open(const struct bpfl_map_spec *map)
{
	return map->max_entries == 0 && !map_is_data(map) && !map->reuse &&
	       !(rules_of(map->type) & (RULE_CPUS_IF_OPEN | RULE_NO_ENTRIES));
}

static void entries_option_print(const struct resolver *res, const struct bpfl_map_spec *map)
{
	bpfl_error_fix(res->err, "--map %s.max_entries=N%s", BPFL_ESC(map->name),
		       rules_of(map->type) & RULE_PAGES ? " (bytes)" : "");
}

/* Names every map that waits for a size, so that one look is enough to write all options. */
static int entries_open_error(const struct resolver *res, const struct bpfl_map_spec *map)
{
	const struct bpfl_spec *spec = res->image->spec;
	const char *type_name = bpfl_map_type_name(map->type);
	int32_t map_idx = bpfl_spec_map_idx(spec, map->name);
	int result = bpfl_error_set(res->err, BPFL_ERR_USAGE, EINVAL, "the number of entries is not set");

	bpfl_error_why(res->err, "map '%s' (%s) has %s, and the kernel cannot guess its size",
		       BPFL_ESC(map->name), type_name ? type_name : "unknown type",
		       map->has_max_entries ? "max_entries 0" : "no max_entries in the object");
	if (map_idx == BPFL_NO_IDX) { /* a template: no option reaches it */
		bpfl_error_fix(res->err, "give the inner map a max_entries in the source");
		return result;
	}
	entries_option_print(res, map);
	for (size_t i = (size_t)map_idx + 1; i < spec->maps.nr; i++)
		if (res->image->maps[i].needed && entries_are_open(&spec->maps.items[i]))
			entries_option_print(res, &spec->maps.items[i]);
	return result;
}

/* A ring buffer is a power of two of whole pages; an object that says 4096 must load where a page has 64 KiB.
 */
static uint32_t ring_size_round(uint32_t size_bytes, unsigned page_size)
{
	uint64_t rounded = page_size;

	while (rounded < size_bytes)
		rounded *= 2;
	return rounded > UINT32_MAX ? size_bytes : (uint32_t)rounded;
}

static int entries_resolve(struct resolver *res, const struct bpfl_map_spec *map, struct bpfl_image_map *out)
{
	unsigned rule = rules_of(map->type);

	if (entries_are_open(map))
		return entries_open_error(res, map);
	if (out->max_entries == 0 && rule & RULE_CPUS_IF_OPEN)
		out->max_entries = bpfl_target_possible_cpus(res->target);
	if (rule & RULE_CPUS_AT_MOST && out->max_entries > bpfl_target_possible_cpus(res->target))
		out->max_entries = bpfl_target_possible_cpus(res->target);
	if (rule & RULE_PAGES)
		out->max_entries = ring_size_round(out->max_entries, bpfl_target_page_size(res->target));
	return 0;
}

/* The value of a perf event array is a descriptor; a struct that stands there instead describes what is sent
 * through it. */
static bool value_is_event(const struct resolver *res, const struct bpfl_map_spec *map)
{
	if (map->value_type_id == 0 || !res->image->spec->btf)
		return false;
	if (rules_of(map->type) & RULE_NO_SIZES)
		return true;
	enum bpfl_btf_kind kind =
		bpfl_btf_kind(bpfl_btf_skip_modifiers(res->image->spec->btf, map->value_type_id, NULL));
	return map->value_size != 4 || kind == BPFL_KIND_STRUCT || kind == BPFL_KIND_UNION ||
	       kind == BPFL_KIND_ARRAY;
}

static void types_resolve(const struct resolver *res, const struct bpfl_map_spec *map,
			  struct bpfl_image_map *out)
{
	unsigned rule = rules_of(map->type);
	bool is_event = rule & RULE_EVENTS && value_is_event(res, map);

	if (is_event)
		out->event_type_id = map->value_type_id;
	if (rule & RULE_NO_SIZES && (is_event || map->key_type_id != 0)) {
		out->key_size = 0;
		out->value_size = 0;
	}
	if (rule & RULE_FD_VALUE) {
		out->key_size = out->key_size == 0 ? 4 : out->key_size;
		out->value_size = out->value_size == 0 || is_event ? 4 : out->value_size;
	}
	/*
	 * The kernel takes both types or none. A key without a type is fine only where there is no key (bloom
	 * filter). Printing goes by the types of the spec, which stay.
	 */
	if (rule & RULE_NO_BTF || out->value_type_id == 0 || (out->key_type_id == 0 && out->key_size != 0)) {
		out->key_type_id = 0;
		out->value_type_id = 0;
	}
}

/* ---- data sections ---- */

static const struct bpfl_pointer_fault *fault_at(const struct bpfl_map_spec *map, uint32_t byte_off)
{
	for (size_t i = 0; i < map->pointer_faults.nr; i++) {
		const struct bpfl_pointer_fault *fault = &map->pointer_faults.items[i];

		if (byte_off >= fault->byte_off && byte_off - fault->byte_off < fault->size_bytes)
			return fault;
	}
	return NULL;
}

/* One walk over the programs for all maps: which variables that hold addresses do they refer to? One of each map. */
static int used_faults_find(struct resolver *res)
{
	const struct bpfl_spec *spec = res->image->spec;

	res->used_faults = calloc(spec->maps.nr + 1, sizeof(*res->used_faults));
	if (!res->used_faults)
		return bpfl_error_nomem(res->err);
	for (size_t i = 0; i < res->image->nr_progs; i++) {
		const struct bpfl_image_prog *prog = &res->image->progs[i];

		for (uint32_t k = 0; k < prog->nr_insts; k++) {
			const struct bpfl_ref *ref = prog->insts[k].ref_idx == BPFL_NO_IDX
							     ? NULL
							     : &spec->refs.items[prog->insts[k].ref_idx];

			if (ref && ref->kind == BPFL_REF_DATA && !res->used_faults[ref->target_idx])
				res->used_faults[ref->target_idx] =
					fault_at(&spec->maps.items[ref->target_idx], ref->byte_off);
		}
	}
	return 0;
}

/* The variables of a map that hold addresses: an error when a program refers to one, else never silence. */
static int pointer_faults_check(const struct resolver *res, size_t map_idx)
{
	const struct bpfl_map_spec *map = &res->image->spec->maps.items[map_idx];
	const struct bpfl_pointer_fault *used = res->used_faults[map_idx];

	if (map->reuse) /* what the other map holds counts */
		return 0;
	for (size_t i = 0; i < map->pointer_faults.nr && !used; i++)
		bpfl_log_line(res->log, BPFL_LOG_WARN, "%s (no program that is loaded uses it)",
			      map->pointer_faults.items[i].text);
	if (!used)
		return 0;
	int result = bpfl_error_set(res->err, BPFL_ERR_OBJECT, EINVAL, "%s", used->text);

	bpfl_error_why(res->err, "a map holds bytes: the address of a variable is only known while a program runs");
	bpfl_error_fix(res->err, "set the pointer in a program, or store an index instead of a pointer");
	return result;
}

static int data_resolve(const struct resolver *res, const struct bpfl_map_spec *map,
			struct bpfl_image_map *out)
{
	out->type = map->type == BPFL_MAP_TYPE_PERCPU_ARRAY ? map->type : BPFL_MAP_TYPE_ARRAY;
	out->key_size = 4;
	out->max_entries = 1;
	if (map->frozen)
		out->flags |= BPFL_F_RDONLY_PROG;
	/* Since 5.5; a kernel that has refused it once is not asked again. */
	if (map->mmapable && res->target->features[BPFL_FEATURE_MMAP_ARRAY] != BPFL_NO)
		out->flags |= F_MMAPABLE;
	out->data = map->data;
	out->data_size = map->data_size;
	return 0;
}

/* ---- arenas ---- */

/* Kernels before 6.19 take no larger offset in "address of byte N of a map's value". */
#define VALUE_OFF_MAX (1ull << 29)

/*
 * Variables live at the end of the arena, so that pages that programs allocate begin at its start as in an
 * arena without variables, and no variable lies at its very first byte, whose address is NULL to a program when
 * the arena's ends with 32 zero bits (REL-04). But not farther than an instruction can say.
 */
static int arena_resolve(const struct resolver *res, const struct bpfl_map_spec *map, struct bpfl_image_map *out)
{
	uint64_t page = bpfl_target_page_size(res->target), size = out->max_entries * page;
	uint64_t data_pages = (map->data_size + page - 1) / page * page;

	out->flags |= F_MMAPABLE; /* an arena is nothing without */
	if (data_pages > size) {
		bpfl_error_set(res->err, BPFL_ERR_OBJECT, E2BIG,
			       "its variables take %u bytes, the arena has %u pages of %llu bytes", map->data_size,
			       out->max_entries, (unsigned long long)page);
		entries_option_print(res, map);
		return -E2BIG;
	}
	out->data = map->data;
	out->data_size = map->data_size;
	out->data_off = (size < VALUE_OFF_MAX ? size : VALUE_OFF_MAX) - data_pages;
	return 0;
}

/* ---- maps in maps ---- */

/* iproute2's bpf_elf_map names its template by a number that another map carries as its id. */
static const struct bpfl_map_spec *legacy_template(struct resolver *res, const struct bpfl_map_spec *map)
{
	const struct bpfl_spec *spec = res->image->spec;
	uint32_t idx;

	if (map->legacy_inner_id == 0)
		return NULL;
	for (uint32_t i = 0; i < spec->maps.nr && !res->has_legacy_ids; i++) {
		const struct bpfl_map_spec *other = &spec->maps.items[i];

		if (other->legacy_id != 0) {
			(void)bpfl_hash_put(&res->legacy_ids, (const char *)&other->legacy_id,
					    sizeof(other->legacy_id), i);
		}
	}
	res->has_legacy_ids = true;
	if (bpfl_hash_get(&res->legacy_ids, (const char *)&map->legacy_inner_id, sizeof(map->legacy_inner_id),
			  &idx) < 0 ||
	    &spec->maps.items[idx] == map)
		return NULL;
	return &spec->maps.items[idx];
}

/* What stands as the template: the declaration's own, the one named by number, or the first map that is put
 * in. */
static const struct bpfl_map_spec *template_of(struct resolver *res, const struct bpfl_map_spec *map)
{
	const struct bpfl_map_spec *template = map->inner ? map->inner : legacy_template(res, map);
	int32_t wanted = map->inner_where ? bpfl_spec_map_idx(res->image->spec, map->inner_where) : BPFL_NO_IDX;

	if (wanted != BPFL_NO_IDX)
		return &res->image->spec->maps.items[wanted];
	for (size_t i = 0; i < map->nr_slots && !template; i++)
		if (!map->slots[i].is_prog)
			template = &res->image->spec->maps.items[map->slots[i].target_idx];
	return template;
}

static bool map_holds_maps(uint32_t map_type)
{
	return map_type == BPFL_MAP_TYPE_ARRAY_OF_MAPS || map_type == BPFL_MAP_TYPE_HASH_OF_MAPS;
}

static int map_fill(struct resolver *res, const struct bpfl_map_spec *map, struct bpfl_image_map *out);

/* INI-06: the kernel wants a live map as a template while it creates a map of maps. Templates do not nest. */
static int inner_resolve(struct resolver *res, const struct bpfl_map_spec *map, struct bpfl_image_map *out)
{
	const struct bpfl_map_spec *template = template_of(res, map);

	if (map->inner_where && bpfl_spec_map_idx(res->image->spec, map->inner_where) == BPFL_NO_IDX) {
		out->inner_where = map->inner_where;
		return 0;
	}
	if (!template) {
		int result = bpfl_error_set(res->err, BPFL_ERR_OBJECT, EINVAL,
					    "a map of maps without a template");

		bpfl_error_fix(res->err, "declare what it holds: __array(values, struct { ... })");
		bpfl_error_fix(res->err,
			       "or name a map like those: --map %s.inner=MAP (of the object, 'id N', or the path of a pin)",
			       BPFL_ESC(map->name ? map->name : ""));
		return result;
	}
	if (map_holds_maps(template->type)) {
		return bpfl_error_set(res->err, BPFL_ERR_OBJECT, EINVAL,
				      "the template is itself a map of maps");
	}
	out->inner = calloc(1, sizeof(*out->inner));
	if (!out->inner)
		return bpfl_error_nomem(res->err);
	int result = map_fill(res, template, out->inner);
	if (result < 0)
		bpfl_error_prefix(res->err, "template '%s'", BPFL_ESC(template->name ? template->name : ""));
	return result;
}

/* ---- all of it ---- */

static int map_fill(struct resolver *res, const struct bpfl_map_spec *map, struct bpfl_image_map *out)
{
	int result = 0;

	out->needed = true;
	out->type = map->type;
	out->key_size = map->key_size;
	/* A struct_ops map has the kernel's value already (struct_ops.c). */
	if (map->origin != BPFL_MAP_STRUCT_OPS)
		out->value_size = map->value_size;
	out->max_entries = map->max_entries;
	out->flags = map->flags;
	out->numa_node = map->numa_node;
	out->map_extra = map->map_extra;
	out->key_type_id = map->key_type_id;
	out->value_type_id = map->origin != BPFL_MAP_STRUCT_OPS ? map->value_type_id : 0; /* FIX-09 */
	map_name(res, map, out->kernel_name);
	if (map->origin == BPFL_MAP_STRUCT_OPS && map->unselected) {
		bpfl_error_set(res->err, BPFL_ERR_USAGE, ENOENT, "a program refers to it, but it is not to be made");
		bpfl_error_fix(res->err, "--attach struct_ops:%s", BPFL_ESC(map->name));
		return -ENOENT;
	}
	if (map->origin == BPFL_MAP_STRUCT_OPS)
		return 0;

	if (map_is_data(map))
		return data_resolve(res, map, out);
	types_resolve(res, map, out);
	if (map->numa_node != 0 && !(map->flags & BPFL_F_NUMA_NODE)) {
		bpfl_log_line(
			res->log, BPFL_LOG_WARN,
			"map '%s': numa_node %u has no effect, because map_flags lacks BPF_F_NUMA_NODE (0x4)",
			BPFL_ESC(map->name), map->numa_node);
	}
	if (map_holds_maps(map->type) && !map->reuse)
		result = inner_resolve(res, map, out);
	if (result == 0)
		result = entries_resolve(res, map, out);
	if (result == 0 && map->type == BPFL_MAP_TYPE_ARENA)
		result = arena_resolve(res, map, out);
	return result;
}

int bpfl_image_maps_resolve(struct bpfl_image *image, struct bpfl_target *target, const struct bpfl_log *log,
			    struct bpfl_error *err)
{
	const struct bpfl_spec *spec = image->spec;
	struct resolver res = { .image = image, .target = target, .log = log, .err = err };
	int result = used_faults_find(&res);

	for (size_t i = 0; i < spec->maps.nr && result == 0; i++) {
		result = pointer_faults_check(&res, i);
		if (result == 0 && image->maps[i].needed)
			result = map_fill(&res, &spec->maps.items[i], &image->maps[i]);
		if (result < 0)
			bpfl_error_prefix(err, "map '%s'", BPFL_ESC(spec->maps.items[i].name));
	}
	free(res.used_faults);
	bpfl_hash_deinit(&res.legacy_ids);
	return result;
}

void bpfl_image_map_deinit(struct bpfl_image_map *map)
{
	if (map->inner) {
		bpfl_image_map_deinit(map->inner);
		free(map->inner);
	}
	free(map->own_data);
	free(map->ops.items);
}
