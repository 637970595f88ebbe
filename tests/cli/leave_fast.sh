# SPDX-License-Identifier: BSD-2-Clause
#
# Six tracepoints are let go of in the time of one, the prompt comes back, and what waits for the kernel behind it holds nothing of the caller's.

. "$LIB"

{
	printf '#include <linux/bpf.h>\n#include <bpf/bpf_helpers.h>\nchar LICENSE[] SEC("license") = "GPL";\nlong runs;\n'
	for call in execve openat read close write dup; do
		printf 'SEC("tp/syscalls/sys_enter_%s") int on_%s(void *ctx) { runs++; return 0; }\n' $call $call
	done
} >"$TMP/six.bpf.c"
clang -g -O2 -target bpf -Iinclude -isystem "/usr/include/$(cc -print-multiarch)" -c "$TMP/six.bpf.c" -o "$TMP/six.bpf.o"

# ms COMMAND...: how long it takes.
ms() {
	begin=$(date +%s%N)
	"$@"
	echo $((($(date +%s%N) - begin) / 1000000))
}

# Killed, the process takes as long as closing everything one after the other: the measure of the same machine at the same time.
killed() {
	kill -9 "$PID"
	wait "$PID" 2>/dev/null || true
	PID=
}

mkfifo "$TMP/fifo"
fast=100000 slow=100000
for round in 1 2 3; do
	sleep 1 # the events of the round before are closed by now
	start "$TMP/six.bpf.o" 7<>"$TMP/fifo"
	pid=$PID
	ms stop >"$TMP/ms"
	took=$(cat "$TMP/ms")
	[ "$took" -ge "$fast" ] || fast=$took
	PID=
	# A reader of the fifo sees its end at once, unless somebody keeps our end open.
	timeout 1 cat "$TMP/fifo" </dev/null >/dev/null & reader=$!
	: >"$TMP/fifo"
	wait "$reader" || fail "round $round: a descriptor of the caller is still open"
	eventually sh -c "! pgrep -s $pid" || fail "something is still there"

	start "$TMP/six.bpf.o"
	ms killed >"$TMP/ms"
	took=$(cat "$TMP/ms")
	[ "$took" -ge "$slow" ] || slow=$took
done
echo "leaving: $fast ms, one after the other: $slow ms"
[ "$fast" -lt $((slow * 6 / 10)) ] || fail "leaving took $fast ms, closing one after the other $slow ms"
