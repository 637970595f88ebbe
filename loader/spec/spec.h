/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * spec: what the file says. The same on every machine; no file descriptors; editable before an image is built.
 *
 * - bpfl_spec_read...() (public) runs the passes of spec/read.c over an ELF file: sections, license, BTF, maps,
 *   data, functions, relocations.
 * - Everything refers to everything else by index (map_idx, func_idx, ...), never by pointer.
 * - A function is a list of annotated instructions: beside its eight bytes an instruction carries what it
 *   refers to, its CO-RE record and its source line. Copying instructions (subprograms appended by
 *   image/subprog.c) copies the annotations.
 * - Instructions and data are in native byte order when the file's order is ours. For a foreign file
 *   instructions are swapped so that they can be printed and checked; spec->foreign is set and an image of it
 *   cannot be loaded.
 */
#ifndef BPFL_SPEC_SPEC_H
#define BPFL_SPEC_SPEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/buf.h"
#include "base/error.h"
#include "base/json.h"
#include "bpfload/spec.h"
#include "btf/btf.h"
#include "spec/section.h"
#include "sys/insn.h"

#define BPFL_NO_IDX (-1)
#define BPFL_METADATA_PREFIX "bpf_metadata_" /* of variables; bpftool's convention */

/* ---- instructions ---- */

struct bpfl_inst {
	struct bpfl_insn insn; /* as in the file, native order; immediates still hold the file's addends */
	int32_t ref_idx;  /* spec->refs, or BPFL_NO_IDX */
	int32_t core_idx; /* spec->cores, or BPFL_NO_IDX */
	int32_t line_idx; /* spec->lines: a new source line begins here, or BPFL_NO_IDX */
};

/*
 * What an instruction refers to. The addend has been worked out already: nothing later looks at the
 * instruction's old immediate.
 */
enum bpfl_ref_kind {
	BPFL_REF_MAP,	    /* ld_imm64: fd of map target_idx */
	BPFL_REF_DATA,	    /* ld_imm64: address of byte byte_off in the value of map target_idx */
	BPFL_REF_CALL,	    /* call of function target_idx (REL-05, REL-06) */
	BPFL_REF_FUNC_ADDR, /* ld_imm64: address of function target_idx, a callback (REL-07) */
	BPFL_REF_EXTERN,    /* ld_imm64 or call of extern target_idx (EXT-..): what it becomes depends on the kernel */
	BPFL_REF_JUMP_TABLE, /* ld_imm64: address of jump table target_idx (REL-14) */
};

struct bpfl_ref {
	enum bpfl_ref_kind kind;
	uint32_t target_idx; /* map, function, extern or jump table, by kind */
	uint32_t byte_off;   /* DATA only */
};

struct bpfl_core {  /* a CO-RE relocation record (behaviour CORE-..) */
	uint32_t type_id; /* local root type, in spec->btf */
	uint32_t kind;	  /* 0..12 */
	const char *access; /* "0:1:2", borrowed from the BTF's strings */
};

struct bpfl_line {
	uint32_t file_name_off, line_off, line_col; /* offsets into spec->btf's strings, as the kernel wants them */
};

/*
 * Where an indirect jump (gotox, Linux 6.19) may go: compilers make one of a large switch. The instruction that loads a
 * table's address is in the function that the places are in.
 */
struct bpfl_jump_table {
	char *name;	   /* of its symbol */
	uint32_t func_idx;
	uint32_t *targets; /* instructions, counted from the function's first */
	uint32_t nr_targets;
};

/* ---- functions and programs ---- */

struct bpfl_func {
	char *name;
	char *section;	      /* full section name */
	uint32_t section_idx; /* of the ELF file */
	uint32_t byte_off;    /* in that section */
	uint32_t btf_func_id; /* BTF_KIND_FUNC from func_info, 0 none */
	bool is_local;	      /* static: not to be seen outside of its file */
	bool is_hidden;	      /* nor outside of the object */
	struct bpfl_inst *insts;
	uint32_t nr_insts;
};

struct bpfl_prog {
	char *name;		/* full name; the kernel gets the first 15 characters */
	char *section;		/* as in the file, with '?' */
	uint32_t func_idx;	/* its entry function */
	struct bpfl_section_hit hit; /* hit.target points into section, or into type_name */
	char *type_name;	/* the SEC() name that bpfl_spec_prog_set_type() gave; NULL: section counts */
	/* What it is loaded as: from the row, unless the caller said otherwise (--type). */
	uint32_t prog_type;	/* enum bpfl_prog_type */
	uint32_t attach_type;	/* expected_attach_type */
	uint32_t prog_flags;
	/* xdp: the interface where it will be attached; loaded for it when it asks the driver for metadata; 0 unknown */
	uint32_t ifindex;
	/* what --attach needs to be told ("xdp:IF"), NULL when the section says it all; own copy */
	char *attach_hint;
	/* for the BTF look-up when the row needs_btf_id; a pattern of functions; own copy; NULL none */
	char *attach_target;
	char *attach_where;	/* the map that a marker attaches it to; own copy; NULL none */
	/*
	 * freplace: the program that attach_target is a function of, "id N" or the path of a pin; own copy;
	 * NULL none
	 */
	char *attach_prog;
	bool optional;		/* '?' */
	bool selected;		/* will be loaded: !optional at first, --only / --skip change it */
};

/* ---- maps and variables ---- */

enum bpfl_map_origin {
	BPFL_MAP_BTF,	  /* .maps */
	BPFL_MAP_LEGACY,  /* SEC("maps"), SEC("maps/NAME"), bpf_elf_map */
	BPFL_MAP_DATA,	  /* .data*; .percpu* (a PERCPU_ARRAY) */
	BPFL_MAP_RODATA,  /* .rodata*: frozen */
	BPFL_MAP_BSS,	  /* .bss* */
	BPFL_MAP_KCONFIG, /* .kconfig externs: values come with the target; frozen */
	BPFL_MAP_STRUCT_OPS, /* one per variable of .struct_ops* */
	BPFL_MAP_CALLER,  /* added through the API */
};

struct bpfl_map_slot { /* one initialiser of values= */
	uint32_t key;	   /* slot number */
	bool is_prog;	   /* else a map */
	uint32_t target_idx; /* map_idx or prog_idx */
};

struct bpfl_ops_member { /* a member of a struct_ops variable that points to a program */
	uint32_t byte_off; /* in the object's struct */
	uint32_t prog_idx;
};

/* A variable whose initial value holds an address, which no map can hold: an error for programs that refer to it. */
struct bpfl_pointer_fault {
	uint32_t byte_off, size_bytes; /* of the variable, in the map's value */
	char *text;		       /* "variable 'p' ..." */
};

struct bpfl_map_spec {
	char *name;
	enum bpfl_map_origin origin;
	char *section;	      /* where it was declared */
	uint32_t section_idx; /* of the ELF file; 0 for CALLER */
	uint32_t byte_off;    /* of its definition in that section */
	uint32_t type, key_size, value_size, max_entries, flags, numa_node; /* sizes in bytes; 0 = left open */
	uint64_t map_extra;
	uint32_t pinning;     /* 0, 1 by name, 2 (bpf_elf_map) in the object's namespace directory */
	uint32_t key_type_id, value_type_id; /* in spec->btf, 0 none */
	bool has_max_entries; /* the file said a number, even 0 */
	struct bpfl_map_spec *inner; /* template of map-in-map, owned, or NULL */
	/* The caller's wishes; owned, or NULL. A template: a map of the object, or "id N", or the path of a pin. */
	char *inner_where;
	char *reuse;	      /* the map that exists and takes this one's place: "id N", or the path of a pin */
	struct bpfl_map_slot *slots;
	size_t nr_slots;
	BPFL_VEC(struct bpfl_ops_member) ops; /* STRUCT_OPS */
	bool unselected;      /* STRUCT_OPS: not to be made (section '?.struct_ops', or the caller's wish) */
	/* initial value of data maps, data_size bytes (value_size), owned; of an arena, its variables */
	uint8_t *data;
	uint32_t data_size;
	BPFL_VEC(struct bpfl_pointer_fault) pointer_faults; /* data maps: variables that hold addresses (NEW-40) */
	bool mmapable;	      /* GLB-02: holds a variable that is not static */
	bool frozen;
	uint32_t legacy_id, legacy_inner_id; /* bpf_elf_map's own way to name inner maps */
};

struct bpfl_var {
	char *name;
	uint32_t map_idx;
	uint32_t byte_off, size_bytes; /* in the map's data */
	uint32_t btf_id;	       /* its VAR in spec->btf; 0 none. The VAR may stand in another section's DATASEC (clang 14 files
					  constants of .rodata.cst16 under .rodata): where a variable is, is said here */
	uint32_t type_id;	       /* of the value, in spec->btf; 0 unknown */
	bool is_static, is_hidden;
};

enum bpfl_extern_kind { BPFL_EXTERN_KCONFIG, BPFL_EXTERN_KSYM_VAR, BPFL_EXTERN_KSYM_TYPELESS, BPFL_EXTERN_KFUNC };
struct bpfl_extern {
	char *name;
	enum bpfl_extern_kind kind;
	bool weak;
	uint32_t btf_id;   /* VAR or FUNC in spec->btf */
	uint32_t type_id;  /* of the value (VAR) or the FUNC_PROTO (KFUNC) */
	uint32_t byte_off; /* KCONFIG: place in the .kconfig map (EXT-15) */
	uint32_t size_bytes;
};

struct bpfl_marker { /* what the object says about itself: markers.c */
	enum bpfl_marker_kind kind;
	char *text;  /* as it stands in the object; owned */
	char *words; /* the parts lie in it; owned */
	char *name, *map, *type, *var; /* NULL: this kind has none */
	char *progs[BPFL_MARKER_PROGS_MAX]; /* in words, or the program's own name */
	size_t nr_progs;
};

struct bpfl_note { /* what the file made us skip or guess: shown by `bpfload spec`, logged when reading */
	enum bpfl_log_level level;
	char *text;
};

struct bpfl_spec {
	char *name;	   /* of the object: basename up to the first '.', for map name prefixes */
	char *file_name;   /* for messages */
	char *license;	   /* "" when the file has none */
	bool has_license;
	uint32_t kern_version; /* from the section `version`; 0 none */
	bool foreign;	   /* the file's byte order is not ours */
	bool big_endian;
	struct bpfl_btf *btf; /* NULL when the object has none */
	char *file;	      /* the whole file where btf is borrowed from it, else NULL; owned */
	BPFL_VEC(struct bpfl_func) funcs;
	BPFL_VEC(struct bpfl_prog) progs;
	BPFL_VEC(struct bpfl_map_spec) maps;
	BPFL_VEC(struct bpfl_var) vars;
	BPFL_VEC(struct bpfl_extern) externs;
	BPFL_VEC(struct bpfl_ref) refs;
	BPFL_VEC(struct bpfl_jump_table) jump_tables;
	BPFL_VEC(struct bpfl_core) cores;
	BPFL_VEC(struct bpfl_line) lines;
	BPFL_VEC(struct bpfl_marker) markers;
	BPFL_VEC(struct bpfl_note) notes;
	bool has_ext;	   /* a .BTF.ext was there */
	uint32_t nr_usdt_specs; /* elements of __bpf_usdt_specs that attaching will take: attach/usdt_specs.c counts */
};

/* What one file may ask for: it is untrusted, and all of it is kept in memory. */
#define BPFL_SPEC_MAX_INSTS (4u << 20)	     /* instructions, over all functions; places, over all jump tables */
#define BPFL_SPEC_MAX_DATA (INT32_MAX)	     /* bytes of one data section: the kernel takes no larger array element */
#define BPFL_SPEC_MAX_DATA_SUM (4ull << 30) /* bytes of all data sections */
#define BPFL_SPEC_MAX_NOTES 1000

/* Puts the object's file in front of a message, as the last prefix of all: "x.bpf.o: program 'p': ...". */
void bpfl_spec_error_prefix(const struct bpfl_spec *spec, struct bpfl_error *err);

int32_t bpfl_spec_map_idx(const struct bpfl_spec *spec, const char *name);  /* or BPFL_NO_IDX */
int32_t bpfl_spec_prog_idx(const struct bpfl_spec *spec, const char *name);
int32_t bpfl_spec_var_idx(const struct bpfl_spec *spec, const char *name);
int32_t bpfl_spec_func_idx(const struct bpfl_spec *spec, const char *name);

/*
 * The error for a program whose section name says no type (E9), with near names and the options that help. Not
 * an error while reading: only a program that is to be loaded needs a type. Returns -errno.
 */
int bpfl_spec_prog_type_error(const struct bpfl_spec *spec, size_t prog_idx, struct bpfl_error *err);
/* The error for a program whose section does not say where to attach (E10), with the option to add. Returns -errno. */
int bpfl_spec_target_error(const struct bpfl_spec *spec, size_t prog_idx, struct bpfl_error *err);

/* The name of the member at byte_off of a struct_ops variable's struct; "" when it has none. Borrowed from the BTF. */
const char *bpfl_spec_ops_member_name(const struct bpfl_spec *spec, const struct bpfl_map_spec *map, uint32_t byte_off);

/* What the object says about itself, for `bpfload spec`: lines of text; a member "markers" of an object. */
void bpfl_spec_markers_text(const struct bpfl_spec *spec, struct bpfl_buf *out);
void bpfl_spec_markers_json(const struct bpfl_spec *spec, struct bpfl_json *json);

/* Remembers a note (printf). Out of memory is ignored: a note is a courtesy. */
void bpfl_spec_note(struct bpfl_spec *spec, enum bpfl_log_level level, const char *fmt, ...) BPFL_PRINTF(3, 4);

#endif
