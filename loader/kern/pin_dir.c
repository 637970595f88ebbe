/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kern/pin_dir.c: a directory of pins for one object: progs/, maps/, links/ (include/bpfload/pin.h).
 *
 * Programs and maps are pinned here, links in attach/pin.c. Taking a directory away needs no object: what is in
 * it is looked at first, all of it, and only when each file is a pin of the kind that its directory says
 * anything is removed. The kernel lets go of what a pin held some milliseconds after the file has gone; that is
 * waited for, so that nothing runs any more when the call returns.
 */
#include "kern/pin.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "sys/bpf.h"
#include "sys/enter.h"

/* In the order of removing: what is attached must not outlive what it uses. */
static const struct {
	const char *name, *kind;
} subdirs[] = { { "links", "link" }, { "progs", "prog" }, { "maps", "map" } };

#define NR_SUBDIRS (sizeof(subdirs) / sizeof(subdirs[0]))
#define NR_SAME_NAME_MAX 10000u
#define WAIT_LINK_MS 1000 /* for the kernel to let go of links; others may hold them */
#define WAIT_PROG_MS 300  /* and of their programs: only then they have run for the last time */
#define WAIT_STEP_MS 2

/* ---- pinning ---- */

int bpfl_pins_add(struct bpfl_pins *pins, int fd, const char *dir, const char *subdir, const char *name,
		  struct bpfl_error *err)
{
	char plain[BPFL_PIN_NAME_SIZE];
	int ret = -EEXIST;

	bpfl_pin_name(name, plain);
	/* Different names may look the same when they are made plain; and a program may have many links. */
	for (unsigned i = 1; ret == -EEXIST && i < NR_SAME_NAME_MAX; i++) {
		struct bpfl_buf path = BPFL_BUF_INIT;

		bpfl_buf_printf(&path, "%s/%s/%s", dir, subdir, plain);
		if (i > 1)
			bpfl_buf_printf(&path, "-%u", i);
		ret = bpfl_buf_ok(&path) ? bpfl_pins_pin(pins, fd, path.data, err) : bpfl_error_nomem(err);
		bpfl_buf_deinit(&path);
	}
	if (ret == -EEXIST)
		bpfl_error_set(err, BPFL_ERR_SYSTEM, EEXIST, "pinning '%s' in '%s/%s': the name is taken", plain,
			       BPFL_ESC(dir), subdir);
	return ret;
}

static int found_one(void *ctx, const char *name)
{
	(void)ctx;
	(void)name;
	return 1;
}

int bpfl_pin_dir_check(const char *dir, struct bpfl_error *err)
{
	int ret = bpfl_bpffs_check(dir, NULL, err);

	if (ret == 0 && bpfl_enter_list_dir(AT_FDCWD, dir, found_one, NULL) > 0) {
		ret = bpfl_error_set(err, BPFL_ERR_TARGET, EEXIST, "'%s' is not empty", BPFL_ESC(dir));
		bpfl_error_why(err, "a directory of pins belongs to one object");
		bpfl_error_fix(err, "name another, or remove what is pinned there: bpfload unload %s\n"
				    "to put a new version in the place of what runs: --update", BPFL_ESC(dir));
	}
	return ret;
}

int bpfl_pins_begin(struct bpfl_pins *pins, const char *dir, struct bpfl_error *err)
{
	int ret = bpfl_pin_dir_check(dir, err);

	if (ret == 0)
		ret = bpfl_pins_make_dir(pins, dir, BPFL_PIN_PARENT_MODE, err);
	for (size_t i = NR_SUBDIRS; ret == 0 && i > 0; i--) {
		struct bpfl_buf path = BPFL_BUF_INIT;

		bpfl_buf_printf(&path, "%s/%s", dir, subdirs[i - 1].name);
		ret = bpfl_buf_ok(&path) ? bpfl_pins_make_dir(pins, path.data, 0700, err) : bpfl_error_nomem(err);
		bpfl_buf_deinit(&path);
	}
	return ret;
}

/*
 * A data section is known by the object: ".bss" of two objects are two things. ".data.mine" has a name of
 * its own (GLB-03).
 */
static int map_pin(struct bpfl_pins *pins, const struct bpfl_object *object, size_t map_idx, const char *dir,
		   struct bpfl_error *err)
{
	const struct bpfl_spec *spec = object->image->spec;
	const struct bpfl_map_spec *map = &spec->maps.items[map_idx];
	bool is_section = map->name[0] == '.' && !strchr(map->name + 1, '.');
	struct bpfl_buf name = BPFL_BUF_INIT;
	int ret;

	bpfl_buf_printf(&name, "%s%s", is_section && spec->name ? spec->name : "", map->name);
	ret = bpfl_buf_ok(&name) ? bpfl_pins_add(pins, object->maps[map_idx].fd, dir, "maps", name.data, err)
				 : bpfl_error_nomem(err);
	bpfl_buf_deinit(&name);
	if (ret < 0)
		bpfl_error_prefix(err, "map '%s'", BPFL_ESC(map->name));
	return ret;
}

int bpfl_pins_add_object(struct bpfl_pins *pins, const struct bpfl_object *object, const char *dir,
			 struct bpfl_error *err)
{
	const struct bpfl_spec *spec = object->image->spec;
	int ret = 0;

	/* Those that were left out (--only, '?') are no fault (G-76). */
	for (size_t i = 0; ret == 0 && i < spec->progs.nr; i++) {
		if (object->progs[i].fd >= 0)
			ret = bpfl_pins_add(pins, object->progs[i].fd, dir, "progs", spec->progs.items[i].name, err);
	}
	for (size_t i = 0; ret == 0 && i < spec->maps.nr; i++) {
		if (object->maps[i].fd >= 0)
			ret = map_pin(pins, object, i, dir, err);
	}
	return ret;
}

/* ---- removing ---- */

struct pinned_link {
	uint32_t id, prog_id;
};

struct removal {
	const char *dir;
	size_t subdir; /* being looked through */
	bool found[NR_SUBDIRS];
	BPFL_VEC(char *) paths;
	BPFL_VEC(struct pinned_link) links;
	struct bpfl_error *err;
};

static int refuse_layout(const struct removal *removal, const char *name, const char *what)
{
	bpfl_error_set(removal->err, BPFL_ERR_TARGET, ENOTEMPTY, "'%s' is no directory of 'bpfload load --pin'",
		       BPFL_ESC(removal->dir));
	bpfl_error_why(removal->err, "'%s' in it is %s", BPFL_ESC(name), what);
	bpfl_error_fix(removal->err, "nothing was removed; remove by hand what is not needed: rm, rmdir");
	return -ENOTEMPTY;
}

static int look_at_subdir(void *ctx, const char *name)
{
	struct removal *removal = ctx;

	for (size_t i = 0; i < NR_SUBDIRS; i++) {
		if (strcmp(subdirs[i].name, name) == 0) {
			removal->found[i] = true;
			return 0;
		}
	}
	return refuse_layout(removal, name, "neither progs, maps nor links");
}

static int link_add(struct removal *removal, int fd)
{
	struct { uint32_t type, id, prog_id, pad; } info = { 0 };
	uint32_t info_size = sizeof(info);
	struct pinned_link *link;

	if (bpfl_sys_obj_info(fd, &info, &info_size) < 0)
		return 0;
	link = BPFL_VEC_PUSH(&removal->links);
	if (!link)
		return bpfl_error_nomem(removal->err);
	*link = (struct pinned_link){ info.id, info.prog_id };
	return 0;
}

static int look_at_pin(void *ctx, const char *name)
{
	struct removal *removal = ctx;
	struct bpfl_buf path = BPFL_BUF_INIT;
	const char *kind;
	char **item;
	int fd, ret = 0;

	bpfl_buf_printf(&path, "%s/%s/%s", removal->dir, subdirs[removal->subdir].name, name);
	item = BPFL_VEC_PUSH(&removal->paths);
	if (!bpfl_buf_ok(&path) || !item) {
		bpfl_buf_deinit(&path);
		return bpfl_error_nomem(removal->err);
	}
	*item = bpfl_buf_take(&path);
	fd = bpfl_sys_obj_get(*item, 0);
	if (fd == -EPERM) {
		bpfl_error_set(removal->err, BPFL_ERR_PERMISSION, EPERM, "opening the pin '%s': %s", BPFL_ESC(*item),
			       bpfl_errno_text(EPERM));
		return -EPERM;
	}
	kind = fd >= 0 ? bpfl_pin_kind(fd) : "?";
	if (kind[0] && strcmp(kind, subdirs[removal->subdir].kind) != 0)
		ret = refuse_layout(removal, *item, "not what belongs there");
	else if (strcmp(kind, "link") == 0)
		ret = link_add(removal, fd);
	bpfl_enter_close(fd);
	return ret;
}

static char *subdir_path(const struct removal *removal, size_t subdir)
{
	struct bpfl_buf path = BPFL_BUF_INIT;

	bpfl_buf_printf(&path, "%s/%s", removal->dir, subdirs[subdir].name);
	return bpfl_buf_take(&path);
}

/* Fills paths; nothing is removed yet. */
static int look_through(struct removal *removal)
{
	int ret = bpfl_enter_list_dir(AT_FDCWD, removal->dir, look_at_subdir, removal);
	bool any = false;

	if (ret < 0 && ret != -ENOTEMPTY)
		bpfl_error_set(removal->err, ret == -EACCES ? BPFL_ERR_PERMISSION : BPFL_ERR_TARGET, -ret, "'%s': %s",
			       BPFL_ESC(removal->dir), bpfl_errno_text(-ret));
	for (size_t i = 0; ret == 0 && i < NR_SUBDIRS; i++) {
		char *path = removal->found[i] ? subdir_path(removal, i) : NULL;

		any = any || removal->found[i];
		if (!removal->found[i])
			continue;
		if (!path)
			return bpfl_error_nomem(removal->err);
		removal->subdir = i;
		ret = bpfl_enter_list_dir(AT_FDCWD, path, look_at_pin, removal);
		if (ret == -ENOTDIR)
			ret = refuse_layout(removal, path, "no directory");
		free(path);
		if (ret < 0 && removal->err && removal->err->errnum == 0)
			bpfl_error_set(removal->err, BPFL_ERR_SYSTEM, -ret, "'%s': %s", BPFL_ESC(removal->dir),
				       bpfl_errno_text(-ret));
	}
	return ret == 0 && !any ? refuse_layout(removal, "progs", "missing, as are maps and links") : ret;
}

static int remove_one(const struct removal *removal, const char *path, int flags)
{
	int ret = bpfl_enter_unlinkat(AT_FDCWD, path, flags);

	if (ret == 0 || ret == -ENOENT)
		return 0;
	return bpfl_error_set(removal->err, ret == -EACCES || ret == -EPERM ? BPFL_ERR_PERMISSION : BPFL_ERR_SYSTEM,
			      -ret, "removing '%s': %s", BPFL_ESC(path), bpfl_errno_text(-ret));
}

static int remove_all(const struct removal *removal)
{
	int ret = 0;

	for (size_t i = 0; ret == 0 && i < removal->paths.nr; i++)
		ret = remove_one(removal, removal->paths.items[i], 0);
	for (size_t i = 0; ret == 0 && i < NR_SUBDIRS; i++) {
		char *path = removal->found[i] ? subdir_path(removal, i) : NULL;

		if (path)
			ret = remove_one(removal, path, AT_REMOVEDIR);
		free(path);
	}
	return ret == 0 ? remove_one(removal, removal->dir, AT_REMOVEDIR) : ret;
}

static bool is_ours(const char *dir)
{
	int fd = bpfl_enter_openat(AT_FDCWD, dir, O_RDONLY | O_DIRECTORY, 0);
	struct stat stat = { 0 };
	bool ours = fd >= 0 && bpfl_enter_fstat(fd, &stat) == 0 && (stat.st_mode & 07777) == BPFL_PIN_PARENT_MODE;

	bpfl_enter_close(fd);
	return ours;
}

/* Upwards from what was removed, as long as they are empty; a mount is in use, and ends it. */
static void remove_parents(const char *dir)
{
	char *path = bpfl_strdup(dir), *slash;

	while (path && path[0] && path[strlen(path) - 1] == '/')
		path[strlen(path) - 1] = '\0';
	while (path && (slash = strrchr(path, '/')) && slash != path) {
		*slash = '\0';
		if (!is_ours(path) || bpfl_enter_unlinkat(AT_FDCWD, path, AT_REMOVEDIR) < 0)
			break;
	}
	free(path);
}

/* False when it is still there when the time is over. */
static bool wait_until_gone(enum bpfl_cmd open, uint32_t id, int *left_ms)
{
	for (;;) {
		int fd = bpfl_sys_fd_by_id(open, id);

		bpfl_enter_close(fd);
		if (fd < 0)
			return true;
		if (*left_ms <= 0)
			return false;
		bpfl_enter_poll(NULL, 0, WAIT_STEP_MS);
		*left_ms -= WAIT_STEP_MS;
	}
}

static void wait_for_links(const struct removal *removal, const struct bpfl_log *log)
{
	int links_ms = WAIT_LINK_MS, progs_ms = WAIT_PROG_MS;

	for (size_t i = 0; i < removal->links.nr; i++) {
		const struct pinned_link *link = &removal->links.items[i];

		if (!wait_until_gone(BPFL_CMD_LINK_GET_FD_BY_ID, link->id, &links_ms))
			bpfl_log_line(log, BPFL_LOG_WARN,
				      "link %u has another pin or is held by a process: its program stays attached",
				      link->id);
		else if (link->prog_id)
			wait_until_gone(BPFL_CMD_PROG_GET_FD_BY_ID, link->prog_id, &progs_ms);
	}
}

static int pins_remove(const char *dir, bool waits, const struct bpfl_log *log, size_t *ret_nr_pins,
		       struct bpfl_error *err)
{
	struct bpfl_error own = BPFL_ERROR_INIT;
	struct removal removal = { .dir = dir, .err = err ? err : &own };
	int ret;

	bpfl_error_clear(removal.err);
	ret = bpfl_bpffs_check(dir, NULL, removal.err);
	if (ret == 0)
		ret = look_through(&removal);
	if (ret == 0)
		ret = remove_all(&removal);
	if (ret == 0 && waits)
		remove_parents(dir);
	if (ret == 0 && waits)
		wait_for_links(&removal, log);
	if (ret == 0 && ret_nr_pins)
		*ret_nr_pins = removal.paths.nr;
	for (size_t i = 0; i < removal.paths.nr; i++)
		free(removal.paths.items[i]);
	free(removal.paths.items);
	free(removal.links.items);
	bpfl_error_clear(&own);
	return ret;
}

int bpfl_pins_remove(const char *dir, const struct bpfl_log *log, size_t *ret_nr_pins, struct bpfl_error *err)
{
	return pins_remove(dir, true, log, ret_nr_pins, err);
}

int bpfl_pins_remove_old(const char *dir, struct bpfl_error *err)
{
	return pins_remove(dir, false, NULL, NULL, err);
}
