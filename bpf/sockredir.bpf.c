// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Short-cuts TCP between processes of one machine: sockops puts both ends of each connection into a map, and sk_msg hands what one
 * end sends to the other, past the whole network stack. Two programs, attached in two places:
 *
 *	--attach sockmap=sockops:CGROUP --attach redirect=sk_msg:sock_ops_map
 */
#include <linux/bpf.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

struct connection {
	__u32 from_ip, to_ip;	  /* network order */
	__u32 from_port, to_port; /* host order */
};

struct {
	__uint(type, BPF_MAP_TYPE_SOCKHASH);
	__uint(max_entries, 65535);
	__type(key, struct connection);
	__type(value, int);
} sock_ops_map SEC(".maps");

__u64 established, redirected;

SEC("sockops")
int sockmap(struct bpf_sock_ops *ops)
{
	struct connection key = { ops->local_ip4, ops->remote_ip4, ops->local_port, bpf_ntohl(ops->remote_port) };

	if (ops->family != 2 /* AF_INET */)
		return 0;
	if (ops->op == BPF_SOCK_OPS_ACTIVE_ESTABLISHED_CB || ops->op == BPF_SOCK_OPS_PASSIVE_ESTABLISHED_CB) {
		bpf_sock_hash_update(ops, &sock_ops_map, &key, BPF_NOEXIST);
		__sync_fetch_and_add(&established, 1);
	}
	return 0;
}

SEC("sk_msg")
int redirect(struct sk_msg_md *msg)
{
	/* The other end knows the same connection the other way round. */
	struct connection key = { msg->remote_ip4, msg->local_ip4, bpf_ntohl(msg->remote_port), msg->local_port };

	if (bpf_msg_redirect_hash(msg, &sock_ops_map, &key, BPF_F_INGRESS) == SK_PASS)
		__sync_fetch_and_add(&redirected, 1);
	return SK_PASS;
}
