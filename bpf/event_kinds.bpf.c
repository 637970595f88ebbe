// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Records that are hard to show in a table: numbers below zero and the largest ones, names that are longer than a column, letters of
 * other alphabets, control characters that would move the cursor, text that is not UTF-8. The program runs once, so the table is
 * the same each time.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

enum mood { GOOD = 1, BAD = -1 };

struct event {
	int delta;
	__s64 balance;
	__u64 total;
	enum mood mood;
	_Bool ok;
	char comm[16];
	__u8 mac[6];
	__s16 series[3];
	char path[64];
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
	__type(value, struct event);
} events SEC(".maps");

static const struct event records[] = {
	{ 1, 100, 1, GOOD, 1, "plain", { 2, 0, 0, 0, 0, 1 }, { 1, 2, 3 }, "/usr/bin/true" },
	{ -1, -1, ~0ull, BAD, 0, "fifteen-letters", { 255, 255, 255, 255, 255, 255 }, { -1, -32768, 32767 },
	  "/a/path/that/fills/all/the/sixty-three/bytes/which/it/may/have/" },
	{ -2147483648, -9223372036854775807ll - 1, 0, 7, 1, "", { 0 }, { 0 }, "" },
	{ 0, 9223372036854775807ll, 1ull << 63, GOOD, 0, "two words", { 1 }, { 9 }, "tab\there, \x1b[31mred\x1b[0m, back\\slash \"quoted\"" },
	{ 2147483647, 0, 18, BAD, 1, "žluťoučký", { 1 }, { 9 }, "日本語のファイル.txt" },
	{ 3, 3, 3, GOOD, 1, "cut \xe6\x97", { 1 }, { 9 }, "\xff\xfe is no UTF-8\r\n" },
};
char LICENSE[] SEC("license") = "GPL";

SEC("syscall")
int send_all(void *ctx)
{
	for (int i = 0; i < (int)(sizeof(records) / sizeof(records[0])); i++)
		bpf_ringbuf_output(&events, (void *)&records[i], sizeof(records[i]), 0);
	return 0;
}
