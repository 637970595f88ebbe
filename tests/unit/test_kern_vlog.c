/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kern/vlog and kern/hints: logs of real kernels -> what they say.
 *
 * The logs without a remark were written by Linux 6.18 for small programs that are wrong in one way each; a few
 * lines in the wording of older kernels stand beside them, and one report in the form of Linux 7.3.
 */
#include <stdlib.h>
#include "harness.h"
#include "kern/vlog.h"

#define STATS(n) \
	"processed " #n " insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0\n"

static const struct sample {
	const char *log;
	const char *reason;
	int32_t insn_idx;
	const char *insn, *file;
	uint32_t line;
	const char *source, *reg;
	int catalogue_id; /* of the hint; 0: none */
	const char *fix;  /* in the hint */
} samples[] = {
	{ "arg#0 reference type('UNKNOWN ') size cannot be determined: -22\n"
	  "0: R1=ctx() R10=fp0\n"
	  "; int k=0; int *v=bpf_map_lookup_elem(&m,&k); @ nullchk.bpf.c:8\n"
	  "4: (18) r1 = 0xffff88810444bc00       ; R1=map_ptr(map=m,ks=4,vs=4)\n"
	  "6: (85) call bpf_map_lookup_elem#1    ; R0=map_value_or_null(id=1,map=m,ks=4,vs=4)\n"
	  "; return *v;} @ nullchk.bpf.c:9\n"
	  "7: (61) r0 = *(u32 *)(r0 +0)\n"
	  "R0 invalid mem access 'map_value_or_null'\n" STATS(7),
	  "R0 invalid mem access 'map_value_or_null'", 7, "(61) r0 = *(u32 *)(r0 +0)", "nullchk.bpf.c", 9, "return *v;}",
	  "R0=map_value_or_null(id=1,map=m,ks=4,vs=4)", 11, "bpf_map_lookup_elem() for NULL" },

	/* Linux 5.10: no file and line, other words, "_w" behind the register */
	{ "Validating p() func#0...\n"
	  "0: R1=ctx(id=0,off=0,imm=0) R10=fp0\n"
	  "; return *v;\n"
	  "6: (85) call bpf_map_lookup_elem#1\n"
	  "7: R0_w=map_value_or_null(id=1,off=0,ks=4,vs=4,imm=0) R10=fp0 fp-8=0000????\n"
	  "7: (61) r0 = *(u32 *)(r0 +0)\n"
	  "R0 invalid mem access 'map_value_or_null'\n"
	  "verification time 104 usec\nstack depth 8\n" STATS(7),
	  "R0 invalid mem access 'map_value_or_null'", 7, "(61) r0 = *(u32 *)(r0 +0)", "", 0, "return *v;",
	  "R0_w=map_value_or_null(id=1,off=0,ks=4,vs=4,imm=0)", 11, "NULL" },

	/* Linux 4.19, for an instruction of -mcpu=v3 */
	{ "0: (b7) r0 = 0\nunknown opcode 06\n", "unknown opcode 06", 0, "(b7) r0 = 0", "", 0, "", "", 30, "-mcpu=v3" },

	/* Linux 5.10 */
	{ "0: (79) r1 = *(u64 *)(r1 +8)\n1: (61) r0 = *(u32 *)(r1 +0)\nR1 invalid mem access 'inv'\n" STATS(2),
	  "R1 invalid mem access 'inv'", 1, "(61) r0 = *(u32 *)(r1 +0)", "", 0, "", "", 11, "bpf_probe_read_kernel()" },

	{ "7: (15) if r0 == 0x0 goto pc+1        ; R0=map_value(map=a,ks=4,vs=16)\n"
	  "; return v[4];} @ oob.bpf.c:9\n"
	  "8: (61) r6 = *(u32 *)(r0 +16)\n"
	  "invalid access to map value, value_size=16 off=16 size=4\n"
	  "R0 min value is outside of the allowed memory range\n" STATS(8),
	  "invalid access to map value, value_size=16 off=16 size=4; R0 min value is outside of the allowed memory range", 8,
	  "(61) r6 = *(u32 *)(r0 +16)", "oob.bpf.c", 9, "return v[4];}", "", 11, "value" },

	{ "13: (0f) r6 += r0                     ; R0=scalar(smin=0,smax=umax=0x3fffffffc) R6=map_value(map=a,ks=4,vs=16,smin=0,smax=umax=0x3fffffffc)\n"
	  "14: (61) r7 = *(u32 *)(r6 +0)\n"
	  "R6 unbounded memory access, make sure to bounds check any such access\n" STATS(14),
	  "R6 unbounded memory access, make sure to bounds check any such access", 14, "(61) r7 = *(u32 *)(r6 +0)", "", 0, "",
	  "R6=map_value(map=a,ks=4,vs=16,smin=0,smax=umax=0x3fffffffc)", 11, "limit the value" },

	{ "0: (61) r1 = *(u32 *)(r1 +0)          ; R1=pkt(r=0)\n"
	  "; return d[3];} @ pkt.bpf.c:9\n"
	  "1: (71) r0 = *(u8 *)(r1 +3)\n"
	  "invalid access to packet, off=3 size=1, R1(id=0,off=3,r=0)\n"
	  "R1 offset is outside of the packet\n" STATS(2),
	  "invalid access to packet, off=3 size=1, R1(id=0,off=3,r=0); R1 offset is outside of the packet", 1,
	  "(71) r0 = *(u8 *)(r1 +3)", "pkt.bpf.c", 9, "return d[3];}", "", 11, "data_end" },

	/* Line 0 is code that the compiler made up: the line before it counts. */
	{ "; SEC(\"tracepoint/x/y\") int p(long *ctx){ @ helperlen.bpf.c:8\n"
	  "2: (bf) r1 = r10                      ; R1=fp0 R10=fp0\n"
	  ";  @ helperlen.bpf.c:0\n"
	  "3: (07) r1 += -16                     ; R1=fp-16\n"
	  "4: (85) call bpf_probe_read_kernel#113\n"
	  "R2 min value is negative, either use unsigned or 'var &= const'\n" STATS(5),
	  "R2 min value is negative, either use unsigned or 'var &= const'", 4, "(85) call bpf_probe_read_kernel#113",
	  "helperlen.bpf.c", 8, "SEC(\"tracepoint/x/y\") int p(long *ctx){", "", 11, "unsigned" },

	{ "6: (05) goto pc-5\n"
	  "infinite loop detected at insn 2\n"
	  "cur state: R1=scalar(smin=umin=1,smax=umax=0x100000000) R10=fp0 fp-8=mmmm????\n"
	  "old state: R1=scalar(smin=umin=1,smax=umax=0x100000000) R10=fp0 fp-8=mmmm????\n" STATS(18),
	  "infinite loop detected at insn 2", 2, "", "", 0, "", "", 11, "bpf_loop()" },

	/* Linux 4.19 to 5.2 */
	{ "back-edge from insn 7 to 3\n", "back-edge from insn 7 to 3", 7, "", "", 0, "", "", 11, "unroll" },

	{ "5: (07) r6 += 1                       ; R6=0x186a0\n"
	  "9: (bf) r7 = r0\n"
	  "BPF program is too large. Processed 1000001 insn\n" STATS(1000001),
	  "BPF program is too large. Processed 1000001 insn", 9, "(bf) r7 = r0", "", 0, "", "", 13, "tail calls" },

	{ "3: (85) call bpf_trace_printk#6\n"
	  "cannot call GPL-restricted function from non-GPL compatible program\n" STATS(3),
	  "cannot call GPL-restricted function from non-GPL compatible program", 3, "(85) call bpf_trace_printk#6", "", 0, "", "",
	  14, "license" },

	{ "8: (b7) r0 = 0                        ; R0=0 refs=2\n"
	  "9: (95) exit\n"
	  "Unreleased reference id=2 alloc_insn=4\n"
	  "BPF_EXIT instruction in main prog would lead to reference leak\n" STATS(9),
	  "Unreleased reference id=2 alloc_insn=4; BPF_EXIT instruction in main prog would lead to reference leak", 9, "(95) exit",
	  "", 0, "", "", 11, "before every return" },

	{ "0: (b7) r0 = 77                       ; R0=77\n1: (95) exit\n"
	  "At program exit the register R0 has smin=77 smax=77 should have been in [0, 3]\n" STATS(2),
	  "At program exit the register R0 has smin=77 smax=77 should have been in [0, 3]", 1, "(95) exit", "", 0, "", "", 11,
	  "return one of the values" },

	{ "0: R1=ctx() R10=fp0\n0: (61) r0 = *(u32 *)(r3 +0)\nR3 !read_ok\n" STATS(0), "R3 !read_ok", 0, "(61) r0 = *(u32 *)(r3 +0)",
	  "", 0, "", "", 11, "every path" },

	{ "0: R1=ctx() R10=fp0\n0: (bf) r2 = r10                      ; R2=fp0 R10=fp0\n2: (85) call bpf_map_lookup_elem#1\n"
	  "R1 type=ctx expected=map_ptr\n" STATS(3),
	  "R1 type=ctx expected=map_ptr", 2, "(85) call bpf_map_lookup_elem#1", "", 0, "", "R1=ctx()", 11, "prototype" },

	{ "11: (bf) r3 = r0                      ; R0=map_value_or_null(id=1,map=m,ks=4,vs=4) R3=map_value_or_null(id=1,map=m,ks=4,vs=4)\n"
	  "13: (85) call bpf_map_update_elem#2\n"
	  "R3 type=map_value_or_null expected=fp, pkt, pkt_meta, map_key, map_value, mem, ringbuf_mem, buf, trusted_ptr_\n" STATS(12),
	  "R3 type=map_value_or_null expected=fp, pkt, pkt_meta, map_key, map_value, mem, ringbuf_mem, buf, trusted_ptr_", 13,
	  "(85) call bpf_map_update_elem#2", "", 0, "", "R3=map_value_or_null(id=1,map=m,ks=4,vs=4)", 11, "before passing it on" },

	{ "10: (85) call bpf_ktime_get_ns#5\nfunction calls are not allowed while holding a lock\n" STATS(10),
	  "function calls are not allowed while holding a lock", 10, "(85) call bpf_ktime_get_ns#5", "", 0, "", "", 11, "lock" },

	{ "unreachable insn 1\n" STATS(0), "unreachable insn 1", 1, "", "", 0, "", "", 11, "endless loop" },
	{ "last insn is not an exit or jmp\n" STATS(0), "last insn is not an exit or jmp", -1, "", "", 0, "", "", 11, "-O2" },

	{ "0: (67) r1 <<= 1\nR1 pointer arithmetic with <<= operator prohibited\n" STATS(1),
	  "R1 pointer arithmetic with <<= operator prohibited", 0, "(67) r1 <<= 1", "", 0, "", "", 11, "checked numbers" },

	{ "1: (63) *(u32 *)(r1 +40) = r2\ninvalid bpf_context access off=40 size=4\n" STATS(2),
	  "invalid bpf_context access off=40 size=4", 1, "(63) *(u32 *)(r1 +40) = r2", "", 0, "", "", 11, "context" },

	{ "func 'sched_switch' arg1 has btf_id 114 type STRUCT 'task_struct'\n1: R1=trusted_ptr_task_struct()\n"
	  "2: (63) *(u32 *)(r1 +1264) = r2\nonly read is supported\n" STATS(3),
	  "only read is supported", 2, "(63) *(u32 *)(r1 +1264) = r2", "", 0, "", "", 11, "own data" },

	{ "0: (18) r1 = 0xffffc90004fb0000       ; R1=map_value(map=rdonly.rodata,ks=4,vs=4)\n3: (63) *(u32 *)(r1 +0) = r0\n"
	  "write into map forbidden, value_size=4 off=0 size=4\n" STATS(3),
	  "write into map forbidden, value_size=4 off=0 size=4", 3, "(63) *(u32 *)(r1 +0) = r0", "", 0, "", "", 11, "const" },

	{ "5: (85) call bpf_probe_read_kernel#113\ninvalid write to stack R1 off=-16 size=65535\n" STATS(6),
	  "invalid write to stack R1 off=-16 size=65535", 5, "(85) call bpf_probe_read_kernel#113", "", 0, "", "", 11, "size" },

	/* Linux 5.4 */
	{ "5: (85) call bpf_map_update_elem#2\ninvalid indirect read from stack off -16+4 size 16\n" STATS(6),
	  "invalid indirect read from stack off -16+4 size 16", 5, "(85) call bpf_map_update_elem#2", "", 0, "", "", 11, "memset" },

	/* Linux 5.9 */
	{ "4: (85) call bpf_map_lookup_elem#1\nR2 unbounded memory access, use 'var &= const' or 'if (var < const)'\n" STATS(5),
	  "R2 unbounded memory access, use 'var &= const' or 'if (var < const)'", 4, "(85) call bpf_map_lookup_elem#1", "", 0, "",
	  "", 11, "sizeof(buf)" },

	/* Words that no table knows come through as they are. */
	{ "3: (85) call bpf_nothing#999\nsomething entirely new\n" STATS(3), "something entirely new", 3, "(85) call bpf_nothing#999",
	  "", 0, "", "", 0, NULL },
};

START_TEST(a_log_is_read)
{
	const struct sample *sample = &samples[_i];
	const struct bpfl_hint *hint;
	struct bpfl_vlog vlog;

	bpfl_vlog_read(sample->log, &vlog);
	ck_assert_str_eq(vlog.reason, sample->reason);
	ck_assert_int_eq(vlog.insn_idx, sample->insn_idx);
	ck_assert_str_eq(vlog.insn, sample->insn);
	ck_assert_str_eq(vlog.file, sample->file);
	ck_assert_uint_eq(vlog.line, sample->line);
	ck_assert_str_eq(vlog.source, sample->source);
	ck_assert_str_eq(vlog.reg, sample->reg);
	ck_assert_str_eq(vlog.category, "");
	ck_assert_int_eq(vlog.cut, strstr(sample->log, "processed ") == NULL);

	hint = bpfl_hint_find(vlog.reason);
	if (sample->catalogue_id == 0) {
		ck_assert_ptr_null(hint);
	} else {
		ck_assert_ptr_nonnull(hint);
		ck_assert_int_eq(hint->catalogue_id, sample->catalogue_id);
		CHECK_HAS(hint->fix, sample->fix);
	}
}
END_TEST

START_TEST(the_report_of_newer_kernels_is_read)
{
	struct bpfl_vlog vlog;

	bpfl_vlog_read("0: R1=ctx() R10=fp0\n"
		       "0: (95) exit\n"
		       "R0 !read_ok\n\n"
		       "Verification failed: Register Type Safety: Unreadable register\n\n"
		       "Reason:\n"
		       "  R0 has never been initialized on this path,\n"
		       "  so it cannot be used.\n\n"
		       "At:\n"
		       "  insn 0\n"
		       "        | ^-- error: R0 is not readable\n"
		       "  Instruction context:\n"
		       "  >>> 0 | (95) exit\n\n"
		       "Causal path:\n"
		       "  no retained diagnostic events on this path\n\n"
		       "Suggestion:\n"
		       "  Initialize R0 on every path before this instruction.\n\n" STATS(1),
		       &vlog);
	ck_assert_str_eq(vlog.reason, "R0 !read_ok");
	ck_assert_str_eq(vlog.category, "Register Type Safety: Unreadable register");
	ck_assert_str_eq(vlog.explanation, "R0 has never been initialized on this path, so it cannot be used.");
	ck_assert_str_eq(vlog.suggestion, "Initialize R0 on every path before this instruction.");
	ck_assert_int_eq(vlog.insn_idx, 0);
	ck_assert_str_eq(vlog.insn, "(95) exit");
	ck_assert(!vlog.cut);
}
END_TEST

START_TEST(a_report_without_old_lines_still_has_a_reason)
{
	struct bpfl_vlog vlog;

	bpfl_vlog_read("Verification failed: Control Flow: Unreachable code\n\nReason:\n  Nothing leads here.\n\nAt:\n "
		       " insn 12\n\n"
		       "Suggestion:\n  Remove it.\n\n" STATS(0),
		       &vlog);
	ck_assert_str_eq(vlog.reason, "Control Flow: Unreachable code");
	ck_assert_str_eq(vlog.explanation, "Nothing leads here.");
	ck_assert_str_eq(vlog.suggestion, "Remove it.");
	ck_assert_int_eq(vlog.insn_idx, 12);
}
END_TEST

START_TEST(an_empty_log_has_no_reason)
{
	static const char *const logs[] = { "", "\n", STATS(0), "0: R1=ctx() R10=fp0\n",
					    "func#0 @0\nfunc#1 @12\n" STATS(0) };

	for (size_t i = 0; i < sizeof(logs) / sizeof(logs[0]); i++) {
		struct bpfl_vlog vlog;

		bpfl_vlog_read(logs[i], &vlog);
		ck_assert_str_eq(vlog.reason, "");
		ck_assert_int_eq(vlog.insn_idx, -1);
	}
}
END_TEST

START_TEST(a_cut_log_is_no_trouble)
{
	/*
	 * Every beginning and every end of every log: nothing to be said, but nothing to be read beyond the
	 * end either.
	 */
	for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
		size_t size = strlen(samples[i].log);

		for (size_t at = 0; at <= size; at++) {
			struct bpfl_vlog vlog;
			char *head = strndup(samples[i].log, at), *tail = strdup(samples[i].log + at);

			bpfl_vlog_read(head, &vlog);
			bpfl_vlog_read(tail, &vlog);
			free(head);
			free(tail);
		}
	}
}
END_TEST

START_TEST(text_of_a_program_is_harmless_and_cut_to_fit)
{
	struct bpfl_vlog vlog;
	char log[4096] = "0: (95) exit\n\x1b[31mred ";

	memset(log + strlen(log), 'x', 3000);
	bpfl_vlog_read(log, &vlog);
	CHECK_HAS(vlog.reason, "\\x1b[31mred");
	ck_assert_uint_lt(strlen(vlog.reason), sizeof(vlog.reason));
}
END_TEST

int main(void)
{
	const TTest *tests[] = { the_report_of_newer_kernels_is_read,	  a_report_without_old_lines_still_has_a_reason,
				 an_empty_log_has_no_reason,		  a_cut_log_is_no_trouble,
				 text_of_a_program_is_harmless_and_cut_to_fit };
	Suite *suite = BPFL_TEST_SUITE("kern_vlog", tests);
	TCase *table = tcase_create("logs");

	tcase_add_loop_test(table, a_log_is_read, 0, (int)(sizeof(samples) / sizeof(samples[0])));
	suite_add_tcase(suite, table);
	return bpfl_test_main(suite);
}
