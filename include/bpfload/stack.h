/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Stacks: addresses to names, and many stacks to folded lines or a flame graph.
 *
 *     struct bpfl_symbolizer *names;   bpfl_symbolizer_create(NULL, &names, &err);
 *     struct bpfl_stacks *stacks;      bpfl_stacks_create(names, NULL, &stacks, &err);
 *     bpfl_stacks_add_object(stacks, object, &err);        (where its stack ids lead)
 *     struct bpfl_profile *profile;    bpfl_profile_create(&profile, &err);
 *     bpfl_profile_add_map(profile, counts, stacks, NULL, &err);
 *     bpfl_profile_folded_text(profile, &text, &err);      or bpfl_profile_svg()
 *
 * Threads: each of these objects is used by one thread at a time; stacks also use their symbolizer.
 */
#ifndef BPFLOAD_STACK_H
#define BPFLOAD_STACK_H

#include "map.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- one address ---- */

struct bpfl_symbolizer;

struct bpfl_symbolizer_opts {
	size_t size; /* sizeof(struct bpfl_symbolizer_opts) */
	struct bpfl_log log; /* hears why names are missing, each reason once */
	/* for the symbols of files, which are read again when they are needed again; 0: 256 MiB */
	uint64_t cache_bytes;
};

/*
 * Makes one, which has read nothing yet: the kernel's symbols are read with the first kernel address, those of
 * a file with the first address in it.
 * @opts: may be NULL.
 * @ret_symbolizer: to be given to bpfl_symbolizer_destroy().
 * Return: 0 or -ENOMEM.
 */
BPFL_API int bpfl_symbolizer_create(const struct bpfl_symbolizer_opts *opts, struct bpfl_symbolizer **ret_symbolizer,
				    struct bpfl_error *err);
/* NULL is fine. */
BPFL_API void bpfl_symbolizer_destroy(struct bpfl_symbolizer *symbolizer);

/* What is known of an address. Text is borrowed, valid until the next call with the same symbolizer. */
struct bpfl_frame {
	uint64_t addr; /* as given; of a build id the offset in the file */
	const char *symbol; /* the function; NULL: unknown */
	uint64_t byte_off;  /* from its start; without a symbol from the start of the file */
	/*
	 * Kernel: the module ("veth"; of BPF programs "bpf"), NULL for the kernel itself. User: the path of the
	 * file, "[vdso]", "[jit]",
	 * "[exited]" when the process was gone before anything could be read of it; NULL unknown. */
	const char *module;
	bool is_kernel;
};

enum bpfl_frame_flag {
	/* an address that a call returns to (all but the innermost of a stack): the call before it is meant */
	BPFL_FRAME_RETURN = 1,
};

/*
 * Addresses of the kernel, its modules and BPF programs, by /proc/kallsyms.
 * @flags: enum bpfl_frame_flag.
 * Return: 1; 0: no name for it; -ENOMEM.
 * Needs: CAP_SYSLOG, unless kernel.kptr_restrict is 0 and the caller may profile; else no address has a name,
 *         and the log says so.
 */
BPFL_API int bpfl_symbolizer_kernel(struct bpfl_symbolizer *symbolizer, uint64_t addr, unsigned flags,
				    struct bpfl_frame *ret_frame);
/*
 * Addresses of a process: by its mappings, the files in them (their .dynsym, .symtab and debug file), the vDSO,
 * and /tmp/perf-PID.map of a just-in-time compiler. Files are opened as that process sees them (containers,
 * deleted files). What was read of a process remains when it exits, see bpfl_symbolizer_note().
 * Return: 1; 0: no name for it; -ENOMEM.
 * Needs: what ptrace(2) needs for that process; CAP_SYS_ADMIN for deleted files.
 */
BPFL_API int bpfl_symbolizer_user(struct bpfl_symbolizer *symbolizer, int pid, uint64_t addr, unsigned flags,
				  struct bpfl_frame *ret_frame);
/*
 * An offset in the file with this build id (maps with BPF_F_STACK_BUILD_ID): among the files of processes that
 * were noted and of all that run, and in /usr/lib/debug/.build-id.
 * Return: 1; 0: no name for it; -ENOMEM.
 */
BPFL_API int bpfl_symbolizer_build_id(struct bpfl_symbolizer *symbolizer, const void *build_id, size_t build_id_size,
				      uint64_t file_off, unsigned flags, struct bpfl_frame *ret_frame);
/*
 * Reads the mappings of a process and opens their files, for the time after its end. Cheap when it was noted
 * before: then it is read again only now and then, for what it loads later.
 * Return: 0; -ESRCH: there is no such process (any more); -ENOMEM.
 */
BPFL_API int bpfl_symbolizer_note(struct bpfl_symbolizer *symbolizer, int pid);
/*
 * The name of a process that was noted or runs.
 * Return: borrowed until the next call; NULL: unknown.
 */
BPFL_API const char *bpfl_symbolizer_comm(struct bpfl_symbolizer *symbolizer, int pid);

/* ---- stacks in maps and events ---- */

/*
 * Finds stacks in keys, values and events, and makes names of them. A member is a stack
 *
 *   - by its name and type: an integer named kern_stack_id, kstack_id, user_stack_id, ustack_id, stack_id and
 *     the like is the number of an element of a stack-trace map; an array of 8-byte numbers (or of struct
 *     bpf_stack_build_id) named kstack, ustack, stack, ... holds the addresses, up to the length in kstack_sz,
 *     kstack_size, kstack_len (bytes) or the first zero;
 *   - by gadget_kernel_stack and struct gadget_user_stack;
 *   - because the caller says so.
 *
 * Addresses of processes are those of the process in a member tgid or pid beside it.
 */
struct bpfl_stacks;

struct bpfl_stacks_opts {
	size_t size; /* sizeof(struct bpfl_stacks_opts) */
	/* "MEMBER=kstack", "MEMBER=ustack", "MEMBER=FORM" (no stack then); borrowed for the life of the stacks */
	const char *const *forms;
	size_t nr_forms;
};

/*
 * @symbolizer: borrowed; must outlive the stacks.
 * @opts: may be NULL.
 * @ret_stacks: to be given to bpfl_stacks_destroy().
 * Return: 0 or -ENOMEM.
 */
BPFL_API int bpfl_stacks_create(struct bpfl_symbolizer *symbolizer, const struct bpfl_stacks_opts *opts,
				struct bpfl_stacks **ret_stacks, struct bpfl_error *err);
/* NULL is fine. */
BPFL_API void bpfl_stacks_destroy(struct bpfl_stacks *stacks);
/*
 * Stack ids lead into this map. Several may be added: then the one decides whose name says kernel or user, or
 * that has the id.
 * @map: taken over, also on failure.
 * Return: 0; -EINVAL (kind USAGE) for a map of another type; -ENOMEM.
 */
BPFL_API int bpfl_stacks_add_map(struct bpfl_stacks *stacks, struct bpfl_map *map, struct bpfl_error *err);
/*
 * All loaded stack-trace maps of an object, which must outlive the stacks.
 * Return: how many; -ENOMEM.
 */
BPFL_API int bpfl_stacks_add_object(struct bpfl_stacks *stacks, const struct bpfl_object *object,
				    struct bpfl_error *err);
/*
 * All stack-trace maps of the programs that use a map of anybody.
 * Return: how many were added; as bpfl_listing_read(); -ENOMEM.
 * Needs: CAP_SYS_ADMIN to see the programs (before Linux 5.8), later also CAP_BPF and CAP_PERFMON.
 */
BPFL_API int bpfl_stacks_add_related(struct bpfl_stacks *stacks, const struct bpfl_map *map, struct bpfl_error *err);
/*
 * Whether keys or values of a map have stacks.
 * @ret_note: which members, and why: "key.kern_stack_id: kernel stack in map 'stacks' (by its name)";
 * malloc'ed; free() it. May be NULL.
 * Return: how many members are stacks; -ENOMEM.
 */
BPFL_API int bpfl_stacks_in_map(struct bpfl_stacks *stacks, const struct bpfl_map *map, char **ret_note,
				struct bpfl_error *err);
/*
 * Notes the processes of all keys of a map that has user stacks (bpfl_symbolizer_note()), so that their stacks
 * can be read later.
 * Return: 0; as bpfl_map_each().
 */
BPFL_API int bpfl_stacks_note_map(struct bpfl_stacks *stacks, const struct bpfl_map *map, struct bpfl_error *err);

/* ---- many stacks ---- */

struct bpfl_profile;

/* @ret_profile: to be given to bpfl_profile_destroy(). Return: 0 or -ENOMEM. */
BPFL_API int bpfl_profile_create(struct bpfl_profile **ret_profile, struct bpfl_error *err);
/* NULL is fine. */
BPFL_API void bpfl_profile_destroy(struct bpfl_profile *profile);
/*
 * One stack.
 * @frames: from the outermost to the innermost; the first is often the name of the process. Copied.
 * @count: samples, or whatever the width shall be. 0 adds nothing.
 * Return: 0; -E2BIG (kind USAGE): more than can be shown; -ENOMEM.
 */
BPFL_API int bpfl_profile_add(struct bpfl_profile *profile, const char *const *frames, size_t nr_frames, uint64_t count,
			      struct bpfl_error *err);
/*
 * The stacks of a map: name of the process (member comm), user stack, kernel stack; counted by a number of the value.
 * @count: the member of the value, or NULL: the value itself, a member count, samples, ..., or its only number.
 * Of per-CPU
 *	maps the sum.
 * Return: 0; -EINVAL, -ENOENT (kind USAGE) when the map has no stacks or no such number; as bpfl_map_each().
 */
BPFL_API int bpfl_profile_add_map(struct bpfl_profile *profile, const struct bpfl_map *map, struct bpfl_stacks *stacks,
				  const char *count, struct bpfl_error *err);
/* Return: the sum of all counts. */
BPFL_API uint64_t bpfl_profile_nr_samples(const struct bpfl_profile *profile);
/*
 * How many samples have a stack that the kernel could not keep: another one has its place in the stack-trace
 * map, or that is full.
 * Return: of these.
 */
BPFL_API uint64_t bpfl_profile_nr_lost(const struct bpfl_profile *profile);
/*
 * One line for each stack, "comm;main;work 12", sorted: what flamegraph.pl, speedscope and inferno read.
 * @ret_text: malloc'ed; free() it.
 * Return: 0 or -ENOMEM.
 */
BPFL_API int bpfl_profile_folded_text(struct bpfl_profile *profile, char **ret_text, struct bpfl_error *err);

struct bpfl_svg_opts {
	size_t size; /* sizeof(struct bpfl_svg_opts) */
	const char *title; /* NULL: "Flame graph" */
	const char *unit;  /* what is counted; NULL: "samples" */
	unsigned width;	   /* pixels; 0: 1200 */
};
/*
 * A flame graph: one SVG that needs nothing else. In a browser it can be searched and zoomed into; anything
 * that shows SVG shows it.
 * @opts: may be NULL.
 * @ret_text: malloc'ed; free() it.
 * Return: 0 or -ENOMEM.
 */
BPFL_API int bpfl_profile_svg(struct bpfl_profile *profile, const struct bpfl_svg_opts *opts, char **ret_text,
			      struct bpfl_error *err);

#ifdef __cplusplus
}
#endif

#endif
