/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kern/map_memory.c: the memory of a map in this process, so that reading a counter is a load and no system call.
 *
 * The kernel lends two kinds of maps: arrays with BPF_F_MMAPABLE (Linux 5.5; .data, .bss and .rodata of objects
 * are such), and arenas (6.9).
 * A frozen array, or one that programs may only read, may only be read here too: then the kernel refuses a
 * writable mapping (EPERM, EACCES) and gets a second question. A mapping holds the map: it outlives handle,
 * object and programs.
 *
 * An arena lies at one address in everybody's eyes. That of an object that this process has loaded is mapped
 * already, and a second mapping is not possible: it is lent. Any other can be mapped when its address is known,
 * which is when its maker has chosen it (map_extra).
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include "base/text.h"
#include "kern/map_handle.h"
#include "sys/enter.h"
#include "sys/facts.h"

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000 /* 4.17 */
#endif

/* What the user sees comes first: a pointer to it is a pointer to the whole. */
struct mapping {
	struct bpfl_map_memory memory;
	size_t mapped_size; /* whole pages; 0: lent by an object */
};

static int refuse_type(const struct bpfl_map *map, struct bpfl_error *err)
{
	const char *type_name = bpfl_map_type_name(map->type);

	bpfl_error_set(err, BPFL_ERR_USAGE, EOPNOTSUPP, "map '%s': its memory cannot be mapped", BPFL_ESC(map->name));
	if (map->type == BPFL_MAP_TYPE_ARRAY) {
		bpfl_error_why(err, "it is an array without the flag BPF_F_MMAPABLE (0x%x)", BPFL_F_MMAPABLE);
		bpfl_error_fix(err, "declare it with __uint(map_flags, BPF_F_MMAPABLE); Linux 5.5 and later know it");
	} else {
		bpfl_error_why(err, "only arrays and arenas lend their memory, this is of type %s",
			       type_name ? type_name : "?");
	}
	return -EOPNOTSUPP;
}

static int refuse_mapping(const struct bpfl_map *map, int ret, struct bpfl_error *err)
{
	bpfl_error_set(err, BPFL_ERR_SYSTEM, -ret, "map '%s': mapping its memory: %s (%s)", BPFL_ESC(map->name),
		       bpfl_errno_text(-ret), bpfl_errno_name(-ret));
	if (map->type != BPFL_MAP_TYPE_ARENA)
		return ret;
	if (map->map_extra && ret == -EEXIST)
		bpfl_error_why(err,
			       "an arena has one address, 0x%llx, and something lies there in this process: perhaps "
			       "the arena itself",
			       (unsigned long long)map->map_extra);
	else if (!map->map_extra)
		bpfl_error_why(err, "an arena has one address for all, and the process that mapped it first keeps this "
				    "one to itself");
	if (!map->map_extra)
		bpfl_error_fix(err, "load it with an address: --map %s.map_extra=0x100000000000", BPFL_ESC(map->name));
	return ret;
}

static int arena_map(const struct bpfl_map *map, int prot, size_t size, void **ret_bytes)
{
	void *wanted = (void *)(uintptr_t)map->map_extra;

	return bpfl_enter_mmap(wanted, size, prot, MAP_SHARED | (wanted ? MAP_FIXED_NOREPLACE : 0), map->fd, 0,
			       ret_bytes);
}

/* Writable, else what the kernel allows. */
static int array_map(const struct bpfl_map *map, bool is_read_only, struct mapping *mapping, void **ret_bytes)
{
	int ret = -EPERM;

	if (!is_read_only)
		ret = bpfl_enter_mmap(NULL, mapping->mapped_size, PROT_READ | PROT_WRITE, MAP_SHARED, map->fd, 0,
				      ret_bytes);
	mapping->memory.is_writable = ret == 0;
	if (ret == -EPERM || ret == -EACCES)
		ret = bpfl_enter_mmap(NULL, mapping->mapped_size, PROT_READ, MAP_SHARED, map->fd, 0, ret_bytes);
	return ret;
}

static int map_memory(const struct bpfl_map *map, unsigned flags, struct mapping *mapping)
{
	const struct bpfl_live_map *live = map->object ? &map->object->maps[map->map_idx] : NULL;
	struct bpfl_map_memory *memory = &mapping->memory;
	size_t page = bpfl_facts_page_size();
	bool is_read_only = flags & BPFL_MEMORY_READ_ONLY;

	if (live && live->memory) {
		*memory = (struct bpfl_map_memory){ .bytes = live->memory,
						    .size_bytes = live->memory_size,
						    .is_writable = true };
		return 0;
	}
	if (map->type == BPFL_MAP_TYPE_ARENA) {
		memory->size_bytes = mapping->mapped_size = (size_t)map->max_entries * page;
		memory->is_writable = !is_read_only;
		return arena_map(map, is_read_only ? PROT_READ : PROT_READ | PROT_WRITE, memory->size_bytes,
				 &memory->bytes);
	}
	memory->stride_bytes = bpfl_map_cpu_stride(map);
	memory->size_bytes = memory->stride_bytes * map->max_entries;
	mapping->mapped_size = (memory->size_bytes + page - 1) / page * page;
	return array_map(map, is_read_only, mapping, &memory->bytes);
}

int bpfl_map_memory_open(const struct bpfl_map *map, unsigned flags, struct bpfl_map_memory **ret_memory,
			 struct bpfl_error *err)
{
	struct mapping *mapping;
	int ret;

	if (map->type != BPFL_MAP_TYPE_ARENA && (map->type != BPFL_MAP_TYPE_ARRAY || !(map->flags & BPFL_F_MMAPABLE)))
		return refuse_type(map, err);
	mapping = calloc(1, sizeof(*mapping));
	if (!mapping)
		return bpfl_error_nomem(err);
	ret = map_memory(map, flags, mapping);
	if (ret < 0) {
		free(mapping);
		return refuse_mapping(map, ret, err);
	}
	*ret_memory = &mapping->memory;
	return 0;
}

void bpfl_map_memory_close(struct bpfl_map_memory *memory)
{
	struct mapping *mapping = (struct mapping *)(void *)memory;

	if (!memory)
		return;
	if (mapping->mapped_size)
		bpfl_enter_munmap(memory->bytes, mapping->mapped_size);
	free(mapping);
}
