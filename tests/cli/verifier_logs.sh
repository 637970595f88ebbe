# SPDX-License-Identifier: BSD-2-Clause
#
# --log-level asks for the log of every program; --verifier-log keeps all of them, and nothing of an earlier run.

. "$LIB"

echo "an earlier run" >"$TMP/log"
run 0 "$OBJ/shared_section.bpf.o" --attach none --duration 10ms --log-level 1 --verifier-log "$TMP/log"
for prog in one two three; do
	grep -q "verifier log of $prog " "$TMP/log" || fail "the log of '$prog' is missing"
done
[ "$(grep -c '^processed ' "$TMP/log")" -eq 3 ] || fail "not three logs"
! grep -q "earlier" "$TMP/log" || fail "the file was not replaced"
err_lacks "processed "
run 0 "$OBJ/shared_section.bpf.o" --attach none --duration 10ms --log-level 4
[ "$(grep -c 'verifier log of ' "$TMP/err")" -eq 3 ] || fail "stderr lacks logs"
