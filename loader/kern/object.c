/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kern/object.c: image -> live object.
 *
 * bpfl_object_load() is the table of contents of this room; each step is one file:
 *
 *   pin paths     where maps are pinned by name                             (pin_map.c)
 *   btf           the object's types                                        (btf_load.c)
 *   module btfs   of the kernel modules that programs call into             (here)
 *   maps          created, filled, frozen; inner maps into outer ones       (map.c)
 *   progs         loaded                                                    (prog.c)
 *   prog slots    programs into program arrays                              (map.c)
 *   struct_ops    programs into structs of functions                        (struct_ops.c)
 *
 * The object exists, complete and empty, before the first step, and every step writes what it got
 * into it at once. So the destructor below is the only cleanup there is.
 */
#include "kern/load.h"
#include "kern/pin.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "image/modules.h"
#include "sys/bpf.h"
#include "sys/enter.h"
#include "sys/facts.h"

/* The largest log that all kernels take; since 5.10 it could be larger, but nobody reads 16 MiB. */
#define LOG_MAX 0xffffffu
#define LOG_MIN 128u /* the kernel takes no smaller buffer */
#define ENOTSUPP_KERNEL 524

static int object_create(const struct bpfl_image *image, struct bpfl_target *target,
			 struct bpfl_object **ret_object, struct bpfl_error *err)
{
	const struct bpfl_spec *spec = image->spec;
	struct bpfl_object *object = calloc(1, sizeof(*object));
	size_t nr_modules = image->module_btf_ids.nr;

	if (!object)
		return bpfl_error_nomem(err);
	object->image = image;
	object->target = target;
	object->btf_fd = -1;
	/* One more than needed: calloc(0) may be NULL. */
	object->maps = calloc(spec->maps.nr + 1, sizeof(*object->maps));
	object->progs = calloc(spec->progs.nr + 1, sizeof(*object->progs));
	object->module_btf_fds = calloc(nr_modules + 1, sizeof(*object->module_btf_fds));
	for (size_t i = 0; object->maps && i < spec->maps.nr; i++)
		object->maps[i].fd = -1;
	for (size_t i = 0; object->progs && i < spec->progs.nr; i++)
		object->progs[i].fd = -1;
	if (!object->maps || !object->progs || !object->module_btf_fds) {
		bpfl_object_close(object);
		return bpfl_error_nomem(err);
	}
	*ret_object = object;
	return 0;
}

void bpfl_object_close(struct bpfl_object *object)
{
	if (!object)
		return;
	/* Programs first: they hold on to maps, and maps to BTF. */
	for (size_t i = 0; object->progs && i < object->image->spec->progs.nr; i++) {
		bpfl_enter_close(object->progs[i].fd);
		free(object->progs[i].log);
	}
	for (size_t i = 0; object->maps && i < object->image->spec->maps.nr; i++) {
		if (object->maps[i].memory)
			bpfl_enter_munmap(object->maps[i].memory, object->maps[i].memory_size);
		bpfl_enter_close(object->maps[i].fd);
		free(object->maps[i].pin_path);
	}
	for (int i = 1; i < object->module_btf_fds_nr; i++)
		bpfl_enter_close(object->module_btf_fds[i]);
	bpfl_enter_close(object->btf_fd);
	free(object->module_btf_fds);
	bpfl_pins_deinit(&object->pins);
	free(object->usdt_slots);
	free(object->progs);
	free(object->maps);
	free(object);
}

/* ---- steps that are too small for a file ---- */

/* E29 */
static int byte_order_check(const struct bpfl_spec *spec, struct bpfl_error *err)
{
	const char *theirs = spec->big_endian ? "big" : "little",
		   *ours = spec->big_endian ? "little" : "big";

	if (!spec->foreign)
		return 0;
	bpfl_error_set(err, BPFL_ERR_OBJECT, ENOEXEC,
		       "the object is %s-endian (%s), this machine is %s-endian", theirs,
		       spec->big_endian ? "bpfeb" : "bpfel", ours);
	bpfl_error_catalogue(err, 29);
	bpfl_error_why(
		err,
		"the kernel runs instructions of its own byte order only; elf, spec and image take both");
	bpfl_error_fix(err, "rebuild it with clang -target %s, or -target bpf on this machine",
		       spec->big_endian ? "bpfel" : "bpfeb");
	return -ENOEXEC;
}

/* The types were read, but not from the kernel: without rights, or out of files that the user named. */
static int module_has_no_number(const struct bpfl_loading *loading, struct bpfl_error *err)
{
	if (loading->target->btf_path)
		return bpfl_error_set(err, BPFL_ERR_USAGE, EINVAL,
				      "a program refers to the types of a kernel module, and those came out of the files of '%s', not from "
				      "this kernel",
				      BPFL_ESC(loading->target->btf_path));
	bpfl_error_set(err, BPFL_ERR_PERMISSION, EPERM, "opening the types of a kernel module: %s",
		       bpfl_errno_text(EPERM));
	bpfl_diagnose_refusal(err, BPFL_WANTED_BTF, 0, EPERM, loading->target);
	return -EPERM;
}

/* [0] stands for vmlinux and is never looked at by the kernel. */
static int modules_open(struct bpfl_loading *loading, struct bpfl_error *err)
{
	const struct bpfl_image *image = loading->image;
	struct bpfl_object *object = loading->object;

	for (size_t i = 0; i < image->module_btf_ids.nr; i++) {
		int fd = 0;

		if (i > 0 && image->module_btf_ids.items[i] >= BPFL_MODULE_ID_OF_FILE)
			return module_has_no_number(loading, err);
		if (i > 0)
			fd = bpfl_sys_fd_by_id(BPFL_CMD_BTF_GET_FD_BY_ID,
					       image->module_btf_ids.items[i]);
		if (fd < 0) {
			bpfl_error_set(err, BPFL_ERR_SYSTEM, -fd,
				       "opening the types of a kernel module (BTF id %u): %s",
				       image->module_btf_ids.items[i], bpfl_errno_text(-fd));
			bpfl_diagnose_refusal(err, BPFL_WANTED_BTF, 0, -fd, loading->target);
			return fd;
		}
		object->module_btf_fds[i] = fd;
		object->module_btf_fds_nr = (int)i + 1;
	}
	return 0;
}

bool bpfl_loading_raise_memlock(struct bpfl_loading *loading, int ret)
{
	uint32_t version = bpfl_target_kernel_version(loading->target);

	if (ret != -EPERM || loading->opts.keep_memlock || loading->memlock_raised ||
	    version == 0 || version >= BPFL_KERNEL_VERSION(5, 11, 0))
		return false;
	loading->memlock_raised = true;
	return bpfl_enter_raise_memlock() == 0;
}

bool bpfl_refusal_is_about_form(int ret)
{
	return ret == -EINVAL || ret == -E2BIG || ret == -EOPNOTSUPP || ret == -ENOTSUPP_KERNEL ||
	       ret == -EACCES;
}

/* ---- loading ---- */

static int opts_take(const struct bpfl_load_opts *opts, struct bpfl_load_opts *ret,
		     struct bpfl_error *err)
{
	memset(ret, 0, sizeof(*ret));
	if (opts) {
		const uint8_t *bytes = (const uint8_t *)opts;

		if (opts->size < sizeof(opts->size))
			return bpfl_error_set(
				err, BPFL_ERR_USAGE, EINVAL,
				"load options: size is %zu, which is not the size of the struct",
				opts->size);
		for (size_t i = sizeof(*ret); i < opts->size; i++) {
			if (bytes[i] != 0)
				return bpfl_error_set(
					err, BPFL_ERR_USAGE, E2BIG,
					"load options: byte %zu is set, but this library knows only %zu bytes",
					i, sizeof(*ret));
		}
		memcpy(ret, opts, opts->size < sizeof(*ret) ? opts->size : sizeof(*ret));
	}
	if (ret->verifier_log_max == 0 || ret->verifier_log_max > LOG_MAX)
		ret->verifier_log_max = LOG_MAX;
	if (ret->verifier_log_max < LOG_MIN)
		ret->verifier_log_max = LOG_MIN;
	return 0;
}

int bpfl_object_load(const struct bpfl_image *image, struct bpfl_target *target,
		     const struct bpfl_load_opts *opts, struct bpfl_object **ret_object,
		     struct bpfl_error *err)
{
	static int (*const steps[])(struct bpfl_loading * loading, struct bpfl_error * err) = {
		bpfl_loading_pin_paths,
		bpfl_loading_btf,   modules_open,            bpfl_loading_maps,
		bpfl_loading_progs, bpfl_loading_prog_slots, bpfl_loading_struct_ops,
	};
	struct bpfl_loading loading = { .image = image, .target = target, .token_fd = -1 };
	int ret;

	ret = opts_take(opts, &loading.opts, err);
	if (ret < 0)
		return ret;
	ret = byte_order_check(image->spec, err);
	if (ret < 0)
		goto fail;
	ret = object_create(image, target, &loading.object, err);
	if (ret < 0)
		goto fail;
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		ret = steps[i](&loading, err);
		if (ret < 0)
			goto fail;
	}
	bpfl_enter_close(loading.token_fd);
	*ret_object = loading.object;
	return 0;
fail:
	bpfl_enter_close(loading.token_fd);
	bpfl_spec_error_prefix(image->spec, err);
	bpfl_object_unpin(loading.object);
	bpfl_object_close(loading.object);
	return ret;
}

/* ---- looking ---- */

/* By the name in the object, or by the one that the kernel shows ("hello.rodata": GLB-04). */
static int map_find(const struct bpfl_object *object, const char *name)
{
	const struct bpfl_spec *spec = object->image->spec;
	int32_t idx = bpfl_spec_map_idx(spec, name);

	if (idx != BPFL_NO_IDX)
		return idx;
	for (size_t i = 0; i < spec->maps.nr; i++) {
		if (object->maps[i].fd >= 0 &&
		    strcmp(object->image->maps[i].kernel_name, name) == 0)
			return (int)i;
	}
	return -ENOENT;
}

int bpfl_object_map_fd(const struct bpfl_object *object, const char *map)
{
	int idx = map_find(object, map);

	return idx >= 0 && object->maps[idx].fd >= 0 ? object->maps[idx].fd : -ENOENT;
}

int bpfl_object_prog_fd_at(const struct bpfl_object *object, size_t prog_idx)
{
	return prog_idx < object->image->spec->progs.nr && object->progs[prog_idx].fd >= 0
		       ? object->progs[prog_idx].fd
		       : -ENOENT;
}

int bpfl_object_prog_fd(const struct bpfl_object *object, const char *prog)
{
	int32_t idx = bpfl_spec_prog_idx(object->image->spec, prog);

	return idx == BPFL_NO_IDX ? -ENOENT : bpfl_object_prog_fd_at(object, (size_t)idx);
}

const char *bpfl_object_verifier_log(const struct bpfl_object *object, const char *prog)
{
	int32_t idx = bpfl_spec_prog_idx(object->image->spec, prog);

	return idx == BPFL_NO_IDX ? NULL : object->progs[idx].log;
}
