/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * attach/update.c: another program in the place of the one that a link holds (LINK_UPDATE, Linux 5.7).
 *
 * The kernel exchanges the two in one step: no packet passes unseen, and no other program can take the place in
 * between. It can do so for hooks that run a list of programs it owns (xdp, tcx, netkit, cgroups, sk_lookup,
 * flow_dissector, iterators, sockmaps), not for probes.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "attach/link.h"
#include "base/text.h"
#include "sys/bpf.h"

#define F_REPLACE 4u /* BPF_F_REPLACE: only in the place of old_prog_fd */

static int refuse(const struct bpfl_link *link, const char *prog, bool expects, int errnum, struct bpfl_target *target,
		  uint32_t prog_type, struct bpfl_error *err)
{
	bool is_changed = expects && (errnum == EPERM || errnum == EEXIST || errnum == EBUSY);

	bpfl_error_set(err, is_changed ? BPFL_ERR_TARGET : BPFL_ERR_SYSTEM, errnum,
		       "putting '%s' in the place of '%s': %s", BPFL_ESC(prog), link->text ? link->text : "",
		       bpfl_errno_text(errnum));
	if (is_changed)
		bpfl_error_why(err, "the link does not hold the program that it was expected to hold");
	else if (prog_type == BPFL_PROG_STRUCT_OPS && (errnum == EINVAL || errnum == EOPNOTSUPP))
		bpfl_error_why(err, "the kernel exchanges structs of one type and name that are registered by a link "
				    "(Linux 6.4), if their interface "
				    "can be updated");
	else if (errnum == EINVAL || errnum == EOPNOTSUPP)
		bpfl_error_why(err, "the kernel exchanges programs of one type and attach type, on xdp, tcx, netkit, "
				    "cgroups, sk_lookup, "
				    "flow_dissector, iterators and sockmaps (Linux 5.7 and later); others are attached "
				    "anew");
	else if (errnum == ENOLINK)
		bpfl_error_why(err, "the link is detached: its interface, cgroup or network namespace has gone");
	if (!is_changed)
		bpfl_diagnose_refusal(err, BPFL_WANTED_LINK, prog_type, errnum, target);
	return -errnum;
}

/* "OLD: xdp on lo" -> "NEW: xdp on lo" */
static int rename_link(struct bpfl_link *link, const char *prog)
{
	const char *rest = link->text ? strstr(link->text, ": ") : NULL;
	struct bpfl_buf text = BPFL_BUF_INIT;
	char *name = bpfl_strdup(prog), *new_text;

	bpfl_buf_printf(&text, "%s%s", BPFL_ESC(prog), rest ? rest : "");
	new_text = bpfl_buf_take(&text);
	if (!name || !new_text) {
		free(name);
		free(new_text);
		return -ENOMEM;
	}
	free(link->name);
	free(link->text);
	link->name = name;
	link->text = new_text;
	return 0;
}

int bpfl_link_update(struct bpfl_link *link, const struct bpfl_object *object, size_t prog_idx, int expected_prog_fd,
		     struct bpfl_error *err)
{
	int prog_fd = bpfl_object_prog_fd_at(object, prog_idx), ret;
	const struct bpfl_prog *prog;

	if (prog_fd < 0)
		return bpfl_error_set(err, BPFL_ERR_USAGE, ENOENT, "there is no program %zu, or it is not loaded",
				      prog_idx);
	prog = &object->image->spec->progs.items[prog_idx];
	if (link->link_fd < 0) {
		bpfl_error_set(err, BPFL_ERR_UNSUPPORTED, EOPNOTSUPP,
			       "'%s' is attached without a link of the kernel, or by many of them",
			       link->text ? link->text : "");
		bpfl_error_fix(err, "close it and attach the new program");
		return -EOPNOTSUPP;
	}
	ret = bpfl_sys_link_update(link->link_fd, prog_fd, expected_prog_fd >= 0 ? F_REPLACE : 0, expected_prog_fd);
	if (ret < 0)
		return refuse(link, prog->name, expected_prog_fd >= 0, -ret, object->target, prog->prog_type, err);
	link->prog_fd = prog_fd;
	return rename_link(link, prog->name) < 0 ? bpfl_error_nomem(err) : 0;
}

int bpfl_link_update_map(struct bpfl_link *link, const struct bpfl_object *object, const char *map, int expected_map_fd,
			 struct bpfl_error *err)
{
	int32_t idx = bpfl_spec_map_idx(object->image->spec, map);
	int ret;

	if (idx == BPFL_NO_IDX || object->image->maps[idx].kernel_value_type_id == 0 || object->maps[idx].fd < 0)
		return bpfl_error_set(err, BPFL_ERR_USAGE, ENOENT, "'%s' is no struct_ops variable that is loaded",
				      BPFL_ESC(map));
	if (link->link_fd < 0) {
		bpfl_error_set(err, BPFL_ERR_UNSUPPORTED, EOPNOTSUPP, "'%s' is registered without a link of the kernel",
			       link->text ? link->text : "");
		bpfl_error_fix(err, "SEC(\".struct_ops.link\")");
		return -EOPNOTSUPP;
	}
	ret = bpfl_sys_link_update(link->link_fd, object->maps[idx].fd, expected_map_fd >= 0 ? F_REPLACE : 0,
				   expected_map_fd);
	if (ret < 0)
		return refuse(link, map, expected_map_fd >= 0, -ret, object->target, BPFL_PROG_STRUCT_OPS, err);
	return rename_link(link, map) < 0 ? bpfl_error_nomem(err) : 0;
}
