/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kern/pin: files of a BPF file system (bpffs) that keep maps, programs and links alive.
 *
 * What is made (directories, pins) is written down in a struct bpfl_pins while it is made, so that all of it
 * can be taken back when a later step fails, and nothing that was there before is touched.
 */
#ifndef BPFL_KERN_PIN_H
#define BPFL_KERN_PIN_H

#include "bpfload/pin.h"
#include "kern/object.h"

#define BPFL_BPFFS_MAGIC 0xcafe4a11u
#define BPFL_BPFFS_PATH "/sys/fs/bpf" /* where it is mounted by custom */
#define BPFL_PIN_NAME_SIZE 220 /* of a name in a directory, with the NUL: NAME_MAX with room for a number behind */

/* Forgets what was made, which stays. */
void bpfl_pins_deinit(struct bpfl_pins *pins);
/*
 * Removes what was made, last first, and forgets it. What somebody else has put into a directory keeps that
 * directory.
 */
void bpfl_pins_undo(struct bpfl_pins *pins);
/*
 * What lies between a mount and a directory of pins, and had to be made: the sticky bit, which nobody needs in
 * a directory that is its owner's alone, says that it is this project's, and goes when it is empty.
 */
#define BPFL_PIN_PARENT_MODE 01700
/*
 * Makes a directory, mode 0700, with all that is missing above it, one by one. One that is there is fine. 0
 * or -errno.
 */
int bpfl_pins_make_dir(struct bpfl_pins *pins, const char *path, unsigned parent_mode, struct bpfl_error *err);
/* Pins fd. 0; -EEXIST without text when the name is taken; -errno. */
int bpfl_pins_pin(struct bpfl_pins *pins, int fd, const char *path, struct bpfl_error *err);

/*
 * Whether path, or where it does not exist yet what is there of the way to it, lies in a bpffs. 0, or the error E22.
 * @fix: a further line of advice, or NULL.
 */
int bpfl_bpffs_check(const char *path, const char *fix, struct bpfl_error *err);

/*
 * A name made fit for a file of a bpffs: no dots (the kernel keeps those for itself), no slashes, nothing odd,
 * not too long. Returns out.
 */
char *bpfl_pin_name(const char *name, char out[BPFL_PIN_NAME_SIZE]);

/* What a descriptor of a pin is: "map", "prog", "link"; "" when it cannot be found out. Static text. */
const char *bpfl_pin_kind(int fd);

/* ---- a directory of pins (pin_dir.c) ---- */

/* Makes dir, which must be new or empty, and what belongs into it. 0 or -errno; what was made is in pins then too. */
int bpfl_pins_begin(struct bpfl_pins *pins, const char *dir, struct bpfl_error *err);
/*
 * bpfl_pins_remove() for pins that are not the last ones of what they keep: nothing is waited for, and
 * directories above stay.
 */
int bpfl_pins_remove_old(const char *dir, struct bpfl_error *err);
/* Pins fd as dir/subdir/name, made plain; with a number behind it when there is one of that name. */
int bpfl_pins_add(struct bpfl_pins *pins, int fd, const char *dir, const char *subdir, const char *name,
		  struct bpfl_error *err);
/* Pins all programs and maps of an object. */
int bpfl_pins_add_object(struct bpfl_pins *pins, const struct bpfl_object *object, const char *dir,
			 struct bpfl_error *err);

/* ---- maps that are pinned by name (pin_map.c) ---- */

struct bpfl_loading;

/* Before anything is made: the path of each map that is to be pinned, and whether it lies in a bpffs. */
int bpfl_loading_pin_paths(struct bpfl_loading *loading, struct bpfl_error *err);
/*
 * Takes the map that is pinned where map_idx is to be, if one is there and fits. 1: taken; 0: there is none;
 * -errno: E31, ...
 */
int bpfl_loading_pin_reuse(struct bpfl_loading *loading, size_t map_idx, struct bpfl_error *err);
/* Takes the map that the caller named for it (bpfl_spec_map_reuse()), if it fits. 1, or -errno. */
int bpfl_loading_map_reuse(struct bpfl_loading *loading, size_t map_idx, struct bpfl_error *err);
/* Pins a new map; when somebody was faster, theirs is taken in its place. 0 or -errno. */
int bpfl_loading_pin_new(struct bpfl_loading *loading, size_t map_idx, struct bpfl_error *err);

#endif
