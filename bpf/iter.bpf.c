// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * An iterator: the kernel calls the program for each task while somebody reads the iterator's
 * file, and what the program writes is the text of that file. Linux 5.8.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

/* Two kernel structs as far as they are used; iterators have them as a stable interface. */
struct bpf_iter_meta {
	struct seq_file *seq;
	__u64 session_id;
	__u64 seq_num;
};

struct bpf_iter__task {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
};

__u64 runs;
__u64 tasks;

SEC("iter/task")
int list_tasks(struct bpf_iter__task *ctx)
{
	struct seq_file *seq = ctx->meta->seq;

	if (ctx->meta->seq_num == 0)
		BPF_SEQ_PRINTF(seq, "tasks:\n");
	if (!ctx->task) {	/* the last call */
		BPF_SEQ_PRINTF(seq, "%lu in all\n", tasks);
		tasks = 0;
		runs++;
		return 0;
	}
	tasks++;
	return 0;
}
