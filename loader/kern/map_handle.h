/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kern/map_handle: what is behind the public struct bpfl_map.
 *
 * A map of an object takes its numbers and types from the object, any other from the kernel (map_open.c).
 * map_ops.c has the calls for one element, map_walk.c those for many. Text is made of it in the room event.
 */
#ifndef BPFL_KERN_MAP_HANDLE_H
#define BPFL_KERN_MAP_HANDLE_H

#include "bpfload/map.h"
#include "btf/btf.h"
#include "kern/object.h"

#define BPFL_F_NO_PREALLOC (1u << 0) /* map flag */
#define BPFL_F_RDONLY (1u << 3)	     /* map flag; of OBJ_GET: for reading */

struct bpfl_map {
	int fd;
	bool owns_fd;
	char *name;
	uint32_t id; /* 0 unknown */
	uint32_t type, key_size, value_size, max_entries, flags;
	uint64_t map_extra;
	unsigned nr_cpus; /* 0: not per CPU */
	size_t value_bytes;
	bool has_lock; /* the value holds a struct bpf_spin_lock */
	/* Types: of the object, or own ones. Ids 0: none. */
	const struct bpfl_btf *btf;
	struct bpfl_btf *own_btf, *own_base;
	uint32_t key_type_id, value_type_id;
	char why_untyped[192]; /* "": typed */
	const struct bpfl_object *object; /* NULL: none */
	size_t map_idx;			  /* in the object */
};

/* Bytes from one CPU's value to the next. */
static inline size_t bpfl_map_cpu_stride(const struct bpfl_map *map)
{
	return ((size_t)map->value_size + 7) / 8 * 8;
}

/* A handle for a descriptor of any map. Takes the descriptor over, also when it fails. */
int bpfl_map_adopt(int fd, struct bpfl_map **ret_map, struct bpfl_error *err);

/*
 * The id of a program or map in the words "id 7", "7", or of a pinned path -> a descriptor to be closed.
 * want: "map" or "prog".
 */
int bpfl_open_words(const char *words, const char *want, struct bpfl_error *err);

/* An error for what the kernel said about one element. Returns ret. */
int bpfl_map_elem_error(const struct bpfl_map *map, const char *what, int ret, struct bpfl_error *err);

/*
 * Flags with BPFL_MAP_CPU or BPFL_MAP_ALL_CPUS: whether they are; whether they and the size of the value are
 * right for the map; and the calls, which give 0 or a bare -errno.
 */
bool bpfl_map_is_of_cpu(uint64_t flags);
int bpfl_map_cpu_check(const struct bpfl_map *map, uint64_t flags, bool writes, size_t value_size,
		       struct bpfl_error *err);
int bpfl_map_cpu_lookup(const struct bpfl_map *map, const void *key, void *ret_value, uint64_t flags);
int bpfl_map_cpu_update(const struct bpfl_map *map, const void *key, const void *value, uint64_t flags);

/* The number of bytes that a lookup may write, at least: room for all that any kernel writes. */
void *bpfl_map_value_new(const struct bpfl_map *map);

#endif
