/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * image: spec x target.
 *
 * bpfl_image_build() is the table of contents of this room: one line per pass, in their order.
 *
 *   progs_select        which programs, under which names                        (here)
 *   struct_ops          values of struct_ops maps; which of their programs       (struct_ops.c)
 *   flatten             subprograms behind their callers, calls computed         (subprog.c)
 *   maps_mark           which maps anybody needs                                 (map_need.c)
 *   maps_resolve        sizes, flags and names of those for this kernel          (map.c)
 *   core_apply          CO-RE: field offsets, sizes, existence of this kernel    (core_*.c)
 *   extern_resolve      kernel configuration, kernel symbols, kernel functions   (extern.c)
 *   refs                references to maps become fixups                         (refs.c)
 *   attach_targets      BTF ids of the functions that programs are bound to      (attach_target.c)
 *   freplace            the same, in the types of another loaded program         (freplace.c)
 *   lineinfo            function and line tables of the final stream             (lineinfo.c)
 *   btf                 the BTF that goes along                                  (btf_load.c)
 *   finish              annotations are left behind, bare instructions remain    (here)
 *
 * Nothing here needs a privilege or changes the spec; the kernel's BTF is opened by the first pass that asks
 * for it, if any does.
 */
#include "image/image.h"

#include <errno.h>
#include <stdlib.h>
#include "image/core.h"
#include "image/core_match.h"
#include "image/passes.h"

static int image_create(const struct bpfl_spec *spec, struct bpfl_image **ret_image, struct bpfl_error *err)
{
	struct bpfl_image *image = calloc(1, sizeof(*image));

	if (!image)
		return bpfl_error_nomem(err);
	image->spec = spec;
	image->maps = calloc(spec->maps.nr ? spec->maps.nr : 1, sizeof(*image->maps));
	image->progs = calloc(spec->progs.nr ? spec->progs.nr : 1, sizeof(*image->progs));
	if (!image->maps || !image->progs) {
		bpfl_image_destroy(image);
		return bpfl_error_nomem(err);
	}
	*ret_image = image;
	return 0;
}

static void image_prog_deinit(struct bpfl_image_prog *prog)
{
	for (size_t i = 0; i < prog->core_results.nr; i++)
		free(prog->core_results.items[i].text);
	free(prog->core_results.items);
	free(prog->subprogs.items);
	free(prog->line_info.items);
	free(prog->func_info.items);
	free(prog->fixups.items);
	free(prog->jump_tables.items);
	free(prog->insns);
	free(prog->insts);
}

void bpfl_image_destroy(struct bpfl_image *image)
{
	if (!image)
		return;
	for (size_t i = 0; i < image->nr_progs; i++)
		image_prog_deinit(&image->progs[i]);
	for (size_t i = 0; i < image->spec->maps.nr && image->maps; i++)
		bpfl_image_map_deinit(&image->maps[i]);
	if (image->core)
		bpfl_core_solver_deinit(image->core);
	free(image->core);
	free(image->module_btf_ids.items);
	free(image->btf_bytes);
	free(image->btf_ids);
	free(image->progs);
	free(image->maps);
	free(image);
}

/* A program of unknown type may stand in a file, but cannot be loaded (E9). */
static int progs_select(struct bpfl_image *image, struct bpfl_error *err)
{
	const struct bpfl_spec *spec = image->spec;

	for (uint32_t i = 0; i < spec->progs.nr; i++) {
		if (!spec->progs.items[i].selected)
			continue;
		if (spec->progs.items[i].prog_type == BPFL_PROG_UNSPEC)
			return bpfl_spec_prog_type_error(spec, i, err);
		struct bpfl_image_prog *prog = &image->progs[image->nr_progs++];
		prog->prog_idx = i;
		prog->attach_type = spec->progs.items[i].attach_type;
		bpfl_kernel_name(prog->kernel_name, "", 0, spec->progs.items[i].name);
	}
	return 0;
}

static int fixup_compare(const void *a, const void *b)
{
	const struct bpfl_fixup *x = a, *y = b;

	return x->insn_idx < y->insn_idx ? -1 : x->insn_idx > y->insn_idx;
}

static int core_result_compare(const void *a, const void *b)
{
	const struct bpfl_core_result *x = a, *y = b;

	return x->insn_idx < y->insn_idx ? -1 : x->insn_idx > y->insn_idx;
}

/* Passes mostly leave their tables in order, and qsort() takes memory. */
static void sort(void *items, size_t nr, size_t item_size, int (*compare)(const void *a, const void *b))
{
	const char *bytes = items;

	for (size_t i = 1; i < nr; i++) {
		if (compare(bytes + (i - 1) * item_size, bytes + i * item_size) > 0) {
			qsort(items, nr, item_size, compare);
			return;
		}
	}
}

static bool map_uses_btf(const struct bpfl_image_map *map)
{
	return map->key_type_id != 0 || map->value_type_id != 0 || (map->inner && map_uses_btf(map->inner));
}

/* Bare instructions out of annotated ones, and the tables of a program in the order of its instructions. */
static int prog_finish(struct bpfl_image_prog *prog)
{
	prog->insns = malloc(prog->nr_insts * sizeof(*prog->insns));
	if (!prog->insns)
		return -ENOMEM;
	for (uint32_t i = 0; i < prog->nr_insts; i++)
		prog->insns[i] = prog->insts[i].insn;
	prog->nr_insns = prog->nr_insts;
	sort(prog->fixups.items, prog->fixups.nr, sizeof(*prog->fixups.items), fixup_compare);
	sort(prog->core_results.items, prog->core_results.nr, sizeof(*prog->core_results.items), core_result_compare);
	return 0;
}

static int finish(struct bpfl_image *image, struct bpfl_error *err)
{
	for (size_t i = 0; i < image->nr_progs; i++) {
		struct bpfl_image_prog *prog = &image->progs[i];

		if (prog_finish(prog) < 0)
			return bpfl_error_nomem(err);
		if (prog->func_info.nr > 0 || prog->line_info.nr > 0)
			image->btf_needed = true;
	}
	for (size_t i = 0; i < image->spec->maps.nr; i++) {
		if (image->maps[i].needed &&
		    (map_uses_btf(&image->maps[i]) || image->maps[i].kernel_value_type_id != 0))
			image->btf_needed = true;
	}
	return 0;
}

int bpfl_image_begin(const struct bpfl_spec *spec, struct bpfl_image **ret_image, struct bpfl_error *err)
{
	struct bpfl_image *image = NULL;
	int result = image_create(spec, &image, err);

	if (result == 0)
		result = progs_select(image, err);
	if (result < 0) {
		bpfl_image_destroy(image);
		return result;
	}
	*ret_image = image;
	return 0;
}

static int passes_run(struct bpfl_image *image, struct bpfl_target *target, const struct bpfl_log *log,
		      struct bpfl_error *err)
{
	int result = bpfl_image_struct_ops(image, target, log, err);

	if (result == 0)
		result = bpfl_image_flatten(image, err);
	if (result == 0)
		result = bpfl_image_maps_mark(image, err);
	if (result == 0)
		result = bpfl_image_maps_resolve(image, target, log, err);
	if (result == 0)
		result = bpfl_core_apply(image->spec, target, image, log, err);
	if (result == 0)
		result = bpfl_extern_resolve(image->spec, target, image, log, err);
	if (result == 0)
		result = bpfl_image_refs(image, err);
	if (result == 0)
		result = bpfl_image_attach_targets(image, target, err);
	if (result == 0)
		result = bpfl_image_attach_progs(image, target, err);
	if (result == 0)
		result = bpfl_image_lineinfo(image, log, err);
	if (result == 0)
		result = bpfl_image_btf(image, err);
	if (result == 0)
		result = finish(image, err);
	return result;
}

int bpfl_image_build(const struct bpfl_spec *spec, struct bpfl_target *target, const struct bpfl_log *log,
		     struct bpfl_image **ret_image, struct bpfl_error *err)
{
	const struct bpfl_btf *kernel_btf;
	struct bpfl_image *image = NULL;
	int result = bpfl_image_begin(spec, &image, err);

	if (result == 0)
		result = passes_run(image, target, log, err);
	/* A file that was named has to be what it is taken for, also when this object can do without. */
	if (result == 0 && target->btf_path)
		result = bpfl_target_btf(target, &kernel_btf, err);
	if (result < 0) {
		bpfl_image_destroy(image);
		bpfl_spec_error_prefix(spec, err);
		return result;
	}
	*ret_image = image;
	return 0;
}
