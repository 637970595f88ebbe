/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which program an attach spec means, what it becomes before loading, and how links are made on kernels of
 * every age (a fake one).
 */
#include "harness.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include "attach/link.h"
#include "fake_sys.h"
#include "specgen.h"
#include "sys/netlink.h"
#include "sys/tracefs.h"

static struct bpfl_error err = BPFL_ERROR_INIT;
static struct bpfl_spec *spec;

static void add(const char *name, const char *section)
{
	if (!spec)
		spec = specgen_new("obj");
	specgen_prog(spec, name, section, specgen_func(spec, name, 2));
}

static void forget(void)
{
	bpfl_spec_destroy(spec);
	spec = NULL;
	bpfl_error_clear(&err);
}

/* The name of the program that text means, or "" and err. */
static const char *select_name(const char *text)
{
	struct bpfl_attach *attach = NULL;
	size_t prog_idx = 9999;
	int ret;

	bpfl_error_clear(&err);
	CHECK_OK(bpfl_attach_parse(text, &attach, &err), err);
	ret = bpfl_attach_select(attach, spec, &prog_idx, &err);
	bpfl_attach_destroy(attach);
	return ret < 0 ? "" : spec->progs.items[prog_idx].name;
}

/* ---- choosing ---- */

START_TEST(the_only_program_is_meant)
{
	add("hello", "tracepoint/syscalls/sys_enter_execve");
	ck_assert_str_eq(select_name("tracepoint/sched/sched_switch"), "hello");
	ck_assert_str_eq(select_name("hello=tp/sched/sched_switch"), "hello");
	forget();
}
END_TEST

START_TEST(a_named_program_is_meant)
{
	add("a", "xdp");
	add("b", "xdp");
	ck_assert_str_eq(select_name("b=xdp:lo"), "b");
	ck_assert_str_eq(select_name("bb=xdp:lo"), "");
	CHECK_ERROR(err, BPFL_ERR_USAGE, ENOENT, "there is no program 'bb'");
	CHECK_HAS(err.why, "a (xdp), b (xdp)");
	CHECK_HAS(err.fix, "'b'");
	forget();
}
END_TEST

START_TEST(the_program_of_that_section_is_meant)
{
	add("a", "tracepoint/sched/sched_switch");
	add("b", "tp/syscalls/sys_enter_execve");
	add("c", "kretprobe/f");
	add("d", "kprobe/f");
	ck_assert_str_eq(select_name("tracepoint:syscalls:sys_enter_execve"), "b");
	ck_assert_str_eq(select_name("tp/syscalls/sys_enter_execve"), "b");
	ck_assert_str_eq(select_name("tracepoint:sched:sched_switch"), "a");
	ck_assert_str_eq(select_name("kprobe/f"), "d");
	ck_assert_str_eq(select_name("kretprobe:f"), "c");
	forget();
}
END_TEST

START_TEST(the_only_fitting_program_is_meant)
{
	add("a", "tracepoint/sched/sched_switch");
	add("b", "xdp");
	add("c", "xdp/devmap");
	ck_assert_str_eq(select_name("xdp:lo"), "b");
	forget();
}
END_TEST

START_TEST(a_choice_is_left_to_the_user)
{
	add("a", "xdp");
	add("b", "xdp");
	add("c", "kprobe/f");
	ck_assert_str_eq(select_name("xdp:lo"), "");
	CHECK_ERROR(err, BPFL_ERR_USAGE, EINVAL, "several programs fit");
	CHECK_HAS(err.why, "a (xdp), b (xdp), c (kprobe)");
	CHECK_HAS(err.fix, "--attach PROG=xdp:lo");
	ck_assert_str_eq(select_name("raw_tp/sys_enter"), "");
	CHECK_ERROR(err, BPFL_ERR_USAGE, ENOENT, "no program fits");
	forget();
}
END_TEST

START_TEST(programs_that_are_not_selected_are_not_meant_unless_named)
{
	add("a", "xdp");
	add("b", "xdp");
	spec->progs.items[0].selected = false;
	ck_assert_str_eq(select_name("xdp:lo"), "b");
	ck_assert_str_eq(select_name("a=xdp:lo"), "a");
	forget();
}
END_TEST

START_TEST(a_program_of_another_type_is_refused)
{
	add("a", "kprobe/f");
	ck_assert_str_eq(select_name("xdp:lo"), "");
	CHECK_ERROR(err, BPFL_ERR_USAGE, EINVAL,
		    "program 'a' (section 'kprobe/f') is of type kprobe, not what 'xdp' takes");
	CHECK_HAS(err.fix, "--type a=xdp");
	forget();
	add("m", "xdp/devmap");
	ck_assert_str_eq(select_name("m=xdp:lo"), "");
	forget();
}
END_TEST

START_TEST(a_program_of_unknown_type_takes_any)
{
	add("a", "prog");
	ck_assert_str_eq(select_name("xdp:lo"), "a");
	ck_assert_str_eq(select_name("a=raw_tp/sys_enter"), "a");
	forget();
}
END_TEST

START_TEST(an_object_without_programs_has_none_to_attach)
{
	spec = specgen_new("obj");
	ck_assert_str_eq(select_name("xdp:lo"), "");
	CHECK_ERROR(err, BPFL_ERR_USAGE, ENOENT, "no program fits");
	CHECK_HAS(err.why, "programs: none");
	forget();
}
END_TEST

/* ---- before loading ---- */

static void prepare(const char *text)
{
	struct bpfl_attach *attach = NULL;
	size_t prog_idx;

	CHECK_OK(bpfl_attach_parse(text, &attach, &err), err);
	CHECK_OK(bpfl_attach_select(attach, spec, &prog_idx, &err), err);
	CHECK_OK(bpfl_attach_prepare(attach, spec, prog_idx, &err), err);
	bpfl_attach_destroy(attach);
}

START_TEST(the_attach_spec_gives_an_unknown_program_its_type)
{
	add("a", "prog");
	prepare("xdp:lo");
	ck_assert_uint_eq(spec->progs.items[0].prog_type, BPFL_PROG_XDP);
	ck_assert_uint_eq(spec->progs.items[0].attach_type, BPFL_ATTACH_XDP);
	forget();
}
END_TEST

START_TEST(a_target_that_is_fixed_at_load_time_is_taken_over)
{
	add("a", "tp_btf");
	prepare("tp_btf/sched_switch");
	ck_assert_str_eq(spec->progs.items[0].attach_target, "sched_switch");
	prepare("tp_btf:sched_wakeup");
	ck_assert_str_eq(spec->progs.items[0].attach_target, "sched_wakeup");
	forget();
	add("s", "tp_btf.s/sched_switch");
	prepare("tp_btf/sched_wakeup");
	ck_assert_str_eq(spec->progs.items[0].attach_target, "sched_wakeup");
	ck_assert_uint_eq(spec->progs.items[0].prog_flags, BPFL_F_SLEEPABLE);
	forget();
}
END_TEST

START_TEST(a_direction_that_was_left_open_is_taken_over)
{
	add("a", "tc");
	prepare("tc/egress:lo");
	ck_assert_uint_eq(spec->progs.items[0].attach_type, BPFL_ATTACH_TCX_EGRESS);
	forget();
}
END_TEST

START_TEST(an_optional_program_that_is_named_is_loaded)
{
	add("a", "xdp");
	spec->progs.items[0].selected = false;
	spec->progs.items[0].optional = true;
	prepare("a=xdp:lo");
	ck_assert(spec->progs.items[0].selected);
	forget();
}
END_TEST

START_TEST(what_is_right_already_is_left_alone)
{
	add("a", "tracepoint/a/b");
	prepare("tracepoint/c/d");
	ck_assert_str_eq(spec->progs.items[0].hit.target, "a/b");
	forget();
}
END_TEST

/* ---- the program's own section ---- */

START_TEST(a_complete_section_is_an_attach_spec)
{
	struct bpfl_attach *attach = NULL;

	add("a", "tracepoint/syscalls/sys_enter_execve");
	CHECK_OK(bpfl_attach_from_section(spec, 0, &attach, &err), err);
	ck_assert_str_eq(attach->prog, "a");
	ck_assert_str_eq(attach->section, "tracepoint/syscalls/sys_enter_execve");
	ck_assert_str_eq(attach->target, "syscalls/sys_enter_execve");
	bpfl_attach_destroy(attach);
	forget();
}
END_TEST

START_TEST(an_incomplete_section_says_which_option_to_add)
{
	static const struct {
		const char *section, *fix;
	} rows[] = {
		{ "xdp", "--attach a=xdp:IF" },
		{ "xdp_prog1", "--attach a=xdp:IF" },
		{ "tracepoint", "--attach a=tracepoint/CATEGORY/NAME" },
		{ "tracepoint/x", "--attach a=tracepoint/" },
		{ "tc", "--attach a=tc/ingress:IF" },
		{ "cgroup/connect4", "--attach a=cgroup/connect4:PATH" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct bpfl_attach *attach = NULL;

		CHECK_OK(bpfl_spec_create("obj", "GPL", &spec, &err), err);
		static const struct bpfl_insn insns[] = { { 0xb7, 0, 0, 0 }, { 0x95, 0, 0, 0 } };
		struct bpfl_prog_def def = { .size = sizeof(def), .name = "a", .section = rows[i].section,
					     .insns = insns, .nr_insns = 2 };

		CHECK_OK(bpfl_spec_add_prog(spec, &def, &err), err);
		CHECK_FAILS(bpfl_attach_from_section(spec, 0, &attach, &err), err, BPFL_ERR_USAGE, EINVAL,
			    "program 'a'");
		ck_assert_int_eq(err.catalogue_id, 10);
		CHECK_HAS(err.fix, rows[i].fix);
		forget();
	}
}
END_TEST

START_TEST(programs_that_others_refer_to_are_only_loaded)
{
	struct bpfl_attach *attach = (struct bpfl_attach *)&attach;

	add("a", "xdp/devmap");
	CHECK_OK(bpfl_attach_from_section(spec, 0, &attach, &err), err);
	ck_assert_ptr_null(attach);
	forget();
}
END_TEST

START_TEST(a_section_that_walks_out_of_a_directory_is_refused)
{
	struct bpfl_attach *attach = NULL;

	add("a", "tracepoint/../../../etc");
	CHECK_FAILS(bpfl_attach_from_section(spec, 0, &attach, &err), err, BPFL_ERR_USAGE, EINVAL, "does not belong");
	CHECK_HAS(err.message, "program 'a'");
	forget();
}
END_TEST

/* ---- checks before loading ---- */

static int check(const char *text)
{
	struct bpfl_attach *attach = NULL;
	int ret;

	bpfl_error_clear(&err);
	CHECK_OK(bpfl_attach_parse(text, &attach, &err), err);
	ret = bpfl_attach_check(attach, spec, 0, &err);
	bpfl_attach_destroy(attach);
	return ret;
}

START_TEST(programs_that_others_refer_to_are_not_attached)
{
	add("a", "xdp/devmap");
	CHECK_FAILS(check("xdp/devmap"), err, BPFL_ERR_USAGE, EOPNOTSUPP, "is not attached by itself");
	forget();
}
END_TEST

START_TEST(a_missing_interface_is_named)
{
	add("a", "xdp");
	fake_sys_interface("eth7", 7);
	CHECK_FAILS(check("xdp:eth8"), err, BPFL_ERR_TARGET, ENODEV, "there is no network interface 'eth8'");
	ck_assert_int_eq(err.catalogue_id, 27);
	CHECK_HAS(err.why, "interfaces here: ");
	ck_assert_int_eq(check("xdp:eth7"), 0);
	forget();
}
END_TEST

#define TRACING "/sys/kernel/tracing"

static void fake_tracefs(void)
{
	fake_sys_fs_type(TRACING, BPFL_TRACEFS_MAGIC);
	fake_sys_file(TRACING "/events/sched/sched_switch/id", "317\n");
}

START_TEST(a_missing_tracepoint_is_named)
{
	add("a", "tracepoint/sched/sched_swich");
	fake_tracefs();
	ck_assert_int_eq(check("tracepoint/sched/sched_switch"), 0);
	CHECK_FAILS(check("tracepoint/sched/sched_swich"), err, BPFL_ERR_TARGET, ENOENT,
		    "there is no tracepoint 'sched/sched_swich'");
	ck_assert_int_eq(err.catalogue_id, 20);
	CHECK_FAILS(check("tracepoint/syscalls/sys_enter_execve"), err, BPFL_ERR_TARGET, ENOENT,
		    "syscalls/sys_enter_execve");
	CHECK_HAS(err.why, "CONFIG_FTRACE_SYSCALLS");
	ck_assert_uint_eq(fake_sys_nr_open_fds(), 0);
	forget();
}
END_TEST

START_TEST(nothing_is_claimed_when_tracefs_cannot_be_reached)
{
	add("a", "tracepoint/sched/sched_swich");
	fake_sys_fs_type(TRACING, 0x62656572);
	fake_sys_fs_type("/sys/kernel/debug/tracing", 0x62656572);
	fake_sys_file("/proc/self/mounts", "");
	fake_sys_fail_call("fsopen", 0, EPERM);
	ck_assert_int_eq(check("tracepoint/sched/sched_swich"), 0);
	forget();
}
END_TEST

/* ---- links ---- */

static struct bpfl_target *target;
static struct bpfl_image *image;
static struct bpfl_object *object;

/* Loads one program of that section into the fake kernel. */
static void load(const char *section)
{
	static const struct bpfl_insn insns[] = { { 0xb7, 0, 0, 0 }, { 0x95, 0, 0, 0 } };
	struct bpfl_prog_def def = {
		.size = sizeof(def), .name = "prog", .section = section, .insns = insns, .nr_insns = 2
	};

	CHECK_OK(bpfl_spec_create("obj", "GPL", &spec, &err), err);
	CHECK_OK(bpfl_spec_add_prog(spec, &def, &err), err);
	CHECK_OK(bpfl_target_running(NULL, &target, &err), err);
	CHECK_OK(bpfl_image_build(spec, target, NULL, &image, &err), err);
	CHECK_OK(bpfl_object_load(image, target, NULL, &object, &err), err);
}

static void unload(void)
{
	bpfl_object_close(object);
	bpfl_image_destroy(image);
	bpfl_target_destroy(target);
	forget();
}

static char log_text[1024];

static void hear(void *ctx, enum bpfl_log_level level, const char *text)
{
	(void)ctx;
	(void)level;
	snprintf(log_text, sizeof(log_text), "%s", text);
}

static int attach_text(const char *text, struct bpfl_link **ret_link)
{
	const struct bpfl_log log = { hear, NULL };
	struct bpfl_attach *attach = NULL;
	int ret;

	bpfl_error_clear(&err);
	log_text[0] = '\0';
	CHECK_OK(bpfl_attach_parse(text, &attach, &err), err);
	ret = bpfl_link_attach(object, 0, attach, &log, ret_link, &err);
	bpfl_attach_destroy(attach);
	return ret;
}

START_TEST(a_tracepoint_gets_a_link)
{
	const struct bpfl_attr_link_create *attr;
	struct bpfl_link *link = NULL;

	fake_tracefs();
	load("tracepoint/sched/sched_switch");
	CHECK_OK(attach_text("tracepoint/sched/sched_switch,cookie=7", &link), err);
	ck_assert_str_eq(bpfl_link_text(link), "prog: tracepoint sched/sched_switch");
	ck_assert_int_ge(bpfl_link_fd(link), 3);
	ck_assert_uint_eq(fake_sys_count("ioctl"), 0);
	attr = (const void *)fake_sys_nth_bpf(BPFL_CMD_LINK_CREATE, 0)->attr;
	ck_assert_uint_eq(attr->attach_type, BPFL_ATTACH_PERF_EVENT);
	ck_assert_uint_eq(attr->perf_event.cookie, 7);
	ck_assert_uint_eq(((const struct bpfl_perf_attr *)(const void *)fake_sys_nth("perf_event_open", 0)->attr)
				  ->config,
			  317);
	bpfl_link_close(link);
	unload();
	ck_assert_uint_eq(fake_sys_nr_open_fds(), 0);
}
END_TEST

START_TEST(a_tracepoint_of_an_older_kernel_gets_ioctls)
{
	struct bpfl_link *link = NULL;

	fake_tracefs();
	load("tracepoint/sched/sched_switch");
	fake_sys_fail_bpf(BPFL_CMD_LINK_CREATE, 0, EINVAL);
	CHECK_OK(attach_text("tracepoint/sched/sched_switch", &link), err);
	ck_assert_str_eq(bpfl_link_text(link), "prog: tracepoint sched/sched_switch (by ioctl)");
	ck_assert_int_eq(bpfl_link_fd(link), -ENOENT);
	ck_assert_uint_eq(fake_sys_count("ioctl"), 2);
	ck_assert_uint_eq(fake_sys_nth("ioctl", 0)->arg[0], BPFL_PERF_IOC_SET_BPF);
	ck_assert_uint_eq(fake_sys_nth("ioctl", 1)->arg[0], BPFL_PERF_IOC_ENABLE);
	bpfl_link_close(link);
	/* The next one does not ask again. */
	CHECK_OK(attach_text("tracepoint/sched/sched_switch", &link), err);
	ck_assert_uint_eq(fake_sys_count_bpf(BPFL_CMD_LINK_CREATE), 1);
	bpfl_link_close(link);
	/* A cookie would be lost. */
	CHECK_FAILS(attach_text("tracepoint/sched/sched_switch,cookie=1", &link), err, BPFL_ERR_UNSUPPORTED, EOPNOTSUPP,
		    "only a link carries a cookie");
	unload();
	ck_assert_uint_eq(fake_sys_nr_open_fds(), 0);
}
END_TEST

START_TEST(a_refused_tracepoint_link_is_not_tried_otherwise)
{
	struct bpfl_link *link = NULL;

	fake_tracefs();
	load("tracepoint/sched/sched_switch");
	fake_sys_fail_bpf(BPFL_CMD_LINK_CREATE, 0, E2BIG);
	CHECK_FAILS(attach_text("tracepoint/sched/sched_switch", &link), err, BPFL_ERR_SYSTEM, E2BIG,
		    "program 'prog': attach 'tracepoint/sched/sched_switch'");
	CHECK_HAS(err.why, "64 programs");
	ck_assert_uint_eq(fake_sys_count("ioctl"), 0);
	unload();
}
END_TEST

START_TEST(a_raw_tracepoint_is_opened_by_name)
{
	const struct bpfl_attr_raw_tracepoint *attr;
	struct bpfl_link *link = NULL;

	load("raw_tp/sys_enter");
	CHECK_OK(attach_text("raw_tp/sys_enter,cookie=9", &link), err);
	attr = (const void *)fake_sys_nth_bpf(BPFL_CMD_RAW_TRACEPOINT_OPEN, 0)->attr;
	ck_assert_uint_ne(attr->name, 0);
	ck_assert_uint_eq(attr->cookie, 9);
	ck_assert_str_eq(bpfl_link_text(link), "prog: raw tracepoint sys_enter");
	bpfl_link_close(link);
	fake_sys_fail_bpf(BPFL_CMD_RAW_TRACEPOINT_OPEN, 1, E2BIG);
	CHECK_FAILS(attach_text("raw_tp/sys_enter,cookie=9", &link), err, BPFL_ERR_UNSUPPORTED, EOPNOTSUPP,
		    "takes no cookie for a raw tracepoint");
	fake_sys_fail_bpf(BPFL_CMD_RAW_TRACEPOINT_OPEN, 1, ENOENT);
	CHECK_FAILS(attach_text("raw_tp/sys_enter_execve", &link), err, BPFL_ERR_TARGET, ENOENT,
		    "there is no raw tracepoint 'sys_enter_execve'");
	ck_assert_int_eq(err.catalogue_id, 20);
	unload();
}
END_TEST

START_TEST(xdp_gets_a_link)
{
	const struct bpfl_attr_link_create *attr;
	struct bpfl_link *link = NULL;

	fake_sys_interface("eth7", 7);
	load("xdp");
	CHECK_OK(attach_text("xdp:eth7,mode=skb", &link), err);
	attr = (const void *)fake_sys_nth_bpf(BPFL_CMD_LINK_CREATE, 0)->attr;
	ck_assert_uint_eq(attr->attach_type, BPFL_ATTACH_XDP);
	ck_assert_uint_eq(attr->target_fd, 7);
	ck_assert_uint_eq(attr->flags, BPFL_XDP_SKB_MODE);
	CHECK_HAS(bpfl_link_text(link), "prog: xdp on eth7");
	ck_assert_int_ge(bpfl_link_fd(link), 3);
	ck_assert_str_eq(log_text, "");
	bpfl_link_close(link);
	unload();
	ck_assert_uint_eq(fake_sys_nr_open_fds(), 0);
}
END_TEST

/* The n-th sendto is an RTM_SETLINK (19) rather than a query (18). */
static bool is_setlink(size_t nth)
{
	const struct fake_call *call = fake_sys_nth("sendto", nth);

	return call && call->attr[4] == 19;
}

START_TEST(xdp_of_an_older_kernel_goes_by_netlink_and_is_taken_away)
{
	struct bpfl_link *link = NULL;
	size_t nr_sent;

	fake_sys_interface("eth7", 7);
	load("xdp");
	fake_sys_fail_bpf(BPFL_CMD_LINK_CREATE, 0, EINVAL);
	CHECK_OK(attach_text("xdp:eth7", &link), err);
	CHECK_HAS(bpfl_link_text(link), "by netlink");
	CHECK_HAS(log_text, "stays on 'eth7'");
	ck_assert_int_eq(bpfl_link_fd(link), -ENOENT);
	ck_assert(is_setlink(0));
	/* IFLA_XDP_FLAGS: only if there is none. */
	ck_assert_uint_eq(fake_sys_nth("sendto", 0)->attr[48], BPFL_XDP_IF_NOEXIST);
	nr_sent = fake_sys_count("sendto");
	bpfl_link_close(link);
	ck_assert_uint_eq(fake_sys_count("sendto"), nr_sent + 1);
	ck_assert(is_setlink(nr_sent));
	/* IFLA_XDP_FD -1, and only when our program is there. */
	ck_assert_uint_eq(fake_sys_nth("sendto", nr_sent)->attr[40], 0xff);
	ck_assert_uint_eq(fake_sys_nth("sendto", nr_sent)->attr[48], BPFL_XDP_REPLACE);
	unload();
	ck_assert_uint_eq(fake_sys_nr_open_fds(), 0);
}
END_TEST

START_TEST(a_driver_that_refuses_xdp_is_quoted)
{
	struct bpfl_link *link = NULL;

	fake_sys_interface("eth7", 7);
	load("xdp");
	fake_sys_fail_bpf(BPFL_CMD_LINK_CREATE, 0, EOPNOTSUPP);
	fake_sys_netlink_error(EOPNOTSUPP, "the driver\x1b has no XDP");
	CHECK_FAILS(attach_text("xdp:eth7,mode=native", &link), err, BPFL_ERR_UNSUPPORTED, EOPNOTSUPP,
		    "interface 'eth7' does not take the program");
	ck_assert_int_eq(err.catalogue_id, 26);
	CHECK_HAS(err.why, "the kernel says: the driver\\x1b has no XDP");
	CHECK_HAS(err.fix, "mode=skb");
	unload();
}
END_TEST

START_TEST(mode_auto_tries_native_then_skb)
{
	struct bpfl_link *link = NULL;

	fake_sys_interface("eth7", 7);
	load("xdp");
	fake_sys_fail_bpf(BPFL_CMD_LINK_CREATE, 1, EOPNOTSUPP);
	fake_sys_netlink_error(EOPNOTSUPP, NULL);
	CHECK_OK(attach_text("xdp:eth7,mode=auto", &link), err);
	ck_assert_uint_eq(((const struct bpfl_attr_link_create *)(const void *)fake_sys_nth_bpf(BPFL_CMD_LINK_CREATE, 0)
				   ->attr)
				  ->flags,
			  BPFL_XDP_DRV_MODE);
	ck_assert_uint_eq(((const struct bpfl_attr_link_create *)(const void *)fake_sys_nth_bpf(BPFL_CMD_LINK_CREATE, 1)
				   ->attr)
				  ->flags,
			  BPFL_XDP_SKB_MODE);
	bpfl_link_close(link);
	unload();
}
END_TEST

START_TEST(an_interface_that_is_taken_says_so)
{
	struct bpfl_link *link = NULL;

	fake_sys_interface("eth7", 7);
	load("xdp");
	fake_sys_fail_bpf(BPFL_CMD_LINK_CREATE, 0, EBUSY);
	CHECK_FAILS(attach_text("xdp:eth7", &link), err, BPFL_ERR_TARGET, EBUSY, "has an XDP program already");
	CHECK_HAS(err.message, "obj: program 'prog': attach 'xdp:eth7': "); /* the whole path, as when loading */
	ck_assert_int_eq(err.catalogue_id, 32);
	unload();
}
END_TEST

START_TEST(a_program_of_another_type_is_not_attached)
{
	struct bpfl_link *link = NULL;

	load("xdp");
	CHECK_FAILS(attach_text("raw_tp/sys_enter", &link), err, BPFL_ERR_USAGE, EINVAL, "it is a xdp program");
	CHECK_FAILS(attach_text("kprobe/f", &link), err, BPFL_ERR_USAGE, EINVAL,
		    "it is a xdp program, which 'kprobe' does not take");
	ck_assert_int_eq(bpfl_link_attach(object, 0, NULL, NULL, &link, &err), -EINVAL);
	ck_assert_int_eq(bpfl_link_attach(object, 5, (const struct bpfl_attach *)&link, NULL, &link, &err), -EINVAL);
	unload();
	bpfl_link_close(NULL);
}
END_TEST

/* Fails each call in turn; nothing may stay open, and a success must be a whole link. */
static void fail_each_call(const char *section, const char *attach)
{
	unsigned n = 1;
	bool failed;

	do {
		struct bpfl_link *link = NULL;

		fake_sys_reset();
		fake_tracefs();
		fake_sys_interface("eth7", 7);
		load(section);
		fake_sys_fail_nth(n++, ENOMEM);
		if (attach_text(attach, &link) == 0)
			ck_assert_ptr_nonnull(bpfl_link_text(link));
		else
			ck_assert_int_ne(err.kind, BPFL_ERR_NONE);
		failed = fake_sys_failed();
		bpfl_link_close(link);
		unload();
		ck_assert_uint_eq(fake_sys_nr_open_fds(), 0);
	} while (failed);
	ck_assert_uint_gt(n, 2);
}

START_TEST(a_failing_call_leaves_nothing_open)
{
	fail_each_call("tracepoint/sched/sched_switch", "tracepoint/sched/sched_switch");
	fail_each_call("raw_tp/sys_enter", "raw_tp/sys_enter");
	fail_each_call("xdp", "xdp:eth7");
}
END_TEST

int main(void)
{
	const TTest *select_tests[] = {
		the_only_program_is_meant,
		a_named_program_is_meant,
		the_program_of_that_section_is_meant,
		the_only_fitting_program_is_meant,
		a_choice_is_left_to_the_user,
		programs_that_are_not_selected_are_not_meant_unless_named,
		a_program_of_another_type_is_refused,
		a_program_of_unknown_type_takes_any,
		an_object_without_programs_has_none_to_attach,
	};
	const TTest *prepare_tests[] = {
		the_attach_spec_gives_an_unknown_program_its_type,
		a_target_that_is_fixed_at_load_time_is_taken_over,
		a_direction_that_was_left_open_is_taken_over,
		an_optional_program_that_is_named_is_loaded,
		what_is_right_already_is_left_alone,
		a_complete_section_is_an_attach_spec,
		an_incomplete_section_says_which_option_to_add,
		programs_that_others_refer_to_are_only_loaded,
		a_section_that_walks_out_of_a_directory_is_refused,
		programs_that_others_refer_to_are_not_attached,
		a_missing_interface_is_named,
		a_missing_tracepoint_is_named,
		nothing_is_claimed_when_tracefs_cannot_be_reached,
	};
	const TTest *link_tests[] = {
		a_tracepoint_gets_a_link,
		a_tracepoint_of_an_older_kernel_gets_ioctls,
		a_refused_tracepoint_link_is_not_tried_otherwise,
		a_raw_tracepoint_is_opened_by_name,
		xdp_gets_a_link,
		xdp_of_an_older_kernel_goes_by_netlink_and_is_taken_away,
		a_driver_that_refuses_xdp_is_quoted,
		mode_auto_tries_native_then_skb,
		an_interface_that_is_taken_says_so,
		a_program_of_another_type_is_not_attached,
		a_failing_call_leaves_nothing_open,
	};
	Suite *suite = BPFL_TEST_SUITE("attach select", select_tests);

	BPFL_TEST_ADD_CASE(suite, "prepare", prepare_tests);
	BPFL_TEST_ADD_CASE(suite, "links", link_tests);
	return bpfl_test_main(suite);
}
