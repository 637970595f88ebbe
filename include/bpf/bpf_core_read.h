/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * CO-RE: reading kernel structures whose layout is known only on the machine that loads.
 *
 * The compiler knows the layout of one kernel. For each access through the builtins below it
 * also leaves a record in .BTF.ext: which instruction holds a number (an offset, a size, an
 * answer), and which field, type or enumerator that number is about. The loader looks the same
 * thing up in the BTF of the running kernel and writes the right number into the instruction.
 *
 * The numbers in the enums below are the record kinds as compiler and loader know them.
 */
#ifndef BPFLOAD_BPF_CORE_READ_H
#define BPFLOAD_BPF_CORE_READ_H

#include "bpf_helpers.h"

/* for __builtin_preserve_field_info */
enum bpf_field_info_kind {
	BPF_FIELD_BYTE_OFFSET = 0,
	BPF_FIELD_BYTE_SIZE = 1,
	BPF_FIELD_EXISTS = 2,
	BPF_FIELD_SIGNED = 3,
	BPF_FIELD_LSHIFT_U64 = 4,
	BPF_FIELD_RSHIFT_U64 = 5,
};

/* for __builtin_btf_type_id */
enum bpf_type_id_kind {
	BPF_TYPE_ID_LOCAL = 0,
	BPF_TYPE_ID_TARGET = 1,
};

/* for __builtin_preserve_type_info */
enum bpf_type_info_kind {
	BPF_TYPE_EXISTS = 0,
	BPF_TYPE_SIZE = 1,
	BPF_TYPE_MATCHES = 2,
};

/* for __builtin_preserve_enum_value */
enum bpf_enum_value_kind {
	BPF_ENUMVAL_EXISTS = 0,
	BPF_ENUMVAL_VALUE = 1,
};

/* ---- questions about fields ---- */

/* A field is named as an expression (p->a.b) or as type and member (struct x, a.b). */
#define BPF_CORE_FIELD_1(expression) (expression)
#define BPF_CORE_FIELD_2(type, member) (((typeof(type) *)0)->member)
#define BPF_CORE_FIELD(field...) BPF_JOIN(BPF_CORE_FIELD_, BPF_NARGS(field))(field)

/* 1 or 0; the other two answers are for code that runs only if the field exists */
#define bpf_core_field_exists(field...) \
	__builtin_preserve_field_info(BPF_CORE_FIELD(field), BPF_FIELD_EXISTS)
#define bpf_core_field_size(field...) \
	__builtin_preserve_field_info(BPF_CORE_FIELD(field), BPF_FIELD_BYTE_SIZE)
#define bpf_core_field_offset(field...) \
	__builtin_preserve_field_info(BPF_CORE_FIELD(field), BPF_FIELD_BYTE_OFFSET)

/* ---- questions about types ---- */

/*
 * The builtins want an object of the type and never touch it, so one at address 0 will do.
 * typeof() lets the type be any type name, such as a pointer to a function.
 */
#define BPF_CORE_OBJECT(type) (*(typeof(type) *)0)

#define bpf_core_type_id_local(type) \
	__builtin_btf_type_id(BPF_CORE_OBJECT(type), BPF_TYPE_ID_LOCAL)
#define bpf_core_type_id_kernel(type) \
	__builtin_btf_type_id(BPF_CORE_OBJECT(type), BPF_TYPE_ID_TARGET)
#define bpf_core_type_exists(type) \
	__builtin_preserve_type_info(BPF_CORE_OBJECT(type), BPF_TYPE_EXISTS)
#define bpf_core_type_matches(type) \
	__builtin_preserve_type_info(BPF_CORE_OBJECT(type), BPF_TYPE_MATCHES)
#define bpf_core_type_size(type) \
	__builtin_preserve_type_info(BPF_CORE_OBJECT(type), BPF_TYPE_SIZE)

/* ---- questions about enumerators ---- */

/* clang reads the enumerator out of an expression of exactly this shape; gcc takes it as is */
#ifdef __clang__
#define BPF_CORE_ENUM(enum_type, value, kind) \
	__builtin_preserve_enum_value(*(typeof(enum_type) *)value, kind)
#else
#define BPF_CORE_ENUM(enum_type, value, kind) \
	__builtin_preserve_enum_value((typeof(enum_type))value, value, kind)
#endif

#define bpf_core_enum_value_exists(enum_type, value) \
	BPF_CORE_ENUM(enum_type, value, BPF_ENUMVAL_EXISTS)
#define bpf_core_enum_value(enum_type, value) \
	BPF_CORE_ENUM(enum_type, value, BPF_ENUMVAL_VALUE)

/* ---- one read ---- */

/*
 * dst and size say where to, src is the address of a field and is relocated. These are macros,
 * not functions, since the relocation belongs to the expression that the caller wrote.
 */
#define BPF_CORE_ADDRESS(src) ((const void *)__builtin_preserve_access_index(src))

#define bpf_core_read(dst, size, src) \
	bpf_probe_read_kernel(dst, size, BPF_CORE_ADDRESS(src))
#define bpf_core_read_user(dst, size, src) \
	bpf_probe_read_user(dst, size, BPF_CORE_ADDRESS(src))
#define bpf_core_read_str(dst, size, src) \
	bpf_probe_read_kernel_str(dst, size, BPF_CORE_ADDRESS(src))
#define bpf_core_read_user_str(dst, size, src) \
	bpf_probe_read_user_str(dst, size, BPF_CORE_ADDRESS(src))

/*
 * A pointer that the verifier takes as a read-only one to a kernel type: fields are then read
 * by plain C. Linux 6.2.
 */
extern void *bpf_rdonly_cast(const void *obj, __u32 btf_id) __ksym __weak;
#define bpf_core_cast(ptr, type) \
	((typeof(type) *)bpf_rdonly_cast((ptr), bpf_core_type_id_kernel(type)))

/* ---- a chain of reads ---- */

/*
 * BPF_CORE_READ(task, real_parent, mm, owner) is task->real_parent->mm->owner with a helper call
 * for each arrow. BPF_HOP_n takes n field names: it reads the first one, a pointer, into a
 * variable of its own and hands the rest to BPF_HOP_n-1. The value at the end of the chain is
 * read by `last`, the pointers on the way by `hop`; both are called as (dst, size, address).
 * The result is that of the last read.
 */
/* A field may be const, the variable that receives a copy of it may not. */
#if __clang_major__ >= 19 || __GNUC__ >= 14
#define BPF_UNQUALIFIED(expression) __typeof_unqual__(expression)
#else
#define BPF_UNQUALIFIED(expression) typeof(expression)
#endif

#define BPF_HOP_1(hop, last, dst, src, a) last((void *)(dst), sizeof(*(dst)), &(src)->a)
#define BPF_HOP_VAR(n, hop, src, a) \
	BPF_UNQUALIFIED((src)->a) hop_##n; \
	hop((void *)&hop_##n, sizeof(hop_##n), &(src)->a)
#define BPF_HOP_2(hop, last, dst, src, a, rest...) \
	({ BPF_HOP_VAR(2, hop, src, a); BPF_HOP_1(hop, last, dst, hop_2, rest); })
#define BPF_HOP_3(hop, last, dst, src, a, rest...) \
	({ BPF_HOP_VAR(3, hop, src, a); BPF_HOP_2(hop, last, dst, hop_3, rest); })
#define BPF_HOP_4(hop, last, dst, src, a, rest...) \
	({ BPF_HOP_VAR(4, hop, src, a); BPF_HOP_3(hop, last, dst, hop_4, rest); })
#define BPF_HOP_5(hop, last, dst, src, a, rest...) \
	({ BPF_HOP_VAR(5, hop, src, a); BPF_HOP_4(hop, last, dst, hop_5, rest); })
#define BPF_HOP_6(hop, last, dst, src, a, rest...) \
	({ BPF_HOP_VAR(6, hop, src, a); BPF_HOP_5(hop, last, dst, hop_6, rest); })
#define BPF_HOP_7(hop, last, dst, src, a, rest...) \
	({ BPF_HOP_VAR(7, hop, src, a); BPF_HOP_6(hop, last, dst, hop_7, rest); })
#define BPF_HOP_8(hop, last, dst, src, a, rest...) \
	({ BPF_HOP_VAR(8, hop, src, a); BPF_HOP_7(hop, last, dst, hop_8, rest); })
#define BPF_HOP_9(hop, last, dst, src, a, rest...) \
	({ BPF_HOP_VAR(9, hop, src, a); BPF_HOP_8(hop, last, dst, hop_9, rest); })
#define BPF_HOP_10(hop, last, dst, src, a, rest...) \
	({ BPF_HOP_VAR(10, hop, src, a); BPF_HOP_9(hop, last, dst, hop_10, rest); })
#define BPF_CHAIN(hop, last, dst, src, fields...) \
	BPF_JOIN(BPF_HOP_, BPF_NARGS(fields))(hop, last, dst, src, fields)

/* src->a->b->c as one expression, for its type only */
#define BPF_ARROW_1(src, a) (src)->a
#define BPF_ARROW_2(src, a, rest...) BPF_ARROW_1((src)->a, rest)
#define BPF_ARROW_3(src, a, rest...) BPF_ARROW_2((src)->a, rest)
#define BPF_ARROW_4(src, a, rest...) BPF_ARROW_3((src)->a, rest)
#define BPF_ARROW_5(src, a, rest...) BPF_ARROW_4((src)->a, rest)
#define BPF_ARROW_6(src, a, rest...) BPF_ARROW_5((src)->a, rest)
#define BPF_ARROW_7(src, a, rest...) BPF_ARROW_6((src)->a, rest)
#define BPF_ARROW_8(src, a, rest...) BPF_ARROW_7((src)->a, rest)
#define BPF_ARROW_9(src, a, rest...) BPF_ARROW_8((src)->a, rest)
#define BPF_ARROW_10(src, a, rest...) BPF_ARROW_9((src)->a, rest)
#define BPF_ARROW_TYPE(src, fields...) \
	BPF_UNQUALIFIED(BPF_JOIN(BPF_ARROW_, BPF_NARGS(fields))(src, fields))

#define BPF_CHAIN_VALUE(read, src, fields...) ({ \
	BPF_ARROW_TYPE(src, fields) bpf_value; \
	BPF_CHAIN(read, read, &bpf_value, src, fields); \
	bpf_value; \
})

/* BPF_CORE_READ: relocated. _USER: the memory is of the user, the types are the kernel's. */
#define BPF_CORE_READ(src, fields...) BPF_CHAIN_VALUE(bpf_core_read, src, fields)
#define BPF_CORE_READ_USER(src, fields...) BPF_CHAIN_VALUE(bpf_core_read_user, src, fields)
#define BPF_CORE_READ_INTO(dst, src, fields...) \
	BPF_CHAIN(bpf_core_read, bpf_core_read, dst, src, fields)
#define BPF_CORE_READ_USER_INTO(dst, src, fields...) \
	BPF_CHAIN(bpf_core_read_user, bpf_core_read_user, dst, src, fields)
#define BPF_CORE_READ_STR_INTO(dst, src, fields...) \
	BPF_CHAIN(bpf_core_read, bpf_core_read_str, dst, src, fields)
#define BPF_CORE_READ_USER_STR_INTO(dst, src, fields...) \
	BPF_CHAIN(bpf_core_read_user, bpf_core_read_user_str, dst, src, fields)

/* BPF_PROBE_READ: the same without relocation, for types that never change (UAPI, own ones). */
#define BPF_PROBE_READ(src, fields...) BPF_CHAIN_VALUE(bpf_probe_read_kernel, src, fields)
#define BPF_PROBE_READ_USER(src, fields...) BPF_CHAIN_VALUE(bpf_probe_read_user, src, fields)
#define BPF_PROBE_READ_INTO(dst, src, fields...) \
	BPF_CHAIN(bpf_probe_read_kernel, bpf_probe_read_kernel, dst, src, fields)
#define BPF_PROBE_READ_USER_INTO(dst, src, fields...) \
	BPF_CHAIN(bpf_probe_read_user, bpf_probe_read_user, dst, src, fields)
#define BPF_PROBE_READ_STR_INTO(dst, src, fields...) \
	BPF_CHAIN(bpf_probe_read_kernel, bpf_probe_read_kernel_str, dst, src, fields)
#define BPF_PROBE_READ_USER_STR_INTO(dst, src, fields...) \
	BPF_CHAIN(bpf_probe_read_user, bpf_probe_read_user_str, dst, src, fields)

/* ---- bit fields ---- */

/*
 * Five relocated numbers describe a bit field: the byte offset and size of the integer that holds
 * it, two shifts, and a sign. The integer, zero-extended to 64 bits, is shifted left until the
 * field is at the top, and right (with or without sign) until it is at the bottom.
 */
#define BPF_BITFIELD_INFO(src, field, kind) __builtin_preserve_field_info((src)->field, kind)

#define BPF_BITFIELD_VALUE(src, field, raw) ({ \
	unsigned long long bpf_at_top = (raw) << BPF_BITFIELD_INFO(src, field, BPF_FIELD_LSHIFT_U64); \
	BPF_BITFIELD_INFO(src, field, BPF_FIELD_SIGNED) \
		? (unsigned long long)((long long)bpf_at_top >> \
				       BPF_BITFIELD_INFO(src, field, BPF_FIELD_RSHIFT_U64)) \
		: bpf_at_top >> BPF_BITFIELD_INFO(src, field, BPF_FIELD_RSHIFT_U64); \
})

/*
 * The address is hidden behind a barrier: were the compiler to fold the relocated offset into a
 * load, the loader would find a relocation of an offset on an instruction of another kind.
 */
#define BPF_BITFIELD_ADDRESS(src, field) ({ \
	void *bpf_address = (void *)(src) + BPF_BITFIELD_INFO(src, field, BPF_FIELD_BYTE_OFFSET); \
	barrier_var(bpf_address); \
	bpf_address; \
})

/* for memory that the program may read directly */
#define BPF_CORE_READ_BITFIELD(src, field) ({ \
	const void *bpf_holder = BPF_BITFIELD_ADDRESS(src, field); \
	unsigned long long bpf_raw = 0; \
	switch (BPF_BITFIELD_INFO(src, field, BPF_FIELD_BYTE_SIZE)) { \
	case 1: bpf_raw = *(const unsigned char *)bpf_holder; break; \
	case 2: bpf_raw = *(const unsigned short *)bpf_holder; break; \
	case 4: bpf_raw = *(const unsigned int *)bpf_holder; break; \
	case 8: bpf_raw = *(const unsigned long long *)bpf_holder; break; \
	} \
	BPF_BITFIELD_VALUE(src, field, bpf_raw); \
})

/* for any kernel memory, by bpf_probe_read_kernel; on big-endian the low bytes come last */
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define BPF_LOW_BYTES(value, size) ((void *)&(value))
#else
#define BPF_LOW_BYTES(value, size) ((void *)&(value) + sizeof(value) - (size))
#endif
#define BPF_CORE_READ_BITFIELD_PROBED(src, field) ({ \
	__u32 bpf_holder_size = BPF_BITFIELD_INFO(src, field, BPF_FIELD_BYTE_SIZE); \
	unsigned long long bpf_raw = 0; \
	bpf_probe_read_kernel(BPF_LOW_BYTES(bpf_raw, bpf_holder_size), bpf_holder_size, \
			      BPF_BITFIELD_ADDRESS(src, field)); \
	BPF_BITFIELD_VALUE(src, field, bpf_raw); \
})

/*
 * for memory that the program may write. The mask is the field's ones: all ones, shifted to the
 * field's width by rshift and from the top of 64 bits to its place in the holder by the rest.
 */
#define BPF_CORE_WRITE_BITFIELD(src, field, new_value) ({ \
	void *bpf_holder = BPF_BITFIELD_ADDRESS(src, field); \
	unsigned int bpf_lshift = BPF_BITFIELD_INFO(src, field, BPF_FIELD_LSHIFT_U64); \
	unsigned int bpf_rshift = BPF_BITFIELD_INFO(src, field, BPF_FIELD_RSHIFT_U64); \
	unsigned long long bpf_mask = (~0ULL << bpf_rshift) >> bpf_lshift; \
	unsigned long long bpf_bits = \
		((unsigned long long)(new_value) << bpf_rshift) >> bpf_lshift; \
	switch (BPF_BITFIELD_INFO(src, field, BPF_FIELD_BYTE_SIZE)) { \
	case 1: BPF_BITFIELD_STORE(unsigned char, bpf_holder, bpf_mask, bpf_bits); break; \
	case 2: BPF_BITFIELD_STORE(unsigned short, bpf_holder, bpf_mask, bpf_bits); break; \
	case 4: BPF_BITFIELD_STORE(unsigned int, bpf_holder, bpf_mask, bpf_bits); break; \
	case 8: BPF_BITFIELD_STORE(unsigned long long, bpf_holder, bpf_mask, bpf_bits); break; \
	} \
})
#define BPF_BITFIELD_STORE(type, holder, mask, bits) \
	(*(type *)(holder) = (type)((*(type *)(holder) & ~(mask)) | ((bits) & (mask))))

#endif
