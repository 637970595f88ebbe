/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Probes of kernel functions and perf events on a fake kernel: what is asked of the kernel, in which order, and
 * what is said when it refuses. Its functions are those of the kallsyms below.
 */
#include "harness.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include "attach/functions.h"
#include "attach/kprobe.h"
#include "fake_sys.h"
#include "live.h"
#include "sys/kallsyms.h"
#include "sys/tracefs.h"

#define PMU "/sys/bus/event_source/devices/kprobe/"
#define TRACING "/sys/kernel/tracing"

static struct live live;

static const char kallsyms[] =
	"ffffffff81000000 T vfs_read\n"
	"ffffffff81000100 T vfs_write\n"
	"ffffffff81000180 t __pfx_vfs_reed\n"
	"ffffffff81000200 t helper.isra.0\n"
	"ffffffff81000300 t helper.constprop.1\n"
	"ffffffff81000400 t twice\n"
	"ffffffff81000500 t twice\n"
	"ffffffff81000600 D a_variable\n"
	"ffffffff81000700 T __x64_sys_clone\n"
	"ffffffff81000800 T __arm64_sys_clone\n"
	"ffffffff81000900 T __s390x_sys_clone\n"
	"ffffffff81000a00 T blacklisted\n"
	"ffffffff81000b00 T notrace\n"
	"ffffffffc0000000 t veth_xmit\t[veth]\n"
	"junk\n";

/* A kernel that has kprobes as perf events; without: only tracefs, or nothing at all. */
static void fake_kernel(bool has_pmu, bool has_tracefs)
{
	fake_sys_file("/proc/kallsyms", kallsyms);
	fake_sys_file_error("/sys/kernel/btf/vmlinux", ENOENT);
	fake_sys_file_error("/proc/self/mounts", ENOENT);
	if (has_pmu) {
		fake_sys_file(PMU "type", "6\n");
		fake_sys_file(PMU "format/retprobe", "config:0\n");
	} else {
		fake_sys_file_error(PMU "type", ENOENT);
	}
	if (has_tracefs) {
		fake_sys_fs_type(TRACING, BPFL_TRACEFS_MAGIC);
		fake_sys_file(TRACING "/kprobe_events",
			      "p:other/probe vfs_read\nr8:bpfload/k4194303_5_1_0_f vfs_read\n");
		fake_sys_file(TRACING "/available_filter_functions",
			      "vfs_read\nvfs_write\ntwice\ntwice\nblacklisted\nveth_xmit [veth]\n"
			      "__ftrace_invalid_address___16\n");
		fake_sys_file_error(TRACING "/available_filter_functions_addrs", ENOENT);
	} else {
		fake_sys_fs_type(TRACING, 1);
		fake_sys_fs_type("/sys/kernel/debug/tracing", 1);
		fake_sys_fail_call("fsopen", 0, ENODEV);
	}
	fake_sys_file("/sys/kernel/debug/kprobes/blacklist", "0xffffffff81000a00-0xffffffff81000a10\tblacklisted\n");
}

static const struct bpfl_perf_attr *perf_attr(size_t nth)
{
	ck_assert_ptr_nonnull(fake_sys_nth("perf_event_open", nth));
	return (const void *)fake_sys_nth("perf_event_open", nth)->attr;
}

/* ---- kprobes ---- */

START_TEST(the_pmu_gets_name_offset_and_the_return_bit_from_sysfs)
{
	fake_kernel(true, true);
	fake_sys_file(PMU "format/retprobe", "config:3\n");
	CHECK_OK(live_start(&live, LIVE_COUNT, "kprobe/vfs_read+0x10", NULL), live.err);
	ck_assert_uint_eq(perf_attr(0)->type, 6);
	ck_assert_uint_eq(perf_attr(0)->config, 0);
	ck_assert_uint_eq(perf_attr(0)->config2, 0x10);
	ck_assert_str_eq(bpfl_link_text(live.link), "prog: kprobe vfs_read+0x10");
	live_stop(&live);
	CHECK_OK(live_start(&live, LIVE_COUNT, "kretprobe/veth:veth_xmit", NULL), live.err);
	ck_assert_uint_eq(perf_attr(1)->config, 8);
	ck_assert_str_eq(bpfl_link_text(live.link), "prog: kretprobe veth:veth_xmit");
	live_stop(&live);
	CHECK_OK(live_start(&live, LIVE_COUNT, "kprobe/vfs_read", "kprobe/0xffffffff81000004"), live.err);
	ck_assert_uint_eq(perf_attr(2)->config1, 0);
	ck_assert_uint_eq(perf_attr(2)->config2, 0xffffffff81000004);
	live_stop(&live);
	ck_assert_str_eq(fake_sys_written(TRACING "/kprobe_events"), "");
}
END_TEST

START_TEST(without_a_pmu_an_event_is_added_and_those_of_the_dead_are_swept)
{
	fake_kernel(false, true);
	/* The fake has no such event: reading its number fails, and what was added goes away again. */
	ck_assert_int_lt(live_start(&live, LIVE_COUNT, "kretprobe/vfs_read", "kretprobe/vfs_read,retmax=7"), 0);
	CHECK_HAS(fake_sys_written(TRACING "/kprobe_events"), "-:bpfload/k4194303_5_1_0_f");
	CHECK_HAS(fake_sys_written(TRACING "/kprobe_events"), "r7:bpfload/k");
	CHECK_HAS(fake_sys_written(TRACING "/kprobe_events"), "_vfs_read vfs_read-:bpfload/k");
	CHECK_HAS_NOT(fake_sys_written(TRACING "/kprobe_events"), "other");
	CHECK_HAS(live.err.message, "adding an event to kprobe_events: ");
	live_stop(&live);
}
END_TEST

START_TEST(a_kernel_without_kprobes_says_so_before_anything_is_loaded)
{
	static const char *const sections[] = { "kprobe/vfs_read", "kretprobe/vfs_read", "ksyscall/clone",
						"kprobe.multi/vfs_*" };

	fake_kernel(false, false);
	CHECK_FAILS(live_start(&live, LIVE_COUNT, sections[_i], NULL), live.err, BPFL_ERR_UNSUPPORTED, EOPNOTSUPP,
		    "this kernel has no kprobes");
	ck_assert_int_eq(live.err.catalogue_id, 19);
	ck_assert_ptr_null(live.object);
	live_stop(&live);
}
END_TEST

static const struct {
	const char *attach;
	int errnum; /* what the kernel answers; 0: it is not asked */
	const char *message, *why, *fix;
} refused[] = {
	{ "kprobe/vfs_reed", 0, "there is no kernel function 'vfs_reed'", "renamed, inlined", "'vfs_read'" },
	{ "kprobe/helper", 0, "there is no kernel function 'helper'", "'helper.isra.0', 'helper.constprop.1'", "probe one of those" },
	{ "kprobe/a_variable", 0, "no kernel function 'a_variable'", "is a variable", "" },
	{ "kprobe/ext4:veth_xmit", 0, "'ext4:veth_xmit'", "not in module 'ext4'", "'veth:veth_xmit'" },
	{ "ksyscall/klone", 0, "no system call 'klone'", "older spelling", "sys_clone'" },
	{ "kprobe/twice", EADDRNOTAVAIL, "'twice' cannot be probed", "2 functions have this name", "0xADDRESS" },
	{ "kprobe/vfs_read+1", EILSEQ, "'vfs_read' cannot be probed", "no instruction that begins 0x1 bytes", "disassembly" },
	{ "kprobe/blacklisted", EINVAL, "'blacklisted' cannot be probed", "must not be probed", "calls it" },
	{ "kprobe/0xffffffff81000004", EINVAL, "no probe can stand at address 0xffffffff81000004: ", "", "" },
	{ "kprobe/notrace", EINVAL, "'notrace' cannot be probed", "not traceable", "calls it" },
	{ "kprobe/vfs_read+4096", EINVAL, "'vfs_read' cannot be probed", "may lie outside", "" },
	{ "kretprobe/vfs_read+4", 0, "a return probe stands on a function", "", "without an offset" },
	{ "kprobe.multi/nothing_*", 0, "fits 'nothing_*'", "", "" },
	{ "kprobe/no_f|no_g", 0, "there is no kernel function 'no_f'", "not there either: no_g", "" },
};

START_TEST(a_function_that_cannot_be_probed_is_explained)
{
	fake_kernel(true, true);
	if (refused[_i].errnum)
		fake_sys_fail_call("perf_event_open", 0, refused[_i].errnum);
	ck_assert_int_lt(live_start(&live, LIVE_COUNT, "kprobe/vfs_read", refused[_i].attach), 0);
	CHECK_HAS(live.err.message, refused[_i].message);
	CHECK_HAS(live.err.why, refused[_i].why);
	CHECK_HAS(live.err.fix, refused[_i].fix);
	CHECK_HAS_NOT(live.err.fix, "__pfx_");
	if (!refused[_i].errnum)
		ck_assert_uint_eq(fake_sys_count("perf_event_open"), 0);
	live_stop(&live);
}
END_TEST

START_TEST(the_first_alternative_that_is_there_is_taken)
{
	fake_kernel(true, true);
	CHECK_OK(live_start(&live, LIVE_COUNT, "kprobe/no_f|vfs_write|vfs_read", NULL), live.err);
	ck_assert_str_eq(bpfl_link_text(live.link), "prog: kprobe vfs_write");
	ck_assert_str_eq(live.err.message, "");
	live_stop(&live);
}
END_TEST

START_TEST(system_calls_have_the_name_of_this_machine)
{
	char name[64];

	fake_kernel(true, true);
	CHECK_OK(bpfl_syscall_function("clone", name, sizeof(name)), live.err);
	CHECK_HAS(name, "_sys_clone");
	CHECK_OK(live_start(&live, LIVE_COUNT, "kprobe/sys_clone", NULL), live.err);
	CHECK_HAS(bpfl_link_text(live.link), name);
	live_stop(&live);
	ck_assert_int_eq(bpfl_syscall_function("klone", name, sizeof(name)), -ENOENT);
	/* Before 4.17. */
	fake_sys_file("/proc/kallsyms", "ffffffff81000000 T sys_clone\nffffffff81000000 T SyS_clone\n");
	CHECK_OK(bpfl_syscall_function("clone", name, sizeof(name)), live.err);
	ck_assert_str_eq(name, "SyS_clone");
	/* Our order counts, not that of the file. */
	fake_sys_file("/proc/kallsyms", "ffffffff81000000 T SyS_clone\nffffffff81000000 T __se_sys_clone\nffffffff81000000 T __x64_sys_clone\n"
					"ffffffff81000000 T __arm64_sys_clone\nffffffff81000000 T __s390x_sys_clone\n");
	CHECK_OK(bpfl_syscall_function("clone", name, sizeof(name)), live.err);
	ck_assert_ptr_null(strstr(name, "SyS_"));
	ck_assert_ptr_null(strstr(name, "__se_"));
}
END_TEST

/* ---- tracepoints ---- */

START_TEST(a_tracepoint_whose_number_cannot_be_read_is_named)
{
	struct bpfl_attach bent = { .target = (char[]){ "sched_switch" } };
	const struct bpfl_attach_ctx ctx = { .attach = &bent };

	fake_kernel(true, true);
	fake_sys_file(TRACING "/events/sched/sched_switch/id", "317\n");
	fake_sys_file_error(TRACING "/events/sched/sched_switch/id", EACCES);
	CHECK_FAILS(live_start(&live, LIVE_COUNT, "tracepoint/sched/sched_switch", NULL), live.err, BPFL_ERR_PERMISSION,
		    EACCES, "reading the id of tracepoint 'sched/sched_switch': ");
	live_stop(&live);
	/* Its grammar sees to the slash before; this is for words that were made otherwise. */
	CHECK_FAILS(bpfl_hook_tracepoint.attach(&ctx, NULL, &live.err), live.err, BPFL_ERR_USAGE, EINVAL,
		    "'sched_switch' is not CATEGORY/NAME");
	bpfl_error_clear(&live.err);
}
END_TEST

/* ---- many ---- */

/* A kernel whose links on many functions dislike one of them: 42 as the last byte of the address. */
static int dislike_42(void *ctx, void *bytes, size_t attr_size)
{
	const struct bpfl_attr_link_create *attr = bytes;
	const uint64_t *addrs = (const uint64_t *)(uintptr_t)attr->kprobe_multi.addrs;

	(void)attr_size;
	if (attr->attach_type != BPFL_ATTACH_TRACE_KPROBE_MULTI)
		return FAKE_SYS_DEFAULT;
	if (!addrs)
		return -ESRCH; /* the question whether there are such links */
	for (uint32_t i = 0; i < attr->kprobe_multi.cnt; i++) {
		if ((addrs[i] & 0xff) == 0x42)
			return -EINVAL;
	}
	*(size_t *)ctx += attr->kprobe_multi.cnt;
	return FAKE_SYS_DEFAULT;
}

START_TEST(a_bad_member_of_a_set_is_named_and_left_out)
{
	char list[8192] = "";
	size_t nr_attached = 0;

	for (unsigned i = 0; i < 100; i++)
		sprintf(list + strlen(list), "ffffffff8100%04x many_%u\n", i, i);
	fake_kernel(true, true);
	fake_sys_file(TRACING "/available_filter_functions_addrs", list);
	fake_sys_on_bpf(BPFL_CMD_LINK_CREATE, dislike_42, &nr_attached);
	CHECK_OK(live_start(&live, LIVE_COUNT, "kprobe.multi/many_*", NULL), live.err);
	ck_assert_str_eq(bpfl_link_text(live.link), "prog: kprobe.multi many_* (99 of 100 functions)");
	ck_assert_uint_eq(nr_attached, 99);
	CHECK_HAS(live.log.data, "refused 1 of 100 functions (many_66)");
	live_stop(&live);
}
END_TEST

START_TEST(a_set_of_bad_members_only_is_given_up)
{
	char list[8192] = "";
	size_t nr_attached = 0;

	for (unsigned i = 0; i < 100; i++)
		sprintf(list + strlen(list), "ffffffff81%04x42 many_%u\n", i, i);
	fake_kernel(true, true);
	fake_sys_file(TRACING "/available_filter_functions_addrs", list);
	fake_sys_on_bpf(BPFL_CMD_LINK_CREATE, dislike_42, &nr_attached);
	ck_assert_int_lt(live_start(&live, LIVE_COUNT, "kprobe.multi/many_*", NULL), 0);
	ck_assert_uint_lt(fake_sys_count_bpf(BPFL_CMD_LINK_CREATE), 100);
	live_stop(&live);
}
END_TEST

static int know_no_multi(void *ctx, void *bytes, size_t attr_size)
{
	const struct bpfl_attr_link_create *attr = bytes;

	(void)ctx;
	(void)attr_size;
	return attr->attach_type == BPFL_ATTACH_PERF_EVENT ? FAKE_SYS_DEFAULT : -EOPNOTSUPP;
}

START_TEST(without_such_links_each_function_gets_a_kprobe)
{
	fake_kernel(true, true);
	fake_sys_on_bpf(BPFL_CMD_LINK_CREATE, know_no_multi, NULL);
	CHECK_OK(live_start(&live, LIVE_COUNT, "kprobe.multi/vfs_*", NULL), live.err);
	ck_assert_str_eq(bpfl_link_text(live.link), "prog: kprobe.multi vfs_* (2 functions, a kprobe each)");
	ck_assert_uint_eq(fake_sys_count("perf_event_open"), 2);
	live_stop(&live);
	CHECK_FAILS(live_start(&live, LIVE_COUNT, "kprobe.session/vfs_*", NULL), live.err, BPFL_ERR_UNSUPPORTED,
		    EOPNOTSUPP, "this kernel has no kprobe.session");
	live_stop(&live);
}
END_TEST

START_TEST(patterns_take_what_can_be_traced)
{
	static const struct {
		const char *pattern;
		size_t nr;
		const char *first;
	} rows[] = {
		{ "vfs_*", 2, "vfs_read" },	   { "v?s_read", 1, "vfs_read" }, { "veth:*", 1, "veth_xmit" }, { "vmlinux:v*", 2, "vfs_read" },
		{ "*", 4, "blacklisted" /* sorted; what stands twice is left out */ }, { "anything", 1, "anything" /* taken as it is */ },
	};

	fake_kernel(true, true);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct bpfl_functions functions = { 0 };

		CHECK_OK(bpfl_functions_match(rows[i].pattern, &functions, &live.err), live.err);
		ck_assert_msg(functions.names.nr == rows[i].nr, "%s: %zu", rows[i].pattern, functions.names.nr);
		ck_assert_str_eq(functions.names.items[0], rows[i].first);
		ck_assert_ptr_null(functions.addrs);
		bpfl_functions_deinit(&functions);
	}
	struct bpfl_functions none = { 0 };

	CHECK_FAILS(bpfl_functions_match("a_module_has_56_bytes_for_its_name_and_this_is_more_than_that_it_has_for_it:f*", &none,
					 &live.err),
		    live.err, BPFL_ERR_USAGE, EINVAL, "names too long a module");
	bpfl_functions_deinit(&none);
	bpfl_error_clear(&live.err);
}
END_TEST

/* ---- perf events ---- */

START_TEST(one_event_on_each_cpu)
{
	fake_kernel(true, true);
	CHECK_OK(live_start(&live, LIVE_COUNT, "perf_event", "profile:hz:49"), live.err);
	ck_assert_str_eq(bpfl_link_text(live.link), "prog: perf event cpu-clock, freq 49, on 4 CPUs");
	ck_assert_uint_eq(fake_sys_count("perf_event_open"), 4);
	ck_assert_uint_eq(perf_attr(3)->type, BPFL_PERF_TYPE_SOFTWARE);
	ck_assert_uint_eq(perf_attr(3)->sample_period, 49);
	ck_assert_uint_eq(perf_attr(3)->flag_bits, BPFL_PERF_FLAG_FREQ);
	live_stop(&live);
	CHECK_OK(live_start(&live, LIVE_COUNT, "perf_event", "hardware:cache-misses:1000"), live.err);
	ck_assert_uint_eq(perf_attr(4)->type, BPFL_PERF_TYPE_HARDWARE);
	ck_assert_uint_eq(perf_attr(4)->config, 3);
	ck_assert_uint_eq(perf_attr(4)->sample_period, 1000);
	ck_assert_uint_eq(perf_attr(4)->flag_bits, 0);
	live_stop(&live);
}
END_TEST

/* The kernel's own header has the numbers. */
START_TEST(names_of_events_mean_the_kernels_numbers)
{
	static const struct {
		const char *name;
		uint64_t config;
	} rows[] = {
		{ "cpu-clock", PERF_COUNT_SW_CPU_CLOCK }, { "task-clock", PERF_COUNT_SW_TASK_CLOCK },
		{ "page-faults", PERF_COUNT_SW_PAGE_FAULTS }, { "context-switches", PERF_COUNT_SW_CONTEXT_SWITCHES },
		{ "cpu-migrations", PERF_COUNT_SW_CPU_MIGRATIONS }, { "minor-faults", PERF_COUNT_SW_PAGE_FAULTS_MIN },
		{ "major-faults", PERF_COUNT_SW_PAGE_FAULTS_MAJ }, { "alignment-faults", PERF_COUNT_SW_ALIGNMENT_FAULTS },
		{ "emulation-faults", PERF_COUNT_SW_EMULATION_FAULTS }, { "cycles", PERF_COUNT_HW_CPU_CYCLES },
		{ "instructions", PERF_COUNT_HW_INSTRUCTIONS }, { "cache-references", PERF_COUNT_HW_CACHE_REFERENCES },
		{ "cache-misses", PERF_COUNT_HW_CACHE_MISSES }, { "branches", PERF_COUNT_HW_BRANCH_INSTRUCTIONS },
		{ "branch-misses", PERF_COUNT_HW_BRANCH_MISSES }, { "bus-cycles", PERF_COUNT_HW_BUS_CYCLES },
		{ "stalled-cycles-frontend", PERF_COUNT_HW_STALLED_CYCLES_FRONTEND },
		{ "stalled-cycles-backend", PERF_COUNT_HW_STALLED_CYCLES_BACKEND }, { "ref-cycles", PERF_COUNT_HW_REF_CPU_CYCLES },
	};
	char text[64];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		fake_sys_reset();
		fake_kernel(true, true);
		snprintf(text, sizeof(text), "perf_event:%s", rows[i].name);
		CHECK_OK(live_start(&live, LIVE_COUNT, "perf_event", text), live.err);
		ck_assert_msg(perf_attr(0)->config == rows[i].config, "%s: %llu", rows[i].name,
			      (unsigned long long)perf_attr(0)->config);
		ck_assert_uint_eq(perf_attr(0)->type, i < 9 ? PERF_TYPE_SOFTWARE : PERF_TYPE_HARDWARE);
		live_stop(&live);
	}
}
END_TEST

START_TEST(a_cpu_that_is_offline_is_left_out)
{
	fake_kernel(true, true);
	fake_sys_fail_call("perf_event_open", 2, ENODEV);
	CHECK_OK(live_start(&live, LIVE_COUNT, "perf_event", "software:page-faults"), live.err);
	ck_assert_str_eq(bpfl_link_text(live.link), "prog: perf event page-faults, period 1, on 3 CPUs");
	live_stop(&live);
	fake_sys_fail_call("perf_event_open", 0, ENODEV);
	ck_assert_int_eq(live_start(&live, LIVE_COUNT, "perf_event", "software:page-faults"), -ENODEV);
	CHECK_HAS(live.err.message, "perf_event_open for page-faults");
	live_stop(&live);
}
END_TEST

START_TEST(a_counter_that_is_not_there_is_explained)
{
	fake_kernel(true, true);
	fake_sys_fail_call("perf_event_open", 0, ENOENT);
	CHECK_FAILS(live_start(&live, LIVE_COUNT, "perf_event", "perf_event:cycles"), live.err, BPFL_ERR_UNSUPPORTED,
		    ENOENT, "cycles");
	CHECK_HAS(live.err.why, "no such counter");
	CHECK_HAS(live.err.fix, "cpu-clock");
	live_stop(&live);
}
END_TEST

/* Whatever call fails: an error with words, and nothing stays open. */
START_TEST(any_call_may_fail)
{
	static const char *const attaches[] = { "kprobe/vfs_read", "kprobe.multi/vfs_*", "ksyscall/clone",
						"profile:hz:99" };

	for (unsigned n = 1;; n++) {
		int ret;

		fake_sys_reset();
		fake_kernel(true, true);
		fake_sys_fail_nth(n, EIO);
		ret = live_start(&live, LIVE_COUNT, _i == 3 ? "perf_event" : attaches[_i], attaches[_i]);
		ck_assert_msg(ret == 0 || live.err.message[0], "call %u fails: no words", n);
		live_stop(&live);
		ck_assert_uint_eq(fake_sys_nr_open_fds(), 0);
		if (!fake_sys_failed())
			break;
	}
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		the_pmu_gets_name_offset_and_the_return_bit_from_sysfs,
		without_a_pmu_an_event_is_added_and_those_of_the_dead_are_swept,
		the_first_alternative_that_is_there_is_taken,
		system_calls_have_the_name_of_this_machine,
		a_tracepoint_whose_number_cannot_be_read_is_named,
		a_bad_member_of_a_set_is_named_and_left_out,
		a_set_of_bad_members_only_is_given_up,
		without_such_links_each_function_gets_a_kprobe,
		patterns_take_what_can_be_traced,
		one_event_on_each_cpu, names_of_events_mean_the_kernels_numbers,
		a_cpu_that_is_offline_is_left_out,
		a_counter_that_is_not_there_is_explained,
	};
	Suite *suite = BPFL_TEST_SUITE("attach kprobe", tests);

	bpfl_test_add_loop(suite, "absent", a_kernel_without_kprobes_says_so_before_anything_is_loaded, 4);
	bpfl_test_add_loop(suite, "refused", a_function_that_cannot_be_probed_is_explained,
			   sizeof(refused) / sizeof(refused[0]));
	bpfl_test_add_loop(suite, "faults", any_call_may_fail, 4);
	return bpfl_test_main(suite);
}
