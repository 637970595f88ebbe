/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The hooks of the network and of cgroups on a fake kernel: words, what is asked of the kernel, fallbacks of
 * older kernels, refusals, and that nothing stays open whatever fails.
 */
#include "harness.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include "attach/cgroup_path.h"
#include "attach/link.h"
#include "attach/netfilter.h"
#include "attach/tc.h"
#include "fake_sys.h"
#include "sys/netlink_tc.h"
#include "sys/owner.h"

#define CGROUP2_MAGIC 0x63677270
#define MOUNT "/fake/cgroup"

static struct bpfl_error err = BPFL_ERROR_INIT;
static struct bpfl_spec *spec;
static struct bpfl_target *target;
static struct bpfl_image *image;
static struct bpfl_object *object;
static char log_text[2048];

static void hear(void *ctx, enum bpfl_log_level level, const char *text)
{
	(void)ctx;
	(void)level;
	snprintf(log_text, sizeof(log_text), "%s", text);
}

/* One program of that section and a map of sockets, in the fake kernel. */
static void load(const char *section)
{
	static const struct bpfl_insn insns[] = { { 0xb7, 0, 0, 0 }, { 0x95, 0, 0, 0 } };
	struct bpfl_prog_def prog = {
		.size = sizeof(prog), .name = "prog", .section = section, .insns = insns, .nr_insns = 2
	};
	struct bpfl_map_def map = { .size = sizeof(map), .name = "socks", .type = BPFL_MAP_TYPE_SOCKHASH, .key_size = 4,
				    .value_size = 4, .max_entries = 8 };

	CHECK_OK(bpfl_spec_create("obj", "GPL", &spec, &err), err);
	CHECK_OK(bpfl_spec_add_map(spec, &map, &err), err);
	CHECK_OK(bpfl_spec_add_prog(spec, &prog, &err), err);
	CHECK_OK(bpfl_target_running(NULL, &target, &err), err);
	CHECK_OK(bpfl_image_build(spec, target, NULL, &image, &err), err);
	CHECK_OK(bpfl_object_load(image, target, NULL, &object, &err), err);
}

static void unload(void)
{
	bpfl_object_close(object);
	bpfl_image_destroy(image);
	bpfl_target_destroy(target);
	bpfl_spec_destroy(spec);
	bpfl_error_clear(&err);
	ck_assert_uint_eq(fake_sys_nr_open_fds(), 0);
}

static int attach(const char *text, struct bpfl_link **ret_link)
{
	const struct bpfl_log log = { hear, NULL };
	struct bpfl_attach *parsed = NULL;
	int ret;

	bpfl_error_clear(&err);
	log_text[0] = '\0';
	CHECK_OK(bpfl_attach_parse(text, &parsed, &err), err);
	ret = bpfl_attach_check(parsed, spec, 0, &err);
	if (ret == 0)
		ret = bpfl_link_attach(object, 0, parsed, &log, ret_link, &err);
	bpfl_attach_destroy(parsed);
	return ret;
}

static const struct bpfl_attr_link_create *nth_link(size_t nth)
{
	const struct fake_call *call = fake_sys_nth_bpf(BPFL_CMD_LINK_CREATE, nth);

	ck_assert_ptr_nonnull(call);
	return (const void *)call->attr;
}

static const struct bpfl_attr_prog_attach *nth_attach(int cmd, size_t nth)
{
	const struct fake_call *call = fake_sys_nth_bpf(cmd, nth);

	ck_assert_ptr_nonnull(call);
	return (const void *)call->attr;
}

/* How many netlink requests of that type went out. */
static unsigned nr_requests(unsigned char type)
{
	unsigned nr = 0;

	for (size_t i = 0; i < fake_sys_count("sendto"); i++)
		nr += fake_sys_nth("sendto", i)->attr[4] == type;
	return nr;
}

enum { NEWQDISC = 36, DELQDISC = 37, NEWTFILTER = 44, DELTFILTER = 45 };

/* ---- words ---- */

START_TEST(places_are_read_strictly)
{
	static const struct {
		const char *text, *message; /* message NULL: right */
	} rows[] = {
		{ "netfilter:ip/input", NULL },
		{ "netfilter:ip6:postrouting:-100", NULL },
		{ "netfilter:ip/prerouting:-300:defrag", NULL },
		{ "netfilter:ip/forward,prio=7", NULL },
		{ "netfilter:ip", "column 11" },
		{ "netfilter:ipx/input", "column 11" },
		{ "netfilter:ip/inputs", "column 14" },
		{ "netfilter:ip/input:", "column 19" },
		{ "netfilter:ip/input:1x", "column 19" },
		{ "netfilter:ip/input:99999999999", "column 19" },
		{ "netfilter:ip/input:1:defragment", "column 21" },
		{ "cgroup/connect4:self", NULL },
		{ "cgroup/connect4:pid:17", NULL },
		{ "cgroup/connect4:user.slice/a,b", NULL },
		{ "cgroup/connect4:pid:17x", "column 23: 'x'" },
		{ "cgroup/connect4:pid:", "expected" },
		{ "sk_lookup:pid:-1", "column 15" },
		{ "flow_dissector:/run/netns/a", NULL },
		{ "socket:lo", NULL },
		{ "socket:fd=7", NULL },
		{ "socket:fd=7.", "column 12" },
		{ "socket:fd=", "expected" },
		{ "lirc_mode2:lirc0", "the path of a device" },
		{ "lirc_mode2:/dev/lirc0", NULL },
		{ "tc/ingress:lo,prio=7,handle=1,chain=2", NULL },
		{ "tc/ingress:lo,mode=skb", "has no option 'mode'" },
		{ "tcx/ingress:lo,prio=7", "has no option 'prio'" },
		{ "xdp:lo,replace=any", NULL },
	};

	for (size_t i = 0; i < NR(rows); i++) {
		struct bpfl_attach *parsed = NULL;
		int ret = bpfl_attach_parse(rows[i].text, &parsed, &err);

		ck_assert_msg((ret == 0) == !rows[i].message, "%s: %s", rows[i].text, err.message);
		if (rows[i].message)
			CHECK_HAS(err.message, rows[i].message);
		bpfl_attach_destroy(ret == 0 ? parsed : NULL);
		bpfl_error_clear(&err);
	}
}
END_TEST

START_TEST(a_netfilter_place_is_understood)
{
	struct bpfl_netfilter place;
	bool whole;

	ck_assert_uint_eq(bpfl_netfilter_parse("ip6:output:-7:defrag", &place, &whole), 20);
	ck_assert(whole && place.defrag);
	ck_assert_uint_eq(place.pf, 10);
	ck_assert_uint_eq(place.hook, 3);
	ck_assert_int_eq(place.prio, -7);
}
END_TEST

START_TEST(wrong_options_are_refused_before_loading)
{
	static const struct {
		const char *section, *attach, *message;
	} rows[] = {
		{ "tc", "tc/ingress:eth7,prio=0", "option 'prio'" },
		{ "tc", "tc/ingress:eth7,prio=65536", "option 'prio'" },
		{ "tc", "tc/ingress:eth7,handle=0", "option 'handle'" },
		{ "tc", "tc/ingress:eth7,chain=4294967296", "option 'chain'" },
		{ "tc", "tc/ingress:eth7,replace=any", "prio= and handle= are missing" },
		{ "tc", "tc/ingress:eth7,prio=1,handle=1,replace=me", "option 'replace'" },
		{ "tc", "tc:eth7", "in which direction" },
		{ "classifier", "classifier:eth7", "in which direction" },
		{ "tc", "tcx/ingress:eth7,before=nobody", "option 'before'" },
		{ "tc", "tcx/ingress:eth7,after=link:0", "option 'after'" },
		{ "tc", "tcx/ingress:eth7,before=1,after=2", "both given" },
		{ "xdp", "xdp:eth7,replace=me", "option 'replace'" },
		{ "cgroup/skb", "cgroup/skb:self", "in which direction" },
		{ "netfilter", "netfilter:ip/input:-400:defrag", "contradict" },
		{ "netfilter", "netfilter:ip/input:2147483647", "taken by the kernel" },
		{ "sk_reuseport", "sk_reuseport:eth7", "expected fd=N" },
	};

	for (size_t i = 0; i < NR(rows); i++) {
		struct bpfl_link *link = NULL;

		fake_sys_reset();
		fake_sys_interface("eth7", 7);
		load(rows[i].section);
		CHECK_FAILS(attach(rows[i].attach, &link), err, BPFL_ERR_USAGE, EINVAL, rows[i].message);
		ck_assert_uint_eq(fake_sys_count_bpf(BPFL_CMD_LINK_CREATE), 0);
		unload();
	}
}
END_TEST

START_TEST(missing_interfaces_are_named_with_those_that_are_there)
{
	static const char *const rows[][2] = {
		{ "tc", "tc/egress:nope7" },
		{ "tc", "tcx/egress:nope7" },
		{ "netkit/peer", "netkit/peer:nope7" },
		{ "socket", "socket:nope7" },
		{ "xdp", "xdp:nope7,replace=12" }, /* a number is taken */
	};

	for (size_t i = 0; i < NR(rows); i++) {
		struct bpfl_link *link = NULL;

		load(rows[i][0]);
		CHECK_FAILS(attach(rows[i][1], &link), err, BPFL_ERR_TARGET, ENODEV,
			    "there is no network interface 'nope7'");
		ck_assert_int_eq(err.catalogue_id, 27);
		CHECK_HAS(err.why, "interfaces here: ");
		unload();
	}
}
END_TEST

/* Without a descriptor left nothing can be said about interfaces. */
START_TEST(an_interface_that_cannot_be_sought_is_not_called_missing)
{
	struct bpfl_link *link = NULL;

	load("tc");
	fake_sys_fail_call("if_nametoindex", 1, EMFILE);
	CHECK_FAILS(attach("tc/egress:lo", &link), err, BPFL_ERR_SYSTEM, EMFILE, "looking for the network interface 'lo'");
	unload();
}
END_TEST

/* ---- tc, tcx, netkit ---- */

START_TEST(tcx_gets_a_link_at_its_place)
{
	static const struct {
		const char *attach;
		uint32_t flags, id;
	} rows[] = {
		{ "tcx/egress:eth7", 0, 0 },
		{ "tcx/egress:eth7,before=all", 1u << 3, 0 },
		{ "tcx/egress:eth7,after=all", 1u << 4, 0 },
		{ "tcx/egress:eth7,before=17", 1u << 3 | 1u << 5, 17 },
		{ "tcx/egress:eth7,after=prog:17", 1u << 4 | 1u << 5, 17 },
		{ "tcx/egress:eth7,after=link:5", 1u << 4 | 1u << 5 | 1u << 13, 5 },
	};

	fake_sys_interface("eth7", 7);
	load("tcx/egress");
	for (size_t i = 0; i < NR(rows); i++) {
		struct bpfl_link *link = NULL;

		CHECK_OK(attach(rows[i].attach, &link), err);
		ck_assert_uint_eq(nth_link(i)->target_fd, 7);
		ck_assert_uint_eq(nth_link(i)->attach_type, BPFL_ATTACH_TCX_EGRESS);
		ck_assert_uint_eq(nth_link(i)->flags, rows[i].flags);
		ck_assert_uint_eq(nth_link(i)->mprog.relative_fd, rows[i].id);
		ck_assert_str_eq(bpfl_link_text(link), "prog: tcx/egress on eth7");
		bpfl_link_close(link);
	}
	ck_assert_uint_eq(fake_sys_count("sendto"), 0);
	unload();
}
END_TEST

START_TEST(kernels_without_tcx_get_a_filter_and_it_is_told)
{
	struct bpfl_link *link = NULL;

	fake_sys_interface("eth7", 7);
	load("tcx/ingress");
	fake_sys_fail_bpf(BPFL_CMD_LINK_CREATE, 0, EINVAL);
	CHECK_OK(attach("tcx/ingress:eth7", &link), err);
	CHECK_HAS(log_text, "no tcx");
	CHECK_HAS(bpfl_link_text(link), "prog: tc ingress on eth7 (clsact");
	ck_assert_uint_eq(nr_requests(NEWQDISC), 1);
	ck_assert_uint_eq(nr_requests(NEWTFILTER), 1);
	bpfl_link_close(link);
	/* The next one does not ask again. */
	CHECK_OK(attach("tcx/ingress:eth7", &link), err);
	ck_assert_uint_eq(fake_sys_count_bpf(BPFL_CMD_LINK_CREATE), 1);
	bpfl_link_close(link);
	CHECK_FAILS(attach("tcx/ingress:eth7,before=all", &link), err, BPFL_ERR_UNSUPPORTED, EOPNOTSUPP,
		    "tcx (Linux 6.6)");
	CHECK_HAS(err.fix, "tc/ingress:eth7,prio=N");
	unload();
}
END_TEST

START_TEST(a_refused_tcx_link_is_not_tried_otherwise)
{
	static const struct {
		int errnum;
		const char *message;
	} rows[] = {
		{ EEXIST, "has this program already" }, { ERANGE, "interface 'eth7' has 64 programs, which is all it takes" }, { ENOENT, "no such program to go before or after" },
	};

	for (size_t i = 0; i < NR(rows); i++) {
		struct bpfl_link *link = NULL;

		fake_sys_reset();
		fake_sys_interface("eth7", 7);
		load("tcx/ingress");
		fake_sys_fail_bpf(BPFL_CMD_LINK_CREATE, 0, rows[i].errnum);
		CHECK_FAILS(attach("tcx/ingress:eth7", &link), err, BPFL_ERR_TARGET, rows[i].errnum, rows[i].message);
		ck_assert_uint_eq(nr_requests(NEWTFILTER), 0);
		unload();
	}
}
END_TEST

START_TEST(a_filter_is_removed_with_the_clsact_that_was_made_for_it)
{
	struct bpfl_link *link = NULL;

	fake_sys_interface("eth7", 7);
	load("tc");
	CHECK_OK(attach("tc/egress:eth7,prio=65535,handle=3", &link), err);
	ck_assert_str_eq(bpfl_link_text(link), "prog: tc egress on eth7 (clsact, prio 65535, handle 3)");
	ck_assert_int_eq(bpfl_link_fd(link), -ENOENT);
	bpfl_link_close(link);
	ck_assert_uint_eq(nr_requests(DELTFILTER), 1);
	ck_assert_uint_eq(nr_requests(DELQDISC), 1);
	unload();
}
END_TEST

START_TEST(a_clsact_of_others_stays)
{
	struct bpfl_link *link = NULL;

	fake_sys_interface("eth7", 7);
	load("tc");
	fake_sys_fail_call("sendto", 2, EEXIST); /* the list of qdiscs, the qdisc */
	CHECK_OK(attach("tc/egress:eth7,prio=7,handle=3", &link), err);
	bpfl_link_close(link);
	ck_assert_uint_eq(nr_requests(DELTFILTER), 1);
	ck_assert_uint_eq(nr_requests(DELQDISC), 0);
	unload();
}
END_TEST

START_TEST(a_refused_filter_takes_its_clsact_along)
{
	struct bpfl_link *link = NULL;

	fake_sys_interface("eth7", 7);
	load("tc");
	fake_sys_fail_call("sendto", 3, EOPNOTSUPP); /* the list of qdiscs, the qdisc, the filter */
	CHECK_FAILS(attach("tc/egress:eth7", &link), err, BPFL_ERR_UNSUPPORTED, EOPNOTSUPP,
		    "does not take the program");
	CHECK_HAS(err.fix, "CONFIG_NET_CLS_BPF");
	ck_assert_uint_eq(nr_requests(DELQDISC), 1);
	unload();
}
END_TEST

START_TEST(only_the_filter_that_is_meant_is_replaced)
{
	struct bpfl_link *link = NULL;

	fake_sys_interface("eth7", 7);
	load("tc");
	CHECK_FAILS(attach("tc/egress:eth7,prio=7,handle=3,replace=9", &link), err, BPFL_ERR_TARGET, ENOENT,
		    "program id 9 is not at prio 7, handle 3 of 'eth7'");
	CHECK_HAS(err.why, "no filter is there");
	ck_assert_uint_eq(nr_requests(NEWTFILTER), 0);
	unload();
}
END_TEST

START_TEST(netkit_gets_a_link_or_says_why_not)
{
	static const struct {
		int errnum, want;
		const char *why;
	} rows[] = {
		{ ENXIO, ENXIO, "'nk7' is no netkit device" },
		{ EACCES, EACCES, "'nk7' is the peer" },
		{ EINVAL, EOPNOTSUPP, "gave EINVAL" },
	};

	fake_sys_interface("nk7", 7);
	for (size_t i = 0; i < NR(rows); i++) {
		struct bpfl_link *link = NULL;

		load("netkit/primary");
		fake_sys_fail_bpf(BPFL_CMD_LINK_CREATE, 1, rows[i].errnum);
		ck_assert_int_eq(attach("netkit/primary:nk7", &link), -rows[i].want);
		CHECK_HAS(err.why, rows[i].why);
		CHECK_OK(attach("netkit/primary:nk7,before=all", &link), err);
		ck_assert_uint_eq(nth_link(i * 2 + 1)->attach_type, BPFL_ATTACH_NETKIT_PRIMARY);
		ck_assert_uint_eq(nth_link(i * 2 + 1)->flags, 1u << 3);
		ck_assert_str_eq(bpfl_link_text(link), "prog: netkit/primary on nk7");
		bpfl_link_close(link);
		unload();
	}
}
END_TEST

START_TEST(the_name_of_a_filter_says_whose_it_is)
{
	static const char *const others[] = { "",
					      "bpfload",
					      "bpfload:",
					      "bpfload:1.2.3",
					      "bpfload:1.2.3:mad",
					      "cilium:1.2.3:made",
					      "bpfload:1.2:made",
					      "bpfload:1.-2.3:made",
					      "bpfload:1.2.3.4:made",
					      "bpfload:1.0.3:made" };
	struct bpfl_owner owner = { 4026531836, 1234, 567 }, read = { 0 };
	char name[BPFL_TC_NAME_SIZE];
	bool made = false;

	bpfl_tc_name(&owner, true, name, sizeof(name));
	ck_assert_str_eq(name, "bpfload:4026531836.1234.567:made");
	ck_assert(bpfl_tc_name_parse(name, &read, &made));
	ck_assert(made && read.pid == 1234 && read.start == 567 && read.pid_ns == 4026531836);
	bpfl_tc_name(&owner, false, name, sizeof(name));
	ck_assert(bpfl_tc_name_parse(name, &read, &made) && !made);
	for (size_t i = 0; i < NR(others); i++)
		ck_assert_msg(!bpfl_tc_name_parse(others[i], &read, &made), "%s", others[i]);
}
END_TEST

/* ---- cgroups ---- */

static void fake_cgroups(void)
{
	fake_sys_file("/proc/self/mounts", "proc /proc proc rw 0 0\ncgroup /fake/v1 cgroup rw,cpu 0 0\n"
					   "cgroup2 " MOUNT " cgroup2 rw 0 0\n");
	fake_sys_file("/proc/self/cgroup", "9:cpu:/x\n0::/mine\n");
	fake_sys_file("/proc/17/cgroup", "0::/\n");
	fake_sys_file("/proc/18/cgroup", "0::/../other\n");
	fake_sys_file(MOUNT "/cgroup.procs", "");
	fake_sys_file(MOUNT "/mine/cgroup.procs", "");
	fake_sys_file("/fake/v1/tasks", "");
	fake_sys_fs_type(MOUNT, CGROUP2_MAGIC);
	fake_sys_fs_type(MOUNT "/mine", CGROUP2_MAGIC);
	fake_sys_fs_type("/fake/v1", 0x27e0eb);
}

START_TEST(a_cgroup_is_found_by_path_or_process)
{
	static const char *const rows[][2] = {
		{ "self", MOUNT "/mine" }, { "pid:17", MOUNT }, { "mine", MOUNT "/mine" },
		{ MOUNT "/mine", MOUNT "/mine" }, { "/mine", MOUNT "/mine" },
	};

	fake_cgroups();
	for (size_t i = 0; i < NR(rows); i++) {
		struct bpfl_buf path = BPFL_BUF_INIT;
		int fd = bpfl_cgroup_open(rows[i][0], &path, &err);

		CHECK_OK(fd, err);
		ck_assert_str_eq(path.data, rows[i][1]);
		bpfl_enter_close(fd);
		bpfl_buf_deinit(&path);
	}
}
END_TEST

START_TEST(a_cgroup_that_is_not_there_is_explained)
{
	static const struct {
		const char *where;
		int errnum;
		const char *message, *why, *fix;
	} rows[] = {
		{ "mien", ENOENT, "there is no cgroup 'mien'", "mounted at '" MOUNT "'", "did you mean 'mine'?" },
		{ "pid:77777777", ENOENT, "there is no process 77777777", "/proc/77777777/cgroup", "pgrep" },
		{ "pid:18", ENOENT, "no cgroup that can be seen", "cgroup namespace", "directory" },
		{ "/fake/v1", EBADF, "not a directory of cgroup2", "version 2 only", MOUNT },
	};

	fake_cgroups();
	for (size_t i = 0; i < NR(rows); i++) {
		struct bpfl_buf path = BPFL_BUF_INIT;

		CHECK_FAILS(bpfl_cgroup_open(rows[i].where, &path, &err), err, BPFL_ERR_TARGET, rows[i].errnum,
			    rows[i].message);
		ck_assert_int_eq(err.catalogue_id, 27);
		CHECK_HAS(err.why, rows[i].why);
		CHECK_HAS(err.fix, rows[i].fix);
		bpfl_error_clear(&err);
		bpfl_buf_deinit(&path);
	}
	fake_sys_file("/proc/self/mounts", "proc /proc proc rw 0 0\n");
	struct bpfl_buf path = BPFL_BUF_INIT;

	CHECK_FAILS(bpfl_cgroup_open("self", &path, &err), err, BPFL_ERR_TARGET, ENOENT, "no cgroup2 filesystem");
	bpfl_buf_deinit(&path);
	bpfl_error_clear(&err);
}
END_TEST

START_TEST(a_mount_with_a_space_is_found)
{
	struct bpfl_buf path = BPFL_BUF_INIT;

	fake_sys_file("/proc/self/mounts", "none /mnt/a\\040b cgroup2 rw 0 0");
	CHECK_OK(bpfl_cgroup_mount(&path), err);
	ck_assert_str_eq(path.data, "/mnt/a b");
	bpfl_buf_deinit(&path);
}
END_TEST

START_TEST(a_cgroup_gets_a_link)
{
	struct bpfl_link *link = NULL;

	fake_cgroups();
	load("cgroup/connect4");
	CHECK_OK(attach("cgroup/connect4:self", &link), err);
	ck_assert_uint_eq(nth_link(0)->attach_type, BPFL_ATTACH_CGROUP_INET4_CONNECT);
	ck_assert_uint_ge(nth_link(0)->target_fd, 3);
	ck_assert_str_eq(bpfl_link_text(link), "prog: cgroup/connect4 on cgroup " MOUNT "/mine");
	ck_assert_str_eq(log_text, "");
	bpfl_link_close(link);
	unload();
}
END_TEST

START_TEST(cgroups_of_older_kernels_get_the_program_and_lose_it)
{
	struct bpfl_link *link = NULL;
	const struct bpfl_attr_prog_attach *attr;

	fake_cgroups();
	load("sockops");
	fake_sys_fail_bpf(BPFL_CMD_LINK_CREATE, 0, EINVAL);
	CHECK_OK(attach("sockops:self", &link), err);
	CHECK_HAS(log_text, "no cgroup links (Linux 5.7)");
	CHECK_HAS(bpfl_link_text(link), "(by PROG_ATTACH)");
	attr = nth_attach(BPFL_CMD_PROG_ATTACH, 0);
	ck_assert_uint_eq(attr->attach_flags, 2); /* BPF_F_ALLOW_MULTI */
	ck_assert_uint_eq(attr->attach_type, BPFL_ATTACH_CGROUP_SOCK_OPS);
	bpfl_link_close(link);
	ck_assert_uint_eq(nth_attach(BPFL_CMD_PROG_DETACH, 0)->target_fd, attr->target_fd);
	ck_assert_uint_eq(nth_attach(BPFL_CMD_PROG_DETACH, 0)->attach_fd, attr->attach_fd);
	/* Before 4.15, which knew no MULTI. */
	fake_sys_fail_bpf(BPFL_CMD_PROG_ATTACH, 1, EINVAL);
	CHECK_OK(attach("sockops:self", &link), err);
	ck_assert_uint_eq(fake_sys_count_bpf(BPFL_CMD_LINK_CREATE), 1);
	ck_assert_uint_eq(nth_attach(BPFL_CMD_PROG_ATTACH, 2)->attach_flags, 1);
	CHECK_HAS(log_text, "may have another instead");
	bpfl_link_close(link);
	unload();
}
END_TEST

static int answer_exclusive(void *ctx, void *attr, size_t attr_size)
{
	struct bpfl_attr_prog_query *query = attr;
	uint32_t id = 4711;

	(void)ctx;
	(void)attr_size;
	memcpy((void *)(uintptr_t)query->prog_ids, &id, sizeof(id));
	query->prog_cnt = 1;
	query->attach_flags = 0;
	return 0;
}

START_TEST(a_cgroup_that_is_held_alone_is_told_from_a_missing_capability)
{
	struct bpfl_link *link = NULL;

	fake_cgroups();
	load("cgroup/connect4");
	fake_sys_fail_bpf(BPFL_CMD_LINK_CREATE, 0, EPERM);
	ck_assert_int_eq(attach("cgroup/connect4:self", &link), -EPERM);
	ck_assert_int_eq(err.kind, BPFL_ERR_PERMISSION);
	fake_sys_on_bpf(BPFL_CMD_PROG_QUERY, answer_exclusive, NULL);
	CHECK_FAILS(attach("cgroup/connect4:self", &link), err, BPFL_ERR_TARGET, EPERM, "takes no second program");
	ck_assert_int_eq(err.catalogue_id, 32);
	CHECK_HAS(err.why, "program id 4711");
	ck_assert_uint_eq(fake_sys_count_bpf(BPFL_CMD_PROG_ATTACH), 0);
	unload();
}
END_TEST

/* ---- the rest ---- */

START_TEST(a_network_namespace_gets_a_link)
{
	struct bpfl_link *link = NULL;

	fake_sys_file("/run/netns/blue", "");
	fake_sys_file("/proc/17/ns/net", "");
	load("sk_lookup");
	CHECK_OK(attach("sk_lookup:blue", &link), err);
	ck_assert_uint_eq(nth_link(0)->attach_type, BPFL_ATTACH_SK_LOOKUP);
	ck_assert_str_eq(bpfl_link_text(link), "prog: sk_lookup in network namespace blue");
	bpfl_link_close(link);
	CHECK_OK(attach("sk_lookup:pid:17", &link), err);
	bpfl_link_close(link);
	CHECK_FAILS(attach("sk_lookup:blau", &link), err, BPFL_ERR_TARGET, ENOENT,
		    "there is no network namespace 'blau'");
	ck_assert_int_eq(err.catalogue_id, 27);
	CHECK_HAS(err.fix, "'blue'");
	unload();
	/* Full, which is not to be taken for too old by the first who asks. */
	load("sk_lookup");
	fake_sys_fail_bpf(BPFL_CMD_LINK_CREATE, 0, E2BIG);
	CHECK_FAILS(attach("sk_lookup:blue", &link), err, BPFL_ERR_TARGET, E2BIG, "takes no further sk_lookup program");
	unload();
}
END_TEST

START_TEST(an_older_kernel_takes_a_flow_dissector_for_its_own_namespace)
{
	struct bpfl_link *link = NULL;

	fake_sys_file("/proc/self/ns/net", "");
	fake_sys_file("/run/netns/blue", "");
	load("flow_dissector");
	fake_sys_fail_bpf(BPFL_CMD_LINK_CREATE, 0, EINVAL);
	CHECK_FAILS(attach("flow_dissector:blue", &link), err, BPFL_ERR_SYSTEM, EINVAL, "does not take the program");
	CHECK_OK(attach("flow_dissector:self", &link), err);
	CHECK_HAS(log_text, "no links for flow dissectors");
	ck_assert_uint_eq(nth_attach(BPFL_CMD_PROG_ATTACH, 0)->target_fd, 0);
	bpfl_link_close(link);
	ck_assert_uint_eq(fake_sys_count_bpf(BPFL_CMD_PROG_DETACH), 1);
	unload();
}
END_TEST

START_TEST(a_map_of_sockets_gets_a_link_or_the_program)
{
	struct bpfl_link *link = NULL;

	load("sk_msg");
	CHECK_OK(attach("sk_msg:socks", &link), err);
	ck_assert_uint_eq(nth_link(0)->target_fd, (uint32_t)bpfl_object_map_fd(object, "socks"));
	ck_assert_str_eq(bpfl_link_text(link), "prog: sk_msg on map socks");
	bpfl_link_close(link);
	unload();

	load("sk_skb/stream_verdict");
	fake_sys_fail_bpf(BPFL_CMD_LINK_CREATE, 0, EINVAL);
	CHECK_OK(attach("sk_skb/stream_verdict:socks", &link), err);
	CHECK_HAS(log_text, "no links for maps of sockets");
	ck_assert_uint_eq(nth_attach(BPFL_CMD_PROG_ATTACH, 0)->attach_type, BPFL_ATTACH_SK_SKB_STREAM_VERDICT);
	bpfl_link_close(link);
	ck_assert_uint_eq(nth_attach(BPFL_CMD_PROG_DETACH, 0)->attach_type, BPFL_ATTACH_SK_SKB_STREAM_VERDICT);
	fake_sys_fail_bpf(BPFL_CMD_PROG_ATTACH, 0, EBUSY);
	CHECK_FAILS(attach("sk_skb/stream_verdict:socks", &link), err, BPFL_ERR_TARGET, EBUSY, "map 'socks'");
	ck_assert_int_eq(err.catalogue_id, 32);
	unload();
}
END_TEST

START_TEST(a_map_that_is_not_there_is_refused_before_loading)
{
	static const struct {
		const char *attach;
		int errnum;
		const char *message, *fix;
	} rows[] = {
		{ "sk_msg:sock", ENOENT, "no map of sockets 'sock'", "'socks'" },
		{ "sk_msg:/sys/fs/bpf/m", 0, "", "" },
		{ "sk_msg:socks", 0, "", "" },
	};
	struct bpfl_attach *parsed = NULL;

	load("sk_msg");
	for (size_t i = 0; i < NR(rows); i++) {
		bpfl_error_clear(&err);
		CHECK_OK(bpfl_attach_parse(rows[i].attach, &parsed, &err), err);
		ck_assert_int_eq(bpfl_attach_prepare(parsed, spec, 0, &err), -rows[i].errnum);
		CHECK_HAS(err.message, rows[i].message);
		CHECK_HAS(err.fix, rows[i].fix);
		bpfl_attach_destroy(parsed);
	}
	CHECK_OK(bpfl_attach_parse("sk_skb:socks", &parsed, &err), err);
	unload();
	load("sk_skb");
	CHECK_FAILS(bpfl_attach_prepare(parsed, spec, 0, &err), err, BPFL_ERR_USAGE, EINVAL,
		    "what the program decides");
	bpfl_attach_destroy(parsed);
	unload();
}
END_TEST

START_TEST(a_socket_filter_has_a_socket_of_its_own)
{
	struct bpfl_link *link = NULL;

	fake_sys_interface("eth7", 7);
	load("socket");
	CHECK_OK(attach("socket:eth7", &link), err);
	ck_assert_uint_eq(fake_sys_nth("socket", 0)->arg[0], AF_PACKET);
	ck_assert_uint_eq(fake_sys_nth("socket", 0)->arg[2], 0); /* no packet before the program is there */
	ck_assert_uint_eq(fake_sys_nth("setsockopt", 0)->arg[1], SO_RCVBUF);
	ck_assert_uint_eq(fake_sys_nth("setsockopt", 1)->arg[1], SO_ATTACH_BPF);
	ck_assert_uint_eq(fake_sys_count("bind"), 1);
	bpfl_link_close(link);
	fake_sys_fail_call("socket", 1, EPERM);
	CHECK_FAILS(attach("socket:eth7", &link), err, BPFL_ERR_PERMISSION, EPERM, "opening a packet socket: ");
	CHECK_HAS(err.why, "CAP_NET_RAW");
	unload();
}
END_TEST

START_TEST(a_socket_of_this_process_gets_the_program_and_loses_it)
{
	struct bpfl_link *link = NULL;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	char text[64];

	load("sk_reuseport");
	snprintf(text, sizeof(text), "sk_reuseport:fd=%d", fd);
	CHECK_OK(attach(text, &link), err);
	ck_assert_int_eq(fake_sys_nth("setsockopt", 0)->fd, fd);
	ck_assert_uint_eq(fake_sys_nth("setsockopt", 0)->arg[1], SO_ATTACH_REUSEPORT_EBPF);
	bpfl_link_close(link);
	ck_assert_uint_eq(fake_sys_nth("setsockopt", 1)->arg[1], 68);
	unload();
	close(fd);

	load("socket");
	CHECK_FAILS(attach("socket:fd=700", &link), err, BPFL_ERR_TARGET, EBADF, "descriptor 700 is not a socket");
	unload();
}
END_TEST

START_TEST(netfilter_gets_a_link_or_says_why_not)
{
	struct bpfl_link *link = NULL;

	load("netfilter");
	CHECK_OK(attach("netfilter:ip6/prerouting:-100:defrag", &link), err);
	ck_assert_uint_eq(nth_link(0)->netfilter.pf, 10);
	ck_assert_uint_eq(nth_link(0)->netfilter.hooknum, 0);
	ck_assert_int_eq(nth_link(0)->netfilter.priority, -100);
	ck_assert_uint_eq(nth_link(0)->netfilter.flags, 1);
	bpfl_link_close(link);
	CHECK_OK(attach("netfilter:ip/output,prio=9", &link), err);
	ck_assert_int_eq(nth_link(1)->netfilter.priority, 9);
	bpfl_link_close(link);
	fake_sys_fail_bpf(BPFL_CMD_LINK_CREATE, 1, EBUSY);
	CHECK_FAILS(attach("netfilter:ip/output", &link), err, BPFL_ERR_TARGET, EBUSY,
		    "has a BPF program with priority 0 already");
	CHECK_HAS(err.fix, "netfilter:ip/output:1");
	fake_sys_fail_bpf(BPFL_CMD_LINK_CREATE, 1, EINVAL);
	CHECK_FAILS(attach("netfilter:ip/output", &link), err, BPFL_ERR_UNSUPPORTED, EOPNOTSUPP,
		    "does not take netfilter programs");
	CHECK_HAS(err.why, "Linux 6.4");
	unload();
}
END_TEST

START_TEST(an_infrared_receiver_gets_the_program_and_loses_it)
{
	struct bpfl_link *link = NULL;

	fake_sys_file("/dev/lirc7", "");
	load("lirc_mode2");
	CHECK_OK(attach("lirc_mode2:/dev/lirc7", &link), err);
	ck_assert_uint_eq(nth_attach(BPFL_CMD_PROG_ATTACH, 0)->attach_type, BPFL_ATTACH_LIRC_MODE2);
	CHECK_HAS(log_text, "stays there if this process is killed");
	bpfl_link_close(link);
	ck_assert_uint_eq(fake_sys_count_bpf(BPFL_CMD_PROG_DETACH), 1);
	CHECK_FAILS(attach("lirc_mode2:/dev/lirc8", &link), err, BPFL_ERR_TARGET, ENOENT,
		    "'/dev/lirc8' cannot be opened");
	CHECK_HAS(err.why, "/dev/lirc7");
	unload();
}
END_TEST

START_TEST(programs_of_routes_and_actions_say_who_uses_them)
{
	static const char *const rows[][2] = {
		{ "lwt_in", "ip route add PREFIX encap bpf in pinned" }, { "lwt_xmit", "encap bpf xmit pinned" },
		{ "lwt_seg6local", "End.BPF" }, { "action", "tc filter add dev IF ingress matchall action bpf object-pinned" },
	};

	for (size_t i = 0; i < NR(rows); i++) {
		struct bpfl_link *link = NULL;

		load(rows[i][0]);
		CHECK_FAILS(attach(rows[i][0], &link), err, BPFL_ERR_UNSUPPORTED, EOPNOTSUPP, rows[i][0]);
		CHECK_HAS(err.fix, rows[i][1]);
		unload();
	}
}
END_TEST

/* As after an attach of SEC(".struct_ops"), which is registered by the value of its map. */
START_TEST(a_map_without_a_link_is_not_exchanged)
{
	struct bpfl_link *link = bpfl_link_create(-1);

	load("tc");
	image->maps[0].kernel_value_type_id = 1;
	CHECK_FAILS(bpfl_link_update_map(link, object, "socks", -1, &err), err, BPFL_ERR_UNSUPPORTED, EOPNOTSUPP,
		    "is registered without a link of the kernel");
	CHECK_HAS(err.fix, ".struct_ops.link");
	image->maps[0].kernel_value_type_id = 0;
	bpfl_link_close(link);
	unload();
}
END_TEST

START_TEST(an_action_becomes_a_filter)
{
	struct bpfl_attach *parsed = NULL;
	size_t prog_idx = 9;

	load("action/egress");
	CHECK_OK(bpfl_attach_parse("tc/egress:eth7", &parsed, &err), err);
	CHECK_OK(bpfl_attach_select(parsed, spec, &prog_idx, &err), err);
	CHECK_OK(bpfl_attach_prepare(parsed, spec, prog_idx, &err), err);
	ck_assert_uint_eq(spec->progs.items[0].prog_type, BPFL_PROG_SCHED_CLS);
	ck_assert_uint_eq(spec->progs.items[0].attach_type, BPFL_ATTACH_TCX_EGRESS);
	bpfl_attach_destroy(parsed);
	unload();
}
END_TEST

/* ---- every call fails once ---- */

static const char *const all_kinds[][2] = {
	{ "tc", "tc/egress:eth7,prio=7,handle=3" }, { "tcx/ingress", "tcx/ingress:eth7" },    { "netkit/peer", "netkit/peer:eth7" },
	{ "cgroup/connect4", "cgroup/connect4:self" }, { "sockops", "sockops:mine" },	      { "sk_lookup", "sk_lookup:blue" },
	{ "flow_dissector", "flow_dissector:blue" },   { "sk_msg", "sk_msg:socks" },	      { "sk_skb/verdict", "sk_skb/verdict:socks" },
	{ "socket", "socket:eth7" },		       { "netfilter", "netfilter:ip/input" }, { "lirc_mode2", "lirc_mode2:/dev/lirc7" },
	{ "xdp", "xdp:eth7,replace=any" },
};

static int know_no_link(void *ctx, void *attr, size_t attr_size)
{
	(void)ctx;
	(void)attr;
	(void)attr_size;
	return -EINVAL;
}

/* no_links: as on kernels that know none of these links. */
static void fail_each_call(const char *section, const char *text, bool no_links)
{
	unsigned n = 1;
	bool failed;

	do {
		struct bpfl_link *link = NULL;

		fake_sys_reset();
		fake_cgroups();
		fake_sys_file("/run/netns/blue", "");
		fake_sys_file("/dev/lirc7", "");
		fake_sys_interface("eth7", 7);
		load(section);
		if (no_links)
			fake_sys_on_bpf(BPFL_CMD_LINK_CREATE, know_no_link, NULL);
		fake_sys_fail_nth(n++, ENOMEM);
		if (attach(text, &link) == 0)
			ck_assert_ptr_nonnull(bpfl_link_text(link));
		else
			ck_assert_msg(err.kind != BPFL_ERR_NONE, "%s: call %u", text, n - 1);
		failed = fake_sys_failed();
		bpfl_link_close(link);
		unload();
	} while (failed);
	ck_assert_uint_gt(n, 2);
}

START_TEST(a_failing_call_leaves_nothing_open)
{
	fail_each_call(all_kinds[_i][0], all_kinds[_i][1], false);
	fail_each_call(all_kinds[_i][0], all_kinds[_i][1], true);
}
END_TEST

int main(void)
{
	const TTest *word_tests[] = {
		places_are_read_strictly,
		a_netfilter_place_is_understood,
		wrong_options_are_refused_before_loading,
		missing_interfaces_are_named_with_those_that_are_there,
		an_interface_that_cannot_be_sought_is_not_called_missing,
	};
	const TTest *interface_tests[] = {
		tcx_gets_a_link_at_its_place,
		kernels_without_tcx_get_a_filter_and_it_is_told,
		a_refused_tcx_link_is_not_tried_otherwise,
		a_filter_is_removed_with_the_clsact_that_was_made_for_it,
		a_clsact_of_others_stays,
		a_refused_filter_takes_its_clsact_along,
		only_the_filter_that_is_meant_is_replaced,
		netkit_gets_a_link_or_says_why_not,
		the_name_of_a_filter_says_whose_it_is,
	};
	const TTest *cgroup_tests[] = {
		a_cgroup_is_found_by_path_or_process,
		a_cgroup_that_is_not_there_is_explained,
		a_mount_with_a_space_is_found,
		a_cgroup_gets_a_link,
		cgroups_of_older_kernels_get_the_program_and_lose_it,
		a_cgroup_that_is_held_alone_is_told_from_a_missing_capability,
	};
	const TTest *other_tests[] = {
		a_network_namespace_gets_a_link,
		an_older_kernel_takes_a_flow_dissector_for_its_own_namespace,
		a_map_of_sockets_gets_a_link_or_the_program,
		a_map_that_is_not_there_is_refused_before_loading,
		a_socket_filter_has_a_socket_of_its_own,
		a_socket_of_this_process_gets_the_program_and_loses_it,
		netfilter_gets_a_link_or_says_why_not,
		an_infrared_receiver_gets_the_program_and_loses_it,
		programs_of_routes_and_actions_say_who_uses_them,
		an_action_becomes_a_filter,
		a_map_without_a_link_is_not_exchanged,
	};
	Suite *suite = BPFL_TEST_SUITE("attach net words", word_tests);

	BPFL_TEST_ADD_CASE(suite, "interfaces", interface_tests);
	BPFL_TEST_ADD_CASE(suite, "cgroups", cgroup_tests);
	BPFL_TEST_ADD_CASE(suite, "others", other_tests);
	bpfl_test_add_loop(suite, "failing calls", a_failing_call_leaves_nothing_open, NR(all_kinds));
	return bpfl_test_main(suite);
}
