# SPDX-License-Identifier: BSD-2-Clause
#
# bpfload trace: lines of a program that another process has loaded, beside that process, which loses none; how it ends, and that its
# trace instance goes with it; --once, which shows what was printed before.

. "$LIB"

mount -t tracefs tracefs /sys/kernel/tracing
instances() { find /sys/kernel/tracing/instances -mindepth 1 -maxdepth 1 -name "bpfload_${PID}_*" | wc -l; }

start trace
[ "$(instances)" -eq 1 ] || fail "no trace instance of its own"
"$BPFLOAD" "$OBJ/minimal.bpf.o" --set my_pid=child -- sh -c 'echo $$; echo again' >"$TMP/other" 2>"$TMP/other.err" ||
	fail "the other one failed"
pid=$(head -n 1 "$TMP/other")
seen() { [ "$(grep -c "BPF triggered from PID $pid\$" "$TMP/$1")" -eq 2 ]; }
eventually seen out || fail "trace did not see the lines of process $pid"
seen other || fail "trace took lines from the other reader"
kill -INT "$PID"
code=0
wait "$PID" || code=$?
[ "$code" -eq 0 ] || fail "exit code $code"
[ "$(instances)" -eq 0 ] || fail "the trace instance was left behind"

# One JSON object a line; --count ends it.
start trace --json --count 2
"$BPFLOAD" "$OBJ/minimal.bpf.o" --set my_pid=child -- sh -c 'echo 1; echo 2; echo 3' >/dev/null 2>&1
wait "$PID" || fail "exit code $?"
PID=
[ "$(wc -l <"$TMP/out")" -eq 2 ] || fail "not two lines"
jq -e '.type == "printk" and (.message | startswith("BPF triggered from PID"))' "$TMP/out" >"$TMP/jq" || fail "not as documented"

# When a line was read.
for mode in '' =wall =rel =mono; do
	case $mode in
	'' | =wall) time='[0-9]{2}:[0-9]{2}:[0-9]{2}' ;;
	=rel) time='[0-9]' ;;
	*) time='[0-9]+' ;;
	esac
	run 0 "$OBJ/minimal.bpf.o" --set my_pid=child "--timestamps$mode" -- sh -c 'echo 1'
	out_matches "^$time\\.[0-9]{6} [^ ]+: BPF triggered from PID"
done
run 0 "$OBJ/minimal.bpf.o" --set my_pid=child --json --timestamps -- sh -c 'echo 1 >&2'
jq -e '.time | test("^20[0-9]{2}-[01][0-9]-[0-3][0-9]T[0-9:]{8}\\.[0-9]{9}Z$")' "$TMP/out" >/dev/null || fail "no wall time in JSON"
run 0 "$OBJ/minimal.bpf.o" --set my_pid=child --json --timestamps=rel -- sh -c 'echo 1 >&2'
jq -e '(.time | type) == "number" and .time < 400' "$TMP/out" >/dev/null || fail "no time since the start in JSON"
run 2 trace --timestamps=never
run 2 trace --once --timestamps

# Time ends it too; words are refused.
run 0 trace --duration 200ms
run 2 trace hello.bpf.o
err_has "hello.bpf.o"

# What is in the buffer already: it is shown, as often as one likes, and nobody waits. Of other events there is nothing.
"$BPFLOAD" "$OBJ/minimal.bpf.o" --set my_pid=child -- sh -c 'echo $$; echo again' >"$TMP/other" 2>"$TMP/other.err" ||
	fail "the other one failed"
pid=$(head -n 1 "$TMP/other")
for again in 1 2; do
	run 0 trace --once
	[ "$(grep -c "BPF triggered from PID $pid\$" "$TMP/out")" -eq 2 ] || fail "time $again: not the lines of process $pid"
done
grep -q '^#' "$TMP/out" && fail "the heading of the buffer is among the lines"
run 0 trace --once --json
jq -es --arg text "BPF triggered from PID $pid" 'all(.type == "printk") and ([.[] | select(.message | startswith($text))] | length == 2)' \
	"$TMP/out" >"$TMP/jq" || fail "not as documented"
run 0 trace --once --count 1
[ "$(wc -l <"$TMP/out")" -eq 1 ] || fail "not one line"
run 0 trace --once --raw
out_has "bpf_trace_printk: BPF triggered from PID $pid"
"$BPFLOAD" trace --once | head -n 1 >"$TMP/first" || fail "a pipe that closes"
if "$BPFLOAD" trace --once >/dev/full 2>"$TMP/err"; then fail "a full disk was not seen"; fi
err_has "No space left"
run 2 trace --once --duration 1s
err_has "waits for nothing"
