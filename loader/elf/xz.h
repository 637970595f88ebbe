/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * elf/xz: unpacks what xz(1) made, as far as executables carry it: the symbols in .gnu_debugdata.
 */
#ifndef BPFL_ELF_XZ_H
#define BPFL_ELF_XZ_H

#include <stddef.h>
#include "base/buf.h"
#include "base/error.h"

/*
 * Unpacks an .xz file in memory: its first stream, with the LZMA2 filter alone (what `xz` makes without options).
 * @size_max: bytes that may come out at most.
 * @ret: the caller's to deinit.
 * Return: 0; -EINVAL: damaged (the checksum is looked at); -EOPNOTSUPP: other filters; -EFBIG: more than
 *         size_max; -ENOMEM.
 */
int bpfl_xz_unpack(const void *bytes, size_t size, size_t size_max, struct bpfl_buf *ret, struct bpfl_error *err);

#endif
