# SPDX-License-Identifier: BSD-2-Clause
#
# A run that ends when its programs say so, by a variable or an element, and with the exit code that they say; and what goes wrong is said.

. "$LIB"

trigger() {
	while kill -0 $$ 2>/dev/null; do
		/bin/true
		sleep 0.05
	done
}
trigger & trigger_pid=$!
trap 'kill $trigger_pid 2>/dev/null; [ -z "$PID" ] || kill -9 "$PID" 2>/dev/null || true' EXIT
GLOBALS="$OBJ/globals.bpf.o"
WRITES="$OBJ/metrics.bpf.o"

# ended ARGS...: by the condition, not by time.
ended() {
	begin=$(date +%s)
	run 0 "$@" --duration 30s --dump .bss
	[ $(($(date +%s) - begin)) -lt 25 ] || fail "the condition did not end the run: $*"
	[ -s "$TMP/out" ] || fail "nothing was shown at the end"
}
ended "$GLOBALS" --until 'runs>=3'
[ "$(sed -n 's/^runs = //p' "$TMP/out")" -ge 3 ] || fail "ended too early"
ended "$GLOBALS" --until 'stats.runs > 102 && step == 3'
ended "$GLOBALS" --until 'seen.limit != 0'
# Variables that are not the first of their section, which the object's own types do not tell the places of.
ended "$GLOBALS" --until 'seen.step==3'
ended "$OBJ/settings.bpf.o" --set level=LEVEL_HIGH --until 'level==LEVEL_HIGH && offset==-1 && target_pid==-1 && ports[2]==3 && port==80'
ended "$OBJ/settings.bpf.o" --set level=LEVEL_HIGH --set 'grid[1][2]=7' --until 'level>LEVEL_MIDDLE && level==9 && name==eth0 && grid[1][2]==7'
ended "$WRITES" --until 'write_size[0].slots[0]>=0'
ended "$WRITES" --until 'nr_calls[1] >= 2'
ended "$WRITES" --until 'write_size[0].sum>0'
ended "$WRITES" --until 'writes[{comm=sh,outcome=COMPLETE}].calls >= 1' -- sh -c 'echo 1; sleep 40'
# One that does not hold ends nothing.
run 0 "$GLOBALS" --until 'runs<0' --duration 300ms
run 0 "$GLOBALS" --until 'runs>=1 && step==4' --duration 300ms

# Wrong words, before anything is loaded.
run 2 "$GLOBALS" --until 'runs'
err_has "not a comparison"
run 2 "$GLOBALS" --until 'rums>=3'
err_has "did you mean 'runs'?"
run 2 "$GLOBALS" --until 'stats.rans>=3'
run 2 "$WRITES" --until 'write_size[0].some>0' --duration 5s
err_has "no member 'some'"
run 2 "$WRITES" --until 'write_size[zero].sum>0' --duration 5s
err_lacks attached
# Even of elements that are not there yet: such a run would never end.
run 2 "$WRITES" --until 'writes[{comm=none,outcome=COMPLETE}].cals>=1' --duration 5s
err_has "no member 'cals'"
run 2 "$GLOBALS" --until 'runs>=3 || step==3' --duration 5s
err_has "'3 || step==3' is not a number"
run 2 "$OBJ/settings.bpf.o" --until 'level==LEVEL_HIHG' --duration 5s
err_has "did you mean 'LEVEL_HIGH'"
run 2 "$WRITES" --until 'write_size[0>3' --duration 5s

# The exit code: a variable's value, also beside a command.
run 3 "$GLOBALS" --exit-code step --duration 100ms
run 77 "$GLOBALS" --set step=77 --exit-code step -- sh -c 'exit 5'
run 0 "$GLOBALS" --set step=0 --exit-code step --duration 100ms
run 1 "$GLOBALS" --set step=-1 --exit-code step --duration 100ms
err_has "step is -1: an exit code is a number from 0 to 255"
run 2 "$GLOBALS" --exit-code stop
run 2 "$GLOBALS" --exit-code seen

# --events counts lines and events, with an interval too.
run 0 "$OBJ/ringbuf_typed.bpf.o" --events 3 --duration 30s --json
[ "$(wc -l <"$TMP/out")" -eq 3 ] || fail "not three events"
run 0 "$OBJ/opens.bpf.o" --events 2 --interval 10s --dump .bss --duration 30s
[ "$(wc -l <"$TMP/out")" -eq 3 ] || fail "not a heading and two events"
