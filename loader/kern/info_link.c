/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kern/info_link.c: what a link holds on to, in words.
 *
 * The kernel describes a link by a struct whose second part depends on the link's type, and writes names only
 * into room that it is given. So it is asked twice: for the type, then with room for a name at the place where
 * this type has one.
 */
#include "kern/info.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "spec/section.h"
#include "sys/bpf.h"

#define NAME_SIZE 256

enum link_type {
	LINK_RAW_TRACEPOINT = 1,
	LINK_TRACING,
	LINK_CGROUP,
	LINK_ITER,
	LINK_NETNS,
	LINK_XDP,
	LINK_PERF_EVENT,
	LINK_KPROBE_MULTI,
	LINK_STRUCT_OPS,
	LINK_NETFILTER,
	LINK_TCX,
	LINK_UPROBE_MULTI,
	LINK_NETKIT,
	LINK_SOCKMAP,
	LINK_TRACING_MULTI,
	NR_LINK_TYPES
};

enum perf_type { PERF_UPROBE = 1, PERF_URETPROBE, PERF_KPROBE, PERF_KRETPROBE, PERF_TRACEPOINT, PERF_EVENT };

/* struct bpf_link_info of the kernel. */
struct link_info {
	uint32_t type, id, prog_id, pad; /* 5.8 */
	union {
		struct { uint64_t name; uint32_t name_len; } named; /* raw tracepoint, iterator */
		struct { uint32_t attach_type, target_obj_id, target_btf_id; } tracing;
		struct { uint64_t cgroup_id; uint32_t attach_type; } cgroup;
		/* netns: inode; xdp, tcx, netkit: interface; struct_ops, sockmap: map */
		struct { uint32_t number, attach_type; } place;
		struct { uint32_t family, hook; int32_t priority; } netfilter; /* 6.4 */
		struct { uint64_t addrs; uint32_t count, flags; } kprobe_multi; /* 6.6 */
		/* 7.2 */
		struct { uint32_t attach_type, count, btf_obj_id, pad; uint64_t ids, addrs, cookies; } tracing_multi;
		/* 6.8 */
		struct { uint64_t path, offsets, ref_ctr_offsets, cookies; uint32_t path_size, count, flags, pid; } uprobe_multi;
		struct { /* 6.6 */
			uint32_t type, pad;
			uint64_t name; /* an event: its config */
			uint32_t name_len; /* an event: its type */
			uint32_t offset;
		} perf;
		uint64_t words[8];
	};
};

static void say_name(struct bpfl_buf *out, const struct link_info *info, const char *name)
{
	(void)info;
	bpfl_buf_text(out, name);
}

static void say_attach_type(struct bpfl_buf *out, uint32_t attach_type)
{
	const char *words = bpfl_attach_type_name(attach_type);

	if (words)
		bpfl_buf_text(out, words);
	else
		bpfl_buf_printf(out, "attach type %u", attach_type);
}

static void say_tracing(struct bpfl_buf *out, const struct link_info *info, const char *name)
{
	char function[NAME_SIZE];

	(void)name;
	/* Attach type 0 is that of freplace: there the first number is a program's. */
	if (info->tracing.attach_type == 0) {
		bpfl_buf_printf(out, "program %u, type %u", info->tracing.target_obj_id, info->tracing.target_btf_id);
		return;
	}
	say_attach_type(out, info->tracing.attach_type);
	if (bpfl_place_function(info->tracing.target_obj_id, info->tracing.target_btf_id, function, sizeof(function)))
		bpfl_buf_printf(out, " %s", function);
	else
		bpfl_buf_printf(out, ", BTF object %u, type %u", info->tracing.target_obj_id,
				info->tracing.target_btf_id);
}

static void say_cgroup(struct bpfl_buf *out, const struct link_info *info, const char *name)
{
	char path[4096];

	(void)name;
	if (bpfl_place_cgroup(info->cgroup.cgroup_id, path, sizeof(path)))
		bpfl_buf_printf(out, "%s ", path);
	else
		bpfl_buf_printf(out, "cgroup id %llu ", (unsigned long long)info->cgroup.cgroup_id);
	say_attach_type(out, info->cgroup.attach_type);
}

static void say_netns(struct bpfl_buf *out, const struct link_info *info, const char *name)
{
	(void)name;
	bpfl_buf_printf(out, "network namespace %u ", info->place.number);
	say_attach_type(out, info->place.attach_type);
}

static void say_interface(struct bpfl_buf *out, const struct link_info *info, const char *name)
{
	uint32_t attach_type = info->type == LINK_XDP ? 0 : info->place.attach_type;
	char interface[BPFL_PLACE_IF_SIZE];

	(void)name;
	if (info->place.number == 0)
		bpfl_buf_text(out, "its interface has gone");
	else if (bpfl_place_interface(info->place.number, attach_type, info->id, info->prog_id, interface))
		bpfl_buf_text(out, interface);
	else
		bpfl_buf_printf(out, "interface %u", info->place.number);
	if (attach_type == BPFL_ATTACH_TCX_INGRESS)
		bpfl_buf_text(out, " ingress");
	else if (attach_type == BPFL_ATTACH_TCX_EGRESS)
		bpfl_buf_text(out, " egress");
	else if (attach_type == BPFL_ATTACH_NETKIT_PRIMARY)
		bpfl_buf_text(out, " primary");
	else if (attach_type == BPFL_ATTACH_NETKIT_PEER)
		bpfl_buf_text(out, " peer");
}

static void say_map(struct bpfl_buf *out, const struct link_info *info, const char *name)
{
	(void)name;
	bpfl_buf_printf(out, "map %u", info->place.number);
}

static void say_netfilter(struct bpfl_buf *out, const struct link_info *info, const char *name)
{
	(void)name;
	bpfl_buf_printf(out, "family %u, hook %u, priority %d", info->netfilter.family, info->netfilter.hook,
			info->netfilter.priority);
}

static void say_kprobe_multi(struct bpfl_buf *out, const struct link_info *info, const char *name)
{
	(void)name;
	bpfl_buf_printf(out, "%u functions", info->kprobe_multi.count);
}

static void say_tracing_multi(struct bpfl_buf *out, const struct link_info *info, const char *name)
{
	(void)name;
	bpfl_buf_printf(out, "%u functions of BTF object %u, attach type %u", info->tracing_multi.count,
			info->tracing_multi.btf_obj_id, info->tracing_multi.attach_type);
}

static void say_uprobe_multi(struct bpfl_buf *out, const struct link_info *info, const char *name)
{
	bpfl_buf_printf(out, "%s, %u places", name, info->uprobe_multi.count);
}

static void say_perf(struct bpfl_buf *out, const struct link_info *info, const char *name)
{
	static const char *const words[] = {
		[PERF_UPROBE] = "uprobe", [PERF_URETPROBE] = "uretprobe", [PERF_KPROBE] = "kprobe",
		[PERF_KRETPROBE] = "kretprobe", [PERF_TRACEPOINT] = "tracepoint",
	};

	if (info->perf.type == PERF_EVENT)
		bpfl_buf_printf(out, "event type %u, config %llu", info->perf.name_len,
				(unsigned long long)info->perf.name);
	else if (info->perf.type > 0 && info->perf.type < PERF_EVENT)
		bpfl_buf_printf(out, "%s %s", words[info->perf.type], name);
	if (info->perf.type >= PERF_UPROBE && info->perf.type <= PERF_KRETPROBE && info->perf.offset != 0)
		bpfl_buf_printf(out, "+0x%x", info->perf.offset);
}

/* Where this type has a name, as offsets in the struct; 0 none. */
static const struct {
	const char *name;
	void (*say)(struct bpfl_buf *out, const struct link_info *info, const char *name);
	size_t name_off, len_off;
} types[NR_LINK_TYPES] = {
	[LINK_RAW_TRACEPOINT] = { "raw_tracepoint", say_name, offsetof(struct link_info, named.name), offsetof(struct link_info, named.name_len) },
	[LINK_TRACING] = { "tracing", say_tracing, 0, 0 },
	[LINK_CGROUP] = { "cgroup", say_cgroup, 0, 0 },
	[LINK_ITER] = { "iter", say_name, offsetof(struct link_info, named.name), offsetof(struct link_info, named.name_len) },
	[LINK_NETNS] = { "netns", say_netns, 0, 0 },
	[LINK_XDP] = { "xdp", say_interface, 0, 0 },
	[LINK_PERF_EVENT] = { "perf_event", say_perf, offsetof(struct link_info, perf.name), offsetof(struct link_info, perf.name_len) },
	[LINK_KPROBE_MULTI] = { "kprobe_multi", say_kprobe_multi, 0, 0 },
	[LINK_STRUCT_OPS] = { "struct_ops", say_map, 0, 0 },
	[LINK_NETFILTER] = { "netfilter", say_netfilter, 0, 0 },
	[LINK_TCX] = { "tcx", say_interface, 0, 0 },
	[LINK_UPROBE_MULTI] = { "uprobe_multi", say_uprobe_multi, offsetof(struct link_info, uprobe_multi.path),
				offsetof(struct link_info, uprobe_multi.path_size) },
	[LINK_NETKIT] = { "netkit", say_interface, 0, 0 },
	[LINK_SOCKMAP] = { "sockmap", say_map, 0, 0 },
	[LINK_TRACING_MULTI] = { "tracing_multi", say_tracing_multi, 0, 0 },
};

static int ask(int fd, struct link_info *info)
{
	uint32_t size = sizeof(*info);

	return bpfl_sys_obj_info(fd, info, &size);
}

int bpfl_listing_link(struct bpfl_live *row, int fd)
{
	struct link_info info = { 0 }, named = { 0 };
	struct bpfl_buf text = BPFL_BUF_INIT;
	char name[NAME_SIZE] = "";
	uint32_t type;
	int ret = ask(fd, &info);

	if (ret < 0)
		return ret;
	type = info.type;
	row->prog_id = info.prog_id;
	if (type == 0 || type >= NR_LINK_TYPES) {
		snprintf(row->type, sizeof(row->type), "link type %u", type);
		return 0;
	}
	snprintf(row->type, sizeof(row->type), "%s", types[type].name);
	if (types[type].name_off) {
		uint64_t room = BPFL_PTR(name);
		uint32_t room_size = sizeof(name);

		memcpy((char *)&named + types[type].name_off, &room, sizeof(room));
		memcpy((char *)&named + types[type].len_off, &room_size, sizeof(room_size));
		if (ask(fd, &named) == 0) /* older kernels have no name: what was said before stays */
			info = named;
		name[sizeof(name) - 1] = '\0';
	}
	if (type == LINK_STRUCT_OPS || type == LINK_SOCKMAP) {
		uint32_t *map_id = BPFL_VEC_PUSH(&row->map_ids);

		if (!map_id)
			return -ENOMEM;
		*map_id = info.place.number;
	}
	types[type].say(&text, &info, name);
	row->detail = bpfl_buf_take(&text);
	return row->detail ? 0 : -ENOMEM;
}
