/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Running a loaded program once, or many times, with input of the caller and without attaching it: BPF_PROG_TEST_RUN.
 */
#ifndef BPFLOAD_TEST_H
#define BPFLOAD_TEST_H

#include "object.h"

#ifdef __cplusplus
extern "C" {
#endif

struct bpfl_test_opts {
	size_t size;	  /* sizeof(struct bpfl_test_opts) */
	const void *data; /* a packet from its Ethernet header on; NULL for programs that take none */
	size_t data_size; /* bytes */
	/* the context (struct __sk_buff, struct xdp_md, arguments); NULL: one that the kernel makes up */
	const void *ctx;
	size_t ctx_size;  /* bytes */
	uint32_t repeat;  /* runs, one after the other; 0: one. More than one only with packets */
	/* the result has the context as the program leaves it: of packets, and of SEC("syscall"); needs ctx */
	bool wants_ctx;
};

struct bpfl_test_result {
	uint32_t retval;	 /* of the last run */
	uint32_t nr_runs;
	uint32_t duration_ns;	 /* of one run on average; 0 for types that the kernel does not time */
	bool has_data;		 /* data was given */
	uint8_t *data;		 /* the packet after the last run; owned by the result */
	size_t data_size;	 /* bytes */
	/* with wants_ctx: the context after the last run, as many bytes as were given; owned by the result */
	uint8_t *ctx;
	size_t ctx_size;
};

/*
 * Runs a program of an object.
 * @prog: its name.
 * @opts: borrowed; may be NULL, which is for programs that need no input.
 * @ret_result: to be given to bpfl_test_result_deinit().
 * Return: 0; or -errno: USAGE (no such program, or input that its type does not take, -EINVAL), UNSUPPORTED
 *         (the type cannot be run so, -524), PERMISSION, SYSTEM.
 * Needs: Linux 4.12 for packets, 5.2 for a context, 5.10 for raw tracepoints, 5.14 for SEC("syscall"); CAP_BPF
 *         and what loading needs.
 */
BPFL_API int bpfl_object_test(const struct bpfl_object *object, const char *prog, const struct bpfl_test_opts *opts,
			      struct bpfl_test_result *ret_result, struct bpfl_error *err);
/* Frees what a result holds. NULL and zeroes are fine. */
BPFL_API void bpfl_test_result_deinit(struct bpfl_test_result *result);
/*
 * A result in words, or as a JSON object and a newline.
 * @ret_text: malloc'ed; free() it.
 * Return: 0 or -ENOMEM.
 */
BPFL_API int bpfl_test_result_text(const struct bpfl_test_result *result, const char *prog, enum bpfl_format format,
				   char **ret_text, struct bpfl_error *err);

#ifdef __cplusplus
}
#endif

#endif
