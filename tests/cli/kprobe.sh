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
