// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The section names of cgroup programs. The result 1 means: let it happen. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

#define PROGRAM(section, name) SEC(section) int do_##name(void *ctx) { return 1; }

PROGRAM("cgroup_skb/ingress", skb_ingress)
PROGRAM("cgroup_skb/egress", skb_egress)
PROGRAM("cgroup/skb", skb)
PROGRAM("cgroup/sock", sock)
PROGRAM("cgroup/sock_create", sock_create)
PROGRAM("cgroup/sock_release", sock_release)
PROGRAM("cgroup/post_bind4", post_bind4)
PROGRAM("cgroup/post_bind6", post_bind6)
PROGRAM("cgroup/bind4", bind4)
PROGRAM("cgroup/bind6", bind6)
PROGRAM("cgroup/connect4", connect4)
PROGRAM("cgroup/connect6", connect6)
PROGRAM("cgroup/sendmsg4", sendmsg4)
PROGRAM("cgroup/sendmsg6", sendmsg6)
PROGRAM("cgroup/recvmsg4", recvmsg4)
PROGRAM("cgroup/recvmsg6", recvmsg6)
PROGRAM("cgroup/getpeername4", getpeername4)
PROGRAM("cgroup/getpeername6", getpeername6)
PROGRAM("cgroup/getsockname4", getsockname4)
PROGRAM("cgroup/getsockname6", getsockname6)
PROGRAM("cgroup/sysctl", sysctl)
PROGRAM("cgroup/getsockopt", getsockopt)
PROGRAM("cgroup/setsockopt", setsockopt)
PROGRAM("cgroup/dev", device)
