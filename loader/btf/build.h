/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * btf/build: a changed copy of an object's BTF, one type for one type.
 *
 * What goes into BPF_BTF_LOAD differs from what stands in the file (data sections get sizes and offsets, extern
 * sections are rewritten, old kernels do not know new kinds). All of that keeps the number and order of types,
 * so ids stay valid. A builder starts as a copy; types are replaced; strings are added at the end; the result
 * is a new blob.
 */
#ifndef BPFL_BTF_BUILD_H
#define BPFL_BTF_BUILD_H

#include "btf/btf.h"

struct bpfl_btf_builder;

int bpfl_btf_builder_create(const struct bpfl_btf *btf, struct bpfl_btf_builder **ret_builder, struct bpfl_error *err);
/* An empty one (only void): for BTF that is made from nothing. */
int bpfl_btf_builder_create_empty(struct bpfl_btf_builder **ret_builder, struct bpfl_error *err);
/* Room for so many types and bytes in all: for those who know beforehand how much comes. 0 or -ENOMEM. */
int bpfl_btf_builder_reserve(struct bpfl_btf_builder *builder, size_t nr_types, size_t types_size, size_t strings_size);
void bpfl_btf_builder_destroy(struct bpfl_btf_builder *builder);

uint32_t bpfl_btf_builder_nr_types(const struct bpfl_btf_builder *builder);
/*
 * The record as it is now: may be edited in place as long as its length stays. Valid until the next
 * replace, add or finish.
 */
struct bpfl_btf_type *bpfl_btf_builder_type(struct bpfl_btf_builder *builder, uint32_t type_id);
/* The text at a name offset of the copy, including strings added since. */
const char *bpfl_btf_builder_string(const struct bpfl_btf_builder *builder, uint32_t name_off);
/* Replaces a record by size bytes (a header and what follows). */
int bpfl_btf_builder_replace(struct bpfl_btf_builder *builder, uint32_t type_id, const void *record, size_t size_bytes);
/* Adds a record at the end; >= 0: its id. */
int bpfl_btf_builder_add(struct bpfl_btf_builder *builder, const void *record, size_t size_bytes);
/* >= 0: the offset of text, added if it was not there. */
int bpfl_btf_builder_string_add(struct bpfl_btf_builder *builder, const char *text);
/* The same without looking for it: for texts that are known to be there once. */
int bpfl_btf_builder_string_append(struct bpfl_btf_builder *builder, const char *text);
/* The finished blob (native byte order, 24-byte header), malloc'ed. The builder stays usable. */
int bpfl_btf_builder_finish(const struct bpfl_btf_builder *builder, void **ret_bytes, size_t *ret_size);
/* The same without copying the strings: the builder, which has no base, may only be destroyed afterwards. */
int bpfl_btf_builder_take(struct bpfl_btf_builder *builder, void **ret_bytes, size_t *ret_size);
/* Turns such a blob into the other byte order, in place. */
void bpfl_btf_blob_swap(void *bytes, size_t size);
/* The text at a name offset of such a blob; "" outside. Borrowed from the blob. */
const char *bpfl_btf_blob_string(const void *bytes, size_t size, uint32_t name_off);

#endif
