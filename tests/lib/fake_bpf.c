/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fake_bpf: what bpf(2) does, as far as a loader can tell.
 *
 * Objects are counted references with an id; descriptors and pins point to them. It checks what the real kernel
 * would refuse early and a loader could get wrong (a map fd in an instruction that is no map, a missing
 * license, an element that does not exist), but it verifies no programs.
 */
#include "fake_bpf.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "sys/insn.h"

#define NR_OBJECTS 512
#define NR_PINS 64

/* Kernel constants that decide how a map behaves. */
enum { MAP_ARRAY = 2, MAP_PERCPU_HASH = 5, MAP_PERCPU_ARRAY = 6, MAP_LRU_PERCPU_HASH = 10, MAP_PERCPU_CGROUP = 21 };
enum { UPDATE_NOEXIST = 1, UPDATE_EXIST = 2 };

static struct fake_object objects[NR_OBJECTS];
static size_t nr_objects;
static struct fake_fd fds[FAKE_BPF_NR_FDS];
static struct {
	char path[256];
	struct fake_object *object;
} pins[NR_PINS];

static bool fake_cpu_flags;

void fake_sys_knows_cpu_flags(void)
{
	fake_cpu_flags = true;
}

void fake_bpf_reset(void)
{
	fake_cpu_flags = false;
	for (size_t i = 0; i < nr_objects; i++)
		free(objects[i].bytes);
	memset(objects, 0, sizeof(objects));
	memset(fds, 0, sizeof(fds));
	memset(pins, 0, sizeof(pins));
	nr_objects = 0;
}

/* ---- descriptors and objects ---- */

int fake_bpf_fd_new(struct fake_object *object)
{
	for (int i = 0; i < FAKE_BPF_NR_FDS; i++) {
		if (fds[i].open)
			continue;
		memset(&fds[i], 0, sizeof(fds[i]));
		fds[i].open = true;
		fds[i].object = object;
		if (object)
			object->nr_refs++;
		return FAKE_SYS_FIRST_FD + i;
	}
	return -EMFILE;
}

struct fake_fd *fake_bpf_fd(int fd)
{
	int i = fd - FAKE_SYS_FIRST_FD;

	return i >= 0 && i < FAKE_BPF_NR_FDS && fds[i].open ? &fds[i] : NULL;
}

void fake_bpf_fd_close(struct fake_fd *fd)
{
	if (fd->object)
		fd->object->nr_refs--;
	fd->open = false;
}

unsigned fake_bpf_nr_open(void)
{
	unsigned nr = 0;

	for (int i = 0; i < FAKE_BPF_NR_FDS; i++)
		nr += fds[i].open;
	return nr;
}

static struct fake_object *object_of(int fd, int kind)
{
	struct fake_fd *entry = fake_bpf_fd(fd);

	return entry && entry->object && (int)entry->object->kind == kind ? entry->object : NULL;
}

const struct fake_object *fake_sys_object(int fd)
{
	struct fake_fd *entry = fake_bpf_fd(fd);

	return entry ? entry->object : NULL;
}

const struct fake_object *fake_sys_created(int kind, size_t nth)
{
	for (size_t i = 0; i < nr_objects; i++) {
		if ((int)objects[i].kind == kind && nth-- == 0)
			return &objects[i];
	}
	return NULL;
}

/* Makes an object and its first descriptor. Ids count from 1 over all kinds. */
static int object_new(int kind, const void *attr, size_t attr_size, struct fake_object **ret)
{
	struct fake_object *object = &objects[nr_objects];
	int fd;

	if (nr_objects == NR_OBJECTS)
		abort();
	memset(object, 0, sizeof(*object));
	object->kind = (__typeof__(object->kind))kind;
	object->id = (uint32_t)nr_objects + 1;
	memcpy(object->attr, attr, attr_size);
	fd = fake_bpf_fd_new(object);
	if (fd >= 0) {
		nr_objects++;
		*ret = object;
	}
	return fd;
}

static void object_keep(struct fake_object *object, const void *bytes, size_t size)
{
	object->bytes = malloc(size ? size : 1);
	if (!object->bytes)
		abort();
	memcpy(object->bytes, bytes, size);
	object->nr_bytes = size;
}

static const void *pointer(uint64_t value)
{
	return (const void *)(uintptr_t)value;
}

/* ---- maps ---- */

static const struct bpfl_attr_map_create *map_attr(const struct fake_object *map)
{
	return (const void *)map->attr;
}

static size_t map_value_size(const struct fake_object *map)
{
	const struct bpfl_attr_map_create *attr = map_attr(map);

	switch (attr->map_type) {
	case MAP_PERCPU_HASH:
	case MAP_PERCPU_ARRAY:
	case MAP_LRU_PERCPU_HASH:
	case MAP_PERCPU_CGROUP:
		return ((size_t)attr->value_size + 7) / 8 * 8 * FAKE_SYS_NR_CPUS;
	default:
		return attr->value_size;
	}
}

static bool map_is_array(const struct fake_object *map)
{
	uint32_t type = map_attr(map)->map_type;

	return type == MAP_ARRAY || type == MAP_PERCPU_ARRAY;
}

/* The stored key, its value behind it; NULL when there is none. */
static uint8_t *map_find(const struct fake_object *map, const void *key)
{
	size_t key_size = map_attr(map)->key_size, size = key_size + map_value_size(map);

	for (size_t i = 0; i < map->nr_elems; i++) {
		uint8_t *elem = (uint8_t *)map->bytes + i * size;

		if (memcmp(elem, key, key_size) == 0)
			return elem;
	}
	return NULL;
}

static bool map_key_valid(const struct fake_object *map, const void *key)
{
	uint32_t index;

	if (!map_is_array(map))
		return true;
	memcpy(&index, key, sizeof(index));
	return index < map_attr(map)->max_entries;
}

static int map_create(void *attr_bytes)
{
	const struct bpfl_attr_map_create *attr = attr_bytes;
	struct fake_object *map;

	if (attr->map_type == 0)
		return -EINVAL;
	if ((attr->map_type == MAP_ARRAY || attr->map_type == MAP_PERCPU_ARRAY) && attr->key_size != 4)
		return -EINVAL;
	if (attr->btf_fd && !object_of((int)attr->btf_fd, FAKE_BTF))
		return -EBADF;
	if (attr->inner_map_fd && !object_of((int)attr->inner_map_fd, FAKE_MAP))
		return -EBADF;
	return object_new(FAKE_MAP, attr, sizeof(*attr), &map);
}

#define F_CPU 8u
#define F_ALL_CPUS 16u

/* Where in an element's values a call with these flags works, and how many bytes it moves. -EINVAL: not known. */
static int map_cpu_place(const struct fake_object *map, uint64_t flags, size_t *ret_off, size_t *ret_size)
{
	size_t stride = map_value_size(map) / FAKE_SYS_NR_CPUS;
	bool is_per_cpu = map_attr(map)->map_type != MAP_PERCPU_CGROUP &&
			  map_value_size(map) != map_attr(map)->value_size;

	*ret_off = 0;
	*ret_size = map_value_size(map);
	if (!(flags & (F_CPU | F_ALL_CPUS)))
		return flags >> 32 ? -EINVAL : 0;
	if (!fake_cpu_flags || !is_per_cpu || (flags & F_CPU && flags & F_ALL_CPUS))
		return -EINVAL;
	if (flags >> 32 >= FAKE_SYS_NR_CPUS)
		return -ERANGE;
	*ret_off = (flags >> 32) * stride;
	*ret_size = map_attr(map)->value_size;
	return 0;
}

static int map_lookup(void *attr_bytes)
{
	const struct bpfl_attr_map_elem *attr = attr_bytes;
	struct fake_object *map = object_of((int)attr->map_fd, FAKE_MAP);
	const void *key = pointer(attr->key);
	void *value = (void *)(uintptr_t)attr->value;
	size_t off, size;
	uint8_t *elem;
	int ret;

	if (!map)
		return -EBADF;
	ret = map_cpu_place(map, attr->flags, &off, &size);
	if (ret < 0 || attr->flags & F_ALL_CPUS)
		return ret < 0 ? ret : -EINVAL;
	elem = map_find(map, key);
	if (elem)
		memcpy(value, elem + map_attr(map)->key_size + off, size);
	else if (map_is_array(map) && map_key_valid(map, key))
		memset(value, 0, size);
	else
		return -ENOENT;
	return 0;
}

static int map_update(void *attr_bytes)
{
	const struct bpfl_attr_map_elem *attr = attr_bytes;
	struct fake_object *map = object_of((int)attr->map_fd, FAKE_MAP);
	const void *key = pointer(attr->key);
	/* Beside the flag for one CPU these two mean nothing, beside that for all they are refused. */
	uint64_t exists = attr->flags & F_CPU ? 0 : attr->flags & (UPDATE_NOEXIST | UPDATE_EXIST);
	size_t key_size, value_size, off, size;
	uint8_t *elem;
	int ret;

	if (!map)
		return -EBADF;
	ret = map_cpu_place(map, attr->flags, &off, &size);
	if (ret < 0 || (exists && attr->flags & F_ALL_CPUS))
		return ret < 0 ? ret : -EINVAL;
	if (map->frozen)
		return -EPERM;
	key_size = map_attr(map)->key_size;
	value_size = map_value_size(map);
	elem = map_find(map, key);
	if (!map_key_valid(map, key) || (!elem && map->nr_elems == map_attr(map)->max_entries))
		return -E2BIG;
	if (exists == UPDATE_NOEXIST && (elem || map_is_array(map)))
		return -EEXIST;
	if (exists == UPDATE_EXIST && !elem && !map_is_array(map))
		return -ENOENT;
	if (!elem) {
		map->bytes = realloc(map->bytes, map->nr_bytes + key_size + value_size + 1);
		if (!map->bytes)
			abort();
		elem = (uint8_t *)map->bytes + map->nr_bytes;
		if (key_size)
			memcpy(elem, key, key_size);
		/* Nobody promises zeroes. */
		memset(elem + key_size, map_is_array(map) ? 0 : 0xaa, value_size);
		map->nr_bytes += key_size + value_size;
		map->nr_elems++;
	}
	for (unsigned cpu = 0; cpu < FAKE_SYS_NR_CPUS && attr->flags & F_ALL_CPUS; cpu++)
		memcpy(elem + key_size + cpu * value_size / FAKE_SYS_NR_CPUS, pointer(attr->value), size);
	if (!(attr->flags & F_ALL_CPUS))
		memcpy(elem + key_size + off, pointer(attr->value), size);
	return 0;
}

static int map_delete(void *attr_bytes)
{
	const struct bpfl_attr_map_elem *attr = attr_bytes;
	struct fake_object *map = object_of((int)attr->map_fd, FAKE_MAP);
	size_t size;
	uint8_t *elem, *end;

	if (!map)
		return -EBADF;
	if (map_is_array(map))
		return -EINVAL;
	elem = map_find(map, pointer(attr->key));
	if (!elem)
		return -ENOENT;
	size = map_attr(map)->key_size + map_value_size(map);
	end = (uint8_t *)map->bytes + map->nr_bytes;
	memmove(elem, elem + size, (size_t)(end - elem) - size);
	map->nr_bytes -= size;
	map->nr_elems--;
	return 0;
}

static int map_next_key(void *attr_bytes)
{
	const struct bpfl_attr_map_elem *attr = attr_bytes;
	struct fake_object *map = object_of((int)attr->map_fd, FAKE_MAP);
	const void *key = pointer(attr->key);
	void *next_key = (void *)(uintptr_t)attr->value;
	const uint8_t *next;
	size_t key_size, size;

	if (!map)
		return -EBADF;
	key_size = map_attr(map)->key_size;
	size = key_size + map_value_size(map);
	if (map_is_array(map)) {
		uint32_t index = 0;

		if (key) {
			memcpy(&index, key, sizeof(index));
			index = index < map_attr(map)->max_entries ? index + 1 : 0;
		}
		if (index >= map_attr(map)->max_entries)
			return -ENOENT;
		memcpy(next_key, &index, sizeof(index));
		return 0;
	}
	next = key ? map_find(map, key) : NULL;
	next = next ? next + size : map->bytes;
	if (!next || next == (uint8_t *)map->bytes + map->nr_bytes)
		return -ENOENT;
	memcpy(next_key, next, key_size);
	return 0;
}

static int map_lookup_and_delete(void *attr_bytes)
{
	struct bpfl_attr_map_elem *attr = attr_bytes;
	struct fake_object *map = object_of((int)attr->map_fd, FAKE_MAP);
	int ret;

	if (!map)
		return -EBADF;
	if (map_is_array(map))
		return -EOPNOTSUPP;
	ret = map_lookup(attr_bytes);
	return ret < 0 ? ret : map_delete(attr_bytes);
}

/* ---- batches ---- */

/* A cursor is the number of elements before it. */
static int batch_lookup(struct bpfl_attr_map_batch *attr, bool deletes)
{
	struct fake_object *map = object_of((int)attr->map_fd, FAKE_MAP);
	uint32_t at = 0, nr, done = 0;
	size_t key_size, value_size;

	if (!map)
		return -EBADF;
	key_size = map_attr(map)->key_size;
	value_size = map_value_size(map);
	nr = map_is_array(map) ? map_attr(map)->max_entries : (uint32_t)map->nr_elems;
	if (attr->in_batch)
		memcpy(&at, pointer(attr->in_batch), sizeof(at));
	for (; at < nr && done < attr->count; at++, done++) {
		uint8_t *key = (uint8_t *)(uintptr_t)attr->keys + done * key_size;
		struct bpfl_attr_map_elem elem = { .map_fd = attr->map_fd, .key = BPFL_PTR(key),
						   .value = attr->values + done * value_size };

		if (map_is_array(map))
			memcpy(key, &at, sizeof(at));
		else
			memcpy(key, (uint8_t *)map->bytes + at * (key_size + value_size), key_size);
		map_lookup(&elem);
		if (deletes) {
			map_delete(&elem);
			at--; /* the next has taken its place */
			nr--;
		}
	}
	attr->count = done;
	memcpy((void *)(uintptr_t)attr->out_batch, &at, sizeof(at));
	return at < nr ? 0 : -ENOENT;
}

static int map_lookup_batch(void *attr)
{
	return batch_lookup(attr, false);
}

static int map_lookup_and_delete_batch(void *attr)
{
	return batch_lookup(attr, true);
}

static int batch_write(struct bpfl_attr_map_batch *attr, int (*one)(void *attr))
{
	struct fake_object *map = object_of((int)attr->map_fd, FAKE_MAP);
	uint32_t done = 0;
	int ret = 0;

	if (!map)
		return -EBADF;
	if (attr->elem_flags) /* only BPF_F_LOCK is taken */
		return -EINVAL;
	for (; done < attr->count && ret == 0; done += ret == 0) {
		struct bpfl_attr_map_elem elem = { .map_fd = attr->map_fd,
						   .key = attr->keys + done * map_attr(map)->key_size,
						   .value = attr->values + done * map_value_size(map) };

		ret = one(&elem);
	}
	attr->count = done;
	return ret;
}

static int map_update_batch(void *attr)
{
	return batch_write(attr, map_update);
}

static int map_delete_batch(void *attr)
{
	return batch_write(attr, map_delete);
}

static int map_freeze(void *attr_bytes)
{
	struct fake_object *map = object_of((int)((struct bpfl_attr_map_elem *)attr_bytes)->map_fd, FAKE_MAP);

	if (!map)
		return -EBADF;
	if (map->frozen)
		return -EBUSY;
	map->frozen = true;
	return 0;
}

/* ---- programs, BTF, links ---- */

/* What the kernel does before it verifies: every map in an instruction must be a map. */
static int check_map_fds(const struct bpfl_attr_prog_load *attr)
{
	const struct bpfl_insn *insns = pointer(attr->insns);
	const int32_t *fd_array = pointer(attr->fd_array);

	for (uint32_t i = 0; i < attr->insn_cnt; i++) {
		unsigned src = bpfl_insn_src(&insns[i]);
		int32_t map_fd = insns[i].imm;

		if (!bpfl_insn_is_ld_imm64(&insns[i]))
			continue;
		if (++i == attr->insn_cnt)
			return -EINVAL;
		if (src == BPFL_PSEUDO_MAP_IDX || src == BPFL_PSEUDO_MAP_IDX_VALUE)
			map_fd = fd_array ? fd_array[map_fd] : -1;
		else if (src != BPFL_PSEUDO_MAP_FD && src != BPFL_PSEUDO_MAP_VALUE)
			continue;
		if (!object_of(map_fd, FAKE_MAP))
			return -EBADF;
	}
	return 0;
}

static int prog_load(void *attr_bytes)
{
	struct bpfl_attr_prog_load *attr = attr_bytes;
	struct fake_object *prog;
	int ret;

	if (attr->insn_cnt == 0)
		return -E2BIG;
	if (!attr->insns || !attr->license)
		return -EFAULT;
	if (attr->prog_btf_fd && !object_of((int)attr->prog_btf_fd, FAKE_BTF))
		return -EBADF;
	ret = check_map_fds(attr);
	if (ret < 0)
		return ret;
	if (attr->log_level && attr->log_buf && attr->log_size) {
		int size = snprintf((char *)(uintptr_t)attr->log_buf, attr->log_size,
				    "processed %u insns\n", attr->insn_cnt);

		attr->log_true_size = (uint32_t)size + 1;
	}
	ret = object_new(FAKE_PROG, attr, sizeof(*attr), &prog);
	if (ret >= 0)
		object_keep(prog, pointer(attr->insns), (size_t)attr->insn_cnt * BPFL_INSN_SIZE);
	return ret;
}

static int btf_load(void *attr_bytes)
{
	const struct bpfl_attr_btf_load *attr = attr_bytes;
	struct fake_object *btf;
	int fd;

	if (!attr->btf || attr->btf_size < 24)
		return -EINVAL;
	fd = object_new(FAKE_BTF, attr, sizeof(*attr), &btf);
	if (fd >= 0)
		object_keep(btf, pointer(attr->btf), attr->btf_size);
	return fd;
}

static int link_create(void *attr_bytes)
{
	const struct bpfl_attr_link_create *attr = attr_bytes;
	struct fake_object *link;

	if (!object_of((int)attr->prog_fd, FAKE_PROG))
		return -EBADF;
	return object_new(FAKE_LINK, attr, sizeof(*attr), &link);
}

static int raw_tracepoint_open(void *attr_bytes)
{
	const struct bpfl_attr_raw_tracepoint *attr = attr_bytes;
	struct fake_object *link;

	if (!object_of((int)attr->prog_fd, FAKE_PROG))
		return -EBADF;
	return object_new(FAKE_LINK, attr, sizeof(*attr), &link);
}

static int link_only(void *attr_bytes)
{
	const struct bpfl_attr_link_fd *attr = attr_bytes;

	return object_of((int)attr->link_fd, FAKE_LINK) ? 0 : -EBADF;
}

/* Keeps the new program's descriptor in the attribute that the link was made with. */
static int link_update(void *attr_bytes)
{
	const struct bpfl_attr_link_update *attr = attr_bytes;
	struct fake_object *link = object_of((int)attr->link_fd, FAKE_LINK),
			   *prog = object_of((int)attr->new_prog_fd, FAKE_PROG);
	struct bpfl_attr_link_create *made = link ? (void *)link->attr : NULL;

	if (!link || !prog)
		return -EBADF;
	if (attr->old_prog_fd &&
	    object_of((int)attr->old_prog_fd, FAKE_PROG) != object_of((int)made->prog_fd, FAKE_PROG))
		return -EPERM;
	made->prog_fd = attr->new_prog_fd;
	return 0;
}

static int iter_create(void *attr_bytes)
{
	int ret = link_only(attr_bytes);

	return ret < 0 ? ret : fake_bpf_fd_new(NULL);
}

static int nothing(void *attr_bytes)
{
	(void)attr_bytes;
	return 0;
}

/* ---- pins, ids, infos ---- */

static int obj_pin(void *attr_bytes)
{
	const struct bpfl_attr_obj_path *attr = attr_bytes;
	struct fake_fd *fd = fake_bpf_fd((int)attr->fd);
	const char *path = pointer(attr->path);
	int free_slot = -1;

	if (!fd || !fd->object)
		return -EBADF;
	for (int i = 0; i < NR_PINS; i++) {
		if (!pins[i].object)
			free_slot = i;
		else if (strcmp(pins[i].path, path) == 0)
			return -EEXIST;
	}
	if (free_slot < 0)
		return -ENOSPC;
	snprintf(pins[free_slot].path, sizeof(pins[0].path), "%s", path);
	pins[free_slot].object = fd->object;
	fd->object->nr_refs++;
	return 0;
}

int fake_bpf_unpin(const char *path)
{
	for (int i = 0; i < NR_PINS; i++) {
		if (pins[i].object && strcmp(pins[i].path, path) == 0) {
			pins[i].object->nr_refs--;
			pins[i].object = NULL;
			return 0;
		}
	}
	return -ENOENT;
}

static int obj_get(void *attr_bytes)
{
	const struct bpfl_attr_obj_path *attr = attr_bytes;

	for (int i = 0; i < NR_PINS; i++) {
		if (pins[i].object && strcmp(pins[i].path, pointer(attr->path)) == 0)
			return fake_bpf_fd_new(pins[i].object);
	}
	return -ENOENT;
}

/* Only what is alive has an id that can be found. */
static int fd_by_id(void *attr_bytes, int kind)
{
	const struct bpfl_attr_id *attr = attr_bytes;

	for (size_t i = 0; i < nr_objects; i++) {
		if (objects[i].id == attr->id && (int)objects[i].kind == kind && objects[i].nr_refs)
			return fake_bpf_fd_new(&objects[i]);
	}
	return -ENOENT;
}

static int next_id(void *attr_bytes, int kind)
{
	struct bpfl_attr_id *attr = attr_bytes;

	for (size_t i = 0; i < nr_objects; i++) {
		if (objects[i].id > attr->id && (int)objects[i].kind == kind && objects[i].nr_refs) {
			attr->next_id = objects[i].id;
			return 0;
		}
	}
	return -ENOENT;
}

/* struct bpf_btf_info and the common head of struct bpf_link_info. */
struct btf_info {
	uint64_t btf;
	uint32_t btf_size;
	uint32_t id;
};
struct link_info {
	uint32_t type;
	uint32_t id;
	uint32_t prog_id;
};

static size_t info_of_map(const struct fake_object *map, struct bpfl_map_info *info)
{
	const struct bpfl_attr_map_create *attr = map_attr(map);
	const struct fake_object *btf = object_of((int)attr->btf_fd, FAKE_BTF);

	info->type = attr->map_type;
	info->id = map->id;
	info->key_size = attr->key_size;
	info->value_size = attr->value_size;
	info->max_entries = attr->max_entries;
	info->map_flags = attr->map_flags;
	memcpy(info->name, attr->map_name, sizeof(info->name));
	info->ifindex = attr->map_ifindex;
	info->btf_id = btf ? btf->id : 0;
	info->btf_key_type_id = attr->btf_key_type_id;
	info->btf_value_type_id = attr->btf_value_type_id;
	info->map_extra = attr->map_extra;
	return sizeof(*info);
}

static size_t info_of_prog(const struct fake_object *prog, struct bpfl_prog_info *info)
{
	const struct bpfl_attr_prog_load *attr = (const void *)prog->attr;

	info->type = attr->prog_type;
	info->id = prog->id;
	info->xlated_prog_len = (uint32_t)prog->nr_bytes;
	memcpy(info->name, attr->prog_name, sizeof(info->name));
	info->gpl_compatible = 1;
	info->nr_func_info = attr->func_info_cnt;
	info->nr_line_info = attr->line_info_cnt;
	info->verified_insns = attr->insn_cnt;
	return sizeof(*info);
}

static int obj_info(void *attr_bytes)
{
	struct bpfl_attr_info *attr = attr_bytes;
	struct fake_fd *fd = fake_bpf_fd((int)attr->fd);
	void *out = (void *)(uintptr_t)attr->info;
	union {
		struct bpfl_map_info map;
		struct bpfl_prog_info prog;
		struct btf_info btf;
		struct link_info link;
	} info;
	size_t size = 0;

	if (!fd || !fd->object)
		return -EBADF;
	memset(&info, 0, sizeof(info));
	if (fd->object->kind == FAKE_MAP) {
		size = info_of_map(fd->object, &info.map);
	} else if (fd->object->kind == FAKE_PROG) {
		size = info_of_prog(fd->object, &info.prog);
	} else if (fd->object->kind == FAKE_BTF) {
		const struct btf_info *asked = out;
		size_t room = attr->info_size >= sizeof(*asked) && asked->btf ? asked->btf_size : 0;

		if (room)
			memcpy((void *)(uintptr_t)asked->btf, fd->object->bytes,
			       room < fd->object->nr_bytes ? room : fd->object->nr_bytes);
		info.btf.btf = asked->btf;
		info.btf.btf_size = (uint32_t)fd->object->nr_bytes;
		info.btf.id = fd->object->id;
		size = sizeof(info.btf);
	} else if (fd->object->kind == FAKE_LINK) {
		info.link.id = fd->object->id;
		size = sizeof(info.link);
	}
	if (attr->info_size > size)
		attr->info_size = (uint32_t)size;
	memcpy(out, &info, attr->info_size);
	return 0;
}

/* One row per command; kind is for the commands that exist once per kind of object. */
static const struct {
	int (*plain)(void *attr);
	int (*of_kind)(void *attr, int kind);
	int kind;
} commands[] = {
	[BPFL_CMD_MAP_CREATE] = { .plain = map_create },
	[BPFL_CMD_MAP_LOOKUP_ELEM] = { .plain = map_lookup },
	[BPFL_CMD_MAP_UPDATE_ELEM] = { .plain = map_update },
	[BPFL_CMD_MAP_DELETE_ELEM] = { .plain = map_delete },
	[BPFL_CMD_MAP_GET_NEXT_KEY] = { .plain = map_next_key },
	[BPFL_CMD_MAP_FREEZE] = { .plain = map_freeze },
	[BPFL_CMD_MAP_LOOKUP_AND_DELETE_ELEM] = { .plain = map_lookup_and_delete },
	[BPFL_CMD_MAP_LOOKUP_BATCH] = { .plain = map_lookup_batch },
	[BPFL_CMD_MAP_LOOKUP_AND_DELETE_BATCH] = { .plain = map_lookup_and_delete_batch },
	[BPFL_CMD_MAP_UPDATE_BATCH] = { .plain = map_update_batch },
	[BPFL_CMD_MAP_DELETE_BATCH] = { .plain = map_delete_batch },
	[BPFL_CMD_PROG_LOAD] = { .plain = prog_load },
	[BPFL_CMD_BTF_LOAD] = { .plain = btf_load },
	[BPFL_CMD_OBJ_PIN] = { .plain = obj_pin },
	[BPFL_CMD_OBJ_GET] = { .plain = obj_get },
	[BPFL_CMD_OBJ_GET_INFO_BY_FD] = { .plain = obj_info },
	[BPFL_CMD_RAW_TRACEPOINT_OPEN] = { .plain = raw_tracepoint_open },
	[BPFL_CMD_LINK_CREATE] = { .plain = link_create },
	[BPFL_CMD_LINK_DETACH] = { .plain = link_only },
	[BPFL_CMD_LINK_UPDATE] = { .plain = link_update },
	[BPFL_CMD_ITER_CREATE] = { .plain = iter_create },
	[BPFL_CMD_PROG_ATTACH] = { .plain = nothing },
	[BPFL_CMD_PROG_DETACH] = { .plain = nothing },
	[BPFL_CMD_PROG_BIND_MAP] = { .plain = nothing },
	[BPFL_CMD_MAP_GET_NEXT_ID] = { .of_kind = next_id, .kind = FAKE_MAP },
	[BPFL_CMD_PROG_GET_NEXT_ID] = { .of_kind = next_id, .kind = FAKE_PROG },
	[BPFL_CMD_BTF_GET_NEXT_ID] = { .of_kind = next_id, .kind = FAKE_BTF },
	[BPFL_CMD_LINK_GET_NEXT_ID] = { .of_kind = next_id, .kind = FAKE_LINK },
	[BPFL_CMD_MAP_GET_FD_BY_ID] = { .of_kind = fd_by_id, .kind = FAKE_MAP },
	[BPFL_CMD_PROG_GET_FD_BY_ID] = { .of_kind = fd_by_id, .kind = FAKE_PROG },
	[BPFL_CMD_BTF_GET_FD_BY_ID] = { .of_kind = fd_by_id, .kind = FAKE_BTF },
	[BPFL_CMD_LINK_GET_FD_BY_ID] = { .of_kind = fd_by_id, .kind = FAKE_LINK },
};

int fake_bpf_command(int cmd, void *attr)
{
	if (cmd < 0 || (size_t)cmd >= sizeof(commands) / sizeof(commands[0]))
		return -EINVAL;
	if (commands[cmd].plain)
		return commands[cmd].plain(attr);
	if (commands[cmd].of_kind)
		return commands[cmd].of_kind(attr, commands[cmd].kind);
	return -EINVAL; /* what a kernel says to a command that it does not know */
}
