# SPDX-License-Identifier: BSD-2-Clause
#
# --feed: lines become records of a user ring buffer, and the program's answers come back as events: as many as there is room for and more,
# from a file, from stdin and as JSON. Lines that are no records are warnings with their number.

. "$LIB"

run 2 "$OBJ/user_ring.bpf.o" --feed requests
err_has "is not MAP=FILE"
code=0
"$BPFLOAD" "$OBJ/user_ring.bpf.o" --attach none --duration 1ms >/dev/null 2>"$TMP/err" || code=$?
if [ "$code" -eq 6 ]; then
	echo "skip: feed: user ring buffers: here since Linux 6.1"
	exit 0
fi
run 2 "$OBJ/user_ring.bpf.o" --feed answers=- </dev/null
err_has "is not a user ring buffer"
run 2 "$OBJ/user_ring.bpf.o" --feed request=- </dev/null
err_has "request"
run 1 "$OBJ/user_ring.bpf.o" --feed "requests=$TMP/nothing"
err_has "--feed: '$TMP/nothing'"

# From stdin, to its end.
( sleep 1; /bin/true ) & trigger=$!
echo '{number=9}' | "$BPFLOAD" "$OBJ/user_ring.bpf.o" --feed requests=- --count 1 --duration 20s >"$TMP/out" 2>"$TMP/err"
out_matches '^9 +18$'
wait $trigger

# From a pipe, while it is open: what is written is answered.
mkfifo "$TMP/in"
exec 8<>"$TMP/in"
start "$OBJ/user_ring.bpf.o" --feed "requests=$TMP/in"
echo '{number=21}' >&8
echo '{"number": 0x100, "twice":0}' >&8
echo 'hex:07 00 00 00 00 00 00 00' >&8
eventually sh -c '/bin/true; grep -qE "^21 +42$" "$TMP/out" && grep -qE "^256 +512$" "$TMP/out" && grep -qE "^7 +14$" "$TMP/out"' ||
	fail "no answers"
echo '{nmber=1}' >&8
echo >&8
echo '{number=4294967296}' >&8
printf '{number=5}' >&8
eventually grep -q "warning: $TMP/in, line 6: " "$TMP/err" || fail "line 6 is no record"
err_matches "^warning: $TMP/in, line 4: map 'requests': .*nmber"
echo >&8
eventually sh -c '/bin/true; grep -qE "^5 +10$" "$TMP/out"' || fail "no answer after the warnings"
stop
exec 8>&-

# More than the buffer holds (64 KiB, 16 bytes for each): the rest waits until there is room, and nothing is lost.
awk 'BEGIN { for (i = 1; i <= 10000; i++) print "{\"number\":" i "}" }' | head -c -1 >"$TMP/lines" # the last one without a newline
start "$OBJ/user_ring.bpf.o" --feed "requests=$TMP/lines"
eventually sh -c '/bin/true; [ "$(wc -l <"$TMP/out")" -eq 10001 ]' || fail "$(wc -l <"$TMP/out") lines, not 10000 answers"
stop
awk 'NR > 1 && ($1 != NR - 1 || $2 != 2 * $1) { exit 1 }' "$TMP/out" || fail "not the answers in their order"
# A program that takes nothing: the run goes on and can be stopped.
start "$OBJ/user_ring.bpf.o" --attach none --feed "requests=$TMP/lines"
sleep 0.3
stop
