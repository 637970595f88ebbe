# SPDX-License-Identifier: BSD-2-Clause
#
# Stacks have names: of a process with a known chain of calls, which is gone when they are read, as folded lines, in text, in JSON, and in
# events; what a full stack-trace map has lost is counted; a flame graph is written whole or not at all.

. "$LIB"

cc -O0 -g0 -fno-omit-frame-pointer -D_GNU_SOURCE -o "$TMP/busy" tests/cli/busy.c
chain='main;outer;middle;innermost'
profile="$OBJ/profile.bpf.o --attach profile:hz:499 --set only_pid=child"

# sum FILE: of the counts of folded lines. Until it is the command, its process is called bpfload.
sum() { awk '/^(busy|bpfload);/ { n += $NF } END { print n + 0 }' "$1"; }
samples() { sed -n 's/^nr_samples = //p' "$TMP/out"; }

# shellcheck disable=SC2086
run 0 $profile --folded samples --dump .bss --flamegraph "$TMP/p.svg" -- "$TMP/busy" 600
err_has "stacks of samples: key.user_stack_id: user stack in map 'stacks' (by its name); key.kern_stack_id: kernel stack in map 'stacks' (by its name)"
total=$(samples)
[ "$total" -ge 50 ] || fail "only $total samples of 600 ms"
[ "$(sum "$TMP/out")" -eq "$total" ] || fail "the lines count $(sum "$TMP/out") samples, the program $total"
hits=$(awk -v chain="$chain" 'index($0, ";" chain) && /^busy;/ { n += $NF } END { print n + 0 }' "$TMP/out")
[ $((hits * 10)) -ge $((total * 8)) ] || fail "only $hits of $total samples have the chain $chain"
[ -z "$(sed -n 's/^\(busy;.*\) [0-9]*$/\1/p' "$TMP/out" | sort | uniq -d)" ] || fail "lines are twice"
err_matches "^flame graph of $total samples: "
grep -qF "<title>innermost (" "$TMP/p.svg" || fail "no innermost() in the flame graph"
[ "$(ls "$TMP"/p.svg*)" = "$TMP/p.svg" ] || fail "files were left behind: $(ls "$TMP"/p.svg*)"

# The same in text and JSON.
# shellcheck disable=SC2086
run 0 $profile --dump samples -- "$TMP/busy" 200
out_has "  user_stack_id:"
grep -A 2 -E "^    innermost\+0x[0-9a-f]+ \[$TMP/busy\]$" "$TMP/out" | grep -q '^    outer+0x' || fail "innermost is not two above outer"
# shellcheck disable=SC2086
run 0 $profile --json --dump samples -- "$TMP/busy" 200
jq -es 'any(.map == "samples" and (.stacks.user_stack_id | map(split("+")[0]) | index(["innermost", "middle", "outer", "main"]) == 0))' \
	"$TMP/out" >"$TMP/jq" || fail "no chain in JSON"

# As a table: the function in the place of the number, of a map that somebody else loaded too.
# shellcheck disable=SC2086
run 0 $profile --top samples -- "$TMP/busy" 300
err_has "stacks of samples: key.user_stack_id: user stack in map 'stacks'"
out_matches '^ *PID +USER_STACK +KERN_STACK +COMM +VALUE$'
out_matches '^ *[0-9]+ +innermost +[^ ]+ +busy +[0-9]+$'
# shellcheck disable=SC2086
run 0 $profile --top samples --fmt user_stack_id=dec --fmt kern_stack_id=dec -- "$TMP/busy" 200
out_matches '^ *[0-9]+ +-?[0-9]+ +-?[0-9]+ +busy +[0-9]+$'

# Where a process waits, and for how long: half a second in a system call of that name.
run 0 "$OBJ/offcpu.bpf.o" --set only_pid=child --folded waited_us -- sleep 0.5
slept=$(awk '/^sleep;.*nanosleep/ { n += $NF } END { print n + 0 }' "$TMP/out")
[ "$slept" -ge 500000 ] || fail "half a second of sleep were $slept us"
run 0 "$OBJ/offcpu.bpf.o" --set only_pid=child --flamegraph "$TMP/w.svg" --stacks waited_us -- sleep 0.1
err_matches "^flame graph of [0-9]{6,} waited_us: "
grep -qE '<title>[^(]+\([0-9]+ waited_us, ' "$TMP/w.svg" || fail "the unit is not that of the map"
run 2 "$OBJ/offcpu.bpf.o" --flamegraph "$TMP/q.svg" --duration 100ms
err_has "which map? away, waited_us have stacks"

# The kernel's part: functions that every kernel has on the way to a system call or an interrupt; names, not addresses.
# shellcheck disable=SC2086
run 0 "$OBJ/profile.bpf.o" --attach profile:hz:499 --set only_pid=child --folded samples -- dd if=/dev/zero of=/dev/null bs=64k count=60000
out_matches '^dd;.*vfs_(read|write)'

# A stack-trace map with one place for many stacks: what is lost is said, and counted.
# shellcheck disable=SC2086
run 0 $profile --map stacks.max_entries=1 --folded samples --dump .bss -- "$TMP/busy" 300
err_has "have a stack that was lost"
out_matches '^busy;.*\[lost\]'
[ "$(sum "$TMP/out")" -eq "$(samples)" ] || fail "with lost stacks $(sum "$TMP/out") samples, not $(samples)"

# Addresses in the records themselves, with a column less.
run 0 "$OBJ/stack_events.bpf.o" --set only_pid=child --filter 'comm == "busy"' -- "$TMP/busy" 300
err_has "events of events: stacks: ustack (by its name)"
out_matches '^PID +USTACK_SZ COMM$'
out_matches '^    main\+0x[0-9a-f]+ '
run 0 "$OBJ/stack_events.bpf.o" --set only_pid=child --filter 'comm == "busy"' --json -- "$TMP/busy" 300
jq -es 'any(.stacks.ustack | any(startswith("main+0x")))' "$TMP/out" >"$TMP/jq" || fail "no main() in the events' JSON"

# A stack may be kept as a build id and an offset: then the process need not be seen at all.
# shellcheck disable=SC2086
run 0 $profile --map stacks.flags=0x20 --map stacks.value_size=4064 --folded samples -- "$TMP/busy" 300
out_matches '^busy;.*main;outer;middle;innermost'

# The process has gone before anybody saw it, and its file too: the debug file with its build id has the names.
cc -O0 -g -fno-omit-frame-pointer -D_GNU_SOURCE -Wl,--build-id=sha1 -o "$TMP/gone" tests/cli/busy.c
id=$(readelf -n "$TMP/gone" | sed -n 's/.*Build ID: //p')
made=
[ -d /usr/lib/debug ] || made=/usr/lib/debug
mkdir -p /usr/lib/debug
mount -t tmpfs none /usr/lib/debug
[ -z "$made" ] || trap 'umount /usr/lib/debug; rmdir /usr/lib/debug; end_jobs' EXIT
mkdir -p "/usr/lib/debug/.build-id/$(echo "$id" | cut -c 1-2)"
objcopy --only-keep-debug "$TMP/gone" "/usr/lib/debug/.build-id/$(echo "$id" | cut -c 1-2)/$(echo "$id" | cut -c 3-).debug"
strip "$TMP/gone"
start "$OBJ/profile.bpf.o" --attach profile:hz:499 --map stacks.flags=0x20 --map stacks.value_size=4064
"$TMP/gone" 300
rm "$TMP/gone"
id=$("$BPFLOAD" ls map --json | jq -s --argjson pid "$PID" 'map(select(.name == "samples" and any(.holders[]?; .pid == $pid))) | .[0].id')
"$BPFLOAD" map dump id "$id" --folded >"$TMP/dumped" 2>"$TMP/said"
stop
grep -q '^gone;.*main;outer;middle;innermost' "$TMP/dumped" || fail "no names from the debug file: $(grep '^gone' "$TMP/dumped" | head -n 3)"

# The file has gone and the process runs; it was linked for a fixed place, where maps and map_files write addresses in two ways.
cc -O0 -g -fno-omit-frame-pointer -D_GNU_SOURCE -no-pie -o "$TMP/fixed" tests/cli/busy.c
"$TMP/fixed" 100000 &
fixed=$!
eventually grep -q "$TMP/fixed" "/proc/$fixed/maps" || fail "the program does not run"
rm "$TMP/fixed"
run 0 "$OBJ/profile.bpf.o" --attach profile:hz:499 --set only_pid=$fixed --folded samples --duration 1s
out_matches '^fixed;.*main;outer;middle;innermost'
kill "$fixed"
wait "$fixed" || true

# Maps that somebody else has loaded: the stack-trace map is that of the same program.
"$TMP/busy" 100000 &
busy=$!
start "$OBJ/profile.bpf.o" --attach profile:hz:499 --set only_pid=$busy
"$BPFLOAD" ls map --json >"$TMP/maps"
id=$(jq -s 'map(select(.name == "samples")) | max_by(.id).id' "$TMP/maps")
stacks_id=$(jq -s 'map(select(.name == "stacks")) | max_by(.id).id' "$TMP/maps")
eventually sh -c "'$BPFLOAD' map dump id $id --folded 2>/dev/null | grep -q '^busy;.*main;outer;middle;innermost'" || fail "no stacks in a map of another process"
"$BPFLOAD" map dump id "$id" --stacks "id $stacks_id" --flamegraph "$TMP/m.svg" >"$TMP/dumped" 2>"$TMP/said"
grep -q '<title>innermost (' "$TMP/m.svg" || fail "no flame graph of a map of another process"
[ ! -s "$TMP/dumped" ] || fail "the map was printed too"
"$BPFLOAD" map dump id "$id" --top >"$TMP/dumped" 2>"$TMP/said"
grep -qE '^ *[0-9]+ +innermost +[^ ]+ +busy +[0-9]+$' "$TMP/dumped" || fail "no names in a table of another process"
"$BPFLOAD" map dump id "$stacks_id" >"$TMP/dumped" 2>"$TMP/said"
grep -A 1 '^stacks\[[0-9]*\]:$' "$TMP/dumped" | grep -qE '^    [a-z_0-9]+' || fail "no frames in a stack-trace map"
stop
kill "$busy"
wait "$busy" || true

# A file that cannot be written: an error, the old one stays, nothing is left behind.
mkdir "$TMP/small"
mount -t tmpfs -o size=8k none "$TMP/small"
echo old >"$TMP/small/p.svg"
# shellcheck disable=SC2086
run 1 $profile --flamegraph "$TMP/small/p.svg" -- "$TMP/busy" 100
err_has "No space left on device"
[ "$(ls "$TMP/small")" = p.svg ] || fail "files were left behind: $(ls "$TMP/small")"
[ "$(cat "$TMP/small/p.svg")" = old ] || fail "the old file is not there any more"
umount "$TMP/small"
# shellcheck disable=SC2086
run 1 $profile --flamegraph /dev/full -- "$TMP/busy" 50
err_has "No space left on device"
# shellcheck disable=SC2086
run 0 $profile --flamegraph /dev/stdout -- "$TMP/busy" 50
out_matches '</svg>'

# What cannot be.
run 2 "$OBJ/minimal.bpf.o" --flamegraph "$TMP/q.svg" --duration 100ms
err_has "no map of the object has stacks"
run 2 "$OBJ/profile.bpf.o" --attach profile:hz:99 --folded nosuch --duration 100ms
err_has "no map 'nosuch'"
run 2 "$OBJ/profile.bpf.o" --attach profile:hz:99 --folded samples:nosuch
err_lacks attached
err_has "no number 'nosuch'"
[ ! -e "$TMP/q.svg" ] || fail "a file without a graph"

# A picture that can be put nowhere is refused before the measuring, not after it; the place stays as it was.
run 2 "$OBJ/profile.bpf.o" --attach profile:hz:99 --flamegraph "$TMP/q.svg" --stacks samples:nosuch
err_lacks attached
for place in "$TMP/no/such.svg" "$TMP"; do
	run 1 "$OBJ/profile.bpf.o" --attach profile:hz:99 --flamegraph "$place"
	err_has "--flamegraph: '$place': "
	err_lacks attached
done
[ -z "$(find "$TMP" -name 'q.svg*')" ] || fail "something was left at the place of the picture"
