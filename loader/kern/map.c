/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kern/map.c: live maps.
 *
 * For each map that the image wants: MAP_CREATE, its initial value (MAP_UPDATE_ELEM), MAP_FREEZE
 * when it is constant. All of that happens before the first program is loaded: the verifier takes
 * the values of a frozen map for constants and removes the branches that they rule out (G-45).
 * Values go in by system call, never through a mapping, because a map with a writable mapping
 * cannot be frozen (G-46). A map that is pinned by name may be there already (kern/pin_map.c). Then inner maps
 * go into outer ones, and, when programs exist, programs into program arrays.
 *
 * MAP_CREATE is tried as it should be. A refusal is answered by leaving out what an older kernel
 * may not know, newest first; the row of the table that helped is remembered for the other maps.
 */
#include "kern/load.h"
#include "kern/map_handle.h"
#include "kern/pin.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "image/since.h"
#include "sys/bpf.h"
#include "sys/enter.h"
#include "sys/facts.h"

#define NR(table) (sizeof(table) / sizeof((table)[0]))

/* ---- creating ---- */

/* What can be left out of a MAP_CREATE. */
enum {
	DROP_MMAP = 1, /* BPF_F_MMAPABLE: the map is only reached by system calls then */
	DROP_BTF = 2,  /* key and value types: the map is less readable */
	DROP_DOTS = 4, /* '.' in the name becomes '_' (dots came with 5.2) */
	DROP_NAME = 8,
};

/*
 * From the least loss to the greatest; combinations because an old kernel lacks everything that is
 * newer.
 */
static const unsigned fallbacks[] = {
	DROP_MMAP,
	DROP_BTF,
	DROP_BTF | DROP_MMAP,
	DROP_BTF | DROP_MMAP | DROP_DOTS,
	DROP_BTF | DROP_MMAP | DROP_NAME,
};

/* What there is to be dropped from attr. */
static unsigned droppable(const struct bpfl_attr_map_create *attr, bool needs_btf)
{
	unsigned drops = 0;

	/*
	 * Of other types than ARRAY the flag is the program's own wish; an arena is nothing without
	 * it.
	 */
	if (attr->map_type == BPFL_MAP_TYPE_ARRAY && (attr->map_flags & BPFL_F_MMAPABLE))
		drops |= DROP_MMAP;
	if (attr->btf_fd != 0 && !needs_btf)
		drops |= DROP_BTF;
	if (strchr(attr->map_name, '.'))
		drops |= DROP_DOTS;
	if (attr->map_name[0])
		drops |= DROP_NAME;
	return drops;
}

static struct bpfl_attr_map_create without(const struct bpfl_attr_map_create *attr, unsigned drops)
{
	struct bpfl_attr_map_create less = *attr;

	if (drops & DROP_MMAP)
		less.map_flags &= ~BPFL_F_MMAPABLE;
	if (drops & DROP_BTF)
		less.btf_fd = less.btf_key_type_id = less.btf_value_type_id = 0;
	for (char *c = less.map_name; (drops & DROP_DOTS) && (c = strchr(c, '.'));)
		*c = '_';
	if (drops & DROP_NAME)
		memset(less.map_name, 0, sizeof(less.map_name));
	return less;
}

static int map_create_once(const struct bpfl_loading *loading, const struct bpfl_attr_map_create *attr)
{
	struct bpfl_attr_map_create copy = *attr;

	if (loading->token_fd >= 0) {
		copy.map_flags |= BPFL_F_TOKEN_FD;
		copy.map_token_fd = loading->token_fd;
	}
	return bpfl_sys_map_create(&copy);
}

int bpfl_loading_map_create(struct bpfl_loading *loading, const struct bpfl_attr_map_create *attr)
{
	int ret = map_create_once(loading, attr);

	if (ret < 0 && (bpfl_loading_raise_memlock(loading, ret) || bpfl_loading_take_token(loading, ret)))
		ret = map_create_once(loading, attr);
	return ret;
}

/* Says and remembers what had to be left out. */
static void drops_note(struct bpfl_loading *loading, const char *name, unsigned drops, int refused)
{
	enum bpfl_answer *features = loading->target->features;

	if (drops & DROP_MMAP)
		features[BPFL_FEATURE_MMAP_ARRAY] = BPFL_NO;
	if (drops & DROP_NAME)
		features[BPFL_FEATURE_OBJ_NAMES] = BPFL_NO;
	if (drops & DROP_BTF)
		bpfl_log_line(
			&loading->opts.log, BPFL_LOG_WARN,
			"map '%s': the kernel refused its key and value types: %s; created without them",
			BPFL_ESC(name), bpfl_errno_text(-refused));
	if (drops & ~(unsigned)DROP_BTF)
		bpfl_log_line(&loading->opts.log, BPFL_LOG_INFO,
			      "map '%s': created without%s%s%s, which this kernel does not know",
			      BPFL_ESC(name), drops & DROP_MMAP ? " mmap" : "",
			      drops & DROP_DOTS ? " dots in the name" : "",
			      drops & DROP_NAME ? " a name" : "");
}

/*
 * >= 0: the map's fd; attr is then as the kernel took it. needs_btf: without types it would be of
 * no use.
 */
static int map_create_any_way(struct bpfl_loading *loading, const char *name, bool needs_btf,
			      struct bpfl_attr_map_create *attr)
{
	const enum bpfl_answer *features = loading->target->features;
	unsigned known = (features[BPFL_FEATURE_MMAP_ARRAY] == BPFL_NO ? DROP_MMAP : 0u) |
			 (features[BPFL_FEATURE_OBJ_NAMES] == BPFL_NO ? DROP_NAME : 0u);
	unsigned tried = 0;
	int refused, ret;

	*attr = without(attr, known & droppable(attr, needs_btf));
	refused = ret = bpfl_loading_map_create(loading, attr);
	for (size_t i = 0; i < NR(fallbacks) && ret < 0 && bpfl_refusal_is_about_form(ret); i++) {
		unsigned drops = fallbacks[i] & droppable(attr, needs_btf);
		struct bpfl_attr_map_create less = without(attr, drops);

		/* Only what no earlier row left out already. */
		if (drops == 0 || drops == tried)
			continue;
		tried = drops;
		ret = bpfl_loading_map_create(loading, &less);
		if (ret >= 0) {
			drops_note(loading, name, drops, refused);
			*attr = less;
		}
	}
	return ret;
}

/* ---- refusals ---- */

/* Bytes that the elements take, about; 0: not that kind of map. */
static uint64_t map_bytes(struct bpfl_target *target, const struct bpfl_image_map *map)
{
	uint64_t value = ((uint64_t)map->value_size + 7) & ~7ull;

	switch (map->type) {
	case BPFL_MAP_TYPE_RINGBUF:
	case BPFL_MAP_TYPE_USER_RINGBUF:
		return map->max_entries;
	case BPFL_MAP_TYPE_PERCPU_ARRAY:
	case BPFL_MAP_TYPE_PERCPU_HASH:
	case BPFL_MAP_TYPE_LRU_PERCPU_HASH:
		value *= bpfl_target_possible_cpus(target);
		break;
	default:
		break;
	}
	return (value + map->key_size) * map->max_entries;
}

/* The numbers that the kernel answers with a bare EINVAL (LOG-09). */
static void numbers_explain(struct bpfl_loading *loading, const struct bpfl_image_map *map,
			    struct bpfl_error *err)
{
	uint32_t version = bpfl_target_kernel_version(loading->target), since;
	const char *flag = "";
	bool is_ring = map->type == BPFL_MAP_TYPE_RINGBUF ||
		       map->type == BPFL_MAP_TYPE_USER_RINGBUF;
	bool is_array = map->type == BPFL_MAP_TYPE_ARRAY ||
			map->type == BPFL_MAP_TYPE_PERCPU_ARRAY ||
			map->type == BPFL_MAP_TYPE_PROG_ARRAY ||
			map->type == BPFL_MAP_TYPE_PERF_EVENT_ARRAY ||
			map->type == BPFL_MAP_TYPE_ARRAY_OF_MAPS;

	bpfl_error_why(err, "key_size %u, value_size %u, max_entries %u, flags 0x%x", map->key_size,
		       map->value_size, map->max_entries, map->flags);
	if (is_ring && (map->max_entries & (map->max_entries - 1) ||
			map->max_entries % bpfl_target_page_size(loading->target)))
		bpfl_error_fix(
			err,
			"the size of a ring buffer must be a power of two and a multiple of the page size (%u)",
			bpfl_target_page_size(loading->target));
	if (is_ring && (map->key_size || map->value_size))
		bpfl_error_fix(
			err,
			"a ring buffer has no keys and values: key_size and value_size must be 0");
	if (is_array && map->key_size != 4)
		bpfl_error_fix(err, "the key of an array must have 4 bytes");
	if (map->type == BPFL_MAP_TYPE_LPM_TRIE && !(map->flags & 1))
		bpfl_error_fix(err, "a trie needs the flag BPF_F_NO_PREALLOC");
	since = bpfl_map_flags_since(map->flags, &flag);
	if (version != 0 && version < since) {
		err->kind = BPFL_ERR_UNSUPPORTED;
		bpfl_error_catalogue(err, 16);
		bpfl_error_why(err, "flag %s came with Linux %u.%u, this is Linux %u.%u", flag,
			       BPFL_VERSION_ARGS(since), BPFL_VERSION_ARGS(version));
	}
}

static int map_refused(struct bpfl_loading *loading, const char *name,
		       const struct bpfl_image_map *map, int ret, struct bpfl_error *err)
{
	uint64_t bytes = map_bytes(loading->target, map);

	bpfl_error_set(err, BPFL_ERR_SYSTEM, -ret, "map '%s': creating it: %s", BPFL_ESC(name),
		       bpfl_errno_text(-ret));
	if (!err)
		return ret;
	if (bpfl_refusal_is_about_form(ret) && ret != -E2BIG)
		numbers_explain(loading, map, err);
	if (ret == -ENOMEM || ret == -E2BIG)
		bpfl_error_why(err, "%u entries of %u + %u bytes are about %llu bytes",
			       map->max_entries, map->key_size, map->value_size,
			       (unsigned long long)bytes);
	bpfl_diagnose_refusal(err, BPFL_WANTED_MAP, map->type, -ret, loading->target);
	return ret;
}

/* ---- one map ---- */

/*
 * Old kernels (seen on 5.10) read their own types when the first program of all is loaded, and know no
 * struct_ops before: on a machine that has just started, ENOTSUPP (524, which no user space has a name for). So
 * one is loaded that does nothing.
 */
static bool kernel_reads_its_types(void)
{
	static const struct bpfl_insn insns[] = { { .code = 0xb7 /* r0 = 0 */ }, { .code = 0x95 /* exit */ } };
	struct bpfl_attr_prog_load attr = { .prog_type = BPFL_PROG_SOCKET_FILTER,
					    .insn_cnt = 2,
					    .insns = BPFL_PTR(insns),
					    .license = BPFL_PTR("GPL") };
	int fd = bpfl_sys_prog_load(&attr);

	bpfl_enter_close(fd);
	return fd >= 0;
}

/* Creates a map, with inner_fd as the template of its inner maps (0 none). >= 0: its fd. */
static int map_open(struct bpfl_loading *loading, const char *name,
		    const struct bpfl_image_map *map, int inner_fd,
		    struct bpfl_attr_map_create *ret_attr, struct bpfl_error *err)
{
	struct bpfl_attr_map_create attr = {
		.map_type = map->type,
		.key_size = map->key_size,
		.value_size = map->value_size,
		.max_entries = map->max_entries,
		.map_flags = map->flags,
		.numa_node = map->numa_node,
		.inner_map_fd = (uint32_t)inner_fd,
		.map_extra = map->map_extra,
	};
	int btf_fd = loading->object->btf_fd;
	int ret;

	memcpy(attr.map_name, map->kernel_name, sizeof(attr.map_name));
	if (btf_fd >= 0 && (map->key_type_id || map->value_type_id)) {
		attr.btf_fd = (uint32_t)btf_fd;
		attr.btf_key_type_id = bpfl_image_btf_id(loading->image, map->key_type_id);
		attr.btf_value_type_id = bpfl_image_btf_id(loading->image, map->value_type_id);
	}
	if (btf_fd >= 0 && map->kernel_value_type_id) {
		attr.btf_fd = (uint32_t)btf_fd;
		attr.btf_vmlinux_value_type_id = map->kernel_value_type_id;
	}
	if (map->kernel_value_module_idx > 0) {
		attr.map_flags |= BPFL_F_VTYPE_BTF_OBJ_FD;
		attr.value_type_btf_obj_fd = loading->object->module_btf_fds[map->kernel_value_module_idx];
	}
	ret = map_create_any_way(loading, name,
				 bpfl_image_map_depends_on_btf(loading->image->spec, map), &attr);
	if (ret == -524 && map->kernel_value_type_id && kernel_reads_its_types())
		ret = bpfl_loading_map_create(loading, &attr);
	if (ret < 0)
		return map_refused(loading, name, map, ret, err);
	*ret_attr = attr;
	return ret;
}

bool bpfl_map_spec_is_frozen(const struct bpfl_map_spec *map)
{
	return map->frozen || map->origin == BPFL_MAP_RODATA || map->origin == BPFL_MAP_KCONFIG;
}

static bool is_zero(const uint8_t *data, size_t size)
{
	return size == 0 || (data[0] == 0 && memcmp(data, data + 1, size - 1) == 0);
}

static int map_fill(const struct bpfl_image_map *map, int fd, struct bpfl_error *err)
{
	size_t stride = map->value_size;
	unsigned nr_cpus = 1;
	uint32_t key = 0;
	uint8_t *value;
	int ret;

	/*
	 * The kernel reads value_size bytes, whatever the section holds. New maps are zero already.
	 */
	if (!map->data || is_zero(map->data, map->data_size))
		return 0;
	if (map->data_size > map->value_size)
		return bpfl_error_set(err, BPFL_ERR_OBJECT, EINVAL,
				      "its initial value has %u bytes, its value_size is %u",
				      map->data_size, map->value_size);
	if (map->type == BPFL_MAP_TYPE_PERCPU_ARRAY) { /* .percpu: a value for each possible CPU (RUN-07) */
		stride = (stride + 7) / 8 * 8;
		ret = bpfl_facts_count_possible_cpus(&nr_cpus);
		if (ret < 0)
			return bpfl_error_set(err, BPFL_ERR_SYSTEM, -ret, "how many CPUs there can be is not known: %s: %s",
					      BPFL_POSSIBLE_CPUS_PATH, bpfl_errno_text(-ret));
	}
	value = calloc(nr_cpus, stride);
	if (!value)
		return bpfl_error_nomem(err);
	for (unsigned cpu = 0; cpu < nr_cpus; cpu++)
		memcpy(value + cpu * stride, map->data, map->data_size);
	ret = bpfl_sys_map_update(fd, &key, value, 0);
	free(value);
	if (ret < 0)
		return bpfl_error_set(err, BPFL_ERR_SYSTEM, -ret,
				      "writing its initial value: %s", bpfl_errno_text(-ret));
	return 0;
}

static int map_freeze(struct bpfl_loading *loading, int fd, struct bpfl_error *err)
{
	int ret = bpfl_sys_map_freeze(fd);
	uint32_t version = bpfl_target_kernel_version(loading->target);

	if (ret >= 0)
		return 0;
	bpfl_error_set(err, BPFL_ERR_SYSTEM, -ret, "freezing it: %s", bpfl_errno_text(-ret));
	if (err && ret == -EINVAL && version != 0 && version < BPFL_KERNEL_VERSION(5, 2, 0)) {
		err->kind = BPFL_ERR_UNSUPPORTED;
		bpfl_error_catalogue(err, 16);
		bpfl_error_why(
			err,
			"constants of a program live in a frozen map; Linux %u.%u has none (Linux 5.2)",
			BPFL_VERSION_ARGS(version));
	} else {
		bpfl_diagnose_refusal(err, BPFL_WANTED_FREEZE, BPFL_MAP_TYPE_ARRAY, -ret,
				      loading->target);
	}
	return ret;
}

static int map_load(struct bpfl_loading *loading, size_t map_idx, struct bpfl_error *err)
{
	const struct bpfl_map_spec *spec = &loading->image->spec->maps.items[map_idx];
	const struct bpfl_image_map *map = &loading->image->maps[map_idx];
	struct bpfl_live_map *live = &loading->object->maps[map_idx];
	struct bpfl_attr_map_create attr, inner_attr;
	int inner_fd = 0, ret;

	if (live->pin_path || spec->reuse) {
		ret = spec->reuse ? bpfl_loading_map_reuse(loading, map_idx, err) :
				    bpfl_loading_pin_reuse(loading, map_idx, err);
		if (ret > 0)
			return map->type == BPFL_MAP_TYPE_ARENA ? bpfl_arena_map(loading, map_idx, err) : 0;
		if (ret < 0)
			return ret;
	}
	if (map->inner) {
		/* The outer map copies the template's numbers and lets go of it (INI-06). */
		inner_fd = map_open(loading, spec->name, map->inner, 0, &inner_attr, err);
		if (inner_fd < 0) {
			bpfl_error_prefix(err, "template of its inner maps");
			return inner_fd;
		}
	} else if (map->inner_where) {
		inner_fd = bpfl_open_words(map->inner_where, "map", err);
		if (inner_fd < 0) {
			bpfl_error_prefix(err, "map '%s': template of its inner maps", BPFL_ESC(spec->name));
			return inner_fd;
		}
	}
	ret = map_open(loading, spec->name, map, inner_fd, &attr, err);
	if (inner_fd > 0)
		bpfl_enter_close(inner_fd);
	if (ret < 0)
		return ret;
	live->fd = ret;
	live->type = attr.map_type;
	live->key_size = attr.key_size;
	live->value_size = attr.value_size;
	live->max_entries = attr.max_entries;
	live->flags = attr.map_flags;
	ret = map->type == BPFL_MAP_TYPE_ARENA ? bpfl_arena_map(loading, map_idx, err) : map_fill(map, live->fd, err);
	if (ret >= 0 && bpfl_map_spec_is_frozen(spec))
		ret = map_freeze(loading, live->fd, err);
	if (ret < 0)
		bpfl_error_prefix(err, "map '%s'", BPFL_ESC(spec->name));
	else if (live->pin_path && !map->inner) /* outer maps when they are filled: nobody shall see them empty */
		ret = bpfl_loading_pin_new(loading, map_idx, err);
	return ret < 0 ? ret : 0;
}

/* ---- slots ---- */

static int slot_put(int map_fd, const struct bpfl_map_spec *map, const struct bpfl_map_slot *slot,
		    int fd, const char *target, struct bpfl_error *err)
{
	uint32_t key = slot->key, value = (uint32_t)fd;
	int ret = bpfl_sys_map_update(map_fd, &key, &value, 0);

	if (ret >= 0)
		return 0;
	bpfl_error_set(err, BPFL_ERR_SYSTEM, -ret, "map '%s': slot %u: putting in %s '%s': %s",
		       BPFL_ESC(map->name), slot->key, slot->is_prog ? "program" : "map",
		       BPFL_ESC(target), bpfl_errno_text(-ret));
	if (ret == -E2BIG)
		bpfl_error_fix(err, "give the map more entries: --map %s.max_entries=%u",
			       BPFL_ESC(map->name), slot->key + 1);
	else if (ret == -EINVAL && slot->is_prog)
		bpfl_error_why(
			err,
			"all programs in an array, and those that call into it, must be of one type");
	else if (ret == -EINVAL)
		bpfl_error_why(
			err,
			"an inner map must have the type and sizes of the outer map's template");
	return ret;
}

static int slots_fill(struct bpfl_loading *loading, size_t map_idx, bool progs,
		      struct bpfl_error *err)
{
	const struct bpfl_spec *spec = loading->image->spec;
	const struct bpfl_map_spec *map = &spec->maps.items[map_idx];
	const struct bpfl_object *object = loading->object;

	if (!progs && object->maps[map_idx].reused)
		return 0; /* others may have put their own maps in; programs are ours to replace */
	for (size_t i = 0; i < map->nr_slots; i++) {
		const struct bpfl_map_slot *slot = &map->slots[i];
		const char *target;
		int fd, ret;

		if (slot->is_prog != progs)
			continue;
		fd = progs ? object->progs[slot->target_idx].fd : object->maps[slot->target_idx].fd;
		target = progs ? spec->progs.items[slot->target_idx].name
			       : spec->maps.items[slot->target_idx].name;
		if (fd < 0) {
			/*
			 * Loading only a part of an object is what --only is for; a tail call into
			 * the empty slot just falls through.
			 */
			bpfl_log_line(&loading->opts.log, BPFL_LOG_WARN,
				      "map '%s': slot %u stays empty: %s '%s' is not loaded",
				      BPFL_ESC(map->name), slot->key, progs ? "program" : "map",
				      BPFL_ESC(target));
			continue;
		}
		ret = slot_put(object->maps[map_idx].fd, map, slot, fd, target, err);
		if (ret < 0)
			return ret;
	}
	return 0;
}

static int all_slots_fill(struct bpfl_loading *loading, bool progs, struct bpfl_error *err)
{
	for (size_t i = 0; i < loading->image->spec->maps.nr; i++) {
		int ret = loading->object->maps[i].fd >= 0 ? slots_fill(loading, i, progs, err) : 0;

		if (ret < 0)
			return ret;
	}
	return 0;
}

/* ---- all maps ---- */

static int outer_maps_pin(struct bpfl_loading *loading, struct bpfl_error *err)
{
	int ret = all_slots_fill(loading, false, err);

	for (size_t i = 0; ret == 0 && i < loading->image->spec->maps.nr; i++) {
		const struct bpfl_live_map *live = &loading->object->maps[i];

		if (live->pin_path && live->fd >= 0 && !live->reused && loading->image->maps[i].inner)
			ret = bpfl_loading_pin_new(loading, i, err);
	}
	return ret;
}

int bpfl_loading_maps(struct bpfl_loading *loading, struct bpfl_error *err)
{
	const struct bpfl_spec *spec = loading->image->spec;

	for (size_t i = 0; i < spec->maps.nr; i++) {
		int ret;

		if (!loading->image->maps[i].needed)
			continue;
		ret = map_load(loading, i, err);
		if (ret < 0)
			return ret;
	}
	return outer_maps_pin(loading, err);
}

int bpfl_loading_prog_slots(struct bpfl_loading *loading, struct bpfl_error *err)
{
	return all_slots_fill(loading, true, err);
}
