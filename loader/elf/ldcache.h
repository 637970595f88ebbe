/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * elf/ldcache: /etc/ld.so.cache, where the dynamic linker looks shared libraries up by name.
 */
#ifndef BPFL_ELF_LDCACHE_H
#define BPFL_ELF_LDCACHE_H

#include <stddef.h>

/*
 * Calls fn with every library of the cache, in its order, which prefers: name "libc.so.6", path
 * "/lib/x86_64-linux-gnu/libc.so.6". A non-zero
 * return of fn ends it and is returned. Variants for certain CPUs are left out. 0 at the end; -EINVAL: bytes
 * are no such cache, or damaged. */
typedef int (*bpfl_ldcache_fn)(void *ctx, const char *name, const char *path);
int bpfl_ldcache_each(const void *bytes, size_t size, bpfl_ldcache_fn fn, void *ctx);

#endif
