/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * image/modules: the types of kernel modules, read when the kernel itself has no type of a name.
 *
 * Every loaded module has BTF of its own since Linux 5.11. They are found by walking all BTF that the kernel
 * holds and keeping what is the kernel's (CORE-22). That costs some milliseconds on a machine with a hundred
 * modules and needs CAP_SYS_ADMIN, so nobody does it as long as vmlinux has a candidate (CORE-04, G-39). Who
 * may not do it can still read the same bytes in /sys/kernel/btf: enough to know what there is, but without the
 * numbers by which loading names a module.
 *
 * A BTF file that the user named stands for another kernel, and the running one's modules would not fit to it.
 * Modules of that kernel are files too: named one by one, or lying beside a file vmlinux in a directory.
 */
#include "image/modules.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "sys/enter.h"
#include "sys/file.h"

#define SYSFS_BTF_DIR "/sys/kernel/btf"

void bpfl_modules_destroy(struct bpfl_modules *modules)
{
	if (!modules)
		return;
	for (size_t i = 0; i < modules->list.nr; i++)
		bpfl_btf_destroy(modules->list.items[i].btf);
	free(modules->list.items);
	free(modules);
}

/*
 * A module that cannot be read, because it is being unloaded or its BTF is not understood, is as one that
 * is not there.
 */
static int module_add(struct bpfl_modules *modules, const struct bpfl_btf_loaded *loaded, const struct bpfl_btf *kernel)
{
	struct bpfl_module *module = BPFL_VEC_PUSH(&modules->list);

	if (!module)
		return -ENOMEM;
	module->loaded = *loaded;
	return bpfl_btf_loaded_read(loaded, kernel, &module->btf, NULL) == -ENOMEM ? -ENOMEM : 0;
}

static int modules_read(struct bpfl_modules *modules, const struct bpfl_btf *kernel)
{
	struct bpfl_btf_loaded loaded = { 0 };
	int result = bpfl_btf_loaded_next(0, &loaded);

	while (result == 0) {
		uint32_t id = loaded.id;

		if (loaded.is_kernel && strcmp(loaded.name, "vmlinux") != 0)
			result = module_add(modules, &loaded, kernel);
		if (result == 0)
			result = bpfl_btf_loaded_next(id, &loaded);
	}
	return result;
}

/* ---- files ---- */

/* "dir/nf_conntrack", "x/nf-conntrack.ko", "nf_conntrack.btf" -> "nf_conntrack", as the kernel calls it. */
static void name_set(struct bpfl_btf_loaded *loaded, const char *path)
{
	static const char *const endings[] = { ".debug", ".ko", ".btf" };
	const char *slash = strrchr(path, '/');
	size_t size;

	snprintf(loaded->name, sizeof(loaded->name), "%s", slash ? slash + 1 : path);
	for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
		size = strlen(loaded->name);
		if (size > strlen(endings[i]) && strcmp(loaded->name + size - strlen(endings[i]), endings[i]) == 0)
			loaded->name[size - strlen(endings[i])] = '\0';
	}
	for (char *c = loaded->name; *c != '\0'; c++)
		*c = *c == '-' ? '_' : *c;
}

static int file_add(struct bpfl_modules *modules, const char *path, const struct bpfl_btf *kernel,
		    struct bpfl_error *err)
{
	struct bpfl_module *module = BPFL_VEC_PUSH(&modules->list);

	if (!module)
		return bpfl_error_nomem(err);
	name_set(&module->loaded, path);
	module->loaded.is_kernel = true;
	module->loaded.id = BPFL_MODULE_ID_OF_FILE + (uint32_t)modules->list.nr;
	return bpfl_btf_read_file(path, kernel, &module->btf, err);
}

struct dir_reading {
	struct bpfl_modules *modules;
	const struct bpfl_btf *kernel;
	const char *dir;
	struct bpfl_error *err; /* NULL: what cannot be read is passed over */
};

static int dir_entry_add(void *ctx, const char *name)
{
	struct dir_reading *reading = ctx;
	struct bpfl_buf path = BPFL_BUF_INIT;
	int result;

	if (strcmp(name, "vmlinux") == 0)
		return 0;
	bpfl_buf_printf(&path, "%s/%s", reading->dir, name);
	result = bpfl_buf_ok(&path) ? file_add(reading->modules, path.data, reading->kernel, reading->err) : -ENOMEM;
	bpfl_buf_deinit(&path);
	if (result < 0 && result != -ENOMEM && !reading->err) {
		reading->modules->complete = false;
		return 0;
	}
	return result;
}

/* All modules of a directory like /sys/kernel/btf. -ENOENT, -ENOTDIR, ... without text when it is none. */
static int dir_read(struct bpfl_modules *modules, const char *dir, const struct bpfl_btf *kernel,
		    struct bpfl_error *err)
{
	struct dir_reading reading = { modules, kernel, dir, err };

	modules->complete = true;
	return bpfl_enter_list_dir(AT_FDCWD, dir, dir_entry_add, &reading);
}

/* ---- both ---- */

/*
 * A line of /proc/modules: a module that was built without types (or before Linux 5.11, when none had any)
 * is in none of the lists.
 */
static int loaded_look(void *ctx, char *line)
{
	struct bpfl_modules *modules = ctx;

	line[strcspn(line, " ")] = '\0';
	for (size_t i = 0; i < modules->list.nr; i++) {
		if (modules->list.items[i].btf && strcmp(modules->list.items[i].loaded.name, line) == 0)
			return 0;
	}
	modules->some_have_no_types = true;
	return 1;
}

static int running_read(struct bpfl_modules *modules, const struct bpfl_btf *kernel, struct bpfl_error *err)
{
	int result = modules_read(modules, kernel);

	modules->complete = result == -ENOENT; /* the end of the list */
	if (result == -EPERM && modules->list.nr == 0) {
		result = dir_read(modules, SYSFS_BTF_DIR, kernel, NULL);
		if (result < 0)
			modules->complete = false;
	}
	if (modules->complete) /* a kernel without modules has no such file */
		bpfl_file_each_line(AT_FDCWD, "/proc/modules", loaded_look, modules);
	return result == -ENOMEM ? bpfl_error_nomem(err) : 0;
}

static int described_read(struct bpfl_modules *modules, const struct bpfl_target *target, const struct bpfl_btf *kernel,
			  struct bpfl_error *err)
{
	int result = dir_read(modules, target->btf_path, kernel, err);

	if (result == -ENOTDIR) {
		result = 0;
		modules->complete = false;
	} else if (result < 0 && result != -ENOMEM && err && err->kind == BPFL_ERR_NONE) {
		return bpfl_error_set(err, BPFL_ERR_SYSTEM, -result, "listing '%s': %s", BPFL_ESC(target->btf_path),
				      bpfl_errno_text(-result));
	}
	for (size_t i = 0; i < target->nr_module_paths && result == 0; i++)
		result = file_add(modules, target->module_paths[i], kernel, err);
	return result == -ENOMEM ? bpfl_error_nomem(err) : result;
}

static int target_read(struct bpfl_target *target, struct bpfl_modules *modules, struct bpfl_error *err)
{
	const struct bpfl_btf *kernel = NULL;
	int result;

	if (!target->running && !target->btf_path)
		return 0;
	result = bpfl_target_btf(target, &kernel, err);
	if (result < 0)
		return result;
	return target->btf_path ? described_read(modules, target, kernel, err) : running_read(modules, kernel, err);
}

int bpfl_target_modules(struct bpfl_target *target, const struct bpfl_modules **ret_modules, struct bpfl_error *err)
{
	if (!target->modules) {
		struct bpfl_modules *modules = calloc(1, sizeof(*modules));
		int result = modules ? target_read(target, modules, err) : bpfl_error_nomem(err);

		if (result < 0) {
			bpfl_modules_destroy(modules);
			return result;
		}
		target->modules = modules;
	}
	*ret_modules = target->modules;
	return 0;
}

int bpfl_target_module_named(struct bpfl_target *target, const char *name, size_t size, uint32_t *ret_module,
			     struct bpfl_error *err)
{
	const struct bpfl_modules *modules = NULL;
	char text[BPFL_ESC_SIZE];
	int result;

	*ret_module = 0;
	if (size == 0 || (size == strlen("vmlinux") && memcmp(name, "vmlinux", size) == 0))
		return 0;
	result = bpfl_target_modules(target, &modules, err);
	for (size_t i = 0; result == 0 && i < modules->list.nr; i++) {
		const struct bpfl_module *module = &modules->list.items[i];

		if (module->btf && strlen(module->loaded.name) == size &&
		    memcmp(module->loaded.name, name, size) == 0) {
			*ret_module = (uint32_t)i + 1;
			return 0;
		}
	}
	if (result < 0)
		return result;
	bpfl_text_escape(text, sizeof(text), name, size);
	bpfl_error_set(err, BPFL_ERR_TARGET, ENOENT, "there is no module '%s' with BTF", text);
	bpfl_error_fix(err,
		       "load it (modprobe %s), or check /sys/kernel/btf; reading the BTF of modules needs "
		       "CAP_SYS_ADMIN",
		       text);
	bpfl_error_catalogue(err, 24);
	return -ENOENT;
}

int bpfl_target_modules_find(struct bpfl_target *target, const char *wanted, enum bpfl_btf_kind kind, const char *name,
			     uint32_t *ret_module, uint32_t *ret_id, struct bpfl_error *err)
{
	const struct bpfl_modules *modules = NULL;
	int result = bpfl_target_modules(target, &modules, err);

	for (size_t i = 0; result == 0 && i < modules->list.nr; i++) {
		const struct bpfl_module *module = &modules->list.items[i];
		uint32_t id;

		if (!module->btf || (wanted && strcmp(module->loaded.name, wanted) != 0))
			continue;
		id = bpfl_btf_find(module->btf, kind, name, bpfl_btf_first_id(module->btf));
		if (id != 0) {
			*ret_module = (uint32_t)i + 1;
			*ret_id = id;
			return 1;
		}
	}
	return result;
}

const struct bpfl_btf *bpfl_target_btf_of(const struct bpfl_target *target, uint32_t module)
{
	return module == 0 ? target->btf : target->modules->list.items[module - 1].btf;
}

char *bpfl_target_module_text(const struct bpfl_target *target, uint32_t module, char *out, size_t out_size)
{
	if (module == 0)
		snprintf(out, out_size, "the kernel");
	else
		snprintf(out, out_size, "module '%s'", BPFL_ESC(target->modules->list.items[module - 1].loaded.name));
	return out;
}

int bpfl_image_module(struct bpfl_image *image, const struct bpfl_target *target, uint32_t module)
{
	uint32_t btf_id, *slot;

	if (module == 0)
		return 0;
	btf_id = target->modules->list.items[module - 1].loaded.id;
	for (size_t i = 1; i < image->module_btf_ids.nr; i++) {
		if (image->module_btf_ids.items[i] == btf_id)
			return (int)i;
	}
	/* [0] stands for the kernel itself. */
	if (image->module_btf_ids.nr == 0 && !BPFL_VEC_PUSH(&image->module_btf_ids))
		return -ENOMEM;
	slot = BPFL_VEC_PUSH(&image->module_btf_ids);
	if (!slot)
		return -ENOMEM;
	*slot = btf_id;
	return (int)image->module_btf_ids.nr - 1;
}
