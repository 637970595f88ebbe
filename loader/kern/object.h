/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kern: image -> live object.
 *
 * bpfl_object_load() (kern/object.c) works in order: BTF, maps (kern/map.c), their contents and freezing,
 * programs (kern/prog.c), values of program arrays. If a step fails the half-built object is closed by the
 * ordinary destructor. A refusal by the kernel becomes an error with causes in kern/diagnose.c; a verifier log
 * becomes a sentence in kern/vlog.c.
 */
#ifndef BPFL_KERN_OBJECT_H
#define BPFL_KERN_OBJECT_H

#include "bpfload/object.h"
#include "image/image.h"

#define BPFL_F_MMAPABLE (1u << 10) /* map flag, Linux 5.5 */

struct bpfl_pins { /* made in a bpffs, in order (kern/pin.h); zeroed: nothing yet */
	BPFL_VEC(struct bpfl_pin_made { char *path; bool is_dir; }) made;
};

struct bpfl_live_map {
	int fd;	     /* -1: not created */
	char *pin_path; /* pinned by name: where; NULL */
	bool reused;	/* was pinned there already: its contents are not ours to initialise */
	/* As created: after fallbacks these may differ from the image (no BTF, no mmap). */
	uint32_t type, key_size, value_size, max_entries, flags;
	uint8_t *memory; /* ARENA: mapped here for as long as the object lives; NULL */
	size_t memory_size;
};

struct bpfl_live_prog {
	int fd; /* -1: not loaded */
	char *log; /* verifier log, when asked for */
};

struct bpfl_object {
	const struct bpfl_image *image; /* borrowed; image->spec too */
	struct bpfl_target *target;	/* borrowed */
	int btf_fd;			/* -1 none */
	struct bpfl_live_map *maps;	/* by map_idx of the spec */
	struct bpfl_live_prog *progs;	/* by prog_idx of the spec */
	int module_btf_fds_nr;
	int *module_btf_fds;
	struct bpfl_pins pins;		/* maps pinned by name, made by this load */
	uint8_t *usdt_slots; /* attach/usdt_specs.c: which elements of __bpf_usdt_specs are taken; NULL: none yet */
};

/* fd of a program by its index in the spec, or -ENOENT. */
int bpfl_object_prog_fd_at(const struct bpfl_object *object, size_t prog_idx);

/*
 * kern/struct_ops.c: writes the value of a struct_ops map, with its programs in it. Without BPF_F_LINK that
 * registers it. 0 or -errno.
 */
int bpfl_object_struct_ops_put(const struct bpfl_object *object, size_t map_idx, struct bpfl_error *err);

/*
 * kern/diagnose: a refused system call -> kind, why and fix from facts (capabilities, lockdown, seccomp,
 * sysctls, memlock, kernel version). Used by kern and attach: call it after bpfl_error_set() with what was tried.
 */
enum bpfl_wanted {
	BPFL_WANTED_MAP,
	BPFL_WANTED_FREEZE,
	BPFL_WANTED_BTF,
	BPFL_WANTED_PROG,
	BPFL_WANTED_PERF_EVENT,
	BPFL_WANTED_LINK,
	BPFL_WANTED_TRACEFS,
	BPFL_WANTED_UPROBE /* perf_event_open() of one */
};
/* type: of the map or program. */
void bpfl_diagnose_refusal(struct bpfl_error *err, enum bpfl_wanted wanted, unsigned type, int errnum,
			   struct bpfl_target *target);

#endif
