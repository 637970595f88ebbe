/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kern/test_run: what the kernel is asked, and what comes back, on a fake kernel that turns the packet round.
 */
#include "harness.h"

#include <errno.h>
#include <stdlib.h>
#include "bpfload/test.h"
#include "fake_sys.h"
#include "kerngen.h"
#include "sys/bpf.h"

static struct kerngen gen;
static struct bpfl_error err = BPFL_ERROR_INIT;
static struct bpfl_attr_test_run asked; /* as the kernel saw it */
static int answer;
static uint8_t room_behind; /* the last byte that the kernel may write */

/* Turns the data round and puts a byte in front of it; the context comes back with its first byte one larger. */
static int kernel_runs(void *ctx, void *attr_bytes, size_t attr_size)
{
	struct bpfl_attr_test_run *attr = attr_bytes;
	const uint8_t *in = (const uint8_t *)(uintptr_t)attr->data_in;
	uint8_t *out = (uint8_t *)(uintptr_t)attr->data_out;

	(void)ctx, (void)attr_size;
	asked = *attr;
	if (answer < 0)
		return answer;
	if (out) {
		out[0] = 0xaa;
		for (uint32_t i = 0; i < attr->data_size_in; i++)
			out[1 + i] = in[attr->data_size_in - 1 - i];
		room_behind = out[attr->data_size_out - 1];
		attr->data_size_out = attr->data_size_in + 1;
	}
	if (attr->ctx_out)
		++*(uint8_t *)(uintptr_t)attr->ctx_out;
	else if (attr->ctx_in && !attr->data_in) /* SEC("syscall") */
		++*(uint8_t *)(uintptr_t)attr->ctx_in;
	attr->retval = 0xffffffff;
	attr->duration = 12;
	return 0;
}

static void load(void)
{
	kerngen_init(&gen, BPFL_KERNEL_VERSION(6, 1, 0));
	specgen_prog(gen.spec, "main_fn", "xdp", specgen_func(gen.spec, "main_fn", 2));
	CHECK_OK(kerngen_load(&gen), gen.err);
	fake_sys_on_bpf(BPFL_CMD_PROG_TEST_RUN, kernel_runs, NULL);
	answer = 0;
}

static void unload(void)
{
	kerngen_deinit(&gen);
	bpfl_error_clear(&err);
}

START_TEST(a_packet_goes_in_and_comes_out)
{
	static const uint8_t packet[] = { 1, 2, 3 }, turned[] = { 0xaa, 3, 2, 1 };
	uint8_t ctx[4] = { 7, 0, 0, 0 };
	struct bpfl_test_opts opts = { .size = sizeof(opts),
				       .data = packet,
				       .data_size = sizeof(packet),
				       .repeat = 5,
				       .ctx = ctx,
				       .ctx_size = sizeof(ctx),
				       .wants_ctx = true };
	struct bpfl_test_result result;
	char *text;

	load();
	CHECK_OK(bpfl_object_test(gen.object, "main_fn", &opts, &result, &err), err);
	ck_assert_uint_eq(asked.repeat, 5);
	ck_assert_uint_eq(asked.data_size_in, 3);
	ck_assert_uint_ge(asked.data_size_out, 3 + 65536); /* programs may make room in front */
	ck_assert_uint_eq(asked.ctx_size_in, 4);
	ck_assert_uint_eq(asked.ctx_size_out, 4);
	ck_assert_uint_eq(result.nr_runs, 5);
	ck_assert_uint_eq(result.duration_ns, 12);
	ck_assert(result.has_data);
	ck_assert_uint_eq(result.data_size, 4);
	ck_assert_mem_eq(result.data, turned, sizeof(turned));
	ck_assert_uint_eq(result.ctx_size, 4);
	ck_assert_uint_eq(result.ctx[0], 8);
	ck_assert_uint_eq(ctx[0], 7); /* the caller's own stays as it was */
	CHECK_OK(bpfl_test_result_text(&result, "main_fn", BPFL_FORMAT_TEXT, &text, &err), err);
	ck_assert_str_eq(text, "main_fn returned -1, data 4 bytes, 12 ns a run (5)\n");
	free(text);
	CHECK_OK(bpfl_test_result_text(&result, "main_fn", BPFL_FORMAT_JSON, &text, &err), err);
	ck_assert_str_eq(text, "{\"v\":1,\"type\":\"test\",\"program\":\"main_fn\",\"retval\":4294967295,\"data_size\":"
			       "4,\"runs\":5,"
			       "\"duration_ns\":12}\n");
	free(text);
	bpfl_test_result_deinit(&result);
	bpfl_test_result_deinit(&result);
	bpfl_test_result_deinit(NULL);
	unload();
}
END_TEST

/* The kernel refuses members that the type has no use for: what was not given is zero. */
START_TEST(nothing_is_asked_that_was_not_given)
{
	uint8_t ctx[2] = { 1, 0 };
	struct bpfl_test_opts opts = { .size = sizeof(opts), .ctx = ctx, .ctx_size = sizeof(ctx), .wants_ctx = true };
	struct bpfl_test_result result;

	load();
	CHECK_OK(bpfl_object_test(gen.object, "main_fn", NULL, &result, &err), err);
	ck_assert_uint_eq(asked.data_in | asked.data_out | asked.ctx_in | asked.ctx_out, 0);
	ck_assert_uint_eq(asked.data_size_in | asked.data_size_out | asked.ctx_size_in | asked.ctx_size_out |
				  asked.repeat,
			  0);
	ck_assert_uint_eq(result.nr_runs, 1);
	ck_assert(!result.has_data && !result.data && !result.ctx);
	bpfl_test_result_deinit(&result);
	/* A program for system calls writes where it reads. */
	CHECK_OK(bpfl_object_test(gen.object, "main_fn", &opts, &result, &err), err);
	ck_assert_uint_eq(asked.ctx_out, 0);
	ck_assert_uint_eq(result.ctx[0], 2);
	ck_assert_uint_eq(ctx[0], 1);
	bpfl_test_result_deinit(&result);
	unload();
}
END_TEST

START_TEST(a_refusal_names_what_was_given)
{
	static const uint8_t data[15];
	static const struct {
		struct bpfl_test_opts opts;
		int answer;
		enum bpfl_error_kind kind;
		const char *why;
	} rows[] = {
		{ { .size = sizeof(struct bpfl_test_opts) }, -EINVAL, BPFL_ERR_USAGE, "given no data" },
		{ { .size = sizeof(struct bpfl_test_opts), .data = data, .data_size = 15 }, -EINVAL, BPFL_ERR_USAGE, "15 bytes of data" },
		{ { .size = sizeof(struct bpfl_test_opts), .ctx = data, .ctx_size = 9 }, -EINVAL, BPFL_ERR_USAGE, "context of 9 bytes" },
		{ { .size = sizeof(struct bpfl_test_opts), .repeat = 3 }, -EINVAL, BPFL_ERR_USAGE, "to run 3 times" },
		{ { .size = sizeof(struct bpfl_test_opts) }, -524, BPFL_ERR_UNSUPPORTED, "programs of this type" },
		{ { .size = sizeof(struct bpfl_test_opts) }, -EPERM, BPFL_ERR_PERMISSION, "" },
		{ { .size = sizeof(struct bpfl_test_opts) }, -ENOMEM, BPFL_ERR_SYSTEM, "" },
	};
	struct bpfl_test_result result = { .retval = 77 };

	load();
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		answer = rows[i].answer;
		CHECK_FAILS(bpfl_object_test(gen.object, "main_fn", &rows[i].opts, &result, &err), err, rows[i].kind,
			    -answer, "program 'main_fn'");
		CHECK_HAS(err.why, rows[i].why);
	}
	ck_assert_uint_eq(result.retval, 77); /* written on success only */
	unload();
}
END_TEST

START_TEST(what_cannot_be_asked_is_not)
{
	struct bpfl_test_opts opts = { .size = sizeof(opts), .data = "x", .data_size = (1u << 24) + 1 };
	struct bpfl_test_result result;

	load();
	CHECK_FAILS(bpfl_object_test(gen.object, "main_f", NULL, &result, &err), err, BPFL_ERR_USAGE, ENOENT,
		    "no program 'main_f'");
	CHECK_FAILS(bpfl_object_test(gen.object, "main_fn", &opts, &result, &err), err, BPFL_ERR_USAGE, E2BIG,
		    "16 MiB");
	ck_assert_uint_eq(fake_sys_count_bpf(BPFL_CMD_PROG_TEST_RUN), 0);
	unload();
}
END_TEST

int main(void)
{
	const TTest *tests[] = { a_packet_goes_in_and_comes_out, nothing_is_asked_that_was_not_given,
				 a_refusal_names_what_was_given, what_cannot_be_asked_is_not };

	return bpfl_test_main(BPFL_TEST_SUITE("kern/test_run", tests));
}
