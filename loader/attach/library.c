/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * attach/library.c: see attach/library.h.
 *
 * The program's libraries are walked breadth first, as the dynamic linker loads them. Each is looked for in the
 * directories of the file that needs it: DT_RUNPATH, or, where there is none, DT_RPATH and then that of whoever
 * needed the file, up to the program. $ORIGIN is the directory that the file is in, $LIB the usual name of a
 * library directory, of which there are several.
 */
#include "attach/library.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "attach/binary.h"
#include "base/text.h"
#include "sys/enter.h"

#define PATH_SIZE 4096
#define NR_FILES_MAX 512u

struct file {
	char *name, *path;
	struct bpfl_user_needs needs;
	size_t parent; /* index; its own for the program */
};

struct walk {
	BPFL_VEC(struct file) files; /* [0] is the program */
	uint16_t machine;
	const char *wanted;
	struct bpfl_near near;
};

static bool is_wanted(const char *name, const char *wanted)
{
	size_t len = strlen(wanted);

	return strncmp(name, wanted, len) == 0 &&
	       (name[len] == '\0' || (name[len] == '.' && len > 3 && strcmp(wanted + len - 3, ".so") == 0));
}

size_t bpfl_library_prefix(const char *text)
{
	size_t len = strcspn(text, ":");
	const char *so = NULL;

	/* "std::x" has no such name in front; neither has "a.so::x", whatever that is. */
	for (size_t i = 0; i + 3 <= len; i++) {
		if (strncmp(text + i, ".so", 3) == 0 && (i + 3 == len || text[i + 3] == '.'))
			so = text + i;
	}
	return so && so > text && text[len] == ':' && text[len + 1] && text[len + 1] != ':' && !memchr(text, '/', len)
		       ? len
		       : 0;
}

/* ---- directories ---- */

/*
 * One directory of a list, with $ORIGIN and $LIB put in. lib: what $LIB is this time. False when it is too
 * long, or has another "$".
 */
static bool expand(const char *dir, size_t dir_len, const char *path, const char *lib, char *out, size_t out_size)
{
	const char *slash = strrchr(path, '/');
	size_t used = 0;

	for (size_t i = 0; i < dir_len && used + 1 < out_size;) {
		static const struct { const char *text; bool is_origin; } words[] = {
			{ "$ORIGIN", true }, { "${ORIGIN}", true }, { "$LIB", false }, { "${LIB}", false },
		};
		size_t w = 0;

		if (dir[i] != '$') {
			out[used++] = dir[i++];
			continue;
		}
		while (w < 4 && (strlen(words[w].text) > dir_len - i ||
				 strncmp(dir + i, words[w].text, strlen(words[w].text)) != 0))
			w++;
		if (w == 4)
			return false;
		used += (size_t)snprintf(out + used, out_size - used, "%.*s",
					 words[w].is_origin ? (int)(slash ? slash - path : 1) : (int)strlen(lib),
					 words[w].is_origin ? slash ? path : "." : lib);
		i += strlen(words[w].text);
	}
	if (used + 1 >= out_size)
		return false;
	out[used] = '\0';
	return used > 0;
}

/* The library there, if it is one for this machine. *ret_path: of malloc, NULL none. -ENOMEM. */
static int try_file(const struct walk *walk, const char *dir, const char *name, char **ret_path)
{
	struct bpfl_user_elf *elf = NULL;
	char path[PATH_SIZE];

	if (snprintf(path, sizeof(path), "%s/%s", dir, name) >= PATH_SIZE || bpfl_user_open(path, &elf, NULL) < 0)
		return 0;
	if (elf->machine == walk->machine)
		*ret_path = bpfl_strdup(path);
	else
		path[0] = '\0';
	bpfl_user_close(elf);
	return path[0] && !*ret_path ? -ENOMEM : 0;
}

static int try_list(const struct walk *walk, const struct file *file, const char *dirs, const char *name,
		    char **ret_path)
{
	static const char *const libs[] = { "lib64", "lib" };
	int ret = 0;

	while (dirs && *dirs && !*ret_path && ret == 0) {
		size_t len = strcspn(dirs, ":");

		for (size_t i = 0; i < 2 && !*ret_path && ret == 0; i++) {
			char dir[PATH_SIZE];

			if (expand(dirs, len, file->path, libs[i], dir, sizeof(dir)))
				ret = try_file(walk, dir, name, ret_path);
		}
		dirs += len + (dirs[len] == ':');
	}
	return ret;
}

/* Where a library that a file needs is. NULL in *ret_path: nowhere. */
static int resolve(const struct walk *walk, size_t file_idx, const char *name, char **ret_path)
{
	const struct file *file = &walk->files.items[file_idx];
	int ret = 0;

	*ret_path = NULL;
	if (strchr(name, '/')) {
		*ret_path = bpfl_strdup(name);
		return *ret_path ? 0 : -ENOMEM;
	}
	if (file->needs.runpath)
		ret = try_list(walk, file, file->needs.runpath, name, ret_path);
	for (size_t i = file_idx; !file->needs.runpath && !*ret_path && ret == 0; i = walk->files.items[i].parent) {
		const struct file *above = &walk->files.items[i];

		if (!above->needs.runpath)
			ret = try_list(walk, above, above->needs.rpath, name, ret_path);
		if (i == 0)
			break;
	}
	if (ret == 0 && !*ret_path)
		ret = bpfl_binary_find(name, 0, ret_path, NULL) == -ENOMEM ? -ENOMEM : 0;
	return ret;
}

/* ---- the walk ---- */

static bool is_known(const struct walk *walk, const char *name)
{
	for (size_t i = 1; i < walk->files.nr; i++) {
		if (strcmp(walk->files.items[i].name, name) == 0)
			return true;
	}
	return false;
}

/* Takes path over. elf: NULL to be opened. */
static int add_file(struct walk *walk, const char *name, char *path, size_t parent, const struct bpfl_user_elf *elf)
{
	struct bpfl_user_elf *opened = NULL;
	struct file *file = path ? BPFL_VEC_PUSH(&walk->files) : NULL;

	if (!file) {
		free(path);
		return -ENOMEM;
	}
	file->path = path;
	file->parent = parent;
	file->name = bpfl_strdup(name);
	if (!file->name)
		return -ENOMEM;
	if (!elf && bpfl_user_open(path, &opened, NULL) < 0)
		return 0; /* then it needs nothing */
	if (bpfl_user_needs_read(elf ? elf : opened, &file->needs, NULL) == -ENOMEM) {
		bpfl_user_close(opened);
		return -ENOMEM;
	}
	bpfl_user_close(opened);
	return 0;
}

/* All that a file needs. 1 and the path when the wanted one is among it. */
static int take_file(struct walk *walk, size_t file_idx, char **ret_path)
{
	for (size_t i = 0; i < walk->files.items[file_idx].needs.nr && walk->files.nr < NR_FILES_MAX; i++) {
		const char *name = walk->files.items[file_idx].needs.names[i];
		char *path;
		int ret;

		if (is_known(walk, name))
			continue;
		bpfl_near_offer(&walk->near, name);
		ret = resolve(walk, file_idx, name, &path);
		if (ret < 0)
			return ret;
		if (path && is_wanted(name, walk->wanted)) {
			*ret_path = path;
			return 1;
		}
		if (path && (ret = add_file(walk, name, path, file_idx, NULL)) < 0)
			return ret;
	}
	return 0;
}

/* Links followed, as the dynamic linker does with the program; else as given. */
static char *real_path(const struct bpfl_user_elf *elf)
{
	char link[64], path[PATH_SIZE];

	snprintf(link, sizeof(link), "/proc/self/fd/%d", elf->fd);
	return bpfl_strdup(bpfl_enter_readlink(link, path, sizeof(path)) == 0 && path[0] == '/' ? path : elf->path);
}

/* E23 */
static int refuse(const struct walk *walk, const struct bpfl_user_elf *program, struct bpfl_error *err)
{
	struct bpfl_buf list = BPFL_BUF_INIT;
	char names[512];

	for (size_t i = 1; i < walk->files.nr; i++)
		bpfl_buf_printf(&list, "%s%s", i > 1 ? ", " : "", BPFL_ESC(walk->files.items[i].name));
	bpfl_error_set(err, BPFL_ERR_TARGET, ENOENT, "'%s' uses no library '%s'", BPFL_ESC(program->path),
		       BPFL_ESC(walk->wanted));
	bpfl_error_catalogue(err, 23);
	bpfl_error_why(err, "its libraries: %s", list.size ? list.data : "none, it is linked statically");
	if (walk->near.nr > 0)
		bpfl_error_fix(err, "did you mean %s?", bpfl_near_text(&walk->near, names, sizeof(names)));
	else
		bpfl_error_fix(err,
			       "one that it loads while it runs is found with pid=N, by its name alone: "
			       "%s:FUNCTION,pid=N",
			       BPFL_ESC(walk->wanted));
	bpfl_buf_deinit(&list);
	return -ENOENT;
}

int bpfl_library_of(const struct bpfl_user_elf *program, const char *name, char **ret_path, struct bpfl_error *err)
{
	struct walk walk = { .wanted = name, .machine = program->machine };
	int ret;

	bpfl_near_init(&walk.near, name);
	ret = add_file(&walk, "", real_path(program), 0, program);
	for (size_t i = 0; ret == 0 && i < walk.files.nr; i++)
		ret = take_file(&walk, i, ret_path);
	if (ret == 0)
		ret = refuse(&walk, program, err);
	else if (ret == -ENOMEM)
		bpfl_error_nomem(err);
	for (size_t i = 0; i < walk.files.nr; i++) {
		free(walk.files.items[i].name);
		free(walk.files.items[i].path);
		bpfl_user_needs_deinit(&walk.files.items[i].needs);
	}
	free(walk.files.items);
	return ret < 0 ? ret : 0;
}
