# SPDX-License-Identifier: BSD-2-Clause
#
# Programs of SEC("xdp/cpumap") and SEC("xdp/devmap"): elements of maps hold them, and they run where packets are redirected to.

. "$LIB"

command -v ip >/dev/null || fail "this test needs iproute2"

if [ "${1:-}" != inside ]; then
	exec unshare -n --propagation private -m sh -eu "$0" inside
fi
mount -t bpf bpf /sys/fs/bpf
dir=/sys/fs/bpf/own

# busybox has an ip too, and takes it first.
[ ! -x /usr/bin/ip ] || ip() { /usr/bin/ip "$@"; }

value() { "$BPFLOAD" map dump $dir/maps/xdp_elsewhere_bss | sed -n "s/^$1 = //p"; }
counted() { [ "$(value "$1")" -ge $((before + 5)) ]; }
# Five packets out of v1 come in at v0: COUNTER is moved by them.
moves() {
	before=$(value "$1")
	for _ in 1 2 3 4 5; do bash -c 'echo x >/dev/udp/10.9.0.1/9'; done
	eventually counted "$1" || fail "$1: $before, $(value "$1")"
}
stays() {
	before=$(value "$1")
	for _ in 1 2 3 4 5; do bash -c 'echo x >/dev/udp/10.9.0.1/9'; done
	sleep 0.2
	[ "$(value "$1")" -eq "$before" ] || fail "$1 still moves"
}

ip link add v0 type veth peer name v1
ip link add w0 type veth peer name w1
for name in v0 v1 w0 w1; do ip link set $name up; done
ip addr add 10.9.0.2/24 dev v1
ip neigh add 10.9.0.1 lladdr 02:00:00:00:00:01 dev v1

# On another CPU.
run 0 load "$OBJ/xdp_elsewhere.bpf.o" --pin $dir --attach to_cpu=xdp:v0,mode=skb
run 0 map set $dir/maps/cpus 0 "192,prog=$dir/progs/count_on_cpu"
run 0 map dump $dir/maps/cpus
grep -q '^cpus\[0\] = 192,prog=id [1-9][0-9]*$' "$TMP/out" || fail "not the element: $(cat "$TMP/out")"
moves on_cpu
run 0 map set $dir/maps/cpus 0 64 # without a program
run 0 map dump $dir/maps/cpus --json
out_has '"key":0,"value":{"queue_size":64}}'
stays on_cpu
run 0 unload $dir

# In front of another interface.
run 0 load "$OBJ/xdp_elsewhere.bpf.o" --pin $dir --attach to_device=xdp:v0,mode=skb
run 0 map set $dir/maps/devices 0 "w0,prog=$dir/progs/count_on_device"
run 0 map get $dir/maps/devices 0
grep -q '^devices\[0\] = w0,prog=id [1-9][0-9]*$' "$TMP/out" || fail "not the element: $(cat "$TMP/out")"
moves on_device
run 0 map set $dir/maps/devices 0 w0
run 0 map get $dir/maps/devices 0 --json
out_has "\"value\":{\"ifindex\":$(ip -o link show w0 | cut -d: -f1),\"interface\":\"w0\"}}"
stays on_device
run 0 map del $dir/maps/devices 0

# What is wrong.
run 7 map set $dir/maps/devices 0 w00
err_has "there is no network interface 'w00'" "did you mean 'w0'"
run 2 map set $dir/maps/cpus 0 many
err_has "'many' is no queue size"
run 2 map set $dir/maps/cpus 0 192,prog=count_on_cpu
err_has 'neither an id nor the path'
run 1 map set $dir/maps/cpus 0 "192,prog=$dir/progs/count_on_device"
err_has 'a program of a cpumap is of SEC("xdp/cpumap")'
run 1 map set $dir/maps/devices 0 "w0,prog=$dir/progs/to_device"
err_has 'a program of a devmap is of SEC("xdp/devmap")'
run 0 map create $dir/plain --type devmap --key-size 4 --value-size 4 --max-entries 1
run 2 map set $dir/plain 0 "w0,prog=$dir/progs/count_on_device"
err_has 'no room for a program'
run 0 map set $dir/plain 0 w0
rm $dir/plain
run 0 unload $dir
