/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sys/enter on the running kernel: the promises that the rest relies on. Descriptors are above stderr and
 * close-on-exec, errors come back as -errno, interrupted reads go on.
 */
#include "sys/enter.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <unistd.h>
#include "feature.h"
#include "harness.h"
#include "sys/bpf.h"
#include "sys/facts.h"
#include "sys/insn.h"
#include "sys/perf.h"

static int make_map(void)
{
	struct bpfl_attr_map_create attr = { .map_type = 2, .key_size = 4, .value_size = 8, .max_entries = 4,
					     .map_name = "bpfl_enter" };

	return bpfl_sys_map_create(&attr);
}

static void check_fd(int fd)
{
	ck_assert_msg(fd >= 3, "descriptor %d", fd);
	ck_assert_msg(fcntl(fd, F_GETFD) & FD_CLOEXEC, "descriptor %d survives exec", fd);
}

START_TEST(descriptors_stay_above_stderr_when_it_is_closed)
{
	struct bpfl_perf_attr perf = { .type = BPFL_PERF_TYPE_SOFTWARE, .config = BPFL_PERF_SW_CPU_CLOCK,
				       .sample_period = 1000000, .flag_bits = BPFL_PERF_FLAG_DISABLED };
	int saved[3], fds[6];

	for (int i = 0; i < 3; i++) {
		saved[i] = fcntl(i, F_DUPFD, 100);
		close(i);
	}
	fds[0] = make_map();
	fds[1] = bpfl_enter_openat(AT_FDCWD, "/", O_RDONLY | O_DIRECTORY, 0);
	fds[2] = bpfl_enter_perf_event_open(&perf, -1, 0, -1, 0);
	fds[3] = bpfl_enter_socket(16 /* AF_NETLINK */, 3, 0);
	fds[4] = bpfl_enter_fsopen("tracefs");
	fds[5] = fds[4] < 0 || bpfl_enter_fs_create(fds[4]) < 0 ? -1 : bpfl_enter_fsmount(fds[4]);
	for (int i = 0; i < 3; i++) {
		ck_assert_int_lt(fcntl(i, F_GETFD), 0); /* the low copy is closed again */
		dup2(saved[i], i);
		close(saved[i]);
	}
	for (int i = 0; i < 6; i++) {
		check_fd(fds[i]);
		ck_assert_int_eq(bpfl_enter_close(fds[i]), 0);
	}
}
END_TEST

START_TEST(errors_are_negative_errnos)
{
	struct bpfl_attr_map_create attr = { .map_type = 100000 };
	struct stat st;
	char byte;
	long type;
	void *memory;
	uint32_t ifindex;

	ck_assert_int_eq(bpfl_sys_map_create(&attr), -EINVAL);
	ck_assert_int_eq(bpfl_enter_openat(AT_FDCWD, "/no/such", O_RDONLY, 0), -ENOENT);
	ck_assert_int_eq(bpfl_enter_close(-1), 0);
	ck_assert_int_eq(bpfl_enter_close(999), -EBADF);
	ck_assert_int_eq(bpfl_enter_read(999, &byte, 1), -EBADF);
	ck_assert_int_eq(bpfl_enter_write(999, &byte, 1), -EBADF);
	ck_assert_int_eq(bpfl_enter_fstat(999, &st), -EBADF);
	ck_assert_int_eq(bpfl_enter_ioctl(999, BPFL_PERF_IOC_ENABLE, 0), -EBADF);
	ck_assert_int_eq(bpfl_enter_statfs_type("/no/such", &type), -ENOENT);
	ck_assert_int_eq(bpfl_enter_mkdirat(AT_FDCWD, "/tmp", 0700), -EEXIST);
	ck_assert_int_eq(bpfl_enter_unlinkat(AT_FDCWD, "/no/such", 0), -ENOENT);
	ck_assert_int_eq(bpfl_enter_mmap(NULL, 0, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0, &memory), -EINVAL);
	ck_assert_int_eq(bpfl_enter_recv(999, &byte, 1, 0), -EBADF);
	ck_assert_int_eq(bpfl_enter_sendto(999, &byte, 1, NULL, 0), -EBADF);
	ck_assert_int_eq(bpfl_enter_fsopen("no such filesystem"), -ENODEV);
	ck_assert_int_eq(bpfl_enter_if_nametoindex("nosuchif", &ifindex), -ENODEV);
	ck_assert_int_eq(bpfl_enter_if_nametoindex("lo", &ifindex), 0);
	ck_assert_uint_gt(ifindex, 0);
}
END_TEST

START_TEST(map_elements_go_in_and_out)
{
	uint32_t key = 3, next = 0;
	uint64_t value = 33, got = 0;
	struct bpfl_map_info info = { 0 };
	uint32_t info_size = sizeof(info);
	int fd = make_map();

	check_fd(fd);
	ck_assert_int_eq(bpfl_sys_map_update(fd, &key, &value, 0), 0);
	ck_assert_int_eq(bpfl_sys_map_lookup(fd, &key, &got, 0), 0);
	ck_assert_uint_eq(got, 33);
	ck_assert_int_eq(bpfl_sys_map_next_key(fd, NULL, &next), 0);
	ck_assert_uint_eq(next, 0);
	ck_assert_int_eq(bpfl_sys_map_next_key(fd, &key, &next), -ENOENT);
	ck_assert_int_eq(bpfl_sys_obj_info(fd, &info, &info_size), 0);
	ck_assert_uint_eq(info.max_entries, 4);
	ck_assert_str_eq(info.name, "bpfl_enter");
	ck_assert_int_eq(bpfl_sys_map_freeze(fd), 0);
	ck_assert_int_eq(bpfl_sys_map_update(fd, &key, &value, 0), -EPERM);
	bpfl_enter_close(fd);
}
END_TEST

/* The kernel fills log_true_size (6.4) only when the attribute passed reaches that far. */
START_TEST(the_true_size_of_a_log_comes_back)
{
	struct bpfl_insn insns[] = {
		bpfl_insn_make(BPFL_CODE_MOV64_K, 0, 0, 0, 0),
		bpfl_insn_make(BPFL_CODE_EXIT, 0, 0, 0, 0),
	};
	struct bpfl_attr_prog_load attr = { .prog_type = 1, .insn_cnt = 2, .log_level = 2 };
	char log[4096] = "";
	int fd;

	attr.insns = BPFL_PTR(insns);
	attr.license = BPFL_PTR("GPL");
	attr.log_buf = BPFL_PTR(log);
	attr.log_size = sizeof(log);
	fd = bpfl_sys_prog_load(&attr);
	check_fd(fd);
	CHECK_HAS(log, "processed 2 insns");
	if (!bpfl_test_lacks("log_true_size"))
		ck_assert_uint_eq(attr.log_true_size, strlen(log) + 1);
	bpfl_enter_close(fd);
}
END_TEST

static void on_alarm(int sig)
{
	(void)sig;
}

START_TEST(an_interrupted_read_goes_on_and_an_interrupted_poll_does_not)
{
	struct sigaction action = { .sa_handler = on_alarm }; /* no SA_RESTART */
	struct itimerval soon = { { 0, 20000 }, { 0, 20000 } }, never = { { 0, 0 }, { 0, 0 } };
	struct pollfd waiting;
	int pipe_fds[2];
	char byte = 0;
	pid_t child;

	ck_assert_int_eq(pipe(pipe_fds), 0);
	ck_assert_int_eq(sigaction(SIGALRM, &action, NULL), 0);
	child = fork();
	if (child == 0) {
		usleep(200000);
		_exit(write(pipe_fds[1], "x", 1) == 1 ? 0 : 1);
	}
	setitimer(ITIMER_REAL, &soon, NULL);
	waiting = (struct pollfd){ .fd = pipe_fds[0], .events = POLLIN };
	ck_assert_int_eq(bpfl_enter_poll(&waiting, 1, 5000), -EINTR);
	ck_assert_int_eq(bpfl_enter_read(pipe_fds[0], &byte, 1), 1);
	ck_assert_int_eq(byte, 'x');
	setitimer(ITIMER_REAL, &never, NULL);
	close(pipe_fds[0]);
	close(pipe_fds[1]);
}
END_TEST

static int count_name(void *ctx, const char *name)
{
	unsigned *nr = ctx;

	ck_assert_str_ne(name, ".");
	ck_assert_str_ne(name, "..");
	(*nr)++;
	return strcmp(name, "b") == 0 ? 7 : 0;
}

START_TEST(a_directory_is_listed)
{
	char dir[] = "/tmp/test_sys_enter.XXXXXX";
	unsigned nr = 0;
	int fd;

	ck_assert_ptr_nonnull(mkdtemp(dir));
	fd = bpfl_enter_openat(AT_FDCWD, dir, O_RDONLY | O_DIRECTORY, 0);
	ck_assert_int_eq(bpfl_enter_list_dir(fd, ".", count_name, &nr), 0);
	ck_assert_uint_eq(nr, 0);
	ck_assert_int_eq(bpfl_enter_mkdirat(fd, "a", 0700), 0);
	ck_assert_int_eq(bpfl_enter_list_dir(AT_FDCWD, dir, count_name, &nr), 0);
	ck_assert_uint_eq(nr, 1);
	ck_assert_int_eq(bpfl_enter_mkdirat(fd, "b", 0700), 0);
	ck_assert_int_eq(bpfl_enter_list_dir(AT_FDCWD, dir, count_name, &nr), 7);
	ck_assert_int_eq(bpfl_enter_list_dir(AT_FDCWD, "/dev/null", count_name, &nr), -ENOTDIR);
	ck_assert_int_eq(bpfl_enter_unlinkat(fd, "a", AT_REMOVEDIR), 0);
	ck_assert_int_eq(bpfl_enter_unlinkat(fd, "b", AT_REMOVEDIR), 0);
	bpfl_enter_close(fd);
	ck_assert_int_eq(bpfl_enter_unlinkat(AT_FDCWD, dir, AT_REMOVEDIR), 0);
}
END_TEST

/* To "unlimited" with CAP_SYS_RESOURCE (which containers often take away from root), else not at all. */
START_TEST(the_memlock_limit_is_raised)
{
	struct rlimit limit = { 65536, 65536 };
	bool may = bpfl_facts_has_cap(BPFL_CAP_SYS_RESOURCE);

	ck_assert_int_eq(setrlimit(RLIMIT_MEMLOCK, &limit), 0);
	ck_assert_int_eq(bpfl_enter_raise_memlock(), may ? 0 : -EPERM);
	ck_assert_int_eq(getrlimit(RLIMIT_MEMLOCK, &limit), 0);
	ck_assert(limit.rlim_cur == (may ? RLIM_INFINITY : 65536));
}
END_TEST

START_TEST(without_rights_the_memlock_limit_is_raised_to_the_hard_one)
{
	struct rlimit limit = { 4096, 65536 };

	ck_assert_int_eq(setrlimit(RLIMIT_MEMLOCK, &limit), 0);
	ck_assert_int_eq(setuid(65534), 0);
	ck_assert_int_eq(bpfl_enter_raise_memlock(), 0);
	ck_assert_int_eq(getrlimit(RLIMIT_MEMLOCK, &limit), 0);
	ck_assert(limit.rlim_cur == 65536);
	ck_assert_int_eq(bpfl_enter_raise_memlock(), -EPERM);
}
END_TEST

START_TEST(a_private_tracefs_has_files_without_a_mount_point)
{
	int fs_fd = bpfl_enter_fsopen("tracefs"), mount_fd, fd;

	ck_assert_int_ge(fs_fd, 3);
	ck_assert_int_eq(bpfl_enter_fs_create(fs_fd), 0);
	mount_fd = bpfl_enter_fsmount(fs_fd);
	check_fd(mount_fd);
	fd = bpfl_enter_openat(mount_fd, "available_tracers", O_RDONLY, 0);
	check_fd(fd);
	bpfl_enter_close(fd);
	bpfl_enter_close(mount_fd);
	bpfl_enter_close(fs_fd);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		descriptors_stay_above_stderr_when_it_is_closed,
		errors_are_negative_errnos,
		map_elements_go_in_and_out,
		the_true_size_of_a_log_comes_back,
		an_interrupted_read_goes_on_and_an_interrupted_poll_does_not,
		a_directory_is_listed,
		the_memlock_limit_is_raised,
		without_rights_the_memlock_limit_is_raised_to_the_hard_one,
		a_private_tracefs_has_files_without_a_mount_point,
	};

	return bpfl_test_main(BPFL_TEST_SUITE("enter", tests));
}
