// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Is a kernel type made as the program thinks? A type matches when it has every member that is declared here, of
 * the same type; it may have more. Where "exists" asks for a name, "matches" asks for the contents. The
 * question came with clang 15: an older one leaves it out.
 */
#include <linux/bpf.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

struct list_head {
	struct list_head *next, *prev;
};

struct list_head___odd {
	struct list_head *next, *prev;
	int length;
};

struct list_head___numbers {
	unsigned long next, prev;
};

enum pid_type {
	PIDTYPE_PID,
	PIDTYPE_TGID,
};

__u32 runs, list_matches, odd_matches, numbers_match, enum_matches;

SEC("raw_tp/sched_process_exec")
int on_exec(void *ctx)
{
#if __clang_major__ >= 15
	list_matches = bpf_core_type_matches(struct list_head);
	odd_matches = bpf_core_type_matches(struct list_head___odd);
	numbers_match = bpf_core_type_matches(struct list_head___numbers);
	enum_matches = bpf_core_type_matches(enum pid_type);
#endif
	runs++;
	return 0;
}
