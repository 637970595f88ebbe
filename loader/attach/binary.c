/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * attach/binary.c: see attach/binary.h.
 *
 * A library is found as the dynamic linker finds it: in LD_LIBRARY_PATH, in ld.so.cache, and in the default
 * directories (musl has no cache). A machine may have libraries of several architectures under one name; the
 * one for programs like this one is taken, another if there is no such.
 * A program is found as a shell finds it. The file of another process is reached through /proc/PID/root: that
 * follows its mount namespace, however its paths look from here.
 */
#include "attach/binary.h"
#include "attach/mapped.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "elf/ldcache.h"
#include "elf/user.h"
#include "sys/enter.h"
#include "sys/file.h"

#define CACHE_SIZE_MAX (64u << 20)
#define PATH_SIZE 4096
#define ROOT_SIZE 32

#if defined(__x86_64__)
#define MULTIARCH "x86_64-linux-gnu"
#elif defined(__aarch64__)
#define MULTIARCH "aarch64-linux-gnu"
#elif defined(__s390x__)
#define MULTIARCH "s390x-linux-gnu"
#elif defined(__riscv) && __riscv_xlen == 64
#define MULTIARCH "riscv64-linux-gnu"
#elif defined(__powerpc64__) && defined(__LITTLE_ENDIAN__)
#define MULTIARCH "powerpc64le-linux-gnu"
#elif defined(__i386__)
#define MULTIARCH "i386-linux-gnu"
#elif defined(__arm__)
#define MULTIARCH "arm-linux-gnueabihf"
#else
#define MULTIARCH "." /* the directory itself once more */
#endif

static const char *const library_dirs[] = {
	"/lib/" MULTIARCH, "/usr/lib/" MULTIARCH, "/lib64", "/usr/lib64", "/lib", "/usr/lib", "/usr/local/lib",
};
#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

struct search {
	const char *name;
	char root[ROOT_SIZE]; /* "" or "/proc/17/root" */
	uint16_t machine;     /* what this program runs on; 0 unknown */
	bool any_version;     /* "libssl.so" takes libssl.so.3 */
	char path[PATH_SIZE]; /* found; "" not yet */
	bool is_native;	      /* the best there is */
	const char *own_dirs; /* LD_LIBRARY_PATH of this process; "" when another root is searched */
	struct bpfl_near near;
};

/* ---- candidates ---- */

/* Takes the file if it is an ELF file, and there is no better one. */
static void try_path(struct search *search, const char *dir, const char *name)
{
	struct bpfl_user_elf *elf = NULL;
	char path[PATH_SIZE];
	bool is_native;

	if (search->is_native || !*dir ||
	    snprintf(path, sizeof(path), "%s%s%s%s", search->root, dir, *name ? "/" : "", name) >= PATH_SIZE ||
	    bpfl_user_open(path, &elf, NULL) < 0)
		return;
	is_native = search->machine == 0 || elf->machine == search->machine;
	if (is_native || !search->path[0]) {
		strcpy(search->path, path);
		search->is_native = is_native;
	}
	bpfl_user_close(elf);
}

/* ---- libraries ---- */

/* "libssl.so" -> "libssl.so.3" */
static bool is_version_of(const char *file, const char *name)
{
	size_t len = strlen(name);

	return strncmp(file, name, len) == 0 && file[len] == '.';
}

static int try_cached(void *ctx, const char *name, const char *path)
{
	struct search *search = ctx;

	bpfl_near_offer(&search->near, name);
	if (strcmp(name, search->name) == 0 || (search->any_version && is_version_of(name, search->name)))
		try_path(search, path, "");
	return 0;
}

struct listing {
	struct search *search;
	const char *dir;
};

static int try_listed(void *ctx, const char *name)
{
	struct listing *listing = ctx;

	if (is_version_of(name, listing->search->name))
		try_path(listing->search, listing->dir, name);
	return 0;
}

static void try_dir(struct search *search, const char *dir)
{
	struct listing listing = { search, dir };
	char path[PATH_SIZE];

	try_path(search, dir, search->name);
	if (search->any_version && snprintf(path, sizeof(path), "%s%s", search->root, dir) < PATH_SIZE)
		bpfl_enter_list_dir(AT_FDCWD, path, try_listed, &listing);
}

static void try_dirs(struct search *search)
{
	for (size_t i = 0; i < sizeof(library_dirs) / sizeof(library_dirs[0]); i++)
		try_dir(search, library_dirs[i]);
}

/* The dynamic linker asks these before all others. */
static void try_own_dirs(struct search *search)
{
	const char *dirs = search->own_dirs;

	while (*dirs) {
		size_t len = strcspn(dirs, ":;");
		char dir[PATH_SIZE];

		if (len > 0 && len < sizeof(dir)) {
			snprintf(dir, sizeof(dir), "%.*s", (int)len, dirs);
			try_dir(search, dir);
		}
		dirs += len + (dirs[len] != '\0');
	}
}
/*
 * What the process has mapped is what it uses, wherever it found it: by DT_RUNPATH, LD_LIBRARY_PATH, or
 * dlopen() of a path.
 */
static int take_mapped(void *ctx, struct bpfl_user_elf *elf)
{
	struct search *search = ctx;
	const char *slash = strrchr(elf->path, '/'), *name = slash ? slash + 1 : elf->path;

	bpfl_near_offer(&search->near, name);
	if (!search->path[0] && strlen(elf->path) < PATH_SIZE &&
	    (strcmp(name, search->name) == 0 || is_version_of(name, search->name)))
		strcpy(search->path, elf->path);
	bpfl_user_close(elf);
	return 0;
}

static void find_library(struct search *search)
{
	struct bpfl_buf cache = BPFL_BUF_INIT;
	char path[ROOT_SIZE + 32];

	snprintf(path, sizeof(path), "%s/etc/ld.so.cache", search->root);
	if (bpfl_file_read_virtual(AT_FDCWD, path, CACHE_SIZE_MAX, &cache) < 0)
		cache.size = 0;
	for (int pass = 0; pass < 2 && !search->path[0]; pass++) {
		search->any_version = pass == 1;
		try_own_dirs(search);
		if (cache.size > 0 && !search->path[0])
			bpfl_ldcache_each(cache.data, cache.size, try_cached, search);
		if (!search->path[0])
			try_dirs(search);
	}
	bpfl_buf_deinit(&cache);
}

/* ---- programs ---- */

static int offer_name(void *ctx, const char *name)
{
	bpfl_near_offer(ctx, name);
	return 0;
}

/* Names like the one that is not there, from all directories. */
static void offer_programs(struct search *search, const char *dirs)
{
	while (*dirs) {
		size_t len = strcspn(dirs, ":");
		char dir[PATH_SIZE];

		if (len > 0 && snprintf(dir, sizeof(dir), "%s%.*s", search->root, (int)len, dirs) < PATH_SIZE)
			bpfl_enter_list_dir(AT_FDCWD, dir, offer_name, &search->near);
		dirs += len + (dirs[len] == ':');
	}
}

static void find_program(struct search *search, const char *dirs)
{
	while (*dirs && !search->path[0]) {
		size_t len = strcspn(dirs, ":");
		char dir[PATH_SIZE];

		if (len > 0 && len < sizeof(dir)) {
			snprintf(dir, sizeof(dir), "%.*s", (int)len, dirs);
			try_path(search, dir, search->name);
		}
		dirs += len + (dirs[len] == ':');
	}
}

/* ---- the answer ---- */

static int refuse(struct search *search, bool is_library, const char *dirs, struct bpfl_error *err)
{
	char names[512];

	bpfl_error_set(err, BPFL_ERR_TARGET, ENOENT, "there is no %s '%s'", is_library ? "library" : "program",
		       BPFL_ESC(search->name));
	bpfl_error_catalogue(err, 23);
	if (is_library)
		bpfl_error_why(err, "looked in %s%s%s/etc/ld.so.cache and the usual directories (/lib, /usr/lib, ...)",
			       *search->own_dirs ? BPFL_ESC(search->own_dirs) : "",
			       *search->own_dirs ? " (LD_LIBRARY_PATH), " : "", search->root);
	else
		bpfl_error_why(err, "looked%s%s in %s", search->root[0] ? " below " : "", search->root, dirs);
	if (err && !is_library)
		offer_programs(search, dirs);
	if (search->near.nr > 0)
		bpfl_error_fix(err, "did you mean %s?", bpfl_near_text(&search->near, names, sizeof(names)));
	else
		bpfl_error_fix(err, "write the whole path");
	return -ENOENT;
}

static uint16_t own_machine(void)
{
	struct bpfl_user_elf *self = NULL;
	uint16_t machine;

	if (bpfl_user_open("/proc/self/exe", &self, NULL) < 0)
		return 0;
	machine = self->machine;
	bpfl_user_close(self);
	return machine;
}

/* A path, or "exe": nothing has to be searched. */
static int direct_path(const char *name, int pid, char *out, size_t out_size)
{
	if (pid > 0 && strcmp(name, "exe") == 0)
		return snprintf(out, out_size, "/proc/%d/exe", pid);
	if (pid > 0 && bpfl_text_has_prefix(name, "/proc/"))
		return snprintf(out, out_size, "%s", name);
	if (pid > 0)
		return snprintf(out, out_size, "/proc/%d/%s%s%s", pid, name[0] == '/' ? "root" : "cwd",
				name[0] == '/' ? "" : "/", name);
	return snprintf(out, out_size, "%s", name);
}

int bpfl_process_check(int pid, struct bpfl_error *err)
{
	char path[ROOT_SIZE];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	fd = bpfl_enter_openat(AT_FDCWD, path, O_PATH, 0);
	if (fd >= 0) {
		bpfl_enter_close(fd);
		return 0;
	}
	bpfl_error_set(err, BPFL_ERR_TARGET, ESRCH, "there is no process %d", pid);
	bpfl_error_catalogue(err, 27);
	bpfl_error_why(err, "%s: %s", path, bpfl_errno_text(-fd));
	bpfl_error_fix(err, "ps -e lists the processes; pid= counts as in this pid namespace");
	return -ESRCH;
}

int bpfl_binary_find(const char *name, int pid, char **ret_path, struct bpfl_error *err)
{
	struct search search = { .name = name, .own_dirs = "" };
	const char *dirs = getenv("PATH"), *own_dirs = getenv("LD_LIBRARY_PATH");
	bool is_library = strstr(name, ".so") != NULL;
	int ret = pid > 0 ? bpfl_process_check(pid, err) : 0;

	if (ret < 0)
		return ret;
	if (pid > 0 || !dirs || !*dirs)
		dirs = DEFAULT_PATH; /* the PATH of this process says nothing about another root */
	if (strchr(name, '/') || (pid > 0 && strcmp(name, "exe") == 0)) {
		if (direct_path(name, pid, search.path, sizeof(search.path)) >= PATH_SIZE)
			return bpfl_error_set(err, BPFL_ERR_USAGE, ENAMETOOLONG, "'%s' is too long a path",
					      BPFL_ESC(name));
	} else {
		if (pid > 0)
			snprintf(search.root, sizeof(search.root), "/proc/%d/root", pid);
		else if (own_dirs)
			search.own_dirs = own_dirs;
		search.machine = own_machine();
		bpfl_near_init(&search.near, name);
		if (is_library && pid > 0)
			bpfl_mapped_each(pid, take_mapped, &search, NULL);
		if (is_library && !search.path[0])
			find_library(&search);
		else
			find_program(&search, dirs);
		if (!search.path[0])
			return refuse(&search, is_library, dirs, err);
	}
	*ret_path = bpfl_strdup(search.path);
	return *ret_path ? 0 : bpfl_error_nomem(err);
}

void bpfl_binary_near(const char *path, struct bpfl_error *err)
{
	const char *slash = strrchr(path, '/');
	struct bpfl_near near;
	char dir[PATH_SIZE], names[512];

	if (!err || !slash || !slash[1] ||
	    snprintf(dir, sizeof(dir), "%.*s", slash > path ? (int)(slash - path) : 1, path) >= PATH_SIZE)
		return;
	bpfl_near_init(&near, slash + 1);
	if (bpfl_enter_list_dir(AT_FDCWD, dir, offer_name, &near) == -ENOENT)
		bpfl_error_why(err, "there is no directory '%s'", BPFL_ESC(dir));
	else if (near.nr > 0)
		bpfl_error_fix(err, "names like it in '%s': %s", BPFL_ESC(dir),
			       bpfl_near_text(&near, names, sizeof(names)));
}
