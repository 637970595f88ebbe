/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The SEC() table.
 *
 * A program says what it is by the name of the section it stands in:
 * SEC("tracepoint/syscalls/sys_enter_execve"). One row below is the whole truth about such a name: the type and
 * expected attach type it is loaded with, load flags, what stands behind the slash, how it is attached and what
 * the user has to add when the section alone does not say where.
 *
 * Matching: a row is found by its exact name, or, when it accepts a slash, by its name, a slash and a target.
 * Only when no row fits so, the longest row name that is followed by '-', '_' or '/' is taken: people write
 * SEC("xdp_prog1"), SEC("xdp-drop") and SEC("tc/my_prog"), which older loaders took for granted and stricter
 * ones refuse. What follows is then a mere label.
 *
 * Rows need no order: exact names are unique, and of several fitting prefixes the longest wins.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "base/text.h"
#include "spec/section.h"

/* The program's section ends with a target: SEC("kprobe/FUNCTION"). */
#define SLASH(row_name, prog, attach, flags, hook_name, seps, hint) \
	{ .name = (row_name), .prog_type = BPFL_PROG_##prog, .attach_type = (attach), .prog_flags = (flags), \
	  .accepts_slash = true, .btf_prefix = "", .hook = BPFL_HOOK_##hook_name, \
	  .target_form = BPFL_TARGET_SLASH, .target_hint = (hint), .target_seps = (seps) }
/* The same, and the target is a type of the kernel's BTF, found under prefix + target before the program is loaded. */
#define TYPED(row_name, prog, attach, flags, hook_name, prefix, hint) \
	{ .name = (row_name), .prog_type = BPFL_PROG_##prog, .attach_type = (attach), .prog_flags = (flags), \
	  .accepts_slash = true, .needs_btf_id = true, .btf_prefix = (prefix), .hook = BPFL_HOOK_##hook_name, \
	  .target_form = BPFL_TARGET_SLASH, .target_hint = (hint), .target_seps = "" }
/* Typed by the section, but where it is attached is known to nobody but the user. */
#define TYPED_WHERE(row_name, prog, attach, hook_name, prefix, hint) \
	{ .name = (row_name), .prog_type = BPFL_PROG_##prog, .attach_type = (attach), \
	  .accepts_slash = true, .needs_btf_id = true, .btf_prefix = (prefix), .hook = BPFL_HOOK_##hook_name, \
	  .target_form = BPFL_TARGET_WHERE, .target_hint = (hint), .target_seps = "" }
/* The section has one fixed name; the place comes with --attach NAME:WHERE. optional: BPFL_OPT or 0. */
#define WHERE(row_name, prog, attach, flags, hook_name, optional, hint, attach_as) \
	{ .name = (row_name), .prog_type = BPFL_PROG_##prog, .attach_type = (attach), .prog_flags = (flags), \
	  .attach_type_optional = (optional), .btf_prefix = "", .hook = BPFL_HOOK_##hook_name, \
	  .target_form = BPFL_TARGET_WHERE, .target_hint = (hint), .target_seps = "", .attach_name = (attach_as) }
/* Loaded only: others refer to the program (a map, a route, an action), or it is run by hand. */
#define ALONE(row_name, prog, attach, flags, hook_name, slash) \
	{ .name = (row_name), .prog_type = BPFL_PROG_##prog, .attach_type = (attach), .prog_flags = (flags), \
	  .accepts_slash = (slash), .btf_prefix = "", .hook = BPFL_HOOK_##hook_name, \
	  .target_form = BPFL_TARGET_NONE, .target_hint = "", .target_seps = "" }
/* attach_type_optional: kernels before 4.17 had no such field and took the program without it. */
#define BPFL_OPT true
#define S BPFL_F_SLEEPABLE
#define F BPFL_F_XDP_HAS_FRAGS
#define AT(type) BPFL_ATTACH_##type
#define FUNCTION "FUNCTION[+OFFSET]"
#define SYMBOL "PATH:FUNCTION[+OFFSET]"
#define CGROUP(row_name, prog, attach, optional) WHERE(row_name, prog, attach, 0, CGROUP, optional, "PATH", NULL)
#define SOCK_ADDR(row_name, attach) CGROUP(row_name, CGROUP_SOCK_ADDR, AT(attach), false)

static const struct bpfl_section_row rows[] = {
	/* sockets */
	WHERE("socket", SOCKET_FILTER, 0, 0, SOCKET, false, "IF", NULL),
	WHERE("sk_reuseport/migrate", SK_REUSEPORT, AT(SK_REUSEPORT_SELECT_OR_MIGRATE), 0, SK_REUSEPORT, false, "fd=N",
	      NULL),
	WHERE("sk_reuseport", SK_REUSEPORT, AT(SK_REUSEPORT_SELECT), 0, SK_REUSEPORT, false, "fd=N", NULL),
	WHERE("sk_lookup", SK_LOOKUP, AT(SK_LOOKUP), 0, NETNS, false, "NETNS", NULL),
	WHERE("sk_skb/stream_parser", SK_SKB, AT(SK_SKB_STREAM_PARSER), 0, SOCKMAP, BPFL_OPT, "MAP", NULL),
	WHERE("sk_skb/stream_verdict", SK_SKB, AT(SK_SKB_STREAM_VERDICT), 0, SOCKMAP, BPFL_OPT, "MAP", NULL),
	WHERE("sk_skb/verdict", SK_SKB, AT(SK_SKB_VERDICT), 0, SOCKMAP, BPFL_OPT, "MAP", NULL),
	WHERE("sk_skb", SK_SKB, 0, 0, SOCKMAP, false, "MAP", "sk_skb/stream_verdict"),
	WHERE("sk_msg", SK_MSG, AT(SK_MSG_VERDICT), 0, SOCKMAP, BPFL_OPT, "MAP", NULL),
	WHERE("flow_dissector", FLOW_DISSECTOR, AT(FLOW_DISSECTOR), 0, NETNS, BPFL_OPT, "NETNS", NULL),
	WHERE("lirc_mode2", LIRC_MODE2, AT(LIRC_MODE2), 0, LIRC, BPFL_OPT, "/dev/lircN", NULL),

	/* kernel and user functions */
	SLASH("kprobe", KPROBE, 0, 0, KPROBE, "", FUNCTION),
	SLASH("kretprobe", KPROBE, 0, 0, KPROBE, "", "FUNCTION"),
	SLASH("kprobe.multi", KPROBE, AT(TRACE_KPROBE_MULTI), 0, KPROBE_MULTI, "", "PATTERN"),
	SLASH("kretprobe.multi", KPROBE, AT(TRACE_KPROBE_MULTI), 0, KPROBE_MULTI, "", "PATTERN"),
	SLASH("kprobe.session", KPROBE, AT(TRACE_KPROBE_SESSION), 0, KPROBE_MULTI, "", "PATTERN"),
	SLASH("ksyscall", KPROBE, 0, 0, KSYSCALL, "", "SYSCALL"),
	SLASH("kretsyscall", KPROBE, 0, 0, KSYSCALL, "", "SYSCALL"),
	SLASH("uprobe", KPROBE, 0, 0, UPROBE, ":", SYMBOL),
	SLASH("uprobe.s", KPROBE, 0, S, UPROBE, ":", SYMBOL),
	SLASH("uretprobe", KPROBE, 0, 0, UPROBE, ":", "PATH:FUNCTION"),
	SLASH("uretprobe.s", KPROBE, 0, S, UPROBE, ":", "PATH:FUNCTION"),
	SLASH("uprobe.multi", KPROBE, AT(TRACE_UPROBE_MULTI), 0, UPROBE_MULTI, ":", "PATH:PATTERN"),
	SLASH("uprobe.multi.s", KPROBE, AT(TRACE_UPROBE_MULTI), S, UPROBE_MULTI, ":", "PATH:PATTERN"),
	SLASH("uretprobe.multi", KPROBE, AT(TRACE_UPROBE_MULTI), 0, UPROBE_MULTI, ":", "PATH:PATTERN"),
	SLASH("uretprobe.multi.s", KPROBE, AT(TRACE_UPROBE_MULTI), S, UPROBE_MULTI, ":", "PATH:PATTERN"),
	SLASH("uprobe.session", KPROBE, AT(TRACE_UPROBE_SESSION), 0, UPROBE_MULTI, ":", "PATH:PATTERN"),
	SLASH("uprobe.session.s", KPROBE, AT(TRACE_UPROBE_SESSION), S, UPROBE_MULTI, ":", "PATH:PATTERN"),
	SLASH("usdt", KPROBE, 0, 0, USDT, "::", "PATH:PROVIDER:NAME"),
	SLASH("usdt.s", KPROBE, 0, S, USDT, "::", "PATH:PROVIDER:NAME"),

	/* tracepoints */
	SLASH("tracepoint", TRACEPOINT, 0, 0, TRACEPOINT, "/", "CATEGORY/NAME"),
	SLASH("tp", TRACEPOINT, 0, 0, TRACEPOINT, "/", "CATEGORY/NAME"),
	SLASH("tracepoint.s", TRACEPOINT, 0, S, TRACEPOINT, "/", "CATEGORY/NAME"),
	SLASH("tp.s", TRACEPOINT, 0, S, TRACEPOINT, "/", "CATEGORY/NAME"),
	SLASH("raw_tracepoint", RAW_TRACEPOINT, 0, 0, RAW_TRACEPOINT, "", "NAME"),
	SLASH("raw_tp", RAW_TRACEPOINT, 0, 0, RAW_TRACEPOINT, "", "NAME"),
	SLASH("raw_tracepoint.s", RAW_TRACEPOINT, 0, S, RAW_TRACEPOINT, "", "NAME"),
	SLASH("raw_tp.s", RAW_TRACEPOINT, 0, S, RAW_TRACEPOINT, "", "NAME"),
	SLASH("raw_tracepoint.w", RAW_TRACEPOINT_WRITABLE, 0, 0, RAW_TRACEPOINT, "", "NAME"),
	SLASH("raw_tp.w", RAW_TRACEPOINT_WRITABLE, 0, 0, RAW_TRACEPOINT, "", "NAME"),

	/* by kernel type: the target is fixed when the program is loaded */
	TYPED("tp_btf", TRACING, AT(TRACE_RAW_TP), 0, TRACING, "btf_trace_", "NAME"),
	TYPED("tp_btf.s", TRACING, AT(TRACE_RAW_TP), S, TRACING, "btf_trace_", "NAME"),
	TYPED("fentry", TRACING, AT(TRACE_FENTRY), 0, TRACING, "", "FUNCTION"),
	TYPED("fentry.s", TRACING, AT(TRACE_FENTRY), S, TRACING, "", "FUNCTION"),
	TYPED("fexit", TRACING, AT(TRACE_FEXIT), 0, TRACING, "", "FUNCTION"),
	TYPED("fexit.s", TRACING, AT(TRACE_FEXIT), S, TRACING, "", "FUNCTION"),
	TYPED("fmod_ret", TRACING, AT(MODIFY_RETURN), 0, TRACING, "", "FUNCTION"),
	TYPED("fmod_ret.s", TRACING, AT(MODIFY_RETURN), S, TRACING, "", "FUNCTION"),
	TYPED("fsession", TRACING, AT(TRACE_FSESSION), 0, TRACING, "", "FUNCTION"),
	TYPED("fsession.s", TRACING, AT(TRACE_FSESSION), S, TRACING, "", "FUNCTION"),
	SLASH("fentry.multi", TRACING, AT(TRACE_FENTRY_MULTI), 0, TRACING_MULTI, "", "PATTERN"),
	SLASH("fentry.multi.s", TRACING, AT(TRACE_FENTRY_MULTI), S, TRACING_MULTI, "", "PATTERN"),
	SLASH("fexit.multi", TRACING, AT(TRACE_FEXIT_MULTI), 0, TRACING_MULTI, "", "PATTERN"),
	SLASH("fexit.multi.s", TRACING, AT(TRACE_FEXIT_MULTI), S, TRACING_MULTI, "", "PATTERN"),
	SLASH("fsession.multi", TRACING, AT(TRACE_FSESSION_MULTI), 0, TRACING_MULTI, "", "PATTERN"),
	SLASH("fsession.multi.s", TRACING, AT(TRACE_FSESSION_MULTI), S, TRACING_MULTI, "", "PATTERN"),
	TYPED_WHERE("freplace", EXT, 0, FREPLACE, "", "{id N|PIN}"),
	TYPED("lsm", LSM, AT(LSM_MAC), 0, LSM, "bpf_lsm_", "HOOK"),
	TYPED("lsm.s", LSM, AT(LSM_MAC), S, LSM, "bpf_lsm_", "HOOK"),
	TYPED_WHERE("lsm_cgroup", LSM, AT(LSM_CGROUP), LSM_CGROUP, "bpf_lsm_", "PATH"),
	TYPED("iter", TRACING, AT(TRACE_ITER), 0, ITER, "bpf_iter_", "NAME"),
	TYPED("iter.s", TRACING, AT(TRACE_ITER), S, ITER, "bpf_iter_", "NAME"),
	ALONE("struct_ops", STRUCT_OPS, 0, 0, STRUCT_OPS, true),
	ALONE("struct_ops.s", STRUCT_OPS, 0, S, STRUCT_OPS, true),
	ALONE("syscall", SYSCALL, 0, S, SYSCALL, false),
	WHERE("perf_event", PERF_EVENT, 0, 0, PERF_EVENT, false, "EVENT", NULL),

	/* network devices */
	WHERE("xdp", XDP, AT(XDP), 0, XDP, BPFL_OPT, "IF", NULL),
	WHERE("xdp.frags", XDP, AT(XDP), F, XDP, false, "IF", NULL),
	ALONE("xdp/devmap", XDP, AT(XDP_DEVMAP), 0, NONE, false),
	ALONE("xdp.frags/devmap", XDP, AT(XDP_DEVMAP), F, NONE, false),
	ALONE("xdp/cpumap", XDP, AT(XDP_CPUMAP), 0, NONE, false),
	ALONE("xdp.frags/cpumap", XDP, AT(XDP_CPUMAP), F, NONE, false),
	WHERE("tc/ingress", SCHED_CLS, AT(TCX_INGRESS), 0, TC, BPFL_OPT, "IF", NULL),
	WHERE("tc/egress", SCHED_CLS, AT(TCX_EGRESS), 0, TC, BPFL_OPT, "IF", NULL),
	WHERE("tcx/ingress", SCHED_CLS, AT(TCX_INGRESS), 0, TCX, BPFL_OPT, "IF", NULL),
	WHERE("tcx/egress", SCHED_CLS, AT(TCX_EGRESS), 0, TCX, BPFL_OPT, "IF", NULL),
	WHERE("tc", SCHED_CLS, 0, 0, TC, false, "IF", "tc/ingress"),
	WHERE("classifier", SCHED_CLS, 0, 0, TC, false, "IF", "tc/ingress"),
	ALONE("action", SCHED_ACT, 0, 0, NONE, false),
	WHERE("netkit/primary", SCHED_CLS, AT(NETKIT_PRIMARY), 0, NETKIT, false, "IF", NULL),
	WHERE("netkit/peer", SCHED_CLS, AT(NETKIT_PEER), 0, NETKIT, false, "IF", NULL),
	WHERE("netfilter", NETFILTER, AT(NETFILTER), 0, NETFILTER, false, "{ip|ip6}/HOOK[:PRIO]", NULL),
	ALONE("lwt_in", LWT_IN, 0, 0, LWT, false),
	ALONE("lwt_out", LWT_OUT, 0, 0, LWT, false),
	ALONE("lwt_xmit", LWT_XMIT, 0, 0, LWT, false),
	ALONE("lwt_seg6local", LWT_SEG6LOCAL, 0, 0, LWT, false),

	/* cgroups */
	CGROUP("sockops", SOCK_OPS, AT(CGROUP_SOCK_OPS), BPFL_OPT),
	CGROUP("cgroup_skb/ingress", CGROUP_SKB, AT(CGROUP_INET_INGRESS), BPFL_OPT),
	CGROUP("cgroup_skb/egress", CGROUP_SKB, AT(CGROUP_INET_EGRESS), BPFL_OPT),
	WHERE("cgroup/skb", CGROUP_SKB, 0, 0, CGROUP, false, "PATH", "cgroup_skb/ingress"),
	CGROUP("cgroup/sock", CGROUP_SOCK, AT(CGROUP_INET_SOCK_CREATE), BPFL_OPT),
	CGROUP("cgroup/sock_create", CGROUP_SOCK, AT(CGROUP_INET_SOCK_CREATE), false),
	CGROUP("cgroup/sock_release", CGROUP_SOCK, AT(CGROUP_INET_SOCK_RELEASE), false),
	CGROUP("cgroup/post_bind4", CGROUP_SOCK, AT(CGROUP_INET4_POST_BIND), false),
	CGROUP("cgroup/post_bind6", CGROUP_SOCK, AT(CGROUP_INET6_POST_BIND), false),
	SOCK_ADDR("cgroup/bind4", CGROUP_INET4_BIND),
	SOCK_ADDR("cgroup/bind6", CGROUP_INET6_BIND),
	SOCK_ADDR("cgroup/connect4", CGROUP_INET4_CONNECT),
	SOCK_ADDR("cgroup/connect6", CGROUP_INET6_CONNECT),
	SOCK_ADDR("cgroup/connect_unix", CGROUP_UNIX_CONNECT),
	SOCK_ADDR("cgroup/sendmsg4", CGROUP_UDP4_SENDMSG),
	SOCK_ADDR("cgroup/sendmsg6", CGROUP_UDP6_SENDMSG),
	SOCK_ADDR("cgroup/sendmsg_unix", CGROUP_UNIX_SENDMSG),
	SOCK_ADDR("cgroup/recvmsg4", CGROUP_UDP4_RECVMSG),
	SOCK_ADDR("cgroup/recvmsg6", CGROUP_UDP6_RECVMSG),
	SOCK_ADDR("cgroup/recvmsg_unix", CGROUP_UNIX_RECVMSG),
	SOCK_ADDR("cgroup/getpeername4", CGROUP_INET4_GETPEERNAME),
	SOCK_ADDR("cgroup/getpeername6", CGROUP_INET6_GETPEERNAME),
	SOCK_ADDR("cgroup/getpeername_unix", CGROUP_UNIX_GETPEERNAME),
	SOCK_ADDR("cgroup/getsockname4", CGROUP_INET4_GETSOCKNAME),
	SOCK_ADDR("cgroup/getsockname6", CGROUP_INET6_GETSOCKNAME),
	SOCK_ADDR("cgroup/getsockname_unix", CGROUP_UNIX_GETSOCKNAME),
	CGROUP("cgroup/sysctl", CGROUP_SYSCTL, AT(CGROUP_SYSCTL), false),
	CGROUP("cgroup/getsockopt", CGROUP_SOCKOPT, AT(CGROUP_GETSOCKOPT), false),
	CGROUP("cgroup/setsockopt", CGROUP_SOCKOPT, AT(CGROUP_SETSOCKOPT), false),
	CGROUP("cgroup/dev", CGROUP_DEVICE, AT(CGROUP_DEVICE), BPFL_OPT),
};

#define NR_ROWS (sizeof(rows) / sizeof(rows[0]))

const struct bpfl_section_row *bpfl_section_rows(size_t *ret_nr)
{
	*ret_nr = NR_ROWS;
	return rows;
}

const struct bpfl_section_row *bpfl_section_row(const char *name)
{
	for (size_t i = 0; i < NR_ROWS; i++) {
		if (strcmp(rows[i].name, name) == 0)
			return &rows[i];
	}
	return NULL;
}

/* kretprobe, uretprobe.s, kretsyscall, ...: these run when the function returns. */
static bool row_is_return(const struct bpfl_section_row *row)
{
	return strncmp(row->name, "kret", 4) == 0 || strncmp(row->name, "uret", 4) == 0;
}

struct bpfl_section_hit bpfl_section_find(const char *section_name)
{
	struct bpfl_section_hit hit = { BPFL_MATCH_NONE, NULL, "", false };
	size_t lenient_len = 0;

	for (size_t i = 0; i < NR_ROWS; i++) {
		const struct bpfl_section_row *row = &rows[i];

		if (row->name[0] != section_name[0])
			continue; /* a hundred rows are passed over for each program */
		size_t len = strlen(row->name);
		if (strncmp(section_name, row->name, len) != 0)
			continue;
		const char *rest = section_name + len;
		if (rest[0] == '\0' || (rest[0] == '/' && row->accepts_slash)) {
			hit.match = BPFL_MATCH_EXACT;
			hit.row = row;
			hit.target = rest[0] == '/' ? rest + 1 : rest;
			break;
		}
		if (strchr("-_/", rest[0]) != NULL && len > lenient_len) {
			hit.match = BPFL_MATCH_LENIENT;
			hit.row = row;
			hit.target = section_name + strlen(section_name);
			lenient_len = len;
		}
	}
	if (hit.row != NULL)
		hit.is_return = row_is_return(hit.row);
	return hit;
}

/* How many of the separators that a whole target contains are there, each with something in front of it. */
static size_t target_nr_seps(const char *target, const char *seps)
{
	const char *from = target;
	size_t nr = 0;

	for (; seps[nr] != '\0'; nr++) {
		const char *found = from[0] == '\0' ? NULL : strchr(from + 1, seps[nr]);

		if (found == NULL || found[1] == '\0')
			break;
		from = found + 1;
	}
	return nr;
}

bool bpfl_section_is_complete(const struct bpfl_section_hit *hit)
{
	if (hit->row == NULL || hit->row->target_form == BPFL_TARGET_WHERE)
		return false;
	if (hit->row->target_form == BPFL_TARGET_NONE)
		return true;
	return hit->target[0] != '\0' &&
	       target_nr_seps(hit->target, hit->row->target_seps) == strlen(hit->row->target_seps);
}

/*
 * The part of a hint that is missing in front of a target which has only its last pieces: "PATH:" of
 * "PATH:FUNCTION" for "readline".
 */
static int hint_missing_len(const struct bpfl_section_row *row, const char *target)
{
	size_t missing = strlen(row->target_seps) - target_nr_seps(target, row->target_seps);
	const char *end = row->target_hint;

	for (size_t i = 0; i < missing; i++)
		end = strchr(end, row->target_seps[i]) + 1;
	return (int)(end - row->target_hint);
}

char *bpfl_section_suggest(const struct bpfl_section_hit *hit, char *out, size_t out_size)
{
	const struct bpfl_section_row *row = hit->row;
	char target[BPFL_ESC_SIZE];

	out[0] = '\0';
	if (row == NULL || bpfl_section_is_complete(hit))
		return out;
	const char *name = row->attach_name != NULL ? row->attach_name : row->name;
	const char *given = hit->target;

	/* "uprobe/:readline": what stands in front of the separator is what is missing */
	if (given[0] != '\0' && given[0] == row->target_seps[0])
		given++;
	bpfl_text_escape(target, sizeof(target), given, SIZE_MAX);

	if (row->target_form == BPFL_TARGET_SLASH && target[0] == '\0') {
		snprintf(out, out_size, "%s/%s", name, row->target_hint);
	} else if (row->target_form == BPFL_TARGET_SLASH) {
		snprintf(out, out_size, "%s/%.*s%s", name, hint_missing_len(row, given),
			 row->target_hint, target);
	} else if (row->accepts_slash) {
		snprintf(out, out_size, "%s/%s:%s", name, target[0] != '\0' ? target : "NAME",
			 row->target_hint);
	} else {
		snprintf(out, out_size, "%s:%s", name, row->target_hint);
	}
	return out;
}

char *bpfl_section_near(const char *section_name, char *out, size_t out_size)
{
	char head[96];
	struct bpfl_near near;

	/* A name with a target can be far from every row: compare what stands before the slash as well. */
	snprintf(head, sizeof(head), "%.*s", (int)strcspn(section_name, "/"), section_name);
	bpfl_near_init(&near, section_name);
	for (size_t i = 0; i < NR_ROWS; i++)
		bpfl_near_offer(&near, rows[i].name);
	if (near.nr == 0) {
		bpfl_near_init(&near, head);
		for (size_t i = 0; i < NR_ROWS; i++)
			bpfl_near_offer(&near, rows[i].name);
	}
	return bpfl_near_text(&near, out, out_size);
}

char *bpfl_section_near_below(const char *name, const char *section_name, char *out, size_t out_size)
{
	size_t name_len = strlen(name);
	struct bpfl_near near;

	bpfl_near_init(&near, section_name);
	for (size_t i = 0; i < NR_ROWS; i++) {
		if (strncmp(rows[i].name, name, name_len) == 0 && rows[i].name[name_len] == '/')
			bpfl_near_offer(&near, rows[i].name);
	}
	return bpfl_near_text(&near, out, out_size);
}
