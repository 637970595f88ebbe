/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The Nth call to the kernel fails, for every N of loading and attaching a program of every kind: bpf(), perf
 * events, netlink, tracefs, sockets.
 *
 * The linker puts this file between the library and sys/enter.c (--wrap). Each run ends in one of two ways: it
 * has an error with text, or the failure was not in the way (an older way of doing it was taken) and the
 * program is attached. Then all is closed, and nothing may be left: no descriptor, no program, map or link of
 * those that were made (their ids are gone), no qdisc, no XDP program, no line in the files of tracefs.
 *
 * What a kernel does not have fails in every run, with an error; that is tested too. A kernel may refuse what is
 * for functions of other programs (freplace, fentry with prog=) by policy; the machines of scripts/vm-run do not.
 */
#include "harness.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include "attach/cgroup_path.h"
#include "attach/link.h"
#include "base/text.h"
#include "btfc.h"
#include "btfgen.h"
#include "feature.h"
#include "live.h"
#include "netns.h"
#include "sys/bpf.h"
#include "sys/file.h"
#include "sys/netlink.h"
#include "sys/netlink_tc.h"
#include "sys/perf.h"
#include "sys/tracefs.h"
#include "usdt_note.h"

/* ---- between the library and the kernel ---- */

#define MAX_MADE 64

static struct {
	bool on;
	unsigned countdown; /* 1: the next call fails; 0: it has failed */
	int errnum;
	const char *call; /* that failed */
	size_t nr_made;
	struct { int cmd; uint32_t id; } made[MAX_MADE]; /* how to open it again */
} fault;

static bool fails(const char *call)
{
	if (!fault.on || fault.countdown == 0 || --fault.countdown > 0)
		return false;
	fault.call = call;
	return true;
}

/* call(PARAMETERS) of sys/enter.h */
#define WRAP(type, call, parameters, arguments)             \
	type __real_bpfl_enter_##call parameters;            \
	type __wrap_bpfl_enter_##call parameters;            \
	type __wrap_bpfl_enter_##call parameters             \
	{                                                    \
		if (fails(#call))                            \
			return -fault.errnum;                \
		return __real_bpfl_enter_##call arguments;   \
	}

WRAP(int, perf_event_open, (struct bpfl_perf_attr * attr, int pid, int cpu, int group, unsigned long flags),
     (attr, pid, cpu, group, flags))
WRAP(int, ioctl, (int fd, unsigned long request, unsigned long arg), (fd, request, arg))
WRAP(int, openat, (int dir, const char *path, int flags, unsigned mode), (dir, path, flags, mode))
WRAP(int, mkdirat, (int dir, const char *path, unsigned mode), (dir, path, mode))
WRAP(ssize_t, write, (int fd, const void *data, size_t size), (fd, data, size))
WRAP(int, socket, (int domain, int type, int protocol), (domain, type, protocol))
WRAP(ssize_t, sendto, (int fd, const void *data, size_t size, const struct sockaddr *addr, unsigned addr_size),
     (fd, data, size, addr, addr_size))
WRAP(ssize_t, recv, (int fd, void *out, size_t size, int flags), (fd, out, size, flags))
WRAP(int, setsockopt, (int fd, int level, int name, const void *value, unsigned size), (fd, level, name, value, size))
WRAP(int, bind, (int fd, const struct sockaddr *addr, unsigned size), (fd, addr, size))
WRAP(int, fsopen, (const char *name), (name))
WRAP(int, fs_create, (int fd), (fd))
WRAP(int, fsmount, (int fd), (fd))

int __real_bpfl_enter_bpf(int cmd, void *attr, size_t attr_size, int returns_fd);
int __wrap_bpfl_enter_bpf(int cmd, void *attr, size_t attr_size, int returns_fd);

/* The id of what a descriptor is for; 0 when it has none. */
static uint32_t id_of(int cmd, int fd)
{
	struct { uint32_t bpf_fd, info_len; uint64_t info; } attr = { (uint32_t)fd, 32, 0 };
	uint32_t info[8] = { 0 };

	attr.info = (uintptr_t)info;
	if (__real_bpfl_enter_bpf(BPFL_CMD_OBJ_GET_INFO_BY_FD, &attr, sizeof(attr), 0) < 0)
		return 0;
	return cmd == BPFL_CMD_PROG_LOAD || cmd == BPFL_CMD_MAP_CREATE || cmd == BPFL_CMD_LINK_CREATE ? info[1] : 0;
}

int __wrap_bpfl_enter_bpf(int cmd, void *attr, size_t attr_size, int returns_fd)
{
	static const struct { int make, open; } kinds[] = {
		{ BPFL_CMD_PROG_LOAD, BPFL_CMD_PROG_GET_FD_BY_ID }, { BPFL_CMD_MAP_CREATE, BPFL_CMD_MAP_GET_FD_BY_ID },
		{ BPFL_CMD_LINK_CREATE, BPFL_CMD_LINK_GET_FD_BY_ID },
	};
	int ret = fails("bpf") ? -fault.errnum : __real_bpfl_enter_bpf(cmd, attr, attr_size, returns_fd);

	for (size_t i = 0; ret >= 0 && i < NR(kinds); i++) {
		if (kinds[i].make != cmd)
			continue;
		ck_assert_uint_lt(fault.nr_made, MAX_MADE);
		fault.made[fault.nr_made].cmd = kinds[i].open;
		fault.made[fault.nr_made].id = id_of(cmd, ret);
		fault.nr_made += fault.made[fault.nr_made].id != 0;
	}
	return ret;
}

/* ---- what is loaded and attached ---- */

#define NONE (-1)

/*
 * In a section, attached as text says: %s is the test's cgroup, %d a socket, %p this program, %i the number of a
 * loaded program whose function "prog" is the target. lacking: a feature that the target was told to lack.
 */
static const struct kind {
	const char *section;
	int result;
	const char *text; /* NULL: by its section */
	int lacking;
	const char *since; /* of the feature table; NULL: on every kernel */
	bool may_be_refused; /* by the build or the policy of a kernel outside the machines */
} kinds[] = {
	{ "tracepoint/syscalls/sys_enter_" LIVE_RARE_CALL, 0, NULL, NONE, NULL, false },
	{ "tracepoint/syscalls/sys_enter_" LIVE_RARE_CALL, 0, NULL, BPFL_FEATURE_PERF_LINK, NULL, false },
	{ "raw_tp/sys_enter", 0, NULL, NONE, NULL, false },
	{ "tp_btf/sched_switch", 0, NULL, NONE, "kernel_btf", false },
	{ "perf_event", 0, "profile:hz:50", NONE, NULL, false },
	{ "perf_event", 0, "perf_event:page-faults,period=1000", BPFL_FEATURE_PERF_LINK, NULL, false },
	{ "kprobe/vfs_read", 0, NULL, NONE, NULL, true },
	{ "kretprobe/vfs_read", 0, NULL, BPFL_FEATURE_PROBE_PMU, NULL, true },
	{ "ksyscall/" LIVE_RARE_CALL, 0, NULL, NONE, NULL, true },
	{ "kprobe.multi/vfs_rea*", 0, NULL, NONE, "kprobe_multi", true },
	{ "kprobe.session/vfs_read", 0, NULL, NONE, "kprobe_session", true },
	{ "uprobe", 0, "uprobe/%p:probed", NONE, NULL, false },
	{ "uretprobe", 0, "uretprobe/%p:probed", BPFL_FEATURE_PERF_LINK, NULL, false },
	{ "uprobe", 0, "uprobe/%p:probed", BPFL_FEATURE_PROBE_PMU, NULL, false },
	{ "uprobe.multi", 0, "uprobe.multi/%p:probe*", NONE, "uprobe_multi", false },
	{ "uprobe.multi", 0, "uprobe.multi/%p:probe*", BPFL_FEATURE_UPROBE_MULTI, NULL, false },
	{ "usdt", 0, "usdt/%p:bpfloadtest:faulty", NONE, NULL, false },
	{ "usdt", 0, "usdt/%p:bpfloadtest:fault*", BPFL_FEATURE_UPROBE_MULTI, NULL, false },
	{ "usdt.s", 0, "usdt.s/%p:*:faulty", BPFL_FEATURE_PERF_LINK, "sleepable_uprobe", false },
	{ "fentry/vfs_read", 0, NULL, NONE, "trampolines", true },
	{ "fexit/vfs_read", 0, NULL, NONE, "trampolines", true },
	{ "fentry.multi/vfs_rea*", 0, NULL, NONE, "tracing_multi", true },
	{ "fsession/vfs_read", 0, NULL, NONE, "fsession", true },
	{ "freplace/prog", 2, "freplace/prog:id %i", NONE, "trampolines", true },
	{ "fentry/prog", 0, "fentry/prog,prog=id %i", NONE, "trampolines", true },
	{ "fmod_ret/security_file_permission", 0, NULL, NONE, "trampolines", true },
	{ "lsm/inode_permission", 0, NULL, NONE, "trampolines", true },
	{ "iter/task", 0, NULL, NONE, "iter", false },
	{ "syscall", 0, NULL, NONE, "syscall_prog", false },
	{ "xdp", 2, "xdp:lo", NONE, NULL, false },
	{ "xdp", 2, "xdp:lo,mode=skb", BPFL_FEATURE_XDP_LINK, NULL, false },
	{ "tc", -1, "tc/egress:lo", NONE, NULL, false },
	{ "tc", -1, "tc/ingress:lo,prio=7,handle=3", NONE, NULL, false },
	{ "tcx/egress", -1, "tcx/egress:lo", NONE, "tcx", false },
	{ "tcx/ingress", -1, "tcx/ingress:lo", BPFL_FEATURE_TCX_LINK, NULL, false },
	{ "netkit/primary", 0, "netkit/primary:nk0", NONE, "netkit", false },
	{ "cgroup_skb/egress", 1, "cgroup_skb/egress:%s", NONE, NULL, false },
	{ "cgroup_skb/ingress", 1, "cgroup_skb/ingress:%s", BPFL_FEATURE_CGROUP_LINK, NULL, false },
	{ "sockops", 1, "sockops:%s", NONE, NULL, false },
	{ "cgroup/connect4", 1, "cgroup/connect4:%s", BPFL_FEATURE_CGROUP_LINK, NULL, false },
	{ "lsm_cgroup/socket_bind", 1, "lsm_cgroup/socket_bind:%s", NONE, "lsm_cgroup", true },
	{ "sk_msg", 1, "sk_msg:socks", NONE, NULL, false },
	{ "sk_skb/stream_verdict", 1, "sk_skb/stream_verdict:socks", BPFL_FEATURE_SOCKMAP_LINK, NULL, false },
	{ "sk_lookup", 1, "sk_lookup:self", NONE, "sk_lookup", false },
	{ "flow_dissector", 0, "flow_dissector:self", NONE, "netns_link", false },
	{ "flow_dissector", 0, "flow_dissector:self", BPFL_FEATURE_FLOW_DISSECTOR_LINK, "netns_link", false },
	{ "netfilter", 1, "netfilter:ip/input", NONE, "netfilter", false },
	{ "socket", -1, "socket:lo", NONE, NULL, false },
	{ "socket", -1, "socket:fd=%d", NONE, NULL, false },
	{ "sk_reuseport", 1, "sk_reuseport:fd=%d", NONE, "reuseport_detach", false },
	{ "lirc_mode2", 0, "lirc_mode2:/dev/lirc7", NONE, NULL, true },
	{ "lwt_xmit", 0, "lwt_xmit", NONE, NULL, true },
};

__attribute__((section(".probes"), used)) unsigned short fault_semaphore;

__attribute__((noinline, used)) void probed(void);
void probed(void)
{
	__asm__ volatile(USDT_NOTE("bpfloadtest", "faulty", "fault_semaphore", "") ::: "memory");
	__asm__ volatile(USDT_NOTE("bpfloadtest", "faulty", "fault_semaphore", "") ::: "memory");
}

static struct live it, other; /* other: the program of %i */
static char text[700], cgroup_dir[512];
static int reuse_fd = -1;

static void add_counter(void)
{
	CHECK_OK(bpfl_spec_create("test", "GPL", &it.spec, &it.err), it.err);
	live_add_counter(it.spec);
}

static void add_prog(const char *name, const char *section, int result)
{
	live_add_prog(it.spec, name, section, LIVE_COUNT, result);
}

/* The program is a global function of the network's, "int prog(struct xdp_md *ctx)": one that can be replaced. */
static void add_types(void)
{
	struct btfgen gen;

	btfgen_init(&gen, false);
	uint32_t result = btfgen_int(&gen, "int", 4, BPFL_INT_SIGNED);
	uint32_t context = btfgen_ptr(&gen, btfgen_struct(&gen, "xdp_md", 0));
	uint32_t proto = btfgen_func_proto(&gen, result);
	btfgen_param(&gen, "ctx", context);
	it.spec->funcs.items[0].btf_func_id = btfgen_func(&gen, "prog", proto, BPFL_LINKAGE_GLOBAL);
	it.spec->btf = btfgen_read(&gen);
	btfgen_deinit(&gen);
	ck_assert_ptr_nonnull(it.spec->btf);
}

static bool is_for_other(const struct kind *kind)
{
	return kind->text && strstr(kind->text, "%i");
}

/* From the words to the link, as the command does it. */
static int start(const struct kind *kind)
{
	int ret;

	add_counter();
	if (strstr(text, ":socks"))
		live_add_sockets(it.spec);
	add_prog("prog", kind->section, kind->result);
	if (is_for_other(kind))
		add_types();
	fault.on = true;
	ret = bpfl_target_running(NULL, &it.target, &it.err);
	if (ret == 0 && kind->lacking != NONE)
		it.target->features[kind->lacking] = BPFL_NO;
	if (ret == 0)
		ret = bpfl_attach_parse(text, &it.attach, &it.err);
	if (ret == 0)
		ret = bpfl_attach_prepare(it.attach, it.spec, 0, &it.err);
	if (ret == 0)
		ret = bpfl_attach_check(it.attach, it.spec, 0, &it.err);
	if (ret == 0)
		ret = bpfl_image_build(it.spec, it.target, NULL, &it.image, &it.err);
	if (ret == 0)
		ret = bpfl_object_load(it.image, it.target, NULL, &it.object, &it.err);
	if (ret == 0)
		ret = bpfl_link_attach(it.object, 0, it.attach, NULL, &it.link, &it.err);
	fault.on = false;
	return ret;
}

/* The same for a congestion control of TCP. */
static int start_struct_ops(const struct kind *kind)
{
	static const char *const members[] = { "avoid", "ssthresh", "undo" };
	struct bpfl_map_spec *map;
	int ret;

	add_counter();
	it.spec->btf = btfc_read("struct tcp_congestion_ops { char name[16]; void *cong_avoid; void *ssthresh; void "
				 "*undo_cwnd; };",
				 false);
	for (size_t i = 0; i < NR(members); i++)
		add_prog(members[i], "struct_ops", 10);
	map = BPFL_VEC_PUSH(&it.spec->maps);
	*map = (struct bpfl_map_spec){ .name = bpfl_strdup("ops"),
				       .section = bpfl_strdup(kind->section),
				       .origin = BPFL_MAP_STRUCT_OPS,
				       .type = BPFL_MAP_TYPE_STRUCT_OPS,
				       .key_size = 4,
				       .max_entries = 1,
				       .value_size = 40,
				       .data_size = 40,
				       .flags = strcmp(kind->section, ".struct_ops.link") == 0 ? BPFL_F_LINK : 0,
				       .data = calloc(1, 40) };
	map->value_type_id = btfc_id(it.spec->btf, "struct tcp_congestion_ops");
	snprintf((char *)map->data, 16, "fault_%u", (unsigned)getpid() % 100000);
	for (uint32_t i = 0; i < NR(members); i++)
		*BPFL_VEC_PUSH(&map->ops) = (struct bpfl_ops_member){
			16 + 8 * i, (uint32_t)bpfl_spec_prog_idx(it.spec, members[i])
		};
	fault.on = true;
	ret = bpfl_target_running(NULL, &it.target, &it.err);
	if (ret == 0)
		ret = bpfl_image_build(it.spec, it.target, NULL, &it.image, &it.err);
	if (ret == 0)
		ret = bpfl_object_load(it.image, it.target, NULL, &it.object, &it.err);
	if (ret == 0)
		ret = bpfl_link_attach_map(it.object, "ops", NULL, &it.link, &it.err);
	fault.on = false;
	return ret;
}

/* ---- what may be left ---- */

static void count_qdisc(void *ctx, uint32_t ifindex, const char *kind)
{
	(void)ifindex;
	(void)kind;
	++*(unsigned *)ctx;
}

static int count_mine(void *ctx, char *line)
{
	char mark[32];

	snprintf(mark, sizeof(mark), ":bpfload/k%d_", getpid());
	*(unsigned *)ctx += strstr(line, mark) != NULL;
	mark[strlen(":bpfload/")] = 'u';
	*(unsigned *)ctx += strstr(line, mark) != NULL;
	return 0;
}

static unsigned nr_events(void)
{
	unsigned nr = 0;
	int dir_fd;

	CHECK_OK(bpfl_tracefs_open(&dir_fd, &it.err), it.err);
	bpfl_file_each_line(dir_fd, "kprobe_events", count_mine, &nr); /* not there without kprobes */
	bpfl_file_each_line(dir_fd, "uprobe_events", count_mine, &nr);
	close(dir_fd);
	return nr;
}

/*
 * The kernel lets go of programs in the background: their ids tell when it has. For what trampolines and struct_ops
 * use it waits until each task has switched by itself (RCU tasks), which takes seconds where all CPUs are busy.
 */
static bool is_gone(int cmd, uint32_t id)
{
	for (int ms = 0; ms < 20000; ms += 5) {
		int fd = bpfl_sys_fd_by_id((enum bpfl_cmd)cmd, id);

		if (fd < 0)
			return true;
		close(fd);
		usleep(5000);
	}
	return false;
}

static void nothing_is_left(const struct kind *kind, unsigned nr_fds, unsigned nth)
{
	struct bpfl_xdp_state xdp = { 0 };
	unsigned nr_qdiscs = 0;

	ck_assert_msg(bpfl_test_nr_open_fds() == nr_fds, "%s: call %u (%s) fails: descriptors are left", kind->section,
		      nth, fault.call);
	for (size_t i = 0; i < fault.nr_made; i++)
		ck_assert_msg(is_gone(fault.made[i].cmd, fault.made[i].id),
			      "%s: call %u (%s) fails: %u (opened by command %d) is left", kind->section, nth,
			      fault.call, fault.made[i].id, fault.made[i].cmd);
	ck_assert_int_eq(bpfl_netlink_qdisc_each(count_qdisc, &nr_qdiscs), 0);
	ck_assert_msg(nr_qdiscs == 0, "%s: call %u (%s) fails: a qdisc is left", kind->section, nth, fault.call);
	ck_assert_int_eq(bpfl_netlink_xdp_query(if_nametoindex("lo"), &xdp), 0);
	ck_assert_uint_eq(xdp.prog_id, 0);
	for (int ms = 0; __atomic_load_n(&fault_semaphore, __ATOMIC_RELAXED) > 0 && ms < 20000; ms += 5)
		usleep(5000);
	ck_assert_msg(__atomic_load_n(&fault_semaphore, __ATOMIC_RELAXED) == 0,
		      "%s: call %u (%s) fails: the semaphore is left at %u", kind->section, nth, fault.call,
		      fault_semaphore);
	ck_assert_msg(nr_events() == 0, "%s: call %u (%s) fails: an event of tracefs is left", kind->section, nth,
		      fault.call);
}

/* ---- the runs ---- */

static void make_cgroup(void)
{
	struct bpfl_buf mount_point = BPFL_BUF_INIT;

	CHECK_OK(bpfl_cgroup_mount(&mount_point), it.err);
	snprintf(cgroup_dir, sizeof(cgroup_dir), "%.400s/bpfload-fault-%d", mount_point.data, getpid());
	bpfl_buf_deinit(&mount_point);
	ck_assert_int_eq(mkdir(cgroup_dir, 0755), 0);
}

static void make_socket(void)
{
	struct sockaddr_in addr = { .sin_family = AF_INET,
				    .sin_port = htons(4244),
				    .sin_addr = { htonl(INADDR_LOOPBACK) } };
	int on = 1;

	reuse_fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(setsockopt(reuse_fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)), 0);
	ck_assert_int_eq(bind(reuse_fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
}

/* A loaded program with types, attached nowhere. Return: its number. */
static uint32_t make_other(void)
{
	uint32_t id;

	add_counter();
	add_prog("prog", "xdp", 2);
	add_types();
	CHECK_OK(bpfl_target_running(NULL, &it.target, &it.err), it.err);
	CHECK_OK(bpfl_image_build(it.spec, it.target, NULL, &it.image, &it.err), it.err);
	CHECK_OK(bpfl_object_load(it.image, it.target, NULL, &it.object, &it.err), it.err);
	id = id_of(BPFL_CMD_PROG_LOAD, bpfl_object_prog_fd(it.object, "prog"));
	ck_assert_uint_ne(id, 0);
	other = it;
	return id;
}

/* What the attach words refer to is made; the words are put together. */
static void prepare(const struct kind *kind)
{
	const char *format = kind->text ? kind->text : kind->section, *at = strchr(format, '%');
	char self[256] = "", word[512] = "";

	bpfl_test_own_network();
	if (strstr(format, ":nk0"))
		bpfl_test_netkit("nk0", "nk1");
	if (at && at[1] == 's') {
		make_cgroup();
		strcpy(word, cgroup_dir);
	} else if (at && at[1] == 'd') {
		make_socket();
		snprintf(word, sizeof(word), "%d", reuse_fd);
	} else if (at && at[1] == 'i') {
		snprintf(word, sizeof(word), "%u", make_other());
	} else if (at) {
		ck_assert_int_gt(readlink("/proc/self/exe", self, sizeof(self) - 1), 0);
		strcpy(word, self);
	}
	if (at)
		snprintf(text, sizeof(text), "%.*s%s%s", (int)(at - format), format, word, at + 2);
	else
		snprintf(text, sizeof(text), "%s", format);
}

/* What may be refused outside the machines, and how. For another program's functions it is named. */
static bool is_refusal(const struct kind *kind, int ret)
{
	if (!kind->may_be_refused || (is_for_other(kind) && getenv("BPFLOAD_VM")))
		return false;
	if (is_for_other(kind)) {
		if (ret == -EPERM)
			bpfl_test_refused(kind->section, "this kernel refuses such programs by policy");
		return ret == -EPERM;
	}
	return ret == -EOPNOTSUPP || ret == -EPERM || ret == -ENOENT;
}

/* round: each call has another errno in each. EINVAL is what a kernel says that is too old, so it makes a fallback. */
static void each_call_fails(const struct kind *kind, int (*start_kind)(const struct kind *kind), unsigned round)
{
	static const int errnums[] = { ENOMEM, EINVAL };
	unsigned nr_fds = bpfl_test_nr_open_fds();
	unsigned nth = 0;
	int ret;

	do {
		memset(&it, 0, sizeof(it));
		fault.countdown = ++nth;
		fault.errnum = errnums[(nth + round) % NR(errnums)];
		fault.call = NULL;
		fault.nr_made = 0;
		ret = start_kind(kind);
		ck_assert_msg(ret >= 0 || (it.err.kind != BPFL_ERR_NONE && it.err.errnum != 0 && it.err.message[0]),
			      "%s: call %u (%s) fails: an error without text", kind->section, nth, fault.call);
		/* A failure that has passed must not be told as one. */
		ck_assert_msg(ret < 0 || it.err.kind == BPFL_ERR_NONE, "%s: call %u (%s) fails: no error, but text: %s",
			      kind->section, nth, fault.call, it.err.message);
		if (!fault.call)
			ck_assert_msg(ret == 0 || is_refusal(kind, ret), "%s: without a fault: %s", kind->section,
				      it.err.message);
		live_stop(&it);
		nothing_is_left(kind, nr_fds, nth);
	} while (fault.call);
	/* Opening what says where things are, loading, attaching: not less. */
	ck_assert_msg(nth > 2 || ret < 0, "%s: only %u calls", kind->section, nth);
}

/* In a machine without KVM one round has to do. */
static unsigned nr_rounds(void)
{
	return getenv("BPFLOAD_VM") ? 1 : 2;
}

static void tidy(void)
{
	if (reuse_fd >= 0)
		close(reuse_fd);
	live_stop(&other);
	for (int i = 0; cgroup_dir[0] && i < 200 && rmdir(cgroup_dir) < 0; i++)
		usleep(10000);
	ck_assert(!cgroup_dir[0] || access(cgroup_dir, F_OK) < 0);
}

START_TEST(every_call_of_a_kind_fails_once)
{
	const struct kind *kind = &kinds[_i];

	if (kind->since && bpfl_test_lacks(kind->since))
		return;
	prepare(kind);
	for (unsigned round = 0; round < nr_rounds(); round++)
		each_call_fails(kind, start, round);
	tidy();
}
END_TEST

START_TEST(every_call_of_struct_ops_fails_once)
{
	static const struct kind by_value = { ".struct_ops", 0, NULL, NONE, NULL, false };
	static const struct kind by_link = { ".struct_ops.link", 0, NULL, NONE, NULL, false };

	if (bpfl_test_lacks("kernel_btf") || bpfl_test_lacks("trampolines"))
		return;
	bpfl_test_own_network();
	for (unsigned round = 0; round < nr_rounds(); round++) {
		each_call_fails(&by_value, start_struct_ops, round);
		if (!bpfl_test_lacks("struct_ops_link"))
			each_call_fails(&by_link, start_struct_ops, round);
	}
}
END_TEST

int main(void)
{
	const TTest *tests[] = { every_call_of_struct_ops_fails_once };
	Suite *suite = BPFL_TEST_SUITE("faults", tests);

	bpfl_test_add_loop(suite, "every kind", every_call_of_a_kind_fails_once, NR(kinds));
	return bpfl_test_main(suite);
}
