/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The image: a spec resolved for one target. Every relocation is done; maps are still symbolic, because their
 * file descriptors exist only in a live object. Needs no privileges.
 */
#ifndef BPFLOAD_IMAGE_H
#define BPFLOAD_IMAGE_H

#include "spec.h"
#include "target.h"

#ifdef __cplusplus
extern "C" {
#endif

struct bpfl_image;

/*
 * Resolves spec for target.
 * @spec: read only; must outlive the image and stay unchanged.
 * @target: what the kernel is like; its lazily read parts are filled. Must outlive the image.
 * Return: 0, or -errno. An unset map size is kind USAGE with the option to add; a missing kernel BTF is
 *         UNSUPPORTED (E7).
 */
BPFL_API int bpfl_image_build(const struct bpfl_spec *spec, struct bpfl_target *target, const struct bpfl_log *log,
			      struct bpfl_image **ret_image, struct bpfl_error *err);
/* Frees an image; objects loaded from it must be closed. NULL is fine. */
BPFL_API void bpfl_image_destroy(struct bpfl_image *image);

/*
 * Maps, and each program's final instructions with source lines and resolved names.
 * @ret_text: malloc'ed, NUL-terminated; free() it.
 * Return: 0 or -ENOMEM.
 */
BPFL_API int bpfl_image_text(const struct bpfl_image *image, enum bpfl_format format, char **ret_text,
			     struct bpfl_error *err);

/* ---- the part of a kernel's BTF that objects need ---- */

struct bpfl_btf_min;

/*
 * Collects, for any number of objects, the types of a kernel that their relocations, typed externs and attach
 * targets lead to, and makes a BTF of these alone: an image built with it has the same instructions as one
 * built with the whole. Types of modules are in it as if they were the kernel's own; what has a number that
 * means nothing without its module (functions, bpf_core_type_id_kernel()) is not.
 * @target: whose BTF it is; must outlive the collection.
 * @ret_min: to be given to bpfl_btf_min_destroy().
 * Return: 0; as bpfl_image_build() when the target has no BTF.
 */
BPFL_API int bpfl_btf_min_create(struct bpfl_target *target, struct bpfl_btf_min **ret_min, struct bpfl_error *err);
/* NULL is fine. Bytes that were taken from it stay. */
BPFL_API void bpfl_btf_min_destroy(struct bpfl_btf_min *min);
/* Adds an object, as it would be loaded (selected programs). Return: 0, or as bpfl_image_build(). */
BPFL_API int bpfl_btf_min_add(struct bpfl_btf_min *min, const struct bpfl_spec *spec, const struct bpfl_log *log,
			      struct bpfl_error *err);
/*
 * The BTF as it is to be written to a file, in the byte order of the kernel. Type ids are new, unless an object uses
 * ids of the kernel as such (typed externs, attach targets bound by BTF): then they stay, and the result is larger.
 * @ret_bytes: malloc'ed, *ret_size bytes; free() it.
 * Return: 0 or -ENOMEM.
 */
BPFL_API int bpfl_btf_min_finish(struct bpfl_btf_min *min, void **ret_bytes, size_t *ret_size, struct bpfl_error *err);

#ifdef __cplusplus
}
#endif

#endif
