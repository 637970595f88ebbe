# SPDX-License-Identifier: BSD-2-Clause
#
# fentry and fexit on a function of another program: the counters move with its calls, and no more afterwards. Where the kernel refuses such
# programs by policy, the error says so; the machines of scripts/vm-run do not.

. "$LIB"

start "$OBJ/freplace_target.bpf.o" --interval 200ms --dump .bss
# The link shows the program that it holds.
id=$(cat "/proc/$PID/fdinfo/"* 2>/dev/null | awk '$1 == "prog_id:" && $2 > 0 { print $2; exit }')
[ -n "$id" ] || fail "no program id in /proc/$PID/fdinfo"

run 7 "$OBJ/fentry_prog.bpf.o" --attach "before=fentry/verdic,prog=id $id"
err_has "program 'id $id' has no function 'verdic'"
err_has "did you mean 'verdict'"
run 2 "$OBJ/fentry_prog.bpf.o" --attach "before=fentry/verdict,prog=$id"
err_has "'$id' names no loaded program"
run 2 "$OBJ/fentry_prog.bpf.o" --type before=fmod_ret/verdict --attach "before=fmod_ret/verdict,prog=id $id"
err_has "'fmod_ret' has no targets in programs"

code=0
( while :; do /bin/true; sleep 0.05; done ) & trigger=$!
"$BPFLOAD" "$OBJ/fentry_prog.bpf.o" --attach "before=fentry/verdict,prog=id $id" --attach "after=fexit/verdict,prog=id $id" --duration 2s \
	--dump .bss >"$TMP/out2" 2>"$TMP/err2" || code=$?
kill "$trigger"
if [ "$code" -eq 5 ] && [ -z "${BPFLOAD_VM:-}" ]; then
	cp "$TMP/err2" "$TMP/err"
	err_has "some kernels refuse tracing programs by policy"
	stop
	exit 0
fi
stop
[ "$code" -eq 0 ] || { cat "$TMP/err2"; fail "fentry_prog: exit code $code"; }
grep -q "^attached before: fentry verdict of program id $id$" "$TMP/err2" || fail "not said what is attached: $(cat "$TMP/err2")"
value() { sed -n "s/^$1 = //p" "$TMP/out2" | tail -n 1; }
[ "$(value calls)" -ge 5 ] || fail "the function was called more often: $(cat "$TMP/out2")"
[ "$(value returns)" -ge 5 ] || fail "the function returned more often: $(cat "$TMP/out2")"
[ "$(value argument)" -ge 1 ] && [ "$(value result)" -ge 1 ] || fail "arguments and result: $(cat "$TMP/out2")"
echo "kind: fentry: on a program"
echo "kind: fexit: on a program"
