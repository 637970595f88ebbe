/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * int f(void *ctx __arg_ctx): a global function that is verified with the context of whatever program it is in.
 *
 * The tag (a DECL_TAG "arg:ctx" of the argument) is understood since Linux 6.8. Kernels before it go by the argument's
 * type: a pointer to the struct that is the context of the program's type, known by its name. A void pointer is memory
 * to them, and the program is refused. So for each type of program that the function is part of, its FUNC and
 * FUNC_PROTO are copied with the type that such a kernel wants; only the name of the struct counts, it has no members.
 */
#include "image/arg_ctx.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "sys/facts.h"

#define TAG "arg:ctx"
#define TAG_SINCE BPFL_KERNEL_VERSION(6, 8, 0)
/* Registers carry five arguments; a prototype of more is no function of a program. */
#define ARGS_MAX 12u
#define INFO(kind, vlen) ((uint32_t)(kind) << 24 | (vlen))

/* The other types of programs have no context with a name. */
static const char *const contexts[] = {
	[BPFL_PROG_SOCKET_FILTER] = "__sk_buff",
	[BPFL_PROG_KPROBE] = "bpf_user_pt_regs_t",
	[BPFL_PROG_SCHED_CLS] = "__sk_buff",
	[BPFL_PROG_SCHED_ACT] = "__sk_buff",
	[BPFL_PROG_XDP] = "xdp_md",
	[BPFL_PROG_PERF_EVENT] = "bpf_perf_event_data",
	[BPFL_PROG_CGROUP_SKB] = "__sk_buff",
	[BPFL_PROG_CGROUP_SOCK] = "bpf_sock",
	[BPFL_PROG_LWT_IN] = "__sk_buff",
	[BPFL_PROG_LWT_OUT] = "__sk_buff",
	[BPFL_PROG_LWT_XMIT] = "__sk_buff",
	[BPFL_PROG_LWT_SEG6LOCAL] = "__sk_buff",
	[BPFL_PROG_SOCK_OPS] = "bpf_sock_ops",
	[BPFL_PROG_SK_SKB] = "__sk_buff",
	[BPFL_PROG_CGROUP_DEVICE] = "bpf_cgroup_dev_ctx",
	[BPFL_PROG_SK_MSG] = "sk_msg_md",
	[BPFL_PROG_RAW_TRACEPOINT] = "bpf_raw_tracepoint_args",
	[BPFL_PROG_RAW_TRACEPOINT_WRITABLE] = "bpf_raw_tracepoint_args",
	[BPFL_PROG_CGROUP_SOCK_ADDR] = "bpf_sock_addr",
	[BPFL_PROG_SK_REUSEPORT] = "sk_reuseport_md",
	[BPFL_PROG_FLOW_DISSECTOR] = "__sk_buff",
	[BPFL_PROG_CGROUP_SYSCTL] = "bpf_sysctl",
	[BPFL_PROG_CGROUP_SOCKOPT] = "bpf_sockopt",
	[BPFL_PROG_SK_LOOKUP] = "bpf_sk_lookup",
	[BPFL_PROG_NETFILTER] = "bpf_nf_ctx",
};

static const char *context_of(uint32_t prog_type)
{
	return prog_type < sizeof(contexts) / sizeof(contexts[0]) ? contexts[prog_type] : NULL;
}

struct definer {
	struct bpfl_btf_builder *builder;
	uint32_t nr_types; /* before anything was added: tables have so many entries */
	uint32_t *first_tag, *next_tag; /* by function, by tag: ids, 0 ends a list */
	uint32_t *copies, *copy_types;	/* by function: its last copy, and the type of program that it is for */
};

/* Chains the tags of each function. *ret_any: there is one. */
static void tags_collect(struct definer *definer, bool *ret_any)
{
	*ret_any = false;
	for (uint32_t id = definer->nr_types - 1; id > 0; id--) {
		const struct bpfl_btf_type *tag = bpfl_btf_builder_type(definer->builder, id);

		if (bpfl_btf_kind(tag) != BPFL_KIND_DECL_TAG || tag->type >= definer->nr_types ||
		    bpfl_btf_tag_component(tag) < 0 ||
		    strcmp(bpfl_btf_builder_string(definer->builder, tag->name_off), TAG) != 0)
			continue;
		definer->next_tag[id] = definer->first_tag[tag->type];
		definer->first_tag[tag->type] = id;
		*ret_any = true;
	}
}

/* Behind const, volatile and the like, and behind typedefs. NULL: void. */
static const struct bpfl_btf_type *bare_type(const struct definer *definer, uint32_t id)
{
	/* The types have been checked: such chains end. */
	for (;;) {
		const struct bpfl_btf_type *type = id ? bpfl_btf_builder_type(definer->builder, id) : NULL;
		enum bpfl_btf_kind kind = type ? bpfl_btf_kind(type) : BPFL_KIND_INT;

		if (kind != BPFL_KIND_TYPEDEF && kind != BPFL_KIND_CONST && kind != BPFL_KIND_VOLATILE &&
		    kind != BPFL_KIND_RESTRICT && kind != BPFL_KIND_TYPE_TAG)
			return type;
		id = type->type;
	}
}

/*
 * Whether an argument is not yet what the kernel wants, and may be: void *, or what people write instead. Anything
 * else stays as it is, and the verifier says what it thinks of it.
 */
static bool is_to_be_replaced(const struct definer *definer, uint32_t prog_type, uint32_t arg_type_id)
{
	const struct bpfl_btf_type *pointer = bare_type(definer, arg_type_id), *type;
	const char *name;

	if (!pointer || bpfl_btf_kind(pointer) != BPFL_KIND_PTR)
		return false;
	type = bare_type(definer, pointer->type);
	if (!type)
		return true;
	name = bpfl_btf_builder_string(definer->builder, type->name_off);
	if (bpfl_btf_kind(type) == BPFL_KIND_STRUCT || bpfl_btf_kind(type) == BPFL_KIND_FWD)
		return (prog_type == BPFL_PROG_KPROBE || prog_type == BPFL_PROG_PERF_EVENT) &&
		       strcmp(name, "pt_regs") == 0;
	return (prog_type == BPFL_PROG_RAW_TRACEPOINT || prog_type == BPFL_PROG_RAW_TRACEPOINT_WRITABLE) &&
	       bpfl_btf_kind(type) == BPFL_KIND_INT && type->size == sizeof(uint64_t);
}

/* A pointer to a struct of that name. >= 0: its id. */
static int context_pointer(const struct definer *definer, const char *name)
{
	int name_off = bpfl_btf_builder_string_add(definer->builder, name), id;
	struct bpfl_btf_type record = { .info = INFO(BPFL_KIND_STRUCT, 0) };

	if (name_off < 0)
		return name_off;
	record.name_off = (uint32_t)name_off;
	id = bpfl_btf_builder_add(definer->builder, &record, sizeof(record));
	if (id < 0)
		return id;
	record = (struct bpfl_btf_type){ .info = INFO(BPFL_KIND_PTR, 0), .type = (uint32_t)id };
	return bpfl_btf_builder_add(definer->builder, &record, sizeof(record));
}

/* A copy of the function with such arguments; the function itself when none is to be replaced. >= 0: its id. */
static int func_define(struct definer *definer, uint32_t func_id, uint32_t prog_type)
{
	struct {
		struct bpfl_btf_type type;
		struct bpfl_btf_param params[ARGS_MAX];
	} proto;
	struct bpfl_btf_type func = *bpfl_btf_builder_type(definer->builder, func_id);
	const struct bpfl_btf_type *old = bpfl_btf_builder_type(definer->builder, func.type);
	uint32_t nr_args = bpfl_btf_vlen(old);
	size_t proto_size = sizeof(proto.type) + nr_args * sizeof(proto.params[0]);
	int pointer_id = 0, id;

	if (bpfl_btf_vlen(&func) != BPFL_LINKAGE_GLOBAL || nr_args > ARGS_MAX)
		return (int)func_id;
	memcpy(&proto, old, proto_size);
	for (uint32_t tag_id = definer->first_tag[func_id]; tag_id; tag_id = definer->next_tag[tag_id]) {
		uint32_t arg = (uint32_t)bpfl_btf_tag_component(bpfl_btf_builder_type(definer->builder, tag_id));

		if (arg >= nr_args || !is_to_be_replaced(definer, prog_type, proto.params[arg].type))
			continue;
		if (pointer_id == 0)
			pointer_id = context_pointer(definer, context_of(prog_type));
		if (pointer_id < 0)
			return pointer_id;
		proto.params[arg].type = (uint32_t)pointer_id;
	}
	if (pointer_id == 0)
		return (int)func_id;
	id = bpfl_btf_builder_add(definer->builder, &proto, proto_size);
	if (id < 0)
		return id;
	func.type = (uint32_t)id;
	return bpfl_btf_builder_add(definer->builder, &func, sizeof(func));
}

static int prog_define(struct definer *definer, struct bpfl_image_prog *prog, uint32_t prog_type)
{
	for (size_t i = 0; i < prog->func_info.nr; i++) {
		struct bpfl_func_info *info = &prog->func_info.items[i];
		uint32_t func_id = info->type_id;

		if (func_id >= definer->nr_types || definer->first_tag[func_id] == 0)
			continue;
		if (definer->copies[func_id] == 0 || definer->copy_types[func_id] != prog_type) {
			int copy = func_define(definer, func_id, prog_type);

			if (copy < 0)
				return copy;
			definer->copies[func_id] = (uint32_t)copy;
			definer->copy_types[func_id] = prog_type;
		}
		info->type_id = definer->copies[func_id];
	}
	return 0;
}

int bpfl_arg_ctx_define(struct bpfl_image *image, struct bpfl_btf_builder *builder)
{
	uint32_t version = bpfl_target_kernel_version(image->target), nr = bpfl_btf_builder_nr_types(builder);
	uint32_t *tables;
	bool any = false;
	int result = 0;

	if (version == 0 || version >= TAG_SINCE)
		return 0;
	tables = calloc(nr, 4 * sizeof(*tables));
	if (!tables)
		return -ENOMEM;
	struct definer definer = { builder, nr, tables, tables + nr, tables + 2 * (size_t)nr, tables + 3 * (size_t)nr };

	tags_collect(&definer, &any);
	for (size_t i = 0; i < image->nr_progs && any && result == 0; i++) {
		uint32_t prog_type = image->spec->progs.items[image->progs[i].prog_idx].prog_type;

		if (context_of(prog_type))
			result = prog_define(&definer, &image->progs[i], prog_type);
	}
	free(tables);
	return result;
}
