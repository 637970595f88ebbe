/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * btf/dump: types -> C.
 *
 *     dump.c         in which order; the header around it; one named type
 *     dump_decl.c    one declaration: "int (*name[3])(struct x *)", and bodies of structs and enums
 *     dump_layout.c  alignment, packed, padding: a compiler must put each member where the BTF says that it is
 *     dump_names.c   names that clash, and names that C does not have
 *     dump_out.c     the text on its way out
 *
 * A struct bpfl_dump lives during one call. It makes every id addressable at once (types[]), and
 * keeps eight bytes about each (marks[]); nothing is allocated per type. Nothing about the BTF is
 * believed here that bpfl_btf_open() did not check: ids may be out of range, references may go in
 * circles, and nesting may be endless. Each recursion has a limit, and so has the size of the text,
 * because n anonymous structs, each twice inside the next, would print 2^n bodies.
 */
#ifndef BPFL_BTF_DUMP_H
#define BPFL_BTF_DUMP_H

#include <errno.h>
#include <string.h>
#include "bpfload/btf.h"
#include "btf/btf.h"

/* ---- dump_out.c ---- */

#define BPFL_DUMP_OUT_SIZE (256u << 10)

struct bpfl_dump_out {
	char *bytes, *at, *end; /* the buffer, the next free byte, its end */
	bpfl_write_fn write;	/* NULL: what does not fit is cut */
	void *ctx;
	uint64_t left; /* bytes that may still be written */
	int ret;       /* the first failure: everything afterwards is dropped */
};

int bpfl_dump_out_init(struct bpfl_dump_out *out, size_t size, bpfl_write_fn write, void *ctx);
void bpfl_dump_out_deinit(struct bpfl_dump_out *out);
/* Hands over what is in the buffer. 0, what write() returned, -E2BIG. */
int bpfl_dump_out_flush(struct bpfl_dump_out *out);
/* The way for what does not fit into the buffer. */
void bpfl_dump_put_slow(struct bpfl_dump_out *out, const char *text, size_t size);
void bpfl_dump_put_u64(struct bpfl_dump_out *out, uint64_t value);
void bpfl_dump_put_s64(struct bpfl_dump_out *out, int64_t value);
/* A name as C takes it: every byte that may not stand in an identifier becomes '_'. */
void bpfl_dump_put_ident(struct bpfl_dump_out *out, const char *name);
/* A name as it is, except that control bytes become '?': nothing that a terminal would obey. */
void bpfl_dump_put_plain(struct bpfl_dump_out *out, const char *name);
void bpfl_dump_put_json(struct bpfl_dump_out *out, const char *text);

static inline void bpfl_dump_put(struct bpfl_dump_out *out, const char *text, size_t size)
{
	if ((size_t)(out->end - out->at) < size) {
		bpfl_dump_put_slow(out, text, size);
		return;
	}
	memcpy(out->at, text, size);
	out->at += size;
}

static inline void bpfl_dump_put_char(struct bpfl_dump_out *out, char c) { bpfl_dump_put(out, &c, 1); }
/* For literals the compiler knows the length. */
static inline void bpfl_dump_put_text(struct bpfl_dump_out *out, const char *text)
{
	bpfl_dump_put(out, text, strlen(text));
}

/* ---- dump_names.c ---- */

/*
 * Tags of structs, unions and enums are one set of names in C; typedefs, enumerators and functions
 * another.
 */
enum bpfl_dump_space { BPFL_DUMP_TAG = 1, BPFL_DUMP_IDENT = 2 };

struct bpfl_dump_name {
	const char *text; /* NULL: free. Borrowed from the BTF */
	uint32_t hash;	  /* of the text and its space */
	uint16_t kind;	  /* of the first type with this name; 0 for what is taken by the language */
	uint16_t nr;	  /* how many have this name */
};

struct bpfl_dump_names {
	struct bpfl_dump_name *slots;
	uint32_t mask;
	uint8_t first_keyword[256]; /* by first byte: index of the first keyword + 1, or 0 */
};

/* nr_names: at most so many will be added. 0 or -ENOMEM. */
int bpfl_dump_names_init(struct bpfl_dump_names *names, uint64_t nr_names);
void bpfl_dump_names_deinit(struct bpfl_dump_names *names);
/* Adds a name. True when it was free; false when it is taken. */
bool bpfl_dump_names_add(struct bpfl_dump_names *names, enum bpfl_dump_space space, const char *text,
			 enum bpfl_btf_kind kind);
/*
 * A number n for a name that is taken, so that "name___n" is free. CO-RE takes what is behind three
 * underscores as no part of the name.
 */
uint32_t bpfl_dump_names_version(struct bpfl_dump_names *names, enum bpfl_dump_space space, const char *text);
/* The kind that has this name; BPFL_NR_KINDS when nobody has. */
unsigned bpfl_dump_names_kind(struct bpfl_dump_names *names, enum bpfl_dump_space space, const char *text);
/* Whether a member or parameter cannot be called so. */
bool bpfl_dump_is_keyword(const struct bpfl_dump_names *names, const char *text);
/* How C calls an integer or floating type of a BTF; never NULL. */
const char *bpfl_dump_int_name(const struct bpfl_btf *btf, const struct bpfl_btf_type *type);
const char *bpfl_dump_float_name(const struct bpfl_btf_type *type);

/* ---- dump.c ---- */

enum bpfl_dump_state { /* bits of mark.state */
	BPFL_DUMP_DECLARED = 1, /* "struct x;" stands already, or the definition has begun */
	BPFL_DUMP_VISITING = 2, /* what it needs is being written: met again, it is a circle */
	BPFL_DUMP_DEFINED = 4,
};

/* In mark.layout: alignment in bytes, and whether the struct is written as packed. 0: not yet known. */
#define BPFL_DUMP_PACKED 0x80u
#define BPFL_DUMP_ALIGN 0x7fu

struct bpfl_dump_mark {
	uint32_t version; /* 0, or n: the name is followed by "___n" */
	uint8_t state;
	uint8_t layout;
	uint16_t unused;
};

struct bpfl_dump {
	const struct bpfl_btf *btf;
	struct bpfl_dump_out out;
	const struct bpfl_btf_type **types; /* by id */
	struct bpfl_dump_mark *marks;	    /* by id */
	uint32_t nr_types;
	uint32_t ptr_size;
	struct bpfl_dump_names names;
	unsigned depth;	  /* of the recursion that is running */
	bool is_too_deep;
	uint32_t deep_id; /* where it became too deep */
	bool is_single;	  /* types stand alone: order does not matter, typedefs need not be defined */
	bool is_brief;	  /* a type is only named: "struct {...}" for anonymous ones, parameters without names */
	bool with_places; /* a comment with offset and size behind each member */
};

#define BPFL_DUMP_DEPTH_MAX 128u

/* Everything but names. 0 or -ENOMEM. */
int bpfl_dump_init(struct bpfl_dump *dump, const struct bpfl_btf *btf, bpfl_write_fn write, void *ctx);
void bpfl_dump_deinit(struct bpfl_dump *dump);
/* Ends a call: flushes, and says in words what went wrong. */
int bpfl_dump_finish(struct bpfl_dump *dump, struct bpfl_error *err);

/* For unknown ids, void. */
static inline const struct bpfl_btf_type *bpfl_dump_type(const struct bpfl_dump *dump, uint32_t id)
{
	return dump->types[id < dump->nr_types ? id : 0];
}

static inline bool bpfl_dump_is_named(const struct bpfl_dump *dump, const struct bpfl_btf_type *type)
{
	return type->name_off != 0 && bpfl_btf_string(dump->btf, type->name_off)[0] != '\0';
}

static inline bool bpfl_dump_is_member_named(const struct bpfl_dump *dump, const struct bpfl_btf_type *type,
					     uint32_t idx)
{
	return bpfl_btf_string(dump->btf, bpfl_btf_members(type)[idx].name_off)[0] != '\0';
}

static inline void bpfl_dump_fail_deep(struct bpfl_dump *dump, uint32_t id)
{
	if (dump->out.ret < 0)
		return;
	dump->is_too_deep = true;
	dump->deep_id = id;
	dump->out.ret = -E2BIG;
}

/*
 * One level down; false, and the dump has failed, when that is too deep. Followed by
 * bpfl_dump_leave() when true.
 */
static inline bool bpfl_dump_enter(struct bpfl_dump *dump, uint32_t id)
{
	if (dump->out.ret < 0)
		return false;
	if (dump->depth >= BPFL_DUMP_DEPTH_MAX) {
		bpfl_dump_fail_deep(dump, id);
		return false;
	}
	dump->depth++;
	return true;
}
static inline void bpfl_dump_leave(struct bpfl_dump *dump) { dump->depth--; }

/* ---- dump_layout.c ---- */

struct bpfl_dump_shape {
	uint64_t size;	/* bytes */
	uint32_t align; /* as the compiler of the C text will have it */
};

/* Where the compiler stands in a struct that it is reading. */
struct bpfl_dump_place {
	uint64_t bit;
	uint32_t align; /* of the struct, 1 when packed */
	bool is_packed, is_union;
};

struct bpfl_dump_shape bpfl_dump_shape(struct bpfl_dump *dump, uint32_t id);
/* Alignment of a struct or union and whether it is packed, as in mark.layout. */
uint8_t bpfl_dump_layout(struct bpfl_dump *dump, uint32_t id);
/* A member's place; a bit size of 0 for one that is no bit-field. */
void bpfl_dump_member_place(const struct bpfl_dump *dump, const struct bpfl_btf_type *type, uint32_t member_idx,
			    uint64_t *ret_bit_off, uint32_t *ret_bit_size);
/* The type behind const, volatile, typedef, ...: void in a circle. */
uint32_t bpfl_dump_resolve(const struct bpfl_dump *dump, uint32_t id);
/* Where the compiler would put the next member. */
uint64_t bpfl_dump_natural_bit(const struct bpfl_dump_place *place, struct bpfl_dump_shape shape,
			       uint32_t bit_size);
/* Writes padding from where the compiler is up to a bit, in lines of their own. */
void bpfl_dump_pad(struct bpfl_dump *dump, struct bpfl_dump_place *place, uint64_t to_bit, unsigned level);
/* The same at the end of a struct of so many bytes. */
void bpfl_dump_pad_end(struct bpfl_dump *dump, struct bpfl_dump_place *place, uint64_t size, unsigned level);

/* ---- dump_decl.c ---- */

/* In a list of parameters a body would be visible only there, so there are none. */
enum bpfl_dump_where { BPFL_DUMP_AT_TOP, BPFL_DUMP_IN_PARAMS };

/*
 * A declaration without its semicolon. name NULL or "": none. level: of indentation. base_bit:
 * where the struct around it begins.
 */
void bpfl_dump_declare(struct bpfl_dump *dump, uint32_t id, const char *name, unsigned level, uint64_t base_bit,
		       enum bpfl_dump_where where);
/* "struct x { ... };", "enum x { ... };", "typedef ... x;": a whole line or more. */
void bpfl_dump_define(struct bpfl_dump *dump, uint32_t id);
/* "struct x". */
void bpfl_dump_put_tag(struct bpfl_dump *dump, uint32_t id);
void bpfl_dump_indent(struct bpfl_dump *dump, unsigned level);
/* Value of an enumerator; words is its record. */
int64_t bpfl_dump_enum_value(const struct bpfl_btf_type *type, const uint32_t *words);

/* ---- list.c ---- */

/* All own types in RAW or JSON. */
void bpfl_dump_list(struct bpfl_dump *dump, enum bpfl_btf_format format);
/* The lines of one type in RAW; its object in JSON, without a newline. */
void bpfl_dump_list_type(struct bpfl_dump *dump, uint32_t id, enum bpfl_btf_format format);

#endif
