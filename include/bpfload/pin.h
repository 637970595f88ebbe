/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Pins: programs, maps and links that stay in the kernel when the process ends, as files of a BPF file system (bpffs).
 *
 * bpfl_object_pin() puts an object with its links into a directory of its own:
 *
 *     DIR/progs/NAME    every program that was loaded
 *     DIR/maps/NAME     every map that was created; a data section is called OBJECT_data, OBJECT_bss, ...
 *     DIR/links/NAME    every link, by the name of its program; NAME-2, NAME-3 when a program has several
 *
 * Names are made of letters, digits, '_' and '-'; every other character becomes '_'. bpfl_pins_remove() takes
 * such a directory away again, and with the last reference the programs are detached.
 *
 * Maps that say __uint(pinning, LIBBPF_PIN_BY_NAME) are something else: they are shared by name between loads.
 * bpfl_object_load() sees to them (bpfl_load_opts.pin_root), and nothing here removes them.
 */
#ifndef BPFLOAD_PIN_H
#define BPFLOAD_PIN_H

#include "link.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Pins a loaded object and its links: all of it or nothing.
 * @links: of this object; NULL entries are skipped. Each must be able to outlive the process (bpfl_link_outlives()).
 * @dir: a directory in a mounted bpffs; it is made (mode 0700), or must be empty.
 * Return: 0, and object and links can be closed without an effect on what runs; or -errno and no pin is left:
 *         UNSUPPORTED (E22 no bpffs; a link that cannot be pinned), TARGET (-EEXIST: the directory is in use),
 *         PERMISSION.
 */
BPFL_API int bpfl_object_pin(const struct bpfl_object *object, struct bpfl_link *const *links, size_t nr_links,
			     const char *dir, struct bpfl_error *err);

/*
 * Whether bpfl_object_pin() would find room there: for asking before anything is loaded.
 * Return: 0, or -errno: UNSUPPORTED (E22 no bpffs), TARGET (-EEXIST: the directory is in use).
 */
BPFL_API int bpfl_pin_dir_check(const char *dir, struct bpfl_error *err);

/*
 * Puts a new version of an object into the place of the one that is pinned: each link there takes the program
 * of its name in one step, without a gap (Linux 5.7; the kinds of bpfl_link_update()), then the directory has
 * the new programs and maps. What the old maps hold is not carried over, but maps that are pinned by name are
 * shared by both versions.
 * @object: loaded and attached to nothing; has a program for every link, of the same type.
 * @dir: what bpfl_object_pin() made. DIR-new beside it must be free.
 * Return: 0; or -errno and every link holds the program that it held: TARGET (-ENOENT: no such directory, no
 *         program for a link; -EEXIST: DIR-new is there), UNSUPPORTED (E22), SYSTEM (-EINVAL: not for this kind
 *         of link), PERMISSION.
 * Needs: what attaching needs; CAP_SYS_ADMIN where DIR/progs has not the programs that the links hold.
 */
BPFL_API int bpfl_object_pin_update(const struct bpfl_object *object, const char *dir, struct bpfl_error *err);

/*
 * How pinned programs are used that no system call attaches: routes (sections lwt_in, lwt_out, lwt_xmit,
 * lwt_seg6local) and actions of tc (action) refer to the pin.
 * @dir: as given to bpfl_object_pin().
 * @ret_text: a line for each such program: the command of ip(8) or tc(8), with PREFIX and IF for what only the
 *            caller knows; as JSON an object with "program" and "command". "" when there are none. malloc'ed;
 *            free() it.
 * Return: 0 or -ENOMEM.
 */
BPFL_API int bpfl_object_pin_commands(const struct bpfl_object *object, const char *dir, enum bpfl_format format,
				      char **ret_text, struct bpfl_error *err);

/*
 * Return: whether a link can be pinned, so that the program stays attached when the process ends. Not those
 *         that the kernel has no link for: socket options, ioctl, netlink, PROG_ATTACH. Programs that run on
 *         demand need none.
 */
BPFL_API bool bpfl_link_outlives(const struct bpfl_link *link);

/*
 * Removes a directory that bpfl_object_pin() made: links first, so that nothing runs without its maps. A
 * directory that holds anything else is refused, and nothing is removed then. Directories above it that
 * bpfl_object_pin() had to make go too when they are empty. On return the programs are detached; the kernel
 * takes some milliseconds for that.
 * @log: may be NULL; told of links that others hold: those stay attached.
 * @ret_nr_pins: how many pins were removed; may be NULL.
 * Return: 0, or -errno: TARGET (-ENOENT; -ENOTEMPTY: not of this layout), UNSUPPORTED (E22), PERMISSION.
 */
BPFL_API int bpfl_pins_remove(const char *dir, const struct bpfl_log *log, size_t *ret_nr_pins, struct bpfl_error *err);

/*
 * Takes back the pins by name that loading this object made (not those that it found there). For a caller that
 * gives up after bpfl_object_load(); a pin by name is meant to stay otherwise.
 */
BPFL_API void bpfl_object_unpin(struct bpfl_object *object);

#ifdef __cplusplus
}
#endif

#endif
