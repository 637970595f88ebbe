// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The section names of network programs. Each program does nothing, politely. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

#define PROGRAM(section, name, result) SEC(section) int do_##name(void *ctx) { return result; }

PROGRAM("socket", socket, 0)
PROGRAM("sk_reuseport", reuseport, SK_PASS)
PROGRAM("sk_reuseport/migrate", reuseport_migrate, SK_PASS)
PROGRAM("tc", tc, 0)
PROGRAM("classifier", classifier, 0)
PROGRAM("action", action, 0)
PROGRAM("xdp", xdp, XDP_PASS)
PROGRAM("xdp/devmap", xdp_devmap, XDP_PASS)
PROGRAM("xdp/cpumap", xdp_cpumap, XDP_PASS)
PROGRAM("xdp.frags/devmap", xdp_frags_devmap, XDP_PASS)
PROGRAM("lwt_in", lwt_in, BPF_OK)
PROGRAM("lwt_out", lwt_out, BPF_OK)
PROGRAM("lwt_xmit", lwt_xmit, BPF_OK)
PROGRAM("lwt_seg6local", lwt_seg6local, BPF_OK)
PROGRAM("sockops", sockops, 1)
PROGRAM("sk_skb", sk_skb, SK_PASS)
PROGRAM("sk_skb/stream_parser", stream_parser, 0)
PROGRAM("sk_skb/stream_verdict", stream_verdict, SK_PASS)
PROGRAM("sk_msg", sk_msg, SK_PASS)
PROGRAM("flow_dissector", flow_dissector, BPF_OK)
PROGRAM("sk_lookup", sk_lookup, SK_PASS)
