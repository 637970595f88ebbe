/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kern/load: what the files of this room share while one object is being loaded.
 *
 * struct bpfl_loading lives on the stack of bpfl_object_load(). The steps fill loading->object,
 * which is a whole object at any time: whatever fails, its ordinary destructor puts everything
 * away.
 *
 * One rule holds for all steps: make the modern call first. Only a refusal starts a search for what
 * this kernel does not know, and what is found out is kept in target->features, so that it is asked
 * once.
 */
#ifndef BPFL_KERN_LOAD_H
#define BPFL_KERN_LOAD_H

#include "kern/object.h"
#include "sys/bpf.h"

#define BPFL_F_VTYPE_BTF_OBJ_FD (1u << 15) /* map flag: the value's type is a module's, Linux 6.9 */

struct bpfl_loading {
	const struct bpfl_image *image;
	struct bpfl_target *target;
	struct bpfl_load_opts opts; /* complete: defaults filled in */
	struct bpfl_object *object; /* half-built */
	bool memlock_raised;        /* once is enough */
	bool token_asked;	    /* so it is here */
	int token_fd;		    /* -1: none */
};

#define BPFL_F_TOKEN_FD (1u << 16) /* flag of maps, programs and BTF: a token comes with the call, Linux 6.9 */

/*
 * btf_load.c: puts object->btf_fd, or leaves -1 when nothing uses the BTF or this kernel takes none
 * and no map depends on it.
 */
int bpfl_loading_btf(struct bpfl_loading *loading, struct bpfl_error *err);
/*
 * btf_load.c: whether a map without BTF would be a different thing, not only a less readable one.
 */
bool bpfl_image_map_depends_on_btf(const struct bpfl_spec *spec, const struct bpfl_image_map *map);

/*
 * map.c: creates the maps, gives them their initial values, freezes them, and puts inner maps into
 * outer ones.
 */
int bpfl_loading_maps(struct bpfl_loading *loading, struct bpfl_error *err);
/* map.c: puts programs into program arrays. */
int bpfl_loading_prog_slots(struct bpfl_loading *loading, struct bpfl_error *err);
/* map.c: whether the map is frozen once it has its initial value. */
bool bpfl_map_spec_is_frozen(const struct bpfl_map_spec *map);

/* arena.c: maps an arena into this process and puts the object's variables into it. */
int bpfl_arena_map(struct bpfl_loading *loading, size_t map_idx, struct bpfl_error *err);

/*
 * token.c: true when the kernel refused a call for want of rights, and a token was made just now (loading->token_fd)
 * with which it is worth another try.
 */
bool bpfl_loading_take_token(struct bpfl_loading *loading, int ret);

/* map.c: MAP_CREATE, with another try when the memory limit was raised or a token was made. fd, or -errno. */
int bpfl_loading_map_create(struct bpfl_loading *loading, const struct bpfl_attr_map_create *attr);

/*
 * jump_table.c: > 0: a map that holds the places of a program's jump table, to be closed by the caller once the
 * program is loaded.
 */
int bpfl_jump_table_create(struct bpfl_loading *loading, const struct bpfl_image_jump_table *jump,
			   struct bpfl_error *err);

/* struct_ops.c: puts the values of struct_ops maps that a link will register. */
int bpfl_loading_struct_ops(struct bpfl_loading *loading, struct bpfl_error *err);

/* prog.c: loads the programs. */
int bpfl_loading_progs(struct bpfl_loading *loading, struct bpfl_error *err);

/*
 * object.c: true when RLIMIT_MEMLOCK was raised just now and the refused call is worth another try.
 * Kernels before 5.11 charge maps and programs to that limit and answer EPERM; later ones charge
 * the memory cgroup, where raising it would change nothing.
 */
bool bpfl_loading_raise_memlock(struct bpfl_loading *loading, int ret);

/*
 * Refusals that may come from a field, flag or record that an older kernel does not know. Not:
 * permissions, memory, descriptors.
 */
bool bpfl_refusal_is_about_form(int ret);

#endif
