/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kern/helper_users.c: who may call which helper.
 */
#include "kern/helper_users.h"

#include <stddef.h>
#include "base/text.h"

#define NR(table) (sizeof(table) / sizeof((table)[0]))

/* Families of helpers and who may call them. The first row that fits counts. */
static const struct {
	const char *glob;
	const char *users;
} helper_users[] = {
	{ "xdp_*", "XDP programs" },
	{ "skb_*", "programs that see a packet as __sk_buff (tc, socket, cgroup_skb, sk_skb, lwt)" },
	{ "clone_redirect", "tc programs" },
	{ "redirect_neigh", "tc programs" },
	{ "redirect_peer", "tc programs" },
	{ "redirect_map", "XDP programs" },
	{ "redirect", "tc and XDP programs" },
	{ "l?_csum_replace", "tc programs" },
	{ "msg_*", "sk_msg programs" },
	{ "seq_*", "iterator programs" },
	{ "sysctl_*", "cgroup/sysctl programs" },
	{ "lwt_*", "lwt programs" },
	{ "rc_*", "lirc_mode2 programs" },
	{ "sock_ops_*", "sockops programs" },
	{ "*_hdr_opt", "sockops programs" },
	{ "sk_select_reuseport", "sk_reuseport programs" },
	{ "override_return", "kprobe programs on functions that allow error injection" },
	{ "get_func_ip", "kprobe, uprobe, fentry and fexit programs" },
	{ "get_func_*", "fentry and fexit programs" },
	{ "get_attach_cookie", "kprobe, uprobe, tracepoint, perf_event and fentry programs" },
	{ "get_stackid", "tracing programs (kprobe, tracepoint, perf_event, fentry)" },
	{ "perf_prog_read_value", "perf_event programs" },
	{ "probe_*", "tracing programs (kprobe, tracepoint, perf_event, fentry)" },
	{ "d_path", "fentry, LSM and iterator programs on an allowed list of functions" },
	{ "copy_from_user*", "sleepable programs (SEC names that end in .s)" },
	{ "ima_*", "sleepable LSM programs" },
	{ "sys_*", "syscall programs" },
};

/*
 * The rows of helper_users that lockdown can take away. "probe_read_user" reads only user memory
 * and stays.
 */
static const char *const locked_down[] = {
	"probe_read", "probe_read_str", "probe_read_kernel", "probe_read_kernel_str", "probe_write_user",
};

const char *bpfl_helper_users(const char *name)
{
	for (size_t i = 0; i < NR(helper_users); i++) {
		if (bpfl_text_glob(helper_users[i].glob, name))
			return helper_users[i].users;
	}
	return NULL;
}

bool bpfl_helper_is_locked_down(const char *name)
{
	for (size_t i = 0; i < NR(locked_down); i++) {
		if (bpfl_text_glob(locked_down[i], name))
			return true;
	}
	return false;
}
