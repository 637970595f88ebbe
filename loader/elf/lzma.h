/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * elf/lzma: LZMA2, the coding inside .xz files.
 */
#ifndef BPFL_ELF_LZMA_H
#define BPFL_ELF_LZMA_H

#include <stddef.h>
#include <stdint.h>
#include "base/buf.h"

/*
 * Unpacks LZMA2 chunks up to their end mark and appends to out, which may hold size_max bytes in all.
 * @ret_used: bytes of the input that the chunks take.
 * Return: 0; -EINVAL: damaged; -EFBIG; -ENOMEM.
 */
int bpfl_lzma2_unpack(const uint8_t *bytes, size_t size, size_t size_max, struct bpfl_buf *out, size_t *ret_used);

#endif
