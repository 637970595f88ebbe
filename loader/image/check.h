/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * image/check: what the files of the check share.
 *
 *   check.c        the order of things; relocations and helpers out of the relocated programs
 *   check_types.c  what the kernel's interface numbers: helpers, types of maps and programs
 *   check_extern.c what each extern becomes
 *   check_hook.c   what programs are attached to
 *   check_struct_ops.c  structs of functions that the object implements
 *   check_reach.c  which instructions the verifier can come to
 *   check_text.c   words and JSON
 *
 * The check has no rules of its own about what a kernel can do: it runs the passes that build an
 * image, one need at a time where a pass would stop at the first failure, and writes down what they
 * say. So it agrees with loading by construction.
 */
#ifndef BPFL_IMAGE_CHECK_H
#define BPFL_IMAGE_CHECK_H

#include "bpfload/check.h"
#include "image/image.h"

struct bpfl_check {
	BPFL_VEC(struct bpfl_check_item) items; /* texts owned */
	char capabilities[128];
	uint32_t since;
};

/* What is known of an extern on this kernel. */
enum bpfl_check_presence { BPFL_PRESENCE_UNKNOWN, BPFL_PRESENCE_ABSENT, BPFL_PRESENCE_PRESENT };

#define BPFL_CHECK_MODULE_SIZE 64

/* One check at work. */
struct bpfl_checking {
	const struct bpfl_spec *spec;
	struct bpfl_target *target;
	const struct bpfl_log *log;
	struct bpfl_image *image;	   /* flat programs, relocated; owned */
	struct bpfl_check *check;	   /* owned */
	enum bpfl_check_presence *externs; /* by extern */
	/* Values of the .kconfig map as far as they are known, and which bytes are. NULL when the
	 * object has none. */
	uint8_t *kconfig;
	bool *kconfig_known;
	uint32_t kconfig_size;
};

/* Adds an item with a name and a sentence (copied); the caller fills the rest. NULL without memory.
 */
struct bpfl_check_item *bpfl_check_add(struct bpfl_checking *checking, enum bpfl_check_kind kind,
				       enum bpfl_check_status status, const char *name,
				       const char *text);
/* The program's name into an item. -ENOMEM. */
int bpfl_check_set_prog(const struct bpfl_checking *checking, struct bpfl_check_item *item,
			const struct bpfl_image_prog *prog);

/* Whether the kernel itself has a type of this kind and name. UNKNOWN without BTF. */
enum bpfl_check_presence bpfl_check_named(struct bpfl_checking *checking, enum bpfl_btf_kind kind,
					  const char *name);
/*
 * The same, and where not, whether one of its modules has. Then ret_module is that module's name, else "".
 * UNKNOWN also when it has modules whose types are not at hand, or that have none: for what is attached by name.
 */
enum bpfl_check_presence bpfl_check_named_anywhere(struct bpfl_checking *checking, enum bpfl_btf_kind kind,
						   const char *name, char ret_module[BPFL_CHECK_MODULE_SIZE]);
/*
 * Whether something that the kernel itself does not have may be in a module that nobody can look into. by_name:
 * something that is found by its name, so that a module without types may have it too.
 */
bool bpfl_check_modules_unknown(struct bpfl_checking *checking, bool by_name);

/*
 * check_types.c: an item for a helper, or a type of maps or programs: what the kernel numbers in an
 * enum. name NULL: the number is its name. since: version code, 0 not known. NULL without memory.
 */
struct bpfl_check_item *bpfl_check_interface_add(struct bpfl_checking *checking,
						 enum bpfl_check_kind kind, const char *name,
						 const char *enum_name, uint64_t value,
						 uint32_t since);
/* check_types.c: items for the types of maps and programs; fills the check's capabilities. */
int bpfl_check_types(struct bpfl_checking *checking, struct bpfl_error *err);
/* check_types.c: the newest of what is needed, when all items are there. */
void bpfl_check_since(struct bpfl_checking *checking);
/* check_extern.c: an item for each extern; fills externs and kconfig. */
int bpfl_check_externs(struct bpfl_checking *checking, struct bpfl_error *err);
/* check_hook.c: an item for what each program is attached to. */
int bpfl_check_hooks(struct bpfl_checking *checking, struct bpfl_error *err);

/*
 * check_struct_ops.c: an item for the interface that each struct_ops map implements, and for each member; first
 * of all, because programs of members that the kernel does not have may be left out.
 */
int bpfl_check_struct_ops(struct bpfl_checking *checking, struct bpfl_error *err);

/*
 * check_reach.c: which instructions of a relocated program the verifier can come to on this kernel.
 * ret_reached has prog->nr_insts elements, all false. 0 or -ENOMEM.
 */
int bpfl_check_reach(const struct bpfl_checking *checking, const struct bpfl_image_prog *prog,
		     bool *ret_reached);

#endif
