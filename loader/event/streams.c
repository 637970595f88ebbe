/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * event/streams.c: the streams stdout and stderr that every program has since Linux 6.17.
 *
 * A program prints into them with the kfunc bpf_stream_vprintk() (bpf_stream_vprintk_impl() in 6.18, without
 * its last parameter since 7.0), and the kernel itself writes to stderr what went wrong in the program while it
 * ran. Room for text comes from a page allocator that takes no locks: while the kernel is still preparing its
 * memory (deferred_init=lazy makes that last), it has none, and printing returns -ENOMEM each time. Streams
 * hold up to 100,000 bytes and belong to the program: no other reader's text is among it. Reading takes the
 * text away. There is no descriptor to wait on.
 */
#include "bpfload/ring.h"

#include <errno.h>
#include "base/error.h"
#include "sys/bpf.h"

#define PIECE_SIZE 4096u
#define READS_MAX 256u /* per call: a program that prints all the time must not keep the caller */

int64_t bpfl_prog_stream_read(int prog_fd, enum bpfl_stream stream, bpfl_record_fn fn, void *ctx,
			      struct bpfl_error *err)
{
	char piece[PIECE_SIZE];
	int64_t nr_bytes = 0;

	for (unsigned i = 0; i < READS_MAX; i++) {
		int ret = bpfl_sys_prog_stream_read(prog_fd, (uint32_t)stream, piece, sizeof(piece));

		if (ret == 0)
			break;
		if (ret == -EINVAL)
			return bpfl_error_set(err, BPFL_ERR_UNSUPPORTED, EOPNOTSUPP,
					      "this kernel has no streams of programs (Linux 6.17)");
		if (ret < 0)
			return bpfl_error_set(err, BPFL_ERR_SYSTEM, -ret, "reading a program's stream: %s",
					      bpfl_errno_text(-ret));
		nr_bytes += ret;
		ret = fn(ctx, piece, (size_t)ret, -1);
		if (ret < 0)
			return ret;
	}
	return nr_bytes;
}
