/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * attach/struct_ops.c: registering a variable of .struct_ops, an implementation of one of the kernel's interfaces.
 *
 * What is attached here is a map, not a program. A variable of .struct_ops.link is registered by a link
 * (LINK_CREATE, Linux 6.4), and unregistered when that is closed, by whatever. One of plain .struct_ops is
 * registered by writing the map's value (5.6) and unregistered by deleting it; it has no descriptor of its own,
 * and stays when the process is killed, which a warning says.
 */
#include <errno.h>
#include "attach/link.h"
#include "base/text.h"
#include "sys/bpf.h"

static int refuse_link(const struct bpfl_object *object, const char *name, int errnum, struct bpfl_error *err)
{
	bpfl_error_set(err, errnum == EEXIST || errnum == EBUSY ? BPFL_ERR_TARGET : BPFL_ERR_SYSTEM, errnum,
		       "struct_ops '%s': registering it: %s", BPFL_ESC(name), bpfl_errno_text(errnum));
	if (errnum == EEXIST)
		bpfl_error_why(err, "one with this name is registered already");
	else if (errnum == EINVAL)
		bpfl_error_why(err, "the kernel registers by link since Linux 6.4; SEC(\".struct_ops\") works before");
	bpfl_diagnose_refusal(err, BPFL_WANTED_LINK, BPFL_PROG_STRUCT_OPS, errnum, object->target);
	return -errnum;
}

/* The map outlives the link, as the object does. */
static int unregister(struct bpfl_link *link)
{
	uint32_t key = 0;

	return bpfl_sys_map_delete(link->prog_fd, &key);
}

static int attach_by_value(struct bpfl_object *object, size_t map_idx, const struct bpfl_log *log,
			   struct bpfl_link *link, struct bpfl_error *err)
{
	int ret = bpfl_object_struct_ops_put(object, map_idx, err);

	if (ret < 0)
		return ret;
	link->prog_fd = object->maps[map_idx].fd;
	link->detach = unregister;
	bpfl_log_line(log, BPFL_LOG_WARN,
		      "struct_ops '%s' stays registered when this process is killed: SEC(\".struct_ops.link\") would "
		      "not",
		      BPFL_ESC(object->image->spec->maps.items[map_idx].name));
	return 0;
}

static int attach_by_link(struct bpfl_object *object, size_t map_idx, struct bpfl_link *link, struct bpfl_error *err)
{
	/* The map stands where other links have the program. */
	struct bpfl_attr_link_create attr = { .prog_fd = (uint32_t)object->maps[map_idx].fd,
					      .attach_type = BPFL_ATTACH_STRUCT_OPS };
	int ret = bpfl_sys_link_create(&attr);

	if (ret < 0)
		return refuse_link(object, object->image->spec->maps.items[map_idx].name, -ret, err);
	link->link_fd = ret;
	return 0;
}

int bpfl_link_attach_map(struct bpfl_object *object, const char *map, const struct bpfl_log *log,
			 struct bpfl_link **ret_link, struct bpfl_error *err)
{
	const struct bpfl_spec *spec = object->image->spec;
	int32_t idx = bpfl_spec_map_idx(spec, map);
	struct bpfl_link *link;
	char type[128];
	int ret;

	if (idx == BPFL_NO_IDX || object->image->maps[idx].kernel_value_type_id == 0 || object->maps[idx].fd < 0)
		return bpfl_error_set(err, BPFL_ERR_USAGE, ENOENT, "'%s' is no struct_ops variable that is loaded",
				      BPFL_ESC(map));
	link = bpfl_link_create(-1);
	if (!link)
		return bpfl_error_nomem(err);
	link->name = bpfl_strdup(map);
	if (!link->name) {
		bpfl_link_close(link);
		return bpfl_error_nomem(err);
	}
	ret = object->image->maps[idx].flags & BPFL_F_LINK ? attach_by_link(object, (size_t)idx, link, err) :
							     attach_by_value(object, (size_t)idx, log, link, err);
	if (ret == 0) {
		struct bpfl_buf text = BPFL_BUF_INIT;

		bpfl_btf_type_text(spec->btf, spec->maps.items[idx].value_type_id, type, sizeof(type));
		bpfl_buf_printf(&text, "%s: registered as %s", BPFL_ESC(map), type);
		link->text = bpfl_buf_take(&text);
		if (!link->text)
			ret = bpfl_error_nomem(err);
	}
	if (ret < 0) {
		bpfl_spec_error_prefix(spec, err);
		bpfl_link_close(link);
		return ret;
	}
	*ret_link = link;
	return 0;
}
