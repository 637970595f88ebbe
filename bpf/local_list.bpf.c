// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Memory of a program's own: objects that bpf_obj_new() makes, in a list that begins in a global variable (Linux 6.3).
 *
 * Two things here are found in the loaded types and nowhere else: the number that tells bpf_obj_new() which type to make, and the
 * struct that the list's tag "contains:visit:node" names.
 */
#define bpf_list_head uapi_bpf_list_head /* newer headers have these two, older ones not */
#define bpf_list_node uapi_bpf_list_node
#include <linux/bpf.h>
#undef bpf_list_head
#undef bpf_list_node
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

struct bpf_list_head { __u64 opaque[2]; } __attribute__((aligned(8)));
struct bpf_list_node { __u64 opaque[3]; } __attribute__((aligned(8)));
struct visit { __u32 size_bytes; struct bpf_list_node node; };

extern void *bpf_obj_new_impl(__u64 local_type_id, void *meta) __ksym;
extern void bpf_obj_drop_impl(void *object, void *meta) __ksym;
extern int bpf_list_push_front_impl(struct bpf_list_head *head, struct bpf_list_node *node, void *meta, __u64 off) __ksym;
extern struct bpf_list_node *bpf_list_pop_back(struct bpf_list_head *head) __ksym;

#define TCX_PASS 0
#define PRIVATE SEC(".data.list") __attribute__((aligned(8)))
struct bpf_spin_lock lock PRIVATE;
struct bpf_list_head visits PRIVATE __attribute__((btf_decl_tag("contains:visit:node")));

int listed;

/* Not loaded unless asked for, and its types with it: those of the program below get other numbers than they have in this file. */
SEC("?xdp")
int not_loaded(struct xdp_md *ctx)
{
	return ctx->data ? XDP_PASS : XDP_DROP;
}

SEC("tcx/ingress")
int on_packet(struct __sk_buff *skb)
{
	struct visit *visit = bpf_obj_new_impl(bpf_core_type_id_local(struct visit), 0);
	struct bpf_list_node *oldest;

	if (!visit)
		return TCX_PASS;
	visit->size_bytes = skb->len;
	bpf_spin_lock(&lock);
	bpf_list_push_front_impl(&visits, &visit->node, 0, 0);
	oldest = bpf_list_pop_back(&visits);
	bpf_spin_unlock(&lock);
	if (oldest)
		bpf_obj_drop_impl((void *)oldest - __builtin_offsetof(struct visit, node), 0);
	listed++;
	return TCX_PASS;
}
