// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Read-only data that the compiler made: the initial values of a local array (.rodata.cst16), the
 * text of a local string (.rodata.str1.1) and a lookup table for the switch. None of them has a
 * name in the source or a type in BTF, and references to them go through section symbols.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

__u64 runs;
__u64 sum;
__u64 letters;

static __noinline int weekday_length(__u32 day)
{
	switch (day) {
	case 0: return 6;
	case 1: return 61;
	case 2: return 7;
	case 3: return 92;
	case 4: return 8;
	case 5: return 16;
	}
	return 0;
}

SEC("tracepoint/syscalls/sys_enter_execve")
int use_constants(void *ctx)
{
	__u32 primes[4] = { 20011, 20021, 20023, 20029 };
	char text[] = "the quick brown fox";
	__u32 pick = bpf_get_smp_processor_id() & 3;

	bpf_printk("%s %d\n", text, primes[pick]);
	sum = primes[0] + primes[1] + primes[2] + primes[3];
	letters = weekday_length(runs % 7);
	runs++;
	return 0;
}
