/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Arguments of traced functions.
 *
 * A kprobe or uprobe program gets the machine's registers, and where the arguments are is a fact
 * of the machine: compile with -D__TARGET_ARCH_x86 (arm64, arm, riscv, s390, powerpc, loongarch,
 * mips, sparc). PT_REGS_PARM1(ctx) and its family read one; BPF_KPROBE and its family write the
 * function around the program, so that arguments have names and types.
 *
 * Programs on typed hooks (tp_btf, fentry, lsm, iter, struct_ops) get an array of 64-bit
 * values instead, the same on every machine: BPF_PROG does the naming there.
 */
#ifndef BPFLOAD_BPF_TRACING_H
#define BPFLOAD_BPF_TRACING_H

#include "bpf_helpers.h"

/*
 * One block for each machine. The struct is what the kernel hands to the program, so it does not
 * matter which pt_regs the program has included, if any. Behind the three underscores is a note
 * to CO-RE: this is the kernel's struct pt_regs, find the fields by name.
 *
 *	ARG1..8		arguments of a function, as the machine's calling convention says
 *	SYSARGn		arguments of a system call where they differ from ARGn
 *	RET		return address, or where it is on the stack (at the function's entry)
 *	FP, SP, IP	frame pointer, stack pointer, instruction pointer
 *	RC		return value
 *
 * SYSARG1 is often a copy: the register itself also takes the result of the call.
 * A register that a machine has not is a name that cannot compile, and says why.
 */
#if defined(__TARGET_ARCH_x86)

struct pt_regs___bpfload {
	unsigned long r15, r14, r13, r12, bp, bx;
	unsigned long r11, r10, r9, r8, ax, cx, dx, si, di;
	unsigned long orig_ax, ip, cs, flags, sp, ss;
};
#define BPF_REG_ARG1 di
#define BPF_REG_ARG2 si
#define BPF_REG_ARG3 dx
#define BPF_REG_ARG4 cx
#define BPF_REG_ARG5 r8
#define BPF_REG_ARG6 r9
#define BPF_REG_ARG7 x86_passes_only_six_arguments_in_registers
#define BPF_REG_ARG8 x86_passes_only_six_arguments_in_registers
#define BPF_REG_SYSARG4 r10
#define BPF_REG_RET sp
#define BPF_REG_FP bp
#define BPF_REG_RC ax
#define BPF_REG_SP sp
#define BPF_REG_IP ip
#define BPF_RETURN_ADDRESS_ON_STACK 1
#define BPF_SYSCALLS_TAKE_REGS 1

#elif defined(__TARGET_ARCH_arm64)

struct pt_regs___bpfload {
	unsigned long regs[31], sp, pc, pstate;
	unsigned long orig_x0;
};
#define BPF_REG_ARG1 regs[0]
#define BPF_REG_ARG2 regs[1]
#define BPF_REG_ARG3 regs[2]
#define BPF_REG_ARG4 regs[3]
#define BPF_REG_ARG5 regs[4]
#define BPF_REG_ARG6 regs[5]
#define BPF_REG_ARG7 regs[6]
#define BPF_REG_ARG8 regs[7]
#define BPF_REG_SYSARG1 orig_x0
#define BPF_REG_RET regs[30]
#define BPF_REG_FP regs[29]
#define BPF_REG_RC regs[0]
#define BPF_REG_SP sp
#define BPF_REG_IP pc
#define BPF_SYSCALLS_TAKE_REGS 1

#elif defined(__TARGET_ARCH_arm)

struct pt_regs___bpfload {
	unsigned int uregs[18];	/* r0 to r15, cpsr, orig_r0 */
};
#define BPF_REG_ARG1 uregs[0]
#define BPF_REG_ARG2 uregs[1]
#define BPF_REG_ARG3 uregs[2]
#define BPF_REG_ARG4 uregs[3]
#define BPF_REG_ARG5 arm_passes_only_four_arguments_in_registers
#define BPF_REG_ARG6 arm_passes_only_four_arguments_in_registers
#define BPF_REG_ARG7 arm_passes_only_four_arguments_in_registers
#define BPF_REG_ARG8 arm_passes_only_four_arguments_in_registers
#define BPF_REG_SYSARG1 uregs[17]
#define BPF_REG_SYSARG5 uregs[4]
#define BPF_REG_SYSARG6 uregs[5]
#define BPF_REG_SYSARG7 uregs[6]
#define BPF_REG_RET uregs[14]
#define BPF_REG_FP uregs[11]
#define BPF_REG_RC uregs[0]
#define BPF_REG_SP uregs[13]
#define BPF_REG_IP uregs[15]

#elif defined(__TARGET_ARCH_riscv)

struct pt_regs___bpfload {
	unsigned long epc, ra, sp, gp, tp, t0, t1, t2, s0, s1;
	unsigned long a0, a1, a2, a3, a4, a5, a6, a7;
	unsigned long s2, s3, s4, s5, s6, s7, s8, s9, s10, s11, t3, t4, t5, t6;
	unsigned long status, badaddr, cause, orig_a0;
};
#define BPF_REG_ARG1 a0
#define BPF_REG_ARG2 a1
#define BPF_REG_ARG3 a2
#define BPF_REG_ARG4 a3
#define BPF_REG_ARG5 a4
#define BPF_REG_ARG6 a5
#define BPF_REG_ARG7 a6
#define BPF_REG_ARG8 a7
#define BPF_REG_SYSARG1 orig_a0
#define BPF_REG_RET ra
#define BPF_REG_FP s0
#define BPF_REG_RC a0
#define BPF_REG_SP sp
#define BPF_REG_IP epc

#elif defined(__TARGET_ARCH_s390)

struct pt_regs___bpfload {
	unsigned long args[1];
	struct {
		unsigned long mask, addr;
	} psw;
	unsigned long gprs[16];
	unsigned long orig_gpr2;
};
#define BPF_REG_ARG1 gprs[2]
#define BPF_REG_ARG2 gprs[3]
#define BPF_REG_ARG3 gprs[4]
#define BPF_REG_ARG4 gprs[5]
#define BPF_REG_ARG5 gprs[6]
#define BPF_REG_ARG6 s390_passes_only_five_arguments_in_registers
#define BPF_REG_ARG7 s390_passes_only_five_arguments_in_registers
#define BPF_REG_ARG8 s390_passes_only_five_arguments_in_registers
#define BPF_REG_SYSARG1 orig_gpr2
#define BPF_REG_SYSARG6 gprs[7]
#define BPF_REG_RET gprs[14]
#define BPF_REG_FP gprs[11]
#define BPF_REG_RC gprs[2]
#define BPF_REG_SP gprs[15]
#define BPF_REG_IP psw.addr
#define BPF_SYSCALLS_TAKE_REGS 1

#elif defined(__TARGET_ARCH_powerpc)

struct pt_regs___bpfload {
	unsigned long gpr[32], nip, msr, orig_gpr3, ctr, link, xer, ccr;
};
#define BPF_REG_ARG1 gpr[3]
#define BPF_REG_ARG2 gpr[4]
#define BPF_REG_ARG3 gpr[5]
#define BPF_REG_ARG4 gpr[6]
#define BPF_REG_ARG5 gpr[7]
#define BPF_REG_ARG6 gpr[8]
#define BPF_REG_ARG7 gpr[9]
#define BPF_REG_ARG8 gpr[10]
#define BPF_REG_SYSARG1 orig_gpr3
#define BPF_REG_RET link
#define BPF_REG_FP powerpc_has_no_frame_pointer_register
#define BPF_REG_RC gpr[3]
#define BPF_REG_SP gpr[1]
#define BPF_REG_IP nip

#elif defined(__TARGET_ARCH_loongarch)

struct pt_regs___bpfload {
	unsigned long regs[32], orig_a0, csr_era;
};
#define BPF_REG_ARG1 regs[4]
#define BPF_REG_ARG2 regs[5]
#define BPF_REG_ARG3 regs[6]
#define BPF_REG_ARG4 regs[7]
#define BPF_REG_ARG5 regs[8]
#define BPF_REG_ARG6 regs[9]
#define BPF_REG_ARG7 regs[10]
#define BPF_REG_ARG8 regs[11]
#define BPF_REG_SYSARG1 orig_a0
#define BPF_REG_RET regs[1]
#define BPF_REG_FP regs[22]
#define BPF_REG_RC regs[4]
#define BPF_REG_SP regs[3]
#define BPF_REG_IP csr_era

#elif defined(__TARGET_ARCH_mips)

struct pt_regs___bpfload {	/* 64-bit kernels */
	unsigned long regs[32], cp0_status, hi, lo, cp0_badvaddr, cp0_cause, cp0_epc;
};
#define BPF_REG_ARG1 regs[4]
#define BPF_REG_ARG2 regs[5]
#define BPF_REG_ARG3 regs[6]
#define BPF_REG_ARG4 regs[7]
#define BPF_REG_ARG5 regs[8]
#define BPF_REG_ARG6 regs[9]
#define BPF_REG_ARG7 regs[10]
#define BPF_REG_ARG8 regs[11]
#define BPF_REG_RET regs[31]
#define BPF_REG_FP regs[30]
#define BPF_REG_RC regs[2]
#define BPF_REG_SP regs[29]
#define BPF_REG_IP cp0_epc

#elif defined(__TARGET_ARCH_sparc)

struct pt_regs___bpfload {	/* 64-bit kernels: %g0 to %g7, then %o0 to %o7 */
	unsigned long u_regs[16], tstate, tpc, tnpc;
};
#define BPF_REG_ARG1 u_regs[8]
#define BPF_REG_ARG2 u_regs[9]
#define BPF_REG_ARG3 u_regs[10]
#define BPF_REG_ARG4 u_regs[11]
#define BPF_REG_ARG5 u_regs[12]
#define BPF_REG_ARG6 u_regs[13]
#define BPF_REG_ARG7 sparc_passes_only_six_arguments_in_registers
#define BPF_REG_ARG8 sparc_passes_only_six_arguments_in_registers
#define BPF_REG_RET u_regs[15]
#define BPF_REG_FP sparc_keeps_the_frame_pointer_in_a_register_window
#define BPF_REG_RC u_regs[8]
#define BPF_REG_SP u_regs[14]
#define BPF_REG_IP tpc

#else /* using a register without naming the machine is an error; BPF_PROG needs none */

struct pt_regs___bpfload {
	int dummy;
};
#define BPF_REG_ARG1 compile_with_D__TARGET_ARCH_x86_or_another_machine
#define BPF_REG_ARG2 BPF_REG_ARG1
#define BPF_REG_ARG3 BPF_REG_ARG1
#define BPF_REG_ARG4 BPF_REG_ARG1
#define BPF_REG_ARG5 BPF_REG_ARG1
#define BPF_REG_ARG6 BPF_REG_ARG1
#define BPF_REG_ARG7 BPF_REG_ARG1
#define BPF_REG_ARG8 BPF_REG_ARG1
#define BPF_REG_RET BPF_REG_ARG1
#define BPF_REG_FP BPF_REG_ARG1
#define BPF_REG_RC BPF_REG_ARG1
#define BPF_REG_SP BPF_REG_ARG1
#define BPF_REG_IP BPF_REG_ARG1

#endif

#ifndef BPF_REG_SYSARG1
#define BPF_REG_SYSARG1 BPF_REG_ARG1
#endif
#define BPF_REG_SYSARG2 BPF_REG_ARG2
#define BPF_REG_SYSARG3 BPF_REG_ARG3
#ifndef BPF_REG_SYSARG4
#define BPF_REG_SYSARG4 BPF_REG_ARG4
#endif
#ifndef BPF_REG_SYSARG5
#define BPF_REG_SYSARG5 BPF_REG_ARG5
#endif
#ifndef BPF_REG_SYSARG6
#define BPF_REG_SYSARG6 BPF_REG_ARG6
#endif
#ifndef BPF_REG_SYSARG7
#define BPF_REG_SYSARG7 no_system_call_of_this_machine_has_seven_arguments
#endif

/* ---- one register ---- */

/*
 * PT_REGS_X reads the program's own context, which needs no help. PT_REGS_X_CORE is for a pointer
 * to registers found elsewhere in the kernel: a probing read of a relocated field. It wants
 * <bpf/bpf_core_read.h>.
 */
#define BPF_REG(x, reg) ((unsigned long)((const struct pt_regs___bpfload *)(x))->reg)
#define BPF_REG_CORE(x, reg) \
	((unsigned long)BPF_CORE_READ((const struct pt_regs___bpfload *)(x), reg))

#define PT_REGS_PARM1(x) BPF_REG(x, BPF_REG_ARG1)
#define PT_REGS_PARM2(x) BPF_REG(x, BPF_REG_ARG2)
#define PT_REGS_PARM3(x) BPF_REG(x, BPF_REG_ARG3)
#define PT_REGS_PARM4(x) BPF_REG(x, BPF_REG_ARG4)
#define PT_REGS_PARM5(x) BPF_REG(x, BPF_REG_ARG5)
#define PT_REGS_PARM6(x) BPF_REG(x, BPF_REG_ARG6)
#define PT_REGS_PARM7(x) BPF_REG(x, BPF_REG_ARG7)
#define PT_REGS_PARM8(x) BPF_REG(x, BPF_REG_ARG8)
#define PT_REGS_RET(x) BPF_REG(x, BPF_REG_RET)
#define PT_REGS_FP(x) BPF_REG(x, BPF_REG_FP)
#define PT_REGS_RC(x) BPF_REG(x, BPF_REG_RC)
#define PT_REGS_SP(x) BPF_REG(x, BPF_REG_SP)
#define PT_REGS_IP(x) BPF_REG(x, BPF_REG_IP)

#define PT_REGS_PARM1_CORE(x) BPF_REG_CORE(x, BPF_REG_ARG1)
#define PT_REGS_PARM2_CORE(x) BPF_REG_CORE(x, BPF_REG_ARG2)
#define PT_REGS_PARM3_CORE(x) BPF_REG_CORE(x, BPF_REG_ARG3)
#define PT_REGS_PARM4_CORE(x) BPF_REG_CORE(x, BPF_REG_ARG4)
#define PT_REGS_PARM5_CORE(x) BPF_REG_CORE(x, BPF_REG_ARG5)
#define PT_REGS_PARM6_CORE(x) BPF_REG_CORE(x, BPF_REG_ARG6)
#define PT_REGS_PARM7_CORE(x) BPF_REG_CORE(x, BPF_REG_ARG7)
#define PT_REGS_PARM8_CORE(x) BPF_REG_CORE(x, BPF_REG_ARG8)
#define PT_REGS_RET_CORE(x) BPF_REG_CORE(x, BPF_REG_RET)
#define PT_REGS_FP_CORE(x) BPF_REG_CORE(x, BPF_REG_FP)
#define PT_REGS_RC_CORE(x) BPF_REG_CORE(x, BPF_REG_RC)
#define PT_REGS_SP_CORE(x) BPF_REG_CORE(x, BPF_REG_SP)
#define PT_REGS_IP_CORE(x) BPF_REG_CORE(x, BPF_REG_IP)

#define PT_REGS_PARM1_SYSCALL(x) BPF_REG(x, BPF_REG_SYSARG1)
#define PT_REGS_PARM2_SYSCALL(x) BPF_REG(x, BPF_REG_SYSARG2)
#define PT_REGS_PARM3_SYSCALL(x) BPF_REG(x, BPF_REG_SYSARG3)
#define PT_REGS_PARM4_SYSCALL(x) BPF_REG(x, BPF_REG_SYSARG4)
#define PT_REGS_PARM5_SYSCALL(x) BPF_REG(x, BPF_REG_SYSARG5)
#define PT_REGS_PARM6_SYSCALL(x) BPF_REG(x, BPF_REG_SYSARG6)
#define PT_REGS_PARM7_SYSCALL(x) BPF_REG(x, BPF_REG_SYSARG7)

#define PT_REGS_PARM1_CORE_SYSCALL(x) BPF_REG_CORE(x, BPF_REG_SYSARG1)
#define PT_REGS_PARM2_CORE_SYSCALL(x) BPF_REG_CORE(x, BPF_REG_SYSARG2)
#define PT_REGS_PARM3_CORE_SYSCALL(x) BPF_REG_CORE(x, BPF_REG_SYSARG3)
#define PT_REGS_PARM4_CORE_SYSCALL(x) BPF_REG_CORE(x, BPF_REG_SYSARG4)
#define PT_REGS_PARM5_CORE_SYSCALL(x) BPF_REG_CORE(x, BPF_REG_SYSARG5)
#define PT_REGS_PARM6_CORE_SYSCALL(x) BPF_REG_CORE(x, BPF_REG_SYSARG6)
#define PT_REGS_PARM7_CORE_SYSCALL(x) BPF_REG_CORE(x, BPF_REG_SYSARG7)

/* the address to which the traced function returns: at its entry, and at its return */
#ifdef BPF_RETURN_ADDRESS_ON_STACK
#define BPF_KPROBE_READ_RET_IP(ip, ctx) \
	((void)bpf_probe_read_kernel(&(ip), sizeof(ip), (void *)PT_REGS_RET(ctx)))
#define BPF_KRETPROBE_READ_RET_IP(ip, ctx) \
	((void)bpf_probe_read_kernel(&(ip), sizeof(ip), (void *)(PT_REGS_FP(ctx) + sizeof(ip))))
#else
#define BPF_KPROBE_READ_RET_IP(ip, ctx) ((void)((ip) = PT_REGS_RET(ctx)))
#define BPF_KRETPROBE_READ_RET_IP BPF_KPROBE_READ_RET_IP
#endif

/*
 * On most 64-bit machines the kernel's function of a system call takes one argument, a pointer to
 * the caller's registers (x86 and s390 4.17, arm64 4.19, riscv 6.6, powerpc 6.2). This macro
 * knows the first three; BPF_KSYSCALL below asks the running kernel instead.
 */
#ifdef BPF_SYSCALLS_TAKE_REGS
#define PT_REGS_SYSCALL_REGS(ctx) ((struct pt_regs *)PT_REGS_PARM1(ctx))
#else
#define PT_REGS_SYSCALL_REGS(ctx) (ctx)
#endif

/* ---- functions with named arguments ---- */

/*
 * SEC("...") int BPF_X(name, T1 a, T2 b) { body } defines two functions: `name`, the program as
 * the kernel sees it, and an inline one with the parameters and the body that were written. The
 * first passes its values as void *, which C converts to any pointer or integer; the
 * compiler would warn about the integers, and that is what is turned off.
 */
#define BPF_TYPED_PROGRAM(name, context, values, args...) \
	name(context); \
	static __always_inline typeof(name(0)) __##name##_body(context, ##args); \
	typeof(name(0)) name(context) \
	{ \
		_Pragma("GCC diagnostic push") \
		_Pragma("GCC diagnostic ignored \"-Wint-conversion\"") \
		return __##name##_body(values); \
		_Pragma("GCC diagnostic pop") \
	} \
	static __always_inline typeof(name(0)) __##name##_body(context, ##args)

/* typed hooks: the n-th argument is the n-th 64-bit value of the context */
#define BPF_CTX_0() ctx
#define BPF_CTX_1() BPF_CTX_0(), (void *)ctx[0]
#define BPF_CTX_2() BPF_CTX_1(), (void *)ctx[1]
#define BPF_CTX_3() BPF_CTX_2(), (void *)ctx[2]
#define BPF_CTX_4() BPF_CTX_3(), (void *)ctx[3]
#define BPF_CTX_5() BPF_CTX_4(), (void *)ctx[4]
#define BPF_CTX_6() BPF_CTX_5(), (void *)ctx[5]
#define BPF_CTX_7() BPF_CTX_6(), (void *)ctx[6]
#define BPF_CTX_8() BPF_CTX_7(), (void *)ctx[7]
#define BPF_CTX_9() BPF_CTX_8(), (void *)ctx[8]
#define BPF_CTX_10() BPF_CTX_9(), (void *)ctx[9]
#define BPF_CTX_11() BPF_CTX_10(), (void *)ctx[10]
#define BPF_CTX_12() BPF_CTX_11(), (void *)ctx[11]
#define BPF_PROG(name, args...) \
	BPF_TYPED_PROGRAM(name, unsigned long long *ctx, \
			  BPF_JOIN(BPF_CTX_, BPF_NARGS(args))(), ##args)

/* probes at the entry of a function, of the kernel or of a user's program */
#define BPF_PARM_0() ctx
#define BPF_PARM_1() BPF_PARM_0(), (void *)PT_REGS_PARM1(ctx)
#define BPF_PARM_2() BPF_PARM_1(), (void *)PT_REGS_PARM2(ctx)
#define BPF_PARM_3() BPF_PARM_2(), (void *)PT_REGS_PARM3(ctx)
#define BPF_PARM_4() BPF_PARM_3(), (void *)PT_REGS_PARM4(ctx)
#define BPF_PARM_5() BPF_PARM_4(), (void *)PT_REGS_PARM5(ctx)
#define BPF_PARM_6() BPF_PARM_5(), (void *)PT_REGS_PARM6(ctx)
#define BPF_PARM_7() BPF_PARM_6(), (void *)PT_REGS_PARM7(ctx)
#define BPF_PARM_8() BPF_PARM_7(), (void *)PT_REGS_PARM8(ctx)
#define BPF_KPROBE(name, args...) \
	BPF_TYPED_PROGRAM(name, struct pt_regs *ctx, \
			  BPF_JOIN(BPF_PARM_, BPF_NARGS(args))(), ##args)
#define BPF_UPROBE(name, args...) BPF_KPROBE(name, ##args)

/* probes at the return: no argument, or the result */
#define BPF_RESULT_0() ctx
#define BPF_RESULT_1() BPF_RESULT_0(), (void *)PT_REGS_RC(ctx)
#define BPF_KRETPROBE(name, args...) \
	BPF_TYPED_PROGRAM(name, struct pt_regs *ctx, \
			  BPF_JOIN(BPF_RESULT_, BPF_NARGS(args))(), ##args)
#define BPF_URETPROBE(name, args...) BPF_KRETPROBE(name, ##args)

/*
 * probes at the entry of a system call (SEC("ksyscall/NAME")). The loader says whether this
 * kernel's calls take a pointer to registers; that is a constant for the verifier, so only
 * one of the two reads is left in the running program.
 */
#define BPF_SYSARG(n) (LINUX_HAS_SYSCALL_WRAPPER \
	? (void *)PT_REGS_PARM##n##_CORE_SYSCALL(PT_REGS_PARM1(ctx)) \
	: (void *)PT_REGS_PARM##n##_SYSCALL(ctx))
#define BPF_SYSARG_0() ctx
#define BPF_SYSARG_1() BPF_SYSARG_0(), BPF_SYSARG(1)
#define BPF_SYSARG_2() BPF_SYSARG_1(), BPF_SYSARG(2)
#define BPF_SYSARG_3() BPF_SYSARG_2(), BPF_SYSARG(3)
#define BPF_SYSARG_4() BPF_SYSARG_3(), BPF_SYSARG(4)
#define BPF_SYSARG_5() BPF_SYSARG_4(), BPF_SYSARG(5)
#define BPF_SYSARG_6() BPF_SYSARG_5(), BPF_SYSARG(6)
#define BPF_SYSARG_7() BPF_SYSARG_6(), BPF_SYSARG(7)
#define BPF_KSYSCALL(name, args...) \
	name(struct pt_regs *ctx); \
	extern _Bool LINUX_HAS_SYSCALL_WRAPPER __kconfig; \
	typeof(name(0)) \
	BPF_TYPED_PROGRAM(name, struct pt_regs *ctx, \
			  BPF_JOIN(BPF_SYSARG_, BPF_NARGS(args))(), ##args)
#define BPF_KPROBE_SYSCALL BPF_KSYSCALL

#endif
