/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fake_sys: the seam of sys/enter.h, answered by a test. See fake_sys.h.
 *
 * Every entry does the same three things: begin() records the call and says whether a rule makes it fail; then it is
 * answered (from the tables here, by fake_bpf.c, or by libc); end() notes the answer.
 */
#include "fake_sys.h"
#include "fake_bpf.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/vfs.h>
#include <unistd.h>

#define NR_CALLS 8192
#define NR_RULES 16
#define NR_FILES 256
#define NR_CMDS 64
#define NR_REAL_FDS 1024
#define PATH_SIZE 256

enum file_kind { FILE_TEXT, FILE_PIPE, FILE_DIR, FILE_ERROR };

struct file {
	char path[PATH_SIZE]; /* "" unused */
	enum file_kind kind;
	char *text;
	size_t size;
	char *written;
	size_t nr_written;
	int errnum;
	long fs_type;
};

struct rule {
	const char *name; /* NULL: a bpf command */
	int cmd;
	unsigned left; /* 1: the next one; 0: used up */
	bool always;
	int errnum;
};

static struct {
	struct fake_call calls[NR_CALLS];
	size_t nr_calls;
	unsigned fail_left;
	int fail_errnum;
	bool failed;
	struct rule rules[NR_RULES];
	size_t nr_rules;
	struct {
		fake_bpf_fn fn;
		void *ctx;
		size_t attr_limit; /* 0: none */
	} cmds[NR_CMDS];
	struct file files[NR_FILES];
	size_t nr_files;
	struct file fs_types[8];
	size_t nr_fs_types;
	struct {
		char name[IF_NAMESIZE];
		unsigned ifindex;
	} interfaces[8];
	size_t nr_interfaces;
	char *reply;
	size_t reply_size;
	int netlink_errnum;
	char netlink_extack[128];
	char *real_paths[NR_REAL_FDS]; /* of descriptors that libc gave: where they point; NULL: not ours */
	char trace[4096];
} fake;

void fake_sys_reset(void)
{
	for (size_t i = 0; i < fake.nr_files; i++) {
		free(fake.files[i].text);
		free(fake.files[i].written);
	}
	for (size_t i = 0; i < NR_REAL_FDS; i++)
		free(fake.real_paths[i]);
	free(fake.reply);
	memset(&fake, 0, sizeof(fake));
	fake_bpf_reset();
	fake_sys_file("/sys/devices/system/cpu/possible", "0-3\n");
	fake_sys_interface("lo", 1);
}

/* ---- recording and failing ---- */

static bool rule_hits(struct rule *rule, const struct fake_call *call)
{
	if (rule->name ? strcmp(rule->name, call->name) != 0 : rule->cmd != call->cmd)
		return false;
	if (rule->always)
		return true;
	return rule->left && --rule->left == 0;
}

/* Records a call; the pointer stays valid. -errno in call->result when a rule makes it fail. */
static struct fake_call *begin(const char *name, int cmd, int fd, const char *path)
{
	struct fake_call *call = &fake.calls[fake.nr_calls];

	if (fake.nr_calls++ == NR_CALLS) {
		fprintf(stderr, "fake_sys: more than %d calls\n", NR_CALLS);
		abort();
	}
	memset(call, 0, sizeof(*call));
	call->name = name;
	call->cmd = cmd;
	call->fd = fd;
	if (path)
		snprintf(call->path, sizeof(call->path), "%s", path);
	for (size_t i = 0; i < fake.nr_rules; i++) {
		if (rule_hits(&fake.rules[i], call)) {
			fake.failed = true;
			call->result = -fake.rules[i].errnum;
		}
	}
	if (fake.fail_left && --fake.fail_left == 0) {
		fake.failed = true;
		call->result = -fake.fail_errnum;
	}
	return call;
}

static long end(struct fake_call *call, long result)
{
	call->result = result;
	return result;
}

static void keep_bytes(struct fake_call *call, const void *bytes, size_t size)
{
	call->attr_size = size;
	memcpy(call->attr, bytes, size < sizeof(call->attr) ? size : sizeof(call->attr));
}

size_t fake_sys_nr_calls(void)
{
	return fake.nr_calls;
}

const struct fake_call *fake_sys_call(size_t idx)
{
	return idx < fake.nr_calls ? &fake.calls[idx] : NULL;
}

/* The nth call with that name and, when cmd >= 0, that command; counts them in *ret_nr. */
static const struct fake_call *find_call(const char *name, int cmd, size_t nth, size_t *ret_nr)
{
	const struct fake_call *found = NULL;
	size_t nr = 0;

	for (size_t i = 0; i < fake.nr_calls; i++) {
		const struct fake_call *call = &fake.calls[i];

		if (strcmp(call->name, name) != 0 || (cmd >= 0 && call->cmd != cmd))
			continue;
		if (nr++ == nth)
			found = call;
	}
	*ret_nr = nr;
	return found;
}

size_t fake_sys_count(const char *name)
{
	size_t nr;

	find_call(name, -1, 0, &nr);
	return nr;
}

size_t fake_sys_count_bpf(int cmd)
{
	size_t nr;

	find_call("bpf", cmd, 0, &nr);
	return nr;
}

const struct fake_call *fake_sys_nth(const char *name, size_t nth)
{
	size_t nr;

	return find_call(name, -1, nth, &nr);
}

const struct fake_call *fake_sys_nth_bpf(int cmd, size_t nth)
{
	size_t nr;

	return find_call("bpf", cmd, nth, &nr);
}

static const char *const cmd_names[NR_CMDS] = {
	[BPFL_CMD_MAP_CREATE] = "MAP_CREATE",
	[BPFL_CMD_MAP_LOOKUP_ELEM] = "MAP_LOOKUP_ELEM",
	[BPFL_CMD_MAP_UPDATE_ELEM] = "MAP_UPDATE_ELEM",
	[BPFL_CMD_MAP_DELETE_ELEM] = "MAP_DELETE_ELEM",
	[BPFL_CMD_MAP_GET_NEXT_KEY] = "MAP_GET_NEXT_KEY",
	[BPFL_CMD_PROG_LOAD] = "PROG_LOAD",
	[BPFL_CMD_OBJ_PIN] = "OBJ_PIN",
	[BPFL_CMD_OBJ_GET] = "OBJ_GET",
	[BPFL_CMD_PROG_ATTACH] = "PROG_ATTACH",
	[BPFL_CMD_PROG_DETACH] = "PROG_DETACH",
	[BPFL_CMD_OBJ_GET_INFO_BY_FD] = "OBJ_GET_INFO_BY_FD",
	[BPFL_CMD_RAW_TRACEPOINT_OPEN] = "RAW_TRACEPOINT_OPEN",
	[BPFL_CMD_BTF_LOAD] = "BTF_LOAD",
	[BPFL_CMD_MAP_FREEZE] = "MAP_FREEZE",
	[BPFL_CMD_LINK_CREATE] = "LINK_CREATE",
	[BPFL_CMD_LINK_DETACH] = "LINK_DETACH",
	[BPFL_CMD_ITER_CREATE] = "ITER_CREATE",
	[BPFL_CMD_PROG_BIND_MAP] = "PROG_BIND_MAP",
};

static const char *const file_calls[] = { "openat", "close", "read", "fstat", "statfs_type", "mmap", "munmap", "list_dir" };

const char *fake_sys_trace(void)
{
	size_t used = 0;

	fake.trace[0] = 0;
	for (size_t i = 0; i < fake.nr_calls; i++) {
		const struct fake_call *call = &fake.calls[i];
		const char *name = call->name;
		bool shown = true;
		int size;

		for (size_t j = 0; j < sizeof(file_calls) / sizeof(file_calls[0]); j++)
			shown = shown && strcmp(name, file_calls[j]) != 0;
		if (!shown)
			continue;
		if (call->cmd >= 0 && call->cmd < NR_CMDS && cmd_names[call->cmd])
			name = cmd_names[call->cmd];
		size = snprintf(fake.trace + used, sizeof(fake.trace) - used, "%s%s", used ? " " : "", name);
		if (size < 0 || (size_t)size >= sizeof(fake.trace) - used)
			break;
		used += (size_t)size;
	}
	return fake.trace;
}

unsigned fake_sys_nr_open_fds(void)
{
	unsigned nr = fake_bpf_nr_open();

	for (size_t i = 0; i < NR_REAL_FDS; i++)
		nr += fake.real_paths[i] != NULL;
	return nr;
}

void fake_sys_fail_nth(unsigned nth, int errnum)
{
	fake.fail_left = nth;
	fake.fail_errnum = errnum;
}

bool fake_sys_failed(void)
{
	return fake.failed;
}

static void rule_add(struct rule rule)
{
	if (fake.nr_rules == NR_RULES)
		abort();
	fake.rules[fake.nr_rules++] = rule;
}

void fake_sys_fail_bpf(int cmd, unsigned nth, int errnum)
{
	rule_add((struct rule){ .cmd = cmd, .left = nth, .always = nth == 0, .errnum = errnum });
}

void fake_sys_fail_call(const char *name, unsigned nth, int errnum)
{
	rule_add((struct rule){ .name = name, .cmd = -1, .left = nth, .always = nth == 0, .errnum = errnum });
}

void fake_sys_limit_attr(int cmd, size_t attr_size)
{
	fake.cmds[cmd].attr_limit = attr_size;
}

void fake_sys_on_bpf(int cmd, fake_bpf_fn fn, void *ctx)
{
	fake.cmds[cmd].fn = fn;
	fake.cmds[cmd].ctx = ctx;
}

/* ---- scripted files ---- */

static struct file *file_find(const char *path)
{
	for (size_t i = 0; i < fake.nr_files; i++) {
		if (strcmp(fake.files[i].path, path) == 0)
			return &fake.files[i];
	}
	return NULL;
}

/* The name behind dir in path, up to the next slash; NULL when path does not lie below dir. */
static const char *below(const char *path, const char *dir, size_t *ret_size)
{
	size_t size = strlen(dir);

	if (strncmp(path, dir, size) != 0 || path[size] != '/')
		return NULL;
	*ret_size = strcspn(path + size + 1, "/");
	return path + size + 1;
}

static bool is_parent(const char *dir)
{
	size_t size;

	for (size_t i = 0; i < fake.nr_files; i++) {
		if (below(fake.files[i].path, dir, &size))
			return true;
	}
	return false;
}

static struct file *file_script(const char *path, enum file_kind kind, const char *text, int errnum)
{
	struct file *file = file_find(path);

	if (!file) {
		if (fake.nr_files == NR_FILES || strlen(path) >= PATH_SIZE)
			abort();
		file = &fake.files[fake.nr_files++];
	}
	free(file->text);
	free(file->written);
	memset(file, 0, sizeof(*file));
	strcpy(file->path, path);
	file->kind = kind;
	file->text = strdup(text);
	file->size = strlen(text);
	file->written = strdup("");
	file->errnum = errnum;
	return file;
}

void fake_sys_file(const char *path, const char *text)
{
	file_script(path, FILE_TEXT, text, 0);
}

void fake_sys_pipe(const char *path, const char *text)
{
	file_script(path, FILE_PIPE, text, 0);
}

void fake_sys_file_error(const char *path, int errnum)
{
	file_script(path, FILE_ERROR, "", errnum);
}

const char *fake_sys_written(const char *path)
{
	struct file *file = file_find(path);

	return file ? file->written : NULL;
}

void fake_sys_fs_type(const char *path, long fs_type)
{
	struct file *entry = &fake.fs_types[fake.nr_fs_types++ % 8];

	snprintf(entry->path, sizeof(entry->path), "%s", path);
	entry->fs_type = fs_type;
}

void fake_sys_interface(const char *name, unsigned ifindex)
{
	size_t i = fake.nr_interfaces++ % 8;

	snprintf(fake.interfaces[i].name, IF_NAMESIZE, "%s", name);
	fake.interfaces[i].ifindex = ifindex;
}

void fake_sys_reply(const void *bytes, size_t size)
{
	free(fake.reply);
	fake.reply = malloc(size);
	if (!fake.reply)
		abort();
	memcpy(fake.reply, bytes, size);
	fake.reply_size = size;
}

void fake_sys_netlink_error(int errnum, const char *extack)
{
	fake.netlink_errnum = errnum;
	snprintf(fake.netlink_extack, sizeof(fake.netlink_extack), "%s", extack ? extack : "");
}

void fake_sys_readable(int fd, bool readable)
{
	struct fake_fd *entry = fake_bpf_fd(fd);

	if (!entry)
		abort();
	entry->readable = readable;
}

/* The path that (dir_fd, path) means, as far as it is known; cut when it is longer than any that a test scripts. */
static void resolve(int dir_fd, const char *path, char *out)
{
	struct fake_fd *dir = fake_bpf_fd(dir_fd);
	const char *base = "", *slash = "";

	if (dir)
		base = dir->path;
	else if (dir_fd >= 0 && dir_fd < NR_REAL_FDS && fake.real_paths[dir_fd])
		base = fake.real_paths[dir_fd];
	if (path[0] == '/')
		base = "";
	if (strcmp(path, ".") == 0)
		path = "";
	if (*base && *path)
		slash = "/";
	if (snprintf(out, PATH_SIZE, "%s%s%s", base, slash, path) >= PATH_SIZE)
		out[PATH_SIZE - 1] = 0;
}

static int fake_fd_at(const char *path, struct file *file, int flags)
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
	struct fake_call *call = begin("bpf", cmd, -1, NULL);
	size_t used = bpfl_bpf_attr_size(cmd, attr, attr_size);
	int ret = FAKE_SYS_DEFAULT;

	(void)returns_fd;
	keep_bytes(call, attr, attr_size);
	call->attr_size = used;
	if (call->result)
		return (int)call->result;
	if (cmd >= 0 && cmd < NR_CMDS) {
		if (fake.cmds[cmd].attr_limit && used > fake.cmds[cmd].attr_limit)
			return (int)end(call, -E2BIG);
		if (fake.cmds[cmd].fn)
			ret = fake.cmds[cmd].fn(fake.cmds[cmd].ctx, attr, attr_size);
	}
	if (ret == FAKE_SYS_DEFAULT)
		ret = fake_bpf_command(cmd, attr);
	return (int)end(call, ret);
}

int bpfl_enter_perf_event_open(struct bpfl_perf_attr *attr, int pid, int cpu, int group_fd, unsigned long flags)
{
	struct fake_call *call = begin("perf_event_open", -1, group_fd, NULL);

	attr->size = sizeof(*attr);
	keep_bytes(call, attr, sizeof(*attr));
	call->arg[0] = (unsigned long)pid;
	call->arg[1] = (unsigned long)cpu;
	call->arg[2] = flags;
	return (int)(call->result ? call->result : end(call, fake_bpf_fd_new(NULL)));
}

int bpfl_enter_ioctl(int fd, unsigned long request, unsigned long arg)
{
	struct fake_call *call = begin("ioctl", -1, fd, NULL);

	call->arg[0] = request;
	call->arg[1] = arg;
	if (call->result)
		return (int)call->result;
	return (int)end(call, fake_bpf_fd(fd) ? 0 : -EBADF);
}

int bpfl_enter_openat(int dir_fd, const char *path, int flags, unsigned mode)
{
	struct fake_call *call = begin("openat", -1, dir_fd, NULL);
	char full[PATH_SIZE];
	struct file *file;
	int fd;

	resolve(dir_fd, path, full);
	snprintf(call->path, sizeof(call->path), "%.127s", full);
	call->arg[0] = (unsigned long)flags;
	call->arg[1] = mode;
	if (call->result)
		return (int)call->result;
	file = file_find(full);
	if (file && file->kind == FILE_ERROR)
		return (int)end(call, -file->errnum);
	if (file || is_parent(full))
		return (int)end(call, fake_fd_at(full, file, flags));
	if (strncmp(full, "fs:", 3) == 0 || fake_bpf_fd(dir_fd))
		return (int)end(call, -ENOENT);
	if ((flags & O_ACCMODE) != O_RDONLY)
		return (int)end(call, -EROFS);
	fd = openat(dir_fd, path, flags | O_CLOEXEC);
	if (fd < 0)
		return (int)end(call, -errno);
	if (fd >= NR_REAL_FDS)
		abort();
	fake.real_paths[fd] = strdup(full);
	return (int)end(call, fd);
}

int bpfl_enter_close(int fd)
{
	struct fake_fd *entry = fake_bpf_fd(fd);

	if (fd < 0)
		return 0;
	begin("close", -1, fd, NULL)->result = 0; /* closing cannot fail: it is how failures are cleaned up */
	if (entry) {
		fake_bpf_fd_close(entry);
		return 0;
	}
	if (fd >= FAKE_SYS_FIRST_FD || fcntl(fd, F_GETFD) < 0) {
		fprintf(stderr, "fake_sys: close(%d), which is not open\n", fd);
		abort();
	}
	if (fd < NR_REAL_FDS) {
		free(fake.real_paths[fd]);
		fake.real_paths[fd] = NULL;
	}
	close(fd);
	return 0;
}

ssize_t bpfl_enter_read(int fd, void *out, size_t size)
{
	struct fake_fd *entry = fake_bpf_fd(fd);
	struct fake_call *call = begin("read", -1, fd, entry ? entry->path : NULL);
	struct file *file = entry ? entry->file : NULL;
	ssize_t got;

	if (call->result)
		return call->result;
	if (!entry) {
		got = read(fd, out, size);
		return end(call, got < 0 ? -errno : got);
	}
	if (!file)
		return end(call, entry->path[0] ? -EISDIR : 0);
	if (entry->pos == file->size)
		return end(call, file->kind == FILE_PIPE && entry->nonblocking ? -EAGAIN : 0);
	if (size > file->size - entry->pos)
		size = file->size - entry->pos;
	memcpy(out, file->text + entry->pos, size);
	entry->pos += size;
	return end(call, (ssize_t)size);
}

ssize_t bpfl_enter_write(int fd, const void *data, size_t size)
{
	struct fake_fd *entry = fake_bpf_fd(fd);
	struct fake_call *call = begin("write", -1, fd, entry ? entry->path : NULL);
	struct file *file = entry ? entry->file : NULL;

	keep_bytes(call, data, size);
	if (call->result)
		return call->result;
	if (!file)
		return end(call, -EBADF);
	file->written = realloc(file->written, file->nr_written + size + 1);
	if (!file->written)
		abort();
	memcpy(file->written + file->nr_written, data, size);
	file->nr_written += size;
	file->written[file->nr_written] = 0;
	return end(call, (ssize_t)size);
}

int bpfl_enter_fstat(int fd, struct stat *ret_stat)
{
	struct fake_fd *entry = fake_bpf_fd(fd);
	struct fake_call *call = begin("fstat", -1, fd, NULL);
	struct file *file = entry ? entry->file : NULL;

	if (call->result)
		return (int)call->result;
	if (!entry)
		return (int)end(call, fstat(fd, ret_stat) < 0 ? -errno : 0);
	memset(ret_stat, 0, sizeof(*ret_stat));
	ret_stat->st_mode = file && file->kind == FILE_TEXT ? S_IFREG : file && file->kind == FILE_PIPE ? S_IFIFO : S_IFDIR;
	ret_stat->st_size = file ? (off_t)file->size : 0;
	return (int)end(call, 0);
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
	struct fake_call *call = begin("list_dir", -1, dir_fd, path);
	char full[PATH_SIZE], name[PATH_SIZE], last[PATH_SIZE] = "";
	size_t size;
	int ret = 0;

	if (call->result)
		return (int)call->result;
	resolve(dir_fd, path, full);
	if (!is_parent(full) && fake_bpf_fd(dir_fd))
		return (int)end(call, -ENOENT);
	if (!is_parent(full))
		return (int)end(call, list_real_dir(dir_fd, path, each, ctx));
	for (size_t i = 0; ret == 0 && i < fake.nr_files; i++) {
		const char *child = below(fake.files[i].path, full, &size);

		if (!child)
			continue;
		snprintf(name, sizeof(name), "%.*s", (int)size, child);
		if (strcmp(name, last) != 0) /* files of one directory are scripted in a row */
			ret = each(ctx, name);
		strcpy(last, name);
	}
	return (int)end(call, ret);
}

int bpfl_enter_statfs_type(const char *path, long *ret_fs_type)
{
	struct fake_call *call = begin("statfs_type", -1, -1, path);
	struct statfs fs;

	if (call->result)
		return (int)call->result;
	for (size_t i = 0; i < fake.nr_fs_types && i < 8; i++) {
		if (strcmp(fake.fs_types[i].path, path) == 0) {
			*ret_fs_type = fake.fs_types[i].fs_type;
			return (int)end(call, 0);
		}
	}
	if (statfs(path, &fs) < 0)
		return (int)end(call, -errno);
	*ret_fs_type = (long)fs.f_type;
	return (int)end(call, 0);
}

int bpfl_enter_mkdirat(int dir_fd, const char *path, unsigned mode)
{
	struct fake_call *call = begin("mkdirat", -1, dir_fd, NULL);
	char full[PATH_SIZE];

	resolve(dir_fd, path, full);
	snprintf(call->path, sizeof(call->path), "%.127s", full);
	call->arg[0] = mode;
	if (call->result)
		return (int)call->result;
	if (file_find(full))
		return (int)end(call, -EEXIST);
	file_script(full, FILE_DIR, "", 0);
	return (int)end(call, 0);
}

int bpfl_enter_unlinkat(int dir_fd, const char *path, int flags)
{
	struct fake_call *call = begin("unlinkat", -1, dir_fd, NULL);
	char full[PATH_SIZE];
	struct file *file;

	resolve(dir_fd, path, full);
	snprintf(call->path, sizeof(call->path), "%.127s", full);
	call->arg[0] = (unsigned long)flags;
	if (call->result)
		return (int)call->result;
	file = file_find(full);
	if (file)
		file->path[0] = 0;
	return (int)end(call, file ? 0 : fake_bpf_unpin(full));
}

int bpfl_enter_mmap(void *addr, size_t size, int prot, int flags, int fd, uint64_t byte_off, void **ret_addr)
{
	struct fake_call *call = begin("mmap", -1, fd, NULL);
	void *memory;

	call->arg[0] = size;
	if (call->result)
		return (int)call->result;
	if (fake_bpf_fd(fd))
		memory = mmap(addr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	else
		memory = mmap(addr, size, prot, flags, fd, (off_t)byte_off);
	if (memory == MAP_FAILED)
		return (int)end(call, -errno);
	*ret_addr = memory;
	return (int)end(call, 0);
}

int bpfl_enter_munmap(void *addr, size_t size)
{
	begin("munmap", -1, -1, NULL)->result = 0;
	return munmap(addr, size) < 0 ? -errno : 0;
}

int bpfl_enter_poll(struct pollfd *fds, unsigned nr_fds, int timeout_ms)
{
	struct fake_call *call = begin("poll", -1, nr_fds ? fds[0].fd : -1, NULL);
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
		return (int)end(call, nr_ready);
	if (poll(real, nr_fds, nr_ready ? 0 : timeout_ms) < 0)
		return (int)end(call, -errno);
	for (unsigned i = 0; i < nr_fds; i++) {
		if (real[i].fd >= 0 && real[i].revents) {
			fds[i].revents = real[i].revents;
			nr_ready++;
		}
	}
	return (int)end(call, nr_ready);
}

int bpfl_enter_socket(int domain, int type, int protocol)
{
	struct fake_call *call = begin("socket", -1, -1, NULL);

	call->arg[0] = (unsigned long)domain;
	call->arg[1] = (unsigned long)type;
	call->arg[2] = (unsigned long)protocol;
	return (int)(call->result ? call->result : end(call, fake_bpf_fd_new(NULL)));
}

ssize_t bpfl_enter_sendto(int fd, const void *data, size_t size, const struct sockaddr *addr, unsigned addr_size)
{
	struct fake_call *call = begin("sendto", -1, fd, NULL);
	struct fake_fd *entry = fake_bpf_fd(fd);

	(void)addr;
	(void)addr_size;
	keep_bytes(call, data, size);
	if (call->result)
		return call->result;
	if (!entry)
		return end(call, -EBADF);
	if (size >= 16)
		memcpy(&entry->sequence, (const char *)data + 8, sizeof(entry->sequence));
	return end(call, (ssize_t)size);
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
	struct fake_call *call = begin("recv", -1, fd, NULL);
	struct fake_fd *entry = fake_bpf_fd(fd);
	uint8_t ack[256];
	size_t got;

	call->arg[0] = (unsigned long)flags;
	if (call->result)
		return call->result;
	if (!entry)
		return end(call, -EBADF);
	if (fake.reply) {
		got = fake.reply_size < size ? fake.reply_size : size;
		memcpy(out, fake.reply, got);
		if (got >= 12)
			memcpy((char *)out + 8, &entry->sequence, sizeof(entry->sequence));
		free(fake.reply);
		fake.reply = NULL;
		return end(call, (ssize_t)got);
	}
	got = netlink_ack(entry, ack);
	got = got < size ? got : size;
	memcpy(out, ack, got);
	fake_sys_netlink_error(0, NULL);
	return end(call, (ssize_t)got);
}

int bpfl_enter_setsockopt(int fd, int level, int name, const void *value, unsigned value_size)
{
	struct fake_call *call = begin("setsockopt", -1, fd, NULL);

	call->arg[0] = (unsigned long)level;
	call->arg[1] = (unsigned long)name;
	keep_bytes(call, value, value_size);
	return (int)call->result;
}

int bpfl_enter_raise_memlock(void)
{
	return (int)begin("raise_memlock", -1, -1, NULL)->result;
}

int bpfl_enter_fsopen(const char *fs_name)
{
	struct fake_call *call = begin("fsopen", -1, -1, fs_name);
	char path[PATH_SIZE];

	snprintf(path, sizeof(path), "fs:%s", fs_name);
	return (int)(call->result ? call->result : end(call, fake_fd_at(path, NULL, 0)));
}

int bpfl_enter_fs_create(int fs_fd)
{
	struct fake_call *call = begin("fs_create", -1, fs_fd, NULL);

	return (int)(call->result ? call->result : end(call, fake_bpf_fd(fs_fd) ? 0 : -EBADF));
}

int bpfl_enter_fsmount(int fs_fd)
{
	struct fake_call *call = begin("fsmount", -1, fs_fd, NULL);
	struct fake_fd *entry = fake_bpf_fd(fs_fd);

	if (call->result)
		return (int)call->result;
	return (int)end(call, entry ? fake_fd_at(entry->path, NULL, 0) : -EBADF);
}

unsigned bpfl_enter_if_nametoindex(const char *name)
{
	struct fake_call *call = begin("if_nametoindex", -1, -1, name);

	for (size_t i = 0; !call->result && i < fake.nr_interfaces && i < 8; i++) {
		if (strcmp(fake.interfaces[i].name, name) == 0)
			return (unsigned)end(call, fake.interfaces[i].ifindex);
	}
	call->result = 0;
	return 0;
}

int bpfl_enter_uname(struct utsname *ret_names)
{
	struct fake_call *call = begin("uname", -1, -1, NULL);

	if (call->result)
		return (int)call->result;
	return (int)end(call, uname(ret_names) < 0 ? -errno : 0);
}
