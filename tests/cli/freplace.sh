# SPDX-License-Identifier: BSD-2-Clause
#
# A program takes the place of a function of another one, and gives it back. Where the kernel refuses such programs by policy, the error
# says so; the machines of scripts/vm-run do not.

. "$LIB"

start "$OBJ/freplace_target.bpf.o" --interval 200ms --dump .bss
target=$PID
cp "$TMP/err" "$TMP/target.err"
# The link shows the program that it holds.
id=$(cat "/proc/$target/fdinfo/"* 2>/dev/null | awk '$1 == "prog_id:" && $2 > 0 { print $2; exit }')
[ -n "$id" ] || fail "no program id in /proc/$target/fdinfo"

run 7 "$OBJ/freplace.bpf.o" --attach "freplace/verdic:id $id"
err_has "program 'id $id' has no function 'verdic'"
err_has "did you mean 'verdict'"
run 2 "$OBJ/freplace.bpf.o" --attach "freplace/verdict:$id"
err_has "'$id' names no loaded program"

code=0
( while :; do /bin/true; sleep 0.05; done ) & trigger=$!
"$BPFLOAD" "$OBJ/freplace.bpf.o" --attach "freplace/verdict:id $id" --duration 2s --dump .bss >"$TMP/out2" 2>"$TMP/err2" || code=$?
if [ "$code" -eq 5 ] && [ -z "${BPFLOAD_VM:-}" ]; then
	kill "$trigger"
	cp "$TMP/err2" "$TMP/err"
	err_has "some kernels refuse ext programs by policy"
	stop
	exit 0
fi
sleep 1
kill "$trigger"
stop
[ "$code" -eq 0 ] || { cat "$TMP/err2"; fail "freplace: exit code $code"; }
grep -qE '^replaced = [1-9]' "$TMP/out2" || fail "the new function was not called: $(cat "$TMP/out2")"
# The result changed its sign while it was attached, and changed back.
out_matches '^last = -[1-9]'
tail -n 3 "$TMP/out" | grep -qE '^last = [1-9]' || fail "the old function did not come back"
echo "kind: freplace: by link"
