# SPDX-License-Identifier: BSD-2-Clause
#
# Lost events are never silent: a warning, a line of JSON, and a failure with --strict.

. "$LIB"

# One page for all opened files, and a bpfload that stands still while they are opened.
lose() {
	start "$OBJ/opens.bpf.o" --map opens.max_entries=4096 "$@"
	kill -s STOP "$PID"
	find /usr/share/doc >/dev/null
	find /usr/share/doc >/dev/null
	kill -s CONT "$PID"
	kill -s INT "$PID"
	code=0
	wait "$PID" || code=$?
	PID=
}

lose --duration 20s
[ "$code" -eq 0 ] || fail "lost events alone are no failure: $code"
err_matches '^warning: opens_lost: the programs counted [1-9][0-9]* lost events$'
err_matches "^warning: ring buffer 'opens' was more than 90 % full"

lose --duration 20s --strict --json
[ "$code" -eq 8 ] || fail "with --strict they are: exit code $code, not 8"
jq -es 'map(select(.type == "lost")) | length == 1 and .[0].map == "opens_lost" and .[0].count > 0' "$TMP/out" >/dev/null ||
	fail "no JSON line of the loss"

# A perf buffer: the kernel counts. Programs with 6 KB of arguments are started while bpfload stands still, more than the buffers of all CPUs hold;
# each is an event that came or one that was lost, and the warnings add up to the lines of JSON.
started=$((150 * $(nproc)))
[ $started -ge 300 ] || started=300
lose_perf() {
	start "$OBJ/execsnoop.bpf.o" "$@"
	kill -s STOP "$PID"
	set --
	while [ $# -lt 50 ]; do
		set -- "$@" 00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000
	done
	nr=0
	while [ $nr -lt $started ]; do
		/bin/true "$@"
		nr=$((nr + 1))
	done
	kill -s CONT "$PID"
	kill -s INT "$PID"
	code=0
	wait "$PID" || code=$?
	PID=
}

lose_perf
[ "$code" -eq 0 ] || fail "lost events alone are no failure: $code"
err_matches '^warning: events: [1-9][0-9]* events lost: the buffer is full before they can be read \(--perf-buffer 1048576\)$'

lose_perf --strict --json
[ "$code" -eq 8 ] || fail "with --strict they are: exit code $code, not 8"
said=$(sed -n 's/^warning: events: \([0-9]*\) events lost.*/\1/p' "$TMP/err" | awk '{ sum += $1 } END { print sum + 0 }')
jq -es --argjson said "$said" --argjson started $started 'map(select(.type == "lost")) as $lost | ($lost | map(.count) | add) as $count |
	$count == $said and ($lost | all(.map == "events" and .cpu >= 0)) and
	$count + (map(select(.type == "event")) | length) >= $started' "$TMP/out" >/dev/null || fail "lines of JSON and $said lost events"

# A larger buffer holds all of them.
run 2 "$OBJ/execsnoop.bpf.o" --perf-buffer 2000000000
run 2 "$OBJ/execsnoop.bpf.o" --perf-buffer 1m
started=200
lose_perf --perf-buffer 2000000
[ "$code" -eq 0 ] || fail "exit code $code"
! grep -q 'events lost' "$TMP/err" || fail "a buffer of 2 MB is too small for 200 events of 6 KB"
