# SPDX-License-Identifier: BSD-2-Clause
#
# A reader that has seen enough ends the run with 0, while data flows and while it does not.

. "$LIB"

start "$OBJ/hello.bpf.o" --duration 20s # a witness: keeps lines coming below from being the last writer's own
stop
code=0
{ "$BPFLOAD" "$OBJ/minimal.bpf.o" --set my_pid=self --duration 20s 2>"$TMP/err" || echo "code $?" >"$TMP/code"; } | head -n 1 >"$TMP/out"
out_has "BPF triggered"
[ ! -e "$TMP/code" ] || fail "$(cat "$TMP/code")"
# Nothing is printed, the reader leaves.
begin=$(date +%s)
{ "$BPFLOAD" "$OBJ/raw_tp.bpf.o" --duration 20s 2>"$TMP/err" || echo "code $?" >"$TMP/code"; } | sleep 1
[ ! -e "$TMP/code" ] || fail "$(cat "$TMP/code")"
[ $(($(date +%s) - begin)) -lt 10 ] || fail "did not notice that the reader left"
# stdout closed from the start.
"$BPFLOAD" "$OBJ/raw_tp.bpf.o" --duration 20s 2>"$TMP/err" >&- || code=$?
[ "$code" -eq 0 ] || fail "exit code $code with stdout closed"
