/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * spec/prints.c: does the object say anything through the kernel's trace buffer? Reading it costs a tracefs
 * instance, so callers ask before they open one.
 */
#include "spec/spec.h"

#define HELPER_TRACE_PRINTK 6	 /* since 4.1 */
#define HELPER_TRACE_VPRINTK 177 /* since 5.16 */

static bool is_print_call(const struct bpfl_insn *insn)
{
	return insn->code == BPFL_CODE_CALL && bpfl_insn_src(insn) == 0 &&
	       (insn->imm == HELPER_TRACE_PRINTK || insn->imm == HELPER_TRACE_VPRINTK);
}

bool bpfl_spec_prints(const struct bpfl_spec *spec)
{
	for (size_t f = 0; f < spec->funcs.nr; f++) {
		const struct bpfl_func *func = &spec->funcs.items[f];

		for (uint32_t i = 0; i < func->nr_insts; i++) {
			if (is_print_call(&func->insts[i].insn))
				return true;
		}
	}
	return false;
}
