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
