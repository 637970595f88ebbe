/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * event/gadget_types.c: names of types -> how values are meant. See gadget_types.h.
 */
#include "event/gadget_types.h"

#include <string.h>

#define AS_IS BPFL_NR_FORMS

static const struct bpfl_gadget_type rows[] = {
	{ .name = "gadget_timestamp", .form = BPFL_FORM_TIME },
	{ .name = "gadget_duration", .form = BPFL_FORM_DURATION },
	{ .name = "gadget_bytes", .form = BPFL_FORM_BYTES },
	{ .name = "gadget_errno", .form = BPFL_FORM_ERRNO },
	{ .name = "gadget_signal", .form = BPFL_FORM_SIGNAL },
	{ .name = "gadget_syscall", .form = BPFL_FORM_SYSCALL },
	{ .name = "gadget_uid", .form = BPFL_FORM_USER, .stem = "uid", .named = "user" },
	{ .name = "gadget_gid", .form = BPFL_FORM_GROUP, .stem = "gid", .named = "group" },
	{ .name = "gadget_file_mode", .form = BPFL_FORM_MODE },
	{ .name = "gadget_file_flags", .form = BPFL_FORM_OPEN_FLAGS },
	{ .name = "gadget_pid", .form = AS_IS },
	{ .name = "gadget_ppid", .form = AS_IS },
	{ .name = "gadget_tid", .form = AS_IS },
	{ .name = "gadget_ptid", .form = AS_IS },
	{ .name = "gadget_comm", .form = AS_IS },
	{ .name = "gadget_pcomm", .form = AS_IS },
	{ .name = "gadget_mntns_id", .form = AS_IS, .is_hidden = true },
	{ .name = "gadget_netns_id", .form = AS_IS, .is_hidden = true },
	{ .name = "gadget_kernel_stack", .form = BPFL_FORM_KERNEL_STACK },
	{ .name = "gadget_user_stack", .form = BPFL_FORM_USER_STACK },
	{ .name = "gadget_ip_addr_t", .form = AS_IS },
	{ .name = "gadget_l3endpoint_t", .form = BPFL_FORM_ENDPOINT },
	{ .name = "gadget_l4endpoint_t", .form = BPFL_FORM_ENDPOINT },
	{ .name = "gadget_counter__u32", .form = AS_IS, .metric = BPFL_FIELD_COUNTER },
	{ .name = "gadget_counter__u64", .form = AS_IS, .metric = BPFL_FIELD_COUNTER },
	{ .name = "gadget_gauge__u32", .form = AS_IS, .metric = BPFL_FIELD_GAUGE },
	{ .name = "gadget_gauge__u64", .form = AS_IS, .metric = BPFL_FIELD_GAUGE },
	{ .name = "gadget_gauge__s32", .form = AS_IS, .metric = BPFL_FIELD_GAUGE },
	{ .name = "gadget_gauge__s64", .form = AS_IS, .metric = BPFL_FIELD_GAUGE },
	{ .name = "gadget_histogram_slot__u32", .form = AS_IS, .metric = BPFL_FIELD_SLOTS },
	{ .name = "gadget_histogram_slot__u64", .form = AS_IS, .metric = BPFL_FIELD_SLOTS },
	{ .name = "gadget_process", .form = AS_IS },
	{ .name = "gadget_parent", .form = AS_IS },
	{ .name = "gadget_creds", .form = AS_IS },
};

#define NR_ROWS (sizeof(rows) / sizeof(rows[0]))

const struct bpfl_gadget_type *bpfl_gadget_type_row(size_t idx)
{
	return idx < NR_ROWS ? &rows[idx] : NULL;
}

static const struct bpfl_gadget_type *row_of(const char *name)
{
	if (strncmp(name, "gadget_", 7) != 0)
		return NULL;
	for (size_t i = 0; i < NR_ROWS; i++) {
		if (strcmp(rows[i].name, name) == 0)
			return &rows[i];
	}
	return NULL;
}

const struct bpfl_gadget_type *bpfl_gadget_type_find(const struct bpfl_btf *btf, uint32_t type_id)
{
	for (int step = 0; step < BPFL_BTF_CHAIN_MAX; step++) {
		const struct bpfl_btf_type *type = bpfl_btf_type(btf, type_id);
		const struct bpfl_gadget_type *row = NULL;

		if (!type)
			return NULL;
		switch (bpfl_btf_kind(type)) {
		case BPFL_KIND_STRUCT:
		case BPFL_KIND_UNION:
			return row_of(bpfl_btf_name(btf, type_id));
		case BPFL_KIND_TYPEDEF:
			row = row_of(bpfl_btf_name(btf, type_id));
			type_id = type->type;
			break;
		case BPFL_KIND_CONST:
		case BPFL_KIND_VOLATILE:
		case BPFL_KIND_TYPE_TAG:
			type_id = type->type;
			break;
		case BPFL_KIND_ARRAY:
			type_id = bpfl_btf_array(type)->type;
			break;
		default:
			return NULL;
		}
		if (row)
			return row;
	}
	return NULL;
}
