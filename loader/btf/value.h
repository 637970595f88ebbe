/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * btf/value: bytes + type <-> text.
 *
 * Printing is for map contents and events, reading for --set VAR=VALUE. Both know ints (bool, char, signed),
 * enums by name, structs, unions, arrays, bit-fields, floats, pointers (as hex) and char arrays as strings.
 * Bytes are in this machine's byte order.
 */
#ifndef BPFL_BTF_VALUE_H
#define BPFL_BTF_VALUE_H

#include "base/json.h"
#include "btf/btf.h"

/*
 * Writes the value of a type as text: "{pid=12,comm=\"bash\",args=[1,2]}". Bytes missing at the end (size
 * smaller than the type) are marked
 * "<cut>", more than 8 MB or a million values "<more>". Members that are the kernel's only are left out. 0,
 * -EINVAL for a type without values (void, function), -ENOMEM. */
int bpfl_btf_value_text(const struct bpfl_btf *btf, uint32_t type_id, const void *bytes, size_t size,
			struct bpfl_buf *out);
/* The same as JSON. 64-bit integers are numbers; wider ones and pointers are strings in hexadecimal. */
int bpfl_btf_value_json(const struct bpfl_btf *btf, uint32_t type_id, const void *bytes, size_t size,
			struct bpfl_json *json);

/*
 * Whether it is a lock, a timer, a list head, a pointer to a kernel object or the like, or an array of them:
 * such things in values of maps are the kernel's, which shows zeroes in their place.
 */
bool bpfl_btf_is_kernel_only(const struct bpfl_btf *btf, uint32_t type_id);

/*
 * Finds what a path names below a type: "" itself, ".port", "[2].name", ".cfg.mode". type_id may be a VAR (its
 * type is meant) or a DATASEC (".variable").
 * Byte offset, type and, for a bit-field, its bit offset and size (else 0). -EINVAL, -ERANGE, -ENOENT (kind
 * USAGE, near names in fix).
 */
struct bpfl_btf_place {
	uint32_t type_id;
	uint32_t byte_off;
	uint32_t bit_off; /* from byte_off, in memory order of this machine */
	uint32_t bit_size; /* 0: not a bit-field */
};
int bpfl_btf_place_find(const struct bpfl_btf *btf, uint32_t type_id, const char *path,
			struct bpfl_btf_place *ret_place, struct bpfl_error *err);

/*
 * The number at a place of bytes: integers, bool, bit-fields, enumerators, pointers; false for anything else, for more
 * than 64 bits, and when the bytes (size of them) end before it.
 */
bool bpfl_btf_place_number(const struct bpfl_btf *btf, const struct bpfl_btf_place *place, const void *bytes,
			   size_t size, uint64_t *ret_value, bool *ret_signed);

/*
 * Parses text as a value of the place's type and stores it into bytes (of size size, holding the root type).
 * Numbers are range-checked against size and sign; enums by name or number; bool by true/false/0/1; char arrays
 * as strings (too long is an error; the rest is zeroed); "{a=1,b=[1,2]}" for composites, whose members and
 * elements that are not named become zero; 'c' for a char; "10s"/"5ms" for integers whose variable's name ends
 * in _ns (name given), for a name NULL never. bytes are unchanged when it fails: -EINVAL, -ERANGE, -ENOENT
 * (kind USAGE).
 */
int bpfl_btf_place_set(const struct bpfl_btf *btf, const struct bpfl_btf_place *place, const char *name,
		       const char *text, void *bytes, size_t size, struct bpfl_error *err);

#endif
