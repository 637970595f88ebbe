# SPDX-License-Identifier: BSD-2-Clause
#
# Whatever system call fails, and whenever a signal comes: one error at most, a plain exit code, and no trace instance is left.

. "$LIB"

mount -t tracefs tracefs /mnt

# traced CALL HOW: hello under strace, with strace's inject=CALL:HOW. The exit code is in $code.
traced() {
	code=0
	timeout 20 strace -f -o "$TMP/trace" -e trace="$1" -e inject="$1:$2" "$BPFLOAD" "$OBJ/hello.bpf.o" --duration 100ms \
		>"$TMP/out" 2>"$TMP/err" || code=$?
	pid=$(head -n 1 "$TMP/trace" | cut -d ' ' -f 1)
	! ls /mnt/instances | grep -q "^bpfload_${pid}_" || fail "$1 $2: an instance is left"
}

for error in EPERM ENOMEM EMFILE; do
	for call in "bpf 1" "bpf 2" "bpf 3" "bpf 4" "bpf 6" "signalfd4 1" "timerfd_create 1" "timerfd_settime 1" "perf_event_open 1" "poll 1"; do
		traced "${call% *}" "error=$error:when=${call#* }"
		[ "$code" -ge 1 ] && [ "$code" -le 7 ] || fail "$call $error: exit code $code"
		[ "$(grep -c '^error: ' "$TMP/err")" -eq 1 ] || fail "$call $error: not one error"
	done
done

for call in "bpf 1" "bpf 5" "bpf 6" "mkdirat 1" "perf_event_open 1" "timerfd_create 1" "poll 1" "unlinkat 1"; do
	traced "${call% *}" "signal=SIGINT:when=${call#* }"
	[ "$code" -eq 0 ] || fail "SIGINT at $call: exit code $code"
	err_lacks "error: "
done
