/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * attach/syscall.c: SEC("syscall").
 *
 * Such a program is attached to nothing: it runs when PROG_TEST_RUN asks (Linux 5.14), may sleep, and may make
 * some bpf(2) calls itself. So its link holds no kernel state, and bpfl_link_read() runs it and tells what it returned.
 *
 * The program's argument is a block of memory whose layout is its own business. It gets one of zeroes, as large
 * as the type of the argument says; the kernel refuses a block that is smaller than what the program touches.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "attach/link.h"
#include "base/text.h"
#include "sys/bpf.h"

/* Of a program without BTF, and the most that the kernel takes. */
#define CONTEXT_SIZE_MAX UINT16_MAX

/* The size of what the entry function's first argument points to; 0 when that is nothing with a size. */
static uint32_t context_size(const struct bpfl_spec *spec, const struct bpfl_prog *prog)
{
	const struct bpfl_func *func = &spec->funcs.items[prog->func_idx];
	const struct bpfl_btf_type *type = spec->btf ? bpfl_btf_type(spec->btf, func->btf_func_id) : NULL;
	uint32_t size = 0;

	if (!type || bpfl_btf_kind(type) != BPFL_KIND_FUNC)
		return 0;
	type = bpfl_btf_type(spec->btf, type->type);
	if (!type || bpfl_btf_kind(type) != BPFL_KIND_FUNC_PROTO || bpfl_btf_vlen(type) == 0)
		return 0;
	type = bpfl_btf_skip_modifiers(spec->btf, bpfl_btf_params(type)[0].type, NULL);
	if (bpfl_btf_kind(type) != BPFL_KIND_PTR || bpfl_btf_size(spec->btf, type->type, &size) < 0)
		return 0;
	return size <= CONTEXT_SIZE_MAX ? size : CONTEXT_SIZE_MAX;
}

/* What link->data points to: enough to run the program again. */
struct run {
	char *prog_name;
	uint32_t context_size;
};

static int run_refused(const struct run *run, int ret, struct bpfl_error *err)
{
	bpfl_error_set(err, ret == -EPERM ? BPFL_ERR_PERMISSION : BPFL_ERR_SYSTEM, -ret, "program '%s': running it: %s",
		       BPFL_ESC(run->prog_name), bpfl_errno_text(-ret));
	if (ret == -EINVAL)
		bpfl_error_why(err, "its argument is a block of %u bytes, by its type: the program may reach further",
			       run->context_size);
	return ret;
}

static int run_program(struct bpfl_link *link, bpfl_write_fn write, void *ctx, struct bpfl_error *err)
{
	const struct run *run = link->data;
	struct bpfl_attr_test_run attr = { .prog_fd = (uint32_t)link->prog_fd };
	void *context = calloc(1, run->context_size + 1u);
	char text[64];
	int ret;

	if (!context)
		return bpfl_error_nomem(err);
	if (run->context_size > 0) {
		attr.ctx_in = BPFL_PTR(context);
		attr.ctx_size_in = run->context_size;
	}
	ret = bpfl_sys_prog_test_run(&attr);
	free(context);
	if (ret < 0)
		return run_refused(run, ret, err);
	ret = write(ctx, run->prog_name, strlen(run->prog_name));
	if (ret >= 0)
		ret = write(ctx, text, (size_t)snprintf(text, sizeof(text), " returned %d\n", (int32_t)attr.retval));
	return ret;
}

static void run_free(struct bpfl_link *link)
{
	struct run *run = link->data;

	free(run->prog_name);
	free(run);
}

static int attach_syscall(const struct bpfl_attach_ctx *ctx, struct bpfl_link *link, struct bpfl_error *err)
{
	const struct bpfl_spec *spec = ctx->object->image->spec;
	const struct bpfl_prog *prog = &spec->progs.items[ctx->prog_idx];
	struct run *run = calloc(1, sizeof(*run));

	if (!run)
		return bpfl_error_nomem(err);
	link->data = run;
	link->release = run_free;
	run->context_size = context_size(spec, prog);
	run->prog_name = bpfl_strdup(prog->name);
	link->read = run_program;
	if (!run->prog_name || bpfl_link_describe(link, ctx, "run on demand") < 0)
		return bpfl_error_nomem(err);
	return 0;
}

const struct bpfl_hook_ops bpfl_hook_syscall = {
	.hook = BPFL_HOOK_SYSCALL,
	.options = (const char *const[]){ NULL },
	.option_note = "it runs once, in the process that asks for it",
	.attach = attach_syscall,
};
