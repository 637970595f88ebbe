/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * attach/alone.c: what to do with programs that are only loaded. See attach/alone.h.
 *
 * Routes and actions of tc take a program by its pin, and hold it from then on. They are made by ip(8) and tc(8), which know the rest of what a route or an
 * action is.
 */
#include "attach/alone.h"

#include <errno.h>

#define PIN "/sys/fs/bpf/DIR/PROG"

static const struct {
	enum bpfl_prog_type prog_type;
	const char *why, *command;
} users[] = {
	{ BPFL_PROG_LWT_IN, "a route runs it for packets that come in by it", "ip route add PREFIX encap bpf in pinned " PIN " dev IF" },
	{ BPFL_PROG_LWT_OUT, "a route runs it for packets that go out by it", "ip route add PREFIX encap bpf out pinned " PIN " dev IF" },
	{ BPFL_PROG_LWT_XMIT, "a route runs it for packets just before they are sent",
	  "ip route add PREFIX encap bpf xmit pinned " PIN " dev IF" },
	{ BPFL_PROG_LWT_SEG6LOCAL, "a route of IPv6 segment routing runs it",
	  "ip -6 route add PREFIX encap seg6local action End.BPF endpoint pinned " PIN " dev IF" },
	{ BPFL_PROG_SCHED_ACT, "a filter of tc runs it as its action", "tc actions add action bpf object-pinned " PIN },
};

int bpfl_alone_refuse(const struct bpfl_section_row *row, struct bpfl_error *err)
{
	for (size_t i = 0; i < sizeof(users) / sizeof(users[0]); i++) {
		if (users[i].prog_type != row->prog_type)
			continue;
		bpfl_error_set(err, BPFL_ERR_UNSUPPORTED, EOPNOTSUPP, "a program of section '%s' is not attached by a system call",
			       row->name);
		bpfl_error_why(err, "%s, and refers to it by a pin", users[i].why);
		bpfl_error_fix(err, "pin it (bpfload load FILE --pin /sys/fs/bpf/DIR), then: %s", users[i].command);
		if (row->prog_type == BPFL_PROG_SCHED_ACT)
			bpfl_error_fix(err, "or attach it as a filter, which decides by itself: --attach PROG=tc/ingress:IF");
		return -EOPNOTSUPP;
	}
	bpfl_error_set(err, BPFL_ERR_USAGE, EOPNOTSUPP, "a program of section '%s' is not attached by itself", row->name);
	bpfl_error_why(err, "others refer to it, or it is run by hand: it is only loaded");
	return -EOPNOTSUPP;
}
