/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The hooks of the network and of cgroups on the running kernel. That a program ran is shown by a counter that
 * moved, that it is detached by one that no longer does. Each test has a network namespace of its own, cgroups
 * are made and removed below the mount of cgroup2. A hook that a kernel may be too old for is skipped by its
 * version only.
 */
#include "harness.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include "attach/cgroup_path.h"
#include "attach/link.h"
#include "attach/tc.h"
#include "attach/to_fd.h"
#include "feature.h"
#include "live.h"
#include "netns.h"
#include "sys/bpf.h"
#include "sys/enter.h"
#include "sys/netlink.h"
#include "sys/netlink_msg.h"
#include "sys/netlink_tc.h"

static struct bpfl_error err = BPFL_ERROR_INIT;

/* ---- programs ---- */

struct loaded {
	struct bpfl_spec *spec;
	struct bpfl_target *target;
	struct bpfl_image *image;
	struct bpfl_object *object;
};

/*
 * A program "prog" that counts and returns result, with the map "counter" and a map of sockets, "socks";
 * made ready for a place, or NULL.
 */
static int try_load_for(struct loaded *it, const char *section, int result, struct bpfl_attach *place)
{
	*it = (struct loaded){ 0 };
	CHECK_OK(bpfl_spec_create("test", "GPL", &it->spec, &err), err);
	live_add_counter(it->spec);
	live_add_sockets(it->spec);
	live_add_prog(it->spec, "prog", section, LIVE_COUNT, result);
	if (place)
		CHECK_OK(bpfl_attach_prepare(place, it->spec, 0, &err), err);
	CHECK_OK(bpfl_target_running(NULL, &it->target, &err), err);
	CHECK_OK(bpfl_image_build(it->spec, it->target, NULL, &it->image, &err), err);
	return bpfl_object_load(it->image, it->target, NULL, &it->object, &err);
}

static int try_load(struct loaded *it, const char *section, int result)
{
	return try_load_for(it, section, result, NULL);
}

static struct loaded load_for(const char *section, int result, struct bpfl_attach *place)
{
	struct loaded it;

	CHECK_OK(try_load_for(&it, section, result, place), err);
	return it;
}

static struct loaded load(const char *section, int result)
{
	return load_for(section, result, NULL);
}

static void unload(struct loaded *it)
{
	bpfl_object_close(it->object);
	bpfl_image_destroy(it->image);
	bpfl_target_destroy(it->target);
	bpfl_spec_destroy(it->spec);
	bpfl_error_clear(&err);
}

static uint64_t counter(const struct loaded *it)
{
	return live_counter_of(it->object);
}

static int attach(struct loaded *it, const char *text, struct bpfl_link **ret_link)
{
	struct bpfl_attach *parsed = NULL;
	int ret;

	bpfl_error_clear(&err);
	CHECK_OK(bpfl_attach_parse(text, &parsed, &err), err);
	ret = bpfl_attach_check(parsed, it->spec, 0, &err);
	if (ret == 0)
		ret = bpfl_link_attach(it->object, 0, parsed, NULL, ret_link, &err);
	bpfl_attach_destroy(parsed);
	return ret;
}

/* ---- the network ---- */

/* A network namespace of this process alone, with lo up. */
static void own_network(void)
{
	int fd;
	struct ifreq request = { 0 };

	ck_assert_int_eq(unshare(CLONE_NEWNET), 0);
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	strcpy(request.ifr_name, "lo");
	request.ifr_flags = IFF_UP | IFF_RUNNING;
	ck_assert_int_eq(ioctl(fd, SIOCSIFFLAGS, &request), 0);
	close(fd);
}

static struct sockaddr_in local(unsigned port)
{
	return (struct sockaddr_in){ .sin_family = AF_INET,
				     .sin_port = htons((uint16_t)port),
				     .sin_addr = { htonl(INADDR_LOOPBACK) } };
}

static void send_to_lo(unsigned times)
{
	bpfl_test_send_udp(9, times);
}

static void count_clsact(void *ctx, uint32_t ifindex, const char *kind)
{
	(void)ifindex;
	(void)kind;
	++*(unsigned *)ctx;
}

static unsigned nr_clsact(void)
{
	unsigned nr = 0;

	ck_assert_int_eq(bpfl_netlink_qdisc_each(count_clsact, &nr), 0);
	return nr;
}

static void count_filter(void *ctx, const struct bpfl_tc_filter *filter)
{
	(void)filter;
	++*(unsigned *)ctx;
}

static unsigned nr_filters(uint32_t parent)
{
	unsigned nr = 0;

	bpfl_netlink_tc_each(if_nametoindex("lo"), parent, count_filter, &nr);
	return nr;
}

/* For the table of kernels, unless the test plays an older kernel. */
static void show_kind(const char *text, bool has_link)
{
	char section[64];

	snprintf(section, sizeof(section), "%.*s", (int)strcspn(text, ":"), text);
	bpfl_test_shows(bpfl_section_find(section).row->name, has_link ? "by link" : "without a link");
}

/* Attaches, sees the counter move by ten, closes, sees it stay. */
static void runs_until_closed(struct loaded *it, const char *text, void (*trigger)(unsigned times))
{
	struct bpfl_link *link = NULL;
	bool plays_old = false, has_link;
	uint64_t before;

	for (int i = 0; i < BPFL_NR_FEATURES; i++)
		plays_old = plays_old || it->target->features[i] == BPFL_NO;
	trigger(3);
	before = counter(it);
	CHECK_OK(attach(it, text, &link), err);
	has_link = bpfl_link_fd(link) >= 0;
	trigger(10);
	ck_assert_msg(counter(it) >= before + 10, "%s: %llu after 10 more than %llu", text,
		      (unsigned long long)counter(it), (unsigned long long)before);
	bpfl_link_close(link);
	usleep(20000);
	before = counter(it);
	trigger(5);
	ck_assert_msg(counter(it) == before, "%s: still runs", text);
	if (!plays_old)
		show_kind(text, has_link);
}

/* Forks a process that attaches, and kills it then. */
static void attach_and_kill(const char *section, int result, const char *text)
{
	int ready[2], status;
	pid_t pid;
	char byte;

	ck_assert_int_eq(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		struct loaded it = load(section, result);
		struct bpfl_link *link = NULL;

		if (attach(&it, text, &link) == 0 && write(ready[1], "", 1) == 1)
			pause();
		_exit(1);
	}
	close(ready[1]);
	ck_assert_int_eq(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	kill(pid, SIGKILL);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	usleep(50000); /* links are let go of in the background */
}

/* ---- tc ---- */

START_TEST(a_filter_counts_and_leaves_nothing)
{
	struct loaded it;

	own_network();
	it = load("tc", -1);
	runs_until_closed(&it, "tc/egress:lo", send_to_lo);
	runs_until_closed(&it, "tc/ingress:lo,prio=5,handle=7,chain=0", send_to_lo);
	ck_assert_uint_eq(nr_clsact(), 0);
	unload(&it);
}
END_TEST

START_TEST(a_filter_decides)
{
	struct sockaddr_in addr = local(4242);
	struct bpfl_link *link = NULL;
	struct loaded it;
	char byte;
	int fd;

	own_network();
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	it = load("tc/egress", 2 /* TC_ACT_SHOT */);
	CHECK_OK(attach(&it, "tc/egress:lo", &link), err);
	bpfl_test_send_udp(4242, 1);
	ck_assert_int_eq(recv(fd, &byte, 1, MSG_DONTWAIT), -1);
	bpfl_link_close(link);
	bpfl_test_send_udp(4242, 1);
	ck_assert_int_eq(recv(fd, &byte, 1, MSG_DONTWAIT), 1);
	close(fd);
	unload(&it);
}
END_TEST

START_TEST(a_clsact_that_was_there_stays)
{
	struct bpfl_link *link = NULL;
	struct loaded it;

	own_network();
	ck_assert_int_eq(bpfl_netlink_clsact_make(if_nametoindex("lo"), NULL), 0);
	it = load("tc", -1);
	CHECK_OK(attach(&it, "tc/ingress:lo", &link), err);
	bpfl_link_close(link);
	ck_assert_uint_eq(nr_clsact(), 1);
	ck_assert_uint_eq(nr_filters(BPFL_TC_INGRESS), 0);
	unload(&it);
}
END_TEST

START_TEST(the_filters_of_others_stay)
{
	struct bpfl_tc_filter other = { .parent = BPFL_TC_EGRESS, .name = "somebody" };
	struct bpfl_link *link = NULL;
	struct loaded it;

	own_network();
	it = load("tc", -1);
	CHECK_OK(attach(&it, "tc/ingress:lo", &link), err);
	other.ifindex = if_nametoindex("lo");
	ck_assert_int_eq(bpfl_netlink_tc_add(&other, bpfl_object_prog_fd(it.object, "prog"), false, NULL), 0);
	bpfl_link_close(link);
	ck_assert_uint_eq(nr_filters(BPFL_TC_INGRESS), 0);
	ck_assert_uint_eq(nr_filters(BPFL_TC_EGRESS), 1);
	ck_assert_uint_eq(nr_clsact(), 1);
	unload(&it);
}
END_TEST

START_TEST(the_last_of_us_removes_the_clsact)
{
	struct bpfl_link *first = NULL, *second = NULL;
	struct loaded it;

	own_network();
	it = load("tc", -1);
	CHECK_OK(attach(&it, "tc/ingress:lo", &first), err);
	CHECK_OK(attach(&it, "tc/egress:lo", &second), err);
	bpfl_link_close(first);
	ck_assert_uint_eq(nr_clsact(), 1);
	send_to_lo(10);
	ck_assert_uint_ge(counter(&it), 10);
	bpfl_link_close(second);
	ck_assert_uint_eq(nr_clsact(), 0);
	unload(&it);
}
END_TEST

START_TEST(a_place_that_is_taken_is_left_alone_or_replaced)
{
	struct bpfl_link *link = NULL, *second = NULL;
	struct loaded it, other;
	char text[96];

	own_network();
	it = load("tc", -1);
	other = load("tc", -1);
	CHECK_OK(attach(&it, "tc/egress:lo,prio=7,handle=1", &link), err);
	CHECK_FAILS(attach(&other, "tc/egress:lo,prio=7,handle=1", &second), err, BPFL_ERR_TARGET, EEXIST,
		    "has a filter at prio 7, handle 1 already");
	ck_assert_int_eq(err.catalogue_id, 32);
	snprintf(text, sizeof(text), "(pid %d)", getpid());
	CHECK_HAS(err.why, text);
	CHECK_FAILS(attach(&other, "tc/egress:lo,prio=7,handle=1,replace=1", &second), err, BPFL_ERR_TARGET, ENOENT,
		    "program id 1 is not at");
	CHECK_OK(attach(&other, "tc/egress:lo,prio=7,handle=1,replace=any", &second), err);
	send_to_lo(10);
	ck_assert_uint_ge(counter(&other), 10);
	ck_assert_uint_eq(counter(&it), 0);
	/* What was ours is no longer: closing it touches nothing. */
	bpfl_link_close(link);
	ck_assert_uint_eq(nr_filters(BPFL_TC_EGRESS), 1);
	bpfl_link_close(second);
	ck_assert_uint_eq(nr_clsact(), 0);
	unload(&other);
	unload(&it);
}
END_TEST

START_TEST(filters_of_a_killed_process_are_swept)
{
	struct bpfl_link *link = NULL;
	struct loaded it;

	own_network();
	attach_and_kill("tc", 2 /* TC_ACT_SHOT */, "tc/egress:lo");
	ck_assert_uint_eq(nr_filters(BPFL_TC_EGRESS), 1);
	bpfl_link_sweep(NULL);
	ck_assert_uint_eq(nr_clsact(), 0);
	/* By the next attach too, and those of the living stay. */
	attach_and_kill("tc", 2, "tc/egress:lo");
	it = load("tc", -1);
	CHECK_OK(attach(&it, "tc/ingress:lo", &link), err);
	ck_assert_uint_eq(nr_filters(BPFL_TC_EGRESS), 0);
	bpfl_link_sweep(NULL);
	ck_assert_uint_eq(nr_filters(BPFL_TC_INGRESS), 1);
	bpfl_link_close(link);
	ck_assert_uint_eq(nr_clsact(), 0);
	unload(&it);
}
END_TEST

/* The older qdisc in the same place. */
static void add_ingress_qdisc(uint32_t ifindex)
{
	const uint32_t body[] = { 0, ifindex, 0xffff0000u, 0xfffffff1u, 0 };
	struct bpfl_buf request = BPFL_BUF_INIT;

	bpfl_netlink_msg_begin(&request, 36 /* RTM_NEWQDISC */, NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL);
	bpfl_buf_append(&request, body, sizeof(body));
	bpfl_netlink_attr_text(&request, 1 /* TCA_KIND */, "ingress");
	ck_assert_int_eq(bpfl_netlink_ask(&request, NULL, NULL, NULL), 0);
	bpfl_buf_deinit(&request);
}

/* Other names of a filter: each is loaded as its own type. */
static const struct alias {
	const char *section, *text;
} aliases[] = {
	{ "classifier", "tc/ingress:lo" },
	{ "tc", "tc/ingress:lo" },
	{ "action", "tc/egress:lo" },
};

START_TEST(a_filter_has_many_names)
{
	const struct alias *row = &aliases[_i];
	struct bpfl_attach *parsed = NULL;
	struct loaded it;

	own_network();
	CHECK_OK(bpfl_attach_parse(row->text, &parsed, &err), err);
	it = load_for(row->section, -1, parsed);
	runs_until_closed(&it, row->text, send_to_lo);
	bpfl_test_shows(row->section, "without a link");
	unload(&it);
	bpfl_attach_destroy(parsed);
}
END_TEST

START_TEST(an_ingress_qdisc_has_no_egress)
{
	struct bpfl_link *link = NULL;
	struct loaded it;

	own_network();
	add_ingress_qdisc(if_nametoindex("lo"));
	it = load("tc", -1);
	CHECK_FAILS(attach(&it, "tc/egress:lo", &link), err, BPFL_ERR_TARGET, EEXIST, "has an ingress qdisc");
	runs_until_closed(&it, "tc/ingress:lo", send_to_lo);
	ck_assert_uint_eq(nr_clsact(), 1);
	unload(&it);
}
END_TEST

/* ---- tcx ---- */

START_TEST(tcx_counts_until_its_link_is_closed)
{
	struct loaded it;

	if (bpfl_test_lacks("tcx"))
		return;
	own_network();
	it = load("tcx/egress", -1);
	runs_until_closed(&it, "tcx/egress:lo", send_to_lo);
	ck_assert_uint_eq(nr_clsact(), 0);
	unload(&it);
}
END_TEST

START_TEST(tcx_falls_back_to_clsact)
{
	struct loaded it;

	own_network();
	it = load("tcx/egress", -1);
	it.target->features[BPFL_FEATURE_TCX_LINK] = BPFL_NO; /* as if the kernel were older than 6.6 */
	runs_until_closed(&it, "tcx/egress:lo", send_to_lo);
	ck_assert_uint_eq(nr_clsact(), 0);
	unload(&it);
}
END_TEST

START_TEST(tcx_runs_before_clsact_and_decides_first)
{
	struct bpfl_link *filter = NULL, *next = NULL, *pass = NULL;
	struct loaded in_clsact, leaves, passes;
	uint64_t before;

	if (bpfl_test_lacks("tcx"))
		return;
	own_network();
	in_clsact = load("tc", -1);
	leaves = load("tcx/ingress", -1 /* TCX_NEXT */);
	passes = load("tcx/ingress", 0 /* TCX_PASS */);
	CHECK_OK(attach(&in_clsact, "tc/ingress:lo", &filter), err);
	CHECK_OK(attach(&leaves, "tcx/ingress:lo", &next), err);
	send_to_lo(10);
	ck_assert_uint_ge(counter(&in_clsact), 10);
	ck_assert_uint_ge(counter(&leaves), 10);
	/* In front of both: they see nothing any more. */
	CHECK_OK(attach(&passes, "tcx/ingress:lo,before=all", &pass), err);
	before = counter(&leaves) + counter(&in_clsact);
	send_to_lo(10);
	ck_assert_uint_ge(counter(&passes), 10);
	ck_assert_uint_eq(counter(&leaves) + counter(&in_clsact), before);
	bpfl_link_close(pass);
	send_to_lo(10);
	ck_assert_uint_ge(counter(&leaves) + counter(&in_clsact), before + 20);
	bpfl_link_close(filter);
	bpfl_link_close(next);
	unload(&in_clsact);
	unload(&leaves);
	unload(&passes);
}
END_TEST

START_TEST(tcx_says_who_is_there)
{
	struct bpfl_link *link = NULL, *second = NULL;
	struct loaded it, other;

	if (bpfl_test_lacks("tcx"))
		return;
	own_network();
	it = load("tcx/ingress", -1);
	other = load("tcx/ingress", -1);
	CHECK_OK(attach(&it, "tcx/ingress:lo", &link), err);
	CHECK_FAILS(attach(&it, "tcx/ingress:lo", &second), err, BPFL_ERR_TARGET, EEXIST, "has this program already");
	ck_assert_int_eq(err.catalogue_id, 32);
	CHECK_HAS(err.why, "'prog' is attached there, held by ");
	CHECK_FAILS(attach(&other, "tcx/ingress:lo,before=99999999", &second), err, BPFL_ERR_TARGET, ENOENT,
		    "no such program");
	bpfl_link_close(link);
	unload(&other);
	unload(&it);
}
END_TEST

START_TEST(links_end_with_a_killed_process)
{
	uint32_t ids[BPFL_QUERY_MAX], flags;

	if (bpfl_test_lacks("tcx"))
		return;
	own_network();
	attach_and_kill("tcx/egress", 2, "tcx/egress:lo");
	ck_assert_int_eq(bpfl_to_fd_query((int)if_nametoindex("lo"), BPFL_ATTACH_TCX_EGRESS, ids, &flags), 0);
}
END_TEST

START_TEST(xdp_with_fragments_counts_until_its_link_is_closed)
{
	struct loaded it;

	if (bpfl_test_lacks("xdp_frags"))
		return;
	own_network();
	it = load("xdp.frags", 2 /* XDP_PASS */);
	runs_until_closed(&it, "xdp.frags:lo", send_to_lo);
	unload(&it);
}
END_TEST

START_TEST(a_device_that_is_no_netkit_is_refused)
{
	struct bpfl_link *link = NULL;
	struct loaded it;

	if (bpfl_test_lacks("netkit_link"))
		return;
	own_network();
	it = load("netkit/primary", -1);
	ck_assert_int_lt(attach(&it, "netkit/primary:lo", &link), 0);
	ck_assert(err.errnum == EOPNOTSUPP || err.errnum == ENXIO); /* without or with CONFIG_NETKIT */
	CHECK_HAS(err.fix, "tcx/ingress:lo");
	unload(&it);
}
END_TEST

/* ---- XDP ---- */

START_TEST(a_program_of_netlink_is_replaced)
{
	struct bpfl_link *old = NULL, *link = NULL;
	struct bpfl_xdp_state state;
	struct loaded it, other;
	char text[64];

	own_network();
	it = load("xdp", 2 /* XDP_PASS */);
	other = load("xdp", 2);
	it.target->features[BPFL_FEATURE_XDP_LINK] = BPFL_NO;
	CHECK_OK(attach(&it, "xdp:lo", &old), err);
	ck_assert_int_eq(attach(&other, "xdp:lo", &link), -EBUSY);
	CHECK_HAS(err.fix, "replace=any");
	CHECK_FAILS(attach(&other, "xdp:lo,replace=1", &link), err, BPFL_ERR_TARGET, ENOENT,
		    "program id 1 is not on interface 'lo'");
	ck_assert_int_eq(bpfl_netlink_xdp_query(if_nametoindex("lo"), &state), 0);
	snprintf(text, sizeof(text), "xdp:lo,replace=%u", state.prog_id);
	CHECK_OK(attach(&other, text, &link), err);
	send_to_lo(10);
	ck_assert_uint_ge(counter(&other), 10);
	ck_assert_uint_eq(counter(&it), 0);
	bpfl_link_close(old); /* no longer its own */
	ck_assert_int_eq(bpfl_netlink_xdp_query(if_nametoindex("lo"), &state), 0);
	ck_assert_uint_ne(state.prog_id, 0);
	bpfl_link_close(link);
	ck_assert_int_eq(bpfl_netlink_xdp_query(if_nametoindex("lo"), &state), 0);
	ck_assert_uint_eq(state.prog_id, 0);
	/* An empty place is simply taken, by a link. */
	CHECK_OK(attach(&other, "xdp:lo,replace=any", &link), err);
	ck_assert_int_ge(bpfl_link_fd(link), 3);
	/* And a link cannot be replaced. */
	ck_assert_int_eq(attach(&it, "xdp:lo,replace=any", &old), -EBUSY);
	CHECK_HAS(err.why, "held by a link");
	bpfl_link_close(link);
	unload(&it);
	unload(&other);
}
END_TEST

/* ---- cgroups ---- */

static char cgroup_dir[512];

static int mount_fs(const char *source, const char *dir, const char *type, unsigned long flags)
{
	return mount(source, dir, type, flags, NULL);
}

static void make_cgroup(void)
{
	struct bpfl_buf mount = BPFL_BUF_INIT;

	/* A machine without cgroup2 (an initramfs) gets a mount of this test's own. */
	if (bpfl_cgroup_mount(&mount) < 0) {
		ck_assert_int_eq(unshare(CLONE_NEWNS), 0);
		ck_assert_int_eq(mount_fs("none", "/", NULL, MS_REC | MS_PRIVATE), 0);
		ck_assert_int_eq(mount_fs("cgroup2", "/mnt", "cgroup2", 0), 0);
		CHECK_OK(bpfl_cgroup_mount(&mount), err);
	}
	snprintf(cgroup_dir, sizeof(cgroup_dir), "%.400s/bpfload-test-%d", mount.data, getpid());
	bpfl_buf_deinit(&mount);
	ck_assert_int_eq(mkdir(cgroup_dir, 0755), 0);
}

static void remove_cgroup(void)
{
	for (int i = 0; i < 100 && rmdir(cgroup_dir) < 0; i++)
		usleep(10000);
	ck_assert_int_eq(access(cgroup_dir, F_OK), -1);
}

/* Lets a process in the cgroup do something; never fails halfway, so that the cgroup is always removed. */
static void do_in_cgroup(void (*what)(unsigned times), unsigned times)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		char path[600];
		int fd;

		snprintf(path, sizeof(path), "%s/cgroup.procs", cgroup_dir);
		fd = open(path, O_WRONLY | O_CLOEXEC);
		if (fd < 0 || write(fd, "0", 1) != 1)
			_exit(1);
		what(times);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
}

static void send_from_cgroup(unsigned times)
{
	do_in_cgroup(send_to_lo, times);
}

static void bind_sockets(unsigned times)
{
	while (times-- > 0) {
		struct sockaddr_in addr = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
		int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

		if (bind(fd, (const void *)&addr, sizeof(addr)) < 0)
			_exit(1);
		close(fd);
	}
}

static void bind_in_cgroup(unsigned times)
{
	do_in_cgroup(bind_sockets, times);
}

START_TEST(a_cgroup_counts_what_its_processes_do)
{
	struct bpfl_link *link = NULL;
	struct loaded it;
	char text[600];

	own_network();
	make_cgroup();
	it = load("cgroup_skb/egress", 1);
	snprintf(text, sizeof(text), "cgroup_skb/egress:%s", cgroup_dir);
	runs_until_closed(&it, text, send_from_cgroup);
	/* Below the mount, by name; and nobody else counts. */
	snprintf(text, sizeof(text), "cgroup_skb/egress:%s", strrchr(cgroup_dir, '/') + 1);
	CHECK_OK(attach(&it, text, &link), err);
	uint64_t before = counter(&it);
	send_to_lo(10);
	ck_assert_uint_eq(counter(&it), before);
	bpfl_link_close(link);
	/* As on a kernel before 5.7. */
	it.target->features[BPFL_FEATURE_CGROUP_LINK] = BPFL_NO;
	runs_until_closed(&it, text, send_from_cgroup);
	unload(&it);
	remove_cgroup();
}
END_TEST

/* The program only counts: 1 is yes. */
START_TEST(a_security_hook_counts_what_a_cgroup_does)
{
	struct bpfl_link *link = NULL;
	struct loaded it;
	char text[600];
	int ret;

	if (bpfl_test_lacks("lsm_cgroup"))
		return;
	own_network();
	make_cgroup();
	snprintf(text, sizeof(text), "lsm_cgroup/socket_bind:%s", cgroup_dir);
	ret = try_load(&it, "lsm_cgroup/socket_bind", 1);
	if (ret == -EPERM && !getenv("BPFLOAD_VM")) {
		CHECK_HAS(err.why, "some kernels refuse lsm programs by policy");
		bpfl_test_refused("lsm_cgroup", "this kernel refuses such programs by policy");
	} else {
		CHECK_OK(ret, err);
		CHECK_OK(attach(&it, text, &link), err);
		uint64_t before = counter(&it);
		bind_sockets(10); /* of others nothing is counted */
		ck_assert_uint_eq(counter(&it), before);
		bpfl_link_close(link);
		runs_until_closed(&it, text, bind_in_cgroup);
	}
	unload(&it);
	remove_cgroup();
}
END_TEST

START_TEST(a_cgroup_takes_several_programs_unless_one_forbids_it)
{
	struct bpfl_link *links[2] = { NULL, NULL };
	struct loaded it, other;
	uint32_t ids[BPFL_QUERY_MAX], flags;
	char text[600];
	int fd;

	own_network();
	make_cgroup();
	it = load("cgroup_skb/egress", 1);
	other = load("cgroup_skb/egress", 1);
	snprintf(text, sizeof(text), "cgroup_skb/egress:%s", cgroup_dir);
	CHECK_OK(attach(&it, text, &links[0]), err);
	CHECK_OK(attach(&other, text, &links[1]), err);
	send_from_cgroup(10);
	ck_assert_uint_ge(counter(&it), 10);
	ck_assert_uint_ge(counter(&other), 10);
	bpfl_link_close(links[0]);
	bpfl_link_close(links[1]);
	/* Alone: flags 0. */
	fd = open(cgroup_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct bpfl_attr_prog_attach attr = { .target_fd = (uint32_t)fd,
					      .attach_fd = (uint32_t)bpfl_object_prog_fd(it.object, "prog"),
					      .attach_type = BPFL_ATTACH_CGROUP_INET_EGRESS };
	ck_assert_int_eq(bpfl_sys_prog_attach(&attr), 0);
	CHECK_FAILS(attach(&other, text, &links[0]), err, BPFL_ERR_TARGET, EPERM, "takes no second program");
	ck_assert_int_eq(err.catalogue_id, 32);
	CHECK_HAS(err.why, "without allowing others");
	ck_assert_int_eq(bpfl_sys_prog_detach(&attr), 0);
	ck_assert_int_eq(bpfl_to_fd_query(fd, BPFL_ATTACH_CGROUP_INET_EGRESS, ids, &flags), 0);
	close(fd);
	unload(&it);
	unload(&other);
	remove_cgroup();
}
END_TEST

START_TEST(a_cgroup_is_free_after_a_kill)
{
	uint32_t ids[BPFL_QUERY_MAX], flags;
	char text[600];
	int fd, nr;

	if (bpfl_test_lacks("cgroup_link"))
		return;
	make_cgroup();
	snprintf(text, sizeof(text), "cgroup/connect4:%s", cgroup_dir);
	attach_and_kill("cgroup/connect4", 1, text);
	fd = open(cgroup_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	nr = bpfl_to_fd_query(fd, BPFL_ATTACH_CGROUP_INET4_CONNECT, ids, &flags);
	close(fd);
	remove_cgroup();
	ck_assert_int_eq(nr, 0);
}
END_TEST

/* ---- sockets ---- */

START_TEST(sk_lookup_counts_until_its_link_is_closed)
{
	struct loaded it;

	if (bpfl_test_lacks("sk_lookup"))
		return;
	own_network();
	it = load("sk_lookup", 1 /* SK_PASS */);
	runs_until_closed(&it, "sk_lookup:self", send_to_lo);
	unload(&it);
}
END_TEST

/* A packet socket that spreads packets by their hash asks the flow dissector for it. */
static void hash_packets(unsigned times)
{
	struct sockaddr_ll addr = { .sll_family = AF_PACKET,
				    .sll_protocol = htons(3),
				    .sll_ifindex = (int)if_nametoindex("lo") };
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0), fanout = 1 /* group 1, by hash */;

	ck_assert_int_eq(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	ck_assert_int_eq(setsockopt(fd, SOL_PACKET, PACKET_FANOUT, &fanout, sizeof(fanout)), 0);
	send_to_lo(times);
	close(fd);
}

START_TEST(a_flow_dissector_counts_until_its_link_is_closed)
{
	struct bpfl_link *link = NULL, *second = NULL;
	struct loaded it;

	if (bpfl_test_lacks("netns_link"))
		return;
	own_network();
	it = load("flow_dissector", 0 /* BPF_OK */);
	runs_until_closed(&it, "flow_dissector:self", hash_packets);
	CHECK_OK(attach(&it, "flow_dissector:self", &link), err);
	ck_assert_int_lt(attach(&it, "flow_dissector:self", &second), 0);
	ck_assert_int_eq(err.catalogue_id, 32);
	CHECK_HAS(err.why, "'prog' is attached there");
	bpfl_link_close(link);
	/* As on a kernel before 5.8. */
	it.target->features[BPFL_FEATURE_FLOW_DISSECTOR_LINK] = BPFL_NO;
	runs_until_closed(&it, "flow_dissector:self", hash_packets);
	unload(&it);
}
END_TEST

START_TEST(a_socket_filter_counts_also_when_nobody_reads)
{
	struct bpfl_link *link = NULL;
	struct loaded it;

	own_network();
	it = load("socket", -1 /* keep all of the packet */);
	runs_until_closed(&it, "socket:lo", send_to_lo);
	CHECK_OK(attach(&it, "socket:lo", &link), err);
	uint64_t before = counter(&it);
	send_to_lo(2000); /* more than any receive buffer of this size takes */
	ck_assert_uint_ge(counter(&it), before + 2000);
	bpfl_link_close(link);
	unload(&it);
}
END_TEST

static int udp_socket(unsigned port)
{
	struct sockaddr_in addr = local(port);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), on = 1;

	ck_assert_int_eq(setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)), 0);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	return fd;
}

static void send_to_port(unsigned times)
{
	bpfl_test_send_udp(4242, times);
}

START_TEST(a_socket_of_the_process_is_filtered_until_its_link_is_closed)
{
	struct loaded it;
	char text[32], byte;
	int fd;

	own_network();
	fd = udp_socket(4242);
	it = load("socket", 0 /* keep nothing: dropped */);
	snprintf(text, sizeof(text), "socket:fd=%d", fd);
	runs_until_closed(&it, text, send_to_port);
	for (int i = 0; i < 3 + 5; i++) /* before and after */
		ck_assert_int_eq(recv(fd, &byte, 1, MSG_DONTWAIT), 1);
	ck_assert_int_eq(recv(fd, &byte, 1, MSG_DONTWAIT), -1);
	close(fd);
	unload(&it);
}
END_TEST

static const char *const reuseports[] = { "sk_reuseport", "sk_reuseport/migrate" };

START_TEST(a_group_of_sockets_asks_the_program_until_its_link_is_closed)
{
	struct loaded it;
	char text[32];
	int fds[2];

	if (bpfl_test_lacks("reuseport_detach") || (_i == 1 && bpfl_test_lacks("reuseport_migrate")))
		return;
	own_network();
	fds[0] = udp_socket(4242);
	fds[1] = udp_socket(4242);
	it = load(reuseports[_i], 1 /* SK_PASS */);
	snprintf(text, sizeof(text), "%s:fd=%d", reuseports[_i], fds[0]);
	runs_until_closed(&it, text, send_to_port);
	close(fds[0]);
	close(fds[1]);
	unload(&it);
}
END_TEST

static int connection[2];

static void make_connection(void)
{
	struct sockaddr_in addr = local(4243);
	int listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_int_eq(bind(listening, (struct sockaddr *)&addr, sizeof(addr)), 0);
	ck_assert_int_eq(listen(listening, 1), 0);
	connection[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(connect(connection[0], (struct sockaddr *)&addr, sizeof(addr)), 0);
	connection[1] = accept(listening, NULL, NULL);
	ck_assert_int_ge(connection[1], 0);
	close(listening);
}

static void send_messages(unsigned times)
{
	char byte;

	for (unsigned i = 0; i < times; i++) {
		ck_assert_int_eq(send(connection[0], "x", 1, 0), 1);
		ck_assert_int_eq(recv(connection[1], &byte, 1, 0), 1);
	}
}

/*
 * Puts the sending socket into the map while the program is there: a socket takes its programs from the map
 * at that moment.
 */
static void send_by_map(struct loaded *it, const char *text, bool by_link)
{
	struct bpfl_link *link = NULL;
	uint32_t key = 0;
	uint64_t before;

	CHECK_OK(attach(it, text, &link), err);
	ck_assert_int_eq(bpfl_link_fd(link) >= 0, by_link);
	ck_assert_int_eq(bpfl_sys_map_update(bpfl_object_map_fd(it->object, "socks"), &key, &connection[0], 0), 0);
	before = counter(it);
	send_messages(10);
	ck_assert_uint_ge(counter(it), before + 10);
	bpfl_link_close(link);
	ck_assert_int_eq(bpfl_sys_map_delete(bpfl_object_map_fd(it->object, "socks"), &key), 0);
	before = counter(it);
	send_messages(5);
	ck_assert_uint_eq(counter(it), before);
}

START_TEST(a_map_of_sockets_runs_the_program)
{
	uint32_t ids[BPFL_QUERY_MAX], flags;
	struct bpfl_link *link = NULL, *second = NULL;
	struct loaded it, other;

	own_network();
	make_connection();
	it = load("sk_msg", 1 /* SK_PASS */);
	send_by_map(&it, "sk_msg:socks", !bpfl_test_lacks("sockmap_link"));
	it.target->features[BPFL_FEATURE_SOCKMAP_LINK] = BPFL_NO; /* as on a kernel before 6.10 */
	send_by_map(&it, "sk_msg:socks", false);
	if (!bpfl_test_lacks("sockmap_query")) {
		ck_assert_int_eq(bpfl_to_fd_query(bpfl_object_map_fd(it.object, "socks"), BPFL_ATTACH_SK_MSG_VERDICT,
						  ids, &flags),
				 0);
		CHECK_OK(attach(&it, "sk_msg:socks", &link), err);
		ck_assert_int_eq(bpfl_to_fd_query(bpfl_object_map_fd(it.object, "socks"), BPFL_ATTACH_SK_MSG_VERDICT,
						  ids, &flags),
				 1);
		bpfl_link_close(link);
	}
	unload(&it);
	if (!bpfl_test_lacks("sockmap_link")) {
		other = load("sk_skb/stream_verdict", 1);
		CHECK_OK(attach(&other, "sk_skb/stream_verdict:socks", &link), err);
		CHECK_FAILS(attach(&other, "sk_skb/stream_verdict:socks", &second), err, BPFL_ERR_TARGET, EBUSY,
			    "map 'socks'");
		ck_assert_int_eq(err.catalogue_id, 32);
		bpfl_link_close(link);
		unload(&other);
	}
	close(connection[0]);
	close(connection[1]);
}
END_TEST

/*
 * What reads (1: a message is a byte long) needs what decides (1: pass) beside it; the socket that is read
 * from is in the map.
 */
static const struct received {
	const char *section, *text, *beside;
	uint32_t beside_type;
} received[] = {
	{ "sk_skb/stream_parser", "sk_skb/stream_parser:socks", "sk_skb/stream_verdict", BPFL_ATTACH_SK_SKB_STREAM_VERDICT },
	{ "sk_skb/stream_verdict", "sk_skb/stream_verdict:socks", "sk_skb/stream_parser", BPFL_ATTACH_SK_SKB_STREAM_PARSER },
	{ "sk_skb", "sk_skb/stream_verdict:socks", "sk_skb/stream_parser", BPFL_ATTACH_SK_SKB_STREAM_PARSER },
	{ "sk_skb/verdict", "sk_skb/verdict:socks", NULL, 0 },
};

START_TEST(what_a_socket_of_the_map_receives_is_counted)
{
	const struct received *row = &received[_i];
	struct bpfl_attr_prog_attach beside = { .attach_type = row->beside_type };
	struct bpfl_link *link = NULL;
	struct loaded it, other;
	uint32_t key = 0;
	uint64_t before;
	int socks;

	if (bpfl_test_lacks("sk_skb"))
		return;
	own_network();
	make_connection();
	it = load(row->section, 1);
	socks = bpfl_object_map_fd(it.object, "socks");
	if (row->beside) {
		other = load(row->beside, 1);
		beside.target_fd = (uint32_t)socks;
		beside.attach_fd = (uint32_t)bpfl_object_prog_fd(other.object, "prog");
		ck_assert_int_eq(bpfl_sys_prog_attach(&beside), 0);
	}
	CHECK_OK(attach(&it, row->text, &link), err);
	ck_assert_int_eq(bpfl_sys_map_update(socks, &key, &connection[1], 0), 0);
	before = counter(&it);
	send_messages(10);
	ck_assert_uint_ge(counter(&it), before + 10);
	ck_assert_int_eq(bpfl_sys_map_delete(socks, &key), 0);
	bpfl_test_shows(row->section, bpfl_link_fd(link) >= 0 ? "by link" : "by PROG_ATTACH");
	bpfl_link_close(link);
	if (row->beside)
		ck_assert_int_eq(bpfl_sys_prog_detach(&beside), 0);
	/* A socket that comes into the map now takes no program with it. */
	ck_assert_int_eq(bpfl_sys_map_update(socks, &key, &connection[1], 0), 0);
	before = counter(&it);
	send_messages(5);
	ck_assert_uint_eq(counter(&it), before);
	unload(&it);
	if (row->beside)
		unload(&other);
	close(connection[0]);
	close(connection[1]);
}
END_TEST

START_TEST(netfilter_counts_until_its_link_is_closed)
{
	struct bpfl_link *link = NULL, *second = NULL;
	struct loaded it;

	if (bpfl_test_lacks("netfilter"))
		return;
	own_network();
	it = load("netfilter", 1 /* NF_ACCEPT */);
	runs_until_closed(&it, "netfilter:ip/input", send_to_lo);
	runs_until_closed(&it, "netfilter:ip:output:-200", send_to_lo);
	if (!bpfl_test_lacks("netfilter_defrag"))
		runs_until_closed(&it, "netfilter:ip/prerouting:10:defrag", send_to_lo);
	CHECK_OK(attach(&it, "netfilter:ip/input,prio=7", &link), err);
	CHECK_FAILS(attach(&it, "netfilter:ip/input:7", &second), err, BPFL_ERR_TARGET, EBUSY, "priority 7 already");
	bpfl_link_close(link);
	unload(&it);
}
END_TEST

/* ---- other programs in the same place ---- */

static const struct update {
	const char *section, *text;
	int result;
	void (*trigger)(unsigned times);
	const char *feature;
} updates[] = {
	{ "xdp", "xdp:lo,mode=skb", 2, send_to_lo, "links" },
	{ "tcx/ingress", "tcx/ingress:lo", 0, send_to_lo, "tcx" },
	{ "tcx/egress", "tcx/egress:lo", 0, send_to_lo, "tcx" },
	{ "cgroup_skb/egress", NULL, 1, send_from_cgroup, "cgroup_link" },
	{ "sk_lookup", "sk_lookup:self", 1, send_to_lo, "sk_lookup" },
	{ "flow_dissector", "flow_dissector:self", 0, hash_packets, "netns_link" },
};

START_TEST(a_program_takes_the_place_of_another)
{
	const struct update *row = &updates[_i];
	struct bpfl_link *link = NULL;
	struct loaded it, other;
	char text[600];
	uint64_t before;

	if (bpfl_test_lacks(row->feature))
		return;
	own_network();
	if (!row->text)
		make_cgroup();
	snprintf(text, sizeof(text), "%s%s%s", row->text ? row->text : row->section, row->text ? "" : ":",
		 row->text ? "" : cgroup_dir);
	it = load(row->section, row->result);
	other = load(row->section, row->result);
	CHECK_OK(attach(&it, text, &link), err);
	row->trigger(10);
	ck_assert_uint_ge(counter(&it), 10);
	CHECK_OK(bpfl_link_update(link, other.object, 0, bpfl_object_prog_fd(it.object, "prog"), &err), err);
	before = counter(&it);
	row->trigger(10);
	ck_assert_uint_eq(counter(&it), before);
	ck_assert_uint_ge(counter(&other), 10);
	bpfl_link_close(link);
	unload(&it);
	unload(&other);
	if (!row->text)
		remove_cgroup();
}
END_TEST

/* The sockets that are in the map already keep the program of before. */
START_TEST(a_map_of_sockets_changes_its_program)
{
	struct bpfl_link *link = NULL;
	struct loaded it, other;
	uint32_t key = 0;
	uint64_t before;

	if (bpfl_test_lacks("sockmap_link"))
		return;
	own_network();
	make_connection();
	it = load("sk_msg", 1);
	other = load("sk_msg", 1);
	CHECK_OK(attach(&it, "sk_msg:socks", &link), err);
	CHECK_OK(bpfl_link_update(link, other.object, 0, -1, &err), err);
	ck_assert_int_eq(bpfl_sys_map_update(bpfl_object_map_fd(it.object, "socks"), &key, &connection[0], 0), 0);
	before = counter(&it);
	send_messages(10);
	ck_assert_uint_eq(counter(&it), before);
	ck_assert_uint_ge(counter(&other), 10);
	bpfl_link_close(link);
	ck_assert_int_eq(bpfl_sys_map_delete(bpfl_object_map_fd(it.object, "socks"), &key), 0);
	unload(&it);
	unload(&other);
	close(connection[0]);
	close(connection[1]);
}
END_TEST

int main(void)
{
	const TTest *tc_tests[] = {
		a_filter_counts_and_leaves_nothing,
		a_filter_decides,
		a_clsact_that_was_there_stays,
		the_filters_of_others_stay,
		the_last_of_us_removes_the_clsact,
		a_place_that_is_taken_is_left_alone_or_replaced,
		filters_of_a_killed_process_are_swept,
		an_ingress_qdisc_has_no_egress,
	};
	const TTest *tcx_tests[] = {
		tcx_counts_until_its_link_is_closed,
		tcx_falls_back_to_clsact,
		tcx_runs_before_clsact_and_decides_first,
		tcx_says_who_is_there,
		links_end_with_a_killed_process,
		xdp_with_fragments_counts_until_its_link_is_closed,
		a_device_that_is_no_netkit_is_refused,
		a_program_of_netlink_is_replaced,
	};
	const TTest *cgroup_tests[] = {
		a_cgroup_counts_what_its_processes_do,
		a_security_hook_counts_what_a_cgroup_does,
		a_cgroup_takes_several_programs_unless_one_forbids_it,
		a_cgroup_is_free_after_a_kill,
	};
	const TTest *socket_tests[] = {
		sk_lookup_counts_until_its_link_is_closed,
		a_flow_dissector_counts_until_its_link_is_closed,
		a_socket_filter_counts_also_when_nobody_reads,
		a_socket_of_the_process_is_filtered_until_its_link_is_closed,
		a_map_of_sockets_runs_the_program,
		netfilter_counts_until_its_link_is_closed,
		a_map_of_sockets_changes_its_program,
	};
	Suite *suite = BPFL_TEST_SUITE("tc", tc_tests);

	BPFL_TEST_ADD_CASE(suite, "tcx, netkit, xdp", tcx_tests);
	BPFL_TEST_ADD_CASE(suite, "cgroups", cgroup_tests);
	BPFL_TEST_ADD_CASE(suite, "sockets", socket_tests);
	bpfl_test_add_loop(suite, "filters", a_filter_has_many_names, NR(aliases));
	bpfl_test_add_loop(suite, "groups", a_group_of_sockets_asks_the_program_until_its_link_is_closed,
			   NR(reuseports));
	bpfl_test_add_loop(suite, "received", what_a_socket_of_the_map_receives_is_counted, NR(received));
	bpfl_test_add_loop(suite, "updates", a_program_takes_the_place_of_another, NR(updates));
	return bpfl_test_main(suite);
}
