/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kern/map_cpu.c: the value of one CPU, and one value for all CPUs.
 *
 * Linux 7.0 has flags for that: BPF_F_CPU, with the CPU in the upper half of the flags, and BPF_F_ALL_CPUS; the
 * value is then that of one CPU, in its own size. Kernels and types of maps without them answer EINVAL; there
 * all values are read, changed and written back, and what a program writes on another CPU between the two calls
 * is lost. Writing all needs no reading.
 *
 * With BPF_F_CPU the kernel does not look at NOEXIST and EXIST, and which values a new element has on the other
 * CPUs is not said anywhere. So a hash is asked first whether the element is there, and a new one is written
 * whole. A full LRU hash makes room before it looks for the element, which may throw out that very one with the
 * other CPUs' values (seen on 7.3): these are always written whole.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "kern/map_handle.h"
#include "sys/bpf.h"

#define CPU_FLAGS (UINT64_C(0xffffffff00000000) | BPFL_MAP_CPU | BPFL_MAP_ALL_CPUS)

static unsigned cpu_of(uint64_t flags)
{
	return (unsigned)(flags >> 32);
}

bool bpfl_map_is_of_cpu(uint64_t flags)
{
	return flags & (BPFL_MAP_CPU | BPFL_MAP_ALL_CPUS);
}

int bpfl_map_cpu_check(const struct bpfl_map *map, uint64_t flags, bool writes, size_t value_size,
		       struct bpfl_error *err)
{
	const char *name = BPFL_ESC(map->name);
	bool is_one = flags & BPFL_MAP_CPU;

	if (map->nr_cpus == 0)
		return bpfl_error_set(err, BPFL_ERR_USAGE, ERANGE,
				      "map '%s' has one value for all CPUs, not one for each", name);
	if (is_one == !!(flags & BPFL_MAP_ALL_CPUS) || (!is_one && (!writes || cpu_of(flags) != 0)))
		return bpfl_error_set(err, BPFL_ERR_USAGE, EINVAL,
				      "map '%s': one CPU is read, and one or all are written", name);
	if (is_one && cpu_of(flags) >= map->nr_cpus)
		return bpfl_error_set(err, BPFL_ERR_USAGE, ERANGE, "map '%s' has no values of CPU %u, only of %u CPUs",
				      name, cpu_of(flags), map->nr_cpus);
	if (value_size != map->value_size)
		return bpfl_error_set(err, BPFL_ERR_USAGE, EINVAL, "map '%s': the value of a CPU has %u bytes, not %zu",
				      name, map->value_size, value_size);
	return 0;
}

int bpfl_map_cpu_lookup(const struct bpfl_map *map, const void *key, void *ret_value, uint64_t flags)
{
	int ret = bpfl_sys_map_lookup(map->fd, key, ret_value, flags);
	uint8_t *values;

	if (ret != -EINVAL)
		return ret;
	values = bpfl_map_value_new(map);
	if (!values)
		return -ENOMEM;
	ret = bpfl_sys_map_lookup(map->fd, key, values, flags & ~CPU_FLAGS);
	if (ret == 0)
		memcpy(ret_value, values + cpu_of(flags) * bpfl_map_cpu_stride(map), map->value_size);
	free(values);
	return ret;
}

/* All CPUs' values: those that are meant are new, the others as they are (keeps), or zero. */
static int write_whole(const struct bpfl_map *map, const void *key, const void *value, uint64_t flags, bool keeps)
{
	uint8_t *values = bpfl_map_value_new(map);
	size_t stride = bpfl_map_cpu_stride(map);
	unsigned first = flags & BPFL_MAP_CPU ? cpu_of(flags) : 0,
		 end = flags & BPFL_MAP_CPU ? first + 1 : map->nr_cpus;
	int ret = values ? 0 : -ENOMEM;

	if (ret == 0 && keeps)
		ret = bpfl_sys_map_lookup(map->fd, key, values, 0);
	if (ret == -ENOENT)
		ret = 0;
	for (unsigned cpu = first; ret == 0 && cpu < end; cpu++)
		memcpy(values + cpu * stride, value, map->value_size);
	if (ret == 0)
		ret = bpfl_sys_map_update(map->fd, key, values, flags & ~CPU_FLAGS);
	free(values);
	return ret;
}

/* Whether an element is there: 0, -ENOENT; -EINVAL: the flag is not to be used. */
static int is_there(const struct bpfl_map *map, const void *key, uint64_t flags)
{
	uint8_t *value;
	int ret;

	if (map->type == BPFL_MAP_TYPE_PERCPU_ARRAY)
		return 0;
	if (map->type != BPFL_MAP_TYPE_PERCPU_HASH)
		return -EINVAL;
	value = bpfl_map_value_new(map);
	if (!value)
		return -ENOMEM;
	ret = bpfl_sys_map_lookup(map->fd, key, value, flags & ~(uint64_t)(BPFL_MAP_NOEXIST | BPFL_MAP_EXIST));
	free(value);
	return ret;
}

int bpfl_map_cpu_update(const struct bpfl_map *map, const void *key, const void *value, uint64_t flags)
{
	uint64_t plain = flags & ~(uint64_t)(BPFL_MAP_NOEXIST | BPFL_MAP_EXIST);
	bool is_new = flags & BPFL_MAP_NOEXIST, is_old = flags & BPFL_MAP_EXIST;
	int ret;

	if (flags & BPFL_MAP_ALL_CPUS) {
		ret = bpfl_sys_map_update(map->fd, key, value, flags);
		return ret == -EINVAL ? write_whole(map, key, value, flags, false) : ret;
	}
	ret = is_there(map, key, flags);
	if (ret == -ENOENT && !is_old)
		ret = write_whole(map, key, value, flags | BPFL_MAP_NOEXIST, false);
	else if (ret == 0)
		ret = is_new ? -EEXIST : bpfl_sys_map_update(map->fd, key, value, plain);
	if (ret == -EEXIST && !is_new) /* somebody was faster */
		ret = bpfl_sys_map_update(map->fd, key, value, plain);
	return ret == -EINVAL ? write_whole(map, key, value, flags, true) : ret;
}
