/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kern/info_place.c: names for the numbers by which a link tells its place.
 *
 * The number of an interface counts in one network namespace, and the kernel does not say which. So a name is
 * given only when the interface of that number here says that the link's program is on it; else the number stays.
 */
#include <stdio.h>
#include <string.h>
#include "btf/btf.h"
#include "btf/kernel.h"
#include "kern/info.h"
#include "sys/bpf.h"
#include "sys/cgroup.h"
#include "sys/enter.h"
#include "sys/netlink.h"

#define QUERY_MAX 64

static bool has_xdp(uint32_t ifindex, uint32_t prog_id)
{
	struct bpfl_xdp_state state = { 0 };

	return bpfl_netlink_xdp_query(ifindex, &state) == 0 &&
	       (state.prog_id == prog_id || state.drv_prog_id == prog_id || state.skb_prog_id == prog_id ||
		state.hw_prog_id == prog_id);
}

static bool has_link(uint32_t ifindex, uint32_t attach_type, uint32_t link_id)
{
	uint32_t prog_ids[QUERY_MAX] = { 0 }, link_ids[QUERY_MAX] = { 0 };
	struct bpfl_attr_prog_query attr = { .target_fd = ifindex,
					     .attach_type = attach_type,
					     .prog_ids = BPFL_PTR(prog_ids),
					     .prog_cnt = QUERY_MAX,
					     .link_ids = BPFL_PTR(link_ids) };

	if (bpfl_sys_prog_query(&attr) < 0)
		return false;
	for (size_t i = 0; i < QUERY_MAX && i < attr.prog_cnt; i++) {
		if (link_ids[i] == link_id)
			return true;
	}
	return false;
}

bool bpfl_place_interface(uint32_t ifindex, uint32_t attach_type, uint32_t link_id, uint32_t prog_id,
			  char out[BPFL_PLACE_IF_SIZE])
{
	if (bpfl_enter_if_indextoname(ifindex, out) < 0)
		return false;
	return attach_type ? has_link(ifindex, attach_type, link_id) : prog_id != 0 && has_xdp(ifindex, prog_id);
}

bool bpfl_place_cgroup(uint64_t cgroup_id, char *out, size_t size)
{
	return bpfl_cgroup_path_of(cgroup_id, out, size) == 0;
}

bool bpfl_place_function(uint32_t btf_obj_id, uint32_t type_id, char *out, size_t size)
{
	char name[16] = "";
	struct bpfl_btf_info info = { .name = BPFL_PTR(name), .name_len = sizeof(name) };
	uint32_t info_size = sizeof(info);
	struct bpfl_btf *btf = NULL;
	const struct bpfl_btf_type *type;
	int fd = bpfl_sys_fd_by_id(BPFL_CMD_BTF_GET_FD_BY_ID, btf_obj_id);
	bool is_kernel = fd >= 0 && bpfl_sys_obj_info(fd, &info, &info_size) == 0 && info.kernel_btf &&
			 strcmp(name, "vmlinux") == 0;

	bpfl_enter_close(fd);
	/* Of programs and modules the kernel tells no more than numbers. */
	if (!is_kernel || bpfl_btf_open_kernel(NULL, &btf, NULL) < 0)
		return false;
	type = type_id < bpfl_btf_nr_types(btf) ? bpfl_btf_type(btf, type_id) : NULL;
	if (type)
		snprintf(out, size, "%s", bpfl_btf_name(btf, type_id));
	bpfl_btf_destroy(btf);
	return type && out[0];
}
