/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fake_sys: the seam of sys/enter.h, answered by a test. See fake_sys.h.
 *
 * Every entry does the same three things: fake_begin() records the call and says whether a rule makes it fail;
 * then it is answered (from fake_state.c, by fake_bpf.c, or by libc); fake_end() notes the answer.
 */
#include "fake_sys.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/vfs.h>
#include <unistd.h>
#include "fake_bpf.h"
#include "fake_state.h"

/* The path that (dir_fd, path) means, as far as it is known; cut when it is longer than any that a test scripts. */
static void resolve(int dir_fd, const char *path, char *out)
{
	struct fake_fd *dir = fake_bpf_fd(dir_fd);
	const char *base = "", *slash = "";

	if (dir)
		base = dir->path;
	else if (dir_fd >= 0 && dir_fd < FAKE_NR_REAL_FDS && fake.real_paths[dir_fd])
		base = fake.real_paths[dir_fd];
	if (path[0] == '/')
		base = "";
	if (strcmp(path, ".") == 0)
		path = "";
	if (*base && *path)
		slash = "/";
	if (snprintf(out, FAKE_PATH_SIZE, "%s%s%s", base, slash, path) >= FAKE_PATH_SIZE)
		out[FAKE_PATH_SIZE - 1] = 0;
}

static int fake_fd_at(const char *path, struct fake_file *file, int flags)
{
	int fd = fake_bpf_fd_new(NULL);
	struct fake_fd *entry = fake_bpf_fd(fd);

	if (entry) {
		entry->file = file;
		entry->nonblocking = (flags & O_NONBLOCK) != 0;
		snprintf(entry->path, sizeof(entry->path), "%s", path);
	}
	return fd;
}

/* ---- the seam ---- */

int bpfl_enter_bpf(int cmd, void *attr, size_t attr_size, int returns_fd)
{
	struct fake_call *call = fake_begin("bpf", cmd, -1, NULL);
	size_t used = bpfl_bpf_attr_size(cmd, attr, attr_size);
	int ret = FAKE_SYS_DEFAULT;

	(void)returns_fd;
	fake_keep_bytes(call, attr, attr_size);
	call->attr_size = used;
	if (call->result)
		return (int)call->result;
	if (cmd >= 0 && cmd < FAKE_NR_CMDS) {
		if (fake.cmds[cmd].attr_limit && used > fake.cmds[cmd].attr_limit)
			return (int)fake_end(call, -E2BIG);
		if (fake.cmds[cmd].fn)
			ret = fake.cmds[cmd].fn(fake.cmds[cmd].ctx, attr, attr_size);
	}
	if (ret == FAKE_SYS_DEFAULT)
		ret = fake_bpf_command(cmd, attr);
	return (int)fake_end(call, ret);
}

int bpfl_enter_perf_event_open(struct bpfl_perf_attr *attr, int pid, int cpu, int group_fd, unsigned long flags)
{
	struct fake_call *call = fake_begin("perf_event_open", -1, group_fd, NULL);

	attr->size = sizeof(*attr);
	fake_keep_bytes(call, attr, sizeof(*attr));
	call->arg[0] = (unsigned long)pid;
	call->arg[1] = (unsigned long)cpu;
	call->arg[2] = flags;
	return (int)(call->result ? call->result : fake_end(call, fake_bpf_fd_new(NULL)));
}

int bpfl_enter_ioctl(int fd, unsigned long request, unsigned long arg)
{
	struct fake_call *call = fake_begin("ioctl", -1, fd, NULL);

	call->arg[0] = request;
	call->arg[1] = arg;
	if (call->result)
		return (int)call->result;
	return (int)fake_end(call, fake_bpf_fd(fd) ? 0 : -EBADF);
}

int bpfl_enter_openat(int dir_fd, const char *path, int flags, unsigned mode)
{
	struct fake_call *call = fake_begin("openat", -1, dir_fd, NULL);
	char full[FAKE_PATH_SIZE];
	struct fake_file *file;
	int fd;

	resolve(dir_fd, path, full);
	snprintf(call->path, sizeof(call->path), "%.127s", full);
	call->arg[0] = (unsigned long)flags;
	call->arg[1] = mode;
	if (call->result)
		return (int)call->result;
	file = fake_file_find(full);
	if (file && file->kind == FAKE_FILE_ERROR)
		return (int)fake_end(call, -file->errnum);
	if (file || fake_is_parent(full))
		return (int)fake_end(call, fake_fd_at(full, file, flags));
	if (strncmp(full, "fs:", 3) == 0 || fake_bpf_fd(dir_fd))
		return (int)fake_end(call, -ENOENT);
	if ((flags & O_ACCMODE) != O_RDONLY)
		return (int)fake_end(call, -EROFS);
	fd = openat(dir_fd, path, flags | O_CLOEXEC);
	if (fd < 0)
		return (int)fake_end(call, -errno);
	if (fd >= FAKE_NR_REAL_FDS)
		abort();
	fake.real_paths[fd] = strdup(full);
	return (int)fake_end(call, fd);
}

int bpfl_enter_close(int fd)
{
	struct fake_fd *entry = fake_bpf_fd(fd);

	if (fd < 0)
		return 0;
	fake_begin("close", -1, fd, NULL)->result = 0; /* closing cannot fail: it is how failures are cleaned up */
	if (entry) {
		fake_bpf_fd_close(entry);
		return 0;
	}
	if (fd >= FAKE_SYS_FIRST_FD || fcntl(fd, F_GETFD) < 0) {
		fprintf(stderr, "fake_sys: close(%d), which is not open\n", fd);
		abort();
	}
	if (fd < FAKE_NR_REAL_FDS) {
		free(fake.real_paths[fd]);
		fake.real_paths[fd] = NULL;
	}
	close(fd);
	return 0;
}

ssize_t bpfl_enter_read(int fd, void *out, size_t size)
{
	struct fake_fd *entry = fake_bpf_fd(fd);
	struct fake_call *call = fake_begin("read", -1, fd, entry ? entry->path : NULL);
	struct fake_file *file = entry ? entry->file : NULL;
	ssize_t got;

	if (call->result)
		return call->result;
	if (!entry) {
		got = read(fd, out, size);
		return fake_end(call, got < 0 ? -errno : got);
	}
	if (!file)
		return fake_end(call, entry->path[0] ? -EISDIR : 0);
	if (entry->pos == file->size)
		return fake_end(call, file->kind == FAKE_FILE_PIPE && entry->nonblocking ? -EAGAIN : 0);
	if (size > file->size - entry->pos)
		size = file->size - entry->pos;
	memcpy(out, file->text + entry->pos, size);
	entry->pos += size;
	return fake_end(call, (ssize_t)size);
}

ssize_t bpfl_enter_pread(int fd, void *out, size_t size, uint64_t byte_off)
{
	struct fake_fd *entry = fake_bpf_fd(fd);
	struct fake_call *call = fake_begin("pread", -1, fd, entry ? entry->path : NULL);
	struct fake_file *file = entry ? entry->file : NULL;
	ssize_t got;

	if (call->result)
		return call->result;
	if (!entry) {
		got = pread(fd, out, size, (off_t)byte_off);
		return fake_end(call, got < 0 ? -errno : got);
	}
	if (!file || byte_off >= file->size)
		return fake_end(call, 0);
	if (size > file->size - byte_off)
		size = file->size - (size_t)byte_off;
	memcpy(out, file->text + byte_off, size);
	return fake_end(call, (ssize_t)size);
}

ssize_t bpfl_enter_write(int fd, const void *data, size_t size)
{
	struct fake_fd *entry = fake_bpf_fd(fd);
	struct fake_call *call = fake_begin("write", -1, fd, entry ? entry->path : NULL);
	struct fake_file *file = entry ? entry->file : NULL;

	fake_keep_bytes(call, data, size);
	if (call->result)
		return call->result;
	if (!file)
		return fake_end(call, -EBADF);
	file->written = realloc(file->written, file->nr_written + size + 1);
	if (!file->written)
		abort();
	memcpy(file->written + file->nr_written, data, size);
	file->nr_written += size;
	file->written[file->nr_written] = 0;
	return fake_end(call, (ssize_t)size);
}

int bpfl_enter_fstat(int fd, struct stat *ret_stat)
{
	struct fake_fd *entry = fake_bpf_fd(fd);
	struct fake_call *call = fake_begin("fstat", -1, fd, NULL);
	struct fake_file *file = entry ? entry->file : NULL;

	if (call->result)
		return (int)call->result;
	if (!entry)
		return (int)fake_end(call, fstat(fd, ret_stat) < 0 ? -errno : 0);
	memset(ret_stat, 0, sizeof(*ret_stat));
	ret_stat->st_mode = file && file->kind == FAKE_FILE_TEXT   ? S_IFREG
			    : file && file->kind == FAKE_FILE_PIPE ? S_IFIFO
								   : S_IFDIR;
	ret_stat->st_size = file ? (off_t)file->size : 0;
	ret_stat->st_ino = file ? strtoull(file->text, NULL, 10) : 0; /* of a namespace, which is its number */
	return (int)fake_end(call, 0);
}

static int list_real_dir(int dir_fd, const char *path, int (*each)(void *ctx, const char *name), void *ctx)
{
	int fd = openat(dir_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), ret = 0;
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	if (!dir)
		return -errno;
	while (ret == 0 && (entry = readdir(dir))) {
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			ret = each(ctx, entry->d_name);
	}
	closedir(dir);
	return ret;
}

int bpfl_enter_list_dir(int dir_fd, const char *path, int (*each)(void *ctx, const char *name), void *ctx)
{
	struct fake_call *call = fake_begin("list_dir", -1, dir_fd, path);
	char full[FAKE_PATH_SIZE], name[FAKE_PATH_SIZE], last[FAKE_PATH_SIZE] = "";
	size_t size;
	int ret = 0;

	if (call->result)
		return (int)call->result;
	resolve(dir_fd, path, full);
	if (!fake_is_parent(full) && fake_bpf_fd(dir_fd))
		return (int)fake_end(call, -ENOENT);
	if (!fake_is_parent(full))
		return (int)fake_end(call, list_real_dir(dir_fd, path, each, ctx));
	for (size_t i = 0; ret == 0 && i < fake.nr_files; i++) {
		const char *child = fake_below(fake.files[i].path, full, &size);

		if (!child)
			continue;
		snprintf(name, sizeof(name), "%.*s", (int)size, child);
		if (strcmp(name, last) != 0) /* files of one directory are scripted in a row */
			ret = each(ctx, name);
		strcpy(last, name);
	}
	return (int)fake_end(call, ret);
}

int bpfl_enter_readlink(const char *path, char *out, size_t out_size)
{
	struct fake_call *call = fake_begin("readlink", -1, -1, path);
	ssize_t len;

	if (call->result)
		return (int)call->result;
	len = readlink(path, out, out_size);
	if (len < 0 || (size_t)len >= out_size)
		return (int)fake_end(call, len < 0 ? -errno : -ENAMETOOLONG);
	out[len] = '\0';
	return (int)fake_end(call, 0);
}

int bpfl_enter_statfs_type(const char *path, long *ret_fs_type)
{
	struct fake_call *call = fake_begin("statfs_type", -1, -1, path);
	struct statfs fs;

	if (call->result)
		return (int)call->result;
	for (size_t i = 0; i < fake.nr_fs_types && i < FAKE_NR_FS_TYPES; i++) {
		if (strcmp(fake.fs_types[i].path, path) == 0) {
			*ret_fs_type = fake.fs_types[i].fs_type;
			return (int)fake_end(call, 0);
		}
	}
	if (statfs(path, &fs) < 0)
		return (int)fake_end(call, -errno);
	*ret_fs_type = (long)fs.f_type;
	return (int)fake_end(call, 0);
}

int bpfl_enter_mkdirat(int dir_fd, const char *path, unsigned mode)
{
	struct fake_call *call = fake_begin("mkdirat", -1, dir_fd, NULL);
	char full[FAKE_PATH_SIZE];

	resolve(dir_fd, path, full);
	snprintf(call->path, sizeof(call->path), "%.127s", full);
	call->arg[0] = mode;
	if (call->result)
		return (int)call->result;
	if (fake_file_find(full))
		return (int)fake_end(call, -EEXIST);
	fake_file_script(full, FAKE_FILE_DIR, "", 0);
	return (int)fake_end(call, 0);
}

int bpfl_enter_unlinkat(int dir_fd, const char *path, int flags)
{
	struct fake_call *call = fake_begin("unlinkat", -1, dir_fd, NULL);
	char full[FAKE_PATH_SIZE];
	struct fake_file *file;

	resolve(dir_fd, path, full);
	snprintf(call->path, sizeof(call->path), "%.127s", full);
	call->arg[0] = (unsigned long)flags;
	if (call->result)
		return (int)call->result;
	file = fake_file_find(full);
	if (file)
		file->path[0] = 0;
	return (int)fake_end(call, file ? 0 : fake_bpf_unpin(full));
}

/*
 * Directories of a bpffs change places: what is pinned below them is found by its path, so one that
 * exchanges is refused as by kernels before 5.16.
 */
int bpfl_enter_rename(const char *from, const char *to, bool exchanges)
{
	struct fake_call *call = fake_begin("renameat2", -1, AT_FDCWD, NULL);

	snprintf(call->path, sizeof(call->path), "%.127s", from);
	(void)to;
	if (call->result)
		return (int)call->result;
	return (int)fake_end(call, exchanges ? -EINVAL : -EXDEV);
}

int bpfl_enter_mmap(void *addr, size_t size, int prot, int flags, int fd, uint64_t byte_off, void **ret_addr)
{
	struct fake_call *call = fake_begin("mmap", -1, fd, NULL);
	void *memory;

	call->arg[0] = size;
	if (call->result)
		return (int)call->result;
	if (fake_bpf_fd(fd))
		memory = mmap(addr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	else
		memory = mmap(addr, size, prot, flags, fd, (off_t)byte_off);
	if (memory == MAP_FAILED)
		return (int)fake_end(call, -errno);
	*ret_addr = memory;
	fake.nr_mappings++;
	return (int)fake_end(call, 0);
}

unsigned fake_sys_nr_mappings(void)
{
	return fake.nr_mappings;
}

int bpfl_enter_munmap(void *addr, size_t size)
{
	fake_begin("munmap", -1, -1, NULL)->result = 0;
	if (munmap(addr, size) < 0)
		return -errno;
	fake.nr_mappings--;
	return 0;
}

int bpfl_enter_poll(struct pollfd *fds, unsigned nr_fds, int timeout_ms)
{
	struct fake_call *call = fake_begin("poll", -1, nr_fds ? fds[0].fd : -1, NULL);
	struct pollfd real[64];
	int nr_ready = 0, nr_real = 0;

	call->arg[0] = (unsigned long)timeout_ms;
	if (call->result)
		return (int)call->result;
	if (nr_fds > 64)
		abort();
	for (unsigned i = 0; i < nr_fds; i++) {
		struct fake_fd *entry = fake_bpf_fd(fds[i].fd);

		real[i] = fds[i];
		fds[i].revents = entry && entry->readable ? POLLIN : 0;
		nr_ready += fds[i].revents != 0;
		nr_real += !entry && fds[i].fd >= 0;
		if (entry)
			real[i].fd = -1;
	}
	if (!nr_real) /* nobody else can wake us: time passes at once */
		return (int)fake_end(call, nr_ready);
	if (poll(real, nr_fds, nr_ready ? 0 : timeout_ms) < 0)
		return (int)fake_end(call, -errno);
	for (unsigned i = 0; i < nr_fds; i++) {
		if (real[i].fd >= 0 && real[i].revents) {
			fds[i].revents = real[i].revents;
			nr_ready++;
		}
	}
	return (int)fake_end(call, nr_ready);
}

int bpfl_enter_pidfd(int pid, int target_fd)
{
	struct fake_call *call = fake_begin("pidfd", -1, target_fd, NULL);

	call->arg[0] = (unsigned long)pid;
	return (int)(call->result ? call->result : fake_end(call, fake_bpf_fd_new(NULL)));
}

int bpfl_enter_epoll_create(void)
{
	struct fake_call *call = fake_begin("epoll_create", -1, -1, NULL);

	return (int)(call->result ? call->result : fake_end(call, fake_bpf_fd_new(NULL)));
}

int bpfl_enter_epoll_add(int epoll_fd, int fd, uint32_t events)
{
	struct fake_call *call = fake_begin("epoll_add", -1, epoll_fd, NULL);

	call->arg[0] = (unsigned long)fd;
	call->arg[1] = events;
	return (int)(call->result ? call->result : fake_end(call, 0));
}

int bpfl_enter_timerfd_create(void)
{
	struct fake_call *call = fake_begin("timerfd_create", -1, -1, NULL);

	return (int)(call->result ? call->result : fake_end(call, fake_bpf_fd_new(NULL)));
}

int bpfl_enter_timerfd_set(int timer_fd, uint64_t first_ns, uint64_t repeat_ns)
{
	struct fake_call *call = fake_begin("timerfd_set", -1, timer_fd, NULL);

	call->arg[0] = (unsigned long)first_ns;
	call->arg[1] = (unsigned long)repeat_ns;
	return (int)(call->result ? call->result : fake_end(call, 0));
}

int bpfl_enter_socket(int domain, int type, int protocol)
{
	struct fake_call *call = fake_begin("socket", -1, -1, NULL);

	call->arg[0] = (unsigned long)domain;
	call->arg[1] = (unsigned long)type;
	call->arg[2] = (unsigned long)protocol;
	return (int)(call->result ? call->result : fake_end(call, fake_bpf_fd_new(NULL)));
}

ssize_t bpfl_enter_sendto(int fd, const void *data, size_t size, const struct sockaddr *addr, unsigned addr_size)
{
	struct fake_call *call = fake_begin("sendto", -1, fd, NULL);
	struct fake_fd *entry = fake_bpf_fd(fd);

	(void)addr;
	(void)addr_size;
	fake_keep_bytes(call, data, size);
	if (call->result)
		return call->result;
	if (!entry)
		return fake_end(call, -EBADF);
	if (size >= 16)
		memcpy(&entry->sequence, (const char *)data + 8, sizeof(entry->sequence));
	return fake_end(call, (ssize_t)size);
}

/* An NLMSG_ERROR message: header, errno, the header it answers, and the text as an attribute. */
static size_t netlink_ack(const struct fake_fd *entry, uint8_t *out)
{
	size_t text_size = fake.netlink_extack[0] ? strlen(fake.netlink_extack) + 1 : 0;
	uint32_t size = 36;
	int32_t error = -fake.netlink_errnum;
	const uint16_t type = 2, flags = 0x100 | 0x200, msg_attr = 1;

	memset(out, 0, 256);
	if (text_size) {
		uint16_t attr_size = (uint16_t)(4 + text_size);

		memcpy(out + 36, &attr_size, 2);
		memcpy(out + 38, &msg_attr, 2);
		memcpy(out + 40, fake.netlink_extack, text_size);
		size += (attr_size + 3u) & ~3u;
	}
	memcpy(out, &size, 4);
	memcpy(out + 4, &type, 2);
	memcpy(out + 6, &flags, 2);
	memcpy(out + 8, &entry->sequence, 4);
	memcpy(out + 16, &error, 4);
	return size;
}

ssize_t bpfl_enter_recv(int fd, void *out, size_t size, int flags)
{
	struct fake_call *call = fake_begin("recv", -1, fd, NULL);
	struct fake_fd *entry = fake_bpf_fd(fd);
	uint8_t ack[256];
	size_t got;

	call->arg[0] = (unsigned long)flags;
	if (call->result)
		return call->result;
	if (!entry)
		return fake_end(call, -EBADF);
	if (fake.reply) {
		got = fake.reply_size < size ? fake.reply_size : size;
		memcpy(out, fake.reply, got);
		if (got >= 12)
			memcpy((char *)out + 8, &entry->sequence, sizeof(entry->sequence));
		free(fake.reply);
		fake.reply = NULL;
		return fake_end(call, (ssize_t)got);
	}
	got = netlink_ack(entry, ack);
	got = got < size ? got : size;
	memcpy(out, ack, got);
	fake_sys_netlink_error(0, NULL);
	return fake_end(call, (ssize_t)got);
}

int bpfl_enter_setsockopt(int fd, int level, int name, const void *value, unsigned value_size)
{
	struct fake_call *call = fake_begin("setsockopt", -1, fd, NULL);

	call->arg[0] = (unsigned long)level;
	call->arg[1] = (unsigned long)name;
	fake_keep_bytes(call, value, value_size);
	return (int)call->result;
}

int bpfl_enter_bind(int fd, const struct sockaddr *addr, unsigned addr_size)
{
	struct fake_call *call = fake_begin("bind", -1, fd, NULL);

	fake_keep_bytes(call, addr, addr_size);
	return (int)call->result;
}

int bpfl_enter_raise_memlock(void)
{
	return (int)fake_begin("raise_memlock", -1, -1, NULL)->result;
}

int bpfl_enter_fsopen(const char *fs_name)
{
	struct fake_call *call = fake_begin("fsopen", -1, -1, fs_name);
	char path[FAKE_PATH_SIZE];

	snprintf(path, sizeof(path), "fs:%s", fs_name);
	return (int)(call->result ? call->result : fake_end(call, fake_fd_at(path, NULL, 0)));
}

int bpfl_enter_fs_create(int fs_fd)
{
	struct fake_call *call = fake_begin("fs_create", -1, fs_fd, NULL);

	return (int)(call->result ? call->result : fake_end(call, fake_bpf_fd(fs_fd) ? 0 : -EBADF));
}

int bpfl_enter_fsmount(int fs_fd)
{
	struct fake_call *call = fake_begin("fsmount", -1, fs_fd, NULL);
	struct fake_fd *entry = fake_bpf_fd(fs_fd);

	if (call->result)
		return (int)call->result;
	return (int)fake_end(call, entry ? fake_fd_at(entry->path, NULL, 0) : -EBADF);
}

/* For real: a handler of a bpf command can look. */
void bpfl_enter_signals_hold(sigset_t *ret_before)
{
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, ret_before);
}

void bpfl_enter_signals_release(const sigset_t *before)
{
	sigprocmask(SIG_SETMASK, before, NULL);
}

int bpfl_enter_if_nametoindex(const char *name, uint32_t *ret_ifindex)
{
	struct fake_call *call = fake_begin("if_nametoindex", -1, -1, name);

	if (call->result)
		return (int)call->result;
	for (size_t i = 0; i < fake.nr_interfaces && i < FAKE_NR_INTERFACES; i++) {
		if (strcmp(fake.interfaces[i].name, name) == 0) {
			*ret_ifindex = fake.interfaces[i].ifindex;
			return (int)fake_end(call, 0);
		}
	}
	return (int)fake_end(call, -ENODEV);
}

int bpfl_enter_if_indextoname(unsigned ifindex, char out[16])
{
	struct fake_call *call = fake_begin("if_indextoname", -1, -1, "");

	for (size_t i = 0; !call->result && i < fake.nr_interfaces && i < FAKE_NR_INTERFACES; i++) {
		if (fake.interfaces[i].ifindex == ifindex) {
			snprintf(out, 16, "%s", fake.interfaces[i].name);
			return (int)fake_end(call, 0);
		}
	}
	return (int)fake_end(call, -ENXIO);
}

int bpfl_enter_cgroup_path(const char *mount, uint64_t cgroup_id, char *out, size_t size)
{
	struct fake_call *call = fake_begin("cgroup_path", -1, -1, mount);

	(void)cgroup_id;
	(void)out;
	(void)size;
	return (int)fake_end(call, -ENOENT);
}

int bpfl_enter_uname(struct utsname *ret_names)
{
	struct fake_call *call = fake_begin("uname", -1, -1, NULL);

	if (call->result)
		return (int)call->result;
	return (int)fake_end(call, uname(ret_names) < 0 ? -errno : 0);
}
