/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Links and the printk stream on the running kernel. That a program ran is shown by a counter that moved, that it is
 * detached by one that no longer does. Programs are built here, instruction by instruction, so no compiler is needed.
 *
 * XDP is tested in a network namespace of the test's own process.
 */
#include "harness.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "attach/link.h"
#include "base/buf.h"
#include "bpfload/event.h"
#include "feature.h"
#include "netns.h"
#include "sys/bpf.h"
#include "sys/enter.h"
#include "sys/file.h"
#include "sys/insn.h"
#include "sys/netlink.h"
#include "sys/tracefs.h"

static struct bpfl_error err = BPFL_ERROR_INIT;
static struct bpfl_spec *spec;
static struct bpfl_target *target;
static struct bpfl_image *image;
static struct bpfl_object *object;

/* ---- programs ---- */

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define REGS(dst, src) ((src) << 4 | (dst))
#else
#define REGS(dst, src) ((dst) << 4 | (src))
#endif
#define INSN(code, dst, src, off, imm) { (code), (uint8_t)REGS(dst, src), (off), (imm) }
#define LOAD_MAP(dst) INSN(0x18, dst, 0, 0, 0), INSN(0, 0, 0, 0, 0)
#define CALL(helper) INSN(0x85, 0, 0, 0, helper)
#define HELPER_LOOKUP 1
#define HELPER_TRACE_PRINTK 6
#define HELPER_GET_ATTACH_COOKIE 174

/* r7: how much; adds it to counter[0], returns result. Map at +4 instructions. */
#define ADD_R7(result)                                                                                  \
	INSN(0x62, 10, 0, -4, 0),      /* *(u32 *)(r10 - 4) = 0 */                                      \
	INSN(0xbf, 2, 10, 0, 0),       /* r2 = r10 */                                                   \
	INSN(0x07, 2, 0, 0, -4),       /* r2 += -4 */                                                   \
	LOAD_MAP(1),                                                                                    \
	CALL(HELPER_LOOKUP),                                                                            \
	INSN(0x15, 0, 0, 1, 0),        /* if r0 == 0 skip */                                            \
	INSN(0xdb, 0, 7, 0, 0),        /* lock *(u64 *)(r0 + 0) += r7 */                                \
	INSN(0xb7, 0, 0, 0, result),   /* r0 = result */                                                \
	INSN(0x95, 0, 0, 0, 0)

static const struct bpfl_insn count_insns[] = { INSN(0xb7, 7, 0, 0, 1), ADD_R7(0) };
static const struct bpfl_insn count_packet_insns[] = { INSN(0xb7, 7, 0, 0, 1), ADD_R7(2 /* XDP_PASS */) };
#define COUNT_MAP_INSN 4u

static const struct bpfl_insn add_cookie_insns[] = {
	CALL(HELPER_GET_ATTACH_COOKIE), INSN(0xbf, 7, 0, 0, 0), ADD_R7(0),
};
#define COOKIE_MAP_INSN 5u

/* bpf_trace_printk("hi\n", 4) */
static const struct bpfl_insn print_insns[] = {
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	INSN(0x62, 10, 0, -8, 0x000a6968), /* *(u32 *)(r10 - 8) = "hi\n" */
#else
	INSN(0x62, 10, 0, -8, 0x68690a00),
#endif
	INSN(0xbf, 1, 10, 0, 0), INSN(0x07, 1, 0, 0, -8), INSN(0xb7, 2, 0, 0, 4), CALL(HELPER_TRACE_PRINTK),
	INSN(0xb7, 0, 0, 0, 0), INSN(0x95, 0, 0, 0, 0),
};

#define NR(table) (sizeof(table) / sizeof((table)[0]))

/* Loads a program "prog" of that section; map_insn: which instruction loads the map "counter", or -1. */
static void load(const char *section, const struct bpfl_insn *insns, size_t nr_insns, int map_insn)
{
	struct bpfl_map_def map = { .size = sizeof(map), .name = "counter", .type = BPFL_MAP_TYPE_ARRAY, .key_size = 4,
				    .value_size = 8, .max_entries = 1 };
	struct bpfl_map_use use = { (uint32_t)map_insn, "counter" };
	struct bpfl_prog_def prog = { .size = sizeof(prog), .name = "prog", .section = section, .insns = insns,
				      .nr_insns = nr_insns, .map_uses = &use, .nr_map_uses = map_insn >= 0 };

	CHECK_OK(bpfl_spec_create("test", "GPL", &spec, &err), err);
	CHECK_OK(bpfl_spec_add_map(spec, &map, &err), err);
	CHECK_OK(bpfl_spec_add_prog(spec, &prog, &err), err);
	CHECK_OK(bpfl_target_running(NULL, &target, &err), err);
	CHECK_OK(bpfl_image_build(spec, target, NULL, &image, &err), err);
	CHECK_OK(bpfl_object_load(image, target, NULL, &object, &err), err);
}

static void load_count(const char *section)
{
	load(section, count_insns, NR(count_insns), COUNT_MAP_INSN);
}

static void unload(void)
{
	bpfl_object_close(object);
	bpfl_image_destroy(image);
	bpfl_target_destroy(target);
	bpfl_spec_destroy(spec);
	bpfl_error_clear(&err);
}

static uint64_t counter(void)
{
	uint32_t key = 0;
	uint64_t value = 0;

	ck_assert_int_eq(bpfl_sys_map_lookup(bpfl_object_map_fd(object, "counter"), &key, &value, 0), 0);
	return value;
}

static int attach(const char *text, struct bpfl_link **ret_link)
{
	struct bpfl_attach *parsed = NULL;
	int ret;

	bpfl_error_clear(&err);
	CHECK_OK(bpfl_attach_parse(text, &parsed, &err), err);
	CHECK_OK(bpfl_attach_check(parsed, spec, 0, &err), err);
	ret = bpfl_link_attach(object, 0, parsed, NULL, ret_link, &err);
	bpfl_attach_destroy(parsed);
	return ret;
}

/* A system call that hardly anybody makes, so that the counter is ours. */
#define RARE "sched_get_priority_max"
static void rare_call(unsigned times)
{
	while (times--)
		syscall(SYS_sched_get_priority_max, 0);
}

/* ---- tracepoints ---- */

START_TEST(a_tracepoint_fires_until_its_link_is_closed)
{
	struct bpfl_link *link = NULL;
	uint64_t before;
	bool by_link;

	load_count("tracepoint/syscalls/sys_enter_" RARE);
	rare_call(3);
	ck_assert_uint_eq(counter(), 0);
	CHECK_OK(attach("tracepoint/syscalls/sys_enter_" RARE, &link), err);
	rare_call(10);
	ck_assert_uint_ge(counter(), 10);
	by_link = !bpfl_test_lacks("perf_link");
	ck_assert_int_eq(bpfl_link_fd(link) >= 3, by_link);
	bpfl_link_close(link);
	before = counter();
	rare_call(5);
	ck_assert_uint_eq(counter(), before);
	unload();
	bpfl_test_shows("tracepoint", by_link ? "by link" : "by ioctl");
}
END_TEST

START_TEST(a_tracepoint_fires_by_ioctl_too)
{
	struct bpfl_link *link = NULL;
	uint64_t before;

	load_count("tp/syscalls/sys_exit_" RARE);
	target->features[BPFL_FEATURE_PERF_LINK] = BPFL_NO; /* as if the kernel were older than 5.15 */
	CHECK_OK(attach("tp/syscalls/sys_exit_" RARE, &link), err);
	CHECK_HAS(bpfl_link_text(link), "by ioctl");
	rare_call(10);
	ck_assert_uint_ge(counter(), 10);
	bpfl_link_close(link);
	before = counter();
	rare_call(5);
	ck_assert_uint_eq(counter(), before);
	unload();
}
END_TEST

START_TEST(a_missing_tracepoint_brings_near_names)
{
	struct bpfl_attach *parsed = NULL;

	load_count("tracepoint/syscalls/sys_enter_execv");
	CHECK_OK(bpfl_attach_parse("tracepoint/syscalls/sys_enter_execv", &parsed, &err), err);
	CHECK_FAILS(bpfl_attach_check(parsed, spec, 0, &err), err, BPFL_ERR_TARGET, ENOENT,
		    "there is no tracepoint 'syscalls/sys_enter_execv'");
	CHECK_HAS(err.fix, "'syscalls/sys_enter_execve'");
	bpfl_attach_destroy(parsed);
	bpfl_error_clear(&err);
	/* Right but for its category. */
	CHECK_OK(bpfl_attach_parse("tracepoint/net/sched_switch", &parsed, &err), err);
	CHECK_FAILS(bpfl_attach_check(parsed, spec, 0, &err), err, BPFL_ERR_TARGET, ENOENT, "net/sched_switch");
	CHECK_HAS(err.fix, "'sched/sched_switch'");
	bpfl_attach_destroy(parsed);
	unload();
}
END_TEST

START_TEST(a_raw_tracepoint_fires_until_its_link_is_closed)
{
	struct bpfl_link *link = NULL;
	uint64_t before;

	load_count("raw_tp/sys_enter");
	CHECK_OK(attach("raw_tp/sys_enter", &link), err);
	rare_call(10);
	ck_assert_uint_ge(counter(), 10);
	bpfl_link_close(link);
	before = counter();
	rare_call(5);
	ck_assert_uint_eq(counter(), before);
	unload();
	bpfl_test_shows("raw_tp", "by link");
}
END_TEST

START_TEST(a_missing_raw_tracepoint_brings_near_names)
{
	struct bpfl_link *link = NULL;

	load_count("raw_tp/sched_swich");
	CHECK_FAILS(attach("raw_tp/sched_swich", &link), err, BPFL_ERR_TARGET, ENOENT,
		    "there is no raw tracepoint 'sched_swich'");
	ck_assert_int_eq(err.catalogue_id, 20);
	CHECK_HAS(err.fix, "'sched_switch'");
	CHECK_FAILS(attach("raw_tp/sys_enter_execve", &link), err, BPFL_ERR_TARGET, ENOENT, "sys_enter_execve");
	CHECK_HAS(err.why, "raw_tp/sys_enter");
	unload();
}
END_TEST

START_TEST(a_typed_tracepoint_fires_until_its_link_is_closed)
{
	struct bpfl_link *link = NULL;
	uint64_t before;

	if (bpfl_test_lacks("kernel_btf"))
		return;
	load_count("tp_btf/sched_switch");
	CHECK_OK(attach("tp_btf/sched_switch", &link), err);
	for (int i = 0; i < 20; i++)
		usleep(1000);
	ck_assert_uint_ge(counter(), 10);
	bpfl_link_close(link);
	before = counter();
	usleep(20000);
	ck_assert_uint_eq(counter(), before);
	unload();
	bpfl_test_shows("tp_btf", "by link");
}
END_TEST

START_TEST(a_cookie_reaches_the_program)
{
	struct bpfl_link *link = NULL;

	if (bpfl_test_lacks("attach_cookie"))
		return;
	load("tracepoint/syscalls/sys_enter_" RARE, add_cookie_insns, NR(add_cookie_insns), COOKIE_MAP_INSN);
	CHECK_OK(attach("tracepoint/syscalls/sys_enter_" RARE ",cookie=1000000", &link), err);
	rare_call(1);
	ck_assert_uint_ge(counter(), 1000000);
	ck_assert_uint_eq(counter() % 1000000, 0);
	bpfl_link_close(link);
	unload();

	if (bpfl_test_lacks("raw_tp_cookie"))
		return;
	load("raw_tp/sys_enter", add_cookie_insns, NR(add_cookie_insns), COOKIE_MAP_INSN);
	CHECK_OK(attach("raw_tp/sys_enter,cookie=7", &link), err);
	rare_call(1);
	ck_assert_uint_ge(counter(), 7);
	ck_assert_uint_eq(counter() % 7, 0);
	bpfl_link_close(link);
	unload();

	load("tp_btf/sched_switch", add_cookie_insns, NR(add_cookie_insns), COOKIE_MAP_INSN);
	CHECK_OK(attach("tp_btf/sched_switch,cookie=11", &link), err);
	usleep(2000);
	ck_assert_uint_ge(counter(), 11);
	ck_assert_uint_eq(counter() % 11, 0);
	bpfl_link_close(link);
	unload();
}
END_TEST

/* ---- XDP ---- */

static void send_to_lo(int times)
{
	struct sockaddr_in addr = { .sin_family = AF_INET,
				    .sin_port = htons(9),
				    .sin_addr = { htonl(INADDR_LOOPBACK) } };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	while (times--)
		sendto(fd, "x", 1, MSG_DONTWAIT, (struct sockaddr *)&addr, sizeof(addr));
	close(fd);
	usleep(20000);
}

/* Ethernet frames out of an interface. */
static void send_frames(const char *name, int times)
{
	struct sockaddr_ll addr = { .sll_family = AF_PACKET, .sll_ifindex = (int)if_nametoindex(name), .sll_halen = 6 };
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	unsigned char frame[64];

	memset(frame, 0xff, 6);
	memset(frame + 6, 0x02, sizeof(frame) - 6);
	frame[12] = 0x88; /* local experimental */
	frame[13] = 0xb5;
	while (times--)
		ck_assert_int_eq(sendto(fd, frame, sizeof(frame), 0, (struct sockaddr *)&addr, sizeof(addr)),
				 sizeof(frame));
	close(fd);
	usleep(20000);
}

static struct bpfl_xdp_state xdp_state(const char *name)
{
	struct bpfl_xdp_state state;

	ck_assert_int_eq(bpfl_netlink_xdp_query(if_nametoindex(name), &state), 0);
	return state;
}

static void load_xdp(void)
{
	load("xdp", count_packet_insns, NR(count_packet_insns), COUNT_MAP_INSN);
}

START_TEST(xdp_on_lo_counts_packets_until_its_link_is_closed)
{
	struct bpfl_link *link = NULL;
	uint64_t before;

	bpfl_test_own_network();
	load_xdp();
	CHECK_OK(attach("xdp:lo", &link), err);
	ck_assert_str_eq(bpfl_link_text(link), "prog: xdp on lo (skb mode)");
	ck_assert_int_eq(xdp_state("lo").attached, BPFL_XDP_SKB);
	send_to_lo(10);
	ck_assert_uint_ge(counter(), 10);
	bpfl_link_close(link);
	ck_assert_int_eq(xdp_state("lo").attached, BPFL_XDP_NONE);
	before = counter();
	send_to_lo(5);
	ck_assert_uint_eq(counter(), before);
	unload();
	bpfl_test_shows("xdp", "by link");
}
END_TEST

START_TEST(xdp_on_veth_runs_in_each_mode)
{
	static const struct {
		const char *attach, *text;
	} rows[] = {
		{ "xdp:v1", "prog: xdp on v1 (native mode)" },
		{ "xdp:v1,mode=native", "prog: xdp on v1 (native mode)" },
		{ "xdp:v1,mode=auto", "prog: xdp on v1 (native mode)" },
		{ "xdp:v1,mode=skb", "prog: xdp on v1 (skb mode)" },
	};

	bpfl_test_own_network();
	bpfl_test_veth("v0", "v1");
	load_xdp();
	for (size_t i = 0; i < NR(rows); i++) {
		struct bpfl_link *link = NULL;
		uint64_t before = counter();

		CHECK_OK(attach(rows[i].attach, &link), err);
		ck_assert_str_eq(bpfl_link_text(link), rows[i].text);
		send_frames("v0", 10);
		/* veth takes its queues down and up when it gets a program, and loses what comes meanwhile. */
		for (int tries = 0; tries < 50 && counter() < before + 10; tries++)
			send_frames("v0", 1);
		ck_assert_uint_ge(counter(), before + 10);
		bpfl_link_close(link);
		ck_assert_int_eq(xdp_state("v1").attached, BPFL_XDP_NONE);
	}
	unload();
}
END_TEST

START_TEST(xdp_by_netlink_is_taken_away_too)
{
	struct bpfl_link *link = NULL;

	bpfl_test_own_network();
	load_xdp();
	target->features[BPFL_FEATURE_XDP_LINK] = BPFL_NO; /* as if the kernel were older than 5.9 */
	CHECK_OK(attach("xdp:lo,mode=skb", &link), err);
	ck_assert_str_eq(bpfl_link_text(link), "prog: xdp on lo (skb mode) by netlink");
	ck_assert_int_eq(bpfl_link_fd(link), -ENOENT);
	send_to_lo(10);
	ck_assert_uint_ge(counter(), 10);
	bpfl_link_close(link);
	ck_assert_int_eq(xdp_state("lo").attached, BPFL_XDP_NONE);
	unload();
}
END_TEST

START_TEST(an_interface_that_is_taken_is_left_alone)
{
	struct bpfl_link *link = NULL, *second = NULL;

	bpfl_test_own_network();
	load_xdp();
	CHECK_OK(attach("xdp:lo", &link), err);
	CHECK_FAILS(attach("xdp:lo", &second), err, BPFL_ERR_TARGET, EBUSY,
		    "interface 'lo' has an XDP program already");
	ck_assert_int_eq(err.catalogue_id, 32);
	CHECK_HAS(err.why, "in skb mode");
	ck_assert_int_eq(xdp_state("lo").attached, BPFL_XDP_SKB);
	/* By netlink the same. */
	target->features[BPFL_FEATURE_XDP_LINK] = BPFL_NO;
	ck_assert_int_lt(attach("xdp:lo", &second), 0);
	ck_assert_int_eq(err.catalogue_id, 32);
	bpfl_link_close(link);
	unload();
}
END_TEST

START_TEST(a_driver_without_native_mode_says_why)
{
	struct bpfl_link *link = NULL;

	bpfl_test_own_network();
	load_xdp();
	ck_assert_int_lt(attach("xdp:lo,mode=native", &link), 0);
	ck_assert_int_eq(err.catalogue_id, 26);
	CHECK_HAS(err.why, "the kernel says: ");
	CHECK_HAS(err.fix, "mode=skb");
	ck_assert_int_eq(xdp_state("lo").attached, BPFL_XDP_NONE);
	CHECK_OK(attach("xdp:lo,mode=auto", &link), err);
	CHECK_HAS(bpfl_link_text(link), "skb mode");
	bpfl_link_close(link);
	unload();
}
END_TEST

/* ---- printk ---- */

struct seen {
	int nr;
	char task[64];
	int pid;
	char message[128];
};

static int see(void *ctx, const struct bpfl_trace_line *line)
{
	struct seen *seen = ctx;

	if (!line->parsed || strcmp(line->message, "hi") != 0)
		return 0; /* somebody else's */
	seen->nr++;
	seen->pid = line->pid;
	snprintf(seen->task, sizeof(seen->task), "%s", line->task);
	snprintf(seen->message, sizeof(seen->message), "%s", line->message);
	return 0;
}

static bool wait_readable(const struct bpfl_trace *trace)
{
	struct pollfd poll_fd = { bpfl_trace_fd(trace), POLLIN, 0 };

	return poll(&poll_fd, 1, 2000) == 1;
}

struct instances {
	int pid;
	unsigned nr; /* of that process */
};

static int count_instance(void *ctx, const char *name)
{
	struct instances *instances = ctx;
	int pid;

	if (sscanf(name, "bpfload_%d_", &pid) == 1 && pid == instances->pid)
		instances->nr++;
	return 0;
}

/* How many trace instances of a process there are. */
static unsigned nr_instances(int pid)
{
	struct instances instances = { pid, 0 };
	int dir_fd;

	CHECK_OK(bpfl_tracefs_open(&dir_fd, &err), err);
	ck_assert_int_eq(bpfl_enter_list_dir(dir_fd, "instances", count_instance, &instances), 0);
	bpfl_enter_close(dir_fd);
	return instances.nr;
}

static void load_print(void)
{
	load("tracepoint/syscalls/sys_enter_" RARE, print_insns, NR(print_insns), -1);
}

START_TEST(what_a_program_prints_is_seen_by_each_stream)
{
	struct bpfl_trace *trace = NULL, *second = NULL;
	struct bpfl_link *link = NULL;
	struct seen seen = { 0 }, seen_second = { 0 };

	prctl(PR_SET_NAME, "a - [0] b");
	load_print();
	CHECK_OK(attach("tracepoint/syscalls/sys_enter_" RARE, &link), err);
	rare_call(3); /* before the stream: not seen */
	CHECK_OK(bpfl_trace_open(NULL, &trace, &err), err);
	CHECK_OK(bpfl_trace_open(NULL, &second, &err), err);
	ck_assert_uint_eq(nr_instances(getpid()), 2);
	ck_assert_int_eq(bpfl_trace_read(trace, see, &seen, &err), 0);
	usleep(20000); /* the kernel learns the name of a task when it is switched */
	rare_call(2);
	ck_assert(wait_readable(trace));
	CHECK_OK(bpfl_trace_read(trace, see, &seen, &err), err);
	ck_assert_int_eq(seen.nr, 2);
	ck_assert_int_eq(seen.pid, getpid());
	ck_assert_str_eq(seen.task, "a - [0] b");
	ck_assert(wait_readable(second));
	CHECK_OK(bpfl_trace_read(second, see, &seen_second, &err), err);
	ck_assert_int_eq(seen_second.nr, 2);
	bpfl_trace_close(trace);
	ck_assert_uint_eq(nr_instances(getpid()), 1);
	bpfl_trace_close(second);
	ck_assert_uint_eq(nr_instances(getpid()), 0);
	bpfl_link_close(link);
	unload();
}
END_TEST

START_TEST(the_instance_of_a_killed_process_is_swept)
{
	struct bpfl_trace *trace = NULL;
	int ready[2], status;
	pid_t child;
	char byte;

	ck_assert_int_eq(pipe2(ready, O_CLOEXEC), 0);
	child = fork();
	if (child == 0) {
		if (bpfl_trace_open(NULL, &trace, NULL) == 0)
			(void)!write(ready[1], "x", 1);
		close(ready[1]);
		pause();
		_exit(1);
	}
	close(ready[1]);
	ck_assert_int_eq(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	ck_assert_uint_eq(nr_instances(child), 1);
	/* Alive: left alone. */
	CHECK_OK(bpfl_trace_open(NULL, &trace, &err), err);
	ck_assert_uint_eq(nr_instances(child), 1);
	bpfl_trace_close(trace);
	kill(child, SIGKILL);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_uint_eq(nr_instances(child), 1);
	CHECK_OK(bpfl_trace_open(NULL, &trace, &err), err);
	ck_assert_uint_eq(nr_instances(child), 0);
	bpfl_trace_close(trace);
	ck_assert_uint_eq(nr_instances(getpid()), 0);
}
END_TEST

START_TEST(a_flood_of_lines_is_read_or_said_to_be_lost)
{
	struct bpfl_trace *trace = NULL;
	struct bpfl_link *link = NULL;
	struct seen seen = { 0 };

	load_print();
	CHECK_OK(attach("tracepoint/syscalls/sys_enter_" RARE, &link), err);
	CHECK_OK(bpfl_trace_open(NULL, &trace, &err), err);
	for (int i = 0; i < 20; i++) {
		rare_call(100);
		CHECK_OK(bpfl_trace_read(trace, see, &seen, &err), err);
	}
	while (seen.nr < 2000 && wait_readable(trace))
		CHECK_OK(bpfl_trace_read(trace, see, &seen, &err), err);
	ck_assert_int_eq(seen.nr, 2000);
	bpfl_trace_close(trace);
	bpfl_link_close(link);
	unload();
}
END_TEST

static char *mounts(void)
{
	struct bpfl_buf text = BPFL_BUF_INIT;

	ck_assert_int_ge(bpfl_file_read_virtual(AT_FDCWD, "/proc/self/mounts", 1 << 20, &text), 0);
	return bpfl_buf_take(&text);
}

START_TEST(the_mount_table_stays_as_it_is)
{
	struct bpfl_trace *trace = NULL;
	char *before = mounts(), *during, *after;

	CHECK_OK(bpfl_trace_open(NULL, &trace, &err), err);
	during = mounts();
	bpfl_trace_close(trace);
	after = mounts();
	ck_assert_str_eq(during, before);
	ck_assert_str_eq(after, before);
	free(before);
	free(during);
	free(after);
}
END_TEST

/* ---- maps in words ---- */

START_TEST(values_of_every_cpu_are_shown)
{
	struct bpfl_map_def map = { .size = sizeof(map),
				    .name = "hits",
				    .type = BPFL_MAP_TYPE_PERCPU_ARRAY,
				    .key_size = 4,
				    .value_size = 4,
				    .max_entries = 2 };
	char *text = NULL, want[64];
	long nr_cpus = sysconf(_SC_NPROCESSORS_CONF);

	CHECK_OK(bpfl_spec_create("test", "GPL", &spec, &err), err);
	CHECK_OK(bpfl_spec_add_map(spec, &map, &err), err);
	CHECK_OK(bpfl_target_running(NULL, &target, &err), err);
	CHECK_OK(bpfl_image_build(spec, target, NULL, &image, &err), err);
	CHECK_OK(bpfl_object_load(image, target, NULL, &object, &err), err);
	CHECK_OK(bpfl_object_map_text(object, "hits", BPFL_FORMAT_TEXT, &text, &err), err);
	snprintf(want, sizeof(want), "hits[1] cpu %ld = 0\n", nr_cpus - 1);
	CHECK_HAS(text, want);
	free(text);
	unload();
}
END_TEST

int main(void)
{
	const TTest *tracepoint_tests[] = {
		a_tracepoint_fires_until_its_link_is_closed,
		a_tracepoint_fires_by_ioctl_too,
		a_missing_tracepoint_brings_near_names,
		a_raw_tracepoint_fires_until_its_link_is_closed,
		a_missing_raw_tracepoint_brings_near_names,
		a_typed_tracepoint_fires_until_its_link_is_closed,
		a_cookie_reaches_the_program,
	};
	const TTest *xdp_tests[] = {
		xdp_on_lo_counts_packets_until_its_link_is_closed,
		xdp_on_veth_runs_in_each_mode,
		xdp_by_netlink_is_taken_away_too,
		an_interface_that_is_taken_is_left_alone,
		a_driver_without_native_mode_says_why,
	};
	const TTest *trace_tests[] = {
		what_a_program_prints_is_seen_by_each_stream,
		the_instance_of_a_killed_process_is_swept,
		a_flood_of_lines_is_read_or_said_to_be_lost,
		the_mount_table_stays_as_it_is,
		values_of_every_cpu_are_shown,
	};
	Suite *suite = BPFL_TEST_SUITE("attach", tracepoint_tests);

	BPFL_TEST_ADD_CASE(suite, "xdp", xdp_tests);
	BPFL_TEST_ADD_CASE(suite, "printk", trace_tests);
	return bpfl_test_main(suite);
}
