# SPDX-License-Identifier: BSD-2-Clause
#
# Hello needs at most nine bpf() calls from start to attached, and none of them is a probe.

. "$LIB"

strace -f -e trace=bpf -o "$TMP/trace" "$BPFLOAD" "$OBJ/hello.bpf.o" --duration 300ms 2>"$TMP/err" >"$TMP/out" || fail "exit code $?"
calls=$(grep -c '^[0-9]* *bpf(' "$TMP/trace")
[ "$calls" -le 9 ] || fail "$calls bpf() calls: $(cut -c1-100 "$TMP/trace")"
! grep -q ' = -1 ' "$TMP/trace" || fail "a call was refused: $(grep ' = -1 ' "$TMP/trace")"
