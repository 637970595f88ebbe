/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The target: all that building an image may know about a kernel.
 *
 * bpfl_target_running() is this machine; its parts are read when they are first needed (an object without CO-RE
 * relocations never opens the kernel's BTF). bpfl_target_create() is any other kernel, described by the caller:
 * for checks offline and without root.
 *
 * A target also keeps what was found out (a feature the kernel refused), so that the next object does not ask
 * again. One target, one thread at a time.
 */
#ifndef BPFLOAD_TARGET_H
#define BPFLOAD_TARGET_H

#include "error.h"

#ifdef __cplusplus
extern "C" {
#endif

struct bpfl_target;

struct bpfl_target_opts {
	size_t size;		  /* sizeof(struct bpfl_target_opts) */
	/*
	 * Kernel BTF (raw or ELF), or a directory like /sys/kernel/btf: a file vmlinux, and beside it one for
	 * each module. NULL: the running kernel's, or none for a described target.
	 */
	const char *btf_path;
	const char *kconfig_path; /* kernel configuration; NULL, and for what it leaves unsaid of the running
				     kernel: /boot/config-RELEASE, /proc/config.gz */
	uint32_t kernel_version;  /* LINUX_VERSION_CODE; 0: the running kernel's, or the one that kconfig_path names */
	unsigned nr_possible_cpus; /* 0: the running machine's */
	unsigned page_size;	  /* bytes; 0: the running machine's */
	/*
	 * Types of modules of the kernel that btf_path describes: raw split BTF (/sys/kernel/btf/MODULE),
	 * or NAME.ko. nr_module_paths of them.
	 */
	const char *const *module_paths;
	size_t nr_module_paths;
};

/*
 * The running kernel. Reads nothing yet; a btf_path is read, and checked, by the first bpfl_image_build(),
 * module_paths by the first that needs something which the kernel itself does not have.
 * @opts: may be NULL; its text is copied.
 * @ret_target: to be given to bpfl_target_destroy().
 * Return: 0; -EINVAL, -E2BIG (kind USAGE) for options that make no sense (module_paths without btf_path) or are
 *         newer than this library; -ENOMEM.
 */
BPFL_API int bpfl_target_running(const struct bpfl_target_opts *opts, struct bpfl_target **ret_target,
				 struct bpfl_error *err);
/*
 * A kernel described by opts alone: nothing of the running system is read.
 * @opts: may be NULL: a kernel of which nothing is known.
 * Return: 0, or as bpfl_target_running().
 */
BPFL_API int bpfl_target_create(const struct bpfl_target_opts *opts, struct bpfl_target **ret_target,
				struct bpfl_error *err);
/* Frees a target; images and objects made with it must be gone. NULL is fine. */
BPFL_API void bpfl_target_destroy(struct bpfl_target *target);

#ifdef __cplusplus
}
#endif

#endif
