/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Arguments of USDT probes, the probes that a program's author built in (sys/sdt.h).
 *
 *	SEC("usdt/PATH:PROVIDER:NAME")
 *	int BPF_USDT(on_query, const char *text, int length) { ... }
 *
 * Where an argument is (in which register, at which offset from one, in memory or not) differs from place to place and is
 * written in the binary. The loader reads it there and puts a description of each place into the map __bpf_usdt_specs; the number of
 * the description comes to the program as the probe's cookie. The functions below read by it.
 *
 * The names and the meaning of the members are what programs and loaders agree on; a loader finds the members by name in the
 * object's BTF, and makes the map as large as the probes need.
 */
#ifndef BPFLOAD_USDT_BPF_H
#define BPFLOAD_USDT_BPF_H

#include "bpf_helpers.h"
#include "bpf_tracing.h"

#ifndef BPF_USDT_MAX_SPEC_CNT
#define BPF_USDT_MAX_SPEC_CNT 256
#endif
#ifndef BPF_USDT_MAX_IP_CNT
#define BPF_USDT_MAX_IP_CNT (4 * BPF_USDT_MAX_SPEC_CNT)
#endif
#define BPF_USDT_MAX_ARG_CNT 12

enum __bpf_usdt_arg_type {
	BPF_USDT_ARG_CONST,	/* val_off */
	BPF_USDT_ARG_REG,	/* a register */
	BPF_USDT_ARG_REG_DEREF, /* memory at register + val_off */
	BPF_USDT_ARG_SIB,	/* memory at register + (index register << scale_bitshift) + val_off */
};

struct __bpf_usdt_arg_spec {
	__u64 val_off;
	/* One word, the type in its lowest bits: a loader that knows no index registers writes it whole. */
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	__u32 arg_type : 8;
	__u32 idx_reg_off : 12;
	__u32 scale_bitshift : 4;
	__u32 reserved : 8;
#else
	__u32 reserved : 8;
	__u32 scale_bitshift : 4;
	__u32 idx_reg_off : 12;
	__u32 arg_type : 8;
#endif
	short reg_off; /* bytes in struct pt_regs */
	_Bool arg_signed;
	char arg_bitshift; /* 64 minus the bits of the argument */
};

struct __bpf_usdt_spec {
	struct __bpf_usdt_arg_spec args[BPF_USDT_MAX_ARG_CNT];
	__u64 usdt_cookie; /* of the user: cookie=N */
	short arg_cnt;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, BPF_USDT_MAX_SPEC_CNT);
	__type(key, int);
	__type(value, struct __bpf_usdt_spec);
} __bpf_usdt_specs SEC(".maps") __weak;

/* For kernels without cookies (before 5.15): address of the place -> number of its description. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, BPF_USDT_MAX_IP_CNT);
	__type(key, long);
	__type(value, __u32);
} __bpf_usdt_ip_to_spec_id SEC(".maps") __weak;

extern const _Bool LINUX_HAS_BPF_COOKIE __kconfig;

#define BPF_USDT_ESRCH 3
#define BPF_USDT_ENOENT 2
#define BPF_USDT_EINVAL 22

/* The description of the place at which the program is running, or NULL. */
static __always_inline struct __bpf_usdt_spec *__bpf_usdt_spec_of(struct pt_regs *ctx)
{
	int id;

	if (LINUX_HAS_BPF_COOKIE) {
		id = (int)bpf_get_attach_cookie(ctx);
	} else {
		long ip = (long)PT_REGS_IP(ctx);
		__u32 *found = bpf_map_lookup_elem(&__bpf_usdt_ip_to_spec_id, &ip);

		if (!found)
			return 0;
		id = (int)*found;
	}
	return bpf_map_lookup_elem(&__bpf_usdt_specs, &id);
}

/* How many arguments this probe has, or -ESRCH. */
__weak __hidden int bpf_usdt_arg_cnt(struct pt_regs *ctx)
{
	struct __bpf_usdt_spec *spec = __bpf_usdt_spec_of(ctx);

	return spec ? spec->arg_cnt : -BPF_USDT_ESRCH;
}

/* The size of an argument in bytes; -ENOENT: there is no such argument; -ESRCH. */
__weak __hidden int bpf_usdt_arg_size(struct pt_regs *ctx, __u64 arg_num)
{
	struct __bpf_usdt_spec *spec = __bpf_usdt_spec_of(ctx);

	if (!spec)
		return -BPF_USDT_ESRCH;
	if (arg_num >= BPF_USDT_MAX_ARG_CNT || arg_num >= (__u64)spec->arg_cnt)
		return -BPF_USDT_ENOENT;
	return (int)((64u - (unsigned char)spec->args[arg_num].arg_bitshift) / 8u);
}

/*
 * Argument arg_num, counted from 0, as a number of 64 bits. 0; -ENOENT: there is no such argument; -EINVAL: the loader could not make out where it
 * is; -ESRCH, or what reading memory gave. *res is 0 then.
 */
__weak __hidden int bpf_usdt_arg(struct pt_regs *ctx, __u64 arg_num, long *res)
{
	struct __bpf_usdt_spec *spec = __bpf_usdt_spec_of(ctx);
	struct __bpf_usdt_arg_spec *arg;
	unsigned long value = 0, index = 0;
	int err = 0;

	*res = 0;
	if (!spec)
		return -BPF_USDT_ESRCH;
	if (arg_num >= BPF_USDT_MAX_ARG_CNT || arg_num >= (__u64)spec->arg_cnt)
		return -BPF_USDT_ENOENT;
	arg = &spec->args[arg_num];
	if (arg->arg_type > BPF_USDT_ARG_SIB)
		return -BPF_USDT_EINVAL;
	if (arg->arg_type == BPF_USDT_ARG_CONST)
		value = arg->val_off;
	else /* the offset is no constant, so the verifier does not let the program read its context by itself */
		err = bpf_probe_read_kernel(&value, sizeof(value), (void *)ctx + arg->reg_off);
	if (arg->arg_type == BPF_USDT_ARG_SIB && !err)
		err = bpf_probe_read_kernel(&index, sizeof(index), (void *)ctx + arg->idx_reg_off);
	if (arg->arg_type >= BPF_USDT_ARG_REG_DEREF && !err) {
		value += (index << arg->scale_bitshift) + arg->val_off;
		err = bpf_probe_read_user(&value, sizeof(value), (void *)value);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
		value >>= arg->arg_bitshift; /* it stands in the first bytes */
#endif
	}
	if (err)
		return err;
	value <<= arg->arg_bitshift;
	*res = arg->arg_signed ? (long)value >> arg->arg_bitshift : (long)(value >> arg->arg_bitshift);
	return 0;
}

/* What the user gave with cookie=N; bpf_get_attach_cookie() is taken. */
__weak __hidden long bpf_usdt_cookie(struct pt_regs *ctx)
{
	struct __bpf_usdt_spec *spec = __bpf_usdt_spec_of(ctx);

	return spec ? (long)spec->usdt_cookie : 0;
}

#define BPF_USDT_VALUE(n) ({ long __value; bpf_usdt_arg(ctx, n, &__value); (void *)__value; })
#define BPF_USDT_0() ctx
#define BPF_USDT_1() BPF_USDT_0(), BPF_USDT_VALUE(0)
#define BPF_USDT_2() BPF_USDT_1(), BPF_USDT_VALUE(1)
#define BPF_USDT_3() BPF_USDT_2(), BPF_USDT_VALUE(2)
#define BPF_USDT_4() BPF_USDT_3(), BPF_USDT_VALUE(3)
#define BPF_USDT_5() BPF_USDT_4(), BPF_USDT_VALUE(4)
#define BPF_USDT_6() BPF_USDT_5(), BPF_USDT_VALUE(5)
#define BPF_USDT_7() BPF_USDT_6(), BPF_USDT_VALUE(6)
#define BPF_USDT_8() BPF_USDT_7(), BPF_USDT_VALUE(7)
#define BPF_USDT_9() BPF_USDT_8(), BPF_USDT_VALUE(8)
#define BPF_USDT_10() BPF_USDT_9(), BPF_USDT_VALUE(9)
#define BPF_USDT_11() BPF_USDT_10(), BPF_USDT_VALUE(10)
#define BPF_USDT_12() BPF_USDT_11(), BPF_USDT_VALUE(11)
#define BPF_USDT(name, args...) \
	BPF_TYPED_PROGRAM(name, struct pt_regs *ctx, BPF_JOIN(BPF_USDT_, BPF_NARGS(args))(), ##args)

#endif
