/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * btf/cdecl: a C type in words -> BTF.
 *
 * For event types that an object does not carry: "struct {u32 pid; char comm[16];}". Known are the basic types
 * of C in any spelling, stdint and kernel names (u32, __u32, __be16, uint32_t, pid_t, size_t), bool, pointers,
 * arrays (also of arrays, and without a length at the end), bit-fields, nested and anonymous structs and
 * unions, enums with values, __attribute__((packed)), comments, and by name the structs, unions, enums and
 * typedefs of the object; lengths may be its enumerators or TASK_COMM_LEN and the like. Layout is that of BPF programs:
 * 64-bit pointers and longs.
 */
#ifndef BPFL_BTF_CDECL_H
#define BPFL_BTF_CDECL_H

#include "btf/btf.h"

/*
 * @known: types to refer to by name; NULL: none.
 * @text: one type, nothing after it but blanks and one ';'.
 * @ret_btf: the types of known under their old ids, and the new ones behind them: own memory, for bpfl_btf_destroy().
 * Return: 0; -EINVAL or -ENOENT (kind USAGE) with the place in the text; -ENOMEM.
 */
int bpfl_cdecl_read(const struct bpfl_btf *known, const char *text, struct bpfl_btf **ret_btf, uint32_t *ret_type_id,
		    struct bpfl_error *err);

#endif
