/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * btf/kernel_only.c: what in a value belongs to the kernel.
 *
 * Locks, timers, list heads and pointers to kernel objects lie in the values of maps. A look-up gives zeroes in
 * their place and an update leaves them alone, so showing them would say something untrue ("lock={val=0}" of a
 * lock that is held). They are known by the names of their types, and pointers by the tag that the program puts
 * on them.
 */
#include <string.h>
#include "btf/value.h"

static const char *const struct_names[] = {
	"bpf_spin_lock",     /* 5.1 */
	"bpf_timer",	     /* 5.15 */
	"bpf_list_head",     /* 6.2 */
	"bpf_list_node",     /* 6.2 */
	"bpf_rb_root",	     /* 6.3 */
	"bpf_rb_node",	     /* 6.3 */
	"bpf_refcount",	     /* 6.4 */
	"bpf_wq",	     /* 6.10 */
	"bpf_res_spin_lock", /* 6.15 */
	"bpf_task_work",     /* 6.18 */
};

static const char *const pointer_tags[] = {
	"kptr_untrusted", /* 5.19, called kptr there */
	"kptr",		  /* 5.19, called kptr_ref there */
	"kptr_ref",
	"percpu_kptr",	  /* 6.7 */
	"uptr",		  /* 6.13 */
};

#define NR(table) (sizeof(table) / sizeof((table)[0]))

static bool is_among(const char *name, const char *const *names, size_t nr)
{
	for (size_t i = 0; i < nr; i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

bool bpfl_btf_is_kernel_only(const struct bpfl_btf *btf, uint32_t type_id)
{
	const struct bpfl_btf_type *type = bpfl_btf_skip_modifiers(btf, type_id, NULL);

	for (int depth = 0; bpfl_btf_kind(type) == BPFL_KIND_ARRAY && depth < BPFL_BTF_CHAIN_MAX; depth++)
		type = bpfl_btf_skip_modifiers(btf, bpfl_btf_array(type)->type, NULL);
	if (bpfl_btf_kind(type) == BPFL_KIND_STRUCT)
		return is_among(bpfl_btf_string(btf, type->name_off), struct_names, NR(struct_names));
	if (bpfl_btf_kind(type) != BPFL_KIND_PTR)
		return false;
	type = bpfl_btf_type(btf, type->type);
	return type && bpfl_btf_kind(type) == BPFL_KIND_TYPE_TAG &&
	       is_among(bpfl_btf_string(btf, type->name_off), pointer_tags, NR(pointer_tags));
}
