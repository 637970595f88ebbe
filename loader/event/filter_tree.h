/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * event/filter_tree: a filter as it was read: made by filter_parse.c, used by filter.c.
 */
#ifndef BPFL_EVENT_FILTER_TREE_H
#define BPFL_EVENT_FILTER_TREE_H

#include <regex.h>
#include "event/filter.h"

#define LAYOUTS_MAX 64u

enum node_kind { NODE_OR, NODE_AND, NODE_NOT, NODE_COMPARE, NODE_TERM };
enum op { OP_NONE, OP_EQ, OP_NE, OP_LT, OP_LE, OP_GT, OP_GE, OP_LIKE, OP_UNLIKE };

struct node {
	enum node_kind kind;
	enum op op;
	unsigned left, right; /* nodes; right 0: none */
	char *text;	      /* TERM: the word; owned */
	bool is_quoted, is_number, is_left;
	bool is_huge; /* number is above INT64_MAX: the same bits */
	int64_t number;
	uint64_t mask; /* FIELD "&" NUMBER; 0: none */
	regex_t *regex; /* TERM behind "~"; owned */
	uint32_t fields[LAYOUTS_MAX]; /* TERM: by layout, or BPFL_NO_FIELD */
	struct { /* TERM beside an enum: what it stands for, by layout */
		bool is_known, is_signed;
		uint64_t value;
	} enumerators[LAYOUTS_MAX];
	/* COMPARE: there is a layout in which it can hold; else the field of one in which it cannot, and the other side. */
	bool can_hold;
	const struct bpfl_layout *odd_layout; /* borrowed; NULL: none */
	uint32_t odd_field;
	unsigned odd_value;
};

struct bpfl_filter {
	char *text;
	BPFL_VEC(struct node) nodes; /* [0] is a placeholder, so that 0 means "none" */
	unsigned root, nr_layouts;
};

#endif
