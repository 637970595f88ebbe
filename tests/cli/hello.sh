# SPDX-License-Identifier: BSD-2-Clause
#
# The line that everything is about: hello prints in this terminal, once for each program that starts.

. "$LIB"

start "$OBJ/hello.bpf.o" --attach tracepoint/syscalls/sys_enter_execve
/bin/true
/bin/true
/bin/true
eventually sh -c '[ "$(grep -c "Hello, a program starts" "$TMP/out")" -ge 3 ]' || fail "no three lines"
pid=$PID
stop INT
err_has "attached hello: tracepoint"
# stdout is data and nothing else.
[ "$(grep -vc 'Hello, a program starts' "$TMP/out")" -eq 0 ] || fail "something else on stdout"
# Nothing is left: the private trace instance has gone.
mount -t tracefs tracefs /mnt
! ls /mnt/instances | grep -q "^bpfload_${pid}_" || fail "an instance is left: $(ls /mnt/instances)"
