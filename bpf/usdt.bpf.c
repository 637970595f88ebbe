// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Probes that a program's author built in, with their arguments.
 *
 * tests/cli/usdt_target.c is a small program with such probes:
 *
 *     cc -o /tmp/usdt_target tests/cli/usdt_target.c && /tmp/usdt_target &
 *     bpfload usdt.bpf.o --attach on_tick=usdt//tmp/usdt_target:demo:tick --attach on_wide=usdt//tmp/usdt_target:demo:wide
 *
 * demo:tick is in two places of the code and counts its listeners: both are the loader's business.
 */
#include <linux/bpf.h>
#include <linux/ptrace.h>
#include <bpf/usdt.bpf.h>

#define NR_WIDE 12

__u64 nr_ticks, nr_wide, nr_any;
long tick_sum, tick_constant, tick_cookie;
int tick_nr_args, wide_nr_args, wide_err, wide_sizes[NR_WIDE];
long wide[NR_WIDE];
char tick_text[16];

SEC("usdt")
int BPF_USDT(on_tick, int round, const char *text, int constant)
{
	__sync_fetch_and_add(&nr_ticks, 1);
	__sync_fetch_and_add(&tick_sum, round);
	tick_constant = constant;
	tick_nr_args = bpf_usdt_arg_cnt(ctx);
	tick_cookie = bpf_usdt_cookie(ctx);
	bpf_probe_read_user_str(tick_text, sizeof(tick_text), text);
	bpf_printk("round %d: %s", round, tick_text);
	return 0;
}

SEC("usdt")
int on_wide(struct pt_regs *ctx)
{
	wide_nr_args = bpf_usdt_arg_cnt(ctx);
	for (int i = 0; i < NR_WIDE; i++) {
		int err = bpf_usdt_arg(ctx, i, &wide[i]);

		if (err)
			wide_err = err;
		wide_sizes[i] = bpf_usdt_arg_size(ctx, i);
	}
	__sync_fetch_and_add(&nr_wide, 1);
	return 0;
}

/* Sleepable; asks for no arguments. */
SEC("usdt.s")
int on_any(struct pt_regs *ctx)
{
	__sync_fetch_and_add(&nr_any, 1);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
