# SPDX-License-Identifier: BSD-2-Clause
#
# E1, E2: the missing capability is named, not RLIMIT_MEMLOCK.

. "$LIB"

chmod 755 "$TMP"
cp "$OBJ/raw_tp.bpf.o" "$BPFLOAD" "$TMP"
code=0
setpriv --reuid=65534 --regid=65534 --clear-groups "$TMP/bpfload" "$TMP/raw_tp.bpf.o" --duration 1s >"$TMP/out" 2>"$TMP/err" || code=$?
[ "$code" -eq 5 ] || fail "E1: exit code $code"
error_complete
err_has "[E1]"
err_has "CAP_BPF"
err_lacks "ulimit"
err_lacks "MEMLOCK"
code=0
setpriv --bounding-set=-perfmon,-sys_admin --inh-caps=-perfmon,-sys_admin "$TMP/bpfload" "$TMP/raw_tp.bpf.o" --duration 1s >"$TMP/out" 2>"$TMP/err" || code=$?
[ "$code" -eq 5 ] || fail "E2: exit code $code"
error_complete
err_has "[E2]"
err_has "CAP_PERFMON"
err_lacks "ulimit"
