# SPDX-License-Identifier: BSD-2-Clause
#
# --ready-fd writes one newline when everything is attached, and must be an open descriptor.

. "$LIB"

"$BPFLOAD" "$OBJ/raw_tp.bpf.o" --duration 300ms --ready-fd 7 7>"$TMP/ready" 2>"$TMP/err"
[ "$(od -An -tx1 "$TMP/ready" | tr -d ' \n')" = 0a ] || fail "not one newline"
run 2 "$OBJ/raw_tp.bpf.o" --ready-fd 77
err_has "77"

# Nobody could be told: a warning, and with --strict the exit code says so.
code=0
"$BPFLOAD" "$OBJ/raw_tp.bpf.o" --duration 100ms --ready-fd 7 7</dev/null 2>"$TMP/err" || code=$?
[ "$code" -eq 0 ] || fail "exit code $code"
err_has "warning: --ready-fd"
code=0
"$BPFLOAD" "$OBJ/raw_tp.bpf.o" --duration 100ms --strict --ready-fd 7 7</dev/null 2>"$TMP/err" || code=$?
[ "$code" -eq 8 ] || fail "exit code $code with --strict"
