# SPDX-License-Identifier: BSD-2-Clause
#
# What is attached when there is a choice: the first of several targets that this kernel has, optional programs when they are asked for,
# all or nothing, or the rest.

. "$LIB"

value() { sed -n "s/^$1 = //p" "$TMP/out" | tail -n 1; }
execs() {
	for _ in 1 2 3 4 5; do /bin/true; done
}

# The second of two, since the first is not there; and it runs.
start "$OBJ/autoload_off.bpf.o" --attach 'always=tracepoint/syscalls/sys_enter_nope|syscalls/sys_enter_execve' --dump .bss
execs
stop
err_has "attached always: tracepoint syscalls/sys_enter_execve"
[ "$(value runs)" -ge 5 ] || fail "the second alternative ran $(value runs) times"
# The first, when both are there; the third.
run 0 "$OBJ/autoload_off.bpf.o" --attach 'always=tracepoint/syscalls/sys_enter_getpgid|syscalls/sys_enter_execve' --duration 1ms
err_has "attached always: tracepoint syscalls/sys_enter_getpgid"
run 0 "$OBJ/autoload_off.bpf.o" --attach 'always=tracepoint/a/b|c/d|syscalls/sys_enter_execve' --duration 1ms
err_has "attached always: tracepoint syscalls/sys_enter_execve"
# None: each is named.
run 7 "$OBJ/autoload_off.bpf.o" --attach 'always=tracepoint/syscalls/sys_enter_nope|a/b|c/d' --duration 1ms
error_complete
err_has "there is no tracepoint 'syscalls/sys_enter_nope'"
err_has "not there either: a/b, c/d"

# Optional programs stay out, also one whose target is missing.
start "$OBJ/autoload_off.bpf.o" --dump .bss
execs
stop
err_lacks on_request
err_lacks never
[ "$(value runs)" -ge 5 ] || fail "the program did not run"
[ "$(value runs)" -lt 1000 ] || fail "an optional program ran"
[ "$(value optional_runs)" -eq 0 ] || fail "an optional program ran"
# ... until they are asked for, beside the others or alone.
start "$OBJ/autoload_off.bpf.o" --attach auto --attach on_request=raw_tp/sched_process_exec --dump .bss
execs
stop
[ "$(value runs)" -ge 5 ] || fail "the program did not run"
[ "$(value optional_runs)" -ge 5 ] || fail "the optional program did not run"
start "$OBJ/autoload_off.bpf.o" --attach on_request=raw_tp/sched_process_exec --dump .bss
execs
stop
[ "$(value runs)" -eq 0 ] || fail "a program that was not asked for ran"
[ "$(value optional_runs)" -ge 5 ] || fail "the optional program did not run"
# What is missing is missing then.
run 7 "$OBJ/autoload_off.bpf.o" --attach auto --attach never=tracepoint/syscalls/sys_enter_no_such_call --duration 1ms
err_has "there is no tracepoint 'syscalls/sys_enter_no_such_call'"

# --best-effort: the one that is there runs, the other is named; without it nothing does.
start "$OBJ/autoload_off.bpf.o" --best-effort --attach auto --attach never=tracepoint/syscalls/sys_enter_no_such_call --dump .bss
execs
stop
err_matches "^warning: not attached: .*sys_enter_no_such_call"
[ "$(value runs)" -ge 5 ] || fail "the program that could be attached did not run"
start "$OBJ/uprobe.bpf.o" --best-effort --only enter,leave --attach enter=uprobe/libc.so.6:getpwnam --attach leave=uretprobe/libc.so.6:no_such_function \
	--dump .bss
id root >/dev/null
stop
err_matches "^warning: not attached: .*no_such_function"
[ "$(value nr_calls)" -ge 1 ] || fail "the probe that could be attached did not fire"
run 7 "$OBJ/uprobe.bpf.o" --only enter,leave --attach enter=uprobe/libc.so.6:getpwnam --attach leave=uretprobe/libc.so.6:no_such_function
err_lacks "attached enter"

# A filter of tc does not go by itself when a later one is refused: it is taken away, and the qdisc that was made for it too.
unshare -n sh -eu <<'INNER'
. "$LIB"
ip link set lo up
run 7 "$OBJ/tc_drop_http.bpf.o" --attach tc/egress:lo,prio=5,handle=1 --attach tc/egress:lo,prio=5,handle=1 --duration 100ms
err_has "attached tc_egress: tc"
[ -z "$(tc filter show dev lo egress 2>/dev/null)" ] || fail "a filter is left"
! tc qdisc show dev lo | grep -q clsact || fail "the qdisc is left"
start "$OBJ/tc_drop_http.bpf.o" --best-effort --attach tc/egress:lo,prio=5,handle=1 --attach tc/egress:lo,prio=5,handle=1
[ "$(tc filter show dev lo egress | grep -c ' bpf .*handle')" -eq 1 ] || fail "not one filter: $(tc filter show dev lo egress)"
stop
[ -z "$(tc filter show dev lo egress 2>/dev/null)" ] || fail "a filter is left"
INNER
