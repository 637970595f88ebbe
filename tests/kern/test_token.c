/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kern/token on the running kernel (root): a process in a user namespace of its own, where nobody has rights, loads and
 * attaches a program with the rights that a bpffs hands on to it. The test plays the container manager: the bpffs is
 * opened by the process inside, configured by root outside, and mounted inside.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "feature.h"
#include "live.h"

/* Of linux/mount.h, which is in the way of sys/mount.h. */
#define FSCONFIG_STRING 1
#define FSCONFIG_CREATE 6
#define MOVE_FROM_EMPTY_PATH 4

/* ---- descriptors through a socket ---- */

union passing {
	struct cmsghdr header;
	char bytes[CMSG_SPACE(sizeof(int))];
};

static void send_fd(int socket, int fd)
{
	char byte = 0;
	union passing passing = { .header = { CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS } };
	struct iovec part = { &byte, 1 };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = &passing,
				  .msg_controllen = sizeof(passing.bytes) };

	memcpy(CMSG_DATA(&passing.header), &fd, sizeof(fd));
	if (sendmsg(socket, &message, 0) < 0)
		perror("sendmsg");
}

static int receive_fd(int socket)
{
	char byte;
	int fd = -1;
	union passing passing;
	struct iovec part = { &byte, 1 };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = &passing,
				  .msg_controllen = sizeof(passing.bytes) };

	if (recvmsg(socket, &message, MSG_CMSG_CLOEXEC) > 0 && CMSG_FIRSTHDR(&message))
		memcpy(&fd, CMSG_DATA(&passing.header), sizeof(fd));
	return fd;
}

/* ---- inside ---- */

/* The child says what failed by its exit status, because checks of the test framework count in the parent only. */
#define NEED(what) \
	do { \
		if (!(what)) { \
			fprintf(stderr, "test_token: line %d: %s: %s\n", __LINE__, #what, strerror(errno)); \
			_exit(1); \
		} \
	} while (0)

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	NEED(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
}

static void wait_for_switches(void)
{
	for (int i = 0; i < 50; i++)
		usleep(1000);
}

static void child_run(int socket)
{
	struct live live;
	int fs_fd, mount_fd;

	NEED(unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0);
	write_file("/proc/self/setgroups", "deny");
	write_file("/proc/self/uid_map", "0 0 1");
	write_file("/proc/self/gid_map", "0 0 1");

	NEED(live_start(&live, LIVE_COUNT, "raw_tp/sched_switch", NULL) == -EPERM);
	live_stop(&live);

	fs_fd = (int)syscall(SYS_fsopen, "bpf", 0);
	NEED(fs_fd >= 0);
	send_fd(socket, fs_fd);
	mount_fd = receive_fd(socket);
	NEED(mount_fd >= 0);
	NEED(syscall(SYS_move_mount, mount_fd, "", AT_FDCWD, "/sys/fs/bpf", MOVE_FROM_EMPTY_PATH) == 0);

	if (live_start(&live, LIVE_COUNT, "raw_tp/sched_switch", NULL) < 0) {
		fprintf(stderr, "test_token: %s\n%s\n", live.err.message, live.err.why);
		_exit(1);
	}
	wait_for_switches();
	NEED(live_counter_of(live.object) > 0);
	NEED(live.log.data && strstr(live.log.data, "rights of a BPF token from '/sys/fs/bpf'"));
	live_stop(&live);
	_exit(0);
}

/* ---- outside ---- */

static void configure(int fs_fd)
{
	static const char *const keys[] = { "delegate_cmds", "delegate_maps", "delegate_progs", "delegate_attachs" };

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		ck_assert_int_eq(syscall(SYS_fsconfig, fs_fd, FSCONFIG_STRING, keys[i], "any", 0), 0);
	ck_assert_int_eq(syscall(SYS_fsconfig, fs_fd, FSCONFIG_CREATE, NULL, NULL, 0), 0);
}

/* 0, or why nobody may make a user namespace here: EPERM in a chroot, ENOSPC by user.max_user_namespaces. */
static int user_namespace_errno(void)
{
	int status = 0;
	pid_t child = fork();

	ck_assert_int_ge(child, 0);
	if (child == 0)
		_exit(unshare(CLONE_NEWUSER) == 0 ? 0 : errno);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert(WIFEXITED(status));
	return WEXITSTATUS(status);
}

START_TEST(a_container_loads_with_a_token)
{
	int sockets[2], fs_fd, mount_fd, status = 0;
	pid_t child;

	if (bpfl_test_lacks("token"))
		return;
	if (user_namespace_errno() != 0) {
		ck_assert_ptr_null(getenv("BPFLOAD_VM")); /* ours can */
		printf("skip: token: no user namespace can be made here: %s\n", strerror(user_namespace_errno()));
		return;
	}
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets), 0);
	child = fork();
	ck_assert_int_ge(child, 0);
	if (child == 0)
		child_run(sockets[1]);
	close(sockets[1]);
	fs_fd = receive_fd(sockets[0]);
	if (fs_fd >= 0) {
		configure(fs_fd);
		mount_fd = (int)syscall(SYS_fsmount, fs_fd, 1 /* CLOEXEC */, 0);
		ck_assert_int_ge(mount_fd, 0);
		send_fd(sockets[0], mount_fd);
		close(mount_fd);
		close(fs_fd);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
	close(sockets[0]);
}
END_TEST

int main(void)
{
	const TTest *tests[] = { a_container_loads_with_a_token };

	return bpfl_test_main(BPFL_TEST_SUITE("kern/token", tests));
}
