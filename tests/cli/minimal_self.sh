# SPDX-License-Identifier: BSD-2-Clause
#
# --set my_pid=self makes minimal answer to the loader's own writes; unset it stays silent.

. "$LIB"

run 0 "$OBJ/minimal.bpf.o" --set my_pid=self --count 3 --duration 10s
[ "$(grep -c 'BPF triggered from PID' "$TMP/out")" -eq 3 ] || fail "not three lines"
run 0 "$OBJ/minimal.bpf.o" --duration 500ms
out_lacks "BPF triggered"
