/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * image/modules: the types of kernel modules, read when the kernel itself has no type of a name.
 *
 * Every loaded module has BTF of its own since Linux 5.11. They are found by walking all BTF that the kernel holds and keeping what is the
 * kernel's (CORE-22). That costs some milliseconds on a machine with a hundred modules and needs CAP_SYS_ADMIN, so nobody does it as long as
 * vmlinux has a candidate (CORE-04, G-39); and who may not do it has no modules.
 *
 * A BTF file that the user named stands for the whole kernel: the running one's modules would not fit to it.
 */
#include "image/modules.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"

void bpfl_modules_destroy(struct bpfl_modules *modules)
{
	if (!modules)
		return;
	for (size_t i = 0; i < modules->list.nr; i++)
		bpfl_btf_destroy(modules->list.items[i].btf);
	free(modules->list.items);
	free(modules);
}

/* A module that cannot be read, because it is being unloaded or its BTF is not understood, is as one that is not there. */
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
	return result == -ENOMEM ? result : 0;
}

int bpfl_target_modules(struct bpfl_target *target, const struct bpfl_modules **ret_modules, struct bpfl_error *err)
{
	const struct bpfl_btf *kernel = NULL;

	if (!target->modules) {
		struct bpfl_modules *modules = calloc(1, sizeof(*modules));
		int result = modules ? 0 : bpfl_error_nomem(err);

		if (result == 0 && target->running && !target->btf_path) {
			result = bpfl_target_btf(target, &kernel, err);
			if (result == 0 && modules_read(modules, kernel) < 0)
				result = bpfl_error_nomem(err);
		}
		if (result < 0) {
			bpfl_modules_destroy(modules);
			return result;
		}
		target->modules = modules;
	}
	*ret_modules = target->modules;
	return 0;
}

int bpfl_target_module_named(struct bpfl_target *target, const char *name, size_t size, uint32_t *ret_module, struct bpfl_error *err)
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

		if (module->btf && strlen(module->loaded.name) == size && memcmp(module->loaded.name, name, size) == 0) {
			*ret_module = (uint32_t)i + 1;
			return 0;
		}
	}
	if (result < 0)
		return result;
	bpfl_text_escape(text, sizeof(text), name, size);
	bpfl_error_set(err, BPFL_ERR_TARGET, ENOENT, "there is no module '%s' with BTF", text);
	bpfl_error_fix(err, "load it (modprobe %s), or check /sys/kernel/btf; reading the BTF of modules needs CAP_SYS_ADMIN", text);
	bpfl_error_catalogue(err, 24);
	return -ENOENT;
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
