/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * specgen: writes specs by hand, in a few lines, for tests of what comes after reading.
 *
 *     struct bpfl_spec *spec = specgen_new("obj");
 *     uint32_t main_fn = specgen_func(spec, "main_fn", 4);   (r0 = 0 ... exit)
 *     uint32_t helper = specgen_func(spec, "helper", 2);
 *     specgen_ref(spec, main_fn, 1, BPFL_REF_CALL, helper, 0);
 *     specgen_prog(spec, "main_fn", "xdp", main_fn);
 *     ...
 *     bpfl_spec_destroy(spec);
 *
 * Everything goes straight into the struct: no ELF file and no checks stand between. Out of memory aborts.
 */
#ifndef BPFL_TESTS_SPECGEN_H
#define BPFL_TESTS_SPECGEN_H

#include "spec/spec.h"

struct bpfl_spec *specgen_new(const char *name);
/*
 * A function of nr_insts instructions: "r0 = i" each, "exit" last. Its section is ".text", and it
 * is static. Returns its index.
 */
uint32_t specgen_func(struct bpfl_spec *spec, const char *name, uint32_t nr_insts);
/* A function of these instructions (insns.h). */
uint32_t specgen_insns(struct bpfl_spec *spec, const char *name, const struct bpfl_insn *insns, uint32_t nr_insns);
/*
 * Makes instruction inst_idx of a function refer to something: a call for CALL, an ld_imm64 (two slots) for the
 * rest, of the register that it has already, or of r1.
 */
void specgen_ref(struct bpfl_spec *spec, uint32_t func, uint32_t inst_idx, enum bpfl_ref_kind kind,
		 uint32_t target, uint32_t byte_off);
/* A jump table of a function: instructions, counted from its first. Returns its index. */
uint32_t specgen_jump_table(struct bpfl_spec *spec, const char *name, uint32_t func, const uint32_t *targets, uint32_t nr);
/* Makes a source line begin at an instruction. */
void specgen_line(struct bpfl_spec *spec, uint32_t func, uint32_t inst_idx, uint32_t file_off, uint32_t line_off,
		  uint32_t line);
/* A selected program of the type that the section's row says, by bpfl_section_find(). Returns its index. */
uint32_t specgen_prog(struct bpfl_spec *spec, const char *name, const char *section, uint32_t func);
/* A map; data maps (origin) get data of value_size zero bytes. The pointer is valid until the next map is made. */
struct bpfl_map_spec *specgen_map(struct bpfl_spec *spec, const char *name, enum bpfl_map_origin origin,
				  uint32_t type, uint32_t key_size, uint32_t value_size, uint32_t max_entries);
/* A variable of a data map. Returns its index. */
uint32_t specgen_var(struct bpfl_spec *spec, const char *name, uint32_t map, uint32_t byte_off,
		     uint32_t size_bytes, uint32_t btf_id);
uint32_t specgen_extern(struct bpfl_spec *spec, const char *name, enum bpfl_extern_kind kind, bool weak,
			uint32_t btf_id);
void specgen_slot(struct bpfl_spec *spec, uint32_t map, uint32_t key, bool is_prog, uint32_t target);

#endif
