/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kerngen.c: see kerngen.h.
 */
#include "kerngen.h"

#include <string.h>
#include "harness.h"

static void log_line(void *ctx, enum bpfl_log_level level, const char *text)
{
	static const char *const names[] = { "warning", "info", "debug" };

	bpfl_buf_printf(ctx, "%s: %s\n", names[level], text);
}

void kerngen_init(struct kerngen *gen, uint32_t kernel_version)
{
	struct bpfl_target_opts opts = { .size = sizeof(opts), .kernel_version = kernel_version, .nr_possible_cpus = 4,
					 .page_size = 4096 };

	memset(gen, 0, sizeof(*gen));
	gen->spec = specgen_new("obj");
	btfgen_init(&gen->btf, false);
	gen->opts.size = sizeof(gen->opts);
	gen->opts.log.fn = log_line;
	gen->opts.log.ctx = &gen->log;
	if (kernel_version)
		CHECK_OK(bpfl_target_create(&opts, &gen->target, &gen->err), gen->err);
	else
		CHECK_OK(bpfl_target_running(NULL, &gen->target, &gen->err), gen->err);
}

static void unload(struct kerngen *gen)
{
	bpfl_object_close(gen->object);
	bpfl_image_destroy(gen->image);
	gen->object = NULL;
	gen->image = NULL;
}

void kerngen_deinit(struct kerngen *gen)
{
	unload(gen);
	bpfl_target_destroy(gen->target);
	bpfl_spec_destroy(gen->spec);
	btfgen_deinit(&gen->btf);
	bpfl_buf_deinit(&gen->log);
	bpfl_error_clear(&gen->err);
}

void kerngen_btf(struct kerngen *gen)
{
	gen->spec->btf = btfgen_read(&gen->btf);
	ck_assert_ptr_nonnull(gen->spec->btf);
}

int kerngen_load(struct kerngen *gen)
{
	unload(gen);
	CHECK_OK(bpfl_image_build(gen->spec, gen->target, &gen->opts.log, &gen->image, &gen->err), gen->err);
	return bpfl_object_load(gen->image, gen->target, &gen->opts, &gen->object, &gen->err);
}

const char *kerngen_log(const struct kerngen *gen)
{
	return gen->log.data ? gen->log.data : "";
}

uint32_t kerngen_user(struct kerngen *gen, const char *name, const char *section, uint32_t map)
{
	uint32_t func = specgen_func(gen->spec, name, 4);
	enum bpfl_map_origin origin = gen->spec->maps.items[map].origin;
	bool is_data = origin == BPFL_MAP_DATA || origin == BPFL_MAP_RODATA || origin == BPFL_MAP_BSS;

	/* r0 = 0; r1 = map ll; exit */
	specgen_ref(gen->spec, func, 1, is_data ? BPFL_REF_DATA : BPFL_REF_MAP, map, 0);
	return specgen_prog(gen->spec, name, section, func);
}
