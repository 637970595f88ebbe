/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kern/pin.c: making and removing what lies in a bpffs. See kern/pin.h.
 *
 * A pin is a reference with a name. bpf(2) makes one only in a bpffs (EPERM elsewhere, which says nothing), so
 * the file system is looked at before anything is loaded. Nothing is ever mounted here: a mount would change
 * the user's system behind his back.
 */
#include "kern/pin.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "sys/bpf.h"
#include "sys/enter.h"
#include "sys/file.h"

#define FDINFO_SIZE_MAX 65536

/* ---- names ---- */

static bool is_plain(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

char *bpfl_pin_name(const char *name, char out[BPFL_PIN_NAME_SIZE])
{
	size_t size = strnlen(name, BPFL_PIN_NAME_SIZE - 1);

	for (size_t i = 0; i < size; i++)
		out[i] = is_plain(name[i]) ? name[i] : '_';
	out[size] = '\0';
	if (size == 0)
		strcpy(out, "_");
	return out;
}

/* ---- the file system ---- */

/* What statfs says of the longest part of path that exists, which is then in part. 0 or -errno. */
static int statfs_nearest(char *part, long *ret_fs_type)
{
	for (;;) {
		char *slash = strrchr(part, '/');
		int ret = bpfl_enter_statfs_type(part, ret_fs_type);

		if (ret != -ENOENT || strcmp(part, ".") == 0 || strcmp(part, "/") == 0)
			return ret;
		if (!slash)
			strcpy(part, ".");
		else if (slash == part)
			part[1] = '\0';
		else
			*slash = '\0';
	}
}

/* E22 */
static int no_bpffs(const char *path, const char *part, long fs_type, const char *fix, struct bpfl_error *err)
{
	bool is_usual = strncmp(path, BPFL_BPFFS_PATH, strlen(BPFL_BPFFS_PATH)) == 0;

	bpfl_error_set(err, BPFL_ERR_UNSUPPORTED, ENODEV, "'%s' is in no BPF file system", BPFL_ESC(path));
	bpfl_error_catalogue(err, 22);
	bpfl_error_why(err, "'%s' is on a file system of type 0x%lx, a bpffs has 0x%x", BPFL_ESC(part),
		       (unsigned long)fs_type, BPFL_BPFFS_MAGIC);
	if (is_usual)
		bpfl_error_fix(err, "mount -t bpf bpf %s", BPFL_BPFFS_PATH);
	else
		bpfl_error_fix(err, "name a directory below a mounted bpffs (%s), or make one: mount -t bpf bpf DIR",
			       BPFL_BPFFS_PATH);
	if (fix)
		bpfl_error_fix(err, "%s", fix);
	return -ENODEV;
}

/* A bpffs keeps names with a dot for itself: even looking for one is EPERM. True when that is what happened. */
static bool explain_dots(const char *path, int ret, struct bpfl_error *err)
{
	if (ret != -EPERM || !strchr(path, '.'))
		return false;
	bpfl_error_set(err, BPFL_ERR_USAGE, EPERM, "'%s' cannot be in a BPF file system", BPFL_ESC(path));
	bpfl_error_why(err, "a bpffs takes no dots in names");
	bpfl_error_fix(err, "use '_' or '-' instead");
	return true;
}

int bpfl_bpffs_check(const char *path, const char *fix, struct bpfl_error *err)
{
	char *part = bpfl_strdup(path[0] ? path : ".");
	long fs_type = 0;
	int ret;

	if (!part)
		return bpfl_error_nomem(err);
	ret = statfs_nearest(part, &fs_type);
	if (ret < 0 && !explain_dots(part, ret, err))
		bpfl_error_set(err, ret == -EACCES ? BPFL_ERR_PERMISSION : BPFL_ERR_SYSTEM, -ret, "'%s': %s",
			       BPFL_ESC(part), bpfl_errno_text(-ret));
	else if (ret == 0 && (uint32_t)fs_type != BPFL_BPFFS_MAGIC)
		ret = no_bpffs(path, part, fs_type, fix, err);
	free(part);
	return ret;
}

const char *bpfl_pin_kind(int fd)
{
	static const struct {
		const char *line, *kind;
	} kinds[] = { { "\nmap_type:", "map" }, { "\nprog_type:", "prog" }, { "\nlink_type:", "link" } };
	struct bpfl_buf text = BPFL_BUF_INIT;
	const char *kind = "";
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	if (bpfl_file_read_virtual(AT_FDCWD, path, FDINFO_SIZE_MAX, &text) < 0)
		return "";
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]) && !kind[0]; i++) {
		if (strstr(text.data, kinds[i].line))
			kind = kinds[i].kind;
	}
	bpfl_buf_deinit(&text);
	return kind;
}

/* ---- making ---- */

static int made_add(struct bpfl_pins *pins, const char *path, bool is_dir)
{
	struct bpfl_pin_made *made;
	char *copy = bpfl_strdup(path);

	made = copy ? BPFL_VEC_PUSH(&pins->made) : NULL;
	if (!made) {
		free(copy);
		return -ENOMEM;
	}
	made->path = copy;
	made->is_dir = is_dir;
	return 0;
}

/* One directory. 0 also when it is there. */
static int dir_make(struct bpfl_pins *pins, const char *path, unsigned mode, struct bpfl_error *err)
{
	int ret = bpfl_enter_mkdirat(AT_FDCWD, path, mode);

	if (ret == -EEXIST)
		return 0;
	if (ret < 0 && explain_dots(path, ret, err))
		return ret;
	if (ret < 0)
		return bpfl_error_set(err, ret == -EACCES || ret == -EPERM ? BPFL_ERR_PERMISSION : BPFL_ERR_SYSTEM,
				      -ret, "making the directory '%s': %s", BPFL_ESC(path), bpfl_errno_text(-ret));
	if (made_add(pins, path, true) < 0) {
		bpfl_enter_unlinkat(AT_FDCWD, path, AT_REMOVEDIR);
		return bpfl_error_nomem(err);
	}
	return 0;
}

int bpfl_pins_make_dir(struct bpfl_pins *pins, const char *path, unsigned parent_mode, struct bpfl_error *err)
{
	char *part = bpfl_strdup(path);
	int ret = 0;

	if (!part)
		return bpfl_error_nomem(err);
	/* mkdir(2) makes one level (G-77). */
	for (char *slash = part; ret == 0 && slash && (slash = strchr(slash + 1, '/'));) {
		*slash = '\0';
		ret = dir_make(pins, part, parent_mode, err);
		*slash = '/';
	}
	if (ret == 0 && part[0] && part[strlen(part) - 1] != '/')
		ret = dir_make(pins, part, 0700, err);
	free(part);
	return ret;
}

int bpfl_pins_pin(struct bpfl_pins *pins, int fd, const char *path, struct bpfl_error *err)
{
	int ret = bpfl_sys_obj_pin(fd, path);

	if (ret == -EEXIST)
		return ret;
	if (ret < 0) {
		bpfl_error_set(err, ret == -EACCES || ret == -EPERM ? BPFL_ERR_PERMISSION : BPFL_ERR_SYSTEM, -ret,
			       "pinning as '%s': %s", BPFL_ESC(path), bpfl_errno_text(-ret));
		if (ret == -EINVAL)
			bpfl_error_why(err, "links can be pinned since Linux 5.7, those of perf events since 5.15");
		return ret;
	}
	if (made_add(pins, path, false) < 0) {
		bpfl_enter_unlinkat(AT_FDCWD, path, 0);
		return bpfl_error_nomem(err);
	}
	return 0;
}

void bpfl_pins_deinit(struct bpfl_pins *pins)
{
	for (size_t i = 0; i < pins->made.nr; i++)
		free(pins->made.items[i].path);
	free(pins->made.items);
	memset(pins, 0, sizeof(*pins));
}

void bpfl_pins_undo(struct bpfl_pins *pins)
{
	for (size_t i = pins->made.nr; i > 0; i--) {
		const struct bpfl_pin_made *made = &pins->made.items[i - 1];

		bpfl_enter_unlinkat(AT_FDCWD, made->path, made->is_dir ? AT_REMOVEDIR : 0);
	}
	bpfl_pins_deinit(pins);
}

void bpfl_object_unpin(struct bpfl_object *object)
{
	if (object)
		bpfl_pins_undo(&object->pins);
}
