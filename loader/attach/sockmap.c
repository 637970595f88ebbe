/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * attach/sockmap.c: sk_msg:MAP and sk_skb/...:MAP, programs that see what passes through the sockets of a map.
 *
 * MAP is a map of the object, or the path of a pinned one. A link (Linux 6.10), PROG_ATTACH before (4.14),
 * which goes away with the map: a map of the object that is not pinned ends with this process, so nothing stays.
 */
#include <errno.h>
#include <string.h>
#include "attach/holder.h"
#include "attach/to_fd.h"
#include "base/text.h"

static bool holds_sockets(uint32_t map_type)
{
	return map_type == BPFL_MAP_TYPE_SOCKMAP || map_type == BPFL_MAP_TYPE_SOCKHASH;
}

/* ---- before loading ---- */

static int refuse_map(const struct bpfl_spec *spec, const char *where, struct bpfl_error *err)
{
	struct bpfl_buf list = BPFL_BUF_INIT;
	struct bpfl_near near;
	char names[512];

	bpfl_near_init(&near, where);
	bpfl_error_set(err, BPFL_ERR_TARGET, ENOENT, "the object has no map of sockets '%s'", BPFL_ESC(where));
	bpfl_error_catalogue(err, 27);
	for (size_t i = 0; i < spec->maps.nr; i++) {
		if (!holds_sockets(spec->maps.items[i].type))
			continue;
		bpfl_buf_printf(&list, "%s%s", list.size ? ", " : "", BPFL_ESC(spec->maps.items[i].name));
		bpfl_near_offer(&near, spec->maps.items[i].name);
	}
	bpfl_error_why(err, "maps of type sockmap or sockhash: %s", list.size ? list.data : "none");
	if (near.nr > 0)
		bpfl_error_fix(err, "did you mean %s?", bpfl_near_text(&near, names, sizeof(names)));
	else
		bpfl_error_fix(err, "write the name of a map, or the path of a pinned one");
	bpfl_buf_deinit(&list);
	return -ENOENT;
}

static int sockmap_prepare(const struct bpfl_attach *attach, struct bpfl_spec *spec, size_t prog_idx,
			   struct bpfl_error *err)
{
	(void)prog_idx;
	if (attach->row->attach_name) {
		bpfl_error_set(err, BPFL_ERR_USAGE, EINVAL, "'%s' does not say what the program decides",
			       attach->row->name);
		bpfl_error_catalogue(err, 10);
		bpfl_error_why(err, "a stream_parser finds where messages end, a stream_verdict or a verdict says "
				    "where they go");
		bpfl_error_fix(err, "write sk_skb/stream_verdict:%s, sk_skb/stream_parser:... or sk_skb/verdict:...",
			       BPFL_ESC(attach->where));
		return -EINVAL;
	}
	if (attach->where[0] == '/')
		return 0;
	for (size_t i = 0; i < spec->maps.nr; i++) {
		if (strcmp(spec->maps.items[i].name, attach->where) == 0 && holds_sockets(spec->maps.items[i].type))
			return 0;
	}
	return refuse_map(spec, attach->where, err);
}

/* ---- attaching ---- */

/* The map's descriptor; that of a pinned map is kept in the link. */
static int open_map(const struct bpfl_attach_ctx *ctx, struct bpfl_link *link, struct bpfl_error *err)
{
	const char *where = ctx->attach->where;
	int ret;

	if (where[0] != '/') {
		ret = bpfl_object_map_fd(ctx->object, where);
		return ret < 0 ? bpfl_error_set(err, BPFL_ERR_TARGET, ENOENT, "map '%s' is not loaded", BPFL_ESC(where))
			       : ret;
	}
	ret = bpfl_sys_obj_get(where, 0);
	if (ret < 0) {
		bpfl_error_set(err, BPFL_ERR_TARGET, -ret, "no map can be opened at '%s': %s", BPFL_ESC(where),
			       bpfl_errno_text(-ret));
		bpfl_error_catalogue(err, 27);
		bpfl_error_fix(err, "bpfload ls map lists the maps and where they are pinned");
		return ret;
	}
	link->event_fd = ret;
	return ret;
}

static int refuse(const struct bpfl_attach_ctx *ctx, int map_fd, int errnum, struct bpfl_error *err)
{
	const struct bpfl_section_row *row = ctx->attach->row;
	uint32_t ids[BPFL_QUERY_MAX], flags;

	bpfl_error_set(err, BPFL_ERR_TARGET, errnum, "map '%s' does not take the program: %s",
		       BPFL_ESC(ctx->attach->where), bpfl_errno_text(errnum));
	if (errnum == EBUSY || errnum == EEXIST) {
		bpfl_error_catalogue(err, 32);
		if (bpfl_to_fd_query(map_fd, (uint32_t)row->attach_type, ids, &flags) > 0)
			bpfl_holder_why(err, ids[0], " there");
		bpfl_error_why(err, "a map takes one program of each sort, and stream_verdict and verdict exclude each "
				    "other");
		bpfl_error_fix(err, "stop the program that holds it");
	} else if (errnum == EOPNOTSUPP || errnum == EINVAL) {
		bpfl_error_why(err, "the kernel may be built without CONFIG_NET_SOCK_MSG (sk_msg) or "
				    "CONFIG_BPF_STREAM_PARSER (sk_skb)");
	}
	if (errnum == EPERM || errnum == EACCES)
		bpfl_diagnose_refusal(err, BPFL_WANTED_LINK, (unsigned)row->prog_type, errnum, ctx->object->target);
	return -errnum;
}

static int sockmap_attach(const struct bpfl_attach_ctx *ctx, struct bpfl_link *link, struct bpfl_error *err)
{
	const struct bpfl_section_row *row = ctx->attach->row;
	struct bpfl_attr_link_create attr = { .prog_fd = (uint32_t)ctx->prog_fd,
					      .attach_type = (uint32_t)row->attach_type };
	int map_fd = open_map(ctx, link, err), ret;

	if (map_fd < 0)
		return map_fd;
	attr.target_fd = (uint32_t)map_fd;
	ret = bpfl_to_fd_link(ctx, link, &attr, BPFL_FEATURE_SOCKMAP_LINK);
	if (ret == 1) {
		ret = bpfl_to_fd_attach(ctx, link, map_fd, attr.attach_type, 0);
		if (ret == 0) {
			ctx->object->target->features[BPFL_FEATURE_SOCKMAP_LINK] = BPFL_NO;
			bpfl_log_line(ctx->log, BPFL_LOG_INFO,
				      "this kernel has no links for maps of sockets (Linux 6.10): the program is "
				      "attached by PROG_ATTACH, as long as map '%s' exists",
				      ctx->attach->where);
		}
	}
	if (ret < 0)
		return refuse(ctx, map_fd, -ret, err);
	ret = bpfl_link_describe(link, ctx, "%s on map %s%s", row->name, ctx->attach->where,
				 link->detach ? " (by PROG_ATTACH)" : "");
	return ret < 0 ? bpfl_error_nomem(err) : 0;
}

const struct bpfl_hook_ops bpfl_hook_sockmap = {
	.hook = BPFL_HOOK_SOCKMAP,
	.options = (const char *const[]){ NULL },
	.prepare = sockmap_prepare,
	.attach = sockmap_attach,
};
