/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * btfc: types from a line of C, so that a table of test cases can be read.
 *
 *     btf = btfc_read("struct s { u32 a; struct { u64 b; }; u32 c : 3; struct s *next; char comm[16]; };", false);
 *
 * Known: struct, union, enum and enum64 ("enum e { A = 1, B }", "enum e : 8 { ... }", "enum e : s4 { ... }" for
 * size and sign), typedef, const, volatile, pointers, arrays, bit-fields, anonymous members, functions ("func
 * f(u32, struct s *) u32;"), variables ("var u32 x;"). Basic types are void, bool, char, u8..u64, s8..s64,
 * float and double. Layout is that of a 64-bit machine. A struct that has not been defined yet is a forward
 * declaration. Anything else aborts the test.
 */
#ifndef BPFL_TESTS_BTFC_H
#define BPFL_TESTS_BTFC_H

#include "btf/btf.h"

/* swap: written in the other byte order, as a foreign object would have it. To be destroyed with bpfl_btf_destroy(). */
struct bpfl_btf *btfc_read(const char *text, bool swap);
/* The id of "struct s", "enum e", "typedef t" or "func f"; aborts when there is none. */
uint32_t btfc_id(const struct bpfl_btf *btf, const char *what);

#endif
