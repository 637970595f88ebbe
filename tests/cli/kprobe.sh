# SPDX-License-Identifier: BSD-2-Clause
#
# Programs on functions of the kernel. A kernel without kprobes says so before anything is loaded.

. "$LIB"

if [ ! -e /sys/bus/event_source/devices/kprobe ] && [ -z "${BPFLOAD_VM:-}" ]; then
	run 6 "$OBJ/kprobe_clone.bpf.o"
	err_has "this kernel has no kprobes"
	err_has "CONFIG_KPROBES"
	error_complete
	exit 0
fi

# A system call under the name that this kernel has for it.
start "$OBJ/kprobe_sync.bpf.o" --dump .bss
sync
sync
sync
eventually sh -c '[ "$(grep -c "sync() called" "$TMP/out")" -ge 3 ]' || fail "no three lines"
stop INT
err_matches 'attached on_sync: ksyscall sync \(.*sys_sync\)'
out_matches '^nr_syncs = [3-9]'
out_matches '^nr_returns = [3-9]'

start "$OBJ/kprobe_clone.bpf.o" --dump .bss
sh -c '/bin/true; /bin/true'
eventually grep -q "Hello, World!" "$TMP/out" || fail "nobody said hello"
stop INT
err_matches 'attached hello: kprobe .*sys_clone'

# Arguments and result.
start "$OBJ/ksyscall.bpf.o" --dump .bss
kill -0 $$
stop INT
out_matches '^nr_kills = [1-9]'

# Something that is not there, and the nearest that is.
run 7 "$OBJ/kprobe_clone.bpf.o" --attach kprobe/vfs_reed
err_has "there is no kernel function 'vfs_reed'"
err_has "'vfs_read'"
error_complete

# From the entry of a function to its return, and into the socket. There has to be somebody who connects. (What is printed needs
# %pI4, which bpf_printk() knows since 5.13.)
if command -v nc >/dev/null 2>&1; then
	start "$OBJ/tcp_v4_connect.bpf.o" --dump .bss
	nc -w 1 127.0.0.1 9 </dev/null >/dev/null 2>&1 || true
	stop INT
	out_matches '^nr_connects = [1-9]'
fi

# A counter in a map of the old kind, printed each interval.
start "$OBJ/open_count.bpf.o" --interval 100ms --dump kprobe_map
cat /proc/version /proc/uptime >/dev/null
eventually grep -q '^kprobe_map\[0\] = [1-9]' "$TMP/out" || fail "no open was counted"
stop INT
err_matches 'attached kprobe_openat: kprobe .*sys_openat'

# Packets and what the filter says of them: tracepoints and kprobes in one object. A program on a hook makes that there is a filter.
ip link set lo up 2>/dev/null || ifconfig lo up
if "$BPFLOAD" "$OBJ/netfilter.bpf.o" --attach netfilter:ip/input --duration 10ms >/dev/null 2>&1; then
	"$BPFLOAD" "$OBJ/netfilter.bpf.o" --attach netfilter:ip/input --no-printk >/dev/null 2>&1 &
	filter=$!
	start "$OBJ/trace_pkt.bpf.o" --fmt auto --attach auto --attach on_filter=kprobe/nf_hook_slow --attach on_verdict=kretprobe/nf_hook_slow
	ping -c 3 127.0.0.1 >/dev/null || true # QEMU's s390x does not answer
	eventually grep -qE '^SENT +NONE +lo +[0-9]+ +ICMP +::ffff:127.0.0.1' "$TMP/out" || fail "no packet was sent"
	eventually grep -qE '^FILTERED +ACCEPT +lo +[0-9]+ +ICMP +::ffff:127.0.0.1' "$TMP/out" || fail "the filter was not seen"
	stop INT
	kill "$filter"
	wait "$filter" || fail "netfilter: exit code $?"
else
	major=$(uname -r | cut -d. -f1) minor=$(uname -r | cut -d. -f2)
	[ "$major" -lt 6 ] || { [ "$major" -eq 6 ] && [ "$minor" -lt 4 ]; } || fail "no netfilter program on Linux $(uname -r)"
fi

# An optional program, where its tracepoint still is (until Linux 5.17).
if [ -e /sys/kernel/tracing/events/random/urandom_read ]; then
	start "$OBJ/getrandom.bpf.o" --attach on_urandom=tracepoint/random/urandom_read
	dd if=/dev/urandom of=/dev/null bs=64 count=1 2>/dev/null
	eventually grep -qE '^[0-9]+ +dd +64' "$TMP/out" || fail "the read was not seen"
	stop INT
fi
