/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kerngen: from a spec written by hand to a live object, in a few lines, for tests of the room kern.
 *
 *     struct kerngen gen;
 *     kerngen_init(&gen, BPFL_KERNEL_VERSION(5, 4, 0));
 *     specgen_prog(gen.spec, "main_fn", "xdp", specgen_func(gen.spec, "main_fn", 2));
 *     CHECK_OK(kerngen_load(&gen), gen.err);
 *     ... gen.object, gen.log ...
 *     kerngen_deinit(&gen);
 */
#ifndef BPFL_TESTS_KERNGEN_H
#define BPFL_TESTS_KERNGEN_H

#include "btfgen.h"
#include "kern/object.h"
#include "specgen.h"
#include "sys/facts.h"

struct kerngen {
	struct bpfl_spec *spec;
	struct bpfl_target *target; /* of the given version, page size 4096, 4 CPUs */
	struct bpfl_image *image;   /* once loaded */
	struct bpfl_object *object;
	struct bpfl_load_opts opts;
	struct bpfl_error err;
	struct bpfl_buf log; /* lines that the loader logged: "warning: ...\n" */
	struct btfgen btf;   /* what kerngen_btf() reads */
};

/* kernel_version 0: the running kernel. */
void kerngen_init(struct kerngen *gen, uint32_t kernel_version);
void kerngen_deinit(struct kerngen *gen);
/* Reads gen->btf into the spec. */
void kerngen_btf(struct kerngen *gen);
/* Builds the image (which must not fail) and loads it. Can be repeated: what was loaded before is closed. */
int kerngen_load(struct kerngen *gen);
/* The log as text, "" when nothing was logged. */
const char *kerngen_log(const struct kerngen *gen);
/*
 * A program "NAME" in SEC(section) that does nothing but refer to a map (BPFL_REF_MAP, or DATA for data
 * maps). Its index.
 */
uint32_t kerngen_user(struct kerngen *gen, const char *name, const char *section, uint32_t map);

#endif
