# SPDX-License-Identifier: BSD-2-Clause
#
# Variables of .percpu: each CPU begins with the initial value, counts for itself, and is shown for itself. A kernel that is too old is
# told as such.

. "$LIB"

version=$(uname -r | awk -F. '{ print $1 * 1000 + $2 }')
if [ "$version" -lt 7003 ]; then
	run 4 "$OBJ/percpu.bpf.o"
	error_complete
	err_has "which came with Linux 7.3"
	exit 0
fi
start "$OBJ/percpu.bpf.o" --dump .percpu --set step=1000
sleep 1
stop
cpus=$(grep -c '^switches cpu [0-9]* = ' "$TMP/out")
[ "$cpus" -ge 1 ] || fail "no CPU has a value"
[ "$(grep -c '^step cpu [0-9]* = 1000$' "$TMP/out")" -eq "$cpus" ] || fail "not every CPU has the initial value"
ran=0
while read -r _ _ cpu _ count; do # switches cpu N = COUNT
	[ "$((count % 1000))" -eq 0 ] || fail "CPU $cpu counted $count"
	[ "$count" -eq 0 ] || { ran=$((ran + 1)); grep -q "^where cpu $cpu = $cpu$" "$TMP/out" || fail "CPU $cpu wrote elsewhere"; }
done <<EOF
$(grep '^switches cpu' "$TMP/out")
EOF
[ "$ran" -ge 1 ] || fail "the program never ran"
run 0 "$OBJ/percpu.bpf.o" --dump .percpu --json --duration 200ms
out_matches '"variable":"switches","cpu":0,"value":[0-9]+'
