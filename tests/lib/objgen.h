/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * objgen: whole BPF objects, ELF and BTF together, for tests of what comes after the ELF tables.
 *
 *     struct objgen obj;
 *     objgen_init(&obj, ELFGEN_NATIVE);                  (with a license; both generators can be used beside it)
 *     struct objgen_attr attrs[] = { { "type", objgen_uint(&obj, 1) }, { "key", objgen_pointer(&obj, obj.u32) } };
 *     objgen_map(&obj, "counts", objgen_struct(&obj, attrs, 2), 16);
 *     CHECK_OK(objgen_read(&obj, &spec, &err), err);     (obj is gone, whatever happens)
 *
 * A list (DATASEC) is written for each section that variables were added to, when the object is finished.
 */
#ifndef BPFL_TESTS_OBJGEN_H
#define BPFL_TESTS_OBJGEN_H

#include "btfgen.h"
#include "elfgen.h"
#include "spec/spec.h"

#define OBJGEN_MAX_LISTED 64

struct objgen {
	struct elfgen *elf;
	struct btfgen btf;
	uint32_t u32, u64, chr; /* BTF ids of types that everybody needs */
	unsigned maps;	   /* section .maps, 0 before the first map */
	bool without_btf;  /* leave .BTF out */
	struct {
		const char *section;
		uint32_t btf_id, byte_off, size;
	} listed[OBJGEN_MAX_LISTED];
	size_t nr_listed;
	struct bpfl_buf ext; /* bytes of .BTF.ext, empty: none */
};

struct objgen_attr {
	const char *name;
	uint32_t type_id;
};

void objgen_init(struct objgen *obj, enum elfgen_order order);
/* Finishes the object and reads it as "t.bpf.o". Frees obj. */
int objgen_read(struct objgen *obj, struct bpfl_spec **ret_spec, struct bpfl_error *err);

/* __uint(), __type(), __array(): BTF ids to be used as types of attributes. */
uint32_t objgen_uint(struct objgen *obj, uint32_t value);
uint32_t objgen_pointer(struct objgen *obj, uint32_t type_id);
uint32_t objgen_values(struct objgen *obj, uint32_t type_id);
/* A struct of 8-byte members. */
uint32_t objgen_struct(struct objgen *obj, const struct objgen_attr *attrs, size_t nr);

/* A variable in a list of BTF only. Returns the id of the VAR. */
uint32_t objgen_list(struct objgen *obj, const char *section, const char *name, uint32_t type_id, uint32_t linkage,
		     uint32_t byte_off, uint32_t size);
/* A map definition of size bytes in .maps: bytes, symbol, VAR. Returns the symbol. */
unsigned objgen_map(struct objgen *obj, const char *name, uint32_t struct_id, uint32_t size);
/* An array map with 4-byte keys and 8-byte values: the usual one. */
unsigned objgen_array(struct objgen *obj, const char *name, uint32_t max_entries);
/* .BTF.ext with one CO-RE record, one function record and one source line of the section, at the given byte offsets. */
void objgen_ext(struct objgen *obj, const char *section, uint32_t func_type_id, uint32_t func_off, uint32_t line_off,
		uint32_t core_off);

#endif
