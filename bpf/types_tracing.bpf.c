// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The section names of tracing programs that the verifier accepts without a target. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

#define PROGRAM(section, name) SEC(section) int do_##name(void *ctx) { return 0; }

PROGRAM("kprobe", kprobe)
PROGRAM("kretprobe", kretprobe)
PROGRAM("kprobe/do_nanosleep", kprobe_function)
PROGRAM("kretprobe/do_nanosleep", kretprobe_function)
PROGRAM("ksyscall/nanosleep", ksyscall)
PROGRAM("kretsyscall/nanosleep", kretsyscall)
PROGRAM("uprobe", uprobe)
PROGRAM("uprobe.s", uprobe_sleepable)
PROGRAM("uretprobe", uretprobe)
PROGRAM("uretprobe.s", uretprobe_sleepable)
PROGRAM("uprobe//bin/sh:main", uprobe_function)
PROGRAM("kprobe.multi", kprobe_multi)
PROGRAM("kretprobe.multi", kretprobe_multi)
PROGRAM("tp", tp)
PROGRAM("tracepoint", tracepoint)
PROGRAM("raw_tp", raw_tp)
PROGRAM("raw_tracepoint", raw_tracepoint)
PROGRAM("raw_tracepoint.w", raw_tracepoint_writable)
PROGRAM("perf_event", perf_event)
PROGRAM("tp_btf/sched_switch", tp_btf)
PROGRAM("iter/task", iter)
PROGRAM("iter.s/bpf_map", iter_sleepable)
PROGRAM("syscall", syscall)
