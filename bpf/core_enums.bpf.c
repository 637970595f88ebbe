// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Enumerators by name: helper numbers are an enum in the kernel's BTF, so a program can ask whether the
 * kernel has a helper, and lists that grew in the middle have other numbers on other kernels. What
 * stands behind "___" is not part of the name.
 */
#include <linux/bpf.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

enum bpf_func_id___asked {
	BPF_FUNC_ktime_get_tai_ns___asked = 1,
	BPF_FUNC_no_such_helper___asked = 2,
};

enum zone_type {
	ZONE_NORMAL = 100, /* 1 or 2, by what the kernel was built with */
	ZONE_MOVABLE = 101,
};

__u32 runs, has_tai, has_none;
long long zone_normal, zone_movable, helper_number, nothing;

SEC("raw_tp/sched_process_exec")
int on_exec(void *ctx)
{
	has_tai = bpf_core_enum_value_exists(enum bpf_func_id___asked, BPF_FUNC_ktime_get_tai_ns___asked);
	if (has_tai)
		helper_number = bpf_core_enum_value(enum bpf_func_id___asked, BPF_FUNC_ktime_get_tai_ns___asked);
	has_none = bpf_core_enum_value_exists(enum bpf_func_id___asked, BPF_FUNC_no_such_helper___asked);
	if (has_none)
		nothing = bpf_core_enum_value(enum bpf_func_id___asked, BPF_FUNC_no_such_helper___asked);
	zone_normal = bpf_core_enum_value(enum zone_type, ZONE_NORMAL);
	zone_movable = bpf_core_enum_value(enum zone_type, ZONE_MOVABLE);
	runs++;
	return 0;
}
