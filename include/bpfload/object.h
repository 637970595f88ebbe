/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The object: live maps and programs in the kernel. Closing it lets go of them (a link, a pin or another
 * process may keep them alive).
 */
#ifndef BPFLOAD_OBJECT_H
#define BPFLOAD_OBJECT_H

#include "image.h"

#ifdef __cplusplus
extern "C" {
#endif

struct bpfl_object;

struct bpfl_load_opts {
	size_t size;		/* sizeof(struct bpfl_load_opts) */
	uint32_t verifier_log_level; /* 0: only after a rejection; 1, 2, 4 as the kernel defines */
	size_t verifier_log_max; /* bytes a log may grow to; 0: 16 MiB */
	bool keep_memlock;	/* do not raise RLIMIT_MEMLOCK even if an old kernel asks for it */
	struct bpfl_log log;
	/*
	 * Maps that say __uint(pinning, LIBBPF_PIN_BY_NAME) are shared through a file PIN_ROOT/NAME of a
	 * mounted bpffs: what is there is taken, if it is the same kind of map (E31 if not); else the new map
	 * is pinned there, and stays when the object is closed (bpfl_object_unpin()).
	 */
	const char *pin_root; /* NULL: /sys/fs/bpf. Directories that are missing are made, mode 0700 */
	bool no_pin;	      /* such maps are this object's own; a warning says so */
	/*
	 * The root of a bpffs that was mounted with delegate_... options, for a user namespace without rights of its own
	 * (BPF token, Linux 6.9). Asked for when the kernel has refused a call. NULL: /sys/fs/bpf; "": no token.
	 */
	const char *token_path;
};

/*
 * Creates the maps and loads the programs of an image.
 * @image: read only; it and its spec must outlive the object.
 * @target: where refused features are remembered; the one the image was built for.
 * @opts: may be NULL.
 * Return: 0; or -errno and nothing is left in the kernel: PERMISSION (which capability is missing), VERIFIER
 *         (err->verifier_log has the log), UNSUPPORTED, SYSTEM.
 * Needs: CAP_BPF; CAP_PERFMON for tracing, CAP_NET_ADMIN for networking programs (CAP_SYS_ADMIN before Linux 5.8).
 */
BPFL_API int bpfl_object_load(const struct bpfl_image *image, struct bpfl_target *target,
			      const struct bpfl_load_opts *opts, struct bpfl_object **ret_object,
			      struct bpfl_error *err);
/* Lets go of programs and maps; links of the object must be closed before. NULL is fine. */
BPFL_API void bpfl_object_close(struct bpfl_object *object);

/*
 * The file descriptor of a map or program.
 * Return: the descriptor, owned by the object and valid until that is closed; -ENOENT: no such name, or not loaded.
 */
BPFL_API int bpfl_object_map_fd(const struct bpfl_object *object, const char *map);
BPFL_API int bpfl_object_prog_fd(const struct bpfl_object *object, const char *prog);

/*
 * Tells the kernel which struct_ops variable a program goes with, so that kernel functions which it calls act
 * on that one (sched_ext's, for example, when several schedulers are there). For programs of other types: those
 * in the struct itself belong to it anyway. Linux 7.0.
 * @prog: of object, loaded. @map: the variable, of ops_object (may be the same object), loaded.
 * Return: 0, for the lifetime of the program; -errno: USAGE (-ENOENT), UNSUPPORTED (-EINVAL), TARGET (-EBUSY:
 *         another is associated).
 * Needs: CAP_BPF.
 */
BPFL_API int bpfl_object_assoc_struct_ops(const struct bpfl_object *object, const char *prog,
					  const struct bpfl_object *ops_object, const char *map,
					  struct bpfl_error *err);

/*
 * Reads and writes a variable of a loaded object (.data and .bss; .rodata and .kconfig can be read only). Not
 * atomic: programs may run meanwhile, and where the section cannot be mapped (before Linux 5.5) the whole
 * section is read and written back.
 * @name: as in the object; "map.member" does not work here.
 * @size: bytes; must be the variable's.
 * Return: 0; -ENOENT (kind USAGE) no such variable, or no loaded program uses its section; -EINVAL (USAGE)
 *         another size; -EPERM (USAGE) writing a constant; -errno (SYSTEM) of the call.
 * Needs: nothing but the object; CAP_BPF where kernel.unprivileged_bpf_disabled is set and Linux is older than 5.19.
 */
BPFL_API int bpfl_object_var_get(const struct bpfl_object *object, const char *name, void *ret_value, size_t size,
				 struct bpfl_error *err);
BPFL_API int bpfl_object_var_set(const struct bpfl_object *object, const char *name, const void *value, size_t size,
				 struct bpfl_error *err);

/*
 * The verifier's log of a loaded program.
 * Return: text owned by the object; NULL when opts.verifier_log_level asked for none, or there is no such program.
 */
BPFL_API const char *bpfl_object_verifier_log(const struct bpfl_object *object, const char *prog);

#ifdef __cplusplus
}
#endif

#endif
