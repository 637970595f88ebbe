/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * image/check_types: does the kernel know this helper, this type of maps or programs?
 *
 * Whether a kernel knows a helper, a map type or a program type is asked of the kernel's own types:
 * its interface numbers them in enums (bpf_func_id, bpf_map_type, ...), which are in its BTF. The
 * tables of image/since.h only add the version to the words, and decide where a kernel has no BTF
 * but a known version: mainline never takes back what it once had.
 */
#include "image/check.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "base/text.h"
#include "image/core_match.h"
#include "image/modules.h"
#include "image/since.h"
#include "sys/facts.h"

/* ---- what the kernel's BTF says about itself ---- */

/* The ids of all types of a name that the kernel itself has. False when there is no BTF to ask. */
static bool ids_of(struct bpfl_checking *checking, const char *text,
		   const struct bpfl_btf **ret_btf, const uint32_t **ret_ids, size_t *ret_nr)
{
	struct bpfl_core_name name = { .text = text, .size = bpfl_core_name_size(text, strlen(text)) };
	size_t nr_own = 0;

	if (bpfl_core_names_prepare(checking->target, &name, 1, NULL) < 0 ||
	    bpfl_target_btf(checking->target, ret_btf, NULL) < 0) {
		return false;
	}
	*ret_ids = bpfl_core_names_get(checking->target, text, name.size, ret_nr);
	/* Of a module: numbers of another BTF. They come last. */
	while (nr_own < *ret_nr && bpfl_core_names_module(checking->target, text, name.size, nr_own) == 0) {
		nr_own++;
	}
	*ret_nr = nr_own;
	return true;
}

enum bpfl_check_presence bpfl_check_named(struct bpfl_checking *checking, enum bpfl_btf_kind kind,
					  const char *name)
{
	const struct bpfl_btf *btf;
	const uint32_t *ids;
	size_t nr_ids;

	if (!ids_of(checking, name, &btf, &ids, &nr_ids)) {
		return BPFL_PRESENCE_UNKNOWN;
	}
	for (size_t i = 0; i < nr_ids; i++) {
		if (bpfl_btf_kind(bpfl_btf_type(btf, ids[i])) == kind &&
		    strcmp(bpfl_btf_name(btf, ids[i]), name) == 0) {
			return BPFL_PRESENCE_PRESENT;
		}
	}
	return BPFL_PRESENCE_ABSENT;
}

bool bpfl_check_modules_unknown(struct bpfl_checking *checking, bool by_name)
{
	const struct bpfl_modules *modules;

	/* Only a kernel with modules has the tracepoints of loading them. */
	return bpfl_check_named(checking, BPFL_KIND_TYPEDEF, "btf_trace_module_load") == BPFL_PRESENCE_PRESENT &&
	       (bpfl_target_modules(checking->target, &modules, NULL) < 0 || !modules->complete ||
		(by_name && modules->some_have_no_types));
}

enum bpfl_check_presence bpfl_check_named_anywhere(struct bpfl_checking *checking, enum bpfl_btf_kind kind,
						   const char *name, char ret_module[BPFL_CHECK_MODULE_SIZE])
{
	enum bpfl_check_presence presence = bpfl_check_named(checking, kind, name);
	uint32_t module, id;

	ret_module[0] = '\0';
	if (presence != BPFL_PRESENCE_ABSENT) {
		return presence;
	}
	if (bpfl_target_modules_find(checking->target, NULL, kind, name, &module, &id, NULL) > 0) {
		snprintf(ret_module, BPFL_CHECK_MODULE_SIZE, "%s",
			 checking->target->modules->list.items[module - 1].loaded.name);
		return BPFL_PRESENCE_PRESENT;
	}
	return bpfl_check_modules_unknown(checking, true) ? BPFL_PRESENCE_UNKNOWN : BPFL_PRESENCE_ABSENT;
}

/* Whether the kernel's BTF has an enumerator of this value in this enum: what its own interface knows. */
static enum bpfl_check_presence enumerator_presence(struct bpfl_checking *checking, const char *enum_name,
						    uint64_t value)
{
	enum bpfl_check_presence presence = BPFL_PRESENCE_UNKNOWN;
	const struct bpfl_btf *btf;
	const uint32_t *ids;
	size_t nr_ids;

	if (!ids_of(checking, enum_name, &btf, &ids, &nr_ids)) {
		return presence;
	}
	for (size_t i = 0; i < nr_ids; i++) {
		const struct bpfl_btf_type *type = bpfl_btf_type(btf, ids[i]);

		if (bpfl_btf_kind(type) != BPFL_KIND_ENUM) {
			continue;
		}
		presence = BPFL_PRESENCE_ABSENT;
		for (uint32_t k = 0; k < bpfl_btf_vlen(type); k++) {
			const struct bpfl_btf_enum *enumerator = &bpfl_btf_enums(type)[k];

			/* The last one, "__MAX_...", only says how many there are. */
			if ((uint32_t)enumerator->value == value &&
			    !bpfl_text_has_prefix(bpfl_btf_string(btf, enumerator->name_off),
						  "__")) {
				return BPFL_PRESENCE_PRESENT;
			}
		}
	}
	return presence;
}

static enum bpfl_check_status interface_status(struct bpfl_checking *checking,
					       const char *enum_name, uint64_t value,
					       uint32_t since)
{
	uint32_t version = bpfl_target_kernel_version(checking->target);

	switch (enumerator_presence(checking, enum_name, value)) {
	case BPFL_PRESENCE_PRESENT: return BPFL_CHECK_OK;
	case BPFL_PRESENCE_ABSENT: return BPFL_CHECK_MISSING;
	default: return since != 0 && version >= since ? BPFL_CHECK_OK : BPFL_CHECK_UNKNOWN;
	}
}

struct bpfl_check_item *bpfl_check_interface_add(struct bpfl_checking *checking,
						 enum bpfl_check_kind kind, const char *name,
						 const char *enum_name, uint64_t value,
						 uint32_t since)
{
	char number[24], text[160];

	if (!name) {
		snprintf(number, sizeof(number), "number %" PRIu64, value);
		name = number;
	}
	enum bpfl_check_status status = interface_status(checking, enum_name, value, since);
	if (status == BPFL_CHECK_MISSING) {
		snprintf(text, sizeof(text), "the kernel's enum %s has no value %" PRIu64,
			 enum_name, value);
	} else if (since != 0) {
		snprintf(text, sizeof(text), "since Linux %u.%u", BPFL_VERSION_ARGS(since));
	} else {
		snprintf(text, sizeof(text), "%s",
			 status == BPFL_CHECK_OK ? "known to the kernel" : "");
	}
	struct bpfl_check_item *item = bpfl_check_add(checking, kind, status, name, text);
	if (item) {
		item->needed = true;
		item->since = since;
	}
	return item;
}

/* ---- types of maps and programs, and capabilities ---- */

/* Variables, whose addresses are in instructions. */
static bool is_data(const struct bpfl_map_spec *map)
{
	return map->data || map->origin == BPFL_MAP_BSS || map->origin == BPFL_MAP_KCONFIG;
}

static bool is_percpu_data(const struct bpfl_map_spec *map)
{
	return is_data(map) && map->type == BPFL_MAP_TYPE_PERCPU_ARRAY;
}

static int map_type_add(struct bpfl_checking *checking, uint32_t type, bool *seen, uint64_t *caps)
{
	if (type < BPFL_NR_MAP_TYPES && seen[type])
		return 0;
	if (type < BPFL_NR_MAP_TYPES)
		seen[type] = true;
	*caps |= bpfl_map_type_caps(type, bpfl_target_kernel_version(checking->target));
	return bpfl_check_interface_add(checking, BPFL_CHECK_MAP_TYPE, bpfl_map_type_name(type), "bpf_map_type", type,
					bpfl_map_type_since(type)) ? 0 : -ENOMEM;
}

/* It becomes a map when the program is loaded. */
static bool has_jump_table(const struct bpfl_spec *spec, const struct bpfl_image_prog *prog)
{
	for (uint32_t i = 0; i < prog->nr_insts; i++) {
		int32_t ref_idx = prog->insts[i].ref_idx;

		if (ref_idx != BPFL_NO_IDX && spec->refs.items[ref_idx].kind == BPFL_REF_JUMP_TABLE)
			return true;
	}
	return false;
}

static int map_types_add(struct bpfl_checking *checking, uint64_t *caps, struct bpfl_error *err)
{
	const struct bpfl_image *image = checking->image;
	bool seen[BPFL_NR_MAP_TYPES] = { false };
	int ret = 0;

	for (size_t i = 0; i < checking->spec->maps.nr && ret == 0; i++) {
		const struct bpfl_map_spec *map = &checking->spec->maps.items[i];

		if (!image->maps[i].needed)
			continue;
		ret = map_type_add(checking, map->type, seen, caps);
		if (ret == 0 && map->inner)
			ret = map_type_add(checking, map->inner->type, seen, caps);
	}
	for (size_t i = 0; i < image->nr_progs && ret == 0; i++) {
		if (has_jump_table(checking->spec, &image->progs[i]))
			ret = map_type_add(checking, BPFL_MAP_TYPE_INSN_ARRAY, seen, caps);
	}
	return ret < 0 ? bpfl_error_nomem(err) : 0;
}

/*
 * Variables of .percpu: instructions hold the address of the value, which the map gives by a function of its own. The
 * kernel names that one; there is no number for it.
 */
static int percpu_variables_add(struct bpfl_checking *checking, struct bpfl_error *err)
{
	static const char function[] = "percpu_array_map_direct_value_addr";
	const uint32_t since = BPFL_KERNEL_VERSION(7, 3, 0);
	enum bpfl_check_status status;
	struct bpfl_check_item *item;
	size_t i = 0;

	while (i < checking->spec->maps.nr &&
	       !(checking->image->maps[i].needed && is_percpu_data(&checking->spec->maps.items[i])))
		i++;
	if (i == checking->spec->maps.nr)
		return 0;
	switch (bpfl_check_named(checking, BPFL_KIND_FUNC, function)) {
	case BPFL_PRESENCE_PRESENT: status = BPFL_CHECK_OK; break;
	case BPFL_PRESENCE_ABSENT: status = BPFL_CHECK_MISSING; break;
	default:
		status = bpfl_target_kernel_version(checking->target) >= since ? BPFL_CHECK_OK : BPFL_CHECK_UNKNOWN;
	}
	item = bpfl_check_add(checking, BPFL_CHECK_MAP_TYPE, status, "percpu_array of variables", "since Linux 7.3");
	if (!item)
		return bpfl_error_nomem(err);
	item->needed = true;
	item->since = since;
	return 0;
}

/* ---- flags of maps ---- */

#define F_MMAPABLE (1u << 10)

/*
 * The kernel's enum of all these flags has no name, only its members have. UNKNOWN before Linux 5.4, when
 * they were macros.
 */
static enum bpfl_check_presence map_flag_presence(struct bpfl_checking *checking, const char *name)
{
	const struct bpfl_btf *btf;
	uint32_t id = 0;

	if (bpfl_target_btf(checking->target, &btf, NULL) < 0) {
		return BPFL_PRESENCE_UNKNOWN;
	}
	while ((id = bpfl_btf_find(btf, BPFL_KIND_ENUM, "", id + 1)) != 0) {
		const struct bpfl_btf_type *type = bpfl_btf_type(btf, id);
		bool is_it = false;

		for (uint32_t i = 0; i < bpfl_btf_vlen(type); i++) {
			const char *flag = bpfl_btf_string(btf, bpfl_btf_enums(type)[i].name_off);

			if (strcmp(flag, name) == 0) {
				return BPFL_PRESENCE_PRESENT;
			}
			is_it = is_it || strcmp(flag, "BPF_F_NO_PREALLOC") == 0;
		}
		if (is_it) {
			return BPFL_PRESENCE_ABSENT;
		}
	}
	return BPFL_PRESENCE_UNKNOWN;
}

/* One flag. Older ones than any BTF of a kernel are passed over. */
static int map_flag_add(struct bpfl_checking *checking, uint32_t flag, bool needed, struct bpfl_error *err)
{
	const char *name = NULL;
	uint32_t since = bpfl_map_flags_since(flag, &name);
	uint32_t version = bpfl_target_kernel_version(checking->target);
	enum bpfl_check_status status;
	char text[64];

	if (since < BPFL_KERNEL_VERSION(5, 4, 0)) {
		return 0;
	}
	switch (map_flag_presence(checking, name)) {
	case BPFL_PRESENCE_PRESENT: status = BPFL_CHECK_OK; break;
	case BPFL_PRESENCE_ABSENT: status = BPFL_CHECK_MISSING; break;
	default: status = version >= since ? BPFL_CHECK_OK : BPFL_CHECK_UNKNOWN; break;
	}
	snprintf(text, sizeof(text), "since Linux %u.%u", BPFL_VERSION_ARGS(since));
	struct bpfl_check_item *item = bpfl_check_add(checking, BPFL_CHECK_MAP_FLAG, status, name, text);
	if (!item) {
		return bpfl_error_nomem(err);
	}
	item->needed = needed;
	item->since = since;
	return 0;
}

static int map_flags_add(struct bpfl_checking *checking, struct bpfl_error *err)
{
	uint32_t needed = 0, wanted = 0;
	int result = 0;

	for (size_t i = 0; i < checking->spec->maps.nr; i++) {
		const struct bpfl_map_spec *map = &checking->spec->maps.items[i];

		if (!checking->image->maps[i].needed) {
			continue;
		}
		/* An array that cannot be mapped is made without it. */
		if (map->type == BPFL_MAP_TYPE_ARRAY) {
			wanted |= map->flags & F_MMAPABLE;
			needed |= map->flags & ~F_MMAPABLE;
		} else {
			needed |= map->flags;
		}
		needed |= map->inner ? map->inner->flags : 0;
	}
	wanted |= needed;
	for (unsigned bit = 0; bit < 32 && result == 0; bit++) {
		uint32_t flag = 1u << bit;

		result = wanted & flag ? map_flag_add(checking, flag, (needed & flag) != 0, err) : 0;
	}
	return result;
}

/* ---- types of programs ---- */

/*
 * How much a kernel without the attach type of a program would be missed. Kprobe programs are loaded whatever
 * it is; and instead of one link on many functions the loader can make many, but not for sessions.
 */
static void attach_type_need(struct bpfl_check_item *item, const struct bpfl_prog *prog)
{
	bool has_other_way = prog->attach_type == BPFL_ATTACH_TRACE_KPROBE_MULTI ||
			     prog->attach_type == BPFL_ATTACH_TRACE_UPROBE_MULTI;

	item->needed = !(prog->hit.row && prog->hit.row->attach_type_optional) && !has_other_way;
	item->at_load = prog->prog_type != BPFL_PROG_KPROBE;
}

/* Flags of programs are macros: only the version tells, or the helpers that came with it. */
static int prog_flag_add(struct bpfl_checking *checking, const struct bpfl_prog *prog, struct bpfl_error *err)
{
	const char *flag = "";
	uint32_t since = bpfl_prog_flags_since(prog->prog_type, prog->prog_flags, &flag);
	uint32_t version = bpfl_target_kernel_version(checking->target);
	uint32_t helper = bpfl_helper_of_version(since);
	const char *type_name = bpfl_prog_type_name(prog->prog_type);
	char name[64], text[64];

	if (since == 0) {
		return 0;
	}
	snprintf(name, sizeof(name), "%s, %s", type_name ? type_name : "?", flag);
	snprintf(text, sizeof(text), "since Linux %u.%u", BPFL_VERSION_ARGS(since));
	enum bpfl_check_presence presence = helper ? enumerator_presence(checking, "bpf_func_id", helper)
						   : BPFL_PRESENCE_UNKNOWN;
	enum bpfl_check_status status = presence == BPFL_PRESENCE_PRESENT || version >= since ? BPFL_CHECK_OK :
					presence == BPFL_PRESENCE_ABSENT		     ? BPFL_CHECK_MISSING :
											       BPFL_CHECK_UNKNOWN;
	struct bpfl_check_item *item = bpfl_check_add(checking, BPFL_CHECK_PROG_TYPE, status, name, text);
	if (!item) {
		return bpfl_error_nomem(err);
	}
	item->needed = true;
	item->since = since;
	return 0;
}

static int prog_types_add(struct bpfl_checking *checking, uint64_t *caps, struct bpfl_error *err)
{
	uint32_t version = bpfl_target_kernel_version(checking->target);
	bool seen_prog[BPFL_NR_PROG_TYPES] = { false }, seen_flags[BPFL_NR_PROG_TYPES] = { false },
	     seen_attach[BPFL_NR_ATTACH_TYPES] = { false };

	for (size_t i = 0; i < checking->image->nr_progs; i++) {
		const struct bpfl_prog *prog =
			&checking->spec->progs.items[checking->image->progs[i].prog_idx];
		uint32_t type = prog->prog_type, attach = prog->attach_type;

		*caps |= bpfl_prog_type_caps(type, version);
		if (type < BPFL_NR_PROG_TYPES && !seen_prog[type]) {
			seen_prog[type] = true;
			if (!bpfl_check_interface_add(checking, BPFL_CHECK_PROG_TYPE,
						      bpfl_prog_type_name(type), "bpf_prog_type",
						      type, bpfl_prog_type_since(type))) {
				return bpfl_error_nomem(err);
			}
		}
		if (type < BPFL_NR_PROG_TYPES && prog->prog_flags != 0 && !seen_flags[type]) {
			seen_flags[type] = true;
			if (prog_flag_add(checking, prog, err) < 0) {
				return -ENOMEM;
			}
		}
		if (attach != 0 && attach < BPFL_NR_ATTACH_TYPES && !seen_attach[attach]) {
			seen_attach[attach] = true;
			struct bpfl_check_item *item = bpfl_check_interface_add(
				checking, BPFL_CHECK_ATTACH_TYPE, bpfl_attach_type_name(attach),
				"bpf_attach_type", attach, 0);
			if (!item) {
				return bpfl_error_nomem(err);
			}
			attach_type_need(item, prog);
		}
	}
	return 0;
}

int bpfl_check_types(struct bpfl_checking *checking, struct bpfl_error *err)
{
	uint64_t caps = 0;
	int result = map_types_add(checking, &caps, err);

	if (result == 0) {
		result = percpu_variables_add(checking, err);
	}
	if (result == 0) {
		result = map_flags_add(checking, err);
	}
	if (result == 0) {
		result = prog_types_add(checking, &caps, err);
	}
	bpfl_caps_text(caps, ", ", false, checking->check->capabilities,
		       sizeof(checking->check->capabilities));
	return result;
}

static void since_raise(struct bpfl_check *check, uint32_t since)
{
	check->since = since > check->since ? since : check->since;
}

/* The newest of what is needed: items, map flags, maps behind variables, functions that call each
 * other. */
void bpfl_check_since(struct bpfl_checking *checking)
{
	struct bpfl_check *check = checking->check;

	for (size_t i = 0; i < check->items.nr; i++) {
		if (check->items.items[i].needed) {
			since_raise(check, check->items.items[i].since);
		}
	}
	for (size_t i = 0; i < checking->spec->maps.nr; i++) {
		const struct bpfl_map_spec *map = &checking->spec->maps.items[i];
		const char *flag;

		if (!checking->image->maps[i].needed) {
			continue;
		}
		since_raise(check, bpfl_map_flags_since(map->flags, &flag));
		if (is_data(map))
			since_raise(check, BPFL_KERNEL_VERSION(5, 2, 0));
	}
	for (size_t i = 0; i < checking->image->nr_progs; i++) {
		if (checking->image->progs[i].subprogs.nr > 1) {
			since_raise(check, BPFL_KERNEL_VERSION(4, 16, 0));
		}
	}
}
