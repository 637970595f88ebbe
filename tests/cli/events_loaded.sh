# SPDX-License-Identifier: BSD-2-Clause
#
# bpfload events: what programs send that somebody else loaded: by `bpfload load --pin`, which leaves nobody who reads, and by libbpf, whose own
# reader must not be robbed unawares.

. "$LIB"

mount -t bpf bpf /sys/fs/bpf
mount -t tracefs tracefs /sys/kernel/tracing
pins=/sys/fs/bpf/loaded

trigger() {
	while kill -0 $$ 2>/dev/null; do
		/bin/true hello "big world"
		sleep 0.05
	done
}
trigger & trigger_pid=$!
trap 'kill $trigger_pid 2>/dev/null; [ -z "$PID" ] || kill -9 "$PID" 2>/dev/null || true' EXIT

# A ring buffer with a value type: the kernel does not keep that, the program's BTF does.
run 0 load "$OBJ/opens.bpf.o" --pin $pins
run 0 events $pins/maps/opens --filter 'comm==true && access==READ' --columns file:NAME,create,pid --count 2 --duration 20s
out_matches '^NAME +CREATE +PID$'
out_matches '^/etc/ld.so.cache +0 +[0-9]+$'
err_has "decoding as struct open (rule 2"
id=$("$BPFLOAD" ls map --json | jq -s --arg pin "$pins/maps/opens" 'map(select(.pins // [] | index($pin)))[0].id')
run 0 events id "$id" --json --count 3 --duration 20s
jq -es 'length == 3 and all(.type == "event" and .map == "opens" and .event.pid > 0)' "$TMP/out" >"$TMP/jq" || fail "not as documented"
run 0 events id "$id" --event 'struct {u64 first;}' --count 1 --duration 20s
err_has "(rule 1, --event)"
run 2 events id "$id" --event 'struct opn'
err_has "did you mean 'open'"
run 2 events id "$id" --filter 'pdi==1'
err_has "'pid'"
# Two readers take the events from each other.
start events id "$id" --filter 'pid==0'
run 7 events id "$id"
err_has "process $PID (bpfload) reads the events of map 'opens' already"
run 0 events id "$id" --force --duration 100ms
err_has "reads map 'opens' too"
run 8 events id "$id" --force --duration 100ms --strict
# The map vanishes, but for its reader: that is no error.
run 0 unload $pins
stop
gone() { ! "$BPFLOAD" ls map --json | grep -q "\"id\":$id,"; }
eventually gone || fail "the map is still there"
run 7 events id "$id" --duration 1s
err_has "there is no map with id $id"

# A perf event array, a type that is found by its name and by the size that the loaded instructions send.
run 0 load "$OBJ/perf_bare.bpf.o" --pin $pins
run 0 events $pins/maps/bare --count 2 --duration 20s
out_matches '^PID +NUMBER$'
out_matches '^[0-9]+ +[0-9]+$'
err_matches 'rule [2-6]'
run 7 events $pins/maps/none
run 0 unload $pins

# Loaded by libbpf, which reads itself.
if command -v opensnoop >/dev/null; then
	opensnoop >"$TMP/snoop" 2>&1 & PID=$!
	eventually grep -q true "$TMP/snoop" || fail "opensnoop shows nothing"
	id=$("$BPFLOAD" ls map --json | jq -s --argjson pid "$PID" \
		'map(select((.kind == "perf_event_array" or .kind == "ringbuf") and (.holders // [] | any(.pid == $pid))))[0].id')
	run 7 events id "$id"
	err_has "process $PID (opensnoop) reads the events"
	run 0 events id "$id" --force --count 1 --duration 20s
	err_has "--event events=TYPE names one" # this tool's types say nothing of its events
	out_matches '^[a-z]+: [0-9]+ bytes$'
	kill -9 "$PID"
	PID=
fi

# The same by an object whose types are known: they come with its programs, whoever loaded it.
cat >"$TMP/libbpf.c" <<'PROGRAM'
#include <bpf/libbpf.h>
#include <stdio.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct bpf_object *object = argc > 1 ? bpf_object__open_file(argv[1], NULL) : NULL;
	struct bpf_program *prog;

	if (!object || bpf_object__load(object))
		return 1;
	bpf_object__for_each_program(prog, object) {
		if (!bpf_program__attach(prog))
			return 1;
	}
	puts("attached");
	fflush(stdout);
	for (;;)
		pause();
}
PROGRAM
if cc -o "$TMP/libbpf" "$TMP/libbpf.c" -lbpf 2>"$TMP/err"; then
	"$TMP/libbpf" "$OBJ/gadget_opens.bpf.o" >"$TMP/attached" 2>&1 & PID=$!
	eventually grep -q attached "$TMP/attached" || fail "$(cat "$TMP/attached")"
	id=$("$BPFLOAD" ls map --json | jq -s --argjson pid "$PID" 'map(select(.kind == "ringbuf" and (.holders // [] | any(.pid == $pid))))[0].id')
	run 0 events id "$id" --filter 'comm==true' --count 2 --duration 20s
	err_has "decoding as struct event (rule 4"
	! grep -q "no program uses this map" "$TMP/err" || fail "its program is attached: $(cat "$TMP/err")"
	out_matches '^TIMESTAMP +COMM +PID +TID +ERROR +FD$'
	out_matches '^[0-9:.]+ +true +[0-9]+ +[0-9]+ +[0A-Z]+ +-?[0-9]+$'
	kill -9 "$PID"
	PID=
else
	echo "skip: events: loaded by libbpf: there is no libbpf to build with"
fi

# A map that nobody writes to (any more) is read, and that is said: nobody shall wait for it.
run 0 map create /sys/fs/bpf/alone --type ringbuf --max-entries 4096
run 0 events /sys/fs/bpf/alone --duration 100ms
err_has "no program uses this map"

# What is no source of events.
run 0 map create /sys/fs/bpf/hash --type hash --key u32 --value u32 --max-entries 4 --name no_events
run 2 events no_events
err_has "of type hash: there are no events in it"
run 2 events
err_has "which map?"
run 7 events no_such_map_here
