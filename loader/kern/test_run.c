/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kern/test_run.c: PROG_TEST_RUN for the caller's input.
 *
 * Packets (xdp, tc, socket filters, ...) go in and come out again, maybe longer: programs can make room in
 * front, and the kernel wants a buffer for all of it or says ENOSPC. Other types take a context only (raw
 * tracepoints, "syscall") or nothing (fentry), and refuse every field that is not theirs; so only what the
 * caller gave is filled in.
 */
#include "bpfload/test.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "base/buf.h"
#include "base/error.h"
#include "base/json.h"
#include "base/text.h"
#include "kern/object.h"
#include "sys/bpf.h"

#define GROWTH_MAX 65536u /* more than any program can add */
#define INPUT_MAX (1u << 24)
#define KERNEL_ENOTSUPP 524 /* the kernel's own, not the C library's ENOTSUP */

static int refused(const char *prog, const struct bpfl_test_opts *opts, int ret, struct bpfl_error *err)
{
	enum bpfl_error_kind kind = ret == -KERNEL_ENOTSUPP	       ? BPFL_ERR_UNSUPPORTED
				    : ret == -EPERM		       ? BPFL_ERR_PERMISSION
				    : ret == -EINVAL		       ? BPFL_ERR_USAGE
				    : ret == -ENOMEM && opts->data_size > 65536 ? BPFL_ERR_USAGE
								       : BPFL_ERR_SYSTEM;

	bpfl_error_set(err, kind, -ret, "program '%s': running it for a test: %s", BPFL_ESC(prog),
		       bpfl_errno_text(-ret));
	if (ret == -KERNEL_ENOTSUPP)
		bpfl_error_why(err, "this kernel cannot run programs of this type by themselves");
	if (ret == -EINVAL && !opts->data)
		bpfl_error_why(err, "it was given no data: a program for packets needs one, of 14 bytes at least");
	/* A page without the room around the packet; of xdp more since 5.18, in fragments. */
	if ((ret == -EINVAL || ret == -ENOMEM) && opts->data)
		bpfl_error_why(err,
			       "it was given %zu bytes of data: the kernel takes a packet of at least 14 bytes and at most "
			       "some 3500 (newer ones: some 70000), and only for programs for packets",
			       opts->data_size);
	if (ret == -EINVAL && opts->ctx)
		bpfl_error_why(err,
			       "it was given a context of %zu bytes: some members must be zero, and the program may "
			       "reach further",
			       opts->ctx_size);
	if (ret == -EINVAL && opts->repeat)
		bpfl_error_why(err, "it was to run %u times: only programs for packets can be repeated", opts->repeat);
	return ret;
}

int bpfl_object_test(const struct bpfl_object *object, const char *prog, const struct bpfl_test_opts *opts,
		     struct bpfl_test_result *ret_result, struct bpfl_error *err)
{
	const struct bpfl_test_opts none = { .size = sizeof(none) };
	struct bpfl_test_result result = { 0 };
	struct bpfl_attr_test_run attr = { 0 };
	int fd = bpfl_object_prog_fd(object, prog);
	int ret;

	opts = opts ? opts : &none;
	if (fd < 0)
		return bpfl_error_set(err, BPFL_ERR_USAGE, -fd, "no program '%s' is loaded", BPFL_ESC(prog));
	if (opts->data_size > INPUT_MAX || opts->ctx_size > INPUT_MAX)
		return bpfl_error_set(err, BPFL_ERR_USAGE, E2BIG, "program '%s': input of more than 16 MiB",
				      BPFL_ESC(prog));
	attr.prog_fd = (uint32_t)fd;
	attr.repeat = opts->repeat;
	attr.ctx_in = BPFL_PTR(opts->ctx);
	attr.ctx_size_in = (uint32_t)opts->ctx_size;
	if (opts->wants_ctx && opts->ctx) {
		result.ctx = bpfl_memdup(opts->ctx, opts->ctx_size);
		if (!result.ctx)
			return bpfl_error_nomem(err);
		result.ctx_size = opts->ctx_size;
		/* where syscall programs write it back to; packets want to be told */
		attr.ctx_in = BPFL_PTR(result.ctx);
		attr.ctx_out = opts->data ? BPFL_PTR(result.ctx) : 0;
		attr.ctx_size_out = opts->data ? attr.ctx_size_in : 0;
	}
	if (opts->data) {
		attr.data_in = BPFL_PTR(opts->data);
		attr.data_size_in = (uint32_t)opts->data_size;
		attr.data_size_out = attr.data_size_in + GROWTH_MAX;
		result.data = calloc(1, attr.data_size_out);
		if (!result.data) {
			bpfl_test_result_deinit(&result);
			return bpfl_error_nomem(err);
		}
		attr.data_out = BPFL_PTR(result.data);
	}
	ret = bpfl_sys_prog_test_run(&attr);
	if (ret < 0) {
		bpfl_test_result_deinit(&result);
		return refused(prog, opts, ret, err);
	}
	result.retval = attr.retval;
	result.duration_ns = attr.duration;
	result.nr_runs = opts->repeat ? opts->repeat : 1;
	result.has_data = opts->data != NULL;
	result.data_size = opts->data ? attr.data_size_out : 0;
	*ret_result = result;
	return 0;
}

void bpfl_test_result_deinit(struct bpfl_test_result *result)
{
	if (!result)
		return;
	free(result->data);
	free(result->ctx);
	memset(result, 0, sizeof(*result));
}

static void write_json(const struct bpfl_test_result *result, const char *prog, struct bpfl_buf *out)
{
	struct bpfl_json json;

	bpfl_json_init(&json, out);
	bpfl_json_object_begin(&json);
	bpfl_json_member_u64(&json, "v", 1);
	bpfl_json_member_string(&json, "type", "test");
	bpfl_json_member_string(&json, "program", prog);
	bpfl_json_member_u64(&json, "retval", result->retval);
	if (result->has_data)
		bpfl_json_member_u64(&json, "data_size", result->data_size);
	bpfl_json_member_u64(&json, "runs", result->nr_runs);
	bpfl_json_member_u64(&json, "duration_ns", result->duration_ns);
	bpfl_json_object_end(&json);
	bpfl_buf_printf(out, "\n");
}

int bpfl_test_result_text(const struct bpfl_test_result *result, const char *prog, enum bpfl_format format,
			  char **ret_text, struct bpfl_error *err)
{
	struct bpfl_buf out = BPFL_BUF_INIT;

	if (format == BPFL_FORMAT_JSON) {
		write_json(result, prog, &out);
	} else {
		bpfl_buf_printf(&out, "%s returned %d", BPFL_ESC(prog), (int32_t)result->retval);
		if (result->has_data)
			bpfl_buf_printf(&out, ", data %zu bytes", result->data_size);
		bpfl_buf_printf(&out, ", %u ns a run (%u)\n", result->duration_ns, result->nr_runs);
	}
	*ret_text = bpfl_buf_take(&out);
	return *ret_text ? 0 : bpfl_error_nomem(err);
}
