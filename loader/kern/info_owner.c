/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kern/info_owner.c: who holds what is in the kernel: processes, pins.
 *
 * A descriptor's fdinfo says which program, map, link or BTF it is ("prog_id:", Linux 4.13; "link_id:", 5.8),
 * so /proc is walked once for all rows. Each mounted bpffs of this mount namespace is walked too: every pin is
 * opened for a moment, and asked the same way. What may not be looked at is left out.
 */
#include "kern/info.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "sys/bpf.h"
#include "sys/enter.h"
#include "sys/file.h"

#define FDINFO_SIZE_MAX 65536
#define CMDLINE_SIZE_MAX 131072
#define DEPTH_MAX 16 /* of directories in a bpffs */

struct walk {
	struct bpfl_listing *listing;
	char pid[16]; /* the process being looked at */
	char *dir;    /* the directory being looked at */
	unsigned depth;
	bool failed; /* no memory */
};

/* ---- what a descriptor is ---- */

/* A link's fdinfo names its program too: the link decides. */
static const struct {
	const char *label;
	enum bpfl_live_kind kind;
} labels[] = {
	{ "\nlink_id:", BPFL_LIVE_LINK },
	{ "\nmap_id:", BPFL_LIVE_MAP },
	{ "\nprog_id:", BPFL_LIVE_PROG },
	{ "\nbtf_id:", BPFL_LIVE_BTF },
};

/* The row of the thing that an fdinfo file tells of, or NULL. */
static struct bpfl_live *row_of(const struct walk *walk, const char *fdinfo_path)
{
	struct bpfl_buf text = BPFL_BUF_INIT;
	struct bpfl_live *row = NULL;

	if (bpfl_file_read_virtual(AT_FDCWD, fdinfo_path, FDINFO_SIZE_MAX, &text) < 0)
		return NULL;
	for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++) {
		const char *line = strstr(text.data, labels[i].label);

		if (line) {
			unsigned long id = strtoul(line + strlen(labels[i].label), NULL, 10);

			row = id <= UINT32_MAX ? bpfl_listing_find(walk->listing, labels[i].kind, (uint32_t)id) : NULL;
			break;
		}
	}
	bpfl_buf_deinit(&text);
	return row;
}

/* ---- processes ---- */

static char *comm_read(const char *pid)
{
	struct bpfl_buf text = BPFL_BUF_INIT;
	char path[64], *comm;

	snprintf(path, sizeof(path), "/proc/%s/comm", pid);
	if (bpfl_file_read_virtual(AT_FDCWD, path, FDINFO_SIZE_MAX, &text) < 0)
		return bpfl_strdup("?");
	text.data[strcspn(text.data, "\n")] = '\0';
	comm = bpfl_strdup(text.data);
	bpfl_buf_deinit(&text);
	return comm;
}

/* "pid 12: hello.bpf.o" for a process of ours: its first word that looks like an object. NULL for other processes. */
static char *run_of(const struct bpfl_holder *holder)
{
	struct bpfl_buf words = BPFL_BUF_INIT, text = BPFL_BUF_INIT;
	const char *file = NULL;
	char path[64];

	if (strcmp(holder->comm, "bpfload") != 0)
		return NULL;
	snprintf(path, sizeof(path), "/proc/%d/cmdline", holder->pid);
	if (bpfl_file_read_virtual(AT_FDCWD, path, CMDLINE_SIZE_MAX, &words) == 0) {
		for (size_t at = 0; at < words.size && !file; at += strlen(words.data + at) + 1) {
			size_t size = strlen(words.data + at);

			if (size > 2 && strcmp(words.data + at + size - 2, ".o") == 0)
				file = words.data + at;
		}
	}
	bpfl_buf_printf(&text, "pid %d", holder->pid);
	if (file)
		bpfl_buf_printf(&text, ": %s", file);
	bpfl_buf_deinit(&words);
	return bpfl_buf_take(&text);
}

static int look_at_fd(void *ctx, const char *name)
{
	struct walk *walk = ctx;
	int pid = atoi(walk->pid);
	struct bpfl_holder *holder;
	struct bpfl_live *row;
	char path[64];

	if (snprintf(path, sizeof(path), "/proc/%s/fdinfo/%s", walk->pid, name) >= (int)sizeof(path))
		return 0;
	row = row_of(walk, path);
	if (!row || (row->holders.nr > 0 && row->holders.items[row->holders.nr - 1].pid == pid))
		return 0;
	holder = BPFL_VEC_PUSH(&row->holders);
	if (holder) {
		holder->pid = pid;
		holder->comm = comm_read(walk->pid);
		if (!holder->comm)
			row->holders.nr--;
		else if (!row->object)
			row->object = run_of(holder);
	}
	walk->failed = walk->failed || !holder || !holder->comm;
	return 0;
}

static int look_at_process(void *ctx, const char *name)
{
	struct walk *walk = ctx;
	char path[64];

	if (!isdigit((unsigned char)name[0]) || strlen(name) >= sizeof(walk->pid))
		return 0;
	snprintf(walk->pid, sizeof(walk->pid), "%s", name);
	snprintf(path, sizeof(path), "/proc/%s/fdinfo", name);
	bpfl_enter_list_dir(AT_FDCWD, path, look_at_fd, walk);
	return 0;
}

/* ---- pins ---- */

/* "DIR/progs/NAME" -> "DIR", a copy; NULL when the path is not of that form. */
static char *pin_dir_of(const char *path)
{
	static const char *const subdirs[] = { "progs", "maps", "links" };
	const char *name = strrchr(path, '/');
	const char *subdir = name;

	while (subdir > path && subdir[-1] != '/')
		subdir--;
	for (size_t i = 0; subdir > path + 1 && i < sizeof(subdirs) / sizeof(subdirs[0]); i++) {
		if (strlen(subdirs[i]) == (size_t)(name - subdir) &&
		    strncmp(subdirs[i], subdir, (size_t)(name - subdir)) == 0)
			return bpfl_strndup(path, (size_t)(subdir - path) - 1);
	}
	return NULL;
}

/* Takes path, which is pinned as fd. */
static void pin_add(struct walk *walk, int fd, char *path)
{
	struct bpfl_live *row;
	char info[64], **pin;

	snprintf(info, sizeof(info), "/proc/self/fdinfo/%d", fd);
	row = row_of(walk, info);
	pin = row ? BPFL_VEC_PUSH(&row->pins) : NULL;
	if (!pin) {
		walk->failed = walk->failed || row;
		free(path);
		return;
	}
	*pin = path;
	if (!row->object)
		row->object = pin_dir_of(path);
}

static int look_at_pin(void *ctx, const char *name);

/* A symbolic link is not followed: it leads to what is found elsewhere. */
static void dir_walk(struct walk *walk, char *path)
{
	int fd = bpfl_enter_openat(AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	char *outer = walk->dir;

	if (fd < 0 || walk->depth == DEPTH_MAX) {
		bpfl_enter_close(fd);
		return;
	}
	walk->dir = path;
	walk->depth++;
	bpfl_enter_list_dir(fd, ".", look_at_pin, walk);
	walk->depth--;
	walk->dir = outer;
	bpfl_enter_close(fd);
}

static int look_at_pin(void *ctx, const char *name)
{
	struct bpfl_buf text = BPFL_BUF_INIT;
	struct walk *walk = ctx;
	char *path;
	int fd;

	bpfl_buf_printf(&text, "%s/%s", walk->dir, name);
	path = bpfl_buf_take(&text);
	if (!path) {
		walk->failed = true;
		return 0;
	}
	fd = bpfl_sys_obj_get(path, 0);
	if (fd >= 0) {
		pin_add(walk, fd, path);
		bpfl_enter_close(fd);
		return 0;
	}
	dir_walk(walk, path);
	free(path);
	return 0;
}

/* mountinfo writes a space, a tab, a newline and a backslash as octal numbers. */
static void unescape(char *text)
{
	char *out = text;

	for (const char *at = text; *at; at++) {
		if (at[0] == '\\' && strspn(at + 1, "01234567") >= 3) {
			*out++ = (char)((at[1] - '0') * 64 + (at[2] - '0') * 8 + (at[3] - '0'));
			at += 3;
		} else {
			*out++ = *at;
		}
	}
	*out = '\0';
}

struct mounts {
	struct walk *walk;
	/*
	 * lines, "0:31" and "/sys/fs/bpf": a file system is looked at once, and so is a place where one
	 * hides another
	 */
	struct bpfl_buf seen;
};

static bool was_seen(const struct mounts *mounts, const char *text)
{
	size_t size = strlen(text);

	for (const char *at = mounts->seen.size ? mounts->seen.data : ""; *at; at += strcspn(at, "\n") + 1) {
		if (strncmp(at, text, size) == 0 && at[size] == '\n')
			return true;
	}
	return false;
}

/* "42 23 0:22 / /sys/fs/bpf rw - bpf none rw" */
static int look_at_mount(void *ctx, char *line)
{
	struct mounts *mounts = ctx;
	char device[40] = "", *point = line, *end;

	if (!strstr(line, " - bpf "))
		return 0;
	for (int field = 0; field < 4 && point; field++) {
		if (field == 2 && sscanf(point, "%38s", device) != 1)
			return 0;
		point = strchr(point, ' ');
		point = point ? point + 1 : NULL;
	}
	end = point ? strchr(point, ' ') : NULL;
	if (!end)
		return 0;
	*end = '\0';
	unescape(point);
	if (was_seen(mounts, device) || was_seen(mounts, point))
		return 0;
	bpfl_buf_printf(&mounts->seen, "%s\n%s\n", device, point);
	dir_walk(mounts->walk, point);
	return 0;
}

int bpfl_listing_owners(struct bpfl_listing *listing)
{
	struct walk walk = { .listing = listing };
	struct mounts mounts = { .walk = &walk, .seen = BPFL_BUF_INIT };

	/* Pins first: what is pinned belongs to its directory, whoever else holds it. */
	bpfl_file_each_line(AT_FDCWD, "/proc/self/mountinfo", look_at_mount, &mounts);
	bpfl_enter_list_dir(AT_FDCWD, "/proc", look_at_process, &walk);
	bpfl_buf_deinit(&mounts.seen);
	return walk.failed ? -ENOMEM : 0;
}
