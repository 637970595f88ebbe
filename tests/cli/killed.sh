# SPDX-License-Identifier: BSD-2-Clause
#
# After kill -9 nothing of ours stays active, and the next run removes the trace instance of the dead one.

. "$LIB"

mount -t tracefs tracefs /mnt
start "$OBJ/hello.bpf.o"
pid=$PID
ls /mnt/instances | grep -q "^bpfload_${pid}_" || fail "no private instance"
kill -9 "$PID"
wait "$PID" 2>/dev/null || true
ls /mnt/instances | grep -q "^bpfload_${pid}_" || fail "the instance should be left by a kill"
run 0 "$OBJ/hello.bpf.o" --duration 100ms
! ls /mnt/instances | grep -q "^bpfload_${pid}_" || fail "left: $(ls /mnt/instances)"
