/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * image/check_struct_ops: structs of functions that the object implements, member by member.
 *
 * struct_ops.c puts such a struct into the kernel's layout, and stops at the first member that does not fit.
 * Here it is asked about each member in turn. If all fit, it is run as for loading: it drops the programs of
 * members that may be missing, so that what these programs need is not counted. A kernel may still refuse a
 * member that its struct has (tcp_congestion_ops.get_info): that is written in its code, not in its types.
 */
#include "image/check.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "base/text.h"
#include "image/core_match.h"
#include "image/passes.h"

#define NAME_SIZE 256

struct telling {
	struct bpfl_checking *checking;
	char type_name[NAME_SIZE];
	bool fits;
};

static const struct bpfl_image_prog *image_prog_of(const struct bpfl_image *image, int32_t prog_idx)
{
	for (size_t i = 0; i < image->nr_progs; i++) {
		if (prog_idx != BPFL_NO_IDX && image->progs[i].prog_idx == (uint32_t)prog_idx) {
			return &image->progs[i];
		}
	}
	return NULL;
}

static int member_add(void *ctx, const char *member, int32_t prog_idx, bool there, const struct bpfl_error *refusal)
{
	struct telling *telling = ctx;
	struct bpfl_checking *checking = telling->checking;
	const struct bpfl_image_prog *prog = image_prog_of(checking->image, prog_idx);
	const char *text = refusal ? refusal->message :
			   !there  ? "the kernel's struct has no such member, and it may be missing" :
			   prog	   ? "a function of the kernel's struct" :
				     "a member of the kernel's struct";
	char name[2 * NAME_SIZE];

	snprintf(name, sizeof(name), "%s.%s", telling->type_name, member[0] != '\0' ? member : "(anonymous)");
	struct bpfl_check_item *item = bpfl_check_add(checking, BPFL_CHECK_OPS_MEMBER,
						      refusal || !there ? BPFL_CHECK_MISSING : BPFL_CHECK_OK, name,
						      text);
	if (!item || (prog && bpfl_check_set_prog(checking, item, prog) < 0)) {
		return -ENOMEM;
	}
	item->needed = refusal || there;
	telling->fits = telling->fits && !refusal;
	return 0;
}

/* Why the kernel has no such interface, or that it cannot be known. */
static enum bpfl_check_status interface_status(struct bpfl_checking *checking, const struct bpfl_error *refusal,
					       const char **ret_text)
{
	const struct bpfl_btf *btf;

	*ret_text = refusal->message;
	if (bpfl_target_btf(checking->target, &btf, NULL) < 0) {
		*ret_text = "the kernel has no BTF that could tell";
		return BPFL_CHECK_UNKNOWN;
	}
	return refusal->errnum == ENOENT && bpfl_check_modules_unknown(checking, false) ? BPFL_CHECK_UNKNOWN
											: BPFL_CHECK_MISSING;
}

static int interface_add(struct bpfl_checking *checking, const struct telling *telling,
			 const struct bpfl_error *refusal, struct bpfl_error *err)
{
	const char *text = "an interface of the kernel";
	enum bpfl_check_status status = refusal ? interface_status(checking, refusal, &text) : BPFL_CHECK_OK;
	char name[NAME_SIZE + sizeof("struct_ops/")];

	snprintf(name, sizeof(name), "struct_ops/%s", telling->type_name);
	struct bpfl_check_item *item = bpfl_check_add(checking, BPFL_CHECK_ATTACH, status, name, text);
	if (!item) {
		return bpfl_error_nomem(err);
	}
	item->needed = true;
	return 0;
}

static int map_check(struct bpfl_checking *checking, size_t map_idx, bool *all_fit, struct bpfl_error *err)
{
	const struct bpfl_map_spec *map = &checking->spec->maps.items[map_idx];
	const char *type_name = checking->spec->btf ? bpfl_btf_name(checking->spec->btf, map->value_type_id) : "";
	struct telling telling = { .checking = checking, .fits = true };
	struct bpfl_error refusal = BPFL_ERROR_INIT;
	int result;

	snprintf(telling.type_name, sizeof(telling.type_name), "%.*s",
		 (int)bpfl_core_name_size(type_name, strlen(type_name)), type_name);
	result = bpfl_image_struct_ops_each(checking->image, map_idx, checking->target, member_add, &telling, &refusal);
	if (result == -ENOMEM) {
		bpfl_error_nomem(err);
	} else if (result < 0 && refusal.kind == BPFL_ERR_OBJECT) { /* no kernel would take it */
		bpfl_error_prefix(&refusal, "struct_ops '%s'", BPFL_ESC(map->name));
		if (err) {
			bpfl_error_clear(err);
			*err = refusal;
			return result;
		}
	} else {
		*all_fit = *all_fit && telling.fits && result == 0;
		result = interface_add(checking, &telling, result < 0 ? &refusal : NULL, err);
	}
	bpfl_error_clear(&refusal);
	return result;
}

int bpfl_check_struct_ops(struct bpfl_checking *checking, struct bpfl_error *err)
{
	bool any = false, all_fit = true;
	int result = 0;

	for (size_t i = 0; i < checking->spec->maps.nr && result == 0; i++) {
		const struct bpfl_map_spec *map = &checking->spec->maps.items[i];

		if (map->origin == BPFL_MAP_STRUCT_OPS && !map->unselected) {
			any = true;
			result = map_check(checking, i, &all_fit, err);
		}
	}
	if (result < 0 || !any || !all_fit) {
		return result;
	}
	for (size_t i = 0; i < checking->image->nr_progs; i++) {
		checking->image->progs[i].attach_btf_id = 0; /* bound anew */
	}
	return bpfl_image_struct_ops(checking->image, checking->target, checking->log, err);
}
