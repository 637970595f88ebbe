/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * image/core_match: the parts that CO-RE is made of, without instructions.
 *
 * A record names a place in a local type by an access string ("0:1:2"). core_spec.c reads it into a
 * path, core_match.c walks the same path through a type of the target, core_value.c takes the
 * number off a path, core_solve.c does all of that for every record of an object, and core_apply.c
 * writes the numbers into instructions. core_names.c finds types by name.
 *
 * "Local" is the object's BTF, checked when it was read. "Target" is a kernel's BTF, of which only
 * the outline was checked: ids and nesting that come from it are never trusted.
 */
#ifndef BPFL_IMAGE_CORE_MATCH_H
#define BPFL_IMAGE_CORE_MATCH_H

#include "base/buf.h"
#include "base/error.h"
#include "btf/btf.h"
#include "image/target.h"
#include "spec/spec.h"

/* What a record asks, numbered as LLVM numbers it. */
enum bpfl_core_kind {
	BPFL_CORE_FIELD_BYTE_OFF = 0,
	BPFL_CORE_FIELD_BYTE_SIZE = 1,
	BPFL_CORE_FIELD_EXISTS = 2,
	BPFL_CORE_FIELD_SIGNED = 3,
	BPFL_CORE_FIELD_LSHIFT_U64 = 4,
	BPFL_CORE_FIELD_RSHIFT_U64 = 5,
	BPFL_CORE_TYPE_ID_LOCAL = 6,
	BPFL_CORE_TYPE_ID_TARGET = 7,
	BPFL_CORE_TYPE_EXISTS = 8,
	BPFL_CORE_TYPE_SIZE = 9,
	BPFL_CORE_ENUM_EXISTS = 10,
	BPFL_CORE_ENUM_VALUE = 11,
	BPFL_CORE_TYPE_MATCHES = 12,
	BPFL_CORE_NR_KINDS = 13,
};

/* A question is about a field, a type or an enumerator. */
enum bpfl_core_subject { BPFL_CORE_ABOUT_FIELD, BPFL_CORE_ABOUT_TYPE, BPFL_CORE_ABOUT_ENUMERATOR };

/* ---- core_spec.c: paths ---- */

#define BPFL_CORE_PATH_MAX 64u

/* One named member, or one array index. Anonymous structs on the way are no steps. */
struct bpfl_core_step {
	uint32_t type_id; /* member: the struct or union that has it; index: the type of the
			     element. Modifiers skipped */
	uint32_t idx;
	const char *name; /* NULL: array index */
};

struct bpfl_core_path {
	const struct bpfl_btf *btf;
	uint32_t root_id;
	enum bpfl_core_kind kind;
	/* The high form: steps[0] is the index of the root itself (or the enumerator), the others
	 * as the programmer wrote them. */
	struct bpfl_core_step steps[BPFL_CORE_PATH_MAX];
	uint32_t nr_steps;
	/* The low form: the numbers of the access string, anonymous members included. */
	uint32_t indexes[BPFL_CORE_PATH_MAX];
	uint32_t nr_indexes;
	uint64_t bit_off; /* of the place, from the start of the root */
};

enum bpfl_core_subject bpfl_core_subject(enum bpfl_core_kind kind); /* kind < BPFL_CORE_NR_KINDS */
const char *bpfl_core_kind_name(uint32_t kind); /* "field byte offset"; "unknown kind" */

/*
 * How many bytes of a type's name count: a flavour is cut off at the last "X___Y" where X and Y are
 * no underscores (CORE-02, G-31). Fits bpfl_btf_cut_fn.
 */
size_t bpfl_core_name_size(const char *name, size_t name_size);
bool bpfl_core_names_equal(const char *local, const char *target);

/* Reads a record. -EINVAL, kind OBJECT, for anything that a compiler would not have written. */
int bpfl_core_path_parse(const struct bpfl_btf *btf, uint32_t type_id, uint32_t kind,
			 const char *access, struct bpfl_core_path *ret_path,
			 struct bpfl_error *err);
/* Adds an index of an array (or of the root) to the high and the low form. -E2BIG when the path is
 * full or too far from its root. */
int bpfl_core_path_push_index(struct bpfl_core_path *path, uint32_t elem_type_id, uint32_t idx);
/* Whether an array without elements that the last step leads to ends its struct, so that any index
 * is right (CORE-10). */
bool bpfl_core_path_is_flexible(const struct bpfl_core_path *path,
				const struct bpfl_btf_array *array);

/* ---- core_match.c: local against target ---- */

/* All of these return 1 for yes, 0 for no, -E2BIG when types are nested too deeply or too much
 * would have to be compared. */

/* Why a path did not match. */
enum bpfl_core_miss_reason {
	BPFL_CORE_MISS_NONE,
	BPFL_CORE_MISS_TYPE,       /* the target has no type of that name and kind */
	BPFL_CORE_MISS_SHAPE,      /* it has one, but made otherwise (kinds 7..9, 12) */
	BPFL_CORE_MISS_FIELD,      /* no member of that name */
	BPFL_CORE_MISS_FIELD_TYPE, /* a member of that name, but of another type: type_id */
	BPFL_CORE_MISS_INDEX,      /* array too short, or no array: type_id */
	BPFL_CORE_MISS_ENUMERATOR,
	BPFL_CORE_MISS_BITS, /* the bit-field lies across nine bytes */
	BPFL_CORE_MISS_SIZE, /* the target type has no size: type_id */
};

struct bpfl_core_miss {
	const struct bpfl_btf *btf;
	uint32_t type_id; /* in btf: what was found in its place */
	uint16_t step;	  /* of the local path: the one that failed */
	uint8_t reason;	  /* enum bpfl_core_miss_reason */
};

/* Kinds of types that can stand for each other: equal ones, and enum with enum64. */
bool bpfl_core_kinds_compatible(enum bpfl_btf_kind local, enum bpfl_btf_kind target);
/* May a type of the target stand for that of an extern: CORE-09, and a declaration for the struct of its name. */
int bpfl_core_types_compatible(const struct bpfl_btf *local, uint32_t local_id,
			       const struct bpfl_btf *target, uint32_t target_id);
/* CORE-11: does it match member by member (kind 12). */
int bpfl_core_types_match(const struct bpfl_btf *local, uint32_t local_id,
			  const struct bpfl_btf *target, uint32_t target_id);
/* Walks a local path from a type of the target (CORE-07, 08, 10). On 0 ret_miss says where it
 * stopped. */
int bpfl_core_path_match(const struct bpfl_core_path *local, const struct bpfl_btf *target,
			 uint32_t target_id, struct bpfl_core_path *ret_target,
			 struct bpfl_core_miss *ret_miss);

/* ---- core_value.c: the number at the end of a path ---- */

struct bpfl_core_value {
	uint64_t value;
	/* Kind 0: what a load or store of the place moves. 0 bytes for bit-fields and for what is
	 * no number. */
	uint32_t width_bytes;
	uint32_t width_type_id;
	/* Kind 0 of a bit-field: its place in the container at `value`, within 72 bits. */
	uint8_t bit_in, bit_size;
	bool is_bitfield;
	bool sure; /* the compiler must have put the same number into the instruction */
};

/* Takes the number. 0, or -ENOENT with the reason in ret_miss: there is none (poison). */
int bpfl_core_value_get(const struct bpfl_core_path *path, bool big_endian,
			struct bpfl_core_value *ret_value, struct bpfl_core_miss *ret_miss);
/* The number where no type of the target matched: 0, or -ENOENT for the kinds that have none. */
int bpfl_core_value_missing(enum bpfl_core_kind kind, struct bpfl_core_value *ret_value);
/* CORE-13: whether a load or store may change its width with the field. */
bool bpfl_core_width_adjustable(const struct bpfl_btf *local,
				const struct bpfl_core_value *local_value,
				const struct bpfl_btf *target,
				const struct bpfl_core_value *target_value);

/* ---- core_names.c: types of the target by name ---- */

/*
 * Makes sure that the target knows every type whose essential name is among names: one pass over
 * its BTF for all that were not asked for before. Names are copied.
 */
struct bpfl_core_name {
	const char *text;
	size_t size; /* bytes of text that count */
	/* BPFL_BTF_KIND_BIT()s of what is looked for, when it matters whether the kernel itself has it; 0: any */
	uint32_t kinds;
};
int bpfl_core_names_prepare(struct bpfl_target *target, const struct bpfl_core_name *names,
			    size_t nr_names, struct bpfl_error *err);
/* The same, but types of other kinds (BPFL_BTF_KIND_BIT()s) may be left out. */
int bpfl_core_names_prepare_kinds(struct bpfl_target *target, const struct bpfl_core_name *names,
				  size_t nr_names, uint32_t kinds, struct bpfl_error *err);
/* Ids in the kernel's BTF, of the kinds that were prepared and perhaps others, rising; borrowed from
 * the target until the name is prepared again. NULL and 0 for a name that was not prepared. */
const uint32_t *bpfl_core_names_get(const struct bpfl_target *target, const char *text, size_t size,
				    size_t *ret_nr);
/*
 * Looks for those of the names that the kernel itself has nothing of in the kernel's modules: nothing of the kinds that
 * are looked for (G-39). Call it after prepare and bpfl_target_btf(), with names of what the program cannot do
 * without asking. Candidates of modules are then among what get() gives; their ids are in the module's BTF
 * (image/modules.h).
 */
int bpfl_core_names_in_modules(struct bpfl_target *target, const struct bpfl_core_name *names, size_t nr_names,
			       struct bpfl_error *err);
/* The number of the module that the i-th id of get() is of; 0: the kernel itself. */
uint32_t bpfl_core_names_module(const struct bpfl_target *target, const char *text, size_t size, size_t i);
struct bpfl_core_names;
void bpfl_core_names_destroy(struct bpfl_core_names *names);

/* ---- core_solve.c: all records of an object ---- */

struct bpfl_core_answer {
	struct bpfl_core_miss miss; /* when poison, or when the answer is "does not exist" */
	struct bpfl_core_value local, now;
	const struct bpfl_btf *target; /* NULL: no target type was involved */
	uint32_t target_id;            /* root that matched, 0 none */
	bool poison;
};

struct bpfl_core_user { /* who asks, for messages */
	uint32_t prog;  /* in image->progs */
	uint32_t insn_idx;
};

struct bpfl_core_query {
	uint32_t type_id, kind;
	const char *access;
	uint32_t core_idx; /* a record that asks this */
	struct bpfl_core_user user;
	struct bpfl_core_answer answer;
};

struct bpfl_core_solver {
	struct bpfl_core_query *queries; /* sorted by type, kind, access */
	size_t nr_queries;
	uint32_t *query_of_core; /* by index in spec->cores */
};

struct bpfl_image;
int bpfl_core_solve(const struct bpfl_spec *spec, struct bpfl_target *target,
		    const struct bpfl_image *image, const struct bpfl_log *log,
		    struct bpfl_core_solver *ret_solver, struct bpfl_error *err);
void bpfl_core_solver_deinit(struct bpfl_core_solver *solver);

/* ---- core_text.c: words ---- */

/* "struct task_struct.pid (0:81)", escaped. */
void bpfl_core_path_text(const struct bpfl_core_path *path, struct bpfl_buf *out);
/* "struct inode": kind and name of a type, escaped. */
void bpfl_core_type_text(const struct bpfl_btf *btf, uint32_t type_id, struct bpfl_buf *out);
/* "x.c:88", "" when the instruction has no line. line_idx: spec->lines or BPFL_NO_IDX. */
void bpfl_core_line_text(const struct bpfl_spec *spec, int32_t line_idx, struct bpfl_buf *out);
/* What a miss is, as half a sentence: "struct inode has no field 'i_atime'". */
void bpfl_core_miss_text(const struct bpfl_core_path *local, const struct bpfl_core_miss *miss,
			 struct bpfl_buf *out);
/* "kernel 6.12.0", or the BTF file that the user named. */
void bpfl_core_kernel_text(struct bpfl_target *target, struct bpfl_buf *out);
/* Puts "program 'x': instruction 7 (x.c:88)" before an error. */
void bpfl_core_prefix_user(const struct bpfl_spec *spec, const struct bpfl_image *image,
			   struct bpfl_core_user user, struct bpfl_error *err);
/* The same, with ": CO-RE record 3 (field byte offset, type 5, access '0:1')" before an error. */
void bpfl_core_prefix(const struct bpfl_spec *spec, const struct bpfl_image *image,
		      struct bpfl_core_user user, uint32_t core_idx, struct bpfl_error *err);

#endif
