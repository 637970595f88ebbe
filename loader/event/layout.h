/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * event/layout: a type, worked out once, so that each record is only loads and writes.
 *
 * A layout is a flat list of fields: every scalar, string or array of the type with its place and the form in
 * which it is shown. A member of a struct in a struct is "task.pid"; members of anonymous ones appear as if
 * they stood outside. The steps say how the fields nest, for JSON.
 */
#ifndef BPFL_EVENT_LAYOUT_H
#define BPFL_EVENT_LAYOUT_H

#include "base/buf.h"
#include "btf/btf.h"

#define BPFL_FIELDS_MAX 256u
#define BPFL_NO_FIELD UINT32_MAX

enum bpfl_form {
	BPFL_FORM_UINT,
	BPFL_FORM_SINT,
	BPFL_FORM_HEX,
	BPFL_FORM_BOOL,
	BPFL_FORM_CHAR,
	BPFL_FORM_ENUM,
	BPFL_FORM_STRING,  /* up to the first NUL */
	BPFL_FORM_STRINGS, /* several, each with its NUL: joined by blanks */
	BPFL_FORM_VALUE,   /* anything else, as btf/value prints it */
	BPFL_FORM_IPV4,	   /* four bytes, network order */
	BPFL_FORM_IPV6,
	BPFL_FORM_MAC,
	BPFL_FORM_PORT,	    /* u16, network order */
	BPFL_FORM_ENDPOINT, /* struct gadget_l3endpoint_t, gadget_l4endpoint_t */
	BPFL_FORM_TIME,	    /* ns since boot */
	BPFL_FORM_DURATION, /* ns */
	BPFL_FORM_BYTES,    /* a number of bytes: 1.5KiB */
	BPFL_FORM_ERRNO,
	BPFL_FORM_SIGNAL,
	BPFL_FORM_SYSCALL, /* by the numbers of this machine's architecture */
	BPFL_FORM_USER,	   /* the name in /etc/passwd */
	BPFL_FORM_GROUP,
	BPFL_FORM_MODE,	      /* st_mode: -rw-r--r-- */
	BPFL_FORM_OPEN_FLAGS, /* of open(2) */
	BPFL_FORM_PROTOCOL,   /* of IP */
	BPFL_FORM_KERNEL_STACK, /* u32: id in a map of stack traces */
	BPFL_FORM_USER_STACK, /* struct gadget_user_stack */
	BPFL_FORM_RAW,	      /* bytes in hexadecimal; needs no type */
	BPFL_FORM_PREFIX,     /* u32 length in bits, then an address: the key of a trie; needs no type */
	BPFL_NR_FORMS,
};

/* What a number is for who watches it over time. */
enum bpfl_field_metric {
	BPFL_FIELD_PLAIN,
	BPFL_FIELD_COUNTER,
	BPFL_FIELD_GAUGE,
	BPFL_FIELD_SLOTS, /* of a histogram, log2 */
};

enum bpfl_ellipsis { BPFL_ELLIPSIS_NONE, BPFL_ELLIPSIS_END, BPFL_ELLIPSIS_MIDDLE, BPFL_ELLIPSIS_START };

/* How a column is laid out, where the object or the caller says it; all 0: left, as wide as it gets. */
struct bpfl_column_style {
	uint8_t max_width;	    /* longer cells are cut; 0: never */
	uint8_t ellipsis;	    /* enum bpfl_ellipsis: where what was cut is marked by an "…" */
	bool is_right;
};

struct bpfl_field {
	char *name; /* whole path, "task.pid"; owned */
	const char *leaf; /* its last part, in name */
	const char *title; /* what heads its column: leaf or name */
	enum bpfl_form form;
	uint32_t byte_off;
	uint32_t size;	   /* bytes; 0: a flexible array, up to the record's end */
	uint32_t bit_off, bit_size; /* a bit-field: from byte_off; bit_size 0: none */
	uint32_t type_id;
	uint32_t len_field; /* an array's length in bytes stands there, or BPFL_NO_FIELD */
	bool is_tail;	   /* nothing stands behind it: a record may end inside */
	bool is_length;	   /* of another field: not shown in tables */
	bool is_hidden;	   /* shown in a table only when it is asked for */
	bool is_words;	   /* the number stands beside it in a field of its own: in JSON this one is always text */
	bool is_user_stack; /* the id in a struct gadget_user_stack */
	bool is_short;	   /* its column is headed by the leaf, if no other has the same */
	enum bpfl_field_metric metric;
	uint8_t width;	   /* of a column */
	struct bpfl_column_style style;
	/* ENDPOINT: byte offsets from byte_off; port 0: none. */
	uint16_t port_off, version_off;
};

enum bpfl_step_kind { BPFL_STEP_OPEN, BPFL_STEP_CLOSE, BPFL_STEP_FIELD };

struct bpfl_step {
	enum bpfl_step_kind kind;
	uint32_t field_idx;
	char *key; /* "\"pid\":", ready to be written; owned; NULL for CLOSE */
};

struct bpfl_layout {
	const struct bpfl_btf *btf; /* borrowed */
	uint32_t type_id;
	uint32_t size; /* bytes of the type */
	bool is_described; /* at least one field is shown as the name of its type says */
	BPFL_VEC(struct bpfl_field) fields;
	BPFL_VEC(struct bpfl_step) steps;
};

/* 0; -EINVAL for a type without a value; -ENOMEM. */
int bpfl_layout_init(struct bpfl_layout *layout, const struct bpfl_btf *btf, uint32_t type_id);
void bpfl_layout_deinit(struct bpfl_layout *layout);
/* Steps around a part that is an object of its own in JSON. 0 or -ENOMEM. */
int bpfl_layout_open(struct bpfl_layout *layout, const char *name);
int bpfl_layout_close(struct bpfl_layout *layout);
/*
 * A layout of records that are put together: begun empty, then parts one behind the other, then ended. A part's
 * byte_off is its place in the record; its fields are called as its members are, or name when it has none.
 * Return: as of bpfl_layout_init().
 */
void bpfl_layout_begin(struct bpfl_layout *layout, const struct bpfl_btf *btf);
int bpfl_layout_add(struct bpfl_layout *layout, uint32_t type_id, uint32_t byte_off, const char *name);
/* A part without a type. form: UINT, RAW or PREFIX. */
int bpfl_layout_add_bare(struct bpfl_layout *layout, enum bpfl_form form, uint32_t byte_off, uint32_t size,
			 const char *name);
void bpfl_layout_end(struct bpfl_layout *layout, uint32_t size);

/* A field by its path, or by its last part when only one has that; BPFL_NO_FIELD. */
uint32_t bpfl_layout_find(const struct bpfl_layout *layout, const char *name);

/* "ipv4" -> BPFL_FORM_IPV4; BPFL_NR_FORMS: no such form. */
enum bpfl_form bpfl_form_find(const char *name);
/* The names, for messages: "dec, hex, ...". */
const char *bpfl_form_names(void);
void bpfl_field_set_width(struct bpfl_field *field);
/* Whether a field can be shown so; sets it. -EINVAL when the size does not fit. */
int bpfl_field_set_form(struct bpfl_field *field, enum bpfl_form form);
/* Forms by the names that people give: saddr, daddr, *ip* of four or sixteen bytes, *port, *mac. */
void bpfl_layout_guess_forms(struct bpfl_layout *layout);

#endif
