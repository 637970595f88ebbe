/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * btf/cdecl_types: what a C type in words becomes, without the words. btf/cdecl.c reads the text and calls these.
 *
 * All of them return false when they have complained: the first complaint of a text stays in its error.
 */
#ifndef BPFL_BTF_CDECL_TYPES_H
#define BPFL_BTF_CDECL_TYPES_H

#include "base/buf.h"
#include "base/error.h"
#include "btf/btf.h"
#include "btf/build.h"

#define BPFL_CDECL_MEMBERS_MAX 1024u

/* One text on its way to a type. */
struct bpfl_cdecl {
	const struct bpfl_btf *known; /* may be NULL */
	struct bpfl_btf_builder *builder;
	const char *text, *at;
	int depth;
	struct bpfl_error *err;
	bool failed;
};

/* A type with the two numbers that laying out a struct needs. */
struct bpfl_ctype {
	uint32_t id;
	uint64_t size; /* bytes */
	uint32_t align;
};

/* A struct or union while its members come. */
struct bpfl_cdecl_body {
	bool is_union, is_packed;
	uint64_t bit_off;  /* where the next member may begin */
	uint64_t bit_size; /* of the whole so far */
	uint32_t align;
	bool has_fields;   /* bit-fields */
	BPFL_VEC(struct bpfl_btf_member) members;
	BPFL_VEC(uint8_t) widths; /* of bit-fields; 0: an ordinary member */
};

/* at: where in the text. Always false. */
bool bpfl_cdecl_refuse(struct bpfl_cdecl *p, int errnum, const char *at, const char *fmt, ...) BPFL_PRINTF(4, 5);

uint32_t bpfl_cdecl_info(enum bpfl_btf_kind kind, uint32_t vlen, bool kflag);
bool bpfl_cdecl_add_record(struct bpfl_cdecl *p, const void *record, size_t size, uint32_t *ret_id);
bool bpfl_cdecl_add_string(struct bpfl_cdecl *p, const char *text, uint32_t *ret_off);
/* encoding: BPFL_INT_... */
bool bpfl_cdecl_add_int(struct bpfl_cdecl *p, const char *name, uint32_t size, uint32_t encoding,
			struct bpfl_ctype *ret);
bool bpfl_cdecl_add_float(struct bpfl_cdecl *p, const char *name, uint32_t size, struct bpfl_ctype *ret);
/* type: in, what it points to or has elements of; out, the new type. */
bool bpfl_cdecl_add_ptr(struct bpfl_cdecl *p, struct bpfl_ctype *type);
bool bpfl_cdecl_add_array(struct bpfl_cdecl *p, uint32_t nr_elems, struct bpfl_ctype *type);

/* width: bits, of a bit-field. */
bool bpfl_cdecl_add_member(struct bpfl_cdecl *p, struct bpfl_cdecl_body *body, const char *name,
			   const struct bpfl_ctype *type, bool is_field, uint32_t width);
/* Writes the struct. The caller frees members and widths. */
bool bpfl_cdecl_finish_body(struct bpfl_cdecl *p, struct bpfl_cdecl_body *body, const char *name,
			    struct bpfl_ctype *ret);

#endif
