/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * attach/kprobe.c: SEC("kprobe/FUNCTION[+OFFSET]") and SEC("kretprobe/FUNCTION").
 *
 * A kprobe is a perf event of the kprobe PMU (attach/probe.c) with the program on it. It runs in all processes
 * and on all CPUs.
 *
 * Whether the function is there is asked before anything is loaded: of the kernel's own tables, since the
 * kernel's answer to the attempt would be a bare ENOENT. `sys_clone` is taken as the function that this machine
 * has for that system call, as people have written it since before the kernel wrapped system calls (4.17).
 */
#include "attach/kprobe.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "base/text.h"
#include "sys/kallsyms.h"

int bpfl_kernel_place_parse(const char *target, struct bpfl_kernel_place *ret_place, struct bpfl_error *err)
{
	struct bpfl_kernel_place place = { 0 };
	const char *plus = strchr(target, '+');
	size_t symbol_len = plus ? (size_t)(plus - target) : strlen(target);
	const char *colon = memchr(target, ':', symbol_len);
	const char *function = colon ? colon + 1 : target;
	size_t module_len = colon ? (size_t)(colon - target) : 0;
	size_t function_len = symbol_len - (size_t)(function - target);

	if (bpfl_text_has_prefix(target, "0x") && bpfl_text_to_u64(target, &place.offset) == 0) {
		*ret_place = place;
		return 0;
	}
	if (function_len == 0 || (plus && bpfl_text_to_u64(plus + 1, &place.offset) < 0))
		return bpfl_error_set(err, BPFL_ERR_USAGE, EINVAL, "'%s' is not [MODULE:]FUNCTION[+OFFSET]",
				      BPFL_ESC(target));
	if (module_len >= sizeof(place.module) || function_len >= sizeof(place.function))
		return bpfl_error_set(err, BPFL_ERR_USAGE, EINVAL, "'%s' is too long for a name of the kernel",
				      BPFL_ESC(target));
	memcpy(place.module, target, module_len);
	memcpy(place.function, function, function_len);
	memcpy(place.symbol, target, symbol_len);
	*ret_place = place;
	return 0;
}

/*
 * Parses the target, adds offset=, and puts the name that a system call's function has here in the place of
 * sys_NAME.
 */
static int find_place(const struct bpfl_attach *attach, struct bpfl_kernel_place *place, struct bpfl_error *err)
{
	int ret = bpfl_kernel_place_parse(attach->target, place, err);

	if (ret < 0)
		return ret;
	place->offset += bpfl_attach_option_u64(attach, "offset");
	if (attach->is_return && (place->offset != 0 || !place->function[0])) {
		bpfl_error_set(err, BPFL_ERR_USAGE, EINVAL,
			       "a return probe stands on a function, not on an address inside of one");
		bpfl_error_fix(err, "write kretprobe/FUNCTION without an offset");
		return -EINVAL;
	}
	if (!place->module[0] && bpfl_text_has_prefix(place->function, "sys_") &&
	    !bpfl_kallsyms_has(NULL, place->function) &&
	    bpfl_syscall_function(place->function + strlen("sys_"), place->function, sizeof(place->function)) == 0)
		snprintf(place->symbol, sizeof(place->symbol), "%s", place->function);
	return 0;
}

static int kprobe_check(const struct bpfl_attach *attach, struct bpfl_error *err)
{
	struct bpfl_kernel_place place;
	int ret = find_place(attach, &place, err);

	if (ret < 0)
		return ret;
	if (!bpfl_probe_available(false))
		return bpfl_kprobe_absent(err);
	if (!place.function[0] || bpfl_kallsyms_has(place.module[0] ? place.module : NULL, place.function))
		return 0;
	return bpfl_kprobe_refused(&place, ENOENT, err);
}

int bpfl_kprobe_put(const struct bpfl_attach_ctx *ctx, const struct bpfl_kernel_place *place, bool is_return,
		    uint64_t cookie, struct bpfl_link *link, bool *ret_legacy, struct bpfl_error *err)
{
	struct bpfl_probe probe = {
		.is_return = is_return,
		.where = place->function[0] ? place->symbol : NULL,
		.offset = place->offset,
		.pid = -1,
		.retmax = is_return ? (uint32_t)bpfl_attach_option_u64(ctx->attach, "retmax") : 0,
	};
	int ret = bpfl_probe_open(ctx, &probe, link, ret_legacy, err);

	switch (-ret) {
	case ENOENT:
	case EINVAL:
	case EADDRNOTAVAIL:
	case EILSEQ:
		return bpfl_kprobe_refused(place, -ret, err);
	case EOPNOTSUPP:
		return bpfl_kprobe_absent(err);
	}
	return ret < 0 ? ret : bpfl_perf_join(ctx, cookie, link, err);
}

static int kprobe_attach(const struct bpfl_attach_ctx *ctx, struct bpfl_link *link, struct bpfl_error *err)
{
	struct bpfl_kernel_place place;
	char offset[32] = "";
	bool legacy = false;
	int ret = find_place(ctx->attach, &place, err);

	if (ret < 0)
		return ret;
	ret = bpfl_kprobe_put(ctx, &place, ctx->attach->is_return, bpfl_attach_option_u64(ctx->attach, "cookie"), link,
			      &legacy, err);
	if (ret < 0)
		return ret;
	if (!place.function[0] || place.offset)
		snprintf(offset, sizeof(offset), "%s0x%llx", place.function[0] ? "+" : "",
			 (unsigned long long)place.offset);
	ret = bpfl_link_describe(link, ctx, "%s %s%s%s%s", ctx->attach->is_return ? "kretprobe" : "kprobe",
				 place.symbol, offset, legacy ? " (by an event of tracefs)" : "",
				 link->link_fd < 0 ? " (by ioctl)" : "");
	return ret < 0 ? bpfl_error_nomem(err) : 0;
}

const struct bpfl_hook_ops bpfl_hook_kprobe = {
	.hook = BPFL_HOOK_KPROBE,
	.options = (const char *const[]){ "cookie", "offset", "retmax", NULL },
	.option_note = "a kprobe's program runs in all processes and on all CPUs: look at bpf_get_current_pid_tgid() "
		       "in the program",
	.check = kprobe_check,
	.attach = kprobe_attach,
};
