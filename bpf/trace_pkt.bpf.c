// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Where packets of IPv4 and IPv6 pass, and what the packet filter says of them: tracepoints where one is given to a device and
 * comes from one, and optional kprobes ('?': not every kernel has them) around the hooks of iptables, nftables and BPF:
 *
 *     --attach auto --attach on_filter=kprobe/nf_hook_slow --attach on_verdict=kretprobe/nf_hook_slow
 */
#include "packet.h"
#include <bpf/bpf_tracing.h>

const struct packet *unused; /* tells what the events look like */
struct { __uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY); __type(key, int); __type(value, int); } events SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 1024); __type(key, __u64); __type(value, struct packet); } filtered SEC(".maps");
char LICENSE[] SEC("license") = "GPL";
struct trace { __u64 common; struct sk_buff *skb; };

static __always_inline int report(void *ctx, struct packet *packet)
{
	if (packet->proto != NOT_IP)
		bpf_perf_event_output(ctx, &events, BPF_F_CURRENT_CPU, packet, sizeof(*packet));
	return 0;
}

SEC("tracepoint/net/net_dev_queue") int on_send(struct trace *ctx)
{
	struct packet packet = look_at(ctx->skb, SENT);

	return report(ctx, &packet);
}

SEC("tracepoint/net/netif_receive_skb") int on_receive(struct trace *ctx)
{
	struct packet packet = look_at(ctx->skb, RECEIVED);

	return report(ctx, &packet);
}

/* The packet may be gone when the verdict is known, so it is looked at before. */
SEC("?kprobe/nf_hook_slow") int BPF_KPROBE(on_filter, struct sk_buff *skb)
{
	__u64 task = bpf_get_current_pid_tgid();
	struct packet packet = look_at(skb, FILTERED);

	return bpf_map_update_elem(&filtered, &task, &packet, BPF_ANY), 0;
}

SEC("?kretprobe/nf_hook_slow") int BPF_KRETPROBE(on_verdict, int result)
{
	__u64 task = bpf_get_current_pid_tgid();
	struct packet *packet = bpf_map_lookup_elem(&filtered, &task);

	if (!packet)
		return 0;
	packet->verdict = result > 0 ? ACCEPT : result < 0 ? DROP : STOLEN;
	report(ctx, packet);
	return bpf_map_delete_elem(&filtered, &task), 0;
}
