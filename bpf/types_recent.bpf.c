// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Section names of later kernels, mostly Linux 6.4 to 6.13; an older kernel refuses each by itself.
 * "tc/ingress" and "tc/egress" mean the new way to attach to tc, as "tcx/..." does.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

#define PROGRAM(section, name, result) SEC(section) int do_##name(void *ctx) { return result; }

PROGRAM("sk_skb/verdict", verdict, SK_PASS)			/* 5.13 */
PROGRAM("netfilter", netfilter, 1)				/* 6.4 */
PROGRAM("tc/ingress", tc_ingress, 0)				/* 6.6 */
PROGRAM("tc/egress", tc_egress, 0)
PROGRAM("tcx/ingress", tcx_ingress, 0)
PROGRAM("tcx/egress", tcx_egress, 0)
PROGRAM("uprobe.multi", uprobe_multi, 0)
PROGRAM("uprobe.multi.s", uprobe_multi_sleepable, 0)
PROGRAM("uretprobe.multi", uretprobe_multi, 0)
PROGRAM("uretprobe.multi.s", uretprobe_multi_sleepable, 0)
PROGRAM("netkit/primary", netkit_primary, 0)			/* 6.7 */
PROGRAM("netkit/peer", netkit_peer, 0)
PROGRAM("cgroup/connect_unix", connect_unix, 1)
PROGRAM("cgroup/sendmsg_unix", sendmsg_unix, 1)
PROGRAM("cgroup/recvmsg_unix", recvmsg_unix, 1)
PROGRAM("cgroup/getpeername_unix", getpeername_unix, 1)
PROGRAM("cgroup/getsockname_unix", getsockname_unix, 1)
PROGRAM("uprobe.session", uprobe_session, 0)			/* 6.13 */
PROGRAM("uprobe.session.s", uprobe_session_sleepable, 0)
