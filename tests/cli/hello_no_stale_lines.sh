# SPDX-License-Identifier: BSD-2-Clause
#
# A run sees no line of an earlier run. Only the loader's own child calls are looked at: other processes of the machine may start programs

. "$LIB"

# The marker: minimal prints the pid that it was set to, and that is the first loader's.
start "$OBJ/minimal.bpf.o" --set my_pid=self
first=$PID
eventually grep -q "PID $first" "$TMP/out" || fail "no line of the first run"
stop
start "$OBJ/minimal.bpf.o" --set my_pid=self
eventually grep -q "PID $PID" "$TMP/out" || fail "no line of the second run"
stop
out_lacks "PID $first"
