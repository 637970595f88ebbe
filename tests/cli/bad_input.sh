# SPDX-License-Identifier: BSD-2-Clause
#
# What goes wrong between a program and the screen is said: records that are shorter than their type, a disk that fills up, a reader that leaves,
# a type that does not exist.

. "$LIB"

trigger() {
	while kill -0 $$ 2>/dev/null; do
		/bin/true
		sleep 0.02
	done
}
trigger & trigger_pid=$!
trap 'kill $trigger_pid 2>/dev/null; [ -z "$PID" ] || kill -9 "$PID" 2>/dev/null || true' EXIT
TYPED="$OBJ/ringbuf_typed.bpf.o"

# Records of 8 bytes that are said to have 116: the members that are there, and that something is missing.
LONG='events=struct {u32 first; u32 second; u64 third; char text[100];}'
run 0 "$TYPED" --event "$LONG" --count 2 --duration 20s
out_matches '^[0-9]+ +[0-9]+ +<cut> +<cut>$'
run 0 "$TYPED" --event "$LONG" --count 2 --duration 20s --json
jq -es 'length == 2 and all(.cut == true and .event.first > 0 and (.event | has("third") | not))' "$TMP/out" >"$TMP/jq" || fail "not marked as cut"

# A disk that fills up ends the run with an error; what was written are whole lines.
mkdir "$TMP/small"
mount -t tmpfs -o size=16k tmpfs "$TMP/small"
for format in "" --json; do
	run 1 "$OBJ/opens.bpf.o" $format --duration 60s -o "$TMP/small/out" --quiet
	err_has "No space left on device"
	[ "$(wc -c <"$TMP/small/out")" -gt 8000 ] || fail "nothing was written before"
	rm "$TMP/small/out"
done
umount "$TMP/small"

# A reader that leaves ends it with success.
code=0
"$BPFLOAD" "$OBJ/opens.bpf.o" --json --duration 20s 2>"$TMP/err" | head -n 1 >"$TMP/out"
jq -e '.type == "event"' "$TMP/out" >"$TMP/jq" || fail "not one event"

# No such type, in the object or in words.
run 2 "$TYPED" --event 'events=struct no_such_type'
err_has "no struct 'no_such_type'"
run 2 "$TYPED" --event 'events=u33'
run 2 "$TYPED" --event 'events=struct {u32 a'
