/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sys/enter: the seam between this project and the kernel.
 *
 * Every system call that the loader makes goes through one of these functions; nothing above the room sys calls libc's
 * open, read, ioctl, ... itself. Each returns >= 0 or -errno, so errno is looked at in one file only. Tests link
 * tests/lib/fake_sys.c, which defines the same symbols, records the calls and fails the Nth.
 *
 * File descriptors come out CLOEXEC and never below 3: bpf(2) takes fd 0 to mean "none" in many fields.
 */
#ifndef BPFL_SYS_ENTER_H
#define BPFL_SYS_ENTER_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/utsname.h>

struct bpfl_perf_attr;
struct pollfd;
struct sockaddr;

/* bpf(2) with the attribute cut after its last non-zero byte (see sys/bpf.h); makes returned fds CLOEXEC and >= 3
 * when returns_fd says that a success is an fd. */
int bpfl_enter_bpf(int cmd, void *attr, size_t attr_size, int returns_fd);
/* attr->size is written. FD_CLOEXEC is added to flags. The struct is in sys/perf.h. */
int bpfl_enter_perf_event_open(struct bpfl_perf_attr *attr, int pid, int cpu, int group_fd, unsigned long flags);
int bpfl_enter_ioctl(int fd, unsigned long request, unsigned long arg);

/* openat(2) with O_CLOEXEC added, EINTR retried; dir_fd may be AT_FDCWD. */
int bpfl_enter_openat(int dir_fd, const char *path, int flags, unsigned mode);
int bpfl_enter_close(int fd); /* fd < 0 is ignored and gives 0 */
ssize_t bpfl_enter_read(int fd, void *out, size_t size);   /* retries EINTR */
ssize_t bpfl_enter_pread(int fd, void *out, size_t size, uint64_t byte_off); /* retries EINTR */
ssize_t bpfl_enter_write(int fd, const void *data, size_t size); /* retries EINTR; may be short */
int bpfl_enter_fstat(int fd, struct stat *ret_stat);
/*
 * Calls each() with every name in a directory except "." and "..", in the directory's order. A non-zero return
 * of each() stops and is returned; 0 at the end, -errno when the directory cannot be read.
 */
int bpfl_enter_list_dir(int dir_fd, const char *path, int (*each)(void *ctx, const char *name), void *ctx);
int bpfl_enter_statfs_type(const char *path, long *ret_fs_type);
/* Where a symbolic link points, with a NUL; -ENAMETOOLONG when out is too small. */
int bpfl_enter_readlink(const char *path, char *out, size_t out_size);
int bpfl_enter_mkdirat(int dir_fd, const char *path, unsigned mode);
int bpfl_enter_unlinkat(int dir_fd, const char *path, int flags);
/* exchanges: both are there before and after; -EINVAL where the file system cannot (a bpffs before Linux 5.16). */
int bpfl_enter_rename(const char *from, const char *to, bool exchanges);
int bpfl_enter_mmap(void *addr, size_t size, int prot, int flags, int fd, uint64_t byte_off, void **ret_addr);
int bpfl_enter_munmap(void *addr, size_t size);
int bpfl_enter_poll(struct pollfd *fds, unsigned nr_fds, int timeout_ms); /* EINTR is returned */
int bpfl_enter_epoll_create(void);
int bpfl_enter_epoll_add(int epoll_fd, int fd, uint32_t events); /* EPOLL events */
int bpfl_enter_timerfd_create(void); /* CLOCK_MONOTONIC, non-blocking */
/* First after first_ns, then each repeat_ns (0: once). */
int bpfl_enter_timerfd_set(int timer_fd, uint64_t first_ns, uint64_t repeat_ns);
/*
 * pidfd_open(2), since 5.3, of a process (0: this one); target_fd >= 0: what that process has there
 * instead, pidfd_getfd(2), since 5.6.
 */
int bpfl_enter_pidfd(int pid, int target_fd);
int bpfl_enter_socket(int domain, int type, int protocol); /* SOCK_CLOEXEC added */
/* Both retry EINTR; sendto raises no SIGPIPE. */
ssize_t bpfl_enter_sendto(int fd, const void *data, size_t size, const struct sockaddr *addr, unsigned addr_size);
ssize_t bpfl_enter_recv(int fd, void *out, size_t size, int flags);
int bpfl_enter_setsockopt(int fd, int level, int name, const void *value, unsigned value_size);
int bpfl_enter_bind(int fd, const struct sockaddr *addr, unsigned addr_size);
int bpfl_enter_raise_memlock(void); /* RLIMIT_MEMLOCK to infinity, else to the hard limit; 0 or -errno */
int bpfl_enter_fsopen(const char *fs_name);          /* fsopen(2), since 5.2 */
int bpfl_enter_fs_create(int fs_fd);                 /* fsconfig(FSCONFIG_CMD_CREATE) */
int bpfl_enter_fsmount(int fs_fd);                   /* fsmount(2): fd of a mount that is in no mount table */
int bpfl_enter_if_nametoindex(const char *name, uint32_t *ret_ifindex); /* 0; -ENODEV: no such interface; -errno */
/* Writes the name of an interface of this network namespace into out (16 bytes). 0 or -ENXIO. */
int bpfl_enter_if_indextoname(unsigned ifindex, char out[16]);
/*
 * Writes the directory of the cgroup with that number, below the mount of cgroup2. 0, -ENOENT, or -errno.
 * Linux 5.5, CAP_DAC_READ_SEARCH.
 */
int bpfl_enter_cgroup_path(const char *mount, uint64_t cgroup_id, char *out, size_t size);
/*
 * No signal interrupts this thread until the set is given back: those that come meanwhile are delivered then. Blocks,
 * handles none.
 */
void bpfl_enter_signals_hold(sigset_t *ret_before);
void bpfl_enter_signals_release(const sigset_t *before);
int bpfl_enter_uname(struct utsname *ret_names);

#endif
