/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * attach/to_fd.c: link, PROG_ATTACH and PROG_QUERY on a descriptor. See attach/to_fd.h.
 */
#include "attach/to_fd.h"

#include <errno.h>
#include <stdlib.h>

/*
 * EINVAL: the command or the attach type is too new. E2BIG: fields behind the first four are, when any is in
 * use; else it means that there is no room for another program.
 */
static bool means_unknown(int ret, const struct bpfl_attr_link_create *attr)
{
	return ret == -EINVAL || (ret == -E2BIG && attr->target_btf_id != 0);
}

int bpfl_to_fd_link(const struct bpfl_attach_ctx *ctx, struct bpfl_link *link, const struct bpfl_attr_link_create *attr,
		    enum bpfl_feature feature)
{
	enum bpfl_answer *known = &ctx->object->target->features[feature];
	int ret;

	if (*known == BPFL_NO)
		return 1;
	ret = bpfl_sys_link_create(attr);
	if (ret >= 0) {
		*known = BPFL_YES;
		link->link_fd = ret;
		return 0;
	}
	return *known != BPFL_YES && means_unknown(ret, attr) ? 1 : ret;
}

struct attached {
	int target_fd;
	uint32_t attach_type;
};

static int detach(struct bpfl_link *link)
{
	const struct attached *attached = link->data;
	struct bpfl_attr_prog_attach attr = {
		.target_fd = (uint32_t)attached->target_fd,
		.attach_fd = (uint32_t)link->prog_fd,
		.attach_type = attached->attach_type,
	};

	return bpfl_sys_prog_detach(&attr);
}

static void release(struct bpfl_link *link)
{
	free(link->data);
}

int bpfl_to_fd_attach(const struct bpfl_attach_ctx *ctx, struct bpfl_link *link, int target_fd, uint32_t attach_type,
		      uint32_t flags)
{
	struct bpfl_attr_prog_attach attr = {
		.target_fd = (uint32_t)target_fd,
		.attach_fd = (uint32_t)ctx->prog_fd,
		.attach_type = attach_type,
		.attach_flags = flags,
	};
	struct attached *attached = malloc(sizeof(*attached));
	int ret;

	if (!attached)
		return -ENOMEM;
	ret = bpfl_sys_prog_attach(&attr);
	if (ret < 0) {
		free(attached);
		return ret;
	}
	*attached = (struct attached){ target_fd, attach_type };
	link->data = attached;
	link->detach = detach;
	link->release = release;
	return 0;
}

int bpfl_to_fd_query(int target_fd, uint32_t attach_type, uint32_t ret_ids[BPFL_QUERY_MAX], uint32_t *ret_flags)
{
	struct bpfl_attr_prog_query attr = {
		.target_fd = (uint32_t)target_fd,
		.attach_type = attach_type,
		.prog_ids = BPFL_PTR(ret_ids),
		.prog_cnt = BPFL_QUERY_MAX,
	};
	int ret = bpfl_sys_prog_query(&attr);

	if (ret < 0)
		return ret;
	*ret_flags = attr.attach_flags;
	return attr.prog_cnt < BPFL_QUERY_MAX ? (int)attr.prog_cnt : BPFL_QUERY_MAX;
}
