/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * attach/ksyscall.c: SEC("ksyscall/NAME") and SEC("kretsyscall/NAME").
 *
 * The function that does a system call has another name on every machine, and had other names before Linux 4.17
 * wrapped it: a wrapper takes the address of the caller's registers, the function inside takes the arguments. A
 * program that uses BPF_KSYSCALL finds its arguments in either case; here only the name is looked for, and the
 * rest is a kprobe.
 */
#include <errno.h>
#include <stdio.h>
#include "attach/kprobe.h"
#include "base/text.h"
#include "sys/kallsyms.h"

#if defined(__x86_64__)
#define WRAPPER "__x64_sys_"
#elif defined(__i386__)
#define WRAPPER "__ia32_sys_"
#elif defined(__aarch64__)
#define WRAPPER "__arm64_sys_"
#elif defined(__s390x__)
#define WRAPPER "__s390x_sys_"
#elif defined(__riscv)
#define WRAPPER "__riscv_sys_"
#else
#define WRAPPER "sys_"
#endif

#define CALL_SIZE 64

/* Newest first: the wrapper, what is inside it, and the names up to 4.16. */
static const char *const prefixes[] = { WRAPPER, "__se_sys_", "SyS_", "sys_" };
#define NR_PREFIXES (sizeof(prefixes) / sizeof(prefixes[0]))

int bpfl_syscall_function(const char *call, char *out, size_t out_size)
{
	char names[NR_PREFIXES][CALL_SIZE + 16], wanted[CALL_SIZE];
	const char *list[NR_PREFIXES];
	int ret;

	if (snprintf(wanted, sizeof(wanted), "%s", call) >= (int)sizeof(wanted))
		return -ENOENT; /* no system call has so long a name */
	for (size_t i = 0; i < NR_PREFIXES; i++) {
		snprintf(names[i], sizeof(names[i]), "%s%s", prefixes[i], wanted);
		list[i] = names[i];
	}
	ret = bpfl_kallsyms_first(list, NR_PREFIXES);
	if (ret < 0)
		return ret;
	snprintf(out, out_size, "%s", names[ret]);
	return 0;
}

/* E19 with the names of system calls that are near. */
static int refuse_call(const struct bpfl_attach *attach, struct bpfl_error *err)
{
	struct bpfl_symbol_facts facts;
	char wrapped[CALL_SIZE + 16], names[600];

	bpfl_error_set(err, BPFL_ERR_TARGET, ENOENT, "this kernel has no system call '%s'", BPFL_ESC(attach->target));
	bpfl_error_catalogue(err, 19);
	snprintf(wrapped, sizeof(wrapped), "%s%.*s", WRAPPER, CALL_SIZE - 1, attach->target);
	bpfl_kallsyms_search(NULL, wrapped, &facts);
	bpfl_error_why(err, "/proc/kallsyms has no function '%s', nor an older spelling of it", wrapped);
	if (*bpfl_near_text(&facts.near, names, sizeof(names)))
		bpfl_error_fix(err, "these are near: %s (the system call is what stands behind %s)", names, WRAPPER);
	return -ENOENT;
}

static int ksyscall_check(const struct bpfl_attach *attach, struct bpfl_error *err)
{
	char function[128];

	if (!bpfl_probe_available(false))
		return bpfl_kprobe_absent(err);
	return bpfl_syscall_function(attach->target, function, sizeof(function)) == -ENOENT ? refuse_call(attach, err)
											    : 0;
}

static int ksyscall_attach(const struct bpfl_attach_ctx *ctx, struct bpfl_link *link, struct bpfl_error *err)
{
	const struct bpfl_attach *attach = ctx->attach;
	struct bpfl_kernel_place place = { 0 };
	bool legacy = false;
	int ret = bpfl_syscall_function(attach->target, place.function, sizeof(place.function));

	if (ret == -ENOENT)
		return refuse_call(attach, err);
	if (ret < 0) /* kallsyms cannot be read: what the machine is most likely to have */
		snprintf(place.function, sizeof(place.function), "%s%.64s", WRAPPER, attach->target);
	snprintf(place.symbol, sizeof(place.symbol), "%s", place.function);
	ret = bpfl_kprobe_put(ctx, &place, attach->is_return, bpfl_attach_option_u64(attach, "cookie"), link, &legacy,
			      err);
	if (ret < 0)
		return ret;
	ret = bpfl_link_describe(link, ctx, "%s %s (%s)%s%s", attach->is_return ? "kretsyscall" : "ksyscall",
				 attach->target, place.symbol, legacy ? " (by an event of tracefs)" : "",
				 link->link_fd < 0 ? " (by ioctl)" : "");
	return ret < 0 ? bpfl_error_nomem(err) : 0;
}

const struct bpfl_hook_ops bpfl_hook_ksyscall = {
	.hook = BPFL_HOOK_KSYSCALL,
	.options = (const char *const[]){ "cookie", "retmax", NULL },
	.option_note = "a kprobe's program runs in all processes and on all CPUs: look at bpf_get_current_pid_tgid() "
		       "in the program",
	.check = ksyscall_check,
	.attach = ksyscall_attach,
};
