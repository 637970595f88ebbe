/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kern/map_create.c: a new map without an object, with types in words.
 *
 * Both types go into one BTF (the value's declaration is read on top of the key's), which is loaded and then
 * belongs to the map: others that open it find them. A kernel that takes no BTF makes the map without.
 */
#include <errno.h>
#include <string.h>
#include "base/text.h"
#include "btf/cdecl.h"
#include "image/target.h"
#include "kern/map_handle.h"
#include "sys/bpf.h"
#include "sys/enter.h"
#include "sys/facts.h"

static int type_read(const char *what, const char *words, struct bpfl_btf **btf, uint32_t *ret_type_id, uint32_t *size,
		     struct bpfl_error *err)
{
	struct bpfl_btf *more = NULL;
	uint32_t type_size = 0;
	int ret;

	if (!words)
		return 0;
	ret = bpfl_cdecl_read(*btf, words, &more, ret_type_id, err);
	if (ret < 0) {
		bpfl_error_prefix(err, "type of the %s", what);
		return ret;
	}
	bpfl_btf_destroy(*btf);
	*btf = more;
	if (bpfl_btf_size(more, *ret_type_id, &type_size) < 0 || type_size == 0)
		return bpfl_error_set(err, BPFL_ERR_USAGE, EINVAL, "type of the %s: '%s' has no size", what,
				      BPFL_ESC(words));
	if (*size && *size != type_size)
		return bpfl_error_set(err, BPFL_ERR_USAGE, EINVAL, "type of the %s: '%s' has %u bytes, not %u", what,
				      BPFL_ESC(words), type_size, *size);
	*size = type_size;
	return 0;
}

/* > 0: a descriptor of the types; 0: none, the map is made without. */
static int types_load(const struct bpfl_btf *btf)
{
	struct bpfl_attr_btf_load attr = { 0 };
	size_t size = 0;
	int fd;

	if (!btf)
		return 0;
	attr.btf = BPFL_PTR(bpfl_btf_bytes(btf, &size));
	attr.btf_size = (uint32_t)size;
	fd = bpfl_sys_btf_load(&attr);
	return fd < 0 ? 0 : fd;
}

/* The numbers that the kernel answers with a bare EINVAL. */
static void numbers_explain(const struct bpfl_attr_map_create *attr, struct bpfl_error *err)
{
	uint32_t type = attr->map_type;
	size_t page = bpfl_facts_page_size();
	bool is_ring = type == BPFL_MAP_TYPE_RINGBUF || type == BPFL_MAP_TYPE_USER_RINGBUF;
	bool is_storage = type == BPFL_MAP_TYPE_SK_STORAGE || type == BPFL_MAP_TYPE_INODE_STORAGE ||
			  type == BPFL_MAP_TYPE_TASK_STORAGE || type == BPFL_MAP_TYPE_CGRP_STORAGE ||
			  type == BPFL_MAP_TYPE_CGROUP_STORAGE || type == BPFL_MAP_TYPE_PERCPU_CGROUP_STORAGE;
	bool is_array = type == BPFL_MAP_TYPE_ARRAY || type == BPFL_MAP_TYPE_PERCPU_ARRAY ||
			type == BPFL_MAP_TYPE_PROG_ARRAY || type == BPFL_MAP_TYPE_ARRAY_OF_MAPS;

	if (attr->max_entries == 0 && !is_storage)
		bpfl_error_fix(err, "say how many elements it has room for: max_entries is 0 (--max-entries N)");
	else if (is_ring && (attr->max_entries & (attr->max_entries - 1) || attr->max_entries % page))
		bpfl_error_fix(err,
			       "the size of a ring buffer must be a power of two and a multiple of the page size (%zu)",
			       page);
	else if (is_array && attr->key_size != 4)
		bpfl_error_fix(err, "the key of an array must have 4 bytes");
}

static int create_refused(const struct bpfl_attr_map_create *attr, int ret, struct bpfl_error *err)
{
	const char *type_name = bpfl_map_type_name(attr->map_type);
	struct bpfl_target *target = NULL;

	bpfl_error_set(err, BPFL_ERR_SYSTEM, -ret, "creating a map of type %s: %s", type_name ? type_name : "?",
		       bpfl_errno_text(-ret));
	bpfl_error_why(err, "key_size %u, value_size %u, max_entries %u, flags 0x%x", attr->key_size, attr->value_size,
		       attr->max_entries, attr->map_flags);
	if (bpfl_target_running(NULL, &target, NULL) == 0)
		bpfl_diagnose_refusal(err, BPFL_WANTED_MAP, attr->map_type, -ret, target);
	bpfl_target_destroy(target);
	if (ret == -EINVAL)
		numbers_explain(attr, err);
	return ret;
}

/* Before 5.11 maps counted as locked memory, of which a process may have little. */
static int create_within_limits(const struct bpfl_attr_map_create *attr)
{
	int fd = bpfl_sys_map_create(attr);

	if (fd == -EPERM && bpfl_facts_kernel_version() < BPFL_KERNEL_VERSION(5, 11, 0) &&
	    bpfl_enter_raise_memlock() == 0)
		fd = bpfl_sys_map_create(attr);
	return fd;
}

static int create(const struct bpfl_attr_map_create *attr, struct bpfl_map **ret_map, struct bpfl_error *err)
{
	struct bpfl_attr_map_create plain = *attr;
	int fd = create_within_limits(attr);

	/* Some types of maps take no BTF. */
	if (fd < 0 && attr->btf_fd) {
		plain.btf_fd = plain.btf_key_type_id = plain.btf_value_type_id = 0;
		fd = create_within_limits(&plain);
	}
	if (fd == -E2BIG && attr->map_name[0]) { /* names: Linux 4.15 */
		memset(plain.map_name, 0, sizeof(plain.map_name));
		fd = create_within_limits(&plain);
	}
	if (fd < 0)
		return create_refused(attr, fd, err);
	return bpfl_map_adopt(fd, ret_map, err);
}

/* What can be no other way, and the kernel wants to hear said. */
static uint32_t flags_needed(uint32_t type)
{
	switch (type) {
	case BPFL_MAP_TYPE_LPM_TRIE:
	case BPFL_MAP_TYPE_SK_STORAGE:
	case BPFL_MAP_TYPE_INODE_STORAGE:
	case BPFL_MAP_TYPE_TASK_STORAGE:
	case BPFL_MAP_TYPE_CGRP_STORAGE:
		return BPFL_F_NO_PREALLOC;
	case BPFL_MAP_TYPE_ARENA:
		return BPFL_F_MMAPABLE;
	default:
		return 0;
	}
}

int bpfl_map_create(const struct bpfl_map_def *def, const char *key_type, const char *value_type,
		    struct bpfl_map **ret_map, struct bpfl_error *err)
{
	struct bpfl_attr_map_create attr = {
		.map_type = def->type,
		.key_size = def->key_size,
		.value_size = def->value_size,
		.max_entries = def->max_entries,
		.map_flags = def->flags | flags_needed(def->type),
		.map_extra = def->map_extra,
	};
	struct bpfl_btf *btf = NULL;
	int ret, btf_fd;

	if (def->type == BPFL_MAP_TYPE_ARRAY_OF_MAPS || def->type == BPFL_MAP_TYPE_HASH_OF_MAPS) {
		if (def->size < sizeof(*def) || def->inner_map_fd <= 0)
			return bpfl_error_set(err, BPFL_ERR_USAGE, EINVAL,
					      "a map of maps is made with a map like those that it will hold");
		attr.inner_map_fd = (uint32_t)def->inner_map_fd;
		attr.value_size = sizeof(uint32_t);
	}
	if (def->name && (strlen(def->name) >= BPFL_OBJ_NAME_SIZE))
		return bpfl_error_set(err, BPFL_ERR_USAGE, EINVAL,
				      "the kernel keeps names of up to %d bytes: '%s' is longer",
				      BPFL_OBJ_NAME_SIZE - 1, BPFL_ESC(def->name));
	if (def->name)
		memcpy(attr.map_name, def->name, strlen(def->name));
	ret = type_read("key", key_type, &btf, &attr.btf_key_type_id, &attr.key_size, err);
	if (ret == 0)
		ret = type_read("value", value_type, &btf, &attr.btf_value_type_id, &attr.value_size, err);
	if (ret == 0) {
		btf_fd = types_load(btf);
		attr.btf_fd = (uint32_t)btf_fd;
		if (btf_fd == 0)
			attr.btf_key_type_id = attr.btf_value_type_id = 0;
		ret = create(&attr, ret_map, err);
		if (btf_fd > 0)
			bpfl_enter_close(btf_fd);
	}
	bpfl_btf_destroy(btf);
	return ret;
}
