/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What nearly every BPF program includes: sections, map definitions, externs, printing, loops.
 *
 * A BPF object speaks to its loader through ELF sections and through BTF types, and the macros
 * here are that vocabulary. They generate hardly any code. Include <linux/bpf.h> or a vmlinux.h
 * first: this file uses the kernel's types and brings none of its own.
 *
 *	struct {
 *		__uint(type, BPF_MAP_TYPE_HASH);	numbers travel as array lengths,
 *		__uint(max_entries, 64);
 *		__type(key, __u32);			types as pointers to them:
 *		__type(value, __u64);			the loader reads both from BTF
 *	} counts SEC(".maps");
 *
 * The names are those that existing programs use.
 */
#ifndef BPFLOAD_BPF_HELPERS_H
#define BPFLOAD_BPF_HELPERS_H

#include "bpf_helper_defs.h"

/* ---- definitions of maps ---- */

#define __uint(name, val) int(*name)[val]
#define __type(name, val) typeof(val) *name
#define __array(name, val) typeof(val) *name[]

/*
 * A 64-bit number does not fit an array length, so it travels as the value of an enumerator.
 * Clang before 15 has no 64-bit enums in BTF and cuts the value to its low 32 bits.
 */
#define __ulong(name, val) enum { BPF_JOIN(ulong_value_, __COUNTER__) = (val) } name

/* ---- where things go and how they are seen ---- */

/*
 * SEC() names the section of a program, a map or a variable. "used" keeps what nothing in the
 * file refers to; clang warns that it means nothing on an extern declaration, which is fine.
 */
#ifdef __clang__
#define SEC(name) \
	_Pragma("clang diagnostic push") \
	_Pragma("clang diagnostic ignored \"-Wignored-attributes\"") \
	__attribute__((section(name), used)) \
	_Pragma("clang diagnostic pop")
#else /* gcc does not take a pragma in the middle of a declaration */
#define SEC(name) __attribute__((section(name), used))
#endif

#undef __always_inline
#define __always_inline inline __attribute__((always_inline))
#ifndef __noinline
#define __noinline __attribute__((noinline))
#endif
#ifndef __weak
#define __weak __attribute__((weak))
#endif

/* A hidden global function is verified where it is called, as a static one is. */
#ifndef __hidden
#define __hidden __attribute__((visibility("hidden")))
#endif

/* extern int CONFIG_HZ __kconfig;  extern void f(void) __ksym;  - the loader finds the value */
#define __kconfig __attribute__((section(".kconfig")))
#define __ksym __attribute__((section(".ksyms")))

/* ---- tags that the verifier reads from BTF (older compilers drop what they do not know) ---- */

#ifdef __has_attribute
#if __has_attribute(btf_type_tag)
#define BPF_TYPE_TAG(text) __attribute__((btf_type_tag(text)))
#endif
#if __has_attribute(btf_decl_tag)
#define BPF_DECL_TAG(text) __attribute__((btf_decl_tag(text)))
#endif
#endif
#ifndef BPF_TYPE_TAG
#define BPF_TYPE_TAG(text)
#endif
#ifndef BPF_DECL_TAG
#define BPF_DECL_TAG(text)
#endif

/* pointers kept in map values */
#define __kptr BPF_TYPE_TAG("kptr")
#define __kptr_untrusted BPF_TYPE_TAG("kptr_untrusted")
#define __percpu_kptr BPF_TYPE_TAG("percpu_kptr")
#define __uptr BPF_TYPE_TAG("uptr")

/* parameters of global functions, Linux 6.8 */
#define __arg_ctx BPF_DECL_TAG("arg:ctx")
#define __arg_nonnull BPF_DECL_TAG("arg:nonnull")
#define __arg_nullable BPF_DECL_TAG("arg:nullable")
#define __arg_trusted BPF_DECL_TAG("arg:trusted")
#define __arg_untrusted BPF_DECL_TAG("arg:untrusted")
#define __arg_arena BPF_DECL_TAG("arg:arena")

/* ---- values that an object and its loader agree on ---- */

/* __uint(pinning, LIBBPF_PIN_BY_NAME): the map is shared through /sys/fs/bpf/NAME */
enum libbpf_pin_type {
	LIBBPF_PIN_NONE = 0,
	LIBBPF_PIN_BY_NAME = 1,
};

/* extern enum libbpf_tristate CONFIG_X __kconfig; */
enum libbpf_tristate {
	TRI_NO = 0,
	TRI_YES = 1,
	TRI_MODULE = 2,
};

/* ---- small C ---- */

/* A program whose types come from a vmlinux.h includes no header of the C library that would bring these. */
#ifndef NULL
#define NULL ((void *)0)
#endif

#ifndef KERNEL_VERSION
#define KERNEL_VERSION(a,b,c) (((a) << 16) + ((b) << 8) + ((c) > 255 ? 255 : (c)))
#endif

#ifndef offsetof
#define offsetof(type, member) __builtin_offsetof(type, member)
#endif

#ifndef container_of
#define container_of(ptr, type, member) \
	((type *)((void *)(ptr) - offsetof(type, member)))
#endif

/* The compiler may not move memory accesses across barrier(), nor guess var after barrier_var(). */
#ifndef barrier
#define barrier() __asm__ volatile("" ::: "memory")
#endif
#ifndef barrier_var
#define barrier_var(var) __asm__ volatile("" : "+r"(var))
#endif

#ifndef __bpf_unreachable
#define __bpf_unreachable() __builtin_trap()
#endif

/* True when the running kernel has this weak extern: if (bpf_ksym_exists(f)) f(); */
#define bpf_ksym_exists(sym) ({ \
	_Static_assert(!__builtin_constant_p(!!(sym)), #sym " must be declared __weak"); \
	!!(sym); \
})

/*
 * A tail call with a constant index, spelled so that the compiler cannot merge two of them into
 * one with a variable index: the kernel turns only the constant kind into a direct jump.
 */
#if defined(__bpf__) || defined(__BPF__)
static __always_inline void bpf_tail_call_static(void *ctx, const void *map, const __u32 slot)
{
	__asm__ volatile("r1 = %0\n\t"
			 "r2 = %1\n\t"
			 "r3 = %2\n\t"
			 "call 12"
			 : : "r"(ctx), "r"(map), "i"(slot)
			 : "r0", "r1", "r2", "r3", "r4", "r5");
}
#endif

/* ---- lists of macro arguments ---- */

#define BPF_JOIN_(a, b) a##b
#define BPF_JOIN(a, b) BPF_JOIN_(a, b)

/* how many arguments, 0 to 12 (the kernel prints at most 12 values) */
#define BPF_NARGS_(dummy, _1, _2, _3, _4, _5, _6, _7, _8, _9, _10, _11, _12, n, ...) n
#define BPF_NARGS(args...) BPF_NARGS_(dummy, ##args, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0)

/* each argument, a number or a pointer, as one 64-bit value: the form in which they are passed */
#define BPF_U64(x) ((unsigned long long)(x))
#define BPF_U64S_0()
#define BPF_U64S_1(x) BPF_U64(x)
#define BPF_U64S_2(x, rest...) BPF_U64(x), BPF_U64S_1(rest)
#define BPF_U64S_3(x, rest...) BPF_U64(x), BPF_U64S_2(rest)
#define BPF_U64S_4(x, rest...) BPF_U64(x), BPF_U64S_3(rest)
#define BPF_U64S_5(x, rest...) BPF_U64(x), BPF_U64S_4(rest)
#define BPF_U64S_6(x, rest...) BPF_U64(x), BPF_U64S_5(rest)
#define BPF_U64S_7(x, rest...) BPF_U64(x), BPF_U64S_6(rest)
#define BPF_U64S_8(x, rest...) BPF_U64(x), BPF_U64S_7(rest)
#define BPF_U64S_9(x, rest...) BPF_U64(x), BPF_U64S_8(rest)
#define BPF_U64S_10(x, rest...) BPF_U64(x), BPF_U64S_9(rest)
#define BPF_U64S_11(x, rest...) BPF_U64(x), BPF_U64S_10(rest)
#define BPF_U64S_12(x, rest...) BPF_U64(x), BPF_U64S_11(rest)
#define BPF_U64S(args...) BPF_JOIN(BPF_U64S_, BPF_NARGS(args))(args)

/* ---- printing ---- */

/*
 * bpf_printk("pid %d\n", pid) writes a line to the trace pipe. Up to three values go in
 * registers (any kernel with the helper); more, up to twelve, through memory (Linux 5.16).
 *
 * The format is a constant in .rodata (Linux 5.2 has such maps). With BPF_NO_GLOBAL_DATA it is
 * built on the stack instead.
 */
#ifdef BPF_NO_GLOBAL_DATA
#define BPF_PRINTK_FMT_MOD
#else
#define BPF_PRINTK_FMT_MOD static const
#endif

#define BPF_PRINTK_REGS(fmt, args...) ({ \
	BPF_PRINTK_FMT_MOD char printk_fmt[] = fmt; \
	bpf_trace_printk(printk_fmt, sizeof(printk_fmt), ##args); \
})

#define BPF_PRINTK_ARRAY(fmt, args...) ({ \
	static const char printk_fmt[] = fmt; \
	unsigned long long printk_args[] = { BPF_U64S(args) }; \
	bpf_trace_vprintk(printk_fmt, sizeof(printk_fmt), printk_args, sizeof(printk_args)); \
})

#define BPF_PRINTK_0 BPF_PRINTK_REGS
#define BPF_PRINTK_1 BPF_PRINTK_REGS
#define BPF_PRINTK_2 BPF_PRINTK_REGS
#define BPF_PRINTK_3 BPF_PRINTK_REGS
#define BPF_PRINTK_4 BPF_PRINTK_ARRAY
#define BPF_PRINTK_5 BPF_PRINTK_ARRAY
#define BPF_PRINTK_6 BPF_PRINTK_ARRAY
#define BPF_PRINTK_7 BPF_PRINTK_ARRAY
#define BPF_PRINTK_8 BPF_PRINTK_ARRAY
#define BPF_PRINTK_9 BPF_PRINTK_ARRAY
#define BPF_PRINTK_10 BPF_PRINTK_ARRAY
#define BPF_PRINTK_11 BPF_PRINTK_ARRAY
#define BPF_PRINTK_12 BPF_PRINTK_ARRAY
#define bpf_printk(fmt, args...) BPF_JOIN(BPF_PRINTK_, BPF_NARGS(args))(fmt, ##args)

/* Into the text of an iterator, Linux 5.8: BPF_SEQ_PRINTF(ctx->meta->seq, "%d\n", pid) */
#define BPF_SEQ_PRINTF(seq, fmt, args...) ({ \
	static const char seq_fmt[] = fmt; \
	unsigned long long seq_args[BPF_NARGS(args)] = { BPF_U64S(args) }; \
	bpf_seq_printf(seq, seq_fmt, sizeof(seq_fmt), seq_args, sizeof(seq_args)); \
})

/* Into a buffer, Linux 5.13 */
#define BPF_SNPRINTF(out, out_size, fmt, args...) ({ \
	static const char snprintf_fmt[] = fmt; \
	unsigned long long snprintf_args[BPF_NARGS(args)] = { BPF_U64S(args) }; \
	bpf_snprintf(out, out_size, snprintf_fmt, snprintf_args, sizeof(snprintf_args)); \
})

/* ---- loops that the verifier walks once, Linux 6.4 ---- */

/*
 * An iterator is three kernel functions, bpf_iter_TYPE_new, _next and _destroy, around a state
 * on the program's stack. The verifier proves one round and knows that _next ends the loop.
 *
 * linux/bpf.h has the state of the numbers iterator since 6.4, and so has a vmlinux.h of such a
 * kernel. With the header of an older one it is declared here: the running kernel decides.
 */
#if defined(__LINUX_BPF_H__) && !defined(__VMLINUX_H__)
#include <linux/version.h>
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 4, 0)
struct bpf_iter_num {
	__u64 __opaque[1];
} __attribute__((aligned(8)));
#endif
#endif

struct bpf_iter_num;
extern int bpf_iter_num_new(struct bpf_iter_num *it, int start, int end) __weak __ksym;
extern int *bpf_iter_num_next(struct bpf_iter_num *it) __weak __ksym;
extern void bpf_iter_num_destroy(struct bpf_iter_num *it) __weak __ksym;

/*
 * The loop behind the three below. `it` is the iterator's name; `more` asks for the next round.
 * Naming _destroy once more makes clang give it a type in BTF: it forgets what only cleanup uses.
 */
#define BPF_ITER_LOOP(it, type, more, args...) \
	for (struct bpf_iter_##type it \
		__attribute__((aligned(8), cleanup(bpf_iter_##type##_destroy))), \
	     *it##_started __attribute__((unused)) = \
		(bpf_iter_##type##_new(&it, ##args), (void)bpf_iter_##type##_destroy, \
		 (struct bpf_iter_##type *)0); \
	     more;)
#define BPF_ITER_NAME BPF_JOIN(bpf_iter_, __COUNTER__)

/* bpf_for_each(num, p, 0, 10) { use(*p); } */
#ifndef bpf_for_each
#define BPF_FOR_EACH(it, type, cur, args...) \
	BPF_ITER_LOOP(it, type, ((cur) = bpf_iter_##type##_next(&it)), ##args)
#define bpf_for_each(type, cur, args...) BPF_FOR_EACH(BPF_ITER_NAME, type, cur, ##args)
#endif

/* bpf_for(i, 0, n) { use(array[i]); }; the comparison tells the verifier the range of i */
#ifndef bpf_for
#define BPF_FOR(it, i, start, end) \
	BPF_ITER_LOOP(it, num, ({ \
		int *it##_next = bpf_iter_num_next(&it); \
		it##_next && ((i) = *it##_next, (i) >= (start) && (i) < (end)); \
	}), (start), (end))
#define bpf_for(i, start, end) BPF_FOR(BPF_ITER_NAME, i, start, end)
#endif

/* bpf_repeat(n) { once_more(); } */
#ifndef bpf_repeat
#define BPF_REPEAT(it, n) BPF_ITER_LOOP(it, num, bpf_iter_num_next(&it), 0, (n))
#define bpf_repeat(n) BPF_REPEAT(BPF_ITER_NAME, n)
#endif

#endif
