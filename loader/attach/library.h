/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * attach/library: the library that a program means by a name.
 */
#ifndef BPFL_ATTACH_LIBRARY_H
#define BPFL_ATTACH_LIBRARY_H

#include "elf/user.h"

/*
 * How many characters of "libx.so.1:REST" are the name of a library with a colon behind it; 0: text begins
 * with something else.
 */
size_t bpfl_library_prefix(const char *text);

/*
 * The file that the dynamic linker would take when the program asks for a library: by DT_RPATH, DT_RUNPATH and
 * $ORIGIN of whoever needs it, then as attach/binary has it. LD_LIBRARY_PATH is not asked: that of the program
 * is not known.
 * @name: "libssl.so.3", or "libssl.so" for any version of it.
 * Return: 0 and the path, to be freed with free(); -ENOENT when neither the program nor its libraries need it
 *         (E23, with what they need).
 */
int bpfl_library_of(const struct bpfl_user_elf *program, const char *name, char **ret_path, struct bpfl_error *err);

#endif
