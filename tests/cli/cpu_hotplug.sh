# SPDX-License-Identifier: BSD-2-Clause
#
# A CPU goes and comes back while a perf buffer is read: what happens on it afterwards is heard again. In virtual machines only
# (scripts/vm-run): nobody else's CPU is switched off.

. "$LIB"

online=/sys/devices/system/cpu/cpu1/online
if [ -z "${BPFLOAD_VM:-}" ] || [ ! -w $online ]; then
	echo "skip: cpu_hotplug: a test of the command that needs a virtual machine with a second CPU"
	exit 0
fi

# heard: a program that starts on CPU 1 comes up in the output
heard() {
	taskset 2 /bin/true &
	child=$!
	wait $child || fail "nothing runs on CPU 1"
	grep -q "\"cpu\":1,\"event\":{\"pid\":$child," "$TMP/out"
}

start "$OBJ/perf_events.bpf.o" --event events='struct {u32 pid; char comm[16];}' --json -v
eventually heard || fail "CPU 1 is not heard at first"
echo 0 >$online
eventually grep -q 'CPU 1 has gone' "$TMP/err" || fail "it was not seen that CPU 1 went"
/bin/true & child=$!
wait $child
eventually grep -q "\"cpu\":0,\"event\":{\"pid\":$child," "$TMP/out" || fail "CPU 0 is no longer heard"
echo 1 >$online
eventually grep -q 'CPU 1 has come' "$TMP/err" || fail "it was not seen that CPU 1 came back"
eventually heard || fail "CPU 1 is not heard after it came back"
stop
err_lacks warning
