# SPDX-License-Identifier: BSD-2-Clause
#
# What programs send comes out by its types: tables, JSON, columns, filters; and each way to be wrong is said.

. "$LIB"

# trigger: starts programs until it is killed, or this test is gone. Its own commands are known by their arguments.
trigger() {
	while kill -0 $$ 2>/dev/null; do
		/bin/true hello "big world"
		sleep 0.05
	done
}

# watch ARGS...: runs bpfload while programs are started.
watch() {
	trigger & trigger_pid=$!
	run "$@"
	kill "$trigger_pid"
	wait "$trigger_pid" 2>/dev/null || true
}

# A perf buffer, records of different lengths, a type that is found by its name.
watch 0 "$OBJ/execsnoop.bpf.o" --filter 'comm==true && args~hello' --count 3
out_matches '^PID +PPID +COMM +RET +ARGS$'
out_matches '^[0-9]+ +[0-9]+ +true +0 +/bin/true hello big world$'
[ "$(wc -l <"$TMP/out")" -eq 4 ] || fail "--count 3 gives a heading and 3 events"
err_has 'events of events: decoding as struct event (rule 5, its name alone; --event overrides)'

# JSON: a value for each line, numbers are numbers; a length is a member like any other.
watch 0 "$OBJ/execsnoop.bpf.o" --filter 'comm==true,args~"hello"' --count 3 --json --timestamps
[ "$(wc -l <"$TMP/out")" -eq 3 ] || fail "3 events are 3 lines"
jq -es 'all(.[]; .v == 1 and .type == "event" and .map == "events" and (.cpu | type) == "number" and
	(.time | test("^20[0-9-]+T[0-9:.]+Z$")) and .event.args == "/bin/true hello big world" and .event.args_size == 26 and
	(.event.pid | type) == "number")' "$TMP/out" >/dev/null || fail "the JSON is not as described"

# However many come at once: what is written into a file ends with a line, each time.
strace -qq -o "$TMP/writes" -e trace=write -xx -s 200000 "$BPFLOAD" "$OBJ/opens.bpf.o" --json --events 2000 -o "$TMP/lines" \
	-- perl -e 'for (1 .. 3000) { open(my $f, "<", "/a/name/that/is/as/long/as/it/takes/to/fill/a/buffer/with/a/few/of/them") }' 2>"$TMP/err" ||
	fail "exit code $?"
awk '/^write\(1, / { nr++; if ($0 !~ /\\x0a", [0-9]+\) += [0-9]+$/) cut++ } END { exit nr < 2 || cut > 0 }' "$TMP/writes" ||
	fail "lines were written in parts: $(grep -c '^write(1,' "$TMP/writes") writes"
[ "$(wc -l <"$TMP/lines")" -eq 2000 ] && jq -c . "$TMP/lines" >"$TMP/jq" || fail "not 2000 lines of JSON"

# Zero is when everything is attached, for events as for lines: a second before that, of a kernel that is slow, is not counted.
begun=$(date +%s%N)
strace -qq -o /dev/null -e trace=bpf -e inject=bpf:delay_exit=1000000:when=1 "$BPFLOAD" "$OBJ/execsnoop.bpf.o" --timestamps=rel --json --events 1 \
	-- true >"$TMP/out" 2>"$TMP/err" || fail "exit code $?"
ended=$(date +%s%N)
jq -e --argjson all "$(((ended - begun) / 1000000))" '.time * 1000 + 1000 <= $all' "$TMP/out" >/dev/null || fail "loading is counted"

# A ring buffer with a value type; enums by name, bit-fields, chosen columns with a heading of their own.
watch 0 "$OBJ/opens.bpf.o" --filter 'comm==true && access==READ' --columns file:NAME,create,pid --count 2
out_matches '^NAME +CREATE +PID$'
out_matches '^/etc/ld.so.cache +0 +[0-9]+$'

# A type in words, where the object carries none.
watch 0 "$OBJ/ringbuf.bpf.o" --event 'events=struct {u64 time; u32 pid; char comm[16];}' --filter 'comm~^s.$' --count 2
out_matches '^TIME +PID +COMM$'
out_matches ' sh$'
err_has '(rule 1, --event)'

# Two types in one buffer.
watch 0 "$OBJ/lifecycle.bpf.o" -e 'events=type:u32{STARTED:struct started,ENDED:struct ended}' --filter 'comm==true' --count 2
out_matches '^started type=STARTED pid=[0-9]+ comm="true"$'
watch 0 "$OBJ/lifecycle.bpf.o" -e 'events=type:u32{STARTED:struct started,2:struct ended}' --filter 'time_ns>0' --count 2
out_matches '^ended type=ENDED pid=[0-9]+ time_ns=[0-9]+$'

# Nothing known: bytes, and how to name the type.
watch 0 "$OBJ/ringbuf.bpf.o" --count 1
out_matches '^events: 32 bytes$'
out_matches '^  0000  ([0-9a-f]{2} ){16}'
err_has '(rule 7, no type in the object fits; --event events=TYPE names one)'
watch 0 "$OBJ/ringbuf_typed.bpf.o" --raw --count 1
out_has 'events: 8 bytes'

# Two buffers: each line says which.
watch 0 "$OBJ/perf_bare.bpf.o" --duration 500ms
out_matches '^bare pid=[0-9]+ number=[0-9]+$'
out_matches '^typed pid=[0-9]+ number=[0-9]+$'

# Words about events that are not read.
run 2 "$OBJ/ringbuf.bpf.o" --no-events --filter 'pid==1'
err_has 'which --no-events leaves out'

# Events that wake nobody come all the same, not only when the buffer is full or the run ends.
trigger & trigger_pid=$!
start "$OBJ/ringbuf_quiet.bpf.o"
eventually grep -q '[0-9]' "$TMP/out" || fail "events without a wake-up do not come"
stop
kill "$trigger_pid"
wait "$trigger_pid" 2>/dev/null || true

# Into a file; not at all.
watch 0 "$OBJ/ringbuf_typed.bpf.o" --count 2 -o "$TMP/file"
[ ! -s "$TMP/out" ] || fail "-o leaves stdout empty"
[ "$(wc -l <"$TMP/file")" -eq 3 ] || fail "-o takes a heading and 2 events"
# A file that is emptied meanwhile (logrotate's copytruncate) is written from its beginning.
trigger & trigger_pid=$!
start "$OBJ/ringbuf_typed.bpf.o" -o "$TMP/file"
eventually grep -q . "$TMP/file"
: >"$TMP/file"
eventually grep -q '[0-9]' "$TMP/file" || fail "nothing came after the file was emptied"
stop
kill "$trigger_pid"
head -c 1 "$TMP/file" | tr '\0' '?' | grep -q '[0-9a-z]' || fail "the file has a hole"
watch 0 "$OBJ/ringbuf_typed.bpf.o" --no-events --duration 300ms
[ ! -s "$TMP/out" ] || fail "--no-events shows none"

# Wrong words, before anything is loaded.
run 2 "$OBJ/opens.bpf.o" --columns pdi
err_has "error: --columns: no event has a member 'pdi'"
err_has "'pid'"
run 2 "$OBJ/opens.bpf.o" --filter 'pid=='
err_has "at character 6: a field or a value expected"
run 2 "$OBJ/opens.bpf.o" --event 'opens=struct opn'
err_has "event type of map 'opens': type 'struct opn': at character 8: no struct 'opn' in the object"
err_has "did you mean 'open'"
run 2 "$OBJ/opens.bpf.o" --event 'open=u32'
err_has "there is no map 'open'"
run 2 "$OBJ/opens.bpf.o" --fmt pid=ipv6
err_has "'pid' has 4 bytes"
run 2 "$OBJ/opens.bpf.o" --timestamps=never
err_has "'never' is not wall, rel or mono"
run 1 "$OBJ/opens.bpf.o" -o "$TMP/no/such/directory"
err_has '--output: '

# The reader leaves.
trigger & trigger_pid=$!
"$BPFLOAD" "$OBJ/ringbuf_typed.bpf.o" --duration 20s 2>"$TMP/err" | head -n 2 >"$TMP/out"
kill "$trigger_pid"
[ "$(wc -l <"$TMP/out")" -eq 2 ] || fail "head gets its 2 lines"
