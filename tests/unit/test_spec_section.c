/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * spec/section: what each SEC() name means.
 *
 * The table below was written from a description of what names mean to the kernel and to existing programs, not
 * from the one in the code: it names every row once more, by number.
 */
#include "spec/section.h"

#include <stdio.h>
#include "harness.h"

#define S BPFL_F_SLEEPABLE
#define F BPFL_F_XDP_HAS_FRAGS

/*
 * slash: accepts "NAME/target"; btf: the target is looked up in BTF; opt: the attach type may be left out
 * on old kernels.
 */
static const struct {
	const char *name;
	unsigned prog_type, attach_type, flags;
	bool slash, btf, opt;
} wanted[] = {
	{ "socket", 1, 0, 0, false, false, false },
	{ "sk_reuseport/migrate", 21, 40, 0, false, false, false },
	{ "sk_reuseport", 21, 39, 0, false, false, false },
	{ "kprobe", 2, 0, 0, true, false, false },
	{ "kretprobe", 2, 0, 0, true, false, false },
	{ "uprobe", 2, 0, 0, true, false, false },
	{ "uretprobe", 2, 0, 0, true, false, false },
	{ "uprobe.s", 2, 0, S, true, false, false },
	{ "uretprobe.s", 2, 0, S, true, false, false },
	{ "kprobe.multi", 2, 42, 0, true, false, false },
	{ "kretprobe.multi", 2, 42, 0, true, false, false },
	{ "kprobe.session", 2, 56, 0, true, false, false },
	{ "uprobe.multi", 2, 48, 0, true, false, false },
	{ "uretprobe.multi", 2, 48, 0, true, false, false },
	{ "uprobe.multi.s", 2, 48, S, true, false, false },
	{ "uretprobe.multi.s", 2, 48, S, true, false, false },
	{ "uprobe.session", 2, 57, 0, true, false, false },
	{ "uprobe.session.s", 2, 57, S, true, false, false },
	{ "ksyscall", 2, 0, 0, true, false, false },
	{ "kretsyscall", 2, 0, 0, true, false, false },
	{ "usdt", 2, 0, 0, true, false, false },
	{ "usdt.s", 2, 0, S, true, false, false },
	{ "tc/ingress", 3, 46, 0, false, false, true },
	{ "tcx/ingress", 3, 46, 0, false, false, true },
	{ "tc/egress", 3, 47, 0, false, false, true },
	{ "tcx/egress", 3, 47, 0, false, false, true },
	{ "tc", 3, 0, 0, false, false, false },
	{ "classifier", 3, 0, 0, false, false, false },
	{ "action", 4, 0, 0, false, false, false },
	{ "netkit/primary", 3, 54, 0, false, false, false },
	{ "netkit/peer", 3, 55, 0, false, false, false },
	{ "tracepoint", 5, 0, 0, true, false, false },
	{ "tp", 5, 0, 0, true, false, false },
	{ "tracepoint.s", 5, 0, S, true, false, false },
	{ "tp.s", 5, 0, S, true, false, false },
	{ "raw_tracepoint", 17, 0, 0, true, false, false },
	{ "raw_tp", 17, 0, 0, true, false, false },
	{ "raw_tracepoint.s", 17, 0, S, true, false, false },
	{ "raw_tp.s", 17, 0, S, true, false, false },
	{ "raw_tracepoint.w", 24, 0, 0, true, false, false },
	{ "raw_tp.w", 24, 0, 0, true, false, false },
	{ "tp_btf", 26, 23, 0, true, true, false },
	{ "tp_btf.s", 26, 23, S, true, true, false },
	{ "fentry", 26, 24, 0, true, true, false },
	{ "fexit", 26, 25, 0, true, true, false },
	{ "fmod_ret", 26, 26, 0, true, true, false },
	{ "fentry.s", 26, 24, S, true, true, false },
	{ "fexit.s", 26, 25, S, true, true, false },
	{ "fmod_ret.s", 26, 26, S, true, true, false },
	{ "fsession", 26, 58, 0, true, true, false },
	{ "fsession.s", 26, 58, S, true, true, false },
	{ "fentry.multi", 26, 59, 0, true, false, false },
	{ "fexit.multi", 26, 60, 0, true, false, false },
	{ "fsession.multi", 26, 61, 0, true, false, false },
	{ "fentry.multi.s", 26, 59, S, true, false, false },
	{ "fexit.multi.s", 26, 60, S, true, false, false },
	{ "fsession.multi.s", 26, 61, S, true, false, false },
	{ "freplace", 28, 0, 0, true, true, false },
	{ "lsm", 29, 27, 0, true, true, false },
	{ "lsm.s", 29, 27, S, true, true, false },
	{ "lsm_cgroup", 29, 43, 0, true, true, false },
	{ "iter", 26, 28, 0, true, true, false },
	{ "iter.s", 26, 28, S, true, true, false },
	{ "syscall", 31, 0, S, false, false, false },
	{ "xdp", 6, 37, 0, false, false, true },
	{ "xdp/devmap", 6, 33, 0, false, false, false },
	{ "xdp/cpumap", 6, 35, 0, false, false, false },
	{ "xdp.frags", 6, 37, F, false, false, false },
	{ "xdp.frags/devmap", 6, 33, F, false, false, false },
	{ "xdp.frags/cpumap", 6, 35, F, false, false, false },
	{ "perf_event", 7, 0, 0, false, false, false },
	{ "lwt_in", 10, 0, 0, false, false, false },
	{ "lwt_out", 11, 0, 0, false, false, false },
	{ "lwt_xmit", 12, 0, 0, false, false, false },
	{ "lwt_seg6local", 19, 0, 0, false, false, false },
	{ "sockops", 13, 3, 0, false, false, true },
	{ "sk_skb/stream_parser", 14, 4, 0, false, false, true },
	{ "sk_skb/stream_verdict", 14, 5, 0, false, false, true },
	{ "sk_skb/verdict", 14, 38, 0, false, false, true },
	{ "sk_skb", 14, 0, 0, false, false, false },
	{ "sk_msg", 16, 7, 0, false, false, true },
	{ "lirc_mode2", 20, 16, 0, false, false, true },
	{ "flow_dissector", 22, 17, 0, false, false, true },
	{ "cgroup_skb/ingress", 8, 0, 0, false, false, true },
	{ "cgroup_skb/egress", 8, 1, 0, false, false, true },
	{ "cgroup/skb", 8, 0, 0, false, false, false },
	{ "cgroup/sock", 9, 2, 0, false, false, true },
	{ "cgroup/sock_create", 9, 2, 0, false, false, false },
	{ "cgroup/sock_release", 9, 34, 0, false, false, false },
	{ "cgroup/post_bind4", 9, 12, 0, false, false, false },
	{ "cgroup/post_bind6", 9, 13, 0, false, false, false },
	{ "cgroup/bind4", 18, 8, 0, false, false, false },
	{ "cgroup/bind6", 18, 9, 0, false, false, false },
	{ "cgroup/connect4", 18, 10, 0, false, false, false },
	{ "cgroup/connect6", 18, 11, 0, false, false, false },
	{ "cgroup/connect_unix", 18, 49, 0, false, false, false },
	{ "cgroup/sendmsg4", 18, 14, 0, false, false, false },
	{ "cgroup/sendmsg6", 18, 15, 0, false, false, false },
	{ "cgroup/sendmsg_unix", 18, 50, 0, false, false, false },
	{ "cgroup/recvmsg4", 18, 19, 0, false, false, false },
	{ "cgroup/recvmsg6", 18, 20, 0, false, false, false },
	{ "cgroup/recvmsg_unix", 18, 51, 0, false, false, false },
	{ "cgroup/getpeername4", 18, 29, 0, false, false, false },
	{ "cgroup/getpeername6", 18, 30, 0, false, false, false },
	{ "cgroup/getpeername_unix", 18, 52, 0, false, false, false },
	{ "cgroup/getsockname4", 18, 31, 0, false, false, false },
	{ "cgroup/getsockname6", 18, 32, 0, false, false, false },
	{ "cgroup/getsockname_unix", 18, 53, 0, false, false, false },
	{ "cgroup/sysctl", 23, 18, 0, false, false, false },
	{ "cgroup/getsockopt", 25, 21, 0, false, false, false },
	{ "cgroup/setsockopt", 25, 22, 0, false, false, false },
	{ "cgroup/dev", 15, 6, 0, false, false, true },
	{ "struct_ops", 27, 0, 0, true, false, false },
	{ "struct_ops.s", 27, 0, S, true, false, false },
	{ "sk_lookup", 30, 36, 0, false, false, false },
	{ "netfilter", 32, 45, 0, false, false, false },
};

#define NR_WANTED (sizeof(wanted) / sizeof(wanted[0]))

START_TEST(every_row_means_what_it_should)
{
	for (size_t i = 0; i < NR_WANTED; i++) {
		struct bpfl_section_hit hit = bpfl_section_find(wanted[i].name);

		ck_assert_msg(hit.match == BPFL_MATCH_EXACT, "%s", wanted[i].name);
		ck_assert_str_eq(hit.row->name, wanted[i].name);
		ck_assert_str_eq(hit.target, "");
		ck_assert_msg(hit.row->prog_type == wanted[i].prog_type, "%s: type %u", wanted[i].name,
			      hit.row->prog_type);
		ck_assert_msg(hit.row->attach_type == (int)wanted[i].attach_type, "%s: attach type %d", wanted[i].name,
			      hit.row->attach_type);
		ck_assert_msg(hit.row->prog_flags == wanted[i].flags, "%s: flags 0x%x", wanted[i].name,
			      hit.row->prog_flags);
		ck_assert_msg(hit.row->accepts_slash == wanted[i].slash, "%s: slash", wanted[i].name);
		ck_assert_msg(hit.row->needs_btf_id == wanted[i].btf, "%s: btf", wanted[i].name);
		ck_assert_msg(hit.row->attach_type_optional == wanted[i].opt, "%s: optional", wanted[i].name);
		ck_assert_ptr_nonnull(hit.row->btf_prefix);
		ck_assert_ptr_nonnull(hit.row->target_hint);
		ck_assert_ptr_nonnull(bpfl_prog_type_name(hit.row->prog_type));
		ck_assert_ptr_nonnull(bpfl_hook_name(hit.row->hook));
	}
}
END_TEST

START_TEST(there_are_no_other_rows)
{
	size_t nr = 0;

	bpfl_section_rows(&nr);
	ck_assert_uint_eq(nr, NR_WANTED);
}
END_TEST

START_TEST(targets_stand_behind_the_slash)
{
	static const struct {
		const char *name, *row, *target;
	} cases[] = {
		{ "kprobe/do_sys_openat2+0x10", "kprobe", "do_sys_openat2+0x10" },
		{ "uprobe//bin/bash:readline", "uprobe", "/bin/bash:readline" },
		{ "tp/sched/sched_switch", "tp", "sched/sched_switch" },
		{ "kprobe.multi/vfs_*", "kprobe.multi", "vfs_*" },
		{ "lsm_cgroup/socket_bind", "lsm_cgroup", "socket_bind" },
		{ "lsm/socket_bind", "lsm", "socket_bind" },
		{ "kprobe/", "kprobe", "" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct bpfl_section_hit hit = bpfl_section_find(cases[i].name);

		ck_assert_int_eq(hit.match, BPFL_MATCH_EXACT);
		ck_assert_str_eq(hit.row->name, cases[i].row);
		ck_assert_str_eq(hit.target, cases[i].target);
	}
}
END_TEST

START_TEST(labels_are_taken_leniently)
{
	static const struct {
		const char *name, *row;
	} cases[] = {
		{ "xdp_prog1", "xdp" },	       { "xdp-drop", "xdp" },	      { "xdp/mine", "xdp" },
		{ "tc/my_prog", "tc" },	       { "tc/ingress/mine", "tc/ingress" }, { "action/egress", "action" },
		{ "classifier/x", "classifier" }, { "xdp/devmap_2", "xdp/devmap" }, { "kprobe_open", "kprobe" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct bpfl_section_hit hit = bpfl_section_find(cases[i].name);

		ck_assert_msg(hit.match == BPFL_MATCH_LENIENT, "%s", cases[i].name);
		ck_assert_str_eq(hit.row->name, cases[i].row);
		ck_assert_str_eq(hit.target, "");
	}
}
END_TEST

START_TEST(other_names_mean_nothing)
{
	static const char *const names[] = { "",          "prog", "xdpfoo",         "socket1",
					     "kprobes/x", "Xdp",  "tracepoint.x/y", "cgroup/nothing" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct bpfl_section_hit hit = bpfl_section_find(names[i]);

		ck_assert_msg(hit.match == BPFL_MATCH_NONE && hit.row == NULL, "%s", names[i]);
		ck_assert(!bpfl_section_is_complete(&hit));
	}
}
END_TEST

START_TEST(return_probes_are_told_apart)
{
	ck_assert(bpfl_section_find("kretprobe/f").is_return);
	ck_assert(bpfl_section_find("uretprobe.multi.s/p:f").is_return);
	ck_assert(bpfl_section_find("kretsyscall/open").is_return);
	ck_assert(!bpfl_section_find("kprobe/f").is_return);
	ck_assert(!bpfl_section_find("fexit/f").is_return);
	ck_assert(!bpfl_section_find("fmod_ret/f").is_return);
}
END_TEST

START_TEST(what_is_missing_is_said)
{
	static const struct {
		const char *name, *suggestion; /* "": complete */
	} cases[] = {
		{ "tracepoint/syscalls/sys_enter_execve", "" },
		{ "tracepoint/x", "tracepoint/CATEGORY/x" },
		{ "tp", "tp/CATEGORY/NAME" },
		{ "uretprobe/readline", "uretprobe/PATH:readline" },
		{ "uprobe//bin/bash:readline", "" },
		{ "uprobe/:readline", "uprobe/PATH:readline" },
		{ "usdt/libc:setjmp", "usdt/PATH:libc:setjmp" },
		{ "usdt/setjmp", "usdt/PATH:PROVIDER:setjmp" },
		{ "usdt//lib/libc.so:libc:setjmp", "" },
		{ "kprobe/f", "" },
		{ "kprobe", "kprobe/FUNCTION[+OFFSET]" },
		{ "raw_tp", "raw_tp/NAME" },
		{ "xdp", "xdp:IF" },
		{ "xdp_prog1", "xdp:IF" },
		{ "xdp/devmap", "" },
		{ "tc", "tc/ingress:IF" },
		{ "tcx/egress", "tcx/egress:IF" },
		{ "cgroup/connect4", "cgroup/connect4:PATH" },
		{ "cgroup/skb", "cgroup_skb/ingress:PATH" },
		{ "lsm_cgroup/socket_bind", "lsm_cgroup/socket_bind:PATH" },
		{ "freplace/f", "freplace/f:{id N|PIN}" },
		{ "syscall", "" },
		{ "struct_ops/init", "" },
		{ "perf_event", "perf_event:EVENT" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct bpfl_section_hit hit = bpfl_section_find(cases[i].name);
		char out[128];

		ck_assert_str_eq(bpfl_section_suggest(&hit, out, sizeof(out)), cases[i].suggestion);
		ck_assert_msg(bpfl_section_is_complete(&hit) == (out[0] == '\0'), "%s", cases[i].name);
	}
}
END_TEST

START_TEST(near_names_are_offered)
{
	char out[256];

	CHECK_HAS(bpfl_section_near("xpd", out, sizeof(out)), "'xdp'");
	CHECK_HAS(bpfl_section_near("kprob/do_sys_openat2", out, sizeof(out)), "'kprobe'");
	CHECK_HAS(bpfl_section_near("tracepont/syscalls/sys_enter_execve", out, sizeof(out)), "'tracepoint'");
	ck_assert_str_eq(bpfl_section_near("something_completely_else", out, sizeof(out)), "");
}
END_TEST

START_TEST(numbers_have_names)
{
	ck_assert_str_eq(bpfl_prog_type_name(6), "xdp");
	ck_assert_str_eq(bpfl_attach_type_name(58), "trace_fsession");
	ck_assert_str_eq(bpfl_map_type_name(27), "ringbuf");
	ck_assert_int_eq(bpfl_map_type_by_name("ringbuf"), 27);
	ck_assert_int_lt(bpfl_map_type_by_name("ringbufs"), 0);
	ck_assert_ptr_null(bpfl_prog_type_name(BPFL_NR_PROG_TYPES));
	ck_assert_ptr_null(bpfl_map_type_name(1000));
	for (unsigned i = 0; i < BPFL_NR_ATTACH_TYPES; i++)
		ck_assert_ptr_nonnull(bpfl_attach_type_name(i));
	for (unsigned i = 0; i < BPFL_NR_MAP_TYPES; i++)
		ck_assert_int_eq(bpfl_map_type_by_name(bpfl_map_type_name(i)), i);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		every_row_means_what_it_should, there_are_no_other_rows,  targets_stand_behind_the_slash,
		labels_are_taken_leniently,     other_names_mean_nothing, return_probes_are_told_apart,
		what_is_missing_is_said,        near_names_are_offered,   numbers_have_names
	};

	return bpfl_test_main(BPFL_TEST_SUITE("spec/section", tests));
}
