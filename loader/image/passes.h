/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * image/passes: the steps from a spec to an image, in the order in which image.c takes them.
 *
 * Each pass reads the spec and what the passes before it left in the image. All of them return 0 or -errno
 * with the error filled.
 */
#ifndef BPFL_IMAGE_PASSES_H
#define BPFL_IMAGE_PASSES_H

#include "image/image.h"
#include "image/target.h"

/* image.c: an image with its programs chosen and named, and nothing else done. */
int bpfl_image_begin(const struct bpfl_spec *spec, struct bpfl_image **ret_image, struct bpfl_error *err);

/* A kernel name: at most 15 bytes of [A-Za-z0-9_.], anything else as '_'. prefix may be "". */
void bpfl_kernel_name(char out[16], const char *prefix, size_t prefix_max, const char *name);

/* subprog.c: one instruction list per selected program, callees behind it, calls and callback addresses
 * computed. */
int bpfl_image_flatten(struct bpfl_image *image, struct bpfl_error *err);

/*
 * struct_ops.c: values of struct_ops maps in the kernel's layout, what their programs are loaded for; drops
 * programs that no struct wants.
 */
int bpfl_image_struct_ops(struct bpfl_image *image, struct bpfl_target *target, const struct bpfl_log *log,
			  struct bpfl_error *err);

/*
 * The same for one map, member by member, without an effect on the map; the programs of members that fit are
 * bound as above. there: the kernel's struct has a member of that name; refusal: NULL, or what loading would
 * say. prog_idx: of the program that the object put there, or BPFL_NO_IDX. A return of each() other than 0 ends
 * it and is returned. Errors of the map as a whole, and what no kernel would take, are returned as above.
 */
typedef int (*bpfl_ops_member_fn)(void *ctx, const char *name, int32_t prog_idx, bool there,
				  const struct bpfl_error *refusal);
int bpfl_image_struct_ops_each(struct bpfl_image *image, size_t map_idx, struct bpfl_target *target,
			       bpfl_ops_member_fn each, void *ctx, struct bpfl_error *err);

/* map_need.c: which maps are to be created. Needs the flat programs. */
int bpfl_image_maps_mark(struct bpfl_image *image, struct bpfl_error *err);
/* map.c: sizes, flags, names and initial values of the needed maps, for this target. */
int bpfl_image_maps_resolve(struct bpfl_image *image, struct bpfl_target *target, const struct bpfl_log *log,
			    struct bpfl_error *err);
void bpfl_image_map_deinit(struct bpfl_image_map *map);

/* refs.c: map and map-value references become fixups. */
int bpfl_image_refs(struct bpfl_image *image, struct bpfl_error *err);

/* lineinfo.c: func_info and line_info of each flat program. */
int bpfl_image_lineinfo(struct bpfl_image *image, const struct bpfl_log *log, struct bpfl_error *err);

/* attach_target.c: ids of the kernel functions that fentry, tp_btf, lsm and iter programs are loaded for. */
int bpfl_image_attach_targets(struct bpfl_image *image, struct bpfl_target *target, struct bpfl_error *err);

/*
 * attach_prog.c: ids of the functions of loaded programs that freplace programs take the place of, and that
 * fentry programs look at.
 */
int bpfl_image_attach_progs(struct bpfl_image *image, struct bpfl_target *target, struct bpfl_error *err);

/* btf_load.c: the BTF blob. */
int bpfl_image_btf(struct bpfl_image *image, struct bpfl_error *err);

#endif
