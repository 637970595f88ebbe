# SPDX-License-Identifier: BSD-2-Clause
#
# E1, E2: the missing capability is named, not RLIMIT_MEMLOCK.

. "$LIB"

chmod 755 "$TMP"
cp "$OBJ/raw_tp.bpf.o" "$BPFLOAD" "$TMP"
chmod a+rx "$TMP/raw_tp.bpf.o" "$TMP/bpfload" # whatever the umask is
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

# Uprobes of perf need CAP_SYS_ADMIN (Linux 6.16 and fixes of older ones), those of tracefs a file that can be written; without either it is said which.
cp "$OBJ/uprobe.bpf.o" "$TMP"
few() { setpriv --bounding-set=-all,+bpf,+perfmon --inh-caps=-all "$TMP/bpfload" "$TMP/uprobe.bpf.o" "$@" >"$TMP/out" 2>"$TMP/err"; }
mounted=$(sed -n 's|^[^ ]* \(/sys/kernel/[^ ]*\) tracefs .*|\1|p' /proc/mounts)
[ -z "$mounted" ] || umount $mounted
code=0
few --duration 100ms || code=$?
if [ "$code" -ne 0 ]; then # else this kernel has the older rule
	[ "$code" -eq 5 ] || fail "uprobe: exit code $code"
	error_complete
	err_has "needs CAP_SYS_ADMIN (have: CAP_PERFMON, CAP_BPF)"
	mount -t tracefs tracefs /sys/kernel/tracing
	few --duration 2s --until 'nr_calls>=1' --dump .bss &
	probing=$!
	eventually grep -q "attached enter: uprobe .*(event of tracefs)" "$TMP/err" || fail "not by tracefs: $(cat "$TMP/err")"
	eventually sh -c 'id root >/dev/null; ! kill -0 '$probing' 2>/dev/null' || fail "it does not end"
	wait $probing || fail "exit code $?"
	grep -q '^nr_calls = [1-9]' "$TMP/out" || fail "it did not run: $(cat "$TMP/out")"
	[ -z "$(cat /sys/kernel/tracing/uprobe_events)" ] || fail "left: $(cat /sys/kernel/tracing/uprobe_events)"
fi
