/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * attach/mapped.c: see attach/mapped.h.
 *
 *     7f2b1c028000-7f2b1c1bd000 r-xp 00028000 fe:01 131402     /usr/lib/x86_64-linux-gnu/libc.so.6
 *     (/proc/PID/maps)
 *
 * Most processes map the same few files, so a line is looked at only when its device and inode are new. A path
 * is that of the process' mount namespace; whether ours has the same file there is told by opening both. Where
 * neither has it, the mapping itself is opened (CAP_SYS_ADMIN): the file was deleted, or a chroot is between its
 * path, which begins at the root of the namespace, and the root directory of the process.
 */
#include "attach/mapped.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "base/hash.h"
#include "elf/ldcache.h"
#include "sys/enter.h"
#include "sys/file.h"

#define CACHE_SIZE_MAX (64u << 20)
#define PATH_SIZE 4200
#define DELETED " (deleted)"

struct identity {
	dev_t dev;
	ino_t ino;
};

struct scan {
	bpfl_mapped_fn fn;
	void *ctx;
	int pid; /* whose maps are read */
	struct bpfl_hash lines; /* "fe:01 131402" */
	BPFL_VEC(char *) line_texts;
	BPFL_VEC(struct identity) files; /* that fn has seen */
};

static void scan_deinit(struct scan *scan)
{
	for (size_t i = 0; i < scan->line_texts.nr; i++)
		free(scan->line_texts.items[i]);
	free(scan->line_texts.items);
	free(scan->files.items);
	bpfl_hash_deinit(&scan->lines);
}

/* ---- one file ---- */

/* True when it is the first time; -ENOMEM. */
static int is_new_file(struct scan *scan, const struct stat *st)
{
	struct identity *slot;

	for (size_t i = 0; i < scan->files.nr; i++) {
		if (scan->files.items[i].dev == st->st_dev && scan->files.items[i].ino == st->st_ino)
			return 0;
	}
	slot = BPFL_VEC_PUSH(&scan->files);
	if (!slot)
		return -ENOMEM;
	*slot = (struct identity){ st->st_dev, st->st_ino };
	return 1;
}

/* What cannot be opened, or is no ELF file, is none of ours. */
static int offer(struct scan *scan, const char *path)
{
	struct bpfl_user_elf *elf = NULL;
	struct stat st;
	int ret = bpfl_user_open(path, &elf, NULL);

	if (ret == -ENOMEM)
		return ret;
	if (ret < 0)
		return 0;
	ret = bpfl_enter_fstat(elf->fd, &st);
	ret = ret < 0 ? 0 : is_new_file(scan, &st);
	if (ret <= 0) {
		bpfl_user_close(elf);
		return ret;
	}
	return scan->fn(scan->ctx, elf);
}

/* The file is the same here as in the root directory of the process. */
static bool is_same_file(const char *a, const char *b)
{
	int fd_a = bpfl_enter_openat(AT_FDCWD, a, O_PATH, 0), fd_b = bpfl_enter_openat(AT_FDCWD, b, O_PATH, 0);
	struct stat st_a, st_b;
	bool same = fd_a >= 0 && fd_b >= 0 && bpfl_enter_fstat(fd_a, &st_a) == 0 &&
		    bpfl_enter_fstat(fd_b, &st_b) == 0 && st_a.st_dev == st_b.st_dev && st_a.st_ino == st_b.st_ino;

	bpfl_enter_close(fd_a);
	bpfl_enter_close(fd_b);
	return same;
}

/* ---- the maps of one process ---- */

/* Moves *at behind the next word; the word, ended with a NUL. NULL: the line is over. */
static char *take_word(char **at)
{
	char *word = *at + strspn(*at, " ");
	size_t len = strcspn(word, " ");

	if (len == 0)
		return NULL;
	*at = word + len + (word[len] != '\0');
	word[len] = '\0';
	return word;
}

/* 1 when no line named this file before. */
static int is_new_line(struct scan *scan, const char *device, const char *inode)
{
	char text[64], *copy;
	uint32_t ignored;
	char **slot;

	snprintf(text, sizeof(text), "%s %s", device, inode);
	if (bpfl_hash_get(&scan->lines, text, strlen(text), &ignored) == 0)
		return 0;
	copy = bpfl_strdup(text);
	slot = copy ? BPFL_VEC_PUSH(&scan->line_texts) : NULL;
	if (!slot) {
		free(copy);
		return -ENOMEM;
	}
	*slot = copy;
	return bpfl_hash_put(&scan->lines, copy, strlen(copy), 0) < 0 ? -ENOMEM : 1;
}

static int take_line(void *ctx, char *line)
{
	struct scan *scan = ctx;
	char *at = line, path[PATH_SIZE];
	const char *range = take_word(&at), *access = take_word(&at), *offset = take_word(&at),
		   *device = take_word(&at);
	const char *inode = take_word(&at);
	unsigned long long start, end;
	size_t len;
	int ret;

	if (!inode || !range || !offset || !access || access[2] != 'x')
		return 0;
	at += strspn(at, " ");
	if (at[0] != '/')
		return 0;
	ret = is_new_line(scan, device, inode);
	if (ret <= 0)
		return ret;
	len = strlen(at);
	if (len <= sizeof(DELETED) || strcmp(at + len - (sizeof(DELETED) - 1), DELETED) != 0) {
		if (snprintf(path, sizeof(path), "/proc/%d/root%s", scan->pid, at) >= PATH_SIZE)
			return 0;
		if (is_same_file(at, path))
			return offer(scan, at);
		if (bpfl_file_is_there(AT_FDCWD, path))
			return offer(scan, path);
	}
	/* The names there have no leading zeros; maps has, for a program at a fixed place. */
	if (sscanf(range, "%llx-%llx", &start, &end) != 2)
		return 0;
	snprintf(path, sizeof(path), "/proc/%d/map_files/%llx-%llx", scan->pid, start, end);
	return offer(scan, path);
}

static int scan_process(struct scan *scan, int pid)
{
	char path[32];

	scan->pid = pid;
	snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	return bpfl_file_each_line(AT_FDCWD, path, take_line, scan);
}

/* ---- all of them ---- */

/* What cannot be read there does not matter: a process ends, or is somebody else's. */
static int take_process(void *ctx, const char *name)
{
	if (!isdigit((unsigned char)name[0]))
		return 0;
	return scan_process(ctx, atoi(name)) == -ENOMEM ? -ENOMEM : 0;
}

static int take_cached(void *ctx, const char *name, const char *path)
{
	(void)name;
	return offer(ctx, path);
}

static int scan_all(struct scan *scan)
{
	struct bpfl_buf cache = BPFL_BUF_INIT;
	int ret = bpfl_enter_list_dir(AT_FDCWD, "/proc", take_process, scan);

	if (ret == -ENOMEM)
		return ret;
	if (bpfl_file_read_virtual(AT_FDCWD, "/etc/ld.so.cache", CACHE_SIZE_MAX, &cache) == 0)
		ret = bpfl_ldcache_each(cache.data, cache.size, take_cached, scan);
	bpfl_buf_deinit(&cache);
	return ret == -ENOMEM ? ret : 0;
}

static int refuse_process(int pid, int ret, struct bpfl_error *err)
{
	bpfl_error_set(err, ret == -EACCES || ret == -EPERM ? BPFL_ERR_PERMISSION : BPFL_ERR_TARGET, -ret,
		       "what process %d has mapped cannot be seen", pid);
	bpfl_error_catalogue(err, 23);
	bpfl_error_why(err, "/proc/%d/maps: %s", pid, bpfl_errno_text(-ret));
	bpfl_error_fix(err, "ps -e lists the processes; pid= counts as in this pid namespace");
	return ret;
}

int bpfl_mapped_each(int pid, bpfl_mapped_fn fn, void *ctx, struct bpfl_error *err)
{
	struct scan scan = { .fn = fn, .ctx = ctx, .lines = BPFL_HASH_INIT };
	int ret = pid > 0 ? scan_process(&scan, pid) : scan_all(&scan);

	scan_deinit(&scan);
	if (ret == -ENOMEM)
		return bpfl_error_nomem(err);
	return ret < 0 ? refuse_process(pid, ret == -ENOENT ? -ESRCH : ret, err) : 0;
}
