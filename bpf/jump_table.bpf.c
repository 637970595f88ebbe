// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A jump table: a list of places in a function, and a jump to one of them (Linux 6.19). clang 22 makes one
 * of a large switch with -mcpu=v4; here it is written by hand, so that any clang can compile it.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

#define GOTOX_R0 ".byte 0x0d, 0, 0, 0, 0, 0, 0, 0;" /* goto *r0 */

__u64 taken[3], runs, wrong;

/* In front of the next one in .text and in the program: places are counted from the beginning of either. */
static __attribute__((noinline)) long ten(unsigned long which)
{
	return which > 2 ? 99 : which * 10;
}

static __attribute__((noinline)) long place(unsigned long which)
{
	long result;

	asm volatile(".pushsection .jumptables, \"\", @progbits;"
		     "places: .quad place_0 - .text; .quad place_1 - .text; .quad place_2 - .text;"
		     ".size places, 24; .global places; .popsection;"
		     "if %[which] > 2 goto place_other;"
		     "%[which] <<= 3;"
		     "r0 = places ll;"
		     "r0 += %[which];"
		     "r0 = *(u64 *)(r0 + 0);"
		     GOTOX_R0
		     "place_0: %[result] = 0; goto place_end;"
		     "place_1: %[result] = 10; goto place_end;"
		     "place_2: %[result] = 20; goto place_end;"
		     "place_other: %[result] = 99;"
		     "place_end:"
		     : [result] "=r"(result), [which] "+r"(which) : : "r0");
	return result;
}

SEC("raw_tp/sched_switch")
int take(void *ctx)
{
	__u32 which = __sync_fetch_and_add(&runs, 1) % 3;

	if (ten(which) != place(which) || place(5) != 99)
		__sync_fetch_and_add(&wrong, 1);
	else
		__sync_fetch_and_add(&taken[which], 1);
	return 0;
}
