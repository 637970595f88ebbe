/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kern/map_walk.c: all elements of a map.
 *
 * Hashes and arrays are read in batches (Linux 5.6). A hash's cursor is a bucket, so deletions do not disturb
 * it. All others, and older kernels, are walked key by key. There the kernel looks for the key behind the one
 * that it is given, and when that has been deleted it begins again at the first. So the walk remembers what it
 * has shown: after such a return it goes over those again until a new key comes, and it gives up after a number
 * of steps that only a map in turmoil needs. The next key is asked for before the current element is shown,
 * because the caller may delete that.
 *
 * Writing many elements is one call where the kernel has it, else one for each.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "base/hash.h"
#include "base/text.h"
#include "kern/map_handle.h"
#include "sys/bpf.h"

#define ENOTSUPP_KERNEL 524
#define BATCH_BYTES (256u << 10)
#define BATCH_MAX_BYTES (64u << 20) /* a bucket larger than that is nobody's */
#define INTERRUPTIONS_MAX 8
#define CHUNK_KEYS 256

struct walk {
	const struct bpfl_map *map;
	bool takes;
	uint64_t flags; /* of each lookup */
	bpfl_map_each_fn fn;
	void *ctx;
};

static bool is_unknown_command(int ret)
{
	return ret == -EINVAL || ret == -EOPNOTSUPP || ret == -ENOTSUPP_KERNEL;
}

/* ---- batches ---- */

static bool has_batches(const struct bpfl_map *map)
{
	switch (map->type) {
	case BPFL_MAP_TYPE_HASH:
	case BPFL_MAP_TYPE_PERCPU_HASH:
	case BPFL_MAP_TYPE_LRU_HASH:
	case BPFL_MAP_TYPE_LRU_PERCPU_HASH:
	case BPFL_MAP_TYPE_ARRAY:
	case BPFL_MAP_TYPE_PERCPU_ARRAY:
		return true;
	default: /* others that have them walk by keys inside */
		return false;
	}
}

struct batch {
	uint32_t room; /* elements */
	uint8_t *keys, *values;
	uint8_t *cursor, *next_cursor;
};

static void batch_deinit(struct batch *batch)
{
	free(batch->keys);
	free(batch->values);
	free(batch->cursor);
	free(batch->next_cursor);
}

static int batch_resize(const struct bpfl_map *map, struct batch *batch, uint64_t room)
{
	size_t key_size = map->key_size, value_size = map->value_bytes;
	uint8_t *keys, *values;

	if (room * (key_size + value_size) > BATCH_MAX_BYTES && room > 1 && batch->room > 0)
		return -ENOSPC;
	keys = realloc(batch->keys, (size_t)room * key_size + 1);
	if (keys)
		batch->keys = keys;
	values = realloc(batch->values, (size_t)room * value_size + 1);
	if (values)
		batch->values = values;
	batch->room = keys && values ? (uint32_t)room : 0;
	return keys && values ? 0 : -ENOMEM;
}

static int batch_init(const struct bpfl_map *map, struct batch *batch)
{
	size_t elem_size = map->key_size + map->value_bytes;
	uint64_t room = BATCH_BYTES / (elem_size ? elem_size : 1) + 1;
	size_t cursor_size = map->key_size > 8 ? map->key_size : 8;

	if (room > map->max_entries && map->max_entries > 0)
		room = map->max_entries;
	batch->cursor = calloc(1, cursor_size);
	batch->next_cursor = calloc(1, cursor_size);
	if (!batch->cursor || !batch->next_cursor)
		return -ENOMEM;
	return batch_resize(map, batch, room);
}

static int batch_show(const struct walk *walk, const struct batch *batch, uint32_t nr)
{
	int ret = 0;

	for (uint32_t i = 0; i < nr && ret >= 0; i++)
		ret = walk->fn(walk->ctx, batch->keys + (size_t)i * walk->map->key_size,
			       batch->values + (size_t)i * walk->map->value_bytes);
	return ret;
}

/* One call. 0, -ENOENT at the end; attr.count says how many came. */
static int batch_read(const struct walk *walk, struct batch *batch, bool is_first, uint32_t *ret_nr)
{
	struct bpfl_attr_map_batch attr = {
		.in_batch = is_first ? 0 : BPFL_PTR(batch->cursor),
		.out_batch = BPFL_PTR(batch->next_cursor),
		.keys = BPFL_PTR(batch->keys),
		.values = BPFL_PTR(batch->values),
		.count = batch->room,
		.map_fd = (uint32_t)walk->map->fd,
		.elem_flags = walk->flags,
	};
	int ret = bpfl_sys_map_batch(walk->takes ? BPFL_CMD_MAP_LOOKUP_AND_DELETE_BATCH : BPFL_CMD_MAP_LOOKUP_BATCH,
				     &attr);

	*ret_nr = ret == 0 || ret == -ENOENT || ret == -EINTR ? attr.count : 0;
	if (*ret_nr > batch->room)
		*ret_nr = 0; /* a kernel that refused before it wrote the count */
	return ret;
}

/* 0; -EOPNOTSUPP: nothing was shown, walk by keys; -errno; what fn returned. */
static int walk_batches(const struct walk *walk)
{
	struct batch batch = { 0 };
	unsigned nr_interruptions = 0;
	bool is_first = true;
	int ret = batch_init(walk->map, &batch);

	while (ret == 0) {
		uint32_t nr = 0;
		uint8_t *cursor;
		int shown, result = batch_read(walk, &batch, is_first, &nr);

		if (result == -ENOSPC) { /* a bucket with more elements than there is room for */
			ret = batch_resize(walk->map, &batch, (uint64_t)batch.room * 2);
			if (ret < 0 && is_first)
				ret = -EOPNOTSUPP;
			continue;
		}
		if (result == -EINTR && nr == 0 && nr_interruptions++ < INTERRUPTIONS_MAX)
			continue;
		if (result < 0 && result != -ENOENT && !(result == -EINTR && nr > 0)) {
			ret = is_first ? -EOPNOTSUPP : result;
			break;
		}
		shown = batch_show(walk, &batch, nr);
		if (shown < 0 || result == -ENOENT || nr == 0) {
			ret = shown;
			break;
		}
		is_first = false;
		cursor = batch.cursor;
		batch.cursor = batch.next_cursor;
		batch.next_cursor = cursor;
	}
	batch_deinit(&batch);
	return ret;
}

/* ---- by keys ---- */

/* Keys that were shown: in chunks, because the hash borrows them. */
struct seen {
	struct bpfl_hash hash;
	BPFL_VEC(uint8_t *) chunks;
	size_t nr_in_chunk;
};

static void seen_deinit(struct seen *seen)
{
	bpfl_hash_deinit(&seen->hash);
	for (size_t i = 0; i < seen->chunks.nr; i++)
		free(seen->chunks.items[i]);
	free(seen->chunks.items);
}

/* 1: new; 0: seen before; -ENOMEM. */
static int seen_add(struct seen *seen, const uint8_t *key, size_t key_size)
{
	uint8_t *copy, **chunk;
	uint32_t ignored;
	int ret;

	if (bpfl_hash_get(&seen->hash, (const char *)key, key_size, &ignored) == 0)
		return 0;
	if (seen->chunks.nr == 0 || seen->nr_in_chunk == CHUNK_KEYS) {
		chunk = BPFL_VEC_PUSH(&seen->chunks);
		if (!chunk)
			return -ENOMEM;
		*chunk = malloc(CHUNK_KEYS * key_size);
		if (!*chunk)
			return -ENOMEM;
		seen->nr_in_chunk = 0;
	}
	copy = seen->chunks.items[seen->chunks.nr - 1] + seen->nr_in_chunk++ * key_size;
	memcpy(copy, key, key_size);
	ret = bpfl_hash_put(&seen->hash, (const char *)copy, key_size, 0);
	return ret < 0 ? ret : 1;
}

static int element_read(const struct walk *walk, const void *key, void *value)
{
	int ret = walk->takes ? bpfl_sys_map_lookup_and_delete(walk->map->fd, key, value, walk->flags) :
				bpfl_sys_map_lookup(walk->map->fd, key, value, walk->flags);

	if (walk->takes && is_unknown_command(ret)) {
		ret = bpfl_sys_map_lookup(walk->map->fd, key, value, walk->flags);
		if (ret == 0)
			ret = bpfl_sys_map_delete(walk->map->fd, key);
	}
	return ret;
}

/* 0; 1: given up; -errno; what fn returned. key and next: room for a key each. */
static int walk_keys(const struct walk *walk, uint8_t *key, uint8_t *next, uint8_t *value)
{
	const struct bpfl_map *map = walk->map;
	uint64_t steps_left = 4 * (uint64_t)map->max_entries + 64;
	struct seen seen = { 0 };
	int more = bpfl_sys_map_next_key(map->fd, NULL, key), ret = 0;

	while (more == 0 && ret == 0) {
		int is_new = seen_add(&seen, key, map->key_size);
		uint8_t *swap = key;

		if (is_new < 0) {
			ret = is_new;
			break;
		}
		if (steps_left-- == 0) {
			ret = 1;
			break;
		}
		more = bpfl_sys_map_next_key(map->fd, key, next);
		if (is_new) {
			ret = element_read(walk, key, value);
			if (ret == 0)
				ret = walk->fn(walk->ctx, key, value);
			else if (ret == -ENOENT) /* deleted since, or an empty slot */
				ret = 0;
			if (ret > 0)
				ret = 0;
		}
		key = next;
		next = swap;
	}
	seen_deinit(&seen);
	return ret == 0 && more != -ENOENT ? more : ret;
}

static int walk_next(const struct walk *walk, uint8_t *value)
{
	int ret = element_read(walk, NULL, value);

	if (ret == -ENOENT)
		return 0; /* empty */
	return ret < 0 ? ret : walk->fn(walk->ctx, NULL, value);
}

/* fn's own refusals must not be mistaken for the kernel's. */
struct watched {
	bpfl_map_each_fn fn;
	void *ctx;
	int stopped;
};

static int watch(void *ctx, const void *key, const void *value)
{
	struct watched *watched = ctx;
	int ret = watched->fn(watched->ctx, key, value);

	if (ret < 0)
		watched->stopped = ret;
	return ret;
}

int bpfl_map_each(const struct bpfl_map *map, unsigned flags, bpfl_map_each_fn fn, void *ctx, struct bpfl_error *err)
{
	struct watched watched = { fn, ctx, 0 };
	bool is_array = map->type == BPFL_MAP_TYPE_ARRAY || map->type == BPFL_MAP_TYPE_PERCPU_ARRAY;
	struct walk walk = { .map = map, .takes = flags & BPFL_EACH_TAKE, .flags = map->has_lock ? BPFL_MAP_LOCK : 0,
			     .fn = watch, .ctx = &watched };
	uint8_t *keys, *value;
	int ret = -EOPNOTSUPP;

	if (walk.takes && is_array)
		return bpfl_error_set(err, BPFL_ERR_USAGE, EINVAL,
				      "map '%s': the elements of an array cannot be taken out", BPFL_ESC(map->name));
	if (has_batches(map))
		ret = walk_batches(&walk);
	if (ret == -EOPNOTSUPP && watched.stopped == 0) {
		keys = calloc(2, (size_t)map->key_size + 1);
		value = bpfl_map_value_new(map);
		if (!keys || !value)
			ret = -ENOMEM;
		else if (map->key_size == 0)
			ret = walk_next(&walk, value);
		else
			ret = walk_keys(&walk, keys, keys + map->key_size, value);
		free(keys);
		free(value);
	}
	if (watched.stopped)
		return watched.stopped;
	if (ret == -ENOMEM)
		return bpfl_error_nomem(err);
	return ret < 0 ? bpfl_map_elem_error(map, "reading an element", ret, err) : ret;
}

/* ---- writing many ---- */

static int write_each(const struct bpfl_map *map, const uint8_t *keys, const uint8_t *values, size_t nr, uint64_t flags,
		      size_t *nr_done)
{
	bool is_of_cpu = bpfl_map_is_of_cpu(flags);

	for (size_t i = 0; i < nr; i++) {
		const uint8_t *key = map->key_size ? keys + i * map->key_size : NULL;
		int ret;

		if (!values)
			ret = bpfl_sys_map_delete(map->fd, key);
		else if (is_of_cpu)
			ret = bpfl_map_cpu_update(map, key, values + i * map->value_size, flags);
		else
			ret = bpfl_sys_map_update(map->fd, key, values + i * map->value_bytes, flags);
		if (ret < 0)
			return ret;
		*nr_done = i + 1;
	}
	return 0;
}

/* values NULL: delete. */
static int write_many(const struct bpfl_map *map, const void *keys, const void *values, size_t nr, uint64_t flags,
		      size_t *ret_nr, struct bpfl_error *err)
{
	struct bpfl_attr_map_batch attr = {
		.keys = BPFL_PTR(keys), .values = BPFL_PTR(values), .map_fd = (uint32_t)map->fd, .elem_flags = flags
	};
	size_t nr_done = 0;
	int ret = -EOPNOTSUPP;

	if (bpfl_map_is_of_cpu(flags)) {
		ret = bpfl_map_cpu_check(map, flags, true, map->value_size, err);
		if (ret < 0)
			return ret;
		ret = -EOPNOTSUPP;
	}
	/* New elements of one CPU are made one by one: kern/map_cpu.c says why. */
	if (map->key_size > 0 && nr > 0 && nr <= UINT32_MAX && !(flags & BPFL_MAP_CPU)) {
		attr.count = (uint32_t)nr;
		ret = bpfl_sys_map_batch(values ? BPFL_CMD_MAP_UPDATE_BATCH : BPFL_CMD_MAP_DELETE_BATCH, &attr);
		if (ret == 0 || (!is_unknown_command(ret) && attr.count < nr))
			nr_done = attr.count;
	}
	if (is_unknown_command(ret))
		ret = write_each(map, keys, values, nr, flags, &nr_done);
	if (ret_nr)
		*ret_nr = nr_done;
	if (ret < 0)
		bpfl_map_elem_error(map, values ? "writing an element" : "deleting an element", ret, err);
	return ret < 0 ? ret : 0;
}

int bpfl_map_update_batch(const struct bpfl_map *map, const void *keys, const void *values, size_t nr, uint64_t flags,
			  size_t *ret_nr, struct bpfl_error *err)
{
	return write_many(map, keys, values, nr, flags, ret_nr, err);
}

int bpfl_map_delete_batch(const struct bpfl_map *map, const void *keys, size_t nr, size_t *ret_nr,
			  struct bpfl_error *err)
{
	return write_many(map, keys, NULL, nr, 0, ret_nr, err);
}
