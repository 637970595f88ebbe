# SPDX-License-Identifier: BSD-2-Clause
#
# E20, E21: a tracepoint that is not there (near names), tracefs that cannot be had (what to mount).

. "$LIB"

run 7 "$OBJ/hello.bpf.o" --attach tracepoint/syscalls/sys_enter_exceve
error_complete
err_has "[E20]"
err_has "sys_enter_execve"
run 7 "$OBJ/refused_tracepoint.bpf.o"
err_has "[E20]"
# No tracefs is mounted here, and without CAP_SYS_ADMIN none can be made.
umount /sys/kernel/tracing 2>/dev/null || true
umount /sys/kernel/debug 2>/dev/null || true
code=0
setpriv --bounding-set=-sys_admin --inh-caps=-sys_admin "$BPFLOAD" "$OBJ/hello.bpf.o" --duration 100ms >"$TMP/out" 2>"$TMP/err" || code=$?
[ "$code" -eq 6 ] || [ "$code" -eq 5 ] || fail "E21: exit code $code"
error_complete
err_has "[E21]"
err_has "mount -t tracefs"
# A program that needs tracefs for its words only can do without.
code=0
setpriv --bounding-set=-sys_admin --inh-caps=-sys_admin "$BPFLOAD" "$OBJ/hello.bpf.o" --attach none --duration 100ms >"$TMP/out" 2>"$TMP/err" || code=$?
[ "$code" -eq 6 ] || [ "$code" -eq 5 ] || fail "E21 of the stream: exit code $code"
err_has "[E21]"
err_has "--no-printk"
setpriv --bounding-set=-sys_admin --inh-caps=-sys_admin "$BPFLOAD" "$OBJ/hello.bpf.o" --attach none --duration 100ms --no-printk ||
	fail "--no-printk: exit code $?"
