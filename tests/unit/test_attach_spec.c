/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The grammar of --attach: tables of what is understood, as what, and of what is refused, in which column.
 */
#include "harness.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include "attach/link.h"
#include "spec/section.h"

struct good {
	const char *text;
	const char *prog;    /* "" none */
	const char *section;
	const char *target, *where;
	const char *options; /* "key=value;" one behind the other */
	bool is_return;
};

static const struct good goods[] = {
	/* as in SEC() */
	{ "tracepoint/syscalls/sys_enter_execve", "", "tracepoint/syscalls/sys_enter_execve",
	  "syscalls/sys_enter_execve", "", "", false },
	{ "tp/sched/sched_switch", "", "tp/sched/sched_switch", "sched/sched_switch", "", "", false },
	{ "tp.s/sched/sched_switch", "", "tp.s/sched/sched_switch", "sched/sched_switch", "", "", false },
	{ "tracepoint/9p/9p_client_req", "", "tracepoint/9p/9p_client_req", "9p/9p_client_req", "", "", false },
	{ "raw_tp/sys_enter", "", "raw_tp/sys_enter", "sys_enter", "", "", false },
	{ "raw_tracepoint/sched_switch", "", "raw_tracepoint/sched_switch", "sched_switch", "", "", false },
	{ "raw_tp.w/bpf_test", "", "raw_tp.w/bpf_test", "bpf_test", "", "", false },
	{ "tp_btf/sched_switch", "", "tp_btf/sched_switch", "sched_switch", "", "", false },
	{ "tp_btf/nf_tables:nft_event", "", "tp_btf/nf_tables:nft_event", "nf_tables:nft_event", "", "", false },
	{ "kprobe/do_sys_openat2", "", "kprobe/do_sys_openat2", "do_sys_openat2", "", "", false },
	{ "kprobe/vfs_read+0x10", "", "kprobe/vfs_read+0x10", "vfs_read+0x10", "", "", false },
	{ "kprobe/vfs_read+16", "", "kprobe/vfs_read+16", "vfs_read+16", "", "", false },
	{ "kprobe/ext4:ext4_sync_file", "", "kprobe/ext4:ext4_sync_file", "ext4:ext4_sync_file", "", "", false },
	{ "kprobe/tcp_v4_rcv.isra.0", "", "kprobe/tcp_v4_rcv.isra.0", "tcp_v4_rcv.isra.0", "", "", false },
	{ "kretprobe/vfs_read", "", "kretprobe/vfs_read", "vfs_read", "", "", true },
	{ "kprobe.multi/vfs_*", "", "kprobe.multi/vfs_*", "vfs_*", "", "", false },
	{ "kretprobe.multi/tcp_?end", "", "kretprobe.multi/tcp_?end", "tcp_?end", "", "", true },
	{ "ksyscall/openat", "", "ksyscall/openat", "openat", "", "", false },
	{ "kretsyscall/openat", "", "kretsyscall/openat", "openat", "", "", true },
	{ "uprobe//bin/bash:readline", "", "uprobe//bin/bash:readline", "/bin/bash:readline", "", "", false },
	{ "uprobe/bash:readline", "", "uprobe/bash:readline", "bash:readline", "", "", false },
	{ "uretprobe//usr/bin/bash:readline", "", "uretprobe//usr/bin/bash:readline", "/usr/bin/bash:readline", "", "",
	  true },
	{ "uprobe/./a:main.(*T).f", "", "uprobe/./a:main.(*T).f", "./a:main.(*T).f", "", "", false },
	{ "uprobe/a:std::vector<int, int>::at", "", "uprobe/a:std::vector<int, int>::at",
	  "a:std::vector<int, int>::at", "", "", false },
	{ "uprobe/a:operator|", "", "uprobe/a:operator|", "a:operator|", "", "", false },
	{ "usdt//usr/lib/libc.so.6:libc:setjmp", "", "usdt//usr/lib/libc.so.6:libc:setjmp",
	  "/usr/lib/libc.so.6:libc:setjmp", "", "", false },
	{ "fentry/vfs_read", "", "fentry/vfs_read", "vfs_read", "", "", false },
	{ "fexit.s/vfs_read", "", "fexit.s/vfs_read", "vfs_read", "", "", false },
	{ "lsm/file_open", "", "lsm/file_open", "file_open", "", "", false },
	{ "iter/task", "", "iter/task", "task", "", "", false },
	{ "iter/bpf_map_elem:counts", "", "iter/bpf_map_elem", "bpf_map_elem", "counts", "", false },
	{ "freplace/handler:/sys/fs/bpf/main", "", "freplace/handler", "handler", "/sys/fs/bpf/main", "", false },
	{ "lsm_cgroup/socket_bind:/sys/fs/cgroup", "", "lsm_cgroup/socket_bind", "socket_bind", "/sys/fs/cgroup", "",
	  false },
	{ "syscall", "", "syscall", "", "", "", false },
	{ "xdp/devmap", "", "xdp/devmap", "", "", "", false },
	/* NAME:WHERE */
	{ "xdp:lo", "", "xdp", "", "lo", "", false },
	{ "xdp.frags:eth0", "", "xdp.frags", "", "eth0", "", false },
	{ "xdp:veth-1.200@x", "", "xdp", "", "veth-1.200@x", "", false },
	{ "tc/ingress:eth0", "", "tc/ingress", "", "eth0", "", false },
	{ "tcx/egress:eth0", "", "tcx/egress", "", "eth0", "", false },
	{ "netkit/peer:nk0", "", "netkit/peer", "", "nk0", "", false },
	{ "socket:eth0", "", "socket", "", "eth0", "", false },
	{ "cgroup/connect4:/sys/fs/cgroup/a:b", "", "cgroup/connect4", "", "/sys/fs/cgroup/a:b", "", false },
	{ "cgroup_skb/egress:self", "", "cgroup_skb/egress", "", "self", "", false },
	{ "sockops:/sys/fs/cgroup", "", "sockops", "", "/sys/fs/cgroup", "", false },
	{ "sk_skb/stream_parser:socks", "", "sk_skb/stream_parser", "", "socks", "", false },
	{ "sk_reuseport/migrate:3", "", "sk_reuseport/migrate", "", "3", "", false },
	{ "sk_lookup:/proc/1/ns/net", "", "sk_lookup", "", "/proc/1/ns/net", "", false },
	{ "perf_event:cpu-clock,freq=99", "", "perf_event", "", "cpu-clock", "freq=99;", false },
	{ "netfilter:ip/prerouting,prio=-100", "", "netfilter", "", "ip/prerouting", "prio=-100;", false },
	{ "lirc_mode2:/dev/lirc0", "", "lirc_mode2", "", "/dev/lirc0", "", false },
	/* bpftrace's spelling */
	{ "tracepoint:sched:sched_switch", "", "tracepoint/sched/sched_switch", "sched/sched_switch", "", "", false },
	{ "rawtracepoint:sys_enter", "", "raw_tracepoint/sys_enter", "sys_enter", "", "", false },
	{ "kprobe:vfs_read", "", "kprobe/vfs_read", "vfs_read", "", "", false },
	{ "kretprobe:vfs_read", "", "kretprobe/vfs_read", "vfs_read", "", "", true },
	{ "uprobe:/bin/bash:readline", "", "uprobe//bin/bash:readline", "/bin/bash:readline", "", "", false },
	{ "usdt:/a:p:n", "", "usdt//a:p:n", "/a:p:n", "", "", false },
	{ "kfunc:vfs_read", "", "fentry/vfs_read", "vfs_read", "", "", false },
	{ "kretfunc:vmlinux:vfs_read", "", "fexit/vmlinux:vfs_read", "vmlinux:vfs_read", "", "", false },
	{ "fentry:vfs_read", "", "fentry/vfs_read", "vfs_read", "", "", false },
	{ "iter:task", "", "iter/task", "task", "", "", false },
	{ "profile:hz:99", "", "perf_event", "", "cpu-clock", "freq=99;", false },
	{ "profile:ms:10", "", "perf_event", "", "cpu-clock", "period=10000000;", false },
	{ "interval:s:1", "", "perf_event", "", "cpu-clock", "period=1000000000;", false },
	{ "software:page-faults:100", "", "perf_event", "", "page-faults", "period=100;", false },
	{ "hardware:cycles", "", "perf_event", "", "cycles", "", false },
	/* PROG=, options, escapes */
	{ "hello=tracepoint/a/b", "hello", "tracepoint/a/b", "a/b", "", "", false },
	{ "xdp=xdp:lo", "xdp", "xdp", "", "lo", "", false },
	{ "_p9=xdp:lo,mode=skb", "_p9", "xdp", "", "lo", "mode=skb;", false },
	{ "raw_tp/sys_enter,cookie=0xff", "", "raw_tp/sys_enter", "sys_enter", "", "cookie=0xff;", false },
	{ "kprobe/f,cookie=1,offset=0x10,retmax=4", "", "kprobe/f", "f", "", "cookie=1;offset=0x10;retmax=4;", false },
	{ "uprobe//a,b:c,d", "", "uprobe//a,b:c,d", "/a,b:c,d", "", "", false },
	{ "uprobe//a:f,pid=7", "", "uprobe//a:f", "/a:f", "", "pid=7;", false },
	{ "uprobe//a:f\\,pid=7", "", "uprobe//a:f,pid=7", "/a:f,pid=7", "", "", false },
	{ "uprobe//a\\b:f", "", "uprobe//a\\b:f", "/a\\b:f", "", "", false },
	{ "xdp:a\\,mode=b,mode=hw", "", "xdp", "", "a,mode=b", "mode=hw;", false },
	{ "sockops:/a=b", "", "sockops", "", "/a=b", "", false },
	{ "xdp:lo,mod=skb", "", "xdp", "", "lo,mod=skb", "", false }, /* an interface may be called so */
};

static void options_text(const struct bpfl_attach *attach, char *out, size_t out_size)
{
	size_t used = 0;

	out[0] = '\0';
	for (size_t i = 0; i < attach->nr_options; i++)
		used += (size_t)snprintf(out + used, out_size - used, "%s=%s;", attach->options[i].key,
					 attach->options[i].value);
}

START_TEST(what_is_meant_is_understood)
{
	const struct good *good = &goods[_i];
	struct bpfl_error err = BPFL_ERROR_INIT;
	struct bpfl_attach *attach = NULL;
	char options[256];

	CHECK_OK(bpfl_attach_parse(good->text, &attach, &err), err);
	ck_assert_str_eq(attach->text, good->text);
	ck_assert_str_eq(attach->prog ? attach->prog : "", good->prog);
	ck_assert_str_eq(attach->section, good->section);
	ck_assert_str_eq(attach->target, good->target);
	ck_assert_str_eq(attach->where, good->where);
	options_text(attach, options, sizeof(options));
	ck_assert_str_eq(options, good->options);
	ck_assert_int_eq(attach->is_return, good->is_return);
	ck_assert_ptr_nonnull(attach->row);
	bpfl_attach_destroy(attach);
}
END_TEST

struct bad {
	const char *text;
	int column;	     /* 0: the message has none */
	const char *message; /* a part of it */
	const char *help;    /* a part of why or fix, "" any */
	enum bpfl_error_kind kind;
};

static const struct bad bads[] = {
	{ "", 1, "nothing to attach to", "", BPFL_ERR_USAGE },
	{ "=xdp:lo", 1, "name of a program is missing", "", BPFL_ERR_USAGE },
	{ "p=", 3, "nothing to attach to", "", BPFL_ERR_USAGE },
	{ ",mode=skb", 1, "nothing to attach to", "", BPFL_ERR_USAGE },
	/* names of hooks */
	{ "xpd:lo", 1, "'xpd' is no kind of hook", "'xdp'", BPFL_ERR_USAGE },
	{ "p=trcepoint/a/b", 3, "'trcepoint' is no kind of hook", "'tracepoint'", BPFL_ERR_USAGE },
	{ "zzzzzzzzzzzzzz", 1, "is no kind of hook", "SEC()", BPFL_ERR_USAGE },
	{ "/a/b", 1, "is no kind of hook", "", BPFL_ERR_USAGE },
	{ ":lo", 1, "is no kind of hook", "", BPFL_ERR_USAGE },
	{ "9p=xdp:lo", 1, "is no kind of hook", "", BPFL_ERR_USAGE },
	{ "a b=xdp:lo", 1, "is no kind of hook", "", BPFL_ERR_USAGE },
	{ "none", 1, "is no kind of hook", "", BPFL_ERR_USAGE },
	/* incomplete */
	{ "xdp", 4, "does not say where", "xdp:IF", BPFL_ERR_USAGE },
	{ "p=xdp", 6, "does not say where", "xdp:IF", BPFL_ERR_USAGE },
	{ "tracepoint", 11, "does not say where", "tracepoint/CATEGORY/NAME", BPFL_ERR_USAGE },
	{ "tc", 3, "does not say where", "tc/ingress:IF", BPFL_ERR_USAGE },
	{ "cgroup/connect4", 16, "does not say where", "cgroup/connect4:PATH", BPFL_ERR_USAGE },
	{ "freplace/f", 11, "does not say where", "freplace/f:", BPFL_ERR_USAGE },
	{ "xdp:", 5, "expected the name of a network interface", "", BPFL_ERR_USAGE },
	{ "xdp:,mode=skb", 5, "expected the name of a network interface", "", BPFL_ERR_USAGE },
	{ "tracepoint/", 12, "expected CATEGORY/NAME", "", BPFL_ERR_USAGE },
	{ "tracepoint/syscalls", 12, "expected CATEGORY/NAME", "", BPFL_ERR_USAGE },
	{ "tracepoint/syscalls/", 12, "expected CATEGORY/NAME", "", BPFL_ERR_USAGE },
	{ "tracepoint:syscalls", 12, "expected CATEGORY/NAME", "", BPFL_ERR_USAGE },
	{ "uretprobe/readline", 11, "expected PATH:FUNCTION", "write uretprobe/PATH:FUNCTION", BPFL_ERR_USAGE },
	{ "uprobe//bin/bash:", 8, "expected PATH:FUNCTION", "", BPFL_ERR_USAGE },
	{ "uprobe/:f", 8, "expected PATH:FUNCTION", "", BPFL_ERR_USAGE },
	{ "usdt//a:p", 6, "expected PATH:PROVIDER:NAME", "", BPFL_ERR_USAGE },
	{ "iter/bpf_map_elem:", 19, "nothing stands behind ':'", "", BPFL_ERR_USAGE },
	/* junk, and ways out of a directory */
	{ "tracepoint/../../x", 12, "'../../x' does not belong into CATEGORY/NAME", "", BPFL_ERR_USAGE },
	{ "tracepoint/a/../../x", 14, "does not belong", "", BPFL_ERR_USAGE },
	{ "tracepoint//b", 12, "does not belong", "", BPFL_ERR_USAGE },
	{ "tracepoint/a/b/c", 15, "'/c' does not belong", "", BPFL_ERR_USAGE },
	{ "tracepoint/a/b c", 15, "' c' does not belong", "", BPFL_ERR_USAGE },
	{ "p=tracepoint/a/b;c", 17, "does not belong", "", BPFL_ERR_USAGE },
	{ "raw_tp/a/b", 9, "does not belong", "raw tracepoints have no category", BPFL_ERR_USAGE },
	{ "raw_tp/a:b", 9, "does not belong", "", BPFL_ERR_USAGE },
	{ "tp_btf/a:b:c", 11, "does not belong", "", BPFL_ERR_USAGE },
	{ "tp_btf/a:", 8, "expected [MODULE:]NAME", "", BPFL_ERR_USAGE },
	{ "kprobe/f+-100", 10, "does not belong", "", BPFL_ERR_USAGE },
	{ "kprobe/f+", 8, "expected [MODULE:]FUNCTION", "", BPFL_ERR_USAGE },
	{ "kprobe/f+0x", 8, "expected [MODULE:]FUNCTION", "", BPFL_ERR_USAGE },
	{ "kprobe/f junk", 9, "does not belong", "", BPFL_ERR_USAGE },
	{ "kprobe/9f", 8, "expected [MODULE:]FUNCTION", "", BPFL_ERR_USAGE },
	{ "kprobe.multi/vfs_[a]", 18, "does not belong", "write kprobe.multi/", BPFL_ERR_USAGE },
	{ "kprobe/vfs_*", 12, "does not belong", "kprobe.multi/PATTERN", BPFL_ERR_USAGE },
	{ "kprobe/vfs_a|vfs_?", 18, "does not belong", "kprobe.multi/PATTERN", BPFL_ERR_USAGE },
	{ "ksyscall/open*", 14, "does not belong", "kprobe.multi/", BPFL_ERR_USAGE },
	{ "tracepoint/a/b*", 15, "does not belong", "given several times", BPFL_ERR_USAGE },
	{ "tp/b", 4, "expected CATEGORY/NAME", "shows the category", BPFL_ERR_USAGE },
	{ "tp/", 4, "expected CATEGORY/NAME", "write tp/CATEGORY/NAME", BPFL_ERR_USAGE },
	{ "fentry/a*", 9, "does not belong", "kprobe.multi/PATTERN", BPFL_ERR_USAGE },
	{ "fexit/a+4", 8, "does not belong", "kprobe/FUNCTION+OFFSET", BPFL_ERR_USAGE },
	{ "tc/egres:lo", 3, "does not belong behind 'tc'", "did you mean 'tc/egress'", BPFL_ERR_USAGE },
	{ "xdp/devmp:lo", 4, "does not belong behind 'xdp'", "'xdp/devmap'", BPFL_ERR_USAGE },
	{ "cgroup_skb/egres:/a", 1, "'cgroup_skb' is no kind of hook", "did you mean 'cgroup_skb/egress'", BPFL_ERR_USAGE },
	{ "ksyscall/openat+1", 16, "does not belong", "", BPFL_ERR_USAGE },
	{ "lsm/file-open", 9, "does not belong", "", BPFL_ERR_USAGE },
	{ "xdp:../lo", 7, "does not belong", "", BPFL_ERR_USAGE },
	{ "xdp:..", 5, "expected the name", "", BPFL_ERR_USAGE },
	{ "xdp:lo:1", 7, "does not belong", "", BPFL_ERR_USAGE },
	{ "xdp:abcdefghijklmnop", 20, "does not belong", "", BPFL_ERR_USAGE },
	{ "xdp/lo", 4, "'/lo' does not belong behind 'xdp'", "xdp:IF", BPFL_ERR_USAGE },
	{ "xdp/devmap:lo", 11, "does not belong behind 'xdp/devmap'", "", BPFL_ERR_USAGE },
	{ "syscall/x", 8, "does not belong behind 'syscall'", "", BPFL_ERR_USAGE },
	{ "freplace:f:x", 9, "does not belong behind 'freplace'", "freplace/NAME:", BPFL_ERR_USAGE },
	{ "kprobe/f\nr:x y", 9, "control character 0x0a", "", BPFL_ERR_USAGE },
	{ "xdp:\x1b[31m", 5, "control character 0x1b", "", BPFL_ERR_USAGE },
	/* columns count escapes as they are written */
	{ "kprobe/\\,a", 8, "does not belong", "", BPFL_ERR_USAGE },
	{ "xdp:a\\,b/c", 9, "does not belong", "", BPFL_ERR_USAGE },
	/* not built */
	{ "kprobe/f||g", 10, "expected [MODULE:]FUNCTION", "", BPFL_ERR_USAGE },
	{ "kprobe/f|g h", 11, "does not belong", "", BPFL_ERR_USAGE },
	{ "kprobe/0xffffg", 14, "does not belong", "", BPFL_ERR_USAGE },
	{ "kprobe/0x", 8, "expected [MODULE:]FUNCTION", "", BPFL_ERR_USAGE },
	{ "raw_tp/a|b", 9, "alternatives", "kprobe/f|g", BPFL_ERR_USAGE },
	/* options */
	{ "xdp:lo,mode=", 13, "option 'mode' is native, skb, hw or auto, not ''", "", BPFL_ERR_USAGE },
	{ "xdp:lo,mode=fast", 13, "option 'mode' is native, skb, hw or auto, not 'fast'", "", BPFL_ERR_USAGE },
	{ "xdp:lo,mode=skb,junk", 13, "not 'skb,junk'", "", BPFL_ERR_USAGE },
	{ "xdp:lo,mode=skb,mode=hw", 17, "given twice", "", BPFL_ERR_USAGE },
	{ "raw_tp/a,cooky=1", 9, "does not belong", "'cookie'", BPFL_ERR_USAGE },
	{ "raw_tp/a,cookie=x", 17, "is a number, not 'x'", "", BPFL_ERR_USAGE },
	{ "raw_tp/a,cookie=1x", 17, "is a number, not '1x'", "", BPFL_ERR_USAGE },
	{ "raw_tp/a,cookie=-1", 17, "is a number", "", BPFL_ERR_USAGE },
	{ "raw_tp/a,cookie=0x1ffffffffffffffff", 17, "is a number", "", BPFL_ERR_USAGE },
	{ "uprobe/a:f,pid=4294967296", 16, "is a number of 32 bits", "", BPFL_ERR_USAGE },
	{ "raw_tp/a,mode=skb", 0, "raw_tp has no option 'mode'", "options of raw_tp: cookie", BPFL_ERR_USAGE },
	{ "tp/a/b,pid=1", 0, "tp has no option 'pid'", "all processes", BPFL_ERR_USAGE },
	{ "xdp:lo,cookie=1", 0, "xdp has no option 'cookie'", "options of xdp: mode", BPFL_ERR_USAGE },
	/* bpftrace's events */
	{ "profile:hz:", 12, "is not a number", "", BPFL_ERR_USAGE },
	{ "profile:hz:0", 12, "is not a number above 0", "", BPFL_ERR_USAGE },
	{ "profile:min:1", 9, "expected hz, s, ms or us", "", BPFL_ERR_USAGE },
	{ "profile:hz", 9, "expected hz, s, ms or us", "", BPFL_ERR_USAGE },
	{ "interval:s:99999999999999", 12, "too long a time", "", BPFL_ERR_USAGE },
	{ "software::1", 10, "expected the name of an event", "", BPFL_ERR_USAGE },
};

START_TEST(what_is_wrong_is_named_with_its_column)
{
	const struct bad *bad = &bads[_i];
	struct bpfl_error err = BPFL_ERROR_INIT;
	struct bpfl_attach *attach = NULL;
	char column[32];

	CHECK_FAILS(bpfl_attach_parse(bad->text, &attach, &err), err, bad->kind, EINVAL, bad->message);
	ck_assert_ptr_null(attach);
	snprintf(column, sizeof(column), "column %d:", bad->column);
	if (bad->column)
		CHECK_HAS(err.message, column);
	else
		CHECK_HAS_NOT(err.message, "column");
	ck_assert_msg(strstr(err.why, bad->help) || strstr(err.fix, bad->help),
		      "'%s' is neither in why '%s' nor in fix '%s'", bad->help, err.why, err.fix);
	bpfl_error_clear(&err);
	/* The number alone is enough for some. */
	ck_assert_int_eq(bpfl_attach_parse(bad->text, &attach, NULL), -EINVAL);
}
END_TEST

START_TEST(a_very_long_text_is_refused)
{
	struct bpfl_error err = BPFL_ERROR_INIT;
	struct bpfl_attach *attach = NULL;
	char *text = malloc(70001);

	memset(text, 'a', 70000);
	text[70000] = '\0';
	memcpy(text, "kprobe/", 7);
	CHECK_FAILS(bpfl_attach_parse(text, &attach, &err), err, BPFL_ERR_USAGE, EINVAL, "longer than 4095 characters");
	free(text);
}
END_TEST

/*
 * Each good text cut everywhere, and with each character replaced by those that mean something: a result or
 * an error, no harm.
 */
START_TEST(bent_texts_do_no_harm)
{
	static const char specials[] = "/:=,\\|+.*? a\n\x80";
	struct bpfl_attach *attach;

	for (size_t i = 0; i < sizeof(goods) / sizeof(goods[0]); i++) {
		size_t len = strlen(goods[i].text);

		for (size_t pos = 0; pos < len; pos++) {
			for (size_t j = 0; j < sizeof(specials); j++) { /* the NUL at the end cuts */
				char *text = malloc(len + 1); /* of its exact size for the sanitizer */
				struct bpfl_error err = BPFL_ERROR_INIT;

				memcpy(text, goods[i].text, len + 1);
				text[pos] = specials[j];
				attach = NULL;
				if (bpfl_attach_parse(text, &attach, &err) == 0)
					ck_assert(attach->row && attach->section && attach->target && attach->where);
				else
					ck_assert_int_eq(err.errnum, EINVAL);
				bpfl_attach_destroy(attach);
				free(text);
			}
		}
	}
}
END_TEST

START_TEST(an_option_is_found_by_its_key)
{
	struct bpfl_error err = BPFL_ERROR_INIT;
	struct bpfl_attach *attach = NULL;

	CHECK_OK(bpfl_attach_parse("raw_tp/sys_enter,cookie=0x10", &attach, &err), err);
	ck_assert_str_eq(bpfl_attach_option(attach, "cookie"), "0x10");
	ck_assert_uint_eq(bpfl_attach_option_u64(attach, "cookie"), 16);
	ck_assert_ptr_null(bpfl_attach_option(attach, "mode"));
	ck_assert_uint_eq(bpfl_attach_option_u64(attach, "mode"), 0);
	bpfl_attach_destroy(attach);
	bpfl_attach_destroy(NULL);
}
END_TEST

/* Each kind that has a place can be attached; one that a later section table may bring says that it cannot. */
START_TEST(each_kind_with_a_place_is_built)
{
	const struct bpfl_spec none = { .name = NULL };
	struct bpfl_error err = BPFL_ERROR_INIT;
	struct bpfl_attach bent = { .text = (char[]){ "later:lo" } };
	const struct bpfl_section_row *rows;
	struct bpfl_section_row later;
	size_t nr;

	rows = bpfl_section_rows(&nr);
	ck_assert_uint_gt(nr, 0);
	for (size_t i = 0; i < nr; i++) {
		if (rows[i].target_form != BPFL_TARGET_NONE && rows[i].hook != BPFL_HOOK_STRUCT_OPS)
			ck_assert_msg(bpfl_hook_ops_find(&rows[i]) != NULL, "%s", rows[i].name);
	}
	later = *bpfl_section_row("xdp");
	later.name = "later";
	later.hook = (enum bpfl_hook)1000;
	bent.row = &later;
	CHECK_FAILS(bpfl_attach_check(&bent, &none, 0, &err), err, BPFL_ERR_UNSUPPORTED, EOPNOTSUPP,
		    "attaching later programs is not built yet");
	bpfl_error_clear(&err);
}
END_TEST

int main(void)
{
	const TTest *tests[] = { a_very_long_text_is_refused, bent_texts_do_no_harm, an_option_is_found_by_its_key,
				 each_kind_with_a_place_is_built };
	Suite *suite = BPFL_TEST_SUITE("attach spec", tests);
	TCase *tables = tcase_create("tables");

	tcase_add_loop_test(tables, what_is_meant_is_understood, 0, (int)NR(goods));
	tcase_add_loop_test(tables, what_is_wrong_is_named_with_its_column, 0, (int)NR(bads));
	suite_add_tcase(suite, tables);
	return bpfl_test_main(suite);
}
