/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * image/target: what is known of a kernel, read when first asked for.
 *
 * A target is either the running kernel (parts that the caller left open are read from this system) or a
 * kernel that the caller described (parts left open stay unknown). Both are the same struct: `running`
 * decides what a getter may do about an empty field. The kernel's BTF is the expensive part, five megabytes
 * and more; objects without CO-RE relocations and without BTF attach targets never come to bpfl_target_btf().
 */
#include "image/target.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "base/buf.h"
#include "btf/kernel.h"
#include "image/core_match.h"
#include "image/modules.h"
#include "image/extern.h"
#include "sys/facts.h"

/* The smallest page of any machine that runs BPF: a described target without a page size gets it. */
#define FALLBACK_PAGE_SIZE 4096u

/*
 * Options of a caller that was compiled against another version: what the caller does not have is zero, and
 * what this library does not know must be zero.
 */
static int opts_take(const struct bpfl_target_opts *opts, struct bpfl_target_opts *ret,
		     struct bpfl_error *err)
{
	memset(ret, 0, sizeof(*ret));
	if (!opts)
		return 0;
	if (opts->size < sizeof(opts->size)) {
		return bpfl_error_set(err, BPFL_ERR_USAGE, EINVAL,
				      "target options: size is %zu, which is not the size of the struct",
				      opts->size);
	}
	const uint8_t *bytes = (const uint8_t *)opts;
	for (size_t i = sizeof(*ret); i < opts->size; i++) {
		if (bytes[i] != 0) {
			return bpfl_error_set(
				err, BPFL_ERR_USAGE, E2BIG,
				"target options: byte %zu is set, but this library knows only %zu bytes", i,
				sizeof(*ret));
		}
	}
	memcpy(ret, opts, opts->size < sizeof(*ret) ? opts->size : sizeof(*ret));
	return 0;
}

static int path_copy(const char *path, char **ret_path)
{
	if (!path)
		return 0;
	*ret_path = bpfl_strdup(path);
	return *ret_path ? 0 : -ENOMEM;
}

static int paths_copy(const struct bpfl_target_opts *opts, struct bpfl_target *target)
{
	if (path_copy(opts->btf_path, &target->btf_path) < 0 ||
	    path_copy(opts->kconfig_path, &target->kconfig_path) < 0)
		return -ENOMEM;
	if (opts->nr_module_paths == 0)
		return 0;
	target->module_paths = calloc(opts->nr_module_paths, sizeof(*target->module_paths));
	if (!target->module_paths)
		return -ENOMEM;
	target->nr_module_paths = opts->nr_module_paths;
	for (size_t i = 0; i < opts->nr_module_paths; i++) {
		if (path_copy(opts->module_paths[i], &target->module_paths[i]) < 0)
			return -ENOMEM;
	}
	return 0;
}

static int target_make(bool running, const struct bpfl_target_opts *opts, struct bpfl_target **ret_target,
		       struct bpfl_error *err)
{
	struct bpfl_target_opts known;
	int result = opts_take(opts, &known, err);

	if (result < 0)
		return result;
	if (known.page_size & (known.page_size - 1)) {
		return bpfl_error_set(err, BPFL_ERR_USAGE, EINVAL,
				      "target options: page size %u is not a power of two", known.page_size);
	}

	if (known.nr_module_paths > 0 && (!known.btf_path || !known.module_paths)) {
		return bpfl_error_set(err, BPFL_ERR_USAGE, EINVAL,
				      "target options: %zu files of modules without the types of the kernel that they continue",
				      known.nr_module_paths);
	}

	struct bpfl_target *target = calloc(1, sizeof(*target));
	if (!target)
		return bpfl_error_nomem(err);
	target->running = running;
	target->kernel_version = known.kernel_version;
	target->nr_possible_cpus = known.nr_possible_cpus;
	target->page_size = known.page_size;
	if (paths_copy(&known, target) < 0) {
		bpfl_target_destroy(target);
		return bpfl_error_nomem(err);
	}
	*ret_target = target;
	return 0;
}

int bpfl_target_running(const struct bpfl_target_opts *opts, struct bpfl_target **ret_target,
			struct bpfl_error *err)
{
	return target_make(true, opts, ret_target, err);
}

int bpfl_target_create(const struct bpfl_target_opts *opts, struct bpfl_target **ret_target,
		       struct bpfl_error *err)
{
	return target_make(false, opts, ret_target, err);
}

void bpfl_target_destroy(struct bpfl_target *target)
{
	if (!target)
		return;
	bpfl_core_names_destroy(target->names);
	bpfl_modules_destroy(target->modules); /* before what they continue */
	bpfl_btf_destroy(target->btf);
	for (size_t i = 0; i < target->nr_module_paths; i++)
		free(target->module_paths[i]);
	free(target->module_paths);
	free(target->btf_path);
	free(target->kconfig_path);
	free(target);
}

uint32_t bpfl_target_kernel_version(struct bpfl_target *target)
{
	if (target->kernel_version == 0 && target->running)
		target->kernel_version = bpfl_facts_kernel_version();
	if (target->kernel_version == 0 && target->kconfig_path && !target->kconfig_has_no_version) {
		target->kernel_version = bpfl_kconfig_version(target->kconfig_path);
		target->kconfig_has_no_version = target->kernel_version == 0;
	}
	return target->kernel_version;
}

unsigned bpfl_target_possible_cpus(struct bpfl_target *target)
{
	if (target->nr_possible_cpus == 0)
		target->nr_possible_cpus = target->running ? bpfl_facts_possible_cpus() : 1;
	return target->nr_possible_cpus;
}

unsigned bpfl_target_page_size(struct bpfl_target *target)
{
	if (target->page_size == 0)
		target->page_size = target->running ? bpfl_facts_page_size() : FALLBACK_PAGE_SIZE;
	return target->page_size < FALLBACK_PAGE_SIZE ? FALLBACK_PAGE_SIZE : target->page_size;
}

/* A directory like /sys/kernel/btf: the kernel's own types are those of the file vmlinux. */
static int btf_open_in_dir(struct bpfl_target *target, struct bpfl_btf_search *search, struct bpfl_error *err)
{
	struct bpfl_buf path = BPFL_BUF_INIT;
	int result;

	bpfl_buf_printf(&path, "%s/vmlinux", target->btf_path);
	result = bpfl_buf_ok(&path) ? bpfl_btf_open_kernel_searching(path.data, search, &target->btf, err)
				    : bpfl_error_nomem(err);
	bpfl_buf_deinit(&path);
	return result;
}

static int btf_open(struct bpfl_target *target, struct bpfl_btf_search *search, struct bpfl_error *err)
{
	struct bpfl_error local = BPFL_ERROR_INIT;
	if (!target->btf_path && !target->running) {
		int result = bpfl_error_set(err, BPFL_ERR_UNSUPPORTED, ENOENT,
					    "the described kernel comes without BTF");

		bpfl_error_catalogue(err, 7);
		bpfl_error_fix(err, "name a BTF file of that kernel: --btf FILE");
		return result;
	}
	int result = bpfl_btf_open_kernel_searching(target->btf_path, search, &target->btf, &local);

	if (result == -EISDIR && target->btf_path) {
		bpfl_error_clear(&local);
		return btf_open_in_dir(target, search, err);
	}
	if (err) {
		bpfl_error_clear(err);
		*err = local;
	} else {
		bpfl_error_clear(&local);
	}
	return result;
}

int bpfl_target_btf(struct bpfl_target *target, const struct bpfl_btf **ret_btf, struct bpfl_error *err)
{
	int result = target->btf ? 0 : btf_open(target, NULL, err);

	if (result == 0)
		*ret_btf = target->btf;
	return result;
}

int bpfl_target_search(struct bpfl_target *target, struct bpfl_btf_search *search, struct bpfl_error *err)
{
	if (!target->btf)
		return btf_open(target, search, err);
	return bpfl_btf_search_run(search, target->btf) < 0 ? bpfl_error_nomem(err) : 0;
}
