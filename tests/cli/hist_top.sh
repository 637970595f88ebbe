# SPDX-License-Identifier: BSD-2-Clause
#
# run --hist and --top: what programs count is seen as histograms and tables while they run, and in JSON.

. "$LIB"

# A read of 1000 bytes a hundred times, by a command of its own name.
cp "$(command -v dd)" "$TMP/reader"

start "$OBJ/read_latency.bpf.o" --hist usecs:unit=us --hist sizes:linear=64:unit=bytes
"$TMP/reader" if=/dev/zero of=/dev/null bs=1000 count=100 2>/dev/null
stop
out_matches '^usecs\[reader\]: [0-9]+ in all, us$'
[ "$(sed -n 's/^usecs\[reader\]: \([0-9]*\) in.*/\1/p' "$TMP/out")" -ge 100 ] || fail "100 reads were not counted"
out_matches '^sizes: [0-9]+ in all, bytes$'
[ "$(sed -n 's/^\[960, 1K)  *\([0-9]*\) .*/\1/p' "$TMP/out")" -ge 100 ] || fail "100 reads of 1000 bytes were not counted"
awk 'length > 80 { exit 1 }' "$TMP/out" || fail "a line of more than 80 columns"

start "$OBJ/read_latency.bpf.o" --hist usecs --hist sizes:linear=64 --json
"$TMP/reader" if=/dev/zero of=/dev/null bs=1000 count=100 2>/dev/null
stop
jq -es 'any(.type == "hist" and .map == "usecs" and .key.comm == "reader" and .total >= 100 and ([.slots[].count] | add) == .total)' \
	"$TMP/out" >"$TMP/jq" || fail "no histogram of the reader"
jq -es 'map(select(.map == "sizes" and .scale == "linear"))[0].slots | any(.from == 960 and .below == 1024 and .count >= 100)' \
	"$TMP/out" >"$TMP/jq" || fail "no slot of 1000 bytes"

# One in a variable, of an object as of a map that is loaded.
run 0 "$OBJ/settings.bpf.o" --hist .rodata:ports --duration 50ms
cat >"$TMP/want" <<'BARS'
.rodata.ports: 10 in all
[0, 2)    1 |#################                                                 |
[2, 4)    2 |#################################                                 |
[4, 8)    3 |##################################################                |
[8, ...)  4 |##################################################################|
BARS
cmp "$TMP/want" "$TMP/out" || fail "not the histogram of { 1, 2, 3, 4 }"
run 0 "$OBJ/settings.bpf.o" --hist .rodata:ports --duration 50ms --json
jq -e '.map == ".rodata" and .variable == "ports" and .total == 10' "$TMP/out" >"$TMP/jq" || fail "no variable in JSON"
start "$OBJ/settings.bpf.o"
id=$("$BPFLOAD" ls map --json | jq -s 'map(select(.name == "settings.rodata")) | max_by(.id).id')
"$BPFLOAD" map dump id "$id" --hist=ports >"$TMP/loaded" 2>&1
stop
tail -n 4 "$TMP/loaded" >"$TMP/bars"
tail -n 4 "$TMP/want" | cmp - "$TMP/bars" || fail "not the same of the loaded map"
run 2 "$OBJ/settings.bpf.o" --hist .rodata --duration 1s
err_has "which is the histogram?"
run 2 "$OBJ/settings.bpf.o" --hist .rodata:port --duration 1s
err_has "variable 'port' has no array of numbers"
run 2 "$OBJ/settings.bpf.o" --top .rodata --duration 1s
err_has "holds variables"

# When: above each block, and in each line of JSON.
for words in '--hist .rodata:ports' '--dump .rodata' '--hist .rodata:ports --dump .data'; do
	# shellcheck disable=SC2086
	run 0 "$OBJ/settings.bpf.o" $words --interval 50ms --count 3 --timestamps
	[ "$(grep -cE '^[0-2][0-9]:[0-5][0-9]:[0-6][0-9]\.[0-9]{6}$' "$TMP/out")" -eq 3 ] || fail "$words: three blocks, but not three times"
	# shellcheck disable=SC2086
	run 0 "$OBJ/settings.bpf.o" $words --interval 50ms --count 3 --timestamps=rel --json
	jq -es 'all(.[]; (.time | type) == "number" and .time > 0.04 and .v == 1) and (map(.time) | unique | length) == 3' "$TMP/out" >"$TMP/jq" ||
		fail "$words: not a time for each of three rounds"
done
run 0 "$OBJ/writers.bpf.o" --top writers --json --timestamps --duration 100ms
jq -es 'all(.[]; .type == "top" and (.time | startswith("20")))' "$TMP/out" >"$TMP/jq" || fail "no time in a table's JSON"

cp "$TMP/reader" "$TMP/writer"
start "$OBJ/writers.bpf.o" --top writers:bytes --sum --interval 100ms
"$TMP/writer" if=/dev/zero of=/dev/null bs=1000000 count=70 2>/dev/null
eventually grep -qE '^ *[0-9]+  writer  +[0-9]+  +70000[0-9]+$' "$TMP/out" || fail "the writer is not in the table"
stop
out_matches '^ *PID  COMM +CALLS +BYTES$'
# It wrote most, so it stands below the heading.
grep -A 1 '^ *PID' "$TMP/out" | tail -n 1 | grep -q writer || fail "the writer is not the first"
start "$OBJ/writers.bpf.o" --top writers:comm --rows 2 --json --interval 100ms
"$TMP/writer" if=/dev/zero of=/dev/null bs=10 count=7 2>/dev/null
eventually sh -c "jq -es 'all(.type == \"top\" and .rank <= 2 and .value.calls >= 0 and .cpu >= 0) and length >= 2' '$TMP/out'" || fail "no rows in JSON"
stop

# A count that is summed, also in --dump.
start "$OBJ/writers.bpf.o" --dump writers --sum
"$TMP/writer" if=/dev/zero of=/dev/null bs=10 count=7 2>/dev/null
stop
out_matches 'comm="writer"\}\] = \{calls=[0-9]+,bytes='
out_lacks ' cpu '

# Words that are wrong are found before anything is loaded, or when the types are looked at: in any case before anything is attached, so that
# nobody waits for the end to learn it.
run 2 "$OBJ/writers.bpf.o" --top writer --duration 1s
err_has "did you mean 'writers'?"
run 2 "$OBJ/writers.bpf.o" --hist none --duration 1s
run 2 "$OBJ/writers.bpf.o" --top writers:byte --interval 100ms --count 1
err_has "did you mean 'bytes'?"
for words in '--top writers:byte' '--hist writers' '--hist writers:nothing' '--top writers --sort nothing' '--top writers --columns nothing' \
	'--top writers --filter nothing==1'; do
	# shellcheck disable=SC2086
	run 2 "$OBJ/writers.bpf.o" $words
	err_lacks attached
done
err_has "fix:   it has pid, comm, "
# So are options that would change nothing.
for words in '--sum' '--rows 3' '--max-entries 3' '--sort pid' '--stacks samples'; do
	# shellcheck disable=SC2086
	run 2 "$OBJ/hello.bpf.o" $words
	err_has 'fix:'
	err_lacks attached
done
run 2 "$OBJ/read_latency.bpf.o" --hist sizes:linear=0
err_lacks attached

# On a terminal the table lives, each second without being asked, and there is one of it, however often it was drawn.
if command -v tmux >/dev/null; then
	echo "'$BPFLOAD' '$OBJ/writers.bpf.o' --top writers:bytes --sum --duration 3500ms 2>/dev/null; echo END" >"$TMP/screen.sh"
	tmux -S "$TMP/tmux" -f /dev/null new-session -d -x 80 -y 24 "sh $TMP/screen.sh; sleep 60"
	eventually sh -c "tmux -S '$TMP/tmux' capture-pane -p | grep -q '^ *PID  COMM'" || fail "no table in the terminal"
	"$TMP/writer" if=/dev/zero of=/dev/null bs=1000000 count=70 2>/dev/null
	eventually sh -c "tmux -S '$TMP/tmux' capture-pane -p | grep -q '  writer '" || fail "the table was not drawn again"
	eventually sh -c "tmux -S '$TMP/tmux' capture-pane -p | grep -q '^END'" || fail "the run did not end"
	tmux -S "$TMP/tmux" capture-pane -p -S - >"$TMP/screen"
	tmux -S "$TMP/tmux" kill-server
	[ "$(grep -c '^ *PID  COMM' "$TMP/screen")" -eq 1 ] || fail "more than one table: $(cat "$TMP/screen")"
fi
