// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Variables of all the types that --set knows: integers, bool, enum, string, array, structure.
 *
 *	--set port=8080 --set verbose=true --set level=LEVEL_HIGH --set name=lo
 *	--set 'ports[2]=443' --set filter.first.uid=1000
 *
 * The program copies what it sees to `seen`, so that a reader of .bss can check each value.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

enum level { LEVEL_LOW = 1, LEVEL_MIDDLE = 5, LEVEL_HIGH = 9 };

struct user { __u32 uid; signed char nice; };
struct filter {
	struct user first, others[2];
	enum level level;
	char comm[16];
};

const volatile unsigned short port = 80;
const volatile _Bool verbose = 0;
const volatile signed char offset = -1;
const volatile __u64 mask = ~0ULL;
const volatile enum level level = LEVEL_LOW;
const volatile char name[16] = "eth0";
const volatile int ports[4] = { 1, 2, 3, 4 };
const volatile __u8 grid[2][3];
struct filter filter = { .first.uid = 1, .level = LEVEL_MIDDLE, .comm = "sh" };
int target_pid = -1;

struct {
	__u64 runs, mask;
	int port, verbose, offset, level, ports_sum, corner, target_pid;
	char name0;
	struct filter filter;
} seen;

SEC("tracepoint/syscalls/sys_enter_execve")
int read_settings(void *ctx)
{
	seen.mask = mask;
	seen.port = port;
	seen.verbose = verbose;
	seen.offset = offset;
	seen.level = level;
	seen.ports_sum = ports[0] + ports[1] + ports[2] + ports[3];
	seen.corner = grid[1][2];
	seen.target_pid = target_pid;
	seen.name0 = name[0];
	seen.filter = filter;
	seen.runs++;
	return 0;
}
