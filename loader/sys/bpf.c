/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sys/bpf: one function per bpf(2) command. See sys/bpf.h.
 *
 * In comes a filled attribute struct or a few numbers, out goes what the kernel answered. There is no policy
 * here: no retry, no log, no fallback; those belong to the rooms that know why they ask.
 */
#include "sys/bpf.h"

#include "sys/enter.h"

/* Words that the kernel writes into the attribute, wherever its copy ends: it must be ours up to there. */
#define NEXT_ID_END (offsetof(struct bpfl_attr_id, next_id) + sizeof(uint32_t))
#define PROG_LOG_END (offsetof(struct bpfl_attr_prog_load, log_true_size) + sizeof(uint32_t))
#define QUERY_END (offsetof(struct bpfl_attr_prog_query, prog_cnt) + sizeof(uint32_t))
#define RETVAL_END (offsetof(struct bpfl_attr_test_run, retval) + sizeof(uint32_t))
#define BATCH_END (offsetof(struct bpfl_attr_map_batch, count) + sizeof(uint32_t))
#define BTF_LOG_END (offsetof(struct bpfl_attr_btf_load, log_true_size) + sizeof(uint32_t))

/*
 * How far the kernel must be able to write. It fills log_true_size only when the size passed to it covers the
 * field. A kernel older than the field takes the longer attribute too, because what it does not know is zero.
 */
static size_t answer_end(int cmd, const void *attr)
{
	const struct bpfl_attr_prog_load *prog = attr;
	const struct bpfl_attr_btf_load *btf = attr;

	switch (cmd) {
	case BPFL_CMD_PROG_LOAD:
		return prog->log_buf ? PROG_LOG_END : 0;
	case BPFL_CMD_BTF_LOAD:
		return btf->log_buf ? BTF_LOG_END : 0;
	case BPFL_CMD_PROG_QUERY:
		return QUERY_END;
	case BPFL_CMD_MAP_GET_NEXT_ID:
	case BPFL_CMD_PROG_GET_NEXT_ID:
	case BPFL_CMD_BTF_GET_NEXT_ID:
	case BPFL_CMD_LINK_GET_NEXT_ID:
		return NEXT_ID_END;
	case BPFL_CMD_PROG_TEST_RUN:
		return RETVAL_END;
	case BPFL_CMD_MAP_LOOKUP_BATCH:
	case BPFL_CMD_MAP_LOOKUP_AND_DELETE_BATCH:
	case BPFL_CMD_MAP_UPDATE_BATCH:
	case BPFL_CMD_MAP_DELETE_BATCH:
		return BATCH_END;
	default:
		return 0;
	}
}

size_t bpfl_bpf_attr_size(int cmd, const void *attr, size_t attr_size)
{
	const uint8_t *bytes = attr;
	size_t used = attr_size, least = answer_end(cmd, attr);

	while (used > 0 && bytes[used - 1] == 0)
		used--;
	if (used < least)
		used = least;
	used = (used + 7) & ~(size_t)7;
	return used < attr_size ? used : attr_size;
}

int bpfl_sys_map_create(const struct bpfl_attr_map_create *attr)
{
	struct bpfl_attr_map_create copy = *attr;

	return bpfl_enter_bpf(BPFL_CMD_MAP_CREATE, &copy, sizeof(copy), 1);
}

static int map_elem(int cmd, int map_fd, const void *key, const void *value, uint64_t flags)
{
	struct bpfl_attr_map_elem attr = { 0 };

	attr.map_fd = (uint32_t)map_fd;
	attr.key = BPFL_PTR(key);
	attr.value = BPFL_PTR(value);
	attr.flags = flags;
	return bpfl_enter_bpf(cmd, &attr, sizeof(attr), 0);
}

int bpfl_sys_map_lookup(int map_fd, const void *key, void *ret_value, uint64_t flags)
{
	return map_elem(BPFL_CMD_MAP_LOOKUP_ELEM, map_fd, key, ret_value, flags);
}

int bpfl_sys_map_update(int map_fd, const void *key, const void *value, uint64_t flags)
{
	return map_elem(BPFL_CMD_MAP_UPDATE_ELEM, map_fd, key, value, flags);
}

int bpfl_sys_map_delete(int map_fd, const void *key)
{
	return map_elem(BPFL_CMD_MAP_DELETE_ELEM, map_fd, key, NULL, 0);
}

int bpfl_sys_map_lookup_and_delete(int map_fd, const void *key, void *ret_value, uint64_t flags)
{
	return map_elem(BPFL_CMD_MAP_LOOKUP_AND_DELETE_ELEM, map_fd, key, ret_value, flags);
}

int bpfl_sys_map_batch(enum bpfl_cmd cmd, struct bpfl_attr_map_batch *attr)
{
	return bpfl_enter_bpf((int)cmd, attr, sizeof(*attr), 0);
}

int bpfl_sys_map_next_key(int map_fd, const void *key, void *ret_next_key)
{
	return map_elem(BPFL_CMD_MAP_GET_NEXT_KEY, map_fd, key, ret_next_key, 0);
}

int bpfl_sys_map_freeze(int map_fd)
{
	return map_elem(BPFL_CMD_MAP_FREEZE, map_fd, NULL, NULL, 0);
}

int bpfl_sys_prog_load(struct bpfl_attr_prog_load *attr)
{
	return bpfl_enter_bpf(BPFL_CMD_PROG_LOAD, attr, sizeof(*attr), 1);
}

int bpfl_sys_token_create(int bpffs_fd)
{
	struct {
		uint32_t flags, bpffs_fd;
	} attr = { 0, (uint32_t)bpffs_fd };

	return bpfl_enter_bpf(BPFL_CMD_TOKEN_CREATE, &attr, sizeof(attr), 1);
}

int bpfl_sys_btf_load(struct bpfl_attr_btf_load *attr)
{
	return bpfl_enter_bpf(BPFL_CMD_BTF_LOAD, attr, sizeof(*attr), 1);
}

int bpfl_sys_obj_pin(int fd, const char *path)
{
	struct bpfl_attr_obj_path attr = { .path = BPFL_PTR(path), .fd = (uint32_t)fd };

	return bpfl_enter_bpf(BPFL_CMD_OBJ_PIN, &attr, sizeof(attr), 0);
}

int bpfl_sys_obj_get(const char *path, uint32_t flags)
{
	struct bpfl_attr_obj_path attr = { .path = BPFL_PTR(path), .flags = flags };

	return bpfl_enter_bpf(BPFL_CMD_OBJ_GET, &attr, sizeof(attr), 1);
}

int bpfl_sys_obj_info(int fd, void *info, uint32_t *info_size)
{
	struct bpfl_attr_info attr = { .fd = (uint32_t)fd, .info_size = *info_size, .info = BPFL_PTR(info) };
	int ret = bpfl_enter_bpf(BPFL_CMD_OBJ_GET_INFO_BY_FD, &attr, sizeof(attr), 0);

	if (ret >= 0)
		*info_size = attr.info_size;
	return ret;
}

int bpfl_sys_next_id(enum bpfl_cmd cmd, uint32_t id, uint32_t *ret_next_id)
{
	struct bpfl_attr_id attr = { .id = id };
	int ret = bpfl_enter_bpf((int)cmd, &attr, sizeof(attr), 0);

	if (ret >= 0)
		*ret_next_id = attr.next_id;
	return ret;
}

int bpfl_sys_fd_by_id(enum bpfl_cmd cmd, uint32_t id)
{
	struct bpfl_attr_id attr = { .id = id };

	return bpfl_enter_bpf((int)cmd, &attr, sizeof(attr), 1);
}

int bpfl_sys_raw_tracepoint_open(const char *name, int prog_fd, uint64_t cookie)
{
	struct bpfl_attr_raw_tracepoint attr = { .name = BPFL_PTR(name), .prog_fd = (uint32_t)prog_fd,
						 .cookie = cookie };

	return bpfl_enter_bpf(BPFL_CMD_RAW_TRACEPOINT_OPEN, &attr, sizeof(attr), 1);
}

int bpfl_sys_link_create(const struct bpfl_attr_link_create *attr)
{
	struct bpfl_attr_link_create copy = *attr;

	return bpfl_enter_bpf(BPFL_CMD_LINK_CREATE, &copy, sizeof(copy), 1);
}

int bpfl_sys_link_update(int link_fd, int new_fd, uint32_t flags, int old_fd)
{
	struct bpfl_attr_link_update attr = { .link_fd = (uint32_t)link_fd,
					      .new_prog_fd = (uint32_t)new_fd,
					      .flags = flags,
					      .old_prog_fd = old_fd >= 0 ? (uint32_t)old_fd : 0 };

	return bpfl_enter_bpf(BPFL_CMD_LINK_UPDATE, &attr, sizeof(attr), 0);
}

int bpfl_sys_iter_create(int link_fd)
{
	struct bpfl_attr_link_fd attr = { .link_fd = (uint32_t)link_fd };

	return bpfl_enter_bpf(BPFL_CMD_ITER_CREATE, &attr, sizeof(attr), 1);
}

int bpfl_sys_prog_attach(const struct bpfl_attr_prog_attach *attr)
{
	struct bpfl_attr_prog_attach copy = *attr;

	return bpfl_enter_bpf(BPFL_CMD_PROG_ATTACH, &copy, sizeof(copy), 0);
}

int bpfl_sys_prog_detach(const struct bpfl_attr_prog_attach *attr)
{
	struct bpfl_attr_prog_attach copy = *attr;

	return bpfl_enter_bpf(BPFL_CMD_PROG_DETACH, &copy, sizeof(copy), 0);
}

int bpfl_sys_prog_query(struct bpfl_attr_prog_query *attr)
{
	return bpfl_enter_bpf(BPFL_CMD_PROG_QUERY, attr, sizeof(*attr), 0);
}

int bpfl_sys_prog_test_run(struct bpfl_attr_test_run *attr)
{
	return bpfl_enter_bpf(BPFL_CMD_PROG_TEST_RUN, attr, sizeof(*attr), 0);
}

int bpfl_sys_prog_bind_map(int prog_fd, int map_fd)
{
	struct bpfl_attr_bind_map attr = { .prog_fd = (uint32_t)prog_fd, .map_fd = (uint32_t)map_fd };

	return bpfl_enter_bpf(BPFL_CMD_PROG_BIND_MAP, &attr, sizeof(attr), 0);
}

int bpfl_sys_prog_assoc_struct_ops(int prog_fd, int map_fd)
{
	struct bpfl_attr_assoc_struct_ops attr = { .map_fd = (uint32_t)map_fd, .prog_fd = (uint32_t)prog_fd };

	return bpfl_enter_bpf(BPFL_CMD_PROG_ASSOC_STRUCT_OPS, &attr, sizeof(attr), 0);
}

int bpfl_sys_prog_stream_read(int prog_fd, uint32_t stream, void *out, uint32_t size)
{
	struct bpfl_attr_stream_read attr = { .buf = (uintptr_t)out, .size = size, .stream = stream,
					      .prog_fd = (uint32_t)prog_fd };

	return bpfl_enter_bpf(BPFL_CMD_PROG_STREAM_READ, &attr, sizeof(attr), 0);
}
