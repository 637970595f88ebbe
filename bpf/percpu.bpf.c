// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Variables that each CPU has for itself (Linux 7.3): no atomic additions, no map to look up. All begin with the same value.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

__u64 switches SEC(".percpu");
__s32 where SEC(".percpu") = -1;
__u32 step SEC(".percpu") = 1;

SEC("raw_tp/sched_switch")
int count_switch(void *ctx)
{
	switches += step;
	where = bpf_get_smp_processor_id();
	return 0;
}
