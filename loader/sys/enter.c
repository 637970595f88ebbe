/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sys/enter: where the program leaves for the kernel. See sys/enter.h.
 *
 * Each function is one system call with the sharp edges taken off: errno becomes the return value, descriptors are
 * close-on-exec and above stderr, interrupted reads go on. Calls that some libc does not wrap (bpf,
 * perf_event_open, fsopen, ...) are made by number.
 */
#include "sys/enter.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/vfs.h>
#include <unistd.h>
#include "sys/bpf.h"
#include "sys/perf.h"

#define HANDLE_OF_KERNFS 0xfe /* FILEID_KERNFS */

/* Numbers for a libc that is older than the call. bpf came with 3.18 and each architecture numbered it for itself. */
#ifndef __NR_bpf
#if defined(__x86_64__) && defined(__ILP32__)
#define __NR_bpf (0x40000000 + 321)
#elif defined(__x86_64__)
#define __NR_bpf 321
#elif defined(__i386__)
#define __NR_bpf 357
#elif defined(__arm__)
#define __NR_bpf 386
#elif defined(__aarch64__) || defined(__riscv) || defined(__loongarch__) || defined(__arc__)
#define __NR_bpf 280
#elif defined(__powerpc__)
#define __NR_bpf 361
#elif defined(__s390__)
#define __NR_bpf 351
#elif defined(__sparc__)
#define __NR_bpf 349
#elif defined(__mips__) && defined(_ABIO32) && _MIPS_SIM == _ABIO32
#define __NR_bpf 4355
#elif defined(__mips__) && defined(_ABI64) && _MIPS_SIM == _ABI64
#define __NR_bpf 5315
#elif defined(__mips__)
#define __NR_bpf 6319
#else
#error "the number of bpf(2) on this architecture is not known here"
#endif
#endif

/* From 5.1 on all architectures share their new numbers; only the base differs. */
#ifndef __NR_fsopen
#if defined(__alpha__)
#define SHARED_NR_BASE 110
#elif defined(__x86_64__) && defined(__ILP32__)
#define SHARED_NR_BASE 0x40000000
#elif defined(__mips__) && defined(_ABIO32) && _MIPS_SIM == _ABIO32
#define SHARED_NR_BASE 4000
#elif defined(__mips__) && defined(_ABI64) && _MIPS_SIM == _ABI64
#define SHARED_NR_BASE 5000
#elif defined(__mips__)
#define SHARED_NR_BASE 6000
#else
#define SHARED_NR_BASE 0
#endif
#define __NR_fsopen (SHARED_NR_BASE + 430)
#define __NR_fsconfig (SHARED_NR_BASE + 431)
#define __NR_fsmount (SHARED_NR_BASE + 432)
#endif

/* linux/mount.h, which older systems lack. */
#define FSOPEN_FLAG_CLOEXEC 1u
#define FSMOUNT_FLAG_CLOEXEC 1u
#define FSCONFIG_CREATE 6u

#define FIRST_FD 3

/* Gives the negated errno of a call that failed; before anything else can change it. */
static int result_of(long ret)
{
	return ret < 0 ? -errno : (int)ret;
}

/*
 * Moves a new descriptor out of 0, 1 and 2, which are free when the caller was started with them closed. bpf(2)
 * reads 0 as "none" in many fields, and a message printed to "stdout" would go into a map.
 */
static int above_stdio(long ret)
{
	int fd = result_of(ret), moved;

	if (fd < 0 || fd >= FIRST_FD)
		return fd;
	moved = result_of(fcntl(fd, F_DUPFD_CLOEXEC, FIRST_FD));
	close(fd);
	return moved;
}

int bpfl_enter_bpf(int cmd, void *attr, size_t attr_size, int returns_fd)
{
	size_t used = bpfl_bpf_attr_size(cmd, attr, attr_size);
	long ret = syscall(__NR_bpf, cmd, attr, (unsigned)used);

	return returns_fd ? above_stdio(ret) : result_of(ret);
}

int bpfl_enter_perf_event_open(struct bpfl_perf_attr *attr, int pid, int cpu, int group_fd, unsigned long flags)
{
	attr->size = sizeof(*attr);
	return above_stdio(syscall(__NR_perf_event_open, attr, pid, cpu, group_fd,
				   flags | BPFL_PERF_OPEN_FD_CLOEXEC));
}

int bpfl_enter_ioctl(int fd, unsigned long request, unsigned long arg)
{
	/* musl declares the request as int */
	return result_of(ioctl(fd, (__typeof__(_IO(0, 0)))request, arg));
}

int bpfl_enter_openat(int dir_fd, const char *path, int flags, unsigned mode)
{
	int fd;

	do {
		fd = openat(dir_fd, path, flags | O_CLOEXEC, mode);
	} while (fd < 0 && errno == EINTR);
	return above_stdio(fd);
}

/*
 * An interrupted close has closed nevertheless: Linux frees the number first, so trying again could close a
 * stranger's.
 */
int bpfl_enter_close(int fd)
{
	return fd < 0 ? 0 : result_of(close(fd));
}

ssize_t bpfl_enter_read(int fd, void *out, size_t size)
{
	ssize_t ret;

	do {
		ret = read(fd, out, size);
	} while (ret < 0 && errno == EINTR);
	return ret < 0 ? -errno : ret;
}

ssize_t bpfl_enter_pread(int fd, void *out, size_t size, uint64_t byte_off)
{
	ssize_t ret;

	/* Addresses of /proc/PID/mem may be above the largest off_t: the number passes through all the same. */
	do {
		ret = pread(fd, out, size, (off_t)byte_off);
	} while (ret < 0 && errno == EINTR);
	return ret < 0 ? -errno : ret;
}

ssize_t bpfl_enter_write(int fd, const void *data, size_t size)
{
	ssize_t ret;

	do {
		ret = write(fd, data, size);
	} while (ret < 0 && errno == EINTR);
	return ret < 0 ? -errno : ret;
}

int bpfl_enter_fstat(int fd, struct stat *ret_stat)
{
	return result_of(fstat(fd, ret_stat));
}

int bpfl_enter_list_dir(int dir_fd, const char *path, int (*each)(void *ctx, const char *name), void *ctx)
{
	int fd = bpfl_enter_openat(dir_fd, path, O_RDONLY | O_DIRECTORY, 0), ret = 0;
	struct dirent *entry;
	DIR *dir;

	if (fd < 0)
		return fd;
	dir = fdopendir(fd);
	if (!dir) {
		ret = -errno;
		close(fd);
		return ret;
	}
	for (;;) {
		errno = 0; /* readdir() says NULL for the end and for an error */
		entry = readdir(dir);
		if (!entry) {
			ret = -errno;
			break;
		}
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		ret = each(ctx, entry->d_name);
		if (ret)
			break;
	}
	closedir(dir);
	return ret;
}

int bpfl_enter_statfs_type(const char *path, long *ret_fs_type)
{
	struct statfs fs;
	int ret;

	do {
		ret = result_of(statfs(path, &fs));
	} while (ret == -EINTR);
	if (ret == 0)
		*ret_fs_type = (long)fs.f_type;
	return ret;
}

int bpfl_enter_readlink(const char *path, char *out, size_t out_size)
{
	ssize_t len = readlink(path, out, out_size);

	if (len < 0)
		return -errno;
	if ((size_t)len >= out_size)
		return -ENAMETOOLONG;
	out[len] = '\0';
	return 0;
}

int bpfl_enter_mkdirat(int dir_fd, const char *path, unsigned mode)
{
	return result_of(mkdirat(dir_fd, path, mode));
}

int bpfl_enter_unlinkat(int dir_fd, const char *path, int flags)
{
	return result_of(unlinkat(dir_fd, path, flags));
}

int bpfl_enter_rename(const char *from, const char *to, bool exchanges)
{
	return result_of((int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, exchanges ? 2u /* RENAME_EXCHANGE */ : 0u));
}

int bpfl_enter_mmap(void *addr, size_t size, int prot, int flags, int fd, uint64_t byte_off, void **ret_addr)
{
	off_t off = (off_t)byte_off;
	void *memory;

	if (off < 0 || (uint64_t)off != byte_off) /* a 32-bit off_t */
		return -EOVERFLOW;
	memory = mmap(addr, size, prot, flags, fd, off);
	if (memory == MAP_FAILED)
		return -errno;
	*ret_addr = memory;
	return 0;
}

int bpfl_enter_munmap(void *addr, size_t size)
{
	return result_of(munmap(addr, size));
}

int bpfl_enter_poll(struct pollfd *fds, unsigned nr_fds, int timeout_ms)
{
	return result_of(poll(fds, nr_fds, timeout_ms));
}

int bpfl_enter_epoll_create(void)
{
	return above_stdio(epoll_create1(EPOLL_CLOEXEC));
}

int bpfl_enter_epoll_add(int epoll_fd, int fd, uint32_t events)
{
	struct epoll_event event = { .events = events };

	return result_of(epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event));
}

int bpfl_enter_timerfd_create(void)
{
	return above_stdio(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK));
}

int bpfl_enter_timerfd_set(int timer_fd, uint64_t first_ns, uint64_t repeat_ns)
{
	struct itimerspec spec = {
		.it_value = { (time_t)(first_ns / 1000000000), (long)(first_ns % 1000000000) },
		.it_interval = { (time_t)(repeat_ns / 1000000000), (long)(repeat_ns % 1000000000) },
	};

	return result_of(timerfd_settime(timer_fd, 0, &spec, NULL));
}

int bpfl_enter_pidfd(int pid, int target_fd)
{
	int pidfd = above_stdio((int)syscall(__NR_pidfd_open, pid ? pid : getpid(), 0)), fd;

	if (pidfd < 0 || target_fd < 0)
		return pidfd;
	fd = above_stdio((int)syscall(__NR_pidfd_getfd, pidfd, target_fd, 0));
	close(pidfd);
	return fd;
}

int bpfl_enter_socket(int domain, int type, int protocol)
{
	return above_stdio(socket(domain, type | SOCK_CLOEXEC, protocol));
}

ssize_t bpfl_enter_sendto(int fd, const void *data, size_t size, const struct sockaddr *addr, unsigned addr_size)
{
	ssize_t ret;

	do {
		ret = sendto(fd, data, size, MSG_NOSIGNAL, addr, (socklen_t)addr_size);
	} while (ret < 0 && errno == EINTR);
	return ret < 0 ? -errno : ret;
}

ssize_t bpfl_enter_recv(int fd, void *out, size_t size, int flags)
{
	ssize_t ret;

	do {
		ret = recv(fd, out, size, flags);
	} while (ret < 0 && errno == EINTR);
	return ret < 0 ? -errno : ret;
}

int bpfl_enter_setsockopt(int fd, int level, int name, const void *value, unsigned value_size)
{
	return result_of(setsockopt(fd, level, name, value, (socklen_t)value_size));
}

int bpfl_enter_bind(int fd, const struct sockaddr *addr, unsigned addr_size)
{
	return result_of(bind(fd, addr, (socklen_t)addr_size));
}

int bpfl_enter_raise_memlock(void)
{
	const struct rlimit unlimited = { RLIM_INFINITY, RLIM_INFINITY };
	struct rlimit limit;
	int ret = result_of(setrlimit(RLIMIT_MEMLOCK, &unlimited));

	if (ret == 0)
		return 0;
	/* Above the hard limit takes CAP_SYS_RESOURCE; up to it is everyone's. */
	if (getrlimit(RLIMIT_MEMLOCK, &limit) < 0 || limit.rlim_cur == limit.rlim_max)
		return ret;
	limit.rlim_cur = limit.rlim_max;
	return result_of(setrlimit(RLIMIT_MEMLOCK, &limit));
}

int bpfl_enter_fsopen(const char *fs_name)
{
	return above_stdio(syscall(__NR_fsopen, fs_name, FSOPEN_FLAG_CLOEXEC));
}

int bpfl_enter_fs_create(int fs_fd)
{
	return result_of(syscall(__NR_fsconfig, fs_fd, FSCONFIG_CREATE, NULL, NULL, 0));
}

int bpfl_enter_fsmount(int fs_fd)
{
	return above_stdio(syscall(__NR_fsmount, fs_fd, FSMOUNT_FLAG_CLOEXEC, 0));
}

int bpfl_enter_if_nametoindex(const char *name, uint32_t *ret_ifindex)
{
	*ret_ifindex = if_nametoindex(name); /* opens a socket for it, which may be refused */
	return *ret_ifindex ? 0 : -errno;
}

int bpfl_enter_if_indextoname(unsigned ifindex, char out[16])
{
	return if_indextoname(ifindex, out) ? 0 : -ENXIO;
}

/* The number of a cgroup is what the kernel's file handles of it consist of. */
int bpfl_enter_cgroup_path(const char *mount, uint64_t cgroup_id, char *out, size_t size)
{
	union {
		struct file_handle handle;
		char room[sizeof(struct file_handle) + sizeof(cgroup_id)];
	} cgroup = { .handle = { .handle_bytes = sizeof(cgroup_id), .handle_type = HANDLE_OF_KERNFS } };
	int mount_fd = bpfl_enter_openat(AT_FDCWD, mount, O_RDONLY | O_DIRECTORY, 0), fd;
	char link[64];
	ssize_t ret;

	if (mount_fd < 0)
		return mount_fd;
	memcpy(cgroup.room + sizeof(struct file_handle), &cgroup_id, sizeof(cgroup_id));
	fd = above_stdio(open_by_handle_at(mount_fd, &cgroup.handle, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	bpfl_enter_close(mount_fd);
	if (fd < 0)
		return fd == -ESTALE ? -ENOENT : fd;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	ret = result_of((int)readlink(link, out, size - 1));
	bpfl_enter_close(fd);
	if (ret < 0)
		return (int)ret;
	out[ret] = '\0';
	return 0;
}

void bpfl_enter_signals_hold(sigset_t *ret_before)
{
	sigset_t all;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, ret_before);
}

void bpfl_enter_signals_release(const sigset_t *before)
{
	pthread_sigmask(SIG_SETMASK, before, NULL);
}

int bpfl_enter_uname(struct utsname *ret_names)
{
	return result_of(uname(ret_names));
}
