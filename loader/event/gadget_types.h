/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * event/gadget_types: what the name of a type says about how its values are meant.
 *
 * Inspektor Gadget's public gadgets write "gadget_errno error_raw" instead of "u32 error". The names are a
 * convention that anybody can use, and this is the one table of them: columns, filters and metrics all ask here.
 */
#ifndef BPFL_EVENT_GADGET_TYPES_H
#define BPFL_EVENT_GADGET_TYPES_H

#include "event/layout.h"

struct bpfl_gadget_type {
	const char *name;	  /* of a typedef, or of a struct or union */
	enum bpfl_form form;	  /* how a value is shown; BPFL_NR_FORMS: as its C type */
	enum bpfl_field_metric metric;
	bool is_hidden;		  /* not among the columns unless asked for */
	const char *stem, *named; /* of "uid": beside the number stands the name, in a field "user"; NULL */
};

/*
 * The row of a type: of the first typedef on the way to it that has one, of an array's elements, or of the
 * struct that it is. NULL: the name says nothing.
 */
const struct bpfl_gadget_type *bpfl_gadget_type_find(const struct bpfl_btf *btf, uint32_t type_id);
/* All rows, for lists: NULL when there is no idx-th. */
const struct bpfl_gadget_type *bpfl_gadget_type_row(size_t idx);

#endif
