/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The spec: what an object file says, before any kernel is asked.
 *
 * Read it from a path, from memory, or build it from instructions and map definitions. Look at its programs,
 * maps and variables, and change them: set variables, sizes and types, choose what is loaded. Needs no
 * privileges, and opens objects of either byte order.
 *
 * Threads: one spec, one thread at a time; different specs are independent.
 */
#ifndef BPFLOAD_SPEC_H
#define BPFLOAD_SPEC_H

#include "error.h"

#ifdef __cplusplus
extern "C" {
#endif

struct bpfl_spec;

struct bpfl_spec_opts {
	size_t size;		 /* sizeof(struct bpfl_spec_opts); lets the struct grow */
	const char *name;	 /* object name; NULL: from the file's name */
	struct bpfl_log log;	 /* hears what was skipped or guessed */
};

/*
 * Reads an object file.
 * @path: a regular file of at most 256 MiB.
 * @opts: may be NULL.
 * @ret_spec: the spec, to be given to bpfl_spec_destroy(); it keeps no connection to the file.
 * Return: 0, or -errno: -ENOENT, -EACCES (kind SYSTEM/PERMISSION) for the file; -EINVAL, -ENOEXEC, ... (kind
 *         OBJECT) for what is in it.
 */
BPFL_API int bpfl_spec_read(const char *path, const struct bpfl_spec_opts *opts, struct bpfl_spec **ret_spec,
			    struct bpfl_error *err);

/*
 * The same from memory.
 * @bytes: size bytes, only read during the call; no alignment is needed.
 * @opts: may be NULL; its name, or "object", names the result.
 * Return: 0, or -errno (kind OBJECT) as of bpfl_spec_read().
 */
BPFL_API int bpfl_spec_read_memory(const void *bytes, size_t size, const struct bpfl_spec_opts *opts,
				   struct bpfl_spec **ret_spec, struct bpfl_error *err);

/*
 * An empty spec to be filled with bpfl_spec_add_map() and bpfl_spec_add_prog().
 * @name: of the object, as messages and the names of its maps show it. Copied.
 * @license: "GPL", ...; says which helpers its programs may call. Copied.
 * @ret_spec: to be given to bpfl_spec_destroy().
 * Return: 0 or -ENOMEM.
 */
BPFL_API int bpfl_spec_create(const char *name, const char *license, struct bpfl_spec **ret_spec,
			      struct bpfl_error *err);

/* Frees a spec; images and objects made from it must be gone. NULL is fine. */
BPFL_API void bpfl_spec_destroy(struct bpfl_spec *spec);

/* ---- looking ---- */

/* One map of a spec. Text is borrowed from the spec, valid until it is changed or destroyed. */
struct bpfl_map_view {
	const char *name;
	const char *section;
	uint32_t type; /* enum bpf_map_type of the kernel */
	uint32_t key_size, value_size; /* bytes */
	uint32_t max_entries; /* 0: left open */
	uint32_t flags;
	uint64_t map_extra;
	uint32_t pinning;
	bool is_data; /* .data, .rodata, .bss, .kconfig */
	/*
	 * a variable of .struct_ops: an implementation of a kernel interface, to be registered by
	 * bpfl_link_attach_map()
	 */
	bool is_struct_ops;
	bool selected; /* false: a struct_ops map that is not to be made */
};

struct bpfl_prog_view {
	const char *name;
	const char *section;
	uint32_t type;	      /* enum bpf_prog_type of the kernel, 0 unknown */
	uint32_t attach_type; /* expected_attach_type */
	const char *hook;     /* "kprobe", "xdp", ...: what bpfl_attach() would do; "" when none */
	const char *target;   /* behind the slash of the section, "" none */
	bool needs_target;    /* the section alone does not say where to attach */
	const char *target_hint; /* what is missing: "xdp:IF"; "" when nothing */
	bool selected;	      /* will be loaded */
};

struct bpfl_var_view {
	const char *name;
	const char *map; /* ".data", ... */
	uint32_t byte_off, size_bytes;
	bool read_only;
};

/* Return: how many there are; the view functions take indexes below that. */
BPFL_API size_t bpfl_spec_nr_maps(const struct bpfl_spec *spec);
BPFL_API size_t bpfl_spec_nr_progs(const struct bpfl_spec *spec);
BPFL_API size_t bpfl_spec_nr_vars(const struct bpfl_spec *spec);
/*
 * One of them.
 * @ret_view: its text is borrowed from the spec, valid until that is changed or destroyed.
 * Return: 0; -ERANGE when idx is too large.
 */
BPFL_API int bpfl_spec_map_view(const struct bpfl_spec *spec, size_t idx, struct bpfl_map_view *ret_view);
BPFL_API int bpfl_spec_prog_view(const struct bpfl_spec *spec, size_t idx, struct bpfl_prog_view *ret_view);
BPFL_API int bpfl_spec_var_view(const struct bpfl_spec *spec, size_t idx, struct bpfl_var_view *ret_view);

/* What an object says about itself, by the convention of public gadgets: docs/gadgets.md. */
enum bpfl_marker_kind {
	BPFL_MARKER_TRACER,	 /* events of map are struct type */
	BPFL_MARKER_PARAM,	 /* var is to be set by who runs the object */
	BPFL_MARKER_MAPITER,	 /* the elements of map are a table */
	BPFL_MARKER_ITER,	 /* progs are iterators that write struct type: a table */
	BPFL_MARKER_ITER_TARGET, /* progs[0], an iterator over elements, walks map */
	BPFL_MARKER_SK_TARGET,	 /* progs[0] sees the traffic of the sockets in map */
};
#define BPFL_MARKER_PROGS_MAX 3
struct bpfl_marker_view {
	enum bpfl_marker_kind kind;
	const char *text; /* as it stands in the object */
	const char *name, *map, *type, *var; /* NULL: this kind has none; everything that is named exists */
	const char *progs[BPFL_MARKER_PROGS_MAX];
	size_t nr_progs;
};
/* Return: how many markers there are. */
BPFL_API size_t bpfl_spec_nr_markers(const struct bpfl_spec *spec);
/*
 * One of them.
 * @ret_view: its text is borrowed from the spec, valid until that is changed or destroyed.
 * Return: 0; -ERANGE when idx is too large.
 */
BPFL_API int bpfl_spec_marker_view(const struct bpfl_spec *spec, size_t idx, struct bpfl_marker_view *ret_view);

/*
 * Return: true when a function of the object calls bpf_trace_printk() or bpf_trace_vprintk(): somebody should listen.
 */
BPFL_API bool bpfl_spec_prints(const struct bpfl_spec *spec);

/*
 * The stages as text or JSON, for people. bpfl_elf_text() reads the file at path and shows its checked ELF tables.
 * @ret_text: malloc'ed, NUL-terminated; free() it.
 * Return: 0; -ENOMEM; bpfl_elf_text() also as bpfl_spec_read().
 */
BPFL_API int bpfl_elf_text(const char *path, enum bpfl_format format, char **ret_text, struct bpfl_error *err);
BPFL_API int bpfl_spec_text(const struct bpfl_spec *spec, enum bpfl_format format, char **ret_text,
			    struct bpfl_error *err);

/* ---- changing ---- */

/*
 * Sets a variable before loading, typed by the object's BTF.
 * @path: "name", "name.member", "name[2].member".
 * @text: a number, true/false, an enumerator, a string, {a=1,b=[1,2]}; "self" is this process's pid for integers.
 * Return: 0; -ENOENT no such variable (near names in fix); -EINVAL, -ERANGE text does not fit the type; all kind USAGE.
 */
BPFL_API int bpfl_spec_var_set_text(struct bpfl_spec *spec, const char *path, const char *text,
				    struct bpfl_error *err);
/*
 * The same from memory.
 * @value: size bytes, in this machine's byte order; size must equal the variable's size.
 * Return: 0; -ENOENT no such variable; -EINVAL another size, or an object of the other byte order; all kind USAGE.
 */
BPFL_API int bpfl_spec_var_set(struct bpfl_spec *spec, const char *name, const void *value, size_t size,
			       struct bpfl_error *err);
/*
 * Copies the initial value out.
 * @ret_value: size bytes; size must equal the variable's size.
 * Return: as bpfl_spec_var_set().
 */
BPFL_API int bpfl_spec_var_get(const struct bpfl_spec *spec, const char *name, void *ret_value, size_t size,
			       struct bpfl_error *err);

/*
 * The initial value as text, typed by the object's BTF: as bpfl_spec_var_set_text() takes it.
 * @ret_text: malloc'ed; free() it.
 * Return: 0; -ENOENT no such variable; -EINVAL an object of the other byte order; both kind USAGE; -ENOMEM.
 */
BPFL_API int bpfl_spec_var_text(const struct bpfl_spec *spec, const char *name, char **ret_text,
				struct bpfl_error *err);

/*
 * Changes a number of a map.
 * @map: its name; not one of the object's data sections.
 * @field: "max_entries", "value_size" and "key_size" (bytes; the types are forgotten), "flags", "type",
 * "numa_node", "map_extra".
 * Return: 0; -ENOENT no such map; -EINVAL no such field (near names in fix), or a data section; -ERANGE more
 *         than the field's 32 bits; all kind USAGE.
 */
BPFL_API int bpfl_spec_map_set(struct bpfl_spec *spec, const char *map, const char *field, uint64_t value,
			       struct bpfl_error *err);
/*
 * Programs get a map that exists already in the place of one of the object's. Its type and the sizes of its keys and
 * values must be those of the object's map (E31 when it is loaded, if not); how many elements it has and what is
 * in them stays as it is.
 * @map: not a struct_ops variable or the kernel's configuration. @where: "id N", or the path of a pin (with a '/'); copied.
 *       NULL: the object's own again.
 * Return: 0; -ENOENT no such map; -EINVAL a map that cannot be replaced; both kind USAGE; -ENOMEM. Whether the other
 *         map exists is seen when the object is loaded.
 */
BPFL_API int bpfl_spec_map_reuse(struct bpfl_spec *spec, const char *map, const char *where, struct bpfl_error *err);
/*
 * What the maps are like that a map of maps holds, for one that does not declare it, or in place of what it declares.
 * @where: another map of the object, or one that exists: "id N", or the path of a pin (with a '/'); copied.
 * Return: 0; -ENOENT no such map; -EINVAL @map is no map of maps; both kind USAGE; -ENOMEM.
 */
BPFL_API int bpfl_spec_map_set_inner(struct bpfl_spec *spec, const char *map, const char *where,
				     struct bpfl_error *err);

/*
 * Gives a program the type of a SEC() name, whatever its own section is called.
 * @section_name: "xdp", "tp_btf/sched_switch", ...; copied.
 * Return: 0; -ENOENT no such program; -EINVAL no such section name (near names in fix); both kind USAGE.
 */
BPFL_API int bpfl_spec_prog_set_type(struct bpfl_spec *spec, const char *prog, const char *section_name,
				     struct bpfl_error *err);
/*
 * Chooses whether a program is loaded. Those whose section begins with '?' are not by default, all others are.
 * Return: 0; -ENOENT (kind USAGE, near names in fix) no such program.
 */
BPFL_API int bpfl_spec_prog_select(struct bpfl_spec *spec, const char *prog, bool selected, struct bpfl_error *err);

/*
 * Chooses whether a struct_ops variable is made into a map; those of section "?.struct_ops" are not by default.
 * Its programs go with it.
 * Return: 0; -ENOENT (kind USAGE) no such variable.
 */
BPFL_API int bpfl_spec_struct_ops_select(struct bpfl_spec *spec, const char *map, bool selected,
					 struct bpfl_error *err);
/*
 * Puts another program into a member of a struct_ops variable. (Other members are variables: "map.member".)
 * @prog: its name; NULL: none.
 * Return: 0; -ENOENT (kind USAGE) no such variable, member or program; -EINVAL (kind OBJECT) a variable without a type.
 *         Whether the member is a function is looked at when the image is built.
 */
BPFL_API int bpfl_spec_struct_ops_set(struct bpfl_spec *spec, const char *map, const char *member, const char *prog,
				      struct bpfl_error *err);

/* ---- building by hand ---- */

struct bpfl_map_def {
	size_t size; /* sizeof(struct bpfl_map_def) */
	const char *name;
	uint32_t type, key_size, value_size, max_entries, flags;
	uint64_t map_extra;
	/* bpfl_map_create() only: of a map of maps, a map like those that it will hold; 0: none. Borrowed. */
	int inner_map_fd;
};
/*
 * Adds a map.
 * @def: read during the call; its text is copied. Sizes in bytes; max_entries 0 leaves the size open
 * (bpfl_spec_map_set()).
 * Return: 0; -EEXIST the name is taken; -EINVAL no name or no type; both kind USAGE; -ENOMEM.
 */
BPFL_API int bpfl_spec_add_map(struct bpfl_spec *spec, const struct bpfl_map_def *def, struct bpfl_error *err);

struct bpfl_prog_def {
	size_t size; /* sizeof(struct bpfl_prog_def) */
	const char *name;
	const char *section; /* a SEC() name: says the type */
	const void *insns;   /* nr_insns * 8 bytes in this machine's byte order; copied */
	size_t nr_insns;
	/* Which instructions load a map: insn_idx of an ld_imm64, and the map's name. */
	const struct bpfl_map_use { uint32_t insn_idx; const char *map; } *map_uses;
	size_t nr_map_uses;
};
/*
 * Adds a program, selected for loading.
 * @def: read during the call; all of it is copied. Maps that it uses must have been added before.
 * Return: 0, or -errno (kind USAGE) and the spec is as before: -EEXIST the name is taken; -ENOENT no such map;
 *         -EINVAL no name, section or instructions, or a use that is no ld_imm64; -ENOMEM. A section name that
 *         says no type is an error of loading.
 */
BPFL_API int bpfl_spec_add_prog(struct bpfl_spec *spec, const struct bpfl_prog_def *def, struct bpfl_error *err);

#ifdef __cplusplus
}
#endif

#endif
