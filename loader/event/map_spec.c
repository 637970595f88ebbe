/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * event/map_spec.c: what the kernel still knows of the object that a map came with, and who else reads the map.
 *
 * The kernel keeps no types for ring buffers and perf event arrays. But the programs that write to them keep
 * the types of their whole object (a BTF), and in it the definition of the map with its value type, variables
 * that name event types, declaration tags. And their instructions can be read back (not all kernels and users
 * may): in them a map is its id, and a helper the distance of its address from __bpf_call_base, which
 * /proc/kallsyms turns into a name. That gives a spec with one map, as if its file had been read, and so the
 * same rules lead to the type of its events.
 */
#include "bpfload/decode.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "bpfload/inspect.h"
#include "btf/loaded.h"
#include "kern/map_handle.h"
#include "spec/spec.h"
#include "sys/bpf.h"
#include "sys/enter.h"
#include "sys/file.h"

#define MAPS_MAX 1024u
#define INSNS_MAX (1u << 20)
#define HELPERS_MAX 64
#define PSEUDO_MAP_FD 1
#define CALL_BASE "__bpf_call_base"

/* ---- the programs ---- */

struct prog {
	uint32_t id, btf_id, nr_insns;
};

/* Whether a program uses the map; ret_prog: what it is. */
static bool prog_uses(int fd, uint32_t map_id, struct prog *ret_prog)
{
	struct bpfl_prog_info info = { 0 };
	uint32_t size = sizeof(info), nr, *ids;
	bool uses = false;

	if (bpfl_sys_obj_info(fd, &info, &size) < 0 || info.nr_map_ids == 0 || info.nr_map_ids > MAPS_MAX)
		return false;
	nr = info.nr_map_ids;
	*ret_prog = (struct prog){ info.id, info.btf_id, info.xlated_prog_len / (uint32_t)sizeof(struct bpfl_insn) };
	ids = calloc(nr, sizeof(*ids));
	if (!ids)
		return false;
	info = (struct bpfl_prog_info){ .nr_map_ids = nr, .map_ids = (uint64_t)(uintptr_t)ids };
	size = sizeof(info);
	if (bpfl_sys_obj_info(fd, &info, &size) == 0) {
		for (uint32_t i = 0; i < nr && i < info.nr_map_ids; i++)
			uses = uses || ids[i] == map_id;
	}
	free(ids);
	return uses;
}

/* ---- helpers by address ---- */

struct helpers {
	uint64_t base;
	size_t nr;
	struct { uint64_t address; int32_t helper; } items[HELPERS_MAX];
};

/* One line "ffffffff81234560 T bpf_ringbuf_reserve". All forms of perf_event_output take the same registers. */
static int symbol_take(void *ctx, char *line)
{
	static const struct { const char *part; int32_t helper; } names[] = {
		{ "bpf_ringbuf_reserve_dynptr", 198 }, { "bpf_ringbuf_reserve", 131 }, { "bpf_ringbuf_output", 130 }, { "event_output", 25 },
	};
	struct helpers *helpers = ctx;
	char *end;
	uint64_t address = strtoull(line, &end, 16);
	const char *name = strlen(end) > 3 ? end + 3 : "";

	if (strcmp(name, CALL_BASE) == 0)
		helpers->base = address;
	if (strncmp(name, "bpf_", 4) != 0 || helpers->nr == HELPERS_MAX)
		return 0;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!strstr(name, names[i].part))
			continue;
		helpers->items[helpers->nr].address = address;
		helpers->items[helpers->nr++].helper = names[i].helper;
		return 0;
	}
	return 0;
}

/* The call that was patched for the running kernel, as it stood in the file. */
static void call_restore(const struct helpers *helpers, struct bpfl_insn *insn)
{
	uint64_t address = helpers->base + (uint64_t)(int64_t)insn->imm;

	for (size_t i = 0; helpers->base && i < helpers->nr; i++) {
		if (helpers->items[i].address == address) {
			insn->imm = helpers->items[i].helper;
			return;
		}
	}
	insn->imm = 0; /* another one */
}

/* ---- instructions ---- */

static int func_add(struct bpfl_spec *spec, const struct bpfl_insn *insns, uint32_t nr, uint32_t map_id,
		    const struct helpers *helpers)
{
	struct bpfl_func *func = BPFL_VEC_PUSH(&spec->funcs);

	if (func)
		func->insts = calloc(nr, sizeof(*func->insts));
	if (!func || !func->insts)
		return -ENOMEM;
	func->nr_insts = nr;
	for (uint32_t i = 0; i < nr; i++) {
		struct bpfl_inst *inst = &func->insts[i];
		bool is_map = insns[i].code == BPFL_CODE_LD_IMM64 && bpfl_insn_src(&insns[i]) == PSEUDO_MAP_FD &&
			      (uint32_t)insns[i].imm == map_id;

		*inst = (struct bpfl_inst){ .insn = insns[i],
					    .ref_idx = is_map ? 0 : BPFL_NO_IDX,
					    .core_idx = BPFL_NO_IDX,
					    .line_idx = BPFL_NO_IDX };
		if (insns[i].code == BPFL_CODE_CALL && bpfl_insn_src(&insns[i]) == 0)
			call_restore(helpers, &inst->insn);
	}
	return 0;
}

/* What hinders to read them is no error: then the sizes of records are not known. */
static int insns_read(struct bpfl_spec *spec, const struct prog *prog, uint32_t map_id, const struct helpers *helpers)
{
	struct bpfl_insn *insns = prog->nr_insns > 0 && prog->nr_insns <= INSNS_MAX
					  ? calloc(prog->nr_insns, sizeof(*insns))
					  : NULL;
	int fd = insns ? bpfl_sys_fd_by_id(BPFL_CMD_PROG_GET_FD_BY_ID, prog->id) : -ENOMEM;
	struct bpfl_prog_info info = { .xlated_prog_len = prog->nr_insns * (uint32_t)sizeof(*insns),
				       .xlated_prog_insns = (uint64_t)(uintptr_t)insns };
	uint32_t size = sizeof(info);
	int ret = 0;

	if (fd >= 0 && bpfl_sys_obj_info(fd, &info, &size) == 0 && info.xlated_prog_insns)
		ret = func_add(spec, insns, prog->nr_insns, map_id, helpers);
	bpfl_enter_close(fd);
	free(insns);
	return ret;
}

static int refs_make(struct bpfl_spec *spec)
{
	struct bpfl_ref *ref = BPFL_VEC_PUSH(&spec->refs);

	if (!ref)
		return -ENOMEM;
	*ref = (struct bpfl_ref){ .kind = BPFL_REF_MAP, .target_idx = 0 };
	return 0;
}

/* ---- types ---- */

/*
 * The map's definition, a variable of its name: its whole name (the kernel keeps 15 bytes), and its value's
 * type. NULL, 0: there is none.
 * (libbpf loads it in .maps, we do without that section.)
 */
static const char *definition_find(const struct bpfl_btf *btf, const char *kernel_name, uint32_t *ret_value_type)
{
	size_t len = strlen(kernel_name);

	for (uint32_t id = 1; id < bpfl_btf_nr_types(btf); id++) {
		const struct bpfl_btf_type *var = bpfl_btf_type(btf, id), *def;
		const char *name = bpfl_btf_name(btf, id);

		if (bpfl_btf_kind(var) != BPFL_KIND_VAR || strncmp(name, kernel_name, len) != 0 ||
		    (name[len] && len < BPFL_OBJ_NAME_SIZE - 1))
			continue;
		def = bpfl_btf_skip_modifiers(btf, var->type, NULL);
		for (uint32_t m = 0; bpfl_btf_kind(def) == BPFL_KIND_STRUCT && m < bpfl_btf_vlen(def); m++) {
			const struct bpfl_btf_member *member = &bpfl_btf_members(def)[m];
			const struct bpfl_btf_type *pointer = bpfl_btf_skip_modifiers(btf, member->type, NULL);

			if (strcmp(bpfl_btf_string(btf, member->name_off), "value") == 0 &&
			    bpfl_btf_kind(pointer) == BPFL_KIND_PTR)
				*ret_value_type = pointer->type;
		}
		return name;
	}
	return NULL;
}

static int types_read(struct bpfl_spec *spec, uint32_t btf_id)
{
	struct bpfl_btf_loaded loaded;
	int ret = btf_id ? bpfl_btf_loaded_get(btf_id, &loaded) : -ENOENT;

	return ret < 0 ? ret : bpfl_btf_loaded_read(&loaded, NULL, &spec->btf, NULL);
}

/* ---- the whole ---- */

/*
 * Programs of the object that has the most to say: the first that has types. Others that share the map are
 * of no use beside it. Returns 1 when all programs were seen and none uses the map.
 */
static int progs_read(struct bpfl_spec *spec, uint32_t map_id)
{
	struct helpers helpers = { 0 };
	uint32_t id = 0, btf_id = 0;
	int ret = refs_make(spec), found = 0;
	bool is_used = false;

	bpfl_file_each_line(AT_FDCWD, "/proc/kallsyms", symbol_take, &helpers);
	while (ret == 0 && (found = bpfl_sys_next_id(BPFL_CMD_PROG_GET_NEXT_ID, id, &id)) == 0) {
		int fd = bpfl_sys_fd_by_id(BPFL_CMD_PROG_GET_FD_BY_ID, id);
		struct prog prog;
		bool uses = fd >= 0 && prog_uses(fd, map_id, &prog);

		bpfl_enter_close(fd);
		is_used |= uses;
		if (!uses || (spec->btf && prog.btf_id != btf_id))
			continue;
		if (!spec->btf) {
			btf_id = prog.btf_id;
			ret = types_read(spec, btf_id) == -ENOMEM ? -ENOMEM : 0;
		}
		if (ret == 0)
			ret = insns_read(spec, &prog, map_id, &helpers);
	}
	return ret < 0 ? ret : !is_used && found == -ENOENT;
}

int bpfl_spec_of_map(const struct bpfl_map *map, struct bpfl_spec **ret_spec, struct bpfl_error *err)
{
	struct bpfl_map_def def = { .size = sizeof(def),
				    .name = map->name,
				    .type = map->type,
				    .key_size = map->key_size,
				    .value_size = map->value_size,
				    .max_entries = map->max_entries,
				    .flags = map->flags };
	struct bpfl_map_facts facts;
	struct bpfl_spec *spec = NULL;
	uint32_t value_type = 0;
	const char *name;
	int ret = bpfl_spec_create(map->name, "", &spec, err), unused;

	if (ret < 0)
		return ret;
	bpfl_map_get_facts(map, &facts);
	unused = progs_read(spec, facts.id);
	if (unused < 0)
		ret = bpfl_error_nomem(err);
	name = spec->btf && ret == 0 ? definition_find(spec->btf, map->name, &value_type) : NULL;
	if (name)
		def.name = name;
	if (ret == 0)
		ret = bpfl_spec_add_map(spec, &def, err);
	if (ret < 0) {
		bpfl_spec_destroy(spec);
		return ret;
	}
	spec->maps.items[0].value_type_id = value_type;
	*ret_spec = spec;
	return unused;
}

/* ---- other readers ---- */

struct mapping {
	const char *what;
	bool found;
};

/* "7f... rw-s 00000000 00:0e 12  anon_inode:bpf-map": a reader has to write how far it is. */
static int mapping_look(void *ctx, char *line)
{
	struct mapping *mapping = ctx;
	const char *mode = strchr(line, ' ');

	if (mode && strncmp(mode, " rw-s", 5) == 0 && strstr(line, mapping->what))
		mapping->found = true;
	return 0;
}

static bool is_reader(const struct bpfl_map *map, int pid)
{
	struct mapping mapping = { map->type == BPFL_MAP_TYPE_RINGBUF ? "anon_inode:bpf-map"
								      : "anon_inode:[perf_event]",
				   false };
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	bpfl_file_each_line(AT_FDCWD, path, mapping_look, &mapping);
	return mapping.found;
}

int bpfl_map_reader(const struct bpfl_map *map, int *ret_pid, char *ret_comm, size_t comm_size, struct bpfl_error *err)
{
	struct bpfl_listing *listing = NULL;
	struct bpfl_map_facts facts;
	int found = 0, ret = bpfl_listing_read(BPFL_LIVE_BIT(BPFL_LIVE_MAP), &listing, err);

	if (ret < 0)
		return ret;
	bpfl_map_get_facts(map, &facts);
	for (size_t i = 0; i < bpfl_listing_nr(listing) && !found; i++) {
		struct bpfl_live_view view;

		if (bpfl_listing_view(listing, i, &view) < 0 || view.kind != BPFL_LIVE_MAP || view.id != facts.id)
			continue;
		for (size_t h = 0; h < view.nr_holders && !found; h++) {
			if (view.holders[h].pid == getpid() || !is_reader(map, view.holders[h].pid))
				continue;
			found = 1;
			*ret_pid = view.holders[h].pid;
			snprintf(ret_comm, comm_size, "%s", view.holders[h].comm);
		}
	}
	bpfl_listing_destroy(listing);
	return found;
}
