/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * specgen.c: see specgen.h.
 */
#include "specgen.h"

#include <stdlib.h>
#include "base/text.h"

/* Tests have no use for the case without memory. */
static void *need(void *memory)
{
	if (!memory)
		abort();
	return memory;
}

static char *copy(const char *text)
{
	return need(bpfl_strdup(text));
}

struct bpfl_spec *specgen_new(const char *name)
{
	struct bpfl_spec *spec = need(calloc(1, sizeof(*spec)));

	spec->name = copy(name);
	spec->file_name = copy("test.bpf.o");
	spec->license = copy("GPL");
	spec->has_license = true;
	return spec;
}

uint32_t specgen_func(struct bpfl_spec *spec, const char *name, uint32_t nr_insts)
{
	struct bpfl_func *func = need(BPFL_VEC_PUSH(&spec->funcs));

	func->name = copy(name);
	func->section = copy(".text");
	func->is_local = true;
	func->nr_insts = nr_insts;
	func->insts = need(calloc(nr_insts ? nr_insts : 1, sizeof(*func->insts)));
	for (uint32_t i = 0; i < nr_insts; i++) {
		bool is_last = i + 1 == nr_insts;

		func->insts[i].insn = bpfl_insn_make(is_last ? BPFL_CODE_EXIT : BPFL_CODE_MOV64_K, 0, 0, 0,
						     is_last ? 0 : (int32_t)i);
		func->insts[i].ref_idx = BPFL_NO_IDX;
		func->insts[i].core_idx = BPFL_NO_IDX;
		func->insts[i].line_idx = BPFL_NO_IDX;
	}
	return (uint32_t)spec->funcs.nr - 1;
}

uint32_t specgen_insns(struct bpfl_spec *spec, const char *name, const struct bpfl_insn *insns, uint32_t nr_insns)
{
	uint32_t func = specgen_func(spec, name, nr_insns);

	for (uint32_t i = 0; i < nr_insns; i++)
		spec->funcs.items[func].insts[i].insn = insns[i];
	return func;
}

void specgen_ref(struct bpfl_spec *spec, uint32_t func, uint32_t inst_idx, enum bpfl_ref_kind kind,
		 uint32_t target, uint32_t byte_off)
{
	struct bpfl_inst *inst = &spec->funcs.items[func].insts[inst_idx];
	unsigned dst = bpfl_insn_is_ld_imm64(&inst->insn) ? bpfl_insn_dst(&inst->insn) : 1;
	struct bpfl_ref *ref = need(BPFL_VEC_PUSH(&spec->refs));

	*ref = (struct bpfl_ref){ kind, target, byte_off };
	inst->ref_idx = (int32_t)spec->refs.nr - 1;
	if (kind == BPFL_REF_CALL) {
		inst->insn = bpfl_insn_make(BPFL_CODE_CALL, 0, BPFL_PSEUDO_CALL, 0, -1);
		return;
	}
	/* Immediates hold rubbish: what they mean stands in the reference. */
	inst->insn = bpfl_insn_make(BPFL_CODE_LD_IMM64, dst, 0, 0, 0x1234);
	inst[1].insn = bpfl_insn_make(0, 0, 0, 0, 0x5678);
}

uint32_t specgen_jump_table(struct bpfl_spec *spec, const char *name, uint32_t func, const uint32_t *targets, uint32_t nr)
{
	struct bpfl_jump_table *table = BPFL_VEC_PUSH(&spec->jump_tables);

	*table = (struct bpfl_jump_table){ bpfl_strdup(name), func, bpfl_memdup(targets, nr * sizeof(*targets)), nr };
	return (uint32_t)spec->jump_tables.nr - 1;
}

void specgen_line(struct bpfl_spec *spec, uint32_t func, uint32_t inst_idx, uint32_t file_off, uint32_t line_off,
		  uint32_t line)
{
	struct bpfl_line *record = need(BPFL_VEC_PUSH(&spec->lines));

	*record = (struct bpfl_line){ file_off, line_off, line << 10 };
	spec->funcs.items[func].insts[inst_idx].line_idx = (int32_t)spec->lines.nr - 1;
}

uint32_t specgen_prog(struct bpfl_spec *spec, const char *name, const char *section, uint32_t func)
{
	struct bpfl_prog *prog = need(BPFL_VEC_PUSH(&spec->progs));

	prog->name = copy(name);
	prog->section = copy(section);
	prog->func_idx = func;
	prog->selected = true;
	prog->hit = bpfl_section_find(prog->section);
	if (prog->hit.row) {
		prog->prog_type = prog->hit.row->prog_type;
		prog->attach_type = (uint32_t)prog->hit.row->attach_type;
		if (prog->hit.row->needs_btf_id && prog->hit.target[0] != '\0')
			prog->attach_target = copy(prog->hit.target);
	}
	return (uint32_t)spec->progs.nr - 1;
}

struct bpfl_map_spec *specgen_map(struct bpfl_spec *spec, const char *name, enum bpfl_map_origin origin,
				  uint32_t type, uint32_t key_size, uint32_t value_size, uint32_t max_entries)
{
	struct bpfl_map_spec *map = need(BPFL_VEC_PUSH(&spec->maps));

	map->name = copy(name);
	map->section = copy(origin == BPFL_MAP_BTF ? ".maps" : name);
	map->origin = origin;
	map->type = type;
	map->key_size = key_size;
	map->value_size = value_size;
	map->max_entries = max_entries;
	map->has_max_entries = max_entries != 0;
	if (origin == BPFL_MAP_DATA || origin == BPFL_MAP_RODATA || origin == BPFL_MAP_BSS ||
	    origin == BPFL_MAP_KCONFIG) {
		map->data = need(calloc(1, value_size ? value_size : 1));
		map->data_size = value_size;
		map->frozen = origin == BPFL_MAP_RODATA || origin == BPFL_MAP_KCONFIG;
	}
	return map;
}

uint32_t specgen_var(struct bpfl_spec *spec, const char *name, uint32_t map, uint32_t byte_off,
		     uint32_t size_bytes, uint32_t btf_id)
{
	struct bpfl_var *var = need(BPFL_VEC_PUSH(&spec->vars));

	var->name = copy(name);
	var->map_idx = map;
	var->byte_off = byte_off;
	var->size_bytes = size_bytes;
	var->btf_id = btf_id;
	return (uint32_t)spec->vars.nr - 1;
}

uint32_t specgen_extern(struct bpfl_spec *spec, const char *name, enum bpfl_extern_kind kind, bool weak,
			uint32_t btf_id)
{
	struct bpfl_extern *ext = need(BPFL_VEC_PUSH(&spec->externs));

	ext->name = copy(name);
	ext->kind = kind;
	ext->weak = weak;
	ext->btf_id = btf_id;
	return (uint32_t)spec->externs.nr - 1;
}

void specgen_slot(struct bpfl_spec *spec, uint32_t map, uint32_t key, bool is_prog, uint32_t target)
{
	struct bpfl_map_spec *owner = &spec->maps.items[map];

	owner->slots = need(realloc(owner->slots, (owner->nr_slots + 1) * sizeof(*owner->slots)));
	owner->slots[owner->nr_slots++] = (struct bpfl_map_slot){ key, is_prog, target };
}
