/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every kind of program that a cgroup takes, on the running kernel: one row of the table for each name of
 * SEC(). A process in a cgroup of the test's own does ten times what the program is asked about, and the
 * counter moves by ten; when the program is off it moves no more, and what others do outside the cgroup never
 * counts. All programs say yes (1).
 */
#include "harness.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include "attach/cgroup_path.h"
#include "feature.h"
#include "live.h"
#include "netns.h"

#define TIMES 10

static struct live live;
static char cgroup_dir[512];

/* ---- what a process does; failures end it with status 1 ---- */

static int done(int ret)
{
	if (ret < 0)
		_exit(1);
	return ret;
}

/* Two sockets of one family that know each other's address: what a program sees of them are calls of one kind. */
struct pair {
	int fds[2];
	struct sockaddr_storage addrs[2];
	socklen_t size;
};

static struct pair make_pair(int family)
{
	struct pair pair = { .size = sizeof(struct sockaddr_storage) };

	for (int i = 0; i < 2; i++) {
		struct sockaddr_storage addr = { .ss_family = (sa_family_t)family };
		socklen_t size = family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);

		if (family == AF_INET)
			((struct sockaddr_in *)&addr)->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		else if (family == AF_INET6)
			((struct sockaddr_in6 *)&addr)->sin6_addr = in6addr_loopback;
		else
			size = sizeof(sa_family_t); /* the kernel makes up an abstract name */
		pair.fds[i] = done(socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0));
		done(bind(pair.fds[i], (struct sockaddr *)&addr, size));
		pair.size = sizeof(pair.addrs[i]);
		done(getsockname(pair.fds[i], (struct sockaddr *)&pair.addrs[i], &pair.size));
	}
	return pair;
}

static void close_pair(const struct pair *pair)
{
	close(pair->fds[0]);
	close(pair->fds[1]);
}

static void make_sockets(int family)
{
	(void)family;
	close(done(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)));
}

static void bind_sockets(int family)
{
	struct pair pair = make_pair(family);

	close_pair(&pair);
}

static void connect_sockets(int family)
{
	struct pair pair = make_pair(family);

	done(connect(pair.fds[0], (struct sockaddr *)&pair.addrs[1], pair.size));
	close_pair(&pair);
}

static void send_messages(int family)
{
	struct pair pair = make_pair(family);

	done((int)sendto(pair.fds[0], "x", 1, 0, (struct sockaddr *)&pair.addrs[1], pair.size));
	close_pair(&pair);
}

static void receive_messages(int family)
{
	struct pair pair = make_pair(family);
	struct sockaddr_storage from;
	socklen_t size = sizeof(from);
	char byte;

	done((int)sendto(pair.fds[0], "x", 1, 0, (struct sockaddr *)&pair.addrs[1], pair.size));
	done((int)recvfrom(pair.fds[1], &byte, 1, 0, (struct sockaddr *)&from, &size));
	close_pair(&pair);
}

static void ask_for_names(int family)
{
	struct pair pair = make_pair(family); /* asks for those of both */
	struct sockaddr_storage peer;
	socklen_t size = sizeof(peer);

	done(connect(pair.fds[0], (struct sockaddr *)&pair.addrs[1], pair.size));
	done(getpeername(pair.fds[0], (struct sockaddr *)&peer, &size));
	close_pair(&pair);
}

static void ask_for_options(int family)
{
	int fd = done(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)), value = 1;
	socklen_t size = sizeof(value);

	(void)family;
	done(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &value, size));
	done(getsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &value, &size));
	close(fd);
}

static void connect_by_tcp(int family)
{
	struct sockaddr_in addr = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int listening = done(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)),
	    fd = done(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
	socklen_t size = sizeof(addr);

	(void)family;
	done(bind(listening, (struct sockaddr *)&addr, size));
	done(listen(listening, 1));
	done(getsockname(listening, (struct sockaddr *)&addr, &size));
	done(connect(fd, (struct sockaddr *)&addr, size));
	close(fd);
	close(listening);
}

static void read_file(const char *path)
{
	int fd = done(open(path, O_RDONLY | O_CLOEXEC));
	char byte;

	done((int)read(fd, &byte, 1));
	close(fd);
}

static void read_setting(int family)
{
	(void)family;
	read_file("/proc/sys/kernel/ostype");
}

static void open_device(int family)
{
	(void)family;
	read_file("/dev/zero");
}

/* ---- the cgroup ---- */

static void make_cgroup(void)
{
	struct bpfl_buf mount_dir = BPFL_BUF_INIT;

	/* A machine without cgroup2 (an initramfs) gets a mount of this test's own. */
	if (bpfl_cgroup_mount(&mount_dir) < 0) {
		ck_assert_int_eq(unshare(CLONE_NEWNS), 0);
		ck_assert_int_eq(mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
		ck_assert_int_eq(mount("cgroup2", "/mnt", "cgroup2", 0, NULL), 0);
		ck_assert_int_eq(bpfl_cgroup_mount(&mount_dir), 0);
	}
	snprintf(cgroup_dir, sizeof(cgroup_dir), "%.400s/bpfload-kinds-%d", mount_dir.data, getpid());
	bpfl_buf_deinit(&mount_dir);
	ck_assert_int_eq(mkdir(cgroup_dir, 0755), 0);
}

static void remove_cgroup(void)
{
	for (int i = 0; i < 100 && rmdir(cgroup_dir) < 0; i++)
		usleep(10000);
	ck_assert_int_eq(access(cgroup_dir, F_OK), -1);
}

static void (*action)(int family);
static int action_family;

/* A child does it, within the cgroup or where this process is. */
static void let_child(bool in_cgroup, unsigned times)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		char path[600];

		snprintf(path, sizeof(path), "%s/cgroup.procs", cgroup_dir);
		if (in_cgroup)
			done((int)write(done(open(path, O_WRONLY | O_CLOEXEC)), "0", 1));
		while (times--)
			action(action_family);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
}

static void trigger(unsigned times)
{
	uint64_t before = live_counter(&live);

	let_child(false, times);
	ck_assert_uint_eq(live_counter(&live), before);
	let_child(true, times);
}

/* ---- the kinds ---- */

static const struct kind {
	const char *section;
	const char *attach; /* NULL: by the section's name */
	void (*action)(int family);
	int family;
	const char *feature; /* of the feature table; NULL: on every kernel */
} kinds[] = {
	{ "sockops", NULL, connect_by_tcp, 0, NULL },
	{ "cgroup_skb/ingress", NULL, receive_messages, AF_INET, NULL },
	{ "cgroup_skb/egress", NULL, receive_messages, AF_INET, NULL },
	{ "cgroup/skb", "cgroup_skb/ingress", receive_messages, AF_INET6, NULL },
	{ "cgroup/skb", "cgroup_skb/egress", receive_messages, AF_INET6, NULL },
	{ "cgroup/sock", NULL, make_sockets, 0, NULL },
	{ "cgroup/sock_create", NULL, make_sockets, 0, NULL },
	{ "cgroup/sock_release", NULL, make_sockets, 0, NULL },
	{ "cgroup/post_bind4", NULL, bind_sockets, AF_INET, NULL },
	{ "cgroup/post_bind6", NULL, bind_sockets, AF_INET6, NULL },
	{ "cgroup/bind4", NULL, bind_sockets, AF_INET, NULL },
	{ "cgroup/bind6", NULL, bind_sockets, AF_INET6, NULL },
	{ "cgroup/connect4", NULL, connect_sockets, AF_INET, NULL },
	{ "cgroup/connect6", NULL, connect_sockets, AF_INET6, NULL },
	{ "cgroup/connect_unix", NULL, connect_sockets, AF_UNIX, "cgroup_unix" },
	{ "cgroup/sendmsg4", NULL, send_messages, AF_INET, NULL },
	{ "cgroup/sendmsg6", NULL, send_messages, AF_INET6, NULL },
	{ "cgroup/sendmsg_unix", NULL, send_messages, AF_UNIX, "cgroup_unix" },
	{ "cgroup/recvmsg4", NULL, receive_messages, AF_INET, NULL },
	{ "cgroup/recvmsg6", NULL, receive_messages, AF_INET6, NULL },
	{ "cgroup/recvmsg_unix", NULL, receive_messages, AF_UNIX, "cgroup_unix" },
	{ "cgroup/getpeername4", NULL, ask_for_names, AF_INET, NULL },
	{ "cgroup/getpeername6", NULL, ask_for_names, AF_INET6, NULL },
	{ "cgroup/getpeername_unix", NULL, ask_for_names, AF_UNIX, "cgroup_unix" },
	{ "cgroup/getsockname4", NULL, ask_for_names, AF_INET, NULL },
	{ "cgroup/getsockname6", NULL, ask_for_names, AF_INET6, NULL },
	{ "cgroup/getsockname_unix", NULL, ask_for_names, AF_UNIX, "cgroup_unix" },
	{ "cgroup/sysctl", NULL, read_setting, 0, NULL },
	{ "cgroup/getsockopt", NULL, ask_for_options, 0, NULL },
	{ "cgroup/setsockopt", NULL, ask_for_options, 0, NULL },
	{ "cgroup/dev", NULL, open_device, 0, NULL },
};

START_TEST(what_a_process_of_the_cgroup_does_is_counted)
{
	const struct kind *row = &kinds[_i];
	char text[600];
	const char *how;
	int ret;

	if (row->feature && bpfl_test_lacks(row->feature))
		return;
	bpfl_test_own_network();
	make_cgroup();
	action = row->action;
	action_family = row->family;
	snprintf(text, sizeof(text), "%s:%s", row->attach ? row->attach : row->section, cgroup_dir);
	ret = live_start(&live, LIVE_ALLOW, row->section, text);
	if (ret == 0) {
		how = bpfl_link_fd(live.link) >= 0 ? "by link" : "by PROG_ATTACH";
		live_prove(&live, trigger, TIMES);
		bpfl_test_shows(row->section, how);
	}
	remove_cgroup();
	CHECK_OK(ret, live.err);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("cgroup");

	bpfl_test_add_loop(suite, "kinds", what_a_process_of_the_cgroup_does_is_counted, NR(kinds));
	return bpfl_test_main(suite);
}
