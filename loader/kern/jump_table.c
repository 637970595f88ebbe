/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kern/jump_table.c: a jump table as a map (REL-14).
 *
 * The kernel wants the places of an indirect jump in a map of type INSN_ARRAY (Linux 6.19): element N is the number of
 * an instruction of the one program that the map is for, and while it translates the program the kernel writes beside
 * it where that instruction went. The map must be frozen before the program is loaded. The program holds on to it, so
 * ours is closed once the program is there.
 */
#include "kern/load.h"

#include "base/text.h"
#include "sys/bpf.h"
#include "sys/enter.h"

struct place { /* struct bpf_insn_array_value */
	uint32_t insn_idx;
	uint32_t kernel[3]; /* written by the kernel; zero here */
};

static int refused(struct bpfl_loading *loading, const char *what, int ret, struct bpfl_error *err)
{
	bpfl_error_set(err, BPFL_ERR_SYSTEM, -ret, "%s: %s", what, bpfl_errno_text(-ret));
	bpfl_diagnose_refusal(err, BPFL_WANTED_MAP, BPFL_MAP_TYPE_INSN_ARRAY, -ret, loading->target);
	return ret;
}

static int fill(struct bpfl_loading *loading, const struct bpfl_jump_table *table, uint32_t insn_idx, int fd,
		struct bpfl_error *err)
{
	int ret = 0;

	for (uint32_t i = 0; i < table->nr_targets && ret >= 0; i++) {
		struct place place = { .insn_idx = insn_idx + table->targets[i] };

		ret = bpfl_sys_map_update(fd, &i, &place, 0);
	}
	return ret < 0 ? refused(loading, "writing its places", ret, err) : 0;
}

int bpfl_jump_table_create(struct bpfl_loading *loading, const struct bpfl_image_jump_table *jump,
			   struct bpfl_error *err)
{
	const struct bpfl_jump_table *table = &loading->image->spec->jump_tables.items[jump->table_idx];
	struct bpfl_attr_map_create attr = {
		.map_type = BPFL_MAP_TYPE_INSN_ARRAY,
		.key_size = sizeof(uint32_t),
		.value_size = sizeof(struct place),
		.max_entries = table->nr_targets,
		.map_name = ".jumptables",
	};
	int fd = bpfl_loading_map_create(loading, &attr), ret = fd;

	if (fd < 0) {
		refused(loading, "creating its map", fd, err);
		if (err && err->kind == BPFL_ERR_UNSUPPORTED)
			bpfl_error_fix(err, "compile without jump tables: -mcpu=v3, or -fno-jump-tables");
		goto out;
	}
	ret = fill(loading, table, jump->insn_idx, fd, err);
	if (ret == 0) {
		ret = bpfl_sys_map_freeze(fd);
		if (ret < 0)
			refused(loading, "freezing its map", ret, err);
	}
	if (ret < 0)
		bpfl_enter_close(fd);
out:
	if (ret < 0)
		bpfl_error_prefix(err, "jump table '%s'", BPFL_ESC(table->name));
	return ret < 0 ? ret : fd;
}
